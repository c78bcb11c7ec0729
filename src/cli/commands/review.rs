//! `review`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;

use crate::audit::{Entry, ReviewerKey, ReviewerPublicKey};
use crate::cli::options::{FormatOption, Global, TableFormatOption, day, pseudonym, whom};
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::cli::passphrase::PassphraseOption;
use crate::model::{Pseudonym, shown_path};
use crate::report::{ConflictRow, Format, TableFormat};
use crate::review::{BasisPart, Conflict, Deadline, Decision, ReasonCode, Role, StaffCode, Status, Step, StepDoubt};
use crate::store::{NewDecision, ReviewFilter, StepRecorded, Store, Whom, checked_reason};

#[derive(Subcommand)]
pub(crate) enum Review {
    /// Create a reviewer's key, sealed with a passphrase, and its public key
    Key(NewKey),
    /// Enrol a reviewer with a staff code and a public key
    Enrol(Enrol),
    /// Give an enrolled person another role; signed decisions stay valid
    Role(GiveRole),
    /// End the enrolment of a reviewer; signed decisions stay valid
    WithdrawReviewer {
        /// The staff code
        #[arg(value_name = "CODE")]
        staff: String,
    },
    /// List the reviewers
    Reviewers {
        #[command(flatten)]
        format: FormatOption,
    },
    /// Sign a decision about a pair: confirm, refute, or request a retest
    ///
    /// A pair is confirmed when two reviewers with different staff codes and different keys confirm it on the same basis.
    /// Until both have decided, nobody sees what the first one decided. If they disagree, both decide again.
    Decide(Decide),
    /// Show the state and the history of a pair
    Show(Show),
    /// List all pairs and children with a history
    List(List),
    /// Compare a further sample of the child with the first, and record whether both are one person's
    Retest(Retest),
    /// Record a step after a pair was confirmed
    ///
    /// In this order: informed, recognised, handed-over, registered. After informed or recognised, placed is the last step
    /// of a child who does not return to the family. Informing the family requires that a second typing, kit or sample of
    /// the child agrees with the first, that both reviewers confirmed the present data, and that no other confirmed pair has
    /// the same family or child. What follows is recorded in any case, with a warning if something speaks against it.
    Step(TakeStep),
    /// Record when a child was found whose parents are not found; its deadlines count from that day
    Found(Found),
    /// Record that something was done for a child that a deadline requires
    Done(Done),
    /// List what is due: deadlines of children, and the next action for each pair
    Due(Due),
}

