//! Seals and opens single records, which state the identifiers of a sample for custodians only.
//!
//! A record is encrypted with ChaCha20 (RFC 8439, counter from 0) under a key of its own, which is used for nothing
//! else, so the nonce is zero. The encrypted text is written to an age file that is sealed for the custodians, and the
//! keys are written after it (see `vault`): opening a record requires both. Somebody who cannot open a record can still
//! remove it, by removing its key.
//!
//! The age format ensures that no byte of a record was changed. The content shows that a record was not passed off as
//! another, or opened with another's key: it is a JSON object with the pseudonyms `sample` and `family`, and with
//! `sample_id`, `family_id` and `agency` as in the imported file, without surrounding white space; missing values are
//! left out. Blanks follow, up to 96 bytes and a multiple of 32, so the size of a file reveals next to nothing about
//! the length of identifiers.

use std::borrow::Cow;
use std::fmt;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Pseudonymizer;
use crate::model::Pseudonym;

const KEY_BYTES: usize = 32;
/// The length of a record's content is a multiple of this, and at least three times as much, so that identifiers of up
/// to 36 bytes, without an agency, have no effect on it.
const PADDING: usize = 32;

/// The sample and family whose identifiers a sealed record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sealed {
    /// The sample.
    pub sample: Pseudonym,
    /// The family, if it is a relative's sample.
    pub family: Option<Pseudonym>,
}

impl fmt::Display for Sealed {
    /// Writes `sample PSEUDONYM`, or `sample PSEUDONYM family PSEUDONYM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sample {}", self.sample)?;
        self.family.map_or(Ok(()), |family| write!(f, " family {family}"))
    }
}

impl Sealed {
    /// Reports whether it is about this sample or family.
    #[must_use]
    pub fn names(self, pseudonym: Pseudonym) -> bool {
        self.sample == pseudonym || self.family == Some(pseudonym)
    }

    /// Reads the text of `Display`, and returns the rest of the line.
    pub(super) fn parse(line: &str) -> Option<(Self, &str)> {
        fn named<'a>(line: &'a str, name: &str) -> Option<(Pseudonym, &'a str)> {
            let (word, rest) = line.strip_prefix(name)?.split_once(' ')?;
            Some((word.parse().ok()?, rest))
        }
        let (sample, rest) = named(line, "sample ")?;
        match named(rest, "family ") {
            Some((family, rest)) => Some((Self { sample, family: Some(family) }, rest)),
            None => Some((Self { sample, family: None }, rest)),
        }
    }
}

/// Key that opens one record, together with a custodian's identity. It is not a secret by itself: the store contains
/// it.
pub(super) type RecordKey = [u8; KEY_BYTES];

/// A record before it is written to a file of the vault.
pub struct Record {
    /// Its sample and family.
    pub of: Sealed,
    pub(super) key: RecordKey,
    /// Its line in the age file.
    pub(super) line: String,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({}, ..)", self.of)
    }
}

/// Reason why a record could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// This run of the program has not read the identifier of this pseudonym.
    #[error("the identifier of {0} is not known here")]
    Unknown(Pseudonym),
    /// There are no random bytes, or there is no memory.
    #[error("sealing failed: {0}")]
    Sealing(String),
    /// Its key does not open it.
    #[error("the record of {0} does not open: the vault was tampered with, or is damaged")]
    Closed(Pseudonym),
    /// The record was opened, and its content is of another sample or family.
    #[error("the record of {0} holds something else: the vault was tampered with, or is damaged")]
    Exchanged(Pseudonym),
}

/// Content of a sealed record.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'a> {
    sample: Pseudonym,
    #[serde(borrow)]
    sample_id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    family: Option<Pseudonym>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    family_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    agency: Cow<'a, str>,
}

/// The identifiers of a sample and its family. They are wiped when dropped.
pub struct Opened {
    /// The sample.
    pub sample: Pseudonym,
    /// Its family, if it is a relative's sample.
    pub family: Option<Pseudonym>,
    /// The sample's identifier.
    pub sample_id: Zeroizing<String>,
    /// The family's identifier.
    pub family_id: Option<Zeroizing<String>>,
    /// The agency that issued them; empty if none was named.
    pub agency: Zeroizing<String>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({}, ..)", self.sample)
    }
}

impl Pseudonymizer {
    /// Seals the identifiers of samples, and of their families if they are relatives'. This [`Pseudonymizer`] must have
    /// read them since it [`Pseudonymizer::remembers`].
    ///
    /// # Errors
    /// [`SealError`]; nothing was sealed then.
    pub fn seal(&self, all: &[Sealed]) -> Result<Vec<Record>, SealError> {
        let originals = self.originals();
        let original =
            |pseudonym| originals.as_ref().and_then(|all| all.get(pseudonym)).ok_or(SealError::Unknown(pseudonym));
        let one = |(&of, key): (&Sealed, RecordKey)| {
            let sample = original(of.sample)?;
            let family = of.family.map(original).transpose()?;
            seal(of, key, sample.id, family.map(|one| one.id), sample.agency)
        };
        all.iter().zip(new_keys(all.len())?).map(one).collect()
    }
}

