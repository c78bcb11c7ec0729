//! Checks the distribution of log10 LR against brute force over all profiles of a small panel, and the laws that it
//! obeys.

use proptest::prelude::*;
use reunite::kinship::{Bounds, Calculator, Evidence, Grid, Hypothesis, LocusOutcomes, LrDistribution};
use reunite::model::{Allele, Genotype, Relation};
use reunite::population::{Convention, DropOuts, FrequencyTable, Model, Mutation, MutationRates};

use Hypothesis::{H1, H2};

fn allele(tenths: u16) -> Allele {
    Allele::from_tenths(tenths).unwrap()
}

fn genotype(a: u16, b: u16) -> Genotype {
    Genotype::new(allele(a), allele(b))
}

/// Returns four small loci with different frequencies.
fn table() -> FrequencyTable {
    FrequencyTable::from_counts(&[
        ("A", &[(80, 0.2), (90, 0.5), (93, 0.3)]),
        ("B", &[(80, 0.01), (90, 0.6), (100, 0.39)]),
        ("C", &[(110, 0.5), (120, 0.5)]),
        ("D", &[(80, 0.1), (90, 0.2), (93, 0.7)]),
    ])
    .unwrap()
}

fn models() -> impl Strategy<Value = Model> {
    let rates = (0.0..0.1_f64, 0.0..0.1_f64).prop_map(|(male, female)| MutationRates { male, female });
    let convention = prop::sample::select(vec![Convention::Pruned, Convention::Full]);
    let small = || prop::sample::select(vec![0.0, 0.0, 0.03]);
    (0..4, rates, convention, small(), small(), small()).prop_map(|(kind, rates, convention, theta, silent, d)| {
        let mutation = match kind {
            0 => Mutation::None,
            1 => Mutation::Equal(rates),
            2 => Mutation::Proportional(rates),
            _ => Mutation::Stepwise { rates, range: 0.3, microvariant_rate: 0.01 },
        };
        let drop_out = DropOuts { relatives: d, children: d };
        Model { mutation, convention, theta, silent, drop_out, ..Model::default() }
    })
}

/// One, two or three relatives of any relation, each with a genotype (numbers of two alleles) or none at each locus.
type Relatives = Vec<(Relation, Vec<Option<(usize, usize)>>)>;

fn relatives() -> impl Strategy<Value = Relatives> {
    let genotypes = prop::collection::vec(prop::option::weighted(0.9, (0..3_usize, 0..3_usize)), 4);
    prop::collection::vec((prop::sample::select(Relation::ALL.to_vec()), genotypes), 1..=3).prop_map(|mut given| {
        given.sort_by_key(|relative| relative.0);
        given.dedup_by(|a, b| a.0 == b.0 && a.0.is_unique());
        given
    })
}

fn evidence(table: &FrequencyTable, relatives: &Relatives, locus: usize, convention: Convention) -> Evidence {
    let alleles = table.loci()[locus].alleles();
    let at = |i: usize| alleles[i % alleles.len()];
    let shown =
        relatives.iter().map(|(relation, typed)| (*relation, typed[locus].map(|(a, b)| Genotype::new(at(a), at(b)))));
    Evidence::new(shown, convention)
}

/// Per locus: log10 LR, P(genotype | H1) and P(genotype | H2) of each genotype, and the outcomes made of them. [`loci`]
/// returns `None` if the relatives contradict each other, or if the model cannot be computed.
type Locus = (Vec<(f64, f64, f64)>, LocusOutcomes);

fn loci(model: Model, relatives: &Relatives) -> Option<Vec<Locus>> {
    let table = table();
    let calculator = Calculator::new(&table, model).unwrap();
    let locus = |l: usize| {
        let evidence = evidence(&table, relatives, l, model.convention);
        let structure = calculator.structure(&evidence).ok()?;
        let values = calculator.table(l, &structure, &evidence).ok()?;
        let unrelated = calculator.unrelated(l, &evidence).ok()?;
        let outcomes = LocusOutcomes::new(&values, &unrelated).given_listed();
        let listed: f64 = unrelated.iter().sum();
        let related: f64 = unrelated.iter().zip(values.values()).map(|(p, v)| p * 10_f64.powf(*v)).sum();
        let all = unrelated.iter().zip(values.values());
        Some((all.map(|(p, v)| (*v, p * 10_f64.powf(*v) / related, p / listed)).collect(), outcomes))
    };
    (0..table.panel().len()).map(locus).collect()
}

