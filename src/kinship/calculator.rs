//! The calculator: likelihood ratios at single loci, for given allele frequencies and a given model.

use crate::model::{Allele, DropOut, Genotype, Locus, Panel};
use crate::population::{FrequencyTable, LocusModel, Model, ModelError};

use super::effort::{RATIO, TABLE, within};
use super::hypotheses::{Hypotheses, Settings, listed_genotypes, observations, relatives};
use super::linked_pair::{LinkedError, LinkedLoci, LinkedPair, linked_pairs};
use super::{CalculatorError, Evidence, KinshipError, LocusTable, Structure, StructureError};

/// Allele frequencies and a model, ready to compute likelihood ratios.
///
/// The LR of one pair at one locus, an alleged father 14/15 and a child 14/15:
///
/// ```
/// use reunite::kinship::{Calculator, Evidence};
/// use reunite::model::Relation;
/// use reunite::population::{Convention, FrequencyTable, Model, Mutation};
///
/// // Alleles in tenths of a repeat, each with its frequency.
/// let table = FrequencyTable::from_counts(&[("vWA", &[(140, 0.25), (150, 0.25), (160, 0.5)])])?;
/// let model = Model { mutation: Mutation::None, ..Model::default() };
/// let calculator = Calculator::new(&table, model)?;
///
/// let father = Evidence::new([(Relation::Father, Some("14/15".parse()?))], Convention::Pruned);
/// let log10_lr = calculator.log10_lr(0, &father, Some("14/15".parse()?))?;
///
/// // (p14 + p15) / (4 p14 p15) = 0.5 / 0.25 = 2
/// assert!((10_f64.powf(log10_lr) - 2.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Calculator {
    panel: Panel,
    pub(super) model: Model,
    pub(super) loci: Vec<LocusModel>,
    pub(super) linked: Vec<LinkedPair>,
}

impl Calculator {
    /// Creates a calculator over all loci of a frequency table.
    ///
    /// # Errors
    /// Returns [`CalculatorError`] with the first locus at which the model cannot be built.
    pub fn new(table: &FrequencyTable, model: Model) -> Result<Self, CalculatorError> {
        let build = |(locus, frequencies): (&Locus, _)| {
            LocusModel::new(frequencies, &model).map_err(|error| CalculatorError { locus: locus.clone(), error })
        };
        let loci = table.panel().loci().iter().zip(table.loci()).map(build).collect::<Result<_, _>>()?;
        Ok(Self { panel: table.panel().clone(), model, loci, linked: Vec::new() })
    }

    /// Returns this calculator with these pairs of linked loci.
    ///
    /// # Errors
    /// Returns [`LinkedError`] if a locus is outside the panel or in two pairs, or a fraction is outside [0, 0.5].
    pub fn with_linked(mut self, pairs: &[LinkedLoci]) -> Result<Self, LinkedError> {
        self.linked = linked_pairs(&self.panel, pairs)?;
        Ok(self)
    }

    /// Returns the linked pairs in panel order.
    #[must_use]
    pub fn linked(&self) -> &[LinkedPair] {
        &self.linked
    }

    /// Describes every setting in one line: those of the model, and the linked pairs. With the same frequencies, equal
    /// lines mean equal results.
    #[must_use]
    pub fn settings_line(&self) -> String {
        let mut line = self.model.to_string();
        for LinkedPair { loci: [one, other], recombination } in &self.linked {
            let (one, other) = (&self.panel.loci()[*one], &self.panel.loci()[*other]);
            line += &format!("; {one} and {other} linked, recombination {recombination}");
        }
        line
    }

    /// Returns the loci, in the order in which their log likelihood ratios are added.
    #[must_use]
    pub fn panel(&self) -> &Panel {
        &self.panel
    }

    /// Returns the model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Returns the alleles, frequencies and mutation matrices of each locus, in panel order.
    #[must_use]
    pub fn loci(&self) -> &[LocusModel] {
        &self.loci
    }

    /// Returns the structure of this evidence. It can be reused for evidence with the same [`Evidence::kind`].
    ///
    /// # Errors
    /// Returns [`StructureError`] if the pedigree of the relatives cannot be computed.
    pub fn structure(&self, evidence: &Evidence) -> Result<Structure, StructureError> {
        Structure::of_kind(&evidence.kind(), self.model.convention)
    }

