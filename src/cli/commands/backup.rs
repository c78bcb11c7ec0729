//! `backup`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::notices::Notices;
use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, hex, plural};
use crate::model::{shown, shown_path};
use crate::pseudonym::{KeySource, Passphrase};
use crate::store::{BackedUp, BackupFor, BackupOptions, custodians};

#[derive(Args)]
pub(crate) struct Backup {
    /// The file to write; it must be new
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// An age recipient (age1...) who can open the file; may be given several times [default: the custodians of the
    /// store]
    #[arg(long, value_name = "RECIPIENT", conflicts_with = "passphrase_file")]
    recipient: Vec<String>,
    /// Seal with the passphrase in this file, of at least 12 characters, instead of for recipients
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Backup {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let these = custodians(&self.recipient)?;
        let load = |file: &PathBuf| Passphrase::load(&KeySource::File(file.clone()));
        let passphrase = self.passphrase_file.as_ref().map(load).transpose()?;
        let sealed_for = match &passphrase {
            Some(passphrase) => {
                passphrase.check_new()?;
                BackupFor::Passphrase(passphrase)
            }
            None if these.is_empty() => BackupFor::Custodians,
            None => BackupFor::These(&these),
        };
        let options = BackupOptions { file: &self.file, sealed_for };
        let done = global.open()?.backup(&options, &global.entry("backup"), &Notices::new(output))?;
        for fault in &done.faults {
            output.warn(&format!("vault: {fault}; everything else is in the backup"));
        }
        if !done.left_out.is_empty() {
            let names: Vec<String> = done.left_out.iter().map(|name| shown(name).into_owned()).collect();
            output.warn(&format!("not a part of a store, and not in the backup: {}", names.join(", ")));
        }
        let BackedUp { recipients, digest, bytes, generation, records, families, children, .. } = &done;
        let whom = match recipients.len() {
            0 => "with the passphrase".to_owned(),
            number => format!("for {}", plural(number as u64, "recipient")),
        };
        output.say(&format!(
            "{}: {} bytes, sealed {whom} and read back\ngeneration {generation}: {}, {}, {} of the audit chain\nBLAKE3 {}\nthe \
             secret key is not in it: keep a copy of the key at another place",
            shown_path(&self.file),
            count(*bytes),
            plural(*families, "family"),
            plural(*children, "child"),
            plural(*records, "record"),
            hex(digest)
        ));
        Ok(Outcome::unless_empty(!done.faults.is_empty()))
    }
}
