//! Reads the XML of the STRidER database: markers, origins of populations, and the frequencies of each.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::gather::{Gather, Gathered};
use super::grid::MOST_BYTES;
use super::labels::label;
use super::request::TableRequest;
use crate::intake::findings::{Findings, value_named};
use crate::model::FindingCode;

/// Deeper than any of these files.
const MOST_DEPTH: usize = 16;

/// The kind of a file.
pub(super) enum Text<'a> {
    Xml(Cow<'a, str>),
    /// XML that cannot be read; the findings say why.
    Broken,
    Other,
}

/// Determines whether a file is XML.
pub(super) fn text<'a>(bytes: &'a [u8], request: &TableRequest<'_>, findings: &mut Findings) -> Text<'a> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if !bytes.trim_ascii_start().starts_with(b"<") || bytes.len() > MOST_BYTES {
        return Text::Other;
    }
    if label(&String::from_utf8_lossy(&bytes[..bytes.len().min(8)])).is_some() {
        // `<8` may begin a row of a table.
        return Text::Other;
    }
    if request.sheet.is_some() {
        findings.problem(0, None, FindingCode::Sheet, "is not a workbook with sheets; leave out --sheet");
        return Text::Broken;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Text::Xml(Cow::Borrowed(text)),
        Err(_) => {
            let what = "the file is XML and not UTF-8; export it again as UTF-8";
            findings.problem(0, None, FindingCode::Encoding, what);
            Text::Broken
        }
    }
}

struct Marker {
    name: String,
    line: u64,
    origins: Vec<Origin>,
}

struct Origin {
    name: String,
    line: u64,
    persons: Option<String>,
    frequencies: Vec<Frequency>,
}

struct Frequency {
    line: u64,
    allele: String,
    text: String,
}

/// The state of reading.
#[derive(Default)]
struct Reading {
    /// The names of the open elements.
    open: Vec<String>,
    markers: Vec<Marker>,
    /// The text of the innermost element.
    text: String,
}

/// Reads the elements; `None` if that is impossible, and the findings then say why.
pub(super) fn gather_xml(text: &str, mut gather: Gather<'_, '_>) -> Option<Gathered> {
    let before = gather.findings.count();
    let markers = markers(text, &mut gather)?;
    let mut populations: Vec<&str> = Vec::new();
    for origin in markers.iter().flat_map(|marker| &marker.origins) {
        if !populations.contains(&origin.name.as_str()) {
            populations.push(&origin.name);
        }
    }
    if populations.is_empty() {
        let what = "the file has no frequencies; export it again";
        gather.problem(0, None, FindingCode::NoRows, what);
        return None;
    }
    let chosen = gather.choose(&populations, 0, None)?;
    for marker in &markers {
        let mut origins = marker.origins.iter().filter(|origin| origin.name == chosen);
        let name = value_named("name");
        let Some(origin) = origins.next() else {
            if !marker.origins.is_empty() {
                gather.not_of_population(&marker.name, marker.line, name);
            }
            continue;
        };
        if let Some(again) = origins.next() {
            let what = "is repeated in a marker for this population; remove one of the two";
            gather.problem(again.line, value_named("origin"), FindingCode::RepeatedElement, what);
        }
        let Some(locus) = gather.locus(&marker.name, marker.line, name) else { continue };
        if let Some(persons) = &origin.persons {
            gather.persons(locus, false, persons, origin.line, value_named("n"));
        }
        for Frequency { line, allele, text } in &origin.frequencies {
            match label(allele) {
                Some(label) => gather.value(locus, label, text, None, (*line, value_named("frequency"))),
                None => gather.not_an_allele(*line, value_named("allele")),
            }
        }
    }
    gather.population = Some(chosen);
    if gather.findings.count() == before { gather.finish() } else { None }
}

