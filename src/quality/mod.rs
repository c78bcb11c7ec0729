//! Finds unusual values in the profiles of a file, by comparison with the frequency table. This module does no input or
//! output.
//!
//! It checks each profile:
//!
//! - *Few loci*: fewer typed loci of the panel than requested.
//! - *Homozygosity*: under Hardy-Weinberg proportions, each typed locus is homozygous independently, with probability h
//!   = theta + (1 - theta) (p1^2 + p2^2 + ...). The number of homozygous loci then has a Poisson-binomial distribution,
//!   which is computed exactly by adding one locus after the other (Hong 2013, *Computational Statistics & Data
//!   Analysis* 59:41-51, compares the methods). If the observed number or a larger one has a probability below
//!   [`TAIL`], alleles may have dropped out. By chance, this happens in at most one of 10,000 sound profiles; it
//!   happens more often if a person's parents are related.
//! - *Range*: an allele more than [`FAR`] beyond all alleles that the table lists. Other unlisted alleles are counted
//!   per locus.
//!
//! It checks all profiles together:
//!
//! - *Untyped*: a locus that no profile has.
//! - *Frequencies*: the input is n alleles of persons unrelated to each other, n >= 2 [`ENOUGH`], with observed counts
//!   O, and expected counts E from the table. Alleles with E below 5 are merged. G = 2 sum O ln(O/E) is then
//!   approximately chi-square distributed (Wilks 1938, *Annals of Mathematical Statistics* 9:60-62). A locus does not
//!   fit if two conditions hold: a G of this size or more has a probability below [`LEVEL`] divided by the number of
//!   loci of the panel, and the distance (G/df - 1)/(n - 1) is above [`APART`]. The second condition is necessary
//!   because no population has exactly the table's frequencies, and a large file would show the difference. Under the
//!   Dirichlet model of Balding and Nichols (1994), the mean of G is approximately df (1 + (n - 1) F_ST), so the
//!   distance estimates an F_ST; values among Han Chinese are about ten times smaller than the limit.
//! - *Shift*: if counts do not fit, the check adds one or two repeats, or fewer bases than one repeat, to every allele
//!   or subtracts them, and it tries the frequencies of every other locus. It reports the nearest that fits: a shifted
//!   ladder, or swapped columns.

mod chi_square;
mod examine;
mod fit;
mod homozygosity;
#[cfg(test)]
mod tests;

pub use examine::{ENOUGH, FAR, Finding, Typed, examine};
pub use fit::{APART, Fits, LEVEL, Shift};
pub use homozygosity::TAIL;
