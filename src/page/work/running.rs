//! Starts, follows and stops a match.

use serde_json::json;

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::matches::Now;
use super::super::visit::Visit;
use super::frame::{self, Note};
use crate::pages::{Screen, saying};
use crate::store::RunCounts;
use crate::words::in_language;

fn page(app: &App, visit: &Visit, note: Option<Note>) -> Result<String, Fault> {
    let (now, last) = {
        let mut running = app.running();
        (running.now().cloned(), running.last().cloned())
    };
    let last = last.map(|last| match last.outcome {
        Ok(RunCounts { candidates, new, .. }) => {
            json!({ "staff": last.staff, "error": null, "candidates": candidates, "new": new })
        }
        Err(error) => json!({ "staff": last.staff, "error": in_language(&error, visit.language) }),
    });
    let running = now.map(|now| json!({ "staff": now.staff, "percent": now.percent() }));
    let context = json!({ "running": running, "last": last });
    Ok(Screen::Match.html(visit.language, &frame::plain(app, visit, note), &context)?)
}

/// Shows what is running, and what came of the last match.
pub(in crate::page) fn show(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    page(app, visit, None).map(Answer::Html)
}

/// Returns the progress for the script of the page.
pub(in crate::page) fn progress(app: &App, _: &mut Visit) -> Result<Answer, Fault> {
    let percent = app.running().now().map(Now::percent);
    Ok(Answer::Json(json!({ "running": percent.is_some(), "percent": percent }).to_string()))
}

/// Starts a match, unless one is running.
pub(in crate::page) fn start(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let full = match visit.form.get("extent") {
        "delta" => false,
        "full" => true,
        _ => return Err(Fault::Refused),
    };
    let staff = visit.who()?.staff.clone();
    let (store, entry) = (app.store()?, app.entry("serve match", Some(&staff)));
    let mut running = app.running();
    if running.is_busy() {
        drop(running);
        let note = Note { is_good: false, text: saying(visit.language, "match.busy", &[])? };
        return Ok(Answer::Refusal(axum::http::StatusCode::CONFLICT, page(app, visit, Some(note))?));
    }
    running.start(staff.to_string(), store, full, entry).map_err(|error| Fault::Failed(error.to_string()))?;
    drop(running);
    Ok(Answer::Redirect("/match".to_owned()))
}

/// Asks the match to stop.
pub(in crate::page) fn stop(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    app.running().stop();
    let note = Note { is_good: true, text: saying(visit.language, "match.stopping", &[])? };
    page(app, visit, Some(note)).map(Answer::Html)
}
