//! Weighs the candidates of a store: what each likelihood ratio means in this database.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use crate::intake::Kit;
use crate::kinship::Calculator;
use crate::ledger::{CandidateFilter, Chosen, Ledger};
use crate::matching::{ChanceHits, Criterion, Explanation, LocusSet, locus_set};
use crate::meaning::{
    Assignment, FamilyToWeigh, MOST_STATES, Meaning, OtherModel, PairToWeigh, Place, Prior, Weigher, assign,
};
use crate::model::{Candidate, Child, Family, Layout, Pseudonym, SampleRecord, Unscorable};
use crate::population::FrequencyTable;
use crate::report::{CandidateReport, PairFacts, SettledBy, prior_in_words};

use super::manifest::criterion_used;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::intake::frequencies::Frequencies;
use crate::store::observer::Observer;
use crate::store::pages::people::People;

/// How candidates are weighed.
#[derive(Clone, Debug, Default)]
pub struct MeaningOptions {
    /// The prior; `None` for the store's.
    pub prior: Option<Prior>,
    /// Further frequency tables under which a candidate must hold, besides those that the store keeps.
    pub also_frequencies: Vec<PathBuf>,
}

/// How children were assigned to families.
#[derive(Debug)]
#[non_exhaustive]
pub struct Assigning {
    /// Number of groups of families that share candidates, directly or through others.
    pub components: usize,
    /// The groups that are bounded because they are too large, each with its numbers of families and children.
    pub too_large: Vec<(usize, usize)>,
    /// Families that could not be weighed, and are left out.
    pub unweighed: Vec<Unscorable>,
}

/// Thetas under which a candidate must hold, besides the store's.
const THETAS: [f64; 2] = [0.0, 0.01];

/// Up to this many families and children are looked up one by one.
const FEW: usize = 500;

/// The current candidates, by family and by child. Identities are left out.
pub(in crate::store) struct Standing {
    by_family: HashMap<Pseudonym, Vec<Candidate>>,
    by_child: HashMap<Pseudonym, Vec<Candidate>>,
}

impl Standing {
    /// Reads the candidates of these families and children, and perhaps of others.
    fn around(
        ledger: &Ledger,
        families: &BTreeSet<Pseudonym>,
        children: &BTreeSet<Pseudonym>,
    ) -> Result<Self, StoreError> {
        let mut found: BTreeMap<(Pseudonym, Pseudonym), Candidate> = BTreeMap::new();
        let filters: Vec<CandidateFilter> = if families.len() + children.len() > FEW {
            vec![CandidateFilter::default()]
        } else {
            let of_family =
                |&family: &Pseudonym| CandidateFilter { family: Some(family), ..CandidateFilter::default() };
            let of_child = |&child: &Pseudonym| CandidateFilter { child: Some(child), ..CandidateFilter::default() };
            families.iter().map(of_family).chain(children.iter().map(of_child)).collect()
        };
        for filter in filters {
            for current in ledger.candidates(&filter)? {
                let candidate = current.candidate;
                if candidate.same_as.is_none() {
                    found.insert((candidate.family, candidate.child), candidate);
                }
            }
        }
        let mut standing = Self { by_family: HashMap::new(), by_child: HashMap::new() };
        for candidate in found.into_values() {
            standing.by_child.entry(candidate.child).or_default().push(candidate.clone());
            standing.by_family.entry(candidate.family).or_default().push(candidate);
        }
        Ok(standing)
    }
}

impl Store {
    /// Returns the prior that `reunite.toml` states, or 0.5.
    #[must_use]
    pub fn prior(&self) -> Prior {
        self.stated_prior
    }

    /// Adds to each candidate of a report what it means. Returns the families that could not be weighed; their candidates
    /// have no meaning then. This takes some milliseconds for each candidate.
    ///
    /// # Errors
    /// [`StoreError::NeverMatched`], [`StoreError::PopulationLacks`], [`StoreError::Model`], [`StoreError::Stopped`];
    /// errors of the ledger and of the frequency tables.
    pub fn add_meaning(
        &self,
        report: &mut CandidateReport,
        options: &MeaningOptions,
        observer: &dyn Observer,
    ) -> Result<Vec<Unscorable>, StoreError> {
        let ledger = self.ledger()?;
        self.add_meaning_as(report, &ledger, &self.prepare(&ledger, options)?, observer)
    }

