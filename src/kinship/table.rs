//! The log10 LR of every child genotype at one locus, computed in advance for one family.

use crate::model::genotype_count;
use crate::population::LocusModel;

use super::log10::log10_all;

/// log10 LR of every genotype of a locus' listed alleles, for one family.
///
/// Indexed by [`crate::model::genotype_code`] over the alleles that the frequency table lists. One more entry, 0, is
/// that of an untyped child. Values are finite or negative infinity, never NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct LocusTable {
    log10_lr: Vec<f64>,
}

impl LocusTable {
    /// Creates the table of these LRs, one per genotype code.
    pub(super) fn of_ratios(mut ratios: Vec<f64>) -> Self {
        // An untyped child has 1.
        ratios.push(1.0);
        log10_all(&mut ratios);
        Self { log10_lr: ratios }
    }

    /// Creates the table of a locus at which every child has LR 1.
    pub(super) fn of_one(model: &LocusModel) -> Self {
        Self { log10_lr: vec![0.0; genotype_count(model.listed().len()) + 1] }
    }

    /// Creates a table of these values, one per genotype code.
    #[cfg(test)]
    pub(crate) fn of_values(mut log10_lr: Vec<f64>) -> Self {
        log10_lr.push(0.0);
        Self { log10_lr }
    }

    /// Returns the values: one per genotype code, then 0 for an untyped child.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.log10_lr
    }

    /// Returns the number of genotypes, which is also the code of an untyped child.
    #[must_use]
    pub fn genotypes(&self) -> usize {
        self.log10_lr.len() - 1
    }
}
