//! Every command that reads or changes personal data leaves a record, and no record can be changed unnoticed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::{Lab, Said, copy, reunite};

/// Lists the commands of the chain, without their arguments.
fn commands(lab: &Lab) -> Vec<String> {
    let listed = lab.run(&["audit", "list", "--format", "json"]).ends(0).json();
    listed["records"].as_array().unwrap().iter().map(|row| row["command"].as_str().unwrap().to_owned()).collect()
}

fn last(lab: &Lab) -> serde_json::Value {
    lab.run(&["audit", "list", "--last", "1", "--format", "json"]).ends(0).json()["records"][0].clone()
}

/// Returns the records of imports and exports of a file.
fn of_file(lab: &Lab, name: &str) -> Vec<serde_json::Value> {
    let listed = lab.run(&["audit", "list", "--file", &lab.name(name), "--format", "json"]).ends(0).json();
    listed["records"].as_array().unwrap().clone()
}

/// Lists the subcommands that `--help` shows.
fn listed(command: &[&str]) -> BTreeSet<String> {
    let said = reunite(&[command, &["--help"]].concat()).ends(0);
    let lines = said.out.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

#[test]
fn every_command_leaves_a_record() {
    let lab = Lab::with_population(30, 200);
    assert_eq!(commands(&lab), ["init", "import", "import"]);
    let mut seen = BTreeSet::from(["init".to_owned(), "import".to_owned()]);
    let mut recorded = |name: &str, arguments: &[&str]| {
        let before = commands(&lab).len();
        let said = lab.run(&[arguments, &["--reason", "a test of ours"]].concat());
        assert!(said.status < 2, "{arguments:?}: {}", said.err);
        let after = commands(&lab);
        assert_eq!(after.len(), before + 1, "{arguments:?}");
        assert_eq!(after.last().unwrap(), name);
        let record = last(&lab);
        assert_eq!(record["reason"], "a test of ours");
        assert_eq!(
            record["uid"],
            fs::metadata(lab.path("key")).map(|file| std::os::unix::fs::MetadataExt::uid(&file)).unwrap()
        );
        seen.insert(name.split(' ').next().unwrap().to_owned());
        (said, record)
    };
    let (matched, record) = recorded("match", &["match"]);
    assert_eq!(record["details"]["run_digest"], matched.digest());
    let (said, record) = recorded("candidates", &["candidates", "--format", "json"]);
    let pair = said.json()["candidates"][0].clone();
    assert_eq!(
        record["details"]["candidates"].as_u64().unwrap(),
        said.json()["candidates"].as_array().unwrap().len() as u64
    );
    let (family, child) = (pair["family"].as_str().unwrap(), pair["child"].as_str().unwrap());
    let (_, record) = recorded("explain", &["explain", family, child, "--show-genotypes"]);
    assert_eq!(record["details"]["genotypes"], true);
    recorded("report candidate", &["report", "candidate", family, child, "--out", &lab.name("report.html")]);
    let (_, record) = recorded("report night", &["report", "night", "--out", &lab.name("night.html")]);
    assert_eq!(record["details"]["run"], 1);
    recorded("report family", &["report", "family", family, "--out", &lab.name("family.html")]);
    let letter = ["letter", family, "--laboratory", "L", "--phone", "110", "--out", &lab.name("letter.html")];
    let (_, record) = recorded("letter", &letter);
    assert_eq!(record["details"]["issue"], 1);
    recorded("letter", &[&letter[..], &["--force"]].concat());
    let (said, _) = recorded("letter call", &["letter", "call", family]);
    let (_, record) = recorded("letter check", &["letter", "check", said.out.trim(), "--family", family]);
    assert_eq!(record["details"]["result"], "valid");
    let (_, record) = recorded("letter check", &["letter", "check", "4711"]);
    assert_eq!(record["details"]["result"], "mistyped");
    recorded("letter list", &["letter", "list"]);
    recorded("power", &["power", family, "--as-it-is"]);
    recorded("missed", &["missed", family]);
    recorded("runs", &["runs"]);
    let plan = lab.name("plan");
    let (_, record) = recorded("cluster plan", &["cluster", "plan", "--tiles", "2", "--out", &plan]);
    assert_eq!((&record["details"]["tiles"], &record["details"]["genotypes"]), (&2.into(), &true.into()));
    recorded("stats", &["stats"]);
    recorded("validate", &["validate", "--pairs", "100", "--out", &lab.name("validation")]);
    recorded("families check", &["families", "check"]);
    recorded("families list", &["families", "list"]);
    recorded("index", &["index"]);
    let map = lab.write("map.toml", "[columns]\nNr = 'sample_id'\n");
    recorded("maps set", &["maps", "set", "Jinan", &map]);
    recorded("maps remove", &["maps", "remove", "Jinan"]);
    let table = lab.write("other.csv", include_str!("../../fixtures/frequencies_chinese_han_23.csv"));
    recorded("frequencies add", &["frequencies", "add", "other", &table]);
    recorded("comparable", &["comparable"]);
    let registry = lab.write("registry.csv", "certificate\nQ370123456\n");
    recorded("import", &["import", "--as", "certificates", &registry]);
    recorded("certificate check", &["certificate", "check", "--number", "Q370123456"]);
    let found = lab.write("found.csv", "sample_id,sex\nC0000001,m\n");
    let (_, record) = recorded("import", &["import", "--as", "found-children", &found]);
    assert_eq!((&record["details"]["as"], &record["details"]["added"]), (&"found-children".into(), &1.into()));
    let of_found = lab.pseudonyms("sample", ["C0000001"]).remove("C0000001").unwrap();
    recorded("facts show", &["facts", "show", &of_found]);
    let (_, record) = recorded("facts compare", &["facts", "compare", family, &of_found, "--factors"]);
    assert_eq!(record["details"]["weighed"], true);
    let terms = format!("sample_id,legal_basis,purposes\n{child},statutory-duty,search kin\n");
    let terms = lab.write("terms.csv", terms);
    lab.run(&["import", "--as", "keeping", &terms]).ends(2);
    assert_eq!((&last(&lab)["command"], &last(&lab)["details"]["as"]), (&"import".into(), &"keeping".into()));
    let (_, record) = recorded("due", &["due"]);
    assert_eq!((&record["details"]["due"], &record["details"]["to_delete"]), (&0.into(), &0.into()));
    recorded("keeping record", &["keeping", "record"]);
    lab.run(&["keeping", "show", child]).ends(2).says(&["no terms"]);
    recorded("kin", &["kin", "--within", "children"]);
    let (_, record) = recorded("export", &["export", "--as", "children", "--child", child, &lab.name("out.csv")]);
    let digest = blake3::hash(lab.read("out.csv").as_bytes()).to_string();
    assert_ne!(record["details"]["file"], digest.as_str(), "a plain digest");
    assert_eq!((of_file(&lab, "out.csv"), &record["details"]["genotypes"]), (vec![record.clone()], &false.into()));
    lab.run(&["families", "withdraw", family, "--cause", "consent"]).ends(0);
    assert_eq!(
        (&last(&lab)["command"], &last(&lab)["details"]["cause"]),
        (&"families withdraw".into(), &"consent".into())
    );
    recorded("families restore", &["families", "restore", family]);
    let passphrase = lab.write("passphrase", "a passphrase of ours");
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    let key = lab.name("r1");
    reunite(&["review", "key", "--out", &key, "--passphrase-file", &passphrase]).ends(0);
    let (_, record) =
        recorded("review enrol", &["review", "enrol", "--staff", "R1", "--public-key", &lab.name("r1.pub")]);
    assert_eq!(record["details"]["reviewer"], "R1");
    let decide =
        ["review", "decide", family, child, "--decision", "confirm", "--code", "profiles-agree", "--key", &key];
    let (_, record) = recorded("review decide", &[&decide[..], &["--passphrase-file", &passphrase]].concat());
    let details: Vec<&String> = record["details"].as_object().unwrap().keys().collect();
    assert_eq!(details, ["review_case", "review_digest", "review_link", "review_number"], "not what was decided");
    recorded("review show", &["review", "show", family, child]);
    recorded("review list", &["review", "list"]);
    recorded("review due", &["review", "due"]);
    recorded("review reviewers", &["review", "reviewers"]);
    recorded("review found", &["review", "found", child, "--date", "2025-01-01"]);
    recorded("review done", &["review", "done", child, "transfer", "--date", "2025-01-02"]);
    let others = lab.run(&["candidates", "--format", "csv"]).ends(0).out;
    let other =
        others.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).find(|other| *other != child).unwrap();
    recorded("review retest", &["review", "retest", family, child, "--sample", other]);
    let (_, record) = recorded("review role", &["review", "role", "R1", "analyst"]);
    assert_eq!(
        (&record["details"]["reviewer_role_of"], &record["details"]["reviewer_role"]),
        (&"R1".into(), &"analyst".into())
    );
    recorded("review withdraw-reviewer", &["review", "withdraw-reviewer", "R1"]);
    let children = lab.name("files/children.csv");
    let (_, record) = recorded("import", &["import", "--as", "children", &children]);
    let digest = blake3::hash(lab.read("files/children.csv").as_bytes()).to_string();
    assert_ne!(record["details"]["file"], digest.as_str(), "a plain digest");
    assert_eq!(of_file(&lab, "files/children.csv").last(), Some(&record));
    let (_, record) = recorded("import", &["import", "--as", "children", &children, "--dry-run"]);
    assert_eq!(record["details"]["outcome"], "dry run");
    let bad = lab.write("bad.csv", "sample_id,sex,vWA\nX,m,nine\n");
    lab.run(&["import", "--as", "children", &bad]).ends(2);
    assert_eq!(last(&lab)["details"]["outcome"], "refused");
    reunite(&["audit", "key", "new", &lab.name("signing")]).ends(0);
    recorded(
        "audit checkpoint",
        &["audit", "checkpoint", "--out", &lab.name("cp"), "--signing-key", &lab.name("signing")],
    );
    lab.run(&["audit", "verify"]).ends(0);
    lab.run(&["verify"]).ends(0).says(&["audit chain: sound"]);
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    recorded("vault recipients add", &["vault", "recipients", "add", &recipient]);
    recorded("vault recipients remove", &["vault", "recipients", "remove", &recipient]);
    recorded("vault sweep", &["vault", "sweep"]);
    lab.write("identity", age::secrecy::ExposeSecret::expose_secret(&identity.to_string()));
    fs::set_permissions(lab.path("identity"), fs::Permissions::from_mode(0o600)).unwrap();
    let (_, record) =
        recorded("reidentify", &["reidentify", child, "--identity", &lab.name("identity"), "--case-number", "2026-17"]);
    assert_eq!(record["details"]["case_number"], "2026-17");
    recorded("config set", &["config", "set", "meaning.prior", "0.4"]);
    let why = ["--reason", "a test of ours"];
    lab.run(&[&["backup", &lab.name("backup"), "--recipient", &recipient][..], &why].concat()).ends(0);
    let made = lab.run(&["audit", "list", "--last", "2", "--format", "json"]).ends(0).json();
    for (record, outcome) in made["records"].as_array().unwrap().iter().zip(["begun", "done"]) {
        assert_eq!((&record["command"], &record["details"]["outcome"]), (&"backup".into(), &outcome.into()));
        assert_eq!(
            (&record["reason"], &record["details"]["recipients"][0]),
            (&why[1].into(), &recipient.as_str().into())
        );
    }
    let restore = ["restore", &lab.name("backup"), "--identity", &lab.name("identity")];
    lab.run_on("restored", &[&restore[..], &why].concat()).ends(0);
    let restored = lab.run_on("restored", &["audit", "list", "--last", "1", "--format", "json"]).ends(0).json();
    let (restored, done) = (&restored["records"][0], &made["records"][1]);
    assert_eq!((&restored["command"], &restored["reason"]), (&"restore".into(), &why[1].into()));
    assert_eq!(restored["details"]["blake3"], done["details"]["blake3"]);
    let (exchange, other) = (lab.name("exchange"), lab.name("other.exchange"));
    reunite(&["exchange", "key", &exchange]).ends(0);
    reunite(&["exchange", "key", &other]).ends(0);
    let card = format!("{other}.pub");
    let (_, record) = recorded("exchange partner add", &["exchange", "partner", "add", "nation", &card]);
    assert_eq!(record["details"]["agency"], "nation");
    let (package, hits) = (lab.name("package"), lab.name("hits.package"));
    let with = |key: &'static str| ["--exchange-key", if key == "own" { &exchange } else { &other }].map(str::to_owned);
    let (own, theirs) = (with("own"), with("other"));
    let to = ["exchange", "export", "--to", "nation", &package, &own[0], &own[1]];
    let (_, record) = recorded("exchange export", &to);
    assert_eq!((&record["details"]["package"], &record["details"]["agency"]), (&1.into(), &"nation".into()));
    recorded("exchange results", &["exchange", "results", "--to", "nation", &hits, &own[0], &own[1]]);
    lab.run(&["exchange", "import", &package, &theirs[0], &theirs[1]]).ends(2);
    let record = last(&lab);
    assert_eq!((&record["command"], &record["details"]["why"]), (&"exchange import".into(), &"unknown sender".into()));
    recorded("exchange hits", &["exchange", "hits"]);
    recorded("exchange partner list", &["exchange", "partner", "list"]);
    recorded("exchange partner revoke", &["exchange", "partner", "revoke", "nation"]);
    recorded("expunge", &["expunge", child]);
    lab.run_on("other", &["init"]).ends(0);
    reunite(&["key", "new", &lab.name("new")]).ends(0);
    let rotate = ["key", "rotate", "--new-key-file", &lab.name("new"), "--identity", &lab.name("identity")];
    lab.run_on("other", &[&rotate, &["--reason", "a test of ours"][..]].concat()).ends(0);
    fs::copy(lab.path("new"), lab.path("key")).unwrap();
    let rotated = lab.run_on("other", &["audit", "list", "--last", "2", "--format", "json"]).ends(0).json();
    for (record, outcome) in rotated["records"].as_array().unwrap().iter().zip(["begun", "done"]) {
        assert_eq!((&record["command"], &record["details"]["outcome"]), (&"key rotate".into(), &outcome.into()));
        assert_eq!(record["reason"], "a test of ours");
    }
    assert_eq!(listed(&["key"]), BTreeSet::from(["new", "rotate"].map(str::to_owned)), "so does a new one of these");
    // These commands use a store of their own or no store, or only report whether stored data is sound; the records of
    // backup and restore were checked above, those of the pages have tests of their own.
    let without = [
        "backup",
        "bench",
        "completions",
        "demo",
        "doctor",
        "findings",
        "key",
        "kits",
        "lr",
        "man",
        "pseudonym",
        "restore",
        "serve",
        "synth",
        "verify",
    ];
    let covered: BTreeSet<String> = seen.into_iter().chain(without.map(str::to_owned)).collect();
    assert_eq!(listed(&[]), covered, "a new command needs a record, or a reason to need none");
    let families: BTreeSet<String> = ["check", "list", "restore", "withdraw"].map(str::to_owned).into();
    assert_eq!(listed(&["families"]), families, "so does a new one of these");
}

