//! Interprets specimen categories and the little that they say about a family.

use crate::model::{FindingCode, Layout, Relation};

/// The data of a sample in a case list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Listed<'a> {
    /// The family, if the list has families.
    pub(super) family: Option<&'a str>,
    /// The relation, if the list has relations.
    pub(super) relation: Option<Relation>,
}

/// The relation of the specimen's donor to a missing person.
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
    /// A person of unknown origin.
    Unidentified,
    /// A missing person's own profile, from before the disappearance.
    Missing,
    /// A relative of a missing person.
    Relative(Kin),
    /// A specimen unrelated to missing persons.
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
    /// Returns the category with this name, in any case, in its correct spelling.
    pub(super) fn named(text: &str) -> Option<&'static str> {
        CATEGORIES.iter().map(|category| category.0).find(|name| name.eq_ignore_ascii_case(text))
    }

    /// Reads a category in its exact spelling.
    ///
    /// # Errors
    /// The message says what to write.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if let Some((_, category)) = CATEGORIES.iter().find(|(name, _)| *name == text) {
            return Ok(*category);
        }
        Err(match CATEGORIES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            Some((name, _)) => format!("has wrong capital letters; write {name}"),
            None => "is an unknown specimen category; write one of them, such as Unidentified Person or Biological \
                     Mother"
                .to_owned(),
        })
    }
}

/// The reason why a specimen is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// It belongs in a file of the other layout.
    OtherLayout,
    /// It is a missing person's own profile.
    Missing,
    /// It is unrelated to missing persons.
    Other,
    /// It is a control or ladder.
    Control,
}

/// The destination of a specimen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A row; children have neither family nor relation.
    Row {
        family: Option<String>,
        relation: Option<Relation>,
    },
    Skipped(Skip),
}

/// The source of the reason why a specimen has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blamed {
    Category,
    CaseId,
}

/// The reason why a specimen has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misplaced {
    pub(super) code: FindingCode,
    pub(super) what: &'static str,
    pub(super) blamed: Blamed,
}

/// Returns the error that the category does not fit a relation, or implies none.
fn no_relation(what: &'static str) -> Misplaced {
    Misplaced { code: FindingCode::Relation, what, blamed: Blamed::Category }
}

const UNTOLD: &str = "states no relation that a likelihood ratio can use; state the relation in a case list";

/// Returns the place of a specimen by its category and case number. The data of a case list has priority.
pub(super) fn place_specimen(
    layout: Layout,
    category: Category,
    case: Option<&str>,
    listed: Option<Listed<'_>>,
) -> Result<Place, Misplaced> {
    let (is_listed, listed) = (listed.is_some(), listed.unwrap_or_default());
    let of_family = |relation| Ok(Place::Row { family: Some(family_id(case, listed)?), relation: Some(relation) });
    match (layout, category, listed.relation) {
        (_, Category::Unidentified | Category::Missing, Some(_)) => Err(no_relation(
            "is not that of a relative, but the case list gives the specimen a relation; correct one of the two",
        )),
        (Layout::Children, Category::Unidentified, None) => Ok(Place::Row { family: None, relation: None }),
        (Layout::Families, Category::Relative(kin), relation) => of_family(kin.relation(relation)?),
        // The case list is more specific than a category without information.
        (Layout::Families, Category::Other, Some(relation)) => of_family(relation),
        (Layout::Children, Category::Other, None) if is_listed => Ok(Place::Row { family: None, relation: None }),
        (_, Category::Other, _) => Ok(Place::Skipped(Skip::Other)),
        (_, Category::Missing, _) => Ok(Place::Skipped(Skip::Missing)),
        (Layout::Families, Category::Unidentified, _) | (Layout::Children, Category::Relative(_), _) => {
            Ok(Place::Skipped(Skip::OtherLayout))
        }
    }
}

fn family_id(case: Option<&str>, listed: Listed<'_>) -> Result<String, Misplaced> {
    let family = listed.family.or(case).filter(|family| !family.is_empty());
    family.map(str::to_owned).ok_or(Misplaced {
        code: FindingCode::Identifier,
        what: "is missing; write the number of the relative's case, or state the family in a case list",
        blamed: Blamed::CaseId,
    })
}

