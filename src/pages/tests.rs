//! Checks the catalogues against each other, the templates and the words of the program, and what pages say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::error::PageError;
use super::phrases::{Catalogue, parts};
use super::render::{add_functions, page};
use super::screens::{SAYINGS, Screen, saying};
use super::templates::{SCREENS, Templates};
use crate::facts::{Fact, Reason, Verdict};
use crate::matching::Alternative;
use crate::meaning::{Class, Lack};
use crate::model::{Language, Relation, Sex};
use crate::report::Remedy;
use crate::review::{BasisPart, Conflict, Deadline, Decision, NextAction, ReasonCode, Role, Status, Step, StepDoubt};

/// Returns the sections that hold the words of an enumeration, with exactly these words.
fn sections() -> Vec<(&'static str, Vec<&'static str>)> {
    let relations =
        || Relation::ALL.iter().map(|one| one.word()).chain(["parent", "member", "child"]).collect::<BTreeSet<_>>();
    let relations = || relations().into_iter().collect::<Vec<_>>();
    let classes = || Class::ALL.iter().map(|one| one.word()).collect::<Vec<_>>();
    let rivals = Alternative::DESCENDANTS.iter().chain(&Alternative::RIVALS).map(|one| one.word());
    let rivals: BTreeSet<&str> = rivals.collect();
    let glossary = || vec!["lr", "incompatible", "cpi", "chance", "posterior"];
    let remedies = [Remedy::Sample(Relation::Mother), Remedy::TypeAllLoci, Remedy::LowerThreshold];
    vec![
        ("relation", relations()),
        ("short", relations()),
        ("sex", [Sex::Female, Sex::Male, Sex::Unknown].iter().map(|one| one.word()).collect()),
        ("mode", vec!["full", "delta"]),
        ("class", classes()),
        ("class_means", classes()),
        ("class_next", classes()),
        ("lack", Lack::ALL.iter().map(|one| one.word()).collect()),
        ("alternative", rivals.into_iter().collect()),
        ("view", vec!["stated", "without", "other-parent", "exchanged", "half", "full"]),
        ("decision", Decision::ALL.iter().map(|one| one.word()).collect()),
        ("code", ReasonCode::ALL.iter().map(|one| one.word()).collect()),
        ("status", Status::ALL.iter().map(|one| one.word()).collect()),
        ("part", BasisPart::ALL.iter().map(|one| one.word()).collect()),
        ("step", Step::ALL.iter().map(|one| one.word()).collect()),
        ("step_to_do", vec!["informed", "recognised", "handed-over", "registered"]),
        ("deadline", Deadline::ALL.iter().map(|one| one.word()).collect()),
        ("next", NextAction::ALL.iter().map(|one| one.word()).collect()),
        ("conflict", Conflict::ALL.iter().map(|one| one.word()).collect()),
        ("doubt", StepDoubt::ALL.iter().map(|one| one.word()).collect()),
        ("event", vec!["decision", "retest", "typing", "step", "changed", "conflict", "found", "done"]),
        ("drawing", DRAWING.split_whitespace().collect()),
        ("lost_cause", LOST_CAUSES.split_whitespace().collect()),
        ("family_mark", FAMILY_MARKS.split_whitespace().collect()),
        ("withdrawal", WITHDRAWALS.split_whitespace().collect()),
        ("waiting_who", NextAction::ALL.iter().map(|one| one.by()).collect::<BTreeSet<_>>().into_iter().collect()),
        ("waiting_next", NextAction::ALL.iter().map(|one| one.word()).collect()),
        ("nights_mode", vec!["full", "delta"]),
        ("missed_cause", vec!["relatives", "loci", "mutation", "drop_out", "papers"]),
        ("remedy", remedies.iter().map(|one| one.word()).collect()),
        ("truth", vec!["child", "unrelated"]),
        ("validation_term", vec!["lr", "tippett", "cllr", "ece", "turing"]),
        ("validation_text", vec!["lr", "tippett", "cllr", "ece", "turing"]),
        ("fact", Fact::ALL.iter().map(|one| one.word()).collect()),
        ("verdict", Verdict::ALL.iter().map(|one| one.word()).collect()),
        ("fact_reason", Reason::ALL.iter().map(|one| one.words()).collect()),
        ("sample_action", vec!["delete", "renew", "review"]),
        ("sample_side", vec!["child", "relative"]),
        ("role", Role::ALL.iter().map(|one| one.word()).collect()),
        ("grouping", vec!["region", "agency", "month"]),
        ("measure", MEASURES.split_whitespace().collect()),
        ("interval", vec!["days-to-first-candidate", "days-to-confirmation", "days-to-hand-over"]),
        ("glossary_term", glossary()),
        ("glossary_text", glossary()),
    ]
}

// Words of rooms that this one does not import; `tests/it/report.rs` compares them.
const LOST_CAUSES: &str =
    "family-withdrawn data-changed purpose-ended found-again returned settings-changed below-criterion";
const FAMILY_MARKS: &str = "same-person exchanged-samples swapped-sample wrong-relation sample-or-relation contradiction \
     mutation";
const WITHDRAWALS: &str = "wrong-sample wrong-relation found consent other";

const MEASURES: &str = "families families-unidentifiable families-with-candidate children candidates-strong \
     candidates-candidate candidates-more-loci candidates-unlikely under-review confirmed refuted handed-over";

