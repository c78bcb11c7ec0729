//! Computes the likelihood of any pedigree, with or without loops, as a sum over the ways in which alleles descend.
//!
//! The method is that of Lander & Green (1987), with the founders' alleles as in Sobel & Lange (1996). One way fixes
//! two things: for each gamete of an untyped parent, from which of the parent's two alleles it came; and for each typed
//! heterozygote, which allele came from the father. The alleles then form trees, each with one founder allele as its
//! root. Mutation acts along the branches, so each tree is a function of its root. The roots are drawn from one urn,
//! which models theta. Loops need no special treatment. The cost is a sum over 2^n ways, so pedigrees without loops and
//! without theta are peeled instead, and with theta, [`super::couple`] takes the children of two untyped parents.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use crate::population::{LocusModel, Matrix};

use super::effort::spend;
use super::observation::{Observation, Term, phases, terms};
use super::shape::Shape;
use super::urn::{Urn, add_combination};

/// The largest number of binary choices that a sum may have.
pub(super) const MOST_CHOICES: usize = 20;

/// A pedigree with the observations of its members at one locus.
pub(super) struct Descent<'a> {
    model: &'a LocusModel,
    persons: Vec<Person>,
    /// The persons in the reverse order of the sum, parents before children.
    order: Vec<usize>,
    /// The place of each person in that order.
    places: Vec<usize>,
    urn: Urn<'a>,
    /// The matrices of [`Arrival::Twice`].
    twice: [[OnceCell<Arc<[f64]>>; 2]; 2],
}

struct Person {
    parents: [Option<usize>; 2],
    shows: Shows,
}

enum Shows {
    /// Untyped.
    Nothing,
    /// One certain genotype. The gametes of this person are independent of everyone else.
    Genotype(usize, usize, Vec<Term>),
    /// An uncertain genotype, given as a likelihood function of it.
    Likely(Vec<Term>),
}

/// The state of the sum: for each gamete what is known of its descendants, and the roots found so far.
struct State {
    /// Two per person, the paternal gamete first: P(everything below | allele); `None` if nothing is known below.
    below: Vec<Option<Vec<f64>>>,
    roots: Vec<Vec<f64>>,
    /// The origins of the child's paternal and maternal gamete, if its genotype is left open.
    open: [Open; 2],
    sum: Sum,
}

/// The place that a gamete of the child, whose allele x is left open, has reached on its way up.
enum Open {
    /// The sum has not reached the child, or the child's genotype is not left open.
    Nowhere,
    /// The open gamete comes from one or the other gamete of this person.
    Person(usize, Arrival),
    /// The open gamete is, or comes from, this gamete: P(x | that gamete's allele).
    Gamete(usize, Arrival),
    /// The open gamete comes from a founder allele, of which other descendants may be known as well.
    Root(Option<Vec<f64>>, Arrival),
    /// The open gamete comes from a person of known genotype: P(x, everything known on the way).
    Known(Vec<f64>),
}

/// The probabilities that allele z arrives as x, possibly multiplied by other knowledge on the way.
#[derive(Clone)]
enum Arrival {
    Unchanged,
    /// After one transmission, from a father (0) or a mother (1).
    Once(usize),
    /// After two transmissions: the side of the later one, then of the earlier one.
    Twice(usize, usize),
    /// Any other case: a matrix, at `z * n + x`.
    Long(Arc<[f64]>),
}

/// The result of the sum, of which each call fills one part.
#[derive(Default)]
struct Sum {
    total: f64,
    /// By the alleles of the child's gametes, at `x * n + y`.
    joint: Vec<f64>,
    /// For each two arrivals, at `z * n + w`: by the founder alleles from which both gametes come. The matrices of the
    /// arrivals are applied once for all ways that share them.
    founders: Vec<([Arrival; 2], Vec<f64>)>,
    /// The last ways in which an open gamete comes from a founder allele of which nothing else is known. Ways that differ
    /// in that founder alone have the same draws.
    recent: Vec<Drawn>,
    /// The oldest of them.
    oldest: usize,
}

/// The draws of one way, and the weights of the founder alleles from which both open gametes come.
#[derive(Default)]
struct Drawn {
    open: [Option<Vec<f64>>; 2],
    roots: Vec<Vec<f64>>,
    founders: Vec<f64>,
}

/// The number of ways that [`Sum::recent`] keeps.
const RECENT: usize = 8;

