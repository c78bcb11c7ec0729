//! Builds the views of a family: one with the papers as they are stated, and one for each statement taken to be false.
//!
//! Each view is an ordinary family. Matching compiles, screens and scores it in the same way, and loses nothing that
//! reaches a view's threshold. The threshold of a view is that of the papers divided by the stated probability that the
//! papers are false in just this way: a pair is a candidate if `log10 LR + log10 doubt` reaches the threshold for the
//! log10 LR of the papers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Family, Member, ParentSide, Pedigree, Relation, Relative, View};

/// The relatives about whom the papers may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DoubtWhom {
    /// Nobody: families are compared as they are stated.
    None,
    /// Father and mother.
    Parents,
    /// Every relative.
    All,
}

impl DoubtWhom {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::None, Self::Parents, Self::All];

    /// Returns the word for the choice, on the command line and in settings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Parents => "parents",
            Self::All => "all",
        }
    }
}

/// Probabilities that a statement of the papers is false; each above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Doubts {
    /// The relatives about whom the papers may be wrong.
    pub whom: DoubtWhom,
    /// A sample is not of the relative that the papers state, or a parent is not the child's parent.
    pub relative: f64,
    /// Two samples were exchanged.
    pub exchanged: f64,
    /// A full sibling is a half-sibling, or the reverse.
    pub half_sibling: f64,
}

impl Doubts {
    /// Returns the doubts of families that are compared as they are stated.
    #[must_use]
    pub fn none() -> Self {
        Self { whom: DoubtWhom::None, ..Self::usual() }
    }

    /// Checks that every doubt is a probability above 0 and below 1.
    ///
    /// # Errors
    /// [`BadDoubt`] with the first invalid probability.
    pub fn check(&self) -> Result<(), BadDoubt> {
        let doubts = [self.relative, self.exchanged, self.half_sibling];
        doubts.into_iter().find(|&doubt| !(doubt > 0.0 && doubt < 1.0)).map_or(Ok(()), |doubt| Err(BadDoubt(doubt)))
    }

    /// Returns the usual doubts about every relative: one relative in a hundred is not what the papers say, a full
    /// sibling is a half-sibling as often, and two samples are exchanged in one of a thousand families. These numbers
    /// are stated, not measured; laboratories should state their own.
    #[must_use]
    pub fn usual() -> Self {
        Self { whom: DoubtWhom::All, relative: 0.01, exchanged: 0.001, half_sibling: 0.01 }
    }
}

/// A doubt that is not a probability above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a doubt is a probability above 0 and below 1, and {0} is not")]
pub struct BadDoubt(pub f64);

/// A family in one view.
#[derive(Clone, Debug, PartialEq)]
pub struct FamilyView {
    /// The view.
    pub view: View,
    /// log10 of the probability of this doubt; 0 for the papers themselves.
    pub log10_doubt: f64,
    /// The family in this view.
    pub family: Family,
}

/// Returns the views of a family, the papers first.
#[must_use]
pub fn views(family: &Family, doubts: &Doubts) -> Vec<FamilyView> {
    let mut views = vec![FamilyView { view: View::Stated, log10_doubt: 0.0, family: family.clone() }];
    if doubts.whom == DoubtWhom::None {
        return views;
    }
    let Some(papers) = Papers::read(family) else { return views };
    let mut add = |view, doubt: f64, family: Option<Family>| {
        views.extend(family.map(|family| FamilyView { view, log10_doubt: libm::log10(doubt), family }));
    };
    let all = doubts.whom == DoubtWhom::All;
    for (at, relative) in family.relatives.iter().enumerate() {
        if all || papers.parent_at(at).is_some() {
            let view = View::Without { sample: relative.sample, relation: papers.relations[at] };
            add(view, doubts.relative, papers.without(at));
        }
    }
    for side in ParentSide::ALL {
        if papers.others_hang_on(side) {
            add(View::OtherParent { side }, doubts.relative, papers.with_other_parent(side, true));
        }
    }
    if !all {
        return views;
    }
    for (a, one) in family.relatives.iter().enumerate() {
        for (b, other) in family.relatives.iter().enumerate().skip(a + 1) {
            let view = View::Exchanged {
                sample: one.sample,
                relation: papers.relations[a],
                with: other.sample,
                with_relation: papers.relations[b],
            };
            add(view, doubts.exchanged, papers.exchanged(a, b));
        }
    }
    for (at, relative) in family.relatives.iter().enumerate() {
        let sample = relative.sample;
        for shared in papers.shared_if_half(at) {
            add(View::Half { sample, shared }, doubts.half_sibling, papers.as_half(at, shared));
        }
        add(View::Full { sample }, doubts.half_sibling, papers.as_full(at));
    }
    views
}

