//! The children's profiles, laid out for the screen and for scoring, in one file that is used as it is, read or mapped; and,
//! in another, what the families ask of a child.
//!
//! The children's index is disposable: it is rebuilt from the ledger whenever it is missing, stale or damaged. It is written
//! whole under another name, flushed and renamed, and never changed afterwards.

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