impl<'a> Descent<'a> {
    /// Creates the descent: `observations` define what the relatives show; `child` what the shape's child shows, if it
    /// has one.
    pub(super) fn new(
        shape: &Shape,
        model: &'a LocusModel,
        theta: f64,
        observations: &[Option<Observation>],
        child: Option<&Observation>,
    ) -> Self {
        let mut urn = Urn::new(model.frequencies(), theta);
        let mut founders = 1.0;
        let persons = shape.shown(observations, child).map(|(person, seen)| {
            let shows = match seen {
                None => Shows::Nothing,
                Some(seen) => {
                    let terms = terms(&seen.pairs, &seen.likelihoods, model.size());
                    match seen.certain() {
                        Some((a, b)) if person.is_founder() => {
                            urn.draw(a);
                            urn.draw(b);
                            founders *= seen.likelihoods[0] * if a == b { 1.0 } else { 2.0 };
                            Shows::Genotype(a, b, terms)
                        }
                        Some((a, b)) => Shows::Genotype(a, b, terms),
                        None => Shows::Likely(terms),
                    }
                }
            };
            Person { parents: [person.father, person.mother], shows }
        });
        let persons: Vec<Person> = persons.collect();
        urn.scale(founders);
        let untyped = persons.iter().filter(|person| matches!(person.shows, Shows::Nothing)).count();
        // Without theta, sums keep the order of the pedigree, and so their last bits. One person makes no difference.
        let is_sorted = theta == 0.0 || untyped <= 1;
        let order = if is_sorted { (0..persons.len()).collect() } else { order(&persons, shape.child) };
        let mut places = vec![0; persons.len()];
        order.iter().enumerate().for_each(|(place, &person)| places[person] = place);
        Self { model, persons, order, places, urn, twice: Default::default() }
    }

    /// Returns an upper bound on the number of binary choices in the sum.
    pub(super) fn choices(&self) -> usize {
        let uncertain = |parent: Option<usize>| {
            parent.is_some_and(|parent| !matches!(self.persons[parent].shows, Shows::Genotype(..)))
        };
        let of = |person: &Person| {
            let own = match &person.shows {
                Shows::Nothing => 0,
                Shows::Genotype(..) if person.is_founder() => 0,
                Shows::Genotype(_, _, terms) | Shows::Likely(terms) => phases(terms),
            };
            own + person.parents.into_iter().filter(|&parent| uncertain(parent)).count()
        };
        self.persons.iter().map(of).sum()
    }

    /// Computes P(all observations).
    pub(super) fn likelihood(&self) -> f64 {
        self.sum(None).total
    }

    /// Computes P(the child received x from the father and y from the mother, and all observations), at `x * n + y`.
    ///
    /// The child must be untyped and without children here, and its parents must have no common ancestor.
    pub(super) fn child_joint(&self, child: usize) -> Vec<f64> {
        let Sum { mut joint, founders, .. } = self.sum(Some(child));
        for ([paternal, maternal], founders) in &founders {
            self.through(paternal, maternal, founders, &mut joint);
        }
        joint
    }

    fn sum(&self, open: Option<usize>) -> Sum {
        let squared = open.map_or(0, |_| self.model.size() * self.model.size());
        let sum = Sum { joint: vec![0.0; squared], ..Sum::default() };
        let below = vec![None; 2 * self.persons.len()];
        let mut state = State { below, roots: Vec::new(), open: [Open::Nowhere, Open::Nowhere], sum };
        if let Some(child) = open {
            state.open = [0, 1].map(|side| Open::Gamete(2 * child + side, Arrival::Unchanged));
        }
        self.next(self.persons.len(), 1.0, &mut state);
        state.sum
    }

    /// Sums over everyone before position `end`, children before their parents.
    fn next(&self, end: usize, weight: f64, state: &mut State) {
        if !spend(2 * self.model.size()) {
            return;
        }
        let Some(place) = end.checked_sub(1) else { return self.add(weight, state) };
        let person = self.order[place];
        if let Some(k) = (0..2).find(|&k| matches!(state.open[k], Open::Person(origin, _) if origin == person)) {
            let (slots, share) = self.origins(person, state);
            let before = std::mem::replace(&mut state.open[k], Open::Nowhere);
            if let Open::Person(_, arrival) = &before {
                for slot in slots {
                    state.open[k] = Open::Gamete(slot, arrival.clone());
                    self.next(end, weight * share, state);
                }
            }
            state.open[k] = before;
            return;
        }
        let slots = [2 * person, 2 * person + 1];
        match &self.persons[person].shows {
            Shows::Genotype(..) if self.persons[person].is_founder() => self.next(place, weight, state),
            Shows::Nothing => {
                let gametes = slots.map(|slot| state.below[slot].take());
                self.hand_up(person, 0, &gametes, weight, state);
                for (slot, gamete) in slots.into_iter().zip(gametes) {
                    state.below[slot] = gamete;
                }
            }
            Shows::Genotype(_, _, terms) | Shows::Likely(terms) => {
                for term in terms {
                    let below = |slot: usize| state.below[slot].as_deref();
                    let paternal = times(&term.paternal, below(slots[0]));
                    let maternal = times(&term.maternal, below(slots[1]));
                    self.hand_up(person, 0, &[Some(paternal), Some(maternal)], weight, state);
                }
            }
        }
    }

