//! Turns the frequency database of a Familias project into a frequency table and the base of a model.

use std::fmt;

use crate::intake::{FamDatabase, FamLocus, FamMutation, Problem, Severity};
use crate::model::Locus;
use crate::population::{Floor, FrequencyTable, FrequencyTableError, LocusFrequencies, Mutation, MutationRates};

use crate::store::error::StoreError;

/// The table and the model settings of a project's database.
pub(in crate::store) struct FamiliasDatabase {
    pub(in crate::store) table: FrequencyTable,
    pub(in crate::store) mutation: Result<Mutation, UnknownMutation>,
    pub(in crate::store) floor: Result<Floor, UnknownFloor>,
    pub(in crate::store) theta: f64,
    pub(in crate::store) notes: Vec<FrequencyNote>,
}

/// Converts a database into a table and model settings.
pub(in crate::store) fn of_database(name: &str, database: FamDatabase) -> Result<FamiliasDatabase, StoreError> {
    let table = table(&database.loci).map_err(|source| StoreError::FamiliasTable { file: name.to_owned(), source })?;
    let (mutation, floor, theta) = (mutation(&database.loci), floor(&database.loci), database.theta);
    let loci = |which: fn(&FamLocus) -> bool| -> Vec<Locus> {
        database.loci.iter().filter(|locus| which(locus)).map(|locus| locus.locus.clone()).collect()
    };
    let (drop_out, below_rare) = (loci(|locus| locus.drop_out > 0.0), loci(|locus| locus.below_rare));
    let mut notes: Vec<FrequencyNote> = database.notes.into_iter().map(FrequencyNote::Finding).collect();
    notes.extend(table.sums_off().map(|(locus, sum)| FrequencyNote::SumOff {
        file: name.to_owned(),
        locus: locus.clone(),
        sum,
    }));
    if !drop_out.is_empty() {
        notes.push(FrequencyNote::DropOut { file: name.to_owned(), loci: drop_out });
    }
    if !below_rare.is_empty() {
        notes.push(FrequencyNote::BelowRare { file: name.to_owned(), loci: below_rare });
    }
    Ok(FamiliasDatabase { table, mutation, floor, theta, notes })
}

/// A part of a frequency file that was not used unchanged, or that needs attention.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FrequencyNote {
    /// A finding of the reader.
    Finding(Problem),
    /// The frequencies of a locus do not add up to 1.
    SumOff {
        /// The file, as given.
        file: String,
        /// The locus.
        locus: Locus,
        /// The sum of the frequencies.
        sum: f64,
    },
    /// The table states the frequency of alleles that it does not list.
    Floor {
        /// The file, as given.
        file: String,
        /// The frequency; `None` if it differs from locus to locus, so that the number of persons determines it.
        floor: Option<f64>,
    },
    /// Drop-out is set at these loci.
    DropOut {
        /// The file, as given.
        file: String,
        /// The loci.
        loci: Vec<Locus>,
    },
    /// At these loci, alleles are listed with a frequency below the minor allele frequency.
    BelowRare {
        /// The file, as given.
        file: String,
        /// The loci.
        loci: Vec<Locus>,
    },
}

impl FrequencyNote {
    /// Reports whether the user should look at it.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        match self {
            Self::Finding(problem) => problem.severity != Severity::Note,
            Self::SumOff { .. } | Self::DropOut { .. } | Self::BelowRare { .. } => true,
            Self::Floor { floor, .. } => floor.is_none(),
        }
    }
}

