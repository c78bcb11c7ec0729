//! Writes the list of candidates.

use serde::Serialize;

use crate::kinship::Bounds;
use crate::matching::{Alternative, Identity};
use crate::meaning::Meaning;
use crate::model::{Locus, Pseudonym, Relation};

use super::comparable::Comparison;
use super::csv_text::CsvText;
use super::frequencies::TableUsed;
use super::meaning::{self, PairFacts};
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
use super::review::ReviewState;
use super::views::ViewsRow;
#[cfg(feature = "cli")]
use super::words::{more_rows, probability, ratio};

/// The run that candidates come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RunSummary {
    /// `full` or `delta`.
    pub mode: String,
    /// The ledger's generation that was matched.
    pub generation: u64,
    /// Number of families matched.
    pub families: u64,
    /// Number of children matched.
    pub children: u64,
    /// Number of families times number of children.
    pub pairs: u64,
    /// Wall time of matching, from opening the index to the ranked list.
    pub seconds: f64,
    /// BLAKE3 of the canonical result set, in hexadecimal.
    pub digest: String,
    /// Pairs that were not comparable.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// The frequency table.
    #[serde(flatten)]
    pub table: TableUsed,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CandidateRow {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// log10 of the likelihood ratio, in the view that made it a candidate.
    pub log10_lr: f64,
    /// Number of loci at which the child and at least one relative are typed.
    pub loci_compared: u32,
    /// Number of loci at which a mutation is required.
    pub incompatible_loci: u32,
    /// `true` if fewer loci were compared than a pair should have in common.
    pub few_loci: bool,
    /// Number of the run that first found the pair; a later one, if an import changed the pair and it was found again, or
    /// if it was lost and came back with another log10 LR.
    pub first_run: i64,
    /// `true` if that is the last run.
    pub new: bool,
    /// The causes for which the family is marked, if its relatives are inconsistent.
    pub family_marks: Vec<String>,
    /// The relative who has the child's own profile, if the pair is an identity and not a candidate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_person: Option<Box<SamePerson>>,
    /// The results in all views.
    #[serde(flatten)]
    pub views: ViewsRow,
    /// The likelihood ratios of the person found as another relative of the missing child, if requested; `None` if the
    /// profiles have changed since the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternatives: Option<AlternativesRow>,
    /// What is known about the two sides, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<PairFacts>>,
    /// What the likelihood ratio means in this database, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<Box<Meaning>>,
    /// The state of the pair's review; `None` if nobody has reviewed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Box<ReviewState>>,
    /// The laboratory's own number of the family, if a list of numbers has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_number: Option<String>,
    /// The laboratory's own number of the child, if a list of numbers has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child_number: Option<String>,
    /// Probability that the child is the family's missing child, given that a child fills one place in the whole
    /// database, if requested; the bounds are equal if it is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned: Option<Bounds>,
}

/// log10 LR of the person found as a relative of the missing child, against "unrelated", in the view that made the
/// candidate; null in JSON if the relation is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AlternativesRow {
    /// As the missing child's own child.
    pub log10_lr_own_child: Option<f64>,
    /// As its full sibling.
    pub log10_lr_full_sibling: Option<f64>,
    /// As its nephew or niece.
    pub log10_lr_nephew: Option<f64>,
}

impl From<[f64; Alternative::DESCENDANTS.len()]> for AlternativesRow {
    fn from(log10_lrs: [f64; Alternative::DESCENDANTS.len()]) -> Self {
        let [log10_lr_own_child, log10_lr_full_sibling, log10_lr_nephew] =
            log10_lrs.map(|log10_lr| Some(log10_lr).filter(|log10_lr| log10_lr.is_finite()));
        Self { log10_lr_own_child, log10_lr_full_sibling, log10_lr_nephew }
    }
}

/// A relative and a child with one profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SamePerson {
    /// The relative's sample.
    pub sample: Pseudonym,
    /// The relative's relation to the family's missing child; `None` if the relative no longer belongs to the family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// The comparison of the two profiles; `None` if the profiles or the settings have changed since the run.
    #[serde(flatten)]
    pub identity: Option<Identity>,
}

/// Candidates of a run, best first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CandidateReport {
    /// [`super::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The run.
    pub run: RunSummary,
    /// The prior of the posteriors, in words, if they were requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior: Option<String>,
    /// Samples that were not compared, because the terms on which they are kept do not allow it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<Pseudonym>,
    /// The candidates, best first.
    pub candidates: Vec<CandidateRow>,
    /// Pairs that reach the threshold because the child has the profile of one of the family's relatives: one person
    /// under two numbers, or identical twins. Best first.
    pub identities: Vec<CandidateRow>,
}

