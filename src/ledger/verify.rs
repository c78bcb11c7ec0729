//! Reading everything, to find damage.

use rusqlite::Connection;

use super::LedgerError;
use super::open::{Ledger, generation};
use super::read::{Positions, pseudonym};
use crate::model::{Panel, Pseudonym, Relation};

impl Ledger {
    /// Reads the whole ledger and gives a line for everything that is wrong with it; none if it is sound.
    ///
    /// # Errors
    /// The database's, if it cannot be read at all.
    pub fn verify(&self) -> Result<Vec<String>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let mut findings = Vec::new();
        database(&tx, &mut findings)?;
        if let Err(error) = generation(&tx).and(self.store_id().map(drop)) {
            findings.push(error.to_string());
        }
        samples(&tx, &mut findings)?;
        families(&tx, &mut findings)?;
        Ok(findings)
    }
}

/// What SQLite itself finds.
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

fn samples(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    // Any panel will do: loci outside it are checked, too.
    let Ok(panel) = "vWA".parse().map_err(drop).and_then(|locus| Panel::new(vec![locus]).map_err(drop)) else {
        return Ok(());
    };
    let positions = match Positions::new(connection, &panel) {
        Ok(positions) => positions,
        Err(error) => {
            findings.push(error.to_string());
            return Ok(());
        }
    };
    let mut statement = connection.prepare("SELECT pseudonym, profile FROM sample ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match pseudonym(row, 0) {
            Err(error) => findings.push(error.to_string()),
            Ok(sample) => {
                let blob = row.get_ref(1)?.as_blob().map_err(|_| "the profile is missing");
                if let Err(what) = blob.and_then(|blob| positions.profile(blob)) {
                    findings.push(LedgerError::Damaged { of: format!("sample {sample}"), what }.to_string());
                }
            }
        }
    }
    Ok(())
}

fn families(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let mut statement = connection.prepare(
        "SELECT family.pseudonym, member.relation, sample.role FROM family
         LEFT JOIN member ON member.family_id = family.id LEFT JOIN sample ON sample.id = member.sample_id
         ORDER BY family.pseudonym",
    )?;
    let mut rows = statement.query([])?;
    let mut seen: (Option<Pseudonym>, Vec<Relation>) = (None, Vec::new());
    while let Some(row) = rows.next()? {
        let family = match pseudonym(row, 0) {
            Ok(family) => family,
            Err(error) => {
                findings.push(error.to_string());
                continue;
            }
        };
        if seen.0 != Some(family) {
            seen = (Some(family), Vec::new());
        }
        let (word, role): (Option<String>, Option<String>) = (row.get(1)?, row.get(2)?);
        match word.as_deref().map(str::parse::<Relation>) {
            None => findings.push(format!("the family {family} has no relatives")),
            Some(Err(_)) => findings.push(format!("the family {family} has a relation that is none")),
            Some(Ok(relation)) if relation.is_unique() && seen.1.contains(&relation) => {
                findings.push(format!("the family {family} has a second {relation}"));
            }
            Some(Ok(relation)) => seen.1.push(relation),
        }
        if role.as_deref() == Some("child") {
            findings.push(format!("the family {family} has a child of unknown origin among its relatives"));
        }
    }
    Ok(())
}
