//! Defines why an output cannot be written to its path.

use std::path::PathBuf;

use crate::model::shown_path;

/// The reason why an output cannot be written to a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The path is a link, folder, pipe, socket or device.
    #[error("{} is not a regular file but {what}; an output can only replace a regular file", shown_path(path))]
    Special {
        /// The path.
        path: PathBuf,
        /// What is at the path.
        what: &'static str,
    },
    /// The file exists, and the output must be a new file.
    #[error("{} exists already, and is not overwritten", shown_path(.0))]
    Exists(PathBuf),
    /// The command reads the file.
    #[error("this command reads {}, and would overwrite it", shown_path(.0))]
    Input(PathBuf),
    /// Another output of the same command has the same path.
    #[error("two outputs of this command have the same file {}", shown_path(.0))]
    Twice(PathBuf),
    /// The existing file is not an earlier output of this kind.
    #[error("{} exists, and is not an earlier output of this kind", shown_path(.0))]
    OtherKind(PathBuf),
    /// The path lies within a store.
    #[error("{} is in the folder of a store, where only the store writes", shown_path(.0))]
    InStore(PathBuf),
    /// The path is `-`, which stands for standard output elsewhere.
    #[error("an output needs a file of its own, not -; to see it on standard output, write it to a file first")]
    Dash,
    /// The file is a secret key.
    #[error("{} holds a secret key, which cannot be recovered", shown_path(.0))]
    Secret(PathBuf),
}
