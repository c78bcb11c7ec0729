//! One person typed twice: what two typings say for it.

use std::sync::OnceLock;

use crate::model::{Genotype, Relation, genotype_count};

use super::{Calculator, Evidence, KinshipError};

/// The probability that two typings of one person differ at a locus: drop-out, another kit's primers, a clerical
/// error. Generous, so that two samples of one person are recognised although they disagree at a locus or two; two
/// different persons, full siblings included, disagree at far too many.
pub const TYPING_ERROR: f64 = 0.01;

/// The likelihood ratio of "both typings are of one person" against "unrelated". Keeps what it computes, and may be shared
/// between threads.
pub struct SamePerson<'a> {
    calculator: &'a Calculator,
    /// By locus and genotype code, how probable the genotype is in someone unrelated to one who has it.
    coincidence: Vec<Vec<OnceLock<f64>>>,
}

impl<'a> SamePerson<'a> {
    /// Nothing is computed yet.
    #[must_use]
    pub fn new(calculator: &'a Calculator) -> Self {
        let cells = |locus: &crate::population::LocusModel| {
            (0..genotype_count(locus.listed().len())).map(|_| OnceLock::new()).collect()
        };
        Self { calculator, coincidence: calculator.loci().iter().map(cells).collect() }
    }

    /// log10 LR at a locus.
    ///
    /// With probability [`TYPING_ERROR`] e the second typing is wrong and says nothing, that is, shows any genotype
    /// as often as an unrelated person does: `LR = e + (1 - e) [equal] / P(genotype | H2)`.
    ///
    /// # Errors
    /// [`KinshipError`].
    ///
    /// # Panics
    /// If `locus` is no position of the panel.
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

    /// How probable a genotype with an unlisted allele is.
    fn unlisted(&self, locus: usize, genotype: Genotype) -> Result<f64, KinshipError> {
        let model = &self.calculator.loci()[locus];
        let enlarged = model.with_alleles(&[genotype.low(), genotype.high()], self.calculator.model())?;
        let model = enlarged.as_ref().unwrap_or(model);
        // Both alleles are listed by now.
        Ok(model.positions(genotype).map_or(1.0, |(i, j)| model.genotype_probability(i, j)))
    }
}
