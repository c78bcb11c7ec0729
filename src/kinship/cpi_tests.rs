use super::*;
use CpiCase::{BothParents, Duo, FullSibling, SecondDegree, Trio};
use Relation::{Father, Mother, PaternalGrandfather};

const MU: f64 = 0.002;

/// p for 10, q for 12, r for 14, 0.05 for everything else.
fn frequency(allele: Allele) -> f64 {
    match allele.tenths() {
        100 => 0.1,
        120 => 0.2,
        140 => 0.4,
        _ => 0.05,
    }
}

const P: f64 = 0.1;
const Q: f64 = 0.2;

fn g(text: &str) -> Genotype {
    text.parse().unwrap()
}

fn index(case: CpiCase, father: &str, mother: &str, child: &str) -> LocusIndex {
    let read = |text: &str| (!text.is_empty()).then(|| g(text));
    let relative = |relation| match relation {
        Mother => read(mother),
        _ => read(father),
    };
    case.index(relative, g(child), frequency).unwrap()
}

#[track_caller]
fn near(index: &LocusIndex, expected: f64) {
    assert!((index.index / expected - 1.0).abs() < 1e-12, "{} {expected}", index.index);
}

/// The rows of the trio table: child, certain mother, questioned father, index. Alleles 10, 12 and 14 have frequencies
/// p, q, r.
#[test]
fn trio_rows() {
    let rows = [
        ("12", "12", "12", 1.0 / Q),
        ("12", "10/12", "12", 1.0 / Q),
        ("12", "12", "10/12", 1.0 / (2.0 * Q)),
        ("12", "10/12", "12/14", 1.0 / (2.0 * Q)),
        ("10/12", "10", "12", 1.0 / Q),
        ("10/12", "10/14", "12", 1.0 / Q),
        ("10/12", "10", "10/12", 1.0 / (2.0 * Q)),
        ("10/12", "10/14", "12/14", 1.0 / (2.0 * Q)),
        ("10/12", "10/12", "10", 1.0 / (P + Q)),
        ("10/12", "10/12", "12", 1.0 / (P + Q)),
        ("10/12", "10/12", "10/12", 1.0 / (P + Q)),
        ("10/12", "10/12", "10/14", 1.0 / (2.0 * (P + Q))),
        ("10/12", "10/12", "12/14", 1.0 / (2.0 * (P + Q))),
    ];
    for (child, mother, father, expected) in rows {
        let ours = index(Trio { certain: Mother }, father, mother, child);
        near(&ours, expected);
        assert!(ours.mutations.is_empty());
        // With the father certain instead, the rows are the same.
        near(&index(Trio { certain: Father }, mother, father, child), expected);
    }
}

#[test]
fn duo_rows() {
    let rows = [
        ("12", "12", 1.0 / Q),
        ("12", "12/14", 1.0 / (2.0 * Q)),
        ("10/12", "12", 1.0 / (2.0 * Q)),
        ("10/12", "10/12", (P + Q) / (4.0 * P * Q)),
        ("10/12", "12/14", 1.0 / (4.0 * Q)),
    ];
    for (child, parent, expected) in rows {
        for case in [Father, Mother] {
            let ours = index(Duo(case), parent, parent, child);
            near(&ours, expected);
            assert!(ours.mutations.is_empty());
        }
    }
}

#[test]
fn both_parents_rows() {
    near(&index(BothParents, "10", "12", "10/12"), 1.0 / (2.0 * P * Q));
    near(&index(BothParents, "10/12", "10/12", "10/12"), 0.5 / (2.0 * P * Q));
    near(&index(BothParents, "10/14", "12/14", "10/12"), 0.25 / (2.0 * P * Q));
    near(&index(BothParents, "10", "10/12", "10"), 0.5 / (P * P));
    near(&index(BothParents, "10", "10", "10"), 1.0 / (P * P));
    // One parent is untyped, so only the other counts.
    near(&index(BothParents, "10", "", "10"), 1.0 / P);
    near(&index(BothParents, "", "12/14", "12"), 1.0 / (2.0 * Q));
}

/// s steps, k alleles at that distance; each further step is ten times less likely.
#[test]
fn inconsistent_rows() {
    // Trio, required allele 10.
    for (father, k, s) in [
        ("11/14", 1.0, 1),
        ("11", 2.0, 1),
        ("9/11", 2.0, 1),
        ("12/17", 1.0, 2),
        ("8/12", 2.0, 2),
        ("13", 2.0, 3),
        ("13/20", 1.0, 3),
    ] {
        let expected = k * MU * 10_f64.powi(1 - s) / (4.0 * P);
        let ours = index(Trio { certain: Mother }, father, "14/15", "10/14");
        near(&ours, expected);
        let steps = Some(s.unsigned_abs());
        assert_eq!(ours.mutations, [NeededMutation { parent: Father, steps }]);
        near(&index(Duo(Father), father, "", "10"), expected);
        // Mothers have a lower mutation rate.
        near(&index(Duo(Mother), "", father, "10"), expected / 3.5);
    }
    // Trio, C = M = 10/12: both alleles may be required.
    let both = index(Trio { certain: Mother }, "11", "10/12", "10/12");
    near(&both, (2.0 + 2.0) * MU / (4.0 * (P + Q)));
    near(&index(Trio { certain: Mother }, "13/20", "10/12", "10/12"), MU / (4.0 * (P + Q)));
    // Duo with a heterozygous child: the nearer allele counts, or both at the same distance.
    near(&index(Duo(Father), "11", "", "10/12"), (2.0 / P + 2.0 / Q) * MU / 8.0);
    near(&index(Duo(Father), "13/20", "", "10/12"), 1.0 / Q * MU / 8.0);
    near(&index(Duo(Father), "14/20", "", "10/12"), 1.0 / Q * MU * 0.1 / 8.0);
    // No allele is a whole number of repeats away.
    for case in [Trio { certain: Mother }, Duo(Father)] {
        let ours = index(case, "9.3", "14", if case == Duo(Father) { "9" } else { "9/14" });
        near(&ours, MU);
        assert_eq!(ours.mutations, [NeededMutation { parent: Father, steps: None }]);
    }
    near(&index(Duo(Father), "9.3", "", "9/10"), MU);
    near(&index(Trio { certain: Mother }, "9.3", "10/12", "10/12"), MU);
}

