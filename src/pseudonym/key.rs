//! Creates and reads the secret key and its file.

use std::fmt;
use std::path::Path;

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::private::{KeyError, KeySource, MOST_BYTES, line, parse_line, read_secret, write_secret};

/// First word of a key file; another format gets another word.
const FORM: &str = "reunite-key-1";
/// The version rises together with that of the pseudonyms, because a store must also notice that pseudonyms are made in
/// another way.
const FINGERPRINT_CONTEXT: &str = "reunite 2026 fingerprint of a key v2";
const DIGEST_CONTEXT: &str = "reunite 2026 digests of files v1";
const LEDGER_CONTEXT: &str = "reunite 2026 encryption of the ledger v1";

/// The 256-bit key of all pseudonyms of a store. It is wiped from memory when dropped, and never printed.
///
/// Moving it moves a pointer, so that no copy is left behind. Its file is one line, `reunite-key-1 ` and 64 hexadecimal
/// digits. If the key is lost, nobody can find out any more which stored sample a new one is. A person who has the key
/// and the ledger can find out whom a pseudonym represents.
///
/// ```
/// use reunite::pseudonym::{KeySource, SecretKey};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("key");
/// let key = SecretKey::generate(&path)?;
/// let again = SecretKey::load(&KeySource::File(path))?;
/// assert_eq!(again.fingerprint().to_string(), key.fingerprint().to_string());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SecretKey(Box<Zeroizing<[u8; 32]>>);

/// Identifies a key without revealing it: written as 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 8]);

impl SecretKey {
    /// Creates a random key, and writes it to a new file of mode 0600 that is flushed to the disk.
    ///
    /// # Errors
    /// [`KeyError::Exists`] if the path already exists; [`KeyError::Random`] and [`KeyError::Io`] if the operating
    /// system refuses. An unfinished file is removed.
    pub fn generate(path: &Path) -> Result<Self, KeyError> {
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        getrandom::fill(&mut bytes[..]).map_err(KeyError::Random)?;
        write_secret(path, &line(FORM, &bytes))?;
        Ok(Self(bytes))
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`KeyError`] if the file is missing, not a regular file, open to others, malformed or all zero.
    pub fn load(source: &KeySource) -> Result<Self, KeyError> {
        let text = read_secret(source, MOST_BYTES)?;
        let malformed =
            || KeyError::Malformed { path: source.path(), form: "`reunite-key-1` and 64 hexadecimal digits" };
        let bytes = parse_line(FORM, &text).ok_or_else(malformed)?;
        if *bytes == [0; 32] {
            return Err(KeyError::Zero(source.path()));
        }
        Ok(Self(Box::new(bytes)))
    }

    /// Creates a key from these bytes, for tests and the demonstration, whose identifiers are invented.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Box::new(Zeroizing::new(bytes)))
    }

    /// Returns the fingerprint, which identifies this key in a store, so that another key is detected.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = Zeroizing::new(blake3::derive_key(FINGERPRINT_CONTEXT, &self.0[..]));
        Fingerprint(std::array::from_fn(|i| digest[i]))
    }

    /// Returns the sub-key that encrypts a ledger, in a build that encrypts ledgers.
    #[must_use]
    pub fn ledger_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(LEDGER_CONTEXT, &self.0[..]))
    }

    /// Returns the sub-key that keys the digests of files.
    #[must_use]
    pub fn digest_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(DIGEST_CONTEXT, &self.0[..]))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0[..]
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl Fingerprint {
    /// Returns its bytes, in the stored form.
    #[must_use]
    pub fn bytes(self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::PathBuf;

    use super::*;

    fn load(path: &Path) -> Result<SecretKey, KeyError> {
        SecretKey::load(&KeySource::File(path.to_owned()))
    }

    fn key_file(text: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        (dir, path)
    }

    #[test]
    fn a_fresh_key_is_private_and_loads_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let key = SecretKey::generate(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::read(&path).unwrap().len(), FORM.len() + 66);
        let again = load(&path).unwrap();
        assert_eq!(again.bytes(), key.bytes());
        assert_eq!(again.fingerprint(), key.fingerprint());
        assert_eq!(again.fingerprint().to_string().len(), 16);
        let before = fs::read(&path).unwrap();
        assert!(matches!(SecretKey::generate(&path), Err(KeyError::Exists(_))));
        assert_eq!(fs::read(&path).unwrap(), before, "an existing key stays");
        let other = SecretKey::generate(&dir.path().join("other")).unwrap();
        assert_ne!(other.fingerprint(), key.fingerprint());
    }

    #[test]
    fn refuses_open_permissions() {
        let (_dir, path) = key_file(format!("{FORM} {}\n", "ab".repeat(32)).as_bytes());
        assert!(load(&path).is_ok());
        for mode in [0o640, 0o620, 0o604, 0o602, 0o610, 0o666] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = load(&path).unwrap_err();
            assert!(matches!(error, KeyError::Permissions { .. }), "{mode:o}");
            assert!(error.to_string().contains("chmod 600"));
        }
    }

    #[test]
    fn refuses_what_is_not_the_file_itself() {
        let (dir, path) = key_file(format!("{FORM} {}\n", "ab".repeat(32)).as_bytes());
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(load(&link), Err(KeyError::NotRegular(_))));
        assert!(matches!(load(dir.path()), Err(KeyError::NotRegular(_))));
        assert!(matches!(load(&dir.path().join("none")), Err(KeyError::Missing(_))));
        assert!(matches!(SecretKey::generate(&link), Err(KeyError::Exists(_))));
    }

    #[test]
    fn refuses_damaged_keys_without_repeating_them() {
        let good = "5e".repeat(32);
        for text in [
            String::new(),
            FORM.to_owned(),
            format!("{FORM} {}\n", &good[2..]),
            format!("{FORM} {good}5e\n"),
            format!("{FORM} {good}\n\n"),
            format!("{FORM} {}+e\n", &good[2..]),
            format!("reunite-key-2 {good}\n"),
            format!("{FORM} {good}{}", " ".repeat(1000)),
        ] {
            let (_dir, path) = key_file(text.as_bytes());
            let error = load(&path).unwrap_err();
            assert!(matches!(error, KeyError::Malformed { .. }), "{text:?}");
            assert!(!format!("{error} {error:?}").contains("5e5e5e"));
        }
        let (_dir, path) = key_file(format!("{FORM} {}\n", "00".repeat(32)).as_bytes());
        assert!(matches!(load(&path), Err(KeyError::Zero(_))));
        let (_dir, path) = key_file(format!("{FORM} {}\r\n", good.to_uppercase()).as_bytes());
        let key = load(&path).unwrap();
        assert_eq!(format!("{key:?}"), "SecretKey(..)");
    }

    #[test]
    fn a_key_in_place_of_its_path_is_refused_and_not_repeated() {
        let (digits, word) = ("5e".repeat(32), "5e5e5e");
        for path in [format!("{FORM} {digits}"), digits.clone(), format!("AGE-SECRET-KEY-1{digits}")] {
            for error in [load(Path::new(&path)).unwrap_err(), SecretKey::generate(Path::new(&path)).unwrap_err()] {
                assert!(matches!(error, KeyError::NotAPath), "{path}");
                assert!(!format!("{error} {error:?}").contains(word));
            }
        }
        assert!(matches!(load(Path::new("reunite-key-1.backup")), Err(KeyError::Missing(_))));
    }
}
