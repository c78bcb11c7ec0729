//! Lists of original identifiers, and the pseudonyms that a key makes of them.

use std::fmt;
use std::io::BufRead;

use crate::model::Pseudonym;
use crate::pseudonym::Pseudonymizer;

use super::error::{BadLine, StoreError};

/// What an original identifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// A relative's sample, or a child's.
    Sample,
    /// A family.
    Family,
}

impl IdentifierKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Sample, Self::Family];

    /// The word used in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Family => "family",
        }
    }
}

/// Original identifiers, one a line.
pub struct IdentifierList<'a> {
    /// What they name.
    pub kind: IdentifierKind,
    /// The agency that issued them, if the imported files named one.
    pub agency: Option<&'a str>,
    /// What errors call the list.
    pub name: &'a str,
    /// The list.
    pub lines: &'a mut dyn BufRead,
}

impl fmt::Debug for IdentifierList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentifierList({:?}, {}, ..)", self.kind, self.name)
    }
}

/// Turns original identifiers into pseudonyms, in their order.
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
    for (number, line) in (1..).zip(lines.lines()) {
        let pseudonym = line.map_err(BadLine::Io).and_then(|line| {
            let pseudonym = match kind {
                IdentifierKind::Sample => names.sample(agency, &line),
                IdentifierKind::Family => names.family(agency, &line),
            };
            pseudonym.map_err(BadLine::Identifier)
        });
        let at = |source| StoreError::IdentifierList { list: name.to_owned(), line: number, source };
        pseudonyms.push(pseudonym.map_err(at)?);
    }
    Ok(pseudonyms)
}
