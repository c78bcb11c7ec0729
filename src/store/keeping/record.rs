//! Records what a store processes, for auditors, and states the facts for an impact assessment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::audit::Entry;
use crate::keeping::{LegalBasis, Purposes, Terms};
use crate::ledger::{ENCRYPTS, KeptSample, Ledger};
use crate::report::{Activity, AgeRow, KeepingRecord, KeptGroup, KeptRow, Retention};
use crate::supervision::{LEAST_SHOWN, hidden};

use crate::store::actor::{now, today};
use crate::store::error::StoreError;
use crate::store::folder::Store;

/// The derivation of the secret that decides which larger numbers are hidden with small ones.
const HIDING: &str = "reunite 2026 order in which records of processing hide numbers";
/// The years for which records of processing are kept, PIPL 56.
const YEARS: i32 = 3;
const DAY: i64 = 86_400;

/// What to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordOptions {
    /// The first day of the period; `None` for 3 years before its last day.
    pub from: Option<Date>,
    /// The last day of the period; `None` for today, UTC.
    pub to: Option<Date>,
    /// The least number of samples that is shown.
    pub least: u64,
}

impl Default for RecordOptions {
    fn default() -> Self {
        Self { from: None, to: None, least: LEAST_SHOWN }
    }
}

/// Numbers of samples by group, in its order.
struct Counted<G> {
    groups: BTreeMap<G, [u64; 2]>,
}

impl<G: Ord + Clone> Counted<G> {
    fn new(all: &[KeptSample], group: impl Fn(&KeptSample) -> G) -> Self {
        let mut groups: BTreeMap<G, [u64; 2]> = BTreeMap::new();
        for one in all {
            groups.entry(group(one)).or_default()[usize::from(!one.is_child)] += 1;
        }
        Self { groups }
    }

    /// Returns the groups with the numbers that may be shown, and the total.
    fn shown(&self, name: impl Fn(&G) -> String, least: u64, secret: &[u8; 32]) -> (Vec<(G, KeptRow)>, KeptRow) {
        let order: Vec<u64> = self
            .groups
            .keys()
            .map(|group| {
                let hash = blake3::keyed_hash(secret, name(group).as_bytes());
                u64::from_le_bytes(std::array::from_fn(|i| hash.as_bytes()[i]))
            })
            .collect();
        let mut rows: Vec<(G, KeptRow)> = self.groups.keys().map(|group| (group.clone(), KeptRow::default())).collect();
        let mut total = KeptRow::default();
        for side in 0..2 {
            let numbers: Vec<u64> = self.groups.values().map(|both| both[side]).collect();
            let (is_hidden, is_total_hidden) = hidden(&numbers, &order, least);
            let of =
                |row: &mut KeptRow, number| *(if side == 0 { &mut row.children } else { &mut row.relatives }) = number;
            for ((row, number), is_hidden) in rows.iter_mut().zip(&numbers).zip(is_hidden) {
                of(&mut row.1, (!is_hidden).then_some(*number));
            }
            of(&mut total, (!is_total_hidden).then(|| numbers.iter().sum()));
        }
        (rows, total)
    }
}

/// What the audit chain says about a period.
#[derive(Default)]
struct Chained {
    commands: BTreeMap<String, u64>,
    accounts: BTreeSet<u32>,
    samples_expunged: u64,
    families_expunged: u64,
    last_backup: Option<i64>,
    records: u64,
}

