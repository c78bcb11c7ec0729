//! Writes a new file that has no name until it is complete: if the process is killed, the system frees what was
//! written.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::linkat;
use tempfile::NamedTempFile;

use crate::files::folder;
use crate::store::error::{FileAction, StoreError};
use crate::store::output::check::{Output, Replace};
use crate::store::output::write::flush;

/// The names of open files, by which a file without a name gets one.
const OPEN_FILES: &str = "/proc/self/fd";

/// A new file of mode 0600 that is not complete yet.
pub(in crate::store) struct NamelessFile {
    content: Content,
    path: PathBuf,
    output: Output,
}

enum Content {
    Nameless(File),
    /// On a file system or a system that knows only files with names; a kill leaves it behind.
    Temporary(NamedTempFile),
}

impl NamelessFile {
    /// Begins the output of a command, which replaces nothing; `inputs` are the files that the command reads.
    ///
    /// # Errors
    /// As [`check_output`](crate::store::check_output); [`StoreError::Io`].
    pub(in crate::store) fn create(path: &Path, inputs: &[&Path]) -> Result<Self, StoreError> {
        let output = Output::new(Replace::Nothing, inputs);
        output.check(path)?;
        let content = match nameless(folder(path)) {
            Some(file) => Content::Nameless(file),
            None => Content::Temporary(
                NamedTempFile::with_prefix_in(".reunite-", folder(path))
                    .map_err(|source| StoreError::io(FileAction::Write, path, source))?,
            ),
        };
        Ok(Self { content, path: path.to_owned(), output })
    }

    pub(in crate::store) fn file(&self) -> &File {
        match &self.content {
            Content::Nameless(file) => file,
            Content::Temporary(file) => file.as_file(),
        }
    }

    /// Flushes the file, reads it back from the disk, and returns its BLAKE3 digest. `read` is told the bytes of each
    /// piece, and may end the work.
    pub(in crate::store) fn read_back(
        &self,
        mut read: impl FnMut(usize) -> Result<(), StoreError>,
    ) -> Result<[u8; 32], StoreError> {
        let mut file = self.file();
        file.sync_all().map_err(|source| StoreError::io(FileAction::Write, &self.path, source))?;
        forget(file);
        let back = |source| StoreError::io(FileAction::ReadBack, &self.path, source);
        file.rewind().map_err(back)?;
        let (mut hash, mut piece) = (blake3::Hasher::new(), vec![0; 1 << 20]);
        loop {
            match io::Read::read(&mut file, &mut piece) {
                Ok(0) => return Ok(*hash.finalize().as_bytes()),
                Ok(number) => {
                    hash.update(&piece[..number]);
                    read(number)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(back(error)),
            }
        }
    }

    /// Gives the flushed file its name.
    pub(in crate::store) fn finish(self) -> Result<(), StoreError> {
        let Self { content, path, output } = self;
        // Another process may have written there by now.
        output.check(&path)?;
        let named = match content {
            Content::Nameless(file) => {
                let open = Path::new(OPEN_FILES).join(file.as_raw_fd().to_string());
                linkat(AT_FDCWD, &open, AT_FDCWD, &path, AtFlags::AT_SYMLINK_FOLLOW).map_err(io::Error::from)
            }
            Content::Temporary(file) => file.persist_noclobber(&path).map(drop).map_err(|error| error.error),
        };
        named.and_then(|()| flush(folder(&path))).map_err(|source| StoreError::io(FileAction::Write, &path, source))
    }
}

/// Makes a file without a name in a folder; `None` if the system or the folder's file system cannot do that.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<File> {
    let flags = nix::fcntl::OFlag::O_TMPFILE.bits();
    let file = OpenOptions::new().read(true).write(true).mode(0o600).custom_flags(flags).open(folder).ok()?;
    Path::new(OPEN_FILES).join(file.as_raw_fd().to_string()).exists().then_some(file)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_folder: &Path) -> Option<File> {
    None
}

/// Asks the system to forget what it remembers of a flushed file, so that reading it reads the disk.
fn forget(file: &File) {
    // A system that does not do that reads from its memory.
    #[cfg(target_os = "linux")]
    let _ = nix::fcntl::posix_fadvise(file, 0, 0, nix::fcntl::PosixFadviseAdvice::POSIX_FADV_DONTNEED);
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_appears_complete_and_replaces_nothing() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        let file = NamelessFile::create(&path, &[]).unwrap();
        file.file().write_all(b"content").unwrap();
        assert_eq!(file.read_back(|_| Ok(())).unwrap(), *blake3::hash(b"content").as_bytes());
        #[cfg(target_os = "linux")]
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "it has no name yet");
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"content");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(NamelessFile::create(&path, &[]).is_err());
        let late = NamelessFile::create(&place.path().join("late"), &[]).unwrap();
        fs::write(place.path().join("late"), "of another").unwrap();
        assert!(late.finish().is_err());
        assert_eq!(fs::read(place.path().join("late")).unwrap(), b"of another");
        drop(NamelessFile::create(&place.path().join("dropped"), &[]).unwrap());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
    }
}
