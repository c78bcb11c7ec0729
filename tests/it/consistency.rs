//! Tests of the commands that check the consistency of families.

use crate::common::Lab;

#[test]
fn the_command_names_pseudonyms_only() {
    let lab = Lab::with_population(60, 100);
    let families = lab.read("files/families.csv");
    let all = lab.run(&["families", "check", "--format", "json"]);
    assert!(all.status < 2, "{}", all.err);
    assert_eq!(all.json()["families"], 60);
    // A mother, and a full sibling from another family.
    let header = families.lines().next().unwrap();
    let rows: Vec<Vec<&str>> = families.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let people: Vec<&Vec<&str>> = rows.iter().filter(|row| row.iter().skip(4).all(|cell| !cell.is_empty())).collect();
    let (one, other) = (people[0], people.iter().rev().find(|row| row[0] != people[0][0]).unwrap());
    let line = |sample: &str, relation: &str, sex: &str, from: &[&str]| {
        format!("CANARYFAMILY,{sample},{relation},{sex},{}\n", from[4..].join(","))
    };
    let file = format!(
        "{header}\n{}{}",
        line("CANARYA", "mother", "female", one),
        line("CANARYB", "full-sibling", "unknown", other)
    );
    let said = lab.import("families", "bad.csv", file, &[]).ends(0);
    let said =
        said.says(&["bad.csv: line 2, line 3: family", "is marked", "perhaps a swapped sample or a wrong relation"]);
    assert!(!said.err.contains("CANARY"), "{}", said.err);
    let ids = ["CANARYFAMILY"];
    let family = lab.pseudonyms("family", ids).remove("CANARYFAMILY").unwrap();
    let samples = lab.pseudonyms("sample", ["CANARYA", "CANARYB"]);
    for format in ["table", "csv", "json"] {
        let said = lab.run(&["families", "check", &family, "--format", format]).ends(1);
        for sample in samples.values() {
            assert!(said.out.contains(sample.as_str()), "{}", said.out);
        }
        assert!(!said.out.contains("CANARY") && !said.err.contains("CANARY"), "{said:?}");
    }
    let json = lab.run(&["families", "check", &family, "--format", "json"]).json();
    assert_eq!(json["schema_version"], 1);
    let finding = &json["findings"][0];
    assert_eq!((&finding["cause"], &finding["severity"]), (&"sample-or-relation".into(), &"contradicted".into()));
    let pair = &finding["pairs"][0];
    assert_eq!((&pair["stated"], &pair["likelier"]), (&"parent-child".into(), &"unrelated".into()));
    assert_eq!(pair["log10_lr"]["unrelated"], 0.0);
    assert!(pair["log10_lr"]["parent-child"].as_f64().unwrap() < -2.0, "{pair}");
    lab.run(&["families", "check", &"0".repeat(32)]).ends(2).says(&["there is no family"]);
}

#[test]
fn marked_families_match_and_withdrawn_ones_do_not() {
    let lab = Lab::with_population(60, 300);
    let before = lab.run(&["match", "--format", "json"]).ends(0);
    let family = before.json()["candidates"][0]["family"].as_str().unwrap().to_owned();
    let of_family = |json: &serde_json::Value| {
        json["candidates"].as_array().unwrap().iter().filter(|c| c["family"] == family.as_str()).count()
    };
    assert!(of_family(&before.json()) > 0);
    lab.run(&["families", "list", "--withdrawn"]).ends(0);
    lab.run(&["families", "withdraw", &family, "--cause", "found"]).ends(0).says(&["1 family withdrawn"]);
    lab.run(&["families", "withdraw", &family, "--cause", "found"]).ends(0).says(&["0 families withdrawn"]);
    lab.run(&["families", "withdraw", &family, "--cause", "a name"]).ends(2).says(&["consent"]);
    let listed = lab.run(&["families", "list", "--withdrawn", "--format", "json"]).ends(0).json();
    assert_eq!(
        (&listed["families"][0]["family"], &listed["families"][0]["withdrawn"]),
        (&family.clone().into(), &"found".into())
    );
    let without = lab.run(&["match", "--format", "json"]).ends(0).says(&["skipped 1 withdrawn family"]);
    assert_eq!(of_family(&without.json()), 0);
    assert_ne!(without.digest(), before.digest());
    lab.run(&["families", "restore", &family]).ends(0);
    let again = lab.run(&["match", "--format", "json"]).ends(0);
    assert_eq!((again.digest(), of_family(&again.json())), (before.digest(), of_family(&before.json())));
    lab.run(&["families", "restore", &"0".repeat(32)]).ends(2).says(&["there is no family"]);

    // The second relative of the first family has the profile of the first relative: the family is flagged, and is
    // still matched.
    let families = lab.read("files/families.csv");
    let header = families.lines().next().unwrap();
    let row = families.lines().skip(1).find(|line| line.contains(",mother,")).unwrap();
    let cells: Vec<&str> = row.split(',').collect();
    let twice = format!(
        "{header}\nTWICE,T1,mother,female,{}\nTWICE,T2,full-sibling,unknown,{}\n",
        cells[4..].join(","),
        cells[4..].join(",")
    );
    lab.import("families", "twice.csv", &twice, &[]).ends(0).says(&["are one person twice"]);
    let twice = lab.pseudonyms("family", ["TWICE"]).remove("TWICE").unwrap();
    let listed = lab.run(&["families", "list", "--marked", "--format", "csv"]).ends(0).out;
    assert!(listed.contains(&format!("{twice},same-person,")), "{listed}");
    let said = lab.run(&["match", "--min-log10-lr", "-60", "--format", "json"]).ends(0);
    let marks = |c: &serde_json::Value| c["family_marks"].as_array().unwrap().len();
    for candidate in said.json()["candidates"].as_array().unwrap() {
        let expected = usize::from(listed.contains(candidate["family"].as_str().unwrap()));
        assert_eq!(marks(candidate) > 0, expected > 0, "{candidate}");
    }
    assert!(said.err.contains("whose relatives do not all fit"), "{}", said.err);
}

