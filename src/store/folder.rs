//! The store: a folder with settings, frequencies, ledger, index, vault and lock.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;

use crate::audit::{Attribution, Entry};
use crate::files::{self, Group, Repaired, folder};
use crate::kinship::Calculator;
use crate::ledger::{ENCRYPTS, Ledger, LedgerError, LedgerKey};
use crate::matching::{Criterion, Doubts};
use crate::population::FrequencyTable;
use crate::pseudonym::{Custodian, KeySource, Pseudonymizer, SecretKey, Vault};

use super::actor::{now, this_process};
use super::config::{
    AccessConfig, CONFIG, Config, FrequencyConfig, LEDGER, MatchConfig, Members, ModelConfig, PopulationConfig,
    STORE_VERSION,
};
use super::error::{FileAction, StoreError};
use super::files::{flush, outside, write_over};
use super::frequencies::{Frequencies, read_kept};
use super::settings::Settings;

const FREQUENCIES: &str = "frequencies.csv";
const LOCK: &str = "lock";
const VAULT: &str = "vault";
/// Where the indices are in the store, unless they are elsewhere.
pub(super) const INDEX: &str = "index";

/// How often a held lock is asked for.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// The most bytes that are read of who holds the lock.
const HOLDER: u64 = 200;

/// An opened store.
///
/// Every operation of a laboratory is a method: each locks the store where it changes something, appends its record to the
/// audit chain, tells an [`Observer`](super::Observer) how it gets on, and returns values.
pub struct Store {
    dir: PathBuf,
    repaired: Vec<Repaired>,
    id: String,
    indices: PathBuf,
    table: FrequencyTable,
    settings: Settings,
    criterion: Criterion,
    min_loci: u32,
    /// Its tables of other populations.
    populations: Vec<PopulationConfig>,
    /// The population whose table `table` is; `None` for the store's own.
    population: Option<String>,
    /// Digest of the store's own table.
    main: String,
    /// Where its key is, if that was said.
    source: Option<KeySource>,
    /// The key, once it was read.
    key: OnceLock<Arc<SecretKey>>,
    /// How long to wait for another command that changes the store.
    patience: Duration,
    /// Whether this process may write to it.
    is_writable: bool,
}

/// How a store is made.
pub struct NewStore<'a> {
    /// The frequency table, whose loci are the panel.
    pub frequencies: &'a Frequencies,
    /// Model and linked loci.
    pub settings: &'a Settings,
    /// When a pair is a candidate.
    pub criterion: Criterion,
    /// Its key, if it is known already; otherwise the first import binds the store to the one that it is run with.
    pub key: Option<Arc<SecretKey>>,
    /// To whom original identifiers are sealed; nobody, and they are not kept.
    pub custodians: &'a [Custodian],
    /// The folder that its indices have a folder in, if not in the store.
    pub index_dir: Option<&'a Path>,
    /// The name or number of the group of accounts that it is for, beside its owner, and what they may do.
    pub group: Option<(&'a str, Members)>,
}

impl<'a> NewStore<'a> {
    /// A store with the default threshold, whose key is not known yet and that has no custodian.
    #[must_use]
    pub fn new(frequencies: &'a Frequencies, settings: &'a Settings) -> Self {
        let criterion = Criterion { doubts: Doubts::usual(), ..Criterion::default() };
        Self { frequencies, settings, criterion, key: None, custodians: &[], index_dir: None, group: None }
    }

    /// The same for invented people, whose key is no secret.
    #[must_use]
    pub fn for_invented_people(self) -> Self {
        Self { key: Some(Arc::new(SecretKey::from_bytes([1; 32]))), ..self }
    }
}

/// Held while an operation changes the store; released when dropped, or when the process ends in any way.
pub(super) struct Lock {
    _file: File,
}

