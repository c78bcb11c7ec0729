//! Defines the kinds of lists that are not genotypes.

use crate::facts::Subject;
use crate::intake::fact_template;

/// What a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Birth certificates, extracted from a registry.
    Registry,
    /// Which child claims which birth certificate.
    Claims,
    /// What people state about found or missing children.
    Facts(Subject),
    /// The terms on which samples are kept.
    Keeping,
}

impl ListKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Registry, Self::Claims, Self::Facts(Subject::Found), Self::Facts(Subject::Missing), Self::Keeping];

    /// Returns the word on the command line and in the audit chain.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Registry => "certificates",
            Self::Claims => "certificate-claims",
            Self::Facts(Subject::Found) => "found-children",
            Self::Facts(Subject::Missing) => "missing-children",
            Self::Keeping => "keeping",
        }
    }

    /// Returns the header of an empty list with all columns.
    #[must_use]
    pub fn template(self) -> String {
        match self {
            Self::Registry => {
                "certificate,birth_date,birth_place,sex,mother,father,issued_on,issued_in,agency\n".to_owned()
            }
            Self::Claims => "sample_id,certificate,sex,birth_date,claimed_on,claim_place,agency\n".to_owned(),
            Self::Facts(subject) => fact_template(subject),
            Self::Keeping => {
                "sample_id,legal_basis,purposes,consent_kind,consent_on,consent_reference,born_on,keep_until,\
                              review_on,agency\n"
                    .to_owned()
            }
        }
    }
}