#[test]
fn a_store_without_mutation_still_reports_a_probable_mutation() {
    let lab = Lab::new();
    lab.run_on("none", &["init", "--mutation", "none"]).ends(0);
    let loci = "D3S1358,vWA,D16S539,CSF1PO,TPOX,D8S1179,D21S11,D18S51,D2S441,D19S433,TH01,FGA";
    // They share an allele at every locus but the last, where the alleles differ by one repeat.
    let file = format!(
        "family_id,sample_id,relation,sex,{loci}\n\
         f,a,father,male,15/16,14/17,9/11,11/12,8/11,13/14,29/30,20/21,9.1/11,12.2/14,7/9,22/22\n\
         f,b,full-sibling,male,16/17,17/18,11/12,10/12,8/8,14/15,30/31,20/22,9.1/12,12.2/15.2,9/9,23/24\n"
    );
    let name = lab.write("mutated.csv", file);
    let said = lab.run_on("none", &["import", "--as", "families", &name]).ends(0);
    assert!(said.err.contains("probably a mutation by 1 repeat"), "{}", said.err);
    let json = lab.run_on("none", &["families", "check", "--format", "json"]).ends(1).json();
    assert_eq!(json["findings"].as_array().unwrap().len(), 1, "{json}");
    let finding = &json["findings"][0];
    assert_eq!((&finding["cause"], &finding["loci"][0]), (&"mutation".into(), &"FGA".into()));
    // The model of this store cannot score a mutation.
    assert_eq!(finding["severity"], "contradicted");
}

#[test]
fn a_family_that_cannot_be_checked_fails_verify() {
    let lab = Lab::new();
    lab.run_on("refusing", &["init", "--rare-allele-frequency", "refuse"]).ends(0);
    // No table has the allele 99.
    let file =
        lab.write("f.csv", "family_id,sample_id,relation,sex,vWA\nF,A,father,male,14/99\nF,B,mother,female,14/15\n");
    let imported = lab.run_on("refusing", &["import", "--as", "families", &file]).ends(0);
    imported.says(&["could not be checked for consistency", "an allele has no frequency"]);
    let family = lab.pseudonyms("family", ["F"]).remove("F").unwrap();
    let verified = lab.run_on("refusing", &["verify"]).ends(1);
    verified.says(&["ledger: sound", &format!("marks: family {family} cannot be checked: with an allele")]);
}

#[test]
fn a_families_index_that_cannot_be_opened_fails_verify() {
    let lab = Lab::with_population(20, 50);
    lab.run(&["match"]);
    lab.run(&["verify"]).ends(0).says(&["families index: sound; 20 families"]);
    let place = lab.path("store/index/families.idx");
    std::fs::remove_file(&place).unwrap();
    assert!(!lab.run(&["verify"]).ends(0).out.contains("families index"), "there is none to check");
    std::os::unix::fs::symlink(&place, &place).unwrap();
    lab.run(&["verify"]).ends(1).says(&["ledger: sound", "families index: cannot open"]);
}

#[test]
fn a_replaced_sample_is_checked_in_every_family_and_settings_count() {
    let lab = Lab::with_population(40, 50);
    lab.run(&["verify"]).ends(0).says(&["0 to be checked by the next import or match"]);
    let families = lab.read("files/families.csv");
    let header = families.lines().next().unwrap();
    let full = |row: &&str| row.split(',').skip(4).all(|cell| !cell.is_empty());
    let rows: Vec<&str> = families.lines().skip(1).filter(full).collect();
    let (father, cells) = (rows[0], |row: &str| row.split(',').skip(4).collect::<Vec<_>>().join(","));
    // Two families share a father; the second has a mother, too.
    let row = |family: &str, sample: &str, relation: &str, sex: &str, from: &str| {
        format!("{family},{sample},{relation},{sex},{}\n", cells(from))
    };
    let both = [row("A", "S", "father", "male", father), row("B", "S", "father", "male", father)].concat();
    let other = row("B", "T", "mother", "female", rows.last().unwrap());
    lab.import("families", "both.csv", format!("{header}\n{both}{other}"), &[]).ends(0);
    lab.run(&["families", "list", "--marked", "--format", "csv"]);
    // The mother's profile replaces the shared father's, in a file that names family A alone.
    let replaced = format!("{header}\n{}", row("A", "S", "father", "male", rows.last().unwrap()));
    let said = lab.import("families", "replaced.csv", replaced, &["--on-conflict", "replace"]).ends(0);
    let b = lab.pseudonyms("family", ["B"]).remove("B").unwrap();
    assert!(said.err.contains(&format!("family {b} is marked")), "{}", said.err);
    let listed = lab.run(&["families", "list", "--marked", "--format", "csv"]).ends(0).out;
    assert!(listed.contains(&format!("{b},same-person,")), "{listed}");
    lab.run(&["verify"]).ends(0);

    // With another model, the next match checks every family again.
    let config = lab.read("store/reunite.toml");
    let changed = config.replace("range = 0.1", "range = 0.2");
    assert_ne!(config, changed);
    std::fs::write(lab.path("store/reunite.toml"), changed).unwrap();
    lab.run(&["verify"]).ends(0).says(&["42 to be checked by the next import or match"]);
    assert!(lab.run(&["match"]).err.contains("checked 42 families for consistency first"));
    lab.run(&["verify"]).ends(0).says(&["0 to be checked by the next import or match"]);
    assert!(!lab.run(&["match"]).err.contains("for consistency first"));
}
