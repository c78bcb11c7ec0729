//! The commands: each reads its arguments, calls one operation, and prints what comes of it.

mod audit;
mod backup;
mod bench;
mod candidates;
mod certificate;
mod challenge;
mod cluster;
mod comparable;
mod completions;
mod config;
mod demo;
mod doctor;
mod due;
mod exchange;
mod explain;
mod export;
mod expunge;
mod facts;
mod families;
mod findings;
mod frequencies;
mod import;
mod index;
mod init;
mod keeping;
mod key;
mod kin;
mod kits;
mod letter;
mod lr;
mod man;
mod maps;
mod matching;
mod missed;
mod power;
mod pseudonym;
mod reidentify;
mod report;
mod restore;
mod review;
mod rotate;
mod runs;
#[cfg(feature = "serve")]
mod serve;
mod stats;
mod synth;
mod validate;
mod vault;
mod verify;

use clap::Subcommand;

use super::options::Global;
use super::outcome::Outcome;
use super::output::Output;

/// The common options that change nothing in a command, whose help leaves them out.
pub(super) const WITHOUT: &[(&str, &[&str])] = {
    const STORE: &[&str] = &["store", "key_file", "key_fd", "reason", "wait"];
    const ALL: &[&str] = &["store", "key_file", "key_fd", "reason", "wait", "threads"];
    const UNRECORDED: &[&str] = &["key_file", "key_fd", "reason", "wait", "threads"];
    // A build that encrypts the ledger requires the key.
    const KEYLESS: &[&str] = &["threads"];
    const KEYLESS_LOOK: &[&str] = &["wait", "threads"];
    &[
        ("demo", STORE),
        ("findings", ALL),
        ("completions", ALL),
        ("man", ALL),
        ("report validation", ALL),
        ("certificate check", &["wait"]),
        ("facts calibrate", ALL),
        ("facts compare", &["wait"]),
        ("facts show", KEYLESS_LOOK),
        ("synth", STORE),
        ("bench", STORE),
        ("challenge", STORE),
        ("cluster plan", KEYLESS),
        ("cluster tile", STORE),
        ("cluster script", ALL),
        ("key new", ALL),
        ("audit key", ALL),
        ("kits", UNRECORDED),
        ("frequencies check", UNRECORDED),
        ("frequencies list", UNRECORDED),
        ("lr", &["key_file", "key_fd", "reason", "wait"]),
        ("pseudonym", &["reason", "wait", "threads"]),
        ("init", &["wait", "threads"]),
        ("audit list", &["reason", "wait", "threads"]),
        ("runs", &["wait", "threads"]),
        ("backup", &["wait", "threads"]),
        ("restore", &["wait", "threads"]),
        ("config show", UNRECORDED),
        ("config set", KEYLESS),
        ("config check", &["reason", "wait", "threads"]),
        ("doctor", &["reason", "wait", "threads"]),
        ("audit verify", &["reason", "wait", "threads"]),
        ("maps show", UNRECORDED),
        ("maps list", UNRECORDED),
        ("vault recipients list", UNRECORDED),
        ("due", KEYLESS),
        ("keeping show", KEYLESS_LOOK),
        ("keeping record", KEYLESS_LOOK),
        ("letter", KEYLESS),
        ("letter check", KEYLESS_LOOK),
        ("letter call", KEYLESS_LOOK),
        ("letter list", KEYLESS_LOOK),
        ("exchange key", ALL),
        ("exchange partner add", KEYLESS),
        ("exchange partner list", KEYLESS_LOOK),
        ("exchange partner revoke", KEYLESS),
        ("exchange export", KEYLESS),
        ("exchange import", &[]),
        ("exchange hits", KEYLESS_LOOK),
        ("review key", ALL),
        ("review enrol", KEYLESS),
        ("review role", KEYLESS),
        ("review withdraw-reviewer", KEYLESS),
        ("review reviewers", KEYLESS_LOOK),
        ("review decide", KEYLESS),
        ("review show", KEYLESS_LOOK),
        ("review list", KEYLESS_LOOK),
        ("review retest", KEYLESS),
        ("review step", KEYLESS),
        ("review found", KEYLESS),
        ("review done", KEYLESS),
        ("review due", KEYLESS_LOOK),
    ]
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Run the whole job on the shipped synthetic files: import, match, compare with the truth
    Demo(demo::Demo),
    /// Create a secret key, change the key of a store, encrypt a ledger
    #[command(subcommand)]
    Key(key::Key),
    /// Create a store
    Init(init::Init),
    /// Import files of families or of children, birth certificates, claims of them, facts about children, or terms of keeping
    Import(import::Import),
    /// Compare families with children, and list the new candidates
    Match(matching::Match),
    /// Compute a full run in tiles on the machines of a cluster: plan, tile, merge
    #[command(subcommand)]
    Cluster(cluster::Cluster),
    /// List the candidates of the last run
    Candidates(candidates::List),
    /// Check birth certificates that children claim
    #[command(subcommand)]
    Certificate(certificate::Certificate),
    /// Show and compare what people state about found and missing children
    #[command(subcommand)]
    Facts(facts::FactsCommand),
    /// List the runs: when, with which settings, and what each gained and lost
    Runs(runs::Runs),
    /// List families and children that have too few loci in common with most others
    Comparable(comparable::Comparable),
    /// Explain the likelihood ratio of one family and one child, locus by locus
    Explain(explain::Explain),
    /// Write pages to hand over, in Chinese or English
    #[command(subcommand)]
    Report(report::Report),
    /// Write a letter with codes by which a family can tell a call of the laboratory from fraud
    ///
    /// The letter bears two codes, which the key derives. The caller says the laboratory's code first, and the family its own
    /// afterwards. The same family gets the same codes again, unless --renew replaces its letter. Requires the key.
    Letter(letter::Letter),
    /// Report whether a family's child would be found, and whom to sample next
    Power(power::FamilyPower),
    /// Report how likely it is that a family's child is in the database and was missed, and why
    Missed(missed::FamilyMissed),
    /// Count for supervisors, by region, agency and month; small numbers are hidden
    Stats(stats::Stats),
    /// Write families or children of the store to a file, for another store or another program
    Export(export::Export),
    /// Exchange records and hits with other agencies, in sealed and signed packages
    #[command(subcommand)]
    Exchange(exchange::Exchange),
    /// Manage families: check, list, withdraw, restore
    #[command(subcommand)]
    Families(families::Families),
    /// List the codes of findings about files; explain a code with an example and a remedy
    Findings(findings::Findings),
    /// Check files of allele frequencies; replace or add tables of the store
    #[command(subcommand)]
    Frequencies(frequencies::FrequencyCommand),
    /// List typing kits, and how many loci each two kits share
    Kits(kits::Kits),
    /// Find undeclared close relatives and duplicate people
    ///
    /// The ages of two samples are unknown, so one model serves both directions: the store's, with the mean of both
    /// mutation rates for both sexes, and the same drop-out in both samples. A store with the mutation model "none" is
    /// searched with the default model, because a single mutation would hide a parent: stepwise, rate 0.001285 (the mean
    /// of 0.002 and 0.00057), range 0.1, microvariant rate 0.000001. The list names the model.
    Kin(kin::FindKin),
    /// Manage column maps: how agencies name their columns
    #[command(subcommand)]
    Maps(maps::Maps),
    /// Compute likelihood ratios of cases in a file, without a store
    Lr(lr::Lr),
    /// Convert original identifiers (one per line on standard input) to pseudonyms
    Pseudonym(pseudonym::Names),
    /// Show the original identifiers of pseudonyms: for custodians, with their identity file
    Reidentify(reidentify::Reidentify),
    /// Manage custodians and their sealed original identifiers
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    /// Delete samples and families for good, after consent was withdrawn
    Expunge(expunge::Expunge),
    /// List samples that must be deleted, renewed or reviewed by the terms on which they are kept
    ///
    /// Terms are imported with `reunite import --as keeping`: legal basis, purposes, consent, days. With --expunge, the samples
    /// that must be deleted are deleted after a confirmation. Exit status 1: a sample must be deleted, and is still there.
    Due(due::Due),
    /// Show the terms on which samples are kept, and record the processing for auditors
    #[command(subcommand)]
    Keeping(keeping::Keeping),
    /// Generate a synthetic population with known truth
    Synth(synth::Synth),
    /// Validate the numbers for the store's own panel, frequencies, kits and size, by simulation with known truth
    Validate(validate::Validate),
    /// Measure this machine with a synthetic population in a temporary store
    Bench(bench::Bench),
    /// Measure how well and how fast the parent or child of a sample is found
    #[command(hide = true)]
    Challenge(challenge::Search),
    /// Rebuild the index of children from the ledger
    Index(index::Rebuild),
    /// Review candidates by two people: sign decisions, follow a pair to its end, list what is due
    #[command(subcommand)]
    Review(review::Review),
    /// Serve pages to work on to browsers on this machine: candidates, decisions, statistics, a match
    ///
    /// Enrolled persons sign in with their staff code and the passphrase of their key. The program prints a link that lets one
    /// browser in, once, and the next link after it was used. With --socket, a reverse proxy connects and there is no link. Stop
    /// it with Ctrl-C. The guide page `serve` describes roles, the proxy and what is recorded.
    #[cfg(feature = "serve")]
    Serve(serve::Serve),
    /// List, verify and sign the audit chain: who did what, when and why
    #[command(subcommand)]
    Audit(audit::Audit),
    /// List, change and check the settings of the store
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Write a sealed copy of the store to one file, while the store is in use
    ///
    /// The file holds everything but the index and the secret key: keep a copy of the key at another place. `reunite
    /// restore` makes a store from it.
    Backup(backup::Backup),
    /// Make a store from a backup
    ///
    /// The store is made in the folder of --store, which must not exist yet. It is verified first; if something is wrong
    /// with the backup, no store is left.
    Restore(restore::Restore),
    /// Look at the store, its key, its backups and the machine for what should be looked after
    ///
    /// Nothing is changed, not even the mode of a file, and nothing is recorded. `reunite verify` reads every part of the
    /// store instead. Exit status 1: there is a problem.
    Doctor(doctor::Doctor),
    /// Check every part of the store: ledger, settings, audit chain, vault, index
    Verify(verify::Verify),
    /// Write the completions of a shell to standard output
    Completions(completions::Completions),
    /// Write the manual pages of all commands
    Man(man::Man),
}

