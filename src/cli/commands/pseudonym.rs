//! `pseudonym`.

use std::io::{BufRead, stdin};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::pseudonym::{Pseudonymizer, SecretKey};
use crate::store::StoreError;

#[derive(Args)]
pub(crate) struct Names {
    /// What the identifiers name
    #[arg(long, value_enum)]
    kind: Kind,
    /// The agency that issued them, if the files name one
    #[arg(long, value_name = "NAME")]
    agency: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Samples of relatives and of children
    Sample,
    /// Families
    Family,
}

impl Names {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let key = SecretKey::load(&global.key().ok_or(StoreError::KeyNeeded)?)?;
        let pseudonymizer = Pseudonymizer::new(&key);
        let mut text = String::new();
        for (i, line) in stdin().lock().lines().enumerate() {
            let line = line.with_context(|| format!("standard input, line {}", i + 1))?;
            let agency = self.agency.as_deref();
            let pseudonym = match self.kind {
                Kind::Sample => pseudonymizer.sample(agency, &line),
                Kind::Family => pseudonymizer.family(agency, &line),
            };
            match pseudonym {
                Ok(pseudonym) => text += &format!("{pseudonym}\n"),
                Err(error) => bail!("standard input, line {}: {error}", i + 1),
            }
        }
        output.data(&text)?;
        Ok(Outcome::Done)
    }
}
