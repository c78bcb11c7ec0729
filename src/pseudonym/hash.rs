//! From an identifier to its pseudonym.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::SecretKey;
use crate::model::Pseudonym;

/// Which part of an identifier an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The identifier of the sample or family.
    Identifier,
    /// The agency that gave it out.
    Agency,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identifier => "identifier",
            Self::Agency => "agency",
        })
    }
}

/// Why a text is no identifier. The text itself is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Nothing but white space.
    #[error("the identifier is empty: every sample and family needs one")]
    Empty,
    /// More than [`Pseudonymizer::MOST_BYTES`].
    #[error("the {0} is longer than {most} bytes: check that the columns are in place", most = Pseudonymizer::MOST_BYTES)]
    TooLong(Part),
    /// A control character, or one that cannot be seen: two identifiers would look alike and differ.
    #[error("the {0} contains a control or invisible character: type it again")]
    Unprintable(Part),
    /// Not a pseudonym, where nothing else is taken.
    #[error(
        "the identifier is no pseudonym, 32 lower-case hexadecimal digits: import original identifiers with the key"
    )]
    NoPseudonym,
}

/// What an identifier names; each kind has its own sub-key, so a sample and a family of the same name differ.
#[derive(Clone, Copy)]
enum Kind {
    Sample,
    Family,
}

impl Kind {
    fn context(self) -> &'static str {
        match self {
            Self::Sample => "reunite 2026 pseudonym of a sample v1",
            Self::Family => "reunite 2026 pseudonym of a family v1",
        }
    }
}

/// Turns identifiers into pseudonyms under one secret key.
///
/// A pseudonym is the first 16 bytes of the BLAKE3 keyed hash, under the sub-key of the identifier's kind, of
/// agency and identifier, each preceded by its length in bytes (u64, little-endian).
pub struct Pseudonymizer {
    /// `None` if identifiers are pseudonyms already.
    keys: Option<Keys>,
}

struct Keys {
    sample: Zeroizing<[u8; 32]>,
    family: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Pseudonymizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonymizer(..)")
    }
}

impl Pseudonymizer {
    /// The most bytes of an identifier or agency, in UTF-8, without surrounding white space.
    pub const MOST_BYTES: usize = 256;

    /// Derives the sub-keys.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        let sub_key = |kind: Kind| Zeroizing::new(blake3::derive_key(kind.context(), key.bytes()));
        Self { keys: Some(Keys { sample: sub_key(Kind::Sample), family: sub_key(Kind::Family) }) }
    }

    /// For files in which this program, or another with the same key, has put pseudonyms in place of all identifiers: they
    /// are taken as they are, and nothing else is. An agency does not matter, it is in the pseudonym already.
    #[must_use]
    pub fn given() -> Self {
        Self { keys: None }
    }

    /// The pseudonym of a sample. White space around both texts is ignored; an empty agency is no agency.
    ///
    /// # Errors
    /// [`IdentifierError`] if the identifier is empty, or one of the two is too long or holds a character that
    /// cannot be seen, or the identifier should be a pseudonym and is none.
    pub fn sample(&self, agency: Option<&str>, id: &str) -> Result<Pseudonym, IdentifierError> {
        pseudonym(self.keys.as_ref().map(|keys| &*keys.sample), agency, id)
    }

    /// The pseudonym of a family; as [`Self::sample`].
    ///
    /// # Errors
    /// As [`Self::sample`].
    pub fn family(&self, agency: Option<&str>, id: &str) -> Result<Pseudonym, IdentifierError> {
        pseudonym(self.keys.as_ref().map(|keys| &*keys.family), agency, id)
    }
}

fn pseudonym(key: Option<&[u8; 32]>, agency: Option<&str>, id: &str) -> Result<Pseudonym, IdentifierError> {
    let agency = checked(Part::Agency, agency.unwrap_or_default())?;
    let id = checked(Part::Identifier, id)?;
    if id.is_empty() {
        return Err(IdentifierError::Empty);
    }
    match key {
        Some(key) => Ok(hash(key, agency, id)),
        // As pseudonyms are written, and in no other way.
        None if id.bytes().any(|b| b.is_ascii_uppercase()) => Err(IdentifierError::NoPseudonym),
        None => id.parse().map_err(|_| IdentifierError::NoPseudonym),
    }
}

fn hash(key: &[u8; 32], agency: &str, id: &str) -> Pseudonym {
    // On the stack and hashed in one go: several times faster than a hasher fed piece by piece.
    let mut message = [0; 2 * (8 + Pseudonymizer::MOST_BYTES)];
    let mut length = 0;
    for text in [agency, id] {
        for part in [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()] {
            message[length..length + part.len()].copy_from_slice(part);
            length += part.len();
        }
    }
    let digest = blake3::keyed_hash(key, &message[..length]);
    message[..length].zeroize();
    let mut bytes = [0; Pseudonym::LEN];
    bytes.copy_from_slice(&digest.as_bytes()[..Pseudonym::LEN]);
    Pseudonym::from_bytes(bytes)
}

