//! Writes files `*.fam` for the program Familias.
//!
//! A case is one family and the children who may be its missing child. It holds the persons and, for each child, a
//! pedigree H1 in which that child is the missing child, and a pedigree H2 in which no child is. The ratio of the
//! likelihoods of H1 and H2 equals the one computed here, if everyone is typed at the same loci. Under
//! [`Convention::Pruned`] untyped persons are nameless in the file, because Familias leaves out nameless persons who
//! carry no information; under [`Convention::Full`] they have names, so that Familias keeps them.
//!
//! A project is the input of the DVI module: reference families, and the children as unidentified persons. It holds no
//! drop-out, because that module sets one probability for all persons in its options.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::model::{Allele, Member, Pedigree, Profile, Pseudonym, Sex};
use crate::population::{Convention, Floor, FrequencyTable, LocusModel, Model, ModelError, Mutation, MutationRates};

/// A person with a profile.
#[derive(Clone, Debug)]
pub struct FamPerson {
    /// The sample.
    pub sample: Pseudonym,
    /// The recorded sex. A parent gets the sex of the place in the pedigree. If neither states a sex, male is written,
    /// because the format has no third value.
    pub sex: Sex,
    /// Genotypes in panel order.
    pub profile: Profile,
    /// The drop-out probability of an allele, from the sample or the model.
    pub drop_out: f64,
    /// Number of panel loci with more than two alleles. The format has no place for these, so they are written as
    /// untyped.
    pub many: usize,
}

/// A family with its pedigree.
#[derive(Clone, Debug)]
pub struct FamFamily {
    /// The family.
    pub family: Pseudonym,
    /// The pedigree, which says how the persons are related.
    pub pedigree: Pedigree,
    /// The persons of [`Pedigree::relatives`].
    pub relatives: Vec<FamPerson>,
}

/// The reason why a file cannot hold a case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FamError {
    /// See [`ModelError`].
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Two persons with different drop-out probabilities.
    #[error("samples have several drop-out probabilities, and a .fam file has one: export them one by one")]
    DropOuts,
    /// A child in the place of a father or mother whose sex differs from the child's.
    #[error("child {0} cannot be the missing child, who is a parent of the other sex in the family's pedigree")]
    Sex(Pseudonym),
}

/// Writes files with a frequency table and a model.
pub struct FamWriter<'a> {
    table: &'a FrequencyTable,
    model: &'a Model,
    text: String,
    /// For each locus of the panel, every allele that may occur in the file.
    loci: Vec<LocusModel>,
    drop_out: f64,
}

const YES_NO: [&str; 2] = ["#FALSE#", "#TRUE#"];
const MISSING: &str = "Missing person";

impl<'a> FamWriter<'a> {
    /// Returns the text of one family and children who may be its missing child.
    ///
    /// # Errors
    /// [`FamError`] if the format cannot hold something.
    pub fn case(
        table: &'a FrequencyTable,
        model: &'a Model,
        family: &FamFamily,
        children: &[FamPerson],
    ) -> Result<String, FamError> {
        let persons: Vec<&FamPerson> = family.relatives.iter().chain(children).collect();
        let place = sexes(family.pedigree.members())[family.pedigree.child()];
        let differs = |child: &&FamPerson| ![place, Sex::Unknown].contains(&child.sex) && place != Sex::Unknown;
        if let Some(child) = children.iter().find(differs) {
            return Err(FamError::Sex(child.sample));
        }
        let mut drop_outs = persons.iter().map(|person| person.drop_out).filter(|&drop_out| drop_out > 0.0);
        let drop_out = drop_outs.next().unwrap_or(0.0);
        if drop_outs.any(|other| other != drop_out) {
            return Err(FamError::DropOuts);
        }
        let mut writer = Self::new(table, model, &persons, "", drop_out)?;
        writer.persons_and_pedigrees(family, &persons);
        writer.database();
        Ok(writer.text)
    }

    /// Returns the text of families and children for the DVI module.
    ///
    /// # Errors
    /// As [`Self::case`].
    pub fn project(
        table: &'a FrequencyTable,
        model: &'a Model,
        families: &[FamFamily],
        children: &[FamPerson],
    ) -> Result<String, FamError> {
        let persons: Vec<&FamPerson> = families.iter().flat_map(|family| &family.relatives).chain(children).collect();
        let mut writer = Self::new(table, model, &persons, " (DVI)", 0.0)?;
        writer.lines(["0", "\"Known relations\"", "0", "0", "0", "0"]);
        writer.database();
        writer.lines(["", "[DVI]", "[[Unidentified persons]]"]);
        writer.line(format!("nPersons= {}", children.len()));
        for (number, child) in children.iter().enumerate() {
            writer.dvi_person(3, number, &child.sample.to_string(), child.sex, Some(child));
        }
        writer.line("[[Notes]]");
        writer.line(format!("nFamilies= {}", families.len()));
        families.iter().for_each(|_| writer.line(""));
        writer.line("[[Reference Families]]");
        writer.line(format!("nFamilies= {}", families.len()));
        for (number, family) in families.iter().enumerate() {
            writer.dvi_family(number, family);
        }
        writer.lines(["[Prior]", "UseList= Yes"]);
        writer.line(format!("Size= {}", children.len()));
        Ok(writer.text)
    }

