//! Looks at a store and its machine for what should be looked after, and changes nothing.

use std::fs;
use std::path::Path;

use crate::files;
use crate::ledger::Ledger;
use crate::pseudonym::{Custodian, KeySource};

use super::condition::{Condition, Finding, Gravity};
use super::machine::{Swap, free_space, may_dump_core};
use super::verify::{IndexCheck, key_change};
use crate::store::actor::now;
use crate::store::configuration::config::LEDGER;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::keeping::due::DueOptions;

/// Ages in days from which a backup is a warning and a problem.
const OLD_BACKUP: (i64, i64) = (8, 32);
/// Free space in bytes below which commands are likely to fail.
const LITTLE_SPACE: u64 = 100_000_000;
/// Seconds by which the clock may be behind: clocks are corrected.
const TOLERANCE: i64 = 120;

const DAY: i64 = 24 * 60 * 60;

impl Store {
    /// Looks at the store in a folder, its key and the machine. Nothing is changed, not even the mode of a file, and
    /// nothing is recorded. An account that can only read the store sees as much as it can read.
    ///
    /// ```no_run
    /// use reunite::store::{Gravity, Store};
    ///
    /// for finding in Store::doctor("reunite-store".as_ref(), None)? {
    ///     if finding.gravity > Gravity::Fine {
    ///         println!("{}: {}", finding.condition.part(), finding.condition);
    ///     }
    /// }
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoStore`]. Everything else that is wrong is a finding.
    pub fn doctor(dir: &Path, key: Option<KeySource>) -> Result<Vec<Finding>, StoreError> {
        let mut examination = Examination { findings: Vec::new() };
        match Self::open_to_look(dir, key) {
            Err(error @ StoreError::NoStore(_)) => return Err(error),
            Err(error) => examination.add(Gravity::Problem, Condition::Unreadable(error)),
            Ok(store) => examination.store(&store),
        }
        examination.machine(dir);
        Ok(examination.findings)
    }
}

/// A look at a store.
struct Examination {
    findings: Vec<Finding>,
}

impl Examination {
    fn add(&mut self, gravity: Gravity, condition: Condition) {
        self.findings.push(Finding { gravity, condition });
    }

    fn store(&mut self, store: &Store) {
        self.add(Gravity::Fine, Condition::Readable);
        if !store.is_writable() {
            self.add(Gravity::Warning, Condition::ReadOnly);
        }
        if store.is_behind() {
            self.add(Gravity::Warning, Condition::AtWork);
        }
        match store.ledger_to_look() {
            Err(error) => {
                self.add(Gravity::Problem, Condition::LedgerUnreadable(error));
                self.key(store, None);
            }
            Ok((ledger, altered)) => {
                if let Some(altered) = altered {
                    self.add(Gravity::Problem, Condition::LedgerAltered(altered));
                }
                self.key(store, Some(&ledger));
                type Part = fn(&mut Examination, &Store, &Ledger) -> Result<(), StoreError>;
                let parts: [(&'static str, Part); 8] = [
                    ("ledger", Self::ledger),
                    ("custodians", Self::custodians),
                    ("backup", Self::records),
                    ("match", Self::last_run),
                    ("settings", Self::settings),
                    ("index", Self::index),
                    ("keeping", Self::keeping),
                    ("store", Self::interrupted),
                ];
                for (part, examine) in parts {
                    if let Err(error) = examine(self, store, &ledger) {
                        self.add(Gravity::Problem, Condition::NotExamined { part, error });
                    }
                }
            }
        }
        if store.repaired().is_empty() {
            self.add(Gravity::Fine, Condition::Permissions);
        }
        for fault in store.repaired() {
            let gravity = match fault.found {
                files::Found::Closed => Gravity::Warning,
                files::Found::Open | files::Found::Foreign => Gravity::Problem,
            };
            self.add(gravity, Condition::Permission(fault.clone()));
        }
    }

    fn ledger(&mut self, _store: &Store, ledger: &Ledger) -> Result<(), StoreError> {
        let counts = ledger.counts()?;
        self.add(Gravity::Fine, Condition::Ledger { families: counts.families, children: counts.children });
        Ok(())
    }

    fn key(&mut self, store: &Store, ledger: Option<&Ledger>) {
        if !store.has_key_source() {
            self.add(Gravity::Warning, Condition::KeyNotNamed);
            return;
        }
        let checked = store.key().and_then(|key| {
            let fingerprint = key.fingerprint();
            let bound = match ledger {
                Some(ledger) => {
                    ledger.check_key(fingerprint.bytes())?;
                    ledger.key_fingerprint()?.is_some()
                }
                None => true,
            };
            Ok((fingerprint.to_string(), bound))
        });
        match checked {
            Ok((fingerprint, true)) => self.add(Gravity::Fine, Condition::Key { fingerprint }),
            Ok((_, false)) => self.add(Gravity::Fine, Condition::NoKeyYet),
            Err(error) => self.add(Gravity::Problem, Condition::KeyWrong(error)),
        }
    }

    fn custodians(&mut self, _store: &Store, ledger: &Ledger) -> Result<(), StoreError> {
        let all = ledger.custodians()?;
        let bad = all.iter().filter(|text| text.parse::<Custodian>().is_err()).count() as u64;
        match (all.len() as u64, bad) {
            (0, _) => self.add(Gravity::Warning, Condition::NoCustodian),
            (number, 0) => self.add(Gravity::Fine, Condition::Custodians(number)),
            (_, bad) => self.add(Gravity::Problem, Condition::BadCustodians(bad)),
        }
        Ok(())
    }

    /// Compares the audit chain with the clock: the last backup, and the last record.
    fn records(&mut self, _store: &Store, ledger: &Ledger) -> Result<(), StoreError> {
        let (mut last, mut backup) = (i64::MIN, None);
        ledger.audit(|record| {
            last = last.max(record.at);
            // The record of the beginning does not say that it was completed.
            let is_done = || {
                let details: serde_json::Value = serde_json::from_str(&record.details).unwrap_or_default();
                details["outcome"] == "done"
            };
            if record.command == "backup" && is_done() {
                backup = Some(record.at);
            }
        })?;
        let now = now()?.as_second();
        if last > now + TOLERANCE {
            self.add(Gravity::Problem, Condition::ClockBehind(last - now));
        } else {
            self.add(Gravity::Fine, Condition::Clock);
        }
        match backup {
            Some(at) => {
                let days = (now - at) / DAY;
                let gravity = match days {
                    days if days >= OLD_BACKUP.1 => Gravity::Problem,
                    days if days >= OLD_BACKUP.0 => Gravity::Warning,
                    _ => Gravity::Fine,
                };
                self.add(gravity, Condition::Backup { days });
            }
            None => self.add(Gravity::Warning, Condition::NoBackup),
        }
        Ok(())
    }

    fn last_run(&mut self, _store: &Store, ledger: &Ledger) -> Result<(), StoreError> {
        let Some((number, run)) = ledger.last_run()? else {
            self.add(Gravity::Warning, Condition::NeverMatched);
            return Ok(());
        };
        let days = (now()?.as_second() - run.started_at) / DAY;
        if run.generation == ledger.generation()?.number {
            self.add(Gravity::Fine, Condition::LastRun { number, days });
        } else {
            self.add(Gravity::Warning, Condition::Outdated { number, days });
        }
        let manifest: serde_json::Value = serde_json::from_str(&run.manifest)?;
        let present = concat!("reunite ", env!("CARGO_PKG_VERSION"));
        match manifest["program"].as_str() {
            Some(last) if last != present => {
                self.add(Gravity::Warning, Condition::OtherProgram { last: last.to_owned() });
            }
            _ => self.add(Gravity::Fine, Condition::Program),
        }
        Ok(())
    }

    fn settings(&mut self, store: &Store, ledger: &Ledger) -> Result<(), StoreError> {
        let changed = store.changed_settings(ledger)?;
        if changed.is_empty() {
            self.add(Gravity::Fine, Condition::Settings);
        }
        changed.into_iter().for_each(|changed| self.add(Gravity::Warning, Condition::ChangedSetting(changed)));
        Ok(())
    }

    fn index(&mut self, store: &Store, ledger: &Ledger) -> Result<(), StoreError> {
        let index = store.check_index(ledger)?;
        let gravity = match index {
            IndexCheck::Unsound(_) => Gravity::Problem,
            IndexCheck::Missing | IndexCheck::Sound(_) | IndexCheck::Stale => Gravity::Fine,
        };
        self.add(gravity, Condition::Index(index));
        Ok(())
    }

    fn keeping(&mut self, store: &Store, ledger: &Ledger) -> Result<(), StoreError> {
        if !ledger.can_have_terms()? {
            return Ok(());
        }
        let due = store.due_of(ledger, &DueOptions::default())?;
        let (to_delete, samples) = (due.to_delete().len() as u64, due.samples_due());
        let gravity = match (to_delete, samples) {
            (0, 0) => Gravity::Fine,
            (0, _) => Gravity::Warning,
            _ => Gravity::Problem,
        };
        if due.with_terms > 0 {
            self.add(gravity, Condition::Due { to_delete, samples });
        }
        Ok(())
    }

    fn interrupted(&mut self, _store: &Store, ledger: &Ledger) -> Result<(), StoreError> {
        if ledger.unfinished()?.is_some() {
            self.add(Gravity::Problem, Condition::Interrupted);
        }
        if let Some(change) = key_change(ledger)? {
            self.add(Gravity::Warning, Condition::KeyChange { next: change.next });
        }
        Ok(())
    }

    fn machine(&mut self, dir: &Path) {
        let ledger = fs::metadata(dir.join(LEDGER)).map_or(0, |ledger| ledger.len());
        match free_space(dir) {
            None => self.add(Gravity::Warning, Condition::DiskUnknown),
            Some(free) => {
                // Expunging and a change of the key write the ledger anew.
                let gravity = if free < LITTLE_SPACE {
                    Gravity::Problem
                } else if free < LITTLE_SPACE.saturating_add(ledger.saturating_mul(2)) {
                    Gravity::Warning
                } else {
                    Gravity::Fine
                };
                self.add(gravity, Condition::Disk { free, ledger });
            }
        }
        let swap = Swap::of_machine();
        let gravity = match swap {
            Swap::Off | Swap::Closed => Gravity::Fine,
            Swap::Open | Swap::Unknown => Gravity::Warning,
        };
        self.add(gravity, Condition::Swap(swap));
        match may_dump_core() {
            false => self.add(Gravity::Fine, Condition::NoCoreDumps),
            true => self.add(Gravity::Warning, Condition::CoreDumps),
        }
        let beside = fs::read_dir(files::folder(dir)).into_iter().flatten().flatten();
        for entry in beside {
            let name = entry.file_name();
            let left = [".reunite-restore-", ".reunite-store-"];
            if left.iter().any(|left| name.to_string_lossy().starts_with(left)) {
                self.add(Gravity::Warning, Condition::LeftBehind(entry.path()));
            }
        }
    }
}
