//! The one place where a file is mapped.

use std::fs::File;
use std::io::Read;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use super::IndexError;
use super::format::ALIGNMENT;

/// How an index file is brought into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Access {
    /// Mapped: pages are read as they are used and shared between processes.
    #[default]
    Mapped,
    /// Read as a whole, for file systems on which mapping is not safe.
    Read,
}

/// The bytes of an index, aligned for reading in place.
pub(super) enum Bytes {
    Mapped(Mmap),
    Owned(Aligned),
}

/// Bytes that begin at a multiple of [`ALIGNMENT`].
pub(super) struct Aligned {
    lines: Vec<Line>,
    length: usize,
}

#[derive(Clone, Copy, zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable)]
#[repr(C, align(64))]
struct Line([u8; ALIGNMENT]);

impl Aligned {
    pub(super) fn copy_of(bytes: &[u8]) -> Self {
        let mut lines = vec![Line([0; ALIGNMENT]); bytes.len().div_ceil(ALIGNMENT)];
        zerocopy::IntoBytes::as_mut_bytes(lines.as_mut_slice())[..bytes.len()].copy_from_slice(bytes);
        Self { lines, length: bytes.len() }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(owned) => &zerocopy::IntoBytes::as_bytes(owned.lines.as_slice())[..owned.length],
        }
    }
}

pub(super) fn load(path: &Path, access: Access) -> Result<Bytes, IndexError> {
    let mut file = File::open(path).map_err(IndexError::io("open"))?;
    match access {
        Access::Mapped => Ok(Bytes::Mapped(map(&file).map_err(IndexError::io("map"))?)),
        Access::Read => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(IndexError::io("read"))?;
            Ok(Bytes::Owned(Aligned::copy_of(&bytes)))
        }
    }
}

#[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the mapping is read-only, and no process of ours changes or truncates an index file: it is written
    // under another name, flushed, made read-only and renamed into place; a newer one replaces the name, not the
    // bytes, and the mapped ones live on until unmapped. Another program that wrote into the file would break
    // this promise: the store's folder is closed to other users, and `Access::Read` is there for file systems
    // that are not to be trusted.
    unsafe { Mmap::map(file) }
}
