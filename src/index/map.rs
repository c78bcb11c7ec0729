//! Brings the bytes of a file into memory. This is the only module that maps files.
//!
//! Another process that may write to a mapped file can change bytes after they were verified, and a process that reads
//! a mapped page beyond the end of a shortened file is killed (SIGBUS). Only a copy in memory prevents both. Reading a
//! copy takes little more time than verifying it, so only files that are too large for a copy are mapped.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::unix::fs::FileExt;
use std::path::Path;

use memmap2::{Mmap, MmapMut};

use crate::files;

use super::IndexError;

/// Way in which an index file is brought into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Access {
    /// Read as a whole, up to 1 GiB (10 million children); a larger file is mapped.
    #[default]
    Usual,
    /// Read as a whole: later changes of the file have no effect.
    Read,
    /// Mapped: pages are read when they are used and shared between processes, and the file must stay unchanged.
    Mapped,
}

/// The most bytes that are read into memory with [`Access::Usual`].
const MOST_READ: u64 = 1 << 30;

/// Number of bytes from which on several threads share the reading.
const MANY: usize = 1 << 22;

/// The bytes of an index, aligned for reading in place.
pub(super) enum Bytes {
    Mapped(Mmap),
    Owned(Aligned),
}

/// Bytes that begin at a multiple of [`super::format::ALIGNMENT`]: an anonymous memory mapping, which begins at a page.
pub(super) struct Aligned {
    memory: MmapMut,
    length: usize,
}

impl Aligned {
    fn new(length: usize) -> io::Result<Self> {
        let memory = MmapMut::map_anon(length.max(1))?;
        // Large pages halve the time that reading takes; a system without them works as well, but slower.
        #[cfg(target_os = "linux")]
        drop(memory.advise(memmap2::Advice::HugePage));
        Ok(Self { memory, length })
    }

    pub(super) fn empty() -> Result<Self, IndexError> {
        Self::new(0).map_err(IndexError::io("read"))
    }

    pub(super) fn copy_of(bytes: &[u8]) -> Result<Self, IndexError> {
        let mut copy = Self::empty()?;
        copy.copy(bytes)?;
        Ok(copy)
    }

    /// Replaces the bytes.
    pub(super) fn copy(&mut self, bytes: &[u8]) -> Result<(), IndexError> {
        self.resize(bytes.len()).map_err(IndexError::io("read"))?;
        self.memory[..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    /// Makes room for this number of bytes, whatever they are.
    fn resize(&mut self, length: usize) -> io::Result<()> {
        if length > self.memory.len() {
            *self = Self::new(length)?;
        }
        self.length = length;
        Ok(())
    }

    /// Reads a part of a file.
    fn read(file: &File, offset: u64, length: usize) -> io::Result<Self> {
        let mut copy = Self::new(length)?;
        copy.fill(file, offset)?;
        Ok(copy)
    }

    /// Fills all bytes from a part of a file.
    fn fill(&mut self, file: &File, offset: u64) -> io::Result<()> {
        let length = self.length;
        let bytes = &mut self.memory[..length];
        if length < MANY {
            file.read_exact_at(bytes, offset)?;
        } else {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let share = length.div_ceil(threads);
            std::thread::scope(|scope| {
                let read = |(number, part): (usize, _)| {
                    let at = offset + (number * share) as u64;
                    std::thread::Builder::new().spawn_scoped(scope, move || file.read_exact_at(part, at))
                };
                let parts: Vec<_> = bytes.chunks_mut(share).enumerate().map(read).collect();
                let stopped = |_| Err(io::Error::other("the reading thread stopped"));
                parts.into_iter().try_for_each(|part| part?.join().unwrap_or_else(stopped))
            })?;
        }
        Ok(())
    }
}

impl Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[..self.length]
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(owned) => owned,
        }
    }
}

pub(super) fn load(path: &Path, access: Access) -> Result<Bytes, IndexError> {
    let file = files::open(path).map_err(IndexError::io("open"))?;
    let length = length(&file)?;
    if access == Access::Mapped || access == Access::Usual && length > MOST_READ {
        return Ok(Bytes::Mapped(map(&file).map_err(IndexError::io("map"))?));
    }
    read(&file, 0, length).map(Bytes::Owned)
}

pub(super) fn length(file: &File) -> Result<u64, IndexError> {
    Ok(file.metadata().map_err(IndexError::io("read"))?.len())
}

/// Reads a part of a file; the file had at least this length when it was opened.
pub(super) fn read(file: &File, offset: u64, length: u64) -> Result<Aligned, IndexError> {
    let length = usize::try_from(length).map_err(|_| IndexError::TooMany)?;
    Aligned::read(file, offset, length).map_err(unread)
}

/// Reads a part of a file as [`read`] does, into memory that was used before: the system need not clear new pages.
pub(super) fn read_into(file: &File, offset: u64, length: u64, memory: &mut Aligned) -> Result<(), IndexError> {
    let length = usize::try_from(length).map_err(|_| IndexError::TooMany)?;
    memory.resize(length).and_then(|()| memory.fill(file, offset)).map_err(unread)
}

fn unread(error: io::Error) -> IndexError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => IndexError::Damaged("it was cut off while it was read"),
        _ => IndexError::io("read")(error),
    }
}

#[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is read-only, and no process of this program changes or truncates an index file: it is
    // written under another name, flushed, made read-only and renamed into place; a newer file replaces the name, not
    // the bytes, and the mapped bytes stay valid until unmapped. Another program that writes to the file would break
    // this promise: the store's folder is closed to other users, and all but very large files are read unless the
    // caller requests mapping.
    unsafe { Mmap::map(file) }
}
