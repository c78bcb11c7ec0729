//! The accounts that a store is for, and what its files are made like.

use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, faccessat, geteuid};
use tempfile::NamedTempFile;

use super::open::folder;

/// Files that are made in a folder with this bit belong to its group. A store's folder has it only if the store is for a
/// group.
const OF_A_GROUP: u32 = 0o2000;

/// A group of accounts that share a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub number: u32,
    /// Whether its members may write; otherwise they read only.
    pub writes: bool,
}

impl Group {
    /// The group of a name or number; `None` if this machine knows no group of the name.
    #[must_use]
    pub fn find(name: &str, writes: bool) -> Option<Self> {
        let number = match name.parse() {
            Ok(number) => number,
            Err(_) => nix::unistd::Group::from_name(name).ok().flatten()?.gid.as_raw(),
        };
        Some(Self { number, writes })
    }

    /// What members may do with what the owner may do anything with.
    fn bits(self) -> u32 {
        if self.writes { 0o070 } else { 0o050 }
    }
}

/// The permission bits that a file or folder should have: the owner's as they are, the group's as the owner's, as far as
/// members may, and nobody else any.
pub(super) fn mode_for(found: &Metadata, group: Option<Group>) -> u32 {
    let owners = found.mode() & 0o700;
    match group {
        None => owners,
        Some(group) => owners | owners >> 3 & group.bits() | if found.is_dir() { OF_A_GROUP } else { 0 },
    }
}

/// Whether a file is of somebody who may write in its folder, because the folder is a group's.
pub(super) fn is_of_group(folder: &Metadata, found: &Metadata) -> bool {
    folder.mode() & (OF_A_GROUP | 0o022) == OF_A_GROUP | 0o020 && folder.gid() == found.gid()
}

/// What the group of a folder may do with new files in it, 0 unless it is a folder of a group.
pub(super) fn group_bits(folder: &Metadata) -> u32 {
    group_bits_of_folder(folder) & 0o060
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

/// Makes a folder of a store, for those whom the folder `like` is for. [`io::ErrorKind::AlreadyExists`] if it is there.
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

/// Whether a folder that belongs to a store, perhaps outside it, is for those only whom the folder of the store is for.
#[must_use]
pub fn is_for_the_same(found: &Metadata, store: &Metadata) -> bool {
    let others = found.mode() & 0o077 & !group_bits_of_folder(store);
    found.is_dir() && others == 0 && (found.uid() == store.uid() || is_of_group(store, found))
}

fn group_bits_of_folder(folder: &Metadata) -> u32 {
    if folder.mode() & OF_A_GROUP == 0 { 0 } else { folder.mode() & 0o070 }
}

/// Whether this process may write to a file and make others beside it.
#[must_use]
pub fn may_write(path: &Path) -> bool {
    let may = |path: &Path| faccessat(AT_FDCWD, path, AccessFlags::W_OK, AtFlags::AT_EACCESS).is_ok();
    may(path) && may(folder(path))
}
