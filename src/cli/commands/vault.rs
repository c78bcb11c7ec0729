//! `vault`: to whom original identifiers are sealed.

use clap::Subcommand;

use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};
use crate::store::custodians;

#[derive(Subcommand)]
pub(crate) enum VaultCommand {
    /// Manage custodians, to whom later imports seal original identifiers
    #[command(subcommand)]
    Recipients(Recipients),
    /// Delete sealed files that an interrupted import, expunge or change of key left
    Sweep,
}

#[derive(Subcommand)]
pub(crate) enum Recipients {
    /// Add custodians by their age recipients
    Add {
        /// age1...
        #[arg(required = true, value_name = "RECIPIENT")]
        recipients: Vec<String>,
    },
    /// List custodians
    List,
    /// Seal nothing more to these custodians; existing records stay sealed to them
    Remove {
        /// age1...
        #[arg(required = true, value_name = "RECIPIENT")]
        recipients: Vec<String>,
    },
}

impl VaultCommand {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = global.open()?;
        match self {
            Self::Recipients(Recipients::List) => {
                let custodians = store.list_custodians()?;
                output.data(&custodians.iter().map(|one| format!("{one}\n")).collect::<String>())?;
            }
            Self::Recipients(Recipients::Add { recipients }) => {
                let entry = global.entry("vault recipients add");
                let added = store.add_custodians(&custodians(recipients)?, &entry)?;
                output
                    .say(&format!("added {}; later imports seal to all custodians", plural(added as u64, "custodian")));
            }
            Self::Recipients(Recipients::Remove { recipients }) => {
                let entry = global.entry("vault recipients remove");
                let removed = store.remove_custodians(&custodians(recipients)?, &entry)?;
                output.say(&format!(
                    "removed {}; existing records stay sealed to them",
                    plural(removed as u64, "custodian")
                ));
            }
            Self::Sweep => {
                let removed = store.sweep_vault(&global.entry("vault sweep"))?;
                output.say(&format!("deleted {}", plural(removed as u64, "file")));
            }
        }
        Ok(Outcome::Done)
    }
}
