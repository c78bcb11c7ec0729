//! Defines a case: the random values that stand for a pair, or a child, in signatures and digests.

use std::fmt;

use crate::model::Pseudonym;

const LINK_CONTEXT: &str = "reunite 2026 review link v1";

/// The random values of a case.
#[derive(Clone, PartialEq, Eq)]
pub struct Case {
    /// Stands for the case in signatures and in the audit chain.
    pub tag: [u8; 16],
    /// Keys the digests of the case. It is deleted with the case when that is expunged.
    pub salt: [u8; 32],
    /// Keys [`Self::link`]. A change of the key of the store replaces it.
    pub link_salt: [u8; 32],
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Case(..)")
    }
}

impl Case {
    /// Returns a new case.
    ///
    /// # Errors
    /// The operating system returned no random numbers.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut case = Self { tag: [0; 16], salt: [0; 32], link_salt: [0; 32] };
        for bytes in [&mut case.tag[..], &mut case.salt, &mut case.link_salt] {
            getrandom::fill(bytes)?;
        }
        Ok(case)
    }

    /// Returns the hash that ties the case to its family and child in a store.
    #[must_use]
    pub fn link(&self, store_id: &[u8; 16], family: Option<Pseudonym>, child: Pseudonym) -> [u8; 32] {
        let mut hash = blake3::Hasher::new_derive_key(LINK_CONTEXT);
        hash.update(&self.link_salt).update(store_id).update(&self.tag).update(child.as_bytes());
        if let Some(family) = family {
            hash.update(family.as_bytes());
        }
        *hash.finalize().as_bytes()
    }
}
