//! Why a page could not be written.

/// Why a page could not be written: a template is invalid, or names what there is not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// A template cannot be rendered.
    #[error("{0:#}")]
    Template(#[from] minijinja::Error),
    /// The catalogue of a language cannot be read.
    #[error("the catalogue of phrases: {0}")]
    Catalogue(#[from] toml::de::Error),
    /// The catalogue lacks a phrase.
    #[error("the catalogue has no phrase {0}")]
    NoPhrase(String),
    /// The values of the page cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}
