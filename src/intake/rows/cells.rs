//! Cells as laboratories write them: genotypes, sexes, days, drop-out probabilities.

use jiff::civil::Date;

use crate::model::{Allele, AlleleError, DropOut, Genotype, GenotypeError, ManyAlleles, Sex, UnknownWord};

/// What a locus' cells say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Reading {
    /// Nothing.
    Empty,
    /// Two alleles, alike or not.
    Typed(Genotype),
    /// More than two different alleles.
    Many(ManyAlleles),
    /// One allele, and nothing about the other.
    Single(Allele),
    /// An allele outside the ladder: `OL`, `<9`, `>10`.
    OffLadder,
    /// A sign that there is no result.
    NoResult(NoResult),
    /// One allele, and a sign that there is no result for the other.
    Half,
}

/// The signs for "no result" that laboratories write in the place of an allele.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum NoResult {
    /// `-`.
    Dash,
    /// `NA` or `N/A`.
    NotAvailable,
    /// `0`.
    Zero,
    /// `?`.
    Question,
}

impl NoResult {
    /// How many there are.
    pub(in crate::intake) const COUNT: usize = 4;

    /// As it is written.
    pub(in crate::intake) fn sign(self) -> &'static str {
        match self {
            Self::Dash => "-",
            Self::NotAvailable => "NA",
            Self::Zero => "0",
            Self::Question => "?",
        }
    }
}

/// Why cells are no genotype. The cells themselves are not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::intake) enum CellError {
    #[error("{0}")]
    Genotype(#[from] GenotypeError),
    /// `9,3`.
    #[error("may be two alleles, or one with a decimal comma: write 9/3 or 9.3")]
    Comma,
    /// The second of two columns without the first.
    #[error("has a second allele and no first: check that the columns are in place")]
    NoFirst,
}

/// Why a cell is no drop-out probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cell is not a drop-out probability: write a number from 0 and below 1, such as 0.05, or leave it empty")]
pub(in crate::intake) struct NoDropOut;

impl From<AlleleError> for CellError {
    fn from(error: AlleleError) -> Self {
        Self::Genotype(error.into())
    }
}

/// One allele, or what stands in its place.
enum Part {
    Empty,
    Allele(Allele),
    OffLadder,
    NoResult(NoResult),
}

/// The genotype in a cell: alleles with `/`, `;`, `,` or `-` between them.
///
/// # Errors
/// [`CellError`].
pub(in crate::intake) fn genotype(cell: &str) -> Result<Reading, CellError> {
    if let Some(reading) = plain_genotype(cell.as_bytes()) {
        return Ok(reading);
    }
    let cell = cell.trim();
    let one = allele_or_sign(cell);
    let separator = ['/', ';', ',', '-'].into_iter().find(|&separator| one.is_err() && cell.contains(separator));
    let Some(separator) = separator else { return combine(one?, Part::Empty) };
    let mut parts = cell.split(separator).map(str::trim);
    let (first, second, third) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    // Tables from other countries write 9.3 as 9,3; no locus has alleles of so few repeats often.
    let decimal = |part: &str| separator == ',' && matches!(part.as_bytes(), [b'0'..=b'4']);
    if [Some(second), third].into_iter().flatten().chain(parts.clone()).any(decimal) {
        return Err(CellError::Comma);
    }
    if let Some(third) = third {
        return three_or_more([first, second, third].into_iter().chain(parts));
    }
    two_alleles(first, second)
}

/// Three parts or more, of which some may say the same.
fn three_or_more<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Reading, CellError> {
    let (mut alleles, mut off_ladder, mut half, mut count) = (Vec::new(), false, false, 0);
    for text in parts {
        count += 1;
        if count > ManyAlleles::MOST {
            return Err(GenotypeError::TooMany.into());
        }
        match allele_or_sign(text)? {
            Part::Empty => return Err(GenotypeError::Form.into()),
            Part::Allele(allele) => alleles.push(allele),
            Part::OffLadder => off_ladder = true,
            Part::NoResult(_) => half = true,
        }
    }
    // A peak beside them may be anything.
    if off_ladder {
        return Ok(Reading::OffLadder);
    }
    if half {
        return Ok(Reading::Half);
    }
    different(alleles)
}

