//! Finds duplicate samples and relatives in the rows of a file.

use rayon::prelude::*;

use crate::intake::columns::fields::Field;
use crate::intake::columns::header::Header;
use crate::intake::findings::Findings;

use crate::model::{FindingCode, Layout, Pseudonym, Relation, SampleRecord};

/// Checks all rows of a file against each other.
///
/// `families_without_agency` has an entry for each of the `rows`, or is empty.
pub(in crate::intake) fn check_duplicates(
    layout: Layout,
    header: &Header,
    rows: &[SampleRecord],
    families_without_agency: &[Pseudonym],
    findings: &mut Findings,
) {
    match layout {
        Layout::Children => children(header, rows, findings),
        Layout::Families => {
            relatives(header, rows, findings);
            shared_samples(header, rows, findings);
            let agencies_differ = rows.iter().any(|row| row.agency != rows[0].agency);
            if agencies_differ && families_without_agency.len() == rows.len() {
                agencies(header, rows, families_without_agency, findings);
            }
        }
    }
}

/// Calls `each` with the positions of rows that have equal keys, in file order, for each key that several rows have.
///
/// The keys are sorted together with the positions: looking them up in the rows would miss the cache at every
/// comparison.
fn groups(keys: impl Iterator<Item = Pseudonym>, each: impl FnMut(&[(u128, usize)])) {
    // Keys compare several times faster as one number than as bytes.
    let keys = keys.map(|key| u128::from_be_bytes(*key.as_bytes()));
    let mut order: Vec<(u128, usize)> = keys.zip(0..).collect();
    order.par_sort_unstable();
    order.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1).for_each(each);
}

fn children(header: &Header, rows: &[SampleRecord], findings: &mut Findings) {
    groups(rows.iter().map(|row| row.sample), |same| {
        for &(_, again) in &same[1..] {
            let (first, again) = (&rows[same[0].1], &rows[again]);
            if differ(first, again) {
                let column = header.field_column(Field::SampleId);
                findings.problem(again.line, column, FindingCode::SampleDiffers, other_genotypes(first.line));
                continue;
            }
            let what = format!("line {} has the same sample; remove one of the two", first.line);
            findings.problem(again.line, header.field_column(Field::SampleId), FindingCode::RepeatedSample, what);
        }
    });
}

fn relatives(header: &Header, rows: &[SampleRecord], findings: &mut Findings) {
    groups(rows.iter().map(|row| row.family.map_or(row.sample, |family| family.0)), |family| {
        let mut members: Vec<_> = family.iter().map(|&(_, i)| (rows[i].family.map(|f| f.1), i)).collect();
        members.sort_unstable();
        for same in members.chunk_by(|a, b| a.0 == b.0) {
            let Some(code) = same[0].0.and_then(second_relative) else { continue };
            let first = &rows[same[0].1];
            // Duplicate samples are reported below.
            for row in same[1..].iter().map(|&(_, i)| &rows[i]).filter(|row| row.sample != first.sample) {
                let what = format!(
                    "line {} has this relative of the family already, and a child has only one; correct one of the two",
                    first.line
                );
                findings.problem(row.line, header.field_column(Field::Relation), code, what);
            }
        }
        parents(header, &family.iter().map(|&(_, i)| &rows[i]), findings);
        groups(family.iter().map(|&(_, i)| rows[i].sample), |same| {
            let row = |i: usize| &rows[family[i].1];
            // Different genotypes are reported below.
            for &(_, again) in same[1..].iter().filter(|&&(_, again)| !differ(row(same[0].1), row(again))) {
                let what =
                    format!("line {} has the same sample in this family; remove one of the two", row(same[0].1).line);
                findings.problem(
                    row(again).line,
                    header.field_column(Field::SampleId),
                    FindingCode::RepeatedSample,
                    what,
                );
            }
        });
    });
}

