//! Turns unusual profiles and conflicts into findings with a place in a file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::audit::Attribution;
use crate::intake::{Intake, MOST_FINDINGS, Problem, Row, Severity};
use crate::ledger::{AddedTyping, Batch, Conflict, ConflictKind, Ledger};
use crate::model::{FindingCode, Pseudonym, Relation};
use crate::quality::{Finding, Fits, Typed, examine};
use crate::report::FindingRow;

use super::checking::Checking;
use super::error::StoreError;
use super::folder::Store;
use super::observer::{ImportFinding, Observer};

/// Checks the sound rows of a file against the frequencies of the store. `least` is the least number of loci that a
/// profile should have.
pub(super) fn unusual(file: &str, intake: &Intake, store: &Store, least: usize) -> Vec<Problem> {
    let unrelated = unrelated(&intake.rows);
    let profiles: Vec<Typed<'_>> = (intake.rows.iter().zip(unrelated))
        .map(|(row, is_unrelated)| Typed { profile: &row.profile, is_unrelated })
        .collect();
    let mut found = examine(store.table(), store.settings().model.theta, least, &intake.loci, &profiles);
    let left_out = found.len().saturating_sub(MOST_FINDINGS);
    // Keeps the findings of the first rows, and those about all rows together, which come last.
    let middle = found.len().min(MOST_FINDINGS / 2);
    found.drain(middle..middle + left_out);
    let file: Arc<str> = file.into();
    let mut problems: Vec<Problem> = found.into_iter().map(|finding| problem(&file, intake, least, finding)).collect();
    if left_out > 0 {
        let what = format!("{left_out} further warnings are not listed").into();
        problems.push(Problem { file, line: 0, column: None, severity: Severity::Note, code: FindingCode::More, what });
    }
    problems
}

/// Marks the rows of persons who are not known to be related to, or identical with, any other marked person: the
/// parents of each family, or else its first relative.
fn unrelated(rows: &[Row]) -> Vec<bool> {
    let is_parent = |row: &Row| row.family.filter(|family| matches!(family.1, Relation::Father | Relation::Mother));
    let with_parents: HashSet<Pseudonym> = rows.iter().filter_map(is_parent).map(|family| family.0).collect();
    let (mut families, mut samples) = (HashSet::new(), HashSet::new());
    let one = |row: &Row| match row.family {
        None => true,
        Some((family, _)) => {
            let stands_for =
                if with_parents.contains(&family) { is_parent(row).is_some() } else { families.insert(family) };
            stands_for && samples.insert(row.sample)
        }
    };
    rows.iter().map(one).collect()
}

fn problem(file: &Arc<str>, intake: &Intake, least: usize, finding: Finding) -> Problem {
    let line = |row: usize| intake.rows[row].line;
    let column = |locus: usize| intake.locus_columns.get(locus).cloned().flatten();
    let (line, column, severity, code, what) = match finding {
        Finding::FewColumns { loci } => {
            let what = format!(
                "the file has {loci} of the loci matched on, fewer than {least}: its profiles say little; import all \
                 loci, or set --min-loci"
            );
            (0, None, Severity::Warning, FindingCode::FewLoci, what)
        }
        Finding::FewLoci { row, typed } => {
            let what = format!(
                "{typed} of the loci matched on are typed, fewer than {least}: the profile says little; type more loci"
            );
            (line(row), None, Severity::Warning, FindingCode::FewLoci, what)
        }
        Finding::Homozygous { row, homozygous, typed, tail } => {
            let what = format!(
                "{homozygous} of {typed} loci are homozygous, which is so in 1 of {:.0} correct profiles: alleles may \
                 have dropped out; type the sample again, or give it a drop_out",
                1.0 / tail
            );
            (line(row), None, Severity::Warning, FindingCode::Homozygosity, what)
        }
        Finding::FarAllele { row, locus } => {
            let what = "the allele is more than three repeats outside the range of the frequency table: kept; check \
                        the typing again";
            (line(row), column(locus), Severity::Warning, FindingCode::AlleleFar, what.to_owned())
        }
        Finding::Unlisted { locus, row, profiles } => {
            let what = format!(
                "alleles that the frequency table does not list get the floor frequency; profiles that have one: \
                 {profiles}, the first of them here"
            );
            (line(row), column(locus), Severity::Note, FindingCode::AlleleUnlisted, what)
        }
        Finding::Untyped { locus } => {
            let what =
                "the locus has a column and no genotypes; check whether a column is shifted or renamed, else remove it";
            (0, column(locus), Severity::Warning, FindingCode::LocusUntyped, what.to_owned())
        }
        Finding::Misfit { locus, distance, profiles, fits } => {
            let (code, likely) = match fits {
                Fits::Shifted(shift) => (
                    FindingCode::FrequenciesShift,
                    format!("they fit once {shift} is added to every allele: the ladder may be shifted"),
                ),
                Fits::Other(other) => {
                    (FindingCode::FrequenciesColumn, format!("they fit those of {other}: columns may be exchanged"))
                }
                Fits::Nothing => (
                    FindingCode::Frequencies,
                    "check ladder, kit and column; if many loci have this warning, the table is of another population"
                        .to_owned(),
                ),
            };
            let what = format!(
                "the allele frequencies of {profiles} profiles differ from the store's table (distance {distance:.3} \
                 on the scale of F_ST): {likely}"
            );
            (0, column(locus), Severity::Warning, code, what)
        }
    };
    Problem { file: file.clone(), line, column, severity, code, what: what.into() }
}

