//! From a row's fields to a [`Row`], with a finding for every bad cell.

use std::borrow::Cow;
use std::sync::Arc;

use super::case_list::Entry;
use super::cells;
use super::fields::Field;
use super::findings::Findings;
use super::header::Header;
use super::numbers::{self, NumberKind};
use super::pairing::LocusColumns;
use super::readings::{Settled, Settler};
use super::roles::{self, implied};
use super::words::Words;
use super::{CaseList, FamilyPedigrees, KitUse, Layout, Request, Row, SingleAllele, amelogenin};
use crate::model::{ManyAlleles, Profile, Pseudonym, Relation, Sex};
use crate::pseudonym::{IdentifierError, Part, Pseudonymizer};

/// Reads the rows of one file.
pub(super) struct RowReader<'h> {
    pub(super) header: &'h Header,
    pub(super) layout: Layout,
    pub(super) pseudonymizer: &'h Pseudonymizer,
    pedigrees: Option<&'h FamilyPedigrees>,
    cases: Option<&'h CaseList>,
    single_allele: SingleAllele,
    settler: Settler,
    said_sex_number: bool,
    sample_id_kind: Option<NumberKind>,
    /// Rows whose sample (and family) could be told, other cells may be bad.
    pub(super) rows: Vec<Row>,
    /// Beside each row, its family as if there were no agency; empty if the file has no agencies.
    pub(super) families_without_agency: Vec<Pseudonym>,
    /// Line of the first parent whom the sex makes father or mother, and how many there are.
    pub(super) told_by_sex: Option<(u64, u64)>,
    /// The kit of rows that name none.
    kit: Option<Arc<str>>,
    pub(super) kits: KitUse,
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

impl<'h> RowReader<'h> {
    pub(super) fn new(header: &'h Header, request: &Request<'h>) -> Self {
        Self {
            header,
            layout: request.layout,
            pseudonymizer: request.pseudonymizer,
            pedigrees: request.pedigrees,
            cases: request.cases,
            single_allele: request.single_allele,
            settler: Settler::new(request),
            said_sex_number: false,
            sample_id_kind: request.sample_id_kind,
            rows: Vec::new(),
            families_without_agency: Vec::new(),
            told_by_sex: None,
            kit: request.kits.stated.map(|kit| Arc::from(kit.name())),
            kits: request.kits,
            words: Words::default(),
            family: LastFamily::default(),
        }
    }

    /// Takes over what another reader has read of the lines that follow.
    pub(super) fn append(&mut self, mut next: Self) {
        self.rows.append(&mut next.rows);
        self.families_without_agency.append(&mut next.families_without_agency);
        self.told_by_sex = match (self.told_by_sex, next.told_by_sex) {
            (Some((line, before)), Some((_, after))) => Some((line, before + after)),
            (before, after) => before.or(after),
        };
    }

