//! Removes the traces of expunging and key rotations, even after an interruption.

use std::collections::HashSet;

use crate::ledger::Ledger;
use crate::pseudonym::Vault;

use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::observer::{Notice, Observer};

impl Store {
    /// Removes every trace of expunged or renamed samples, including the traces of an interrupted operation. The store
    /// must be locked.
    pub(in crate::store) fn finish_interrupted(
        &self,
        ledger: &mut Ledger,
        observer: &dyn Observer,
    ) -> Result<(), StoreError> {
        let Some(doomed) = ledger.unfinished()? else { return Ok(()) };
        let vault = self.vault();
        vault.clear_unfinished()?;
        doomed.iter().try_for_each(|name| vault.remove(name))?;
        self.remove_index()?;
        if ledger.compact()? {
            ledger.finished()?;
        } else {
            observer.notice(&Notice::TracesStay);
        }
        Ok(())
    }
}

/// Lists the finished files of the vault that the ledger does not name.
pub(in crate::store) fn orphans(vault: &Vault, ledger: &Ledger) -> Result<Vec<String>, StoreError> {
    let known: HashSet<String> = ledger.sealed_files()?.into_iter().map(|file| file.name).collect();
    let mut names = vault.names()?;
    names.retain(|name| !known.contains(name));
    Ok(names)
}

/// Removes the vault files that the ledger does not name. They may contain other pseudonyms of the samples, made with
/// an earlier key or with a key that the store never got.
pub(in crate::store) fn sweep(vault: &Vault, ledger: &Ledger) -> Result<(), StoreError> {
    vault.clear_unfinished()?;
    orphans(vault, ledger)?.iter().try_for_each(|name| Ok(vault.remove(name)?))
}
