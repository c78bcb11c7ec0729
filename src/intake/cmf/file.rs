//! From the elements of a CMF file to the rows of a table.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::category::{Category, Listed, Place, Skip, place};
use super::grammar::Element;
use super::locus::{Loci, Meaning, is_off_ladder};
use super::xml::{Attributes, column};
use crate::intake::findings::Findings;
use crate::intake::table::Table;
use crate::intake::{Layout, Request};
use crate::model::Allele;

/// A locus that is being read.
#[derive(Default)]
struct Typed {
    column: Option<usize>,
    /// Alleles, separated as in tidy CSV.
    cell: String,
    off_ladder: bool,
}

/// A specimen that is being read.
#[derive(Default)]
struct Specimen {
    line: u64,
    /// How many problems there were before it.
    before: u64,
    id: String,
    case: Option<String>,
    partial: bool,
    place: Option<Place>,
    cells: Vec<(usize, String)>,
    kits: Vec<String>,
}

impl Specimen {
    fn is_taken(&self) -> bool {
        matches!(self.place, Some(Place::Row { .. }))
    }
}

/// A file that is being read.
pub(super) struct File<'a> {
    layout: Layout,
    listed: &'a dyn Fn(&str) -> Option<Listed<'a>>,
    lab: String,
    kit: String,
    /// The lines of specimens, by number.
    lines: HashMap<String, u64>,
    loci: Loci<'a>,
    rows: Vec<(u64, Vec<String>)>,
    specimen: Specimen,
    locus: Typed,
    skipped: [u64; 3],
    partial: u64,
    specimens: u64,
    last_line: u64,
    share_lines: bool,
}

impl<'a> File<'a> {
    pub(super) fn new(request: &Request<'a>, listed: &'a dyn Fn(&str) -> Option<Listed<'a>>) -> Self {
        Self {
            layout: request.layout,
            listed,
            lab: String::new(),
            kit: String::new(),
            lines: HashMap::new(),
            loci: Loci::new(request.panel),
            rows: Vec::new(),
            specimen: Specimen::default(),
            locus: Typed::default(),
            skipped: [0; 3],
            partial: 0,
            specimens: 0,
            last_line: 0,
            share_lines: false,
        }
    }

