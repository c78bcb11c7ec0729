//! Defines the output formats of a list: table, CSV or JSON.

use std::str::FromStr;

use crate::model::UnknownWord;

/// The version of the JSON format. It is raised when a field is renamed or changes its meaning, but not when a field is
/// added.
pub const SCHEMA_VERSION: u32 = 1;

/// The output format of a list.
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
    /// Returns the word for the format on the command line.
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

/// The output format of a list that other programs analyse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// As all lists.
    Listed(Format),
    /// Parquet, for programs of analysis.
    Parquet,
}

impl Default for TableFormat {
    fn default() -> Self {
        Self::Listed(Format::Table)
    }
}

impl TableFormat {
    /// Returns the word for the format on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Listed(format) => format.word(),
            Self::Parquet => "parquet",
        }
    }
}

impl FromStr for TableFormat {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        if text == "parquet" && cfg!(feature = "parquet") {
            return Ok(Self::Parquet);
        }
        text.parse().map(Self::Listed).map_err(|_| UnknownWord { choices: "table, csv, json, parquet" })
    }
}
