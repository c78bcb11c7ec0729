//! Computes the likelihood of the children of two untyped parents, with theta.
//!
//! A sum over the ways in which alleles descend ([`super::descent`]) needs 8 ways per child of two untyped parents. Here
//! a parent's two alleles are kept as a pair instead: given which allele of each child came from the father, the
//! children's likelihood is a function of the father's pair times a function of the mother's pair, and only the 2 phases
//! per child remain. The pairs depend on each other through the urn alone. With the weights p of the urn, the formula of
//! Balding & Nichols (1994) gives the alleles that are drawn from it, one after another, the weights `p_a + theta` per
//! earlier draw of a; sums over two of the four alleles are therefore sums over p and a few single cells.

use crate::population::LocusModel;

use super::effort::spend;
use super::observation::{Observation, Term, terms};
use super::shape::Shape;
use super::urn::{Urn, add_combination};

/// Two untyped parents and their children at one locus.
pub(super) struct Couple<'a> {
    model: &'a LocusModel,
    urn: Urn<'a>,
    theta: f64,
    /// The father, then the mother.
    parents: [Parent; 2],
    /// What each typed child shows.
    children: Vec<Vec<Term>>,
    /// `true` if the missing child is a child of the couple, not a stranger.
    has_child: bool,
}

/// The origins of a parent's two alleles.
struct Parent {
    /// `true` if the allele is drawn from the urn.
    drawn: [bool; 2],
    /// The probabilities of the allele; for an allele drawn from the urn, its weights before the other draws.
    weights: [Vec<f64>; 2],
}

/// The likelihoods of the children's alleles, by the parents' pairs, at `z * n + w`; symmetric.
type Pairs = [Vec<f64>; 2];

impl<'a> Couple<'a> {
    /// Creates the computation; `None` if the shape has another form: besides the couple and its children, it may have
    /// typed persons without parents whose genotype is certain, among them parents of the couple, and a missing child
    /// who is unrelated to everyone.
    pub(super) fn new(
        shape: &Shape,
        model: &'a LocusModel,
        theta: f64,
        observations: &[Option<Observation>],
    ) -> Option<Self> {
        let mut urn = Urn::new(model.frequencies(), theta);
        let mut couple = None;
        let mut known = vec![None; shape.persons.len()];
        let mut children = Vec::new();
        for (i, (person, seen)) in shape.shown(observations, None).enumerate() {
            match seen {
                Some(seen) if person.is_founder() => {
                    let (a, b) = seen.certain()?;
                    urn.draw(a);
                    urn.draw(b);
                    urn.scale(seen.likelihoods[0] * if a == b { 1.0 } else { 2.0 });
                    known[i] = Some((a, b));
                }
                None if shape.child != Some(i) => {}
                None if person.is_founder() => {}
                _ => {
                    let parents = [person.father?, person.mother?];
                    if *couple.get_or_insert(parents) != parents {
                        return None;
                    }
                    children.extend(seen.map(|seen| terms(&seen.pairs, &seen.likelihoods, model.size())));
                }
            }
        }
        let couple: [usize; 2] = couple?;
        let is_untyped = |i: usize| shape.persons[i].relative.is_none_or(|relative| observations[relative].is_none());
        let untyped = (0..shape.persons.len()).filter(|&i| shape.child != Some(i) && is_untyped(i)).count();
        if untyped != 2 || !couple.into_iter().all(|i| is_untyped(i) && shape.child != Some(i)) {
            return None;
        }
        let parent = |i: usize| {
            let origins = [(shape.persons[i].father, model.paternal()), (shape.persons[i].mother, model.maternal())];
            let mut parent = Parent { drawn: [true; 2], weights: [urn.weights().to_vec(), urn.weights().to_vec()] };
            for (allele, (origin, transition)) in origins.into_iter().enumerate() {
                let Some(origin) = origin else { continue };
                let (a, b) = known[origin]?;
                let mean = transition.row(a).iter().zip(transition.row(b)).map(|(p, q)| (p + q) / 2.0);
                (parent.drawn[allele], parent.weights[allele]) = (false, mean.collect());
            }
            Some(parent)
        };
        let parents = [parent(couple[0])?, parent(couple[1])?];
        let has_child = shape.child.is_some_and(|child| !shape.persons[child].is_founder());
        Some(Self { model, urn, theta, parents, children, has_child })
    }

    /// Computes P(all observations).
    pub(super) fn likelihood(&self) -> f64 {
        let mut pairs = self.zeros();
        self.each_phase(&mut |both| self.add_pair(0, both, &mut pairs));
        pairs.iter().sum::<f64>() * self.urn.scale_of(self.draws())
    }