fn markers(text: &str, gather: &mut Gather<'_, '_>) -> Option<Vec<Marker>> {
    let before = gather.findings.count();
    let mut reader = Reader::from_str(text);
    let mut reading = Reading::default();
    // Lines are counted onward from the last position requested.
    let (mut line, mut counted) = (1_u64, 0_usize);
    loop {
        let start = usize::try_from(reader.buffer_position()).unwrap_or(text.len()).min(text.len());
        line += text.as_bytes()[counted..start].iter().filter(|&&byte| byte == b'\n').count() as u64;
        counted = start;
        let broken = match reader.read_event() {
            Ok(Event::Start(tag)) => reading.open(&tag, line, gather).err(),
            Ok(Event::Empty(tag)) => reading.open(&tag, line, gather).err().or_else(|| {
                reading.close(line, gather);
                None
            }),
            Ok(Event::End(_)) => {
                reading.close(line, gather);
                None
            }
            Ok(Event::Text(text)) => {
                reading.text.push_str(&text.xml10_content());
                None
            }
            Ok(Event::DocType(_)) => Some((
                FindingCode::Doctype,
                "the file has a document type, which may define entities; remove the line with DOCTYPE",
            )),
            Ok(Event::GeneralRef(_) | Event::CData(_)) => {
                Some((FindingCode::Entity, "entities are not supported; write the character itself"))
            }
            Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_)) => None,
            Ok(Event::Eof) if !reading.open.is_empty() => Some((
                FindingCode::Truncated,
                "the file ends here, within an element: it was cut off; export or copy it again",
            )),
            Ok(Event::Eof) => break,
            Err(_) => Some((FindingCode::Xml, "the file is not valid XML from here on; export it again")),
        };
        if let Some((code, what)) = broken {
            gather.problem(line, None, code, what);
            return None;
        }
    }
    (gather.findings.count() == before).then_some(reading.markers)
}

impl Reading {
    fn open(
        &mut self,
        tag: &BytesStart<'_>,
        line: u64,
        gather: &mut Gather<'_, '_>,
    ) -> Result<(), (FindingCode, &'static str)> {
        let name: String = tag.local_name().as_ref().to_owned();
        if self.open.len() >= MOST_DEPTH {
            return Err((FindingCode::Depth, "elements are nested too deeply; export the file again"));
        }
        let path: Vec<&str> = self.open.iter().map(String::as_str).collect();
        match (path.as_slice(), name.as_str()) {
            ([], "frequencies") | (["frequencies", "marker"], "name" | "alleles") => {}
            ([], _) => {
                return Err((
                    FindingCode::TableForm,
                    "the file is XML of another kind; give the frequencies of STRidER, or a table",
                ));
            }
            (["frequencies"], "marker") => self.markers.push(Marker { name: String::new(), line, origins: Vec::new() }),
            (["frequencies", "marker"], "origin") => {
                let origin =
                    attribute(tag, "name").ok_or((FindingCode::Attribute, "an origin has no name; give it"))?;
                let persons = attribute(tag, "n").filter(|n| !n.is_empty());
                if let Some(marker) = self.markers.last_mut() {
                    marker.origins.push(Origin { name: origin, line, persons, frequencies: Vec::new() });
                }
            }
            (["frequencies", "marker", "origin"], "frequency") => {
                let allele =
                    attribute(tag, "allele").ok_or((FindingCode::Attribute, "a frequency has no allele; give it"))?;
                if let Some(origin) = self.markers.last_mut().and_then(|marker| marker.origins.last_mut()) {
                    origin.frequencies.push(Frequency { line, allele, text: String::new() });
                }
            }
            // Contents of an element that is not read.
            ([.., _], _) if !is_read(&path) => {}
            _ => {
                let what = "is not a frequency: the elements of this name are left out";
                let shown = if name.len() <= 40 { name.as_str() } else { "?" };
                gather.findings.note_once(line, value_named(shown), FindingCode::Statistic, what);
            }
        }
        self.open.push(name);
        self.text.clear();
        Ok(())
    }

    fn close(&mut self, line: u64, gather: &mut Gather<'_, '_>) {
        let path: Vec<&str> = self.open.iter().map(String::as_str).collect();
        let text = self.text.trim();
        match path.as_slice() {
            ["frequencies", "marker", "name"] => {
                if let Some(marker) = self.markers.last_mut() {
                    if !marker.name.is_empty() {
                        let what = "is repeated in a marker; remove one of the two";
                        gather.problem(line, value_named("name"), FindingCode::RepeatedElement, what);
                    }
                    text.clone_into(&mut marker.name);
                }
            }
            ["frequencies", "marker", "origin", "frequency"] => {
                let last = self.markers.last_mut().and_then(|marker| marker.origins.last_mut());
                if let Some(frequency) = last.and_then(|origin| origin.frequencies.last_mut()) {
                    text.clone_into(&mut frequency.text);
                }
            }
            _ => {}
        }
        self.open.pop();
        self.text.clear();
    }
}

/// Reports whether the elements inside an element of this path are read.
fn is_read(path: &[&str]) -> bool {
    matches!(path, ["frequencies"] | ["frequencies", "marker"] | ["frequencies", "marker", "origin"])
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    let found =
        attributes.with_checks(false).take(MOST_DEPTH).flatten().find(|attribute| attribute.key.as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.trim().to_owned())
}
