//! What the ledger holds of the samples of a batch, and whether the batch agrees.

use std::collections::HashSet;

use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement, Transaction};

use super::plan::{Action, Plan};
use crate::ledger::multi_allele::ManyOfSamples;
use crate::ledger::{Batch, ConflictKind, LedgerError, OnConflict, codec, integrity, pedigrees};
use crate::model::{DropOut, Layout, Locus, Pseudonym, SampleRecord};

/// Encodes the profiles of a batch with the ledger's locus ids.
pub(super) struct Encoder {
    /// Id of each locus and its position in the batch, by rising id.
    order: Vec<(u16, usize)>,
}

impl Encoder {
    /// Gives new loci an id. Checks that every profile is over the loci of the batch.
    pub(super) fn new(tx: &Transaction<'_>, batch: &Batch) -> Result<Self, LedgerError> {
        if batch.loci.iter().collect::<HashSet<_>>().len() < batch.loci.len() {
            return Err(LedgerError::Mixed("a locus stands in it twice"));
        }
        pedigrees::by_family(batch)?;
        for row in &batch.rows {
            if row.family.is_some() != (batch.layout == Layout::Families) {
                return Err(LedgerError::Mixed("a relative needs a family, and a child has none"));
            }
            let found = row.profile.genotypes().len();
            if found != batch.loci.len() {
                return Err(LedgerError::Shape { line: row.line, found, loci: batch.loci.len() });
            }
            if row.many.iter().any(|&(at, _)| at >= found || row.profile.at(at).is_some()) {
                return Err(LedgerError::Mixed("a locus has a genotype and more than two alleles, or is none"));
            }
        }
        let mut loci = integrity::loci(tx)?;
        let before = loci.len();
        let mut order = Vec::with_capacity(batch.loci.len());
        let mut insert = tx.prepare("INSERT INTO locus (id, name) VALUES (?1, ?2)")?;
        for (position, name) in batch.loci.iter().map(Locus::name).enumerate() {
            let id = match loci.iter().find(|locus| locus.1 == name) {
                Some(locus) => locus.0,
                None => {
                    let last = loci.last().map_or(0, |locus| locus.0);
                    let id = last.checked_add(1).ok_or(LedgerError::TooManyLoci)?;
                    insert.execute((id, name))?;
                    loci.push((id, name.to_owned()));
                    id
                }
            };
            order.push((id, position));
        }
        if loci.len() > before {
            integrity::renew_loci(tx)?;
        }
        order.sort_unstable();
        Ok(Self { order })
    }

    /// Appends the profile of a record as it is stored.
    pub(super) fn encode(&self, record: &SampleRecord, bytes: &mut Vec<u8>) {
        let typed = self.order.iter().filter_map(|&(id, at)| record.profile.at(at).map(|genotype| (id, genotype)));
        codec::encode(record.sample, record.drop_out, typed, bytes);
    }

    /// The id of the locus at a position of the batch.
    pub(super) fn id(&self, position: usize) -> Option<u16> {
        self.order.iter().find(|&&(_, at)| at == position).map(|&(id, _)| id)
    }
}

/// Decides for every sample of the batch.
pub(super) fn plan(
    tx: &Transaction<'_>,
    batch: &Batch,
    encoder: &Encoder,
    on_conflict: OnConflict,
    plan: &mut Plan,
) -> Result<(), LedgerError> {
    let mut known = Known::new(tx, batch)?;
    let order = std::mem::take(&mut plan.order);
    for same in order.chunk_by(|a, b| a.0 == b.0) {
        let first = same[0].2;
        let stored = known.find(encoder, same[0].0, &batch.rows[first])?;
        let differs = stored.as_ref().map_or(&[][..], |stored| &stored.differs);
        let action = match &stored {
            None => Action::Insert,
            Some(stored) if differs.is_empty() => Action::None(stored.id),
            Some(stored) => Action::Replace { id: stored.id, profile: differs.contains(&ConflictKind::Profile) },
        };
        for &(_, _, i) in same {
            plan.samples[i] = action;
            if i == first || same_sample(&batch.rows[i], &batch.rows[first]) {
                differs.iter().for_each(|&kind| plan.conflict(batch, i, kind));
                plan.aside[i] = !differs.is_empty() && on_conflict == OnConflict::Keep;
            } else {
                plan.conflict(batch, i, ConflictKind::Itself);
                plan.aside[i] = true;
            }
        }
    }
    plan.order = order;
    Ok(())
}