/// The words that the drawings need.
const DRAWING: &str = "pedigree pedigree_text typed untyped missing bars bars_text locus log10_lr sum incompatible \
     not_compared distributions distributions_text density related unrelated this_pair threshold tippett tippett_text \
     share reliability reliability_text mean_posterior share_true candidates interval diagonal ece ece_text \
     log10_prior_odds bits with_lr without_lr nights nights_text night changes changes_broken gained lost";

/// Sections with phrases for some texts of the program; other texts are shown unchanged.
const OPEN: [&str; 5] = ["cpi_name", "why_not", "least_with", "operation", "published"];

fn words(section: &str) -> impl Iterator<Item = &'static str> {
    sections().into_iter().filter(move |one| one.0 == section).flat_map(|one| one.1)
}

fn catalogue(language: Language) -> Catalogue {
    Catalogue::of(language).unwrap()
}

const SAMPLES: [&str; 3] =
    [include_str!("samples/half-siblings.json"), include_str!("samples/bare.json"), include_str!("samples/trio.json")];

/// Samples of the other pages, each with its template.
const OTHER_SAMPLES: [(&str, &str); 6] = [
    ("night.html", include_str!("samples/night.json")),
    ("night.html", include_str!("samples/night-empty.json")),
    ("family.html", include_str!("samples/family.json")),
    ("family.html", include_str!("samples/family-bare.json")),
    ("validation.html", include_str!("samples/validation.json")),
    ("letter.html", include_str!("samples/letter.json")),
];

fn other_sample(number: usize) -> Value {
    serde_json::from_str(OTHER_SAMPLES[number].1).unwrap()
}

fn sample(number: usize) -> Value {
    serde_json::from_str(SAMPLES[number]).unwrap()
}

fn render(language: Language, template: &str, context: &Value) -> Result<String, PageError> {
    let mut context = context.clone();
    context["lang"] = language.code().into();
    page(&Templates::embedded(), catalogue(language), template, &context)
}

fn both(context: &Value) -> [String; 2] {
    both_of("candidate.html", context)
}

fn both_of(template: &str, context: &Value) -> [String; 2] {
    let page = |language: Language| {
        render(language, template, context).unwrap_or_else(|error| panic!("{template} {language:?}: {error:?}"))
    };
    // minijinja escapes the slash, too.
    Language::ALL.map(|language| page(language).replace("&#x2f;", "/"))
}

/// Every sample of every page, in both languages.
fn all_pages() -> Vec<String> {
    let candidates = SAMPLES.map(|text| ("candidate.html", text));
    let pages = candidates.into_iter().chain(OTHER_SAMPLES);
    pages.flat_map(|(template, text)| both_of(template, &serde_json::from_str(text).unwrap())).collect()
}

/// All templates but styles.
fn templates() -> String {
    let of_reports = Templates::embedded().files;
    let of_reports = of_reports.iter().filter(|(name, _)| name.ends_with(".html")).map(|(_, text)| text.as_str());
    of_reports.chain(SCREENS.iter().map(|screen| screen.1)).collect::<Vec<_>>().join("\n")
}

#[test]
fn catalogues_have_the_same_keys_and_placeholders() {
    let placeholders = |lang: Language| -> BTreeMap<String, BTreeSet<String>> {
        let of = |phrase| parts(phrase).into_iter().filter_map(|part| part.err().map(str::to_owned)).collect();
        catalogue(lang).all().map(|(key, phrase)| (key.to_owned(), of(phrase))).collect()
    };
    assert_eq!(placeholders(Language::English), placeholders(Language::Chinese));
    for lang in Language::ALL {
        assert!(catalogue(lang).all().all(|(_, phrase)| !phrase.is_empty()));
    }
}

#[test]
fn sections_of_enumerations_have_exactly_their_words() {
    for (section, expected) in sections() {
        let prefix = format!("{section}.");
        let known = catalogue(Language::English);
        let mut has: BTreeSet<&str> = known.all().filter_map(|(key, _)| key.strip_prefix(&prefix)).collect();
        has.retain(|key| !(section == "relation" && key.is_empty()));
        assert_eq!(has, expected.into_iter().collect(), "{section}");
    }
}

/// Returns the texts between `before` and the next quotation mark, each with the text that follows.
fn quoted<'a>(text: &'a str, before: &str) -> Vec<(&'a str, &'a str)> {
    text.match_indices(before)
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .filter_map(|(at, found)| text[at + found.len()..].split_once('"'))
        .collect()
}

#[test]
fn every_key_is_used_and_every_used_key_exists() {
    let (english, templates) = (catalogue(Language::English), templates());
    let mut used = BTreeSet::from(["number.over".to_owned()]);
    used.extend(SAYINGS.map(str::to_owned));
    for (key, after) in quoted(&templates, "t(\"") {
        if after.trim_start().starts_with('~') {
            let begun: Vec<&str> = english.all().map(|one| one.0).filter(|one| one.starts_with(key)).collect();
            assert!(!begun.is_empty(), "{key}");
            used.extend(begun.into_iter().map(str::to_owned));
        } else {
            assert!(english.get(key).is_some(), "unknown: {key}");
            used.insert(key.to_owned());
        }
    }
    let sections: BTreeSet<&str> =
        ["word(\"", "list(\"", "say(\""].iter().flat_map(|call| quoted(&templates, call)).map(|one| one.0).collect();
    for section in &sections {
        assert!(OPEN.contains(section) || words(section).next().is_some(), "unknown section: {section}");
    }
    for (key, _) in english.all() {
        let section = key.split_once('.').unwrap().0;
        let is_word = sections.contains(section) || ["short", "view", "drawing"].contains(&section);
        assert!(is_word || used.contains(key.strip_suffix("-one").unwrap_or(key)), "never used: {key}");
    }
}

