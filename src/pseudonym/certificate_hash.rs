//! Computes the keyed hashes of birth certificate numbers.

use zeroize::Zeroizing;

use super::SecretKey;

const CONTEXT: &str = "reunite 2026 number of a birth certificate v1";

/// Turns numbers of birth certificates into hashes under a sub-key of their own: a number and a sample identifier with
/// the same text have nothing in common.
///
/// There are so few numbers that whoever has the key can try all of them. The hashes are as secret as the key.
///
/// ```
/// use reunite::pseudonym::{CertificateHasher, SecretKey};
///
/// let hasher = CertificateHasher::new(&SecretKey::from_bytes([1; 32]));
/// assert_eq!(hasher.hash("Q370123456"), hasher.hash("Q370123456"));
/// assert_ne!(hasher.hash("Q370123456"), hasher.hash("Q370123457"));
/// ```
pub struct CertificateHasher(Box<Zeroizing<[u8; 32]>>);

impl CertificateHasher {
    /// Derives the sub-key from the key.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        Self(Box::new(Zeroizing::new(blake3::derive_key(CONTEXT, key.bytes()))))
    }

    /// Returns the hash of a number, which must be in its common form.
    #[must_use]
    pub fn hash(&self, number: &str) -> [u8; 16] {
        let digest = blake3::keyed_hash(&self.0, number.as_bytes());
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest.as_bytes()[..16]);
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonym::Pseudonymizer;

    #[test]
    fn numbers_have_a_sub_key_of_their_own() {
        let key = SecretKey::from_bytes([3; 32]);
        let (hasher, names) = (CertificateHasher::new(&key), Pseudonymizer::new(&key));
        let sub_key = blake3::derive_key(CONTEXT, &[3; 32]);
        assert_eq!(hasher.hash("Q370123456")[..], blake3::keyed_hash(&sub_key, b"Q370123456").as_bytes()[..16]);
        assert_ne!(hasher.hash("Q370123456"), *names.sample(None, "Q370123456").unwrap().as_bytes());
        assert_ne!(CertificateHasher::new(&SecretKey::from_bytes([4; 32])).hash("1"), hasher.hash("1"));
    }
}
