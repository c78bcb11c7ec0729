//! Explains the likelihood ratio of one family and one child, locus by locus.

use std::collections::BTreeMap;
use std::path::PathBuf;

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::kinship::Calculator;
use crate::ledger::CandidateFilter;
use crate::matching::{alternatives, explain, explain_views};
use crate::model::{Candidate, Family, Pseudonym, Relation};
use crate::report::{ExplainedWith, ExplanationReport, OwnNumber, SampleTypings, TableUsed};

use super::manifest::{criterion_used, table_used};
use crate::store::configuration::changed::ChangedSetting;
use crate::store::error::StoreError;
use crate::store::folder::Store;

/// A parent whose parentage is certain, so that only the other parent is in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertainParent {
    /// The father.
    Father,
    /// The mother.
    Mother,
}

impl CertainParent {
    /// Both parents.
    pub const ALL: [Self; 2] = [Self::Father, Self::Mother];

    /// Returns the parent's relation to the child.
    #[must_use]
    pub fn relation(self) -> Relation {
        match self {
            Self::Father => Relation::Father,
            Self::Mother => Relation::Mother,
        }
    }
}

/// The pair to explain, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainOptions {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// For the combined paternity index (CPI): the parent whose parentage is certain.
    pub certain_parent: Option<CertainParent>,
    /// `true` if the report shows genotypes, which can identify a person.
    pub show_genotypes: bool,
    /// The laboratory's own list of numbers, to name the family, its relatives and the child by; its use is recorded.
    pub numbers: Option<PathBuf>,
}

/// The explanation of a pair.
#[non_exhaustive]
pub struct Explained {
    /// Every number from which the likelihood ratio was computed.
    pub report: ExplanationReport,
    /// The relative whose profile the child has, if the pair is a candidate for identity: one person under two numbers,
    /// or identical twins.
    pub same_as: Option<Pseudonym>,
    /// Settings that differ from those of the last run.
    pub changed_settings: Vec<ChangedSetting>,
    /// Relatives who count as untyped, because the terms on which their samples are kept do not allow to compare them.
    pub not_searched: Vec<Pseudonym>,
}

impl Store {
    /// Explains the likelihood ratio of a family and a child.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use reunite::store::{ExplainOptions, Store, entry};
    ///
    /// let store = Store::open(Path::new("reunite-store"), None)?;
    /// let family = "6f7d1c0b5a4e4d3c8b2a190817263544".parse()?;
    /// let child = "00112233445566778899aabbccddeeff".parse()?;
    /// let options = ExplainOptions { family, child, certain_parent: None, show_genotypes: false, numbers: None };
    /// println!("{}", store.explain(&options, &entry("explain", None))?.report.csv());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::NoChild`], [`StoreError::NotSearched`], [`StoreError::Unscorable`], [`StoreError::Model`]; errors of
    /// the ledger.
    pub fn explain(&self, options: &ExplainOptions, entry: &Entry) -> Result<Explained, StoreError> {
        Ok(self.explain_family(options, entry)?.0)
    }

    /// As [`Self::explain`]; returns the family and the calculator, too.
    pub(in crate::store) fn explain_family(
        &self,
        options: &ExplainOptions,
        entry: &Entry,
    ) -> Result<(Explained, Family, Calculator), StoreError> {
        self.recording_unknown(entry, self.explain_of_known(options, entry))
    }

