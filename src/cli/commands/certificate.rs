//! `certificate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::options::{FormatOption, Global, whom};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, TABLE_ROWS, count, plural};
use crate::model::shown_path;
use crate::report::Format;
use crate::report::words::counted;
use crate::store::{CertificateNight, CertificateQuery, StoreError, Whom};

use super::import::list;

#[derive(Subcommand)]
pub(crate) enum Certificate {
    /// Check birth certificates that children claim: by the registry, by other claims, and by DNA
    ///
    /// DNA is compared where a parent on the certificate is typed: a genuine certificate that was sold is in the registry,
    /// and only DNA tells. An LR of 10,000 supports the parents, one of 0.0001 contradicts them. Exit status 1: something
    /// contradicts a claim.
    Check(Check),
}

#[derive(Args)]
pub(crate) struct Check {
    /// A list of claims to check without importing it: CSV with certificate and optionally sample_id, sex, birth_date,
    /// claimed_on and claim_place; - is standard input [default: all claims of the store]
    #[arg(value_name = "FILE", conflicts_with_all = ["number", "child"])]
    file: Option<PathBuf>,
    /// Check this number; other users and the history of the shell may see it, unlike one in FILE
    #[arg(long, value_name = "N", conflicts_with = "child")]
    number: Option<String>,
    /// Check the claims of this child: its pseudonym, or the first digits
    #[arg(long, value_name = "CHILD")]
    child: Option<String>,
    #[command(flatten)]
    format: FormatOption,
}

impl Certificate {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Check(check) => check.run(global, output),
        }
    }
}

impl Check {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("certificate check").with("format", self.format.format.word());
        let store = global.open()?;
        let query = match (&self.file, &self.number, &self.child) {
            (Some(file), ..) => CertificateQuery::File(file.clone()),
            (_, Some(number), _) => CertificateQuery::Number(number.clone()),
            (.., Some(child)) => CertificateQuery::Child(whom(&store, Whom::Child, "--child", child, &entry)?),
            _ => CertificateQuery::All,
        };
        let report = match store.check_certificates(&query, &entry) {
            Err(StoreError::Refused { path, problems }) => {
                list(&problems, output);
                let found = plural(problems.len() as u64, "problem");
                output.warn(&format!("{}: {found} found, nothing checked", shown_path(&path)));
                return Ok(Outcome::Rejected);
            }
            report => report?,
        };
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table(TABLE_ROWS))?,
        }
        if report.claims_forgotten > 0 {
            output.warn(&format!(
                "nothing was compared with {}, which a change of the key deleted; import the claims again",
                plural(report.claims_forgotten, "claim")
            ));
        }
        let contradicted = report.contradicted();
        output.say(&format!(
            "checked {} against {}: {} contradicted, {} with warnings",
            plural(report.claims.len() as u64, "claim"),
            plural(report.certificates, "certificate"),
            count(contradicted),
            count(report.doubtful())
        ));
        Ok(Outcome::unless_empty(contradicted > 0))
    }
}

/// Says what a match found about birth certificates.
pub(super) fn say_night(night: &CertificateNight, output: &Output) {
    if night.is_forgotten {
        output.warn(
            "birth certificates were not checked: a change of the key deleted certificates or claims; import them again",
        );
        return;
    }
    let line = format!(
        "{} checked: {} contradicted, {} with warnings, {} of them new; `reunite certificate check` lists them",
        counted(night.claims, "claim of a birth certificate", "claims of birth certificates"),
        count(night.contradicted),
        count(night.doubtful),
        count(night.new)
    );
    if night.new > 0 { output.warn(&line) } else { output.say(&line) }
}
