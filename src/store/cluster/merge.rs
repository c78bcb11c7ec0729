//! Merges the shards of all tiles into the result of a full run on one machine, and records it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::{Instant, SystemTime};

use crate::audit::Entry;
use crate::cluster::{ClusterError, FamilyNames, Plan, Shard, ShardCandidate, ShardFault, read_shard};
use crate::index::{Access, FamilyRecord, Index};
use crate::kinship::Calculator;
use crate::ledger::{Generation, Ledger};
use crate::matching::{MatchResult, Matcher, Stages, Stopped, TypedLoci, Watch};
use crate::model::{Candidate, Family, Pseudonym};

use super::plan::children_by_name;
use crate::store::error::{Incomplete, StoreError};
use crate::store::folder::Store;
use crate::store::matching::comparability::Pairs;
use crate::store::matching::compare::{Compared, basis};
use crate::store::matching::digests::FileDigests;
use crate::store::matching::run::{Listing, Matched, Recording};
use crate::store::observer::{Notice, Observer};

/// Families per page.
const PAGE: u32 = 16_384;

/// Names of families and children, by their numbers in a plan.
struct Names {
    children: Vec<Pseudonym>,
    families: Vec<Pseudonym>,
    /// The relatives of the families that are named in candidates.
    relatives: HashMap<u32, FamilyNames>,
    /// The families that are matched again.
    again: Vec<Family>,
}

impl Store {
    /// Merges the shards of a plan of this store, in the folder `shards`, and records the run: with the candidates, the
    /// counts and the digest of a full run on this machine.
    ///
    /// ```no_run
    /// # use reunite::cluster::Plan;
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let plan = Plan::read("plan".as_ref())?;
    /// let shards = Plan::shards("plan".as_ref());
    /// let matched =
    ///     store.merge_cluster(&plan, &shards, Listing::All, &store::entry("cluster merge", None), &Silent)?;
    /// println!("{} candidates", matched.report.candidates.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ClusterError::Incomplete`] with the tiles that lack a sound shard; [`ClusterError::StoreChanged`] and
    /// [`ClusterError::SettingsChanged`] if the store is no longer that of the plan; [`StoreError`]. Nothing is recorded
    /// then.
    pub fn merge_cluster(
        &self,
        plan: &Plan,
        shards: &Path,
        listing: Listing,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Matched, StoreError> {
        let planned = plan.planned();
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        self.finish_interrupted(&mut ledger, observer)?;
        // Reviews with a fault are refused before anything is recorded.
        let reviews = self.review_states()?;
        let criterion = planned.criterion();
        let calculator = self.calculator()?;
        let basis = basis(self, &calculator, &criterion)?;
        let generation = ledger.generation()?;
        if generation.stamp != planned.stamp {
            let (planned, now) = (planned.generation, generation.number);
            // After a restore, or in a copy, the number may be the same.
            return Err(if planned == now {
                ClusterError::OtherStore
            } else {
                ClusterError::StoreChanged { planned, now }
            }
            .into());
        }
        if basis != planned.basis {
            return Err(ClusterError::SettingsChanged.into());
        }
        let watch = observer.watch();
        watch.begin("merging shards");
        let following = observer.follow(&watch);
        let started_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|_| StoreError::Clock)?;
        let started = Instant::now();
        let shards = all_shards(plan, shards, &watch)?;
        self.check_waiting_families(&mut ledger, observer)?;
        self.tell_changed_settings(&ledger, observer)?;
        let before = ledger.standing()?;
        let index = self.current_index(&ledger, Access::Usual, observer)?;
        let merge = Merge { store: self, plan, calculator: &calculator, generation, watch: &watch };
        let compared = merge.compared(&mut ledger, index, shards, observer)?;
        drop(following);
        // After this point the run is recorded completely.
        watch.check()?;
        let digests = FileDigests::new(&ledger, None)?;
        let entry = entry
            .clone()
            .with("tiles", planned.grid().tiles())
            .with("exhaustive", planned.exhaustive)
            .with_digest("plan", &digests.recorded(plan.digest()));
        let (calculator, mode) = (&calculator, "full");
        let recording = Recording { calculator, criterion, basis, generation, mode, started_at, started, listing };
        self.record_matched(&mut ledger, (&recording, &before, &reviews), compared, &entry, observer)
    }
}

/// Reads and checks the shards of all tiles.
fn all_shards(plan: &Plan, folder: &Path, watch: &Watch) -> Result<Vec<Shard>, StoreError> {
    let tiles = plan.planned().grid().tiles();
    let (mut shards, mut missing, mut damaged) = (Vec::new(), Vec::new(), Vec::new());
    for tile in 0..tiles {
        watch.check()?;
        match read_shard(folder, plan, tile) {
            Ok(shard) => shards.push(shard),
            Err(ShardFault::Missing) => missing.push(tile),
            Err(ShardFault::Damaged) => damaged.push(tile),
            Err(ShardFault::Io(error)) => return Err(error.into()),
        }
    }
    if missing.is_empty() && damaged.is_empty() {
        Ok(shards)
    } else {
        Err(ClusterError::Incomplete { missing, damaged, tiles }.into())
    }
}

/// A merge in progress.
struct Merge<'a> {
    store: &'a Store,
    plan: &'a Plan,
    calculator: &'a Calculator,
    generation: Generation,
    watch: &'a Watch,
}

