//! Computes who else of the family a found person may be: the profile of a close relative resembles that of the missing
//! child.

use std::sync::Arc;

use serde::Serialize;

use crate::kinship::{Calculator, KinshipError};
use crate::model::{Child, Family, Member, Pedigree, Relation, Relative, Unscorable};

use super::compile::Compiler;

/// Relation of a found person to the missing child, if the person is not the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Alternative {
    /// A child of the missing child, by someone unknown.
    OwnChild,
    /// A further child of the missing child's parents.
    FullSibling,
    /// A child of a full sibling of the missing child, by someone unknown.
    Nephew,
}

impl Alternative {
    /// All alternatives.
    pub const ALL: [Self; 3] = [Self::OwnChild, Self::FullSibling, Self::Nephew];

    /// Returns the word for the alternative, for files and lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OwnChild => "own-child",
            Self::FullSibling => "full-sibling",
            Self::Nephew => "nephew",
        }
    }

    /// Returns the words that complete the sentence "the found person is ...".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::OwnChild => "the missing child's own child",
            Self::FullSibling => "a full sibling of the missing child",
            Self::Nephew => "a nephew or niece of the missing child",
        }
    }
}

/// Computes the log10 LR of each of [`Alternative::ALL`] against "unrelated", for a child of unknown origin and a
/// family whose missing child is somebody else and untyped. If one of them is as large as that of the missing child,
/// the profiles cannot distinguish the two. A full sibling has the same LR as the missing child if both parents are
/// typed.
///
/// # Errors
/// [`Unscorable`] with the first locus that fails.
pub fn alternatives(
    calculator: &Calculator,
    family: &Family,
    child: &Child,
) -> Result<[f64; Alternative::ALL.len()], Unscorable> {
    let unscorable = |reason: KinshipError| Unscorable {
        family: family.pseudonym,
        locus: calculator.panel().loci()[0].clone(),
        reason: reason.to_string(),
    };
    let compiler = Compiler::new(calculator, false);
    let mut log10_lrs = [0.0; Alternative::ALL.len()];
    for (alternative, value) in Alternative::ALL.into_iter().zip(&mut log10_lrs) {
        let Some(family) = family_of(alternative, family) else { continue };
        let compiled = compiler.family(&family)?;
        let mut linked = compiled.linkage.scorers(calculator).map_err(unscorable)?;
        let genotype = |locus: usize| child.profile.at(locus);
        *value = compiled.log10_lr(calculator, &mut linked, genotype, child.drop_out).map_err(unscorable)?;
    }
    Ok(log10_lrs)
}

/// Returns the family in which the found person has the place of the alternative instead of that of the missing child.
/// `None` if its relations do not form a pedigree.
fn family_of(alternative: Alternative, family: &Family) -> Option<Family> {
    let pedigree = match &family.pedigree {
        Some(pedigree) => Arc::clone(pedigree),
        None => Arc::new(Pedigree::from_relations(&family.relations()).ok()?),
    };
    let mut members = pedigree.members().to_vec();
    let missing = pedigree.child();
    let mut add = |father, mother| {
        members.push(Member { father, mother });
        members.len() - 1
    };
    let Member { father, mother } = pedigree.members()[missing];
    let parent = match alternative {
        Alternative::OwnChild => missing,
        Alternative::FullSibling | Alternative::Nephew => add(father, mother),
    };
    let found = match alternative {
        Alternative::FullSibling => parent,
        // The sex of a parent only affects the mutation rate. A parent who is a mother already stays one.
        Alternative::OwnChild | Alternative::Nephew => {
            let stranger = add(None, None);
            let is_mother = pedigree.members().iter().any(|member| member.mother == Some(parent));
            if is_mother { add(Some(stranger), Some(parent)) } else { add(Some(parent), Some(stranger)) }
        }
    };
    let pedigree = Pedigree::from_members(&members, found, pedigree.relatives()).ok()?;
    let member = |relative: &Relative| Relative { relation: Relation::Member, ..relative.clone() };
    let relatives = family.relatives.iter().map(member).collect();
    Some(Family { pseudonym: family.pseudonym, relatives, pedigree: Some(Arc::new(pedigree)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Profile, Pseudonym};
    use crate::population::{FrequencyTable, Model, Mutation};

    /// One locus, a typed mother 14/15 and a found person 14/16, without mutation, computed by hand. With p = 0.2 and r
    /// = 0.4, the LR of a child of hers is (1/2 r) / (2 p r), that of a grandchild (1/4 r + 1/2 x 2 p r) / (2 p r).
    #[test]
    fn alternatives_are_worth_what_hand_made_algebra_gives() {
        let (p, r) = (0.2, 0.4);
        let table = FrequencyTable::from_counts(&[("vWA", &[(140, p), (150, 0.3), (160, r), (170, 0.1)])]).unwrap();
        let model = Model { mutation: Mutation::None, ..Model::default() };
        let calculator = Calculator::new(&table, model).unwrap();
        let profile = |text: &str| Profile::new(vec![Some(text.parse().unwrap())]);
        let mother = Relative {
            sample: Pseudonym::from_bytes([1; 16]),
            relation: Relation::Mother,
            profile: profile("14/15"),
            drop_out: None,
        };
        let family = Family { pseudonym: Pseudonym::from_bytes([2; 16]), relatives: vec![mother], pedigree: None };
        let child = Child { pseudonym: Pseudonym::from_bytes([3; 16]), profile: profile("14/16"), drop_out: None };
        let [own_child, sibling, nephew] = alternatives(&calculator, &family, &child).unwrap();
        // A child of hers has the 14 from her and the 16 from the population.
        let child_of_hers = 0.5 * r;
        // A grandchild shares an allele with her, as her child does, with probability 1/2, and is unrelated to her with
        // 1/2.
        let grandchild = f64::midpoint(child_of_hers, 2.0 * p * r);
        let unrelated = 2.0 * p * r;
        for (ours, theirs) in [(own_child, grandchild), (sibling, child_of_hers), (nephew, grandchild)] {
            assert!((ours - libm::log10(theirs / unrelated)).abs() < 1e-12);
        }
    }
}
