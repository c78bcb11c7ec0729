//! Assigns one column or two to each locus while a header is read.

/// The column of a locus, from 0, or both columns if each allele has its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::intake) enum LocusColumns {
    One(usize),
    Two(usize, usize),
}

impl LocusColumns {
    /// Returns the column, or the first of the two.
    pub(in crate::intake) fn first(self) -> usize {
        let (Self::One(at) | Self::Two(at, _)) = self;
        at
    }
}

/// The columns of a locus found so far.
#[derive(Clone, Copy)]
pub(in crate::intake) enum Found {
    /// A column named like the locus.
    Whole(usize),
    /// The columns of the first and second allele.
    Halves([Option<usize>; 2]),
}

/// The columns found so far while a header is read.
#[derive(Default)]
pub(in crate::intake) struct Placed {
    pub(in crate::intake) loci: Vec<Found>,
    pub(in crate::intake) sex_marker: Option<Found>,
}

impl Found {
    /// Records a column; `second` is set for a column of one allele, and `true` if it is the second.
    pub(in crate::intake) fn new(position: usize, second: Option<bool>) -> Self {
        match second {
            None => Self::Whole(position),
            Some(false) => Self::Halves([Some(position), None]),
            Some(true) => Self::Halves([None, Some(position)]),
        }
    }

    pub(in crate::intake) fn first(self) -> usize {
        match self {
            Self::Whole(at) | Self::Halves([Some(at), _] | [None, Some(at)]) => at,
            Self::Halves([None, None]) => 0,
        }
    }
}

/// Adds another column of a locus if it fits the columns found: the other allele's column, or one with the same name
/// directly after the first. (Spreadsheets, and programs that number repeated names, append `.1` to the second name.)
pub(in crate::intake) fn joined(found: Found, position: usize, second: Option<bool>) -> Option<Found> {
    match (found, second) {
        (Found::Whole(first), None | Some(false)) if first + 1 == position => {
            Some(Found::Halves([Some(first), Some(position)]))
        }
        (Found::Halves([None, second @ Some(_)]), Some(false)) => Some(Found::Halves([Some(position), second])),
        (Found::Halves([first @ Some(_), None]), Some(true)) => Some(Found::Halves([first, Some(position)])),
        _ => None,
    }
}
