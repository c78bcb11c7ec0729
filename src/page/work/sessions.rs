//! The sessions of who is signed in: where else, and their end.

use std::time::Instant;

use serde_json::{Value, json};

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::visit::Visit;
use super::frame::{self, Note};
use crate::pages::{Screen, saying};

/// Lists the open sessions of who is signed in.
pub(in crate::page) fn list(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    page(app, visit, None)
}

/// Ends all sessions of who is signed in but the one of this browser.
pub(in crate::page) fn end_others(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let staff = &visit.who()?.staff;
    // Before anything that can fail.
    let ended = app.visitors().end_others(staff, &visit.cookie, Instant::now());
    app.store()?.record_look(&app.entry("serve sessions", Some(staff)).with("ended", ended))?;
    let text = saying(visit.language, "sessions.ended", &[("n", &ended.to_string())])?;
    page(app, visit, Some(Note { is_good: true, text }))
}

fn page(app: &App, visit: &Visit, note: Option<Note>) -> Result<Answer, Fault> {
    let sessions = app.visitors().sessions(&visit.who()?.staff, &visit.cookie, Instant::now());
    let rows = sessions.iter().map(
        |one| json!({ "is_own": one.is_own, "since": one.since.as_secs() / 60, "unused": one.unused.as_secs() / 60 }),
    );
    let context = json!({ "sessions": rows.collect::<Vec<Value>>() });
    Ok(Answer::Html(Screen::Sessions.html(visit.language, &frame::plain(app, visit, note), &context)?))
}
