//! Keeps checksums of what the ledger has of a sample besides its profile: whose it is, sex, agency, region, kit and day of
//! collection. A changed bit would give a sample to another agency, or a child another sex.

use rusqlite::{Connection, Row, Statement, Transaction};

use super::LedgerError;
use super::checksum::{Checksum, Sum};
use super::column::pseudonym;
use crate::model::{Pseudonym, SampleRecord};

/// The columns that [`check`] reads, in this order.
pub(super) const COLUMNS: &str =
    "sample.role, sample.sex, sample.agency, sample.region, sample.kit, sample.collected_on, sample.sum";

/// What a row has of a sample besides its profile.
pub(super) struct Described<'a> {
    pub(super) role: &'a str,
    pub(super) sex: &'a str,
    pub(super) agency: Option<&'a str>,
    pub(super) region: Option<&'a str>,
    pub(super) kit: Option<&'a str>,
    /// The day, in its stored form.
    pub(super) collected_on: Option<&'a str>,
}

impl Described<'_> {
    pub(super) fn checksum(&self, sample: Pseudonym) -> Sum {
        let begun = Checksum::default().with(sample.as_bytes()).with(self.role).with(self.sex);
        let texts = [self.agency, self.region, self.kit, self.collected_on];
        texts.into_iter().fold(begun, with_text).sum()
    }
}

/// Adds a text that may be missing; a missing one is not an empty one.
pub(super) fn with_text(values: Checksum, text: Option<&str>) -> Checksum {
    values.with([u8::from(text.is_some())]).with_optional(text)
}

/// Computes the checksum of a record's sample.
pub(super) fn checksum_of(record: &SampleRecord, role: &str) -> Sum {
    let day = record.collected_on.map(|day| day.to_string());
    let described = Described {
        role,
        sex: record.sex.word(),
        agency: record.agency.as_deref(),
        region: record.region.as_deref(),
        kit: record.kit.as_deref(),
        collected_on: day.as_deref(),
    };
    described.checksum(record.sample)
}

/// Computes the checksum of [`COLUMNS`], which begin at a column, and reads the stored one.
fn sums(row: &Row<'_>, sample: Pseudonym, at: usize) -> rusqlite::Result<(Sum, Option<Sum>)> {
    let text = |column: usize| row.get::<_, Option<String>>(at + column);
    let texts = [text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(5)?];
    let [role, sex, agency, region, kit, collected_on] = texts.each_ref().map(Option::as_deref);
    let (role, sex) = (role.unwrap_or_default(), sex.unwrap_or_default());
    let described = Described { role, sex, agency, region, kit, collected_on };
    Ok((described.checksum(sample), row.get(at + 6)?))
}

/// Checks [`COLUMNS`], which begin at a column.
pub(super) fn check(row: &Row<'_>, sample: Pseudonym, at: usize) -> Result<(), LedgerError> {
    match sums(row, sample, at) {
        Ok((computed, stored)) if stored == Some(computed) => Ok(()),
        _ => Err(LedgerError::Damaged {
            of: format!("sample {sample}"),
            what: "its sex, agency, region, kit or day of collection was changed",
        }),
    }
}

/// Renews the checksums of samples, one by one.
pub(super) struct Renewal<'t> {
    select: Statement<'t>,
    update: Statement<'t>,
}

impl<'t> Renewal<'t> {
    pub(super) fn new(connection: &'t Connection) -> Result<Self, LedgerError> {
        Ok(Self {
            select: connection.prepare(&format!("SELECT sample.pseudonym, {COLUMNS} FROM sample WHERE id = ?1"))?,
            update: connection.prepare("UPDATE sample SET sum = ?2 WHERE id = ?1")?,
        })
    }

    /// Stores the checksum of a sample that was sound before it was changed, as it is now and under its present name.
    pub(super) fn renew(&mut self, id: i64) -> Result<(), LedgerError> {
        let mut rows = self.select.query([id])?;
        if let Some(row) = rows.next()? {
            let (computed, _) = sums(row, pseudonym(row, 0)?, 1)?;
            self.update.execute((id, computed))?;
        }
        Ok(())
    }
}

/// Accepts all samples as sound, in a ledger that had no checksums of this kind.
pub(super) fn accept_all(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let sql = format!("SELECT sample.pseudonym, {COLUMNS}, sample.id FROM sample WHERE id > ?1 ORDER BY id LIMIT 1000");
    let mut select = tx.prepare(&sql)?;
    let mut update = tx.prepare("UPDATE sample SET sum = ?2 WHERE id = ?1")?;
    let mut last = i64::MIN;
    loop {
        let mut some: Vec<(i64, Sum)> = Vec::new();
        let mut rows = select.query([last])?;
        while let Some(row) = rows.next()? {
            some.push((row.get(8)?, sums(row, pseudonym(row, 0)?, 1)?.0));
        }
        let Some(&(id, _)) = some.last() else { return Ok(()) };
        last = id;
        some.iter().try_for_each(|row| update.execute((row.0, row.1)).map(drop))?;
    }
}
