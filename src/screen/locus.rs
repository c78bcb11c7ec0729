//! Determines which genotypes a family tolerates at one locus.

use super::classes::{CLASSES, LocusClasses};
use crate::kinship::LocusTable;

/// A set of a locus's listed alleles: bit i represents the allele at position i. At most 128 alleles.
pub type AlleleSet = u128;

/// log10 LR above which a genotype is tolerated; for each family the plan takes the tolerance that costs least.
pub const TOLERANCES: [f64; 2] = [-1.5, -2.0];

/// A test that the rows of an index can answer: a child passes if it carries an allele of `first` and one of `second`;
/// one allele that is in both sets is sufficient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carries {
    /// A set of alleles.
    pub first: AlleleSet,
    /// Another set, or the same one.
    pub second: AlleleSet,
}

/// One way to screen a locus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocusScreen {
    /// The tolerated genotypes. A child with another genotype misses the locus.
    pub tolerated: Carries,
    /// The largest log10 LR of a tolerated genotype, at least 0 (an untyped child is tolerated and adds 0).
    pub best_tolerated: f64,
    /// The largest log10 LR of a genotype that is not tolerated; less than [`Self::best_tolerated`].
    pub best_other: f64,
    /// The largest log10 LR of a genotype with an allele of neither set.
    pub best_neither: f64,
    /// The probabilities that an unrelated typed child has no allele of the first set, and none of the second.
    pub misses: [f64; 2],
}

/// A compiled locus with the ways to screen it.
#[derive(Clone, Debug)]
pub struct ScreenedLocus {
    /// log10 LR per genotype.
    pub table: LocusTable,
    /// The largest of them, at least 0.
    pub best: f64,
    /// Mean of an unrelated child's log10 LR, with values below -4 counted as -4: how well the locus excludes unrelated
    /// children.
    pub expected: f64,
    /// Per entry of [`TOLERANCES`], the way to count misses; `None` if it would exclude nobody, or if plans do not
    /// count.
    pub screens: [Option<LocusScreen>; TOLERANCES.len()],
    /// Per class of genotypes, what its best genotype lacks of `best`, rounded down; infinite if no genotype is in the
    /// class. In few bytes, because every view of every family reads them.
    pub(super) lacking: [f32; CLASSES],
    /// Number of listed alleles.
    alleles: usize,
}

impl ScreenedLocus {
    /// Prepares a table. `frequencies` are those of the listed alleles, and only improve the choice; `classes` are those
    /// of the locus. If `counts` is not set, the function skips the ways to count misses.
    ///
    /// # Panics
    /// If there are more than 128 frequencies, or another number than the table or the classes have alleles.
    #[must_use]
    pub fn new(table: LocusTable, frequencies: &[f64], classes: &LocusClasses, counts: bool) -> Self {
        let mut most = [f64::NEG_INFINITY; CLASSES];
        // The last value is that of an untyped child.
        for (&value, &class) in table.values().iter().zip(&classes.of_code) {
            let most = &mut most[usize::from(class)];
            *most = if value > *most { value } else { *most };
        }
        let best = most.iter().fold(0.0_f64, |best, &value| best.max(value));
        let mut rows = table.values();
        let expected = |(high, &p): (usize, &f64)| {
            let (row, later) = rows.split_at(high + 1);
            rows = later;
            let others: f64 = row.iter().zip(frequencies).map(|(&value, q)| value.max(-4.0) * q).sum();
            // The row ends with the homozygote, which has half the probability.
            p * (2.0 * others - row[high].max(-4.0) * p)
        };
        let expected = frequencies.iter().enumerate().map(expected).sum();
        let screens = if counts { Self::screens(&table, frequencies) } else { [None; TOLERANCES.len()] };
        Self {
            table,
            best,
            expected,
            screens,
            lacking: most.map(|most| rounded_down(best - most)),
            alleles: frequencies.len(),
        }
    }

    fn screens(table: &LocusTable, frequencies: &[f64]) -> [Option<LocusScreen>; TOLERANCES.len()] {
        // Adjacent tolerances often tolerate the same genotypes.
        let mut worthy = [0; TOLERANCES.len()];
        for (number, tolerance) in worthy.iter_mut().zip(TOLERANCES) {
            *number = table.values().iter().filter(|&&value| value > tolerance).count();
        }
        let mut screens = [None; TOLERANCES.len()];
        for (i, tolerance) in TOLERANCES.into_iter().enumerate() {
            screens[i] = if i > 0 && worthy[i] == worthy[i - 1] {
                screens[i - 1]
            } else {
                LocusScreen::new(table, frequencies, tolerance)
            };
        }
        screens
    }
}

