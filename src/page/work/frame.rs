//! What surrounds every page: who is signed in, the navigation, what was just done.

use serde_json::{Value, json};

use super::super::app::App;
use super::super::visit::Visit;
use crate::pages::Templates;
use crate::review::Role;

/// What was done or refused, above a page.
#[derive(Clone, Debug)]
pub(in crate::page) struct Note {
    pub(in crate::page) is_good: bool,
    pub(in crate::page) text: String,
}

/// The pages in the navigation, each with the part of its address that shows where a browser is.
const PLACES: [(&str, &str, &[Role]); 7] = [
    ("candidates", "/candidates", &[Role::Analyst, Role::Reviewer]),
    ("waiting", "/waiting", &[Role::Analyst, Role::Reviewer]),
    ("nights", "/night", &[Role::Analyst, Role::Reviewer]),
    ("import", "/import", &[Role::Analyst, Role::Reviewer]),
    ("statistics", "/statistics", &[Role::Supervisor]),
    ("match", "/match", &[Role::Analyst, Role::Reviewer, Role::Administrator]),
    ("accounts", "/accounts", &[Role::Administrator]),
];

/// Returns the address of the first page of a role.
pub(in crate::page) fn first_page(role: Role) -> &'static str {
    PLACES.iter().find(|place| place.2.contains(&role)).map_or("/sign-in", |place| place.1)
}

/// Returns the templates with the frame of a request.
pub(in crate::page) fn plain(app: &App, visit: &Visit, note: Option<Note>) -> Templates {
    framed(app, visit, note, &Value::Null)
}

/// Returns the templates with the frame of a request, and with what may be done with the pair of the page.
pub(in crate::page) fn framed(app: &App, visit: &Visit, note: Option<Note>, pair: &Value) -> Templates {
    let who = visit.who.as_ref();
    // The report on a family leads to its power.
    let of_family = visit.here.strip_prefix("/families/").filter(|rest| !rest.contains('/')).is_some();
    let family = of_family.then(|| visit.path.get("family"));
    let nav: Vec<Value> = PLACES
        .iter()
        .filter(|place| who.is_some_and(|who| place.2.contains(&who.role)))
        .map(|(key, href, _)| json!({ "key": key, "href": href, "current": visit.here.starts_with(href) }))
        .collect();
    Templates::framed(json!({
        "csrf": visit.csrf,
        "here": visit.here,
        "staff": who.map(|who| who.staff.as_str()),
        "role": who.map(|who| who.role),
        "nav": nav,
        "idle": app.options.idle.as_secs() / 60,
        "said": note.map(|note| json!({ "tone": if note.is_good { "good" } else { "bad" }, "text": note.text })),
        "pair": pair,
        "family": family,
    }))
}
