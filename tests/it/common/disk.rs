//! Runs the program on a disk that fails: see `tests/it/common/preload.c`.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{Lab, Said, copy, plain};

/// Place of the store on the failing disk.
pub(crate) const STORE: &str = "arena/store";

const LIBRARY: &str = "preload.so";

pub(crate) struct Disk {
    /// A folder from which the system may load programs, which not every folder allows.
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

    /// Reports whether the call may need space.
    pub(crate) fn grows(&self) -> bool {
        self.writes() || ["open", "mkdir", "ftruncate", "truncate", "fallocate", "link"].contains(&self.name.as_str())
    }
}

impl Disk {
    /// Makes a failing disk for the store of a lab.
    ///
    /// If the system does not let a process intercept its own system calls. Tests that need this are ignored except
    /// under Linux on x86-64 and ARM64; there they fail rather than pass without having run.
    pub(crate) fn new(lab: &Lab) -> Self {
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
        assert_eq!(probe.status, 0, "no disk can fail here: {}", probe.err);
        disk
    }

    /// Puts a copy of a store on the failing disk, or leaves the disk empty.
    pub(crate) fn reset(&self, lab: &Lab, store: Option<&str>) {
        drop(fs::remove_dir_all(&self.arena));
        drop(fs::remove_dir_all(self.log.with_extension("aside")));
        fs::create_dir(&self.arena).unwrap();
        if let Some(store) = store {
            copy(&lab.path(store), &self.arena.join("store"));
        }
    }

    /// Prepares a command under which the disk fails in this way, at the given call among those with `only` in their
    /// path.
    pub(crate) fn under<'c>(&self, command: &'c mut Command, kind: &str, at: usize, only: &str) -> &'c mut Command {
        command
            .env("LD_PRELOAD", self.library.path().join(LIBRARY))
            .env("FAULT_DIR", &self.arena)
            .env("FAULT_LOG", &self.log);
        command.env("FAULT_KIND", kind).env("FAULT_AT", at.to_string()).env("FAULT_ON", only)
    }

    /// Starts a command that halts before its first change of a file with this text in its path, and waits until it
    /// halts.
    pub(crate) fn halted(&self, lab: &Lab, words: &[&str], at: &str) -> Child {
        let signs = self.signs();
        signs.iter().for_each(|sign| drop(fs::remove_file(sign)));
        let mut command = lab.command_on(STORE, words);
        self.under(&mut command, "pause", 1, at);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while !signs[0].exists() {
            assert!(child.try_wait().unwrap().is_none(), "{words:?} ended without {at}");
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }

    /// Lets a halted command go on to its end. For a killed command, the status is the negative number of the signal.
    pub(crate) fn go_on(&self, child: Child) -> Said {
        fs::write(&self.signs()[1], "").unwrap();
        said(child.wait_with_output().unwrap())
    }

    /// Runs a command. For a killed command, the status is the negative number of the signal.
    pub(crate) fn run(&self, command: &mut Command, kind: &str, at: usize, only: &str) -> Said {
        said(plain(self.under(command, kind, at, only)).stdin(Stdio::null()).output().unwrap())
    }

    /// Returns the calls of the last command.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let log = fs::read_to_string(&self.log).unwrap();
        let call = |line: &str| {
            let (name, path) = line.split_once(' ').unwrap();
            Call { name: name.to_owned(), path: path.to_owned() }
        };
        log.lines().map(call).collect()
    }

    /// Returns the file that exists while a process waits, and the file that lets it go on.
    fn signs(&self) -> [PathBuf; 2] {
        ["paused", "go"].map(|sign| self.log.with_extension(sign))
    }
}

fn said(output: Output) -> Said {
    let signal = output.status.signal();
    let said = Said::of(output);
    Said { status: signal.map_or(said.status, |signal| -signal), ..said }
}
