//! Sends hits to an agency: the pairs in which one side is its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::audit::Entry;
use crate::exchange::{ContentKind, Hit, HitNumbers, Hits, HitsBasis, Mapping, Side, digest_of_line};
use crate::ledger::{CandidateFilter, Sending, SentRecord, ToldHit};
use crate::model::{Pseudonym, View};
use crate::pseudonym::ExchangeNames;
use crate::report::{CandidateReport, CandidateRow};

use super::content::{PackageOptions, nothing_new, push_line, write_package};
use crate::store::configuration::limits::checked_threshold;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::keeping::enforce::withheld_of;
use crate::store::matching::candidates::add_reviews;
use crate::store::matching::meaning::MeaningOptions;
use crate::store::observer::Observer;

/// What was sent to an agency about hits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HitsSent {
    /// Number of the package; `None` if nothing changed since the last one, and none was written.
    pub package: Option<u64>,
    /// Number of the last package before.
    pub last: u64,
    /// Number of hits that are new or changed.
    pub hits: u64,
    /// Number of hits that are withdrawn.
    pub gone: u64,
    /// Number of hits that the agency has, and that did not change.
    pub unchanged: u64,
    /// Number of those withdrawn that are candidates still, below the threshold that was given.
    pub below: u64,
    /// `true` if samples or families changed since the last match, so that its hits may not be those of today.
    pub outdated: bool,
}

