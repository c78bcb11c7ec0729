//! Writes and reads the vault: files of sealed records, one for each import, as text that other tools can also read.
//!
//! A file begins with the line `reunite-vault-3`. An armored age file follows, sealed for the custodians, which the
//! standard age tool can also open; in it, each record is a line in Base64 (see `seal`). The keys of the records
//! follow, a line each: `sample PSEUDONYM record NUMBER key HEX`, or `sample PSEUDONYM family PSEUDONYM record ...` for
//! a relative; the number, from 1, is that of the record's line. Nobody can open a record without its key. A file is
//! written under another name, flushed and renamed; it never changes. Removing a record means writing a new file
//! without its key, which does not require opening anything.
//!
//! An import therefore requires one key agreement for each custodian instead of one for each record, which would take a
//! hundred times as long as all other work on a row.
//!
//! The caller adds the records of a file in the order of their pseudonyms, which reveals nothing about the identifiers.
//! Files that were written before this rule are in the order of the imported file until the key is changed: sorting
//! them requires opening them, and only a custodian's identity can do this.
//!
//! The ledger states which files are valid, and their digests. A file that the ledger does not name is of an import
//! that was interrupted before it was acknowledged.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::stream::StreamWriter;
use data_encoding::HEXLOWER;
use tempfile::NamedTempFile;

use super::seal::{RecordKey, open};
use super::{Custodian, Identity, Opened, Record, SealError, Sealed};
use crate::files;
use crate::model::{Pseudonym, shown_path};

const FORM: &str = "reunite-vault-3\n";
const EXTENSION: &str = "sealed";
/// Prefix of the name of an unfinished file.
const UNFINISHED: &str = ".sealing-";
const LAST_LINE: &str = "-----END AGE ENCRYPTED FILE-----\n";

/// A finished file of sealed records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultFile {
    /// Its name in the folder.
    pub name: String,
    /// BLAKE3 of its bytes.
    pub digest: [u8; 32],
    /// Number of records that it holds.
    pub records: u64,
}

