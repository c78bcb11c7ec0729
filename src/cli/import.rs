//! `import`.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::audit::Entry;
use crate::intake::{FamilyPedigrees, Intake, Layout, Request, read_bytes, read_file};
use crate::ledger::{Batch, Holds, ImportReport, Ledger, LedgerError, OnConflict, Record};
use crate::model::{Panel, Pseudonym};
use crate::pseudonym::Pseudonymizer;
use crate::report::FindingRow;

use super::Outcome;
use super::checking::Checking;
use super::expunge::finish;
use super::options::Global;
use super::output::{Output, count};
use super::store::Store;
use super::vault::Sealing;

#[derive(Args)]
pub(super) struct Import {
    /// What the files hold: families or children
    #[arg(long = "as", value_name = "LAYOUT")]
    layout: Layout,
    /// CSV files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Pedigrees of families that relations do not describe: CSV with family_id, person, father, mother, sex, missing and
    /// sample_id; in FILE their relation is member
    #[arg(long, value_name = "FILE")]
    pedigrees: Option<PathBuf>,
    /// Read and check everything, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Import the sound rows of a file with bad ones; the exit status still says that some were rejected
    #[arg(long)]
    keep_going: bool,
    /// What to do with a sample that the store knows with other data
    #[arg(long, value_enum, default_value_t = Conflict::Refuse)]
    on_conflict: Conflict,
}

#[derive(Clone, Copy, ValueEnum)]
enum Conflict {
    /// Refuse the file and list the samples
    Refuse,
    /// Keep what the store has, import the rest
    Keep,
    /// Take what the file has
    Replace,
}

impl Conflict {
    fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Keep => "keep",
            Self::Replace => "replace",
        }
    }
}

