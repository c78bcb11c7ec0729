//! Tests whether allele counts fit the allele frequencies of a locus, and explains counts that do not.

use std::collections::BTreeMap;
use std::fmt;

use super::chi_square;
use crate::model::{Allele, Locus};
use crate::population::{FrequencyTable, LocusFrequencies};

/// The probability below which a deviation is not attributed to chance, over all loci together.
pub const LEVEL: f64 = 1e-4;
/// The distance, on the scale of F_ST, above which a deviation matters.
pub const APART: f64 = 0.02;

/// The least expected count of a cell; rarer alleles are merged.
const LEAST: f64 = 5.0;

/// The number of times that each allele was seen at a locus.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts(pub(super) BTreeMap<Allele, u64>);

/// Alleles that are compared together: their expected and their observed number.
struct Cell {
    expected: f64,
    seen: u64,
}

/// The deviation of counts from frequencies.
pub(super) struct Fit {
    g: f64,
    df: usize,
    alleles: u64,
}

impl Fit {
    /// Compares counts with frequencies; `None` if they form fewer than two cells.
    pub(super) fn to_frequencies(counts: &Counts, locus: &LocusFrequencies) -> Option<Self> {
        let alleles: u64 = counts.0.values().sum();
        let n = alleles as f64;
        let mut cells: Vec<Cell> = (locus.alleles().iter().zip(locus.frequencies()))
            .map(|(allele, p)| Cell { expected: n * p, seen: counts.0.get(allele).copied().unwrap_or(0) })
            .collect();
        let listed: u64 = cells.iter().map(|cell| cell.seen).sum();
        cells.sort_by(|a, b| a.expected.total_cmp(&b.expected));
        // Alleles that the table does not list count with the rare alleles.
        let mut rare = Cell { expected: 0.0, seen: alleles - listed };
        let mut kept = Vec::new();
        for cell in cells {
            if cell.expected < LEAST || (rare.expected < LEAST && (rare.expected > 0.0 || rare.seen > 0)) {
                rare = Cell { expected: rare.expected + cell.expected, seen: rare.seen + cell.seen };
            } else {
                kept.push(cell);
            }
        }
        if rare.expected > 0.0 {
            kept.push(rare);
        }
        let term = |&Cell { expected, seen }: &Cell| match seen {
            0 => 0.0,
            seen => 2.0 * seen as f64 * libm::log(seen as f64 / expected),
        };
        let df = kept.len().checked_sub(1).filter(|&df| df > 0)?;
        Some(Self { g: kept.iter().map(term).sum(), df, alleles })
    }

    /// Returns the distance, which estimates F_ST.
    pub(super) fn distance(&self) -> f64 {
        (self.g / self.df as f64 - 1.0) / (self.alleles as f64 - 1.0).max(1.0)
    }

    /// Reports whether the deviation is significant at this level and large enough to matter.
    pub(super) fn is_apart(&self, level: f64) -> bool {
        self.distance() > APART && chi_square::upper_tail(self.g, self.df) < level
    }
}

/// A shift: a number of bases to add to every allele.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    bases: i32,
    unit: i32,
}

impl Shift {
    /// Creates a shift by `bases` bases at a locus with repeats of `unit` bases.
    #[must_use]
    pub fn new(bases: i32, unit: i32) -> Self {
        Self { bases, unit }
    }

    fn checked_apply(self, allele: Allele) -> Option<Allele> {
        let (whole, over) = (i32::from(allele.tenths() / 10), i32::from(allele.microvariant()));
        if over >= self.unit {
            return None;
        }
        let bases = whole * self.unit + over + self.bases;
        let tenths = bases.div_euclid(self.unit) * 10 + bases.rem_euclid(self.unit);
        Allele::from_tenths(u16::try_from(tenths).ok()?).ok()
    }

    /// Returns the allele after the shift, or the allele itself if the result is not an allele.
    #[must_use]
    pub fn apply(self, allele: Allele) -> Allele {
        self.checked_apply(allele).unwrap_or(allele)
    }
}

impl fmt::Display for Shift {
    /// Writes `+1` for one repeat, `-0.2` for two bases.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.bases < 0 { '-' } else { '+' };
        let (whole, over) = (self.bases.abs() / self.unit, self.bases.abs() % self.unit);
        write!(f, "{sign}{whole}")?;
        if over > 0 { write!(f, ".{over}") } else { Ok(()) }
    }
}