/// Returns all samples of a family with their relations in a view. A relative whom the view leaves out becomes a
/// stranger.
pub(super) fn with_all(family: &Family, view: View, in_view: &Family) -> Option<Family> {
    let sample = match view {
        View::Without { sample, .. } => sample,
        View::OtherParent { side } => return Papers::read(family)?.with_other_parent(side, false),
        _ => return Some(in_view.clone()),
    };
    let out = family.relatives.iter().find(|relative| relative.sample == sample)?;
    let pedigree = match &in_view.pedigree {
        Some(pedigree) => Arc::clone(pedigree),
        None => Arc::new(Pedigree::from_relations(&in_view.relations()).ok()?),
    };
    let mut members = pedigree.members().to_vec();
    let mut places = pedigree.relatives().to_vec();
    places.push(members.len());
    members.push(Member::default());
    let pedigree = Pedigree::from_members(&members, pedigree.child(), &places).ok()?;
    let member = |relative: &Relative| Relative { relation: Relation::Member, ..relative.clone() };
    let relatives = in_view.relatives.iter().chain([out]).map(member).collect();
    Some(Family { pseudonym: family.pseudonym, relatives, pedigree: Some(Arc::new(pedigree)) })
}

/// Reports whether all typed relatives are founders, without parents in the pedigree: nothing links them.
pub(super) fn are_founders(family: &Family) -> bool {
    let Some(papers) = Papers::read(family) else { return false };
    let is_founder = |&place: &usize| papers.pedigree.members()[place] == Member::default();
    papers.pedigree.relatives().iter().all(is_founder)
}

/// A family with its pedigree, which is stated or built from the relations.
struct Papers<'a> {
    family: &'a Family,
    /// Relation of each relative, as far as the other relations imply it; a single parent of unstated sex counts as the
    /// father.
    relations: Vec<Relation>,
    pedigree: Arc<Pedigree>,
}

impl<'a> Papers<'a> {
    /// Returns the papers of a family; `None` if the relations do not form a pedigree, in which case the family cannot
    /// be scored.
    fn read(family: &'a Family) -> Option<Self> {
        let relations: Vec<Relation> = family.relations();
        let pedigree = match &family.pedigree {
            Some(pedigree) => Arc::clone(pedigree),
            None => Arc::new(Pedigree::from_relations(&relations).ok()?),
        };
        Some(Self { family, relations, pedigree })
    }

    /// Reports whether the family has relations only and no pedigree, so that relations can also express its views.
    fn is_plain(&self) -> bool {
        self.family.pedigree.is_none()
    }

    fn child(&self) -> Member {
        self.pedigree.members()[self.pedigree.child()]
    }

    fn parent(&self, side: ParentSide) -> Option<usize> {
        parent(self.child(), side)
    }

    /// Returns which parent of the child a relative is.
    fn parent_at(&self, relative: usize) -> Option<ParentSide> {
        let place = self.pedigree.relatives()[relative];
        ParentSide::ALL.into_iter().find(|&side| self.parent(side) == Some(place))
    }

    /// Builds the family with these relatives, given by position, in other relations.
    fn plain(&self, relatives: impl IntoIterator<Item = (usize, Relation)>) -> Option<Family> {
        let relative = |(at, relation): (usize, _)| Relative { relation, ..self.family.relatives[at].clone() };
        let mut relatives: Vec<Relative> = relatives.into_iter().map(relative).collect();
        // If there are relatives of one side, every parent needs a side, too. Which one does not matter, as long as
        // both are tried.
        if relatives.iter().any(|relative| relative.relation.has_side()) {
            let mut places = [Relation::Father, Relation::Mother].into_iter();
            let unstated = relatives.iter_mut().filter(|relative| relative.relation == Relation::Parent);
            unstated.zip(&mut places).for_each(|(relative, place)| relative.relation = place);
        }
        // The order in which the ledger lists relatives.
        relatives.sort_by_key(|relative| (relative.relation, relative.sample));
        let relations: Vec<Relation> = relatives.iter().map(|relative| relative.relation).collect();
        let pedigree = Pedigree::from_relations(&relations).ok()?;
        let family = Family { pseudonym: self.family.pseudonym, relatives, pedigree: None };
        Some(family).filter(|_| says_something(&pedigree))
    }

