//! Gathers the lead report on a pair.

use std::collections::{BTreeSet, HashMap};

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::kinship::{Calculator, Evidence, Grid, Hypothesis, KinshipError, LocusOutcomes, LrDistribution};
use crate::ledger::Ledger;
use crate::matching::Explanation;
use crate::model::{Child, Family, Pedigree, Profile, Pseudonym, SampleRecord, Sex};
use crate::pages::{CandidatePage, Curves, PagePerson, PageRun};

use crate::store::actor::now;
use crate::store::error::StoreError;
use crate::store::facts::pair::FactsWeighing;
use crate::store::folder::Store;
use crate::store::matching::explain::{ExplainOptions, Explained};
use crate::store::matching::manifest::criterion_used;
use crate::store::matching::meaning::facts;

/// Number of steps in which the distributions are drawn.
const STEPS: usize = 160;

/// The least log10 LR that is drawn.
const LEAST: f64 = -200.0;

impl Store {
    /// Gathers everything that the lead report on a family and a child says: the explanation, what it means, the drawings'
    /// data, the review, and the facts about both children; sex and age are weighed on request. A decision that waits for
    /// the second one is not in it.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// use reunite::pages::{Language, Templates};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let family = "6f7d1c0b5a4e4d3c8b2a190817263544".parse()?;
    /// let child = "00112233445566778899aabbccddeeff".parse()?;
    /// let options = ExplainOptions { family, child, certain_parent: None, show_genotypes: false, numbers: None };
    /// let (page, _) = store.candidate_page(&options, None, &store::entry("report candidate", None))?;
    /// write_private("report.html".as_ref(), page.html(Language::Chinese, &Templates::embedded())?.as_bytes())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Self::explain`] and [`Self::review_states`].
    pub fn candidate_page(
        &self,
        options: &ExplainOptions,
        weighing: Option<&FactsWeighing>,
        entry: &Entry,
    ) -> Result<(CandidatePage, PageNotes), StoreError> {
        let (explained, of_family, calculator) = self.explain_family(options, entry)?;
        let Explained { report: explained, same_as, changed_settings, .. } = explained;
        let ledger = self.ledger()?;
        let (family, child) = (options.family, options.child);
        let of_child = ledger.child(self.table().panel(), child)?.ok_or(StoreError::NoChild(child))?;
        let people = self.page_people(&ledger, &of_family, Some(&of_child))?;
        let threshold = explained.with.min_log10_lr;
        let curves = curves(&calculator, &of_family, &explained.explanation, threshold).ok().flatten();
        let page = CandidatePage {
            made_at: now()?.to_string(),
            explained,
            review: self.review_of_pair(&ledger, family, child, None)?.0,
            run: self.page_run(&ledger)?,
            prior: self.prior(),
            children: self.chance_hits(&ledger)?.children(),
            people,
            pedigree: pedigree_of(&of_family),
            curves,
            facts: self.facts_of_pair(&ledger, family, child, weighing)?,
        };
        Ok((page, PageNotes { same_as, changed_settings }))
    }

    /// Returns the last run.
    pub(in crate::store) fn page_run(&self, ledger: &Ledger) -> Result<Option<PageRun>, StoreError> {
        let Some((number, run)) = ledger.last_run()? else { return Ok(None) };
        let criterion = criterion_used(&run.manifest).unwrap_or_else(|| self.criterion());
        Ok(Some(PageRun {
            number,
            started_at: jiff::Timestamp::from_second(run.started_at)?.to_string(),
            mode: run.mode,
            digest: HEXLOWER.encode(&run.digest),
            families: run.families,
            children: run.children,
            min_log10_lr: criterion.min_log10_lr,
        }))
    }

