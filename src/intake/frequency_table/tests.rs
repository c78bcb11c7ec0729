//! Tables of each form, all invented.

use super::{PublishedTable, TableForm, TableRequest, read_frequency_table};
use crate::intake::Problem;
use crate::model::FindingCode;

fn read(text: impl AsRef<[u8]>) -> Result<PublishedTable, Vec<Problem>> {
    read_frequency_table("t.csv", text.as_ref(), &TableRequest::default())
}

fn sound(text: impl AsRef<[u8]>) -> PublishedTable {
    read(text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Lines and words of problems.
fn refused(text: impl AsRef<[u8]>) -> Vec<(u64, &'static str)> {
    read(text).unwrap_err().iter().map(|problem| (problem.line, problem.code.word())).collect()
}

fn notes(read: &PublishedTable) -> Vec<&'static str> {
    read.notes.iter().map(|note| note.code.word()).collect()
}

/// What every form of the small table says.
fn is_small(read: &PublishedTable, form: TableForm) {
    let expected = "locus,allele,frequency,individuals\nD3S1358,15,0.6,100\nD3S1358,16,0.4,100\nTH01,6,0.3,100\nTH01,9.3,0.7,100\n";
    assert_eq!((read.table.to_csv().as_str(), read.form), (expected, form));
}