    /// Computes P(the missing child received x from the father and y from the mother, and all observations), at
    /// `x * n + y`.
    pub(super) fn child_joint(&self) -> Vec<f64> {
        if self.has_child { self.joint_of_child() } else { self.joint_of_stranger() }
    }

    fn joint_of_child(&self) -> Vec<f64> {
        let n = self.model.size();
        let mut origins = self.zeros();
        self.each_phase(&mut |both| {
            for &(father, times) in self.parents[0].choices() {
                for &(mother, also) in self.parents[1].choices() {
                    self.add_cross([father, mother], both, times * also / 4.0, &mut origins);
                }
            }
        });
        let scale = self.urn.scale_of(self.draws());
        let (mut half, mut joint) = (self.zeros(), self.zeros());
        for (row, origins) in half.chunks_exact_mut(n).zip(origins.chunks_exact(n)) {
            add_combination(row, &origins.iter(), self.model.maternal().cells());
        }
        for (x, row) in joint.chunks_exact_mut(n).enumerate() {
            add_combination(row, &self.model.paternal().cells()[x..].iter().step_by(n), &half);
            row.iter_mut().for_each(|cell| *cell *= scale);
        }
        joint
    }

    /// Computes the same for a stranger: two further draws from the urn.
    ///
    /// With the numbers C of draws of each allele, their weights are `(p_x + theta C_x) (p_y + theta C_y + theta [x = y])`,
    /// of which the expectation needs no more than the distribution of every two of the parents' alleles.
    fn joint_of_stranger(&self) -> Vec<f64> {
        let n = self.model.size();
        let mut own = [self.zeros(), self.zeros()];
        let mut twice = self.zeros();
        self.each_phase(&mut |both| {
            for (side, pairs) in own.iter_mut().enumerate() {
                self.add_pair(side, both, pairs);
            }
            let [fathers, mothers] = self.parents.each_ref();
            for &(father, times) in fathers.choices().iter().filter(|choice| fathers.drawn[choice.0]) {
                for &(mother, also) in mothers.choices().iter().filter(|choice| mothers.drawn[choice.0]) {
                    self.add_cross([father, mother], both, times * also, &mut twice);
                }
            }
        });
        let total: f64 = own[0].iter().sum();
        // E(C), and half of the sum over ordered pairs of draws, which lacks the pairs of one parent.
        let mut once = vec![0.0; n];
        for (parent, pairs) in self.parents.iter().zip(&own) {
            for (z, row) in pairs.chunks_exact(n).enumerate() {
                for (w, cell) in row.iter().enumerate() {
                    once[z] += if parent.drawn[0] { *cell } else { 0.0 };
                    once[w] += if parent.drawn[1] { *cell } else { 0.0 };
                }
            }
            if parent.drawn == [true; 2] {
                twice.iter_mut().zip(pairs).for_each(|(sum, pair)| *sum += pair);
            }
        }
        let (p, theta) = (self.urn.weights(), self.theta);
        let scale = self.urn.scale_of(self.draws() + 2);
        let mut joint = self.zeros();
        for (x, row) in joint.chunks_exact_mut(n).enumerate() {
            for (y, cell) in row.iter_mut().enumerate() {
                let pairs = twice[x * n + y] + twice[y * n + x];
                *cell = p[x] * p[y] * total + theta * (p[x] * once[y] + p[y] * once[x] + theta * pairs);
            }
            row[x] += theta * (p[x] * total + 2.0 * theta * once[x]);
            row.iter_mut().for_each(|cell| *cell *= scale);
        }
        joint
    }

    fn zeros(&self) -> Vec<f64> {
        vec![0.0; self.model.size() * self.model.size()]
    }

    /// Returns the number of the parents' alleles that are drawn from the urn.
    fn draws(&self) -> usize {
        self.parents.iter().flat_map(|parent| parent.drawn).filter(|drawn| *drawn).count()
    }

    /// Calls `leaf` for every choice of one term per child.
    fn each_phase(&self, leaf: &mut dyn FnMut(&Pairs)) {
        let n = self.model.size();
        let lift = |term: &Term| {
            let lifted = [(self.model.paternal(), &term.paternal), (self.model.maternal(), &term.maternal)];
            lifted.map(|(transition, gamete)| {
                let arrives =
                    |allele: usize| transition.row(allele).iter().zip(gamete).map(|(p, value)| p * value).sum();
                (0..n).map(arrives).collect::<Vec<f64>>()
            })
        };
        let lifted: Vec<Vec<[Vec<f64>; 2]>> =
            self.children.iter().map(|terms| terms.iter().map(lift).collect()).collect();
        let mut levels = vec![[vec![1.0; n * n], vec![1.0; n * n]]; lifted.len() + 1];
        choose(&lifted, &mut levels, n, leaf);
    }

