//! Unions, generations and components of a pedigree.

use super::person::Person;

/// Parents and the children whom they have together.
pub(super) struct Union {
    /// One or two persons.
    pub(super) parents: Vec<usize>,
    pub(super) children: Vec<usize>,
    /// Whether the parents share an ancestor, or one descends from the other.
    pub(super) is_consanguineous: bool,
}

/// A pedigree with its unions and generations.
pub(super) struct Family {
    pub(super) unions: Vec<Union>,
    /// Of each person, the unions in which they are a parent.
    pub(super) unions_of: Vec<Vec<usize>>,
    /// Of each person, the union of the parents.
    pub(super) born_of: Vec<Option<usize>>,
    /// Of each person, the generation from the top, 0 first.
    pub(super) generation: Vec<usize>,
    /// Of each person, whether an arrow stands at the lower left, so that lines leave at the right.
    pub(super) has_arrow: Vec<bool>,
    /// The connected parts, each in the order of the persons.
    pub(super) components: Vec<Vec<usize>>,
}

impl Family {
    pub(super) fn new(people: &[Person]) -> Self {
        let mut unions: Vec<Union> = Vec::new();
        let mut unions_of = vec![Vec::new(); people.len()];
        let mut born_of = vec![None; people.len()];
        for (child, person) in people.iter().enumerate() {
            // A link that is not to an earlier person is no link: so no person descends from themselves.
            let father = person.father.filter(|&father| father < child);
            let mother = person.mother.filter(|&mother| mother < child && Some(mother) != father);
            let parents: Vec<usize> = father.into_iter().chain(mother).collect();
            if parents.is_empty() {
                continue;
            }
            // Children of one known parent may have different other parents, so each has a line of their own.
            // A couple is one union, whoever of them is called the father.
            let known = unions.iter().position(|union| {
                parents.len() == 2 && union.parents.len() == 2 && parents.iter().all(|one| union.parents.contains(one))
            });
            let union = known.unwrap_or_else(|| {
                for &parent in &parents {
                    unions_of[parent].push(unions.len());
                }
                unions.push(Union { parents, children: Vec::new(), is_consanguineous: false });
                unions.len() - 1
            });
            unions[union].children.push(child);
            born_of[child] = Some(union);
        }
        let has_arrow = people.iter().map(|person| person.is_missing_child).collect();
        let mut family = Self { unions, unions_of, born_of, generation: Vec::new(), has_arrow, components: Vec::new() };
        for union in 0..family.unions.len() {
            family.unions[union].is_consanguineous = family.are_related(union);
        }
        family.components = family.connected();
        family.generation = family.generations();
        family
    }

    fn parents_of(&self, person: usize) -> &[usize] {
        self.born_of[person].map_or(&[], |union| &self.unions[union].parents)
    }

    /// The person and all their ancestors.
    fn line_of(&self, person: usize) -> Vec<bool> {
        let mut seen = vec![false; self.born_of.len()];
        let mut open = vec![person];
        while let Some(next) = open.pop() {
            if !std::mem::replace(&mut seen[next], true) {
                open.extend_from_slice(self.parents_of(next));
            }
        }
        seen
    }

    fn are_related(&self, union: usize) -> bool {
        let [one, other] = self.unions[union].parents[..] else { return false };
        self.line_of(one).iter().zip(self.line_of(other)).any(|(&one, other)| one && other)
    }

    fn connected(&self) -> Vec<Vec<usize>> {
        let mut part = vec![usize::MAX; self.born_of.len()];
        let mut parts: Vec<Vec<usize>> = Vec::new();
        for person in 0..part.len() {
            if part[person] != usize::MAX {
                continue;
            }
            let mut open = vec![person];
            while let Some(next) = open.pop() {
                if part[next] == usize::MAX {
                    part[next] = parts.len();
                    for &union in self.unions_of[next].iter().chain(&self.born_of[next]) {
                        open.extend(self.unions[union].parents.iter().chain(&self.unions[union].children));
                    }
                }
            }
            parts.push((0..part.len()).filter(|&other| part[other] == parts.len()).collect());
        }
        parts
    }

    /// Generations by the longest way from a founder, with partners on one level wherever that makes no circle (a
    /// father with his daughter cannot stand on one level).
    fn generations(&self) -> Vec<usize> {
        let mut class: Vec<usize> = (0..self.born_of.len()).collect();
        for union in &self.unions {
            if let [one, other] = union.parents[..] {
                let (one, other) = (class[one], class[other]);
                if one != other && !self.is_above(&class, one, other) && !self.is_above(&class, other, one) {
                    for entry in &mut class {
                        if *entry == other {
                            *entry = one;
                        }
                    }
                }
            }
        }
        let links: Vec<(usize, usize)> = self
            .unions
            .iter()
            .flat_map(|union| union.parents.iter().flat_map(|&up| union.children.iter().map(move |&down| (up, down))))
            .collect();
        let mut level = vec![0_usize; class.len()];
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            for &(up, down) in &links {
                let least = level[class[up]] + 1;
                if level[class[down]] < least {
                    level[class[down]] = least;
                    has_changed = true;
                }
            }
        }
        // Founders stand right above their children, not at the top of the page.
        let mut classes: Vec<usize> = (0..class.len()).filter(|&person| class[person] == person).collect();
        classes.sort_by_key(|&class| std::cmp::Reverse(level[class]));
        for founders in classes {
            let has_parents = links.iter().any(|&(_, down)| class[down] == founders);
            let children = links.iter().filter(|&&(up, _)| class[up] == founders).map(|&(_, down)| level[class[down]]);
            if let (false, Some(lowest)) = (has_parents, children.min()) {
                level[founders] = lowest - 1;
            }
        }
        class.iter().map(|&class| level[class]).collect()
    }

    /// Whether some descendant of the class `top` is in the class `bottom`, where classes stand on one level.
    fn is_above(&self, class: &[usize], top: usize, bottom: usize) -> bool {
        let mut seen = vec![false; class.len()];
        let mut open = vec![top];
        while let Some(next) = open.pop() {
            if std::mem::replace(&mut seen[next], true) {
                continue;
            }
            for person in (0..class.len()).filter(|&person| class[person] == next) {
                for &union in &self.unions_of[person] {
                    for &child in &self.unions[union].children {
                        if class[child] == bottom {
                            return true;
                        }
                        open.push(class[child]);
                    }
                }
            }
        }
        false
    }
}
