//! Counts for those who supervise a laboratory, by region, agency and month, with small numbers hidden.
//!
//! A number below the least one that is shown could point at a person, so it is hidden; and where the other numbers and
//! the total would give it away, a larger one is hidden with it (see [`hidden`]). No measure is the sum of others in the
//! same row, so that only the totals of columns could give a number away.

mod hide;
mod measure;
mod tally;

pub use hide::hidden;
pub use measure::{Grouping, Interval, Measure};
pub use tally::{Counts, GroupCounts, Groups, Tally};

/// The least number that is shown, unless another one is asked for.
pub const LEAST_SHOWN: u64 = 10;
