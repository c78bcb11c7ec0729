//! The store: a folder with configuration, frequencies, ledger, index and lock.

use std::error::Error;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::sys::statvfs::statvfs;
use serde::{Deserialize, Serialize};

use crate::audit::Attribution;
use crate::audit::Entry;
use crate::index::IndexError;
use crate::kinship::Calculator;
use crate::ledger::{ENCRYPTS, Ledger, LedgerError, LedgerKey, Trouble};
use crate::matching::Criterion;
use crate::population::FrequencyTable;
use crate::pseudonym::{Custodian, KeySource, Pseudonymizer, SecretKey, Vault, VaultError};

use super::model::{ModelConfig, Settings};
use super::options::{calculator, read_frequencies};
use super::output::hex;
use super::store_index;
use super::vault::words;

const CONFIG: &str = "reunite.toml";
const FREQUENCIES: &str = "frequencies.csv";
const LEDGER: &str = "ledger.db";
const LOCK: &str = "lock";
const VAULT: &str = "vault";

/// `reunite.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Version of the store's layout.
    store_version: u32,
    /// Names the ledger that belongs here.
    store_id: String,
    /// The folder that the store's indices have a folder in, if not in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index_dir: Option<PathBuf>,
    frequencies: FrequencyConfig,
    model: ModelConfig,
    #[serde(rename = "match")]
    matching: MatchConfig,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrequencyConfig {
    file: String,
    /// Digest of the table as it was read at `init`.
    digest: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatchConfig {
    min_log10_lr: f64,
    /// Older stores do not say it.
    #[serde(default = "min_loci")]
    min_loci: u32,
}

/// As many loci in common as a pair should have: with fewer, hardly any true pair reaches a likelihood ratio that counts.
fn min_loci() -> u32 {
    10
}

const STORE_VERSION: u32 = 1;

/// The most bytes that are read of who holds the lock.
const HOLDER: u64 = 200;

/// An opened store.
pub(super) struct Store {
    dir: PathBuf,
    id: String,
    /// Where the indices are.
    pub(super) indices: PathBuf,
    pub(super) table: FrequencyTable,
    pub(super) settings: Settings,
    pub(super) criterion: Criterion,
    /// The least number of loci in common with which a pair counts as comparable.
    pub(super) min_loci: u32,
    /// Where its key is, if that was said.
    source: Option<KeySource>,
    /// The key, once it was read.
    key: OnceLock<Arc<SecretKey>>,
}

/// What protects a new store.
#[derive(Default)]
pub(super) struct Protection<'a> {
    /// Its key, if it is known already.
    pub(super) key: Option<Arc<SecretKey>>,
    pub(super) custodians: &'a [Custodian],
    /// The folder that its indices have a folder in, if not in the store.
    pub(super) index_dir: Option<&'a Path>,
}

impl Protection<'_> {
    /// That of a temporary store of invented people, whose key is no secret.
    pub(super) fn invented() -> Self {
        Self { key: Some(Arc::new(SecretKey::from_bytes([1; 32]))), ..Self::default() }
    }
}

/// Held while a command changes the store; released when dropped, or when the process ends in any way.
pub(super) struct Lock {
    _file: File,
}

