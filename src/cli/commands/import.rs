//! `import`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::confirm::{StandardInput, YesOption};
use crate::cli::notices::Notices;
use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};
use crate::intake::{Format, IdentifierForms, NumberKind, Problem, SingleAllele, SpreadsheetNumbers, TextEncoding};
use crate::ledger::OnConflict;
use crate::model::{Layout, shown_path};
use crate::report::words::wrap;
use crate::report::{MANIFEST_BEGINS, SCREEN, list_findings};
use crate::store::{
    Identifiers, ImportOptions, Imported, Replace, Sheets, StoreError, check_output, write_output, write_private,
};

use super::kin::RuleOption;
use super::kits::kit_use;

#[derive(Args)]
pub(crate) struct Import {
    /// What the files hold: families or children; their columns tell, if this is left out
    #[arg(long = "as", value_name = "LAYOUT")]
    layout: Option<Layout>,
    /// Files: CSV with a row per person, tables with a row per sample and locus, CODIS CMF, or projects of Familias; and
    /// folders: of a folder every file whose name ends as such files do, by name; - is standard input
    #[arg(required_unless_present = "template", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The form of the files
    #[arg(long, value_enum, default_value_t = Form::Auto)]
    format: Form,
    /// A case list, for files of genotypes alone: CSV with sample_id, family_id, relation and sex; for children sample_id
    /// and, if wanted, sex
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
    /// What one allele alone means, such as 14 or an empty second column
    #[arg(long, value_enum, default_value_t = SingleAllele::Homozygote)]
    single_allele: SingleAllele,
    /// A sheet of workbooks to read, as a file of its own; may be repeated [default: the one that has cells]
    #[arg(long, value_name = "NAME", conflicts_with = "all_sheets")]
    sheet: Vec<String>,
    /// Read every sheet of workbooks that has cells
    #[arg(long)]
    all_sheets: bool,
    /// What the laboratory calls its columns: TOML with [columns] (THEIRS = "OURS"), [values.OURS] (THEIRS = "OURS",
    /// [values.loci] for all genotypes), and ignore = [...], columns to leave aside; for FILE and the case list
    #[arg(long, value_name = "FILE", conflicts_with = "map_of")]
    map: Option<PathBuf>,
    /// Use the map that the store keeps for this agency; see `reunite maps`
    #[arg(long, value_name = "AGENCY")]
    map_of: Option<String>,
    /// Leave aside columns that are like no known one, with a note for each
    #[arg(long)]
    ignore_unknown: bool,
    /// Read nothing, and write a sheet to fill in: the columns of a file, `-` for standard output; requires --as
    #[arg(long, value_name = "FILE", requires = "layout", conflicts_with = "files")]
    template: Option<PathBuf>,
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
    /// The name of a missing person in .fam files, in any case, beside all names that begin with Missing; may be given
    /// several times
    #[arg(long, value_name = "NAME")]
    missing: Vec<String>,
    /// The typing kit of all rows that name none in a column kit; see `reunite kits`
    #[arg(long, value_name = "NAME")]
    kit: Option<String>,
    /// Use the kits of which it was not verified which loci they type, too
    #[arg(long)]
    unverified_kits: bool,
    /// Read and check everything, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Import the sound rows of a file with bad ones; the exit status still says that some were rejected
    #[arg(long)]
    keep_going: bool,
    /// What to do with a sample that the store knows with other data
    #[arg(long, value_enum, default_value_t = OnConflict::Refuse)]
    on_conflict: OnConflict,
    #[command(flatten)]
    yes: YesOption,
    /// Take in samples and families that were expunged before, of which files are refused otherwise; requires --reason, which is
    /// kept in the audit chain
    #[arg(long)]
    restore_expunged: bool,
    /// Do not look for persons who are in the store under another number; `reunite kin --relation identity` does later
    #[arg(long)]
    skip_identities: bool,
    #[command(flatten)]
    rule: RuleOption,
    /// Warn of profiles with fewer typed loci, of those matched on
    #[arg(long, value_name = "N", default_value_t = 8)]
    min_loci: usize,
    /// What the sample_id are, if they are numbers of persons: check them
    #[arg(long, value_enum, value_name = "KIND")]
    sample_id_kind: Option<NumberKind>,
    /// What becomes of identifiers that a spreadsheet may have rounded, such as 3.70102E+17
    #[arg(long, value_enum, value_name = "RULE", default_value_t = SpreadsheetNumbers::Refuse)]
    spreadsheet_numbers: SpreadsheetNumbers,
    /// What becomes of identifiers that differ only in letter case, spaces or brackets, such as F1 and f1, in the file or
    /// from the store's
    #[arg(long, value_enum, value_name = "RULE", default_value_t = IdentifierForms::Refuse)]
    identifier_forms: IdentifierForms,
    /// How the text of FILE is encoded, where the bytes could be of two encodings [default: told by the bytes]
    #[arg(long, value_enum, value_name = "NAME")]
    encoding: Option<TextEncoding>,
    /// How findings go out: text to standard error, or JSON with all of them to standard output
    #[arg(long, value_enum, value_name = "FORM", default_value_t = ReportForm::Text)]
    report_format: ReportForm,
    /// Write what came of each file into this file, also in the place of an earlier such file: JSON with name, digest, rows
    /// and numbers of findings
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Write the manifest over a file of any other kind that exists
    #[arg(long, requires = "manifest")]
    force: bool,
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
        if let (Some(path), Some(layout)) = (&self.template, self.layout) {
            let header = global.open()?.template(layout);
            match path.to_str() {
                Some("-") => output.data(&header)?,
                _ => write_private(path, header.as_bytes())?,
            }
            return Ok(Outcome::Done);
        }
        let options = self.options()?;
        if let Some(path) = &self.manifest {
            // Before anything is done.
            check_output(path, self.replace(), &self.inputs(global))?;
        }
        if self.on_conflict == OnConflict::Replace && !self.dry_run {
            let is_stream = self.files.iter().any(|file| file.as_os_str() == "-");
            let input = if is_stream { StandardInput::Data } else { StandardInput::Unused };
            let question = format!(
                "let the files take the place of what {} has, wherever they disagree? --dry-run shows where",
                shown_path(&global.store)
            );
            self.yes.confirm(&question, input, output)?;
        }
        let notices = Notices::new(output);
        let json = self.report_format == ReportForm::Json;
        let notices = if json { notices.without_findings() } else { notices };
        let imported = match global.open()?.import(&self.files, &options, &global.entry("import"), &notices) {
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
        } else if let Some(summary) = log.summary() {
            output.say(&format!("\n{summary}"));
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
            layout: self.layout,
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
        output.warn(&wrap(&line.to_string(), SCREEN));
    }
}

fn refuse(path: &Path, problems: &[Problem], output: &Output) {
    list(problems, output);
    let found = plural(problems.len() as u64, "problem");
    output.warn(&format!("{}: {found} found, nothing imported", shown_path(path)));
}
