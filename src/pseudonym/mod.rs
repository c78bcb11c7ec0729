//! The secret key and the keyed hashes: the only place that sees an original identifier.
//!
//! Sample and case numbers have so little entropy that an unkeyed hash is reversed by listing them all. Without the
//! key a pseudonym says nothing; with it, the same identifier always gives the same pseudonym.

mod hash;
mod key;

pub use hash::{IdentifierError, Part, Pseudonymizer};
pub use key::{Fingerprint, KeyError, SecretKey};
