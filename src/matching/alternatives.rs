//! Computes who else of the family a found person may be: the profile of a close relative resembles that of the missing
//! child.

use std::sync::Arc;

use serde::Serialize;

use crate::kinship::{Calculator, KinshipError};
use crate::model::{Child, Family, Member, Pedigree, Relation, Relative, Unscorable};

use super::compile::Compiler;

/// Relation of a found person to the missing child, if the person is not the child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Alternative {
    /// A child of the missing child, by someone unknown.
    OwnChild,
    /// A further child of the missing child's parents.
    FullSibling,
    /// A child of a full sibling of the missing child, by someone unknown: a grandchild of its parents.
    Nephew,
    /// A child of a full sibling of the father, by someone unknown.
    PaternalCousin,
    /// A child of a full sibling of the mother, by someone unknown.
    MaternalCousin,
    /// A child of a full brother of the father and of the mother: an uncle in place of the father.
    ChildOfUncle,
    /// A child of the father and of a full sister of the mother: an aunt in place of the mother.
    ChildOfAunt,
    /// A child of the father and of another woman.
    PaternalHalfSibling,
    /// A child of the mother and of another man.
    MaternalHalfSibling,
}

impl Alternative {
    /// Kin who descend from the missing child or from both of its parents. With them the family is the right one.
    pub const DESCENDANTS: [Self; 3] = [Self::OwnChild, Self::FullSibling, Self::Nephew];

    /// The explanations that rival "this is the missing child": close kin whose profiles resemble its own.
    pub const RIVALS: [Self; 7] = [
        Self::PaternalCousin,
        Self::MaternalCousin,
        Self::ChildOfUncle,
        Self::ChildOfAunt,
        Self::PaternalHalfSibling,
        Self::MaternalHalfSibling,
        Self::Nephew,
    ];

    /// Returns the word for the alternative, for files and lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OwnChild => "own-child",
            Self::FullSibling => "full-sibling",
            Self::Nephew => "nephew",
            Self::PaternalCousin => "paternal-cousin",
            Self::MaternalCousin => "maternal-cousin",
            Self::ChildOfUncle => "child-of-uncle",
            Self::ChildOfAunt => "child-of-aunt",
            Self::PaternalHalfSibling => "paternal-half-sibling",
            Self::MaternalHalfSibling => "maternal-half-sibling",
        }
    }

    /// Returns the words that complete the sentence "the found person is ...".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::OwnChild => "the missing child's own child",
            Self::FullSibling => "a full sibling of the missing child",
            Self::Nephew => "a nephew or niece of the missing child",
            Self::PaternalCousin => "a child of the father's brother or sister",
            Self::MaternalCousin => "a child of the mother's brother or sister",
            Self::ChildOfUncle => "a child of the mother and of the father's brother",
            Self::ChildOfAunt => "a child of the father and of the mother's sister",
            Self::PaternalHalfSibling => "a child of the father and of another woman",
            Self::MaternalHalfSibling => "a child of the mother and of another man",
        }
    }
}

/// Computes the log10 LR of each of [`Alternative::DESCENDANTS`] against "unrelated", for a child of unknown origin and a
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
) -> Result<[f64; Alternative::DESCENDANTS.len()], Unscorable> {
    let unscorable = |reason: KinshipError| Unscorable {
        family: family.pseudonym,
        locus: calculator.panel().loci()[0].clone(),
        reason: reason.to_string(),
    };
    let compiler = Compiler::new(calculator, false);
    let mut log10_lrs = [0.0; Alternative::DESCENDANTS.len()];
    for (alternative, value) in Alternative::DESCENDANTS.into_iter().zip(&mut log10_lrs) {
        let Some(family) = alternative.family(family) else { continue };
        let compiled = compiler.family(&family)?;
        let mut linked = compiled.linkage.scorers(calculator).map_err(unscorable)?;
        let genotype = |locus: usize| child.profile.at(locus);
        *value = compiled.log10_lr(calculator, &mut linked, genotype, child.drop_out).map_err(unscorable)?;
    }
    Ok(log10_lrs)
}

/// The two lines of a missing child's family.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Father,
    Mother,
}

