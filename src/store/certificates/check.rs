//! Checks claims of birth certificates: one, those of a file, or all.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::audit::Entry;
use crate::certificates::{Answer, Case, Claim, Severity, check};
use crate::intake::{ListRequest, SpreadsheetNumbers, claimed_number, list_bytes, read_claims};
use crate::kinship::Calculator;
use crate::ledger::{Claims, Ledger};
use crate::model::{Pseudonym, Sex, shown_path};
use crate::pseudonym::{CertificateHasher, Pseudonymizer, SecretKey};
use crate::report::{CertificateReport, CertificateRow};

use super::dna::{Dna, compare};
use crate::store::error::StoreError;
use crate::store::folder::Store;

/// What to check.
#[derive(Clone, PartialEq, Eq)]
pub enum CertificateQuery {
    /// Every claim of the store.
    All,
    /// The claims of a child.
    Child(Pseudonym),
    /// A number: the claims of it, or the number alone.
    Number(String),
    /// The rows of a list of claims, which are not stored; `sample_id` may be missing. `-` is standard input.
    File(PathBuf),
}

impl CertificateQuery {
    fn word(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Child(_) => "child",
            Self::Number(_) => "number",
            Self::File(_) => "file",
        }
    }
}

/// The result of checking all claims at the end of a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateNight {
    /// Claims.
    pub claims: u64,
    /// Claims that something contradicts.
    pub contradicted: u64,
    /// Claims with a warning, and nothing that contradicts them.
    pub doubtful: u64,
    /// Claims with a contradiction or warning that the last match did not count.
    pub new: u64,
    /// `true` if a change of the key deleted certificates or claims that were not imported again.
    pub is_forgotten: bool,
}

/// The case of a row to report, with its line in a file.
struct Asked {
    cases: Vec<Case>,
    /// Which of the cases to report, each with its line.
    reported: Vec<(usize, Option<u64>)>,
}

/// The answers to a case, and what DNA says.
struct Answered {
    answers: Vec<Answer>,
    dna: Option<Dna>,
}

impl Store {
    /// Checks birth certificates, by the registry, by other claims, and by DNA where the certificate's parents are
    /// typed.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let report = store.check_certificates(&CertificateQuery::All, &store::entry("certificate check", None))?;
    /// println!("{} claims, {} contradicted", report.claims.len(), report.contradicted());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::CertificatesForgotten`], [`StoreError::NoCertificates`], [`StoreError::NoClaim`],
    /// [`StoreError::Refused`] for a file with errors; errors of the ledger.
    pub fn check_certificates(&self, query: &CertificateQuery, entry: &Entry) -> Result<CertificateReport, StoreError> {
        self.recording_unknown(entry, self.check_certificates_known(query, entry))
    }

    fn check_certificates_known(
        &self,
        query: &CertificateQuery,
        entry: &Entry,
    ) -> Result<CertificateReport, StoreError> {
        let mut ledger = self.ledger()?;
        let counts = ledger.certificate_counts()?;
        let (certificates, claims) = (counts.certificates_forgotten, counts.claims_forgotten);
        let needs_claims = matches!(query, CertificateQuery::All | CertificateQuery::Child(_));
        if certificates > 0 || (claims > 0 && needs_claims) {
            return Err(StoreError::CertificatesForgotten { certificates, claims });
        }
        if counts.certificates + counts.claims == 0 {
            return Err(StoreError::NoCertificates);
        }
        let calculator = self.calculator()?;
        let asked = self.asked(&ledger, query)?;
        let answered = self.answers(&ledger, &calculator, &asked.cases, &asked.reported)?;
        let rows = asked.reported.iter().zip(answered).map(|(&(at, line), Answered { answers, dna })| {
            CertificateRow::new(line, asked.cases[at].claim.child, &answers, dna.and_then(|dna| dna.numbers))
        });
        let mut report = CertificateReport::new(rows.collect(), calculator.settings_line(), counts.certificates);
        report.claims_forgotten = claims;
        let about: BTreeSet<Pseudonym> = report.claims.iter().filter_map(|row| row.child).collect();
        let entry = self.name_table(entry).with("of", query.word()).with("claims", report.claims.len() as u64);
        ledger.append_look(&entry.with("contradicted", report.contradicted()).about(about))?;
        Ok(report)
    }

