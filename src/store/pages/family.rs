//! Gathers the report on a family.

use std::path::PathBuf;

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::ledger::{CandidateFilter, LossCause};
use crate::model::{Pseudonym, Unscorable};
use crate::pages::{FamilyPage, OwnNumbers, PagePrior, PageSettings};
use crate::report::CandidateRow;

use super::candidate::pedigree_of;
use crate::store::actor::now;
use crate::store::configuration::changed::ChangedSetting;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::matching::candidates::add_reviews;
use crate::store::matching::meaning::MeaningOptions;
use crate::store::matching::runs::lost_rows;
use crate::store::observer::Silent;

/// The family to report on, and how.
#[derive(Clone, Debug)]
pub struct FamilyOptions {
    /// The family.
    pub family: Pseudonym,
    /// The most rows of a list.
    pub most: usize,
    /// The laboratory's own list of numbers; its use is recorded.
    pub numbers: Option<PathBuf>,
}

/// What has to be said beside the report on a family.
#[derive(Debug)]
#[non_exhaustive]
pub struct FamilyNotes {
    /// Settings that differ from those of the last run.
    pub changed_settings: Vec<ChangedSetting>,
    /// Why the family could not be weighed.
    pub unweighed: Vec<Unscorable>,
}

impl Store {
    /// Gathers everything that is known about a family: its relatives, its candidates and what they mean, former candidates,
    /// reviews, and the probability that its child was missed.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// use reunite::pages::{Language, Templates};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let options = FamilyOptions { family: "6f7d1c0b5a4e4d3c8b2a190817263544".parse()?, most: 200, numbers: None };
    /// let (page, _) = store.family_page(&options, &store::entry("report family", None))?;
    /// write_private("family.html".as_ref(), page.html(Language::English, &Templates::embedded())?.as_bytes())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoFamily`], [`StoreError::Number`]; those of [`Self::missed`] and [`Self::review_states`].
    pub fn family_page(&self, options: &FamilyOptions, entry: &Entry) -> Result<(FamilyPage, FamilyNotes), StoreError> {
        self.recording_unknown(entry, self.family_page_of_known(options, entry))
    }

    fn family_page_of_known(
        &self,
        options: &FamilyOptions,
        entry: &Entry,
    ) -> Result<(FamilyPage, FamilyNotes), StoreError> {
        let mut ledger = self.ledger()?;
        let family = self.family(&ledger, options.family)?;
        let named = options.family;
        let states = self.review_states()?;
        let run = self.page_run(&ledger)?;
        let is_outdated = match ledger.last_run()? {
            None => false,
            Some((_, run)) => run.generation != ledger.generation()?.number,
        };
        let (mut candidates, mut identities, mut missed, mut unweighed) = Default::default();
        let mut min_log10_lr = self.criterion().min_log10_lr;
        let mut children = 0;
        if run.is_some() {
            let filter = CandidateFilter { family: Some(named), ..CandidateFilter::default() };
            let (mut report, _) = self.last_report(&ledger, &filter)?;
            add_reviews(&mut report, &states);
            let prepared = self.prepare(&ledger, &MeaningOptions::default())?;
            unweighed = self.add_meaning_as(&mut report, &ledger, &prepared, &Silent)?;
            self.add_facts(&mut report)?;
            (candidates, identities) = (report.candidates, report.identities);
            let of_family = self.missed_report(&ledger, &prepared, Some(named), &Silent)?;
            missed = of_family.report.families.into_iter().next();
            for failed in of_family.failed {
                if unweighed.is_empty() {
                    unweighed.push(failed);
                }
            }
            (min_log10_lr, children) = (prepared.threshold(), prepared.hits().children());
        }
        let former = ledger
            .lost()?
            .into_iter()
            .filter(|one| one.family == named && !matches!(one.cause, LossCause::Returned | LossCause::FoundAgain));
        let mut lost = lost_rows(former.rev().collect(), &states);
        // A pair that is a candidate again is not lost.
        lost.retain(|row| !candidates.iter().any(|one: &CandidateRow| one.child == row.child));
        let mut reviews: Vec<_> = states.into_iter().filter(|state| state.0.0 == named).map(|state| state.1).collect();
        reviews.sort_by(|a, b| b.last_at.cmp(&a.last_at).then(a.child.cmp(&b.child)));
        let page = FamilyPage {
            made_at: now()?.to_string(),
            program: concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned(),
            family: named,
            withdrawn: ledger.withdrawn()?.into_iter().find(|one| one.0 == named).map(|one| one.1),
            is_outdated,
            run,
            settings: PageSettings {
                model: self.calculator()?.settings_line(),
                frequencies: HEXLOWER.encode(&self.table().digest()),
                population: self.population().map(str::to_owned),
                panel: self.table().panel().len(),
                generation: ledger.generation()?.number,
            },
            relations: family.relations(),
            people: self.page_people(&ledger, &family, None)?,
            pedigree: pedigree_of(&family),
            marks: ledger.marks()?.into_iter().filter(|mark| mark.0 == named).map(|mark| mark.1).collect(),
            missed,
            prior: PagePrior { in_database: self.prior().in_database(), children },
            min_log10_lr,
            candidates,
            identities,
            lost,
            reviews,
            numbers: OwnNumbers::new(),
            most: options.most,
        };
        let of_pairs = page.candidates.iter().chain(&page.identities).map(|row| row.child);
        let children =
            of_pairs.chain(page.lost.iter().map(|row| row.child)).chain(page.reviews.iter().map(|one| one.child));
        let shown: Vec<Pseudonym> = [named]
            .into_iter()
            .chain(family.relatives.iter().map(|relative| relative.sample))
            .chain(children)
            .collect();
        let numbers = match &options.numbers {
            Some(list) => self.own_numbers(list, &shown)?,
            None => OwnNumbers::new(),
        };
        let page = FamilyPage { numbers, ..page };
        let entry = self.name_table(entry).with("candidates", page.candidates.len());
        let entry = if options.numbers.is_some() { entry.with("numbers", true) } else { entry };
        ledger.append_look(&entry.about(shown))?;
        Ok((page, FamilyNotes { changed_settings: self.changed_settings(&ledger)?, unweighed }))
    }
}
