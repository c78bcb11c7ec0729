//! Several people work on one store at a time.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Duration;

use super::client::{PASSPHRASE, Served, choices_with, enrol, lab, rows};
use crate::common::{Lab, interrupt};

#[test]
fn two_people_decide_and_neither_sees_what_the_first_one_decided() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let (mut one, mut two, mut analyst) = (served.signed_in("R1"), served.signed_in("R2"), served.signed_in("A1"));
    let pair = rows(&one.get("/candidates"))[0].clone();
    let names: Vec<&str> = pair.split('/').skip(2).collect();
    let [family, child] = names[..] else { panic!("{pair}") };
    let show = || lab.run(&["review", "show", family, child, "--format", "json"]).ends(0).json();

    // Nothing is recorded without the right passphrase, a reason for this decision, and the token.
    assert_eq!(one.decide(&pair, "confirm", "profiles-agree", "another passphrase").status, 422);
    assert_eq!(one.decide(&pair, "confirm", "too-few-loci", PASSPHRASE).status, 422);
    assert_eq!(one.decide(&pair, "confirm", "nonsense", PASSPHRASE).status, 422);
    assert_eq!(one.decide(&pair, "confirm", "other", PASSPHRASE).status, 422, "requires a text");
    assert_eq!(analyst.get(&pair).body.matches("/decide\"").count(), 0, "an analyst has no form");
    assert_eq!(show()["review"]["events"], 0);

    let answer = one.decide(&pair, "confirm", "profiles-agree", PASSPHRASE);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer.body.contains("A second reviewer decides next") && answer.body.contains("Your decision, which waits")
    );
    assert_eq!(show()["review"]["decided_by"][0], "R1");
    // What others see: that R1 has decided, and not what.
    for other in [&mut two, &mut analyst] {
        for path in [pair.as_str(), "/candidates", "/waiting", "/night"] {
            let body = other.get(path).body;
            assert!(!body.contains("confirmed by one") && !body.contains("Your decision, which waits"), "{path}");
            assert!(!body.contains("<b>confirm</b>"), "{path}");
        }
    }
    assert_eq!(rows(&two.get("/waiting")), [pair.as_str()]);
    assert!(two.get("/waiting").body.split("Waiting for others").next().unwrap().contains(&pair));
    assert!(!one.get("/waiting").body.split("Waiting for others").next().unwrap().contains(&pair), "R1 has decided");
    // Nobody confirms alone.
    let again = one.decide(&pair, "confirm", "profiles-agree", PASSPHRASE);
    assert_eq!((again.status, show()["review"]["events"].as_u64()), (422, Some(1)), "{}", again.body);

    let answer = two.decide(&pair, "refute", "profiles-contradict", PASSPHRASE);
    assert!(answer.body.contains("reopened"), "{}", answer.body);
    assert!(one.get(&pair).body.contains("<b>refute</b>"), "after both have decided, both see it");
    for (browser, expected) in [(&mut two, "in review"), (&mut one, "confirmed by two")] {
        let answer = browser.decide(&pair, "confirm", "retest-agrees", PASSPHRASE);
        let seen = answer.body.contains(expected) || answer.body.contains("confirmed by one");
        assert!(answer.status == 200 && seen, "{expected}: {}", answer.body);
    }
    assert_eq!(show()["review"]["status"], "confirmed");
    lab.run(&["verify"]).ends(0);
    assert_eq!(served.end(), Some(0));
}

#[test]
fn a_form_is_refused_after_the_pair_changed() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let (mut one, mut two) = (served.signed_in("R1"), served.signed_in("R2"));
    let pair = rows(&one.get("/candidates"))[0].clone();
    let page = two.get(&pair);
    let [generation, events] = ["generation", "events"].map(|name| page.field(name).unwrap());
    assert_eq!(one.decide(&pair, "retest", "sample-doubtful", PASSPHRASE).status, 200);
    let fields = [
        ("generation", generation.as_str()),
        ("events", &events),
        ("decision", "confirm"),
        ("code", "confirm:profiles-agree"),
        ("text", ""),
        ("passphrase", PASSPHRASE),
    ];
    let answer = two.post(&format!("{pair}/decide"), &fields);
    assert!(answer.status == 422 && answer.body.contains("Look at the pair again"), "{}", answer.body);
    // What was entered is still there, but for the passphrase.
    assert!(answer.body.contains("value=\"confirm\" required checked") && !answer.body.contains(PASSPHRASE));
}

