//! Computes the likelihood of a pedigree without loops, by Elston-Stewart peeling.
//!
//! Persons and couples exchange messages. The message from a child to its parents is a short sum of products "function
//! of the father's gamete x function of the mother's gamete": two terms for a typed heterozygote, one for a homozygote,
//! one per allele for an untyped link with descendants. For a given choice of one term per child, the two parents are
//! independent. The sum over these choices therefore never needs a table over pairs of parental genotypes.

use std::borrow::Cow;

use crate::population::{LocusModel, Matrix};

use super::effort::spend;
use super::observation::{Observation, Pair, Term, terms};
use super::tree::{Couple, Tree};

/// One parent as seen from its couple: the possible genotypes, weighted with everything known beyond the couple.
struct Side<'a> {
    pairs: &'a [Pair],
    weights: Vec<f64>,
    /// The mutation matrix; `None` if the gamete is drawn from the population.
    transition: Option<&'a Matrix>,
}

/// A tree with the observations of its members at one locus.
pub(super) struct Peel<'a> {
    tree: &'a Tree,
    model: &'a LocusModel,
    /// The observation of each relative; `relative` of a person in the tree is the index.
    observations: &'a [Option<Observation>],
    alleles: usize,
}

impl<'a> Peel<'a> {
    pub(super) fn new(tree: &'a Tree, model: &'a LocusModel, observations: &'a [Option<Observation>]) -> Self {
        Self { tree, model, observations, alleles: model.size() }
    }

    /// Computes P(all typed genotypes), as the product over the tree's parts; 1 for an empty tree.
    pub(super) fn likelihood(&self) -> f64 {
        self.tree.roots.iter().map(|&root| self.part(root)).product()
    }

    /// Computes P(the child received x from the father and y from the mother, and all typed genotypes), at `x * n + y`.
    ///
    /// `None` if the tree has no child.
    pub(super) fn child_joint(&self) -> Option<Vec<f64>> {
        let child = self.tree.child?;
        let others: f64 = self.tree.roots.iter().filter(|&&root| root != child).map(|&root| self.part(root)).product();
        let mut joint = self.inherited(child);
        joint.iter_mut().for_each(|p| *p *= others);
        if !self.tree.persons[child].unions.is_empty() {
            let pairs = self.support(child);
            let mut below = vec![1.0; pairs.len()];
            self.multiply_descendants(child, pairs, None, &mut below);
            for (&(a, b), factor) in pairs.iter().zip(below) {
                joint[a * self.alleles + b] *= factor;
                if a != b {
                    joint[b * self.alleles + a] *= factor;
                }
            }
        }
        Some(joint)
    }

    fn part(&self, root: usize) -> f64 {
        let weights = self.weights(root, self.support(root), None);
        weights.iter().sum()
    }

