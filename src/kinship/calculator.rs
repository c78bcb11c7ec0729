//! Likelihood ratios for given frequencies and a given model.

use crate::model::{Allele, Genotype, Locus, Panel, genotype_code, genotype_count};
use crate::population::{FrequencyTable, LocusModel, Model, ModelError};

use super::peel::{Pair, Peel};
use super::{Evidence, LocusTable, Structure, StructureError};

/// Frequencies and model, ready to compute.
#[derive(Clone, Debug)]
pub struct Calculator {
    panel: Panel,
    model: Model,
    loci: Vec<LocusModel>,
}

/// A frequency table and a model that do not go together, and at which locus.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("locus {locus}: {error}")]
pub struct CalculatorError {
    /// The locus.
    pub locus: Locus,
    /// What is wrong.
    pub error: ModelError,
}

/// Why a likelihood ratio cannot be given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum KinshipError {
    /// The relations make no pedigree that can be peeled.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// The relatives' own genotypes are impossible under the model, so the ratio is 0/0.
    #[error(
        "the relatives' own genotypes contradict their relations under this model (no mutation explains them): \
         check samples and relations, or use a mutation model that allows it"
    )]
    Contradiction,
    /// The model cannot be built with an allele that the frequency table does not list.
    #[error("with an allele that the frequency table does not list: {0}")]
    Model(#[from] ModelError),
}

/// H1 and H2 at one locus for one family: the ratio for any child genotype.
struct Hypotheses<'a> {
    model: &'a LocusModel,
    /// `x * n + y`: the child got x from the father and y from the mother, and the relatives are as typed.
    joint: Vec<f64>,
    relatives: f64,
}

impl<'a> Hypotheses<'a> {
    fn new(structure: &Structure, model: &'a LocusModel, evidence: &Evidence) -> Result<Self, KinshipError> {
        let genotypes: Vec<Option<Pair>> =
            evidence.relatives().iter().map(|relative| relative.1.and_then(|g| model.positions(g))).collect();
        let relatives = Peel::new(&structure.without_child, model, &genotypes).likelihood();
        let joint = Peel::new(&structure.with_child, model, &genotypes).child_joint().unwrap_or_default();
        if relatives > 0.0 { Ok(Self { model, joint, relatives }) } else { Err(KinshipError::Contradiction) }
    }

    /// P(child, relatives | H1) / (P(relatives | H2) P(child)), the child's alleles by their positions.
    fn ratio(&self, a: usize, b: usize) -> f64 {
        let at = |x: usize, y: usize| self.joint[x * self.model.alleles().len() + y];
        let related = if a == b { at(a, a) } else { at(a, b) + at(b, a) };
        related / (self.relatives * self.model.genotype_probability(a, b))
    }

    fn log10_lr(&self, a: usize, b: usize) -> f64 {
        libm::log10(self.ratio(a, b))
    }
}

impl Calculator {
    /// A calculator over all loci of a frequency table.
    ///
    /// # Errors
    /// [`CalculatorError`] with the first locus at which the model cannot be built.
    pub fn new(table: &FrequencyTable, model: Model) -> Result<Self, CalculatorError> {
        let build = |(locus, frequencies): (&Locus, _)| {
            LocusModel::new(frequencies, &model).map_err(|error| CalculatorError { locus: locus.clone(), error })
        };
        let loci = table.panel().loci().iter().zip(table.loci()).map(build).collect::<Result<_, _>>()?;
        Ok(Self { panel: table.panel().clone(), model, loci })
    }

