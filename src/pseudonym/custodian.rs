//! Defines custodians, for whom original identifiers are sealed, and the identities with which they open them.

use std::fmt;
use std::str::FromStr;

use age::secrecy::ExposeSecret;
use age::x25519;
use zeroize::Zeroizing;

use super::private::{KeyError, KeySource, read_secret};

/// Most bytes of an identity file.
const MOST_IDENTITY_BYTES: usize = 64 << 10;

/// Person for whom original identifiers are sealed: an age recipient, `age1...`.
#[derive(Clone, PartialEq, Eq)]
pub struct Custodian(pub(super) x25519::Recipient);

/// A text that is not a custodian. The error does not contain the text, which may be a secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a custodian is an age recipient: age1 and 58 letters and digits")]
pub struct CustodianError;

impl FromStr for Custodian {
    type Err = CustodianError;

    fn from_str(text: &str) -> Result<Self, CustodianError> {
        let text = text.trim();
        // The text may be a secret key instead of a public one, so the error must not repeat it.
        text.parse().map(Self).map_err(|_| CustodianError)
    }
}

impl fmt::Display for Custodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Custodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Secret with which a custodian opens records. It is never printed.
pub struct Identity(pub(super) Vec<x25519::Identity>);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

impl Identity {
    /// Reads an identity file in the format of `age-keygen`.
    ///
    /// # Errors
    /// [`KeyError`] if the file is missing, not a regular file, open to others, or without an identity.
    pub fn load(source: &KeySource) -> Result<Self, KeyError> {
        let text = read_secret(source, MOST_IDENTITY_BYTES)?;
        let form = "lines of `AGE-SECRET-KEY-1...`, as age-keygen writes them";
        let malformed = || KeyError::Malformed { path: source.path(), form };
        let text = std::str::from_utf8(&text).map_err(|_| malformed())?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let identities = lines.map(|line| line.parse().map_err(|_| malformed()));
        let identities: Vec<x25519::Identity> = identities.collect::<Result<_, _>>()?;
        if identities.is_empty() { Err(malformed()) } else { Ok(Self(identities)) }
    }

    /// Makes a random identity. Returns it with its line, which is the secret, and the recipient whom it opens for.
    #[must_use]
    pub fn random() -> (Self, Zeroizing<String>, Custodian) {
        let identity = x25519::Identity::generate();
        let line = Zeroizing::new(identity.to_string().expose_secret().to_owned());
        let recipient = Custodian(identity.to_public());
        (Self(vec![identity]), line, recipient)
    }

    /// Reads the line of an identity, and returns it with the recipient whom it opens for; `None` if it is not one.
    #[must_use]
    pub fn from_line(line: &str) -> Option<(Self, Custodian)> {
        let identity: x25519::Identity = line.parse().ok()?;
        let recipient = Custodian(identity.to_public());
        Some((Self(vec![identity]), recipient))
    }

    /// Joins identities: the result opens everything that any of these opens.
    #[must_use]
    pub fn join(all: impl IntoIterator<Item = Self>) -> Self {
        Self(all.into_iter().flat_map(|one| one.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_no_custodian_or_identity_is_refused_and_not_repeated() {
        let secret = x25519::Identity::generate().to_string();
        let error = secret.expose_secret().parse::<Custodian>().unwrap_err();
        assert!(!error.to_string().contains(&secret.expose_secret()[..20]));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity");
        for text in ["", "# nothing\n", "AGE-SECRET-KEY-1QQQQ\n", "age1qqqq\n"] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            let error = Identity::load(&KeySource::File(path.clone())).unwrap_err();
            assert!(matches!(error, KeyError::Malformed { .. }) && !error.to_string().contains("QQQQ"), "{text}");
        }
        fs::write(&path, secret.expose_secret()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Identity::load(&KeySource::File(path)), Err(KeyError::Permissions { .. })));
    }
}
