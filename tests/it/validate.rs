//! Tests of `reunite validate`.

use std::fs;

use crate::common::Lab;

#[test]
fn a_validation_is_written_and_repeats_byte_for_byte() {
    let lab = Lab::with_population(200, 1_000);
    let out = |name: &str| lab.name(name);
    lab.run(&["validate", "--out", &out("v1"), "--pairs", "200"]).ends(0).says(&["report.txt"]);
    lab.run(&["validate", "--out", &out("v2"), "--pairs", "200", "--threads", "1"]).ends(0);
    for file in ["report.txt", "validation.json", "tippett.csv"] {
        let [one, other] = ["v1", "v2"].map(|folder| fs::read(lab.path(folder).join(file)).unwrap());
        assert!(one == other, "{file}");
    }
    lab.run(&["validate", "--out", &out("v3"), "--pairs", "200", "--seed", "2"]).ends(0);
    let json: serde_json::Value = serde_json::from_str(&lab.read("v1/validation.json")).unwrap();
    let other: serde_json::Value = serde_json::from_str(&lab.read("v3/validation.json")).unwrap();
    assert_ne!(json["shapes"], other["shapes"]);
    let text = lab.read("v1/report.txt");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains(blake3::hash(lab.read("v1/validation.json").as_bytes()).to_hex().as_str()), "the digest");

    assert_eq!(
        (json["families"].as_u64(), json["children"].as_u64(), json["seed"].as_u64()),
        (Some(200), Some(1_000), Some(1))
    );
    for shape in json["shapes"].as_array().unwrap() {
        assert_eq!(shape["turing_holds"], true, "{}", shape["relations"]);
        let (cllr, least) = (shape["cllr"].as_f64().unwrap(), shape["cllr_min"].as_f64().unwrap());
        assert!(0.0 <= least && least <= cllr + 1e-12 && cllr < 0.7, "{cllr} {least}");
        let ece = shape["ece"].as_array().unwrap();
        assert!(ece.iter().all(|one| one["ece"].as_f64().unwrap() <= one["without"].as_f64().unwrap() + 0.02));
        for truth in shape["truths"].as_array().unwrap() {
            let tippett = truth["tippett"].as_array().unwrap();
            assert!(tippett.is_sorted_by(|a, b| a["share"].as_f64() >= b["share"].as_f64()));
            let classes = truth["classes"].as_array().unwrap();
            assert!((classes.iter().map(|one| one[1].as_f64().unwrap()).sum::<f64>() - 1.0).abs() < 1e-9);
            // Nobody but the child itself is strong more than now and then.
            let strong = classes.iter().find(|one| one[0] == "strong").unwrap()[1].as_f64().unwrap();
            assert!(truth["truth"] == "child" || strong <= 0.1, "{} {}", shape["relations"], truth["truth"]);
        }
    }
    // Of the candidates in every range of the posterior, about as many are true as it says.
    let (mut expected, mut found, mut variance) = (0.0, 0.0, 0.0);
    for bin in json["reliability"].as_array().unwrap() {
        let (many, p) = (bin["candidates"].as_f64().unwrap(), bin["mean_posterior"].as_f64().unwrap());
        let of_bin = bin["true_candidates"].as_f64().unwrap();
        let sd = (many * p * (1.0 - p)).sqrt();
        assert!((of_bin - many * p).abs() <= 4.0 * sd + 1.5, "{bin}");
        (expected, found, variance) = (expected + many * p, found + of_bin, variance + sd * sd);
    }
    assert!((found - expected).abs() <= 4.0 * variance.sqrt() + 1.5 && found > 200.0, "{found} {expected}");
    // The published figures, within what other frequencies of the same population make of them.
    for figure in json["published"].as_array().unwrap() {
        let (published, computed) = (figure["published"].as_f64().unwrap(), figure["computed"].as_f64().unwrap());
        assert!((computed / published - 1.0).abs() < 0.12, "{figure}");
    }
    let sheet = lab.read("v1/tippett.csv");
    assert!(
        sheet.starts_with("relatives,truth,log10_lr,share_at_or_above\n") && sheet.contains("father mother,child,")
    );

    lab.run(&["validate", "--out", &out("v1"), "--pairs", "200"]).ends(2).says(&["report.txt exists", "--force"]);
    lab.run(&["validate", "--out", &out("v1"), "--pairs", "200", "--force"]).ends(0);
    lab.run(&["validate", "--out", &out("v4"), "--pairs", "3"]).ends(2);
}

#[test]
fn an_empty_store_is_validated_for_the_usual_families() {
    let lab = Lab::new();
    lab.run(&["init"]);
    lab.run(&["validate", "--out", &lab.name("v"), "--pairs", "100"]).ends(0);
    let json: serde_json::Value = serde_json::from_str(&lab.read("v/validation.json")).unwrap();
    assert_eq!(json["shapes"].as_array().unwrap().len(), 4);
}
