//! Writes a sealed copy of a store to one file, while other commands use the store.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::files;
use crate::ledger::{Ledger, LedgerError, SealedFile, Snapshot};
use crate::matching::Watch;
use crate::pseudonym::{Custodian, Passphrase, SealFor, SealingWriter, StreamError, VaultError};

use super::container::{BackupFault, ContainerWriter};
use super::nameless::NamelessFile;
use super::parts::{ABOUT, About, listed, sealed_file};
use crate::store::actor::now;
use crate::store::configuration::config::{CONFIG, Config, LEDGER};
use crate::store::custody::sealing::custodians;
use crate::store::error::{FileAction, StoreError};
use crate::store::folder::{Store, VAULT, kept_table, read_config};
use crate::store::health::verify::VaultFault;
use crate::store::observer::Observer;

/// Number of times that a backup is begun anew because another command changed the settings or the vault.
const ATTEMPTS: usize = 3;

/// The time to wait for another command that writes to the ledger.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Those who can open a backup.
#[derive(Clone, Copy, Debug)]
pub enum BackupFor<'a> {
    /// The custodians of the store.
    Custodians,
    /// These custodians instead.
    These(&'a [Custodian]),
    /// Whoever has the passphrase.
    Passphrase(&'a Passphrase),
}

/// The options of a backup.
#[derive(Clone, Copy, Debug)]
pub struct BackupOptions<'a> {
    /// The file to write, with mode 0600; it must be new.
    pub file: &'a Path,
    /// Those who can open it.
    pub sealed_for: BackupFor<'a>,
}

/// A finished backup.
#[derive(Debug)]
#[non_exhaustive]
pub struct BackedUp {
    /// The recipients who can open it; empty if it is sealed with a passphrase.
    pub recipients: Vec<String>,
    /// BLAKE3 of the file, which was read back from the disk.
    pub digest: [u8; 32],
    /// Length of the file.
    pub bytes: u64,
    /// The generation of the store that it holds.
    pub generation: u64,
    /// Number of records of the audit chain that it holds.
    pub records: u64,
    /// Number of families, withdrawn ones included.
    pub families: u64,
    /// Number of children.
    pub children: u64,
    /// Files of the vault that differ from what was written; missing ones are not in the backup.
    pub faults: Vec<VaultFault>,
    /// Files and folders in the store's folder that are not a store's, and not in the backup.
    pub left_out: Vec<String>,
}

impl Store {
    /// Writes everything of the store that cannot be computed again to one file, sealed. The secret key is not in it,
    /// and the index is left out. Other commands can change the store meanwhile: the backup is one state of it.
    ///
    /// The file appears under its name when it is complete and was read back from the disk. The audit chain has a record
    /// of the beginning, which is the last one in the backup, and one of the end, with the file's digest.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let options = BackupOptions { file: "monday.backup".as_ref(), sealed_for: BackupFor::Custodians };
    /// let done = store.backup(&options, &store::entry("backup", Some("weekly")), &Silent)?;
    /// println!("{} bytes for {}", done.bytes, done.recipients.join(", "));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoBackupRecipient`], [`StoreError::Overtaken`], [`StoreError::CannotWrite`],
    /// [`StoreError::Output`], [`StoreError::Io`], [`StoreError::Stopped`]; errors of the ledger. No file is left then.
    pub fn backup(
        &self,
        options: &BackupOptions<'_>,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<BackedUp, StoreError> {
        if !self.is_writable() {
            return Err(StoreError::CannotWrite(self.dir().to_owned()));
        }
        let own = match options.sealed_for {
            BackupFor::Custodians => custodians(&self.ledger()?.custodians()?)?,
            _ => Vec::new(),
        };
        let sealed_for = match options.sealed_for {
            BackupFor::Custodians => SealFor::Custodians(&own),
            BackupFor::These(these) => SealFor::Custodians(these),
            BackupFor::Passphrase(passphrase) => SealFor::Passphrase(passphrase),
        };
        if matches!(sealed_for, SealFor::Custodians([])) {
            return Err(StoreError::NoBackupRecipient);
        }
        let watch = observer.watch();
        watch.begin("sealing the store");
        let following = observer.follow(&watch);
        let mut attempts = 1;
        let done = loop {
            match self.attempt(options.file, sealed_for, entry, &watch) {
                Err(StoreError::Overtaken) if attempts < ATTEMPTS => attempts += 1,
                done => break done,
            }
        };
        drop(following);
        done
    }

