//! Reads the whole ledger to find damage.

use rusqlite::Connection;

use super::candidates::{self, candidate};
use super::column::{pseudonym, stored_relation};
use super::families::Positions;
use super::generation::generation;
use super::keys::key_id;
use super::ledger::Ledger;
use super::runs::last_run;
use super::{
    LedgerError, certificate_keeping, described, exchange_keeping, facts, integrity, keeping, letters, lost,
    multi_allele, pedigrees, reviews, typings,
};
use crate::model::{Panel, Pseudonym, Relation};

impl Ledger {
    /// Reads the whole ledger and returns a line for every fault in it; an empty list if it is sound.
    ///
    /// # Errors
    /// A database error, if it cannot be read at all.
    pub fn verify(&self) -> Result<Vec<String>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let mut findings = Vec::new();
        database(&tx, &mut findings)?;
        if let Err(error) = generation(&tx).and(self.store_id().map(drop)) {
            findings.push(error.to_string());
        }
        keys(&tx, &mut findings)?;
        samples(&tx, &mut findings)?;
        multi_allele::verify(&tx, &mut findings)?;
        typings::verify(&tx, &mut findings)?;
        families(&tx, &mut findings)?;
        integrity::verify(&tx, &mut findings)?;
        candidates(&tx, &mut findings)?;
        lost::verify(&tx, &mut findings)?;
        certificate_keeping::verify(&tx, &mut findings)?;
        facts::verify(&tx, &mut findings)?;
        letters::verify(&tx, &mut findings)?;
        exchange_keeping::verify(&tx, &mut findings)?;
        keeping::verify(&tx, &mut findings)?;
        findings.extend(reviews::verify(&tx)?);
        findings.extend(last_run(&tx).err().map(|error| error.to_string()));
        Ok(findings)
    }
}

/// Appends the faults that SQLite itself finds.
fn database(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        if text != "ok" {
            findings.push(format!("the database: {text}"));
        }
    }
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        findings.push(format!("the table {table} refers to a record of {parent} that is missing"));
    }
    Ok(())
}

/// Checks that every pseudonym is of the key to which the ledger is bound.
fn keys(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let key = key_id(connection)?;
    for (what, table) in [("samples", "sample"), ("families", "family")] {
        let sql = format!("SELECT count(*) FROM {table} WHERE key_id IS NOT ?1");
        let others: i64 = connection.query_row(&sql, [key], |row| row.get(0))?;
        if others > 0 {
            findings.push(format!("{others} {what} have a pseudonym of another key than the ledger's"));
        }
    }
    Ok(())
}

fn samples(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    // Any panel is sufficient here, because decoding also checks loci outside it.
    let Ok(panel) = "vWA".parse().map_err(drop).and_then(|locus| Panel::new(vec![locus]).map_err(drop)) else {
        findings.push("the samples were not checked".to_owned());
        return Ok(());
    };
    let positions = match Positions::of_all(connection, &panel) {
        Ok(positions) => positions,
        Err(error) => {
            findings.push(error.to_string());
            return Ok(());
        }
    };
    let sql = format!("SELECT pseudonym, profile, drop_out, {} FROM sample ORDER BY id", described::COLUMNS);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match pseudonym(row, 0) {
            Err(error) => findings.push(error.to_string()),
            Ok(sample) => {
                findings.extend(positions.read(row, sample, 1).err().map(|error| error.to_string()));
                findings.extend(described::check(row, sample, 3).err().map(|error| error.to_string()));
            }
        }
    }
    Ok(())
}

fn candidates(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let mut statement = connection.prepare(candidates::ALL)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        findings.extend(candidate(row).err().map(|error| error.to_string()));
    }
    Ok(())
}

fn families(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let mut statement = connection.prepare(
        "SELECT family.pseudonym, member.relation, sample.role, member.place, pedigree.links FROM family
         LEFT JOIN member ON member.family_id = family.id LEFT JOIN sample ON sample.id = member.sample_id
         LEFT JOIN pedigree ON pedigree.family_id = family.id ORDER BY family.pseudonym",
    )?;
    let mut rows = statement.query([])?;
    let mut seen: Option<Seen> = None;
    while let Some(row) = rows.next()? {
        let family = match pseudonym(row, 0) {
            Ok(family) => family,
            Err(error) => {
                findings.push(error.to_string());
                continue;
            }
        };
        if seen.as_ref().is_none_or(|seen| seen.family != family) {
            findings.extend(seen.take().and_then(Seen::finding));
        }
        let links = || row.get(4);
        let of_family = match &mut seen {
            Some(seen) => seen,
            None => seen.insert(Seen { family, relatives: Vec::new(), links: links()? }),
        };
        let (word, role): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
        let relatives = &mut of_family.relatives;
        match word.as_deref().map(stored_relation) {
            None => findings.push(format!("the family {family} has no relatives")),
            Some(None) => findings.push(format!("the family {family} has an invalid relation")),
            Some(Some(relation)) => {
                if relation.is_unique() && relatives.iter().any(|known| known.0 == relation) {
                    findings.push(format!("the family {family} has a second {relation}"));
                }
                relatives.push((relation, row.get(3)?));
            }
        }
        if role.as_deref() == Some("child") {
            findings.push(format!("the family {family} has a child of unknown origin among its relatives"));
        }
    }
    findings.extend(seen.and_then(Seen::finding));
    Ok(())
}

/// A family while its members are being read.
struct Seen {
    family: Pseudonym,
    relatives: Vec<(Relation, Option<i64>)>,
    links: Option<Vec<u8>>,
}

impl Seen {
    /// Returns the fault of its pedigree, if there is one.
    fn finding(self) -> Option<String> {
        let what = pedigrees::decode(self.links.as_deref(), &self.relatives).err()?;
        Some(LedgerError::Damaged { of: format!("family {}", self.family), what }.to_string())
    }
}
