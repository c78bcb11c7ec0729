//! Recognises the columns of registry extracts and of claims of birth certificates, by all their names.

use crate::intake::columns::fields::{Ignored, ignored_column, plain_name, shown};
use crate::intake::columns::number_kind::{NumberKind, kind_of_column};
use crate::intake::findings::{Column, ColumnName, Findings};
use crate::intake::text::source::Source;
use crate::model::FindingCode;

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
    (SampleId, "sample_id", &["sample", "sampleno", "samplenumber", "样本编号", "样品编号", "样本名称", "实验室编号"]),
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
    (Agency, "agency", &["委托单位", "送检单位"]),
];

impl CertificateColumn {
    /// Returns the name in findings and templates.
    pub(super) fn name(self) -> &'static str {
        NAMES[self as usize].1
    }

    fn named(name: &str) -> Option<Self> {
        if kind_of_column(name) == Some(NumberKind::BirthCertificate) {
            return Some(Certificate);
        }
        let name = plain_name(name);
        let is = |known: &&(Self, &str, &[&str])| plain_name(known.1) == name || known.2.contains(&&*name);
        NAMES.iter().find(is).map(|known| known.0)
    }
}

/// The positions of the columns in a file.
pub(super) struct CertificateHeader {
    places: [Option<usize>; NAMES.len()],
    width: usize,
    /// The last of the required columns.
    last_required: usize,
}

impl CertificateHeader {
    /// Reads the header of a list with these columns, of which some are required. Returns `None` if a required column is
    /// missing, or a column is unknown or repeated; the findings then say so.
    pub(super) fn read(
        source: &Source<'_>,
        of_list: &[CertificateColumn],
        required: &[CertificateColumn],
        findings: &mut Findings,
    ) -> Option<Self> {
        let mut places = [None; NAMES.len()];
        let before = findings.count();
        for (position, name) in source.header.iter().map(|name| name.trim()).enumerate() {
            match CertificateColumn::named(name).filter(|column| of_list.contains(column)) {
                Some(column) if places[column as usize].is_some() => {
                    let column = Some(ColumnName::at(position, column.name()));
                    let what = "is repeated; remove one of the two";
                    findings.problem(source.line, column, FindingCode::RepeatedColumn, what);
                }
                Some(column) => places[column as usize] = Some(position),
                None => note_other(source.line, position, name, of_list, findings),
            }
        }
        let names = of_list.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ");
        for column in required.iter().filter(|column| places[**column as usize].is_none()) {
            let what = format!("the column {} is missing; the columns are {names}", column.name());
            findings.problem(source.line, None, FindingCode::MissingColumn, what);
        }
        let last_required = required.iter().filter_map(|column| places[*column as usize]).max().unwrap_or(0);
        (findings.count() == before).then_some(Self { places, width: source.header.len(), last_required })
    }

    /// Returns the number of columns.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Reports whether a row may end after this number of cells.
    pub(super) fn may_end(&self, cells: usize) -> bool {
        cells > self.last_required
    }

    /// Returns the cell of a column; empty if the file lacks the column.
    pub(super) fn cell<'c>(&self, column: CertificateColumn, cells: &'c [std::borrow::Cow<'_, str>]) -> &'c str {
        self.places[column as usize].and_then(|place| cells.get(place)).map_or("", |cell| cell.trim())
    }

    /// Returns a column as findings name it.
    pub(super) fn column(&self, column: CertificateColumn) -> Column {
        self.places[column as usize].map(|place| ColumnName::at(place, column.name()))
    }

    /// Returns the column at a position as findings name it.
    pub(super) fn column_at(&self, position: usize) -> Column {
        let at = self.places.iter().position(|place| *place == Some(position))?;
        Some(ColumnName::at(position, NAMES[at].1))
    }
}

/// Reports a column that the list does not have.
fn note_other(line: u64, position: usize, name: &str, of_list: &[CertificateColumn], findings: &mut Findings) {
    let column = Some(ColumnName::at(position, &*shown(name)));
    match ignored_column(name) {
        Some(Ignored::Private) => {
            let what = "may hold names, addresses or remarks: not read, and never kept";
            findings.note(line, column, FindingCode::NotKept, what);
        }
        Some(Ignored::Aside) => {
            findings.note(line, column, FindingCode::NotRead, "is not used by this program: ignored");
        }
        None => {
            let names = of_list.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ");
            let what = format!("is an unknown column; write one of {names}, or remove it");
            // The header may be a row of data.
            findings.problem(line, Some(ColumnName::at(position, "?")), FindingCode::Column, what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