    /// Returns the genotypes that a person may have.
    fn support(&self, person: usize) -> &'a [Pair] {
        match self.observation(person) {
            Some(observation) => &observation.pairs,
            None => self.model.pairs(),
        }
    }

    fn observation(&self, person: usize) -> Option<&'a Observation> {
        self.tree.persons[person].relative.and_then(|relative| self.observations[relative].as_ref())
    }

    /// Returns P(what the person shows | genotype) for each of `pairs`, the genotypes of the person's support.
    fn shows(&self, person: usize, pairs: &[Pair]) -> Cow<'a, [f64]> {
        match self.observation(person) {
            Some(observation) => Cow::Borrowed(&observation.likelihoods),
            None => Cow::Owned(vec![1.0; pairs.len()]),
        }
    }

    /// Computes P(genotype, and everything typed that is not linked with the person through the couple `except`).
    fn weights(&self, person: usize, pairs: &[Pair], except: Option<usize>) -> Vec<f64> {
        let mut weights = self.descent(person, pairs);
        weights.iter_mut().zip(&*self.shows(person, pairs)).for_each(|(weight, shows)| *weight *= shows);
        self.multiply_descendants(person, pairs, except, &mut weights);
        weights
    }

    /// Computes P(genotype, and everything typed on the parents' side).
    fn descent(&self, person: usize, pairs: &[Pair]) -> Vec<f64> {
        if self.tree.persons[person].origin.is_none() {
            return pairs.iter().map(|&(a, b)| self.model.genotype_probability(a, b)).collect();
        }
        let joint = self.inherited(person);
        let at = |a: usize, b: usize| joint[a * self.alleles + b];
        pairs.iter().map(|&(a, b)| if a == b { at(a, a) } else { at(a, b) + at(b, a) }).collect()
    }

    /// Multiplies the weights by P(everything typed below the person | genotype).
    fn multiply_descendants(&self, person: usize, pairs: &[Pair], except: Option<usize>, weights: &mut [f64]) {
        for &union in self.tree.persons[person].unions.iter().filter(|&&union| except != Some(union)) {
            let message = self.message(union, person, pairs);
            weights.iter_mut().zip(message).for_each(|(weight, factor)| *weight *= factor);
        }
    }

    /// Computes the joint distribution of a person's paternal and maternal allele and everything typed beyond the
    /// parents.
    fn inherited(&self, person: usize) -> Vec<f64> {
        let n = self.alleles;
        let mut joint = vec![0.0; n * n];
        let Some(origin) = self.tree.persons[person].origin else {
            let p = self.model.frequencies();
            for (x, row) in joint.chunks_exact_mut(n).enumerate() {
                row.iter_mut().zip(p).for_each(|(cell, q)| *cell = p[x] * q);
            }
            return joint;
        };
        let couple = &self.tree.couples[origin];
        let (father, mother) = (self.side(couple.father, origin, true), self.side(couple.mother, origin, false));
        let siblings = self.terms(couple, Some(person));
        self.each_choice(&siblings, &father, &mother, &mut |fathers, mothers| {
            let (from_father, from_mother) = (self.gamete(&father, fathers), self.gamete(&mother, mothers));
            for (row, &f) in joint.chunks_exact_mut(n).zip(&from_father) {
                if f > 0.0 {
                    row.iter_mut().zip(&from_mother).for_each(|(cell, &m)| *cell += f * m);
                }
            }
        });
        joint
    }

    /// Computes P(everything typed that reaches `parent` through a couple | the parent's genotype).
    fn message(&self, couple: usize, parent: usize, pairs: &'a [Pair]) -> Vec<f64> {
        let Couple { father, mother, .. } = &self.tree.couples[couple];
        let is_father = *father == Some(parent);
        let own = Side {
            pairs,
            weights: vec![1.0; pairs.len()],
            transition: Some(if is_father { self.model.paternal() } else { self.model.maternal() }),
        };
        let other = self.side(if is_father { *mother } else { *father }, couple, !is_father);
        let (fathers, mothers) = if is_father { (&own, &other) } else { (&other, &own) };
        let terms = self.terms(&self.tree.couples[couple], None);
        let mut message = vec![0.0; pairs.len()];
        self.each_choice(&terms, fathers, mothers, &mut |from_fathers, from_mothers| {
            let (own, other) = if is_father { (from_fathers, from_mothers) } else { (from_mothers, from_fathers) };
            let other: f64 = other.iter().sum();
            message.iter_mut().zip(own).for_each(|(sum, weight)| *sum += weight * other);
        });
        message
    }

    fn side(&self, parent: Option<usize>, couple: usize, is_father: bool) -> Side<'a> {
        let Some(parent) = parent else { return Side { pairs: &[(0, 0)], weights: vec![1.0], transition: None } };
        let pairs = self.support(parent);
        let weights = self.weights(parent, pairs, Some(couple));
        let transition = Some(if is_father { self.model.paternal() } else { self.model.maternal() });
        Side { pairs, weights, transition }
    }

    /// Returns the message of each child of a couple, except the child `except`, to its parents, as a sum of products.
    fn terms(&self, couple: &Couple, except: Option<usize>) -> Vec<Vec<Term>> {
        let children = couple.children.iter().filter(|&&child| Some(child) != except);
        children.map(|&child| self.child_terms(child)).collect()
    }

    fn child_terms(&self, child: usize) -> Vec<Term> {
        let pairs = self.support(child);
        let mut below = self.shows(child, pairs).into_owned();
        self.multiply_descendants(child, pairs, None, &mut below);
        terms(pairs, &below, self.alleles)
    }

    /// Calls `leaf` with both parents' weights for every choice of one term per child.
    fn each_choice(
        &self,
        children: &[Vec<Term>],
        father: &Side<'_>,
        mother: &Side<'_>,
        leaf: &mut dyn FnMut(&[f64], &[f64]),
    ) {
        let lifted: Vec<Vec<Term>> = children
            .iter()
            .map(|terms| {
                let lift = |term: &Term| Term {
                    paternal: self.expect(father, &term.paternal),
                    maternal: self.expect(mother, &term.maternal),
                };
                terms.iter().map(lift).collect()
            })
            .collect();
        choose(&lifted, &father.weights, &mother.weights, leaf);
    }

    /// Computes the expectation of a function of the gamete for each genotype of the parent, after transmission and
    /// mutation.
    fn expect(&self, side: &Side<'_>, of_gamete: &[f64]) -> Vec<f64> {
        let mean = |p: &[f64]| p.iter().zip(of_gamete).map(|(p, value)| p * value).sum::<f64>();
        match side.transition {
            None => vec![mean(self.model.frequencies())],
            Some(transition) => {
                if let &[(a, b)] = side.pairs {
                    return vec![(mean(transition.row(a)) + mean(transition.row(b))) / 2.0];
                }
                let of_allele: Vec<f64> = (0..self.alleles).map(|allele| mean(transition.row(allele))).collect();
                side.pairs.iter().map(|&(a, b)| (of_allele[a] + of_allele[b]) / 2.0).collect()
            }
        }
    }

    /// Returns the weights of the gamete that a parent with these genotype weights transmits.
    fn gamete(&self, side: &Side<'_>, weights: &[f64]) -> Vec<f64> {
        let Some(transition) = side.transition else {
            return self.model.frequencies().iter().map(|p| p * weights[0]).collect();
        };
        let mut alleles = vec![0.0; self.alleles];
        if side.pairs.len() == self.model.pairs().len() {
            // All genotypes, in the order of their codes: the same sums, of which most then run side by side.
            let mut rest = weights;
            for b in 0..self.alleles {
                let (row, after) = rest.split_at(b + 1);
                rest = after;
                alleles.iter_mut().zip(&row[..b]).for_each(|(sum, weight)| *sum += weight / 2.0);
                alleles[b] = row.iter().chain(&row[b..]).fold(0.0, |sum, weight| sum + weight / 2.0);
            }
        } else {
            for (&(a, b), weight) in side.pairs.iter().zip(weights) {
                alleles[a] += weight / 2.0;
                alleles[b] += weight / 2.0;
            }
        }
        let mut gamete = vec![0.0; self.alleles];
        for (allele, &weight) in alleles.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            gamete.iter_mut().zip(transition.row(allele)).for_each(|(sum, p)| *sum += weight * p);
        }
        gamete
    }
}

/// Multiplies the parents' weights by one term of each child, in every combination.
fn choose(children: &[Vec<Term>], father: &[f64], mother: &[f64], leaf: &mut dyn FnMut(&[f64], &[f64])) {
    if !spend(father.len() + mother.len()) {
        return;
    }
    let Some((first, rest)) = children.split_first() else { return leaf(father, mother) };
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).collect::<Vec<f64>>();
    for term in first {
        choose(rest, &product(father, &term.paternal), &product(mother, &term.maternal), leaf);
    }
}