    pub(super) fn settings(&self) -> Settings {
        self.settings_for(None)
    }

    pub(super) fn settings_for(&self, child_drop_out: Option<DropOut>) -> Settings {
        Settings {
            theta: self.model.theta,
            relatives_drop_out: self.model.drop_out.relatives,
            child_drop_out: child_drop_out.map_or(self.model.drop_out.children, DropOut::get),
            one_child: false,
        }
    }

    /// Computes the log10 LR of each listed child genotype at a locus.
    ///
    /// `structure` must be the structure of `evidence`. Alleles of the relatives that the frequency table does not list
    /// are added with the floor frequency.
    ///
    /// # Errors
    /// Returns [`KinshipError`] if the table cannot be computed.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    pub fn table(&self, locus: usize, structure: &Structure, evidence: &Evidence) -> Result<LocusTable, KinshipError> {
        Ok(self.table_and_likelihood(locus, structure, evidence)?.0)
    }

    /// Computes [`Self::table`] and [`Self::relatives_likelihood`] at once.
    ///
    /// # Errors
    /// As [`Self::table`].
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    pub fn table_and_likelihood(
        &self,
        locus: usize,
        structure: &Structure,
        evidence: &Evidence,
    ) -> Result<(LocusTable, f64), KinshipError> {
        let base = &self.loci[locus];
        let enlarged = self.enlarged(locus, evidence, None)?;
        let model = enlarged.as_ref().unwrap_or(base);
        if !evidence.is_informative() {
            return Ok((LocusTable::of_one(base), 1.0));
        }
        within(TABLE, || {
            let hypotheses = Hypotheses::new(structure, model, evidence, self.settings())?;
            Ok((LocusTable::of_ratios(hypotheses.ratios()), hypotheses.relatives_likelihood()))
        })
    }

    /// Computes the log10 LR of one child genotype at a locus; its alleles may be unlisted.
    ///
    /// The result is 0 if the child is untyped, or if all relatives are untyped and the child is not inbred: see
    /// [`Evidence::is_informative`]. It is negative infinity if H1 is impossible. For a listed genotype it equals the
    /// value of [`Self::table`] bit for bit.
    ///
    /// # Errors
    /// Returns [`KinshipError`] if the ratio cannot be computed.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    pub fn log10_lr(&self, locus: usize, evidence: &Evidence, child: Option<Genotype>) -> Result<f64, KinshipError> {
        self.log10_lr_with(locus, evidence, child, None)
    }

    /// Computes [`Self::log10_lr`] with the drop-out probability of the child's sample, which replaces the model's.
    ///
    /// # Errors
    /// Returns [`KinshipError`] if the ratio cannot be computed.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    pub fn log10_lr_with(
        &self,
        locus: usize,
        evidence: &Evidence,
        child: Option<Genotype>,
        child_drop_out: Option<DropOut>,
    ) -> Result<f64, KinshipError> {
        self.log10_lr_as(locus, evidence, child, self.settings_for(child_drop_out))
    }

    /// As [`Self::log10_lr_with`], but within 10^-12 and not bit for bit the value of the table: with theta this takes
    /// a fraction of the time.
    ///
    /// # Errors
    /// Returns [`KinshipError`] if the ratio cannot be computed.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    pub fn log10_lr_once(
        &self,
        locus: usize,
        evidence: &Evidence,
        child: Option<Genotype>,
        child_drop_out: Option<DropOut>,
    ) -> Result<f64, KinshipError> {
        let settings = self.settings_for(child_drop_out);
        match self.log10_lr_as(locus, evidence, child, Settings { one_child: settings.theta > 0.0, ..settings }) {
            // The genotype of the child adds choices of its own.
            Err(KinshipError::TooLarge) => self.log10_lr_as(locus, evidence, child, settings),
            ratio => ratio,
        }
    }

    fn log10_lr_as(
        &self,
        locus: usize,
        evidence: &Evidence,
        child: Option<Genotype>,
        settings: Settings,
    ) -> Result<f64, KinshipError> {
        let Some(child) = child.filter(|_| evidence.is_informative()) else { return Ok(0.0) };
        let structure = self.structure(evidence)?;
        let enlarged = self.enlarged(locus, evidence, Some(child))?;
        let model = enlarged.as_ref().unwrap_or(&self.loci[locus]);
        within(RATIO, || {
            let hypotheses = Hypotheses::new(&structure, model, evidence, settings)?;
            Ok(model.positions(child).map_or(f64::NEG_INFINITY, |(a, b)| hypotheses.log10_lr(a, b)))
        })
    }

    /// Computes P(child shows a genotype | relatives, H2) at a locus: the probability of each listed genotype in a
    /// typed child who is unrelated to the family. The indices are those of the values of [`Self::table`], without the
    /// entry of an untyped child. The probabilities add up to 1, less the shares of unlisted alleles, the rest allele
    /// and silent alleles.
    ///
    /// # Errors
    /// Returns [`KinshipError`] if the probabilities cannot be computed.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    pub fn unrelated(&self, locus: usize, evidence: &Evidence) -> Result<Vec<f64>, KinshipError> {
        let enlarged = self.enlarged(locus, evidence, None)?;
        let model = enlarged.as_ref().unwrap_or(&self.loci[locus]);
        let structure = self.structure(evidence)?;
        within(TABLE, || Ok(unrelated(model, &Hypotheses::new(&structure, model, evidence, self.settings())?)))
    }

    /// Computes P(relatives' genotypes | H2) at a locus; 1 if no relative is typed. `structure` is [`Self::structure`] of
    /// evidence of the same kind.
    ///
    /// # Errors
    /// Returns [`KinshipError`], but not [`KinshipError::Contradiction`]: the probability is then 0.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    pub fn relatives_likelihood(
        &self,
        locus: usize,
        structure: &Structure,
        evidence: &Evidence,
    ) -> Result<f64, KinshipError> {
        let enlarged = self.enlarged(locus, evidence, None)?;
        let model = enlarged.as_ref().unwrap_or(&self.loci[locus]);
        let observations = observations(model, evidence, self.model.drop_out.relatives);
        within(TABLE, || relatives(structure, model, &observations, self.model.theta))
    }

    /// Reports whether the child's genotype is possible without mutation, silent alleles and drop-out; `None` if the
    /// relatives' own genotypes are impossible without them.
    ///
    /// # Errors
    /// Returns [`KinshipError::Structure`] or [`KinshipError::TooLarge`].
    pub fn is_compatible(&self, evidence: &Evidence, child: Genotype) -> Result<Option<bool>, KinshipError> {
        let structure = self.structure(evidence)?;
        // Without mutation, all alleles that nobody shows behave alike, so one of them represents all.
        let mut alleles: Vec<Allele> = evidence.alleles().chain([child.low(), child.high()]).collect();
        alleles.extend((10..).map_while(|tenths| Allele::from_tenths(tenths).ok()).find(|a| !alleles.contains(a)));
        let model = LocusModel::without_mutation(alleles);
        let evidence = &evidence.as_seen();
        let settings = Settings { theta: 0.0, relatives_drop_out: 0.0, child_drop_out: 0.0, one_child: false };
        within(TABLE, || match Hypotheses::new(&structure, &model, evidence, settings) {
            Ok(hypotheses) => Ok(model.positions(child).map(|(a, b)| hypotheses.ratio(a, b) > 0.0)),
            Err(KinshipError::Contradiction) => Ok(None),
            Err(error) => Err(error),
        })
    }

    /// Computes an upper bound on [`Self::log10_lr`] of a typed child, without peeling.
    ///
    /// LR = P(child | relatives, H1) / P(child) x P(relatives | H1) / P(relatives | H2). The first numerator is 1 at
    /// most. The second factor is 1, unless pruning lets an allele come directly from the population under H2 but
    /// through an untyped parent under H1. Each of these steps then multiplies by at most
    /// `max_j (p M)_j / p_j <= 1 + mu / min p`, where mu is the largest probability that an allele changes. With theta
    /// above 0, the least probability that the urn gives replaces p. With drop-out, the probability that a genotype
    /// shows itself is at least the probability that nothing drops out.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    #[must_use]
    pub fn log10_lr_bound(&self, locus: usize, structure: &Structure, evidence: &Evidence, child: Genotype) -> f64 {
        self.log10_lr_bound_with(locus, structure, evidence, child, None)
    }

    /// Computes [`Self::log10_lr_bound`] for [`Self::log10_lr_with`]: with the drop-out probability of the child's
    /// sample.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    #[must_use]
    pub fn log10_lr_bound_with(
        &self,
        locus: usize,
        structure: &Structure,
        evidence: &Evidence,
        child: Genotype,
        child_drop_out: Option<DropOut>,
    ) -> f64 {
        self.bound_by_child(locus, child, child_drop_out) + self.bound_by_family(locus, structure, evidence)
    }

    /// Computes the part of [`Self::log10_lr_bound_with`] that depends on the child: -log10 of the probability of its
    /// genotype in a population without theta, before unlisted alleles take their share.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    #[must_use]
    pub fn bound_by_child(&self, locus: usize, child: Genotype, child_drop_out: Option<DropOut>) -> f64 {
        let model = &self.loci[locus];
        let frequency = |allele| model.position(allele).map_or(unlisted(model), |i| model.frequencies()[i]);
        let drop_out = child_drop_out.map_or(self.model.drop_out.children, DropOut::get);
        let product = (1.0 - drop_out) * (1.0 - drop_out) * frequency(child.low()) * frequency(child.high());
        // Slightly larger, to allow for the rounding of the logarithms.
        1e-9 - libm::log10(if child.is_homozygous() { product } else { 2.0 * product })
    }

    /// Computes the part of [`Self::log10_lr_bound_with`] that depends on the family: the largest contribution of
    /// theta, unlisted alleles and pruned parents for any child.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    #[must_use]
    pub fn bound_by_family(&self, locus: usize, structure: &Structure, evidence: &Evidence) -> f64 {
        let model = &self.loci[locus];
        // Unlisted alleles of the relatives, possibly counted more than once, and two of the child.
        let more = 2 + evidence.alleles().filter(|&allele| model.position(allele).is_none()).count();
        let sum = 1.0 + more as f64 * model.floor();
        let share = self.urn_share(structure) / sum;
        let steps = match structure.steps_apart() {
            0 => 0.0,
            steps => {
                let least = model.frequencies().iter().fold(unlisted(model), |least, &p| least.min(p)) * share;
                steps as f64 * libm::log10(1.0 + self.model.mutation.most_change() / least)
            }
        };
        steps - 2.0 * libm::log10(share)
    }

    /// Returns the least share of its frequency that an allele keeps in the urn, for any earlier draws.
    pub(super) fn urn_share(&self, structure: &Structure) -> f64 {
        let draws = 2 * (structure.with_child.persons.len() + 1);
        (1.0 - self.model.theta) / (1.0 + draws as f64 * self.model.theta)
    }

    pub(super) fn enlarged(
        &self,
        locus: usize,
        evidence: &Evidence,
        child: Option<Genotype>,
    ) -> Result<Option<LocusModel>, ModelError> {
        let of_child = child.into_iter().flat_map(|g| [g.low(), g.high()]);
        let alleles = evidence.alleles().chain(of_child);
        let model = &self.loci[locus];
        let unlisted: Vec<Allele> = alleles.filter(|&allele| model.position(allele).is_none()).collect();
        if unlisted.is_empty() { Ok(None) } else { model.with_alleles(&unlisted, &self.model) }
    }
}

/// Returns the probability of each listed genotype in an unrelated child.
pub(super) fn unrelated(model: &LocusModel, hypotheses: &Hypotheses<'_>) -> Vec<f64> {
    listed_genotypes(model).map(|(a, b)| hypotheses.probability_if_unrelated(a, b)).collect()
}

/// Returns the frequency of an unlisted allele at a locus, before the frequencies are divided by their new sum.
fn unlisted(model: &LocusModel) -> f64 {
    let share = |of: Option<usize>| of.map_or(0.0, |unseen| model.frequencies()[unseen]);
    model.floor() * (1.0 - share(model.rest()) - share(model.silent()))
}
