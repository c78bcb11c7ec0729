//! Defines the plan of a synthetic population.

use crate::model::{Pedigree, PedigreeError, Relation};
use crate::population::MutationError;

/// A set of relatives, and the share of families that have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Relations to the missing child, in any order; at least one.
    pub relations: Vec<Relation>,
    /// Share of the families, in proportion to the other shapes' weights; 0 or more.
    pub weight: f64,
}

/// The relations of a shape in canonical order, its pedigree, and the second possible pedigree if a parent of unstated
/// sex may take the other place.
#[derive(Debug)]
pub(super) struct Pedigrees {
    pub(super) relations: Vec<Relation>,
    pub(super) pedigree: Pedigree,
    pub(super) mirrored: Option<Pedigree>,
}

/// Returns relations that put parents of unstated sex in the places where [`Pedigree::from_relations`] does not put
/// them.
fn mirrored(relations: &[Relation]) -> Vec<Relation> {
    let mut others = [Relation::Mother, Relation::Father].into_iter();
    let of_first = relations.iter().filter(|&&relation| relation == Relation::Parent).count() == 2;
    if of_first {
        others = [Relation::Father, Relation::Mother].into_iter();
    }
    let placed = relations.iter().map(|relation| relation.beside(|other| relations.contains(&other)));
    placed
        .map(|relation| if relation == Relation::Parent { others.next().unwrap_or(relation) } else { relation })
        .collect()
}

/// The plan of a synthetic population. Probabilities and shares are in the range from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Number of families.
    pub families: usize,
    /// Number of children, including the planted ones.
    pub children: usize,
    /// The seed: equal seeds give equal populations on every machine.
    pub seed: u64,
    /// Probability that a family's child is among the children.
    pub planted: f64,
    /// The sets of relatives that families have.
    pub shapes: Vec<Shape>,
    /// Probability that a locus of an otherwise complete profile is untyped.
    pub untyped: f64,
    /// Share of children of whom only some loci are typed: 10 to 18 of 23, in proportion on other panels, but no
    /// fewer than 8 where the panel has that many.
    pub partial_children: f64,
    /// Share of relatives of whom only some loci are typed.
    pub partial_relatives: f64,
    /// Number of planted children whose inherited allele is moved by one or two repeats at one or two loci, so that
    /// they contradict a typed parent there.
    pub forced_mutations: usize,
    /// Number of children who are really children of a typed parent's full sibling and a stranger: the missing child's
    /// cousins.
    pub nephew_traps: usize,
    /// Number of families whose typed father or mother is really the full sibling of a found child's parent of that
    /// sex. The other parent, if typed, is the true one. Only families whose own child is not planted are used.
    pub sibling_parent_traps: usize,
    /// Probability that the sample of a family's stated father comes from a stranger.
    pub wrong_father: f64,
    /// Probability that the sample of a family's stated mother comes from a stranger.
    pub wrong_mother: f64,
    /// Probability that the samples of two relatives of a family were exchanged, if their sexes do not distinguish
    /// them.
    pub exchanged: f64,
    /// Probability that one of a family's full siblings is a half-sibling, by another father.
    pub half_as_full: f64,
}

/// The reason why a plan cannot be carried out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A probability or share outside 0 to 1.
    #[error("{name} is {value}, not from 0 to 1")]
    Share {
        /// The field of the plan.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// There are no shapes, a shape has no relatives, or weights are negative, not finite or all 0.
    #[error("the family shapes need at least one relative each and weights that are 0 or more, one above 0")]
    Shapes,
    /// More shapes than [`Plan::MOST_SHAPES`].
    #[error("a plan has at most {most} family shapes, this one has {0}", most = Plan::MOST_SHAPES)]
    TooManyShapes(usize),
    /// The relations of a shape form no pedigree.
    #[error(transparent)]
    Pedigree(#[from] PedigreeError),
    /// The mutation model gives no matrix for the table.
    #[error(transparent)]
    Mutation(#[from] MutationError),
    /// Fewer children than have to be planted.
    #[error(
        "the families bring {needed} children of their own, more than the {children} asked for: ask for more \
         children, or plant a smaller share"
    )]
    TooFewChildren {
        /// Number of planted children and traps.
        needed: usize,
        /// The requested number.
        children: usize,
    },
    /// Too few families fit a special planting.
    #[error("{name} asks for {wanted} families, but only {found} are fit for it: ask for more families")]
    TooFewFamilies {
        /// The field of the plan.
        name: &'static str,
        /// The requested number.
        wanted: usize,
        /// The number available.
        found: usize,
    },
}

impl Default for Plan {
    /// Returns the default plan: 1,000 families, 10,000 children, seed 1, half of the families' children among them, no
    /// special plantings, true papers.
    fn default() -> Self {
        Self {
            families: 1_000,
            children: 10_000,
            seed: 1,
            planted: 0.5,
            shapes: Self::default_shapes(),
            untyped: 0.01,
            partial_children: 0.05,
            partial_relatives: 0.03,
            forced_mutations: 0,
            nephew_traps: 0,
            sibling_parent_traps: 0,
            wrong_father: 0.0,
            wrong_mother: 0.0,
            exchanged: 0.0,
            half_as_full: 0.0,
        }
    }
}

