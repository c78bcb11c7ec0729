//! Creates and reads the keys that sign checkpoints.

use std::fmt;
use std::path::Path;

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use zeroize::Zeroizing;

use crate::pseudonym::{KeyError, KeySource, MOST_BYTES, line, parse_line, public_path, read_secret, write_secret};

/// First word of a file with a signing key.
const SECRET_FORM: &str = "reunite-audit-key-1";
/// First word of a file with a public key.
const PUBLIC_FORM: &str = "reunite-audit-public-1";

/// Key that signs checkpoints. It is wiped from memory when dropped, and never printed.
///
/// Its file is one line, `reunite-audit-key-1` and 64 hexadecimal digits.
pub struct SigningKey(Box<ed25519_dalek::SigningKey>);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl SigningKey {
    /// Creates a random key, and writes it to a new file of mode 0600, and its public key to a file of that name with
    /// `.pub`.
    ///
    /// # Errors
    /// [`KeyError::Exists`] if one of the files already exists, [`KeyError::Random`] and [`KeyError::Io`] if the
    /// operating system refuses.
    pub fn generate(path: &Path) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut bytes[..]).map_err(KeyError::Random)?;
        let key = Self::from_bytes(&bytes);
        let public = public_path(path);
        if public.exists() {
            return Err(KeyError::Exists(public));
        }
        write_secret(path, &line(SECRET_FORM, &bytes))?;
        write_secret(&public, &line(PUBLIC_FORM, key.0.verifying_key().as_bytes()))?;
        Ok(key)
    }

    /// Reads a signing key.
    ///
    /// # Errors
    /// [`KeyError`] if the file is missing, not a regular file, open to others, malformed or all zero.
    pub fn load(source: &KeySource) -> Result<Self, KeyError> {
        let text = read_secret(source, MOST_BYTES)?;
        let form = "`reunite-audit-key-1` and 64 hexadecimal digits";
        let malformed = || KeyError::Malformed { path: source.path(), form };
        let bytes = parse_line(SECRET_FORM, &text).ok_or_else(malformed)?;
        if *bytes == [0; 32] {
            return Err(KeyError::Zero(source.path()));
        }
        Ok(Self::from_bytes(&bytes))
    }

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Box::new(ed25519_dalek::SigningKey::from_bytes(bytes)))
    }

    /// Returns the public key, which checks its signatures.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// Public key that checks signatures of checkpoints. Its file is one line, `reunite-audit-public-1` and 64 hexadecimal
/// digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a public key, whose file may be readable to anyone.
    ///
    /// # Errors
    /// [`KeyError::Missing`], [`KeyError::Io`], or [`KeyError::Malformed`] if the file is not a public key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let text = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
            _ => KeyError::Io { doing: "read", path: path.to_owned(), source },
        })?;
        let form = "`reunite-audit-public-1` and 64 hexadecimal digits";
        let malformed = || KeyError::Malformed { path: path.to_owned(), form };
        let bytes = parse_line(PUBLIC_FORM, &text).ok_or_else(malformed)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| malformed())
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_keys_load_again_and_go_together() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.key");
        let key = SigningKey::generate(&path).unwrap();
        let again = SigningKey::load(&KeySource::File(path.clone())).unwrap();
        let public = PublicKey::load(&dir.path().join("audit.key.pub")).unwrap();
        assert_eq!(again.public(), public);
        let signature = again.sign(b"text");
        assert!(public.verifies(b"text", &signature) && !public.verifies(b"texts", &signature));
        let other = SigningKey::generate(&dir.path().join("other")).unwrap();
        assert!(!other.public().verifies(b"text", &signature));
        assert!(matches!(SigningKey::generate(&path), Err(KeyError::Exists(_))));
        assert_eq!(SigningKey::load(&KeySource::File(path.clone())).unwrap().public(), key.public());
        assert!(matches!(PublicKey::load(&path), Err(KeyError::Malformed { .. })), "not the secret one");
        let public = KeySource::File(public_path(&path));
        assert!(matches!(SigningKey::load(&public), Err(KeyError::Malformed { .. })));
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
    }
}
