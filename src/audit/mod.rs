//! Who did what, when and why: a chain of records, and signed checkpoints of it.
//!
//! Each record's hash covers all its fields and the hash of the record before, so that no record can be edited, removed
//! or moved without every later hash changing. Whoever can write the ledger could still compute all of them anew, or cut
//! off the chain's end: against that, a checkpoint holds the number of records and the last hash, signed (Ed25519), and is
//! kept at another place, as is the signing key.
//!
//! Records never name a sample or family. What a record is about is there as commitments: a hash by which whoever has a
//! pseudonym finds the records about it, and nobody else learns it. They remain when a profile is expunged.

mod checkpoint;
mod record;
mod signing;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use record::{Attribution, Break, Chain, Entry, Record, Subject, Subjects};
pub use signing::{PublicKey, SigningKey};