impl Import {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store)?;
        let _lock = store.lock()?;
        let mut ledger = store.ledger()?;
        let mut pseudonymizer = store.pseudonymizer(&mut ledger, global.key().as_ref())?;
        finish(&store, &mut ledger, output)?;
        let sealing = Sealing::of(&store, &ledger)?;
        if sealing.is_some() {
            pseudonymizer = pseudonymizer.remembering();
        } else {
            output.say("no custodian: original identifiers are not kept (`reunite vault recipients add` names one)");
        }
        let pedigrees = match &self.pedigrees {
            None => None,
            Some(path) => match self.read_pedigrees(path, &pseudonymizer, output)? {
                None => return Ok(Outcome::Rejected),
                found => found,
            },
        };
        let request = Request {
            layout: self.layout,
            format: None,
            panel: store.table.panel(),
            pseudonymizer: &pseudonymizer,
            pedigrees: pedigrees.as_ref(),
        };
        let mut target = Target { store: &store, names: &pseudonymizer, sealing };
        let mut with_rows = BTreeSet::new();
        let mut outcome = Outcome::Done;
        for file in &self.files {
            let started = Instant::now();
            let intake = read_file(file, &request)?;
            with_rows.extend(intake.pedigrees.iter().map(|pedigree| pedigree.family));
            let taken = self.take(intake, &mut target, &mut ledger, global.entry("import"), output, file)?;
            if taken == Outcome::Rejected {
                outcome = Outcome::Rejected;
            } else {
                output.say(&format!("  in {:.2} s", started.elapsed().as_secs_f64()));
            }
        }
        if let (Some(pedigrees), Some(path)) = (&pedigrees, &self.pedigrees)
            && with_rows.len() < pedigrees.len()
        {
            let without = plural((pedigrees.len() - with_rows.len()) as u64, "pedigree");
            output.warn(&format!("{}: {without} of families without a sound row here: not imported", path.display()));
        }
        Ok(outcome)
    }

    /// `None` if something is wrong with the file, which has been said then.
    fn read_pedigrees(
        &self,
        path: &Path,
        pseudonymizer: &Pseudonymizer,
        output: &Output,
    ) -> anyhow::Result<Option<FamilyPedigrees>> {
        if self.layout != Layout::Families {
            bail!("--pedigrees goes with --as families");
        }
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        match FamilyPedigrees::read(&path.display().to_string(), &bytes, pseudonymizer) {
            Ok(pedigrees) => Ok(Some(pedigrees)),
            Err(problems) => {
                problems.iter().for_each(|problem| output.warn(&problem.to_string()));
                let found = plural(problems.len() as u64, "problem");
                output.warn(&format!("{}: {found} found, nothing imported", path.display()));
                Ok(None)
            }
        }
    }

    fn take(
        &self,
        intake: Intake,
        target: &mut Target<'_>,
        ledger: &mut Ledger,
        entry: Entry,
        output: &Output,
        file: &Path,
    ) -> anyhow::Result<Outcome> {
        for problem in intake.problems.iter().chain(&intake.notes) {
            output.warn(&problem.to_string());
        }
        let bad = intake.problems.len();
        let name = file.display();
        let entry = entry.with("problems", bad).with("on_conflict", self.on_conflict.word());
        let refused = entry.clone().with("as", intake.layout.word()).with_digest("file", &intake.digest);
        let refused = refused.with("outcome", "refused");
        if bad > 0 && (!self.keep_going || intake.rows.is_empty()) {
            output.warn(&format!("{name}: {} found, nothing imported", plural(bad as u64, "problem")));
            ledger.append(&refused)?;
            return Ok(Outcome::Rejected);
        }
        let on_conflict = match self.on_conflict {
            Conflict::Refuse => OnConflict::Refuse,
            Conflict::Keep => OnConflict::Keep,
            Conflict::Replace => OnConflict::Replace,
        };
        let layout = intake.layout;
        let batch = batch(intake);
        ledger.act_for(entry);
        match target.import(&batch, ledger, on_conflict, self.dry_run) {
            Ok(report) => {
                if self.dry_run {
                    ledger.append(&refused.with("outcome", "dry run"))?;
                }
                output.say(&format!("{name}: {}", summary(&report, layout, self.dry_run)?));
                for conflict in &report.conflicts {
                    output.warn(&format!("{name}: {conflict}"));
                }
                if layout == Layout::Families && !self.dry_run && report.added + report.replaced > 0 {
                    check(&batch, ledger, target.store, output, file)?;
                }
                Ok(if bad > 0 { Outcome::Rejected } else { Outcome::Done })
            }
            Err(LedgerError::Conflicts(conflicts)) => {
                for conflict in &conflicts {
                    output.warn(&format!("{name}: {conflict}"));
                }
                let advice = if conflicts.iter().all(|conflict| conflict.kind.is_replaceable()) {
                    "decide which version is right: --on-conflict keep leaves the store's, --on-conflict replace takes the file's"
                } else {
                    "correct the file, or withdraw what is wrong from the store"
                };
                ledger.append(&refused.with("conflicts", conflicts.len()))?;
                let found = plural(conflicts.len() as u64, "row");
                output.warn(&format!(
                    "{name}: {found} in conflict with the store or with each other, nothing imported; {advice}"
                ));
                Ok(Outcome::Rejected)
            }
            Err(error) => Err(error).with_context(|| format!("importing {name}")),
        }
    }
}

/// Where rows go.
struct Target<'a> {
    store: &'a Store,
    names: &'a Pseudonymizer,
    sealing: Option<Sealing>,
}

impl Target<'_> {
    fn import(
        &mut self,
        batch: &Batch,
        ledger: &mut Ledger,
        on_conflict: OnConflict,
        dry_run: bool,
    ) -> Result<ImportReport, LedgerError> {
        let Some(sealing) = &mut self.sealing else { return ledger.import(batch, on_conflict, dry_run) };
        let imported =
            ledger.import_sealed(batch, on_conflict, dry_run, &mut |rows| sealing.seal(batch, rows, self.names));
        self.names.forget();
        match &imported {
            Ok(_) => sealing.keep(),
            // What stays behind is sealed, and `verify` tells of it.
            Err(_) => drop(sealing.undo(ledger)),
        }
        imported
    }
}

