//! Compares the samples of a batch with those that the ledger holds.

use std::collections::{HashMap, HashSet};

use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement, Transaction};

use super::plan::{Action, Plan};
use crate::ledger::described;
use crate::ledger::multi_allele::ManyOfSamples;
use crate::ledger::typings::{Origin, Shown, StoredSample, TypingsOfSamples};
use crate::ledger::{
    AddedTyping, Batch, Comparison, Conflict, ConflictKind, DifferingLocus, LedgerError, OnConflict, codec, integrity,
    pedigrees,
};
use crate::model::{DropOut, Layout, Locus, Observed, Pseudonym, SURE_LOCI, SampleRecord, Sex, drop_out_explains};

/// Encodes the profiles of a batch with the ledger's locus ids.
pub(super) struct Encoder {
    /// Id of each locus and its position in the batch, by rising id.
    order: Vec<(u16, usize)>,
}

impl Encoder {
    /// Assigns ids to new loci. Checks that every profile is over the loci of the batch.
    pub(super) fn new(tx: &Transaction<'_>, batch: &Batch) -> Result<Self, LedgerError> {
        if batch.loci.iter().collect::<HashSet<_>>().len() < batch.loci.len() {
            return Err(LedgerError::Mixed("it repeats a locus"));
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
                return Err(LedgerError::Mixed("a locus has a genotype and more than two alleles, or is invalid"));
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

    /// Appends the profile of a record in its stored form.
    pub(super) fn encode(&self, record: &SampleRecord, bytes: &mut Vec<u8>) {
        let typed = self.order.iter().filter_map(|&(id, at)| record.profile.at(at).map(|genotype| (id, genotype)));
        codec::encode(record.sample, record.drop_out, typed, bytes);
    }

    /// Returns the observations of a record, by the ledger's locus ids.
    pub(super) fn shown(&self, record: &SampleRecord) -> Shown {
        let genotype = |&(id, at): &(u16, usize)| Some((id, Observed::Genotype(record.profile.at(at)?)));
        let many = record.many.iter().filter_map(|(at, many)| Some((self.id(*at)?, Observed::Many(many.clone()))));
        self.order.iter().filter_map(genotype).chain(many).collect()
    }

    /// Returns the id of the locus at a position of the batch.
    pub(super) fn id(&self, position: usize) -> Option<u16> {
        self.order.iter().find(|&&(_, at)| at == position).map(|&(id, _)| id)
    }
}

/// Plans every sample of the batch.
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
        let Decision { action, conflicts } = match &stored {
            None => Decision { action: Action::Insert, conflicts: Vec::new() },
            Some(stored) => stored.decide(on_conflict),
        };
        if let (Action::Add { .. }, Some(comparison)) = (action, stored.and_then(|stored| stored.comparison)) {
            plan.added_typings.push(AddedTyping { line: batch.rows[first].line, sample: same[0].0, comparison });
        }
        for &(_, _, i) in same {
            plan.samples[i] = action;
            if i == first || same_sample(&batch.rows[i], &batch.rows[first]) {
                let line = batch.rows[i].line;
                let of_row = |(kind, comparison): &(ConflictKind, Option<Comparison>)| Conflict {
                    line,
                    sample: same[0].0,
                    kind: *kind,
                    comparison: comparison.clone(),
                };
                plan.conflicts.extend(conflicts.iter().map(of_row));
                plan.aside[i] = !conflicts.is_empty() && on_conflict == OnConflict::Keep;
            } else {
                plan.conflict(batch, i, ConflictKind::Itself);
                plan.aside[i] = true;
            }
        }
    }
    plan.order = order;
    Ok(())
}

/// The ledger's data on a sample, compared with a record.
struct Stored {
    id: i64,
    differs: Vec<ConflictKind>,
    /// The comparison of the genotypes, if something differs.
    comparison: Option<Comparison>,
    /// Set if the record may be a further typing of the sample; `None` if it contradicts the ledger about the person.
    further: Option<Further>,
}

/// A record that may be a further typing of a sample.
struct Further {
    /// Set if it has the same agency, kit and day as a typing in the ledger.
    same_origin: bool,
}

