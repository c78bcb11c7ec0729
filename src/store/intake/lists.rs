//! Imports lists: registry extracts of birth certificates, claims of them by children, facts about children, and terms
//! on which samples are kept.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use crate::audit::Entry;
use crate::certificates::{Certificate, Claim};
use crate::facts::Subject;
use crate::intake::{
    FactRow, FindingCode, IntakeError, ListIntake, ListRequest, Problem, Severity, list_bytes, list_stream_bytes,
    read_certificates, read_claims, read_facts, read_terms,
};
use crate::keeping::Terms;
use crate::ledger::{FactsImported, Ledger, ListImported, NewFacts, SealedText};
use crate::model::{Pseudonym, shown, shown_path};
use crate::pseudonym::{CertificateHasher, ConsentHasher, Custodian, FactText, Pseudonymizer, SealError, SecretKey};
use crate::report::words::{hex, plural};
use crate::report::{FileOutcome, FileReport, ImportLog};

use super::import::{ImportOptions, Imported, Input, chosen_sheets};
use super::list_kind::ListKind;
use super::sources::{Beside, Source, sources};
use crate::store::actor::require_reason;
use crate::store::custody::sealing::custodians;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::matching::digests::FileDigests;
use crate::store::observer::{ImportFinding, Notice, Observer};

/// The rows of a list.
enum Rows {
    Registry(Vec<(u64, Certificate)>),
    Claims(Vec<(u64, Claim)>),
    Facts(Subject, Vec<(u64, FactRow)>),
    Keeping(Vec<(u64, (Pseudonym, Terms))>),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Self::Registry(rows) => rows.len(),
            Self::Claims(rows) => rows.len(),
            Self::Facts(_, rows) => rows.len(),
            Self::Keeping(rows) => rows.len(),
        }
    }
}

impl Store {
    /// Imports registry extracts of birth certificates, or claims of them or facts, which are about children and families
    /// that the store has. A file is imported completely or not at all, unless [`ImportOptions::keep_going`] is set.
    /// Numbers become keyed hashes, and parents the pseudonyms that samples of the same identifiers have. Free text is
    /// sealed for the custodians; without one it is not kept. Changed facts are added to the earlier ones. Terms replace former
    /// ones of the same sample.
    ///
    /// Of the options, only `sheets`, `dry_run`, `keep_going`, `on_conflict`, `spreadsheet_numbers` and `encoding` have
    /// a meaning here, and `on_conflict` none for facts and terms.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let (options, entry) = (ImportOptions::default(), store::entry("import", None));
    /// store.import_list(&["registry.csv".into()], ListKind::Registry, &options, &entry, &Silent)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] if the import cannot begin. Later errors are in [`Imported::failed`].
    pub fn import_list(
        &self,
        files: &[PathBuf],
        list: ListKind,
        options: &ImportOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Imported, StoreError> {
        self.import_list_from(Input::Files(files), list, options, entry, observer)
    }

    /// Imports a list that has no path, such as one that somebody sent, exactly as [`Self::import_list`] imports a file.
    /// `name` names it in findings.
    ///
    /// # Errors
    /// Those of [`Self::import_list`].
    pub fn import_list_stream(
        &self,
        (name, content): (&str, &mut dyn io::Read),
        list: ListKind,
        options: &ImportOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Imported, StoreError> {
        self.import_list_from(Input::Stream(name, content), list, options, entry, observer)
    }

    fn import_list_from(
        &self,
        input: Input<'_>,
        list: ListKind,
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
        let files = match input {
            Input::Files(files) => sources(files, &Beside { pedigrees: None, cases: None })?,
            Input::Stream(..) => Vec::new(),
        };
        let mut desk = Desk {
            list,
            options,
            names: &names,
            hasher: CertificateHasher::new(&key),
            key,
            digests,
            ledger: &mut ledger,
            entry,
            observer,
            log: ImportLog { program, dry_run: options.dry_run, ..ImportLog::default() },
        };
        let take = |source: &Source| match source.skipped {
            Some(why) => desk.skip(&shown_path(&source.path), why),
            None => desk.file(&source.path),
        };
        let failed = match input {
            Input::Files(_) => files.iter().try_for_each(take).err(),
            Input::Stream(name, content) => desk.stream(name, content).err(),
        };
        Ok(Imported { log: desk.log, failed })
    }
}

/// The state of an import that reads one file after the other.
struct Desk<'a> {
    list: ListKind,
    options: &'a ImportOptions,
    names: &'a Pseudonymizer,
    hasher: CertificateHasher,
    key: Arc<SecretKey>,
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
        self.content(&name, list_bytes(path))
    }

