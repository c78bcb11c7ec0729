//! Seals free text about a child to the custodians of a store.
//!
//! The text may name people and places, so nothing but the sealed form is kept. Each text is an age file of its own, with
//! one key agreement per custodian: most rows have none. In it is a JSON object with the pseudonym of the subject, so that
//! a text that was moved to another subject is recognised, and blanks up to a multiple of 256 bytes, so that its size says
//! little.

use std::borrow::Cow;
use std::fmt;
use std::io::{Read, Write};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Custodian, Identity, SealError, SecretKey};
use crate::model::Pseudonym;

const PADDING: usize = 256;
const CONTEXT: &str = "reunite 2026 free text about a child v1";

/// Free text about a child. Its debug form does not show it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FactText {
    /// The description of marks.
    pub marks: Zeroizing<String>,
    /// Any other description.
    pub description: Zeroizing<String>,
}

impl fmt::Debug for FactText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactText(..)")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'a> {
    subject: Pseudonym,
    #[serde(borrow)]
    marks: Cow<'a, str>,
    #[serde(borrow)]
    description: Cow<'a, str>,
}

impl FactText {
    /// Returns the text of two cells, which may be empty.
    #[must_use]
    pub fn new(marks: &str, description: &str) -> Self {
        Self { marks: Zeroizing::new(marks.to_owned()), description: Zeroizing::new(description.to_owned()) }
    }

    /// Reports whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.description.is_empty()
    }

    /// Seals the text for these custodians.
    ///
    /// # Errors
    /// [`SealError::Sealing`], also if there is no custodian.
    pub fn seal(&self, subject: Pseudonym, to: &[Custodian]) -> Result<Vec<u8>, SealError> {
        let failed = |error: &dyn fmt::Display| SealError::Sealing(error.to_string());
        let text = self.padded(subject)?;
        let recipients = to.iter().map(|custodian| &custodian.0 as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(|error| failed(&error))?;
        let mut sealed = Vec::new();
        let mut writer = encryptor.wrap_output(&mut sealed).map_err(|error| failed(&error))?;
        writer.write_all(&text).map_err(|error| failed(&error))?;
        writer.finish().map_err(|error| failed(&error))?;
        Ok(sealed)
    }

    /// Returns what is sealed: the object, and blanks.
    fn padded(&self, subject: Pseudonym) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let plain = Plain { subject, marks: self.marks.as_str().into(), description: self.description.as_str().into() };
        // This capacity suffices even if each character is escaped, so that no growing buffer leaves a copy behind.
        let most = PADDING + 160 + 6 * (self.marks.len() + self.description.len());
        let mut text = Zeroizing::new(Vec::with_capacity(most));
        serde_json::to_writer(&mut *text, &plain).map_err(|error| SealError::Sealing(error.to_string()))?;
        let padded = text.len().next_multiple_of(PADDING);
        text.resize(padded, b' ');
        Ok(text)
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    /// [`SealError::Closed`] if the identity does not open it, [`SealError::Exchanged`] if it is another subject's.
    pub fn open(subject: Pseudonym, sealed: &[u8], identity: &Identity) -> Result<Self, SealError> {
        let closed = || SealError::Closed(subject);
        let decryptor = age::Decryptor::new(sealed).map_err(|_| closed())?;
        let with = identity.0.iter().map(|one| one as &dyn age::Identity);
        let mut reader = decryptor.decrypt(with).map_err(|_| closed())?;
        // The text is shorter than its sealed form, so the buffer does not grow.
        let mut text = Zeroizing::new(Vec::with_capacity(sealed.len()));
        reader.read_to_end(&mut text).map_err(|_| closed())?;
        let plain: Plain<'_> = serde_json::from_slice(&text).map_err(|_| closed())?;
        if plain.subject != subject {
            return Err(SealError::Exchanged(subject));
        }
        let wiped = |text: Cow<'_, str>| Zeroizing::new(text.into_owned());
        Ok(Self { marks: wiped(plain.marks), description: wiped(plain.description) })
    }

    /// Computes a keyed hash by which an import recognises the same text again. Texts are easy to guess: the hash is as
    /// secret as the key.
    #[must_use]
    pub fn tag(&self, subject: Pseudonym, key: &SecretKey) -> [u8; 16] {
        let key = Zeroizing::new(blake3::derive_key(CONTEXT, key.bytes()));
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(subject.as_bytes()).update(&(self.marks.len() as u64).to_le_bytes());
        let digest = hasher.update(self.marks.as_bytes()).update(self.description.as_bytes()).finalize();
        let mut tag = [0; 16];
        tag.copy_from_slice(&digest.as_bytes()[..16]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;
    use age::x25519;

    use super::*;

    fn custodian() -> (Custodian, Identity) {
        let identity = x25519::Identity::generate();
        let custodian = identity.to_public().to_string().parse().unwrap();
        (custodian, Identity(vec![identity.to_string().expose_secret().parse().unwrap()]))
    }

    #[test]
    fn a_text_opens_for_its_custodian_and_as_its_subjects_alone() {
        let ((one, identity), (_, others)) = (custodian(), custodian());
        let (child, another) = (Pseudonym::from_bytes([1; 16]), Pseudonym::from_bytes([2; 16]));
        let text = FactText::new("a scar like a \"star\"", "王某");
        let sealed = text.seal(child, std::slice::from_ref(&one)).unwrap();
        assert_eq!(FactText::open(child, &sealed, &identity).unwrap(), text);
        assert!(matches!(FactText::open(child, &sealed, &others), Err(SealError::Closed(_))));
        assert!(matches!(FactText::open(another, &sealed, &identity), Err(SealError::Exchanged(_))));
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(matches!(FactText::open(child, &changed, &identity), Err(SealError::Closed(_))));
        let length = |text: &FactText| text.padded(child).unwrap().len();
        assert_eq!((length(&text), length(&FactText::new("", &"x".repeat(100)))), (PADDING, PADDING));
        assert_eq!(length(&FactText::new("", &"x".repeat(300))), 2 * PADDING);
        assert!(!String::from_utf8_lossy(&sealed).contains("star") && !format!("{text:?}").contains("star"));
        assert!(text.seal(child, &[]).is_err() && FactText::default().is_empty() && !text.is_empty());
    }

    #[test]
    fn a_tag_is_of_one_key_one_subject_and_one_text() {
        let (key, child) = (SecretKey::from_bytes([1; 32]), Pseudonym::from_bytes([1; 16]));
        let tag = |marks: &str, description: &str| FactText::new(marks, description).tag(child, &key);
        assert_eq!(tag("a", "b"), tag("a", "b"));
        assert_ne!(tag("a", "b"), tag("ab", ""));
        assert_ne!(tag("a", "b"), FactText::new("a", "b").tag(Pseudonym::from_bytes([2; 16]), &key));
        assert_ne!(tag("a", "b"), FactText::new("a", "b").tag(child, &SecretKey::from_bytes([2; 32])));
    }
}
