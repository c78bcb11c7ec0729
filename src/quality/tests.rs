//! Checks that synthetic populations cause no findings, and that planted errors do.

use super::*;
use crate::model::{Allele, Genotype, Locus, Profile};
use crate::population::{FrequencyTable, Model};
use crate::synthesis::{Plan, Population};

fn table() -> &'static FrequencyTable {
    FrequencyTable::chinese_han_23()
}

/// Returns the children of a synthetic population.
fn children(children: usize, seed: u64) -> Vec<Profile> {
    let plan = Plan { families: children / 20 + 1, children, seed, ..Plan::default() };
    let population = Population::generate(&plan, table(), &Model::default()).unwrap();
    population.children.into_iter().map(|child| child.profile).collect()
}

fn look(profiles: &[Profile]) -> Vec<Finding> {
    let typed: Vec<Typed<'_>> = profiles.iter().map(|profile| Typed { profile, is_unrelated: true }).collect();
    examine(table(), 0.0, 8, table().panel().loci(), &typed)
}

/// Returns the profiles with one locus changed.
fn changed(profiles: &[Profile], locus: usize, change: impl Fn(Genotype) -> Option<Genotype>) -> Vec<Profile> {
    let one = |profile: &Profile| {
        let mut genotypes = profile.genotypes().to_vec();
        genotypes[locus] = genotypes[locus].and_then(&change);
        Profile::new(genotypes)
    };
    profiles.iter().map(one).collect()
}

#[test]
fn synthetic_populations_raise_no_alarm() {
    let mut homozygous = 0;
    let mut profiles = 0;
    for seed in 0..40 {
        let size = [50, 60, 100, 250, 1000][seed as usize % 5];
        let population = children(size, seed);
        profiles += population.len();
        for finding in look(&population) {
            match finding {
                Finding::Homozygous { .. } => homozygous += 1,
                Finding::Unlisted { .. } => {}
                other => panic!("seed {seed}, {size}: {other:?}"),
            }
        }
    }
    // At most 1.2 are expected.
    assert!(profiles > 11_000 && homozygous <= 4, "{homozygous} of {profiles}");
}

#[test]
fn parts_are_looked_at_as_the_whole() {
    let odd: Genotype = "7.1/44".parse().unwrap();
    let mut profiles = children(300, 3);
    for (at, locus) in [(2, 1), (40, 1), (41, 1), (299, 5)] {
        profiles[at] = changed(&profiles[at..=at], locus, |_| Some(odd)).remove(0);
    }
    profiles[100] = Profile::new(vec![None; table().panel().len()]);
    for profile in &mut profiles[200..203] {
        let homozygous = |genotype: &Option<Genotype>| genotype.map(|g| Genotype::new(g.low(), g.low()));
        *profile = Profile::new(profile.genotypes().iter().map(homozygous).collect());
    }
    let profiles = changed(&profiles, 9, |g| Genotype::new(Shift::new(4, 4).apply(g.low()), g.high()).into());
    let typed: Vec<Typed<'_>> =
        profiles.iter().enumerate().map(|(i, profile)| Typed { profile, is_unrelated: i % 3 > 0 }).collect();
    let look = |part| examine::in_parts(table(), 0.0, 8, table().panel().loci(), &typed, part);
    let whole = look(300);
    assert!(whole.len() > 8, "{whole:?}");
    for part in [1, 7, 40, 41, 299] {
        assert_eq!(look(part), whole, "{part}");
    }
}

