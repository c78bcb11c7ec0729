//! Sexes, and the named relations of a relative to the missing child.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The recorded sex of a sample's donor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Not recorded.
    #[default]
    Unknown,
}

/// The error for an unknown word. It omits the word, because a shifted row may hold a person's name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not one of: {choices}")]
pub struct UnknownWord {
    /// The known words.
    pub choices: &'static str,
}

impl Sex {
    /// Returns the word used in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for Sex {
    type Err = UnknownWord;

    /// Reads `male`, `female`, `unknown` or their first letters, in upper or lower case; an empty text is unknown.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text.to_ascii_lowercase().as_str() {
            "male" | "m" => Ok(Self::Male),
            "female" | "f" => Ok(Self::Female),
            "unknown" | "u" | "" => Ok(Self::Unknown),
            _ => Err(UnknownWord { choices: "male, female, unknown" }),
        }
    }
}

impl fmt::Display for Sex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The relation of a relative to the missing child. The order of the variants is the canonical order of relatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The child's father.
    Father,
    /// The child's mother.
    Mother,
    /// Same father and same mother.
    FullSibling,
    /// Same father, another mother. Each half-sibling is assumed to have its own other parent.
    PaternalHalfSibling,
    /// Same mother, another father. Each half-sibling is assumed to have its own other parent.
    MaternalHalfSibling,
    /// The father's father.
    PaternalGrandfather,
    /// The father's mother.
    PaternalGrandmother,
    /// The mother's father.
    MaternalGrandfather,
    /// The mother's mother.
    MaternalGrandmother,
    /// A full brother of the father.
    PaternalUncle,
    /// A full sister of the father.
    PaternalAunt,
    /// A full brother of the mother.
    MaternalUncle,
    /// A full sister of the mother.
    MaternalAunt,
    /// The father or the mother, of unknown sex.
    Parent,
    /// A person whose place the family's own pedigree defines.
    Member,
}

impl Relation {
    /// All relations that define a place by themselves, in canonical order: all but [`Self::Parent`] and
    /// [`Self::Member`].
    pub const ALL: [Self; 13] = [
        Self::Father,
        Self::Mother,
        Self::FullSibling,
        Self::PaternalHalfSibling,
        Self::MaternalHalfSibling,
        Self::PaternalGrandfather,
        Self::PaternalGrandmother,
        Self::MaternalGrandfather,
        Self::MaternalGrandmother,
        Self::PaternalUncle,
        Self::PaternalAunt,
        Self::MaternalUncle,
        Self::MaternalAunt,
    ];

    /// Returns the word used in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Father => "father",
            Self::Mother => "mother",
            Self::FullSibling => "full-sibling",
            Self::PaternalHalfSibling => "paternal-half-sibling",
            Self::MaternalHalfSibling => "maternal-half-sibling",
            Self::PaternalGrandfather => "paternal-grandfather",
            Self::PaternalGrandmother => "paternal-grandmother",
            Self::MaternalGrandfather => "maternal-grandfather",
            Self::MaternalGrandmother => "maternal-grandmother",
            Self::PaternalUncle => "paternal-uncle",
            Self::PaternalAunt => "paternal-aunt",
            Self::MaternalUncle => "maternal-uncle",
            Self::MaternalAunt => "maternal-aunt",
            Self::Parent => "parent",
            Self::Member => "member",
        }
    }

    /// Returns the sex that the relation implies; `None` if it implies none.
    #[must_use]
    pub fn sex(self) -> Option<Sex> {
        match self {
            Self::Father
            | Self::PaternalGrandfather
            | Self::MaternalGrandfather
            | Self::PaternalUncle
            | Self::MaternalUncle => Some(Sex::Male),
            Self::Mother
            | Self::PaternalGrandmother
            | Self::MaternalGrandmother
            | Self::PaternalAunt
            | Self::MaternalAunt => Some(Sex::Female),
            Self::FullSibling | Self::PaternalHalfSibling | Self::MaternalHalfSibling | Self::Parent | Self::Member => {
                None
            }
        }
    }

    /// Reports whether this is a parent, of any sex.
    #[must_use]
    pub fn is_parent(self) -> bool {
        matches!(self, Self::Father | Self::Mother | Self::Parent)
    }

    /// Reports whether the relation defines the father's or the mother's side; `false` for the parents themselves.
    #[must_use]
    pub fn has_side(self) -> bool {
        !self.is_parent() && !matches!(self, Self::FullSibling | Self::Member)
    }

    /// Returns the relation for a person of this sex: a [`Self::Parent`] becomes the father or the mother.
    #[must_use]
    pub fn of_sex(self, sex: Sex) -> Self {
        match (self, sex) {
            (Self::Parent, Sex::Male) => Self::Father,
            (Self::Parent, Sex::Female) => Self::Mother,
            _ => self,
        }
    }

    /// Returns the relation in the presence of other relatives: a parent of unstated sex is the mother if there is a
    /// father, and the father if there is a mother. `has` reports whether there is a relative of a given relation.
    #[must_use]
    pub fn beside(self, has: impl Fn(Self) -> bool) -> Self {
        match self {
            Self::Parent if has(Self::Father) => Self::Mother,
            Self::Parent if has(Self::Mother) => Self::Father,
            other => other,
        }
    }

    /// Reports whether a child can have only one person of this relation: father, mother and grandparents.
    #[must_use]
    pub fn is_unique(self) -> bool {
        matches!(
            self,
            Self::Father
                | Self::Mother
                | Self::PaternalGrandfather
                | Self::PaternalGrandmother
                | Self::MaternalGrandfather
                | Self::MaternalGrandmother
        )
    }
}

impl FromStr for Relation {
    type Err = UnknownWord;

    /// Reads the word of a relation, in upper or lower case.
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let mut all = Self::ALL.into_iter().chain([Self::Parent]);
        all.find(|relation| relation.word().eq_ignore_ascii_case(text)).ok_or(UnknownWord {
            choices: "father, mother, parent, full-sibling, paternal-half-sibling, maternal-half-sibling, \
                      paternal-grandfather, paternal-grandmother, maternal-grandfather, maternal-grandmother, \
                      paternal-uncle, paternal-aunt, maternal-uncle, maternal-aunt",
        })
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relation_reads_its_own_word() {
        for (i, relation) in Relation::ALL.into_iter().enumerate() {
            assert_eq!(relation.word().parse(), Ok(relation));
            assert_eq!(relation as usize, i, "ALL is in canonical order");
            assert!(Relation::from_str("x").unwrap_err().choices.split(", ").any(|word| word == relation.word()));
        }
        assert_eq!("parent".parse(), Ok(Relation::Parent));
        assert_eq!("Full-Sibling".parse(), Ok(Relation::FullSibling));
        assert!("brother".parse::<Relation>().is_err());
    }

    #[test]
    fn beside_the_one_parent_stands_the_other() {
        use Relation::{Father, FullSibling, Mother, Parent};
        let beside = |relation: Relation, others: &[Relation]| relation.beside(|other| others.contains(&other));
        assert_eq!(beside(Parent, &[Father, Parent]), Mother);
        assert_eq!(beside(Parent, &[Mother, Parent]), Father);
        assert_eq!(beside(Parent, &[Parent, Parent, FullSibling]), Parent);
        assert_eq!(beside(FullSibling, &[Father]), FullSibling);
        assert!([Parent, FullSibling, Mother].iter().all(|relation| !relation.has_side()));
        assert_eq!(Relation::ALL.iter().filter(|relation| relation.has_side()).count(), 10);
    }
}
