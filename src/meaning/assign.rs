//! Assigns children to families over the whole database: the posterior probability of every candidate, given that a child
//! fills one place, and that a place holds one child or none.
//!
//! The weight of an assignment is the product over the families of the weight of the family's child, or of its having
//! none. Families that share a candidate child, directly or through others, form a component; components are independent.
//! Within a component, the sums over all assignments are computed exactly, family by family: a state is the set of those
//! children already used who are also candidates of a later family. If a component has too many states, each posterior
//! is bounded instead.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::kinship::Bounds;
use crate::model::Pseudonym;

/// The most states of a component that is computed exactly.
pub const MOST_STATES: usize = 1 << 18;

/// A family's place for its missing child, with its candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The family.
    pub family: Pseudonym,
    /// Weight of all explanations other than a candidate; above 0.
    pub weight_of_none: f64,
    /// The candidates, each once, with their weights: at least 0, and finite.
    pub children: Vec<(Pseudonym, f64)>,
}

/// The posterior probability of one candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assigned {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// The probability; the bounds are equal if it is exact.
    pub posterior: Bounds,
}

/// The posterior probabilities of all candidates.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Assignment {
    /// The candidates, by family and child.
    pub pairs: Vec<Assigned>,
    /// Per family, the probability that none of its candidates is the missing child; by family.
    pub none: Vec<(Pseudonym, Bounds)>,
    /// Number of components.
    pub components: usize,
    /// The components that are bounded because they have too many states, each with its numbers of families and children.
    pub too_large: Vec<(usize, usize)>,
}

/// Assigns children to places. A component with more than `most_states` states is bounded.
///
/// Two families with one candidate each, who is the same child and fits both equally well:
///
/// ```
/// use reunite::meaning::{MOST_STATES, Place, assign};
/// use reunite::model::Pseudonym;
///
/// let child = Pseudonym::from_bytes([9; 16]);
/// let place = |number| Place {
///     family: Pseudonym::from_bytes([number; 16]),
///     weight_of_none: 1.0,
///     children: vec![(child, 1e6)],
/// };
/// let assigned = assign(&[place(1), place(2)], MOST_STATES);
/// for pair in &assigned.pairs {
///     assert!((pair.posterior.middle() - 0.5).abs() < 1e-6);
/// }
/// ```
#[must_use]
pub fn assign(places: &[Place], most_states: usize) -> Assignment {
    let mut assignment = Assignment::default();
    for component in components(places) {
        assignment.components += 1;
        let places: Vec<&Place> = component.iter().map(|&place| &places[place]).collect();
        let posteriors = match exact(&places, most_states) {
            Some(posteriors) => posteriors,
            None => {
                let children: BTreeSet<Pseudonym> =
                    places.iter().flat_map(|place| place.children.iter().map(|child| child.0)).collect();
                assignment.too_large.push((places.len(), children.len()));
                bounded(&places)
            }
        };
        for (place, (of_children, none)) in places.iter().zip(posteriors) {
            assignment.none.push((place.family, none));
            for (&(child, _), posterior) in place.children.iter().zip(of_children) {
                assignment.pairs.push(Assigned { family: place.family, child, posterior });
            }
        }
    }
    assignment.pairs.sort_unstable_by_key(|pair| (pair.family, pair.child));
    assignment.none.sort_unstable_by_key(|none| none.0);
    assignment
}

/// Groups the places that share children, each group in the order of the families.
fn components(places: &[Place]) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..places.len()).collect();
    fn root(group: &mut [usize], mut place: usize) -> usize {
        while group[place] != place {
            group[place] = group[group[place]];
            place = group[place];
        }
        place
    }
    let mut first: HashMap<Pseudonym, usize> = HashMap::new();
    for (number, place) in places.iter().enumerate() {
        for &(child, _) in &place.children {
            let other = *first.entry(child).or_insert(number);
            let (one, other) = (root(&mut group, number), root(&mut group, other));
            group[one.max(other)] = one.min(other);
        }
    }
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for number in 0..places.len() {
        found.entry(root(&mut group, number)).or_default().push(number);
    }
    let mut found: Vec<Vec<usize>> = found.into_values().collect();
    found.iter_mut().for_each(|component| component.sort_unstable_by_key(|&place| places[place].family));
    found
}

