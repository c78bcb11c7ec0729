//! Imports lists about samples that hold no genotypes, such as birth certificates or terms of keeping.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::audit::Entry;
use crate::intake::{FindingCode, ListIntake, ListRequest, Problem, Severity, list_bytes};
use crate::ledger::{Ledger, LedgerError, ListImported};
use crate::model::{Pseudonym, shown, shown_path};
use crate::pseudonym::Pseudonymizer;
use crate::report::words::hex;
use crate::report::{FileOutcome, FileReport, ImportLog};

use super::import::{ImportOptions, Imported, chosen_sheets};
use super::sources::{Beside, sources};
use crate::store::actor::require_reason;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::matching::digests::FileDigests;
use crate::store::observer::{ImportFinding, Notice, Observer};

/// How lists of a kind are read and stored.
pub(in crate::store) trait ListKind {
    /// What a row says.
    type Row;
    /// The word on the command line and in the audit chain.
    const WORD: &'static str;
    /// The finding about a row that the store has with other details; `None` if later rows replace former ones.
    const CONFLICT: Option<(FindingCode, &'static str)> = None;
    /// The finding about a row whose sample the store must have and does not; `None` if it need not.
    const UNKNOWN: Option<(FindingCode, &'static str)> = None;

    /// Reads a list.
    fn read(&self, name: &str, bytes: &[u8], request: &ListRequest<'_>) -> ListIntake<Self::Row>;

    /// Returns the sample of a row that the store must have.
    fn sample(row: &Self::Row) -> Option<Pseudonym> {
        let _ = row;
        None
    }

    /// Returns those of these samples that the store has.
    fn known(ledger: &Ledger, among: HashSet<Pseudonym>) -> Result<HashSet<Pseudonym>, LedgerError> {
        ledger.samples_known(among)
    }

    /// Stores the rows.
    fn write(
        &self,
        ledger: &mut Ledger,
        rows: Vec<(u64, Self::Row)>,
        with: &Importing<'_>,
    ) -> Result<ListImported, LedgerError>;
}

/// What an import of a list was asked to do.
pub(in crate::store) struct Importing<'a> {
    pub(in crate::store) options: &'a ImportOptions,
    pub(in crate::store) names: &'a Pseudonymizer,
    pub(in crate::store) entry: &'a Entry,
}

impl Store {
    /// Imports lists of a kind, each completely or not at all, unless [`ImportOptions::keep_going`] is set.
    pub(in crate::store) fn import_lists<L: ListKind>(
        &self,
        files: &[PathBuf],
        list: &L,
        options: &ImportOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Imported, StoreError> {
        if options.restore_expunged {
            require_reason(entry)?;
        }
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let names = self.recognising_pseudonymizer(&mut ledger)?;
        self.finish_interrupted(&mut ledger, observer)?;
        let digests = FileDigests::new(&ledger, Some(&*self.key()?))?;
        let program = concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned();
        let files = sources(files, &Beside { pedigrees: None, cases: None })?;
        let mut desk = Desk {
            list,
            options,
            names: &names,
            digests,
            ledger: &mut ledger,
            entry,
            observer,
            log: ImportLog { program, dry_run: options.dry_run, ..ImportLog::default() },
        };
        let failed = files
            .iter()
            .try_for_each(|source| match source.skipped {
                Some(why) => desk.skip(&shown_path(&source.path), why),
                None => desk.file(&source.path),
            })
            .err();
        Ok(Imported { log: desk.log, failed })
    }
}

/// The state of an import that reads one file after the other.
struct Desk<'a, L> {
    list: &'a L,
    options: &'a ImportOptions,
    names: &'a Pseudonymizer,
    digests: FileDigests,
    ledger: &'a mut Ledger,
    entry: &'a Entry,
    observer: &'a dyn Observer,
    log: ImportLog,
}

impl<L: ListKind> Desk<'_, L> {
    fn skip(&mut self, name: &str, why: &'static str) -> Result<(), StoreError> {
        let mut report = FileReport::new(name.to_owned());
        self.record(&mut report, vec![Problem::about_file(name, Severity::Note, FindingCode::Skipped, why.to_owned())]);
        self.log.files.push(report);
        Ok(())
    }

    /// Reads a file, or each chosen sheet of it, and imports it.
    fn file(&mut self, path: &Path) -> Result<(), StoreError> {
        let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { shown_path(path) };
        let bytes = match list_bytes(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let mut report = FileReport::new(name.clone());
                report.outcome = FileOutcome::Rejected;
                let problem = Problem::about_file(&name, Severity::Error, FindingCode::Unreadable, error.to_string());
                self.record(&mut report, vec![problem]);
                self.log.files.push(report);
                return Ok(());
            }
        };
        for sheet in chosen_sheets(&self.options.sheets, &bytes) {
            let name = sheet.as_ref().map_or_else(|| name.clone(), |sheet| format!("{name}[{}]", shown(sheet)));
            let mut report = FileReport::new(name.clone());
            let taken = self.sheet(&name, &bytes, sheet.as_deref(), &mut report);
            self.log.files.push(report);
            taken?;
        }
        Ok(())
    }

