//! Pedigree files: who descends from whom, where relations do not say it.
//!
//! One row per person, parents by name; a row may stand before those of its parents. Identical twins are one person,
//! entered once. Loops, such as a marriage of cousins, are allowed. Names are used to link the rows and go no further.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use super::columns::Columns;
use super::encoding::decode;
use super::findings::Findings;
use super::links::{Linked, Person, link};
use super::tidy::open;
use super::{Problem, Row};
use crate::model::{FamilyPedigree, Pseudonym, Sex};
use crate::pseudonym::{IdentifierError, Part, Pseudonymizer};

/// The columns of a store's file, in the order in which [`Columns`] numbers them.
pub(super) const OF_FAMILIES: [&str; 8] =
    ["family_id", "person", "father", "mother", "sex", "missing", "sample_id", "agency"];
/// Those of a file for the calculator.
const OF_CASES: [&str; 6] = ["case", "person", "father", "mother", "sex", "missing"];
const REQUIRED: usize = OF_CASES.len();

pub(super) const FAMILY: usize = 0;
pub(super) const PERSON: usize = 1;
pub(super) const FATHER: usize = 2;
pub(super) const MOTHER: usize = 3;
pub(super) const SEX: usize = 4;
pub(super) const MISSING: usize = 5;
pub(super) const SAMPLE: usize = 6;
pub(super) const AGENCY: usize = 7;

/// Pedigrees of cases for the kinship calculator, whose persons go by name.
pub struct CasePedigrees(HashMap<String, Linked>);

/// Pedigrees of families, whose typed members go by sample.
pub struct FamilyPedigrees(HashMap<Pseudonym, Placed>);

/// A family's pedigree and the sexes of its samples.
pub(super) struct Placed {
    pub(super) pedigree: FamilyPedigree,
    /// Along the samples of the pedigree.
    pub(super) sexes: Vec<Sex>,
}

impl CasePedigrees {
    /// Reads `case,person,father,mother,sex,missing`: one row per person, parents by the names of their own rows or
    /// empty, `missing` is `yes` for the child in question of each case.
    ///
    /// # Errors
    /// Every problem, in order of lines and columns.
    pub fn read(file_name: &str, bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        read(file_name, bytes, &OF_CASES, |columns, line, fields, findings| {
            let case = columns.cell(FAMILY, fields);
            if case.is_empty() {
                findings.problem(line, columns.column(FAMILY), "identifier", "is empty: give the case a name");
            }
            Some((case.to_owned(), None)).filter(|_| !case.is_empty())
        })
        .map(Self)
    }

    pub(super) fn get(&self, case: &str) -> Option<&Linked> {
        self.0.get(case)
    }
}

