//! Reads the bytes of a file or a stream, using memory in proportion to the sound data in them.
//!
//! A source is examined after its first MiB, after 8 MiB, and then whenever its size has doubled. Reading stops if the
//! last part, up to half of the source, contained nothing sound. So the reader holds at most about four times as much
//! as was sound, even if the source never ends.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

use crate::intake::format::Format;
use crate::intake::result::{Intake, IntakeError};
use crate::intake::text::encoding::MOST_BYTES;

/// The number of bytes read before the first examination, and the size of the end that later examinations test first.
const FIRST: usize = 1 << 20;
/// The number of bytes at the second examination; after that, each examination follows when the size has doubled.
const SECOND: usize = 8 << 20;
/// The size up to which blank lines may follow a table; spreadsheets write many of them.
const MOST_BLANK: usize = 128 << 20;
/// The maximum number of lines in which a header is found, and the maximum number of their bytes.
const HEAD: (usize, usize) = (25, 256 << 10);

/// Reads the bytes of a file. Refuses pipes and devices, which may never end. Stops early in text with a line of
/// several MiB, which no reader accepts.
///
/// # Errors
/// [`IntakeError`] if the file cannot be read or is larger than [`MOST_BYTES`].
pub fn file_bytes(path: &Path) -> Result<Vec<u8>, IntakeError> {
    let (mut file, mut bytes) = begin_file(path)?;
    while (bytes.len() as u64) < MOST_BYTES {
        let before = bytes.len();
        let step = (&mut file).take(STEP as u64).read_to_end(&mut bytes);
        let read = step.map_err(|source| IntakeError::Io { path: path.to_owned(), source })?;
        // Every reader refuses the line, however much follows.
        let is_endless = read == STEP && memchr::memchr2(b'\n', b'\r', &bytes[before..]).is_none();
        if read < STEP || is_endless && !bytes.starts_with(b"PK") && !bytes.trim_ascii_start().starts_with(b"<") {
            return Ok(bytes);
        }
    }
    finish(path, &mut bytes, &mut file)?;
    Ok(bytes)
}

/// Reads the bytes of a list that accompanies samples: of a file, or of standard input for `-`.
///
/// # Errors
/// Those of [`file_bytes`].
pub fn list_bytes(path: &Path) -> Result<Vec<u8>, IntakeError> {
    if path.as_os_str() != "-" {
        return file_bytes(path);
    }
    let mut bytes = Vec::new();
    finish(path, &mut bytes, &mut std::io::stdin().lock())?;
    Ok(bytes)
}

/// Reads the bytes of a list that has no path. `name` names it in errors.
///
/// # Errors
/// [`IntakeError`] if the content cannot be read or is larger than [`MOST_BYTES`].
pub fn list_stream_bytes(name: &str, mut content: &mut dyn Read) -> Result<Vec<u8>, IntakeError> {
    let mut bytes = Vec::new();
    finish(Path::new(name), &mut bytes, &mut content)?;
    Ok(bytes)
}

/// The number of bytes read between two tests for a line without an end: more than the decoder accepts.
const STEP: usize = 4 << 20;

/// Opens a file, and reserves memory for its bytes.
fn begin_file(path: &Path) -> Result<(File, Vec<u8>), IntakeError> {
    let io = |source| IntakeError::Io { path: path.to_owned(), source };
    let is_file = |metadata: &Metadata| metadata.is_file() || metadata.is_dir();
    // Opening a pipe would wait until something writes to it.
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
    // Growing the buffer costs little compared with reading the rows.
    let size = usize::try_from(metadata.len()).unwrap_or(0);
    Ok((file, Vec::with_capacity(size.min(64 << 20))))
}

/// Reads the rest, which must not exceed the limit.
fn finish(path: &Path, bytes: &mut Vec<u8>, rest: &mut impl Read) -> Result<(), IntakeError> {
    let left = MOST_BYTES + 1 - bytes.len() as u64;
    rest.take(left).read_to_end(bytes).map_err(|source| IntakeError::Io { path: path.to_owned(), source })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(IntakeError::TooLarge(path.to_owned()));
    }
    Ok(())
}

