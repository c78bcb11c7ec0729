//! `verify`.

use clap::Args;

use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count, plural};
use crate::index::IndexError;
use crate::store::{IndexCheck, LedgerCheck, MarkFinding, MarksCheck, VaultCheck};

#[derive(Args)]
pub(crate) struct Verify {
    /// Take a ledger that was changed by other means, and is sound otherwise, for what was written last; needs --reason
    #[arg(long)]
    reseal: bool,
}

impl Verify {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = global.open()?;
        if self.reseal {
            match store.reseal(&global.entry("verify"))? {
                true => output.say("ledger: sealed as it is now; the audit chain says so"),
                false => output.say("ledger: nothing to seal: it is what was written last"),
            }
        }
        let found = store.verify()?;
        let is_sound = found.is_sound();
        match found.ledger? {
            LedgerCheck::Damaged(findings) => {
                findings.iter().for_each(|finding| output.warn(&format!("ledger: {finding}")));
            }
            LedgerCheck::Sound(counts) => output.say(&format!(
                "ledger: sound; {} families with {} relatives, {} children, {} candidates",
                count(counts.families),
                count(counts.relatives),
                count(counts.children),
                count(counts.candidates)
            )),
        }
        match found.settings {
            Ok(changed) => changed.iter().for_each(|changed| output.warn(&format!("settings: {changed}"))),
            Err(error) => output.warn(&format!("settings: not compared with the last match: {}", error.with_causes())),
        }
        let chain = found.audit?;
        chain.breaks.iter().for_each(|one| output.warn(&format!("audit chain: {one}")));
        if chain.is_sound() {
            output.say(&format!("audit chain: sound; {} records", count(chain.records)));
        }
        if found.interrupted? {
            output.warn(
                "an expunge was interrupted, or a change of the key: run `reunite index`, which removes the last traces",
            );
        }
        if let Some(change) = found.key_change? {
            output.say(&format!(
                "key: {}; a change to {} was begun, and nothing came of it: repeat `reunite key rotate`, or go on as before",
                change.present, change.next
            ));
        }
        say_vault(&found.vault?, output);
        match found.marks {
            Ok(marks) => say_marks(&marks, output),
            Err(error) => output.warn(&format!("marks: not checked: {}", error.with_causes())),
        }
        match found.index? {
            IndexCheck::Sound(children) => output.say(&format!("index: sound; {} children", count(children))),
            IndexCheck::Missing => output.say("index: none yet; the next match builds it"),
            IndexCheck::Stale => output.say("index: of an earlier generation; the next match builds it again"),
            IndexCheck::Unsound(error) => output.warn(&format!("index: {error}; build it again with `reunite index`")),
        }
        match found.families_index {
            IndexCheck::Missing => {}
            IndexCheck::Sound(families) => {
                output.say(&format!("families index: sound; {} families", count(families)));
            }
            IndexCheck::Stale => output.say("families index: of another program; the next match writes it again"),
            IndexCheck::Unsound(IndexError::Damaged(what)) => {
                output.warn(&format!("families index: damaged ({what}): write it again with `reunite match --full`"));
            }
            IndexCheck::Unsound(error) => output.warn(&format!("families index: {error}")),
        }
        Ok(if is_sound { Outcome::Done } else { Outcome::Nothing })
    }
}

fn say_vault(vault: &VaultCheck, output: &Output) {
    vault.faults.iter().for_each(|fault| output.warn(&format!("vault: {fault}")));
    if vault.orphans > 0 {
        output.say(&format!(
            "vault: {} files of commands that were interrupted; `reunite vault sweep` removes them",
            vault.orphans
        ));
    }
    if vault.in_file_order > 0 {
        output.warn(&format!(
            "vault: {} lists people in the order of the imported file, which may tell who is who without the key: run `reunite \
             key rotate`, which sorts it",
            plural(vault.in_file_order, "file")
        ));
    }
    if let Some(unsealed) = vault.unsealed {
        output.say(&format!(
            "vault: sound; {} in {}, {} without",
            plural(vault.records, "sealed record"),
            plural(vault.files, "file"),
            plural(unsealed, "sample")
        ));
    }
}

fn say_marks(marks: &MarksCheck, output: &Output) {
    output.say(&format!(
        "marks: {} of {} checked families; {} wait for the next import or match",
        count(marks.marks),
        count(marks.checked),
        count(marks.waiting)
    ));
    for finding in &marks.findings {
        let fix = match finding {
            MarkFinding::Differs { family, .. } => format!(": run `reunite families check {family}`"),
            _ => String::new(),
        };
        output.warn(&format!("marks: {finding}{fix}"));
    }
}
