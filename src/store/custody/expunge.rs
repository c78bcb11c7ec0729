//! Deletes samples and families permanently: from the ledger, the vault and the indices.

use std::collections::HashSet;

use crate::audit::Entry;
use crate::ledger::{Expunged, Ledger, LedgerError, Replacement, Scope, SealedFile};
use crate::model::Pseudonym;
use crate::pseudonym::Sealed;
use crate::report::AuditReport;

use super::traces::sweep;
use crate::store::actor::require_reason;
use crate::store::audit::{last_rekeying, records_about};
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::naming::identifiers::{IdentifierList, read_identifiers};
use crate::store::observer::Observer;

/// Selects the samples and families to expunge.
#[derive(Debug, Default)]
pub struct ExpungeOptions<'a> {
    /// Samples and families. Expunging a family deletes its relatives, unless they also belong to another family.
    pub whom: &'a [Pseudonym],
    /// Further samples or families, given by their original identifiers; this requires the key.
    pub identifiers: Option<IdentifierList<'a>>,
    /// `true` if nothing is deleted.
    pub dry_run: bool,
}

/// The result of expunging, or what it would delete.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ExpungeReport {
    /// Number of samples.
    pub samples: u64,
    /// Number of families.
    pub families: u64,
    /// What the ledger deleted; `None` in a dry run.
    pub deleted: Option<Expunged>,
    /// The earlier records of the audit chain that are, or may be, about one of the deleted: they show which data may
    /// have left the store.
    pub records: AuditReport,
    /// The agencies that have one of the deleted, by name: the next package to each withdraws it there.
    pub agencies: Vec<String>,
    /// The number of the last of these records that gave the store another key. Records before it refer to samples and
    /// families by pseudonyms of the earlier key.
    pub rekeyed_by: Option<u64>,
}

/// What expunging would delete.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToExpunge {
    /// The samples and families that were named.
    pub whom: Vec<Pseudonym>,
    /// Number of samples that would be deleted.
    pub samples: u64,
    /// Number of families that would be deleted.
    pub families: u64,
}

impl Store {
    /// Finds what expunging would delete, and changes nothing. Other processes may change the store before the deletion
    /// is run.
    ///
    /// # Errors
    /// Those of [`Self::expunge`].
    pub fn find_to_expunge(&self, options: ExpungeOptions<'_>, entry: &Entry) -> Result<ToExpunge, StoreError> {
        require_reason(entry)?;
        let mut ledger = self.ledger()?;
        let (whom, scope) = self.scope(options, &mut ledger)?;
        Ok(ToExpunge { whom, samples: scope.samples.len() as u64, families: scope.families.len() as u64 })
    }

    /// Deletes samples and families with everything that the store knows of them. The next match rebuilds the index.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let whom = ["6522de743b12e5bdd77e72e54cc7dbce".parse()?];
    /// let options = ExpungeOptions { whom: &whom, ..ExpungeOptions::default() };
    /// let report = store.expunge(options, &store::entry("expunge", Some("consent was withdrawn")), &Silent)?;
    /// println!("{} samples are gone", report.samples);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::ReasonNeeded`], [`StoreError::Nobody`], [`StoreError::NoSubject`], [`StoreError::IdentifierList`];
    /// nothing was deleted then. Another error may occur after the ledger has deleted them: the next operation that
    /// changes the store then removes the remaining traces.
    pub fn expunge(
        &self,
        options: ExpungeOptions<'_>,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<ExpungeReport, StoreError> {
        self.recording_unknown(entry, self.expunge_of_known(options, entry, observer))
    }

    fn expunge_of_known(
        &self,
        options: ExpungeOptions<'_>,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<ExpungeReport, StoreError> {
        require_reason(entry)?;
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        self.finish_interrupted(&mut ledger, observer)?;
        let dry_run = options.dry_run;
        let (_, scope) = self.scope(options, &mut ledger)?;
        let all: Vec<Pseudonym> = scope.samples.iter().chain(&scope.families).copied().collect();
        // Read the earlier records before the record of this expunging is added.
        let records = records_about(&ledger, &all)?;
        let rekeyed_by = last_rekeying(&records);
        let agencies = agencies_with(&ledger, &all)?;
        let deleted = if dry_run {
            ledger.append(&entry.clone().with("outcome", "dry run").about(all))?;
            None
        } else {
            let replaced = self.vault_without(&ledger, &scope)?;
            let deleted = ledger.expunge(&scope, &replaced, entry)?;
            self.finish_interrupted(&mut ledger, observer)?;
            Some(deleted)
        };
        Ok(ExpungeReport {
            samples: scope.samples.len() as u64,
            families: scope.families.len() as u64,
            deleted,
            records: AuditReport::new(records),
            agencies,
            rekeyed_by,
        })
    }

    /// Returns the samples and families that the options name, and everything that has to be deleted with them.
    fn scope(&self, options: ExpungeOptions<'_>, ledger: &mut Ledger) -> Result<(Vec<Pseudonym>, Scope), StoreError> {
        let mut whom = options.whom.to_vec();
        if let Some(list) = options.identifiers {
            let names = self.pseudonymizer(ledger)?;
            whom.extend(read_identifiers(list, &names)?);
        }
        if whom.is_empty() {
            return Err(StoreError::Nobody);
        }
        let scope = ledger.scope(&whom).map_err(|error| match error {
            LedgerError::Unknown(subject) => StoreError::NoSubject(subject),
            error => error.into(),
        })?;
        Ok((whom, scope))
    }

    /// Rewrites the files of the vault that hold records of a scope, without those records. Returns which file replaces
    /// which.
    fn vault_without(&self, ledger: &Ledger, scope: &Scope) -> Result<Vec<Replacement>, StoreError> {
        let vault = self.vault();
        let gone = |one: Sealed| {
            scope.samples.contains(&one.sample) || one.family.is_some_and(|family| scope.families.contains(&family))
        };
        sweep(&vault, ledger)?;
        let mut replaced = Vec::new();
        for SealedFile { name, .. } in ledger.sealed_files()? {
            let Some(file) = vault.without(&name, gone)? else { continue };
            if file.records == 0 {
                vault.remove(&file.name)?;
            }
            let by = (file.records > 0).then_some(SealedFile {
                name: file.name,
                digest: file.digest,
                records: file.records,
            });
            replaced.push(Replacement { name, by });
        }
        Ok(replaced)
    }
}

/// Returns the names of the agencies that have one of these samples or families.
fn agencies_with(ledger: &Ledger, whom: &[Pseudonym]) -> Result<Vec<String>, StoreError> {
    let whom: HashSet<Pseudonym> = whom.iter().copied().collect();
    let mut agencies = Vec::new();
    for partner in ledger.partners()? {
        let sent = ledger.sent_to(partner.id)?;
        if sent.iter().any(|record| record.own.is_some_and(|own| whom.contains(&own))) {
            agencies.push(partner.name);
        }
    }
    Ok(agencies)
}
