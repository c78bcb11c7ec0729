//! Writes CSV into memory, field by field. Fields are escaped so that no spreadsheet evaluates them as formulas.

use std::fmt::{Display, Write as _};

use crate::model::inert;

/// A CSV text under construction: fields are quoted where necessary, and every row ends with a line feed.
///
/// ```
/// use reunite::report::CsvText;
///
/// let mut csv = CsvText::with_header(["kit", "loci"]);
/// csv.field("A, B").field(3).end_row();
/// assert_eq!(csv.finish(), "kit,loci\n\"A, B\",3\n");
/// ```
#[derive(Debug)]
pub struct CsvText {
    csv: csv::Writer<Vec<u8>>,
    field: String,
}

#[expect(clippy::expect_used, reason = "a vector takes every byte, and rows may have any length")]
impl CsvText {
    /// Begins a text with its header.
    ///
    /// # Panics
    /// Never: memory takes every byte.
    #[must_use]
    pub fn with_header<S: AsRef<[u8]>>(names: impl IntoIterator<Item = S>) -> Self {
        let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        csv.write_record(names).expect("memory takes every byte");
        Self { csv, field: String::new() }
    }

    /// Adds a field to the current row.
    ///
    /// # Panics
    /// Never: memory takes every byte.
    pub fn field(&mut self, value: impl Display) -> &mut Self {
        self.field.clear();
        write!(self.field, "{value}").expect("memory takes every byte");
        self.csv.write_field(&*inert(&self.field)).expect("memory takes every byte");
        self
    }

    /// Adds several fields to the current row.
    pub fn fields<T: Display>(&mut self, values: impl IntoIterator<Item = T>) -> &mut Self {
        for value in values {
            self.field(value);
        }
        self
    }

    /// Adds a field for an optional value; it is empty if the value is missing.
    pub fn optional(&mut self, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.field(value),
            None => self.field(""),
        }
    }

    /// Ends the row.
    ///
    /// # Panics
    /// Never: memory takes every byte.
    pub fn end_row(&mut self) {
        self.csv.write_record(None::<&[u8]>).expect("memory takes every byte");
    }

    /// Returns the text.
    ///
    /// # Panics
    /// Never: fields are text.
    #[must_use]
    pub fn finish(self) -> String {
        let bytes = self.csv.into_inner().expect("memory takes every byte");
        String::from_utf8(bytes).expect("fields are text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_only_where_they_must_be() {
        let mut csv = CsvText::with_header(["a", "b b", "c"]);
        csv.field("x y").optional(None::<u8>).optional(Some(1.5)).end_row();
        csv.fields(["a,b", "c\"d", ""]).end_row();
        assert_eq!(csv.finish(), "a,b b,c\nx y,,1.5\n\"a,b\",\"c\"\"d\",\n");
    }
}
