//! Families or children: what the columns of a file tell.

use super::findings::{Problem, Severity};
use super::tidy::read_hashed;
use super::{Format, Intake, Layout, Request};

/// What the header alone refuses under any layout, whose columns may still tell what the file is.
const OF_THE_HEADER: [&str; 3] = ["header", "missing-column", "no-loci"];

/// Reads the bytes of a file whose layout is not said: a families file has `family_id` or `relation`, a children file
/// has neither. `request.layout` is not looked at.
///
/// If the columns do not tell, that is the intake's only problem.
#[must_use]
pub fn read_telling(file_name: &str, bytes: &[u8], request: &Request<'_>) -> Intake {
    let digest = *blake3::hash(bytes).as_bytes();
    let read = |layout| read_hashed(file_name, bytes, digest, &Request { layout, ..*request });
    let has = |intake: &Intake, code: &str| intake.problems.iter().any(|problem| problem.code == code);
    let of_the_header = |intake: &Intake| OF_THE_HEADER.iter().any(|code| has(intake, code));
    // Both stop at the header if it is not theirs, so that nothing is read twice.
    let families = read(Layout::Families);
    if families.format != Format::Csv {
        let what = "files of this form do not tell whether families or children are to be read: give --as families or \
                    --as children";
        return unknown(families, file_name, what);
    }
    if has(&families, "layout") {
        return read(Layout::Children);
    }
    if !of_the_header(&families) || has(&read(Layout::Children), "layout") {
        return families;
    }
    let what = "the columns do not tell whether the file holds families (family_id, relation, sample_id, sex) or children \
                (sample_id, sex): give --as families or --as children, which then says what is missing";
    unknown(families, file_name, what)
}

fn unknown(mut intake: Intake, file_name: &str, what: &'static str) -> Intake {
    intake.problems = vec![Problem {
        file: file_name.into(),
        line: 0,
        column: None,
        severity: Severity::Error,
        code: "layout-unknown",
        what: what.into(),
    }];
    intake.notes.clear();
    intake.rows.clear();
    intake.pedigrees.clear();
    (intake.rejected, intake.loci, intake.locus_columns) = (0, Vec::new(), Vec::new());
    intake
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::tests::{panel, pseudonymizer, request};

    fn told(text: &str) -> (Layout, Vec<&'static str>, usize) {
        let (panel, pseudonymizer) = (panel(), pseudonymizer());
        let intake = read_telling("f.csv", text.as_bytes(), &request(Layout::Children, &panel, &pseudonymizer));
        (intake.layout, intake.problems.iter().map(|problem| problem.code).collect(), intake.rows.len())
    }

    #[test]
    fn columns_tell_the_layout() {
        let families = "family_id,sample_id,relation,sex,vWA\nF1,S1,father,m,14\n";
        assert_eq!(told(families), (Layout::Families, vec![], 1));
        assert_eq!(told("sample_id,sex,vWA\nS1,m,14\n"), (Layout::Children, vec![], 1));
        assert_eq!(told("sample_id;sex;vWA\nS1;m;14\n"), (Layout::Children, vec![], 1));
        assert_eq!(told("sample_id,sex,vWA\nS1,m,x\n"), (Layout::Children, vec!["allele"], 0));
        assert_eq!(told("family_id,sample_id,sex,vWA\n").1[0], "missing-column");
        assert_eq!(told("relation,sample_id,sex,vWA\n").0, Layout::Families);
    }

    #[test]
    fn what_does_not_tell_is_said() {
        for text in ["S1,m,14\n", "name,vWA\nx,14\n", "sex,vWA\nm,14\n"] {
            assert_eq!(told(text), (Layout::Families, vec!["layout-unknown"], 0), "{text}");
        }
        assert_eq!(told("sample_id|sex|vWA\nS1|m|14\n").1, ["delimiter"]);
        assert_eq!(told("").1, ["empty"]);
        assert_eq!(told("PK\u{3}\u{4}x").1, ["workbook"]);
    }
}
