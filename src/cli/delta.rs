//! What a run compares: everything, or only what changed since the last one.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;

use crate::index::{Access, Index, IndexError};
use crate::kinship::Calculator;
use crate::ledger::{CurrentCandidate, Generation, Ledger, Past, RunRecord};
use crate::matching::{Criterion, MatchResult, Matcher, ReachError, Stages, Typed, Watch};
use crate::model::{Child, Family, Pseudonym};
use crate::report::Comparison;

use super::comparable::Pairs;
use super::output::{Output, count, hex};
use super::store::Store;

/// Families per page.
const PAGE: u32 = 16_384;

/// Share of the children that may have changed since the index was built, one in so many, before it is built again.
const STALE: usize = 20;

/// Families that may have changed since the families index was written before it is written again, if they are fewer than
/// one in [`STALE`].
const FEW: u64 = 1_000;

/// Raised whenever the same people under the same settings would get other numbers.
const SCORING: u32 = 2;

/// Everything beside samples and families that candidates depend on.
pub(super) fn basis(store: &Store, calculator: &Calculator, criterion: &Criterion) -> anyhow::Result<[u8; 32]> {
    let mut hash = blake3::Hasher::new_derive_key("reunite 2026 run basis v1");
    let criterion = serde_json::to_string(criterion)?;
    for part in [&SCORING.to_string(), &hex(&store.table.digest()), &calculator.settings_line(), &criterion] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    Ok(*hash.finalize().as_bytes())
}

/// The last run's generation, if it is enough to compare what changed since; else why everything has to be compared.
pub(super) fn since(
    ledger: &Ledger,
    basis: [u8; 32],
    criterion: &Criterion,
) -> anyhow::Result<Result<(Past, RunRecord), &'static str>> {
    let Some((_, run)) = ledger.last_run()? else { return Ok(Err("nothing was matched before")) };
    if run.basis != Some(basis) {
        return Ok(Err("model, frequencies or criterion are not those of the last run"));
    }
    if depends_on_all(criterion) {
        return Ok(Err("who is among a family's best, or a chance hit, depends on all children"));
    }
    Ok(match ledger.past(run.generation)? {
        Some(past) => Ok((past, run)),
        None => Err("it is not known what changed since the last run"),
    })
}

/// Whether one child's candidacy depends on the other children.
fn depends_on_all(criterion: &Criterion) -> bool {
    criterion.max_per_family.is_some() || criterion.max_chance_hits.is_some()
}

/// What is to be compared, and with what.
pub(super) struct Job<'a> {
    pub(super) store: &'a Store,
    pub(super) calculator: &'a Calculator,
    pub(super) criterion: Criterion,
    pub(super) min_loci: u32,
    pub(super) access: Access,
    pub(super) exhaustive: bool,
    pub(super) basis: [u8; 32],
    pub(super) generation: Generation,
    pub(super) watch: &'a Watch,
}

/// What came of it, and the index it was found in.
pub(super) struct Compared {
    pub(super) result: MatchResult,
    pub(super) stages: Stages,
    pub(super) index: Index,
    pub(super) comparison: Comparison,
}