impl fmt::Display for FrequencyNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |loci: &[Locus]| loci.iter().map(Locus::name).collect::<Vec<_>>().join(", ");
        match self {
            Self::Finding(problem) => problem.fmt(f),
            Self::SumOff { file, locus, sum } => write!(
                f,
                "{file}: the frequencies of {locus} add up to {sum:.4}, not to 1, so each was divided by the sum; look \
                 for a missing or wrong one"
            ),
            Self::Floor { file, floor: Some(floor) } => {
                write!(f, "{file}: a row gives alleles without a frequency the frequency {floor}: the model uses it")
            }
            Self::Floor { file, floor: None } => write!(
                f,
                "{file}: a row gives alleles without a frequency a different frequency at each locus, and this program \
                 applies one rule to all loci: the model uses (n+1)/(2N+1) of the persons counted"
            ),
            Self::DropOut { file, loci } => write!(
                f,
                "{file}: the project sets drop-out for each person, so import reads it with the samples, and the model \
                 has none; it is set at {}",
                names(loci)
            ),
            Self::BelowRare { file, loci } => write!(
                f,
                "{file}: listed alleles below the minor allele frequency keep their own frequency: at {}",
                names(loci)
            ),
        }
    }
}

/// The reason why a Familias database gives no mutation model that this program supports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownMutation {
    /// Two loci have different models or rates.
    #[error(
        "the file gives {other} another mutation model, or other rates, than {first}, and this program uses one model \
         for all loci"
    )]
    LociDiffer {
        /// The first locus.
        first: Locus,
        /// A locus that differs from it.
        other: Locus,
    },
    /// Mothers and fathers have different models.
    #[error(
        "the file gives mothers and fathers different mutation models, and this program supports different rates only"
    )]
    SexesDiffer,
    /// The model is stepwise along the list of alleles, which has gaps or microvariants.
    #[error(
        "the file counts mutation steps along the list of alleles (stepwise, unstationary), which differs from this \
         program's model where alleles are missing from the list or are microvariants"
    )]
    StepsAlongList,
    /// The model is stepwise and stationary.
    #[error("the file has the stationary stepwise mutation model, which this program does not support")]
    Stationary,
}

/// The error that a Familias database gives no frequency for alleles that it does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file has another minor allele frequency at each locus, and this program uses one for all loci")]
pub struct UnknownFloor;

/// Builds a frequency table from the database.
fn table(loci: &[FamLocus]) -> Result<FrequencyTable, FrequencyTableError> {
    let frequencies = |locus: &FamLocus| {
        let sum: f64 = locus.rest + locus.alleles.iter().map(|allele| allele.1).sum::<f64>();
        // The sum may or may not include the frequency of the silent allele.
        let one = [1.0, 1.0 - locus.silent.unwrap_or(0.0)];
        let one = if (sum - one[1]).abs() < (sum - one[0]).abs() { one[1] } else { one[0] };
        let rounded = (sum / one - 1.0).abs() <= FrequencyTable::SUM_ROUNDING;
        let divisor = if rounded { sum } else { one };
        let alleles = locus.alleles.iter().map(|&(allele, frequency)| (allele, frequency / divisor));
        let rest = Some(locus.rest / divisor);
        let frequencies = LocusFrequencies::with_rest(alleles, rest, locus.individuals, locus.silent)
            .map_err(|error| FrequencyTableError::Frequencies { locus: locus.locus.clone(), error })?;
        Ok::<_, FrequencyTableError>((locus.locus.clone(), frequencies))
    };
    Ok(FrequencyTable::new(loci.iter().map(frequencies).collect::<Result<Vec<_>, _>>()?)?)
}

