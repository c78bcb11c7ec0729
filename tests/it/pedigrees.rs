//! Tests of pedigrees in files: their meaning, and the messages about errors in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use crate::common::{Lab, Numbers, Said, everything_in, reunite};

/// Reads the rows of a CSV text, without the header.
fn rows(text: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect()
}

/// Spells out a list of relations as a pedigree: the name, father and mother of each person. The relatives' names are
/// given.
fn spelled_out(relatives: &[(String, String)]) -> Vec<[String; 3]> {
    let of = |relation: &str| relatives.iter().find(|one| one.1 == relation).map(|one| one.0.clone());
    let named = |relation: &str| of(relation).unwrap_or(format!("the {relation}"));
    let person = |name: String, father: &str, mother: &str| [name, father.to_owned(), mother.to_owned()];
    let side = |side: &str| {
        let kin = [format!("{side}-grand"), format!("{side}-uncle"), format!("{side}-aunt")];
        relatives.iter().any(|one| kin.iter().any(|kin| one.1.starts_with(kin.as_str())))
    };
    let (father, mother) = (named("father"), named("mother"));
    let mut all = vec![person("the child".to_owned(), &father, &mother)];
    for (parent, side_name) in [(&father, "paternal"), (&mother, "maternal")] {
        let (gf, gm) = (named(&format!("{side_name}-grandfather")), named(&format!("{side_name}-grandmother")));
        if side(side_name) {
            all.extend([person(parent.clone(), &gf, &gm), person(gf.clone(), "", ""), person(gm.clone(), "", "")]);
            for (name, _) in relatives
                .iter()
                .filter(|one| one.1 == format!("{side_name}-uncle") || one.1 == format!("{side_name}-aunt"))
            {
                all.push(person(name.clone(), &gf, &gm));
            }
        } else {
            all.push(person(parent.clone(), "", ""));
        }
    }
    for (name, relation) in relatives {
        let other = format!("other parent of {name}");
        match relation.as_str() {
            "full-sibling" => all.push(person(name.clone(), &father, &mother)),
            "paternal-half-sibling" => all.extend([person(name.clone(), &father, &other), person(other, "", "")]),
            "maternal-half-sibling" => all.extend([person(name.clone(), &other, &mother), person(other, "", "")]),
            _ => {}
        }
    }
    all
}

/// Compares every case of the reference by relation and by a pedigree with the same meaning.
#[test]
fn a_pedigree_scores_as_the_same_relations() {
    let lab = Lab::new();
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reference/genotypes.csv");
    let text = fs::read_to_string(cases).unwrap();
    let mut relatives: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for row in rows(&text) {
        let of_case = relatives.entry(row[0].to_owned()).or_default();
        if &row[2] != "child" {
            of_case.insert((row[1].to_owned(), row[2].to_owned()));
        }
    }
    let mut pedigrees = String::from("person,case,mother,father,missing,sex\n");
    for (case, relatives) in &relatives {
        for [name, father, mother] in spelled_out(&relatives.iter().cloned().collect::<Vec<_>>()) {
            let missing = if name == "the child" { "yes" } else { "" };
            writeln!(pedigrees, "{name},{case},{mother},{father},{missing},").unwrap();
        }
    }
    let mut members = String::from("case,person,relation,sex,locus,allele1,allele2,drop_out\n");
    for (i, row) in rows(&text).iter().enumerate() {
        let relation = ["child", "member", ""][if &row[2] == "child" { 0 } else { 1 + i % 2 }];
        let person = &row[1];
        // The relation may be stated or empty.
        writeln!(members, "{},{person},{relation},{},{},{},{},", &row[0], &row[3], &row[4], &row[5], &row[6]).unwrap();
    }
    let (pedigrees, members) = (lab.write("pedigrees.csv", pedigrees), lab.write("members.csv", members));
    for options in [&["--untyped", "full"][..], &["--untyped", "pruned"], &["--untyped", "full", "--drop-out", "0.1"]] {
        let by_relation = reunite(&[&["lr", cases], options].concat()).ends(0);
        let by_pedigree = reunite(&[&["lr", &members, "--pedigree", &pedigrees], options].concat()).ends(0);
        let (ours, theirs) = (rows(&by_pedigree.out), rows(&by_relation.out));
        assert!(ours.len() == theirs.len() && ours.len() > 500);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours.iter().take(2).collect::<Vec<_>>(), theirs.iter().take(2).collect::<Vec<_>>());
            agrees(ours[2].parse().unwrap(), theirs[2].parse().unwrap(), &relatives[&ours[0]]);
        }
    }
}