    /// Finds the claims that a query is about, with all others to compare them with.
    fn asked(&self, ledger: &Ledger, query: &CertificateQuery) -> Result<Asked, StoreError> {
        let mut cases = ledger.claims()?;
        let among = |cases: &[Case], claims: Claims| -> Vec<(usize, Option<u64>)> {
            let fits = cases.iter().enumerate().filter(|(_, case)| claims.has(&case.claim));
            fits.map(|(at, _)| (at, None)).collect()
        };
        let reported = match query {
            CertificateQuery::All => among(&cases, Claims::All),
            CertificateQuery::Child(child) => {
                if !ledger.has_child(*child)? {
                    return Err(StoreError::NoChild(*child));
                }
                let reported = among(&cases, Claims::Child(*child));
                if reported.is_empty() {
                    return Err(StoreError::NoClaim(*child));
                }
                reported
            }
            CertificateQuery::Number(text) => {
                let hasher = CertificateHasher::new(&*self.key_of_store(ledger)?);
                let number = claimed_number(&hasher, text);
                let reported = among(&cases, Claims::Number(number.hash));
                if reported.is_empty() {
                    let claim = Claim {
                        child: None,
                        number,
                        sex: Sex::Unknown,
                        born: None,
                        claimed_on: None,
                        place: None,
                        agency: None,
                    };
                    add(ledger, &mut cases, vec![(None, claim)])?
                } else {
                    reported
                }
            }
            CertificateQuery::File(path) => {
                let key = self.key_of_store(ledger)?;
                let (hasher, names) = (CertificateHasher::new(&key), Pseudonymizer::new(&key));
                let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { shown_path(path) };
                let spreadsheet_numbers = SpreadsheetNumbers::Refuse;
                let request = ListRequest { names: &names, spreadsheet_numbers, sheet: None, encoding: None };
                let read = read_claims(&name, &list_bytes(path)?, &hasher, &request, false);
                if !read.problems.is_empty() {
                    return Err(StoreError::Refused { path: path.clone(), problems: read.problems });
                }
                let claims = read.rows.into_iter().map(|(line, claim)| (Some(line), claim)).collect();
                add(ledger, &mut cases, claims)?
            }
        };
        Ok(Asked { cases, reported })
    }

    /// Returns the key, after checking that it belongs to this store; changes nothing, so that an account that only reads
    /// can look.
    fn key_of_store(&self, ledger: &Ledger) -> Result<Arc<SecretKey>, StoreError> {
        let key = self.key()?;
        ledger.check_key(key.fingerprint().bytes())?;
        Ok(key)
    }

    /// Returns the answers to the reported cases, and what DNA says.
    fn answers(
        &self,
        ledger: &Ledger,
        calculator: &Calculator,
        cases: &[Case],
        reported: &[(usize, Option<u64>)],
    ) -> Result<Vec<Answered>, StoreError> {
        let mut all = check(cases, &ledger.certificate_coverage()?);
        let mut answers: Vec<Vec<Answer>> = reported.iter().map(|&(at, _)| std::mem::take(&mut all[at])).collect();
        let reported: Vec<Case> = reported.iter().map(|&(at, _)| cases[at].clone()).collect();
        let dna = compare(self, ledger, calculator, &reported)?;
        for (answers, dna) in answers.iter_mut().zip(&dna) {
            answers.extend(dna.iter().map(|dna| Answer::from(dna.code)));
            answers.sort_by_key(|answer| (answer.code.severity(), answer.code));
        }
        Ok(answers.into_iter().zip(dna).map(|(answers, dna)| Answered { answers, dna }).collect())
    }

    /// Checks all claims as a step of a match; `None` if there are none.
    pub(in crate::store) fn certificates_of_night(
        &self,
        ledger: &mut Ledger,
        calculator: &Calculator,
    ) -> Result<Option<CertificateNight>, StoreError> {
        let counts = ledger.certificate_counts()?;
        let mut night = CertificateNight {
            claims: counts.claims,
            is_forgotten: counts.certificates_forgotten + counts.claims_forgotten > 0,
            ..CertificateNight::default()
        };
        if counts.claims == 0 || night.is_forgotten {
            return Ok(Some(night).filter(|night| night.is_forgotten));
        }
        let cases = ledger.claims()?;
        let reported: Vec<(usize, Option<u64>)> = (0..cases.len()).map(|at| (at, None)).collect();
        let answered = self.answers(ledger, calculator, &cases, &reported)?;
        let told = ledger.claims_told()?;
        let mut changed = Vec::new();
        for (case, Answered { answers, .. }) in cases.iter().zip(&answered) {
            let Some(child) = case.claim.child else { continue };
            let grave = || answers.iter().filter(|answer| answer.code.severity() < Severity::Note);
            match grave().map(|answer| answer.code.severity()).min() {
                Some(Severity::Contradiction) => night.contradicted += 1,
                Some(_) => night.doubtful += 1,
                None => {}
            }
            let words: Vec<&str> = grave().map(|answer| answer.code.word()).collect();
            let before = told.get(&(child, case.claim.number.hash)).map_or("", String::as_str);
            if words.iter().any(|word| !before.split(' ').any(|known| known == *word)) {
                night.new += 1;
            }
            let words = words.join(" ");
            if words != before {
                changed.push((child, case.claim.number.hash, words));
            }
        }
        if !changed.is_empty() {
            ledger.tell_claims(&changed)?;
        }
        Ok(Some(night))
    }
}

/// Adds claims of a query, with their certificates. Returns which cases they are.
fn add(
    ledger: &Ledger,
    cases: &mut Vec<Case>,
    claims: Vec<(Option<u64>, Claim)>,
) -> Result<Vec<(usize, Option<u64>)>, StoreError> {
    let numbers: Vec<_> = claims.iter().map(|(_, claim)| claim.number.hash).collect();
    let children: Vec<Pseudonym> = claims.iter().filter_map(|(_, claim)| claim.child).collect();
    let (known, sexes) = (ledger.certificates_numbered(&numbers)?, ledger.sexes_of(&children)?);
    let mut reported = Vec::with_capacity(claims.len());
    for (line, claim) in claims {
        let sample_sex = claim.child.and_then(|child| sexes.get(&child).copied()).unwrap_or(Sex::Unknown);
        let certificate = known.get(&claim.number.hash).cloned();
        reported.push((cases.len(), line));
        cases.push(Case { claim, sample_sex, certificate });
    }
    Ok(reported)
}
