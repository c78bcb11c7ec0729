//! Generates a population from a plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Profile, Relation, Sex};
use crate::population::{FrequencyTable, Model};

use super::draw::{Drawn, NewChild, Source};
use super::genes::Side;
use super::papers::{FalsePapers, Papers};
use super::plan::{Plan, PlanError};
use super::plantings::{
    NEPHEW, SIBLING_PARENT, child_of_siblings, choose, contradictions, nephew, with_forced_mutations,
};
use super::random::Purpose;

/// A typed relative of a synthetic missing child.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyntheticPerson {
    /// The sample number: `R0000001`.
    pub id: String,
    /// The relation to the missing child.
    pub relation: Relation,
    /// The sex: implied by the relation, or drawn.
    pub sex: Sex,
    /// Genotypes in the panel order of the frequency table.
    pub profile: Profile,
}

/// A synthetic family.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyntheticFamily {
    /// The family number: `F000001`.
    pub id: String,
    /// Its relatives, ordered by relation.
    pub relatives: Vec<SyntheticPerson>,
    /// The false statement in the papers, if any.
    pub papers: Option<FalsePapers>,
}

/// A synthetic child of unknown origin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyntheticChild {
    /// The sample number: `C0000001`.
    pub id: String,
    /// The sex; drawn.
    pub sex: Sex,
    /// Genotypes in the panel order of the frequency table.
    pub profile: Profile,
}

/// A true relation: the child is the family's missing child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Position of the family in [`Population::families`].
    pub family: usize,
    /// Position of the child in [`Population::children`].
    pub child: usize,
    /// Number of loci at which the child contradicts its stated father and mother. If the papers are true, an allele
    /// must have mutated there.
    pub mutated_loci: u8,
}

/// A child that resembles a family's missing child but is not that child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// Position of the family in [`Population::families`].
    pub family: usize,
    /// Position of the child in [`Population::children`].
    pub child: usize,
    /// The kind: [`NEPHEW`] or [`SIBLING_PARENT`].
    pub kind: &'static str,
}

/// Families and children, with the truth about them.
///
/// ```
/// use reunite::population::{FrequencyTable, Model};
/// use reunite::synthesis::{Plan, Population};
///
/// let plan = Plan { families: 10, children: 50, seed: 7, planted: 0.5, ..Plan::default() };
/// let population = Population::generate(&plan, FrequencyTable::chinese_han_23(), &Model::default())?;
/// assert_eq!((population.families.len(), population.children.len()), (10, 50));
/// assert!(population.truth.iter().all(|link| link.family < 10 && link.child < 50));
/// # Ok::<(), reunite::synthesis::PlanError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Population {
    /// The families, in the order of their numbers.
    pub families: Vec<SyntheticFamily>,
    /// The children, in random order and numbered in that order.
    pub children: Vec<SyntheticChild>,
    /// Every true relation, by family; at most one per family.
    pub truth: Vec<Link>,
    /// Every planted false relation, by family.
    pub traps: Vec<Trap>,
}

/// Returns the relations of a family in canonical order, joined: `father+mother`, `full-sibling+full-sibling`.
#[must_use]
pub fn relation_shape(family: &SyntheticFamily) -> String {
    let mut relations: Vec<Relation> = family.relatives.iter().map(|person| person.relation).collect();
    relations.sort_unstable();
    let words: Vec<&str> = relations.into_iter().map(Relation::word).collect();
    words.join("+")
}

