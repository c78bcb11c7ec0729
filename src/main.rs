//! The command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    reunite::cli::main()
}
