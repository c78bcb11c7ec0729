//! Reads lists of original identifiers and converts them to pseudonyms with a key.

use std::fmt;
use std::io::{BufRead, Read as _};

use crate::model::Pseudonym;
use crate::pseudonym::Pseudonymizer;

use crate::store::error::{BadLine, StoreError};

/// More identifiers than the largest database has.
const MOST_IDENTIFIERS: usize = 20_000_000;
/// The maximum number of bytes in a line: more than an identifier and its line end need.
const MOST_LINE: usize = 4096;

/// The kind of thing that an original identifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// A sample of a relative or a child.
    Sample,
    /// A family.
    Family,
}

impl IdentifierKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Sample, Self::Family];

    /// Returns the word for the kind in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Family => "family",
        }
    }
}

/// A list of original identifiers, one per line.
pub struct IdentifierList<'a> {
    /// The kind of thing that the identifiers name.
    pub kind: IdentifierKind,
    /// The agency that issued them, if the imported files named one.
    pub agency: Option<&'a str>,
    /// The name of the list in errors.
    pub name: &'a str,
    /// The lines of the list.
    pub lines: &'a mut dyn BufRead,
}

impl fmt::Debug for IdentifierList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentifierList({:?}, {}, ..)", self.kind, self.name)
    }
}

/// Converts original identifiers to pseudonyms, in the order of the list.
///
/// ```
/// use reunite::pseudonym::{Pseudonymizer, SecretKey};
/// use reunite::store::{IdentifierKind, IdentifierList, read_identifiers};
///
/// let names = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
/// let mut lines = "S-001\nS-002\n".as_bytes();
/// let list = IdentifierList { kind: IdentifierKind::Sample, agency: None, name: "a list", lines: &mut lines };
/// assert_eq!(read_identifiers(list, &names)?[0], names.sample(None, "S-001")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StoreError::IdentifierList`] with the first line that cannot be read or is not an identifier.
pub fn read_identifiers(list: IdentifierList<'_>, names: &Pseudonymizer) -> Result<Vec<Pseudonym>, StoreError> {
    let IdentifierList { kind, agency, name, lines } = list;
    let mut pseudonyms = Vec::new();
    let mut line = Vec::new();
    for number in 1.. {
        let at = |source| StoreError::IdentifierList { list: name.to_owned(), line: number, source };
        let Some(text) = next_line(lines, &mut line).map_err(at)? else { break };
        if pseudonyms.len() == MOST_IDENTIFIERS {
            return Err(at(BadLine::Many(MOST_IDENTIFIERS)));
        }
        let pseudonym = match kind {
            IdentifierKind::Sample => names.sample(agency, text),
            IdentifierKind::Family => names.family(agency, text),
        };
        pseudonyms.push(pseudonym.map_err(BadLine::Identifier).map_err(at)?);
    }
    Ok(pseudonyms)
}

/// Returns the text of the next line, without its end; `None` after the last line. Reads no more of a line than its
/// maximum length.
pub(in crate::store) fn next_line<'l>(
    lines: &mut dyn BufRead,
    line: &'l mut Vec<u8>,
) -> Result<Option<&'l str>, BadLine> {
    line.clear();
    let read = lines.take(MOST_LINE as u64 + 1).read_until(b'\n', line)?;
    if read > MOST_LINE {
        return Err(BadLine::Long);
    }
    let text = line.strip_suffix(b"\n").map_or(&line[..], |line| line.strip_suffix(b"\r").unwrap_or(line));
    let text = std::str::from_utf8(text).map_err(|_| BadLine::NotUtf8)?;
    Ok((read > 0).then_some(text))
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, repeat};

    use super::*;
    use crate::pseudonym::SecretKey;

    fn read(lines: &mut dyn BufRead) -> Result<usize, String> {
        let names = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
        let list = IdentifierList { kind: IdentifierKind::Sample, agency: None, name: "list", lines };
        read_identifiers(list, &names).map(|all| all.len()).map_err(|error| error.with_causes())
    }

    #[test]
    fn lists_are_bounded_and_their_lines_named() {
        assert_eq!(read(&mut "S1\r\nS2\nS3".as_bytes()), Ok(3));
        assert_eq!(read(&mut "".as_bytes()), Ok(0));
        for (bytes, what) in [(&b"S1\n\xff\n"[..], "UTF-8"), (b"S1\n\n", "empty")] {
            let error = read(&mut &bytes[..]).unwrap_err();
            assert!(error.contains("line 2") && error.contains(what), "{error}");
        }
        let error = read(&mut BufReader::new(repeat(b'x'))).unwrap_err();
        assert!(error.contains("line 1") && error.contains("longer than any identifier"), "{error}");
    }
}
