//! Builds and opens the indices of a store. They are derived from the ledger, and lie in the store or in a separate
//! folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::files;
use crate::index::{Access, Binding, Builder, FamilyBinding, FamilyIndex, FamilyWriter, Index, IndexError};
use crate::ledger::{Generation, Ledger, Past, Sample, Samples};
use crate::model::Child;

use crate::store::error::{FileAction, StoreError};
use crate::store::folder::{INDEX as FOLDER, Store};
use crate::store::observer::{Notice, Observer};
use crate::store::output::write::flush;

/// The names of the index files of children, families and all samples.
const INDEX: &str = "children";
const FAMILIES: &str = "families";
const SAMPLES: &str = "samples";

/// The number of stored samples from which on an index of all samples is written: reading fewer takes no longer than a
/// moment.
const MANY_SAMPLES: usize = if cfg!(test) { 8 } else { 50_000 };

/// The share of samples that may be new or changed: if more than one in this many is, an index of the others does not
/// help.
const STALE_SAMPLES: usize = 20;

/// A sound index, or the reason why no index can be used; the index is then built again.
pub(crate) type Opened<I> = Result<I, IndexError>;

/// Returns an index with the state of the ledger when it was built.
fn with_past<I>(index: Result<I, IndexError>, past: Option<Past>) -> Result<(I, Past), IndexError> {
    Ok((index?, past.ok_or(IndexError::Stale)?))
}

/// An index of the present or earlier samples, and the samples that were added or changed since it was built.
pub(in crate::store) struct EarlierSamples {
    pub(in crate::store) index: Index,
    pub(in crate::store) newer: Vec<Sample>,
}

impl Store {
    /// Returns the file of an index. Each population's table has an index file of its own, so that the files of several
    /// tables stay usable.
    fn index_file(&self, kind: &str) -> PathBuf {
        let table = match self.population() {
            None => String::new(),
            Some(_) => format!("-{}", &HEXLOWER.encode(&self.table().digest())[..16]),
        };
        self.indices().join(format!("{kind}{table}.idx"))
    }

    fn binding(&self, generation: &Generation) -> Binding {
        Binding { alleles: self.table().alleles_digest(), stamp: generation.stamp, generation: generation.number }
    }

    /// Opens the index of the ledger's children, if it is sound and up to date.
    pub(crate) fn open_index(&self, ledger: &Ledger, access: Access) -> Result<Opened<Index>, StoreError> {
        let generation = ledger.generation()?;
        Ok(Index::open(&self.index_file(INDEX), access, &self.binding(&generation)))
    }

    /// Opens the index of the ledger's children in their present or an earlier generation, if it is sound.
    pub(in crate::store) fn open_earlier_index(
        &self,
        ledger: &Ledger,
        access: Access,
    ) -> Result<Opened<(Index, Past)>, StoreError> {
        self.open_earlier(INDEX, ledger, access)
    }

    fn open_earlier(&self, kind: &str, ledger: &Ledger, access: Access) -> Result<Opened<(Index, Past)>, StoreError> {
        let mut past = Ok(None);
        let alleles = self.table().alleles_digest();
        let index = Index::open_if(&self.index_file(kind), access, |found| {
            past = ledger.past(found.generation);
            found.alleles == alleles && matches!(&past, Ok(Some(past)) if past.generation.stamp == found.stamp)
        });
        Ok(with_past(index, past?))
    }

    /// Opens the index of all samples of the ledger, in their present or an earlier state, if it is sound.
    pub(in crate::store) fn open_earlier_samples(
        &self,
        ledger: &Ledger,
        access: Access,
    ) -> Result<Opened<(Index, Past)>, StoreError> {
        self.open_earlier(SAMPLES, ledger, access)
    }

