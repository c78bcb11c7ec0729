//! The power of a family, and whom to sample next.

use serde_json::{Value, json};

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::visit::Visit;
use super::frame;
use crate::matching::apart;
use crate::model::Relation;
use crate::pages::Screen;
use crate::report::PowerRow;
use crate::store::{FurtherRelatives, Planned, PowerOptions, Silent, StoreError};
use crate::words::in_language;

/// Shows what the family can find now, and what each further relative would add.
pub(in crate::page) fn show(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let family = visit.path.get("family").parse().map_err(|_| Fault::NotFound)?;
    let options = PowerOptions { family, min_log10_lr: None, further: FurtherRelatives::All };
    let entry = app.entry("serve power", Some(&visit.who()?.staff));
    let store = app.store()?;
    let context = match apart(|| store.power(&options, &entry, &Silent)) {
        // A family without power is an answer about it.
        Err(StoreError::Plan { source, .. }) => {
            store.record_look(&entry.about([family]))?;
            json!({ "family": family, "rows": [], "failed": [], "why": in_language(&source.to_string(), visit.language) })
        }
        Err(error) => return Err(error.into()),
        Ok(Planned { report, failed, has_linked_loci, .. }) => {
            let row = |row: &PowerRow| {
                json!({
                    "with": row.with.map(Relation::word), "expected": row.power.expected_log10_lr,
                    "gain": row.gain, "found": row.power.found.middle(),
                    "unrelated": row.expected_unrelated.middle(),
                })
            };
            json!({
                "family": family, "why": null, "linked": has_linked_loci, "least": report.min_log10_lr,
                "children": report.children, "informative": report.informative_loci, "loci": report.loci,
                "rows": report.power.iter().map(row).collect::<Vec<Value>>(),
                "failed": failed.iter().map(|(relation, _)| relation.word()).collect::<Vec<_>>(),
            })
        }
    };
    Ok(Answer::Html(Screen::Power.html(visit.language, &frame::plain(app, visit, None), &context)?))
}
