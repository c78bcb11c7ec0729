//! Validates a store's own panel, frequencies, model, kits and size, by simulation.

use std::collections::HashMap;

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::matching::{ChanceHits, LocusSet, locus_set};
use crate::model::Relation;
use crate::validation::{Validation, ValidationPlan, validate};

use super::error::StoreError;
use super::folder::Store;
use super::observer::Observer;

/// The options of a validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidateOptions {
    /// Pairs per set of relatives and truth.
    pub pairs: usize,
    /// The seed.
    pub seed: u64,
}

/// A validation, and what it depends on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Validated {
    /// The result.
    pub validation: Validation,
    /// The plan.
    pub plan: ValidationPlan,
    /// Number of families of the store.
    pub families: u64,
    /// Number of children of the store.
    pub children: u64,
    /// BLAKE3 of the frequency table, in hexadecimal.
    pub frequencies: String,
    /// The model, in one line.
    pub model: String,
}

/// Sets of relatives that are simulated: the most frequent ones.
const SHAPES: usize = 6;

/// Sets of loci that are simulated, the most frequent ones.
const SETS: usize = 50;

/// Families and children of the synthetic database.
const DATABASE: (usize, usize) = (1_000, 5_000);

/// Families per page.
const PAGE: u32 = 16_384;

impl Store {
    /// Simulates pairs with the panel, frequencies, model, kits and sets of relatives of the store. An empty store is
    /// validated for couples, single parents and full siblings, typed at all loci.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let options = ValidateOptions { pairs: 1_000, seed: 1 };
    /// let validated = store.validate(&options, &store::entry("validate", None), &Silent)?;
    /// println!("{}", validated.validation.false_candidates_per_match);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Validation`], [`StoreError::Model`], [`StoreError::Stopped`]; errors of the ledger.
    pub fn validate(
        &self,
        options: &ValidateOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Validated, StoreError> {
        let mut ledger = self.ledger()?;
        let calculator = self.calculator()?;
        let panel = self.table().panel();
        let (mut shapes, mut relatives): (HashMap<Vec<Relation>, u64>, HashMap<LocusSet, u64>) = Default::default();
        let (generation, mut last, mut families) = (ledger.generation()?, None, 0);
        loop {
            let page = ledger.families_after(panel, last, PAGE, &generation)?;
            let Some(end) = page.last() else { break };
            last = Some(end.pseudonym);
            families += page.len() as u64;
            for family in page {
                for relative in &family.relatives {
                    let set = locus_set((0..panel.len()).map(|locus| relative.profile.at(locus).is_some()));
                    *relatives.entry(set).or_insert(0) += 1;
                }
                // Families with a pedigree of their own have no relations to draw from.
                if family.pedigree.is_none() {
                    *shapes.entry(family.relations()).or_insert(0) += 1;
                }
            }
        }
        let children = ChanceHits::sets_of_children(&self.index_to_read(&ledger)?);
        let number_of_children = children.values().sum();
        let all = locus_set((0..panel.len()).map(|_| true));
        let criterion = self.criterion();
        let plan = ValidationPlan {
            shapes: most_frequent(shapes, SHAPES, || {
                vec![
                    vec![Relation::Father, Relation::Mother],
                    vec![Relation::Father],
                    vec![Relation::Mother],
                    vec![Relation::FullSibling],
                ]
            }),
            child_sets: most_frequent(children, SETS, || vec![all]),
            relative_sets: most_frequent(relatives, SETS, || vec![all]),
            pairs: options.pairs,
            classified: options.pairs / 5,
            database_families: DATABASE.0,
            database_children: DATABASE.1,
            seed: options.seed,
            min_log10_lr: criterion.min_log10_lr,
            doubts: criterion.doubts,
            prior: self.prior(),
        };
        let watch = observer.watch();
        watch.begin("validating");
        let following = observer.follow(&watch);
        let done = |pairs: usize| {
            watch.did(pairs);
            watch.check()
        };
        let validation = validate(&plan, self.table(), &calculator, &done)?;
        drop(following);
        let entry = entry.clone().with("pairs", options.pairs).with("seed", options.seed);
        ledger.append_look(&entry)?;
        Ok(Validated {
            validation,
            plan,
            families,
            children: number_of_children,
            frequencies: HEXLOWER.encode(&self.table().digest()),
            model: calculator.settings_line(),
        })
    }
}

/// Returns the most frequent items, those before others that are smaller; `otherwise` if there are none, each once.
fn most_frequent<T: Ord + Clone>(
    counts: HashMap<T, u64>,
    most: usize,
    otherwise: impl FnOnce() -> Vec<T>,
) -> Vec<(T, u64)> {
    let mut all: Vec<(T, u64)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(most);
    if all.is_empty() { otherwise().into_iter().map(|one| (one, 1)).collect() } else { all }
}