/// The explanation found for counts that do not fit their own locus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fits {
    /// The same locus, after this shift of every allele.
    Shifted(Shift),
    /// Another locus.
    Other(Locus),
    /// Neither a shift nor another locus that was tried.
    Nothing,
}

/// Returns the number of bases of a repeat.
fn unit(locus: &Locus) -> i32 {
    match locus.name() {
        "D22S1045" | "D12ATA63" => 3,
        "Penta_D" | "Penta_E" | "Penta D" | "Penta E" => 5,
        _ => 4,
    }
}

/// Returns the nearest shift or other locus that fits.
pub(super) fn explanation(counts: &Counts, position: usize, table: &FrequencyTable) -> Fits {
    let loci = table.panel().loci();
    let unit = unit(&loci[position]);
    let whole = [-2 * unit, -unit, unit, 2 * unit];
    let shifts = whole.into_iter().chain((1..unit).flat_map(|bases| [-bases, bases]));
    let shifted = shifts.map(|bases| {
        let shift = Shift::new(bases, unit);
        let mut moved = Counts::default();
        for (&allele, &seen) in &counts.0 {
            *moved.0.entry(shift.apply(allele)).or_default() += seen;
        }
        (Fit::to_frequencies(&moved, &table.loci()[position]), Fits::Shifted(shift))
    });
    let others = (loci.iter().zip(table.loci()).enumerate()).filter(|(other, _)| *other != position);
    let others =
        others.map(|(_, (locus, frequencies))| (Fit::to_frequencies(counts, frequencies), Fits::Other(locus.clone())));
    let near = shifted.chain(others).filter_map(|(fit, fits)| Some((fit?.distance(), fits)));
    near.filter(|(distance, _)| *distance < APART)
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(Fits::Nothing, |(_, fits)| fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_count_bases() {
        let allele = |text: &str| text.parse::<Allele>().unwrap();
        for (bases, unit, from, to) in [
            (4, 4, "14", "15"),
            (-8, 4, "14", "12"),
            (1, 4, "13.3", "14"),
            (-1, 4, "14", "13.3"),
            (2, 4, "9.3", "10.1"),
            (-1, 3, "15", "14.2"),
            (4, 5, "9", "9.4"),
            (5, 5, "9.4", "10.4"),
        ] {
            assert_eq!(Shift::new(bases, unit).apply(allele(from)), allele(to), "{bases} {from}");
        }
        assert_eq!(Shift::new(-4, 4).checked_apply(allele("1")), None);
        assert_eq!(Shift::new(4, 4).checked_apply(allele("9.7")), None, "no base count");
        for (bases, text) in [(4, "+1"), (-8, "-2"), (3, "+0.3"), (-1, "-0.1")] {
            assert_eq!(Shift::new(bases, 4).to_string(), text);
        }
    }

    #[test]
    fn a_deviation_counts_by_its_size() {
        let table = FrequencyTable::from_counts(&[("A", &[(80, 0.5), (90, 0.3), (100, 0.19), (110, 0.01)])]).unwrap();
        let locus = &table.loci()[0];
        let fit = |counts: &[(u16, u64)]| {
            let counts = counts.iter().map(|&(tenths, seen)| (Allele::from_tenths(tenths).unwrap(), seen));
            Fit::to_frequencies(&Counts(counts.collect()), locus).unwrap()
        };
        let exact = fit(&[(80, 50), (90, 30), (100, 19), (110, 1)]);
        assert!(exact.g.abs() < 1e-9 && exact.distance() < 0.0);
        // 20 rare alleles where 1 + 19 are expected: the two cells are merged, and nothing else differs.
        assert_eq!(fit(&[(80, 50), (90, 30), (110, 20)]).df, 2);
        // 2 (60 ln(60/50) + 20 ln(20/30)) by hand.
        let off = fit(&[(80, 60), (90, 20), (100, 20)]);
        assert!((off.g - 2.0 * (60.0 * 1.2_f64.ln() + 20.0 * (2.0_f64 / 3.0).ln())).abs() < 1e-9, "{}", off.g);
        assert!(!off.is_apart(1e-5));
        assert!(fit(&[(80, 20), (90, 80)]).is_apart(1e-5));
        // The same small deviation in a hundred thousand alleles is significant, but too small to matter.
        let large = fit(&[(80, 51_000), (90, 29_000), (100, 20_000)]);
        assert!(chi_square::upper_tail(large.g, large.df) < 1e-9 && !large.is_apart(1e-5));
    }
}
