//! Draws which loci of a sample are typed.

use super::random::{Stream, fixed};

/// The completeness of the profiles of one kind of person. A set of loci is a word with one bit per locus.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typing {
    loci: usize,
    untyped: u64,
    partial: u64,
    /// The minimum and maximum number of typed loci of a partial profile.
    range: (usize, usize),
}

impl Typing {
    /// Prepares the sampler for 1 to 64 loci. `untyped` is the probability per locus, `partial` the share of partial
    /// profiles.
    pub(super) fn new(loci: usize, untyped: f64, partial: f64) -> Self {
        let fewest = (loci * 10 / 23).max(8).min(loci);
        let most = (loci * 18 / 23).max(fewest);
        Self { loci, untyped: fixed(untyped), partial: fixed(partial), range: (fewest, most) }
    }

    /// Draws the typed loci of one sample; at least one.
    pub(super) fn draw(&self, stream: &mut Stream) -> u64 {
        if stream.chance(self.partial) {
            let typed = self.range.0 + stream.below(self.range.1 - self.range.0 + 1);
            let mut loci: Vec<usize> = (0..self.loci).collect();
            stream.shuffle(&mut loci);
            return loci[..typed].iter().fold(0, |set, locus| set | 1 << locus);
        }
        let typed =
            (0..self.loci).fold(0, |set, locus| if stream.chance(self.untyped) { set } else { set | 1 << locus });
        if typed == 0 { 1 << stream.below(self.loci) } else { typed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthesis::random::{Purpose, Seed};

    fn counts(loci: usize, untyped: f64, partial: f64) -> Vec<u32> {
        let typing = Typing::new(loci, untyped, partial);
        let mut stream = Seed::new(1).stream(Purpose::Family, 0);
        let mut counts: Vec<u32> = (0..5000).map(|_| typing.draw(&mut stream).count_ones()).collect();
        counts.sort_unstable();
        counts
    }

    #[test]
    fn partial_profiles_keep_their_range() {
        let range = |loci| {
            let counts = counts(loci, 0.0, 1.0);
            (counts[0], counts[counts.len() - 1])
        };
        assert_eq!(range(23), (10, 18));
        assert_eq!(range(64), (27, 50));
        assert_eq!(range(9), (8, 8));
        assert_eq!(range(3), (3, 3));
        assert_eq!(range(1), (1, 1));
    }

    #[test]
    fn at_least_one_locus_is_typed() {
        assert_eq!(counts(23, 1.0, 0.0), vec![1; 5000]);
        assert_eq!(counts(64, 0.0, 0.0), vec![64; 5000]);
        let mean = f64::from(counts(23, 0.1, 0.0).iter().sum::<u32>()) / 5000.0;
        assert!((mean - 23.0 * 0.9).abs() < 0.1, "{mean}");
    }
}
