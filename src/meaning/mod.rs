//! States what a candidate's likelihood ratio means: how often it arises by chance, how probable the relation is under a
//! stated prior, which other explanations rival it, and what class follows.
//!
//! A likelihood ratio compares two hypotheses about one pair. A decision needs more: the size of the database, the other
//! candidates of the family and of the child, and the close kin of the missing child, whose profiles resemble its own.
//! This module computes all of that for pairs that are candidates already; screening does not depend on it.

mod assign;
mod class;
mod margin;
mod missed;
mod pair;
mod prior;
mod weigh;
mod weighed;

pub use assign::{Assigned, Assignment, MOST_STATES, Place, assign};
pub use class::Rules;
pub use margin::{Margin, RivalRatio};
pub use missed::{Missed, Truths};
pub use pair::pair_log10_lr;
pub use prior::{BadPrior, Prior};
pub use weigh::{FamilyToWeigh, OtherModel, PairToWeigh, Settling, Weigher};
pub use weighed::{Class, Lack, Meaning};
