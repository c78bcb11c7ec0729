//! Stores samples, families, runs and candidates in one SQLite file, the only authoritative source of these data.
//!
//! The file holds pseudonyms and genotypes, so it is private (mode 0600), and SQLite overwrites deleted data. Every
//! change is one transaction together with its record in the audit chain: after a crash the ledger is in the state
//! before the change or in the state after it.

mod audit;
mod batch;
mod candidate_slice;
mod candidates;
mod certificate_keeping;
mod certificates;
mod changes;
mod checksum;
mod cipher;
mod codec;
mod column;
mod column_maps;
mod custody;
mod described;
mod digests;
mod encrypt;
mod entered;
mod error;
mod exchange;
mod exchange_keeping;
mod exchange_taking;
mod export;
mod expunge;
mod expunged;
mod facts;
mod families;
mod family_marks;
mod generation;
mod import;
mod integrity;
mod keeping;
mod keys;
mod known;
#[expect(clippy::module_inception, reason = "the room's type has the room's name")]
mod ledger;
mod letters;
mod list_imported;
mod lost;
mod meta;
mod migrate;
mod multi_allele;
mod open;
mod pedigrees;
mod rekey;
mod renumber;
mod review_keeping;
mod review_records;
mod reviews;
mod runs;
mod samples;
mod schema;
mod seal;
mod searched;
mod snapshot;
mod standing;
#[cfg(test)]
mod tests;
mod traces;
mod typings;
mod verify;
mod views;

pub use batch::{
    AddedTyping, Batch, Commitment, Comparison, Conflict, ConflictKind, DifferingLocus, ImportReport, OnConflict,
    Returning,
};
pub use candidate_slice::{SliceFilter, SliceOrder, SlicePlace};
pub use candidates::{CandidateFilter, CurrentCandidate};
pub use certificates::{CertificateCounts, Claims};
pub use cipher::{ENCRYPTS, LedgerKey};
pub use custody::{Replacement, SealedFile, Sealer};
pub use entered::Entered;
pub use error::{LedgerError, Trouble};
pub use exchange::{
    Exchanged, LastPackage, LastPackages, PackageKind, Partner, ReceivedHit, ReceivedRecord, Sending, SentRecord,
    ToldHit,
};
pub use exchange_taking::{Taken, TakingRecords};
pub use export::Chosen;
pub use expunge::{Expunged, Scope};
pub use expunged::{CarriedOver, ExpungedBefore, commit, veil};
pub use facts::{FactsImported, NewFacts, RecordedFacts, Resealed, SealedText};
pub use families::Counts;
pub use generation::{Generation, Past};
pub use keeping::{KeptSample, TermsImported};
pub use ledger::Ledger;
pub use letters::{Letter, LetterShifts};
pub use list_imported::ListImported;
pub use lost::{LossCause, LostCandidate};
pub use rekey::{Rekeyed, Renamed};
pub(crate) use review_records::ReviewMemory;
// The histories hold decisions that nobody may see yet; `Store` hides them.
pub(crate) use reviews::{NewReviewEvent, ReviewCase, Reviews};
pub use runs::{RunDelta, RunRecord};
pub use samples::{Sample, Samples};
pub use snapshot::Snapshot;
pub use standing::Standing;
