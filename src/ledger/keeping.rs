//! Stores the terms on which samples are kept, and reads them.
//!
//! `meta` has the number of rows (`keeping`), without which nobody would notice a missing one, and `consent_mask`, which
//! with the key gives the secret that hashes references of consents.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Row, Statement, Transaction};

use super::LedgerError;
use super::audit::append;
use super::checksum::{Checksum, Sum, verify_rows};
use super::column::{date, day_number, pseudonym, pseudonym_list};
use super::generation::{advance, generation, next_generation};
use super::ledger::Ledger;
use super::list_imported::ListImported;
use super::lost::{Deletion, LossCause};
use super::meta::{add_to_count, meta, missing, set_meta};
use super::review_keeping;
use crate::audit::Attribution;
use crate::keeping::{Born, Consent, ConsentKind, LegalBasis, Purpose, Purposes, Terms};
use crate::model::Pseudonym;

/// The number of rows, in `meta`.
const NUMBER: &str = "keeping";
const MASK: &str = "consent_mask";

/// A sample with the terms on which it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptSample {
    /// The sample.
    pub sample: Pseudonym,
    /// Set if it is a child's, not a relative's.
    pub is_child: bool,
    /// The terms; `None` if none were imported.
    pub terms: Option<Terms>,
}

/// The result of an import of terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TermsImported {
    /// Numbers of rows; none is in conflict, because later terms replace former ones.
    pub rows: ListImported,
    /// Number of samples by field whose replaced terms differ in it.
    pub changed: BTreeMap<&'static str, u64>,
    /// Number of samples that `match` compares from now on, or not any more.
    pub searched_changed: u64,
}

/// What storing the terms of a sample changed.
pub(super) enum Stored {
    Added,
    Unchanged,
    /// The fields that differ from the former terms.
    Replaced(Vec<&'static str>),
}

/// The columns of terms, in the order that [`read`] expects.
const COLUMNS: &str = "sample, legal_basis, purposes, consent_kind, consent_on, consent_reference, born, is_estimated, keep_until, review_on, is_searched, sum";

/// Returns the query of the rows that a condition selects.
fn select(condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM keeping WHERE {condition}")
}

const OF_SAMPLE: &str = "sample = ?1";

impl Ledger {
    /// Imports the terms of samples that the ledger has, in one transaction. They replace former ones. A sample that
    /// `match` must not compare any more, or may again, makes the next match compare everything.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`] if former terms of a sample are. Nothing is changed then.
    pub fn import_terms<'e>(
        &mut self,
        rows: &[(Pseudonym, Terms)],
        dry_run: bool,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<TermsImported, LedgerError> {
        let tx = self.begin()?;
        let mut done = TermsImported::default();
        let mut writer = TermsWriter::new(&tx)?;
        for (sample, terms) in rows {
            match writer.put(*sample, terms)? {
                Stored::Added => done.rows.added += 1,
                Stored::Unchanged => done.rows.unchanged += 1,
                Stored::Replaced(fields) => {
                    done.rows.replaced += 1;
                    fields.into_iter().for_each(|field| *done.changed.entry(field).or_default() += 1);
                }
            }
        }
        let SearchChanged { samples, families, candidates } = writer.finish()?;
        (done.searched_changed, done.rows.candidates_deleted) = (samples, candidates);
        if dry_run {
            return Ok(done);
        }
        let attribution = entry.into();
        if let Attribution::Entry(entry) = attribution {
            review_keeping::note_change(&tx, families, entry)?;
        }
        if let Some(mut entry) = attribution.entry() {
            for (field, number) in &done.changed {
                entry = entry.with(&format!("changed_{field}"), *number);
            }
            let entry = entry.with("added", done.rows.added).with("unchanged", done.rows.unchanged);
            let entry = entry.with("replaced", done.rows.replaced).with("searched_changed", done.searched_changed);
            let entry = entry.with("candidates_deleted", done.rows.candidates_deleted);
            append(&tx, &entry.about(rows.iter().map(|row| row.0)))?;
        }
        tx.commit()?;
        Ok(done)
    }