impl Kin {
    /// Returns the relation: that of a case list, if the category does not contradict it; otherwise the category's own.
    fn relation(self, listed: Option<Relation>) -> Result<Relation, Misplaced> {
        match listed {
            Some(relation) if self.may_be(relation) => Ok(relation),
            Some(_) => Err(no_relation("contradicts the relation in the case list; correct one of the two")),
            None => match self {
                Self::Father | Self::AllegedFather => Ok(Relation::Father),
                Self::Mother | Self::AllegedMother => Ok(Relation::Mother),
                Self::Sibling => Err(no_relation(
                    "does not distinguish full siblings from half-siblings; state the relation in a case list",
                )),
                Self::Paternal | Self::Maternal => {
                    Err(no_relation("does not say which relative; state the relation in a case list"))
                }
                Self::Child | Self::Spouse => Err(no_relation(UNTOLD)),
            },
        }
    }

    /// Reports whether a relation is compatible with the category. A member has its place in a pedigree.
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

    /// Reports whether the relation is alleged but not tested.
    pub(super) fn is_alleged(self) -> bool {
        matches!(self, Self::AllegedFather | Self::AllegedMother)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::rows::relation_words::stated_relation;

    fn row(family: &str, relation: &str) -> Result<Place, Misplaced> {
        Ok(Place::Row { family: Some(family.to_owned()), relation: Some(stated_relation(relation).unwrap()) })
    }

    /// Returns the place for a category, with the family and relation of a case list.
    fn placed(
        layout: Layout,
        category: &str,
        case: Option<&str>,
        listed: Option<(&str, &str)>,
    ) -> Result<Place, Misplaced> {
        let listed = listed.map(|(family, relation)| Listed {
            family: Some(family).filter(|family| !family.is_empty()),
            relation: stated_relation(relation).ok(),
        });
        place_specimen(layout, Category::read(category).unwrap(), case, listed)
    }

    #[test]
    fn categories_are_read_in_their_spelling_alone() {
        assert_eq!(Category::read("Unidentified Person"), Ok(Category::Unidentified));
        assert_eq!(
            Category::read("biological mother").unwrap_err(),
            "has wrong capital letters; write Biological Mother"
        );
        assert!(Category::read("Zhang San").is_err_and(|what| !what.contains("Zhang")));
        let longest = CATEGORIES.iter().map(|(name, _)| name.len()).max();
        assert_eq!(longest, Some(20), "within what the element may hold");
    }

    #[test]
    fn a_category_gives_a_relation_only_where_it_says_one() {
        use Layout::Families;
        assert_eq!(placed(Families, "Biological Father", Some("F1"), None), row("F1", "father"));
        assert_eq!(placed(Families, "Alleged Mother", Some("F1"), None), row("F1", "mother"));
        for untold in ["Biological Sibling", "Biological Child", "Paternal Relative", "Maternal Relative", "Spouse"] {
            assert!(
                placed(Families, untold, Some("F1"), None)
                    .is_err_and(|why| (why.code.word(), why.blamed) == ("relation", Blamed::Category)),
                "{untold}"
            );
        }
        for without in [None, Some("")] {
            let why = placed(Families, "Biological Father", without, None).unwrap_err();
            assert_eq!((why.code.word(), why.blamed), ("identifier", Blamed::CaseId));
        }
    }

    #[test]
    fn a_case_list_says_more_and_must_not_contradict() {
        use Layout::{Children, Families};
        assert_eq!(
            placed(Families, "Biological Sibling", Some("9"), Some(("F1", "full-sibling"))),
            row("F1", "full-sibling")
        );
        assert_eq!(placed(Families, "Biological Mother", Some("F9"), Some(("", ""))), row("F9", "mother"));
        assert_eq!(placed(Families, "Spouse", None, Some(("F1", "member"))), row("F1", "member"));
        assert_eq!(placed(Families, "Volunteer", None, Some(("F1", "mother"))), row("F1", "mother"));
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
            let why = placed(Families, category, None, Some(("F1", relation))).unwrap_err();
            assert_eq!((why.code.word(), why.blamed), ("relation", Blamed::Category), "{category}");
        }
        assert!(placed(Children, "Unidentified Person", None, Some(("F1", "father"))).is_err());
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
            assert_eq!(placed(layout, category, None, None), Ok(Place::Skipped(skip)), "{category}");
        }
    }
}
