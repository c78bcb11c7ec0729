//! Files that a command writes for the user.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

/// A file that is there as a whole or not at all, and that its owner alone can read.
pub(super) struct NewFile {
    file: NamedTempFile,
    path: PathBuf,
    force: bool,
}

impl NewFile {
    pub(super) fn create(path: &Path, force: bool) -> anyhow::Result<Self> {
        if !force && path.symlink_metadata().is_ok() {
            bail!("{} exists: choose another name, or give --force to write over it", path.display());
        }
        // Its mode is 0600 from the first moment.
        let file = NamedTempFile::with_prefix_in(".reunite-", folder(path));
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file, path: path.to_owned(), force })
    }

    pub(super) fn writer(&self) -> impl Write + '_ {
        self.file.as_file()
    }

    /// BLAKE3 of what was written so far.
    pub(super) fn digest(&self) -> anyhow::Result<[u8; 32]> {
        let mut hasher = blake3::Hasher::new();
        let read = File::open(self.file.path()).and_then(|file| hasher.update_reader(file).map(drop));
        read.with_context(|| format!("cannot read what is to be {}", self.path.display()))?;
        Ok(*hasher.finalize().as_bytes())
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        let Self { file, path, force } = self;
        let put = || {
            file.as_file().sync_all()?;
            let placed = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
            placed.map_err(|error| error.error)?;
            File::open(folder(&path))?.sync_all()
        };
        put().with_context(|| format!("cannot write {}", path.display()))
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