impl ScreenedLocus {
    /// Returns the least that a typed child loses of [`Self::best`] per set of which it has no allele, at least 0.
    pub(super) fn drop_per_miss(&self, sets: Carries) -> f64 {
        drop_per_miss(self.best, &bests(&self.table, self.alleles, sets), sets.are_one())
    }
}

/// Returns the largest number of the smaller type that is not above this one.
fn rounded_down(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) > value { nearest.next_down() } else { nearest }
}

/// Returns the largest log10 LR of the genotypes with an allele of neither set, of the first, of the second, of both.
fn bests(table: &LocusTable, alleles: usize, sets: Carries) -> [f64; 4] {
    let sides = sets.sides(alleles);
    let mut bests = [f64::NEG_INFINITY; 4];
    for_each_genotype(table, alleles, |a, b, value| {
        let best = &mut bests[usize::from(sides[a] | sides[b])];
        *best = best.max(value);
    });
    bests
}

/// Returns the least that a child loses of `best` per set of which it has no allele. Sets that are one and the same are
/// missed together, which counts as one.
fn drop_per_miss(best: f64, &[neither, first, second, _]: &[f64; 4], are_one: bool) -> f64 {
    let drop = if are_one { best - neither } else { f64::min(best - first.max(second), (best - neither) / 2.0) };
    drop.max(0.0)
}

impl LocusScreen {
    /// Returns the least that a child loses of [`Self::best_tolerated`] per set of which it has no allele.
    pub(super) fn drop_per_miss(&self) -> f64 {
        let bests = [self.best_neither, self.best_other, self.best_other, self.best_tolerated];
        drop_per_miss(self.best_tolerated, &bests, self.tolerated.are_one())
    }

    /// Returns the sets, each with the probability that an unrelated typed child has no allele of it; one if both are the
    /// same.
    pub(super) fn sets(&self) -> impl Iterator<Item = (AlleleSet, f64)> + Clone + use<> {
        let Carries { first, second } = self.tolerated;
        let all = [(first, self.misses[0]), (second, self.misses[1])];
        all.into_iter().take(if self.tolerated.are_one() { 1 } else { 2 })
    }

    /// Returns the probability that an unrelated typed child is not tolerated, or more.
    pub(super) fn exclusion(&self) -> f64 {
        self.sets().map(|(_, misses)| misses).sum()
    }
}

impl Carries {
    /// Reports whether a child with the alleles of this set passes.
    #[cfg(test)]
    fn by(self, alleles: AlleleSet) -> bool {
        alleles & self.first != 0 && alleles & self.second != 0
    }

    /// Reports whether both sets are the same.
    fn are_one(self) -> bool {
        self.first == self.second
    }

    /// Returns, per allele, in which of the two sets it is; bit 0 is the first, bit 1 the second.
    fn sides(self, alleles: usize) -> Vec<u8> {
        let is_in = |set: AlleleSet, allele: usize| (set >> allele & 1) as u8;
        (0..alleles).map(|allele| is_in(self.first, allele) | is_in(self.second, allele) << 1).collect()
    }

    /// Computes the probability that two random alleles pass.
    fn share(self, frequencies: &[f64]) -> f64 {
        let miss = |set| missing(set, frequencies);
        1.0 - miss(self.first) - miss(self.second) + miss(self.first | self.second)
    }

    /// Builds a test that every genotype above `cut` passes, and few others.
    fn covering(table: &LocusTable, frequencies: &[f64], cut: f64) -> Self {
        let worth = Worth::new(table, frequencies.len(), cut);
        let set = worth.one_set();
        let one = Self { first: set, second: set };
        match worth.two_sets() {
            Some(two) if two.share(frequencies) < one.share(frequencies) => two,
            _ => one,
        }
    }
}

/// Computes the probability that two random alleles are not of a set.
fn missing(set: AlleleSet, frequencies: &[f64]) -> f64 {
    let carried: f64 = positions(set).map(|position| frequencies[position]).sum();
    (1.0 - carried) * (1.0 - carried)
}

/// Calls `each` with the two alleles and the log10 LR of every genotype.
fn for_each_genotype(table: &LocusTable, alleles: usize, mut each: impl FnMut(usize, usize, f64)) {
    let mut rows = table.values();
    for high in 0..alleles {
        let (row, later) = rows.split_at(high + 1);
        rows = later;
        for (low, &value) in row.iter().enumerate() {
            each(low, high, value);
        }
    }
}