impl Store {
    /// Makes a new store, whole or not at all: it is built beside its place and renamed into it.
    ///
    /// # Errors
    /// [`StoreError`]; then there is no store.
    pub fn create(dir: &Path, new: &NewStore<'_>) -> Result<Self, StoreError> {
        let &NewStore { frequencies, settings, criterion, ref key, custodians, index_dir, group } = new;
        let Frequencies { text, table, .. } = frequencies;
        now()?;
        settings.calculator(table)?;
        if let Some(folder) = index_dir
            && !folder.is_dir()
        {
            return Err(StoreError::NoIndexFolder(folder.to_owned()));
        }
        if dir.exists() && !fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none()) {
            return Err(StoreError::NotEmpty(dir.to_owned()));
        }
        let parent = folder(dir);
        let building = tempfile::Builder::new()
            .prefix(".reunite-store-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(|source| StoreError::io(FileAction::MakeFolderIn, parent, source))?;
        let place = building.path();
        if let Some((name, members)) = group {
            files::give(place, found(name, members)?)
                .map_err(|source| StoreError::CannotGive { group: name.to_owned(), source })?;
        }
        if ENCRYPTS && key.is_none() {
            return Err(StoreError::KeyForNewLedger);
        }
        let mut ledger = Ledger::create(&place.join(LEDGER), key.as_deref().map(ledger_key).as_ref())?;
        if let Some(key) = key {
            ledger.bind_key(key.fingerprint().bytes(), BEING_MADE)?;
        }
        let recipients: Vec<String> = custodians.iter().map(ToString::to_string).collect();
        ledger.add_custodians(&recipients, BEING_MADE)?;
        let config = Config {
            store_version: STORE_VERSION,
            store_id: HEXLOWER.encode(&ledger.store_id()?),
            access: group.map(|(name, members)| AccessConfig { group: name.to_owned(), members }),
            index_dir: match index_dir {
                None => None,
                Some(folder) => Some(
                    std::path::absolute(folder).map_err(|source| StoreError::io(FileAction::Read, folder, source))?,
                ),
            },
            frequencies: FrequencyConfig {
                file: FREQUENCIES.to_owned(),
                digest: HEXLOWER.encode(&table.digest()),
                populations: Vec::new(),
            },
            model: ModelConfig::from_settings(settings),
            matching: MatchConfig::new(&criterion),
        };
        write_over(&place.join(CONFIG), toml::to_string(&config)?.as_bytes())?;
        write_over(&place.join(FREQUENCIES), text.as_bytes())?;
        write_over(&place.join(LOCK), b"")?;
        if index_dir.is_none() {
            let folder = place.join(INDEX);
            files::make_folder(&folder, place)
                .map_err(|source| StoreError::io(FileAction::MakeFolder, &folder, source))?;
        }
        drop(ledger);
        flush(place).map_err(|source| StoreError::io(FileAction::Flush, place, source))?;
        let place = building.keep();
        if let Err(source) = fs::rename(&place, dir) {
            // That the half-made folder cannot be removed either would say nothing new.
            let _ = fs::remove_dir_all(&place);
            return Err(StoreError::io(FileAction::MakeStore, dir, source));
        }
        flush(parent).map_err(|source| StoreError::io(FileAction::Flush, parent, source))?;
        let store = Self::open(dir, None)?;
        if let Some(key) = key {
            store.key.get_or_init(|| Arc::clone(key));
        }
        Ok(store)
    }

