//! Splits bytes into lines, and lines into fields.
//!
//! A cell of these layouts never contains a line break, so lines are split first and quotes are read within a line. A
//! forgotten quote then invalidates its own line only.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

/// The lines of a file, with their numbers from 1 and without their ends (`\n` or `\r\n`).
#[derive(Clone)]
pub(in crate::intake) struct Lines<'a> {
    rest: &'a [u8],
    number: u64,
    /// `true` if the last line read has no line end.
    open: bool,
}

impl<'a> Lines<'a> {
    pub(in crate::intake) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, number: 0, open: false }
    }

    /// Returns the number of bytes not yet read.
    pub(in crate::intake) fn bytes_left(&self) -> usize {
        self.rest.len()
    }

    /// Reports whether the last line read has no line end, like the last line of a file that was cut off.
    pub(in crate::intake) fn is_open(&self) -> bool {
        self.open
    }

    /// Removes and returns the next lines, with about this number of bytes; `None` if no lines are left.
    pub(in crate::intake) fn take_piece(&mut self, bytes: usize) -> Option<Self> {
        if self.rest.is_empty() {
            return None;
        }
        let after = self.rest.get(bytes..).unwrap_or_default();
        let end = memchr(b'\n', after).map_or(self.rest.len(), |end| bytes + end + 1);
        let (piece, rest) = self.rest.split_at(end);
        let number = self.number;
        self.number += memchr_iter(b'\n', piece).count() as u64;
        self.rest = rest;
        Some(Self { rest: piece, number, open: false })
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', self.rest);
        let line = &self.rest[..end.unwrap_or(self.rest.len())];
        self.rest = end.map_or(&[], |end| &self.rest[end + 1..]);
        self.number += 1;
        self.open = end.is_none();
        Some((self.number, line.strip_suffix(b"\r").unwrap_or(line)))
    }
}

/// Returns the delimiter of a header line: the most frequent of comma, tab and semicolon outside quotes.
pub(in crate::intake) fn header_delimiter(header: &str) -> u8 {
    let mut counts = [(b',', 0), (b'\t', 0), (b';', 0)];
    for part in header.split('"').step_by(2) {
        for (delimiter, count) in &mut counts {
            *count += part.bytes().filter(|byte| byte == delimiter).count();
        }
    }
    // Of equal counts the first is taken: the comma.
    counts.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(b',', |best| best.0)
}

/// The meaning of a comma in the cell of one allele, if the other allele's cell does not show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Comma {
    /// A decimal comma: the columns of the file have another separator, as tables with decimal commas do.
    Decimal,
    /// Uncertain.
    Unclear,
}

impl Comma {
    /// Returns the meaning in a file with this delimiter.
    pub(in crate::intake) fn beside(delimiter: u8) -> Self {
        if delimiter == b';' { Self::Decimal } else { Self::Unclear }
    }
}

/// Reports whether a line is blank or has only delimiters, as spreadsheets write emptied rows.
pub(in crate::intake) fn is_blank(line: &[u8], delimiter: u8) -> bool {
    line.iter().all(|&byte| byte == delimiter || byte == b' ')
}

/// Splits a line at its delimiters (an ASCII character) into `fields`, which is emptied first.
///
/// Fields in double quotes may contain delimiters, and quotes written twice.
///
/// # Errors
/// The number, from 1, of a field whose quote is not closed on this line, or is followed by other text.
pub(in crate::intake) fn split_fields<'a>(
    line: &'a str,
    delimiter: u8,
    fields: &mut Vec<Cow<'a, str>>,
) -> Result<(), usize> {
    fields.clear();
    if !line.as_bytes().contains(&b'"') {
        // Fields are so short that searching each of them costs more than one plain pass.
        let mut start = 0;
        for (at, byte) in line.bytes().enumerate() {
            if byte == delimiter {
                fields.push(Cow::Borrowed(&line[start..at]));
                start = at + 1;
            }
        }
        fields.push(Cow::Borrowed(&line[start..]));
        return Ok(());
    }
    let mut rest = line;
    let delimiter = char::from(delimiter);
    loop {
        let next = if let Some(quoted) = rest.strip_prefix('"') {
            let (field, after) = unquote(quoted).ok_or(fields.len() + 1)?;
            fields.push(field);
            match after.strip_prefix(delimiter) {
                Some(after) => Some(after),
                None if after.is_empty() => None,
                None => return Err(fields.len()),
            }
        } else if let Some((field, after)) = rest.split_once(delimiter) {
            fields.push(Cow::Borrowed(field));
            Some(after)
        } else {
            fields.push(Cow::Borrowed(rest));
            None
        };
        match next {
            Some(after) => rest = after,
            None => return Ok(()),
        }
    }
}

