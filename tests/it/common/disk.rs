//! A disk that fails under the program: see `tests/it/common/preload.c`.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Lab, Said, copy, plain};

/// Where the store is that the disk fails under.
pub(crate) const STORE: &str = "arena/store";

const LIBRARY: &str = "preload.so";

pub(crate) struct Disk {
    /// Where programs may be loaded from, which they may not everywhere.
    library: TempDir,
    arena: PathBuf,
    log: PathBuf,
}

/// A system call that changes the arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) path: String,
}

impl Call {
    pub(crate) fn writes(&self) -> bool {
        ["write", "pwrite"].contains(&self.name.as_str())
    }

    /// Whether it may need space.
    pub(crate) fn grows(&self) -> bool {
        self.writes() || ["open", "mkdir", "ftruncate", "truncate", "fallocate", "link"].contains(&self.name.as_str())
    }
}

impl Disk {
    /// `None` where there is no such disk, which is said.
    pub(crate) fn new(lab: &Lab) -> Option<Self> {
        if !cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))) {
            println!("skipped: disks fail only under Linux on x86-64 and ARM64");
            return None;
        }
        let folder = lab.path(".").canonicalize().unwrap();
        let library = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/common/preload.c");
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let made = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library.path().join(LIBRARY), &source])
            .status();
        assert!(made.expect("a C compiler").success());
        let disk = Self { library, arena: folder.join("arena"), log: folder.join("calls") };
        fs::create_dir(&disk.arena).unwrap();
        let probe = disk.run(&mut lab.command(&["kits"]), "count", 0, "");
        if probe.status == 99 {
            println!("skipped: {}", probe.err);
            return None;
        }
        Some(disk)
    }

    /// Puts a copy of a store where the disk fails, or nothing.
    pub(crate) fn reset(&self, lab: &Lab, store: Option<&str>) {
        drop(fs::remove_dir_all(&self.arena));
        drop(fs::remove_dir_all(self.log.with_extension("aside")));
        fs::create_dir(&self.arena).unwrap();
        if let Some(store) = store {
            copy(&lab.path(store), &self.arena.join("store"));
        }
    }

    /// A command under which the disk fails in this way, at this call of those with `only` in their path.
    pub(crate) fn under<'c>(&self, command: &'c mut Command, kind: &str, at: usize, only: &str) -> &'c mut Command {
        command
            .env("LD_PRELOAD", self.library.path().join(LIBRARY))
            .env("FAULT_DIR", &self.arena)
            .env("FAULT_LOG", &self.log);
        command.env("FAULT_KIND", kind).env("FAULT_AT", at.to_string()).env("FAULT_ON", only)
    }

    /// Runs it. The status of what was killed is -9.
    pub(crate) fn run(&self, command: &mut Command, kind: &str, at: usize, only: &str) -> Said {
        let output = plain(self.under(command, kind, at, only)).stdin(Stdio::null()).output().unwrap();
        let signal = output.status.signal();
        let said = Said::of(output);
        Said { status: signal.map_or(said.status, |signal| -signal), ..said }
    }

    /// The calls of what was run last.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let log = fs::read_to_string(&self.log).unwrap();
        let call = |line: &str| {
            let (name, path) = line.split_once(' ').unwrap();
            Call { name: name.to_owned(), path: path.to_owned() }
        };
        log.lines().map(call).collect()
    }

    /// The file that is there while a process waits, and the one that lets it go on.
    pub(crate) fn signs(&self) -> [PathBuf; 2] {
        ["paused", "go"].map(|sign| self.log.with_extension(sign))
    }
}
