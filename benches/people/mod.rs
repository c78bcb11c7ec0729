//! Makes the synthetic people of the benchmarks, as families and as an index of children.
#![allow(dead_code, clippy::unwrap_used, reason = "benchmarks; each uses a part")]

use reunite::index::{Binding, Builder};
use reunite::model::{Child, Family, Pseudonym, Relation, Relative};
use reunite::population::{FrequencyTable, Model};
use reunite::synthesis::{Plan, Population, Shape};

/// Returns the most frequent shapes of families, each alone, and all together.
pub(crate) fn mixes() -> [(&'static str, Vec<Shape>); 4] {
    let one = |relations: &[Relation]| vec![Shape { relations: relations.to_vec(), weight: 1.0 }];
    [
        ("duo", one(&[Relation::Mother])),
        ("trio", one(&[Relation::Father, Relation::Mother])),
        ("full sibling", one(&[Relation::FullSibling])),
        ("mixed", Plan::default_shapes()),
    ]
}

pub(crate) fn pseudonym(kind: u8, number: usize) -> Pseudonym {
    let mut bytes = [kind; Pseudonym::LEN];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    Pseudonym::from_bytes(bytes)
}

/// Generates families and children from the built-in frequencies.
pub(crate) fn people(families: usize, children: usize, shapes: Vec<Shape>) -> (Vec<Family>, Vec<Child>) {
    let plan = Plan { families, children, shapes, ..Plan::default() };
    let population = Population::generate(&plan, FrequencyTable::chinese_han_23(), &Model::default()).unwrap();
    let family = |(i, family): (usize, &reunite::synthesis::SyntheticFamily)| Family {
        pseudonym: pseudonym(1, i),
        relatives: (family.relatives.iter().enumerate())
            .map(|(j, person)| Relative {
                sample: pseudonym(2, i * 64 + j),
                relation: person.relation,
                profile: person.profile.clone(),
                drop_out: None,
            })
            .collect(),
        pedigree: None,
    };
    let child = |(i, child): (usize, &reunite::synthesis::SyntheticChild)| Child {
        pseudonym: pseudonym(3, i),
        profile: child.profile.clone(),
        drop_out: None,
    };
    let families = population.families.iter().enumerate().map(family).collect();
    (families, population.children.iter().enumerate().map(child).collect())
}

/// Builds the bytes of an index of these children.
pub(crate) fn index(children: &[Child]) -> Vec<u8> {
    let table = FrequencyTable::chinese_han_23();
    let loci = table.panel().loci().iter().zip(table.loci());
    let mut builder = Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect());
    children.iter().for_each(|child| builder.push(child.clone()));
    let binding = Binding { alleles: table.alleles_digest(), stamp: [0; 16], generation: 1 };
    builder.finish(&binding).unwrap()
}
