//! Tests of what candidates mean: chance hits, posterior, rivals, classes, assignment, and what is missed.

use reunite::kinship::Calculator;
use reunite::matching::{ChanceHits, Compiler, Doubts, explain, locus_set};
use reunite::meaning::{Class, FamilyToWeigh, Lack, Meaning, PairToWeigh, Prior, Weigher};
use reunite::model::{Allele, Candidate, Child, Family, Genotype, Profile, Pseudonym, Relation, Relative};
use reunite::population::{FrequencyTable, Model, Mutation};
use serde_json::Value;

use crate::common::Lab;
use crate::common::rotation::{custodian, rotate};

/// A stream of random numbers that is the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn allele(&mut self, locus: usize) -> Allele {
        let table = &FrequencyTable::chinese_han_23().loci()[locus];
        let sum: f64 = table.frequencies().iter().sum();
        let mut left = self.next() * sum;
        for (allele, frequency) in table.alleles().iter().zip(table.frequencies()) {
            left -= frequency;
            if left <= 0.0 {
                return *allele;
            }
        }
        table.alleles()[0]
    }

    fn one_of(&mut self, pair: [Allele; 2]) -> Allele {
        pair[usize::from(self.next() < 0.5)]
    }

    fn person(&mut self) -> Person {
        Person((0..LOCI).map(|locus| [self.allele(locus), self.allele(locus)]).collect())
    }

    fn child(&mut self, father: &Person, mother: &Person) -> Person {
        Person((0..LOCI).map(|locus| [self.one_of(father.0[locus]), self.one_of(mother.0[locus])]).collect())
    }
}

const LOCI: usize = 23;

/// The two alleles of a person at every locus.
#[derive(Clone)]
struct Person(Vec<[Allele; 2]>);

impl Person {
    fn at(&self, loci: impl IntoIterator<Item = usize>) -> Profile {
        let mut genotypes = vec![None; LOCI];
        for locus in loci {
            genotypes[locus] = Some(Genotype::new(self.0[locus][0], self.0[locus][1]));
        }
        Profile::new(genotypes)
    }
}

fn pseudonym(number: u8) -> Pseudonym {
    Pseudonym::from_bytes([number; 16])
}

fn family(number: u8, relatives: &[(Relation, &Profile)]) -> Family {
    let relative = |(at, (relation, profile)): (usize, &(Relation, &Profile))| Relative {
        sample: pseudonym(100 + 10 * number + at as u8),
        relation: *relation,
        profile: (*profile).clone(),
        drop_out: None,
    };
    Family {
        pseudonym: pseudonym(number),
        relatives: relatives.iter().enumerate().map(relative).collect(),
        pedigree: None,
    }
}

fn child(number: u8, profile: Profile) -> Child {
    Child { pseudonym: pseudonym(50 + number), profile, drop_out: None }
}

fn candidate(calculator: &Calculator, family: &Family, child: &Child) -> Candidate {
    explain(calculator, family, child, None).unwrap().as_candidate(family.pseudonym, child.pseudonym)
}

/// Weighs pairs of these families and one child in a database of a million children, typed at all loci.
fn weigh(calculator: &Calculator, families: &[&Family], child: &Child) -> Vec<Meaning> {
    let hits = ChanceHits::of_sets(vec![((1 << LOCI) - 1, 1_000_000)], LOCI);
    let weigher = Weigher::new(calculator, &hits, Prior::default(), (4.0, Doubts::none()), &[]);
    let candidates: Vec<Candidate> = families.iter().map(|family| candidate(calculator, family, child)).collect();
    let weigh = |(family, candidate): (&&Family, &Candidate)| {
        let of = FamilyToWeigh { family, candidates: std::slice::from_ref(candidate), is_marked: false };
        weigher.weigh(&of, &[PairToWeigh { child, candidate, of_child: &candidates }]).unwrap().remove(0)
    };
    families.iter().zip(&candidates).map(weigh).collect()
}

fn han() -> Calculator {
    Calculator::new(FrequencyTable::chinese_han_23(), Model::default()).unwrap()
}

/// Seven trios that fit at 15 loci with a CPI of 1.33e6 to 2.77e7, and mismatch at three of four further ones.
#[test]
fn false_trios_of_fifteen_loci_need_more_loci() {
    let calculator = han();
    let mut random = Random(1);
    let mut found = 0;
    while found < 7 {
        let (father, mother) = (random.person(), random.person());
        let right = random.child(&father, &mother);
        let few = [&father, &mother, &right].map(|person| person.at(0..15));
        let trio = family(1, &[(Relation::Father, &few[0]), (Relation::Mother, &few[1])]);
        let found_child = child(1, few[2].clone());
        let log10_lr = candidate(&calculator, &trio, &found_child).log10_lr;
        if !(6.12..7.45).contains(&log10_lr) {
            continue;
        }
        found += 1;
        let meaning = weigh(&calculator, &[&trio], &found_child).remove(0);
        assert_eq!(meaning.class, Class::MoreLoci, "{meaning:?}");
        assert!(meaning.lacks.contains(&Lack::Loci) && meaning.further_loci >= Some(4), "{meaning:?}");

        // At 19 loci, three of the further ones are those of a stranger who fits neither parent.
        let mut wrong = right.clone();
        for locus in 15..18 {
            let is_of = |allele: Allele| father.0[locus].contains(&allele) || mother.0[locus].contains(&allele);
            let strange: Vec<Allele> = FrequencyTable::chinese_han_23().loci()[locus]
                .alleles()
                .iter()
                .copied()
                .filter(|allele| !is_of(*allele))
                .collect();
            wrong.0[locus] = [strange[0], strange[0]];
        }
        let more = [&father, &mother, &wrong].map(|person| person.at(0..19));
        let trio = family(1, &[(Relation::Father, &more[0]), (Relation::Mother, &more[1])]);
        let meaning = weigh(&calculator, &[&trio], &child(1, more[2].clone())).remove(0);
        assert!(meaning.class <= Class::MoreLoci, "{meaning:?}");
    }
}

