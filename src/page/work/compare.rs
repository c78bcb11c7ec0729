//! Candidates of one child or of one family, side by side.

use serde_json::{Value, json};

use super::super::answer::{Answer, Fault};
use super::super::app::App;
use super::super::visit::Visit;
use super::asked::{after, word, written};
use super::{candidate, frame};
use crate::pages::{Screen, candidate_rows};
use crate::report::{CandidateRow, FactsPair};
use crate::store::{LocusRatio, PairDetails, Shared, SideBySide, SideBySideQuery, StoreError};

/// The most others beside a pair: more do not fit on a screen.
const MOST: u32 = 3;

/// Shows a candidate beside others of its child or of its family, without genotypes.
pub(in crate::page) fn show(app: &App, visit: &mut Visit) -> Result<Answer, Fault> {
    let (family, child) = candidate::pair(visit)?;
    let of = word(visit, "of", &["child", "family"])?;
    let shared = if of == "child" { Shared::Child } else { Shared::Family };
    let query = SideBySideQuery { family, child, shared, after: after(visit)?, most: MOST };
    let entry = app.entry("serve compare", Some(&visit.who()?.staff)).with("shared", of);
    let address = |of: &str| format!("/candidates/{family}/{child}/compare?of={of}");
    let mut context = match app.store()?.side_by_side(&query, &entry) {
        Err(StoreError::NeverMatched) => json!({ "columns": [], "loci": [], "is_candidate": false, "others": 0 }),
        Err(error) => return Err(error.into()),
        Ok(beside) => json!({
            "columns": columns(&beside)?,
            "loci": loci(&beside.details),
            "is_candidate": beside.is_candidate,
            "others": beside.others,
            "outdated": beside.outdated,
            "first": query.after.map(|_| address(of)),
            "next": beside.next.map(|place| format!("{}&after={}", address(of), written(&place))),
        }),
    };
    (context["family"], context["child"], context["of"]) = (json!(family), json!(child), of.into());
    Ok(Answer::Html(Screen::Compare.html(visit.language, &frame::plain(app, visit, None), &context)?))
}

/// Returns the candidates, each with what its row in a list lacks.
fn columns(beside: &SideBySide) -> Result<Value, Fault> {
    let mut columns = candidate_rows(&beside.report.candidates)?;
    let rows = beside.report.candidates.iter().zip(&beside.details);
    for (column, (row, details)) in columns.as_array_mut().into_iter().flatten().zip(rows) {
        column["is_new"] = row.new.into();
        column["facts"] = details.facts.as_ref().map(facts).into();
        column["review"] = review(row);
        column["meaning"] = row
            .meaning
            .as_ref()
            .map(|meaning| {
                json!({
                    "log10_lr_min": meaning.log10_lr_min, "with": meaning.log10_lr_min_with,
                    "is_bounded": meaning.chance_hits_bounded,
                    "lacks": meaning.lacks.iter().map(|lack| lack.word()).collect::<Vec<_>>(),
                })
            })
            .into();
    }
    Ok(columns)
}

fn facts(pair: &FactsPair) -> Value {
    let fact =
        |one: &crate::report::ComparedFact| json!({ "fact": one.fact, "verdict": one.verdict, "reason": one.reason });
    pair.facts.iter().map(fact).collect()
}

/// Returns the state of a review as everybody may see it.
fn review(row: &CandidateRow) -> Value {
    let Some(review) = &row.review else { return Value::Null };
    json!({
        "decided_by": review.decided_by, "changed": review.changed, "rechecks": review.rechecks, "next": review.next,
        "conflicts": review.conflicts.iter().map(|one| one.conflict).collect::<Vec<_>>(),
    })
}

/// Returns the loci at which one of the pairs has a value, each with a cell for every pair.
fn loci(details: &[PairDetails]) -> Vec<Value> {
    let of_pairs: Vec<&[LocusRatio]> = details.iter().map(|one| one.loci.as_deref().unwrap_or_default()).collect();
    let longest = of_pairs.iter().max_by_key(|loci| loci.len()).copied().unwrap_or_default();
    let row = |at: usize, locus: &LocusRatio| {
        let cell = |loci: &&[LocusRatio]| {
            let one = loci.get(at);
            // An impossible pair has no finite number.
            let log10_lr = one.and_then(|one| one.log10_lr);
            json!({
                "counts": log10_lr.is_some(), "log10_lr": log10_lr.filter(|log10_lr| log10_lr.is_finite()),
                "is_incompatible": one.is_some_and(|one| one.is_incompatible),
            })
        };
        json!({ "locus": locus.locus, "cells": of_pairs.iter().map(cell).collect::<Vec<_>>() })
    };
    let rows = longest.iter().enumerate().map(|(at, locus)| row(at, locus));
    rows.filter(|row| row["cells"].as_array().into_iter().flatten().any(|cell| cell["counts"] == true)).collect()
}
