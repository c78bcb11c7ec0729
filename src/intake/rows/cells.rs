//! Reads cells in the spellings of laboratories: genotypes, sexes, days, drop-out probabilities.

use jiff::civil::Date;

use crate::intake::rows::no_result::NoResult;
use crate::intake::text::characters::to_ascii;
use crate::intake::text::lines::Comma;
use crate::intake::text::spreadsheet::{Made, made_of_alleles};
use crate::model::{Allele, AlleleError, DropOut, FindingCode, Genotype, GenotypeError, ManyAlleles};

/// The contents of a locus' cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Reading {
    /// Nothing.
    Empty,
    /// Two alleles, equal or different.
    Typed(Genotype),
    /// More than two different alleles.
    Many(ManyAlleles),
    /// A single allele, with no information about the other.
    Single(Allele),
    /// An off-ladder allele: `OL`, `OL15.1`, `<9`, `>10`.
    OffLadder,
    /// A sign for no result.
    NoResult(NoResult),
    /// One allele, and a sign for no result in place of the other.
    Half,
    /// An allele with a mark of uncertain meaning: `9-NB`, `15?`, `14*`, `(14)`, `10(11)`.
    Marked,
}

/// The reason why cells are not a valid genotype. It does not repeat the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::intake) enum CellError {
    #[error("{0}")]
    Genotype(#[from] GenotypeError),
    /// A comma that may be a decimal mark, as in `9,3`.
    #[error("may be two alleles, or one with a decimal comma; write 3/9 or 9.3")]
    Comma,
    /// A slash that may be a mistyped point, as in `9/3`.
    #[error(
        "may be two alleles, or one whose point was mistyped; write the smaller allele first, 3/9, or the point, 9.3"
    )]
    Slash,
    /// The second of two columns has an allele, but the first is empty.
    #[error("has a second allele and no first; check that the columns are in place")]
    NoFirst,
    /// A date, such as `11-Sep`.
    #[error(
        "holds a date, because a spreadsheet changes genotypes such as 9/11 or 9.11 into dates; format the column as \
         text and export the file again from its source"
    )]
    SpreadsheetDate,
    /// A number in scientific notation, such as `1.1E+01`.
    #[error(
        "holds a number in scientific notation, as spreadsheets write it; format the column as text and export the \
         file again from its source"
    )]
    SpreadsheetNumber,
    /// The error value of a formula, such as `#N/A`.
    #[error(
        "holds the error value of a spreadsheet's formula; correct the formula, or leave the cell empty if untyped"
    )]
    SpreadsheetError,
}

impl CellError {
    /// Returns the kind of finding.
    pub(in crate::intake) fn code(self) -> FindingCode {
        match self {
            Self::Genotype(_) => FindingCode::Allele,
            Self::Comma | Self::Slash => FindingCode::AlleleOrPair,
            Self::NoFirst => FindingCode::NoFirstAllele,
            Self::SpreadsheetDate => FindingCode::SpreadsheetDate,
            Self::SpreadsheetNumber => FindingCode::SpreadsheetNumber,
            Self::SpreadsheetError => FindingCode::SpreadsheetError,
        }
    }
}

/// The error that a cell is not a valid drop-out probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cell is not a drop-out probability; write a number from 0 and below 1, such as 0.05, or leave it empty")]
pub(in crate::intake) struct NoDropOut;

impl From<AlleleError> for CellError {
    fn from(error: AlleleError) -> Self {
        Self::Genotype(error.into())
    }
}

/// One allele, or a sign in its place.
enum Part {
    Empty,
    Allele(Allele),
    OffLadder,
    NoResult(NoResult),
    Marked,
}

/// Reads the genotype in a cell: alleles separated by `/`, `;`, `,` or `-`.
///
/// # Errors
/// [`CellError`].
pub(in crate::intake) fn genotype(cell: &str) -> Result<Reading, CellError> {
    match plain_genotype(cell.as_bytes()) {
        Some(reading) => Ok(reading),
        None if cell.is_empty() => Ok(Reading::Empty),
        None => general_genotype(cell),
    }
}

#[cold]
fn general_genotype(cell: &str) -> Result<Reading, CellError> {
    let cell = &*to_ascii(cell);
    named_cause(cell, split_genotype(cell))
}

