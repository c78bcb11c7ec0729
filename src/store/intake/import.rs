//! Imports files of families or children: reads and checks them, stores their rows, and reports the result of each.

use std::any::Any;
use std::collections::{BTreeSet, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::audit::{Attribution, Entry};
use crate::intake::{
    CaseList, ColumnMap, FamilyPedigrees, FindingCode, Format, IdentifierForms, IdentifierVariant, Intake, IntakeError,
    KitUse, NumberKind, Problem, Request, Severity, SingleAllele, SourceBytes, SpreadsheetNumbers, TextEncoding,
    identifiers_differ, read_bytes, read_guessing_layout, source_bytes, stream_bytes, workbook_sheets,
};
use crate::ledger::{Batch, ImportReport, Ledger, LedgerError, OnConflict, Returning};
use crate::matching::{IdentityRule, Watch};
use crate::model::{Layout, Pseudonym, SampleRecord, shown, shown_path};
use crate::population::Mutation;
use crate::pseudonym::Pseudonymizer;
use crate::report::words::hex;
use crate::report::{FileOutcome, FileReport, ImportLog};

use super::sources::{Beside, Source, sources};
use crate::store::actor::require_reason;
use crate::store::checking::Checking;
use crate::store::custody::sealing::Sealing;
use crate::store::diagnose;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::matching::digests::FileDigests;
use crate::store::matching::duplicates::NewSamples;
use crate::store::observer::{ImportFinding, Notice, Observer};
use crate::store::output::write::read;

/// The kind of identifiers in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identifiers {
    /// Numbers or names of the laboratory. The import converts them to pseudonyms.
    #[default]
    Original,
    /// Pseudonyms made with the store's key, as exports contain them.
    Pseudonyms,
}

/// Selects the sheets of workbooks to read, each as a separate file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sheets {
    /// The only sheet that has cells; a workbook with several is refused.
    #[default]
    Only,
    /// The sheets with these names.
    Named(Vec<String>),
    /// Every sheet that has cells.
    All,
}

/// The options of an import.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The layout of the files; `None` to detect it by their columns.
    pub layout: Option<Layout>,
    /// The format of the files; `None` to detect it by their content.
    pub format: Option<Format>,
    /// A case list, for files that hold only genotypes; requires `layout`.
    pub cases: Option<PathBuf>,
    /// The meaning of a single allele at a locus.
    pub single_allele: SingleAllele,
    /// The sheets of workbooks to read.
    pub sheets: Sheets,
    /// A TOML file with the laboratory's names for columns; see [`ColumnMap`](crate::intake::ColumnMap).
    pub map: Option<PathBuf>,
    /// The agency whose stored column map is used; incompatible with `map`.
    pub map_of: Option<String>,
    /// `true` if columns that resemble no known column are ignored, with a note.
    pub ignore_unknown: bool,
    /// A file with the pedigrees of families that relations do not describe.
    pub pedigrees: Option<PathBuf>,
    /// The kind of identifiers in the files.
    pub identifiers: Identifiers,
    /// `true` if names of persons in `.fam` files are unique only within their family.
    pub names_within_family: bool,
    /// Names of missing persons in `.fam` files, besides all names that begin with `Missing`.
    pub missing: Vec<String>,
    /// The typing kits to check rows against.
    pub kits: KitUse,
    /// `true` if the files are checked but nothing is stored.
    pub dry_run: bool,
    /// `true` if the sound rows of a file with errors are imported.
    pub keep_going: bool,
    /// What to do with samples that the store holds with other data.
    pub on_conflict: OnConflict,
    /// `true` if samples and families that were expunged earlier are imported again; requires a reason.
    pub restore_expunged: bool,
    /// The rule by which two samples count as one person's; `None` to skip the search for duplicate people.
    pub identity: Option<IdentityRule>,
    /// Profiles with fewer typed loci of the panel get a warning.
    pub min_loci: usize,
    /// The kind of personal numbers that the sample identifiers are, if they are; the import then checks them.
    pub sample_id_kind: Option<NumberKind>,
    /// What to do with identifiers that a spreadsheet may have rounded.
    pub spreadsheet_numbers: SpreadsheetNumbers,
    /// What to do with identifiers that differ from others only in letter case, spaces or brackets.
    pub identifier_forms: IdentifierForms,
    /// The encoding of the files; `None` to detect it by their bytes.
    pub encoding: Option<TextEncoding>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            layout: None,
            format: None,
            cases: None,
            single_allele: SingleAllele::default(),
            sheets: Sheets::default(),
            map: None,
            map_of: None,
            ignore_unknown: false,
            pedigrees: None,
            identifiers: Identifiers::default(),
            names_within_family: false,
            missing: Vec::new(),
            kits: KitUse::default(),
            dry_run: false,
            keep_going: false,
            on_conflict: OnConflict::Refuse,
            restore_expunged: false,
            identity: Some(IdentityRule::default()),
            min_loci: 8,
            sample_id_kind: None,
            spreadsheet_numbers: SpreadsheetNumbers::default(),
            identifier_forms: IdentifierForms::default(),
            encoding: None,
        }
    }
}

