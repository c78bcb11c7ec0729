//! Stores the loci at which a sample has three or more alleles, separately from its profile: likelihood ratios do not
//! use them, but they must not get lost.
//!
//! `many_alleles.alleles` holds the alleles in tenths of a repeat, two bytes each, little-endian, in rising order,
//! without duplicates, three to eight of them. The form is canonical: equal alleles have equal bytes.

use std::collections::HashMap;

use rusqlite::{Connection, Row, Statement, Transaction};

use super::column::{drop_out, pseudonym};
use super::ledger::Ledger;
use super::{LedgerError, codec};
use crate::model::{Allele, Locus, ManyAlleles, Panel, Pseudonym, SampleRecord};

pub(super) fn encode(many: &ManyAlleles) -> Vec<u8> {
    many.alleles().iter().flat_map(|allele| allele.tenths().to_le_bytes()).collect()
}

/// Decodes the alleles of one locus.
///
/// # Errors
/// A description of the fault.
/// Reads and writes these loci while a batch is imported.
pub(super) fn decode(blob: &[u8]) -> Result<ManyAlleles, &'static str> {
    let (words, rest) = blob.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("the alleles of a locus are cut short");
    }
    let allele = |&word: &[u8; 2]| Allele::from_tenths(u16::from_le_bytes(word));
    let alleles: Vec<Allele> =
        words.iter().map(allele).collect::<Result<_, _>>().map_err(|_| "an allele is out of range")?;
    if !alleles.is_sorted_by(|a, b| a < b) {
        return Err("the alleles of a locus are out of order");
    }
    ManyAlleles::new(alleles).ok_or("a locus has not three to eight alleles")
}

/// Reads and writes them while a batch is imported.
pub(super) struct ManyOfSamples<'t> {
    read: Statement<'t>,
    insert: Statement<'t>,
    delete: Statement<'t>,
    /// Set if the ledger had any when the import began.
    any: bool,
}

impl<'t> ManyOfSamples<'t> {
    pub(super) fn new(tx: &'t Transaction<'_>) -> Result<Self, LedgerError> {
        Ok(Self {
            read: tx.prepare("SELECT locus_id, alleles FROM many_alleles WHERE sample_id = ?1 ORDER BY locus_id")?,
            insert: tx.prepare("INSERT INTO many_alleles (sample_id, locus_id, alleles) VALUES (?1, ?2, ?3)")?,
            delete: tx.prepare("DELETE FROM many_alleles WHERE sample_id = ?1")?,
            any: tx.query_row("SELECT EXISTS (SELECT 1 FROM many_alleles)", [], |row| row.get(0))?,
        })
    }

    /// Reports whether the ledger's loci of a sample equal those of a record. `locus` returns the id of a position in
    /// the batch.
    pub(super) fn agree(
        &mut self,
        sample: i64,
        record: &SampleRecord,
        locus: impl Fn(usize) -> Option<u16>,
    ) -> Result<bool, LedgerError> {
        if !self.any {
            return Ok(record.many.is_empty());
        }
        let mut given: Vec<(u16, Vec<u8>)> =
            record.many.iter().filter_map(|(position, many)| Some((locus(*position)?, encode(many)))).collect();
        given.sort_unstable();
        let stored = self.read.query_map([sample], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(stored.collect::<rusqlite::Result<Vec<(u16, Vec<u8>)>>>()? == given)
    }

    /// Writes the loci of a sample and replaces the stored ones.
    pub(super) fn write(
        &mut self,
        sample: i64,
        record: &SampleRecord,
        is_new: bool,
        locus: impl Fn(usize) -> Option<u16>,
    ) -> Result<(), LedgerError> {
        if self.any && !is_new {
            self.delete.execute([sample])?;
        }
        for (position, many) in &record.many {
            self.insert.execute((sample, locus(*position), encode(many)))?;
        }
        Ok(())
    }
}

impl Ledger {
    /// Returns the loci of a panel at which a sample has more than two alleles, by position, with the alleles; an empty
    /// list if the sample is unknown.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] if they cannot be read.
    pub fn many_alleles(&self, panel: &Panel, sample: Pseudonym) -> Result<Vec<(usize, ManyAlleles)>, LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT locus.name, many_alleles.alleles FROM sample JOIN many_alleles ON sample_id = sample.id
             JOIN locus ON locus.id = locus_id WHERE sample.pseudonym = ?1",
        )?;
        let mut rows = statement.query([sample.as_bytes()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.extend(read(row, sample, 0, &|locus| panel.position(locus))?);
        }
        found.sort_unstable_by_key(|one| one.0);
        Ok(found)
    }
}