/// For a cell that is not a genotype, names what a spreadsheet made of it, if anything.
fn named_cause(cell: &str, read: Result<Reading, CellError>) -> Result<Reading, CellError> {
    read.map_err(|error| match (error, made_of_alleles(cell)) {
        (CellError::Genotype(_), Some(Made::Date)) => CellError::SpreadsheetDate,
        (CellError::Genotype(_), Some(Made::Number)) => CellError::SpreadsheetNumber,
        (CellError::Genotype(_), Some(Made::Error)) => CellError::SpreadsheetError,
        _ => error,
    })
}

fn split_genotype(cell: &str) -> Result<Reading, CellError> {
    let one = allele_or_sign(cell);
    if one.is_ok() {
        return combine(one?, Part::Empty);
    }
    // A comma beside another separator is a decimal comma.
    let separator =
        ['/', ';', '-', ',', '|', '\\', '&', '+', '_', ' '].into_iter().find(|&separator| cell.contains(separator));
    let Some(separator) = separator else { return combine(one?, Part::Empty) };
    let part = |text: &str| if separator == ',' { allele_or_sign(text) } else { decimal_or_sign(text) };
    let texts = cell.split(separator).map(str::trim).filter(|text| separator != ' ' || !text.is_empty());
    let texts: Vec<&str> = texts.take(ManyAlleles::MOST + 1).collect();
    for pair in texts.windows(2) {
        ask_point(separator, pair[0], pair[1])?;
    }
    match texts[..] {
        [first, second] => both(part(first)?, part(second)?),
        _ => three_or_more(texts.iter().map(|text| part(text))),
    }
}

/// Refuses what may be one allele with a mistyped point: 9.3 is written `9,3` in some countries, and `9/3` by mistake.
/// Alleles of 4 repeats or fewer are rare at every locus, and laboratories write the smaller allele first.
fn ask_point(separator: char, first: &str, second: &str) -> Result<(), CellError> {
    let [digit @ b'0'..=b'9'] = second.as_bytes() else { return Ok(()) };
    let digit = u16::from(digit - b'0');
    let descends = first.parse::<u16>().is_ok_and(|first| first > digit);
    match separator {
        ',' if digit <= 4 || descends => Err(CellError::Comma),
        '/' | ';' | '-' | '|' | '\\' | '&' | '+' | '_' | ' ' if (1..=4).contains(&digit) && descends => {
            Err(CellError::Slash)
        }
        _ => Ok(()),
    }
}

/// Reads three parts or more, some of which may be equal.
fn three_or_more(parts: impl Iterator<Item = Result<Part, AlleleError>>) -> Result<Reading, CellError> {
    let (mut alleles, mut off_ladder, mut half, mut marked, mut count) = (Vec::new(), false, false, false, 0);
    for part in parts {
        count += 1;
        if count > ManyAlleles::MOST {
            return Err(GenotypeError::TooMany.into());
        }
        match part? {
            Part::Empty => return Err(GenotypeError::Form.into()),
            Part::Allele(allele) => alleles.push(allele),
            Part::OffLadder => off_ladder = true,
            Part::NoResult(_) => half = true,
            Part::Marked => marked = true,
        }
    }
    // A peak beside them has no certain meaning.
    if off_ladder {
        return Ok(Reading::OffLadder);
    }
    if half || marked {
        return Ok(if marked { Reading::Marked } else { Reading::Half });
    }
    different(alleles)
}

/// Returns the genotype of three alleles or more, each counted once.
fn different(mut alleles: Vec<Allele>) -> Result<Reading, CellError> {
    alleles.sort_unstable();
    alleles.dedup();
    match alleles[..] {
        [one] => Ok(Reading::Typed(Genotype::new(one, one))),
        [low, high] => Ok(Reading::Typed(Genotype::new(low, high))),
        _ => ManyAlleles::new(alleles).map(Reading::Many).ok_or(GenotypeError::TooMany.into()),
    }
}

