//! Holds operations to the purposes for which samples are kept.

use std::collections::{BTreeSet, HashSet};

use jiff::civil::Date;

use crate::keeping::{ConsentKind, LegalBasis, Purpose, Terms};
use crate::ledger::{KeptSample, Ledger, ReceivedRecord};
use crate::model::{Family, Pseudonym};

use crate::store::actor::today;
use crate::store::error::StoreError;
use crate::store::folder::Store;

impl Store {
    /// Reports whether a sample may leave for another agency: it has no terms, or its terms have the purpose `exchange`,
    /// its last day of keeping is not over, and a consent stands where that is the legal basis. The consents of samples that
    /// another agency sent are held there.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn may_exchange(&self, sample: Pseudonym) -> Result<bool, StoreError> {
        Ok(!self.samples_to_withhold()?.contains(&sample))
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
    withheld_of(&ledger.kept_samples(false)?, &ledger.received()?)
}

/// Returns those of these samples that may not leave, where the second list is what other agencies sent.
pub(in crate::store) fn withheld_of(
    kept: &[KeptSample],
    received: &[(i64, ReceivedRecord)],
) -> Result<BTreeSet<Pseudonym>, StoreError> {
    let (today, received) = (today()?, own_of(received));
    let stays = |one: &KeptSample| {
        let is_received = received.contains(&one.sample);
        one.terms.as_ref().is_some_and(|terms| !may_leave(terms, today, is_received))
    };
    Ok(kept.iter().filter(|one| stays(one)).map(|one| one.sample).collect())
}

/// Returns the samples that other agencies sent: these agencies hold the consents.
pub(in crate::store) fn from_others(ledger: &Ledger) -> Result<HashSet<Pseudonym>, StoreError> {
    Ok(own_of(&ledger.received()?))
}

fn own_of(received: &[(i64, ReceivedRecord)]) -> HashSet<Pseudonym> {
    received.iter().filter_map(|(_, record)| record.own).collect()
}

fn may_leave(terms: &Terms, today: Date, is_received: bool) -> bool {
    let has_consent = |kind| matches!(kind, ConsentKind::Own | ConsentKind::Guardian);
    let rests = terms.basis != LegalBasis::Consent
        || is_received
        || terms.consent.is_some_and(|consent| has_consent(consent.kind));
    rests && terms.allows(Purpose::Exchange) && !terms.is_over(today)
}
