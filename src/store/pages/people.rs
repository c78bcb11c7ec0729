//! Reads the families and children of given pairs.

use std::collections::{BTreeSet, HashMap};

use crate::ledger::{Ledger, LedgerError};
use crate::model::{Child, Family, Panel, Pseudonym};

/// Families and children by pseudonym.
#[derive(Default)]
pub(in crate::store) struct People {
    families: HashMap<Pseudonym, Family>,
    children: HashMap<Pseudonym, Child>,
}

impl People {
    /// Reads the families and children of these pairs that are in the ledger, each with one query.
    pub(in crate::store) fn read(
        ledger: &Ledger,
        panel: &Panel,
        pairs: impl IntoIterator<Item = (Pseudonym, Pseudonym)>,
    ) -> Result<Self, LedgerError> {
        let (families, children): (BTreeSet<Pseudonym>, BTreeSet<Pseudonym>) = pairs.into_iter().unzip();
        if families.is_empty() {
            return Ok(Self::default());
        }
        let named = |names: BTreeSet<Pseudonym>| names.into_iter().collect::<Vec<_>>();
        let families = ledger.families_named(panel, &named(families))?.into_iter();
        let children = ledger.children_named(panel, &named(children))?.into_iter();
        Ok(Self {
            families: families.map(|family| (family.pseudonym, family)).collect(),
            children: children.map(|child| (child.pseudonym, child)).collect(),
        })
    }

    pub(in crate::store) fn family(&self, pseudonym: Pseudonym) -> Option<&Family> {
        self.families.get(&pseudonym)
    }

    pub(in crate::store) fn child(&self, pseudonym: Pseudonym) -> Option<&Child> {
        self.children.get(&pseudonym)
    }

    /// Returns the family and the child of a pair.
    pub(in crate::store) fn pair(&self, family: Pseudonym, child: Pseudonym) -> Option<(&Family, &Child)> {
        self.family(family).zip(self.child(child))
    }
}
