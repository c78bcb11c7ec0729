//! Reads samples of children and relatives, one by one.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::LedgerError;
use super::column::{pseudonym, pseudonym_list};
use super::families::Positions;
use super::generation::{Past, samples_since};
use super::ledger::Ledger;
use crate::model::{Child, Panel, Pseudonym};

/// Condition of a sample that is a relative's in a family that is not withdrawn.
const IS_USED: &str = "EXISTS (SELECT 1 FROM member JOIN family ON family.id = member.family_id
                       WHERE member.sample_id = sample.id AND family.withdrawn IS NULL)";

/// Selection of samples. Only [`Self::Stored`] includes relatives all of whose families are withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// Relatives.
    Relatives,
    /// Children.
    Children,
    /// Both.
    All,
    /// Samples that the last import added or changed.
    LastImport,
    /// Samples that were added or changed since then.
    Since(Past),
    /// Every sample of the ledger.
    Stored,
}

/// A sample of a child or a relative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The sample, in the form of a child's.
    pub sample: Child,
    /// Set if it is a child's.
    pub is_child: bool,
}

impl Ledger {
    /// Returns the agencies of all samples, each once, by name.
    ///
    /// # Errors
    /// A database error.
    pub fn agencies(&self) -> Result<Vec<String>, LedgerError> {
        let sql = "SELECT DISTINCT agency FROM sample WHERE agency IS NOT NULL ORDER BY agency";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Calls `each` for every one of these samples, in the order of their import, whatever they may be used for.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read; what `each` fails with.
    pub fn samples<E: From<LedgerError>>(
        &self,
        panel: &Panel,
        which: Samples,
        mut each: impl FnMut(Sample) -> Result<(), E>,
    ) -> Result<(), E> {
        let since = samples_since(match which {
            Samples::LastImport => "(SELECT max(id) - 1 FROM import)",
            _ => "?1",
        });
        let last_import = match which {
            Samples::Since(past) => Some(past.last_import),
            _ => None,
        };
        let condition = match which {
            Samples::Relatives => format!("role = 'relative' AND {IS_USED}"),
            Samples::Children => "role = 'child'".to_owned(),
            Samples::All => format!("(role = 'child' OR {IS_USED})"),
            Samples::LastImport | Samples::Since(_) => format!("id IN ({since}) AND (role = 'child' OR {IS_USED})"),
            Samples::Stored => "1".to_owned(),
        };
        let values = last_import.map(Value::from);
        self.read_samples(panel, &condition, values, &mut each)
    }

    /// Calls `each` for those of these samples that exist, except relatives all of whose families are withdrawn, in the
    /// order of their import, without duplicates.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read; what `each` fails with.
    pub fn samples_named<E: From<LedgerError>>(
        &self,
        panel: &Panel,
        named: &[Pseudonym],
        mut each: impl FnMut(Sample) -> Result<(), E>,
    ) -> Result<(), E> {
        let condition = format!(
            "id IN (SELECT id FROM sample WHERE pseudonym IN (SELECT unhex(value) FROM json_each(?1)))
             AND (role = 'child' OR {IS_USED})"
        );
        self.read_samples(panel, &condition, Some(pseudonym_list(named).into()), &mut each)
    }

    fn read_samples<E: From<LedgerError>>(
        &self,
        panel: &Panel,
        condition: &str,
        value: Option<Value>,
        each: &mut dyn FnMut(Sample) -> Result<(), E>,
    ) -> Result<(), E> {
        let tx = self.connection.unchecked_transaction().map_err(LedgerError::from)?;
        let positions = Positions::of_all(&tx, panel)?;
        let sql = format!(
            "SELECT pseudonym, profile, drop_out, role = 'child' FROM sample WHERE {condition} ORDER BY sample.id"
        );
        let mut statement = tx.prepare(&sql).map_err(LedgerError::from)?;
        let mut rows = statement.query(params_from_iter(value)).map_err(LedgerError::from)?;
        while let Some(row) = rows.next().map_err(LedgerError::from)? {
            let pseudonym = pseudonym(row, 0)?;
            let (profile, drop_out) = positions.read(row, pseudonym, 1)?;
            let sample = Child { pseudonym, profile, drop_out };
            each(Sample { sample, is_child: row.get(3).map_err(LedgerError::from)? })?;
        }
        Ok(())
    }

    /// Returns the number of samples that the ledger has had at most: the largest id.
    ///
    /// # Errors
    /// A database error.
    pub fn samples_at_most(&self) -> Result<u64, LedgerError> {
        let most: i64 = self.connection.query_row("SELECT coalesce(max(id), 0) FROM sample", [], |row| row.get(0))?;
        Ok(most.unsigned_abs())
    }

    /// Returns those of these samples that are of relatives with a family that is not withdrawn, by pseudonym, without
    /// duplicates. Reads all of them with one query.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn relatives_named(&self, panel: &Panel, named: &[Pseudonym]) -> Result<Vec<Child>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let positions = Positions::new(&tx, panel)?;
        let mut statement = tx.prepare(
            "SELECT pseudonym, profile, drop_out FROM sample
             WHERE role = 'relative' AND pseudonym IN (SELECT unhex(value) FROM json_each(?1)) AND EXISTS
             (SELECT 1 FROM member JOIN family ON family.id = member.family_id
              WHERE member.sample_id = sample.id AND family.withdrawn IS NULL) ORDER BY +pseudonym",
        )?;
        positions.read_children(statement.query([pseudonym_list(named)])?)
    }

    /// Returns every relative's sample with each of its families that is not withdrawn, by sample and family.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn memberships(&self) -> Result<Vec<(Pseudonym, Pseudonym)>, LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT sample.pseudonym, family.pseudonym FROM member JOIN family ON family.id = member.family_id
             JOIN sample ON sample.id = member.sample_id WHERE family.withdrawn IS NULL",
        )?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push((pseudonym(row, 0)?, pseudonym(row, 1)?));
        }
        all.sort_unstable();
        Ok(all)
    }
}
