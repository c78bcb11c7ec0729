//! Finds the families that may have a candidate among some children, from the families index. Only these families must
//! be compiled.
//!
//! A family has a record for each of its views. A record holds the weights at all loci of the panel. They rule out a
//! regular child as they do in a run. An irregular child is weighed at the loci where the tables have its value. At
//! every other locus, no child with listed alleles has more than `best`, while the irregular child has at most `bound
//! by child + bound by family` (see [`Calculator::bound_by_child`]). The room that weighing allows therefore grows by
//! the child's own bound and the family's gap, `bound by family - best`.

use rayon::prelude::*;
use zerocopy::byteorder::little_endian::{F32, F64};
use zerocopy::{FromBytes, IntoBytes};

use crate::index::{BLOCK, FamilyHead, FamilyIndex, FamilyPart, FamilyRecord, IndexError, Row};
use crate::kinship::Calculator;
use crate::model::{GenotypeCode, Pseudonym};
use crate::screen::{Lanes, Measure, Packed, Plan, Table, Weighing, Weights, may_reach, weigh_block};

use super::compiled::{CompiledFamily, CompiledLocus};
use super::irregular::IrregularChild;
use super::matcher::Matcher;
use super::shared_loci::{LocusSet, TypedLoci, locus_set};
use super::watch::{Stopped, Watch};

/// Number of families that are weighed together.
const TOGETHER: usize = 16;

/// Reason why the families with possible candidates are unknown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReachError {
    /// The families index cannot be used.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The search was stopped, as a run can be.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Result of a search in the families index.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Reached {
    /// The families that may have a candidate: all families with a candidate, and few others.
    pub within: Vec<Pseudonym>,
    /// Every family with the loci at which a relative is typed.
    pub informative: Vec<TypedLoci>,
}

/// An irregular child.
struct Irregular<'a> {
    codes: &'a [GenotypeCode],
    /// Loci at which no table has its value, in rising order.
    apart: &'a [usize],
    /// The largest values that it can have there, without the part that depends on the family.
    bounds: &'a [f64],
}

