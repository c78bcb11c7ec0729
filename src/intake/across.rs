//! What can only be seen across the rows of a file: samples and relatives given twice.

use super::findings::Findings;
use super::header::{Field, Header};
use super::{Layout, Row};
use crate::model::{Pseudonym, Relation};

/// Checks all rows of a file against each other.
///
/// `families_without_agency` stands beside `rows`, or is empty.
pub(super) fn check(
    layout: Layout,
    header: &Header,
    rows: &[Row],
    families_without_agency: &[Pseudonym],
    findings: &mut Findings,
) {
    match layout {
        Layout::Children => children(header, rows, findings),
        Layout::Families => {
            relatives(header, rows, findings);
            shared_samples(header, rows, findings);
            if families_without_agency.len() == rows.len() {
                agencies(header, rows, families_without_agency, findings);
            }
        }
    }
}

/// Positions of the rows, ordered by a key and then as in the file.
fn ordered<K: Ord>(rows: &[Row], key: impl Fn(usize) -> K) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_unstable_by_key(|&i| (key(i), i));
    order
}

fn children(header: &Header, rows: &[Row], findings: &mut Findings) {
    let order = ordered(rows, |i| rows[i].sample);
    for same in order.chunk_by(|&a, &b| rows[a].sample == rows[b].sample) {
        for &again in &same[1..] {
            let what = format!("the same sample stands on line {}: remove one of the two", rows[same[0]].line);
            findings.problem(rows[again].line, header.field(Field::SampleId), "repeated-sample", what);
        }
    }
}

fn relatives(header: &Header, rows: &[Row], findings: &mut Findings) {
    let order = ordered(rows, |i| rows[i].family);
    for family in order.chunk_by(|&a, &b| rows[a].family.map(|f| f.0) == rows[b].family.map(|f| f.0)) {
        for relation in family.chunk_by(|&a, &b| rows[a].family == rows[b].family) {
            let Some(code) = rows[relation[0]].family.and_then(|(_, relation)| second(relation)) else { continue };
            for &again in &relation[1..] {
                if rows[again].sample == rows[relation[0]].sample {
                    // Said below, of the sample.
                    continue;
                }
                let what = format!(
                    "the family has this relative on line {} already, and a child has only one: correct one of the two",
                    rows[relation[0]].line
                );
                findings.problem(rows[again].line, header.field(Field::Relation), code, what);
            }
        }
        let mut members = family.to_vec();
        members.sort_unstable_by_key(|&i| (rows[i].sample, i));
        for same in members.chunk_by(|&a, &b| rows[a].sample == rows[b].sample) {
            for &again in &same[1..] {
                let what = format!(
                    "the same sample stands in this family on line {}: remove one of the two",
                    rows[same[0]].line
                );
                findings.problem(rows[again].line, header.field(Field::SampleId), "repeated-sample", what);
            }
        }
    }
}

/// A donor may stand in several families, but only as one and the same sample.
fn shared_samples(header: &Header, rows: &[Row], findings: &mut Findings) {
    let order = ordered(rows, |i| rows[i].sample);
    for same in order.chunk_by(|&a, &b| rows[a].sample == rows[b].sample) {
        let first = &rows[same[0]];
        for row in same[1..].iter().map(|&i| &rows[i]) {
            let differs = if row.profile != first.profile {
                "other genotypes"
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
            findings.problem(row.line, header.field(Field::SampleId), "sample-differs", what);
        }
    }
}

fn agencies(header: &Header, rows: &[Row], families_without_agency: &[Pseudonym], findings: &mut Findings) {
    let order = ordered(rows, |i| families_without_agency[i]);
    for same in order.chunk_by(|&a, &b| families_without_agency[a] == families_without_agency[b]) {
        if let Some(&other) = same.iter().find(|&&i| rows[i].agency != rows[same[0]].agency) {
            let what = format!(
                "line {} has the same family_id under another agency: taken for two families",
                rows[same[0]].line
            );
            findings.note(rows[other].line, header.field(Field::FamilyId), "two-agencies", what);
        }
    }
}

fn second(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::Father => Some("second-father"),
        Relation::Mother => Some("second-mother"),
        Relation::PaternalGrandfather => Some("second-paternal-grandfather"),
        Relation::PaternalGrandmother => Some("second-paternal-grandmother"),
        Relation::MaternalGrandfather => Some("second-maternal-grandfather"),
        Relation::MaternalGrandmother => Some("second-maternal-grandmother"),
        _ => None,
    }
}