    /// Passes a person's gametes, from `side` on, up to the parents, then continues.
    fn hand_up(&self, person: usize, side: usize, gametes: &[Option<Vec<f64>>; 2], weight: f64, state: &mut State) {
        let Some(gamete) = gametes.get(side) else { return self.next(self.places[person], weight, state) };
        if gamete.as_ref().is_some_and(|gamete| gamete.iter().all(|&p| p == 0.0)) {
            return;
        }
        let open = (0..2).find(|&k| matches!(state.open[k], Open::Gamete(slot, _) if slot == 2 * person + side));
        if let Some(k) = open {
            let before = std::mem::replace(&mut state.open[k], Open::Nowhere);
            if let Open::Gamete(_, arrival) = &before {
                self.hand_up_open(person, side, gametes, weight, state, (k, arrival));
            }
            state.open[k] = before;
            return;
        }
        let Some(gamete) = gamete else { return self.hand_up(person, side + 1, gametes, weight, state) };
        let Some(parent) = self.persons[person].parents[side] else {
            state.roots.push(gamete.clone());
            self.hand_up(person, side + 1, gametes, weight, state);
            state.roots.pop();
            return;
        };
        let transition = self.transition(side);
        let arrives =
            |allele: usize| transition.row(allele).iter().zip(gamete).map(|(p, value)| p * value).sum::<f64>();
        if let Shows::Genotype(a, b, _) = self.persons[parent].shows {
            let factor = (arrives(a) + arrives(b)) / 2.0;
            if factor > 0.0 {
                self.hand_up(person, side + 1, gametes, weight * factor, state);
            }
            return;
        }
        let lifted: Vec<f64> = (0..self.model.size()).map(arrives).collect();
        let (slots, share) = self.origins(parent, state);
        for slot in slots {
            let product = times(&lifted, state.below[slot].as_deref());
            let before = state.below[slot].replace(product);
            self.hand_up(person, side + 1, gametes, weight * share, state);
            state.below[slot] = before;
        }
    }

    /// Does the same as [`Self::hand_up`] for a gamete that is, or leads to, the child's open gamete `k`.
    fn hand_up_open(
        &self,
        person: usize,
        side: usize,
        gametes: &[Option<Vec<f64>>; 2],
        weight: f64,
        state: &mut State,
        (k, arrival): (usize, &Arrival),
    ) {
        let gamete = gametes[side].as_deref();
        let go_on = |open: Open, weight: f64, state: &mut State| {
            state.open[k] = open;
            self.hand_up(person, side + 1, gametes, weight, state);
        };
        let Some(parent) = self.persons[person].parents[side] else {
            return go_on(Open::Root(gamete.map(<[f64]>::to_vec), arrival.clone()), weight, state);
        };
        let transition = self.transition(side);
        if let Shows::Genotype(a, b, _) = self.persons[parent].shows {
            let mean = transition.row(a).iter().zip(transition.row(b)).map(|(p, q)| (p + q) / 2.0);
            let here = times(&mean.collect::<Vec<f64>>(), gamete);
            return go_on(Open::Known(self.arrive(arrival, &here)), weight, state);
        }
        let longer = match (arrival, gamete) {
            (Arrival::Unchanged, None) => Arrival::Once(side),
            (Arrival::Once(later), None) => Arrival::Twice(*later, side),
            _ => Arrival::Long(self.longer(arrival, transition, gamete)),
        };
        go_on(Open::Person(parent, longer.clone()), weight, state);
        if let Arrival::Long(_) = &longer {
            self.finish(k, &longer, &mut state.sum);
        }
    }

    /// Applies the matrices of all ways in which the open gamete `k` has this arrival.
    fn finish(&self, k: usize, arrival: &Arrival, sum: &mut Sum) {
        let n = self.model.size();
        let mut place = 0;
        while let Some((arrivals, _)) = sum.founders.get(place) {
            if !arrivals[k].is_same(arrival) {
                place += 1;
            } else if spend(n * n * n) {
                let ([paternal, maternal], founders) = sum.founders.swap_remove(place);
                self.through(&paternal, &maternal, &founders, &mut sum.joint);
            } else {
                return;
            }
        }
    }

