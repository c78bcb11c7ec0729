//! Defines the records of who did what, and the chain that they form.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::model::Pseudonym;

const RECORD_CONTEXT: &str = "reunite 2026 audit record v1";
const BEGIN_CONTEXT: &str = "reunite 2026 audit chain v1";
const SUBJECT_CONTEXT: &str = "reunite 2026 audit subject v1";

/// The samples and families that a record is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subjects {
    /// These samples and families, and no others; an empty list means nobody.
    These(Vec<Pseudonym>),
    /// More than [`Entry::MOST_SUBJECTS`], so the record may be about anyone.
    Many,
}

/// Description of what a command did, before it is appended to a chain.
///
/// ```
/// use reunite::audit::{Chain, Entry, Record, Subject};
/// use reunite::model::Pseudonym;
///
/// let family: Pseudonym = "00010203feff060708090a0b0c0d0e0f".parse()?;
/// let entry = Entry::new(1000, "ada", "explain", Some("question of the court")).with("format", "json").about([family]);
///
/// // The ledger does this when it appends an entry.
/// let store_id = [7; 16];
/// let chain = Chain::new(&store_id);
/// let record = Record::new(&store_id, &entry, chain.length + 1, 1_700_000_000, chain.head);
///
/// // A record names nobody. Whoever has the pseudonym finds it, though.
/// assert_eq!(record.is_about(Subject::commit_to(&store_id, family)), Some(true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The user's number in the operating system.
    pub uid: u32,
    /// The user's name in the operating system; empty if the user has none.
    pub user: String,
    /// The command.
    pub command: String,
    /// Its arguments and results: numbers, words, digests; nothing personal.
    pub details: Map<String, Value>,
    /// The reason that the user gave.
    pub reason: Option<String>,
    /// The samples and families that the entry is about.
    pub subjects: Subjects,
}

impl Entry {
    /// The largest number of samples and families to which a record refers.
    pub const MOST_SUBJECTS: usize = 10_000;

    /// Creates an entry for a command of a user.
    #[must_use]
    pub fn new(uid: u32, user: &str, command: &str, reason: Option<&str>) -> Self {
        Self {
            uid,
            user: user.to_owned(),
            command: command.to_owned(),
            details: Map::new(),
            reason: reason.map(str::to_owned),
            subjects: Subjects::These(Vec::new()),
        }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Adds the BLAKE3 digest of a file or run.
    #[must_use]
    pub fn with_digest(self, name: &str, digest: &[u8; 32]) -> Self {
        self.with(name, blake3::Hash::from_bytes(*digest).to_hex().as_str())
    }

    /// Adds samples and families that the entry is about.
    #[must_use]
    pub fn about(mut self, further: impl IntoIterator<Item = Pseudonym>) -> Self {
        if let Subjects::These(subjects) = &mut self.subjects {
            let mut all: BTreeSet<Pseudonym> = subjects.drain(..).collect();
            for one in further {
                all.insert(one);
                // A run may name millions.
                if all.len() > Self::MOST_SUBJECTS {
                    self.subjects = Subjects::Many;
                    return self;
                }
            }
            subjects.extend(all);
        }
        self
    }
}

/// Way in which a change of a ledger enters its audit chain. Every method that changes something requires it, so that
/// no caller can forget to record a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attribution<'a> {
    /// With a record of its own, appended in the transaction of the change.
    Entry(&'a Entry),
    /// Without a record, for this reason: the change is a step of something that is recorded as a whole, or the store
    /// serves a measurement and is deleted afterwards.
    Unrecorded(&'static str),
}

impl<'a> From<&'a Entry> for Attribution<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self::Entry(entry)
    }
}

impl Attribution<'_> {
    /// Returns a copy of the entry, to which the change adds its results; `None` if the change is not recorded.
    #[must_use]
    pub fn entry(self) -> Option<Entry> {
        match self {
            Self::Entry(entry) => Some(entry.clone()),
            Self::Unrecorded(_) => None,
        }
    }
}

/// Commitment to a sample or family in the records of one store. Only someone with the pseudonym can find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject([u8; Self::LEN]);

impl Subject {
    /// Length of a commitment in bytes.
    pub const LEN: usize = 16;

    /// Returns the commitment to a pseudonym in the records of a store.
    #[must_use]
    pub fn commit_to(store_id: &[u8; 16], pseudonym: Pseudonym) -> Self {
        let material = [&store_id[..], pseudonym.as_bytes()].concat();
        let digest = blake3::derive_key(SUBJECT_CONTEXT, &material);
        Self(std::array::from_fn(|i| digest[i]))
    }
}

