//! `findings`.

use clap::Args;

use crate::cli::options::{FormatOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::intake::FindingCode;
use crate::report::{FindingCodesReport, Format};

/// Without a code, all of them are listed.
#[derive(Args)]
pub(crate) struct Findings {
    /// Codes to explain, as shown in brackets after a finding
    #[arg(value_name = "CODE")]
    codes: Vec<String>,
    /// Explain all codes
    #[arg(long, conflicts_with = "codes")]
    examples: bool,
    #[command(flatten)]
    format: FormatOption,
}

impl Findings {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let named: Result<Vec<FindingCode>, _> = self.codes.iter().map(|word| named(word)).collect();
        let codes = if self.codes.is_empty() { FindingCode::ALL.to_vec() } else { named? };
        let report = FindingCodesReport { codes, language: global.language() };
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if self.codes.is_empty() && !self.examples => {
                output.page(report.table())?;
                output.say("`reunite findings CODE` shows an example and what to do; --examples shows all of them");
            }
            Format::Table => output.page(report.pages())?,
        }
        Ok(Outcome::Done)
    }
}

fn named(word: &str) -> anyhow::Result<FindingCode> {
    FindingCode::from_word(word)
        .map_err(|_| anyhow::anyhow!("there is no finding with the code {word:?}: `reunite findings` lists all codes"))
}
