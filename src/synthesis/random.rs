//! Draws random numbers that never change between versions: raw words of a seeded stream, and samplers in integers.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The purpose of a stream. Every purpose has its own streams, so that no draw affects those of another purpose.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// One stream per family: its shape, its genes, and its typed loci.
    Family = 0,
    /// One stream per block of unrelated children.
    Unrelated = 1,
    /// The selection of families for the special plantings.
    Selection = 2,
    /// One stream per family whose planted child gets mutations.
    Forced = 3,
    /// One stream per family with a nephew or niece among the children.
    Nephew = 4,
    /// One stream per family whose typed parent is the sibling of the true one.
    SiblingParent = 5,
    /// The order of the children.
    Order = 6,
    /// One stream per query of a search and its relative.
    Query = 7,
    /// One stream per block of unrelated people of a search.
    People = 8,
    /// One stream per family whose papers may be false.
    Papers = 9,
    /// One stream per simulated pedigree of a validation.
    Validation = 10,
    /// One stream per unrelated child of a validation.
    ValidationStranger = 11,
    /// One stream per simulated pair of statements about children.
    Statements = 12,
}

/// The source of all streams of one seed.
pub(super) struct Seed(ChaCha8Rng);

impl Seed {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::from_seed(blake3::derive_key("reunite 2026 synthesis v1", &seed.to_le_bytes())))
    }

    /// Returns the stream of a purpose and a number below 2^56.
    pub(super) fn stream(&self, purpose: Purpose, index: usize) -> Stream {
        let mut words = self.0.clone();
        words.set_stream(((purpose as u64) << 56) | index as u64);
        Stream(words)
    }
}

/// Converts a probability to units of 2^-63, a scale that can represent 1.
pub(super) fn fixed(probability: f64) -> u64 {
    (probability * (1_u64 << 63) as f64) as u64
}

/// One sequence of draws for another room's simulation of statements about children.
pub(crate) struct StatementDraws(Stream);

impl StatementDraws {
    /// Begins the sequence of a number below 2^56.
    pub(crate) fn new(seed: u64, number: usize) -> Self {
        Self(Seed::new(seed).stream(Purpose::Statements, number))
    }

    /// Returns `true` with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.0.chance(fixed(probability))
    }

    /// Draws a number below `n`, all equally likely; returns 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0.below(n)
    }
}

/// One sequence of random words.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    pub(super) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Returns `true` with a probability made by [`fixed`].
    pub(super) fn chance(&mut self, probability: u64) -> bool {
        self.word() >> 1 < probability
    }

    /// Draws a number below `n`, all equally likely; returns 0 if `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.word()) * n as u128) >> 64) as usize
    }

    /// Shuffles the items; all orders are equally likely.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Draws positions of a list in proportion to their weights, one word each (Walker's alias method).
#[derive(Clone, Debug)]
pub(super) struct Alias {
    /// For each column: the probability of keeping it ([`fixed`]), and the alternative otherwise.
    columns: Vec<(u64, u8)>,
}

impl Alias {
    /// Prepares the sampler. Weights are 0 or more; there are at most 256 of them. If all are 0, every draw returns 0.
    pub(super) fn new(weights: &[f64]) -> Self {
        let n = weights.len();
        let sum: f64 = weights.iter().sum();
        if n == 0 || sum <= 0.0 {
            return Self { columns: vec![(0, 0)] };
        }
        let mut share: Vec<f64> = weights.iter().map(|weight| weight / sum * n as f64).collect();
        // A column that rounding leaves over is full.
        let mut columns: Vec<(u64, u8)> = (0..n).map(|i| (fixed(1.0), i as u8)).collect();
        let (mut poor, mut rich): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| share[i] < 1.0);
        while let (Some(low), Some(&high)) = (poor.pop(), rich.last()) {
            columns[low] = (fixed(share[low]), high as u8);
            share[high] -= 1.0 - share[low];
            if share[high] < 1.0 {
                rich.pop();
                poor.push(high);
            }
        }
        Self { columns }
    }

    pub(super) fn draw(&self, stream: &mut Stream) -> u8 {
        let product = u128::from(stream.word()) * self.columns.len() as u128;
        let column = (product >> 64) as usize;
        let (keep, other) = self.columns[column];
        if (product as u64) >> 1 < keep { column as u8 } else { other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_and_repeat() {
        let first = |seed, purpose, index| Seed::new(seed).stream(purpose, index).word();
        let words = [
            first(1, Purpose::Family, 0),
            first(1, Purpose::Family, 1),
            first(1, Purpose::Unrelated, 0),
            first(2, Purpose::Family, 0),
        ];
        assert_eq!(words[0], first(1, Purpose::Family, 0));
        for (i, word) in words.iter().enumerate() {
            assert!(!words[..i].contains(word));
        }
    }

    #[test]
    fn draws_follow_the_weights() {
        let weights = [0.0, 3.0, 0.5, 0.0, 6.0, 0.25, 0.25, 0.0];
        let alias = Alias::new(&weights);
        let mut stream = Seed::new(7).stream(Purpose::Family, 0);
        let n = 100_000.0;
        let mut seen = [0.0_f64; 8];
        for _ in 0..n as usize {
            seen[usize::from(alias.draw(&mut stream))] += 1.0;
        }
        for (seen, weight) in seen.iter().zip(weights) {
            let p = weight / 10.0;
            assert!((seen - n * p).abs() <= 4.5 * (n * p * (1.0 - p)).sqrt(), "{seen} of {n} for {p}");
        }
        assert_eq!(Alias::new(&[0.0, 0.0]).draw(&mut stream), 0);
    }

    #[test]
    fn chance_knows_never_and_always() {
        let mut stream = Seed::new(7).stream(Purpose::Order, 0);
        assert!((0..1000).all(|_| stream.chance(fixed(1.0)) && !stream.chance(fixed(0.0))));
        assert!((0..1000).all(|_| stream.below(3) < 3));
    }
}
