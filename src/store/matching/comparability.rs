//! Finds families and children that have too few loci in common with most of the others.

use crate::audit::Entry;
use crate::matching::{FewLoci, LocusSet, TypedLoci, locus_set};
use crate::model::{Candidate, Profile};
use crate::report::{ComparableReport, Comparison, Hardly};

use crate::store::error::{Incomplete, StoreError};
use crate::store::folder::Store;

/// Families per page.
const PAGE: u32 = 16_384;

/// The result of a search for pairs with too few loci in common.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Comparable {
    /// The families and children that are hardly comparable.
    pub report: ComparableReport,
    /// The least number of loci in common with which a pair counts as comparable.
    pub min_loci: u32,
    /// Number of pairs with fewer loci in common.
    pub pairs: u64,
    /// Number of all pairs of a family and a child.
    pub all_pairs: u64,
    /// Number of families that have enough loci in common with fewer than half of the children.
    pub families: u64,
    /// Number of children that have enough loci in common with fewer than half of the families.
    pub children: u64,
}

impl Store {
    /// Lists families and children that have too few loci in common with most of the others. `min_loci` is the least number
    /// with which a pair counts as comparable; `None` takes the store's.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let found = store.comparable(Some(12), &store::entry("comparable", None))?;
    /// println!("{} of {} pairs have fewer than 12 loci in common", found.pairs, found.all_pairs);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`], also if the ledger lacks families.
    pub fn comparable(&self, min_loci: Option<u32>, entry: &Entry) -> Result<Comparable, StoreError> {
        let mut ledger = self.ledger()?;
        let panel = self.table().panel();
        let min_loci = min_loci.unwrap_or(self.min_loci());
        let (mut families, mut children): (Vec<TypedLoci>, Vec<TypedLoci>) = (Vec::new(), Vec::new());
        let generation = ledger.children(panel, |child| {
            children.push(TypedLoci { pseudonym: child.pseudonym, loci: typed_loci(&child.profile) });
        })?;
        // This number is read before the pages. Each page checks the generation, so a concurrent import is not reported
        // as damage.
        let expected = ledger.families_matched()?;
        loop {
            let page = ledger.families_after(panel, families.last().map(|last| last.pseudonym), PAGE, &generation)?;
            if page.is_empty() {
                break;
            }
            families.extend(page.iter().map(|family| {
                let relatives = family.relatives.iter().map(|relative| typed_loci(&relative.profile));
                TypedLoci { pseudonym: family.pseudonym, loci: relatives.fold(0, |all, one| all | one) }
            }));
        }
        let found = families.len() as u64;
        if found != expected {
            return Err(Incomplete::Families { expected, found }.into());
        }
        let tallied = Pairs { typed: vec![(families, children)], min_loci }.tally();
        let (pairs, all_pairs) = (tallied.pairs(), tallied.families * tallied.children);
        let comparison = tallied.comparison(&[]);
        let listed = |list: &Option<Vec<Hardly>>| list.as_ref().map_or(0, Vec::len) as u64;
        let families = listed(&comparison.families_hardly_comparable);
        let children = listed(&comparison.children_hardly_comparable);
        let report = ComparableReport::new(comparison);
        ledger.append_look(&entry.clone().about(report.pseudonyms()))?;
        Ok(Comparable { report, min_loci, pairs, all_pairs, families, children })
    }
}

fn typed_loci(profile: &Profile) -> LocusSet {
    locus_set(profile.genotypes().iter().map(Option::is_some))
}

/// The families and children that were compared. Every family was compared with every child: once in a full run; in a
/// delta, changed families with all children, then all other families with changed children.
pub(in crate::store) struct Pairs {
    pub(in crate::store) typed: Vec<(Vec<TypedLoci>, Vec<TypedLoci>)>,
    pub(in crate::store) min_loci: u32,
}

/// The pairs with too few loci in common, and the families and children with too few in most of their pairs.
pub(in crate::store) struct Tallied {
    min_loci: u32,
    families: u64,
    children: u64,
    few: Vec<FewLoci>,
    hardly_families: Vec<Hardly>,
    hardly_children: Vec<Hardly>,
}

impl Pairs {
    /// Counts the pairs. Lists the families of the first part that have too few loci in common with most of the
    /// children, and the children of the last part that have too few in common with most of all families.
    pub(in crate::store) fn tally(&self) -> Tallied {
        let few: Vec<FewLoci> =
            self.typed.iter().map(|(families, children)| FewLoci::count(families, children, self.min_loci)).collect();
        let hardly = |typed: &[TypedLoci], of: &dyn Fn(LocusSet) -> u64, all: u64| {
            let with_too_few = typed.iter().map(|&TypedLoci { pseudonym, loci }| (pseudonym, loci, of(loci)));
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
    /// Counts the pairs with too few loci in common.
    fn pairs(&self) -> u64 {
        self.few.iter().map(|few| few.pairs).sum()
    }

    /// Returns the result as reports show it. Pairs that are candidates nevertheless (`found`) do not count as
    /// incomparable.
    pub(in crate::store) fn comparison(self, found: &[Candidate]) -> Comparison {
        let candidates = found.iter().filter(|one| one.loci_compared < self.min_loci).count() as u64;
        Comparison {
            min_loci: Some(self.min_loci),
            pairs_not_comparable: Some(self.pairs().saturating_sub(candidates)),
            families_hardly_comparable: Some(self.hardly_families),
            children_hardly_comparable: Some(self.hardly_children),
        }
    }
}
