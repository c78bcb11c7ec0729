//! The lead report on one candidate: what was compared, what came of it, what it means, and who decided.

use serde_json::{Value, json};

use super::drawings::{BarWords, Curves, DistributionWords, LocusBar, PlotWords, bars, distributions};
use super::error::PageError;
use super::people::{PagePerson, pedigree_drawing, shown};
use super::phrases::Catalogue;
use super::render::{finish, json_page, minute};
use super::rows::PageSettings;
use super::templates::Templates;
use crate::kinship::cpi::FLAGGED_LOCI;
use crate::matching::LocusExplanation;
use crate::meaning::Prior;
use crate::model::{Language, Pedigree, Pseudonym};
use crate::report::{CPI_NAME, ExplanationReport, FactsPair, ReviewReport, ViewRow};

/// The run that found the candidates.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct PageRun {
    /// Its number.
    pub number: i64,
    /// When it began, in UTC.
    pub started_at: String,
    /// `full` or `delta`.
    pub mode: String,
    /// The digest of its results, in hexadecimal.
    pub digest: String,
    /// Families compared.
    pub families: u64,
    /// Children compared.
    pub children: u64,
    /// The least log10 LR of a candidate.
    pub min_log10_lr: f64,
}

impl PageRun {
    /// Returns the run with its time for people.
    pub(super) fn shown(&self) -> Self {
        Self { started_at: minute(&self.started_at), ..self.clone() }
    }
}

/// Everything that the lead report on a pair says.
pub struct CandidatePage {
    /// When it was made, in UTC: RFC 3339.
    pub made_at: String,
    /// The explanation of the likelihood ratio.
    pub explained: ExplanationReport,
    /// The review, as everybody may see it.
    pub review: ReviewReport,
    /// The last run; `None` before the first.
    pub run: Option<PageRun>,
    /// The prior of the meaning.
    pub prior: Prior,
    /// Number of children in the database.
    pub children: u64,
    /// The relatives, in the order of the explanation, and the child.
    pub people: Vec<PagePerson>,
    /// The family's pedigree; `None` if it has none.
    pub pedigree: Option<Pedigree>,
    /// The distributions of log10 LR in the missing child and in unrelated children, typed as the child; `None` if they
    /// cannot be computed.
    pub curves: Option<Curves>,
    /// What is stated of both children; `None` if nothing is.
    pub facts: Option<FactsPair>,
}

