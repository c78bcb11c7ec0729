//! `exchange`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::notices::Notices;
use crate::cli::options::{FormatOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, plural};
use crate::exchange::{ContentKind, ExchangeKey};
use crate::model::shown_path;
use crate::report::Format;
use crate::store::{NewPartner, PackageOptions, PackageTaken};

#[derive(Subcommand)]
pub(crate) enum Exchange {
    /// Write a new exchange key, with which this laboratory signs packages and opens those for it
    ///
    /// Beside the key comes its card (.pub): give it to the agencies, and read them its fingerprint by telephone.
    Key {
        /// The file to write; keep it outside the store
        file: PathBuf,
    },
    /// Manage the agencies with which records are exchanged
    #[command(subcommand)]
    Partner(PartnerCommand),
    /// Write a package for an agency: profiles that are new or changed, and the names of withdrawn ones
    ///
    /// It holds sex, genotypes, drop-out, relations, pedigrees, coded facts, and the legal basis, purposes and last day of keeping,
    /// under names that only this agency gets; no regions, kits or identifiers. Samples whose terms do not allow it stay here.
    Export(ExportRecords),
    /// Take a package of an agency: all of it, or nothing
    Import(ImportPackage),
    /// Write a package for an agency with the hits of the last match in which one side is its own
    Results(ExportResults),
    /// List the hits that other agencies sent
    Hits(ListHits),
}

#[derive(Subcommand)]
pub(crate) enum PartnerCommand {
    /// Add an agency by its card
    Add(AddPartner),
    /// List the agencies, and what passed between them and this store
    List {
        #[command(flatten)]
        format: FormatOption,
    },
    /// Exchange nothing with an agency any more; what it sent before stays
    Revoke {
        /// The name of the agency
        name: String,
    },
}

#[derive(Args)]
pub(crate) struct AddPartner {
    /// A name for the agency
    name: String,
    /// The file with its card
    card: PathBuf,
    /// Give an agency of this name another card; what passed before stays valid
    #[arg(long)]
    replace: bool,
    /// This laboratory's exchange key, so that its own card is not added by mistake
    #[arg(long, value_name = "FILE", env = "REUNITE_EXCHANGE_KEY_FILE")]
    exchange_key: Option<PathBuf>,
}

/// The key of this laboratory.
#[derive(Args)]
struct KeyOption {
    /// This laboratory's exchange key
    #[arg(long, value_name = "FILE", env = "REUNITE_EXCHANGE_KEY_FILE")]
    exchange_key: PathBuf,
}

/// The package to write.
#[derive(Args)]
struct Package {
    /// The agency
    #[arg(long, value_name = "AGENCY")]
    to: String,
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    key: KeyOption,
    /// Send everything, not only what changed: for an agency that missed packages
    #[arg(long)]
    complete: bool,
    /// The last package that the agency took, if this store lost count
    #[arg(long, value_name = "N", requires = "complete")]
    after: Option<u64>,
}

impl Package {
    fn options<'a>(&'a self, key: &'a ExchangeKey) -> PackageOptions<'a> {
        PackageOptions { to: &self.to, key, file: &self.file, complete: self.complete, after: self.after }
    }

    fn say(&self, package: Option<u64>, last: u64, output: &Output) {
        match package {
            Some(number) => output.say(&format!(
                "wrote package {number} for {} to {}; only that agency can open it",
                self.to,
                shown_path(&self.file)
            )),
            None if last == 0 => output.say(&format!("nothing is new for {}: no package was written", self.to)),
            None => output.say(&format!(
                "nothing is new for {} since package {last}: no package was written; if that one did not arrive, --complete sends everything",
                self.to
            )),
        }
    }
}

#[derive(Args)]
pub(crate) struct ExportRecords {
    #[command(flatten)]
    package: Package,
    /// Include what other agencies sent
    #[arg(long)]
    relayed: bool,
}

#[derive(Args)]
pub(crate) struct ExportResults {
    #[command(flatten)]
    package: Package,
    /// The least log10 LR to send [default: the threshold of the store]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    min_log10_lr: Option<f64>,
}

#[derive(Args)]
pub(crate) struct ImportPackage {
    /// The package
    file: PathBuf,
    #[command(flatten)]
    key: KeyOption,
    /// Check the package, and take nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
pub(crate) struct ListHits {
    /// Only those of this agency
    #[arg(long, value_name = "AGENCY")]
    from: Option<String>,
    #[command(flatten)]
    format: FormatOption,
}

impl Exchange {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Key { file } => {
                let key = ExchangeKey::generate(file)?;
                output.say(&format!(
                    "wrote the exchange key to {0} and its card to {0}.pub\nits fingerprint, to read to the agencies by telephone: {1}",
                    shown_path(file),
                    key.card().fingerprint()
                ));
                Ok(Outcome::Done)
            }
            Self::Partner(command) => command.run(global, output),
            Self::Export(command) => command.run(global, output),
            Self::Import(command) => command.run(global, output),
            Self::Results(command) => command.run(global, output),
            Self::Hits(command) => command.run(global, output),
        }
    }
}

