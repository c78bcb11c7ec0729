//! Tests of drop-out probabilities that files state for single samples.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::common::{Lab, Said, reunite};

const ALL: [&str; 5] = ["match", "--format", "csv", "--min-log10-lr", "-20"];

/// Adds the column `drop_out` to a profile file, filled by row.
fn with_column(text: &str, cell: impl Fn(usize) -> &'static str) -> String {
    let mut lines = text.lines();
    let mut out = format!("drop_out,{}\n", lines.next().unwrap());
    lines.enumerate().for_each(|(i, line)| writeln!(out, "{},{line}", cell(i)).unwrap());
    out
}

fn bits(candidates: &Said) -> BTreeMap<(String, String), u64> {
    let rows = csv::Reader::from_reader(candidates.out.as_bytes()).into_records().map(Result::unwrap);
    rows.map(|row| ((row[0].to_owned(), row[1].to_owned()), row[2].parse::<f64>().unwrap().to_bits())).collect()
}

/// If every sample states the model's drop-out probability, the result is that of the model.
#[test]
fn drop_out_stated_by_every_sample_gives_the_result_of_the_model() {
    let lab = Lab::new();
    lab.synth("files", 60, 300, 4);
    let (families, children) = (lab.read("files/families.csv"), lab.read("files/children.csv"));
    let matched = |store: &str, init: &[&str], of_families: &str, of_children: &str| {
        lab.run_on(store, &[&["init"], init].concat()).ends(0);
        for (layout, text) in [("families", of_families), ("children", of_children)] {
            let file = lab.write(&format!("{store}-{layout}.csv"), text);
            lab.run_on(store, &["import", "--as", layout, &file]).ends(0);
        }
        bits(&lab.run_on(store, &ALL).ends(0))
    };
    let model = ["--drop-out-relatives", "0.05", "--drop-out-children", "0.2"];
    let by_model = matched("a", &model, &families, &children);
    let (own_families, own_children) = (with_column(&families, |_| "0.05"), with_column(&children, |_| "0.2"));
    let by_sample = matched("b", &[], &own_families, &own_children);
    assert!(by_model.len() > 500, "{}", by_model.len());
    assert_eq!(by_model, by_sample);
    let plain = matched("c", &[], &families, &children);
    let denied = matched("d", &model, &with_column(&families, |_| "0"), &with_column(&children, |_| "0.0"));
    assert_eq!(plain, denied);
    assert_ne!(plain, by_model);
    // Only half of the children state a value; each child keeps its own.
    let some =
        matched("e", &["--drop-out-relatives", "0.05"], &families, &with_column(&children, |i| ["0.2", ""][i % 2]));
    let names: Vec<&str> = children.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    let pseudonyms = lab.pseudonyms("sample", names.iter().copied());
    let own: Vec<&String> = names.iter().step_by(2).map(|name| &pseudonyms[*name]).collect();
    let without = matched("f", &["--drop-out-relatives", "0.05"], &families, &children);
    let expected =
        |pair: &(String, String)| if own.contains(&&pair.1) { by_model.get(pair) } else { without.get(pair) };
    assert!(some.iter().all(|(pair, lr)| expected(pair) == Some(lr)));
    let all = by_model.keys().filter(|pair| own.contains(&&pair.1)).count()
        + without.keys().filter(|pair| !own.contains(&&pair.1)).count();
    assert_eq!(some.len(), all);
    lab.run_on("e", &["verify"]).ends(0).says(&["index: sound; 300 children"]);
}

