//! Files and folders that only their owner can read.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::intake::{IntakeError, file_bytes};

use super::error::{FileAction, StoreError};

/// Refuses a secret file that lies inside a store: a stolen store must not bring its key along. `what` names the file's
/// kind in the error.
///
/// # Errors
/// [`StoreError::InsideStore`].
pub(super) fn outside(file: &Path, store: &Path, what: &'static str) -> Result<(), StoreError> {
    match (file.canonicalize(), store.canonicalize()) {
        (Ok(file), Ok(store)) if file.starts_with(&store) => Err(StoreError::InsideStore { what }),
        _ => Ok(()),
    }
}

/// Flushes the names in a folder.
pub(super) fn flush(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a new file with mode 0600 and flushes it.
///
/// # Errors
/// [`StoreError::Io`]; also if the file exists.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| StoreError::io(FileAction::Write, path, source))
}

/// Writes a file with mode 0600, over one that exists: wholly or not at all.
///
/// # Errors
/// [`StoreError::Io`].
pub fn write_over(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let file = NewFile::create(path, true)?;
    file.writer().write_all(bytes).map_err(|source| StoreError::io(FileAction::Write, path, source))?;
    file.finish()
}

/// Reads a file.
///
/// # Errors
/// [`StoreError::Io`]; [`StoreError::NotAFile`] for a pipe or a device.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    file_bytes(path).map_err(|error| match error {
        IntakeError::Io { path, source } => StoreError::io(FileAction::Read, &path, source),
        IntakeError::NotAFile(path) => StoreError::NotAFile(path),
        IntakeError::TooLarge(path) => {
            StoreError::io(FileAction::Read, &path, io::Error::new(ErrorKind::FileTooLarge, "it is larger than 2 GiB"))
        }
    })
}

/// A file that appears as a whole or not at all, and that only its owner can read.
pub(super) struct NewFile {
    file: NamedTempFile,
    path: PathBuf,
    force: bool,
}

impl NewFile {
    /// Begins a file. With `force` it replaces one that exists.
    ///
    /// # Errors
    /// [`StoreError::FileExists`] without `force`, [`StoreError::Io`].
    pub(super) fn create(path: &Path, force: bool) -> Result<Self, StoreError> {
        if !force && path.symlink_metadata().is_ok() {
            return Err(StoreError::FileExists(path.to_owned()));
        }
        // Its mode is 0600 from the first moment.
        let file = NamedTempFile::with_prefix_in(".reunite-", folder(path))
            .map_err(|source| StoreError::io(FileAction::Write, path, source))?;
        Ok(Self { file, path: path.to_owned(), force })
    }

    pub(super) fn writer(&self) -> impl Write + '_ {
        self.file.as_file()
    }

    /// Computes the BLAKE3 digest of what was written so far.
    pub(super) fn digest(&self) -> Result<[u8; 32], StoreError> {
        let mut hasher = blake3::Hasher::new();
        let read = File::open(self.file.path()).and_then(|file| hasher.update_reader(file).map(drop));
        read.map_err(|source| StoreError::io(FileAction::ReadBack, &self.path, source))?;
        Ok(*hasher.finalize().as_bytes())
    }

    /// Flushes the file and puts it in its place.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        let Self { file, path, force } = self;
        let put = || {
            file.as_file().sync_all()?;
            let placed = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
            placed.map_err(|error| error.error)?;
            flush(folder(&path))
        };
        put().map_err(|source| StoreError::io(FileAction::Write, &path, source))
    }
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
