//! Lists all addresses with the roles that may use them, and brings each request to its work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, COOKIE};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use super::answer::{Answer, Fault, response};
use super::app::App;
use super::fields::Fields;
use super::guard::guard;
use super::receive::receive;
use super::uploads::Upload;
use super::visit::Visit;
use super::visitors::{Visitor, Visitors, token};
use super::work::{self, frame};
use crate::model::Language;
use crate::pages::{ICON, SCRIPT, STYLES, Screen};
use crate::review::Role;

/// The most bytes of a form.
const FORM: usize = 16 << 10;
/// The time for the body of a request.
const FOR_BODY: Duration = Duration::from_secs(15);
/// The time for an answer.
const FOR_ANSWER: Duration = Duration::from_secs(120);
/// The time for an answer about a file: it is received, read, and compared with everything in the store.
const FOR_IMPORT: Duration = Duration::from_secs(540);

/// What is done for a request.
type Work = fn(&App, &mut Visit) -> Result<Answer, Fault>;

/// Who may use an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// Every browser, also one that was not let in.
    Anybody,
    /// Browsers that were let in.
    LetIn,
    /// Persons with one of these roles.
    Roles(&'static [Role]),
}

const ALL: For = For::Roles(Role::ALL);
const LOOKING: For = For::Roles(&[Role::Analyst, Role::Reviewer]);
/// Findings about a file are about persons, so whoever may see no persons imports nothing: an administrator runs the
/// server, and a supervisor counts. A reviewer may import what an analyst may: nobody confirms alone a pair that the own
/// file brought, because two people sign, and the audit chain names who sent the file.
const IMPORTING: For = LOOKING;
const DECIDING: For = For::Roles(&[Role::Reviewer]);
const COUNTING: For = For::Roles(&[Role::Supervisor]);
const RUNNING: For = For::Roles(&[Role::Analyst, Role::Reviewer, Role::Administrator]);
const MANAGING: For = For::Roles(&[Role::Administrator]);