    fn attempt(
        &self,
        path: &Path,
        sealed_for: SealFor<'_>,
        entry: &Entry,
        watch: &Watch,
    ) -> Result<BackedUp, StoreError> {
        let key = self.key_file();
        let file = NamelessFile::create(path, &key.iter().map(|key| &**key).collect::<Vec<_>>())?;
        let recipients: Vec<String> = match sealed_for {
            SealFor::Custodians(all) => all.iter().map(ToString::to_string).collect(),
            SealFor::Passphrase(_) => Vec::new(),
        };
        let entry = match sealed_for {
            SealFor::Custodians(_) => entry.clone().with("recipients", recipients.clone()),
            SealFor::Passphrase(_) => entry.clone().with("passphrase", true),
        };
        let until = Instant::now() + PATIENCE;
        let goes_on = || watch.check().is_ok() && Instant::now() < until;
        let settings = self.settings_text()?;
        let (config, mut ledger) = (read_config(self.dir())?, self.ledger()?);
        let mut snapshot = ledger.snapshot(&entry.clone().with("outcome", "begun"), goes_on)?;
        if self.settings_text()? != settings {
            return Err(StoreError::Overtaken);
        }
        let (state, counts) = (snapshot.ledger().generation()?, snapshot.ledger().counts()?);
        let end = snapshot.ledger().audit_end()?;
        let about = About {
            program: concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned(),
            made_at: now()?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            store_id: HEXLOWER.encode(&snapshot.ledger().store_id()?),
            generation: state.number,
            audit_records: end.length,
            audit_head: HEXLOWER.encode(&end.head),
        };
        let parts = Parts { path, about: &about, settings: &settings, config: &config };
        let written = self.seal(&file, sealed_for, &parts, &mut snapshot, watch)?;
        drop(snapshot);
        watch.begin("reading the backup back");
        watch.expect(written.bytes);
        let digest = file.read_back(|read| {
            watch.did(read);
            Ok(watch.check()?)
        })?;
        if written.digest != digest {
            let source = io::Error::new(ErrorKind::InvalidData, "it differs from what was written: the disk failed");
            return Err(StoreError::io(FileAction::ReadBack, path, source));
        }
        let done = entry.with("outcome", "done").with_digest("blake3", &digest).with("bytes", written.bytes);
        let done = done.with("generation", state.number).with("records", end.length);
        // It must be recorded before anyone can have the file.
        append(&mut ledger, &done.with("vault_faults", written.faults.len()), goes_on)?;
        file.finish()?;
        Ok(BackedUp {
            recipients,
            digest,
            bytes: written.bytes,
            generation: state.number,
            records: end.length,
            families: counts.families,
            children: counts.children,
            faults: written.faults,
            left_out: written.left_out,
        })
    }

    /// Writes all parts to a file, sealed.
    fn seal(
        &self,
        file: &NamelessFile,
        sealed_for: SealFor<'_>,
        parts: &Parts<'_>,
        snapshot: &mut Snapshot<'_>,
        watch: &Watch,
    ) -> Result<Written, StoreError> {
        let &Parts { path, about, settings, config } = parts;
        let output = |source| StoreError::io(FileAction::Write, path, source);
        let sealing = io::BufWriter::with_capacity(1 << 20, Hashing::new(file.file()));
        let sealing = sealed_for.begin(sealing).map_err(|error| match error {
            StreamError::Nobody => StoreError::NoBackupRecipient,
            StreamError::Io(source) => output(source),
            source => StoreError::Sealed { path: path.to_owned(), source },
        })?;
        let out = ContainerWriter::begin(sealing).map_err(output)?;
        let mut writing = Writing { store: self, path, out, watch };
        writing.text(ABOUT, serde_json::to_string(about)?.as_bytes())?;
        writing.text(CONFIG, settings.as_bytes())?;
        let (faults, left_out) = writing.files(config, snapshot)?;
        let Hashing { hash, bytes, .. } = (writing.out.end())
            .and_then(SealingWriter::finish)
            .and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error))
            .map_err(output)?;
        Ok(Written { digest: *hash.finalize().as_bytes(), bytes, faults, left_out })
    }
}

/// What a backup says and holds, beside ledger, tables and vault.
struct Parts<'a> {
    /// The backup's file, for errors.
    path: &'a Path,
    about: &'a About,
    settings: &'a str,
    config: &'a Config,
}

/// A backup that was written and not read back yet.
struct Written {
    digest: [u8; 32],
    bytes: u64,
    faults: Vec<VaultFault>,
    left_out: Vec<String>,
}

