//! Recognises the columns of lists of the terms on which samples are kept, by all their names.

use crate::intake::columns::fields::AGENCY_NAMES;
use crate::intake::list_columns::{ListColumn, SAMPLE_NAMES};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeepingColumn {
    SampleId,
    LegalBasis,
    Purposes,
    ConsentKind,
    ConsentOn,
    ConsentReference,
    BornOn,
    KeepUntil,
    ReviewOn,
    Agency,
}

use KeepingColumn::{
    Agency, BornOn, ConsentKind, ConsentOn, ConsentReference, KeepUntil, LegalBasis, Purposes, ReviewOn, SampleId,
};

/// The columns of the list.
pub(super) const OF_TERMS: &[KeepingColumn] =
    &[SampleId, LegalBasis, Purposes, ConsentKind, ConsentOn, ConsentReference, BornOn, KeepUntil, ReviewOn, Agency];
/// Those that every list has.
pub(super) const REQUIRED: &[KeepingColumn] = &[SampleId, LegalBasis, Purposes];

impl ListColumn for KeepingColumn {
    const NAMES: &'static [(Self, &'static str, &'static [&'static str])] = &[
        (SampleId, "sample_id", SAMPLE_NAMES),
        (
            LegalBasis,
            "legal_basis",
            &["legalground", "basis", "法律依据", "合法性基础", "处理依据", "处理的合法性基础"],
        ),
        (Purposes, "purposes", &["purpose", "目的", "处理目的", "用途", "使用目的"]),
        (ConsentKind, "consent_kind", &["consentby", "kindofconsent", "同意方式", "同意人", "同意类型", "同意种类"]),
        (ConsentOn, "consent_on", &["consentdate", "dateofconsent", "同意日期", "签署日期", "同意时间"]),
        (
            ConsentReference,
            "consent_reference",
            &["consentno", "consentnumber", "consentref", "同意书编号", "知情同意书编号", "同意编号"],
        ),
        (
            BornOn,
            "born_on",
            &["born", "birthdate", "dateofbirth", "出生日期", "出生年月", "出生年月日", "估计出生日期", "推定出生日期"],
        ),
        (
            KeepUntil,
            "keep_until",
            &["retainuntil", "retentionuntil", "保存至", "保存期限", "保存截止日期", "保存期限至"],
        ),
        (ReviewOn, "review_on", &["reviewdate", "dateofreview", "复核日期", "审查日期", "复审日期"]),
        (Agency, "agency", AGENCY_NAMES),
    ];
    const AGENCY: Self = Agency;

    fn position(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_in_two_languages() {
        for (at, (column, name, _)) in KeepingColumn::NAMES.iter().enumerate() {
            assert_eq!((column.position(), KeepingColumn::named(name)), (at, Some(*column)), "{name}");
        }
        for (name, column) in [
            ("样本编号", SampleId),
            ("法律依据", LegalBasis),
            ("处理目的", Purposes),
            ("同意书编号", ConsentReference),
            ("Date of birth", BornOn),
            ("保存期限", KeepUntil),
        ] {
            assert_eq!(KeepingColumn::named(name), Some(column), "{name}");
        }
        assert_eq!(KeepingColumn::named("监护人姓名"), None);
    }
}