/// An address: its path, whether it is one that changes something, who may use it, and what is done.
type Route = (&'static str, Method, For, Work);

/// All addresses. Each has one method; a `GET` changes nothing but the audit chain.
const ROUTES: &[Route] = &[
    ("/static/style.css", Method::GET, For::Anybody, |_, _| {
        Ok(Answer::File("text/css; charset=utf-8", STYLES.concat()))
    }),
    ("/static/keys.js", Method::GET, For::Anybody, |_, _| {
        Ok(Answer::File("text/javascript; charset=utf-8", SCRIPT.to_owned()))
    }),
    ("/static/icon.svg", Method::GET, For::Anybody, |_, _| Ok(Answer::File("image/svg+xml", ICON.to_owned()))),
    ("/start/{token}", Method::GET, For::Anybody, work::entrance::start),
    ("/", Method::GET, For::LetIn, work::entrance::home),
    ("/sign-in", Method::GET, For::LetIn, work::entrance::sign_in_form),
    ("/sign-in", Method::POST, For::LetIn, work::entrance::sign_in),
    ("/sign-out", Method::POST, ALL, work::entrance::sign_out),
    ("/language", Method::POST, For::LetIn, work::entrance::language),
    ("/sessions", Method::GET, ALL, work::sessions::list),
    ("/sessions/end", Method::POST, ALL, work::sessions::end_others),
    ("/candidates", Method::GET, LOOKING, work::candidates::list),
    ("/candidates/{family}/{child}", Method::GET, LOOKING, work::candidate::show),
    ("/candidates/{family}/{child}/genotypes", Method::POST, LOOKING, work::candidate::genotypes),
    ("/candidates/{family}/{child}/decide", Method::POST, DECIDING, work::candidate::decide),
    ("/candidates/{family}/{child}/compare", Method::GET, LOOKING, work::compare::show),
    ("/families/{family}", Method::GET, LOOKING, work::reports::family),
    ("/families/{family}/power", Method::GET, LOOKING, work::power::show),
    ("/night", Method::GET, LOOKING, work::reports::night),
    ("/waiting", Method::GET, LOOKING, work::waiting::list),
    ("/waiting/samples", Method::GET, LOOKING, work::waiting::samples),
    ("/import", Method::GET, IMPORTING, work::import::show),
    (SENDS_FILE, Method::POST, IMPORTING, work::import::check),
    ("/import/again", Method::POST, IMPORTING, work::import::check_again),
    ("/import/confirm", Method::POST, IMPORTING, work::import::confirm),
    ("/import/discard", Method::POST, IMPORTING, work::import::discard),
    ("/statistics", Method::GET, COUNTING, work::counts::statistics),
    ("/accounts", Method::GET, MANAGING, work::counts::accounts),
    ("/match", Method::GET, RUNNING, work::running::show),
    ("/match/progress", Method::GET, RUNNING, work::running::progress),
    ("/match/start", Method::POST, RUNNING, work::running::start),
    ("/match/stop", Method::POST, RUNNING, work::running::stop),
];

/// Every address that is not listed.
const NOWHERE: &Route = &("", Method::GET, For::LetIn, |_, _| Err(Fault::NotFound));

/// The address that a page asks for by itself.
const BY_ITSELF: &str = "/match/progress";
/// The address that takes a form with a file, and no other form.
const SENDS_FILE: &str = "/import/check";

/// Returns the addresses that lead somewhere, behind the checks of where a request comes from.
pub(super) fn router(app: &Arc<App>, address: String) -> Router {
    let address: Arc<str> = address.into();
    let mut router = Router::new();
    for route in ROUTES {
        let address = Arc::clone(&address);
        let handler = move |State(app): State<Arc<App>>, path: RawPathParams, request: Request| {
            answer(app, Arc::clone(&address), route, Fields::of_path(path.iter()), request)
        };
        let of_method: MethodRouter<Arc<App>> = if route.1 == Method::POST { post(handler) } else { get(handler) };
        router = router.route(route.0, of_method);
    }
    let fallback = move |State(app): State<Arc<App>>, request: Request| {
        answer(app, Arc::clone(&address), NOWHERE, Fields::default(), request)
    };
    router.fallback(fallback).layer(from_fn_with_state(Arc::clone(app), guard)).with_state(Arc::clone(app))
}

/// Answers a request that comes from a page of this program.
async fn answer(
    app: Arc<App>,
    address: Arc<str>,
    route: &'static Route,
    path: Fields,
    request: Request,
) -> Response<Body> {
    let is_import = request.uri().path().starts_with("/import/");
    let time = if is_import { FOR_IMPORT } else { FOR_ANSWER };
    let deadline = tokio::time::timeout(time, worked(Arc::clone(&app), address, route, path, request));
    match deadline.await {
        Ok(response) => response,
        Err(_) => response(Answer::Refusal(StatusCode::SERVICE_UNAVAILABLE, String::new()), None),
    }
}

async fn worked(
    app: Arc<App>,
    address: Arc<str>,
    route: &'static Route,
    path: Fields,
    request: Request,
) -> Response<Body> {
    let &(of_route, _, who, work) = route;
    let (parts, body) = request.into_parts();
    let is_post = parts.method == Method::POST;
    let form = match parts.uri.path() {
        _ if !is_post => Ok((Fields::default(), None)),
        SENDS_FILE => read_file(&app, &parts.headers, who, body).await,
        _ => read_form(&parts.headers, body).await,
    };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let here = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let here = if is_post { "/".to_owned() } else { here };
    let (headers, by_hand) = (parts.headers, parts.uri.path() != BY_ITSELF);
    let done = tokio::task::spawn_blocking(move || {
        let (mut visit, visitor) = visit(&app, &headers, by_hand, (here, address), path);
        let answered = app.at_work(|| {
            // Before anything of the request is looked at.
            let refused = allowed(&app, who, visitor.as_ref(), &mut visit).err();
            if let Some(fault) = refused {
                if matches!(fault, Fault::NotAllowed) {
                    record_refusal(&app, of_route, &visit)?;
                }
                return Err(fault);
            }
            (visit.form, visit.upload) = form?;
            visit.query = Fields::read(&query).ok_or(Fault::NotFound)?;
            if is_post && !app.is_own_form(&visit.cookie, visit.form.get("csrf")) {
                return Err(Fault::Refused);
            }
            work(&app, &mut visit)
        });
        let answer = answered.unwrap_or_else(|fault| refusal(&app, &mut visit, &fault));
        let cookie = visit.new_cookie.as_deref().map(|token| set_cookie(&app, token));
        response(answer, cookie.as_deref())
    });
    match done.await {
        Ok(response) => response,
        // The thread panicked: an error of the program.
        Err(_) => response(Answer::Refusal(StatusCode::INTERNAL_SERVER_ERROR, String::new()), None),
    }
}

/// Reads a form with a file, after it is known who sends it: nothing is received for others.
async fn read_file(
    app: &Arc<App>,
    headers: &HeaderMap,
    who: For,
    body: Body,
) -> Result<(Fields, Option<Upload>), Fault> {
    let (of_check, copied) = (Arc::clone(app), headers.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let nowhere = (String::new(), Arc::from(""));
        let (mut visit, visitor) = visit(&of_check, &copied, true, nowhere, Fields::default());
        of_check.at_work(|| allowed(&of_check, who, visitor.as_ref(), &mut visit)).map(|()| visit.cookie)
    });
    let cookie = checked.await.map_err(|error| Fault::Failed(error.to_string()))??;
    receive(app, headers, body, &cookie).await
}

