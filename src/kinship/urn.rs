//! Computes probabilities of alleles drawn one after another from a population, where each draw makes equal alleles
//! more likely (theta).
//!
//! The formula is that of Balding & Nichols (1994), Polya's urn: with n alleles drawn so far, of which `n_a` are a,
//! `P(next = a) = (n_a theta + (1 - theta) p_a) / (1 + (n - 1) theta)`.

use super::effort::spend;

/// The urn of one hypothesis, after the draws of the known alleles.
pub(super) struct Urn<'a> {
    frequencies: &'a [f64],
    theta: f64,
    /// `(1 - theta) p_a + n_a theta`, not divided by the sum.
    weights: Vec<f64>,
    drawn: usize,
    /// P(the known alleles, in their order).
    known: f64,
}

impl<'a> Urn<'a> {
    pub(super) fn new(frequencies: &'a [f64], theta: f64) -> Self {
        let weights = frequencies.iter().map(|p| (1.0 - theta) * p).collect();
        Self { frequencies, theta, weights, drawn: 0, known: 1.0 }
    }

    /// Draws a known allele.
    pub(super) fn draw(&mut self, allele: usize) {
        self.known *= self.weights[allele] / self.divisor(self.drawn);
        self.weights[allele] += self.theta;
        self.drawn += 1;
    }

    /// Multiplies all results by a factor.
    pub(super) fn scale(&mut self, factor: f64) {
        self.known *= factor;
    }

    /// Computes P(the known alleles) x E(the product of these functions, each of one more draw).
    ///
    /// Each draw either is fresh or repeats one of the earlier draws, with weight theta each. The sum therefore runs
    /// over the ways to put the draws into groups of equal alleles: a group of m can arise in (m - 1)! ways.
    pub(super) fn expect(&self, functions: &[Vec<f64>]) -> f64 {
        if self.theta == 0.0 {
            let mean = |f: &Vec<f64>| self.frequencies.iter().zip(f).map(|(p, value)| p * value).sum::<f64>();
            return self.known * functions.iter().map(mean).product::<f64>();
        }
        let mut total = 0.0;
        self.groups(functions, &mut Vec::new(), &mut |groups| total += sums(groups));
        total * self.scale_of(functions.len())
    }

    /// Computes the same with one more draw: by its allele z, times a function of z (1 if there is no function).
    pub(super) fn one_open(&self, function: Option<&[f64]>, functions: &[Vec<f64>]) -> Vec<f64> {
        let mut by_allele = vec![0.0; self.weights.len()];
        self.groups(functions, &mut vec![(1, self.fresh(function))], &mut |groups| {
            let rest = sums(&groups[1..]);
            by_allele.iter_mut().zip(&groups[0].1).for_each(|(sum, value)| *sum += value * rest);
        });
        let scale = self.scale_of(functions.len() + 1);
        by_allele.iter_mut().for_each(|value| *value *= scale);
        by_allele
    }

    /// Computes the same with two more draws and adds it, times `weight`, to `by_alleles` at `z * n + w`.
    pub(super) fn two_open(
        &self,
        [one, other]: [Option<&[f64]>; 2],
        functions: &[Vec<f64>],
        weight: f64,
        by_alleles: &mut [f64],
    ) {
        let n = self.weights.len();
        let weight = weight * self.scale_of(functions.len() + 2);
        let (one, other) = (self.fresh(one), self.fresh(other));
        self.groups(functions, &mut vec![(1, one.clone()), (1, other.clone())], &mut |groups| {
            let rest = weight * sums(&groups[2..]);
            for (row, z) in by_alleles.chunks_exact_mut(n).zip(&groups[0].1) {
                row.iter_mut().zip(&groups[1].1).for_each(|(cell, w)| *cell += rest * z * w);
            }
        });
        if self.theta == 0.0 {
            return;
        }
        // Both in one group: the second repeats the first.
        let repeated = one.iter().zip(&other).zip(&self.weights);
        let repeated = repeated.map(|((z, w), fresh)| if *fresh > 0.0 { z * w / fresh * self.theta } else { 0.0 });
        self.groups(functions, &mut vec![(2, repeated.collect())], &mut |groups| {
            let rest = weight * sums(&groups[1..]);
            by_alleles.iter_mut().step_by(n + 1).zip(&groups[0].1).for_each(|(cell, value)| *cell += rest * value);
        });
    }

