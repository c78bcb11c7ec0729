//! Counts occurrences and keeps the first line, for findings that are reported once.

/// Rows that share one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) struct Occurrences {
    /// The line of the first row.
    pub(in crate::intake) first_line: u64,
    pub(in crate::intake) count: u64,
}

impl Occurrences {
    /// Returns a count of 0; the first occurrence will be on this line.
    pub(in crate::intake) fn from_line(first_line: u64) -> Self {
        Self { first_line, count: 0 }
    }
}