impl Matcher<'_> {
    /// Appends the record of a family, with this plan for this threshold, to `out`.
    pub(super) fn append_record(
        &self,
        pseudonym: Pseudonym,
        family: &CompiledFamily,
        threshold: f64,
        plan: &Plan,
        out: &mut Vec<u8>,
    ) {
        let made;
        let weights = match plan.weights() {
            Some(weights) => weights,
            None => {
                made = Weights::new(&family.screened(), threshold - family.linkage.slack);
                &made
            }
        };
        let Measure { room, units, start } = weights.measure();
        let head = FamilyHead {
            pseudonym: *pseudonym.as_bytes(),
            room: F64::new(room),
            units: F64::new(units),
            start,
            rest: [0; 7],
        };
        let calculator = self.calculator();
        let gap = |(position, locus): (usize, &Option<_>)| F32::new(gap(calculator, position, locus.as_deref()));
        let gaps: Vec<F32> = family.loci.iter().enumerate().map(gap).collect();
        let mut tables = vec![Table::default(); gaps.len()];
        for (locus, table) in weights.weighing().loci() {
            tables[locus] = *table;
        }
        FamilyRecord { head: &head, gaps: &gaps, weights: tables.as_bytes() }.write(out);
    }

    /// Finds the families of an index that may have a candidate among the children. The index must be of the matcher's
    /// calculator and criterion.
    ///
    /// # Errors
    /// [`ReachError`]
    pub fn within_reach(&self, families: &FamilyIndex, watch: &Watch) -> Result<Reached, ReachError> {
        let loci: Vec<usize> = (0..families.loci()).collect();
        let packs = self.layout.classes.packs();
        let turned = |packed: &[Packed]| {
            let mut lanes = Lanes::of_block(packs);
            lanes.turn(self.layout.instructions, packed);
            lanes
        };
        let lanes: Vec<Lanes> = self.packed().chunks_exact(BLOCK * packs).map(turned).collect();
        let irregular: Vec<Irregular<'_>> = self.irregular.children().iter().map(|one| self.prepare(one)).collect();
        let part = |memory: &mut Option<FamilyPart>, number: usize| -> Result<Reached, ReachError> {
            watch.check()?;
            let before = memory.take();
            let part = &*memory.insert(families.part_in(number, before)?);
            let records: Vec<FamilyRecord<'_>> = part.records().collect();
            let weighings: Option<Vec<_>> = records.iter().map(|record| weighing(record, &loci)).collect();
            let weighings = weighings.ok_or(IndexError::Damaged("alignment"))?;
            let mut reached = vec![false; records.len()];
            let mut passed = vec![Row::default(); records.len()];
            // Few families at a time: their weights stay in the cache while the blocks of children pass.
            let few = weighings.chunks(TOGETHER).zip(passed.chunks_mut(TOGETHER)).zip(reached.chunks_mut(TOGETHER));
            for ((weighings, passed), reached) in few {
                let blocks = self.index.planes().chunks_exact(self.index.rows_per_block());
                for (rows, lanes) in blocks.zip(&lanes) {
                    weigh_block(self.layout.instructions, lanes, weighings, passed);
                    for (reached, row) in reached.iter_mut().zip(&*passed) {
                        *reached |= row.iter().zip(&rows[0]).any(|(passed, regular)| passed & regular != 0);
                    }
                }
            }
            for ((reached, record), weighing) in reached.iter_mut().zip(&records).zip(&weighings) {
                *reached = *reached || irregular.iter().any(|child| self.may_reach(child, record, weighing));
            }
            watch.did(self.index.children() * records.len());
            let name = |record: &FamilyRecord<'_>| Pseudonym::from_bytes(record.head.pseudonym);
            let within = records.iter().zip(reached).filter(|(_, reached)| *reached);
            // The records of a family's views are adjacent.
            let mut within: Vec<Pseudonym> = within.map(|(record, _)| name(record)).collect();
            within.dedup();
            let views = records.chunk_by(|a, b| a.head.pseudonym == b.head.pseudonym);
            let informative = |views: &[FamilyRecord<'_>]| TypedLoci {
                pseudonym: name(&views[0]),
                loci: views.iter().fold(0, |loci, record| loci | typed_loci(record.gaps)),
            };
            Ok(Reached { within, informative: views.map(informative).collect() })
        };
        let parts = (0..families.parts()).into_par_iter().map_init(|| None, part);
        let parts: Vec<Reached> = parts.collect::<Result<_, _>>()?;
        let mut all = Reached::default();
        all.informative.reserve_exact(parts.iter().map(|part| part.informative.len()).sum());
        for part in parts {
            all.within.extend(part.within);
            all.informative.extend(part.informative);
        }
        Ok(all)
    }

    fn prepare<'c>(&'c self, one: &'c IrregularChild) -> Irregular<'c> {
        Irregular { codes: self.codes(one.child), apart: &one.positions, bounds: &one.bounds }
    }

    fn may_reach(&self, child: &Irregular<'_>, record: &FamilyRecord<'_>, weighing: &Weighing<'_>) -> bool {
        let more = |(&position, &bound): (&usize, &f64)| match f64::from(record.gaps[position].get()) {
            gap if gap.is_nan() => 0.0,
            gap => bound + gap,
        };
        let room: f64 = record.head.room.get() + child.apart.iter().zip(child.bounds).map(more).sum::<f64>();
        let lacking = weighing.sum_without(&self.layout.classes, child.codes, child.apart);
        is_within(lacking, room, record.head.units.get())
    }
}

/// Reports whether a child that lacks this much is within reach. The result is `true` if the bound is infinite, or is
/// not a number because infinity was multiplied by zero.
fn is_within(lacking: u32, room: f64, units: f64) -> bool {
    may_reach(room * units, f64::from(lacking))
}

/// Returns the loci at which a relative is typed: see [`gap`].
fn typed_loci(gaps: &[F32]) -> LocusSet {
    locus_set(gaps.iter().map(|gap| gap.get().is_finite()))
}

fn weighing<'a>(record: &FamilyRecord<'a>, loci: &'a [usize]) -> Option<Weighing<'a>> {
    Some(Weighing { loci, tables: FromBytes::ref_from_bytes(record.weights).ok()?, start: record.head.start })
}

/// Computes how much more an irregular child may have at a locus than the best regular child, without the child's own
/// bound; rounded up. Not a number if every child has 0 there. Infinite, so that no child is skipped, if only
/// inbreeding counts there and no relative is typed.
fn gap(calculator: &Calculator, position: usize, locus: Option<&CompiledLocus>) -> f32 {
    locus.map_or(f32::NAN, |locus| {
        let bound = locus.bound_by_family(calculator, position);
        let gap = ((bound - locus.screened.best) as f32).next_up();
        if locus.evidence.is_typed() { gap.min(f32::MAX) } else { f32::INFINITY }
    })
}
