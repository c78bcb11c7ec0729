//! `init`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::matching::Criterion;

use super::Outcome;
use super::model::ModelOptions;
use super::options::{Frequencies, FrequencyOption, Global};
use super::output::{Output, plural};
use super::store::{Protection, Store, load_key};

#[derive(Args)]
pub(super) struct Init {
    #[command(flatten)]
    frequencies: FrequencyOption,
    /// The least log10 LR of a candidate
    #[arg(long, value_name = "X", default_value_t = 4.0, allow_negative_numbers = true)]
    min_log10_lr: f64,
    /// An age recipient (age1...) to whom original identifiers are sealed on import; may be given several times
    #[arg(long, value_name = "RECIPIENT")]
    custodian: Vec<String>,
    /// A folder to keep the index in, which is built from the ledger where it is missing: that of a memory file system, and
    /// profiles are on no disk but in the ledger
    #[arg(long, value_name = "DIR")]
    index_dir: Option<PathBuf>,
    #[command(flatten)]
    model: ModelOptions,
}

impl Init {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let key = global.key().map(|key| load_key(Some(&key))).transpose()?.map(Arc::new);
        let custodians = super::vault::custodians(&self.custodian)?;
        let Frequencies { text, table, base, notes } = self.frequencies.read_with_base()?;
        notes.iter().for_each(|note| output.warn(note));
        let settings = self.model.settings_over(&base)?;
        let criterion = checked(self.min_log10_lr)?;
        if let Some(folder) = &self.index_dir {
            anyhow::ensure!(folder.is_dir(), "--index-dir {}: there is no such folder", folder.display());
        }
        let protection = Protection { key: key.clone(), custodians: &custodians, index_dir: self.index_dir.as_deref() };
        let store = Store::create(&global.store, &text, &table, &settings, criterion, &protection)?;
        let entry = global
            .entry("init")
            .with("loci", table.panel().len())
            .with("custodians", super::vault::words(&custodians))
            .with_digest("frequencies", &table.digest());
        store.ledger()?.append(&entry)?;
        output.say(&format!(
            "made the store {} with {} loci; {}; candidates from log10 LR {}",
            store.dir().display(),
            table.panel().len(),
            store.calculator()?.settings_line(),
            criterion.min_log10_lr
        ));
        match &key {
            Some(key) => output.say(&format!("it belongs to the key {}", key.fingerprint())),
            None => output.say("it will belong to the key of the first import"),
        }
        match custodians.len() {
            0 => output.say("no custodian: original identifiers will not be kept, sealed or otherwise"),
            number => {
                output.say(&format!("original identifiers will be sealed to {}", plural(number as u64, "custodian")));
            }
        }
        Ok(Outcome::Done)
    }
}

/// A criterion from a number that may not be one.
pub(super) fn checked(min_log10_lr: f64) -> anyhow::Result<Criterion> {
    anyhow::ensure!(min_log10_lr.is_finite(), "--min-log10-lr {min_log10_lr} is no number");
    Ok(Criterion { min_log10_lr, ..Criterion::default() })
}
