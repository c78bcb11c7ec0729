//! Stores certificates of a registry and claims of them, and reads claims with their certificates.
//!
//! Numbers are keyed hashes. `meta` has the numbers of rows (`certificates`, `certificate_claims`), which every change
//! adds to, and how many rows a change of the key deleted (`certificates_forgotten`, `claims_forgotten`) until others
//! are imported.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row, Statement, Transaction};

use super::audit::append;
use super::checksum::{Checksum, Sum};
use super::column::{pseudonym, pseudonym_list};
use super::expunged::expunged_among;
use super::ledger::Ledger;
use super::list_imported::ListImported;
use super::meta::{add_to_count, meta, set_meta};
use super::{LedgerError, OnConflict};
use crate::audit::Attribution;
use crate::certificates::{Case, Certificate, Claim, ClaimedNumber, Coverage, Issue, NumberHash};
use crate::model::{Place, Pseudonym, Sex};

/// Names in `meta`.
pub(super) const CERTIFICATES: &str = "certificates";
pub(super) const CLAIMS: &str = "certificate_claims";
pub(super) const CERTIFICATES_FORGOTTEN: &str = "certificates_forgotten";
pub(super) const CLAIMS_FORGOTTEN: &str = "claims_forgotten";

/// Numbers of certificates and claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateCounts {
    /// Certificates.
    pub certificates: u64,
    /// Claims.
    pub claims: u64,
    /// Certificates that a change of the key deleted, if none were imported since.
    pub certificates_forgotten: u64,
    /// Claims that a change of the key deleted, if none were imported since.
    pub claims_forgotten: u64,
}

/// Selects claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claims {
    /// All of them.
    All,
    /// Those of a child.
    Child(Pseudonym),
    /// Those of a number.
    Number(NumberHash),
}

impl Claims {
    /// Reports whether a claim is selected.
    #[must_use]
    pub fn has(self, claim: &Claim) -> bool {
        match self {
            Self::All => true,
            Self::Child(child) => claim.child == Some(child),
            Self::Number(number) => claim.number.hash == number,
        }
    }
}

/// What an import does with the rows that a ledger has already.
struct Writing<'t> {
    insert: Statement<'t>,
    select: Statement<'t>,
    replace: Statement<'t>,
    on_conflict: OnConflict,
    done: ListImported,
}

impl Writing<'_> {
    /// Returns what was done.
    fn done(self) -> ListImported {
        self.done
    }

    /// Writes a row, given its key and all its values, of which the last is the checksum.
    fn row(
        &mut self,
        line: u64,
        key: &[&dyn rusqlite::ToSql],
        all: &[&dyn rusqlite::ToSql],
        sum: Sum,
    ) -> Result<(), LedgerError> {
        if self.insert.execute(all)? > 0 {
            self.done.added += 1;
            return Ok(());
        }
        let stored: Option<Sum> = self.select.query_row(key, |row| row.get(0)).optional()?;
        if stored == Some(sum) {
            self.done.unchanged += 1;
            return Ok(());
        }
        match self.on_conflict {
            OnConflict::Keep => self.done.kept += 1,
            OnConflict::Replace => {
                self.replace.execute(all)?;
                self.done.replaced += 1;
            }
            OnConflict::Refuse | OnConflict::Add => self.done.conflicts.push(line),
        }
        Ok(())
    }
}

const CERTIFICATE_COLUMNS: &str =
    "number, letter, province, sex, born, birth_place, issued_on, issued_in, mother, father, sum";
const CLAIM_COLUMNS: &str = "child, number, letter, province, next, sex, born, claimed_on, place, sum";