    /// Returns all samples with their terms, by pseudonym; samples without terms only if `with_others` is set.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first row that is; a database error.
    pub fn kept_samples(&self, with_others: bool) -> Result<Vec<KeptSample>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        // The sign and `CROSS` keep SQLite from looking for the terms of every sample, in the order of the result.
        let (from, order) = if with_others {
            ("sample LEFT JOIN keeping ON keeping.sample = sample.pseudonym", "")
        } else {
            ("keeping CROSS JOIN sample ON keeping.sample = sample.pseudonym", "+")
        };
        let columns: Vec<String> = COLUMNS.split(", ").map(|column| format!("keeping.{}", column.trim())).collect();
        let mut statement = tx.prepare(&format!(
            "SELECT {}, sample.pseudonym, sample.role = 'child' FROM {from} ORDER BY {order}sample.pseudonym",
            columns.join(", ")
        ))?;
        let mut rows = statement.query([])?;
        let (mut all, mut number) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let has_terms = row.get_ref(0)? != rusqlite::types::ValueRef::Null;
            let terms = if has_terms { Some(checked(row)?.1) } else { None };
            number += u64::from(has_terms);
            all.push(KeptSample { sample: pseudonym(row, 12)?, is_child: row.get(13)?, terms });
        }
        check_number(&tx, number)?;
        Ok(all)
    }

    /// Reports whether the ledger can have terms: one of an older version, which is only looked at, cannot.
    ///
    /// # Errors
    /// A database error.
    pub fn can_have_terms(&self) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'keeping')";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// Returns the terms of a sample; `None` if it has none.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], or a database error.
    pub fn terms_of(&self, sample: Pseudonym) -> Result<Option<Terms>, LedgerError> {
        of_sample(&mut self.connection.prepare(&select(OF_SAMPLE))?, sample)
    }

    /// Returns the samples with terms that do not allow a purpose. Reads them with one query.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], or a database error.
    pub fn samples_not_for(&self, purpose: Purpose) -> Result<BTreeSet<Pseudonym>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let mut statement = tx.prepare(&select("true"))?;
        let mut rows = statement.query([])?;
        let (mut all, mut number) = (BTreeSet::new(), 0);
        while let Some(row) = rows.next()? {
            let (sample, terms) = checked(row)?;
            if !terms.allows(purpose) {
                all.insert(sample);
            }
            number += 1;
        }
        check_number(&tx, number)?;
        Ok(all)
    }

    /// Returns the mask that with the key gives the secret of references of consents.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] if it is missing; a database error.
    pub fn consent_mask(&self) -> Result<[u8; 32], LedgerError> {
        meta(&self.connection, MASK)?.ok_or_else(|| missing(MASK))
    }

    /// Counts the terms that have the reference of a consent.
    ///
    /// # Errors
    /// A database error.
    pub fn consent_references(&self) -> Result<u64, LedgerError> {
        let sql = "SELECT count(consent_reference) FROM keeping";
        Ok(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }
}

/// Returns the terms of a sample in a transaction.
pub(super) fn terms_in(tx: &Transaction<'_>, sample: Pseudonym) -> Result<Option<Terms>, LedgerError> {
    of_sample(&mut tx.prepare(&select(OF_SAMPLE))?, sample)
}

/// Stores terms of samples in place of former ones, as steps of a transaction.
pub(super) struct TermsWriter<'t> {
    tx: &'t Transaction<'t>,
    select: Statement<'t>,
    insert: Statement<'t>,
    /// The samples that `match` compares from now on, or not any more.
    searched: BTreeMap<Pseudonym, bool>,
}

impl<'t> TermsWriter<'t> {
    pub(super) fn new(tx: &'t Transaction<'t>) -> Result<Self, LedgerError> {
        let places: Vec<String> = (1..=12).map(|place| format!("?{place}")).collect();
        let insert = format!("INSERT OR REPLACE INTO keeping ({COLUMNS}) VALUES ({})", places.join(", "));
        Ok(Self {
            tx,
            select: tx.prepare(&select(OF_SAMPLE))?,
            insert: tx.prepare(&insert)?,
            searched: BTreeMap::new(),
        })
    }

    /// Stores the terms of a sample that the ledger has.
    pub(super) fn put(&mut self, sample: Pseudonym, terms: &Terms) -> Result<Stored, LedgerError> {
        let former = of_sample(&mut self.select, sample)?;
        if former == Some(*terms) {
            return Ok(Stored::Unchanged);
        }
        let Terms { basis, purposes, consent, born, keep_until, review_on } = *terms;
        self.insert.execute((
            sample.as_bytes(),
            basis.word(),
            purposes.words(),
            consent.map(|consent| consent.kind.word()),
            consent.and_then(|consent| consent.on).map(day_number),
            consent.and_then(|consent| consent.reference),
            born.map(Born::number),
            born.is_some_and(Born::is_estimated),
            keep_until.map(day_number),
            review_on.map(day_number),
            terms.allows(Purpose::Search),
            checksum(sample, terms),
        ))?;
        let is_searched = terms.allows(Purpose::Search);
        if former.is_none_or(|former| former.allows(Purpose::Search)) != is_searched {
            self.searched.insert(sample, is_searched);
        }
        match former {
            Some(former) => Ok(Stored::Replaced(former.changes(terms))),
            None => {
                add_to_count(self.tx, NUMBER, 1)?;
                Ok(Stored::Added)
            }
        }
    }

