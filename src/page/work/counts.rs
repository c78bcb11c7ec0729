//! What supervisors and administrators see: counts, and who is enrolled.

use serde_json::{Value, json};

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::keys::file_of;
use super::super::visit::Visit;
use super::frame;
use crate::pages::Screen;
use crate::store::{Silent, StatisticsOptions};
use crate::supervision::{Interval, Measure};

/// Shows counts by region, agency and month; small numbers are hidden.
pub(in crate::page) fn statistics(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let options = StatisticsOptions { counts_only: true, ..StatisticsOptions::default() };
    let entry = app.entry("serve statistics", Some(&visit.who()?.staff));
    let report = app.store()?.statistics(&options, &entry, &Silent)?.report;
    // What must be computed for every family and candidate would take too long for a page.
    let measures: Vec<Measure> = Measure::ALL.into_iter().filter(|measure| !measure.is_weighed()).collect();
    let context = json!({
        "made_on": report.made_on, "least": report.least_shown, "tables": report.tables,
        "measures": measures, "intervals": Interval::ALL,
    });
    Ok(Answer::Html(Screen::Statistics.html(visit.language, &frame::plain(app, visit, None), &context)?))
}

/// Lists who is enrolled, with which role.
pub(in crate::page) fn accounts(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let report = app.store()?.reviewers(&app.entry("serve accounts", Some(&visit.who()?.staff)))?;
    let minute = |at: &str| at.get(..16).unwrap_or(at).replace('T', " ");
    let accounts = report.reviewers.iter().map(|row| {
        let has_key = row.staff.parse().is_ok_and(|staff| file_of(app, &staff).exists());
        json!({
            "staff": row.staff, "role": row.role, "enrolled_at": minute(&row.enrolled_at),
            "withdrawn_at": row.withdrawn_at.as_deref().map(minute),
            "can_sign_in": has_key && row.withdrawn_at.is_none(),
        })
    });
    let context = json!({ "accounts": accounts.collect::<Vec<Value>>() });
    Ok(Answer::Html(Screen::Accounts.html(visit.language, &frame::plain(app, visit, None), &context)?))
}
