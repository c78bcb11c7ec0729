//! Describes pairs that nearly are candidates, and what they lack.

use rayon::prelude::*;

use crate::kinship::Calculator;
use crate::ledger::Ledger;
use crate::matching::{Criterion, explain, views};
use crate::model::Candidate;
use crate::report::{AgainstRow, NearRow, mutations};

use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::pages::people::People;

/// Describes what separates pairs from being candidates, best first.
pub(in crate::store) fn rows(
    store: &Store,
    ledger: &Ledger,
    calculator: &Calculator,
    criterion: &Criterion,
    near: &[Candidate],
) -> Result<Vec<NearRow>, StoreError> {
    let panel = store.table().panel();
    let people = People::read(ledger, panel, near.iter().map(|pair| (pair.family, pair.child)))?;
    let row = |pair: &Candidate| {
        let (family, child) = people.pair(pair.family, pair.child)?;
        let view = pair.view();
        let in_view = views(family, &criterion.doubts).into_iter().find(|one| one.view == view)?;
        let explained = explain(calculator, &in_view.family, child, None).ok()?;
        let mut against: Vec<_> = explained.loci.iter().filter(|locus| locus.is_compatible == Some(false)).collect();
        against.sort_by(|a, b| a.log10_lr.total_cmp(&b.log10_lr));
        let against = against.into_iter().map(|locus| {
            let log10_lr = Some(locus.log10_lr).filter(|log10_lr| log10_lr.is_finite());
            AgainstRow { locus: locus.locus.clone(), log10_lr, mutations: mutations(&locus.mutations) }
        });
        Some(NearRow {
            family: pair.family,
            child: pair.child,
            view: view.words(),
            log10_lr: pair.log10_lr,
            short_by: criterion.min_log10_lr - pair.rank(),
            loci_compared: pair.loci_compared,
            loci_untyped: u32::try_from(panel.len()).unwrap_or(u32::MAX).saturating_sub(pair.loci_compared),
            against: against.collect(),
        })
    };
    // Every family and child was in the ledger when the pair was found.
    Ok(near.par_iter().filter_map(row).collect())
}
