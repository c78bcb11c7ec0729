//! Keeps parts of the former keys of a store, so that identifiers are recognised under their former pseudonyms.
//!
//! After a change of the key nobody knows the identity numbers of those who were expunged before it, only keyed
//! commitments to their former pseudonyms. The sub-keys that make these pseudonyms are therefore kept, encrypted under
//! the present key: 32 random bytes, then 96 bytes for each key, encrypted with ChaCha20 under a key that is derived
//! from the present one and those random bytes, then a keyed BLAKE3 of all of it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use zeroize::Zeroizing;

use super::SecretKey;
use super::private::KeyError;
use super::sub_keys::{Kind, SubKey, SubKeys};
use crate::model::Pseudonym;

const SEAL_CONTEXT: &str = "reunite 2026 encryption of former keys v1";
const TAG_CONTEXT: &str = "reunite 2026 integrity of former keys v1";
const VEIL_CONTEXT: &str = "reunite 2026 veil of commitments v1";
const NONCE: usize = 32;
const TAG: usize = 32;
/// Size of a former key in bytes: the sub-keys of samples and families, and the sub-key that veils commitments.
const OF_KEY: usize = 3 * 32;

/// The kept parts of a store's former keys, the oldest first.
#[derive(Clone, Default)]
pub struct FormerKeys(Vec<FormerKey>);

#[derive(Clone)]
struct FormerKey {
    sample: SubKey,
    family: SubKey,
    veil: SubKey,
}

impl fmt::Debug for FormerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FormerKeys({})", self.0.len())
    }
}

impl FormerKeys {
    /// Decrypts the output of [`Self::seal`]; `None` if it was not written with this key, or was changed.
    #[must_use]
    pub fn open(sealed: &[u8], key: &SecretKey) -> Option<Self> {
        let (body, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG)?)?;
        let (nonce, body) = body.split_at_checked(NONCE)?;
        if tag_of(key, nonce, body) != *<&[u8; TAG]>::try_from(tag).ok()? || !body.len().is_multiple_of(OF_KEY) {
            return None;
        }
        let mut text = Zeroizing::new(body.to_vec());
        apply(key, nonce, &mut text);
        let part = |one: &[u8; OF_KEY], at: usize| -> SubKey {
            Box::new(Zeroizing::new(std::array::from_fn(|i| one[32 * at + i])))
        };
        let read = |one: &[u8; OF_KEY]| FormerKey { sample: part(one, 0), family: part(one, 1), veil: part(one, 2) };
        Some(Self(text.as_chunks().0.iter().map(read).collect()))
    }

    /// Encrypts the former keys under a key.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the operating system has no random bytes.
    pub fn seal(&self, key: &SecretKey) -> Result<Vec<u8>, KeyError> {
        let mut text = Zeroizing::new(Vec::with_capacity(OF_KEY * self.0.len()));
        for FormerKey { sample, family, veil } in &self.0 {
            [sample, family, veil].iter().for_each(|part| text.extend_from_slice(&part[..]));
        }
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(KeyError::Random)?;
        apply(key, &nonce, &mut text);
        Ok([&nonce[..], &text, tag_of(key, &nonce, &text).as_bytes()].concat())
    }

    /// Adds the key that was the present one until now.
    pub fn push(&mut self, key: &SecretKey) {
        let sub_key = |kind| SubKeys::new(kind, key).into_kind();
        self.0.push(FormerKey {
            sample: sub_key(Kind::Sample),
            family: sub_key(Kind::Family),
            veil: Box::new(veil_key(key)),
        });
    }
}

impl SecretKey {
    /// Returns the sub-key that veils the commitments to those who were expunged before this key.
    #[must_use]
    pub fn veil_key(&self) -> Zeroizing<[u8; 32]> {
        veil_key(self)
    }
}

fn veil_key(key: &SecretKey) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(blake3::derive_key(VEIL_CONTEXT, key.bytes()))
}

fn apply(key: &SecretKey, nonce: &[u8], text: &mut [u8]) {
    let material = Zeroizing::new([key.bytes(), nonce].concat());
    let derived = Zeroizing::new(blake3::derive_key(SEAL_CONTEXT, &material));
    ChaCha20::new((&*derived).into(), &[0; 12].into()).apply_keystream(text);
}

