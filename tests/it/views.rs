//! The program finds a child although the stated relations of its family are wrong, and the candidate names the doubted
//! relative.

use std::collections::BTreeSet;

use crate::common::{Lab, reunite};

/// Returns the rows of the families with exactly these relatives, and of these rows only those of one relation, if it
/// is given.
fn only(text: &str, shape: &[&str], relation: Option<&str>) -> String {
    let mut lines = text.lines();
    let mut out = format!("{}\n", lines.next().unwrap());
    let rows: Vec<&str> = lines.collect();
    let of = |row: &str, column: usize| row.split(',').nth(column).unwrap().to_owned();
    for family in rows.chunk_by(|a, b| of(a, 0) == of(b, 0)) {
        let relations: Vec<String> = family.iter().map(|row| of(row, 2)).collect();
        if relations == shape {
            family
                .iter()
                .filter(|row| relation.is_none_or(|relation| of(row, 2) == relation))
                .for_each(|row| out += &format!("{row}\n"));
        }
    }
    out
}

fn pairs(candidates: &serde_json::Value) -> BTreeSet<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    candidates["candidates"].as_array().unwrap().iter().map(|row| (text(&row["family"]), text(&row["child"]))).collect()
}

/// If the father of every couple is a stranger, the match finds the pairs that the mother alone gives at an LR of 10^6,
/// and the view without the father gives no others.
#[test]
fn couples_with_a_stranger_find_what_the_other_parent_shows() {
    let lab = Lab::new();
    let numbers = ["--families", "150", "--children", "400", "--planted", "1", "--seed", "5"];
    let folder = lab.name("files");
    reunite(&[&["synth", "--out", &folder, "--wrong-father", "1"], &numbers[..]].concat()).ends(0);
    let families = lab.read("files/families.csv");
    lab.import("families", "couples.csv", only(&families, &["father", "mother"], None), &[]).ends(0);
    lab.run(&["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
    let found = lab.run(&["match", "--format", "json"]).ends(0).json();

    let mothers = |arguments: &[&str]| lab.run_on("mothers", arguments);
    mothers(&["init"]).ends(0);
    let file = lab.write("mothers.csv", only(&families, &["father", "mother"], Some("mother")));
    mothers(&["import", "--as", "families", &file]).ends(0);
    mothers(&["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
    let alone = mothers(&["match", "--min-log10-lr", "6", "--doubt-whom", "none", "--format", "json"]).json();
    assert!(pairs(&alone).len() > 10, "there is something to find");
    let by_mother = |row: &&serde_json::Value| row["view"] == "without the father";
    let rows = found["candidates"].as_array().unwrap();
    let ours: Vec<&serde_json::Value> = rows.iter().filter(by_mother).collect();
    assert!(pairs(&alone).is_subset(&pairs(&found)), "nobody is lost");
    for row in &ours {
        let same = alone["candidates"].as_array().unwrap();
        let same = same.iter().find(|one| one["family"] == row["family"] && one["child"] == row["child"]).unwrap();
        assert_eq!(row["log10_lr"], same["log10_lr"]);
        assert!(!row["contradicting_loci"].as_array().unwrap().is_empty());
    }
    // With the relations as stated, hardly anybody would be found.
    let stated = lab.run(&["match", "--full", "--doubt-whom", "none", "--format", "json"]).json();
    assert!(pairs(&stated).len() * 10 < ours.len(), "{} {}", pairs(&stated).len(), ours.len());
}

/// Makes a couple with a wrong father, and the child of the mother.
fn couple() -> (String, String) {
    let loci = "D3S1358,vWA,D16S539,CSF1PO,TPOX,D8S1179,D21S11,D18S51,TH01,FGA,D12S391,D2S1338,D19S433,D1S1656,D6S1043,\
                D2S441,D13S317,D7S820,D5S818";
    let mother = "15/16,14/17,9/12,10/12,8/11,13/14,29/32.2,13/19,6/9.3,22/26,18/22,19/24,13/15.2,11/17.3,10/15,11.3/13,13/14,9/13,7/14";
    let child = "16/17,14/18,12/13,12/12,8/8,14/16,30/32.2,14/19,9/9.3,23/26,20/22,19/23,14/15.2,15/17.3,11/15,10/13,11/13,8/13,7/11";
    let father =
        "14/14,15/15,11/11,11/11,9/9,10/10,28/28,15/15,7/7,21/21,17/17,18/18,12/12,12/12,18/18,10/10,8/8,10/10,10/10";
    let families =
        format!("family_id,sample_id,relation,sex,{loci}\nF1,FA,father,m,{father}\nF1,MO,mother,f,{mother}\n");
    (families, format!("sample_id,sex,{loci}\nC1,f,{child}\n"))
}

#[test]
fn a_candidate_of_a_view_says_who_is_doubted_and_why() {
    let lab = Lab::new();
    let (families, children) = couple();
    lab.import("families", "f.csv", families, &[]).ends(0);
    lab.import("children", "c.csv", children, &[]).ends(0);
    let table = lab.run(&["match"]).ends(0).says(&["1 candidate, 1 of them new", "1 of them in a view that doubts"]);
    assert!(table.out.contains("without the father; as stated "), "{}", table.out);
    let json = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let row = &json["candidates"][0];
    assert_eq!((&row["view"], &row["log10_doubt"]), (&"without the father".into(), &(-2.0).into()));
    let views = row["views"].as_array().unwrap();
    let words: Vec<&str> = views.iter().map(|view| view["words"].as_str().unwrap()).collect();
    assert_eq!(words, ["as stated", "without the father", "without the mother"]);
    assert_eq!(views[1]["log10_lr"], row["log10_lr"]);
    assert_eq!(views[0]["log10_lr"], row["log10_lr_stated"]);
    // One value for all views: (LR as stated + 1 % of each other LR) / 1.02.
    let ratio = |view: usize| 10_f64.powf(views[view]["log10_lr"].as_f64().unwrap());
    let mixed = ((ratio(0) + 0.01 * (ratio(1) + ratio(2))) / 1.02).log10();
    assert!((row["log10_lr_mixed"].as_f64().unwrap() - mixed).abs() < 1e-9);

    let pair = ["family", "child"].map(|which| row[which].as_str().unwrap());
    let explained = lab.run(&["explain", pair[0], pair[1]]).ends(0).out;
    assert!(explained.contains("a candidate of the last run in one view, without the father"), "{explained}");
    assert!(explained.contains("without the father *"), "{explained}");
    let explained = lab.run(&["explain", pair[0], pair[1], "--format", "json"]).ends(0).json();
    assert_eq!(explained["made_by_view"], "without the father");
    assert_eq!(explained["log10_lr_mixed"], row["log10_lr_mixed"]);
    let now: Vec<&serde_json::Value> = explained["views"].as_array().unwrap().iter().map(|v| &v["log10_lr"]).collect();
    assert_eq!(now, views.iter().map(|view| &view["log10_lr"]).collect::<Vec<_>>());
    let csv = lab.run(&["candidates", "--format", "csv"]).ends(0).out;
    assert!(csv.lines().next().unwrap().contains(
        ",view,log10_doubt,log10_lr_stated,log10_lr_mixed,contradicting_loci,\
         log10_lr_own_child,log10_lr_full_sibling,log10_lr_nephew"
    ));
    assert!(csv.contains(",without the father,-2,"), "{csv}");

    // With a much smaller doubt a view requires a much higher LR; the relations as stated count as before.
    lab.run(&["match", "--full", "--doubt", "0.00000001"]).ends(0);
    lab.run(&["match", "--full", "--doubt-whom", "none"]).ends(0);
    lab.run(&["match", "--full", "--doubt", "0"]).ends(2).says(&["above 0 and below 1"]);
    lab.run(&["verify"]).ends(0);
}

#[test]
fn settings_state_the_doubts_and_invalid_ones_are_refused() {
    let lab = Lab::new();
    let settings = lab.read("store/reunite.toml");
    assert!(settings.contains("doubt_whom = \"all\"\ndoubt = 0.01\n"), "{settings}");
    // Stores of earlier versions have none of these settings, and are matched with the default doubts.
    let older: String =
        settings.lines().filter(|line| !line.starts_with("doubt")).map(|line| format!("{line}\n")).collect();
    lab.write("store/reunite.toml", older);
    lab.run(&["verify"]).ends(0);
    for (line, says) in [
        ("doubt = 0.01", "a doubt is a probability above 0 and below 1"),
        ("min_log10_lr = 4.0", "min_log10_lr = -inf must be a finite number"),
        ("doubt_whom = \"all\"", "write none, parents or all"),
    ] {
        let bad = match line {
            "doubt = 0.01" => "doubt = 1.0",
            "min_log10_lr = 4.0" => "min_log10_lr = -inf",
            _ => "doubt_whom = \"some\"",
        };
        assert!(settings.contains(line), "{settings}");
        lab.write("store/reunite.toml", settings.replace(line, bad));
        lab.run(&["match"]).ends(2).says(&[says]);
    }
}

#[test]
fn near_misses_say_what_separates_them() {
    let lab = Lab::new();
    let (families, children) = couple();
    // The mother is the only relative: the child contradicts her at two loci.
    let mother: String =
        families.lines().filter(|line| !line.contains(",father,")).map(|line| format!("{line}\n")).collect();
    let child = children.replace(",16/17,", ",17/18,").replace(",9/9.3,", ",7/8,");
    lab.import("families", "f.csv", mother, &[]).ends(0);
    lab.import("children", "c.csv", child, &[]).ends(0);
    let plain = lab.run(&["match", "--format", "json"]);
    assert!(plain.json()["near"].is_null() && plain.json()["candidates"].as_array().unwrap().is_empty());
    let near = lab.run(&["match", "--near", "2", "--format", "json"]).json();
    assert_eq!(near["run"]["digest"], plain.json()["run"]["digest"], "near misses are no part of the result");
    let row = &near["near"][0];
    let (short_by, log10_lr) = (row["short_by"].as_f64().unwrap(), row["log10_lr"].as_f64().unwrap());
    assert!((log10_lr + short_by - 4.0).abs() < 1e-9, "{row}");
    let against: Vec<&str> =
        row["against"].as_array().unwrap().iter().map(|one| one["locus"].as_str().unwrap()).collect();
    assert_eq!(against.len(), 2, "{row}");
    assert!(against.contains(&"D3S1358") && against.contains(&"TH01"), "{against:?}");
    assert_eq!((&row["loci_compared"], &row["loci_untyped"]), (&19.into(), &4.into()));
    let table = lab.run(&["match", "--near", "1"]).out;
    assert!(
        table.contains("Near the threshold, but not candidates: 1 pair") && table.contains("mother 1 step; "),
        "{table}"
    );
    // A pair that a limit leaves out is a near miss, too, and no pair is in both lists.
    let (families, children) = couple();
    lab.import("families", "g.csv", families.replace("F1,", "F2,").replace("FA,", "FB,").replace("MO,", "MP,"), &[])
        .ends(0);
    lab.import("children", "d.csv", children.replace("C1,", "C2,"), &[]).ends(0);
    let found = lab.run(&["match", "--near", "3", "--format", "json"]).json();
    let made_by: BTreeSet<&str> =
        found["candidates"].as_array().unwrap().iter().map(|row| row["view"].as_str().unwrap()).collect();
    assert_eq!((pairs(&found).len(), made_by), (2, BTreeSet::from(["as stated", "without the father"])));
    let limited = lab.run(&["match", "--near", "3", "--max-chance-hits", "1e-30", "--format", "json"]).json();
    assert!(pairs(&limited).is_empty());
    let left_out: Vec<&serde_json::Value> = limited["near"].as_array().unwrap().iter().collect();
    assert!(
        pairs(&found)
            .iter()
            .all(|pair| left_out.iter().any(|row| row["family"] == pair.0[..] && row["child"] == pair.1[..]))
    );
    assert!(found["near"].as_array().unwrap().iter().all(|row| row["short_by"].as_f64().unwrap() > 0.0));
    lab.run(&["match", "--near", "1", "--format", "csv"]).ends(2).says(&["--format table or json"]);
}

#[test]
fn a_child_of_the_missing_child_is_shown_as_an_alternative() {
    let lab = Lab::new();
    let (families, children) = couple();
    lab.import("families", "f.csv", families, &[]).ends(0);
    lab.import("children", "c.csv", children, &[]).ends(0);
    lab.run(&["match"]).ends(0);
    let row = lab.run(&["candidates", "--format", "json"]).json()["candidates"][0].clone();
    let pair = ["family", "child"].map(|which| row[which].as_str().unwrap().to_owned());
    let json = lab.run(&["explain", &pair[0], &pair[1], "--format", "json"]).ends(0).json();
    let of = |name: &str| json["alternatives"][name].as_f64().unwrap();
    // Both parents are typed, so a further child of theirs has the LR of the missing child.
    assert!((of("full-sibling") - json["log10_lr"].as_f64().unwrap()).abs() < 1e-9);
    // Only the mother is truly related: a grandchild or nephew need not show the father's alleles.
    assert!(of("own-child") > of("full-sibling") && (of("own-child") - of("nephew")).abs() < 1.0, "{json}");
    let table = lab.run(&["explain", &pair[0], &pair[1]]).out;
    assert!(table.contains("the missing child's own child"), "{table}");
    // Without the father, who is doubted, a sibling has the LR that the mother alone gives.
    let listed = lab.run(&["candidates", "--alternatives", "--format", "json"]).json()["candidates"][0].clone();
    let sibling = listed["alternatives"]["log10_lr_full_sibling"].as_f64().unwrap();
    assert!((sibling - row["log10_lr"].as_f64().unwrap()).abs() < 1e-9, "{listed}");
    assert!(lab.run(&["candidates", "--brief", "--alternatives"]).out.contains("as its own child "));
}

#[test]
fn the_calculator_gives_alternatives_when_asked() {
    let lab = Lab::new();
    let cases = lab.write(
        "cases.csv",
        "case,person,relation,sex,locus,allele1,allele2\nK,M,mother,f,TH01,6,9.3\nK,C,child,f,TH01,9,9.3\n",
    );
    let out = lab.run(&["lr", "--mutation", "none", "--alternatives", &cases]).ends(0).out;
    let of = |row: &str| -> f64 {
        let line =
            out.lines().find(|line| line.starts_with(&format!("K,{row},"))).unwrap_or_else(|| panic!("{row}: {out}"));
        line.rsplit(',').next().unwrap().parse().unwrap()
    };
    // The mother shares an allele of probability p: the LR is 1/(4p) as her child, and half of that plus 1/2 as her
    // grandchild.
    assert!((of("total:full-sibling") - of("total")).abs() < 1e-12);
    let grandchild = (0.5 * 10_f64.powf(of("total")) + 0.5).log10();
    assert!((of("total:own-child") - grandchild).abs() < 1e-12 && (of("total:nephew") - grandchild).abs() < 1e-12);
    assert!(!lab.run(&["lr", &cases]).out.contains("total:"));
}

#[test]
fn a_candidate_is_explained_by_the_criterion_of_its_run() {
    let lab = Lab::with_model(&["--doubt-whom", "none"]);
    let (families, children) = couple();
    lab.import("families", "f.csv", families, &[]).ends(0);
    lab.import("children", "c.csv", children, &[]).ends(0);
    lab.run(&["match"]).ends(0).says(&["no candidates"]);
    let found = lab.run(&["match", "--doubt-whom", "parents", "--doubt", "0.2", "--format", "json"]).ends(0).json();
    let row = &found["candidates"][0];
    let pair = ["family", "child"].map(|which| row[which].as_str().unwrap().to_owned());
    let explained = lab.run(&["explain", &pair[0], &pair[1], "--format", "json"]).ends(0);
    assert!(!explained.err.contains("with another LR"), "{}", explained.err);
    let made_by =
        explained.json()["views"].as_array().unwrap().iter().find(|view| view["words"] == row["view"]).cloned();
    assert!((made_by.unwrap()["doubt"].as_f64().unwrap() - 0.2).abs() < 1e-12);
    let listed = lab.run(&["candidates", "--alternatives", "--format", "json"]).json();
    assert!(listed["candidates"][0]["alternatives"]["log10_lr_full_sibling"].is_number(), "{listed}");
    // The pair is no candidate any more, and is explained by the store's present criterion.
    lab.run(&["match"]).ends(0).says(&["no candidates"]);
    let explained = lab.run(&["explain", &pair[0], &pair[1], "--format", "json"]).ends(0).json();
    assert_eq!(explained["views"].as_array().unwrap().len(), 1, "{explained}");
}
