//! What a request is answered with, and why it is refused.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderValue, Response, StatusCode};

use crate::pages::PageError;
use crate::pseudonym::KeyError;
use crate::store::StoreError;

/// An answer to a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// A page.
    Html(String),
    /// A page that says why nothing was done.
    Refusal(StatusCode, String),
    /// Another page of this program.
    Redirect(String),
    /// Values for the script of a page.
    Json(String),
    /// A file of the program, with its type.
    File(&'static str, String),
}

/// Why a request has no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// It did not come from a page of this program.
    Refused,
    /// The browser was not let in by a start link.
    Closed,
    /// Nobody is signed in.
    SignIn,
    /// The role does not include this.
    NotAllowed,
    /// There is no such page, family or child.
    NotFound,
    /// There is nothing to show before the first match.
    Unmatched,
    /// It is too large.
    TooLarge,
    /// The store or the program is busy.
    Busy,
    /// Something else failed. Only whoever started the server sees why.
    Failed(String),
}

impl Fault {
    /// Returns the status and the name of the text on the page.
    pub(super) fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Refused => (StatusCode::FORBIDDEN, "refused"),
            Self::Closed => (StatusCode::FORBIDDEN, "closed"),
            Self::SignIn => (StatusCode::SEE_OTHER, "refused"),
            Self::NotAllowed => (StatusCode::FORBIDDEN, "not_allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::Unmatched => (StatusCode::NOT_FOUND, "unmatched"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoFamily(_) | StoreError::NoChild(_) | StoreError::NoRun { .. } => Self::NotFound,
            StoreError::FirstDigits(_) => Self::NotFound,
            StoreError::NeverMatched => Self::Unmatched,
            StoreError::Locked { .. } => Self::Busy,
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<PageError> for Fault {
    fn from(error: PageError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<getrandom::Error> for Fault {
    fn from(error: getrandom::Error) -> Self {
        Self::Failed(KeyError::Random(error).to_string())
    }
}

/// Builds the response of an answer.
pub(super) fn response(answer: Answer, cookie: Option<&str>) -> Response<Body> {
    let (status, kind, body) = match answer {
        Answer::Html(page) => (StatusCode::OK, "text/html; charset=utf-8", page),
        Answer::Refusal(status, page) => (status, "text/html; charset=utf-8", page),
        Answer::Json(text) => (StatusCode::OK, "application/json", text),
        Answer::File(kind, text) => (StatusCode::OK, kind, text),
        Answer::Redirect(to) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::SEE_OTHER;
            // Every address is one of this program's; anything else in it would be an error of the program.
            let to = HeaderValue::from_str(&to).unwrap_or(HeaderValue::from_static("/"));
            response.headers_mut().insert(LOCATION, to);
            add_cookie(&mut response, cookie);
            return response;
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    add_cookie(&mut response, cookie);
    response
}

fn add_cookie(response: &mut Response<Body>, cookie: Option<&str>) {
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}
