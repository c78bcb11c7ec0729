//! The manifest of a run: everything that its results depend on, and how they were found.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use serde_json::json;

use crate::index::Index;
use crate::kinship::Calculator;
use crate::matching::{Criterion, IdentityRule, MatchResult};
use crate::report::{Comparison, Hardly};
use crate::screen::Instructions;

use super::folder::Store;

/// Everything that the results depend on, and how they were found.
pub(super) fn manifest(
    store: &Store,
    calculator: &Calculator,
    criterion: Criterion,
    (result, comparison): (&MatchResult, &Comparison),
    index: &Index,
) -> serde_json::Value {
    let listed = |list: &Option<Vec<Hardly>>| list.as_ref().map_or(0, Vec::len);
    let unlisted: BTreeSet<&str> =
        index.unlisted().iter().map(|unlisted| index.loci()[unlisted.locus].0.name()).collect();
    json!({
        "program": concat!("reunite ", env!("CARGO_PKG_VERSION")),
        "model": calculator.settings_line(),
        "frequencies": HEXLOWER.encode(&store.table().digest()),
        "loci": store.table().panel().loci(),
        "criterion": criterion,
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
    })
}