/// What the ledger has of a sample, against a record.
struct Stored {
    id: i64,
    differs: Vec<ConflictKind>,
}

/// Looks up samples.
struct Known<'t> {
    select: Statement<'t>,
    many: ManyOfSamples<'t>,
    role: &'static str,
    /// Every pseudonym, rising, if reading them all is cheaper than asking for each.
    all: Option<Vec<Pseudonym>>,
    blob: Vec<u8>,
}

impl<'t> Known<'t> {
    fn new(tx: &'t Transaction<'_>, batch: &Batch) -> Result<Self, LedgerError> {
        let count: i64 = tx.query_row("SELECT count(*) FROM sample", [], |row| row.get(0))?;
        // Walking the index is some 10 times cheaper per sample than a look-up.
        let few = usize::try_from(count).is_ok_and(|count| count / 10 <= batch.rows.len());
        let all = if few {
            let mut statement = tx.prepare("SELECT pseudonym FROM sample ORDER BY pseudonym")?;
            let all = statement.query_map([], |row| Ok(Pseudonym::from_bytes(row.get(0)?)))?;
            Some(all.collect::<rusqlite::Result<_>>()?)
        } else {
            None
        };
        let select = tx.prepare(
            "SELECT id, role, sex, profile, agency, region, kit, collected_on, drop_out FROM sample WHERE pseudonym = ?1",
        )?;
        Ok(Self { select, many: ManyOfSamples::new(tx)?, role: role(batch.layout), all, blob: Vec::new() })
    }

    /// The stored sample of a record; `None` if there is none.
    ///
    /// The sample is given beside its record, which is not in the cache and not looked at if there is none.
    fn find(
        &mut self,
        encoder: &Encoder,
        sample: Pseudonym,
        record: &SampleRecord,
    ) -> Result<Option<Stored>, LedgerError> {
        if self.all.as_ref().is_some_and(|all| all.binary_search(&sample).is_err()) {
            return Ok(None);
        }
        self.blob.clear();
        encoder.encode(record, &mut self.blob);
        let mut rows = self.select.query([sample.as_bytes()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let text = |at, expected: Option<&str>| agrees(row, at, expected);
        let mut differs = Vec::new();
        if !text(1, Some(self.role))? {
            differs.push(ConflictKind::Role);
        }
        let same_drop_out = row.get::<_, Option<f64>>(8)? == record.drop_out.map(DropOut::get);
        let same_many = self.many.agree(row.get(0)?, record, |at| encoder.id(at))?;
        if !matches!(row.get_ref(3)?, ValueRef::Blob(stored) if stored == self.blob) || !same_drop_out || !same_many {
            differs.push(ConflictKind::Profile);
        }
        if !text(2, Some(record.sex.word()))? {
            differs.push(ConflictKind::Sex);
        }
        if !(text(4, record.agency.as_deref())?
            && text(5, record.region.as_deref())?
            && text(6, record.kit.as_deref())?
            && text(7, record.collected_on.map(|day| day.to_string()).as_deref())?)
        {
            differs.push(ConflictKind::Metadata);
        }
        Ok(Some(Stored { id: row.get(0)?, differs }))
    }
}

fn agrees(row: &Row<'_>, at: usize, expected: Option<&str>) -> rusqlite::Result<bool> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => expected.is_none(),
        ValueRef::Text(stored) => expected.is_some_and(|expected| expected.as_bytes() == stored),
        _ => false,
    })
}

/// The word of the role that samples of such a batch have.
pub(super) fn role(layout: Layout) -> &'static str {
    match layout {
        Layout::Families => "relative",
        Layout::Children => "child",
    }
}

/// Whether two rows describe one sample in the same way.
fn same_sample(a: &SampleRecord, b: &SampleRecord) -> bool {
    (&a.profile, &a.many, a.drop_out) == (&b.profile, &b.many, b.drop_out)
        && a.sex == b.sex
        && (&a.agency, &a.region, &a.kit, &a.collected_on) == (&b.agency, &b.region, &b.kit, &b.collected_on)
}
