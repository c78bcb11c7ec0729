//! The one source of truth: samples, families, runs and candidates in one SQLite file.
//!
//! It holds pseudonyms and genotypes, so the file is private (mode 0600) and what is deleted is overwritten.
//! Everything that changes something does so in one transaction: after a crash the ledger is as it was before or as
//! it was to be.

mod audit;
mod batch;
mod candidates;
mod changes;
mod checksum;
mod codec;
mod crypt;
mod error;
mod export;
mod expunge;
mod import;
mod known;
mod many;
mod marks;
mod open;
mod pedigrees;
mod read;
mod rekey;
mod relatives;
mod runs;
mod samples;
mod schema;
mod sealed;
#[cfg(test)]
mod tests;
mod verify;
mod whole;
mod write;

pub use batch::{Batch, Conflict, ConflictKind, ImportReport, OnConflict};
pub use candidates::{CandidateFilter, CurrentCandidate};
pub use changes::Past;
pub use crypt::{ENCRYPTS, LedgerKey};
pub use error::{LedgerError, Trouble};
pub use export::Chosen;
pub use expunge::{Expunged, Replacement, Scope};
pub use open::{Generation, Ledger};
pub use read::Counts;
pub use rekey::{Rekeyed, Renamed};
pub use runs::{RunDelta, RunRecord, Standing};
pub use samples::{Sample, Samples};
pub use sealed::{SealedFile, Sealer};