/// The origin of a child in the pool.
#[derive(Clone, Copy)]
enum Origin {
    Unrelated,
    Own(usize),
    Trap(usize, &'static str),
}

impl Population {
    /// Generates the population of a plan. Alleles follow `table` and mutations follow `model`; other settings of the
    /// model are not used.
    ///
    /// # Errors
    /// [`PlanError`] if the plan contradicts itself, asks for fewer children than its families bring, or for more
    /// special plantings than there are fitting families; or if the mutation model gives no matrix for the table.
    pub fn generate(plan: &Plan, table: &FrequencyTable, model: &Model) -> Result<Self, PlanError> {
        let source = Source::new(plan, table, model)?;
        let falsified = Papers::new(plan);
        let mut families = Vec::with_capacity(plan.families);
        let mut own: BTreeMap<usize, NewChild> = BTreeMap::new();
        let mut with_parent = Vec::new();
        let mut relatives = 0;
        for index in 0..plan.families {
            let mut drawn = source.family(index);
            if drawn.planted {
                own.insert(index, source.own_child(&drawn));
            }
            if drawn.parent(Side::Paternal).or(drawn.parent(Side::Maternal)).is_some() {
                with_parent.push(index);
            }
            let papers = falsified.falsify(&source, &mut drawn, index);
            families.push(named(&source, &drawn, papers, index, &mut relatives));
        }
        let needed = own.len() + plan.nephew_traps + plan.sibling_parent_traps;
        if needed > plan.children {
            return Err(PlanError::TooFewChildren { needed, children: plan.children });
        }

        let selection = |number| source.seed.stream(Purpose::Selection, number);
        let (planted, unplanted) = with_parent.iter().partition(|family| own.contains_key(family));
        let forced = choose("forced_mutations", plan.forced_mutations, planted, selection(0), |family| {
            with_forced_mutations(&source, family)
        })?;
        own.extend(forced);
        let siblings = choose("sibling_parent_traps", plan.sibling_parent_traps, unplanted, selection(1), |family| {
            child_of_siblings(&source, family)
        })?;
        let used: BTreeSet<usize> = siblings.iter().map(|(family, _)| *family).collect();
        with_parent.retain(|family| !used.contains(family));
        let nephews =
            choose("nephew_traps", plan.nephew_traps, with_parent, selection(2), |family| nephew(&source, family))?;

        let mut pool: Vec<(Origin, NewChild)> = Vec::with_capacity(plan.children);
        pool.extend(own.into_iter().map(|(family, child)| (Origin::Own(family), child)));
        let traps = [(NEPHEW, nephews), (SIBLING_PARENT, siblings)];
        for (kind, children) in traps {
            pool.extend(children.into_iter().map(|(family, child)| (Origin::Trap(family, kind), child)));
        }
        for block in 0.. {
            let missing = plan.children - pool.len();
            if missing == 0 {
                break;
            }
            pool.extend(source.unrelated(block, missing).map(|child| (Origin::Unrelated, child)));
        }
        source.seed.stream(Purpose::Order, 0).shuffle(&mut pool);
        Ok(Self::assemble(families, pool))
    }

    fn assemble(families: Vec<SyntheticFamily>, pool: Vec<(Origin, NewChild)>) -> Self {
        let mut population =
            Self { families, children: Vec::with_capacity(pool.len()), truth: Vec::new(), traps: Vec::new() };
        for (child, (origin, NewChild { sex, profile })) in pool.into_iter().enumerate() {
            match origin {
                Origin::Unrelated => {}
                Origin::Own(family) => {
                    let relatives = &population.families[family].relatives;
                    let parents = [Relation::Father, Relation::Mother].map(|relation| {
                        relatives.iter().find(|person| person.relation == relation).map(|person| &person.profile)
                    });
                    let mutated_loci = contradictions(&profile, parents);
                    population.truth.push(Link { family, child, mutated_loci });
                }
                Origin::Trap(family, kind) => population.traps.push(Trap { family, child, kind }),
            }
            population.children.push(SyntheticChild { id: format!("C{:07}", child + 1), sex, profile });
        }
        population.truth.sort_unstable_by_key(|link| link.family);
        population.traps.sort_unstable_by_key(|trap| (trap.family, trap.child));
        population
    }
}

/// Numbers a drawn family; `relatives` counts the persons numbered so far.
fn named(
    source: &Source,
    drawn: &Drawn<'_>,
    papers: Option<FalsePapers>,
    index: usize,
    relatives: &mut usize,
) -> SyntheticFamily {
    let person = |(i, &relation): (usize, &Relation)| {
        *relatives += 1;
        SyntheticPerson {
            id: format!("R{relatives:07}"),
            relation,
            sex: drawn.relatives[i].sex,
            profile: source.relative(drawn, i),
        }
    };
    SyntheticFamily {
        id: format!("F{:06}", index + 1),
        relatives: drawn.relations.iter().enumerate().map(person).collect(),
        papers,
    }
}
