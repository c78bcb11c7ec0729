//! Recognises expunged samples and families in imported files, even after key rotations.

use crate::ledger::{CarriedOver, ExpungedBefore, Ledger, commit, veil};
use crate::pseudonym::{FormerKeys, Pseudonymizer, SecretKey};

use crate::store::error::StoreError;
use crate::store::folder::Store;

impl Store {
    /// Returns the pseudonymizer for the store's key, which also recognises what was expunged under an earlier key.
    pub(in crate::store) fn recognising_pseudonymizer(&self, ledger: &mut Ledger) -> Result<Pseudonymizer, StoreError> {
        let names = self.pseudonymizer(ledger)?;
        let ExpungedBefore { secret, commitments, former_keys } = ledger.expunged_before()?;
        let Some(sealed) = former_keys.filter(|_| !commitments.is_empty()) else { return Ok(names) };
        let key = self.key()?;
        let former = FormerKeys::open(&sealed, &key).ok_or(StoreError::FormerKeys)?;
        let recognise = move |former, veils: &[&[u8; 32]]| {
            let found = veils.iter().fold(commit(&secret, former), |commitment, key| veil(key, &commitment));
            commitments.contains(&found).then_some(found)
        };
        Ok(names.recognising(&former, &key, Box::new(recognise)))
    }
}

/// Returns what a key rotation keeps of the present key; `None` if that key is lost, or nothing was expunged.
pub(in crate::store) fn carried_over(
    ledger: &Ledger,
    present: Option<&SecretKey>,
    next: &SecretKey,
    expunged: u64,
) -> Result<Option<CarriedOver>, StoreError> {
    let Some(present) = present.filter(|_| expunged > 0) else { return Ok(None) };
    let mut former = match ledger.expunged_before()?.former_keys {
        Some(sealed) => FormerKeys::open(&sealed, present).ok_or(StoreError::FormerKeys)?,
        None => FormerKeys::default(),
    };
    former.push(present);
    let former_keys = former.seal(next)?;
    Ok(Some(CarriedOver { veil: next.veil_key(), former_keys }))
}