#[test]
fn roles_bind_the_command_line_too() {
    let lab = lab();
    let passphrase = lab.write("passphrase", format!("{PASSPHRASE}\n"));
    std::fs::set_permissions(&passphrase, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let found = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let name = |who: &str| found["candidates"][0][who].as_str().unwrap().to_owned();
    let decide = |staff: &str| {
        let (family, child, key) = (name("family"), name("child"), lab.name(&format!("keys/{staff}.key")));
        let words =
            ["review", "decide", &family, &child, "--decision", "confirm", "--code", "profiles-agree", "--key", &key];
        lab.run(&[&words[..], &["--passphrase-file", &passphrase]].concat())
    };
    for staff in ["A1", "S1", "M1"] {
        decide(staff).ends(2).says(&["decides nothing", "reunite review role"]);
    }
    decide("R1").ends(0);
    // A role that is given later does not make an earlier decision invalid.
    lab.run(&["review", "role", "R1", "analyst"]).ends(0).says(&["R1 has the role analyst"]);
    lab.run(&["verify"]).ends(0);
    decide("R1").ends(2).says(&["decides nothing"]);
    lab.run(&["review", "role", "A1", "reviewer"]).ends(0);
    decide("A1").ends(0).says(&["confirmed"]);
    lab.run(&["verify"]).ends(0);
    lab.run(&["review", "role", "X9", "reviewer"]).ends(2).says(&["no reviewer with the staff code X9"]);
    let listed = lab.run(&["review", "reviewers", "--format", "json"]).ends(0).json();
    assert_eq!(
        (&listed["reviewers"][0]["role"], &listed["reviewers"][3]["role"]),
        (&"analyst".into(), &"supervisor".into())
    );
}

#[test]
fn a_server_that_is_killed_in_a_decision_leaves_it_recorded_or_not() {
    let lab = lab();
    let mut recorded = 0;
    let pairs = {
        let mut served = Served::new(&lab, &[]);
        rows(&served.signed_in("R1").get("/candidates"))
    };
    for (number, pair) in pairs.iter().take(6).enumerate() {
        let mut served = Served::new(&lab, &[]);
        let mut browser = served.signed_in("R1");
        let path = pair.clone();
        let sent = std::thread::spawn(move || browser.decide(&path, "confirm", "profiles-agree", PASSPHRASE).status);
        std::thread::sleep(Duration::from_millis(150 + 250 * number as u64));
        served.process.kill().unwrap();
        served.process.wait().unwrap();
        let status = sent.join();
        let names: Vec<&str> = pair.split('/').skip(2).collect();
        let shown = lab.run(&["review", "show", names[0], names[1], "--format", "json"]).ends(0).json();
        let events = shown["review"]["events"].as_u64().unwrap();
        assert!(events <= 1);
        // What was acknowledged is there.
        assert!(!matches!(status, Ok(200)) || events == 1, "{pair}");
        recorded += events;
        lab.run(&["verify"]).ends(0);
    }
    println!("{recorded} of 6 decisions were recorded before the server was killed");
}

/// Returns the details of all records of a command, with how many samples and families each is about.
fn recorded(lab: &Lab, command: &str) -> Vec<(serde_json::Value, serde_json::Value)> {
    let log = lab.run(&["audit", "list", "--format", "json"]).ends(0).json();
    let records = log["records"].as_array().unwrap().iter().filter(|one| one["command"] == command);
    records.map(|one| (one["details"].clone(), one["subjects"].clone())).collect()
}

#[test]
fn a_request_that_a_role_does_not_include_is_recorded_once_in_a_session_and_names_nobody() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let pair = rows(&served.signed_in("R1").get("/candidates"))[0].clone();
    let refusals = || recorded(&lab, "serve refusal");
    let refused = |address: &str, role: &str, staff: &str| {
        (serde_json::json!({ "address": address, "role": role, "staff": staff }), serde_json::json!(0))
    };
    let (one, decide) = ("/candidates/{family}/{child}", "/candidates/{family}/{child}/decide");
    let mut administrator = served.signed_in("M1");
    for other in [&pair, &pair, &pair.replace(['1', '2'], "3"), "/candidates/0/0"] {
        assert_eq!(administrator.get(other).status, 403);
        assert_eq!(administrator.post(&format!("{other}/decide"), &choices_with(&[])).status, 403);
    }
    assert_eq!(administrator.upload("a.csv", b"sample_id\n", &[]).status, 403);
    let mut expected = [one, decide, "/import/check"].map(|address| refused(address, "administrator", "M1")).to_vec();
    assert_eq!(refusals(), expected);
    // Another person, and another session.
    assert_eq!(served.signed_in("S1").get(&pair).status, 403);
    assert_eq!(served.signed_in("M1").get(&pair).status, 403);
    expected.extend([refused(one, "supervisor", "S1"), refused(one, "administrator", "M1")]);
    assert_eq!(refusals(), expected);
    // Without a person there is no role, and nobody is refused what the role includes.
    assert_eq!(served.browser().get(&pair).status, 303);
    assert_eq!(served.signed_in("A1").get(&pair).status, 200);
    assert_eq!(refusals(), expected);
    // A role that changes while somebody is signed in.
    let mut reviewer = served.signed_in("R1");
    lab.run(&["review", "role", "R1", "analyst"]).ends(0);
    assert!([403, 422].contains(&reviewer.decide(&pair, "confirm", "profiles-agree", PASSPHRASE).status));
    expected.push(refused(decide, "analyst", "R1"));
    assert_eq!(refusals(), expected);
    for language in ["en", "zh"] {
        let said = lab.run(&["--lang", language, "audit", "list"]).ends(0);
        said.says(&["serve refusal", &format!("address {decide}, role administrator, staff M1")]);
    }
    lab.run(&["verify"]).ends(0);
}

