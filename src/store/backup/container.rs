//! Writes and reads the parts of a backup, one after the other: name, length, content and digest of each.
//!
//! The guide's page on files describes the form. Whoever can seal for a custodian can make a backup with any content,
//! so nothing that is read here is trusted.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Read, Write};

use crate::pseudonym::is_of_content;

/// First bytes of the content; another form gets another number.
const FORM: &[u8; 17] = b"reunite-backup-1\n";
/// What every form begins with.
const KIND: &[u8] = b"reunite-backup-";
/// Most bytes of a name.
const MOST_NAME: usize = 255;
/// Size of the pieces in which contents are copied.
const PIECE: usize = 1 << 18;

/// Reason why a backup cannot be restored, or a part of it cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupFault {
    /// The file was opened, and holds something else.
    #[error("it is not a backup of a store")]
    OtherContent,
    /// A later version of the program wrote it.
    #[error("it has a form of another version of this program, which this one does not know")]
    Version,
    /// It was changed, or its end is missing.
    #[error("it was changed, or is cut short")]
    Damaged,
    /// A part differs from its digest.
    #[error("its part {0:?} was changed")]
    Part(String),
    /// No part of a store has this name.
    #[error("it holds a part that no store has")]
    Name,
    /// Two parts have one name.
    #[error("it holds the part {0:?} twice")]
    Twice(String),
    /// A part is not where it should be.
    #[error("its part {0:?} is not in its place")]
    Order(String),
    /// A part that every store has is missing.
    #[error("its part {0:?} is missing")]
    Missing(String),
    /// A part is larger than it can be.
    #[error("its part {0:?} is too large")]
    Large(String),
    /// A text in it is not understood.
    #[error("its part {0:?} is invalid")]
    Invalid(String),
    /// What was restored is not what the backup says.
    #[error("the restored store is not the one that was backed up: {0}")]
    Other(String),
    /// A file became shorter while it was copied.
    #[error("{0} became shorter while it was copied")]
    Shorter(String),
    /// The operating system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A backup that is being written.
pub(in crate::store) struct ContainerWriter<W: Write> {
    out: W,
    /// Hash of all names, lengths and digests.
    index: blake3::Hasher,
    parts: u64,
}

impl<W: Write> ContainerWriter<W> {
    pub(in crate::store) fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(FORM)?;
        Ok(Self { out, index: blake3::Hasher::new(), parts: 0 })
    }

    fn both(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.index.update(bytes);
        self.out.write_all(bytes)
    }

    /// Writes a part of this length, and returns the digest of its content. `copied` is told the bytes of each piece,
    /// and may end the work.
    pub(in crate::store) fn part<E: From<BackupFault>>(
        &mut self,
        name: &str,
        length: u64,
        mut content: impl Read,
        mut copied: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<[u8; 32], E> {
        let fault = |error: io::Error| BackupFault::from(error);
        let size = u16::try_from(name.len()).ok().filter(|&size| size > 0 && usize::from(size) <= MOST_NAME);
        let size = size.ok_or(BackupFault::Name)?;
        self.both(&size.to_le_bytes()).map_err(fault)?;
        self.both(name.as_bytes()).map_err(fault)?;
        self.both(&length.to_le_bytes()).map_err(fault)?;
        let mut hash = blake3::Hasher::new();
        let mut piece = vec![0; PIECE];
        let mut left = length;
        while left > 0 {
            let most = left.min(PIECE as u64) as usize;
            let read = match content.read(&mut piece[..most]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read.map_err(fault)?,
            };
            if read == 0 {
                return Err(BackupFault::Shorter(name.to_owned()).into());
            }
            hash.update(&piece[..read]);
            self.out.write_all(&piece[..read]).map_err(fault)?;
            left -= read as u64;
            copied(read)?;
        }
        let digest = *hash.finalize().as_bytes();
        self.both(&digest).map_err(fault)?;
        self.parts += 1;
        Ok(digest)
    }

    /// Writes the end, and returns the output.
    pub(in crate::store) fn end(mut self) -> io::Result<W> {
        self.both(&[0; 2])?;
        let parts = self.parts;
        self.both(&parts.to_le_bytes())?;
        let digest = self.index.finalize();
        self.out.write_all(digest.as_bytes())?;
        Ok(self.out)
    }
}

/// A backup that is being read.
pub(in crate::store) struct ContainerReader<R: Read> {
    input: R,
    index: blake3::Hasher,
    names: BTreeSet<String>,
}

/// The beginning of a part. Its content must be read next.
pub(in crate::store) struct Part {
    pub(in crate::store) name: String,
    pub(in crate::store) length: u64,
}

/// Reads exactly this many bytes.
fn exactly(input: &mut impl Read, bytes: &mut [u8]) -> Result<(), BackupFault> {
    input.read_exact(bytes).map_err(of_input)
}

fn of_input(error: io::Error) -> BackupFault {
    if is_of_content(&error) { BackupFault::Damaged } else { BackupFault::Io(error) }
}

impl<R: Read> ContainerReader<R> {
    pub(in crate::store) fn begin(mut input: R) -> Result<Self, BackupFault> {
        let mut form = [0; FORM.len()];
        exactly(&mut input, &mut form)?;
        if form != *FORM {
            return Err(if form.starts_with(KIND) { BackupFault::Version } else { BackupFault::OtherContent });
        }
        Ok(Self { input, index: blake3::Hasher::new(), names: BTreeSet::new() })
    }

