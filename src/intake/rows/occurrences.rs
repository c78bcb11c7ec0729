//! How often something was seen, and where first: findings that are said once name both.

/// Rows that something is to be said about once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) struct Occurrences {
    /// The line of the first of them.
    pub(in crate::intake) first_line: u64,
    pub(in crate::intake) count: u64,
}

impl Occurrences {
    /// None yet; the first will be on this line.
    pub(in crate::intake) fn from_line(first_line: u64) -> Self {
        Self { first_line, count: 0 }
    }
}