impl LocusScreen {
    fn new(table: &LocusTable, frequencies: &[f64], tolerance: f64) -> Option<Self> {
        let tolerated = Carries::covering(table, frequencies, tolerance);
        let misses = 1.0 - tolerated.share(frequencies);
        if misses < 1e-3 {
            return None;
        }
        let bests = bests(table, frequencies.len(), tolerated);
        let [best_neither, first, second, best_tolerated] = bests;
        let best_other = best_neither.max(first).max(second);
        // An untyped child is tolerated, too.
        let best_tolerated = best_tolerated.max(0.0);
        let misses = [tolerated.first, tolerated.second].map(|set| missing(set, frequencies));
        let screen = Self { tolerated, best_tolerated, best_other, best_neither, misses };
        (best_other < best_tolerated).then_some(screen)
    }
}

/// The genotypes above a cut, as a graph: two alleles that form one of them are neighbours.
struct Worth {
    neighbours: Vec<AlleleSet>,
}

impl Worth {
    fn new(table: &LocusTable, alleles: usize, cut: f64) -> Self {
        let mut neighbours = vec![0; alleles];
        for_each_genotype(table, alleles, |a, b, value| {
            if value > cut {
                neighbours[a] |= 1 << b;
                neighbours[b] |= 1 << a;
            }
        });
        Self { neighbours }
    }

    /// Returns a set that shares an allele with each of these genotypes; takes the allele with the most uncovered
    /// neighbours first, of equal ones the last.
    fn one_set(&self) -> AlleleSet {
        let mut open = self.neighbours.clone();
        let mut counts: Vec<u32> = open.iter().map(|set| set.count_ones()).collect();
        let mut set = 0;
        while let Some((allele, most)) = counts.iter().enumerate().max_by_key(|(_, count)| **count) {
            if *most == 0 {
                break;
            }
            set |= 1 << allele;
            for neighbour in positions(std::mem::take(&mut open[allele])) {
                open[neighbour] &= !(1 << allele);
                counts[neighbour] -= u32::from(neighbour != allele);
            }
            counts[allele] = 0;
        }
        set
    }

    /// Returns two sets that each share an allele with every genotype above the cut. Alleles of homozygotes above the
    /// cut are in both; the others alternate between the sets along the graph, and an allele that would need both gets
    /// both.
    fn two_sets(&self) -> Option<Carries> {
        let homozygous = |allele: usize| self.neighbours[allele] >> allele & 1 == 1;
        let both = (0..self.neighbours.len()).filter(|&a| homozygous(a)).fold(0, |both: AlleleSet, a| both | 1 << a);
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
                        // An odd cycle: this allele must be in both sets.
                        sides[other] |= 1 << next;
                    }
                }
            }
        }
        (sides[0] != 0 && sides[1] != 0).then_some(Carries { first: sides[0], second: sides[1] })
    }
}

/// Returns the positions in a set, in rising order.
pub(super) fn positions(mut set: AlleleSet) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let position = set.trailing_zeros() as usize;
        (set != 0).then(|| {
            set &= set - 1;
            position
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::genotype_code;
    use proptest::prelude::*;

    proptest! {
        /// For any table, every genotype above the cut passes both kinds of cover.
        #[test]
        fn covers_cover(edges in prop::collection::vec(any::<bool>(), 21)) {
            let mut worth = Worth { neighbours: vec![0; 6] };
            let mut pairs = Vec::new();
            for b in 0..6 {
                for a in 0..=b {
                    if edges[genotype_code(a, b)] {
                        worth.neighbours[a] |= 1 << b;
                        worth.neighbours[b] |= 1 << a;
                        pairs.push((a, b));
                    }
                }
            }
            let set = worth.one_set();
            let covers = [Some(Carries { first: set, second: set }), worth.two_sets()];
            for (cover, (a, b)) in covers.into_iter().flatten().flat_map(|c| pairs.iter().map(move |p| (c, *p))) {
                prop_assert!(cover.by(1 << a | 1 << b), "{:?} {} {}", cover, a, b);
            }
        }
    }

    #[test]
    fn shares_are_those_of_random_genotypes() {
        let p = [0.1, 0.2, 0.3, 0.4];
        let carries = Carries { first: 0b0011, second: 0b0110 };
        let mut expected = 0.0;
        for a in 0..4 {
            for b in 0..4 {
                if carries.by(1 << a | 1 << b) {
                    expected += p[a] * p[b];
                }
            }
        }
        assert!((carries.share(&p) - expected).abs() < 1e-15);
    }
}
