//! What a row's donor is to the missing child.

use super::fields::Field;
use super::findings::Findings;
use super::header::Header;
use super::pedigrees::Placed;
use crate::model::{Pseudonym, Relation, Sex};

/// The relation in a family with a pedigree, which says the place of the sample.
pub(super) fn member(
    header: &Header,
    line: u64,
    text: &str,
    sample: Option<Pseudonym>,
    sex: Option<Sex>,
    placed: &Placed,
    findings: &mut Findings,
) -> Option<Relation> {
    if !text.eq_ignore_ascii_case(Relation::Member.word()) {
        let what = "the family is in the pedigree file, which says who is who: write member";
        findings.problem(line, header.field(Field::Relation), "relation", what);
        return None;
    }
    let Ok(at) = placed.pedigree.samples.binary_search(&sample?) else {
        let what = "the family's pedigree has no such sample: write it there beside the person, or correct it here";
        findings.problem(line, header.field(Field::SampleId), "no-place", what);
        return None;
    };
    let known = placed.sexes[at];
    if sex.is_some_and(|sex| sex != Sex::Unknown && known != Sex::Unknown && sex != known) {
        let what = format!("the person is {known} in the pedigree: correct one of the two; samples may be swapped");
        findings.problem(line, header.field(Field::Sex), "sex", what);
    }
    Some(Relation::Member)
}

pub(super) fn relation(
    header: &Header,
    line: u64,
    text: &str,
    sex: Option<Sex>,
    findings: &mut Findings,
) -> Option<Relation> {
    if text.eq_ignore_ascii_case(Relation::Member.word()) {
        let what = "a member needs a pedigree: enter the family in the file given with --pedigrees, or write the \
                    relation";
        findings.problem(line, header.field(Field::Relation), "relation", what);
        return None;
    }
    let relation = match text.parse::<Relation>() {
        Ok(relation) => relation.of_sex(sex.unwrap_or(Sex::Unknown)),
        Err(error) => {
            findings.problem(line, header.field(Field::Relation), "relation", format!("the cell {error}"));
            return None;
        }
    };
    if let (Some(implied), Some(sex)) = (relation.sex(), sex)
        && sex != Sex::Unknown
        && sex != implied
    {
        let what = format!("a {relation} is {implied}: correct the sex or the relation; the samples may be swapped");
        findings.problem(line, header.field(Field::Sex), "sex", what);
    }
    Some(relation)
}

/// The stated sex, or the one that a relation implies: a father's sex is known even where it is not stated.
pub(super) fn implied(sex: Option<Sex>, relation: Option<Relation>) -> Option<Sex> {
    let of_relation = || relation.and_then(Relation::sex).unwrap_or(Sex::Unknown);
    sex.map(|sex| if sex == Sex::Unknown { of_relation() } else { sex })
}