/// Returns log10 LR and probability of every profile.
fn profiles(loci: &[Locus], hypothesis: Hypothesis) -> Vec<(f64, f64)> {
    let mut all = vec![(0.0, 1.0)];
    for (genotypes, _) in loci {
        let each = |&(sum, p): &(f64, f64)| {
            let more = genotypes.iter().map(move |&(v, h1, h2)| (sum + v, p * if hypothesis == H1 { h1 } else { h2 }));
            more.collect::<Vec<_>>()
        };
        all = all.iter().flat_map(each).filter(|profile| profile.1 > 0.0).collect();
    }
    all
}

fn tail(profiles: &[(f64, f64)], t: f64) -> f64 {
    profiles.iter().filter(|profile| profile.0 >= t).map(|profile| profile.1).sum()
}

fn distribution(loci: &[Locus], hypothesis: Hypothesis, step: f64) -> LrDistribution {
    LrDistribution::new(loci.iter().map(|locus| &locus.1), hypothesis, Grid { step, from: -60.0 })
}

/// Reports whether a value from brute force lies within bounds, except for its own rounding.
fn holds(bounds: Bounds, exact: f64) -> bool {
    bounds.lower <= exact * (1.0 + 1e-11) && exact * (1.0 - 1e-11) <= bounds.upper
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn bounds_hold_brute_force_and_are_no_wider_than_the_grid(
        model in models(), relatives in relatives(), step in prop::sample::select(vec![1e-3, 0.05, 0.37]),
        threshold in -6.0..6.0_f64, profile in 0..usize::MAX
    ) {
        let Some(loci) = loci(model, &relatives) else { return Err(TestCaseError::reject("no calculator")) };
        let n = loci.len() as f64;
        for hypothesis in [H1, H2] {
            let profiles = profiles(&loci, hypothesis);
            let distribution = distribution(&loci, hypothesis, step);
            // A value that some profile reaches exactly is the hardest threshold.
            let reached = profiles[profile % profiles.len()].0;
            for t in [threshold, reached].into_iter().filter(|t| t.is_finite()) {
                let bounds = distribution.tail(t);
                let just = |t: f64| tail(&profiles, t - 1e-12);
                prop_assert!(holds(bounds, just(t)), "{:?} {:?} {} {}", hypothesis, bounds, t, just(t));
                let (least, most) = (tail(&profiles, t + n * step + 2e-9), tail(&profiles, t - n * step - 2e-9));
                prop_assert!(bounds.lower >= least * (1.0 - 1e-11) && bounds.upper <= most * (1.0 + 1e-11) + 1e-300);
            }
            let impossible = profiles.iter().filter(|p| p.0 == f64::NEG_INFINITY).map(|p| p.1).sum::<f64>();
            prop_assert!((distribution.impossible() - impossible).abs() < 1e-12);
            if impossible == 0.0 {
                let mean: f64 = profiles.iter().map(|(v, p)| v * p).sum();
                let variance: f64 = profiles.iter().map(|(v, p)| (v - mean) * (v - mean) * p).sum();
                prop_assert!((distribution.mean() - mean).abs() < 1e-9, "{} {}", distribution.mean(), mean);
                prop_assert!((distribution.variance() - variance).abs() < 1e-8);
            } else {
                prop_assert_eq!((distribution.mean(), distribution.variance()), (f64::NEG_INFINITY, f64::INFINITY));
            }
        }
    }

    #[test]
    fn quantiles_hold_brute_force(model in models(), relatives in relatives(), q in 0.01..0.99_f64) {
        let Some(loci) = loci(model, &relatives) else { return Err(TestCaseError::reject("no calculator")) };
        for hypothesis in [H1, H2] {
            let mut profiles = profiles(&loci, hypothesis);
            profiles.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut below = 0.0;
            // Next to a jump, rounding decides on which side a quantile falls.
            let mut jump = false;
            let quantile = profiles.iter().find(|(_, p)| {
                below += p;
                jump |= (below - q).abs() < 1e-9;
                below >= q
            });
            prop_assume!(!jump);
            let bounds = distribution(&loci, hypothesis, 1e-3).quantile(q);
            let exact = quantile.unwrap().0;
            prop_assert!(bounds.lower <= exact && exact <= bounds.upper, "{:?} {}", bounds, exact);
            if exact.is_finite() {
                prop_assert!(bounds.upper - bounds.lower <= 4.0 * 1e-3 + 1e-8, "{:?} {}", bounds, exact);
            }
        }
    }

    #[test]
    fn the_expected_ratio_of_an_unrelated_child_is_1(model in models(), relatives in relatives()) {
        // Under the pruned convention, the relatives' own probability depends on the hypothesis, and a silent
        // homozygote shows nothing.
        let model = Model { convention: Convention::Full, silent: 0.0, ..model };
        for (_, outcomes) in loci(model, &relatives).into_iter().flatten() {
            prop_assert!((outcomes.expected_ratio() - 1.0).abs() < 1e-10, "{}", outcomes.expected_ratio());
        }
    }

    #[test]
    fn tails_add_up_and_fall(model in models(), relatives in relatives(), a in -8.0..8.0_f64, b in -8.0..8.0_f64) {
        let Some(loci) = loci(model, &relatives) else { return Err(TestCaseError::reject("no calculator")) };
        for hypothesis in [H1, H2] {
            let distribution = distribution(&loci, hypothesis, 1e-2);
            let all = distribution.tail(-59.0);
            let rest = distribution.impossible();
            prop_assert!(all.lower <= 1.0 - rest + 1e-11 && 1.0 - rest - 1e-11 <= all.upper, "{:?} {}", all, rest);
            prop_assert!(all.upper - all.lower < 1e-9);
            let (low, high) = (distribution.tail(a.min(b)), distribution.tail(a.max(b)));
            prop_assert!(low.lower >= high.lower && low.upper >= high.upper);
            prop_assert_eq!(distribution.tail(-61.0).upper, 1.0);
            prop_assert_eq!(distribution.tail(1e3), Bounds { lower: 0.0, upper: 0.0 });
        }
        prop_assert_eq!(distribution(&loci, H1, 1e-2).impossible(), 0.0);
    }

    /// P(LR >= t | H2) = E(1/LR; LR >= t | H1), the latter by parts: 10^-t P(t) - the integral of P(x) d(-10^-x).
    #[test]
    fn the_hypotheses_mirror_each_other(model in models(), relatives in relatives(), t in -3.0..4.0_f64) {
        let Some(loci) = loci(model, &relatives) else { return Err(TestCaseError::reject("no calculator")) };
        let unrelated = distribution(&loci, H2, 1e-3).tail(t);
        let related = distribution(&loci, H1, 1e-3);
        let total: f64 = loci.iter().map(|locus| locus.1.expected_ratio()).product();
        let at = |i: u32| t + 1e-3 * f64::from(i);
        let mut mirrored = related.tail(t).times(10_f64.powf(-t));
        for i in 0..20_000 {
            let weight = 10_f64.powf(-at(i)) - 10_f64.powf(-at(i + 1));
            mirrored.lower -= weight * related.tail(at(i)).upper;
            mirrored.upper -= weight * related.tail(at(i + 1)).lower;
        }
        let (lower, upper) = (mirrored.lower * total, mirrored.upper * total);
        let room = 1e-9 * upper.abs();
        let meets = lower <= unrelated.upper + room && unrelated.lower <= upper + room;
        prop_assert!(meets, "{:?} {} {}", unrelated, lower, upper);
        // The mirrored bounds are narrow, unless a value lies right at t.
        let Bounds { lower: least, upper: most } = related.tail(t);
        let width = (0.03 + most - least) * 10_f64.powf(-t) * total;
        prop_assert!(upper - lower <= width, "{} {} {}", lower, upper, width);
    }

    #[test]
    fn a_finer_grid_brings_the_bounds_together(model in models(), relatives in relatives(), t in -2.0..3.0_f64) {
        let Some(loci) = loci(model, &relatives) else { return Err(TestCaseError::reject("no calculator")) };
        let outcomes = || loci.iter().map(|locus| &locus.1);
        for hypothesis in [H1, H2] {
            let bounds = LrDistribution::tail_within(outcomes(), hypothesis, t, 1e-6);
            let profiles = profiles(&loci, hypothesis);
            prop_assert!(holds(bounds, tail(&profiles, t)), "{:?}", bounds);
            // With as few profiles as these, the values almost always leave room between them.
            let finest = 5.0 * LrDistribution::FINEST;
            if profiles.iter().all(|profile| (profile.0 - t).abs() > finest) {
                prop_assert!(bounds.upper == 0.0 || bounds.relative_gap() < 1e-6, "{:?}", bounds);
            }
        }
    }
}

