//! The store: a folder with settings, frequencies, ledger, index, vault and lock.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;

use crate::audit::{Attribution, Entry};
use crate::files::{self, Group, LOCK, Repaired, folder};
use crate::kinship::Calculator;
use crate::ledger::{ENCRYPTS, Generation, Ledger, LedgerError, LedgerKey, ReviewMemory};
use crate::matching::{ChanceHits, Criterion, Doubts};
use crate::meaning::Prior;
use crate::population::FrequencyTable;
use crate::pseudonym::{Custodian, KeySource, Pseudonymizer, SecretKey, Vault};

use super::actor::{now, this_process};
use super::configuration::config::{
    AccessConfig, CONFIG, Config, FrequencyConfig, LEDGER, LetterConfig, MatchConfig, Members, ModelConfig,
    PopulationConfig, STORE_VERSION,
};
use super::configuration::settings::Settings;
use super::error::{FileAction, StoreError};
use super::intake::frequencies::{Frequencies, read_kept};
use super::output::write::{flush, outside, write_over};

const FREQUENCIES: &str = "frequencies.csv";
pub(super) const VAULT: &str = "vault";
/// The name of the indices' folder in the store, if they are not kept elsewhere.
pub(super) const INDEX: &str = "index";

/// The time between two attempts to lock the store.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// The maximum number of bytes read from the lock file, which describes its holder.
const HOLDER: u64 = 200;

/// An opened store.
///
/// Every operation of a laboratory is a method. It locks the store if it changes something, appends its record to the
/// audit chain, reports its progress to an [`Observer`](super::Observer), and returns values.
pub struct Store {
    dir: PathBuf,
    repaired: Vec<Repaired>,
    id: String,
    indices: PathBuf,
    table: FrequencyTable,
    settings: Settings,
    criterion: Criterion,
    min_loci: u32,
    /// The prior that the configuration states, or the default.
    pub(super) stated_prior: Prior,
    /// What the configuration states for letters to families.
    pub(super) letter: LetterConfig,
    /// The store's tables of other populations.
    populations: Vec<PopulationConfig>,
    /// The population whose table `table` is; `None` for the store's own.
    population: Option<String>,
    /// Digest of the store's own table.
    main: String,
    /// The source of the key, if the caller named one.
    source: Option<KeySource>,
    /// The key, after it was read.
    key: OnceLock<Arc<SecretKey>>,
    /// The time to wait for another command that changes the store.
    patience: Duration,
    /// `true` if this process may write to the store.
    is_writable: bool,
    /// What this process has checked of the audit chain, if it remembers that.
    memory: Option<ReviewMemory>,
    /// How many children are typed at which loci.
    counted: Mutex<Option<Counted>>,
}

/// Counts of children.
struct Counted {
    generation: Generation,
    /// Digest of the alleles: those that are not listed count as untyped.
    alleles: [u8; 32],
    hits: Arc<ChanceHits>,
}

/// The settings of a new store.
pub struct NewStore<'a> {
    /// The frequency table. Its loci become the panel.
    pub frequencies: &'a Frequencies,
    /// The model and the linked loci.
    pub settings: &'a Settings,
    /// The criterion for candidates.
    pub criterion: Criterion,
    /// The key, if it is already known; otherwise the first import binds the store to the key that it uses.
    pub key: Option<Arc<SecretKey>>,
    /// The custodians to whom original identifiers are sealed. Without custodians the store does not keep original
    /// identifiers.
    pub custodians: &'a [Custodian],
    /// The folder in which the indices have their folder; `None` to keep them in the store.
    pub index_dir: Option<&'a Path>,
    /// The name or number of the group of accounts that may use the store besides its owner, and what they may do.
    pub group: Option<(&'a str, Members)>,
}

impl<'a> NewStore<'a> {
    /// Describes a store with the default threshold, without a key yet and without custodians.
    #[must_use]
    pub fn new(frequencies: &'a Frequencies, settings: &'a Settings) -> Self {
        let criterion = Criterion { doubts: Doubts::usual(), ..Criterion::default() };
        Self { frequencies, settings, criterion, key: None, custodians: &[], index_dir: None, group: None }
    }

    /// Returns the same settings for invented people, whose key is not secret.
    #[must_use]
    pub fn for_invented_people(self) -> Self {
        Self { key: Some(Arc::new(SecretKey::from_bytes([1; 32]))), ..self }
    }
}

