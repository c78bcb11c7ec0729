//! Plants children that are hard to judge: true ones that contradict a parent, and false ones that resemble the missing
//! child.

use crate::model::{Genotype, Profile};

use super::draw::{Drawn, NewChild, Source};
use super::genes::{Genes, Side};
use super::plan::PlanError;
use super::random::{Purpose, Stream, fixed};

/// The kind of a [`super::Trap`]: the missing child's cousin.
pub const NEPHEW: &str = "nephew";
/// The kind of a [`super::Trap`]: child of a typed parent's full sibling and, where typed, of the other parent.
pub const SIBLING_PARENT: &str = "sibling-parent";

/// Reports whether a child with this genotype must have received a mutated allele from a parent; `None` is an untyped
/// parent.
fn contradicts(child: Genotype, father: Option<Genotype>, mother: Option<Genotype>) -> bool {
    let fits = |parent: Option<Genotype>, allele| parent.is_none_or(|p| p.low() == allele || p.high() == allele);
    let both = |paternal, maternal| fits(father, paternal) && fits(mother, maternal);
    !both(child.low(), child.high()) && !both(child.high(), child.low())
}

/// Returns the number of loci at which a child contradicts its typed parents.
pub(super) fn contradictions(child: &Profile, parents: [Option<&Profile>; 2]) -> u8 {
    let wrong = |&i: &usize| {
        let [father, mother] = parents.map(|parent| parent.and_then(|profile| profile.at(i)));
        child.at(i).is_some_and(|genotype| contradicts(genotype, father, mother))
    };
    let wrong = (0..child.genotypes().len()).filter(wrong).count();
    u8::try_from(wrong).unwrap_or(u8::MAX)
}

/// Plants children in `wanted` of the families, all equally likely. Families in which nothing can be planted are
/// skipped.
pub(super) fn choose(
    name: &'static str,
    wanted: usize,
    mut families: Vec<usize>,
    mut stream: Stream,
    plant: impl Fn(usize) -> Option<NewChild>,
) -> Result<Vec<(usize, NewChild)>, PlanError> {
    stream.shuffle(&mut families);
    let mut chosen = Vec::with_capacity(wanted.min(families.len()));
    while chosen.len() < wanted {
        let Some(family) = families.pop() else {
            return Err(PlanError::TooFewFamilies { name, wanted, found: chosen.len() });
        };
        chosen.extend(plant(family).map(|planted| (family, planted)));
    }
    Ok(chosen)
}

/// Returns the planted child of a family with one or two alleles moved so that they contradict a typed parent; `None`
/// if no move achieves that.
pub(super) fn with_forced_mutations(source: &Source, index: usize) -> Option<NewChild> {
    let mut family = source.family(index);
    let mut stream = source.seed.stream(Purpose::Forced, index);
    let wanted = 1 + stream.below(2);
    let mut loci: Vec<usize> = (0..source.pool.len()).collect();
    stream.shuffle(&mut loci);
    let mut moved = 0;
    for locus in loci {
        if moved < wanted && move_allele(source, &mut family, locus, &mut stream) {
            moved += 1;
        }
    }
    (moved > 0).then(|| source.own_child(&family))
}

