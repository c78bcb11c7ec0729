//! The accounts that a store is for, and what they may do with its files.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// Files that are made in a folder with this bit belong to its group. A store's folder has it only if the store is for a
/// group.
pub(super) const OF_A_GROUP: u32 = 0o2000;

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

/// Whether a folder that belongs to a store, perhaps outside it, is for those only whom the folder of the store is for.
#[must_use]
pub fn is_for_the_same(found: &Metadata, store: &Metadata) -> bool {
    let others = found.mode() & 0o077 & !group_bits_of_folder(store);
    found.is_dir() && others == 0 && (found.uid() == store.uid() || is_of_group(store, found))
}

fn group_bits_of_folder(folder: &Metadata) -> u32 {
    if folder.mode() & OF_A_GROUP == 0 { 0 } else { folder.mode() & 0o070 }
}
