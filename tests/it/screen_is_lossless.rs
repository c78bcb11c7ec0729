//! The result with the screen is the result of scoring every pair, bit for bit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use reunite::index::{Binding, Builder, FamilyBinding, FamilyIndex, FamilyWriter, Index};
use reunite::kinship::{Calculator, Evidence, KinshipError, LinkedEvidence, LinkedLoci, LinkedShown, Shown};
use reunite::matching::{
    Compiler, Criterion, DoubtWhom, Doubts, FamilyView, MatchResult, Matcher, Stopped, Watch, views,
};
use reunite::model::{
    Allele, Candidate, Child, DropOut, Family, Genotype, InView, Locus, Member, Pedigree, Profile, Pseudonym, Relation,
    Relative, Views, genotype_code,
};
use reunite::population::{Convention, DropOuts, Floor, FrequencyTable, Model, Mutation, MutationRates};
use reunite::screen::Instructions;
use reunite::synthesis::{Plan, Population, Shape};

fn pseudonym(kind: u8, number: usize) -> Pseudonym {
    let mut bytes = [kind; 16];
    // Pseudonyms are scattered, so that neighbours in the index are not neighbours in the population.
    bytes[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Pseudonym::from_bytes(bytes)
}

/// Makes a population in which some alleles are not in the table, as in real ones.
fn people(plan: &Plan, table: &FrequencyTable, model: &Model) -> (Vec<Family>, Vec<Child>) {
    let population = Population::generate(plan, table, model).unwrap();
    let strange = |profile: &Profile, number: usize| {
        if number.is_multiple_of(13) { strange_like(profile, number) } else { profile.clone() }
    };
    let family = |(i, family): (usize, &reunite::synthesis::SyntheticFamily)| {
        let relative = |(j, person): (usize, &reunite::synthesis::SyntheticPerson)| Relative {
            sample: pseudonym(1, i * 100 + j),
            relation: person.relation,
            profile: strange(&person.profile, i * 3 + j),
            drop_out: own_drop_out(i * 5 + j, 11),
        };
        Family {
            pseudonym: pseudonym(2, i),
            relatives: family.relatives.iter().enumerate().map(relative).collect(),
            pedigree: None,
        }
    };
    let child = |(i, child): (usize, &reunite::synthesis::SyntheticChild)| Child {
        pseudonym: pseudonym(3, i),
        profile: strange(&child.profile, i),
        drop_out: own_drop_out(i, 29),
    };
    let mut children: Vec<Child> = population.children.iter().enumerate().map(child).collect();
    // Some children have the unlisted alleles of their relatives, so that these are shared by descent.
    for link in &population.truth {
        let relatives = &population.families[link.family].relatives;
        let strange = (0..relatives.len()).find(|j| (link.family * 3 + j).is_multiple_of(13));
        if let Some(j) = strange.filter(|&j| relatives[j].relation <= Relation::Mother) {
            let number = link.family * 3 + j;
            children[link.child].profile = strange_like(&children[link.child].profile, number);
        }
    }
    children.sort_by_key(|child| child.pseudonym);
    (population.families.iter().enumerate().map(family).collect(), children)
}

/// Gives some samples a drop-out probability above or below the model's.
fn own_drop_out(number: usize, every: usize) -> Option<DropOut> {
    DropOut::new([0.0, 0.3][number % 2]).filter(|_| number.is_multiple_of(every))
}

fn strange_like(profile: &Profile, number: usize) -> Profile {
    let mut genotypes = profile.genotypes().to_vec();
    let locus = number / 13 % genotypes.len();
    let unlisted = Allele::from_tenths(if number.is_multiple_of(2) { 12 } else { 705 }).unwrap();
    genotypes[locus] = genotypes[locus].map(|g| Genotype::new(g.low(), unlisted));
    Profile::new(genotypes)
}

fn index(children: &[Child], table: &FrequencyTable) -> Index {
    let loci = table.panel().loci().iter().zip(table.loci());
    let mut builder = Builder::new(loci.map(|(name, locus)| (name.clone(), locus.alleles().to_vec())).collect());
    for child in children {
        builder.push(child.clone());
    }
    let binding = Binding { alleles: table.alleles_digest(), stamp: [0; 16], generation: 1 };
    Index::from_bytes(&builder.finish(&binding).unwrap()).unwrap()
}

/// Returns a compiler for instructions on which plans may count misses, and one for those on which they never do.
fn compilers(calculator: &Calculator) -> [Arc<Compiler<'_>>; 2] {
    [false, true].map(|counts| Arc::new(Compiler::new(calculator, counts)))
}

/// Returns the results of matching with every instruction set of the processor, in one page and in several, by scoring
/// everyone, and for only the families that the families index says are within reach. Compiled tables are kept from one
/// way to the next, and in `compilers` from one call to the next.
fn every_way<'a>(
    index: &'a Index,
    calculator: &'a Calculator,
    compilers: &[Arc<Compiler<'a>>; 2],
    criterion: Criterion,
    families: &[Family],
) -> Vec<MatchResult> {
    let on = |instructions: Instructions| {
        let compiler = Arc::clone(&compilers[usize::from(instructions.counts())]);
        Matcher::new(index, calculator, criterion).with_instructions(instructions).compiling_with(compiler)
    };
    let matcher = || on(Instructions::detect());
    let watch = Watch::default();
    let run = |matcher: Matcher<'_>| matcher.run(families, &watch).unwrap().0;
    let mut results: Vec<MatchResult> =
        Instructions::available().into_iter().map(|instructions| run(on(instructions))).collect();
    results.push(run(matcher().exhaustive()));
    let mut pages = families.chunks(7);
    let next = || Ok::<_, Stopped>(pages.next().unwrap_or_default().to_vec());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("families.idx");
    let binding = FamilyBinding { basis: [1; 32], stamp: [2; 16], generation: 3 };
    let mut writer = FamilyWriter::new(folder.path(), &binding, calculator.panel().len()).unwrap();
    let mut keep = |records: &[u8]| writer.append(records).unwrap();
    results.push(matcher().run_pages(&watch, next, Some(&mut keep)).unwrap().0);
    writer.finish(&path).unwrap();
    let families_index = FamilyIndex::open_if(&path, calculator.panel().len(), |_| true).unwrap();
    let records = families.iter().map(|family| views(family, &criterion.doubts).len()).sum::<usize>();
    let unscorable = results[0].unscorable.clone();
    // `unscorable` names a family once, but several of its views may be missing.
    let missing = records as u64 - families_index.record_count();
    assert!((unscorable.len() as u64..=20 * unscorable.len() as u64).contains(&missing), "{missing} {unscorable:?}");
    for instructions in Instructions::available() {
        let matcher = on(instructions);
        let reached = matcher.within_reach(&families_index, &watch).unwrap();
        let mut informative = reached.informative;
        informative.sort_unstable();
        assert_eq!(informative, results[0].informative, "where relatives are typed");
        let within: BTreeSet<Pseudonym> = reached.within.into_iter().collect();
        let few: Vec<Family> = families.iter().filter(|family| within.contains(&family.pseudonym)).cloned().collect();
        let mut result = matcher.run(&few, &watch).unwrap().0;
        // An incremental run keeps the families that the last run could not score.
        result.unscorable.clone_from(&unscorable);
        results.push(result);
    }
    // By chance, a child may have a sibling's profile; another rule finds it, which has its own tests.
    results.iter_mut().flat_map(|result| &mut result.candidates).for_each(|candidate| candidate.same_as = None);
    results
}

fn from(least: f64) -> Criterion {
    Criterion { min_log10_lr: least, ..Criterion::default() }
}

/// Scores every pair by the calculator alone, locus by locus in panel order: no tables, no index, no bounds.
fn exhaustive(families: &[Family], children: &[Child], calculator: &Calculator, least: f64) -> Vec<Candidate> {
    exhaustive_if_bounded(families, children, calculator, least).unwrap()
}

/// The same; returns [`KinshipError::TooLarge`] if a family takes more work than the limit for one family.
fn exhaustive_if_bounded(
    families: &[Family],
    children: &[Child],
    calculator: &Calculator,
    least: f64,
) -> Result<Vec<Candidate>, KinshipError> {
    let mut found = Vec::new();
    for family in families {
        let evidence: Vec<Evidence> = (0..calculator.panel().len())
            .map(|locus| {
                let shown = family.relatives.iter().map(|r| Shown {
                    relation: family.relation(r),
                    genotype: r.profile.at(locus),
                    drop_out: r.drop_out,
                });
                match &family.pedigree {
                    Some(pedigree) => Evidence::of_pedigree(pedigree.clone(), shown),
                    None => Evidence::new(shown, calculator.model().convention),
                }
            })
            .collect();
        // Scoring is slow, so each genotype of a locus is computed once; the values are the calculator's own.
        let mut known = vec![std::collections::HashMap::new(); evidence.len()];
        if calculator.model().theta > 0.0 {
            // With theta scoring is even slower, so this uses the calculator's tables; another test checks that they
            // hold the same bits.
            for (locus, (known, evidence)) in known.iter_mut().zip(&evidence).enumerate() {
                let structure = calculator.structure(evidence).unwrap();
                let table = calculator.table(locus, &structure, evidence)?;
                let alleles = calculator.loci()[locus].alleles();
                for (j, &b) in alleles.iter().enumerate() {
                    for (i, &a) in alleles[..=j].iter().enumerate() {
                        known.insert((Some(Genotype::new(a, b)), None), table.values()[genotype_code(i, j)]);
                    }
                }
            }
        }
        let linked: Vec<LinkedEvidence> = (calculator.linked().iter())
            .map(|pair| {
                let shown = |r: &Relative| LinkedShown {
                    relation: family.relation(r),
                    genotypes: pair.loci.map(|locus| r.profile.at(locus)),
                    drop_out: r.drop_out,
                };
                LinkedEvidence::new(family.pedigree.clone(), family.relatives.iter().map(shown))
            })
            .collect();
        let scorer = |(number, evidence)| calculator.linked_scorer(number, evidence).unwrap();
        let mut scorers: Vec<_> = linked.iter().enumerate().map(scorer).collect();
        for child in children {
            let mut log10_lr = 0.0;
            let mut pairs = Vec::new();
            for (number, pair) in calculator.linked().iter().enumerate() {
                let genotypes = pair.loci.map(|locus| child.profile.at(locus));
                pairs.extend(
                    calculator
                        .linked_log10_lr(&mut scorers[number], genotypes, child.drop_out)
                        .unwrap()
                        .map(|value| (pair.loci, value)),
                );
            }
            for (locus, evidence) in evidence.iter().enumerate() {
                if let Some((loci, value)) = pairs.iter().find(|pair| pair.0.contains(&locus)) {
                    log10_lr += if loci[0] == locus { *value } else { 0.0 };
                    continue;
                }
                let genotype = child.profile.at(locus);
                let value = || calculator.log10_lr_with(locus, evidence, genotype, child.drop_out).unwrap();
                log10_lr += *known[locus].entry((genotype, child.drop_out)).or_insert_with(value);
            }
            if log10_lr < least {
                continue;
            }
            let (mut loci_compared, mut incompatible_loci) = (0, 0);
            for (locus, evidence) in evidence.iter().enumerate() {
                let Some(genotype) = child.profile.at(locus).filter(|_| evidence.is_typed()) else { continue };
                loci_compared += 1;
                incompatible_loci += u32::from(calculator.is_compatible(evidence, genotype).unwrap() == Some(false));
            }
            let (family, child) = (family.pseudonym, child.pseudonym);
            found.push(Candidate {
                family,
                child,
                log10_lr,
                loci_compared,
                incompatible_loci,
                same_as: None,
                views: None,
            });
        }
    }
    found.sort_by_key(Candidate::pair);
    Ok(found)
}

/// One or several relatives of any relation, parents more often than others.
fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let relation = prop_oneof![
        2 => Just(Relation::Father), 2 => Just(Relation::Mother), 3 => prop::sample::select(Relation::ALL.to_vec())
    ];
    let shape = prop::collection::vec(relation, 1..=4).prop_map(|mut relations| {
        relations.sort();
        relations.dedup_by(|a, b| a == b && a.is_unique());
        Shape { relations, weight: 1.0 }
    });
    // A family with a parent of unstated sex has no relatives of a stated side.
    let parents = prop::collection::vec(prop::sample::select(vec![Relation::Parent, Relation::FullSibling]), 1..=3);
    let unstated =
        (prop::sample::select(vec![Relation::Parent, Relation::Mother]), parents).prop_map(|(one, others)| {
            let mut relations = vec![one];
            relations.extend(others);
            let mut parents = 0;
            relations.retain(|relation| {
                parents += u32::from(relation.is_parent());
                !relation.is_parent() || parents <= 2
            });
            relations.sort();
            Shape { relations, weight: 1.0 }
        });
    prop::collection::vec(prop_oneof![4 => shape, 1 => unstated], 3..=5)
}