impl Further {
    /// Reports whether the typings are certainly of one person: enough loci agree and nothing contradicts it. A record
    /// of the same origin that only lacks loci is more likely another version of the same typing.
    fn is_sure(&self, Comparison { shared, differing, new, other_drop_out, .. }: &Comparison) -> bool {
        *shared >= SURE_LOCI && differing.is_empty() && !other_drop_out && (!self.same_origin || *new > 0)
    }

    /// Reports whether the only problem is that too few loci are shared.
    fn is_unsure(&self, Comparison { shared, differing, new, .. }: &Comparison) -> bool {
        *shared < SURE_LOCI && differing.is_empty() && (!self.same_origin || *new > 0)
    }
}

/// The decision about a record, and its conflicts.
struct Decision {
    action: Action,
    conflicts: Vec<(ConflictKind, Option<Comparison>)>,
}

impl Stored {
    fn decide(&self, on_conflict: OnConflict) -> Decision {
        let &Self { id, .. } = self;
        if self.differs.is_empty() {
            return Decision { action: Action::None(id), conflicts: Vec::new() };
        }
        let Some((comparison, further)) = self.comparison.as_ref().zip(self.further.as_ref()) else {
            return self.conflicts(None);
        };
        let few = further.is_unsure(comparison).then_some(comparison);
        let is_added = match on_conflict {
            OnConflict::Refuse => further.is_sure(comparison),
            OnConflict::Add => !comparison.is_another_person(),
            OnConflict::Keep | OnConflict::Replace => false,
        };
        if !is_added {
            return self.conflicts(few.filter(|few| !few.other_drop_out));
        }
        let profile = comparison.new > 0 || comparison.other_drop_out || !comparison.differing.is_empty();
        let conflicts = few.map(|few| (ConflictKind::FewShared, Some(few.clone()))).into_iter().collect();
        Decision { action: Action::Add { id, profile }, conflicts }
    }

    /// Returns all conflicts; only one if too few shared loci are the only problem.
    fn conflicts(&self, few: Option<&Comparison>) -> Decision {
        let of_profile =
            |kind: ConflictKind| if kind == ConflictKind::Profile { self.comparison.clone() } else { None };
        let conflicts = match few {
            Some(few) => vec![(ConflictKind::FewShared, Some(few.clone()))],
            None => self.differs.iter().map(|&kind| (kind, of_profile(kind))).collect(),
        };
        let profile = self.differs.contains(&ConflictKind::Profile);
        Decision { action: Action::Replace { id: self.id, profile }, conflicts }
    }
}

/// Looks up samples.
struct Known<'t> {
    select: Statement<'t>,
    many: ManyOfSamples<'t>,
    typings: TypingsOfSamples<'t>,
    /// The names of the loci, by id.
    loci: HashMap<u16, Locus>,
    role: &'static str,
    /// Every pseudonym, in rising order, if reading them all is cheaper than querying each.
    all: Option<Vec<Pseudonym>>,
    blob: Vec<u8>,
}

impl<'t> Known<'t> {
    fn new(tx: &'t Transaction<'_>, batch: &Batch) -> Result<Self, LedgerError> {
        let count: i64 = tx.query_row("SELECT count(*) FROM sample", [], |row| row.get(0))?;
        // Reading the index in order is some 10 times cheaper per sample than a look-up.
        let few = usize::try_from(count).is_ok_and(|count| count / 10 <= batch.rows.len());
        let all = if few {
            let mut statement = tx.prepare("SELECT pseudonym FROM sample ORDER BY pseudonym")?;
            let all = statement.query_map([], |row| Ok(Pseudonym::from_bytes(row.get(0)?)))?;
            Some(all.collect::<rusqlite::Result<_>>()?)
        } else {
            None
        };
        let select = tx.prepare(&format!(
            "SELECT id, role, sex, profile, agency, region, kit, collected_on, drop_out, {} FROM sample WHERE pseudonym = ?1",
            described::COLUMNS
        ))?;
        let damaged = |_| LedgerError::Damaged { of: "the loci".to_owned(), what: "a name is invalid" };
        let loci = integrity::loci(tx)?.into_iter().map(|(id, name)| Ok((id, name.parse().map_err(damaged)?)));
        Ok(Self {
            select,
            many: ManyOfSamples::new(tx)?,
            typings: TypingsOfSamples::new(tx)?,
            loci: loci.collect::<Result<_, LedgerError>>()?,
            role: role(batch.layout),
            all,
            blob: Vec::new(),
        })
    }

