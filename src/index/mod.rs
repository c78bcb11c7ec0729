//! Stores the children's profiles in one file, in the layout of the screen and of scoring, which use the file directly,
//! read or mapped. A second file stores which children each family can match.
//!
//! The children's index is disposable: the program rebuilds it from the ledger whenever it is missing, stale or
//! damaged. It is written completely under another name, flushed and renamed, and never changed afterwards.

mod build;
mod families;
mod format;
mod map;
mod open;
#[cfg(test)]
mod tests;

pub use build::Builder;
pub use families::{FamilyBinding, FamilyHead, FamilyIndex, FamilyPart, FamilyRecord, FamilyWriter};
pub use format::{BLOCK, Binding, IndexError, Row, UNLISTED};
pub use map::Access;
pub use open::{Index, Unlisted};