impl Merge<'_> {
    /// Builds the result that a run on one machine would have.
    fn compared(
        &self,
        ledger: &mut Ledger,
        index: Index,
        mut shards: Vec<Shard>,
        observer: &dyn Observer,
    ) -> Result<Compared, StoreError> {
        let planned = self.plan.planned();
        if index.binding().stamp != self.generation.stamp || index.children() as u64 != planned.children() {
            return Err(ClusterError::OtherStore.into());
        }
        let columns = planned.grid().columns;
        let candidates: Vec<Vec<ShardCandidate>> = shards.iter_mut().map(Shard::take_candidates).collect();
        if candidates.iter().map(Vec::len).sum::<usize>() as u64 > Watch::MOST_CANDIDATES {
            return Err(Stopped::TooMany.into());
        }
        // A family that failed with one child is left out of a run as a whole, or from that child on. What a tile knows
        // of it is not enough to tell, so it is matched again.
        let again: BTreeSet<u32> = shards.iter().flat_map(|shard| shard.unscorable().iter().copied()).collect();
        let wanted: BTreeSet<u32> = candidates.iter().flatten().map(ShardCandidate::family).collect();
        let names = self.names(ledger, &index, &wanted, &again)?;
        let matcher = Matcher::new(&index, self.calculator, planned.criterion());
        let matcher = if planned.exhaustive { matcher.exhaustive() } else { matcher };
        let (mut result, _) = matcher.run(&names.again, self.watch)?;
        let mut counts = MatchResult::default();
        for (tile, shard) in shards.iter().enumerate() {
            counts.add_part(shard.counts((tile as u32).is_multiple_of(columns)));
            let family = |&(family, loci): &(u32, _)| TypedLoci { pseudonym: names.families[family as usize], loci };
            result.informative.extend(shard.informative().iter().map(family));
        }
        result.families_screened = counts.families_screened;
        result.families_weighed = counts.families_weighed;
        result.families_out_of_reach = counts.families_out_of_reach;
        result.survivors = counts.survivors;
        result.families = planned.families();
        result.pairs = result.families * result.children;
        let of_others = candidates.into_iter().flatten().filter(|one| !again.contains(&one.family()));
        let named = of_others.map(|one| self.named(&names, &one)).collect::<Result<Vec<Candidate>, _>>()?;
        result.candidates.extend(best(named, planned.max_per_family));
        result.arrange();
        let typed = vec![(std::mem::take(&mut result.informative), matcher.typed_children())];
        drop(matcher);
        let comparison = Pairs { typed, min_loci: planned.min_loci }.tally().comparison(&result.candidates);
        if planned.keeps_records
            && let Err(error) = self.write_families(&shards, &names)
        {
            // Without the families index the next delta takes longer, so a failure here does not fail the run.
            observer.notice(&Notice::FamiliesIndexNotWritten(&error));
        }
        Ok(Compared { result, stages: Stages::default(), index, comparison })
    }

    /// Reads the names of all families and children, and of the relatives of the `wanted` families; and the families to
    /// match `again`.
    fn names(
        &self,
        ledger: &mut Ledger,
        index: &Index,
        wanted: &BTreeSet<u32>,
        again: &BTreeSet<u32>,
    ) -> Result<Names, StoreError> {
        let panel = self.store.table().panel();
        let children = children_by_name(index).into_iter().map(|one| one.0).collect();
        let mut names = Names { children, families: Vec::new(), relatives: HashMap::new(), again: Vec::new() };
        loop {
            self.watch.check()?;
            let page = ledger.families_after(panel, names.families.last().copied(), PAGE, &self.generation)?;
            if page.is_empty() {
                break;
            }
            for family in page {
                let number = names.families.len() as u32;
                names.families.push(family.pseudonym);
                if wanted.contains(&number) {
                    names.relatives.insert(number, FamilyNames::of(&family));
                }
                if again.contains(&number) {
                    names.again.push(family);
                }
            }
        }
        let (expected, found) = (self.plan.planned().families(), names.families.len() as u64);
        if expected == found { Ok(names) } else { Err(Incomplete::Families { expected, found }.into()) }
    }

    fn named(&self, names: &Names, one: &ShardCandidate) -> Result<Candidate, StoreError> {
        let panel = self.calculator.panel();
        let family = names.families[one.family() as usize];
        let relatives = names.relatives.get(&one.family());
        let child = names.children[one.child() as usize];
        let named = relatives.and_then(|relatives| one.named((family, relatives), child, panel));
        // Only a program that makes other shards can write this: every byte was checked.
        named.ok_or_else(|| ClusterError::OtherStore.into())
    }

    /// Writes the families index from the records in the shards of the first column.
    fn write_families(&self, shards: &[Shard], names: &Names) -> Result<(), StoreError> {
        let planned = self.plan.planned();
        let size = FamilyRecord::size(self.calculator.panel().len());
        let mut writer = self.store.begin_families(planned.basis, &self.generation)?;
        for shard in shards.iter().step_by(planned.grid().columns as usize) {
            let mut records = shard.records()?;
            for record in records.chunks_exact_mut(size) {
                let (name, _) = record.split_at_mut(Pseudonym::LEN);
                let number = <[u8; Pseudonym::LEN]>::try_from(&*name).map(u128::from_be_bytes).ok();
                let family = number.and_then(|number| names.families.get(usize::try_from(number).ok()?));
                name.copy_from_slice(family.ok_or(ClusterError::OtherStore)?.as_bytes());
            }
            writer.append(&records)?;
        }
        self.store.finish_families(writer)
    }
}

/// Keeps the best candidates of each family, ties broken by the child, and all identities.
fn best(candidates: Vec<Candidate>, most: Option<u32>) -> Vec<Candidate> {
    let Some(most) = most else { return candidates };
    let (identities, candidates): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|one| one.same_as.is_some());
    let mut of_family: BTreeMap<Pseudonym, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        of_family.entry(candidate.family).or_default().push(candidate);
    }
    let mut kept = identities;
    for mut candidates in of_family.into_values() {
        candidates.sort_unstable_by(Candidate::best_first);
        candidates.truncate(most as usize);
        kept.extend(candidates);
    }
    kept
}
