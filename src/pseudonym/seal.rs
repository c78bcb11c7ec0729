//! One sealed record: who stands behind a sample, for custodians only.
//!
//! A record is encrypted with ChaCha20 (RFC 8439, counter from 0) under a key of its own, which is used for nothing else;
//! so the nonce is zero. What is encrypted so goes into an age file that is sealed to the custodians, and the keys stand
//! beside it (see `vault`): a record opens with both alone. Who cannot open it can still take it out, by removing its key.
//!
//! That no byte of a record was changed, age sees to. That it is not passed off as another, or opened with another's key,
//! its content shows: a JSON object with the pseudonyms `sample` and `family`, and with `sample_id`, `family_id` and `agency`
//! as they stood in the file, white space around them removed; what there is not is left out. Blanks follow, up to 96 bytes
//! and a multiple of 32: the size of a file says next to nothing about how long identifiers are.

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
/// A record's content is as long as a multiple of this, and no shorter than three: identifiers of up to 36 bytes, without an
/// agency, make no difference.
const PADDING: usize = 32;

/// Whose identifiers a sealed record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sealed {
    /// The sample.
    pub sample: Pseudonym,
    /// The family, if it is a relative's sample.
    pub family: Option<Pseudonym>,
}

impl fmt::Display for Sealed {
    /// `sample PSEUDONYM`, or `sample PSEUDONYM family PSEUDONYM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sample {}", self.sample)?;
        self.family.map_or(Ok(()), |family| write!(f, " family {family}"))
    }
}

impl Sealed {
    /// Whether it is about this sample or family.
    #[must_use]
    pub fn names(self, pseudonym: Pseudonym) -> bool {
        self.sample == pseudonym || self.family == Some(pseudonym)
    }

    /// Reads what the display writes, and gives what follows.
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

/// What opens one record, together with a custodian's identity. No secret by itself: it stands in the store.
pub(super) type RecordKey = [u8; KEY_BYTES];

/// A record on its way into a file of the vault.
pub struct Record {
    /// Whose it is.
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

/// Why a record could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The identifier of this pseudonym was not read by this program run.
    #[error("the identifier of {0} is not known here")]
    Unknown(Pseudonym),
    /// No random bytes, or no memory.
    #[error("sealing failed: {0}")]
    Sealing(String),
    /// Its key does not open it.
    #[error("the record of {0} does not open: the vault was tampered with, or is damaged")]
    Closed(Pseudonym),
    /// Opened, and not what it is said to be.
    #[error("the record of {0} holds something else: the vault was tampered with, or is damaged")]
    Exchanged(Pseudonym),
}

/// What a sealed record says.
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

/// The identifiers behind a sample and its family. Wiped when dropped.
pub struct Opened {
    /// The sample.
    pub sample: Pseudonym,
    /// Its family, if it is a relative's.
    pub family: Option<Pseudonym>,
    /// The sample's identifier.
    pub sample_id: Zeroizing<String>,
    /// The family's.
    pub family_id: Option<Zeroizing<String>>,
    /// Who gave them out; empty if nobody was named.
    pub agency: Zeroizing<String>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({}, ..)", self.sample)
    }
}

impl Pseudonymizer {
    /// Seals the identifiers behind samples, and their families if they are relatives'. They must have been read through
    /// this [`Pseudonymizer`] since it [`Pseudonymizer::remembers`].
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
    /// The same identifiers under the pseudonyms of another key. If the present key is given, they must be those of this one.
    ///
    /// # Errors
    /// [`SealError::Exchanged`] if they are others.
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

    /// Seals them again, perhaps under other pseudonyms.
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

/// So many keys, from the system's generator: asking it for each takes as long as using it.
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
    // More than it can be, each character escaped, so that growing leaves no copy behind.
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

/// Encrypts, or decrypts.
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
        // What follows the object are blanks, of which some may be missing: that no byte is, age sees to.
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
        // Appendix A.1, first test vector.
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