/// The bytes read from a source.
#[derive(Debug)]
pub struct SourceBytes {
    /// The bytes up to the point where reading stopped.
    pub bytes: Vec<u8>,
    /// `true` if reading stopped before the end of the source, because nothing sound followed.
    pub given_up: bool,
}

/// Reads a file, or standard input for `-`, and stops if nothing sound follows. `read` parses bytes as if they were the
/// whole source.
///
/// # Errors
/// Those of [`file_bytes`].
pub fn source_bytes(path: &Path, read: impl FnMut(&[u8]) -> Intake) -> Result<SourceBytes, IntakeError> {
    if path.as_os_str() == "-" {
        return read_looking(path, &mut std::io::stdin().lock(), Vec::new(), Looks::new(true, read));
    }
    let (mut file, bytes) = begin_file(path)?;
    read_looking(path, &mut file, bytes, Looks::new(false, read))
}

/// Reads content that has no path, as [`source_bytes`] reads a file. `name` names it in errors.
///
/// # Errors
/// [`IntakeError`] if the content cannot be read or is larger than [`MOST_BYTES`].
pub fn stream_bytes(
    name: &str,
    mut content: &mut dyn Read,
    read: impl FnMut(&[u8]) -> Intake,
) -> Result<SourceBytes, IntakeError> {
    read_looking(Path::new(name), &mut content, Vec::new(), Looks::new(false, read))
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

/// Examines a growing source.
struct Looks<R> {
    read: R,
    /// `true` if the source may never end.
    is_stream: bool,
    /// The line end, after the first examination of text whose rows are independent of each other.
    by_line: Option<LineEnd>,
    /// Number of sound rows at the last examination of text that is read as a whole.
    sound: usize,
}

impl<R: FnMut(&[u8]) -> Intake> Looks<R> {
    fn new(is_stream: bool, read: R) -> Self {
        Self { read, is_stream, by_line: None, sound: 0 }
    }

    fn is_hopeless(&mut self, bytes: &[u8]) -> bool {
        // The reader of workbooks starts at the end of the file, and has its own limits.
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

    /// Reports whether the last bytes, read below the lines of the header, contain nothing sound.
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

/// Reports whether a part with these numbers of rows and problems counts as empty; blank lines have neither.
fn yields_nothing(rows: usize, problems: usize, is_blank_nothing: bool) -> bool {
    rows * 100 < problems || (rows == 0 && problems == 0 && is_blank_nothing)
}

/// The end of a line, in bytes.
#[derive(Clone, Copy)]
struct LineEnd {
    bytes: &'static [u8],
    /// The number of bytes in a unit of text.
    unit: usize,
}

impl LineEnd {
    /// Returns the line end of a text: a line feed, or the carriage return of old Macs if there is no line feed.
    fn of(bytes: &[u8]) -> Self {
        let ends: [&'static [u8]; 2] = match bytes {
            [0xFF, 0xFE, ..] | [_, 0, _, 0, ..] => [b"\n\0", b"\r\0"],
            [0xFE, 0xFF, ..] | [0, _, 0, _, ..] => [b"\0\n", b"\0\r"],
            _ => [b"\n", b"\r"],
        };
        let [feed, back] = ends.map(|bytes| Self { bytes, unit: bytes.len() });
        if feed.first(bytes) < bytes.len() { feed } else { back }
    }

    /// Returns the position after the first line end; the length of the text if there is none.
    fn first(self, text: &[u8]) -> usize {
        let found = text.chunks_exact(self.unit).position(|unit| unit == self.bytes);
        found.map_or(text.len(), |at| (at + 1) * self.unit)
    }

    /// Returns the position after the last line end; the length of the text if there is none.
    fn last(self, text: &[u8]) -> usize {
        let found = text.chunks_exact(self.unit).rposition(|unit| unit == self.bytes);
        found.map_or(text.len(), |at| (at + 1) * self.unit)
    }

    /// Returns the position after this number of lines or bytes, whichever comes first.
    fn after_lines(self, text: &[u8], (lines, most): (usize, usize)) -> usize {
        let text = &text[..most.min(text.len())];
        (0..lines).fold(0, |at, _| at + self.first(&text[at..]))
    }
}
