//! The templates of pages: those of the program, or those of a laboratory.

use std::io;
use std::path::Path;

use serde_json::Value;

/// The templates of the program, by file name.
const EMBEDDED: [(&str, &str); 9] = [
    ("base.html", include_str!("templates/base.html")),
    ("style.css", include_str!("templates/style.css")),
    ("lists.css", include_str!("templates/lists.css")),
    ("macros.html", include_str!("templates/macros.html")),
    ("candidate.html", include_str!("templates/candidate.html")),
    ("night.html", include_str!("templates/night.html")),
    ("family.html", include_str!("templates/family.html")),
    ("letter.html", include_str!("templates/letter.html")),
    ("validation.html", include_str!("templates/validation.html")),
];

/// The templates of the frame and of the pages in it, by file name. The frame replaces `base.html`.
pub(super) const SCREENS: [(&str, &str); 14] = [
    ("base.html", include_str!("templates/work/base.html")),
    ("sign_in.html", include_str!("templates/work/sign_in.html")),
    ("list.html", include_str!("templates/work/list.html")),
    ("pair.html", include_str!("templates/work/pair.html")),
    ("compare.html", include_str!("templates/work/compare.html")),
    ("samples.html", include_str!("templates/work/samples.html")),
    ("waiting.html", include_str!("templates/work/waiting.html")),
    ("statistics.html", include_str!("templates/work/statistics.html")),
    ("accounts.html", include_str!("templates/work/accounts.html")),
    ("sessions.html", include_str!("templates/work/sessions.html")),
    ("import.html", include_str!("templates/work/import.html")),
    ("power.html", include_str!("templates/work/power.html")),
    ("match.html", include_str!("templates/work/match.html")),
    ("message.html", include_str!("templates/work/message.html")),
];

/// Templates, by file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    pub(super) files: Vec<(&'static str, String)>,
    /// What surrounds a page that the program serves; `None` for a page to hand over.
    pub(super) frame: Option<Value>,
}

impl Templates {
    /// Returns the templates of the program.
    #[must_use]
    pub fn embedded() -> Self {
        Self { files: EMBEDDED.map(|(name, text)| (name, text.to_owned())).into(), frame: None }
    }

    /// Returns the templates of the program with the frame of the pages that it serves. `frame` has the values of the
    /// frame: who is signed in, the navigation, and what may be done with the pair that a report is about.
    #[must_use]
    pub fn framed(frame: Value) -> Self {
        let is_of_report = |(name, _): &(&'static str, String)| *name != "base.html";
        let reports = Self::embedded().files.into_iter().filter(is_of_report);
        let screens = SCREENS.iter().map(|&(name, text)| (name, text.to_owned()));
        Self { files: reports.chain(screens).collect(), frame: Some(frame) }
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
