//! Identifies who runs an operation, for the audit chain.

use std::time::SystemTime;

use nix::unistd::{User, getuid};

use crate::audit::Entry;
use crate::model::is_deceptive;

use super::error::StoreError;

/// The maximum number of characters in a reason.
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
    // The user's number is enough if the system knows no name for it.
    let name = User::from_uid(uid).ok().flatten().map(|user| user.name).unwrap_or_default();
    Entry::new(uid.as_raw(), &with_sudo(&name, uid.is_root(), std::env::var("SUDO_USER").ok()), command, reason)
}

/// Returns the name of the account, with the user who called sudo. Any account other than root could have set that
/// variable itself.
fn with_sudo(name: &str, is_root: bool, sudo_user: Option<String>) -> String {
    let is_name = |user: &String| {
        !user.is_empty() && user.len() <= 64 && user.chars().all(|c| c.is_alphanumeric() || "-_.@".contains(c))
    };
    match sudo_user.filter(|user| is_root && user != name && is_name(user)) {
        Some(user) => format!("{name} for {user}"),
        None => name.to_owned(),
    }
}

/// Describes this process to users of other processes.
pub(super) fn this_process() -> String {
    let Entry { uid, user, .. } = entry("", None);
    let user = if user.is_empty() { uid.to_string() } else { user };
    let since =
        now().map_or_else(|_| "an unknown time".to_owned(), |now| now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    format!("process {} of {user}, since {since}", std::process::id())
}

/// Returns the current time of the clock.
///
/// # Errors
/// [`StoreError::Clock`] for years before 1970 and after 9999: records with them would not be read again.
pub(super) fn now() -> Result<jiff::Timestamp, StoreError> {
    timestamp(SystemTime::now())
}

/// Returns the current day, UTC.
///
/// # Errors
/// As [`now`].
pub(super) fn today() -> Result<jiff::civil::Date, StoreError> {
    Ok(jiff::tz::Offset::UTC.to_datetime(now()?).date())
}

fn timestamp(at: SystemTime) -> Result<jiff::Timestamp, StoreError> {
    let at = jiff::Timestamp::try_from(at).map_err(|_| StoreError::Clock)?;
    if at < jiff::Timestamp::UNIX_EPOCH { Err(StoreError::Clock) } else { Ok(at) }
}

/// Refuses an operation that must not run without a reason.
pub(super) fn require_reason(entry: &Entry) -> Result<(), StoreError> {
    if entry.reason.is_some() { Ok(()) } else { Err(StoreError::ReasonNeeded) }
}

/// Checks a reason: one line of 1 to 500 characters. Returns it without blanks around it.
///
/// # Errors
/// Describes what is wrong with the reason.
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

/// The reason why a text is an invalid reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadReason {
    /// The text is empty or blank.
    #[error("the reason is empty; write why")]
    Empty,
    /// The text is longer than the limit.
    #[error("the reason is too long; write at most {MOST_CHARACTERS} characters")]
    TooLong,
    /// The text has several lines, control characters of a terminal or invisible characters.
    #[error(
        "the reason contains a line break, or a control or invisible character; write it in one line of visible \
         characters"
    )]
    Control,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_far_off_is_an_error() {
        assert!(now().is_ok());
        let at = |seconds| timestamp(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(1_700_000_000).unwrap().as_second(), 1_700_000_000);
        assert!(matches!(at(300_000_000_000), Err(StoreError::Clock)));
        assert!(matches!(timestamp(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), Err(StoreError::Clock)));
    }

    #[test]
    fn reasons_are_one_visible_line() {
        assert_eq!(checked_reason(" 案件 3 "), Ok("案件 3".to_owned()));
        for bad in ["a\nb", "a\u{1b}[2J", "a\u{202e}b", "a\u{200b}b"] {
            assert_eq!(checked_reason(bad), Err(BadReason::Control), "{bad:?}");
        }
    }
}
