//! What each genotype of a child costs a family: the screen for families whose relatives exclude too little to count.
//!
//! At a locus, a child lacks `best - log10 LR` of the most that any child can have there. In units of which
//! [`LIMIT`] make all that a child may lack, and rounded down, what it lacks at all loci adds up to a number that is at
//! most [`LIMIT`] if the child reaches the threshold.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::classes::{CLASSES, Classes};
use super::locus::ScreenedLocus;

/// What a child may lack. Sums stop at 255.
pub(super) const LIMIT: u8 = 250;

/// The weights of a family's loci.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    pub(super) loci: Vec<LocusWeights>,
}

/// Those of one locus.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LocusWeights {
    /// Position in the panel.
    pub(super) locus: usize,
    pub(super) weights: Table,
}

/// A weight per class of genotypes: a cache line.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable)]
#[repr(C, align(64))]
pub(super) struct Table(pub(super) [u8; CLASSES]);

impl Weights {
    /// The weights for a threshold that some child reaches: `best` is the most that any can have. `loci` as in
    /// [`super::Plan::new`].
    pub(super) fn new(loci: &[Option<&ScreenedLocus>], classes: &Classes, best: f64, threshold: f64) -> Self {
        let unit = f64::max(best - threshold, 1e-3) / f64::from(LIMIT);
        let weigh =
            |(position, (locus, classes)): (usize, (&Option<&ScreenedLocus>, &super::classes::LocusClasses))| {
                let locus = (*locus)?;
                let mut weights = [u8::MAX; CLASSES];
                // The last value is that of an untyped child.
                for (&value, &class) in locus.table.values().iter().zip(&classes.of_code) {
                    // Rounds down; what is more than 255 becomes 255.
                    let lacking = ((locus.best - value) / unit) as u8;
                    let weight = &mut weights[usize::from(class)];
                    *weight = lacking.min(*weight);
                }
                Some(LocusWeights { locus: position, weights: Table(weights) })
            };
        Self { loci: loci.iter().zip(classes.loci()).enumerate().filter_map(weigh).collect() }
    }
}