impl CandidatePage {
    /// Returns what the page says as one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        let mut context = self.context()?;
        if let Some(curves) = &self.curves {
            context["distributions"] = json!({
                "from": curves.from, "step": curves.step, "missing_child": curves.related, "unrelated": curves.unrelated,
            });
        }
        json_page("candidate", context)
    }

    /// Returns the page: one HTML file without script and without any other file.
    ///
    /// # Errors
    /// [`PageError`] if a laboratory's own template is invalid, or names what there is not.
    pub fn html(&self, language: Language, templates: &Templates) -> Result<String, PageError> {
        let words = Catalogue::of(language)?;
        let mut context = self.context()?;
        context["drawings"] = self.drawings(&words, &context)?;
        if let (Some(facts), Language::Chinese) = (&self.facts, language) {
            for (row, one) in facts.facts.iter().enumerate() {
                let [missing, found] = &one.chinese;
                context["facts"]["facts"][row]["missing"] = missing.as_str().into();
                context["facts"]["facts"][row]["found"] = found.as_str().into();
            }
        }
        finish((language, words), templates, "candidate.html", context)
    }

    /// Returns the values of the page, without what depends on the language.
    fn context(&self) -> serde_json::Result<Value> {
        let explanation = &self.explained.explanation;
        let with = &self.explained.with;
        let number_of =
            |who: Pseudonym| self.explained.numbers.iter().find(|one| one.who == who).map(|one| one.number.as_str());
        let incompatible = explanation.loci.iter().filter(|locus| locus.is_compatible == Some(false));
        let incompatible: Vec<&str> = incompatible.map(|locus| locus.locus.name()).collect();
        let cpi = match &explanation.cpi {
            Ok(total) => json!({
                "name": CPI_NAME, "log10": total.log10, "loci": total.loci, "inconsistent_loci": total.inconsistent,
                "flag": total.inconsistent >= FLAGGED_LOCI, "why_not": null,
            }),
            Err(why) => json!({ "name": CPI_NAME, "log10": null, "why_not": why.to_string() }),
        };
        let views = self.explained.views.all.iter().zip(&self.explained.views.incompatible);
        let views = views.map(|(view, incompatible)| {
            let mut row = serde_json::to_value(ViewRow::from(view))?;
            row["log10_doubt"] = view.log10_doubt.into();
            row["incompatible_loci"] = serde_json::to_value(incompatible)?;
            Ok(row)
        });
        let meaning = self.explained.settled.as_ref().map(|settled| {
            let mut meaning = serde_json::to_value(&settled.meaning)?;
            meaning["prior"] = json!({ "in_database": self.prior.in_database(), "children": self.children });
            meaning["kits"] = settled.kits_json().into();
            Ok(meaning)
        });
        let mut review = serde_json::to_value(&self.review.review)?;
        let mut history = serde_json::to_value(&self.review.history)?;
        for event in history.as_array_mut().into_iter().flatten() {
            event["at"] = minute(event["at"].as_str().unwrap_or_default()).into();
        }
        review["history"] = history;
        let settings = PageSettings {
            model: with.model.clone(),
            frequencies: with.frequencies.clone(),
            population: with.table.population.clone(),
            panel: with.panel,
            generation: with.generation,
        };
        Ok(json!({
            "made_at": minute(&self.made_at),
            "program": with.program,
            "family": with.family,
            "child": with.child,
            "numbers": { "family": number_of(with.family), "child": number_of(with.child) },
            "is_candidate": with.candidate_log10_lr.is_some(),
            "show_genotypes": self.explained.show_genotypes,
            "run": self.run.as_ref().map(PageRun::shown),
            "settings": settings,
            "people": shown(&self.people, &explanation.relations, &number_of),
            "loci": explanation.loci.iter().enumerate().map(|(at, locus)| self.locus(at, locus)).collect::<Vec<_>>(),
            "result": {
                "log10_lr": finite(explanation.log10_lr), "loci_compared": explanation.loci_compared,
                "incompatible_loci": explanation.incompatible_loci, "incompatible": incompatible,
            },
            "cpi": cpi,
            "views": views.collect::<serde_json::Result<Vec<Value>>>()?,
            "meaning": meaning.transpose()?,
            "review": review,
            "facts": self.facts,
        }))
    }

    fn locus(&self, position: usize, locus: &LocusExplanation) -> Value {
        let cell = |genotype: Option<crate::model::Genotype>| {
            let text = genotype.filter(|_| self.explained.show_genotypes).map(|genotype| genotype.to_string());
            json!({ "typed": genotype.is_some(), "text": text })
        };
        let mutations = locus.mutations.iter().map(|one| json!({ "parent": one.parent, "steps": one.steps }));
        json!({
            "locus": locus.locus,
            "compared": locus.is_compared,
            "relatives": locus.relatives.iter().map(|&genotype| cell(genotype)).collect::<Vec<_>>(),
            "child": cell(locus.child),
            "log10_lr": finite(locus.log10_lr),
            "running": finite(locus.running),
            "pi": locus.cpi.as_ref().map(|index| index.index),
            "compatible": locus.is_compatible,
            "linked_with": locus.linked_with,
            "unlisted": locus.unlisted.len(),
            "left_out": self.explained.left_out(position),
            "disputed": self.explained.disputed(&locus.locus),
            "mutations": mutations.collect::<Vec<_>>(),
        })
    }

    fn drawings(&self, words: &Catalogue, context: &Value) -> Result<Value, PageError> {
        let word = |key: &str| words.need(&format!("drawing.{key}"));
        let loci: Vec<LocusBar> = (self.explained.explanation.loci.iter())
            .map(|locus| LocusBar {
                locus: locus.locus.to_string(),
                log10_lr: locus.log10_lr,
                running: locus.running,
                is_compared: locus.is_compared || locus.log10_lr != 0.0,
                is_incompatible: locus.is_compatible == Some(false),
            })
            .collect();
        let of_bars = BarWords {
            plot: PlotWords {
                title: word("bars")?,
                description: word("bars_text")?,
                x_axis: word("log10_lr")?,
                y_axis: word("locus")?,
            },
            running: word("sum")?,
            incompatible: word("incompatible")?,
            not_compared: word("not_compared")?,
        };
        let of_curves = DistributionWords {
            plot: PlotWords {
                title: word("distributions")?,
                description: word("distributions_text")?,
                x_axis: word("log10_lr")?,
                y_axis: word("density")?,
            },
            related: word("related")?,
            unrelated: word("unrelated")?,
            this_pair: word("this_pair")?,
            threshold: word("threshold")?,
        };
        let curves = self.curves.as_ref().map(|curves| distributions(curves, &of_curves, "distributions"));
        let relations = &self.explained.explanation.relations;
        let drawn = match &self.pedigree {
            None => String::new(),
            Some(of_family) => pedigree_drawing(of_family, (&self.people, relations), &context["people"], words)?,
        };
        Ok(json!({ "pedigree": drawn, "bars": bars(&loci, &of_bars, "bars"), "distributions": curves }))
    }
}

fn finite(log10_lr: f64) -> Option<f64> {
    Some(log10_lr).filter(|log10_lr| log10_lr.is_finite())
}
