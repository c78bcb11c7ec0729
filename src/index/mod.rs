//! The children's profiles, laid out for the screen and for scoring, in one memory-mapped file.
//!
//! The index is disposable: it is rebuilt from the ledger whenever it is missing, stale or damaged. It is written
//! whole under another name, flushed and renamed, and never changed afterwards.

mod build;
mod format;
mod map;
mod open;
#[cfg(test)]
mod tests;

pub use build::{Builder, UNFINISHED};
pub use format::{BLOCK, Binding, IndexError, Row, UNLISTED};
pub use map::Access;
pub use open::{Index, Unlisted};
