//! Derives the names under which samples and families pass between agencies.

use zeroize::Zeroizing;

use super::SecretKey;
use super::sub_keys::SubKey;
use crate::model::Pseudonym;

const SENT: &str = "reunite 2026 name of a sample or family for another agency v1";
const RECEIVED: &str = "reunite 2026 pseudonym of a sample or family of another agency v1";
const REFERENCE: &str = "reunite 2026 reference of a pair for other agencies v1";

/// Number that a store has for an agency, random, by which names for different agencies have nothing in common.
pub type AgencySalt = [u8; 16];

/// Turns pseudonyms of this store into names for another agency, and the names that another agency sends into pseudonyms
/// of this store: the first 16 bytes of a BLAKE3 keyed hash of the salt of the agency and the name, under a sub-key of
/// the store's key for each purpose.
///
/// Two agencies that receive the same child cannot join their copies by name. They still can by genotypes, which are the
/// same.
///
/// ```
/// use reunite::pseudonym::{ExchangeNames, SecretKey};
///
/// let names = ExchangeNames::new(&SecretKey::from_bytes([1; 32]));
/// let child = "6522de743b12e5bdd77e72e54cc7dbce".parse()?;
/// assert_eq!(names.sent(&[1; 16], child), names.sent(&[1; 16], child));
/// assert_ne!(names.sent(&[1; 16], child), names.sent(&[2; 16], child));
/// assert_ne!(names.sent(&[1; 16], child), names.received(&[1; 16], child));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ExchangeNames {
    sent: SubKey,
    received: SubKey,
    reference: SubKey,
}

impl ExchangeNames {
    /// Derives the sub-keys from the key.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        let sub_key = |context| Box::new(Zeroizing::new(blake3::derive_key(context, key.bytes())));
        Self { sent: sub_key(SENT), received: sub_key(RECEIVED), reference: sub_key(REFERENCE) }
    }

    /// Returns the name for another agency of a sample or family.
    #[must_use]
    pub fn sent(&self, to: &AgencySalt, own: Pseudonym) -> Pseudonym {
        hashed(&self.sent, to, own.as_bytes())
    }

    /// Returns the pseudonym here of a sample or family that another agency sends.
    #[must_use]
    pub fn received(&self, from: &AgencySalt, theirs: Pseudonym) -> Pseudonym {
        hashed(&self.received, from, theirs.as_bytes())
    }

    /// Returns the reference of a pair, the same for both agencies, so that they can speak about it.
    #[must_use]
    pub fn reference(&self, family: Pseudonym, child: Pseudonym) -> Pseudonym {
        hashed(&self.reference, family.as_bytes(), child.as_bytes())
    }
}

fn hashed(key: &[u8; 32], first: &[u8; 16], second: &[u8; 16]) -> Pseudonym {
    let digest = blake3::keyed_hash(key, &[*first, *second].concat());
    let mut bytes = [0; Pseudonym::LEN];
    bytes.copy_from_slice(&digest.as_bytes()[..Pseudonym::LEN]);
    Pseudonym::from_bytes(bytes)
}
