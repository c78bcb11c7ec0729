//! Why an output cannot go to its place.

use std::path::PathBuf;

use crate::model::shown_path;

/// Why nothing is written to a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// A link, folder, pipe, socket or device.
    #[error("{} is not a regular file but {what}; an output can only replace a regular file", shown_path(path))]
    Special {
        /// The place.
        path: PathBuf,
        /// What stands there.
        what: &'static str,
    },
    /// Something stands there, and the output is a new file.
    #[error("{} exists already, and is not overwritten", shown_path(.0))]
    Exists(PathBuf),
    /// The command reads the file.
    #[error("this command reads {}, and would overwrite it", shown_path(.0))]
    Input(PathBuf),
    /// Another file of the same command goes to the same place.
    #[error("two outputs of this command have the same file {}", shown_path(.0))]
    Twice(PathBuf),
    /// Something else than an earlier output of this kind.
    #[error("{} exists, and is not an earlier output of this kind", shown_path(.0))]
    OtherKind(PathBuf),
    /// Within a store.
    #[error("{} is in the folder of a store, where only the store writes", shown_path(.0))]
    InStore(PathBuf),
    /// A secret key.
    #[error("{} holds a secret key, which cannot be recovered", shown_path(.0))]
    Secret(PathBuf),
}
