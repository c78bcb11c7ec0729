//! The report of a night: what a run found and lost, and what waits for whom.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::drawings::{Night, NightWords, PlotWords, nights};
use super::error::PageError;
use super::phrases::Catalogue;
use super::render::{finish, json_page, minute};
use super::rows::{OwnNumbers, PagePrior, PageSettings, add_numbers, by_class, candidates, lost, run};
use super::templates::Templates;
use crate::model::{Language, Pseudonym, Unscorable};
use crate::report::{CandidateRow, DueRow, LostRow, RunRow, StateRow};

/// Everything that the report of a night says.
pub struct NightPage {
    /// When it was made, in UTC: RFC 3339.
    pub made_at: String,
    /// The program and its version.
    pub program: String,
    /// The run.
    pub run: RunRow,
    /// Families that the run could not score; `None` for runs of older versions.
    pub unscored: Option<Vec<Unscorable>>,
    /// Number of pairs that have too few loci in common; `None` for runs of older versions.
    pub pairs_not_comparable: Option<u64>,
    /// `true` if it is the last run.
    pub is_last: bool,
    /// `true` if samples or families changed after the last run.
    pub is_outdated: bool,
    /// What the run depends on.
    pub settings: PageSettings,
    /// The prior; `None` if the candidates are not weighed.
    pub prior: Option<PagePrior>,
    /// The present candidates that the run found first, the best first.
    pub candidates: Vec<CandidateRow>,
    /// The present pairs, found first by the run, in which the child has the profile of a relative.
    pub identities: Vec<CandidateRow>,
    /// The present log10 LR of pairs that the run found again with other data.
    pub log10_lr_now: HashMap<(Pseudonym, Pseudonym), f64>,
    /// Candidates that imports removed after the run.
    pub removed_since: Vec<LostRow>,
    /// The families that are marked.
    pub flagged: Vec<StateRow>,
    /// What is due: deadlines of children first, then pairs.
    pub due: Vec<DueRow>,
    /// The runs of the last 30 days, the newest first.
    pub nights: Vec<RunRow>,
    /// The laboratory's own numbers.
    pub numbers: OwnNumbers,
    /// The most rows of a list.
    pub most: usize,
}

impl NightPage {
    /// Returns what the page says as one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        json_page("night", self.context()?)
    }

    /// Returns the page: one HTML file without script and without any other file.
    ///
    /// # Errors
    /// [`PageError`] if a laboratory's own template is invalid, or names what there is not.
    pub fn html(&self, language: Language, templates: &Templates) -> Result<String, PageError> {
        let words = Catalogue::of(language)?;
        let word = |key: &str| words.need(&format!("drawing.{key}"));
        let of_nights = NightWords {
            plot: PlotWords {
                title: word("nights")?,
                description: word("nights_text")?,
                x_axis: word("night")?,
                y_axis: word("changes")?,
            },
            y_axis_broken: word("changes_broken")?,
            gained: word("gained")?,
            lost: word("lost")?,
        };
        let night = |run: &RunRow| Night {
            // Month and day; the table has the year.
            label: run.started_at.get(5..10).unwrap_or_default().to_owned(),
            gained: run.gained + run.returned,
            lost: run.lost,
        };
        let drawn: Vec<Night> = self.nights.iter().rev().map(night).collect();
        let drawing = if drawn.len() > 1 { nights(&drawn, &of_nights, "nights") } else { String::new() };
        let mut context = self.context()?;
        context["drawings"] = json!({ "nights": drawing });
        finish((language, words), templates, "night.html", context)
    }

    /// Returns the values of the page, without what depends on the language.
    fn context(&self) -> serde_json::Result<Value> {
        let most = self.most;
        let mut changed = lost(&self.run.changed_candidates, most);
        for row in &mut changed {
            let who = |field: &str| row[field].as_str().and_then(|text| text.parse::<Pseudonym>().ok());
            let now = who("family").zip(who("child")).and_then(|pair| self.log10_lr_now.get(&pair));
            row["log10_lr_now"] = now.copied().into();
        }
        let mut of_run = run(&self.run);
        of_run["pairs_not_comparable"] = self.pairs_not_comparable.into();
        let shown: usize = self.candidates.len().min(most);
        let identity = |row: &CandidateRow| {
            json!({
                "family": row.family, "child": row.child,
                "relative": row.same_person.as_ref().map(|same| same.sample),
            })
        };
        let (waiting, deadlines): (Vec<&DueRow>, Vec<&DueRow>) = self.due.iter().partition(|row| row.family.is_some());
        let wait = |row: &&DueRow| {
            json!({
                "next": row.what, "who": row.who, "family": row.family, "child": row.child, "since": row.since,
                "days": row.days, "decided_by": row.decided_by, "step": row.step,
                "conflicts": row.conflicts.iter().map(|one| one.conflict).collect::<Vec<_>>(),
            })
        };
        let deadline = |row: &&DueRow| json!({ "child": row.child, "deadline": row.what, "due": row.due, "overdue_days": row.overdue_days });
        let flagged = |row: &StateRow| json!({ "family": row.family, "marks": row.marks, "withdrawn": row.withdrawn });
        let unscored = self.unscored.as_deref().unwrap_or_default();
        let not_scored = |row: &Unscorable| json!({ "family": row.family, "locus": row.locus, "reason": row.reason });
        let unweighed = self.candidates.iter().filter(|row| row.meaning.is_none()).count();
        let mut context = json!({
            "made_at": minute(&self.made_at),
            "program": self.program,
            "run": of_run,
            "is_last": self.is_last,
            "is_outdated": self.is_outdated,
            "settings": self.settings,
            "prior": self.prior,
            "new": {
                "total": self.candidates.len(),
                "gone": self.run.gained.saturating_sub(self.candidates.len() as u64),
                "by_class": self.prior.map(|_| by_class(&self.candidates)),
                "unweighed": if self.prior.is_some() { unweighed } else { 0 },
                "not_shown": self.candidates.len() - shown,
                "rows": candidates(&self.candidates, most)?,
            },
            "identities": self.identities.iter().map(identity).collect::<Vec<_>>(),
            "lost": lost(&self.run.lost_candidates, most),
            "changed": changed,
            "removed_since": lost(&self.removed_since, most),
            "totals": {
                "lost": self.run.lost_candidates.len(), "changed": self.run.changed_candidates.len(),
                "removed_since": self.removed_since.len(),
            },
            "returned": self.run.returned,
            "flagged": {
                "total": self.flagged.len(), "not_shown": self.flagged.len().saturating_sub(most),
                "rows": self.flagged.iter().take(most).map(flagged).collect::<Vec<_>>(),
            },
            "unscored": {
                "total": unscored.len(), "not_shown": unscored.len().saturating_sub(most),
                "rows": unscored.iter().take(most).map(not_scored).collect::<Vec<_>>(),
            },
            "waiting": {
                "total": waiting.len(), "not_shown": waiting.len().saturating_sub(most),
                "rows": waiting.iter().take(most).map(wait).collect::<Vec<_>>(),
                "deadlines": deadlines.iter().map(deadline).collect::<Vec<_>>(),
            },
            "nights": self.nights.iter().map(run).collect::<Vec<_>>(),
        });
        add_numbers(&mut context, &self.numbers);
        Ok(context)
    }
}
