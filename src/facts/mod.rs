//! Describes found and missing children as people do, compares the descriptions, and weighs sex and age; pure.
//!
//! Facts never exclude a genetic candidate, and never change its likelihood ratio. [`compare`] says of each fact whether
//! it agrees, conflicts or is unknown. Only on request, [`weigh`] turns sex and age into likelihood ratios of their own,
//! which are stated apart from that of the DNA and enter the prior.
//!
//! # The likelihood ratio of the recorded sex
//!
//! H1: the found child is the missing one. The record of the found child then has the sex that the family states with
//! probability 1 - e, and the other one with probability e, the rate of wrong records. H2: they are two children. The
//! record has a sex with its share p among found children.
//!
//! ```text
//! LR = (1 - e) / p   if the sexes agree        LR = e / p   if they conflict
//! ```
//!
//! # The likelihood ratio of the age
//!
//! All ages are counted in days, over a stated range of n days, 0 to 18 years. The apparent age of the found child covers
//! w of them. H1: the age of the child on the day of finding is in this window with probability 1 - e, evenly spread, and
//! else evenly spread over the other n - w days. H2: the age of the missing child on that day is spread evenly over the
//! range. The family states a window of birth days, which on the day of finding are k ages of the range; o of them are in
//! the apparent window. P(window | H) is the sum over its days:
//!
//! ```text
//! P(window | H1) = (1 - e) o / w + e (k - o) / (n - w)        P(window | H2) = k / n
//! LR = n / k x P(window | H1)
//! ```
//!
//! Both hypotheses spread a probability of exactly 1 over the outcomes, so the mean of LR under H2 is exactly 1, which the
//! tests show by adding up all outcomes. A window that covers the whole range says nothing: LR 1. Birth days outside the
//! range are left out; if none is inside, the age has no factor.
//!
//! # Where this is from, and what it leaves out
//!
//! Marsico et al. 2023 (Forensic Sci Int Genet 66:102891) and their program mispitools (`lr_sex`, `lr_age`) define both
//! likelihood ratios with a rate of errors, shares of the population and evenly spread ages. mispitools spreads ages over
//! 80 years and puts the window around the age of the missing person; here the range is that of children, the window is
//! that of the found child, and the days of birth that the family allows are integrated over. Sex and age are taken as
//! independent of each other and of the DNA. The found child's recorded sex must not have been taken from the DNA of a
//! relative. Marks, places, dialect and native place have no factor: there are no data on how often they agree by chance.

mod coded;
mod compare;
mod described;
mod mark;
mod reason;
mod weigh;

pub use coded::{Coded, Custody, Dialect, FoundBy};
pub use compare::{Comparison, Fact, Stated, Verdict, compare};
pub use described::{AgeRange, Days, Facts, FoundFacts, MissingFacts, PlaceOn, Subject, births_of_ages};
pub use mark::{BodyPart, Mark, MarkKind, Side, read_marks};
pub use reason::Reason;
pub use weigh::{BadRate, Factor, Rate, Weighed, Weights, age_factor, sex_factor, weigh};
