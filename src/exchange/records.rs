//! Writes and reads the records of children and families, with no more fields than a comparison requires.

use std::collections::HashSet;

use data_encoding::HEXLOWER;
use jiff::civil::Date;
use serde_json::Value;

use super::lines::{Line, lines, object, push, text};
use super::{Field, Mapping, PackageFault};
use crate::facts::{FoundFacts, MissingFacts};
use crate::keeping::{LegalBasis, Purposes};
use crate::model::{
    Allele, DropOut, Genotype, Locus, ManyAlleles, Member, Pedigree, Profile, Pseudonym, Relation, Sex,
};

/// Most loci of a content.
const MOST_LOCI: usize = 1000;
/// Most persons of a pedigree: ordering them takes the square of their number.
const MOST_PERSONS: usize = 1000;

/// The terms on which the sender keeps a sample, without consent and birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentTerms {
    /// The ground.
    pub basis: LegalBasis,
    /// What the sample may be used for.
    pub purposes: Purposes,
    /// The last day on which it may be kept.
    pub keep_until: Option<Date>,
}

/// A sample that is sent, under a name for the recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentPerson {
    /// The name for the recipient.
    pub sample: Pseudonym,
    /// The recorded sex.
    pub sex: Sex,
    /// The sample's own drop-out probability.
    pub drop_out: Option<DropOut>,
    /// Genotypes over the loci of the content.
    pub profile: Profile,
    /// Loci with three or more alleles, as positions in the same list, rising.
    pub many: Vec<(usize, ManyAlleles)>,
    /// The terms on which it is kept, if the sender has stated them.
    pub terms: Option<SentTerms>,
    /// What is stated about a found child; nothing about a relative.
    pub facts: Option<FoundFacts>,
}

/// A family that is sent, under names for the recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentFamily {
    /// The name for the recipient.
    pub family: Pseudonym,
    /// The relatives with their relations to the missing child, rising by relation and name.
    pub relatives: Vec<(Relation, SentPerson)>,
    /// The pedigree, if relations do not define it; its relatives are those of the family in their order.
    pub pedigree: Option<Pedigree>,
    /// What the family states about its missing child.
    pub facts: Option<MissingFacts>,
}

/// The name of a sample or family that is withdrawn.
pub type Gone = Pseudonym;

/// The records of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The loci of every profile.
    pub loci: Vec<Locus>,
    /// Children of unknown origin.
    pub children: Vec<SentPerson>,
    /// Families.
    pub families: Vec<SentFamily>,
    /// Samples and families that are withdrawn.
    pub gone: Vec<Gone>,
}

/// Computes what tells a changed record from the one that was sent: the first 16 bytes of the BLAKE3 hash of its line.
#[must_use]
pub fn digest_of_line(line: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(line.as_bytes()).as_bytes()[..16]);
    digest
}

fn genotypes(person: &SentPerson) -> Value {
    let mut many = person.many.iter().peekable();
    let cell = |(at, genotype): (usize, &Option<Genotype>)| match genotype {
        Some(genotype) => Value::from(genotype.to_string()),
        None => match many.next_if(|one| one.0 == at) {
            Some((_, many)) => many.alleles().iter().map(ToString::to_string).collect::<Vec<_>>().into(),
            None => Value::Null,
        },
    };
    Value::Array(person.profile.genotypes().iter().enumerate().map(cell).collect())
}

fn fields(mapping: &Mapping, person: &SentPerson) -> Vec<(Field, Option<Value>)> {
    vec![
        (Field::Sample, Some(person.sample.to_string().into())),
        (Field::Sex, Some(mapping.sex(person.sex).into())),
        (Field::Genotypes, Some(genotypes(person))),
        (Field::DropOut, person.drop_out.map(|drop_out| drop_out.get().into())),
        (Field::LegalBasis, person.terms.map(|terms| mapping.basis(terms.basis).into())),
        (
            Field::Purposes,
            person.terms.map(|terms| terms.purposes.iter().map(|one| mapping.purpose(one)).collect::<Vec<_>>().into()),
        ),
        (Field::KeepUntil, person.terms.and_then(|terms| terms.keep_until).map(|day| day.to_string().into())),
        (Field::Facts, person.facts.as_ref().and_then(|facts| serde_json::to_value(facts).ok())),
    ]
}

impl Contents {
    /// Returns the line of a child, which does not depend on other records but on the loci.
    #[must_use]
    pub fn child_line(mapping: &Mapping, child: &SentPerson) -> String {
        text(mapping, Field::Child, fields(mapping, child))
    }

