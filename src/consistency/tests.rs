//! Measures how often true families are flagged, and how often planted errors are found with the correct cause.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::kinship::{Calculator, Evidence};
use crate::model::{Family, Pedigree, Profile, Pseudonym, Relation, Relative};
use crate::population::{Convention, FrequencyTable, Model, Mutation};
use crate::synthesis::{Plan, Population, Shape};

use Relation::{
    Father, FullSibling, MaternalGrandmother, Mother, PaternalAunt, PaternalGrandfather, PaternalGrandmother,
    PaternalHalfSibling, PaternalUncle,
};

fn calculator() -> Calculator {
    Calculator::new(FrequencyTable::chinese_han_23(), Model::default()).unwrap()
}

fn p(n: usize) -> Pseudonym {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
    Pseudonym::from_bytes(bytes)
}

fn families(shapes: Vec<Shape>, families: usize, seed: u64) -> Vec<Family> {
    let plan = Plan { families, children: 0, seed, planted: 0.0, shapes, ..Plan::default() };
    let population = Population::generate(&plan, FrequencyTable::chinese_han_23(), &Model::default()).unwrap();
    let mut number = 0;
    let mut relative = |person: &crate::synthesis::SyntheticPerson| {
        number += 1;
        Relative { sample: p(number), relation: person.relation, profile: person.profile.clone(), drop_out: None }
    };
    let mut family = |(i, family): (usize, &crate::synthesis::SyntheticFamily)| Family {
        pseudonym: p(i),
        relatives: family.relatives.iter().map(&mut relative).collect(),
        pedigree: None,
    };
    population.families.iter().enumerate().map(&mut family).collect()
}

fn of(relations: &[Relation], count: usize, seed: u64) -> Vec<Family> {
    families(vec![Shape { relations: relations.to_vec(), weight: 1.0 }], count, seed)
}

/// Counts families, flagged families and families with a note, by shape.
fn marked(families: &[Family]) -> BTreeMap<String, [usize; 3]> {
    let calculator = calculator();
    let checker = Checker::new(&calculator, &calculator);
    let mut by_shape: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for family in families {
        let words: Vec<&str> = family.relatives.iter().map(|relative| relative.relation.word()).collect();
        let found = checker.check(family).unwrap();
        let counts = by_shape.entry(words.join("+")).or_default();
        counts[0] += 1;
        counts[1] += usize::from(found.iter().any(|finding| finding.severity.is_mark()));
        counts[2] += usize::from(found.iter().any(|finding| finding.severity == Severity::Note));
    }
    by_shape
}

#[test]
fn true_families_are_rarely_marked() {
    let by_shape = marked(&families(Plan::default_shapes(), 40_000, 7));
    let sum = |i: usize| by_shape.values().map(|counts| counts[i]).sum::<usize>();
    println!("{by_shape:#?}\nmarked {} and noted {} of {}", sum(1), sum(2), sum(0));
    assert!(sum(1) <= 20, "more than 1 of 2,000: {}", sum(1));
    for (shape, [all, marked, _]) in &by_shape {
        assert!(*marked <= 2 + all / 150, "{shape}: {marked} of {all}");
    }
    // A mutation gives a note if it is visible: 23 loci at 0.002 and 0.00057, most of them visible with both parents
    // typed.
    let [all, _, noted] = by_shape["father+mother+full-sibling"];
    assert!(noted * 100 > 2 * all && noted * 100 < 6 * all, "{noted} of {all}");
    assert!(by_shape["father+mother"][2] == 0);
}

/// A planted error in a family, with the help of another family.
type Plant = fn(&mut Family, &Family);

