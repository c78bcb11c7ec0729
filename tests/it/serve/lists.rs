//! Lists in every order, candidates side by side, and what is due.

use std::collections::BTreeSet;

use super::client::{Answer, Browser, PASSPHRASE, Served, enrol, lab, rows, state_facts};
use crate::common::Lab;

/// The agency of a child or of a family, by the digits of its number.
fn agency(number: usize) -> &'static str {
    if number.is_multiple_of(3) { "Jinan" } else { "Xi'an & Co" }
}

/// A lab with more candidates than a page has, and with agencies.
fn many() -> Lab {
    let lab = Lab::new();
    lab.synth("files", 24, 120, 1);
    for (layout, file) in [("families", "families.csv"), ("children", "children.csv")] {
        let text = std::fs::read_to_string(lab.path("files").join(file)).unwrap();
        let number = |line: &str| line.split(',').next().and_then(|id| id.get(1..)?.parse().ok());
        let with = |line: &str| format!("{line},{}\n", number(line).map_or("agency", agency));
        let text: String = text.lines().map(with).collect();
        lab.import(layout, file, text, &[]).ends(0);
    }
    lab.run(&["match", "--min-log10-lr", "-5"]).ends(0);
    enrol(&lab);
    lab
}

/// The candidates that the command line lists, as addresses.
fn listed(lab: &Lab, options: &[&str]) -> Vec<String> {
    let said = lab.run(&[&["candidates", "--format", "json"], options].concat()).ends(0).json();
    let address = |one: &serde_json::Value| {
        format!("/candidates/{}/{}", one["family"].as_str().unwrap(), one["child"].as_str().unwrap())
    };
    said["candidates"].as_array().unwrap().iter().map(address).collect()
}

/// Follows the links to the next page, and returns the candidates of all pages.
fn all_pages(browser: &mut Browser, path: &str) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let page = browser.get(&path);
        assert_eq!(page.status, 200, "{path}");
        all.extend(rows(&page));
        next = link(&page, "rel=\"next\"");
    }
    all
}

/// Returns the address of the link with these words.
fn link(page: &Answer, words: &str) -> Option<String> {
    let tag = page.body.split("<a ").find(|rest| rest.split('>').next().unwrap().contains(words))?;
    Some(tag.split("href=\"").nth(1)?.split('"').next()?.replace("&amp;", "&"))
}

#[test]
fn every_order_and_the_filter_by_agency_list_what_the_command_line_does() {
    let lab = many();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("A1");
    let everything: BTreeSet<String> = listed(&lab, &[]).into_iter().collect();
    assert!(everything.len() > 100, "{}", everything.len());
    for (order, sort) in [
        ("best", "lr"),
        ("newest", "new"),
        ("oldest", ""),
        ("family", "family"),
        ("child", "child"),
        ("loci", ""),
        ("incompatible", ""),
    ] {
        let seen = all_pages(&mut browser, &format!("/candidates?least=-100&order={order}"));
        assert_eq!(seen.len(), everything.len(), "{order}");
        assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), everything, "{order}: each once");
        if !sort.is_empty() {
            assert_eq!(seen, listed(&lab, &["--sort", sort]), "{order}");
        }
    }
    // A column leads to its order, with the filters.
    let page = browser.get("/candidates?least=-2&state=none");
    let by_child = link(&page, "Sort by this column: Child").unwrap();
    assert!(by_child.contains("order=child") && by_child.contains("least=%2D2") && by_child.contains("state=none"));
    assert!(browser.get(&by_child).body.contains("aria-sort=\"ascending\""));
    for (agency, encoded) in [("Jinan", "Jinan"), ("Xi'an & Co", "Xi%27an+%26+Co")] {
        let expected = listed(&lab, &["--agency", agency]);
        assert_eq!(all_pages(&mut browser, &format!("/candidates?least=-100&agency={encoded}")), expected, "{agency}");
        // Somebody of the other agency is on one side of nearly every pair.
        assert!(!expected.is_empty() && (agency != "Jinan" || expected.len() < everything.len()), "{agency}");
    }
    assert_eq!(rows(&browser.get("/candidates?agency=Nowhere")), Vec::<String>::new());
    assert_eq!(browser.get("/candidates?order=posterior").status, 404);
    // Names of agencies are not recorded.
    assert!(!lab.run(&["audit", "list", "--format", "json"]).ends(0).out.contains("Jinan"));
}