/// Removes what lies between two marks.
fn without(text: &str, from: &str, to: &str) -> String {
    let (mut left, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(from) {
        left += before;
        rest = after.split_once(to).map_or("", |cut| cut.1);
    }
    left + rest
}

#[test]
fn templates_have_no_text_of_their_own() {
    let bare = without(&without(&without(&templates(), "{#", "#}"), "{%", "%}"), "{{", "}}");
    let bare = without(&bare, "<style>", "</style>");
    for attribute in ["aria-label=\"", "title=\"", "alt=\"", "placeholder=\""] {
        for (value, _) in quoted(&bare, attribute) {
            assert!(!value.contains(char::is_alphabetic), "{attribute}{value}");
        }
    }
    let text = without(&bare, "<", ">");
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(char::is_alphabetic)).collect();
    assert!(lines.is_empty(), "{lines:?}");
    // Nor in the texts of expressions: only keys and words are quoted there, but for the cut " UTC".
    for chunk in templates().split("{{").skip(1).filter_map(|rest| rest.split_once("}}").map(|cut| cut.0)) {
        for text in chunk.split('"').skip(1).step_by(2).filter(|text| *text != " UTC") {
            assert!(text.is_ascii() && !text.contains(' '), "{chunk}");
        }
    }
    // Style has no text for readers, and what is in `content` comes from a block.
    assert!(!templates().contains("@import") && !templates().contains("url("));
}

#[test]
fn pages_are_closed_to_scripts_and_the_network() {
    for html in all_pages() {
        assert!(html.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
        for barred in ["<script", "<link", "<img", "http:", "https:", "@import", "url(", " onclick", "javascript:"] {
            let text = html.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "");
            assert!(!text.contains(barred), "{barred}");
        }
    }
}

#[test]
fn text_from_outside_is_escaped() {
    let mut context = sample(0);
    let bad = "<b onclick=\"x\">'&";
    context["numbers"]["family"] = bad.into();
    context["people"][0]["agency"] = bad.into();
    context["people"][0]["kit"] = bad.into();
    context["review"]["history"][0]["text"] = bad.into();
    context["review"]["history"][1]["account"] = bad.into();
    context["loci"][0]["linked_with"] = bad.into();
    context["result"]["incompatible"] = json!([bad]);
    context["settings"]["population"] = bad.into();
    context["meaning"]["log10_lr_min_with"] = bad.into();
    context["views"][0] = json!({ "view": bad, "log10_lr": 1.0, "log10_doubt": 0.0, "incompatible_loci": 0 });
    for html in both(&context) {
        assert!(!html.contains("<b on"), "{}", &html[html.find("<b on").unwrap_or(0)..][..200]);
        assert!(!html.contains("&amp;lt;"), "escaped twice");
        assert!(html.matches("&lt;b onclick=&quot;x&quot;&gt;&#x27;&amp;").count() >= 11);
    }
}

#[test]
fn elements_balance_and_headings_are_in_order() {
    for (name, html) in all_pages().into_iter().enumerate() {
        let (mut open, mut level) = (Vec::new(), 0);
        let html = without(&html, "<style>", "</style>");
        for tag in html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
            let word = tag.split([' ', '\n']).next().unwrap();
            if let Some(end) = word.strip_prefix('/') {
                assert_eq!(open.pop(), Some(end), "{name}");
            } else if !tag.ends_with('/') && !["!doctype", "meta", "br"].contains(&word) {
                open.push(word);
            }
            if let Some(now) = word.strip_prefix('h').and_then(|digit| digit.parse::<u32>().ok()) {
                assert!(now <= level + 1, "h{now} follows h{level}");
                level = now;
            }
            assert!(word != "th" || tag.contains("scope="), "{tag}");
        }
        assert!(open.is_empty(), "{open:?}");
        assert_eq!(html.matches("<table").count(), html.matches("<caption").count());
        // Every link leads to a place of the page.
        for (target, _) in quoted(&html, "href=\"#") {
            assert!(html.contains(&format!("id=\"{target}\"")), "{name}: {target}");
        }
    }
}

