//! Tests of `reunite power` on a whole store.

use crate::common::{Lab, reunite};
use serde_json::Value;

#[test]
fn power_reports_what_a_family_can_show() {
    let lab = Lab::with_population(60, 500);
    let family = |id: &str| lab.pseudonyms("family", [id])[id].clone();
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(lab.read("files/families.csv").as_bytes()).records().map(Result::unwrap).collect();
    let relations = |id: &str| rows.iter().filter(|row| &row[0] == id).map(|row| row[2].to_owned()).collect::<Vec<_>>();
    let mother = rows.iter().map(|row| &row[0]).find(|id| relations(id) == ["mother"]).unwrap();
    let pseudonym = family(mother);

    let json = lab.run(&["power", &pseudonym, "--format", "json"]).ends(0).json();
    assert_eq!((json["schema_version"].as_u64(), json["family"].as_str()), (Some(1), Some(pseudonym.as_str())));
    assert_eq!((json["children"].as_u64(), json["min_log10_lr"].as_f64()), (Some(500), Some(4.0)));
    assert_eq!((json["loci"].as_u64(), &json["relatives"]), (Some(23), &serde_json::json!(["mother"])));
    assert!(json["settings"].as_str().unwrap().contains("mutation stepwise (rate male 0.002"));
    assert_eq!(json["frequencies"].as_str().unwrap().len(), 64);
    let power = json["power"].as_array().unwrap();
    let with: Vec<Option<&str>> = power.iter().map(|row| row["with"].as_str()).collect();
    assert_eq!((with[0], with[1], with.len()), (None, Some("father"), 5));
    let number = |row: &Value, path: &[&str]| path.iter().fold(row, |value, name| &value[*name]).as_f64().unwrap();
    assert!(power[1..].is_sorted_by(|a, b| number(a, &["gain"]) >= number(b, &["gain"])), "the best first");
    for row in power {
        for bounds in ["found", "by_chance", "expected_unrelated"] {
            let (lower, upper) = (number(row, &[bounds, "lower"]), number(row, &[bounds, "upper"]));
            assert!(0.0 <= lower && lower <= upper && upper < 1.3 * lower + 1e-9, "{bounds} {lower} {upper}");
        }
        let chance = number(row, &["by_chance", "upper"]);
        assert!((number(row, &["expected_unrelated", "upper"]) / (500.0 * chance) - 1.0).abs() < 1e-12);
        assert_eq!(row["quantiles"].as_array().unwrap().len(), 5);
        let gain = number(row, &["expected_log10_lr"]) - number(&power[0], &["expected_log10_lr"]);
        assert_eq!(gain, number(row, &["gain"]));
    }
    assert!(number(&power[0], &["found", "lower"]) > 0.9, "a mother finds her child at LR 10,000");

    let csv = lab.run(&["power", &pseudonym, "--format", "csv"]).ends(0).out;
    let lines: Vec<csv::StringRecord> =
        csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!((&lines[1][0], lines[1][1].parse::<f64>().ok()), ("father", power[1]["expected_log10_lr"].as_f64()));
    let table = lab.run(&["power", &pseudonym]).ends(0).out;
    assert!(table.lines().take(12).all(|line| line.chars().count() <= 120), "{table}");
    assert!(table.contains("unchanged") && table.contains("+ father") && table.contains("theta 0"), "{table}");
    assert!(!table.contains(mother) && table.contains(&pseudonym));

    let high = lab.run(&["power", &pseudonym, "--format", "json", "--min-log10-lr", "9"]).ends(0).json();
    assert_eq!(high["min_log10_lr"].as_f64(), Some(9.0));
    assert!(number(&high["power"][0], &["found", "upper"]) < number(&power[0], &["found", "lower"]));
    assert_eq!(high["power"][0]["expected_log10_lr"], power[0]["expected_log10_lr"]);

    let chosen = ["--with", "maternal-aunt", "--with", "father", "--with", "father"];
    let chosen = lab.run(&[&["power", &pseudonym, "--format", "json"], &chosen[..]].concat()).ends(0).json();
    let rows = chosen["power"].as_array().unwrap();
    assert_eq!(
        rows.iter().map(|row| row["with"].as_str()).collect::<Vec<_>>(),
        [None, Some("father"), Some("maternal-aunt")]
    );
    assert_eq!(rows[..2], power[..2]);
    let alone = lab.run(&["power", &pseudonym, "--format", "json", "--as-it-is"]).ends(0).json();
    assert_eq!(alone["power"].as_array().unwrap()[..], power[..1]);
    let second = lab.run(&["power", &pseudonym, "--with", "mother"]).ends(2);
    assert!(second.out.contains("unchanged") && second.err.contains("one mother only"), "{}", second.err);
    lab.run(&["power", &pseudonym, "--with", "member"]).ends(2);

    lab.run_on("linked", &["init", "--linked", "vWA:D12S391=0.1"]).ends(0);
    lab.run_on("linked", &["import", "--as", "families", &lab.name("files/families.csv")]).ends(0);
    let linked = lab.run_on("linked", &["power", &pseudonym, "--as-it-is", "--format", "json"]).ends(0);
    assert!(linked.err.contains("linked loci are scored together, but counted as independent here"));
    assert_eq!(linked.json()["settings"], json["settings"]);
    assert!(json["settings"].as_str().unwrap().ends_with("; loci independent"));

    lab.run(&["power", &"0".repeat(32)]).ends(2).says(&["there is no family 00000000000000000000000000000000"]);
    // An identifier of digits may be the beginning of a pseudonym; it is repeated in no case.
    let said = lab.run(&["power", mother]).ends(2).says(&["FAMILY: the store has no family", "`reunite pseudonym`"]);
    assert!(!said.err.contains(mother), "{}", said.err);
    lab.run(&["power", "Kanarie"])
        .ends(2)
        .says(&["FAMILY: a pseudonym is 32 hexadecimal digits, or at least its first 6"]);
    lab.run(&["power", &pseudonym, "--min-log10-lr", "inf"]).ends(2);
    assert!(reunite(&["power", "--help"]).ends(0).out.contains("Usage: "));
}
