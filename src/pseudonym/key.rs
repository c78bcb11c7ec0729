//! The secret key and its file.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// First word of a key file; a later form gets another.
const FORM: &str = "reunite-key-1 ";
const FINGERPRINT_CONTEXT: &str = "reunite 2026 fingerprint of a key v1";
/// A sound file is shorter than this.
const MOST_BYTES: usize = 128;

/// The 256-bit key of all pseudonyms of a store. Wiped from memory when dropped; never printed.
///
/// Its file is one line, `reunite-key-1 ` and 64 hexadecimal digits. Whoever loses it can no longer tell which new
/// sample is which old one; whoever has it and the ledger can find out whom a pseudonym stands for.
pub struct SecretKey(Zeroizing<[u8; 32]>);

/// Names a key without giving it away: written as 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 8]);

/// Why there is no key. Names the path as it was given.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No such file.
    #[error("there is no key file {}: give its place with --key-file, or make one with `reunite key new`", .0.display())]
    Missing(PathBuf),
    /// A new key was to be written over something.
    #[error("{} exists already and is not overwritten: a key that is lost cannot be made again; choose another name", .0.display())]
    Exists(PathBuf),
    /// A directory, symbolic link, pipe or device.
    #[error("the key file {} is not a regular file: give the place of the file itself, not of a link to it", .0.display())]
    NotRegular(PathBuf),
    /// Others than its owner may read or write it.
    #[error("the key file {} is open to other users (mode {mode:04o}): run chmod 600 on it, and think about who may have read it", path.display())]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not one line of the right form.
    #[error("{} is not a key file, or is cut short: it must hold `reunite-key-1` and 64 hexadecimal digits; restore it from its backup", .0.display())]
    Malformed(PathBuf),
    /// Nothing but zeros.
    #[error("the key in {} is all zeros, which is no secret: restore it from its backup, or make one with `reunite key new`", .0.display())]
    Zero(PathBuf),
    /// The file changed while it was opened.
    #[error("the key file {} was exchanged while it was opened: find out by whom, then try again", .0.display())]
    Exchanged(PathBuf),
    /// The operating system refused.
    #[error("cannot {doing} the key file {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

