//! `import`.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::audit::Attribution;
use crate::intake::{
    CaseList, FamilyPedigrees, Format, Intake, Layout, NumberKind, Problem, Request, Severity, SingleAllele, read_bytes,
};
use crate::ledger::{Batch, ImportReport, Ledger, OnConflict};
use crate::model::Panel;
use crate::pseudonym::Pseudonymizer;
use crate::report::ImportLog;

use super::Outcome;
use super::expunge::finish;
use super::import_desk::{Desk, Target};
use super::import_sources::{Beside, sources, write_over};
use super::kin::RuleOption;
use super::options::Global;
use super::output::{Output, plural};
use super::store::Store;
use super::vault::Sealing;

#[derive(Args)]
pub(super) struct Import {
    /// What the files hold: families or children; their columns tell, if this is left out
    #[arg(long = "as", value_name = "LAYOUT")]
    pub(super) layout: Option<Layout>,
    /// Files: CSV with a row per person, tables with a row per sample and locus, CODIS CMF, or projects of Familias; and
    /// folders: of a folder every file whose name ends as such files do, by name
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The form of the files
    #[arg(long, value_enum, default_value_t = Form::Auto)]
    format: Form,
    /// A case list, for files of genotypes alone: CSV with sample_id, family_id, relation and sex; for children sample_id
    /// and, if wanted, sex
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
    /// What one allele alone means, such as 14 or an empty second column
    #[arg(long, value_enum, default_value_t = Single::Homozygote)]
    single_allele: Single,
    /// The sheet of a workbook to read [default: the first]
    #[cfg(feature = "xlsx")]
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Pedigrees of families that relations do not describe: CSV with family_id, person, father, mother, sex, missing and
    /// sample_id; in FILE their relation is member
    #[arg(long, value_name = "FILE")]
    pedigrees: Option<PathBuf>,
    /// What stands for samples and families: original identifiers, which become pseudonyms, or pseudonyms already, as
    /// `export` writes them; these need no key
    #[arg(long, value_enum, default_value_t = Identifiers::Original)]
    identifiers: Identifiers,
    /// Names of persons in families of .fam files, such as Father, are theirs within the family only: FAMILY/PERSON names
    /// the sample
    #[arg(long, conflicts_with = "identifiers")]
    names_within_family: bool,
    /// The typing kit of all rows that name none in a column kit; see `reunite kits`
    #[arg(long, value_name = "NAME")]
    kit: Option<String>,
    /// Use the kits of which it was not verified which loci they type, too
    #[arg(long)]
    unverified_kits: bool,
    /// Read and check everything, change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Import the sound rows of a file with bad ones; the exit status still says that some were rejected
    #[arg(long)]
    pub(super) keep_going: bool,
    /// What to do with a sample that the store knows with other data
    #[arg(long, value_enum, default_value_t = Conflict::Refuse)]
    pub(super) on_conflict: Conflict,
    /// Do not look for persons who are in the store under another number; `reunite kin --relation identity` does later
    #[arg(long)]
    pub(super) skip_identities: bool,
    #[command(flatten)]
    pub(super) rule: RuleOption,
    /// Warn of profiles with fewer typed loci, of those matched on
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(super) min_loci: usize,
    /// What the sample_id are, if they are numbers of persons: check them
    #[arg(long, value_enum, value_name = "KIND")]
    sample_id_kind: Option<SampleIdKind>,
    /// How findings go out: text to standard error, or JSON with all of them to standard output
    #[arg(long, value_enum, value_name = "FORM", default_value_t = ReportForm::Text)]
    pub(super) report_format: ReportForm,
    /// Write what came of each file into this file: JSON with name, digest, rows and numbers of findings
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// Told by the content
    Auto,
    /// A row per person, a column per locus, or two
    Csv,
    /// A row per sample and locus, as GeneMapper writes it
    Genemapper,
    /// CODIS Common Message Format: XML
    Cmf,
    /// A project of the program Familias
    Fam,
}

