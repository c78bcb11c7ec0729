//! Writes files with secrets so that only the user can read them, and reads them only if nobody else can.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use crate::model::shown_path;

/// Source of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file of its own.
    File(PathBuf),
    /// A file or pipe that the process which started this program opened.
    Descriptor(u32),
}

impl KeySource {
    /// Returns the path under which it is opened.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Descriptor(number) => PathBuf::from(format!("/dev/fd/{number}")),
        }
    }
}

/// Reason why no key is available. It shows the path in the form in which it was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file does not exist.
    #[error("there is no key file {}", shown_path(.0))]
    Missing(PathBuf),
    /// A new key would overwrite a file.
    #[error("{} exists already and is not overwritten, because a lost key cannot be recovered; choose another name", shown_path(.0))]
    Exists(PathBuf),
    /// It is a directory, symbolic link, pipe or device.
    #[error("the key file {} is not a regular file; give the path of the file itself, not of a link to it", shown_path(.0))]
    NotRegular(PathBuf),
    /// It belongs to another user, who may read it.
    #[error("the key file {} belongs to another user, who can read it; use a copy of your own, with mode 0600", shown_path(.0))]
    Owner(PathBuf),
    /// The given path looks like a key. The error does not repeat it.
    #[error(
        "the key itself was given instead of the path of its file, so anyone who sees the command or its environment \
         has the key; make a new key, and give its path"
    )]
    NotAPath,
    /// Users other than its owner may read or write it.
    #[error(
        "the key file {} is open to other users (mode {mode:04o}); run chmod 600 on it, and consider who may have read \
         it",
        shown_path(path)
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not one line of the right form.
    #[error("{} is not a key file, or is cut short: it must hold {form}; restore it from its backup", shown_path(path))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The expected form.
        form: &'static str,
    },
    /// The key has only zeros.
    #[error("the key in {} is all zeros, so it is not secret; restore it from its backup", shown_path(.0))]
    Zero(PathBuf),
    /// The file was replaced while it was opened.
    #[error("the key file {} was replaced while it was opened; find out who did it, then repeat the command", shown_path(.0))]
    Exchanged(PathBuf),
    /// The operating system returned an error.
    #[error("cannot {doing} the key file {}: {source}", shown_path(path))]
    Io {
        /// The operation that failed.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The system returned no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

/// Reads a secret of at most `most` bytes.
///
/// # Errors
/// [`KeyError`] if the file is missing, is not a regular file or is a link, belongs to another user, or is open to
/// group or others. An inherited descriptor may also be a pipe.
pub(crate) fn read_secret(source: &KeySource, most: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let path = source.path();
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing(path.clone()),
        _ => KeyError::Io { doing: "read", path: path.clone(), source },
    };
    let file = match source {
        KeySource::File(path) if is_a_key(path) => return Err(KeyError::NotAPath),
        KeySource::File(path) => open_itself(path)?,
        KeySource::Descriptor(_) => File::open(&path).map_err(io)?,
    };
    let opened = file.metadata().map_err(io)?;
    if opened.is_dir() {
        return Err(KeyError::NotRegular(path));
    }
    let (owner, us) = (opened.uid(), nix::unistd::geteuid().as_raw());
    if opened.is_file() && owner != us && owner != 0 {
        return Err(KeyError::Owner(path));
    }
    // A file in memory has no name by which others could open it, whatever its mode is.
    if opened.nlink() > 0 && opened.mode() & 0o077 != 0 {
        return Err(KeyError::Permissions { path, mode: opened.mode() & 0o7777 });
    }
    // The full capacity from the start prevents copies that a growing buffer would leave behind.
    let mut text = Zeroizing::new(Vec::with_capacity(most));
    file.take(most as u64).read_to_end(&mut text).map_err(io)?;
    Ok(text)
}

/// Opens the file at the path itself, and does not follow a link.
fn open_itself(path: &Path) -> Result<File, KeyError> {
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
        _ => KeyError::Io { doing: "read", path: path.to_owned(), source },
    };
    // A link is not followed, and a pipe is not opened, because opening it could wait forever.
    let named = fs::symlink_metadata(path).map_err(io)?;
    if !named.file_type().is_file() {
        return Err(KeyError::NotRegular(path.to_owned()));
    }
    let file = File::open(path).map_err(io)?;
    // The checks apply to the opened file, even if another one is at the path by now.
    let opened = file.metadata().map_err(io)?;
    if !opened.file_type().is_file() || (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
        return Err(KeyError::Exchanged(path.to_owned()));
    }
    Ok(file)
}

/// Reports whether a path is a key; no file has a name of this form by chance.
fn is_a_key(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes().trim_ascii();
    let digits = text.rsplit(|&b| b == b' ').next().unwrap_or(text);
    text.starts_with(b"reunite-") && text.contains(&b' ')
        || text.starts_with(b"AGE-SECRET-KEY-")
        || digits.len() >= 64 && digits.iter().all(u8::is_ascii_hexdigit)
}

/// Writes a secret to a new file of mode 0600, and flushes it and its name.
///
/// # Errors
/// [`KeyError::Exists`] if the path already exists; [`KeyError::Io`] if the operating system refuses. An unfinished
/// file is removed.
pub(crate) fn write_secret(path: &Path, text: &[u8]) -> Result<(), KeyError> {
    if is_a_key(path) {
        return Err(KeyError::NotAPath);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            KeyError::Exists(path.to_owned())
        } else {
            KeyError::Io { doing: "create", path: path.to_owned(), source }
        }
    })?;
    let written = file.write_all(text).and_then(|()| file.sync_all()).and_then(|()| sync_directory_of(path));
    written.map_err(|source| {
        // Reading would only refuse an incomplete key later. A failed removal changes nothing about that.
        let _ = fs::remove_file(path);
        KeyError::Io { doing: "write", path: path.to_owned(), source }
    })
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Returns the path of the public half of a key: that of the key with `.pub`.
pub(crate) fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// Returns a line of a word and 64 hexadecimal digits: the form of this program's key files.
pub(crate) fn line(word: &str, bytes: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let mut digits = Zeroizing::new([0; 64]);
    HEXLOWER.encode_mut(bytes, &mut *digits);
    let mut text = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
    for part in [word.as_bytes(), b" ", &*digits, b"\n"] {
        text.extend_from_slice(part);
    }
    text
}

/// Returns the bytes of a line of this form; `None` if the text has another form.
pub(crate) fn parse_line(word: &str, text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let digits = text.strip_prefix(word.as_bytes())?.strip_prefix(b" ")?;
    let digits = digits.strip_suffix(b"\n").unwrap_or(digits);
    let digits = digits.strip_suffix(b"\r").unwrap_or(digits);
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    (HEXLOWER_PERMISSIVE.decode_mut(digits, &mut *bytes) == Ok(32)).then_some(bytes)
}

/// The largest size in bytes that is read; a valid file of one line is shorter.
pub(crate) const MOST_BYTES: usize = 128;
