//! `init`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::cli::doubt_options::DoubtOptions;
use crate::cli::model_options::ModelOptions;
use crate::cli::options::{FrequencyOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};
use crate::matching::{Criterion, Doubts};
use crate::model::shown_path;
use crate::pseudonym::SecretKey;
use crate::store::{Frequencies, Members, NewStore, Store, checked_threshold, custodians};

#[derive(Args)]
pub(crate) struct Init {
    #[command(flatten)]
    frequencies: FrequencyOption,
    /// The least log10 LR of a candidate
    #[arg(long, value_name = "X", default_value_t = 4.0, allow_negative_numbers = true)]
    min_log10_lr: f64,
    /// An age recipient (age1...) to whom imports seal original identifiers; may be given several times
    #[arg(long, value_name = "RECIPIENT")]
    custodian: Vec<String>,
    /// A folder for the index, which is rebuilt where it is missing; in a memory file system the ledger alone keeps
    /// profiles on a disk
    #[arg(long, value_name = "DIR")]
    index_dir: Option<PathBuf>,
    /// A group of accounts of this machine whose members work in the store as its owner does
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// A group of accounts whose members may list and verify what is in the store, and not change it
    #[arg(long, value_name = "GROUP", conflicts_with = "group")]
    readers: Option<String>,
    #[command(flatten)]
    doubts: DoubtOptions,
    #[command(flatten)]
    model: ModelOptions,
}

impl Init {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let key = global.key().map(|key| SecretKey::load(&key)).transpose()?.map(Arc::new);
        let custodians = custodians(&self.custodian)?;
        let frequencies = self.frequencies.read(output)?;
        let Frequencies { table, base, .. } = &frequencies;
        let settings = self.model.settings_over(base)?;
        let doubts = self.doubts.over(Doubts::usual())?;
        let min_log10_lr = checked_threshold(self.min_log10_lr)?;
        let criterion = Criterion { min_log10_lr, doubts, ..Criterion::default() };
        let group = match (&self.group, &self.readers) {
            (Some(group), _) => Some((group.as_str(), Members::Write)),
            (None, Some(readers)) => Some((readers.as_str(), Members::Read)),
            (None, None) => None,
        };
        let store = Store::create_recorded(
            &global.store,
            &NewStore {
                criterion,
                key: key.clone(),
                custodians: &custodians,
                index_dir: self.index_dir.as_deref(),
                group,
                ..NewStore::new(&frequencies, &settings)
            },
            global.entry("init"),
        )?;
        output.say(&format!(
            "created the store {} with {} loci; {}; candidates from log10 LR {}",
            shown_path(store.dir()),
            table.panel().len(),
            store.calculator()?.settings_line(),
            criterion.min_log10_lr
        ));
        match &key {
            Some(key) => output.say(&format!("it belongs to the key {}", key.fingerprint())),
            None => output.say("it will belong to the key of the first import"),
        }
        match group {
            Some((group, Members::Write)) => output.say(&format!("members of the group {group} can work in it")),
            Some((group, Members::Read)) => {
                output.say(&format!("members of the group {group} can list and verify what is in it"));
            }
            None => {}
        }
        match custodians.len() {
            0 => output.say("no custodian: imports will not keep original identifiers"),
            number => {
                output
                    .say(&format!("imports will seal original identifiers to {}", plural(number as u64, "custodian")));
            }
        }
        Ok(Outcome::Done)
    }
}
