//! `man`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Command};

use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};
use crate::model::shown_path;
use crate::store::{Replace, check_output, write_output};

#[derive(Args)]
pub(crate) struct Man {
    /// The folder to write the pages to: reunite.1, reunite-match.1 and so on; it is made if it is missing
    dir: PathBuf,
    /// Write over pages that exist already
    #[arg(long)]
    force: bool,
}

impl Man {
    pub(super) fn run(&self, mut program: Command, output: &Output) -> anyhow::Result<Outcome> {
        fs::create_dir_all(&self.dir).with_context(|| format!("cannot make the folder {}", shown_path(&self.dir)))?;
        program.build();
        let mut pages = Vec::new();
        pages_of(&program, &self.dir, &mut pages)?;
        let replace = if self.force { Replace::AnyFile } else { Replace::Unforced };
        for (path, _) in &pages {
            check_output(path, replace, &[])?;
        }
        for (path, page) in &pages {
            write_output(path, page, replace, &[])?;
        }
        output.say(&format!("wrote {} to {}", plural(pages.len() as u64, "page"), shown_path(&self.dir)));
        Ok(Outcome::Done)
    }
}

/// Adds the page of a command, and those of the commands below it.
fn pages_of(command: &Command, dir: &Path, pages: &mut Vec<(PathBuf, Vec<u8>)>) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    pages.push((dir.join(format!("{name}.1")), page));
    let below = command.get_subcommands().filter(|one| one.get_name() != "help" && !one.is_hide_set());
    below.into_iter().try_for_each(|one| pages_of(one, dir, pages))
}