    /// Deletes the candidates of samples that `match` treats otherwise from now on, and makes the next match compare
    /// everything if there are any.
    pub(super) fn finish(self) -> Result<SearchChanged, LedgerError> {
        let mut candidates = 0;
        for (cause, then) in [(LossCause::PurposeEnded, false), (LossCause::DataChanged, true)] {
            let mut deletion = Deletion::because(self.tx, cause)?;
            let mut of_child = deletion.prepare("child = ?1")?;
            let mut of_relative = deletion.prepare(
                "family IN (SELECT family.pseudonym FROM sample JOIN member ON sample_id = sample.id
                 JOIN family ON family.id = family_id WHERE sample.pseudonym = ?1)",
            )?;
            for (sample, _) in self.searched.iter().filter(|one| *one.1 == then) {
                deletion.delete(&mut of_child, sample.as_bytes())?;
                deletion.delete(&mut of_relative, sample.as_bytes())?;
            }
            candidates += deletion.finish()?;
        }
        let samples: BTreeSet<Pseudonym> = self.searched.into_keys().collect();
        let families = compare_again(self.tx, &samples)?;
        Ok(SearchChanged { samples: samples.len() as u64, families, candidates })
    }
}

/// What changes because `match` treats samples otherwise.
pub(super) struct SearchChanged {
    /// Number of samples.
    pub(super) samples: u64,
    /// The families that have one of them.
    pub(super) families: BTreeSet<Pseudonym>,
    /// Number of candidates that were deleted.
    pub(super) candidates: u64,
}

/// Makes the next match compare everything, because it treats these samples otherwise. Returns the families that have one
/// of them.
fn compare_again(tx: &Transaction<'_>, samples: &BTreeSet<Pseudonym>) -> Result<BTreeSet<Pseudonym>, LedgerError> {
    if samples.is_empty() {
        return Ok(BTreeSet::new());
    }
    let list = pseudonym_list(&samples.iter().copied().collect::<Vec<_>>());
    let mut update = tx.prepare(
        "UPDATE family SET changed = ?2, checked = 0 WHERE id IN
         (SELECT family_id FROM member JOIN sample ON sample.id = member.sample_id
          WHERE sample.pseudonym IN (SELECT unhex(value) FROM json_each(?1))) RETURNING pseudonym",
    )?;
    let mut rows = update.query((list, next_generation(tx)?))?;
    let mut families = BTreeSet::new();
    while let Some(row) = rows.next()? {
        families.insert(pseudonym(row, 0)?);
    }
    advance(tx)?;
    // An index of an earlier generation has the profiles of children that may not be compared any more, and a delta does
    // not see that they changed, because no import changed them.
    let present = i64::try_from(generation(tx)?.number).unwrap_or(i64::MAX);
    tx.execute("DELETE FROM past WHERE generation < ?1", [present])?;
    Ok(families)
}

fn of_sample(statement: &mut Statement<'_>, sample: Pseudonym) -> Result<Option<Terms>, LedgerError> {
    let found = statement.query_row([sample.as_bytes()], |row| Ok(checked(row))).optional()?;
    Ok(found.transpose()?.map(|found| found.1))
}

fn checksum(sample: Pseudonym, terms: &Terms) -> Sum {
    let Terms { basis, purposes, consent, born, keep_until, review_on } = terms;
    let day = |day: jiff::civil::Date| day_number(day).to_le_bytes();
    Checksum::default()
        .with(sample.as_bytes())
        .with(basis.word())
        .with(purposes.words())
        .with_optional(consent.map(|consent| consent.kind.word()))
        .with_optional(consent.and_then(|consent| consent.on).map(day))
        .with_optional(consent.and_then(|consent| consent.reference))
        .with_optional(born.map(|born| born.number().to_le_bytes()))
        .with([u8::from(born.is_some_and(Born::is_estimated))])
        .with_optional(keep_until.map(day))
        .with_optional(review_on.map(day))
        .with([u8::from(terms.allows(Purpose::Search))])
        .sum()
}

