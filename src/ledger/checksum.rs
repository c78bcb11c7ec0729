//! Checksums of stored rows: SQLite has none, and a changed bit would be another number.
//!
//! A checksum is the start of the BLAKE3 hash of all values of a row, each after its length. Profiles have their own, see
//! `codec`.

/// A checksum.
pub(super) type Sum = [u8; 8];

/// A checksum in the making: takes one value after the other.
#[derive(Default)]
pub(super) struct Checksum(blake3::Hasher);

impl Checksum {
    /// Takes a value. A missing one counts as an empty one.
    pub(super) fn with(mut self, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.0.update(&(value.len() as u64).to_le_bytes()).update(value);
        self
    }

    /// Takes a value that may be missing.
    pub(super) fn with_optional(self, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.with(value),
            None => self.with([]),
        }
    }

    /// The checksum of the values taken.
    pub(super) fn sum(&self) -> Sum {
        let mut sum = Sum::default();
        sum.copy_from_slice(&self.0.finalize().as_bytes()[..size_of::<Sum>()]);
        sum
    }
}
