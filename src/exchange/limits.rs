//! States the form of packages, and how long they may be.

/// The form that this program writes, and the only one that it reads.
pub(super) const FORM: u64 = 1;

/// The largest number of a package: JSON holds it exactly, and a ledger can count on.
pub const MOST_NUMBER: u64 = 1 << 53;

/// Most bytes of the content: some five million profiles.
pub const MOST_CONTENT: u64 = 1 << 30;
