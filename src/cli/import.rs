//! `import`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::intake::{
    FamilyPedigrees, Intake, Layout, NumberKind, Problem, Request, Severity, file_bytes, read_bytes, read_telling,
};
use crate::ledger::{Batch, Holds, ImportReport, Ledger, LedgerError, OnConflict, Record};
use crate::model::{Panel, Pseudonym};
use crate::pseudonym::Pseudonymizer;
use crate::report::{FileOutcome, FileReport, ImportLog, listing};

use super::Outcome;
use super::diagnose;
use super::import_sources::{Source, sources, write_over};
use super::options::Global;
use super::output::{Output, count, hex};
use super::store::Store;

#[derive(Args)]
pub(super) struct Import {
    /// What the files hold: families or children; their columns tell, if this is left out
    #[arg(long = "as", value_name = "LAYOUT")]
    layout: Option<Layout>,
    /// CSV files, and folders: of a folder every file whose name ends as such files do, by name
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
    /// Warn of profiles with fewer typed loci, of those matched on
    #[arg(long, value_name = "N", default_value_t = 8)]
    min_loci: usize,
    /// What the sample_id are, if they are numbers of persons: check them
    #[arg(long, value_enum, value_name = "KIND")]
    sample_id_kind: Option<SampleIdKind>,
    /// How findings go out: text to standard error, or JSON with all of them to standard output
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Form::Text)]
    report_format: Form,
    /// Write what came of each file into this file: JSON with name, digest, rows and numbers of findings
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
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

#[derive(Clone, Copy, ValueEnum)]
enum SampleIdKind {
    /// Resident ID numbers
    ResidentId,
    /// Numbers of birth certificates
    BirthCertificate,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What a run of the command works with.
struct Desk<'a> {
    store: &'a Store,
    ledger: &'a mut Ledger,
    request: Request<'a>,
    output: &'a Output,
    log: ImportLog,
    with_rows: BTreeSet<Pseudonym>,
}

