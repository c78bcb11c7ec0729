//! Tests of the frequency tables of laboratories, and of those that a store keeps.

use crate::common::{Lab, copy};

/// Returns the built-in table with the frequencies of two alleles of each locus swapped.
fn exchanged() -> String {
    let mut lines: Vec<String> =
        reunite::population::FrequencyTable::chinese_han_23_text().lines().map(str::to_owned).collect();
    let rows: Vec<usize> =
        (0..lines.len()).filter(|&at| lines[at].contains(',') && !lines[at].starts_with("locus")).collect();
    let mut last = String::new();
    for pair in rows.windows(2) {
        let cells = |at: usize| lines[at].split(',').map(str::to_owned).collect::<Vec<_>>();
        let (mut one, mut other) = (cells(pair[0]), cells(pair[1]));
        if one[0] == other[0] && one[0] != last {
            last.clone_from(&one[0]);
            (one[2], other[2]) = (other[2].clone(), one[2].clone());
            (lines[pair[0]], lines[pair[1]]) = (one.join(","), other.join(","));
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn check_shows_what_is_read_and_what_is_left_out() {
    let lab = Lab::new();
    let table = "Table 1;;;\nAlelo;D3S1358;THO1;AMEL\n0;0,0002;;\n6;;0,3;\n9,3;;0,69;\n15;0,6;;\n16;0,4;;\nN;500;480;\nfmin;0,001;0,001;\nHo;0,7;0,8;\n";
    let file = lab.write("table.csv", table);
    let said = lab.run(&["frequencies", "check", &file]).ends(0).says(&[
        "a row per allele, a column per locus; 2 loci",
        "column C (THO1): is another name of TH01",
        "column D (AMEL): is on a sex chromosome",
        "table.csv:10: the row is a statistic",
        "with a frequency of 0.0002",
        "the frequencies of TH01 add up to 0.9900",
        "in the panel of the store, and not in the table: vWA",
    ]);
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let last = said.out.lines().map(cells).find(|cells| cells.first().is_some_and(|name| name == "TH01"));
    assert_eq!(last.unwrap(), ["TH01", "THO1", "480", "2", "0.9900", "0.00100"], "{}", said.out);
    assert!(said.out.lines().all(|line| line.len() <= 80));
    let json = lab.run(&["frequencies", "check", "--format", "json", &file]).ends(0).json();
    assert_eq!((&json["loci"][1]["written"], &json["loci"][1]["individuals"]), (&"THO1".into(), &480.into()));
    let several = lab.write("several.csv", "pop,locus,allele,freq\nHan,vWA,14,1\nHui,vWA,15,1\n");
    lab.run(&["frequencies", "check", &several]).ends(2).says(&["choose one of Han, Hui", "--population NAME"]);
    lab.run(&["frequencies", "check", "--population", "Hui", &several]).ends(0).says(&["population Hui"]);
    let merged = lab.write("merged.csv", ",vWA,,FGA,\nAllele,Han,Hui,Han,Hui\n14,1,1,,\n20,,,1,1\nN,90,80,90,70\n");
    lab.run(&["frequencies", "check", &merged]).ends(2).says(&["choose one of Han, Hui", "--population NAME"]);
    let of_hui = ["frequencies", "check", "--population", "Hui", "--format", "json", &merged];
    let json = lab.run(&of_hui).ends(0).json();
    assert_eq!(json["loci"][1]["individuals"], 70);
    let pairs = lab.write("pairs.txt", "#Han\nvWA\t14=0.4\t15=0.6\nFGA\t20=1\n");
    let says = ["a line per locus", "add a row or column N", "--rare-allele-frequency"];
    lab.run(&["frequencies", "check", &pairs]).ends(0).says(&says);
    lab.run_on("no-persons", &["init", "--frequencies", &pairs]).ends(2).says(&["as a row or column N"]);
    let odd = lab.write("odd.csv", "locus,allele,freq\nL1,14,1\n");
    lab.run(&["frequencies", "check", &odd]).ends(2).says(&["odd.csv:2: column A (locus)", "--keep-locus NAME"]);
    lab.run(&["frequencies", "check", "--keep-locus", "L1", &odd]).ends(0);
    let keep = ["init", "--frequencies", &odd, "--keep-locus", "L1", "--rare-allele-frequency", "0.001"];
    lab.run_on("new", &keep).ends(0).says(&["with 1 loci"]);
}

#[test]
fn a_replaced_table_is_recorded_and_the_next_run_equals_that_of_a_new_store() {
    let lab = Lab::with_population(40, 300);
    let first = lab.run(&["match", "--min-log10-lr", "2"]);
    let file = lab.write("other.csv", exchanged());
    lab.run(&["frequencies", "set", &file]).ends(2).says(&["requires a reason", "--reason TEXT"]);
    lab.run(&["frequencies", "set", &file, "--reason", "new census"])
        .ends(0)
        .says(&["compares everything", "the model stays"]);
    lab.run(&["candidates"]).says(&["match"]);
    let audit = lab.run(&["audit", "list", "--format", "json"]).ends(0).out;
    assert!(audit.contains("frequencies set") && audit.contains("frequencies_before") && audit.contains("new census"));
    let again =
        lab.run(&["match", "--min-log10-lr", "2"]).says(&["frequencies or the criterion changed since the last run"]);
    assert_ne!(first.digest(), again.digest());
    // A store that had the table from the beginning gives the same result.
    lab.run_on("new", &["init", "--frequencies", &file]).ends(0);
    lab.run_on("new", &["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
    lab.run_on("new", &["import", "--as", "children", &lab.name("files/children.csv")]).ends(0);
    assert_eq!(lab.run_on("new", &["match", "--min-log10-lr", "2"]).digest(), again.digest());
    lab.run(&["verify"]).ends(0);
    // The store gets the first table back.
    let built_in = lab.write("first.csv", reunite::population::FrequencyTable::chinese_han_23_text());
    lab.run(&["frequencies", "set", &built_in, "--reason", "back"]).ends(0);
    assert_eq!(lab.run(&["match", "--min-log10-lr", "2"]).digest(), first.digest());
}

#[test]
fn loci_are_lost_only_if_that_is_asked_for() {
    let lab = Lab::with_population(10, 30);
    let first = lab.run(&["match", "--min-log10-lr", "2"]).digest();
    let text = reunite::population::FrequencyTable::chinese_han_23_text();
    let fewer: String = text.lines().filter(|line| !line.starts_with("vWA,")).map(|line| format!("{line}\n")).collect();
    let fewer = lab.write("fewer.csv", fewer);
    let set = ["frequencies", "set", &fewer, "--reason", "smaller kit"];
    copy(&lab.path("store"), &lab.path("before"));
    lab.run(&set).ends(2).says(&["lacks vWA", "--without-loci"]);
    assert_eq!(lab.read("store/reunite.toml"), lab.read("before/reunite.toml"));
    lab.run(&[&set[..], &["--without-loci"]].concat()).ends(0).says(&["not compared any more: vWA"]);
    assert_ne!(lab.run(&["match", "--min-log10-lr", "2"]).digest(), first);
    lab.run(&["verify"]).ends(0);
    // The genotypes are still stored.
    let all = lab.write("all.csv", text);
    lab.run(&["frequencies", "set", &all, "--reason", "back"]).ends(0).says(&["untyped until", ": vWA"]);
    assert_eq!(lab.run(&["match", "--min-log10-lr", "2"]).digest(), first);
    // An empty store has no genotypes to lose.
    lab.run_on("empty", &["init"]).ends(0);
    lab.run_on("empty", &set).ends(0);
}

#[test]
fn a_population_has_its_own_run_and_everything_names_it() {
    let lab = Lab::with_population(40, 300);
    let own = lab.run(&["match", "--min-log10-lr", "2"]).digest();
    let file = lab.write("other.csv", exchanged());
    lab.run(&["frequencies", "add", "Hui", &file]).ends(2).says(&["--reason TEXT"]);
    lab.run(&["frequencies", "add", "a/b", &file, "--reason", "x"]).ends(2).says(&["letters, digits"]);
    let lacking = lab.write("lacking.csv", "Allele,vWA\n14,1\nN,100\n");
    lab.run(&["frequencies", "add", "Hui", &lacking, "--reason", "x"]).ends(2).says(&["lacks D3S1358"]);
    lab.run(&["frequencies", "add", "Hui", &file, "--reason", "families of that origin"]).ends(0);
    let list = lab.run(&["frequencies", "list", "--format", "csv"]).ends(0).out;
    assert!(list.contains("\nHui,23,") && list.lines().count() == 3, "{list}");
    // The run of another population does not change the store's own run.
    assert_eq!(lab.run(&["match", "--min-log10-lr", "2"]).digest(), own);
    let of_hui = lab.run(&["match", "--min-log10-lr", "2", "--population", "Hui"]).says(&["population Hui"]);
    assert_ne!(of_hui.digest(), own);
    let candidates = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    assert_eq!(candidates["run"]["population"], "Hui");
    let pair = &candidates["candidates"][0];
    let [family, child] = ["family", "child"].map(|who| pair[who].as_str().unwrap());
    let explained =
        |options: &[&str]| lab.run(&[&["explain", family, child, "--format", "json"], options].concat()).ends(0).json();
    assert_eq!(explained(&["--population", "Hui"])["log10_lr"], pair["log10_lr"]);
    assert_ne!(explained(&[])["log10_lr"], pair["log10_lr"]);
    let page = lab.run(&["explain", family, child]).ends(0).out;
    assert!(page.contains("which had another frequency table"), "{page}");
    let audit = lab.run(&["audit", "list", "--format", "json"]).ends(0).out;
    assert_eq!(audit.matches("\"population\": \"Hui\"").count(), 3, "add, match, explain: {audit}");
    lab.run(&["match", "--population", "Miao"])
        .ends(2)
        .says(&["no frequency table of the population Miao; it has tables of Hui"]);
    let cases = lab.write(
        "cases.csv",
        "case,person,relation,sex,locus,allele1,allele2\nc,c,child,,vWA,14,14\nc,m,mother,,vWA,14,15\n",
    );
    let lr = |options: &[&str]| lab.run(&[&["lr", &cases], options].concat()).ends(0).out;
    assert_eq!(lr(&["--population", "Hui"]), lr(&["--frequencies", &file]));
    // A match with the store's own table gives the first result again.
    assert_eq!(lab.run(&["match", "--min-log10-lr", "2"]).digest(), own);
    lab.run(&["verify"]).ends(0);
}

#[test]
fn reports_name_sums_that_are_off() {
    let lab = Lab::new();
    let table =
        "locus,allele,frequency,individuals\nvWA,14,0.5,100\nvWA,15,0.4866,100\nFGA,20,0.5,100\nFGA,21,0.5,100\n";
    let file = lab.write("off.csv", table);
    lab.run_on("store2", &["init", "--frequencies", &file]).ends(0).says(&["vWA add up to 0.9866"]);
    lab.run_on(
        "store2",
        &[
            "import",
            "--as",
            "families",
            &lab.write("f.csv", "family_id,sample_id,relation,sex,vWA,FGA\nF,S,mother,f,14/15,20\n"),
        ],
    )
    .ends(0);
    lab.run_on("store2", &["import", "--as", "children", &lab.write("c.csv", "sample_id,sex,vWA,FGA\nC,f,15,20/21\n")])
        .ends(0);
    let matched =
        lab.run_on("store2", &["match", "--min-log10-lr", "-9"]).ends(0).says(&["does not add up to 1", "vWA 0.9866"]);
    assert!(matched.out.replace("\n    ", " ").contains("vWA 0.9866"), "{}", matched.out);
    let json = lab.run_on("store2", &["candidates", "--format", "json"]).ends(0).json();
    assert_eq!(json["run"]["sums_off"][0]["sum"].as_f64().map(|sum| (sum * 1e4).round()), Some(9866.0));
    let [family, child] = ["family", "child"].map(|who| json["candidates"][0][who].as_str().unwrap());
    assert!(
        lab.run_on("store2", &["explain", family, child]).ends(0).out.replace("\n    ", " ").contains("vWA 0.9866")
    );
}
