//! Frequencies that list every allele of a family.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::model::{Allele, Family, Locus};
use crate::population::{Floor, FrequencyErrors, FrequencyTable, LocusFrequencies, Model};

/// The table, or one that also lists the alleles of the family's relatives that it lacks.
///
/// The missing child may well have inherited such an allele, so its genotypes must be counted. The allele gets the
/// floor, and all are divided by their new sum: the frequencies with which the family is scored anyway. A model that
/// refuses such alleles, or has no floor for them, says so itself when it computes.
pub(super) fn listing<'a>(
    table: &'a FrequencyTable,
    model: &Model,
    family: &Family,
) -> Result<Cow<'a, FrequencyTable>, FrequencyErrors> {
    let loci: Vec<(&Locus, &LocusFrequencies)> = table.panel().loci().iter().zip(table.loci()).collect();
    let unlisted: Vec<BTreeSet<Allele>> = (loci.iter().enumerate())
        .map(|(position, (_, frequencies))| {
            let genotypes = family.relatives.iter().filter_map(|relative| relative.profile.at(position));
            let alleles = genotypes.flat_map(|genotype| [genotype.low(), genotype.high()]);
            alleles.filter(|&allele| frequencies.position(allele).is_none()).collect()
        })
        .collect();
    if unlisted.iter().all(BTreeSet::is_empty) || model.floor == Floor::Refuse {
        return Ok(Cow::Borrowed(table));
    }
    let mut text = String::from("locus,allele,frequency,individuals\n");
    for ((locus, frequencies), unlisted) in loci.into_iter().zip(unlisted) {
        let floor = match model.floor {
            Floor::Fixed(floor) => floor,
            _ => frequencies.individuals().map_or(0.0, |n| 1.0 / (2.0 * f64::from(n) + 1.0)),
        };
        let sum = 1.0 + unlisted.len() as f64 * floor;
        let individuals = frequencies.individuals().map_or(String::new(), |n| n.to_string());
        let known = frequencies.alleles().iter().copied().zip(frequencies.frequencies().iter().copied());
        for (allele, frequency) in known.chain(unlisted.into_iter().map(|allele| (allele, floor))) {
            // Divided here already, as a table that adds up to much more than 1 is taken for a mistake. Writing to a
            // string cannot fail.
            let _ = writeln!(text, "{locus},{allele},{},{individuals}", frequency / sum);
        }
        if let Some(silent) = frequencies.silent() {
            let _ = writeln!(text, "{locus},silent,{silent},{individuals}");
        }
    }
    FrequencyTable::read("frequencies with the family's alleles", &text).map(Cow::Owned)
}
