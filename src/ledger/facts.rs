//! Stores what people state about found and missing children, as a history: a change is a further row.
//!
//! `fact.subject` is the pseudonym of a sample or of a family; `body` is JSON, see `facts`; `sealed` is free text that only
//! custodians can open, see `FactText`, and `tag` the keyed hash by which an import recognises it. `facts` in `meta` is
//! the number of rows: without it nobody would notice a missing one.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::LedgerError;
use super::audit::append;
use super::certificates::write_claims;
use super::checksum::{Checksum, Sum};
use super::column::{pseudonym, pseudonym_list};
use super::ledger::Ledger;
use super::meta::{add_to_count, meta, now};
use crate::audit::Attribution;
use crate::certificates::Claim;
use crate::facts::{Facts, FoundFacts, MissingFacts, Subject};
use crate::model::Pseudonym;

/// The number of rows, in `meta`.
const NUMBER: &str = "facts";

const OF: &str = "the facts about a child";

/// Free text of a row, sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedText {
    /// The sealed text.
    pub sealed: Vec<u8>,
    /// The keyed hash of the text.
    pub tag: [u8; 16],
}

/// A row to import.
#[derive(Clone)]
pub struct NewFacts {
    /// The child or family.
    pub subject: Pseudonym,
    /// The facts.
    pub facts: Facts,
    /// The free text, if there is some and it may be kept.
    pub text: Option<SealedText>,
    /// The claim of a birth certificate that the row makes.
    pub claim: Option<Claim>,
}

/// The result of an import of facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FactsImported {
    /// Number of children of whom nothing was known.
    pub added: u64,
    /// Number of children whose facts changed: the earlier ones stay as history.
    pub changed: u64,
    /// Number of rows that say what the ledger has.
    pub unchanged: u64,
    /// Number of new claims of birth certificates.
    pub claims: u64,
}

/// Facts of one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFacts {
    /// The number, rising from 1: the last one is valid.
    pub number: u32,
    /// When they were imported: seconds since 1970, UTC.
    pub recorded_at: i64,
    /// The facts.
    pub facts: Facts,
    /// The sealed free text, if there is some.
    pub sealed: Option<Vec<u8>>,
}

/// Sealed free texts under other pseudonyms, by the present subject and the number of its facts.
pub type Resealed = HashMap<(Pseudonym, u32), Vec<u8>>;

/// A row as it is stored.
struct Stored {
    subject: Pseudonym,
    kind: String,
    number: u32,
    recorded_at: i64,
    body: String,
    sealed: Option<Vec<u8>>,
    tag: Option<[u8; 16]>,
}

const ALL: &str = "SELECT subject, kind, number, recorded_at, body, sealed, tag, sum FROM fact";

impl Stored {
    fn read(row: &Row<'_>) -> Result<(Self, Option<Sum>), LedgerError> {
        let subject = pseudonym(row, 0)?;
        let read = || -> rusqlite::Result<_> {
            let (kind, number, recorded_at) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let (body, sealed, tag) = (row.get(4)?, row.get(5)?, row.get(6)?);
            Ok((Self { subject, kind, number, recorded_at, body, sealed, tag }, row.get(7)?))
        };
        read().map_err(|_| damaged("a value is invalid"))
    }

    fn sum(&self) -> Sum {
        Checksum::default()
            .with(self.subject.as_bytes())
            .with(&self.kind)
            .with(self.number.to_le_bytes())
            .with(self.recorded_at.to_le_bytes())
            .with(&self.body)
            .with_optional(self.sealed.as_ref())
            .with_optional(self.tag)
            .sum()
    }

    fn facts(&self) -> Result<Facts, LedgerError> {
        let facts = match self.kind.as_str() {
            kind if kind == Subject::Found.word() => {
                serde_json::from_str::<FoundFacts>(&self.body).ok().map(Facts::Found)
            }
            _ => serde_json::from_str::<MissingFacts>(&self.body).ok().map(Facts::Missing),
        };
        facts.ok_or_else(|| damaged("a fact is invalid"))
    }

