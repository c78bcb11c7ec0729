//! `vault`: to whom original identifiers are sealed.

use clap::Subcommand;

use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};
use crate::store::custodians;

#[derive(Subcommand)]
pub(crate) enum VaultCommand {
    /// Custodians: to whom the original identifiers of later imports are sealed
    #[command(subcommand)]
    Recipients(Recipients),
    /// Remove sealed files that an interrupted import, expunge or change of key left and the ledger does not name
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
    /// List them
    List,
    /// Seal nothing more to these; what was sealed to them stays so
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
                output.say(&format!(
                    "{} added; what is imported from now on is sealed to all of them",
                    plural(added as u64, "custodian")
                ));
            }
            Self::Recipients(Recipients::Remove { recipients }) => {
                let entry = global.entry("vault recipients remove");
                let removed = store.remove_custodians(&custodians(recipients)?, &entry)?;
                output
                    .say(&format!("{} removed; what was sealed to them stays so", plural(removed as u64, "custodian")));
            }
            Self::Sweep => {
                let removed = store.sweep_vault(&global.entry("vault sweep"))?;
                output.say(&format!("{} removed", plural(removed as u64, "file")));
            }
        }
        Ok(Outcome::Done)
    }
}