/// Makes the outcomes of a mother who is 8/8 at every locus, so that a child can be worth 1/p with p^2, 1/(2p) with
/// 2p(1-p), or nothing.
fn homozygous_mothers(loci: usize, p: f64) -> Vec<LocusOutcomes> {
    let table = FrequencyTable::from_counts(&[("A", &[(80, p), (90, 1.0 - p)])]).unwrap();
    let model = Model { mutation: Mutation::None, ..Model::default() };
    let calculator = Calculator::new(&table, model).unwrap();
    let evidence = Evidence::new([(Relation::Mother, Some(genotype(80, 80)))], model.convention);
    let values = calculator.table(0, &calculator.structure(&evidence).unwrap(), &evidence).unwrap();
    vec![LocusOutcomes::new(&values, &calculator.unrelated(0, &evidence).unwrap()); loci]
}

#[test]
fn tails_far_below_the_rounding_of_1_are_right() {
    let p = 1e-3;
    for n in [1_usize, 10, 40] {
        let loci = homozygous_mothers(n, p);
        let distribution = LrDistribution::new(&loci, H2, Grid::default());
        let most = 3.0 * n as f64;
        // All loci 8/8; all but one 8/8; any profile that is possible.
        let all = 1e-6_f64.powi(n as i32);
        let but_one = all + n as f64 * 1e-6_f64.powi(n as i32 - 1) * 2.0 * p * (1.0 - p);
        let possible = (1e-6 + 2.0 * p * (1.0 - p)).powi(n as i32);
        let least = most - n as f64 * 2_f64.log10();
        for (t, exact) in [(most - 0.1, all), (most - 0.4, but_one), (least - 0.1, possible)] {
            let bounds = distribution.tail(t);
            assert!(
                bounds.lower <= exact * (1.0 + 1e-9) && exact <= bounds.upper * (1.0 + 1e-9),
                "{t} {bounds:?} {exact}"
            );
            assert!(bounds.relative_gap() < 1e-9, "{t} {bounds:?}");
        }
        let none = (1.0 - p) * (1.0 - p);
        let impossible = 1.0 - (1.0 - none).powi(n as i32);
        assert!((distribution.impossible() - impossible).abs() < 1e-12);
        assert_eq!(distribution.tail(most + 0.1 * n as f64).upper, 0.0);
    }
}

