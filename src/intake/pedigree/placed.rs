//! Holds the pedigrees against which rows are checked, with places by sample.

use std::collections::{BTreeSet, HashMap};

use crate::intake::pedigree::link::Linked;

use crate::model::{FamilyPedigree, Pseudonym, SampleRecord, Sex};

/// Pedigrees of families, with typed members by sample.
pub struct FamilyPedigrees(HashMap<Pseudonym, Placed>);

/// A family's pedigree and the sexes of its samples.
pub(in crate::intake) struct Placed {
    pub(in crate::intake) pedigree: FamilyPedigree,
    /// The sexes of the samples, in the order of the pedigree.
    pub(in crate::intake) sexes: Vec<Sex>,
}

impl FamilyPedigrees {
    /// Returns the pedigrees of these families.
    pub(in crate::intake) fn linked(families: impl Iterator<Item = (Pseudonym, Linked)>) -> Self {
        Self(families.filter_map(|(family, linked)| Some((family, Placed::new(family, &linked)?))).collect())
    }

    /// Returns the number of families.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Reports whether there are no families.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the pedigrees of the families of these rows, by family.
    pub(in crate::intake) fn of_rows(&self, rows: &[SampleRecord]) -> Vec<FamilyPedigree> {
        let families: BTreeSet<Pseudonym> = rows.iter().filter_map(|row| row.family).map(|family| family.0).collect();
        families.into_iter().filter_map(|family| Some(self.get(family)?.pedigree.clone())).collect()
    }

    pub(in crate::intake) fn get(&self, family: Pseudonym) -> Option<&Placed> {
        self.0.get(&family)
    }
}

impl Placed {
    fn new(family: Pseudonym, linked: &Linked) -> Option<Self> {
        let persons = linked.persons.iter().zip(0..);
        let mut typed: Vec<(Pseudonym, usize)> =
            persons.filter_map(|(person, place)| Some((person.sample?, place))).collect();
        typed.sort_unstable();
        let places: Vec<usize> = typed.iter().map(|one| one.1).collect();
        // Links that were accepted always make a pedigree.
        let pedigree = linked.pedigree(&places).ok()?;
        let samples = typed.iter().map(|one| one.0).collect();
        let sexes = places.iter().map(|&place| linked.persons[place].sex).collect();
        Some(Self { pedigree: FamilyPedigree { family, pedigree, samples }, sexes })
    }
}
