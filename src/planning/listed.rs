//! Extends a frequency table by the alleles of a family that it does not list.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::model::{Allele, Family, Locus};
use crate::population::{Floor, FrequencyTable, FrequencyTableError, LocusFrequencies, Model};

/// Returns the table, or an extended table that also lists the unlisted alleles of the family's relatives.
///
/// The missing child may have inherited an unlisted allele, so its genotypes must count. The allele gets the floor, and
/// all frequencies are divided by their new sum; scoring the family uses the same frequencies. A model that rejects
/// unlisted alleles, or that cannot compute their floor, reports its own error in the computation.
pub(super) fn listing<'a>(
    table: &'a FrequencyTable,
    model: &Model,
    family: &Family,
) -> Result<Cow<'a, FrequencyTable>, FrequencyTableError> {
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
    let enlarged = loci.into_iter().zip(unlisted).map(|((locus, frequencies), unlisted)| {
        let floor = match model.floor {
            Floor::Fixed(floor) => floor,
            _ => frequencies.individuals().map_or(0.0, |n| 1.0 / (2.0 * f64::from(n) + 1.0)),
        };
        let sum = 1.0 + unlisted.len() as f64 * floor;
        let known = frequencies.alleles().iter().copied().zip(frequencies.frequencies().iter().copied());
        let all = known.chain(unlisted.into_iter().map(|allele| (allele, floor)));
        // Divided here, because a table whose sum is far above 1 is an error.
        let rest = frequencies.rest();
        let named = 1.0 - rest.unwrap_or(0.0);
        let all = all.map(|(allele, frequency)| (allele, named * frequency / sum));
        LocusFrequencies::with_rest(all, rest, frequencies.individuals(), frequencies.silent())
            .map(|frequencies| (locus.clone(), frequencies))
            .map_err(|error| FrequencyTableError::Frequencies { locus: locus.clone(), error })
    });
    Ok(Cow::Owned(FrequencyTable::new(enlarged.collect::<Result<Vec<_>, _>>()?)?))
}
