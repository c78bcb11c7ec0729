//! Counts for those who supervise a laboratory, by region, agency and month, with small numbers hidden.
//!
//! A number below the least one that is shown could point at a person, so it is hidden; and so that the other numbers and
//! the total do not give it away, larger ones are hidden with it (see [`hidden`]). Agencies are counted within their
//! regions: a shown region is the total of its agencies, and the agencies of a hidden region are hidden. A part of the
//! families is also hidden where the rest is small. No measure is the sum of others in the same row.

mod hide;
mod measure;
mod tally;

pub use hide::hidden;
pub use measure::{Grouping, Interval, Measure};
pub use tally::{Counts, GroupCounts, Groups, Tally};

/// The least number that is shown, unless another one is asked for.
pub const LEAST_SHOWN: u64 = 10;
