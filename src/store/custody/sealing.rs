//! Seals the original identifiers of imports to the custodians of a store.

use std::error::Error;

use rayon::prelude::*;

use crate::ledger::{Batch, Ledger, SealedFile};
use crate::pseudonym::{Custodian, Pseudonymizer, Record, Sealed, Vault};

use crate::store::error::StoreError;
use crate::store::folder::Store;

/// The number of records that are sealed before they are written.
pub(in crate::store) const PAGE: usize = 8192;
/// The number of records that a thread seals in one piece.
pub(in crate::store) const TOGETHER: usize = 256;

/// Reads custodians' recipients. Errors do not repeat an invalid recipient: it may be a secret.
///
/// # Errors
/// [`StoreError::Custodian`].
pub fn custodians(recipients: &[String]) -> Result<Vec<Custodian>, StoreError> {
    recipients.iter().map(|text| text.parse().map_err(StoreError::Custodian)).collect()
}

/// Seals the original identifiers of an import to the custodians of a store.
pub(in crate::store) struct Sealing {
    vault: Vault,
    custodians: Vec<Custodian>,
    written: Option<String>,
}

impl Sealing {
    /// Begins sealing; `None` if the store has no custodian, in which case identifiers are not kept.
    pub(in crate::store) fn begin(store: &Store, ledger: &Ledger) -> Result<Option<Self>, StoreError> {
        let custodians = custodians(&ledger.custodians()?)?;
        let vault = store.vault();
        vault.clear_unfinished()?;
        Ok((!custodians.is_empty()).then_some(Self { vault, custodians, written: None }))
    }

    /// Seals the identifiers of some rows in a file, and flushes it to the disk.
    pub(in crate::store) fn seal(
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
        // The order of the imported file is mostly that of the numbers, and would reveal them.
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

    /// Removes the file of a failed import, unless the ledger names it nevertheless.
    pub(in crate::store) fn undo(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        let Some(name) = self.written.take() else { return Ok(()) };
        if ledger.sealed_files()?.iter().all(|file| file.name != name) {
            self.vault.remove(&name)?;
        }
        Ok(())
    }

    /// Keeps the file, because the import is committed.
    pub(in crate::store) fn keep(&mut self) {
        self.written = None;
    }
}