impl Ledger {
    /// Imports certificates of a registry, each with its line, in one transaction. A parent whose sample was expunged is
    /// left out; `former` are the parents that the reader recognised by former keys.
    ///
    /// # Errors
    /// A database error. Nothing is changed then, and neither if there are conflicts.
    pub fn import_certificates<'e>(
        &mut self,
        rows: Vec<(u64, Certificate)>,
        former: &HashMap<Pseudonym, [u8; 32]>,
        on_conflict: OnConflict,
        dry_run: bool,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<ListImported, LedgerError> {
        let mut rows = rows;
        // In the order of the table, which is written much faster.
        rows.sort_unstable_by_key(|(_, row)| row.number);
        let tx = self.begin()?;
        let parents = rows.iter().flat_map(|(_, row)| [row.mother, row.father]).flatten();
        let expunged: BTreeSet<Pseudonym> = expunged_among(&tx, parents)?;
        let is_gone = |one: Pseudonym| expunged.contains(&one) || former.contains_key(&one);
        let mut writing = Writing {
            insert: tx.prepare(&insert("certificate", CERTIFICATE_COLUMNS, 11, "INSERT OR IGNORE"))?,
            select: tx.prepare("SELECT sum FROM certificate WHERE number = ?1")?,
            replace: tx.prepare(&insert("certificate", CERTIFICATE_COLUMNS, 11, "INSERT OR REPLACE"))?,
            on_conflict,
            done: ListImported::default(),
        };
        for (line, mut row) in rows {
            for parent in [&mut row.mother, &mut row.father] {
                if parent.is_some_and(is_gone) {
                    *parent = None;
                    writing.done.expunged += 1;
                }
            }
            let sum = certificate_sum(&row);
            let Certificate { number, issue, sex, born, birth_place, issued_on, issued_in, mother, father } = &row;
            let [mother, father] = [mother, father].map(|parent| parent.as_ref().map(Pseudonym::as_bytes));
            let (letter, province) = (issue.letter.map(String::from), issue.province);
            let (born, issued_on) = (born.map(of_date), issued_on.map(of_date));
            let (birth_place, issued_in) = (birth_place.map(Place::code), issued_in.map(Place::code));
            let all: [&dyn rusqlite::ToSql; 11] = [
                number,
                &letter,
                &province,
                &sex.word(),
                &born,
                &birth_place,
                &issued_on,
                &issued_in,
                &mother,
                &father,
                &sum,
            ];
            writing.row(line, &[number], &all, sum)?;
        }
        let done = writing.done();
        add_to_count(&tx, CERTIFICATES, i64::try_from(done.added).unwrap_or(i64::MAX))?;
        finish(tx, done, CERTIFICATES_FORGOTTEN, dry_run, entry.into())
    }

    /// Imports claims of children whom the ledger has, each with its line, in one transaction.
    ///
    /// # Errors
    /// As [`Self::import_certificates`].
    pub fn import_claims<'e>(
        &mut self,
        rows: Vec<(u64, Claim)>,
        on_conflict: OnConflict,
        dry_run: bool,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<ListImported, LedgerError> {
        let children: Vec<Pseudonym> = rows.iter().filter_map(|(_, row)| row.child).collect();
        let tx = self.begin()?;
        let done = write_claims(&tx, rows, on_conflict)?;
        let attribution = entry.into();
        let about = attribution.entry().map(|entry| entry.about(children));
        let attribution = about.as_ref().map_or(attribution, Attribution::Entry);
        finish(tx, done, CLAIMS_FORGOTTEN, dry_run, attribution)
    }

    /// Returns the numbers of certificates and claims.
    ///
    /// # Errors
    /// A database error.
    pub fn certificate_counts(&self) -> Result<CertificateCounts, LedgerError> {
        counts(&self.connection)
    }

