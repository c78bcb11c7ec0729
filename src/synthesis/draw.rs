//! Draws families and unrelated children, each from a stream of its own.

use crate::model::{Pedigree, Profile, Relation, Sex};
use crate::population::{FrequencyTable, Model};

use super::genes::{GenePool, Genes, Side};
use super::plan::{Pedigrees, Plan, PlanError};
use super::random::{Alias, Purpose, Seed, Stream, fixed};
use super::typing::Typing;

/// A child before numbering.
pub(super) struct NewChild {
    pub(super) sex: Sex,
    pub(super) profile: Profile,
}

/// The visible properties of a person besides the genes.
#[derive(Clone, Copy)]
pub(super) struct Visible {
    pub(super) sex: Sex,
    /// Typed loci: bit i for position i.
    pub(super) typed: u64,
}

/// A drawn family, with all properties, including hidden ones.
pub(super) struct Drawn<'a> {
    pub(super) relations: &'a [Relation],
    pub(super) pedigree: &'a Pedigree,
    pub(super) planted: bool,
    /// Genes of every member of the pedigree, including the untyped members.
    pub(super) everyone: Vec<Genes>,
    /// The visible properties of each relative.
    pub(super) relatives: Vec<Visible>,
    /// The visible properties of the family's child.
    pub(super) child: Visible,
}

impl Drawn<'_> {
    /// Returns the position of the father or the mother among the relatives, if typed.
    pub(super) fn parent(&self, side: Side) -> Option<usize> {
        let wanted = match side {
            Side::Paternal => Relation::Father,
            Side::Maternal => Relation::Mother,
        };
        self.relations.iter().position(|&relation| relation == wanted)
    }
}

/// Everything that is needed for drawing people.
pub(super) struct Source {
    pub(super) pool: GenePool,
    pub(super) seed: Seed,
    shapes: Vec<Pedigrees>,
    mix: Alias,
    planted: u64,
    relatives: Typing,
    children: Typing,
}

impl Source {
    /// Number of unrelated children that share a stream.
    pub(super) const BLOCK: usize = 256;

    pub(super) fn new(plan: &Plan, table: &FrequencyTable, model: &Model) -> Result<Self, PlanError> {
        let shapes = plan.pedigrees()?;
        let weights: Vec<f64> = plan.shapes.iter().map(|shape| shape.weight).collect();
        let pool = GenePool::new(table, &model.mutation)?;
        let loci = pool.len();
        Ok(Self {
            pool,
            seed: Seed::new(plan.seed),
            shapes,
            mix: Alias::new(&weights),
            planted: fixed(plan.planted),
            relatives: Typing::new(loci, plan.untyped, plan.partial_relatives),
            children: Typing::new(loci, plan.untyped, plan.partial_children),
        })
    }

    /// Draws the family of this number. Everything is drawn, planted or not, so that the relatives do not depend on the
    /// share of planted children.
    pub(super) fn family(&self, index: usize) -> Drawn<'_> {
        let mut stream = self.seed.stream(Purpose::Family, index);
        let Pedigrees { relations, pedigree, mirrored } = &self.shapes[usize::from(self.mix.draw(&mut stream))];
        // The extra word is drawn only if it decides something, so that earlier populations stay unchanged.
        let mirrored = mirrored.as_ref().filter(|_| stream.word() >> 63 == 1);
        let pedigree = mirrored.unwrap_or(pedigree);
        let planted = stream.chance(self.planted);
        let everyone = self.pool.drop(pedigree, &mut stream);
        let mut relative = |relation: &Relation| {
            let any = any_sex(&mut stream);
            let sex = if *relation == Relation::Parent { Sex::Unknown } else { relation.sex().unwrap_or(any) };
            Visible { sex, typed: self.relatives.draw(&mut stream) }
        };
        let relatives = relations.iter().map(&mut relative).collect();
        let child = Visible { sex: any_sex(&mut stream), typed: self.children.draw(&mut stream) };
        Drawn { relations, pedigree, planted, everyone, relatives, child }
    }

    /// Returns the profile of a family's relative.
    pub(super) fn relative(&self, family: &Drawn<'_>, relative: usize) -> Profile {
        let genes = &family.everyone[family.pedigree.relatives()[relative]];
        self.pool.profile(genes, family.relatives[relative].typed)
    }

    /// Returns the family's own child.
    pub(super) fn own_child(&self, family: &Drawn<'_>) -> NewChild {
        let Visible { sex, typed } = family.child;
        NewChild { sex, profile: self.pool.profile(&family.everyone[family.pedigree.child()], typed) }
    }

    /// Returns a found child with these genes.
    pub(super) fn found(&self, genes: &[[u8; 2]], stream: &mut Stream) -> NewChild {
        let sex = any_sex(stream);
        NewChild { sex, profile: self.pool.profile(genes, self.children.draw(stream)) }
    }

    /// Draws the first `count` children of a block of unrelated ones, at most [`Self::BLOCK`].
    pub(super) fn unrelated(&self, block: usize, count: usize) -> impl Iterator<Item = NewChild> {
        let mut stream = self.seed.stream(Purpose::Unrelated, block);
        (0..count.min(Self::BLOCK)).map(move |_| {
            let genes = self.pool.founder(&mut stream);
            self.found(&genes, &mut stream)
        })
    }
}

fn any_sex(stream: &mut Stream) -> Sex {
    if stream.word() >> 63 == 0 { Sex::Female } else { Sex::Male }
}
