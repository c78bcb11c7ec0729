//! The store: a folder with configuration, frequencies, ledger, index and lock.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::index::{Access, Binding, Builder, FamilyBinding, FamilyIndex, FamilyWriter, Index, IndexError};
use crate::kinship::Calculator;
use crate::ledger::{Generation, Ledger, LedgerError, Past};
use crate::matching::Criterion;
use crate::model::Child;
use crate::population::FrequencyTable;
use crate::pseudonym::{Custodian, KeySource, Pseudonymizer, SecretKey, Vault};

use super::model::{ModelConfig, Settings};
use super::options::{calculator, read_frequencies};
use super::output::hex;
use super::vault::words;

const CONFIG: &str = "reunite.toml";
const FREQUENCIES: &str = "frequencies.csv";
const LEDGER: &str = "ledger.db";
const INDEX_FOLDER: &str = "index";
const INDEX: &str = "index/children.idx";
const FAMILIES: &str = "index/families.idx";
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

/// An opened store.
pub(super) struct Store {
    dir: PathBuf,
    id: String,
    pub(super) table: FrequencyTable,
    pub(super) settings: Settings,
    pub(super) criterion: Criterion,
    /// The least number of loci in common with which a pair counts as comparable.
    pub(super) min_loci: u32,
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
        key: Option<&SecretKey>,
        custodians: &[Custodian],
    ) -> anyhow::Result<Self> {
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
        let mut ledger = Ledger::create(&place.join(LEDGER))?;
        if let Some(key) = key {
            ledger.bind_key(key.fingerprint().bytes())?;
        }
        ledger.add_custodians(&words(custodians))?;
        let config = Config {
            store_version: STORE_VERSION,
            store_id: hex(&ledger.store_id()?),
            frequencies: FrequencyConfig { file: FREQUENCIES.to_owned(), digest: hex(&table.digest()) },
            model: ModelConfig::of(settings),
            matching: MatchConfig { min_log10_lr: criterion.min_log10_lr, min_loci: min_loci() },
        };
        write_private(&place.join(CONFIG), toml::to_string(&config)?.as_bytes())?;
        write_private(&place.join(FREQUENCIES), frequencies.as_bytes())?;
        write_private(&place.join(LOCK), b"")?;
        DirBuilder::new().mode(0o700).create(place.join(INDEX_FOLDER))?;
        drop(ledger);
        let place = building.keep();
        if let Err(error) = fs::rename(&place, dir) {
            // That the half-made folder cannot be removed either would say nothing new.
            let _ = fs::remove_dir_all(&place);
            return Err(error).with_context(|| format!("cannot make the store {}", dir.display()));
        }
        File::open(parent).and_then(|parent| parent.sync_all()).context("flushing the folder of the store")?;
        Self::open(dir)
    }

    /// Whether there is a store.
    pub(super) fn is_there(dir: &Path) -> bool {
        dir.join(CONFIG).exists()
    }

    pub(super) fn open(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(CONFIG);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
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
        Ok(Self { dir: dir.to_owned(), id: config.store_id, table, settings, criterion, min_loci })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn ledger(&self) -> anyhow::Result<Ledger> {
        let path = self.dir.join(LEDGER);
        let ledger = Ledger::open(&path).map_err(|error| at(&path, error))?;
        if hex(&ledger.store_id()?) != self.id {
            bail!("{} is the ledger of another store: put back the one that belongs here", path.display());
        }
        Ok(ledger)
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
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => {
                bail!("another command is changing the store {}: wait until it has ended", self.dir.display())
            }
            Err(TryLockError::Error(error)) => Err(error).context("locking the store"),
        }
    }

    /// The sealed original identifiers.
    pub(super) fn vault(&self) -> Vault {
        Vault::new(self.dir.join(VAULT))
    }

    /// The key, checked to be that of this store.
    pub(super) fn pseudonymizer(&self, ledger: &mut Ledger, key: Option<&KeySource>) -> anyhow::Result<Pseudonymizer> {
        let (source, key) = (key, load_key(key)?);
        if let Some(source) = source {
            outside(&source.path(), &self.dir, "key file")?;
        }
        ledger.bind_key(key.fingerprint().bytes()).map_err(|error| at(&self.dir.join(LEDGER), error))?;
        Ok(Pseudonymizer::new(&key))
    }

    fn binding(&self, generation: &Generation) -> Binding {
        Binding { alleles: self.table.alleles_digest(), stamp: generation.stamp, generation: generation.number }
    }

    /// The index of the ledger's children, if it is sound and up to date.
    pub(super) fn open_index(&self, ledger: &Ledger, access: Access) -> anyhow::Result<Result<Index, IndexError>> {
        let generation = ledger.generation()?;
        Ok(Index::open(&self.dir.join(INDEX), access, &self.binding(&generation)))
    }

    /// The index of the ledger's children as they are, or as they were at some earlier generation, if it is sound.
    pub(super) fn open_earlier_index(
        &self,
        ledger: &Ledger,
        access: Access,
    ) -> anyhow::Result<Result<(Index, Past), IndexError>> {
        let mut past = Ok(None);
        let alleles = self.table.alleles_digest();
        let index = Index::open_if(&self.dir.join(INDEX), access, |found| {
            past = ledger.past(found.generation);
            found.alleles == alleles && matches!(&past, Ok(Some(past)) if past.generation.stamp == found.stamp)
        });
        Ok(match (index, past?) {
            (Ok(index), Some(past)) => Ok((index, past)),
            (Ok(_), None) => Err(IndexError::Stale),
            (Err(error), _) => Err(error),
        })
    }

    /// An index of some children in memory.
    pub(super) fn index_of(&self, children: &[Child]) -> anyhow::Result<Index> {
        let mut builder = self.builder();
        children.iter().for_each(|child| builder.push(child.clone()));
        let binding = Binding { alleles: self.table.alleles_digest(), stamp: [0; 16], generation: 0 };
        Ok(Index::from_bytes(&builder.finish(&binding)?)?)
    }

    fn builder(&self) -> Builder {
        let loci = self.table.panel().loci().iter().zip(self.table.loci());
        Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect())
    }

    /// Builds the index again from the ledger. The store must be locked: what an interrupted build left is removed.
    pub(super) fn build_index(&self, ledger: &Ledger, access: Access) -> anyhow::Result<Index> {
        let mut builder = self.builder();
        let generation = ledger.children(self.table.panel(), |child| builder.push(child))?;
        self.index_folder()?;
        let path = self.dir.join(INDEX);
        let binding = self.binding(&generation);
        builder.write(&path, &binding)?;
        Ok(Index::open(&path, access, &binding)?)
    }

    /// Removes the indices, and what interrupted builds left of them. The store must be locked.
    pub(super) fn remove_index(&self) -> anyhow::Result<()> {
        let folder = self.index_folder()?;
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        File::open(&folder).and_then(|folder| folder.sync_all()).context("flushing the folder of the index")
    }

    fn index_folder(&self) -> anyhow::Result<PathBuf> {
        let folder = self.dir.join(INDEX_FOLDER);
        if !folder.exists() {
            DirBuilder::new().mode(0o700).create(&folder)?;
        }
        Ok(folder)
    }

    /// The families index of a run with this basis, of the ledger as it is or as it was at some earlier generation, if it
    /// is sound.
    pub(super) fn open_families(
        &self,
        ledger: &Ledger,
        access: Access,
        basis: [u8; 32],
    ) -> anyhow::Result<Result<(FamilyIndex, Past), IndexError>> {
        let mut past = Ok(None);
        let index = FamilyIndex::open_if(&self.dir.join(FAMILIES), access, self.table.panel().len(), |found| {
            past = ledger.past(found.generation);
            found.basis == basis && matches!(&past, Ok(Some(past)) if past.generation.stamp == found.stamp)
        });
        Ok(match (index, past?) {
            (Ok(index), Some(past)) => Ok((index, past)),
            (Ok(_), None) => Err(IndexError::Stale),
            (Err(error), _) => Err(error),
        })
    }

    /// How many families the families index holds, of whatever state and basis, with every byte of it checked; `None` if
    /// there is none.
    pub(super) fn check_families(&self) -> Option<Result<u64, IndexError>> {
        let path = self.dir.join(FAMILIES);
        let check = || {
            let index = FamilyIndex::open_if(&path, Access::Read, self.table.panel().len(), |_| true)?;
            (0..index.parts()).try_for_each(|part| index.part(part).map(drop))?;
            Ok(index.families())
        };
        path.exists().then(check)
    }

    /// Begins the families index of a run. The store must be locked.
    pub(super) fn begin_families(&self, basis: [u8; 32], generation: &Generation) -> anyhow::Result<FamilyWriter> {
        let binding = FamilyBinding { basis, stamp: generation.stamp, generation: generation.number };
        Ok(FamilyWriter::new(&self.index_folder()?, &binding, self.table.panel().len())?)
    }

    /// Puts a families index to its place.
    pub(super) fn finish_families(&self, families: FamilyWriter) -> anyhow::Result<()> {
        Ok(families.finish(&self.dir.join(FAMILIES))?)
    }
}

/// An error of SQLite's, which does not name the file itself.
fn at(path: &Path, error: LedgerError) -> anyhow::Error {
    let database = matches!(error, LedgerError::Database(_));
    let error = anyhow::Error::new(error);
    if database { error.context(path.display().to_string()) } else { error }
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

/// Writes a new file that only its owner can read, and flushes it.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