/// Holds against themselves the families that a file touched, says what does not fit, and marks them.
fn check(batch: &Batch, ledger: &mut Ledger, store: &Store, output: &Output, file: &Path) -> anyhow::Result<()> {
    let checking = Checking::of(store)?;
    let families = checking.unchecked(ledger, store)?;
    let findings = checking.mark(ledger, &families, output)?;
    if findings.is_empty() {
        return Ok(());
    }
    let lines: HashMap<Pseudonym, u64> = batch.rows.iter().map(|row| (row.sample, row.line)).collect();
    for FindingRow { family, finding } in findings.iter().filter(|row| row.finding.severity.is_mark()) {
        let lines = finding.samples.iter().filter_map(|one| lines.get(&one.sample));
        let lines: Vec<String> = lines.map(|line| format!("line {line}")).collect();
        let place = if lines.is_empty() { String::new() } else { lines.join(", ") + ": " };
        output.warn(&format!("{}: {place}family {family} is marked: {finding}", file.display()));
    }
    Ok(())
}

fn plural(number: u64, word: &str) -> String {
    format!("{} {word}{}", count(number), if number == 1 { "" } else { "s" })
}

fn summary(report: &ImportReport, layout: Layout, dry_run: bool) -> anyhow::Result<String> {
    let rows = report.added + report.unchanged + report.replaced + report.kept;
    let before = match report.seen_before {
        Some(seconds) => format!(" (this very file was imported before, on {})", day(seconds)?),
        None => String::new(),
    };
    if rows == report.unchanged {
        return Ok(format!("{} of {layout}, all known and unchanged{before}: nothing changed", plural(rows, "row")));
    }
    let would = if dry_run { "would be " } else { "" };
    let mut text = format!("{} of {layout}: {} {would}added", plural(rows, "row"), count(report.added));
    for (number, what) in
        [(report.unchanged, "unchanged"), (report.replaced, "replaced"), (report.kept, "left as the store has them")]
    {
        if number > 0 {
            text += &format!(", {} {what}", count(number));
        }
    }
    if report.candidates_deleted > 0 {
        text += &format!("; {} withdrawn until the next match", plural(report.candidates_deleted, "candidate"));
    }
    if dry_run {
        text += "; dry run, nothing changed";
    }
    Ok(text + &before)
}

fn day(seconds: i64) -> anyhow::Result<String> {
    Ok(jiff::Timestamp::from_second(seconds)?.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// What intake read, as the ledger takes it.
pub(super) fn batch(intake: Intake) -> Batch {
    let holds = match intake.layout {
        Layout::Families => Holds::Families,
        Layout::Children => Holds::Children,
    };
    let rows = intake.rows.into_iter().map(|row| Record {
        line: row.line,
        sample: row.sample,
        family: row.family,
        sex: row.sex,
        agency: row.agency,
        region: row.region,
        kit: row.kit,
        collected_on: row.collected_on.map(|date| date.to_string()),
        drop_out: row.drop_out,
        profile: row.profile,
    });
    Batch { holds, file_digest: intake.digest, loci: intake.loci, rows: rows.collect(), pedigrees: intake.pedigrees }
}

/// Imports the text of a file that must be sound: one of ours.
pub(super) fn sound_text(
    name: &str,
    text: &str,
    layout: Layout,
    panel: &Panel,
    pseudonymizer: &Pseudonymizer,
    ledger: &mut Ledger,
) -> anyhow::Result<ImportReport> {
    let request = Request { layout, format: None, panel, pseudonymizer, pedigrees: None };
    let intake = read_bytes(name, text.as_bytes(), &request);
    if let Some(problem) = intake.problems.first() {
        anyhow::bail!("{problem}");
    }
    Ok(ledger.import(&batch(intake), OnConflict::Refuse, false)?)
}
