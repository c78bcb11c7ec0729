//! What is unusual in the profiles of a file, held against the frequency table. Pure: no I/O.
//!
//! Of each profile:
//!
//! - *Few loci*: fewer typed loci of the panel than asked for.
//! - *Homozygosity*: under Hardy-Weinberg proportions the typed loci are homozygous independently, each with probability
//!   h = theta + (1 - theta) (p1^2 + p2^2 + ...). The number of homozygous loci then has a Poisson-binomial
//!   distribution, computed exactly by adding one locus after the other (Hong 2013, *Computational Statistics & Data
//!   Analysis* 59:41-51, compares the ways). If as many or more have a probability below [`TAIL`], alleles may have
//!   dropped out. One sound profile in 10,000 or fewer looks so by chance, and more of persons whose parents are related.
//! - *Range*: an allele more than [`FAR`] beyond all alleles that the table lists. Other unlisted alleles are
//!   counted per locus.
//!
//! Of all profiles together:
//!
//! - *Untyped*: a locus that no profile has.
//! - *Frequencies*: with n alleles of persons unrelated to each other, n >= 2 [`ENOUGH`], observed counts O and expected
//!   counts E of the table, alleles with E below 5 taken together, G = 2 sum O ln(O/E) is near chi-square distributed
//!   (Wilks 1938, *Annals of Mathematical Statistics* 9:60-62). A locus does not fit if such a G has a probability below
//!   [`LEVEL`] divided by the number of loci, and the distance (G/df - 1)/(n - 1) is above [`APART`]. The second
//!   condition is there because no population has the table's frequencies exactly, and a large file would show it:
//!   under the Dirichlet model of Balding and Nichols (1994) the mean of G is near df (1 + (n - 1) F_ST), so the distance
//!   estimates an F_ST, and those among Han Chinese are some ten times smaller.
//! - *Shift*: counts that do not fit are tried with one or two repeats, or one to four bases short of a repeat, added to
//!   or taken from every allele, and under the frequencies of every other locus. The nearest that fits is named: a shifted
//!   ladder, or exchanged columns.

mod chi_square;
mod examine;
mod fit;
mod homozygosity;
#[cfg(test)]
mod tests;

pub use examine::{ENOUGH, FAR, Finding, Typed, examine};
pub use fit::{APART, Fits, LEVEL, Shift};
pub use homozygosity::TAIL;
