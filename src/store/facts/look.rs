//! Shows what is stated of a child, with its history, and opens free text for custodians.

use std::path::Path;

use crate::audit::Entry;
use crate::facts::Subject;
use crate::ledger::RecordedFacts;
use crate::model::Pseudonym;
use crate::pseudonym::{FactText, Identity};
use crate::report::{FactsReport, FactsVersion, OpenedText};

use crate::store::actor::require_reason;
use crate::store::error::StoreError;
use crate::store::folder::Store;

/// What to show of a child.
#[derive(Clone, Copy, Debug)]
pub struct FactsQuery<'a> {
    /// The found child, or the family of the missing one.
    pub subject: Pseudonym,
    /// `true` for all facts, `false` for the last ones.
    pub history: bool,
    /// The identity file of a custodian, to open free text; outside the store.
    pub identity: Option<&'a Path>,
}

impl Store {
    /// Returns what is stated of a found child, or of the missing child of a family. Opening free text requires a reason,
    /// and the audit chain records the attempt before anything is opened.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let subject = "6522de743b12e5bdd77e72e54cc7dbce".parse()?;
    /// let query = FactsQuery { subject, history: true, identity: None };
    /// println!("{}", store.facts_of(&query, &store::entry("facts show", None))?.csv());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NoSubject`], [`StoreError::NoFacts`], [`StoreError::ReasonNeeded`], [`StoreError::Key`] for the
    /// identity file, [`StoreError::Seal`] if a text does not open; errors of the ledger.
    pub fn facts_of(&self, query: &FactsQuery<'_>, entry: &Entry) -> Result<FactsReport, StoreError> {
        self.recording_unknown(entry, self.facts_of_known(query, entry))
    }

    fn facts_of_known(&self, query: &FactsQuery<'_>, entry: &Entry) -> Result<FactsReport, StoreError> {
        let &FactsQuery { subject, history, identity } = query;
        let mut ledger = self.ledger()?;
        let is_child = ledger.has_child(subject)?;
        if !is_child && ledger.families_known([subject])?.is_empty() {
            return Err(StoreError::NoSubject(subject));
        }
        let entry = entry.clone().with("history", history).with("opened", identity.is_some()).about([subject]);
        let identity = match identity {
            Some(file) => {
                require_reason(&entry)?;
                let identity = self.custodian_identity(file)?;
                ledger.append(&entry)?;
                Some(identity)
            }
            None => {
                ledger.append_look(&entry)?;
                None
            }
        };
        let mut all = ledger.facts_of(subject)?;
        if all.is_empty() {
            return Err(StoreError::NoFacts(subject));
        }
        if !history {
            all.drain(..all.len() - 1);
        }
        let kind = if is_child { Subject::Found } else { Subject::Missing };
        let versions = all.into_iter().map(|one| version(subject, one, identity.as_ref()));
        Ok(FactsReport::new(subject, kind, versions.collect::<Result<_, _>>()?))
    }
}

fn version(subject: Pseudonym, one: RecordedFacts, identity: Option<&Identity>) -> Result<FactsVersion, StoreError> {
    let RecordedFacts { number, recorded_at, facts, sealed } = one;
    let text = sealed.as_deref().zip(identity).map(|(sealed, identity)| FactText::open(subject, sealed, identity));
    let opened =
        |text: FactText| OpenedText { marks: text.marks.to_string(), description: text.description.to_string() };
    Ok(FactsVersion {
        number,
        recorded_at: jiff::Timestamp::from_second(recorded_at)?.to_string(),
        facts,
        has_text: sealed.is_some(),
        text: text.transpose()?.map(opened),
    })
}
