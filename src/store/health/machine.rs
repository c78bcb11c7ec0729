//! Looks at the machine that a store is on: free disk space, swap, core dumps.

use std::fs;
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;

/// Where the system lists its swap devices.
const SWAPS: &str = "/proc/swaps";

/// Swap of a machine: memory, and keys in it, may be written there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Swap {
    /// There is none.
    Off,
    /// All of it is in compressed memory, or encrypted.
    Closed,
    /// At least one device or file is not known to be encrypted.
    Open,
    /// The system does not say.
    Unknown,
}

impl Swap {
    pub(in crate::store) fn of_machine() -> Self {
        fs::read_to_string(SWAPS).map_or(Self::Unknown, |text| Self::of(&text, is_encrypted))
    }

    /// Reads the list of the system: a header, and a line for each device.
    fn of(text: &str, is_encrypted: impl Fn(&str) -> bool) -> Self {
        let mut devices = text.lines().skip(1).filter_map(|line| line.split_whitespace().next()).peekable();
        let closed = |device: &str| device.starts_with("/dev/zram") || is_encrypted(device);
        if devices.peek().is_none() {
            Self::Off
        } else if devices.all(closed) {
            Self::Closed
        } else {
            Self::Open
        }
    }
}

/// Reports whether the device mapper encrypts a device.
fn is_encrypted(device: &str) -> bool {
    let Ok(device) = Path::new(device).canonicalize() else { return false };
    let Some(name) = device.file_name() else { return false };
    let kind = fs::read_to_string(Path::new("/sys/class/block").join(name).join("dm/uuid"));
    kind.is_ok_and(|kind| kind.starts_with("CRYPT-"))
}

/// Returns the number of bytes that this account can still write to the disk of a folder.
pub(in crate::store) fn free_space(folder: &Path) -> Option<u64> {
    let disk = statvfs(folder).ok()?;
    // The types of these numbers differ between systems.
    #[allow(clippy::useless_conversion, reason = "not on every system")]
    Some(u64::from(disk.blocks_available()).saturating_mul(u64::from(disk.fragment_size())))
}

/// Reports whether a crash of this process would write its memory to a file.
pub(in crate::store) fn may_dump_core() -> bool {
    getrlimit(Resource::RLIMIT_CORE).map_or(true, |(soft, _)| soft > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_is_open_unless_each_device_is_memory_or_encrypted() {
        const HEADER: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
        let of = |lines: &str| Swap::of(&format!("{HEADER}{lines}"), |device| device == "/dev/dm-1");
        let line = |device: &str| format!("{device}   partition\t8388604\t\t0\t\t-2\n");
        assert_eq!(of(""), Swap::Off);
        assert_eq!(of(&line("/dev/zram0")), Swap::Closed);
        assert_eq!(of(&(line("/dev/zram0") + &line("/dev/dm-1"))), Swap::Closed);
        assert_eq!(of(&(line("/dev/dm-1") + &line("/dev/sda2"))), Swap::Open);
        assert_eq!(of(&line("/swapfile")), Swap::Open);
    }
}