/// Two brothers, both typed as the father of a family: both fit at 20 loci, as in the published case with a CPI of
/// 46,054 and 2,548,233. With the mother, the uncle still reaches 10,000 with one mutation.
#[test]
fn two_brothers_who_both_fit_need_more_loci() {
    let calculator = han();
    let mut random = Random(2);
    let (mut with_both, mut with_mother) = (0, 0);
    while with_both < 5 || with_mother < 3 {
        let (grandfather, grandmother, mother) = (random.person(), random.person(), random.person());
        let (father, uncle) = (random.child(&grandfather, &grandmother), random.child(&grandfather, &grandmother));
        let of_father = random.child(&father, &mother);
        let [father, uncle, mother, of_father] = [&father, &uncle, &mother, &of_father].map(|person| person.at(0..20));
        let families = [family(1, &[(Relation::Father, &father)]), family(2, &[(Relation::Father, &uncle)])];
        let found = child(1, of_father.clone());
        let numbers = families.each_ref().map(|family| candidate(&calculator, family, &found));
        if numbers[1].log10_lr >= 4.0 && (numbers[0].log10_lr - numbers[1].log10_lr).abs() < 2.0 {
            with_both += 1;
            for meaning in weigh(&calculator, &[&families[0], &families[1]], &found) {
                assert!(meaning.class <= Class::MoreLoci, "{meaning:?}");
                assert!(meaning.lacks.contains(&Lack::OtherFamily), "{meaning:?}");
            }
            // With one of the two in the database, close kin still fits nearly as well.
            let alone = weigh(&calculator, &[&families[1]], &found).remove(0);
            assert!(alone.class <= Class::MoreLoci, "{alone:?}");
        }
        let trio = family(3, &[(Relation::Father, &uncle), (Relation::Mother, &mother)]);
        let number = candidate(&calculator, &trio, &found);
        if number.log10_lr >= 4.0 && number.incompatible_loci == 1 {
            with_mother += 1;
            let meaning = weigh(&calculator, &[&trio], &found).remove(0);
            assert!(meaning.class <= Class::MoreLoci, "{meaning:?}");
            assert!(meaning.lacks.contains(&Lack::RivalExplanation), "{meaning:?}");
        }
    }
}

/// An aunt typed as the mother: some loci do not fit, and the likelihood ratio is near 1. She is not excluded.
#[test]
fn an_aunt_is_unlikely_and_not_excluded() {
    let calculator = han();
    let mut random = Random(3);
    let mut found = 0;
    while found < 5 {
        let (grandfather, grandmother, father) = (random.person(), random.person(), random.person());
        let (aunt, mother) = (random.child(&grandfather, &grandmother), random.child(&grandfather, &grandmother));
        let niece = random.child(&father, &mother);
        let family = family(1, &[(Relation::Mother, &aunt.at(0..LOCI))]);
        let niece = child(1, niece.at(0..LOCI));
        let number = candidate(&calculator, &family, &niece);
        if !(-3.0..-1.0).contains(&number.log10_lr) || number.incompatible_loci < 2 {
            continue;
        }
        found += 1;
        let meaning = weigh(&calculator, &[&family], &niece).remove(0);
        assert_eq!(meaning.class, Class::Unlikely);
        let cousin = meaning.rivals.iter().find(|rival| rival.rival.word() == "maternal-cousin").unwrap();
        assert!(cousin.log10_lr.unwrap() < -1.0, "{meaning:?}");
    }
}

#[test]
fn a_whole_family_with_its_child_is_strong() {
    let calculator = han();
    let mut random = Random(4);
    let (father, mother) = (random.person(), random.person());
    let right = random.child(&father, &mother);
    let siblings = [random.child(&father, &mother), random.child(&father, &mother)];
    let [father, mother, one, other] = [&father, &mother, &siblings[0], &siblings[1]].map(|person| person.at(0..LOCI));
    let relations = [
        (Relation::Father, &father),
        (Relation::Mother, &mother),
        (Relation::FullSibling, &one),
        (Relation::FullSibling, &other),
    ];
    let whole = family(1, &relations);
    let meaning = weigh(&calculator, &[&whole], &child(1, right.at(0..LOCI))).remove(0);
    assert_eq!((meaning.class, meaning.further_loci), (Class::Strong, Some(0)), "{meaning:?}");
    assert!(meaning.posterior > 0.999_999 && meaning.observed_at_least == 1 && meaning.margin_child.at_least);

    // Grandparents alone cannot tell their grandchildren apart, however large the likelihood ratio is.
    let grandparents = family(2, &[(Relation::PaternalGrandfather, &father), (Relation::PaternalGrandmother, &mother)]);
    let grandchild = child(2, random.child(&siblings[0], &random_person()).at(0..LOCI));
    let meaning = weigh(&calculator, &[&grandparents], &grandchild).remove(0);
    assert!(meaning.class <= Class::MoreLoci && meaning.lacks.contains(&Lack::RivalExplanation), "{meaning:?}");
    assert_eq!((meaning.rivals[0].rival.word(), meaning.further_loci), ("paternal-cousin", None), "{meaning:?}");
}

