//! Explains the likelihood ratio of one pair, locus by locus.

use crate::kinship::cpi::{CpiCase, LocusIndex, NoCpi};
use crate::kinship::{Calculator, KinshipError};
use crate::model::{Allele, Candidate, Child, Family, Genotype, InView, Locus, Pseudonym, Relation, Unscorable};

use super::aim::{made_by, names};
use super::compile::Compiler;
use super::compiled::{CompiledFamily, PairScorer};
use super::doubt::{FamilyView, views};
use super::result::Criterion;
use super::view_weights::{CompiledView, mixed, view_weights};

/// The parts of a likelihood ratio.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// Relation of each relative to the missing child, in the order of the genotypes of each locus.
    pub relations: Vec<Relation>,
    /// The loci, in panel order.
    pub loci: Vec<LocusExplanation>,
    /// log10 LR over all loci: the sum over the loci in this order, bit for bit the value that matching computes.
    pub log10_lr: f64,
    /// Loci at which the child and at least one relative are typed.
    pub loci_compared: u32,
    /// Loci at which the child cannot be the missing child without a mutation.
    pub incompatible_loci: u32,
    /// The second index, the CPI, or the reason why it cannot be computed.
    pub cpi: Result<CpiTotal, NoCpi>,
}

impl Explanation {
    /// Returns the pair as a candidate with the papers as they are stated, whether or not it is one.
    #[must_use]
    pub fn as_candidate(&self, family: Pseudonym, child: Pseudonym) -> Candidate {
        let Self { log10_lr, loci_compared, incompatible_loci, .. } = *self;
        Candidate { family, child, log10_lr, loci_compared, incompatible_loci, same_as: None, views: None }
    }
}

/// The CPI over all loci.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CpiTotal {
    /// The case of the CPI, which selects the tables.
    pub case: CpiCase,
    /// log10 of the CPI: the sum over the loci in their order.
    pub log10: f64,
    /// Loci with an index.
    pub loci: u32,
    /// Loci that need a mutation.
    pub inconsistent: u32,
}

/// One locus of a pair.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LocusExplanation {
    /// The locus.
    pub locus: Locus,
    /// The relatives' genotypes.
    pub relatives: Vec<Option<Genotype>>,
    /// The child's genotype.
    pub child: Option<Genotype>,
    /// Set if both sides are typed. Other loci have log10 LR 0, unless the child is inbred in its pedigree.
    pub is_compared: bool,
    /// log10 LR. If [`Self::linked_with`] is set, the first of the two loci has the value of both, and the second has
    /// 0.
    pub log10_lr: f64,
    /// The sum of log10 LR up to and including this locus.
    pub running: f64,
    /// The linked locus that is computed together with this one.
    pub linked_with: Option<Locus>,
    /// `true` if the child is possible without mutation; `None` if the locus is not compared, or if the relatives' own
    /// genotypes are impossible without mutation.
    pub is_compatible: Option<bool>,
    /// Alleles of the pair without a frequency in the table; the floor is used for them.
    pub unlisted: Vec<Allele>,
    /// The paternity index of the locus by the convention of the CPI.
    pub cpi: Option<LocusIndex>,
    /// The sum of the log10 paternity indices up to and including this locus.
    pub running_cpi: f64,
    /// The mutations needed if the child is incompatible with typed parents.
    pub mutations: Vec<crate::kinship::cpi::NeededMutation>,
}

/// A pair in every view of the family.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ExplainedViews {
    /// log10 LR in each view; the view of the papers as they are stated is the first.
    pub all: Vec<InView>,
    /// Per view, the loci at which the child is incompatible, or at which the relatives contradict each other.
    pub incompatible: Vec<Vec<Locus>>,
    /// The view that makes the pair a candidate, if one does.
    pub made_by: Option<usize>,
    /// The likelihood ratio over all views, as in [`Views`](crate::model::Views).
    pub log10_lr_mixed: Option<f64>,
}

