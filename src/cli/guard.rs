//! What keeps secrets in memory from reaching a disk, whatever happens to the program.

use anyhow::Context;
use nix::sys::resource::{Resource, setrlimit};

/// A crash leaves no core file, and other programs of the same user cannot look into this one.
pub(super) fn no_core_dumps() -> anyhow::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0).context("forbidding core dumps")?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_dumpable(false).context("forbidding core dumps")?;
    Ok(())
}
