//! Reads the rows of a file, with a finding for every invalid cell.

use std::borrow::Cow;
use std::sync::Arc;

use crate::intake::columns::controls::{SKIPPED_CONTROL, is_control};
use crate::intake::columns::fields::Field;
use crate::intake::columns::header::Header;
use crate::intake::columns::kits::KitUse;
use crate::intake::columns::number_kind::NumberKind;
use crate::intake::columns::pairing::LocusColumns;
use crate::intake::findings::Findings;
use crate::intake::pedigree::placed::FamilyPedigrees;
use crate::intake::request::Request;
use crate::intake::rows::amelogenin::{self, Marker};
use crate::intake::rows::case_list::{CaseList, Entry};
use crate::intake::rows::cells::{self, CellError, NoDropOut, Reading};
use crate::intake::rows::id_numbers;
use crate::intake::rows::interner::{Column, Interner};
use crate::intake::rows::occurrences::Occurrences;
use crate::intake::rows::person_category::{PersonCategory, person_category};
use crate::intake::rows::relation::{self, implied_sex};
use crate::intake::rows::relation_words::{NoRelation, is_code, stated_relation};
use crate::intake::rows::settle::SingleAllele;
use crate::intake::rows::settle::{Settled, Settler};
use crate::intake::rows::table::TableRow;
use crate::intake::rows::variants::{IdentifierForms, IdentifierVariant};
use crate::intake::text::identifiers::{self, SpreadsheetNumbers};
use crate::intake::text::words;
use crate::model::{
    DropOut, FindingCode, Layout, ManyAlleles, Profile, Pseudonym, Relation, SampleRecord, Sex, is_deceptive, stated,
};
use crate::pseudonym::{IdentifierError, Part, Pseudonymizer};

/// Reads the rows of one file.
pub(in crate::intake) struct RowReader<'h> {
    pub(in crate::intake) header: &'h Header,
    pub(in crate::intake) layout: Layout,
    pub(in crate::intake) pseudonymizer: &'h Pseudonymizer,
    pub(in crate::intake) pedigrees: Option<&'h FamilyPedigrees>,
    cases: Option<&'h CaseList>,
    single_allele: SingleAllele,
    numbers: SpreadsheetNumbers,
    settler: Settler,
    said_sex_number: bool,
    said_relation_number: bool,
    sample_id_kind: Option<NumberKind>,
    /// Rows whose sample (and family) could be identified; other cells may be invalid.
    pub(in crate::intake) rows: Vec<SampleRecord>,
    /// For each row, its family as if no agency were stated; empty if the file has no agencies.
    pub(in crate::intake) families_without_agency: Vec<Pseudonym>,
    /// Identifiers that resemble others.
    pub(in crate::intake) variants: Vec<IdentifierVariant>,
    pub(in crate::intake) forms: IdentifierForms,
    /// Rows in which the sex decides between father and mother.
    pub(in crate::intake) told_by_sex: Option<Occurrences>,
    /// The kit of rows that do not name one.
    kit: Option<Arc<str>>,
    pub(in crate::intake) kits: KitUse,
    words: Interner,
    family: Option<LastFamily>,
}

/// The family of the last row; most rows of a family are consecutive.
struct LastFamily {
    agency: Option<Arc<str>>,
    id: String,
    pseudonym: Pseudonym,
    /// Its pseudonym as if no agency were stated, if the file has agencies.
    without_agency: Option<Pseudonym>,
}

/// The origin of a row's values.
#[derive(Clone, Copy)]
enum Source<'r> {
    /// Cells under the columns of the header.
    Cells(&'r [Cow<'r, str>]),
    /// A row whose values are already interpreted.
    Values(&'r TableRow),
}

impl<'r> Source<'r> {
    /// Returns the text of a field in the row; empty if there is none.
    fn text(self, header: &Header, field: Field) -> &'r str {
        let text = match (self, field) {
            (Self::Cells(fields), _) => header.position(field).map_or("", |at| &fields[at]),
            (Self::Values(row), Field::SampleId) => &row.sample,
            (Self::Values(row), _) => row.text(field).unwrap_or_else(|| match field {
                Field::FamilyId => row.family.as_deref().unwrap_or_default(),
                Field::Agency => row.agency.as_deref().unwrap_or_default(),
                Field::Kit => row.kit.as_deref().unwrap_or_default(),
                _ => "",
            }),
        };
        text.trim()
    }
}

/// The genotypes of a row, and the loci with more than two alleles.
type Typed = (Profile, Vec<(usize, ManyAlleles)>);