/// The error, the shape of the family, the plant, the codes of its cause, and the least percentages found and named so.
type Row<'a> = (&'a str, &'a [Relation], Plant, &'a [&'a str], [usize; 2]);

/// Returns how many planted errors are found in 500 families, and how many of them with one of these codes.
fn found(relations: &[Relation], plant: Plant, codes: &[&str]) -> [usize; 2] {
    let calculator = calculator();
    let checker = Checker::new(&calculator, &calculator);
    let families = of(relations, 500, 3);
    let mut counts = [0; 2];
    for (i, family) in families.iter().enumerate() {
        let mut wrong = family.clone();
        plant(&mut wrong, &families[(i + 1) % families.len()]);
        let findings = checker.check(&wrong).unwrap();
        counts[0] += usize::from(findings.iter().any(|finding| finding.severity.is_mark()));
        counts[1] += usize::from(findings.iter().any(|finding| codes.contains(&finding.cause.code().word())));
    }
    counts
}

fn exchange(family: &mut Family, a: usize, b: usize) {
    let profile = family.relatives[a].profile.clone();
    family.relatives[a].profile = std::mem::replace(&mut family.relatives[b].profile, profile);
}

fn relabel(family: &mut Family, from: Relation, to: Relation) {
    family
        .relatives
        .iter_mut()
        .filter(|relative| relative.relation == from)
        .for_each(|relative| relative.relation = to);
}

/// Replaces the profile of sample `at` with a stranger's.
fn stranger(family: &mut Family, other: &Family, at: usize) {
    family.relatives[at].profile = other.relatives[at].profile.clone();
}

#[test]
fn planted_errors_are_found_and_named() {
    const SWAPPED: &[&str] = &["swapped-sample"];
    const RELATION: &[&str] = &["wrong-relation"];
    const EITHER: &[&str] = &["sample-or-relation"];
    const EXCHANGED: &[&str] = &["exchanged-samples"];
    const TWICE: &[&str] = &["same-person"];
    let trio = [Father, Mother, FullSibling];
    let rows: [Row<'_>; 20] = [
        ("a stranger as father, trio", &trio, |f, o| stranger(f, o, 0), SWAPPED, [99, 60]),
        ("a stranger as sibling, trio", &trio, |f, o| stranger(f, o, 2), SWAPPED, [99, 90]),
        ("a stranger as sibling, mother", &[Mother, FullSibling], |f, o| stranger(f, o, 1), EITHER, [99, 95]),
        ("a stranger as sibling", &[FullSibling; 2], |f, o| stranger(f, o, 1), EITHER, [90, 90]),
        ("a stranger as sibling of two", &[FullSibling; 3], |f, o| stranger(f, o, 1), SWAPPED, [95, 75]),
        ("a stranger as uncle", &[Father, PaternalUncle], |f, o| stranger(f, o, 1), EITHER, [90, 90]),
        ("a stranger as half-sibling", &[FullSibling, PaternalHalfSibling], |f, o| stranger(f, o, 1), EITHER, [25, 25]),
        (
            "father and grandfather exchanged",
            &[Father, FullSibling, PaternalGrandfather],
            |f, _| exchange(f, 0, 2),
            EXCHANGED,
            [97, 95],
        ),
        (
            "father and uncle exchanged",
            &[Father, FullSibling, PaternalUncle],
            |f, _| exchange(f, 0, 2),
            EXCHANGED,
            [97, 95],
        ),
        (
            "mother and aunt exchanged",
            &[Mother, FullSibling, Relation::MaternalAunt],
            |f, _| exchange(f, 0, 2),
            EXCHANGED,
            [97, 95],
        ),
        ("father and sibling exchanged", &trio, |f, _| exchange(f, 0, 2), EXCHANGED, [99, 97]),
        (
            "grandmothers exchanged",
            &[Mother, PaternalGrandmother, MaternalGrandmother],
            |f, _| exchange(f, 1, 2),
            EXCHANGED,
            [99, 97],
        ),
        (
            "the father again as uncle",
            &[Father, Mother, PaternalUncle],
            |f, _| f.relatives[2].profile = f.relatives[0].profile.clone(),
            TWICE,
            [100, 100],
        ),
        (
            "the mother again as father",
            &trio,
            |f, _| f.relatives[0].profile = f.relatives[1].profile.clone(),
            TWICE,
            [100, 100],
        ),
        (
            "a sibling twice",
            &[FullSibling; 2],
            |f, _| f.relatives[1].profile = f.relatives[0].profile.clone(),
            TWICE,
            [100, 100],
        ),
        (
            "an uncle as father",
            &[Mother, FullSibling, PaternalUncle],
            |f, _| relabel(f, PaternalUncle, Father),
            RELATION,
            [95, 55],
        ),
        (
            "an uncle as father, two siblings",
            &[FullSibling, FullSibling, PaternalUncle],
            |f, _| relabel(f, PaternalUncle, Father),
            RELATION,
            [97, 70],
        ),
        (
            "a half-sibling as full, mother typed",
            &[Mother, FullSibling, PaternalHalfSibling],
            |f, _| relabel(f, PaternalHalfSibling, FullSibling),
            RELATION,
            [99, 40],
        ),
        (
            "a half-sibling as full",
            &[FullSibling, PaternalHalfSibling],
            |f, _| relabel(f, PaternalHalfSibling, FullSibling),
            EITHER,
            [25, 25],
        ),
        (
            "a full sibling as half",
            &[FullSibling; 2],
            |f, _| f.relatives[1].relation = PaternalHalfSibling,
            EITHER,
            [40, 40],
        ),
    ];
    for (name, relations, plant, codes, least) in rows {
        let counts = found(relations, plant, codes);
        println!("{name}: {:.1} % found, {:.1} % as {codes:?}", counts[0] as f64 / 5.0, counts[1] as f64 / 5.0);
        assert!(
            counts[0] >= 5 * least[0] && counts[1] >= 5 * least[1],
            "{name}: {counts:?} of 500, at least {least:?} %"
        );
    }
}

#[test]
fn an_accused_sample_is_the_one_that_is_wrong() {
    let calculator = calculator();
    let checker = Checker::new(&calculator, &calculator);
    let families = of(&[Father, Mother, FullSibling, PaternalAunt], 250, 5);
    let (mut accused, mut wrongly) = (0, 0);
    for (i, family) in families.iter().enumerate() {
        for at in 0..4 {
            let mut wrong = family.clone();
            stranger(&mut wrong, &families[(i + 1) % 250], at);
            for finding in checker.check(&wrong).unwrap().iter().filter(|finding| finding.samples.len() == 1) {
                accused += 1;
                wrongly += usize::from(finding.samples[0].sample != family.relatives[at].sample);
            }
        }
    }
    println!("{accused} accused, {wrongly} of them wrongly");
    assert!(accused > 900 && wrongly * 50 < accused, "{accused} accused, {wrongly} of them wrongly");
}

#[test]
fn the_numbers_are_the_calculators() {
    let calculator = calculator();
    let checker = Checker::new(&calculator, &calculator);
    let families = of(&[Father, FullSibling, PaternalUncle], 30, 11);
    let mut compared = 0;
    for (i, family) in families.iter().enumerate() {
        let mut wrong = family.clone();
        stranger(&mut wrong, &families[(i + 1) % 30], 1);
        for pair in checker.check(&wrong).unwrap().iter().flat_map(|finding| &finding.pairs) {
            let [a, b] = pair.samples.map(|one| wrong.relatives.iter().find(|r| r.sample == one.sample).unwrap());
            let sum = |relation, relative: &Relative, child: &Relative| {
                (0..23).fold(0.0, |sum, locus| {
                    let (Some(relative), Some(child)) = (relative.profile.at(locus), child.profile.at(locus)) else {
                        return sum;
                    };
                    let evidence = Evidence::new([(relation, Some(relative))], Convention::Pruned);
                    sum + calculator.log10_lr(locus, &evidence, Some(child)).unwrap()
                })
            };
            let expected = match (a.relation, b.relation) {
                (Father, FullSibling) => (Kin::ParentChild, sum(Father, a, b)),
                (FullSibling, PaternalUncle) => (Kin::SecondDegree, sum(PaternalUncle, b, a)),
                other => panic!("{other:?}"),
            };
            assert_eq!(pair.stated, expected.0);
            assert_eq!(pair.log10_lr.of_kin(pair.stated).to_bits(), expected.1.to_bits());
            assert_eq!(pair.log10_lr.of_kin(Kin::FullSiblings).to_bits(), sum(FullSibling, a, b).to_bits());
            assert_eq!(pair.log10_lr.of_kin(Kin::Unrelated), 0.0);
            compared += 1;
        }
    }
    assert!(compared >= 30, "{compared}");
}

fn two_locus_family(relatives: &[(Relation, [&str; 2])]) -> Family {
    let relative = |(i, &(relation, cells)): (usize, &(Relation, [&str; 2]))| Relative {
        sample: p(i),
        relation,
        profile: Profile::new(cells.map(|cell| cell.parse().ok()).to_vec()),
        drop_out: None,
    };
    Family { pseudonym: p(99), relatives: relatives.iter().enumerate().map(relative).collect(), pedigree: None }
}

fn two_loci() -> FrequencyTable {
    let alleles = [(100, 0.4), (110, 0.3), (120, 0.2), (140, 0.1)];
    FrequencyTable::from_counts(&[("A", &alleles), ("B", &alleles)]).unwrap()
}

#[test]
fn one_person_twice_is_as_likely_as_the_genotype_is_rare() {
    let table = two_loci();
    let calculator = Calculator::new(&table, Model::default()).unwrap();
    let tables = tables::Tables::new(&calculator);
    let at = |text: &str| tables.code(0, text.parse().unwrap());
    let value = |a, b| libm::pow(10.0, tables.log10_lr_same_person(0, at(a), at(b)).unwrap());
    assert!((value("10/11", "10/11") - (0.01 + 0.99 / 0.24)).abs() < 1e-12);
    assert!((value("14", "14") - (0.01 + 0.99 / 0.01)).abs() < 1e-10);
    assert!((value("10/11", "10/12") - 0.01).abs() < 1e-15);
    // An unlisted allele has the floor; all frequencies are divided by their new sum.
    let floor = calculator.loci()[0].floor();
    let rare = 2.0 * 0.4 * floor / ((1.0 + floor) * (1.0 + floor));
    assert!((value("10/13", "10/13") / (0.01 + 0.99 / rare) - 1.0).abs() < 1e-12);
}

#[test]
fn a_mutation_is_noted_and_without_mutation_in_the_model_it_marks() {
    // 24 loci that support parent and child, one of them with a mutation.
    let names: Vec<String> = (0..24).map(|i| format!("L{i}")).collect();
    let alleles = [(100, 0.4), (110, 0.3), (120, 0.2), (140, 0.1)];
    let loci: Vec<(&str, &[(u16, f64)])> = names.iter().map(|name| (name.as_str(), &alleles[..])).collect();
    let table = FrequencyTable::from_counts(&loci).unwrap();
    let calculator = Calculator::new(&table, Model::default()).unwrap();
    let cells = |usual: &str, last: &str| {
        let genotypes = (0..24).map(|i| if i == 23 { last } else { usual }.parse().ok());
        Profile::new(genotypes.collect())
    };
    let mut family = two_locus_family(&[(Father, ["", ""]), (FullSibling, ["", ""])]);
    family.relatives[0].profile = cells("14", "10/14");
    family.relatives[1].profile = cells("10/14", "11/12");
    let found = Checker::new(&calculator, &calculator).check(&family).unwrap();
    let [finding] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&finding.cause, finding.severity), (&Cause::Mutation { steps: Some(1) }, Severity::Note));
    assert_eq!((finding.samples.len(), finding.loci.len(), finding.loci[0].name()), (2, 1, "L23"));
    assert!(finding.to_string().ends_with("at L23: probably a mutation by 1 repeat"), "{finding}");
    let none = Calculator::new(&table, Model { mutation: Mutation::None, ..Model::default() }).unwrap();
    let [strict] = &Checker::new(&calculator, &none).check(&family).unwrap()[..] else { panic!() };
    assert_eq!((&strict.cause, strict.severity), (&finding.cause, Severity::Contradicted));
    assert!(strict.to_string().ends_with("the family cannot be scored"), "{strict}");
}