    /// Returns an index of all samples of the ledger, also of those that are not used, in their present or an earlier
    /// state, and the samples that were added or changed since. `None` if it would not help an import of this number of
    /// samples, or cannot be written. The store must be locked.
    pub(in crate::store) fn index_of_samples(
        &self,
        ledger: &Ledger,
        imported: usize,
    ) -> Result<Option<EarlierSamples>, StoreError> {
        let all = usize::try_from(ledger.samples_at_most()?).unwrap_or(usize::MAX);
        if all < MANY_SAMPLES || imported > all / STALE_SAMPLES {
            return Ok(None);
        }
        let panel = self.table().panel();
        if let Ok((index, built)) = self.open_earlier_samples(ledger, Access::Usual)? {
            let mut newer = Vec::new();
            ledger.samples(panel, Samples::Since(built), |one| {
                newer.push(one);
                Ok::<(), StoreError>(())
            })?;
            if newer.len() <= index.children() / STALE_SAMPLES {
                return Ok(Some(EarlierSamples { index, newer }));
            }
        }
        let (mut builder, binding) = (self.builder(), self.binding(&ledger.generation()?));
        ledger.samples(panel, Samples::Stored, |one| {
            builder.push(one.sample);
            Ok::<(), StoreError>(())
        })?;
        self.index_folder()?;
        let path = self.index_file(SAMPLES);
        // Without the index the search takes longer, so a failure here does not fail it.
        let index = builder.write(&path, &binding).and_then(|()| Index::open(&path, Access::Usual, &binding));
        Ok(index.ok().map(|index| EarlierSamples { index, newer: Vec::new() }))
    }

    /// Returns the index of the ledger's children: the one that there is, or one in memory.
    pub(in crate::store) fn index_to_read(&self, ledger: &Ledger) -> Result<Index, StoreError> {
        if let Ok(index) = self.open_index(ledger, Access::Usual)? {
            return Ok(index);
        }
        let mut children = Vec::new();
        ledger.children(self.table().panel(), |child| children.push(child))?;
        self.index_of(&children)
    }

    /// Builds an index of some children in memory.
    pub(in crate::store) fn index_of(&self, children: &[Child]) -> Result<Index, StoreError> {
        let mut builder = self.builder();
        children.iter().for_each(|child| builder.push(child));
        let binding = Binding { alleles: self.table().alleles_digest(), stamp: [0; 16], generation: 0 };
        Ok(Index::from_bytes(&builder.finish(&binding)?)?)
    }

