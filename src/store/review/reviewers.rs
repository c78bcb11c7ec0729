//! Enrols the reviewers of a store, lists them, and ends enrolments.

use std::path::Path;

use crate::audit::{Entry, ReviewerKey, ReviewerPublicKey};
use crate::pseudonym::{KeySource, Passphrase};
use crate::report::{ReviewerRow, ReviewersReport};
use crate::review::{Role, Roll, StaffCode};

use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::output::write::outside;

impl Store {
    /// Enrols a reviewer with a staff code and a public key. A key is enrolled once and never again, so that it stands
    /// for one person; a staff code whose enrolment ended may be enrolled with a new key.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let key = reunite::audit::ReviewerPublicKey::load("r17.key.pub".as_ref())?;
    /// store.enrol_reviewer(&"R17".parse()?, key, Default::default(), &store::entry("review enrol", None))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::ReviewerEnrolled`], [`StoreError::ReviewerKeyKnown`], [`StoreError::Locked`]; errors of the ledger.
    pub fn enrol_reviewer(
        &self,
        staff: &StaffCode,
        key: ReviewerPublicKey,
        role: Role,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let roll = ledger.reviews()?.roll;
        if let Some(enrolled) = roll.enrolled(staff) {
            return Err(StoreError::ReviewerEnrolled(enrolled.staff.clone()));
        }
        if roll.knows_key(key) {
            return Err(StoreError::ReviewerKeyKnown);
        }
        Ok(ledger.enrol_reviewer(staff, key, role, entry)?)
    }

    /// Gives an enrolled person another role. Decisions that the person signed before stay valid.
    ///
    /// # Errors
    /// [`StoreError::NoReviewer`], [`StoreError::Locked`]; errors of the ledger.
    pub fn set_role(&self, staff: &StaffCode, role: Role, entry: &Entry) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let roll = ledger.reviews()?.roll;
        let enrolled = roll.enrolled(staff).ok_or_else(|| StoreError::NoReviewer(staff.clone()))?;
        Ok(ledger.set_role(&enrolled.staff, role, entry)?)
    }

    /// Returns all enrolments. Nothing is recorded: they are no data of persons whose profiles the store has.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn roll(&self) -> Result<Roll, StoreError> {
        Ok(self.ledger()?.reviews()?.roll)
    }

    /// Ends the enrolment of a reviewer. Decisions that the reviewer signed before stay valid.
    ///
    /// # Errors
    /// [`StoreError::NoReviewer`], [`StoreError::Locked`]; errors of the ledger.
    pub fn withdraw_reviewer(&self, staff: &StaffCode, entry: &Entry) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let roll = ledger.reviews()?.roll;
        let enrolled = roll.enrolled(staff).ok_or_else(|| StoreError::NoReviewer(staff.clone()))?;
        Ok(ledger.withdraw_reviewer(&enrolled.staff, entry)?)
    }

    /// Lists all enrolments, with those that ended.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn reviewers(&self, entry: &Entry) -> Result<ReviewersReport, StoreError> {
        let mut ledger = self.ledger()?;
        let mut rows = Vec::new();
        for one in ledger.reviews()?.roll.0 {
            let time = |at| Ok::<_, StoreError>(jiff::Timestamp::from_second(at)?.to_string());
            let (staff, key) = (one.staff.to_string(), one.key.to_string());
            let mut row = ReviewerRow::new(staff, key, time(one.enrolled_at)?, one.enrolled_by);
            row.role = one.role;
            row.withdrawn_at = one.withdrawn_at.map(time).transpose()?;
            rows.push(row);
        }
        ledger.append_look(&entry.clone().with("reviewers", rows.len()))?;
        Ok(ReviewersReport::new(rows))
    }

    /// Opens a reviewer's key, which must lie outside the store.
    ///
    /// # Errors
    /// [`StoreError::InsideStore`], [`StoreError::ReviewerKey`].
    pub fn reviewer_key(&self, file: &Path, passphrase: &Passphrase) -> Result<ReviewerKey, StoreError> {
        let source = KeySource::File(file.to_owned());
        outside(&source.path(), self.dir(), "reviewer's key")?;
        Ok(ReviewerKey::load(&source, passphrase)?)
    }
}
