//! Creates and reads the keys with which reviewers sign their decisions.
//!
//! They differ from the keys of checkpoints: the secret half is sealed with a passphrase, because it stands for a
//! person, and the files begin with other words, so that neither kind passes for the other.

use std::fmt;
use std::path::Path;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::pseudonym::{
    KeyError, KeySource, MOST_BYTES, Passphrase, PassphraseError, line, parse_line, public_path, read_sealed,
    write_secret,
};

/// First word of the content of a reviewer's sealed key.
const SECRET_FORM: &str = "reunite-review-key-1";
/// First word of a file with a reviewer's public key.
const PUBLIC_FORM: &str = "reunite-review-public-1";

/// Reason why a reviewer's key could not be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewerKeyError {
    /// See [`KeyError`].
    #[error("{0}")]
    File(#[from] KeyError),
    /// See [`PassphraseError`].
    #[error("{0}")]
    Passphrase(#[from] PassphraseError),
}

/// Key with which a reviewer signs decisions. It is wiped from memory when dropped, and never printed.
///
/// Its file is an age file, sealed with a passphrase, of one line: `reunite-review-key-1` and 64 hexadecimal digits.
pub struct ReviewerKey(Box<SigningKey>);

impl fmt::Debug for ReviewerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReviewerKey(..)")
    }
}

impl ReviewerKey {
    /// Returns a random key that is in no file.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the operating system refuses.
    pub fn random() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut bytes[..]).map_err(KeyError::Random)?;
        Ok(Self::from_bytes(&bytes))
    }

    /// Creates a random key, and writes it, sealed, to a new file of mode 0600, and its public key to a file of that
    /// name with `.pub`.
    ///
    /// # Errors
    /// [`PassphraseError::Short`]; [`KeyError::Exists`] if one of the files already exists; [`KeyError::Random`] and
    /// [`KeyError::Io`] if the operating system refuses.
    pub fn generate(path: &Path, passphrase: &Passphrase) -> Result<Self, ReviewerKeyError> {
        passphrase.check_new()?;
        let public = public_path(path);
        if let Some(file) = [path, &public].into_iter().find(|file| file.exists()) {
            return Err(KeyError::Exists(file.to_owned()).into());
        }
        let key = Self::random()?;
        let secret = Zeroizing::new(key.0.to_bytes());
        write_secret(path, &passphrase.seal(&line(SECRET_FORM, &secret))?)?;
        write_secret(&public, &line(PUBLIC_FORM, key.public().as_bytes()))?;
        Ok(key)
    }

    /// Reads a sealed key.
    ///
    /// # Errors
    /// [`KeyError`] if the file is missing, not a regular file, open to others or not a reviewer's key;
    /// [`PassphraseError::Wrong`].
    pub fn load(source: &KeySource, passphrase: &Passphrase) -> Result<Self, ReviewerKeyError> {
        let sealed = read_sealed(source)?;
        let malformed = || KeyError::Malformed { path: source.path(), form: "a reviewer's key, sealed with age" };
        if !sealed.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----") {
            return Err(malformed().into());
        }
        let text = passphrase.open(&sealed, MOST_BYTES)?;
        let bytes = parse_line(SECRET_FORM, &text).ok_or_else(malformed)?;
        Ok(Self::from_bytes(&bytes))
    }

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Box::new(SigningKey::from_bytes(bytes)))
    }

    /// Returns the public key, which checks its signatures.
    #[must_use]
    pub fn public(&self) -> ReviewerPublicKey {
        ReviewerPublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// A sealed key that nobody can open. Trying to takes as long as with a real one, so that the time of an answer does not
/// say whether there is a key.
#[cfg(feature = "serve")]
pub(crate) struct Decoy(Vec<u8>);

#[cfg(feature = "serve")]
impl Decoy {
    /// Seals a random key with a random passphrase, and forgets both.
    ///
    /// # Errors
    /// [`KeyError::Random`], [`PassphraseError::Sealing`].
    pub(crate) fn new() -> Result<Self, ReviewerKeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut bytes[..]).map_err(KeyError::Random)?;
        let passphrase = Passphrase::new(&HEXLOWER.encode(&bytes[..]))?;
        let secret = Zeroizing::new(ReviewerKey::random()?.0.to_bytes());
        Ok(Self(passphrase.seal(&line(SECRET_FORM, &secret))?))
    }

    /// Tries a passphrase in vain.
    pub(crate) fn try_passphrase(&self, passphrase: &Passphrase) {
        // It cannot be the right one.
        drop(passphrase.open(&self.0, MOST_BYTES));
    }
}

/// Public key that checks a reviewer's signatures. Its file is one line, `reunite-review-public-1` and 64 hexadecimal
/// digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReviewerPublicKey([u8; 32]);

impl fmt::Debug for ReviewerPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ReviewerPublicKey {
    /// Writes 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl ReviewerPublicKey {
    /// Reads a public key from its bytes; `None` if they are no key, or one with which anybody could sign.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak()).map(|_| Self(bytes))
    }

    /// Reads a public key, whose file may be readable to anyone.
    ///
    /// # Errors
    /// [`KeyError::Missing`], [`KeyError::Io`], or [`KeyError::Malformed`] if the file is not a reviewer's public key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let text = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
            _ => KeyError::Io { doing: "read", path: path.to_owned(), source },
        })?;
        let form = "`reunite-review-public-1` and 64 hexadecimal digits";
        let bytes = parse_line(PUBLIC_FORM, &text).and_then(|bytes| Self::from_bytes(*bytes));
        bytes.ok_or_else(|| KeyError::Malformed { path: path.to_owned(), form })
    }

    /// Returns the bytes, as stored and signed.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reports whether a signature of a message is of this key.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(&self.0)
            .is_ok_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_keys_load_again_and_belong_together() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r1.key");
        let passphrase = Passphrase::new("a passphrase of ours").unwrap();
        let short = Passphrase::new("short").unwrap();
        assert!(matches!(
            ReviewerKey::generate(&path, &short),
            Err(ReviewerKeyError::Passphrase(PassphraseError::Short))
        ));
        let key = ReviewerKey::generate(&path, &passphrase).unwrap();
        let source = KeySource::File(path.clone());
        let again = ReviewerKey::load(&source, &passphrase).unwrap();
        let public = ReviewerPublicKey::load(&public_path(&path)).unwrap();
        assert_eq!(again.public(), public);
        let signature = again.sign(b"text");
        assert!(public.verifies(b"text", &signature) && !public.verifies(b"texts", &signature));
        assert!(!ReviewerKey::random().unwrap().public().verifies(b"text", &signature));
        let wrong = ReviewerKey::load(&source, &Passphrase::new("another passphrase").unwrap());
        assert!(matches!(wrong, Err(ReviewerKeyError::Passphrase(PassphraseError::Wrong))));
        let exists = ReviewerKey::generate(&path, &passphrase);
        assert!(matches!(exists, Err(ReviewerKeyError::File(KeyError::Exists(_)))));
        let public = KeySource::File(public_path(&path));
        let malformed = ReviewerKey::load(&public, &passphrase);
        assert!(matches!(malformed, Err(ReviewerKeyError::File(KeyError::Malformed { .. }))));
        assert!(matches!(ReviewerPublicKey::load(&path), Err(KeyError::Malformed { .. })));
        assert_eq!(format!("{key:?}"), "ReviewerKey(..)");
        assert_eq!(ReviewerPublicKey::from_bytes([0; 32]), None, "a point of small order");
    }
}