#[test]
fn every_word_of_the_program_has_a_phrase_on_the_page() {
    let base = sample(0);
    let try_out = |change: &dyn Fn(&mut Value)| {
        let mut context = base.clone();
        change(&mut context);
        both(&context)
    };
    for word in words("relation") {
        try_out(&|c| {
            c["people"][1]["relation"] = word.into();
            c["people"][1]["name"] = format!("{word} 2").into();
            c["loci"][0]["left_out"] = json!([word]);
            c["loci"][1]["disputed"] = json!([word, "child"]);
        });
    }
    for word in words("class") {
        try_out(&|c| {
            c["meaning"]["class"] = word.into();
            c["review"]["next"] = Value::Null;
        });
    }
    try_out(&|c| c["meaning"]["lacks"] = words("lack").collect());
    let rivals: Vec<Value> = words("alternative")
        .zip([0.0, 0.01, -1.0, 5.0, 30.0, -0.01, 2.0, -40.0])
        .map(|(rival, log10_lr)| json!({ "rival": rival, "log10_lr": log10_lr }))
        .chain([json!({ "rival": "nephew", "log10_lr": null })])
        .collect();
    let [english, _] = try_out(&|c| c["meaning"]["rivals"] = rivals.clone().into());
    assert!(english.contains("is impossible") && english.contains("exactly as well"));
    for status in words("status") {
        for next in words("next").map(Some).chain([None]) {
            try_out(&|c| {
                c["review"]["status"] = status.into();
                c["review"]["next"] = next.into();
            });
        }
    }
    for step in words("step") {
        try_out(&|c| c["review"]["step"] = step.into());
    }
    try_out(&|c| c["review"]["changed"] = words("part").collect());
    for is_candidate in [true, false] {
        try_out(&|c| {
            c["is_candidate"] = is_candidate.into();
            c["review"]["status"] = "reopened".into();
            c["review"]["step"] = "handed-over".into();
            c["review"]["changed"] = json!(["profiles"]);
        });
    }
    let conflict = |word| json!({ "conflict": word, "family": "f0", "child": "c0" });
    try_out(&|c| c["review"]["conflicts"] = words("conflict").map(conflict).collect());
    try_out(&|c| c["meaning"]["rivals_not_computed"] = words("alternative").collect());
    for further in [Value::Null, 0.into(), 1.into(), 7.into(), 900.into()] {
        try_out(&|c| c["meaning"]["further_loci"] = further.clone());
    }
    for log10 in [-3.0, -0.01, 0.0, 0.01, 2.0, 12.0] {
        try_out(&|c| {
            c["meaning"]["margin_child"] = json!({ "log10": log10, "at_least": false });
            c["meaning"]["margin_family"] = json!({ "log10": log10, "at_least": false });
        });
    }
    for number in [0, 1, 2, 2002] {
        try_out(&|c| {
            c["meaning"]["prior"]["children"] = number.into();
            c["meaning"]["observed_at_least"] = number.into();
            c["meaning"]["chance_hits_bounded"] = (number == 1).into();
            c["result"]["loci_compared"] = number.into();
            c["result"]["incompatible_loci"] = number.into();
            c["loci"][0]["unlisted"] = number.into();
        });
    }
    for log10 in [Value::Null, (-5.0).into(), 0.0.into(), 9.0.into()] {
        try_out(&|c| {
            c["result"]["log10_lr"] = log10.clone();
            c["loci"][3]["log10_lr"] = log10.clone();
            c["loci"][3]["running"] = log10.clone();
            c["views"][0]["log10_lr"] = log10.clone();
            let why = (log10.is_null()).then_some("another reason");
            c["cpi"] =
                json!({ "log10": log10, "loci": 1, "inconsistent_loci": 3, "name": "X", "flag": true, "why_not": why });
        });
    }
    let event = |kind: &str| {
        json!({ "number": 1, "at": "2026-01-01 00:00 UTC", "account": "a", "kind": kind, "staff": null, "hidden": false,
            "decision": null, "code": null, "text": null, "agrees": false, "step": null, "date": "2026-01-01", "changed": [] })
    };
    let mut history: Vec<Value> = words("event").map(event).collect();
    for (field, section, kind) in [
        ("decision", "decision", "decision"),
        ("code", "code", "decision"),
        ("step", "step", "step"),
        ("deadline", "deadline", "done"),
    ] {
        for word in words(section) {
            let mut one = event(kind);
            one[field] = word.into();
            history.push(one);
        }
    }
    try_out(&|c| c["review"]["history"] = history.clone().into());
    for steps in [Value::Null, 1.into(), 2.into()] {
        let [english, _] = try_out(&|c| {
            c["loci"][2]["compatible"] = false.into();
            let both = [json!({ "parent": "father", "steps": steps }), json!({ "parent": "mother", "steps": 1 })];
            c["loci"][2]["mutations"] = json!(both);
            c["loci"][4]["compatible"] = Value::Null;
        });
        assert!(english.contains("mother 1 step") && english.contains("the relatives themselves require"));
    }
    for kind in words("view") {
        let row = json!({ "kind": kind, "relation": "mother", "sample": "0123456789", "with": "abcdefghij", "with_relation":
            "full-sibling", "side": "father", "shared": "mother", "view": "x", "log10_lr": null, "log10_doubt": -2.0,
            "incompatible_loci": ["vWA"] });
        let word = json!({ "view": kind, "log10_lr": 1.0, "log10_doubt": -2.0, "incompatible_loci": 3 });
        try_out(&|c| c["views"] = json!([row, word]));
    }
}