#[test]
fn a_person_sees_own_sessions_and_ends_the_others() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let (mut here, mut there, mut other) = (served.signed_in("R1"), served.signed_in("R1"), served.signed_in("R2"));
    let listed = |body: &str| ["this one", "another one"].map(|word| body.matches(&format!("\">{word}<")).count());
    assert!(here.get("/candidates").body.contains("href=\"/sessions\""));
    assert_eq!(listed(&here.get("/sessions").body), [1, 1]);
    let alone = other.get("/sessions").body;
    assert!(listed(&alone) == [1, 0] && !alone.contains("/sessions/end"), "{alone}");
    // Neither a link nor a form of another site ends a session.
    assert_eq!(here.get("/sessions/end").status, 405);
    let own = std::mem::replace(&mut here.csrf, other.csrf.clone());
    assert_eq!(here.post("/sessions/end", &[]).status, 403);
    here.csrf = own;
    assert_eq!(there.get("/candidates").status, 200);
    let answer = here.post("/sessions/end", &[]);
    assert!(answer.status == 200 && answer.body.contains("Sessions ended: 1."), "{}", answer.body);
    assert_eq!(listed(&answer.body), [1, 0]);
    // The cookie of the other browser is worth nothing, not even for a sign-in.
    assert_eq!((there.get("/candidates").status, there.sign_in("R1", PASSPHRASE).status), (403, 403));
    assert_eq!((here.get("/candidates").status, other.get("/candidates").status), (200, 200));
    let ended = serde_json::json!({ "ended": 1, "staff": "R1" });
    assert_eq!(recorded(&lab, "serve sessions"), [(ended, serde_json::json!(0))]);
    here.post("/language", &[("lang", "zh"), ("to", "/sessions")]);
    assert!(here.get("/sessions").body.contains("您的会话"));
}

#[test]
fn a_server_in_whose_folder_nobody_has_a_key_says_how_to_add_one_and_starts() {
    let lab = Lab::new();
    let (keys, folder) = (lab.name("keys"), lab.path("keys"));
    std::fs::create_dir(&folder).unwrap();
    let said = |language: &str| {
        let words = ["--lang", language, "serve", "--listen", "127.0.0.1:0", "--reviewer-keys", &keys];
        let mut server = lab.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut link = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut link).unwrap();
        assert!(link.contains("/start/"), "{link}");
        interrupt(&server);
        let mut said = String::new();
        server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(server.wait().unwrap().code(), Some(0));
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let make = format!("reunite review key --out {keys}/R17.key");
    let says = |language: &str, text: &str| {
        let said = said(language);
        assert!(said.contains(text) && said.contains(&make), "{said}");
    };
    says("en", "has no key of an enrolled person, so nobody can sign in");
    says("zh", "中没有已登记人员的密钥，无人能登录");
    // Somebody is enrolled, and the key is elsewhere; a key is there, of nobody who is enrolled.
    std::fs::remove_dir(&folder).unwrap();
    enrol(&lab);
    std::fs::rename(&folder, lab.path("elsewhere")).unwrap();
    std::fs::create_dir(&folder).unwrap();
    lab.write("keys/X9.key", "");
    says("en", "has no key of an enrolled person");
    std::fs::rename(lab.path("elsewhere/R1.key"), folder.join("R1.key")).unwrap();
    assert!(!said("en").contains("nobody can sign in"));
    lab.run(&["review", "withdraw-reviewer", "R1"]).ends(0);
    says("en", "has no key of an enrolled person");
}
