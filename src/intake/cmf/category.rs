//! Specimen categories, and what they say of a family: little.

use crate::intake::Layout;
use crate::model::Relation;

/// What is known of a sample beside its file: a row of a case list.
#[derive(Clone, Copy, Debug)]
pub(in crate::intake) struct Listed<'a> {
    /// The family; empty if the list does not say.
    pub(in crate::intake) family: &'a str,
    /// The relation, as files write it; empty if the list does not say.
    pub(in crate::intake) relation: &'a str,
    /// The sex, as files write it; empty if the list does not say.
    pub(in crate::intake) sex: &'a str,
}

/// What the specimen's donor is to a missing person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kin {
    Father,
    Mother,
    AllegedFather,
    AllegedMother,
    Sibling,
    Child,
    Paternal,
    Maternal,
    Spouse,
}

/// A specimen's category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    /// Of unknown origin.
    Unidentified,
    /// A missing person's own profile, from before.
    Missing,
    /// A relative of a missing person.
    Relative(Kin),
    /// Nothing to do with missing persons.
    Other,
}

const CATEGORIES: [(&str, Category); 31] = [
    ("Unidentified Person", Category::Unidentified),
    ("Missing Person", Category::Missing),
    ("Biological Father", Category::Relative(Kin::Father)),
    ("Biological Mother", Category::Relative(Kin::Mother)),
    ("Alleged Father", Category::Relative(Kin::AllegedFather)),
    ("Alleged Mother", Category::Relative(Kin::AllegedMother)),
    ("Biological Sibling", Category::Relative(Kin::Sibling)),
    ("Biological Child", Category::Relative(Kin::Child)),
    ("Paternal Relative", Category::Relative(Kin::Paternal)),
    ("Maternal Relative", Category::Relative(Kin::Maternal)),
    ("Spouse", Category::Relative(Kin::Spouse)),
    ("Arrestee", Category::Other),
    ("CO Duplicate", Category::Other),
    ("Convicted Offender", Category::Other),
    ("Deceased", Category::Other),
    ("Deduced Suspect", Category::Other),
    ("Deduced Victim Known", Category::Other),
    ("Detainee", Category::Other),
    ("Elimination, Known", Category::Other),
    ("Forensic Mixture", Category::Other),
    ("Forensic Partial", Category::Other),
    ("Forensic, Unknown", Category::Other),
    ("Juvenile", Category::Other),
    ("Legal", Category::Other),
    ("Other", Category::Other),
    ("Population", Category::Other),
    ("Proficiency", Category::Other),
    ("Staff", Category::Other),
    ("Suspect, Known", Category::Other),
    ("Victim, Known", Category::Other),
    ("Volunteer", Category::Other),
];

impl Category {
    /// Reads a category, in exactly its spelling.
    ///
    /// # Errors
    /// What to write.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if let Some((_, category)) = CATEGORIES.iter().find(|(name, _)| *name == text) {
            return Ok(*category);
        }
        Err(match CATEGORIES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            Some((name, _)) => format!("is spelled with other capitals: write {name}"),
            None => "is none of the specimen categories, such as Unidentified Person or Biological Mother: correct it"
                .to_owned(),
        })
    }
}

/// Why a specimen is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// It belongs into a file of the other layout.
    OtherLayout,
    /// It is a missing person's own profile.
    Missing,
    /// It has nothing to do with missing persons.
    Other,
}

/// What becomes of a specimen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A row of its own; family and relation are empty for children.
    Row {
        family: String,
        relation: String,
        sex: String,
    },
    Skipped(Skip),
}

/// Code and cause of a problem, and whether it lies in the case number rather than in the category.
pub(super) type Misplaced = (&'static str, &'static str, bool);

const UNTOLD: &str = "says no relation that could be computed with: name the relation in a case list";