#[test]
fn every_word_has_a_phrase_in_the_reports_of_nights_and_families() {
    let night = |change: &dyn Fn(&mut Value)| {
        let mut context = other_sample(0);
        change(&mut context);
        both_of("night.html", &context)
    };
    let family = |change: &dyn Fn(&mut Value)| {
        let mut context = other_sample(2);
        change(&mut context);
        both_of("family.html", &context)
    };
    for cause in words("lost_cause") {
        night(&|c| c["lost"][0]["cause"] = cause.into());
        family(&|c| c["lost"][0]["cause"] = cause.into());
    }
    for step in words("step") {
        night(&|c| {
            c["lost"][0]["step"] = step.into();
            c["changed"][0]["step"] = step.into();
            c["waiting"]["rows"][0]["step"] = step.into();
        });
        family(&|c| {
            c["lost"][0]["step"] = step.into();
            c["candidates"]["rows"][0]["step"] = step.into();
        });
    }
    night(&|c| c["flagged"]["rows"][0]["marks"] = words("family_mark").collect());
    family(&|c| c["marks"] = words("family_mark").collect());
    for reason in words("withdrawal") {
        night(&|c| c["flagged"]["rows"][0]["withdrawn"] = reason.into());
        family(&|c| c["withdrawn"] = reason.into());
    }
    for action in NextAction::ALL {
        let pages = night(&|c| {
            c["waiting"]["rows"][0]["next"] = action.word().into();
            c["waiting"]["rows"][0]["who"] = action.by().into();
            c["waiting"]["rows"][0]["conflicts"] = words("conflict").collect();
        });
        let phrase = catalogue(Language::English).need(&format!("waiting_next.{action}")).unwrap().to_owned();
        assert!(pages[0].contains(&phrase), "{phrase}");
        family(&|c| c["reviews"][0]["next"] = action.word().into());
    }
    for deadline in words("deadline") {
        night(&|c| c["waiting"]["deadlines"][0]["deadline"] = deadline.into());
    }
    for status in words("status") {
        night(&|c| c["new"]["rows"][0]["status"] = status.into());
        family(&|c| {
            c["candidates"]["rows"][0]["status"] = status.into();
            c["reviews"][0]["status"] = status.into();
        });
    }
    family(&|c| {
        c["reviews"][0]["changed"] = words("part").collect();
        c["reviews"][0]["conflicts"] = words("conflict").collect();
    });
    for class in words("class").map(Value::from).chain([Value::Null]) {
        night(&|c| c["new"]["rows"][0]["class"] = class.clone());
        family(&|c| c["candidates"]["rows"][0]["class"] = class.clone());
    }
    for relation in words("relation") {
        night(&|c| c["new"]["rows"][0]["relatives"] = json!([relation, relation]));
        family(&|c| c["missed"]["remedies"] = json!([{ "remedy": "sample", "relation": relation, "missed": 0.01 }]));
    }
    for remedy in words("remedy") {
        family(&|c| c["missed"]["remedies"] = json!([{ "remedy": remedy, "relation": null, "missed": 0.01 }]));
    }
    // Nothing weighed, and a run of which much is not known.
    night(&|c| {
        c["new"]["by_class"] = Value::Null;
        c["prior"] = Value::Null;
        c["run"]["min_log10_lr"] = Value::Null;
        c["run"]["max_per_family"] = 1.into();
        c["run"]["max_chance_hits"] = 0.5.into();
        c["is_last"] = false.into();
        c["is_outdated"] = true.into();
    });
    family(&|c| c["missed"] = Value::Null);
    family(&|c| c["missed"]["remedies"] = json!([]));
}

#[test]
fn text_from_outside_is_escaped_in_all_pages() {
    let bad = "<b onclick=\"x\">'&";
    let mut night = other_sample(0);
    for field in ["family_number", "child_number", "family_agency", "child_region", "child_kit"] {
        night["new"]["rows"][0][field] = bad.into();
    }
    night["unscored"]["rows"][0]["reason"] = bad.into();
    night["waiting"]["rows"][0]["decided_by"] = json!([bad]);
    night["settings"]["model"] = bad.into();
    let mut family = other_sample(2);
    family["number"] = bad.into();
    family["people"][0]["agency"] = bad.into();
    family["candidates"]["rows"][0]["child_number"] = bad.into();
    family["reviews"][0]["decided_by"] = json!([bad]);
    let mut validation = other_sample(4);
    validation["population"] = bad.into();
    validation["model"] = bad.into();
    validation["published"][0]["figure"] = bad.into();
    for (template, context, least) in
        [("night.html", night, 8), ("family.html", family, 4), ("validation.html", validation, 3)]
    {
        for html in both_of(template, &context) {
            assert!(!html.contains("<b on") && !html.contains("&amp;lt;"), "{template}");
            assert!(html.matches("&lt;b onclick=&quot;x&quot;&gt;&#x27;&amp;").count() >= least, "{template}");
        }
    }
}

#[test]
fn a_failing_bound_stands_on_top_of_a_validation() {
    let mut context = other_sample(4);
    assert!(!both_of("validation.html", &context)[0].contains("class=\"alert\""));
    context["shapes"][0]["turing_holds"] = false.into();
    for html in both_of("validation.html", &context) {
        assert!(html.find("class=\"alert\"").unwrap() < html.find("<h2").unwrap());
    }
}

#[test]
fn a_hidden_decision_stays_hidden() {
    let mut context = sample(0);
    let hidden = &mut context["review"]["history"][3];
    assert_eq!(hidden["hidden"], true);
    // Even if the program failed to remove what is hidden.
    hidden["decision"] = "refute".into();
    hidden["code"] = "profiles-contradict".into();
    hidden["text"] = "secret".into();
    let [english, chinese] = both(&context);
    assert!(english.contains("hidden until a second reviewer has decided") && !english.contains("secret"));
    assert!(!english.contains("<b>refute</b>") && !english.contains("profiles contradict the stated"));
    assert!(chinese.contains("第二名复核人作出决定之前不显示") && !chinese.contains("<b>排除</b>"));
}

#[test]
fn genotypes_appear_only_if_they_are_shown() {
    let mut context = sample(2);
    assert!(both(&context).iter().all(|html| html.contains("15/18")));
    context["show_genotypes"] = false.into();
    assert!(both(&context).iter().all(|html| !html.contains("15/18")));
}

