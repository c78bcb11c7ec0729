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
        let grouped = self.grouped(functions);
        grouped.and_then(|grouped| grouped.1.last().copied()).map_or(0.0, |all| all * self.scale_of(functions.len()))
    }

    /// Computes the same with one more draw: by its allele z, times a function of z (1 if there is no function).
    pub(super) fn one_open(&self, function: Option<&[f64]>, functions: &[Vec<f64>]) -> Vec<f64> {
        let mut by_allele = self.fresh(function);
        let scale = self.scale_of(functions.len() + 1);
        if self.theta == 0.0 {
            let rest = self.means(functions);
            by_allele.iter_mut().for_each(|value| *value = *value * rest * scale);
            return by_allele;
        }
        // The open draw is in a group with some of the others, which repeat it.
        let Some((joined, grouped)) = self.grouped(functions) else { return by_allele };
        let sums = joined.sums(&grouped, &self.ways(functions.len()));
        by_allele.iter_mut().zip(sums).for_each(|(value, sum)| *value *= scale * sum);
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
        if self.theta == 0.0 {
            add_product(by_alleles, weight * self.means(functions), &one, &other);
            return;
        }
        let Some((joined, grouped)) = self.grouped(functions) else { return };
        let pairs_of_sets = 3_usize.saturating_pow(functions.len() as u32);
        if !spend(n * ((n << functions.len()) + pairs_of_sets)) {
            return;
        }
        let ways = self.ways(functions.len() + 1);
        let Joined { products: mut joining, .. } = joined;
        for (set, joining) in joining.chunks_exact_mut(n).enumerate() {
            joining.iter_mut().for_each(|value| *value *= ways[size(set)]);
        }
        // In two groups, each with some of the others: by the set of those that join the first, the sum over the sets that
        // join the second. The first is at `z * sets + set`, the second at `set * n + w`.
        let (sets, all) = (grouped.len(), grouped.len() - 1);
        let (mut first, mut second) = (vec![0.0; n * sets], vec![0.0; sets * n]);
        for (with_first, second) in second.chunks_exact_mut(n).enumerate() {
            let products = &joining[with_first * n..][..n];
            for ((first, one), product) in first[with_first..].iter_mut().step_by(sets).zip(&one).zip(products) {
                *first = weight * (one * product);
            }
            let left = all ^ with_first;
            for set in subsets(left) {
                let (joining, others) = (&joining[set * n..][..n], grouped[left ^ set]);
                second.iter_mut().zip(joining).for_each(|(sum, joining)| *sum += joining * others);
            }
            second.iter_mut().zip(&other).for_each(|(sum, other)| *sum *= other);
        }
        for (sums, first) in by_alleles.chunks_exact_mut(n).zip(first.chunks_exact(sets)) {
            add_combination(sums, &first.iter(), &second);
        }
        // Both in one group: the second repeats the first or one of those that joined it.
        let mut repeated = vec![0.0; n];
        for (set, joining) in joining.chunks_exact(n).enumerate() {
            let others = (size(set) + 1) as f64 * self.theta * grouped[all ^ set];
            repeated.iter_mut().zip(joining).for_each(|(sum, joining)| *sum += joining * others);
        }
        for (allele, (cell, sum)) in by_alleles.iter_mut().step_by(n + 1).zip(repeated).enumerate() {
            if self.weights[allele] > 0.0 {
                *cell += weight * (one[allele] * other[allele] / self.weights[allele]) * sum;
            }
        }
    }

    /// Returns the products of the functions, and for every set of them, as bits, the sum over the ways to put their
    /// draws into groups: of each group the mean of its functions' product, times the ways in which it can arise. `None`
    /// if the work must stop.
    fn grouped(&self, functions: &[Vec<f64>]) -> Option<(Joined, Vec<f64>)> {
        let work = (self.weights.len().saturating_mul(2_usize.saturating_pow(functions.len() as u32)))
            .saturating_add(3_usize.saturating_pow(functions.len() as u32));
        if !spend(work) {
            return None;
        }
        let (joined, ways) = (Joined::new(functions, self.weights.len()), self.ways(functions.len()));
        let mean = |(set, products): (usize, &[f64])| {
            let mean: f64 = self.weights.iter().zip(products).map(|(weight, product)| weight * product).sum();
            if set == 0 { mean } else { mean * ways[size(set) - 1] }
        };
        let groups: Vec<f64> = joined.products.chunks_exact(self.weights.len()).enumerate().map(mean).collect();
        let mut grouped = vec![1.0; groups.len()];
        for set in 1..groups.len() {
            // The group of the first function, and the others.
            let lowest = set & set.wrapping_neg();
            let others = set ^ lowest;
            grouped[set] = subsets(others).map(|with| groups[with | lowest] * grouped[others ^ with]).sum();
        }
        Some((joined, grouped))
    }

    /// Returns, for up to this number of draws that repeat one, the weight: the first has one draw to repeat, the next
    /// two, and so on.
    fn ways(&self, most: usize) -> Vec<f64> {
        let product = |repeats: usize| (1..=repeats).map(|draws| draws as f64 * self.theta).product();
        (0..=most).map(product).collect()
    }

    /// Returns the product of the means, without theta; 0 if the work must stop.
    fn means(&self, functions: &[Vec<f64>]) -> f64 {
        if !spend((functions.len() + 1) * self.weights.len()) {
            return 0.0;
        }
        let mean = |f: &Vec<f64>| self.weights.iter().zip(f).map(|(weight, value)| weight * value).sum::<f64>();
        functions.iter().map(mean).product()
    }

    fn divisor(&self, drawn: usize) -> f64 {
        1.0 + (drawn as f64 - 1.0) * self.theta
    }

    /// Returns the weights of the next draw: `(1 - theta) p_a + n_a theta`, not divided by their sum.
    pub(super) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Returns P(the known alleles) divided by the divisors of `draws` more draws.
    pub(super) fn scale_of(&self, draws: usize) -> f64 {
        self.known / (0..draws).map(|i| self.divisor(self.drawn + i)).product::<f64>()
    }

    /// Returns the weights of a fresh draw, which repeats no earlier one, times a function of it.
    fn fresh(&self, function: Option<&[f64]>) -> Vec<f64> {
        match function {
            None => self.weights.clone(),
            Some(function) => self.weights.iter().zip(function).map(|(weight, value)| weight * value).collect(),
        }
    }
}