/// The genotype of three alleles or more, each counted once.
fn different(mut alleles: Vec<Allele>) -> Result<Reading, CellError> {
    alleles.sort_unstable();
    alleles.dedup();
    match alleles[..] {
        [one] => Ok(Reading::Typed(Genotype::new(one, one))),
        [low, high] => Ok(Reading::Typed(Genotype::new(low, high))),
        _ => ManyAlleles::new(alleles).map(Reading::Many).ok_or(GenotypeError::TooMany.into()),
    }
}

/// The genotype of alleles that a format lists one by one.
///
/// # Errors
/// [`CellError`] if they are more than a locus may have.
pub(in crate::intake) fn of_alleles(alleles: Vec<Allele>) -> Result<Reading, CellError> {
    match alleles[..] {
        [] => Ok(Reading::Empty),
        [one] => Ok(Reading::Single(one)),
        [a, b] => Ok(Reading::Typed(Genotype::new(a, b))),
        _ => different(alleles),
    }
}

/// The genotype in two cells of which neither may be empty.
///
/// # Errors
/// [`CellError`].
pub(in crate::intake) fn two_alleles(first: &str, second: &str) -> Result<Reading, CellError> {
    match (allele_or_sign(first.trim())?, allele_or_sign(second.trim())?) {
        (Part::Empty, _) | (_, Part::Empty) => Err(GenotypeError::Form.into()),
        (first, second) => combine(first, second),
    }
}

/// The genotype in cells of one allele each; the second may be empty.
///
/// # Errors
/// [`CellError`].
pub(in crate::intake) fn two_cells(first: &str, second: &str) -> Result<Reading, CellError> {
    if let (Some((a, [])), Some((b, []))) = (plain_allele(first.as_bytes()), plain_allele(second.as_bytes())) {
        return Ok(Reading::Typed(Genotype::new(a, b)));
    }
    match (allele_or_sign(first.trim())?, allele_or_sign(second.trim())?) {
        (Part::Empty, Part::Allele(_) | Part::OffLadder) => Err(CellError::NoFirst),
        (first, second) => combine(first, second),
    }
}

/// The genotype in a cell of one allele, beside which there is no other cell.
///
/// # Errors
/// [`CellError`].
pub(in crate::intake) fn one_cell(cell: &str) -> Result<Reading, CellError> {
    combine(allele_or_sign(cell.trim())?, Part::Empty)
}

fn combine(first: Part, second: Part) -> Result<Reading, CellError> {
    Ok(match (first, second) {
        (Part::OffLadder, _) | (_, Part::OffLadder) => Reading::OffLadder,
        (Part::Allele(a), Part::Allele(b)) => Reading::Typed(Genotype::new(a, b)),
        (Part::Allele(a), Part::Empty) => Reading::Single(a),
        (Part::Allele(_), Part::NoResult(_)) | (Part::NoResult(_), Part::Allele(_)) => Reading::Half,
        (Part::NoResult(sign), _) | (Part::Empty, Part::NoResult(sign)) => Reading::NoResult(sign),
        (Part::Empty, Part::Empty) => Reading::Empty,
        // Said by the callers.
        (Part::Empty, Part::Allele(_)) => return Err(CellError::NoFirst),
    })
}

fn allele_or_sign(text: &str) -> Result<Part, AlleleError> {
    let sign = match text {
        "" => return Ok(Part::Empty),
        "-" => NoResult::Dash,
        "0" => NoResult::Zero,
        "?" => NoResult::Question,
        _ if text.eq_ignore_ascii_case("NA") || text.eq_ignore_ascii_case("N/A") => NoResult::NotAvailable,
        _ if text.eq_ignore_ascii_case("OL") => return Ok(Part::OffLadder),
        _ => {
            return match text.strip_prefix(['<', '>']) {
                Some(end) => end.trim_start().parse::<Allele>().map(|_| Part::OffLadder),
                None => text.parse().map(Part::Allele),
            };
        }
    };
    Ok(Part::NoResult(sign))
}

/// The forms that nearly every cell has, read several times faster than by the general way.
fn plain_genotype(cell: &[u8]) -> Option<Reading> {
    let (first, rest) = plain_allele(cell)?;
    match rest {
        [] => Some(Reading::Single(first)),
        [b'/', rest @ ..] => match plain_allele(rest)? {
            (second, []) => Some(Reading::Typed(Genotype::new(first, second))),
            _ => None,
        },
        _ => None,
    }
}

