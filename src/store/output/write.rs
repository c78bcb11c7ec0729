//! Writes and reads files and folders that only their owner can read.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::files::{self, folder};
use crate::intake::{IntakeError, file_bytes};

use super::check::{Output, Replace};
use crate::store::error::{FileAction, StoreError};

/// Refuses a secret file that lies inside a store: somebody who steals the store must not get its key. `what` names the
/// kind of file in the error.
///
/// # Errors
/// [`StoreError::InsideStore`].
pub(in crate::store) fn outside(file: &Path, store: &Path, what: &'static str) -> Result<(), StoreError> {
    match (file.canonicalize(), store.canonicalize()) {
        (Ok(file), Ok(store)) if file.starts_with(&store) => Err(StoreError::InsideStore { what }),
        _ => Ok(()),
    }
}

/// Flushes the names in a folder.
pub(in crate::store) fn flush(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a new file with mode 0600 and flushes it. The file is complete or does not exist.
///
/// # Errors
/// As [`check_output`](crate::store::check_output) for [`Replace::Nothing`]; [`StoreError::Io`].
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_output(path, bytes, Replace::Nothing, &[])
}

/// Writes the output of a command with mode 0600. The file is complete or does not exist.
///
/// # Errors
/// As [`check_output`](crate::store::check_output); [`StoreError::Io`].
pub fn write_output(path: &Path, bytes: &[u8], replace: Replace, inputs: &[&Path]) -> Result<(), StoreError> {
    let file = NewFile::create(path, replace, inputs)?;
    file.writer().write_all(bytes).map_err(|source| StoreError::io(FileAction::Write, path, source))?;
    file.finish()
}

/// Overwrites a file of a store, readable for the accounts that the store is for. The file is complete or unchanged.
///
/// # Errors
/// [`StoreError::Io`].
pub(in crate::store) fn write_over(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let file = NewFile::begin(path, None, true)?;
    file.writer().write_all(bytes).map_err(|source| StoreError::io(FileAction::Write, path, source))?;
    file.finish()
}

/// Reads a file.
///
/// # Errors
/// [`StoreError::Io`]; [`StoreError::NotAFile`] for a pipe or a device.
pub(in crate::store) fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    file_bytes(path).map_err(|error| match error {
        IntakeError::Io { path, source } => StoreError::io(FileAction::Read, &path, source),
        IntakeError::NotAFile(path) => StoreError::NotAFile(path),
        IntakeError::TooLarge(path) => {
            StoreError::io(FileAction::Read, &path, io::Error::new(ErrorKind::FileTooLarge, "it is larger than 2 GiB"))
        }
    })
}

/// A new file that only its owner can read and that appears under its name only when it is complete.
pub(in crate::store) struct NewFile {
    file: NamedTempFile,
    path: PathBuf,
    /// What the file may replace; `None` for a file of a store.
    output: Option<Output>,
    force: bool,
}

impl NewFile {
    /// Begins the output of a command; `inputs` are the files that the command reads.
    ///
    /// # Errors
    /// As [`check_output`](crate::store::check_output); [`StoreError::Io`].
    pub(in crate::store) fn create(path: &Path, replace: Replace, inputs: &[&Path]) -> Result<Self, StoreError> {
        let output = Output::new(replace, inputs);
        output.check(path)?;
        Self::begin(path, Some(output), matches!(replace, Replace::Like(_) | Replace::AnyFile))
    }

    fn begin(path: &Path, output: Option<Output>, force: bool) -> Result<Self, StoreError> {
        // The output of a command belongs to its user, so it has mode 0600 from the beginning.
        let file = match output {
            Some(_) => NamedTempFile::with_prefix_in(".reunite-", folder(path)),
            None => files::temporary(".reunite-", folder(path)),
        };
        let file = file.map_err(|source| StoreError::io(FileAction::Write, path, source))?;
        Ok(Self { file, path: path.to_owned(), output, force })
    }

    pub(in crate::store) fn writer(&self) -> impl Write + '_ {
        self.file.as_file()
    }

    /// Computes the BLAKE3 digest of the bytes written so far.
    pub(in crate::store) fn digest(&self) -> Result<[u8; 32], StoreError> {
        let mut hasher = blake3::Hasher::new();
        let read = File::open(self.file.path()).and_then(|file| hasher.update_reader(file).map(drop));
        read.map_err(|source| StoreError::io(FileAction::ReadBack, &self.path, source))?;
        Ok(*hasher.finalize().as_bytes())
    }

    /// Flushes the file and moves it to its place.
    pub(in crate::store) fn finish(self) -> Result<(), StoreError> {
        let Self { file, path, output, force } = self;
        // Another process may have written there by now.
        output.map_or(Ok(()), |output| output.check(&path))?;
        let put = || {
            file.as_file().sync_all()?;
            let placed = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
            placed.map_err(|error| error.error)?;
            flush(folder(&path))
        };
        put().map_err(|source| StoreError::io(FileAction::Write, &path, source))
    }
}
