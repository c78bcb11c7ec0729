//! Turns the elements of a CMF file into the rows of a table.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::category::{Blamed, Category, Listed, Misplaced, Place, Skip, place_specimen};
use super::grammar::Element;
use super::locus::{Loci, Meaning, is_off_ladder};
use super::xml::{Attributes, Elements};
use crate::intake::columns::fields::Field;
use crate::intake::columns::header::ValueColumn;
use crate::intake::findings::{Findings, value_named};
use crate::intake::request::Request;
use crate::intake::rows::amelogenin::{Marker, SexAllele};
use crate::intake::rows::cells;
use crate::intake::rows::relation_words::stated_relation;
use crate::intake::rows::table::{Table, TableRow, TypedLocus};

use crate::model::{Allele, FindingCode, Layout, Sex};

/// A locus while it is read.
#[derive(Default)]
struct Typed {
    column: Option<usize>,
    alleles: Vec<Allele>,
    /// Alleles of the sex marker.
    sexes: Vec<SexAllele>,
    off_ladder: bool,
}

/// A specimen while it is read.
#[derive(Default)]
struct Specimen {
    line: u64,
    /// Number of problems before it.
    before: u64,
    id: String,
    case: Option<String>,
    partial: bool,
    place: Option<Place>,
    /// The alleles at each locus, by position among the columns of loci.
    loci: Vec<TypedLocus>,
    sex_marker: Option<Marker>,
    kits: Vec<String>,
}

impl Specimen {
    fn is_taken(&self) -> bool {
        matches!(self.place, Some(Place::Row { .. }))
    }
}

/// A file while it is read.
pub(super) struct File<'a> {
    request: &'a Request<'a>,
    /// The columns of fields.
    fields: Vec<Field>,
    lab: String,
    kit: String,
    /// The lines of specimens, by specimen number.
    lines: HashMap<String, u64>,
    loci: Loci<'a>,
    rows: Vec<TableRow>,
    specimen: Specimen,
    locus: Typed,
    skipped: [u64; 4],
    partial: u64,
    specimens: u64,
    last_line: u64,
    share_lines: bool,
}

impl<'a> File<'a> {
    /// Begins an XML file.
    pub(super) fn new(request: &'a Request<'a>) -> Self {
        // The list's numbers must match those of the file, so a sample has an agency only if the list names one.
        let fields: &[Field] = if request.cases.is_some() { &[Field::Kit] } else { &[Field::Agency, Field::Kit] };
        Self::with_fields(request, fields)
    }

    /// Begins a file with one value per line, which states neither agency nor kit.
    pub(super) fn of_lines(request: &'a Request<'a>) -> Self {
        Self::with_fields(request, &[])
    }

    fn with_fields(request: &'a Request<'a>, more: &[Field]) -> Self {
        let expected = request.expected();
        let fields: &[Field] = match (request.layout, request.cases) {
            (Layout::Families, _) => &[Field::FamilyId, Field::SampleId, Field::Relation, Field::Sex],
            (Layout::Children, Some(_)) => &[Field::SampleId, Field::Sex],
            // The categories of children state no sex, but the sex marker may.
            (Layout::Children, None) => &[Field::SampleId],
        };
        let fields = fields.iter().chain(more);
        Self {
            request,
            // The list has priority over the file, which was checked against it.
            fields: fields.copied().filter(|field| !expected.is_listed(*field)).collect(),
            lab: String::new(),
            kit: String::new(),
            lines: HashMap::new(),
            loci: Loci::new(request.panel),
            rows: Vec::new(),
            specimen: Specimen::default(),
            locus: Typed::default(),
            skipped: [0; 4],
            partial: 0,
            specimens: 0,
            last_line: 0,
            share_lines: false,
        }
    }

    fn category(&mut self, line: u64, value: &str, findings: &mut Findings) {
        let name = value_named(Element::SpecimenCategory.name());
        let category = match Category::read(value) {
            Ok(category) => category,
            Err(what) => return findings.problem(line, name, FindingCode::Category, what),
        };
        let listed = self.listed();
        match place_specimen(self.request.layout, category, self.specimen.case.as_deref(), listed) {
            Ok(place) => {
                if let (Place::Row { .. }, Category::Relative(kin)) = (&place, category)
                    && kin.is_alleged()
                    && listed.is_none()
                {
                    let what = "the alleged parent is read as the parent, so a child of another parent would not be \
                                found; leave the specimen out if the parentage is doubtful";
                    findings.note(line, name, FindingCode::Alleged, what);
                }
                self.specimen.place = Some(place);
            }
            Err(Misplaced { code, what, blamed: Blamed::CaseId }) => {
                findings.problem(self.specimen.line, value_named("CASEID"), code, what);
            }
            Err(Misplaced { code, what, blamed: Blamed::Category }) => findings.problem(line, name, code, what),
        }
    }