impl FamilyPedigrees {
    /// Reads `family_id,person,father,mother,sex,missing` and, where wanted, `sample_id` and `agency`: one row per person,
    /// parents by the names of their own rows or empty, `missing` is `yes` for the missing child of each family,
    /// `sample_id` stands with those who are typed.
    ///
    /// # Errors
    /// Every problem, in order of lines and columns.
    pub fn read(file_name: &str, bytes: &[u8], pseudonymizer: &Pseudonymizer) -> Result<Self, Vec<Problem>> {
        let families = read(file_name, bytes, &OF_FAMILIES, |columns, line, fields, findings| {
            let agency = Some(columns.cell(AGENCY, fields));
            let mut identifier = |result: Result<Pseudonym, IdentifierError>, column| {
                result
                    .map_err(|error| {
                        let agency = matches!(
                            error,
                            IdentifierError::TooLong(Part::Agency) | IdentifierError::Unprintable(Part::Agency)
                        );
                        let column = if agency { AGENCY } else { column };
                        findings.problem(line, columns.column(column), "identifier", error.to_string());
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

    /// The pedigrees of these families.
    pub(super) fn linked(families: impl Iterator<Item = (Pseudonym, Linked)>) -> Self {
        Self(families.filter_map(|(family, linked)| Some((family, Placed::new(family, &linked)?))).collect())
    }

    /// How many families.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pedigrees of the families of these rows, by family.
    pub(super) fn of(&self, rows: &[Row]) -> Vec<FamilyPedigree> {
        let families: BTreeSet<Pseudonym> = rows.iter().filter_map(|row| row.family).map(|family| family.0).collect();
        families.into_iter().filter_map(|family| Some(self.get(family)?.pedigree.clone())).collect()
    }

    pub(super) fn get(&self, family: Pseudonym) -> Option<&Placed> {
        self.0.get(&family)
    }
}

impl Placed {
    fn new(family: Pseudonym, linked: &Linked) -> Option<Self> {
        let persons = linked.persons.iter().zip(0..);
        let mut typed: Vec<(Pseudonym, usize)> =
            persons.filter_map(|(person, place)| Some((person.sample?, place))).collect();
        typed.sort_unstable();
        let places: Vec<usize> = typed.iter().map(|one| one.1).collect();
        // What has been linked makes a pedigree.
        let pedigree = linked.pedigree(&places).ok()?;
        let samples = typed.iter().map(|one| one.0).collect();
        let sexes = places.iter().map(|&place| linked.persons[place].sex).collect();
        Some(Self { pedigree: FamilyPedigree { family, pedigree, samples }, sexes })
    }
}

/// Reads a file and links its families. `key` gives family and sample of a row.
fn read<K: Hash + Eq + Clone>(
    file_name: &str,
    bytes: &[u8],
    names: &'static [&'static str],
    key: impl Fn(&Columns, u64, &[Cow<'_, str>], &mut Findings) -> Option<(K, Option<Pseudonym>)>,
) -> Result<HashMap<K, Linked>, Vec<Problem>> {
    let mut findings = Findings::new(file_name);
    let mut linked = HashMap::new();
    if let Some(text) = decode(bytes, None, &mut findings)
        && let Some(source) = open(&text, &mut findings)
        && let Some(columns) = Columns::read(&source, names, REQUIRED, &mut findings)
    {
        columns.refuse_others(&source, &mut findings);
        let mut families: HashMap<K, Vec<Person>> = HashMap::new();
        // A family with a bad row is not linked: what else it lacks may be in that row.
        let mut spoilt = Vec::new();
        columns.rows(source, "no pedigree", &mut findings, |line, fields, findings| {
            let before = findings.count();
            let key = key(&columns, line, fields, findings);
            let person = person(&columns, line, fields, findings);
            let Some((family, sample)) = key else { return };
            if findings.count() > before {
                spoilt.push(family.clone());
            }
            families.entry(family).or_default().push(Person { sample, ..person });
        });
        spoilt.iter().for_each(|family| drop(families.remove(family)));
        for (family, persons) in families {
            linked.extend(link(persons, &columns, &mut findings).map(|of_family| (family, of_family)));
        }
    }
    let (problems, _) = findings.finish();
    if problems.is_empty() { Ok(linked) } else { Err(problems) }
}

fn person(columns: &Columns, line: u64, fields: &[Cow<'_, str>], findings: &mut Findings) -> Person {
    let cell = |column: usize| columns.cell(column, fields);
    if cell(PERSON).is_empty() {
        findings.problem(line, columns.column(PERSON), "person", "is empty: give each person of the family a name");
    }
    let sex = cell(SEX).parse::<Sex>().unwrap_or_else(|error| {
        findings.problem(line, columns.column(SEX), "sex", format!("the cell {error}"));
        Sex::Unknown
    });
    let missing = match cell(MISSING).to_ascii_lowercase().as_str() {
        "yes" => true,
        "no" | "" => false,
        _ => {
            let what = "the cell is neither yes nor empty: write yes for the missing child, and nothing for others";
            findings.problem(line, columns.column(MISSING), "missing-child", what);
            false
        }
    };
    let parents = [FATHER, MOTHER].map(|column| cell(column).to_owned());
    Person { line, name: cell(PERSON).to_owned(), parents, sex, missing, sample: None }
}
