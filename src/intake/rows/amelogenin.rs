//! Reads the sex marker. It is not an STR locus, but it is the simplest evidence that two samples were exchanged.

use crate::intake::findings::{Column, Findings};
use crate::intake::rows::cells::{self, CellError, Reading};
use crate::intake::rows::settle::SingleAllele;
use crate::model::{FindingCode, Sex};

/// The contents of a cell of the marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Marker {
    /// Empty, or a sign for no result.
    Empty,
    /// The alleles of a sex.
    Shows(Sex),
    /// X alone, if a single allele is ambiguous.
    Half,
    /// Anything else.
    Other,
}

/// An allele of the marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum SexAllele {
    X,
    Y,
}

impl SexAllele {
    /// Reads `X` or `Y`, in any case and width.
    pub(in crate::intake) fn read(letter: char) -> Option<Self> {
        match letter {
            'X' | 'x' | '\u{ff38}' | '\u{ff58}' => Some(Self::X),
            'Y' | 'y' | '\u{ff39}' | '\u{ff59}' => Some(Self::Y),
            _ => None,
        }
    }
}

impl Marker {
    /// Returns what these alleles show.
    pub(in crate::intake) fn of_alleles(alleles: &[SexAllele], single_allele: SingleAllele) -> Self {
        use SexAllele::{X, Y};
        match alleles {
            [] => Self::Empty,
            [X] if single_allele == SingleAllele::Untyped => Self::Half,
            [X] | [X, X] => Self::Shows(Sex::Female),
            [X, Y] | [Y, X] => Self::Shows(Sex::Male),
            _ => Self::Other,
        }
    }

    /// Reads a cell: the marker's alleles, with or without a separator.
    pub(in crate::intake) fn read(cell: &str, single_allele: SingleAllele) -> Self {
        Self::of_letters(cell.chars(), single_allele, || cells::genotype(cell))
    }

    /// Reads two cells of one allele each; the second may be empty.
    pub(in crate::intake) fn read_two(first: &str, second: &str, single_allele: SingleAllele) -> Self {
        if second.is_empty() {
            return Self::read(first, single_allele);
        }
        Self::read_both(first, second, single_allele)
    }

    /// Reads both alleles, each given separately.
    pub(in crate::intake) fn read_both(first: &str, second: &str, single_allele: SingleAllele) -> Self {
        Self::of_letters(first.chars().chain(second.chars()), single_allele, || cells::two_alleles(first, second))
    }

    /// Interprets the letters; `genotype` describes the cells if they do not hold the marker's alleles.
    fn of_letters(
        letters: impl Iterator<Item = char>,
        single_allele: SingleAllele,
        genotype: impl FnOnce() -> Result<Reading, CellError>,
    ) -> Self {
        let is_between =
            |c: &char| matches!(c, '/' | ',' | ';' | ' ' | '-' | '／' | '，' | '；' | '、' | '\u{3000}' | '\u{a0}');
        let alleles: Option<Vec<SexAllele>> = letters.filter(|c| !is_between(c)).map(SexAllele::read).collect();
        let marker =
            alleles.filter(|alleles| !alleles.is_empty()).map(|alleles| Self::of_alleles(&alleles, single_allele));
        match marker {
            Some(marker @ (Self::Shows(_) | Self::Half)) => marker,
            _ if matches!(genotype(), Ok(Reading::Empty | Reading::NoResult(_))) => Self::Empty,
            _ => Self::Other,
        }
    }
}

/// Checks the marker against the sex that the row states, or that its relation implies.
pub(in crate::intake) fn check_sex(
    line: u64,
    marker: Marker,
    stated: Sex,
    column: impl FnOnce() -> Column,
    findings: &mut Findings,
) {
    match marker {
        Marker::Shows(_) if stated == Sex::Unknown => {
            let what = "the marker shows a sex and the row states none; write it under sex if the case file says so; \
                        it is not filled in here";
            findings.note(line, column(), FindingCode::SexNotStated, what);
        }
        Marker::Shows(shown) if shown != stated => {
            let what =
                "the marker shows the other sex than stated; check whether samples were swapped, or correct the sex";
            findings.warn(line, column(), FindingCode::AmelogeninSex, what);
        }
        Marker::Shows(_) => {}
        _ => {
            sex_shown(line, marker, column, findings);
        }
    }
}

/// Returns the sex that the marker shows if no other value states one. Reports a marker that shows no sex.
pub(in crate::intake) fn sex_shown(
    line: u64,
    marker: Marker,
    column: impl FnOnce() -> Column,
    findings: &mut Findings,
) -> Option<Sex> {
    match marker {
        Marker::Shows(sex) => Some(sex),
        Marker::Empty | Marker::Half => None,
        Marker::Other => {
            let what = "the cell is not X, X/X or X/Y; check the typing (a lost allele, a mixture), or leave it empty";
            findings.warn(line, column(), FindingCode::Amelogenin, what);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_is_read_as_laboratories_write_it() {
        let shown = |cell| Marker::read(cell, SingleAllele::Homozygote);
        for female in ["X", "x", "X/X", "XX", "X,X", "X X"] {
            assert_eq!(shown(female), Marker::Shows(Sex::Female), "{female}");
        }
        for male in ["X/Y", "XY", "x/y", "Y/X", "X, Y", "Ｘ／Ｙ", "X、Y"] {
            assert_eq!(shown(male), Marker::Shows(Sex::Male), "{male}");
        }
        for none in ["Y", "Y/Y", "X/Y/Y", "X/X/Y", "X/?", "1", "male", "女", "OL"] {
            assert_eq!(shown(none), Marker::Other, "{none}");
        }
        for empty in ["", "-", "NA", "?", "0", "-/-", "/", "ND", "未检出"] {
            assert_eq!(shown(empty), Marker::Empty, "{empty}");
        }
        let untyped = |cell| Marker::read(cell, SingleAllele::Untyped);
        assert_eq!((untyped("X"), untyped("X/X")), (Marker::Half, Marker::Shows(Sex::Female)));
        assert_eq!((untyped("X/Y"), untyped("Y")), (Marker::Shows(Sex::Male), Marker::Other));
    }

    #[test]
    fn it_is_held_against_the_stated_sex() {
        let mut findings = Findings::new("f.csv");
        let column = Some(crate::intake::findings::ColumnName::at(2, "AMEL"));
        for (line, (cell, stated)) in (2..).zip([
            ("X", Sex::Female),
            ("X/Y", Sex::Male),
            ("", Sex::Male),
            ("X", Sex::Male),
            ("X/Y", Sex::Female),
            ("X/Y", Sex::Unknown),
            ("Y", Sex::Male),
        ]) {
            check_sex(line, Marker::read(cell, SingleAllele::Homozygote), stated, || column.clone(), &mut findings);
        }
        let (problems, notes) = findings.finish();
        assert_eq!(problems, []);
        let found: Vec<_> = notes.iter().map(|note| (note.line, note.severity.word(), note.code.word())).collect();
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