    fn new(
        table: &'a FrequencyTable,
        model: &'a Model,
        persons: &[&FamPerson],
        version: &str,
        drop_out: f64,
    ) -> Result<Self, FamError> {
        let mut loci = Vec::with_capacity(table.loci().len());
        for (at, locus) in table.loci().iter().enumerate() {
            let listed = LocusModel::new(locus, model)?;
            let genotypes = persons.iter().filter_map(|person| person.profile.at(at));
            let seen: Vec<Allele> = genotypes.flat_map(|genotype| [genotype.low(), genotype.high()]).collect();
            loci.push(listed.with_alleles(&seen, model)?.unwrap_or(listed));
        }
        let mut writer = Self { table, model, text: String::new(), loci, drop_out };
        writer.lines(["\"Output from Familias, version 3.3.1\"", "\"Written by Reunite in the form of that program\""]);
        writer.line(format!("3.3.1{version}"));
        writer.line("\"\"");
        Ok(writer)
    }

    fn line(&mut self, text: impl AsRef<str>) {
        self.text += text.as_ref();
        // Familias runs on Windows, where lines end like this.
        self.text += "\r\n";
    }

    fn lines<const N: usize>(&mut self, lines: [&str; N]) {
        lines.into_iter().for_each(|line| self.line(line));
    }

    fn numbers(&mut self, numbers: impl IntoIterator<Item = usize>) {
        numbers.into_iter().for_each(|number| self.line(number.to_string()));
    }

    /// Writes the relatives, the children and, under [`Convention::Full`], everyone who links them; then the pedigrees.
    fn persons_and_pedigrees(&mut self, family: &FamFamily, persons: &[&FamPerson]) {
        let pedigree = &family.pedigree;
        let children = family.relatives.len()..persons.len();
        let with_child: Vec<usize> = pedigree.relatives().iter().copied().chain([pedigree.child()]).collect();
        let shapes: Vec<(String, Option<usize>, Vec<Option<Member>>)> = children
            .map(|child| {
                let name = if persons.len() - family.relatives.len() == 1 {
                    "H1".to_owned()
                } else {
                    format!("H1 {}", persons[child].sample)
                };
                (name, Some(child), self.shape(pedigree, &with_child))
            })
            .chain([("H2".to_owned(), None, self.shape(pedigree, pedigree.relatives()))])
            .collect();
        let sexes = sexes(pedigree.members());
        let typed = |place: usize| pedigree.relatives().iter().position(|&relative| relative == place);
        let untyped = |shape: &(String, Option<usize>, Vec<Option<Member>>)| -> Vec<usize> {
            let stays = |place: &usize| {
                let is_child = shape.1.is_some() && *place == pedigree.child();
                shape.2[*place].is_some() && typed(*place).is_none() && !is_child
            };
            (0..shape.2.len()).filter(stays).collect()
        };
        let mut links: Vec<usize> = match self.model.convention {
            Convention::Full => shapes.iter().flat_map(untyped).collect(),
            Convention::Pruned => Vec::new(),
        };
        links.sort_unstable();
        links.dedup();
        self.numbers([persons.len() + links.len()]);
        let places = pedigree.relatives().iter().copied().chain(std::iter::repeat(pedigree.child()));
        for (person, place) in persons.iter().zip(places) {
            let sex = if sexes[place] == Sex::Unknown { person.sex } else { sexes[place] };
            self.person(&person.sample.to_string(), sex, Some(person));
        }
        for (number, &place) in links.iter().enumerate() {
            self.person(&format!("Untyped {}", number + 1), sexes[place], None);
        }
        self.line("\"Known relations\"");
        self.numbers([0, 0, 0, shapes.len()]);
        for (number, shape) in shapes.iter().enumerate() {
            let mut nameless: Vec<usize> = untyped(shape);
            nameless.retain(|place| !links.contains(place));
            // Women before men.
            nameless.sort_by_key(|&place| (sexes[place] == Sex::Male, place));
            let women = nameless.iter().filter(|&&place| sexes[place] != Sex::Male).count();
            let position = |place: usize| -> Option<usize> {
                let of = |list: &[usize], first: usize| list.iter().position(|&one| one == place).map(|at| first + at);
                let child = shape.1.filter(|_| place == pedigree.child());
                typed(place)
                    .or(child)
                    .or_else(|| of(&links, persons.len()))
                    .or_else(|| of(&nameless, persons.len() + links.len()))
            };
            let pairs: Vec<usize> =
                pairs(&shape.2).filter_map(|(a, b)| Some([position(a)?, position(b)?])).flatten().collect();
            self.numbers([number]);
            self.line(format!("\"{}\"", shape.0));
            self.numbers([women, nameless.len() - women, pairs.len() / 2]);
            self.numbers(pairs);
        }
    }