/// Where a specimen goes by its category and case number, and by what a case list says of it, which goes first.
pub(super) fn place(
    layout: Layout,
    category: Category,
    case: Option<&str>,
    listed: Option<Listed<'_>>,
) -> Result<Place, Misplaced> {
    let relation = listed.map_or("", |listed| listed.relation.trim());
    let sex = listed.map_or("", |listed| listed.sex.trim()).to_owned();
    match (layout, category) {
        (_, Category::Unidentified | Category::Missing) if !relation.is_empty() => Err((
            "relation",
            "is no relative's, but the case list gives the specimen a relation: correct one of the two",
            false,
        )),
        (Layout::Children, Category::Unidentified) => {
            Ok(Place::Row { family: String::new(), relation: String::new(), sex })
        }
        (Layout::Families, Category::Relative(kin)) => {
            let relation = kin.relation(relation)?;
            Ok(Place::Row { family: family(case, listed)?, relation, sex })
        }
        // The list knows better than a category that says nothing.
        (Layout::Families, Category::Other) if !relation.is_empty() => {
            Ok(Place::Row { family: family(case, listed)?, relation: relation.to_owned(), sex })
        }
        (_, Category::Other) => Ok(Place::Skipped(Skip::Other)),
        (_, Category::Missing) => Ok(Place::Skipped(Skip::Missing)),
        (Layout::Families, Category::Unidentified) | (Layout::Children, Category::Relative(_)) => {
            Ok(Place::Skipped(Skip::OtherLayout))
        }
    }
}

fn family(case: Option<&str>, listed: Option<Listed<'_>>) -> Result<String, Misplaced> {
    let listed = listed.map_or("", |listed| listed.family.trim());
    let family = if listed.is_empty() { case.unwrap_or_default() } else { listed };
    if family.is_empty() {
        let what = "is missing: a relative belongs to a case; write its number, or name the family in a case list";
        return Err(("identifier", what, true));
    }
    Ok(family.to_owned())
}

impl Kin {
    /// The relation, as files write it, given that of a case list or nothing.
    fn relation(self, listed: &str) -> Result<String, Misplaced> {
        if listed.is_empty() {
            return match self {
                Self::Father | Self::AllegedFather => Ok(Relation::Father.word().to_owned()),
                Self::Mother | Self::AllegedMother => Ok(Relation::Mother.word().to_owned()),
                Self::Sibling => {
                    Err(("relation", "does not tell full from half-siblings: name the relation in a case list", false))
                }
                Self::Paternal | Self::Maternal => {
                    Err(("relation", "does not say which relative: name the relation in a case list", false))
                }
                Self::Child | Self::Spouse => Err(("relation", UNTOLD, false)),
            };
        }
        match listed.parse::<Relation>() {
            Ok(relation) if !self.may_be(relation) => {
                Err(("relation", "contradicts the relation in the case list: correct one of the two", false))
            }
            // What is no relation is said of the row.
            _ => Ok(listed.to_owned()),
        }
    }

    /// Whether a relation goes with the category. A member has its place in a pedigree.
    fn may_be(self, relation: Relation) -> bool {
        use Relation::{
            Father, FullSibling, MaternalAunt, MaternalGrandfather, MaternalGrandmother, MaternalHalfSibling,
            MaternalUncle, Member, Mother, PaternalAunt, PaternalGrandfather, PaternalGrandmother, PaternalHalfSibling,
            PaternalUncle,
        };
        match (self, relation) {
            (_, Member) => true,
            (Self::Father | Self::AllegedFather, _) => relation == Father,
            (Self::Mother | Self::AllegedMother, _) => relation == Mother,
            (Self::Sibling, _) => matches!(relation, FullSibling | PaternalHalfSibling | MaternalHalfSibling),
            (Self::Paternal, _) => matches!(
                relation,
                PaternalGrandfather | PaternalGrandmother | PaternalUncle | PaternalAunt | PaternalHalfSibling
            ),
            (Self::Maternal, _) => matches!(
                relation,
                MaternalGrandfather | MaternalGrandmother | MaternalUncle | MaternalAunt | MaternalHalfSibling
            ),
            (Self::Child | Self::Spouse, _) => false,
        }
    }

