//! The parts of a backup: which files of a store it holds, and what it says of the store.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::files::LOCK;
use crate::store::configuration::config::Config;
use crate::store::error::{FileAction, StoreError};
use crate::store::folder::Store;

use crate::store::configuration::config::{CONFIG, LEDGER};
use crate::store::folder::{INDEX, VAULT};

/// The first part of a backup, which is no file of the store.
pub(in crate::store) const ABOUT: &str = "backup.json";
/// Most bytes of the parts that are read into memory: what the backup says, and the settings.
pub(in crate::store) const MOST_TEXT: u64 = 1 << 20;
/// Most bytes of a frequency table.
pub(in crate::store) const MOST_TABLE: u64 = 64 << 20;

/// What a backup says of the store, to compare with what is restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct About {
    /// The program that wrote it.
    pub(in crate::store) program: String,
    /// When, by UTC.
    pub(in crate::store) made_at: String,
    pub(in crate::store) store_id: String,
    pub(in crate::store) generation: u64,
    pub(in crate::store) audit_records: u64,
    pub(in crate::store) audit_head: String,
}

/// Reports whether a file of a store's folder may be a frequency table.
pub(in crate::store) fn is_table(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.ends_with(".csv") && !name.starts_with('.') && name.chars().all(letters)
}

/// Returns the name of a file in the vault if the part may be one: 32 digits.
pub(in crate::store) fn sealed_file(part: &str) -> Option<&str> {
    let name = part.strip_prefix(VAULT)?.strip_prefix('/')?;
    let digits = name.strip_suffix(".sealed")?;
    (digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(name)
}

/// The files of a store's folder, beside its ledger and vault.
pub(in crate::store) struct Listed {
    /// The frequency tables.
    pub(in crate::store) tables: Vec<String>,
    /// Files and folders that are not a store's, and not in its backup.
    pub(in crate::store) others: Vec<String>,
}

/// Lists the files of a store's folder.
pub(in crate::store) fn listed(store: &Store, config: &Config) -> Result<Listed, StoreError> {
    let read = |source| StoreError::io(FileAction::Read, store.dir(), source);
    let (mut tables, mut others) = (Vec::new(), Vec::new());
    let populations = config.frequencies.populations.iter().map(|one| &one.file);
    let named: Vec<&String> = populations.chain([&config.frequencies.file]).collect();
    for entry in fs::read_dir(store.dir()).map_err(read)? {
        let entry = entry.map_err(read)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && is_table(&name) && (name.starts_with("frequencies") || named.contains(&&name)) {
            tables.push(name);
        } else if !is_of_store(&name) {
            others.push(name);
        }
    }
    tables.sort_unstable();
    others.sort_unstable();
    Ok(Listed { tables, others })
}

/// Reports whether a file or folder of this name belongs to a store, or is an unfinished file of a command.
fn is_of_store(name: &str) -> bool {
    let of_ledger = name.strip_prefix(LEDGER);
    [CONFIG, LOCK, INDEX, VAULT].contains(&name)
        || of_ledger.is_some_and(|end| ["", ".seal", "-wal", "-shm", "-journal"].contains(&end))
        || of_ledger.is_some_and(|end| end.starts_with(".encrypting"))
        || name.starts_with(".reunite-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_no_parts() {
        assert!(is_table("frequencies.csv") && is_table("frequencies-0a.csv"));
        for name in ["../x.csv", "/x.csv", ".x.csv", "a/x.csv", "x", "", "a\0.csv", "a b.csv", ".csv", "..csv"] {
            assert!(!is_table(name), "{name}");
        }
        let digits = "0123456789abcdef0123456789abcdef";
        assert!(sealed_file(&format!("vault/{digits}.sealed")).is_some());
        for name in ["vault/../x.sealed", "vault//etc/x.sealed", "/vault/x.sealed", "vault/x.sealed", "vault/.sealed"] {
            assert!(sealed_file(name).is_none(), "{name}");
        }
    }
}