    fn both<const N: usize>(&mut self) -> Result<[u8; N], BackupFault> {
        let mut bytes = [0; N];
        exactly(&mut self.input, &mut bytes)?;
        self.index.update(&bytes);
        Ok(bytes)
    }

    /// Reads the beginning of the next part; `None` at the end, after which there is nothing.
    pub(in crate::store) fn next(&mut self) -> Result<Option<Part>, BackupFault> {
        let size = usize::from(u16::from_le_bytes(self.both()?));
        if size == 0 {
            return self.end().map(|()| None);
        }
        if size > MOST_NAME {
            return Err(BackupFault::Name);
        }
        let mut name = vec![0; size];
        exactly(&mut self.input, &mut name)?;
        self.index.update(&name);
        let name = String::from_utf8(name).map_err(|_| BackupFault::Name)?;
        let length = u64::from_le_bytes(self.both()?);
        if !self.names.insert(name.clone()) {
            return Err(BackupFault::Twice(name));
        }
        Ok(Some(Part { name, length }))
    }

    fn end(&mut self) -> Result<(), BackupFault> {
        let parts = u64::from_le_bytes(self.both()?);
        let mut digest = [0; blake3::OUT_LEN];
        exactly(&mut self.input, &mut digest)?;
        if parts != self.names.len() as u64 || self.index.finalize() != digest {
            return Err(BackupFault::Damaged);
        }
        match self.input.read(&mut [0]).map_err(of_input)? {
            0 => Ok(()),
            _ => Err(BackupFault::Damaged),
        }
    }

    /// Copies the content of a part, and checks its digest.
    pub(in crate::store) fn copy<E: From<BackupFault>>(
        &mut self,
        part: &Part,
        mut to: impl Write,
        mut copied: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<[u8; 32], E> {
        let mut hash = blake3::Hasher::new();
        let mut piece = vec![0; PIECE];
        let mut left = part.length;
        while left > 0 {
            let most = left.min(PIECE as u64) as usize;
            exactly(&mut self.input, &mut piece[..most])?;
            hash.update(&piece[..most]);
            to.write_all(&piece[..most]).map_err(BackupFault::from)?;
            left -= most as u64;
            copied(most)?;
        }
        let found = *hash.finalize().as_bytes();
        if self.both::<32>()? == found { Ok(found) } else { Err(BackupFault::Part(part.name.clone()).into()) }
    }

    /// Reads the content of a small part.
    pub(in crate::store) fn text(&mut self, part: &Part, most: u64) -> Result<String, BackupFault> {
        if part.length > most {
            return Err(BackupFault::Large(part.name.clone()));
        }
        let mut bytes = Vec::new();
        self.copy(part, &mut bytes, |_| Ok::<(), BackupFault>(()))?;
        String::from_utf8(bytes).map_err(|_| BackupFault::Invalid(part.name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ContainerWriter::begin(Vec::new()).unwrap();
        for (name, content) in parts {
            writer.part(name, content.len() as u64, *content, |_| Ok::<(), BackupFault>(())).unwrap();
        }
        writer.end().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, BackupFault> {
        let mut reader = ContainerReader::begin(bytes)?;
        let mut parts = Vec::new();
        while let Some(part) = reader.next()? {
            let mut content = Vec::new();
            reader.copy(&part, &mut content, |_| Ok::<(), BackupFault>(()))?;
            parts.push((part.name, content));
        }
        Ok(parts)
    }

    #[test]
    fn parts_come_back_and_every_change_is_an_error() {
        let parts: [(&str, &[u8]); 3] = [("one", b"first"), ("empty", b""), ("vault/x", &[9; 70])];
        let file = written(&parts);
        let expected: Vec<_> = parts.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect();
        assert_eq!(read(&file).unwrap(), expected);
        for at in 0..file.len() {
            assert!(read(&file[..at]).is_err(), "{at} bytes");
            for bit in [1, 0x80] {
                let mut changed = file.clone();
                changed[at] ^= bit;
                assert!(read(&changed).is_err(), "byte {at}");
            }
        }
        assert!(matches!(read(&[&file[..], b"x"].concat()), Err(BackupFault::Damaged)));
        assert!(matches!(read(&written(&[("one", b""), ("one", b"")])), Err(BackupFault::Twice(_))));
        let later = [&b"reunite-backup-2\n"[..], &file[FORM.len()..]].concat();
        assert!(matches!(read(&later), Err(BackupFault::Version)));
        assert!(matches!(read(&[0; 100]), Err(BackupFault::OtherContent)));
    }

    #[test]
    fn a_huge_length_is_no_reason_to_reserve_memory() {
        let mut file = FORM.to_vec();
        file.extend(3u16.to_le_bytes());
        file.extend(b"one");
        file.extend(u64::MAX.to_le_bytes());
        file.extend([0; 100]);
        assert!(matches!(read(&file), Err(BackupFault::Damaged)));
        let mut reader = ContainerReader::begin(&file[..]).unwrap();
        let part = reader.next().unwrap().unwrap();
        assert!(matches!(reader.text(&part, 1 << 20), Err(BackupFault::Large(_))));
    }

    #[test]
    fn a_file_that_became_shorter_is_not_padded() {
        let mut writer = ContainerWriter::begin(Vec::new()).unwrap();
        let result = writer.part("one", 10, &b"short"[..], |_| Ok::<(), BackupFault>(()));
        assert!(matches!(result, Err(BackupFault::Shorter(_))));
    }
}
