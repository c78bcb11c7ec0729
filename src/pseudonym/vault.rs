//! Files of sealed records, one for each import: text, so that other tools can take a record out.
//!
//! A file begins with the line `reunite-vault-1`. Each record is a line `sample PSEUDONYM`, or `sample PSEUDONYM family
//! PSEUDONYM` for a relative, and an armored age file (see `seal`). A file is written under another name, flushed and
//! renamed; it is never changed. To take a record out, a new file without it is written.
//!
//! Which files count, and their digests, the ledger says. A file that it does not name is of an import that was
//! interrupted before it was acknowledged.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use tempfile::NamedTempFile;

use crate::model::Pseudonym;

const FORM: &str = "reunite-vault-1\n";
const EXTENSION: &str = "sealed";
/// What an unfinished file is called.
const UNFINISHED: &str = ".sealing-";
const LAST_LINE: &str = "-----END AGE ENCRYPTED FILE-----\n";

/// Whose identifiers a sealed record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sealed {
    /// The sample.
    pub sample: Pseudonym,
    /// The family, if it is a relative's sample.
    pub family: Option<Pseudonym>,
}

/// A finished file of sealed records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultFile {
    /// Its name in the folder.
    pub name: String,
    /// BLAKE3 of its bytes.
    pub digest: [u8; 32],
    /// How many records it holds.
    pub records: u64,
}

/// Why the vault could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The operating system refused.
    #[error("cannot {doing} the vault file {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Not a file of sealed records.
    #[error("{} is not a file of sealed records, or is damaged: restore it from its backup", .0.display())]
    Malformed(PathBuf),
}

/// The folder of the sealed files.
#[derive(Clone, Debug)]
pub struct Vault {
    folder: PathBuf,
}

/// A file that is being written; gone unless finished.
pub struct VaultWriter {
    folder: PathBuf,
    file: BufWriter<NamedTempFile>,
    hash: blake3::Hasher,
    records: u64,
}

impl Vault {
    /// The vault in a folder, which need not be there yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where a file of the vault is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Begins a file.
    ///
    /// # Errors
    /// The operating system's.
    pub fn begin(&self) -> Result<VaultWriter, VaultError> {
        let io = |source| VaultError::Io { doing: "create", path: self.folder.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(io)?;
        // Such a file has the mode 0600.
        let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.folder).map_err(io)?;
        let folder = self.folder.clone();
        let mut writer = VaultWriter {
            folder,
            file: BufWriter::with_capacity(1 << 20, file),
            hash: blake3::Hasher::new(),
            records: 0,
        };
        writer.write(FORM)?;
        Ok(writer)
    }

    /// Gives each record of a file: whose it is, and the armored age file.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] where it is none, and the operating system's; or an error of `each`.
    pub fn read<E: From<VaultError>>(
        &self,
        name: &str,
        mut each: impl FnMut(Sealed, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        let path = self.path(name);
        let io = |source| VaultError::Io { doing: "read", path: path.clone(), source };
        let malformed = || VaultError::Malformed(path.clone());
        let mut lines = BufReader::with_capacity(1 << 20, File::open(&path).map_err(io)?);
        let mut next = |text: &mut String| lines.read_line(text).map_err(io);
        let mut head = String::new();
        next(&mut head)?;
        if head != FORM {
            return Err(malformed().into());
        }
        let mut armored = String::new();
        loop {
            head.clear();
            if next(&mut head)? == 0 {
                return Ok(());
            }
            let sealed = Sealed::parse(&head).ok_or_else(malformed)?;
            armored.clear();
            while !armored.ends_with(LAST_LINE) {
                if next(&mut armored)? == 0 {
                    return Err(malformed().into());
                }
            }
            each(sealed, &armored)?;
        }
    }

    /// A copy of a file without some of its records; `None` if it has none of them.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn without(&self, name: &str, gone: impl Fn(Sealed) -> bool) -> Result<Option<VaultFile>, VaultError> {
        let mut any = false;
        self.read(name, |sealed, _| {
            any |= gone(sealed);
            Ok::<_, VaultError>(())
        })?;
        if !any {
            return Ok(None);
        }
        let mut writer = self.begin()?;
        self.read(name, |sealed, armored| if gone(sealed) { Ok(()) } else { writer.push(sealed, armored) })?;
        writer.finish().map(Some)
    }

    /// BLAKE3 of a file's bytes.
    ///
    /// # Errors
    /// The operating system's.
    pub fn digest(&self, name: &str) -> Result<[u8; 32], VaultError> {
        let path = self.path(name);
        let io = |source| VaultError::Io { doing: "read", path: path.clone(), source };
        let mut hash = blake3::Hasher::new();
        hash.update_reader(File::open(&path).map_err(io)?).map_err(io)?;
        Ok(*hash.finalize().as_bytes())
    }

    /// The names of all finished files, in their order.
    ///
    /// # Errors
    /// The operating system's.
    pub fn names(&self) -> Result<Vec<String>, VaultError> {
        let mut names = self.entries()?;
        names.retain(|name| !name.starts_with(UNFINISHED) && name.ends_with(EXTENSION));
        names.sort_unstable();
        Ok(names)
    }

    /// Removes what was begun and never finished. Nobody else may be writing.
    ///
    /// # Errors
    /// The operating system's.
    pub fn clear_unfinished(&self) -> Result<(), VaultError> {
        self.entries()?.iter().filter(|name| name.starts_with(UNFINISHED)).try_for_each(|name| self.remove(name))
    }

