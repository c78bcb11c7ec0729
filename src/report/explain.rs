//! Writes the explanation of one pair.

use std::collections::BTreeMap;
#[cfg(feature = "cli")]
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use crate::kinship::cpi::{CpiCase, EXCLUDES, FLAGGED_LOCI, NeededMutation, SUPPORTS};
use crate::matching::{Alternative, CpiTotal, ExplainedViews, Explanation, LocusExplanation};
use crate::model::{Genotype, Locus, Pseudonym, Relation, View};

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
use super::frequencies::TableUsed;
use super::meaning::SettledBy;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table, table_of};
use super::typings::SampleTypings;
use super::views::ViewRow;
#[cfg(feature = "cli")]
use super::words::ratio;
use super::words::short_relation;

/// The name of the combined paternity index wherever it is shown.
pub const CPI_NAME: &str = "CPI, stepwise mutation convention (mu/4p)";

/// The two hypotheses, in words.
const HYPOTHESES: [&str; 2] =
    ["H1: the child is the missing child of this family", "H2: the child is unrelated to this family"];

/// Everything that the explanation depends on, besides the two profiles.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedWith {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// Program and version.
    pub program: String,
    /// The model, in one line.
    pub model: String,
    /// Digest of the frequency table, in hexadecimal.
    pub frequencies: String,
    /// The remarks on that table.
    #[serde(flatten)]
    pub table: TableUsed,
    /// Number of loci of the panel.
    pub panel: usize,
    /// The least log10 LR of a candidate.
    pub min_log10_lr: f64,
    /// The generation of the ledger.
    pub generation: u64,
    /// log10 LR of the pair in the list of current candidates, if it is a candidate.
    pub candidate_log10_lr: Option<f64>,
    /// The view that made it a candidate.
    pub candidate_view: Option<View>,
    /// `true` if that log10 LR was computed with another frequency table and may therefore differ.
    pub candidate_of_other_table: bool,
}

/// A number of the laboratory's own list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnNumber {
    /// The family or sample.
    pub who: Pseudonym,
    /// `family`, `child` or a relation.
    pub of: &'static str,
    /// The number.
    pub number: String,
}

/// The explanation of a pair, ready for output.
pub struct ExplanationReport {
    /// What the explanation depends on.
    pub with: ExplainedWith,
    /// The loci and totals.
    pub explanation: Explanation,
    /// The likelihood ratio of the pair in every view.
    pub views: ExplainedViews,
    /// log10 LR of each of [`Alternative::DESCENDANTS`].
    pub alternatives: [f64; Alternative::DESCENDANTS.len()],
    /// The laboratory's own numbers, as far as its list has them.
    pub numbers: Vec<OwnNumber>,
    /// What the pair means in this database; `None` before the first run, and for pairs that cannot be weighed.
    pub settled: Option<SettledBy>,
    /// By position in the panel: the persons who have more than two alleles there and are left out (`child`, or a
    /// relation).
    pub left_out: BTreeMap<usize, Vec<&'static str>>,
    /// The samples that have several typings.
    pub typings: Vec<SampleTypings>,
    /// `true` if genotypes are shown.
    pub show_genotypes: bool,
}

