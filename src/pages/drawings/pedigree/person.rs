//! A person of a pedigree, as it is drawn.

use crate::model::Sex;

/// One person of a pedigree.
#[derive(Clone, Debug)]
pub struct Person {
    /// The position of the father, who comes before this person.
    pub father: Option<usize>,
    /// The position of the mother, who comes before this person.
    pub mother: Option<usize>,
    /// The shape of the symbol.
    pub sex: Sex,
    /// Whether there is a profile: grey with a thick outline.
    pub is_typed: bool,
    /// Whether this is the child who is searched for: an arrow and a question mark.
    pub is_missing_child: bool,
    /// The text below the symbol.
    pub label: String,
}
