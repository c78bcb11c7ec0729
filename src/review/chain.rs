//! Forms the message that a reviewer signs, chains the events of a case, and checks a history.

use super::case::Case;
use super::event::{Content, Decided, Event};
use super::standing::{Refusal, Standing};
use crate::audit::ReviewerPublicKey;

const MESSAGE: &str = "reunite 2026 review decision v1";
const EVENT_CONTEXT: &str = "reunite 2026 review event v1";
const BEGIN_CONTEXT: &str = "reunite 2026 review history v1";

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Its number in the case, from 1, without gaps.
    pub number: u64,
    /// [`Content`] as JSON.
    pub body: String,
    /// The reviewer's signature of [`message`]; only decisions have one.
    pub signature: Option<[u8; 64]>,
    /// The digest of the event before it, or [`first_link`].
    pub previous: [u8; 32],
    /// See [`event_digest`].
    pub digest: [u8; 32],
}

/// Returns what the first event of a case has instead of the digest of an event before it.
#[must_use]
pub fn first_link(store_id: &[u8; 16], case: &Case) -> [u8; 32] {
    let mut hash = blake3::Hasher::new_derive_key(BEGIN_CONTEXT);
    hash.update(store_id).update(&case.tag);
    *hash.finalize().as_bytes()
}

/// Returns the message that a reviewer signs. Each value is preceded by its length in bytes (u64), and an optional value
/// by a byte, which is 1 if the value is present; numbers are little-endian.
#[must_use]
pub fn message(
    store_id: &[u8; 16],
    case: &Case,
    (number, previous): (u64, &[u8; 32]),
    at: i64,
    decided: &Decided,
) -> Vec<u8> {
    let mut message = MESSAGE.as_bytes().to_vec();
    message.push(0);
    let mut value = |bytes: &[u8]| {
        message.extend((bytes.len() as u64).to_le_bytes());
        message.extend(bytes);
    };
    let Decided { staff, key, decision, code, text, basis, rechecks } = decided;
    value(store_id);
    value(&case.tag);
    value(&number.to_le_bytes());
    value(previous);
    value(&at.to_le_bytes());
    value(staff.as_str().as_bytes());
    value(&key.0);
    value(decision.word().as_bytes());
    value(code.word().as_bytes());
    value(&basis.profiles.0);
    value(&basis.relatives.0);
    value(&basis.model.0);
    value(&rechecks.to_le_bytes());
    for optional in [
        text.as_ref().map(|text| text.as_bytes().to_vec()),
        basis.log10_lr.map(|ratio| ratio.to_bits().to_le_bytes().to_vec()),
        basis.run.map(|run| run.to_le_bytes().to_vec()),
        basis.run_digest.map(|digest| digest.0.to_vec()),
    ] {
        value(&[u8::from(optional.is_some())]);
        if let Some(bytes) = optional {
            value(&bytes);
        }
    }
    message
}

/// Returns the digest of an event, which the next event of the case and the audit chain hold. It is keyed with the salt
/// of the case.
#[must_use]
pub fn event_digest(
    store_id: &[u8; 16],
    case: &Case,
    (number, previous): (u64, &[u8; 32]),
    body: &str,
    signature: Option<&[u8; 64]>,
) -> [u8; 32] {
    let mut hash = blake3::Hasher::new_derive_key(EVENT_CONTEXT);
    hash.update(&case.salt).update(store_id).update(&case.tag).update(&number.to_le_bytes()).update(previous);
    hash.update(&[u8::from(signature.is_some())]).update(signature.map_or(&[][..], |signature| signature));
    hash.update(&(body.len() as u64).to_le_bytes()).update(body.as_bytes());
    *hash.finalize().as_bytes()
}

/// A fault of a history, with the number of the event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The numbers have a gap or a repetition.
    #[error("event {0} is missing or out of order")]
    Order(u64),
    /// The event does not follow the one before it.
    #[error("event {0} does not follow the one before it")]
    Apart(u64),
    /// The event was changed.
    #[error("event {0} was changed")]
    Changed(u64),
    /// The event cannot be read.
    #[error("event {0} cannot be read")]
    Unreadable(u64),
    /// A decision has no valid signature, or another event has one.
    #[error("event {0} has no valid signature")]
    Signature(u64),
    /// The rules of a review do not allow the event there.
    #[error("event {number} is not allowed there: {why}")]
    Rule {
        /// Its number.
        number: u64,
        /// The rule.
        why: Refusal,
    },
}

/// Checks the history of a case: its chain, its signatures and the rules. Returns the contents of its events and the
/// state to which they lead.
///
/// # Errors
/// The first [`Flaw`].
pub fn check(
    store_id: &[u8; 16],
    case: &Case,
    is_pair: bool,
    events: &[StoredEvent],
) -> Result<(Vec<Content>, Standing), Flaw> {
    let mut standing = if is_pair { Standing::of_pair() } else { Standing::of_child() };
    let mut previous = first_link(store_id, case);
    let mut contents = Vec::with_capacity(events.len());
    for (expected, event) in (1..).zip(events) {
        let StoredEvent { number, body, signature, .. } = event;
        let number = *number;
        if number != expected {
            return Err(Flaw::Order(expected));
        }
        if event.previous != previous {
            return Err(Flaw::Apart(number));
        }
        if event.digest != event_digest(store_id, case, (number, &previous), body, signature.as_ref()) {
            return Err(Flaw::Changed(number));
        }
        let content: Content = serde_json::from_str(body).map_err(|_| Flaw::Unreadable(number))?;
        let is_signed = match (&content.event, signature) {
            (Event::Decision(decided), Some(signature)) => {
                let message = message(store_id, case, (number, &previous), content.at, decided);
                ReviewerPublicKey::from_bytes(decided.key.0).is_some_and(|key| key.verifies(&message, signature))
            }
            (Event::Decision(_), None) | (_, Some(_)) => false,
            (_, None) => true,
        };
        if !is_signed {
            return Err(Flaw::Signature(number));
        }
        standing.apply(number, &content).map_err(|why| Flaw::Rule { number, why })?;
        previous = event.digest;
        contents.push(content);
    }
    Ok((contents, standing))
}
