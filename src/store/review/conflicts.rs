//! Finds pairs under review that contradict each other: two children of one family, or two families of one child.

use std::collections::HashMap;

use crate::ledger::{Ledger, ReviewCase, Reviews};
use crate::model::Pseudonym;
use crate::report::ConflictRow;
use crate::review::{Conflict, Event};

use crate::store::error::StoreError;

/// The pairs of a store that were confirmed and are not refuted, by family and by child.
pub(in crate::store) struct ConfirmedPairs {
    by_family: HashMap<Pseudonym, Vec<Pseudonym>>,
    by_child: HashMap<Pseudonym, Vec<Pseudonym>>,
}

impl ConfirmedPairs {
    pub(in crate::store) fn of(reviews: &Reviews) -> Self {
        let (mut by_family, mut by_child) = (HashMap::new(), HashMap::new());
        for case in &reviews.cases {
            if let Some(family) = case.family.filter(|_| case.standing.was_confirmed()) {
                by_family.entry(family).or_insert_with(Vec::new).push(case.child);
                by_child.entry(case.child).or_insert_with(Vec::new).push(family);
            }
        }
        Self { by_family, by_child }
    }

    /// Returns those with this family or child, except the pair itself.
    pub(in crate::store) fn beside(&self, family: Pseudonym, child: Pseudonym) -> Vec<ConflictRow> {
        let children = self.by_family.get(&family).into_iter().flatten().filter(|one| **one != child);
        let families = self.by_child.get(&child).into_iter().flatten().filter(|one| **one != family);
        let of_family = children.map(|child| ConflictRow::with(Conflict::FamilyConfirmed, family, *child));
        let of_child = families.map(|family| ConflictRow::with(Conflict::ChildConfirmed, *family, child));
        of_family.chain(of_child).collect()
    }
}

/// Returns everything that speaks against a pair beside its own numbers.
pub(in crate::store) fn conflicts(
    ledger: &Ledger,
    confirmed: &ConfirmedPairs,
    (family, child): (Pseudonym, Pseudonym),
    case: Option<&ReviewCase>,
) -> Result<Vec<ConflictRow>, StoreError> {
    let of_run = |event: &Event| matches!(event, Event::Decision(decided) if decided.basis.run.is_some());
    let was_candidate = case.is_some_and(|case| case.events.iter().any(|content| of_run(&content.event)))
        || ledger.was_candidate(family, child)?;
    let never = (!was_candidate).then(|| ConflictRow::new(Conflict::NeverCandidate));
    let withdrawn = ledger.is_withdrawn(family)?.then(|| ConflictRow::new(Conflict::FamilyWithdrawn));
    Ok(withdrawn.into_iter().chain(never).chain(confirmed.beside(family, child)).collect())
}
