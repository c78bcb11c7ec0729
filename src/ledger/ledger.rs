//! Defines the connection to a ledger, which every operation of this module uses.

use std::path::PathBuf;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::LedgerError;
use super::cipher::LedgerKey;
use super::review_records::ReviewMemory;
use super::seal::Seal;

/// The ledger of a store. It has one connection; meanwhile other processes can read, and wait to write.
///
/// ```
/// use reunite::audit::Entry;
/// use reunite::ledger::{Batch, Ledger, LedgerKey, OnConflict, Returning};
/// use reunite::model::{Layout, Locus, Panel, Profile, SampleRecord, Sex};
///
/// let folder = tempfile::tempdir()?;
/// // Only a build that encrypts ledgers needs the key.
/// let key = LedgerKey::new([7; 32].into());
/// let mut ledger = Ledger::create(&folder.path().join("ledger.db"), Some(&key))?;
///
/// let loci: Vec<Locus> = vec!["vWA".parse()?, "FGA".parse()?];
/// let child = SampleRecord {
///     line: 2,
///     sample: "00010203feff060708090a0b0c0d0e0f".parse()?,
///     family: None,
///     sex: Sex::Female,
///     agency: None,
///     region: None,
///     kit: None,
///     collected_on: None,
///     drop_out: None,
///     profile: Profile::new(vec!["14/15".parse().ok(), "22".parse().ok()]),
///     many: Vec::new(),
/// };
/// let batch = Batch {
///     layout: Layout::Children,
///     file_digest: [0; 32],
///     loci: loci.clone(),
///     rows: vec![child],
///     pedigrees: Vec::new(),
///     returning: Returning::default(),
/// };
/// // Every change says who made it: the entry is appended to the audit chain together with the change.
/// let entry = Entry::new(1000, "ada", "import", None);
/// let report = ledger.import(&batch, OnConflict::Refuse, false, &entry)?;
/// assert_eq!(report.added, 1);
///
/// let panel = Panel::new(loci)?;
/// let mut children = Vec::new();
/// ledger.children(&panel, |child| children.push(child))?;
/// assert_eq!(children[0].profile.genotypes().len(), 2);
/// assert_eq!(ledger.audit_end()?.length, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Ledger {
    pub(super) connection: Connection,
    pub(super) seal: Seal,
    pub(super) path: PathBuf,
    /// The key that encrypts the file, if it is encrypted.
    pub(super) key: Option<LedgerKey>,
    /// What this process has checked of the audit chain, if it remembers that.
    pub(super) memory: Option<ReviewMemory>,
}

impl Ledger {
    /// Reports whether this account can only read the ledger, or whether its place cannot be written to.
    #[must_use]
    pub fn reads_only(&self) -> bool {
        self.seal.reads_only()
    }

    /// Continues to check the audit chain where a former connection of this process stopped.
    pub(crate) fn remember(&mut self, memory: &ReviewMemory) {
        self.memory = Some(memory.clone());
    }

    /// Begins a transaction that may write. It is rolled back unless it is committed.
    pub(super) fn begin(&mut self) -> Result<Transaction<'_>, LedgerError> {
        if self.reads_only() {
            return Err(LedgerError::ReadOnly(self.path.clone()));
        }
        // The transaction takes the write lock at once, because a reader that begins to write half-way may have to give
        // up.
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// Empties the journal, so that it no longer has what was overwritten. Returns `false` if another program is
    /// reading the ledger.
    pub(super) fn empty_journal(&mut self) -> Result<bool, LedgerError> {
        let _others_wait = self.seal.break_open()?;
        let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // If that fails, the ledger's own connection stays open a moment longer, and the next command seals the file.
        if let Ok(nothing) = Connection::open_in_memory() {
            self.seal.close(std::mem::replace(&mut self.connection, nothing));
        }
    }
}