/// The products of every set of functions, as bits, at every allele.
struct Joined {
    alleles: usize,
    /// At `set * alleles + allele`.
    products: Vec<f64>,
}

impl Joined {
    fn new(functions: &[Vec<f64>], alleles: usize) -> Self {
        let mut products = Vec::with_capacity(alleles << functions.len());
        products.resize(alleles, 1.0);
        for function in functions {
            for at in 0..products.len() / alleles {
                let last = products.len();
                products.extend_from_within(at * alleles..(at + 1) * alleles);
                products[last..].iter_mut().zip(function).for_each(|(product, value)| *product *= value);
            }
        }
        Self { alleles, products }
    }

    /// Adds up, per allele, over the sets that join a draw of this allele, their product, the ways by the number of
    /// draws in the set, and what the others give.
    fn sums(&self, grouped: &[f64], ways: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.alleles];
        let sets = self.products.chunks_exact(self.alleles).zip(grouped.iter().rev()).enumerate();
        for (set, (products, others)) in sets {
            let ways = ways[size(set)];
            sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += product * ways * others);
        }
        sums
    }
}

/// Returns the number of functions in a set.
fn size(set: usize) -> usize {
    set.count_ones() as usize
}

/// Iterates over the subsets of a set, the set itself first and the empty one last.
fn subsets(set: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(set), move |&one| (one > 0).then(|| (one - 1) & set))
}

/// Adds an outer product, times a factor.
fn add_product(sums: &mut [f64], factor: f64, rows: &[f64], columns: &[f64]) {
    for (sums, row) in sums.chunks_exact_mut(columns.len()).zip(rows) {
        sums.iter_mut().zip(columns).for_each(|(sum, column)| *sum += factor * row * column);
    }
}

/// Adds a linear combination of rows, one row after the other: `factors` are those of the rows in `rows`, each of the
/// length of `sums`.
pub(super) fn add_combination<'f>(sums: &mut [f64], factors: &(impl Iterator<Item = &'f f64> + Clone), rows: &[f64]) {
    /// Adds to the sums of a few columns, which stay in registers.
    fn add_block<'f, const W: usize>(
        sums: &mut [f64],
        from: usize,
        factors: impl Iterator<Item = &'f f64>,
        rows: &[f64],
    ) {
        let n = sums.len();
        let Some(place) = sums[from..].first_chunk_mut::<W>() else { return };
        let mut block = *place;
        for (factor, row) in factors.zip(rows.chunks_exact(n)) {
            if let Some(values) = row[from..].first_chunk::<W>() {
                block.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
            }
        }
        *place = block;
    }
    let mut from = 0;
    while from < sums.len() {
        match sums.len() - from {
            8.. => {
                add_block::<8>(sums, from, factors.clone(), rows);
                from += 8;
            }
            4.. => {
                add_block::<4>(sums, from, factors.clone(), rows);
                from += 4;
            }
            _ => {
                add_block::<1>(sums, from, factors.clone(), rows);
                from += 1;
            }
        }
    }
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
                    // With one or two draws left open: those of each allele, times a function of it or not.
                    let only =
                        |allele: usize, times: f64| (0..3).map(|a| if a == allele { times } else { 0.0 }).collect();
                    let times = f(0.5, 1.0, 0.25);
                    let one = urn.one_open(Some(&times), &functions[..count]);
                    let mut two = vec![1.0; 9];
                    urn.two_open([Some(&times), None], &functions[..count], 3.0, &mut two);
                    for z in 0..3 {
                        let mut all: Vec<Vec<f64>> = vec![only(z, times[z])];
                        all.extend_from_slice(&functions[..count]);
                        let expected = chance * one_by_one(&p, theta, &mut drawn, &all);
                        assert!((one[z] - expected).abs() < 1e-14, "{theta} {known} {count} {z}");
                        for w in 0..3 {
                            all.insert(1, only(w, 1.0));
                            let expected = 1.0 + 3.0 * chance * one_by_one(&p, theta, &mut drawn, &all);
                            all.remove(1);
                            let ours = two[z * 3 + w];
                            assert!(
                                (ours - expected).abs() < 1e-13,
                                "{theta} {known} {count} {z} {w}: {ours} {expected}"
                            );
                        }
                    }
                }
            }
        }
    }
}
