//! Defines the kinds of lists of birth certificates.

/// What a list of birth certificates holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateList {
    /// Certificates, extracted from a registry.
    Registry,
    /// Which child claims which certificate.
    Claims,
}

impl CertificateList {
    /// Returns the word on the command line and in the audit chain.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Registry => "certificates",
            Self::Claims => "certificate-claims",
        }
    }

    /// Returns the header of an empty list with all columns.
    #[must_use]
    pub fn template(self) -> &'static str {
        match self {
            Self::Registry => "certificate,birth_date,birth_place,sex,mother,father,issued_on,issued_in,agency\n",
            Self::Claims => "sample_id,certificate,sex,birth_date,claimed_on,claim_place,agency\n",
        }
    }
}