/// Returns the mutation model of all loci, or the reason why there is none.
fn mutation(loci: &[FamLocus]) -> Result<Mutation, UnknownMutation> {
    let silent = |mutation: &FamMutation| {
        let second = mutation.models.iter().zip(mutation.second_rates).any(|(&model, rate)| model == 4 && rate > 0.0);
        mutation.rates == [0.0; 2] && !second
    };
    let all: Vec<(&FamLocus, FamMutation)> = loci.iter().map(|locus| (locus, locus.mutation)).collect();
    if all.iter().all(|(_, mutation)| silent(mutation)) {
        return Ok(Mutation::None);
    }
    // Parameters that a model does not use may differ.
    let plain = |mutation: FamMutation| {
        let FamMutation { models, rates, ranges, second_rates } = mutation;
        match models {
            [0 | 1, 0 | 1] => FamMutation { models, rates, ranges: [0.0; 2], second_rates: [0.0; 2] },
            [2, 2] => FamMutation { models, rates, ranges, second_rates: [0.0; 2] },
            _ => FamMutation { models, rates, ranges, second_rates },
        }
    };
    let (first, mutation) = all[0];
    if let Some((other, _)) = all.iter().find(|(_, other)| plain(*other) != plain(mutation)) {
        return Err(UnknownMutation::LociDiffer { first: first.locus.clone(), other: other.locus.clone() });
    }
    let FamMutation { models: [model, of_fathers], rates: [female, male], ranges, second_rates } = plain(mutation);
    if model != of_fathers || ranges[0] != ranges[1] || second_rates[0] != second_rates[1] {
        return Err(UnknownMutation::SexesDiffer);
    }
    let rates = MutationRates { male, female };
    let stepwise = Mutation::Stepwise { rates, range: ranges[0], microvariant_rate: second_rates[0] };
    match model {
        0 => Ok(Mutation::Equal(rates)),
        1 => Ok(Mutation::Proportional(rates)),
        2 if loci.iter().all(is_a_row) => Ok(stepwise),
        2 => Err(UnknownMutation::StepsAlongList),
        3 => Err(UnknownMutation::Stationary),
        _ => Ok(stepwise),
    }
}

/// Reports whether the alleles are consecutive whole repeat numbers.
fn is_a_row(locus: &FamLocus) -> bool {
    let tenths = |at: usize| locus.alleles[at].0.tenths();
    (0..locus.alleles.len()).all(|at| tenths(at).is_multiple_of(10) && (at == 0 || tenths(at) == tenths(at - 1) + 10))
}