impl ExplanationReport {
    /// Reports whether the pair is a candidate with a different likelihood ratio, because the settings have changed
    /// since.
    #[must_use]
    pub fn differs_from_candidate(&self) -> bool {
        let view = self.with.candidate_view.unwrap_or(View::Stated);
        let now = match view {
            View::Stated => Some(self.explanation.log10_lr),
            _ => self.views.all.iter().find(|one| one.view == view).map(|one| one.log10_lr),
        };
        let differs = |stored: f64| now.is_none_or(|now| stored.to_bits() != now.to_bits());
        !self.with.candidate_of_other_table && self.with.candidate_log10_lr.is_some_and(differs)
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        let of_locus = |(position, locus): (usize, &LocusExplanation)| {
            let mut row = json!({
                "locus": locus.locus,
                "compared": locus.is_compared,
                "log10_lr": number(locus.log10_lr),
                "running_log10_lr": number(locus.running),
                "linked_with": locus.linked_with,
                "compatible": locus.is_compatible,
                "unlisted_alleles": locus.unlisted.len(),
                "more_than_two_alleles": self.left_out(position),
                "typings_disagree": self.disputed(&locus.locus),
                "paternity_index": locus.cpi.as_ref().map(|index| index.index),
                "running_log10_cpi": locus.running_cpi,
                "mutations": locus.mutations.iter()
                    .map(|m| json!({ "parent": m.parent, "steps": m.steps })).collect::<Vec<_>>(),
            });
            if self.show_genotypes {
                row["relatives"] = locus.relatives.iter().map(|&g| Value::from(text(g))).collect();
                row["child"] = text(locus.child).into();
                row["unlisted"] = locus.unlisted.iter().map(|allele| Value::from(allele.to_string())).collect();
            }
            row
        };
        let explanation = &self.explanation;
        let cpi = match &explanation.cpi {
            Ok(total) => json!({
                "name": CPI_NAME, "log10": total.log10, "loci": total.loci, "inconsistent_loci": total.inconsistent,
                "says": verdict(total), "flag": total.inconsistent >= FLAGGED_LOCI,
            }),
            Err(why) => json!({ "name": CPI_NAME, "log10": null, "why_not": why.to_string() }),
        };
        let report = json!({
            "schema_version": SCHEMA_VERSION,
            "explained": self.with,
            "hypotheses": HYPOTHESES,
            "relatives": explanation.relations,
            "log10_lr": number(explanation.log10_lr),
            "loci_compared": explanation.loci_compared,
            "incompatible_loci": explanation.incompatible_loci,
            "views": self.views.all.iter().zip(&self.views.incompatible).map(|(view, loci)| {
                let mut row = serde_json::to_value(ViewRow::from(view))?;
                row["incompatible_loci"] = serde_json::to_value(loci)?;
                Ok(row)
            }).collect::<serde_json::Result<Vec<Value>>>()?,
            "made_by_view": self.views.made_by.map(|at| self.views.all[at].view.words()),
            "alternatives": Alternative::DESCENDANTS.iter().zip(self.alternatives)
                .map(|(alternative, log10_lr)| (alternative.word().to_owned(), number(log10_lr)))
                .collect::<serde_json::Map<_, _>>(),
            "log10_lr_mixed": self.views.log10_lr_mixed.map(number),
            "meaning": self.settled.as_ref().map(|settled| &settled.meaning),
            "prior": self.settled.as_ref().map(|settled| &settled.prior),
            "numbers": self.numbers.iter()
                .map(|one| json!({ "of": one.of, "number": one.number })).collect::<Vec<_>>(),
            "kits": self.settled.as_ref().map(SettledBy::kits_json),
            "cpi": cpi,
            "typings": self.typings.iter().map(|of| of.json(self.show_genotypes)).collect::<Vec<_>>(),
            "loci": explanation.loci.iter().enumerate().map(of_locus).collect::<Vec<_>>(),
        });
        Ok(serde_json::to_string_pretty(&report)? + "\n")
    }

