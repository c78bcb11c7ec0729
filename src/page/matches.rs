//! The match that is running. One runs at a time, in a thread of its own.

use std::io;
use std::sync::{Arc, OnceLock};

use crate::audit::Entry;
use crate::matching::{Watch, apart};
use crate::store::{Listing, MatchOptions, Observer, RunCounts, Store};

/// The match that is running, and what came of the last one.
#[derive(Debug, Default)]
pub(super) struct Running {
    now: Option<Now>,
    last: Option<Last>,
}

/// A match that is running.
#[derive(Clone, Debug)]
pub(super) struct Now {
    pub(super) staff: String,
    watch: Arc<Watch>,
    ended: Arc<OnceLock<Result<RunCounts, String>>>,
}

/// A match that ended.
#[derive(Clone, Debug)]
pub(super) struct Last {
    pub(super) staff: String,
    pub(super) outcome: Result<RunCounts, String>,
}

/// Lets the progress of a match be followed, and the match be stopped.
struct Follower(Arc<Watch>);

impl Observer for Follower {
    fn watch(&self) -> Arc<Watch> {
        Arc::clone(&self.0)
    }
}

impl Running {
    /// Takes in the end of a match.
    fn settle(&mut self) {
        if let Some(outcome) = self.now.as_ref().and_then(|now| now.ended.get()).cloned()
            && let Some(now) = self.now.take()
        {
            self.last = Some(Last { staff: now.staff, outcome });
        }
    }

    /// Returns the match that is running.
    pub(super) fn now(&mut self) -> Option<&Now> {
        self.settle();
        self.now.as_ref()
    }

    /// Reports whether a match is running.
    pub(super) fn is_busy(&mut self) -> bool {
        self.now().is_some()
    }

    /// Returns the last match that ended.
    pub(super) fn last(&mut self) -> Option<&Last> {
        self.settle();
        self.last.as_ref()
    }

    /// Starts a match. The caller has checked that none is running.
    ///
    /// # Errors
    /// The operating system refuses a thread.
    pub(super) fn start(&mut self, staff: String, store: Arc<Store>, full: bool, entry: Entry) -> io::Result<()> {
        let now = Now { staff, watch: Arc::default(), ended: Arc::default() };
        let (watch, ended) = (Arc::clone(&now.watch), Arc::clone(&now.ended));
        std::thread::Builder::new().name("match".to_owned()).spawn(move || {
            // It is set once only.
            let _ = ended.set(matched(&store, full, &entry, watch));
        })?;
        self.now = Some(now);
        Ok(())
    }

    /// Asks the match to stop; it changes nothing then.
    pub(super) fn stop(&self) {
        if let Some(now) = &self.now {
            now.watch.stop();
        }
    }
}

impl Now {
    /// Returns how much of the pairs is compared, in percent.
    pub(super) fn percent(&self) -> u64 {
        let expected = self.watch.expected();
        self.watch.pairs().saturating_mul(100).checked_div(expected).unwrap_or(0).min(100)
    }
}

fn matched(store: &Store, full: bool, entry: &Entry, watch: Arc<Watch>) -> Result<RunCounts, String> {
    let options = MatchOptions { full, listing: Listing::New, ..MatchOptions::new(store) };
    let run = || apart(|| store.match_all(&options, entry, &Follower(watch)));
    // A thread that panics would leave the match running for ever on the page.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(Ok(matched)) => Ok(matched.counts),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the match ended with an error of the program".to_owned()),
    }
}
