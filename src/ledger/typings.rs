//! Stores the typings of samples that have several, each in the form in which it was imported. The sample's row then
//! holds the joined result, see [`Joined`]. A sample with one typing has it in its row alone, and no row here.
//!
//! `typing.profile`: see `codec`. `typing.many`: the loci with more than two alleles, by rising id: id, number of
//! alleles, and the alleles in tenths of a repeat, two bytes each, little-endian; null if there are none. Both forms
//! are canonical.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Statement, Transaction, named_params, params_from_iter};

use super::checksum::{Checksum, Sum};
use super::column::{drop_out, pseudonym, pseudonym_list};
use super::described::{self, with_text};
use super::ledger::Ledger;
use super::{LedgerError, codec, integrity};
use crate::model::{
    Allele, DropOut, Genotype, Joined, Locus, ManyAlleles, Observed, Pseudonym, SampleRecord, Sex, Typing,
    joined_drop_out,
};

/// The observations of a typing or a sample, by locus id.
pub(super) type Shown = BTreeMap<u16, Observed>;

/// A typing that is stored, or about to be.
#[derive(Clone, Debug)]
pub(super) struct StoredTyping {
    pub(super) import: i64,
    pub(super) shown: Shown,
    pub(super) drop_out: Option<DropOut>,
    pub(super) origin: Origin,
}

/// Origin of a typing, which distinguishes it from the sample's other typings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) agency: Option<String>,
    pub(super) kit: Option<String>,
    /// The day, in its stored form.
    pub(super) collected_on: Option<String>,
}

impl Origin {
    pub(super) fn of(record: &SampleRecord) -> Self {
        Self {
            agency: record.agency.as_deref().map(str::to_owned),
            kit: record.kit.as_deref().map(str::to_owned),
            collected_on: record.collected_on.map(|day| day.to_string()),
        }
    }

    fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<Self> {
        Ok(Self { agency: row.get(column)?, kit: row.get(column + 1)?, collected_on: row.get(column + 2)? })
    }
}

fn encode_many(shown: &Shown) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (id, observed) in shown {
        if let Observed::Many(many) = observed {
            let alleles = many.alleles();
            bytes.extend(id.to_le_bytes());
            // There are at most eight alleles.
            bytes.extend(u16::try_from(alleles.len()).unwrap_or(u16::MAX).to_le_bytes());
            bytes.extend(alleles.iter().flat_map(|allele| allele.tenths().to_le_bytes()));
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// Decodes the loci with more than two alleles into `shown`.
///
/// # Errors
/// A description of the fault.
fn decode_many(blob: &[u8], shown: &mut Shown) -> Result<(), &'static str> {
    let short = "the alleles of a locus are cut short";
    let (words, rest) = blob.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(short);
    }
    let mut words = words.iter().map(|&word| u16::from_le_bytes(word));
    while let Some(id) = words.next() {
        let number = usize::from(words.next().ok_or(short)?);
        let alleles: Vec<u16> = words.by_ref().take(number).collect();
        if alleles.len() < number {
            return Err(short);
        }
        let alleles = alleles.into_iter().map(Allele::from_tenths).collect::<Result<_, _>>();
        let many = alleles.ok().and_then(ManyAlleles::new).ok_or("a locus has not three to eight alleles")?;
        if shown.insert(id, Observed::Many(many)).is_some() {
            return Err("a locus has a genotype and more than two alleles");
        }
    }
    Ok(())
}

fn genotypes(shown: &Shown) -> impl Iterator<Item = (u16, Genotype)> + Clone {
    shown.iter().filter_map(|(&id, observed)| match observed {
        Observed::Genotype(genotype) => Some((id, *genotype)),
        Observed::Many(_) => None,
    })
}

fn encode(sample: Pseudonym, drop_out: Option<DropOut>, shown: &Shown) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec::encode(sample, drop_out, genotypes(shown), &mut bytes);
    bytes
}

