//! Relates the alleles that a profile shows to the possible genotypes of the person.

use crate::population::LocusModel;

/// Positions of a person's two alleles in the locus model, in either order.
pub(super) type Pair = (usize, usize);

/// The possible genotypes of a typed person at a locus, with P(observed alleles | genotype) for each.
///
/// Two different observed alleles are the genotype. A single observed allele may come from a homozygote, from a
/// heterozygote with a silent allele, or from a heterozygote whose other allele dropped out. With a drop-out
/// probability d per copy:
/// - shown a/b: from a/b with (1 - d)^2;
/// - shown a: from a/a with 1 - d^2, from a/b with d (1 - d), from a/silent with 1 - d
///
/// (Gill et al. 2012, the model of independent drop-outs).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Observation {
    pub(super) pairs: Vec<Pair>,
    pub(super) likelihoods: Vec<f64>,
}

impl Observation {
    /// Creates the observation of the alleles at these positions; neither may be the silent allele.
    pub(super) fn new((a, b): Pair, drop_out: f64, model: &LocusModel) -> Self {
        let d = drop_out;
        if a != b {
            return Self { pairs: vec![(a, b)], likelihoods: vec![(1.0 - d) * (1.0 - d)] };
        }
        let mut observation = Self { pairs: vec![(a, a)], likelihoods: vec![1.0 - d * d] };
        let others = (0..model.alleles().len()).chain(model.rest());
        for other in others.filter(|&other| d > 0.0 && other != a) {
            observation.pairs.push((a, other));
            observation.likelihoods.push(d * (1.0 - d));
        }
        if let Some(silent) = model.silent() {
            observation.pairs.push((a, silent));
            observation.likelihoods.push(1.0 - d);
        }
        observation
    }

    /// Returns the genotype, if only one is possible.
    pub(super) fn certain(&self) -> Option<Pair> {
        if let &[pair] = self.pairs.as_slice() { Some(pair) } else { None }
    }

    /// Computes P(observed alleles) from the probabilities of the genotypes.
    pub(super) fn probability(&self, of_pair: impl Fn(usize, usize) -> f64) -> f64 {
        self.pairs.iter().zip(&self.likelihoods).map(|(&(a, b), likelihood)| likelihood * of_pair(a, b)).sum()
    }
}

/// A product of a function of the paternal gamete and a function of the maternal gamete.
pub(super) struct Term {
    pub(super) paternal: Vec<f64>,
    pub(super) maternal: Vec<f64>,
}

/// Returns an upper bound on the number of binary choices between terms.
pub(super) fn phases(terms: &[Term]) -> usize {
    terms.len().next_power_of_two().ilog2() as usize
}

/// Writes a function of unordered genotypes, which is 0 outside `pairs`, as a sum of products over `alleles` alleles.
///
/// One genotype needs one term or two, genotypes that share an allele need two, any others need one per allele.
pub(super) fn terms(pairs: &[Pair], values: &[f64], alleles: usize) -> Vec<Term> {
    let indicator = |x: usize, value: f64| {
        let mut vector = vec![0.0; alleles];
        vector[x] = value;
        vector
    };
    if let (&[(a, b)], &[value]) = (pairs, values) {
        let mut terms = vec![Term { paternal: indicator(a, value), maternal: indicator(b, 1.0) }];
        if a != b {
            terms.push(Term { paternal: indicator(b, value), maternal: indicator(a, 1.0) });
        }
        return terms;
    }
    let shared = pairs.first().map(|pair| pair.0).filter(|a| pairs.iter().all(|pair| pair.0 == *a));
    if let Some(a) = shared {
        let mut others = vec![0.0; alleles];
        for (&(_, b), &value) in pairs.iter().zip(values) {
            others[b] = value;
        }
        let mut different = others.clone();
        different[a] = 0.0;
        return vec![
            Term { paternal: indicator(a, 1.0), maternal: others },
            Term { paternal: different, maternal: indicator(a, 1.0) },
        ];
    }
    let mut terms: Vec<Term> =
        (0..alleles).map(|x| Term { paternal: indicator(x, 1.0), maternal: vec![0.0; alleles] }).collect();
    for (&(a, b), &value) in pairs.iter().zip(values) {
        terms[a].maternal[b] = value;
        terms[b].maternal[a] = value;
    }
    terms
}