    /// Makes a new store as [`Self::create`] does, and begins its audit chain with a record of it.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (frequencies, settings) = (Frequencies::built_in(), Settings::default());
    /// let new = NewStore::new(&frequencies, &settings);
    /// let store = Store::create_recorded("store".as_ref(), &new, store::entry("init", None))?;
    /// println!("{} loci", store.table().panel().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_recorded(dir: &Path, new: &NewStore<'_>, entry: Entry) -> Result<Self, StoreError> {
        let store = Self::create(dir, new)?;
        let recipients: Vec<String> = new.custodians.iter().map(ToString::to_string).collect();
        let entry = entry
            .with("loci", new.frequencies.table.panel().len())
            .with("custodians", recipients)
            .with_digest("frequencies", &new.frequencies.table.digest());
        store.ledger()?.append(&entry)?;
        Ok(store)
    }

    /// Finds out whether a folder holds a store.
    #[must_use]
    pub fn exists(dir: &Path) -> bool {
        dir.join(CONFIG).exists()
    }

    /// Opens a store; `key` says where its key is, which is read when it is needed.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reunite::pseudonym::KeySource;
    ///
    /// let store = Store::open("store".as_ref(), Some(KeySource::File("store.key".into())))?;
    /// println!("candidates from log10 LR {}", store.criterion().min_log10_lr);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] if there is none, or if its settings or frequencies are not those that it was made with.
    pub fn open(dir: &Path, key: Option<KeySource>) -> Result<Self, StoreError> {
        // Nothing is recorded at a time that cannot be read again.
        now()?;
        let path = dir.join(CONFIG);
        let config = read_config(dir)?;
        let bad = |section| {
            let path = path.clone();
            move |source| StoreError::Settings { path, section, source }
        };
        let settings = config.model.settings().map_err(bad("model"))?;
        let criterion = config.matching.criterion().map_err(bad("match"))?;
        let table = kept_table(dir, &config.frequencies.file, &config.frequencies.digest)?;
        // In a folder for several stores, each has its own.
        let indices = match &config.index_dir {
            None => dir.join(INDEX),
            Some(folder) => folder.join(format!("reunite-{}", config.store_id)),
        };
        let is_writable = files::may_write(&dir.join(LEDGER));
        let group = match config.access {
            None => None,
            // A copy may be read where nobody knows the group.
            Some(AccessConfig { group, members }) if !is_writable => Group::find(&group, members == Members::Write),
            Some(AccessConfig { group, members }) => Some(found(&group, members)?),
        };
        let repaired = protected(dir, &indices, &config.index_dir, group)?;
        Ok(Self {
            dir: dir.to_owned(),
            repaired,
            id: config.store_id,
            indices,
            table,
            settings,
            criterion,
            min_loci: config.matching.min_loci,
            populations: config.frequencies.populations,
            population: None,
            main: config.frequencies.digest,
            source: key,
            key: OnceLock::new(),
            patience: Duration::ZERO,
            is_writable,
        })
    }

    /// Waits so long for another command that changes the store, instead of giving up at once.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use reunite::store::Store;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let store = Store::open("store".as_ref(), None)?.waiting(Duration::from_secs(600));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn waiting(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What of the store others could read when it was opened, or its group could not; it is mended, where that is possible.
    #[must_use]
    pub fn repaired(&self) -> &[Repaired] {
        &self.repaired
    }

    /// Whether this process may write to the store. Otherwise what is in it can be listed and verified, and no record of that
    /// is kept.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.is_writable
    }

    /// Whether a command has written what is not in the ledger's file yet: it is at work, or was cut off. Who cannot write to
    /// the store does not see that.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        fs::metadata(self.dir.join(format!("{LEDGER}-wal"))).is_ok_and(|journal| journal.len() > 0)
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The frequency table, whose loci are the panel.
    #[must_use]
    pub fn table(&self) -> &FrequencyTable {
        &self.table
    }

    /// The population whose table that is, of those that [`Self::add_frequencies`] added; `None` for the store's own.
    #[must_use]
    pub fn population(&self) -> Option<&str> {
        self.population.as_deref()
    }

    /// Takes the table of another population, which every operation then computes with.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let store = Store::open("store".as_ref(), None)?.with_population("Hui")?;
    /// store.match_all(&MatchOptions::new(&store), &store::entry("match", None), &Silent)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoPopulation`]; [`StoreError`] if its file was changed or does not have the store's loci.
    pub fn with_population(self, name: &str) -> Result<Self, StoreError> {
        let Some(one) = self.populations.iter().find(|one| one.name == name) else {
            let known = self.populations.into_iter().map(|one| one.name).collect();
            return Err(StoreError::NoPopulation { name: name.to_owned(), known });
        };
        let table = kept_table(&self.dir, &one.file, &one.digest)?
            .of_panel(self.table.panel())
            .map_err(|loci| StoreError::PopulationLacks { name: name.to_owned(), loci })?;
        Ok(Self { table, population: Some(name.to_owned()), ..self })
    }

    /// Digest of the store's own table, in hexadecimal.
    pub(super) fn main_digest(&self) -> &str {
        &self.main
    }

    /// Digest of a population's table as it is used here; `None` if there is no sound one.
    pub(super) fn population_digest(&self, name: &str) -> Option<[u8; 32]> {
        let one = self.populations.iter().find(|one| one.name == name)?;
        let table = kept_table(&self.dir, &one.file, &one.digest).ok()?;
        Some(table.of_panel(self.table.panel()).ok()?.digest())
    }

    /// Says in a record of the audit chain which table is computed with, unless it is the store's own.
    pub(super) fn name_table(&self, entry: &Entry) -> Entry {
        match &self.population {
            None => entry.clone(),
            Some(name) => {
                entry.clone().with("population", name.as_str()).with_digest("frequencies", &self.table.digest())
            }
        }
    }

    /// The model and the linked loci.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// When a pair is a candidate, unless a run says otherwise.
    #[must_use]
    pub fn criterion(&self) -> Criterion {
        self.criterion
    }

    /// The least number of loci in common with which a pair counts as comparable, unless a run says otherwise.
    #[must_use]
    pub fn min_loci(&self) -> u32 {
        self.min_loci
    }

    /// The folder of the indices.
    pub(super) fn indices(&self) -> &Path {
        &self.indices
    }

    /// Opens the ledger; in a build that encrypts it, this takes the key.
    ///
    /// # Errors
    /// [`StoreError`], also if it is the ledger of another store.
    pub fn ledger(&self) -> Result<Ledger, StoreError> {
        self.ledger_under(self.key_of_ledger()?.as_deref())
    }

    /// Opens the ledger with this key.
    pub(super) fn ledger_under(&self, key: Option<&SecretKey>) -> Result<Ledger, StoreError> {
        let path = self.ledger_file()?;
        let ledger = Ledger::open(&path, key.map(ledger_key).as_ref()).map_err(|error| at(&path, error))?;
        if self.owns(&ledger)? { Ok(ledger) } else { Err(StoreError::OtherLedger(path)) }
    }

    /// Opens the ledger to find out what is wrong with it, also if it was altered, and how.
    pub(super) fn ledger_to_verify(&self) -> Result<(Ledger, Option<LedgerError>), StoreError> {
        let (path, key) = (self.ledger_file()?, self.key_of_ledger()?);
        let opened = Ledger::open_to_verify(&path, key.as_deref().map(ledger_key).as_ref());
        let (ledger, altered) = opened.map_err(|error| at(&path, error))?;
        // An altered one may have lost its name.
        if altered.is_some() || self.owns(&ledger)? {
            Ok((ledger, altered))
        } else {
            Err(StoreError::OtherLedger(path))
        }
    }

    /// The key that the ledger is encrypted with, in a build that encrypts it.
    fn key_of_ledger(&self) -> Result<Option<Arc<SecretKey>>, StoreError> {
        match ENCRYPTS {
            true => Ok(Some(self.key().map_err(|error| StoreError::EncryptedLedger(Box::new(error)))?)),
            false => Ok(None),
        }
    }

    /// The ledger's file, which, with its journals, is what may be opened.
    fn ledger_file(&self) -> Result<PathBuf, StoreError> {
        for end in ["", "-wal", "-shm", "-journal"] {
            let file = self.dir.join(format!("{LEDGER}{end}"));
            files::check(&file).map_err(|source| StoreError::io(FileAction::Open, &file, source))?;
        }
        Ok(self.dir.join(LEDGER))
    }

    /// Finds out whether a ledger is that of this store.
    fn owns(&self, ledger: &Ledger) -> Result<bool, StoreError> {
        Ok(HEXLOWER.encode(&ledger.store_id()?) == self.id)
    }

    /// Takes the ledger's file for what was written last.
    pub(super) fn seal_ledger(&self) -> Result<(), StoreError> {
        Ok(Ledger::seal(&self.ledger_file()?)?)
    }

    /// Encrypts a plain ledger in its place; nobody else may have it open. Gives whether it was plain.
    ///
    /// # Errors
    /// [`StoreError::CannotEncrypt`] in a build without encryption; [`StoreError`] otherwise, and then the ledger is as it
    /// was.
    pub fn encrypt(&self, entry: &Entry) -> Result<bool, StoreError> {
        if !ENCRYPTS {
            return Err(StoreError::CannotEncrypt);
        }
        let _lock = self.lock()?;
        let (key, path) = (self.key()?, self.ledger_file()?);
        let fingerprint = key.fingerprint().bytes();
        Ledger::encrypt(&path, &ledger_key(&key), fingerprint, entry).map_err(|error| at(&path, error))
    }

    /// Builds the calculator of the store's model and frequencies.
    ///
    /// # Errors
    /// See [`Settings::calculator`].
    pub fn calculator(&self) -> Result<Calculator, StoreError> {
        Ok(self.settings.calculator(&self.table)?)
    }

    /// Keeps other operations from changing the store meanwhile.
    pub(super) fn lock(&self) -> Result<Lock, StoreError> {
        if !self.is_writable {
            return Err(StoreError::CannotWrite(self.dir.clone()));
        }
        let path = self.dir.join(LOCK);
        let file = files::open_or_create(&path).map_err(|source| StoreError::io(FileAction::Open, &path, source))?;
        let until = Instant::now().checked_add(self.patience);
        let mut attempt = file.try_lock();
        while matches!(attempt, Err(TryLockError::WouldBlock)) && until.is_none_or(|until| Instant::now() < until) {
            std::thread::sleep(BETWEEN_ATTEMPTS);
            attempt = file.try_lock();
        }
        match attempt {
            Ok(()) => {
                // For whoever comes meanwhile; on a full disk they do not learn who it is.
                let _ = file.set_len(0).and_then(|()| (&file).write_all(this_process().as_bytes()));
                let lock = Lock { _file: file };
                // Whoever held the lock may have exchanged the table that this process has read.
                let now = read_config(&self.dir)?.frequencies;
                let same = |one: &PopulationConfig| {
                    now.populations.iter().any(|other| (&one.name, &one.digest) == (&other.name, &other.digest))
                };
                let named = self.populations.iter().filter(|one| Some(&one.name) == self.population.as_ref());
                if now.digest != self.main || !named.into_iter().all(same) {
                    return Err(StoreError::TableExchanged);
                }
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let known = file.take(HOLDER).read_to_string(&mut holder).is_ok() && holder.starts_with("process ");
                let holder = if known { format!(" ({})", holder.escape_debug()) } else { String::new() };
                Err(StoreError::Locked { dir: self.dir.clone(), holder })
            }
            Err(TryLockError::Error(source)) => Err(StoreError::io(FileAction::Lock, &path, source)),
        }
    }

    /// The sealed original identifiers.
    pub(super) fn vault(&self) -> Vault {
        Vault::new(self.dir.join(VAULT))
    }

    /// Finds out whether it was said where the key is.
    pub(super) fn has_key_source(&self) -> bool {
        self.source.is_some()
    }

    /// The file that the key is said to be in.
    pub(super) fn key_file(&self) -> Option<PathBuf> {
        self.source.as_ref().map(KeySource::path)
    }

    /// Gives the key. It is read once: a pipe gives it only once.
    pub(super) fn key(&self) -> Result<Arc<SecretKey>, StoreError> {
        if let Some(key) = self.key.get() {
            return Ok(Arc::clone(key));
        }
        let source = self.source.as_ref().ok_or(StoreError::KeyNeeded)?;
        let key = SecretKey::load(source)?;
        outside(&source.path(), &self.dir, "key file")?;
        Ok(Arc::clone(self.key.get_or_init(|| Arc::new(key))))
    }

    /// Reads the key, and checks that the store belongs to it, or to none yet.
    ///
    /// # Errors
    /// [`StoreError::KeyNeeded`]; [`LedgerError::OtherKey`] and its like; the ledger's.
    pub fn checked_key(&self) -> Result<Arc<SecretKey>, StoreError> {
        let key = self.key()?;
        self.ledger()?.check_key(key.fingerprint().bytes())?;
        Ok(key)
    }

    /// Gives what makes pseudonyms with the key, which is checked to be that of this store.
    pub(super) fn pseudonymizer(&self, ledger: &mut Ledger) -> Result<Pseudonymizer, StoreError> {
        let key = self.key()?;
        ledger
            .bind_key(
                key.fingerprint().bytes(),
                Attribution::Unrecorded("the records of what is done with the key follow"),
            )
            .map_err(|error| at(&self.dir.join(LEDGER), error))?;
        Ok(Pseudonymizer::new(&key))
    }
}

