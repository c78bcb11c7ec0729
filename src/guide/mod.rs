//! The guide: how to work with Reunite, page by page.
//!
//! 1. [Files and formats](files): what can be imported, and what comes back.
//! 2. [Models and numbers](numbers): what a likelihood ratio means, and every setting that enters.
//! 3. [Results](output): every field of JSON and CSV, exit statuses.
//! 4. [Privacy and custody](privacy): pseudonyms, keys, custodians, the audit chain, withdrawn consent, several accounts.
//! 5. [Review by two people](review): sign decisions, follow a pair to its end, what is due.
//! 6. [Birth certificates](certificates): registry extracts, claims, and what contradicts them.
//! 7. [Operating](operating): install, upgrade, back up, move, schedule, monitor.
//! 8. [Performance](performance): how fast, why, and how to measure.
//! 9. [Troubleshooting](troubleshooting): what to do about a message.
//!
//! A test runs every command that these pages show and compares what it says.
//!
#![doc = include_str!("way.svg")]

#[doc = include_str!("files.md")]
pub mod files {}

#[doc = include_str!("numbers.md")]
#[doc = ""]
#[doc = include_str!("explain.svg")]
pub mod numbers {}

#[doc = include_str!("output.md")]
pub mod output {}

#[doc = include_str!("privacy.md")]
pub mod privacy {}

#[doc = include_str!("review.md")]
pub mod review {}

#[doc = include_str!("certificates.md")]
pub mod certificates {}

#[doc = include_str!("operating.md")]
pub mod operating {}

#[doc = include_str!("performance.md")]
pub mod performance {}

#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}
