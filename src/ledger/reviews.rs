//! Stores the histories of reviews, and checks them against the audit chain whenever they are read.
//!
//! The audit chain holds each enrolment of a reviewer, and for each event of a case its tag, number and digest: an
//! event that is missing, added, changed or moved is noticed. Reviewers have no table of their own. The records of
//! events name no pair, unlike other records: after a change of the key, the old pseudonym in a record, beside the tag,
//! would lead whoever has the old key to the new pseudonym. [`ReviewCase`] has the same facts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use data_encoding::HEXLOWER;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::LedgerError;
use super::audit::{append, each_record_after, is_record};
use super::checksum::{Checksum, Sum};
use super::column::pseudonym;
use super::generation::store_id;
use super::ledger::Ledger;
use super::review_records::{
    CASE, DIGEST, Followed, KEY, LINK, NUMBER, ROLE, ROLE_OF, Recorded, ReviewMemory, STAFF, WITHDRAWN,
};
use crate::audit::{Chain, Entry, ReviewerPublicKey};
use crate::model::Pseudonym;
use crate::review::{
    Case, Content, Event, Role, Roll, StaffCode, Standing, StoredEvent, check, event_digest, first_link,
};

/// A case with its checked history.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReviewCase {
    /// The family; `None` for a child whose parents are not found.
    pub(crate) family: Option<Pseudonym>,
    /// The child.
    pub(crate) child: Pseudonym,
    /// Its random values.
    pub(crate) case: Case,
    /// Its events.
    pub(crate) events: Vec<Content>,
    /// For each event, the further sample of a retest, unless it was expunged.
    pub(crate) samples: Vec<Option<Pseudonym>>,
    /// The digest of its last event; that of the case, if it has no events.
    pub(crate) last: [u8; 32],
    /// The state to which the events lead.
    pub(crate) standing: Standing,
}

/// All reviews of a ledger.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reviews {
    /// The reviewers.
    pub(crate) roll: Roll,
    /// The cases, in the order of their first events.
    pub(crate) cases: Vec<ReviewCase>,
}

impl Reviews {
    /// Returns the case of a pair, or of a child alone.
    #[must_use]
    pub(crate) fn of(&self, family: Option<Pseudonym>, child: Pseudonym) -> Option<&ReviewCase> {
        self.cases.iter().find(|one| (one.family, one.child) == (family, child))
    }
}

/// An event to record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewReviewEvent<'a> {
    /// The family; `None` for a child whose parents are not found.
    pub(crate) family: Option<Pseudonym>,
    /// The child.
    pub(crate) child: Pseudonym,
    /// The case; a new one with the first event.
    pub(crate) case: &'a Case,
    /// The number of the event.
    pub(crate) number: u64,
    /// The digest of the event before it.
    pub(crate) previous: [u8; 32],
    /// The event.
    pub(crate) content: &'a Content,
    /// The signature, for a decision.
    pub(crate) signature: Option<[u8; 64]>,
    /// The further sample of a retest.
    pub(crate) sample: Option<Pseudonym>,
}

