//! Tests of the pages that `reunite report` writes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use reunite::audit::ReviewerKey;
use reunite::pseudonym::KeySource;
use reunite::review::{Decision, ReasonCode};
use reunite::store::{self, NewDecision, Store};
use serde_json::Value;

use crate::common::Lab;

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
    let [a, b] = ["R17", "R23"].map(|staff| {
        let key = ReviewerKey::random().unwrap();
        store.enrol_reviewer(&staff.parse().unwrap(), key.public(), &store::entry("review enrol", None)).unwrap();
        key
    });
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
    report("a.html").ends(2).says(&["templates", "own"]);
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

/// Prints pages with a real browser. It must find nothing to complain about, and print A4.
#[test]
#[ignore = "requires the program chromium; .ci/run installs it"]
fn a_browser_prints_reports_without_a_complaint() {
    let (lab, family, child) = matched();
    for lang in ["en", "zh"] {
        for more in [&[][..], &["--show-genotypes"]] {
            let (page, pdf) = (lab.name("page.html"), lab.name("page.pdf"));
            let words = ["report", "candidate", &family, &child, "--out", &page, "--force", "--lang", lang];
            lab.run(&[&words[..], more].concat()).ends(0);
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
            assert!((4..=9).contains(&pages), "{pages} pages");
            // A4 in points: 595 x 842, and what the browser makes of it.
            assert!(text.contains("/MediaBox [0 0 594.95996 841.91998]"), "A4");
        }
    }
}
