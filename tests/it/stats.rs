//! Tests of `reunite stats`.

use std::collections::BTreeMap;

use reunite::model::Pseudonym;
use reunite::pseudonym::KeySource;
use reunite::review::{Decision, ReasonCode, Step};
use reunite::store::{self, NewDecision, Store};
use serde_json::Value;

use crate::common::{Lab, enrolled};

/// A population of which families and children have regions and agencies, by turns.
fn from_regions(families: usize, children: usize) -> Lab {
    let lab = Lab::new();
    lab.synth("files", families, children, 1);
    for (layout, key) in [("families", 0), ("children", 1)] {
        let text = lab.read(&format!("files/{layout}.csv"));
        let rows = text.lines().enumerate().map(|(row, line)| {
            let first = line.split(',').next().unwrap();
            let number: usize = first.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(0);
            let region = ["370100", "370200", "371300"][(number + key) % 3];
            match row {
                0 => format!("{line},region,agency\n"),
                // Every eleventh has no region, and nobody has an agency but those of the last region.
                _ if number.is_multiple_of(11) => format!("{line},,\n"),
                _ if region == "371300" => format!("{line},{region},Linyi\n"),
                _ => format!("{line},{region},\n"),
            }
        });
        let text: String = rows.collect();
        lab.import(layout, &format!("{layout}.csv"), text, &[]).ends(0);
    }
    lab
}

/// The value of each group of a grouping, and the total.
fn column(json: &Value, by: &str, measure: &str) -> (Vec<Option<u64>>, Option<u64>) {
    let table = json["tables"].as_array().unwrap().iter().find(|table| table["by"] == by).unwrap();
    let of = |row: &Value| row["counts"][measure].as_u64();
    (table["groups"].as_array().unwrap().iter().map(of).collect(), of(&table["total"]))
}

fn counted<'a>(rows: impl Iterator<Item = Option<&'a str>>) -> BTreeMap<Option<String>, u64> {
    let mut counts = BTreeMap::new();
    rows.for_each(|group| *counts.entry(group.map(str::to_owned)).or_insert(0) += 1);
    counts
}

#[test]
fn statistics_are_those_of_the_lists() {
    let lab = from_regions(120, 400);
    lab.run(&["stats"]).ends(0).says(&["nothing has been matched yet", "Entered, by region"]);
    lab.run(&["match", "--min-log10-lr", "2"]).ends(0);
    let json = lab.run(&["stats", "--least", "0", "--format", "json"]).ends(0);
    let json = json.says(&["numbers below 10 can point at a person"]).json();
    let candidates = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let candidates = candidates["candidates"].as_array().unwrap();
    assert!(candidates.len() > 40);
    for class in ["strong", "candidate", "more-loci", "unlikely"] {
        let measure = &format!("candidates-{class}");
        let of_class = candidates.iter().filter(|row| row["meaning"]["class"] == class);
        let counts = counted(of_class.map(|row| row["facts"]["family_region"].as_str()));
        let (groups, total) = column(&json, "region", measure);
        let all: u64 = counts.values().sum();
        assert_eq!(total, Some(all), "{class}");
        // The groups are in the order of the regions, what has none last.
        let mut by_region: Vec<(&Option<String>, &u64)> = counts.iter().collect();
        by_region.sort_by_key(|one| (one.0.is_none(), one.0));
        let expected: Vec<u64> = by_region.iter().map(|one| *one.1).collect();
        let found: Vec<u64> = groups.into_iter().flatten().filter(|group| *group > 0).collect();
        assert_eq!(found, expected, "{class}");
    }
    let (families, total) = column(&json, "region", "families");
    assert_eq!((families.len(), families.iter().flatten().sum::<u64>(), total), (4, 120, Some(120)));
    // Numbers 11 to 110.
    assert_eq!(families[3], Some(10));
    let (children, total) = column(&json, "agency", "children");
    assert_eq!((children.iter().flatten().sum::<u64>(), total), (400, Some(400)));
    let first = candidates.iter().map(|row| row["family"].as_str());
    let (_, with_candidate) = column(&json, "month", "families-with-candidate");
    assert_eq!(with_candidate, Some(counted(first).len() as u64));
    let missed = lab.run(&["missed", "--format", "json"]).ends(0).json();
    let missed = missed["families"].as_array().unwrap().iter().filter(|row| row["missed"].as_f64().unwrap() > 0.5);
    let missed = missed.count() as u64;
    assert!(missed > 0);
    assert_eq!(column(&json, "month", "families-unidentifiable").1, Some(missed));
    // The same numbers in all forms, in 80 columns, and nobody's name.
    let csv = lab.run(&["stats", "--format", "csv"]).ends(0).out;
    let hidden = lab.run(&["stats", "--format", "json"]).ends(0).json();
    let (children, total) = column(&hidden, "region", "children");
    let shown: Vec<String> = children.iter().map(|one| one.map_or(String::new(), |one| one.to_string())).collect();
    for (region, number) in ["370100", "370200", "371300", ""].iter().zip(&shown) {
        assert!(csv.contains(&format!("region,,{region},children,{number},{}\n", number.is_empty())), "{csv}");
    }
    assert!(csv.contains(&format!("total,,,children,{},false\n", total.unwrap())), "{csv}");
    let table = lab.run(&["stats"]).ends(0).out;
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    for text in [csv, hidden.to_string(), table] {
        for row in candidates {
            for who in ["family", "child"] {
                assert!(!text.contains(row[who].as_str().unwrap()));
            }
        }
    }
    // The filters of the list select by either side.
    for (option, value, fields) in [
        ("--region", "370100", ["family_region", "child_region"]),
        ("--agency", "Linyi", ["family_agency", "child_agency"]),
    ] {
        let is_of = |row: &&Value| fields.iter().any(|field| row["facts"][field] == value);
        let expected = candidates.iter().filter(is_of).count();
        let listed = lab.run(&["candidates", option, value, "--format", "json"]).ends(0).json();
        let listed = listed["candidates"].as_array().unwrap();
        assert!(0 < expected && expected < candidates.len() && listed.len() == expected, "{option}");
        assert!(listed.iter().all(|row| is_of(&row)));
    }
    // What takes time can be left out.
    let quick = lab.run(&["stats", "--counts-only", "--format", "json"]).ends(0).json();
    assert!(quick["tables"][0]["total"]["counts"].get("candidates-strong").is_none());
    assert_eq!(column(&quick, "region", "children"), column(&hidden, "region", "children"));
}

