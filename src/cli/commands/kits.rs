//! `kits`.

use anyhow::bail;
use clap::Args;

use crate::cli::options::{FormatOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::intake::{Kit, KitUse, UnknownKit};
use crate::model::Panel;
use crate::population::FrequencyTable;
use crate::report::{Format, KitRow, KitsReport};
use crate::store::Store;

#[derive(Args)]
pub(crate) struct Kits {
    /// Those of which it was not verified which loci they type, too
    #[arg(long)]
    unverified_kits: bool,
    #[command(flatten)]
    format: FormatOption,
}

impl Kits {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let table = if Store::exists(&global.store) {
            global.open()?.table().clone()
        } else {
            output.say("there is no store here: the panel is that of the built-in frequencies");
            FrequencyTable::chinese_han_23().clone()
        };
        let (shown, left): (Vec<&Kit>, Vec<&Kit>) =
            Kit::all().iter().partition(|kit| kit.is_verified() || self.unverified_kits);
        let report = KitsReport::new(table.panel().len(), shown.iter().map(|kit| row(kit, table.panel())).collect());
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.page(report.table())?,
        }
        if !left.is_empty() {
            let names: Vec<&str> = left.iter().map(|kit| kit.name()).collect();
            output.say(&format!("not verified, and shown with --unverified-kits only: {}", names.join(", ")));
        }
        Ok(Outcome::Done)
    }
}

fn row(kit: &Kit, panel: &Panel) -> KitRow {
    KitRow {
        name: kit.name().to_owned(),
        loci: kit.loci().to_vec(),
        loci_in_panel: panel.loci().iter().filter(|locus| kit.has(locus)).count(),
        verified: kit.is_verified(),
    }
}

/// What the options of an import say of kits.
pub(super) fn kit_use(name: Option<&str>, unverified: bool) -> anyhow::Result<KitUse> {
    let Some(name) = name else { return Ok(KitUse { stated: None, unverified }) };
    match Kit::named(name) {
        Ok(kit) if !kit.is_verified() && !unverified => bail!(
            "--kit: which loci {} types was not verified; with --unverified-kits it is used all the same",
            kit.name()
        ),
        Ok(kit) => Ok(KitUse { stated: Some(kit), unverified }),
        Err(UnknownKit { nearest: Some(nearest) }) => {
            bail!("--kit: no kit of this name is known; did you mean {nearest}? See `reunite kits`")
        }
        Err(UnknownKit { nearest: None }) => bail!("--kit: no kit of this name is known: see `reunite kits`"),
    }
}
