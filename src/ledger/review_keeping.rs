//! Keeps reviews sound while other operations change what they are about: expunging, changes of the key, and changes of
//! families.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use data_encoding::HEXLOWER;
use rusqlite::{OptionalExtension, Transaction};

use super::audit::append;
use super::column::pseudonym;
use super::generation::{generation, store_id};
use super::meta::now;
use super::review_records::{EXPUNGED, LISTED, RENAMED};
use super::reviews::{NewReviewEvent, insert, refuse_faults, sample_checksum};
use super::{Comparison, LedgerError};
use crate::audit::Entry;
use crate::model::{Pseudonym, SURE_LOCI};
use crate::review::{BasisPart, Case, Content, Event, first_link};

/// Tags of the cases that an expunging deletes.
pub(super) struct ExpungedReviews(Vec<String>);

impl ExpungedReviews {
    /// Adds the tags to the record of the expunging, so that nobody misses these cases.
    pub(super) fn describe(self, entry: Entry) -> Entry {
        if self.0.is_empty() { entry } else { entry.with(EXPUNGED, self.0) }
    }
}

/// Deletes the cases of expunged families and children, and the names of expunged samples in retests.
pub(super) fn expunge(
    tx: &Transaction<'_>,
    families: &BTreeSet<Pseudonym>,
    samples: &BTreeSet<Pseudonym>,
) -> Result<ExpungedReviews, LedgerError> {
    let mut tags = Vec::new();
    let named = families.iter().map(|family| ("family", family));
    for (column, whom) in named.chain(samples.iter().map(|sample| ("child", sample))) {
        let mut select = tx.prepare(&format!("SELECT id, tag FROM review_case WHERE {column} = ?1"))?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found = select.query_map([whom.as_bytes()], read)?.collect::<rusqlite::Result<Vec<(i64, [u8; 16])>>>()?;
        for (id, tag) in found {
            tx.execute("DELETE FROM review_event WHERE case_id = ?1", [id])?;
            tx.execute("DELETE FROM review_case WHERE id = ?1", [id])?;
            tags.push(HEXLOWER.encode(&tag));
        }
    }
    let mut forget = tx.prepare("UPDATE review_event SET sample = NULL, sum = NULL WHERE sample = ?1")?;
    samples.iter().try_for_each(|sample| forget.execute([sample.as_bytes()]).map(drop))?;
    Ok(ExpungedReviews(tags))
}

/// Records in the history of every pair of these families that something about the family changed.
pub(super) fn note_change(
    tx: &Transaction<'_>,
    families: impl IntoIterator<Item = Pseudonym>,
    entry: &Entry,
) -> Result<(), LedgerError> {
    let event = Event::Changed { parts: vec![BasisPart::Relatives], by: operation(entry) };
    families.into_iter().try_for_each(|family| note(tx, "family", family, &event, entry))
}

/// Returns the operation of a record, with its cause.
fn operation(entry: &Entry) -> String {
    let cause = entry.details.get("cause").and_then(|cause| cause.as_str());
    cause.map_or_else(|| entry.command.clone(), |cause| format!("{}: {cause}", entry.command))
}

