//! Writes the settings of a store, and what makes the next run differ from the last.

use serde::Serialize;

use super::csv_text::CsvText;
#[cfg(feature = "cli")]
use super::page::Page;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingRow {
    /// Its section and name.
    pub setting: &'static str,
    /// Its value; `None` if it is not set and has no default.
    pub value: Option<String>,
    /// `store` if the file has the value, otherwise `default`.
    pub source: &'static str,
    /// Its default, if it has one.
    pub default: Option<String>,
    /// `true` if `config set` changes it.
    pub settable: bool,
    /// What it means.
    pub meaning: &'static str,
}

/// All settings, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingsReport {
    /// [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The settings.
    pub settings: Vec<SettingRow>,
}

impl SettingsReport {
    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a row for each setting.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["setting", "value", "source", "default", "settable", "meaning"]);
        for row in &self.settings {
            csv.field(row.setting).optional(row.value.as_deref()).field(row.source);
            csv.optional(row.default.as_deref()).field(row.settable).field(row.meaning).end_row();
        }
        csv.finish()
    }

    /// Returns a line for each setting, in 80 columns; those that only have a default are marked.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let line = |row: &SettingRow| {
            let value = match row.value.as_deref() {
                None => "not set",
                Some("") => "empty",
                Some(value) => value,
            };
            let source = if row.source == "store" || row.value.is_none() { "" } else { " (default)" };
            format!("{} = {value}{source}: {}\n", row.setting, row.meaning)
        };
        self.settings.iter().map(line).collect::<String>().into()
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DifferenceRow {
    /// `setting`, `frequencies`, `samples` or `program`.
    pub what: &'static str,
    /// The setting or table.
    pub name: String,
    /// Its value at the last run.
    pub before: Option<String>,
    /// Its value now.
    pub now: Option<String>,
}

/// All differences between the last run and the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DifferencesReport {
    /// [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The number of the last run; `None` if there was none.
    pub run: Option<i64>,
    /// The differences.
    pub differences: Vec<DifferenceRow>,
}

impl DifferencesReport {
    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a row for each difference.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["what", "name", "before", "now"]);
        for row in &self.differences {
            csv.field(row.what).field(&row.name).optional(row.before.as_deref());
            csv.optional(row.now.as_deref()).end_row();
        }
        csv.finish()
    }

    /// Returns a line for each difference, in 80 columns.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
        let line = |row: &DifferenceRow| {
            format!("{}: {} is {}, and was {}\n", row.what, row.name, value(&row.now), value(&row.before))
        };
        self.differences.iter().map(line).collect::<String>().into()
    }
}