#[derive(Args)]
pub(crate) struct NewKey {
    /// The file to write, away from the store; the public key is written to FILE.pub
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

#[derive(Args)]
pub(crate) struct Enrol {
    /// The staff code: up to 20 letters, digits, - or _; not a name
    #[arg(long, value_name = "CODE")]
    staff: String,
    /// The reviewer's public key, which `review key` wrote
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
    /// What the person may do: an analyst and a reviewer look at candidates, and only a reviewer decides; a supervisor sees
    /// statistics only; an administrator sees no candidates
    #[arg(long, value_name = "ROLE", default_value = Role::Reviewer.word(), value_parser = words(Role::ALL, Role::word))]
    role: String,
}

#[derive(Args)]
pub(crate) struct GiveRole {
    /// The staff code
    #[arg(value_name = "CODE")]
    staff: String,
    /// The role
    #[arg(value_parser = words(Role::ALL, Role::word))]
    role: String,
}

/// A family and a child.
#[derive(Args)]
pub(crate) struct PairOption {
    /// The pseudonym of the family, or at least its first 6 digits
    family: String,
    /// The pseudonym of the child, or its first digits
    child: String,
}

impl PairOption {
    fn read(&self, store: &Store, entry: &Entry) -> anyhow::Result<(Pseudonym, Pseudonym)> {
        let family = whom(store, Whom::Family, "FAMILY", &self.family, entry)?;
        Ok((family, whom(store, Whom::Child, "CHILD", &self.child, entry)?))
    }
}

#[derive(Args)]
pub(crate) struct Decide {
    #[command(flatten)]
    pair: PairOption,
    /// The decision
    #[arg(long, value_name = "DECISION", value_parser = words(Decision::ALL, Decision::word))]
    decision: String,
    /// The reason for it
    #[arg(long = "code", value_name = "REASON-CODE", value_parser = words(ReasonCode::ALL, ReasonCode::word))]
    because: String,
    /// A remark, without names; the history keeps it. The code "other" requires one
    #[arg(long, value_name = "TEXT", value_parser = checked_reason)]
    text: Option<String>,
    /// The file with your reviewer's key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pair: PairOption,
    /// The file with your reviewer's key, to see your own decision before the second one
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseOption,
    #[command(flatten)]
    format: TableFormatOption,
}

#[derive(Args)]
pub(crate) struct List {
    /// Only pairs in this state
    #[arg(long, value_name = "STATE", value_parser = words(Status::ALL, Status::word))]
    state: Option<String>,
    /// Only pairs whose profiles, relatives or model changed since they were decided
    #[arg(long)]
    changed: bool,
    #[command(flatten)]
    format: TableFormatOption,
}

#[derive(Args)]
pub(crate) struct Retest {
    #[command(flatten)]
    pair: PairOption,
    /// The pseudonym of the further sample, imported as a child of unknown origin
    #[arg(long, value_name = "PSEUDONYM")]
    sample: String,
}

#[derive(Args)]
pub(crate) struct TakeStep {
    #[command(flatten)]
    pair: PairOption,
    /// The step
    #[arg(value_parser = words(Step::ALL, Step::word))]
    step: String,
    /// The day
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: String,
}

#[derive(Args)]
pub(crate) struct Found {
    /// The pseudonym of the child
    child: String,
    /// The day
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: String,
}

#[derive(Args)]
pub(crate) struct Done {
    /// The pseudonym of the child
    child: String,
    /// What was done
    #[arg(value_parser = words(Deadline::ALL, Deadline::word))]
    deadline: String,
    /// The day
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: String,
}

#[derive(Args)]
pub(crate) struct Due {
    /// The day [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    on: Option<String>,
    #[command(flatten)]
    format: FormatOption,
}

/// The words that an argument may be.
fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> clap::builder::PossibleValuesParser {
    all.iter().map(|&one| word(one)).collect::<Vec<_>>().into()
}

/// Reads a staff code without repeating an invalid one.
fn staff_code(argument: &str, text: &str) -> anyhow::Result<StaffCode> {
    text.parse().map_err(|error| anyhow::anyhow!("{argument}: {error}"))
}

fn named(parts: &[BasisPart]) -> String {
    parts.iter().map(|part| part.word()).collect::<Vec<_>>().join(", ")
}

impl Review {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        match self {
            Self::Key(command) => command.run(output),
            Self::Enrol(command) => command.run(global, output),
            Self::Role(command) => command.run(global, output),
            Self::WithdrawReviewer { staff } => {
                let staff = &staff_code("CODE", staff)?;
                global.open()?.withdraw_reviewer(staff, &global.entry("review withdraw-reviewer"))?;
                output.say(&format!("{staff} is no longer a reviewer; signed decisions stay valid"));
                Ok(Outcome::Done)
            }
            Self::Reviewers { format } => reviewers(format, global, output),
            Self::Decide(command) => command.run(global, output),
            Self::Show(command) => command.run(global, output),
            Self::List(command) => command.run(global, output),
            Self::Retest(command) => command.run(global, output),
            Self::Step(command) => command.run(global, output),
            Self::Found(command) => command.run(global, output),
            Self::Done(command) => command.run(global, output),
            Self::Due(command) => command.run(global, output),
        }
    }
}

impl NewKey {
    fn run(&self, output: &Output) -> anyhow::Result<Outcome> {
        ReviewerKey::generate(&self.out, &self.passphrase.read_new()?)?;
        output.say(&format!(
            "wrote the reviewer's key to {file} and its public key to {file}.pub\nkeep the first to yourself; `reunite review \
             enrol` requires the second",
            file = shown_path(&self.out)
        ));
        Ok(Outcome::Done)
    }
}

