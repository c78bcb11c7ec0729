//! Reports the progress of a run while it lasts, and lets the caller stop it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Progress of a run and the request to stop it; shared between threads.
#[derive(Debug, Default)]
pub struct Watch {
    expected: AtomicU64,
    pairs: AtomicU64,
    stop: AtomicBool,
    candidates: AtomicU64,
    /// The work in progress, in a few words.
    doing: Mutex<&'static str>,
}

/// Reason why a run returned no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stopped {
    /// [`Watch::stop`] was called.
    #[error("interrupted: the candidates are still those of the last run")]
    Asked,
    /// There are more candidates than a run can keep.
    #[error(
        "more than {} pairs reach the threshold: raise it, or bound the candidates of a family",
        Watch::MOST_CANDIDATES
    )]
    TooMany,
}

impl Watch {
    /// The most candidates that a run keeps; each takes some 80 bytes of memory.
    pub const MOST_CANDIDATES: u64 = 50_000_000;

    /// Returns the number of pairs compared so far.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.pairs.load(Ordering::Relaxed)
    }

    /// Returns the number of pairs to compare, as far as it is known.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected.load(Ordering::Relaxed)
    }

    /// Returns the work in progress, in a few words; empty if it is not known.
    #[must_use]
    pub fn doing(&self) -> &'static str {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// States the work that begins now.
    pub fn begin(&self, what: &'static str) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// Announces further pairs.
    pub fn expect(&self, pairs: u64) {
        self.expected.fetch_add(pairs, Ordering::Relaxed);
    }

    /// Asks the run to stop soon.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Counts pairs as done.
    pub fn did(&self, pairs: usize) {
        self.pairs.fetch_add(pairs as u64, Ordering::Relaxed);
    }

    /// Adds pairs that reach the threshold, and subtracts pairs that were dropped again.
    pub(super) fn keep(&self, more: usize, fewer: usize) {
        self.candidates.fetch_add(more as u64, Ordering::Relaxed);
        self.candidates.fetch_sub(fewer as u64, Ordering::Relaxed);
    }

    /// Checks that the run may continue.
    ///
    /// # Errors
    /// [`Stopped`] if it must end.
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
