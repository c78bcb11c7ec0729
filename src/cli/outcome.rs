//! How a command ends, short of an error.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Done.
    Done,
    /// Done, and there is nothing, or something does not hold.
    Nothing,
    /// Something was rejected; what and why has been said.
    Rejected,
}

impl Outcome {
    /// Done, or nothing if there is nothing.
    pub(super) fn unless_empty(is_empty: bool) -> Self {
        if is_empty { Self::Nothing } else { Self::Done }
    }
}