/// Returns the genotype of alleles that a format lists individually.
///
/// # Errors
/// [`CellError`] if there are more alleles than a locus may have.
pub(in crate::intake) fn of_alleles(alleles: Vec<Allele>) -> Result<Reading, CellError> {
    match alleles[..] {
        [] => Ok(Reading::Empty),
        [one] => Ok(Reading::Single(one)),
        [a, b] => Ok(Reading::Typed(Genotype::new(a, b))),
        _ => different(alleles),
    }
}

/// Reads the genotype in two cells, neither of which may be empty.
///
/// # Errors
/// [`CellError`].
pub(in crate::intake) fn two_alleles(first: &str, second: &str) -> Result<Reading, CellError> {
    both(allele_or_sign(&to_ascii(first))?, allele_or_sign(&to_ascii(second))?)
}

fn both(first: Part, second: Part) -> Result<Reading, CellError> {
    match (first, second) {
        (Part::Empty, _) | (_, Part::Empty) => Err(GenotypeError::Form.into()),
        (first, second) => combine(first, second),
    }
}

/// Reads the genotype in two cells of one allele each; the second may be empty.
///
/// # Errors
/// [`CellError`].
pub(in crate::intake) fn two_cells(first: &str, second: &str, comma: Comma) -> Result<Reading, CellError> {
    if let (Some((a, [])), Some((b, []))) = (plain_allele(first.as_bytes()), plain_allele(second.as_bytes())) {
        return Ok(Reading::Typed(Genotype::new(a, b)));
    }
    general_two_cells(first, second, comma)
}

#[cold]
fn general_two_cells(first: &str, second: &str, comma: Comma) -> Result<Reading, CellError> {
    let (first, second) = (&*to_ascii(first), &*to_ascii(second));
    // Beside another allele, `9,3` can only be one allele.
    let is_one = |other: &str| comma == Comma::Decimal || matches!(decimal_or_sign(other), Ok(Part::Allele(_)));
    let read = |cell: &str, other: &str| {
        let part = one_allele(cell, is_one(other));
        part.map_err(|error| named_cause(cell, Err(error)).err().unwrap_or(error))
    };
    match (read(first, second)?, read(second, first)?) {
        (Part::Empty, Part::Allele(_) | Part::OffLadder | Part::Marked) => Err(CellError::NoFirst),
        (first, second) => combine(first, second),
    }
}

/// Reads the genotype in a cell of one allele that has no second cell.
///
/// # Errors
/// [`CellError`].
pub(in crate::intake) fn one_cell(cell: &str, comma: Comma) -> Result<Reading, CellError> {
    two_cells(cell, "", comma)
}

/// Reads a cell of one allele.
fn one_allele(cell: &str, decimal_comma: bool) -> Result<Part, CellError> {
    match (allele_or_sign(cell), decimal_or_sign(cell)) {
        (Err(_), Ok(part)) if decimal_comma => Ok(part),
        (Err(_), Ok(_)) => Err(CellError::Comma),
        (part, _) => Ok(part?),
    }
}

fn combine(first: Part, second: Part) -> Result<Reading, CellError> {
    Ok(match (first, second) {
        (Part::OffLadder, _) | (_, Part::OffLadder) => Reading::OffLadder,
        (Part::Marked, _) | (_, Part::Marked) => Reading::Marked,
        (Part::Allele(a), Part::Allele(b)) => Reading::Typed(Genotype::new(a, b)),
        (Part::Allele(a), Part::Empty) => Reading::Single(a),
        (Part::Allele(_), Part::NoResult(_)) | (Part::NoResult(_), Part::Allele(_)) => Reading::Half,
        (Part::NoResult(sign), _) | (Part::Empty, Part::NoResult(sign)) => Reading::NoResult(sign),
        (Part::Empty, Part::Empty) => Reading::Empty,
        // Reported by the callers.
        (Part::Empty, Part::Allele(_)) => return Err(CellError::NoFirst),
    })
}

/// Reads an allele that may have a decimal comma, such as `9,3`, or a sign in its place.
fn decimal_or_sign(text: &str) -> Result<Part, AlleleError> {
    match text.as_bytes() {
        [whole @ .., b',', b'0'..=b'4'] if matches!(whole.len(), 1 | 2) => {
            text.replace(',', ".").parse().map(Part::Allele)
        }
        _ => allele_or_sign(text),
    }
}