    /// Returns the gametes of an untyped parent that may be the origin of a transmitted gamete, and the probability of
    /// each.
    fn origins(&self, parent: usize, state: &State) -> (Range<usize>, f64) {
        let slots = 2 * parent..2 * parent + 2;
        let is_used = |slot: usize| {
            state.below[slot].is_some()
                || state.open.iter().any(|open| matches!(open, Open::Gamete(s, _) if *s == slot))
        };
        // A founder's two alleles are interchangeable as long as nothing has come from either.
        if self.persons[parent].is_founder() && !slots.clone().any(is_used) {
            (slots.start..slots.start + 1, 1.0)
        } else {
            (slots, 0.5)
        }
    }

    fn transition(&self, side: usize) -> &Matrix {
        if side == 0 { self.model.paternal() } else { self.model.maternal() }
    }

    /// Returns an arrival with one more transmission before it, in which `gamete` is known of the transmitted allele.
    fn longer(&self, arrival: &Arrival, transition: &Matrix, gamete: Option<&[f64]>) -> Arc<[f64]> {
        let n = self.model.size();
        let mut cells = vec![0.0; n * n];
        for (allele, row) in cells.chunks_exact_mut(n).enumerate() {
            match gamete {
                None => self.arrive_at(arrival, transition.row(allele), row),
                Some(_) => self.arrive_at(arrival, &times(transition.row(allele), gamete), row),
            }
        }
        cells.into()
    }

    /// Returns the weight of each x, if `weights` are the weights of each z.
    fn arrive(&self, arrival: &Arrival, weights: &[f64]) -> Vec<f64> {
        let mut arrives = vec![0.0; weights.len()];
        self.arrive_at(arrival, weights, &mut arrives);
        arrives
    }

    /// Does the same as [`Self::arrive`] for a result that is all 0 yet.
    fn arrive_at(&self, arrival: &Arrival, weights: &[f64], arrives: &mut [f64]) {
        match arrival {
            Arrival::Unchanged => arrives.copy_from_slice(weights),
            changed => add_combination(arrives, &weights.iter(), self.cells(changed)),
        }
    }

    /// Returns the matrix of an arrival after at least one transmission; no cells for an unchanged allele.
    fn cells<'s>(&'s self, arrival: &'s Arrival) -> &'s [f64] {
        match arrival {
            Arrival::Unchanged => &[],
            Arrival::Once(side) => self.transition(*side).cells(),
            Arrival::Twice(later, earlier) => self.twice[*later][*earlier]
                .get_or_init(|| self.longer(&Arrival::Once(*later), self.transition(*earlier), None)),
            Arrival::Long(cells) => cells,
        }
    }

    /// Adds one way to the sum.
    fn add(&self, weight: f64, state: &mut State) {
        let n = self.model.size();
        let State { roots, open, sum, .. } = state;
        if !spend(if let Open::Nowhere = open[0] { n } else { n * n }) {
            return;
        }
        let outer = |joint: &mut [f64], paternal: &[f64], maternal: &[f64], weight: f64| {
            for (row, x) in joint.chunks_exact_mut(n).zip(paternal) {
                row.iter_mut().zip(maternal).for_each(|(cell, y)| *cell += weight * x * y);
            }
        };
        match &*open {
            [Open::Known(paternal), Open::Known(maternal)] => {
                outer(&mut sum.joint, paternal, maternal, weight * self.urn.expect(roots));
            }
            [Open::Root(known, arrival), Open::Known(maternal)] => {
                let founder = self.urn.one_open(known.as_deref(), roots);
                outer(&mut sum.joint, &self.arrive(arrival, &founder), maternal, weight);
            }
            [Open::Known(paternal), Open::Root(known, arrival)] => {
                let founder = self.urn.one_open(known.as_deref(), roots);
                outer(&mut sum.joint, paternal, &self.arrive(arrival, &founder), weight);
            }
            [Open::Root(one, paternal), Open::Root(other, maternal)] => {
                let both = [one.as_deref(), other.as_deref()];
                let is_same = |known: &[Arrival; 2]| known[0].is_same(paternal) && known[1].is_same(maternal);
                let place = sum.founders.iter().position(|(known, _)| is_same(known)).unwrap_or_else(|| {
                    sum.founders.push(([paternal.clone(), maternal.clone()], vec![0.0; n * n]));
                    sum.founders.len() - 1
                });
                let founders = &mut sum.founders[place].1;
                if both.iter().all(Option::is_some) {
                    return self.urn.two_open(both, roots, weight, founders);
                }
                let is_drawn =
                    |drawn: &Drawn| drawn.roots == *roots && drawn.open.each_ref().map(|one| one.as_deref()) == both;
                let recent = sum.recent.iter().position(is_drawn).unwrap_or_else(|| {
                    let drawn = if sum.recent.len() < RECENT {
                        sum.recent.push(Drawn::default());
                        sum.recent.len() - 1
                    } else {
                        sum.oldest = (sum.oldest + 1) % RECENT;
                        sum.oldest
                    };
                    let Drawn { open, roots: known, founders } = &mut sum.recent[drawn];
                    *open = both.map(|one| one.map(<[f64]>::to_vec));
                    known.clone_from(roots);
                    founders.clear();
                    founders.resize(n * n, 0.0);
                    self.urn.two_open(both, roots, 1.0, founders);
                    drawn
                });
                founders.iter_mut().zip(&sum.recent[recent].founders).for_each(|(sum, value)| *sum += weight * value);
            }
            _ => sum.total += weight * self.urn.expect(roots),
        }
    }