/// `d`, `dd`, `d.d` or `dd.d`, and what follows it.
fn plain_allele(cell: &[u8]) -> Option<(Allele, &[u8])> {
    let digit = |b: u8| u16::from(b.wrapping_sub(b'0'));
    let (whole, rest) = match cell {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', rest @ ..] => (digit(*a) * 10 + digit(*b), rest),
        [a @ b'0'..=b'9', rest @ ..] => (digit(*a), rest),
        _ => return None,
    };
    let (tenth, rest) = match rest {
        [b'.', tenth @ b'0'..=b'9', rest @ ..] => (digit(*tenth), rest),
        _ => (0, rest),
    };
    Some((Allele::from_tenths(whole * 10 + tenth).ok()?, rest))
}

/// The sex of a cell, in English, in Chinese, or as numbers (ISO 5218 and GB/T 2261.1: 1 male, 2 female).
///
/// # Errors
/// What would have been understood.
pub(in crate::intake) fn sex(cell: &str) -> Result<Sex, UnknownWord> {
    match cell {
        "男" | "1" => Ok(Sex::Male),
        "女" | "2" => Ok(Sex::Female),
        _ => cell.parse(),
    }
}

/// The drop-out probability of a cell; `None` if it is empty.
///
/// # Errors
/// [`NoDropOut`].
pub(in crate::intake) fn drop_out(cell: &str) -> Result<Option<DropOut>, NoDropOut> {
    match cell.trim() {
        "" => Ok(None),
        text => text.parse().ok().and_then(DropOut::new).map(Some).ok_or(NoDropOut),
    }
}

