//! The forms in which a list goes out: a table, CSV or JSON.

use std::str::FromStr;

use crate::model::UnknownWord;

/// Version of the JSON form: raised when a field is renamed or changes its meaning, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// How a list goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}

impl Format {
    /// The word it is asked for by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

impl FromStr for Format {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "table" => Ok(Self::Table),
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(UnknownWord { choices: "table, csv, json" }),
        }
    }
}
