//! Seals the original identifiers of imports to the custodians of a store.

use std::error::Error;

use rayon::prelude::*;

use crate::ledger::{Batch, Ledger, SealedFile};
use crate::pseudonym::{Custodian, Pseudonymizer, Record, Sealed, Vault};

use super::error::StoreError;
use super::folder::Store;

/// Records that are sealed at once, before they are written.
pub(super) const PAGE: usize = 8192;
/// How many of them one thread does before the next.
pub(super) const TOGETHER: usize = 256;

/// Reads custodians without repeating what is none: it may be a secret.
///
/// # Errors
/// [`StoreError::Custodian`].
pub fn custodians(recipients: &[String]) -> Result<Vec<Custodian>, StoreError> {
    recipients.iter().map(|text| text.parse().map_err(StoreError::Custodian)).collect()
}

/// Seals what imports bring to the custodians of a store.
pub(super) struct Sealing {
    vault: Vault,
    custodians: Vec<Custodian>,
    written: Option<String>,
}

impl Sealing {
    /// `None` if the store has no custodian: then identifiers are not kept at all.
    pub(super) fn begin(store: &Store, ledger: &Ledger) -> Result<Option<Self>, StoreError> {
        let custodians = custodians(&ledger.custodians()?)?;
        let vault = store.vault();
        vault.clear_unfinished()?;
        Ok((!custodians.is_empty()).then_some(Self { vault, custodians, written: None }))
    }

    /// Seals the identifiers of some rows in a file that is safe on the disk afterwards.
    pub(super) fn seal(
        &mut self,
        batch: &Batch,
        rows: &[usize],
        names: &Pseudonymizer,
    ) -> Result<SealedFile, Box<dyn Error + Send + Sync>> {
        let mut writer = self.vault.begin(&self.custodians)?;
        let of = |&row: &usize| {
            let row = &batch.rows[row];
            Sealed { sample: row.sample, family: row.family.map(|family| family.0) }
        };
        let mut all: Vec<Sealed> = rows.iter().map(of).collect();
        // Not in the order of the file, which mostly is that of the numbers: it would give them away.
        all.par_sort_unstable();
        for page in all.chunks(PAGE) {
            let seal = |some: &[Sealed]| names.seal(some);
            let page: Vec<Vec<Record>> = page.par_chunks(TOGETHER).map(seal).collect::<Result<_, _>>()?;
            page.iter().flatten().try_for_each(|record| writer.push(record))?;
        }
        let file = writer.finish()?;
        self.written = Some(file.name.clone());
        Ok(SealedFile { name: file.name, digest: file.digest, records: file.records })
    }

    /// Removes the file of an import that failed after all, unless the ledger names it all the same.
    pub(super) fn undo(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        let Some(name) = self.written.take() else { return Ok(()) };
        if ledger.sealed_files()?.iter().all(|file| file.name != name) {
            self.vault.remove(&name)?;
        }
        Ok(())
    }

    /// The import was acknowledged.
    pub(super) fn keep(&mut self) {
        self.written = None;
    }
}