/// Checks that two values are equal bit by bit, unless there are several collateral relatives, whose factors may be in
/// another order.
#[track_caller]
fn agrees(ours: f64, theirs: f64, relatives: &BTreeSet<(String, String)>) {
    let is_ancestor = |relation: &str| ["father", "mother"].iter().any(|end| relation.ends_with(end));
    if relatives.iter().filter(|one| !is_ancestor(&one.1)).count() < 2 {
        assert_eq!(ours.to_bits(), theirs.to_bits(), "{ours} {theirs} {relatives:?}");
    } else {
        assert!(ours == theirs || (ours - theirs).abs() < 1e-12, "{ours} {theirs} {relatives:?}");
    }
}

/// Returns the loci in a profile file's header from a column on, and the rows of cells.
fn table(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    (cells(text.lines().next().unwrap()), text.lines().skip(1).map(cells).collect())
}

fn bits(candidates: &Said) -> BTreeMap<(String, String), f64> {
    let row = |row: &csv::StringRecord| ((row[0].to_owned(), row[1].to_owned()), row[2].parse().unwrap());
    rows(&candidates.out).iter().map(row).collect()
}

const ALL: [&str; 5] = ["match", "--format", "csv", "--min-log10-lr", "-30"];

/// Compares a store of families by relation with a store of the same families by pedigree.
#[test]
fn families_by_pedigree_match_as_families_by_relation() {
    let lab = Lab::with_population(150, 200);
    let (header, families) = table(&lab.read("files/families.csv"));
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (id, sample, relation) = (at("family_id"), at("sample_id"), at("relation"));
    let mut relatives: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for row in &families {
        relatives.entry(row[id].clone()).or_default().insert((row[sample].clone(), row[relation].clone()));
    }
    // Every third family keeps its relations.
    let by_pedigree = |family: &str| !family.ends_with(['0', '3', '6']);
    let mut pedigrees = String::from("family_id,person,father,mother,sex,missing,sample_id\n");
    for (family, relatives) in relatives.iter().filter(|family| by_pedigree(family.0)) {
        for [name, father, mother] in spelled_out(&relatives.iter().cloned().collect::<Vec<_>>()) {
            let missing = if name == "the child" { "yes" } else { "" };
            let typed = if relatives.iter().any(|one| one.0 == name) { name.as_str() } else { "" };
            writeln!(pedigrees, "{family},{name},{father},{mother},,{missing},{typed}").unwrap();
        }
    }
    let mut members = header.join(",") + "\n";
    for row in &families {
        let mut row = row.clone();
        if by_pedigree(&row[id]) {
            row[relation] = "member".to_owned();
        }
        members += &(row.join(",") + "\n");
    }
    let file = lab.write("members.csv", &members);
    let mut numbers = Numbers(3);
    let mut digests = BTreeSet::new();
    for (store, text) in [("second", pedigrees.clone()), ("third", numbers.shuffled(&pedigrees))] {
        lab.run_on(store, &["init"]).ends(0);
        let pedigrees = lab.write(&format!("{store}.csv"), text);
        let import = ["import", "--as", "families", &file, "--pedigrees", &pedigrees];
        lab.run_on(store, &import).ends(0).says(&["rows of families: ", " added"]);
        lab.run_on(store, &["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
        digests.insert(lab.run_on(store, &ALL).ends(0).digest());
        lab.run_on(store, &import).ends(0).says(&["all known and unchanged"]);
    }
    assert_eq!(digests.len(), 1, "the order of rows says nothing");
    lab.run_on("second", &["verify"]).ends(0);
    let (ours, theirs) = (bits(&lab.run_on("second", &ALL).ends(0)), bits(&lab.run(&ALL).ends(0)));
    assert!(ours.len() > 500 && ours.len() == theirs.len(), "{} {}", ours.len(), theirs.len());
    let names = lab.pseudonyms("family", relatives.keys().map(String::as_str));
    let mut alike = 0;
    for (name, relatives) in &relatives {
        let of_family = |all: &BTreeMap<(String, String), f64>| {
            all.iter().filter(|pair| pair.0.0 == names[name]).map(|(pair, &lr)| (pair.clone(), lr)).collect::<Vec<_>>()
        };
        for (ours, theirs) in of_family(&ours).into_iter().zip(of_family(&theirs)) {
            assert_eq!(ours.0, theirs.0);
            if by_pedigree(name) {
                agrees(ours.1, theirs.1, relatives);
                alike += 1;
            } else {
                assert_eq!(ours.1.to_bits(), theirs.1.to_bits());
            }
        }
    }
    assert!(alike > 300, "{alike}");
}

/// The missing child's parents are cousins, and the missing child has a child; for `lr` and for `match`.
const COUSINS: &str = "old man,,,male,\nold woman,,,female,\nuncle,old man,old woman,male,\naunt,old man,old woman,female,\n\
                       dad,uncle,,male,\nmum,,aunt,female,\nlost,dad,mum,,yes\ngrandchild,,lost,,\n";

fn cousins(key: &str) -> String {
    let typed = ["old woman", "mum", "grandchild"];
    COUSINS
        .lines()
        .map(|line| {
            let name = line.split(',').next().unwrap();
            format!("{key},{line},{}\n", typed.iter().find(|typed| **typed == name).unwrap_or(&""))
        })
        .collect()
}

#[test]
fn a_loop_and_a_child_of_the_missing_child_score_the_same_in_file_and_store() {
    let lab = Lab::new();
    lab.synth("files", 2, 10, 7);
    let (header, profiles) = table(&lab.read("files/children.csv"));
    let locus = header.iter().position(|column| column == "D3S1358").unwrap();
    let mut families = format!("family_id,sample_id,relation,sex,{}\n", header[locus..].join(","));
    let mut cases = String::from("case,person,relation,sex,locus,allele1,allele2\n");
    let mut case = |case: &str, person: &str, relation: &str, profile: &[String]| {
        for (locus, cell) in header[locus..].iter().zip(profile).filter(|cell| !cell.1.is_empty()) {
            let (low, high) = cell.split_once('/').unwrap_or((cell, cell));
            writeln!(cases, "{case},{person},{relation},,{locus},{low},{high}").unwrap();
        }
    };
    for (name, profile) in ["old woman", "mum", "grandchild"].iter().zip(&profiles) {
        writeln!(families, "F,{name},member,unknown,{}", profile[locus..].join(",")).unwrap();
        (3..10).for_each(|i| case(&format!("c{i}"), name, "member", &profile[locus..]));
    }
    (3..10).for_each(|i| case(&format!("c{i}"), "lost", "child", &profiles[i][locus..]));
    let pedigree = format!("family_id,person,father,mother,sex,missing,sample_id\n{}", cousins("F"));
    let pedigree = lab.write("pedigree.csv", pedigree);
    lab.import("families", "f.csv", &families, &["--pedigrees", &pedigree]).ends(0);
    lab.run(&["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
    let all = ["match", "--format", "csv", "--min-log10-lr", "-100", "--doubt-whom", "none"];
    let matched = bits(&lab.run(&all).ends(0));
    let cut = |line: &str| line.rsplit_once(',').unwrap().0.to_owned() + "\n";
    let of_cases: String =
        (3..10).flat_map(|i| cousins(&format!("c{i}")).lines().map(cut).collect::<Vec<_>>()).collect();
    let pedigree = lab.write("cases-pedigree.csv", format!("case,person,father,mother,sex,missing\n{of_cases}"));
    let computed = reunite(&["lr", &lab.write("cases.csv", cases), "--pedigree", &pedigree]).ends(0);
    let names: Vec<&str> = (3..10).map(|i| profiles[i][0].as_str()).collect();
    let pseudonyms = lab.pseudonyms("sample", names.iter().copied());
    let totals: Vec<csv::StringRecord> = rows(&computed.out).into_iter().filter(|row| &row[1] == "total").collect();
    assert_eq!(totals.len(), 7);
    for (row, name) in totals.iter().zip(names) {
        let (_, stored) = matched.iter().find(|pair| pair.0.1 == pseudonyms[name]).unwrap();
        assert_eq!(stored.to_bits(), row[2].parse::<f64>().unwrap().to_bits());
    }
}

#[test]
fn errors_in_a_pedigree_are_named_by_place() {
    let lab = Lab::new();
    let before = lab.counts();
    let families = lab.write("f.csv", "family_id,sample_id,relation,sex,vWA\nF1,S1,member,male,14\n");
    let head = "family_id,person,father,mother,sex,missing,sample_id\n";
    for (rows, parts) in [
        ("F1,kid,Kanarie,,,yes,\n", [":2: column C (father)", "add a row for the father"]),
        ("F1,kid,,Kanarie,,yes,\n", [":2: column D (mother)", "or leave it empty"]),
        (
            "F1,kid,,,,yes,\nF1,kid,,,,,\n",
            [":3: column B (person)", "line 2 has the same person; enter each person once"],
        ),
        ("F1,kid,,,,yes,\nF1,a,,,,,S1\nF1,a,,,,,S2\n", [":4: column B (person)", "identical twins are one person"]),
        ("F1,kid,,,,,\n", [":2: column F (missing)", "no missing child; write yes"]),
        ("F1,kid,,,,yes,\nF1,b,,,,YES,\n", [":3: column F (missing)", "on line 2 already"]),
        ("F1,kid,,,,Kanarie,\n", [":2: column F (missing)", "neither yes nor empty"]),
        ("F1,kid,a,,,yes,\nF1,a,b,,,,\nF1,b,a,,,,\n", [": column B (person)", "is their own ancestor"]),
        ("F1,kid,kid,,,yes,\n", [":2: column B (person)", "is their own ancestor"]),
        ("F1,kid,a,,,yes,\nF1,a,,,f,,\n", [":2: column C (father)", "the father is female on line 3"]),
        ("F1,kid,,a,,yes,\nF1,a,,,m,,\n", [":2: column D (mother)", "the mother is male on line 3"]),
        ("F1,kid,a,,,yes,\nF1,b,,a,,,\nF1,a,,,,,\n", [":3: column D (mother)", "is also a father on line 2"]),
        ("F1,kid,a,a,,yes,\nF1,a,,,,,\n", [":2: column D (mother)", "is also a father"]),
        ("F1,,,,,yes,\n", [":2: column B (person)", "give each person of the family a name"]),
        (
            "F1,kid,,,,yes,\nF1,a,,,,,S1\nF1,b,,,,,S1\n",
            [":4: column G (sample_id)", "line 3 has the same sample in this family"],
        ),
        ("F1,kid,,,,yes,S1\n", [":2: column G (sample_id)", "a missing child cannot have a sample"]),
        ("F1,kid,,,Kanarie,yes,\n", [":2: column E (sex)", "male, female, unknown"]),
        (",kid,,,,yes,\n", [":2: column A (family_id)", "every sample and family needs one"]),
        ("F1,kid,,yes\n", [":2: ", "fields in the row: 4,"]),
        ("", ["pedigree.csv: ", "the file has a header and no rows"]),
    ] {
        let pedigree = lab.write("pedigree.csv", format!("{head}{rows}"));
        let import = ["import", "--as", "families", &families, "--pedigrees", &pedigree];
        for options in [&[][..], &["--keep-going"]] {
            let said = lab.run(&[&import, options].concat()).ends(2);
            let said = said.says(&["pedigree.csv", "1 problem found, nothing imported"]).says(&parts);
            assert!(!said.err.contains("Kanarie"), "{}", said.err);
        }
        // The calculator reads the same pedigree, without samples.
        let cut: Vec<&str> = rows.lines().filter_map(|line| Some(line.rsplit_once(',')?.0)).collect();
        if !rows.contains("S1") && parts[1] != "fields in the row: 4," && !rows.starts_with(',') {
            let cases =
                lab.write("cases.csv", "case,person,relation,sex,locus,allele1,allele2\nF1,x,child,,vWA,14,14\n");
            let text = format!("case,person,father,mother,sex,missing\n{}\n", cut.join("\n"));
            let pedigree = lab.write("pedigree.csv", text);
            let said = reunite(&["lr", &cases, "--pedigree", &pedigree]).ends(2).says(&parts);
            assert!(!said.err.contains("Kanarie") && said.out.is_empty(), "{}", said.err);
        }
    }
    for (header, parts) in [
        ("family_id,person,father,mother,sex", [":1: ", "the column missing is missing"]),
        (
            "family_id,person,father,mother,sex,missing,Kanarie",
            [":1: column G (?)", "is an unknown column; write one of"],
        ),
        ("family_id,person,father,mother,sex,missing,sex", [":1: column G (sex)", "is repeated"]),
    ] {
        let pedigree = lab.write("pedigree.csv", format!("{header}\n"));
        let said = lab.run(&["import", "--as", "families", &families, "--pedigrees", &pedigree]).ends(2).says(&parts);
        assert!(!said.err.contains("Kanarie"), "{}", said.err);
    }
    assert_eq!(lab.counts(), before);
}

#[test]
fn members_and_pedigrees_need_each_other() {
    let lab = Lab::new();
    let pedigree = lab.write(
        "pedigree.csv",
        "person,sample_id,mother,father,family_id,sex,missing\nkid,,mum,,F1,,yes\nmum,S1,,,F1,female,\nx,,,,F9,,yes\n",
    );
    let head = "family_id,sample_id,relation,sex,vWA\n";
    for (row, place, remedy) in [
        ("F1,S1,mother,female,14", "column C (relation)", "write member"),
        ("F1,S2,member,female,14", "column B (sample_id)", "does not have this sample; write it there"),
        ("F1,S1,member,male,14", "column D (sex)", "is female in the pedigree"),
        ("F2,S1,member,female,14", "column C (relation)", "a member requires a pedigree"),
    ] {
        let said = lab.import("families", "f.csv", format!("{head}{row}\n"), &["--pedigrees", &pedigree]).ends(2);
        said.says(&[&format!("f.csv:2: {place}"), remedy, "nothing imported"]);
    }
    let member = format!("{head}F1,S1,member,female,14\n");
    let said = lab.import("families", "f.csv", &member, &[]).ends(2);
    said.says(&["f.csv:2: column C (relation)", "enter the family in the file given with --pedigrees"]);
    lab.import("children", "c.csv", "sample_id,sex,vWA\nC1,f,14\n", &["--pedigrees", &pedigree])
        .ends(2)
        .says(&["--pedigrees requires --as families"]);
    let said = lab.import("families", "f.csv", &member, &["--pedigrees", &pedigree]).ends(0);
    said.says(&["1 row of families: 1 added", "1 pedigree not imported, because no file has a valid row"]);
}

#[test]
fn a_changed_pedigree_is_never_taken_over_unasked() {
    let lab = Lab::new();
    let head = "family_id,person,father,mother,sex,missing,sample_id\n";
    let file = |name: &str, rows: &str| lab.write(name, format!("{head}{rows}"));
    let aunt = file("aunt.csv", "F,kid,,mum,,yes,\nF,mum,,gran,,,\nF,gran,,,,,G\nF,a,,gran,,,A\n");
    let renamed = file("renamed.csv", "F,z,,gran,,,A\nF,old,,,,,\nF,m2,,gran,,,\nF,lost,,m2,,yes,\nF,gran,,,,,G\n");
    let sister = file("sister.csv", "F,kid,,mum,,yes,\nF,mum,,gran,,,\nF,gran,,,,,G\nF,a,,mum,,,A\n");
    let without = file("without.csv", "F,kid,,mum,,yes,\nF,mum,,gran,,,\nF,gran,,,,,G\n");
    let rows = "family_id,sample_id,relation,sex,vWA,FGA\nF,G,member,,14/15,22\nF,A,member,,14/16,22/23\n";
    let only_gran = "family_id,sample_id,relation,sex,vWA,FGA\nF,G,member,,14/15,22\n";
    let by_relation = "family_id,sample_id,relation,sex,vWA,FGA\nF,G,maternal-grandmother,,14/15,22\n";
    let import = |text: &str, pedigrees: Option<&str>, on_conflict: &str| {
        let mut options = vec!["--on-conflict", on_conflict];
        options.extend(pedigrees.into_iter().flat_map(|file| ["--pedigrees", file]));
        lab.import("families", "f.csv", text, &options)
    };
    lab.import("children", "c.csv", "sample_id,sex,vWA,FGA\nC,,14,22\n", &[]).ends(0);
    import(rows, Some(&aunt), "refuse").ends(0).says(&["2 rows of families: 2 added"]);
    let lr = || bits(&lab.run(&ALL).ends(0)).into_values().next().unwrap().to_bits();
    let of_aunt = lr();
    for _ in 0..2 {
        import(rows, Some(&aunt), "refuse").ends(0).says(&["all known and unchanged"]);
    }
    import(rows, Some(&renamed), "refuse").ends(2).says(&["another pedigree"]);
    import(rows, Some(&sister), "refuse").ends(2).says(&["another pedigree", "2 rows in conflict", "--on-conflict"]);
    import(rows, Some(&sister), "keep").ends(0).says(&["2 left as the store has them"]);
    assert_eq!(lr(), of_aunt);
    import(only_gran, Some(&without), "replace")
        .ends(2)
        .says(&["is in the store, and the family's pedigree does not have it"]);
    import(by_relation, None, "replace").ends(2).says(&["this file states the family in another way"]);
    import(by_relation, None, "keep").ends(0);
    assert_eq!(lr(), of_aunt);
    // The file has one row of the family and a new pedigree; the other members move with it.
    let said = import(only_gran, Some(&sister), "replace").ends(0);
    said.says(&["1 replaced", "1 candidate withdrawn until the next match"]);
    let of_sister = lr();
    assert_ne!(of_sister, of_aunt);
    import(rows, Some(&sister), "refuse").ends(0).says(&["all known and unchanged"]);
    lab.run(&["verify"]).ends(0);
    let relations = format!("{by_relation}F,A,maternal-half-sibling,,14/16,22/23\n");
    import(&relations, None, "refuse").ends(2).says(&["has another relation"]);
    import(&relations, None, "replace").ends(0).says(&["2 replaced"]);
    lab.run(&["verify"]).ends(0);
    assert_eq!(lr(), of_sister, "the same, in other words");
    import(rows, Some(&aunt), "replace").ends(0).says(&["2 replaced"]);
    assert_eq!(lr(), of_aunt);
    lab.run(&["verify"]).ends(0);
}

/// Names of persons link the rows of a pedigree file, and the program writes them nowhere else.
#[test]
fn names_of_persons_stay_in_their_file() {
    let lab = Lab::new();
    let names = ["Kanarie Kind", "Kanarie Moeder 88231", "王金丝雀", "KANARIE-Oma-x"];
    let [kid, mum, dad, gran] = names;
    let rows = format!("F,{kid},{dad},{mum},,yes,\nF,{mum},,{gran},,,S1\nF,{dad},,,,,S2\nF,{gran},,,,,\n");
    let pedigree = lab.write("p.csv", format!("family_id,person,father,mother,sex,missing,sample_id\n{rows}"));
    let text = "family_id,sample_id,relation,sex,vWA,FGA\nF,S1,member,f,14/15,22\nF,S2,member,m,14/16,22/23\n";
    lab.import("children", "c.csv", "sample_id,sex,vWA,FGA\nC,,14,22\n", &[]).ends(0);
    let mut said = vec![lab.import("families", "f.csv", text, &["--pedigrees", &pedigree]).ends(0)];
    said.extend(["table", "csv", "json"].map(|format| lab.run(&["match", "--format", format])));
    said.push(lab.run(&["verify"]).ends(0));
    lab.write("p.csv", format!("family_id,person,father,mother,sex,missing,sample_id\n{}", rows.replace(gran, "")));
    said.push(lab.import("families", "f.csv", text, &["--pedigrees", &pedigree]).ends(2));
    let mut haystacks: Vec<Vec<u8>> = said.into_iter().flat_map(|said| [said.out.into(), said.err.into()]).collect();
    haystacks
        .extend(everything_in(&lab.path("store")).iter().filter(|path| path.is_file()).map(|p| fs::read(p).unwrap()));
    for name in names {
        for needle in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            for form in [needle.as_bytes().to_vec(), needle.encode_utf16().flat_map(u16::to_le_bytes).collect()] {
                assert!(!haystacks.iter().any(|hay| hay.windows(form.len()).any(|window| window == form)), "{name}");
            }
        }
    }
    assert!(
        haystacks.iter().any(|hay| hay.windows(3).any(|window| window == b"vWA")),
        "the search finds what is there"
    );
}

#[test]
fn cases_with_pedigrees_and_drop_out_are_checked() {
    let lab = Lab::new();
    let pedigree = "case,person,father,mother,sex,missing\nc,kid,,mum,,yes\nc,mum,,,female,\n";
    let pedigree = lab.write("pedigree.csv", pedigree);
    let head = "case,person,relation,sex,locus,allele1,allele2,drop_out\n";
    let kid = "c,kid,child,,vWA,14,15,\n";
    for (rows, parts) in [
        ("c,dad,member,,vWA,14,14,\n", [":3: column B (person)", "is not in the case's pedigree"]),
        ("c,mum,mother,,vWA,14,14,\n", [":3: column C (relation)", "the case has a pedigree; write child"]),
        ("c,mum,,male,vWA,14,14,\n", [":3: column D (sex)", "contradicts the pedigree"]),
        ("c,kid,member,,FGA,14,14,\n", [":3: column B (person)", "is the missing child of the pedigree"]),
        ("c,mum,child,,vWA,14,14,\n", [":3: column B (person)", "another person of the pedigree than the missing"]),
        ("d,mum,member,,vWA,14,14,\n", [":3: column C (relation)", "a member requires a pedigree"]),
        ("c,mum,,,vWA,14,14,1\n", [":3: column H (drop_out)", "from 0 and below 1"]),
        ("c,mum,,,vWA,14,14,0.1\nc,mum,,,FGA,22,22,\n", [":4: column H (drop_out)", "differs from the person's"]),
    ] {
        let cases = lab.write("cases.csv", format!("{head}{kid}{rows}"));
        reunite(&["lr", &cases, "--pedigree", &pedigree]).ends(2).says(&parts);
    }
    // If everybody states the model's drop-out probability, the result is that of the model.
    let rows = |own: [&str; 2]| {
        let all = format!("{head}c,kid,child,,vWA,14,14,{}\nc,mum,mother,,vWA,15,15,{}\n", own[0], own[1]);
        lab.write("cases.csv", all)
    };
    let total = |own: [&str; 2], options: &[&str]| {
        let said = reunite(&[&["lr", &rows(own)], options].concat()).ends(0);
        self::rows(&said.out).last().unwrap()[2].parse::<f64>().unwrap()
    };
    let of_model = |relatives: &str, children: &str| {
        total(["", ""], &["--drop-out-relatives", relatives, "--drop-out-children", children])
    };
    assert_eq!(total(["0.1", "0.2"], &[]), of_model("0.2", "0.1"));
    assert_eq!(total(["", "0.2"], &["--drop-out", "0.1"]), of_model("0.2", "0.1"));
    assert_eq!(total(["0", "0"], &["--drop-out", "0.1"]), total(["", ""], &[]));
    assert!(total(["0.1", ""], &[]) > total(["", ""], &[]));
}

const FAMILY_HEAD: &str = "family_id,person,father,mother,sex,missing,sample_id\n";

#[test]
fn a_typed_person_without_a_way_to_the_child_is_refused_by_line() {
    let lab = Lab::new();
    let families = lab.write(
        "families.csv",
        "family_id,sample_id,relation,sex,D3S1358,vWA,FGA\nF1,S1,member,male,15/16,17/18,22/24\n\
         F1,S2,member,female,14/16,16/18,21/24\n",
    );
    let import = |rows: &str| {
        let pedigrees = lab.write("pedigrees.csv", [FAMILY_HEAD, rows].concat());
        lab.run(&["import", "--as", "families", &families, "--pedigrees", &pedigrees, "--dry-run"])
    };
    let dad = "F1,DAD,GF,,male,,\nF1,X,DAD,,male,yes,\n";
    let unlinked = "F1,GF,,,male,,S1\nF1,DAD,,,male,,\nF1,X,DAD,,male,yes,\n";
    import(unlinked).ends(2).says(&["pedigrees.csv:2: column B (person): is typed, but nothing links"]);
    // The wife of the father: with a typed child of both, and without one.
    let wife = format!("F1,GF,,,male,,S1\n{dad}F1,WIFE,,,female,,S2\n");
    import(&wife).ends(2).says(&["pedigrees.csv:5: column B (person): is typed, but nothing links"]);
    import(&format!("{wife}F1,HALF,DAD,WIFE,,,\n")).ends(2).says(&["pedigrees.csv:5: column B (person)"]);
    import(&format!("{wife}F1,HALF,DAD,WIFE,,,S3\n")).ends(0);
    // At first she is the only typed relative.
    let wife = format!("F1,GF,,,male,,\n{dad}F1,WIFE,,,female,,S2\nF1,HALF,DAD,WIFE,,,S3\nF1,UN,GF,,male,,S1\n");
    import(&wife).ends(0);
    let alone = lab.write(
        "families.csv",
        "family_id,sample_id,relation,sex,D3S1358,vWA,FGA\nF1,S2,member,female,14/16,16/18,21/24\n",
    );
    let pedigrees = lab.write("pedigrees.csv", [FAMILY_HEAD, &wife].concat());
    let import = ["import", "--as", "families", &alone, "--pedigrees", &pedigrees, "--dry-run"];
    lab.run(&import).ends(0).says(&["families.csv:2: the samples of this family in the file cannot identify"]);
}

#[test]
fn the_calculator_refuses_a_typed_person_not_linked_to_the_child() {
    let lab = Lab::new();
    let cases = lab.write(
        "cases.csv",
        "case,person,relation,sex,locus,allele1,allele2\n1,C,child,,vWA,14,15\n1,DAD,,,vWA,14,16\n1,WIFE,,,vWA,14,16\n\
         1,WIFE,,,FGA,21,22\n",
    );
    let lr = |rows: &str| {
        let pedigree = lab.write("pedigree.csv", format!("case,person,father,mother,sex,missing\n{rows}"));
        reunite(&["lr", &cases, "--pedigree", &pedigree])
    };
    let family = "1,DAD,,,male,\n1,WIFE,,,female,\n1,LOST,DAD,,,yes\n1,HALF,DAD,WIFE,,\n";
    lr(family).ends(2).says(&["cases.csv:4: column B (person): is typed, but nothing links"]);
    lr(&family.replace("LOST,DAD,", "LOST,DAD,WIFE")).ends(0);
}