impl Enrol {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let staff = staff_code("--staff", &self.staff)?;
        let (key, role) = (ReviewerPublicKey::load(&self.public_key)?, self.role.parse::<Role>()?);
        global.open()?.enrol_reviewer(&staff, key, role, &global.entry("review enrol"))?;
        match role {
            Role::Reviewer => output.say(&format!("enrolled the reviewer {staff}")),
            _ => output.say(&format!("enrolled {staff} with the role {role}")),
        }
        Ok(Outcome::Done)
    }
}

impl GiveRole {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (staff, role) = (staff_code("CODE", &self.staff)?, self.role.parse::<Role>()?);
        global.open()?.set_role(&staff, role, &global.entry("review role"))?;
        output.say(&format!("{staff} has the role {role}"));
        Ok(Outcome::Done)
    }
}

fn reviewers(format: &FormatOption, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
    let report = global.open()?.reviewers(&global.entry("review reviewers").with("format", format.format.word()))?;
    match format.format {
        Format::Json => output.data(&report.json()?)?,
        Format::Csv => output.data(&report.csv())?,
        Format::Table if report.reviewers.is_empty() => output.say("no reviewer is enrolled"),
        Format::Table => output.page(report.table())?,
    }
    Ok(Outcome::Done)
}

impl Decide {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("review decide"));
        let (family, child) = self.pair.read(&store, &entry)?;
        let key = key(&store, &self.key, &self.passphrase)?;
        let (decision, code) = (self.decision.parse()?, self.because.parse()?);
        let decision = NewDecision { family, child, decision, code, text: self.text.as_deref(), key: &key };
        let recorded = store.decide(&decision, &entry)?;
        if !recorded.changed.is_empty() {
            output.warn(&format!(
                "changed since the pair was decided: {}; the decisions before do not count any more",
                named(&recorded.changed)
            ));
        }
        if decision.decision == Decision::Confirm && recorded.log10_lr.is_none_or(|log10_lr| log10_lr < 0.0) {
            let ratio =
                recorded.log10_lr.map_or("0".to_owned(), |log10_lr| format!("below 1 (log10 LR {log10_lr:.2})"));
            output.warn(&format!(
                "the LR is {ratio}: the profiles speak against the pair; check both pseudonyms and `reunite explain`"
            ));
        }
        for conflict in &recorded.conflicts {
            let fix = match conflict.conflict {
                Conflict::FamilyWithdrawn => "nobody informs it until `reunite families restore`",
                Conflict::NeverCandidate => "check both pseudonyms and `reunite explain`",
                _ => "one of the two pairs must be refuted before a family is informed",
            };
            output.warn(&format!("warning: {}; {fix}", conflict.words()));
        }
        let next = if recorded.is_waiting { "; a second reviewer decides next" } else { "" };
        output.say(&format!("recorded the decision of {}: the pair is {}{next}", recorded.staff, recorded.status));
        Ok(Outcome::Done)
    }
}

/// Opens a reviewer's key.
fn key(store: &Store, file: &std::path::Path, passphrase: &PassphraseOption) -> anyhow::Result<ReviewerKey> {
    Ok(store.reviewer_key(file, &passphrase.read()?)?)
}

