//! Columns that are no loci, and the names they go by.

use crate::intake::columns::number_kind::{NumberKind, kind_of_column};

/// Columns that are no loci.
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
    /// The sex marker; it may have two columns, as a locus.
    Amelogenin,
}

pub(in crate::intake) const FIELDS: [(Field, &str); 12] = [
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
    (Field::Amelogenin, "AMEL"),
];

/// Other names in use, as [`plain_name`] leaves them.
const ALIASES: [(Field, &str); 11] = [
    (Field::FamilyId, "caseid"),
    (Field::SampleId, "personid"),
    (Field::SampleId, "samplename"),
    (Field::SampleId, "specimenid"),
    (Field::SampleId, "样本编号"),
    (Field::SampleId, "样品编号"),
    (Field::Sex, "gender"),
    (Field::Sex, "性别"),
    (Field::FamilyId, "家系编号"),
    (Field::Amelogenin, "amelogenin"),
    (Field::Amelogenin, "am"),
];

/// A name without case, spaces, hyphens and underscores: `Sample ID` is `sample_id`, and `Penta D` is `PENTAD`.
pub(in crate::intake) fn plain_name(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

/// The field that a column's name means.
pub(in crate::intake) fn field_named(name: &str) -> Option<Field> {
    // Longer than any name of a field.
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
    known.or_else(|| ALIASES.iter().find(|(_, alias)| *alias == name)).map(|(field, _)| *field)
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
            ("sample", None),
            ("", None),
        ] {
            assert_eq!(field_named(name), expected, "{name}");
        }
    }
}
