//! What waits for whom.

use serde_json::{Value, json};

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::visit::Visit;
use super::frame;
use crate::pages::Screen;
use crate::report::DueRow;

/// The most rows of a list.
const MOST: usize = 200;

/// Lists the pairs that wait for the person, and those that wait for others.
pub(in crate::page) fn list(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let who = visit.who()?;
    let due = app.store()?.due_reviews(None, &app.entry("serve waiting", Some(&who.staff)))?;
    // A reviewer who has decided waits for the other one.
    let is_mine = |row: &&DueRow| {
        let has_decided = row.decided_by.iter().any(|staff| staff.eq_ignore_ascii_case(who.staff.as_str()));
        who.role.decides() && row.who == Some("reviewer") && !has_decided
    };
    let (mine, others): (Vec<&DueRow>, Vec<&DueRow>) =
        due.due.iter().filter(|row| row.family.is_some()).partition(is_mine);
    let row = |row: &&DueRow| {
        json!({
            "family": row.family, "child": row.child, "next": row.what, "since": row.since, "days": row.days,
            "decided_by": row.decided_by,
            "conflicts": row.conflicts.iter().map(|one| one.conflict).collect::<Vec<_>>(),
        })
    };
    let rows = |rows: &[&DueRow]| rows.iter().take(MOST).map(row).collect::<Vec<Value>>();
    let not_shown = mine.len().saturating_sub(MOST) + others.len().saturating_sub(MOST);
    let context = json!({ "mine": rows(&mine), "others": rows(&others), "not_shown": not_shown });
    Ok(Answer::Html(Screen::Waiting.html(visit.language, &frame::plain(app, visit, None), &context)?))
}