fn decode(sample: Pseudonym, drop_out: Option<DropOut>, blob: &[u8]) -> Result<Shown, LedgerError> {
    let mut shown = Shown::new();
    codec::decode(sample, drop_out, blob, |id, genotype| drop(shown.insert(id, Observed::Genotype(genotype))))
        .map_err(|what| LedgerError::Damaged { of: format!("sample {sample}"), what })?;
    Ok(shown)
}

/// Computes the checksum of a typing of a sample, over everything but its drop-out probability, which is in the checksum of
/// its profile.
fn checksum(sample: Pseudonym, import: i64, profile: &[u8], many: Option<&[u8]>, origin: &Origin) -> Sum {
    let begun =
        Checksum::default().with(sample.as_bytes()).with(import.to_le_bytes()).with(profile).with_optional(many);
    let texts = [&origin.agency, &origin.kit, &origin.collected_on];
    texts.into_iter().fold(begun, |values, text| with_text(values, text.as_deref())).sum()
}

const OF_SAMPLE: &str = "SELECT import_id, profile, drop_out, many, agency, kit, collected_on, sum FROM typing
                         WHERE sample_id = ?1 ORDER BY id";

/// Reads a typing from the columns of [`OF_SAMPLE`], whose checksum is in the column `sum`.
fn read(row: &Row<'_>, sample: Pseudonym, sum: usize) -> Result<StoredTyping, LedgerError> {
    let damaged = |what| LedgerError::Damaged { of: format!("sample {sample}"), what };
    let drop_out = drop_out(row, sample, 2)?;
    let blob = row.get_ref(1)?.as_blob().map_err(|_| damaged("the profile of a typing is missing"))?;
    let mut shown = decode(sample, drop_out, blob)?;
    let (import, many, origin) = (row.get(0)?, row.get::<_, Option<Vec<u8>>>(3)?, Origin::read(row, 4)?);
    if row.get::<_, Option<Sum>>(sum)? != Some(checksum(sample, import, blob, many.as_deref(), &origin)) {
        return Err(damaged("a typing of it was changed"));
    }
    if let Some(many) = many {
        decode_many(&many, &mut shown).map_err(damaged)?;
    }
    Ok(StoredTyping { import, shown, drop_out, origin })
}

/// The data that the ledger holds of one sample.
pub(super) struct StoredSample {
    pub(super) sex: Sex,
    pub(super) region: Option<String>,
    /// The joined observations of its typings.
    pub(super) shown: Shown,
    pub(super) drop_out: Option<DropOut>,
    /// Its typings; empty if it has one alone.
    pub(super) typings: Vec<StoredTyping>,
    /// Its typing, if it has one alone.
    only: StoredTyping,
}

impl StoredSample {
    /// Returns all typings, also a single one.
    pub(super) fn all_typings(&self) -> &[StoredTyping] {
        if self.typings.is_empty() { std::slice::from_ref(&self.only) } else { &self.typings }
    }
}

/// Reads and writes typings while a batch is imported.
pub(super) struct TypingsOfSamples<'t> {
    sample: Statement<'t>,
    many: Statement<'t>,
    select: Statement<'t>,
    insert: Statement<'t>,
    delete: Statement<'t>,
    update: Statement<'t>,
    delete_many: Statement<'t>,
    insert_many: Statement<'t>,
    renewal: described::Renewal<'t>,
}

