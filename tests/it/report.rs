//! Tests of the pages that `reunite report` writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use reunite::consistency::Cause;
use reunite::ledger::LossCause;
use reunite::pseudonym::KeySource;
use reunite::review::{Decision, ReasonCode};
use reunite::store::{self, NewDecision, Store, WithdrawalReason};
use reunite::validation::Truth;
use serde_json::Value;

use crate::common::{Lab, enrolled};

/// A matched store and its best candidate.
fn matched() -> (Lab, String, String) {
    let lab = Lab::with_population(60, 300);
    lab.run(&["match"]).ends(0);
    let listed = lab.run(&["candidates", "--brief", "--format", "json"]).ends(0).json();
    let [family, child] = ["family", "child"].map(|who| listed["candidates"][0][who].as_str().unwrap().to_owned());
    (lab, family, child)
}

fn without(text: &str, from: &str, to: &str) -> String {
    let (mut left, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(from) {
        left += before;
        rest = after.split_once(to).map_or("", |cut| cut.1);
    }
    left + rest
}

/// Reports whether a text has a genotype such as `15/16.3`.
fn has_genotype(html: &str) -> bool {
    let text = without(&without(html, "<style>", "</style>"), "<svg", "</svg>").replace("&#x2f;", "/");
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    text.match_indices('/')
        .any(|(at, _)| is_digit(text[..at].chars().last()) && is_digit(text[at + 1..].chars().next()))
}

#[test]
fn a_lead_report_says_what_the_lists_say() {
    let (lab, family, child) = matched();
    let pair = [family.as_str(), child.as_str()];
    let report = |more: &[&str]| lab.run(&[&["report", "candidate"], &pair[..], more].concat());
    let (page, json) = (lab.name("page.html"), lab.name("page.json"));
    report(&["--out", &page, "--lang", "en"]).ends(0).says(&["wrote the report to", "page.html"]);
    report(&["--out", &page]).ends(2).says(&["page.html", "exists", "--force"]);
    report(&["--out", &json, "--format", "json"]).ends(0);
    assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o600);
    let json: Value = serde_json::from_str(&lab.read("page.json")).unwrap();
    let explained = lab.run(&[&["explain"], &pair[..], &["--format", "json"]].concat()).ends(0).json();
    assert_eq!(json["result"]["log10_lr"], explained["log10_lr"]);
    for field in ["class", "posterior", "expected_chance_hits", "rivals", "margin_child", "log10_lr_min"] {
        assert_eq!(json["meaning"][field], explained["meaning"][field], "{field}");
    }
    for (one, other) in json["loci"].as_array().unwrap().iter().zip(explained["loci"].as_array().unwrap()) {
        assert_eq!(
            (&one["locus"], &one["log10_lr"], &one["running"]),
            (&other["locus"], &other["log10_lr"], &other["running_log10_lr"])
        );
    }
    let runs = lab.run(&["runs", "--format", "json"]).ends(0).json();
    assert_eq!(json["run"]["digest"], runs["runs"][0]["digest"]);
    // The curves are densities: each covers 1, except for what lies outside the drawing.
    let curves = &json["distributions"];
    for curve in ["missing_child", "unrelated"] {
        let sum: f64 = curves[curve].as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).sum();
        let area = sum * curves["step"].as_f64().unwrap();
        assert!((0.9..1.001).contains(&area), "{curve}: {area}");
    }
    let html = lab.read("page.html");
    assert!(html.contains("Lead report") && html.contains(&child), "{}", &html[..600]);
    assert!(!has_genotype(&html), "genotypes");
    report(&["--out", &page, "--force", "--lang", "zh", "--show-genotypes"]).ends(0);
    let html = lab.read("page.html");
    assert!(html.contains("比对线索报告") && html.contains("lang=\"zh") && has_genotype(&html));
    // The audit chain names the command, the pair and the templates.
    let audit = lab.run(&["audit", "list", "--format", "json"]).ends(0).json();
    let last = audit["records"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["command"], &last["details"]["genotypes"]), (&"report candidate".into(), &true.into()));
    assert!(html.contains(last["details"]["templates"].as_str().unwrap()));
    // The locale chooses the language, and the same state gives the same page but for its time.
    let again = |name: &str| {
        let page = lab.name(name);
        report(&["--out", &page]).ends(0);
        let text = lab.read(name);
        let at = text.find(" UTC").unwrap();
        text[..at - 16].to_owned() + &text[at..]
    };
    assert_eq!(again("one.html"), again("two.html"));
    // Another pair, which is no candidate, has a report, too.
    let other = lab.run(&["candidates", "--brief", "--format", "json"]).ends(0).json();
    let other = other["candidates"].as_array().unwrap().iter().find(|row| row["family"] != family.as_str()).unwrap();
    let other = other["child"].as_str().unwrap();
    lab.run(&["report", "candidate", &family, other, "--out", &lab.name("other.html"), "--lang", "zh"]).ends(0);
    // The page of a withdrawn family says so first of all, and nobody informs it.
    lab.run(&["families", "withdraw", &family, "--cause", "consent"]).ends(0);
    lab.run(&["match"]).ends(0);
    report(&["--out", &page, "--force", "--lang", "en"]).ends(0);
    let html = lab.read("page.html");
    let (alert, heading) = (html.find("the family is withdrawn").unwrap(), html.find("<h2").unwrap());
    assert!(alert < heading && html.contains("role=\"note\""));
    lab.run(&["review", "step", &family, &child, "informed", "--date", "2025-01-01"]).ends(2).says(&["is withdrawn"]);
    lab.run(&["review", "show", &family, &child]).ends(0).says(&["conflict: the family is withdrawn"]);
    lab.run(&["report", "candidate", &family, &family, "--out", &lab.name("none.html")]).ends(2);
    assert!(!lab.path("none.html").exists());
}

