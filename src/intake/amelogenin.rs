//! The sex marker: no STR locus, and the cheapest sign of two samples exchanged.

use super::SingleAllele;
use super::cells::{self, Reading};
use super::findings::{Column, Findings};
use crate::model::Sex;

/// What a cell of the marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// Nothing, or that there is no result.
    Empty,
    /// The alleles of a sex.
    Shows(Sex),
    /// X alone, where one allele alone means nothing certain.
    Half,
    /// Something else.
    Other,
}

/// Reads a cell: the marker's alleles, separated or not.
pub(super) fn read(cell: &str, single_allele: SingleAllele) -> Marker {
    let letter = |c: char| match c.to_ascii_uppercase() {
        'X' => Some('X'),
        'Y' => Some('Y'),
        _ => None,
    };
    let between = |c: &char| !matches!(c, '/' | ',' | ';' | ' ' | '-');
    let letters: Option<Vec<char>> = cell.chars().filter(between).map(letter).collect();
    match letters.as_deref() {
        Some(['X']) if single_allele == SingleAllele::Untyped => Marker::Half,
        Some(['X'] | ['X', 'X']) => Marker::Shows(Sex::Female),
        Some(['X', 'Y'] | ['Y', 'X']) => Marker::Shows(Sex::Male),
        _ if matches!(cells::genotype(cell), Ok(Reading::Empty | Reading::NoResult(_))) => Marker::Empty,
        _ => Marker::Other,
    }
}

/// Holds the marker against the sex that the row states, or its relation implies.
pub(super) fn check(line: u64, marker: Marker, stated: Sex, column: impl FnOnce() -> Column, findings: &mut Findings) {
    match marker {
        Marker::Shows(_) if stated == Sex::Unknown => {
            let what = "the marker shows a sex and the row states none: write it under sex if the case file says so; \
                        it is not filled in here";
            findings.note(line, column(), "sex-not-stated", what);
        }
        Marker::Shows(shown) if shown != stated => {
            let what =
                "the marker shows the other sex than stated: look whether samples were swapped, or correct the sex";
            findings.warn(line, column(), "amelogenin-sex", what);
        }
        Marker::Shows(_) => {}
        _ => {
            shown(line, marker, column, findings);
        }
    }
}

/// The sex that the marker shows, where nothing else states one; said if it is none of its readings.
pub(super) fn shown(
    line: u64,
    marker: Marker,
    column: impl FnOnce() -> Column,
    findings: &mut Findings,
) -> Option<Sex> {
    match marker {
        Marker::Shows(sex) => Some(sex),
        Marker::Empty | Marker::Half => None,
        Marker::Other => {
            let what =
                "the cell is none of X, X/X and X/Y: look at the typing (a lost allele, a mixture), or leave it empty";
            findings.warn(line, column(), "amelogenin", what);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_is_read_as_laboratories_write_it() {
        let of = |cell| read(cell, SingleAllele::Homozygote);
        for female in ["X", "x", "X/X", "XX", "X,X", "X X"] {
            assert_eq!(of(female), Marker::Shows(Sex::Female), "{female}");
        }
        for male in ["X/Y", "XY", "x/y", "Y/X", "X, Y"] {
            assert_eq!(of(male), Marker::Shows(Sex::Male), "{male}");
        }
        for none in ["Y", "Y/Y", "X/Y/Y", "X/X/Y", "X/?", "1", "male", "女", "OL", "/"] {
            assert_eq!(of(none), Marker::Other, "{none}");
        }
        for empty in ["", "-", "NA", "?", "0", "-/-"] {
            assert_eq!(of(empty), Marker::Empty, "{empty}");
        }
        let untyped = |cell| read(cell, SingleAllele::Untyped);
        assert_eq!((untyped("X"), untyped("X/X")), (Marker::Half, Marker::Shows(Sex::Female)));
        assert_eq!((untyped("X/Y"), untyped("Y")), (Marker::Shows(Sex::Male), Marker::Other));
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
            check(line, read(cell, SingleAllele::Homozygote), stated, || column.clone(), &mut findings);
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