impl CandidateReport {
    /// Returns the report without the candidates and identities that are not new.
    #[must_use]
    pub fn only_new(&self) -> Self {
        let new = |rows: &[CandidateRow]| rows.iter().filter(|row| row.new).cloned().collect();
        Self {
            schema_version: self.schema_version,
            run: self.run.clone(),
            prior: self.prior.clone(),
            left_out: self.left_out.clone(),
            candidates: new(&self.candidates),
            identities: new(&self.identities),
        }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// CSV with a header:
    /// `family,child,log10_lr,loci_compared,incompatible_loci,few_loci,first_run,new,family_marks,same_person,view,log10_doubt,
    /// log10_lr_stated,log10_lr_mixed,contradicting_loci,log10_lr_own_child,log10_lr_full_sibling,log10_lr_nephew`, then what
    /// is known about the two sides and what the number means; these and the three before are empty unless asked for;
    /// `same_person` names the relative's sample of an identity, and an
    /// empty `log10_lr_stated` says that the child is impossible as the papers state it. Identities come after all candidates.
    #[must_use]
    pub fn csv(&self) -> String {
        let own = [
            "family",
            "child",
            "log10_lr",
            "loci_compared",
            "incompatible_loci",
            "few_loci",
            "first_run",
            "new",
            "family_marks",
            "same_person",
            "view",
            "log10_doubt",
            "log10_lr_stated",
            "log10_lr_mixed",
            "contradicting_loci",
            "log10_lr_own_child",
            "log10_lr_full_sibling",
            "log10_lr_nephew",
        ];
        let mut csv = CsvText::with_header(own.into_iter().chain(meaning::COLUMNS).chain(AFTER));
        for row in self.candidates.iter().chain(&self.identities) {
            csv.field(row.family).field(row.child).field(row.log10_lr);
            csv.field(row.loci_compared).field(row.incompatible_loci).field(row.few_loci);
            csv.field(row.first_run).field(row.new).field(row.family_marks.join(" "));
            csv.optional(row.same_person.as_ref().map(|same| same.sample));
            let ViewsRow { view, log10_doubt, log10_lr_stated, log10_lr_mixed, contradicting_loci, .. } = &row.views;
            csv.field(view).field(log10_doubt).optional(*log10_lr_stated).optional(*log10_lr_mixed);
            let loci: Vec<&str> = contradicting_loci.iter().map(Locus::name).collect();
            csv.field(loci.join(" "));
            let of = |value: fn(&AlternativesRow) -> Option<f64>| row.alternatives.as_ref().and_then(value);
            csv.optional(of(|all| all.log10_lr_own_child)).optional(of(|all| all.log10_lr_full_sibling));
            csv.optional(of(|all| all.log10_lr_nephew));
            meaning::fields(&mut csv, row.facts.as_deref(), row.meaning.as_deref());
            csv.optional(row.assigned.map(|assigned| assigned.lower));
            csv.optional(row.assigned.map(|assigned| assigned.upper));
            csv.optional(row.review.as_ref().map(|review| review.status.word()));
            csv.optional(row.review.as_ref().map(|review| changed(review).join(" ")));
            csv.optional(row.family_number.as_deref()).optional(row.child_number.as_deref());
            csv.optional(row.meaning.as_ref().and(self.prior.as_deref()));
            csv.end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a table for people of the first `limit` candidates, and a table of the identities.
    #[must_use]
    pub fn table(&self, limit: usize) -> Page {
        if self.identities.is_empty() {
            return self.candidates_table(limit);
        }
        let mut page = Page::default();
        if !self.candidates.is_empty() {
            page += self.candidates_table(limit);
            page += "\n";
        }
        page += self.identities_table(limit);
        page
    }

    #[cfg(feature = "cli")]
    /// Returns the candidates with what they mean, a few lines for each, in 80 columns, and a table of the identities.
    #[must_use]
    pub fn cards(&self) -> Page {
        let mut page = Page::default();
        for (number, row) in self.candidates.iter().enumerate() {
            let since = match &row.review {
                Some(review) => review.status.word().to_owned(),
                None if row.new => "new".to_owned(),
                None => format!("since run {}", row.first_run),
            };
            let class = row.meaning.as_ref().map_or("not weighed", |meaning| meaning.class.word());
            let incompatible = format!("{} incompatible", row.incompatible_loci);
            let loci = format!("{} loci, {incompatible}", row.loci_compared);
            let lr = format!("LR {} (10^{:.2})", ratio(row.log10_lr), row.log10_lr);
            page += format!("{:>3}  {class:<9}  {lr:<20}  {loci}, {since}\n", number + 1);
            let facts = row.facts.as_deref();
            let relatives = facts.map_or(String::new(), |facts| meaning::relatives(&facts.relatives));
            page += indented(&format!("family {}  {relatives}", row.family));
            page += format!("     child  {}  {}\n", row.child, facts.map_or("", |facts| facts.child_sex));
            let numbers = [("family", &row.family_number), ("child", &row.child_number)];
            let numbers: Vec<String> =
                numbers.into_iter().filter_map(|(who, number)| Some(format!("{who} {}", number.as_ref()?))).collect();
            if !numbers.is_empty() {
                page += indented(&format!("numbers: {}", numbers.join(", ")));
            }
            if let Some(review) = row.review.as_ref().filter(|review| !review.changed.is_empty()) {
                page += indented(&format!("changed since it was reviewed: {}", changed(review).join(", ")));
            }
            for conflict in row.review.iter().flat_map(|review| &review.conflicts) {
                page += indented(&format!("conflict: {}", conflict.words()));
            }
            let mut lines: Vec<String> = facts.map_or_else(Vec::new, meaning::origin);
            lines.extend(row.meaning.as_deref().map_or_else(Vec::new, meaning::lines));
            if let Some(assigned) = row.assigned {
                let (lower, upper) = (probability(assigned.lower), probability(assigned.upper));
                let range = if lower == upper { lower } else { format!("between {lower} and {upper}") };
                lines.push(format!("as a child fills one place in the whole database: {range}"));
            }
            let remarks = remarks(row);
            lines.extend(Some(remarks).filter(|remarks| !remarks.is_empty()));
            for line in lines {
                page += indented(&line);
            }
        }
        if let Some(prior) = &self.prior {
            page += format!("prior: {prior}\n");
        }
        if let Some(remark) = self.run.table.remark() {
            page += format!("{remark}\n");
        }
        if !self.identities.is_empty() {
            page += "\n";
            page += self.identities_table(usize::MAX);
        }
        page
    }

    #[cfg(feature = "cli")]
    fn identities_table(&self, limit: usize) -> Page {
        let rows = self.identities.iter().take(limit).filter_map(|row| {
            let same = row.same_person.as_ref()?;
            let say = |what: &dyn Fn(&Identity) -> String| same.identity.as_ref().map_or(String::new(), what);
            Some([
                row.family.to_string(),
                row.child.to_string(),
                format!("{} {}", same.relation.map_or("", Relation::word), same.sample),
                say(&|identity| identity.likeness.loci_compared.to_string()),
                say(&|identity| identity.likeness.differing_alleles.to_string()),
                say(&|identity| format!("{:.2}", identity.log10_lr)),
                say(&|identity| format!("{:.2}", identity.log10_lr_over_siblings)),
                format!("{:.2}", row.log10_lr),
            ])
        });
        let header = [
            "family",
            "child",
            "has the profile of",
            "loci",
            "differing",
            "log10 LR",
            "over siblings",
            "as missing child",
        ];
        let title = "Not candidates: one person under two numbers, or identical twins\n\n";
        let identities = plain_table(header, &[3, 4, 5, 6, 7], rows);
        [title.into(), identities, more_rows(self.identities.len(), limit).into()].into_iter().collect()
    }

    #[cfg(feature = "cli")]
    fn candidates_table(&self, limit: usize) -> Page {
        let rows = self.candidates.iter().take(limit).enumerate().map(|(i, row)| {
            [
                (i + 1).to_string(),
                row.family.to_string(),
                row.child.to_string(),
                format!("{:.2}", row.log10_lr),
                ratio(row.log10_lr),
                row.loci_compared.to_string(),
                row.incompatible_loci.to_string(),
                if row.new { "new".to_owned() } else { format!("run {}", row.first_run) },
                remarks(row),
            ]
        });
        let header = ["#", "family", "child", "log10 LR", "LR", "loci", "incompatible", "since", ""];
        let table = plain_table(header, &[0, 3, 4, 5, 6], rows);
        let remark = self.run.table.remark().map_or(String::new(), |remark| format!("\n{remark}\n"));
        [table, more_rows(self.candidates.len(), limit).into(), remark.into()].into_iter().collect()
    }
}

/// The last columns of the CSV.
const AFTER: [&str; 7] =
    ["assigned_lower", "assigned_upper", "review", "review_changed", "family_number", "child_number", "prior"];

/// Returns the parts of a review's basis that have changed since.
fn changed(review: &ReviewState) -> Vec<&'static str> {
    review.changed.iter().map(|part| part.word()).collect()
}

/// Breaks a line about a candidate, and indents it.
#[cfg(feature = "cli")]
fn indented(line: &str) -> String {
    format!("     {line}\n")
}

/// Returns the remarks on a candidate that a reader should see beside its numbers.
fn remarks(row: &CandidateRow) -> String {
    let mut remarks: Vec<String> = row.views.remark().into_iter().collect();
    if let Some(AlternativesRow { log10_lr_own_child, log10_lr_full_sibling, log10_lr_nephew }) = row.alternatives {
        let of = |log10_lr: Option<f64>| log10_lr.map_or("impossible".to_owned(), |log10_lr| format!("{log10_lr:.2}"));
        let [child, sibling, nephew] = [log10_lr_own_child, log10_lr_full_sibling, log10_lr_nephew].map(of);
        remarks.push(format!("as its own child {child}, sibling {sibling}, nephew {nephew}"));
    }
    if row.few_loci {
        remarks.push("few loci".to_owned());
    }
    if !row.family_marks.is_empty() {
        remarks.push(format!("family: {}", row.family_marks.join(", ")));
    }
    remarks.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Likeness;
    use crate::model::Candidate;
    use crate::report::SCHEMA_VERSION;

    #[test]
    fn the_json_form_has_the_promised_fields() {
        let pseudonym = Pseudonym::from_bytes([1; 16]);
        let row = CandidateRow {
            family: pseudonym,
            child: pseudonym,
            log10_lr: 7.25,
            loci_compared: 20,
            incompatible_loci: 1,
            few_loci: true,
            first_run: 1,
            new: true,
            family_marks: Vec::new(),
            same_person: None,
            views: ViewsRow::of(&Candidate {
                family: pseudonym,
                child: pseudonym,
                log10_lr: 7.25,
                loci_compared: 20,
                incompatible_loci: 1,
                same_as: None,
                views: None,
            }),
            alternatives: None,
            facts: None,
            meaning: None,
            assigned: None,
            review: None,
            family_number: None,
            child_number: None,
        };
        let same_person = SamePerson {
            sample: Pseudonym::from_bytes([2; 16]),
            relation: Some(Relation::FullSibling),
            identity: Some(Identity {
                likeness: Likeness { loci_compared: 21, differing_alleles: 1 },
                log10_lr: 22.5,
                log10_lr_over_siblings: 9.25,
            }),
        };
        let identity = CandidateRow { same_person: Some(Box::new(same_person)), ..row.clone() };
        let run = RunSummary {
            mode: "full".into(),
            generation: 2,
            families: 1,
            children: 1,
            pairs: 1,
            seconds: 0.5,
            digest: "00".into(),
            comparison: Comparison { min_loci: Some(10), pairs_not_comparable: Some(3), ..Comparison::default() },
            table: TableUsed { population: Some("Hui".into()), sums_off: Vec::new() },
        };
        let report = CandidateReport {
            schema_version: SCHEMA_VERSION,
            run,
            left_out: vec![],
            prior: None,
            candidates: vec![row],
            identities: vec![identity],
        };
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!(json["schema_version"], 1);
        for field in ["mode", "generation", "families", "children", "pairs", "seconds", "digest"] {
            assert!(!json["run"][field].is_null(), "{field}");
        }
        for field in ["family", "child", "log10_lr", "loci_compared", "incompatible_loci"] {
            assert!(!json["candidates"][0][field].is_null(), "{field}");
        }
        assert_eq!(json["run"]["pairs_not_comparable"], 3);
        assert!(json["run"]["families_hardly_comparable"].is_null());
        assert!(report.table(1).contains("few loci"));
        assert_eq!(json["run"]["population"], "Hui");
        assert!(report.table(1).contains("\nWith the frequency table of the population Hui\n"));
        let same = &json["identities"][0]["same_person"];
        assert_eq!((&same["relation"], &same["differing_alleles"]), (&"full-sibling".into(), &1.into()));
        assert!(json["candidates"][0]["same_person"].is_null());
        assert!(
            report
                .csv()
                .contains(",7.25,20,1,true,1,true,,,as stated,0,7.25,7.25,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n")
        );
        assert!(report.csv().ends_with(
            ",02020202020202020202020202020202,as stated,0,7.25,7.25,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n"
        ));
        assert!(report.table(1).contains("full-sibling 0202"));
        assert!(report.table(0).contains("... and 1 more"));
    }
}