    /// Returns the members who have a descendant among these persons, with their parents; all others are `None`. Under
    /// [`Convention::Pruned`] untyped founders with one child, who carry no information, are left out.
    fn shape(&self, pedigree: &Pedigree, persons: &[usize]) -> Vec<Option<Member>> {
        let mut shape: Vec<Option<Member>> = pedigree.members().iter().copied().map(Some).collect();
        loop {
            let mut children = vec![0; shape.len()];
            pairs(&shape).for_each(|(parent, _)| children[parent] += 1);
            let founder = |member: Member| member.father.is_none() && member.mother.is_none();
            let needless = |(place, member): (usize, &Option<Member>)| {
                let of_no_use = children[place] == 0
                    || (children[place] == 1
                        && self.model.convention == Convention::Pruned
                        && member.is_some_and(founder));
                member.is_some() && !persons.contains(&place) && of_no_use
            };
            let Some(gone) = shape.iter().enumerate().position(needless) else { return shape };
            shape[gone] = None;
            let left = |parent: Option<usize>| parent.filter(|&parent| parent != gone);
            for member in shape.iter_mut().flatten() {
                *member = Member { father: left(member.father), mother: left(member.mother) };
            }
        }
    }

    fn person(&mut self, name: &str, sex: Sex, person: Option<&FamPerson>) {
        self.line(format!("\"{name}\""));
        let drop_out = person.is_some_and(|person| person.drop_out > 0.0);
        self.line(YES_NO[0]);
        self.line(if drop_out { "-1 (Consider dropouts)" } else { "-1" });
        self.line(YES_NO[0]);
        self.line(YES_NO[usize::from(sex != Sex::Female)]);
        let mut typed = Vec::new();
        for (at, locus) in self.loci.iter().enumerate() {
            let genotype = person.and_then(|person| person.profile.at(at));
            typed.extend(genotype.and_then(|genotype| locus.positions(genotype)).map(|(a, b)| [a, b, at]));
        }
        self.numbers([typed.len()]);
        self.numbers(typed.into_iter().flatten());
    }