fn allele_or_sign(text: &str) -> Result<Part, AlleleError> {
    if text.is_empty() {
        return Ok(Part::Empty);
    }
    if let Some(sign) = NoResult::read(text) {
        return Ok(Part::NoResult(sign));
    }
    if is_marked(text) {
        return Ok(Part::Marked);
    }
    // OSIRIS appends the nearest allele to `OL`.
    let off_ladder = text.get(..2).filter(|start| start.eq_ignore_ascii_case("OL")).map(|_| text[2..].trim_start());
    match off_ladder.or_else(|| text.strip_prefix(['<', '>'])) {
        Some("") if off_ladder.is_some() => Ok(Part::OffLadder),
        Some(end) => end.trim_start_matches(['<', '>', ' ']).parse::<Allele>().map(|_| Part::OffLadder),
        None => text.parse().map(Part::Allele),
    }
}

/// Reports whether a text is an allele with a mark of doubt: `9-NB`, `15?`, `14*`, an allele in brackets, or one
/// followed by another in brackets.
fn is_marked(text: &str) -> bool {
    let is_allele = |text: &str| text.trim_end().parse::<Allele>().is_ok();
    if text.eq_ignore_ascii_case("NB") || text.strip_suffix(['?', '*', '#', '!']).is_some_and(is_allele) {
        return true;
    }
    let nb = text.len().checked_sub(2).filter(|&at| text.is_char_boundary(at)).map(|at| text.split_at(at));
    if nb.is_some_and(|(base, nb)| nb.eq_ignore_ascii_case("NB") && is_allele(base.trim_end_matches(['-', ' ', '_']))) {
        return true;
    }
    [('(', ')'), ('[', ']')].iter().any(|&(open, close)| {
        let Some((before, inside)) = text.strip_suffix(close).and_then(|text| text.split_once(open)) else {
            return false;
        };
        let is_sign =
            |text: &str| is_allele(text) || matches!(text.trim(), "?" | "*") || text.eq_ignore_ascii_case("NB");
        is_sign(inside) && (before.trim().is_empty() && is_allele(inside) || is_allele(before))
    })
}

/// Reads the forms of nearly every cell, several times faster than the general reader.
fn plain_genotype(cell: &[u8]) -> Option<Reading> {
    let (first, rest) = plain_allele(cell)?;
    match rest {
        [] => Some(Reading::Single(first)),
        [b'/', rest @ ..] => match plain_allele(rest)? {
            // `9/3` may be a mistyped 9.3.
            (second, []) if second.tenths() < 50 && second < first => None,
            (second, []) => Some(Reading::Typed(Genotype::new(first, second))),
            _ => None,
        },
        _ => None,
    }
}

/// Reads `d`, `dd`, `d.d` or `dd.d`, and returns the rest.
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

/// Reads the drop-out probability of a cell; `None` if it is empty.
///
/// # Errors
/// [`NoDropOut`].
pub(in crate::intake) fn drop_out(cell: &str) -> Result<Option<DropOut>, NoDropOut> {
    match cell.trim() {
        "" => Ok(None),
        text => text.parse().ok().and_then(DropOut::new).map(Some).ok_or(NoDropOut),
    }
}

/// Reads a day with its year first: `2024-01-05`, `2024-1-5`, `2024/1/5`, `2024.1.5`, `20240105`, `2024年1月5日`, or any
/// of them with a time of day; `None` for other text.
pub(in crate::intake) fn date(text: &str) -> Option<Date> {
    let text = &*to_ascii(text);
    if text.len() > 40 {
        return None;
    }
    let day = match text.split_once([' ', 'T']) {
        Some((day, time)) if is_time(time) => day,
        Some(_) => return None,
        None => text,
    };
    let number = |part: &str, least: usize, most: usize| -> Option<i16> {
        let form = (least..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        form.then(|| part.parse().ok())?
    };
    let parts: Vec<&str> = if let Some((year, rest)) = day.split_once('年') {
        let (month, day) = rest.split_once('月')?;
        vec![year, month, day.trim_end_matches(['日', '号'])]
    } else if day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()) {
        vec![&day[..4], &day[4..6], &day[6..]]
    } else {
        let separator = ['-', '/', '.'].into_iter().find(|&separator| day.contains(separator))?;
        day.split(separator).collect()
    };
    let [year, month, day] = parts[..] else { return None };
    let small = |part: &str| number(part, 1, 2).and_then(|number| i8::try_from(number).ok());
    Date::new(number(year, 4, 4)?, small(month)?, small(day)?).ok()
}

