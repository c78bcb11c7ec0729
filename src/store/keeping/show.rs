//! Shows the terms of one sample.

use crate::audit::Entry;
use crate::keeping::{AsOf, due};
use crate::model::Pseudonym;
use crate::report::{KeepingDueRow, TermsReport};

use crate::store::actor::today;
use crate::store::error::StoreError;
use crate::store::folder::Store;

impl Store {
    /// Returns the terms on which a sample is kept, and what is due about it.
    ///
    /// # Errors
    /// [`StoreError::NoSample`], [`StoreError::NoTerms`]; errors of the ledger.
    pub fn terms(&self, sample: Pseudonym, entry: &Entry) -> Result<TermsReport, StoreError> {
        self.recording_unknown(entry, self.terms_known(sample, entry))
    }

    fn terms_known(&self, sample: Pseudonym, entry: &Entry) -> Result<TermsReport, StoreError> {
        let mut ledger = self.ledger()?;
        if ledger.samples_known([sample])?.is_empty() {
            return Err(StoreError::NoSample(sample));
        }
        let terms = ledger.terms_of(sample)?.ok_or(StoreError::NoTerms(sample))?;
        let is_child = ledger.has_child(sample)?;
        let as_of = AsOf::day(today()?);
        let all = due(&terms, is_child, &as_of);
        let rows = all.iter().map(|due| KeepingDueRow::new(sample, is_child, &terms, due, as_of.today)).collect();
        ledger.append_look(&entry.clone().about([sample]))?;
        Ok(TermsReport::new(sample, &terms, rows))
    }
}
