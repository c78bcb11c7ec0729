//! What a laboratory says of a sample: the form in which records pass between files and the ledger.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Date;

use super::{DropOut, ManyAlleles, Profile, Pseudonym, Relation, Sex, UnknownWord};

/// What the samples of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Typed relatives of missing children: every record names a family.
    Families,
    /// Children of unknown origin: no record names a family.
    Children,
}

impl Layout {
    /// The word that users, reports and the ledger have for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Families => "families",
            Self::Children => "children",
        }
    }
}

impl FromStr for Layout {
    type Err = UnknownWord;

    /// Reads `families` or `children`.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Families, Self::Children]
            .into_iter()
            .find(|layout| layout.word() == text)
            .ok_or(UnknownWord { choices: "families, children" })
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a laboratory says of one sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRecord {
    /// Line of the file, from 1, for messages; 0 if the record was read from the ledger.
    pub line: u64,
    /// The sample.
    pub sample: Pseudonym,
    /// The family and what the sample's donor is to its missing child; `None` for a child of unknown origin.
    pub family: Option<(Pseudonym, Relation)>,
    /// The recorded sex.
    pub sex: Sex,
    /// Who gave out the identifiers.
    pub agency: Option<Arc<str>>,
    /// Where the sample comes from.
    pub region: Option<Arc<str>>,
    /// The typing kit.
    pub kit: Option<Arc<str>>,
    /// When the sample was taken.
    pub collected_on: Option<Date>,
    /// The sample's own drop-out probability, in place of the model's.
    pub drop_out: Option<DropOut>,
    /// Genotypes over the loci of the file or batch that holds the record.
    pub profile: Profile,
    /// Loci with three or more alleles, by position in the same list, each once: untyped in the profile.
    pub many: Vec<(usize, ManyAlleles)>,
}
