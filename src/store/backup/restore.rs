//! Makes a store from a backup, completely or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::files::{self, LOCK, folder};
use crate::ledger::Ledger;
use crate::matching::{Stopped, Watch};
use crate::pseudonym::{Identity, KeySource, OpenWith, Passphrase, StreamError};

use super::container::{BackupFault, ContainerReader, Part};
use super::parts::{ABOUT, About, MOST_TABLE, MOST_TEXT, is_table, sealed_file};
use crate::store::actor::now;
use crate::store::audit::AuditCheck;
use crate::store::configuration::config::{AccessConfig, CONFIG, Config, LEDGER, Members, STORE_VERSION};
use crate::store::error::{FileAction, StoreError};
use crate::store::folder::{INDEX, Store, VAULT, found};
use crate::store::health::verify::{LedgerCheck, Verification};
use crate::store::observer::Observer;
use crate::store::output::write::{flush, write_over};

/// The secret that opens a backup.
#[derive(Clone, Copy, Debug)]
pub enum RestoreWith<'a> {
    /// Identity files of custodians.
    Identities(&'a [PathBuf]),
    /// The passphrase.
    Passphrase(&'a Passphrase),
}

/// The options of restoring a store.
#[derive(Clone, Debug)]
pub struct RestoreOptions<'a> {
    /// The backup.
    pub file: &'a Path,
    /// The secret that opens it.
    pub with: RestoreWith<'a>,
    /// The source of the store's key. Only a build that encrypts ledgers requires it.
    pub key: Option<KeySource>,
}

/// A store that was restored.
#[non_exhaustive]
pub struct Restored {
    /// The store.
    pub store: Store,
    /// BLAKE3 of the backup's file: the audit chain of the store that was backed up has it, if it is that store's.
    pub digest: [u8; 32],
    /// The time of the backup, by UTC.
    pub made_at: String,
    /// The program that made it.
    pub program: String,
    /// The generation of the samples and families.
    pub generation: u64,
    /// Number of families, withdrawn ones included.
    pub families: u64,
    /// Number of children.
    pub children: u64,
    /// The last run, if there was one.
    pub last_run: Option<LastRun>,
    /// Number of records of the audit chain in the backup; the restored chain has one more.
    pub records: u64,
    /// The last hash of the audit chain in the backup, in hexadecimal.
    pub head: String,
    /// What `verify` finds. The ledger and the audit chain are sound.
    pub verification: Verification,
    /// The folder for the index that the settings name, if this machine does not have it.
    pub missing_index_dir: Option<PathBuf>,
}

/// Names a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastRun {
    /// Its number.
    pub number: i64,
    /// When it began, by UTC.
    pub started_at: String,
}

/// Reason why the copying of parts ended.
enum Ended {
    Fault(BackupFault),
    Store(StoreError),
    Stopped(Stopped),
}

