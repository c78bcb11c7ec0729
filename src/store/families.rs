//! Lists, checks, withdraws and restores the families of a store.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use crate::audit::Entry;
use crate::ledger::Ledger;
use crate::model::{Family, Pseudonym, UnknownWord};
use crate::report::{FamiliesReport, StateRow, StatesReport};

use super::checking::Checking;
use super::error::StoreError;
use super::folder::Store;
use super::observer::Observer;

/// Selects the families to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FamilyStates {
    /// Families that are marked or withdrawn.
    #[default]
    All,
    /// Families that are marked.
    Marked,
    /// Families that are withdrawn.
    Withdrawn,
}

/// The reason why a family is withdrawn from matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WithdrawalReason {
    /// A sample belongs to another person.
    WrongSample,
    /// A relative's true relation differs from the stated one.
    WrongRelation,
    /// The child was found.
    Found,
    /// Consent was withdrawn.
    Consent,
    /// Another reason.
    Other,
}

impl WithdrawalReason {
    /// All reasons.
    pub const ALL: [Self; 5] = [Self::WrongSample, Self::WrongRelation, Self::Found, Self::Consent, Self::Other];

    /// Returns the word for the reason in lists, the ledger and the audit chain.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WrongSample => "wrong-sample",
            Self::WrongRelation => "wrong-relation",
            Self::Found => "found",
            Self::Consent => "consent",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for WithdrawalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for WithdrawalReason {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let choices = "wrong-sample, wrong-relation, found, consent, other";
        Self::ALL.into_iter().find(|reason| reason.word() == text).ok_or(UnknownWord { choices })
    }
}

impl Store {
    /// Lists the families that are marked or withdrawn, by pseudonym.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use reunite::store::{FamilyStates, Store, entry};
    ///
    /// let store = Store::open(Path::new("reunite-store"), None)?;
    /// let report = store.list_families(FamilyStates::Marked, &entry("families list", None))?;
    /// for row in report.families {
    ///     println!("{}: {}", row.family, row.marks.join(" "));
    /// }
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn list_families(&self, which: FamilyStates, entry: &Entry) -> Result<StatesReport, StoreError> {
        let mut ledger = self.ledger()?;
        let mut rows: BTreeMap<Pseudonym, StateRow> = BTreeMap::new();
        let marks = if which == FamilyStates::Withdrawn { Vec::new() } else { ledger.marks()? };
        let withdrawn = if which == FamilyStates::Marked { Vec::new() } else { ledger.withdrawn()? };
        for (family, cause) in marks {
            rows.entry(family).or_insert_with(|| StateRow::new(family)).marks.push(cause);
        }
        for (family, reason) in withdrawn {
            rows.entry(family).or_insert_with(|| StateRow::new(family)).withdrawn = Some(reason);
        }
        let report = StatesReport::new(rows.into_values().collect());
        ledger.append_look(&entry.clone().about(report.families.iter().map(|row| row.family)))?;
        Ok(report)
    }

    /// Checks whether the relatives of families are consistent with their stated relations, and marks the families
    /// accordingly. `families` selects families; if it is empty, all families that are not withdrawn are checked.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use reunite::store::{Silent, Store, entry};
    ///
    /// let store = Store::open(Path::new("reunite-store"), None)?;
    /// let report = store.check_consistency(&[], &entry("families check", None), &Silent)?;
    /// println!("{} findings in {} families", report.findings.len(), report.families);
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::Locked`], [`StoreError::Marking`]; errors of the ledger. Nothing is
    /// marked then.
    pub fn check_consistency(
        &self,
        families: &[Pseudonym],
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<FamiliesReport, StoreError> {
        self.recording_unknown(entry, self.check_consistency_of_known(families, entry, observer))
    }

    fn check_consistency_of_known(
        &self,
        families: &[Pseudonym],
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<FamiliesReport, StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let families = if families.is_empty() {
            ledger.families(self.table().panel())?.0
        } else {
            self.families_named(&ledger, families)?
        };
        let checking = Checking::new(self)?;
        let entry = entry.clone().about(families.iter().map(|family| family.pseudonym));
        let findings = checking.mark(&mut ledger, &families, (&entry).into(), observer)?;
        Ok(FamiliesReport::new(families.len() as u64, checking.settings_line(), findings))
    }

    /// Withdraws families: the next match leaves them out. Returns how many were not yet withdrawn for this reason.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let family = "6522de743b12e5bdd77e72e54cc7dbce".parse()?;
    /// store.withdraw_families(&[family], WithdrawalReason::Found, &store::entry("families withdraw", None))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::Locked`]; errors of the ledger. Nothing is changed then.
    pub fn withdraw_families(
        &self,
        families: &[Pseudonym],
        reason: WithdrawalReason,
        entry: &Entry,
    ) -> Result<usize, StoreError> {
        self.recording_unknown(entry, self.change_families(families, Some(reason.word()), entry))
    }

    /// Restores withdrawn families: the next match includes them again. Returns how many were withdrawn.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let family = "6522de743b12e5bdd77e72e54cc7dbce".parse()?;
    /// store.restore_families(&[family], &store::entry("families restore", None))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::Locked`]; errors of the ledger. Nothing is changed then.
    pub fn restore_families(&self, families: &[Pseudonym], entry: &Entry) -> Result<usize, StoreError> {
        self.recording_unknown(entry, self.change_families(families, None, entry))
    }

    fn change_families(
        &self,
        families: &[Pseudonym],
        reason: Option<&str>,
        entry: &Entry,
    ) -> Result<usize, StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        self.families_named(&ledger, families)?;
        Ok(ledger.withdraw(families, reason, &entry.clone().with("cause", reason))?)
    }

    /// Reads families that must be in the store, in the given order.
    fn families_named(&self, ledger: &Ledger, names: &[Pseudonym]) -> Result<Vec<Family>, StoreError> {
        let found = ledger.families_named(self.table().panel(), names)?.into_iter();
        let found: HashMap<Pseudonym, Family> = found.map(|family| (family.pseudonym, family)).collect();
        names.iter().map(|name| found.get(name).cloned().ok_or(StoreError::NoFamily(*name))).collect()
    }

    /// Reads a family that must be in the store.
    pub(super) fn family(&self, ledger: &Ledger, family: Pseudonym) -> Result<Family, StoreError> {
        ledger.family(self.table().panel(), family)?.ok_or(StoreError::NoFamily(family))
    }
}