#[test]
fn what_only_three_together_show_is_seen() {
    let table = two_loci();
    let calculator = Calculator::new(&table, Model::default()).unwrap();
    let check = |relatives: &[(Relation, [&str; 2])]| {
        Checker::new(&calculator, &calculator).check(&two_locus_family(relatives)).unwrap()
    };
    // The child shares allele 10 with both parents, and its 14 with neither.
    let trio = check(&[(Father, ["10/11", ""]), (Mother, ["10/12", ""]), (FullSibling, ["10/14", ""])]);
    assert_eq!(trio.len(), 1);
    assert_eq!((&trio[0].cause, trio[0].samples.len()), (&Cause::Mutation { steps: None }, 3));
    // Five alleles in full siblings are impossible as well; four are possible.
    assert_eq!(
        check(&[(FullSibling, ["10/11", ""]), (FullSibling, ["12/14", ""]), (FullSibling, ["13", ""])]).len(),
        1
    );
    assert_eq!(check(&[(FullSibling, ["10/11", ""]), (FullSibling, ["12/14", ""]), (FullSibling, ["10/12", ""])]), []);
    // One relative, or two typed at different loci, give no finding.
    assert_eq!(check(&[(Father, ["10/11", "10"])]), []);
    assert_eq!(check(&[(Father, ["10/11", ""]), (FullSibling, ["", "12"])]), []);
    // An allele that the table does not list.
    assert_eq!(check(&[(Father, ["10/13", "9.3"]), (FullSibling, ["10/13", "9.3/10"])]), []);
}