    /// Returns all claims, by child and number, each with its certificate and the sample's sex and agency.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first row with a wrong checksum, or if a row is missing; a database error.
    pub fn claims(&self) -> Result<Vec<Case>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let mut statement = tx.prepare(
            "SELECT c.child, c.number, c.letter, c.province, c.next, c.sex, c.born, c.claimed_on, c.place, c.sum,
                    sample.sex, sample.agency,
                    r.number, r.letter, r.province, r.sex, r.born, r.birth_place, r.issued_on, r.issued_in, r.mother,
                    r.father, r.sum
             FROM certificate_claim c LEFT JOIN sample ON sample.pseudonym = c.child
             LEFT JOIN certificate r ON r.number = c.number ORDER BY c.child, c.number",
        )?;
        let mut rows = statement.query([])?;
        let mut cases = Vec::new();
        while let Some(row) = rows.next()? {
            let claim = read_claim(row)?;
            let sample_sex =
                row.get::<_, Option<String>>(10)?.map_or(Ok(Sex::Unknown), |word| sex(&word, "a sample"))?;
            let certificate = match row.get::<_, Option<NumberHash>>(12)? {
                Some(_) => Some(read_certificate(row, 12)?),
                None => None,
            };
            cases.push(Case { claim: Claim { agency: row.get(11)?, ..claim }, sample_sex, certificate });
        }
        check_count(&tx, CLAIMS, cases.len() as u64)?;
        Ok(cases)
    }

    /// Returns the certificates with these numbers, by number. Reads all of them with one query.
    ///
    /// # Errors
    /// As [`Self::claims`].
    pub fn certificates_numbered(
        &self,
        numbers: &[NumberHash],
    ) -> Result<HashMap<NumberHash, Certificate>, LedgerError> {
        let list: Vec<String> = numbers.iter().map(|number| data_encoding::HEXLOWER.encode(number)).collect();
        let sql = format!(
            "SELECT {CERTIFICATE_COLUMNS} FROM certificate WHERE number IN (SELECT unhex(value) FROM json_each(?1))"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([format!("[\"{}\"]", list.join("\",\""))])?;
        let mut found = HashMap::new();
        while let Some(row) = rows.next()? {
            let certificate = read_certificate(row, 0)?;
            found.insert(certificate.number, certificate);
        }
        Ok(found)
    }

    /// Returns the sexes of those of these samples that the ledger has. Reads all of them with one query.
    ///
    /// # Errors
    /// A database error.
    pub fn sexes_of(&self, samples: &[Pseudonym]) -> Result<HashMap<Pseudonym, Sex>, LedgerError> {
        let sql = "SELECT pseudonym, sex FROM sample WHERE pseudonym IN (SELECT unhex(value) FROM json_each(?1))";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([pseudonym_list(samples)])?;
        let mut sexes = HashMap::new();
        while let Some(row) = rows.next()? {
            sexes.insert(pseudonym(row, 0)?, sex(&row.get::<_, String>(1)?, "a sample")?);
        }
        Ok(sexes)
    }

    /// Returns the provinces and forms of which the ledger has certificates.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] if a certificate is missing; a database error.
    pub fn certificate_coverage(&self) -> Result<Coverage, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let mut statement =
            tx.prepare("SELECT province, min(letter), count(*) FROM certificate GROUP BY province, letter IS NULL")?;
        let mut rows = statement.query([])?;
        let (mut coverage, mut all) = (Coverage::default(), 0);
        while let Some(row) = rows.next()? {
            coverage.add(Issue { province: row.get(0)?, letter: letter(row, 1)? });
            all += row.get::<_, i64>(2)?.unsigned_abs();
        }
        check_count(&tx, CERTIFICATES, all)?;
        Ok(coverage)
    }

    /// Returns for each claim, by child and number, what [`Self::tell_claims`] noted last.
    ///
    /// # Errors
    /// A database error.
    pub fn claims_told(&self) -> Result<HashMap<(Pseudonym, NumberHash), String>, LedgerError> {
        let mut statement =
            self.connection.prepare("SELECT child, number, told FROM certificate_claim WHERE told <> ''")?;
        let mut rows = statement.query([])?;
        let mut told = HashMap::new();
        while let Some(row) = rows.next()? {
            told.insert((pseudonym(row, 0)?, row.get(1)?), row.get(2)?);
        }
        Ok(told)
    }

    /// Notes which answers to claims were told, as a step of an operation that is recorded itself.
    ///
    /// # Errors
    /// A database error. Nothing is changed then.
    pub fn tell_claims(&mut self, told: &[(Pseudonym, NumberHash, String)]) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        {
            let mut update = tx.prepare("UPDATE certificate_claim SET told = ?3 WHERE child = ?1 AND number = ?2")?;
            told.iter()
                .try_for_each(|(child, number, words)| update.execute((child.as_bytes(), number, words)).map(drop))?;
        }
        Ok(tx.commit()?)
    }
}