/// Reports whether a text is a time such as `0:00`, `00:00:00` or `12:30:00.000`.
fn is_time(text: &str) -> bool {
    text.contains(':') && text.trim().bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_real_days() {
        assert_eq!(date("2024-02-29"), Date::new(2024, 2, 29).ok());
        for day in [
            "2024-01-05",
            "2024-1-5",
            "2024/1/5",
            "2024.1.5",
            "20240105",
            "2024年1月5日",
            "２０２４年１月５日",
            "2024-01-05 00:00:00",
            "2024/1/5 0:00",
            "2024-01-05T08:30:00",
        ] {
            assert_eq!(date(day), Date::new(2024, 1, 5).ok(), "{day}");
        }
        for bad in [
            "",
            "2023-02-29",
            "2024-13-01",
            "24-01-01",
            "1/5/2024",
            "2024-01-01T",
            "２024-01",
            "2024-1-5-6",
            "45296",
            "2024年1月",
            "2024-01-05 x",
            "202401055",
        ] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    fn typed(text: &str) -> Result<Reading, CellError> {
        Ok(Reading::Typed(text.parse().unwrap()))
    }

    fn sign(text: &str) -> Reading {
        Reading::NoResult(NoResult::read(text).unwrap())
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
        for cell in [
            "OL",
            "ol",
            "<9",
            ">10",
            "> 10.3",
            "OL/14",
            "14/OL",
            "<9,10",
            "OL/-",
            "OL-OL",
            "OL15.1",
            "OL15.1, 16",
            "OL<4",
        ] {
            assert_eq!(genotype(cell), Ok(Reading::OffLadder), "{cell}");
        }
        for (cell, expected) in [
            ("-", "-"),
            (" - ", "-"),
            ("-/-", "-"),
            ("NA", "NA"),
            ("n/a", "NA"),
            ("0", "0"),
            ("0/0", "0"),
            ("?", "?"),
            ("?/?", "?"),
            ("ND", "ND"),
            ("nr", "NR"),
            ("INC", "INC"),
            ("/", "/"),
            ("／", "/"),
            ("--", "-"),
            ("—", "-"),
            ("*", "*"),
            ("NAN", "NaN"),
            ("Null", "NULL"),
            ("未检出", "未检出"),
        ] {
            assert_eq!(genotype(cell), Ok(sign(expected)), "{cell}");
        }
        for cell in ["14/?", "?/14", "14/0", "0-14", "14/-"] {
            assert_eq!(genotype(cell), Ok(Reading::Half), "{cell}");
        }
        let form = Err(CellError::Genotype(GenotypeError::Form));
        for cell in ["14/", "/14", "14-", "-14", "14,"] {
            assert_eq!(genotype(cell), form, "{cell}");
        }
        for cell in ["9,3", "2,2", "14,0", "10, 4", "9,3,10", "14,15,16,3", "15,5", "９，３"] {
            assert_eq!(genotype(cell), Err(CellError::Comma), "{cell}");
        }
        for cell in ["9/3", "9-3", "9;3", "31/2", "9/3/10", "９／３"] {
            assert_eq!(genotype(cell), Err(CellError::Slash), "{cell}");
        }
        for (cell, read) in [
            ("3/9", "3/9"),
            ("4/4", "4/4"),
            ("10/2.2", "2.2/10"),
            ("9.3/3", "3/9.3"),
            ("10/9", "9/10"),
            ("9/5", "5/9"),
            ("９／１０", "9/10"),
            ("９、１０", "9/10"),
            ("9,3-10", "9.3/10"),
            ("31,2/32,2", "31.2/32.2"),
            ("6/9,3", "6/9.3"),
            ("9,3;10", "9.3/10"),
        ] {
            assert_eq!(genotype(cell), typed(read), "{cell}");
        }
        for cell in [
            "9-NB",
            "9/NB",
            "NB",
            "9 NB",
            "9(NB)",
            "15?",
            "14/15?",
            "14*",
            "(14)",
            "10(11)",
            "10（11）",
            "14[15]",
            "14/(15)",
        ] {
            assert_eq!(genotype(cell), Ok(Reading::Marked), "{cell}");
        }
        for cell in ["Oct-11", "2024-10-11", "9月11日", "43168"] {
            assert_eq!(genotype(cell), Err(CellError::SpreadsheetDate), "{cell}");
        }
        assert_eq!(
            (genotype("1.1E+01"), genotype("#N/A")),
            (Err(CellError::SpreadsheetNumber), Err(CellError::SpreadsheetError))
        );
        for cell in ["x", "14/x", "1e1", "14.55", "100", "<", "<x", "OLx", "00", "14/15,16", "9-NBX"] {
            assert!(matches!(genotype(cell), Err(CellError::Genotype(GenotypeError::Allele(_)))), "{cell}");
        }
    }

    #[test]
    fn a_decimal_comma_in_a_cell_of_one_allele_is_one() {
        let unclear = |first: &str, second: &str| two_cells(first, second, Comma::Unclear);
        assert_eq!((unclear("9,3", "10"), unclear("10", "9,3")), (typed("9.3/10"), typed("9.3/10")));
        assert_eq!((unclear("9,3", "9,3"), unclear("9,3", "")), (typed("9.3/9.3"), Err(CellError::Comma)));
        assert_eq!(two_cells("9,3", "", Comma::Decimal), single("9.3"));
        assert!(two_cells("9,5", "10", Comma::Decimal).is_err());
        assert_eq!((Comma::beside(b';'), Comma::beside(b',')), (Comma::Decimal, Comma::Unclear));
        assert_eq!(unclear("11-Sep", ""), Err(CellError::SpreadsheetDate));
        assert_eq!((unclear("9-NB", ""), unclear("9", "10-NB")), (Ok(Reading::Marked), Ok(Reading::Marked)));
    }

    #[test]
    fn two_cells_make_one_genotype() {
        let two_cells = |first, second| two_cells(first, second, Comma::Unclear);
        assert_eq!((two_cells("15", "14"), two_cells(" 9.3", "10.0 ")), (typed("14/15"), typed("9.3/10")));
        assert_eq!((two_cells("14", " "), two_cells("", "")), (single("14"), Ok(Reading::Empty)));
        assert_eq!((two_cells("14", "OL"), two_cells("<9", "")), (Ok(Reading::OffLadder), Ok(Reading::OffLadder)));
        assert_eq!((two_cells("14", "?"), two_cells("14", "0")), (Ok(Reading::Half), Ok(Reading::Half)));
        assert_eq!(two_cells("-", "-"), Ok(sign("-")));
        assert_eq!(two_cells("", "NA"), Ok(sign("NA")));
        assert_eq!((two_cells("", "14"), two_cells("", "OL")), (Err(CellError::NoFirst), Err(CellError::NoFirst)));
        assert!(two_cells("14/15", "").is_err() && two_cells("14", "x").is_err());
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
            let plain = plain_genotype(format!("{a}/{b}").as_bytes());
            prop_assert_eq!(plain, typed().filter(|_| a <= b || b.tenths() >= 50));
            prop_assert_eq!(plain_genotype(a.to_string().as_bytes()), Some(Reading::Single(a)));
            prop_assert_eq!(two_cells(&a.to_string(), &b.to_string(), Comma::Unclear).ok(), typed());
        }
    }

    #[test]
    fn alleles_are_divided_in_many_ways() {
        let typed = genotype("14/15");
        for cell in ["14 15", "14  15", "14\u{a0}15", "14|15", "14\\15", "14&15", "14+15", "14_15", "14、15"] {
            assert_eq!(genotype(cell), typed, "{cell}");
        }
        for cell in ["9 3", "9|3", "9_3"] {
            assert_eq!(genotype(cell), Err(CellError::Slash), "{cell}");
        }
        // Two alleles in the place of one.
        assert!(two_cells("14 15", "16", Comma::Unclear).is_err());
    }
}