    /// Reads content without a path, as [`Self::file`] does a file.
    fn stream(&mut self, name: &str, content: &mut dyn io::Read) -> Result<(), StoreError> {
        self.content(name, list_stream_bytes(name, content))
    }

    fn content(&mut self, name: &str, read: Result<Vec<u8>, IntakeError>) -> Result<(), StoreError> {
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) => {
                let mut report = FileReport::new(name.to_owned());
                report.outcome = FileOutcome::Rejected;
                let problem = about_file(name, Severity::Error, FindingCode::Unreadable, error.to_string());
                self.record(&mut report, vec![problem]);
                self.log.files.push(report);
                return Ok(());
            }
        };
        for sheet in chosen_sheets(&self.options.sheets, &bytes) {
            let name = sheet.as_ref().map_or_else(|| name.to_owned(), |sheet| format!("{name}[{}]", shown(sheet)));
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
            hasher: &self.hasher,
            names: self.names,
            spreadsheet_numbers: self.options.spreadsheet_numbers,
            sheet,
            encoding: self.options.encoding,
        };
        let read = match self.list {
            ListKind::Registry => taken_apart(read_certificates(name, bytes, &request), Rows::Registry),
            ListKind::Claims => taken_apart(read_claims(name, bytes, &request, true), Rows::Claims),
            ListKind::Facts(subject) => {
                taken_apart(read_facts(name, bytes, &request, subject), |rows| Rows::Facts(subject, rows))
            }
            ListKind::Keeping => {
                let hasher = ConsentHasher::new(&self.key, &self.ledger.consent_mask()?);
                taken_apart(read_terms(name, bytes, &hasher, &request), Rows::Keeping)
            }
        };
        let Read { mut rows, mut findings, digest, size, mut rejected } = read;
        let unknown = self.refuse_unknown(name, &mut rows)?;
        rejected += unknown.len() as u64;
        findings.extend(unknown);
        let custodians =
            if let Rows::Facts(_, rows) = &mut rows { self.custodians(name, rows, &mut findings)? } else { Vec::new() };
        findings.sort_by_key(|problem| (problem.severity, problem.place()));
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
        self.write(name, rows, &custodians, &entry, report)
    }

    fn write(
        &mut self,
        name: &str,
        rows: Rows,
        custodians: &[Custodian],
        entry: &Entry,
        report: &mut FileReport,
    ) -> Result<(), StoreError> {
        let &ImportOptions { on_conflict, dry_run, .. } = self.options;
        let written = match rows {
            Rows::Registry(rows) => {
                self.ledger.import_certificates(rows, &self.names.recognised(), on_conflict, dry_run, entry)
            }
            Rows::Claims(rows) => self.ledger.import_claims(rows, on_conflict, dry_run, entry),
            Rows::Keeping(rows) => {
                let mut rows: Vec<(Pseudonym, Terms)> = rows.into_iter().map(|row| row.1).collect();
                // In the order of the table, which is written much faster.
                rows.sort_unstable_by_key(|row| row.0);
                self.ledger.import_terms(&rows, dry_run, entry).map(|done| done.rows)
            }
            Rows::Facts(subject, rows) => return self.write_facts((name, subject), rows, custodians, entry, report),
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
        self.observer.notice(&Notice::ListImported { file: name, list: self.list, done: &done, dry_run });
        Ok(())
    }

    /// Removes rows about children or families that the store does not have, and returns a finding for each.
    fn refuse_unknown(&self, name: &str, rows: &mut Rows) -> Result<Vec<Problem>, StoreError> {
        const CHILD: &str =
            "the store has no child of this sample_id; import the child first, or correct the sample_id or agency";
        const FAMILY: &str =
            "the store has no family of this family_id; import the family first, or correct the family_id or agency";
        let children = |among: HashSet<Pseudonym>| self.ledger.children_known(among);
        Ok(match rows {
            Rows::Registry(_) => Vec::new(),
            Rows::Claims(rows) => {
                let known = children(rows.iter().filter_map(|(_, claim)| claim.child).collect())?;
                let is_known = |claim: &Claim| claim.child.is_none_or(|child| known.contains(&child));
                refused(name, rows, is_known, FindingCode::UnknownChild, CHILD)
            }
            Rows::Keeping(rows) => {
                const SAMPLE: &str = "the store has no sample of this sample_id; import the sample first, or correct the \
                                      sample_id or agency";
                let known = self.ledger.samples_known(rows.iter().map(|(_, row)| row.0))?;
                refused(name, rows, |row| known.contains(&row.0), FindingCode::UnknownSample, SAMPLE)
            }
            Rows::Facts(subject, rows) => {
                let among = rows.iter().map(|(_, row)| row.subject).collect::<HashSet<_>>();
                let (known, code, what) = match subject {
                    Subject::Found => (children(among)?, FindingCode::UnknownChild, CHILD),
                    Subject::Missing => (self.ledger.families_known(among)?, FindingCode::UnknownFamily, FAMILY),
                };
                refused(name, rows, |row| known.contains(&row.subject), code, what)
            }
        })
    }

    /// Returns the custodians for whom free text is sealed. If there is none, the rows lose their text, and a finding says
    /// so.
    fn custodians(
        &self,
        name: &str,
        rows: &mut [(u64, FactRow)],
        findings: &mut Vec<Problem>,
    ) -> Result<Vec<Custodian>, StoreError> {
        let custodians = custodians(&self.ledger.custodians()?)?;
        let mut with_text = rows.iter_mut().filter(|(_, row)| !row.text.is_empty());
        if custodians.is_empty()
            && let Some((line, first)) = with_text.next()
        {
            first.text = FactText::default();
            let others = with_text.map(|(_, row)| row.text = FactText::default()).count() as u64;
            let what = format!(
                "free text of {} is not kept, because the store has no custodian to seal it for; add one, then import again",
                plural(1 + others, "row")
            );
            let problem = about_file(name, Severity::Warning, FindingCode::TextNotKept, what);
            findings.push(Problem { line: *line, ..problem });
        }
        Ok(custodians)
    }

    fn write_facts(
        &mut self,
        (name, subject): (&str, Subject),
        rows: Vec<(u64, FactRow)>,
        custodians: &[Custodian],
        entry: &Entry,
        report: &mut FileReport,
    ) -> Result<(), StoreError> {
        let dry_run = self.options.dry_run;
        let key = &self.key;
        let new = |(_, row): (u64, FactRow)| {
            let FactRow { subject, facts, text, claim } = row;
            let sealed = |text: FactText| {
                Ok::<_, SealError>(SealedText { sealed: text.seal(subject, custodians)?, tag: text.tag(subject, key) })
            };
            let text = Some(text).filter(|text| !text.is_empty()).map(sealed).transpose()?;
            Ok(NewFacts { subject, facts, text, claim })
        };
        let rows: Vec<NewFacts> = rows.into_par_iter().map(new).collect::<Result<_, SealError>>()?;
        let done = self.ledger.import_facts(rows, dry_run, entry).map_err(|source| {
            report.outcome = FileOutcome::Failed;
            StoreError::Import { file: name.to_owned(), source }
        })?;
        if dry_run {
            self.ledger.append(&entry.clone().with("outcome", "dry run")).map_err(StoreError::Recording)?;
        }
        let FactsImported { added, changed, unchanged, .. } = done;
        (report.rows.added, report.rows.replaced, report.rows.unchanged) = (added, changed, unchanged);
        report.outcome = if added + changed == 0 { FileOutcome::Unchanged } else { FileOutcome::Imported };
        self.observer.notice(&Notice::FactsImported { file: name, subject, done: &done, dry_run });
        Ok(())
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

fn taken_apart<T>(read: ListIntake<T>, rows: impl FnOnce(Vec<(u64, T)>) -> Rows) -> Read {
    let ListIntake { digest, size, rows: of_file, rejected, problems, notes, .. } = read;
    let mut findings = problems;
    findings.extend(notes);
    Read { rows: rows(of_file), findings, digest, size, rejected }
}

/// Removes unknown rows, and returns a finding for each.
fn refused<T>(
    name: &str,
    rows: &mut Vec<(u64, T)>,
    is_known: impl Fn(&T) -> bool,
    code: FindingCode,
    what: &'static str,
) -> Vec<Problem> {
    let mut unknown = Vec::new();
    rows.retain(|(line, row)| {
        let is_known = is_known(row);
        if !is_known {
            unknown.push(Problem { line: *line, ..about_file(name, Severity::Error, code, what.to_owned()) });
        }
        is_known
    });
    unknown
}

fn conflicts(name: &str, done: &ListImported) -> Vec<Problem> {
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