#[test]
fn candidates_of_a_child_or_a_family_are_compared_side_by_side_without_genotypes() {
    let lab = many();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("R1");
    let all = listed(&lab, &[]);
    let names = |pair: &str| {
        let names: Vec<String> = pair.split('/').skip(2).map(str::to_owned).collect();
        (names[0].clone(), names[1].clone())
    };
    let sharing = |shared: &str| all.iter().filter(|one| one.contains(shared)).count();
    let pair = all.iter().find(|one| {
        let (family, child) = names(one);
        sharing(&family) > 4 && sharing(&child) > 4
    });
    let pair = pair.unwrap().clone();
    let (family, child) = names(&pair);
    let looks = |who: &str| {
        let said = lab.run(&["audit", "list", "--format", "json", "--about", who]).ends(0).json();
        let records = said["records"].as_array().unwrap().clone();
        records.into_iter().filter(|one| one["command"] == "serve compare").collect::<Vec<_>>()
    };
    for (of, shared) in [("child", &child), ("family", &family)] {
        let others: Vec<String> =
            all.iter().filter(|one| **one != pair && one.contains(shared.as_str())).cloned().collect();
        assert!(others.len() > 3, "{of}: {}", others.len());
        // The pair's own page leads there.
        let page = browser.get(&pair);
        let path = link(&page, &format!("compare?of={of}")).unwrap();
        let page = browser.get(&path);
        assert_eq!(rows(&page)[0], pair, "the pair itself comes first");
        assert_eq!(rows(&page)[1..], others[..3], "{of}");
        let mut seen = Vec::new();
        let mut next = Some(path);
        while let Some(path) = next {
            let page = browser.get(&path);
            assert_eq!(rows(&page)[0], pair);
            seen.extend_from_slice(&rows(&page)[1..]);
            next = link(&page, "rel=\"next\"");
        }
        assert_eq!(seen, others, "{of}: all others, the best first");
    }
    assert!(browser.get(&format!("{pair}/compare")).body.contains("Nothing is stated of these children"));
    state_facts(&lab, 24, 120, agency);
    // What the pages of both candidates say, and nobody's genotypes.
    let page = browser.get(&format!("{pair}/compare?of=child"));
    let first = lab.run(&["explain", &family, &child, "--format", "json"]).ends(0).json();
    let locus = &first["loci"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["log10_lr"].as_f64().is_some_and(|x| x > 0.1))
        .unwrap();
    let ratio = format!(">{:.2}<", locus["log10_lr"].as_f64().unwrap());
    for part in [
        locus["locus"].as_str().unwrap(),
        &ratio,
        "Posterior",
        "Chance hits",
        "found before the child went missing",
        "not stated of both",
        "as stated",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!super::work::has_genotype(&page.body));
    assert!(!super::work::has_genotype(&browser.get(&format!("{pair}/compare?of=family&genotypes=true")).body));
    // Every look is recorded with all who are shown, their relatives included, and without pseudonyms in clear.
    let (other, _) = names(&rows(&page)[3]);
    assert!(!looks(&family).is_empty() && !looks(&child).is_empty() && !looks(&other).is_empty());
    let look = looks(&other)[0].to_string();
    assert!(look.contains("R1") && !look.contains(&other) && !look.contains(&child), "{look}");
    // One who decided is named, and not what was decided.
    browser.decide(&pair, "confirm", "profiles-agree", PASSPHRASE);
    let mut second = served.signed_in("R2");
    let page = second.get(&format!("{pair}/compare?of=child")).body;
    assert!(page.contains("R1") && page.contains("in review") && !page.contains("confirmed by one"));
    second.decide(&pair, "confirm", "profiles-agree", PASSPHRASE);
    let page = second.get(&format!("{pair}/compare?of=child")).body;
    assert!(page.contains("confirmed by two"), "{page}");
    assert!(page.contains("this child is confirmed for another family"), "the rivals, which nobody reviewed");
    // What there is not.
    let nobody = "00112233445566778899aabbccddeeff";
    assert_eq!(browser.get(&format!("/candidates/{nobody}/{child}/compare")).status, 404);
    assert_eq!(looks(nobody).len(), 1, "who was looked for is recorded");
    assert_eq!(browser.get(&format!("{pair}/compare?of=all")).status, 404);
    assert_eq!(browser.get(&format!("{pair}/compare?after=x")).status, 404);
    // A pair that is no candidate has no column, but those of its child have.
    let others: BTreeSet<String> = all.iter().map(|one| names(one).0).collect();
    let strange = others.iter().find(|family| !all.contains(&format!("/candidates/{family}/{child}")));
    if let Some(strange) = strange {
        let page = browser.get(&format!("/candidates/{strange}/{child}/compare?of=child"));
        assert!(page.status == 200 && page.body.contains("is no candidate"), "{}", page.body);
    }
    lab.run(&["verify"]).ends(0);
}

