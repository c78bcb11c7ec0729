//! Lists the columns of pedigree files, in the order in which [`Columns`](crate::intake::columns::fixed::Columns)
//! numbers them.

/// The columns of a file for a store.
pub(in crate::intake) const OF_FAMILIES: [&str; 8] =
    ["family_id", "person", "father", "mother", "sex", "missing", "sample_id", "agency"];
/// The columns of a file for the calculator.
pub(in crate::intake) const OF_CASES: [&str; 6] = ["case", "person", "father", "mother", "sex", "missing"];
pub(in crate::intake) const REQUIRED: usize = OF_CASES.len();

pub(in crate::intake) const FAMILY: usize = 0;
pub(in crate::intake) const PERSON: usize = 1;
pub(in crate::intake) const FATHER: usize = 2;
pub(in crate::intake) const MOTHER: usize = 3;
pub(in crate::intake) const SEX: usize = 4;
pub(in crate::intake) const MISSING: usize = 5;
pub(in crate::intake) const SAMPLE: usize = 6;
pub(in crate::intake) const AGENCY: usize = 7;