    /// An element begins.
    pub(super) fn open(&mut self, element: Element, line: u64, attributes: Attributes<'_>, findings: &mut Findings) {
        match element {
            Element::Specimen => {
                self.specimens += 1;
                self.share_lines |= self.last_line == line;
                self.last_line = line;
                let before = findings.count();
                let [case, source, partial] = attributes;
                if source.is_some_and(|source| !matches!(&*source, "Yes" | "No" | "N/A")) {
                    findings.problem(line, column("SOURCEID"), "attribute", "is none of Yes, No, N/A: correct it");
                }
                let partial = match partial.as_deref() {
                    Some("true" | "1") => true,
                    None | Some("false" | "0") => false,
                    Some(_) => {
                        let what = "is neither true nor false: correct it";
                        findings.problem(line, column("PARTIAL"), "attribute", what);
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

    /// An element that holds text ends; the text is without white space around it, and no longer than it may be.
    pub(super) fn value(&mut self, element: Element, line: u64, value: &str, findings: &mut Findings) {
        match element {
            Element::HeaderVersion if !matches!(value, "3.2" | "3.3") => {
                let what = "is neither 3.2 nor 3.3: export the file as one of these versions";
                findings.problem(line, column(element.name()), "version", what);
            }
            Element::MessageType if value != "Import" => {
                let what = "is not Import: only files for import hold profiles";
                findings.problem(line, column(element.name()), "message-type", what);
            }
            Element::SourceLab => value.clone_into(&mut self.lab),
            Element::Kit => value.clone_into(&mut self.kit),
            Element::SpecimenId => {
                match self.lines.entry(value.to_owned()) {
                    Entry::Occupied(first) => {
                        let what = format!("the same number stands on line {}: remove one of the two", first.get());
                        findings.problem(line, column(element.name()), "repeated-sample", what);
                    }
                    Entry::Vacant(place) => {
                        place.insert(line);
                    }
                }
                value.clone_into(&mut self.specimen.id);
            }
            Element::SpecimenCategory => self.category(line, value, findings),
            Element::LocusName if self.specimen.is_taken() => self.name(line, value, findings),
            Element::AlleleValue if self.locus.column.is_some() => self.allele(line, value, findings),
            _ => {}
        }
    }

    fn category(&mut self, line: u64, value: &str, findings: &mut Findings) {
        let name = column(Element::SpecimenCategory.name());
        let category = match Category::read(value) {
            Ok(category) => category,
            Err(what) => return findings.problem(line, name, "category", what),
        };
        let listed = (self.listed)(&self.specimen.id);
        match place(self.layout, category, self.specimen.case.as_deref(), listed) {
            Ok(place) => {
                if let (Place::Row { .. }, Category::Relative(kin)) = (&place, category)
                    && kin.is_alleged()
                    && listed.is_none()
                {
                    let what = "the parent is alleged, and is taken for the parent: a child of another parent would not be \
                                found by it; leave the specimen out if that is doubtful";
                    findings.note(line, name, "alleged", what);
                }
                self.specimen.place = Some(place);
            }
            Err((code, what, true)) => findings.problem(self.specimen.line, column("CASEID"), code, what),
            Err((code, what, false)) => findings.problem(line, name, code, what),
        }
    }

    fn name(&mut self, line: u64, value: &str, findings: &mut Findings) {
        let name = column(Element::LocusName.name());
        match self.loci.find(line, value, findings) {
            Meaning::Column(at) if self.specimen.cells.iter().any(|cell| cell.0 == at) => {
                let what = "the specimen has the locus already: remove one of the two";
                findings.problem(line, name, "repeated-locus", what);
            }
            Meaning::Column(at) => self.locus.column = Some(at),
            Meaning::SexChromosome => {}
            Meaning::Unknown(what) => findings.problem(line, name, "locus", what),
        }
    }

    fn allele(&mut self, line: u64, value: &str, findings: &mut Findings) {
        let name = Element::AlleleValue.name();
        let is_amelogenin = self.locus.column.is_some_and(|at| self.loci.is_amelogenin(at));
        if is_off_ladder(value) {
            if !self.locus.off_ladder {
                let what = "is off the ladder, so no repeat number: the locus is left untyped for this specimen";
                findings.note(line, column(name), "off-ladder", what);
            }
            self.locus.off_ladder = true;
        } else if is_amelogenin && !matches!(value, "X" | "Y") {
            findings.problem(line, column(name), "allele", "is neither X nor Y: correct it");
        } else if let (false, Err(error)) = (is_amelogenin, value.parse::<Allele>()) {
            findings.problem(line, column(name), "allele", error.to_string());
        } else {
            if !self.locus.cell.is_empty() {
                self.locus.cell.push('/');
            }
            self.locus.cell.push_str(value);
        }
    }

    /// An element that holds others ends.
    pub(super) fn close(&mut self, element: Element, findings: &Findings) {
        match element {
            Element::Locus => {
                let Typed { column, cell, off_ladder } = std::mem::take(&mut self.locus);
                if let Some(at) = column {
                    self.specimen.cells.push((at, if off_ladder { String::new() } else { cell }));
                }
            }
            Element::Specimen => self.finish_specimen(findings),
            _ => {}
        }
    }

    fn finish_specimen(&mut self, findings: &Findings) {
        let Specimen { line, before, id, partial, place, cells, kits, .. } = std::mem::take(&mut self.specimen);
        let (family, relation, sex) = match place {
            Some(Place::Row { family, relation, sex }) => (family, relation, sex),
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
        let first = match self.layout {
            Layout::Families => vec![family, id, relation, sex],
            Layout::Children => vec![id, sex],
        };
        let fixed = first.len() + 2;
        let width = fixed + cells.iter().map(|cell| cell.0 + 1).max().unwrap_or(0);
        let mut row = Vec::with_capacity(width);
        row.extend(first);
        row.extend([self.lab.clone(), kits.join(" + ")]);
        row.resize(width, String::new());
        for (at, cell) in cells {
            row[fixed + at] = cell;
        }
        self.rows.push((line, row));
    }

    pub(super) fn finish(self, findings: &mut Findings) -> Option<Table> {
        let fixed: &[&str] = match self.layout {
            Layout::Families => &["family_id", "sample_id", "relation", "sex", "agency", "kit"],
            Layout::Children => &["sample_id", "sex", "agency", "kit"],
        };
        let header: Vec<String> = fixed.iter().map(|name| (*name).to_owned()).chain(self.loci.columns).collect();
        let mut rows = self.rows;
        findings.rejected = self.specimens - self.skipped.iter().sum::<u64>() - rows.len() as u64;
        for (_, row) in &mut rows {
            row.reserve_exact(header.len() - row.len());
            row.resize(header.len(), String::new());
        }
        let mut note = |code, number: u64, what: &str| {
            if number > 0 {
                findings.note(0, None, code, format!("specimens {what}: {number}"));
            }
        };
        let other_layout = match self.layout {
            Layout::Families => "of unidentified persons are skipped, import them with --as children",
            Layout::Children => "of relatives are skipped, import them with --as families",
        };
        note("skipped", self.skipped[Skip::OtherLayout as usize], other_layout);
        note("skipped", self.skipped[Skip::Missing as usize], "that are missing persons' own profiles are skipped");
        note("skipped", self.skipped[Skip::Other as usize], "of categories other than these are skipped");
        note("partial", self.partial, "marked as partial, in which a homozygote may have lost an allele");
        if self.share_lines {
            let what = "several specimens begin on one line, which is all that findings can name; with a line end before \
                        each SPECIMEN they name the specimen";
            findings.note(0, None, "shared-lines", what);
        }
        if !rows.is_empty() {
            return Some(Table { line: 0, header, rows });
        }
        if findings.count() == 0 {
            let what = match self.layout {
                Layout::Families => "the file has no specimen of a relative: nothing to import as families",
                Layout::Children => "the file has no specimen of an unidentified person: nothing to import as children",
            };
            findings.problem(0, None, "no-rows", what);
        }
        None
    }
}
