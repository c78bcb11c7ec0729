//! A family's plan: what to count, and how much of it to allow.

use super::bound::{at_most, misses_allowed};
use super::locus::{LocusScreen, ScreenedLocus, TOLERANCES, positions};

/// How to find the children that can reach the threshold with a family.
#[derive(Clone, Debug)]
pub enum Plan {
    /// No regular child can.
    Nothing,
    /// Count misses, and score who is left.
    Screen(Screen),
    /// The relatives exclude too little: score everyone.
    Scan,
}

/// A screening plan over the rows of an index.
#[derive(Clone, Debug)]
pub struct Screen {
    /// Row numbers within a block, locus after locus: those of the first set, then those of the second.
    pub(super) rows: Vec<u16>,
    /// Per locus, how many rows the two sets have; the second none where both sets are the same.
    pub(super) sets: Vec<(u8, u8)>,
    /// Per number of untyped loci, how many others a child may miss, at most [`Screen::MOST_MISSES`]; the list ends
    /// where nobody reaches the threshold any more.
    pub(super) misses: Vec<usize>,
    /// Expected share of unrelated children who pass.
    expected: f64,
}

/// Room for the rounding of sums of at most 64 values below 10^3, many times over.
const SLACK: f64 = 1e-6;

/// A family whose plan lets more than this share of children through is scored without a screen.
const WORTH_SCREENING: f64 = 0.35;

impl Plan {
    /// The plan of a family for a threshold on log10 LR.
    ///
    /// `loci` are the family's informative loci with the number of their first row within a block of the index;
    /// `panel` is the number of all loci.
    /// Every regular child whose sum of table values reaches the threshold passes the plan.
    #[must_use]
    pub fn new(loci: &[(&ScreenedLocus, usize)], panel: usize, threshold: f64) -> Self {
        let threshold = threshold - SLACK;
        if loci.iter().map(|locus| locus.0.best).sum::<f64>() < threshold {
            return Self::Nothing;
        }
        let candidates = (0..TOLERANCES.len()).filter_map(|t| Candidate::new(loci, panel, t, threshold));
        match candidates.min_by(|a, b| a.expected.total_cmp(&b.expected)) {
            Some(best) if best.expected <= WORTH_SCREENING => Self::Screen(best.screen()),
            _ => Self::Scan,
        }
    }
}

/// One tolerance tried.
struct Candidate<'a> {
    /// The loci counted, those that exclude most first.
    counted: Vec<(&'a LocusScreen, usize)>,
    misses: Vec<usize>,
    expected: f64,
}

impl<'a> Candidate<'a> {
    fn new(loci: &[(&'a ScreenedLocus, usize)], panel: usize, tolerance: usize, threshold: f64) -> Option<Self> {
        let mut counted: Vec<(&LocusScreen, usize)> = Vec::with_capacity(loci.len());
        let mut bests = Vec::with_capacity(loci.len());
        for &(locus, first_row) in loci {
            match &locus.screens[tolerance] {
                Some(screen) => {
                    bests.push(screen.best_tolerated);
                    counted.push((screen, first_row));
                }
                None => bests.push(locus.best),
            }
        }
        let mut drops: Vec<f64> = counted.iter().map(|(s, _)| s.best_tolerated - s.best_other).collect();
        drops.sort_unstable_by(f64::total_cmp);
        // A child untyped at u loci adds nothing there: it lacks at least the u smallest bests. Loci at which no
        // relative is typed may be among the u, and have nothing to lose.
        bests.sort_unstable_by(f64::total_cmp);
        let idle = panel - loci.len();
        let mut best: f64 = bests.iter().sum();
        let mut misses = vec![misses_allowed(best, &drops, threshold)?; idle + 1];
        for lost in &bests {
            best -= lost;
            match misses_allowed(best, &drops, threshold) {
                Some(allowed) => misses.push(allowed),
                None => break,
            }
        }
        if misses[0] > Screen::MOST_MISSES || misses[0] >= counted.len() {
            return None;
        }
        let expected = at_most(misses[0], counted.iter().map(|locus| locus.0.excludes));
        counted.sort_by(|a, b| b.0.excludes.total_cmp(&a.0.excludes));
        Some(Self { counted, misses, expected })
    }

    fn screen(&self) -> Screen {
        let mut screen =
            Screen { rows: Vec::new(), sets: Vec::new(), misses: self.misses.clone(), expected: self.expected };
        for &(locus, first_row) in &self.counted {
            let mut add = |set| {
                let before = screen.rows.len();
                screen.rows.extend(positions(set).map(|allele| (first_row + allele) as u16));
                (screen.rows.len() - before) as u8
            };
            let first = add(locus.first);
            let second = if locus.second == locus.first { 0 } else { add(locus.second) };
            screen.sets.push((first, second));
        }
        screen
    }
}

impl Screen {
    /// The most misses that the kernel's counter of four bits can tell from one more.
    pub const MOST_MISSES: usize = 15;

    /// Expected share of unrelated, fully typed children who pass.
    #[must_use]
    pub fn expected_share(&self) -> f64 {
        self.expected
    }

    /// How many loci a child that is untyped at `untyped` others may miss; `None` if it cannot reach the threshold.
    #[must_use]
    pub fn misses_allowed(&self, untyped: usize) -> Option<usize> {
        self.misses.get(untyped).copied()
    }
}
