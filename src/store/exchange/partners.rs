//! Keeps the agencies with which records are exchanged.

use std::path::Path;

use crate::audit::Entry;
use crate::exchange::{Card, ExchangeKey};
use crate::ledger::{Ledger, Partner};
use crate::pseudonym::KeySource;
use crate::report::{PartnerRow, PartnersReport};

use super::error::ExchangeError;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::output::write::{outside, read};

/// Most characters of a name.
const MOST_CHARACTERS: usize = 60;

/// The agency to add.
#[derive(Clone, Copy, Debug)]
pub struct NewPartner<'a> {
    /// The name that this laboratory has for it.
    pub name: &'a str,
    /// The file with its card.
    pub card: &'a Path,
    /// `true` to give another card to an agency of this name, and to admit it again if it is revoked.
    pub replace: bool,
    /// This laboratory's own key, if it is given, so that its own card is not added by mistake.
    pub own: Option<&'a ExchangeKey>,
}

impl Store {
    /// Reads this laboratory's exchange key, which must lie outside the store.
    ///
    /// # Errors
    /// [`StoreError::InsideStore`]; [`StoreError::Key`] if the file is missing, open to others or not an exchange key.
    pub fn exchange_key(&self, file: &Path) -> Result<ExchangeKey, StoreError> {
        let source = KeySource::File(file.to_owned());
        outside(&source.path(), self.dir(), "exchange key")?;
        Ok(ExchangeKey::load(&source)?)
    }

    /// Adds an agency, or gives it another card. Returns the fingerprint of the card, which the agency must confirm by
    /// another way.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let new = NewPartner { name: "nation", card: "nation.pub".as_ref(), replace: false, own: None };
    /// println!("compare by telephone: {}", store.add_partner(&new, &store::entry("exchange partner add", None))?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ExchangeError`] in [`StoreError::Exchange`]; [`StoreError::Io`], [`StoreError::Locked`]; errors of the ledger.
    pub fn add_partner(&self, new: &NewPartner<'_>, entry: &Entry) -> Result<String, StoreError> {
        let name = new.name.trim();
        let is_allowed = |c: char| c.is_alphanumeric() || " -_.".contains(c);
        if name.is_empty() || name.chars().count() > MOST_CHARACTERS || !name.chars().all(is_allowed) {
            return Err(ExchangeError::PartnerName.into());
        }
        let refused = |source| ExchangeError::Card { path: new.card.to_owned(), source };
        let text = String::from_utf8(read(new.card)?).map_err(|_| refused(crate::exchange::CardError::Form))?;
        let card: Card = text.parse().map_err(refused)?;
        if new.own.is_some_and(|own| *own.card() == card) {
            return Err(ExchangeError::OwnCard.into());
        }
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let (text, partners) = (card.to_string(), ledger.partners()?);
        if let Some(other) = partners.iter().find(|one| one.card == text && one.name != name) {
            return Err(ExchangeError::CardInUse(other.name.clone()).into());
        }
        let known = partners.into_iter().find(|one| one.name == name);
        let is_new = known.is_none();
        let partner = match known {
            Some(_) if !new.replace => return Err(ExchangeError::PartnerExists(name.to_owned()).into()),
            // The salt stays: the names that the agency has stay valid.
            Some(known) => Partner { card: text, is_revoked: false, ..known },
            None => Partner::new(name.to_owned(), text)?,
        };
        let fingerprint = card.fingerprint();
        let entry = entry.clone().with("agency", name).with("card", fingerprint.as_str());
        ledger.set_partner(&partner, is_new, &entry)?;
        Ok(fingerprint)
    }

    /// Revokes an agency: nothing is sent to it any more, and nothing taken from it. What it sent before stays.
    ///
    /// # Errors
    /// [`ExchangeError::NoPartner`] in [`StoreError::Exchange`]; [`StoreError::Locked`]; errors of the ledger.
    pub fn revoke_partner(&self, name: &str, entry: &Entry) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let partner = partner(&ledger, name)?;
        let entry = entry.clone().with("agency", partner.name.as_str());
        Ok(ledger.set_partner(&Partner { is_revoked: true, ..partner }, false, &entry)?)
    }

    /// Lists the agencies, with what passed between them and this store.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn list_partners(&self, entry: &Entry) -> Result<PartnersReport, StoreError> {
        let mut ledger = self.ledger()?;
        let received = ledger.received()?;
        let mut rows = Vec::new();
        for partner in ledger.partners()? {
            rows.push(PartnerRow {
                card: fingerprint(&partner),
                is_revoked: partner.is_revoked,
                packages_sent: partner.sent.records.number,
                hits_packages_sent: partner.sent.hits.number,
                packages_taken: partner.received.records.number,
                hits_packages_taken: partner.received.hits.number,
                records_sent: ledger.sent_to(partner.id)?.len() as u64,
                records_here: received.iter().filter(|one| one.0 == partner.id && one.1.own.is_some()).count() as u64,
                agency: partner.name,
            });
        }
        ledger.append_look(&entry.clone().with("agencies", rows.len()))?;
        Ok(PartnersReport::new(rows))
    }
}

/// Returns an agency by its name.
pub(super) fn partner(ledger: &Ledger, name: &str) -> Result<Partner, StoreError> {
    let found = ledger.partners()?.into_iter().find(|one| one.name == name.trim());
    found.ok_or_else(|| ExchangeError::NoPartner.into())
}

/// Returns an agency by its name, and its card, if it is not revoked.
pub(super) fn partner_to_send_to(ledger: &Ledger, name: &str) -> Result<(Partner, Card), StoreError> {
    let partner = partner(ledger, name)?;
    if partner.is_revoked {
        return Err(ExchangeError::Revoked(partner.name).into());
    }
    let card = card(&partner)?;
    Ok((partner, card))
}

/// Reads the card of an agency.
pub(super) fn card(partner: &Partner) -> Result<Card, StoreError> {
    let damaged = |_| crate::ledger::LedgerError::Damaged {
        of: format!("the agency {}", partner.name),
        what: "its card is invalid",
    };
    Ok(partner.card.parse().map_err(damaged)?)
}

fn fingerprint(partner: &Partner) -> String {
    partner.card.parse().map_or_else(|_| String::new(), |card: Card| card.fingerprint())
}