impl Show {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = global.open()?;
        let entry = global.entry("review show").with("format", self.format.format.word());
        let (family, child) = self.pair.read(&store, &entry)?;
        let key = self.key.as_deref().map(|file| key(&store, file, &self.passphrase)).transpose()?;
        let report = store.show_review(family, child, key.as_ref(), &entry)?;
        match self.format.format {
            TableFormat::Listed(Format::Json) => output.data(&report.json()?)?,
            TableFormat::Parquet => output.parquet("events", &report.csv())?,
            TableFormat::Listed(Format::Csv) => output.data(&report.csv())?,
            TableFormat::Listed(Format::Table) => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}

impl List {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let status = self.state.as_deref().map(str::parse::<Status>).transpose()?;
        let entry = global.entry("review list").with("format", self.format.format.word());
        let report = global.open()?.list_reviews(&ReviewFilter { status, changed: self.changed }, &entry)?;
        match self.format.format {
            TableFormat::Listed(Format::Json) => output.data(&report.json()?)?,
            TableFormat::Parquet => output.parquet("reviews", &report.csv())?,
            TableFormat::Listed(Format::Csv) => output.data(&report.csv())?,
            TableFormat::Listed(Format::Table) if report.reviews.is_empty() => output.say("no review"),
            TableFormat::Listed(Format::Table) => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}

impl Retest {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("review retest"));
        let (family, child) = self.pair.read(&store, &entry)?;
        let sample = pseudonym("--sample", &self.sample)?;
        let done = store.record_retest(family, child, sample, &entry)?;
        let compared = format!(
            "{} loci compared, differing alleles: {}",
            done.likeness.loci_compared, done.likeness.differing_alleles
        );
        if done.agrees {
            output.say(&format!("recorded: the further sample agrees with the first ({compared})"));
            return Ok(Outcome::Done);
        }
        output.warn(&format!(
            "recorded: the further sample is not the same person's ({compared}); the pair is reopened, and both reviewers decide \
             again"
        ));
        Ok(Outcome::Nothing)
    }
}

impl TakeStep {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("review step"));
        let (family, child) = self.pair.read(&store, &entry)?;
        let (step, date): (Step, Date) = (self.step.parse()?, day("--date", &self.date)?);
        let recorded = store.record_step(family, child, step, date, &entry)?;
        for doubt in &recorded.doubts {
            output.warn(&format!("warning: {}", doubted(*doubt, &recorded)));
        }
        output.say(&format!("recorded: {step} on {date}"));
        Ok(Outcome::Done)
    }
}

/// Says why a step should not have been taken, and what to do.
fn doubted(doubt: StepDoubt, recorded: &StepRecorded) -> String {
    match doubt {
        StepDoubt::NotConfirmed => "the pair is not confirmed any more; both reviewers must decide again".to_owned(),
        StepDoubt::BasisChanged => {
            let changed = named(&recorded.changed);
            format!("changed since the pair was decided: {changed}; both reviewers must decide again")
        }
        StepDoubt::NotRechecked => {
            "no second typing, kit or sample of the child agrees with the first; type the child again".to_owned()
        }
        StepDoubt::InConflict => {
            let pairs: Vec<String> = recorded.conflicts.iter().filter_map(ConflictRow::pair).collect();
            let pairs = pairs.join("; ");
            format!(
                "another pair with the same family or child was confirmed ({pairs}); two reviewers must refute one of them"
            )
        }
    }
}

impl Found {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("review found"));
        let child = whom(&store, Whom::Child, "CHILD", &self.child, &entry)?;
        let date = day("--date", &self.date)?;
        if let Some(before) = store.record_found(child, date, &entry)? {
            output.warn(&format!("the child was recorded as found on {before}; the deadlines count from {date} now"));
        }
        output.say(&format!("recorded: found on {date}; `reunite review due` lists the deadlines"));
        Ok(Outcome::Done)
    }
}

impl Done {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let (store, entry) = (global.open()?, global.entry("review done"));
        let child = whom(&store, Whom::Child, "CHILD", &self.child, &entry)?;
        let (deadline, date): (Deadline, Date) = (self.deadline.parse()?, day("--date", &self.date)?);
        store.record_done(child, deadline, date, &entry)?;
        output.say(&format!("recorded: {deadline} on {date}"));
        Ok(Outcome::Done)
    }
}

impl Due {
    fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let on = self.on.as_deref().map(|text| day("--on", text)).transpose()?;
        let entry = global.entry("review due").with("format", self.format.format.word());
        let report = global.open()?.due_reviews(on, &entry)?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.due.is_empty() => output.say("nothing is due"),
            Format::Table => output.page(report.table())?,
        }
        Ok(Outcome::Done)
    }
}
