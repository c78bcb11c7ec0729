//! Refuses requests that do not come from a page of this program, and adds the headers that every answer has.
//!
//! A page of another site can have a browser send requests here, and by DNS rebinding even read the answers: its name
//! then stands for 127.0.0.1. So `Host` must be an address of this server, and what changes something must have its
//! `Origin`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use axum::middleware::Next;

use super::app::App;

/// The longest address with its query.
const LONGEST_ADDRESS: usize = 2048;

/// What a browser may do with an answer: load styles, scripts and answers of this server, send forms to it, nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The headers of every answer.
const ALWAYS: [(HeaderName, &str); 10] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    // Data of persons stay in no cache, not even behind the button "back" of a browser.
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    // With `no-referrer`, browsers send `Origin: null` with forms.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// Checks a request, and completes its answer.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response<Body> {
    let mut response = match refusal(&app, &request) {
        None => next.run(request).await,
        Some(status) => {
            let mut response = Response::new(Body::from(status.canonical_reason().unwrap_or_default()));
            *response.status_mut() = status;
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            if status == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            }
            // What follows on the connection may be the unread rest of the request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
    };
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Returns the status with which a request is refused; `None` if it may come from a page of this program.
fn refusal(app: &App, request: &Request) -> Option<StatusCode> {
    let (headers, uri) = (request.headers(), request.uri());
    let (Ok(host), Ok(origin)) = (only(headers, &HOST), only(headers, &ORIGIN)) else {
        return Some(StatusCode::BAD_REQUEST);
    };
    let is_own = |host: &str| app.hosts.iter().any(|own| own == host);
    if !host.is_some_and(|host| is_own(&host.to_ascii_lowercase())) {
        return Some(StatusCode::MISDIRECTED_REQUEST);
    }
    // A request in the form that proxies receive names a host once more.
    if uri.authority().is_some_and(|authority| !is_own(&authority.as_str().to_ascii_lowercase())) {
        return Some(StatusCode::MISDIRECTED_REQUEST);
    }
    if uri.path_and_query().is_none_or(|path| path.as_str().len() > LONGEST_ADDRESS) {
        return Some(StatusCode::URI_TOO_LONG);
    }
    let is_post = request.method() == Method::POST;
    if !is_post && ![Method::GET, Method::HEAD].contains(request.method()) {
        return Some(StatusCode::METHOD_NOT_ALLOWED);
    }
    // Two lengths of one body are how requests are smuggled through a proxy.
    if headers.contains_key(TRANSFER_ENCODING) {
        return Some(StatusCode::LENGTH_REQUIRED);
    }
    let is_own_origin = |origin: &str| app.origins.iter().any(|own| own == origin);
    if is_post && !origin.is_some_and(is_own_origin) {
        return Some(StatusCode::FORBIDDEN);
    }
    if !is_post && origin.is_some_and(|origin| !is_own_origin(origin)) {
        return Some(StatusCode::FORBIDDEN);
    }
    // Browsers say where a request comes from. Another site may link here, which sends no cookie, and nothing else.
    let sent = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_link = !is_post && sent("sec-fetch-mode") == Some("navigate") && sent("sec-fetch-dest") == Some("document");
    match sent("sec-fetch-site") {
        None | Some("same-origin" | "none") => None,
        Some(_) if is_link => None,
        Some(_) => Some(StatusCode::FORBIDDEN),
    }
}

/// Returns the value of a header; an error if it is repeated or no text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(drop),
        _ => Err(()),
    }
}
