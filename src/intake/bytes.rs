//! What is read of a file or a stream before anything is made of it, in memory proportional to what comes of it.
//!
//! A source is looked at when its first MiB is read, and then each time that it has grown to twice its size. If nothing
//! sound came from the last half, it is given up. So at most about four times as much is held as what was sound, whatever
//! follows, even for ever.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

use crate::intake::format::Format;
use crate::intake::result::{Intake, IntakeError};
use crate::intake::text::encoding::MOST_BYTES;

/// What of a source is read before it is looked at first, and how much of its end is looked at later.
const FIRST: usize = 1 << 20;
/// Where a source is looked at again; from here on whenever it has doubled.
const SECOND: usize = 8 << 20;
/// Up to here blank lines may follow, as spreadsheets write them under a table.
const MOST_BLANK: usize = 128 << 20;
/// Lines in which a header is found, and the bytes that they may have.
const HEAD: (usize, usize) = (25, 256 << 10);

/// The bytes of a file. Pipes and devices, which may never end, are refused. Of text with a line of several MiB, which
/// nothing takes, not all is read.
///
/// # Errors
/// [`IntakeError`] if the file cannot be read or is larger than [`MOST_BYTES`].
pub fn file_bytes(path: &Path) -> Result<Vec<u8>, IntakeError> {
    let (mut file, mut bytes) = begin_file(path)?;
    while (bytes.len() as u64) < MOST_BYTES {
        let before = bytes.len();
        let step = (&mut file).take(STEP as u64).read_to_end(&mut bytes);
        let read = step.map_err(|source| IntakeError::Io { path: path.to_owned(), source })?;
        // Refused by whoever reads it, however much follows.
        let is_endless = read == STEP && memchr::memchr2(b'\n', b'\r', &bytes[before..]).is_none();
        if read < STEP || is_endless && !bytes.starts_with(b"PK") && !bytes.trim_ascii_start().starts_with(b"<") {
            return Ok(bytes);
        }
    }
    finish(path, &mut bytes, &mut file)?;
    Ok(bytes)
}

/// How much is read before it is looked at whether a line has no end: more than may be decoded.
const STEP: usize = 4 << 20;

/// Opens a file, with room for its bytes.
fn begin_file(path: &Path) -> Result<(File, Vec<u8>), IntakeError> {
    let io = |source| IntakeError::Io { path: path.to_owned(), source };
    let is_file = |metadata: &Metadata| metadata.is_file() || metadata.is_dir();
    // To open a pipe would wait for whoever writes into it.
    if !is_file(&std::fs::metadata(path).map_err(io)?) {
        return Err(IntakeError::NotAFile(path.to_owned()));
    }
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !is_file(&metadata) {
        return Err(IntakeError::NotAFile(path.to_owned()));
    }
    if metadata.len() > MOST_BYTES {
        return Err(IntakeError::TooLarge(path.to_owned()));
    }
    // Growing is cheap beside what is made of it.
    let size = usize::try_from(metadata.len()).unwrap_or(0);
    Ok((file, Vec::with_capacity(size.min(64 << 20))))
}

/// Reads on to the end, which must not be too far.
fn finish(path: &Path, bytes: &mut Vec<u8>, rest: &mut impl Read) -> Result<(), IntakeError> {
    let left = MOST_BYTES + 1 - bytes.len() as u64;
    rest.take(left).read_to_end(bytes).map_err(|source| IntakeError::Io { path: path.to_owned(), source })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(IntakeError::TooLarge(path.to_owned()));
    }
    Ok(())
}

/// What was read of a source.
#[derive(Debug)]
pub struct SourceBytes {
    /// The bytes, up to where reading ended.
    pub bytes: Vec<u8>,
    /// Whether reading ended before the source did, as nothing sound came any more.
    pub given_up: bool,
}

/// Reads a file, or standard input for `-`, and gives it up where nothing sound comes any more. `read` reads bytes as if
/// they were the whole of it.
///
/// # Errors
/// As [`file_bytes`].
pub fn source_bytes(path: &Path, read: impl FnMut(&[u8]) -> Intake) -> Result<SourceBytes, IntakeError> {
    if path.as_os_str() == "-" {
        return read_looking(path, &mut std::io::stdin().lock(), Vec::new(), Looks::new(true, read));
    }
    let (mut file, bytes) = begin_file(path)?;
    read_looking(path, &mut file, bytes, Looks::new(false, read))
}