/// Computes the likelihood ratio of a pair in every view of the family that the criterion allows, as matching does.
/// Ignores the limits per family and on chance hits.
///
/// # Errors
/// [`Unscorable`] with the first locus that fails.
pub fn explain_views(
    calculator: &Calculator,
    family: &Family,
    child: &Child,
    criterion: &Criterion,
) -> Result<ExplainedViews, Unscorable> {
    let compiler = Compiler::new(calculator, false);
    let genotype = |locus: usize| child.profile.at(locus);
    let panel = calculator.panel();
    let unscorable = |reason: KinshipError| Unscorable {
        family: family.pseudonym,
        locus: panel.loci()[0].clone(),
        reason: reason.to_string(),
    };
    let views = views(family, &criterion.doubts);
    let (mut all, mut incompatible) = (Vec::with_capacity(views.len()), Vec::with_capacity(views.len()));
    let compiled: Vec<CompiledFamily> =
        views.iter().map(|one| compiler.family(&one.family)).collect::<Result<_, _>>()?;
    for (FamilyView { view, log10_doubt, .. }, compiled) in views.iter().zip(&compiled) {
        let mut linked = compiled.linkage.scorers(calculator).map_err(unscorable)?;
        let log10_lr = compiled.log10_lr(calculator, &mut linked, genotype, child.drop_out).map_err(unscorable)?;
        let compared = compiler.compared(compiled, genotype).map_err(unscorable)?;
        all.push(InView { view: *view, log10_doubt: *log10_doubt, log10_lr });
        incompatible.push(names(panel, compared.incompatible | compared.contradicted));
    }
    let least = |log10_doubt: f64| criterion.min_log10_lr - log10_doubt;
    let made_by = made_by(all.iter().map(|one| (one.log10_lr, one.log10_doubt, least(one.log10_doubt))));
    let weighed: Vec<CompiledView<'_>> = (views.iter().zip(&compiled))
        .map(|(FamilyView { view, log10_doubt, family }, compiled)| CompiledView {
            view: *view,
            log10_doubt: *log10_doubt,
            relatives: family,
            compiled,
        })
        .collect();
    let log10_lrs: Vec<f64> = all.iter().map(|one| one.log10_lr).collect();
    let log10_lr_mixed = view_weights(calculator, family, &weighed).and_then(|weights| mixed(&weights, &log10_lrs));
    Ok(ExplainedViews { all, incompatible, made_by, log10_lr_mixed })
}

