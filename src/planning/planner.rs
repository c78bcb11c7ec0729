//! The planner: computes the power of a family, now and with one more relative.

use rayon::prelude::*;

use crate::kinship::{Calculator, Evidence, KinshipError, LocusOutcomes, Outlook};
use crate::model::{Family, Relation};
use crate::population::{FrequencyTable, Model};

use super::listed::listing;
use super::{PlanningError, Power};

/// A family to plan for.
///
/// Example: is a mother's sample sufficient at two loci, and how much would the father's add?
///
/// ```
/// use reunite::model::{Family, Profile, Pseudonym, Relation, Relative};
/// use reunite::planning::Planner;
/// use reunite::population::{FrequencyTable, Model};
///
/// let alleles: &[(u16, f64)] = &[(140, 0.25), (150, 0.25), (160, 0.5)];
/// let table = FrequencyTable::from_counts(&[("vWA", alleles), ("FGA", alleles)])?;
/// let mother = Relative {
///     sample: Pseudonym::from_bytes([1; 16]),
///     relation: Relation::Mother,
///     profile: Profile::new(vec![Some("14/15".parse()?), Some("14/16".parse()?)]),
///     drop_out: None,
/// };
/// let family = Family { pseudonym: Pseudonym::from_bytes([2; 16]), relatives: vec![mother], pedigree: None };
/// let planner = Planner::new(&table, Model::default(), &family)?;
///
/// // For a threshold of log10 LR 0.5, that is LR 3.2.
/// let alone = planner.power(0.5)?;
/// let with_father = planner.power_with(Relation::Father, 0.5)?;
/// assert!(planner.options().contains(&Relation::Father));
/// assert!(with_father.expected_log10_lr > alone.expected_log10_lr);
/// assert!(alone.found.lower <= alone.found.upper, "a probability, between bounds");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Planner {
    /// Uses frequencies that list all alleles of the family.
    calculator: Calculator,
    relations: Vec<Relation>,
    /// One entry per locus of the panel.
    evidence: Vec<Evidence>,
}

impl Planner {
    /// Step of the grid for the family without a further relative.
    const STEP: f64 = 5e-4;
    /// Step of the grid with one more relative, whose possible genotypes multiply the outcomes by hundreds. With 23
    /// loci, a quantile is then uncertain by 0.09.
    const COARSE: f64 = 4e-3;

    /// Creates a planner for a family.
    ///
    /// # Errors
    /// Returns [`PlanningError::Calculator`] or [`PlanningError::Frequencies`].
    pub fn new(table: &FrequencyTable, model: Model, family: &Family) -> Result<Self, PlanningError> {
        let calculator = Calculator::new(&*listing(table, &model, family)?, model)?;
        let evidence = |locus: usize| Evidence::of_family(family, locus, model.convention);
        Ok(Self {
            evidence: (0..calculator.panel().len()).map(evidence).collect(),
            relations: family.relations(),
            calculator,
        })
    }

    /// Returns the number of loci at which a relative is typed.
    #[must_use]
    pub fn informative_loci(&self) -> usize {
        self.evidence.iter().filter(|evidence| evidence.is_typed()).count()
    }

    /// Computes the family's power at a threshold of log10 LR.
    ///
    /// # Errors
    /// Returns [`PlanningError::Kinship`] if a locus cannot be computed.
    ///
    /// # Panics
    /// If the threshold is not finite.
    pub fn power(&self, threshold: f64) -> Result<Power, PlanningError> {
        let informative = self.evidence.iter().enumerate().filter(|(_, evidence)| evidence.is_informative());
        let outcomes = informative.map(|(locus, evidence)| self.name_locus(locus, self.outcomes(locus, evidence)));
        Ok(Power::new(&outcomes.collect::<Result<Vec<_>, _>>()?, threshold, Self::STEP))
    }

