//! The kinship calculator `lr`: one case's fault costs the others nothing, and definitions that have a right value.

use crate::common::{Lab, Said, run};
use std::process::Command;

use crate::common::PROGRAM;

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
    let siblings: String = siblings(17).lines().map(|row| format!("{row}\n{}\n", row.replace("TH01,7,9", "vWA,14,15"))).collect();
    let cases = lab.write("cases.csv", format!("{HEAD}{siblings}{GOOD}"));
    reunite(&["lr", &cases, "--linked", "TH01:vWA=0.1"]).ends(2).says(&["case bad, locus TH01+vWA: more than 16"]);
}
