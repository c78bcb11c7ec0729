//! Keeps the records of the exchange sound while other operations change the ledger: expunging, changes of the key, checks.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, Transaction};

use super::column::pseudonym_list;
use super::exchange::{HITS, PARTNERS, RECEIVED, ReceivedRow, SENT, SentRow, Stored, TOLD, ToldRow, delete};
use super::{Exchanged, LedgerError, Partner, ReceivedHit, ReceivedRecord, SentRecord, ToldHit};
use crate::model::Pseudonym;

/// Notes that samples and families are expunged: the agencies that have them are told in the next package, and hits about
/// them are withdrawn. Until then only the name for the agency stays. With `remember`, records of agencies are not taken again.
pub(super) fn expunge(
    tx: &Transaction<'_>,
    samples: &BTreeSet<Pseudonym>,
    families: &BTreeSet<Pseudonym>,
    remember: bool,
) -> Result<(), LedgerError> {
    let whom: Vec<Pseudonym> = samples.iter().chain(families).copied().collect();
    let list = pseudonym_list(&whom);
    let named = |columns: &[&str]| {
        let one = |column: &&str| format!("{column} IN (SELECT unhex(value) FROM json_each(?1))");
        columns.iter().map(one).collect::<Vec<_>>().join(" OR ")
    };
    let sent = SentRow::select(tx, &named(&["own"]), [&list])?;
    SentRow::put(tx, sent.into_iter().map(|row| SentRow(row.0, SentRecord { own: None, ..row.1 })))?;
    let received = ReceivedRow::select(tx, &named(&["own"]), [&list])?;
    if remember {
        // The agency's name stays, by which the record is known whatever the key of the store is.
        let known = received.into_iter().map(|row| ReceivedRow(row.0, ReceivedRecord { own: None, ..row.1 }));
        ReceivedRow::put(tx, known)?;
    } else {
        delete(tx, &RECEIVED, "theirs", received.iter().map(|row| (row.0, row.1.theirs)))?;
    }
    let told = ToldRow::select(tx, &named(&["family", "child"]), [&list])?;
    ToldRow::put(tx, told.into_iter().map(|row| ToldRow(row.0, ToldHit { pair: None, ..row.1 })))?;
    let hits = ReceivedHit::select(tx, &named(&["family", "child"]), [&list])?;
    delete(tx, &HITS, "reference", hits.iter().map(|hit| (hit.partner, hit.reference)))?;
    Ok(())
}

/// Gives the pseudonyms of this store their new names. The names that agencies have stay.
pub(super) fn rename(
    tx: &Transaction<'_>,
    samples: &HashMap<Pseudonym, Pseudonym>,
    families: &HashMap<Pseudonym, Pseudonym>,
) -> Result<(), LedgerError> {
    let new_name = |old: Pseudonym, names: &HashMap<Pseudonym, Pseudonym>| {
        let missing = || LedgerError::Damaged {
            of: "the records of the exchange".to_owned(),
            what: "they name somebody whom the ledger does not have",
        };
        names.get(&old).copied().ok_or_else(missing)
    };
    let sample = |old| new_name(old, samples);
    let family = |old| new_name(old, families);
    let of = |kind: Exchanged, old: Pseudonym| if kind == Exchanged::Family { family(old) } else { sample(old) };
    let mut sent = SentRow::select(tx, "own IS NOT NULL", [])?;
    for SentRow(_, record) in &mut sent {
        record.own = record.own.map(|own| of(record.kind, own)).transpose()?;
    }
    SentRow::put(tx, sent)?;
    let mut received = ReceivedRow::select(tx, "1", [])?;
    for ReceivedRow(_, record) in &mut received {
        record.own = record.own.map(|own| of(record.kind, own)).transpose()?;
    }
    ReceivedRow::put(tx, received)?;
    let mut told = ToldRow::select(tx, "1", [])?;
    for ToldRow(_, hit) in &mut told {
        hit.pair = hit.pair.map(|pair| Ok::<_, LedgerError>((family(pair.0)?, sample(pair.1)?))).transpose()?;
    }
    ToldRow::put(tx, told)?;
    let mut hits = ReceivedHit::select(tx, "1", [])?;
    for hit in &mut hits {
        (hit.family, hit.child) = (hit.family.map(family).transpose()?, hit.child.map(sample).transpose()?);
    }
    ReceivedHit::put(tx, hits)?;
    Ok(())
}

/// Appends every fault of these records.
pub(super) fn verify(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let mut note = |fault: Result<(), LedgerError>| findings.extend(fault.err().map(|error| error.to_string()));
    for table in [&PARTNERS, &SENT, &RECEIVED, &TOLD, &HITS] {
        note(table.check(connection));
    }
    note(Partner::select(connection, "1", []).map(drop));
    note(SentRow::select(connection, "1", []).map(drop));
    note(ReceivedRow::select(connection, "1", []).map(drop));
    note(ToldRow::select(connection, "1", []).map(drop));
    note(ReceivedHit::select(connection, "1", []).map(drop));
    Ok(())
}