impl Store {
    fn settings_text(&self) -> Result<String, StoreError> {
        let path = self.dir().join(CONFIG);
        let text = files::open(&path).and_then(io::read_to_string);
        text.map_err(|source| StoreError::io(FileAction::Read, &path, source))
    }
}

/// Appends a record, and waits for another command that is writing.
fn append(ledger: &mut Ledger, entry: &Entry, goes_on: impl Fn() -> bool) -> Result<(), LedgerError> {
    loop {
        match ledger.append(entry) {
            Err(error) if error.is_busy() && goes_on() => {}
            done => return done.map(drop),
        }
    }
}

/// A backup that is being written.
struct Writing<'a, W: Write> {
    store: &'a Store,
    /// The backup's file, for errors.
    path: &'a Path,
    out: ContainerWriter<W>,
    watch: &'a Watch,
}

impl<W: Write> Writing<'_, W> {
    /// Writes tables, ledger and vault. Returns the faults of the vault, and what is left out.
    fn files(
        &mut self,
        config: &Config,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<(Vec<VaultFault>, Vec<String>), StoreError> {
        let dir = self.store.dir().to_owned();
        let listed = listed(self.store, config)?;
        // A table that was changed must not become the last copy of it.
        let populations = config.frequencies.populations.iter().map(|one| (&one.file, &one.digest));
        for (file, digest) in populations.chain([(&config.frequencies.file, &config.frequencies.digest)]) {
            kept_table(&dir, file, digest)?;
            if !listed.tables.contains(file) {
                return Err(StoreError::Backup { path: dir.join(file), source: BackupFault::Name });
            }
        }
        for table in &listed.tables {
            self.file(table, &dir.join(table))?;
        }
        let sealed = snapshot.ledger().sealed_files()?;
        let length = snapshot.length();
        self.part(LEDGER, length, snapshot)?;
        let mut faults = Vec::new();
        for file in &sealed {
            faults.extend(self.sealed(file)?);
        }
        Ok((faults, listed.others))
    }

    /// Writes a file of the vault. Returns its fault, if it has one.
    fn sealed(&mut self, file: &SealedFile) -> Result<Option<VaultFault>, StoreError> {
        let (name, path) = (format!("{VAULT}/{}", file.name), self.store.vault().path(&file.name));
        if sealed_file(&name).is_none() {
            return Err(StoreError::Backup { path, source: BackupFault::Name });
        }
        let opened = files::open(&path).and_then(|opened| Ok((opened.metadata()?.len(), opened)));
        match opened {
            Ok((length, opened)) => {
                let digest = self.part(&name, length, opened)?;
                Ok((digest != file.digest).then_some(VaultFault::Changed(path)))
            }
            Err(error) => {
                // Expunging and a new key replace files of the vault.
                if self.store.ledger()?.sealed_files()?.iter().all(|now| now.name != file.name) {
                    return Err(StoreError::Overtaken);
                }
                Ok(Some(VaultFault::Unreadable(VaultError::Io { doing: "read", path, source: error })))
            }
        }
    }

    fn text(&mut self, name: &str, text: &[u8]) -> Result<(), StoreError> {
        self.part(name, text.len() as u64, text).map(drop)
    }

    fn file(&mut self, name: &str, path: &Path) -> Result<(), StoreError> {
        let opened = files::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(|source| StoreError::io(FileAction::Read, path, source))?;
        self.part(name, length, file).map(drop)
    }

    fn part(&mut self, name: &str, length: u64, content: impl Read) -> Result<[u8; 32], StoreError> {
        self.watch.expect(length);
        let watch = self.watch;
        let written = self.out.part(name, length, content, |piece| {
            watch.did(piece);
            watch.check().map_err(PartError::Stopped)
        });
        written.map_err(|error| match error {
            PartError::Stopped(stopped) => stopped.into(),
            PartError::Fault(BackupFault::Io(source)) => StoreError::io(FileAction::Write, self.path, source),
            PartError::Fault(source) => StoreError::Backup { path: PathBuf::from(self.path), source },
        })
    }
}

/// Reason why a part was not copied.
enum PartError {
    Stopped(crate::matching::Stopped),
    Fault(BackupFault),
}

impl From<BackupFault> for PartError {
    fn from(fault: BackupFault) -> Self {
        Self::Fault(fault)
    }
}

/// A file, and the digest of what is written to it.
struct Hashing<'a> {
    file: &'a File,
    hash: blake3::Hasher,
    bytes: u64,
}

impl<'a> Hashing<'a> {
    fn new(file: &'a File) -> Self {
        Self { file, hash: blake3::Hasher::new(), bytes: 0 }
    }
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