    fn checked(row: &Row<'_>) -> Result<RecordedFacts, LedgerError> {
        let (stored, sum) = Self::read(row)?;
        if sum != Some(stored.sum()) {
            return Err(damaged("they were changed"));
        }
        let facts = stored.facts()?;
        Ok(RecordedFacts { number: stored.number, recorded_at: stored.recorded_at, facts, sealed: stored.sealed })
    }
}

fn damaged(what: &'static str) -> LedgerError {
    LedgerError::Damaged { of: OF.to_owned(), what }
}

fn body(facts: &Facts) -> Result<String, LedgerError> {
    let text = match facts {
        Facts::Found(found) => serde_json::to_string(found),
        Facts::Missing(missing) => serde_json::to_string(missing),
    };
    text.map_err(|_| damaged("a fact is invalid"))
}

impl Ledger {
    /// Imports facts about subjects that the ledger has, in one transaction. Facts that differ from the last ones are
    /// added to the history. A claim that the ledger has already is left as it is.
    ///
    /// # Errors
    /// A database error. Nothing is changed then.
    pub fn import_facts<'e>(
        &mut self,
        rows: Vec<NewFacts>,
        dry_run: bool,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<FactsImported, LedgerError> {
        let tx = self.begin()?;
        let subjects: Vec<Pseudonym> = rows.iter().map(|row| row.subject).collect();
        let done = import_in(&tx, rows)?;
        if dry_run {
            return Ok(done);
        }
        if let Some(entry) = entry.into().entry() {
            let entry = entry.with("added", done.added).with("changed", done.changed);
            let entry = entry.with("unchanged", done.unchanged).with("claims", done.claims);
            append(&tx, &entry.about(subjects))?;
        }
        tx.commit()?;
        Ok(done)
    }

    /// Returns the last facts about every child and family that has some.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first row with a wrong checksum; a database error.
    pub fn last_facts(&self) -> Result<HashMap<Pseudonym, Facts>, LedgerError> {
        let mut statement = self.connection.prepare(&format!("{ALL} ORDER BY subject, number"))?;
        let mut rows = statement.query([])?;
        let mut all = HashMap::new();
        while let Some(row) = rows.next()? {
            all.insert(pseudonym(row, 0)?, Stored::checked(row)?.facts);
        }
        Ok(all)
    }

    /// Returns the facts about a child or family, the first ones first.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first row with a wrong checksum, or if an earlier row is missing; a database error.
    pub fn facts_of(&self, subject: Pseudonym) -> Result<Vec<RecordedFacts>, LedgerError> {
        let mut statement = self.connection.prepare(&format!("{ALL} WHERE subject = ?1 ORDER BY number"))?;
        let mut rows = statement.query([subject.as_bytes()])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(Stored::checked(row)?);
        }
        if (1..).zip(&all).any(|(number, facts): (u32, _)| facts.number != number) {
            return Err(damaged("there are more or fewer than were imported"));
        }
        Ok(all)
    }

    /// Returns the number of rows of facts, earlier ones included.
    ///
    /// # Errors
    /// A database error.
    pub fn number_of_facts(&self) -> Result<u64, LedgerError> {
        Ok(meta::<i64>(&self.connection, NUMBER)?.map_or(0, i64::unsigned_abs))
    }

    /// Returns every sealed free text, with its subject and number.
    ///
    /// # Errors
    /// As [`Self::facts_of`].
    pub fn sealed_texts(&self) -> Result<Vec<(Pseudonym, u32, Vec<u8>)>, LedgerError> {
        let mut statement = self.connection.prepare(&format!("{ALL} WHERE sealed IS NOT NULL"))?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let facts = Stored::checked(row)?;
            all.extend(facts.sealed.map(|sealed| Ok::<_, LedgerError>((pseudonym(row, 0)?, facts.number, sealed))));
        }
        all.into_iter().collect()
    }
}