impl PartnerCommand {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Add(command) => {
                let store = global.open()?;
                let own = command.exchange_key.as_deref().map(|file| store.exchange_key(file)).transpose()?;
                let own = own.as_ref();
                let new = NewPartner { name: &command.name, card: &command.card, replace: command.replace, own };
                let fingerprint = store.add_partner(&new, &global.entry("exchange partner add"))?;
                output.say(&format!(
                    "admitted the agency {}; compare the fingerprint of its card by telephone, on the number on file: {fingerprint}",
                    command.name
                ));
            }
            Self::List { format } => {
                let entry = global.entry("exchange partner list").with("format", format.format.word());
                let report = global.open()?.list_partners(&entry)?;
                match format.format {
                    Format::Json => output.data(&report.json()?)?,
                    Format::Csv => output.data(&report.csv())?,
                    Format::Table if report.agencies.is_empty() => {}
                    Format::Table => output.page(report.table())?,
                }
                if format.format == Format::Table {
                    for row in &report.agencies {
                        output.say(&format!("card of {}: {}", row.agency, row.card));
                    }
                }
                output.say(&format!("agencies: {}", count(report.agencies.len() as u64)));
            }
            Self::Revoke { name } => {
                global.open()?.revoke_partner(name, &global.entry("exchange partner revoke"))?;
                output.say(&format!(
                    "revoked the agency {name}: nothing is sent to it, and nothing taken from it; what it sent before stays until it is expunged"
                ));
            }
        }
        Ok(Outcome::Done)
    }
}

impl ExportRecords {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("exchange export"));
        let key = store.exchange_key(&self.package.key.exchange_key)?;
        let sent = store.send_records(&self.package.options(&key), self.relayed, &entry, &Notices::new(output))?;
        self.package.say(sent.package, sent.last, output);
        output.say(&format!(
            "new or changed: {} and {}; withdrawn: {}; unchanged: {}",
            plural(sent.children, "child"),
            plural(sent.families, "family"),
            count(sent.gone),
            count(sent.unchanged)
        ));
        if sent.withheld > 0 {
            output.warn(&format!("samples whose terms do not allow exchange stay here: {}", count(sent.withheld)));
        }
        if sent.no_longer_relayed > 0 {
            output.warn(&format!(
                "without --relayed, records of other agencies are withdrawn: {}",
                count(sent.no_longer_relayed)
            ));
        }
        Ok(Outcome::Done)
    }
}

impl ExportResults {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("exchange results"));
        let key = store.exchange_key(&self.package.key.exchange_key)?;
        let sent = store.send_hits(&self.package.options(&key), self.min_log10_lr, &entry, &Notices::new(output))?;
        if sent.outdated {
            output.warn(
                "samples or families changed since the last match: these are its hits; match first, then send again",
            );
        }
        self.package.say(sent.package, sent.last, output);
        output.say(&format!(
            "new or changed: {}; withdrawn: {}; unchanged: {}",
            plural(sent.hits, "hit"),
            count(sent.gone),
            count(sent.unchanged)
        ));
        if sent.below > 0 {
            output.warn(&format!(
                "the threshold is higher than before, and hits below it are withdrawn: {}",
                count(sent.below)
            ));
        }
        Ok(Outcome::Done)
    }
}

impl ImportPackage {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("exchange import"));
        let key = store.exchange_key(&self.key.exchange_key)?;
        let done = store.take_package(&self.file, &key, self.dry_run, &entry, &Notices::new(output))?;
        for finding in &done.findings {
            output.warn(&finding.text);
        }
        say_taken(&done, output);
        Ok(Outcome::Done)
    }
}

/// Says what was taken from a package.
fn say_taken(done: &PackageTaken, output: &Output) {
    let PackageTaken { agency, package, made_on, .. } = done;
    if done.complete {
        output.say(&format!(
            "package {package} of {agency}, made on {made_on}, complete: it replaces all {} taken before",
            done.content.word()
        ));
    } else {
        output.say(&format!("package {package} of {agency}, made on {made_on}"));
    }
    let Some(taken) = &done.taken else {
        let holds = match done.content {
            ContentKind::Records => {
                format!("{} and {}", plural(done.first, "child"), plural(done.families, "family"))
            }
            ContentKind::Hits => plural(done.first, "hit"),
        };
        output.say(&format!("it is sound, and holds {holds}; withdrawn: {}; nothing was taken", count(done.gone)));
        return;
    };
    match done.content {
        ContentKind::Records => {
            output.say(&format!(
                "children: {} new, {} changed; relatives: {} new, {} changed",
                count(taken.children.added),
                count(taken.children.replaced),
                count(taken.families.added),
                count(taken.families.replaced)
            ));
            if taken.samples_gone + taken.families_gone > 0 {
                output.say(&format!(
                    "withdrawn by the agency, and deleted: {} and {}",
                    plural(taken.samples_gone, "sample"),
                    plural(taken.families_gone, "family")
                ));
            }
            if taken.left_out > 0 {
                output.warn(&format!(
                    "{} of the package left out, because this store expunged them itself",
                    plural(taken.left_out, "record")
                ));
            }
        }
        ContentKind::Hits => {
            if done.unknown > 0 {
                output.warn(&format!(
                    "hits left out, because this store does not have their record: {}; `reunite exchange export --complete` tells the agency what there is",
                    count(done.unknown)
                ));
            }
            output.say(&format!(
                "hits: {} new or changed, {} withdrawn; `reunite exchange hits` lists them",
                count(taken.hits),
                count(taken.hits_gone)
            ));
        }
    }
}

impl ListHits {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let entry = global.entry("exchange hits").with("format", self.format.format.word());
        let report = global.open()?.list_hits(self.from.as_deref(), &entry)?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.hits.is_empty() => {}
            Format::Table => output.page(report.table())?,
        }
        output.say(&format!("hits of other agencies: {}", count(report.hits.len() as u64)));
        Ok(Outcome::Done)
    }
}
