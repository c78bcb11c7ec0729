//! Determines the accounts that a store is for, and their permissions on its files.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// Mode bit of a folder whose new files belong to its group. A store's folder has it only if the store is for a group.
const OF_A_GROUP: u32 = 0o2000;

/// A group of accounts that share a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Number of the group.
    pub number: u32,
    /// Set if its members may write; otherwise they can only read.
    pub writes: bool,
}

impl Group {
    /// Returns the group with this name or number; `None` if this machine has no group of the name.
    #[must_use]
    pub fn find(name: &str, writes: bool) -> Option<Self> {
        let number = match name.parse() {
            // The system takes this number for "as before".
            Ok(u32::MAX) => return None,
            Ok(number) => number,
            Err(_) => nix::unistd::Group::from_name(name).ok().flatten()?.gid.as_raw(),
        };
        Some(Self { number, writes })
    }

    /// Returns the permission bits of members for a file or folder with all permissions for its owner.
    fn bits(self) -> u32 {
        if self.writes { 0o070 } else { 0o050 }
    }
}

/// Returns the permission bits that a file or folder should have: unchanged for the owner; for the group those of the
/// owner, as far as members may have them; none for others.
pub(super) fn mode_for(found: &Metadata, group: Option<Group>) -> u32 {
    let owners = found.mode() & 0o700;
    match group {
        None => owners,
        Some(group) => owners | owners >> 3 & group.bits() | if found.is_dir() { OF_A_GROUP } else { 0 },
    }
}

/// Reports whether a file belongs to the group of its folder, and the folder is one to which that group may write.
pub(super) fn is_of_group(folder: &Metadata, found: &Metadata) -> bool {
    folder.mode() & (OF_A_GROUP | 0o022) == OF_A_GROUP | 0o020 && folder.gid() == found.gid()
}

/// Returns the bits that a folder of a group passes on: its mark, and what its group may do; 0 for any other folder.
pub(super) fn shared(folder: &Metadata) -> u32 {
    if folder.mode() & OF_A_GROUP == 0 { 0 } else { folder.mode() & (OF_A_GROUP | 0o070) }
}

/// Reports whether a folder that belongs to a store, perhaps outside it, is only for the accounts that the store's
/// folder is for.
#[must_use]
pub fn is_for_the_same(found: &Metadata, store: &Metadata) -> bool {
    let others = found.mode() & 0o077 & !shared(store);
    found.is_dir() && others == 0 && (found.uid() == store.uid() || is_of_group(store, found))
}