/// Posteriors of the children of each place, in its order, and of none of them.
type Posteriors = Vec<(Vec<Bounds>, Bounds)>;

/// A set of used children, by number, rising.
type State = Vec<u32>;

/// The families of a component in the order of their elimination.
struct Order {
    /// Positions among the places.
    places: Vec<usize>,
    /// Per step, the children who are candidates of a later place, too.
    open: Vec<BTreeSet<u32>>,
    /// Number of each child.
    numbers: HashMap<Pseudonym, u32>,
}

/// Orders the places so that few children are open at a time: next comes the place that opens the fewest.
fn order(places: &[&Place]) -> Order {
    let mut numbers = HashMap::new();
    let mut left: Vec<usize> = Vec::new();
    for &(child, _) in places.iter().flat_map(|place| &place.children) {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let number = *numbers.entry(child).or_insert(next) as usize;
        left.resize(left.len().max(number + 1), 0);
        left[number] += 1;
    }
    let of = |place: usize| places[place].children.iter().map(|child| numbers[&child.0]);
    // The places of each child, so that only the neighbours of the open children are looked at.
    let mut rest: BTreeSet<usize> = (0..places.len()).collect();
    let mut of_child: Vec<Vec<usize>> = vec![Vec::new(); left.len()];
    for place in 0..places.len() {
        of(place).for_each(|child| of_child[child as usize].push(place));
    }
    let (mut done, mut open, mut opens) = (Vec::new(), BTreeSet::new(), Vec::new());
    while !rest.is_empty() {
        let near: BTreeSet<usize> = open
            .iter()
            .flat_map(|&child: &u32| &of_child[child as usize])
            .copied()
            .filter(|place| rest.contains(place))
            .collect();
        let candidates = if near.is_empty() { &rest } else { &near };
        let grows = |&place: &usize| {
            let new = of(place).filter(|child| !open.contains(child) && left[*child as usize] > 1).count();
            let closed = of(place).filter(|child| open.contains(child) && left[*child as usize] == 1).count();
            new as i64 - closed as i64
        };
        let Some(next) = candidates.iter().copied().min_by_key(grows) else { break };
        rest.remove(&next);
        for child in of(next) {
            left[child as usize] -= 1;
            if left[child as usize] == 0 {
                open.remove(&child);
            } else {
                open.insert(child);
            }
        }
        done.push(next);
        opens.push(open.clone());
    }
    Order { places: done, open: opens, numbers }
}

/// Adds a child to a state, and keeps only the open children.
fn after(state: &State, child: Option<u32>, open: &BTreeSet<u32>) -> State {
    let mut next: State = state.iter().copied().chain(child).filter(|used| open.contains(used)).collect();
    next.sort_unstable();
    next
}

/// Divides the weights by the largest one, so that none overflows.
fn scale(table: &mut BTreeMap<State, f64>) {
    let most = table.values().copied().fold(0.0, f64::max);
    if most > 0.0 {
        table.values_mut().for_each(|weight| *weight /= most);
    }
}

