//! Computes the digests of files that the store keeps. They are keyed: with a plain digest of a file that holds one
//! number, anybody could find the number by trying all numbers.

use zeroize::Zeroizing;

use crate::ledger::Ledger;
use crate::pseudonym::SecretKey;

use crate::store::error::StoreError;

const KNOWN_CONTEXT: &str = "reunite 2026 digests of imported files v1";
const RECORDED_CONTEXT: &str = "reunite 2026 digests of files in the audit chain v1";

/// Turns the BLAKE3 digest of a file into the digests that the store keeps.
///
/// If the laboratory's key is given, nobody can compute them without it. Files that hold pseudonyms instead of
/// identifiers are read and written without the key: they hold nothing that the store does not hold.
pub(in crate::store) struct FileDigests {
    known: Zeroizing<[u8; 32]>,
    recorded: Zeroizing<[u8; 32]>,
}

impl FileDigests {
    /// Derives the digest keys from the laboratory's key, if it is given, and from the store's identity and the secret
    /// in the ledger.
    pub(in crate::store) fn new(ledger: &Ledger, key: Option<&SecretKey>) -> Result<Self, StoreError> {
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

    /// Returns the digest by which the ledger recognises a file that was imported before. Expunging deletes the digests
    /// of files that may have held the person; key rotation deletes all of them.
    pub(in crate::store) fn known(&self, plain: &[u8; 32]) -> [u8; 32] {
        *blake3::keyed_hash(&self.known, plain).as_bytes()
    }

    /// Returns the digest that the audit chain records. Nothing is ever removed from the chain, but expunging and key
    /// rotation renew the secret in the ledger; after that, nobody can relate the recorded digest to a file.
    pub(in crate::store) fn recorded(&self, plain: &[u8; 32]) -> [u8; 32] {
        *blake3::keyed_hash(&self.recorded, plain).as_bytes()
    }
}
