//! The templates of pages: those of the program, or those of a laboratory.

use std::io;
use std::path::Path;

/// The templates of the program, by file name.
const EMBEDDED: [(&str, &str); 7] = [
    ("base.html", include_str!("templates/base.html")),
    ("macros.html", include_str!("templates/macros.html")),
    ("candidate.html", include_str!("templates/candidate.html")),
    ("night.html", include_str!("templates/night.html")),
    ("family.html", include_str!("templates/family.html")),
    ("letter.html", include_str!("templates/letter.html")),
    ("validation.html", include_str!("templates/validation.html")),
];

/// Templates, by file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    pub(super) files: Vec<(&'static str, String)>,
}

impl Templates {
    /// Returns the templates of the program.
    #[must_use]
    pub fn embedded() -> Self {
        Self { files: EMBEDDED.map(|(name, text)| (name, text.to_owned())).into() }
    }

    /// Reads the templates of a folder, by the names of the program's own. Those that it lacks are the program's.
    ///
    /// # Errors
    /// An error of the system, also if the folder has none of them, or if one is not UTF-8.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut templates = Self::embedded();
        let mut found = false;
        for (name, text) in &mut templates.files {
            match std::fs::read_to_string(folder.join(name)) {
                Ok(own) => (*text, found) = (own, true),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if found { Ok(templates) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// Returns the digest of all templates, in hexadecimal: BLAKE3 of each name and text with their lengths.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in self.files.iter().flat_map(|(name, text)| [*name, text.as_str()]) {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}
