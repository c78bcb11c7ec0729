//! Computes the likelihood of one locus for every inheritance vector, through which two linked loci depend on each
//! other.
//!
//! An inheritance vector (Lander & Green 1987) states, for each meiosis of the pedigree, which of the parent's two
//! alleles was transmitted: the one from the grandfather or the one from the grandmother. Linked loci have similar
//! vectors: they agree at each meiosis without a recombination.

use crate::population::{LocusModel, Matrix};

use super::descent::times;
use super::effort::spend;
use super::observation::{Observation, Term, phases, terms};
use super::shape::Shape;
use super::urn::Urn;

/// The largest number of meioses of a pedigree, because all vectors are listed.
pub(super) const MOST_MEIOSES: usize = 16;

/// The numbered meioses of a pedigree.
#[derive(Clone, Debug)]
pub(super) struct Meioses {
    /// For each person, the numbers of the paternal and of the maternal meiosis.
    of_person: Vec<[Option<usize>; 2]>,
    /// For each founder with children: its first meiosis in the order of [`Spectrum`], and the bits of all its meioses.
    founders: Vec<(usize, usize)>,
    /// For each parent, the number of its meioses, and `true` if the parent is a founder.
    parents: Vec<(u32, bool)>,
    count: usize,
}

impl Meioses {
    pub(super) fn in_shape(shape: &Shape) -> Self {
        let mut count = 0;
        let mut of_person = vec![[None; 2]; shape.persons.len()];
        let mut first_and_bits: Vec<Option<(usize, usize)>> = vec![None; shape.persons.len()];
        for (i, person) in shape.persons.iter().enumerate().rev() {
            for (side, parent) in [person.father, person.mother].into_iter().enumerate() {
                let Some(parent) = parent else { continue };
                of_person[i][side] = Some(count);
                let entry = first_and_bits[parent].get_or_insert((count, 0));
                entry.1 |= 1 << count;
                count += 1;
            }
        }
        let is_founder = |i: usize| shape.persons[i].is_founder();
        let both = || first_and_bits.iter().enumerate().filter_map(|(i, entry)| Some((i, (*entry)?)));
        Self {
            of_person,
            founders: both().filter(|(i, _)| is_founder(*i)).map(|(_, entry)| entry).collect(),
            parents: both().map(|(i, (_, bits))| (bits.count_ones(), is_founder(i))).collect(),
            count,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Returns the largest and the smallest factor by which a recombination fraction below 1/2 can change the
    /// probability of a pair of vectors.
    ///
    /// The grandparents' alleles in a founder cannot be distinguished. For a founder with k meioses and j
    /// recombinations among them, the factor is therefore `2^(k-1) ((1-r)^(k-j) r^j + (1-r)^j r^(k-j))`, which is 1 for
    /// k = 1. For other parents it is `(2 (1-r))^(k-j) (2 r)^j`.
    pub(super) fn factors(&self, r: f64) -> (f64, f64) {
        let (mut most, mut least) = (1.0, 1.0);
        for &(k, founder) in &self.parents {
            let of = |j: u32| {
                let product = |a: u32, b: u32| libm::pow(1.0 - r, f64::from(a)) * libm::pow(r, f64::from(b));
                let sum = if founder { (product(k - j, j) + product(j, k - j)) / 2.0 } else { product(k - j, j) };
                libm::pow(2.0, f64::from(k)) * sum
            };
            let all = (0..=k).map(of);
            most *= all.clone().fold(0.0, f64::max);
            least *= all.fold(f64::INFINITY, f64::min);
        }
        (most, least)
    }

    /// Converts the spectrum of a locus to P(its observations | vector of a locus linked with it), for every vector.
    pub(super) fn recombine(&self, spectrum: &mut [f64], r: f64) {
        for bit in 0..self.count {
            for v in (0..spectrum.len()).filter(|v| v >> bit & 1 == 0) {
                let (same, flipped) = (spectrum[v], spectrum[v | 1 << bit]);
                spectrum[v] = (1.0 - r) * same + r * flipped;
                spectrum[v | 1 << bit] = r * same + (1.0 - r) * flipped;
            }
        }
    }
}

/// A pedigree with the observations of its members at one locus.
pub(super) struct Spectrum<'a> {
    meioses: &'a Meioses,
    model: &'a LocusModel,
    persons: Vec<Person>,
    urn: Urn<'a>,
}

struct Person {
    parents: [Option<usize>; 2],
    /// A likelihood function of the genotype; `None` if the person is untyped.
    shows: Option<Vec<Term>>,
    /// The genotype of a founder whose alleles are certain.
    certain_founder: Option<(usize, usize)>,
}

struct State {
    /// Two per person, as in [`super::descent`].
    below: Vec<Option<Vec<f64>>>,
    roots: Vec<Vec<f64>>,
    values: Vec<f64>,
}

impl<'a> Spectrum<'a> {
    /// Creates the computation: `meioses` must be those of the shape; the other arguments are as in [`super::descent`].
    pub(super) fn new(
        shape: &Shape,
        meioses: &'a Meioses,
        model: &'a LocusModel,
        theta: f64,
        observations: &[Option<Observation>],
        child: Option<&Observation>,
    ) -> Self {
        let mut urn = Urn::new(model.frequencies(), theta);
        let mut persons = Vec::with_capacity(shape.persons.len());
        for (person, seen) in shape.shown(observations, child) {
            let certain = seen.filter(|_| person.is_founder()).and_then(Observation::certain);
            if let (Some((a, b)), Some(seen)) = (certain, seen) {
                urn.draw(a);
                urn.draw(b);
                urn.scale(seen.likelihoods[0]);
            }
            persons.push(Person {
                parents: [person.father, person.mother],
                shows: seen.map(|seen| terms(&seen.pairs, &seen.likelihoods, model.size())),
                certain_founder: certain,
            });
        }
        Self { meioses, model, persons, urn }
    }

