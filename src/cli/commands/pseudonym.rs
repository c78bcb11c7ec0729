//! `pseudonym`.

use std::io::stdin;
use std::sync::Arc;

use clap::Args;

use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::pseudonym::{Pseudonymizer, SecretKey};
use crate::store::{IdentifierKind, IdentifierList, Store, StoreError, read_identifiers};

#[derive(Args)]
pub(crate) struct Names {
    /// What the identifiers identify
    #[arg(long, value_enum)]
    kind: IdentifierKind,
    /// The agency that issued them, if the files named one
    #[arg(long, value_name = "NAME")]
    agency: Option<String>,
}

impl Names {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let key = if Store::exists(&global.store) {
            // Pseudonyms of another key would be of nobody in the store.
            let (key, former) = global.open()?.present_or_former_key()?;
            former.iter().for_each(|former| output.warn(&former.to_string()));
            key
        } else {
            Arc::new(SecretKey::load(&global.key().ok_or(StoreError::KeyNeeded)?)?)
        };
        let list = IdentifierList {
            kind: self.kind,
            agency: self.agency.as_deref(),
            name: "standard input",
            lines: &mut stdin().lock(),
        };
        let names = read_identifiers(list, &Pseudonymizer::new(&key))?;
        output.data(&names.iter().map(|name| format!("{name}\n")).collect::<String>())?;
        Ok(Outcome::Done)
    }
}