#[test]
fn the_report_is_a_lead_and_no_verdict() {
    for name in 0..SAMPLES.len() {
        let [english, chinese] = both(&sample(name));
        assert!(english.contains("It is not an expert opinion") && chinese.contains("比对线索，不是鉴定意见书"));
        assert!(
            chinese.contains("在排除同卵多胞胎、近亲属和外源干扰的前提下")
                && chinese.contains("仅对受理的检材和样本有效")
        );
        let order = ["一、绪论", "二、检验", "三、论证", "四、意见", "鉴定人/比对人", "复核人</b>", "授权签字人"];
        let places: Vec<usize> = order.iter().map(|part| chinese.find(part).unwrap()).collect();
        assert!(places.is_sorted());
        let of = |html: &str, from: &str, to: &str| html[html.find(from).unwrap()..html.find(to).unwrap()].to_owned();
        let conclusions =
            [of(&english, "4. Conclusion", "Decisions and signatures"), of(&chinese, "四、意见", "决定与签名")];
        for verdict in
            ["is the child", "is the missing", "is not the", "是该家系", "为本家系", "生物学", "支持", "予以认定"]
        {
            assert!(conclusions.iter().all(|text| !text.contains(verdict)), "{verdict}");
        }
    }
    for lang in Language::ALL {
        for (key, phrase) in catalogue(lang).all() {
            assert!(!phrase.contains("匿名") && !phrase.contains("anonym"), "{key}");
            let words =
                ["鉴定意见", "such many", "so many", "goes with", "held against", "told", "as it is", "stands in"];
            let found = words.iter().find(|word| phrase.contains(**word));
            assert!(found.is_none() || key == "report.not_an_opinion", "{key}: {found:?}");
        }
    }
}

#[test]
fn a_missing_placeholder_and_a_missing_field_are_errors() {
    let mut context = sample(0);
    context.as_object_mut().unwrap().remove("settings");
    assert!(render(Language::English, "candidate.html", &context).is_err());
    let mut env = minijinja::Environment::new();
    add_functions(&mut env, catalogue(Language::English));
    let of = |template: &str| env.render_str(template, ()).map_err(|error| error.to_string());
    assert!(of("{{ t('note.linked') }}").is_err());
    assert!(of("{{ t('note.linked', locus='x', other=1) }}").unwrap_err().contains("other"));
    assert!(of("{{ t('note.linked', locus=1.5) }}").unwrap_err().contains("formatted"));
    assert!(of("{{ t('x.y') }}").unwrap_err().contains("x.y"));
    assert!(of("{{ word('class', 'x') }}").is_err());
    assert_eq!(
        of("{{ t('loci.total', n=1) }}|{{ t('loci.total', n=1234) }}").unwrap(),
        "All, 1 locus compared|All, 1,234 loci compared"
    );
}

#[test]
fn numbers_read_as_people_write_them() {
    let mut env = minijinja::Environment::new();
    add_functions(&mut env, catalogue(Language::English));
    let of = |template: &str| env.render_str(template, ()).unwrap();
    assert_eq!(of("{{ num(-1.25, 1) }} {{ num(4.0) }} {{ num(none, 2) }}"), "\u{2212}1.2 4 \u{2212}\u{221e}");
    assert_eq!(of("{{ lr(4.3711) }} {{ lr(-2) }} {{ lr(none) }}"), "23,502 0.010 0");
    assert_eq!(
        of("{{ sci(0.99999) }} {{ sci(0.5) }} {{ sci(1) }} {{ sci(0.99999999) }} {{ sci(3.456) }}"),
        "0.999990 0.500 over 0.999999 over 0.999999 3.5"
    );
    let power = "<span class=\"n\">4.2\u{a0}\u{d7}\u{a0}10<sup>\u{2212}7</sup></span>";
    assert_eq!(of("{{ sci(4.2e-7) }}"), power);
    assert!(of("{{ lr(12.9999) }}").contains("10<sup>13</sup>"));
}

/// A frame as the program makes it, with a pair if the page is about one.
fn frame(pair: &Value) -> Value {
    json!({
        "csrf": "c5f", "here": "/candidates", "staff": "R17", "role": "reviewer", "idle": 15, "pair": pair,
        "family": "6f7d1c0b5a4e4d3c8b2a190817263544",
        "nav": [{ "key": "candidates", "href": "/candidates", "current": true }, { "key": "nights", "href": "/night", "current": false }],
        "said": { "tone": "bad", "text": "<b onclick=\"x\">" },
    })
}

/// What may be done with a pair, with everything that a person can have entered.
fn of_pair() -> Value {
    json!({
        "family": "6f7d1c0b5a4e4d3c8b2a190817263544", "child": "00112233445566778899aabbccddeeff", "generation": 7,
        "events": 2, "others": { "child": 1, "family": 3 }, "genotypes_shown": false, "may_decide": true,
        "codes": [{ "decision": "confirm", "codes": ["profiles-agree", "other"] }],
        "entered": { "decision": "confirm", "code": "confirm:other", "text": "\"><script>" },
        "own": { "decision": "refute", "code": "other", "text": "<b onclick=\"x\">" },
    })
}

