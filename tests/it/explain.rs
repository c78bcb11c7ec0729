//! Tests of `explain`, which shows how a likelihood ratio is made up.

use crate::common::Lab;

fn rows(text: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect()
}

/// Explains every candidate of a store, and compares rows, totals and the list of candidates.
fn explains_every_candidate(lab: &Lab, store: &str) -> usize {
    lab.run_on(store, &["match"]).ends(0);
    let candidates = rows(&lab.run_on(store, &["candidates", "--format", "csv"]).ends(0).out);
    for row in &candidates {
        let (family, child) = (&row[0], &row[1]);
        // `explain` computes the rows for the relations as stated, and only lists the other views.
        let log10_lr: f64 = row[12].parse().unwrap();
        let said = lab.run_on(store, &["explain", family, child, "--format", "csv"]).ends(0);
        let (mut sum, mut compared) = (0.0, 0);
        for locus in rows(&said.out) {
            sum += locus[2].parse::<f64>().unwrap();
            assert_eq!(sum.to_bits(), locus[3].parse::<f64>().unwrap().to_bits(), "{locus:?}");
            compared += u32::from(&locus[1] == "true");
        }
        assert_eq!((sum + 0.0).to_bits(), log10_lr.to_bits(), "{family} {child}");
        if &row[10] == "as stated" {
            assert_eq!((compared.to_string().as_str(), &row[12]), (&row[3], &row[2]));
        }
        assert!(said.err.is_empty(), "{}", said.err);
    }
    candidates.len()
}

