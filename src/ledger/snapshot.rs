//! Reads the bytes of a ledger's file in one state while other commands read and write.
//!
//! In SQLite's write-ahead mode, the file and the journal (`-wal`) together are the ledger: the last version of a page
//! is in the journal, if it is there at all. A read transaction that uses the journal keeps other connections from
//! starting it again, and from writing pages to the file that the journal does not hold as well. So during the
//! transaction, the file with the pages of the journal's last commit laid over it is one state of the ledger.
//!
//! The state is that of a record in the audit chain: the record makes sure that the journal holds a commit which
//! nobody has moved to the file yet. Pages of encrypted ledgers are read as they are, encrypted.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::LedgerError;
use super::cipher::unlock;
use super::ledger::Ledger;
use super::seal::keep_closed;
use crate::audit::Entry;
use crate::files;

/// Length of the journal's header.
const HEADER: usize = 32;
/// Length of the header before each page.
const FRAME: usize = 24;
/// First bytes of a journal; the last bit says that its checksums are of big-endian numbers.
const MAGIC: u32 = 0x377f_0682;
/// Number of pages that are read at once.
const TOGETHER: u64 = 64;
/// Place in the file of the page that SQLite leaves empty, because its locks are there.
const LOCKED: u64 = 0x4000_0000;

/// One state of a ledger, and its file in that state. It reads as the bytes of the file. While it exists, traces of
/// deleted data stay in the journal.
#[derive(Debug)]
pub struct Snapshot<'a> {
    ledger: &'a mut Ledger,
    file: Arc<File>,
    journal: Journal,
    page: u64,
    /// The pages that were read last.
    buffer: Vec<u8>,
    /// Number of bytes of the buffer that were returned.
    used: usize,
    /// Number of the next page, from 0.
    next: u64,
}

impl Ledger {
    /// Appends a record, and returns the state of the ledger with it. While another command is writing, this method waits
    /// as long as `waits` returns `true`.
    ///
    /// # Errors
    /// A database error, and an I/O error of the operating system.
    pub fn snapshot(&mut self, entry: &Entry, waits: impl Fn() -> bool) -> Result<Snapshot<'_>, LedgerError> {
        if self.reads_only() {
            return Err(LedgerError::ReadOnly(self.path.clone()));
        }
        let before = Connection::open_with_flags(
            &self.path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        keep_closed(&before)?;
        unlock(&before, self.key.as_ref())?;
        loop {
            // Until this transaction ends, nobody moves commits after it to the file.
            begin_to_read(&before)?;
            match self.append(entry) {
                Err(error) if error.is_busy() && waits() => before.execute_batch("ROLLBACK")?,
                appended => {
                    appended?;
                    break;
                }
            }
        }
        begin_to_read(&self.connection)?;
        before.execute_batch("ROLLBACK")?;
        drop(before);
        let state = self.state();
        if state.is_err() {
            // The first error is more informative.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        let (file, journal, page) = state?;
        Ok(Snapshot { ledger: self, file, journal, page, buffer: Vec::new(), used: 0, next: 0 })
    }

    fn state(&self) -> Result<(Arc<File>, Journal, u64), LedgerError> {
        let path = PathBuf::from(format!("{}-wal", self.path.display()));
        let page = self.connection.pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0))?.unsigned_abs();
        let io = |source| LedgerError::Io { doing: "read", path: path.clone(), source };
        let journal = Journal::read(&path, page).map_err(io)?;
        Ok((self.seal.read_beside().map_err(io)?, journal, page))
    }
}

/// Begins a transaction that sees the present state until it ends.
fn begin_to_read(connection: &Connection) -> Result<(), LedgerError> {
    connection.execute_batch("BEGIN; SELECT 1 FROM meta LIMIT 1")?;
    Ok(())
}

