//! The start link, signing in and out, and the language.

use std::time::Instant;

use serde_json::json;

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::keys;
use super::super::visit::Visit;
use super::super::visitors::{Visitors, Who, token};
use super::frame::{self, Note};
use crate::pages::{Screen, saying};

/// Lets one browser in, once, and says the next link.
pub(in crate::page) fn start(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    if !app.is_closed || !app.visitors().take_start(visit.path.get("token")) {
        return Err(Fault::Closed);
    }
    app.offer_link(&visit.address)?;
    let token = token()?;
    let mut visitors = app.visitors();
    visitors.forget(&visit.cookie);
    visitors.admit(&token, Visitors::stranger(Instant::now(), None));
    drop(visitors);
    visit.new_cookie = Some(token);
    Ok(Answer::Redirect("/sign-in".to_owned()))
}

pub(in crate::page) fn home(_: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    Ok(Answer::Redirect(frame::first_page(visit.who()?.role).to_owned()))
}

pub(in crate::page) fn sign_in_form(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    if visit.who.is_some() {
        return home(app, visit);
    }
    Ok(Answer::Html(Screen::SignIn.html(visit.language, &frame::plain(app, visit, None), &json!({}))?))
}

/// Signs a person in. The answer to every failure is the same.
pub(in crate::page) fn sign_in(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let opened = keys::open(app, visit.form.get("staff"), visit.form.get("passphrase"))?;
    let record = |staff: Option<&crate::review::StaffCode>, outcome: &str| {
        app.store()?.record_look(&app.entry("serve sign-in", staff).with("outcome", outcome))
    };
    let Some(opened) = opened else {
        record(None, "failed")?;
        let text = saying(visit.language, "sign_in.failed", &[])?;
        let note = Note { is_good: false, text };
        let page = Screen::SignIn.html(visit.language, &frame::plain(app, visit, Some(note)), &json!({}))?;
        return Ok(Answer::Refusal(axum::http::StatusCode::FORBIDDEN, page));
    };
    let reviewer = opened.reviewer;
    record(Some(&reviewer.staff), "signed in")?;
    let (now, token) = (Instant::now(), token()?);
    let who = Who::new(reviewer.staff, reviewer.key, reviewer.role, now);
    app.visitors().exchange(&visit.cookie, &token, Some(who), now);
    visit.new_cookie = Some(token);
    Ok(Answer::Redirect("/".to_owned()))
}

pub(in crate::page) fn sign_out(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    app.store()?.record_look(&app.entry("serve sign-out", Some(&visit.who()?.staff)))?;
    // A file that waits for this person is gone, too.
    app.uploads().forget(visit.who()?.staff.as_str());
    let token = token()?;
    app.visitors().exchange(&visit.cookie, &token, None, Instant::now());
    visit.new_cookie = Some(token);
    Ok(Answer::Redirect("/sign-in".to_owned()))
}

/// Changes the language, and returns to the page before.
pub(in crate::page) fn language(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let language = visit.form.get("lang").parse().map_err(|_| Fault::Refused)?;
    app.visitors().set_language(&visit.cookie, language);
    Ok(Answer::Redirect(own_address(visit.form.get("to")).to_owned()))
}

/// Returns an address of this server, or its first page: a form could name another site.
fn own_address(to: &str) -> &str {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/?&=%-_.:".contains(c);
    if to.starts_with('/') && !to.starts_with("//") && to.chars().all(is_plain) { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_address;

    #[test]
    fn no_form_leads_to_another_site() {
        for own in ["/", "/candidates?q=0a&after=1", "/candidates/0a/0b"] {
            assert_eq!(own_address(own), own);
        }
        for other in
            ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\r\nSet-Cookie: x", "/@"]
        {
            assert_eq!(own_address(other), "/", "{other}");
        }
    }
}
