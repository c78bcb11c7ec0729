//! Counts the alleles by which two profiles differ, which finds samples of one person.

use super::plan::{Counted, Screen};
use crate::model::GenotypeCode;

/// The largest number of alleles of a locus.
const ALLELES: usize = 128;

/// The alleles of listed genotypes.
#[derive(Debug)]
pub struct Differences {
    /// Positions of a code's two alleles.
    alleles: Vec<[u8; 2]>,
}

impl Default for Differences {
    fn default() -> Self {
        let pairs = (0..ALLELES as u8).flat_map(|high| (0..=high).map(move |low| [low, high]));
        Self { alleles: pairs.collect() }
    }
}

impl Differences {
    /// Returns the number of differing alleles of two listed genotypes of a locus: 0, 1 or 2.
    ///
    /// # Panics
    /// If a code is not one of listed alleles.
    #[must_use]
    pub fn between(&self, one: GenotypeCode, other: GenotypeCode) -> u8 {
        let ([a, b], [c, d]) = (self.alleles[usize::from(one)], self.alleles[usize::from(other)]);
        2 - u8::max(u8::from(a == c) + u8::from(b == d), u8::from(a == d) + u8::from(b == c))
    }

    /// Builds a screen that passes every regular sample of which at most `most` alleles differ from those of a profile,
    /// at the given loci. `loci` are the first row of each locus within a block, and the profile's genotype, of listed
    /// alleles; `panel` is the number of loci of the index.
    ///
    /// # Panics
    /// If a code is not one of listed alleles, or if `most` is larger than [`Screen::MOST_MISSES`].
    #[must_use]
    pub fn screen(&self, loci: impl IntoIterator<Item = (usize, GenotypeCode)>, panel: usize, most: usize) -> Screen {
        assert!(most <= Screen::MOST_MISSES, "more than the kernel can count");
        let counted = |(first_row, code): (usize, GenotypeCode)| {
            // A sample without one of the alleles differs in at least that one.
            let [first, second] = self.alleles[usize::from(code)];
            let second = (second != first).then_some(second);
            let set = move |allele| Counted { first_row: first_row as u16, alleles: 1_u128 << allele, misses: 0.0 };
            std::iter::once(first).chain(second).map(set)
        };
        Screen::of_parts(loci.into_iter().flat_map(counted).collect(), vec![most; panel + 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Row;
    use crate::model::{genotype_code, genotype_count};
    use crate::screen::{Asked, Instructions, Screens, screen_block};

    /// A block of one locus, whose children have all genotypes of 14 alleles; one child is untyped.
    #[test]
    fn who_differs_in_no_more_alleles_passes() {
        let (differences, count) = (Differences::default(), genotype_count(14));
        let mut block = vec![Row::default(); 2 + 14];
        let mut set = |row: usize, child: usize| block[row][child / 64] |= 1 << (child % 64);
        for child in 0..=count {
            set(0, child);
        }
        set(1, count);
        for child in 0..count {
            differences.alleles[child].into_iter().for_each(|allele| set(2 + usize::from(allele), child));
        }
        for code in 0..count as GenotypeCode {
            for most in 0..=2 {
                let screen = differences.screen([(1, code), (1, code)], 2, most);
                let mut passed = [Row::default()];
                let mut screens = Screens::new(&[Asked::Alone(&screen)]);
                screen_block(Instructions::Portable, &block, 0, &mut screens, &mut passed);
                let passes = |child: usize| passed[0][child / 64] >> (child % 64) & 1 == 1;
                assert!(passes(count), "nothing speaks against an untyped one");
                for other in 0..count as GenotypeCode {
                    let exact = 2 * usize::from(differences.between(code, other));
                    assert!(passes(usize::from(other)) || exact > most, "{code} {other} {most}");
                    assert!(!passes(usize::from(other)) || exact < 4 || most == 2, "{code} {other} {most}");
                }
            }
        }
    }

    #[test]
    fn alleles_differ_as_often_as_one_has_to_be_changed() {
        let differences = Differences::default();
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