    /// As [`Self::add_meaning`], with what it depends on.
    pub(in crate::store) fn add_meaning_as(
        &self,
        report: &mut CandidateReport,
        ledger: &Ledger,
        prepared: &Prepared,
        observer: &dyn Observer,
    ) -> Result<Vec<Unscorable>, StoreError> {
        let pairs = || report.candidates.iter().map(|row| (row.family, row.child));
        let people = People::read(ledger, self.table().panel(), pairs())?;
        let (families, children) = pairs().unzip();
        let standing = Standing::around(ledger, &families, &children)?;
        report.prior = Some(prepared.prior_in_words());

        let mut rows: BTreeMap<Pseudonym, Vec<usize>> = BTreeMap::new();
        for (number, row) in report.candidates.iter().enumerate() {
            rows.entry(row.family).or_default().push(number);
        }
        let weigher = prepared.weigher();
        let watch = observer.watch();
        watch.begin("weighing candidates");
        watch.expect(report.candidates.len() as u64);
        let following = observer.follow(&watch);
        let weigh = |(family, rows): (&Pseudonym, &Vec<usize>)| -> Result<_, StoreError> {
            watch.check()?;
            // A pair whose family or child has changed since the run cannot be weighed; the list says that it is outdated.
            let Some(of_family) = people.family(*family) else { return Ok(Ok(Vec::new())) };
            let Some(candidates) = standing.by_family.get(family) else { return Ok(Ok(Vec::new())) };
            let pair = |&row: &usize| {
                let child = report.candidates[row].child;
                let candidate = candidates.iter().find(|candidate| candidate.child == child)?;
                let of_child = standing.by_child.get(&child)?;
                Some((row, PairToWeigh { child: people.child(child)?, candidate, of_child }))
            };
            let (rows_of_pairs, pairs): (Vec<usize>, Vec<PairToWeigh<'_>>) = rows.iter().filter_map(pair).unzip();
            let is_marked = rows.iter().any(|&row| !report.candidates[row].family_marks.is_empty());
            let of_family = FamilyToWeigh { family: of_family, candidates, is_marked };
            let meanings = weigher.weigh(&of_family, &pairs);
            watch.did(rows.len());
            Ok(meanings.map(|meanings| rows_of_pairs.into_iter().zip(meanings).collect()))
        };
        let weighed: Vec<Result<Vec<(usize, Meaning)>, Unscorable>> =
            rows.par_iter().map(weigh).collect::<Result<_, StoreError>>()?;
        drop(following);
        let mut failed = Vec::new();
        for of_family in weighed {
            match of_family {
                Ok(meanings) => {
                    for (row, meaning) in meanings {
                        report.candidates[row].meaning = Some(Box::new(meaning));
                    }
                }
                Err(error) => failed.push(error),
            }
        }
        Ok(failed)
    }

    /// Adds to each candidate of a report the probability that it is the right one, given that a child fills one place in
    /// the whole database, and that a place holds one child or none.
    ///
    /// # Errors
    /// As [`Self::add_meaning`].
    pub fn add_assignment(
        &self,
        report: &mut CandidateReport,
        options: &MeaningOptions,
        observer: &dyn Observer,
    ) -> Result<Assigning, StoreError> {
        let (assignment, unweighed) = self.assign(options, observer)?;
        for row in &mut report.candidates {
            let at = assignment.pairs.binary_search_by_key(&(row.family, row.child), |pair| (pair.family, pair.child));
            row.assigned = at.ok().map(|at| assignment.pairs[at].posterior);
        }
        Ok(Assigning { components: assignment.components, too_large: assignment.too_large, unweighed })
    }

    fn assign(
        &self,
        options: &MeaningOptions,
        observer: &dyn Observer,
    ) -> Result<(Assignment, Vec<Unscorable>), StoreError> {
        let ledger = self.ledger()?;
        let prepared = self.prepare(&ledger, options)?;
        let mut by_family: BTreeMap<Pseudonym, Vec<Candidate>> = BTreeMap::new();
        for current in ledger.candidates(&CandidateFilter::default())? {
            if current.candidate.same_as.is_none() {
                by_family.entry(current.candidate.family).or_default().push(current.candidate);
            }
        }
        let pairs = by_family.values().flatten().map(|candidate| (candidate.family, candidate.child));
        let people = People::read(&ledger, self.table().panel(), pairs)?;
        let weigher = prepared.weigher();
        let watch = observer.watch();
        watch.begin("weighing families");
        watch.expect(by_family.len() as u64);
        let following = observer.follow(&watch);
        let place =
            |(family, candidates): (&Pseudonym, &Vec<Candidate>)| -> Result<Option<Result<Place, _>>, StoreError> {
                watch.check()?;
                let place = people.family(*family).map(|family| weigher.place(family, candidates));
                watch.did(1);
                Ok(place)
            };
        let places: Vec<_> = by_family.par_iter().map(place).collect::<Result<_, StoreError>>()?;
        drop(following);
        let (mut known, mut failed) = (Vec::new(), Vec::new());
        for place in places.into_iter().flatten() {
            match place {
                Ok(place) => known.push(place),
                Err(error) => failed.push(error),
            }
        }
        Ok((assign(&known, MOST_STATES), failed))
    }

    /// Adds to each candidate of a report what is known about its two sides.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn add_facts(&self, report: &mut CandidateReport) -> Result<(), StoreError> {
        let ledger = self.ledger()?;
        let (families, children): (BTreeSet<Pseudonym>, BTreeSet<Pseudonym>) =
            report.candidates.iter().map(|row| (row.family, row.child)).unzip();
        let facts = facts(&ledger, &families, &children)?;
        for row in &mut report.candidates {
            row.facts = facts.pair(row.family, row.child).map(Box::new);
        }
        Ok(())
    }

