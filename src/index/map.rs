//! How the bytes of a file come into memory; the one place where a file is mapped.
//!
//! Whoever may write a mapped file may change what was verified, and a process that reads where the file was cut off is
//! killed (SIGBUS). Against that there is nothing but a copy of one's own, which is read in little more time than it is
//! verified; only files that are too large for it are mapped.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::unix::fs::FileExt;
use std::path::Path;

use memmap2::{Mmap, MmapMut};

use crate::files;

use super::IndexError;

/// How an index file is brought into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Access {
    /// Read as a whole, up to 1 GiB (10 million children); a larger file is mapped.
    #[default]
    Usual,
    /// Read as a whole: nothing that becomes of the file later matters.
    Read,
    /// Mapped: pages are read as they are used and shared between processes, and the file must stay as it is.
    Mapped,
}

/// The most bytes that are read where it is not said how.
const MOST_READ: u64 = 1 << 30;

/// Bytes from which on reading is shared out to threads.
const MANY: usize = 1 << 22;

/// The bytes of an index, aligned for reading in place.
pub(super) enum Bytes {
    Mapped(Mmap),
    Owned(Aligned),
}

/// Bytes that begin at a multiple of [`super::format::ALIGNMENT`]: at a page of memory without a file.
pub(super) struct Aligned {
    memory: MmapMut,
    length: usize,
}

impl Aligned {
    fn new(length: usize) -> io::Result<Self> {
        let memory = MmapMut::map_anon(length.max(1))?;
        // Large pages halve the time that reading takes; a system without them does as well.
        #[cfg(target_os = "linux")]
        drop(memory.advise(memmap2::Advice::HugePage));
        Ok(Self { memory, length })
    }

    pub(super) fn copy_of(bytes: &[u8]) -> Result<Self, IndexError> {
        let mut copy = Self::new(bytes.len()).map_err(IndexError::io("read"))?;
        copy.memory[..bytes.len()].copy_from_slice(bytes);
        Ok(copy)
    }

    /// A part of a file.
    fn read(file: &File, offset: u64, length: usize) -> io::Result<Self> {
        let mut copy = Self::new(length)?;
        let bytes = &mut copy.memory[..length];
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
        Ok(copy)
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

/// A part of a file that was so long when it was opened.
pub(super) fn read(file: &File, offset: u64, length: u64) -> Result<Aligned, IndexError> {
    let length = usize::try_from(length).map_err(|_| IndexError::TooMany)?;
    Aligned::read(file, offset, length).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => IndexError::Damaged("it was cut off while it was read"),
        _ => IndexError::io("read")(error),
    })
}

#[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is read-only, and no process of ours changes or truncates an index file: it is written
    // under another name, flushed, made read-only and renamed into place; a newer one replaces the name, not the
    // bytes, and the mapped ones live on until unmapped. Another program that wrote into the file would break
    // this promise: the store's folder is closed to other users, and all but very large files are read unless
    // somebody asks for this.
    unsafe { Mmap::map(file) }
}
