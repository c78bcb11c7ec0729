//! Holds operations to the purposes for which samples are kept.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::keeping::{Purpose, Terms};
use crate::ledger::Ledger;
use crate::model::{Family, Pseudonym};

use crate::store::actor::today;
use crate::store::error::StoreError;
use crate::store::folder::Store;

impl Store {
    /// Reports whether a sample may leave for another agency: it has no terms, or its terms have the purpose `exchange`,
    /// its consent was not withdrawn where it is the legal basis, and its last day of keeping is not over.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn may_exchange(&self, sample: Pseudonym) -> Result<bool, StoreError> {
        Ok(may_leave(self.ledger()?.terms_of(sample)?.as_ref(), today()?))
    }

    /// Returns all samples that may not leave for another agency; the others may. See [`Self::may_exchange`].
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn samples_to_withhold(&self) -> Result<BTreeSet<Pseudonym>, StoreError> {
        withheld(&self.ledger()?)
    }

    /// Refuses a pair of which the child may not be compared, or none of the relatives. Returns the relatives who may not.
    pub(in crate::store) fn refuse_not_searched(
        &self,
        ledger: &Ledger,
        family: &Family,
        child: Pseudonym,
    ) -> Result<Vec<Pseudonym>, StoreError> {
        let all = ledger.not_searched()?;
        let relatives: Vec<Pseudonym> =
            family.relatives.iter().map(|relative| relative.sample).filter(|sample| all.contains(sample)).collect();
        if all.contains(&child) {
            return Err(StoreError::NotSearched(child));
        }
        match relatives.first() {
            Some(&first) if relatives.len() == family.relatives.len() => Err(StoreError::NotSearched(first)),
            _ => Ok(relatives),
        }
    }
}

/// Returns all samples that may not leave for another agency.
pub(in crate::store) fn withheld(ledger: &Ledger) -> Result<BTreeSet<Pseudonym>, StoreError> {
    let today = today()?;
    let kept = ledger.kept_samples(false)?;
    Ok(kept.iter().filter(|one| !may_leave(one.terms.as_ref(), today)).map(|one| one.sample).collect())
}

fn may_leave(terms: Option<&Terms>, today: Date) -> bool {
    terms.is_none_or(|terms| terms.allows(Purpose::Exchange) && !terms.is_over(today))
}
