//! The indices of a store: built from the ledger, in the store or in a folder of their own.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::index::{Access, Binding, Builder, FamilyBinding, FamilyIndex, FamilyWriter, Index, IndexError};
use crate::ledger::{Generation, Ledger, Past};
use crate::model::Child;

use super::store::{Store, flush};

/// Where they are in the store, unless they are elsewhere.
pub(super) const FOLDER: &str = "index";
const INDEX: &str = "children.idx";
const FAMILIES: &str = "families.idx";

/// Where the indices of a store are; in a folder for several stores, each has its own.
pub(super) fn folder(store: &Path, id: &str, elsewhere: Option<&Path>) -> PathBuf {
    elsewhere.map_or_else(|| store.join(FOLDER), |folder| folder.join(format!("reunite-{id}")))
}

/// An index, and what the ledger was like when it was built.
fn with_past<I>(index: Result<I, IndexError>, past: Option<Past>) -> Result<(I, Past), IndexError> {
    Ok((index?, past.ok_or(IndexError::Stale)?))
}

impl Store {
    fn binding(&self, generation: &Generation) -> Binding {
        Binding { alleles: self.table.alleles_digest(), stamp: generation.stamp, generation: generation.number }
    }

    /// The index of the ledger's children, if it is sound and up to date.
    pub(super) fn open_index(&self, ledger: &Ledger, access: Access) -> anyhow::Result<Result<Index, IndexError>> {
        let generation = ledger.generation()?;
        Ok(Index::open(&self.indices.join(INDEX), access, &self.binding(&generation)))
    }

    /// The index of the ledger's children as they are, or as they were at some earlier generation, if it is sound.
    pub(super) fn open_earlier_index(
        &self,
        ledger: &Ledger,
        access: Access,
    ) -> anyhow::Result<Result<(Index, Past), IndexError>> {
        let mut past = Ok(None);
        let alleles = self.table.alleles_digest();
        let index = Index::open_if(&self.indices.join(INDEX), access, |found| {
            past = ledger.past(found.generation);
            found.alleles == alleles && matches!(&past, Ok(Some(past)) if past.generation.stamp == found.stamp)
        });
        Ok(with_past(index, past?))
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
        let path = self.indices.join(INDEX);
        let binding = self.binding(&generation);
        builder.write(&path, &binding).with_context(|| path.display().to_string())?;
        Ok(Index::open(&path, access, &binding)?)
    }

    /// Removes the indices, and what interrupted builds left of them. The store must be locked.
    pub(super) fn remove_index(&self) -> anyhow::Result<()> {
        let folder = self.index_folder()?;
        for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        flush(folder).with_context(|| format!("cannot flush the folder of the index, {}", folder.display()))
    }

    /// Whether there is an index of children, of whatever state.
    pub(super) fn has_index(&self) -> bool {
        self.indices.join(INDEX).exists()
    }

    /// The folder of the indices, which is made where it is missing: a memory file system forgets it. Nobody else may have
    /// made it, or may read it; what was in the store before they were kept elsewhere is removed.
    fn index_folder(&self) -> anyhow::Result<&Path> {
        let (folder, inside) = (self.indices.as_path(), self.dir().join(FOLDER));
        if folder != inside && inside.exists() {
            fs::remove_dir_all(&inside).with_context(|| format!("cannot remove {}", inside.display()))?;
        }
        let made = DirBuilder::new().mode(0o700).create(folder);
        if let Err(error) = made
            && error.kind() != ErrorKind::AlreadyExists
        {
            return Err(error).with_context(|| format!("cannot make the folder of the index, {}", folder.display()));
        }
        let found = fs::symlink_metadata(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let owner = fs::metadata(self.dir()).with_context(|| format!("cannot read {}", self.dir().display()))?.uid();
        if !found.is_dir() || found.uid() != owner || found.mode() & 0o077 != 0 {
            bail!(
                "{} is to hold the index, but it is no folder that the owner of the store alone can read: remove it",
                folder.display()
            );
        }
        Ok(folder)
    }

    /// The families index of a run with this basis, of the ledger as it is or as it was at some earlier generation, if it
    /// is sound.
    pub(super) fn open_families(
        &self,
        ledger: &Ledger,
        basis: [u8; 32],
    ) -> anyhow::Result<Result<(FamilyIndex, Past), IndexError>> {
        let mut past = Ok(None);
        let index = FamilyIndex::open_if(&self.indices.join(FAMILIES), self.table.panel().len(), |found| {
            past = ledger.past(found.generation);
            found.basis == basis && matches!(&past, Ok(Some(past)) if past.generation.stamp == found.stamp)
        });
        Ok(with_past(index, past?))
    }

    /// How many families the families index holds, of whatever state and basis, with every byte of it checked; `None` if
    /// there is none.
    pub(super) fn check_families(&self) -> Option<Result<u64, IndexError>> {
        let path = self.indices.join(FAMILIES);
        let check = || {
            let index = FamilyIndex::open_if(&path, self.table.panel().len(), |_| true)?;
            (0..index.parts()).try_for_each(|part| index.part(part).map(drop))?;
            Ok(index.families())
        };
        match check() {
            Err(IndexError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => None,
            checked => Some(checked),
        }
    }

    /// Begins the families index of a run. The store must be locked.
    pub(super) fn begin_families(&self, basis: [u8; 32], generation: &Generation) -> anyhow::Result<FamilyWriter> {
        let binding = FamilyBinding { basis, stamp: generation.stamp, generation: generation.number };
        Ok(FamilyWriter::new(self.index_folder()?, &binding, self.table.panel().len())?)
    }

    /// Puts a families index to its place.
    pub(super) fn finish_families(&self, families: FamilyWriter) -> anyhow::Result<()> {
        let path = self.indices.join(FAMILIES);
        families.finish(&path).with_context(|| path.display().to_string())
    }
}