impl Store {
    /// Makes a new store, whole or not at all: it is built beside its place and renamed into it.
    pub(super) fn create(
        dir: &Path,
        frequencies: &str,
        table: &FrequencyTable,
        settings: &Settings,
        criterion: Criterion,
        protection: &Protection<'_>,
    ) -> anyhow::Result<Self> {
        let &Protection { ref key, custodians, index_dir } = protection;
        calculator(table, settings)?;
        if dir.exists() && !fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none()) {
            bail!("{} exists already and is not an empty folder: choose another --store", dir.display());
        }
        let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let building = tempfile::Builder::new()
            .prefix(".reunite-store-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .with_context(|| format!("cannot make a folder in {}", parent.display()))?;
        let place = building.path();
        if ENCRYPTS && key.is_none() {
            bail!("this build encrypts the ledger, which takes the key: give --key-file FILE or set REUNITE_KEY_FILE");
        }
        let mut ledger = Ledger::create(&place.join(LEDGER), key.as_deref().map(ledger_key).as_ref())?;
        if let Some(key) = key {
            ledger.bind_key(key.fingerprint().bytes(), Attribution::Unrecorded("the store is being made"))?;
        }
        ledger.add_custodians(&words(custodians), Attribution::Unrecorded("the store is being made"))?;
        let config = Config {
            store_version: STORE_VERSION,
            store_id: hex(&ledger.store_id()?),
            index_dir: index_dir.map(std::path::absolute).transpose()?,
            frequencies: FrequencyConfig { file: FREQUENCIES.to_owned(), digest: hex(&table.digest()) },
            model: ModelConfig::of(settings),
            matching: MatchConfig { min_log10_lr: criterion.min_log10_lr, min_loci: min_loci() },
        };
        write_private(&place.join(CONFIG), toml::to_string(&config)?.as_bytes())?;
        write_private(&place.join(FREQUENCIES), frequencies.as_bytes())?;
        write_private(&place.join(LOCK), b"")?;
        if index_dir.is_none() {
            let folder = place.join(store_index::FOLDER);
            let made = DirBuilder::new().mode(0o700).create(&folder);
            made.with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        drop(ledger);
        flush(place).with_context(|| format!("flushing {}", place.display()))?;
        let place = building.keep();
        if let Err(error) = fs::rename(&place, dir) {
            // That the half-made folder cannot be removed either would say nothing new.
            let _ = fs::remove_dir_all(&place);
            return Err(error).with_context(|| format!("cannot make the store {}", dir.display()));
        }
        flush(parent).with_context(|| format!("cannot flush the folder of the store {}", dir.display()))?;
        let store = Self::open(dir, None)?;
        if let Some(key) = key {
            store.key.get_or_init(|| Arc::clone(key));
        }
        Ok(store)
    }

    /// Whether there is a store.
    pub(super) fn is_there(dir: &Path) -> bool {
        dir.join(CONFIG).exists()
    }

    /// Opens a store; `key` says where its key is, which is read when it is needed.
    pub(super) fn open(dir: &Path, key: Option<KeySource>) -> anyhow::Result<Self> {
        let path = dir.join(CONFIG);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("there is no store in {}: name it with --store, or make one with `reunite init`", dir.display())
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let config: Config = toml::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))?;
        if config.store_version != STORE_VERSION {
            bail!("the store has layout version {}, this program knows {STORE_VERSION}", config.store_version);
        }
        let settings = config.model.settings().with_context(|| format!("{}, [model]", path.display()))?;
        if config.matching.min_log10_lr.is_nan() {
            bail!("{}, [match]: min_log10_lr is no number", path.display());
        }
        let (_, table) = read_frequencies(&dir.join(&config.frequencies.file))?;
        if hex(&table.digest()) != config.frequencies.digest {
            bail!(
                "{} is not the table that this store was made with: put it back, or make a new store",
                dir.join(&config.frequencies.file).display()
            );
        }
        let criterion = Criterion { min_log10_lr: config.matching.min_log10_lr, ..Criterion::default() };
        let min_loci = config.matching.min_loci;
        let indices = store_index::folder(dir, &config.store_id, config.index_dir.as_deref());
        Ok(Self {
            dir: dir.to_owned(),
            id: config.store_id,
            indices,
            table,
            settings,
            criterion,
            min_loci,
            source: key,
            key: OnceLock::new(),
        })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The ledger; in a build that encrypts it, this takes the key.
    pub(super) fn ledger(&self) -> anyhow::Result<Ledger> {
        let key = if ENCRYPTS { Some(self.key().context("the ledger is encrypted")?) } else { None };
        self.ledger_under(key.as_deref())
    }

    /// The ledger, opened with this key.
    pub(super) fn ledger_under(&self, key: Option<&SecretKey>) -> anyhow::Result<Ledger> {
        let path = self.dir.join(LEDGER);
        let ledger = Ledger::open(&path, key.map(ledger_key).as_ref()).map_err(|error| at(&path, error))?;
        if hex(&ledger.store_id()?) != self.id {
            bail!("{} is the ledger of another store: put back the one that belongs here", path.display());
        }
        Ok(ledger)
    }

    /// Encrypts the ledger, if it is plain. Whether it was.
    pub(super) fn encrypt(&self, entry: &Entry) -> anyhow::Result<bool> {
        let key = self.key()?;
        let path = self.dir.join(LEDGER);
        let fingerprint = key.fingerprint().bytes();
        Ledger::encrypt(&path, &ledger_key(&key), fingerprint, entry).map_err(|error| at(&path, error))
    }

    pub(super) fn calculator(&self) -> anyhow::Result<Calculator> {
        calculator(&self.table, &self.settings)
    }