    /// Returns CSV with a header, one row per locus in panel order. Adding up the column `log10_lr` in this order gives
    /// exactly the total, bit for bit.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut header = vec![
            "locus",
            "compared",
            "log10_lr",
            "running_log10_lr",
            "linked_with",
            "compatible",
            "unlisted_alleles",
            "paternity_index",
            "running_log10_cpi",
            "mutations",
            "more_than_two_alleles",
        ];
        if self.show_genotypes {
            header.extend(["relatives", "child"]);
        }
        header.push("typings_disagree");
        let mut csv = CsvText::with_header(header);
        for (position, locus) in self.explanation.loci.iter().enumerate() {
            csv.field(&locus.locus).field(locus.is_compared).field(locus.log10_lr).field(locus.running);
            csv.optional(locus.linked_with.as_ref()).optional(locus.is_compatible).field(locus.unlisted.len());
            csv.optional(locus.cpi.as_ref().map(|index| index.index)).field(locus.running_cpi);
            csv.field(mutations(&locus.mutations)).field(self.left_out(position).join(" and "));
            if self.show_genotypes {
                csv.field(self.relatives(locus)).field(text(locus.child));
            }
            csv.field(self.disputed(&locus.locus).join(" and "));
            csv.end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a page for people.
    #[must_use]
    pub fn table(&self) -> Page {
        let ExplainedWith { family, child, .. } = &self.with;
        let explanation = &self.explanation;
        let names = names(explanation.relations.iter().map(|relation| relation.word()));
        let shown = |genotype| if self.show_genotypes { text(genotype) } else { typed(genotype).to_owned() };
        let mut notes = String::new();
        let rows = explanation.loci.iter().enumerate().map(|(position, locus)| {
            let counts = locus.is_compared || locus.log10_lr != 0.0;
            let number = |text: String| if counts { text } else { "-".to_owned() };
            let note = note(locus, self.left_out(position), &self.disputed(&locus.locus));
            let mark = if note.is_empty() { "" } else { "*" };
            if !note.is_empty() {
                notes += &format!("* {}: {note}\n", locus.locus);
            }
            let mut row = vec![locus.locus.to_string()];
            row.extend(locus.relatives.iter().map(|&genotype| shown(genotype)));
            row.extend([
                shown(locus.child),
                number(ratio(locus.log10_lr)),
                number(format!("{:.4}", locus.log10_lr)),
                format!("{:.4}", locus.running),
                locus.cpi.as_ref().map_or("-".to_owned(), |index| ratio(libm::log10(index.index))),
                mark.to_owned(),
            ]);
            row
        });
        let columns = ["child", "LR", "log10 LR", "sum", "PI", ""];
        let header: Vec<&str> =
            ["locus"].into_iter().chain(names.iter().map(|name| name.0.as_str())).chain(columns).collect();
        let first = names.len() + 2;
        let table = table_of(&header, &[first, first + 1, first + 2, first + 3], rows);
        let relatives: Vec<String> = names
            .iter()
            .map(|(name, is_letter, word)| match is_letter {
                true => format!("{name} {word}"),
                false => (*word).to_owned(),
            })
            .collect();
        let mut page = Page::from(format!(
            "Family {family}\n       {}\nChild  {child}\n\n  {}\n  {}\n\n",
            relatives.join(", "),
            HYPOTHESES[0],
            HYPOTHESES[1]
        ));
        if !self.numbers.is_empty() {
            let numbers: Vec<String> = self.numbers.iter().map(|one| format!("{} {}", one.of, one.number)).collect();
            page += format!("Numbers: {}\n\n", numbers.join(", "));
        }
        page += table;
        page += notes;
        let line = format!(
            "LR {} (log10 {}), over {} loci, {} of them incompatible without mutation",
            ratio(explanation.log10_lr),
            explanation.log10_lr,
            explanation.loci_compared,
            explanation.incompatible_loci
        );
        page += format!("\n{line}\n");
        match &explanation.cpi {
            Ok(total) => {
                let flag = if total.inconsistent >= FLAGGED_LOCI {
                    format!("; {} inconsistent loci: a flag, not a rule", total.inconsistent)
                } else {
                    String::new()
                };
                let line = format!(
                    "{CPI_NAME}: {} over {} loci, {}; {}{flag}",
                    ratio(total.log10),
                    total.loci,
                    case(total.case),
                    verdict(total)
                );
                page += line + "\n";
            }
            Err(why) => {
                page += format!("{CPI_NAME}: none; {why}\n");
            }
        }
        let with = &self.with;
        let candidate = match with.candidate_log10_lr {
            None => "not a candidate of the last run".to_owned(),
            Some(stored) if with.candidate_of_other_table => {
                format!("a candidate of the last run, which had another frequency table and gave log10 LR {stored}")
            }
            Some(stored) if self.differs_from_candidate() => {
                format!("a candidate of the last run, WHICH GAVE log10 LR {stored}: the data have changed; match again")
            }
            Some(_) => match with.candidate_view {
                None | Some(View::Stated) => "a candidate of the last run, with the same LR".to_owned(),
                Some(view) => format!("a candidate of the last run in one view, {}", view.words()),
            },
        };
        let line = format!("The pair is {candidate} (threshold log10 LR {})", with.min_log10_lr);
        page += line + "\n";
        page += self.views_table();
        page += self.alternatives_table();
        page += self.settled.as_ref().map_or_else(Page::default, SettledBy::text);
        let unlisted: Vec<String> =
            explanation.loci.iter().filter(|l| !l.unlisted.is_empty()).map(|l| self.floor(l)).collect();
        if !unlisted.is_empty() {
            let _ =
                writeln!(page, "Floor frequency for alleles that the table does not list, at: {}", unlisted.join(", "));
        }
        for of in &self.typings {
            page += of.text(self.show_genotypes);
        }
        let _ = writeln!(
            page,
            "\n{}, generation {} of the ledger\n{}\n{} loci; digest of the frequencies\n    {}",
            with.program, with.generation, with.model, with.panel, with.frequencies
        );
        if let Some(remark) = with.table.remark() {
            page += remark + "\n";
        }
        page
    }

    /// Returns a table of every view with its number, if there are several.
    #[cfg(feature = "cli")]
    fn views_table(&self) -> Page {
        let ExplainedViews { all, incompatible, made_by, log10_lr_mixed } = &self.views;
        if all.len() < 2 {
            return Page::default();
        }
        let rows = all.iter().zip(incompatible).enumerate().map(|(at, (one, loci))| {
            [
                format!("{}{}", one.view.words(), if *made_by == Some(at) { " *" } else { "" }),
                short(one.view),
                format!("{:.2}", one.log10_lr),
                format!("{:.2}", self.with.min_log10_lr - one.log10_doubt),
                loci.len().to_string(),
                loci.iter().map(Locus::name).collect::<Vec<_>>().join(", "),
            ]
        });
        let table = plain_table(["view", "samples", "log10 LR", "needs", "incompatible", ""], &[2, 3, 4], rows);
        let mixed = log10_lr_mixed.map_or(String::new(), |log10_lr| {
            format!("All views together, weighted with their doubts: log10 LR {log10_lr:.2}\n")
        });
        let made_by = if made_by.is_some() { "* makes the pair a candidate\n" } else { "" };
        let title = "\nThe papers as stated, and with one statement in doubt\n\n";
        [title.into(), table, made_by.into(), mixed.into()].into_iter().collect()
    }

    /// Returns a table of the likelihood ratios of the person found as other relatives of the missing child.
    #[cfg(feature = "cli")]
    fn alternatives_table(&self) -> Page {
        let own = ("the missing child", self.explanation.log10_lr);
        let others = Alternative::DESCENDANTS.iter().map(|alternative| alternative.words()).zip(self.alternatives);
        let rows =
            [own].into_iter().chain(others).map(|(words, log10_lr)| [words.to_owned(), format!("{log10_lr:.2}")]);
        let title = "\nThe found person, against unrelated, as\n\n";
        [title.into(), plain_table(["", "log10 LR"], &[1], rows)].into_iter().collect()
    }

    /// Returns the persons who are left out at a position of the panel, because of more than two alleles.
    #[must_use]
    pub fn left_out(&self, position: usize) -> &[&'static str] {
        self.left_out.get(&position).map_or(&[], Vec::as_slice)
    }

    /// Returns whose typings disagree at a locus: `child`, or relations.
    #[must_use]
    pub fn disputed(&self, locus: &Locus) -> Vec<&'static str> {
        let disagree = |of: &&SampleTypings| of.disputed().iter().any(|one| one.0 == *locus);
        self.typings.iter().filter(disagree).map(|of| of.who).collect()
    }

    fn floor(&self, locus: &LocusExplanation) -> String {
        if !self.show_genotypes {
            return locus.locus.to_string();
        }
        let alleles: Vec<String> = locus.unlisted.iter().map(ToString::to_string).collect();
        format!("{} ({})", locus.locus, alleles.join(" and "))
    }

    /// Returns the relatives' genotypes in one field of CSV.
    fn relatives(&self, locus: &LocusExplanation) -> String {
        if self.show_genotypes {
            return locus.relatives.iter().map(|&genotype| text(genotype)).collect::<Vec<_>>().join("  ");
        }
        match (locus.relatives.iter().flatten().count(), locus.relatives.len()) {
            (0, _) => "untyped".to_owned(),
            (all, of) if all == of => "typed".to_owned(),
            (some, of) => format!("{some} of {of} typed"),
        }
    }
}

