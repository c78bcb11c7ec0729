//! The pairs that come nearest to being candidates, and what separates them.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use crate::kinship::Calculator;
use crate::ledger::Ledger;
use crate::matching::{Criterion, explain, views};
use crate::model::{Candidate, Child, Family, Pseudonym};
use crate::report::{AgainstRow, NearRow, mutations};

use super::error::StoreError;
use super::folder::Store;

/// Says of pairs what separates them from being candidates, best first.
pub(super) fn rows(
    store: &Store,
    ledger: &Ledger,
    calculator: &Calculator,
    criterion: &Criterion,
    near: &[Candidate],
) -> Result<Vec<NearRow>, StoreError> {
    let panel = store.table().panel();
    let names = |name: &dyn Fn(&Candidate) -> Pseudonym| {
        near.iter().map(name).collect::<BTreeSet<Pseudonym>>().into_iter().collect::<Vec<_>>()
    };
    let families = ledger.families_named(panel, &names(&|pair| pair.family))?;
    let families: HashMap<Pseudonym, Family> = families.into_iter().map(|family| (family.pseudonym, family)).collect();
    let children = ledger.children_named(panel, &names(&|pair| pair.child))?;
    let children: HashMap<Pseudonym, Child> = children.into_iter().map(|child| (child.pseudonym, child)).collect();
    let row = |pair: &Candidate| {
        let (family, child) = families.get(&pair.family).zip(children.get(&pair.child))?;
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
    // Everyone was in the ledger when the pair was found.
    Ok(near.par_iter().filter_map(row).collect())
}