impl<'h> RowReader<'h> {
    pub(in crate::intake) fn new(header: &'h Header, request: &Request<'h>) -> Self {
        Self {
            header,
            layout: request.layout,
            pseudonymizer: request.pseudonymizer,
            pedigrees: request.pedigrees,
            cases: request.cases,
            single_allele: request.single_allele,
            numbers: request.spreadsheet_numbers,
            settler: Settler::new(request.single_allele),
            said_sex_number: false,
            said_relation_number: false,
            sample_id_kind: request.sample_id_kind,
            rows: Vec::new(),
            families_without_agency: Vec::new(),
            variants: Vec::new(),
            forms: request.identifier_forms,
            told_by_sex: None,
            kit: request.kits.stated.map(|kit| Arc::from(kit.name())),
            kits: request.kits,
            words: Interner::default(),
            family: None,
        }
    }

    /// Appends what another reader has read of the following lines.
    pub(in crate::intake) fn append(&mut self, mut next: Self) {
        self.rows.append(&mut next.rows);
        self.families_without_agency.append(&mut next.families_without_agency);
        self.variants.append(&mut next.variants);
        self.told_by_sex = match (self.told_by_sex, next.told_by_sex) {
            (Some(before), Some(after)) => Some(Occurrences { count: before.count + after.count, ..before }),
            (before, after) => before.or(after),
        };
    }