    /// Weighs one pair, whether or not it is a candidate, and says what typing the child with each kit would settle.
    /// `None` for an identity, or if the pair cannot be weighed.
    pub(in crate::store) fn meaning_of_pair(
        &self,
        ledger: &Ledger,
        family: &Family,
        child: &Child,
        candidate: Option<&Candidate>,
        explanation: &Explanation,
    ) -> Result<Option<SettledBy>, StoreError> {
        if candidate.is_some_and(|candidate| candidate.same_as.is_some()) || !explanation.log10_lr.is_finite() {
            return Ok(None);
        }
        let prepared = self.prepare(ledger, &MeaningOptions::default())?;
        let as_stated = || explanation.as_candidate(family.pseudonym, child.pseudonym);
        let candidate = candidate.cloned().unwrap_or_else(as_stated);
        let (families, children) = (BTreeSet::from([family.pseudonym]), BTreeSet::from([child.pseudonym]));
        let mut standing = Standing::around(ledger, &families, &children)?;
        let of_family = standing.by_family.entry(family.pseudonym).or_default();
        if !of_family.iter().any(|other| other.child == child.pseudonym) {
            of_family.push(candidate.clone());
        }
        let is_marked = ledger.marks()?.iter().any(|mark| mark.0 == family.pseudonym);
        let weigher = prepared.weigher();
        let to_weigh = FamilyToWeigh { family, candidates: of_family, is_marked };
        let of_child = standing.by_child.get(&child.pseudonym).map_or(&[][..], Vec::as_slice);
        let pair = PairToWeigh { child, candidate: &candidate, of_child };
        let Ok(Some(meaning)) = weigher.weigh(&to_weigh, &[pair]).map(|all| all.into_iter().next()) else {
            return Ok(None);
        };
        let panel = self.table().panel().loci();
        let kits: Vec<&Kit> = Kit::all().iter().filter(|kit| kit.is_verified()).collect();
        let sets: Vec<LocusSet> = kits.iter().map(|kit| locus_set(panel.iter().map(|locus| kit.has(locus)))).collect();
        let settled = weigher.settle(&to_weigh, child, &candidate, &sets).unwrap_or_default();
        let kits = kits.into_iter().zip(settled).filter(|(_, settled)| settled.further_loci > 0);
        Ok(Some(SettledBy {
            meaning,
            prior: prepared.prior_in_words(),
            kits: kits.map(|(kit, settled)| (kit.name().to_owned(), settled)).collect(),
        }))
    }

    /// Reads what the meaning of every candidate depends on.
    pub(in crate::store) fn prepare(&self, ledger: &Ledger, options: &MeaningOptions) -> Result<Prepared, StoreError> {
        let run = ledger.last_run()?.ok_or(StoreError::NeverMatched)?.1;
        Ok(Prepared {
            calculator: self.calculator()?,
            hits: self.chance_hits(ledger)?,
            prior: options.prior.unwrap_or(self.prior()),
            criterion: criterion_used(&run.manifest).unwrap_or_else(|| self.criterion()),
            others: self.other_models(&options.also_frequencies)?,
        })
    }

    /// Counts the children by the loci at which they are typed, once for each state of the ledger.
    pub(in crate::store) fn chance_hits(&self, ledger: &Ledger) -> Result<Arc<ChanceHits>, StoreError> {
        let count = || Ok(ChanceHits::of_children(&self.index_to_read(ledger)?));
        self.children_counted(ledger.generation()?, count)
    }

