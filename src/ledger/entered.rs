//! Tells since when families and children are in the ledger, and where they are from.

use super::column::{pseudonym, relation};
use super::ledger::Ledger;
use super::{LedgerError, described};
use crate::model::{Pseudonym, Relation};

/// When a family or a child was entered, and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// The family or the child.
    pub who: Pseudonym,
    /// When its first sample was imported: seconds since 1970, UTC.
    pub at: i64,
    /// The agency of the child, or of the first relative that has one, by relation and sample.
    pub agency: Option<String>,
    /// The region, likewise.
    pub region: Option<String>,
}

impl Ledger {
    /// Returns all families, withdrawn ones included, by pseudonym.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn families_entered(&self) -> Result<Vec<Entered>, LedgerError> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT family.pseudonym, member.relation, sample.pseudonym, import.imported_at, sample.agency, sample.region, {}
             FROM family JOIN member ON member.family_id = family.id JOIN sample ON sample.id = member.sample_id
             JOIN import ON import.id = sample.import_id ORDER BY family.pseudonym",
            described::COLUMNS
        ))?;
        let mut rows = statement.query([])?;
        let mut families: Vec<Entered> = Vec::new();
        let mut relatives: Vec<(Relation, Pseudonym, Option<String>, Option<String>)> = Vec::new();
        let describe = |of: Option<&mut Entered>, relatives: &mut Vec<(_, _, Option<String>, Option<String>)>| {
            relatives.sort_by_key(|one| (one.0, one.1));
            if let Some(family) = of {
                family.agency = relatives.iter_mut().find_map(|one| one.2.take());
                family.region = relatives.iter_mut().find_map(|one| one.3.take());
            }
            relatives.clear();
        };
        while let Some(row) = rows.next()? {
            let who = pseudonym(row, 0)?;
            let at: i64 = row.get(3)?;
            described::check(row, pseudonym(row, 2)?, 6)?;
            match families.last_mut().filter(|last| last.who == who) {
                Some(family) => family.at = family.at.min(at),
                None => {
                    describe(families.last_mut(), &mut relatives);
                    families.push(Entered { who, at, agency: None, region: None });
                }
            }
            let relation = relation(who, row.get_ref(1)?.as_str())?;
            relatives.push((relation, pseudonym(row, 2)?, row.get(4)?, row.get(5)?));
        }
        describe(families.last_mut(), &mut relatives);
        Ok(families)
    }

    /// Returns all children, by pseudonym.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn children_entered(&self) -> Result<Vec<Entered>, LedgerError> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT sample.pseudonym, import.imported_at, agency, region, {} FROM sample
             JOIN import ON import.id = sample.import_id WHERE role = 'child' ORDER BY sample.pseudonym",
            described::COLUMNS
        ))?;
        let mut rows = statement.query([])?;
        let mut children = Vec::new();
        while let Some(row) = rows.next()? {
            described::check(row, pseudonym(row, 0)?, 4)?;
            children.push(Entered {
                who: pseudonym(row, 0)?,
                at: row.get(1)?,
                agency: row.get(2)?,
                region: row.get(3)?,
            });
        }
        Ok(children)
    }
}
