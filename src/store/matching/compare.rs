//! Decides what a run compares: everything, or only what changed since the last run.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use data_encoding::HEXLOWER;

use crate::index::{Access, Index, IndexError};
use crate::kinship::Calculator;
use crate::ledger::{Generation, Ledger, Past, RunRecord, Standing};
use crate::matching::{
    Criterion, MatchResult, Matcher, ReachError, Stages, TypedLoci, Watch, run_digest, scoring_version,
};
use crate::model::{Candidate, Child, Family, Pseudonym};
use crate::report::Comparison;

use super::comparability::Pairs;
use crate::store::error::{Incomplete, StoreError};
use crate::store::folder::Store;
use crate::store::observer::{Notice, Observer, WhyFull};

/// Families per page.
const PAGE: u32 = 16_384;

/// The share of children that may have changed since the index was built: if more than one in this many have changed,
/// the index is built again.
const STALE: usize = 20;

/// Up to this many families may have changed since the families index was written before it is written again, even if
/// they are more than one in [`STALE`].
const FEW: u64 = 1_000;

/// Computes the digest of everything that candidates depend on, apart from samples and families.
pub(in crate::store) fn basis(
    store: &Store,
    calculator: &Calculator,
    criterion: &Criterion,
) -> Result<[u8; 32], StoreError> {
    let mut hash = blake3::Hasher::new_derive_key("reunite 2026 run basis v1");
    let criterion = serde_json::to_string(criterion)?;
    for part in [
        &scoring_version(calculator.model()).to_string(),
        &HEXLOWER.encode(&store.table().digest()),
        &calculator.settings_line(),
        &criterion,
    ] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Ok(*hash.finalize().as_bytes())
}

/// What a run has to compare.
pub(in crate::store) enum Extent {
    /// Everything, for this reason.
    Full(WhyFull),
    /// Only what changed since the last run.
    Since(Box<LastRun>),
}

/// The last run, and the state of the ledger that it saw.
pub(in crate::store) struct LastRun {
    pub(in crate::store) past: Past,
    pub(in crate::store) record: RunRecord,
}

/// Decides whether the run may compare only what changed since the last run.
pub(in crate::store) fn extent(
    store: &Store,
    ledger: &Ledger,
    (calculator, basis): (&Calculator, [u8; 32]),
    criterion: &Criterion,
    before: &[Candidate],
) -> Result<Extent, StoreError> {
    let Some((_, record)) = ledger.last_run()? else { return Ok(Extent::Full(WhyFull::First)) };
    if record.basis != Some(basis) {
        return Ok(Extent::Full(WhyFull::OtherBasis));
    }
    if depends_on_all(criterion) {
        return Ok(Extent::Full(WhyFull::DependsOnAll));
    }
    // Imports remove candidates, too; without a change since the run, the candidates must be those of the run.
    if record.generation == ledger.generation()?.number && !are_of_run(store, calculator, criterion, before, &record) {
        return Ok(Extent::Full(WhyFull::OtherCandidates));
    }
    // A delta also requires the families and children that the last run could not score.
    let past = if record.unscorable.is_some() { ledger.past(record.generation)? } else { None };
    Ok(match past {
        Some(past) => Extent::Since(Box::new(LastRun { past, record })),
        None => Extent::Full(WhyFull::UnknownChanges),
    })
}

/// Reports whether the candidates are those that a run recorded.
pub(in crate::store) fn are_of_run(
    store: &Store,
    calculator: &Calculator,
    criterion: &Criterion,
    candidates: &[Candidate],
    run: &RunRecord,
) -> bool {
    run_digest(store.table(), calculator, criterion, candidates) == run.digest
}

/// Reports whether one child's candidacy depends on the other children.
pub(in crate::store) fn depends_on_all(criterion: &Criterion) -> bool {
    criterion.max_per_family.is_some() || criterion.max_chance_hits.is_some()
}

/// What a run compares, and with which settings.
pub(in crate::store) struct Job<'a> {
    pub(in crate::store) store: &'a Store,
    pub(in crate::store) calculator: &'a Calculator,
    pub(in crate::store) criterion: Criterion,
    pub(in crate::store) min_loci: u32,
    pub(in crate::store) access: Access,
    pub(in crate::store) exhaustive: bool,
    pub(in crate::store) basis: [u8; 32],
    pub(in crate::store) generation: Generation,
    pub(in crate::store) watch: &'a Watch,
}

/// The result of a comparison, and the index in which it was found.
pub(in crate::store) struct Compared {
    pub(in crate::store) result: MatchResult,
    pub(in crate::store) stages: Stages,
    pub(in crate::store) index: Index,
    pub(in crate::store) comparison: Comparison,
}

/// Families that may have a candidate among some children, and the typed loci of all other families.
struct WithinReach {
    families: Vec<Family>,
    others: Vec<TypedLoci>,
}

/// An index of the present or earlier children, the state of the ledger when it was built, and the children that
/// changed since.
struct EarlierIndex {
    index: Index,
    built: Past,
    newer: Vec<Child>,
}

