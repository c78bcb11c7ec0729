//! Decides where a command may write its output: to a new file, or over a file that is safe to replace.

use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::OutputError;
use crate::files::folder;
use crate::store::configuration::config::{CONFIG, LEDGER};
use crate::store::error::{FileAction, StoreError};

/// What an output may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Nothing: the file must be new.
    Nothing,
    /// Nothing, unless the user forces it. As [`Self::Nothing`], but the error mentions that option.
    Unforced,
    /// An empty file, or an earlier output of the same kind: text that begins with these characters after any blanks.
    Like(&'static str),
    /// Any regular file, except files that the command reads, files of a store and secret keys.
    AnyFile,
}

impl Replace {
    /// Returns [`Self::AnyFile`] if the user forces it, otherwise [`Self::Unforced`].
    pub(in crate::store) fn forced(force: bool) -> Self {
        if force { Self::AnyFile } else { Self::Unforced }
    }
}

/// Checks that an output may be written to a path; `inputs` are the files, or folders with files, that the command
/// reads.
///
/// # Errors
/// [`StoreError::FileExists`], [`StoreError::Output`]; [`StoreError::Io`] if the path cannot be examined.
pub fn check_output(path: &Path, replace: Replace, inputs: &[&Path]) -> Result<(), StoreError> {
    Output::new(replace, inputs).check(path)
}

/// Checks that no two outputs of a command have the same path.
///
/// # Errors
/// [`OutputError::Twice`].
pub(in crate::store) fn check_apart<'a>(outputs: impl IntoIterator<Item = Option<&'a Path>>) -> Result<(), StoreError> {
    let mut places: Vec<(Option<PathBuf>, Option<&std::ffi::OsStr>)> = Vec::new();
    for path in outputs.into_iter().flatten() {
        let place = (folder(path).canonicalize().ok(), path.file_name());
        if places.contains(&place) {
            return Err(OutputError::Twice(path.to_owned()).into());
        }
        places.push(place);
    }
    Ok(())
}

/// What an output may and may not replace.
pub(in crate::store) struct Output {
    replace: Replace,
    /// Device and inode number of each file or folder that the command reads.
    inputs: Vec<(u64, u64)>,
}

/// The number of bytes that are examined at the beginning of a file.
const LOOKED_AT: u64 = 4096;

impl Output {
    pub(in crate::store) fn new(replace: Replace, inputs: &[&Path]) -> Self {
        // The shell may have opened an input file as standard input.
        let read = inputs.iter().copied().chain([Path::new("/dev/fd/0")]);
        let files = read.filter_map(|path| fs::metadata(path).ok());
        Self { replace, inputs: files.filter(|file| file.is_file() || file.is_dir()).map(|file| id(&file)).collect() }
    }

    pub(in crate::store) fn check(&self, path: &Path) -> Result<(), StoreError> {
        let unread = |source| StoreError::io(FileAction::Read, path, source);
        if path.as_os_str() == "-" {
            return Err(OutputError::Dash.into());
        }
        if is_in_store(path) {
            return Err(OutputError::InStore(path.to_owned()).into());
        }
        let found = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            found => found.map_err(unread)?,
        };
        if let Some(what) = special(&found) {
            return Err(OutputError::Special { path: path.to_owned(), what }.into());
        }
        let of_folder = fs::metadata(folder(path)).map_err(unread)?;
        let is_read = self.inputs.contains(&id(&found)) || self.inputs.contains(&id(&of_folder));
        match self.replace {
            Replace::Nothing => return Err(OutputError::Exists(path.to_owned()).into()),
            Replace::Unforced => return Err(StoreError::FileExists(path.to_owned())),
            Replace::Like(_) | Replace::AnyFile => {}
        }
        let mut start = Vec::new();
        File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut start)).map_err(unread)?;
        let text = start.trim_ascii_start();
        let has = |part: &[u8]| start.windows(part.len()).any(|window| window == part);
        if text.starts_with(b"reunite-") || has(b"AGE-SECRET-KEY-") {
            return Err(OutputError::Secret(path.to_owned()).into());
        }
        match self.replace {
            Replace::Like(like) if text.starts_with(like.as_bytes()) || found.len() == 0 => Ok(()),
            _ if is_read => Err(OutputError::Input(path.to_owned()).into()),
            Replace::Like(_) => Err(OutputError::OtherKind(path.to_owned()).into()),
            _ => Ok(()),
        }
    }
}

