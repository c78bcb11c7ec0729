//! Deletes samples and families for good: from the ledger, the vault and the indices.

use std::fmt;
use std::io::BufRead;

use crate::audit::Entry;
use crate::ledger::{Expunged, Ledger, LedgerError, Replacement, Scope, SealedFile};
use crate::model::Pseudonym;
use crate::pseudonym::{Pseudonymizer, Sealed};
use crate::report::AuditReport;

use super::actor::require_reason;
use super::audit::{last_rekeying, records_about};
use super::error::{BadLine, StoreError};
use super::folder::Store;
use super::observer::Observer;
use super::traces::sweep;

/// What an original identifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// A relative's sample, or a child's.
    Sample,
    /// A family.
    Family,
}

impl IdentifierKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Sample, Self::Family];

    /// The word used in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Family => "family",
        }
    }
}

/// Original identifiers, one a line.
pub struct IdentifierList<'a> {
    /// What they name.
    pub kind: IdentifierKind,
    /// The agency that issued them, if the imported files named one.
    pub agency: Option<&'a str>,
    /// What errors call the list.
    pub name: &'a str,
    /// The list.
    pub lines: &'a mut dyn BufRead,
}

impl fmt::Debug for IdentifierList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentifierList({:?}, {}, ..)", self.kind, self.name)
    }
}

/// Whom to expunge.
#[derive(Debug, Default)]
pub struct ExpungeOptions<'a> {
    /// Samples and families. A family takes its relatives along, unless they are also in another one.
    pub whom: &'a [Pseudonym],
    /// More of them, by their original identifiers; this needs the key.
    pub identifiers: Option<IdentifierList<'a>>,
    /// Whether nothing is deleted.
    pub dry_run: bool,
}

/// What was expunged, or would be.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ExpungeReport {
    /// How many samples.
    pub samples: u64,
    /// How many families.
    pub families: u64,
    /// What the ledger deleted; `None` in a dry run.
    pub deleted: Option<Expunged>,
    /// The records of the audit chain that were, or may be, about one of them before this: what may have left the store.
    pub records: AuditReport,
    /// The last of these records that gave the store another key: older records know samples and families by the
    /// pseudonyms of the key before.
    pub rekeyed_by: Option<u64>,
}

impl Store {
    /// Deletes samples and families with everything that is known of them. The next match builds the index anew.
    ///
    /// # Errors
    /// [`StoreError::ReasonNeeded`], [`StoreError::Nobody`], [`StoreError::NoSubject`], [`StoreError::IdentifierList`];
    /// then nothing was deleted. Another error may come after the ledger has deleted them: the next operation that changes
    /// the store then removes what is left.
    pub fn expunge(
        &self,
        options: ExpungeOptions<'_>,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<ExpungeReport, StoreError> {
        require_reason(entry)?;
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        self.finish_interrupted(&mut ledger, observer)?;
        let mut whom = options.whom.to_vec();
        if let Some(list) = options.identifiers {
            let names = self.pseudonymizer(&mut ledger)?;
            whom.extend(read_identifiers(list, &names)?);
        }
        if whom.is_empty() {
            return Err(StoreError::Nobody);
        }
        let scope = ledger.scope(&whom).map_err(|error| match error {
            LedgerError::Unknown(subject) => StoreError::NoSubject(subject),
            error => error.into(),
        })?;
        let all: Vec<Pseudonym> = scope.samples.iter().chain(&scope.families).copied().collect();
        // Asked before the record of expunging is among them.
        let records = records_about(&ledger, &all)?;
        let rekeyed_by = last_rekeying(&records);
        let deleted = if options.dry_run {
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
            rekeyed_by,
        })
    }

    /// Writes the files of the vault that hold records of a scope anew, without those. Gives which file took the place of
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

/// Turns original identifiers into pseudonyms.
fn read_identifiers(list: IdentifierList<'_>, names: &Pseudonymizer) -> Result<Vec<Pseudonym>, StoreError> {
    let IdentifierList { kind, agency, name, lines } = list;
    let mut pseudonyms = Vec::new();
    for (number, line) in (1..).zip(lines.lines()) {
        let pseudonym = line.map_err(BadLine::Io).and_then(|line| {
            let pseudonym = match kind {
                IdentifierKind::Sample => names.sample(agency, &line),
                IdentifierKind::Family => names.family(agency, &line),
            };
            pseudonym.map_err(BadLine::Identifier)
        });
        let at = |source| StoreError::IdentifierList { list: name.to_owned(), line: number, source };
        pseudonyms.push(pseudonym.map_err(at)?);
    }
    Ok(pseudonyms)
}
