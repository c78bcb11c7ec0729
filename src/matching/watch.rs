//! Looking after a run while it lasts: how far it is, and whether it should stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How far a run is, and whether to stop it; shared between threads.
#[derive(Debug, Default)]
pub struct Watch {
    expected: AtomicU64,
    pairs: AtomicU64,
    stop: AtomicBool,
    candidates: AtomicU64,
    /// What is being done, for people.
    doing: Mutex<&'static str>,
}

/// Why a run gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stopped {
    /// [`Watch::stop`] was called.
    #[error("interrupted: the candidates are still those of the last run")]
    Asked,
    /// More candidates than can be kept.
    #[error(
        "more than {} pairs reach the threshold: raise it, or bound the candidates of a family",
        Watch::MOST_CANDIDATES
    )]
    TooMany,
}

impl Watch {
    /// The most candidates that a run keeps; some 80 bytes of memory each.
    pub const MOST_CANDIDATES: u64 = 50_000_000;

    /// Pairs dealt with so far.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.pairs.load(Ordering::Relaxed)
    }

    /// Pairs that there are to deal with, as far as is known.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected.load(Ordering::Relaxed)
    }

    /// What is being done, in a few words; empty if nobody said.
    #[must_use]
    pub fn doing(&self) -> &'static str {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what is being done from now on.
    pub fn begin(&self, what: &'static str) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// Counts work that was done besides the matcher's.
    pub fn add(&self, done: u64) {
        self.pairs.fetch_add(done, Ordering::Relaxed);
    }

    /// Announces pairs.
    pub fn expect(&self, pairs: u64) {
        self.expected.fetch_add(pairs, Ordering::Relaxed);
    }

    /// Asks the run to stop soon; says whether it was asked before.
    pub fn stop(&self) -> bool {
        self.stop.swap(true, Ordering::Relaxed)
    }

    pub(super) fn did(&self, pairs: usize) {
        self.pairs.fetch_add(pairs as u64, Ordering::Relaxed);
    }

    /// Counts pairs that reach the threshold, and others that were given up again.
    pub(super) fn keep(&self, more: usize, fewer: usize) {
        self.candidates.fetch_add(more as u64, Ordering::Relaxed);
        self.candidates.fetch_sub(fewer as u64, Ordering::Relaxed);
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// [`Stopped`] if not.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Stopped::Asked);
        }
        if self.candidates.load(Ordering::Relaxed) > Self::MOST_CANDIDATES {
            return Err(Stopped::TooMany);
        }
        Ok(())
    }
}
