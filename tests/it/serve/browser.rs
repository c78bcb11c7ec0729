//! Works with the pages in real browsers: see `.ci/browser`.

use std::process::Command;

use super::client::{PASSPHRASE, enrol, lab, state_facts};
use crate::common::{Lab, PROGRAM, run};

/// Works with the pages of a lab, as the script does with these variables.
fn work(lab: &Lab, variables: &[(&str, &str)]) {
    let script = std::env::var_os("REUNITE_BROWSER").expect("the path of .ci/browser");
    let mut command = Command::new(script);
    command.args([PROGRAM, &lab.name("store"), &lab.name("key"), &lab.name("keys")]);
    if let Some(pictures) = std::env::var_os("REUNITE_PICTURES") {
        command.arg(pictures);
    }
    let said = run(command.env("REUNITE_TEST_PASSPHRASE", PASSPHRASE).envs(variables.iter().copied()));
    assert_eq!(said.status, 0, "{}\n{}", said.out, said.err);
    println!("{}", said.out);
    lab.run(&["verify"]).ends(0);
}

#[test]
#[ignore = "requires chromium, and playwright for Python: `.ci/run` runs it with REUNITE_BROWSER"]
fn people_work_in_browsers_without_a_fault() {
    let lab = lab();
    // Enough candidates that several share a child, and something to do about all that pages list.
    lab.run(&["match", "--min-log10-lr", "-3"]).ends(0);
    state_facts(&lab, 24, 120, |_| "");
    let found = lab.run(&["candidates", "--format", "json"]).ends(0).json();
    let name = |at: usize, who: &str| found["candidates"][at][who].as_str().unwrap().to_owned();
    let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    let day = |ago: i64| today.checked_sub(jiff::Span::new().days(ago)).unwrap().to_string();
    lab.run(&["review", "found", &name(5, "child"), "--date", &day(10)]).ends(0);
    let terms = format!(
        "sample_id,legal_basis,purposes,keep_until,review_on\nC0000001,statutory-duty,search,{},\n\
         C0000002,statutory-duty,search,,{}\n",
        day(1),
        day(-5)
    );
    lab.import("keeping", "terms.csv", terms, &[]).ends(0);
    let passphrase = lab.write("passphrase", format!("{PASSPHRASE}\n"));
    std::fs::set_permissions(&passphrase, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (family, child, key) = (name(3, "family"), name(3, "child"), lab.name("keys/R1.key"));
    let retest =
        ["review", "decide", &family, &child, "--decision", "retest", "--code", "sample-doubtful", "--key", &key];
    lab.run(&[&retest[..], &["--passphrase-file", &passphrase]].concat()).ends(0);
    work(&lab, &[]);
}

#[test]
#[ignore = "requires chromium, and playwright for Python: `.ci/run` runs it with REUNITE_BROWSER"]
fn a_list_of_a_hundred_thousand_candidates_is_paged_and_scrolled() {
    let lab = Lab::with_population(300, 3000);
    let said = lab.run(&["match", "--min-log10-lr", "-8"]).ends(0);
    let candidates =
        said.err.split(" candidates,").next().and_then(|text| text.rsplit('\n').next()).unwrap().replace(',', "");
    assert!(candidates.parse::<u32>().unwrap() >= 100_000, "{candidates}");
    enrol(&lab);
    work(&lab, &[("REUNITE_TEST_MANY", &candidates)]);
}
