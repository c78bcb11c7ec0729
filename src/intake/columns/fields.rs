//! Recognises columns that are not loci, by all their names.

use std::borrow::Cow;

use crate::intake::columns::number_kind::{NumberKind, kind_of_column};
use crate::intake::text::characters::{is_invisible, to_ascii};

/// A column that is not a locus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Field {
    FamilyId,
    SampleId,
    Relation,
    Sex,
    Agency,
    Region,
    CollectedOn,
    Kit,
    DropOut,
    ResidentId,
    BirthCertificate,
    /// The category of the person: a child of unknown origin, or a relative.
    Category,
    /// The sex marker. It may have two columns, like a locus.
    Amelogenin,
}

pub(in crate::intake) const FIELDS: [(Field, &str); 13] = [
    (Field::FamilyId, "family_id"),
    (Field::SampleId, "sample_id"),
    (Field::Relation, "relation"),
    (Field::Sex, "sex"),
    (Field::Agency, "agency"),
    (Field::Region, "region"),
    (Field::CollectedOn, "collected_on"),
    (Field::Kit, "kit"),
    (Field::DropOut, "drop_out"),
    (Field::ResidentId, "resident_id"),
    (Field::BirthCertificate, "birth_certificate"),
    (Field::Category, "category"),
    (Field::Amelogenin, "AMEL"),
];

/// Other names of the column of the agency.
pub(in crate::intake) const AGENCY_NAMES: &[&str] = &["委托单位", "送检单位"];

/// Other names in use, in the form of [`plain_name`].
const ALIASES: [(Field, &[&str]); 10] = [
    (
        Field::SampleId,
        &[
            "sample",
            "sampleno",
            "samplenumber",
            "personid",
            "samplename",
            "specimenid",
            "样本编号",
            "样品编号",
            "样本名称",
            "样品名称",
            "样本名",
            "样本号",
            "样品号",
            "样本实验室编号",
            "样品实验室编号",
            "实验室编号",
            "检材编号",
            "标本编号",
            "样本id",
            "样品id",
            "dna编号",
            "血样编号",
            "样本条码",
            "样本条码号",
            "实验室样本编号",
        ],
    ),
    (
        Field::FamilyId,
        &[
            "caseid",
            "caseno",
            "casenumber",
            "familyno",
            "familynumber",
            "家系编号",
            "家系号",
            "家庭编号",
            "案件编号",
            "案号",
            "家庭号",
        ],
    ),
    (
        Field::Relation,
        &[
            "relationship",
            "kinship",
            "样本与本人关系",
            "与本人关系",
            "亲缘关系",
            "亲属关系",
            "称谓",
            "关系",
            "与失踪人关系",
            "与失踪人员关系",
            "与失踪儿童关系",
            "与失踪者关系",
            "与被拐儿童关系",
            "与被寻人关系",
            "與本人關係",
        ],
    ),
    (Field::Sex, &["gender", "性别", "性別", "sexgender", "被采样人性别", "被采集人性别"]),
    (
        Field::CollectedOn,
        &[
            "collectiondate",
            "datecollected",
            "samplingdate",
            "采集日期",
            "采样日期",
            "采集时间",
            "采样时间",
            "采血日期",
        ],
    ),
    (Field::Kit, &["kitname", "试剂盒", "试剂盒名称", "检测试剂盒", "扩增试剂盒", "试剂盒类型"]),
    (Field::Agency, AGENCY_NAMES),
    (
        Field::DropOut,
        &["dropoutprobability", "dropoutrate", "dropoutprob", "probabilityofdropout", "丢失概率", "等位基因丢失概率"],
    ),
    (Field::Category, &["人员类别", "人员类型", "采样人员类别", "被采样人员类别", "personcategory", "persontype"]),
    (Field::Amelogenin, &["amelogenin", "am"]),
];

/// Columns that hold names, addresses, telephone numbers or free text, which are never stored; in the form of
/// [`plain_name`].
const PRIVATE: [&str; 60] = [
    "人员姓名",
    "姓名",
    "被采样人",
    "被采样人姓名",
    "采样人",
    "采集人",
    "亲属姓名",
    "失踪人姓名",
    "失踪儿童姓名",
    "父亲姓名",
    "母亲姓名",
    "曾用名",
    "别名",
    "户籍地",
    "户籍地址",
    "户籍所在地",
    "住址",
    "现住址",
    "家庭住址",
    "地址",
    "联系电话",
    "电话",
    "手机",
    "手机号",
    "联系方式",
    "备注",
    "说明",
    "被采集人",
    "被采集人姓名",
    "受检人",
    "受检人姓名",
    "送检人",
    "联系人",
    "联系人姓名",
    "联系人电话",
    "儿童姓名",
    "孩子姓名",
    "年龄",
    "出生日期",
    "籍贯",
    "现居住地",
    "证件号",
    "证件号码",
    "证件类型",
    "身高",
    "体貌特征",
    "照片",
    "失踪地点",
    "案件名称",
    "简要案情",
    "案情",
    "personname",
    "fullname",
    "address",
    "phone",
    "telephone",
    "remark",
    "remarks",
    "notes",
    "comments",
];