    fn divisor(&self, drawn: usize) -> f64 {
        1.0 + (drawn as f64 - 1.0) * self.theta
    }

    /// Returns P(the known alleles) divided by the divisors of `draws` more draws.
    fn scale_of(&self, draws: usize) -> f64 {
        self.known / (0..draws).map(|i| self.divisor(self.drawn + i)).product::<f64>()
    }

    /// Returns the weights of a fresh draw, which repeats no earlier one, times a function of it.
    fn fresh(&self, function: Option<&[f64]>) -> Vec<f64> {
        match function {
            None => self.weights.clone(),
            Some(function) => self.weights.iter().zip(function).map(|(weight, value)| weight * value).collect(),
        }
    }

    /// Calls `leaf` with every way to put the functions into groups, including the groups that already exist.
    fn groups(&self, functions: &[Vec<f64>], groups: &mut Vec<Group>, leaf: &mut dyn FnMut(&[Group])) {
        if !spend((groups.len() + 1) * self.weights.len()) {
            return;
        }
        let Some((first, rest)) = functions.split_first() else { return leaf(groups) };
        groups.push((1, self.fresh(Some(first))));
        self.groups(rest, groups, leaf);
        groups.pop();
        if self.theta == 0.0 {
            return;
        }
        for i in 0..groups.len() {
            let (size, before) = &groups[i];
            let joined = before.iter().zip(first).map(|(product, value)| product * value * self.theta * *size as f64);
            let joined = (size + 1, joined.collect());
            let before = std::mem::replace(&mut groups[i], joined);
            self.groups(rest, groups, leaf);
            groups[i] = before;
        }
    }
}

/// A group of equal draws: their number and, by allele, the product of their functions and of the weight.
type Group = (usize, Vec<f64>);

fn sums(groups: &[Group]) -> f64 {
    groups.iter().map(|group| group.1.iter().sum::<f64>()).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula itself, draw by draw, summed over all alleles.
    fn one_by_one(p: &[f64], theta: f64, drawn: &mut Vec<usize>, functions: &[Vec<f64>]) -> f64 {
        let Some((first, rest)) = functions.split_first() else { return 1.0 };
        let mut total = 0.0;
        for a in 0..p.len() {
            let seen = drawn.iter().filter(|&&d| d == a).count() as f64;
            let chance = (seen * theta + (1.0 - theta) * p[a]) / (1.0 + (drawn.len() as f64 - 1.0) * theta);
            drawn.push(a);
            total += chance * first[a] * one_by_one(p, theta, drawn, rest);
            drawn.pop();
        }
        total
    }

    #[test]
    fn groups_give_what_drawing_one_by_one_gives() {
        let p = [0.5, 0.3, 0.2];
        let f = |a, b, c| vec![a, b, c];
        let functions = [f(1.0, 0.2, 0.0), f(0.3, 1.0, 1.0), f(0.0, 0.7, 0.1), f(1.0, 1.0, 0.4), f(0.9, 0.0, 2.0)];
        for theta in [0.0, 0.01, 0.3] {
            for known in 0..3 {
                let mut urn = Urn::new(&p, theta);
                let mut drawn = Vec::new();
                let mut chance = 1.0;
                for &allele in &[2, 0, 2][..known] {
                    let only = (0..3).map(|a| f64::from(u8::from(a == allele))).collect();
                    chance *= one_by_one(&p, theta, &mut drawn.clone(), &[only]);
                    drawn.push(allele);
                    urn.draw(allele);
                }
                for count in 0..=functions.len() {
                    let expected = chance * one_by_one(&p, theta, &mut drawn, &functions[..count]);
                    let ours = urn.expect(&functions[..count]);
                    assert!((ours - expected).abs() < 1e-14, "{theta} {known} {count}: {ours} {expected}");
                }
            }
        }
    }
}
