//! Rows of lists as values for templates: candidates, pairs that are no longer candidates, and runs.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::render::minute;
use crate::meaning::Class;
use crate::model::{Pseudonym, Sex};
use crate::report::{CandidateRow, LostRow, PairFacts, RunRow};

/// The laboratory's own numbers of samples and families.
pub type OwnNumbers = BTreeMap<Pseudonym, String>;

/// The prior of the posteriors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PagePrior {
    /// The probability that a missing child is in the database.
    pub in_database: f64,
    /// Number of children in the database.
    pub children: u64,
}

/// The settings behind a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageSettings {
    /// The model, in one line.
    pub model: String,
    /// BLAKE3 of the frequency table, in hexadecimal.
    pub frequencies: String,
    /// The population of the table; `None` for the store's own table.
    pub population: Option<String>,
    /// Number of loci of the panel.
    pub panel: usize,
    /// The generation of the ledger.
    pub generation: u64,
}

pub(super) fn candidate(row: &CandidateRow) -> serde_json::Result<Value> {
    let facts = row.facts.as_deref();
    let text = |of: fn(&PairFacts) -> &Option<String>| facts.and_then(|facts| of(facts).as_deref());
    let relatives = facts.map_or(&[][..], |facts| &facts.relatives);
    let meaning = row.meaning.as_ref();
    let mut view = serde_json::to_value(row.views.made_by)?;
    view["view"] = row.views.view.as_str().into();
    Ok(json!({
        "family": row.family,
        "child": row.child,
        "relatives": relatives.iter().map(|relation| relation.word()).collect::<Vec<_>>(),
        "family_agency": text(|facts| &facts.family_agency),
        "family_region": text(|facts| &facts.family_region),
        "child_agency": text(|facts| &facts.child_agency),
        "child_region": text(|facts| &facts.child_region),
        "child_sex": facts.map_or(Sex::Unknown.word(), |facts| facts.child_sex),
        "child_kit": text(|facts| &facts.child_kit),
        "log10_lr": row.log10_lr,
        "view": view,
        "loci_compared": row.loci_compared,
        "incompatible_loci": row.incompatible_loci,
        "class": meaning.map(|meaning| meaning.class),
        "posterior": meaning.map(|meaning| meaning.posterior),
        "expected_chance_hits": meaning.map(|meaning| meaning.expected_chance_hits),
        "margin_child": meaning.map(|meaning| meaning.margin_child),
        "status": row.review.as_ref().map_or("new", |review| review.status.word()),
        "step": row.review.as_ref().and_then(|review| review.step),
        "first_run": row.first_run,
    }))
}

/// Returns candidates as values, at most this number.
pub(super) fn candidates(rows: &[CandidateRow], most: usize) -> serde_json::Result<Vec<Value>> {
    rows.iter().take(most).map(candidate).collect()
}

/// Counts candidates by class, the best class first; without a class if there is none.
pub(super) fn by_class(rows: &[CandidateRow]) -> Vec<Value> {
    let count = |class: &Class| {
        let is_of = |row: &&CandidateRow| row.meaning.as_ref().is_some_and(|meaning| meaning.class == *class);
        json!({ "class": class, "count": rows.iter().filter(is_of).count() })
    };
    Class::ALL.iter().map(count).collect()
}

/// Returns pairs that are no longer candidates, those first whose family was informed, and at most this number of others.
pub(super) fn lost(rows: &[LostRow], most: usize) -> Vec<Value> {
    let (informed, others): (Vec<&LostRow>, Vec<&LostRow>) = rows.iter().partition(|row| row.told.is_some());
    let value = |row: &LostRow| {
        json!({
            "family": row.family, "child": row.child, "log10_lr": row.log10_lr, "first_run": row.first_run,
            "cause": row.cause, "step": row.told,
        })
    };
    informed.into_iter().chain(others.into_iter().take(most)).map(value).collect()
}

pub(super) fn run(run: &RunRow) -> Value {
    json!({
        "number": run.run, "started_at": minute(&run.started_at), "mode": run.mode, "seconds": run.seconds,
        "digest": run.digest, "families": run.families, "children": run.children, "min_log10_lr": run.min_log10_lr,
        "max_per_family": run.max_per_family, "max_chance_hits": run.max_chance_hits, "population": run.population,
        "gained": run.gained, "returned": run.returned, "lost": run.lost,
    })
}

/// Adds the laboratory's own number beside every pseudonym of a family and of a child, or null.
pub(super) fn add_numbers(value: &mut Value, numbers: &OwnNumbers) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| add_numbers(item, numbers)),
        Value::Object(fields) => {
            for (who, number) in [("family", "family_number"), ("child", "child_number")] {
                let pseudonym = fields.get(who).and_then(Value::as_str).and_then(|text| text.parse::<Pseudonym>().ok());
                if let Some(pseudonym) = pseudonym {
                    fields.insert(number.to_owned(), numbers.get(&pseudonym).cloned().into());
                }
            }
            fields.values_mut().for_each(|field| add_numbers(field, numbers));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_whose_family_was_informed_are_always_listed_and_first() {
        let row = |number: u8, told| LostRow {
            family: Pseudonym::from_bytes([number; 16]),
            child: Pseudonym::from_bytes([number + 100; 16]),
            log10_lr: 5.0,
            first_run: 1,
            cause: "data-changed",
            words: "",
            told,
        };
        let rows = [row(1, None), row(2, None), row(3, Some("informed")), row(4, None), row(5, Some("informed"))];
        let listed =
            |most: usize| -> Vec<Value> { lost(&rows, most).into_iter().map(|row| row["family"].clone()).collect() };
        let of = |numbers: &[u8]| -> Vec<Value> {
            numbers.iter().map(|number| json!(Pseudonym::from_bytes([*number; 16]))).collect()
        };
        assert_eq!(listed(0), of(&[3, 5]));
        assert_eq!(listed(2), of(&[3, 5, 1, 2]));
        assert_eq!(listed(9), of(&[3, 5, 1, 2, 4]));
    }

    #[test]
    fn numbers_stand_beside_families_and_children_at_any_depth() {
        let [family, child] = [1, 2].map(|number| Pseudonym::from_bytes([number; 16]));
        let mut value =
            json!({ "rows": [{ "family": family, "inner": { "child": child } }], "family": "no pseudonym" });
        add_numbers(&mut value, &OwnNumbers::from([(family, "F1".to_owned())]));
        assert_eq!(value["rows"][0]["family_number"], "F1");
        assert_eq!(value["rows"][0]["inner"]["child_number"], Value::Null);
        assert!(value.get("family_number").is_none());
    }
}
