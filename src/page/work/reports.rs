//! The reports on a family and on a night, in the frame of the pages.

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::visit::Visit;
use super::frame;
use crate::store::{FamilyOptions, NightOptions, Silent};

/// The most rows of a list.
const MOST: usize = 200;

/// Shows everything that is known about a family.
pub(in crate::page) fn family(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let family = visit.path.get("family").parse().map_err(|_| Fault::NotFound)?;
    let options = FamilyOptions { family, most: MOST, numbers: None };
    let (page, _) = app.store()?.family_page(&options, &app.entry("serve family", Some(&visit.who()?.staff)))?;
    Ok(Answer::Html(page.html(visit.language, &frame::plain(app, visit, None))?))
}

/// Shows what the last run found and lost, or the one that the address names.
pub(in crate::page) fn night(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let run = match visit.query.get("run") {
        "" => None,
        text => Some(text.parse().map_err(|_| Fault::NotFound)?),
    };
    let options = NightOptions { run, most: MOST, brief: true, numbers: None };
    let entry = app.entry("serve night", Some(&visit.who()?.staff));
    let (page, _) = app.store()?.night_page(&options, &entry, &Silent)?;
    Ok(Answer::Html(page.html(visit.language, &frame::plain(app, visit, None))?))
}