fn import(lab: &Lab, store: &str, options: &[&str]) {
    lab.run_on(store, &[&["init"], options].concat()).ends(0);
    lab.run_on(store, &["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
    lab.run_on(store, &["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
}

#[test]
fn rows_add_up_to_the_total_and_the_total_equals_the_candidates() {
    let lab = Lab::new();
    lab.synth("files", 60, 300, 11);
    // Unlisted alleles, in a father or mother and in a child.
    for name in ["files/families.csv", "files/children.csv"] {
        let text = lab.read(name);
        lab.write(name, text.replacen(",15/16,", ",15/99,", 12));
    }
    import(&lab, "plain", &[]);
    assert!(explains_every_candidate(&lab, "plain") > 20);
    import(&lab, "modelled", &["--theta", "0.01", "--drop-out", "0.01", "--linked", "vWA:D12S391=11.9cM"]);
    assert!(explains_every_candidate(&lab, "modelled") > 20);
}

#[test]
fn genotypes_are_hidden_unless_asked_for_and_identifiers_always() {
    let lab = Lab::new();
    let head = "vWA,D3S1358,TH01,FGA,TPOX";
    lab.import(
        "families",
        "families.csv",
        format!("family_id,sample_id,relation,sex,{head}\nCANARY1,CANARY2,father,male,14/16,13.2/19,9,21/99,8/8\n"),
        &[],
    )
    .ends(0);
    lab.import("children", "children.csv", format!("sample_id,sex,{head}\nCANARY3,,14/17,13.2/15,6/9.3,21/22,\n"), &[])
        .ends(0);
    lab.run(&["match", "--min-log10-lr", "-9"]).ends(0);
    let [family, child] =
        [("family", "CANARY1"), ("sample", "CANARY3")].map(|(kind, id)| lab.pseudonyms(kind, [id]).remove(id).unwrap());
    for format in ["table", "csv", "json"] {
        let run = |more: &[&str]| lab.run(&[&["explain", &family, &child, "--format", format], more].concat()).ends(0);
        let (hidden, shown) = (run(&[]), run(&["--show-genotypes"]));
        for said in [&hidden, &shown] {
            assert!(!said.out.contains("CANARY") && !said.err.contains("CANARY"), "{said:?}");
            assert!(said.out.contains("father"), "{}", said.out);
        }
        // Nobody else has the microvariant, and the father requires a mutation at TH01.
        assert!(!hidden.out.contains("13.2/") && !hidden.out.contains("21/99"), "{}", hidden.out);
        assert!(shown.out.contains("13.2/19") && shown.out.contains("6/9.3"), "{}", shown.out);
    }
    let json = lab.run(&["explain", &family, &child, "--format", "json"]).json();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["incompatible_loci"], 1);
    let locus = |name: &str| json["loci"].as_array().unwrap().iter().find(|l| l["locus"] == name).unwrap().clone();
    assert_eq!(locus("TH01")["compatible"], false);
    assert_eq!(locus("TH01")["mutations"][0]["parent"], "father");
    assert_eq!(locus("TH01")["mutations"][0]["steps"], 3);
    assert_eq!(locus("FGA")["unlisted_alleles"], 1);
    assert_eq!(locus("TPOX")["compared"], false);
    assert_eq!(locus("TPOX")["log10_lr"], 0.0);
    let table = lab.run(&["explain", &family, &child]).out;
    for part in ["needs a mutation: father 3 steps", "father alone", "Floor frequency", "FGA", "H1:", "stepwise"] {
        assert!(table.contains(part), "{part} is missing in:\n{table}");
    }
}

#[test]
fn a_certain_parent_lowers_the_cpi_and_unknown_pseudonyms_are_refused() {
    let lab = Lab::with_population(40, 200);
    let candidates = rows(&lab.run(&["match", "--format", "csv"]).ends(0).out);
    let both = candidates.iter().find(|row| {
        let said = lab.run(&["explain", &row[0], &row[1]]).ends(0);
        said.out.replace("\n    ", " ").contains("both parents questioned")
    });
    let row = both.unwrap();
    let cpi = |more: &[&str]| {
        let said = lab.run(&[&["explain", &row[0], &row[1], "--format", "json"], more].concat()).ends(0);
        let json = said.json();
        let total = json["cpi"]["log10"].as_f64().unwrap();
        let indices = json["loci"].as_array().unwrap().iter().filter_map(|locus| locus["paternity_index"].as_f64());
        let product: f64 = indices.map(f64::log10).sum();
        assert!((product - total).abs() < 1e-9, "the indices multiply to {product}, not to {total}");
        total
    };
    let (couple, trio) = (cpi(&[]), cpi(&["--certain-parent", "mother"]));
    assert!(trio < couple, "what a certain mother explains counts no more: {trio} {couple}");
    let nobody = "0".repeat(32);
    lab.run(&["explain", &nobody, &row[1]]).ends(2).says(&["there is no family 0"]);
    lab.run(&["explain", &row[0], &nobody]).ends(2).says(&["there is no child 0"]);
    let said = lab.run(&["explain", "CANARY", &row[1]]).ends(2).says(&["FAMILY", "reunite pseudonym"]);
    assert!(!said.err.contains("CANARY"), "{}", said.err);
}

#[test]
fn the_first_digits_of_a_pseudonym_are_enough() {
    let lab = Lab::with_population(30, 150);
    lab.run(&["match"]).ends(0);
    let listed = lab.run(&["candidates", "--brief", "--format", "json"]).ends(0).json();
    let [family, child] = ["family", "child"].map(|who| listed["candidates"][0][who].as_str().unwrap().to_owned());
    let (of_family, of_child) = (&family[..8], child[..10].to_ascii_uppercase());
    let whole = lab.run(&["explain", &family, &child, "--format", "csv"]).ends(0).out;
    assert_eq!(lab.run(&["explain", of_family, &of_child, "--format", "csv"]).ends(0).out, whole);
    let of = |words: &[&str]| lab.run(words);
    let one = of(&["candidates", "--family", of_family, "--format", "csv"]).ends(0).out;
    assert_eq!(one, of(&["candidates", "--family", &family, "--format", "csv"]).ends(0).out);
    of(&["review", "show", of_family, &of_child]).ends(0);
    of(&["missed", of_family]).ends(0);
    of(&["families", "check", of_family]);
    // A family's digits name no child; few digits, and what is none, are refused without being repeated.
    let nobody = of(&["explain", of_family, of_family]).ends(2);
    assert!(nobody.err.contains("CHILD: the store has no child") && !nobody.err.contains(of_family), "{}", nobody.err);
    for bad in ["abcde", "Kanarie-1", &"0".repeat(33), ""] {
        let said = of(&["missed", bad]).ends(2);
        assert!(said.err.contains("at least its first 6 digits"), "{bad}: {}", said.err);
        assert!(bad.is_empty() || !said.err.contains(bad), "{bad}");
    }
    // The question is recorded, as one about an unknown pseudonym is.
    let audit = of(&["audit", "list", "--format", "json"]).ends(0).json();
    let records = audit["records"].as_array().unwrap();
    assert!(records.iter().any(|one| one["command"] == "explain" && one["details"]["outcome"] == "unknown"));
    // Two that begin alike.
    let [one, other] = ["1", "2"].map(|last| "abcdef".repeat(5) + "0" + last);
    let children = format!("sample_id,sex,D3S1358,vWA,FGA\n{one},m,15/16,14/17,22/24\n{other},f,14/18,15/19,20/26\n");
    lab.import("children", "alike.csv", children, &["--identifiers", "pseudonyms", "--min-loci", "1"]).ends(0);
    let alike = of(&["explain", of_family, "abcdefab"]).ends(2);
    assert!(alike.err.contains("CHILD: several pseudonyms begin with these digits"), "{}", alike.err);
    of(&["explain", of_family, &one]).ends(0);
    of(&["explain", of_family, &one[..31]]).ends(2).says(&["several"]);
}