impl Store {
    /// Records what the store processes, for auditors: samples by legal basis and purposes, kinds of data, who has access,
    /// what was done in a period by the audit chain, retention and deletions; and the facts for an impact assessment.
    /// Numbers of samples below [`RecordOptions::least`] are hidden, with as many others as it takes so that none of them
    /// can be computed.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// println!("{}", store.keeping_record(&RecordOptions::default(), &store::entry("keeping record", None))?.csv());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn keeping_record(&self, options: &RecordOptions, entry: &Entry) -> Result<KeepingRecord, StoreError> {
        let mut ledger = self.ledger()?;
        let today = today()?;
        let to = options.to.unwrap_or(today);
        let from = options.from.unwrap_or_else(|| to.checked_sub(YEARS.years()).unwrap_or(to));
        let least = options.least;
        let mut record = KeepingRecord::new(today.to_string(), from.to_string(), to.to_string(), least);
        let secret = ledger.lasting_secret(HIDING)?;
        let kept = ledger.kept_samples(true)?;
        let group = |one: &KeptSample| one.terms.map(|terms| (terms.basis, terms.purposes));
        let name = |group: &Option<(LegalBasis, Purposes)>| {
            group.map_or_else(String::new, |(basis, purposes)| format!("{} {}", basis.word(), purposes.words()))
        };
        let (groups, total) = Counted::new(&kept, group).shown(name, least, &secret);
        let with_words = |(of, samples): (Option<(LegalBasis, Purposes)>, KeptRow)| {
            KeptGroup::new(of.map(|(basis, purposes)| (basis, purposes.words())), samples)
        };
        (record.groups, record.total) = (groups.into_iter().map(with_words).collect(), total);
        let last_day = |one: &KeptSample| match one.terms {
            Some(terms) if terms.is_over(today) => "over",
            Some(Terms { keep_until: Some(_), .. }) => "stated",
            _ => "unstated",
        };
        let plain = |name: &&'static str| (*name).to_owned();
        let (retention, _) = Counted::new(&kept, last_day).shown(plain, least, &secret);
        record.retention = retention.into_iter().map(|(name, samples)| Retention::new(name, samples)).collect();
        let (ages, _) = Counted::new(&kept, |one| age_group(one.terms.as_ref(), today)).shown(plain, least, &secret);
        record.assessment.ages = ages.into_iter().map(|(name, samples)| AgeRow::new(name, samples)).collect();
        let chained = chained(&ledger, from, to)?;
        record.accounts = chained.accounts.len() as u64;
        record.activity =
            chained.commands.into_iter().map(|(command, number)| Activity::new(command, number)).collect();
        (record.samples_expunged, record.families_expunged) = (chained.samples_expunged, chained.families_expunged);
        let of = &mut record.assessment;
        of.ledger_encrypted = ENCRYPTS;
        of.custodians = ledger.custodians()?.len() as u64;
        of.sealed_records = ledger.sealed_files()?.iter().map(|file| file.records).sum();
        of.reviewers = ledger.reviews()?.roll.0.iter().filter(|one| one.withdrawn_at.is_none()).count() as u64;
        of.audit_records = chained.records;
        let now = now()?.as_second();
        of.backup_days = chained.last_backup.map(|at| (now - at).div_euclid(DAY));
        (record.kinds_of_data, record.assessment.sensitive) = self.kinds_of_data(&ledger, &kept)?;
        ledger.append_look(
            &entry.clone().with("from", record.from.as_str()).with("to", record.to.as_str()).with("least_shown", least),
        )?;
        Ok(record)
    }

    /// Returns the kinds of data that the store holds, and those of them that are sensitive.
    fn kinds_of_data(
        &self,
        ledger: &Ledger,
        kept: &[KeptSample],
    ) -> Result<(Vec<&'static str>, Vec<&'static str>), StoreError> {
        let certificates = ledger.certificate_counts()?;
        let terms = || kept.iter().filter_map(|one| one.terms.as_ref());
        let is_child = |one: &KeptSample| one.is_child;
        let kinds = [
            ("genotypes", !kept.is_empty()),
            ("sex", !kept.is_empty()),
            ("family-relations", kept.iter().any(|one| !one.is_child)),
            ("sealed-identifiers", !ledger.sealed_files()?.is_empty()),
            ("births", terms().any(|terms| terms.born.is_some())),
            ("consents", terms().any(|terms| terms.consent.is_some())),
            ("birth-certificates", certificates.certificates + certificates.claims > 0),
            ("letters", !ledger.letters()?.is_empty()),
            ("reviews", !ledger.reviews()?.cases.is_empty()),
        ];
        let sensitive = [("genotypes", !kept.is_empty()), ("data-of-children", kept.iter().any(is_child))];
        let names = |all: &[(&'static str, bool)]| all.iter().filter(|one| one.1).map(|one| one.0).collect();
        Ok((names(&kinds), names(&sensitive)))
    }
}

/// Returns the age group of a person.
fn age_group(terms: Option<&Terms>, today: Date) -> &'static str {
    let Some(born) = terms.and_then(|terms| terms.born) else { return "unknown" };
    // Whoever may still be under 14 is counted so, because children under 14 have the stronger protection.
    if !born.is_surely(14, today) {
        "under-14"
    } else if !born.is_surely(18, today) {
        "14-to-17"
    } else {
        "adult"
    }
}

/// Reads what the audit chain says about a period.
fn chained(ledger: &Ledger, from: Date, to: Date) -> Result<Chained, StoreError> {
    let mut all = Chained::default();
    ledger.audit(|record| {
        all.records += 1;
        let details: serde_json::Value = serde_json::from_str(&record.details).unwrap_or_default();
        // A backup that was begun and not completed has no other record.
        if record.command == "backup" && details["outcome"] == "done" {
            all.last_backup = Some(record.at);
        }
        let Ok(at) = Timestamp::from_second(record.at) else { return };
        let day = jiff::tz::Offset::UTC.to_datetime(at).date();
        if day < from || day > to {
            return;
        }
        all.accounts.insert(record.uid);
        // Expunging alone states families and manifests together; a dry run deletes nothing.
        let is_expunging = details["manifests"].is_u64() && details["families"].is_u64();
        if is_expunging && details["outcome"] != "dry run" {
            all.samples_expunged += details["samples"].as_u64().unwrap_or(0);
            all.families_expunged += details["families"].as_u64().unwrap_or(0);
        }
        *all.commands.entry(record.command).or_default() += 1;
    })?;
    Ok(all)
}