#[test]
fn a_shifted_ladder_is_found_and_named() {
    let population = children(300, 7);
    let loci = table().panel().loci();
    let mut missed = Vec::new();
    for (locus, name) in loci.iter().enumerate() {
        let unit = match name.name() {
            "D22S1045" => 3,
            "Penta_D" | "Penta_E" => 5,
            _ => 4,
        };
        for bases in [unit, -unit, 2 * unit, -2 * unit, 1, -1, 2] {
            let shift = Shift::new(bases, unit);
            let off = changed(&population, locus, |g| Some(Genotype::new(shift.apply(g.low()), shift.apply(g.high()))));
            let found: Vec<Finding> = look(&off).into_iter().filter(|f| matches!(f, Finding::Misfit { .. })).collect();
            let back = Shift::new(-bases, unit);
            match &found[..] {
                [Finding::Misfit { locus: at, fits, .. }] if *at == locus => {
                    assert_eq!(*fits, Fits::Shifted(back), "{name} {shift}");
                }
                [] => missed.push(format!("{name} {shift}")),
                other => panic!("{name} {shift}: {other:?}"),
            }
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn a_shift_is_seen_in_fifty_profiles() {
    let vwa = table().panel().position(&"vWA".parse().unwrap()).unwrap();
    let plan = Plan { families: 3, children: 70, seed: 3, untyped: 0.0, partial_children: 0.0, ..Plan::default() };
    let population = Population::generate(&plan, table(), &Model::default()).unwrap();
    let population: Vec<Profile> = population.children.into_iter().map(|child| child.profile).collect();
    let shift = Shift::new(4, 4);
    let off = changed(&population, vwa, |g| Some(Genotype::new(shift.apply(g.low()), shift.apply(g.high()))));
    let misfits = |profiles: &[Profile]| {
        look(profiles).into_iter().filter(|finding| matches!(finding, Finding::Misfit { .. })).collect::<Vec<_>>()
    };
    assert!(
        matches!(&misfits(&off[..50])[..], [Finding::Misfit { fits: Fits::Shifted(back), .. }] if back.to_string() == "-1")
    );
    assert_eq!(misfits(&off[..49]), [], "too few to say");
    // Relatives of persons in earlier rows do not count.
    let typed: Vec<Typed<'_>> =
        off.iter().enumerate().map(|(i, profile)| Typed { profile, is_unrelated: i < 49 }).collect();
    let found = examine(table(), 0.0, 8, table().panel().loci(), &typed);
    assert!(!found.iter().any(|finding| matches!(finding, Finding::Misfit { .. })));
}

#[test]
fn exchanged_columns_are_found_and_named() {
    let population = children(300, 11);
    let at = |name: &str| table().panel().position(&name.parse().unwrap()).unwrap();
    let (a, b) = (at("D18S51"), at("TH01"));
    let exchanged: Vec<Profile> = population
        .iter()
        .map(|profile| {
            let mut genotypes = profile.genotypes().to_vec();
            genotypes.swap(a, b);
            Profile::new(genotypes)
        })
        .collect();
    let found = look(&exchanged);
    for (locus, name) in [(a, "TH01"), (b, "D18S51")] {
        let named = Fits::Other(name.parse().unwrap());
        assert!(
            found
                .iter()
                .any(|f| matches!(f, Finding::Misfit { locus: at, fits, .. } if *at == locus && *fits == named)),
            "{found:?}"
        );
    }
}

#[test]
fn lost_alleles_make_profiles_homozygous() {
    let mut population = children(60, 5);
    let full = population.iter().position(|profile| profile.typed_loci() > 18).unwrap();
    let lost = population[full].genotypes().iter().enumerate();
    let lost = lost.map(|(i, g)| g.map(|g| if i % 3 > 0 { Genotype::new(g.low(), g.low()) } else { g }));
    population[full] = Profile::new(lost.collect());
    let found: Vec<Finding> =
        look(&population).into_iter().filter(|finding| matches!(finding, Finding::Homozygous { .. })).collect();
    let [Finding::Homozygous { row, homozygous, typed, tail }] = found[..] else { panic!("{found:?}") };
    assert_eq!(row, full);
    assert!(homozygous >= 12 && typed > 18 && tail < TAIL);
}

#[test]
fn alleles_out_of_range_are_named_and_others_counted() {
    let (locus, frequencies) = (table().panel().position(&"vWA".parse().unwrap()).unwrap(), table().loci());
    let alleles = frequencies[locus].alleles();
    let (low, high) = (alleles[0].tenths(), alleles[alleles.len() - 1].tenths());
    let allele = |tenths: u16| Allele::from_tenths(tenths).unwrap();
    let population = children(9, 1);
    let with = |allele: Allele| {
        let all = changed(&population[..1], locus, |_| None);
        let mut genotypes = all[0].genotypes().to_vec();
        genotypes[locus] = Some(Genotype::new(allele, alleles[2]));
        Profile::new(genotypes)
    };
    let rows: Vec<Profile> =
        [high + FAR, high + FAR + 1, low - FAR, low - FAR - 1, low + 3].into_iter().map(|t| with(allele(t))).collect();
    let found = look(&rows);
    let far = |row| Finding::FarAllele { row, locus };
    assert!(found.contains(&far(1)) && found.contains(&far(3)), "{found:?}");
    assert_eq!(found.iter().filter(|finding| matches!(finding, Finding::FarAllele { .. })).count(), 2);
    assert!(found.contains(&Finding::Unlisted { locus, row: 0, profiles: 3 }), "{found:?}");
}

#[test]
fn untyped_loci_and_poor_profiles_are_named() {
    let population = changed(&children(9, 2), 4, |_| None);
    assert!(look(&population).contains(&Finding::Untyped { locus: 4 }));
    assert!(!look(&population[..1]).contains(&Finding::Untyped { locus: 4 }), "one row proves nothing");
    let loci = table().panel().loci();
    let poor = |typed: usize| {
        let genotypes = table().loci().iter().enumerate();
        let genotypes = genotypes.map(|(i, of)| (i < typed).then(|| Genotype::new(of.alleles()[1], of.alleles()[2])));
        Profile::new(genotypes.collect())
    };
    let few = |profiles: &[Profile], loci: &[Locus]| {
        let typed: Vec<Typed<'_>> = profiles.iter().map(|profile| Typed { profile, is_unrelated: true }).collect();
        let found = examine(table(), 0.0, 8, loci, &typed);
        found
            .into_iter()
            .filter(|f| matches!(f, Finding::FewLoci { .. } | Finding::FewColumns { .. }))
            .collect::<Vec<_>>()
    };
    assert_eq!(few(&[poor(8), poor(7), poor(23)], loci), [Finding::FewLoci { row: 1, typed: 7 }]);
    assert_eq!(few(&[poor(8), poor(7)], &loci[..7]), [Finding::FewColumns { loci: 7 }], "said once");
    assert_eq!(few(&[], &loci[..7]), []);
}