    /// The loci, in the order in which they are added up.
    #[must_use]
    pub fn panel(&self) -> &Panel {
        &self.panel
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Per locus of the panel, alleles, frequencies and mutation.
    #[must_use]
    pub fn loci(&self) -> &[LocusModel] {
        &self.loci
    }

    /// The structure of this evidence; it may be kept and used again for evidence with the same
    /// [`Evidence::typed`].
    ///
    /// # Errors
    /// [`StructureError`].
    pub fn structure(&self, evidence: &Evidence) -> Result<Structure, StructureError> {
        Structure::new(&evidence.typed(), self.model.convention)
    }

    /// Compiles the evidence at a locus to the log10 LR of every listed child genotype.
    ///
    /// `structure` must be that of the evidence. Alleles of the relatives that the frequency table does not list
    /// are added with the floor frequency.
    ///
    /// # Errors
    /// [`KinshipError::Contradiction`] or [`KinshipError::Model`].
    ///
    /// # Panics
    /// If `locus` is no position of the panel.
    pub fn table(&self, locus: usize, structure: &Structure, evidence: &Evidence) -> Result<LocusTable, KinshipError> {
        let base = &self.loci[locus];
        let enlarged = self.enlarged(locus, evidence, None)?;
        let model = enlarged.as_ref().unwrap_or(base);
        if !evidence.is_informative() {
            return Ok(LocusTable::new(base, |_, _| 0.0));
        }
        let hypotheses = Hypotheses::new(structure, model, evidence)?;
        Ok(LocusTable::new(model, |a, b| hypotheses.log10_lr(a, b)))
    }

    /// The log10 LR of one child genotype at a locus, whether or not its alleles are listed.
    ///
    /// 0 if the child or every relative is untyped; negative infinity if H1 is impossible. For a listed genotype
    /// it is the table's value, bit for bit.
    ///
    /// # Errors
    /// [`KinshipError`].
    ///
    /// # Panics
    /// If `locus` is no position of the panel.
    pub fn log10_lr(&self, locus: usize, evidence: &Evidence, child: Option<Genotype>) -> Result<f64, KinshipError> {
        let Some(child) = child.filter(|_| evidence.is_informative()) else { return Ok(0.0) };
        let structure = self.structure(evidence)?;
        let enlarged = self.enlarged(locus, evidence, Some(child))?;
        let model = enlarged.as_ref().unwrap_or(&self.loci[locus]);
        let hypotheses = Hypotheses::new(&structure, model, evidence)?;
        Ok(model.positions(child).map_or(f64::NEG_INFINITY, |(a, b)| hypotheses.log10_lr(a, b)))
    }

    /// P(child genotype | relatives, H2) at a locus: how probable each listed genotype is in a child that is
    /// unrelated to the family. Indexed like the values of [`Self::table`], without the entry of an untyped child;
    /// adds up to 1 unless a relative carries an allele that the frequency table does not list.
    ///
    /// # Errors
    /// [`KinshipError::Model`].
    ///
    /// # Panics
    /// If `locus` is no position of the panel.
    pub fn unrelated(&self, locus: usize, evidence: &Evidence) -> Result<Vec<f64>, KinshipError> {
        let enlarged = self.enlarged(locus, evidence, None)?;
        let model = enlarged.as_ref().unwrap_or(&self.loci[locus]);
        let listed = model.listed();
        let mut probabilities = vec![0.0; genotype_count(listed.len())];
        for (j, &b) in listed.iter().enumerate() {
            for (i, &a) in listed[..=j].iter().enumerate() {
                probabilities[genotype_code(i, j)] = model.genotype_probability(a, b);
            }
        }
        Ok(probabilities)
    }

    /// Whether the child's genotype is possible without mutation; `None` if the relatives' own genotypes are not.
    ///
    /// # Errors
    /// [`StructureError`].
    pub fn is_compatible(&self, evidence: &Evidence, child: Genotype) -> Result<Option<bool>, StructureError> {
        let structure = self.structure(evidence)?;
        // Without mutation the alleles nobody shows are alike: one stands for all of them.
        let mut alleles: Vec<Allele> = evidence.alleles().chain([child.low(), child.high()]).collect();
        alleles.extend((10..).map_while(|tenths| Allele::from_tenths(tenths).ok()).find(|a| !alleles.contains(a)));
        let model = LocusModel::without_mutation(alleles);
        Ok(match Hypotheses::new(&structure, &model, evidence) {
            Ok(hypotheses) => model.positions(child).map(|(a, b)| hypotheses.ratio(a, b) > 0.0),
            Err(_) => None,
        })
    }

    /// An upper bound on [`Self::log10_lr`] of a typed child, without peeling.
    ///
    /// LR = P(child | relatives, H1) / P(child) x P(relatives | H1) / P(relatives | H2). The first numerator is at
    /// most 1. The second factor is 1 unless pruning lets an allele come straight from the population under H2 and
    /// through an untyped parent under H1; then each such step multiplies by at most
    /// `max_j (p M)_j / p_j <= 1 + mu / min p`, mu being the largest probability that an allele changes.
    ///
    /// # Panics
    /// If `locus` is no position of the panel.
    #[must_use]
    pub fn log10_lr_bound(&self, locus: usize, structure: &Structure, evidence: &Evidence, child: Genotype) -> f64 {
        let model = &self.loci[locus];
        let is_unlisted = |allele: &Allele| model.position(*allele).is_none();
        let mut unlisted: Vec<Allele> =
            evidence.alleles().chain([child.low(), child.high()]).filter(is_unlisted).collect();
        unlisted.sort_unstable();
        unlisted.dedup();
        let sum = 1.0 + unlisted.len() as f64 * model.floor();
        let frequency = |allele: Allele| model.position(allele).map_or(model.floor(), |i| model.frequencies()[i]) / sum;
        let product = frequency(child.low()) * frequency(child.high());
        let probability = if child.is_homozygous() { product } else { 2.0 * product };
        let least = model.frequencies().iter().fold(model.floor(), |least, &p| least.min(p)) / sum;
        let step = 1.0 + self.model.mutation.most_change() / least;
        // A hair above, for the rounding of the logarithms.
        1e-9 - libm::log10(probability) + structure.steps_apart() as f64 * libm::log10(step)
    }

    fn enlarged(
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