impl Opened {
    /// Returns the same identifiers under the pseudonyms of another key. If the present key is given, the identifiers
    /// must have their pseudonyms under it.
    ///
    /// # Errors
    /// [`SealError::Exchanged`] if they have others.
    pub fn under(&self, key: &Pseudonymizer, present: Option<&Pseudonymizer>) -> Result<Self, SealError> {
        let other = || SealError::Exchanged(self.sample);
        let names = |key: &Pseudonymizer| {
            let agency = Some(self.agency.as_str());
            let family = self.family_id.as_ref().map(|id| key.family(agency, id)).transpose();
            key.sample(agency, &self.sample_id).and_then(|sample| Ok((sample, family?))).map_err(|_| other())
        };
        if present.is_some_and(|present| names(present).ok() != Some((self.sample, self.family))) {
            return Err(other());
        }
        let (sample, family) = names(key)?;
        let (sample_id, family_id) = (self.sample_id.clone(), self.family_id.clone());
        Ok(Self { sample, family, sample_id, family_id, agency: self.agency.clone() })
    }

    /// Seals the identifiers again, perhaps under other pseudonyms.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(all: &[Self]) -> Result<Vec<Record>, SealError> {
        let one = |(one, key): (&Self, RecordKey)| {
            let of = Sealed { sample: one.sample, family: one.family };
            seal(of, key, &one.sample_id, one.family_id.as_ref().map(|id| id.as_str()), &one.agency)
        };
        all.iter().zip(new_keys(all.len())?).map(one).collect()
    }
}

/// Returns new random keys, with one call of the system's generator, because one call for each key would take as long
/// as using it.
fn new_keys(number: usize) -> Result<Vec<RecordKey>, SealError> {
    let mut keys = vec![RecordKey::default(); number];
    getrandom::fill(keys.as_flattened_mut()).map_err(|error| SealError::Sealing(error.to_string()))?;
    Ok(keys)
}

fn plain<'a>(of: Sealed, sample_id: &'a str, family_id: Option<&'a str>, agency: &'a str) -> Plain<'a> {
    Plain {
        sample: of.sample,
        sample_id: sample_id.into(),
        family: of.family,
        family_id: family_id.map(Into::into),
        agency: agency.into(),
    }
}

fn seal(
    of: Sealed,
    key: RecordKey,
    sample_id: &str,
    family_id: Option<&str>,
    agency: &str,
) -> Result<Record, SealError> {
    let failed = |error: &dyn fmt::Display| SealError::Sealing(error.to_string());
    let plain = plain(of, sample_id, family_id, agency);
    // This capacity suffices even if each character is escaped, so that no growing buffer leaves a copy behind.
    let most = 160 + 6 * (sample_id.len() + family_id.map_or(0, str::len) + agency.len()) + 3 * PADDING;
    let mut text = Zeroizing::new(Vec::with_capacity(most));
    serde_json::to_writer(&mut *text, &plain).map_err(|error| failed(&error))?;
    let padded = text.len().max(3 * PADDING).next_multiple_of(PADDING);
    text.resize(padded, b' ');
    apply(&key, &mut text);
    let mut line = String::with_capacity(BASE64.encode_len(text.len()) + 1);
    BASE64.encode_append(&text, &mut line);
    line.push('\n');
    Ok(Record { of, key, line })
}

/// Opens a record by its line in the age file.
///
/// # Errors
/// [`SealError::Closed`] if the key does not open it, and [`SealError::Exchanged`] if it is another's.
pub(super) fn open(of: Sealed, key: &RecordKey, line: &str) -> Result<Opened, SealError> {
    let closed = || SealError::Closed(of.sample);
    let line = line.strip_suffix('\n').ok_or_else(closed)?;
    let mut text = Zeroizing::new(BASE64.decode(line.as_bytes()).map_err(|_| closed())?);
    apply(key, &mut text);
    let plain: Plain<'_> = serde_json::from_slice(&text).map_err(|_| closed())?;
    if (of.sample, of.family) != (plain.sample, plain.family) || of.family.is_some() != plain.family_id.is_some() {
        return Err(SealError::Exchanged(of.sample));
    }
    Ok(Opened {
        sample: of.sample,
        family: of.family,
        sample_id: Zeroizing::new(plain.sample_id.into_owned()),
        family_id: plain.family_id.map(|id| Zeroizing::new(id.into_owned())),
        agency: Zeroizing::new(plain.agency.into_owned()),
    })
}