/// With many siblings, the pedigree of a rival is too large to compute. The pair is weighed all the same, and the rival
/// does not count as beaten.
#[test]
fn a_rival_too_large_to_compute_is_not_ruled_out() {
    let calculator = han();
    let mut random = Random(9);
    let (father, mother) = (random.person(), random.person());
    let right = random.child(&father, &mother);
    let siblings: Vec<Profile> = (0..9).map(|_| random.child(&father, &mother).at(0..LOCI)).collect();
    let mother = mother.at(0..LOCI);
    let relations =
        siblings.iter().map(|sibling| (Relation::FullSibling, sibling)).chain([(Relation::Mother, &mother)]);
    let large = family(1, &relations.collect::<Vec<_>>());
    let meaning = weigh(&calculator, &[&large], &child(1, right.at(0..LOCI))).remove(0);
    assert!(!meaning.rivals_not_computed.is_empty(), "{meaning:?}");
    assert_eq!((meaning.class, &meaning.lacks[..]), (Class::MoreLoci, &[Lack::RivalExplanation][..]), "{meaning:?}");
    assert!(meaning.posterior > 0.999);
}

fn random_person() -> Person {
    Random(99).person()
}

/// Half a million unrelated children (or `REUNITE_UNRELATED`) and a hundred thousand nephews, drawn locus by locus, against the convolution.
#[test]
fn chance_hits_are_those_of_a_simulation() {
    let table = FrequencyTable::chinese_han_23();
    // Genes are handed on here without mutation.
    let calculator = Calculator::new(table, Model { mutation: Mutation::None, ..Model::default() }).unwrap();
    let compiler = Compiler::new(&calculator, false);
    let mut random = Random(5);
    let father = random.person();
    let mother_of_two = random.person();
    let (one, other) = (random.child(&father, &mother_of_two), random.child(&father, &mother_of_two));
    let typed = 0..15;
    let set = locus_set((0..LOCI).map(|locus| typed.contains(&locus)));
    let stated = [
        family(
            1,
            &[(Relation::FullSibling, &one.at(typed.clone())), (Relation::FullSibling, &other.at(typed.clone()))],
        ),
        family(2, &[(Relation::Father, &father.at(typed.clone()))]),
    ];
    let asked = std::env::var("REUNITE_UNRELATED").ok().map(|number| number.parse().unwrap());
    let many: u64 = asked.unwrap_or(500_000);
    for of in &stated {
        let compiled = compiler.family(of).unwrap();
        let score = |person: &dyn Fn(&mut Random, usize) -> [Allele; 2], random: &mut Random| -> f64 {
            let of_locus = |locus: usize| {
                let [a, b] = person(random, locus);
                compiled.locus_log10_lr(&calculator, locus, Some(Genotype::new(a, b)), None).unwrap()
            };
            typed.clone().map(of_locus).sum()
        };
        let is_near = |found: u64, expected: f64, what: &str| {
            let band = 4.5 * expected.sqrt() + 0.015 * expected + 3.0;
            assert!((found as f64 - expected).abs() < band, "{what}: {found} {expected}");
        };
        let mut reached = [0_u64; 3];
        let thresholds = [-1.0, 0.5, 2.0];
        for _ in 0..many {
            let log10_lr = score(&|random, locus| [random.allele(locus), random.allele(locus)], &mut random);
            reached.iter_mut().zip(thresholds).for_each(|(reached, t)| *reached += u64::from(log10_lr >= t));
        }
        let hits = ChanceHits::of_sets(vec![(set, many)], LOCI);
        let mut hits = hits.with_family(&compiler, &compiled).unwrap();
        for (found, t) in reached.into_iter().zip(thresholds) {
            is_near(found, hits.expected(t).number, &format!("unrelated at {t}"));
        }
    }
    // A child of the typed father's brother: the brother shares both, one or none of the father's alleles.
    let compiled = compiler.family(&stated[1]).unwrap();
    let as_cousin = reunite::matching::Alternative::PaternalCousin.family(&stated[1]).unwrap();
    let as_cousin = compiler.family(&as_cousin).unwrap();
    let mut reached = [0_u64; 3];
    let thresholds = [-2.0, 0.0, 2.0];
    let cousins = 100_000;
    for _ in 0..cousins {
        let mut log10_lr = 0.0;
        for locus in typed.clone() {
            let [a, b] = father.0[locus];
            // Of each grandparent, father and brother have the same allele or not.
            let brother = [a, b].map(|allele| if random.next() < 0.5 { allele } else { random.allele(locus) });
            let genotype = Genotype::new(random.one_of(brother), random.allele(locus));
            log10_lr += compiled.locus_log10_lr(&calculator, locus, Some(genotype), None).unwrap();
        }
        reached.iter_mut().zip(thresholds).for_each(|(reached, t)| *reached += u64::from(log10_lr >= t));
    }
    let hits = ChanceHits::of_sets(vec![(set, 1)], LOCI);
    let of_father = hits.with_family(&compiler, &compiled).unwrap();
    for (found, t) in reached.into_iter().zip(thresholds) {
        let expected = f64::from(cousins) * of_father.reached_as(&compiled, &as_cousin, set, t);
        let band = 4.5 * expected.sqrt() + 0.015 * expected + 3.0;
        assert!((found as f64 - expected).abs() < band, "cousins at {t}: {found} {expected}");
    }
}

fn rows(json: &Value) -> &Vec<Value> {
    json["candidates"].as_array().unwrap()
}