/// A day written `YYYY-MM-DD`; `None` if it is not one.
pub(in crate::intake) fn date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let form = bytes.len() == 10
        && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
    if !form {
        return None;
    }
    Date::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_real_days() {
        assert_eq!(date("2024-02-29"), Date::new(2024, 2, 29).ok());
        for bad in [
            "",
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "24-01-01",
            "2024/01/01",
            "20240101",
            "2024-01-01T",
            "２024-01",
        ] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    fn typed(text: &str) -> Result<Reading, CellError> {
        Ok(Reading::Typed(text.parse().unwrap()))
    }

    fn single(text: &str) -> Result<Reading, CellError> {
        Ok(Reading::Single(text.parse().unwrap()))
    }

    #[test]
    fn cells_are_read_as_laboratories_write_them() {
        for cell in ["14/15", " 14/15 ", "15/14", "14 / 15", "14,15", "14, 15", "14;15", "14-15", "14 - 15", "14.0/15"]
        {
            assert_eq!(genotype(cell), typed("14/15"), "{cell}");
        }
        assert_eq!(genotype("9.3,10"), typed("9.3/10"));
        assert_eq!(genotype("5,5"), typed("5/5"));
        assert_eq!((genotype("14"), genotype(" 9.3 ")), (single("14"), single("9.3")));
        assert_eq!((genotype(""), genotype("  ")), (Ok(Reading::Empty), Ok(Reading::Empty)));
        for cell in ["OL", "ol", "<9", ">10", "> 10.3", "OL/14", "14/OL", "<9,10", "OL/-", "OL-OL"] {
            assert_eq!(genotype(cell), Ok(Reading::OffLadder), "{cell}");
        }
        for (cell, sign) in [
            ("-", NoResult::Dash),
            (" - ", NoResult::Dash),
            ("-/-", NoResult::Dash),
            ("NA", NoResult::NotAvailable),
            ("n/a", NoResult::NotAvailable),
            ("0", NoResult::Zero),
            ("0/0", NoResult::Zero),
            ("?", NoResult::Question),
            ("?/?", NoResult::Question),
        ] {
            assert_eq!(genotype(cell), Ok(Reading::NoResult(sign)), "{cell}");
        }
        for cell in ["14/?", "?/14", "14/0", "0-14", "14/-"] {
            assert_eq!(genotype(cell), Ok(Reading::Half), "{cell}");
        }
        let form = Err(CellError::Genotype(GenotypeError::Form));
        for cell in ["14/", "/14", "/", "14-", "-14", "14,"] {
            assert_eq!(genotype(cell), form, "{cell}");
        }
        for cell in ["9,3", "2,2", "14,0", "10, 4", "9,3,10", "14,15,16,3"] {
            assert_eq!(genotype(cell), Err(CellError::Comma), "{cell}");
        }
        for cell in
            ["x", "14/x", "14 15", "1e1", "14.55", "100", "<", "<x", "Oct-11", "OL14", "00", "NAN", "2024-10-11"]
        {
            assert!(matches!(genotype(cell), Err(CellError::Genotype(GenotypeError::Allele(_)))), "{cell}");
        }
    }

    #[test]
    fn two_cells_make_one_genotype() {
        assert_eq!((two_cells("15", "14"), two_cells(" 9.3", "10.0 ")), (typed("14/15"), typed("9.3/10")));
        assert_eq!((two_cells("14", " "), two_cells("", "")), (single("14"), Ok(Reading::Empty)));
        assert_eq!((two_cells("14", "OL"), two_cells("<9", "")), (Ok(Reading::OffLadder), Ok(Reading::OffLadder)));
        assert_eq!((two_cells("14", "?"), two_cells("14", "0")), (Ok(Reading::Half), Ok(Reading::Half)));
        assert_eq!(two_cells("-", "-"), Ok(Reading::NoResult(NoResult::Dash)));
        assert_eq!(two_cells("", "NA"), Ok(Reading::NoResult(NoResult::NotAvailable)));
        assert_eq!((two_cells("", "14"), two_cells("", "OL")), (Err(CellError::NoFirst), Err(CellError::NoFirst)));
        assert!(two_cells("14/15", "").is_err() && two_cells("14", "x").is_err());
    }

    #[test]
    fn sexes_are_read_in_two_languages() {
        assert_eq!((sex("男"), sex("1"), sex("M")), (Ok(Sex::Male), Ok(Sex::Male), Ok(Sex::Male)));
        assert_eq!((sex("女"), sex("2"), sex("Female")), (Ok(Sex::Female), Ok(Sex::Female), Ok(Sex::Female)));
        assert_eq!((sex(""), sex("3").is_err(), sex("0").is_err()), (Ok(Sex::Unknown), true, true));
    }

    #[test]
    fn more_than_two_alleles_are_counted_once_each() {
        let read = |cell: &str| match genotype(cell) {
            Ok(Reading::Typed(genotype)) => genotype.to_string(),
            Ok(Reading::Many(many)) => many.alleles().iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Ok(other) => format!("{other:?}"),
            Err(CellError::Genotype(error)) => format!("{error:?}"),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(read("14/14/15"), "14/15");
        assert_eq!(read("14/14/14"), "14");
        assert_eq!(read(" 16 /14/ 15"), "14 15 16");
        assert_eq!(read("8/9/9.3/8"), "8 9 9.3");
        assert_eq!(read("1/2/3/4/5/6/7/8"), "1 2 3 4 5 6 7 8");
        assert_eq!(read("1/2/3/4/5/6/7/8/9"), "TooMany");
        for cell in ["14,15,16", "14; 15 ;16", "16-15-14", "14/15/16/14"] {
            assert_eq!(read(cell), "14 15 16", "{cell}");
        }
        assert_eq!(
            (read("14/OL/15"), read("<9,10,11"), read("14/15/?")),
            ("OffLadder".into(), "OffLadder".into(), "Half".into())
        );
        for cell in ["14/15/", "/14/15", "14//15"] {
            assert_eq!(read(cell), "Form", "{cell}");
        }
        assert_eq!(read("14/15/x"), "Allele(Form)");
    }

    proptest! {
        #[test]
        fn the_fast_way_reads_as_the_general_one(cell in "[0-9./ ]{1,9}") {
            match plain_genotype(cell.as_bytes()) {
                Some(Reading::Typed(fast)) => prop_assert_eq!(cell.parse(), Ok(fast)),
                Some(Reading::Single(fast)) => prop_assert_eq!(cell.parse(), Ok(fast)),
                fast => prop_assert_eq!(fast, None),
            }
        }

        #[test]
        fn the_fast_way_reads_every_ordinary_genotype(a in 10u16..=999, b in 10u16..=999) {
            let (a, b) = (Allele::from_tenths(a).unwrap(), Allele::from_tenths(b).unwrap());
            let typed = || Some(Reading::Typed(Genotype::new(a, b)));
            prop_assert_eq!(plain_genotype(format!("{a}/{b}").as_bytes()), typed());
            prop_assert_eq!(plain_genotype(a.to_string().as_bytes()), Some(Reading::Single(a)));
            prop_assert_eq!(two_cells(&a.to_string(), &b.to_string()).ok(), typed());
        }
    }
}
