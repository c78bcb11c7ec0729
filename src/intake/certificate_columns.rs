//! Names the columns of registry extracts and of claims of birth certificates.

use crate::intake::columns::fields::AGENCY_NAMES;
use crate::intake::list_columns::{ListColumn, SAMPLE_NAMES};

/// A column of one of the two kinds of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CertificateColumn {
    Certificate,
    SampleId,
    Sex,
    BirthDate,
    BirthPlace,
    IssuedOn,
    IssuedIn,
    Mother,
    Father,
    ClaimedOn,
    ClaimPlace,
    Agency,
}

use CertificateColumn::{
    Agency, BirthDate, BirthPlace, Certificate, ClaimPlace, ClaimedOn, Father, IssuedIn, IssuedOn, Mother, SampleId,
    Sex,
};

/// The columns of a registry extract.
pub(super) const OF_REGISTRY: &[CertificateColumn] =
    &[Certificate, BirthDate, BirthPlace, Sex, Mother, Father, IssuedOn, IssuedIn, Agency];
/// The columns of claims.
pub(super) const OF_CLAIMS: &[CertificateColumn] =
    &[SampleId, Certificate, Sex, BirthDate, ClaimedOn, ClaimPlace, Agency];

/// The name of each column, and others in use in the form of [`plain_name`].
const NAMES: [(CertificateColumn, &str, &[&str]); 12] = [
    (Certificate, "certificate", &["certificateno", "certificatenumber", "number", "编号", "证件编号", "证明编号"]),
    (SampleId, "sample_id", SAMPLE_NAMES),
    (Sex, "sex", &["gender", "claimedsex", "性别", "新生儿性别", "申报性别"]),
    (
        BirthDate,
        "birth_date",
        &["dateofbirth", "born", "bornon", "claimedbirthdate", "出生日期", "出生时间", "出生年月日", "申报出生日期"],
    ),
    (
        BirthPlace,
        "birth_place",
        &["placeofbirth", "出生地", "出生地点", "出生地代码", "出生地行政区划", "出生地行政区划代码"],
    ),
    (IssuedOn, "issued_on", &["issuedate", "dateofissue", "签发日期", "签发时间"]),
    (IssuedIn, "issued_in", &["placeofissue", "issueplace", "签发地", "签发地代码", "签发地行政区划", "签发地点"]),
    (
        Mother,
        "mother",
        &["motherid", "母亲", "母亲编号", "母亲身份证号", "母亲证件号", "母亲证件号码", "母亲有效身份证件号码"],
    ),
    (
        Father,
        "father",
        &["fatherid", "父亲", "父亲编号", "父亲身份证号", "父亲证件号", "父亲证件号码", "父亲有效身份证件号码"],
    ),
    (ClaimedOn, "claimed_on", &["claimdate", "dateofclaim", "申报日期", "登记日期", "申报时间"]),
    (
        ClaimPlace,
        "claim_place",
        &["placeofclaim", "claimedin", "申报地", "申报地代码", "登记地", "登记地代码", "申报地点"],
    ),
    (Agency, "agency", AGENCY_NAMES),
];

impl ListColumn for CertificateColumn {
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
    use crate::intake::list_columns::ListColumn;

    #[test]
    fn columns_are_known_in_two_languages() {
        for (at, (column, name, _)) in NAMES.iter().enumerate() {
            assert_eq!((*column as usize, CertificateColumn::named(name)), (at, Some(*column)), "{name}");
        }
        for (name, column) in [
            ("出生医学证明编号", Certificate),
            ("Birth certificate number", Certificate),
            ("样本编号", SampleId),
            ("性 别", Sex),
            ("出生日期", BirthDate),
            ("母亲身份证号", Mother),
            ("父亲证件号码", Father),
            ("签发日期", IssuedOn),
            ("签发地代码", IssuedIn),
            ("申报地", ClaimPlace),
            ("登记日期", ClaimedOn),
        ] {
            assert_eq!(CertificateColumn::named(name), Some(column), "{name}");
        }
        assert_eq!(CertificateColumn::named("母亲姓名"), None);
    }
}