    fn builder(&self) -> Builder {
        let loci = self.table().panel().loci().iter().zip(self.table().loci());
        Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect())
    }

    /// Rebuilds the index from the ledger and removes the traces of interrupted builds. The store must be locked.
    pub(crate) fn build_index(&self, ledger: &Ledger, access: Access) -> Result<Index, StoreError> {
        let mut builder = self.builder();
        let generation = ledger.children(self.table().panel(), |child| builder.push(child))?;
        self.index_folder()?;
        let path = self.index_file(INDEX);
        let binding = self.binding(&generation);
        builder.write(&path, &binding).map_err(|source| StoreError::IndexAt { path: path.clone(), source })?;
        Ok(Index::open(&path, access, &binding)?)
    }

    /// Removes the indices and the traces of interrupted builds. The store must be locked.
    pub(in crate::store) fn remove_index(&self) -> Result<(), StoreError> {
        let folder = self.index_folder()?;
        let read = |source| StoreError::io(FileAction::Read, folder, source);
        for entry in fs::read_dir(folder).map_err(read)? {
            let path = entry.map_err(read)?.path();
            fs::remove_file(&path).map_err(|source| StoreError::io(FileAction::Remove, &path, source))?;
        }
        flush(folder).map_err(|source| StoreError::io(FileAction::Flush, folder, source))
    }

    /// Reports whether there is an index of children, in any state.
    pub(in crate::store) fn has_index(&self) -> bool {
        self.index_file(INDEX).exists()
    }

    /// Returns the folder of the indices, and makes it if it is missing, since a memory file system loses it. Refuses a
    /// folder that somebody else made or can read. Removes the indices in the store if they are now kept elsewhere.
    fn index_folder(&self) -> Result<&Path, StoreError> {
        let (folder, inside) = (self.indices(), self.dir().join(FOLDER));
        if folder != inside && inside.exists() {
            fs::remove_dir_all(&inside).map_err(|source| StoreError::io(FileAction::Remove, &inside, source))?;
        }
        match files::make_folder(folder, self.dir()) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(StoreError::io(FileAction::MakeFolder, folder, error));
            }
            _ => {}
        }
        let read =
            |path: &Path| fs::symlink_metadata(path).map_err(|source| StoreError::io(FileAction::Read, path, source));
        let (found, store) = (
            read(folder)?,
            self.dir().metadata().map_err(|source| StoreError::io(FileAction::Read, self.dir(), source))?,
        );
        if !files::is_for_the_same(&found, &store) {
            return Err(StoreError::OpenIndexFolder(folder.to_owned()));
        }
        Ok(folder)
    }

    /// Opens the families index of a run with this basis, if it is sound. The index may be of the present or an earlier
    /// generation of the ledger.
    pub(in crate::store) fn open_families(
        &self,
        ledger: &Ledger,
        basis: [u8; 32],
    ) -> Result<Opened<(FamilyIndex, Past)>, StoreError> {
        let mut past = Ok(None);
        let index = FamilyIndex::open_if(&self.index_file(FAMILIES), self.table().panel().len(), |found| {
            past = ledger.past(found.generation);
            found.basis == basis && matches!(&past, Ok(Some(past)) if past.generation.stamp == found.stamp)
        });
        Ok(with_past(index, past?))
    }

    /// Returns the number of families in the families index, in any state and of any basis, after checking every byte;
    /// `None` if there is no index.
    pub(in crate::store) fn check_families(&self) -> Option<Result<u64, IndexError>> {
        let path = self.index_file(FAMILIES);
        let check = || {
            let index = FamilyIndex::open_if(&path, self.table().panel().len(), |_| true)?;
            (0..index.parts()).try_fold(0, |families, part| Ok(families + index.part(part)?.families()))
        };
        match check() {
            Err(IndexError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => None,
            checked => Some(checked),
        }
    }

    /// Begins the families index of a run. The store must be locked.
    pub(in crate::store) fn begin_families(
        &self,
        basis: [u8; 32],
        generation: &Generation,
    ) -> Result<FamilyWriter, StoreError> {
        let binding = FamilyBinding { basis, stamp: generation.stamp, generation: generation.number };
        Ok(FamilyWriter::new(self.index_folder()?, &binding, self.table().panel().len())?)
    }

    /// Moves a finished families index to its place.
    pub(in crate::store) fn finish_families(&self, families: FamilyWriter) -> Result<(), StoreError> {
        let path = self.index_file(FAMILIES);
        families.finish(&path).map_err(|source| StoreError::IndexAt { path, source })
    }

    /// Opens the children index, after rebuilding it if it is missing, stale or damaged.
    pub(in crate::store) fn current_index(
        &self,
        ledger: &Ledger,
        access: Access,
        observer: &dyn Observer,
    ) -> Result<Index, StoreError> {
        let reason = match self.open_index(ledger, access)? {
            Ok(index) => return Ok(index),
            Err(reason) => reason,
        };
        let why = self.has_index().then_some(&reason);
        let started = Instant::now();
        let index = self.build_index(ledger, access)?;
        let (children, seconds) = (index.children() as u64, started.elapsed().as_secs_f64());
        observer.notice(&Notice::IndexBuilt { children, seconds, why });
        Ok(index)
    }

    /// Rebuilds the children index and removes the last traces of interrupted operations.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let built = store.rebuild_index(&store::entry("index", None), &Silent)?;
    /// println!("{} children", built.children);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`]; a failure does not change the ledger.
    pub fn rebuild_index(&self, entry: &Entry, observer: &dyn Observer) -> Result<IndexBuilt, StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        self.finish_interrupted(&mut ledger, observer)?;
        ledger.append(entry)?;
        let index = self.build_index(&ledger, Access::Usual)?;
        Ok(IndexBuilt { children: index.children() as u64, bytes: index.size() as u64 })
    }
}

/// The result of building a children index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexBuilt {
    /// Number of children in the index.
    pub children: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
}
