//! Imports registry extracts of birth certificates, and claims of them by children.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::audit::Entry;
use crate::certificates::{Certificate, Claim};
use crate::intake::{
    CertificateIntake, CertificateRequest, FindingCode, Problem, Severity, list_bytes, read_certificates, read_claims,
};
use crate::ledger::{CertificatesImported, Ledger};
use crate::model::{shown, shown_path};
use crate::pseudonym::{CertificateHasher, Pseudonymizer};
use crate::report::words::hex;
use crate::report::{FileOutcome, FileReport, ImportLog};

use super::list::CertificateList;
use crate::store::actor::require_reason;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::intake::import::{ImportOptions, Imported, chosen_sheets};
use crate::store::intake::sources::{Beside, sources};
use crate::store::matching::digests::FileDigests;
use crate::store::observer::{ImportFinding, Notice, Observer};

/// The rows of a list.
enum Rows {
    Registry(Vec<(u64, Certificate)>),
    Claims(Vec<(u64, Claim)>),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Registry(rows) => rows.len(),
            Self::Claims(rows) => rows.len(),
        }
    }
}

impl Store {
    /// Imports registry extracts of birth certificates, or claims of them, which name children that the store has. A
    /// file is imported completely or not at all, unless [`ImportOptions::keep_going`] is set. Numbers become keyed
    /// hashes, and parents the pseudonyms that samples of the same identifiers have.
    ///
    /// Of the options, only `sheets`, `dry_run`, `keep_going`, `on_conflict`, `spreadsheet_numbers` and `encoding` have
    /// a meaning here.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let (options, entry) = (ImportOptions::default(), store::entry("import", None));
    /// store.import_certificates(&["registry.csv".into()], CertificateList::Registry, &options, &entry, &Silent)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] if the import cannot begin. Later errors are in [`Imported::failed`].
    pub fn import_certificates(
        &self,
        files: &[PathBuf],
        list: CertificateList,
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
        let key = self.key()?;
        let digests = FileDigests::new(&ledger, Some(&*key))?;
        let program = concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned();
        let files = sources(files, &Beside { pedigrees: None, cases: None })?;
        let mut desk = Desk {
            list,
            options,
            names: &names,
            hasher: CertificateHasher::new(&key),
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
struct Desk<'a> {
    list: CertificateList,
    options: &'a ImportOptions,
    names: &'a Pseudonymizer,
    hasher: CertificateHasher,
    digests: FileDigests,
    ledger: &'a mut Ledger,
    entry: &'a Entry,
    observer: &'a dyn Observer,
    log: ImportLog,
}

impl Desk<'_> {
    fn skip(&mut self, name: &str, why: &'static str) -> Result<(), StoreError> {
        let mut report = FileReport::new(name.to_owned());
        self.record(&mut report, vec![about_file(name, Severity::Note, FindingCode::Skipped, why.to_owned())]);
        self.log.files.push(report);
        Ok(())
    }

    /// Reads a file, or each chosen sheet of it, and imports it.
    fn file(&mut self, path: &std::path::Path) -> Result<(), StoreError> {
        let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { shown_path(path) };
        let bytes = match list_bytes(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let mut report = FileReport::new(name.clone());
                report.outcome = FileOutcome::Rejected;
                let problem = about_file(&name, Severity::Error, FindingCode::Unreadable, error.to_string());
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
        let request = CertificateRequest {
            hasher: &self.hasher,
            names: self.names,
            spreadsheet_numbers: self.options.spreadsheet_numbers,
            sheet,
            encoding: self.options.encoding,
        };
        let read = match self.list {
            CertificateList::Registry => taken_apart(read_certificates(name, bytes, &request), Rows::Registry),
            CertificateList::Claims => taken_apart(read_claims(name, bytes, &request, true), Rows::Claims),
        };
        let Read { mut rows, mut findings, digest, size, mut rejected } = read;
        if let Rows::Claims(claims) = &mut rows {
            let unknown = self.refuse_unknown(name, claims)?;
            rejected += unknown.len() as u64;
            findings.extend(unknown);
            findings.sort_by_key(|problem| (problem.severity, problem.place()));
        }
        report.blake3 = Some(hex(&digest));
        report.size = Some(size);
        report.format = Some("csv".to_owned());
        report.layout = Some(self.list.word());
        (report.rows.sound, report.rows.rejected) = (rows.len() as u64, rejected);
        let problems = findings.iter().filter(|problem| problem.severity == Severity::Error).count() as u64;
        self.record(report, findings);
        let entry = self.entry.clone().with("as", self.list.word()).with("problems", problems);
        let entry = entry.with("on_conflict", self.options.on_conflict.word());
        let entry = entry.with_digest("file", &self.digests.recorded(&digest));
        if problems > 0 && (!self.options.keep_going || rows.len() == 0) {
            report.outcome = FileOutcome::Rejected;
            self.observer.notice(&Notice::FileRefused { file: name, problems });
            return self.ledger.append(&entry.with("outcome", "refused")).map(drop).map_err(StoreError::Recording);
        }
        self.write(name, rows, &entry, report)
    }

    fn write(&mut self, name: &str, rows: Rows, entry: &Entry, report: &mut FileReport) -> Result<(), StoreError> {
        let &ImportOptions { on_conflict, dry_run, .. } = self.options;
        let written = match rows {
            Rows::Registry(rows) => {
                self.ledger.import_certificates(rows, &self.names.recognised(), on_conflict, dry_run, entry)
            }
            Rows::Claims(rows) => self.ledger.import_claims(rows, on_conflict, dry_run, entry),
        };
        let done = written.map_err(|source| {
            report.outcome = FileOutcome::Failed;
            StoreError::Import { file: name.to_owned(), source }
        })?;
        if !done.conflicts.is_empty() {
            report.outcome = FileOutcome::Conflict;
            let number = done.conflicts.len() as u64;
            let entry = entry.clone().with("outcome", "refused").with("conflicts", number);
            self.ledger.append(&entry).map_err(StoreError::Recording)?;
            self.record(report, conflicts(name, &done));
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
        self.observer.notice(&Notice::CertificatesImported { file: name, list: self.list, done: &done, dry_run });
        Ok(())
    }

    /// Removes claims of children that the store does not have, and returns a finding for each.
    fn refuse_unknown(&self, name: &str, claims: &mut Vec<(u64, Claim)>) -> Result<Vec<Problem>, StoreError> {
        let children: HashSet<_> = claims.iter().filter_map(|(_, claim)| claim.child).collect();
        let known = self.ledger.children_known(children)?;
        let mut unknown = Vec::new();
        claims.retain(|(line, claim)| {
            let is_known = claim.child.is_none_or(|child| known.contains(&child));
            if !is_known {
                let what = "the store has no child of this sample_id; import the child first, or correct the sample_id \
                            or agency";
                let what = what.to_owned();
                unknown.push(Problem {
                    line: *line,
                    ..about_file(name, Severity::Error, FindingCode::UnknownChild, what)
                });
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

/// What was read of a list.
struct Read {
    rows: Rows,
    findings: Vec<Problem>,
    digest: [u8; 32],
    size: u64,
    rejected: u64,
}

fn taken_apart<T>(read: CertificateIntake<T>, rows: impl FnOnce(Vec<(u64, T)>) -> Rows) -> Read {
    let CertificateIntake { digest, size, rows: of_file, rejected, problems, notes, .. } = read;
    let mut findings = problems;
    findings.extend(notes);
    findings.sort_by_key(|problem| (problem.severity, problem.place()));
    Read { rows: rows(of_file), findings, digest, size, rejected }
}

fn conflicts(name: &str, done: &CertificatesImported) -> Vec<Problem> {
    let mut lines = done.conflicts.clone();
    lines.sort_unstable();
    let what = "the store has this number with other details; decide which version is right: --on-conflict keep leaves \
                the store's, --on-conflict replace takes the file's";
    let conflict =
        |line| Problem { line, ..about_file(name, Severity::Error, FindingCode::ConflictCertificate, what.to_owned()) };
    lines.into_iter().map(conflict).collect()
}

/// Makes a finding about a whole file.
fn about_file(name: &str, severity: Severity, code: FindingCode, what: String) -> Problem {
    Problem::about_file(name, severity, code, what)
}