impl From<BackupFault> for Ended {
    fn from(fault: BackupFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Stopped> for Ended {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

impl Store {
    /// Makes a store from a backup in a folder that does not exist yet. The digest of each part is checked, the restored
    /// store is verified, and its audit chain records the restoring. The folder appears when all of this is done.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let identities = ["custodian.age".into()];
    /// let with = RestoreWith::Identities(&identities);
    /// let options = RestoreOptions { file: "monday.backup".as_ref(), with, key: None };
    /// let restored = Store::restore("store".as_ref(), &options, &store::entry("restore", None), &Silent)?;
    /// println!("generation {} of {}", restored.generation, restored.made_at);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::RestoredOver`], [`StoreError::Sealed`], [`StoreError::Backup`], [`StoreError::RestoredUnsound`],
    /// [`StoreError::NoGroup`], [`StoreError::Io`], [`StoreError::Stopped`]; errors of the ledger. No store exists then.
    pub fn restore(
        dir: &Path,
        options: &RestoreOptions<'_>,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Restored, StoreError> {
        now()?;
        if fs::symlink_metadata(dir).is_ok() {
            return Err(StoreError::RestoredOver(dir.to_owned()));
        }
        let path = options.file;
        let read = |source| StoreError::io(FileAction::Read, path, source);
        let sealed = File::open(path).map_err(read)?;
        let length = match sealed.metadata().map_err(read)? {
            found if found.is_file() => found.len(),
            _ => return Err(StoreError::NotAFile(path.to_owned())),
        };
        let identity = match options.with {
            RestoreWith::Identities(files) => {
                let load = |file: &PathBuf| Identity::load(&KeySource::File(file.clone()));
                Some(Identity::join(files.iter().map(load).collect::<Result<Vec<_>, _>>()?))
            }
            RestoreWith::Passphrase(_) => None,
        };
        let with = match (options.with, &identity) {
            (RestoreWith::Passphrase(passphrase), _) => OpenWith::Passphrase(passphrase),
            (_, Some(identity)) => OpenWith::Identity(identity),
            (_, None) => return Err(StoreError::NoBackupRecipient),
        };
        let parent = folder(dir);
        let building = tempfile::Builder::new()
            .prefix(".reunite-restore-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(|source| StoreError::io(FileAction::MakeFolderIn, parent, source))?;
        let watch = observer.watch();
        watch.begin("restoring the store");
        watch.expect(length);
        let following = observer.follow(&watch);
        let mut hashing = Hashing { inner: sealed, hash: blake3::Hasher::new() };
        let unpacked = unpack(building.path(), &mut hashing, with, &watch).map_err(|ended| match ended {
            Ended::Fault(BackupFault::Io(source)) => read(source),
            Ended::Fault(source) => StoreError::Backup { path: path.to_owned(), source },
            Ended::Store(StoreError::Sealed { source: StreamError::Io(source), .. }) => read(source),
            Ended::Store(StoreError::Sealed { source, .. }) => StoreError::Sealed { path: path.to_owned(), source },
            Ended::Store(error) => error,
            Ended::Stopped(stopped) => stopped.into(),
        })?;
        drop(following);
        let digest = *hashing.hash.finalize().as_bytes();
        let other =
            |what: &str| StoreError::Backup { path: path.to_owned(), source: BackupFault::Other(what.to_owned()) };
        let place = building.path();
        let (verification, (last_run, counts)) = {
            let store = Self::open(place, options.key.clone())?;
            let mut ledger = store.ledger()?;
            let end = ledger.audit_end()?;
            let About { store_id, generation, audit_records, audit_head, .. } = &unpacked.about;
            if HEXLOWER.encode(&ledger.store_id()?) != *store_id {
                return Err(other("its identity differs"));
            } else if ledger.generation()?.number != *generation {
                return Err(other("its generation differs"));
            } else if (end.length, HEXLOWER.encode(&end.head)) != (*audit_records, audit_head.clone()) {
                return Err(other("its audit chain differs"));
            }
            let verification = store.verify()?;
            check(&verification)?;
            let counts = ledger.counts()?;
            let last_run = ledger.last_run()?.map(|(number, run)| LastRun {
                number,
                started_at: jiff::Timestamp::from_second(run.started_at)
                    .map_or_else(|_| run.started_at.to_string(), |at| at.to_string()),
            });
            let entry = entry.clone().with_digest("blake3", &digest).with("made_at", unpacked.about.made_at.as_str());
            ledger.append(&entry.with("generation", *generation).with("records", end.length))?;
            (verification, (last_run, counts))
        };
        watch.check()?;
        flush(place).map_err(|source| StoreError::io(FileAction::Flush, place, source))?;
        let place = building.keep();
        if let Err(error) = put(&place, dir) {
            // A second error, if the folder cannot be removed either, would not help.
            let _ = fs::remove_dir_all(&place);
            return Err(error);
        }
        flush(parent).map_err(|source| StoreError::io(FileAction::Flush, parent, source))?;
        let About { program, made_at, generation, audit_records, audit_head, .. } = unpacked.about;
        let missing_index_dir = unpacked.index_dir.filter(|folder| !folder.is_dir());
        Ok(Restored {
            store: Self::open(dir, options.key.clone())?,
            digest,
            made_at,
            program,
            generation,
            families: counts.families,
            children: counts.children,
            last_run,
            records: audit_records,
            head: audit_head,
            verification,
            missing_index_dir,
        })
    }
}

/// Gives the finished folder its name.
fn put(place: &Path, dir: &Path) -> Result<(), StoreError> {
    if fs::symlink_metadata(dir).is_ok() {
        return Err(StoreError::RestoredOver(dir.to_owned()));
    }
    fs::rename(place, dir).map_err(|source| StoreError::io(FileAction::MakeStore, dir, source))
}

/// Refuses a store whose ledger or audit chain is damaged. Other findings were findings of the store that was backed up.
fn check(found: &Verification) -> Result<(), StoreError> {
    let damaged = |what: String| Err(StoreError::RestoredUnsound(what));
    match (&found.ledger, &found.audit) {
        (Ok(LedgerCheck::Damaged(findings)), _) => damaged(findings.join("; ")),
        (Err(error), _) | (_, Err(error)) => damaged(error.with_causes()),
        (_, Ok(AuditCheck { breaks, .. })) if !breaks.is_empty() => damaged(breaks[0].to_string()),
        _ => Ok(()),
    }
}

/// What the first parts of a backup say.
struct Unpacked {
    about: About,
    index_dir: Option<PathBuf>,
}

/// Writes the files of a backup to a folder. The settings come last: without them, the folder is not a store.
fn unpack(place: &Path, sealed: &mut Hashing, with: OpenWith<'_>, watch: &Watch) -> Result<Unpacked, Ended> {
    let mut buffer = BufReader::with_capacity(1 << 20, sealed);
    let opened = with.begin(&mut buffer).map_err(|source| StoreError::Sealed { path: PathBuf::new(), source })?;
    let mut reader = ContainerReader::begin(opened)?;
    let about = next(&mut reader, ABOUT)?;
    let about: About = serde_json::from_str(&reader.text(&about, MOST_TEXT)?).map_err(|_| invalid(ABOUT))?;
    let part = next(&mut reader, CONFIG)?;
    let settings = reader.text(&part, MOST_TEXT)?;
    let config: Config = toml::from_str(&settings).map_err(|_| invalid(CONFIG))?;
    if config.store_version != STORE_VERSION {
        let (found, known) = (config.store_version, STORE_VERSION);
        return Err(StoreError::Version { found, known }.into());
    }
    if let Some(AccessConfig { group, members }) = &config.access {
        files::give(place, found(group, *members)?)
            .map_err(|source| StoreError::CannotGive { group: group.clone(), source })?;
    }
    let mut has_ledger = false;
    let mut tables = Vec::new();
    while let Some(part) = reader.next()? {
        let name = part.name.as_str();
        if name == LEDGER && !has_ledger {
            has_ledger = true;
        } else if sealed_file(name).is_some() {
            // The ledger, which names them, comes before them.
            if !has_ledger {
                return Err(BackupFault::Order(part.name).into());
            }
            make_vault(place)?;
        } else if is_table(name) && !has_ledger {
            if part.length > MOST_TABLE {
                return Err(BackupFault::Large(part.name).into());
            }
            tables.push(name.to_owned());
        } else if name == CONFIG || name == ABOUT || is_table(name) {
            return Err(BackupFault::Order(part.name).into());
        } else {
            return Err(BackupFault::Name.into());
        }
        write(place, &mut reader, &part, watch)?;
    }
    let populations = config.frequencies.populations.iter().map(|one| &one.file);
    if let Some(missing) = populations.chain([&config.frequencies.file]).find(|file| !tables.contains(file)) {
        return Err(BackupFault::Missing(missing.clone()).into());
    }
    if !has_ledger {
        return Err(BackupFault::Missing(LEDGER.to_owned()).into());
    }
    finish(place, &config, &settings)?;
    Ok(Unpacked { about, index_dir: config.index_dir })
}

fn invalid(part: &str) -> BackupFault {
    BackupFault::Invalid(part.to_owned())
}

/// Reads the beginning of a part that must come next.
fn next<R: Read>(reader: &mut ContainerReader<R>, name: &str) -> Result<Part, BackupFault> {
    match reader.next()? {
        Some(part) if part.name == name => Ok(part),
        Some(_) | None => Err(BackupFault::Missing(name.to_owned())),
    }
}

fn make_vault(place: &Path) -> Result<(), StoreError> {
    let vault = place.join(VAULT);
    match files::make_folder(&vault, place) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::io(FileAction::MakeFolder, &vault, error))
        }
        _ => Ok(()),
    }
}

/// Writes a file, and flushes it.
fn write<R: Read>(place: &Path, reader: &mut ContainerReader<R>, part: &Part, watch: &Watch) -> Result<(), Ended> {
    let path = place.join(&part.name);
    let failed = |source| StoreError::io(FileAction::Write, &path, source);
    let mut out =
        Writing { file: BufWriter::with_capacity(1 << 20, files::create_new(&path).map_err(failed)?), failed: None };
    let copied = reader.copy(part, &mut out, |piece| {
        watch.did(piece);
        Ok::<(), Ended>(watch.check()?)
    });
    if let Some(source) = out.failed {
        return Err(failed(source).into());
    }
    copied?;
    let file = out.file.into_inner().map_err(|error| failed(error.into_error()))?;
    Ok(file.sync_all().map_err(failed)?)
}

/// A file of the store, which keeps its own error apart from those of the backup.
struct Writing {
    file: BufWriter<File>,
    failed: Option<io::Error>,
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).inspect_err(|error| {
            self.failed = Some(error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error));
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Makes what a backup does not hold, and the settings last.
fn finish(place: &Path, config: &Config, settings: &str) -> Result<(), StoreError> {
    write_over(&place.join(LOCK), b"")?;
    if config.access.as_ref().is_some_and(|access| access.members == Members::Read) {
        // Whoever may open it could hold it, and keep everybody from changing the store.
        let lock = place.join(LOCK);
        fs::set_permissions(&lock, Permissions::from_mode(0o600))
            .map_err(|source| StoreError::io(FileAction::Protect, &lock, source))?;
    }
    if config.index_dir.is_none() {
        let folder = place.join(INDEX);
        files::make_folder(&folder, place).map_err(|source| StoreError::io(FileAction::MakeFolder, &folder, source))?;
    }
    // Its bytes were just compared with their digest.
    Ledger::seal(&place.join(LEDGER))?;
    write_over(&place.join(CONFIG), settings.as_bytes())
}

/// A file, and the digest of what was read from it.
struct Hashing {
    inner: File,
    hash: blake3::Hasher,
}

impl Read for Hashing {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.hash.update(&bytes[..read]);
        Ok(read)
    }
}
