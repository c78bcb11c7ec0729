//! Finds the named relations that are equivalent to a pedigree.
//!
//! Each candidate name is accepted only if the pedigree of all names together equals the given one, apart from untyped
//! founders with one child, who carry no more information than an absent parent.

use crate::model::{Member, Pedigree, Relation, Sex};

/// A pedigree with the positions of the missing child and the typed persons, each with the sex.
pub(super) struct Placed<'a> {
    pub(super) members: &'a [Member],
    pub(super) child: usize,
    pub(super) typed: &'a [(usize, Sex)],
}

/// Returns the relations of the typed persons, in their order; `None` if relations do not fully describe the pedigree.
pub(super) fn relations_of(placed: &Placed<'_>) -> Option<Vec<Relation>> {
    let relations: Vec<Relation> = placed.typed.iter().map(|&one| relation_of(placed, one)).collect::<Option<_>>()?;
    let said = Pedigree::from_relations(&relations).ok()?;
    let typed: Vec<usize> = placed.typed.iter().map(|one| one.0).collect();
    same((placed.members, placed.child, &typed), (said.members(), said.child(), said.relatives())).then_some(relations)
}

/// Returns the only relation that a person in this place can have.
fn relation_of(placed: &Placed<'_>, (person, sex): (usize, Sex)) -> Option<Relation> {
    use Relation::{
        Father, FullSibling, MaternalAunt, MaternalGrandfather, MaternalGrandmother, MaternalHalfSibling,
        MaternalUncle, Mother, PaternalAunt, PaternalGrandfather, PaternalGrandmother, PaternalHalfSibling,
        PaternalUncle,
    };
    let child = placed.members[placed.child];
    let own = placed.members[person];
    let of = |parent: Option<usize>| parent.map_or_else(Member::default, |parent| placed.members[parent]);
    let (paternal, maternal) = (of(child.father), of(child.mother));
    let is = |place: Option<usize>| place == Some(person);
    let shares = |one: Option<usize>, other: Option<usize>| one.is_some() && one == other;
    let both = |side: Member| shares(own.father, side.father) && shares(own.mother, side.mother);
    let by_sex = |male, female| match sex {
        Sex::Male => Some(male),
        Sex::Female => Some(female),
        Sex::Unknown => None,
    };
    let places = [
        (is(child.father), Father),
        (is(child.mother), Mother),
        (both(child), FullSibling),
        (is(paternal.father), PaternalGrandfather),
        (is(paternal.mother), PaternalGrandmother),
        (is(maternal.father), MaternalGrandfather),
        (is(maternal.mother), MaternalGrandmother),
        (shares(own.father, child.father), PaternalHalfSibling),
        (shares(own.mother, child.mother), MaternalHalfSibling),
    ];
    if let Some((_, relation)) = places.iter().find(|place| place.0) {
        // A relation may imply a sex, which the file's must not contradict.
        return (relation.sex().is_none_or(|implied| sex == implied || sex == Sex::Unknown)).then_some(*relation);
    }
    if both(paternal) {
        by_sex(PaternalUncle, PaternalAunt)
    } else if both(maternal) {
        by_sex(MaternalUncle, MaternalAunt)
    } else {
        None
    }
}

/// Reports whether two pedigrees are equal, so that the child and the typed persons of one correspond to those of the
/// other.
fn same(a: (&[Member], usize, &[usize]), b: (&[Member], usize, &[usize])) -> bool {
    let [one, other] = [a, b].map(|(members, child, typed)| plain(members, child, typed));
    let mut pairs: Vec<(usize, usize)> = a.2.iter().copied().zip(b.2.iter().copied()).chain([(a.1, b.1)]).collect();
    let mut of: Vec<Option<usize>> = vec![None; one.len()];
    let mut taken = vec![false; other.len()];
    // Everyone left is one of these or an ancestor.
    while let Some((here, there)) = pairs.pop() {
        match of[here] {
            Some(known) if known == there => continue,
            None if !taken[there] => {}
            _ => return false,
        }
        (of[here], taken[there]) = (Some(there), true);
        let (mine, theirs) = (one[here], other[there]);
        for parents in [(mine.father, theirs.father), (mine.mother, theirs.mother)] {
            match parents {
                (None, None) => {}
                (Some(mine), Some(theirs)) => pairs.push((mine, theirs)),
                _ => return false,
            }
        }
    }
    true
}

