//! Gives samples and families of other agencies their pseudonyms here.

use std::collections::HashMap;

use crate::ledger::{Exchanged, Ledger, Renamed};
use crate::model::Pseudonym;
use crate::pseudonym::{ExchangeNames, SecretKey};
use crate::store::error::StoreError;

/// Adds the pseudonyms under the next key of what other agencies sent: the vault has no identifiers of it.
pub(in crate::store) fn rename_received(
    ledger: &Ledger,
    next: &SecretKey,
    renamed: &mut Renamed,
) -> Result<(), StoreError> {
    let salts: HashMap<i64, [u8; 16]> = ledger.partners()?.into_iter().map(|one| (one.id, one.salt)).collect();
    let names = ExchangeNames::new(next);
    for (from, record) in ledger.received()? {
        let Some(own) = record.own else { continue };
        let new: Pseudonym = names.received(&salts.get(&from).copied().unwrap_or_default(), record.theirs);
        match record.kind {
            Exchanged::Family => renamed.families.insert(own, new),
            Exchanged::Child | Exchanged::Relative => renamed.samples.insert(own, new),
        };
    }
    Ok(())
}