    /// Returns the other frequency tables and thetas.
    fn other_models(&self, also: &[PathBuf]) -> Result<Vec<OtherModel>, StoreError> {
        let panel = self.table().panel();
        let mut tables: Vec<(String, FrequencyTable)> = vec![(String::new(), self.table().clone())];
        for kept in self.tables()? {
            let name = kept.population.unwrap_or_else(|| "the store's own table".to_owned());
            let table = kept.table.of_panel(panel);
            tables.push((name.clone(), table.map_err(|loci| StoreError::PopulationLacks { name, loci })?));
        }
        for path in also {
            let name = path.display().to_string();
            let table = Frequencies::read(path)?.table.of_panel(panel);
            tables.push((name.clone(), table.map_err(|loci| StoreError::PopulationLacks { name, loci })?));
        }
        let own_theta = self.settings().model.theta;
        let mut seen = BTreeSet::new();
        let mut models = Vec::new();
        for (name, table) in &tables {
            if !seen.insert(table.digest()) {
                continue;
            }
            let mut thetas: Vec<f64> = vec![own_theta];
            thetas.extend(THETAS.into_iter().filter(|theta| *theta != own_theta));
            for theta in thetas {
                // The first table with its own theta is that of the run.
                if name.is_empty() && theta == own_theta {
                    continue;
                }
                let mut settings = self.settings().clone();
                settings.model.theta = theta;
                let with = if name.is_empty() { String::new() } else { format!("{name}, ") };
                let calculator: Calculator = settings.calculator(table)?;
                models.push(OtherModel { name: format!("{with}theta {theta}"), calculator });
            }
        }
        Ok(models)
    }
}

/// What the meaning of every candidate depends on.
pub(in crate::store) struct Prepared {
    calculator: Calculator,
    hits: Arc<ChanceHits>,
    prior: Prior,
    criterion: Criterion,
    others: Vec<OtherModel>,
}

impl Prepared {
    pub(in crate::store) fn hits(&self) -> &ChanceHits {
        &self.hits
    }

    pub(in crate::store) fn threshold(&self) -> f64 {
        self.criterion.min_log10_lr
    }

    pub(in crate::store) fn prior_in_words(&self) -> String {
        prior_in_words(self.prior, self.hits.children())
    }

    /// Returns a weigher over other children, with another threshold.
    pub(in crate::store) fn weigher_of<'a>(&'a self, hits: &'a ChanceHits, threshold: f64) -> Weigher<'a> {
        Weigher::new(&self.calculator, hits, self.prior, (threshold, self.criterion.doubts), &self.others)
    }

    pub(in crate::store) fn weigher(&self) -> Weigher<'_> {
        self.weigher_of(&self.hits, self.threshold())
    }
}

/// What is known about families and children.
pub(in crate::store) struct Facts {
    families: HashMap<Pseudonym, Vec<SampleRecord>>,
    children: HashMap<Pseudonym, SampleRecord>,
}

/// Reads the records of these families and children.
pub(in crate::store) fn facts(
    ledger: &Ledger,
    families: &BTreeSet<Pseudonym>,
    children: &BTreeSet<Pseudonym>,
) -> Result<Facts, StoreError> {
    let mut facts = Facts { families: HashMap::new(), children: HashMap::new() };
    let (families, children) = (Vec::from_iter(families.iter().copied()), Vec::from_iter(children.iter().copied()));
    if families.is_empty() {
        return Ok(facts);
    }
    ledger.export(Layout::Families, Chosen::Those(&families), &[], |record| {
        if let Some((family, _)) = record.family {
            facts.families.entry(family).or_default().push(record);
        }
        Ok::<(), StoreError>(())
    })?;
    ledger.export(Layout::Children, Chosen::Those(&children), &[], |record| {
        facts.children.insert(record.sample, record);
        Ok::<(), StoreError>(())
    })?;
    Ok(facts)
}

impl Facts {
    /// Returns all records.
    pub(in crate::store) fn records(&self) -> impl Iterator<Item = &SampleRecord> {
        self.families.values().flatten().chain(self.children.values())
    }

    /// Returns the facts about a pair; `None` if one of the two is no longer in the ledger.
    pub(in crate::store) fn pair(&self, family: Pseudonym, child: Pseudonym) -> Option<PairFacts> {
        let (relatives, child) = (self.families.get(&family)?, self.children.get(&child)?);
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        let kits: BTreeSet<String> = relatives.iter().filter_map(|relative| text(&relative.kit)).collect();
        Some(PairFacts {
            relatives: relatives.iter().filter_map(|relative| Some(relative.family?.1)).collect(),
            family_agency: relatives.iter().find_map(|relative| text(&relative.agency)),
            family_region: relatives.iter().find_map(|relative| text(&relative.region)),
            family_kits: kits.into_iter().collect(),
            child_sex: child.sex.word(),
            child_agency: text(&child.agency),
            child_region: text(&child.region),
            child_kit: text(&child.kit),
        })
    }
}