    /// Returns the case list's data about the specimen.
    fn listed(&self) -> Option<Listed<'a>> {
        let entry = self.request.cases?.entries(&self.specimen.id).next()?;
        let relation = entry.cell(Field::Relation).and_then(|cell| stated_relation(cell).ok());
        Some(Listed { family: entry.cell(Field::FamilyId), relation })
    }

    fn locus_name(&mut self, line: u64, value: &str, findings: &mut Findings) {
        let name = value_named(Element::LocusName.name());
        match self.loci.find(line, value, findings) {
            Meaning::Column(at) if self.has_locus(at) => {
                let what = "the specimen has the locus already; remove one of the two";
                findings.problem(line, name, FindingCode::RepeatedLocus, what);
            }
            Meaning::Column(at) => self.locus.column = Some(at),
            Meaning::SexChromosome => {}
            Meaning::Unknown(what) => findings.problem(line, name, FindingCode::Locus, what),
        }
    }

    /// Reports whether the specimen already has a locus, by position among the columns of loci.
    fn has_locus(&self, column: usize) -> bool {
        match self.loci.is_amelogenin(column) {
            true => self.specimen.sex_marker.is_some(),
            false => self.specimen.loci.iter().any(|typed| typed.column == column),
        }
    }

    fn allele(&mut self, line: u64, value: &str, findings: &mut Findings) {
        let name = Element::AlleleValue.name();
        let is_amelogenin = self.locus.column.is_some_and(|at| self.loci.is_amelogenin(at));
        if is_off_ladder(value) {
            if !self.locus.off_ladder {
                let what = "is off the ladder and not a repeat number: the locus is left untyped for this specimen";
                findings.note(line, value_named(name), FindingCode::OffLadder, what);
            }
            self.locus.off_ladder = true;
        } else if is_amelogenin {
            match value {
                "X" => self.locus.sexes.push(SexAllele::X),
                "Y" => self.locus.sexes.push(SexAllele::Y),
                _ => findings.problem(line, value_named(name), FindingCode::Allele, "is neither X nor Y; correct it"),
            }
        } else {
            match value.parse::<Allele>() {
                Ok(allele) => self.locus.alleles.push(allele),
                Err(error) => findings.problem(line, value_named(name), FindingCode::Allele, error.to_string()),
            }
        }
    }

    /// Begins a specimen whose category gives no information.
    pub(super) fn without_category(&mut self) {
        let Listed { family, relation } = self.listed().unwrap_or_default();
        self.specimen.place = Some(Place::Row { family: family.map(str::to_owned), relation });
    }

    /// Skips the specimen, which is a control.
    pub(super) fn skip_control(&mut self) {
        self.specimen.place = Some(Place::Skipped(Skip::Control));
    }

    fn finish_specimen(&mut self, findings: &Findings) {
        let Specimen { line, before, id, partial, place, loci, sex_marker, kits, .. } =
            std::mem::take(&mut self.specimen);
        let (family, relation) = match place {
            Some(Place::Row { family, relation }) => (family, relation),
            Some(Place::Skipped(skip)) => {
                self.skipped[skip as usize] += 1;
                return;
            }
            None => return,
        };
        self.partial += u64::from(partial);
        if findings.count() > before {
            return;
        }
        let first = self.fields.len();
        let typed =
            loci.into_iter().map(|TypedLocus { column, reading }| TypedLocus { column: first + column, reading });
        self.rows.push(TableRow {
            texts: Vec::new(),
            line,
            sample: id,
            family,
            relation,
            sex: Sex::Unknown,
            // With a case list, the list alone states the agency, if any.
            agency: self.request.cases.is_none().then(|| self.lab.clone()),
            kit: Some(kits.join(" + ")),
            drop_out: None,
            sex_marker: sex_marker.unwrap_or(Marker::Empty),
            typed: typed.collect(),
        });
    }

    /// Returns the table of everything that was read; `None` if there is no row. The findings then say why.
    pub(super) fn finish(self, findings: &mut Findings) -> Option<Table> {
        let Self { rows, fields, loci, .. } = self;
        let columns = fields.into_iter().map(ValueColumn::Field).chain(loci.columns).collect();
        findings.rejected = self.specimens - self.skipped.iter().sum::<u64>() - rows.len() as u64;
        let mut note = |code, number: u64, what: &str| {
            if number > 0 {
                findings.note(0, None, code, format!("specimens {what}: {number}"));
            }
        };
        let other_layout = match self.request.layout {
            Layout::Families => "of unidentified persons are skipped (import them with --as children)",
            Layout::Children => "of relatives are skipped (import them with --as families)",
        };
        note(FindingCode::Skipped, self.skipped[Skip::OtherLayout as usize], other_layout);
        note(
            FindingCode::Skipped,
            self.skipped[Skip::Missing as usize],
            "that are missing persons' own profiles are skipped",
        );
        note(FindingCode::Skipped, self.skipped[Skip::Other as usize], "of categories other than these are skipped");
        note(FindingCode::Partial, self.partial, "marked as partial, in which a homozygote may have lost an allele");
        if self.share_lines {
            let what = "several specimens begin on one line, so findings can name the line only; start each SPECIMEN \
                        on a new line to see which specimen is meant";
            findings.note(0, None, FindingCode::SharedLines, what);
        }
        if !rows.is_empty() {
            return Some(Table { line: 0, columns, rows });
        }
        if findings.count() == 0 {
            let what = match self.request.layout {
                Layout::Families => "the file has no specimen of a relative: nothing to import as families",
                Layout::Children => "the file has no specimen of an unidentified person: nothing to import as children",
            };
            findings.problem(0, None, FindingCode::NoRows, what);
        }
        None
    }
}

