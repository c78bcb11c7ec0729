//! Takes a file, shows what is wrong with it, and imports it once the person confirms.

use std::time::Instant;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::imports::{Asked, Outcome, Unfit};
use super::super::uploads::{KEPT, MOST_BYTES, State, Upload, Waiting};
use super::super::visit::Visit;
use super::frame::{self, Note};
use crate::pages::{Screen, saying};

fn page(app: &App, visit: &Visit, note: Option<Note>, asked: Option<&Asked>) -> Result<String, Fault> {
    let staff = visit.who()?.staff.as_str();
    let agencies = app.store()?.list_column_maps()?;
    let (mut at_work, mut waiting, mut done, mut chosen) = (false, Value::Null, Value::Null, Asked::default());
    match app.uploads().of(staff) {
        Some(State::AtWork) => at_work = true,
        Some(State::Waiting(one)) => {
            chosen = one.asked.clone();
            waiting = json!({
                "number": one.number, "name": one.upload.name, "bytes": one.upload.size,
                "outcome": one.outcome.values(visit.language), "has_news": one.outcome.has_news(),
            });
        }
        Some(State::Done(name, outcome)) => done = json!({ "name": name, "outcome": outcome.values(visit.language) }),
        None => {}
    }
    let context = json!({
        "at_work": at_work, "waiting": waiting, "done": done, "agencies": agencies,
        "asked": asked.unwrap_or(&chosen).values(),
        "most": MOST_BYTES, "mib": MOST_BYTES >> 20, "minutes": KEPT.as_secs() / 60,
    });
    Ok(Screen::Import.html(visit.language, &frame::plain(app, visit, note), &context)?)
}

/// Shows the form, or what was found in the file of the person, or what came of it.
pub(in crate::page) fn show(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    page(app, visit, None, None).map(Answer::Html)
}

/// Returns the page with the reason why nothing was done.
fn refused(app: &App, visit: &Visit, key: &str, asked: Option<&Asked>) -> Result<Answer, Fault> {
    let note = Note { is_good: false, text: saying(visit.language, key, &[])? };
    Ok(Answer::Refusal(StatusCode::UNPROCESSABLE_ENTITY, page(app, visit, Some(note), asked)?))
}

/// Reads the choices of the form; `Err` with the key of the text that says what is wrong with them.
fn asked(app: &App, visit: &Visit) -> Result<Result<Asked, &'static str>, Fault> {
    let map = visit.form.get("map");
    if !map.is_empty() && !app.store()?.list_column_maps()?.iter().any(|agency| agency == map) {
        return Ok(Err("import.no_map"));
    }
    match Asked::read(&visit.form) {
        Ok(asked) => Ok(Ok(asked)),
        Err(Unfit::NotForLists) => Ok(Err("import.not_for_lists")),
        Err(Unfit::Unknown) => Err(Fault::Refused),
    }
}

/// Does work on a file, and records who sent it.
fn worked(app: &App, visit: &Visit, upload: &mut Upload, asked: &Asked, dry_run: bool) -> Result<Outcome, Fault> {
    let staff = &visit.who()?.staff;
    let entry = app.entry("serve import", Some(staff));
    let content = upload.content().map_err(|error| Fault::Failed(error.to_string()));
    let done = content.and_then(|mut content| Ok(asked.import(&*app.store()?, &mut content, dry_run, &entry)?));
    if done.is_err() {
        app.uploads().forget(staff.as_str());
    }
    done
}

/// Checks a file that was just received, changes nothing, and keeps it for the confirmation.
pub(in crate::page) fn check(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let asked = match asked(app, visit)? {
        Ok(asked) => asked,
        Err(key) => return refused(app, visit, key, None),
    };
    let Some(upload) = visit.upload.take() else { return refused(app, visit, "import.no_file", Some(&asked)) };
    if !app.uploads().begin(visit.who()?.staff.as_str(), Instant::now()) {
        return refused(app, visit, "import.busy", Some(&asked));
    }
    checked(app, visit, upload, asked)
}

/// Checks a file and lets it wait.
fn checked(app: &App, visit: &Visit, mut upload: Upload, asked: Asked) -> Result<Answer, Fault> {
    let outcome = worked(app, visit, &mut upload, &asked, true)?;
    let waiting = Waiting::new(upload, asked, outcome)?;
    app.uploads().set(visit.who()?.staff.as_str(), State::Waiting(Box::new(waiting)), Instant::now());
    Ok(Answer::Redirect("/import".to_owned()))
}

/// Takes the file that the form is about.
fn take(app: &App, visit: &Visit) -> Result<Option<Waiting>, Fault> {
    Ok(app.uploads().take(visit.who()?.staff.as_str(), visit.form.get("number"), Instant::now()))
}

/// Checks the file that waits with other choices.
pub(in crate::page) fn check_again(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let asked = match asked(app, visit)? {
        Ok(asked) => asked,
        Err(key) => return refused(app, visit, key, None),
    };
    match take(app, visit)? {
        Some(waiting) => checked(app, visit, waiting.upload, asked),
        None => refused(app, visit, "import.gone", Some(&asked)),
    }
}

/// Imports the file that waits, with the choices under which it was checked. It is checked again: the store may have
/// changed meanwhile.
pub(in crate::page) fn confirm(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let Some(Waiting { mut upload, asked, .. }) = take(app, visit)? else {
        return refused(app, visit, "import.gone", None);
    };
    let outcome = worked(app, visit, &mut upload, &asked, false)?;
    let done = State::Done(std::mem::take(&mut upload.name), outcome);
    app.uploads().set(visit.who()?.staff.as_str(), done, Instant::now());
    Ok(Answer::Redirect("/import".to_owned()))
}

/// Forgets the file that waits.
pub(in crate::page) fn discard(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    if take(app, visit)?.is_none() {
        return refused(app, visit, "import.gone", None);
    }
    app.uploads().forget(visit.who()?.staff.as_str());
    let note = Note { is_good: true, text: saying(visit.language, "import.discarded", &[])? };
    page(app, visit, Some(note), None).map(Answer::Html)
}
