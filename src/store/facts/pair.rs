//! Compares what is stated of a family's missing child and of a found child.

use crate::audit::Entry;
use crate::facts::{Facts, Weights, compare, weigh};
use crate::ledger::Ledger;
use crate::matching::explain;
use crate::meaning::Prior;
use crate::model::Pseudonym;
use crate::report::{FactsPair, WeighedFacts};

use crate::store::error::StoreError;
use crate::store::folder::Store;

/// How to weigh sex and age.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FactsWeighing {
    /// The assumed rates and shares.
    pub weights: Weights,
    /// The probability that the missing child is in the database; `None` for the store's.
    pub prior: Option<Prior>,
}

impl Store {
    /// Compares what is stated of a family's missing child and of a found child, fact by fact. On request, weighs sex and
    /// age, apart from the DNA. Facts exclude nobody, and change no likelihood ratio of DNA.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let family = "6f7d1c0b5a4e4d3c8b2a190817263544".parse()?;
    /// let child = "00112233445566778899aabbccddeeff".parse()?;
    /// println!("{}", store.compare_facts(family, child, None, &store::entry("facts compare", None))?.csv());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::NoChild`], [`StoreError::NoFacts`] if nothing is stated of either,
    /// [`StoreError::Unscorable`]; errors of the ledger.
    pub fn compare_facts(
        &self,
        family: Pseudonym,
        child: Pseudonym,
        weighing: Option<&FactsWeighing>,
        entry: &Entry,
    ) -> Result<FactsPair, StoreError> {
        self.recording_unknown(entry, self.compare_facts_known(family, child, weighing, entry))
    }

    fn compare_facts_known(
        &self,
        family: Pseudonym,
        child: Pseudonym,
        weighing: Option<&FactsWeighing>,
        entry: &Entry,
    ) -> Result<FactsPair, StoreError> {
        let mut ledger = self.ledger()?;
        let entry = self.name_table(entry).with("weighed", weighing.is_some()).about([family, child]);
        if ledger.families_known([family])?.is_empty() {
            return Err(StoreError::NoFamily(family));
        }
        if !ledger.has_child(child)? {
            return Err(StoreError::NoChild(child));
        }
        ledger.append_look(&entry)?;
        self.facts_of_pair(&ledger, family, child, weighing)?.ok_or(StoreError::NoFacts(child))
    }

    /// Compares the facts of a pair; `None` if nothing is stated of either.
    pub(in crate::store) fn facts_of_pair(
        &self,
        ledger: &Ledger,
        family: Pseudonym,
        child: Pseudonym,
        weighing: Option<&FactsWeighing>,
    ) -> Result<Option<FactsPair>, StoreError> {
        let last = |subject| Ok::<_, StoreError>(ledger.facts_of(subject)?.pop().map(|recorded| recorded.facts));
        let missing = match last(family)? {
            Some(Facts::Missing(missing)) => Some(missing),
            _ => None,
        };
        let found = match last(child)? {
            Some(Facts::Found(found)) => Some(found),
            _ => None,
        };
        if missing.is_none() && found.is_none() {
            return Ok(None);
        }
        let (missing, found) = (missing.unwrap_or_default(), found.unwrap_or_default());
        let weighed = match weighing {
            Some(weighing) => {
                let log10_lr = self.log10_lr_of_dna(ledger, family, child)?;
                let prior = weighing.prior.unwrap_or_else(|| self.prior()).in_database();
                let children = self.chance_hits(ledger)?.children();
                let weighed = weigh(&missing, &found, &weighing.weights);
                Some(WeighedFacts::new(&weighed, &weighing.weights, log10_lr, (prior, children)))
            }
            None => None,
        };
        Ok(Some(FactsPair::new(family, child, compare(&missing, &found), weighed)))
    }

    /// Computes log10 LR of the DNA of a pair.
    fn log10_lr_of_dna(&self, ledger: &Ledger, family: Pseudonym, child: Pseudonym) -> Result<f64, StoreError> {
        let family = self.family(ledger, family)?;
        let child = ledger.child(self.table().panel(), child)?.ok_or(StoreError::NoChild(child))?;
        let explained = explain(&self.calculator()?, &family, &child, None)
            .map_err(|error| StoreError::Unscorable { locus: error.locus, reason: error.reason })?;
        Ok(explained.log10_lr)
    }
}
