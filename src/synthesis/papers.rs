//! Falsifies the papers of families.

use crate::model::Relation;

use super::draw::{Drawn, Source};
use super::genes::Side;
use super::plan::Plan;
use super::random::{Purpose, Stream, fixed};

/// The ways in which the papers of a family may be false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FalsePapers {
    /// The father's sample comes from another man.
    WrongFather,
    /// The mother's sample comes from another woman.
    WrongMother,
    /// The samples of two relatives were exchanged.
    Exchanged,
    /// A stated full sibling is a half-sibling by another father.
    HalfAsFull,
}

impl FalsePapers {
    /// Returns the word for it in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WrongFather => "wrong-father",
            Self::WrongMother => "wrong-mother",
            Self::Exchanged => "exchanged",
            Self::HalfAsFull => "half-as-full",
        }
    }
}

/// The probabilities of a plan.
pub(super) struct Papers {
    wrong_father: u64,
    wrong_mother: u64,
    exchanged: u64,
    half_as_full: u64,
}

impl Papers {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            wrong_father: fixed(plan.wrong_father),
            wrong_mother: fixed(plan.wrong_mother),
            exchanged: fixed(plan.exchanged),
            half_as_full: fixed(plan.half_as_full),
        }
    }

    /// Falsifies a drawn family: afterwards `everyone` holds the genes of the actual donors. The child's own genes do
    /// not change. At most one statement becomes false; one that has no place in the family is not falsified.
    pub(super) fn falsify(&self, source: &Source, family: &mut Drawn<'_>, index: usize) -> Option<FalsePapers> {
        let mut stream = source.seed.stream(Purpose::Papers, index);
        // Every family uses four words, so that each probability has no effect on the draws of the others.
        let drawn = [
            (FalsePapers::WrongFather, self.wrong_father),
            (FalsePapers::WrongMother, self.wrong_mother),
            (FalsePapers::Exchanged, self.exchanged),
            (FalsePapers::HalfAsFull, self.half_as_full),
        ]
        .map(|(what, probability)| (what, stream.chance(probability)));
        let mut drawn = drawn.into_iter().filter(|one| one.1).map(|one| one.0);
        drawn.find(|&what| apply(what, source, family, &mut stream))
    }
}

fn apply(what: FalsePapers, source: &Source, family: &mut Drawn<'_>, stream: &mut Stream) -> bool {
    let places = family.pedigree.relatives();
    match what {
        FalsePapers::WrongFather | FalsePapers::WrongMother => {
            let side = if what == FalsePapers::WrongFather { Side::Paternal } else { Side::Maternal };
            let Some(parent) = family.parent(side) else { return false };
            family.everyone[places[parent]] = source.pool.founder(stream);
            true
        }
        FalsePapers::Exchanged => {
            let Some((a, b)) = exchangeable(family.relations, stream) else { return false };
            family.everyone.swap(places[a], places[b]);
            true
        }
        FalsePapers::HalfAsFull => {
            let sibling = family.relations.iter().position(|&relation| relation == Relation::FullSibling);
            let child = family.pedigree.members()[family.pedigree.child()];
            let (Some(sibling), Some(mother)) = (sibling, child.mother) else { return false };
            let stranger = source.pool.founder(stream);
            family.everyone[places[sibling]] = source.pool.child(&stranger, &family.everyone[mother], stream);
            true
        }
    }
}

/// Chooses two relatives with different relations whose sexes do not distinguish them; all pairs are equally likely.
fn exchangeable(relations: &[Relation], stream: &mut Stream) -> Option<(usize, usize)> {
    let fits = |&(a, b): &(usize, usize)| {
        let [one, other] = [a, b].map(|at| relations[at]);
        one != other && (one.sex().is_none() || other.sex().is_none() || one.sex() == other.sex())
    };
    let pairs = (0..relations.len()).flat_map(|a| (a + 1..relations.len()).map(move |b| (a, b)));
    let pairs: Vec<(usize, usize)> = pairs.filter(fits).collect();
    pairs.get(stream.below(pairs.len())).copied()
}