/// Reads a form without a file.
async fn read_form(headers: &HeaderMap, body: Body) -> Result<(Fields, Option<Upload>), Fault> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(CONTENT_TYPE) != Some("application/x-www-form-urlencoded") {
        return Err(Fault::Refused);
    }
    let length: usize = text(CONTENT_LENGTH).and_then(|length| length.parse().ok()).ok_or(Fault::Refused)?;
    if length > FORM {
        return Err(Fault::TooLarge);
    }
    let bytes = tokio::time::timeout(FOR_BODY, to_bytes(body, FORM)).await;
    let bytes = bytes.map_err(|_| Fault::Refused)?.map_err(|_| Fault::Refused)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Fault::Refused)?;
    Ok((Fields::read(text).ok_or(Fault::Refused)?, None))
}

/// Returns the request with the browser that it came from.
fn visit(
    app: &App,
    headers: &HeaderMap,
    by_hand: bool,
    (here, address): (String, Arc<str>),
    path: Fields,
) -> (Visit, Option<Visitor>) {
    let now = Instant::now();
    let cookie = cookie(app, headers).unwrap_or_default();
    let visitor = app.visitors().visit(&cookie, now, by_hand);
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).and_then(language_of);
    let language = visitor.as_ref().and_then(|one| one.language).or(wanted).unwrap_or(app.options.language);
    let who = visitor.as_ref().and_then(|one| one.who.clone());
    let csrf = if visitor.is_some() { app.csrf(&cookie) } else { String::new() };
    let (query, form) = Default::default();
    let (upload, new_cookie) = (None, None);
    (Visit { language, who, cookie, csrf, here, address, path, query, form, upload, new_cookie }, visitor)
}

/// Checks that the browser was let in, and that the role of who is signed in includes this.
fn allowed(app: &App, who: For, visitor: Option<&Visitor>, visit: &mut Visit) -> Result<(), Fault> {
    if who == For::Anybody {
        return Ok(());
    }
    if visitor.is_none() {
        if app.is_closed {
            return Err(Fault::Closed);
        }
        // Behind a proxy, every browser is let in as far as the sign-in.
        let (now, token) = (Instant::now(), token()?);
        app.visitors().admit(&token, Visitors::stranger(now, None));
        visit.csrf = app.csrf(&token);
        visit.new_cookie = Some(token);
    }
    let now = Instant::now();
    if let Some(one) = visit.who.as_ref().filter(|one| one.is_stale(now)) {
        let roll = app.store()?.roll()?;
        let role = roll.enrolled(&one.staff).filter(|enrolled| enrolled.key == one.key).map(|enrolled| enrolled.role);
        app.visitors().refresh(&visit.cookie, role, now);
        match (role, &mut visit.who) {
            (Some(role), Some(who)) => who.role = role,
            _ => visit.who = None,
        }
    }
    match (who, &visit.who) {
        (For::Roles(_), None) => Err(Fault::SignIn),
        (For::Roles(roles), Some(one)) if !roles.contains(&one.role) => Err(Fault::NotAllowed),
        _ => Ok(()),
    }
}