impl Alternative {
    /// Returns the family in which the found person has this place instead of that of the missing child. `None` if its
    /// relations do not form a pedigree, or if the missing child has no such parent in it.
    #[must_use]
    pub fn family(self, family: &Family) -> Option<Family> {
        let pedigree = pedigree(family)?;
        let mut members = pedigree.members().to_vec();
        let missing = pedigree.child();
        let Member { father, mother } = members[missing];
        let is_mother = |person: usize| pedigree.members().iter().any(|member| member.mother == Some(person));
        let found = match self {
            Self::OwnChild => child_with_stranger(&mut members, missing, is_mother(missing)),
            Self::FullSibling => add(&mut members, father, mother),
            Self::Nephew => {
                let sibling = add(&mut members, father, mother);
                child_with_stranger(&mut members, sibling, false)
            }
            Self::PaternalCousin => {
                let uncle = sibling_of(&mut members, father?);
                child_with_stranger(&mut members, uncle, false)
            }
            Self::MaternalCousin => {
                let aunt = sibling_of(&mut members, mother?);
                child_with_stranger(&mut members, aunt, true)
            }
            Self::ChildOfUncle => {
                let uncle = sibling_of(&mut members, father?);
                add(&mut members, Some(uncle), mother)
            }
            Self::ChildOfAunt => {
                let aunt = sibling_of(&mut members, mother?);
                add(&mut members, father, Some(aunt))
            }
            Self::PaternalHalfSibling => child_with_stranger(&mut members, father?, false),
            Self::MaternalHalfSibling => child_with_stranger(&mut members, mother?, true),
        };
        let pedigree = Pedigree::from_members(&members, found, pedigree.relatives()).ok()?;
        let member = |relative: &Relative| Relative { relation: Relation::Member, ..relative.clone() };
        let relatives = family.relatives.iter().map(member).collect();
        Some(Family { pseudonym: family.pseudonym, relatives, pedigree: Some(Arc::new(pedigree)) })
    }

    /// Returns the rivals that differ from the missing child for these relatives. A child of the father's brother, say,
    /// is a stranger to a family of whom only the mother's side is typed; and with the mother's side alone, her child by
    /// another man is her child all the same.
    #[must_use]
    pub fn rivals_in(family: &Family) -> Vec<Self> {
        let Some(pedigree) = pedigree(family) else { return Vec::new() };
        let (paternal, maternal) = (is_typed(&pedigree, Line::Father), is_typed(&pedigree, Line::Mother));
        let Member { father, mother } = pedigree.members()[pedigree.child()];
        let typed = |parent: Option<usize>| parent.is_some_and(|parent| pedigree.relatives().contains(&parent));
        let differs = |rival: &Self| match rival {
            Self::PaternalCousin => paternal,
            Self::MaternalCousin => maternal,
            Self::ChildOfUncle => typed(father) && maternal,
            Self::ChildOfAunt => typed(mother) && paternal,
            Self::PaternalHalfSibling | Self::MaternalHalfSibling => paternal && maternal,
            _ => true,
        };
        Self::RIVALS.into_iter().filter(differs).collect()
    }
}

fn pedigree(family: &Family) -> Option<Arc<Pedigree>> {
    match &family.pedigree {
        Some(pedigree) => Some(Arc::clone(pedigree)),
        None => Some(Arc::new(Pedigree::from_relations(&family.relations()).ok()?)),
    }
}

fn add(members: &mut Vec<Member>, father: Option<usize>, mother: Option<usize>) -> usize {
    members.push(Member { father, mother });
    members.len() - 1
}

/// Adds a child of this person by someone unknown. The sex of a parent only affects the mutation rate.
fn child_with_stranger(members: &mut Vec<Member>, parent: usize, is_mother: bool) -> usize {
    let stranger = add(members, None, None);
    if is_mother { add(members, Some(stranger), Some(parent)) } else { add(members, Some(parent), Some(stranger)) }
}

/// Adds a full sibling of a person, and the person's parents if they are not in the pedigree.
fn sibling_of(members: &mut Vec<Member>, person: usize) -> usize {
    let Member { father, mother } = members[person];
    let father = father.unwrap_or_else(|| add(members, None, None));
    let mother = mother.unwrap_or_else(|| add(members, None, None));
    members[person] = Member { father: Some(father), mother: Some(mother) };
    add(members, Some(father), Some(mother))
}

