//! `import`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::audit::Entry;
use crate::intake::{
    CaseList, FamilyPedigrees, Format, Intake, Layout, Problem, Request, SingleAllele, read_bytes, read_file,
};
use crate::ledger::{Batch, Holds, ImportReport, Ledger, LedgerError, OnConflict, Record};
use crate::model::{Panel, Pseudonym};
use crate::pseudonym::Pseudonymizer;
use crate::report::FindingRow;

use super::Outcome;
use super::checking::Checking;
use super::expunge::finish;
use super::identities::check_new;
use super::kin::RuleOption;
use super::options::Global;
use super::output::{Output, count};
use super::store::Store;
use super::vault::Sealing;

#[derive(Args)]
pub(super) struct Import {
    /// What the files hold: families or children
    #[arg(long = "as", value_name = "LAYOUT")]
    layout: Layout,
    /// Files: CSV with a row per person, tables with a row per sample and locus, CODIS CMF, or projects of Familias
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
    dry_run: bool,
    /// Import the sound rows of a file with bad ones; the exit status still says that some were rejected
    #[arg(long)]
    keep_going: bool,
    /// What to do with a sample that the store knows with other data
    #[arg(long, value_enum, default_value_t = Conflict::Refuse)]
    on_conflict: Conflict,
    /// Do not look for persons who are in the store under another number; `reunite kin --relation identity` does later
    #[arg(long)]
    skip_identities: bool,
    #[command(flatten)]
    rule: RuleOption,
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
        let given = match self.identifiers {
            Identifiers::Original => Some(store.pseudonymizer(&mut ledger, global.key().as_ref())?),
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
            ..Request::new(self.layout, store.table.panel(), &pseudonymizer)
        };
        let cases = match &self.cases {
            None => None,
            Some(path) => match read_cases(path, &request, output)? {
                None => return Ok(Outcome::Rejected),
                found => found,
            },
        };
        let request = Request { cases: cases.as_ref(), ..request };
        let (mut with_rows, mut samples) = (BTreeSet::new(), HashSet::new());
        let mut target = Target { store: &store, names: &pseudonymizer, sealing };
        let mut outcome = Outcome::Done;
        for file in &self.files {
            let started = Instant::now();
            let intake = read_file(file, &request)?;
            with_rows.extend(intake.pedigrees.iter().map(|pedigree| pedigree.family));
            if cases.is_some() {
                samples.extend(intake.rows.iter().map(|row| row.sample));
            }
            let taken = self.take(intake, &mut target, &mut ledger, global.entry("import"), output, file)?;
            if taken == Outcome::Rejected {
                outcome = Outcome::Rejected;
            } else {
                output.say(&format!("  in {:.2} s", started.elapsed().as_secs_f64()));
            }
        }
        if let Some(cases) = &cases {
            cases.without_genotypes(&samples).iter().for_each(|note| output.warn(&note.to_string()));
        }
        if let (Some(pedigrees), Some(path)) = (&pedigrees, &self.pedigrees)
            && with_rows.len() < pedigrees.len()
        {
            let without = plural((pedigrees.len() - with_rows.len()) as u64, "pedigree");
            output.warn(&format!("{}: {without} of families without a sound row here: not imported", path.display()));
        }
        Ok(outcome)
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
        if self.layout != Layout::Families {
            bail!("--pedigrees goes with --as families");
        }
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let pedigrees = FamilyPedigrees::read(&path.display().to_string(), &bytes, pseudonymizer);
        Ok(pedigrees.map_err(|problems| refuse(path, &problems, output)).ok())
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
                if !self.skip_identities && !self.dry_run && report.added + report.replaced > 0 {
                    let checked = check_new(&batch, ledger, target.store, self.rule.rule(), output, file);
                    // The file is in.
                    if let Err(error) = checked {
                        output.warn(&format!("{name}: persons with two numbers were not looked for: {error:#}"));
                    }
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

/// `None` if something is wrong with the list, which has been said then.
fn read_cases(path: &Path, request: &Request<'_>, output: &Output) -> anyhow::Result<Option<CaseList>> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let cases = CaseList::read(&path.display().to_string(), &bytes, request);
    let cases = cases.map_err(|problems| refuse(path, &problems, output)).ok();
    cases.iter().flat_map(CaseList::notes).for_each(|note| output.warn(&note.to_string()));
    Ok(cases)
}

fn refuse(path: &Path, problems: &[Problem], output: &Output) {
    problems.iter().for_each(|problem| output.warn(&problem.to_string()));
    let found = plural(problems.len() as u64, "problem");
    output.warn(&format!("{}: {found} found, nothing imported", path.display()));
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
    let request = Request::new(layout, panel, pseudonymizer);
    let intake = read_bytes(name, text.as_bytes(), &request);
    if let Some(problem) = intake.problems.first() {
        anyhow::bail!("{problem}");
    }
    Ok(ledger.import(&batch(intake), OnConflict::Refuse, false)?)
}
