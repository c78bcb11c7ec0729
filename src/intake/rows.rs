//! From a row's fields to a [`Row`], with a finding for every bad cell.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::cells::{self, Several};
use super::findings::Findings;
use super::header::{Field, Header};
use super::numbers::NumberKind;
use super::pedigrees::Placed;
use super::{FamilyPedigrees, Layout, Request, Row, amelogenin, numbers};
use crate::model::{GenotypeError, ManyAlleles, Profile, Pseudonym, Relation, Sex};
use crate::pseudonym::{IdentifierError, Part, Pseudonymizer};

/// Reads the rows of one file.
pub(super) struct RowReader<'h> {
    pub(super) header: &'h Header,
    pub(super) layout: Layout,
    pub(super) pseudonymizer: &'h Pseudonymizer,
    pedigrees: Option<&'h FamilyPedigrees>,
    sample_id_kind: Option<NumberKind>,
    /// Rows whose sample (and family) could be told, other cells may be bad.
    pub(super) rows: Vec<Row>,
    /// Beside each row, its family as if there were no agency; empty if the file has no agencies.
    pub(super) families_without_agency: Vec<Pseudonym>,
    words: Words,
    family: LastFamily,
}

/// Most rows of a family stand together.
#[derive(Default)]
struct LastFamily {
    agency: String,
    id: String,
    found: Option<(Pseudonym, Option<Pseudonym>)>,
}

/// One copy of each agency, region and kit.
#[derive(Default)]
struct Words {
    all: HashSet<Arc<str>>,
    /// The last word of each column, which is mostly the next one too.
    last: [Option<Arc<str>>; 3],
}

impl Words {
    fn get(&mut self, column: usize, text: &str) -> Arc<str> {
        if let Some(last) = self.last[column].as_ref().filter(|last| &***last == text) {
            return last.clone();
        }
        let word = self.all.get(text).cloned().unwrap_or_else(|| {
            let word = Arc::from(text);
            self.all.insert(Arc::clone(&word));
            word
        });
        self.last[column] = Some(word.clone());
        word
    }
}

impl<'h> RowReader<'h> {
    pub(super) fn new(header: &'h Header, request: &Request<'h>) -> Self {
        Self {
            header,
            layout: request.layout,
            pseudonymizer: request.pseudonymizer,
            pedigrees: request.pedigrees,
            sample_id_kind: request.sample_id_kind,
            rows: Vec::new(),
            families_without_agency: Vec::new(),
            words: Words::default(),
            family: LastFamily::default(),
        }
    }

