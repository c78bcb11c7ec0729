//! Creates the files and folders of a store for the accounts that it is for, whatever the process's file mode mask is.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
#[cfg(doc)]
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use nix::unistd::geteuid;
use tempfile::NamedTempFile;

use super::group::{Group, mode_for, shared};

/// Returns the folder that contains a file.
#[must_use]
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates a file of a store, open to the accounts that its folder is for: of mode 0600, and with more permissions in
/// the store of a group.
///
/// # Errors
/// An I/O error of the operating system; [`ErrorKind::AlreadyExists`] if the path already exists.
pub fn create_new(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    adopt(&folder(path).metadata()?, &file)?;
    Ok(file)
}

/// Begins a file of a store under a temporary name. Before anything is written to the file, it has the mode and the
/// group of files in its folder.
///
/// # Errors
/// An I/O error of the operating system.
pub fn temporary(prefix: &str, folder: &Path) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new().prefix(prefix).tempfile_in(folder)?;
    adopt(&folder.metadata()?, file.as_file())?;
    Ok(file)
}

/// Creates a folder of a store, for the accounts that the folder `like` is for. [`ErrorKind::AlreadyExists`] if it
/// already exists.
///
/// # Errors
/// An I/O error of the operating system.
pub fn make_folder(path: &Path, like: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    adopt(&like.metadata()?, &File::open(path)?)
}

/// Gives a new folder to a group.
///
/// # Errors
/// An I/O error of the operating system: only members of a group, and root, may give files to it.
pub fn give(path: &Path, group: Group) -> io::Result<()> {
    let folder = File::open(path)?;
    fchown(&folder, None, Some(group.number))?;
    folder.set_permissions(Permissions::from_mode(mode_for(&folder.metadata()?, Some(group))))
}

/// Gives a new file or folder to the accounts that a folder is for. If root creates it, it belongs to the owner of the
/// folder: root may maintain the store of a laboratory, and the files still belong to the laboratory.
pub(super) fn adopt(folder: &Metadata, new: &File) -> io::Result<()> {
    let found = new.metadata()?;
    let owner = (geteuid().is_root() && found.uid() != folder.uid()).then_some(folder.uid());
    let shared = shared(folder);
    let group = ((owner.is_some() || shared != 0) && found.gid() != folder.gid()).then_some(folder.gid());
    if owner.is_some() || group.is_some() {
        fchown(new, owner, group)?;
    }
    let mode = if found.is_dir() { 0o700 | shared } else { 0o600 | shared & 0o060 };
    // The process's mask may have removed permissions.
    if found.mode() & 0o7777 != mode {
        new.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(())
}
