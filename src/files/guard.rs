//! Checks files that other programs open, and repairs the modes of all files.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use super::group::{Group, mode_for, shared};
use super::make::folder;
use super::open::{Unfit, fit, is_ours};

/// The lock of a store, which those who only read must not hold.
pub const LOCK: &str = "lock";

/// All permission bits of group and others.
const OTHERS: u32 = 0o077;

/// A file or folder of a store with wrong permissions: it was open to others, or closed to accounts that the store is
/// for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// Its path.
    pub path: PathBuf,
    /// The fault that was found.
    pub found: Found,
    /// Its permission bits before the repair.
    pub mode: u32,
    /// Set if the fault was repaired. This fails on a file system that cannot be written to, or if the file belongs to
    /// another user.
    pub done: bool,
}

/// Fault of the mode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It belongs to an account that the store is not for.
    Foreign,
    /// Others could read or write it.
    Open,
    /// The group that shares the store could not read or write it.
    Closed,
}

/// Checks a file that another program opens, for example SQLite; a missing file is not an error.
///
/// # Errors
/// An I/O error of the operating system; [`Unfit`] within an error of the kind [`ErrorKind::Other`].
pub fn check(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        found => fit(path, &found?),
    }
}

/// Repairs the modes of a folder and of the files in it, and returns the faults. Only the owner has access (folders
/// 0700, files 0600), or also the `group`. Folders inside it are not checked. If the folder does not exist, nothing is
/// done.
///
/// The folder of a store itself may belong to any user; `store` is then `None`. A folder that belongs to a store must
/// belong to the user of this process, to root, to `store`, the owner of the store, or to a member of its group.
///
/// # Errors
/// An I/O error of the operating system; [`Unfit`] if it is not a folder, or belongs to another user.
pub fn protect(folder: &Path, store: Option<u32>, group: Option<Group>) -> io::Result<Vec<Repaired>> {
    faults(folder, store, group, true)
}

/// Returns the faults that [`protect`] would repair, and changes nothing.
///
/// # Errors
/// As [`protect`].
pub fn inspect(folder: &Path, store: Option<u32>, group: Option<Group>) -> io::Result<Vec<Repaired>> {
    faults(folder, store, group, false)
}

fn faults(folder: &Path, store: Option<u32>, group: Option<Group>, are_repaired: bool) -> io::Result<Vec<Repaired>> {
    let found = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    if !found.is_dir() {
        return Err(Unfit::NoFolder.into());
    }
    let is_members = |group: Group| group.writes && found.gid() == group.number && found.mode() & 0o002 == 0;
    if store.is_some_and(|owner| owner != found.uid()) && !is_ours(&found) && !group.is_some_and(is_members) {
        return Err(Unfit::Owner(found.uid()).into());
    }
    // The folder is repaired first: then nobody else can reach the files in it.
    let mut repaired = Vec::new();
    repaired.extend(fault(folder.to_owned(), &found, group, are_repaired));
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Another command may have removed it.
        let Ok(found) = entry.metadata() else { continue };
        if found.is_file() && found.nlink() == 1 {
            let group = group.filter(|group| group.writes || entry.file_name() != LOCK);
            repaired.extend(fault(entry.path(), &found, group, are_repaired));
        }
    }
    Ok(repaired)
}

fn fault(path: PathBuf, found: &Metadata, group: Option<Group>, is_repaired: bool) -> Option<Repaired> {
    let (mode, should) = (found.mode() & 0o7777, mode_for(found, group));
    if !group.is_some_and(|group| group.writes) && !is_ours(found) && found.is_file() {
        let of_folder = folder(&path).metadata().is_ok_and(|folder| folder.uid() == found.uid());
        if !of_folder {
            // A former member's, perhaps, who can still change it.
            return Some(Repaired { path, found: Found::Foreign, mode, done: false });
        }
    }
    let is_given = group.is_none_or(|group| found.gid() == group.number);
    // Permissions that members should have are ignored here, unless the file belongs to another group.
    let opened = mode & OTHERS & if is_given { !should } else { OTHERS };
    let is_as_it_should_be = is_given && mode & OTHERS == should & OTHERS && (group.is_none() || mode == should);
    if is_as_it_should_be {
        return None;
    }
    let what = if opened == 0 { Found::Closed } else { Found::Open };
    if !is_repaired {
        return Some(Repaired { path, found: what, mode, done: false });
    }
    let given = match group {
        Some(group) if !is_given => lchown(&path, None, Some(group.number)),
        _ => Ok(()),
    };
    // The wrong group must not get these permissions.
    let should = if given.is_ok() { should } else { should & !OTHERS };
    let set = fs::set_permissions(&path, Permissions::from_mode(should));
    Some(Repaired { path, found: what, mode, done: set.and(given).is_ok() })
}

/// Removes all permissions on a file except those of the accounts that its folder is for.
///
/// # Errors
/// An I/O error of the operating system.
pub fn keep_private(path: &Path) -> io::Result<()> {
    let (found, around) = (fs::metadata(path)?, folder(path).metadata()?);
    let may = 0o700 | shared(&around) & 0o060;
    if found.mode() & OTHERS & !may == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(found.mode() & may))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_to_others_is_closed_and_named() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("folder");
        assert_eq!(protect(&folder, None, None).unwrap(), []);
        fs::create_dir(&folder).unwrap();
        let file = folder.join("file");
        fs::write(&file, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        let open = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        open(&folder, 0o755);
        open(&file, 0o444);
        let opened = |path: &Path, mode| Repaired { path: path.to_owned(), found: Found::Open, mode, done: true };
        assert_eq!(protect(&folder, None, None).unwrap(), [opened(&folder, 0o755), opened(&file, 0o444)]);
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o400));
        assert_eq!(protect(&folder, None, None).unwrap(), []);
        let link = place.path().join("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        assert!(protect(&link, None, None).is_err() && protect(&file, None, None).is_err());
        assert!(check(&link).is_err() && check(&file).is_ok() && check(&folder.join("none")).is_ok());
    }
}
