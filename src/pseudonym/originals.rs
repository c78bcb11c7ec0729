//! Holds original identifiers between reading a file and sealing them for the custodians.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use zeroize::Zeroizing;

use crate::model::Pseudonym;

/// An identifier as its file has it.
pub(super) struct Original<'a> {
    pub(super) agency: &'a str,
    pub(super) id: &'a str,
}

/// The identifiers that became pseudonyms. The `Debug` form does not show them.
#[derive(Default)]
pub(super) struct Originals(RwLock<Kept>);

/// Identifiers by their pseudonyms.
#[derive(Default)]
pub(super) struct Kept {
    places: HashMap<Pseudonym, Place, BuildHasherDefault<Start>>,
    /// The texts are wiped when dropped. None of them may grow, because that would leave a copy behind.
    texts: Vec<Zeroizing<String>>,
}

/// Place of an agency, and of the identifier that follows it, in a text.
struct Place {
    text: u32,
    agency: Range<u32>,
    id_ends: u32,
}

/// Size of a text in bytes; larger than any agency with its identifier.
const TEXT: usize = 1 << 20;

/// Hasher of pseudonyms, which are hashes already: their start is sufficient.
#[derive(Default)]
struct Start(u64);

impl Hasher for Start {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(start) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*start);
        }
    }

    // Ignores the length that precedes the bytes.
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
    /// Stores the identifier of a pseudonym.
    pub(super) fn keep(&self, pseudonym: Pseudonym, agency: &str, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).keep(pseudonym, agency, id);
    }

    /// Returns all of them; they stay until the guard is dropped.
    pub(super) fn all(&self) -> RwLockReadGuard<'_, Kept> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}

impl Kept {
    fn keep(&mut self, pseudonym: Pseudonym, agency: &str, id: &str) {
        let Self { places, texts } = self;
        places.entry(pseudonym).or_insert_with(|| {
            let wanted = agency.len() + id.len();
            if texts.last().is_none_or(|text| text.capacity() - text.len() < wanted) {
                texts.push(Zeroizing::new(String::with_capacity(TEXT.max(wanted))));
            }
            let number = texts.len() - 1;
            let text = &mut texts[number];
            let mut push = |part: &str| {
                text.push_str(part);
                text.len() as u32
            };
            let start = push("");
            Place { text: number as u32, agency: start..push(agency), id_ends: push(id) }
        });
    }

    /// Returns the identifier of a pseudonym, if the pseudonym was made here.
    pub(super) fn get(&self, pseudonym: Pseudonym) -> Option<Original<'_>> {
        let Place { text, agency, id_ends } = self.places.get(&pseudonym)?;
        let text = self.texts.get(*text as usize)?;
        let part = |range: Range<u32>| text.get(range.start as usize..range.end as usize);
        Some(Original { agency: part(agency.clone())?, id: part(agency.end..*id_ends)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_found_until_it_is_forgotten() {
        let originals = Originals::default();
        let pseudonym = |n: u64| Pseudonym::from_bytes(std::array::from_fn(|at| n.to_le_bytes()[at % 8]));
        let id = |n: u64| format!("鲁-{n:0>200}");
        let number = 3 * TEXT as u64 / 200;
        for n in (0..number).chain([0, 1]) {
            originals.keep(pseudonym(n), if n % 2 == 0 { "" } else { "A" }, &id(n));
        }
        let all = originals.all();
        assert!(all.texts.len() == 4 && all.texts.iter().all(|text| text.capacity() == TEXT));
        for n in 0..number {
            let found = all.get(pseudonym(n)).unwrap();
            assert_eq!((found.agency, found.id), (if n % 2 == 0 { "" } else { "A" }, id(n).as_str()));
        }
        assert!(all.get(pseudonym(number)).is_none());
        drop(all);
        originals.clear();
        assert!(originals.all().get(pseudonym(0)).is_none());
    }
}