    /// Builds the family with these relatives, given by position and place, in another pedigree.
    fn linked(&self, members: &[Member], relatives: &[(usize, usize)]) -> Option<Family> {
        let places: Vec<usize> = relatives.iter().map(|one| one.1).collect();
        let pedigree = Pedigree::from_members(members, self.pedigree.child(), &places).ok()?;
        let relative =
            |&(at, _): &(usize, usize)| Relative { relation: Relation::Member, ..self.family.relatives[at].clone() };
        let relatives = relatives.iter().map(relative).collect();
        Some(()).filter(|()| says_something(&pedigree))?;
        Some(Family { pseudonym: self.family.pseudonym, relatives, pedigree: Some(Arc::new(pedigree)) })
    }

    fn placed(&self) -> Vec<(usize, usize)> {
        self.pedigree.relatives().iter().copied().enumerate().collect()
    }

    fn related(&self) -> impl Iterator<Item = (usize, Relation)> + '_ {
        self.relations.iter().copied().enumerate()
    }

    fn without(&self, out: usize) -> Option<Family> {
        if self.is_plain() {
            return self.plain(self.related().filter(|one| one.0 != out));
        }
        let mut relatives = self.placed();
        relatives.remove(out);
        self.linked(self.pedigree.members(), &relatives)
    }

    /// Reports whether the statement about this parent affects other samples than the parent's own: without the
    /// parent's sample, those would still count as the child's kin.
    fn others_hang_on(&self, side: ParentSide) -> bool {
        let Some(parent) = self.parent(side) else { return false };
        let typed = self.pedigree.relatives();
        let siblings: Vec<usize> = typed.iter().copied().filter(|&place| self.is_full_sibling(place)).collect();
        let own = linked(&self.pedigree, parent, |place| place != self.pedigree.child() && !siblings.contains(&place));
        let others = typed.iter().any(|&place| place != parent && own[place] && !siblings.contains(&place));
        // One sibling and an untyped parent: the view with a half-sibling covers this case.
        others || siblings.len() > 1 || (siblings.len() == 1 && typed.contains(&parent))
    }

    fn is_full_sibling(&self, place: usize) -> bool {
        let Member { father, mother } = self.pedigree.members()[place];
        let child = self.child();
        place != self.pedigree.child()
            && child.father.is_some()
            && child.mother.is_some()
            && (father, mother) == (child.father, child.mother)
    }

    /// Builds the family with another parent of the child. `leaves_out` says whether to leave out relatives whom
    /// nothing links with the child then.
    fn with_other_parent(&self, side: ParentSide, leaves_out: bool) -> Option<Family> {
        let mut members = self.pedigree.members().to_vec();
        let stranger = members.len();
        members.push(Member::default());
        *parent_mut(&mut members[self.pedigree.child()], side) = Some(stranger);
        let all = self.linked(&members, &self.placed())?;
        // A relative whom nothing links with the child any more contributes nothing, like a relative who is left out.
        let pedigree = all.pedigree.as_ref()?;
        let reached = linked(pedigree, pedigree.child(), |_| true);
        let places = self.placed().into_iter().zip(pedigree.relatives());
        let related: Vec<(usize, usize)> = places.filter(|(_, place)| reached[**place]).map(|(one, _)| one).collect();
        if leaves_out { self.linked(&members, &related) } else { Some(all) }
    }

    /// Builds the family with two samples exchanged; `None` if their sexes forbid it, or if nothing would change.
    fn exchanged(&self, a: usize, b: usize) -> Option<Family> {
        let sexes = [a, b].map(|at| self.sex(at));
        if matches!(sexes, [Some(one), Some(other)] if one != other) {
            return None;
        }
        if self.is_plain() {
            let (one, other) = (self.relations[a], self.relations[b]);
            let relation = |(at, relation)| {
                (
                    at,
                    if at == a {
                        other
                    } else if at == b {
                        one
                    } else {
                        relation
                    },
                )
            };
            return Some(()).filter(|()| one != other).and_then(|()| self.plain(self.related().map(relation)));
        }
        let members = self.pedigree.members();
        let mut relatives = self.placed();
        let places = [relatives[a].1, relatives[b].1];
        let childless = |place| !members.iter().any(|member| [member.father, member.mother].contains(&Some(place)));
        let are_alike = members[places[0]] == members[places[1]] && members[places[0]].father.is_some();
        if are_alike && places.into_iter().all(childless) {
            return None;
        }
        (relatives[a].1, relatives[b].1) = (places[1], places[0]);
        self.linked(members, &relatives)
    }

    /// Returns the sex of a relative, given as the parent that the person is or could be, as far as the papers show it.
    fn sex(&self, relative: usize) -> Option<ParentSide> {
        use Relation::{
            Father, MaternalAunt, MaternalGrandfather, MaternalGrandmother, MaternalUncle, Mother, PaternalAunt,
            PaternalGrandfather, PaternalGrandmother, PaternalUncle,
        };
        match self.relations[relative] {
            Father | PaternalGrandfather | MaternalGrandfather | PaternalUncle | MaternalUncle => {
                Some(ParentSide::Father)
            }
            Mother | PaternalGrandmother | MaternalGrandmother | PaternalAunt | MaternalAunt => {
                Some(ParentSide::Mother)
            }
            _ if self.is_plain() => None,
            _ => {
                let place = Some(self.pedigree.relatives()[relative]);
                let is = |side| self.pedigree.members().iter().any(|&member| parent(member, side) == place);
                ParentSide::ALL.into_iter().find(|&side| is(side))
            }
        }
    }

    /// Returns the parents that a full sibling may share with the child if it is a half-sibling. If only siblings are
    /// typed, nothing but mutation rates distinguishes the two parents, and the mother represents both.
    fn shared_if_half(&self, relative: usize) -> Vec<ParentSide> {
        if !self.is_full_sibling(self.pedigree.relatives()[relative]) {
            return Vec::new();
        }
        let only_siblings = self.pedigree.relatives().iter().all(|&place| self.is_full_sibling(place));
        if only_siblings { vec![ParentSide::Mother] } else { ParentSide::ALL.to_vec() }
    }

    fn as_half(&self, sibling: usize, shared: ParentSide) -> Option<Family> {
        if self.is_plain() {
            let half = match shared {
                ParentSide::Father => Relation::PaternalHalfSibling,
                ParentSide::Mother => Relation::MaternalHalfSibling,
            };
            return self.plain(self.related().map(|(at, relation)| (at, if at == sibling { half } else { relation })));
        }
        let mut members = self.pedigree.members().to_vec();
        let stranger = members.len();
        members.push(Member::default());
        *parent_mut(&mut members[self.pedigree.relatives()[sibling]], shared.other()) = Some(stranger);
        self.linked(&members, &self.placed())
    }

    /// Builds the family with a half-sibling as a full sibling; `None` for everyone else, and if the other parent is
    /// not a stranger of whom nothing else is known.
    fn as_full(&self, sibling: usize) -> Option<Family> {
        if self.is_plain() {
            let relation = self.relations[sibling];
            if !matches!(relation, Relation::PaternalHalfSibling | Relation::MaternalHalfSibling) {
                return None;
            }
            let full = |(at, relation)| (at, if at == sibling { Relation::FullSibling } else { relation });
            return self.plain(self.related().map(full));
        }
        let place = self.pedigree.relatives()[sibling];
        let mut members = self.pedigree.members().to_vec();
        let own = members[place];
        let side = ParentSide::ALL.into_iter().find(|&side| {
            self.parent(side).is_some() && parent(own, side) == self.parent(side) && self.parent(side.other()).is_some()
        })?;
        let other = parent(own, side.other())?;
        let is_stranger = members[other] == Member::default()
            && !self.pedigree.relatives().contains(&other)
            && members.iter().filter(|member| [member.father, member.mother].contains(&Some(other))).count() == 1;
        if !is_stranger || Some(other) == self.parent(side.other()) {
            return None;
        }
        *parent_mut(&mut members[place], side.other()) = self.parent(side.other());
        self.linked(&members, &self.placed())
    }
}