/// A record in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Number of the record, from 1, without gaps.
    pub number: u64,
    /// Seconds since 1970, UTC.
    pub at: i64,
    /// See [`Entry::uid`].
    pub uid: u32,
    /// See [`Entry::user`].
    pub user: String,
    /// See [`Entry::command`].
    pub command: String,
    /// [`Entry::details`], a JSON object.
    pub details: String,
    /// See [`Entry::reason`].
    pub reason: Option<String>,
    /// Commitments to the record's samples and families, concatenated in rising order; `None` for [`Subjects::Many`].
    pub subjects: Option<Vec<u8>>,
    /// Hash of the previous record.
    pub previous: [u8; 32],
    /// Hash of all of these fields.
    pub hash: [u8; 32],
}

impl Record {
    /// Creates the next record of a store's chain from an entry.
    #[must_use]
    pub fn new(store_id: &[u8; 16], entry: &Entry, number: u64, at: i64, previous: [u8; 32]) -> Self {
        let subjects = match &entry.subjects {
            Subjects::These(subjects) => {
                let mut all: Vec<Subject> = subjects.iter().map(|one| Subject::commit_to(store_id, *one)).collect();
                all.sort_unstable();
                Some(all.iter().flat_map(|one| one.0).collect())
            }
            Subjects::Many => None,
        };
        let mut record = Self {
            number,
            at,
            uid: entry.uid,
            user: entry.user.clone(),
            command: entry.command.clone(),
            details: Value::Object(entry.details.clone()).to_string(),
            reason: entry.reason.clone(),
            subjects,
            previous,
            hash: [0; 32],
        };
        record.hash = record.expected_hash();
        record
    }

    /// Reports whether the record is about a sample or family; `None` if it may be.
    #[must_use]
    pub fn is_about(&self, subject: Subject) -> Option<bool> {
        let subjects = self.subjects.as_ref()?;
        Some(subjects.as_chunks::<{ Subject::LEN }>().0.binary_search(&subject.0).is_ok())
    }

    /// Computes the hash of these fields. Numbers are little-endian; a text is preceded by its length in bytes (u64),
    /// and an optional value by a byte, which is 1 if the value is present.
    fn expected_hash(&self) -> [u8; 32] {
        let mut hash = blake3::Hasher::new_derive_key(RECORD_CONTEXT);
        hash.update(&self.previous);
        hash.update(&self.number.to_le_bytes());
        hash.update(&self.at.to_le_bytes());
        hash.update(&self.uid.to_le_bytes());
        let mut field = |bytes: Option<&[u8]>| {
            hash.update(&[u8::from(bytes.is_some())]);
            if let Some(bytes) = bytes {
                hash.update(&(bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            }
        };
        for text in [&self.user, &self.command, &self.details] {
            field(Some(text.as_bytes()));
        }
        field(self.reason.as_ref().map(String::as_bytes));
        field(self.subjects.as_deref());
        *hash.finalize().as_bytes()
    }
}

/// A chain that is followed from its beginning.
///
/// ```
/// use reunite::audit::{Break, Chain, Entry, Record};
///
/// let store_id = [7; 16];
/// let mut chain = Chain::new(&store_id);
/// let mut records = Vec::new();
/// for command in ["import", "match"] {
///     let entry = Entry::new(1000, "ada", command, None);
///     let record = Record::new(&store_id, &entry, chain.length + 1, 1_700_000_000, chain.head);
///     assert_eq!(chain.follow(&record), None);
///     records.push(record);
/// }
///
/// // Whoever edits a record breaks the chain.
/// records[0].user = "eve".to_owned();
/// let mut again = Chain::new(&store_id);
/// let breaks: Vec<Break> = records.iter().filter_map(|record| again.follow(record)).collect();
/// assert_eq!(breaks, [Break::Edited(1)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Number of records so far.
    pub length: u64,
    /// Hash of the last record.
    pub head: [u8; 32],
}

/// A place where a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Break {
    /// The content of a record does not match its hash.
    Edited(u64),
    /// The records from the first number to the second are missing.
    Missing(u64, u64),
    /// A record does not follow the previous one.
    Apart(u64),
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited(number) => write!(f, "record {number} was edited"),
            Self::Missing(first, last) if first == last => write!(f, "record {first} is missing"),
            Self::Missing(first, last) => write!(f, "the records from {first} to {last} are missing"),
            Self::Apart(number) => {
                write!(f, "record {number} does not follow the one before it: one of them was exchanged or edited")
            }
        }
    }
}

impl Chain {
    /// Creates the chain of a store, before its first record.
    #[must_use]
    pub fn new(store_id: &[u8; 16]) -> Self {
        Self { length: 0, head: blake3::derive_key(BEGIN_CONTEXT, store_id) }
    }

