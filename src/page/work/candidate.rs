//! One candidate: the lead report, genotypes on request, and decisions.

use serde_json::{Value, json};

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::keys;
use super::super::visit::Visit;
use super::frame::{self, Note};
use crate::model::Pseudonym;
use crate::pages::{phrase_of, saying};
use crate::report::ReviewReport;
use crate::review::{Decision, ReasonCode};
use crate::store::{CertainParent, ExplainOptions, NewDecision, Store, StoreError};
use crate::words::in_language;

/// What was entered in the form of a decision, to show it again.
#[derive(Default)]
struct Entered {
    decision: String,
    /// The code of the reason, as the form has it: after its decision.
    reason: String,
    text: String,
}

/// Reads the family and the child of the address.
pub(super) fn pair(visit: &Visit) -> Result<(Pseudonym, Pseudonym), Fault> {
    let read = |name: &str| visit.path.get(name).parse().map_err(|_| Fault::NotFound);
    Ok((read("family")?, read("child")?))
}

/// Shows the lead report on a pair.
pub(in crate::page) fn show(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    page(app, visit, false, None, &Entered::default()).map(Answer::Html)
}

/// Shows the lead report with genotypes. This is a form, so that no link shows them, and it is recorded.
pub(in crate::page) fn genotypes(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    page(app, visit, true, None, &Entered::default()).map(Answer::Html)
}

fn page(app: &App, visit: &Visit, genotypes: bool, note: Option<Note>, entered: &Entered) -> Result<String, Fault> {
    let (family, child) = pair(visit)?;
    let (store, who) = (app.store()?, visit.who()?);
    let entry = app.entry("serve candidate", Some(&who.staff)).with("genotypes", genotypes);
    let certain: Option<CertainParent> = None;
    let options = ExplainOptions { family, child, certain_parent: certain, show_genotypes: genotypes, numbers: None };
    let (page, _) = store.candidate_page(&options, None, &entry)?;
    let entry = app.entry("serve review", Some(&who.staff));
    let review = store.show_review_to((family, child), who.key, &entry).map_err(|error| match error {
        // The enrolment ended a moment ago.
        StoreError::NotAReviewer => Fault::SignIn,
        other => other.into(),
    })?;
    let codes = |decision: &Decision| {
        let codes: Vec<&str> =
            ReasonCode::ALL.iter().filter(|code| code.fits(*decision)).map(|code| code.word()).collect();
        json!({ "decision": decision, "codes": codes })
    };
    let [others_of_child, others_of_family] = store.count_beside(family, child)?;
    let pair = json!({
        "others": { "child": others_of_child, "family": others_of_family },
        "family": family,
        "child": child,
        "generation": page.explained.with.generation,
        "events": review.review.events,
        "genotypes_shown": genotypes,
        "may_decide": who.role.decides(),
        "codes": Decision::ALL.iter().map(codes).collect::<Vec<_>>(),
        "entered": { "decision": entered.decision, "code": entered.reason, "text": entered.text },
        "own": own(&review, who.staff.as_str()),
    });
    Ok(page.html(visit.language, &frame::framed(app, visit, note, &pair))?)
}

/// Returns the person's decision while it waits for the second one.
fn own(review: &ReviewReport, staff: &str) -> Option<Value> {
    let is_waiting = review.review.decided_by.len() == 1 && review.review.decided_by[0].eq_ignore_ascii_case(staff);
    let last = review.history.iter().rev().find(|event| event.staff.as_deref() == Some(staff))?;
    let (decision, code) = (last.decision?, last.code?);
    is_waiting.then(|| json!({ "decision": decision, "code": code, "text": last.text }))
}

/// Signs and records a decision.
pub(in crate::page) fn decide(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let (family, child) = pair(visit)?;
    let form = |name: &str| visit.form.get(name).to_owned();
    let entered = Entered { decision: form("decision"), reason: form("code"), text: form("text") };
    let again = |key: &str, values: &[(&str, &str)]| -> Result<Answer, Fault> {
        let note = Note { is_good: false, text: saying(visit.language, key, values)? };
        let page = page(app, visit, false, Some(note), &entered)?;
        Ok(Answer::Refusal(axum::http::StatusCode::UNPROCESSABLE_ENTITY, page))
    };
    // The reason is listed under its decision, and must have been chosen there.
    let (of_decision, code) = entered.reason.split_once(':').unwrap_or_default();
    let chosen = entered.decision.parse::<Decision>().ok().zip(code.parse::<ReasonCode>().ok());
    let Some((decision, code)) = chosen.filter(|_| of_decision == entered.decision) else {
        return again("pair.incomplete", &[]);
    };
    let store = app.store()?;
    if !is_fresh(&store, visit, (family, child))? {
        return again("pair.stale", &[]);
    }
    let staff = visit.who()?.staff.clone();
    let Some(opened) = keys::open(app, staff.as_str(), visit.form.get("passphrase"))? else {
        store.record_look(&app.entry("serve decide", Some(&staff)).with("outcome", "failed"))?;
        return again("pair.wrong_passphrase", &[]);
    };
    let text = Some(entered.text.as_str()).filter(|text| !text.is_empty());
    let new = NewDecision { family, child, decision, code, text, key: &opened.key };
    let recorded = match store.decide(&new, &app.entry("serve decide", Some(&staff))) {
        Ok(recorded) => recorded,
        Err(error @ (StoreError::Review(_) | StoreError::Remark(_) | StoreError::RoleDecidesNothing { .. })) => {
            // The role changed since the session read it.
            if let StoreError::RoleDecidesNothing { role, .. } = error {
                store.record_look(&app.refusal(&staff, role, "/candidates/{family}/{child}/decide"))?;
            }
            let why = in_language(&error.to_string(), visit.language).into_owned();
            return again("pair.refused", &[("why", &why)]);
        }
        Err(error) => return Err(error.into()),
    };
    let state = phrase_of(visit.language, "status", recorded.status.word())?;
    let key = if recorded.is_waiting { "pair.decided_waiting" } else { "pair.decided" };
    let mut text = saying(visit.language, key, &[("state", &state)])?;
    for conflict in &recorded.conflicts {
        text.push(' ');
        text += &phrase_of(visit.language, "conflict", conflict.conflict.word())?;
    }
    let note = Note { is_good: recorded.conflicts.is_empty(), text };
    page(app, visit, false, Some(note), &Entered::default()).map(Answer::Html)
}

/// Reports whether neither the data nor the history of the pair changed since the page with the form was made.
fn is_fresh(store: &Store, visit: &Visit, (family, child): (Pseudonym, Pseudonym)) -> Result<bool, Fault> {
    let (generation, events) = store.state_of_pair(family, child)?;
    let same = |name: &str, now: u64| visit.form.get(name).parse() == Ok(now);
    Ok(same("generation", generation) && same("events", events))
}
