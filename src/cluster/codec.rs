//! Frames the bytes of plans, rows of families and shards, and reads them without trusting them.
//!
//! All numbers are little-endian. A frame is 8 bytes of magic, the layout version (`u32`), the kind (`u32`), the length
//! of the body (`u64`), and 32 bytes of BLAKE3 over all of this and the body; the body follows, encoded by bincode.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

const MAGIC: [u8; 8] = *b"REUNCLU\n";

/// Version of the layout that this program writes and reads.
const VERSION: u32 = 1;

/// Length of a frame's head in bytes.
const HEAD: usize = 56;
/// Length of the part of the head that the digest covers.
const COVERED: usize = 24;

/// The most bytes of a body. A manipulated length could otherwise exhaust memory.
const LIMIT: usize = 1 << 31;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plan = 1,
    Families = 2,
    Shard = 3,
}

/// Why a frame cannot be read or written.
#[derive(Debug)]
pub(super) enum FrameError {
    Io(io::Error),
    Damaged(&'static str),
    Version(u32),
    TooLong,
}

fn head(kind: Kind, body: &[u8]) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[12..16].copy_from_slice(&(kind as u32).to_le_bytes());
    head[16..COVERED].copy_from_slice(&(body.len() as u64).to_le_bytes());
    let digest = digest(&head[..COVERED], body);
    head[COVERED..].copy_from_slice(&digest);
    head
}

fn digest(covered: &[u8], body: &[u8]) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(covered).update(body);
    *hash.finalize().as_bytes()
}

/// Writes a value as a frame.
pub(super) fn write(out: &mut impl Write, kind: Kind, value: &impl Serialize) -> Result<(), FrameError> {
    let body = bincode::serde::encode_to_vec(value, bincode::config::standard().with_limit::<LIMIT>())
        .map_err(|_| FrameError::TooLong)?;
    if body.len() > LIMIT {
        return Err(FrameError::TooLong);
    }
    out.write_all(&head(kind, &body)).and_then(|()| out.write_all(&body)).map_err(FrameError::Io)
}

/// Reads the next frame, of which and of what follows there are `left` bytes, and checks everything but the values
/// themselves. Returns the value and the length of the frame.
pub(super) fn read<T: DeserializeOwned>(input: &mut impl Read, left: u64, kind: Kind) -> Result<(T, u64), FrameError> {
    use FrameError::Damaged;
    let mut head = [0; HEAD];
    let body = left.checked_sub(HEAD as u64).ok_or(Damaged("it is too short"))?;
    input.read_exact(&mut head).map_err(FrameError::Io)?;
    if head[..8] != MAGIC {
        return Err(Damaged("it does not begin as a file of a cluster does"));
    }
    let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if number(8) != VERSION {
        return Err(FrameError::Version(number(8)));
    }
    if number(12) != kind as u32 {
        return Err(Damaged("it is of another kind"));
    }
    let length = u64::from(number(16)) | u64::from(number(20)) << 32;
    if length > body || length > LIMIT as u64 {
        return Err(Damaged("length"));
    }
    let mut bytes = vec![0; length as usize];
    input.read_exact(&mut bytes).map_err(FrameError::Io)?;
    if digest(&head[..COVERED], &bytes) != head[COVERED..] {
        return Err(Damaged("digest"));
    }
    let config = bincode::config::standard().with_limit::<LIMIT>();
    let (value, read) = bincode::serde::decode_from_slice(&bytes, config).map_err(|_| Damaged("content"))?;
    if read != bytes.len() {
        return Err(Damaged("content"));
    }
    Ok((value, HEAD as u64 + length))
}

/// Reads bytes that are one frame.
pub(super) fn read_whole<T: DeserializeOwned>(bytes: &[u8], kind: Kind) -> Result<T, FrameError> {
    let (value, length) = read(&mut &*bytes, bytes.len() as u64, kind)?;
    if length == bytes.len() as u64 { Ok(value) } else { Err(FrameError::Damaged("length")) }
}
