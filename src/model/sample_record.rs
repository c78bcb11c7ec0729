//! One laboratory record of a sample, in the form in which records pass between files and the ledger.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Date;

use super::{DropOut, ManyAlleles, Profile, Pseudonym, Relation, Sex, UnknownWord};

/// The kind of samples that a file contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Typed relatives of missing children: every record names a family.
    Families,
    /// Children of unknown origin: no record names a family.
    Children,
}

impl Layout {
    /// Returns the word for this layout, as used in files, reports and the ledger.
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

/// The information that a laboratory gives about one sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRecord {
    /// Line of the file, counted from 1, for messages; 0 if the record was read from the ledger.
    pub line: u64,
    /// The sample.
    pub sample: Pseudonym,
    /// The family, and the relation of the sample's donor to the missing child; `None` for a child of unknown origin.
    pub family: Option<(Pseudonym, Relation)>,
    /// The recorded sex.
    pub sex: Sex,
    /// The agency that issued the identifiers.
    pub agency: Option<Arc<str>>,
    /// The region that the sample comes from.
    pub region: Option<Arc<str>>,
    /// The typing kit.
    pub kit: Option<Arc<str>>,
    /// The date on which the sample was taken.
    pub collected_on: Option<Date>,
    /// The sample's own drop-out probability, which replaces the model's.
    pub drop_out: Option<DropOut>,
    /// Genotypes over the loci of the file or batch that contains the record.
    pub profile: Profile,
    /// Loci with three or more alleles, as positions in the same list, each once. The profile has no genotype there.
    pub many: Vec<(usize, ManyAlleles)>,
}