/// Returns the names of the relatives' columns: short names, or letters.
#[must_use]
pub fn column_names(relations: &[Relation]) -> Vec<String> {
    names(relations.iter().map(|relation| relation.word())).into_iter().map(|name| name.0).collect()
}

/// Returns the names of the relatives' columns, given their relations: short names, with a number if one occurs again; or
/// letters, if the names need too much space. Each name comes with `true` if it is a letter, and with the relation.
fn names<'a>(relations: impl Iterator<Item = &'a str>) -> Vec<(String, bool, &'a str)> {
    /// The space on a screen beside the other columns.
    const ROOM: usize = 34;
    let mut names: Vec<(String, bool, &str)> = Vec::new();
    for word in relations {
        let short = short_relation(word);
        let before = names.iter().filter(|one| one.2 == word).count();
        let name = if before > 0 { format!("{short} {}", before + 1) } else { short };
        names.push((name, false, word));
    }
    if names.iter().map(|one| one.0.len().max(7) + 3).sum::<usize>() > ROOM {
        for ((name, is_letter, _), letter) in names.iter_mut().zip('A'..='Z') {
            (*name, *is_letter) = (letter.to_string(), true);
        }
    }
    names
}

/// Returns the samples that a view names, with as many digits as distinguish them within one family.
#[cfg(feature = "cli")]
fn short(view: View) -> String {
    let digits = |sample: Pseudonym| sample.to_string().chars().take(8).collect::<String>();
    view.samples().map(digits).collect::<Vec<_>>().join(" ")
}

