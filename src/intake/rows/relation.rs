//! Reads the relation of a row's donor to the missing child.

use crate::intake::columns::fields::Field;
use crate::intake::columns::header::Header;
use crate::intake::findings::Findings;
use crate::intake::pedigree::placed::Placed;
use crate::intake::rows::relation_words::NoRelation;
use crate::model::{FindingCode, Pseudonym, Relation, Sex};

/// Returns the relation in a family with a pedigree, which gives the place of the sample.
pub(in crate::intake) fn member_relation(
    header: &Header,
    line: u64,
    stated: Result<Relation, NoRelation>,
    sample: Option<Pseudonym>,
    sex: Option<Sex>,
    placed: &Placed,
    findings: &mut Findings,
) -> Option<Relation> {
    if stated != Ok(Relation::Member) {
        let what = "the family is in the pedigree file; write member, because the pedigree states the relations";
        findings.problem(line, header.field_column(Field::Relation), FindingCode::RelationPedigree, what);
        return None;
    }
    let Ok(at) = placed.pedigree.samples.binary_search(&sample?) else {
        let what = "the family's pedigree does not have this sample; write it there beside the person, or correct it \
                    here";
        findings.problem(line, header.field_column(Field::SampleId), FindingCode::NoPlace, what);
        return None;
    };
    let known = placed.sexes[at];
    if sex.is_some_and(|sex| sex != Sex::Unknown && known != Sex::Unknown && sex != known) {
        let what = format!("the person is {known} in the pedigree; correct one of the two; samples may be swapped");
        findings.problem(line, header.field_column(Field::Sex), FindingCode::SexContradiction, what);
    }
    Some(Relation::Member)
}

/// Returns the relation in a family without a pedigree, after checking it against the stated sex.
pub(in crate::intake) fn checked_relation(
    header: &Header,
    line: u64,
    stated: Result<Relation, NoRelation>,
    sex: Option<Sex>,
    findings: &mut Findings,
) -> Option<Relation> {
    let relation = match stated {
        Ok(Relation::Member) => {
            let what = "a member requires a pedigree; enter the family in the file given with --pedigrees, or write \
                        the relation";
            findings.problem(line, header.field_column(Field::Relation), FindingCode::RelationPedigree, what);
            return None;
        }
        Ok(relation) => relation.of_sex(sex.unwrap_or(Sex::Unknown)),
        Err(error) => {
            findings.problem(line, header.field_column(Field::Relation), error.code(), format!("the cell {error}"));
            return None;
        }
    };
    if let (Some(implied), Some(sex)) = (relation.sex(), sex)
        && sex != Sex::Unknown
        && sex != implied
    {
        let what = format!("a {relation} is {implied}; correct the sex or the relation; the samples may be swapped");
        findings.problem(line, header.field_column(Field::Sex), FindingCode::SexContradiction, what);
    }
    Some(relation)
}

/// Returns the stated sex, or the one that a relation implies: a father's sex is known even if it is not stated.
pub(in crate::intake) fn implied_sex(sex: Option<Sex>, relation: Option<Relation>) -> Option<Sex> {
    let of_relation = || relation.and_then(Relation::sex).unwrap_or(Sex::Unknown);
    sex.map(|sex| if sex == Sex::Unknown { of_relation() } else { sex })
}
