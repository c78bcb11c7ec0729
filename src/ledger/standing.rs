//! Reads all candidates as the basis of a run, with two threads if there are many.

use std::path::Path;
use std::thread;

use rusqlite::Connection;

use super::LedgerError;
use super::candidates::{self, Runs};
use super::checksum::Sum;
use super::cipher::LedgerKey;
use super::generation::generation;
use super::ledger::Ledger;
use crate::model::{Candidate, Pseudonym};

/// Number of candidates from which on a second thread reads half of them: fewer take no longer than a moment.
const MANY: usize = if cfg!(test) { 2 } else { 50_000 };

/// The candidates before a run, and the generation and run that they are of.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// By family and child, without those that [`Self::with`] took.
    candidates: Vec<Candidate>,
    /// The runs of each candidate.
    runs: Vec<Runs>,
    /// For each candidate that [`Self::with`] returned, the run that first found it, and 0 for a fresh one.
    known: Vec<i64>,
    pub(super) generation: u64,
    pub(super) run: Option<i64>,
}

impl Standing {
    /// Returns the candidates by family and child, without those taken.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Takes the candidates that a run leaves as they are, and returns them together with the `fresh` ones that it found,
    /// by family and child. What stays of a large list is neither copied nor compared.
    ///
    /// # Panics
    /// Candidates were taken before.
    pub fn with(&mut self, mut fresh: Vec<Candidate>, stays: impl Fn(&Candidate) -> bool) -> Vec<Candidate> {
        assert!(self.known.is_empty(), "candidates are taken once");
        let leaving: Vec<bool> = self.candidates.iter().map(|candidate| !stays(candidate)).collect();
        let (mut leaves, mut also) = (leaving.iter(), leaving.iter());
        let candidates = self.candidates.extract_if(.., |_| leaves.next() == Some(&true)).collect();
        let runs = self.runs.extract_if(.., |_| also.next() == Some(&true)).collect();
        let mut all = std::mem::replace(&mut self.candidates, candidates);
        let mut first_runs = std::mem::replace(&mut self.runs, runs).into_iter().map(|[_, first]| first);
        fresh.sort_unstable_by_key(Candidate::pair);
        let pairs: Vec<(Pseudonym, Pseudonym)> = fresh.iter().map(Candidate::pair).collect();
        let mut pairs = pairs.iter().peekable();
        all.append(&mut fresh);
        // A stable sort takes one pass over two parts that are sorted already.
        all.sort_by_key(Candidate::pair);
        let is_fresh = |candidate: &Candidate| pairs.next_if_eq(&&candidate.pair()).is_some();
        let known = all.iter().map(is_fresh).map(|is_fresh| if is_fresh { None } else { first_runs.next() });
        self.known = known.map(Option::unwrap_or_default).collect();
        all
    }

    /// Returns the run that first found each of these candidates, if [`Self::with`] took it; 0 for all others.
    ///
    /// # Panics
    /// Candidates were taken, and these are not what [`Self::with`] returned.
    pub(super) fn known(&self, candidates: &[Candidate]) -> Vec<i64> {
        if self.known.is_empty() {
            return vec![0; candidates.len()];
        }
        assert_eq!(self.known.len(), candidates.len(), "a run has the candidates that were taken for it");
        self.known.clone()
    }

    /// Returns the candidates that were not taken, by family and child, each with the run that first found the pair.
    pub(super) fn others(&self) -> impl Iterator<Item = (&Candidate, i64)> {
        self.candidates.iter().zip(self.runs.iter().map(|[_, first]| *first))
    }
}

impl Ledger {
    /// Returns the current candidates, as the basis of a run.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn standing(&self) -> Result<Standing, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let state = State::of(&tx)?;
        let Rows { candidates, runs, sums } = if state.candidates < MANY || self.reads_only() {
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
        candidates::check(&candidates, &runs, &sums)?;
        Ok(Standing { candidates, runs, known: Vec::new(), generation: state.generation, run: state.run })
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

/// Candidates by family and child, with their runs and checksums.
struct Rows {
    candidates: Vec<Candidate>,
    runs: Vec<Runs>,
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
        // Room for all, because the second half is appended to the first, and for the candidates that a run finds.
        let expected = state.candidates + state.candidates / 8;
        let mut read = Self {
            candidates: Vec::with_capacity(expected),
            runs: Vec::with_capacity(expected),
            sums: Vec::with_capacity(expected),
        };
        while let Some(row) = rows.next()? {
            let current = candidates::unchecked(row)?;
            read.runs.push(current.runs());
            read.candidates.push(current.candidate);
            read.sums.push(candidates::sum(row)?);
        }
        Ok(read)
    }

    fn followed_by(mut self, mut second: Self) -> Self {
        self.candidates.append(&mut second.candidates);
        self.runs.append(&mut second.runs);
        self.sums.append(&mut second.sums);
        self
    }
}
