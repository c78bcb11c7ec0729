//! Finds the files that an import reads.

use std::path::{Path, PathBuf};

use crate::store::error::{FileAction, StoreError};

/// Extensions of the files that are read from a folder.
#[cfg(not(feature = "xlsx"))]
const ENDINGS: [&str; 7] = ["csv", "tsv", "txt", "xml", "cmf", "dat", "fam"];
/// The same extensions, with workbooks.
#[cfg(feature = "xlsx")]
const ENDINGS: [&str; 8] = ["csv", "tsv", "txt", "xml", "cmf", "dat", "fam", "xlsx"];

/// A file to read, or the reason why it is skipped.
pub(in crate::store) struct Source {
    pub(in crate::store) path: PathBuf,
    pub(in crate::store) skipped: Option<&'static str>,
}

/// Files with another role, which may lie in the same folder.
pub(in crate::store) struct Beside<'a> {
    pub(in crate::store) pedigrees: Option<&'a Path>,
    pub(in crate::store) cases: Option<&'a Path>,
}

/// Lists the files of the arguments in their order; the files of a folder are sorted by the bytes of their names.
pub(in crate::store) fn sources(arguments: &[PathBuf], beside: &Beside<'_>) -> Result<Vec<Source>, StoreError> {
    let mut sources = Vec::new();
    for argument in arguments {
        if !argument.is_dir() || argument.as_os_str() == "-" {
            sources.push(Source { path: argument.clone(), skipped: None });
            continue;
        }
        let read = |source| StoreError::io(FileAction::Read, argument, source);
        let mut paths = Vec::new();
        for entry in argument.read_dir().map_err(read)? {
            paths.push(entry.map_err(read)?.path());
        }
        paths.sort_by(|a, b| name(a).cmp(name(b)));
        let of_folder: Vec<Source> =
            paths.into_iter().map(|path| Source { skipped: skipped(&path, beside), path }).collect();
        if of_folder.iter().all(|source| source.skipped.is_some()) {
            return Err(StoreError::NothingToImport { folder: argument.clone(), endings: &ENDINGS });
        }
        sources.extend(of_folder);
    }
    Ok(sources)
}

fn name(path: &Path) -> &[u8] {
    path.file_name().map_or(&[], |name| name.as_encoded_bytes())
}

/// Returns the reason why a file of a folder is skipped.
fn skipped(path: &Path, beside: &Beside<'_>) -> Option<&'static str> {
    let same = |other: &Path| matches!((path.canonicalize(), other.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if name(path).starts_with(b".") {
        Some("is hidden: skipped")
    } else if path.is_dir() {
        Some("is a folder within a folder: skipped; import it by itself")
    } else if beside.pedigrees.is_some_and(same) {
        Some("is the pedigree file: skipped here")
    } else if beside.cases.is_some_and(same) {
        Some("is the case list: skipped here")
    } else if !path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))) {
        Some("has no ending of a supported file format: skipped; to import it, name it on the command line")
    } else {
        None
    }
}
