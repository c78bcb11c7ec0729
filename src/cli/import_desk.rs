//! `import`, one file after the other: what is said of each, and what becomes of it.

use std::collections::{BTreeSet, HashSet};
use std::time::Instant;

use anyhow::Context;

use crate::audit::Entry;
use crate::intake::{
    FindingCode, Intake, Layout, Problem, Request, Severity, file_bytes, read_bytes, read_guessing_layout,
};
use crate::ledger::{Batch, ImportReport, Ledger, LedgerError, OnConflict};
use crate::model::Pseudonym;
use crate::pseudonym::Pseudonymizer;
use crate::report::{FileOutcome, FileReport, ImportLog, listing};

use super::diagnose;
use super::identities::check_new;
use super::import::{Conflict, Import, ReportForm, batch};
use super::import_sources::Source;
use super::output::{Output, count, hex, plural};
use super::store::Store;
use super::vault::Sealing;

/// What a run of the command works with.
pub(super) struct Desk<'a> {
    pub(super) import: &'a Import,
    pub(super) target: Target<'a>,
    pub(super) ledger: &'a mut Ledger,
    /// What the audit chain says of the command.
    pub(super) entry: Entry,
    pub(super) request: Request<'a>,
    pub(super) output: &'a Output,
    pub(super) log: ImportLog,
    pub(super) with_rows: BTreeSet<Pseudonym>,
    /// Sound samples, if there is a case list.
    pub(super) samples: HashSet<Pseudonym>,
}

/// Where rows go.
pub(super) struct Target<'a> {
    pub(super) store: &'a Store,
    pub(super) names: &'a Pseudonymizer,
    pub(super) sealing: Option<Sealing>,
}

impl Target<'_> {
    fn import(
        &mut self,
        batch: &Batch,
        ledger: &mut Ledger,
        on_conflict: OnConflict,
        dry_run: bool,
        entry: &Entry,
    ) -> Result<ImportReport, LedgerError> {
        let Some(sealing) = &mut self.sealing else { return ledger.import(batch, on_conflict, dry_run, entry) };
        let imported =
            ledger.import_sealed(batch, on_conflict, dry_run, &mut |rows| sealing.seal(batch, rows, self.names), entry);
        self.names.forget();
        match &imported {
            Ok(_) => sealing.keep(),
            // What stays behind is sealed, and `verify` tells of it.
            Err(_) => drop(sealing.undo(ledger)),
        }
        imported
    }
}