#[test]
fn candidates_say_what_they_mean_and_filters_change_nothing() {
    let lab = Lab::with_population(300, 3_000);
    lab.run(&["match"]).ends(0);
    let all = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    assert!(all["prior"].as_str().unwrap().contains("each of 3,000 children with"), "{}", all["prior"]);
    let total = rows(&all).len();
    for row in rows(&all) {
        let meaning = &row["meaning"];
        for field in ["posterior", "expected_chance_hits", "expected_cousin_hits", "expected_half_sibling_hits"] {
            assert!(meaning[field].as_f64().unwrap() >= 0.0, "{field}");
        }
        assert!(meaning["posterior"].as_f64().unwrap() <= 1.0);
        // Turing: at most 1 / LR of the unrelated reach it.
        let bound = 3_000.0 * 10_f64.powf(-row["log10_lr"].as_f64().unwrap());
        assert!(meaning["expected_chance_hits"].as_f64().unwrap() <= 1.02 * bound, "{row}");
        assert!(meaning["log10_lr_min"].as_f64().unwrap() <= row["log10_lr"].as_f64().unwrap());
        let rivals = meaning["rivals"].as_array().unwrap();
        assert!(
            rivals.is_sorted_by(|a, b| a["log10_lr"].as_f64() <= b["log10_lr"].as_f64() || b["log10_lr"].is_null())
        );
        assert!(!row["facts"]["relatives"].as_array().unwrap().is_empty());
    }
    // The posteriors of a family and of "none of them" add up to 1 at most.
    let first = rows(&all)[0]["family"].as_str().unwrap();
    let of_family = lab.run(&["candidates", "--family", first, "--format", "json"]).ends(0).json();
    assert!(rows(&of_family).iter().map(|row| row["meaning"]["posterior"].as_f64().unwrap()).sum::<f64>() <= 1.0);

    let count = |words: &[&str]| {
        let said = lab.run(&[&["candidates", "--format", "json"], words].concat());
        rows(&said.json()).len()
    };
    let by_class = ["strong", "candidate", "more-loci", "unlikely"].map(|class| count(&["--class", class]));
    assert_eq!(by_class.iter().sum::<usize>(), total, "{by_class:?}");
    assert!(by_class[0] > 0 && by_class[2] > 0, "{by_class:?}");
    assert_eq!(count(&["--class", "strong", "--class", "more-loci"]), by_class[0] + by_class[2]);
    let above = rows(&all).iter().filter(|row| row["log10_lr"].as_f64().unwrap() >= 10.0).count();
    assert_eq!(count(&["--min-log10-lr", "10", "--brief"]), above);
    let rare = rows(&all).iter().filter(|row| row["meaning"]["expected_chance_hits"].as_f64().unwrap() <= 1e-6).count();
    assert_eq!(count(&["--max-chance-hits", "1e-6"]), rare);
    let families: std::collections::BTreeSet<&str> =
        rows(&all).iter().map(|row| row["family"].as_str().unwrap()).collect();
    assert_eq!(count(&["--max-per-family", "1", "--brief"]), families.len());
    assert_eq!(count(&["--since", "last", "--brief"]), total);
    assert_eq!(count(&["--since", "2000-01-01", "--brief"]), total);
    assert_eq!(count(&["--since", "9999-01-01", "--brief"]), 0);
    lab.run(&["candidates", "--since", "7"]).ends(2).says(&["there is no run 7"]);
    lab.run(&["candidates", "--since", "soon"]).ends(2).says(&["YYYY-MM-DD"]);
    lab.run(&["candidates", "--prior", "1"]).ends(2).says(&["above 0 and below 1"]);
    lab.run(&["candidates", "--limit", "0"]).ends(2);
    let sorted = lab.run(&["candidates", "--sort", "posterior", "--format", "json"]).ends(0).json();
    let posteriors: Vec<f64> = rows(&sorted).iter().map(|row| row["meaning"]["posterior"].as_f64().unwrap()).collect();
    assert!(posteriors.is_sorted_by(|a, b| a >= b));
    // Nothing of that was a run.
    let again = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    assert_eq!(again, all);

    // A smaller prior makes every posterior smaller; the store's own prior is that of its settings.
    let small = lab.run(&["candidates", "--prior", "0.01", "--format", "json"]).ends(0).json();
    for (one, other) in rows(&all).iter().zip(rows(&small)) {
        assert!(one["meaning"]["posterior"].as_f64() >= other["meaning"]["posterior"].as_f64());
    }
    let toml = lab.read("store/reunite.toml");
    lab.write("store/reunite.toml", format!("{toml}\n[meaning]\nprior = 0.01\n"));
    assert_eq!(lab.run(&["candidates", "--format", "json"]).ends(0).json(), small);
    lab.write("store/reunite.toml", format!("{toml}\n[meaning]\nprior = 2.0\n"));
    lab.run(&["candidates"]).ends(2).says(&["a prior is a probability above 0 and below 1"]);
    lab.write("store/reunite.toml", &toml);

    // The list for people has 80 columns, and the sheet as many columns in every row.
    let page = lab.run(&["candidates"]).ends(0);
    assert!(page.out.lines().all(|line| line.chars().count() <= 80), "{}", page.out);
    assert!(page.out.contains("posterior") && page.out.contains("prior: "), "{}", page.out);
    assert!(page.err.contains("more candidates; --limit lists them"), "{}", page.err);
    let sheet = lab.run(&["candidates", "--assign", "--format", "csv"]).ends(0).out;
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|one| one == name).unwrap();
    let (lower, upper, posterior) = (at("assigned_lower"), at("assigned_upper"), at("posterior"));
    let mut of_child: std::collections::HashMap<String, f64> = std::collections::HashMap::new();
    for row in reader.records().map(Result::unwrap).filter(|row| row[at("same_person")].is_empty()) {
        assert_eq!(row.len(), header.len());
        assert!(!row[posterior].is_empty());
        assert_eq!(row[lower], row[upper]);
        *of_child.entry(row[1].to_owned()).or_default() += row[lower].parse::<f64>().unwrap();
    }
    assert!(of_child.values().all(|sum| *sum <= 1.0 + 1e-9), "a child fills one place");
}

