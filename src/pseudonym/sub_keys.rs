//! Derives sub-keys from the secret key: one for each kind of identifier and agency.

use zeroize::{Zeroize, Zeroizing};

use super::SecretKey;
use crate::model::Pseudonym;

/// The most bytes of an identifier or agency.
pub(super) const MOST_BYTES: usize = 256;

/// Kind of an identifier; each kind has its own sub-key, so a sample and a family with the same identifier have
/// different pseudonyms.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Sample,
    Family,
}

impl Kind {
    pub(super) fn context(self) -> &'static str {
        match self {
            Self::Sample => "reunite 2026 pseudonym of a sample v2",
            Self::Family => "reunite 2026 pseudonym of a family v2",
        }
    }
}

pub(super) const AGENCY_CONTEXT: &str = "reunite 2026 pseudonyms of an agency v2";

/// 32 secret bytes that stay in one place until they are wiped.
pub(super) type SubKey = Box<Zeroizing<[u8; 32]>>;

/// The sub-keys of a kind.
pub(super) struct SubKeys {
    kind: SubKey,
    /// The sub-key of identifiers without an agency.
    plain: SubKey,
}

impl SubKeys {
    pub(super) fn new(kind: Kind, key: &SecretKey) -> Self {
        Self::of_kind(Box::new(Zeroizing::new(blake3::derive_key(kind.context(), key.bytes()))))
    }

    pub(super) fn of_kind(kind: SubKey) -> Self {
        let plain = Box::new(Zeroizing::new(of_agency(&kind, "")));
        Self { kind, plain }
    }

    pub(super) fn into_kind(self) -> SubKey {
        self.kind
    }

    pub(super) fn hash(&self, agency: &str, id: &str) -> Pseudonym {
        let digest = if agency.is_empty() {
            blake3::keyed_hash(&self.plain, id.as_bytes())
        } else {
            blake3::keyed_hash(&Zeroizing::new(of_agency(&self.kind, agency)), id.as_bytes())
        };
        let mut bytes = [0; Pseudonym::LEN];
        bytes.copy_from_slice(&digest.as_bytes()[..Pseudonym::LEN]);
        Pseudonym::from_bytes(bytes)
    }
}

/// Returns the sub-key of an agency under the sub-key of a kind.
fn of_agency(kind: &[u8; 32], agency: &str) -> [u8; 32] {
    // The key's length is fixed, so no other key and agency have the same material.
    let mut material = [0; 32 + MOST_BYTES];
    let length = 32 + agency.len();
    material[..32].copy_from_slice(kind);
    material[32..length].copy_from_slice(agency.as_bytes());
    let key = blake3::derive_key(AGENCY_CONTEXT, &material[..length]);
    material[..length].zeroize();
    key
}