impl SecretKey {
    /// A fresh random key, written to a new file of mode 0600 and flushed to the disk.
    ///
    /// # Errors
    /// [`KeyError::Exists`] if there is something at the path already; [`KeyError::Random`] and [`KeyError::Io`]
    /// if the operating system refuses. A file that could not be finished is removed.
    pub fn generate(path: &Path) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut bytes[..]).map_err(KeyError::Random)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|source| {
            if source.kind() == io::ErrorKind::AlreadyExists {
                KeyError::Exists(path.to_owned())
            } else {
                KeyError::Io { doing: "create", path: path.to_owned(), source }
            }
        })?;
        let written = write_key(&mut file, &bytes).and_then(|()| sync_directory_of(path));
        if let Err(source) = written {
            // Half a key would only be refused later on; that it cannot be removed changes nothing.
            let _ = fs::remove_file(path);
            return Err(KeyError::Io { doing: "write", path: path.to_owned(), source });
        }
        Ok(Self(bytes))
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyError`] if the file is missing, not a regular file, open to group or others, malformed or all zero.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let io = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
            _ => KeyError::Io { doing: "read", path: path.to_owned(), source },
        };
        // A link is not followed and a pipe not opened, since opening it would wait for ever.
        let named = fs::symlink_metadata(path).map_err(io)?;
        if !named.file_type().is_file() {
            return Err(KeyError::NotRegular(path.to_owned()));
        }
        let file = File::open(path).map_err(io)?;
        // What counts is the file that was opened, whatever stands at the path by now.
        let opened = file.metadata().map_err(io)?;
        if !opened.file_type().is_file() || (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
            return Err(KeyError::Exchanged(path.to_owned()));
        }
        if opened.mode() & 0o077 != 0 {
            return Err(KeyError::Permissions { path: path.to_owned(), mode: opened.mode() & 0o7777 });
        }
        let mut text = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
        file.take(MOST_BYTES as u64).read_to_end(&mut text).map_err(io)?;
        let bytes = parse(&text).ok_or_else(|| KeyError::Malformed(path.to_owned()))?;
        if *bytes == [0; 32] {
            return Err(KeyError::Zero(path.to_owned()));
        }
        Ok(Self(bytes))
    }

    /// A key of these bytes, for tests and the demonstration, whose identifiers are invented.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// What names this key in a store, so that another key is noticed.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = Zeroizing::new(blake3::derive_key(FINGERPRINT_CONTEXT, &self.0[..]));
        Fingerprint(std::array::from_fn(|i| digest[i]))
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
    /// Its bytes, as stored.
    #[must_use]
    pub fn bytes(self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_key(file: &mut File, bytes: &[u8; 32]) -> io::Result<()> {
    // With its full capacity from the start, so that no copy is left behind by growing.
    let mut text = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
    text.extend_from_slice(FORM.as_bytes());
    for byte in bytes {
        let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        text.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    text.push(b'\n');
    file.write_all(&text)?;
    file.sync_all()
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

fn parse(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let digits = text.strip_prefix(FORM.as_bytes())?;
    let digits = digits.strip_suffix(b"\n").unwrap_or(digits);
    let digits = digits.strip_suffix(b"\r").unwrap_or(digits);
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

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
        assert_eq!(fs::read(&path).unwrap().len(), FORM.len() + 65);
        let again = SecretKey::load(&path).unwrap();
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
        let (_dir, path) = key_file(format!("{FORM}{}\n", "ab".repeat(32)).as_bytes());
        assert!(SecretKey::load(&path).is_ok());
        for mode in [0o640, 0o620, 0o604, 0o602, 0o610, 0o666] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = SecretKey::load(&path).unwrap_err();
            assert!(matches!(error, KeyError::Permissions { .. }), "{mode:o}");
            assert!(error.to_string().contains("chmod 600"));
        }
    }

    #[test]
    fn refuses_what_is_not_the_file_itself() {
        let (dir, path) = key_file(format!("{FORM}{}\n", "ab".repeat(32)).as_bytes());
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(SecretKey::load(&link), Err(KeyError::NotRegular(_))));
        assert!(matches!(SecretKey::load(dir.path()), Err(KeyError::NotRegular(_))));
        assert!(matches!(SecretKey::load(&dir.path().join("none")), Err(KeyError::Missing(_))));
        assert!(matches!(SecretKey::generate(&link), Err(KeyError::Exists(_))));
    }

    #[test]
    fn refuses_damaged_keys_without_repeating_them() {
        let good = "5e".repeat(32);
        for text in [
            String::new(),
            FORM.to_owned(),
            format!("{FORM}{}\n", &good[2..]),
            format!("{FORM}{good}5e\n"),
            format!("{FORM}{good}\n\n"),
            format!("{FORM}{}+e\n", &good[2..]),
            format!("reunite-key-2 {good}\n"),
            format!("{FORM}{good}{}", " ".repeat(1000)),
        ] {
            let (_dir, path) = key_file(text.as_bytes());
            let error = SecretKey::load(&path).unwrap_err();
            assert!(matches!(error, KeyError::Malformed(_)), "{text:?}");
            assert!(!format!("{error} {error:?}").contains("5e5e5e"));
        }
        let (_dir, path) = key_file(format!("{FORM}{}\n", "00".repeat(32)).as_bytes());
        assert!(matches!(SecretKey::load(&path), Err(KeyError::Zero(_))));
        let (_dir, path) = key_file(format!("{FORM}{}\r\n", good.to_uppercase()).as_bytes());
        let key = SecretKey::load(&path).unwrap();
        assert_eq!(format!("{key:?}"), "SecretKey(..)");
    }
}