/// Explains the score of one pair. `certain` names a parent who is known for certain, for the CPI.
///
/// ```
/// use reunite::kinship::Calculator;
/// use reunite::matching::explain;
/// use reunite::model::{Child, Family, Profile, Pseudonym, Relation, Relative};
/// use reunite::population::{FrequencyTable, Model};
///
/// let table = FrequencyTable::from_counts(&[
///     ("vWA", &[(140, 0.05), (150, 0.05), (160, 0.9)]),
///     ("FGA", &[(200, 0.05), (210, 0.05), (220, 0.9)]),
/// ])?;
/// let calculator = Calculator::new(&table, Model::default())?;
/// let father = Relative {
///     sample: Pseudonym::from_bytes([1; 16]),
///     relation: Relation::Father,
///     profile: Profile::new(vec![Some("14/15".parse()?), Some("20/21".parse()?)]),
///     drop_out: None,
/// };
/// let family = Family { pseudonym: Pseudonym::from_bytes([2; 16]), relatives: vec![father], pedigree: None };
/// let child = Child {
///     pseudonym: Pseudonym::from_bytes([3; 16]),
///     profile: Profile::new(vec![Some("14/16".parse()?), Some("20/22".parse()?)]),
///     drop_out: None,
/// };
///
/// let explanation = explain(&calculator, &family, &child, None)?;
/// let by_locus: Vec<String> = explanation.loci.iter().map(|locus| format!("{} {:.2}", locus.locus, locus.log10_lr)).collect();
/// assert_eq!(by_locus, ["vWA 0.70", "FGA 0.70"]);
/// assert_eq!((explanation.loci_compared, explanation.incompatible_loci), (2, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Unscorable`] with the first locus that fails.
pub fn explain(
    calculator: &Calculator,
    family: &Family,
    child: &Child,
    certain: Option<Relation>,
) -> Result<Explanation, Unscorable> {
    let panel = calculator.panel();
    let unscorable = |locus: usize, reason: KinshipError| Unscorable {
        family: family.pseudonym,
        locus: panel.loci()[locus].clone(),
        reason: reason.to_string(),
    };
    let compiled = Compiler::new(calculator, false).family(family)?;
    let linked_at = |pair: [usize; 2]| move |reason: KinshipError| unscorable(pair[0], reason);
    let mut linked = Vec::new();
    for PairScorer { loci, scorer } in
        &mut compiled.linkage.scorers(calculator).map_err(|reason| unscorable(0, reason))?
    {
        let genotypes = loci.map(|locus| child.profile.at(locus));
        if let Some(value) = calculator.linked_log10_lr(scorer, genotypes, child.drop_out).map_err(linked_at(*loci))? {
            linked.push((*loci, value));
        }
    }
    let relations = family.relations();
    let case = CpiCase::of_relations(&relations, certain);
    let mut explanation = Explanation {
        relations,
        loci: Vec::with_capacity(panel.len()),
        log10_lr: 0.0,
        loci_compared: 0,
        incompatible_loci: 0,
        cpi: case.map(|case| CpiTotal { case, log10: 0.0, loci: 0, inconsistent: 0 }),
    };
    for (locus, name) in panel.loci().iter().enumerate() {
        let relatives: Vec<Option<Genotype>> = family.relatives.iter().map(|r| r.profile.at(locus)).collect();
        let genotype = child.profile.at(locus);
        let pair = linked.iter().find(|(loci, _)| loci.contains(&locus));
        let log10_lr = match pair {
            Some((loci, value)) if loci[0] == locus => *value,
            Some(_) => 0.0,
            None => compiled
                .locus_log10_lr(calculator, locus, genotype, child.drop_out)
                .map_err(|reason| unscorable(locus, reason))?,
        };
        explanation.log10_lr += log10_lr;
        let compared = compiled.loci[locus].as_ref().filter(|locus| locus.evidence.is_typed()).zip(genotype);
        let mut is_compatible = None;
        if let Some((compiled, genotype)) = compared {
            is_compatible =
                calculator.is_compatible(&compiled.evidence, genotype).map_err(|reason| unscorable(locus, reason))?;
            explanation.loci_compared += 1;
            explanation.incompatible_loci += u32::from(is_compatible == Some(false));
        }
        let of = |relation: Relation| {
            family.relatives.iter().find(|r| family.relation(r) == relation).and_then(|r| r.profile.at(locus))
        };
        let model = &calculator.loci()[locus];
        let frequency = |allele: Allele| model.frequency(allele);
        let cpi = match (&mut explanation.cpi, genotype) {
            (Ok(total), Some(genotype)) => {
                let index = total.case.index(of, genotype, frequency);
                if let Some(index) = &index {
                    total.log10 += libm::log10(index.index);
                    total.loci += 1;
                    total.inconsistent += u32::from(!index.mutations.is_empty());
                }
                index
            }
            _ => None,
        };
        // The mutations that the parents alone require. If they require none, another relative does not fit.
        let parents = || CpiCase::BothParents.index(of, genotype?, frequency);
        let mutations = if is_compatible == Some(false) {
            parents().map_or(Vec::new(), |index| index.mutations)
        } else {
            Vec::new()
        };
        let shown = relatives.iter().flatten().chain(&genotype).flat_map(|g| [g.low(), g.high()]);
        let mut unlisted: Vec<Allele> = shown.filter(|&allele| model.position(allele).is_none()).collect();
        unlisted.sort_unstable();
        unlisted.dedup();
        explanation.loci.push(LocusExplanation {
            locus: name.clone(),
            relatives,
            child: genotype,
            is_compared: compared.is_some(),
            log10_lr,
            running: explanation.log10_lr,
            linked_with: pair.map(|(loci, _)| panel.loci()[loci[usize::from(loci[0] == locus)]].clone()),
            is_compatible,
            unlisted,
            cpi,
            running_cpi: explanation.cpi.as_ref().map_or(0.0, |total| total.log10),
            mutations,
        });
    }
    explanation.log10_lr += 0.0;
    Ok(explanation)
}
