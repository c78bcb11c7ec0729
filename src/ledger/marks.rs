//! Families whose relatives do not fit, and families that are not to be matched.

use super::LedgerError;
use super::open::{Ledger, advance};
use super::read::pseudonym;
use crate::model::Pseudonym;

impl Ledger {
    /// Replaces the marks of the families that were checked: family and the word of a cause.
    ///
    /// # Errors
    /// The database's. Families that are not there are left out.
    pub fn set_marks(&mut self, checked: &[Pseudonym], marks: &[(Pseudonym, &str)]) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        {
            let mut delete =
                tx.prepare("DELETE FROM mark WHERE family_id = (SELECT id FROM family WHERE pseudonym = ?1)")?;
            for family in checked {
                delete.execute([*family.as_bytes()])?;
            }
            let mut insert = tx.prepare(
                "INSERT OR IGNORE INTO mark (family_id, cause) SELECT id, ?2 FROM family WHERE pseudonym = ?1",
            )?;
            for (family, cause) in marks {
                insert.execute((*family.as_bytes(), *cause))?;
            }
        }
        Ok(tx.commit()?)
    }

    /// The marks of all families, by family and cause.
    ///
    /// # Errors
    /// The database's, or [`LedgerError::Damaged`].
    pub fn marks(&self) -> Result<Vec<(Pseudonym, String)>, LedgerError> {
        self.words("SELECT pseudonym, cause FROM mark JOIN family ON family.id = family_id ORDER BY pseudonym, cause")
    }

    /// Families that are not matched, and the word of the reason, by family.
    ///
    /// # Errors
    /// The database's, or [`LedgerError::Damaged`].
    pub fn withdrawn(&self) -> Result<Vec<(Pseudonym, String)>, LedgerError> {
        self.words("SELECT pseudonym, withdrawn FROM family WHERE withdrawn IS NOT NULL ORDER BY pseudonym")
    }

    /// Takes families out of matching, with a word for the reason, or back in with `None`. Gives how many changed.
    ///
    /// # Errors
    /// The database's. Families that are not there are left out.
    pub fn withdraw(&mut self, families: &[Pseudonym], reason: Option<&str>) -> Result<usize, LedgerError> {
        let tx = self.begin()?;
        let mut changed = 0;
        for family in families {
            changed += tx.execute(
                "UPDATE family SET withdrawn = ?2 WHERE pseudonym = ?1 AND withdrawn IS NOT ?2",
                (*family.as_bytes(), reason),
            )?;
        }
        if changed > 0 {
            advance(&tx)?;
        }
        tx.commit()?;
        Ok(changed)
    }

    fn words(&self, sql: &str) -> Result<Vec<(Pseudonym, String)>, LedgerError> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push((pseudonym(row, 0)?, row.get(1)?));
        }
        Ok(all)
    }
}
