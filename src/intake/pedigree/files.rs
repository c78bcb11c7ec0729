//! Reads pedigree files, which state the descent of families that relations do not describe.
//!
//! There is one row per person, with parents by name; a row may precede those of its parents. Identical twins are one
//! person, entered once. Loops, such as a marriage of cousins, are allowed. Names link the rows and are not used
//! further.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

use crate::intake::columns::fixed::Columns;
use crate::intake::findings::Findings;
use crate::intake::findings::Problem;
use crate::intake::pedigree::columns::{
    AGENCY, FAMILY, FATHER, MISSING, MOTHER, OF_CASES, OF_FAMILIES, PERSON, REQUIRED, SAMPLE, SEX,
};
use crate::intake::pedigree::link::{Linked, Person, link_family};
use crate::intake::pedigree::placed::FamilyPedigrees;
use crate::intake::text::encoding::decode;
use crate::intake::text::identifiers::{self, SpreadsheetNumbers};
use crate::intake::text::source::open_source;
use crate::intake::text::words;
use crate::model::{FindingCode, Pseudonym, Sex};
use crate::pseudonym::{IdentifierError, Part, Pseudonymizer};

/// Pedigrees of cases for the kinship calculator, with persons by name.
pub struct CasePedigrees(HashMap<String, Linked>);

impl CasePedigrees {
    /// Reads `case,person,father,mother,sex,missing`: one row per person. Parents are given by the names of their own
    /// rows, or empty; `missing` is `yes` for the child in question of each case.
    ///
    /// # Errors
    /// Every problem, in order of lines and columns.
    pub fn read(file_name: &str, bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        read(file_name, bytes, &OF_CASES, |columns, line, fields, findings| {
            let case = columns.cell(FAMILY, fields);
            if case.is_empty() {
                findings.problem(
                    line,
                    columns.column(FAMILY),
                    FindingCode::Identifier,
                    "is empty; give the case a name",
                );
            }
            check_identifier(columns, FAMILY, line, fields, SpreadsheetNumbers::Refuse, findings);
            Some((case.to_owned(), None)).filter(|_| !case.is_empty())
        })
        .map(Self)
    }

    pub(in crate::intake) fn get(&self, case: &str) -> Option<&Linked> {
        self.0.get(case)
    }
}

impl FamilyPedigrees {
    /// Reads `family_id,person,father,mother,sex,missing` and optionally `sample_id` and `agency`: one row per person.
    /// Parents are given by the names of their own rows, or empty; `missing` is `yes` for the missing child of each
    /// family; typed persons have a `sample_id`. `numbers` says what to do with identifiers that a spreadsheet may have
    /// rounded.
    ///
    /// # Errors
    /// Every problem, in order of lines and columns.
    pub fn read(
        file_name: &str,
        bytes: &[u8],
        pseudonymizer: &Pseudonymizer,
        numbers: SpreadsheetNumbers,
    ) -> Result<Self, Vec<Problem>> {
        let families = read(file_name, bytes, &OF_FAMILIES, |columns, line, fields, findings| {
            let agency = Some(columns.cell(AGENCY, fields));
            let before = findings.count();
            check_identifier(columns, FAMILY, line, fields, numbers, findings);
            if !columns.cell(SAMPLE, fields).is_empty() {
                check_identifier(columns, SAMPLE, line, fields, numbers, findings);
            }
            if findings.count() > before {
                return None;
            }
            let mut identifier = |result: Result<Pseudonym, IdentifierError>, column| {
                result
                    .map_err(|error| {
                        let agency = matches!(
                            error,
                            IdentifierError::TooLong(Part::Agency) | IdentifierError::Unprintable(Part::Agency)
                        );
                        let column = if agency { AGENCY } else { column };
                        findings.problem(line, columns.column(column), FindingCode::Identifier, error.to_string());
                    })
                    .ok()
            };
            let family = identifier(pseudonymizer.family(agency, columns.cell(FAMILY, fields)), FAMILY)?;
            match columns.cell(SAMPLE, fields) {
                "" => Some((family, None)),
                sample => Some((family, Some(identifier(pseudonymizer.sample(agency, sample), SAMPLE)?))),
            }
        })?;
        Ok(Self::linked(families.into_iter()))
    }
}

/// Reads a file and links its families. `key` returns the family and sample of a row.
fn read<K: Hash + Eq + Clone>(
    file_name: &str,
    bytes: &[u8],
    names: &'static [&'static str],
    key: impl Fn(&Columns, u64, &[Cow<'_, str>], &mut Findings) -> Option<(K, Option<Pseudonym>)>,
) -> Result<HashMap<K, Linked>, Vec<Problem>> {
    let mut findings = Findings::new(file_name);
    let mut linked = HashMap::new();
    if let Some(text) = decode(bytes, None, &mut findings)
        && let Some(source) = open_source(&text, &mut findings)
        && let Some(columns) = Columns::read(&source, names, REQUIRED, &mut findings)
    {
        columns.refuse_others(&source, &mut findings);
        let mut families: HashMap<K, Vec<Person>> = HashMap::new();
        // A family with an invalid row is not linked: whatever else it lacks may be in that row.
        let mut spoilt = Vec::new();
        columns.rows(source, "no pedigree", &mut findings, |line, fields, findings| {
            let before = findings.count();
            let key = key(&columns, line, fields, findings);
            let person = read_person(&columns, line, fields, findings);
            let Some((family, sample)) = key else { return };
            if findings.count() > before {
                spoilt.push(family.clone());
            }
            families.entry(family).or_default().push(Person { sample, ..person });
        });
        spoilt.iter().for_each(|family| drop(families.remove(family)));
        for (family, persons) in families {
            linked.extend(link_family(persons, &columns, &mut findings).map(|of_family| (family, of_family)));
        }
    }
    let (problems, _) = findings.finish();
    if problems.is_empty() { Ok(linked) } else { Err(problems) }
}

/// Checks an identifier.
fn check_identifier(
    columns: &Columns,
    column: usize,
    line: u64,
    fields: &[Cow<'_, str>],
    numbers: SpreadsheetNumbers,
    findings: &mut Findings,
) {
    if let Err(doubtful) = identifiers::check(columns.cell(column, fields), numbers) {
        let what = format!("the cell {}", doubtful.what);
        findings.problem(line, columns.column(column), doubtful.code, what);
    }
}

fn read_person(columns: &Columns, line: u64, fields: &[Cow<'_, str>], findings: &mut Findings) -> Person {
    let cell = |column: usize| columns.cell(column, fields);
    if cell(PERSON).is_empty() {
        findings.problem(
            line,
            columns.column(PERSON),
            FindingCode::Person,
            "is empty; give each person of the family a name",
        );
    }
    let sex = words::sex(cell(SEX)).unwrap_or_else(|error| {
        findings.problem(line, columns.column(SEX), FindingCode::Sex, format!("the cell {error}"));
        Sex::Unknown
    });
    let missing = match cell(MISSING).to_ascii_lowercase().as_str() {
        "yes" | "是" => true,
        "no" | "" | "否" => false,
        _ => {
            let what = "the cell is neither yes nor empty; write yes for the missing child, and nothing for others";
            findings.problem(line, columns.column(MISSING), FindingCode::MissingMark, what);
            false
        }
    };
    let parents = [FATHER, MOTHER].map(|column| Some(cell(column)).filter(|name| !name.is_empty()).map(str::to_owned));
    Person { line, name: cell(PERSON).to_owned(), parents, sex, missing, sample: None }
}
