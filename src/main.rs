//! The command line.

use std::process::ExitCode;

// A run makes and drops tables for chunk after chunk of families; the system's allocator gives their memory back each
// time and faults it in again, a tenth of a whole run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    reunite::cli::main()
}