    /// Removes a file, for good; nothing happens if there is none.
    ///
    /// # Errors
    /// The operating system's.
    pub fn remove(&self, name: &str) -> Result<(), VaultError> {
        let path = self.path(name);
        let remove = || match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| File::open(&self.folder)?.sync_all()),
        };
        remove().map_err(|source| VaultError::Io { doing: "remove", path: path.clone(), source })
    }

    fn entries(&self) -> Result<Vec<String>, VaultError> {
        let io = |source| VaultError::Io { doing: "read", path: self.folder.clone(), source };
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(io)?,
        };
        entries.map(|entry| Ok(entry.map_err(io)?.file_name().to_string_lossy().into_owned())).collect()
    }
}

impl VaultWriter {
    /// Adds a record.
    ///
    /// # Errors
    /// The operating system's.
    pub fn push(&mut self, sealed: Sealed, armored: &str) -> Result<(), VaultError> {
        self.records += 1;
        let family = sealed.family.map_or_else(String::new, |family| format!(" family {family}"));
        self.write(&format!("sample {}{family}\n", sealed.sample))?;
        self.write(armored.trim_end())?;
        self.write("\n")
    }

    /// Flushes it and gives it its name, for good.
    ///
    /// # Errors
    /// The operating system's.
    pub fn finish(self) -> Result<VaultFile, VaultError> {
        let Self { folder, file, hash, records } = self;
        let io = |source| VaultError::Io { doing: "write", path: folder.clone(), source };
        let file = file.into_inner().map_err(|error| io(error.into_error()))?;
        file.as_file().sync_all().map_err(io)?;
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| io(io::Error::other(error)))?;
        let name = format!("{}.{EXTENSION}", Pseudonym::from_bytes(random));
        file.persist_noclobber(folder.join(&name)).map_err(|error| io(error.error))?;
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        Ok(VaultFile { name, digest: *hash.finalize().as_bytes(), records })
    }

    fn write(&mut self, text: &str) -> Result<(), VaultError> {
        self.hash.update(text.as_bytes());
        let io = |source| VaultError::Io { doing: "write", path: self.folder.clone(), source };
        self.file.write_all(text.as_bytes()).map_err(io)
    }
}

impl Sealed {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_suffix('\n')?.split(' ');
        let mut named = |name: &str| {
            let Some(word) = words.next() else { return Some(None) };
            if word == name { words.next()?.parse().ok().map(Some) } else { None }
        };
        let sealed = Self { sample: named("sample")??, family: named("family")? };
        words.next().is_none().then_some(sealed)
    }

    /// Whether it is about this sample or family.
    #[must_use]
    pub fn names(self, pseudonym: Pseudonym) -> bool {
        self.sample == pseudonym || self.family == Some(pseudonym)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn sealed(sample: u8, family: Option<u8>) -> Sealed {
        let p = |n| Pseudonym::from_bytes([n; 16]);
        Sealed { sample: p(sample), family: family.map(p) }
    }

    fn armored(text: &str) -> String {
        format!("-----BEGIN AGE ENCRYPTED FILE-----\n{text}\n{LAST_LINE}")
    }

    fn records(vault: &Vault, name: &str) -> Result<Vec<(Sealed, String)>, VaultError> {
        let mut all = Vec::new();
        vault.read(name, |sealed, armored| {
            all.push((sealed, armored.to_owned()));
            Ok::<_, VaultError>(())
        })?;
        Ok(all)
    }

    #[test]
    fn records_come_back_and_can_be_taken_out() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path().join("vault"));
        assert_eq!(vault.names().unwrap(), [""; 0]);
        let all = [
            (sealed(1, None), armored("YQ==")),
            (sealed(2, Some(9)), armored("Yg==")),
            (sealed(3, Some(9)), armored("Yw==")),
        ];
        let mut writer = vault.begin().unwrap();
        for (sealed, armored) in &all {
            writer.push(*sealed, armored).unwrap();
        }
        assert_eq!(vault.names().unwrap(), [""; 0], "unfinished");
        let file = writer.finish().unwrap();
        assert_eq!(fs::metadata(vault.path(&file.name)).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(dir.path().join("vault")).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!((file.records, vault.names().unwrap()), (3, vec![file.name.clone()]));
        assert_eq!(vault.digest(&file.name).unwrap(), file.digest);
        assert_eq!(records(&vault, &file.name).unwrap(), all);
        assert_eq!(vault.without(&file.name, |one| one.sample == sealed(7, None).sample).unwrap(), None);
        let less = vault.without(&file.name, |one| one.names(sealed(2, None).sample)).unwrap().unwrap();
        assert_eq!(records(&vault, &less.name).unwrap(), [all[0].clone(), all[2].clone()]);
        assert_eq!(records(&vault, &file.name).unwrap(), all, "the old file stays until it is removed");
        drop(vault.begin().unwrap());
        fs::write(vault.path(".sealing-left"), "").unwrap();
        vault.clear_unfinished().unwrap();
        vault.remove(&file.name).unwrap();
        vault.remove(&file.name).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("vault")).unwrap().count(), 1);
    }

    #[test]
    fn damaged_files_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path().to_owned());
        let line = format!("sample {}\n", sealed(1, None).sample);
        for text in [
            String::new(),
            "reunite-vault-2\n".to_owned(),
            format!("{FORM}{line}"),
            format!("{FORM}{line}-----BEGIN AGE ENCRYPTED FILE-----\n"),
            format!("{FORM}sample 12\n{}", armored("YQ==")),
            format!("{FORM}family {}\n{}", sealed(1, None).sample, armored("YQ==")),
            format!("{FORM}{}", armored("YQ==")),
            format!("{FORM}{} more\n{}", line.trim_end(), armored("YQ==")),
        ] {
            fs::write(vault.path("a.sealed"), &text).unwrap();
            assert!(matches!(records(&vault, "a.sealed"), Err(VaultError::Malformed(_))), "{text}");
        }
        assert!(matches!(records(&vault, "b.sealed"), Err(VaultError::Io { .. })));
    }
}