    /// Adds the distribution of both alleles of the parent `side`, with all observations, to `sums`.
    fn add_pair(&self, side: usize, both: &Pairs, sums: &mut [f64]) {
        let (n, theta) = (self.model.size(), self.theta);
        let ([own, other], [of_own, of_other]) = match side {
            0 => ([&self.parents[0], &self.parents[1]], [&both[0], &both[1]]),
            _ => ([&self.parents[1], &self.parents[0]], [&both[1], &both[0]]),
        };
        // The other parent's alleles: neither repeats this parent's, one of them does, or both do.
        let repeats = other.drawn.map(|drawn| if drawn { theta } else { 0.0 });
        let both_repeat = repeats[0] * repeats[1];
        let [first, second] = [0, 1].map(|allele| sums_of_rows(of_other, &other.weights[allele]));
        let diagonal = || of_other.iter().step_by(n + 1);
        let mut none: f64 = other.weights[0].iter().zip(&second).map(|(p, sum)| p * sum).sum();
        if both_repeat > 0.0 {
            none += theta * other.weights[0].iter().zip(diagonal()).map(|(p, cell)| p * cell).sum::<f64>();
        }
        let once: Vec<f64> = (first.iter().zip(&second).zip(diagonal()))
            .map(|((first, second), cell)| repeats[0] * second + repeats[1] * first + 2.0 * both_repeat * cell)
            .collect();
        let [draws, also] = own.drawn.map(|drawn| if drawn { 1.0 } else { 0.0 });
        for (z, sums) in sums.chunks_exact_mut(n).enumerate() {
            let (of_own, of_other) = (&of_own[z * n..][..n], &of_other[z * n..][..n]);
            let rest = none + draws * once[z];
            let at = |w: usize| of_own[w] * (rest + also * once[w] + 2.0 * draws * also * both_repeat * of_other[w]);
            let p = own.weights[0][z];
            for (w, sum) in sums.iter_mut().enumerate() {
                *sum += p * own.weights[1][w] * at(w);
            }
            sums[z] += p * draws * also * theta * at(z);
        }
    }

    /// Adds the distribution of one allele of each parent, with all observations, to `sums`, times a factor.
    fn add_cross(&self, [i, j]: [usize; 2], [fathers, mothers]: &Pairs, factor: f64, sums: &mut [f64]) {
        let n = self.model.size();
        if !spend(n * n * n) {
            return;
        }
        let [father, mother] = &self.parents;
        let theta_if = |condition: bool| if condition { self.theta } else { 0.0 };
        let (z_drawn, w_drawn) = (father.drawn[i], mother.drawn[j]);
        // The other allele of each parent, which may repeat z, w, or the other of the other parent.
        let (f_drawn, m_drawn) = (father.drawn[1 - i], mother.drawn[1 - j]);
        let f_weights = &father.weights[1 - i];
        let (f_sums, m_sums) = (sums_of_rows(fathers, f_weights), sums_of_rows(mothers, &mother.weights[1 - j]));
        let repeats = theta_if(f_drawn && m_drawn);
        let mut row = vec![0.0; n];
        let mut value = vec![0.0; n];
        for (z, sums) in sums.chunks_exact_mut(n).enumerate() {
            let (of_father, of_mother) = (&fathers[z * n..][..n], &mothers[z * n..][..n]);
            row.fill(0.0);
            if repeats > 0.0 {
                value.iter_mut().zip(of_father).zip(f_weights).for_each(|((value, cell), p)| *value = cell * p);
                add_combination(&mut row, &value.iter(), mothers);
            }
            let (of_z, both_z) = (of_father[z], theta_if(z_drawn) * of_father[z]);
            let f_rest = f_sums[z] + theta_if(f_drawn && z_drawn) * of_z;
            let (f_w, m_z, m_w) =
                (theta_if(f_drawn && w_drawn), theta_if(m_drawn && z_drawn), theta_if(m_drawn && w_drawn));
            let cells = of_father.iter().zip(of_mother).zip(mothers.iter().step_by(n + 1)).zip(&row).zip(&m_sums);
            for (value, ((((f, m), of_w), through), m_sum)) in value.iter_mut().zip(cells) {
                let separate = (f_rest + f_w * f) * (m_sum + m_w * of_w + m_z * m);
                *value = separate + repeats * (through + both_z * m + theta_if(w_drawn) * f * of_w);
            }
            let p = factor * father.weights[i][z];
            for ((sum, value), q) in sums.iter_mut().zip(&value).zip(&mother.weights[j]) {
                *sum += p * q * value;
            }
            sums[z] += p * theta_if(z_drawn && w_drawn) * value[z];
        }
    }
}

impl Parent {
    /// Returns the alleles that differ in their origin, and how many there are of each.
    fn choices(&self) -> &'static [(usize, f64)] {
        if self.drawn == [true; 2] { &[(0, 2.0)] } else { &[(0, 1.0), (1, 1.0)] }
    }
}