impl Desk<'_> {
    /// Reads a file, says what it found, imports it, and enters it into the log.
    pub(super) fn file(&mut self, source: &Source) -> anyhow::Result<()> {
        let started = Instant::now();
        let name = source.path.display().to_string();
        let mut report = FileReport::new(name.clone());
        if let Some(why) = source.skipped {
            self.tell(&mut report, vec![whole(&name, Severity::Note, FindingCode::Skipped, why.to_owned())], None);
            self.log.files.push(report);
            return Ok(());
        }
        let bytes = match file_bytes(&source.path) {
            Ok(bytes) => bytes,
            Err(error) => {
                report.outcome = FileOutcome::Rejected;
                let problem = whole(&name, Severity::Error, FindingCode::Unreadable, error.to_string());
                self.tell(&mut report, vec![problem], Some(&[error.to_string()]));
                self.log.files.push(report);
                return Ok(());
            }
        };
        let mut intake = match self.import.layout {
            Some(_) => read_bytes(&name, &bytes, &self.request),
            None => read_guessing_layout(&name, &bytes, &self.request),
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
        findings.extend(diagnose::unusual(&name, &intake, self.target.store, self.import.min_loci));
        findings.sort_by_key(|problem| (problem.severity, problem.place()));
        self.tell(&mut report, findings, None);
        if self.request.cases.is_some() {
            self.samples.extend(intake.rows.iter().map(|row| row.sample));
        }
        self.with_rows.extend(intake.pedigrees.iter().map(|pedigree| pedigree.family));
        let taken = if bad > 0 && (!self.import.keep_going || intake.rows.is_empty()) {
            self.output.warn(&format!("{name}: {} found, nothing imported", plural(bad as u64, "problem")));
            report.outcome = FileOutcome::Rejected;
            self.target.names.forget();
            let refused = self.refused(&intake, bad);
            self.ledger.append(&refused).map(drop).context("recording that a file was refused")
        } else {
            self.take(intake, bad, &name, &mut report)
        };
        if matches!(report.outcome, FileOutcome::Imported | FileOutcome::Unchanged) && bad == 0 {
            self.output.say(&format!("  in {:.2} s", started.elapsed().as_secs_f64()));
        }
        self.log.files.push(report);
        taken
    }

    /// Says findings, in these words or their own, and enters them.
    fn tell(&mut self, report: &mut FileReport, findings: Vec<Problem>, texts: Option<&[String]>) {
        for problem in &findings {
            *report.findings.entry(problem.code).or_default() += 1;
        }
        if self.import.report_format == ReportForm::Text {
            let text = |(at, problem): (usize, &Problem)| {
                let text = texts.and_then(|texts| texts.get(at).cloned()).unwrap_or_else(|| problem.to_string());
                (problem.severity, problem.code, text)
            };
            for (severity, line) in listing(&report.file, findings.iter().enumerate().map(text)) {
                match severity {
                    Severity::Note => self.output.say(&line),
                    Severity::Error | Severity::Warning => self.output.warn(&line),
                }
            }
        }
        self.log.findings.extend(findings);
    }

    /// A record of a file with so many problems.
    fn record(&self, problems: usize) -> Entry {
        self.entry.clone().with("problems", problems).with("on_conflict", self.import.on_conflict.word())
    }

    /// A record of one that changes nothing.
    fn refused(&self, intake: &Intake, problems: usize) -> Entry {
        let entry = self.record(problems).with("as", intake.layout.word()).with_digest("file", &intake.digest);
        entry.with("outcome", "refused")
    }

    fn take(&mut self, intake: Intake, problems: usize, name: &str, report: &mut FileReport) -> anyhow::Result<()> {
        let on_conflict = match self.import.on_conflict {
            Conflict::Refuse => OnConflict::Refuse,
            Conflict::Keep => OnConflict::Keep,
            Conflict::Replace => OnConflict::Replace,
        };
        let layout = intake.layout;
        let refused = self.refused(&intake, problems);
        let batch = batch(intake);
        let entry = self.record(problems);
        match self.target.import(&batch, self.ledger, on_conflict, self.import.dry_run, &entry) {
            Ok(done) => {
                if self.import.dry_run {
                    self.ledger.append(&refused.with("outcome", "dry run"))?;
                }
                let all_known = done.added + done.replaced + done.kept == 0;
                report.outcome = if all_known { FileOutcome::Unchanged } else { FileOutcome::Imported };
                let rows = &mut report.rows;
                (rows.added, rows.unchanged, rows.replaced, rows.kept) =
                    (done.added, done.unchanged, done.replaced, done.kept);
                self.output.say(&format!("{name}: {}", summary(&done, layout, self.import.dry_run)?));
                self.conflicts(name, &done.conflicts, Severity::Warning, report);
                if layout == Layout::Families && !self.import.dry_run && done.added + done.replaced > 0 {
                    let (problems, texts) = diagnose::marks(&batch, self.ledger, self.target.store, self.output, name)?;
                    self.tell(report, problems, Some(&texts));
                }
                if !self.import.skip_identities && !self.import.dry_run && done.added + done.replaced > 0 {
                    // The file is in, whatever comes of this.
                    let rule = self.import.rule.rule();
                    let (problems, texts) = check_new(&batch, self.ledger, self.target.store, rule, self.output, name)
                        .unwrap_or_else(|error| {
                            let what = format!("persons with two numbers were not looked for: {error:#}");
                            let problem = whole(name, Severity::Warning, FindingCode::Identities, what);
                            let text = problem.to_string();
                            (vec![problem], vec![text])
                        });
                    self.tell(report, problems, Some(&texts));
                }
                Ok(())
            }
            Err(LedgerError::Conflicts(found)) => {
                report.outcome = FileOutcome::Conflict;
                self.ledger.append(&refused.with("conflicts", found.len()))?;
                self.conflicts(name, &found, Severity::Error, report);
                let advice = if found.iter().all(|conflict| conflict.kind.is_replaceable()) {
                    "decide which version is right: --on-conflict keep leaves the store's, --on-conflict replace takes the file's"
                } else {
                    "correct the file, or withdraw what is wrong from the store"
                };
                let found = plural(found.len() as u64, "row");
                self.output.warn(&format!(
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

    fn conflicts(
        &mut self,
        name: &str,
        found: &[crate::ledger::Conflict],
        severity: Severity,
        report: &mut FileReport,
    ) {
        let texts: Vec<String> = found.iter().map(|conflict| format!("{name}: {conflict}")).collect();
        let problems = found.iter().map(|conflict| diagnose::conflict(name, conflict, severity)).collect();
        self.tell(report, problems, Some(&texts));
    }

    /// Says what there is to say of the case list, which is no file of the import's own.
    pub(super) fn tell_of_list(&mut self, notes: &[Problem]) {
        if let Some(first) = notes.first() {
            let mut report = FileReport::new(first.file.to_string());
            self.tell(&mut report, notes.to_vec(), None);
        }
    }
}

/// A finding about a file as a whole.
fn whole(name: &str, severity: Severity, code: FindingCode, what: String) -> Problem {
    Problem { file: name.into(), line: 0, column: None, severity, code, what: what.into() }
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
