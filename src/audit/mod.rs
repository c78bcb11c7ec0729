//! Records who did what, when and why, in a chain of records, and signs checkpoints of the chain.
//!
//! Each record's hash covers all its fields and the hash of the previous record, so nobody can edit, remove or move a
//! record without changing every later hash. An account that can write the ledger could still compute all hashes again,
//! or cut off the chain's end. Checkpoints detect this: a checkpoint holds the number of records and the last hash, is
//! signed (Ed25519), and is kept at another place, like the signing key.
//!
//! Records never name a sample or family. They refer to them by commitments, which are hashes: with a pseudonym, an
//! analyst can find the records about it, but nobody can derive the pseudonym from a record. Commitments remain when a
//! profile is expunged.

mod checkpoint;
mod record;
mod reviewer_key;
mod signing;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use record::{Attribution, Break, Chain, Entry, Record, Subject, Subjects};
#[cfg(feature = "serve")]
pub(crate) use reviewer_key::Decoy;
pub use reviewer_key::{ReviewerKey, ReviewerKeyError, ReviewerPublicKey};
pub use signing::{PublicKey, SigningKey};
