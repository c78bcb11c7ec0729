//! What all requests share: the store, the browsers that were let in, the match that is running.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::attempts::Attempts;
use super::matches::Running;
use super::uploads::Uploads;
use super::visitors::{Visitors, token};
use crate::audit::{Decoy, Entry};
use crate::ledger::Ledger;
use crate::model::Language;
use crate::pseudonym::KeySource;
use crate::review::{Role, StaffCode};
use crate::store::{self, Store, StoreError};

/// How pages are served.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The folder of the store.
    pub store: PathBuf,
    /// Where the key is, if that was said.
    pub key: Option<KeySource>,
    /// The time to wait for another command that changes the store.
    pub patience: Duration,
    /// Why the pages are served; the audit chain keeps it with every record.
    pub reason: Option<String>,
    /// The folder with the sealed keys of those who sign in, each named as its staff code with `.key`.
    pub reviewer_keys: PathBuf,
    /// The address under which a reverse proxy serves the pages, such as `https://reunite.lab`.
    pub origin: Option<String>,
    /// The time without a request after which a person is signed out.
    pub idle: Duration,
    /// The language of a browser that asks for none.
    pub language: Language,
}

/// What the server says to whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// A link that lets one browser in, once.
    StartLink(&'a str),
    /// No enrolled person has a key in the folder.
    NobodySignsIn(&'a Path),
    /// A request failed. The page names the number, and this the reason.
    Failed {
        /// The number of the failure.
        number: u64,
        /// The reason.
        error: &'a str,
    },
}

/// Receives what the server says.
pub(super) type Speaker = Arc<dyn Fn(Said<'_>) + Send + Sync>;

/// The states of the store's settings and of the key when they were read.
type Stamp = [Option<(SystemTime, u64, u64)>; 2];

/// What all requests share.
pub(super) struct App {
    pub(super) options: ServeOptions,
    /// The values that `Host` may have.
    pub(super) hosts: Vec<String>,
    /// The value that `Origin` must have.
    pub(super) origins: Vec<String>,
    /// `true` if a start link is required.
    pub(super) is_closed: bool,
    /// Keys the tokens of forms.
    secret: [u8; 32],
    opened: Mutex<(Stamp, Arc<Store>)>,
    visitors: Mutex<Visitors>,
    attempts: Mutex<Attempts>,
    running: Mutex<Running>,
    uploads: Mutex<Uploads>,
    /// Places for files that are received at a time.
    receiving: Semaphore,
    /// Passphrases are tried one after another: each takes 128 MiB of memory.
    trying: Mutex<()>,
    /// Places for those that wait for that.
    waiting: Semaphore,
    failures: AtomicU64,
    /// Requests share it while they work. Whoever has it alone may close the ledger.
    gate: RwLock<()>,
    kept: Mutex<Option<Kept>>,
    /// What a passphrase is tried on that cannot be right.
    pub(super) decoy: Decoy,
    speaker: Speaker,
}

/// A connection that stays open between requests: opening the first one compares the whole file of the ledger with its
/// seal, and closing the last one seals the file.
struct Kept {
    _ledger: Ledger,
    since: Instant,
    used: Instant,
}

/// The longest time for which the ledger stays open: what requests recorded is sealed then.
const KEPT: Duration = Duration::from_secs(60);
/// From then on, requests wait until it is closed.
const OVERDUE: Duration = Duration::from_secs(600);
/// The time without a request after which the ledger is closed.
const UNUSED: Duration = Duration::from_secs(5);

/// The most requests that wait for a passphrase to be tried.
const MOST_WAITING: usize = 4;
/// The most files that are received at a time.
pub(super) const MOST_RECEIVED: usize = 4;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking request left is whole: every change is a single step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl App {
    pub(super) fn new(
        options: ServeOptions,
        (hosts, origins): (Vec<String>, Vec<String>),
        is_closed: bool,
        speaker: Speaker,
    ) -> Result<Self, StoreError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| StoreError::Ledger(crate::ledger::LedgerError::Random(error)))?;
        let opened = Mutex::new(open(&options)?);
        let visitors = Mutex::new(Visitors::new(options.idle));
        Ok(Self {
            options,
            hosts,
            origins,
            is_closed,
            secret,
            opened,
            visitors,
            attempts: Mutex::default(),
            running: Mutex::default(),
            uploads: Mutex::default(),
            receiving: Semaphore::new(MOST_RECEIVED),
            trying: Mutex::default(),
            waiting: Semaphore::new(MOST_WAITING),
            failures: AtomicU64::new(0),
            gate: RwLock::default(),
            kept: Mutex::default(),
            decoy: Decoy::new()?,
            speaker,
        })
    }

    /// Returns the store, opened again if its settings changed or another key is in the place of the key.
    pub(super) fn store(&self) -> Result<Arc<Store>, StoreError> {
        let mut opened = locked(&self.opened);
        if opened.0 != stamp(&self.options) {
            *opened = open(&self.options)?;
        }
        Ok(Arc::clone(&opened.1))
    }

    /// Does the work of a request, while the ledger is open.
    pub(super) fn at_work<T>(&self, work: impl FnOnce() -> T) -> T {
        self.close_ledger(|kept| kept.since.elapsed() > KEPT);
        let _together = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mut kept = locked(&self.kept);
        match &mut *kept {
            Some(kept) => kept.used = now,
            // Without it, the work says what is wrong with the ledger.
            None => {
                let ledger = self.store().and_then(|store| store.ledger());
                *kept = ledger.ok().map(|ledger| Kept { _ledger: ledger, since: now, used: now });
            }
        }
        drop(kept);
        work()
    }

    /// Closes the ledger if there was no request for a while, and forgets files that waited too long.
    pub(super) fn close_unused(&self) {
        self.uploads().settle(Instant::now());
        self.close_ledger(|kept| kept.used.elapsed() > UNUSED || kept.since.elapsed() > KEPT);
    }

    /// Closes the ledger.
    pub(super) fn close(&self) {
        self.close_ledger(|_| true);
    }

    fn close_ledger(&self, is_due: impl Fn(&Kept) -> bool) {
        if locked(&self.kept).as_ref().is_some_and(&is_due) {
            // Nobody else has the ledger open then, so closing it seals the file.
            let is_overdue = locked(&self.kept).as_ref().is_some_and(|kept| kept.since.elapsed() > OVERDUE);
            // A request that takes long keeps the others waiting only if the ledger was open for too long.
            let alone = match is_overdue {
                true => Some(self.gate.write().unwrap_or_else(PoisonError::into_inner)),
                false => self.gate.try_write().ok(),
            };
            if alone.is_none() {
                return;
            }
            drop(locked(&self.kept).take_if(|kept| is_due(kept)));
        }
    }

    pub(super) fn visitors(&self) -> MutexGuard<'_, Visitors> {
        locked(&self.visitors)
    }

    pub(super) fn attempts(&self) -> MutexGuard<'_, Attempts> {
        locked(&self.attempts)
    }

    pub(super) fn running(&self) -> MutexGuard<'_, Running> {
        locked(&self.running)
    }

    pub(super) fn uploads(&self) -> MutexGuard<'_, Uploads> {
        locked(&self.uploads)
    }

    /// Returns the right to receive a file; `None` if too many are received.
    pub(super) fn receiving(&self) -> Option<SemaphorePermit<'_>> {
        self.receiving.try_acquire().ok()
    }

    /// Does work that tries a passphrase, one after another; `None` if too many wait for that.
    pub(super) fn trying<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let _place = self.waiting.try_acquire().ok()?;
        let _alone = locked(&self.trying);
        Some(work())
    }

    /// Returns the token that every form of a browser has.
    pub(super) fn csrf(&self, cookie: &str) -> String {
        blake3::keyed_hash(&self.secret, cookie.as_bytes()).to_hex().to_string()
    }

    /// Reports whether a form has the token of the browser's cookie. The comparison takes the same time for each.
    pub(super) fn is_own_form(&self, cookie: &str, token: &str) -> bool {
        let sent = blake3::Hash::from_hex(token.as_bytes());
        sent.is_ok_and(|sent| sent == blake3::keyed_hash(&self.secret, cookie.as_bytes()))
    }

    /// Makes a record of a request by a person for the audit chain.
    pub(super) fn entry(&self, command: &str, staff: Option<&StaffCode>) -> Entry {
        let entry = store::entry(command, self.options.reason.as_deref());
        match staff {
            Some(staff) => entry.with("staff", staff.as_str()),
            None => entry,
        }
    }

    /// Makes a record of a request that is refused because of the role.
    pub(super) fn refusal(&self, staff: &StaffCode, role: Role, path: &str) -> Entry {
        self.entry("serve refusal", Some(staff)).with("role", role.word()).with("address", path)
    }

    /// Says the next start link.
    ///
    /// # Errors
    /// The operating system returned no random numbers.
    pub(super) fn offer_link(&self, address: &str) -> Result<(), getrandom::Error> {
        let token = token()?;
        self.visitors().offer(&token);
        self.say(Said::StartLink(&format!("{address}/start/{token}")));
        Ok(())
    }

    pub(super) fn say(&self, said: Said<'_>) {
        (self.speaker)(said);
    }

    /// Tells whoever started the server why a request failed. Returns the number of the failure.
    pub(super) fn failed(&self, error: &str) -> u64 {
        let number = self.failures.fetch_add(1, Ordering::SeqCst) + 1;
        self.say(Said::Failed { number, error });
        number
    }
}

fn stamp(options: &ServeOptions) -> Stamp {
    let of = |path: PathBuf| {
        let data = std::fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.ino(), data.len()))
    };
    let key = options.key.as_ref().filter(|key| matches!(key, KeySource::File(_)));
    [of(options.store.join("reunite.toml")), key.and_then(|key| of(key.path()))]
}

fn open(options: &ServeOptions) -> Result<(Stamp, Arc<Store>), StoreError> {
    // Read before the store is: a change between the two opens it once more.
    let stamp = stamp(options);
    let store = Store::open(&options.store, options.key.clone())?.remembering().waiting(options.patience);
    Ok((stamp, Arc::new(store)))
}