/// Columns that say nothing about a donor, such as running numbers or the kind of sample.
const ASIDE: [&str; 20] = [
    "序号",
    "no",
    "样本类型",
    "样品类型",
    "检材类型",
    "sampletype",
    "检验人",
    "检验日期",
    "复核人",
    "样本来源",
    "送检日期",
    "受理日期",
    "检测日期",
    "录入日期",
    "录入人",
    "失踪时间",
    "失踪日期",
    "被拐时间",
    "检测人",
    "民族",
];

/// The reason why a known column is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Ignored {
    /// Its contents are private and never stored.
    Private,
    /// It says nothing about a donor.
    Aside,
}

/// Returns the reason for ignoring a column, if it is a known column that is ignored.
pub(in crate::intake) fn ignored_column(name: &str) -> Option<Ignored> {
    let name = plain_name(name);
    let is = |known: &[&str]| known.contains(&name.trim_end_matches(['.', '1', '2', '3', '(', ')']));
    if is(&PRIVATE) { Some(Ignored::Private) } else { is(&ASIDE).then_some(Ignored::Aside) }
}

/// Returns a name without case, spaces, hyphens, underscores and full-width characters: `Sample ID` and `sample_id`
/// give the same, and so do `Penta D` and `PENTAD`.
pub(in crate::intake) fn plain_name(name: &str) -> String {
    let name = to_ascii(name);
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns a header in a form that findings may show: short, visible, and not a personal number.
pub(in crate::intake) fn shown(name: &str) -> Cow<'_, str> {
    const MOST_SHOWN: usize = 40;
    if name.is_empty()
        || name.chars().any(|c| c.is_control() || is_invisible(c))
        || name.chars().filter(char::is_ascii_digit).count() >= 10
    {
        return Cow::Borrowed("?");
    }
    match name.char_indices().nth(MOST_SHOWN) {
        Some((at, _)) => Cow::Owned(format!("{}...", &name[..at])),
        None => Cow::Borrowed(name),
    }
}

/// Returns the field for a column's name.
pub(in crate::intake) fn field_named(name: &str) -> Option<Field> {
    // No name of a field is this long.
    if name.len() > 64 {
        return None;
    }
    match kind_of_column(name) {
        Some(NumberKind::ResidentId) => return Some(Field::ResidentId),
        Some(NumberKind::BirthCertificate) => return Some(Field::BirthCertificate),
        None => {}
    }
    let name = plain_name(name);
    let known = FIELDS.iter().find(|(_, known)| plain_name(known) == name);
    let alias = || ALIASES.iter().find(|(_, aliases)| aliases.contains(&&*name)).map(|(field, _)| *field);
    known.map(|(field, _)| *field).or_else(alias)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_known_by_many_names() {
        for (name, expected) in [
            ("sample_id", Some(Field::SampleId)),
            ("Sample Name", Some(Field::SampleId)),
            ("SampleName", Some(Field::SampleId)),
            ("Person ID", Some(Field::SampleId)),
            ("PersonID", Some(Field::SampleId)),
            ("Specimen-ID", Some(Field::SampleId)),
            ("样本编号", Some(Field::SampleId)),
            ("FamilyID", Some(Field::FamilyId)),
            ("Case ID", Some(Field::FamilyId)),
            ("Gender", Some(Field::Sex)),
            ("性别", Some(Field::Sex)),
            ("drop out", Some(Field::DropOut)),
            ("身份证号", Some(Field::ResidentId)),
            ("ID Card", Some(Field::ResidentId)),
            ("出生医学证明编号", Some(Field::BirthCertificate)),
            ("Amelogenin", Some(Field::Amelogenin)),
            ("Sample", Some(Field::SampleId)),
            ("样本名称", Some(Field::SampleId)),
            ("样本与本人关系", Some(Field::Relation)),
            ("采样日期", Some(Field::CollectedOn)),
            ("试剂盒", Some(Field::Kit)),
            ("委托单位", Some(Field::Agency)),
            ("案件编号", Some(Field::FamilyId)),
            ("DNA 编号", Some(Field::SampleId)),
            ("与被拐儿童关系", Some(Field::Relation)),
            ("性別", Some(Field::Sex)),
            ("人员类别", Some(Field::Category)),
            ("Dropout probability", Some(Field::DropOut)),
            ("人员姓名", None),
            ("samples", None),
            ("", None),
        ] {
            assert_eq!(field_named(name), expected, "{name}");
        }
    }

    #[test]
    fn private_columns_are_known() {
        for (name, ignored) in [
            ("人员姓名", Some(Ignored::Private)),
            ("备注", Some(Ignored::Private)),
            ("Remarks", Some(Ignored::Private)),
            ("备注1", Some(Ignored::Private)),
            ("联系人电话", Some(Ignored::Private)),
            ("受理日期", Some(Ignored::Aside)),
            ("序号", Some(Ignored::Aside)),
            ("No.", Some(Ignored::Aside)),
            ("样本类型", Some(Ignored::Aside)),
            ("人员类别", None),
            ("comment on vWA", None),
            ("sex", None),
        ] {
            assert_eq!(ignored_column(name), ignored, "{name}");
        }
    }
}
