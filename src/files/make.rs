//! Makes the files and folders of a store for those whom it is for, whatever the process's mask.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
#[cfg(doc)]
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use nix::unistd::geteuid;
use tempfile::NamedTempFile;

use super::group::{Group, OF_A_GROUP, group_bits, mode_for};

/// The folder that a file is in.
#[must_use]
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a file of a store, open to those whom its folder is for: of mode 0600, and more in the store of a group.
///
/// # Errors
/// The operating system's; [`ErrorKind::AlreadyExists`] if there is something at the path.
pub fn create_new(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    adopt(&folder(path).metadata()?, &file)?;
    Ok(file)
}

/// Begins a file of a store under a name of its own; it has the mode and the group that files in its folder should have
/// from before anything is written to it.
///
/// # Errors
/// The operating system's.
pub fn temporary(prefix: &str, folder: &Path) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix(prefix).tempfile_in(folder)?;
    adopt(&folder.metadata()?, file.as_file())?;
    Ok(file)
}

/// Makes a folder of a store, for those whom the folder `like` is for. [`ErrorKind::AlreadyExists`] if it is there.
///
/// # Errors
/// The operating system's.
pub fn make_folder(path: &Path, like: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    adopt(&like.metadata()?, &File::open(path)?)
}

/// Gives a new folder to a group.
///
/// # Errors
/// The operating system's: only members of a group, and root, may give it something.
pub fn give(path: &Path, group: Group) -> io::Result<()> {
    let folder = File::open(path)?;
    fchown(&folder, None, Some(group.number))?;
    folder.set_permissions(Permissions::from_mode(mode_for(&folder.metadata()?, Some(group))))
}

/// Gives a new file or folder to those whom a folder is for. Its owner is the folder's where root makes it: root may look
/// after the store of a laboratory, whose files stay the laboratory's.
pub(super) fn adopt(folder: &Metadata, new: &File) -> io::Result<()> {
    let found = new.metadata()?;
    let owner = (geteuid().is_root() && found.uid() != folder.uid()).then_some(folder.uid());
    let is_of_group = folder.mode() & OF_A_GROUP != 0;
    let group = ((owner.is_some() || is_of_group) && found.gid() != folder.gid()).then_some(folder.gid());
    if owner.is_some() || group.is_some() {
        fchown(new, owner, group)?;
    }
    let mode = if !found.is_dir() {
        0o600 | group_bits(folder)
    } else if is_of_group {
        OF_A_GROUP | 0o700 | folder.mode() & 0o070
    } else {
        0o700
    };
    // The process's mask may have taken something away.
    if found.mode() & 0o7777 != mode {
        new.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(())
}
