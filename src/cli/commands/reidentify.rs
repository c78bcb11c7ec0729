//! `reidentify`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::options::{FormatOption, Global, pseudonym};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, hex};
use crate::model::Pseudonym;
use crate::report::{CsvText, Format, SCHEMA_VERSION, plain_table};
use crate::store::{OriginalIdentifier, Reidentification, checked_reason};

#[derive(Args)]
pub(crate) struct Reidentify {
    /// Pseudonyms of samples and families
    #[arg(required = true, value_name = "PSEUDONYM")]
    pseudonyms: Vec<String>,
    /// The custodian's age identity file
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    /// The number of the case or order that entitles you; the audit chain keeps it
    #[arg(long, value_name = "NUMBER", value_parser = checked_reason)]
    case_number: String,
    #[command(flatten)]
    format: FormatOption,
}

impl Reidentify {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let wanted: BTreeSet<Pseudonym> =
            self.pseudonyms.iter().map(|text| pseudonym("PSEUDONYM", text)).collect::<anyhow::Result<_>>()?;
        let whom = Reidentification { wanted: &wanted, identity: &self.identity, case_number: &self.case_number };
        let found = global.open()?.reidentify(&whom, &global.entry("reidentify"))?;
        output.data(&self.text(&found.identifiers)?)?;
        for one in &found.unknown {
            output.warn(&format!("{one}: no sealed record is about it"));
        }
        Ok(Outcome::unless_empty(!found.unknown.is_empty()))
    }

    fn text(&self, found: &BTreeSet<OriginalIdentifier>) -> anyhow::Result<String> {
        let columns = ["pseudonym", "kind", "agency", "identifier"];
        let row = |one: &OriginalIdentifier| {
            [one.pseudonym.to_string(), one.kind.word().to_owned(), one.agency.clone(), one.identifier.clone()]
        };
        Ok(match self.format.format {
            Format::Table if found.is_empty() => String::new(),
            Format::Table => plain_table(columns, &[], found.iter().map(row)).to_string(),
            Format::Csv => {
                let mut csv = CsvText::with_header(columns);
                found.iter().for_each(|one| csv.fields(row(one)).end_row());
                csv.finish()
            }
            Format::Json => {
                let row = |one: &OriginalIdentifier| {
                    json!({
                        "pseudonym": hex(one.pseudonym.as_bytes()),
                        "kind": one.kind.word(),
                        "agency": one.agency,
                        "identifier": one.identifier,
                    })
                };
                let rows: Vec<_> = found.iter().map(row).collect();
                let report = json!({"schema_version": SCHEMA_VERSION, "identifiers": rows});
                serde_json::to_string_pretty(&report)? + "\n"
            }
        })
    }
}