/// A file that waits, with every word of the choices and of the outcomes.
fn import_context(bad: &str) -> Value {
    let choice = |(name, words): (&str, &str)| json!({ "name": name, "chosen": "refuse", "words": words.split(' ').collect::<Vec<_>>() });
    let choices = [
        ("holds", "auto families children certificates certificate-claims found-children missing-children keeping"),
        ("conflict", "refuse keep replace add"),
        ("identifiers", "original pseudonyms"),
        ("allele", "homozygote untyped"),
        ("forms", "refuse distinct"),
        ("numbers", "refuse take"),
    ];
    let switches = ["keep_going", "ignore_unknown", "all_sheets", "skip_identities"];
    let rows =
        json!({ "sound": 1200, "rejected": 1, "added": 0, "replaced": 1, "kept": 1, "typings": 1, "unchanged": 1 });
    let line = |severity: &str, lines: &str, further: u64| {
        let column = if lines.is_empty() { Value::Null } else { "D".into() };
        json!({ "severity": severity, "code": "allele", "lines": lines, "further": further, "column": column, "name": bad,
            "what": if further == 1 { "" } else { bad }, "remedy": bad })
    };
    let lines = [line("error", "2-24, 30", 2), line("warning", "", 1), line("note", "", 0)];
    let outcomes = ["imported", "unchanged", "superseded", "rejected", "conflict", "skipped", "failed"];
    let sheet =
        |outcome| json!({ "name": bad, "outcome": outcome, "layout": "children", "rows": rows, "lines": lines });
    let outcome = json!({ "sheets": outcomes.map(sheet), "no_custodian": true, "withdrawn": 2 });
    json!({
        "at_work": false, "done": null, "agencies": [bad], "most": 16, "mib": 16, "minutes": 15,
        "waiting": { "number": "00", "name": bad, "bytes": 12, "outcome": outcome, "has_news": true },
        "asked": { "map": bad, "choices": choices.map(choice), "switches": switches.map(|name| json!({ "name": name, "is_set": true })) },
    })
}

/// Two candidates side by side: one with everything, and one of which nothing is known.
fn compare_context(bad: &str) -> Value {
    let mut columns = other_sample(0)["new"]["rows"].clone();
    columns.as_array_mut().unwrap().truncate(2);
    let [full, bare] = &mut columns.as_array_mut().unwrap()[..] else { panic!("two candidates") };
    full["facts"] =
        ["sex", "age"].map(|fact| json!({ "fact": fact, "verdict": "agreeing", "reason": "the same sex" })).into();
    full["meaning"] = json!({ "log10_lr_min": 4.5, "with": bad, "is_bounded": true, "lacks": ["other-child"] });
    full["review"] = json!({
        "decided_by": [bad], "changed": ["profiles"], "rechecks": 1, "next": "decide", "conflicts": ["child-confirmed"],
    });
    (bare["facts"], bare["meaning"]) = (Value::Null, Value::Null);
    bare["review"] = json!({ "decided_by": [], "changed": [], "rechecks": 0, "next": null, "conflicts": [] });
    let cell =
        |log10_lr: Option<f64>, counts| json!({ "counts": counts, "log10_lr": log10_lr, "is_incompatible": true });
    json!({
        "family": "6f7d1c0b5a4e4d3c8b2a190817263544", "child": "00112233445566778899aabbccddeeff", "of": "child",
        "columns": columns, "is_candidate": true, "others": 5, "outdated": true, "first": "/candidates",
        "next": "/candidates", "loci": [{ "locus": "vWA", "cells": [cell(Some(-1.5), true), cell(None, true)] },
            { "locus": "FGA", "cells": [cell(None, false), cell(Some(1.0), true)] }],
    })
}

/// The values of each page that is not a report.
fn screen_context(screen: Screen) -> Value {
    let bad = "<b onclick=\"x\">'&";
    let row = json!({
        "family": "6f7d1c0b5a4e4d3c8b2a190817263544", "child": "00112233445566778899aabbccddeeff", "next": "decide",
        "since": "2026-11-01", "days": 1, "decided_by": [bad], "conflicts": ["family-confirmed"],
    });
    let total = json!({ "group": null, "counts": {}, "median_days": {} });
    let counts = json!({ "group": bad, "within": bad, "counts": { "families": 12, "children": null }, "median_days": { "days-to-confirmation": 2.5 } });
    let orders = ["best", "newest", "oldest", "family", "child", "loci", "incompatible"]
        .map(|word| json!({ "word": word, "href": "/candidates?order=x" }));
    let deadlines =
        [(None, Some(1)), (Some(0), None), (Some(3), None)].map(|(overdue, left): (Option<u32>, Option<u32>)| {
            json!({
                "child": "00112233445566778899aabbccddeeff", "deadline": "transfer", "found": "2026-11-01",
                "due": "2026-11-08", "overdue": overdue, "left": left,
            })
        });
    match screen {
        Screen::SignIn => json!({}),
        Screen::Candidates => json!({
            "never_matched": false, "count": 2, "outdated": true, "first": "/candidates", "next": "/candidates?after=1",
            "rows": other_sample(0)["new"]["rows"],
            "query": { "q": bad, "least": 4, "incompatible": "", "found": "all", "state": "some", "agency": bad, "order": "newest", "view": "full" },
            "orders": orders,
            "range": { "from": 4.0, "to": 24.0 },
        }),
        Screen::Compare => compare_context(bad),
        Screen::Waiting => json!({
            "mine": [row], "others": [row], "retests": [row], "not_shown": 1, "soon": 30,
            "samples": { "due": 2, "to_delete": 1 },
            "deadlines": deadlines,
        }),
        Screen::Samples => {
            let one = |on: Option<&str>, is_due: bool| {
                json!({
                    "sample": "00112233445566778899aabbccddeeff", "side": "child", "action": "delete", "on": on,
                    "is_due": is_due, "is_estimated": true, "article": bad, "what": bad,
                })
            };
            let rows = [one(None, true), one(Some("2026-12-01"), false)];
            json!({ "rows": rows, "within": 30, "with_terms": 2, "without_terms": 1, "not_shown": 1 })
        }
        Screen::Statistics => json!({
            "made_on": "2026-11-01", "least": 10, "measures": ["families", "children"],
            "intervals": ["days-to-confirmation"], "tables": [{ "by": "agency", "groups": [counts], "total": total }],
        }),
        Screen::Accounts => {
            json!({ "accounts": [{ "staff": bad, "role": "analyst", "enrolled_at": "2026", "withdrawn_at": null, "can_sign_in": true }] })
        }
        Screen::Sessions => {
            let one = |is_own: bool| json!({ "is_own": is_own, "since": 65, "unused": 1 });
            json!({ "sessions": [one(true), one(false)] })
        }
        Screen::Import => import_context(bad),
        Screen::Power => json!({
            "family": "6f7d1c0b5a4e4d3c8b2a190817263544", "why": null, "linked": true, "least": 4.0, "children": 120,
            "informative": 20, "loci": 23, "failed": ["full-sibling"],
            "rows": [
                { "with": null, "expected": 5.25, "gain": 0.0, "found": 0.75, "unrelated": 0.0 },
                { "with": "mother", "expected": 9.5, "gain": 4.25, "found": 0.9999999, "unrelated": 1.5e-7 },
            ],
        }),
        Screen::Match => json!({ "running": null, "last": { "staff": bad, "error": bad, "candidates": 1, "new": 1 } }),
        Screen::Message => json!({ "kind": "failed", "text": bad }),
    }
}