/// Builds the finding about a conflict with the store: an error if the conflict refuses the file, otherwise a warning.
pub(super) fn conflict(file: &str, conflict: &Conflict, severity: Severity) -> Problem {
    let code = match conflict.kind {
        ConflictKind::Role => FindingCode::ConflictRole,
        ConflictKind::Profile => FindingCode::ConflictProfile,
        ConflictKind::FewShared => FindingCode::ConflictFewShared,
        ConflictKind::Sex => FindingCode::ConflictSex,
        ConflictKind::Metadata => FindingCode::ConflictMetadata,
        ConflictKind::Relation => FindingCode::ConflictRelation,
        ConflictKind::Second(_) => FindingCode::ConflictSecond,
        ConflictKind::Pedigree => FindingCode::ConflictPedigree,
        ConflictKind::Unplaced => FindingCode::ConflictUnplaced,
        ConflictKind::Half => FindingCode::ConflictHalf,
        ConflictKind::Itself => FindingCode::ConflictItself,
        ConflictKind::Expunged | ConflictKind::ExpungedFamily => FindingCode::Expunged,
    };
    let what = format!("sample {} {}", conflict.sample, conflict.what()).into();
    Problem { file: file.into(), line: conflict.line, column: None, severity, code, what }
}

/// Builds the finding about a further typing: it was added, and at some loci it may disagree with the stored data.
pub(super) fn typing(file: &str, added: &AddedTyping) -> Problem {
    let AddedTyping { line, sample, comparison } = added;
    let (severity, code, what) = if comparison.differing.is_empty() {
        let loci = |n: usize, what: &str| if n == 1 { format!("1 {what} locus") } else { format!("{n} {what} loci") };
        let what = format!(
            "a further typing of a known sample: it agrees at {}, and brings {}",
            loci(comparison.shared, "shared"),
            loci(comparison.new, "new")
        );
        (Severity::Note, FindingCode::TypingAdded, what)
    } else {
        let what = format!("sample {sample}, a further typing, {comparison}: these loci are not matched on");
        (Severity::Warning, FindingCode::TypingDiffers, what)
    };
    Problem { file: file.into(), line: *line, column: None, severity, code, what: what.into() }
}

/// Checks the families that a file touched for consistency, marks them, and returns the findings with their texts.
pub(super) fn marks(
    batch: &Batch,
    ledger: &mut Ledger,
    (store, checking): (&Store, &Checking),
    observer: &dyn Observer,
    name: &str,
) -> Result<Vec<ImportFinding>, StoreError> {
    let families = checking.unchecked(ledger, store)?;
    let findings = checking.mark(ledger, &families, Attribution::Unrecorded("a step of import"), observer)?;
    let lines: HashMap<Pseudonym, u64> = batch.rows.iter().map(|row| (row.sample, row.line)).collect();
    let marks = findings.iter().filter(|row| row.finding.severity.is_mark());
    let told = marks.map(|FindingRow { family, finding }| {
        let lines: Vec<u64> = finding.samples.iter().filter_map(|one| lines.get(&one.sample)).copied().collect();
        let what = format!("family {family} is marked: {finding}");
        let places: Vec<String> = lines.iter().map(|line| format!("line {line}")).collect();
        let place = if places.is_empty() { String::new() } else { places.join(", ") + ": " };
        let text = format!("{name}: {place}{what}");
        let line = lines.first().copied().unwrap_or(0);
        let (severity, code) = (Severity::Warning, finding.cause.code());
        ImportFinding {
            problem: Problem { file: name.into(), line, column: None, severity, code, what: what.into() },
            text,
        }
    });
    Ok(told.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{Layout, Request, read_bytes};
    use crate::population::FrequencyTable;
    use crate::pseudonym::{Pseudonymizer, SecretKey};

    #[test]
    fn parents_stand_for_their_family_and_nobody_twice() {
        let text = "family_id,sample_id,relation,sex,vWA\nF1,S1,full-sibling,m,14\nF1,S2,father,m,14\n\
                    F1,S3,mother,f,14\nF2,S4,maternal-uncle,m,14\nF2,S5,maternal-aunt,f,14\nF3,S2,paternal-uncle,m,14\n\
                    F4,S6,father,m,14\nF4,S7,full-sibling,f,14\n";
        let pseudonymizer = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
        let request = Request::new(Layout::Families, FrequencyTable::chinese_han_23().panel(), &pseudonymizer);
        let intake = read_bytes("f.csv", text.as_bytes(), &request);
        assert_eq!(intake.problems, []);
        let marked: Vec<u64> =
            intake.rows.iter().zip(unrelated(&intake.rows)).filter(|row| row.1).map(|row| row.0.line).collect();
        assert_eq!(marked, [3, 4, 5, 8]);
    }
}
