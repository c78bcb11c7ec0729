//! Opens a file after checking that it is a proper file of a store.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::unistd::{AccessFlags, faccessat, geteuid};

use super::group::is_of_group;
use super::make::{create_new, folder};

/// Reason why a file at the place of a store's file is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It is a symbolic link.
    #[error("it is a symbolic link, and no file of a store is opened through one; put the file itself there")]
    Link,
    /// It is a folder, pipe, socket or device.
    #[error("it is not a regular file; find out who put it there, and restore the file from its backup")]
    Kind,
    /// It has several names.
    #[error(
        "it has {0} names (hard links), one of them elsewhere; put a copy in its place: cp FILE NEW && mv NEW FILE"
    )]
    Names(u64),
    /// It belongs to another user.
    #[error(
        "it belongs to another user (number {0}); if that was a member of the store's group, take the file over as the store's \
         owner: cp FILE NEW && mv NEW FILE; otherwise find out who put it there, and restore the file from its backup"
    )]
    Owner(u32),
    /// It is not a folder.
    #[error("it is not a folder; find out who put it there")]
    NoFolder,
}

impl From<Unfit> for io::Error {
    fn from(unfit: Unfit) -> Self {
        Self::other(unfit)
    }
}

/// Opens a file of a store for reading.
///
/// # Errors
/// An I/O error of the operating system; [`Unfit`] within an error of the kind [`io::ErrorKind::Other`].
pub fn open(path: &Path) -> io::Result<File> {
    opened(path, OpenOptions::new().read(true))
}

/// Opens a file of a store for reading and writing, and creates it if it does not exist.
///
/// # Errors
/// As [`open`].
pub fn open_or_create(path: &Path) -> io::Result<File> {
    loop {
        match opened(path, OpenOptions::new().read(true).write(true)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return opened,
        }
        match create_new(path) {
            // Another command created it.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // The target of a link may be missing; the link must be reported all the same.
                if fs::symlink_metadata(path)?.is_symlink() {
                    return Err(Unfit::Link.into());
                }
            }
            made => return made,
        }
    }
}

fn opened(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // With O_NONBLOCK, a pipe without a writer opens at once and is then refused.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = options.custom_flags(flags.bits()).open(path).map_err(|error| match error.raw_os_error() {
        Some(number) if number == Errno::ELOOP as i32 => Unfit::Link.into(),
        // A pipe without a reader, or a socket.
        Some(number) if number == Errno::ENXIO as i32 => Unfit::Kind.into(),
        _ => error,
    })?;
    fit(path, &file.metadata()?)?;
    Ok(file)
}

/// Checks the file at a path, without following links, or the file that was opened there.
pub(super) fn fit(path: &Path, found: &Metadata) -> io::Result<()> {
    if found.file_type().is_symlink() {
        return Err(Unfit::Link.into());
    }
    if !found.is_file() {
        return Err(Unfit::Kind.into());
    }
    if found.nlink() > 1 {
        return Err(Unfit::Names(found.nlink()).into());
    }
    owned(path, found)
}

/// Checks that a file belongs to the user of this process, to root, to the owner of its folder, or to a member of the
/// group whose folder it is.
fn owned(path: &Path, found: &Metadata) -> io::Result<()> {
    let owner = found.uid();
    if is_ours(found) {
        return Ok(());
    }
    let folder = folder(path).metadata()?;
    if folder.uid() == owner || is_of_group(&folder, found) { Ok(()) } else { Err(Unfit::Owner(owner).into()) }
}

/// Reports whether a file belongs to the user of this process, or to root.
pub(super) fn is_ours(found: &Metadata) -> bool {
    found.uid() == geteuid().as_raw() || found.uid() == 0
}

/// Reports whether this process may write to a file and create others next to it.
#[must_use]
pub fn may_write(path: &Path) -> bool {
    let may = |path: &Path| faccessat(AT_FDCWD, path, AccessFlags::W_OK, AtFlags::AT_EACCESS).is_ok();
    // One that is missing can be made, or its absence is another error.
    (may(path) || !path.exists()) && may(folder(path))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    fn unfit(result: io::Result<File>) -> Option<Unfit> {
        result.err()?.downcast().ok()
    }

    #[test]
    fn only_a_regular_file_of_one_name_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "x").unwrap();
        assert!(open(&path("file")).is_ok() && open_or_create(&path("new")).is_ok());
        assert_eq!(open(&path("none")).unwrap_err().kind(), ErrorKind::NotFound);
        symlink("file", path("link")).unwrap();
        symlink("none", path("dangling")).unwrap();
        mkfifo(&path("pipe"), Mode::S_IRWXU).unwrap();
        fs::create_dir(path("folder")).unwrap();
        for (name, expected) in
            [("link", Unfit::Link), ("dangling", Unfit::Link), ("pipe", Unfit::Kind), ("folder", Unfit::Kind)]
        {
            assert_eq!(unfit(open(&path(name))), Some(expected), "{name}");
            if name != "folder" {
                assert_eq!(unfit(open_or_create(&path(name))), Some(expected), "{name}");
            }
        }
        assert!(!path("none").exists());
        fs::hard_link(path("file"), path("second")).unwrap();
        for name in ["file", "second"] {
            assert_eq!(unfit(open(&path(name))), Some(Unfit::Names(2)));
            assert_eq!(unfit(open_or_create(&path(name))), Some(Unfit::Names(2)));
        }
    }
}