/// Appends an event to the history of every pair whose family or child (`column`) is this one.
fn note(tx: &Transaction<'_>, column: &str, whom: Pseudonym, event: &Event, entry: &Entry) -> Result<(), LedgerError> {
    let store_id = store_id(tx)?;
    let sql = format!(
        "SELECT id, family, child, tag, salt, link_salt FROM review_case
         WHERE {column} = ?1 AND family IS NOT NULL ORDER BY id"
    );
    let mut select = tx.prepare(&sql)?;
    let mut rows = select.query([whom.as_bytes()])?;
    let mut cases = Vec::new();
    while let Some(row) = rows.next()? {
        let case = Case { tag: row.get(3)?, salt: row.get(4)?, link_salt: row.get(5)? };
        cases.push((row.get::<_, i64>(0)?, pseudonym(row, 1)?, pseudonym(row, 2)?, case));
    }
    for (id, family, child, case) in cases {
        let sql = "SELECT number, digest FROM review_event WHERE case_id = ?1 ORDER BY number DESC LIMIT 1";
        let last = tx.query_row(sql, [id], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()?;
        let (number, previous) = last.map_or((0, first_link(&store_id, &case)), |last: (i64, [u8; 32])| last);
        let content = Content { at: now(), uid: entry.uid, user: entry.user.clone(), event: event.clone() };
        let event = NewReviewEvent {
            family: Some(family),
            child,
            case: &case,
            number: number.unsigned_abs() + 1,
            previous,
            content: &content,
            signature: None,
            sample: None,
        };
        insert(tx, &event, entry)?;
    }
    Ok(())
}

/// What an import did to a child that the ledger had.
pub(super) enum ImportedTyping<'a> {
    /// It added a further typing, which was compared with those before it.
    Further(&'a Comparison),
    /// It replaced the profile.
    Replaced,
}

/// Records in the histories that an import changed the relations or the relatives of families under review, or that it
/// imported a further typing of a child under review, or replaced its profile. The digests of a decision show changes
/// of the relatives' profiles.
pub(super) fn note_import(
    tx: &Transaction<'_>,
    typings: &BTreeMap<Pseudonym, ImportedTyping<'_>>,
    entry: &Entry,
) -> Result<(), LedgerError> {
    let present = i64::try_from(generation(tx)?.number).unwrap_or(i64::MAX);
    let families = {
        let mut select = tx.prepare(
            "SELECT pseudonym FROM family WHERE changed = ?1 AND pseudonym IN (SELECT family FROM review_case)
             ORDER BY pseudonym",
        )?;
        let mut rows = select.query([present])?;
        let mut families = Vec::new();
        while let Some(row) = rows.next()? {
            families.push(pseudonym(row, 0)?);
        }
        families
    };
    note_change(tx, families, entry)?;
    if typings.is_empty() {
        return Ok(());
    }
    let mut select = tx.prepare("SELECT DISTINCT child FROM review_case WHERE family IS NOT NULL")?;
    let children = select.query_map([], |row| Ok(Pseudonym::from_bytes(row.get(0)?)))?;
    let children = children.collect::<rusqlite::Result<BTreeSet<_>>>()?;
    for (child, typing) in typings.iter().filter(|(child, _)| children.contains(child)) {
        let by = operation(entry);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let event = match typing {
            ImportedTyping::Replaced => Event::Changed { parts: vec![BasisPart::Profiles], by },
            ImportedTyping::Further(Comparison { shared, differing, .. }) => {
                let agrees = differing.is_empty();
                if agrees && *shared < SURE_LOCI {
                    continue;
                }
                Event::Typing { agrees, loci: number(*shared), differing: number(differing.len()), by }
            }
        };
        note(tx, "child", *child, &event, entry)?;
    }
    Ok(())
}

/// Renames families, children and samples, and makes new links. Returns the list of all tags and links, if there are
/// any.
pub(super) fn rename(
    tx: &Transaction<'_>,
    families: &HashMap<Pseudonym, Pseudonym>,
    samples: &HashMap<Pseudonym, Pseudonym>,
) -> Result<Option<Vec<u8>>, LedgerError> {
    let mut select = tx.prepare("SELECT id, family, child, tag, salt FROM review_case ORDER BY tag")?;
    let mut rows = select.query([])?;
    let mut cases = Vec::new();
    while let Some(row) = rows.next()? {
        let family: Option<[u8; 16]> = row.get(1)?;
        let (tag, salt): ([u8; 16], [u8; 32]) = (row.get(3)?, row.get(4)?);
        cases.push((row.get::<_, i64>(0)?, family.map(Pseudonym::from_bytes), pseudonym(row, 2)?, tag, salt));
    }
    if cases.is_empty() {
        return Ok(None);
    }
    // New links would hide that a case was given to another pair.
    refuse_faults(tx)?;
    let store_id = store_id(tx)?;
    let mut listed = Vec::with_capacity(LISTED * cases.len());
    let mut update = tx.prepare("UPDATE review_case SET family = ?2, child = ?3, link_salt = ?4 WHERE id = ?1")?;
    for (id, family, child, tag, salt) in cases {
        let family = family.map(|family| new_name(family, families)).transpose()?;
        let child = new_name(child, samples)?;
        let case = Case { tag, salt, ..Case::random().map_err(LedgerError::Random)? };
        update.execute((id, family.as_ref().map(Pseudonym::as_bytes), child.as_bytes(), case.link_salt))?;
        listed.extend(tag);
        listed.extend(case.link(&store_id, family, child));
    }
    let mut select = tx.prepare("SELECT case_id, number, sample, digest FROM review_event WHERE sample IS NOT NULL")?;
    let mut rows = select.query([])?;
    let mut retests = Vec::new();
    while let Some(row) = rows.next()? {
        retests.push((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, pseudonym(row, 2)?, row.get::<_, [u8; 32]>(3)?));
    }
    let mut update = tx.prepare("UPDATE review_event SET sample = ?3, sum = ?4 WHERE case_id = ?1 AND number = ?2")?;
    for (case, number, sample, digest) in retests {
        let sample = new_name(sample, samples)?;
        update.execute((case, number, sample.as_bytes(), sample_checksum(&digest, sample)))?;
    }
    Ok(Some(listed))
}

/// Appends the record of a change of the key, with the digest of the list of links, and stores the list.
pub(super) fn append_renaming(tx: &Transaction<'_>, entry: Entry, listed: Option<Vec<u8>>) -> Result<(), LedgerError> {
    let Some(listed) = listed else { return append(tx, &entry).map(drop) };
    let number = append(tx, &entry.with_digest(RENAMED, blake3::hash(&listed).as_bytes()))?;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    tx.execute("INSERT INTO review_renaming (number, listed) VALUES (?1, ?2)", (number, listed))?;
    Ok(())
}

fn new_name(old: Pseudonym, names: &HashMap<Pseudonym, Pseudonym>) -> Result<Pseudonym, LedgerError> {
    let missing = || LedgerError::Review("it names a sample or family that has no new pseudonym".to_owned());
    names.get(&old).copied().ok_or_else(missing)
}
