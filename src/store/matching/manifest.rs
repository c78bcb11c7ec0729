//! Writes and reads the manifest of a run: everything that its results depend on, and how they were found.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::index::Index;
use crate::kinship::Calculator;
use crate::matching::{Criterion, IdentityRule, MatchResult};
use crate::report::{Comparison, Hardly, TableUsed};
use crate::screen::Instructions;

use crate::store::error::StoreError;
use crate::store::folder::Store;

/// Writes the manifest of a run.
pub(in crate::store) fn manifest(
    store: &Store,
    calculator: &Calculator,
    criterion: Criterion,
    (result, comparison): (&MatchResult, &Comparison),
    index: &Index,
) -> Result<Value, StoreError> {
    let listed = |list: &Option<Vec<Hardly>>| list.as_ref().map_or(0, Vec::len);
    let unlisted: BTreeSet<&str> =
        index.unlisted().iter().map(|unlisted| index.loci()[unlisted.locus].0.name()).collect();
    let mut manifest = json!({
        "program": concat!("reunite ", env!("CARGO_PKG_VERSION")),
        "model": calculator.settings_line(),
        "frequencies": HEXLOWER.encode(&store.table().digest()),
        "loci": store.table().panel().loci(),
        "criterion": criterion,
        "settings": store.named_settings()?,
        "completeness": "the candidates are exactly those of scoring every pair",
        "identity": IdentityRule::default(),
        "families_screened": result.families_screened,
        "families_weighed": result.families_weighed,
        "families_out_of_reach": result.families_out_of_reach,
        "survivors": result.survivors,
        "min_loci": comparison.min_loci,
        "pairs_not_comparable": comparison.pairs_not_comparable,
        "families_hardly_comparable": listed(&comparison.families_hardly_comparable),
        "children_hardly_comparable": listed(&comparison.children_hardly_comparable),
        "children_with_own_drop_out": index.drop_outs().len(),
        "children_with_unlisted_alleles": index.unlisted().chunk_by(|a, b| a.child == b.child).count(),
        "loci_with_unlisted_alleles": unlisted,
        "instructions": Instructions::detect().name(),
        "refused": result.refused,
        "unscorable": result.unscorable,
    });
    let used = serde_json::to_value(TableUsed::new(store.table(), store.population()));
    if let (Some(manifest), Ok(Value::Object(used))) = (manifest.as_object_mut(), used) {
        manifest.extend(used);
    }
    Ok(manifest)
}

/// Reads the frequency table from a manifest: its digest and description. Manifests of older runs have none.
pub(in crate::store) fn table_used(manifest: &str) -> (Option<String>, TableUsed) {
    let manifest: Value = serde_json::from_str(manifest).unwrap_or_default();
    let digest = manifest["frequencies"].as_str().map(str::to_owned);
    (digest, serde_json::from_value(manifest).unwrap_or_default())
}

/// Reads the model, in one line, and the number of loci from a manifest.
pub(in crate::store) fn model_used(manifest: &str) -> (Option<String>, Option<usize>) {
    let manifest: Value = serde_json::from_str(manifest).unwrap_or_default();
    (manifest["model"].as_str().map(str::to_owned), manifest["loci"].as_array().map(Vec::len))
}

/// Returns the criterion of a run's candidates; `None` for runs of versions without views.
pub(in crate::store) fn criterion_used(manifest: &str) -> Option<Criterion> {
    let manifest: Value = serde_json::from_str(manifest).ok()?;
    serde_json::from_value(manifest.get("criterion")?.clone()).ok()
}