impl Ledger {
    /// Returns all reviews, after checking every history: its chain, its signatures, the rules of a review and the
    /// audit chain.
    ///
    /// # Errors
    /// [`LedgerError::Review`] with the first fault; a database error.
    pub(crate) fn reviews(&self) -> Result<Reviews, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let (reviews, findings) = read(&tx, self.memory.as_ref(), true)?;
        findings.into_iter().next().map_or(Ok(reviews), |finding| Err(LedgerError::Review(finding)))
    }

    /// Reports whether the ledger has a case of a pair, without checking anything.
    ///
    /// # Errors
    /// A database error.
    pub(crate) fn has_reviews(&self) -> Result<bool, LedgerError> {
        Ok(self.connection.query_row("SELECT EXISTS (SELECT 1 FROM review_case)", [], |row| row.get(0))?)
    }

    /// Enrols a reviewer. The caller must have checked that neither the staff code nor the key is enrolled.
    ///
    /// # Errors
    /// A database error.
    pub(crate) fn enrol_reviewer(
        &mut self,
        staff: &StaffCode,
        key: ReviewerPublicKey,
        role: Role,
        entry: &Entry,
    ) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        let mut entry = entry.clone().with(STAFF, staff.as_str()).with(KEY, key.to_string());
        // Who has no stated role is a reviewer, as everybody was before there were roles.
        if role != Role::Reviewer {
            entry = entry.with(ROLE, role.word()).with(ROLE_OF, staff.as_str());
        }
        append(&tx, &entry)?;
        Ok(tx.commit()?)
    }

    /// Gives an enrolled person another role.
    ///
    /// # Errors
    /// A database error.
    pub(crate) fn set_role(&mut self, staff: &StaffCode, role: Role, entry: &Entry) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        append(&tx, &entry.clone().with(ROLE_OF, staff.as_str()).with(ROLE, role.word()))?;
        Ok(tx.commit()?)
    }

    /// Ends the enrolment of a reviewer.
    ///
    /// # Errors
    /// A database error.
    pub(crate) fn withdraw_reviewer(&mut self, staff: &StaffCode, entry: &Entry) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        append(&tx, &entry.clone().with(WITHDRAWN, staff.as_str()))?;
        Ok(tx.commit()?)
    }

    /// Records events of one case after each other, in one transaction.
    ///
    /// # Errors
    /// [`LedgerError::ReviewChanged`] if the history has another end than the caller saw; a database error. Nothing is
    /// changed then.
    pub(crate) fn record_review(&mut self, events: &[NewReviewEvent<'_>], entry: &Entry) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        for event in events {
            insert(&tx, event, entry)?;
        }
        Ok(tx.commit()?)
    }
}

/// Appends an event and its record; the caller commits.
pub(super) fn insert(tx: &Transaction<'_>, event: &NewReviewEvent<'_>, entry: &Entry) -> Result<(), LedgerError> {
    let NewReviewEvent { family, child, case, number, previous, content, signature, sample } = event;
    let store_id = store_id(tx)?;
    let body =
        serde_json::to_string(content).map_err(|_| LedgerError::Review("an event cannot be written".to_owned()))?;
    let digest = event_digest(&store_id, case, (*number, previous), &body, signature.as_ref());
    let mut entry = entry.clone().with(CASE, HEXLOWER.encode(&case.tag)).with(NUMBER, *number);
    entry = entry.with_digest(DIGEST, &digest);
    if *number == 1 {
        tx.execute(
            "INSERT INTO review_case (family, child, tag, salt, link_salt) VALUES (?1, ?2, ?3, ?4, ?5)",
            (family.as_ref().map(Pseudonym::as_bytes), child.as_bytes(), case.tag, case.salt, case.link_salt),
        )?;
        entry = entry.with_digest(LINK, &case.link(&store_id, *family, *child));
    }
    let id: i64 = tx.query_row("SELECT id FROM review_case WHERE tag = ?1", [case.tag], |row| row.get(0))?;
    let sql = "SELECT number, digest FROM review_event WHERE case_id = ?1 ORDER BY number DESC LIMIT 1";
    let last: Option<(i64, [u8; 32])> = tx.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (length, head) =
        last.map_or((0, first_link(&store_id, case)), |(number, digest)| (number.unsigned_abs(), digest));
    if (length + 1, head) != (*number, *previous) {
        return Err(LedgerError::ReviewChanged);
    }
    tx.execute(
        "INSERT INTO review_event (case_id, number, body, signature, previous, digest, sample, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            id,
            i64::try_from(*number).unwrap_or(i64::MAX),
            &body,
            signature,
            previous,
            digest,
            sample.as_ref().map(Pseudonym::as_bytes),
            sample.map(|sample| sample_checksum(&digest, sample)),
        ),
    )?;
    append(tx, &entry).map(drop)
}