/// If one parent is consistent, the couple's index is the trio's times that parent's own.
#[test]
fn an_inconsistent_couple_reduces_to_the_trio() {
    for (father, mother, child) in
        [("11/14", "12/14", "10/12"), ("13", "12", "10/12"), ("9.3", "12/14", "9/12"), ("11", "10/14", "10")]
    {
        let couple = index(BothParents, father, mother, child);
        let trio = index(Trio { certain: Mother }, father, mother, child);
        let alone = index(Duo(Mother), "", mother, child);
        near(&couple, trio.index * alone.index);
        assert_eq!(couple.mutations, trio.mutations);
    }
    let neither = index(BothParents, "11", "13", "10/12");
    // Father to 10 and mother to 12 take one step each; the opposite assignment takes one and three.
    near(&neither, 2.0 * MU / 4.0 * 2.0 * (MU / 3.5) / 4.0 / (2.0 * P * Q));
    assert_eq!(neither.mutations.len(), 2);
}

#[test]
fn siblings_and_the_second_degree() {
    let duo = |relative: &str, child: &str| index(Duo(Father), relative, "", child).index;
    near(&index(FullSibling, "10/12", "", "10/12"), 0.25 + 0.5 * duo("10/12", "10/12") + 0.25 / (2.0 * P * Q));
    near(&index(FullSibling, "10", "", "10"), 0.25 + 0.5 / P + 0.25 / (P * P));
    near(&index(FullSibling, "10/14", "", "10/12"), 0.25 + 0.5 * duo("10/14", "10/12"));
    near(&index(FullSibling, "14", "", "10/12"), 0.25);
    for case in [SecondDegree(PaternalGrandfather), SecondDegree(Relation::MaternalAunt)] {
        near(&index(case, "10/12", "", "10/12"), 0.5 + 0.5 * duo("10/12", "10/12"));
        near(&index(case, "14", "", "10/12"), 0.5);
    }
}

#[test]
fn mistakes_of_other_tools() {
    // Alleles compare as numbers, not as text: 9 is neither part of 19 nor of 9.3.
    assert!(!index(Duo(Father), "19", "", "9").mutations.is_empty());
    assert_eq!(index(Duo(Father), "9.3", "", "9").mutations, [NeededMutation { parent: Father, steps: None }]);
    near(&index(Duo(Father), "9.0", "", "9"), 1.0 / 0.05);
    // A mismatch stays in the product and lowers it.
    assert!(index(Duo(Father), "11", "", "10").index < 0.1);
    // Father and mother cannot be swapped: each has their own rate.
    let (father, mother) = (index(BothParents, "11", "12", "10/12"), index(BothParents, "12", "11", "10/12"));
    assert_eq!((father.mutations[0].parent, mother.mutations[0].parent), (Father, Mother));
    near(&mother, father.index / 3.5);
    // The branch with a mutation is divided by the frequency of the required allele.
    let (rare, common) = (index(Duo(Father), "13", "", "12"), index(Duo(Father), "13", "", "14"));
    near(&common, rare.index / 2.0);
}

#[test]
fn which_table_a_family_falls_under() {
    assert_eq!(CpiCase::of_relations(&[Mother, Father], None), Ok(BothParents));
    assert_eq!(CpiCase::of_relations(&[Mother, Father], Some(Mother)), Ok(Trio { certain: Mother }));
    assert_eq!(CpiCase::of_relations(&[Mother], Some(Mother)), Ok(Duo(Mother)));
    assert_eq!(CpiCase::of_relations(&[Relation::FullSibling], None), Ok(FullSibling));
    assert_eq!(CpiCase::of_relations(&[PaternalGrandfather], None), Ok(SecondDegree(PaternalGrandfather)));
    assert_eq!(CpiCase::of_relations(&[Mother, PaternalGrandfather], None), Err(NoCpi));
    assert_eq!(CpiCase::of_relations(&[], None), Err(NoCpi));
    // A mother who shares no allele with the child cannot be certain.
    assert_eq!(Trio { certain: Mother }.index(|_| Some(g("14")), g("10/12"), frequency), None);
}
