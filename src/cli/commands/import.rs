//! `import`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::cli::confirm::{StandardInput, YesOption};
use crate::cli::notices::Notices;
use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};
use crate::intake::{Format, IdentifierForms, NumberKind, Problem, SingleAllele, SpreadsheetNumbers, TextEncoding};
use crate::ledger::OnConflict;
use crate::model::{Layout, UnknownWord, shown_path};
use crate::report::{MANIFEST_BEGINS, Page, list_findings};
use crate::store::{
    Identifiers, ImportOptions, Imported, ListKind, Replace, Sheets, StoreError, check_output, write_output,
    write_private,
};

use super::kin::RuleOption;
use super::kits::kit_use;

#[derive(Args)]
pub(crate) struct Import {
    /// What the files hold: families, children, certificates (birth certificates of a registry), certificate-claims
    /// (which child claims which), found-children or missing-children (what people state about them) or keeping (the
    /// terms on which samples are kept) [default: families or children, detected by their columns]
    #[arg(long = "as", value_name = "LAYOUT")]
    holds: Option<Holds>,
    /// Files: CSV with a row per person, tables with a row per sample and locus, workbooks, CODIS CMF, Familias projects;
    /// for a folder, each supported file in name order; - is standard input
    #[arg(required_unless_present = "template", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The format of the files
    #[arg(long, value_enum, default_value_t = Form::Auto)]
    format: Form,
    /// A case list for files that hold genotypes alone: CSV with sample_id, family_id, relation and sex; for children
    /// sample_id and optionally sex
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
    /// The meaning of a single allele, such as 14 or an empty second column
    #[arg(long, value_enum, default_value_t = SingleAllele::Homozygote)]
    single_allele: SingleAllele,
    /// A sheet of workbooks to read; may be given several times [default: the one that has cells]
    #[arg(long, value_name = "NAME", conflicts_with = "all_sheets")]
    sheet: Vec<String>,
    /// Read every sheet of workbooks that has cells
    #[arg(long)]
    all_sheets: bool,
    /// A column map: TOML with [columns] (THEIRS = "OURS"), [values.OURS] (THEIRS = "OURS"; [values.loci] for all
    /// genotypes), and ignore = [...] for columns to ignore; used for FILE and the case list
    #[arg(long, value_name = "FILE", conflicts_with = "map_of")]
    map: Option<PathBuf>,
    /// Use the map that the store keeps for this agency; see `reunite maps`
    #[arg(long, value_name = "AGENCY")]
    map_of: Option<String>,
    /// Ignore unknown columns, with a note for each
    #[arg(long)]
    ignore_unknown: bool,
    /// Read nothing, and write an empty sheet with all columns; - is standard output; requires --as
    #[arg(long, value_name = "FILE", requires = "holds", conflicts_with = "files")]
    template: Option<PathBuf>,
    /// Pedigrees of families that relations do not describe: CSV with family_id, person, father, mother, sex, missing and
    /// sample_id; in FILE their relation is member
    #[arg(long, value_name = "FILE")]
    pedigrees: Option<PathBuf>,
    /// What identifies samples and families: original identifiers, which become pseudonyms, or pseudonyms, as `export`
    /// writes them; pseudonyms require no key
    #[arg(long, value_enum, default_value_t = Identifiers::Original)]
    identifiers: Identifiers,
    /// Persons of .fam files have names, such as Father, that are unique only within their family: use FAMILY/PERSON as
    /// the sample number
    #[arg(long, conflicts_with = "identifiers")]
    names_within_family: bool,
    /// The name of a missing person in .fam files, in any case, beside all names that begin with Missing; may be given
    /// several times
    #[arg(long, value_name = "NAME")]
    missing: Vec<String>,
    /// The typing kit of rows without a column kit; see `reunite kits`
    #[arg(long, value_name = "NAME")]
    kit: Option<String>,
    /// Also use kits whose loci are not verified
    #[arg(long)]
    unverified_kits: bool,
    /// Read and check everything, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Import the valid rows of a file with invalid ones; the exit status is 2 then
    #[arg(long)]
    keep_going: bool,
    /// What to do with a known sample that has other data in the file
    #[arg(long, value_enum, default_value_t = OnConflict::Refuse)]
    on_conflict: OnConflict,
    #[command(flatten)]
    yes: YesOption,
    /// Import samples and families that were expunged before; requires --reason, which the audit chain keeps
    #[arg(long)]
    restore_expunged: bool,
    /// Do not search for duplicate people; `reunite kin --within all --relation identity` does so later
    #[arg(long)]
    skip_identities: bool,
    #[command(flatten)]
    rule: RuleOption,
    /// Warn of profiles with fewer typed loci of the panel
    #[arg(long, value_name = "N", default_value_t = 8)]
    min_loci: usize,
    /// Check the sample_id as numbers of this kind
    #[arg(long, value_enum, value_name = "KIND")]
    sample_id_kind: Option<NumberKind>,
    /// What to do with identifiers that a spreadsheet may have rounded, such as 3.70102E+17
    #[arg(long, value_enum, value_name = "RULE", default_value_t = SpreadsheetNumbers::Refuse)]
    spreadsheet_numbers: SpreadsheetNumbers,
    /// What to do with identifiers that differ only in letter case, spaces or the like, such as F1 and f1, in the file or
    /// from the store's
    #[arg(long, value_enum, value_name = "RULE", default_value_t = IdentifierForms::Refuse)]
    identifier_forms: IdentifierForms,
    /// The encoding of FILE, where two are possible [default: detected]
    #[arg(long, value_enum, value_name = "NAME")]
    encoding: Option<TextEncoding>,
    /// The form of findings: text on standard error, or JSON with all of them on standard output
    #[arg(long, value_enum, value_name = "FORM", default_value_t = ReportForm::Text)]
    report_format: ReportForm,
    /// Write a manifest: JSON with name, digest, rows and findings of each file; replaces an earlier manifest
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Overwrite a file of another kind with the manifest
    #[arg(long, requires = "manifest")]
    force: bool,
}