/// Reports whether someone typed is linked with the missing child through this parent.
fn is_typed(pedigree: &Pedigree, line: Line) -> bool {
    let members = pedigree.members();
    let child = members[pedigree.child()];
    let (parent, other) = match line {
        Line::Father => (child.father, child.mother),
        Line::Mother => (child.mother, child.father),
    };
    let Some(parent) = parent else { return false };
    let mut reached = vec![false; members.len()];
    let mut open = vec![parent];
    while let Some(person) = open.pop() {
        let is_barred = person == pedigree.child() || Some(person) == other;
        if is_barred || std::mem::replace(&mut reached[person], true) {
            continue;
        }
        open.extend([members[person].father, members[person].mother].into_iter().flatten());
        let is_parent = |member: &Member| [member.father, member.mother].contains(&Some(person));
        open.extend((0..members.len()).filter(|&one| is_parent(&members[one])));
    }
    pedigree.relatives().iter().any(|&relative| reached[relative])
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

    fn family(relations: &[Relation]) -> Family {
        let relative = |(number, &relation): (usize, &Relation)| Relative {
            sample: Pseudonym::from_bytes([number as u8; 16]),
            relation,
            profile: Profile::new(vec![Some("14/15".parse().unwrap())]),
            drop_out: None,
        };
        let relatives = relations.iter().enumerate().map(relative).collect();
        Family { pseudonym: Pseudonym::from_bytes([9; 16]), relatives, pedigree: None }
    }

    #[test]
    fn rivals_are_those_that_the_relatives_can_tell_from_the_child() {
        use Alternative::{
            ChildOfAunt, ChildOfUncle, MaternalCousin, MaternalHalfSibling, Nephew, PaternalCousin, PaternalHalfSibling,
        };
        use Relation::{Father, FullSibling, Mother, PaternalGrandmother, PaternalUncle};
        let rivals = |relations: &[Relation]| Alternative::rivals_in(&family(relations));
        assert_eq!(rivals(&[Father]), [PaternalCousin, Nephew]);
        assert_eq!(rivals(&[Mother]), [MaternalCousin, Nephew]);
        assert_eq!(rivals(&[PaternalUncle]), [PaternalCousin, Nephew]);
        assert_eq!(rivals(&[Father, Mother]), Alternative::RIVALS);
        let halves = [PaternalCousin, MaternalCousin, PaternalHalfSibling, MaternalHalfSibling, Nephew];
        assert_eq!(rivals(&[FullSibling]), halves);
        let mother_and_grandmother =
            [PaternalCousin, MaternalCousin, ChildOfAunt, PaternalHalfSibling, MaternalHalfSibling, Nephew];
        assert_eq!(rivals(&[Mother, PaternalGrandmother]), mother_and_grandmother);
        assert!(!rivals(&[Mother, PaternalGrandmother]).contains(&ChildOfUncle));
    }

    /// With a typed father and no mutation, each rival is one of the relations that have a word of their own.
    #[test]
    fn rivals_are_worth_what_the_stated_relation_is() {
        use Relation::{
            Father, FullSibling, Mother, PaternalAunt, PaternalGrandfather, PaternalHalfSibling, PaternalUncle,
        };
        let table = FrequencyTable::from_counts(&[("vWA", &[(140, 0.2), (150, 0.3), (160, 0.4), (170, 0.1)])]).unwrap();
        let calculator = Calculator::new(&table, Model { mutation: Mutation::None, ..Model::default() }).unwrap();
        let compiler = Compiler::new(&calculator, false);
        let cases = [
            (Alternative::PaternalCousin, &[Father][..], &[PaternalUncle][..]),
            (Alternative::ChildOfUncle, &[Father, Mother], &[PaternalUncle, Mother]),
            (Alternative::PaternalHalfSibling, &[FullSibling], &[PaternalHalfSibling]),
            (Alternative::MaternalHalfSibling, &[FullSibling], &[PaternalHalfSibling]),
            (Alternative::Nephew, &[Father], &[PaternalGrandfather]),
            (Alternative::Nephew, &[FullSibling], &[PaternalAunt]),
        ];
        for (rival, stated, as_if) in cases {
            let (rival_family, other) = (rival.family(&family(stated)).unwrap(), family(as_if));
            let table = |family: &Family| {
                compiler.family(family).unwrap().loci[0].as_ref().unwrap().screened.table.values().to_vec()
            };
            for (ours, theirs) in table(&rival_family).iter().zip(table(&other)) {
                assert!((ours - theirs).abs() < 1e-12 || ours == &theirs, "{rival:?} {stated:?}: {ours} {theirs}");
            }
        }
    }
}