#[test]
fn other_frequency_tables_can_only_lower_the_least_ratio() {
    let lab = Lab::with_population(60, 300);
    lab.run(&["match"]).ends(0);
    let least = |words: &[&str]| -> Vec<(f64, String)> {
        let json = lab.run(&[&["candidates", "--format", "json"], words].concat()).ends(0).json();
        let one = |row: &Value| {
            let meaning = &row["meaning"];
            (meaning["log10_lr_min"].as_f64().unwrap(), meaning["log10_lr_min_with"].as_str().unwrap().to_owned())
        };
        rows(&json).iter().map(one).collect()
    };
    let before = least(&[]);
    // Theta 0.01 makes shared alleles less telling.
    assert!(before.iter().any(|one| one.1 == "theta 0.01"), "{before:?}");
    let table = FrequencyTable::chinese_han_23();
    let names: Vec<&str> = table.panel().loci().iter().map(reunite::model::Locus::name).collect();
    let alleles: std::collections::BTreeSet<Allele> =
        table.loci().iter().flat_map(|locus| locus.alleles().iter().copied()).collect();
    let mut text = format!("Allele,{}\n", names.join(","));
    for allele in alleles {
        let cell = |locus: &reunite::population::LocusFrequencies| {
            // Frequent alleles are more frequent, so that they say less.
            let sum: f64 = locus.frequencies().iter().map(|frequency| frequency * frequency).sum();
            let frequency = locus.frequencies()[locus.position(allele)?];
            Some((frequency * frequency / sum).to_string())
        };
        let cells: Vec<String> = table.loci().iter().map(|locus| cell(locus).unwrap_or_default()).collect();
        text += &format!("{allele},{}\n", cells.join(","));
    }
    text += &format!("N,{}\n", vec!["500"; LOCI].join(","));
    lab.write("other.csv", &text);
    let other = lab.name("other.csv");
    let with = least(&["--also-frequencies", &other]);
    assert!(with.iter().zip(&before).all(|(with, before)| with.0 <= before.0));
    assert!(with.iter().any(|one| one.1.contains("other.csv")), "{with:?}");
    lab.write("few.csv", "Allele,vWA\n14,0.5\n15,0.5\nN,500\n");
    lab.run(&["candidates", "--also-frequencies", &lab.name("few.csv")]).ends(2).says(&["few.csv"]);
}

#[test]
fn explain_says_what_a_pair_means() {
    let lab = Lab::with_population(60, 300);
    lab.run(&["match"]).ends(0);
    let listed = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let row = &rows(&listed)[0];
    let [family, child] = ["family", "child"].map(|who| row[who].as_str().unwrap());
    let explained = lab.run(&["explain", family, child, "--format", "json"]).ends(0).json();
    assert_eq!(explained["meaning"], row["meaning"]);
    let page = lab.run(&["explain", family, child]).ends(0).out;
    assert!(page.contains("What it means: ") && page.contains("prior: "), "{page}");
    // A pair that is no candidate is weighed, too.
    let other = rows(&listed).iter().find(|other| other["family"] != row["family"]).unwrap();
    let stranger = other["child"].as_str().unwrap();
    let explained = lab.run(&["explain", family, stranger, "--format", "json"]).ends(0).json();
    assert_eq!(explained["meaning"]["class"], "unlikely", "{}", explained["meaning"]);
}

/// In synthetic populations with known truth, the probabilities of a miss add up to the number of children missed.
#[test]
fn missed_children_are_as_many_as_predicted() {
    let lab = Lab::with_population(1_500, 3_000);
    lab.run(&["match"]).ends(0);
    let report = lab.run(&["missed", "--format", "json"]).ends(0).json();
    let families = report["families"].as_array().unwrap();
    assert_eq!(families.len(), 1_500);
    let by_family: std::collections::HashMap<&str, f64> =
        families.iter().map(|row| (row["family"].as_str().unwrap(), row["missed"].as_f64().unwrap())).collect();
    for row in families {
        let parts = ["by_relatives", "by_loci", "by_mutation", "by_drop_out", "by_papers"];
        let sum: f64 = parts.map(|part| row[part].as_f64().unwrap()).iter().sum();
        assert!((sum - row["missed"].as_f64().unwrap()).abs() < 1e-9, "{row}");
    }
    let listed = lab.run(&["candidates", "--brief", "--format", "json"]).ends(0).json();
    let found: std::collections::HashSet<(&str, &str)> =
        rows(&listed).iter().map(|row| (row["family"].as_str().unwrap(), row["child"].as_str().unwrap())).collect();
    let truth = lab.read("files/truth.csv");
    let pairs: Vec<(String, String)> = csv::Reader::from_reader(truth.as_bytes())
        .records()
        .map(Result::unwrap)
        .map(|row| (row[0].to_owned(), row[1].to_owned()))
        .collect();
    let names = lab.pseudonyms("family", pairs.iter().map(|pair| pair.0.as_str()));
    let children = lab.pseudonyms("sample", pairs.iter().map(|pair| pair.1.as_str()));
    let (mut expected, mut variance, mut missed) = (0.0, 0.0, 0);
    for (family, child) in &pairs {
        let (family, child) = (names[family].as_str(), children[child].as_str());
        let p = by_family[family];
        expected += p;
        variance += p * (1.0 - p);
        missed += usize::from(!found.contains(&(family, child)));
    }
    let sd = f64::sqrt(variance);
    assert!(
        (missed as f64 - expected).abs() < 4.0 * sd + 0.01 * pairs.len() as f64,
        "{missed} {expected} {sd} {}",
        pairs.len()
    );

    let family = families[0]["family"].as_str().unwrap();
    let one = lab.run(&["missed", family, "--format", "json"]).ends(0).json();
    let remedies = one["families"][0]["remedies"].as_array().unwrap();
    assert!(remedies.is_sorted_by(|a, b| a["missed"].as_f64() <= b["missed"].as_f64()) && remedies.len() >= 3);
    let page = lab.run(&["missed", family]).ends(0).out;
    assert!(page.contains("What would lower it") && page.lines().all(|line| line.chars().count() <= 80), "{page}");
    let page = lab.run(&["missed"]).ends(0).out;
    assert!(page.contains("mean of all families") && page.lines().all(|line| line.chars().count() <= 80), "{page}");
    lab.run(&["missed", &"ab".repeat(16)]).ends(2);
}

