//! Reads all candidates as the basis of a run, with two threads if there are many.

use std::path::Path;
use std::thread;

use rusqlite::Connection;

use super::candidates;
use super::checksum::Sum;
use super::cipher::LedgerKey;
use super::generation::generation;
use super::ledger::Ledger;
use super::{CurrentCandidate, LedgerError};
use crate::model::Pseudonym;

/// Number of candidates from which on a second thread reads half of them: fewer take no longer than a moment.
const MANY: usize = if cfg!(test) { 2 } else { 50_000 };

/// The candidates before a run, and the generation and run that they are of.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The candidates, by family and child.
    pub candidates: Vec<CurrentCandidate>,
    pub(super) generation: u64,
    pub(super) run: Option<i64>,
}

impl Ledger {
    /// Returns the current candidates, as the basis of a run.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn standing(&self) -> Result<Standing, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let state = State::of(&tx)?;
        let Rows { candidates, sums } = if state.candidates < MANY || self.reads_only() {
            Rows::read(&tx, Half::First, state)?.followed_by(Rows::read(&tx, Half::Second, state)?)
        } else {
            let (path, key) = (self.path.as_path(), self.key.as_ref());
            let (first, second) = thread::scope(|scope| {
                let second = scope.spawn(|| second_half(path, key, state));
                (Rows::read(&tx, Half::First, state), second.join())
            });
            match second {
                Ok(Ok(Some(second))) => first?.followed_by(second),
                // Without a second connection to the same state, the first reads everything.
                _ => first?.followed_by(Rows::read(&tx, Half::Second, state)?),
            }
        };
        // All threads compare the checksums: this takes as long as reading.
        candidates::check(&candidates, &sums)?;
        Ok(Standing { candidates, generation: state.generation, run: state.run })
    }
}

/// Returns the number of the last run, if there is one.
pub(super) fn last_id(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT max(id) FROM run", [], |row| row.get(0))
}

/// Reads the second half of the candidates over a connection of its own; `None` if the ledger changed since.
fn second_half(path: &Path, key: Option<&LedgerKey>, state: State) -> Result<Option<Rows>, LedgerError> {
    let connection = Ledger::connect_to_read(path, key)?;
    let tx = connection.unchecked_transaction()?;
    if State::of(&tx)? != state { Ok(None) } else { Rows::read(&tx, Half::Second, state).map(Some) }
}

/// The state of a ledger's candidates: no other state has the same generation and last run.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    generation: u64,
    run: Option<i64>,
    /// Number of candidates of the last run, if there is one. Imports may have removed some.
    candidates: usize,
}

impl State {
    fn of(connection: &Connection) -> Result<Self, LedgerError> {
        let run = last_id(connection)?;
        let number = |run| connection.query_row("SELECT candidates FROM run WHERE id = ?1", [run], |row| row.get(0));
        let candidates: i64 = run.map_or(Ok(0), number)?;
        let candidates = usize::try_from(candidates).unwrap_or_default();
        Ok(Self { generation: generation(connection)?.number, run, candidates })
    }
}

/// One half of the candidates: pseudonyms are evenly distributed.
#[derive(Clone, Copy)]
enum Half {
    First,
    Second,
}

/// Candidates by family and child, with their checksums.
struct Rows {
    candidates: Vec<CurrentCandidate>,
    sums: Vec<Option<Sum>>,
}

impl Rows {
    fn read(connection: &Connection, half: Half, state: State) -> Result<Self, LedgerError> {
        let (first, last) = match half {
            Half::First => (0x00, 0x7f),
            Half::Second => (0x80, 0xff),
        };
        let (mut from, mut to) = ([0x00; Pseudonym::LEN], [0xff; Pseudonym::LEN]);
        (from[0], to[0]) = (first, last);
        let mut statement = connection
            .prepare(&format!("{} WHERE family BETWEEN ?1 AND ?2 ORDER BY family, child", candidates::ALL))?;
        let mut rows = statement.query([from, to])?;
        // Room for all, because the second half is appended to the first.
        let expected = state.candidates;
        let mut read = Self { candidates: Vec::with_capacity(expected), sums: Vec::with_capacity(expected) };
        while let Some(row) = rows.next()? {
            read.candidates.push(candidates::unchecked(row)?);
            read.sums.push(candidates::sum(row)?);
        }
        Ok(read)
    }

    fn followed_by(mut self, mut second: Self) -> Self {
        self.candidates.append(&mut second.candidates);
        self.sums.append(&mut second.sums);
        self
    }
}