    /// Adds the weight of each pair of arriving alleles x and y, if `founders` are the weights of the pairs z and w.
    fn through(&self, paternal: &Arrival, maternal: &Arrival, founders: &[f64], joint: &mut [f64]) {
        let n = self.model.size();
        let mut half = vec![0.0; n * n];
        for (row, founders) in half.chunks_exact_mut(n).zip(founders.chunks_exact(n)) {
            self.arrive_at(maternal, founders, row);
        }
        if let Arrival::Unchanged = paternal {
            return joint.iter_mut().zip(half).for_each(|(sum, value)| *sum += value);
        }
        let cells = self.cells(paternal);
        let mut row = vec![0.0; n];
        for (x, joint) in joint.chunks_exact_mut(n).enumerate() {
            row.fill(0.0);
            add_combination(&mut row, &cells[x..].iter().step_by(n), &half);
            joint.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value);
        }
    }
}

impl Arrival {
    /// Reports whether both are known to be the same.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unchanged, Self::Unchanged) => true,
            (Self::Once(one), Self::Once(other)) => one == other,
            (Self::Twice(later, earlier), Self::Twice(late, early)) => (later, earlier) == (late, early),
            (Self::Long(one), Self::Long(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Person {
    fn is_founder(&self) -> bool {
        self.parents == [None, None]
    }
}

/// Returns an order of the persons, parents before children, for a sum from the last to the first: ways share the more of
/// their terms, the fewer choices come after those that make terms long. Typed persons, and untyped persons with typed
/// children, come before the others, and untyped founders last, where an open gamete ends.
fn order(persons: &[Person], child: Option<usize>) -> Vec<usize> {
    let is_typed = |i: usize| !matches!(persons[i].shows, Shows::Nothing);
    let parents = |i: usize| persons[i].parents.into_iter().flatten();
    let is_link = |i: usize| {
        let has_typed = (0..persons.len()).any(|j| is_typed(j) && parents(j).any(|parent| parent == i));
        !is_typed(i) && !persons[i].is_founder() && has_typed
    };
    let mut depths = vec![0; persons.len()];
    for i in 0..persons.len() {
        depths[i] = parents(i).map(|parent| depths[parent] + 1).max().unwrap_or(0);
    }
    let links: Vec<bool> = (0..persons.len()).map(is_link).collect();
    let key = |i: usize| {
        let is_early = is_typed(i) || links[i] || (child == Some(i) && parents(i).any(|parent| links[parent]));
        (is_early, !persons[i].is_founder(), depths[i], !is_typed(i), i)
    };
    let mut waits = vec![0; persons.len()];
    (0..persons.len()).flat_map(parents).for_each(|parent| waits[parent] += 1);
    let mut left: Vec<usize> = (0..persons.len()).collect();
    let mut reversed = Vec::with_capacity(persons.len());
    while let Some(next) = left.iter().copied().filter(|&i| waits[i] == 0).max_by_key(|&i| key(i)) {
        reversed.push(next);
        left.retain(|&i| i != next);
        parents(next).for_each(|parent| waits[parent] -= 1);
    }
    reversed.reverse();
    reversed
}

/// Returns the product, value by value; no function means 1.
pub(super) fn times(values: &[f64], others: Option<&[f64]>) -> Vec<f64> {
    match others {
        None => values.to_vec(),
        Some(others) => values.iter().zip(others).map(|(a, b)| a * b).collect(),
    }
}