#[test]
fn relations_that_make_no_family_are_an_error() {
    let table = two_loci();
    let calculator = Calculator::new(&table, Model::default()).unwrap();
    let two_fathers = two_locus_family(&[(Father, ["10", "10"]), (Father, ["10", "10"])]);
    assert!(Checker::new(&calculator, &calculator).check(&two_fathers).is_err());
}

#[test]
fn a_pedigree_of_its_own_is_checked_like_relations() {
    let calculator = calculator();
    let checker = Checker::new(&calculator, &calculator);
    let relations = [Father, Mother, FullSibling, PaternalAunt];
    let families = of(&relations, 100, 12);
    let own = |family: &Family| {
        let mut own = family.clone();
        own.pedigree = Some(Arc::new(Pedigree::from_relations(&relations).unwrap()));
        own.relatives.iter_mut().for_each(|relative| relative.relation = Relation::Member);
        own
    };
    for (i, family) in families.iter().enumerate() {
        let mut wrong = family.clone();
        stranger(&mut wrong, &families[(i + 1) % 100], 2);
        for (family, is_wrong) in [(family, false), (&wrong, true)] {
            let (said, of_own) = (checker.check(family).unwrap(), checker.check(&own(family)).unwrap());
            let marks = |findings: &[Finding]| -> Vec<(Severity, Vec<Pseudonym>)> {
                let samples = |finding: &Finding| finding.samples.iter().map(|one| one.sample).collect();
                findings.iter().map(|finding| (finding.severity, samples(finding))).collect()
            };
            assert_eq!(marks(&said), marks(&of_own));
            assert_eq!(is_wrong, of_own.iter().any(|finding| finding.severity.is_mark()), "{of_own:?}");
        }
    }
}
