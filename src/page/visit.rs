//! A request after its checks, as the work for it sees it.

use std::sync::Arc;

use super::answer::Fault;
use super::fields::Fields;
use super::uploads::Upload;
use super::visitors::Who;
use crate::model::Language;

/// A request that was checked.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) language: Language,
    /// Who is signed in.
    pub(super) who: Option<Who>,
    /// The browser's token.
    pub(super) cookie: String,
    /// The token of forms.
    pub(super) csrf: String,
    /// The address with its query, for the way back.
    pub(super) here: String,
    /// The address of the server.
    pub(super) address: Arc<str>,
    pub(super) path: Fields,
    pub(super) query: Fields,
    pub(super) form: Fields,
    /// The file of the form.
    pub(super) upload: Option<Upload>,
    /// The token that replaces the browser's.
    pub(super) new_cookie: Option<String>,
}

impl Visit {
    /// Returns who is signed in.
    pub(super) fn who(&self) -> Result<&Who, Fault> {
        self.who.as_ref().ok_or(Fault::SignIn)
    }
}
