//! Files of sealed records, one for each import: text, so that other tools can take it apart.
//!
//! A file begins with the line `reunite-vault-3`. An armored age file follows, sealed to the custodians, which the standard
//! age tool opens, too; in it, each record is a line in Base64 (see `seal`). After it come the keys of the
//! records, a line each: `sample PSEUDONYM record NUMBER key HEX`, or `sample PSEUDONYM family PSEUDONYM record ...` for a
//! relative; the number, from 1, is that of the record's line. A record without its key is nobody's any more. A file is
//! written under another name, flushed and renamed; it is never changed. To take a record out, a new file without its key
//! is written, for which nothing needs to be opened.
//!
//! So an import costs one key agreement for each custodian, and not one for each record, which would take a hundred times as
//! long as everything else that is done with a row.
//!
//! Whoever writes a file gives its records in the order of their pseudonyms, which says nothing about the identifiers. Files that
//! were written before that rule are in the order of the imported file until the key is changed: only a custodian's identity
//! opens them to be sorted.
//!
//! Which files count, and their digests, the ledger says. A file that it does not name is of an import that was
//! interrupted before it was acknowledged.

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
/// What an unfinished file is called.
const UNFINISHED: &str = ".sealing-";
const LAST_LINE: &str = "-----END AGE ENCRYPTED FILE-----\n";

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
#[non_exhaustive]
pub enum VaultError {
    /// The operating system refused.
    #[error("cannot {doing} the vault file {}: {source}", shown_path(path))]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Not a file of sealed records.
    #[error("{} is not a file of sealed records, or is damaged; restore it from its backup", shown_path(.0))]
    Malformed(PathBuf),
    /// Nobody to seal to.
    #[error("there is no custodian to seal identifiers to")]
    NoCustodian,
    /// Sealed to others, or damaged.
    #[error("{} does not open: it is sealed to other custodians, or damaged", shown_path(.0))]
    Closed(PathBuf),
    /// A record of it.
    #[error(transparent)]
    Record(#[from] SealError),
}

/// The folder of the sealed files.
#[derive(Clone, Debug)]
pub struct Vault {
    folder: PathBuf,
}

/// A file that is being written; gone unless finished.
pub struct VaultWriter {
    folder: PathBuf,
    age: StreamWriter<ArmoredWriter<Buffered>>,
    keys: Vec<Key>,
}

/// An unfinished file; what goes into it is hashed by large pieces.
type Buffered = BufWriter<Hashed>;

/// A file and the digest of what is in it.
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

/// What a file holds beside its first line.
struct Parts {
    /// Where the age file ends; it begins behind the first line.
    end: u64,
    keys: Vec<Key>,
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

    /// Begins a file that is sealed to these.
    ///
    /// # Errors
    /// The operating system's, and [`VaultError::NoCustodian`].
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
            // Its name, too, has to survive a power cut.
            made => made.and_then(|()| File::open(files::folder(&self.folder))?.sync_all()).map_err(io)?,
        }
        let file = files::temporary(UNFINISHED, &self.folder).map_err(io)?;
        Ok(BufWriter::with_capacity(1 << 20, Hashed { file, hash: blake3::Hasher::new() }))
    }

    /// Reads where the parts of a file are, and its keys.
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

    /// The records of a file that are there.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] where it is none, and the operating system's.
    pub fn records(&self, name: &str) -> Result<Vec<Sealed>, VaultError> {
        Ok(self.parts(name)?.keys.into_iter().map(|key| key.of).collect())
    }

    /// Opens the wanted records of a file, one after the other. If there are none, nothing is opened.
    ///
    /// # Errors
    /// [`VaultError::Closed`] if the identity does not open it, [`VaultError::Record`] if it does not hold what it should,
    /// [`VaultError::Malformed`], and the operating system's; or an error of `each`.
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

    /// A copy of a file without the keys of some of its records; `None` if it has none of them.
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

    /// BLAKE3 of a file's bytes.
    ///
    /// # Errors
    /// The operating system's.
    pub fn digest(&self, name: &str) -> Result<[u8; 32], VaultError> {
        let path = self.path(name);
        let io = |source| VaultError::Io { doing: "read", path: path.clone(), source };
        let mut hash = blake3::Hasher::new();
        hash.update_reader(files::open(&path).map_err(io)?).map_err(io)?;
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
    pub fn push(&mut self, record: &Record) -> Result<(), VaultError> {
        self.keys.push(Key { of: record.of, number: self.keys.len() as u64 + 1, key: record.key });
        let io = |source| VaultError::Io { doing: "write", path: self.folder.clone(), source };
        self.age.write_all(record.line.as_bytes()).map_err(io)
    }

    /// Flushes it and gives it its name, for good.
    ///
    /// # Errors
    /// The operating system's.
    pub fn finish(self) -> Result<VaultFile, VaultError> {
        let io = |source| VaultError::Io { doing: "write", path: self.folder.clone(), source };
        let file = self.age.finish().and_then(ArmoredWriter::finish).map_err(io)?;
        finish(&self.folder, file, &self.keys)
    }
}

/// Writes the keys behind the age file, flushes all and gives the file a name.
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
