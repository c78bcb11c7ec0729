//! Reads samples in the form in which they were imported, for export.

use std::sync::Arc;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Row, params_from_iter};

use super::checksum::Sum;
use super::column::{pseudonym, pseudonym_list, relation};
use super::families::Positions;
use super::integrity::{self, Held};
use super::ledger::Ledger;
use super::{LedgerError, described, multi_allele};
use crate::model::{Layout, Locus, Pseudonym, SampleRecord, Sex};

/// Selection of families or children.
#[derive(Clone, Copy, Debug)]
pub enum Chosen<'a> {
    /// All; for families, all that are not withdrawn.
    All,
    /// These, withdrawn or not.
    Those(&'a [Pseudonym]),
}

impl Ledger {
    /// Returns every locus at which a sample may be typed, by name.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] if a name is invalid or differs from the one that was written.
    pub fn loci(&self) -> Result<Vec<Locus>, LedgerError> {
        let damaged = |_| LedgerError::Damaged { of: "the loci".to_owned(), what: "a name is invalid" };
        let mut names: Vec<String> = integrity::loci(&self.connection)?.into_iter().map(|locus| locus.1).collect();
        names.sort_unstable();
        names.iter().map(|name| name.parse().map_err(damaged)).collect()
    }

    /// Calls `each` for the relatives of families, by family, relation and sample, or for children, by sample. Their
    /// profiles are over these loci.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read, and the errors of `each`.
    pub fn export<E: From<LedgerError>>(
        &self,
        layout: Layout,
        chosen: Chosen<'_>,
        loci: &[Locus],
        mut each: impl FnMut(SampleRecord) -> Result<(), E>,
    ) -> Result<(), E> {
        // The transaction shows one state of the data, even if another process imports meanwhile.
        let tx = self.connection.unchecked_transaction().map_err(LedgerError::from)?;
        let positions = Positions::over(&tx, loci.len(), |locus| loci.iter().position(|one| one == locus))?;
        let mut many = multi_allele::by_sample(&tx, |locus| loci.iter().position(|one| one == locus))?;
        let (condition, values) = match (layout, chosen) {
            (Layout::Families, Chosen::All) => ("family.withdrawn IS NULL", vec![]),
            (Layout::Families, Chosen::Those(those)) => (
                "+family.pseudonym IN (SELECT unhex(value) FROM json_each(?1))",
                vec![Value::from(pseudonym_list(those))],
            ),
            (Layout::Children, Chosen::All) => ("sample.role = 'child'", vec![]),
            (Layout::Children, Chosen::Those(those)) => (
                "sample.role = 'child' AND sample.pseudonym IN (SELECT unhex(value) FROM json_each(?1))",
                vec![Value::from(pseudonym_list(those))],
            ),
        };
        let columns = "sample.pseudonym, sample.profile, sample.drop_out, sample.sex, sample.agency, sample.region,
                       sample.kit, sample.collected_on";
        let to_check = described::COLUMNS;
        let sql = match layout {
            Layout::Families => format!(
                "SELECT {columns}, family.pseudonym, member.relation, member.place, family.sum, pedigree.links, {to_check}
                 FROM family LEFT JOIN member ON member.family_id = family.id
                 LEFT JOIN sample ON sample.id = member.sample_id LEFT JOIN pedigree ON pedigree.family_id = family.id
                 WHERE {condition} ORDER BY family.pseudonym"
            ),
            Layout::Children => format!("SELECT {columns}, {to_check} FROM sample WHERE {condition} ORDER BY sample.pseudonym"),
        };
        let mut statement = tx.prepare(&sql).map_err(LedgerError::from)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(LedgerError::from)?;
        let mut family = OfFamily::default();
        let mut number = 0;
        while let Some(row) = rows.next().map_err(LedgerError::from)? {
            if matches!(row.get_ref(0).map_err(LedgerError::from)?, ValueRef::Null) {
                return Err(integrity::relatives_changed(format!("family {}", pseudonym(row, 8)?)).into());
            }
            let mut record = read_record(row, layout, &positions)?;
            // A relative of several families occurs several times.
            record.many = match layout {
                Layout::Families => many.get(&record.sample).cloned(),
                Layout::Children => many.remove(&record.sample),
            }
            .unwrap_or_default();
            let last = family.relatives.last();
            let is_next = last.is_none_or(|last| last.0.family.map(|of| of.0) != record.family.map(|of| of.0));
            number += u64::from(is_next);
            match layout {
                Layout::Families => {
                    if is_next {
                        family.flush(&mut each)?;
                        family.sum = row.get(11).map_err(LedgerError::from)?;
                        family.links = row.get(12).map_err(LedgerError::from)?;
                    }
                    family.relatives.push((record, row.get(10).map_err(LedgerError::from)?));
                }
                Layout::Children => each(record)?,
            }
        }
        family.flush(&mut each)?;
        if matches!(chosen, Chosen::All) {
            integrity::check_count(&tx, layout, number)?;
        }
        Ok(())
    }
}

/// A family while its relatives are being read.
#[derive(Default)]
struct OfFamily {
    /// The relatives, each with its place in the pedigree.
    relatives: Vec<(SampleRecord, Option<i64>)>,
    links: Option<Vec<u8>>,
    sum: Option<Sum>,
}

impl OfFamily {
    /// Passes the relatives to `each` in their order, if the family's checksum is correct.
    fn flush<E: From<LedgerError>>(&mut self, each: impl FnMut(SampleRecord) -> Result<(), E>) -> Result<(), E> {
        let Some((family, _)) = self.relatives.first().and_then(|first| first.0.family) else { return Ok(()) };
        let held = self
            .relatives
            .iter()
            .filter_map(|(record, place)| record.family.map(|(_, relation)| (record.sample, relation, *place)))
            .map(|(sample, relation, place)| Held { sample, relation: relation.word(), place });
        integrity::check_family(family, held, self.links.as_deref(), self.sum)?;
        self.relatives.sort_unstable_by_key(|(record, _)| (record.family.map(|family| family.1), record.sample));
        self.relatives.drain(..).map(|relative| relative.0).try_for_each(each)
    }
}

fn read_record(row: &Row<'_>, layout: Layout, positions: &Positions) -> Result<SampleRecord, LedgerError> {
    let sample = pseudonym(row, 0)?;
    let damaged = |what| LedgerError::Damaged { of: format!("sample {sample}"), what };
    let sex: Sex =
        row.get_ref(3)?.as_str().ok().and_then(|word| word.parse().ok()).ok_or(damaged("the sex is invalid"))?;
    let text = |column: usize| -> Result<Option<Arc<str>>, LedgerError> {
        let text: Option<String> = row.get(column).map_err(|_| damaged("a text is invalid"))?;
        Ok(text.map(Arc::from))
    };
    let family = match layout {
        Layout::Children => None,
        Layout::Families => {
            let family = pseudonym(row, 8)?;
            Some((family, relation(family, row.get_ref(9)?.as_str())?))
        }
    };
    let (profile, drop_out) = positions.read(row, sample, 1)?;
    described::check(row, sample, if family.is_some() { 13 } else { 8 })?;
    Ok(SampleRecord {
        line: 0,
        sample,
        family,
        sex,
        agency: text(4)?,
        region: text(5)?,
        kit: text(6)?,
        collected_on: text(7)?
            .map(|day| day.parse().map_err(|_| damaged("the day of collection is invalid")))
            .transpose()?,
        drop_out,
        profile,
        many: Vec::new(),
    })
}