impl<'t> TypingsOfSamples<'t> {
    pub(super) fn new(tx: &'t Connection) -> Result<Self, LedgerError> {
        Ok(Self {
            sample: tx.prepare(&format!(
                "SELECT profile, drop_out, agency, kit, collected_on, coalesce(changed, import_id), sex, region, {}
                 FROM sample WHERE id = ?1",
                described::COLUMNS
            ))?,
            many: tx.prepare("SELECT locus_id, alleles FROM many_alleles WHERE sample_id = ?1")?,
            select: tx.prepare(OF_SAMPLE)?,
            insert: tx.prepare(
                "INSERT INTO typing (sample_id, import_id, profile, drop_out, many, agency, kit, collected_on, sum)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
            delete: tx.prepare("DELETE FROM typing WHERE sample_id = ?1")?,
            update: tx.prepare(
                "UPDATE sample SET profile = :profile, drop_out = :drop_out, agency = :agency, kit = :kit,
                 collected_on = :collected_on, sex = :sex, region = :region, changed = :import WHERE id = :id",
            )?,
            delete_many: tx.prepare("DELETE FROM many_alleles WHERE sample_id = ?1")?,
            insert_many: tx.prepare("INSERT INTO many_alleles (sample_id, locus_id, alleles) VALUES (?1, ?2, ?3)")?,
            renewal: described::Renewal::new(tx)?,
        })
    }

    /// Reads the sample with this id.
    pub(super) fn read(&mut self, id: i64, sample: Pseudonym) -> Result<StoredSample, LedgerError> {
        let typings = self.typings(id, sample)?;
        let damaged = |what| LedgerError::Damaged { of: format!("sample {sample}"), what };
        let mut rows = self.sample.query([id])?;
        let row = rows.next()?.ok_or_else(|| damaged("it is missing"))?;
        described::check(row, sample, 8)?;
        let drop_out = drop_out(row, sample, 1)?;
        let blob = row.get_ref(0)?.as_blob().map_err(|_| damaged("the profile is missing"))?;
        let mut shown = decode(sample, drop_out, blob)?;
        let mut many = self.many.query([id])?;
        while let Some(row) = many.next()? {
            let alleles = super::multi_allele::decode(&row.get::<_, Vec<u8>>(1)?).map_err(damaged)?;
            shown.insert(row.get(0)?, Observed::Many(alleles));
        }
        let sex = row.get_ref(6)?.as_str().ok().and_then(|word| word.parse().ok());
        Ok(StoredSample {
            sex: sex.ok_or_else(|| damaged("the sex is invalid"))?,
            region: row.get(7)?,
            only: StoredTyping { import: row.get(5)?, shown: shown.clone(), drop_out, origin: Origin::read(row, 2)? },
            shown,
            drop_out,
            typings,
        })
    }

    fn typings(&mut self, id: i64, sample: Pseudonym) -> Result<Vec<StoredTyping>, LedgerError> {
        let mut rows = self.select.query([id])?;
        let mut typings = Vec::new();
        while let Some(row) = rows.next()? {
            typings.push(read(row, sample, 7)?);
        }
        Ok(typings)
    }

    /// Writes these typings of a sample and their joined result. A single typing has no row besides the sample's.
    pub(super) fn write(
        &mut self,
        (id, sample): (i64, Pseudonym),
        typings: &[StoredTyping],
        (sex, region): (Sex, Option<&str>),
        import: i64,
    ) -> Result<(), LedgerError> {
        self.delete.execute([id])?;
        if typings.len() > 1 {
            for typing in typings {
                let Origin { agency, kit, collected_on } = &typing.origin;
                let (profile, many) = (encode(sample, typing.drop_out, &typing.shown), encode_many(&typing.shown));
                let sum = checksum(sample, typing.import, &profile, many.as_deref(), &typing.origin);
                self.insert.execute((
                    id,
                    typing.import,
                    profile,
                    typing.drop_out.map(DropOut::get),
                    many,
                    agency,
                    kit,
                    collected_on,
                    sum,
                ))?;
            }
        }
        let joined = Joined::of(typings.iter().map(|typing| typing.shown.clone())).agreed;
        let drop_out = joined_drop_out(typings.iter().map(|typing| typing.drop_out));
        self.update.execute(named_params! {
            ":profile": encode(sample, drop_out, &joined), ":drop_out": drop_out.map(DropOut::get),
            ":agency": common(typings, |origin| origin.agency.as_deref()),
            ":kit": common(typings, |origin| origin.kit.as_deref()),
            ":collected_on": common(typings, |origin| origin.collected_on.as_deref()),
            ":sex": sex.word(), ":region": region, ":import": import, ":id": id,
        })?;
        self.renewal.renew(id)?;
        self.delete_many.execute([id])?;
        for (locus, observed) in &joined {
            if let Observed::Many(many) = observed {
                self.insert_many.execute((id, locus, super::multi_allele::encode(many)))?;
            }
        }
        Ok(())
    }
}

/// Returns the value that all typings with a value have in common; `None` if they differ.
fn common<'a>(typings: &'a [StoredTyping], of: impl Fn(&'a Origin) -> Option<&'a str>) -> Option<&'a str> {
    let mut stated = typings.iter().filter_map(|typing| of(&typing.origin));
    let first = stated.next()?;
    stated.all(|other| other == first).then_some(first)
}