fn screen(language: Language, screen: Screen, context: &Value, pair: &Value) -> String {
    screen.html(language, &Templates::framed(frame(pair)), context).unwrap().replace("&#x2f;", "/")
}

/// Checks what every served page must be: closed to inline scripts and styles, escaped, balanced.
fn is_servable(html: &str) {
    for barred in ["<b on", "<script>", " style=", "<style", " onclick", "javascript:", "http:", "https:", "&amp;lt;"] {
        let text = html.replace("http://www.w3.org/2000/svg", "").replace("&lt;b onclick=", "");
        assert!(!text.contains(barred), "{barred}: {text}");
    }
    let mut open = Vec::new();
    for tag in html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let word = tag.split([' ', '\n']).next().unwrap();
        if let Some(end) = word.strip_prefix('/') {
            assert_eq!(open.pop(), Some(end), "{html}");
        } else if !tag.ends_with('/') && !["!doctype", "meta", "br", "link", "input"].contains(&word) {
            open.push(word);
        }
        assert!(word != "th" || tag.contains("scope="), "{tag}");
        assert!(!tag.starts_with("form method=\"post") || html.contains("name=\"csrf\" value=\"c5f\""));
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(html.matches("<table").count(), html.matches("<caption").count());
    assert_eq!(
        html.matches("<form method=\"post\"").count(),
        html.matches("name=\"csrf\"").count(),
        "a form without a token"
    );
    for (target, _) in quoted(html, "for=\"") {
        assert!(html.contains(&format!("id=\"{target}\"")), "{target}");
    }
}

#[test]
fn served_pages_have_no_inline_script_or_style_and_escape_what_comes_from_outside() {
    for language in Language::ALL {
        for one in Screen::ALL {
            is_servable(&screen(language, one, &screen_context(one), &Value::Null));
        }
        let running = json!({ "running": { "staff": "R1", "percent": 12 }, "last": null });
        is_servable(&screen(language, Screen::Match, &running, &Value::Null));
        let mut imports = import_context("<b onclick=\"x\">'&");
        let waiting = imports["waiting"].take();
        is_servable(&screen(language, Screen::Import, &imports, &Value::Null));
        imports["done"] = waiting;
        is_servable(&screen(language, Screen::Import, &imports, &Value::Null));
        for (template, text) in SAMPLES.map(|text| ("candidate.html", text)).into_iter().chain(OTHER_SAMPLES) {
            // The pages to hand over that are served, too.
            if ["candidate.html", "night.html", "family.html"].contains(&template) {
                let mut context: Value = serde_json::from_str(text).unwrap();
                context["lang"] = language.code().into();
                let pair = if template == "candidate.html" { of_pair() } else { Value::Null };
                let html = page(&Templates::framed(frame(&pair)), catalogue(language), template, &context).unwrap();
                is_servable(&html);
                assert_eq!(html.contains("id=\"decide\""), template == "candidate.html");
            }
        }
    }
}

#[test]
fn every_message_and_saying_has_its_phrase() {
    for language in Language::ALL {
        for key in SAYINGS {
            assert!(!saying(language, key, &[]).unwrap().is_empty());
        }
        for kind in "refused closed not_allowed not_found unmatched too_large busy failed".split(' ') {
            let context = json!({ "kind": kind, "text": "" });
            assert!(screen(language, Screen::Message, &context, &Value::Null).contains("<h1>"), "{kind}");
        }
    }
    let said = saying(Language::English, "pair.refused", &[("why", "{state}")]).unwrap();
    assert_eq!(said, "Nothing is recorded: {state}.");
}