/// Computes the posteriors of a component; `None` if it has too many states.
fn exact(places: &[&Place], most_states: usize) -> Option<Posteriors> {
    let Order { places: ordered, open, numbers } = order(places);
    // Weights relative to that of none, so that a step with no child has weight 1.
    let choices: Vec<Vec<(u32, f64)>> = (ordered.iter())
        .map(|&place| {
            let Place { weight_of_none, children, .. } = places[place];
            children.iter().map(|(child, weight)| (numbers[child], weight / weight_of_none)).collect()
        })
        .collect();
    let mut forward: Vec<BTreeMap<State, f64>> = vec![BTreeMap::from([(State::new(), 1.0)])];
    let mut states = 1;
    for (choices, open) in choices.iter().zip(&open) {
        let mut next: BTreeMap<State, f64> = BTreeMap::new();
        for (state, weight) in forward.last()? {
            *next.entry(after(state, None, open)).or_insert(0.0) += weight;
            for (child, ratio) in choices.iter().filter(|(child, _)| !state.contains(child)) {
                *next.entry(after(state, Some(*child), open)).or_insert(0.0) += weight * ratio;
            }
            if states + next.len() > most_states {
                return None;
            }
        }
        states += next.len();
        scale(&mut next);
        forward.push(next);
    }
    let mut backward: BTreeMap<State, f64> = BTreeMap::from([(State::new(), 1.0)]);
    let mut posteriors: Posteriors = vec![(Vec::new(), Bounds { lower: 0.0, upper: 0.0 }); places.len()];
    for step in (0..ordered.len()).rev() {
        let (choices, open) = (&choices[step], &open[step]);
        let mut of_children = vec![0.0; choices.len()];
        let mut of_none = 0.0;
        let mut earlier: BTreeMap<State, f64> = BTreeMap::new();
        for (state, weight) in &forward[step] {
            let rest = |child| backward.get(&after(state, child, open)).copied().unwrap_or(0.0);
            let none = rest(None);
            of_none += weight * none;
            let mut sum = none;
            for ((child, ratio), of_child) in choices.iter().zip(&mut of_children) {
                if !state.contains(child) {
                    let with = ratio * rest(Some(*child));
                    *of_child += weight * with;
                    sum += with;
                }
            }
            earlier.insert(state.clone(), sum);
        }
        let all = of_none + of_children.iter().sum::<f64>();
        let same = |p: f64| Bounds { lower: p / all, upper: p / all };
        posteriors[ordered[step]] = (of_children.into_iter().map(same).collect(), same(of_none));
        scale(&mut earlier);
        backward = earlier;
    }
    Some(posteriors)
}

