//! Reads the part of the DVI module: sections in brackets, one more pair for each level, and lines `Key= value`.
//!
//! ```text
//! [DVI]
//! [[Unidentified persons]]      nPersons, and for each [[[Person n]]]: Name, Gender, [[[[DNA data]]]]
//! [[Notes]]                     free text
//! [[Reference Families]]        nFamilies, and for each [[[Family n]]]: Name,
//! [[[[Persons]]]]               nPersons, and for each [[[[[Person n]]]]]: as above, a level deeper
//! [[[[Pedigrees]]]]             nPedigrees, and for each [[[[[Pedigree n]]]]]: Name, nRelations, Parent and Child of each
//! ```
//!
//! DNA data consist of nSystems and, for each system, SystemName, Allele1 and Allele2.

use super::values::Values;
use crate::intake::findings::{Findings, value_named};
use crate::model::{FindingCode, Sex};

/// The part of the DVI module.
#[derive(Default)]
pub(super) struct Dvi<'a> {
    pub(super) unidentified: Vec<Person<'a>>,
    pub(super) families: Vec<Family<'a>>,
}

pub(super) struct Person<'a> {
    pub(super) line: u64,
    pub(super) name: &'a str,
    pub(super) sex: Sex,
    pub(super) typed: Vec<Typed<'a>>,
}

/// A person's alleles at a locus.
pub(super) struct Typed<'a> {
    pub(super) line: u64,
    pub(super) locus: &'a str,
    pub(super) alleles: [&'a str; 2],
}

pub(super) struct Family<'a> {
    pub(super) line: u64,
    pub(super) name: &'a str,
    pub(super) persons: Vec<Person<'a>>,
    pub(super) pedigrees: Vec<Drawn<'a>>,
}

/// A pedigree, by names.
pub(super) struct Drawn<'a> {
    pub(super) line: u64,
    pub(super) name: &'a str,
    pub(super) relations: Vec<Descent<'a>>,
}

/// A parent and a child by name.
pub(super) struct Descent<'a> {
    pub(super) line: u64,
    pub(super) parent: &'a str,
    pub(super) child: &'a str,
}

/// A section with its direct entries.
struct Section<'a> {
    line: u64,
    name: &'a str,
    entries: Vec<Entry<'a>>,
    parts: Vec<Section<'a>>,
}

/// A line of the form `Key= value`.
struct Entry<'a> {
    line: u64,
    key: &'a str,
    value: &'a str,
}

/// The maximum depth below `[DVI]` of sections that are used, including the section itself.
const MOST_DEPTH: usize = 6;

/// Reads the part, if it exists; the lines before it must have been read.
pub(super) fn read<'a>(values: &mut Values<'a>, findings: &mut Findings) -> Option<Dvi<'a>> {
    while values.peek()? != "[DVI]" {
        values.skip();
    }
    let top = read_sections(values, findings)?;
    let mut dvi = Dvi::default();
    for section in &top.parts {
        match section.name {
            "Unidentified persons" => dvi.unidentified.extend(read_persons(section, findings)),
            "Reference Families" => {
                check_count(section, "nFamilies", section.parts.len(), findings);
                dvi.families.extend(section.parts.iter().map(|part| read_family(part, findings)));
            }
            _ => {}
        }
    }
    Some(dvi)
}

/// Reads the section that begins here, with everything in it.
fn read_sections<'a>(values: &mut Values<'a>, findings: &mut Findings) -> Option<Section<'a>> {
    let mut open: Vec<Section<'a>> = Vec::new();
    let close = |open: &mut Vec<Section<'a>>, depth: usize| {
        while open.len() > depth.max(1) {
            if let (Some(done), Some(above)) = (open.pop(), open.last_mut()) {
                above.parts.push(done);
            }
        }
    };
    loop {
        let line = values.line();
        let Some(text) = values.peek() else { break };
        let depth = text.bytes().take_while(|&b| b == b'[').count();
        let notes = open.get(1).is_some_and(|section| section.name == "Notes");
        if depth == 1 && !open.is_empty() && !notes {
            break;
        }
        values.skip();
        if depth > 0 && !(notes && depth != 2) {
            close(&mut open, depth - 1);
            if depth > MOST_DEPTH || depth != open.len() + 1 {
                let what =
                    "the section is not one level below the one that contains it: the file was damaged; save it again";
                findings.problem(line, None, FindingCode::Section, what);
                return None;
            }
            let name = text.trim_matches(['[', ']', ' ']);
            open.push(Section { line, name, entries: Vec::new(), parts: Vec::new() });
        } else if let (false, Some(section)) = (text.is_empty() || notes, open.last_mut()) {
            let Some((key, value)) = text.split_once('=') else {
                let what = "is neither a section nor a value: the file was damaged; save it again";
                findings.problem(line, None, FindingCode::Section, what);
                return None;
            };
            section.entries.push(Entry { line, key: key.trim(), value: value.trim() });
        }
    }
    close(&mut open, 1);
    open.pop()
}