#[test]
fn a_sample_and_the_calculator_agree() {
    let lab = Lab::new();
    let head = "sample_id,sex,drop_out,vWA,FGA\n";
    lab.import("families", "f.csv", format!("family_id,relation,{head}F,mother,M,f,0.1,14,22/23\n"), &[]).ends(0);
    lab.import("children", "c.csv", format!("{head}C,m,0.3,15,24\n"), &[]).ends(0);
    let stored = bits(&lab.run(&ALL).ends(0)).into_values().next().unwrap();
    let cases = "case,person,relation,sex,locus,allele1,allele2,drop_out\nc,m,mother,f,vWA,14,14,0.1\n\
                 c,m,mother,f,FGA,22,23,0.1\nc,c,child,m,vWA,15,15,0.3\nc,c,child,m,FGA,24,24,0.3\n";
    let computed = reunite(&["lr", &lab.write("cases.csv", cases)]).ends(0);
    let total = computed.out.lines().last().unwrap().rsplit_once(',').unwrap().1;
    assert_eq!(total.parse::<f64>().unwrap().to_bits(), stored);
}

#[test]
fn a_changed_drop_out_of_a_sample_is_a_conflict() {
    let lab = Lab::new();
    let children = |cell: &str| format!("sample_id,sex,drop_out,vWA,FGA\nC,m,{cell},15,24\nD,m,,15,24\n");
    let families =
        |cell: &str| format!("family_id,relation,sample_id,sex,vWA,FGA,drop_out\nF,mother,M,f,14,22,{cell}\n");
    let layouts = [("children", &children as &dyn Fn(&str) -> String), ("families", &families)];
    for (layout, text) in layouts {
        lab.import(layout, "x.csv", text("0.1"), &[]).ends(0);
    }
    for (layout, text) in layouts {
        lab.import(layout, "x.csv", text("0.10"), &[]).ends(0).says(&["all known and unchanged"]);
        for other in ["0.2", ""] {
            let said = lab.import(layout, "x.csv", text(other), &[]).ends(2);
            said.says(&["x.csv: line 2: sample ", "another drop_out", "--on-conflict"]);
        }
        lab.import(layout, "x.csv", text(""), &["--on-conflict", "keep"]).ends(0);
        lab.import(layout, "x.csv", text("0.1"), &[]).ends(0).says(&["all known and unchanged"]);
        lab.run(&ALL).ends(0);
        let replaced = lab.import(layout, "x.csv", text(""), &["--on-conflict", "replace"]).ends(0);
        replaced.says(&["1 replaced", "withdrawn until the next match"]);
        lab.import(layout, "x.csv", text(""), &[]).ends(0).says(&["all known and unchanged"]);
        for bad in ["1", "-0.1", "x", "NaN", "inf", "10%"] {
            let said = lab.import(layout, "x.csv", text(bad), &[]).ends(2);
            said.says(&["x.csv:2: column ", "(drop_out)", "from 0 and below 1", "nothing imported"]);
        }
        lab.import(layout, "x.csv", text("0.1"), &["--on-conflict", "replace"]).ends(0);
    }
    let twice = "family_id,relation,sample_id,sex,vWA,drop_out\nF2,mother,N,f,14,0.1\nF3,mother,N,f,14,0.2\n";
    lab.import("families", "x.csv", twice, &[]).ends(2).says(&["x.csv:3: ", "another drop_out on line 2"]);
}

/// In a store that refuses unlisted alleles, one child has an unlisted allele, and both have a drop-out probability of
/// their own.
#[test]
fn a_child_is_refused_for_its_unlisted_allele_and_not_for_its_drop_out() {
    let lab = Lab::new();
    lab.run_on("refusing", &["init", "--rare-allele-frequency", "refuse"]).ends(0);
    let (families, children) = (
        lab.write("f.csv", "family_id,relation,sample_id,sex,vWA\nF,mother,M,f,14\n"),
        lab.write("c.csv", "sample_id,sex,drop_out,vWA\nC,m,0.1,15\nD,m,0.1,99\n"),
    );
    lab.run_on("refusing", &["import", "--as", "families", &families]).ends(0);
    lab.run_on("refusing", &["import", "--as", "children", &children]).ends(0);
    let names = lab.pseudonyms("sample", ["C", "D"]);
    let said = lab.run_on("refusing", &ALL).ends(2).says(&[&format!("child {} was not compared", names["D"])]);
    assert!(said.out.contains(&names["C"]) && !said.out.contains(&names["D"]), "{}", said.out);
}