/// Checks a parent of unstated sex in the rows of a family: there must be no third parent, and no relatives whose side
/// depends on that sex.
fn parents<'r>(header: &Header, family: &(impl Iterator<Item = &'r SampleRecord> + Clone), findings: &mut Findings) {
    let relation = |row: &SampleRecord| row.family.map(|family| family.1);
    let is = |wanted: Relation| family.clone().any(|row| relation(row) == Some(wanted));
    let unstated = family.clone().filter(|row| relation(row) == Some(Relation::Parent));
    let Some(last) = unstated.last() else { return };
    let both = is(Relation::Father) && is(Relation::Mother);
    if both || family.clone().filter(|row| relation(row).is_some_and(Relation::is_parent)).count() > 2 {
        let what = "the family has two parents beside this one, and a child has only two; correct one of the three";
        findings.problem(last.line, header.field_column(Field::Relation), FindingCode::ThirdParent, what);
    } else if !is(Relation::Father)
        && !is(Relation::Mother)
        && family.clone().any(|row| relation(row).is_some_and(Relation::has_side))
    {
        let what = "the family has paternal or maternal relatives, so the side of this parent must be known; state \
                    father or mother, or the sex";
        findings.problem(last.line, header.field_column(Field::Relation), FindingCode::ParentSide, what);
    }
}

/// Reports whether two rows of a sample have different genotypes.
fn differ(first: &SampleRecord, again: &SampleRecord) -> bool {
    first.profile != again.profile || first.many != again.many
}

fn other_genotypes(line: u64) -> String {
    format!(
        "the same sample has other genotypes on line {line}: one sample has one profile; if it was typed twice, move the second typing to a file of its \
         own, which is imported after this one and added to the first; else correct the row, or its sample_id"
    )
}

/// Checks shared samples: a donor may belong to several families, but only with one and the same sample.
fn shared_samples(header: &Header, rows: &[SampleRecord], findings: &mut Findings) {
    groups(rows.iter().map(|row| row.sample), |same| {
        let first = &rows[same[0].1];
        for row in same[1..].iter().map(|&(_, i)| &rows[i]) {
            let differs = if differ(first, row) {
                let column = header.field_column(Field::SampleId);
                findings.problem(row.line, column, FindingCode::SampleDiffers, other_genotypes(first.line));
                continue;
            } else if row.drop_out != first.drop_out {
                "another drop_out"
            } else if row.sex != first.sex {
                "another sex"
            } else if (&row.region, &row.kit, row.collected_on) != (&first.region, &first.kit, first.collected_on) {
                "another region, kit or day of collection"
            } else {
                continue;
            };
            let what = format!(
                "the same sample has {differs} on line {}: one sample has one profile; correct it, or the sample_id",
                first.line
            );
            findings.problem(row.line, header.field_column(Field::SampleId), FindingCode::SampleDiffers, what);
        }
    });
}

fn agencies(header: &Header, rows: &[SampleRecord], families_without_agency: &[Pseudonym], findings: &mut Findings) {
    groups(families_without_agency.iter().copied(), |same| {
        let first = &rows[same[0].1];
        if let Some(&(_, other)) = same.iter().find(|&&(_, i)| rows[i].agency != first.agency) {
            let what = format!("line {} has the same family_id under another agency: read as two families", first.line);
            findings.note(rows[other].line, header.field_column(Field::FamilyId), FindingCode::TwoAgencies, what);
        }
    });
}

/// Returns the code for a second relative of a kind of which a child has only one.
fn second_relative(relation: Relation) -> Option<FindingCode> {
    match relation {
        Relation::Father => Some(FindingCode::SecondFather),
        Relation::Mother => Some(FindingCode::SecondMother),
        Relation::PaternalGrandfather => Some(FindingCode::SecondPaternalGrandfather),
        Relation::PaternalGrandmother => Some(FindingCode::SecondPaternalGrandmother),
        Relation::MaternalGrandfather => Some(FindingCode::SecondMaternalGrandfather),
        Relation::MaternalGrandmother => Some(FindingCode::SecondMaternalGrandmother),
        _ => None,
    }
}