    fn explain_of_known(
        &self,
        options: &ExplainOptions,
        entry: &Entry,
    ) -> Result<(Explained, Family, Calculator), StoreError> {
        let mut ledger = self.ledger()?;
        let calculator = self.calculator()?;
        let panel = self.table().panel();
        let generation = ledger.generation()?.number;
        let family = self.family(&ledger, options.family)?;
        let child = ledger.child(panel, options.child)?.ok_or(StoreError::NoChild(options.child))?;
        let not_searched = self.refuse_not_searched(&ledger, &family, child.pseudonym)?;
        let certain = options.certain_parent.map(CertainParent::relation);
        let explanation = explain(&calculator, &family, &child, certain)
            .map_err(|error| StoreError::Unscorable { locus: error.locus, reason: error.reason })?;
        let alternatives = alternatives(&calculator, &family, &child)
            .map_err(|error| StoreError::Unscorable { locus: error.locus, reason: error.reason })?;
        let pair = CandidateFilter {
            family: Some(family.pseudonym),
            child: Some(child.pseudonym),
            ..CandidateFilter::default()
        };
        let candidate = ledger.candidates(&pair)?.into_iter().next().map(|current| current.candidate);
        let last_run = ledger.last_run()?.map(|(_, run)| run.manifest);
        // A candidate is explained with the criterion that it met, which may belong to that run only.
        let of_run = candidate.as_ref().and(last_run.as_deref()).and_then(criterion_used);
        let criterion = of_run.unwrap_or_else(|| self.criterion());
        let views = explain_views(&calculator, &family, &child, &criterion)
            .map_err(|error| StoreError::Unscorable { locus: error.locus, reason: error.reason })?;
        let samples = family.relatives.iter().map(|relative| relative.sample);
        let numbered: Vec<(Pseudonym, &'static str)> = [(family.pseudonym, "family")]
            .into_iter()
            .chain(family.relatives.iter().map(|relative| (relative.sample, relative.relation.word())))
            .chain([(child.pseudonym, "child")])
            .collect();
        let numbers = match &options.numbers {
            None => Vec::new(),
            Some(list) => {
                let numbers = self.numbers(list, samples.chain([family.pseudonym, child.pseudonym]))?;
                let of = |&(who, of): &(Pseudonym, &'static str)| {
                    Some(OwnNumber { who, of, number: numbers.of(who)?.to_owned() })
                };
                numbered.iter().filter_map(of).collect()
            }
        };
        let settled = match last_run {
            Some(_) => self.meaning_of_pair(&ledger, &family, &child, candidate.as_ref(), &explanation)?,
            None => None,
        };
        let mut left_out: BTreeMap<usize, Vec<&'static str>> = BTreeMap::new();
        let relatives = family.relatives.iter().map(|relative| (relative.sample, relative.relation.word()));
        for (sample, who) in relatives.clone().chain([(child.pseudonym, "child")]) {
            for (position, _) in ledger.many_alleles(panel, sample)? {
                left_out.entry(position).or_default().push(who);
            }
        }
        let who: Vec<(Pseudonym, &'static str)> = relatives.chain([(child.pseudonym, "child")]).collect();
        let mut several = ledger.typings(Some(&who.iter().map(|one| one.0).collect::<Vec<_>>()))?;
        let of = |(sample, who)| several.remove(&sample).map(|typings| SampleTypings { sample, who, typings });
        let typings = who.into_iter().filter_map(of).collect();
        let frequencies = HEXLOWER.encode(&self.table().digest());
        let of_table = last_run.as_deref().and_then(|manifest| table_used(manifest).0);
        let report = ExplanationReport {
            with: ExplainedWith {
                family: family.pseudonym,
                child: child.pseudonym,
                program: concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned(),
                model: calculator.settings_line(),
                frequencies: frequencies.clone(),
                table: TableUsed::new(self.table(), self.population()),
                panel: panel.len(),
                min_log10_lr: criterion.min_log10_lr,
                generation,
                candidate_log10_lr: candidate.as_ref().map(|candidate| candidate.log10_lr),
                candidate_view: candidate.as_ref().map(Candidate::view),
                candidate_of_other_table: of_table.is_some_and(|digest| digest != frequencies),
            },
            explanation,
            views,
            alternatives,
            settled,
            numbers,
            left_out,
            typings,
            show_genotypes: options.show_genotypes,
        };
        let changed_settings = self.changed_settings(&ledger)?;
        let entry = self.name_table(entry).with("genotypes", options.show_genotypes);
        let entry = if options.numbers.is_some() { entry.with("numbers", true) } else { entry };
        let entry = entry.about(family.relatives.iter().map(|relative| relative.sample));
        ledger.append_look(&entry.about([family.pseudonym, child.pseudonym]))?;
        let same_as = candidate.and_then(|candidate| candidate.same_as);
        Ok((Explained { report, same_as, changed_settings, not_searched }, family, calculator))
    }
}