fn id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

fn special(found: &Metadata) -> Option<&'static str> {
    let kind = found.file_type();
    if kind.is_file() {
        None
    } else if kind.is_symlink() {
        Some("a link")
    } else if kind.is_dir() {
        Some("a folder")
    } else {
        Some("a pipe or a device")
    }
}

/// Reports whether a path lies in the folder of a store, or below it.
fn is_in_store(path: &Path) -> bool {
    let Ok(folder) = folder(path).canonicalize() else { return false };
    folder.ancestors().any(|above| [CONFIG, LEDGER].iter().all(|file| above.join(file).exists()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &Path, replace: Replace, inputs: &[&Path]) -> Option<OutputError> {
        match check_output(path, replace, inputs) {
            Ok(()) => None,
            Err(StoreError::Output(error)) => Some(error),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn an_output_replaces_what_is_known_to_be_of_no_other_use() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        let write = |name: &str, text: &str| {
            fs::write(path(name), text).unwrap();
            path(name)
        };
        let like = Replace::Like("{\n  \"form\": 1");
        let (table, old, empty) = (write("table", "a,b\n"), write("old", "{\n  \"form\": 1,\n}"), write("empty", ""));
        for replace in [Replace::Nothing, Replace::Unforced, like, Replace::AnyFile] {
            assert_eq!(refused(&path("new"), replace, &[]), None);
            for (name, what) in
                [("link", "a link"), ("dangling", "a link"), ("sub", "a folder"), ("pipe", "a pipe or a device")]
            {
                let special = path(name);
                match name {
                    _ if special.symlink_metadata().is_ok() => {}
                    "link" => std::os::unix::fs::symlink("table", &special).unwrap(),
                    "dangling" => std::os::unix::fs::symlink("nowhere", &special).unwrap(),
                    "sub" => fs::create_dir(&special).unwrap(),
                    _ => nix::unistd::mkfifo(&special, nix::sys::stat::Mode::S_IRWXU).unwrap(),
                }
                assert_eq!(refused(&special, replace, &[]), Some(OutputError::Special { path: special.clone(), what }));
            }
        }
        assert_eq!(refused(&table, Replace::Nothing, &[]), Some(OutputError::Exists(table.clone())));
        assert!(matches!(check_output(&table, Replace::Unforced, &[]), Err(StoreError::FileExists(_))));
        assert_eq!(refused(&table, like, &[]), Some(OutputError::OtherKind(table.clone())));
        assert_eq!(refused(&table, Replace::AnyFile, &[]), None);
        assert_eq!([&old, &empty].map(|path| refused(path, like, &[])), [None, None]);
        // Inputs are protected, also under another name and inside a folder.
        fs::hard_link(&table, path("alias")).unwrap();
        for inputs in [&[&*table][..], &[&*path("link")], &[place.path()]] {
            assert_eq!(refused(&path("alias"), Replace::AnyFile, inputs), Some(OutputError::Input(path("alias"))));
        }
        let key = write("key", "reunite-key 00");
        assert_eq!(refused(&key, Replace::AnyFile, &[]), Some(OutputError::Secret(key)));
        let identity = write("identity", "# created: 2026\nAGE-SECRET-KEY-1AAA");
        assert_eq!(refused(&identity, Replace::AnyFile, &[]), Some(OutputError::Secret(identity)));
        assert!(check_apart([Some(&*table), None, Some(&*old)]).is_ok());
        assert!(check_apart([Some(&*table), Some(&*path("./table"))]).is_err());
        write("reunite.toml", "");
        write("ledger.db", "");
        fs::create_dir(path("vault")).unwrap();
        for inside in [path("new"), path("vault/new"), table] {
            assert_eq!(refused(&inside, Replace::AnyFile, &[]), Some(OutputError::InStore(inside.clone())));
        }
    }
}