fn case(case: CpiCase) -> String {
    match case {
        CpiCase::Duo(parent) => format!("{parent} alone"),
        CpiCase::BothParents => "both parents questioned".to_owned(),
        CpiCase::Trio { certain } => format!("the {certain} taken for certain"),
        CpiCase::FullSibling => "full sibling alone".to_owned(),
        CpiCase::SecondDegree(relation) => format!("{relation} alone"),
    }
}

/// Returns the words that laboratories use for an index of this size.
fn verdict(total: &CpiTotal) -> &'static str {
    if total.log10 >= libm::log10(SUPPORTS) {
        "10,000 or more: supports the relation"
    } else if total.log10 <= libm::log10(EXCLUDES) {
        "0.0001 or less: speaks against the relation"
    } else {
        "between 0.0001 and 10,000: type more loci, or the other parent"
    }
}

fn note(locus: &LocusExplanation, left_out: &[&str], disputed: &[&str]) -> String {
    let mut notes = Vec::new();
    if !disputed.is_empty() {
        notes.push(format!("left out: typings disagree ({})", disputed.join(", ")));
    }
    if !left_out.is_empty() {
        notes.push(format!("left out: more than two alleles ({})", left_out.join(", ")));
    }
    if let Some(other) = &locus.linked_with {
        notes.push(format!("linked: together with {other}"));
    }
    if locus.is_compatible == Some(false) {
        notes.push(match mutations(&locus.mutations) {
            none if none.is_empty() => "needs a mutation in the family".to_owned(),
            some => format!("needs a mutation: {some}"),
        });
    }
    if locus.is_compared && locus.is_compatible.is_none() {
        notes.push("the relatives themselves need a mutation".to_owned());
    }
    if !locus.unlisted.is_empty() {
        notes.push("floor frequency".to_owned());
    }
    notes.join("; ")
}

/// Returns the required mutations in words, for example `father 2 steps`; empty if nothing is known.
#[must_use]
pub fn mutations(mutations: &[NeededMutation]) -> String {
    let one = |mutation: &NeededMutation| match mutation.steps {
        Some(1) => format!("{} 1 step", mutation.parent),
        Some(steps) => format!("{} {steps} steps", mutation.parent),
        None => format!("{} no whole repeat", mutation.parent),
    };
    mutations.iter().map(one).collect::<Vec<_>>().join(" and ")
}

fn text(genotype: Option<Genotype>) -> String {
    genotype.map_or("-".to_owned(), |genotype| genotype.to_string())
}

fn typed(genotype: Option<Genotype>) -> &'static str {
    if genotype.is_some() { "typed" } else { "untyped" }
}

/// Returns a logarithm for JSON, which has no infinity: null if the likelihood ratio is 0.
fn number(log10: f64) -> Value {
    if log10.is_finite() { log10.into() } else { Value::Null }
}