/// Records that the role of who is signed in does not include an address: the address as it is listed, without the names
/// in it. It is recorded once in each session, and each session takes a passphrase, so that nobody fills the audit chain.
fn record_refusal(app: &App, path: &'static str, visit: &Visit) -> Result<(), Fault> {
    let who = visit.who()?;
    if app.visitors().note_refusal(&visit.cookie, path) {
        app.store()?.record_look(&app.refusal(&who.staff, who.role, path))?;
    }
    Ok(())
}

/// Returns the page that says why there is no other one.
fn refusal(app: &App, visit: &mut Visit, fault: &Fault) -> Answer {
    // What somebody typed as an address may be a number of a person, and is not repeated.
    visit.here = "/".to_owned();
    if matches!(fault, Fault::SignIn) {
        return Answer::Redirect("/sign-in".to_owned());
    }
    let (status, kind) = fault.status();
    let text = match fault {
        Fault::Failed(error) => {
            let number = app.failed(error);
            format!("{number}")
        }
        _ => String::new(),
    };
    let context = serde_json::json!({ "kind": kind, "text": text });
    let page = Screen::Message.html(visit.language, &frame::plain(app, visit, None), &context);
    Answer::Refusal(status, page.unwrap_or_default())
}

/// Returns the name of the cookie. Only a browser that knows the server by HTTPS keeps one for this host alone.
fn cookie_name(app: &App) -> &'static str {
    if app.options.origin.is_some() { "__Host-reunite" } else { "reunite" }
}

fn set_cookie(app: &App, token: &str) -> String {
    let secure = if app.options.origin.is_some() { "; Secure" } else { "" };
    format!("{}={token}; Path=/; HttpOnly; SameSite=Strict{secure}", cookie_name(app))
}

/// Returns the token in the cookie; `None` if there is none, or more than one.
fn cookie(app: &App, headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let named = all.flat_map(|text| text.split(';')).filter_map(|one| one.trim().split_once('='));
    let mut tokens = named.filter(|(name, _)| *name == cookie_name(app)).map(|(_, token)| token.to_owned());
    // Another server of this machine may have set a second one.
    tokens.next().filter(|_| tokens.next().is_none())
}

/// Returns the first language of a browser that there is.
fn language_of(text: &str) -> Option<Language> {
    text.split(',').find_map(|one| match one.trim().get(..2)?.to_ascii_lowercase().as_str() {
        "zh" => Some(Language::Chinese),
        "en" => Some(Language::English),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_but_those_who_look_at_candidates_reaches_data_of_persons() {
        let of_persons = ["/candidates", "/families", "/night", "/waiting", "/import"];
        for (path, method, who, _) in ROUTES {
            let is_of_persons = of_persons.iter().any(|begin| path.starts_with(begin));
            for role in Role::ALL {
                let may = match who {
                    For::Roles(roles) => roles.contains(role),
                    For::Anybody | For::LetIn => false,
                };
                assert!(!is_of_persons || may <= role.sees_people(), "{path}: {role}");
                assert!(!path.ends_with("/decide") || may == role.decides(), "{path}: {role}");
            }
            assert!(!is_of_persons || matches!(who, For::Roles(_)), "{path}");
            assert!(*method == Method::GET || *method == Method::POST, "{path}");
        }
    }

    #[test]
    fn the_first_language_that_there_is_counts() {
        assert_eq!(language_of("de-DE,de;q=0.9,zh-CN;q=0.8,en;q=0.7"), Some(Language::Chinese));
        assert_eq!(language_of("en-GB"), Some(Language::English));
        assert_eq!([language_of("fr"), language_of(""), language_of("é")], [None; 3]);
    }
}
