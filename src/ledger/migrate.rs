//! Migrates an older ledger to the present version: first the tables, then the values that SQL alone cannot compute.

use rusqlite::Transaction;

use super::column::{drop_out, pseudonym};
use super::{LedgerError, candidates, codec, described, integrity, runs, schema, typings};

/// The first version in which candidates, runs and profiles have checksums.
const WITH_CHECKSUMS: i64 = 14;
/// The first version in which profiles are stored in their present form.
const WITH_LESS_TO_WRITE: i64 = 15;
/// The first version in which families, loci and counts have checksums.
const WITH_INTEGRITY: i64 = 16;
/// The first version in which runs have columns for what their manifests held.
const WITH_RUN_FACTS: i64 = 17;

/// The first version in which samples and typings have checksums of what they have besides their profiles.
const WITH_DESCRIBED: i64 = 25;

/// Migrates a ledger of an older version to [`schema::VERSION`]; the caller commits.
///
/// # Errors
/// An error of SQLite.
pub(super) fn migrate(tx: &Transaction<'_>, from: i64) -> Result<(), LedgerError> {
    let done = usize::try_from(from).unwrap_or(0);
    for step in schema::MIGRATIONS.iter().skip(done) {
        tx.execute_batch(step)?;
    }
    if (1..WITH_CHECKSUMS).contains(&from) {
        candidates::renew_checksums(tx)?;
    }
    if (1..WITH_LESS_TO_WRITE).contains(&from) {
        profiles(tx, from >= WITH_CHECKSUMS)?;
    }
    if from < WITH_INTEGRITY {
        integrity::accept_all(tx)?;
    }
    if (1..WITH_RUN_FACTS).contains(&from) {
        runs::take_facts_from_manifests(tx, from >= WITH_CHECKSUMS)?;
    }
    if (1..WITH_DESCRIBED).contains(&from) {
        described::accept_all(tx)?;
        typings::accept_all(tx)?;
    }
    tx.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
    Ok(tx.pragma_update(None, "user_version", schema::VERSION)?)
}

/// Writes every profile in its present form.
fn profiles(tx: &Transaction<'_>, with_sum: bool) -> Result<(), LedgerError> {
    let mut select =
        tx.prepare("SELECT pseudonym, profile, drop_out, id FROM sample WHERE id > ?1 ORDER BY id LIMIT 1000")?;
    let mut update = tx.prepare("UPDATE sample SET profile = ?2 WHERE id = ?1")?;
    let mut last = i64::MIN;
    loop {
        let mut some: Vec<(i64, Vec<u8>)> = Vec::new();
        let mut rows = select.query([last])?;
        while let Some(row) = rows.next()? {
            let sample = pseudonym(row, 0)?;
            let drop_out = drop_out(row, sample, 2)?;
            let damaged = |what| LedgerError::Damaged { of: format!("sample {sample}"), what };
            let profile = codec::from_former(sample, drop_out, row.get_ref(1)?.as_blob().unwrap_or_default(), with_sum);
            some.push((row.get(3)?, profile.map_err(damaged)?));
        }
        let Some(&(id, _)) = some.last() else { return Ok(()) };
        last = id;
        some.iter().try_for_each(|row| update.execute((row.0, &row.1)).map(drop))?;
    }
}
