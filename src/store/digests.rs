//! Digests of files as the store keeps them: keyed, since a plain digest of a file that holds one number gives the number to
//! whoever tries them all.

use zeroize::Zeroizing;

use crate::ledger::Ledger;
use crate::pseudonym::SecretKey;

use super::error::StoreError;

const KNOWN_CONTEXT: &str = "reunite 2026 digests of imported files v1";
const RECORDED_CONTEXT: &str = "reunite 2026 digests of files in the audit chain v1";

/// Turns the BLAKE3 digest of a file into what the store keeps of it.
///
/// With the laboratory's key, nobody can do that without it. Files with pseudonyms in place of identifiers, which are read and
/// written without the key, hold nothing else than the store does.
pub(super) struct FileDigests {
    known: Zeroizing<[u8; 32]>,
    recorded: Zeroizing<[u8; 32]>,
}

impl FileDigests {
    /// Derives the keys from the laboratory's key, if it is given, and from what the ledger has.
    pub(super) fn new(ledger: &Ledger, key: Option<&SecretKey>) -> Result<Self, StoreError> {
        let key = key.map_or_else(Zeroizing::default, SecretKey::digest_key);
        let derived = |context, of_ledger: &[u8]| {
            let mut material = Zeroizing::new([0; 64]);
            material[..32].copy_from_slice(&key[..]);
            material[32..32 + of_ledger.len()].copy_from_slice(of_ledger);
            Zeroizing::new(blake3::derive_key(context, &material[..]))
        };
        Ok(Self {
            known: derived(KNOWN_CONTEXT, &ledger.store_id()?),
            recorded: derived(RECORDED_CONTEXT, &ledger.digest_secret()?),
        })
    }

    /// By which the ledger recognises a file that was imported before. Expunging takes out those of files that may have held
    /// the person, a change of the key all.
    pub(super) fn known(&self, plain: &[u8; 32]) -> [u8; 32] {
        *blake3::keyed_hash(&self.known, plain).as_bytes()
    }

    /// What the audit chain, from which nothing is removed, says of a file. Expunging and changes of the key renew the
    /// ledger's secret: then it says nothing any more.
    pub(super) fn recorded(&self, plain: &[u8; 32]) -> [u8; 32] {
        *blake3::keyed_hash(&self.recorded, plain).as_bytes()
    }
}