/// What files hold.
#[derive(Clone, Copy)]
enum Holds {
    Samples(Layout),
    List(ListKind),
}

impl FromStr for Holds {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match ListKind::ALL.into_iter().find(|list| list.word() == text) {
            Some(list) => Ok(Self::List(list)),
            None => text.parse().map(Self::Samples).map_err(|_: UnknownWord| UnknownWord {
                choices: "families, children, certificates, certificate-claims, found-children, missing-children, keeping",
            }),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Detected by the content
    Auto,
    /// A row per person, a column per locus, or two
    Csv,
    /// A row per sample and locus, as GeneMapper writes it
    Genemapper,
    /// CODIS Common Message Format: XML
    Cmf,
    /// CODIS Common Message Format 1.0: one value per line
    Dat,
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
            Self::Dat => Some(Format::Dat),
            Self::Fam => Some(Format::Fam),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportForm {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Import {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        if let (Some(path), Some(holds)) = (&self.template, self.holds) {
            let header = match holds {
                Holds::Samples(layout) => global.open()?.template(layout),
                Holds::List(list) => list.template(),
            };
            match path.to_str() {
                Some("-") => output.data(&header)?,
                _ => write_private(path, header.as_bytes())?,
            }
            return Ok(Outcome::Done);
        }
        let options = self.options()?;
        if let (Some(Holds::List(list)), Some(option)) = (self.holds, self.of_samples()) {
            bail!("{option} is for families and children; leave it out with --as {}", list.word());
        }
        if matches!(self.holds, Some(Holds::List(ListKind::Keeping))) && self.on_conflict != OnConflict::Refuse {
            bail!("--on-conflict has no meaning with --as keeping: later terms replace earlier ones; leave it out");
        }
        if matches!(self.holds, Some(Holds::List(ListKind::Facts(_)))) && self.on_conflict != OnConflict::Refuse {
            bail!("facts that changed are added to the earlier ones; leave --on-conflict out");
        }
        if let Some(path) = &self.manifest {
            // Before anything is done.
            check_output(path, self.replace(), &self.inputs(global))?;
        }
        if self.on_conflict == OnConflict::Replace && !self.dry_run {
            let is_stream = self.files.iter().any(|file| file.as_os_str() == "-");
            let input = if is_stream { StandardInput::Data } else { StandardInput::Unused };
            let question = format!(
                "replace what {} holds by the files, wherever they disagree? --dry-run shows where",
                shown_path(&global.store)
            );
            self.yes.confirm(&question, input, output)?;
        }
        let notices = Notices::new(output);
        let json = self.report_format == ReportForm::Json;
        let notices = if json { notices.without_findings() } else { notices };
        let (store, entry) = (global.open()?, global.entry("import"));
        let imported = match self.holds {
            Some(Holds::List(list)) => store.import_list(&self.files, list, &options, &entry, &notices),
            _ => store.import(&self.files, &options, &entry, &notices),
        };
        let imported = match imported {
            Err(StoreError::Refused { path, problems }) => {
                refuse(&path, &problems, output);
                return Ok(Outcome::Rejected);
            }
            imported => imported?,
        };
        let refused = imported.has_errors();
        let Imported { log, failed, .. } = imported;
        if json {
            output.data(&log.json()?)?;
        } else if let Some(summary) = log.summary(global.language()) {
            output.say_page(&[Page::from("\n"), summary, Page::from("\n")].into_iter().collect());
        }
        if let Some(path) = &self.manifest {
            write_output(path, log.manifest()?.as_bytes(), self.replace(), &self.inputs(global))?;
        }
        match failed {
            Some(error) => Err(error.into()),
            None if refused => Ok(Outcome::Rejected),
            None => Ok(Outcome::Done),
        }
    }

    fn options(&self) -> anyhow::Result<ImportOptions> {
        Ok(ImportOptions {
            layout: match self.holds {
                Some(Holds::Samples(layout)) => Some(layout),
                _ => None,
            },
            format: self.format.format(),
            cases: self.cases.clone(),
            single_allele: self.single_allele,
            sheets: self.sheets(),
            map: self.map.clone(),
            map_of: self.map_of.clone(),
            ignore_unknown: self.ignore_unknown,
            pedigrees: self.pedigrees.clone(),
            identifiers: self.identifiers,
            names_within_family: self.names_within_family,
            missing: self.missing.clone(),
            kits: kit_use(self.kit.as_deref(), self.unverified_kits)?,
            dry_run: self.dry_run,
            keep_going: self.keep_going,
            on_conflict: self.on_conflict,
            restore_expunged: self.restore_expunged,
            identity: (!self.skip_identities).then(|| self.rule.rule()),
            min_loci: self.min_loci,
            sample_id_kind: self.sample_id_kind,
            spreadsheet_numbers: self.spreadsheet_numbers,
            identifier_forms: self.identifier_forms,
            encoding: self.encoding,
        })
    }

    /// The first option given that has a meaning for samples only.
    fn of_samples(&self) -> Option<&'static str> {
        let given = [
            (!matches!(self.format, Form::Auto | Form::Csv), "--format"),
            (self.cases.is_some(), "--cases"),
            (self.map.is_some(), "--map"),
            (self.map_of.is_some(), "--map-of"),
            (self.ignore_unknown, "--ignore-unknown"),
            (self.pedigrees.is_some(), "--pedigrees"),
            (self.identifiers == Identifiers::Pseudonyms, "--identifiers pseudonyms"),
            (self.names_within_family, "--names-within-family"),
            (!self.missing.is_empty(), "--missing"),
            (self.kit.is_some(), "--kit"),
            (self.on_conflict == OnConflict::Add, "--on-conflict add"),
            (self.restore_expunged, "--restore-expunged"),
            (self.sample_id_kind.is_some(), "--sample-id-kind"),
        ];
        given.into_iter().find(|one| one.0).map(|one| one.1)
    }

    /// What the manifest may replace: one of an earlier import, unless any file is.
    fn replace(&self) -> Replace {
        if self.force { Replace::AnyFile } else { Replace::Like(MANIFEST_BEGINS) }
    }

    /// Everything that this command reads.
    fn inputs<'a>(&'a self, global: &'a Global) -> Vec<&'a Path> {
        let beside = [&self.cases, &self.map, &self.pedigrees].into_iter().flatten();
        self.files.iter().chain(beside).map(PathBuf::as_path).chain(global.key_file()).collect()
    }

    fn sheets(&self) -> Sheets {
        match &self.sheet[..] {
            _ if self.all_sheets => Sheets::All,
            [] => Sheets::Only,
            names => Sheets::Named(names.to_vec()),
        }
    }
}

/// Lists the problems of a file that refuse it.
pub(super) fn list(problems: &[Problem], output: &Output) {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for line in list_findings(problems.iter().zip(texts.iter().map(String::as_str))) {
        output.warn(&line.to_string());
    }
}

fn refuse(path: &Path, problems: &[Problem], output: &Output) {
    list(problems, output);
    let found = plural(problems.len() as u64, "problem");
    output.warn(&format!("{}: {found} found, nothing imported", shown_path(path)));
}