/// Reason why the vault could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The operating system refused.
    #[error("cannot {doing} the vault file {}: {source}", shown_path(path))]
    Io {
        /// The operation that failed.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file is not a file of sealed records.
    #[error("{} is not a file of sealed records, or is damaged; restore it from its backup", shown_path(.0))]
    Malformed(PathBuf),
    /// There is no custodian to seal for.
    #[error("there is no custodian to seal identifiers to")]
    NoCustodian,
    /// The file is sealed for others, or damaged.
    #[error("{} does not open: it is sealed to other custodians, or damaged", shown_path(.0))]
    Closed(PathBuf),
    /// The error of one of its records.
    #[error(transparent)]
    Record(#[from] SealError),
}

/// The folder of the sealed files.
#[derive(Clone, Debug)]
pub struct Vault {
    folder: PathBuf,
}

/// A file that is being written; it is deleted if it is not finished.
pub struct VaultWriter {
    folder: PathBuf,
    age: StreamWriter<ArmoredWriter<Buffered>>,
    keys: Vec<Key>,
}

/// An unfinished file with a buffer, so that large pieces are hashed together.
type Buffered = BufWriter<Hashed>;

/// A file and the digest of its content.
struct Hashed {
    file: NamedTempFile,
    hash: blake3::Hasher,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The key of a record.
struct Key {
    of: Sealed,
    /// Line of the record in the age file, from 1.
    number: u64,
    key: RecordKey,
}

impl Key {
    fn line(&self) -> String {
        let mut line = format!("{} record {} key ", self.of, self.number);
        HEXLOWER.encode_append(&self.key, &mut line);
        line.push('\n');
        line
    }

    fn parse(line: &str) -> Option<Self> {
        let (of, rest) = Sealed::parse(line)?;
        let (number, key) = rest.strip_suffix('\n')?.strip_prefix("record ")?.split_once(" key ")?;
        Some(Self { of, number: number.parse().ok()?, key: HEXLOWER.decode(key.as_bytes()).ok()?.try_into().ok()? })
    }
}

/// The content of a file after its first line.
struct Parts {
    /// Position of the end of the age file, which begins after the first line.
    end: u64,
    keys: Vec<Key>,
}

impl Vault {
    /// Returns the vault in a folder, which may not exist yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Returns the path of a file of the vault.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Begins a file that is sealed for these custodians.
    ///
    /// # Errors
    /// An I/O error of the operating system, and [`VaultError::NoCustodian`].
    pub fn begin(&self, custodians: &[Custodian]) -> Result<VaultWriter, VaultError> {
        let io = |source| VaultError::Io { doing: "create", path: self.folder.clone(), source };
        let to = custodians.iter().map(|custodian| &custodian.0 as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(to).map_err(|_| VaultError::NoCustodian)?;
        let mut file = self.unfinished()?;
        let age = file
            .write_all(FORM.as_bytes())
            .and_then(|()| ArmoredWriter::wrap_output(file, Format::AsciiArmor))
            .and_then(|armor| encryptor.wrap_output(armor))
            .map_err(io)?;
        Ok(VaultWriter { folder: self.folder.clone(), age, keys: Vec::new() })
    }

    fn unfinished(&self) -> Result<Buffered, VaultError> {
        let io = |source| VaultError::Io { doing: "create", path: self.folder.clone(), source };
        match files::make_folder(&self.folder, files::folder(&self.folder)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // The name of the folder must survive a power cut, too.
            made => made.and_then(|()| File::open(files::folder(&self.folder))?.sync_all()).map_err(io)?,
        }
        let file = files::temporary(UNFINISHED, &self.folder).map_err(io)?;
        Ok(BufWriter::with_capacity(1 << 20, Hashed { file, hash: blake3::Hasher::new() }))
    }

    /// Reads the positions of the parts of a file, and its keys.
    fn parts(&self, name: &str) -> Result<Parts, VaultError> {
        let path = self.path(name);
        let io = |source| VaultError::Io { doing: "read", path: path.clone(), source };
        let malformed = || VaultError::Malformed(path.clone());
        let mut lines = BufReader::with_capacity(1 << 20, files::open(&path).map_err(io)?);
        let mut line = String::new();
        let mut next = |line: &mut String| {
            line.clear();
            lines.read_line(line).map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => malformed(),
                _ => io(error),
            })
        };
        next(&mut line)?;
        if line != FORM {
            return Err(malformed());
        }
        let mut end = FORM.len() as u64;
        while line != LAST_LINE {
            if next(&mut line)? == 0 {
                return Err(malformed());
            }
            end += line.len() as u64;
        }
        let mut keys = Vec::new();
        while next(&mut line)? > 0 {
            keys.push(Key::parse(&line).ok_or_else(malformed)?);
        }
        Ok(Parts { end, keys })
    }

    /// Returns the records that a file holds.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] if it is not a file of the vault, and an I/O error of the operating system.
    pub fn records(&self, name: &str) -> Result<Vec<Sealed>, VaultError> {
        Ok(self.parts(name)?.keys.into_iter().map(|key| key.of).collect())
    }

    /// Opens the wanted records of a file, one after the other. Opens nothing if there are none.
    ///
    /// # Errors
    /// [`VaultError::Closed`] if the identity does not open the file, [`VaultError::Record`] if a record is not what it
    /// should be, [`VaultError::Malformed`], and an I/O error of the operating system; or an error of `each`.
    pub fn open<E: From<VaultError>>(
        &self,
        name: &str,
        identity: &Identity,
        wanted: impl Fn(Sealed) -> bool,
        mut each: impl FnMut(Opened) -> Result<(), E>,
    ) -> Result<(), E> {
        let Parts { end, keys } = self.parts(name)?;
        let wanted = keys.into_iter().filter(|key| wanted(key.of)).map(|key| (key.number, key));
        let mut keys: BTreeMap<u64, Key> = wanted.collect();
        if keys.is_empty() {
            return Ok(());
        }
        let path = self.path(name);
        let io = |source| VaultError::Io { doing: "read", path: path.clone(), source };
        let closed = || VaultError::Closed(path.clone());
        let mut file = files::open(&path).map_err(io)?;
        let start = FORM.len() as u64;
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        let armored = ArmoredReader::new(BufReader::with_capacity(1 << 20, file.take(end - start)));
        let decryptor = age::Decryptor::new_buffered(armored).map_err(|_| closed())?;
        let with = identity.0.iter().map(|one| one as &dyn age::Identity);
        let mut lines = BufReader::with_capacity(1 << 20, decryptor.decrypt(with).map_err(|_| closed())?);
        let mut line = String::new();
        for number in 1.. {
            line.clear();
            if lines.read_line(&mut line).map_err(|_| closed())? == 0 {
                break;
            }
            if let Some(Key { of, key, .. }) = keys.remove(&number) {
                each(open(of, &key, &line).map_err(VaultError::from)?)?;
            }
        }
        match keys.first_key_value() {
            None => Ok(()),
            Some((_, key)) => Err(VaultError::from(SealError::Closed(key.of.sample)).into()),
        }
    }

    /// Writes a copy of a file without the keys of some of its records; `None` if it has none of these records.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn without(&self, name: &str, gone: impl Fn(Sealed) -> bool) -> Result<Option<VaultFile>, VaultError> {
        let Parts { end, mut keys } = self.parts(name)?;
        let before = keys.len();
        keys.retain(|key| !gone(key.of));
        if keys.len() == before {
            return Ok(None);
        }
        let path = self.path(name);
        let io = |source| VaultError::Io { doing: "copy", path: path.clone(), source };
        let mut copy = self.unfinished()?;
        let copied = io::copy(&mut files::open(&path).map_err(io)?.take(end), &mut copy).map_err(io)?;
        if copied != end {
            return Err(VaultError::Malformed(path));
        }
        finish(&self.folder, copy, &keys).map(Some)
    }

    /// Returns the BLAKE3 hash of a file's bytes.
    ///
    /// # Errors
    /// An I/O error of the operating system.
    pub fn digest(&self, name: &str) -> Result<[u8; 32], VaultError> {
        let path = self.path(name);
        let io = |source| VaultError::Io { doing: "read", path: path.clone(), source };
        let mut hash = blake3::Hasher::new();
        hash.update_reader(files::open(&path).map_err(io)?).map_err(io)?;
        Ok(*hash.finalize().as_bytes())
    }

    /// Returns the names of all finished files, in rising order.
    ///
    /// # Errors
    /// An I/O error of the operating system.
    pub fn names(&self) -> Result<Vec<String>, VaultError> {
        let mut names = self.entries()?;
        names.retain(|name| !name.starts_with(UNFINISHED) && name.ends_with(EXTENSION));
        names.sort_unstable();
        Ok(names)
    }

    /// Deletes unfinished files. No other process may be writing.
    ///
    /// # Errors
    /// An I/O error of the operating system.
    pub fn clear_unfinished(&self) -> Result<(), VaultError> {
        self.entries()?.iter().filter(|name| name.starts_with(UNFINISHED)).try_for_each(|name| self.remove(name))
    }

    /// Deletes a file, permanently; does nothing if it does not exist.
    ///
    /// # Errors
    /// An I/O error of the operating system.
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
    /// An I/O error of the operating system.
    pub fn push(&mut self, record: &Record) -> Result<(), VaultError> {
        self.keys.push(Key { of: record.of, number: self.keys.len() as u64 + 1, key: record.key });
        let io = |source| VaultError::Io { doing: "write", path: self.folder.clone(), source };
        self.age.write_all(record.line.as_bytes()).map_err(io)
    }

    /// Flushes the file and gives it its final name.
    ///
    /// # Errors
    /// An I/O error of the operating system.
    pub fn finish(self) -> Result<VaultFile, VaultError> {
        let io = |source| VaultError::Io { doing: "write", path: self.folder.clone(), source };
        let file = self.age.finish().and_then(ArmoredWriter::finish).map_err(io)?;
        finish(&self.folder, file, &self.keys)
    }
}

/// Writes the keys after the age file, flushes the file and gives it a name.
fn finish(folder: &Path, mut file: Buffered, keys: &[Key]) -> Result<VaultFile, VaultError> {
    let io = |source| VaultError::Io { doing: "write", path: folder.to_owned(), source };
    keys.iter().try_for_each(|key| file.write_all(key.line().as_bytes())).map_err(io)?;
    let Hashed { file, hash } = file.into_inner().map_err(|error| io(error.into_error()))?;
    file.as_file().sync_all().map_err(io)?;
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| io(io::Error::other(error)))?;
    let name = format!("{}.{EXTENSION}", Pseudonym::from_bytes(random));
    file.persist_noclobber(folder.join(&name)).map_err(|error| io(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(VaultFile { name, digest: *hash.finalize().as_bytes(), records: keys.len() as u64 })
}

#[cfg(test)]
mod tests;
