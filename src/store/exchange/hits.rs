//! Lists the hits that other agencies told this store about.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::audit::Entry;
use crate::exchange::HitBody;
use crate::ledger::LedgerError;
use crate::report::{ReceivedHitRow, ReceivedHitsReport};

use crate::store::error::StoreError;
use crate::store::folder::Store;

impl Store {
    /// Lists the hits that agencies told this store about, best first; only those of one agency, if it is named.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn list_hits(&self, agency: Option<&str>, entry: &Entry) -> Result<ReceivedHitsReport, StoreError> {
        let mut ledger = self.ledger()?;
        if let Some(agency) = agency {
            super::partners::partner(&ledger, agency)?;
        }
        let agencies: HashMap<i64, String> = ledger.partners()?.into_iter().map(|one| (one.id, one.name)).collect();
        let damaged =
            |_| LedgerError::Damaged { of: "a hit of another agency".to_owned(), what: "its numbers are invalid" };
        let mut rows = Vec::new();
        for hit in ledger.received_hits()? {
            let name = agencies.get(&hit.partner).cloned().unwrap_or_default();
            if agency.is_some_and(|agency| agency.trim() != name) {
                continue;
            }
            let body: HitBody = serde_json::from_str(&hit.body).map_err(damaged)?;
            let at = Timestamp::from_second(hit.received_at).unwrap_or(Timestamp::UNIX_EPOCH);
            rows.push(ReceivedHitRow {
                agency: name,
                reference: hit.reference,
                family: hit.family,
                child: hit.child,
                other: hit.other,
                body,
                received_on: at.strftime("%Y-%m-%d").to_string(),
            });
        }
        rows.sort_by(|a, b| {
            b.body.numbers.log10_lr.total_cmp(&a.body.numbers.log10_lr).then(a.reference.cmp(&b.reference))
        });
        let about = rows.iter().flat_map(|row| [row.family, row.child]).flatten();
        ledger.append_look(&entry.clone().with("hits", rows.len()).about(about))?;
        Ok(ReceivedHitsReport::new(rows))
    }
}
