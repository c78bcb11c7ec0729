//! The command line: one file per command. The only place that prints.
//!
//! Data goes to standard output, everything else to standard error. Exit status 0: done; 1: done, and nothing found
//! or something does not verify; 2: any error, a rejected record included; 130:
//! interrupted.

mod advice;
mod choices;
mod commands;
mod confirm;
mod doubt_options;
mod guard;
mod model_options;
mod notices;
mod options;
mod outcome;
mod output;
mod progress;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::matching::Stopped;
use crate::model::{shown, shown_os};
use crate::store::StoreError;
use commands::Command;
use options::Global;
use outcome::Outcome;
use output::Output;

/// Kinship search for missing children: compares the STR profiles of relatives with those of children of unknown
/// origin, and says who may belong together.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100, after_help = STATUSES)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What the exit status says.
const STATUSES: &str =
    "Exit status: 0 done, also where there was nothing new; 1 done, and the result is empty (no candidate, no
kin, no case) or a check does not hold; 2 something was refused or failed; 130 interrupted";

/// Runs the program on the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error),
    };
    let output = Output::new(arguments.global.quiet);
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
fn refused(error: &clap::Error) -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().map(|one| shown_os(&one)).collect();
    let is_plain = std::env::args_os().zip(&arguments).all(|(one, shown)| one.to_str() == Some(shown));
    // If nobody can read it, the status says enough.
    let _ = match Arguments::try_parse_from(&arguments).err().filter(|_| !is_plain) {
        Some(error) => error.print(),
        None if is_plain => error.print(),
        // Nothing but the character itself is wrong.
        None => {
            let said = error.render().to_string();
            let lines: Vec<String> = said.lines().map(|line| shown(line).into_owned()).collect();
            writeln!(std::io::stderr(), "{}", lines.join("\n"))
        }
    };
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<Outcome> {
    guard::no_core_dumps()?;
    let global = &arguments.global;
    global.use_threads()?;
    arguments.command.run(global, output)
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
