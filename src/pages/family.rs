//! The report on a family: who is typed, what was found, what may have been missed, and what would help.

use serde_json::{Value, json};

use super::candidate::PageRun;
use super::error::PageError;
use super::people::{PagePerson, pedigree_drawing, shown};
use super::phrases::Catalogue;
use super::render::{finish, json_page, minute};
use super::rows::{OwnNumbers, PagePrior, PageSettings, add_numbers, candidates, lost};
use super::templates::Templates;
use crate::model::{Language, Pedigree, Pseudonym, Relation};
use crate::report::{CandidateRow, LostRow, MissedRow, RemedyRow, ReviewState};

/// Everything that the report on a family says.
pub struct FamilyPage {
    /// When it was made, in UTC: RFC 3339.
    pub made_at: String,
    /// The program and its version.
    pub program: String,
    /// The family.
    pub family: Pseudonym,
    /// The reason for which it is withdrawn.
    pub withdrawn: Option<String>,
    /// `true` if samples or families changed after the last run.
    pub is_outdated: bool,
    /// The last run; `None` before the first.
    pub run: Option<PageRun>,
    /// What a likelihood ratio depends on.
    pub settings: PageSettings,
    /// The relations of the relatives.
    pub relations: Vec<Relation>,
    /// The relatives.
    pub people: Vec<PagePerson>,
    /// The pedigree; `None` if it has none.
    pub pedigree: Option<Pedigree>,
    /// The causes for which the family is marked.
    pub marks: Vec<String>,
    /// The probability that the child was missed; `None` before the first run, or if it cannot be computed.
    pub missed: Option<MissedRow>,
    /// The prior.
    pub prior: PagePrior,
    /// The least log10 LR of a candidate.
    pub min_log10_lr: f64,
    /// The candidates, the best first.
    pub candidates: Vec<CandidateRow>,
    /// Children who have the profile of a relative.
    pub identities: Vec<CandidateRow>,
    /// Former candidates, the last lost first.
    pub lost: Vec<LostRow>,
    /// The reviews of the family's pairs.
    pub reviews: Vec<ReviewState>,
    /// The laboratory's own numbers.
    pub numbers: OwnNumbers,
    /// The most rows of a list.
    pub most: usize,
}

impl FamilyPage {
    /// Returns what the page says as one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        json_page("family", self.context()?)
    }

    /// Returns the page: one HTML file without script and without any other file.
    ///
    /// # Errors
    /// [`PageError`] if a laboratory's own template is invalid, or names what there is not.
    pub fn html(&self, language: Language, templates: &Templates) -> Result<String, PageError> {
        let words = Catalogue::of(language)?;
        let mut context = self.context()?;
        let drawn = match &self.pedigree {
            None => String::new(),
            Some(of_family) => {
                pedigree_drawing(of_family, (&self.people, &self.relations), &context["people"], &words)?
            }
        };
        context["drawings"] = json!({ "pedigree": drawn });
        finish((language, words), templates, "family.html", context)
    }

    /// Returns the values of the page, without what depends on the language.
    fn context(&self) -> serde_json::Result<Value> {
        let number_of = |who: Pseudonym| self.numbers.get(&who).map(String::as_str);
        let remedy = |row: &RemedyRow| json!({ "remedy": row.remedy.word(), "relation": row.remedy.relation(), "missed": row.missed });
        let missed = self.missed.as_ref().map(|row| {
            let mut missed = serde_json::to_value(row.missed)?;
            missed["in_database_and_missed"] = row.in_database_and_missed.into();
            missed["prior"] = serde_json::to_value(self.prior)?;
            missed["min_log10_lr"] = self.min_log10_lr.into();
            missed["remedies"] = row.remedies.iter().map(remedy).collect();
            Ok(missed)
        });
        let review = |state: &ReviewState| {
            json!({
                "child": state.child, "status": state.status, "step": state.step, "next": state.next,
                "last_at": state.last_at.as_deref().map(minute), "decided_by": state.decided_by,
                "changed": state.changed,
                "conflicts": state.conflicts.iter().map(|one| one.conflict).collect::<Vec<_>>(),
            })
        };
        let identity = |row: &CandidateRow| json!({ "child": row.child, "relative": row.same_person.as_ref().map(|same| same.sample) });
        let mut context = json!({
            "made_at": minute(&self.made_at),
            "program": self.program,
            "family": self.family,
            "number": number_of(self.family),
            "withdrawn": self.withdrawn,
            "is_outdated": self.is_outdated,
            "run": self.run.as_ref().map(PageRun::shown),
            "settings": self.settings,
            "people": shown(&self.people, &self.relations, &number_of),
            "marks": self.marks,
            "missed": missed.transpose()?,
            "candidates": {
                "total": self.candidates.len(),
                "not_shown": self.candidates.len().saturating_sub(self.most),
                "unweighed": self.candidates.iter().filter(|row| row.meaning.is_none()).count(),
                "rows": candidates(&self.candidates, self.most)?,
            },
            "identities": self.identities.iter().map(identity).collect::<Vec<_>>(),
            "lost": lost(&self.lost, self.most),
            "lost_total": self.lost.len(),
            "reviews": self.reviews.iter().map(review).collect::<Vec<_>>(),
        });
        add_numbers(&mut context, &self.numbers);
        Ok(context)
    }
}