    fn database(&mut self) {
        let model = self.model;
        self.line(format!("#FALSE# (#Databases: 1 ;Theta/Kinship/Fst: {} )", model.theta));
        self.numbers([self.loci.len()]);
        self.lines([YES_NO[1], "\"Reunite\""]);
        let (code, MutationRates { male, female }, range, second) = match model.mutation {
            Mutation::None => (0, MutationRates { male: 0.0, female: 0.0 }, 0.1, 0.0),
            Mutation::Equal(rates) => (0, rates, 0.1, 0.0),
            Mutation::Proportional(rates) => (1, rates, 0.1, 0.0),
            Mutation::Stepwise { rates, range, microvariant_rate } => (4, rates, range, microvariant_rate),
        };
        let rare = if let Floor::Fixed(rare) = model.floor { rare } else { 0.0 };
        for at in 0..self.loci.len() {
            let name = format!("\"{}\"", self.table.panel().loci()[at]);
            let locus = &self.loci[at];
            let silent = locus.silent().map(|silent| locus.frequencies()[silent]);
            let rest = locus.rest().map(|rest| locus.frequencies()[rest]);
            let alleles = locus.alleles().len() + usize::from(rest.is_some());
            let counted = self.table.loci()[at].individuals().map_or(0, |persons| 2 * u64::from(persons));
            let mut text = String::new();
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "{name}\r\n{female}\r\n{male}\r\n{code}\r\n{code}\r\n{}\r\n{range}\r\n{range}\r\n{second}\r\n{second}\r\n\
                 {}\r\n{}\r\n{alleles}\t(DatabaseSize = {counted} , Dropout probability = {} , \
                 Minor allele frequency = {rare} )",
                locus.size(),
                YES_NO[usize::from(silent.is_some())],
                silent.unwrap_or(0.0),
                self.drop_out,
            );
            for (allele, frequency) in locus.alleles().iter().zip(locus.frequencies()) {
                let _ = write!(text, "\r\n\"{allele}\"\r\n{frequency}");
            }
            if let Some(rest) = rest {
                let _ = write!(text, "\r\n\"Rest allele\"\r\n{rest}");
            }
            self.line(text);
        }
    }

    fn heading(&mut self, depth: usize, name: &str) {
        self.line(format!("{}{name}{}", "[".repeat(depth), "]".repeat(depth)));
    }

    fn dvi_person(&mut self, depth: usize, number: usize, name: &str, sex: Sex, person: Option<&FamPerson>) {
        // Familias writes a space at this level only.
        self.heading(depth, &format!("Person {}{}", number + 1, if depth == 3 { " " } else { "" }));
        self.line(format!("Name= {name}"));
        self.line(format!("Gender= {}", if sex == Sex::Female { "Female" } else { "Male" }));
        self.heading(depth + 1, "DNA data");
        let loci = self.table.panel().loci().iter().enumerate();
        let typed: Vec<String> = loci
            .filter_map(|(at, locus)| {
                let genotype = person?.profile.at(at)?;
                Some(format!("SystemName= {locus}\r\nAllele1= {}\r\nAllele2= {}", genotype.low(), genotype.high()))
            })
            .collect();
        self.line(format!("nSystems= {}", typed.len()));
        typed.iter().for_each(|text| self.line(text));
    }

    /// Writes everyone of the pedigree in its order, so that it can be read back unchanged. The missing person has no
    /// sex in that format; therefore a child of the missing person without another parent gets one, whose sex implies
    /// that of the missing person.
    fn dvi_family(&mut self, number: usize, family: &FamFamily) {
        let pedigree = &family.pedigree;
        let missing = pedigree.child();
        let mut members = pedigree.members().to_vec();
        for place in 0..pedigree.members().len() {
            let other = Some(members.len());
            match members[place] {
                Member { father: Some(father), mother: None } if father == missing => members[place].mother = other,
                Member { father: None, mother: Some(mother) } if mother == missing => members[place].father = other,
                _ => continue,
            }
            members.push(Member::default());
        }
        let sexes = sexes(&members);
        let mut names: HashMap<usize, String> = HashMap::from([(missing, MISSING.to_owned())]);
        self.heading(3, &format!("Family {} ", number + 1));
        self.line(format!("Name= {}", family.family));
        self.heading(4, "Persons");
        self.line(format!("nPersons= {}", members.len() - 1));
        for (number, place) in (0..members.len()).filter(|&place| place != missing).enumerate() {
            let at = pedigree.relatives().iter().position(|&relative| relative == place);
            let person = at.and_then(|at| family.relatives.get(at));
            let name = person.map_or_else(|| format!("Untyped {}", number + 1), |person| person.sample.to_string());
            let sex = if sexes[place] == Sex::Unknown { person.map_or(Sex::Male, |one| one.sex) } else { sexes[place] };
            self.dvi_person(5, number, &name, sex, person);
            names.insert(place, name);
        }
        let shape: Vec<Option<Member>> = members.into_iter().map(Some).collect();
        let pairs: Vec<String> = pairs(&shape)
            .filter_map(|(parent, child)| {
                Some(format!("Parent= {}\r\nChild= {}", names.get(&parent)?, names.get(&child)?))
            })
            .collect();
        self.heading(4, "Pedigrees");
        self.line("nPedigrees= 2");
        let name = family.family.to_string();
        for (number, name) in ["Reference pedigree", name.as_str()].into_iter().enumerate() {
            self.heading(5, &format!("Pedigree {}", number + 1));
            self.line(format!("Name= {name}"));
            self.line(format!("nRelations= {}", pairs.len()));
            pairs.iter().for_each(|pair| self.line(pair));
        }
    }
}

/// Returns every pair of parent and child.
fn pairs(members: &[Option<Member>]) -> impl Iterator<Item = (usize, usize)> + '_ {
    members.iter().enumerate().flat_map(|(child, member)| {
        let parents = member.map_or([None; 2], |member| [member.father, member.mother]);
        parents.into_iter().flatten().map(move |parent| (parent, child))
    })
}

/// Returns everyone's sex as far as the links imply it.
fn sexes(members: &[Member]) -> Vec<Sex> {
    let mut sexes = vec![Sex::Unknown; members.len()];
    for member in members {
        member.father.into_iter().for_each(|father| sexes[father] = Sex::Male);
        member.mother.into_iter().for_each(|mother| sexes[mother] = Sex::Female);
    }
    sexes
}
