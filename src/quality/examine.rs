//! Runs all checks of the profiles of a file.

use rayon::prelude::*;

use super::fit::{Counts, Fit, Fits, LEVEL, explanation};
use super::homozygosity::{self, TAIL};
use crate::model::{Allele, Genotype, Locus, Profile};
use crate::population::{FrequencyTable, LocusFrequencies};

/// The least number of profiles for which allele frequencies are checked.
pub const ENOUGH: usize = 50;
/// The distance beyond the listed alleles of its locus from which an allele is unusual, in tenths of a repeat.
pub const FAR: u16 = 30;

/// The number of profiles that one thread checks at a time.
const PART: usize = 4096;

/// The least number of profiles for which a locus that none of them has is reported.
const FEWEST: usize = 2;

/// A profile to examine.
#[derive(Clone, Copy, Debug)]
pub struct Typed<'a> {
    /// Genotypes over the loci of the file.
    pub profile: &'a Profile,
    /// `true` if the person is not known to be related to a person in an earlier row.
    pub is_unrelated: bool,
}

/// Something unusual. Rows and loci are positions in the file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// All profiles together have fewer loci of the panel than requested.
    FewColumns {
        /// Number of loci.
        loci: usize,
    },
    /// A profile has fewer typed loci of the panel than requested.
    FewLoci {
        /// Row of the profile.
        row: usize,
        /// Number of typed loci.
        typed: usize,
    },
    /// A profile has more homozygous loci than chance explains.
    Homozygous {
        /// Row of the profile.
        row: usize,
        /// Number of homozygous loci.
        homozygous: usize,
        /// Number of typed loci.
        typed: usize,
        /// The probability of this number of homozygous loci or more.
        tail: f64,
    },
    /// An allele is far beyond all alleles that the table lists.
    FarAllele {
        /// Row of the profile.
        row: usize,
        /// The locus.
        locus: usize,
    },
    /// Other alleles that the table does not list.
    Unlisted {
        /// The locus.
        locus: usize,
        /// The first row with an unlisted allele.
        row: usize,
        /// Number of profiles with an unlisted allele.
        profiles: usize,
    },
    /// No profile has the locus.
    Untyped {
        /// The locus.
        locus: usize,
    },
    /// The allele frequencies do not fit the table's.
    Misfit {
        /// The locus.
        locus: usize,
        /// The distance, on the scale of F_ST.
        distance: f64,
        /// Number of profiles that were counted.
        profiles: usize,
        /// The explanation found for the counts.
        fits: Fits,
    },
}

/// A locus of the file that is in the table.
#[derive(Clone)]
struct Known<'t> {
    /// Position in the file.
    locus: usize,
    /// Position in the table.
    position: usize,
    frequencies: &'t LocusFrequencies,
    homozygosity: f64,
    typed: usize,
    /// Number of profiles whose alleles are counted.
    counted: usize,
    /// The counts of each listed allele; `others` has those of unlisted alleles.
    listed: Vec<u64>,
    others: Counts,
    unlisted: Option<UnlistedAlleles>,
}

/// Profiles with an unlisted allele at a locus that is not far from the listed ones.
#[derive(Clone, Copy)]
struct UnlistedAlleles {
    /// Row of the first of them.
    first_row: usize,
    profiles: usize,
}

/// The results of some of the profiles of a file.
struct Examined<'t> {
    /// The counts, locus by locus.
    known: Vec<Known<'t>>,
    /// The findings about single profiles.
    findings: Vec<Finding>,
}

impl Known<'_> {
    fn is_far(&self, allele: Allele) -> bool {
        let (Some(low), Some(high)) = (self.frequencies.alleles().first(), self.frequencies.alleles().last()) else {
            return false;
        };
        allele.tenths() + FAR < low.tenths() || allele.tenths() > high.tenths() + FAR
    }

    /// Counts the alleles of a profile; returns a finding if one of them is far from the listed ones.
    fn count(&mut self, row: usize, genotype: Genotype, is_unrelated: bool) -> Option<Finding> {
        let alleles = [genotype.low(), genotype.high()];
        let positions = alleles.map(|allele| self.frequencies.position(allele));
        self.typed += 1;
        if is_unrelated {
            self.counted += 1;
            for (allele, position) in alleles.into_iter().zip(positions) {
                match position {
                    Some(position) => self.listed[position] += 1,
                    None => *self.others.0.entry(allele).or_default() += 1,
                }
            }
        }
        if positions.iter().all(Option::is_some) {
            return None;
        }
        if alleles.iter().any(|&allele| self.is_far(allele)) {
            return Some(Finding::FarAllele { row, locus: self.locus });
        }
        self.add_unlisted(UnlistedAlleles { first_row: row, profiles: 1 });
        None
    }

    /// Adds the counts of later profiles.
    fn append(&mut self, next: Self) {
        self.typed += next.typed;
        self.counted += next.counted;
        self.listed.iter_mut().zip(next.listed).for_each(|(seen, more)| *seen += more);
        for (allele, more) in next.others.0 {
            *self.others.0.entry(allele).or_default() += more;
        }
        if let Some(unlisted) = next.unlisted {
            self.add_unlisted(unlisted);
        }
    }

    fn add_unlisted(&mut self, later: UnlistedAlleles) {
        match &mut self.unlisted {
            Some(unlisted) => unlisted.profiles += later.profiles,
            none => *none = Some(later),
        }
    }

    fn counts(&self) -> Counts {
        let listed = self.frequencies.alleles().iter().copied().zip(self.listed.iter().copied());
        let mut counts = self.others.clone();
        counts.0.extend(listed.filter(|&(_, seen)| seen > 0));
        counts
    }
}

