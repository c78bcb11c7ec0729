//! The probability that a family's missing child is in the database and is missed, divided by causes.

use serde::Serialize;

use crate::kinship::{Calculator, CalculatorError};
use crate::matching::{ChanceHits, Compiler, locus_set, views};
use crate::model::{Candidate, Family, Unscorable};
use crate::population::{DropOuts, FrequencyTable, Model, Mutation};

use super::weigh::Weigher;

/// The probability that a missing child stays below the threshold although it is in the database, as the sum of its
/// causes. The first cause is what even perfect data would miss; each further one is what it adds to those before, which
/// may be less than nothing: a mutation can also raise a likelihood ratio.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Missed {
    /// The relatives say too little, even with a child typed at all loci.
    pub by_relatives: f64,
    /// Children are typed at some of the loci only.
    pub by_loci: f64,
    /// A mutation hides the relation.
    pub by_mutation: f64,
    /// Alleles drop out.
    pub by_drop_out: f64,
    /// One statement of the papers is false, with the stated doubts, and the view that allows for it does not find the
    /// child. The other causes count as far as the papers are true.
    pub by_papers: f64,
    /// The sum.
    pub missed: f64,
}

impl Missed {
    /// Returns the causes, in their order.
    #[must_use]
    pub fn parts(&self) -> [f64; 5] {
        [self.by_relatives, self.by_loci, self.by_mutation, self.by_drop_out, self.by_papers]
    }
}

/// Models of children without mutation and drop-out, to see what these add.
#[derive(Clone, Debug)]
pub struct Truths {
    plain: Calculator,
    without_drop_out: Calculator,
}

impl Truths {
    /// Builds the models from that of the store.
    ///
    /// # Errors
    /// [`CalculatorError`].
    pub fn new(table: &FrequencyTable, model: &Model) -> Result<Self, CalculatorError> {
        let without_drop_out =
            Model { drop_out: DropOuts { relatives: model.drop_out.relatives, children: 0.0 }, ..*model };
        let plain = Model { mutation: Mutation::None, ..without_drop_out };
        Ok(Self { plain: Calculator::new(table, plain)?, without_drop_out: Calculator::new(table, without_drop_out)? })
    }
}

impl Weigher<'_> {
    /// Computes the probability that a family's missing child is missed, by cause. The relatives' own contradictions count
    /// as mutation.
    ///
    /// # Errors
    /// [`Unscorable`] with the first locus that fails.
    pub fn missed_by_cause(&self, family: &Family, truths: &Truths) -> Result<Missed, Unscorable> {
        let (compiler, hits, threshold) = (&self.compiler, self.hits, self.threshold);
        let panel = compiler.calculator().panel().len();
        let compiled = compiler.family(family)?;
        let fails = |reason| self.unscorable(family, &reason);
        let missed = hits.with_family(compiler, &compiled).map_err(fails)?.missed(threshold);
        let full = ChanceHits::of_sets(vec![(locus_set((0..panel).map(|_| true)), 1)], panel);
        // With children typed at all loci, and as they are.
        let of_truth = |truth: &Calculator| -> Result<[f64; 2], Unscorable> {
            let truth_compiler = Compiler::new(truth, false);
            let truth = truth_compiler.family(family)?;
            let missed = |hits: &ChanceHits| hits.missed_in_truth(&compiled, (&truth_compiler, &truth), threshold);
            Ok([missed(&full).map_err(fails)?, missed(hits).map_err(fails)?])
        };
        let [full_without_drop_out, without_drop_out] = of_truth(&truths.without_drop_out)?;
        // Relatives who contradict each other are impossible without mutation: nothing can be divided then.
        let [relatives, at_loci] = of_truth(&truths.plain).unwrap_or([full_without_drop_out, without_drop_out]);
        let (as_stated, papers) = self.papers(family)?;
        // Differences of the rounding are 0.
        let part = |more: f64, less: f64| if (more - less).abs() < 1e-9 { 0.0 } else { as_stated * (more - less) };
        Ok(Missed {
            by_relatives: as_stated * relatives,
            by_loci: part(at_loci, relatives),
            by_mutation: part(without_drop_out, at_loci),
            by_drop_out: part(missed, without_drop_out),
            by_papers: papers,
            missed: as_stated * missed + papers,
        })
    }

    /// Computes the probability that a family's missing child is missed if it is in the database: [`Missed::missed`].
    ///
    /// # Errors
    /// [`Unscorable`] with the first locus that fails.
    pub fn missed_in_all(&self, family: &Family) -> Result<f64, Unscorable> {
        let (as_stated, papers) = self.papers(family)?;
        Ok(as_stated * self.missed(family)? + papers)
    }

    /// Returns the probability that the papers are true, and the probability that they are not and the child is missed.
    fn papers(&self, family: &Family) -> Result<(f64, f64), Unscorable> {
        let (mut as_stated, mut papers) = (1.0, 0.0);
        for view in views(family, &self.doubts).iter().skip(1) {
            // A view that contradicts the relatives' genotypes is not the truth.
            let Ok(compiled) = self.compiler.family(&view.family) else { continue };
            let hits = self.hits.with_family(&self.compiler, &compiled);
            let mut hits = hits.map_err(|reason| self.unscorable(family, &reason))?;
            let doubt = libm::pow(10.0, view.log10_doubt);
            papers += doubt * hits.missed(self.threshold - view.log10_doubt);
            as_stated -= doubt;
        }
        Ok((f64::max(as_stated, 0.0), papers))
    }

    /// Returns the probability that the missing child is in the database and was missed, given the family's candidates
    /// with these weights together.
    #[must_use]
    pub fn in_database_and_missed(&self, missed: f64, candidates: &[Candidate]) -> f64 {
        let weights: f64 = candidates.iter().map(|candidate| self.weight(candidate)).sum();
        let in_database = self.prior.in_database();
        in_database * missed / (weights + self.prior.weight_of_none(missed))
    }
}
