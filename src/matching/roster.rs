//! Keys for what a family's relatives show at one locus: quick to build, to hash and to compare, because thousands of
//! families look up every locus.

use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::model::{Family, Relation};

/// The relatives of a family in an order in which equal families have equal keys.
pub(super) struct Roster<'f, K> {
    family: &'f Family,
    /// Positions of the relatives, each with its relation: by relation, or in the order of the pedigree.
    places: Vec<(usize, Relation)>,
    /// What is known of the loci at which a given set of relatives is typed.
    kinds: Vec<(u64, K)>,
    shown: Vec<Shown>,
}

/// What one relative shows. The order makes keys unique if relatives of the same relation are exchanged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    relation: Relation,
    genotype: u32,
    drop_out: u64,
}

/// The drop-out probability of a sample that has none of its own: no number between 0 and 1 has these bits.
const NO_DROP_OUT: u64 = u64::MAX;

/// Largest number of genotypes that a key has in place.
const FEW: usize = 3;

/// What the relatives of a family show at a locus. Families have equal keys if they have equal
/// [`Evidence`](crate::kinship::Evidence).
#[derive(Clone, Eq)]
pub(super) struct Key {
    /// Number of the kind of evidence: the relations, and who is typed.
    kind: u32,
    /// The genotypes of typed relatives, 0 if there are no more.
    few: [u32; FEW],
    /// Genotypes and drop-out probabilities, if there are more genotypes or any such probability.
    more: Box<[u64]>,
}

impl<'f, K: Clone> Roster<'f, K> {
    pub(super) fn new(family: &'f Family) -> Self {
        let relation = |(at, relative)| (at, family.relation(relative));
        let mut places: Vec<(usize, Relation)> = family.relatives.iter().enumerate().map(relation).collect();
        match &family.pedigree {
            Some(pedigree) => places.truncate(pedigree.relatives().len()),
            None => places.sort_by_key(|place| place.1),
        }
        Self { family, places, kinds: Vec::new(), shown: Vec::new() }
    }

    pub(super) fn family(&self) -> &'f Family {
        self.family
    }

    /// Returns the set of relatives who are typed at a locus, as bits; `None` if there are more relatives than bits.
    pub(super) fn typed(&self, locus: usize) -> Option<u64> {
        if self.places.len() > u64::BITS as usize {
            return None;
        }
        let is_typed = |at: usize| self.family.relatives[at].profile.at(locus).is_some();
        Some(self.places.iter().rev().fold(0, |set, &(at, _)| set << 1 | u64::from(is_typed(at))))
    }

    /// Returns what is known of the loci at which these relatives are typed; the first time, `find` finds it.
    pub(super) fn known<E>(&mut self, typed: u64, find: impl FnOnce() -> Result<K, E>) -> Result<K, E> {
        if let Some((_, known)) = self.kinds.iter().find(|one| one.0 == typed) {
            return Ok(known.clone());
        }
        let found = find()?;
        self.kinds.push((typed, found.clone()));
        Ok(found)
    }

    /// Returns the key at a locus at which these relatives are typed; `kind` is the number of the kind of evidence.
    pub(super) fn key(&mut self, locus: usize, typed: u64, kind: u32) -> Key {
        let Self { family, places, shown, .. } = self;
        shown.clear();
        for (bit, &(at, relation)) in places.iter().enumerate() {
            let relative = &family.relatives[at];
            let Some(genotype) = relative.profile.at(locus).filter(|_| typed >> bit & 1 == 1) else { continue };
            let genotype = u32::from(genotype.low().tenths()) << 16 | u32::from(genotype.high().tenths());
            let drop_out = relative.drop_out.map_or(NO_DROP_OUT, |drop_out| drop_out.get().to_bits());
            shown.push(Shown { relation, genotype, drop_out });
        }
        if family.pedigree.is_none() {
            shown.sort_unstable();
        }
        let mut key = Key { kind, few: [0; FEW], more: Box::default() };
        if shown.len() <= FEW && shown.iter().all(|one| one.drop_out == NO_DROP_OUT) {
            key.few.iter_mut().zip(shown).for_each(|(few, one)| *few = one.genotype);
        } else {
            key.more = shown.iter().flat_map(|one| [u64::from(one.genotype), one.drop_out]).collect();
        }
        key
    }
}

impl Key {
    /// Returns the kind and the genotypes in place.
    fn words(&self) -> [u64; 2] {
        let [one, other, third] = self.few.map(u64::from);
        [u64::from(self.kind) << 32 | one, other << 32 | third]
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        // Slices are compared by a call, which most keys can do without.
        self.words() == other.words()
            && self.more.len() == other.more.len()
            && (self.more.is_empty() || self.more == other.more)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.words().into_iter().for_each(|word| state.write_u64(word));
        self.more.iter().for_each(|&word| state.write_u64(word));
    }
}

/// Hashes keys in a few multiplications. Nobody gains by choosing genotypes that collide.
pub(super) type QuickHash = BuildHasherDefault<QuickHasher>;

/// The hasher of [`QuickHash`].
#[derive(Default)]
pub(super) struct QuickHasher(u64);

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    fn write_u64(&mut self, word: u64) {
        // An odd number without a pattern: the digits of the golden ratio. Both halves of the product count.
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        // The last word spreads over all bits only with another multiplication.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::kinship::{Evidence, Kind};
    use crate::model::{DropOut, Profile, Pseudonym, Relative};
    use crate::population::Convention;

    /// Generates a relative with few possible relations, genotypes and drop-out probabilities, so that many are equal.
    fn relative() -> impl Strategy<Value = Relative> {
        let relation = prop::sample::select(vec![Relation::Father, Relation::FullSibling, Relation::PaternalUncle]);
        let genotype = prop::sample::select(vec![None, Some("14/15"), Some("14/16"), Some("15/15")]);
        let drop_out = prop::sample::select(vec![None, None, Some(0.0), Some(0.125)]);
        (relation, genotype, drop_out).prop_map(|(relation, genotype, drop_out)| Relative {
            sample: Pseudonym::from_bytes([1; 16]),
            relation,
            profile: Profile::new(vec![genotype.map(|genotype| genotype.parse().unwrap())]),
            drop_out: drop_out.and_then(DropOut::new),
        })
    }

    proptest! {
        #[test]
        fn keys_are_equal_if_the_evidence_is(
            families in prop::collection::vec(prop::collection::vec(relative(), 1..5), 2..12),
            full in any::<bool>(),
        ) {
            let convention = if full { Convention::Full } else { Convention::Pruned };
            let mut numbers: HashMap<Kind, u32> = HashMap::new();
            let mut all: Vec<(Key, Evidence)> = Vec::new();
            for relatives in families {
                let family = Family { pseudonym: Pseudonym::from_bytes([2; 16]), relatives, pedigree: None };
                let evidence = Evidence::of_family(&family, 0, convention);
                let next = numbers.len() as u32;
                let number = *numbers.entry(evidence.kind()).or_insert(next);
                let mut roster: Roster<'_, u32> = Roster::new(&family);
                let typed = roster.typed(0).unwrap();
                prop_assert_eq!(typed != 0, evidence.is_typed());
                let key = roster.key(0, typed, number);
                for (other_key, other) in &all {
                    prop_assert_eq!(key == *other_key, evidence == *other, "{:?} {:?}", evidence, other);
                }
                all.push((key, evidence));
            }
        }
    }
}