/// Multiplies the pairs by one term of each child, in every combination; `levels` has room for one more than the
/// children.
fn choose(children: &[Vec<[Vec<f64>; 2]>], levels: &mut [Pairs], n: usize, leaf: &mut dyn FnMut(&Pairs)) {
    if !spend(2 * n * n) {
        return;
    }
    let Some((first, rest)) = children.split_first() else { return leaf(&levels[0]) };
    for term in first {
        let (now, next) = levels.split_at_mut(1);
        for ((pairs, before), lifted) in next[0].iter_mut().zip(&now[0]).zip(term) {
            for ((row, before), of_row) in pairs.chunks_exact_mut(n).zip(before.chunks_exact(n)).zip(lifted) {
                for ((cell, before), of_column) in row.iter_mut().zip(before).zip(lifted) {
                    *cell = before * (of_row + of_column) / 2.0;
                }
            }
        }
        choose(rest, next, n, leaf);
    }
}

/// Returns the sum of each row, weighted.
fn sums_of_rows(rows: &[f64], weights: &[f64]) -> Vec<f64> {
    let sum = |row: &[f64]| row.iter().zip(weights).map(|(cell, weight)| cell * weight).sum();
    rows.chunks_exact(weights.len()).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::descent::Descent;
    use super::super::structure::Structure;
    use super::*;
    use crate::model::Relation::{self, FullSibling, MaternalGrandfather, PaternalGrandfather, PaternalGrandmother};
    use crate::population::{Convention, LocusFrequencies, Model, Mutation, MutationRates};

    /// Compares all three results with the sum over all ways of descent.
    fn check(relations: &[Relation], shown: &[(usize, usize)], theta: f64, silent: f64) {
        let named = [(130, 0.1), (140, 0.3), (142, 0.15), (150, 0.45)];
        let named = named.map(|(tenths, p)| (crate::model::Allele::from_tenths(tenths).unwrap(), p));
        let frequencies = LocusFrequencies::new(named, Some(200), None).unwrap();
        let rates = MutationRates { male: 0.1, female: 0.02 };
        let mutation = Mutation::Stepwise { rates, range: 0.2, microvariant_rate: 0.01 };
        let locus = LocusModel::new(&frequencies, &Model { mutation, silent, ..Model::default() }).unwrap();
        let observations: Vec<_> =
            relations.iter().zip(shown).map(|(_, &pair)| Some(Observation::new(pair, 0.0, &locus))).collect();
        let typed: Vec<_> = relations.iter().map(|&relation| (relation, true)).collect();
        let structure = Structure::new(&typed, Convention::Pruned).unwrap();
        let (with, alone) = (&structure.with_child, &structure.without_child);
        let stranger = alone.with_stranger();
        let slow =
            |shape: &Shape| Descent::new(shape, &locus, theta, &observations, None).child_joint(shape.child.unwrap());
        let agree = |ours: &[f64], slow: &[f64]| {
            for (a, b) in ours.iter().zip(slow) {
                assert!((a - b).abs() <= 1e-12 * b.abs(), "{relations:?} {shown:?} {theta} {silent}: {a} {b}");
            }
        };
        agree(&Couple::new(with, &locus, theta, &observations).unwrap().child_joint(), &slow(with));
        if let Some(couple) = Couple::new(&stranger, &locus, theta, &observations) {
            agree(&couple.child_joint(), &slow(&stranger));
            let likelihood = Couple::new(alone, &locus, theta, &observations).unwrap().likelihood();
            agree(&[likelihood], &[Descent::new(alone, &locus, theta, &observations, None).likelihood()]);
        }
    }

    proptest! {
        #[test]
        fn a_couple_gives_what_the_sum_over_all_ways_gives(
            pairs in prop::collection::vec((0..4_usize, 0..4_usize), 4), theta in 0.001..0.3_f64, silent in prop_oneof![Just(0.0), Just(0.05)]
        ) {
            let families: [&[Relation]; 7] = [
                &[FullSibling],
                &[FullSibling; 2],
                &[FullSibling; 3],
                &[FullSibling, PaternalGrandfather],
                &[FullSibling, FullSibling, MaternalGrandfather],
                &[FullSibling, PaternalGrandfather, PaternalGrandmother],
                &[FullSibling, FullSibling, PaternalGrandfather, MaternalGrandfather],
            ];
            for relations in families {
                // A grandparent of uncertain genotype is left to the sum over all ways.
                let shown: Vec<_> = (relations.iter().zip(&pairs))
                    .map(|(relation, &(a, b))| if *relation != FullSibling && a == b { (a, (a + 1) % 4) } else { (a, b) })
                    .collect();
                check(relations, &shown, theta, silent);
            }
        }
    }
}