impl Plan {
    /// The maximum number of shapes in a plan.
    pub const MOST_SHAPES: usize = 256;

    /// Returns a mix in which one or both parents make up four fifths, and every relation occurs. Weights are
    /// percentages.
    #[must_use]
    pub fn default_shapes() -> Vec<Shape> {
        use Relation::{
            Father, FullSibling, MaternalAunt, MaternalGrandfather, MaternalGrandmother, MaternalHalfSibling,
            MaternalUncle, Mother, PaternalAunt, PaternalGrandfather, PaternalGrandmother, PaternalHalfSibling,
            PaternalUncle,
        };
        let mix: [(f64, &[Relation]); 19] = [
            (45.0, &[Father, Mother]),
            (22.0, &[Mother]),
            (12.0, &[Father]),
            (4.0, &[Father, Mother, FullSibling]),
            (3.0, &[Mother, FullSibling]),
            (1.5, &[Father, FullSibling]),
            (1.5, &[FullSibling]),
            (1.5, &[FullSibling, FullSibling]),
            (0.5, &[FullSibling, FullSibling, FullSibling]),
            (1.5, &[Mother, PaternalGrandfather, PaternalGrandmother]),
            (1.25, &[PaternalGrandfather, PaternalGrandmother]),
            (1.25, &[Father, MaternalGrandfather, MaternalGrandmother]),
            (0.75, &[MaternalGrandmother]),
            (0.75, &[Mother, PaternalHalfSibling]),
            (0.75, &[MaternalHalfSibling]),
            (0.75, &[Father, MaternalUncle]),
            (0.75, &[Mother, PaternalUncle]),
            (0.75, &[Mother, PaternalGrandmother, PaternalAunt]),
            (0.5, &[PaternalUncle, PaternalAunt, MaternalAunt]),
        ];
        mix.iter().map(|&(weight, relations)| Shape { relations: relations.to_vec(), weight }).collect()
    }

    /// Returns the pedigrees of every shape, after checking everything that can be checked before drawing.
    pub(super) fn pedigrees(&self) -> Result<Vec<Pedigrees>, PlanError> {
        let shares = [
            ("planted", self.planted),
            ("untyped", self.untyped),
            ("partial_children", self.partial_children),
            ("partial_relatives", self.partial_relatives),
            ("wrong_father", self.wrong_father),
            ("wrong_mother", self.wrong_mother),
            ("exchanged", self.exchanged),
            ("half_as_full", self.half_as_full),
        ];
        if let Some((name, value)) = shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            return Err(PlanError::Share { name, value });
        }
        if self.shapes.len() > Self::MOST_SHAPES {
            return Err(PlanError::TooManyShapes(self.shapes.len()));
        }
        let sound = |shape: &Shape| !shape.relations.is_empty() && shape.weight >= 0.0;
        let sum: f64 = self.shapes.iter().map(|shape| shape.weight).sum();
        if !(self.shapes.iter().all(sound) && sum > 0.0 && sum.is_finite()) {
            return Err(PlanError::Shapes);
        }
        let pedigree = |shape: &Shape| {
            let mut relations = shape.relations.clone();
            relations.sort_unstable();
            let pedigree = Pedigree::from_relations(&relations)?;
            let mirrored = Pedigree::from_relations(&mirrored(&relations))?;
            let mirrored = Some(mirrored).filter(|mirrored| *mirrored != pedigree);
            Ok(Pedigrees { relations, pedigree, mirrored })
        };
        self.shapes.iter().map(pedigree).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_mix_has_every_relation_and_adds_up() {
        let shapes = Plan::default_shapes();
        assert!((shapes.iter().map(|shape| shape.weight).sum::<f64>() - 100.0).abs() < 1e-9);
        for relation in Relation::ALL {
            assert!(shapes.iter().any(|shape| shape.relations.contains(&relation)), "{relation}");
        }
        assert_eq!(Plan::default().pedigrees().unwrap().len(), shapes.len());
    }

    #[test]
    fn refuses_what_cannot_be_done() {
        let refused = |change: &dyn Fn(&mut Plan)| {
            let mut plan = Plan::default();
            change(&mut plan);
            plan.pedigrees().unwrap_err()
        };
        assert!(matches!(refused(&|plan| plan.planted = 1.5), PlanError::Share { name: "planted", .. }));
        assert!(matches!(refused(&|plan| plan.untyped = f64::NAN), PlanError::Share { name: "untyped", .. }));
        assert_eq!(refused(&|plan| plan.shapes.clear()), PlanError::Shapes);
        assert_eq!(refused(&|plan| plan.shapes[3].weight = -1.0), PlanError::Shapes);
        assert_eq!(refused(&|plan| plan.shapes[0].weight = f64::INFINITY), PlanError::Shapes);
        assert_eq!(refused(&|plan| plan.shapes[0].relations.clear()), PlanError::Shapes);
        let two = refused(&|plan| plan.shapes[0].relations = vec![Relation::Mother; 2]);
        assert_eq!(two, PlanError::Pedigree(PedigreeError::Two(Relation::Mother)));
    }
}