/// Reads the terms of a row, and whether its checksum is right.
fn read(row: &Row<'_>) -> Result<(Pseudonym, Terms, bool), LedgerError> {
    let sample = pseudonym(row, 0)?;
    let of = format!("the terms of sample {sample}");
    let word = |column: usize| row.get::<_, Option<String>>(column);
    let unknown = |what| LedgerError::Damaged { of: of.clone(), what };
    let basis = word(1)?.as_deref().and_then(LegalBasis::named).ok_or_else(|| unknown("the legal basis is invalid"))?;
    let purposes = word(2)?.as_deref().and_then(Purposes::parse).ok_or_else(|| unknown("a purpose is invalid"))?;
    let consent = match word(3)? {
        None => None,
        Some(kind) => Some(Consent {
            kind: ConsentKind::named(&kind).ok_or_else(|| unknown("the kind of consent is invalid"))?,
            on: date(row, 4, &of)?,
            reference: row.get(5)?,
        }),
    };
    let is_estimated = row.get(7)?;
    let born = match row.get::<_, Option<i64>>(6)? {
        None => None,
        Some(number) => Some(Born::of_number(number, is_estimated).ok_or_else(|| unknown("the birth is invalid"))?),
    };
    let terms = Terms { basis, purposes, consent, born, keep_until: date(row, 8, &of)?, review_on: date(row, 9, &of)? };
    let (is_searched, sum): (bool, Option<Sum>) = (row.get(10)?, row.get(11)?);
    let is_sound = sum == Some(checksum(sample, &terms)) && is_searched == terms.allows(Purpose::Search);
    Ok((sample, terms, is_sound))
}

fn checked(row: &Row<'_>) -> Result<(Pseudonym, Terms), LedgerError> {
    let (sample, terms, is_sound) = read(row)?;
    let damaged = || LedgerError::Damaged { of: format!("the terms of sample {sample}"), what: "they were changed" };
    if is_sound { Ok((sample, terms)) } else { Err(damaged()) }
}

/// Checks that there are as many terms as were imported.
fn check_number(connection: &Connection, found: u64) -> Result<(), LedgerError> {
    if meta::<i64>(connection, NUMBER)?.map(i64::unsigned_abs) == Some(found) {
        return Ok(());
    }
    Err(LedgerError::Damaged {
        of: "the terms on which samples are kept".to_owned(),
        what: "there are more or fewer than were imported",
    })
}

/// Deletes the terms of samples that are expunged.
pub(super) fn expunge(tx: &Transaction<'_>, samples: &BTreeSet<Pseudonym>) -> rusqlite::Result<()> {
    let list = pseudonym_list(&samples.iter().copied().collect::<Vec<_>>());
    let sql = "DELETE FROM keeping WHERE sample IN (SELECT unhex(value) FROM json_each(?1))";
    let deleted = tx.execute(sql, [list])?;
    add_to_count(tx, NUMBER, -i64::try_from(deleted).unwrap_or(0))
}

/// Gives terms to the new names of samples. With a mask, references stay; without one, the key is lost and they are
/// deleted, because nothing can be compared with them any more. Returns how many were deleted. Terms with a wrong
/// checksum get another wrong one, so that the damage stays visible; of terms that cannot be read, only the name changes.
pub(super) fn rename(
    tx: &Transaction<'_>,
    names: &HashMap<Pseudonym, Pseudonym>,
    mask: Option<&[u8; 32]>,
) -> Result<u64, LedgerError> {
    let mut statement = tx.prepare(&select("true"))?;
    let mut rows = statement.query([])?;
    let (mut all, mut deleted) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let old = pseudonym(row, 0)?;
        let Some(&new) = names.get(&old) else { continue };
        let mut sum = [0; 8];
        if let Ok((_, mut terms, is_sound)) = read(row) {
            if mask.is_none()
                && let Some(consent) = &mut terms.consent
            {
                deleted += u64::from(consent.reference.take().is_some());
            }
            sum = checksum(new, &terms);
            sum[0] ^= u8::from(!is_sound);
        }
        all.push((old, new, sum));
    }
    // A new name may be the old one of another sample only if 16 bytes agree by chance, which fails here.
    let mut update = tx.prepare("UPDATE keeping SET sample = ?2, sum = ?3 WHERE sample = ?1")?;
    for (old, new, sum) in all {
        update.execute((old.as_bytes(), new.as_bytes(), sum))?;
    }
    match mask {
        Some(mask) => set_meta(tx, MASK, mask)?,
        None => {
            tx.execute("UPDATE keeping SET consent_reference = NULL", [])?;
        }
    }
    Ok(deleted)
}

/// Checks all terms.
pub(super) fn verify(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let number = verify_rows(connection, &select("true"), checked, findings)?;
    findings.extend(check_number(connection, number).err().map(|error| error.to_string()));
    let sql = "SELECT count(*) FROM keeping WHERE sample NOT IN (SELECT pseudonym FROM sample)";
    if connection.query_row(sql, [], |row| row.get::<_, i64>(0))? > 0 {
        findings.push("the ledger has terms of samples that it does not have".to_owned());
    }
    Ok(())
}