/// Examines the profiles of a file over these loci and returns the findings. `theta` is the F_ST of the model, at least
/// 0 and below 1. `least` is the least number of typed loci that a profile should have, limited to the size of the
/// panel. Loci that the table lacks are ignored.
///
/// ```
/// use reunite::model::Profile;
/// use reunite::population::FrequencyTable;
/// use reunite::quality::{Finding, Typed, examine};
///
/// let table = FrequencyTable::from_counts(&[("vWA", &[(140, 0.25), (150, 0.75)])])?;
/// // The table's alleles are 14 and 15; 19 lies more than three repeats beyond.
/// let profile = Profile::new(vec![Some("14/19".parse()?)]);
/// let typed = [Typed { profile: &profile, is_unrelated: true }];
/// assert_eq!(examine(&table, 0.0, 1, table.panel().loci(), &typed), [Finding::FarAllele { row: 0, locus: 0 }]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn examine(
    table: &FrequencyTable,
    theta: f64,
    least: usize,
    loci: &[Locus],
    profiles: &[Typed<'_>],
) -> Vec<Finding> {
    in_parts(table, theta, least, loci, profiles, PART)
}

/// Examines the profiles in parts of `part` profiles.
pub(super) fn in_parts(
    table: &FrequencyTable,
    theta: f64,
    least: usize,
    loci: &[Locus],
    profiles: &[Typed<'_>],
    part: usize,
) -> Vec<Finding> {
    let mut known: Vec<Known<'_>> = (loci.iter().enumerate())
        .filter_map(|(locus, name)| {
            let position = table.panel().position(name)?;
            let frequencies = &table.loci()[position];
            let homozygosity = homozygosity::expected(frequencies, theta);
            let (listed, others) = (vec![0; frequencies.alleles().len()], Counts::default());
            let (typed, counted, unlisted) = (0, 0, None);
            Some(Known { locus, position, frequencies, homozygosity, typed, counted, listed, others, unlisted })
        })
        .collect();
    let least = least.min(table.panel().len());
    let mut found = Vec::new();
    // Reported once, not for every profile.
    let too_few_columns = known.len() < least;
    if too_few_columns && !profiles.is_empty() {
        found.push(Finding::FewColumns { loci: known.len() });
    }
    let least = if too_few_columns { 0 } else { least };
    let one = |(number, profiles): (usize, &[Typed<'_>])| examine_part(known.clone(), number * part, profiles, least);
    for examined in profiles.par_chunks(part).enumerate().map(one).collect::<Vec<_>>() {
        known.iter_mut().zip(examined.known).for_each(|(known, counted)| known.append(counted));
        found.extend(examined.findings);
    }
    find_in_all(&known, table, profiles.len(), &mut found);
    found
}

/// Examines some of the profiles; `first` is the row of the first one.
fn examine_part<'t>(mut known: Vec<Known<'t>>, first: usize, profiles: &[Typed<'_>], least: usize) -> Examined<'t> {
    let mut found = Vec::new();
    let mut expected = Vec::with_capacity(known.len());
    for (row, Typed { profile, is_unrelated }) in (first..).zip(profiles) {
        expected.clear();
        let mut homozygous = 0;
        for of in &mut known {
            let Some(genotype) = profile.at(of.locus) else { continue };
            expected.push(of.homozygosity);
            homozygous += usize::from(genotype.is_homozygous());
            found.extend(of.count(row, genotype, *is_unrelated));
        }
        let typed = expected.len();
        if typed < least {
            found.push(Finding::FewLoci { row, typed });
        }
        // At or below the mean, the tail cannot be small.
        if homozygous as f64 > expected.iter().sum::<f64>() {
            let tail = homozygosity::upper_tail(&expected, homozygous);
            if tail < TAIL {
                found.push(Finding::Homozygous { row, homozygous, typed, tail });
            }
        }
    }
    Examined { known, findings: found }
}

/// Adds the findings about all profiles together.
fn find_in_all(known: &[Known<'_>], table: &FrequencyTable, profiles: usize, found: &mut Vec<Finding>) {
    let level = LEVEL / table.panel().len() as f64;
    for of in known {
        if let Some(UnlistedAlleles { first_row, profiles }) = of.unlisted {
            found.push(Finding::Unlisted { locus: of.locus, row: first_row, profiles });
        }
        if of.typed == 0 && profiles >= FEWEST {
            found.push(Finding::Untyped { locus: of.locus });
        }
        if of.counted < ENOUGH {
            continue;
        }
        let counts = of.counts();
        if let Some(fit) = Fit::to_frequencies(&counts, of.frequencies).filter(|fit| fit.is_apart(level)) {
            found.push(Finding::Misfit {
                locus: of.locus,
                distance: fit.distance(),
                profiles: of.counted,
                fits: explanation(&counts, of.position, table),
            });
        }
    }
}
