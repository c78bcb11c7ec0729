//! The command line: one file per command. The only place that prints.
//!
//! Data goes to standard output, everything else to standard error. Exit status 0: done; 1: done, and nothing found
//! or something does not verify; 2: any error, a rejected record included; 130:
//! interrupted.

mod audit;
mod bench;
mod candidates;
mod challenge;
mod checking;
mod comparable;
mod delta;
mod demo;
mod diagnose;
mod explain;
mod export;
mod expunge;
mod fam;
mod families;
mod guard;
mod identities;
mod import;
mod import_desk;
mod import_sources;
mod index;
mod init;
mod key;
mod kin;
mod kits;
mod lr;
mod matching;
mod model;
mod new_file;
mod options;
mod output;
mod power;
mod progress;
mod pseudonym;
mod reidentify;
mod rotate;
mod store;
mod store_index;
mod synth;
mod vault;
mod verify;
mod who;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::matching::Stopped;
use options::Global;
use output::Output;

/// Kinship search for missing children: compares the STR profiles of relatives with those of children of unknown
/// origin, and says who may belong together.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole job on the shipped synthetic files: import, match, and compare with what was planted
    Demo(demo::Demo),
    /// Make a secret key, or give a store another one
    #[command(subcommand)]
    Key(key::Key),
    /// Make a new store
    Init(init::Init),
    /// Take in files of families or of children
    Import(import::Import),
    /// Match families with children, and show the candidates
    Match(matching::Match),
    /// Show the candidates of the last run
    Candidates(candidates::List),
    /// List families and children that have too few loci in common with most of the others
    Comparable(comparable::Comparable),
    /// Explain the likelihood ratio of one family and one child, locus by locus
    Explain(explain::Explain),
    /// Say what a family can show: whether its child would be found, and whom to sample next
    Power(power::FamilyPower),
    /// Write families or children of the store to a file, for another store or another program
    Export(export::Export),
    /// Look after the families of the store
    #[command(subcommand)]
    Families(families::Families),
    /// List typing kits, and how many loci each two of them share
    Kits(kits::Kits),
    /// Find close kin whom nobody knows of, and persons who are in the store twice
    Kin(kin::FindKin),
    /// Compute likelihood ratios of cases in a file, without a store
    Lr(lr::Lr),
    /// Turn original identifiers (one per line on standard input) into pseudonyms
    Pseudonym(pseudonym::Names),
    /// Show who stands behind pseudonyms: for custodians, with their identity file
    Reidentify(reidentify::Reidentify),
    /// Look after the sealed original identifiers
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    /// Take samples and families out of the store for good: consent was withdrawn
    Expunge(expunge::Expunge),
    /// Make a synthetic population with known truth
    Synth(synth::Synth),
    /// Measure this machine: a synthetic population in a temporary store, matched in full and by what is new
    Bench(bench::Bench),
    /// Measure how well and how fast the parent or child of a sample is found among many people
    #[command(hide = true)]
    Challenge(challenge::Search),
    /// Build the children index again from the ledger
    Index(index::Rebuild),
    /// Who did what, when and why: list it, check it, sign it
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Check the ledger, the audit chain and the index
    Verify(verify::Verify),
}

/// How a command ended, short of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Done.
    Done,
    /// Done, and there is nothing, or something does not hold.
    Nothing,
    /// Something was rejected; what and why has been said.
    Rejected,
}

/// Runs the program on the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(arguments.global.quiet);
    let outcome = run(&arguments, &output);
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Nothing) => ExitCode::from(1),
        Ok(Outcome::Rejected) => ExitCode::from(2),
        Err(error) if matches!(error.downcast_ref(), Some(Stopped::Asked)) => {
            output.warn(&error.to_string());
            ExitCode::from(progress::INTERRUPTED)
        }
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            if let Some(advice) = store::advice(&error, &arguments.global.store) {
                output.warn(&advice);
            }
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Outcome> {
    guard::no_core_dumps()?;
    let global = &arguments.global;
    global.use_threads()?;
    match &arguments.command {
        Command::Demo(command) => command.run(output),
        Command::Key(command) => command.run(global, output),
        Command::Init(command) => command.run(global, output),
        Command::Import(command) => command.run(global, output),
        Command::Match(command) => command.run(global, output),
        Command::Candidates(command) => command.run(global, output),
        Command::Comparable(command) => command.run(global, output),
        Command::Explain(command) => command.run(global, output),
        Command::Power(command) => command.run(global, output),
        Command::Export(command) => command.run(global, output),
        Command::Families(command) => command.run(global, output),
        Command::Kits(command) => command.run(global, output),
        Command::Kin(command) => command.run(global, output),
        Command::Lr(command) => command.run(output),
        Command::Pseudonym(command) => command.run(global, output),
        Command::Reidentify(command) => command.run(global, output),
        Command::Vault(command) => command.run(global, output),
        Command::Expunge(command) => command.run(global, output),
        Command::Synth(command) => command.run(output),
        Command::Bench(command) => command.run(output),
        Command::Challenge(command) => command.run(output),
        Command::Index(command) => command.run(global, output),
        Command::Audit(command) => command.run(global, output),
        Command::Verify(command) => command.run(global, output),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn no_option_of_a_command_clashes_with_another() {
        Arguments::command().debug_assert();
    }
}
