//! The likelihood of any pedigree, by the ways in which alleles may have come down.
//!
//! Lander & Green (1987) with the founders' alleles as in Sobel & Lange (1996): once it is said for every gamete of an
//! untyped parent from which of the parent's two alleles it came, and for every typed heterozygote which allele came
//! from the father, alleles form trees, each with one founder allele as its root. Mutation runs along the branches, so
//! a tree is a function of its root; and the roots are drawn from one urn, which gives theta. Loops do no harm here.
//! The price is a sum over 2^n ways, so pedigrees without loops and without theta are peeled instead.

use crate::population::{LocusModel, Matrix};

use super::observation::{Observation, Term, terms};
use super::structure::Shape;
use super::urn::Urn;

/// The most binary choices that are summed over.
pub(super) const MOST_CHOICES: usize = 20;

/// A pedigree with what its members show at one locus.
pub(super) struct Descent<'a> {
    model: &'a LocusModel,
    persons: Vec<Person>,
    urn: Urn<'a>,
}

struct Person {
    father: Option<usize>,
    mother: Option<usize>,
    shows: Shows,
}

enum Shows {
    /// Nothing.
    Nothing,
    /// One certain genotype. The gametes of such a person depend on nobody else.
    Genotype(usize, usize, Vec<Term>),
    /// A function of the genotype.
    Likely(Vec<Term>),
}

/// What is to be summed: for every gamete what is known of its descendants, and the roots so far.
struct State {
    /// Two per person, the paternal gamete first: P(everything below | allele), `None` if there is nothing.
    below: Vec<Option<Vec<f64>>>,
    roots: Vec<Vec<f64>>,
}

impl<'a> Descent<'a> {
    /// Relatives show what `observations` says; the shape's child, if it has one, shows `child`.
    pub(super) fn new(
        shape: &Shape,
        model: &'a LocusModel,
        theta: f64,
        observations: &[Option<Observation>],
        child: Option<&Observation>,
    ) -> Self {
        let mut urn = Urn::new(model.frequencies(), theta);
        let mut founders = 1.0;
        let persons = shape.persons.iter().enumerate().map(|(i, person)| {
            let seen = person.relative.and_then(|relative| observations[relative].as_ref());
            let seen = if shape.child == Some(i) { child } else { seen };
            let shows = match seen {
                None => Shows::Nothing,
                Some(seen) => {
                    let terms = terms(&seen.pairs, &seen.likelihoods, model.size());
                    match seen.certain() {
                        Some((a, b)) if person.father.is_none() && person.mother.is_none() => {
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
            Person { father: person.father, mother: person.mother, shows }
        });
        let persons = persons.collect();
        urn.scale(founders);
        Self { model, persons, urn }
    }

    /// An upper bound on the number of binary choices to sum over.
    pub(super) fn choices(&self) -> usize {
        let uncertain = |parent: Option<usize>| {
            parent.is_some_and(|parent| !matches!(self.persons[parent].shows, Shows::Genotype(..)))
        };
        let of = |person: &Person| {
            let phases = match &person.shows {
                Shows::Nothing => 0,
                Shows::Genotype(..) if person.is_founder() => 0,
                Shows::Genotype(_, _, terms) | Shows::Likely(terms) => terms.len().next_power_of_two().ilog2() as usize,
            };
            phases + usize::from(uncertain(person.father)) + usize::from(uncertain(person.mother))
        };
        self.persons.iter().map(of).sum()
    }

    /// P(everything that is shown).
    pub(super) fn likelihood(&self) -> f64 {
        let mut state = State { below: vec![None; 2 * self.persons.len()], roots: Vec::new() };
        self.next(self.persons.len(), &mut state)
    }

    /// Sums over everyone before `end`, children before their parents.
    fn next(&self, end: usize, state: &mut State) -> f64 {
        let Some(person) = end.checked_sub(1) else { return self.urn.expect(&state.roots) };
        match &self.persons[person].shows {
            Shows::Genotype(..) if self.persons[person].is_founder() => self.next(person, state),
            Shows::Nothing => {
                let (paternal, maternal) = (state.below[2 * person].clone(), state.below[2 * person + 1].clone());
                self.gametes(person, [paternal.as_deref(), maternal.as_deref()], state)
            }
            Shows::Genotype(_, _, terms) | Shows::Likely(terms) => {
                let mut total = 0.0;
                for term in terms {
                    let paternal = times(&term.paternal, state.below[2 * person].as_deref());
                    let maternal = times(&term.maternal, state.below[2 * person + 1].as_deref());
                    total += self.gametes(person, [Some(&paternal), Some(&maternal)], state);
                }
                total
            }
        }
    }

    /// Hands the functions of a person's paternal and maternal gamete up, then goes on.
    fn gametes(&self, person: usize, [paternal, maternal]: [Option<&[f64]>; 2], state: &mut State) -> f64 {
        let Person { father, mother, .. } = self.persons[person];
        self.hand_up(father, self.model.paternal(), paternal, state, &mut |state| {
            self.hand_up(mother, self.model.maternal(), maternal, state, &mut |state| self.next(person, state))
        })
    }

    fn hand_up(
        &self,
        parent: Option<usize>,
        transition: &Matrix,
        gamete: Option<&[f64]>,
        state: &mut State,
        go_on: &mut dyn FnMut(&mut State) -> f64,
    ) -> f64 {
        let Some(gamete) = gamete else { return go_on(state) };
        if gamete.iter().all(|&p| p == 0.0) {
            return 0.0;
        }
        let Some(parent) = parent else {
            state.roots.push(gamete.to_vec());
            let total = go_on(state);
            state.roots.pop();
            return total;
        };
        let arrives =
            |allele: usize| transition.row(allele).iter().zip(gamete).map(|(p, value)| p * value).sum::<f64>();
        if let Shows::Genotype(a, b, _) = self.persons[parent].shows {
            let factor = (arrives(a) + arrives(b)) / 2.0;
            return if factor == 0.0 { 0.0 } else { factor * go_on(state) };
        }
        let lifted: Vec<f64> = (0..self.model.size()).map(arrives).collect();
        let mut through = |slot: usize, state: &mut State| {
            let product = times(&lifted, state.below[slot].as_deref());
            let before = state.below[slot].replace(product);
            let total = go_on(state);
            state.below[slot] = before;
            total
        };
        let (first, second) = (2 * parent, 2 * parent + 1);
        // A founder's two alleles are alike as long as nothing has come from either.
        if self.persons[parent].is_founder() && state.below[first].is_none() && state.below[second].is_none() {
            return through(first, state);
        }
        (through(first, state) + through(second, state)) / 2.0
    }
}

impl Person {
    fn is_founder(&self) -> bool {
        self.father.is_none() && self.mother.is_none()
    }
}

/// The product, value by value; no function stands for 1.
pub(super) fn times(values: &[f64], others: Option<&[f64]>) -> Vec<f64> {
    match others {
        None => values.to_vec(),
        Some(others) => values.iter().zip(others).map(|(a, b)| a * b).collect(),
    }
}
