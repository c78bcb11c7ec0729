//! Writes the further typings of a batch, and replaces typings of samples that were replaced.

use rusqlite::Transaction;

use super::plan::{Action, Plan};
use super::stored::Encoder;
use crate::ledger::typings::{Origin, StoredTyping, TypingsOfSamples};
use crate::ledger::{Batch, LedgerError};
use crate::model::{SampleRecord, Sex};

/// Writes typings, after the samples. A replaced record replaces the typing with its agency, kit and day. If the sample
/// has several typings and none of them has these, the record replaces all of them.
pub(super) fn write(
    tx: &Transaction<'_>,
    batch: &Batch,
    encoder: &Encoder,
    plan: &Plan,
    import: i64,
) -> Result<(), LedgerError> {
    let mut of_samples = TypingsOfSamples::new(tx)?;
    let any: bool = tx.query_row("SELECT EXISTS (SELECT 1 FROM typing)", [], |row| row.get(0))?;
    for same in plan.order.chunk_by(|a, b| a.0 == b.0) {
        let (sample, _, i) = same[0];
        let row = &batch.rows[i];
        let given =
            || StoredTyping { import, shown: encoder.shown(row), drop_out: row.drop_out, origin: Origin::of(row) };
        match plan.samples[i] {
            Action::Add { id, .. } if !plan.aside[i] => {
                let stored = of_samples.read(id, sample)?;
                let mut typings = stored.all_typings().to_vec();
                typings.push(given());
                let person = (known_sex(stored.sex, row), row.region.as_deref().or(stored.region.as_deref()));
                of_samples.write((id, sample), &typings, person, import)?;
            }
            Action::Replace { id, .. } if any && !plan.aside[i] => {
                let stored = of_samples.read(id, sample)?;
                if stored.typings.is_empty() {
                    continue;
                }
                let given = given();
                let (mut typings, mut put) = (stored.typings, false);
                for typing in &mut typings {
                    if typing.origin == given.origin {
                        *typing = given.clone();
                        put = true;
                    }
                }
                if put {
                    // If two typings have the same origin, the replacement counts for both.
                    let mut seen = false;
                    typings.retain(|one| one.origin != given.origin || !std::mem::replace(&mut seen, true));
                } else {
                    typings = vec![given];
                }
                of_samples.write((id, sample), &typings, (row.sex, row.region.as_deref()), import)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the sex; one of the two sources may not state it.
fn known_sex(stored: Sex, row: &SampleRecord) -> Sex {
    if row.sex == Sex::Unknown { stored } else { row.sex }
}
