//! Provides a folder with a store, its key and files, and the program to run on it.

pub(crate) mod disk;
pub(crate) mod outcome;
pub(crate) mod rotation;
pub(crate) mod sealed;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use reunite::audit::ReviewerKey;
use reunite::ledger::{ENCRYPTS, Ledger};
use reunite::pseudonym::{KeySource, SecretKey};
use reunite::review::Role;
use reunite::store::Store;
use rusqlite::Connection;
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_reunite");

/// Output of a command, and its status.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) out: String,
    /// Standard error, each message on one line.
    pub(crate) err: String,
    /// Standard error as it was written.
    pub(crate) shown: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, shown) = (text(output.stdout), text(output.stderr));
        let said = Self { status: output.status.code().unwrap_or(-1), out, err: unbroken(&shown), shown };
        assert!(!said.err.contains("panicked") && said.status != 101, "a panic: {said:?}");
        said
    }

    /// Returns the standard output of a shell.
    pub(crate) fn raw(output: Output) -> String {
        String::from_utf8(output.stdout).unwrap()
    }

    /// Checks that the command ended with this status.
    #[track_caller]
    pub(crate) fn ends(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.out, self.err);
        self
    }

    /// Checks that the messages or the result contain each of these texts.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        let result = unbroken(&self.out);
        for part in parts {
            assert!(self.err.contains(part) || result.contains(part), "{part:?} is missing in: {}\n{result}", self.err);
        }
        self
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }

    /// Returns the digest that a match ends with.
    pub(crate) fn digest(&self) -> String {
        self.digest_if_any().unwrap_or_else(|| panic!("no digest in: {}", self.err))
    }

    pub(crate) fn digest_if_any(&self) -> Option<String> {
        self.err.lines().find_map(|line| line.strip_prefix("digest ")).map(str::to_owned)
    }
}

/// Returns a text with each message on one line.
fn unbroken(said: &str) -> String {
    said.replace("\n    ", " ")
}

/// Presses Ctrl-C as `timeout` does, which asks a process and then its group: the same request, several times at once.
pub(crate) fn interrupt(process: &Child) {
    let id = process.id().to_string();
    let words = std::iter::once("-INT").chain(std::iter::repeat_n(&*id, 20));
    assert!(Command::new("kill").args(words).status().unwrap().success());
}

/// Runs a command without the variables of the environment that could change its behaviour.
pub(crate) fn run(command: &mut Command) -> Said {
    Said::of(plain(command).stdin(Stdio::null()).output().unwrap())
}

pub(crate) fn plain(command: &mut Command) -> &mut Command {
    for name in ["REUNITE_STORE", "REUNITE_KEY_FILE", "RUST_BACKTRACE", "LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command
}

/// Runs the program outside any store.
pub(crate) fn reunite(arguments: &[&str]) -> Said {
    run(Command::new(PROGRAM).args(arguments))
}

/// A folder for each test; [`Lab::new`] makes `key` and `store` in it.
pub(crate) struct Lab {
    folder: TempDir,
}

/// A ledger that a test changes without the program.
pub(crate) struct Database {
    connection: Option<Connection>,
    path: PathBuf,
}

impl Deref for Database {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        drop(self.connection.take());
        Ledger::seal(&self.path).unwrap();
    }
}

impl Lab {
    /// Makes a lab with a key and an empty store.
    pub(crate) fn new() -> Self {
        Self::within(tempfile::tempdir().unwrap())
    }

