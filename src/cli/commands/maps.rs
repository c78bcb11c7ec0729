//! `maps`: what agencies call their columns.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::model::shown;

#[derive(Subcommand)]
pub(crate) enum Maps {
    /// Keep a map for an agency; `import --map-of AGENCY` uses it
    Set {
        /// Whose files it is for
        agency: String,
        /// The map: TOML, see `reunite import --help`
        file: PathBuf,
    },
    /// List the agencies that have a map
    List,
    /// Show the map of an agency
    Show {
        /// Whose
        agency: String,
    },
    /// Remove the map of an agency
    Remove {
        /// Whose
        agency: String,
    },
}

impl Maps {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = global.open()?;
        match self {
            Self::Set { agency, file } => {
                let changed = store.set_column_map(agency, file, &global.entry("maps set"))?;
                output.say(if changed {
                    "the map is kept"
                } else {
                    "the map is the one that is kept: nothing changed"
                });
            }
            Self::List => {
                let agencies = store.list_column_maps()?;
                output.data(&agencies.iter().map(|agency| format!("{}\n", shown(agency))).collect::<String>())?;
                return Ok(Outcome::Done);
            }
            Self::Show { agency } => output.data(&store.column_map(agency)?.replace("\r\n", "\n"))?,
            Self::Remove { agency } => {
                store.remove_column_map(agency, &global.entry("maps remove"))?;
                output.say("the map is removed");
            }
        }
        Ok(Outcome::Done)
    }
}
