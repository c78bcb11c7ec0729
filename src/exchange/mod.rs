//! Packages in which agencies send each other profiles and hits: signed by the sender (Ed25519), sealed for one recipient
//! (age), numbered, and taken whole or not at all. Nothing here touches a store.
//!
//! | bytes of an opened package | content |
//! |---|---|
//! | 18 | `reunite-package-1` and a line feed |
//! | 4 | length of the manifest, little-endian |
//! | .. | the manifest, JSON: [`Manifest`] |
//! | 64 | the signature over a domain of its own and the manifest |
//! | .. | the content: lines of JSON, whose length and BLAKE3 digest the manifest states |
//!
//! Names of fields and codes are in one table, see [`Mapping`]: an official format can be added as one file.

mod fault;
mod hits;
mod key;
mod limits;
mod lines;
mod manifest;
mod mapping;
mod package;
mod records;

pub use fault::PackageFault;
pub use hits::{Hit, HitBody, HitLine, HitNumbers, Hits, HitsBasis, Side};
pub use key::{Card, CardError, ExchangeKey};
pub use limits::{MOST_CONTENT, MOST_NUMBER};
pub use manifest::{ContentKind, Manifest};
pub use mapping::{Field, Mapping};
pub use package::{Opened, Unchecked, open, seal};
pub use records::{Contents, Gone, SentFamily, SentPerson, SentTerms, digest_of_line};
