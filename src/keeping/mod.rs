//! Judges how long and for what a sample may be kept: legal basis, purposes, consent, and what is due; pure.
//!
//! A sample may have [`Terms`]. Without them nothing is known of its keeping, and nothing is enforced. The articles named
//! here are those of the Personal Information Protection Law of the People's Republic of China (PIPL). They say where to
//! look, and do not replace the judgement of a laboratory's lawyer.
//!
//! # Days
//!
//! A sample is kept up to and including its last day, and is due for deletion on the day after. It is due for review on
//! the day that is stated. A person reaches an age on the birthday; whoever was born on 29 February reaches it on 28
//! February of a year without that day. Of a birth of which only the month or the year is known, the first day that is
//! possible counts, because a consent that is asked for early does no harm.

mod consent;
mod due;
mod purpose;
mod terms;

pub use consent::{Born, Consent, ConsentKind, ConsentReference};
pub use due::{Action, AsOf, CONSENT_YEARS, Due, DueCode, due};
pub use purpose::{Purpose, Purposes};
pub use terms::{LegalBasis, Terms};