#[test]
fn a_report_shows_numbers_and_decisions_and_hides_a_first_one() {
    let (lab, family, child) = matched();
    let numbers = lab.name("files/truth.csv");
    let json = |name: &str| -> Value {
        let file = lab.name(name);
        let words = ["report", "candidate", &family, &child, "--out", &file, "--format", "json", "--numbers", &numbers];
        lab.run(&words).ends(0);
        serde_json::from_str(&lab.read(name)).unwrap()
    };
    let store = Store::open(&lab.path("store"), Some(KeySource::File(lab.path("key")))).unwrap();
    let [a, b] = ["R17", "R23"].map(|staff| enrolled(&store, staff));
    let decide = |key| {
        let (family, child) = (family.parse().unwrap(), child.parse().unwrap());
        let (decision, code) = (Decision::Confirm, ReasonCode::CaseFactsFit);
        let new = NewDecision { family, child, decision, code, text: Some("looked twice"), key };
        store.decide(&new, &store::entry("review decide", None)).unwrap();
    };
    decide(&a);
    let first = json("first.json");
    assert_eq!(
        (&first["review"]["status"], &first["review"]["history"][0]["hidden"]),
        (&"in-review".into(), &true.into())
    );
    assert!(!first.to_string().contains("looked twice") && !first.to_string().contains("confirm\""));
    let page = lab.name("first.html");
    lab.run(&["report", "candidate", &family, &child, "--out", &page, "--lang", "en"]).ends(0);
    let html = lab.read("first.html");
    assert!(
        html.contains("R17") && !html.contains("looked twice") && !html.contains("place, dates, sex and marks fit")
    );
    decide(&b);
    let second = json("second.json");
    assert_eq!(second["review"]["status"], "confirmed");
    assert!(second["numbers"]["family"].as_str().unwrap().starts_with('F'));
    assert!(second["people"].as_array().unwrap().last().unwrap()["number"].as_str().unwrap().starts_with('C'));
    lab.run(&["report", "candidate", &family, &child, "--out", &page, "--lang", "en", "--force"]).ends(0);
    let html = lab.read("first.html");
    for text in ["R17", "R23", "looked twice", "confirmed by two reviewers", "place, dates, sex and marks fit"] {
        assert!(html.contains(text), "{text}");
    }
}