impl Snapshot<'_> {
    /// Returns the ledger, which sees the same state. Only methods that begin no transaction can be used.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.ledger
    }

    /// Returns the length of the file in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.journal.pages * self.page
    }

    /// Reads the next pages.
    fn fill(&mut self) -> io::Result<()> {
        let pages = self.next..self.journal.pages.min(self.next + TOGETHER);
        let size = self.page as usize;
        self.buffer.resize((pages.end - pages.start) as usize * size, 0);
        self.used = 0;
        let found = read_at(&self.file, &mut self.buffer, pages.start * self.page)?;
        for (at, page) in pages.clone().enumerate() {
            let bytes = &mut self.buffer[at * size..(at + 1) * size];
            match self.journal.places.get(&page) {
                Some(&place) => self.journal.file.read_exact_at(bytes, place)?,
                None if (at + 1) * size <= found => {}
                None if page == LOCKED / self.page => bytes.fill(0),
                None => return Err(ErrorKind::UnexpectedEof.into()),
            }
        }
        self.next = pages.end;
        Ok(())
    }
}

impl Read for Snapshot<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.used == self.buffer.len() {
            self.fill()?;
        }
        let read = (&self.buffer[self.used..]).read(bytes)?;
        self.used += read;
        Ok(read)
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // If that fails, the transaction ends with the connection.
        let _ = self.ledger.connection.execute_batch("ROLLBACK");
    }
}

/// Reads as many bytes at a place as there are, up to the length of the buffer.
fn read_at(file: &File, bytes: &mut [u8], place: u64) -> io::Result<usize> {
    let mut found = 0;
    while found < bytes.len() {
        match file.read_at(&mut bytes[found..], place + found as u64) {
            Ok(0) => break,
            Ok(read) => found += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The last commit in a journal.
#[derive(Debug)]
struct Journal {
    file: File,
    /// Place of the last version of each page, by the page's number from 0.
    places: HashMap<u64, u64>,
    /// Number of pages of the ledger.
    pages: u64,
}

impl Journal {
    fn read(path: &Path, page: u64) -> io::Result<Self> {
        let file = files::open(path)?;
        let mut reader = io::BufReader::with_capacity(1 << 20, &file);
        let mut header = [0; HEADER];
        reader.read_exact(&mut header)?;
        let magic = number(&header, 0);
        let mut sum = Sum { big_endian: magic & 1 == 1, value: [0; 2] };
        sum.add(&header[..24]);
        if magic & !1 != MAGIC || u64::from(number(&header, 8)) != page || !sum.is(&header[24..]) {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut journal = Self { file: file.try_clone()?, places: HashMap::new(), pages: 0 };
        let mut uncommitted = Vec::new();
        let mut frame = vec![0; FRAME + page as usize];
        let mut place = HEADER as u64;
        loop {
            match reader.read_exact(&mut frame) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
                read => read?,
            }
            let (head, content) = frame.split_at(FRAME);
            sum.add(&head[..8]);
            sum.add(content);
            // What follows is of a transaction that was not completed, or of an earlier journal.
            if head[8..16] != header[16..24] || !sum.is(&head[16..]) {
                break;
            }
            let (of, committed) = (number(head, 0), number(head, 4));
            uncommitted.push((u64::from(of.saturating_sub(1)), place + FRAME as u64));
            if committed > 0 {
                journal.places.extend(uncommitted.drain(..));
                journal.pages = committed.into();
            }
            place += frame.len() as u64;
        }
        if journal.pages == 0 { Err(ErrorKind::InvalidData.into()) } else { Ok(journal) }
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |number| u32::from_be_bytes(*number))
}

/// The running checksum of a journal.
struct Sum {
    big_endian: bool,
    value: [u32; 2],
}

impl Sum {
    /// Adds bytes, whose number is a multiple of 8.
    fn add(&mut self, bytes: &[u8]) {
        let read = |word: [u8; 4]| if self.big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) };
        let [mut one, mut other] = self.value;
        for [a, b, c, d, e, f, g, h] in bytes.as_chunks::<8>().0 {
            one = one.wrapping_add(read([*a, *b, *c, *d])).wrapping_add(other);
            other = other.wrapping_add(read([*e, *f, *g, *h])).wrapping_add(one);
        }
        self.value = [one, other];
    }

    fn is(&self, stored: &[u8]) -> bool {
        self.value == [number(stored, 0), number(stored, 4)]
    }
}
