//! The sex marker: no STR locus, and the cheapest sign of two samples exchanged.

use super::findings::{Column, Findings};
use crate::model::Sex;

/// The sex that a cell of the marker shows; `None` if it shows none.
fn shown(cell: &str) -> Option<Sex> {
    let letter = |c: char| match c.to_ascii_uppercase() {
        'X' => Some('X'),
        'Y' => Some('Y'),
        _ => None,
    };
    let between = |c: &char| !matches!(c, '/' | ',' | ';' | ' ' | '-');
    let letters: Option<Vec<char>> = cell.chars().filter(between).map(letter).collect();
    match letters?[..] {
        ['X'] | ['X', 'X'] => Some(Sex::Female),
        ['X', 'Y'] | ['Y', 'X'] => Some(Sex::Male),
        _ => None,
    }
}

/// Holds a cell of the marker against the sex that the row states, or its relation implies.
pub(super) fn check(line: u64, cell: &str, stated: Sex, column: Column, findings: &mut Findings) {
    if cell.is_empty() {
        return;
    }
    match (shown(cell), stated) {
        (None, _) => {
            let what =
                "the cell is none of X, X/X and X/Y: look at the typing (a lost allele, a mixture), or leave it empty";
            findings.warn(line, column, "amelogenin", what);
        }
        (Some(_), Sex::Unknown) => {
            let what = "the marker shows a sex and the row states none: write it under sex if the case file says so; \
                        it is not filled in here";
            findings.note(line, column, "sex-not-stated", what);
        }
        (Some(shown), stated) if shown != stated => {
            let what =
                "the marker shows the other sex than stated: look whether samples were swapped, or correct the sex";
            findings.warn(line, column, "amelogenin-sex", what);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_is_read_as_laboratories_write_it() {
        for female in ["X", "x", "X/X", "XX", "X,X", "X X"] {
            assert_eq!(shown(female), Some(Sex::Female), "{female}");
        }
        for male in ["X/Y", "XY", "x/y", "Y/X", "X, Y"] {
            assert_eq!(shown(male), Some(Sex::Male), "{male}");
        }
        for none in ["Y", "Y/Y", "X/Y/Y", "X/X/Y", "X/?", "1", "male", "女", "OL", "/"] {
            assert_eq!(shown(none), None, "{none}");
        }
    }

    #[test]
    fn it_is_held_against_the_stated_sex() {
        let mut findings = Findings::new("f.csv");
        let column = Some((3, "AMEL".into()));
        for (line, (cell, stated)) in (2..).zip([
            ("X", Sex::Female),
            ("X/Y", Sex::Male),
            ("", Sex::Male),
            ("X", Sex::Male),
            ("X/Y", Sex::Female),
            ("X/Y", Sex::Unknown),
            ("Y", Sex::Male),
        ]) {
            check(line, cell, stated, column.clone(), &mut findings);
        }
        let (problems, notes) = findings.finish();
        assert_eq!(problems, []);
        let found: Vec<_> = notes.iter().map(|note| (note.line, note.severity.word(), note.code)).collect();
        assert_eq!(
            found,
            [
                (5, "warning", "amelogenin-sex"),
                (6, "warning", "amelogenin-sex"),
                (7, "note", "sex-not-stated"),
                (8, "warning", "amelogenin")
            ]
        );
    }
}
