//! The kinship calculator `lr`: one case's fault costs the others nothing, and definitions that have a right value.

use std::process::Command;

use reunite::population::FrequencyTable;

use crate::common::{Lab, PROGRAM, Said, run};

const HEAD: &str = "case,person,relation,sex,locus,allele1,allele2\n";

/// A case that computes under any model.
const GOOD: &str = "good,kid,child,male,TH01,7,9\ngood,dad,father,male,TH01,7,7\n";

fn reunite(arguments: &[&str]) -> Said {
    run(Command::new(PROGRAM).args(arguments))
}

/// log10 LR by case and locus.
fn value(said: &Said, case: &str, locus: &str) -> Option<f64> {
    let row = said.out.lines().find_map(|line| line.strip_prefix(&format!("{case},{locus},")));
    row.map(|value| value.parse().unwrap())
}

#[test]
fn a_case_that_contradicts_itself_costs_the_others_nothing() {
    let lab = Lab::new();
    let bad = "bad,kid,child,male,TH01,7,9\nbad,dad,father,male,TH01,7,7\nbad,dad,father,male,TPOX,8,8\n\
               bad,mum,mother,female,TH01,7,7\nbad,mum,mother,female,TPOX,8,8\n\
               bad,sis,full-sibling,female,TH01,9,9\nbad,sis,full-sibling,female,TPOX,9,9\nbad,kid,child,male,TPOX,8,8\n";
    let alone = reunite(&["lr", &lab.write("good.csv", format!("{HEAD}{GOOD}")), "--mutation", "none"]).ends(0);
    for cases in [format!("{HEAD}{bad}{GOOD}"), format!("{HEAD}{GOOD}{bad}")] {
        let said = reunite(&["lr", &lab.write("cases.csv", cases), "--mutation", "none"]).ends(2).says(&[
            "error: case bad, loci TPOX, TH01: the relatives' own genotypes contradict",
            "check samples and relations, or use a mutation model that allows it",
            "no likelihood ratio of 1 case; 1 case computed",
        ]);
        assert_eq!(said.out, alone.out);
    }
}

#[test]
fn a_case_that_cannot_be_computed_costs_the_others_nothing() {
    let lab = Lab::new();
    let alone = reunite(&["lr", &lab.write("good.csv", format!("{HEAD}{GOOD}"))]).ends(0);
    let kid = "bad,kid,child,male,TH01,7,9\n";
    let siblings = |n: usize| -> String {
        (0..n).map(|i| format!("bad,s{i},full-sibling,female,TH01,7,9\n")).collect::<String>() + kid
    };
    let unlisted = format!("{kid}bad,dad,father,male,TH01,7,55\n");
    for (bad, options, parts) in [
        (siblings(17), &[][..], ["case bad, locus TH01: more than 16", "leave out those typed at fewest loci"]),
        (siblings(12), &["--theta", "0.01"], ["case bad, locus TH01: the pedigree is too large", "set theta to 0"]),
        (
            unlisted,
            &["--rare-allele-frequency", "refuse"],
            ["case bad, locus TH01: with an allele that", "complete the frequency table"],
        ),
    ] {
        let cases = lab.write("cases.csv", format!("{HEAD}{bad}{GOOD}"));
        let said = reunite(&[&["lr", &cases], options].concat()).ends(2).says(&parts);
        assert!(!said.err.contains("the floor is used") || !options.contains(&"refuse"), "{}", said.err);
        let (ours, theirs) = (value(&said, "good", "TH01").unwrap(), value(&alone, "good", "TH01").unwrap());
        assert!(options.contains(&"--theta") || ours.to_bits() == theirs.to_bits());
        assert_eq!(value(&said, "bad", "total"), None);
    }
    // Linked loci are named together.
    let siblings: String =
        siblings(17).lines().map(|row| format!("{row}\n{}\n", row.replace("TH01,7,9", "vWA,14,15"))).collect();
    let cases = lab.write("cases.csv", format!("{HEAD}{siblings}{GOOD}"));
    reunite(&["lr", &cases, "--linked", "TH01:vWA=0.1"]).ends(2).says(&["case bad, locus vWA+TH01: more than 16"]);
}

/// Father 8/10 and child 7/9 need a mutation, as neither may hide a silent allele. Of the built-in table at TH01.
#[test]
fn mutation_models_beside_silent_alleles_are_those_of_familias() {
    let lab = Lab::new();
    let cases = format!("{HEAD}p,kid,child,male,TH01,7,9\np,dad,father,male,TH01,8,10\n");
    let cases = lab.write("prop.csv", cases);
    let table = FrequencyTable::chinese_han_23();
    let locus = &table.loci()[table.panel().position(&"TH01".parse().unwrap()).unwrap()];
    let frequency = |allele: &str| {
        let at = locus.alleles().binary_search(&allele.parse().unwrap()).unwrap();
        locus.frequencies()[at]
    };
    let (rate, silent) = (0.003, 0.02);
    let (seven, nine) = (frequency("7"), frequency("9"));
    let with = |model: &str, options: &[&str]| {
        let said =
            reunite(&[&["lr", &cases, "--mutation", model, "--mutation-rate", "0.003"], options].concat()).ends(0);
        value(&said, "p", "TH01").unwrap()
    };
    // The father hands on j with a q_j or off, the unknown mother with (1 - s) q_j; unrelated: 2 (1 - s)^2 q_7 q_9.
    let near = |ours: f64, lr: f64| assert!((ours - lr.log10()).abs() < 1e-12, "{ours} {}", lr.log10());
    let heterozygosity: f64 = locus.frequencies().iter().map(|q| q * (1.0 - q)).sum();
    let scale = rate / ((1.0 - silent) * heterozygosity);
    let ours = with("proportional", &["--silent-frequency", "0.02"]);
    near(ours, scale / (1.0 - silent));
    assert!((ours + 2.31418).abs() < 1e-5, "{ours}");
    near(with("proportional", &[]), rate / heterozygosity);
    let off = rate / (locus.alleles().len() - 1) as f64;
    let equal = |share: f64| off * (seven + nine) / (2.0 * share * seven * nine);
    near(with("equal", &["--silent-frequency", "0.02"]), equal(1.0 - silent));
    near(with("equal", &[]), equal(1.0));
}
