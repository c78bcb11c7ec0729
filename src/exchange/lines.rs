//! Writes and reads the lines of a content: objects of JSON with the fields of a table.

use serde_json::{Map, Value};

use super::{Field, Mapping, PackageFault};
use crate::model::Pseudonym;

/// Most bytes of a line: a family of some thousand relatives.
const MOST_LINE: usize = 1 << 20;

/// Appends a line with these fields; a field without a value is left out.
pub(super) fn push(content: &mut Vec<u8>, mapping: &Mapping, kind: Field, fields: Vec<(Field, Option<Value>)>) {
    content.extend_from_slice(text(mapping, kind, fields).as_bytes());
    content.push(b'\n');
}

/// Returns a line without its end.
pub(super) fn text(mapping: &Mapping, kind: Field, fields: Vec<(Field, Option<Value>)>) -> String {
    let mut all = object(mapping, fields);
    all.insert(mapping.field(Field::Line).to_owned(), mapping.field(kind).into());
    Value::Object(all).to_string()
}

/// Returns an object with these fields.
pub(super) fn object(mapping: &Mapping, fields: Vec<(Field, Option<Value>)>) -> Map<String, Value> {
    let named = |(field, value): (Field, Option<Value>)| Some((mapping.field(field).to_owned(), value?));
    fields.into_iter().filter_map(named).collect()
}

/// A line, or an object in it, of which fields are taken one by one.
pub(super) struct Line {
    pub(super) mapping: &'static Mapping,
    number: u64,
    fields: Map<String, Value>,
}

/// Returns the lines of a content, numbered from 1.
pub(super) fn lines(mapping: &'static Mapping, content: &[u8]) -> impl Iterator<Item = Result<Line, PackageFault>> {
    let whole = content.strip_suffix(b"\n").unwrap_or(content);
    let some = if whole.is_empty() { None } else { Some(whole) };
    let each = some.into_iter().flat_map(|whole| whole.split(|&byte| byte == b'\n'));
    each.enumerate().map(move |(at, line)| {
        let number = at as u64 + 1;
        let fault = |what: &str| PackageFault::Line { line: number, what: what.to_owned() };
        if line.len() > MOST_LINE {
            return Err(fault("it is too long"));
        }
        match serde_json::from_slice(line) {
            Ok(Value::Object(fields)) => Ok(Line { mapping, number, fields }),
            _ => Err(fault("it is not an object of JSON")),
        }
    })
}

impl Line {
    /// Returns the fault that something is wrong in this line.
    pub(super) fn fault(&self, what: impl Into<String>) -> PackageFault {
        PackageFault::Line { line: self.number, what: what.into() }
    }

    fn of_field(&self, field: Field, what: &str) -> PackageFault {
        self.fault(format!("{:?} {what}", self.mapping.field(field)))
    }

    /// Takes a value that may be missing.
    pub(super) fn optional(&mut self, field: Field) -> Option<Value> {
        self.fields.remove(self.mapping.field(field)).filter(|value| !value.is_null())
    }

    /// Takes a value.
    pub(super) fn value(&mut self, field: Field) -> Result<Value, PackageFault> {
        self.optional(field).ok_or_else(|| self.of_field(field, "is missing"))
    }

    /// Takes what the line is.
    pub(super) fn kind(&mut self) -> Result<String, PackageFault> {
        self.text(Field::Line)
    }

    /// Takes a text.
    pub(super) fn text(&mut self, field: Field) -> Result<String, PackageFault> {
        match self.value(field)? {
            Value::String(text) if text.len() <= 256 && !text.chars().any(char::is_control) => Ok(text),
            _ => Err(self.of_field(field, "is not a short text")),
        }
    }

    /// Takes a text that may be missing.
    pub(super) fn optional_text(&mut self, field: Field) -> Result<Option<String>, PackageFault> {
        if self.fields.get(self.mapping.field(field)).is_none_or(Value::is_null) {
            return Ok(None);
        }
        self.text(field).map(Some)
    }

    /// Takes a name of a sample, family or hit.
    pub(super) fn name(&mut self, field: Field) -> Result<Pseudonym, PackageFault> {
        let text = self.text(field)?;
        text.parse().map_err(|_| self.of_field(field, "is not a name of 32 hexadecimal digits"))
    }

    /// Takes a finite number.
    pub(super) fn number(&mut self, field: Field) -> Result<f64, PackageFault> {
        let value = self.value(field)?;
        value.as_f64().filter(|number| number.is_finite()).ok_or_else(|| self.of_field(field, "is not a number"))
    }

    /// Takes a number that may be missing.
    pub(super) fn optional_number(&mut self, field: Field) -> Result<Option<f64>, PackageFault> {
        if self.fields.get(self.mapping.field(field)).is_none_or(Value::is_null) {
            return Ok(None);
        }
        self.number(field).map(Some)
    }

    /// Takes a whole number.
    pub(super) fn whole(&mut self, field: Field) -> Result<u32, PackageFault> {
        let value = self.value(field)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| self.of_field(field, "is not a whole number"))
    }

    /// Takes a list.
    pub(super) fn list(&mut self, field: Field) -> Result<Vec<Value>, PackageFault> {
        match self.value(field)? {
            Value::Array(list) => Ok(list),
            _ => Err(self.of_field(field, "is not a list")),
        }
    }

    /// Takes a list of objects, each with fields of its own.
    pub(super) fn objects(&mut self, field: Field) -> Result<Vec<Self>, PackageFault> {
        let list = self.list(field)?;
        let object = |value: Value| match value {
            Value::Object(fields) => Ok(Self { mapping: self.mapping, number: self.number, fields }),
            _ => Err(self.of_field(field, "is not a list of objects")),
        };
        list.into_iter().map(object).collect()
    }

    /// Ends the line: a field that nobody took is a fault, because it may limit what the others mean.
    pub(super) fn end(self) -> Result<(), PackageFault> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => {
                let name: String = name.chars().take(40).collect();
                Err(self.fault(format!("it has the unknown field {name:?}")))
            }
        }
    }
}
