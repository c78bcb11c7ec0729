//! Determines which typed persons of a pedigree can change a likelihood ratio.
//!
//! Persons who are neither typed, nor the missing child, nor an ancestor of one of these sum out of every likelihood.
//! The genotypes of the others depend on each other along the links between parent and child. Two parents are therefore
//! linked by a child who is typed or has typed descendants: so the mother of a half-sibling is linked with the father.
//! A typed person who is not linked in this way with the missing child is independent of the child under both
//! hypotheses, and cancels.

use crate::model::Member;

/// Reports for each position in `typed` whether the person can change a likelihood ratio of the child.
pub(in crate::intake) fn linked_with_child(members: &[Member], child: usize, typed: &[usize]) -> Vec<bool> {
    let parents = |person: usize| [members[person].father, members[person].mother].into_iter().flatten();
    let mut wanted = vec![false; members.len()];
    let mut stack: Vec<usize> = typed.iter().copied().chain([child]).collect();
    while let Some(person) = stack.pop() {
        if !std::mem::replace(&mut wanted[person], true) {
            stack.extend(parents(person));
        }
    }
    let mut near = vec![Vec::new(); members.len()];
    for person in (0..members.len()).filter(|&person| wanted[person]) {
        for parent in parents(person) {
            near[person].push(parent);
            near[parent].push(person);
        }
    }
    let mut reached = vec![false; members.len()];
    let mut stack = vec![child];
    while let Some(person) = stack.pop() {
        if !std::mem::replace(&mut reached[person], true) {
            stack.extend(&near[person]);
        }
    }
    typed.iter().map(|&person| reached[person]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Persons are given by the numbers of father and mother, from 1; 0 means nobody. Ancestors precede their
    /// descendants.
    fn linked(parents: &[(usize, usize)], child: usize, typed: &[usize]) -> Vec<bool> {
        let member = |&(father, mother): &(usize, usize)| Member {
            father: father.checked_sub(1),
            mother: mother.checked_sub(1),
        };
        let members: Vec<Member> = parents.iter().map(member).collect();
        let at: Vec<usize> = typed.iter().map(|person| person - 1).collect();
        linked_with_child(&members, child - 1, &at)
    }

    #[test]
    fn descent_links_and_its_lack_does_not() {
        // 1 the grandfather, 2 the father, 3 the child.
        assert_eq!(linked(&[(0, 0), (1, 0), (2, 0)], 3, &[1]), [true]);
        assert_eq!(linked(&[(0, 0), (0, 0), (2, 0)], 3, &[1]), [false]);
    }

    #[test]
    fn a_co_parent_is_linked_by_a_typed_descendant_alone() {
        // 1 the father, 2 the mother, 3 another wife of the father, 4 the child, 5 a half-sibling, 6 its child; 7 the
        // wife's sister, by parents 8 and 9.
        let family = [(0, 0), (0, 0), (8, 9), (1, 2), (1, 3), (5, 0), (8, 9), (0, 0), (0, 0)];
        assert_eq!(linked(&family, 4, &[3]), [false]);
        assert_eq!(linked(&family, 4, &[3, 7]), [false, false]);
        assert_eq!(linked(&family, 4, &[1, 3]), [true, false]);
        assert_eq!(linked(&family, 4, &[3, 5]), [true, true]);
        assert_eq!(linked(&family, 4, &[3, 6]), [true, true]);
        // If a half-sibling's mother is not typed, the aunt may show which of its alleles is the father's.
        assert_eq!(linked(&family, 4, &[5, 7]), [true, true]);
    }

    #[test]
    fn a_spouse_of_the_child_needs_their_child() {
        // 1 the child, 2 the spouse, 3 their child.
        assert_eq!(linked(&[(0, 0), (0, 0), (1, 2)], 1, &[2]), [false]);
        assert_eq!(linked(&[(0, 0), (0, 0), (1, 2)], 1, &[2, 3]), [true, true]);
    }
}