/// Reads these loci for every sample that has some, by one query, because they are rare. `position` returns the
/// position of a locus, if it is wanted.
pub(super) fn by_sample(
    connection: &Connection,
    position: impl Fn(&Locus) -> Option<usize>,
) -> Result<HashMap<Pseudonym, Vec<(usize, ManyAlleles)>>, LedgerError> {
    let mut statement = connection.prepare(
        "SELECT sample.pseudonym, locus.name, many_alleles.alleles FROM many_alleles JOIN sample ON sample.id = sample_id
         JOIN locus ON locus.id = locus_id",
    )?;
    let mut rows = statement.query([])?;
    let mut all: HashMap<Pseudonym, Vec<(usize, ManyAlleles)>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let sample = pseudonym(row, 0)?;
        if let Some(found) = read(row, sample, 1, &position)? {
            all.entry(sample).or_default().push(found);
        }
    }
    all.values_mut().for_each(|found| found.sort_unstable_by_key(|one| one.0));
    Ok(all)
}

/// Reads one locus of a sample: its name in a column, and the alleles in the next.
fn read(
    row: &Row<'_>,
    sample: Pseudonym,
    column: usize,
    position: &impl Fn(&Locus) -> Option<usize>,
) -> Result<Option<(usize, ManyAlleles)>, LedgerError> {
    let damaged = |what| LedgerError::Damaged { of: format!("sample {sample}"), what };
    let name: String = row.get(column)?;
    let many = row.get_ref(column + 1)?.as_blob().map_err(|_| damaged("alleles are missing"))?;
    let many = decode(many).map_err(damaged)?;
    let locus = name.parse().map_err(|_| damaged("a locus has no name"))?;
    Ok(position(&locus).map(|position| (position, many)))
}

/// Reads all rows, and appends every fault.
pub(super) fn verify(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let mut statement = connection.prepare(
        "SELECT sample.pseudonym, many_alleles.alleles, sample.profile, many_alleles.locus_id,
         sample.drop_out
         FROM many_alleles JOIN sample ON sample.id = sample_id ORDER BY sample_id, locus_id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let wrong = match decode(&row.get::<_, Vec<u8>>(1)?) {
            Err(what) => Some(what),
            Ok(_) => {
                let (profile, id): (Vec<u8>, u16) = (row.get(2)?, row.get(3)?);
                let mut typed = false;
                // The verification of profiles reports a damaged one.
                let sample = pseudonym(row, 0).and_then(|sample| Ok((sample, drop_out(row, sample, 4)?)));
                let _ = sample.map(|(sample, drop_out)| {
                    codec::decode(sample, drop_out, &profile, |locus, _| typed |= locus == id)
                });
                typed.then_some("a locus has a genotype and more than two alleles")
            }
        };
        if let Some(what) = wrong {
            let of = pseudonym(row, 0).map_or("a sample".to_owned(), |sample| format!("sample {sample}"));
            findings.push(LedgerError::Damaged { of, what }.to_string());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alleles_are_read_as_they_were_written_and_damage_is_refused() {
        let allele = |text: &str| text.parse::<Allele>().unwrap();
        let many = ManyAlleles::new(vec![allele("16"), allele("9.3"), allele("14")]).unwrap();
        assert_eq!(encode(&many), [93, 0, 140, 0, 160, 0]);
        assert_eq!(decode(&encode(&many)), Ok(many));
        for bad in [
            &[93, 0, 140, 0, 160][..],
            &[93, 0, 140, 0],
            &[93, 0, 140, 0, 140, 0],
            &[160, 0, 140, 0, 93, 0],
            &[9, 0, 140, 0, 160, 0],
            &[],
        ] {
            assert!(decode(bad).is_err(), "{bad:?}");
        }
    }
}