/// Moves one allele of the family's child at a locus, if that creates a new contradiction.
fn move_allele(source: &Source, family: &mut Drawn<'_>, locus: usize, stream: &mut Stream) -> bool {
    let alleles = source.pool.alleles(locus);
    let genotype = |[a, b]: [u8; 2]| Genotype::new(alleles[usize::from(a)], alleles[usize::from(b)]);
    let typed = |set: u64| set >> locus & 1 == 1;
    let [father, mother] = [Side::Paternal, Side::Maternal].map(|side| {
        let relative = family.parent(side).filter(|&relative| typed(family.relatives[relative].typed))?;
        Some(genotype(family.everyone[family.pedigree.relatives()[relative]][locus]))
    });
    // Most mutations are paternal.
    let sides = match (father, mother) {
        (None, None) => return false,
        (Some(_), None) => vec![Side::Paternal],
        (None, Some(_)) => vec![Side::Maternal],
        (Some(_), Some(_)) if stream.chance(fixed(0.75)) => vec![Side::Paternal, Side::Maternal],
        (Some(_), Some(_)) => vec![Side::Maternal, Side::Paternal],
    };
    let up = if stream.chance(fixed(0.5)) { 10 } else { -10 };
    let mut steps = [up, -up, 2 * up, -2 * up];
    if stream.chance(fixed(0.125)) {
        steps.rotate_left(2);
    }
    let pair = family.everyone[family.pedigree.child()][locus];
    if !typed(family.child.typed) || contradicts(genotype(pair), father, mother) {
        return false;
    }
    for (side, step) in sides.into_iter().flat_map(|side| steps.map(|step| (side, step))) {
        let from = alleles[usize::from(pair[side as usize])];
        let to = i32::from(from.tenths()) + step;
        let Some(to) = alleles.iter().position(|allele| i32::from(allele.tenths()) == to) else { continue };
        let mut changed = pair;
        changed[side as usize] = to as u8;
        if contradicts(genotype(changed), father, mother) {
            family.everyone[family.pedigree.child()][locus] = changed;
            return true;
        }
    }
    false
}

/// Returns a typed parent's side; either one with equal probability if both are typed.
fn typed_side(family: &Drawn<'_>, stream: &mut Stream) -> Option<Side> {
    let first = if stream.chance(fixed(0.5)) { Side::Paternal } else { Side::Maternal };
    let second = if first == Side::Paternal { Side::Maternal } else { Side::Paternal };
    [first, second].into_iter().find(|&side| family.parent(side).is_some())
}

/// Returns a child of a typed parent's full sibling and a stranger; `None` if no parent is typed.
pub(super) fn nephew(source: &Source, index: usize) -> Option<NewChild> {
    let family = source.family(index);
    let mut stream = source.seed.stream(Purpose::Nephew, index);
    let side = typed_side(&family, &mut stream)?;
    let sibling = sibling_of_parent(source, &family, side, &mut stream)?;
    let stranger = source.pool.founder(&mut stream);
    let is_father = stream.chance(fixed(0.5));
    let (father, mother) = if is_father { (&sibling, &stranger) } else { (&stranger, &sibling) };
    let genes = source.pool.child(father, mother, &mut stream);
    Some(source.found(&genes, &mut stream))
}

/// Returns a child of a typed parent's full sibling of the same sex and the family's other parent; `None` if no parent
/// is typed.
pub(super) fn child_of_siblings(source: &Source, index: usize) -> Option<NewChild> {
    let family = source.family(index);
    let mut stream = source.seed.stream(Purpose::SiblingParent, index);
    let side = typed_side(&family, &mut stream)?;
    let sibling = sibling_of_parent(source, &family, side, &mut stream)?;
    let child = family.pedigree.members()[family.pedigree.child()];
    let other = if side == Side::Paternal { child.mother } else { child.father };
    let other = &family.everyone[other?];
    let (father, mother) = if side == Side::Paternal { (&sibling, other) } else { (other, &sibling) };
    let genes = source.pool.child(father, mother, &mut stream);
    Some(source.found(&genes, &mut stream))
}

fn sibling_of_parent(source: &Source, family: &Drawn<'_>, side: Side, stream: &mut Stream) -> Option<Genes> {
    let parent = family.pedigree.relatives()[family.parent(side)?];
    Some(source.pool.sibling(family.pedigree, &family.everyone, parent, stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contradiction_needs_a_mutation() {
        let read = |text: &str| text.parse::<Genotype>().unwrap();
        let wrong = |child, father: Option<&str>, mother: Option<&str>| {
            contradicts(read(child), father.map(read), mother.map(read))
        };
        assert!(!wrong("8/9", Some("9/10"), None));
        assert!(wrong("8/9", Some("10/11"), None));
        assert!(!wrong("8/9", Some("9"), Some("8")));
        assert!(wrong("8/9", Some("9/10"), Some("9/11")), "both give the 9");
        assert!(wrong("9", Some("9/10"), Some("8")));
        assert!(!wrong("9", None, None));
    }
}
