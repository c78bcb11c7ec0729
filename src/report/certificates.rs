//! Writes what the checks of birth certificates found.

use std::collections::BTreeMap;
#[cfg(feature = "cli")]
use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use crate::certificates::{Answer, Code, Severity};
use crate::model::Pseudonym;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
use super::words::spaced;
#[cfg(feature = "cli")]
use super::words::{count, more_rows, ratio};

/// What DNA says about a child and the typed parents of its certificate, against unrelated persons.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CertificateDna {
    /// log10 LR of all typed parents together.
    pub log10_lr: f64,
    /// Loci at which the child and a parent are typed.
    pub loci_compared: u32,
    /// Loci at which the child cannot be theirs without a mutation.
    pub incompatible_loci: u32,
    /// log10 LR of the mother alone; `None` if she is not typed.
    pub log10_lr_mother: Option<f64>,
    /// log10 LR of the father alone; `None` if he is not typed.
    pub log10_lr_father: Option<f64>,
}

/// One answer, ready for output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CertificateAnswer {
    /// The kind.
    #[serde(serialize_with = "code_word")]
    pub code: Code,
    /// `contradicts`, `warning` or `note`.
    #[serde(serialize_with = "severity_word")]
    pub severity: Severity,
    /// The reason, and what to do.
    pub what: &'static str,
    /// The other children that it is about.
    pub others: Vec<Pseudonym>,
}

fn code_word<S: Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.word())
}

fn severity_word<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity.word())
}

/// One claim, ready for output.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CertificateRow {
    /// The line in a file; `None` for a claim of the store.
    pub line: Option<u64>,
    /// The child; `None` if none was named.
    pub child: Option<Pseudonym>,
    /// The gravest severity of the answers.
    #[serde(serialize_with = "severity_word")]
    pub severity: Severity,
    /// The answers, the gravest first.
    pub answers: Vec<CertificateAnswer>,
    /// What DNA says; `None` if nothing was compared.
    pub dna: Option<CertificateDna>,
}

impl CertificateRow {
    /// Returns a claim with its answers.
    #[must_use]
    pub fn new(line: Option<u64>, child: Option<Pseudonym>, answers: &[Answer], dna: Option<CertificateDna>) -> Self {
        let answer = |answer: &Answer| {
            let code = answer.code;
            CertificateAnswer { code, severity: code.severity(), what: code.text(), others: answer.others.clone() }
        };
        let answers: Vec<CertificateAnswer> = answers.iter().map(answer).collect();
        let severity = answers.iter().map(|answer| answer.severity).min().unwrap_or(Severity::Note);
        Self { line, child, severity, answers, dna }
    }
}

/// The claims that were checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CertificateReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The model of the likelihood ratios, in one line.
    pub model: String,
    /// Number of certificates in the registry.
    pub certificates: u64,
    /// Number of claims that a change of the key deleted, if none were imported since: nothing was compared with them.
    pub claims_forgotten: u64,
    /// The claims: those that something contradicts first, then those with warnings.
    pub claims: Vec<CertificateRow>,
}

impl CertificateReport {
    /// The value for [`Self::schema_version`].
    pub const VERSION: u32 = SCHEMA_VERSION;

    /// Returns the report of these claims.
    #[must_use]
    pub fn new(mut claims: Vec<CertificateRow>, model: String, certificates: u64) -> Self {
        claims.sort_by_key(|row| (row.severity, row.line, row.child));
        Self { schema_version: SCHEMA_VERSION, model, certificates, claims_forgotten: 0, claims }
    }

    /// Returns the number of claims that something contradicts.
    #[must_use]
    pub fn contradicted(&self) -> u64 {
        self.claims.iter().filter(|row| row.severity == Severity::Contradiction).count() as u64
    }

