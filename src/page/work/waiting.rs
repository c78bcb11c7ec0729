//! What waits for whom, what is overdue, and what is due about samples.

use serde_json::{Value, json};

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::visit::Visit;
use super::frame;
use crate::pages::Screen;
use crate::report::{DueRow, KeepingDueRow};
use crate::review::NextAction;
use crate::store::DueOptions;
use crate::words::in_language;

/// The most rows of a list.
const MOST: usize = 200;
/// The days within which something is due soon, as `reunite due` has them.
const SOON: u16 = 30;

/// Lists the pairs that wait for the person and for others, retests, and deadlines.
pub(in crate::page) fn list(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let (store, who) = (app.store()?, visit.who()?);
    let due = store.due_reviews_within(None, SOON, &app.entry("serve waiting", Some(&who.staff)))?;
    let (of_pairs, of_children): (Vec<&DueRow>, Vec<&DueRow>) = due.due.iter().partition(|row| row.family.is_some());
    let (retests, of_pairs): (Vec<&DueRow>, Vec<&DueRow>) =
        of_pairs.into_iter().partition(|row| row.what == NextAction::Retest.word());
    // A reviewer who has decided waits for the other one.
    let is_mine = |row: &&DueRow| {
        let has_decided = row.decided_by.iter().any(|staff| staff.eq_ignore_ascii_case(who.staff.as_str()));
        who.role.decides() && row.who == Some("reviewer") && !has_decided
    };
    let (mine, others): (Vec<&DueRow>, Vec<&DueRow>) = of_pairs.into_iter().partition(is_mine);
    let pair = |row: &&DueRow| {
        json!({
            "family": row.family, "child": row.child, "next": row.what, "since": row.since, "days": row.days,
            "decided_by": row.decided_by,
            "conflicts": row.conflicts.iter().map(|one| one.conflict).collect::<Vec<_>>(),
        })
    };
    let pairs = |rows: &[&DueRow]| rows.iter().take(MOST).map(pair).collect::<Vec<Value>>();
    let deadline = |row: &&DueRow| {
        json!({
            "child": row.child, "deadline": row.what, "found": row.since, "due": row.due, "overdue": row.overdue_days,
            "left": row.days_left,
        })
    };
    let not_shown = [&mine, &others, &retests, &of_children].map(|rows| rows.len().saturating_sub(MOST));
    let [samples_due, to_delete] = store.count_due()?;
    let context = json!({
        "mine": pairs(&mine), "others": pairs(&others), "retests": pairs(&retests),
        "deadlines": of_children.iter().take(MOST).map(deadline).collect::<Vec<_>>(),
        "samples": { "due": samples_due, "to_delete": to_delete },
        "soon": SOON, "not_shown": not_shown.iter().sum::<usize>(),
    });
    Ok(Answer::Html(Screen::Waiting.html(visit.language, &frame::plain(app, visit, None), &context)?))
}

/// Lists what is due about samples by their terms, as `reunite due` does.
pub(in crate::page) fn samples(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let options = DueOptions { within: SOON, ..DueOptions::default() };
    let due = app.store()?.due(&options, &app.entry("serve due", Some(&visit.who()?.staff)))?;
    let row = |row: &KeepingDueRow| {
        json!({
            "sample": row.sample, "side": row.side, "action": row.action.word(), "on": row.due_on,
            "is_due": row.is_due, "is_estimated": row.is_estimated, "article": row.article,
            "what": in_language(row.what, visit.language),
        })
    };
    let context = json!({
        "rows": due.due.iter().take(MOST).map(row).collect::<Vec<_>>(), "within": due.within,
        "with_terms": due.with_terms, "without_terms": due.without_terms,
        "not_shown": due.due.len().saturating_sub(MOST),
    });
    Ok(Answer::Html(Screen::Samples.html(visit.language, &frame::plain(app, visit, None), &context)?))
}
