//! Stores which children are typed at which loci, as a decision diagram.
//!
//! The generating function of the children's LRs is a sum over all children of a product over the loci at which each is
//! typed. Here it takes one step for every node instead of one for every locus of every child, because children who are
//! typed alike from some locus on share the rest. A kit of 20 loci with all sets that lack two of them takes some 230
//! steps.

use std::collections::HashMap;

use crate::matching::shared_loci::LocusSet;

/// A locus, and the nodes that follow for a child typed there (weight 1) and for one untyped there (with a weight).
#[derive(Clone, Copy)]
pub(super) struct Node {
    /// Position in the panel.
    pub(super) locus: usize,
    /// The node that follows for children typed there.
    pub(super) typed: usize,
    /// The node that follows for the others, and their weight relative to the typed ones.
    pub(super) untyped: Option<(usize, f64)>,
}

/// The diagram.
#[derive(Clone)]
pub(super) struct TypedSets {
    /// The nodes. Number 0 is the end, which has no entry here; number i is entry i - 1. A node precedes all nodes that
    /// lead to it.
    pub(super) nodes: Vec<Node>,
    /// Number of the node where the diagram starts.
    pub(super) start: usize,
    /// Weight of the start; 0 without children.
    pub(super) children: f64,
}

impl TypedSets {
    /// Builds the diagram from how many children are typed at which of `loci` loci.
    pub(super) fn new(sets: &[(LocusSet, u64)], loci: usize) -> Self {
        let mut builder = Builder { loci, nodes: Vec::new(), known: HashMap::new() };
        let (start, children) = builder.build(sets, 0).unwrap_or((0, 0.0));
        Self { nodes: builder.nodes, start, children }
    }
}

struct Builder {
    loci: usize,
    nodes: Vec<Node>,
    known: HashMap<Key, usize>,
}

/// A node's locus, the nodes that follow, and the bits of the weight.
type Key = (usize, usize, Option<(usize, u64)>);

impl Builder {
    /// Builds the node for the loci from `locus` on, and returns it with its weight.
    fn build(&mut self, sets: &[(LocusSet, u64)], locus: usize) -> Option<(usize, f64)> {
        if sets.is_empty() {
            return None;
        }
        if locus == self.loci {
            return Some((0, sets.iter().map(|set| set.1 as f64).sum()));
        }
        let (typed, untyped): (Vec<_>, Vec<_>) = sets.iter().partition(|set| set.0 >> locus & 1 == 1);
        let untyped = self.build(&untyped, locus + 1);
        let Some((typed, times)) = self.build(&typed, locus + 1) else { return untyped };
        let untyped = untyped.map(|(node, children)| (node, children / times));
        let key = (locus, typed, untyped.map(|(node, factor)| (node, factor.to_bits())));
        let number = *self.known.entry(key).or_insert_with(|| {
            self.nodes.push(Node { locus, typed, untyped });
            self.nodes.len()
        });
        Some((number, times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computes the sum over the children of the product over their loci.
    fn sum(sets: &TypedSets, at: &[f64]) -> f64 {
        let mut values = vec![1.0];
        for node in &sets.nodes {
            let untyped = node.untyped.map_or(0.0, |(node, factor)| factor * values[node]);
            values.push(at[node.locus] * values[node.typed] + untyped);
        }
        sets.children * values[sets.start]
    }

    #[test]
    fn the_sum_is_that_over_all_children() {
        let at = [0.5, 3.0, 0.25, 7.0];
        let sets: Vec<(LocusSet, u64)> = vec![(0b1111, 9), (0b1110, 2), (0b0111, 1), (0b0100, 4), (0, 3)];
        let product = |set: LocusSet| (0..4).filter(|l| set >> l & 1 == 1).map(|l| at[l]).product::<f64>();
        let by_hand: f64 = sets.iter().map(|&(set, count)| count as f64 * product(set)).sum();
        assert!((sum(&TypedSets::new(&sets, 4), &at) / by_hand - 1.0).abs() < 1e-15);
        assert_eq!(sum(&TypedSets::new(&[], 4), &at), 0.0);
        assert_eq!(sum(&TypedSets::new(&[(0, 3)], 4), &at), 3.0);
    }

    #[test]
    fn children_who_are_typed_alike_from_some_locus_on_share_what_follows() {
        let all: LocusSet = (1 << 20) - 1;
        let mut sets = vec![(all, 1_000)];
        for one in 0..20 {
            sets.push((all & !(1 << one), 20));
            sets.extend((0..one).map(|other| (all & !(1 << one | 1 << other), 1)));
        }
        assert!(TypedSets::new(&sets, 20).nodes.len() <= 250);
    }
}