/// Computes the checksum of the further sample of a retest.
pub(super) fn sample_checksum(digest: &[u8; 32], sample: Pseudonym) -> Sum {
    Checksum::default().with(digest).with(sample.as_bytes()).sum()
}

/// A case as it is stored.
struct Stored {
    family: Option<Pseudonym>,
    child: Pseudonym,
    case: Case,
    events: Vec<StoredEvent>,
    samples: Vec<Option<Pseudonym>>,
    /// Set if a further sample has a wrong checksum.
    is_altered: bool,
}

fn stored(connection: &Connection) -> Result<Vec<Stored>, LedgerError> {
    let mut all: BTreeMap<i64, Stored> = BTreeMap::new();
    let mut statement =
        connection.prepare("SELECT id, family, child, tag, salt, link_salt FROM review_case ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let family: Option<[u8; 16]> = row.get(1)?;
        let case = Case { tag: row.get(3)?, salt: row.get(4)?, link_salt: row.get(5)? };
        let (family, child) = (family.map(Pseudonym::from_bytes), pseudonym(row, 2)?);
        let (events, samples) = (Vec::new(), Vec::new());
        all.insert(row.get(0)?, Stored { family, child, case, events, samples, is_altered: false });
    }
    let mut statement = connection.prepare(
        "SELECT case_id, number, body, signature, previous, digest, sample, sum FROM review_event ORDER BY case_id, number",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let of_case = all.get_mut(&id).ok_or_else(|| LedgerError::Review("an event is of no case".to_owned()))?;
        let event = StoredEvent {
            number: row.get::<_, i64>(1)?.unsigned_abs(),
            body: row.get(2)?,
            signature: row.get(3)?,
            previous: row.get(4)?,
            digest: row.get(5)?,
        };
        let sample: Option<[u8; 16]> = row.get(6)?;
        let (sample, sum): (Option<Pseudonym>, Option<Sum>) = (sample.map(Pseudonym::from_bytes), row.get(7)?);
        of_case.is_altered |= sum != sample.map(|sample| sample_checksum(&event.digest, sample));
        of_case.samples.push(sample);
        of_case.events.push(event);
    }
    Ok(all.into_values().collect())
}

/// Reads and checks everything. Returns the sound cases and the faults. The audit chain itself is checked only
/// `with_chain`; with a memory, only from where the process stopped.
fn read(
    connection: &Connection,
    memory: Option<&ReviewMemory>,
    with_chain: bool,
) -> Result<(Reviews, Vec<String>), LedgerError> {
    let store_id = store_id(connection)?;
    let stored = stored(connection)?;
    let mut renamings: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    {
        let mut statement = connection.prepare("SELECT number, listed FROM review_renaming")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            renamings.insert(row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?);
        }
    }
    let mut reviews = Reviews::default();
    let mut decisions = BTreeMap::new();
    let mut faults = Vec::new();
    for Stored { family, child, case, events, samples, is_altered } in &stored {
        let of = || match family {
            Some(family) => format!("the pair of family {family} and child {child}"),
            None => format!("child {child}"),
        };
        if *is_altered {
            faults.push(format!("{}: the further sample of a retest was changed", of()));
        }
        match check(&store_id, case, family.is_some(), events) {
            Err(flaw) => faults.push(format!("{}: {flaw}", of())),
            Ok((contents, standing)) => {
                let tag = HEXLOWER.encode(&case.tag);
                for (number, content) in (1..).zip(&contents) {
                    if let Event::Decision(decided) = &content.event {
                        decisions.insert((tag.clone(), number), (decided.staff.clone(), decided.key.0));
                    }
                }
                reviews.cases.push(ReviewCase {
                    family: *family,
                    child: *child,
                    case: case.clone(),
                    events: contents,
                    samples: samples.clone(),
                    last: events.last().map_or_else(|| first_link(&store_id, case), |event| event.digest),
                    standing,
                });
            }
        }
    }
    let mut recorded = follow(connection, memory, &store_id, (&decisions, &renamings), with_chain)?;
    faults.append(&mut recorded.findings);
    compare(&store_id, &stored, &recorded, &mut faults);
    if !renamings.keys().all(|number| recorded.renamings.contains_key(number)) {
        faults.push("a list of reviews has no record in the audit chain".to_owned());
    }
    reviews.roll = recorded.roll;
    Ok((reviews, faults))
}