fn read_looking(
    path: &Path,
    source: &mut impl Read,
    mut bytes: Vec<u8>,
    mut looks: Looks<impl FnMut(&[u8]) -> Intake>,
) -> Result<SourceBytes, IntakeError> {
    let io = |source| IntakeError::Io { path: path.to_owned(), source };
    let mut at = FIRST;
    while (at as u64) < MOST_BYTES {
        source.take((at - bytes.len()) as u64).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() < at {
            return Ok(SourceBytes { bytes, given_up: false });
        }
        if looks.is_hopeless(&bytes) {
            return Ok(SourceBytes { bytes, given_up: true });
        }
        at = (at * 2).max(SECOND);
    }
    finish(path, &mut bytes, source)?;
    Ok(SourceBytes { bytes, given_up: false })
}

/// Looks at a source that grows.
struct Looks<R> {
    read: R,
    /// Whether it may have no end.
    is_stream: bool,
    /// How lines end, after the first look at text whose rows are read each by itself.
    by_line: Option<LineEnd>,
    /// Sound rows of the last look at text that is read as a whole.
    sound: usize,
}

impl<R: FnMut(&[u8]) -> Intake> Looks<R> {
    fn new(is_stream: bool, read: R) -> Self {
        Self { read, is_stream, by_line: None, sound: 0 }
    }

    fn is_hopeless(&mut self, bytes: &[u8]) -> bool {
        // A workbook is read from its end, and has limits of its own.
        if bytes.starts_with(b"PK") {
            return false;
        }
        if let Some(end) = self.by_line {
            let head = &bytes[..end.after_lines(bytes, HEAD)];
            return self.is_dry(bytes, head, FIRST, end) && self.is_dry(bytes, head, bytes.len() / 2, end);
        }
        let whole = bytes.len() == FIRST || self.is_stream;
        if !whole {
            return false;
        }
        let end = LineEnd::of(bytes);
        let Intake { format, rows, problems, .. } = (self.read)(&bytes[..end.last(bytes)]);
        match format {
            Format::Csv | Format::GeneMapper => {
                self.by_line = Some(end);
                yields_nothing(rows.len(), problems.len(), false)
            }
            Format::Cmf | Format::Dat => {
                let before = std::mem::replace(&mut self.sound, rows.len());
                self.is_stream && rows.len() <= before
            }
            Format::Fam => false,
        }
    }

    /// Whether nothing sound is in the last bytes, read under the lines in which the header is.
    fn is_dry(&mut self, bytes: &[u8], head: &[u8], last: usize, end: LineEnd) -> bool {
        let from = bytes.len() - last;
        let from = from + end.first(&bytes[from..]);
        let to = end.last(bytes);
        if from >= to || from < head.len() {
            return from >= to;
        }
        let before = (self.read)(head);
        let after = (self.read)(&[head, &bytes[from..to]].concat());
        let count = |now: usize, then: usize| now.saturating_sub(then);
        yields_nothing(
            count(after.rows.len(), before.rows.len()),
            count(after.problems.len(), before.problems.len()),
            self.is_stream && bytes.len() >= MOST_BLANK,
        )
    }
}

/// Whether so few rows, with so many problems, are nothing; blank lines have neither.
fn yields_nothing(rows: usize, problems: usize, is_blank_nothing: bool) -> bool {
    rows * 100 < problems || (rows == 0 && problems == 0 && is_blank_nothing)
}

/// What ends a line, in bytes.
#[derive(Clone, Copy)]
struct LineEnd {
    bytes: &'static [u8],
    /// The bytes of a unit of text.
    unit: usize,
}

impl LineEnd {
    /// That of a text: a line feed, or the carriage return of old Macs if it has no other.
    fn of(bytes: &[u8]) -> Self {
        let ends: [&'static [u8]; 2] = match bytes {
            [0xFF, 0xFE, ..] | [_, 0, _, 0, ..] => [b"\n\0", b"\r\0"],
            [0xFE, 0xFF, ..] | [0, _, 0, _, ..] => [b"\0\n", b"\0\r"],
            _ => [b"\n", b"\r"],
        };
        let [feed, back] = ends.map(|bytes| Self { bytes, unit: bytes.len() });
        if feed.first(bytes) < bytes.len() { feed } else { back }
    }

    /// Where the first line has ended; the length of the text if it does not.
    fn first(self, text: &[u8]) -> usize {
        let found = text.chunks_exact(self.unit).position(|unit| unit == self.bytes);
        found.map_or(text.len(), |at| (at + 1) * self.unit)
    }

    /// Where the last whole line has ended; the length of the text if none has.
    fn last(self, text: &[u8]) -> usize {
        let found = text.chunks_exact(self.unit).rposition(|unit| unit == self.bytes);
        found.map_or(text.len(), |at| (at + 1) * self.unit)
    }

    /// Where so many lines have ended, or so many bytes.
    fn after_lines(self, text: &[u8], (lines, most): (usize, usize)) -> usize {
        let text = &text[..most.min(text.len())];
        (0..lines).fold(0, |at, _| at + self.first(&text[at..]))
    }
}
