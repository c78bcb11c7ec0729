//! The connection to a ledger, which every operation of the room works on.

use std::path::PathBuf;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::cipher::LedgerKey;

/// The ledger of a store. One connection; other processes may read meanwhile, and wait to write.
#[derive(Debug)]
pub struct Ledger {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// What the file is encrypted with, if it is.
    pub(super) key: Option<LedgerKey>,
}

impl Ledger {
    /// A transaction that may write; rolled back unless committed.
    pub(super) fn begin(&mut self) -> rusqlite::Result<Transaction<'_>> {
        // Taking the write lock at once: a reader that turns writer half-way may have to give up.
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate)
    }
}