    /// Returns the number of claims with a warning, and nothing that contradicts them.
    #[must_use]
    pub fn doubtful(&self) -> u64 {
        self.claims.iter().filter(|row| row.severity == Severity::Warning).count() as u64
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header and a row for each answer; several children are separated by spaces. The numbers are
    /// in the row about DNA.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "line",
            "child",
            "severity",
            "code",
            "others",
            "log10_lr",
            "loci_compared",
            "incompatible_loci",
            "log10_lr_mother",
            "log10_lr_father",
            "what",
        ]);
        for row in &self.claims {
            for answer in &row.answers {
                csv.optional(row.line).optional(row.child).field(answer.severity.word()).field(answer.code.word());
                csv.field(spaced(&answer.others));
                let dna = row.dna.filter(|_| is_of_dna(answer.code));
                csv.optional(dna.map(|dna| dna.log10_lr)).optional(dna.map(|dna| dna.loci_compared));
                csv.optional(dna.map(|dna| dna.incompatible_loci));
                csv.optional(dna.and_then(|dna| dna.log10_lr_mother));
                csv.optional(dna.and_then(|dna| dna.log10_lr_father)).field(answer.what).end_row();
            }
        }
        csv.finish()
    }

    /// Returns a table for people of at most `limit` answers, with their numbers by code. Notes are in it only if there
    /// are few claims.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self, limit: usize) -> Page {
        const FEW: usize = 5;
        let with_notes = self.claims.len() <= FEW;
        let (mut rows, mut legend) = (Vec::new(), BTreeSet::new());
        for row in &self.claims {
            let whose = match (row.line, row.child) {
                (Some(line), Some(child)) => format!("line {line}: {child}"),
                (Some(line), None) => format!("line {line}"),
                (None, Some(child)) => child.to_string(),
                (None, None) => "the number".to_owned(),
            };
            let is_shown = |answer: &&CertificateAnswer| with_notes || answer.severity < Severity::Note;
            for answer in row.answers.iter().filter(is_shown) {
                let detail = match row.dna.filter(|_| is_of_dna(answer.code)) {
                    Some(dna) => in_words(&dna),
                    None => spaced(&answer.others),
                };
                legend.insert((answer.severity, answer.code));
                rows.push([whose.clone(), answer.severity.word().to_owned(), answer.code.word().to_owned(), detail]);
            }
        }
        let more = more_rows(rows.len(), limit);
        rows.truncate(limit);
        let mut page = Page::default();
        if !rows.is_empty() {
            page += plain_table(["whose", "severity", "code", "detail"], &[], rows);
            page += more;
            page += "\n";
        }
        for (_, code) in legend {
            page += format!("{}: {}\n", code.word(), code.text());
        }
        if !with_notes {
            page += "\n";
            let numbers = self.by_code().into_iter();
            let rows = numbers
                .map(|(code, number)| [code.severity().word().to_owned(), code.word().to_owned(), count(number)]);
            page += plain_table(["severity", "code", "claims"], &[2], rows);
        }
        page
    }

    /// Returns the number of claims for each code, the gravest first.
    #[must_use]
    pub fn by_code(&self) -> Vec<(Code, u64)> {
        let mut numbers: BTreeMap<(Severity, Code), u64> = BTreeMap::new();
        for answer in self.claims.iter().flat_map(|row| &row.answers) {
            *numbers.entry((answer.severity, answer.code)).or_default() += 1;
        }
        numbers.into_iter().map(|((_, code), number)| (code, number)).collect()
    }
}

/// Reports whether the numbers of DNA belong to an answer.
fn is_of_dna(code: Code) -> bool {
    matches!(code, Code::DnaContradicts | Code::DnaSupports | Code::DnaUndecided)
}

/// Returns the numbers of DNA in words.
#[cfg(feature = "cli")]
fn in_words(dna: &CertificateDna) -> String {
    let CertificateDna { log10_lr, loci_compared, incompatible_loci, log10_lr_mother, log10_lr_father } = *dna;
    let lr = |log10_lr: f64| if log10_lr == f64::NEG_INFINITY { "0".to_owned() } else { ratio(log10_lr) };
    let numbers = format!("LR {} at {loci_compared} loci, {incompatible_loci} incompatible", lr(log10_lr));
    match (log10_lr_mother, log10_lr_father) {
        (Some(mother), Some(father)) => {
            format!("{numbers}; the mother alone {}, the father alone {}", lr(mother), lr(father))
        }
        (Some(_), None) => format!("{numbers}; the father is not typed"),
        _ => format!("{numbers}; the mother is not typed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(number: usize) -> CertificateReport {
        let child = |byte| Some(Pseudonym::from_bytes([byte; 16]));
        let dna = CertificateDna {
            log10_lr: -9.5,
            loci_compared: 20,
            incompatible_loci: 7,
            log10_lr_mother: Some(-7.0),
            log10_lr_father: Some(5.0),
        };
        let sold = [Code::DnaContradicts.into(), Code::Known.into()];
        let used = [Answer { code: Code::SeveralChildren, others: child(1).into_iter().collect() }];
        let mut rows = vec![CertificateRow::new(Some(3), None, &[Code::Known.into()], None); number];
        rows.push(CertificateRow::new(None, child(1), &sold, Some(dna)));
        rows.push(CertificateRow::new(None, child(2), &used, None));
        CertificateReport::new(rows, "model".to_owned(), 9)
    }

    #[test]
    fn claims_go_out_in_every_form() {
        let report = report(1);
        assert_eq!((report.contradicted(), report.doubtful()), (2, 0));
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        let first = &json["claims"][0];
        assert_eq!(
            (&first["severity"], &first["answers"][0]["code"]),
            (&"contradicts".into(), &"dna-contradicts".into())
        );
        assert_eq!((&first["dna"]["log10_lr_father"], &json["claims"][2]["line"]), (&5.0.into(), &3.into()));
        let csv = report.csv();
        assert_eq!(csv.lines().count(), 1 + 4);
        assert!(csv.contains(",contradicts,dna-contradicts,,-9.5,20,7,-7,5,"), "{csv}");
        assert!(csv.contains(",note,known,,,,,,,"), "{csv}");
        let table = report.table(50).to_string();
        assert!(
            table.contains("LR 3.2e-10 at 20 loci, 7 incompatible") && table.contains("the father alone"),
            "{table}"
        );
    }

    #[test]
    fn a_long_list_counts_its_notes() {
        let table = report(20).table(50).to_string();
        assert!(!table.contains("the registry has the number"), "{table}");
        assert!(table.contains("claims") && table.contains("21"), "{table}");
        assert!(report(20).table(1).to_string().contains("... and 1 more"));
    }
}