    /// Continues to the next record. Returns its fault, if there is one; the chain continues from the record in either
    /// case.
    pub fn follow(&mut self, record: &Record) -> Option<Break> {
        let expected = self.length + 1;
        let found = if record.number > expected {
            Some(Break::Missing(expected, record.number - 1))
        } else if record.number < expected || record.previous != self.head {
            Some(Break::Apart(record.number))
        } else if record.hash != record.expected_hash() {
            Some(Break::Edited(record.number))
        } else {
            None
        };
        *self = Self { length: record.number, head: record.hash };
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: [u8; 16] = [7; 16];

    fn p(n: u8) -> Pseudonym {
        Pseudonym::from_bytes([n; 16])
    }

    fn records() -> Vec<Record> {
        let mut chain = Chain::new(&STORE);
        let mut all = Vec::new();
        for number in 1..=5 {
            let entry = Entry::new(1000, "ada", "explain", (number == 3).then_some("a question of the court"))
                .with("n", number)
                .about([p(9), p(1), p(9)]);
            let record = Record::new(&STORE, &entry, number, 1_700_000_000, chain.head);
            assert_eq!(chain.follow(&record), None);
            all.push(record);
        }
        all
    }

    fn breaks(records: &[Record]) -> Vec<Break> {
        let mut chain = Chain::new(&STORE);
        records.iter().filter_map(|record| chain.follow(record)).collect()
    }

    #[test]
    fn every_field_counts() {
        type Edit = fn(&mut Record);
        let edits: [Edit; 9] = [
            |record| record.at += 1,
            |record| record.uid += 1,
            |record| record.user.push('a'),
            |record| record.command.clear(),
            |record| record.details = "{}".to_owned(),
            |record| record.reason = None,
            |record| record.reason = Some(String::new()),
            |record| record.subjects = None,
            |record| record.subjects.as_mut().unwrap().truncate(16),
        ];
        for (case, edit) in edits.iter().enumerate() {
            let mut records = records();
            edit(&mut records[2]);
            assert_eq!(breaks(&records), [Break::Edited(3)], "{case}");
            // If the hash is computed again, the break moves to the next record.
            records[2].hash = records[2].expected_hash();
            assert_eq!(breaks(&records), [Break::Apart(4)], "{case}");
        }
        let mut moved = records();
        let user = moved[2].user.split_off(1);
        moved[2].command.insert_str(0, &user);
        assert_eq!(breaks(&moved), [Break::Edited(3)]);
    }

    #[test]
    fn missing_and_exchanged_records_are_noticed() {
        let whole = records();
        assert_eq!(breaks(&whole), []);
        let mut cut = whole.clone();
        cut.drain(1..3);
        assert_eq!(breaks(&cut), [Break::Missing(2, 3)]);
        assert_eq!(breaks(&whole[1..]), [Break::Missing(1, 1)]);
        let mut exchanged = whole.clone();
        exchanged.swap(1, 2);
        assert!(!breaks(&exchanged).is_empty());
        (exchanged[1].number, exchanged[2].number) = (2, 3);
        assert_eq!(breaks(&exchanged), [Break::Apart(2), Break::Apart(3), Break::Apart(4)]);
        // Only a checkpoint shows that the end was cut off.
        assert_eq!(breaks(&whole[..4]), []);
        let mut other = Chain::new(&[8; 16]);
        assert_eq!(other.follow(&whole[0]), Some(Break::Apart(1)), "a chain belongs to its store");
    }

    #[test]
    fn subjects_are_found_by_pseudonym_and_not_named() {
        let record = &records()[0];
        assert_eq!(record.subjects.as_ref().unwrap().len(), 2 * Subject::LEN);
        assert_eq!(record.is_about(Subject::commit_to(&STORE, p(9))), Some(true));
        assert_eq!(record.is_about(Subject::commit_to(&STORE, p(2))), Some(false));
        assert_eq!(record.is_about(Subject::commit_to(&[0; 16], p(9))), Some(false));
        assert!(!record.subjects.as_ref().unwrap().windows(16).any(|bytes| bytes == [9; 16]));
        let many = (0..=Entry::MOST_SUBJECTS as u128).map(|n| Pseudonym::from_bytes(n.to_le_bytes()));
        let entry = Entry::new(0, "", "export", None).about(many).about([p(1)]);
        assert_eq!(entry.subjects, Subjects::Many);
        assert_eq!(Record::new(&STORE, &entry, 1, 0, [0; 32]).is_about(Subject::commit_to(&STORE, p(9))), None);
    }
}
