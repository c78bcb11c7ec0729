//! Looks after files that others open, and after the modes of all.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::open::{Unfit, fit, owned};

/// What group and others may not do.
const OTHERS: u32 = 0o077;

/// A file or folder of a store that other users could read or write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loosened {
    /// What it is.
    pub path: PathBuf,
    /// Its permission bits, as they were found.
    pub mode: u32,
    /// Whether it is closed again. It is not on a file system that cannot be written, or where it is another user's.
    pub closed: bool,
}

/// Checks a file that something else opens, such as SQLite; nothing is wrong if there is none.
///
/// # Errors
/// The operating system's; [`Unfit`] within an error of the kind [`ErrorKind::Other`].
pub fn check(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        found => fit(path, &found?),
    }
}

/// Closes a folder and the files in it to other users, where they are open, and gives what was: its own mode 0700, files
/// 0600. Folders in it are not looked into. Nothing is done if there is no such folder.
///
/// The folder of a store itself may be anybody's, `store` is `None` for it. One that belongs to a store must be of the user
/// of this process, root, or `store`, the owner of the store.
///
/// # Errors
/// The operating system's; [`Unfit`] if it is no folder, or a stranger's.
pub fn protect(folder: &Path, store: Option<u32>) -> io::Result<Vec<Loosened>> {
    let found = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    if !found.is_dir() {
        return Err(Unfit::NoFolder.into());
    }
    if let Some(owner) = store
        && owner != found.uid()
    {
        owned(None, &found)?;
    }
    // The folder first: then nobody else comes at what is in it.
    let mut loosened = Vec::new();
    loosened.extend(close(folder.to_owned(), found.mode(), 0o700));
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Another command may have removed it.
        let Ok(found) = entry.metadata() else { continue };
        if found.is_file() && found.nlink() == 1 {
            loosened.extend(close(entry.path(), found.mode(), 0o600));
        }
    }
    Ok(loosened)
}

fn close(path: PathBuf, mode: u32, keep: u32) -> Option<Loosened> {
    if mode & OTHERS == 0 {
        return None;
    }
    let closed = fs::set_permissions(&path, Permissions::from_mode(mode & keep)).is_ok();
    Some(Loosened { path, mode: mode & 0o7777, closed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_to_others_is_closed_and_named() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("folder");
        assert_eq!(protect(&folder, None).unwrap(), []);
        fs::create_dir(&folder).unwrap();
        let file = folder.join("file");
        fs::write(&file, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        let open = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        open(&folder, 0o755);
        open(&file, 0o444);
        let loosened = |path: &Path, mode| Loosened { path: path.to_owned(), mode, closed: true };
        assert_eq!(protect(&folder, None).unwrap(), [loosened(&folder, 0o755), loosened(&file, 0o444)]);
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o400));
        assert_eq!(protect(&folder, None).unwrap(), []);
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(protect(&link, None).is_err() && protect(&file, None).is_err());
        assert!(check(&link).is_err() && check(&file).is_ok() && check(&folder.join("none")).is_ok());
    }
}
