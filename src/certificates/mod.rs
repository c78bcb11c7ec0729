//! Checks birth certificates that children claim: against a registry, against each other, and by DNA; pure.
//!
//! A *certificate* is a row of a registry extract, a *claim* says that a child presents a certificate. Neither holds a
//! number: a number is here only while a file is read ([`Number`]), and becomes keyed hashes ([`NumberHash`]).
//!
//! # Consecutive numbers without numbers
//!
//! The hash of a number says nothing about the hash of the next one. While the number is known, the import therefore
//! computes also the hashes of the [`Number::WINDOW`] numbers that follow it. A claim keeps them: another claim whose
//! own hash is among them has a number that follows closely. Whoever reads the ledger without the key learns which of
//! the claims follow which, which is what the check reports anyway, and no number. A registry keeps no hashes of
//! neighbours.
//!
//! # A genuine certificate that was sold
//!
//! It is in the registry, and everything on it agrees. Only DNA tells: [`dna_code`] judges the likelihood ratio of
//! "the certificate's parents are the child's parents" against "they are unrelated".

mod answer;
mod check;
mod facts;
mod number;

pub use answer::{Answer, Code, Severity, dna_code};
pub use check::{Case, Coverage, check};
pub use facts::{Certificate, Claim, ClaimedNumber};
pub use number::{Issue, Number, NumberHash, folded};