impl Form {
    fn format(self) -> Option<Format> {
        match self {
            Self::Auto => None,
            Self::Csv => Some(Format::Csv),
            Self::Genemapper => Some(Format::GeneMapper),
            Self::Cmf => Some(Format::Cmf),
            Self::Fam => Some(Format::Fam),
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Single {
    /// Both alleles are the same
    Homozygote,
    /// The other may be lost: the locus is left untyped
    Untyped,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Identifiers {
    /// Numbers or names of the laboratory's own
    Original,
    /// Pseudonyms made under this store's key
    Pseudonyms,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Conflict {
    /// Refuse the file and list the samples
    Refuse,
    /// Keep what the store has, import the rest
    Keep,
    /// Take what the file has
    Replace,
}

impl Conflict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Keep => "keep",
            Self::Replace => "replace",
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum SampleIdKind {
    /// Resident ID numbers
    ResidentId,
    /// Numbers of birth certificates
    BirthCertificate,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportForm {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Import {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store, global.key())?;
        let _lock = store.lock()?;
        let mut ledger = store.ledger()?;
        let given = match self.identifiers {
            Identifiers::Original => Some(store.pseudonymizer(&mut ledger)?),
            Identifiers::Pseudonyms => None,
        };
        finish(&store, &mut ledger, output)?;
        // Of pseudonyms there is no original to keep.
        let sealing = if given.is_some() { Sealing::of(&store, &ledger)? } else { None };
        if sealing.is_none() && given.is_some() {
            output.say("no custodian: original identifiers are not kept (`reunite vault recipients add` names one)");
        }
        let pseudonymizer = match given {
            Some(names) if sealing.is_some() => names.remembering(),
            Some(names) => names,
            None => Pseudonymizer::given(),
        };
        let pedigrees = match &self.pedigrees {
            None => None,
            Some(path) => match self.read_pedigrees(path, &pseudonymizer, output)? {
                None => return Ok(Outcome::Rejected),
                found => found,
            },
        };
        let request = Request {
            format: self.format.format(),
            pedigrees: pedigrees.as_ref(),
            single_allele: match self.single_allele {
                Single::Homozygote => SingleAllele::Homozygote,
                Single::Untyped => SingleAllele::Untyped,
            },
            sheet: self.sheet(),
            names_within_family: self.names_within_family,
            kits: super::kits::kit_use(self.kit.as_deref(), self.unverified_kits)?,
            sample_id_kind: self.sample_id_kind.map(|kind| match kind {
                SampleIdKind::ResidentId => NumberKind::ResidentId,
                SampleIdKind::BirthCertificate => NumberKind::BirthCertificate,
            }),
            // If the layout is not said, this one is not looked at.
            ..Request::new(self.layout.unwrap_or(Layout::Families), store.table.panel(), &pseudonymizer)
        };
        let cases = match &self.cases {
            None => None,
            Some(path) => match self.read_cases(path, &request, output)? {
                None => return Ok(Outcome::Rejected),
                found => found,
            },
        };
        let request = Request { cases: cases.as_ref(), ..request };
        let beside = Beside { pedigrees: self.pedigrees.as_deref(), cases: self.cases.as_deref() };
        let files = sources(&self.files, &beside)?;
        let program = concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned();
        let log = ImportLog { program, dry_run: self.dry_run, ..ImportLog::default() };
        let target = Target { store: &store, names: &pseudonymizer, sealing };
        let (ledger, entry) = (&mut ledger, global.entry("import"));
        let (with_rows, samples) = (BTreeSet::new(), HashSet::new());
        let mut desk = Desk { import: self, target, ledger, entry, request, output, log, with_rows, samples };
        if let Some(cases) = &cases {
            desk.tell_of_list(cases.notes());
        }
        // What was done before something failed is told all the same.
        let done = files.iter().try_for_each(|source| desk.file(source));
        if let (Some(cases), true) = (&cases, done.is_ok()) {
            let without = cases.without_genotypes(&desk.samples);
            desk.tell_of_list(&without);
        }
        let Desk { log, with_rows, .. } = desk;
        if self.report_format == ReportForm::Json {
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

    #[cfg(feature = "xlsx")]
    fn sheet(&self) -> Option<&str> {
        self.sheet.as_deref()
    }

    #[cfg(not(feature = "xlsx"))]
    #[expect(clippy::unused_self, reason = "workbooks are read with the feature xlsx")]
    fn sheet(&self) -> Option<&str> {
        None
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
        let pedigrees = FamilyPedigrees::read(&path.display().to_string(), &bytes, pseudonymizer);
        Ok(pedigrees.map_err(|problems| refuse(path, &problems, output)).ok())
    }

    /// `None` if something is wrong with the list, which has been said then.
    fn read_cases(&self, path: &Path, request: &Request<'_>, output: &Output) -> anyhow::Result<Option<CaseList>> {
        if self.layout.is_none() {
            bail!("--cases goes with --as families or --as children");
        }
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let cases = CaseList::read(&path.display().to_string(), &bytes, request);
        Ok(cases.map_err(|problems| refuse(path, &problems, output)).ok())
    }
}

fn refuse(path: &Path, problems: &[Problem], output: &Output) {
    problems.iter().for_each(|problem| output.warn(&problem.to_string()));
    let found = plural(problems.len() as u64, "problem");
    output.warn(&format!("{}: {found} found, nothing imported", path.display()));
}

/// What intake read, as the ledger takes it.
pub(super) fn batch(intake: Intake) -> Batch {
    let Intake { layout, digest: file_digest, loci, rows, pedigrees, .. } = intake;
    Batch { layout, file_digest, loci, rows, pedigrees }
}

/// Imports the text of a file that must be sound: one of ours.
pub(super) fn sound_text(
    name: &str,
    text: &str,
    layout: Layout,
    panel: &Panel,
    pseudonymizer: &Pseudonymizer,
    ledger: &mut Ledger,
    attribution: Attribution<'_>,
) -> anyhow::Result<ImportReport> {
    let request = Request::new(layout, panel, pseudonymizer);
    let intake = read_bytes(name, text.as_bytes(), &request);
    if let Some(problem) = intake.problems.first() {
        anyhow::bail!("{problem}");
    }
    Ok(ledger.import(&batch(intake), OnConflict::Refuse, false, attribution)?)
}