    /// The same in a memory file system, if the machine has one: for tests that flush very often.
    pub(crate) fn in_memory() -> Self {
        Self::within(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    /// Makes a lab with a key and an empty store of this model.
    pub(crate) fn with_model(options: &[&str]) -> Self {
        let lab = Self { folder: tempfile::tempdir().unwrap() };
        lab.begin(options);
        lab
    }

    fn within(folder: TempDir) -> Self {
        let lab = Self { folder };
        lab.begin(&[]);
        lab
    }

    fn begin(&self, options: &[&str]) {
        reunite(&["key", "new", &self.name("key")]).ends(0);
        self.run(&[&["init"], options].concat()).ends(0);
    }

    /// Makes a lab with a key and a store that holds a synthetic population; the files are in `files/`.
    pub(crate) fn with_population(families: usize, children: usize) -> Self {
        let lab = Self::new();
        lab.synth("files", families, children, 1);
        lab.run(&["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
        lab.run(&["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
        lab
    }

    pub(crate) fn synth(&self, folder: &str, families: usize, children: usize, seed: u64) {
        let (families, children, seed) = (families.to_string(), children.to_string(), seed.to_string());
        let numbers = ["--families", &families, "--children", &children, "--seed", &seed];
        reunite(&[&["synth", "--out", &self.name(folder)], &numbers[..]].concat()).ends(0);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.name(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Returns a command of the program on this store and key.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_on("store", arguments)
    }

    pub(crate) fn command_on(&self, store: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("--store").arg(self.path(store)).arg("--key-file").arg(self.path("key")).args(arguments);
        plain(&mut command).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        run(&mut self.command(arguments))
    }

    pub(crate) fn run_on(&self, store: &str, arguments: &[&str]) -> Said {
        run(&mut self.command_on(store, arguments))
    }

    /// Imports a text as a file of this name.
    pub(crate) fn import(&self, layout: &str, name: &str, bytes: impl AsRef<[u8]>, options: &[&str]) -> Said {
        let file = self.write(name, bytes);
        self.run(&[&["import", "--as", layout, &file], options].concat())
    }

    /// Opens the ledger of a store as a database, with the lab's key if it is encrypted. The ledger is sealed when this
    /// is dropped, so that changes count as written by the program.
    pub(crate) fn database(&self, store: &str) -> Database {
        let path = self.path(store).join("ledger.db");
        let database = Connection::open(&path).unwrap();
        if ENCRYPTS {
            let key = SecretKey::load(&KeySource::File(self.path("key"))).unwrap().ledger_key();
            let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            let sql = format!("PRAGMA key = \"x'{hex}'\"; PRAGMA cipher_page_size = 8192");
            database.execute_batch(&sql).unwrap();
        }
        Database { connection: Some(database), path }
    }

    /// Computes the pseudonyms of identifiers.
    pub(crate) fn pseudonyms<'a>(
        &self,
        kind: &str,
        ids: impl IntoIterator<Item = &'a str>,
    ) -> BTreeMap<String, String> {
        let ids: Vec<&str> = ids.into_iter().collect();
        // Of any key, also one that is not the store's yet, or any more.
        let mut command = self.command_on("no store", &["pseudonym", "--kind", kind]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let text = ids.join("\n") + "\n";
        let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
        let said = Said::of(child.wait_with_output().unwrap()).ends(0);
        writer.join().unwrap();
        let pseudonyms: Vec<&str> = said.out.lines().collect();
        assert_eq!(pseudonyms.len(), ids.len());
        ids.iter().map(ToString::to_string).zip(pseudonyms.into_iter().map(str::to_owned)).collect()
    }

    /// Returns the contents of the ledger as `verify` counts them. The store must be sound.
    #[track_caller]
    pub(crate) fn counts(&self) -> String {
        self.counts_on("store")
    }

    #[track_caller]
    pub(crate) fn counts_on(&self, store: &str) -> String {
        counts(&self.run_on(store, &["verify"]).ends(0))
    }

    /// Runs a match of everything, and returns its digest.
    #[track_caller]
    pub(crate) fn digest(&self, options: &[&str]) -> String {
        let said = self.run(&[&["match", "--format", "csv"], options].concat());
        assert!(said.status < 2, "{}", said.err);
        said.digest()
    }
}

/// Returns the line of `verify` about the ledger.
pub(crate) fn counts(verified: &Said) -> String {
    let line = verified.out.lines().find(|line| line.starts_with("ledger: sound; "));
    line.unwrap_or_else(|| panic!("{}{}", verified.out, verified.err)).to_owned()
}

/// Lists every file and folder below a folder, and the folder itself.
pub(crate) fn everything_in(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    let mut at = 0;
    while at < all.len() {
        if all[at].is_dir() {
            all.extend(fs::read_dir(&all[at]).unwrap().map(|entry| entry.unwrap().path()));
        }
        at += 1;
    }
    all
}

/// Copies a folder and its contents, modes included.
pub(crate) fn copy(from: &Path, to: &Path) {
    for path in everything_in(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            fs::set_permissions(&target, fs::metadata(&path).unwrap().permissions()).unwrap();
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Returns the number of rounds of killing at random instants: `REUNITE_KILL_ROUNDS`, if it is set.
pub(crate) fn kill_rounds(unless_set: usize) -> usize {
    std::env::var("REUNITE_KILL_ROUNDS").ok().map_or(unless_set, |rounds| rounds.parse().unwrap())
}

/// A small generator of numbers that are the same in every run of a test.
pub(crate) struct Numbers(pub u64);

impl Numbers {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    /// Returns a CSV text with its rows in another order, the header first.
    pub(crate) fn shuffled(&mut self, text: &str) -> String {
        let (header, rows) = text.split_once('\n').unwrap();
        let mut rows: Vec<&str> = rows.lines().collect();
        for i in (1..rows.len()).rev() {
            rows.swap(i, self.below(i + 1));
        }
        format!("{header}\n{}\n", rows.join("\n"))
    }
}

/// Makes a reviewer and enrols it.
pub(crate) fn enrolled(store: &Store, staff: &str) -> ReviewerKey {
    let key = ReviewerKey::random().unwrap();
    let entry = reunite::store::entry("review enrol", None);
    store.enrol_reviewer(&staff.parse().unwrap(), key.public(), Role::Reviewer, &entry).unwrap();
    key
}
