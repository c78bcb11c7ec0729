//! Turns the text of a CMF file into its elements, and checks their position, number and length.

use std::borrow::Cow;

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;
use quick_xml::{Error, XmlVersion, escape};

use super::grammar::{Element, MOST_ATTRIBUTES};
use super::text::Lines;
use crate::intake::findings::{Findings, value_named};
use crate::model::FindingCode;

const NAMESPACE: &str = "urn:CODISImportFile-schema";
/// The root element of a related format, for rapid typing at arrest.
const RAPID: &str = "CODISRapidImportFile";
/// Deeper than any CMF file. Elements below the known depth are unknown and skipped.
const MOST_DEPTH: usize = 64;
/// More namespace declarations than any file needs.
const MOST_NAMESPACES: usize = 16;
/// More attributes than any element has, including those of namespaces.
const MOST_IN_TAG: usize = 32;
/// The number of bytes of a text that are kept; longer texts exceed every limit.
const MOST_TEXT: usize = 2048;

/// The attributes of an element, in the order of [`Element::attributes`].
pub(super) type Attributes<'a> = [Option<Cow<'a, str>>; MOST_ATTRIBUTES];

/// Receives the elements of a file, in their order.
pub(super) trait Elements {
    /// Called at the beginning of an element.
    fn open(&mut self, element: Element, line: u64, attributes: Attributes<'_>, findings: &mut Findings);
    /// Called at the end of an element that holds text. The text has no surrounding white space and does not exceed its
    /// limit.
    fn value(&mut self, element: Element, line: u64, value: &str, findings: &mut Findings);
    /// Called at the end of an element that holds others.
    fn close(&mut self, element: Element, findings: &Findings);
}

/// An open element.
struct Frame {
    element: Element,
    line: u64,
    /// One bit for each rule that was met.
    seen: u32,
    /// The last rule that was met.
    last: usize,
    /// Number of occurrences of the repeatable element.
    repeats: u32,
}

/// The error that the file cannot be read further; a finding says why.
struct Broken;

struct Walker<'t, 'f, E> {
    lines: Lines<'t>,
    frames: Vec<Frame>,
    /// Number of open elements that are skipped.
    skipped: usize,
    /// The text of the innermost element.
    value: String,
    too_long: bool,
    /// `true` if the file is in the format's namespace, or in none.
    has_namespace: bool,
    closed: bool,
    elements: &'f mut E,
    findings: &'f mut Findings,
}

/// Passes the elements of a file to `elements`. Every violation of the grammar becomes a finding.
pub(super) fn walk(text: &str, elements: &mut impl Elements, findings: &mut Findings) {
    let mut walker = Walker {
        lines: Lines::new(text),
        frames: Vec::with_capacity(5),
        skipped: 0,
        value: String::new(),
        too_long: false,
        has_namespace: false,
        closed: false,
        elements,
        findings,
    };
    let mut reader = NsReader::from_str(text);
    reader.resolver_mut().set_max_namespace_bindings(MOST_NAMESPACES);
    while let Ok(true) = walker.next(&mut reader) {}
}

impl<E: Elements> Walker<'_, '_, E> {
    /// Reads the next event; returns `false` at the end.
    fn next(&mut self, reader: &mut NsReader<&[u8]>) -> Result<bool, Broken> {
        let start = reader.buffer_position();
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let line = self.lines.at(start.max(reader.error_position()));
                return self.stop(line, FindingCode::Xml, xml_error(&error));
            }
        };
        match event {
            Event::Start(tag) => self.open(reader, &tag, start)?,
            Event::Empty(tag) => {
                self.open(reader, &tag, start)?;
                self.close();
            }
            Event::End(_) => self.close(),
            Event::Text(text) => self.text(start, &text.xml10_content()),
            Event::CData(text) => self.text(start, &text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(start, &reference),
            Event::DocType(_) => {
                let line = self.lines.at(start);
                let what = "the file has a document type, which may define entities; remove the line with DOCTYPE";
                return self.stop(line, FindingCode::Doctype, what);
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => {
                let line = self.lines.at(start);
                if !self.frames.is_empty() || self.skipped > 0 {
                    let what = "the file ends here, within an element: it was cut off; export or copy it again";
                    return self.stop(line, FindingCode::Truncated, what);
                }
                if !self.closed {
                    return self.stop(0, FindingCode::Empty, "the file has no element: nothing to import");
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn stop<T>(&mut self, line: u64, code: FindingCode, what: &'static str) -> Result<T, Broken> {
        self.findings.problem(line, None, code, what);
        Err(Broken)
    }

    fn open(&mut self, reader: &NsReader<&[u8]>, tag: &BytesStart<'_>, start: u64) -> Result<(), Broken> {
        let line = self.lines.at(start);
        if self.skipped > 0 {
            self.skipped += 1;
            if self.skipped > MOST_DEPTH {
                return self.stop(line, FindingCode::Depth, "elements are nested too deeply: this is not a CMF file");
            }
            return Ok(());
        }
        let (namespace, name) = reader.resolver().resolve_element(tag.name());
        let known = match namespace {
            ResolveResult::Bound(namespace) => (namespace.as_ref() == NAMESPACE).then_some(true),
            ResolveResult::Unbound => Some(false),
            ResolveResult::Unknown(_) => None,
        };
        let name: &str = name.as_ref();
        let element = if let Some(parent) = self.frames.last_mut() {
            let known = known == Some(self.has_namespace);
            match known.then(|| allowed_child(parent, name, line, self.findings)).flatten() {
                Some(element) => element,
                None => {
                    if !known || !parent.element.rules().iter().any(|rule| rule.element.name() == name) {
                        let what = format!("the element is unknown in {}; remove it", parent.element.name());
                        self.findings.problem(line, value_named("?"), FindingCode::Element, what);
                    }
                    self.skipped = 1;
                    return Ok(());
                }
            }
        } else {
            match known {
                Some(namespace) if name == Element::File.name() && !self.closed => self.has_namespace = namespace,
                _ if self.closed => {
                    return self.stop(
                        line,
                        FindingCode::Element,
                        "a second element follows the first: one file holds one export",
                    );
                }
                _ => return self.stop(line, FindingCode::NotCmf, other_xml(name)),
            }
            Element::File
        };
        self.value.clear();
        self.too_long = false;
        self.frames.push(Frame { element, line, seen: 0, last: 0, repeats: 0 });
        let attributes = self.attributes(element, line, tag);
        self.elements.open(element, line, attributes, self.findings);
        Ok(())
    }

    fn attributes<'t>(&mut self, element: Element, line: u64, tag: &BytesStart<'t>) -> Attributes<'t> {
        let mut found = Attributes::default();
        if tag.attributes_raw().is_empty() {
            return found;
        }
        let known = element.attributes();
        // Comparing every pair would take long in tags with thousands of attributes.
        for (i, attribute) in tag.attributes().with_checks(false).enumerate() {
            let Ok(attribute) = attribute else {
                let what = "an attribute is not written as NAME=\"value\"; correct it";
                return self.attribute(line, "?", what, found);
            };
            if i >= MOST_IN_TAG {
                return self.attribute(
                    line,
                    "?",
                    "the element has too many attributes; remove those that do not belong to it",
                    found,
                );
            }
            // Namespace declarations, and attributes in a namespace such as xsi:schemaLocation.
            if attribute.key.as_namespace_binding().is_some() || attribute.key.prefix().is_some() {
                continue;
            }
            let Some(at) = known.iter().position(|(name, _)| *name == attribute.key.as_ref()) else {
                found = self.attribute(line, "?", "the attribute is unknown in this element; remove it", found);
                continue;
            };
            let (name, longest) = known[at];
            let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else {
                self.findings.problem(line, value_named(name), FindingCode::Entity, ENTITY);
                continue;
            };
            if value.trim().chars().count() > longest {
                self.findings.problem(line, value_named(name), FindingCode::Length, too_long(longest));
            } else if found[at].is_some() {
                found = self.attribute(line, name, "is repeated in the element; remove one of the two", found);
            } else {
                found[at] = Some(Cow::Owned(value.trim().to_owned()));
            }
        }
        found
    }

    fn attribute<'t>(&mut self, line: u64, name: &str, what: &'static str, found: Attributes<'t>) -> Attributes<'t> {
        self.findings.problem(line, value_named(name), FindingCode::Attribute, what);
        found
    }

    fn text(&mut self, start: u64, text: &str) {
        if self.skipped > 0 {
            return;
        }
        if self.frames.last().is_some_and(|frame| frame.element.longest().is_some()) {
            // Appends only whole pieces, so that no character is cut.
            if self.value.len() + text.len() <= MOST_TEXT {
                self.value.push_str(text);
            } else {
                self.too_long = true;
            }
        } else if !text.trim_ascii().is_empty() {
            let line = self.lines.at(start + (text.len() - text.trim_ascii_start().len()) as u64);
            let place = self.frames.last().map_or("?", |frame| frame.element.name());
            let what = "there is text between elements: it belongs inside an element, or a tag is damaged";
            self.findings.problem(line, value_named(place), FindingCode::Text, what);
        }
    }

    fn reference(&mut self, start: u64, reference: &BytesRef<'_>) {
        match reference.resolve_char_ref() {
            Ok(Some(c)) if c >= ' ' || matches!(c, '\t' | '\n' | '\r') => {
                return self.text(start, c.encode_utf8(&mut [0; 4]));
            }
            Ok(None) => {
                if let Some(text) = escape::resolve_xml_entity(reference) {
                    return self.text(start, text);
                }
            }
            _ => {}
        }
        let line = self.lines.at(start);
        let place = self.frames.last().filter(|_| self.skipped == 0).map_or("?", |frame| frame.element.name());
        self.findings.problem(line, value_named(place), FindingCode::Entity, ENTITY);
    }

    fn close(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let Some(Frame { element, line, seen, .. }) = self.frames.pop() else { return };
        self.closed = self.frames.is_empty();
        for (rule, bit) in element.rules().iter().zip(0..) {
            if rule.required && seen & 1 << bit == 0 {
                let what = format!("is missing in the {} that begins here", element.name());
                self.findings.problem(line, value_named(rule.element.name()), FindingCode::MissingElement, what);
            }
        }
        if let Some(longest) = element.longest() {
            let value = self.value.trim();
            if self.too_long || (value.len() > longest && value.chars().count() > longest) {
                self.findings.problem(line, value_named(element.name()), FindingCode::Length, too_long(longest));
            } else if value.is_empty() && element.needs_text() {
                self.findings.problem(
                    line,
                    value_named(element.name()),
                    FindingCode::EmptyElement,
                    "is empty; write its text, or remove the element",
                );
            } else {
                self.elements.value(element, line, value, self.findings);
            }
        } else {
            self.elements.close(element, self.findings);
        }
    }
}

/// Returns the element with this name inside another one; `None` if the other one has no such element, or too many.
fn allowed_child(parent: &mut Frame, name: &str, line: u64, findings: &mut Findings) -> Option<Element> {
    let rules = parent.element.rules();
    let at = rules.iter().position(|rule| rule.element.name() == name)?;
    let (rule, bit) = (&rules[at], 1 << at);
    let problem = if rule.most == 1 && parent.seen & bit != 0 {
        Some((FindingCode::RepeatedElement, format!("is repeated in {}; remove one of the two", parent.element.name())))
    } else if at < parent.last {
        let before = rules[parent.last].element.name();
        Some((FindingCode::Order, format!("is after {before}; move it before that element")))
    } else if rule.most > 1 {
        parent.repeats = parent.repeats.saturating_add(1);
        match parent.repeats == rule.most.saturating_add(1) && rule.most != u32::MAX {
            true => {
                Some((FindingCode::TooMany, format!("is more than {} times in {}", rule.most, parent.element.name())))
            }
            false => None,
        }
    } else {
        None
    };
    parent.seen |= bit;
    parent.last = parent.last.max(at);
    if let Some((code, what)) = problem {
        findings.problem(line, value_named(name), code, what);
    }
    (rule.most == 1 || parent.repeats <= rule.most).then_some(rule.element)
}

const ENTITY: &str = "an & is not part of a known entity; write &amp; for an ampersand (known are &lt; &gt; &amp; \
                      &quot; &apos; and numbers)";

fn too_long(longest: usize) -> String {
    format!("is longer than the {longest} characters that it may have; shorten it")
}

/// Describes an XML file of another kind.
fn other_xml(root: &str) -> &'static str {
    if root == RAPID {
        "the file is a CODIS rapid import file, for profiles taken at arrest: only CODISImportFile is read"
    } else {
        "the file is XML, but not a CODIS CMF file (CODISImportFile); export it as CMF, or as CSV UTF-8"
    }
}

/// Describes an XML error. The error's own text may repeat contents of the file.
fn xml_error(error: &Error) -> &'static str {
    match error {
        Error::Syntax(_) => {
            "the file ends within the tag, comment or quotation that begins here; export or copy it again"
        }
        Error::IllFormed(_) => "the tags do not match here, or an & or < is not escaped; export the file again",
        Error::Namespace(_) => "the declaration of namespaces is invalid here; export the file again",
        _ => "the file is not valid XML here; export it again",
    }
}