/// Returns the pedigree without persons who are nobody's ancestor, and without links to untyped founders with one
/// child.
pub(super) fn plain(members: &[Member], child: usize, typed: &[usize]) -> Vec<Member> {
    let mut members = members.to_vec();
    let kept = |person: usize| person == child || typed.contains(&person);
    loop {
        let mut wanted: Vec<bool> = (0..members.len()).map(kept).collect();
        let mut stack: Vec<usize> = (0..members.len()).filter(|&person| wanted[person]).collect();
        let mut children = vec![0; members.len()];
        while let Some(person) = stack.pop() {
            for parent in parents(members[person]) {
                children[parent] += 1;
                if !std::mem::replace(&mut wanted[parent], true) {
                    stack.push(parent);
                }
            }
        }
        let needless =
            |parent: usize| !kept(parent) && children[parent] == 1 && parents(members[parent]).next().is_none();
        let left = |parent: Option<usize>| parent.filter(|&parent| !needless(parent));
        let next: Vec<Member> = members
            .iter()
            .zip(&wanted)
            .map(|(member, &wanted)| match wanted {
                true => Member { father: left(member.father), mother: left(member.mother) },
                false => Member::default(),
            })
            .collect();
        if next == members {
            return members;
        }
        members = next;
    }
}

fn parents(member: Member) -> impl Iterator<Item = usize> {
    [member.father, member.mother].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(relations: &[Relation]) -> Option<Vec<Relation>> {
        let pedigree = Pedigree::from_relations(relations).unwrap();
        let sexes = relations.iter().map(|relation| relation.sex().unwrap_or(Sex::Unknown));
        let typed: Vec<(usize, Sex)> = pedigree.relatives().iter().copied().zip(sexes).collect();
        relations_of(&Placed { members: pedigree.members(), child: pedigree.child(), typed: &typed })
    }

    /// Every set of at most three relations; two of a kind where that is possible.
    #[test]
    fn every_pedigree_of_relations_gets_its_names_back() {
        let mut sets = 0;
        for a in Relation::ALL {
            for b in Relation::ALL {
                for c in Relation::ALL {
                    for set in [&[a][..], &[a, b], &[a, b, c]] {
                        if Pedigree::from_relations(set).is_ok() {
                            assert_eq!(of(set).as_deref(), Some(set));
                            sets += 1;
                        }
                    }
                }
            }
        }
        assert!(sets > 4000, "{sets}");
    }

    fn placed(links: &[(usize, usize)], child: usize, typed: &[(usize, Sex)]) -> Option<Vec<Relation>> {
        let member = |&(father, mother): &(usize, usize)| Member {
            father: father.checked_sub(1),
            mother: mother.checked_sub(1),
        };
        let members: Vec<Member> = links.iter().map(member).collect();
        relations_of(&Placed { members: &members, child, typed })
    }

    #[test]
    fn what_relations_do_not_say_has_no_names() {
        let unknown = Sex::Unknown;
        // Two half-siblings who share their other parent; full siblings of each other would share both.
        let one = [(0, 0), (0, 0), (0, 0), (1, 2), (1, 3), (1, 3)];
        assert_eq!(placed(&one, 3, &[(4, unknown), (5, unknown)]), None);
        assert_eq!(placed(&one, 3, &[(4, unknown)]), Some(vec![Relation::PaternalHalfSibling]));
        // The father's and the mother's brother; the parents are siblings.
        let loops = [(0, 0), (0, 0), (1, 2), (1, 2), (1, 2), (3, 4)];
        assert_eq!(placed(&loops, 5, &[(4, Sex::Male)]), None);
        // An uncle of unknown sex, a cousin, a nephew, the child's own child.
        let uncle = [(0, 0), (0, 0), (1, 2), (1, 2), (3, 0), (4, 0)];
        assert_eq!(placed(&uncle, 4, &[(3, unknown)]), None);
        assert_eq!(placed(&uncle, 4, &[(3, Sex::Female)]), Some(vec![Relation::PaternalAunt]));
        assert_eq!(placed(&uncle, 4, &[(5, unknown)]), None);
        let line = [(0, 0), (1, 0), (2, 0)];
        assert_eq!(placed(&line, 1, &[(2, unknown)]), None);
        assert_eq!(placed(&line, 1, &[(0, unknown)]), Some(vec![Relation::Father]));
        assert_eq!(placed(&line, 2, &[(0, Sex::Male)]), Some(vec![Relation::PaternalGrandfather]));
        assert_eq!(placed(&line, 2, &[(0, Sex::Female)]), None);
        // A full sibling of the child whose father is also the mother's father.
        let inbred = [(0, 0), (0, 0), (1, 2), (1, 3), (1, 3)];
        assert_eq!(placed(&inbred, 3, &[(4, unknown)]), None);
    }
}
