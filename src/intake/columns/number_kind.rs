//! Recognises columns that hold personal numbers, by all their names.

/// The kind of a personal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberKind {
    /// A resident ID number.
    ResidentId,
    /// The number of a birth certificate.
    BirthCertificate,
}

impl NumberKind {
    /// Returns the name of the column.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::ResidentId => "resident_id",
            Self::BirthCertificate => "birth_certificate",
        }
    }
}

/// Names of columns that hold these numbers, in lower case.
const COLUMNS: [(NumberKind, &[&str]); 2] = [
    (
        NumberKind::ResidentId,
        &[
            "resident_id",
            "resident_id_number",
            "id_number",
            "id_card",
            "id_card_number",
            "identity_card",
            "identity_number",
            "身份证",
            "身份证号",
            "身份证号码",
            "居民身份证号",
            "居民身份证号码",
            "公民身份号码",
        ],
    ),
    (
        NumberKind::BirthCertificate,
        &[
            "birth_certificate",
            "birth_certificate_number",
            "birth_certificate_id",
            "出生证",
            "出生证号",
            "出生证编号",
            "出生证明编号",
            "出生医学证明",
            "出生医学证明编号",
        ],
    ),
];

/// Returns the kind of number in the column of this name, if it holds one.
pub(in crate::intake) fn kind_of_column(name: &str) -> Option<NumberKind> {
    let is = |known: &&str| {
        let mut written = name.chars().map(|c| if matches!(c, ' ' | '-') { '_' } else { c.to_ascii_lowercase() });
        known.chars().all(|c| written.next() == Some(c)) && written.next().is_none()
    };
    COLUMNS.iter().find(|(_, names)| names.iter().any(&is)).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_many_names() {
        for name in ["resident_id", "ID_Number", "id number", "Id-Card", "身份证号", "公民身份号码"] {
            assert_eq!(kind_of_column(name), Some(NumberKind::ResidentId), "{name}");
        }
        for name in ["birth_certificate", "Birth certificate number", "出生证号", "出生医学证明编号"] {
            assert_eq!(kind_of_column(name), Some(NumberKind::BirthCertificate), "{name}");
        }
        for name in ["", "id", "sample_id", "resident", "resident_ids", "身份", "身份证号1"] {
            assert_eq!(kind_of_column(name), None, "{name}");
        }
    }
}