/// Bounds the posteriors of a component.
///
/// Let Z(G) be the sum over all assignments of the component G. P(F has c) = w(F, c) Z(G - F - c) / Z(G), and Z(G) is
/// the sum over F's choices, each with Z of what is left. Z(G - F - c) / Z(G - F) is the probability r(c) that c is not
/// used by the other families; at most 1, and at least 1 / (1 + sum over them of w(F', c) / w(F', none)), because
/// Z(G - F' - c) w(F', none) <= Z(G - c).
fn bounded(places: &[&Place]) -> Posteriors {
    // Sums leave one out by adding the others: a difference of large numbers would be less exact than the bounds.
    let without = |all: &[f64], out: usize| -> f64 {
        all.iter().enumerate().filter(|(at, _)| *at != out).map(|(_, value)| value).sum()
    };
    let mut wanted: HashMap<Pseudonym, Vec<(usize, f64)>> = HashMap::new();
    for (number, place) in places.iter().enumerate() {
        for (child, weight) in &place.children {
            wanted.entry(*child).or_default().push((number, weight / place.weight_of_none));
        }
    }
    let of_place = |(number, place): (usize, &&Place)| {
        let of = |(child, weight): &(Pseudonym, f64)| {
            let ratio = weight / place.weight_of_none;
            let others: f64 = wanted[child].iter().filter(|one| one.0 != number).map(|one| one.1).sum();
            (ratio, ratio / (1.0 + others))
        };
        let (most, least): (Vec<f64>, Vec<f64>) = place.children.iter().map(of).unzip();
        let bounds = |at: usize| Bounds {
            lower: least[at] / (1.0 + least[at] + without(&most, at)),
            upper: most[at] / (1.0 + most[at] + without(&least, at)),
        };
        let of_children = (0..most.len()).map(bounds).collect();
        let none =
            Bounds { lower: 1.0 / (1.0 + most.iter().sum::<f64>()), upper: 1.0 / (1.0 + least.iter().sum::<f64>()) };
        (of_children, none)
    };
    places.iter().enumerate().map(of_place).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pseudonym(kind: u8, number: usize) -> Pseudonym {
        let mut bytes = [kind; 16];
        bytes[15] = number as u8;
        Pseudonym::from_bytes(bytes)
    }

    /// Sums over all assignments one by one.
    fn brute_force(places: &[Place]) -> Vec<(Vec<f64>, f64)> {
        fn go(
            places: &[Place],
            chosen: &mut Vec<Option<usize>>,
            weight: f64,
            sums: &mut [(Vec<f64>, f64)],
            all: &mut f64,
        ) {
            let Some(place) = places.get(chosen.len()) else {
                *all += weight;
                for (choice, (of_children, none)) in chosen.iter().zip(sums) {
                    match choice {
                        Some(child) => of_children[*child] += weight,
                        None => *none += weight,
                    }
                }
                return;
            };
            chosen.push(None);
            go(places, chosen, weight * place.weight_of_none, sums, all);
            chosen.pop();
            for (number, (child, ratio)) in place.children.iter().enumerate() {
                let is_used = chosen
                    .iter()
                    .zip(places)
                    .any(|(choice, other)| choice.is_some_and(|choice| other.children[choice].0 == *child));
                if !is_used {
                    chosen.push(Some(number));
                    go(places, chosen, weight * ratio, sums, all);
                    chosen.pop();
                }
            }
        }
        let mut sums: Vec<(Vec<f64>, f64)> =
            places.iter().map(|place| (vec![0.0; place.children.len()], 0.0)).collect();
        let mut all = 0.0;
        go(places, &mut Vec::new(), 1.0, &mut sums, &mut all);
        for (of_children, none) in &mut sums {
            of_children.iter_mut().for_each(|sum| *sum /= all);
            *none /= all;
        }
        sums
    }

    proptest! {
        #[test]
        fn the_sums_are_those_of_brute_force_and_within_the_bounds(
            weights in prop::collection::vec(prop::collection::vec(prop::option::weighted(0.45, -3.0..6.0_f64), 5), 1..6),
            none in prop::collection::vec(0.01..1.0_f64, 6),
        ) {
            let places: Vec<Place> = weights
                .iter()
                .enumerate()
                .map(|(family, row)| Place {
                    family: pseudonym(1, family),
                    weight_of_none: none[family],
                    children: row
                        .iter()
                        .enumerate()
                        .filter_map(|(child, weight)| Some((pseudonym(2, child), libm::pow(10.0, (*weight)?))))
                        .collect(),
                })
                .collect();
            let expected = brute_force(&places);
            let exact = assign(&places, MOST_STATES);
            prop_assert!(exact.too_large.is_empty());
            let bounded = assign(&places, 0);
            for (number, (place, (of_children, none))) in places.iter().zip(&expected).enumerate() {
                prop_assert_eq!(exact.none[number].0, place.family);
                for (of, is_exact) in [(&exact, true), (&bounded, false)] {
                    let mut pairs = of.pairs.iter().filter(|pair| pair.family == place.family);
                    let mut all = vec![(of.none[number].1, *none)];
                    let mut children: Vec<_> = place.children.iter().zip(of_children).collect();
                    children.sort_by_key(|child| child.0.0);
                    for (_, expected) in children {
                        all.push((pairs.next().unwrap().posterior, *expected));
                    }
                    for (found, expected) in all {
                        prop_assert!(found.lower <= expected + 1e-12 && expected <= found.upper + 1e-12, "{:?} {}", found, expected);
                        prop_assert!(!is_exact || (found.middle() - expected).abs() < 1e-12);
                    }
                }
            }
        }
    }

    #[test]
    fn long_chains_are_exact_and_nothing_overflows() {
        // Family i has the children i and i + 1, each with a likelihood ratio that overflows if multiplied.
        let places: Vec<Place> = (0..200)
            .map(|family| Place {
                family: pseudonym(1, family),
                weight_of_none: 0.5,
                children: vec![(pseudonym(2, family), 1e40), (pseudonym(2, family + 1), 1e39)],
            })
            .collect();
        let assigned = assign(&places, MOST_STATES);
        assert_eq!((assigned.components, assigned.too_large.len()), (1, 0));
        for (_, none) in &assigned.none {
            assert!(none.upper < 1e-30);
        }
        for family in places.chunks(1) {
            let sum: f64 = assigned
                .pairs
                .iter()
                .filter(|pair| pair.family == family[0].family)
                .map(|pair| pair.posterior.lower)
                .sum();
            assert!((sum - 1.0).abs() < 1e-9);
        }
        // The child at the end of the chain, whom one family alone wants, goes nearly always without one.
        assert!(assigned.pairs.last().unwrap().posterior.upper < 0.2);
    }
}