/// The staff codes and keys of decisions, by tag and number.
type Decisions = BTreeMap<(String, u64), (StaffCode, [u8; 32])>;

/// Reads what the audit chain says about reviews.
fn follow(
    connection: &Connection,
    memory: Option<&ReviewMemory>,
    store_id: &[u8; 16],
    (decisions, renamings): (&Decisions, &BTreeMap<u64, Vec<u8>>),
    with_chain: bool,
) -> Result<Recorded, LedgerError> {
    let mut remembered = memory.map(|memory| memory.0.lock().unwrap_or_else(PoisonError::into_inner));
    let known = remembered.as_mut().and_then(|known| known.take());
    let (mut chain, mut recorded) = match known {
        // The record at which the process stopped must still be there: it stands for all before it.
        Some(Followed { chain, recorded }) if is_record(connection, &chain)? => (chain, recorded),
        _ => (Chain::new(store_id), Recorded::default()),
    };
    each_record_after(connection, chain.length, |record| {
        if let Some(broken) = chain.follow(&record).filter(|_| with_chain) {
            recorded.findings.push(format!("audit chain: {broken}"));
        }
        recorded.take(&record, decisions, renamings);
    })?;
    if let Some(remembered) = &mut remembered
        && with_chain
        && recorded.findings.is_empty()
    {
        **remembered = Some(Followed { chain, recorded: recorded.clone() });
    }
    Ok(recorded)
}

/// Compares the stored cases with what the audit chain says of them.
fn compare(store_id: &[u8; 16], stored: &[Stored], recorded: &Recorded, faults: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for Stored { family, child, case, events, .. } in stored {
        let tag = HEXLOWER.encode(&case.tag);
        let present: BTreeMap<u64, String> =
            events.iter().map(|event| (event.number, HEXLOWER.encode(&event.digest))).collect();
        let what = match recorded.events.get(&tag) {
            None => Some("the audit chain has no record of it"),
            Some(known) if *known != present => Some("its events are not those of the audit chain"),
            _ if recorded.links.get(&tag) != Some(&HEXLOWER.encode(&case.link(store_id, *family, *child))) => {
                Some("it was of another family or child")
            }
            _ => None,
        };
        faults.extend(what.map(|what| format!("the review of child {child}: {what}")));
        seen.insert(tag);
    }
    let missing = recorded.events.keys().filter(|tag| !seen.contains(*tag)).count();
    if missing > 0 {
        faults.push(format!("reviews that the audit chain has and the ledger has not: {missing}"));
    }
}

/// Returns a line for every fault of the reviews.
pub(super) fn verify(connection: &Connection) -> Result<Vec<String>, LedgerError> {
    let found = match read(connection, None, false) {
        Ok((_, found)) => found,
        Err(LedgerError::Review(found)) => vec![found],
        Err(error @ LedgerError::Damaged { .. }) => vec![error.to_string()],
        Err(error) => return Err(error),
    };
    Ok(found.into_iter().map(|finding| format!("reviews: {finding}")).collect())
}

/// Refuses reviews that have a fault.
pub(super) fn refuse_faults(connection: &Connection) -> Result<(), LedgerError> {
    read(connection, None, true)?.1.into_iter().next().map_or(Ok(()), |finding| Err(LedgerError::Review(finding)))
}