impl<'a> Section<'a> {
    fn value(&self, key: &str) -> Option<&'a str> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value)
    }

    fn part(&self, name: &str) -> Option<&Self> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// Returns the name of the described object.
    fn title(&self, findings: &mut Findings) -> &'a str {
        let name = self.value("Name").unwrap_or_default();
        if name.is_empty() {
            findings.problem(
                self.line,
                value_named("Name"),
                FindingCode::Identifier,
                "is empty; give every person and family a name",
            );
        }
        name
    }
}

/// Checks that a section has the stated number of items.
fn check_count(section: &Section<'_>, key: &'static str, found: usize, findings: &mut Findings) {
    if section.value(key).and_then(|count| count.parse().ok()) != Some(found) {
        let line = section.entries.iter().find(|entry| entry.key == key).map_or(section.line, |entry| entry.line);
        let what = format!(
            "is missing, or differs from the number that follow ({found}): the file was damaged; save it again"
        );
        findings.problem(line, value_named(key), FindingCode::Count, what);
    }
}

fn read_persons<'a>(section: &Section<'a>, findings: &mut Findings) -> Vec<Person<'a>> {
    check_count(section, "nPersons", section.parts.len(), findings);
    section.parts.iter().map(|part| read_person(part, findings)).collect()
}

fn read_person<'a>(section: &Section<'a>, findings: &mut Findings) -> Person<'a> {
    let name = section.title(findings);
    let sex = match section.value("Gender").map(str::to_ascii_lowercase).as_deref() {
        Some("male") => Sex::Male,
        Some("female") => Sex::Female,
        None | Some("" | "unknown") => Sex::Unknown,
        Some(_) => {
            let what = "is invalid; write Male, Female or Unknown";
            findings.problem(section.line, value_named("Gender"), FindingCode::Sex, what);
            Sex::Unknown
        }
    };
    let typed = section.part("DNA data").map_or_else(Vec::new, |data| read_dna(data, findings));
    Person { line: section.line, name, sex, typed }
}

fn read_dna<'a>(data: &Section<'a>, findings: &mut Findings) -> Vec<Typed<'a>> {
    let mut typed = Vec::new();
    let mut entries = data.entries.iter().filter(|entry| entry.key != "nSystems").peekable();
    while let Some(&Entry { line, key, value: locus }) = entries.next() {
        let mut allele = |name: &str| entries.next_if(|entry| entry.key == name).map(|entry| entry.value);
        let (true, Some(first), Some(second)) = (key == "SystemName", allele("Allele1"), allele("Allele2")) else {
            let what =
                "SystemName, Allele1 and Allele2 should follow each other here: the file was damaged; save it again";
            findings.problem(line, value_named("DNA data"), FindingCode::Section, what);
            return typed;
        };
        typed.push(Typed { line, locus, alleles: [first, second] });
    }
    check_count(data, "nSystems", typed.len(), findings);
    typed
}

fn read_family<'a>(section: &Section<'a>, findings: &mut Findings) -> Family<'a> {
    let name = section.title(findings);
    let persons = section.part("Persons").map_or_else(Vec::new, |part| read_persons(part, findings));
    let pedigrees = section.part("Pedigrees").map_or_else(Vec::new, |part| {
        check_count(part, "nPedigrees", part.parts.len(), findings);
        part.parts.iter().map(|part| read_pedigree(part, findings)).collect()
    });
    Family { line: section.line, name, persons, pedigrees }
}

fn read_pedigree<'a>(section: &Section<'a>, findings: &mut Findings) -> Drawn<'a> {
    let mut relations = Vec::new();
    let is_relation = |key: &str| matches!(key, "Parent" | "Child");
    let mut entries = section.entries.iter().filter(|entry| is_relation(entry.key)).peekable();
    while let Some(&Entry { line, key, value: parent }) = entries.next() {
        let child = entries.next_if(|entry| entry.key == "Child").filter(|_| key == "Parent");
        let Some(&Entry { value: child, .. }) = child else {
            let what = "Parent and Child should follow each other here: the file was damaged; save it again";
            findings.problem(line, value_named("Parent"), FindingCode::Section, what);
            break;
        };
        relations.push(Descent { line, parent, child });
    }
    check_count(section, "nRelations", relations.len(), findings);
    Drawn { line: section.line, name: section.value("Name").unwrap_or_default(), relations }
}
