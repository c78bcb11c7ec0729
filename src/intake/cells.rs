//! From cells to values.

use jiff::civil::Date;

use crate::model::{Allele, DropOut, Genotype, GenotypeError, ManyAlleles};

/// The genotype of a cell; `None` if it is empty.
///
/// # Errors
/// [`GenotypeError`], which does not repeat the cell.
pub(super) fn genotype(cell: &str) -> Result<Option<Genotype>, GenotypeError> {
    if let Some(genotype) = plain_genotype(cell.as_bytes()) {
        return Ok(Some(genotype));
    }
    match cell.trim() {
        "" => Ok(None),
        cell => cell.parse().map(Some),
    }
}

/// What three or more parts of a cell say.
pub(super) enum Several {
    /// Two different alleles, or one, some of them written again.
    Genotype(Genotype),
    /// More than two.
    Many(ManyAlleles),
}

/// Reads a cell that [`genotype`] refused with [`GenotypeError::TooMany`]: `14/15/16`.
///
/// # Errors
/// [`GenotypeError`] if one of the parts is no allele, or if they are more than a genotyping program exports.
pub(super) fn several(cell: &str) -> Result<Several, GenotypeError> {
    let parts = cell.split('/').map(|part| part.trim().parse());
    let mut alleles = parts.take(ManyAlleles::MOST + 1).collect::<Result<Vec<Allele>, _>>()?;
    if alleles.len() > ManyAlleles::MOST {
        return Err(GenotypeError::TooMany);
    }
    alleles.sort_unstable();
    alleles.dedup();
    match alleles[..] {
        [one] => Ok(Several::Genotype(Genotype::new(one, one))),
        [low, high] => Ok(Several::Genotype(Genotype::new(low, high))),
        _ => ManyAlleles::new(alleles).map(Several::Many).ok_or(GenotypeError::Form),
    }
}

/// The forms that nearly every cell has, read several times faster than by the general way.
fn plain_genotype(cell: &[u8]) -> Option<Genotype> {
    let (first, rest) = plain_allele(cell)?;
    match rest {
        [] => Some(Genotype::new(first, first)),
        [b'/', rest @ ..] => match plain_allele(rest)? {
            (second, []) => Some(Genotype::new(first, second)),
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

/// The drop-out probability of a cell; `None` if it is empty.
///
/// # Errors
/// What to write.
pub(super) fn drop_out(cell: &str) -> Result<Option<DropOut>, &'static str> {
    match cell.trim() {
        "" => Ok(None),
        text => text.parse().ok().and_then(DropOut::new).map(Some).ok_or(
            "the cell is not a drop-out probability: write a number from 0 and below 1, such as 0.05, or leave it empty",
        ),
    }
}

/// A day written `YYYY-MM-DD`; `None` if it is not one.
pub(super) fn date(text: &str) -> Option<Date> {
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

    #[test]
    fn white_space_is_untyped() {
        assert_eq!(genotype(""), Ok(None));
        assert_eq!(genotype("  "), Ok(None));
        assert_eq!(genotype(" 14/15 "), "14/15".parse().map(Some));
    }

    #[test]
    fn more_than_two_alleles_are_counted_once_each() {
        let read = |cell: &str| match several(cell) {
            Ok(Several::Genotype(genotype)) => genotype.to_string(),
            Ok(Several::Many(many)) => many.alleles().iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(read("14/14/15"), "14/15");
        assert_eq!(read("14/14/14"), "14");
        assert_eq!(read(" 16 /14/ 15"), "14 15 16");
        assert_eq!(read("8/9/9.3/8"), "8 9 9.3");
        assert_eq!(read("1/2/3/4/5/6/7/8"), "1 2 3 4 5 6 7 8");
        assert_eq!(read("1/2/3/4/5/6/7/8/9"), "TooMany");
        assert_eq!(read("14/15/"), "Allele(Form)");
        assert_eq!(read("14/15/x"), "Allele(Form)");
    }

    proptest! {
        #[test]
        fn the_fast_way_reads_as_the_general_one(cell in "[0-9./ ]{1,9}") {
            if let Some(fast) = plain_genotype(cell.as_bytes()) {
                prop_assert_eq!(cell.parse(), Ok(fast));
            }
        }

        #[test]
        fn the_fast_way_reads_every_ordinary_genotype(a in 10u16..=999, b in 10u16..=999) {
            let genotype = Genotype::new(Allele::from_tenths(a).unwrap(), Allele::from_tenths(b).unwrap());
            prop_assert_eq!(plain_genotype(genotype.to_string().as_bytes()), Some(genotype));
        }
    }
}