    /// Returns the relatives in their order, and the child.
    pub(in crate::store) fn page_people(
        &self,
        ledger: &Ledger,
        family: &Family,
        child: Option<&Child>,
    ) -> Result<Vec<PagePerson>, StoreError> {
        let known =
            facts(ledger, &BTreeSet::from([family.pseudonym]), &child.iter().map(|child| child.pseudonym).collect())?;
        let records: HashMap<Pseudonym, &SampleRecord> =
            known.records().map(|record| (record.sample, record)).collect();
        let panel = self.table().panel().len();
        let person = |(sample, profile): (Pseudonym, &Profile)| {
            let record = records.get(&sample);
            let text = |of: fn(&SampleRecord) -> &Option<std::sync::Arc<str>>| {
                record.and_then(|record| of(record).as_deref().map(str::to_owned))
            };
            PagePerson {
                sample,
                sex: record.map_or(Sex::Unknown, |record| record.sex),
                kit: text(|record| &record.kit),
                agency: text(|record| &record.agency),
                region: text(|record| &record.region),
                typed_loci: (0..panel).filter(|&locus| profile.at(locus).is_some()).count(),
            }
        };
        let relatives = family.relatives.iter().map(|relative| (relative.sample, &relative.profile));
        Ok(relatives.chain(child.map(|child| (child.pseudonym, &child.profile))).map(person).collect())
    }
}

/// Returns the pedigree of a family, stated or made from its relations; `None` if these make none.
pub(in crate::store) fn pedigree_of(family: &Family) -> Option<Pedigree> {
    let stated = family.pedigree.as_deref().cloned();
    stated.or_else(|| Pedigree::from_relations(&family.relations()).ok())
}

/// What has to be said beside a page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PageNotes {
    /// The relative whose profile the child has, if the pair is a candidate for identity.
    pub same_as: Option<Pseudonym>,
    /// Settings that differ from those of the last run.
    pub changed_settings: Vec<crate::store::configuration::changed::ChangedSetting>,
}

/// Returns the densities of log10 LR at the loci compared, under both hypotheses; `None` with linked loci, or if the
/// child could not be drawn in them.
fn curves(
    calculator: &Calculator,
    family: &Family,
    explanation: &Explanation,
    threshold: f64,
) -> Result<Option<Curves>, KinshipError> {
    let at = explanation.log10_lr;
    if at.is_nan() || explanation.loci.iter().any(|locus| locus.linked_with.is_some()) {
        return Ok(None);
    }
    let mut loci = Vec::new();
    for (position, locus) in explanation.loci.iter().enumerate().filter(|one| one.1.is_compared) {
        let evidence = Evidence::of_family(family, position, calculator.model().convention);
        // A genotype that the table does not list has no place in the distribution.
        if locus.unlisted.is_empty() {
            let table = calculator.table(position, &calculator.structure(&evidence)?, &evidence)?;
            loci.push(LocusOutcomes::new(&table, &calculator.unrelated(position, &evidence)?).given_listed());
        }
    }
    let grid = Grid { step: 5e-3, from: LEAST };
    let [related, unrelated] = [Hypothesis::H1, Hypothesis::H2].map(|one| LrDistribution::new(&loci, one, grid));
    let seen = if at.is_finite() { at } else { threshold };
    let least = unrelated
        .quantile(0.005)
        .lower
        .max(unrelated.mean() - 3.0 * unrelated.variance().sqrt())
        .min(seen - 1.0)
        .min(threshold - 1.0)
        .floor()
        .max(LEAST);
    let most = related.quantile(0.995).upper.max(seen + 1.0).max(threshold + 1.0).ceil();
    if !least.is_finite() || !most.is_finite() || most <= least {
        return Ok(None);
    }
    let step = (most - least) / STEPS as f64;
    let densities = |distribution: &LrDistribution| -> Vec<f64> {
        let tail = |edge: usize| distribution.tail(least + step * edge as f64).middle();
        (0..STEPS).map(|cell| ((tail(cell) - tail(cell + 1)) / step).max(0.0)).collect()
    };
    Ok(Some(Curves {
        from: least,
        step,
        related: densities(&related),
        unrelated: densities(&unrelated),
        at,
        threshold,
    }))
}
