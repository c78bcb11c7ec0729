//! Who runs an operation, for the audit chain.

use nix::unistd::{User, getuid};

use crate::audit::Entry;
use crate::model::is_deceptive;

use super::error::StoreError;

/// Most characters of a reason.
const MOST_CHARACTERS: usize = 500;

/// Makes a record of an operation, run by the user of this process.
///
/// ```
/// let entry = reunite::store::entry("match", Some("nightly run"));
/// assert_eq!(entry.command, "match");
/// ```
#[must_use]
pub fn entry(command: &str, reason: Option<&str>) -> Entry {
    let uid = getuid();
    // A number is enough where the system knows no name.
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name).unwrap_or_default();
    Entry::new(uid.as_raw(), &name, command, reason)
}

/// Names this process to users of other ones.
pub(super) fn this_process() -> String {
    let Entry { uid, user, .. } = entry("", None);
    let user = if user.is_empty() { uid.to_string() } else { user };
    format!(
        "process {} of {user}, since {}",
        std::process::id(),
        jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC")
    )
}

/// Refuses an operation that must not run without a reason.
pub(super) fn require_reason(entry: &Entry) -> Result<(), StoreError> {
    if entry.reason.is_some() { Ok(()) } else { Err(StoreError::ReasonNeeded) }
}

/// Checks a reason: one line of 1 to 500 characters. Gives it without blanks around it.
///
/// # Errors
/// What is wrong with it.
pub fn checked_reason(text: &str) -> Result<String, BadReason> {
    let text = text.trim();
    if text.is_empty() {
        Err(BadReason::Empty)
    } else if text.chars().count() > MOST_CHARACTERS {
        Err(BadReason::TooLong)
    } else if text.chars().any(is_deceptive) {
        Err(BadReason::Control)
    } else {
        Ok(text.to_owned())
    }
}

/// Why a text cannot be a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadReason {
    /// Nothing but blanks.
    #[error("a reason is not empty")]
    Empty,
    /// Above the limit.
    #[error("a reason has at most {MOST_CHARACTERS} characters")]
    TooLong,
    /// Several lines, or characters that control a terminal or cannot be seen.
    #[error("a reason is one line, without control and invisible characters")]
    Control,
}