impl Command {
    /// Runs the command. `program` defines all commands, for those that describe them.
    pub(super) fn run(
        &self,
        global: &Global,
        output: &Output,
        program: fn() -> clap::Command,
    ) -> anyhow::Result<Outcome> {
        match self {
            Self::Demo(command) => command.run(output),
            Self::Key(command) => command.run(global, output),
            Self::Init(command) => command.run(global, output),
            Self::Import(command) => command.run(global, output),
            Self::Match(command) => command.run(global, output),
            Self::Cluster(command) => command.run(global, output),
            Self::Candidates(command) => command.run(global, output),
            Self::Certificate(command) => command.run(global, output),
            Self::Facts(command) => command.run(global, output),
            Self::Runs(command) => command.run(global, output),
            Self::Comparable(command) => command.run(global, output),
            Self::Explain(command) => command.run(global, output),
            Self::Report(command) => command.run(global, output),
            Self::Letter(command) => command.run(global, output),
            Self::Power(command) => command.run(global, output),
            Self::Missed(command) => command.run(global, output),
            Self::Stats(command) => command.run(global, output),
            Self::Export(command) => command.run(global, output),
            Self::Exchange(command) => command.run(global, output),
            Self::Families(command) => command.run(global, output),
            Self::Findings(command) => command.run(global, output),
            Self::Frequencies(command) => command.run(global, output),
            Self::Kits(command) => command.run(global, output),
            Self::Kin(command) => command.run(global, output),
            Self::Maps(command) => command.run(global, output),
            Self::Lr(command) => command.run(global, output),
            Self::Pseudonym(command) => command.run(global, output),
            Self::Reidentify(command) => command.run(global, output),
            Self::Vault(command) => command.run(global, output),
            Self::Expunge(command) => command.run(global, output),
            Self::Due(command) => command.run(global, output),
            Self::Keeping(command) => command.run(global, output),
            Self::Synth(command) => command.run(output),
            Self::Validate(command) => command.run(global, output),
            Self::Bench(command) => command.run(output),
            Self::Challenge(command) => command.run(output),
            Self::Index(command) => command.run(global, output),
            Self::Review(command) => command.run(global, output),
            #[cfg(feature = "serve")]
            Self::Serve(command) => command.run(global, output),
            Self::Audit(command) => command.run(global, output),
            Self::Config(command) => command.run(global, output),
            Self::Backup(command) => command.run(global, output),
            Self::Restore(command) => command.run(global, output),
            Self::Doctor(command) => command.run(global, output),
            Self::Verify(command) => command.run(global, output),
            Self::Completions(command) => command.run(program(), output),
            Self::Man(command) => command.run(program(), output),
        }
    }
}