/// Returns the field up to its closing quote, and the text after it.
fn unquote(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut field = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        if field.is_empty() {
            field = Cow::Borrowed(part);
        } else {
            field.to_mut().push_str(part);
        }
        match after.strip_prefix('"') {
            Some(after) => {
                field.to_mut().push('"');
                rest = after;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(line: &str) -> Result<Vec<String>, usize> {
        let mut fields = Vec::new();
        split_fields(line, b',', &mut fields)?;
        Ok(fields.into_iter().map(Cow::into_owned).collect())
    }

    #[test]
    fn lines_are_numbered_and_lose_their_ends() {
        let lines: Vec<_> = Lines::new(b"a\r\n\nb\nc").collect();
        assert_eq!(lines, [(1, &b"a"[..]), (2, b""), (3, b"b"), (4, b"c")]);
        assert_eq!(Lines::new(b"").count(), 0);
        assert_eq!(Lines::new(b"\n").count(), 1);
    }

    #[test]
    fn pieces_end_where_lines_do() {
        let text = b"ab\n\ncde\r\nf\n\ng";
        let whole: Vec<_> = Lines::new(text).collect();
        for bytes in 0..20 {
            let mut lines = Lines::new(text);
            let pieces: Vec<_> = std::iter::from_fn(|| lines.take_piece(bytes)).collect();
            assert_eq!(pieces.len() == 1, bytes >= 12, "{bytes}");
            assert_eq!(pieces.into_iter().flatten().collect::<Vec<_>>(), whole, "{bytes}");
        }
        assert!(Lines::new(b"").take_piece(1).is_none());
    }

    #[test]
    fn quotes_hold_commas_and_quotes() {
        assert_eq!(fields("a,,b").unwrap(), ["a", "", "b"]);
        assert_eq!(fields(r#""a,b",c"#).unwrap(), ["a,b", "c"]);
        assert_eq!(fields("\"\",x").unwrap(), ["", "x"]);
        assert_eq!(fields(r#""""""#).unwrap(), [r#"""#]);
        assert_eq!(fields("\"\",x").unwrap(), ["", "x"]);
        assert_eq!(fields(r#"a"b,c"#).unwrap(), [r#"a"b"#, "c"]);
        assert_eq!(fields(r#"a,"b"#), Err(2));
        assert_eq!(fields(r#"a,"b"c,d"#), Err(2));
    }

    #[test]
    fn the_delimiter_is_the_one_that_divides_the_header() {
        for (header, expected) in [
            ("sample_id,sex,vWA", b','),
            ("sample_id\tsex\tvWA", b'\t'),
            ("sample_id;sex;\"a,b,c,d\"", b';'),
            ("sample_id", b','),
            ("", b','),
        ] {
            assert_eq!(header_delimiter(header), expected, "{header}");
        }
        let mut fields = Vec::new();
        split_fields("a,b;\"c;d\";", b';', &mut fields).unwrap();
        assert_eq!(fields, ["a,b", "c;d", ""]);
        assert!(is_blank(b";; ;", b';') && !is_blank(b";,", b';') && is_blank(b"", b','));
    }

    proptest! {
        #[test]
        fn splits_as_the_csv_crate_does(cells in prop::collection::vec("[ab,\"]{0,4}", 1..6)) {
            let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
            writer.write_record(&cells).unwrap();
            let line = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(fields(line.trim_end_matches('\n')).unwrap(), cells);
        }
    }
}
