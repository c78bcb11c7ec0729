//! Decides in which state the review of a candidate by two people is, what a reviewer signs, and what is due; pure.
//!
//! A *case* is a pair of a family and a child under review, or a child alone whose parents are not found. Its history
//! is a chain of events: decisions, retests, further typings, steps, changes of its basis. Nobody edits or removes an event. The state
//! of a case is never stored: [`Standing`] computes it from the events.
//!
//! # What is signed
//!
//! A reviewer signs [`message`]: a text of this use alone, the store, the case, the number of the event, the digest of
//! the event before it, the time, the decision with its reason, the reviewer's staff code, and the basis: digests of the
//! profiles, of the relatives and of the model, the likelihood ratio and the run. A signature of another store, case or
//! place in the history is therefore invalid.
//!
//! The message names the case by a random tag, not by pseudonyms. When the key of the store changes, every pseudonym
//! changes, and none of the old ones may stay in a file of the store; the tag stays, and with it every signature.
//! [`Case::link`] ties the tag to the pseudonyms: a hash with a salt of its own, which the audit chain holds. A change
//! of the key makes new salts and new links, and records them. Digests of profiles are keyed with another salt of the
//! case, so that a digest that outlives its case, in the audit chain, says nothing about a profile.
//!
//! # What is true of the present
//!
//! A history cannot show whether another pair is confirmed, or whether the data are still those of the decisions. The
//! caller states that ([`Present`], and the values in [`Event::Step`]).
//!
//! # Two people
//!
//! Two reviewers with different staff codes and different keys must decide alike, on the same basis. Until both have
//! decided, nobody sees what the first one decided: see [`Standing::shown`].

mod basis;
mod case;
mod chain;
mod due;
mod event;
mod next;
mod reviewers;
mod standing;
#[cfg(test)]
mod tests;
mod words;

pub use basis::{Basis, Digest, model_digest, profile_digest, relatives_digest};
pub use case::Case;
pub use chain::{Flaw, StoredEvent, check, event_digest, first_link, message};
pub use due::{ChildClocks, DueDeadline};
pub use event::{Content, Decided, Event};
pub use next::{Present, next_action};
pub use reviewers::{Reviewer, Roll, StaffCode, StaffCodeError};
pub use standing::{Refusal, Standing, Taken, Viewer};
pub use words::{BasisPart, Conflict, Deadline, Decision, NextAction, ReasonCode, Role, Status, Step, StepDoubt};
