//! Defines why a package is refused.

use super::limits::{FORM, MOST_CONTENT};
use crate::pseudonym::StreamError;

/// Reason why a package is refused. Nothing of it is taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageFault {
    /// It is not sealed as a package is, or a byte of it was changed.
    #[error("it is not a package, or was changed or cut short; ask the sender for it again")]
    Damaged,
    /// It is sealed for somebody else.
    #[error("it is sealed for another agency: the exchange key does not open it")]
    OtherRecipient,
    /// It was opened, and is something else.
    #[error("it was opened, and is not a package of this program")]
    OtherContent,
    /// A later version of the program wrote it.
    #[error("it has form {0}, and this program knows form {known}; use a newer program", known = FORM)]
    Newer(u64),
    /// Names of fields that this program does not know.
    #[error("its fields are named by the table {0:?}, which this program does not have")]
    Mapping(String),
    /// The manifest is not understood.
    #[error("its manifest is invalid: {0}")]
    Manifest(String),
    /// Sealed for this agency, but the manifest names another one: somebody passed it on.
    #[error("its manifest names another recipient; somebody sealed a package again that was not for this agency")]
    NotForUs,
    /// The signature is not that of the sender.
    #[error("its signature is not that of {0}")]
    Signature(String),
    /// The content is longer than can be taken.
    #[error("its content is longer than {most} bytes", most = MOST_CONTENT)]
    Large,
    /// The content is not what was signed.
    #[error("its content is not the one that was signed")]
    Content,
    /// A line of the content is invalid.
    #[error("line {line} of its content: {what}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// The operating system refused.
    #[error("{0}")]
    Io(std::io::Error),
}

impl From<StreamError> for PackageFault {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::OtherRecipients => Self::OtherRecipient,
            StreamError::Io(error) => Self::Io(error),
            _ => Self::Damaged,
        }
    }
}
