//! Names the columns of lists of found and of missing children.

use crate::facts::Subject;
use crate::intake::columns::fields::AGENCY_NAMES;
use crate::intake::list_columns::{ListColumn, SAMPLE_NAMES};

/// A column of one of the two kinds of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FactColumn {
    SampleId,
    FamilyId,
    Sex,
    FoundOn,
    FoundPlace,
    FoundBy,
    MissingOn,
    MissingPlace,
    PlaceValidOn,
    BirthFrom,
    BirthTo,
    ApparentAge,
    AgeFrom,
    AgeTo,
    Marks,
    MarksText,
    Dialect,
    NativePlace,
    Custody,
    Certificate,
    Description,
    Agency,
}

use FactColumn::{
    AgeFrom, AgeTo, Agency, ApparentAge, BirthFrom, BirthTo, Certificate, Custody, Description, Dialect, FamilyId,
    FoundBy, FoundOn, FoundPlace, Marks, MarksText, MissingOn, MissingPlace, NativePlace, PlaceValidOn, SampleId, Sex,
};

/// The columns of a list of found children.
const OF_FOUND: &[FactColumn] = &[
    SampleId,
    Sex,
    FoundOn,
    FoundPlace,
    PlaceValidOn,
    FoundBy,
    ApparentAge,
    AgeFrom,
    AgeTo,
    Marks,
    MarksText,
    Dialect,
    NativePlace,
    Custody,
    Certificate,
    Description,
    Agency,
];
/// The columns of a list of missing children.
const OF_MISSING: &[FactColumn] = &[
    FamilyId,
    Sex,
    BirthFrom,
    BirthTo,
    MissingOn,
    MissingPlace,
    PlaceValidOn,
    Marks,
    MarksText,
    Dialect,
    NativePlace,
    Description,
    Agency,
];

/// Returns the columns of a list.
pub(super) fn columns_of(subject: Subject) -> &'static [FactColumn] {
    match subject {
        Subject::Found => OF_FOUND,
        Subject::Missing => OF_MISSING,
    }
}

/// Returns the header of an empty list with all columns.
#[must_use]
pub fn fact_template(subject: Subject) -> String {
    columns_of(subject).iter().map(|column| column.name()).collect::<Vec<_>>().join(",") + "\n"
}

/// The name of each column, and others in use in the form of [`ListColumn::NAMES`].
const NAMES: [(FactColumn, &str, &[&str]); 22] = [
    (SampleId, "sample_id", SAMPLE_NAMES),
    (FamilyId, "family_id", &["familyno", "familynumber", "caseid", "家系编号", "家系号", "家庭编号", "案件编号"]),
    (Sex, "sex", &["gender", "性别"]),
    (FoundOn, "found_on", &["founddate", "dateoffinding", "发现日期", "发现时间", "解救日期", "捡拾日期", "入院日期"]),
    (
        FoundPlace,
        "found_place",
        &[
            "placeoffinding",
            "foundin",
            "发现地",
            "发现地代码",
            "发现地点代码",
            "发现地行政区划",
            "发现地行政区划代码",
            "捡拾地代码",
        ],
    ),
    (FoundBy, "found_by", &["foundbyagency", "发现单位类别", "发现单位类型", "发现单位", "解救单位类别"]),
    (MissingOn, "missing_on", &["missingsince", "missingdate", "失踪日期", "失踪时间", "被拐时间", "被拐日期"]),
    (
        MissingPlace,
        "missing_place",
        &[
            "missingin",
            "placeofloss",
            "失踪地",
            "失踪地代码",
            "失踪地点代码",
            "失踪地行政区划",
            "失踪地行政区划代码",
            "被拐地代码",
        ],
    ),
    (
        PlaceValidOn,
        "place_valid_on",
        &["placecodesvalidon", "区划代码日期", "行政区划代码日期", "行政区划代码版本日期", "代码有效日期"],
    ),
    (
        BirthFrom,
        "birth_from",
        &["birthdate", "dateofbirth", "bornfrom", "出生日期", "出生日期起", "出生日期自", "最早出生日期", "出生日期从"],
    ),
    (BirthTo, "birth_to", &["bornto", "出生日期止", "出生日期至", "最晚出生日期", "出生日期到"]),
    (ApparentAge, "apparent_age", &["estimatedage", "age", "估计年龄", "推测年龄", "表观年龄", "目测年龄", "年龄"]),
    (AgeFrom, "age_from", &["agemin", "年龄下限", "最小年龄", "估计年龄下限", "年龄起"]),
    (AgeTo, "age_to", &["agemax", "年龄上限", "最大年龄", "估计年龄上限", "年龄止"]),
    (Marks, "marks", &["bodymarks", "体表特征", "体表标记", "特殊标记", "特殊体征", "身体标记"]),
    (MarksText, "marks_text", &["marksdescription", "体表特征描述", "特殊标记描述", "体表标记描述"]),
    (Dialect, "dialect", &["language", "方言", "口音", "语言"]),
    (
        NativePlace,
        "native_place",
        &["nativeplacecode", "籍贯", "籍贯代码", "籍贯地代码", "自述籍贯", "自述籍贯代码", "原籍代码"],
    ),
    (Custody, "custody", &["placement", "安置", "安置方式", "监护情况", "抚养情况", "安置情况"]),
    (Certificate, "certificate", &["certificateno", "certificatenumber", "申报出生证编号", "所持出生证编号"]),
    (Description, "description", &["freetext", "描述", "特征描述", "体貌特征", "其他特征"]),
    (Agency, "agency", AGENCY_NAMES),
];

impl ListColumn for FactColumn {
    const NAMES: &'static [(Self, &'static str, &'static [&'static str])] = &NAMES;
    const CERTIFICATE: Option<Self> = Some(Certificate);
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
        for (at, (column, name, others)) in NAMES.iter().enumerate() {
            assert_eq!((*column as usize, FactColumn::named(name)), (at, Some(*column)), "{name}");
            for other in *others {
                assert_eq!(FactColumn::named(other), Some(*column), "{other}");
            }
        }
        assert_eq!(FactColumn::named("出生医学证明编号"), Some(Certificate));
        assert_eq!(FactColumn::named("姓名"), None);
        assert!(fact_template(Subject::Missing).starts_with("family_id,sex,birth_from,"));
    }
}