/// What an import reads.
pub(in crate::store) enum Input<'a> {
    /// Files and folders.
    Files(&'a [PathBuf]),
    /// Content without a path, by a name for findings.
    Stream(&'a str, &'a mut dyn Read),
}

/// The result of an import.
#[derive(Debug)]
#[non_exhaustive]
pub struct Imported {
    /// Every file that was read, with its findings.
    pub log: ImportLog,
    /// The error that ended the import before its last file, if any. The log remains valid: everything in it happened.
    pub failed: Option<StoreError>,
}

impl Imported {
    /// Reports whether anything was refused.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.log.findings.iter().any(|problem| problem.severity == Severity::Error)
    }
}

impl Store {
    /// Imports files; of a folder, each supported file in name order. A file is imported completely or not at all,
    /// unless [`ImportOptions::keep_going`] is set.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let options = ImportOptions { keep_going: true, ..ImportOptions::default() };
    /// let imported = store.import(&["children.csv".into()], &options, &store::entry("import", None), &Silent)?;
    /// for problem in &imported.log.findings {
    ///     println!("{problem}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] if the import cannot begin: the store is locked, the key belongs to another store, a file of
    /// pedigrees or a case list has errors ([`StoreError::Refused`]). Later errors are in [`Imported::failed`].
    pub fn import(
        &self,
        files: &[PathBuf],
        options: &ImportOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Imported, StoreError> {
        self.import_from(Input::Files(files), options, entry, observer)
    }

    /// Imports content that has no path, such as a file that somebody sent, exactly as [`Self::import`] imports a file.
    /// `name` names it in findings.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
    /// let mut content = "sample_id,sex,vWA\nC1,m,14/15\n".as_bytes();
    /// store.import_stream("what was sent", &mut content, &options, &store::entry("import", None), &Silent)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Self::import`].
    pub fn import_stream(
        &self,
        name: &str,
        content: &mut dyn Read,
        options: &ImportOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Imported, StoreError> {
        self.import_from(Input::Stream(name, content), options, entry, observer)
    }

    fn import_from(
        &self,
        input: Input<'_>,
        options: &ImportOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Imported, StoreError> {
        if options.restore_expunged {
            require_reason(entry)?;
        }
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let original = match options.identifiers {
            Identifiers::Original => Some(self.recognising_pseudonymizer(&mut ledger)?),
            Identifiers::Pseudonyms => None,
        };
        self.finish_interrupted(&mut ledger, observer)?;
        let key = original.is_some().then(|| self.key()).transpose()?;
        let digests = FileDigests::new(&ledger, key.as_deref())?;
        if key.is_some() {
            ledger.key_digests(|plain| digests.known(plain))?;
        }
        // A pseudonym has no original identifier to seal.
        let sealing = if original.is_some() { Sealing::begin(self, &ledger)? } else { None };
        if sealing.is_none() && original.is_some() {
            observer.notice(&Notice::NoCustodian);
        }
        let names = match original {
            Some(names) if sealing.is_some() => names.remembering(),
            Some(names) => names,
            None => Pseudonymizer::given(),
        };
        let pedigrees = options.pedigrees.as_deref().map(|path| pedigrees(path, options, &names)).transpose()?;
        let map = self.map(options, &ledger)?;
        let request = Request {
            format: options.format,
            pedigrees: pedigrees.as_ref(),
            single_allele: options.single_allele,
            map: map.as_ref(),
            ignore_unknown: options.ignore_unknown,
            names_within_family: options.names_within_family,
            missing: &options.missing,
            sexes_mutate_alike: sexes_mutate_alike(&self.settings().model.mutation),
            kits: options.kits,
            sample_id_kind: options.sample_id_kind,
            spreadsheet_numbers: options.spreadsheet_numbers,
            identifier_forms: options.identifier_forms,
            encoding: options.encoding,
            // If no layout is given, the reader ignores this value.
            ..Request::new(options.layout.unwrap_or(Layout::Families), self.table().panel(), &names)
        };
        let cases = options.cases.as_deref().map(|path| cases(path, options, &request)).transpose()?;
        let request = Request { cases: cases.as_ref(), ..request };
        let beside = Beside { pedigrees: options.pedigrees.as_deref(), cases: options.cases.as_deref() };
        let files = match input {
            Input::Files(files) => sources(files, &beside)?,
            Input::Stream(..) => Vec::new(),
        };
        let program = concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned();
        let mut desk = Desk {
            store: self,
            options,
            names: &names,
            digests,
            sealing,
            ledger: &mut ledger,
            entry,
            request,
            observer,
            log: ImportLog { program, dry_run: options.dry_run, ..ImportLog::default() },
            with_rows: BTreeSet::new(),
            samples: HashSet::new(),
            new: NewSamples::default(),
            checking: None,
        };
        if let Some(cases) = &cases {
            desk.record_list_findings(cases.notes());
        }
        // The log of the files before the failure is returned, too.
        let failed = match input {
            Input::Files(_) => files.iter().try_for_each(|source| desk.file(source)).err(),
            Input::Stream(name, content) => desk.stream(name, content).err(),
        };
        desk.look_for_duplicates();
        if let (Some(cases), None) = (&cases, &failed) {
            let without = cases.without_genotypes(&desk.samples);
            desk.record_list_findings(&without);
        }
        let Desk { log, with_rows, .. } = desk;
        if let (Some(pedigrees), Some(path), None) = (&pedigrees, &options.pedigrees, &failed)
            && with_rows.len() < pedigrees.len()
        {
            let without = (pedigrees.len() - with_rows.len()) as u64;
            let file = &shown_path(path);
            observer.notice(&Notice::PedigreesWithoutRows { file, pedigrees: without });
        }
        Ok(Imported { log, failed })
    }

    /// Imports the text of a file that must have no errors, for example one of invented people.
    ///
    /// # Errors
    /// [`StoreError::Unsound`] with the first error of the file, or [`StoreError`] from the ledger.
    pub fn import_sound_text(
        &self,
        name: &str,
        text: &str,
        layout: Layout,
        attribution: Attribution<'_>,
    ) -> Result<ImportReport, StoreError> {
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let names = self.pseudonymizer(&mut ledger)?;
        let intake = read_bytes(name, text.as_bytes(), &Request::new(layout, self.table().panel(), &names));
        match intake.problems.into_iter().next() {
            Some(problem) => Err(StoreError::Unsound(problem)),
            None => {
                let Intake { layout, digest, loci, rows, pedigrees, .. } = intake;
                let digests = FileDigests::new(&ledger, Some(&*self.key()?))?;
                let batch = Batch {
                    layout,
                    file_digest: digests.known(&digest),
                    loci,
                    rows,
                    pedigrees,
                    returning: Returning::default(),
                };
                Ok(ledger.import(&batch, OnConflict::Refuse, false, attribution)?)
            }
        }
    }
}

impl Store {
    /// Returns the column map that the options name.
    fn map(&self, options: &ImportOptions, ledger: &Ledger) -> Result<Option<ColumnMap>, StoreError> {
        if let Some(path) = &options.map {
            return Ok(Some(self.read_column_map(path)?.0));
        }
        let Some(agency) = &options.map_of else { return Ok(None) };
        let text = ledger.column_map(agency)?.ok_or_else(|| StoreError::NoColumnMap(agency.clone()))?;
        let refused = |source| StoreError::ColumnMap { of: format!("the map of {agency}"), source };
        Ok(Some(ColumnMap::parse(&text, self.table().panel()).map_err(refused)?))
    }
}

/// Reports whether fathers and mothers have the same transmission probabilities.
fn sexes_mutate_alike(mutation: &Mutation) -> bool {
    match mutation {
        Mutation::None => true,
        Mutation::Equal(rates) | Mutation::Proportional(rates) | Mutation::Stepwise { rates, .. } => {
            rates.male == rates.female
        }
    }
}

fn pedigrees(path: &Path, options: &ImportOptions, names: &Pseudonymizer) -> Result<FamilyPedigrees, StoreError> {
    if options.layout == Some(Layout::Children) {
        return Err(StoreError::PedigreesOfChildren);
    }
    FamilyPedigrees::read(&shown_path(path), &read(path)?, names, options.spreadsheet_numbers)
        .map_err(|problems| StoreError::Refused { path: path.to_owned(), problems })
}

fn cases(path: &Path, options: &ImportOptions, request: &Request<'_>) -> Result<CaseList, StoreError> {
    if options.layout.is_none() {
        return Err(StoreError::CasesWithoutLayout);
    }
    CaseList::read(&shown_path(path), &read(path)?, request)
        .map_err(|problems| StoreError::Refused { path: path.to_owned(), problems })
}

/// The state of an import that reads one file after the other.
struct Desk<'a> {
    store: &'a Store,
    options: &'a ImportOptions,
    names: &'a Pseudonymizer,
    digests: FileDigests,
    sealing: Option<Sealing>,
    ledger: &'a mut Ledger,
    entry: &'a Entry,
    request: Request<'a>,
    observer: &'a dyn Observer,
    log: ImportLog,
    /// Families with a pedigree and a sound row.
    with_rows: BTreeSet<Pseudonym>,
    /// Samples with a sound row, if there is a case list.
    samples: HashSet<Pseudonym>,
    new: NewSamples,
    /// Prepared when the first file needs it.
    checking: Option<Checking>,
}

impl Desk<'_> {
    /// Reads a file, reports its findings, imports it, and adds it to the log.
    fn file(&mut self, source: &Source) -> Result<(), StoreError> {
        let started = Instant::now();
        let name = match source.path.to_str() {
            Some("-") => "standard input".to_owned(),
            _ => shown_path(&source.path),
        };
        if let Some(why) = source.skipped {
            let mut report = FileReport::new(name.clone());
            self.record_findings(
                &mut report,
                vec![about_file(&name, Severity::Note, FindingCode::Skipped, why.to_owned()).into()],
            );
            self.log.files.push(report);
            return Ok(());
        }
        let read = source_bytes(&source.path, |start| self.look(&name, start));
        self.content(&name, read, started)
    }

    /// Reads content without a path, as [`Self::file`] does a file.
    fn stream(&mut self, name: &str, content: &mut dyn Read) -> Result<(), StoreError> {
        let started = Instant::now();
        let read = stream_bytes(name, content, |start| self.look(name, start));
        self.content(name, read, started)
    }

    /// Reads the beginning of a file, to see whether it is worth reading on.
    fn look(&self, name: &str, start: &[u8]) -> Intake {
        let intake = self.read(name, start, None);
        self.names.forget();
        intake
    }

    /// Imports what was read of a file, or records why it was not read.
    fn content(
        &mut self,
        name: &str,
        read: Result<SourceBytes, IntakeError>,
        started: Instant,
    ) -> Result<(), StoreError> {
        let SourceBytes { bytes, given_up } = match read {
            Ok(read) => read,
            Err(error) => {
                let mut report = FileReport::new(name.to_owned());
                report.outcome = FileOutcome::Rejected;
                let problem = about_file(name, Severity::Error, FindingCode::Unreadable, error.to_string());
                self.record_findings(&mut report, vec![ImportFinding { problem, text: error.to_string() }]);
                self.log.files.push(report);
                return Ok(());
            }
        };
        for sheet in chosen_sheets(&self.options.sheets, &bytes) {
            let name = sheet.as_ref().map_or_else(|| name.to_owned(), |sheet| format!("{name}[{}]", shown(sheet)));
            let following = self.say("reading the file");
            let mut intake = self.read(&name, &bytes, sheet.as_deref());
            drop(following);
            if given_up {
                let mib = bytes.len() >> 20;
                let what = format!(
                    "no valid row in a long part of the file: only the first {mib} MiB were read; check whether it is \
                     the right file"
                );
                intake.problems.push(about_file(&name, Severity::Error, FindingCode::GivenUp, what));
            }
            self.take(intake, &name, FileReport::new(name.clone()), started)?;
        }
        Ok(())
    }

    /// Says what goes on, until what is returned is dropped: nobody knows how long it takes.
    fn say(&self, what: &'static str) -> Box<dyn Any> {
        let watch = Arc::new(Watch::default());
        watch.begin(what);
        self.observer.follow(&watch)
    }

    /// Reads a file, or one sheet of it.
    fn read(&self, name: &str, bytes: &[u8], sheet: Option<&str>) -> Intake {
        let request = Request { sheet, ..self.request };
        match self.options.layout {
            Some(_) => read_bytes(name, bytes, &request),
            None => read_guessing_layout(name, bytes, &request),
        }
    }
    /// Reports the findings of the reader, imports the rows, and adds the file to the log.
    fn take(
        &mut self,
        mut intake: Intake,
        name: &str,
        mut report: FileReport,
        started: Instant,
    ) -> Result<(), StoreError> {
        self.check_stored_forms(&mut intake, name)?;
        report.blake3 = Some(hex(&intake.digest));
        report.size = Some(intake.size);
        report.format = Some(format!("{:?}", intake.format).to_lowercase());
        report.layout = Some(intake.layout.word());
        report.rows.sound = intake.rows.len() as u64;
        report.rows.rejected = intake.rejected;
        let mut findings = std::mem::take(&mut intake.problems);
        let bad = findings.len() as u64;
        findings.append(&mut intake.notes);
        findings.extend(diagnose::unusual(name, &intake, self.store, self.options.min_loci));
        findings.sort_by_key(|problem| (problem.severity, problem.place()));
        self.record_findings(&mut report, findings.into_iter().map(ImportFinding::from).collect());
        if self.request.cases.is_some() {
            self.samples.extend(intake.rows.iter().map(|row| row.sample));
        }
        self.with_rows.extend(intake.pedigrees.iter().map(|pedigree| pedigree.family));
        let taken = if bad > 0 && (!self.options.keep_going || intake.rows.is_empty()) {
            self.observer.notice(&Notice::FileRefused { file: name, problems: bad });
            report.outcome = FileOutcome::Rejected;
            self.names.forget();
            let refused = refused(intake.layout, self.record(&intake.digest, bad));
            self.ledger.append(&refused).map(drop).map_err(StoreError::Recording)
        } else {
            self.write_rows(intake, bad, name, &mut report)
        };
        if matches!(report.outcome, FileOutcome::Imported | FileOutcome::Unchanged) && bad == 0 {
            self.observer.notice(&Notice::FileTime { seconds: started.elapsed().as_secs_f64() });
        }
        self.log.files.push(report);
        taken
    }

    /// Finds identifiers of a file that resemble others in the store: both may be one identifier, typed in two ways. If
    /// the store already holds both, the user decided about them earlier.
    fn check_stored_forms(&self, intake: &mut Intake, name: &str) -> Result<(), StoreError> {
        let mut variants = std::mem::take(&mut intake.variants);
        let others = |is_family| {
            let of_kind = variants.iter().filter(move |variant| variant.is_family == is_family);
            of_kind.map(|variant| variant.other).collect::<HashSet<_>>()
        };
        let families = self.ledger.families_known(others(true))?;
        let samples = self.ledger.samples_known(others(false))?;
        let known = |is_family, whom| if is_family { families.contains(&whom) } else { samples.contains(&whom) };
        variants.retain(|variant| known(variant.is_family, variant.other));
        let owns = |is_family| {
            let of_kind = variants.iter().filter(move |variant| variant.is_family == is_family);
            of_kind.map(|variant| variant.own).collect::<HashSet<_>>()
        };
        let mut decided = self.ledger.families_known(owns(true))?;
        decided.extend(self.ledger.samples_known(owns(false))?);
        let mut found: BTreeSet<Pseudonym> = BTreeSet::new();
        for IdentifierVariant { line, column, is_family, own, .. } in variants {
            if decided.contains(&own) || !found.insert(own) {
                continue;
            }
            let severity = match self.options.identifier_forms {
                IdentifierForms::Refuse => Severity::Error,
                IdentifierForms::Distinct => Severity::Warning,
            };
            let what = identifiers_differ(is_family, "one that the store has").into();
            let (file, code) = (name.into(), FindingCode::IdentifierForm);
            let problem = Problem { file, line, column, severity, code, what };
            match severity {
                Severity::Error => intake.problems.push(problem),
                _ => intake.notes.push(problem),
            }
        }
        if self.options.identifier_forms == IdentifierForms::Refuse && !found.is_empty() {
            let before = intake.rows.len();
            let is_alike = |row: &SampleRecord| {
                found.contains(&row.sample) || row.family.is_some_and(|family| found.contains(&family.0))
            };
            intake.rows.retain(|row| !is_alike(row));
            intake.rejected += (before - intake.rows.len()) as u64;
        }
        Ok(())
    }

    /// Reports findings and adds them to the log.
    fn record_findings(&mut self, report: &mut FileReport, findings: Vec<ImportFinding>) {
        for ImportFinding { problem, .. } in &findings {
            *report.findings.entry(problem.code).or_default() += 1;
        }
        self.observer.notice(&Notice::Findings { file: &report.file, findings: &findings });
        self.log.findings.extend(findings.into_iter().map(|finding| finding.problem));
    }

    /// Returns the expunged samples and families that the file would restore, as far as the reader recognised them, and
    /// what to do with them.
    fn returning(&self) -> Returning {
        Returning { former: self.names.recognised(), take_in: self.options.restore_expunged }
    }

    /// Makes the audit record of a file with this digest and number of problems.
    fn record(&self, digest: &[u8; 32], problems: u64) -> Entry {
        let entry = self.entry.clone().with("problems", problems).with("on_conflict", self.options.on_conflict.word());
        entry.with_digest("file", &self.digests.recorded(digest))
    }

    fn write_rows(
        &mut self,
        intake: Intake,
        problems: u64,
        name: &str,
        report: &mut FileReport,
    ) -> Result<(), StoreError> {
        let Intake { layout, digest, loci, rows, pedigrees, .. } = intake;
        let batch = Batch {
            layout,
            file_digest: self.digests.known(&digest),
            loci,
            rows,
            pedigrees,
            returning: self.returning(),
        };
        let dry_run = self.options.dry_run;
        let record = self.record(&digest, problems);
        let following = self.say("storing the rows");
        let written = self.write_batch(&batch, &record);
        drop(following);
        match written {
            Ok(done) if done.superseded => {
                if dry_run {
                    self.ledger.append(&refused(layout, record).with("outcome", "dry run"))?;
                }
                report.outcome = FileOutcome::Superseded;
                report.rows.kept = done.kept;
                self.record_findings(report, vec![superseded(name, done.seen_before).into()]);
                Ok(())
            }
            Ok(done) => {
                if dry_run {
                    self.ledger.append(&refused(layout, record).with("outcome", "dry run"))?;
                }
                let all_known = done.added + done.replaced + done.kept + done.typings == 0;
                report.outcome = if all_known { FileOutcome::Unchanged } else { FileOutcome::Imported };
                let rows = &mut report.rows;
                (rows.added, rows.unchanged, rows.replaced, rows.kept, rows.typings) =
                    (done.added, done.unchanged, done.replaced, done.kept, done.typings);
                self.observer.notice(&Notice::FileImported { file: name, layout, done: &done, dry_run });
                self.conflicts(name, &done.conflicts, Severity::Warning, report);
                if done.restored > 0 {
                    self.observer.notice(&Notice::Restored { file: name, number: done.restored, dry_run });
                }
                let typings = done.added_typings.iter().map(|added| diagnose::typing(name, added).into());
                self.record_findings(report, typings.collect());
                if !dry_run && done.added + done.replaced + done.typings > 0 {
                    if layout == Layout::Families {
                        let findings = self.marks(&batch, name)?;
                        self.record_findings(report, findings);
                    }
                    // The file is stored, even if the following steps fail.
                    if self.options.identity.is_some()
                        && let Err(error) = self.new.add(name, &batch, self.ledger, self.store.table().panel())
                    {
                        self.record_findings(report, vec![not_looked_for(name, &error)]);
                    }
                }
                Ok(())
            }
            Err(LedgerError::Conflicts(found)) => {
                report.outcome = FileOutcome::Conflict;
                self.ledger.append(&refused(layout, record).with("conflicts", found.len()))?;
                self.conflicts(name, &found, Severity::Error, report);
                let replaceable = found.iter().all(|conflict| conflict.kind.is_replaceable());
                let expunged = found.iter().all(|conflict| conflict.kind.is_return());
                let rows = found.len() as u64;
                self.observer.notice(&Notice::FileConflicts { file: name, rows, replaceable, expunged });
                Ok(())
            }
            Err(source) => {
                report.outcome = FileOutcome::Failed;
                Err(StoreError::Import { file: name.to_owned(), source })
            }
        }
    }

    /// Writes rows to the ledger, and their original identifiers to the vault.
    fn write_batch(&mut self, batch: &Batch, entry: &Entry) -> Result<ImportReport, LedgerError> {
        let &ImportOptions { on_conflict, dry_run, .. } = self.options;
        let names = self.names;
        let Some(sealing) = &mut self.sealing else {
            return self.ledger.import(batch, on_conflict, dry_run, entry);
        };
        let imported =
            self.ledger.import_sealed(batch, on_conflict, dry_run, &mut |rows| sealing.seal(batch, rows, names), entry);
        names.forget();
        match &imported {
            Ok(_) => sealing.keep(),
            // The remaining file is sealed, and `verify` reports it.
            Err(_) => drop(sealing.undo(self.ledger)),
        }
        imported
    }

    /// Checks the families that a file touched, marks them, and returns the findings.
    fn marks(&mut self, batch: &Batch, name: &str) -> Result<Vec<ImportFinding>, StoreError> {
        let checking = match &self.checking {
            Some(checking) => checking,
            None => self.checking.insert(Checking::new(self.store)?),
        };
        diagnose::marks(batch, self.ledger, (self.store, checking), self.observer, name)
    }

    /// Searches all samples that the files added for duplicate people. The samples stay stored, whatever the result.
    fn look_for_duplicates(&mut self) {
        let Some(rule) = self.options.identity else { return };
        let new = std::mem::take(&mut self.new);
        let Some(last) = new.last_file().map(str::to_owned) else { return };
        let found = self
            .store
            .calculator()
            .and_then(|calculator| new.find_duplicates(self.ledger, self.store, &calculator, rule, self.observer));
        let found = found.unwrap_or_else(|error| {
            let finding = not_looked_for(&last, &error);
            vec![(last, vec![finding])]
        });
        for (file, findings) in found {
            let Some(at) = self.log.files.iter().rposition(|report| report.file == file) else { continue };
            let mut report = self.log.files[at].clone();
            self.record_findings(&mut report, findings);
            self.log.files[at] = report;
        }
    }

    fn conflicts(
        &mut self,
        name: &str,
        found: &[crate::ledger::Conflict],
        severity: Severity,
        report: &mut FileReport,
    ) {
        let findings = found.iter().map(|conflict| ImportFinding {
            problem: diagnose::conflict(name, conflict, severity),
            text: format!("{name}: {conflict}"),
        });
        self.record_findings(report, findings.collect());
    }

    /// Reports the findings about the case list, which is not an imported file itself.
    fn record_list_findings(&mut self, notes: &[Problem]) {
        if let Some(first) = notes.first() {
            let mut report = FileReport::new(first.file.to_string());
            self.record_findings(&mut report, notes.iter().cloned().map(ImportFinding::from).collect());
        }
    }
}

/// Returns the sheets of a workbook to read; for any other file, the file itself.
pub(in crate::store) fn chosen_sheets(sheets: &Sheets, bytes: &[u8]) -> Vec<Option<String>> {
    let named = match sheets {
        Sheets::Only => None,
        // The reader refuses a name that the workbook lacks.
        Sheets::Named(names) => workbook_sheets(bytes).map(|_| names.clone()),
        Sheets::All => workbook_sheets(bytes).filter(|sheets| !sheets.is_empty()),
    };
    named.map_or_else(|| vec![None], |names| names.into_iter().map(Some).collect())
}

/// Makes the audit record of a file that changes nothing.
fn refused(layout: Layout, record: Entry) -> Entry {
    record.with("as", layout.word()).with("outcome", "refused")
}

/// Makes the finding that the persons of a file were not checked for duplicates.
fn not_looked_for(name: &str, error: &StoreError) -> ImportFinding {
    let what = format!("the search for persons with two numbers failed: {}", error.with_causes());
    about_file(name, Severity::Warning, FindingCode::Identities, what).into()
}

/// Makes the finding that a file is skipped because it was imported earlier, at this time in seconds since 1970 UTC.
fn superseded(name: &str, imported_at: Option<i64>) -> Problem {
    let at = imported_at.and_then(|at| jiff::Timestamp::from_second(at).ok());
    let at = at.map_or(String::new(), |at| at.strftime(" on %Y-%m-%d %H:%M UTC").to_string());
    let what = format!("was imported{at}, and later files changed its samples: skipped, no action required");
    about_file(name, Severity::Note, FindingCode::Superseded, what)
}

/// Makes a finding about a whole file.
fn about_file(name: &str, severity: Severity, code: FindingCode, what: String) -> Problem {
    Problem::about_file(name, severity, code, what)
}