    /// Returns the line of a family.
    #[must_use]
    pub fn family_line(mapping: &Mapping, family: &SentFamily) -> String {
        let place = |at: usize| family.pedigree.as_ref().and_then(|pedigree| pedigree.relatives().get(at).copied());
        let relative = |(at, (relation, person)): (usize, &(Relation, SentPerson))| {
            let mut all = fields(mapping, person);
            all.push((Field::Relation, Some(mapping.relation(*relation).into())));
            all.push((Field::Position, place(at).map(|place| (place as u64).into())));
            Value::Object(object(mapping, all))
        };
        let position = |parent: Option<usize>| parent.map_or(Value::Null, |at| (at as u64).into());
        let members = |pedigree: &Pedigree| {
            let member = |member: &Member| Value::Array(vec![position(member.father), position(member.mother)]);
            Value::Array(pedigree.members().iter().map(member).collect())
        };
        let all = vec![
            (Field::Family, Some(family.family.to_string().into())),
            (Field::Relatives, Some(Value::Array(family.relatives.iter().enumerate().map(relative).collect()))),
            (Field::Pedigree, family.pedigree.as_ref().map(members)),
            (Field::MissingChild, family.pedigree.as_ref().map(|pedigree| (pedigree.child() as u64).into())),
            (Field::Facts, family.facts.as_ref().and_then(|facts| serde_json::to_value(facts).ok())),
        ];
        text(mapping, Field::Family, all)
    }

    /// Appends the line that names the loci, which comes first.
    pub fn push_loci(content: &mut Vec<u8>, mapping: &Mapping, loci: &[Locus]) {
        let names: Vec<Value> = loci.iter().map(|locus| locus.name().into()).collect();
        push(content, mapping, Field::Loci, vec![(Field::Loci, Some(Value::Array(names)))]);
    }

    /// Appends the line of a sample or family that is withdrawn.
    pub fn push_gone(content: &mut Vec<u8>, mapping: &Mapping, gone: Gone) {
        push(content, mapping, Field::Gone, vec![(Field::Gone, Some(gone.to_string().into()))]);
    }

    /// Reads the records of a package.
    ///
    /// # Errors
    /// [`PackageFault::Line`] at the first invalid line.
    pub fn read(mapping: &'static Mapping, content: &[u8]) -> Result<Self, PackageFault> {
        let mut all = Self::default();
        let mut names: HashSet<Pseudonym> = HashSet::new();
        let mut begun = false;
        for line in lines(mapping, content) {
            let mut line = line?;
            let kind = line.kind()?;
            let is = |field: Field| kind == mapping.field(field);
            if is(Field::Loci) == begun {
                return Err(line.fault("the loci are named in the first line, and nowhere else"));
            }
            begun = true;
            let name = if is(Field::Loci) {
                all.loci = read_loci(&mut line)?;
                None
            } else if is(Field::Child) {
                let mut child = read_person(&mut line, all.loci.len())?;
                child.facts = read_facts(&mut line)?;
                let name = child.sample;
                all.children.push(child);
                Some(name)
            } else if is(Field::Family) {
                let family = read_family(&mut line, all.loci.len())?;
                let name = family.family;
                all.families.push(family);
                Some(name)
            } else if is(Field::Gone) {
                let name = line.name(Field::Gone)?;
                all.gone.push(name);
                Some(name)
            } else {
                return Err(line.fault("it is of an unknown kind"));
            };
            if name.is_some_and(|name| !names.insert(name)) {
                return Err(line.fault("its name is that of another line"));
            }
            line.end()?;
        }
        all.check_relatives(&names)?;
        Ok(all)
    }

    /// Checks that a relative of two families is the same in both, and is neither a child nor withdrawn.
    fn check_relatives(&self, names: &HashSet<Pseudonym>) -> Result<(), PackageFault> {
        let mut seen: std::collections::HashMap<Pseudonym, &SentPerson> = std::collections::HashMap::new();
        for person in self.families.iter().flat_map(|family| &family.relatives).map(|relative| &relative.1) {
            let before = seen.insert(person.sample, person);
            if names.contains(&person.sample) || before.is_some_and(|before| before != person) {
                let what =
                    format!("the relative {} contradicts another line", HEXLOWER.encode(person.sample.as_bytes()));
                return Err(PackageFault::Line { line: 0, what });
            }
        }
        Ok(())
    }
}

fn read_loci(line: &mut Line) -> Result<Vec<Locus>, PackageFault> {
    let names = line.list(Field::Loci)?;
    let locus = |name: &Value| name.as_str().and_then(|name| name.parse::<Locus>().ok());
    let loci: Option<Vec<Locus>> = names.iter().map(locus).collect();
    let loci = loci.filter(|loci| loci.len() <= MOST_LOCI && loci.iter().collect::<HashSet<_>>().len() == loci.len());
    loci.ok_or_else(|| line.fault("the loci are not names, each once"))
}