/// Returns the frequency of alleles that are not listed, or the reason why there is none.
fn floor(loci: &[FamLocus]) -> Result<Floor, UnknownFloor> {
    let rare = loci.first().map_or(0.0, |locus| locus.rare);
    if loci.iter().any(|locus| locus.rare != rare) {
        return Err(UnknownFloor);
    }
    Ok(if rare > 0.0 { Floor::Fixed(rare) } else { Floor::Counted })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinship::{Calculator, Evidence};
    use crate::model::Relation;
    use crate::population::Model;

    fn locus(name: &str, tenths: &[u16], mutation: FamMutation) -> FamLocus {
        let share = 1.0 / tenths.len() as f64;
        FamLocus {
            locus: name.parse().unwrap(),
            alleles: tenths.iter().map(|&tenths| (tenths.try_into().unwrap(), share)).collect(),
            individuals: Some(100),
            silent: None,
            rest: 0.0,
            drop_out: 0.0,
            rare: 0.0,
            below_rare: false,
            mutation,
        }
    }

    fn of(models: [usize; 2], rates: [f64; 2]) -> FamMutation {
        FamMutation { models, rates, ranges: [0.1; 2], second_rates: [1e-6; 2] }
    }

    #[test]
    fn models_that_are_known_here_are_taken_and_others_refused() {
        let rates = MutationRates { male: 0.002, female: 0.001 };
        let one = |models, tenths: &[u16]| mutation(&[locus("vWA", tenths, of(models, [0.001, 0.002]))]);
        let row = [140, 150, 160];
        assert_eq!(one([0, 0], &row), Ok(Mutation::Equal(rates)));
        assert_eq!(one([1, 1], &row), Ok(Mutation::Proportional(rates)));
        let stepwise = |microvariant_rate| Mutation::Stepwise { rates, range: 0.1, microvariant_rate };
        assert_eq!(one([2, 2], &row), Ok(stepwise(0.0)));
        assert_eq!(one([4, 4], &[140, 153]), Ok(stepwise(1e-6)));
        for (models, tenths) in
            [([2, 2], &[140, 160][..]), ([2, 2], &[140, 143]), ([3, 3], &row), ([0, 1], &row), ([4, 0], &row)]
        {
            assert!(one(models, tenths).is_err(), "{models:?} {tenths:?}");
        }
        let none = |models| mutation(&[locus("vWA", &row, of(models, [0.0; 2]))]);
        assert_eq!(none([3, 1]), Ok(Mutation::None));
        assert!(matches!(none([4, 4]), Ok(Mutation::Stepwise { .. })));
    }

    #[test]
    fn loci_must_agree_in_what_their_model_looks_at() {
        let row = [140, 150];
        let pair = |one, other| mutation(&[locus("vWA", &row, one), locus("FGA", &row, other)]);
        let equal = of([0, 0], [0.001; 2]);
        assert!(pair(equal, FamMutation { ranges: [0.5; 2], second_rates: [0.0; 2], ..equal }).is_ok());
        assert!(pair(equal, of([1, 1], [0.001; 2])).is_err());
        let error = pair(equal, of([0, 0], [0.001, 0.002])).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("FGA") && error.contains("vWA"), "{error}");
        let extended = of([4, 4], [0.001; 2]);
        assert!(pair(extended, FamMutation { ranges: [0.5; 2], ..extended }).is_err());
    }

    /// With n alleles, including "Rest allele", the equal model turns an allele into each other one with probability r
    /// / (n - 1), and the proportional model with a p, where a = r / (1 - sum of squares); both sums include all n
    /// alleles.
    #[test]
    fn the_rest_allele_counts_in_mutation_models() {
        let rate = 0.003;
        let tenths: Vec<u16> = (11..21).map(|repeats| repeats * 10).collect();
        let (named, rest) = (0.0999, 0.001);
        let with = |model, rest| {
            let mut locus = locus("vWA", &tenths, of([model, model], [rate; 2]));
            locus.rest = rest;
            locus.alleles.iter_mut().for_each(|allele| allele.1 = (1.0 - rest) / 10.0);
            let (table, mutation) = (table(&[locus.clone()]).unwrap(), mutation(&[locus]).unwrap());
            let again = FrequencyTable::from_csv(&table.to_csv()).unwrap();
            assert_eq!(again.digest(), table.digest());
            Calculator::new(&again, Model { mutation, ..Model::default() }).unwrap()
        };
        let log10_lr = |calculator: &Calculator, relation, typed: &str, child: &str| {
            let evidence = Evidence::new([(relation, typed.parse().ok())], calculator.model().convention);
            calculator.log10_lr(0, &evidence, child.parse().ok()).unwrap()
        };
        let near = |ours: f64, lr: f64| assert!((ours - lr.log10()).abs() < 1e-12, "{ours} {}", lr.log10());
        let equal = with(0, rest);
        let off = rate / 10.0;
        near(log10_lr(&equal, Relation::Mother, "11", "12"), off / named);
        // Reading the file without the rest allele raises the likelihood ratio of a mutation by log10(10 / 9).
        let without = log10_lr(&with(0, 0.0), Relation::Mother, "11", "12");
        near(without, rate / 9.0 / 0.1);
        assert!(
            (without - log10_lr(&equal, Relation::Mother, "11", "12") - 0.0458 + (0.1_f64 / named).log10()).abs()
                < 5e-5
        );
        // The untyped father may have the rest allele: over two generations 11 becomes 12 through any of the other 9.
        let stays = 1.0 - rate;
        let twice = 2.0 * stays * off + 9.0 * off * off;
        let from_grandmother = named * stays + (1.0 - named) * off;
        near(log10_lr(&equal, Relation::PaternalGrandfather, "11", "12"), 0.5 * (twice + from_grandmother) / named);
        let proportional = with(1, rest);
        let a = rate / (1.0 - 10.0 * named * named - rest * rest);
        near(log10_lr(&proportional, Relation::Mother, "11", "12"), a);
        // The rest allele has no repeat number, so no steps lead to it.
        near(log10_lr(&with(4, rest), Relation::Mother, "11", "12"), {
            let sum: f64 = (0..9).map(|step| 0.1_f64.powi(step)).sum();
            rate / sum / named
        });
    }
}
