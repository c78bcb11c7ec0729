//! Reads words that have the same meaning in every file.

use crate::intake::text::characters::to_ascii;
use crate::model::{Sex, UnknownWord};

/// Reads the sex in a cell: in English, in Chinese, or as numbers (ISO 5218 and GB/T 2261.1: 0 unknown, 1 male, 2
/// female, 9 not stated).
///
/// # Errors
/// The words that are accepted.
pub(in crate::intake) fn sex(cell: &str) -> Result<Sex, UnknownWord> {
    cell.parse().or_else(|error| match &*to_ascii(cell) {
        "男" | "男性" | "1" => Ok(Sex::Male),
        "女" | "女性" | "2" => Ok(Sex::Female),
        "未知" | "不详" | "未知性别" | "未知的性别" | "未说明" | "未说明的性别" | "0" | "9" | "?" | "-" | "NA"
        | "N/A" => Ok(Sex::Unknown),
        other => other.parse().map_err(|_: UnknownWord| error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sexes_are_read_in_two_languages() {
        assert_eq!((sex("男"), sex("1"), sex("M")), (Ok(Sex::Male), Ok(Sex::Male), Ok(Sex::Male)));
        assert_eq!((sex("女"), sex("2"), sex("Female")), (Ok(Sex::Female), Ok(Sex::Female), Ok(Sex::Female)));
        assert_eq!((sex("男性"), sex("女性"), sex("未知")), (Ok(Sex::Male), Ok(Sex::Female), Ok(Sex::Unknown)));
        assert_eq!((sex("１"), sex("Ｍ"), sex("9")), (Ok(Sex::Male), Ok(Sex::Male), Ok(Sex::Unknown)));
        assert_eq!((sex(""), sex("0"), sex("3").is_err()), (Ok(Sex::Unknown), Ok(Sex::Unknown), true));
    }
}