    /// Reads one row, which has as many fields as the header.
    pub(super) fn read(&mut self, line: u64, fields: &[Cow<'_, str>], findings: &mut Findings) {
        let header = self.header;
        let cell = |field: Field| header.position(field).map_or("", |at| fields[at].trim());
        let agency = self.agency(line, cell(Field::Agency), findings);
        let scope = agency.as_deref();
        let sample = self.pseudonymizer.sample(scope, cell(Field::SampleId));
        if let Err(error) = sample {
            findings.problem(line, header.field(Field::SampleId), "identifier", error.to_string());
        }
        let sex = cell(Field::Sex).parse::<Sex>();
        if let Err(error) = sex {
            findings.problem(line, header.field(Field::Sex), "sex", format!("the cell {error}"));
        }
        let family = match self.layout {
            Layout::Children => Some(None),
            Layout::Families => {
                let family = self.family(line, scope, cell(Field::FamilyId), findings);
                let pedigree = self.pedigrees.zip(family).and_then(|(pedigrees, family)| pedigrees.get(family));
                let (text, sex) = (cell(Field::Relation), sex.ok());
                let relation = match pedigree {
                    Some(pedigree) => self.member(line, text, sample.ok(), sex, pedigree, findings),
                    None => self.relation(line, text, sex, findings),
                };
                family.zip(relation).map(Some)
            }
        };
        let region = self.word(line, 1, Field::Region, cell(Field::Region), findings);
        let kit = self.word(line, 2, Field::Kit, cell(Field::Kit), findings);
        let collected_on = match cell(Field::CollectedOn) {
            "" => None,
            text => {
                let date = cells::date(text);
                if date.is_none() {
                    let what = "the cell is not a day: write YYYY-MM-DD, such as 2024-03-05, or leave it empty";
                    findings.problem(line, header.field(Field::CollectedOn), "date", what);
                }
                date
            }
        };
        let drop_out = cells::drop_out(cell(Field::DropOut)).unwrap_or_else(|what| {
            findings.problem(line, header.field(Field::DropOut), "drop-out", what);
            None
        });
        self.person(line, fields, sex.ok(), family.flatten().map(|(_, relation)| relation), findings);
        let (profile, many) = self.profile(line, fields, findings);
        // Kept even if a cell is bad, to be compared with other rows; taken out before the end.
        if let (Ok(sample), Some(family)) = (sample, family) {
            if let (Some(_), Some((_, Some(plain)))) = (header.position(Field::Agency), self.family.found) {
                self.families_without_agency.push(plain);
            }
            let sex = sex.unwrap_or(Sex::Unknown);
            self.rows.push(Row {
                line,
                sample,
                family,
                sex,
                agency,
                region,
                kit,
                collected_on,
                drop_out,
                profile,
                many,
            });
        }
    }

    /// Holds the sex marker and numbers of persons against the stated sex.
    fn person(
        &self,
        line: u64,
        fields: &[Cow<'_, str>],
        sex: Option<Sex>,
        relation: Option<Relation>,
        findings: &mut Findings,
    ) {
        let header = self.header;
        let cell = |field: Field| header.position(field).map_or("", |at| fields[at].trim());
        // A father's sex is known even where it is not stated.
        let implied = || relation.and_then(Relation::sex).unwrap_or(Sex::Unknown);
        let stated = sex.map(|sex| if sex == Sex::Unknown { implied() } else { sex });
        if let Some(stated) = stated {
            amelogenin::check(line, cell(Field::Amelogenin), stated, header.field(Field::Amelogenin), findings);
        }
        let numbers = [
            (Field::ResidentId, Some(NumberKind::ResidentId)),
            (Field::BirthCertificate, Some(NumberKind::BirthCertificate)),
            (Field::SampleId, self.sample_id_kind),
        ];
        for (field, kind) in numbers.into_iter().filter_map(|(field, kind)| Some((field, kind?))) {
            let (stated, is_name) = (stated.unwrap_or(Sex::Unknown), field == Field::SampleId);
            numbers::check(kind, line, cell(field), stated, is_name, header.field(field), findings);
        }
    }

    fn agency(&mut self, line: u64, text: &str, findings: &mut Findings) -> Option<Arc<str>> {
        if text.is_empty() {
            return None;
        }
        if let Some(last) = self.words.last[0].as_ref().filter(|last| &***last == text) {
            return Some(last.clone());
        }
        // Any identifier would do: this asks about the agency alone.
        if let Err(error @ (IdentifierError::TooLong(Part::Agency) | IdentifierError::Unprintable(Part::Agency))) =
            self.pseudonymizer.sample(Some(text), "1")
        {
            findings.problem(line, self.header.field(Field::Agency), "agency", error.to_string());
            return None;
        }
        Some(self.words.get(0, text))
    }

    fn word(
        &mut self,
        line: u64,
        column: usize,
        field: Field,
        text: &str,
        findings: &mut Findings,
    ) -> Option<Arc<str>> {
        if text.is_empty() {
            return None;
        }
        if text.len() > Pseudonymizer::MOST_BYTES || text.chars().any(char::is_control) {
            let what = "the cell is longer than 256 bytes or contains a control character: check that the columns are in place";
            findings.problem(line, self.header.field(field), "text", what);
            return None;
        }
        Some(self.words.get(column, text))
    }

    fn family(&mut self, line: u64, agency: Option<&str>, id: &str, findings: &mut Findings) -> Option<Pseudonym> {
        let agency = agency.unwrap_or_default();
        if self.family.found.is_none() || self.family.id != id || self.family.agency != agency {
            self.family.found = None;
            let family = match self.pseudonymizer.family(Some(agency), id) {
                Ok(family) => family,
                Err(error) => {
                    findings.problem(line, self.header.field(Field::FamilyId), "identifier", error.to_string());
                    return None;
                }
            };
            let plain = self.header.position(Field::Agency).and_then(|_| self.pseudonymizer.family(None, id).ok());
            agency.clone_into(&mut self.family.agency);
            id.clone_into(&mut self.family.id);
            self.family.found = Some((family, plain));
        }
        self.family.found.map(|found| found.0)
    }

    /// The relation in a family with a pedigree, which says the place of the sample.
    fn member(
        &self,
        line: u64,
        text: &str,
        sample: Option<Pseudonym>,
        sex: Option<Sex>,
        placed: &Placed,
        findings: &mut Findings,
    ) -> Option<Relation> {
        if !text.eq_ignore_ascii_case(Relation::Member.word()) {
            let what = "the family is in the pedigree file, which says who is who: write member";
            findings.problem(line, self.header.field(Field::Relation), "relation", what);
            return None;
        }
        let Ok(at) = placed.pedigree.samples.binary_search(&sample?) else {
            let what = "the family's pedigree has no such sample: write it there beside the person, or correct it here";
            findings.problem(line, self.header.field(Field::SampleId), "no-place", what);
            return None;
        };
        let known = placed.sexes[at];
        if sex.is_some_and(|sex| sex != Sex::Unknown && known != Sex::Unknown && sex != known) {
            let what = format!("the person is {known} in the pedigree: correct one of the two; samples may be swapped");
            findings.problem(line, self.header.field(Field::Sex), "sex", what);
        }
        Some(Relation::Member)
    }

    fn relation(&self, line: u64, text: &str, sex: Option<Sex>, findings: &mut Findings) -> Option<Relation> {
        if text.eq_ignore_ascii_case(Relation::Member.word()) {
            let what = "a member needs a pedigree: enter the family in the file given with --pedigrees, or write the \
                        relation";
            findings.problem(line, self.header.field(Field::Relation), "relation", what);
            return None;
        }
        let relation = match text.parse::<Relation>() {
            Ok(relation) => relation,
            Err(error) => {
                findings.problem(line, self.header.field(Field::Relation), "relation", format!("the cell {error}"));
                return None;
            }
        };
        if let (Some(implied), Some(sex)) = (relation.sex(), sex)
            && sex != Sex::Unknown
            && sex != implied
        {
            let what =
                format!("a {relation} is {implied}: correct the sex or the relation; the samples may be swapped");
            findings.problem(line, self.header.field(Field::Sex), "sex", what);
        }
        Some(relation)
    }

    /// The genotypes of a row, and the loci that have more alleles than two.
    fn profile(
        &self,
        line: u64,
        fields: &[Cow<'_, str>],
        findings: &mut Findings,
    ) -> (Profile, Vec<(usize, ManyAlleles)>) {
        let before = findings.count();
        let mut genotypes = Vec::with_capacity(self.header.loci.len());
        let mut many = Vec::new();
        for (locus, &at) in self.header.locus_columns.iter().enumerate() {
            let several = |error| match error {
                GenotypeError::TooMany => cells::several(&fields[at]),
                other => Err(other),
            };
            let found = cells::genotype(&fields[at]).or_else(|error| {
                Ok(match several(error)? {
                    Several::Genotype(genotype) => Some(genotype),
                    Several::Many(alleles) => {
                        many.push((locus, alleles));
                        None
                    }
                })
            });
            genotypes.push(found.unwrap_or_else(|error: GenotypeError| {
                findings.problem(line, self.header.column(at), "allele", format!("the cell {error}"));
                None
            }));
        }
        for (locus, _) in &many {
            let what =
                "the cell has more than two alleles: they are kept, and the locus is left out of likelihood ratios";
            findings.warn(line, self.header.column(self.header.locus_columns[*locus]), "many-alleles", what);
        }
        if many.len() > 1 {
            let what = format!(
                "{} loci have more than two alleles: the sample may be a mixture of two persons; type it again",
                many.len()
            );
            findings.warn(line, None, "mixture", what);
        }
        let profile = Profile::new(genotypes);
        if profile.typed_loci() == 0 && findings.count() == before {
            findings.problem(line, None, "untyped", "no locus is typed: nothing to compare; remove the row");
        }
        (profile, many)
    }
}
