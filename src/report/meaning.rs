//! Writes what candidates mean, as columns and as lines for people.

use serde::Serialize;
use serde_json::{Value, json};

#[cfg(feature = "cli")]
use crate::meaning::Margin;
use crate::meaning::{Lack, Meaning, Prior, Settling};
use crate::model::Relation;

use super::csv_text::CsvText;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
use super::words::count;
#[cfg(feature = "cli")]
use super::words::{number, probability, ratio};

/// Facts about the two sides of a candidate, as they were imported.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PairFacts {
    /// Relations of the family's relatives.
    pub relatives: Vec<Relation>,
    /// The agency of the family's first relative that has one.
    pub family_agency: Option<String>,
    /// The region of the family's first relative that has one.
    pub family_region: Option<String>,
    /// The kits of the family's relatives, each once.
    pub family_kits: Vec<String>,
    /// The word for the child's sex.
    pub child_sex: &'static str,
    /// The child's agency.
    pub child_agency: Option<String>,
    /// The child's region.
    pub child_region: Option<String>,
    /// The child's kit.
    pub child_kit: Option<String>,
}

/// Returns a prior in words, for a database of this many children.
#[must_use]
pub fn prior_in_words(prior: Prior, children: u64) -> String {
    let in_database = prior.in_database();
    let each = match children {
        0 => "no child".to_owned(),
        1 => format!("the one child with {in_database}"),
        many => format!("each of {} children with {:.3e}", count(many), in_database / many as f64),
    };
    let prior = if in_database < 1e-4 { format!("{in_database:e}") } else { in_database.to_string() };
    format!("the missing child is in the database with probability {prior}, {each}")
}

/// What a pair means, and what typing the child with further kits would settle.
#[derive(Clone, Debug, PartialEq)]
pub struct SettledBy {
    /// The meaning.
    pub meaning: Meaning,
    /// The prior, in words.
    pub prior: String,
    /// Kits with loci at which the child is untyped and a relative is typed.
    pub kits: Vec<(String, Settling)>,
}

impl SettledBy {
    /// Returns the kits as JSON.
    #[must_use]
    pub fn kits_json(&self) -> Vec<Value> {
        let kit = |(kit, settling): &(String, Settling)| json!({ "kit": kit, "further_loci": settling.further_loci, "probability": settling.probability });
        self.kits.iter().map(kit).collect()
    }

    /// Returns the paragraph for people.
    #[cfg(feature = "cli")]
    pub(super) fn text(&self) -> Page {
        let mut page = Page::from(format!("\nWhat it means: {}\n\n", self.meaning.class.word()));
        for line in lines(&self.meaning) {
            page += line + "\n";
        }
        page += format!("prior: {}\n", self.prior);
        if !self.kits.is_empty() {
            let rows = self.kits.iter().map(|(kit, settling)| {
                [kit.clone(), settling.further_loci.to_string(), probability(settling.probability)]
            });
            let header = ["kit", "further loci", "posterior 0.999 if it is the child"];
            page += "\nTyping the child with one more kit\n\n";
            page += plain_table(header, &[1, 2], rows);
        }
        page
    }
}

/// The columns of [`PairFacts`] and [`Meaning`] in CSV.
pub(super) const COLUMNS: [&str; 25] = [
    "relatives",
    "family_agency",
    "family_region",
    "family_kits",
    "child_sex",
    "child_agency",
    "child_region",
    "child_kit",
    "class",
    "lacks",
    "posterior",
    "expected_chance_hits",
    "chance_hits_bounded",
    "observed_at_least",
    "expected_cousin_hits",
    "expected_half_sibling_hits",
    "rival",
    "log10_lr_rival",
    "margin_child",
    "margin_child_at_least",
    "margin_family",
    "margin_family_at_least",
    "log10_lr_min",
    "log10_lr_min_with",
    "further_loci",
];

/// Adds the fields of [`COLUMNS`] to a row; they are empty for what was not computed.
pub(super) fn fields(csv: &mut CsvText, facts: Option<&PairFacts>, meaning: Option<&Meaning>) {
    let words = |relatives: &[Relation]| relatives.iter().map(|one| one.word()).collect::<Vec<_>>().join(" ");
    csv.optional(facts.map(|facts| words(&facts.relatives)));
    csv.optional(facts.and_then(|facts| facts.family_agency.as_deref()));
    csv.optional(facts.and_then(|facts| facts.family_region.as_deref()));
    csv.optional(facts.map(|facts| facts.family_kits.join("; ")));
    csv.optional(facts.map(|facts| facts.child_sex));
    csv.optional(facts.and_then(|facts| facts.child_agency.as_deref()));
    csv.optional(facts.and_then(|facts| facts.child_region.as_deref()));
    csv.optional(facts.and_then(|facts| facts.child_kit.as_deref()));
    csv.optional(meaning.map(|one| one.class.word()));
    csv.optional(meaning.map(|one| one.lacks.iter().map(|lack| Lack::word(*lack)).collect::<Vec<_>>().join(" ")));
    csv.optional(meaning.map(|one| one.posterior));
    csv.optional(meaning.map(|one| one.expected_chance_hits));
    csv.optional(meaning.map(|one| one.chance_hits_bounded));
    csv.optional(meaning.map(|one| one.observed_at_least));
    csv.optional(meaning.map(|one| one.expected_cousin_hits));
    csv.optional(meaning.map(|one| one.expected_half_sibling_hits));
    let rival = meaning.and_then(|one| one.rivals.first());
    csv.optional(rival.map(|rival| rival.rival.word())).optional(rival.and_then(|rival| rival.log10_lr));
    csv.optional(meaning.map(|one| one.margin_child.log10)).optional(meaning.map(|one| one.margin_child.at_least));
    csv.optional(meaning.map(|one| one.margin_family.log10)).optional(meaning.map(|one| one.margin_family.at_least));
    csv.optional(meaning.map(|one| one.log10_lr_min));
    csv.optional(meaning.map(|one| one.log10_lr_min_with.as_str()));
    csv.optional(meaning.and_then(|one| one.further_loci));
}

