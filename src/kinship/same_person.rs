//! Computes the likelihood ratio of "two typings come from one person" against "from two unrelated persons".

use std::sync::OnceLock;

use crate::model::{Genotype, Relation, genotype_count};

use super::{Calculator, Evidence, KinshipError};

/// The probability that two typings of one person differ at a locus, because of drop-out, different primers of another
/// kit, or a clerical error. It is generous, so that two samples of one person are recognised even if they disagree at
/// one or two loci. Two different persons, full siblings included, disagree at far more loci.
pub const TYPING_ERROR: f64 = 0.01;

/// The likelihood ratio of "both typings are of one person" against "unrelated". It caches what it computes and can be
/// shared between threads.
pub struct SamePerson<'a> {
    calculator: &'a Calculator,
    /// By locus and genotype code, the probability of the genotype in a person who is unrelated to one with that
    /// genotype.
    coincidence: Vec<Vec<OnceLock<f64>>>,
}

impl<'a> SamePerson<'a> {
    /// Creates an empty cache.
    #[must_use]
    pub fn new(calculator: &'a Calculator) -> Self {
        let cells = |locus: &crate::population::LocusModel| {
            (0..genotype_count(locus.listed().len())).map(|_| OnceLock::new()).collect()
        };
        Self { calculator, coincidence: calculator.loci().iter().map(cells).collect() }
    }

    /// Computes log10 LR at a locus.
    ///
    /// With probability e, which is [`TYPING_ERROR`], the second typing is wrong and gives no information: it shows
    /// each genotype as often as an unrelated person does. `LR = e + (1 - e) [equal] / P(genotype | H2)`.
    ///
    /// # Errors
    /// Returns [`KinshipError`] if the probability of the genotype cannot be computed.
    ///
    /// # Panics
    /// If `locus` is not a position of the panel.
    pub fn log10_lr(&self, locus: usize, a: Genotype, b: Genotype) -> Result<f64, KinshipError> {
        if a != b {
            return Ok(libm::log10(TYPING_ERROR));
        }
        let model = &self.calculator.loci()[locus];
        let probability = match model.positions(a) {
            Some((i, j)) => {
                let code = crate::model::genotype_code(i, j);
                match self.coincidence[locus][code].get() {
                    Some(&probability) => probability,
                    None => {
                        let evidence =
                            Evidence::new([(Relation::FullSibling, Some(a))], crate::population::Convention::Pruned);
                        let probability = self.calculator.unrelated(locus, &evidence)?[code];
                        *self.coincidence[locus][code].get_or_init(|| probability)
                    }
                }
            }
            None => self.unlisted(locus, a)?,
        };
        Ok(libm::log10(TYPING_ERROR + (1.0 - TYPING_ERROR) / probability))
    }

    /// Returns the probability of a genotype with an unlisted allele.
    fn unlisted(&self, locus: usize, genotype: Genotype) -> Result<f64, KinshipError> {
        let model = &self.calculator.loci()[locus];
        let enlarged = model.with_alleles(&[genotype.low(), genotype.high()], self.calculator.model())?;
        let model = enlarged.as_ref().unwrap_or(model);
        // The enlarged model contains both alleles.
        Ok(model.positions(genotype).map_or(1.0, |(i, j)| model.genotype_probability(i, j)))
    }
}