/// Imports facts in a transaction of the caller, who commits it.
pub(super) fn import_in(tx: &Transaction<'_>, rows: Vec<NewFacts>) -> Result<FactsImported, LedgerError> {
    let mut done = FactsImported::default();
    let mut claims = Vec::new();
    {
        let mut last = tx.prepare(
            "SELECT number, body, tag FROM fact WHERE subject = ?1 AND kind = ?2 ORDER BY number DESC LIMIT 1",
        )?;
        let mut insert = tx.prepare(
            "INSERT INTO fact (subject, kind, number, recorded_at, body, sealed, tag, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        let at = now();
        for NewFacts { subject, facts, text, claim } in rows {
            claims.extend(claim.map(|claim| (0, claim)));
            let (kind, body) = (facts.subject().word().to_owned(), body(&facts)?);
            let (sealed, tag) = text.map(|text| (text.sealed, text.tag)).unzip();
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let before: Option<(u32, String, Option<[u8; 16]>)> =
                last.query_row((subject.as_bytes(), &kind), read).optional()?;
            let number = match &before {
                Some((_, known, known_tag)) if *known == body && *known_tag == tag => {
                    done.unchanged += 1;
                    continue;
                }
                Some((number, ..)) => {
                    done.changed += 1;
                    number + 1
                }
                None => {
                    done.added += 1;
                    1
                }
            };
            let row = Stored { subject, kind, number, recorded_at: at, body, sealed, tag };
            let sum = row.sum();
            let Stored { kind, body, sealed, .. } = &row;
            insert.execute((subject.as_bytes(), kind, number, at, body, sealed, tag, sum))?;
        }
    }
    done.claims = write_claims(tx, claims, super::OnConflict::Keep)?.added;
    add_to_count(tx, NUMBER, i64::try_from(done.added + done.changed).unwrap_or(i64::MAX))?;
    Ok(done)
}

/// Deletes the facts about samples and families that are expunged.
pub(super) fn expunge<'s>(
    tx: &Transaction<'_>,
    subjects: impl Iterator<Item = &'s Pseudonym>,
) -> Result<(), LedgerError> {
    let list = pseudonym_list(&subjects.copied().collect::<Vec<_>>());
    let sql = "DELETE FROM fact WHERE subject IN (SELECT unhex(value) FROM json_each(?1))";
    let gone = tx.execute(sql, [list])?;
    Ok(add_to_count(tx, NUMBER, -i64::try_from(gone).unwrap_or(i64::MAX))?)
}

/// Gives all facts the new pseudonyms of their subjects, and the free texts that were sealed again. The tags are of the
/// old key and go. Facts with a wrong checksum keep it, so that the damage stays visible. Returns how many there are.
pub(super) fn rename(
    tx: &Transaction<'_>,
    families: &HashMap<Pseudonym, Pseudonym>,
    samples: &HashMap<Pseudonym, Pseudonym>,
    texts: &Resealed,
) -> Result<u64, LedgerError> {
    let mut all = Vec::new();
    let mut select = tx.prepare(ALL)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        all.push(Stored::read(row)?);
    }
    let mut update = tx.prepare(
        "UPDATE fact SET subject = ?4, sealed = ?5, tag = NULL, sum = ?6 WHERE subject = ?1 AND kind = ?2 AND number = ?3",
    )?;
    let number = all.len() as u64;
    for (stored, sum) in all {
        let old = stored.subject;
        let names = if stored.kind == Subject::Found.word() { samples } else { families };
        let subject = *names.get(&old).ok_or_else(|| damaged("the vault has no record of the child or family"))?;
        let sealed = match &stored.sealed {
            Some(_) => {
                let text = texts.get(&(old, stored.number)).cloned();
                Some(text.ok_or_else(|| damaged("a sealed text was not sealed again"))?)
            }
            None => None,
        };
        let is_sound = sum == Some(stored.sum());
        let renamed = Stored { subject, sealed, tag: None, ..stored };
        let sum = if is_sound { Some(renamed.sum()) } else { sum };
        let Stored { kind, number, sealed, .. } = &renamed;
        update.execute((old.as_bytes(), kind, number, subject.as_bytes(), sealed, sum))?;
    }
    Ok(number)
}

/// Appends every fault of the facts.
pub(super) fn verify(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let mut faults = BTreeSet::new();
    let mut found = 0;
    let mut statement = connection.prepare(ALL)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        faults.extend(Stored::checked(row).err().map(|error| error.to_string()));
        found += 1;
    }
    if meta::<i64>(connection, NUMBER)? != Some(found) {
        faults.insert(damaged("there are more or fewer than were imported").to_string());
    }
    findings.extend(faults);
    Ok(())
}