impl Import {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store)?;
        let _lock = store.lock()?;
        let mut ledger = store.ledger()?;
        let pseudonymizer = store.pseudonymizer(&mut ledger, global.key_file.as_deref())?;
        let pedigrees = match &self.pedigrees {
            None => None,
            Some(path) => match self.read_pedigrees(path, &pseudonymizer, output)? {
                None => return Ok(Outcome::Rejected),
                found => found,
            },
        };
        let request = Request {
            // If it is not said, this is not looked at.
            layout: self.layout.unwrap_or(Layout::Families),
            format: None,
            panel: store.table.panel(),
            pseudonymizer: &pseudonymizer,
            pedigrees: pedigrees.as_ref(),
            sample_id_kind: self.sample_id_kind.map(|kind| match kind {
                SampleIdKind::ResidentId => NumberKind::ResidentId,
                SampleIdKind::BirthCertificate => NumberKind::BirthCertificate,
            }),
        };
        let program = concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned();
        let log = ImportLog { program, dry_run: self.dry_run, ..ImportLog::default() };
        let (store, ledger) = (&store, &mut ledger);
        let mut desk = Desk { store, ledger, request, output, log, with_rows: BTreeSet::new() };
        let files = sources(&self.files, self.pedigrees.as_deref())?;
        // What was done before something failed is told all the same.
        let done = files.iter().try_for_each(|source| self.file(source, &mut desk));
        let Desk { log, with_rows, .. } = desk;
        if self.report_format == Form::Json {
            output.data(&log.json()?)?;
        } else if let Some(summary) = log.summary() {
            output.say(&format!("\n{summary}"));
        }
        if let Some(path) = &self.manifest {
            write_over(path, log.manifest()?.as_bytes())?;
        }
        done?;
        if let (Some(pedigrees), Some(path)) = (&pedigrees, &self.pedigrees)
            && with_rows.len() < pedigrees.len()
        {
            let without = plural((pedigrees.len() - with_rows.len()) as u64, "pedigree");
            output.warn(&format!("{}: {without} of families without a sound row here: not imported", path.display()));
        }
        let refused = log.findings.iter().any(|problem| problem.severity == Severity::Error);
        Ok(if refused { Outcome::Rejected } else { Outcome::Done })
    }

    /// `None` if something is wrong with the file, which has been said then.
    fn read_pedigrees(
        &self,
        path: &Path,
        pseudonymizer: &Pseudonymizer,
        output: &Output,
    ) -> anyhow::Result<Option<FamilyPedigrees>> {
        if self.layout == Some(Layout::Children) {
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

    /// Reads a file, says what it found, imports it, and enters it into the log.
    fn file(&self, source: &Source, desk: &mut Desk<'_>) -> anyhow::Result<()> {
        let started = Instant::now();
        let name = source.path.display().to_string();
        let mut report = FileReport::new(name.clone());
        let whole = |severity, code, what: String| Problem {
            file: name.as_str().into(),
            line: 0,
            column: None,
            severity,
            code,
            what: what.into(),
        };
        if let Some(why) = source.skipped {
            self.tell(desk, &mut report, vec![whole(Severity::Note, "skipped", why.to_owned())], None);
            desk.log.files.push(report);
            return Ok(());
        }
        let bytes = match file_bytes(&source.path) {
            Ok(bytes) => bytes,
            Err(error) => {
                report.outcome = FileOutcome::Rejected;
                let problem = whole(Severity::Error, "unreadable", error.to_string());
                self.tell(desk, &mut report, vec![problem], Some(&[error.to_string()]));
                desk.log.files.push(report);
                return Ok(());
            }
        };
        let mut intake = match self.layout {
            Some(_) => read_bytes(&name, &bytes, &desk.request),
            None => read_telling(&name, &bytes, &desk.request),
        };
        drop(bytes);
        report.blake3 = Some(hex(&intake.digest));
        report.size = Some(intake.size);
        report.format = Some(format!("{:?}", intake.format).to_lowercase());
        report.layout = Some(intake.layout.word());
        report.rows.sound = intake.rows.len() as u64;
        report.rows.rejected = intake.rejected;
        let mut findings = std::mem::take(&mut intake.problems);
        let bad = findings.len();
        findings.append(&mut intake.notes);
        findings.extend(diagnose::unusual(&name, &intake, desk.store, self.min_loci));
        findings.sort_by_key(|problem| (problem.severity, problem.place()));
        self.tell(desk, &mut report, findings, None);
        desk.with_rows.extend(intake.pedigrees.iter().map(|pedigree| pedigree.family));
        let taken = if bad > 0 && (!self.keep_going || intake.rows.is_empty()) {
            desk.output.warn(&format!("{name}: {} found, nothing imported", plural(bad as u64, "problem")));
            report.outcome = FileOutcome::Rejected;
            Ok(())
        } else {
            self.take(intake, desk, &name, &mut report)
        };
        if matches!(report.outcome, FileOutcome::Imported | FileOutcome::Unchanged) && bad == 0 {
            desk.output.say(&format!("  in {:.2} s", started.elapsed().as_secs_f64()));
        }
        desk.log.files.push(report);
        taken
    }

    /// Says findings, in these words or their own, and enters them.
    fn tell(&self, desk: &mut Desk<'_>, report: &mut FileReport, findings: Vec<Problem>, texts: Option<&[String]>) {
        for problem in &findings {
            *report.findings.entry(problem.code).or_default() += 1;
        }
        if self.report_format == Form::Text {
            let text = |(at, problem): (usize, &Problem)| {
                let text = texts.and_then(|texts| texts.get(at).cloned()).unwrap_or_else(|| problem.to_string());
                (problem.severity, problem.code, text)
            };
            for (severity, line) in listing(&report.file, findings.iter().enumerate().map(text)) {
                match severity {
                    Severity::Note => desk.output.say(&line),
                    Severity::Error | Severity::Warning => desk.output.warn(&line),
                }
            }
        }
        desk.log.findings.extend(findings);
    }

    fn take(&self, intake: Intake, desk: &mut Desk<'_>, name: &str, report: &mut FileReport) -> anyhow::Result<()> {
        let on_conflict = match self.on_conflict {
            Conflict::Refuse => OnConflict::Refuse,
            Conflict::Keep => OnConflict::Keep,
            Conflict::Replace => OnConflict::Replace,
        };
        let layout = intake.layout;
        let batch = batch(intake);
        let conflicts = |desk: &mut Desk<'_>, found: &[crate::ledger::Conflict], severity, report: &mut FileReport| {
            let texts: Vec<String> = found.iter().map(|conflict| format!("{name}: {conflict}")).collect();
            let problems = found.iter().map(|conflict| diagnose::conflict(name, conflict, severity)).collect();
            self.tell(desk, report, problems, Some(&texts));
        };
        match desk.ledger.import(&batch, on_conflict, self.dry_run) {
            Ok(done) => {
                let all_known = done.added + done.replaced + done.kept == 0;
                report.outcome = if all_known { FileOutcome::Unchanged } else { FileOutcome::Imported };
                let rows = &mut report.rows;
                (rows.added, rows.unchanged, rows.replaced, rows.kept) =
                    (done.added, done.unchanged, done.replaced, done.kept);
                desk.output.say(&format!("{name}: {}", summary(&done, layout, self.dry_run)?));
                conflicts(desk, &done.conflicts, Severity::Warning, report);
                if layout == Layout::Families && !self.dry_run && done.added + done.replaced > 0 {
                    let (problems, texts) = diagnose::marks(&batch, desk.ledger, desk.store, desk.output, name)?;
                    self.tell(desk, report, problems, Some(&texts));
                }
                Ok(())
            }
            Err(LedgerError::Conflicts(found)) => {
                report.outcome = FileOutcome::Conflict;
                conflicts(desk, &found, Severity::Error, report);
                let advice = if found.iter().all(|conflict| conflict.kind.is_replaceable()) {
                    "decide which version is right: --on-conflict keep leaves the store's, --on-conflict replace takes the file's"
                } else {
                    "correct the file, or withdraw what is wrong from the store"
                };
                let found = plural(found.len() as u64, "row");
                desk.output.warn(&format!(
                    "{name}: {found} in conflict with the store or with each other, nothing imported; {advice}"
                ));
                Ok(())
            }
            Err(error) => {
                report.outcome = FileOutcome::Failed;
                Err(error).with_context(|| format!("importing {name}"))
            }
        }
    }
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
        many: row.many,
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
    let request = Request { layout, format: None, panel, pseudonymizer, pedigrees: None, sample_id_kind: None };
    let intake = read_bytes(name, text.as_bytes(), &request);
    if let Some(problem) = intake.problems.first() {
        anyhow::bail!("{problem}");
    }
    Ok(ledger.import(&batch(intake), OnConflict::Refuse, false)?)
}