    /// Returns an upper bound on the number of binary choices besides the vectors.
    pub(super) fn phases(&self) -> usize {
        let of = |person: &Person| match (&person.shows, person.certain_founder) {
            (Some(terms), None) => phases(terms),
            _ => 0,
        };
        self.persons.iter().map(of).sum()
    }

    /// Computes P(all observations | vector), for every vector.
    pub(super) fn values(&self) -> Vec<f64> {
        let mut state = State {
            below: vec![None; 2 * self.persons.len()],
            roots: Vec::new(),
            values: vec![0.0; 1 << self.meioses.count],
        };
        self.next(self.persons.len(), 0, 1.0, &mut state);
        let mut values = state.values;
        // Swapping a founder's two alleles flips the bits of all its meioses and leaves the probability unchanged.
        for &(first, bits) in &self.meioses.founders {
            for v in (0..values.len()).filter(|v| v >> first & 1 == 1) {
                values[v] = values[v ^ bits];
            }
        }
        values
    }

    fn next(&self, end: usize, vector: usize, weight: f64, state: &mut State) {
        if !spend(2 * self.model.size()) {
            return;
        }
        let Some(person) = end.checked_sub(1) else {
            state.values[vector] += weight * self.urn.expect(&state.roots);
            return;
        };
        let slots = [2 * person, 2 * person + 1];
        if let Some((a, b)) = self.persons[person].certain_founder {
            let at = |slot: usize, allele: usize| state.below[slot].as_ref().map_or(1.0, |below| below[allele]);
            let mut factor = at(slots[0], a) * at(slots[1], b);
            if a != b {
                factor += at(slots[0], b) * at(slots[1], a);
            }
            if factor > 0.0 {
                self.next(person, vector, weight * factor, state);
            }
            return;
        }
        match &self.persons[person].shows {
            None => {
                let gametes = slots.map(|slot| state.below[slot].clone());
                self.hand_up(person, 0, &gametes, vector, weight, state);
            }
            Some(terms) => {
                for term in terms {
                    let gametes = [
                        Some(times(&term.paternal, state.below[slots[0]].as_deref())),
                        Some(times(&term.maternal, state.below[slots[1]].as_deref())),
                    ];
                    self.hand_up(person, 0, &gametes, vector, weight, state);
                }
            }
        }
    }

    /// Passes the gametes, from `side` on, up to the parents, then continues.
    fn hand_up(
        &self,
        person: usize,
        side: usize,
        gametes: &[Option<Vec<f64>>; 2],
        vector: usize,
        weight: f64,
        state: &mut State,
    ) {
        let Some(gamete) = gametes.get(side) else { return self.next(person, vector, weight, state) };
        if gamete.as_ref().is_some_and(|gamete| gamete.iter().all(|&p| p == 0.0)) {
            return;
        }
        let (Some(parent), Some(bit)) = (self.persons[person].parents[side], self.meioses.of_person[person][side])
        else {
            let root = gamete.clone().is_some_and(|gamete| {
                state.roots.push(gamete);
                true
            });
            self.hand_up(person, side + 1, gametes, vector, weight, state);
            if root {
                state.roots.pop();
            }
            return;
        };
        let transition: &Matrix = if side == 0 { self.model.paternal() } else { self.model.maternal() };
        let arrives = |allele: usize, gamete: &[f64]| {
            transition.row(allele).iter().zip(gamete).map(|(p, value)| p * value).sum::<f64>()
        };
        let lifted: Option<Vec<f64>> =
            gamete.as_ref().map(|gamete| (0..self.model.size()).map(|allele| arrives(allele, gamete)).collect());
        let is_first = self.meioses.founders.iter().any(|founder| founder.0 == bit);
        for choice in 0..if is_first { 1 } else { 2 } {
            let slot = 2 * parent + choice;
            let before = state.below[slot].clone();
            if let Some(lifted) = &lifted {
                state.below[slot] = Some(times(lifted, before.as_deref()));
            }
            self.hand_up(person, side + 1, gametes, vector | choice << bit, weight, state);
            state.below[slot] = before;
        }
    }
}