impl Elements for File<'_> {
    fn open(&mut self, element: Element, line: u64, attributes: Attributes<'_>, findings: &mut Findings) {
        match element {
            Element::Specimen => {
                self.specimens += 1;
                self.share_lines |= self.last_line == line;
                self.last_line = line;
                let before = findings.count();
                let [case, source, partial] = attributes;
                if source.is_some_and(|source| !matches!(&*source, "Yes" | "No" | "N/A")) {
                    findings.problem(
                        line,
                        value_named("SOURCEID"),
                        FindingCode::Attribute,
                        "is invalid; write Yes, No or N/A",
                    );
                }
                let partial = match partial.as_deref() {
                    Some("true" | "1") => true,
                    None | Some("false" | "0") => false,
                    Some(_) => {
                        let what = "is invalid; write true or false";
                        findings.problem(line, value_named("PARTIAL"), FindingCode::Attribute, what);
                        false
                    }
                };
                let case = case.map(Into::into);
                self.specimen = Specimen { line, before, case, partial, ..Specimen::default() };
            }
            Element::Locus => {
                self.locus = Typed::default();
                let [kit, ..] = attributes;
                let kit = kit.as_deref().unwrap_or(&self.kit);
                if self.specimen.is_taken() && !kit.is_empty() && !self.specimen.kits.iter().any(|known| known == kit) {
                    self.specimen.kits.push(kit.to_owned());
                }
            }
            _ => {}
        }
    }

    fn value(&mut self, element: Element, line: u64, value: &str, findings: &mut Findings) {
        match element {
            Element::HeaderVersion if !matches!(value, "3.2" | "3.3") => {
                let what = "is neither 3.2 nor 3.3; export the file as one of these versions";
                findings.problem(line, value_named(element.name()), FindingCode::Version, what);
            }
            Element::MessageType if value != "Import" => {
                let what = "is not Import: only import files hold profiles; export the file for import";
                findings.problem(line, value_named(element.name()), FindingCode::MessageType, what);
            }
            Element::SourceLab => {
                value.clone_into(&mut self.lab);
                if self.request.cases.is_some_and(|cases| !cases.fields().has(Field::Agency)) {
                    let what = "is not read as the agency of the samples, because the case list states no agency; add \
                                a column agency to the list if laboratories give out the same numbers";
                    findings.note(line, value_named(element.name()), FindingCode::SourceLab, what);
                }
            }
            Element::Kit => value.clone_into(&mut self.kit),
            Element::SpecimenId => {
                match self.lines.entry(value.to_owned()) {
                    Entry::Occupied(first) => {
                        let what = format!("line {} has the same number; remove one of the two", first.get());
                        findings.problem(line, value_named(element.name()), FindingCode::RepeatedSample, what);
                    }
                    Entry::Vacant(place) => {
                        place.insert(line);
                    }
                }
                value.clone_into(&mut self.specimen.id);
            }
            Element::SpecimenCategory => self.category(line, value, findings),
            Element::LocusName if self.specimen.is_taken() => self.locus_name(line, value, findings),
            Element::AlleleValue if self.locus.column.is_some() => self.allele(line, value, findings),
            _ => {}
        }
    }

    fn close(&mut self, element: Element, findings: &Findings) {
        match element {
            Element::Locus => {
                let Typed { column, alleles, sexes, off_ladder } = std::mem::take(&mut self.locus);
                let Some(column) = column else { return };
                let (alleles, sexes) = if off_ladder { Default::default() } else { (alleles, sexes) };
                if self.loci.is_amelogenin(column) {
                    let marker = Marker::of_alleles(&sexes, self.request.single_allele);
                    self.specimen.sex_marker = Some(marker);
                } else {
                    self.specimen.loci.push(TypedLocus { column, reading: cells::of_alleles(alleles) });
                }
            }
            Element::Specimen => self.finish_specimen(findings),
            _ => {}
        }
    }
}