#[test]
fn nothing_goes_out_without_a_record() {
    let lab = Lab::with_population(5, 20);
    lab.database("store").execute_batch("DROP TABLE audit").unwrap();
    let before = fs::read_dir(lab.path("")).unwrap().count();
    lab.run(&["export", "--as", "children", "--show-genotypes", &lab.name("out.csv")]).ends(2);
    assert_eq!(fs::read_dir(lab.path("")).unwrap().count(), before);
}

#[test]
fn records_name_nobody_and_are_found_by_pseudonym() {
    let lab = Lab::with_population(30, 200);
    lab.run(&["match"]).ends(0);
    let pairs = lab.run(&["candidates", "--format", "json"]).ends(0).json()["candidates"].clone();
    let (family, child) = (pairs[0]["family"].as_str().unwrap(), pairs[0]["child"].as_str().unwrap());
    lab.run(&["explain", family, child]).ends(0);
    lab.run(&["power", family]).ends(0);
    lab.run(&["candidates", "--child", &"ab".repeat(16)]).ends(2);
    let about = |who: &str| {
        let said = lab.run(&["audit", "list", "--about", who, "--format", "csv"]);
        said.out.lines().skip(1).map(|line| line.split(',').nth(4).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(about(child), ["match", "candidates", "explain"]);
    assert_eq!(about(family), ["match", "candidates", "explain", "power"]);
    assert_eq!(about(&"ab".repeat(16)), ["candidates"]);
    assert_eq!(about(&"cd".repeat(16)), [""; 0]);
    let everything = lab.run(&["audit", "list", "--format", "json"]).ends(0).out;
    assert!(!everything.contains(family) && !everything.contains(child));
    let database = lab.database("store");
    let mut statement = database.prepare("SELECT details || command || user, subjects FROM audit").unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (text, subjects): (String, Option<Vec<u8>>) = (row.get(0).unwrap(), row.get(1).unwrap());
        for who in [family, child] {
            let bytes: Vec<u8> = (0..16).map(|i| u8::from_str_radix(&who[2 * i..2 * i + 2], 16).unwrap()).collect();
            assert!(!text.contains(who));
            assert!(!subjects.as_deref().unwrap_or_default().windows(16).any(|window| window == bytes));
        }
    }
}

#[test]
fn tampering_is_noticed() {
    let lab = Lab::with_population(5, 20);
    for name in ["signing", "other"] {
        reunite(&["audit", "key", "new", &lab.name(name)]).ends(0);
    }
    let (signing, public) = (lab.name("signing"), lab.name("signing.pub"));
    let sign = |store: &str, out: &str| {
        lab.run_on(store, &["audit", "checkpoint", "--out", &lab.name(out), "--signing-key", &signing])
    };
    sign("store", "first").ends(0).says(&["signed 4 records"]);
    lab.run(&["match"]);
    sign("store", "second").ends(0).says(&["signed 6 records"]);
    sign("store", "second").ends(2).says(&["exists already, and is not overwritten", "choose another name"]);
    let verify = |store: &str, checkpoints: &[&str]| -> Said {
        let mut arguments = vec!["audit".to_owned(), "verify".to_owned()];
        for checkpoint in checkpoints {
            arguments.extend(["--checkpoint".to_owned(), lab.name(checkpoint)]);
        }
        if !checkpoints.is_empty() {
            arguments.extend(["--public-key".to_owned(), public.clone()]);
        }
        lab.run_on(store, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    verify("store", &["first", "second"]).ends(0).says(&["it agrees with 2 checkpoints"]);
    verify("store", &[]).ends(0).says(&["without a checkpoint nothing shows"]);
    let tampered = |name: &str, sql: &str| {
        copy(&lab.path("store"), &lab.path(name));
        let database = lab.database(name);
        database.execute_batch("DROP TRIGGER audit_is_not_edited; DROP TRIGGER audit_is_not_cut").unwrap();
        database.execute_batch(sql).unwrap();
    };
    tampered("edited", "UPDATE audit SET user = 'eve' WHERE number = 2");
    tampered("removed", "DELETE FROM audit WHERE number = 3");
    tampered("cut", "DELETE FROM audit WHERE number > 4");
    tampered("emptied", "DELETE FROM audit");
    for (store, what) in [("edited", "record 2 was edited"), ("removed", "record 3 is missing")] {
        verify(store, &[]).ends(1).says(&[what]);
        lab.run_on(store, &["verify"]).ends(1).says(&[what]);
        sign(store, "third").ends(2).says(&["is invalid, so it is not signed"]);
    }
    verify("cut", &["first"]).ends(0);
    verify("cut", &["first", "second"]).ends(1).says(&["the chain has 4 records, and had 6 when this was signed"]);
    verify("emptied", &["first"]).ends(1).says(&["its end was cut off"]);
    // The chain was written anew after the cut, with valid records.
    for _ in 0..3 {
        lab.run_on("cut", &["index"]).ends(0);
    }
    verify("cut", &[]).ends(0);
    verify("cut", &["second"]).ends(1).says(&["record 6 has another hash", "the chain was rewritten"]);
    lab.run_on("elsewhere", &["init"]).ends(0);
    verify("elsewhere", &["first"]).ends(1).says(&["it is of another store"]);
    lab.write("edited-cp", lab.read("second").replace("\"records\": 6", "\"records\": 4"));
    verify("store", &["edited-cp"]).ends(1).says(&["its signature is not of the given public key"]);
    lab.write("none-cp", "{}");
    verify("store", &["none-cp"]).ends(1).says(&["it is no checkpoint"]);
    let arguments = ["audit", "verify", "--checkpoint", &lab.name("first"), "--public-key", &lab.name("other.pub")];
    lab.run(&arguments).ends(1).says(&["its signature is not of the given public key"]);
    lab.run(&["audit", "verify", "--checkpoint", &lab.name("first")]).ends(2);
}

#[test]
fn a_reason_that_is_empty_long_or_of_two_lines_is_refused() {
    let lab = Lab::new();
    for bad in ["", "  ", "two\nlines", &"x".repeat(501)] {
        lab.run(&["families", "list", "--reason", bad]).ends(2);
    }
    assert_eq!(commands(&lab), ["init"]);
}

/// Somebody who asks for a pseudonym learns from the error that nobody has it.
#[test]
fn a_question_about_somebody_who_is_not_in_the_store_is_recorded() {
    let lab = Lab::with_population(20, 100);
    lab.run(&["match"]).ends(0);
    let pairs = lab.run(&["candidates", "--format", "json"]).ends(0).json()["candidates"].clone();
    let known = pairs[0]["family"].as_str().unwrap();
    let export = lab.name("out.csv");
    let nobody = "cd".repeat(16);
    let questions: &[&[&str]] = &[
        &["candidates", "--child", &nobody],
        &["candidates", "--family", &nobody],
        &["explain", &nobody, &nobody],
        &["explain", known, &nobody],
        &["power", &nobody],
        &["families", "check", &nobody],
        &["families", "withdraw", &nobody, "--cause", "other"],
        &["families", "restore", &nobody],
        &["export", "--as", "families", "--family", &nobody, &export],
        &["expunge", &nobody, "--reason", "a test"],
        &["review", "show", &nobody, &nobody],
        &["review", "retest", known, &nobody, "--sample", &nobody],
        &["review", "step", &nobody, &nobody, "informed", "--date", "2025-01-01"],
        &["review", "found", &nobody, "--date", "2025-01-01"],
        &["review", "done", &nobody, "transfer", "--date", "2025-01-01"],
    ];
    for question in questions {
        let records = || {
            let list = lab.run(&["audit", "list", "--about", &nobody, "--format", "json"]).ends(0).json();
            list["records"].as_array().unwrap().len()
        };
        let before = records();
        let said = lab.run(question).ends(2);
        assert!(said.err.contains(&nobody), "{question:?}: {}", said.err);
        assert_eq!(records(), before + 1, "{question:?}");
    }
}