fn tag_of(key: &SecretKey, nonce: &[u8], body: &[u8]) -> blake3::Hash {
    let derived = Zeroizing::new(blake3::derive_key(TAG_CONTEXT, key.bytes()));
    blake3::Hasher::new_keyed(&derived).update(nonce).update(body).finalize()
}

/// Returns the present commitment for a former pseudonym, given the sub-keys of all later keys, the oldest first;
/// `None` if that pseudonym is not searched for.
pub type Recognise = Box<dyn Fn(Pseudonym, &[&[u8; 32]]) -> Option<[u8; 32]> + Send + Sync>;

/// Looks up identifiers by their pseudonyms under former keys.
pub(super) struct Recognition {
    keys: Vec<(SubKeys, SubKeys)>,
    /// The veils of all former keys but the first, and of the present key.
    veils: Vec<SubKey>,
    recognise: Recognise,
    found: Mutex<HashMap<Pseudonym, [u8; 32]>>,
}

impl Recognition {
    pub(super) fn new(former: &FormerKeys, present: &SecretKey, recognise: Recognise) -> Self {
        let keys =
            former.0.iter().map(|key| (SubKeys::of_kind(key.sample.clone()), SubKeys::of_kind(key.family.clone())));
        let veils = former.0.iter().skip(1).map(|key| key.veil.clone()).chain([Box::new(veil_key(present))]);
        Self { keys: keys.collect(), veils: veils.collect(), recognise, found: Mutex::default() }
    }

    /// Looks up an identifier that has this pseudonym now.
    pub(super) fn look(&self, kind: Kind, agency: &str, id: &str, present: Pseudonym) {
        for (at, (sample, family)) in self.keys.iter().enumerate() {
            let former = match kind {
                Kind::Sample => sample,
                Kind::Family => family,
            };
            let veils: Vec<&[u8; 32]> = self.veils[at..].iter().map(|veil| &***veil).collect();
            if let Some(found) = (self.recognise)(former.hash(agency, id), &veils) {
                self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(present, found);
            }
        }
    }

    pub(super) fn found(&self) -> HashMap<Pseudonym, [u8; 32]> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonym::Pseudonymizer;

    fn key(n: u8) -> SecretKey {
        SecretKey::from_bytes([n; 32])
    }

    #[test]
    fn former_keys_open_with_the_key_they_were_sealed_with_alone() {
        let mut former = FormerKeys::default();
        former.push(&key(1));
        former.push(&key(2));
        let sealed = former.seal(&key(3)).unwrap();
        assert_eq!(sealed.len(), NONCE + 2 * OF_KEY + TAG);
        let opened = FormerKeys::open(&sealed, &key(3)).unwrap();
        assert!(
            opened
                .0
                .iter()
                .zip(&former.0)
                .all(|(a, b)| (&a.sample, &a.family, &a.veil) == (&b.sample, &b.family, &b.veil))
        );
        assert!(FormerKeys::open(&sealed, &key(2)).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(FormerKeys::open(&changed, &key(3)).is_none(), "{at}");
            assert!(FormerKeys::open(&sealed[..at], &key(3)).is_none(), "{at}");
        }
    }

    #[test]
    fn identifiers_are_recognised_under_every_former_key_with_the_veils_of_the_later_ones() {
        let old = [1, 2].map(|n| Pseudonymizer::new(&key(n)));
        let mut former = FormerKeys::default();
        former.push(&key(1));
        former.push(&key(2));
        let wanted = [old[0].sample(Some("鲁"), "S").unwrap(), old[1].family(None, "F").unwrap()];
        let [second, third] = [2, 3].map(|n| *veil_key(&key(n)));
        let recognise = move |former: Pseudonym, veils: &[&[u8; 32]]| {
            let expected: [&[&[u8; 32]]; 2] = [&[&second, &third], &[&third]];
            let at = wanted.iter().position(|one| *one == former)?;
            assert_eq!(veils, expected[at]);
            Some([at as u8; 32])
        };
        let present = Pseudonymizer::new(&key(3)).recognising(&former, &key(3), Box::new(recognise));
        let names = [
            present.sample(Some("鲁"), " S ").unwrap(),
            present.family(None, "F").unwrap(),
            present.sample(None, "F").unwrap(),
            present.family(Some("鲁"), "S").unwrap(),
        ];
        let found = present.recognised();
        assert_eq!(found, HashMap::from([(names[0], [0; 32]), (names[1], [1; 32])]));
    }
}
