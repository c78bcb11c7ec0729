//! Takes in what the audit chain says about reviews, and remembers up to where a process has checked it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use data_encoding::HEXLOWER;
use serde_json::Value;

use crate::audit::{Chain, Record, ReviewerPublicKey};
use crate::review::{Reviewer, Role, Roll, StaffCode};

/// Names of details in the audit chain.
pub(super) const CASE: &str = "review_case";
pub(super) const NUMBER: &str = "review_number";
pub(super) const DIGEST: &str = "review_digest";
pub(super) const LINK: &str = "review_link";
pub(super) const STAFF: &str = "reviewer";
pub(super) const KEY: &str = "reviewer_key";
pub(super) const ROLE: &str = "reviewer_role";
pub(super) const ROLE_OF: &str = "reviewer_role_of";
pub(super) const WITHDRAWN: &str = "reviewer_withdrawn";
/// Tags of cases that were expunged.
pub(super) const EXPUNGED: &str = "reviews_expunged";
/// Digest of `review_renaming.listed`.
pub(super) const RENAMED: &str = "reviews_renamed";
/// The beginning of all of these names.
pub(super) const COMMON: &str = "\"review";
/// Bytes of a tag and a link in `review_renaming.listed`.
pub(super) const LISTED: usize = 48;

/// What the audit chain says about reviews.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorded {
    pub(super) roll: Roll,
    /// For each tag, the digests of its events by number.
    pub(super) events: BTreeMap<String, BTreeMap<u64, String>>,
    pub(super) links: BTreeMap<String, String>,
    /// Numbers of records with the digest of a list of links.
    pub(super) renamings: BTreeMap<u64, String>,
    pub(super) findings: Vec<String>,
}

impl Recorded {
    /// Takes in a record. `decisions` are the staff codes and keys of decisions, by tag and number.
    pub(super) fn take(
        &mut self,
        record: &Record,
        decisions: &BTreeMap<(String, u64), (StaffCode, [u8; 32])>,
        renamings: &BTreeMap<u64, Vec<u8>>,
    ) {
        if !record.details.contains(COMMON) {
            return;
        }
        let Ok(details) = serde_json::from_str::<Value>(&record.details) else {
            self.findings.push(format!("record {} of the audit chain cannot be read", record.number));
            return;
        };
        let text = |name: &str| details[name].as_str();
        if let (Some(staff), Some(key)) = (text(STAFF), text(KEY)) {
            self.enrol(record, staff, key);
        }
        if let (Some(staff), Some(role)) = (text(ROLE_OF), text(ROLE)) {
            let known = staff.parse().ok().zip(role.parse().ok());
            if !known.is_some_and(|(staff, role)| self.roll.set_role(&staff, role)) {
                self.findings.push(format!("record {} gives a role to nobody, or an unknown role", record.number));
            }
        }
        if let Some(staff) = text(WITHDRAWN)
            && !staff.parse().is_ok_and(|staff| self.roll.withdraw(&staff, record.at))
        {
            self.findings.push(format!("record {} withdraws nobody", record.number));
        }
        if let (Some(tag), Some(number), Some(digest)) = (text(CASE), details[NUMBER].as_u64(), text(DIGEST)) {
            let tag = tag.to_owned();
            if let Some((staff, key)) = decisions.get(&(tag.clone(), number))
                && self.roll.enrolled(staff).is_none_or(|one| one.key.as_bytes() != key || one.staff != *staff)
            {
                self.findings.push(format!("record {}: the reviewer was not enrolled with this key", record.number));
            } else if let Some((staff, _)) = decisions.get(&(tag.clone(), number))
                && self.roll.enrolled(staff).is_some_and(|one| !one.role.decides())
            {
                self.findings.push(format!("record {}: the role of {staff} decides nothing", record.number));
            }
            if self.events.entry(tag.clone()).or_default().insert(number, digest.to_owned()).is_some() {
                self.findings.push(format!("record {} repeats an event", record.number));
            }
            if let Some(link) = text(LINK) {
                self.links.insert(tag, link.to_owned());
            }
        }
        for tag in details[EXPUNGED].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.events.remove(tag);
            self.links.remove(tag);
        }
        if let Some(digest) = text(RENAMED) {
            match renamings.get(&record.number) {
                Some(listed) if blake3::hash(listed).to_hex().as_str() == digest => {
                    for (tag, link) in listed.as_chunks::<LISTED>().0.iter().map(|one| one.split_at(16)) {
                        self.links.insert(HEXLOWER.encode(tag), HEXLOWER.encode(link));
                    }
                }
                _ => self.findings.push(format!("the list of reviews of record {} was changed", record.number)),
            }
            self.renamings.insert(record.number, digest.to_owned());
        }
    }

    fn enrol(&mut self, record: &Record, staff: &str, key: &str) {
        let bytes = HEXLOWER.decode(key.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        let (Ok(staff), Some(key)) = (staff.parse(), bytes.and_then(ReviewerPublicKey::from_bytes)) else {
            self.findings.push(format!("record {} enrols an invalid reviewer", record.number));
            return;
        };
        if self.roll.enrolled(&staff).is_some() || self.roll.knows_key(key) {
            self.findings.push(format!("record {} enrols a staff code or a key twice", record.number));
            return;
        }
        let enrolled_by = if record.user.is_empty() { record.uid.to_string() } else { record.user.clone() };
        self.roll.0.push(Reviewer {
            staff,
            key,
            role: Role::default(),
            enrolled_at: record.at,
            enrolled_by,
            withdrawn_at: None,
        });
    }
}

/// The part of the audit chain that a process has checked without a finding, and what it says about reviews. Records are
/// only appended, so the next reading continues after it.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) chain: Chain,
    pub(super) recorded: Recorded,
}

/// Shared by the connections of a process that reads the reviews again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReviewMemory(pub(super) Arc<Mutex<Option<Followed>>>);
