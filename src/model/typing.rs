//! Several typings of one sample, and how they are joined into one profile.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Allele, DropOut, Genotype, Locus, ManyAlleles};

/// The least number of shared loci at which two typings must agree before the program accepts them, without asking, as
/// typings of one person.
pub const SURE_LOCI: usize = 6;

/// The alleles that a typing shows at one locus. Like [`Genotype`], they identify a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// One or two alleles.
    Genotype(Genotype),
    /// Three or more alleles.
    Many(ManyAlleles),
}

impl Observed {
    /// Returns the alleles in rising order; a homozygote has one.
    fn alleles(&self) -> Vec<Allele> {
        match self {
            Self::Genotype(genotype) if genotype.low() == genotype.high() => vec![genotype.low()],
            Self::Genotype(genotype) => vec![genotype.low(), genotype.high()],
            Self::Many(many) => many.alleles().to_vec(),
        }
    }
}

/// Reports whether drop-out alone explains why typings show different alleles at a locus: one typing is heterozygous,
/// and each other typing shows the same genotype or is homozygous for one of its alleles.
///
/// ```
/// use reunite::model::{Observed, drop_out_explains};
///
/// let observed = |text: &str| Observed::Genotype(text.parse().unwrap());
/// assert!(drop_out_explains(&[observed("14/15"), observed("15")]));
/// assert!(!drop_out_explains(&[observed("14/15"), observed("14/16")]));
/// assert!(!drop_out_explains(&[observed("14"), observed("15")]));
/// ```
#[must_use]
pub fn drop_out_explains(observed: &[Observed]) -> bool {
    let explains = |whole: &Observed| {
        let all = whole.alleles();
        let is_part = |one: &Observed| one == whole || matches!(&one.alleles()[..], [only] if all.contains(only));
        all.len() == 2 && observed.iter().all(is_part)
    };
    observed.iter().any(explains)
}

/// The joint result of several typings of one sample. It does not depend on their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined<L> {
    /// Loci at which all typings that show any alleles agree; each locus counts once.
    pub agreed: BTreeMap<L, Observed>,
    /// Loci at which typings disagree, with everything that they show there. Matching treats these loci as untyped.
    pub disputed: BTreeMap<L, Vec<Observed>>,
}

impl<L: Ord> Joined<L> {
    /// Joins typings. Each typing must contain a locus at most once.
    pub fn of(typings: impl IntoIterator<Item = impl IntoIterator<Item = (L, Observed)>>) -> Self {
        let mut shown: BTreeMap<L, Vec<Observed>> = BTreeMap::new();
        for (locus, observed) in typings.into_iter().flatten() {
            let at = shown.entry(locus).or_default();
            if !at.contains(&observed) {
                at.push(observed);
            }
        }
        let (mut agreed, mut disputed) = (BTreeMap::new(), BTreeMap::new());
        for (locus, mut observed) in shown {
            match (observed.pop(), observed.is_empty()) {
                (Some(only), true) => drop(agreed.insert(locus, only)),
                (last, _) => {
                    observed.extend(last);
                    // A fixed order makes the result independent of the order of the typings.
                    observed.sort_by_key(Observed::alleles);
                    disputed.insert(locus, observed);
                }
            }
        }
        Self { agreed, disputed }
    }
}

/// Returns the drop-out probability of a sample with several typings: the largest one stated, because a larger one
/// excludes fewer children.
#[must_use]
pub fn joined_drop_out(stated: impl IntoIterator<Item = Option<DropOut>>) -> Option<DropOut> {
    stated.into_iter().flatten().max()
}

/// One of several typings of a sample, and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typing {
    /// Number of the import that added it, as in the audit chain.
    pub import: u64,
    /// Time of that import, in seconds since 1970 UTC.
    pub imported_at: i64,
    /// The agency that issued the identifiers.
    pub agency: Option<Arc<str>>,
    /// The typing kit.
    pub kit: Option<Arc<str>>,
    /// The date on which the sample was taken.
    pub collected_on: Option<Date>,
    /// The drop-out probability stated for this typing.
    pub drop_out: Option<DropOut>,
    /// The observed alleles, by locus.
    pub observed: BTreeMap<Locus, Observed>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn g(text: &str) -> Observed {
        Observed::Genotype(text.parse().unwrap())
    }

    fn many(texts: &[&str]) -> Observed {
        Observed::Many(ManyAlleles::new(texts.iter().map(|text| text.parse().unwrap()).collect()).unwrap())
    }

    #[test]
    fn loci_that_agree_count_once_new_ones_join_and_disputed_ones_are_left_out() {
        let first = [(1, g("14/15")), (2, g("9.3")), (3, many(&["10", "11", "12"])), (5, g("20"))];
        let second = [(1, g("14/15")), (2, g("9.3/10")), (3, many(&["10", "11", "12"])), (4, g("7")), (5, g("21"))];
        let joined = Joined::of([Vec::from(first), Vec::from(second)]);
        let agreed = [(1, g("14/15")), (3, many(&["10", "11", "12"])), (4, g("7"))];
        assert_eq!(joined.agreed, BTreeMap::from(agreed));
        assert_eq!(joined.disputed.keys().copied().collect::<Vec<_>>(), [2, 5]);
        assert!(drop_out_explains(&joined.disputed[&2]) && !drop_out_explains(&joined.disputed[&5]));
    }

    #[test]
    fn drop_out_explains_a_heterozygote_and_homozygotes_of_its_alleles() {
        assert!(drop_out_explains(&[g("15"), g("14/15"), g("14")]));
        assert!(!drop_out_explains(&[g("15"), g("14/15"), g("14/16")]));
        assert!(!drop_out_explains(&[many(&["14", "15", "16"]), g("14")]));
        assert!(!drop_out_explains(&[]));
    }

    #[test]
    fn the_largest_drop_out_stated_counts() {
        let of = DropOut::new;
        assert_eq!(joined_drop_out([of(0.01), None, of(0.2), of(0.1)]), of(0.2));
        assert_eq!(joined_drop_out([None, None]), None);
    }

    proptest! {
        #[test]
        fn the_order_of_typings_does_not_matter(
            typings in prop::collection::vec(prop::collection::btree_map(0_u8..6, (10_u16..13, 10_u16..13), 0..6), 1..5),
            turn in 0_usize..5,
        ) {
            let typings: Vec<Vec<(u8, Observed)>> = typings
                .into_iter()
                .map(|typing| {
                    let allele = |n: u16| Allele::from_tenths(10 * n).unwrap();
                    let observed = |(a, b)| Observed::Genotype(Genotype::new(allele(a), allele(b)));
                    typing.into_iter().map(|(locus, pair)| (locus, observed(pair))).collect()
                })
                .collect();
            let joined = Joined::of(typings.clone());
            let (mut turned, mut reversed) = (typings.clone(), typings.clone());
            turned.rotate_left(turn % typings.len());
            reversed.reverse();
            prop_assert_eq!(&joined, &Joined::of(turned));
            prop_assert_eq!(&joined, &Joined::of(reversed));
            // A repeated typing adds nothing.
            prop_assert_eq!(&joined, &Joined::of(typings.iter().chain(&typings[..1]).cloned()));
        }
    }
}