    /// Returns the relatives whose sample may help, in canonical order: parents that the family lacks, a full sibling
    /// (one more if there is one), and the parents of a parent that the family lacks. Empty for a family with a
    /// pedigree of its own.
    #[must_use]
    pub fn options(&self) -> Vec<Relation> {
        use Relation::{
            Father, FullSibling, MaternalGrandfather, MaternalGrandmother, Member, Mother, Parent, PaternalGrandfather,
            PaternalGrandmother,
        };
        let has = |relation: Relation| self.relations.contains(&relation);
        if has(Parent) {
            // The side of every relative is unknown. A second parent is possible only if there is exactly one.
            let parents = self.relations.iter().filter(|&&relation| relation == Parent).count();
            return if parents == 1 { vec![FullSibling, Parent] } else { vec![FullSibling] };
        }
        let may_help = |relation: &Relation| {
            let behind = match relation {
                PaternalGrandfather | PaternalGrandmother => Some(Father),
                MaternalGrandfather | MaternalGrandmother => Some(Mother),
                _ => None,
            };
            *relation == FullSibling || (!has(*relation) && !behind.is_some_and(has))
        };
        let all = [
            Father,
            Mother,
            FullSibling,
            PaternalGrandfather,
            PaternalGrandmother,
            MaternalGrandfather,
            MaternalGrandmother,
        ];
        if has(Member) { Vec::new() } else { all.into_iter().filter(may_help).collect() }
    }

    /// Computes the power of the family with one more relative: the average over the genotypes that the relative may
    /// show, given the others' genotypes. In parallel on the current rayon pool.
    ///
    /// # Errors
    /// Returns [`PlanningError::Kinship`] if a locus cannot be computed.
    ///
    /// # Panics
    /// If the threshold is not finite.
    pub fn power_with(&self, relation: Relation, threshold: f64) -> Result<Power, PlanningError> {
        // One relative may take longer than all others, so the loci are what threads share.
        let loci = (0..self.evidence.len()).into_par_iter();
        let outcomes: Vec<_> = loci.map(|locus| self.name_locus(locus, self.outcomes_with(relation, locus))).collect();
        Ok(Power::new(&outcomes.into_iter().collect::<Result<Vec<_>, _>>()?, threshold, Self::COARSE))
    }

    /// Adds the locus to an error.
    fn name_locus<T>(&self, locus: usize, result: Result<T, KinshipError>) -> Result<T, PlanningError> {
        result.map_err(|reason| PlanningError::Kinship { locus: self.calculator.panel().loci()[locus].clone(), reason })
    }

    /// Returns the outcomes at a locus.
    fn outcomes(&self, locus: usize, evidence: &Evidence) -> Result<LocusOutcomes, KinshipError> {
        let structure = self.calculator.structure(evidence)?;
        let outlook = self.calculator.outlook(locus, &structure, evidence)?.ok_or(KinshipError::Contradiction)?;
        Ok(of_outlook(&outlook))
    }

    /// Returns the mixture over the genotypes g of a further relative, with P(g | relatives) proportional to
    /// P(relatives and g).
    fn outcomes_with(&self, relation: Relation, locus: usize) -> Result<LocusOutcomes, KinshipError> {
        let outlooks = self.calculator.outlooks_with(locus, &self.evidence[locus], relation)?;
        let possible: Vec<(f64, LocusOutcomes)> =
            outlooks.iter().flatten().map(|outlook| (outlook.likelihood, of_outlook(outlook))).collect();
        if possible.is_empty() {
            return Err(KinshipError::Contradiction);
        }
        let sum: f64 = possible.iter().map(|one| one.0).sum();
        Ok(LocusOutcomes::mixture(possible.into_iter().map(|(likelihood, outcomes)| (likelihood / sum, outcomes))))
    }
}

/// All genotypes are listed, so the probabilities lack only the case of a child who shows no allele, and who therefore
/// is untyped.
fn of_outlook(outlook: &Outlook) -> LocusOutcomes {
    LocusOutcomes::new(&outlook.table, &outlook.unrelated).given_listed()
}