#[test]
fn no_number_below_the_least_is_shown_or_computed() {
    let lab = from_regions(60, 300);
    lab.run(&["match", "--min-log10-lr", "1"]).ends(0);
    for least in ["2", "5", "10", "25"] {
        let json = lab.run(&["stats", "--least", least, "--format", "json"]).ends(0).json();
        let least: u64 = least.parse().unwrap();
        let exact = lab.run(&["stats", "--least", "0", "--format", "json"]).ends(0).json();
        for table in json["tables"].as_array().unwrap() {
            let by = table["by"].as_str().unwrap();
            for measure in table["total"]["counts"].as_object().unwrap().keys() {
                let (groups, total) = column(&json, by, measure);
                assert!(groups.iter().chain([&total]).flatten().all(|shown| *shown >= least), "{by} {measure}");
                let (_, all) = column(&exact, by, measure);
                match total {
                    None => assert!(all.unwrap() < least && groups.iter().all(Option::is_none)),
                    Some(total) => {
                        assert_eq!(Some(total), all);
                        let hidden = groups.iter().filter(|group| group.is_none()).count();
                        let rest = total - groups.iter().flatten().sum::<u64>();
                        assert!(groups.len() == 1 || hidden != 1, "{by} {measure}: {rest} would be known");
                        assert!(hidden == 0 || rest + 1 >= least, "{by} {measure}: {rest} of {hidden}");
                    }
                }
                for row in table["groups"].as_array().unwrap() {
                    let interval = match measure.as_str() {
                        "families-with-candidate" => "days-to-first-candidate",
                        _ => continue,
                    };
                    if row["counts"][measure].is_null() {
                        assert!(row["median_days"][interval].is_null());
                    } else {
                        assert_eq!(row["median_days"][interval], 0.0);
                    }
                }
            }
        }
    }
}

#[test]
fn reviews_are_counted_by_their_state() {
    let lab = from_regions(40, 300);
    lab.run(&["match"]).ends(0);
    let listed = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let rows = listed["candidates"].as_array().unwrap();
    let name = |row: usize, who: &str| rows[row][who].as_str().unwrap().parse::<Pseudonym>().unwrap();
    let store = Store::open(&lab.path("store"), Some(KeySource::File(lab.path("key")))).unwrap();
    let [a, b] = ["A", "B"].map(|staff| enrolled(&store, staff));
    let decide = |row, key, decision| {
        let code = match decision {
            Decision::Confirm => ReasonCode::CaseFactsFit,
            _ => ReasonCode::CaseFactsContradict,
        };
        let (family, child) = (name(row, "family"), name(row, "child"));
        let new = NewDecision { family, child, decision, code, text: None, key };
        store.decide(&new, &store::entry("review decide", None)).unwrap();
    };
    let counts = || {
        let json = lab.run(&["stats", "--counts-only", "--least", "0", "--format", "json"]).ends(0).json();
        ["under-review", "confirmed", "refuted", "handed-over"].map(|measure| column(&json, "month", measure).1)
    };
    assert_eq!(counts(), [Some(0); 4]);
    decide(0, &a, Decision::Confirm);
    // One decision is hidden here, too: it may be of either kind.
    assert_eq!(counts(), [Some(1), Some(0), Some(0), Some(0)]);
    decide(0, &b, Decision::Confirm);
    decide(1, &a, Decision::Refute);
    decide(1, &b, Decision::Refute);
    decide(2, &a, Decision::Refute);
    decide(2, &b, Decision::Confirm);
    assert_eq!(counts(), [Some(1), Some(1), Some(1), Some(0)]);
    // The child is typed again, and handed over.
    let text = lab.read("children.csv");
    let ids: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    let numbers = lab.pseudonyms("sample", ids.iter().copied());
    let child = name(0, "child");
    let number = numbers.into_iter().find(|(_, pseudonym)| *pseudonym == child.to_string()).unwrap().0;
    let row = text.lines().find(|line| line.starts_with(&number)).unwrap().split_once(',').unwrap().1;
    let second = format!("{}\nSECOND,{row}\n", text.lines().next().unwrap());
    lab.import("children", "second.csv", second, &[]).ends(0);
    let sample = lab.pseudonyms("sample", ["SECOND"])["SECOND"].parse().unwrap();
    let family = name(0, "family");
    store.record_retest(family, child, sample, &store::entry("review retest", None)).unwrap();
    let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    for step in [Step::Informed, Step::Recognised, Step::HandedOver] {
        store.record_step(family, child, step, today, &store::entry("review step", None)).unwrap();
    }
    assert_eq!(counts(), [Some(1), Some(1), Some(1), Some(1)]);
    let json = lab.run(&["stats", "--counts-only", "--least", "0", "--format", "json"]).ends(0).json();
    let days = &json["tables"][0]["total"]["median_days"];
    assert!(
        days["days-to-hand-over"].as_f64().unwrap() <= 1.0 && days["days-to-confirmation"].as_f64().unwrap() <= 1.0,
        "{days}"
    );
}