fn read_person(line: &mut Line, loci: usize) -> Result<SentPerson, PackageFault> {
    let sample = line.name(Field::Sample)?;
    let sex = line.text(Field::Sex)?;
    let sex = line.mapping.read_sex(&sex).ok_or_else(|| line.fault("its sex is not a code of the table"))?;
    let drop_out = match line.optional_number(Field::DropOut)? {
        None => None,
        Some(number) => {
            Some(DropOut::new(number).ok_or_else(|| line.fault("its drop-out is not at least 0 and below 1"))?)
        }
    };
    let terms = read_terms(line)?;
    let cells = line.list(Field::Genotypes)?;
    if cells.len() != loci {
        return Err(line.fault(format!("it has {} genotypes, and the content {loci} loci", cells.len())));
    }
    let (mut genotypes, mut many) = (Vec::with_capacity(loci), Vec::new());
    for (at, cell) in cells.iter().enumerate() {
        // The message must not repeat a genotype.
        let invalid = || line.fault(format!("its genotype {} is invalid", at + 1));
        genotypes.push(match cell {
            Value::Null => None,
            Value::String(text) => Some(text.parse::<Genotype>().map_err(|_| invalid())?),
            Value::Array(alleles) if alleles.len() <= ManyAlleles::MOST => {
                let alleles = alleles.iter().map(|one| one.as_str().and_then(|one| one.parse::<Allele>().ok()));
                let alleles: Option<Vec<Allele>> = alleles.collect();
                many.push((at, alleles.and_then(ManyAlleles::new).ok_or_else(invalid)?));
                None
            }
            _ => return Err(invalid()),
        });
    }
    Ok(SentPerson { sample, sex, drop_out, profile: Profile::new(genotypes), many, terms, facts: None })
}

fn read_terms(line: &mut Line) -> Result<Option<SentTerms>, PackageFault> {
    let Some(basis) = line.optional_text(Field::LegalBasis)? else { return Ok(None) };
    let basis =
        line.mapping.read_basis(&basis).ok_or_else(|| line.fault("its legal basis is not a code of the table"))?;
    let mut purposes = Purposes::default();
    for code in line.list(Field::Purposes)? {
        let purpose = code.as_str().and_then(|code| line.mapping.read_purpose(code));
        purposes = purposes.with(purpose.ok_or_else(|| line.fault("a purpose is not a code of the table"))?);
    }
    let keep_until = match line.optional_text(Field::KeepUntil)? {
        None => None,
        Some(day) => Some(day.parse::<Date>().map_err(|_| line.fault("its last day is not a date"))?),
    };
    Ok(Some(SentTerms { basis, purposes, keep_until }))
}

/// Takes facts, if there are any.
fn read_facts<T: serde::de::DeserializeOwned>(line: &mut Line) -> Result<Option<T>, PackageFault> {
    let Some(facts) = line.optional(Field::Facts) else { return Ok(None) };
    serde_json::from_value(facts).map(Some).map_err(|_| line.fault("its facts are not those of this form"))
}

fn read_family(line: &mut Line, loci: usize) -> Result<SentFamily, PackageFault> {
    let family = line.name(Field::Family)?;
    let (mut relatives, mut places) = (Vec::new(), Vec::new());
    for mut one in line.objects(Field::Relatives)? {
        let person = read_person(&mut one, loci)?;
        let code = one.text(Field::Relation)?;
        let relation = one.mapping.read_relation(&code);
        let relation = relation.ok_or_else(|| one.fault("a relation is not a code of the table"))?;
        if one.mapping.relation(Relation::Member) == code {
            places.push(one.whole(Field::Position)? as usize);
        }
        one.end()?;
        relatives.push((relation, person));
    }
    if relatives.is_empty() {
        return Err(line.fault("the family has no relatives"));
    }
    let rising = relatives.is_sorted_by_key(|(relation, person)| (*relation, person.sample));
    let names: HashSet<Pseudonym> = relatives.iter().map(|relative| relative.1.sample).collect();
    if !rising || names.len() < relatives.len() {
        return Err(line.fault("the relatives are not in their order, each once"));
    }
    let pedigree = match line.optional(Field::Pedigree) {
        None if places.is_empty() => {
            let relations: Vec<Relation> = relatives.iter().map(|relative| relative.0).collect();
            Pedigree::from_relations(&relations).map_err(|error| line.fault(error.to_string()))?;
            None
        }
        Some(Value::Array(members)) if places.len() == relatives.len() => {
            let invalid = || line.fault("its pedigree is not a list of positions of fathers and mothers");
            let position = |value: &Value| match value {
                Value::Null => Some(None),
                value => value.as_u64().and_then(|at| usize::try_from(at).ok()).map(Some),
            };
            let member = |value: &Value| match value.as_array().map(Vec::as_slice) {
                Some([father, mother]) => Some(Member { father: position(father)?, mother: position(mother)? }),
                _ => None,
            };
            let members: Option<Vec<Member>> = members.iter().map(member).collect();
            let members = members.filter(|all| all.len() <= MOST_PERSONS).ok_or_else(invalid)?;
            let child = line.whole(Field::MissingChild)? as usize;
            let pedigree = Pedigree::from_members(&members, child, &places);
            Some(pedigree.map_err(|error| line.fault(error.to_string()))?)
        }
        _ => return Err(line.fault("all relatives have a position in its pedigree, or nobody has")),
    };
    let facts = read_facts(line)?;
    Ok(SentFamily { family, relatives, pedigree, facts })
}
