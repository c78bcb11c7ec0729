//! Draws a family and its child from a pedigree.

use crate::matching::LocusSet;
use crate::model::{Child, Family, Genotype, Pedigree, Profile, Pseudonym, Relation, Relative};
use crate::synthesis::PedigreeDraws;

/// Draws the family and the child of a number. Of the relative at a position, `relative_set` gives the typed loci; the
/// child is a stranger if it is unrelated.
pub(super) fn family_and_child(
    (draws, pedigree): (&PedigreeDraws<'_>, &Pedigree),
    relations: &[Relation],
    (relative_set, child_set): (impl Fn(usize) -> LocusSet, LocusSet),
    is_unrelated: bool,
    number: usize,
) -> (Family, Child) {
    let everyone = draws.members(number);
    let mut family = blank(relations);
    for (at, (relative, place)) in family.relatives.iter_mut().zip(pedigree.relatives()).enumerate() {
        relative.profile = at_loci(&everyone[*place], relative_set(at));
    }
    let profile = if is_unrelated { &draws.stranger(number) } else { &everyone[pedigree.child()] };
    let profile = at_loci(profile, child_set);
    (family, Child { pseudonym: Pseudonym::from_bytes([2; 16]), profile, drop_out: None })
}

fn at_loci(profile: &Profile, set: LocusSet) -> Profile {
    let seen = |(locus, genotype): (usize, &Option<Genotype>)| genotype.filter(|_| set >> locus & 1 == 1);
    Profile::new(profile.genotypes().iter().enumerate().map(seen).collect())
}

/// Returns a family of these relatives without genotypes.
pub(super) fn blank(relations: &[Relation]) -> Family {
    let relative = |(at, &relation): (usize, &Relation)| Relative {
        sample: Pseudonym::from_bytes([3 + at as u8; 16]),
        relation,
        profile: Profile::new(Vec::new()),
        drop_out: None,
    };
    let relatives = relations.iter().enumerate().map(relative).collect();
    Family { pseudonym: Pseudonym::from_bytes([1; 16]), relatives, pedigree: None }
}