impl Ledger {
    /// Returns the typings of samples that have several, in the order of their import, by sample; of the given samples,
    /// or of all.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn typings(&self, samples: Option<&[Pseudonym]>) -> Result<BTreeMap<Pseudonym, Vec<Typing>>, LedgerError> {
        let loci = loci(&self.connection)?;
        let (condition, values) = match samples {
            None => ("1", vec![]),
            Some(samples) => (
                "sample.pseudonym IN (SELECT unhex(value) FROM json_each(?1))",
                vec![Value::from(pseudonym_list(samples))],
            ),
        };
        let mut statement = self.connection.prepare(&format!(
            "SELECT typing.import_id, typing.profile, typing.drop_out, typing.many, typing.agency, typing.kit,
             typing.collected_on, sample.pseudonym, import.imported_at, typing.sum
             FROM typing JOIN sample ON sample.id = typing.sample_id JOIN import ON import.id = typing.import_id
             WHERE {condition} ORDER BY typing.sample_id, typing.id"
        ))?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut all: BTreeMap<Pseudonym, Vec<Typing>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let sample = pseudonym(row, 7)?;
            let damaged = |what| LedgerError::Damaged { of: format!("sample {sample}"), what };
            let StoredTyping { import, shown, drop_out, origin } = read(row, sample, 9)?;
            let named = |(id, observed)| {
                let locus: Option<&Locus> = loci.get(&id);
                locus.map(|locus| (locus.clone(), observed)).ok_or(damaged("the profile names an unknown locus"))
            };
            let day =
                origin.collected_on.map(|day| day.parse().map_err(|_| damaged("the day of collection is invalid")));
            all.entry(sample).or_default().push(Typing {
                import: import.unsigned_abs(),
                imported_at: row.get(8)?,
                agency: origin.agency.map(Arc::from),
                kit: origin.kit.map(Arc::from),
                collected_on: day.transpose()?,
                drop_out,
                observed: shown.into_iter().map(named).collect::<Result<_, _>>()?,
            });
        }
        Ok(all)
    }
}

fn loci(connection: &Connection) -> Result<BTreeMap<u16, Locus>, LedgerError> {
    let damaged = |_| LedgerError::Damaged { of: "the loci".to_owned(), what: "a name is invalid" };
    integrity::loci(connection)?.into_iter().map(|(id, name)| Ok((id, name.parse().map_err(damaged)?))).collect()
}

/// Writes the typings of samples with these ids, each under its new name.
pub(super) fn rename(tx: &Transaction<'_>, samples: &[(i64, Pseudonym, Pseudonym)]) -> Result<(), LedgerError> {
    let mut select = tx.prepare(&OF_SAMPLE.replacen("SELECT ", "SELECT id, ", 1))?;
    let mut update = tx.prepare("UPDATE typing SET profile = ?2, sum = ?3 WHERE id = ?1")?;
    for &(id, old, new) in samples {
        let mut renamed: Vec<(i64, Vec<u8>, Sum)> = Vec::new();
        let mut rows = select.query([id])?;
        while let Some(row) = rows.next()? {
            let drop_out = drop_out(row, old, 3)?;
            let damaged = |what| LedgerError::Damaged { of: format!("sample {old}"), what };
            let (blob, many): (Vec<u8>, Option<Vec<u8>>) = (row.get(2)?, row.get(4)?);
            let (import, origin) = (row.get(1)?, Origin::read(row, 5)?);
            if row.get::<_, Option<Sum>>(8)? != Some(checksum(old, import, &blob, many.as_deref(), &origin)) {
                return Err(damaged("a typing of it was changed"));
            }
            let blob = codec::under_new_pseudonym(old, drop_out, &blob, new).map_err(damaged)?;
            let sum = checksum(new, import, &blob, many.as_deref(), &origin);
            renamed.push((row.get(0)?, blob, sum));
        }
        for row in &renamed {
            update.execute((row.0, &row.1, row.2))?;
        }
    }
    Ok(())
}