impl Job<'_> {
    fn matcher<'i>(&'i self, index: &'i Index) -> Matcher<'i> {
        let matcher = Matcher::new(index, self.calculator, self.criterion);
        if self.exhaustive { matcher.exhaustive() } else { matcher }
    }

    /// Matches all families, and writes the families index on the way.
    fn pages(
        &self,
        ledger: &mut Ledger,
        matcher: &Matcher<'_>,
        output: &Output,
    ) -> anyhow::Result<(MatchResult, Stages)> {
        let panel = self.store.table.panel();
        let mut last = None;
        // Moved, because a ledger may go to another thread and not be shared.
        let generation = self.generation;
        let next = move || -> anyhow::Result<Vec<Family>> {
            let page = ledger.families_after(panel, last, PAGE, &generation)?;
            last = page.last().map(|end| end.pseudonym);
            Ok(page)
        };
        // Only a delta reads it.
        if self.exhaustive || depends_on_all(&self.criterion) {
            return matcher.run_pages(self.watch, next, None);
        }
        // Without it the next delta takes longer: no reason to fail.
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
            output.warn(&format!("the next delta will compile all families again: {error:#}"));
        }
        Ok(found)
    }

    /// Compares everything with everything.
    pub(super) fn full(&self, ledger: &mut Ledger, output: &Output) -> anyhow::Result<Compared> {
        let index = super::matching::current_index(self.store, ledger, self.access, output)?;
        anyhow::ensure!(
            index.binding().stamp == self.generation.stamp,
            "the ledger was changed while the index was opened: match again"
        );
        let families = ledger.families_matched()?;
        self.watch.expect(families * index.children() as u64);
        let matcher = self.matcher(&index);
        let (mut result, stages) = self.pages(ledger, &matcher, output)?;
        anyhow::ensure!(
            result.families == families,
            "the ledger is damaged: it has {families} families, of which {} were found; run `reunite verify`",
            result.families
        );
        let typed = vec![(std::mem::take(&mut result.informative), matcher.typed_children())];
        drop(matcher);
        let comparison = Pairs { typed, min_loci: self.min_loci }.tally().comparison(&result.candidates);
        Ok(Compared { result, stages, index, comparison })
    }

    /// Compares changed families with all children, and all other families with changed children; everything else is as
    /// the last run left it.
    pub(super) fn delta(
        &self,
        ledger: &mut Ledger,
        since: &Past,
        last: &RunRecord,
        before: &[CurrentCandidate],
        output: &Output,
    ) -> anyhow::Result<Compared> {
        let panel = self.store.table.panel();
        let (index, built, newer) = self.earlier_index(ledger, output)?;
        let changed =
            if built.generation == since.generation { newer.clone() } else { ledger.changed_children(panel, since)? };
        let families = ledger.changed_families(panel, since)?;
        output.say(&format!(
            "since the last run {} families and {} children came or changed",
            count(families.len() as u64),
            count(changed.len() as u64)
        ));
        let (newer_names, changed_names) = (names(&newer), names(&changed));
        let family_names: BTreeSet<Pseudonym> = families.iter().map(|family| family.pseudonym).collect();

        let withdrawn: BTreeSet<Pseudonym> = ledger.withdrawn()?.into_iter().map(|family| family.0).collect();
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
        // What a damaged ledger does not tell of, the numbers do.
        let imported = ledger.children_imported()?;
        anyhow::ensure!(
            children == imported
                && changed.len() as u64 >= imported.saturating_sub(last.children)
                && few >= all.saturating_sub(last.families),
            "the ledger is damaged: it does not tell all that came since the last run; run `reunite match --full`, and \
             `reunite verify`"
        );
        let stays = |family: &Pseudonym| !family_names.contains(family) && !withdrawn.contains(family);
        let mut add = |(part, part_stages): (MatchResult, Stages)| {
            result.take(part);
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
            let (mut part, part_stages) = match self.within_reach(ledger, &matcher, since, &families, output)? {
                Some((few, others)) => {
                    let (mut part, stages) = matcher.run(&few, self.watch)?;
                    part.informative.extend(others);
                    (part, stages)
                }
                None => self.pages(ledger, &matcher, output)?,
            };
            let mut typed = std::mem::take(&mut part.informative);
            typed.retain(|family| stays(&family.0));
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
        let kept = before.iter().map(|known| &known.candidate);
        let kept = kept.filter(|pair| stays(&pair.family) && !changed_names.contains(&pair.child));
        result.candidates.extend(kept);
        let unscorable = last.unscorable.as_ref().context(
            "the ledger does not know which families the last run could not score: run `reunite match --full`",
        )?;
        result.unscorable.extend(unscorable.iter().filter(|one| stays(&one.family)).cloned());
        result.rank();
        Ok(Compared { result, stages, index, comparison })
    }

    /// Families among which are all that have a candidate among the children of a matcher, but for some of those that
    /// `changed` since the last run, and where all the others are typed; `None` if the families index does not say.
    fn within_reach(
        &self,
        ledger: &Ledger,
        matcher: &Matcher<'_>,
        last: &Past,
        changed: &[Family],
        output: &Output,
    ) -> anyhow::Result<Option<(Vec<Family>, Vec<Typed>)>> {
        let panel = self.store.table.panel();
        let again = |error: &IndexError| {
            if matches!(error, IndexError::Damaged(_)) {
                output.warn("the families index is damaged: all families are compiled again, and it is written anew");
            }
            Ok(None)
        };
        let (written, past) = match self.store.open_families(ledger, self.basis)? {
            Ok(found) => found,
            Err(error) => return again(&error),
        };
        // Those that changed between the writing and the last run are compiled anew.
        let mut newer =
            if past.generation == last.generation { Vec::new() } else { ledger.changed_families(panel, &past)? };
        if newer.len() as u64 > FEW.max(written.families() / STALE as u64) {
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
        reached.informative.retain(|(family, _)| !known.contains(family) && !within.contains(family));
        Ok(Some((newer, reached.informative)))
    }

    /// An index of the children as they are or were, of when, and the children that changed since.
    fn earlier_index(&self, ledger: &Ledger, output: &Output) -> anyhow::Result<(Index, Past, Vec<Child>)> {
        if let Ok((index, past)) = self.store.open_earlier_index(ledger, self.access)? {
            let newer = ledger.changed_children(self.store.table.panel(), &past)?;
            if newer.len() * STALE <= index.children() {
                return Ok((index, past, newer));
            }
        }
        let index = super::matching::current_index(self.store, ledger, self.access, output)?;
        match ledger.past(index.binding().generation)? {
            Some(past) => Ok((index, past, Vec::new())),
            None => anyhow::bail!("the ledger does not know its own generation: run `reunite match --full`"),
        }
    }
}

fn names(children: &[Child]) -> BTreeSet<Pseudonym> {
    children.iter().map(|child| child.pseudonym).collect()
}
