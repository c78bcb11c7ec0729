//! Computes the keyed hashes of references of consents.

use zeroize::Zeroizing;

use super::SecretKey;
use super::sub_keys::SubKey;

const CONTEXT: &str = "reunite 2026 reference of a consent v1";

/// Turns references of consents, such as the numbers of their forms, into hashes under a secret of their own.
///
/// The secret is a sub-key of the key combined with a mask that the ledger holds. Neither of the two gives it alone. When
/// the key is changed, another mask combines with the new key to the same secret: the hashes stay, because nothing else
/// holds the references.
///
/// ```
/// use reunite::pseudonym::{ConsentHasher, SecretKey};
///
/// let (old, new) = (SecretKey::from_bytes([1; 32]), SecretKey::from_bytes([2; 32]));
/// let hasher = ConsentHasher::new(&old, &[7; 32]);
/// let mask = hasher.mask_under(&new);
/// assert_eq!(ConsentHasher::new(&new, &mask).hash("2024-0012"), hasher.hash("2024-0012"));
/// ```
pub struct ConsentHasher(SubKey);

impl ConsentHasher {
    /// Combines the key and the mask of a ledger.
    #[must_use]
    pub fn new(key: &SecretKey, mask: &[u8; 32]) -> Self {
        Self(combined(key, mask))
    }

    /// Returns the hash of a reference, which must be in its common form.
    #[must_use]
    pub fn hash(&self, reference: &str) -> [u8; 16] {
        let digest = blake3::keyed_hash(&self.0, reference.as_bytes());
        std::array::from_fn(|i| digest.as_bytes()[i])
    }

    /// Returns the mask that combines with another key to the same secret.
    #[must_use]
    pub fn mask_under(&self, next: &SecretKey) -> [u8; 32] {
        **combined(next, &self.0)
    }
}

/// Combines a sub-key of the key with a mask, or with a secret, which gives its mask.
fn combined(key: &SecretKey, other: &[u8; 32]) -> SubKey {
    let sub_key = Zeroizing::new(blake3::derive_key(CONTEXT, key.bytes()));
    Box::new(Zeroizing::new(std::array::from_fn(|i| sub_key[i] ^ other[i])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_depend_on_the_key_and_the_mask() {
        let (one, other) = (SecretKey::from_bytes([3; 32]), SecretKey::from_bytes([4; 32]));
        let hash = |key, mask| ConsentHasher::new(key, &mask).hash("A-1");
        assert_eq!(hash(&one, [0; 32]), hash(&one, [0; 32]));
        assert_ne!(hash(&one, [0; 32]), hash(&one, [1; 32]));
        assert_ne!(hash(&one, [0; 32]), hash(&other, [0; 32]));
    }

    #[test]
    fn a_change_of_the_key_keeps_the_hashes() {
        let keys = [1, 2, 3].map(|byte| SecretKey::from_bytes([byte; 32]));
        let first = ConsentHasher::new(&keys[0], &[9; 32]);
        let second = ConsentHasher::new(&keys[1], &first.mask_under(&keys[1]));
        let third = ConsentHasher::new(&keys[2], &second.mask_under(&keys[2]));
        assert_eq!(third.hash("A-1"), first.hash("A-1"));
        assert_ne!(first.mask_under(&keys[1]), [9; 32]);
    }
}