/// Returns the relations of relatives for people: "father, mother, 2 full-siblings".
#[cfg(feature = "cli")]
pub(super) fn relatives(relations: &[Relation]) -> String {
    let counted = relations.chunk_by(|a, b| a == b).map(|alike| match alike.len() {
        1 => alike[0].word().to_owned(),
        many => format!("{many} x {}", alike[0].word()),
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// Returns a line with agencies, regions and kits, if there are any.
#[cfg(feature = "cli")]
pub(super) fn origin(facts: &PairFacts) -> Vec<String> {
    let list = |parts: [Option<&str>; 3]| parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let kits = Some(facts.family_kits.join(" and ")).filter(|kits| !kits.is_empty());
    let family = list([facts.family_agency.as_deref(), facts.family_region.as_deref(), kits.as_deref()]);
    let child = list([facts.child_agency.as_deref(), facts.child_region.as_deref(), facts.child_kit.as_deref()]);
    let side = |who: &str, what: &str| (!what.is_empty()).then(|| format!("{who}: {what}"));
    let sides: Vec<String> = [side("family", &family), side("child", &child)].into_iter().flatten().collect();
    if sides.is_empty() { Vec::new() } else { vec![sides.join("; ")] }
}

/// Returns the lines that say what a candidate means, without indentation.
#[cfg(feature = "cli")]
pub(super) fn lines(meaning: &Meaning) -> Vec<String> {
    let mut lines = Vec::new();
    let bounded = if meaning.chance_hits_bounded { "at most " } else { "" };
    lines.push(format!(
        "posterior {}; by chance {bounded}{} expected at this LR, {} seen",
        probability(meaning.posterior),
        number(meaning.expected_chance_hits),
        meaning.observed_at_least
    ));
    let reached = |p: f64| if p == 0.0 { "under 1e-12".to_owned() } else { probability(p) };
    lines.push(format!(
        "reached by a cousin with {}, by a half-sibling with {}",
        reached(meaning.expected_cousin_hits),
        reached(meaning.expected_half_sibling_hits)
    ));
    if let Some(rival) = meaning.rivals.first() {
        let by = match rival.log10_lr {
            Some(log10_lr) if log10_lr.abs() < 1e-9 => "fits exactly as well".to_owned(),
            Some(log10_lr) if log10_lr.abs() < 0.02 => "fits as well".to_owned(),
            Some(log10_lr) if log10_lr < 0.0 => format!("fits {} times better", ratio(-log10_lr)),
            Some(log10_lr) => format!("fits {} times worse", ratio(log10_lr)),
            None => "is impossible".to_owned(),
        };
        lines.push(format!("{} {by}", rival.rival.words()));
    }
    let next = |of: &Margin, what: &str| match (of.at_least, of.log10) {
        (true, _) => format!("no other {what}"),
        (false, log10) if log10.abs() < 0.02 => format!("another {what} fits as well"),
        (false, log10) if log10 < 0.0 => format!("another {what} fits {} times better", ratio(-log10)),
        (false, log10) => format!("the next {what} fits {} times worse", ratio(log10)),
    };
    lines.push(format!("{}; {}", next(&meaning.margin_child, "child"), next(&meaning.margin_family, "family")));
    if !meaning.rivals_not_computed.is_empty() {
        let names: Vec<&str> = meaning.rivals_not_computed.iter().map(|rival| rival.word()).collect();
        lines.push(format!("too large to compute with these relatives: the child as {}", names.join(", ")));
    }
    if !meaning.lacks.is_empty() {
        let lacks: Vec<&str> = meaning.lacks.iter().map(|lack| lack.words()).collect();
        let remedy = match meaning.further_loci {
            Some(0) => String::new(),
            Some(1) => "; about 1 more locus would tell".to_owned(),
            Some(loci @ ..=200) => format!("; about {loci} more loci would tell"),
            Some(_) => "; more loci hardly help".to_owned(),
            None => "; more loci cannot tell: look at the other pair, or sample another relative".to_owned(),
        };
        lines.push(format!("lacks: {}{remedy}", lacks.join(", ")));
    }
    lines
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn a_prior_is_said_in_words() {
        assert_eq!(
            prior_in_words(Prior::default(), 1_234_567),
            "the missing child is in the database with probability 0.5, each of 1,234,567 children with 4.050e-7"
        );
        let tiny = prior_in_words(Prior::try_from(1e-300).unwrap(), 2);
        assert!(tiny.contains("probability 1e-300, each of 2 children"), "{tiny}");
    }
}
