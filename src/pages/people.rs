//! The persons of a page: as values for templates, and as a pedigree.

use serde_json::{Value, json};

use super::drawings::{PedigreeWords, Person, pedigree};
use super::error::PageError;
use super::phrases::Catalogue;
use super::render::heading;
use crate::model::{Pedigree, Pseudonym, Relation, Sex};
use crate::report::column_names;

/// A person of the report: a relative, or the child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePerson {
    /// The sample.
    pub sample: Pseudonym,
    /// The recorded sex.
    pub sex: Sex,
    /// The kit.
    pub kit: Option<String>,
    /// The agency.
    pub agency: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Number of loci of the panel at which the person is typed.
    pub typed_loci: usize,
}

/// Returns the people as values: relatives with these relations, in their order, then perhaps the child.
pub(super) fn shown<'a>(
    people: &[PagePerson],
    relations: &[Relation],
    number_of: &dyn Fn(Pseudonym) -> Option<&'a str>,
) -> Vec<Value> {
    let names = column_names(relations);
    let words = relations.iter().map(|relation| relation.word()).chain(["child"]);
    let names = names.iter().map(String::as_str).chain(["child"]);
    let person = |((person, relation), name): ((&PagePerson, &str), &str)| {
        json!({
            "relation": relation, "name": name, "sample": person.sample, "number": number_of(person.sample),
            "sex": person.sex.word(), "kit": person.kit, "agency": person.agency, "region": person.region,
            "typed_loci": person.typed_loci,
        })
    };
    people.iter().zip(words).zip(names).map(person).collect()
}

/// Draws the pedigree of a family, with labels in the language of the catalogue. `values` are those of [`shown`].
pub(super) fn pedigree_drawing(
    of_family: &Pedigree,
    (people, relations): (&[PagePerson], &[Relation]),
    values: &Value,
    words: &Catalogue,
) -> Result<String, PageError> {
    let word = |key: &str| words.need(&format!("drawing.{key}"));
    let words_of = PedigreeWords {
        title: word("pedigree")?,
        description: word("pedigree_text")?,
        typed: word("typed")?,
        untyped: word("untyped")?,
        missing: word("missing")?,
    };
    let members = of_family.members();
    let Some(child) = members.get(of_family.child()) else { return Ok(String::new()) };
    let mut persons = Vec::with_capacity(members.len());
    for (at, member) in members.iter().enumerate() {
        let sex = if members.iter().any(|one| one.father == Some(at)) {
            Sex::Male
        } else if members.iter().any(|one| one.mother == Some(at)) {
            Sex::Female
        } else {
            Sex::Unknown
        };
        let mut person = Person {
            father: member.father,
            mother: member.mother,
            sex,
            is_typed: false,
            is_missing_child: at == of_family.child(),
            label: String::new(),
        };
        if let Some(relative) = of_family.relatives().iter().position(|place| *place == at) {
            person.is_typed = true;
            if person.sex == Sex::Unknown {
                let recorded = people.get(relative).map_or(Sex::Unknown, |one| one.sex);
                person.sex = relations.get(relative).and_then(|relation| relation.sex()).unwrap_or(recorded);
            }
            let value = &values[relative];
            let name = heading(words, value["name"].as_str(), value["relation"].as_str())?;
            let number = value["number"].as_str().map(str::to_owned);
            let digits = || value["sample"].as_str().unwrap_or_default().chars().take(8).collect::<String>();
            person.label = format!("{name} {}", number.unwrap_or_else(digits));
        } else if Some(at) == child.father {
            words.need("short.father")?.clone_into(&mut person.label);
        } else if Some(at) == child.mother {
            words.need("short.mother")?.clone_into(&mut person.label);
        }
        persons.push(person);
    }
    Ok(pedigree(&persons, &words_of, "pedigree"))
}
