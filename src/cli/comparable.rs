//! `comparable`: families and children that have too few loci in common with most of the others.

use clap::Args;

use crate::matching::{FewLoci, LocusSet, Typed};
use crate::model::{Candidate, Profile};
use crate::report::{CandidateReport, ComparableReport, Comparison, Format, Hardly};

use super::Outcome;
use super::options::{FormatOption, Global};
use super::output::{Output, count};
use super::store::Store;

/// Families per page.
const PAGE: u32 = 16_384;

#[derive(Args)]
pub(super) struct Comparable {
    /// The least number of loci in common with which a pair counts as comparable, instead of the store's
    #[arg(long, value_name = "N")]
    min_loci: Option<u32>,
    #[command(flatten)]
    format: FormatOption,
}

impl Comparable {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store, global.key())?;
        let mut ledger = store.ledger()?;
        let panel = store.table.panel();
        let min_loci = self.min_loci.unwrap_or(store.min_loci);
        let (mut families, mut children): (Vec<Typed>, Vec<Typed>) = (Vec::new(), Vec::new());
        let generation =
            ledger.children(panel, |child| children.push((child.pseudonym, typed_loci(&child.profile))))?;
        // Before the pages, each of which is held against the generation: an import meanwhile is no damage.
        let matched = ledger.families_matched()?;
        loop {
            let page = ledger.families_after(panel, families.last().map(|last| last.0), PAGE, &generation)?;
            if page.is_empty() {
                break;
            }
            let loci = page.iter().map(|family| {
                let relatives = family.relatives.iter().map(|relative| typed_loci(&relative.profile));
                (family.pseudonym, relatives.fold(0, |all, one| all | one))
            });
            families.extend(loci);
        }
        anyhow::ensure!(
            families.len() as u64 == matched,
            "the ledger is damaged: not all families were found; run `reunite verify`"
        );
        let found = Pairs { typed: vec![(families, children)], min_loci }.tally();
        let (pairs, all) = (found.pairs(), found.families * found.children);
        let comparison = found.comparison(&[]);
        output.say(&format!(
            "{} of {} pairs have fewer than {min_loci} loci in common; {} families and {} children have enough with fewer \
             than half of the others",
            count(pairs),
            count(all),
            count(comparison.families_hardly_comparable.as_ref().map_or(0, Vec::len) as u64),
            count(comparison.children_hardly_comparable.as_ref().map_or(0, Vec::len) as u64),
        ));
        let report = ComparableReport::new(comparison);
        let entry = global.entry("comparable").with("format", self.format.format.word());
        ledger.append(&entry.about(report.pseudonyms()))?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.is_empty() => {}
            Format::Table => output.data(&report.table(super::matching::TABLE_ROWS))?,
        }
        Ok(if report.is_empty() { Outcome::Nothing } else { Outcome::Done })
    }
}

fn typed_loci(profile: &Profile) -> LocusSet {
    let typed = profile.genotypes().iter().map(|genotype| LocusSet::from(genotype.is_some()));
    typed.enumerate().fold(0, |set, (locus, typed)| set | typed << locus)
}

/// Who was compared with whom: families and children, all of the one with all of the other, once in a full run; in a delta,
/// families that changed with all children, then all other families with children that changed.
pub(super) struct Pairs {
    pub(super) typed: Vec<(Vec<Typed>, Vec<Typed>)>,
    pub(super) min_loci: u32,
}

/// Pairs with too few loci in common, and who has too few with most.
pub(super) struct Tallied {
    min_loci: u32,
    pub(super) families: u64,
    pub(super) children: u64,
    few: Vec<FewLoci>,
    hardly_families: Vec<Hardly>,
    hardly_children: Vec<Hardly>,
}

impl Pairs {
    /// The first families are listed if they have too little in common with most of their children; the last children, with
    /// most of all families.
    pub(super) fn tally(&self) -> Tallied {
        let few: Vec<FewLoci> =
            self.typed.iter().map(|(families, children)| FewLoci::of(families, children, self.min_loci)).collect();
        let hardly = |typed: &[Typed], of: &dyn Fn(LocusSet) -> u64, all: u64| {
            let with_too_few = typed.iter().map(|&(name, loci)| (name, loci, of(loci)));
            let mut hardly: Vec<Hardly> = with_too_few
                .filter(|one| one.2 * 2 > all)
                .map(|(pseudonym, loci, few)| Hardly {
                    pseudonym,
                    typed_loci: loci.count_ones(),
                    comparable: all - few,
                })
                .collect();
            hardly.sort_unstable_by_key(|one| one.pseudonym);
            hardly
        };
        let (mut hardly_families, mut hardly_children) = (Vec::new(), Vec::new());
        if let (Some(few_of_first), Some((families, _))) = (few.first(), self.typed.first()) {
            hardly_families = hardly(families, &|loci| few_of_first.of_family(loci), few_of_first.children);
        }
        let all_families = few.iter().map(|few| few.families).sum();
        if let Some((_, children)) = self.typed.last() {
            let of = |loci| few.iter().map(|few| few.of_child(loci)).sum();
            hardly_children = hardly(children, &of, all_families);
        }
        Tallied {
            min_loci: self.min_loci,
            families: all_families,
            children: few.first().map_or(0, |few| few.children),
            few,
            hardly_families,
            hardly_children,
        }
    }
}

impl Tallied {
    /// Pairs with too few loci in common.
    fn pairs(&self) -> u64 {
        self.few.iter().map(|few| few.pairs).sum()
    }

    /// As it goes out: pairs that are candidates all the same, among those `found`, are not called incomparable.
    pub(super) fn comparison(self, found: &[Candidate]) -> Comparison {
        let candidates = found.iter().filter(|one| one.loci_compared < self.min_loci).count() as u64;
        Comparison {
            min_loci: Some(self.min_loci),
            pairs_not_comparable: Some(self.pairs().saturating_sub(candidates)),
            families_hardly_comparable: Some(self.hardly_families),
            children_hardly_comparable: Some(self.hardly_children),
        }
    }
}

/// Says which pairs of a run were not comparable.
pub(super) fn say(report: &CandidateReport, output: &Output) {
    let run = &report.run;
    let Comparison { min_loci: Some(least), pairs_not_comparable: Some(pairs), .. } = run.comparison else {
        return;
    };
    let few = report.candidates.iter().filter(|candidate| candidate.few_loci).count() as u64;
    if pairs > 0 {
        let which = if run.mode == "delta" { " of those compared in this run" } else { "" };
        output.say(&format!("{} pairs{which} have fewer than {least} loci in common: not comparable", count(pairs)));
    }
    if few > 0 {
        output.say(&format!("{} candidates reach the LR with fewer than {least} loci", count(few)));
    }
    let listed = |list: &Option<Vec<Hardly>>| list.as_ref().map_or(0, Vec::len) as u64;
    let families = listed(&run.comparison.families_hardly_comparable);
    let children = listed(&run.comparison.children_hardly_comparable);
    if families + children > 0 {
        output.say(&format!(
            "{} families and {} children are comparable with fewer than half of the others: see `reunite comparable`",
            count(families),
            count(children)
        ));
    }
}
