//! Opens sealed records to reveal the original identifiers behind pseudonyms.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use crate::audit::Entry;
use crate::model::Pseudonym;
use crate::pseudonym::{Opened, Sealed};

use crate::store::actor::require_reason;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::naming::identifiers::IdentifierKind;

/// The pseudonyms to reidentify, and the authority for that.
#[derive(Clone, Copy, Debug)]
pub struct Reidentification<'a> {
    /// The samples and families to reidentify.
    pub wanted: &'a BTreeSet<Pseudonym>,
    /// The custodian's identity file; outside the store.
    pub identity: &'a Path,
    /// The number of the case or order that authorises the custodian; the audit chain records it.
    pub case_number: &'a str,
}

/// An original identifier. Its debug form does not show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OriginalIdentifier {
    /// The pseudonym that stands for the identifier.
    pub pseudonym: Pseudonym,
    /// The kind of thing that the identifier names.
    pub kind: IdentifierKind,
    /// The agency that issued it; empty if none was named.
    pub agency: String,
    /// The identifier.
    pub identifier: String,
}

impl fmt::Debug for OriginalIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OriginalIdentifier({}, ..)", self.pseudonym)
    }
}

/// The result of a reidentification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reidentified {
    /// The identifiers found, by pseudonym.
    pub identifiers: BTreeSet<OriginalIdentifier>,
    /// Pseudonyms for which there is no sealed record.
    pub unknown: Vec<Pseudonym>,
}

impl Store {
    /// Returns the original identifiers behind pseudonyms. The audit chain records the attempt before any record is
    /// opened.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let wanted = ["6522de743b12e5bdd77e72e54cc7dbce".parse()?].into();
    /// let whom = Reidentification { wanted: &wanted, identity: "custodian.age".as_ref(), case_number: "2026-17" };
    /// let found = store.reidentify(&whom, &store::entry("reidentify", Some("order of the court")))?;
    /// println!("{} identifiers", found.identifiers.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::ReasonNeeded`], [`StoreError::InsideStore`], [`StoreError::Key`] for the identity file,
    /// [`StoreError::Vault`] if a file cannot be opened with it; errors of the ledger.
    pub fn reidentify(&self, whom: &Reidentification<'_>, entry: &Entry) -> Result<Reidentified, StoreError> {
        let &Reidentification { wanted, identity, case_number } = whom;
        require_reason(entry)?;
        let mut ledger = self.ledger()?;
        let identity = self.custodian_identity(identity)?;
        // An attempt must be recorded before any record is opened.
        let entry = entry.clone().with("asked", wanted.len()).with("case_number", case_number);
        ledger.append(&entry.about(wanted.iter().copied()))?;
        let vault = self.vault();
        let is_wanted = |sealed: Sealed| {
            wanted.contains(&sealed.sample) || sealed.family.is_some_and(|family| wanted.contains(&family))
        };
        let mut identifiers: BTreeSet<OriginalIdentifier> = BTreeSet::new();
        for file in ledger.sealed_files()? {
            vault.open(&file.name, &identity, is_wanted, |opened| {
                identifiers.extend(of_record(&opened).filter(|one| wanted.contains(&one.pseudonym)));
                Ok::<(), StoreError>(())
            })?;
        }
        let known: BTreeSet<Pseudonym> = identifiers.iter().map(|one| one.pseudonym).collect();
        Ok(Reidentified { unknown: wanted.difference(&known).copied().collect(), identifiers })
    }
}

/// Returns the identifiers of an opened record.
fn of_record(opened: &Opened) -> impl Iterator<Item = OriginalIdentifier> + '_ {
    let one = |pseudonym, kind, identifier: &str| OriginalIdentifier {
        pseudonym,
        kind,
        agency: opened.agency.to_string(),
        identifier: identifier.to_owned(),
    };
    let family = opened.family.zip(opened.family_id.as_ref());
    [one(opened.sample, IdentifierKind::Sample, &opened.sample_id)]
        .into_iter()
        .chain(family.map(|(family, identifier)| one(family, IdentifierKind::Family, identifier)))
}