/// Finds a group of accounts.
fn found(name: &str, members: Members) -> Result<Group, StoreError> {
    Group::find(name, members == Members::Write).ok_or_else(|| StoreError::NoGroup(name.to_owned()))
}

/// Closes the folders of a store, and the files in them, to all but its owner and its group, and gives what was wrong.
fn protected(
    dir: &Path,
    indices: &Path,
    index_dir: &Option<PathBuf>,
    group: Option<Group>,
) -> Result<Vec<Repaired>, StoreError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::io(FileAction::Protect, &path, source)
    };
    // The user may give the store by a link.
    let dir = dir.canonicalize().map_err(io(dir))?;
    let owner = dir.metadata().map_err(io(&dir))?.uid();
    let mut repaired = files::protect(&dir, None, group).map_err(io(&dir))?;
    let vault = dir.join(VAULT);
    repaired.extend(files::protect(&vault, Some(owner), group).map_err(io(&vault))?);
    repaired.extend(files::protect(indices, Some(owner), group).map_err(|source| match index_dir {
        // Where others may make folders, a stranger may have made it.
        Some(_) => StoreError::OpenIndexFolder(indices.to_owned()),
        None => io(indices)(source),
    })?);
    Ok(repaired)
}

/// Reads `reunite.toml`.
pub(super) fn read_config(dir: &Path) -> Result<Config, StoreError> {
    let path = dir.join(CONFIG);
    let text = files::open(&path).and_then(io::read_to_string).map_err(|error| match error.kind() {
        ErrorKind::NotFound => StoreError::NoStore(dir.to_owned()),
        _ => StoreError::io(FileAction::Read, &path, error),
    })?;
    let config: Config = toml::from_str(&text).map_err(|source| StoreError::Config { path: path.clone(), source })?;
    if config.store_version != STORE_VERSION {
        return Err(StoreError::Version { found: config.store_version, known: STORE_VERSION });
    }
    Ok(config)
}

/// Reads a table that a store keeps, and checks that it is the one that was put there.
pub(super) fn kept_table(dir: &Path, file: &str, digest: &str) -> Result<FrequencyTable, StoreError> {
    let path = dir.join(file);
    let table = read_kept(&path)?;
    if HEXLOWER.encode(&table.digest()) == digest { Ok(table) } else { Err(StoreError::OtherFrequencies(path)) }
}

const BEING_MADE: Attribution<'_> = Attribution::Unrecorded("the store is being made");

/// What a ledger is encrypted with under a key.
pub(super) fn ledger_key(key: &SecretKey) -> LedgerKey {
    LedgerKey::new(key.ledger_key())
}

/// An error of SQLite's does not name the file itself.
fn at(path: &Path, error: LedgerError) -> StoreError {
    match error {
        LedgerError::Database(_) => StoreError::LedgerAt { path: path.to_owned(), source: error },
        _ => StoreError::Ledger(error),
    }
}