/// The lock of an operation that changes the store. It is released when it is dropped, or when the process ends in any
/// way.
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A process that another thread starts at this moment still has the file open, which would keep the lock. Without
        // success the lock ends with the file.
        let _ = self.file.unlock();
    }
}

impl Store {
    /// Makes a new store, completely or not at all: the store is built in a temporary folder beside its place, which is
    /// then renamed.
    ///
    /// # Errors
    /// [`StoreError`]; no store exists then.
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
            meaning: None,
            letter: None,
        };
        write_over(&place.join(CONFIG), toml::to_string(&config)?.as_bytes())?;
        write_over(&place.join(FREQUENCIES), text.as_bytes())?;
        write_over(&place.join(LOCK), b"")?;
        if matches!(group, Some((_, Members::Read))) {
            // Whoever may open it could hold it, and keep everybody from changing the store.
            let lock = place.join(LOCK);
            fs::set_permissions(&lock, Permissions::from_mode(0o600))
                .map_err(|source| StoreError::io(FileAction::Protect, &lock, source))?;
        }
        if index_dir.is_none() {
            let folder = place.join(INDEX);
            files::make_folder(&folder, place)
                .map_err(|source| StoreError::io(FileAction::MakeFolder, &folder, source))?;
        }
        drop(ledger);
        flush(place).map_err(|source| StoreError::io(FileAction::Flush, place, source))?;
        let place = building.keep();
        if let Err(source) = fs::rename(&place, dir) {
            // A second error, if the incomplete folder cannot be removed either, would not help.
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

    /// Makes a new store as [`Self::create`] does, and begins its audit chain with a record of its creation.
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
    /// Those of [`Self::create`].
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

    /// Reports whether a folder holds a store.
    #[must_use]
    pub fn exists(dir: &Path) -> bool {
        dir.join(CONFIG).exists()
    }

    /// Opens a store; `key` says where its key is. The key is read only when it is needed.
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
    /// [`StoreError`] if the folder holds no store, if its settings are invalid, or if its frequency table was changed.
    pub fn open(dir: &Path, key: Option<KeySource>) -> Result<Self, StoreError> {
        Self::opened(dir, key, files::protect)
    }

    /// Opens a store without repairing the modes of its files: [`Self::repaired`] returns what is wrong with them.
    pub(super) fn open_to_look(dir: &Path, key: Option<KeySource>) -> Result<Self, StoreError> {
        Self::opened(dir, key, files::inspect)
    }

    fn opened(dir: &Path, key: Option<KeySource>, guard: Guard) -> Result<Self, StoreError> {
        // Nothing may be recorded with a time that cannot be read again.
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
        // Several stores may keep their indices in one folder, so each has a subfolder.
        let indices = match &config.index_dir {
            None => dir.join(INDEX),
            Some(folder) => folder.join(format!("reunite-{}", config.store_id)),
        };
        let is_writable = files::may_write(&dir.join(LEDGER));
        let group = match config.access {
            None => None,
            // A copy that cannot be written may be read on a computer that does not know the group.
            Some(AccessConfig { group, members }) if !is_writable => Group::find(&group, members == Members::Write),
            Some(AccessConfig { group, members }) => Some(found(&group, members)?),
        };
        let repaired = protected(dir, &indices, &config.index_dir, group, guard)?;
        Ok(Self {
            dir: dir.to_owned(),
            repaired,
            id: config.store_id,
            indices,
            table,
            settings,
            criterion,
            min_loci: config.matching.min_loci,
            stated_prior: config.meaning.unwrap_or_default().prior,
            letter: config.letter.unwrap_or_default(),
            populations: config.frequencies.populations,
            population: None,
            main: config.frequencies.digest,
            source: key,
            key: OnceLock::new(),
            patience: Duration::ZERO,
            is_writable,
            memory: None,
            counted: Mutex::default(),
        })
    }

    /// Returns the counts of the children in this state of the ledger, which `count` makes if they are not those that were
    /// made last.
    pub(super) fn children_counted(
        &self,
        generation: Generation,
        count: impl FnOnce() -> Result<ChanceHits, StoreError>,
    ) -> Result<Arc<ChanceHits>, StoreError> {
        let alleles = self.table().alleles_digest();
        let kept = || self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = &*kept()
            && (counted.generation, counted.alleles) == (generation, alleles)
        {
            return Ok(Arc::clone(&counted.hits));
        }
        let hits = Arc::new(count()?);
        *kept() = Some(Counted { generation, alleles, hits: Arc::clone(&hits) });
        Ok(hits)
    }

    /// Checks each record of the audit chain once only, instead of whenever reviews are read: for a process that reads
    /// them again and again. A record that is edited afterwards is noticed by the next process.
    ///
    /// ```no_run
    /// # use reunite::store::Store;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let store = Store::open("store".as_ref(), None)?.remembering();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn remembering(self) -> Self {
        Self { memory: Some(ReviewMemory::default()), ..self }
    }

    /// Waits up to this long for another command that changes the store, instead of failing at once.
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

    /// Returns the files whose modes were wrong when the store was opened: others could read them, or the group could
    /// not. The modes were corrected where possible.
    #[must_use]
    pub fn repaired(&self) -> &[Repaired] {
        &self.repaired
    }

    /// Reports whether this process may write to the store. If not, the contents can be listed and verified, but no
    /// record of that is kept.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.is_writable
    }

    /// Reports whether a command has written data that is not yet in the ledger's main file: it is still running, or
    /// was interrupted. A process that cannot write to the store does not see that data.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        fs::metadata(self.dir.join(format!("{LEDGER}-wal"))).is_ok_and(|journal| journal.len() > 0)
    }

    /// Returns the store's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the frequency table. Its loci are the panel.
    #[must_use]
    pub fn table(&self) -> &FrequencyTable {
        &self.table
    }

    /// Returns the name of the population whose table is used, one of those added with [`Self::add_frequencies`];
    /// `None` for the store's own table.
    #[must_use]
    pub fn population(&self) -> Option<&str> {
        self.population.as_deref()
    }

    /// Selects the table of another population. Every operation then computes with it.
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
    /// [`StoreError::NoPopulation`]; [`StoreError`] if the table's file was changed or lacks loci of the store.
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

    /// Returns the digest of the store's own table, in hexadecimal.
    pub(super) fn main_digest(&self) -> &str {
        &self.main
    }

    /// Returns the digest of a population's table over the loci used here; `None` if there is no sound table.
    pub(super) fn population_digest(&self, name: &str) -> Option<[u8; 32]> {
        let one = self.populations.iter().find(|one| one.name == name)?;
        let table = kept_table(&self.dir, &one.file, &one.digest).ok()?;
        Some(table.of_panel(self.table.panel()).ok()?.digest())
    }

    /// Adds the name of the table that is computed with to a record of the audit chain, unless it is the store's own
    /// table.
    pub(super) fn name_table(&self, entry: &Entry) -> Entry {
        match &self.population {
            None => entry.clone(),
            Some(name) => {
                entry.clone().with("population", name.as_str()).with_digest("frequencies", &self.table.digest())
            }
        }
    }

    /// Returns the model and the linked loci.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the criterion for candidates, which a run may override.
    #[must_use]
    pub fn criterion(&self) -> Criterion {
        self.criterion
    }

    /// Returns the least number of loci in common with which a pair counts as comparable, which a run may override.
    #[must_use]
    pub fn min_loci(&self) -> u32 {
        self.min_loci
    }

    /// Returns the folder of the indices.
    pub(super) fn indices(&self) -> &Path {
        &self.indices
    }

    /// Opens the ledger. A build that encrypts the ledger requires the key.
    ///
    /// # Errors
    /// [`StoreError`], also if the ledger belongs to another store.
    pub fn ledger(&self) -> Result<Ledger, StoreError> {
        self.ledger_under(self.key_of_ledger()?.as_deref())
    }

    /// Opens the ledger with this key.
    pub(super) fn ledger_under(&self, key: Option<&SecretKey>) -> Result<Ledger, StoreError> {
        let path = self.ledger_file()?;
        let mut ledger = Ledger::open(&path, key.map(ledger_key).as_ref()).map_err(|error| at(&path, error))?;
        if let Some(memory) = &self.memory {
            ledger.remember(memory);
        }
        if self.owns(&ledger)? { Ok(ledger) } else { Err(StoreError::OtherLedger(path)) }
    }

    /// Opens the ledger to verify it, even if it was altered. Also returns how it was altered.
    pub(super) fn ledger_to_verify(&self) -> Result<(Ledger, Option<LedgerError>), StoreError> {
        let (path, key) = (self.ledger_file()?, self.key_of_ledger()?);
        let opened = Ledger::open_to_verify(&path, key.as_deref().map(ledger_key).as_ref());
        let (ledger, altered) = opened.map_err(|error| at(&path, error))?;
        // An altered ledger may have lost its identity.
        if altered.is_some() || self.owns(&ledger)? {
            Ok((ledger, altered))
        } else {
            Err(StoreError::OtherLedger(path))
        }
    }

    /// Opens the ledger without changing anything. Also returns how it was altered.
    pub(super) fn ledger_to_look(&self) -> Result<(Ledger, Option<LedgerError>), StoreError> {
        let (path, key) = (self.ledger_file()?, self.key_of_ledger()?);
        let opened = Ledger::open_to_look(&path, key.as_deref().map(ledger_key).as_ref());
        let (ledger, altered) = opened.map_err(|error| at(&path, error))?;
        if altered.is_some() || self.owns(&ledger)? {
            Ok((ledger, altered))
        } else {
            Err(StoreError::OtherLedger(path))
        }
    }

    /// Returns the key with which the ledger is encrypted, in a build that encrypts it.
    fn key_of_ledger(&self) -> Result<Option<Arc<SecretKey>>, StoreError> {
        match ENCRYPTS {
            true => Ok(Some(self.key().map_err(|error| StoreError::EncryptedLedger(Box::new(error)))?)),
            false => Ok(None),
        }
    }

    /// Returns the path of the ledger's file. Only that file and its journals may be opened.
    fn ledger_file(&self) -> Result<PathBuf, StoreError> {
        for end in ["", "-wal", "-shm", "-journal"] {
            let file = self.dir.join(format!("{LEDGER}{end}"));
            files::check(&file).map_err(|source| StoreError::io(FileAction::Open, &file, source))?;
        }
        Ok(self.dir.join(LEDGER))
    }

    /// Reports whether a ledger belongs to this store.
    fn owns(&self, ledger: &Ledger) -> Result<bool, StoreError> {
        Ok(HEXLOWER.encode(&ledger.store_id()?) == self.id)
    }

    /// Accepts the ledger's file in its present state as the last one written.
    pub(super) fn seal_ledger(&self) -> Result<(), StoreError> {
        Ok(Ledger::seal(&self.ledger_file()?)?)
    }

    /// Encrypts a plain ledger in its place; nobody else may have it open. Returns `true` if it was plain.
    ///
    /// # Errors
    /// [`StoreError::CannotEncrypt`] in a build without encryption; [`StoreError`] otherwise. The ledger is unchanged
    /// then.
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

    /// Locks the store, so that no other operation changes it.
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
                // The lock file names this process to others who wait. On a full disk it stays empty.
                let _ = file.set_len(0).and_then(|()| (&file).write_all(this_process().as_bytes()));
                let lock = Lock { file };
                // The previous holder of the lock may have replaced the table that this process has read.
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

    /// Returns the vault, which holds the sealed original identifiers.
    pub(super) fn vault(&self) -> Vault {
        Vault::new(self.dir.join(VAULT))
    }

    /// Appends a record of something that changes nothing, such as a sign-in, to the audit chain.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn record_look(&self, entry: &Entry) -> Result<(), StoreError> {
        Ok(self.ledger()?.append_look(entry)?)
    }

    /// Records a question about somebody whom the store does not have: that they are not in it is an answer, too.
    pub(super) fn recording_unknown<T>(&self, entry: &Entry, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(
            StoreError::NoFamily(who)
            | StoreError::NoChild(who)
            | StoreError::NoSubject(who)
            | StoreError::NoSample(who),
        ) = done
        {
            self.ledger()?.append_look(&entry.clone().with("outcome", "unknown").about([who]))?;
        }
        done
    }

    /// Reports whether the caller named a source for the key.
    pub(super) fn has_key_source(&self) -> bool {
        self.source.is_some()
    }

    /// Returns the file that holds the key, if the source is a file.
    pub(super) fn key_file(&self) -> Option<PathBuf> {
        self.source.as_ref().map(KeySource::path)
    }

    /// Returns the key. It is read only once, because a pipe can be read only once.
    pub(super) fn key(&self) -> Result<Arc<SecretKey>, StoreError> {
        if let Some(key) = self.key.get() {
            return Ok(Arc::clone(key));
        }
        let source = self.source.as_ref().ok_or(StoreError::KeyNeeded)?;
        let key = SecretKey::load(source)?;
        outside(&source.path(), &self.dir, "key file")?;
        Ok(Arc::clone(self.key.get_or_init(|| Arc::new(key))))
    }

    /// Reads the key, and checks that the store is bound to it, or to no key yet. Returns the error that it is a former
    /// key beside it: earlier records and reports name the pseudonyms of former keys.
    ///
    /// # Errors
    /// [`StoreError::KeyNeeded`]; [`LedgerError::OtherKey`] and similar errors; errors of the ledger.
    pub fn present_or_former_key(&self) -> Result<(Arc<SecretKey>, Option<LedgerError>), StoreError> {
        let key = self.key()?;
        match self.ledger()?.check_key(key.fingerprint().bytes()) {
            Ok(()) => Ok((key, None)),
            Err(former @ LedgerError::FormerKey { .. }) => Ok((key, Some(former))),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the pseudonymizer for the key, after checking that the key belongs to this store.
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
pub(super) fn found(name: &str, members: Members) -> Result<Group, StoreError> {
    Group::find(name, members == Members::Write).ok_or_else(|| StoreError::NoGroup(name.to_owned()))
}

/// Finds wrong modes of the files in a folder, and perhaps repairs them.
type Guard = fn(&Path, Option<u32>, Option<Group>) -> io::Result<Vec<Repaired>>;

/// Closes the folders and files of a store to everyone but its owner and its group. Returns the files whose modes were
/// wrong.
fn protected(
    dir: &Path,
    indices: &Path,
    index_dir: &Option<PathBuf>,
    group: Option<Group>,
    guard: Guard,
) -> Result<Vec<Repaired>, StoreError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::io(FileAction::Protect, &path, source)
    };
    // The path of the store may be a link.
    let dir = dir.canonicalize().map_err(io(dir))?;
    let owner = dir.metadata().map_err(io(&dir))?.uid();
    let mut repaired = guard(&dir, None, group).map_err(io(&dir))?;
    let vault = dir.join(VAULT);
    repaired.extend(guard(&vault, Some(owner), group).map_err(io(&vault))?);
    repaired.extend(guard(indices, Some(owner), group).map_err(|source| match index_dir {
        // Somebody else may have made the folder, if others can make folders there.
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

/// Reads a table that a store keeps, and checks its digest.
pub(super) fn kept_table(dir: &Path, file: &str, digest: &str) -> Result<FrequencyTable, StoreError> {
    let path = dir.join(file);
    let table = read_kept(&path)?;
    if HEXLOWER.encode(&table.digest()) == digest { Ok(table) } else { Err(StoreError::OtherFrequencies(path)) }
}

const BEING_MADE: Attribution<'_> = Attribution::Unrecorded("the store is being made");

/// Derives the encryption key of the ledger from the store's key.
pub(super) fn ledger_key(key: &SecretKey) -> LedgerKey {
    LedgerKey::new(key.ledger_key())
}

/// Adds the path to an error: an error of SQLite does not name the file.
fn at(path: &Path, error: LedgerError) -> StoreError {
    match error {
        LedgerError::Database(_) => StoreError::LedgerAt { path: path.to_owned(), source: error },
        _ => StoreError::Ledger(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Frequencies, NewStore, Settings};

    fn store(folder: &Path) -> Store {
        let (frequencies, settings) = (Frequencies::built_in(), Settings::default());
        let new = NewStore::new(&frequencies, &settings).for_invented_people();
        Store::create(&folder.join("store"), &new).unwrap()
    }

    #[test]
    fn children_are_counted_once_in_each_state() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let count = |number, children| {
            let mut is_counted = false;
            let generation = Generation { number, stamp: [number as u8; 16] };
            let counted = store.children_counted(generation, || {
                is_counted = true;
                Ok(ChanceHits::of_sets(vec![(1, children)], 23))
            });
            (counted.unwrap().children(), is_counted)
        };
        assert_eq!(
            [count(1, 5), count(1, 6), count(2, 6), count(2, 7)],
            [(5, true), (5, false), (6, true), (6, false)]
        );
    }

    /// As a process that another thread starts has the file open for a moment.
    #[test]
    fn a_lock_ends_though_somebody_has_its_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let lock = store.lock().unwrap();
        let _inherited = lock.file.try_clone().unwrap();
        assert!(matches!(store.lock(), Err(StoreError::Locked { .. })));
        drop(lock);
        assert!(store.lock().is_ok());
    }
}