    /// Whether somebody has said so and nobody has tested it.
    pub(super) fn is_alleged(self) -> bool {
        matches!(self, Self::AllegedFather | Self::AllegedMother)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(family: &str, relation: &str) -> Result<Place, Misplaced> {
        Ok(Place::Row { family: family.to_owned(), relation: relation.to_owned(), sex: String::new() })
    }

    fn of(
        layout: Layout,
        category: &str,
        case: Option<&str>,
        listed: Option<(&str, &str)>,
    ) -> Result<Place, Misplaced> {
        let listed = listed.map(|(family, relation)| Listed { family, relation, sex: "" });
        place(layout, Category::read(category).unwrap(), case, listed)
    }

    #[test]
    fn categories_are_read_in_their_spelling_alone() {
        assert_eq!(Category::read("Unidentified Person"), Ok(Category::Unidentified));
        assert_eq!(
            Category::read("biological mother").unwrap_err(),
            "is spelled with other capitals: write Biological Mother"
        );
        assert!(Category::read("Zhang San").is_err_and(|what| !what.contains("Zhang")));
        let longest = CATEGORIES.iter().map(|(name, _)| name.len()).max();
        assert_eq!(longest, Some(20), "within what the element may hold");
    }

    #[test]
    fn a_category_gives_a_relation_only_where_it_says_one() {
        use Layout::Families;
        assert_eq!(of(Families, "Biological Father", Some("F1"), None), row("F1", "father"));
        assert_eq!(of(Families, "Alleged Mother", Some("F1"), None), row("F1", "mother"));
        for untold in ["Biological Sibling", "Biological Child", "Paternal Relative", "Maternal Relative", "Spouse"] {
            assert!(of(Families, untold, Some("F1"), None).is_err_and(|why| why.0 == "relation" && !why.2), "{untold}");
        }
        for without in [None, Some("")] {
            let why = of(Families, "Biological Father", without, None).unwrap_err();
            assert_eq!((why.0, why.2), ("identifier", true));
        }
    }

    #[test]
    fn a_case_list_says_more_and_must_not_contradict() {
        use Layout::{Children, Families};
        assert_eq!(
            of(Families, "Biological Sibling", Some("9"), Some(("F1", "full-sibling"))),
            row("F1", "full-sibling")
        );
        assert_eq!(of(Families, "Biological Mother", Some("F9"), Some(("", ""))), row("F9", "mother"));
        assert_eq!(of(Families, "Spouse", None, Some(("F1", "member"))), row("F1", "member"));
        assert_eq!(of(Families, "Volunteer", None, Some(("F1", "mother"))), row("F1", "mother"));
        assert_eq!(of(Families, "Biological Mother", None, Some(("F1", "nonsense"))), row("F1", "nonsense"));
        for (category, relation) in [
            ("Biological Mother", "father"),
            ("Alleged Father", "mother"),
            ("Biological Sibling", "mother"),
            ("Maternal Relative", "paternal-aunt"),
            ("Paternal Relative", "maternal-aunt"),
            ("Biological Child", "full-sibling"),
            ("Unidentified Person", "father"),
            ("Missing Person", "father"),
        ] {
            let why = of(Families, category, None, Some(("F1", relation))).unwrap_err();
            assert_eq!((why.0, why.2), ("relation", false), "{category}");
        }
        assert!(of(Children, "Unidentified Person", None, Some(("F1", "father"))).is_err());
    }

    #[test]
    fn the_rest_is_skipped() {
        use Layout::{Children, Families};
        for (layout, category, skip) in [
            (Families, "Unidentified Person", Skip::OtherLayout),
            (Children, "Biological Sibling", Skip::OtherLayout),
            (Families, "Missing Person", Skip::Missing),
            (Children, "Missing Person", Skip::Missing),
            (Children, "Convicted Offender", Skip::Other),
            (Families, "Forensic, Unknown", Skip::Other),
        ] {
            assert_eq!(of(layout, category, None, None), Ok(Place::Skipped(skip)), "{category}");
        }
    }
}