#[test]
fn a_laboratory_may_use_its_own_templates() {
    let (lab, family, child) = matched();
    fs::create_dir(lab.path("own")).unwrap();
    let own = lab.name("own");
    let report = |name: &str| {
        lab.run(&[
            "report",
            "candidate",
            &family,
            &child,
            "--out",
            &lab.name(name),
            "--lang",
            "zh",
            "--templates",
            &own,
        ])
    };
    report("a.html").ends(2).says(&["模板", "own"]);
    lab.write("own/candidate.html", "{{ t('report.title') }} {{ child }} {{ template_digest }}");
    report("a.html").ends(0);
    let page = lab.read("a.html");
    assert!(page.starts_with("比对线索报告") && page.contains(&child), "{page}");
    lab.write("own/candidate.html", "{{ t('report.title') }}\n{{ nothing }}");
    report("b.html").ends(2).says(&["own", "candidate.html:2"]);
    lab.write("own/candidate.html", "{% for x in %}");
    report("b.html").ends(2).says(&["candidate.html:1"]);
    lab.write("own/candidate.html", "{{ t('no.such') }}");
    report("b.html").ends(2).says(&["no.such"]);
    assert!(!lab.path("b.html").exists());
}

/// The catalogues have the words of rooms that the room of the pages does not import.
#[test]
fn catalogues_have_the_words_of_other_rooms() {
    let causes = [
        Cause::SamePerson,
        Cause::Exchanged { gain_log10_lr: 1.0 },
        Cause::SwappedSample,
        Cause::WrongRelation { fits_as: Vec::new() },
        Cause::SampleOrRelation { fits_as: Vec::new() },
        Cause::Contradiction,
        Cause::Mutation { steps: None },
    ];
    let all: [(&str, Vec<&str>); 4] = [
        ("lost_cause", LossCause::ALL.iter().map(|one| one.word()).collect()),
        ("family_mark", causes.iter().map(|one| one.code().word()).collect()),
        ("withdrawal", WithdrawalReason::ALL.iter().map(|one| one.word()).collect()),
        ("truth", vec![Truth::Child.word(), Truth::Unrelated.word()]),
    ];
    for text in [include_str!("../../src/pages/words/en.toml"), include_str!("../../src/pages/words/zh.toml")] {
        let sections: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(text).unwrap();
        for (section, words) in &all {
            let has: BTreeSet<&str> = sections[*section].keys().map(String::as_str).collect();
            assert_eq!(has, words.iter().copied().collect(), "{section}");
        }
    }
}

fn page(lab: &Lab, name: &str, words: &[&str]) -> String {
    lab.run(&[&["report"], words, &["--out", &lab.name(name), "--force"]].concat()).ends(0);
    lab.read(name)
}

fn page_json(lab: &Lab, words: &[&str]) -> Value {
    serde_json::from_str(&page(lab, "page.json", &[words, &["--format", "json"]].concat())).unwrap()
}