/// Reports whether at least one typed relative is linked with the child.
fn says_something(pedigree: &Pedigree) -> bool {
    let reached = linked(pedigree, pedigree.child(), |_| true);
    pedigree.relatives().iter().any(|&place| reached[place])
}

/// Returns the members who are linked with `start`. The search continues only from members for which `passes` is true.
fn linked(pedigree: &Pedigree, start: usize, passes: impl Fn(usize) -> bool) -> Vec<bool> {
    let members = pedigree.members();
    let mut reached = vec![false; members.len()];
    let mut open = vec![start];
    while let Some(one) = open.pop() {
        if std::mem::replace(&mut reached[one], true) || !passes(one) {
            continue;
        }
        let Member { father, mother } = members[one];
        open.extend(father.into_iter().chain(mother));
        let is_child = |&child: &usize| [members[child].father, members[child].mother].contains(&Some(one));
        open.extend((0..members.len()).filter(is_child));
    }
    reached
}

fn parent(member: Member, side: ParentSide) -> Option<usize> {
    match side {
        ParentSide::Father => member.father,
        ParentSide::Mother => member.mother,
    }
}

fn parent_mut(member: &mut Member, side: ParentSide) -> &mut Option<usize> {
    match side {
        ParentSide::Father => &mut member.father,
        ParentSide::Mother => &mut member.mother,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinship::{Calculator, Evidence};
    use crate::model::{Genotype, Profile, Pseudonym};
    use crate::population::{FrequencyTable, Model};
    use Relation::{
        Father, FullSibling, MaternalHalfSibling, Mother, Parent, PaternalGrandfather, PaternalGrandmother,
        PaternalHalfSibling,
    };

    fn calculator() -> Calculator {
        let table = FrequencyTable::from_counts(&[("vWA", &[(140, 0.2), (150, 0.3), (160, 0.4), (170, 0.1)])]).unwrap();
        Calculator::new(&table, Model::default()).unwrap()
    }

    /// Builds a family of these relations, each with a genotype at one locus.
    fn family(relatives: &[(Relation, &str)]) -> Family {
        let relative = |(number, &(relation, genotype)): (usize, &(Relation, &str))| Relative {
            sample: Pseudonym::from_bytes([number as u8; 16]),
            relation,
            profile: Profile::new(vec![Some(genotype.parse().unwrap())]),
            drop_out: None,
        };
        Family {
            pseudonym: Pseudonym::from_bytes([9; 16]),
            relatives: relatives.iter().enumerate().map(relative).collect(),
            pedigree: None,
        }
    }

    /// Builds the same family with a pedigree of its own.
    fn linked(family: &Family) -> Family {
        let pedigree = Pedigree::from_relations(&family.relations()).unwrap();
        let relatives = family.relatives.iter().cloned();
        let relatives = relatives.map(|relative| Relative { relation: Relation::Member, ..relative }).collect();
        Family { relatives, pedigree: Some(Arc::new(pedigree)), ..family.clone() }
    }

    fn log10_lr(family: &Family, child: &str) -> f64 {
        let calculator = calculator();
        let evidence = Evidence::of_family(family, 0, calculator.model().convention);
        calculator.log10_lr(0, &evidence, Some(child.parse::<Genotype>().unwrap())).unwrap()
    }

    fn words(family: &Family, doubts: &Doubts) -> Vec<String> {
        views(family, doubts).iter().map(|view| view.view.words()).collect()
    }

    #[test]
    fn couples_are_doubted_one_by_one_and_one_parent_alone_is_not() {
        let couple = family(&[(Father, "14/15"), (Mother, "16/17")]);
        let all = views(&couple, &Doubts::usual());
        assert_eq!(words(&couple, &Doubts::usual()), ["as stated", "without the father", "without the mother"]);
        assert_eq!(all[0].family, couple);
        assert_eq!(all[1].family.relatives, couple.relatives[1..]);
        assert_eq!((all[0].log10_doubt, all[1].log10_doubt), (0.0, -2.0));
        assert_eq!(words(&couple, &Doubts { whom: DoubtWhom::Parents, ..Doubts::usual() }).len(), 3);
        assert_eq!(words(&couple, &Doubts::none()), ["as stated"]);
        assert_eq!(words(&family(&[(Mother, "16/17")]), &Doubts::usual()), ["as stated"]);
        // Two parents of unstated sex are interchangeable.
        assert_eq!(words(&family(&[(Parent, "14/15"), (Parent, "16/17")]), &Doubts::usual()).len(), 3);
    }

    #[test]
    fn siblings_may_be_half_or_exchanged_and_hang_on_their_parents() {
        let with_sibling = family(&[(Father, "14/15"), (Mother, "16/17"), (FullSibling, "14/16")]);
        let expected = [
            "as stated",
            "without the father",
            "without the mother",
            "without the full-sibling 02020202",
            "with another father",
            "with another mother",
            "father and full-sibling 02020202 exchanged",
            "mother and full-sibling 02020202 exchanged",
            "full-sibling 02020202 as half-sibling through the father",
            "full-sibling 02020202 as half-sibling through the mother",
        ];
        assert_eq!(words(&with_sibling, &Doubts::usual()), expected);
        let parents = Doubts { whom: DoubtWhom::Parents, ..Doubts::usual() };
        assert_eq!(words(&with_sibling, &parents), [&expected[..3], &expected[4..6]].concat());
        let half = family(&[(MaternalHalfSibling, "14/16")]);
        assert_eq!(words(&half, &Doubts::usual()), ["as stated", "half-sibling 00000000 as full sibling"]);
        let sibling = family(&[(FullSibling, "14/16")]);
        let through_mother = |sample: &str| format!("full-sibling {sample} as half-sibling through the mother");
        assert_eq!(words(&sibling, &Doubts::usual()), ["as stated".to_owned(), through_mother("00000000")]);
        // A parent of unstated sex is a parent of the sibling, or is not.
        let unstated = family(&[(Parent, "14/15"), (FullSibling, "14/16")]);
        assert!(words(&unstated, &Doubts::usual()).contains(&through_mother("01010101")));
    }

    /// A family, a view of it, and the relatives of the family that it describes.
    type Worth<'a> = (&'a Family, &'a str, Vec<(Relation, &'a str)>);

    /// Compares each view with a family that states the same in plain relations.
    #[test]
    fn views_are_worth_what_the_families_that_they_describe_are() {
        let (father, mother, sibling) = ((Father, "14/15"), (Mother, "16/17"), (FullSibling, "14/16"));
        let stated = family(&[father, mother, sibling]);
        let grandparents = family(&[father, mother, (PaternalGrandfather, "14/14"), (PaternalGrandmother, "15/17")]);
        let worth: [Worth<'_>; 9] = [
            (&stated, "without the father", vec![mother, sibling]),
            (&stated, "without the full-sibling 02020202", vec![father, mother]),
            // The mother is typed, so her other child by another man adds nothing.
            (&stated, "with another father", vec![mother]),
            (
                &stated,
                "father and full-sibling 02020202 exchanged",
                vec![(FullSibling, "14/15"), mother, (Father, "14/16")],
            ),
            (
                &stated,
                "full-sibling 02020202 as half-sibling through the mother",
                vec![father, mother, (MaternalHalfSibling, "14/16")],
            ),
            (
                &stated,
                "full-sibling 02020202 as half-sibling through the father",
                vec![father, mother, (PaternalHalfSibling, "14/16")],
            ),
            (
                &grandparents,
                "without the father",
                vec![mother, (PaternalGrandfather, "14/14"), (PaternalGrandmother, "15/17")],
            ),
            // Nobody of that side is related to the child then.
            (&grandparents, "with another father", vec![mother]),
            (
                &grandparents,
                "without the mother",
                vec![father, (PaternalGrandfather, "14/14"), (PaternalGrandmother, "15/17")],
            ),
        ];
        for (stated, words, same) in worth {
            for stated in [stated.clone(), linked(stated)] {
                let all = views(&stated, &Doubts::usual());
                let said = |view: View| match view {
                    // A pedigree does not say what its members are to the child.
                    View::Without { sample, .. } => {
                        View::Without { sample, relation: relation_of(&grandparents, &stated, sample) }.words()
                    }
                    View::Exchanged { sample, with, .. } => View::Exchanged {
                        sample,
                        relation: relation_of(&grandparents, &stated, sample),
                        with,
                        with_relation: relation_of(&grandparents, &stated, with),
                    }
                    .words(),
                    other => other.words(),
                };
                let view = all.iter().find(|view| said(view.view) == words);
                let view = view.unwrap_or_else(|| panic!("no view {words}"));
                for child in ["14/16", "14/14", "15/17", "16/17"] {
                    let (ours, theirs) = (log10_lr(&view.family, child), log10_lr(&family(&same), child));
                    assert!((ours - theirs).abs() < 1e-12, "{words}, {child}: {ours} {theirs}");
                }
            }
        }
    }

    /// Samples are numbered in the order of the relatives.
    fn relation_of(grandparents: &Family, stated: &Family, sample: Pseudonym) -> Relation {
        let plain = if stated.relatives.len() == 4 { vec![] } else { vec![Father, Mother, FullSibling] };
        let number = usize::from(sample.as_bytes()[0]);
        plain.get(number).copied().unwrap_or(grandparents.relatives[number].relation)
    }

    #[test]
    fn nothing_that_says_nothing_is_a_view() {
        // Without the mother, who links them, a grandmother of the other side would still be related.
        let side = family(&[(Father, "14/15"), (PaternalGrandmother, "14/17")]);
        assert_eq!(
            words(&side, &Doubts::usual()),
            ["as stated", "without the father", "without the paternal-grandmother"],
            "with another father nobody of them is related to the child"
        );
    }
}
