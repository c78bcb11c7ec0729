//! The signed statement of what a package is.

use serde::{Deserialize, Serialize};

use super::PackageFault;
use super::limits::{FORM, MOST_NUMBER};

/// Kind of the content of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContentKind {
    /// Profiles of children and families, and what is withdrawn.
    Records,
    /// Hits.
    Hits,
}

impl ContentKind {
    /// Returns the word in the manifest.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Hits => "hits",
        }
    }
}

/// Signed statement of what a package is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of the package and its content.
    pub form: u64,
    /// The table by which fields and codes are named.
    pub mapping: String,
    /// What the content is.
    pub content: ContentKind,
    /// Fingerprint of the sender's card.
    pub sender: String,
    /// Fingerprint of the recipient's card.
    pub recipient: String,
    /// Number of the package from this sender to this recipient, from 1.
    pub number: u64,
    /// Digest of the manifest of the package before it, as 64 hexadecimal digits; `None` for the first one.
    pub previous: Option<String>,
    /// `true` if the content is everything that the sender has for the recipient: what is not in it is withdrawn.
    pub complete: bool,
    /// The day, by UTC.
    pub made_on: String,
    /// The program that wrote it.
    pub program: String,
    /// Number of lines of the content.
    pub lines: u64,
    /// Length of the content in bytes.
    pub length: u64,
    /// BLAKE3 digest of the content, as 64 hexadecimal digits.
    pub digest: String,
}

impl Manifest {
    /// The form that this program writes, and the only one that it reads.
    pub const FORM: u64 = FORM;

    /// Reads a manifest.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, PackageFault> {
        /// What every form has.
        #[derive(Deserialize)]
        struct OfAnyForm {
            form: u64,
        }
        // The message of the library would repeat text of the package.
        let invalid = || PackageFault::Manifest("it is not JSON with the fields of this form".to_owned());
        let OfAnyForm { form } = serde_json::from_slice(bytes).map_err(|_| invalid())?;
        if form != Self::FORM {
            return Err(PackageFault::Newer(form));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|_| invalid())?;
        if !(1..=MOST_NUMBER).contains(&manifest.number) {
            return Err(PackageFault::Manifest("its number is out of range".to_owned()));
        }
        Ok(manifest)
    }
}