    /// Reads one row, which has as many fields as the header.
    pub(super) fn read(&mut self, line: u64, fields: &[Cow<'_, str>], findings: &mut Findings) {
        let profile = self.profile(line, fields, findings);
        let Some(cases) = self.cases else { return self.person(line, fields, None, profile, findings) };
        let sample = self.header.position(Field::SampleId).map_or("", |at| fields[at].trim());
        let mut entries = cases.of(sample).peekable();
        if entries.peek().is_none() {
            let (code, what) = match self.pseudonymizer.sample(None, sample) {
                Ok(_) => ("no-case", "the sample is not in the case list: add it there, or remove it here".to_owned()),
                Err(error) => ("identifier", error.to_string()),
            };
            findings.problem(line, self.header.field(Field::SampleId), code, what);
        }
        for entry in entries {
            self.person(line, fields, Some(entry), profile.clone(), findings);
        }
    }

    /// Who a row's sample is, by its own cells and by its line of the case list.
    fn person(
        &mut self,
        line: u64,
        fields: &[Cow<'_, str>],
        entry: Option<Entry<'_>>,
        (profile, many): (Profile, Vec<(usize, ManyAlleles)>),
        findings: &mut Findings,
    ) {
        let header = self.header;
        let cell = |field: Field| {
            let listed = entry.and_then(|entry| entry.cell(field));
            listed.unwrap_or_else(|| header.position(field).map_or("", |at| fields[at].trim()))
        };
        let agency = self.agency(line, cell(Field::Agency), findings);
        let scope = agency.as_deref();
        let sample = self.pseudonymizer.sample(scope, cell(Field::SampleId));
        if let Err(error) = sample {
            findings.problem(line, header.field(Field::SampleId), "identifier", error.to_string());
        }
        let sex = self.sex(line, cell(Field::Sex), findings);
        let family = match self.layout {
            Layout::Children => Some(None),
            Layout::Families => {
                let family = self.family(line, scope, cell(Field::FamilyId), findings);
                let pedigree = self.pedigrees.zip(family).and_then(|(pedigrees, family)| pedigrees.get(family));
                let text = cell(Field::Relation);
                let relation = match pedigree {
                    Some(pedigree) => roles::member(header, line, text, sample.ok(), sex, pedigree, findings),
                    None => roles::relation(header, line, text, sex, findings),
                };
                if text.eq_ignore_ascii_case(Relation::Parent.word()) && relation.is_some_and(|r| r.sex().is_some()) {
                    self.told_by_sex.get_or_insert((line, 0)).1 += 1;
                }
                family.zip(relation).map(Some)
            }
        };
        let region = self.word(line, 1, Field::Region, cell(Field::Region), findings);
        let kit = self.word(line, 2, Field::Kit, cell(Field::Kit), findings).or_else(|| self.kit.clone());
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
        let relation = family.flatten().map(|(_, relation)| relation);
        let sex = self.marked(line, fields, sex, relation, findings);
        self.numbers(line, fields, implied(sex, relation), findings);
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

    /// What the sex marker shows, held against the stated sex; it is the sex where none could be stated.
    fn marked(
        &self,
        line: u64,
        fields: &[Cow<'_, str>],
        sex: Option<Sex>,
        relation: Option<Relation>,
        findings: &mut Findings,
    ) -> Option<Sex> {
        let Some((at, cell)) = self.header.sex_marker(fields) else { return sex };
        let marker = amelogenin::read(&cell, self.single_allele);
        if self.cases.is_none() && self.header.position(Field::Sex).is_none() {
            let shown = amelogenin::shown(line, marker, || self.header.column(at), findings);
            return shown.or(sex);
        }
        if let Some(stated) = implied(sex, relation) {
            amelogenin::check(line, marker, stated, || self.header.column(at), findings);
        }
        sex
    }

    /// Holds numbers of persons against the stated sex.
    fn numbers(&self, line: u64, fields: &[Cow<'_, str>], stated: Option<Sex>, findings: &mut Findings) {
        let header = self.header;
        let cell = |field: Field| header.position(field).map_or("", |at| fields[at].trim());
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

    fn sex(&mut self, line: u64, text: &str, findings: &mut Findings) -> Option<Sex> {
        let column = || self.header.field(Field::Sex);
        match cells::sex(text) {
            Ok(sex) => {
                if text.starts_with(|c: char| c.is_ascii_digit()) && !self.said_sex_number {
                    self.said_sex_number = true;
                    findings.note_once(
                        line,
                        column(),
                        "sex",
                        "the number 1 is read as male, 2 as female, here and below",
                    );
                }
                Some(sex)
            }
            Err(error) => {
                findings.problem(line, column(), "sex", format!("the cell {error}"));
                None
            }
        }
    }

    /// The genotypes of a row, and the loci that have more alleles than two.
    fn profile(
        &mut self,
        line: u64,
        fields: &[Cow<'_, str>],
        findings: &mut Findings,
    ) -> (Profile, Vec<(usize, ManyAlleles)>) {
        let header = self.header;
        let before = findings.count();
        let mut genotypes = Vec::with_capacity(header.loci.len());
        let mut many = Vec::new();
        for (locus, &columns) in header.locus_columns.iter().enumerate() {
            let (at, reading) = match columns {
                LocusColumns::One(at) => (at, cells::genotype(&fields[at])),
                LocusColumns::Two(first, second) => (first, cells::pair(&fields[first], &fields[second])),
            };
            let two = matches!(columns, LocusColumns::Two(..));
            let settled = match reading {
                Ok(reading) => self.settler.settle(line, || header.column(at), two, reading, findings),
                Err(error) => {
                    findings.problem(line, header.column(at), "allele", format!("the cell {error}"));
                    Settled::Untyped
                }
            };
            genotypes.push(match settled {
                Settled::Typed(genotype) => Some(genotype),
                Settled::Many(alleles) => {
                    many.push((locus, alleles));
                    None
                }
                Settled::Untyped => None,
            });
        }
        for (locus, _) in &many {
            let what =
                "the cell has more than two alleles: they are kept, and the locus is left out of likelihood ratios";
            findings.warn(line, header.locus(*locus), "many-alleles", what);
        }
        if many.len() > 1 {
            let what = format!(
                "{} loci have more than two alleles: the sample may be a mixture of two persons; type it again",
                many.len()
            );
            findings.warn(line, None, "mixture", what);
        }
        let profile = Profile::new(genotypes);
        // A case list has no loci.
        if profile.typed_loci() == 0 && findings.count() == before && !header.loci.is_empty() {
            findings.problem(line, None, "untyped", "no locus is typed: nothing to compare; remove the row");
        }
        (profile, many)
    }
}