#[test]
fn runs_name_what_they_gained_and_lost() {
    let lab = Lab::new();
    let (identity, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    lab.synth("files", 60, 300, 1);
    lab.run(&["import", &lab.name("files/families.csv"), &lab.name("files/children.csv")]).ends(0);
    lab.run(&["runs"]).ends(0).says(&["nothing has been matched yet"]);
    lab.run(&["match"]).ends(0);
    let runs = || lab.run(&["runs", "--format", "json"]).ends(0).json();
    let listed = lab.run(&["candidates", "--brief", "--format", "json"]).ends(0).json();
    let total = rows(&listed).len() as u64;
    assert_eq!((runs()["runs"][0]["gained"].as_u64(), runs()["runs"][0]["lost"].as_u64()), (Some(total), Some(0)));

    let [family, child] = ["family", "child"].map(|who| rows(&listed)[0][who].as_str().unwrap());
    lab.run(&["families", "withdraw", family, "--cause", "other"]).ends(0);
    lab.run(&["match"]).ends(0).says(&["no longer a candidate: family", family, child, "the family was withdrawn"]);
    let second = &runs()["runs"][1];
    let lost = second["lost_candidates"].as_array().unwrap();
    assert_eq!(lost.len() as u64, second["lost"].as_u64().unwrap());
    assert!(
        lost.iter().any(|one| one["family"] == family && one["child"] == child && one["cause"] == "family-withdrawn")
    );
    lab.run(&["families", "restore", family]).ends(0);
    lab.run(&["match"]).ends(0);
    let third = &runs()["runs"][2];
    assert_eq!((third["gained"].as_u64(), third["returned"].as_u64()), (Some(0), second["lost"].as_u64()));
    lab.run(&["candidates", "--since", "last", "--family", family]).ends(1);
    lab.run(&["candidates", "--since", "1", "--family", family]).ends(0);

    // A child whose profile is replaced is named before the next run, and belongs to it if it is not found again.
    let other = rows(&listed).iter().find(|row| row["family"] != family).unwrap();
    let (other_family, other_child) = (other["family"].as_str().unwrap(), other["child"].as_str().unwrap());
    let text = lab.read("files/children.csv");
    let names = lab.pseudonyms("sample", text.lines().skip(1).map(|line| line.split(',').next().unwrap()));
    let id = names.iter().find(|(_, pseudonym)| pseudonym.as_str() == other_child).unwrap().0;
    let header = text.lines().next().unwrap();
    let stranger = text.lines().skip(1).find(|line| !line.starts_with(id.as_str())).unwrap();
    let replaced = format!("{header}\n{id},{}\n", stranger.split_once(',').unwrap().1);
    lab.import("children", "replaced.csv", replaced, &["--on-conflict", "replace", "--yes"]).ends(0);
    let removed = runs()["removed_since"].clone();
    assert!(
        removed.as_array().unwrap().iter().any(|one| one["family"] == other_family && one["cause"] == "data-changed")
    );
    lab.run(&["match"]).ends(0).says(&[other_family, "a sample or the relatives were changed"]);
    assert_eq!(runs()["removed_since"].as_array().unwrap().len(), 0);

    // Another threshold loses many, and says why; nothing is damaged by any of this.
    lab.run(&["match", "--min-log10-lr", "20"])
        .ends(0)
        .says(&["the run had other settings", "`reunite runs` names them all"]);
    let page = lab.run(&["runs"]).ends(0).out;
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    let sheet = lab.run(&["runs", "--format", "csv"]).ends(0).out;
    assert_eq!(sheet.lines().count(), 6);
    lab.run(&["verify"]).ends(0);
    let expected = runs();

    // The key changes the pseudonyms there, too, and nobody who is expunged is named any longer.
    change_key(&lab, &identity);
    let after = runs();
    for (one, other) in expected["runs"].as_array().unwrap().iter().zip(after["runs"].as_array().unwrap()) {
        assert_eq!((&one["gained"], &one["lost"]), (&other["gained"], &other["lost"]));
    }
    assert!(!after.to_string().contains(family));
    lab.run(&["verify"]).ends(0);
}

/// Changes the key of the laboratory's store.
fn change_key(lab: &Lab, identity: &str) {
    crate::common::reunite(&["key", "new", &lab.name("new")]).ends(0);
    rotate(lab, identity).ends(0);
    std::fs::copy(lab.path("new"), lab.path("key")).unwrap();
}

#[test]
fn a_trial_threshold_makes_nothing_new() {
    let lab = Lab::with_population(60, 300);
    lab.run(&["match"]).ends(0);
    let count =
        |words: &[&str]| rows(&lab.run(&[&["candidates", "--brief", "--format", "json"], words].concat()).json()).len();
    let total = count(&[]);
    lab.run(&["match", "--min-log10-lr", "9"]).ends(0);
    let kept = count(&[]);
    assert!(0 < kept && kept < total);
    lab.run(&["candidates", "--min-log10-lr", "5"]).ends(0).says(&["kept pairs from log10 LR 9 on"]);
    lab.run(&["match"]).ends(0);
    assert_eq!((count(&[]), count(&["--since", "last"])), (total, 0));
    lab.run(&["match", "--max-per-family", "1"]).ends(0);
    lab.run(&["match", "--full"]).ends(0);
    assert_eq!((count(&[]), count(&["--since", "1"]), count(&["--since", "2"])), (total, total, 0));
    let runs = lab.run(&["runs", "--format", "json"]).ends(0).json();
    let gained: Vec<u64> = runs["runs"].as_array().unwrap().iter().map(|run| run["gained"].as_u64().unwrap()).collect();
    assert_eq!(gained, [total as u64, 0, 0, 0, 0]);
    // What a run says stays, whatever later runs lose again, and it adds up.
    let mut sum = 0;
    for run in runs["runs"].as_array().unwrap() {
        let of = |what: &str| run[what].as_i64().unwrap();
        sum += of("gained") + of("returned") - of("lost");
    }
    assert_eq!(sum, total as i64);
    assert_eq!(runs["runs"][2]["returned"], runs["runs"][1]["lost"]);
    assert_eq!(runs["runs"][4]["returned"], runs["runs"][3]["lost"]);
    assert_eq!((&runs["runs"][3]["max_per_family"], &runs["runs"][2]["max_per_family"]), (&1.into(), &Value::Null));
    // Neither does a family that was withdrawn for a while.
    let listed = lab.run(&["candidates", "--brief", "--format", "json"]).ends(0).json();
    let family = rows(&listed)[0]["family"].as_str().unwrap();
    lab.run(&["families", "withdraw", family, "--cause", "other"]).ends(0);
    lab.run(&["match"]).ends(0);
    lab.run(&["families", "restore", family]).ends(0);
    lab.run(&["match"]).ends(0);
    assert_eq!(count(&["--since", "last"]), 0);
    lab.run(&["verify"]).ends(0);
}

#[test]
fn a_loss_that_was_edited_is_found() {
    let lab = Lab::with_population(60, 300);
    lab.run(&["match"]).ends(0);
    lab.run(&["match", "--min-log10-lr", "20"]).ends(0);
    lab.database("store").execute("UPDATE lost SET cause = 'family-withdrawn'", []).unwrap();
    lab.run(&["verify", "--reseal", "--reason", "an edit of ours"]);
    lab.run(&["verify"]).ends(1).says(&["former candidate", "it was changed"]);
    lab.run(&["runs"]).ends(2).says(&["it was changed"]);
}

#[test]
fn a_candidate_that_was_deleted_is_missed_and_found_again() {
    let lab = Lab::with_population(60, 300);
    lab.run(&["match"]).ends(0);
    let listed = || lab.run(&["candidates", "--brief", "--format", "json"]).ends(0).json();
    let before = listed();
    let best = "DELETE FROM candidate WHERE log10_lr = (SELECT max(log10_lr) FROM candidate)";
    assert_eq!(lab.database("store").execute(best, []).unwrap(), 1);
    lab.run(&["verify", "--reseal", "--reason", "an edit of ours"]);
    assert_eq!(rows(&listed()).len(), rows(&before).len() - 1);
    lab.run(&["verify"]).ends(1).says(&["the candidates are not those that run 1 recorded"]);
    lab.run(&["match"]).ends(0).says(&["the stored candidates are not those of the last run"]);
    assert_eq!(rows(&listed()).len(), rows(&before).len());
    lab.run(&["verify"]).ends(0);
}

#[test]
fn a_list_of_numbers_names_candidates_and_is_recorded() {
    let lab = Lab::with_population(60, 300);
    lab.run(&["match"]).ends(0);
    // The list of what was planted has families in the first column and children in the second.
    let list = lab.name("files/truth.csv");
    let named = lab.run(&["candidates", "--brief", "--format", "json", "--numbers", &list]).ends(0).json();
    let truth = lab.read("files/truth.csv");
    let mut seen = 0;
    for row in rows(&named) {
        let numbers = (row["family_number"].as_str(), row["child_number"].as_str());
        if let (Some(family), Some(child)) = numbers {
            let pseudonym = &lab.pseudonyms("family", [family])[family];
            assert_eq!(row["family"].as_str(), Some(pseudonym.as_str()));
            seen += usize::from(truth.contains(&format!("{family},{child},")));
        }
    }
    assert!(seen >= 10, "{named}");
    let page = lab.run(&["candidates", "--limit", "1", "--numbers", &list]).ends(0).out;
    assert!(page.contains("numbers: family F0"), "{page}");
    let [family, child] = ["family", "child"].map(|who| rows(&named)[0][who].as_str().unwrap());
    let explained = lab.run(&["explain", family, child, "--numbers", &list]).ends(0).out;
    assert!(explained.contains("Numbers: family F0"), "{explained}");
    let audit = lab.run(&["audit", "list", "--format", "json"]).ends(0).out;
    assert!(audit.contains("\"numbers\": true"), "{audit}");
    let audit: Value = serde_json::from_str(&audit).unwrap();
    for command in ["candidates", "explain"] {
        let is_of = |record: &&Value| record["command"] == command && record["details"]["numbers"] == true;
        assert!(audit["records"].as_array().unwrap().iter().any(|record| is_of(&record)), "{command}");
    }
    // Nothing of the list stays in the store.
    let number = rows(&named)[0]["family_number"].as_str().unwrap();
    for file in crate::common::everything_in(&lab.path("store")) {
        if file.is_file() {
            let bytes = std::fs::read(&file).unwrap();
            assert!(!bytes.windows(number.len()).any(|part| part == number.as_bytes()), "{}", file.display());
        }
    }
    lab.run(&["candidates", "--numbers", &lab.name("none.csv")]).ends(2).says(&["none.csv"]);
    lab.write("latin.csv", b"F000\xff\n");
    lab.run(&["candidates", "--numbers", &lab.name("latin.csv")]).ends(2).says(&["latin.csv", "line 1", "UTF-8"]);
}

#[test]
fn a_decided_pair_is_not_new_and_not_undecided() {
    let lab = Lab::with_population(60, 300);
    lab.run(&["match"]).ends(0);
    let listed = lab.run(&["candidates", "--brief", "--format", "json"]).ends(0).json();
    let [family, child] = ["family", "child"].map(|who| rows(&listed)[0][who].as_str().unwrap());
    lab.write("passphrase", "a passphrase of ours\n");
    std::process::Command::new("chmod").args(["600", &lab.name("passphrase")]).status().unwrap();
    let passphrase = lab.name("passphrase");
    for (name, staff) in [("ada", "R17"), ("ben", "R23")] {
        let key = lab.name(&format!("{name}.key"));
        lab.run(&["review", "key", "--out", &key, "--passphrase-file", &passphrase]).ends(0);
        lab.run(&["review", "enrol", "--staff", staff, "--public-key", &format!("{key}.pub")]).ends(0);
    }
    let decide = |name: &str| {
        let key = lab.name(&format!("{name}.key"));
        let words = ["review", "decide", family, child, "--decision", "confirm", "--code", "profiles-agree"];
        lab.run(&[&words[..], &["--key", &key, "--passphrase-file", &passphrase]].concat()).ends(0);
    };
    let row = || {
        let listed = lab.run(&["candidates", "--brief", "--family", family, "--child", child, "--format", "json"]);
        rows(&listed.json())[0].clone()
    };
    let count =
        |words: &[&str]| rows(&lab.run(&[&["candidates", "--brief", "--format", "json"], words].concat()).json()).len();
    let total = count(&[]);
    decide("ada");
    assert_eq!((row()["review"]["status"].as_str(), &row()["new"]), (Some("in-review"), &true.into()));
    assert_eq!(count(&["--undecided"]), total);
    decide("ben");
    assert_eq!((row()["review"]["status"].as_str(), &row()["new"]), (Some("confirmed"), &false.into()));
    assert_eq!(count(&["--undecided"]), total - 1);
    let page = lab.run(&["candidates", "--family", family, "--child", child]).ends(0).out;
    assert!(page.contains("confirmed"), "{page}");

    // Lost and found again, it does not come back as new.
    lab.run(&["families", "withdraw", family, "--cause", "other"]).ends(0);
    lab.run(&["match"]).ends(0);
    lab.run(&["families", "restore", family]).ends(0);
    lab.run(&["match"]).ends(0);
    let again = row();
    let changed = again["review"]["changed"].as_array().unwrap();
    assert_eq!(again["new"].as_bool().unwrap(), !changed.is_empty(), "{again}");
}

#[test]
fn margins_are_to_the_next_child_and_the_next_family() {
    let lab = Lab::with_population(80, 400);
    lab.run(&["match", "--min-log10-lr", "-1"]).ends(0);
    let listed = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let rows = rows(&listed);
    let rank = |row: &Value| row["log10_lr"].as_f64().unwrap() + row["log10_doubt"].as_f64().unwrap();
    let mut next = [0, 0];
    let ratio = |row: &Value| row["log10_lr"].as_f64().unwrap();
    for row in rows {
        let of_family: Vec<&Value> = rows.iter().filter(|one| one["family"] == row["family"]).collect();
        if of_family.iter().all(|one| one["view"] == "as stated") {
            let at_least = of_family.iter().filter(|one| ratio(one) >= ratio(row)).count() as u64;
            assert_eq!(row["meaning"]["observed_at_least"], at_least);
        }
        for (which, (same, other)) in [("family", "child"), ("child", "family")].into_iter().enumerate() {
            let others = rows.iter().filter(|one| one[same] == row[same] && one[other] != row[other]).map(rank);
            let best = others.max_by(f64::total_cmp);
            let margin = &row["meaning"][format!("margin_{other}")];
            let expected = rank(row) - best.unwrap_or(-1.0);
            assert!((margin["log10"].as_f64().unwrap() - expected).abs() < 1e-9, "{margin} {expected}");
            assert_eq!(margin["at_least"], best.is_none());
            next[which] += usize::from(best.is_some());
        }
    }
    assert!(next.iter().all(|seen| *seen > 5), "{next:?}");
}