#[test]
fn what_is_overdue_due_soon_or_to_be_tested_again_waits_on_the_page() {
    let lab = lab();
    let mut served = Served::new(&lab, &[]);
    let mut browser = served.signed_in("R1");
    let page = browser.get("/waiting");
    for part in [
        "No deadline is overdue or ends within 30 days",
        "No retest is outstanding",
        "Nothing is due about samples today",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let pairs = rows(&browser.get("/candidates"));
    let child = pairs[0].split('/').nth(3).unwrap().to_owned();
    let other =
        pairs.iter().map(|pair| pair.split('/').nth(3).unwrap()).find(|one| **one != *child).unwrap().to_owned();
    // Found 10 days ago: the transfer is 3 days overdue, and the notice has 20 days left. Found 7 days ago: it ends today.
    let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    let day = |ago: i64| today.checked_sub(jiff::Span::new().days(ago)).unwrap().to_string();
    lab.run(&["review", "found", &child, "--date", &day(10)]).ends(0);
    lab.run(&["review", "found", &other, "--date", &day(7)]).ends(0);
    let page = browser.get("/waiting");
    let due = lab.run(&["review", "due", "--format", "json"]).ends(0).json();
    assert_eq!(due["due"].as_array().unwrap().len(), 2, "the command line lists what is due today, as before");
    for part in ["overdue for 3 days", "ends today", "20 days left", "23 days left", &child[..8], &day(10)] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("final certificate"), "it ends in 12 months");
    lab.run(&["review", "done", &child, "transfer", "--date", &day(1)]).ends(0);
    assert!(!browser.get("/waiting").body.contains("overdue for"));
    // A retest that a reviewer requests waits for the laboratory, in a section of its own.
    assert_eq!(browser.decide(&pairs[0], "retest", "sample-doubtful", PASSPHRASE).status, 200);
    let page = served.signed_in("A1").get("/waiting").body;
    let section = page.split("<h2>Requested retests</h2>").nth(1).unwrap().split("<h2>").next().unwrap();
    assert!(section.contains(&pairs[0]), "{page}");
    assert_eq!(page.matches(&pairs[0]).count(), 1, "in no other section");
    // Terms of samples: one must be deleted, and one is due soon.
    let list = format!(
        "sample_id,legal_basis,purposes,keep_until,review_on\nC0000001,statutory-duty,search,{},\nC0000002,statutory-duty,search,,{}\n",
        day(1),
        day(-5)
    );
    lab.import("keeping", "terms.csv", list, &[]).ends(0);
    let page = browser.get("/waiting").body;
    assert!(page.contains("1 sample needs something") && page.contains("1 of them must be deleted"), "{page}");
    let page = browser.get("/waiting/samples").body;
    let names = lab.pseudonyms("sample", ["C0000001", "C0000002"]);
    for part in [
        "<b>delete</b>",
        "the last day of keeping is over",
        "not yet due",
        &names["C0000001"][..8],
        &names["C0000002"][..8],
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let log = lab.run(&["audit", "list", "--format", "json", "--about", &names["C0000001"]]).ends(0).out;
    assert!(log.contains("serve due") && log.contains("R1"), "{log}");
    browser.post("/language", &[("lang", "zh"), ("to", "/waiting")]);
    let page = browser.get("/waiting/samples").body;
    assert!(page.contains("保存") && !page.contains("the last day"), "{page}");
    lab.run(&["verify"]).ends(0);
}