    /// Reads a row with one cell per column of the header.
    pub(in crate::intake) fn read(&mut self, line: u64, fields: &[Cow<'_, str>], findings: &mut Findings) {
        if self.is_control(line, fields, findings) {
            return;
        }
        let comma = self.header.comma;
        let reading = |columns| match columns {
            LocusColumns::One(at) => cells::genotype(&fields[at]),
            LocusColumns::Two(first, second) => cells::two_cells(&fields[first], &fields[second], comma),
        };
        let typed = self.genotypes(line, reading, findings);
        self.samples(line, Source::Cells(fields), typed, findings);
    }

    /// Reports whether a row belongs to a control or ladder, which is then noted. A sample in the case list is never a
    /// control.
    fn is_control(&self, line: u64, fields: &[Cow<'_, str>], findings: &mut Findings) -> bool {
        let Some(at) = self.header.position(Field::SampleId) else { return false };
        let name = fields[at].trim();
        // Every line of a case list describes a person.
        if !is_control(name) || self.header.loci.is_empty() || self.cases.is_some_and(|cases| cases.has(name)) {
            return false;
        }
        findings.note(line, self.header.column(at), FindingCode::Control, SKIPPED_CONTROL);
        true
    }

    /// Reads a row of values.
    pub(in crate::intake) fn read_values(&mut self, row: &TableRow, findings: &mut Findings) {
        let mut readings = vec![None; self.header.len()];
        row.typed.iter().for_each(|typed| readings[typed.column] = Some(&typed.reading));
        let reading = |columns: LocusColumns| readings[columns.first()].cloned().unwrap_or(Ok(Reading::Empty));
        let typed = self.genotypes(row.line, reading, findings);
        self.samples(row.line, Source::Values(row), typed, findings);
    }

    /// Reads the donors of the genotypes: one person or, with a case list, one for each line of the sample.
    fn samples(&mut self, line: u64, source: Source<'_>, typed: Typed, findings: &mut Findings) {
        let Some(cases) = self.cases else { return self.person(line, source, None, typed, findings) };
        let sample = source.text(self.header, Field::SampleId);
        let mut entries = cases.entries(sample).peekable();
        if entries.peek().is_none() {
            let (code, what) = match self.pseudonymizer.sample(None, sample) {
                Ok(_) => (
                    FindingCode::NoCase,
                    "the sample is not in the case list; add it there, or remove it here".to_owned(),
                ),
                Err(error) => (FindingCode::Identifier, error.to_string()),
            };
            findings.problem(line, self.header.field_column(Field::SampleId), code, what);
        }
        for entry in entries {
            self.person(line, source, Some(entry), typed.clone(), findings);
        }
    }

    /// Reads the identity of a row's sample, from its own values and its line in the case list.
    fn person(
        &mut self,
        line: u64,
        source: Source<'_>,
        entry: Option<Entry<'_>>,
        (profile, many): Typed,
        findings: &mut Findings,
    ) {
        let header = self.header;
        let listed = |field: Field| entry.and_then(|entry| entry.cell(field));
        let text = |field: Field| listed(field).unwrap_or_else(|| source.text(header, field));
        let text_of = |field: Field| match source {
            Source::Values(row) => listed(field).or_else(|| row.text(field)),
            Source::Cells(_) => listed(field),
        };
        let agency = self.agency(line, text(Field::Agency), findings);
        let scope = agency.as_deref();
        let sample = self.pseudonymizer.sample(scope, text(Field::SampleId));
        if let Err(error) = sample {
            findings.problem(line, header.field_column(Field::SampleId), FindingCode::Identifier, error.to_string());
        } else {
            self.check_identifier(line, Field::SampleId, text(Field::SampleId), findings);
        }
        if let (Ok(own), Some(other)) = (sample, self.pseudonymizer.sample_alike(scope, text(Field::SampleId))) {
            let column = header.field_column(Field::SampleId);
            self.variants.push(IdentifierVariant { line, column, is_family: false, own, other, is_plain: true });
        }
        let sex = match source {
            Source::Values(row) if text_of(Field::Sex).is_none() => Some(row.sex),
            _ => self.sex(line, text(Field::Sex), findings),
        };
        let family = match self.layout {
            Layout::Children => Some(None),
            Layout::Families => {
                let family = self.family(line, agency.as_ref(), text(Field::FamilyId), findings);
                let pedigree = self.pedigrees.zip(family).and_then(|(pedigrees, family)| pedigrees.get(family));
                let stated = match source {
                    Source::Values(TableRow { relation: Some(relation), .. }) if text_of(Field::Relation).is_none() => {
                        Ok(*relation)
                    }
                    _ => self.relation(line, text(Field::Relation), findings),
                };
                let relation = match pedigree {
                    Some(pedigree) => {
                        relation::member_relation(header, line, stated, sample.ok(), sex, pedigree, findings)
                    }
                    None => relation::checked_relation(header, line, stated, sex, findings),
                };
                if stated == Ok(Relation::Parent) && relation.is_some_and(|relation| relation.sex().is_some()) {
                    self.told_by_sex.get_or_insert(Occurrences::from_line(line)).count += 1;
                }
                family.zip(relation).map(Some)
            }
        };
        self.check_category(line, text(Field::Category), findings);
        let region = self.word(line, Column::Region, text(Field::Region), findings);
        let kit = self.word(line, Column::Kit, text(Field::Kit), findings).or_else(|| self.kit.clone());
        let collected_on = match text(Field::CollectedOn) {
            "" => None,
            text => {
                let date = cells::date(text);
                if date.is_none() {
                    let what = "the cell is not a day; write YYYY-MM-DD, such as 2024-03-05, or leave it empty";
                    findings.problem(line, header.field_column(Field::CollectedOn), FindingCode::Date, what);
                }
                date
            }
        };
        let drop_out = match source {
            Source::Values(row) if text_of(Field::DropOut).is_none() => {
                row.drop_out.map(|probability| DropOut::new(probability).ok_or(NoDropOut)).transpose()
            }
            _ => cells::drop_out(text(Field::DropOut)),
        };
        let drop_out = drop_out.unwrap_or_else(|error| {
            findings.problem(line, header.field_column(Field::DropOut), FindingCode::DropOut, error.to_string());
            None
        });
        let relation = family.flatten().map(|(_, relation)| relation);
        let sex = self.marked(line, source, sex, relation, findings);
        self.id_numbers(line, source, implied_sex(sex, relation), findings);
        // The row is kept even if a cell is invalid, for comparison with other rows, and removed before the end.
        if let (Ok(sample), Some(family)) = (sample, family) {
            let without_agency = self.family.as_ref().and_then(|last| last.without_agency);
            self.families_without_agency.extend(without_agency);
            let sex = sex.unwrap_or(Sex::Unknown);
            self.rows.push(SampleRecord {
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

    /// Refuses a row whose category belongs to the other layout: a father among the children would be searched for as a
    /// child whom no family misses.
    fn check_category(&self, line: u64, text: &str, findings: &mut Findings) {
        if text.is_empty() {
            return;
        }
        let column = || self.header.field_column(Field::Category);
        match (person_category(text), self.layout) {
            (Some(PersonCategory::Relative), Layout::Children) => {
                let what = "says that the row is of a relative, but this is a file of children; move the rows of \
                            relatives to a file of their own, with family_id and relation, and import it with --as \
                            families";
                findings.problem(line, column(), FindingCode::OtherCategory, what);
            }
            (Some(PersonCategory::Child), Layout::Families) => {
                let what = "says that the row is of a child of unknown origin, but this is a file of families; move \
                            the rows of children to a file of their own, and import it with --as children";
                findings.problem(line, column(), FindingCode::OtherCategory, what);
            }
            (Some(_), _) => {}
            (None, _) => {
                let what = "is an unknown category: the program did not check whether the row is of a child or of a \
                            relative";
                findings.warn(line, column(), FindingCode::UnknownCategory, what);
            }
        }
    }

    /// Checks the sex marker against the stated sex. If no sex could be stated, the marker gives it.
    fn marked(
        &self,
        line: u64,
        source: Source<'_>,
        sex: Option<Sex>,
        relation: Option<Relation>,
        findings: &mut Findings,
    ) -> Option<Sex> {
        let Some(columns) = self.header.sex_marker() else { return sex };
        let marker = match (source, columns) {
            (Source::Values(row), _) => row.sex_marker,
            (Source::Cells(fields), LocusColumns::One(at)) => Marker::read(fields[at].trim(), self.single_allele),
            (Source::Cells(fields), LocusColumns::Two(first, second)) => {
                Marker::read_two(fields[first].trim(), fields[second].trim(), self.single_allele)
            }
        };
        let column = || self.header.column(columns.first());
        if self.cases.is_none() && self.header.position(Field::Sex).is_none() {
            return amelogenin::sex_shown(line, marker, column, findings).or(sex);
        }
        if let Some(stated) = implied_sex(sex, relation) {
            amelogenin::check_sex(line, marker, stated, column, findings);
        }
        sex
    }

    /// Checks an identifier; returns `true` if it is sound.
    fn check_identifier(&self, line: u64, field: Field, id: &str, findings: &mut Findings) -> bool {
        let checked = identifiers::check_folded(id, self.numbers);
        match &checked {
            Err(doubtful) => {
                let what = format!("the cell {}", doubtful.what);
                findings.problem(line, self.header.field_column(field), doubtful.code, what);
            }
            Ok(true) => {
                let what = "the cell has full-width characters or spaces: read as the same in plain letters, digits and \
                            spaces";
                findings.note(line, self.header.field_column(field), FindingCode::IdentifierFolded, what);
            }
            Ok(false) => {}
        }
        checked.is_ok()
    }

    /// Reads the relation in a cell.
    fn relation(&mut self, line: u64, text: &str, findings: &mut Findings) -> Result<Relation, NoRelation> {
        let stated = stated_relation(text);
        if text.starts_with(|c: char| c.is_numeric()) && stated.is_ok() && !self.said_relation_number && is_code(text) {
            self.said_relation_number = true;
            let what = "numbers are read as the national codes of relations, 1 as father, 2 as mother, here and below";
            findings.note_once(line, self.header.field_column(Field::Relation), FindingCode::RelationNumber, what);
        }
        stated
    }

    /// Checks personal numbers against the stated sex.
    fn id_numbers(&self, line: u64, source: Source<'_>, stated: Option<Sex>, findings: &mut Findings) {
        let header = self.header;
        let numbers = [
            (Field::ResidentId, Some(NumberKind::ResidentId)),
            (Field::BirthCertificate, Some(NumberKind::BirthCertificate)),
            (Field::SampleId, self.sample_id_kind),
        ];
        for (field, kind) in numbers.into_iter().filter_map(|(field, kind)| Some((field, kind?))) {
            let (stated, is_name) = (stated.unwrap_or(Sex::Unknown), field == Field::SampleId);
            let number = source.text(header, field);
            if !is_name
                && identifiers::check(number, SpreadsheetNumbers::Refuse)
                    .is_err_and(|doubtful| doubtful.code == FindingCode::IdentifierSpreadsheet)
            {
                self.check_identifier(line, field, number, findings);
                continue;
            }
            id_numbers::check_number(kind, line, number, stated, is_name, header.field_column(field), findings);
        }
    }

    fn agency(&mut self, line: u64, text: &str, findings: &mut Findings) -> Option<Arc<str>> {
        if text.is_empty() {
            return None;
        }
        let text = self.stated(text);
        if let Some(last) = self.words.last(Column::Agency, text) {
            return Some(last);
        }
        // Only the agency is tested, so any identifier will do.
        if let Err(error @ (IdentifierError::TooLong(Part::Agency) | IdentifierError::Unprintable(Part::Agency))) =
            self.pseudonymizer.sample(Some(text), "1")
        {
            findings.problem(line, self.header.field_column(Field::Agency), FindingCode::Agency, error.to_string());
            return None;
        }
        if !self.pseudonymizer.takes_pseudonyms() && text.contains(|c| is_deceptive(c) || c == '\u{fffd}') {
            let what = "the agency contains an invisible, private or replacement character; type it again";
            findings.problem(line, self.header.field_column(Field::Agency), FindingCode::Agency, what);
            return None;
        }
        Some(self.words.shared(Column::Agency, text))
    }

    fn word(&mut self, line: u64, column: Column, text: &str, findings: &mut Findings) -> Option<Arc<str>> {
        if text.is_empty() {
            return None;
        }
        let is_bad = if self.pseudonymizer.takes_pseudonyms() { char::is_control } else { is_deceptive };
        if text.len() > Pseudonymizer::MOST_BYTES || text.chars().any(is_bad) {
            let what = "the cell is longer than 256 bytes or contains a control or invisible character; check that the \
                        columns are in place";
            findings.problem(line, self.header.field_column(column.field()), FindingCode::Text, what);
            return None;
        }
        Some(self.words.shared(column, self.stated(text)))
    }

    /// Returns the text of a cell. In exports, which contain pseudonyms, texts that a spreadsheet would evaluate carry
    /// a mark, which is removed.
    fn stated<'t>(&self, text: &'t str) -> &'t str {
        if self.pseudonymizer.takes_pseudonyms() { stated(text) } else { text }
    }

    fn family(&mut self, line: u64, agency: Option<&Arc<str>>, id: &str, findings: &mut Findings) -> Option<Pseudonym> {
        if let Some(last) = self.family.as_ref().filter(|last| last.id == id && last.agency.as_ref() == agency) {
            return Some(last.pseudonym);
        }
        self.family = None;
        // An invalid identifier is not kept for the following rows, because each of them must be refused, too.
        if !self.check_identifier(line, Field::FamilyId, id, findings) {
            return None;
        }
        let pseudonym = match self.pseudonymizer.family(agency.map(|agency| &**agency), id) {
            Ok(pseudonym) => pseudonym,
            Err(error) => {
                findings.problem(
                    line,
                    self.header.field_column(Field::FamilyId),
                    FindingCode::Identifier,
                    error.to_string(),
                );
                return None;
            }
        };
        for (is_plain, other) in self.pseudonymizer.families_alike(agency.map(|agency| &**agency), id) {
            let column = self.header.field_column(Field::FamilyId);
            let own = pseudonym;
            self.variants.push(IdentifierVariant { line, column, is_family: true, own, other, is_plain });
        }
        let without_agency = self.header.position(Field::Agency).and_then(|_| self.pseudonymizer.family(None, id).ok());
        self.family = Some(LastFamily { agency: agency.cloned(), id: id.to_owned(), pseudonym, without_agency });
        Some(pseudonym)
    }

    fn sex(&mut self, line: u64, text: &str, findings: &mut Findings) -> Option<Sex> {
        let column = || self.header.field_column(Field::Sex);
        match words::sex(text) {
            Ok(sex) => {
                if text.starts_with(char::is_numeric) && !self.said_sex_number {
                    self.said_sex_number = true;
                    findings.note_once(
                        line,
                        column(),
                        FindingCode::SexNumber,
                        "the number 1 is read as male, 2 as female, 0 and 9 as unknown, here and below",
                    );
                }
                Some(sex)
            }
            Err(error) => {
                findings.problem(line, column(), FindingCode::Sex, format!("the cell {error}"));
                None
            }
        }
    }

    /// Reads the genotypes of a row; `reading` returns the contents of a locus' columns.
    fn genotypes(
        &mut self,
        line: u64,
        reading: impl Fn(LocusColumns) -> Result<Reading, CellError>,
        findings: &mut Findings,
    ) -> Typed {
        let header = self.header;
        let before = findings.count();
        let mut genotypes = Vec::with_capacity(header.loci.len());
        let mut many = Vec::new();
        for (locus, &columns) in header.locus_columns.iter().enumerate() {
            let (at, two_cells) = (columns.first(), matches!(columns, LocusColumns::Two(..)));
            let settled = match reading(columns) {
                Ok(reading) => self.settler.settle(line, || header.column(at), two_cells, reading, findings),
                Err(error) => {
                    findings.problem(line, header.column(at), error.code(), format!("the cell {error}"));
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
            findings.warn(line, header.locus_column(*locus), FindingCode::ManyAlleles, what);
        }
        if many.len() > 1 {
            let what = format!(
                "{} loci have more than two alleles: the sample may be a mixture of two persons; type it again",
                many.len()
            );
            findings.warn(line, None, FindingCode::Mixture, what);
        }
        let profile = Profile::new(genotypes);
        // A case list has no loci.
        if profile.typed_loci() == 0 && findings.count() == before && !header.loci.is_empty() {
            findings.problem(line, None, FindingCode::Untyped, "no locus is typed: nothing to compare; remove the row");
        }
        (profile, many)
    }
}
