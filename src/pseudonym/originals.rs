//! Original identifiers, on their way from a file to the custodians' seal.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{PoisonError, RwLock};

use zeroize::Zeroizing;

use crate::model::Pseudonym;

/// An identifier as it stood in its file. Wiped when dropped; never printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Original {
    pub(super) agency: Zeroizing<String>,
    pub(super) id: Zeroizing<String>,
}

/// The identifiers that became pseudonyms, by pseudonym.
#[derive(Default)]
pub(super) struct Originals(RwLock<HashMap<Pseudonym, Original, BuildHasherDefault<Start>>>);

/// A pseudonym is a hash already: its start will do.
#[derive(Default)]
struct Start(u64);

impl Hasher for Start {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(start) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*start);
        }
    }

    // The length that goes before.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Originals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Originals(..)")
    }
}

impl Originals {
    /// Remembers what a pseudonym stands for.
    pub(super) fn keep(&self, pseudonym: Pseudonym, agency: &str, id: &str) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let wipe = |text: &str| Zeroizing::new(text.to_owned());
        all.entry(pseudonym).or_insert_with(|| Original { agency: wipe(agency), id: wipe(id) });
    }

    /// What a pseudonym stands for, if it was made here.
    pub(super) fn get(&self, pseudonym: Pseudonym) -> Option<Original> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&pseudonym).cloned()
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