/// Encrypts or decrypts a text.
fn apply(key: &RecordKey, text: &mut [u8]) {
    ChaCha20::new(key.into(), &[0; 12].into()).apply_keystream(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonym::SecretKey;

    #[test]
    fn a_record_opens_as_what_it_is_and_as_nothing_else() {
        let names = Pseudonymizer::new(&SecretKey::from_bytes([9; 32])).remembering();
        let of = Sealed {
            sample: names.sample(Some("鲁"), " S-\"1\" ").unwrap(),
            family: names.family(Some("鲁"), "F-1").ok(),
        };
        let [record, again] = &names.seal(&[of, of]).unwrap()[..] else { panic!() };
        assert_ne!(record.key, again.key, "each has a key of its own");
        assert_ne!(record.line, again.line);
        let opened = open(of, &record.key, &record.line).unwrap();
        assert_eq!((opened.sample_id.as_str(), opened.agency.as_str()), ("S-\"1\"", "鲁"));
        assert_eq!(opened.family_id.as_ref().map(|id| id.as_str()), Some("F-1"));
        let sample_id = opened.sample_id.clone();
        let resealed = Opened::seal(&[opened]).unwrap().remove(0);
        assert!(resealed.key != record.key);
        assert_eq!(open(of, &resealed.key, &resealed.line).unwrap().sample_id, sample_id);
        let fails = |of: Sealed, key: &RecordKey, line: &str| open(of, key, line).unwrap_err();
        let closed = |key: &RecordKey, line: &str| matches!(fails(of, key, line), SealError::Closed(sample) if sample == of.sample);
        let exchanged = |of| matches!(fails(of, &record.key, &record.line), SealError::Exchanged(_));
        assert!(closed(&again.key, &record.line) && closed(&record.key, &again.line));
        let family = of.family.unwrap();
        assert!(exchanged(Sealed { sample: family, ..of }) && exchanged(Sealed { family: None, ..of }));
        assert!(exchanged(Sealed { family: Some(of.sample), ..of }));
        // Blanks follow the object, and some of them may be missing here: the age format ensures that no byte is
        // missing.
        let object = serde_json::to_string(&plain(of, "S-\"1\"", Some("F-1"), "鲁")).unwrap().len();
        for length in 0..record.line.len() - 1 {
            assert!(closed(&record.key, &record.line[..length]));
            let shorter = format!("{}\n", &record.line[..length]);
            assert!(length / 4 * 3 >= object || closed(&record.key, &shorter), "{length}");
        }
    }

    #[test]
    fn records_of_short_and_long_identifiers_have_one_length() {
        let names = Pseudonymizer::new(&SecretKey::from_bytes([9; 32])).remembering();
        let length = |id: &str| {
            let of = Sealed { sample: names.sample(None, id).unwrap(), family: None };
            let record = names.seal(&[of]).unwrap().remove(0);
            let opened = open(of, &record.key, &record.line).unwrap();
            assert_eq!(opened.sample_id.as_str(), id);
            record.line.len()
        };
        assert_eq!(length("1"), length("37010220260101001X"));
        assert_eq!(length("1"), length(&"x".repeat(36)));
        assert_eq!(length("1"), length("阿卜杜热合曼"));
        assert_eq!(length(&"x".repeat(100)) - 1, BASE64.encode_len(5 * PADDING));
    }

    #[test]
    fn the_cipher_is_that_of_rfc_8439() {
        // First test vector of appendix A.1.
        let mut text = [0; 64];
        apply(&[0; 32], &mut text);
        assert_eq!(text[..16], *b"\x76\xb8\xe0\xad\xa0\xf1\x3d\x90\x40\x5d\x6a\xe5\x53\x86\xbd\x28");
    }

    #[test]
    fn only_what_was_read_since_can_be_sealed() {
        let names = Pseudonymizer::new(&SecretKey::from_bytes([9; 32]));
        let of = Sealed { sample: names.sample(None, "S").unwrap(), family: None };
        assert!(matches!(names.seal(&[of]), Err(SealError::Unknown(_))));
        let names = names.remembering();
        assert!(matches!(names.seal(&[of]), Err(SealError::Unknown(_))));
        names.sample(None, "S").unwrap();
        let record = names.seal(&[of]).unwrap().remove(0);
        assert_eq!(open(of, &record.key, &record.line).unwrap().sample_id.as_str(), "S");
        names.forget();
        assert!(matches!(names.seal(&[of]), Err(SealError::Unknown(_))));
    }

    #[test]
    fn names_come_back_as_they_were_written() {
        let p = |n| Pseudonym::from_bytes([n; 16]);
        for of in [Sealed { sample: p(1), family: None }, Sealed { sample: p(2), family: Some(p(0xef)) }] {
            assert_eq!(Sealed::parse(&format!("{of} family")), Some((of, "family")));
            assert_eq!(Sealed::parse(&of.to_string()).filter(|read| read.0 == of), None, "something follows");
            assert_eq!(Sealed::parse(&format!("{of} ").replace("sample ", "sample  ")), None);
            assert_eq!(Sealed::parse(&format!("{of} ").replace("sample ", "sample")), None);
        }
    }
}