    fn sheet(
        &mut self,
        name: &str,
        bytes: &[u8],
        sheet: Option<&str>,
        report: &mut FileReport,
    ) -> Result<(), StoreError> {
        let request = ListRequest {
            names: self.names,
            spreadsheet_numbers: self.options.spreadsheet_numbers,
            sheet,
            encoding: self.options.encoding,
        };
        let ListIntake { digest, size, mut rows, mut rejected, problems, notes, .. } =
            self.list.read(name, bytes, &request);
        let mut findings = problems;
        findings.extend(notes);
        let unknown = self.refuse_unknown(name, &mut rows)?;
        rejected += unknown.len() as u64;
        findings.extend(unknown);
        findings.sort_by_key(|problem| (problem.severity, problem.place()));
        report.blake3 = Some(hex(&digest));
        report.size = Some(size);
        report.format = Some("csv".to_owned());
        report.layout = Some(L::WORD);
        (report.rows.sound, report.rows.rejected) = (rows.len() as u64, rejected);
        let problems = findings.iter().filter(|problem| problem.severity == Severity::Error).count() as u64;
        self.record(report, findings);
        let entry = self.entry.clone().with("as", L::WORD).with("problems", problems);
        let entry = entry.with("on_conflict", self.options.on_conflict.word());
        let entry = entry.with_digest("file", &self.digests.recorded(&digest));
        if problems > 0 && (!self.options.keep_going || rows.is_empty()) {
            report.outcome = FileOutcome::Rejected;
            self.observer.notice(&Notice::FileRefused { file: name, problems });
            return self.ledger.append(&entry.with("outcome", "refused")).map(drop).map_err(StoreError::Recording);
        }
        self.write(name, rows, &entry, report)
    }

    fn write(
        &mut self,
        name: &str,
        rows: Vec<(u64, L::Row)>,
        entry: &Entry,
        report: &mut FileReport,
    ) -> Result<(), StoreError> {
        let dry_run = self.options.dry_run;
        let with = Importing { options: self.options, names: self.names, entry };
        let done = self.list.write(self.ledger, rows, &with).map_err(|source| {
            report.outcome = FileOutcome::Failed;
            StoreError::Import { file: name.to_owned(), source }
        })?;
        if !done.conflicts.is_empty() {
            report.outcome = FileOutcome::Conflict;
            let number = done.conflicts.len() as u64;
            let entry = entry.clone().with("outcome", "refused").with("conflicts", number);
            self.ledger.append(&entry).map_err(StoreError::Recording)?;
            self.record(report, conflicts::<L>(name, &done));
            self.observer.notice(&Notice::FileRefused { file: name, problems: number });
            return Ok(());
        }
        if dry_run {
            self.ledger.append(&entry.clone().with("outcome", "dry run")).map_err(StoreError::Recording)?;
        }
        let rows = &mut report.rows;
        (rows.added, rows.unchanged, rows.replaced, rows.kept) = (done.added, done.unchanged, done.replaced, done.kept);
        let is_known = done.added + done.replaced + done.kept == 0;
        report.outcome = if is_known { FileOutcome::Unchanged } else { FileOutcome::Imported };
        self.observer.notice(&Notice::ListImported { file: name, list: L::WORD, done: &done, dry_run });
        Ok(())
    }

    /// Removes rows about samples that the store does not have, and returns a finding for each.
    fn refuse_unknown(&self, name: &str, rows: &mut Vec<(u64, L::Row)>) -> Result<Vec<Problem>, StoreError> {
        let Some((code, what)) = L::UNKNOWN else { return Ok(Vec::new()) };
        let known = L::known(self.ledger, rows.iter().filter_map(|(_, row)| L::sample(row)).collect())?;
        let mut unknown = Vec::new();
        rows.retain(|(line, row)| {
            let is_known = L::sample(row).is_none_or(|sample| known.contains(&sample));
            if !is_known {
                unknown
                    .push(Problem { line: *line, ..Problem::about_file(name, Severity::Error, code, what.to_owned()) });
            }
            is_known
        });
        Ok(unknown)
    }

    /// Reports findings and adds them to the log.
    fn record(&mut self, report: &mut FileReport, findings: Vec<Problem>) {
        for problem in &findings {
            *report.findings.entry(problem.code).or_default() += 1;
        }
        let said: Vec<ImportFinding> = findings.iter().cloned().map(ImportFinding::from).collect();
        self.observer.notice(&Notice::Findings { file: &report.file, findings: &said });
        self.log.findings.extend(findings);
    }
}

fn conflicts<L: ListKind>(name: &str, done: &ListImported) -> Vec<Problem> {
    let Some((code, what)) = L::CONFLICT else { return Vec::new() };
    let mut lines = done.conflicts.clone();
    lines.sort_unstable();
    let conflict = |line| Problem { line, ..Problem::about_file(name, Severity::Error, code, what.to_owned()) };
    lines.into_iter().map(conflict).collect()
}
