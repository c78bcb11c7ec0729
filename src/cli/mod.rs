//! The command line: one file per command. The only place that prints.
//!
//! Data goes to standard output, everything else to standard error. Exit status 0: done; 1: a query found nothing, or a
//! check failed; 2: any error, a rejected record included; 130: interrupted.

mod advice;
mod choices;
mod commands;
mod confirm;
mod doubt_options;
mod guard;
mod language;
mod model_options;
mod notices;
mod options;
mod outcome;
mod output;
mod pair_options;
mod passphrase;
mod progress;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Arg, ColorChoice, CommandFactory, FromArgMatches, Parser, ValueEnum};

use crate::matching::Stopped;
use crate::model::{shown, shown_os};
use crate::pages::Language;
use crate::store::StoreError;
use commands::Command;
use language::in_language;
use options::Global;
use outcome::Outcome;
use output::{Colour, Output};

/// Kinship search for missing children: compares the STR profiles of relatives with those of children of unknown
/// origin, and says who may belong together.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 80, after_help = STATUSES)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What the exit status says.
const STATUSES: &str = "Exit status: 0 done; 1 a query found nothing (candidates, kin, lr), or a check
failed (verify, doctor, config check, audit verify, families check, frequencies
check, review retest, a backup with a fault); 2 something was rejected or failed;
130 interrupted";

/// Runs the program on the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let given: Vec<OsString> = std::env::args_os().collect();
    let language = language::chosen(&given);
    let colour = language::value_of(&given, "--color", |value| Colour::from_str(value, false).ok());
    let colour = colour.unwrap_or(Colour::Auto).of_help();
    let arguments = match parse(&given, language, colour) {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error, &given, language, colour),
    };
    let output = arguments.global.output();
    let outcome = run(&arguments, &output);
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Nothing) => ExitCode::from(1),
        Ok(Outcome::Rejected) => ExitCode::from(2),
        Err(error) if matches!(error.downcast_ref(), Some(StoreError::Stopped(Stopped::Asked))) => {
            output.warn(&error.to_string());
            ExitCode::from(progress::INTERRUPTED)
        }
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error, advice::fix_of(&error).as_deref());
            if let Some(advice) = advice::about_disk(&error, &arguments.global.store) {
                output.warn(&advice);
            }
            ExitCode::from(2)
        }
    }
}

/// Says what is wrong with the arguments, or the help that was asked for. Arguments are names of files as well, which a
/// shell takes from a folder of anybody's.
fn refused(error: &clap::Error, given: &[OsString], language: Language, colour: ColorChoice) -> ExitCode {
    let arguments: Vec<String> = given.iter().map(|one| shown_os(one)).collect();
    let is_plain = given.iter().zip(&arguments).all(|(one, shown)| one.to_str() == Some(shown));
    let print = |error: &clap::Error| match language::refusal(error).filter(|_| language == Language::Chinese) {
        Some(said) => writeln!(std::io::stderr(), "{said}"),
        None => error.print(),
    };
    // If nobody can read it, the status says enough.
    let _ = match parse(&arguments, language, colour).err().filter(|_| !is_plain) {
        Some(error) => print(&error),
        None if is_plain => print(error),
        // Nothing but the character itself is wrong.
        None => {
            let said = error.render().to_string();
            let lines: Vec<String> = said.lines().map(|line| shown(line).into_owned()).collect();
            writeln!(std::io::stderr(), "{}", lines.join("\n"))
        }
    };
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Parses arguments. The help of a command leaves out the common options that change nothing there.
fn parse(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    language: Language,
    colour: ColorChoice,
) -> Result<Arguments, clap::Error> {
    let mut matches = in_language(arguments_of_commands(), language).color(colour).try_get_matches_from(arguments)?;
    Arguments::from_arg_matches_mut(&mut matches)
}

fn arguments_of_commands() -> clap::Command {
    let command = Arguments::command();
    let common: Vec<Arg> = command.get_arguments().filter(|one| one.is_global_set()).cloned().collect();
    commands::WITHOUT.iter().fold(command, |command, (path, options)| {
        let unused = common.iter().filter(|one| options.contains(&one.get_id().as_str()));
        let unused: Vec<Arg> = unused.cloned().map(|one| one.hide(true)).collect();
        let names: Vec<&str> = path.split(' ').collect();
        hide(command, &names, &unused)
    })
}

/// Adds options to a command below this one.
fn hide(command: clap::Command, names: &[&str], unused: &[Arg]) -> clap::Command {
    match names.split_first() {
        None => command.args(unused),
        Some((&name, rest)) => command.mut_subcommand(name, |command| hide(command, rest, unused)),
    }
}

fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Outcome> {
    guard::no_core_dumps()?;
    let global = &arguments.global;
    global.use_threads()?;
    arguments.command.run(global, output, arguments_of_commands)
}

#[cfg(test)]
mod tests {
    use super::{ColorChoice, Language, arguments_of_commands};

    #[test]
    fn no_option_of_a_command_clashes_with_another() {
        arguments_of_commands().debug_assert();
    }

    #[test]
    fn help_shows_common_options_below_a_command_s_own_and_only_where_they_count() {
        let help = |name: &str| {
            let mut command = arguments_of_commands();
            command.build();
            command.find_subcommand_mut(name).unwrap().render_help().to_string()
        };
        let of_match = help("match");
        let (own, common) = of_match.split_once("Options of every command:").unwrap();
        assert!(own.contains("--full") && !own.contains("--store"), "{own}");
        assert!(common.contains("--store") && common.contains("--threads") && !common.contains("--full"), "{common}");
        let of_kits = help("findings");
        assert!(
            !of_kits.contains("--store") && !of_kits.contains("--key-file") && of_kits.contains("--quiet"),
            "{of_kits}"
        );
        // They are hidden, not refused: scripts may give them before every command.
        for language in Language::ALL {
            assert!(super::parse(["reunite", "--store", "x", "findings"], language, ColorChoice::Never).is_ok());
            assert!(super::parse(["reunite", "findings", "--store", "x"], language, ColorChoice::Never).is_ok());
        }
    }
}