fn models() -> impl Strategy<Value = Model> {
    let rates = (0.0005..0.01_f64, 0.0005..0.01_f64).prop_map(|(male, female)| MutationRates { male, female });
    let rare = (any::<bool>(), 0..3, 0..3, 0..3);
    (0..5, rates, any::<bool>(), rare).prop_map(|(kind, rates, full, (fixed, theta, silent, drop_out))| Model {
        mutation: match kind {
            0 => Mutation::Equal(rates),
            1 => Mutation::Proportional(rates),
            _ => Mutation::Stepwise { rates, range: 0.1, microvariant_rate: 1e-6 },
        },
        convention: if full { Convention::Full } else { Convention::Pruned },
        floor: if fixed { Floor::Fixed(0.001) } else { Floor::Counted },
        theta: if theta == 0 { 0.02 } else { 0.0 },
        silent: if silent == 0 { 0.01 } else { 0.0 },
        drop_out: if drop_out == 0 { DropOuts { relatives: 0.02, children: 0.05 } } else { DropOuts::default() },
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn screened_equals_exhaustive(
        shapes in shapes(), model in models(), seed in any::<u64>(), least in -2.0..8.0_f64, untyped in 0.0..0.3_f64,
        linked in any::<bool>(),
    ) {
        let table = FrequencyTable::chinese_han_23();
        let plan = Plan {
            // Scoring every pair without tables is slow under these models.
            families: if linked || model.theta > 0.0 { 4 } else { 12 },
            children: if linked { 560 } else { 700 },
            seed, planted: 0.8, shapes, untyped, partial_children: 0.2,
            partial_relatives: 0.1, ..Plan::default()
        };
        let (families, children) = people(&plan, table, &model);
        let pair = |names: [&str; 2], recombination| {
            LinkedLoci { loci: names.map(|name| name.parse().unwrap()), recombination }
        };
        let pairs = [pair(["vWA", "D12S391"], 0.106), pair(["CSF1PO", "D5S818"], 0.21)];
        let pairs = if linked { pairs.as_slice() } else { &[] };
        let calculator = Calculator::new(table, model).unwrap().with_linked(pairs).unwrap();
        let index = index(&children, table);
        let mut families = families;
        let is_costly = |family: &Family| {
            exhaustive_if_bounded(std::slice::from_ref(family), &children[..1], &calculator, least).is_err()
        };
        // The small populations cover these families.
        families.retain(|family| model.theta == 0.0 || !is_costly(family));
        let expected = exhaustive(&families, &children, &calculator, least);
        for result in every_way(&index, &calculator, &compilers(&calculator), from(least), &families) {
            prop_assert_eq!(&result.unscorable, &vec![]);
            prop_assert_eq!(result.candidates.len(), expected.len());
            for (ours, theirs) in result.candidates.iter().zip(&expected) {
                prop_assert_eq!(ours, theirs);
                prop_assert_eq!(ours.log10_lr.to_bits(), theirs.log10_lr.to_bits());
            }
        }
    }
}

/// Returns a configuration with `unless_set` cases, or with the number in `REUNITE_WORLDS`.
fn worlds(unless_set: u32) -> ProptestConfig {
    ProptestConfig::with_cases(std::env::var("REUNITE_WORLDS").map_or(unless_set, |number| number.parse().unwrap()))
}

proptest! {
    #![proptest_config(worlds(150))]

    /// Small populations with every feature: few loci, so that most features occur together.
    #[test]
    fn screened_equals_exhaustive_in_small_populations_with_every_feature(
        shapes in shapes(), model in models(), seed in any::<u64>(), least in -2.0..2.0_f64, untyped in 0.0..0.4_f64,
        linked in prop::option::of(prop_oneof![Just(0.0), Just(0.5), 0.0..0.5_f64]), own_pedigrees in any::<bool>(),
        whom in prop::sample::select(DoubtWhom::ALL.to_vec()), doubt in 0.01..0.5_f64,
        max_per_family in prop::option::of(1..4_u32),
    ) {
        let whole = FrequencyTable::chinese_han_23();
        let names = ["vWA", "D12S391", "FGA", "TPOX", "D8S1179"];
        let loci = whole.panel().loci().iter().zip(whole.loci()).filter(|(name, _)| names.contains(&name.name()));
        let loci: Vec<(&str, Vec<(u16, f64)>)> = loci
            .map(|(name, locus)| {
                let alleles = locus.alleles().iter().zip(locus.frequencies());
                (name.name(), alleles.map(|(allele, &frequency)| (allele.tenths(), frequency)).collect())
            })
            .collect();
        let counts: Vec<(&str, &[(u16, f64)])> = loci.iter().map(|(name, alleles)| (*name, alleles.as_slice())).collect();
        let table = &FrequencyTable::from_counts(&counts).unwrap();
        let own_pedigrees = own_pedigrees && model.theta == 0.0 && linked.is_none();
        let plan = Plan {
            families: 2, children: 40, seed, planted: 0.9, shapes, untyped, partial_children: 0.0, partial_relatives: 0.0,
            ..Plan::default()
        };
        let (mut families, children) = people(&plan, table, &model);
        if own_pedigrees {
            with_pedigrees(&mut families);
        }
        let pair = |recombination| LinkedLoci { loci: ["vWA", "D12S391"].map(|name| name.parse().unwrap()), recombination };
        let pairs: Vec<LinkedLoci> = linked.into_iter().map(pair).collect();
        let calculator = Calculator::new(table, model).unwrap().with_linked(&pairs).unwrap();
        let index = index(&children, table);
        let doubts = Doubts { whom, relative: doubt, ..Doubts::usual() };
        let criterion = Criterion { doubts, max_per_family, ..from(least) };
        let (expected, costly) = exhaustive_in_views(&families, &children, &calculator, &criterion);
        for mut result in every_way(&index, &calculator, &compilers(&calculator), criterion, &families) {
            // The result names a family that takes too much work; its other views are searched, and not compared here.
            let named: BTreeSet<Pseudonym> = result.unscorable.iter().map(|one| one.family).collect();
            prop_assert_eq!(&named, &costly);
            result.candidates.retain(|candidate| !costly.contains(&candidate.family));
            for views in result.candidates.iter_mut().filter_map(|candidate| candidate.views.as_mut()) {
                views.log10_lr_mixed = None;
            }
            prop_assert_eq!(&result.candidates, &expected);
        }
    }
}

/// Gives families an explicit pedigree in place of relations: one with a loop (the parents are uncle and niece), and
/// one in which the missing child has a child.
fn with_pedigrees(families: &mut [Family]) {
    let founder = Member::default;
    let couple = |father, mother| Member { father: Some(father), mother: Some(mother) };
    // Grandparents, uncle, his sister, her husband, niece, child of uncle and niece.
    let inbred = [founder(), founder(), couple(0, 1), couple(0, 1), founder(), couple(4, 3), couple(2, 5)];
    // Father, mother, child, husband, grandchild.
    let with_child = [founder(), founder(), couple(0, 1), founder(), couple(3, 2)];
    for (i, family) in families.iter_mut().enumerate() {
        let (members, child, places) =
            if i % 2 == 0 { (&inbred[..], 6, [5, 1, 2, 0]) } else { (&with_child[..], 2, [4, 1, 0, 3]) };
        family.relatives.truncate(places.len());
        if i % 2 == 0 {
            // At these loci nobody is typed, and only the child's own inbreeding counts.
            for relative in &mut family.relatives {
                let mut genotypes = relative.profile.genotypes().to_vec();
                let loci = genotypes.len();
                [2, 5, 11, 17].into_iter().filter(|&locus| locus < loci).for_each(|locus| genotypes[locus] = None);
                relative.profile = Profile::new(genotypes);
            }
        }
        let places = &places[..family.relatives.len()];
        family.relatives.iter_mut().for_each(|relative| relative.relation = Relation::Member);
        family.pedigree = Some(Arc::new(Pedigree::from_members(members, child, places).unwrap()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn screened_equals_exhaustive_with_explicit_pedigrees(
        model in models(), seed in any::<u64>(), least in -2.0..4.0_f64, untyped in 0.0..0.3_f64, linked in any::<bool>(),
    ) {
        let table = FrequencyTable::chinese_han_23();
        let shape = |relations: &[Relation]| Shape { relations: relations.to_vec(), weight: 1.0 };
        use Relation::{Father, FullSibling, Mother};
        let shapes = vec![shape(&[Mother]), shape(&[Father, Mother]), shape(&[Father, Mother, FullSibling])];
        let plan = Plan {
            families: 6, children: 600, seed, planted: 0.8, shapes, untyped, partial_children: 0.2,
            partial_relatives: 0.1, ..Plan::default()
        };
        let (mut families, children) = people(&plan, table, &model);
        with_pedigrees(&mut families);
        let names = |at: [usize; 2]| at.map(|locus| table.panel().loci()[locus].clone());
        let pairs = [[2, 3], [5, 11]].map(|at| LinkedLoci { loci: names(at), recombination: 0.1 });
        let pairs = if linked { pairs.as_slice() } else { &[] };
        let calculator = Calculator::new(table, model).unwrap().with_linked(pairs).unwrap();
        let index = index(&children, table);
        let expected = exhaustive(&families, &children, &calculator, least);
        for result in every_way(&index, &calculator, &compilers(&calculator), from(least), &families) {
            prop_assert_eq!(&result.unscorable, &vec![]);
            prop_assert_eq!(&result.candidates, &expected);
        }
    }
}

/// Scores every pair in every view by the calculator alone, and applies the definition of a candidate.
fn exhaustive_in_views(
    families: &[Family],
    children: &[Child],
    calculator: &Calculator,
    criterion: &Criterion,
) -> (Vec<Candidate>, BTreeSet<Pseudonym>) {
    let (mut found, mut costly): (Vec<Candidate>, _) = (Vec::new(), BTreeSet::new());
    for family in families {
        let before = found.len();
        let views = views(family, &criterion.doubts);
        let alone = |view: &FamilyView| {
            let all =
                exhaustive_if_bounded(std::slice::from_ref(&view.family), children, calculator, f64::NEG_INFINITY);
            all.map(|all| all.into_iter().map(|one| (one.child, one)).collect::<BTreeMap<Pseudonym, Candidate>>())
        };
        let by_view = match views.iter().map(alone).collect::<Result<Vec<_>, _>>() {
            Ok(by_view) => by_view,
            Err(error) => {
                assert_eq!(error, KinshipError::TooLarge);
                costly.insert(family.pseudonym);
                continue;
            }
        };
        for child in children {
            let of = |view: usize| &by_view[view][&child.pseudonym];
            let rank = |view: &usize| of(*view).log10_lr + views[*view].log10_doubt;
            let reach =
                (0..views.len()).filter(|&view| of(view).log10_lr >= criterion.min_log10_lr - views[view].log10_doubt);
            // The best view; of equally good views the first.
            let Some(made_by) = reach.rev().max_by(|a, b| rank(a).total_cmp(&rank(b))) else { continue };
            if views.len() == 1 {
                found.push(of(0).clone());
                continue;
            }
            let incompatible = |view: &FamilyView, locus: usize| {
                let evidence = Evidence::of_family(&view.family, locus, calculator.model().convention);
                let genotype = child.profile.at(locus).filter(|_| evidence.is_typed());
                genotype.is_some_and(|g| calculator.is_compatible(&evidence, g).unwrap() != Some(true))
            };
            let contradicts =
                |&(locus, _): &(usize, &Locus)| incompatible(&views[0], locus) && !incompatible(&views[made_by], locus);
            let loci = calculator.panel().loci().iter().enumerate();
            let in_view = |(at, view): (usize, &FamilyView)| InView {
                view: view.view,
                log10_doubt: view.log10_doubt,
                log10_lr: of(at).log10_lr,
            };
            let all = Views {
                all: views.iter().enumerate().map(in_view).collect(),
                made_by,
                log10_lr_mixed: None,
                contradicting: loci.filter(contradicts).map(|one| one.1.clone()).collect(),
            };
            found.push(Candidate { views: Some(Box::new(all)), ..of(made_by).clone() });
        }
        if let Some(most) = criterion.max_per_family {
            found[before..].sort_by(|a, b| b.rank().total_cmp(&a.rank()).then(a.child.cmp(&b.child)));
            found.truncate(before + most as usize);
        }
    }
    found.sort_by_key(Candidate::pair);
    (found, costly)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn screened_equals_exhaustive_in_every_view(
        shapes in shapes(), model in models(), seed in any::<u64>(), least in -1.0..4.0_f64, untyped in 0.0..0.2_f64,
        doubt in 0.001..0.3_f64, with_pedigrees_of_their_own in any::<bool>(), linked in any::<bool>(),
    ) {
        let table = FrequencyTable::chinese_han_23();
        let (model, linked) = if with_pedigrees_of_their_own { (Model { theta: 0.0, ..model }, false) } else { (model, linked) };
        let plan = Plan {
            families: if linked || model.theta > 0.0 { 2 } else { 4 }, children: 300, seed, planted: 0.9, shapes, untyped,
            partial_children: 0.2, partial_relatives: 0.1, ..Plan::default()
        };
        let (mut families, children) = people(&plan, table, &model);
        if with_pedigrees_of_their_own {
            with_pedigrees(&mut families);
        }
        let pair = LinkedLoci { loci: ["vWA", "D12S391"].map(|name| name.parse().unwrap()), recombination: 0.106 };
        let pairs = if linked { std::slice::from_ref(&pair) } else { &[] };
        let calculator = Calculator::new(table, model).unwrap().with_linked(pairs).unwrap();
        let index = index(&children, table);
        let doubts = Doubts { relative: doubt, exchanged: doubt / 10.0, ..Doubts::usual() };
        let criterion = Criterion { doubts, ..from(least) };
        let (expected, costly) = exhaustive_in_views(&families, &children, &calculator, &criterion);
        prop_assert_eq!(costly, BTreeSet::new());
        for mut result in every_way(&index, &calculator, &compilers(&calculator), criterion, &families) {
            prop_assert_eq!(&result.unscorable, &vec![]);
            for views in result.candidates.iter_mut().filter_map(|candidate| candidate.views.as_mut()) {
                // Another test checks this value.
                prop_assert!(views.log10_lr_mixed.take().is_some());
            }
            prop_assert_eq!(result.candidates.len(), expected.len());
            for (ours, theirs) in result.candidates.iter().zip(&expected) {
                prop_assert_eq!(ours, theirs);
            }
        }
    }
}

/// Without mutation, with families of typed parents only, which cannot contradict themselves.
#[test]
fn screened_equals_exhaustive_without_mutation() {
    let table = FrequencyTable::chinese_han_23();
    let model = Model { mutation: Mutation::None, ..Model::default() };
    let shape = |relations: &[Relation]| Shape { relations: relations.to_vec(), weight: 1.0 };
    let plan = Plan {
        families: 120,
        children: 1_500,
        planted: 0.9,
        shapes: vec![shape(&[Relation::Mother]), shape(&[Relation::Father, Relation::Mother])],
        ..Plan::default()
    };
    let (families, children) = people(&plan, table, &model);
    let calculator = Calculator::new(table, model).unwrap();
    let index = index(&children, table);
    let all = exhaustive(&families, &children, &calculator, -2.0);
    let compilers = compilers(&calculator);
    for least in [-2.0, 1.0, 4.0, 8.0] {
        let expected: Vec<Candidate> = all.iter().filter(|one| one.log10_lr >= least).cloned().collect();
        assert!(expected.len() > 20, "there is something to lose");
        for result in every_way(&index, &calculator, &compilers, from(least), &families) {
            assert_eq!(result.candidates, expected);
        }
    }
}

/// The result does not depend on the order of the families or on the number of threads.
#[test]
fn order_and_threads_change_nothing() {
    let table = FrequencyTable::chinese_han_23();
    let model = Model::default();
    let plan = Plan { families: 700, children: 1_200, ..Plan::default() };
    let (mut families, children) = people(&plan, table, &model);
    let calculator = Calculator::new(table, model).unwrap();
    let index = index(&children, table);
    let criterion = Criterion { min_log10_lr: 2.0, ..Criterion::default() };
    let run = |families: &[Family], threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        // On these instructions counting is worthwhile for some plans, so both ways of screening are used.
        let matcher = || Matcher::new(&index, &calculator, criterion).with_instructions(Instructions::Avx2);
        pool.install(|| matcher().run(families, &Watch::default()).unwrap().0)
    };
    let one = run(&families, 1);
    families.reverse();
    families.iter_mut().for_each(|family| family.relatives.reverse());
    let other = run(&families, 3);
    assert!(one.candidates.len() > 300 && one.families_screened > 0 && one.families_weighed > 0);
    assert_eq!(one, other);
}

/// The children are made to lie on the bound: each has the most valuable genotype at every locus but a few, and there
/// the most valuable below a cut. Each is matched with its own LR as the threshold, and one allowed miss too few would
/// lose it.
#[test]
fn no_child_at_the_edge_is_lost() {
    let (screened, weighed) = at_the_edge(40, Doubts::none());
    assert!(screened > 500 && weighed > 500, "the edge is that of the screens: {screened} {weighed}");
}

/// The same where views share the counters of others.
#[test]
fn no_child_at_the_edge_of_a_doubted_family_is_lost() {
    let (screened, weighed) = at_the_edge(8, Doubts::usual());
    assert!(screened > 500 && weighed > 500, "the edge is that of the screens: {screened} {weighed}");
}

/// Returns how many families were screened by counting, and how many by weighing.
fn at_the_edge(families: usize, doubts: Doubts) -> (u64, u64) {
    let table = FrequencyTable::chinese_han_23();
    let model = Model::default();
    let plan = Plan { families, children: 100, untyped: 0.05, ..Plan::default() };
    let (families, _) = people(&plan, table, &model);
    let calculator = Calculator::new(table, model).unwrap();
    let loci = calculator.panel().len();
    let (mut screened, mut weighed) = (0, 0);
    for family in &families {
        // Every genotype of a locus, most valuable first.
        let ladder = |locus: usize| {
            let evidence = Evidence::of_family(family, locus, calculator.model().convention);
            let alleles = table.loci()[locus].alleles();
            let pairs = alleles.iter().flat_map(|&a| alleles.iter().map(move |&b| Genotype::new(a, b)));
            let worth = |g: Genotype| (calculator.log10_lr(locus, &evidence, Some(g)).unwrap(), g);
            let mut ladder: Vec<(f64, Genotype)> = pairs.map(worth).collect();
            ladder.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            ladder
        };
        let ladders: Vec<Vec<(f64, Genotype)>> = (0..loci).map(ladder).collect();
        let mut children = Vec::new();
        for cut in [-0.5, -1.0, -1.5, -2.0] {
            // Loci are in the order of what falling below the cut costs, lowest first.
            let below = |locus: usize| ladders[locus].iter().find(|value| value.0 <= cut);
            let mut order: Vec<usize> = (0..loci).filter(|&locus| below(locus).is_some()).collect();
            let cost = |&locus: &usize| ladders[locus][0].0 - below(locus).map_or(0.0, |value| value.0);
            order.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
            for misses in 0..12.min(order.len()) {
                let at = |locus: usize| match below(locus) {
                    Some(&(_, genotype)) if order[..misses].contains(&locus) => genotype,
                    _ => ladders[locus][0].1,
                };
                children.push(Child {
                    pseudonym: pseudonym(3, children.len()),
                    profile: Profile::new((0..loci).map(|locus| Some(at(locus))).collect()),
                    drop_out: None,
                });
            }
        }
        children.sort_by_key(|child| child.pseudonym);
        let index = index(&children, table);
        let one = std::slice::from_ref(family);
        let all = exhaustive(one, &children, &calculator, f64::NEG_INFINITY);
        assert_eq!(all.len(), children.len());
        let compilers = compilers(&calculator);
        for edge in &all {
            let criterion = Criterion { doubts, ..from(edge.log10_lr) };
            let results = every_way(&index, &calculator, &compilers, criterion, one);
            for result in &results {
                screened += result.families_screened;
                weighed += result.families_weighed;
                assert_eq!(result.candidates, results[0].candidates);
                if doubts == Doubts::none() {
                    let reach: Vec<_> = all.iter().filter(|one| one.log10_lr >= edge.log10_lr).cloned().collect();
                    assert_eq!(result.candidates, reach);
                }
                assert!(result.candidates.iter().any(|found| found.child == edge.child), "{edge:?} is lost");
            }
        }
    }
    (screened, weighed)
}
