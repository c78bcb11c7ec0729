//! `reidentify`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::model::Pseudonym;
use crate::pseudonym::{Identity, KeySource, Opened, Sealed};
use crate::report::{Format, SCHEMA_VERSION, plain_table};

use super::Outcome;
use super::candidates::pseudonym;
use super::options::{FormatOption, Global};
use super::output::{Output, hex};
use super::store::{Store, outside};
use super::who;

#[derive(Args)]
pub(super) struct Reidentify {
    /// Samples and families, by pseudonym
    #[arg(required = true, value_name = "PSEUDONYM")]
    pseudonyms: Vec<String>,
    /// The custodian's age identity file
    #[arg(long, value_name = "FILE")]
    identity: PathBuf,
    /// The number of the case or order that entitles you; kept in the audit chain
    #[arg(long, value_name = "NUMBER", value_parser = who::checked)]
    case_number: String,
    #[command(flatten)]
    format: FormatOption,
}

/// Who stands behind a pseudonym.
type Found = (Pseudonym, &'static str, String, String);

impl Reidentify {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        who::required(global.reason())?;
        let wanted: BTreeSet<Pseudonym> =
            self.pseudonyms.iter().map(|text| pseudonym("PSEUDONYM", text)).collect::<anyhow::Result<_>>()?;
        let store = Store::open(&global.store, global.key())?;
        let mut ledger = store.ledger()?;
        let source = KeySource::File(self.identity.clone());
        outside(&source.path(), store.dir(), "identity file")?;
        let identity = Identity::load(&source)?;
        // Recorded before anything is opened: an attempt counts.
        let entry =
            global.entry("reidentify").with("asked", wanted.len()).with("case_number", self.case_number.as_str());
        ledger.append(&entry.about(wanted.iter().copied()))?;
        let vault = store.vault();
        let mut found: BTreeSet<Found> = BTreeSet::new();
        for file in ledger.sealed_files()? {
            let about = |sealed: Sealed| wanted.iter().any(|&one| sealed.names(one));
            vault.open(&file.name, &identity, about, |opened| {
                found.extend(rows(&opened).into_iter().filter(|row| wanted.contains(&row.0)));
                anyhow::Ok(())
            })?;
        }
        output.data(&self.text(&found)?)?;
        let mut outcome = Outcome::Done;
        for one in wanted.iter().filter(|&&one| found.iter().all(|row| row.0 != one)) {
            output.warn(&format!("{one}: no sealed record is about it"));
            outcome = Outcome::Nothing;
        }
        Ok(outcome)
    }

    fn text(&self, found: &BTreeSet<Found>) -> anyhow::Result<String> {
        Ok(match self.format.format {
            Format::Table if found.is_empty() => String::new(),
            Format::Table => {
                let rows = found.iter().map(|(pseudonym, kind, agency, id)| {
                    [pseudonym.to_string(), (*kind).to_owned(), agency.clone(), id.clone()]
                });
                plain_table(["pseudonym", "kind", "agency", "identifier"], &[], rows)
            }
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                writer.write_record(["pseudonym", "kind", "agency", "identifier"])?;
                for (pseudonym, kind, agency, id) in found {
                    writer.write_record([pseudonym.to_string().as_str(), *kind, agency, id])?;
                }
                String::from_utf8(writer.into_inner()?)?
            }
            Format::Json => {
                let row = |(pseudonym, kind, agency, id): &Found| json!({"pseudonym": hex(pseudonym.as_bytes()), "kind": kind, "agency": agency, "identifier": id});
                let rows: Vec<_> = found.iter().map(row).collect();
                let report = json!({"schema_version": SCHEMA_VERSION, "identifiers": rows});
                serde_json::to_string_pretty(&report)? + "\n"
            }
        })
    }
}

fn rows(opened: &Opened) -> Vec<Found> {
    let row = |pseudonym, kind, id: &str| (pseudonym, kind, opened.agency.to_string(), id.to_owned());
    let mut rows = vec![row(opened.sample, "sample", &opened.sample_id)];
    if let (Some(family), Some(id)) = (opened.family, &opened.family_id) {
        rows.push(row(family, "family", id));
    }
    rows
}
