//! The lead report on one candidate: what was compared, what came of it, what it means, and who decided.

use serde_json::{Value, json};

use super::drawings::{
    BarWords, Curves, DistributionWords, LocusBar, PedigreeWords, Person, PlotWords, bars, distributions, pedigree,
};
use super::error::PageError;
use super::language::Language;
use super::phrases::Catalogue;
use super::render::{heading, page};
use super::templates::Templates;
use crate::kinship::cpi::FLAGGED_LOCI;
use crate::matching::LocusExplanation;
use crate::meaning::Prior;
use crate::model::{Pedigree, Pseudonym, Sex};
use crate::report::{CPI_NAME, ExplanationReport, ReviewReport, SCHEMA_VERSION, ViewRow};

/// A person of the report: a relative, or the child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePerson {
    /// The sample.
    pub sample: Pseudonym,
    /// The recorded sex.
    pub sex: Sex,
    /// The kit.
    pub kit: Option<String>,
    /// The agency.
    pub agency: Option<String>,
    /// The region.
    pub region: Option<String>,
}

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
}

impl CandidatePage {
    /// Returns what the page says as one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        let mut context = self.context()?;
        context["schema_version"] = SCHEMA_VERSION.into();
        context["kind"] = "candidate".into();
        if let Some(curves) = &self.curves {
            context["distributions"] = json!({
                "from": curves.from, "step": curves.step, "missing_child": curves.related, "unrelated": curves.unrelated,
            });
        }
        Ok(serde_json::to_string_pretty(&context)? + "\n")
    }

    /// Returns the page: one HTML file without script and without any other file.
    ///
    /// # Errors
    /// [`PageError`] if a laboratory's own template is invalid, or names what there is not.
    pub fn html(&self, language: Language, templates: &Templates) -> Result<String, PageError> {
        let catalogue = Catalogue::of(language)?;
        let mut context = self.context()?;
        context["lang"] = language.code().into();
        context["template_digest"] = templates.digest().into();
        context["drawings"] = self.drawings(&catalogue, &context)?;
        page(templates, catalogue, "candidate.html", &context)
    }

    /// Returns the values of the page, without what depends on the language.
    fn context(&self) -> serde_json::Result<Value> {
        let explanation = &self.explained.explanation;
        let with = &self.explained.with;
        let number_of =
            |who: Pseudonym| self.explained.numbers.iter().find(|one| one.who == who).map(|one| &one.number);
        let names = self.explained.column_names();
        let words = explanation.relations.iter().map(|relation| relation.word()).chain(["child"]);
        let names = names.iter().map(String::as_str).chain(["child"]);
        let people = self.people.iter().zip(words).zip(names).enumerate().map(|(at, ((person, relation), name))| {
            let of_locus = |locus: &LocusExplanation| locus.relatives.get(at).copied().unwrap_or(locus.child);
            json!({
                "relation": relation, "name": name, "sample": person.sample, "number": number_of(person.sample),
                "sex": person.sex.word(), "kit": person.kit, "agency": person.agency, "region": person.region,
                "typed_loci": explanation.loci.iter().filter(|locus| of_locus(locus).is_some()).count(),
            })
        });
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
        Ok(json!({
            "made_at": minute(&self.made_at),
            "program": with.program,
            "family": with.family,
            "child": with.child,
            "numbers": { "family": number_of(with.family), "child": number_of(with.child) },
            "is_candidate": with.candidate_log10_lr.is_some(),
            "show_genotypes": self.explained.show_genotypes,
            "run": self.run.as_ref().map(|run| {
                PageRun { started_at: minute(&run.started_at), ..run.clone() }
            }),
            "settings": {
                "model": with.model, "frequencies": with.frequencies, "population": with.table.population,
                "panel": with.panel, "generation": with.generation,
            },
            "people": people.collect::<Vec<_>>(),
            "loci": explanation.loci.iter().enumerate().map(|(at, locus)| self.locus(at, locus)).collect::<Vec<_>>(),
            "result": {
                "log10_lr": finite(explanation.log10_lr), "loci_compared": explanation.loci_compared,
                "incompatible_loci": explanation.incompatible_loci, "incompatible": incompatible,
            },
            "cpi": cpi,
            "views": views.collect::<serde_json::Result<Vec<Value>>>()?,
            "meaning": meaning.transpose()?,
            "review": review,
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
        let drawn = match &self.pedigree {
            None => String::new(),
            Some(of_family) => {
                let words_of = PedigreeWords {
                    title: word("pedigree")?,
                    description: word("pedigree_text")?,
                    typed: word("typed")?,
                    untyped: word("untyped")?,
                    missing: word("missing")?,
                };
                pedigree(&self.persons(of_family, words, context)?, &words_of, "pedigree")
            }
        };
        Ok(json!({ "pedigree": drawn, "bars": bars(&loci, &of_bars, "bars"), "distributions": curves }))
    }

    /// Returns the persons of the pedigree, with labels in the language of the catalogue.
    fn persons(
        &self,
        of_family: &Pedigree,
        words: &Catalogue,
        context: &Value,
    ) -> Result<Vec<Person>, PageError> {
        let members = of_family.members();
        let (Some(child), relations) = (members.get(of_family.child()), &self.explained.explanation.relations) else {
            return Ok(Vec::new());
        };
        let mut persons = Vec::with_capacity(members.len());
        for (at, member) in members.iter().enumerate() {
            let sex = if members.iter().any(|one| one.father == Some(at)) {
                Sex::Male
            } else if members.iter().any(|one| one.mother == Some(at)) {
                Sex::Female
            } else {
                Sex::Unknown
            };
            let mut person = Person {
                father: member.father,
                mother: member.mother,
                sex,
                is_typed: false,
                is_missing_child: at == of_family.child(),
                label: String::new(),
            };
            if let Some(relative) = of_family.relatives().iter().position(|place| *place == at) {
                person.is_typed = true;
                if person.sex == Sex::Unknown {
                    let recorded = self.people.get(relative).map_or(Sex::Unknown, |one| one.sex);
                    person.sex = relations.get(relative).and_then(|relation| relation.sex()).unwrap_or(recorded);
                }
                let of_context = &context["people"][relative];
                let name = heading(words, of_context["name"].as_str(), of_context["relation"].as_str())?;
                let number = of_context["number"].as_str().map(str::to_owned);
                let digits = || of_context["sample"].as_str().unwrap_or_default().chars().take(8).collect::<String>();
                person.label = format!("{name} {}", number.unwrap_or_else(digits));
            } else if Some(at) == child.father {
                words.need("short.father")?.clone_into(&mut person.label);
            } else if Some(at) == child.mother {
                words.need("short.mother")?.clone_into(&mut person.label);
            }
            persons.push(person);
        }
        Ok(persons)
    }
}

fn finite(log10_lr: f64) -> Option<f64> {
    Some(log10_lr).filter(|log10_lr| log10_lr.is_finite())
}

/// Returns a time to the minute, for people: `2026-11-29 23:59 UTC`.
fn minute(at: &str) -> String {
    format!("{} UTC", at.get(..16).unwrap_or(at).replace('T', " "))
}
