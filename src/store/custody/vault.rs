//! Manages the vault's custodians, and removes files that interrupted operations left in the vault.

use crate::audit::Entry;
use crate::pseudonym::Custodian;

use super::traces::orphans;
use crate::store::error::StoreError;
use crate::store::folder::Store;

impl Store {
    /// Lists the custodians as age recipients.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// let store = reunite::store::Store::open(Path::new("reunite-store"), None)?;
    /// for recipient in store.list_custodians()? {
    ///     println!("{recipient}");
    /// }
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn list_custodians(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.ledger()?.custodians()?)
    }

    /// Adds custodians: the identifiers of later imports are sealed to them, too. Returns how many are new.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let custodians = custodians(&["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p".to_owned()])?;
    /// store.add_custodians(&custodians, &store::entry("vault recipients add", None))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Locked`]; errors of the ledger.
    pub fn add_custodians(&self, custodians: &[Custodian], entry: &Entry) -> Result<usize, StoreError> {
        let _lock = self.lock()?;
        Ok(self.ledger()?.add_custodians(&recipients(custodians), entry)?)
    }

    /// Removes custodians: nothing more is sealed to them, but what was already sealed to them stays readable for them.
    /// Returns how many were custodians.
    ///
    /// # Errors
    /// [`StoreError::Locked`]; errors of the ledger.
    pub fn remove_custodians(&self, custodians: &[Custodian], entry: &Entry) -> Result<usize, StoreError> {
        let _lock = self.lock()?;
        Ok(self.ledger()?.remove_custodians(&recipients(custodians), entry)?)
    }

    /// Removes files of the vault that an interrupted operation left and the ledger does not name. Returns how many.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::Vault`]; errors of the ledger.
    pub fn sweep_vault(&self, entry: &Entry) -> Result<usize, StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let vault = self.vault();
        vault.clear_unfinished()?;
        let orphans = orphans(&vault, &ledger)?;
        ledger.append(&entry.clone().with("files", orphans.len()))?;
        orphans.iter().try_for_each(|name| vault.remove(name))?;
        Ok(orphans.len())
    }
}

/// Returns custodians as the ledger stores them.
fn recipients(custodians: &[Custodian]) -> Vec<String> {
    custodians.iter().map(ToString::to_string).collect()
}