impl Job<'_> {
    fn matcher<'i>(&'i self, index: &'i Index) -> Matcher<'i> {
        let matcher = Matcher::new(index, self.calculator, self.criterion);
        if self.exhaustive { matcher.exhaustive() } else { matcher }
    }

    /// Matches all families, and writes the families index in the same pass.
    fn pages(
        &self,
        ledger: &mut Ledger,
        matcher: &Matcher<'_>,
        observer: &dyn Observer,
    ) -> Result<(MatchResult, Stages), StoreError> {
        let panel = self.store.table().panel();
        let mut last = None;
        // Moved into the thread: a ledger can be sent to another thread but not shared.
        let generation = self.generation;
        let next = move || -> Result<Vec<Family>, StoreError> {
            let page = ledger.families_after(panel, last, PAGE, &generation)?;
            last = page.last().map(|end| end.pseudonym);
            Ok(page)
        };
        // Only a delta reads the families index.
        if self.exhaustive || depends_on_all(&self.criterion) {
            return matcher.run_pages(self.watch, next, None);
        }
        // Without the families index the next delta takes longer, so a failure here does not fail the run.
        let mut families = self.store.begin_families(self.basis, &self.generation);
        let mut keep = |records: &[u8]| {
            if let Ok(writer) = &mut families
                && let Err(error) = writer.append(records)
            {
                families = Err(error.into());
            }
        };
        let found = matcher.run_pages(self.watch, next, Some(&mut keep))?;
        if let Err(error) = families.and_then(|families| self.store.finish_families(families)) {
            observer.notice(&Notice::FamiliesIndexNotWritten(&error));
        }
        Ok(found)
    }

    /// Compares everything with everything.
    pub(in crate::store) fn full(&self, ledger: &mut Ledger, observer: &dyn Observer) -> Result<Compared, StoreError> {
        let index = self.store.current_index(ledger, self.access, observer)?;
        if index.binding().stamp != self.generation.stamp {
            return Err(StoreError::ChangedMeanwhile);
        }
        let families = ledger.families_matched()?;
        self.watch.expect(families * index.children() as u64);
        let matcher = self.matcher(&index);
        let (mut result, stages) = self.pages(ledger, &matcher, observer)?;
        if result.families != families {
            return Err(Incomplete::Families { expected: families, found: result.families }.into());
        }
        let typed = vec![(std::mem::take(&mut result.informative), matcher.typed_children())];
        drop(matcher);
        let comparison = Pairs { typed, min_loci: self.min_loci }.tally().comparison(&result.candidates);
        Ok(Compared { result, stages, index, comparison })
    }

    /// Returns the best pairs of every family that are not among these candidates, at most `most` for each family.
    pub(in crate::store) fn near(
        &self,
        ledger: &mut Ledger,
        index: &Index,
        most: u32,
        candidates: &[Candidate],
    ) -> Result<Vec<Candidate>, StoreError> {
        let matcher =
            self.matcher(index).near_misses(most, candidates.iter().map(|pair| (pair.family, pair.child)).collect());
        let panel = self.store.table().panel();
        let (mut last, generation) = (None, self.generation);
        let next = move || -> Result<Vec<Family>, StoreError> {
            let page = ledger.families_after(panel, last, PAGE, &generation)?;
            last = page.last().map(|end| end.pseudonym);
            Ok(page)
        };
        Ok(matcher.run_pages(self.watch, next, None)?.0.near)
    }

    /// Compares changed families with all children, and all other families with changed children. Takes everything else
    /// from the last run: `before` gives its candidates away.
    pub(in crate::store) fn delta(
        &self,
        ledger: &mut Ledger,
        last: &LastRun,
        before: &mut Standing,
        observer: &dyn Observer,
    ) -> Result<Compared, StoreError> {
        let LastRun { past: since, record: last } = last;
        let panel = self.store.table().panel();
        let EarlierIndex { index, built, newer } = self.earlier_index(ledger, observer)?;
        let changed =
            if built.generation == since.generation { newer.clone() } else { ledger.changed_children(panel, since)? };
        let families = ledger.changed_families(panel, since)?;
        observer.notice(&Notice::Changed { families: families.len() as u64, children: changed.len() as u64 });
        let newer_names: BTreeSet<Pseudonym> = newer.iter().map(|child| child.pseudonym).collect();
        let changed_names: HashSet<Pseudonym> = changed.iter().map(|child| child.pseudonym).collect();
        let family_names: HashSet<Pseudonym> = families.iter().map(|family| family.pseudonym).collect();

        let withdrawn: HashSet<Pseudonym> = ledger.withdrawn()?.into_iter().map(|family| family.0).collect();
        let all = ledger.families_matched()?;
        let few = families.len() as u64;
        let others = (all - few) * changed.len() as u64;
        self.watch.expect(few * (index.children() + newer.len()) as u64 + others);
        let matcher = self.matcher(&index).without(&newer_names);
        let compiler = matcher.compiler();
        let (mut result, mut stages) = matcher.run(&families, self.watch)?;
        let mut with_all = if families.is_empty() { Vec::new() } else { matcher.typed_children() };
        let mut others_with_changed = (Vec::new(), Vec::new());
        let children = result.children + newer.len() as u64;
        // The number of children reveals a damaged ledger that does not report all changes.
        let imported = ledger.children_imported()?;
        if children != imported
            || (changed.len() as u64) < imported.saturating_sub(last.children)
            || few < all.saturating_sub(last.families)
        {
            return Err(Incomplete::Changes.into());
        }
        let stays = |family: &Pseudonym| !family_names.contains(family) && !withdrawn.contains(family);
        let mut add = |(part, part_stages): (MatchResult, Stages)| {
            result.add_part(part);
            stages += part_stages;
        };
        if !newer.is_empty() {
            let small = self.store.index_of(&newer)?;
            let matcher = self.matcher(&small).compiling_with(Arc::clone(&compiler));
            with_all.extend(matcher.typed_children());
            add(matcher.run(&families, self.watch)?);
        }
        if !changed.is_empty() {
            let small = self.store.index_of(&changed)?;
            let matcher = self.matcher(&small).compiling_with(compiler);
            let (mut part, part_stages) = match self.within_reach(ledger, &matcher, since, &families, observer)? {
                Some(WithinReach { families: few, others }) => {
                    let (mut part, stages) = matcher.run(&few, self.watch)?;
                    part.informative.extend(others);
                    (part, stages)
                }
                None => self.pages(ledger, &matcher, observer)?,
            };
            let mut typed = std::mem::take(&mut part.informative);
            typed.retain(|family| stays(&family.pseudonym));
            others_with_changed = (typed, matcher.typed_children());
            part.candidates.retain(|candidate| stays(&candidate.family));
            part.unscorable.retain(|family| stays(&family.family));
            add((part, part_stages));
        }
        let mut changed_families = std::mem::take(&mut result.informative);
        changed_families.sort_unstable();
        changed_families.dedup();
        let typed = vec![(changed_families, with_all), others_with_changed];
        let comparison = Pairs { typed, min_loci: self.min_loci }.tally().comparison(&result.candidates);
        (result.families, result.children, result.pairs) = (all, children, few * children + others);
        let unscorable = last.unscorable.iter().flatten();
        result.unscorable.extend(unscorable.filter(|one| stays(&one.family)).cloned());
        result.arrange();
        let fresh = std::mem::take(&mut result.candidates);
        result.candidates = before.with(fresh, |pair| stays(&pair.family) && !changed_names.contains(&pair.child));
        Ok(Compared { result, stages, index, comparison })
    }

    /// Returns a set of families that includes all that have a candidate among the children of a matcher, except some
    /// of those that `changed` since the last run; and the loci at which all other families are typed. `None` if the
    /// families index cannot answer.
    fn within_reach(
        &self,
        ledger: &Ledger,
        matcher: &Matcher<'_>,
        last: &Past,
        changed: &[Family],
        observer: &dyn Observer,
    ) -> Result<Option<WithinReach>, StoreError> {
        let panel = self.store.table().panel();
        let again = |error: &IndexError| {
            if matches!(error, IndexError::Damaged(_)) {
                observer.notice(&Notice::FamiliesIndexDamaged);
            }
            Ok(None)
        };
        let (written, past) = match self.store.open_families(ledger, self.basis)? {
            Ok(found) => found,
            Err(error) => return again(&error),
        };
        // Families that changed between the writing of the index and the last run are compiled again.
        let mut newer =
            if past.generation == last.generation { Vec::new() } else { ledger.changed_families(panel, &past)? };
        if newer.len() as u64 > FEW.max(written.record_count() / STALE as u64) {
            return Ok(None);
        }
        let mut reached = match matcher.within_reach(&written, self.watch) {
            Err(ReachError::Index(error)) => return again(&error),
            reached => reached?,
        };
        let known: BTreeSet<Pseudonym> = newer.iter().chain(changed).map(|family| family.pseudonym).collect();
        reached.within.retain(|family| !known.contains(family));
        newer.extend(ledger.families_among(panel, &reached.within)?);
        let within: BTreeSet<Pseudonym> = reached.within.into_iter().collect();
        reached.informative.retain(|family| !known.contains(&family.pseudonym) && !within.contains(&family.pseudonym));
        Ok(Some(WithinReach { families: newer, others: reached.informative }))
    }

    /// Returns an index of the present or earlier children, the state of the ledger when it was built, and the children
    /// that changed since.
    fn earlier_index(&self, ledger: &Ledger, observer: &dyn Observer) -> Result<EarlierIndex, StoreError> {
        if let Ok((index, past)) = self.store.open_earlier_index(ledger, self.access)? {
            let newer = ledger.changed_children(self.store.table().panel(), &past)?;
            if newer.len() * STALE <= index.children() {
                return Ok(EarlierIndex { index, built: past, newer });
            }
        }
        let index = self.store.current_index(ledger, self.access, observer)?;
        match ledger.past(index.binding().generation)? {
            Some(built) => Ok(EarlierIndex { index, built, newer: Vec::new() }),
            None => Err(Incomplete::Generation.into()),
        }
    }
}
