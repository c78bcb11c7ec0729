//! `config`: the settings of a store.

use clap::Subcommand;

use crate::cli::options::{FormatOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::report::Format;

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// List the settings: values, defaults and what each means
    Show {
        #[command(flatten)]
        format: FormatOption,
    },
    /// Change a setting of [model], [match], [meaning] or [letter]; the audit chain keeps the change
    ///
    /// Other lines of reunite.toml stay. A change of the model makes the next match a full run.
    Set {
        /// The setting, such as match.min_log10_lr
        #[arg(value_name = "KEY")]
        key: String,
        /// The value; `default` takes the setting out of the file
        #[arg(value_name = "VALUE", allow_negative_numbers = true)]
        value: String,
    },
    /// List what makes the next run differ from the last: settings, frequencies, samples, program
    ///
    /// Exit status 1: something differs.
    Check {
        #[command(flatten)]
        format: FormatOption,
    },
}

impl ConfigCommand {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = global.open()?;
        match self {
            Self::Show { format } => {
                let report = store.list_settings()?;
                match format.format {
                    Format::Json => output.data(&report.json()?)?,
                    Format::Csv => output.data(&report.csv())?,
                    Format::Table => output.page(report.table())?,
                }
                Ok(Outcome::Done)
            }
            Self::Set { key, value } => {
                match store.set_setting(key, value, &global.entry("config set"))? {
                    None => output.say("the setting has this value already: nothing changed"),
                    Some(changed) => {
                        let text = |value: Option<String>| value.unwrap_or_else(|| "not set".to_owned());
                        let (name, now, before) = (changed.name, text(changed.now), text(changed.before));
                        output.say(&match name.starts_with("letter.") {
                            true => format!("{name} is {now}, and was {before}; the next letter says it"),
                            false => format!("{name} is {now}, and was {before}; the next match uses it"),
                        });
                    }
                }
                Ok(Outcome::Done)
            }
            Self::Check { format } => {
                let report = store.differences_to_last_run()?;
                match format.format {
                    Format::Json => output.data(&report.json()?)?,
                    Format::Csv => output.data(&report.csv())?,
                    Format::Table if report.run.is_none() => output.say("nothing has been matched yet"),
                    Format::Table if report.differences.is_empty() => output.say("the next match repeats the last one"),
                    Format::Table => output.page(report.table())?,
                }
                Ok(Outcome::unless_empty(!report.differences.is_empty()))
            }
        }
    }
}
