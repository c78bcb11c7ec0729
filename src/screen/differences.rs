//! How many alleles of a child differ from those of a profile, as weights: by them two samples of one person are found.
//!
//! A class of genotypes weighs the fewest alleles that differ in any of its genotypes, so sums never exceed the true
//! number, and who passes is compared exactly.

use super::classes::{CLASSES, Classes};
use super::weights::{LIMIT, Table, Weighing};
use crate::model::{GenotypeCode, genotype_code};

/// The most alleles of a locus.
const ALLELES: usize = 128;

/// The weights of every genotype of a panel's loci.
pub struct Differences {
    /// By locus and genotype code; the last, of the untyped, weighs nothing.
    tables: Vec<Vec<Table>>,
    /// Positions of a code's two alleles.
    alleles: Vec<[u8; 2]>,
}

impl Differences {
    /// The weights over these classes.
    #[must_use]
    pub fn new(classes: &Classes) -> Self {
        let pairs = (0..ALLELES as u8).flat_map(|high| (0..=high).map(move |low| [low, high]));
        let mut all = Self { tables: Vec::new(), alleles: pairs.collect() };
        debug_assert_eq!(all.alleles[genotype_code(3, 7)], [3, 7]);
        for locus in classes.loci() {
            let (untyped, listed) = locus.of_code.split_last().unwrap_or((&0, &[]));
            let table = |code: usize| {
                let mut weights = [2; CLASSES];
                for (other, &class) in listed.iter().enumerate() {
                    let weight = &mut weights[usize::from(class)];
                    *weight = all.between(code as GenotypeCode, other as GenotypeCode).min(*weight);
                }
                weights[usize::from(*untyped)] = 0;
                Table(weights)
            };
            let mut tables: Vec<Table> = (0..listed.len()).map(table).collect();
            tables.push(Table::default());
            all.tables.push(tables);
        }
        all
    }

    /// The weights of a genotype at a locus, by its code; those of an untyped or unlisted one weigh nothing.
    #[must_use]
    pub fn table(&self, locus: usize, code: GenotypeCode) -> Table {
        self.tables[locus].get(usize::from(code)).copied().unwrap_or_default()
    }

    /// How many alleles of two listed genotypes of a locus differ: 0, 1 or 2.
    ///
    /// # Panics
    /// If a code is none of listed alleles.
    #[must_use]
    pub fn between(&self, one: GenotypeCode, other: GenotypeCode) -> u8 {
        let ([a, b], [c, d]) = (self.alleles[usize::from(one)], self.alleles[usize::from(other)]);
        2 - u8::max(u8::from(a == c) + u8::from(b == d), u8::from(a == d) + u8::from(b == c))
    }

    /// A weighing that children pass of whom at most so many alleles may differ, no more than 250, from those that the
    /// `tables` of these `loci` are of.
    #[must_use]
    pub fn weighing<'a>(loci: &'a [usize], tables: &'a [Table], most: u8) -> Weighing<'a> {
        Weighing { loci, tables, start: LIMIT.saturating_sub(most) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{BLOCK, Row};
    use crate::model::genotype_count;
    use crate::screen::{Instructions, weigh_block};

    /// 14 alleles, so that five share a class.
    #[test]
    fn weights_are_the_fewest_alleles_that_differ() {
        let frequencies: Vec<f64> = (1..=14).map(|i| f64::from(i) / 105.0).collect();
        let classes = Classes::new([&frequencies[..], &frequencies[..]]);
        let differences = Differences::new(&classes);
        let count = genotype_count(14) as u16;
        // All genotypes at the first locus, the same one at the second, and someone untyped at both.
        let mut codes: Vec<u16> = (0..count).flat_map(|code| [code, 5]).collect();
        codes.extend([count, count]);
        let mut lanes = classes.empty(1);
        classes.arrange_codes(&codes, &mut lanes);
        assert!(codes.len() / 2 < BLOCK);
        for code in 0..count {
            let tables = [differences.table(0, code), differences.table(1, 5)];
            for most in 0..=2 {
                let mut passed = [Row::default()];
                let weighing = Differences::weighing(&[0, 1], &tables, most);
                weigh_block(Instructions::Portable, &lanes, &[weighing], &mut passed);
                let passes = |child: usize| passed[0][child / 64] >> (child % 64) & 1 == 1;
                assert!(passes(usize::from(count)), "nothing speaks against an untyped one");
                for other in 0..count {
                    let exact = differences.between(code, other);
                    assert!(passes(usize::from(other)) || exact > most);
                    // Common alleles are a class each: the five rarest come first.
                    let [low, _] = differences.alleles[usize::from(other)];
                    assert!(low < 5 || passes(usize::from(other)) == (exact <= most), "{code} {other} {most}");
                }
            }
        }
    }

    #[test]
    fn alleles_differ_as_often_as_one_has_to_be_changed() {
        let differences = Differences::new(&Classes::new([&[0.2; 5][..]]));
        let between = |a: (usize, usize), b: (usize, usize)| {
            differences.between(genotype_code(a.0, a.1) as u16, genotype_code(b.0, b.1) as u16)
        };
        for (a, b, expected) in [
            ((0, 1), (0, 1), 0),
            ((0, 1), (1, 2), 1),
            ((0, 1), (2, 3), 2),
            ((0, 0), (0, 1), 1),
            ((0, 0), (1, 1), 2),
            ((0, 0), (0, 0), 0),
            ((1, 2), (0, 1), 1),
        ] {
            assert_eq!((between(a, b), between(b, a)), (expected, expected), "{a:?} {b:?}");
        }
    }
}
