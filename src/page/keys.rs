//! Opens the sealed keys of those who sign in, with answers that say nothing about who is enrolled.

use std::path::PathBuf;
use std::time::Instant;

use super::answer::Fault;
use super::app::App;
use crate::audit::ReviewerKey;
use crate::pseudonym::Passphrase;
use crate::review::{Reviewer, StaffCode};
use crate::store::StoreError;

/// An enrolled person with the opened key.
pub(super) struct Opened {
    pub(super) reviewer: Reviewer,
    pub(super) key: ReviewerKey,
}

/// Returns the file with the sealed key of an enrolled person. A staff code has neither dots nor slashes.
pub(super) fn file_of(app: &App, staff: &StaffCode) -> PathBuf {
    app.options.reviewer_keys.join(format!("{staff}.key"))
}

/// Reports whether the folder has a key of somebody who is enrolled.
pub(super) fn is_anybody_there(app: &App) -> Result<bool, StoreError> {
    Ok(app.store()?.roll()?.present().any(|one| file_of(app, &one.staff).exists()))
}

/// Opens the key of a person with a passphrase. `None` if the staff code, the passphrase or the key is wrong, or if there
/// were too many failures: which of these it is, neither the answer nor its time says.
pub(super) fn open(app: &App, staff: &str, passphrase: &str) -> Result<Option<Opened>, Fault> {
    let Some(opened) = app.trying(|| open_alone(app, staff, passphrase)) else { return Err(Fault::Busy) };
    opened
}

fn open_alone(app: &App, staff: &str, passphrase: &str) -> Result<Option<Opened>, Fault> {
    let store = app.store()?;
    let roll = store.roll()?;
    let enrolled = staff.parse::<StaffCode>().ok().and_then(|staff| roll.enrolled(&staff).cloned());
    let enrolled = enrolled.filter(|one| app.attempts().begin(one.staff.as_str(), Instant::now()));
    let Ok(passphrase) = Passphrase::new(passphrase) else { return Ok(None) };
    let Some(reviewer) = enrolled.filter(|one| file_of(app, &one.staff).exists()) else {
        // As long as a wrong passphrase takes.
        app.decoy.try_passphrase(&passphrase);
        return Ok(None);
    };
    match store.reviewer_key(&file_of(app, &reviewer.staff), &passphrase) {
        Ok(key) if key.public() == reviewer.key => {
            app.attempts().succeeded(reviewer.staff.as_str());
            Ok(Some(Opened { reviewer, key }))
        }
        Ok(_) => Ok(None),
        Err(StoreError::ReviewerKey(crate::audit::ReviewerKeyError::Passphrase(_))) => Ok(None),
        Err(error) => {
            // A key that others can read, for example: the person cannot do anything about it.
            app.failed(&error.to_string());
            Ok(None)
        }
    }
}
