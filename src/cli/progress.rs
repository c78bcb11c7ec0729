//! Long work under way: a bar on a terminal, and a clean stop when someone presses Ctrl-C.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::matching::Watch;
use crate::words::in_language;

use super::output::Output;

/// The work that Ctrl-C stops.
static WORK: OnceLock<Arc<Watch>> = OnceLock::new();

/// The exit status after Ctrl-C, as shells have it: 128 and the signal's number.
pub(super) const INTERRUPTED: u8 = 130;

/// How long work may take to stop by itself.
const PATIENCE: Duration = Duration::from_millis(800);

/// What comes sooner after the first request to end is the same request: `timeout` and `systemd` ask the process, and its group
/// once more.
const ONE_REQUEST: Duration = Duration::from_millis(300);

/// When this process was first asked to end.
#[derive(Default)]
struct Asked(Option<Instant>);

impl Asked {
    /// Takes note of a request to end: does `stop` at the first one, and ends the process at once at the second.
    fn again(&mut self, stop: impl FnOnce()) {
        match self.0 {
            None => {
                self.0 = Some(Instant::now());
                stop();
            }
            Some(first) if first.elapsed() < ONE_REQUEST => {}
            Some(_) => end_at_once(),
        }
    }
}

/// A watch on the work of this process, which the first Ctrl-C, or what else asks a process to end, asks to stop. If it does
/// not soon, or at the second, the process ends at once, which the store survives, too.
pub(super) fn interruptible(output: &Output) -> Arc<Watch> {
    let mut first = false;
    let watch = WORK.get_or_init(|| {
        first = true;
        Arc::default()
    });
    if first {
        let mut asked = Asked::default();
        let stop = || {
            if let Some(watch) = WORK.get() {
                watch.stop();
            }
            std::thread::spawn(|| {
                std::thread::sleep(PATIENCE);
                end_at_once();
            });
        };
        let listening = ctrlc::set_handler(move || asked.again(stop));
        if let Err(error) = listening {
            output.warn(&format!("Ctrl-C ends this command at once, which the store survives: {error}"));
        }
    }
    Arc::clone(watch)
}

/// Asks a server to end at the first Ctrl-C, or at what else asks a process to end; the second ends the process at once,
/// which the store survives, too.
///
/// # Errors
/// The operating system refuses.
#[cfg(feature = "serve")]
pub(super) fn on_interruption(stop: &crate::page::Stop) -> Result<(), ctrlc::Error> {
    let (stop, mut asked) = (stop.clone(), Asked::default());
    ctrlc::set_handler(move || asked.again(|| stop.ask()))
}

fn end_at_once() {
    // Over what is left of a bar.
    if io::stderr().is_terminal() {
        let _ = io::stderr().write_all(b"\r\x1b[K");
    }
    // Nobody is left to hear that this cannot be written.
    let _ = io::stderr().write_all(b"interrupted: what was not recorded yet is as before\n");
    #[expect(clippy::exit, reason = "asked twice, or not heard")]
    std::process::exit(i32::from(INTERRUPTED));
}

/// A bar that follows a watch until it is dropped; nothing where standard error is no terminal.
pub(super) struct Bar {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    pub(super) fn follow(watch: &Arc<Watch>, output: &Output) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        if output.is_quiet() || output.is_for_programs() {
            return Self { done, thread: None };
        }
        let left = in_language("left", output.language());
        let style =
            |template: &str| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let known = style(&format!("{{msg}} {{bar:24}} {{percent}} %, {{per_sec}}, {{eta}} {left}"));
        // Work of which nobody knows how long it takes.
        let unknown = style("{msg} {elapsed}");
        let language = output.language();
        let bar = ProgressBar::new(watch.expected().max(1)).with_style(unknown);
        let mut known = Some(known);
        let (watch, over) = (Arc::clone(watch), Arc::clone(&done));
        let follow = move || {
            while !over.load(Ordering::Relaxed) {
                if watch.expected() > 0
                    && let Some(style) = known.take()
                {
                    bar.set_style(style);
                }
                bar.set_message(in_language(watch.doing(), language));
                bar.set_length(watch.expected().max(1));
                bar.set_position(watch.pairs());
                std::thread::park_timeout(Duration::from_millis(200));
            }
            bar.finish_and_clear();
        };
        // Without memory for a thread there is no bar.
        Self { done, thread: std::thread::Builder::new().spawn(follow).ok() }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A bar that panicked is not worth losing the run for.
            let _ = thread.join();
        }
    }
}
