//! Who runs a command, for the audit chain.

use anyhow::{Context, ensure};
use nix::unistd::{User, getuid};

use crate::audit::Entry;

/// Most characters of a reason.
const MOST_CHARACTERS: usize = 500;

/// A record of a command, run by the user of this process.
pub(super) fn entry(command: &str, reason: Option<&str>) -> Entry {
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

/// The reason, which this command must not be run without.
pub(super) fn required(reason: Option<&str>) -> anyhow::Result<&str> {
    reason.context("this needs a reason, which is kept in the audit chain: give --reason TEXT")
}

/// Whether a text may stand as a reason.
pub(super) fn checked(text: &str) -> anyhow::Result<String> {
    let text = text.trim();
    ensure!(!text.is_empty(), "a reason is not empty");
    ensure!(text.chars().count() <= MOST_CHARACTERS, "a reason has at most {MOST_CHARACTERS} characters");
    ensure!(!text.chars().any(char::is_control), "a reason is one line, without control characters");
    Ok(text.to_owned())
}