/// Accepts all typings as sound, in a ledger that had no checksums of this kind.
pub(super) fn accept_all(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let mut select = tx.prepare(
        "SELECT typing.id, sample.pseudonym, typing.import_id, typing.profile, typing.many, typing.agency, typing.kit,
         typing.collected_on FROM typing JOIN sample ON sample.id = typing.sample_id",
    )?;
    let mut rows = select.query([])?;
    let mut sums: Vec<(i64, Sum)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (profile, many): (Vec<u8>, Option<Vec<u8>>) = (row.get(3)?, row.get(4)?);
        let sum = checksum(pseudonym(row, 1)?, row.get(2)?, &profile, many.as_deref(), &Origin::read(row, 5)?);
        sums.push((row.get(0)?, sum));
    }
    let mut update = tx.prepare("UPDATE typing SET sum = ?2 WHERE id = ?1")?;
    sums.iter().try_for_each(|(id, sum)| update.execute((id, sum)).map(drop))?;
    Ok(())
}

/// Appends every fault of the typings: each must be readable, and a sample's profile must be their joined result.
pub(super) fn verify(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let known: BTreeSet<u16> = match integrity::loci(connection) {
        Ok(loci) => loci.into_iter().map(|locus| locus.0).collect(),
        // Another check reports the fault of the loci.
        Err(_) => return Ok(()),
    };
    let mut samples = connection
        .prepare("SELECT id, pseudonym FROM sample WHERE id IN (SELECT sample_id FROM typing) ORDER BY id")?;
    let mut rows = samples.query([])?;
    let mut typings = TypingsOfSamples::new(connection)?;
    while let Some(row) = rows.next()? {
        let checked = pseudonym(row, 1).and_then(|sample| {
            let stored = typings.read(row.get(0)?, sample)?;
            let of = &stored.typings;
            let joined = Joined::of(of.iter().map(|typing| typing.shown.clone())).agreed;
            let drop_out = joined_drop_out(of.iter().map(|typing| typing.drop_out));
            let damaged = |what| Err(LedgerError::Damaged { of: format!("sample {sample}"), what });
            if of.iter().any(|typing| typing.shown.keys().any(|id| !known.contains(id))) {
                damaged("a typing names an unknown locus")
            } else if of.len() < 2 || joined != stored.shown || drop_out != stored.drop_out {
                damaged("its profile is not what its typings show together")
            } else {
                Ok(())
            }
        });
        findings.extend(checked.err().map(|error| error.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loci_with_many_alleles_are_read_as_they_were_written_and_damage_is_refused() {
        let allele = |text: &str| text.parse::<Allele>().unwrap();
        let many = Observed::Many(ManyAlleles::new(vec![allele("16"), allele("9.3"), allele("14")]).unwrap());
        let shown = Shown::from([(1, Observed::Genotype("14".parse().unwrap())), (300, many)]);
        let blob = encode_many(&shown).unwrap();
        assert_eq!(blob, [44, 1, 3, 0, 93, 0, 140, 0, 160, 0]);
        let mut read = Shown::from([(1, Observed::Genotype("14".parse().unwrap()))]);
        decode_many(&blob, &mut read).unwrap();
        assert_eq!(read, shown);
        assert!(decode_many(&blob, &mut read).is_err(), "twice");
        for length in 1..blob.len() {
            assert!(decode_many(&blob[..length], &mut Shown::new()).is_err(), "{length}");
        }
        assert_eq!(encode_many(&Shown::new()), None);
    }
}