#[test]
fn genotypes_that_are_not_listed_count_both_ways() {
    let table = table();
    let model = Model::default();
    let calculator = Calculator::new(&table, model).unwrap();
    let evidence = Evidence::new([(Relation::Mother, Some(genotype(80, 150)))], model.convention);
    let values = calculator.table(0, &calculator.structure(&evidence).unwrap(), &evidence).unwrap();
    let unrelated = calculator.unrelated(0, &evidence).unwrap();
    let unlisted = 1.0 - unrelated.iter().sum::<f64>();
    assert!(unlisted > 9e-4, "{unlisted}");
    let outcomes = LocusOutcomes::new(&values, &unrelated);
    let distribution = LrDistribution::new([&outcomes, &outcomes], H2, Grid::default());
    let either = unlisted * (2.0 - unlisted);
    assert!((distribution.unlisted() - either).abs() < 1e-12);
    let beyond = distribution.tail(30.0);
    assert!(beyond.lower == 0.0 && (beyond.upper - either).abs() < 1e-12, "{beyond:?}");
    let all = distribution.tail(-15.0);
    assert!((all.lower - (1.0 - either)).abs() < 1e-9 && (all.upper - 1.0).abs() < 1e-9, "{all:?}");
    assert_eq!(distribution.quantile(0.9999).upper, f64::INFINITY);
    let listed = outcomes.given_listed();
    let distribution = LrDistribution::new([&listed], H2, Grid::default());
    assert_eq!((distribution.unlisted(), distribution.tail(30.0).upper), (0.0, 0.0));
}

#[test]
fn without_loci_the_ratio_is_certainly_1() {
    let distribution = LrDistribution::new(&[], H1, Grid::default());
    assert_eq!((distribution.mean(), distribution.variance(), distribution.impossible()), (0.0, 0.0, 0.0));
    let near =
        |bounds: Bounds, value: f64| (bounds.lower - value).abs() < 1e-12 && (bounds.upper - value).abs() < 1e-12;
    assert!(near(distribution.tail(-0.1), 1.0) && distribution.tail(0.1).upper == 0.0);
    let median = distribution.quantile(0.5);
    assert!(median.lower.abs() < 1e-8 && median.upper.abs() < 1e-8, "{median:?}");
}
