//! `serve`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use crate::cli::options::Global;
use crate::cli::outcome::Outcome;
use crate::cli::output::Output;
use crate::cli::progress;
use crate::model::shown_path;
use crate::page::{Listen, Said, ServeOptions, Server, Stop};

#[derive(Args)]
pub(crate) struct Serve {
    /// The address on this machine to listen on; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8700", conflicts_with = "socket")]
    listen: Listen,
    /// Listen on a Unix socket instead, to which a reverse proxy connects
    #[arg(long, value_name = "FILE")]
    socket: Option<PathBuf>,
    /// The address under which the reverse proxy serves the pages, such as https://reunite.lab
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// The folder with the sealed keys of those who sign in, outside the store; each is named as its staff code with .key,
    /// such as R17.key
    #[arg(long, value_name = "DIR")]
    reviewer_keys: PathBuf,
    /// Sign a person out after N minutes without a request
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=60))]
    idle_minutes: u64,
}

impl Serve {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        // Says what is wrong with the modes of the store's files.
        let store = global.open()?;
        let options = ServeOptions {
            store: store.dir().to_owned(),
            key: global.key(),
            // Other commands hold the lock for a moment; a person would not know what to do about that.
            patience: global.patience().max(Duration::from_secs(10)),
            reason: global.reason(),
            reviewer_keys: self.reviewer_keys.clone(),
            origin: self.origin.clone(),
            idle: Duration::from_secs(60 * self.idle_minutes),
            language: output.language(),
        };
        let listen = self.socket.clone().map_or_else(|| self.listen.clone(), Listen::Socket);
        let speaker = *output;
        let server = Server::listen(&listen, options, move |said| match said {
            Said::StartLink(link) => {
                speaker.say("open this link in the next browser; it works once:");
                // A link that nobody reads lets nobody in.
                let _ = speaker.data(&format!("{link}\n"));
            }
            Said::NobodySignsIn(folder) => speaker.warn(&format!(
                "{folder} has no key of an enrolled person, so nobody can sign in; add one: reunite review key --out \
                 {folder}/R17.key; reunite review enrol --staff R17 --public-key {folder}/R17.key.pub",
                folder = shown_path(folder),
            )),
            Said::Failed { number, error } => speaker.warn(&format!("failure {number} of a page: {error}")),
        })?;
        let stop = Stop::default();
        progress::on_interruption(&stop).context("waiting for Ctrl-C")?;
        output.say(&format!("serving on {listen}; Ctrl-C ends it", listen = server.address()));
        server.run(&stop)?;
        output.say("ended; nobody is signed in any more");
        Ok(Outcome::Done)
    }
}