/// Writes claims, and adds to their number, as a part of an import.
pub(super) fn write_claims(
    tx: &Transaction<'_>,
    rows: Vec<(u64, Claim)>,
    on_conflict: OnConflict,
) -> Result<ListImported, LedgerError> {
    let mut rows = rows;
    rows.sort_unstable_by_key(|(_, row)| (row.child, row.number.hash));
    let mut writing = Writing {
        insert: tx.prepare(&insert("certificate_claim", CLAIM_COLUMNS, 10, "INSERT OR IGNORE"))?,
        select: tx.prepare("SELECT sum FROM certificate_claim WHERE child = ?1 AND number = ?2")?,
        replace: tx.prepare(&insert("certificate_claim", CLAIM_COLUMNS, 10, "INSERT OR REPLACE"))?,
        on_conflict,
        done: ListImported::default(),
    };
    for (line, row) in rows {
        let Some(child) = row.child else { continue };
        let sum = claim_sum(child, &row);
        let Claim { number: ClaimedNumber { hash, issue, next }, sex, born, claimed_on, place, .. } = &row;
        let (letter, province) =
            (issue.and_then(|issue| issue.letter).map(String::from), issue.map(|one| one.province));
        let (born, claimed_on, place) = (born.map(of_date), claimed_on.map(of_date), place.map(Place::code));
        let (child, next) = (child.as_bytes(), next.concat());
        let all: [&dyn rusqlite::ToSql; 10] =
            [child, hash, &letter, &province, &next, &sex.word(), &born, &claimed_on, &place, &sum];
        writing.row(line, &[child, hash], &all, sum)?;
    }
    let done = writing.done();
    add_to_count(tx, CLAIMS, i64::try_from(done.added).unwrap_or(i64::MAX))?;
    Ok(done)
}

/// Returns the statement that writes all columns of a table.
fn insert(table: &str, columns: &str, number: usize, verb: &str) -> String {
    let places: Vec<String> = (1..=number).map(|place| format!("?{place}")).collect();
    format!("{verb} INTO {table} ({columns}) VALUES ({})", places.join(", "))
}

/// Ends an import: counts, records and commits it, unless it changed nothing or must not.
fn finish(
    tx: Transaction<'_>,
    done: ListImported,
    forgotten: &str,
    dry_run: bool,
    attribution: Attribution<'_>,
) -> Result<ListImported, LedgerError> {
    if dry_run || !done.conflicts.is_empty() {
        return Ok(done);
    }
    tx.execute("DELETE FROM meta WHERE key = ?1", [forgotten])?;
    if let Some(entry) = attribution.entry() {
        let entry = entry.with("added", done.added).with("unchanged", done.unchanged);
        append(&tx, &entry.with("replaced", done.replaced).with("kept", done.kept))?;
    }
    tx.commit()?;
    Ok(done)
}

/// Checks that the number of rows equals the stored one.
pub(super) fn check_count(connection: &Connection, count: &str, found: u64) -> Result<(), LedgerError> {
    if meta(connection, count)?.map_or(0, i64::unsigned_abs) == found {
        return Ok(());
    }
    let of = if count == CLAIMS { "the claims of birth certificates" } else { "the birth certificates" };
    Err(LedgerError::Damaged { of: of.to_owned(), what: "there are more or fewer than were imported" })
}

pub(super) fn counts(connection: &Connection) -> Result<CertificateCounts, LedgerError> {
    let of = |key| Ok::<_, LedgerError>(meta(connection, key)?.map_or(0, i64::unsigned_abs));
    Ok(CertificateCounts {
        certificates: of(CERTIFICATES)?,
        claims: of(CLAIMS)?,
        certificates_forgotten: of(CERTIFICATES_FORGOTTEN)?,
        claims_forgotten: of(CLAIMS_FORGOTTEN)?,
    })
}

/// Notes how many rows a change of the key deletes; an earlier number stays if it is higher.
pub(super) fn note_forgotten(tx: &Transaction<'_>, key: &str, number: u64) -> Result<(), LedgerError> {
    let before = meta(tx, key)?.map_or(0, i64::unsigned_abs);
    if number.max(before) > 0 {
        set_meta(tx, key, i64::try_from(number.max(before)).unwrap_or(i64::MAX))?;
    }
    Ok(())
}