#[test]
fn the_report_of_a_night_says_what_the_lists_say() {
    let (lab, family, child) = matched();
    let listed = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let candidates = listed["candidates"].as_array().unwrap();
    let night = page_json(&lab, &["night"]);
    assert_eq!(
        (&night["kind"], &night["is_last"], &night["is_outdated"]),
        (&"night".into(), &true.into(), &false.into())
    );
    assert_eq!(night["new"]["total"], candidates.len());
    let by_class: Vec<(&str, u64)> = (night["new"]["by_class"].as_array().unwrap().iter())
        .map(|one| (one["class"].as_str().unwrap(), one["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(by_class.iter().map(|one| one.0).collect::<Vec<_>>(), ["strong", "candidate", "more-loci", "unlikely"]);
    for (class, count) in &by_class {
        let of = candidates.iter().filter(|row| row["meaning"]["class"] == *class).count();
        assert_eq!(*count, of as u64, "{class}");
    }
    let rows = night["new"]["rows"].as_array().unwrap();
    let classes: Vec<usize> =
        rows.iter().map(|row| by_class.iter().position(|one| row["class"] == one.0).unwrap()).collect();
    assert!(classes.is_sorted() && rows.len() == candidates.len());
    for row in rows {
        let same =
            candidates.iter().find(|one| one["family"] == row["family"] && one["child"] == row["child"]).unwrap();
        assert_eq!(row["log10_lr"], same["log10_lr"]);
        assert_eq!(row["posterior"], same["meaning"]["posterior"]);
        assert_eq!(row["child_sex"], same["facts"]["child_sex"]);
    }
    // Fewer rows, and nothing weighed.
    let night = page_json(&lab, &["night", "--rows", "3", "--brief"]);
    assert_eq!((&night["new"]["by_class"], &night["prior"]), (&Value::Null, &Value::Null));
    assert_eq!(night["new"]["rows"].as_array().unwrap().len(), 3);
    assert_eq!(night["new"]["not_shown"], candidates.len() - 3);
    let numbers = lab.name("files/truth.csv");
    let night = page_json(&lab, &["night", "--numbers", &numbers]);
    assert!(night["new"]["rows"][0]["family_number"].as_str().unwrap().starts_with('F'));
    assert!(night["new"]["rows"][0]["child_number"].as_str().unwrap().starts_with('C'));
    // A second run finds nothing new; a withdrawn family's candidate is lost, and the page says so.
    lab.run(&["review", "found", &child, "--date", "2025-01-01"]).ends(0);
    lab.run(&["families", "withdraw", &family, "--cause", "consent"]).ends(0);
    assert_eq!(page_json(&lab, &["night"])["is_outdated"], true);
    lab.run(&["match"]).ends(0);
    let night = page_json(&lab, &["night"]);
    assert_eq!((&night["run"]["number"], &night["new"]["total"]), (&2.into(), &0.into()));
    let lost = &night["lost"][0];
    assert_eq!((&lost["family"], &lost["cause"]), (&family.as_str().into(), &"family-withdrawn".into()));
    assert_eq!(night["nights"].as_array().unwrap().len(), 2);
    let deadlines = night["waiting"]["deadlines"].as_array().unwrap();
    assert!(deadlines.iter().any(|one| one["deadline"] == "transfer" && one["overdue_days"].as_u64().unwrap() > 300));
    // The older run: what it found is less by what was lost since.
    let older = page_json(&lab, &["night", "1"]);
    assert_eq!(
        (&older["is_last"], &older["new"]["gone"]),
        (&false.into(), &(candidates.len() as u64 - older["new"]["total"].as_u64().unwrap()).into())
    );
    assert!(older["new"]["gone"].as_u64().unwrap() > 0);
    for (lang, title, cause) in
        [("en", "Report of the night", "the family was withdrawn"), ("zh", "夜间比对报告", "家系")]
    {
        let html = page(&lab, "night.html", &["night", "--lang", lang]);
        assert!(html.contains(title) && html.contains(cause), "{lang}");
        assert!(!has_genotype(&without(&html, "<time", "</time>")), "{lang}");
    }
    lab.run(&["report", "night", "3", "--out", &lab.name("none.html")]).ends(2).says(&["3"]);
    lab.run(&["report", "night", "--out", &lab.name("night.html")]).ends(2).says(&["exists", "--force"]);
    assert!(!lab.path("none.html").exists());
}

#[test]
fn the_report_on_a_family_says_what_was_found_and_missed() {
    let (lab, family, child) = matched();
    let report = page_json(&lab, &["family", &family]);
    let listed = lab.run(&["candidates", "--family", &family, "--format", "json"]).ends(0).json();
    assert_eq!(report["candidates"]["total"], listed["candidates"].as_array().unwrap().len());
    assert_eq!(report["candidates"]["rows"][0]["child"], child.as_str());
    assert_eq!(report["candidates"]["rows"][0]["posterior"], listed["candidates"][0]["meaning"]["posterior"]);
    let missed = lab.run(&["missed", &family, "--format", "json"]).ends(0).json();
    for field in ["missed", "in_database_and_missed", "by_relatives", "by_papers"] {
        assert_eq!(report["missed"][field], missed["families"][0][field], "{field}");
    }
    let remedies = report["missed"]["remedies"].as_array().unwrap();
    assert_eq!(remedies.len(), missed["families"][0]["remedies"].as_array().unwrap().len());
    let people = report["people"].as_array().unwrap();
    assert!(!people.is_empty() && people.iter().all(|one| one["typed_loci"].as_u64().unwrap() > 10));
    // Withdrawn and matched again: the candidate is lost, and the page says so first.
    lab.run(&["families", "withdraw", &family, "--cause", "found"]).ends(0);
    lab.run(&["match"]).ends(0);
    let report = page_json(&lab, &["family", &family]);
    assert_eq!((&report["withdrawn"], &report["candidates"]["total"]), (&"found".into(), &0.into()));
    assert_eq!(report["lost"][0]["child"], child.as_str());
    let html = page(&lab, "family.html", &["family", &family, "--lang", "en"]);
    assert!(html.find("the child was found").unwrap() < html.find("<h2").unwrap(), "the alert is on top");
    assert!(html.contains("<svg") && !has_genotype(&html));
    // Back again, the candidate is no lost one.
    lab.run(&["families", "restore", &family]).ends(0);
    lab.run(&["match"]).ends(0);
    let report = page_json(&lab, &["family", &family]);
    assert_eq!((report["lost"].as_array().unwrap().len(), &report["withdrawn"]), (0, &Value::Null));
    lab.run(&["report", "family", &child, "--out", &lab.name("none.html")]).ends(2).says(&["there is no family"]);
    assert!(!lab.path("none.html").exists());
}

#[test]
fn a_family_has_a_report_before_the_first_match() {
    let lab = Lab::with_population(20, 60);
    let exported = lab.name("out.csv");
    lab.run(&["export", "--as", "families", &exported]).ends(0);
    let text = lab.read("out.csv");
    let family = text.lines().nth(1).unwrap().split(',').next().unwrap();
    let report = page_json(&lab, &["family", family]);
    assert_eq!((&report["run"], &report["missed"]), (&Value::Null, &Value::Null));
    assert!(page(&lab, "family.html", &["family", family, "--lang", "zh"]).contains("reunite match"));
    lab.run(&["report", "night", "--out", &lab.name("night.html")]).ends(2).says(&["reunite match"]);
}

#[test]
fn the_validation_report_is_that_of_its_file() {
    let lab = Lab::with_population(40, 200);
    let dir = lab.name("checked");
    lab.run(&["validate", "--pairs", "100", "--out", &dir]).ends(0);
    let bytes = fs::read(lab.path("checked/validation.json")).unwrap();
    let report = page_json(&lab, &["validation", &dir]);
    assert_eq!(report["digest"], blake3::hash(&bytes).to_string());
    let text = lab.read("checked/report.txt");
    assert!(text.contains(report["digest"].as_str().unwrap()));
    let html = page(&lab, "v.html", &["validation", &dir, "--lang", "en"]);
    assert_eq!(html, page(&lab, "v.html", &["validation", &dir, "--lang", "en"]), "the same bytes");
    let shapes = report["shapes"].as_array().unwrap().len();
    assert_eq!(html.matches("<svg").count(), 2 * shapes + 1);
    let bins = report["reliability"].as_array().unwrap().iter().zip(report["intervals"].as_array().unwrap());
    for (bin, interval) in bins.filter(|(bin, _)| bin["candidates"].as_u64().unwrap() > 0) {
        let share = bin["true_candidates"].as_f64().unwrap() / bin["candidates"].as_f64().unwrap();
        let [low, high] = [0, 1].map(|at| interval[at].as_f64().unwrap());
        assert!(low - 1e-12 <= share && share <= high + 1e-12 && low >= 0.0 && high <= 1.0, "{low} {share} {high}");
    }
    // Neither another file nor another version is taken for one.
    let out = lab.name("none.html");
    let refused = |text: &str, says: &[&str]| {
        lab.write("checked/validation.json", text);
        lab.run(&["report", "validation", &dir, "--out", &out]).ends(2).says(says);
        assert!(!lab.path("none.html").exists());
    };
    refused("{", &["validation.json", "reunite validate"]);
    refused("{\"schema_version\": 0}", &["schema version 0"]);
    let whole = String::from_utf8(bytes).unwrap();
    refused(&whole.replace("\"tippett\"", "\"tipp\""), &["missing field"]);
    refused(&whole.replace("\"turing_holds\"", "\"turing\""), &["validation.html"]);
    fs::remove_file(lab.path("checked/validation.json")).unwrap();
    lab.run(&["report", "validation", &dir, "--out", &out]).ends(2).says(&["cannot read", "reunite validate --out"]);
}

/// Checks pages for barriers to people who use them by keyboard or with a screen reader.
#[test]
#[ignore = "requires chromium and axe-core: the script .ci/axe in REUNITE_AXE; .ci/run sets it"]
fn axe_finds_no_barrier() {
    let script = std::env::var("REUNITE_AXE").expect("REUNITE_AXE names the script .ci/axe");
    let (lab, family, child) = matched();
    let dir = lab.name("checked");
    lab.run(&["validate", "--pairs", "100", "--out", &dir]).ends(0);
    let mut pages = Vec::new();
    for lang in ["en", "zh"] {
        let reports: [&[&str]; 4] = [
            &["candidate", &family, &child, "--show-genotypes"],
            &["night"],
            &["family", &family],
            &["validation", &dir],
        ];
        for words in reports {
            let name = format!("{}-{lang}.html", words[0]);
            page(&lab, &name, &[words, &["--lang", lang]].concat());
            pages.push(lab.name(&name));
        }
    }
    let checked = Command::new(script).args(&pages).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
    assert_eq!(said.matches(" 0 violated").count(), pages.len(), "{said}");
}

/// Prints pages with a real browser. It must find nothing to complain about, and print A4.
#[test]
#[ignore = "requires the program chromium; .ci/run installs it"]
fn a_browser_prints_reports_without_a_complaint() {
    let (lab, family, child) = matched();
    let dir = lab.name("checked");
    lab.run(&["validate", "--pairs", "100", "--out", &dir]).ends(0);
    let reports: [(&[&str], std::ops::RangeInclusive<usize>); 5] = [
        (&["candidate", &family, &child], 4..=9),
        (&["candidate", &family, &child, "--show-genotypes"], 4..=9),
        (&["night"], 3..=8),
        (&["family", &family], 2..=6),
        (&["validation", &dir], 5..=14),
    ];
    for lang in ["en", "zh"] {
        for (words, expected) in &reports {
            page(&lab, "page.html", &[words, &["--lang", lang][..]].concat());
            let (page, pdf) = (lab.name("page.html"), lab.name("page.pdf"));
            let profile = format!("--user-data-dir={}", lab.name("browser"));
            let printed = Command::new("chromium")
                .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"])
                .args(["--no-pdf-header-footer", &profile, &format!("--print-to-pdf={pdf}"), &format!("file://{page}")])
                .output()
                .expect("chromium is installed");
            let said = String::from_utf8_lossy(&printed.stderr).into_owned();
            assert!(printed.status.success(), "{said}");
            let complaints: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
            assert!(complaints.is_empty(), "{complaints:?}");
            let pdf = fs::read(&pdf).unwrap();
            let text = String::from_utf8_lossy(&pdf);
            assert!(text.starts_with("%PDF"));
            let pages = text.matches("/Type /Page\n").count();
            assert!(expected.contains(&pages), "{words:?} {lang}: {pages} pages");
            // A4 in points: 595 x 842, and what the browser makes of it.
            assert!(text.contains("/MediaBox [0 0 594.95996 841.91998]"), "A4");
        }
    }
}