fn checked(part: Part, text: &str) -> Result<&str, IdentifierError> {
    let text = text.trim();
    if text.len() > Pseudonymizer::MOST_BYTES {
        return Err(IdentifierError::TooLong(part));
    }
    let printable =
        if text.is_ascii() { !text.bytes().any(|b| b.is_ascii_control()) } else { !text.chars().any(unprintable) };
    if printable { Ok(text) } else { Err(IdentifierError::Unprintable(part)) }
}

/// Control characters, soft hyphens, zero-width characters, direction marks, byte order marks.
fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonymizer() -> Pseudonymizer {
        Pseudonymizer::new(&SecretKey::from_bytes(std::array::from_fn(|i| u8::try_from(i).unwrap())))
    }

    #[test]
    fn golden_vectors() {
        // A change here breaks the link between every existing store and every file to come.
        let p = pseudonymizer();
        assert_eq!(p.sample(None, "S-1").unwrap().to_string(), "4c560238049a2961fff7047c82dd5609");
        assert_eq!(p.sample(Some("3701"), "S-1").unwrap().to_string(), "bb1ccf35ca0999f3a7cc6e6207d29ccc");
        assert_eq!(p.family(Some("3701"), "S-1").unwrap().to_string(), "e33f304958600f1331e5f3d65f863908");
    }

    #[test]
    fn the_message_is_agency_and_identifier_with_their_lengths() {
        let key = blake3::derive_key(Kind::Family.context(), &std::array::from_fn::<u8, 32, _>(|i| i as u8));
        let digest = blake3::keyed_hash(&key, b"\x02\0\0\0\0\0\0\0ab\x01\0\0\0\0\0\0\0c");
        let pseudonym = pseudonymizer().family(Some("ab"), "c").unwrap();
        assert_eq!(pseudonym.as_bytes()[..], digest.as_bytes()[..16]);
    }

    #[test]
    fn kinds_agencies_and_keys_are_apart() {
        let p = pseudonymizer();
        let other = Pseudonymizer::new(&SecretKey::from_bytes([7; 32]));
        let all = [
            p.sample(None, "abc"),
            p.family(None, "abc"),
            p.sample(Some("ab"), "c"),
            p.sample(Some("a"), "bc"),
            p.sample(Some("abc"), "a"),
            other.sample(None, "abc"),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b), "{i}");
        }
    }

    #[test]
    fn white_space_around_and_an_empty_agency_do_not_count() {
        let p = pseudonymizer();
        assert_eq!(p.sample(Some(""), " 12\u{3000}"), p.sample(None, "12"));
        assert_eq!(p.sample(Some(" x "), "12"), p.sample(Some("x"), "12"));
        assert_ne!(p.sample(None, "1 2"), p.sample(None, "12"));
    }

    #[test]
    fn refuses_what_is_no_identifier() {
        let p = pseudonymizer();
        assert_eq!(p.sample(None, " \t"), Err(IdentifierError::Empty));
        assert!(p.sample(None, &"x".repeat(256)).is_ok());
        assert_eq!(p.sample(None, &"x".repeat(257)), Err(IdentifierError::TooLong(Part::Identifier)));
        assert_eq!(p.sample(Some(&"x".repeat(257)), "1"), Err(IdentifierError::TooLong(Part::Agency)));
        for bad in ["1\u{0}2", "1\n2", "1\u{7f}2", "1\u{85}2", "1\u{200b}2", "1\u{feff}2"] {
            assert_eq!(p.sample(None, bad), Err(IdentifierError::Unprintable(Part::Identifier)), "{bad:?}");
        }
        assert_eq!(p.sample(Some("a\u{1}b"), "1"), Err(IdentifierError::Unprintable(Part::Agency)));
        assert!(p.sample(None, "鲁-2031\u{e9}").is_ok());
    }

    #[test]
    fn pseudonyms_are_taken_as_they_are_and_nothing_else_is() {
        let given = Pseudonymizer::given();
        let known = pseudonymizer().sample(Some("3701"), "S-1").unwrap();
        assert_eq!(given.sample(None, &known.to_string()), Ok(known));
        assert_eq!(given.family(Some("3701"), &format!(" {known}")), Ok(known));
        let text = known.to_string();
        for bad in ["S-1", &text[1..], &text.to_uppercase(), &format!("{text}0"), &text.replace('b', "g")] {
            assert_eq!(given.sample(None, bad), Err(IdentifierError::NoPseudonym), "{bad}");
        }
        assert_eq!(given.sample(None, ""), Err(IdentifierError::Empty));
        assert_eq!(given.sample(Some("\u{1}"), &text), Err(IdentifierError::Unprintable(Part::Agency)));
    }

    #[test]
    fn errors_and_debug_repeat_nothing_secret() {
        let p = pseudonymizer();
        let error = p.sample(None, "secret\u{1}").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
        assert_eq!(format!("{p:?}"), "Pseudonymizer(..)");
    }
}
