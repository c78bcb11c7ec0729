//! Keeps certificates and claims sound while other operations change the ledger: expunging, changes of the key, checks.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction};

use super::LedgerError;
use super::certificates::{
    CERTIFICATES, CERTIFICATES_FORGOTTEN, CLAIMS, CLAIMS_FORGOTTEN, CertificateCounts, certificate_sum, check_count,
    counts, note_forgotten, read_certificate, read_claim,
};
use super::column::pseudonym_list;
use super::meta::{add_to_count, set_meta};
use crate::certificates::Certificate;
use crate::model::Pseudonym;

/// Deletes the claims of expunged samples, and their names as parents on certificates.
pub(super) fn expunge(tx: &Transaction<'_>, samples: &BTreeSet<Pseudonym>) -> Result<(), LedgerError> {
    if counts(tx)? == CertificateCounts::default() || samples.is_empty() {
        return Ok(());
    }
    let list = pseudonym_list(&samples.iter().copied().collect::<Vec<_>>());
    let sql = "DELETE FROM certificate_claim WHERE child IN (SELECT unhex(value) FROM json_each(?1))";
    let claims = tx.execute(sql, [&list])?;
    add_to_count(tx, CLAIMS, -i64::try_from(claims).unwrap_or(i64::MAX))?;
    let mut select = tx.prepare(
        "SELECT number, letter, province, sex, born, birth_place, issued_on, issued_in, mother, father, sum
         FROM certificate WHERE mother IN (SELECT unhex(value) FROM json_each(?1))
                             OR father IN (SELECT unhex(value) FROM json_each(?1))",
    )?;
    let mut rows = select.query([&list])?;
    let mut without = Vec::new();
    while let Some(row) = rows.next()? {
        let certificate = read_certificate(row, 0)?;
        let stays = |parent: Option<Pseudonym>| parent.filter(|parent| !samples.contains(parent));
        let (mother, father) = (stays(certificate.mother), stays(certificate.father));
        without.push(Certificate { mother, father, ..certificate });
    }
    let mut update = tx.prepare("UPDATE certificate SET mother = ?2, father = ?3, sum = ?4 WHERE number = ?1")?;
    for certificate in &without {
        let [mother, father] =
            [&certificate.mother, &certificate.father].map(|one| one.as_ref().map(Pseudonym::as_bytes));
        update.execute((certificate.number, mother, father, certificate_sum(certificate)))?;
    }
    Ok(())
}

/// Deletes all certificates and claims, because a change of the key makes their hashes useless, and whoever has the old
/// key could find the numbers by trying all of them. Returns what there was.
pub(super) fn forget(tx: &Transaction<'_>) -> Result<CertificateCounts, LedgerError> {
    let all = counts(tx)?;
    note_forgotten(tx, CERTIFICATES_FORGOTTEN, all.certificates)?;
    note_forgotten(tx, CLAIMS_FORGOTTEN, all.claims)?;
    tx.execute("DELETE FROM certificate", [])?;
    tx.execute("DELETE FROM certificate_claim", [])?;
    [CERTIFICATES, CLAIMS].into_iter().try_for_each(|count| set_meta(tx, count, 0))?;
    Ok(all)
}

/// Appends every fault of certificates and claims.
pub(super) fn verify(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    let mut faults = BTreeSet::new();
    let mut number = 0;
    let mut statement = connection.prepare(
        "SELECT number, letter, province, sex, born, birth_place, issued_on, issued_in, mother, father, sum FROM certificate",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        faults.extend(read_certificate(row, 0).err().map(|error| error.to_string()));
        number += 1;
    }
    faults.extend(check_count(connection, CERTIFICATES, number).err().map(|error| error.to_string()));
    number = 0;
    let mut statement = connection.prepare(
        "SELECT child, number, letter, province, next, sex, born, claimed_on, place, sum FROM certificate_claim",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        faults.extend(read_claim(row).err().map(|error| error.to_string()));
        number += 1;
    }
    faults.extend(check_count(connection, CLAIMS, number).err().map(|error| error.to_string()));
    findings.extend(faults);
    Ok(())
}
