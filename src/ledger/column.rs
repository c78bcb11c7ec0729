//! Reads values of the model from the columns of a row.

use jiff::civil::Date;
use rusqlite::Row;

use super::LedgerError;
use crate::model::{DropOut, Pseudonym, Relation};

/// Writes pseudonyms as one parameter of a query, a JSON list, which `SELECT unhex(value) FROM json_each(?1)` reads
/// back. For an empty list, `unhex` turns the empty text into a pseudonym that nobody has.
pub(super) fn pseudonym_list(pseudonyms: &[Pseudonym]) -> String {
    let names: Vec<String> = pseudonyms.iter().map(Pseudonym::to_string).collect();
    format!("[\"{}\"]", names.join("\",\""))
}

/// Reads a pseudonym.
pub(super) fn pseudonym(row: &Row<'_>, column: usize) -> Result<Pseudonym, LedgerError> {
    row.get(column)
        .map(Pseudonym::from_bytes)
        .map_err(|_| LedgerError::Damaged { of: "a pseudonym".to_owned(), what: "it has not 16 bytes" })
}

/// Reads a sample's own drop-out probability.
pub(super) fn drop_out(row: &Row<'_>, sample: Pseudonym, column: usize) -> Result<Option<DropOut>, LedgerError> {
    let stored: Option<f64> = row.get(column)?;
    let damaged =
        || LedgerError::Damaged { of: format!("sample {sample}"), what: "the drop-out probability is invalid" };
    stored.map(|probability| DropOut::new(probability).ok_or_else(damaged)).transpose()
}

/// Returns the relation of a stored word.
pub(super) fn stored_relation(word: &str) -> Option<Relation> {
    if word == Relation::Member.word() { Some(Relation::Member) } else { word.parse().ok() }
}

/// Reads a stored relation.
pub(super) fn relation(family: Pseudonym, word: Result<&str, impl Sized>) -> Result<Relation, LedgerError> {
    word.ok()
        .and_then(stored_relation)
        .ok_or_else(|| LedgerError::Damaged { of: format!("family {family}"), what: "a relation is invalid" })
}

/// Returns a day as a number: 20240105.
pub(super) fn day_number(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

/// Reads a day that [`day_number`] wrote.
pub(super) fn date(row: &Row<'_>, column: usize, of: &str) -> Result<Option<Date>, LedgerError> {
    let Some(number) = row.get::<_, Option<i64>>(column)? else { return Ok(None) };
    let part = |number: i64| i8::try_from(number % 100).ok();
    let year = i16::try_from(number / 10_000).ok();
    let date = year.zip(part(number / 100)).zip(part(number)).and_then(|((y, m), d)| Date::new(y, m, d).ok());
    let damaged = || LedgerError::Damaged { of: of.to_owned(), what: "a day is invalid" };
    date.map(Some).ok_or_else(damaged)
}
