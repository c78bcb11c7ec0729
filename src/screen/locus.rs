//! What a family tolerates at one locus.

use crate::kinship::LocusTable;
use crate::model::genotype_code;

/// A set of a locus' listed alleles: bit i stands for the allele at position i. At most 128 alleles.
pub type AlleleSet = u128;

/// log10 LR above which a genotype is worth tolerating; the plan takes, for each family, the one that lets the
/// fewest children through.
pub const TOLERANCES: [f64; 4] = [-0.5, -1.0, -1.5, -2.0];

/// One way to screen a locus: a child is tolerated if it carries an allele of `first` and one of `second`; a single
/// allele that is in both sets serves for both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocusScreen {
    /// A set of alleles.
    pub first: AlleleSet,
    /// Another, or the same.
    pub second: AlleleSet,
    /// The largest log10 LR of a tolerated genotype, at least 0 (an untyped child is tolerated and adds 0).
    pub best_tolerated: f64,
    /// The largest log10 LR of a genotype that is not tolerated.
    pub best_other: f64,
    /// The probability that an unrelated typed child is not tolerated.
    pub excludes: f64,
}

/// A compiled locus with its ways to be screened.
#[derive(Clone, Debug)]
pub struct ScreenedLocus {
    /// log10 LR per genotype.
    pub table: LocusTable,
    /// The largest of them, at least 0.
    pub best: f64,
    /// Per entry of [`TOLERANCES`], how to screen; `None` if that would exclude nobody.
    pub screens: [Option<LocusScreen>; TOLERANCES.len()],
}

impl ScreenedLocus {
    /// Prepares a table. `frequencies` are those of the listed alleles, and serve only to choose well.
    ///
    /// # Panics
    /// If there are more frequencies than 128, or not as many as the table has alleles.
    #[must_use]
    pub fn new(table: LocusTable, frequencies: &[f64]) -> Self {
        let best = table.values().iter().fold(0.0_f64, |best, &value| best.max(value));
        let screens = TOLERANCES.map(|tolerance| LocusScreen::new(&table, frequencies, tolerance));
        Self { table, best, screens }
    }
}

impl LocusScreen {
    fn new(table: &LocusTable, frequencies: &[f64], tolerance: f64) -> Option<Self> {
        let worth = Worth::new(table, frequencies.len(), tolerance);
        let one = worth.one_set();
        let candidates = [Some((one, one)), worth.two_sets()];
        let excludes = |&(first, second): &(AlleleSet, AlleleSet)| excluded(first, second, frequencies);
        let (first, second) = candidates.into_iter().flatten().max_by(|a, b| excludes(a).total_cmp(&excludes(b)))?;
        let excludes = excluded(first, second, frequencies);
        if first == 0 || second == 0 || excludes < 1e-3 {
            return None;
        }
        let (mut best_tolerated, mut best_other) = (0.0_f64, f64::NEG_INFINITY);
        for b in 0..frequencies.len() {
            for a in 0..=b {
                let carried: AlleleSet = 1 << a | 1 << b;
                let value = table.values()[genotype_code(a, b)];
                let best =
                    if carried & first != 0 && carried & second != 0 { &mut best_tolerated } else { &mut best_other };
                *best = best.max(value);
            }
        }
        (best_other < best_tolerated).then_some(Self { first, second, best_tolerated, best_other, excludes })
    }
}

/// The probability that two random alleles miss one of the sets.
fn excluded(first: AlleleSet, second: AlleleSet, frequencies: &[f64]) -> f64 {
    let share = |set: AlleleSet| -> f64 {
        frequencies.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1).map(|(_, p)| p).sum()
    };
    let miss = |set: AlleleSet| (1.0 - share(set)) * (1.0 - share(set));
    miss(first) + miss(second) - miss(first | second)
}

/// The genotypes worth tolerating, as a graph: alleles that make one together are neighbours.
struct Worth {
    neighbours: Vec<AlleleSet>,
}

impl Worth {
    fn new(table: &LocusTable, alleles: usize, tolerance: f64) -> Self {
        let mut neighbours = vec![0; alleles];
        for b in 0..alleles {
            for a in 0..=b {
                if table.values()[genotype_code(a, b)] > tolerance {
                    neighbours[a] |= 1 << b;
                    neighbours[b] |= 1 << a;
                }
            }
        }
        Self { neighbours }
    }

    /// A set that every worthy genotype meets, taking the allele with the most uncovered neighbours first.
    fn one_set(&self) -> AlleleSet {
        let mut open = self.neighbours.clone();
        let mut set = 0;
        while let Some((allele, most)) = open.iter().enumerate().max_by_key(|(_, set)| set.count_ones()) {
            if *most == 0 {
                break;
            }
            set |= 1 << allele;
            open[allele] = 0;
            open.iter_mut().for_each(|neighbours| *neighbours &= !(1 << allele));
        }
        set
    }

    /// Two sets such that every worthy genotype has one allele in each. Alleles worthy as homozygotes are in both;
    /// the others take sides by turns along the graph, and an allele that would need both sides gets both.
    fn two_sets(&self) -> Option<(AlleleSet, AlleleSet)> {
        let homozygous = |allele: usize| self.neighbours[allele] >> allele & 1 == 1;
        let both: AlleleSet = (0..self.neighbours.len()).filter(|&a| homozygous(a)).map(|a| 1 << a).sum();
        let mut sides = [both, both];
        let mut placed = both;
        for start in 0..self.neighbours.len() {
            if placed >> start & 1 == 1 || self.neighbours[start] == 0 {
                continue;
            }
            sides[0] |= 1 << start;
            placed |= 1 << start;
            let mut open = vec![(start, 0)];
            while let Some((allele, side)) = open.pop() {
                for next in positions(self.neighbours[allele] & !both) {
                    let other = 1 - side;
                    if placed >> next & 1 == 0 {
                        placed |= 1 << next;
                        sides[other] |= 1 << next;
                        open.push((next, other));
                    } else if sides[other] >> next & 1 == 0 {
                        // An odd circle: this allele has to serve on both sides.
                        sides[other] |= 1 << next;
                    }
                }
            }
        }
        (sides[0] != 0 && sides[1] != 0).then_some((sides[0], sides[1]))
    }
}

/// The positions in a set, rising.
pub(super) fn positions(mut set: AlleleSet) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let position = set.trailing_zeros() as usize;
        (set != 0).then(|| {
            set &= set - 1;
            position
        })
    })
}