    /// Keeps other commands from changing the store meanwhile.
    pub(super) fn lock(&self) -> anyhow::Result<Lock> {
        let path = self.dir.join(LOCK);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {
                // For whoever comes meanwhile; on a full disk they are not told who it is.
                let _ = file.set_len(0).and_then(|()| (&file).write_all(super::who::this_process().as_bytes()));
                Ok(Lock { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let told = file.take(HOLDER).read_to_string(&mut holder).is_ok() && holder.starts_with("process ");
                let holder = if told { format!(" ({})", holder.escape_debug()) } else { String::new() };
                bail!("another command is changing the store {}{holder}: wait until it has ended", self.dir.display())
            }
            Err(TryLockError::Error(error)) => Err(error).context("locking the store"),
        }
    }

    /// The sealed original identifiers.
    pub(super) fn vault(&self) -> Vault {
        Vault::new(self.dir.join(VAULT))
    }

    /// The key that was given. It is read once: a pipe gives it only once.
    pub(super) fn key(&self) -> anyhow::Result<Arc<SecretKey>> {
        if let Some(key) = self.key.get() {
            return Ok(Arc::clone(key));
        }
        let key = load_key(self.source.as_ref())?;
        if let Some(source) = &self.source {
            outside(&source.path(), &self.dir, "key file")?;
        }
        Ok(Arc::clone(self.key.get_or_init(|| Arc::new(key))))
    }

    /// What makes pseudonyms with the key, which is checked to be that of this store.
    pub(super) fn pseudonymizer(&self, ledger: &mut Ledger) -> anyhow::Result<Pseudonymizer> {
        let key = self.key()?;
        let unrecorded = Attribution::Unrecorded("the records of what is done with the key follow");
        ledger.bind_key(key.fingerprint().bytes(), unrecorded).map_err(|error| at(&self.dir.join(LEDGER), error))?;
        Ok(Pseudonymizer::new(&key))
    }
}

/// What a ledger is encrypted with under a key.
pub(super) fn ledger_key(key: &SecretKey) -> LedgerKey {
    LedgerKey::new(key.ledger_key())
}

/// An error of SQLite's, which does not name the file itself.
fn at(path: &Path, error: LedgerError) -> anyhow::Error {
    let database = matches!(error, LedgerError::Database(_));
    let error = anyhow::Error::new(error);
    if database { error.context(path.display().to_string()) } else { error }
}

/// What to do about an error of the disk that a store is on, and which store that is.
pub(super) fn advice(error: &anyhow::Error, dir: &Path) -> Option<String> {
    let trouble = error.chain().find_map(trouble)?;
    let full = trouble == Trouble::Full || trouble == Trouble::Failing && has_no_room(dir);
    let dir = dir.display();
    Some(match trouble {
        _ if full => {
            format!("make room for the store {dir}, and repeat the command: what was acknowledged before is there")
        }
        Trouble::Full | Trouble::Failing => format!(
            "the disk of the store {dir} does not do its work: look into the system's log, save a copy of the store, and run \
             `reunite verify`"
        ),
        Trouble::Closed => {
            format!("the store {dir}, its ledger.db and the files beside it must be writable for this user")
        }
    })
}

/// What is wrong with the disk, if that is what this is about.
fn trouble(error: &(dyn Error + 'static)) -> Option<Trouble> {
    let of_system = |error: &io::Error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Some(Trouble::Full),
        _ if error.raw_os_error() == Some(Errno::EIO as i32) => Some(Trouble::Failing),
        _ => None,
    };
    if let Some(LedgerError::Sealing(error)) = error.downcast_ref() {
        trouble(&**error)
    } else if let Some(error) = error.downcast_ref::<LedgerError>() {
        error.trouble()
    } else if let Some(IndexError::Io { error, .. }) = error.downcast_ref() {
        of_system(error)
    } else if let Some(VaultError::Io { source, .. }) = error.downcast_ref() {
        of_system(source)
    } else {
        None
    }
}

/// Whether the disk of a store is as good as full: of some files that it cannot enlarge then, SQLite says no more than of a
/// disk that fails.
fn has_no_room(dir: &Path) -> bool {
    const LITTLE: u64 = 1 << 20;
    statvfs(dir).is_ok_and(|disk| disk.blocks_available() * disk.fragment_size() < LITTLE)
}

/// Loads the key, or says how to name it.
pub(super) fn load_key(key: Option<&KeySource>) -> anyhow::Result<SecretKey> {
    let key = key.context("the secret key is needed: give --key-file FILE or set REUNITE_KEY_FILE")?;
    Ok(SecretKey::load(key)?)
}

/// A stolen store must not bring its key along.
pub(super) fn outside(key_file: &Path, dir: &Path, what: &str) -> anyhow::Result<()> {
    let inside = match (key_file.canonicalize(), dir.canonicalize()) {
        (Ok(key), Ok(dir)) => key.starts_with(dir),
        _ => false,
    };
    if inside {
        bail!("the {what} lies inside the store: keep it elsewhere, or whoever takes the store has both");
    }
    Ok(())
}

/// Flushes the names in a folder.
pub(super) fn flush(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a new file that only its owner can read, and flushes it.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
