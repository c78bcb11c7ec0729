//! Tests of the kinship calculator `lr`: an error in one case does not affect the others, and definitions give the
//! value computed by hand.

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
fn a_case_that_contradicts_itself_does_not_affect_the_others() {
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
fn a_case_that_cannot_be_computed_does_not_affect_the_others() {
    let lab = Lab::new();
    let alone = reunite(&["lr", &lab.write("good.csv", format!("{HEAD}{GOOD}"))]).ends(0);
    let kid = "bad,kid,child,male,TH01,7,9\n";
    let several = |n: usize, relation: &str, sex: &str| -> String {
        (0..n).map(|i| format!("bad,s{i},{relation},{sex},TH01,7,9\n")).collect::<String>() + kid
    };
    let siblings = |n: usize| several(n, "full-sibling", "female");
    let unlisted = format!("{kid}bad,dad,father,male,TH01,7,55\n");
    for (bad, options, parts) in [
        (siblings(17), &[][..], ["case bad, locus TH01: more than 16", "leave out those typed at fewest loci"]),
        (
            several(12, "paternal-uncle", "male"),
            &["--theta", "0.01"],
            ["case bad, locus TH01: the pedigree is too large", "set theta to 0"],
        ),
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
    // A message names linked loci together.
    let siblings: String =
        siblings(17).lines().map(|row| format!("{row}\n{}\n", row.replace("TH01,7,9", "vWA,14,15"))).collect();
    let cases = lab.write("cases.csv", format!("{HEAD}{siblings}{GOOD}"));
    reunite(&["lr", &cases, "--linked", "TH01:vWA=0.1"]).ends(2).says(&["case bad, locus vWA+TH01: more than 16"]);
}

/// Father 8/10 and child 7/9 require a mutation, since a heterozygote hides no silent allele. The frequencies are those
/// of the built-in table at TH01.
#[test]
fn mutation_models_beside_silent_alleles_are_those_of_familias() {
    let lab = Lab::new();
    let cases = format!("{HEAD}p,kid,child,male,TH01,7,9\np,dad,father,male,TH01,8,10\n");
    let cases = lab.write("prop.csv", cases);
    let (rate, silent) = (0.003, 0.02);
    let (seven, nine) = (frequency("TH01", "7"), frequency("TH01", "9"));
    let frequencies = locus_frequencies("TH01");
    let with = |model: &str, options: &[&str]| {
        let said =
            reunite(&[&["lr", &cases, "--mutation", model, "--mutation-rate", "0.003"], options].concat()).ends(0);
        value(&said, "p", "TH01").unwrap()
    };
    // The father hands on j with a q_j or off, the unknown mother with (1 - s) q_j; unrelated: 2 (1 - s)^2 q_7 q_9.
    let near = |ours: f64, lr: f64| assert!((ours - lr.log10()).abs() < 1e-12, "{ours} {}", lr.log10());
    let heterozygosity: f64 = frequencies.iter().map(|q| q * (1.0 - q)).sum();
    let scale = rate / ((1.0 - silent) * heterozygosity);
    let ours = with("proportional", &["--silent-frequency", "0.02"]);
    near(ours, scale / (1.0 - silent));
    assert!((ours + 2.31418).abs() < 1e-5, "{ours}");
    near(with("proportional", &[]), rate / heterozygosity);
    let off = rate / (frequencies.len() - 1) as f64;
    let equal = |share: f64| off * (seven + nine) / (2.0 * share * seven * nine);
    near(with("equal", &["--silent-frequency", "0.02"]), equal(1.0 - silent));
    near(with("equal", &[]), equal(1.0));
}

const PEDIGREE: &str = "case,person,father,mother,sex,missing\n\
    i,gf,,,male,\ni,gm,,,female,\ni,a,gf,gm,male,\ni,b,gf,gm,female,\ni,kid,a,b,male,yes\n";

/// The child of full siblings, F = 1/4, at loci where only its own genotype is known.
#[test]
fn inbreeding_counts_where_no_relative_is_typed() {
    let lab = Lab::new();
    let pedigree = lab.write("pedigree.csv", PEDIGREE);
    let rows = "i,kid,child,male,TH01,7,7\ni,kid,child,male,D3S1358,15,16\n\
                i,kid,child,male,TPOX,8,8\ni,gf,member,male,TPOX,8,11\n";
    let cases = lab.write("cases.csv", format!("{HEAD}{rows}"));
    let with = |options: &[&str]| {
        let said = reunite(&[&["lr", &cases, "--pedigree", &pedigree], options].concat()).ends(0);
        ["TH01", "D3S1358", "vWA"].map(|locus| value(&said, "i", locus).unwrap())
    };
    let near = |ours: f64, lr: f64| assert!((ours - lr.log10()).abs() < 1e-12, "{ours} {}", lr.log10());
    let f = 0.25;
    let p = frequency("TH01", "7");
    let [homozygous, heterozygous, untyped] = with(&["--mutation", "none"]);
    near(homozygous, (p * p + f * p * (1.0 - p)) / (p * p));
    assert!((homozygous - 0.24304).abs() < 5e-6 && (heterozygous + 0.1249).abs() < 5e-5, "{homozygous} {heterozygous}");
    near(heterozygous, 1.0 - f);
    assert_eq!(untyped.to_bits(), 0);
    // The proportional model keeps the frequencies, but two alleles of one ancestor may have mutated since. Each has
    // gone through two meioses, the number between the child and the ancestor.
    let [homozygous, ..] = with(&["--mutation", "proportional", "--mutation-rate", "0.003"]);
    let q = locus_frequencies("TH01");
    let scale = 0.003 / q.iter().map(|q| q * (1.0 - q)).sum::<f64>();
    // Both alleles are identical by descent and did not mutate in 4 meioses with probability (1 - a)^4; otherwise they
    // are independent.
    let alike = f * (1.0 - scale).powi(4);
    near(homozygous, (alike * p + (1.0 - alike) * p * p) / (p * p));
    // Theta: two alleles that are not of one ancestor are drawn from one urn.
    let theta = 0.03;
    let both = p * (theta + (1.0 - theta) * p);
    let [homozygous, heterozygous, _] = with(&["--mutation", "none", "--theta", "0.03"]);
    near(homozygous, (f * p + (1.0 - f) * both) / both);
    near(heterozygous, 1.0 - f);
    // Both grandparents have two children, so neither convention leaves them out.
    assert_eq!(with(&["--untyped", "pruned"]), with(&["--untyped", "full"]));
}

/// The same pair in a store: `explain` and matching give the calculator's values, and count these loci as not compared.
#[test]
fn a_stored_pair_has_the_same_inbreeding() {
    let lab = Lab::new();
    let relatives =
        "family_id,sample_id,relation,sex,TPOX,vWA,D3S1358,FGA,D18S51\nF1,GF,member,male,8/11,,15/16,22/24,13/15\n";
    let pedigree = "family_id,person,father,mother,sex,missing,sample_id\n\
        F1,gf,,,male,,GF\nF1,gm,,,female,,\nF1,a,gf,gm,male,,\nF1,b,gf,gm,female,,\nF1,kid,a,b,male,yes,\n";
    let (families, pedigrees) = (lab.write("f.csv", relatives), lab.write("p.csv", pedigree));
    lab.run(&["import", "--as", "families", &families, "--pedigrees", &pedigrees]).ends(0);
    let children = "sample_id,sex,TPOX,vWA,D3S1358,FGA,D18S51\nC1,male,8/8,14/14,15/15,22/22,13/13\n";
    lab.import("children", "c.csv", children, &[]).ends(0);
    lab.run(&["match", "--min-log10-lr", "0.5"]).ends(0);
    let stored: serde_json::Value =
        serde_json::from_str(&lab.run(&["candidates", "--format", "json"]).ends(0).out).unwrap();
    let kid = "i,kid,child,male,TPOX,8,8\ni,kid,child,male,vWA,14,14\ni,kid,child,male,D3S1358,15,15\n\
               i,kid,child,male,FGA,22,22\ni,kid,child,male,D18S51,13,13\n";
    let gf = "i,gf,member,male,TPOX,8,11\ni,gf,member,male,D3S1358,15,16\ni,gf,member,male,FGA,22,24\n\
              i,gf,member,male,D18S51,13,15\n";
    let cases = lab.write("cases.csv", format!("{HEAD}{kid}{gf}"));
    let said = reunite(&["lr", &cases, "--pedigree", &lab.write("pedigree.csv", PEDIGREE)]).ends(0);
    let (of_vwa, total) = (value(&said, "i", "vWA").unwrap(), value(&said, "i", "total").unwrap());
    assert!(of_vwa > 0.2, "{of_vwa}");
    let candidate = &stored["candidates"][0];
    assert_eq!(candidate["log10_lr"].as_f64().unwrap().to_bits(), total.to_bits());
    assert_eq!(candidate["loci_compared"], 4);
    let (family, child) = (candidate["family"].as_str().unwrap(), candidate["child"].as_str().unwrap());
    let explained = lab.run(&["explain", family, child, "--format", "json"]).ends(0).out;
    let explained: serde_json::Value = serde_json::from_str(&explained).unwrap();
    let loci = explained["loci"].as_array().unwrap();
    let vwa = loci.iter().find(|locus| locus["locus"] == "vWA").unwrap();
    assert_eq!((vwa["log10_lr"].as_f64().unwrap().to_bits(), &vwa["compared"]), (of_vwa.to_bits(), &false.into()));
}

fn locus_frequencies(locus: &str) -> Vec<f64> {
    let table = FrequencyTable::chinese_han_23();
    table.loci()[table.panel().position(&locus.parse().unwrap()).unwrap()].frequencies().to_vec()
}

fn frequency(locus: &str, allele: &str) -> f64 {
    let table = FrequencyTable::chinese_han_23();
    let locus = &table.loci()[table.panel().position(&locus.parse().unwrap()).unwrap()];
    locus.frequencies()[locus.alleles().binary_search(&allele.parse().unwrap()).unwrap()]
}