impl Store {
    /// Writes a package with the hits of the last match that are new for an agency, or changed, and with the references of
    /// those that are withdrawn: names of the family and the child, what the numbers mean, the state of the review, nothing
    /// else. Only hits in which one side is of the agency, from `min_log10_lr` on (the threshold of the match, if `None`).
    ///
    /// # Errors
    /// [`StoreError::NeverMatched`], [`StoreError::Number`]; [`ExchangeError`](super::error::ExchangeError) in [`StoreError::Exchange`];
    /// [`StoreError::KeyNeeded`], [`StoreError::Locked`], [`StoreError::Output`]; errors of the ledger.
    pub fn send_hits(
        &self,
        options: &PackageOptions<'_>,
        min_log10_lr: Option<f64>,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<HitsSent, StoreError> {
        min_log10_lr.map(checked_threshold).transpose()?;
        let (_lock, mut ledger, partner, card) = self.open_to_send(options.to, observer)?;
        let names = ExchangeNames::new(&*self.key()?);
        let filter = CandidateFilter { identities: Some(false), ..CandidateFilter::default() };
        let mut report = self.last_report(&ledger, &filter)?.0;
        let received = ledger.received()?;
        let of_partner = received.iter().filter(|(from, _)| *from == partner.id);
        let theirs: HashMap<Pseudonym, Pseudonym> =
            of_partner.filter_map(|(_, record)| Some((record.own?, record.theirs))).collect();
        let least = min_log10_lr.unwrap_or_else(|| self.criterion().min_log10_lr);
        let stay = withheld_of(&ledger.kept_samples(false)?, &received)?;
        let mut of_families: HashMap<Pseudonym, Vec<Pseudonym>> = HashMap::new();
        if !stay.is_empty() {
            for (sample, family) in ledger.memberships()? {
                of_families.entry(family).or_default().push(sample);
            }
        }
        // A hit tells something about both sides.
        let may_leave = |row: &CandidateRow| {
            let relatives = of_families.get(&row.family);
            let family_stays = relatives.is_some_and(|all| all.iter().all(|one| stay.contains(one)));
            (theirs.contains_key(&row.child) || !stay.contains(&row.child))
                && (theirs.contains_key(&row.family) || !family_stays)
        };
        let is_theirs = |row: &CandidateRow| {
            (theirs.contains_key(&row.family) || theirs.contains_key(&row.child)) && may_leave(row)
        };
        report.candidates.retain(is_theirs);
        let (rows, below) = std::mem::take(&mut report.candidates).into_iter().partition(|row| row.log10_lr >= least);
        report.candidates = rows;
        let below: Vec<CandidateRow> = below;
        add_reviews(&mut report, &self.review_states()?);
        self.add_meaning(&mut report, &MeaningOptions::default(), observer)?;
        let sent: HashMap<Pseudonym, SentRecord> =
            ledger.sent_to(partner.id)?.into_iter().filter_map(|record| Some((record.own?, record))).collect();
        let name = |own: Pseudonym| match (theirs.get(&own), sent.get(&own)) {
            (Some(name), _) => *name,
            (None, Some(record)) => record.sent,
            (None, None) => names.sent(&partner.salt, own),
        };
        let told = ledger.told_to(partner.id)?;
        let references: HashMap<(Pseudonym, Pseudonym), Pseudonym> =
            told.iter().filter_map(|hit| Some((hit.pair?, hit.reference))).collect();
        let mut not_found: BTreeMap<Pseudonym, ToldHit> = told.into_iter().map(|hit| (hit.reference, hit)).collect();
        let mut content = Vec::new();
        Hits::push_basis(&mut content, Mapping::own(), &basis(&report, least));
        let (mut put, mut done) = (Vec::new(), HitsSent { last: partner.sent.hits.number, ..HitsSent::default() });
        for row in &report.candidates {
            let pair = (row.family, row.child);
            let reference = references.get(&pair).copied().unwrap_or_else(|| names.reference(pair.0, pair.1));
            let side = match (theirs.contains_key(&row.family), theirs.contains_key(&row.child)) {
                (true, true) => Side::Both,
                (true, false) => Side::Family,
                (false, _) => Side::Child,
            };
            let hit = hit(row, (reference, side), name(row.family), name(row.child));
            let now = ToldHit { reference, pair: Some(pair), content: what_matters(&hit) };
            let line = hit.line(Mapping::own());
            if not_found.remove(&reference) == Some(now) {
                if !options.complete {
                    done.unchanged += 1;
                    continue;
                }
            } else {
                put.push(now);
            }
            done.hits += 1;
            push_line(&mut content, &line);
        }
        let gone: BTreeSet<Pseudonym> = not_found.into_keys().collect();
        for &reference in &gone {
            Hits::push_gone(&mut content, Mapping::own(), reference);
        }
        done.gone = gone.len() as u64;
        let still =
            |row: &&CandidateRow| references.get(&(row.family, row.child)).is_some_and(|one| gone.contains(one));
        done.below = below.iter().filter(still).count() as u64;
        done.outdated = ledger.generation()?.number != report.run.generation;
        if done.hits + done.gone == 0 && !options.complete {
            nothing_new(&mut ledger, &partner, entry)?;
            return Ok(done);
        }
        let about: Vec<Pseudonym> = put.iter().filter_map(|hit| hit.pair).flat_map(|pair| [pair.0, pair.1]).collect();
        let entry = entry.clone().with("hits", done.hits).with("gone", done.gone);
        let entry = entry.with("run_digest", report.run.digest.as_str()).about(about);
        let gone: Vec<Pseudonym> = gone.into_iter().collect();
        let changes = Sending { told: &put, hits_gone: &gone, ..Sending::default() };
        let content = (ContentKind::Hits, content.as_slice());
        let number = write_package(&mut ledger, options, (&partner, &card), content, &changes, &entry)?;
        Ok(HitsSent { package: Some(number), ..done })
    }
}

/// Computes what tells a changed hit from the one that was sent. The posterior and the chance hits change a little with every
/// child of the database, and do not count: the class does.
fn what_matters(hit: &Hit) -> [u8; 16] {
    let numbers = HitNumbers { expected_chance_hits: None, posterior: None, ..hit.numbers.clone() };
    digest_of_line(&Hit { numbers, ..hit.clone() }.line(Mapping::own()))
}

fn basis(report: &CandidateReport, min_log10_lr: f64) -> HitsBasis {
    HitsBasis {
        run: report.run.digest.clone(),
        program: concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned(),
        frequencies: report.run.table.population.clone().unwrap_or_else(|| "own".to_owned()),
        min_log10_lr,
        prior: report.prior.clone().unwrap_or_default(),
    }
}

fn hit(row: &CandidateRow, (reference, side): (Pseudonym, Side), family: Pseudonym, child: Pseudonym) -> Hit {
    let meaning = row.meaning.as_ref();
    Hit {
        reference,
        side,
        family,
        child,
        numbers: HitNumbers {
            log10_lr: row.log10_lr,
            papers_doubted: row.views.made_by != View::Stated,
            loci_compared: row.loci_compared,
            incompatible_loci: row.incompatible_loci,
            expected_chance_hits: meaning.map(|meaning| meaning.expected_chance_hits),
            posterior: meaning.map(|meaning| meaning.posterior),
            class: meaning.map(|meaning| meaning.class.word().to_owned()),
            decision: row.review.as_ref().map_or("new", |review| review.status.word()).to_owned(),
        },
    }
}