    /// Returns the stored sample of a record; `None` if the ledger does not have it.
    ///
    /// The sample is a separate argument, because its record is not in the cache and is not needed if the ledger has no
    /// sample.
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
        described::check(row, sample, 9)?;
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
        let id = row.get(0)?;
        if differs.is_empty() || differs.contains(&ConflictKind::Role) {
            return Ok(Some(Stored { id, differs, comparison: None, further: None }));
        }
        let stored = self.typings.read(id, sample)?;
        let (shown, origin) = (encoder.shown(record), Origin::of(record));
        let region = stored.region.as_deref().zip(record.region.as_deref());
        let of_person = is_compatible_sex(stored.sex, record.sex) && region.is_none_or(|(one, other)| one == other);
        let is_held = stored
            .typings
            .iter()
            .any(|one| one.shown == shown && one.drop_out == record.drop_out && one.origin == origin);
        if of_person && is_held {
            return Ok(Some(Stored { id, differs: Vec::new(), comparison: None, further: None }));
        }
        let same_origin = stored.all_typings().iter().any(|one| one.origin == origin);
        let comparison = Some(compare(&self.loci, &stored, &shown, record));
        let is_further = of_person && (!same_origin || differs.contains(&ConflictKind::Profile));
        Ok(Some(Stored { id, differs, comparison, further: is_further.then_some(Further { same_origin }) }))
    }
}

/// Compares a record with the joined result of the typings of its sample. Loci at which the typings contradict each
/// other count for neither.
fn compare(loci: &HashMap<u16, Locus>, stored: &StoredSample, shown: &Shown, record: &SampleRecord) -> Comparison {
    let disputed =
        |id: &u16| !stored.shown.contains_key(id) && stored.typings.iter().any(|typing| typing.shown.contains_key(id));
    let mut comparison = Comparison { other_drop_out: stored.drop_out != record.drop_out, ..Comparison::default() };
    for (id, given) in shown {
        match stored.shown.get(id) {
            Some(held) => {
                comparison.shared += 1;
                if let Some(locus) = loci.get(id).filter(|_| held != given) {
                    let drop_out_explains = drop_out_explains(&[held.clone(), given.clone()]);
                    comparison.differing.push(DifferingLocus { locus: locus.clone(), drop_out_explains });
                }
            }
            None if disputed(id) => {}
            None => comparison.new += 1,
        }
    }
    comparison.lacking = stored.shown.keys().filter(|id| !shown.contains_key(id)).count();
    comparison.differing.sort_unstable();
    comparison
}

/// Reports whether two statements of the sex can be of one person.
fn is_compatible_sex(one: Sex, other: Sex) -> bool {
    one == other || one == Sex::Unknown || other == Sex::Unknown
}

fn agrees(row: &Row<'_>, at: usize, expected: Option<&str>) -> rusqlite::Result<bool> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => expected.is_none(),
        ValueRef::Text(stored) => expected.is_some_and(|expected| expected.as_bytes() == stored),
        _ => false,
    })
}

/// Returns the word for the role of samples in a batch of this layout.
pub(super) fn role(layout: Layout) -> &'static str {
    match layout {
        Layout::Families => "relative",
        Layout::Children => "child",
    }
}

/// Reports whether two rows describe one sample in the same way.
fn same_sample(a: &SampleRecord, b: &SampleRecord) -> bool {
    (&a.profile, &a.many, a.drop_out) == (&b.profile, &b.many, b.drop_out)
        && a.sex == b.sex
        && (&a.agency, &a.region, &a.kit, &a.collected_on) == (&b.agency, &b.region, &b.kit, &b.collected_on)
}