/// Returns a day as a number: 20240105.
fn of_date(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

fn damaged(of: &str, what: &'static str) -> LedgerError {
    LedgerError::Damaged { of: of.to_owned(), what }
}

fn date(row: &Row<'_>, column: usize, of: &str) -> Result<Option<Date>, LedgerError> {
    let Some(number) = row.get::<_, Option<i64>>(column)? else { return Ok(None) };
    let part = |number: i64| i8::try_from(number % 100).ok();
    let year = i16::try_from(number / 10_000).ok();
    let date = year.zip(part(number / 100)).zip(part(number)).and_then(|((y, m), d)| Date::new(y, m, d).ok());
    date.map(Some).ok_or_else(|| damaged(of, "a day is invalid"))
}

fn place(row: &Row<'_>, column: usize, of: &str) -> Result<Option<Place>, LedgerError> {
    let code: Option<u32> = row.get(column)?;
    code.map(|code| Place::of_code(code).ok_or_else(|| damaged(of, "a place is invalid"))).transpose()
}

fn letter(row: &Row<'_>, column: usize) -> Result<Option<char>, LedgerError> {
    Ok(row.get::<_, Option<String>>(column)?.and_then(|letter| letter.chars().next()))
}

fn sex(word: &str, of: &str) -> Result<Sex, LedgerError> {
    word.parse().map_err(|_| damaged(of, "the sex is invalid"))
}

/// Reads the certificate of a row, from this column on, and checks it against its checksum.
pub(super) fn read_certificate(row: &Row<'_>, at: usize) -> Result<Certificate, LedgerError> {
    const OF: &str = "a birth certificate";
    let parent = |column: usize| -> Result<Option<Pseudonym>, LedgerError> {
        Ok(row.get::<_, Option<[u8; Pseudonym::LEN]>>(column)?.map(Pseudonym::from_bytes))
    };
    let certificate = Certificate {
        number: row.get(at)?,
        issue: Issue { letter: letter(row, at + 1)?, province: row.get(at + 2)? },
        sex: sex(&row.get::<_, String>(at + 3)?, OF)?,
        born: date(row, at + 4, OF)?,
        birth_place: place(row, at + 5, OF)?,
        issued_on: date(row, at + 6, OF)?,
        issued_in: place(row, at + 7, OF)?,
        mother: parent(at + 8)?,
        father: parent(at + 9)?,
    };
    let stored: Option<Sum> = row.get(at + 10)?;
    if stored == Some(certificate_sum(&certificate)) { Ok(certificate) } else { Err(damaged(OF, "it was changed")) }
}

/// Reads the claim of a row, without the agency, and checks it against its checksum.
pub(super) fn read_claim(row: &Row<'_>) -> Result<Claim, LedgerError> {
    const OF: &str = "a claim of a birth certificate";
    let child = pseudonym(row, 0)?;
    let province: Option<u8> = row.get(3)?;
    let letter = letter(row, 2)?;
    let next: Vec<u8> = row.get(4)?;
    let claim = Claim {
        child: Some(child),
        number: ClaimedNumber {
            hash: row.get(1)?,
            issue: province.map(|province| Issue { letter, province }),
            next: next.chunks_exact(16).filter_map(|hash| hash.try_into().ok()).collect(),
        },
        sex: sex(&row.get::<_, String>(5)?, OF)?,
        born: date(row, 6, OF)?,
        claimed_on: date(row, 7, OF)?,
        place: place(row, 8, OF)?,
        agency: None,
    };
    let stored: Option<Sum> = row.get(9)?;
    if stored == Some(claim_sum(child, &claim)) { Ok(claim) } else { Err(damaged(OF, "it was changed")) }
}

/// Computes the checksum of a certificate.
pub(super) fn certificate_sum(certificate: &Certificate) -> Sum {
    let Certificate { number, issue, sex, born, birth_place, issued_on, issued_in, mother, father } = certificate;
    with_issue(Checksum::default().with(number), Some(*issue))
        .with(sex.word())
        .with_optional(born.map(|date| of_date(date).to_le_bytes()))
        .with_optional(birth_place.map(|place| place.code().to_le_bytes()))
        .with_optional(issued_on.map(|date| of_date(date).to_le_bytes()))
        .with_optional(issued_in.map(|place| place.code().to_le_bytes()))
        .with_optional(mother.as_ref().map(Pseudonym::as_bytes))
        .with_optional(father.as_ref().map(Pseudonym::as_bytes))
        .sum()
}

fn claim_sum(child: Pseudonym, claim: &Claim) -> Sum {
    let Claim { number: ClaimedNumber { hash, issue, next }, sex, born, claimed_on, place, .. } = claim;
    with_issue(Checksum::default().with(child.as_bytes()).with(hash), *issue)
        .with(next.concat())
        .with(sex.word())
        .with_optional(born.map(|date| of_date(date).to_le_bytes()))
        .with_optional(claimed_on.map(|date| of_date(date).to_le_bytes()))
        .with_optional(place.map(|place| place.code().to_le_bytes()))
        .sum()
}

fn with_issue(checksum: Checksum, issue: Option<Issue>) -> Checksum {
    let letter = issue.and_then(|issue| issue.letter).map(|letter| u32::from(letter).to_le_bytes());
    checksum.with_optional(letter).with_optional(issue.map(|issue| [issue.province]))
}
