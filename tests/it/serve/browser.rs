//! Works with the pages in real browsers: see `.ci/browser`.

use std::process::Command;

use super::client::{PASSPHRASE, lab};
use crate::common::{PROGRAM, run};

#[test]
#[ignore = "requires chromium, and playwright for Python: `.ci/run` runs it with REUNITE_BROWSER"]
fn people_work_in_browsers_without_a_fault() {
    let lab = lab();
    let script = std::env::var_os("REUNITE_BROWSER").expect("the path of .ci/browser");
    let mut command = Command::new(script);
    command.args([PROGRAM, &lab.name("store"), &lab.name("key"), &lab.name("keys")]);
    if let Some(pictures) = std::env::var_os("REUNITE_PICTURES") {
        command.arg(pictures);
    }
    let said = run(command.env("REUNITE_TEST_PASSPHRASE", PASSPHRASE));
    assert_eq!(said.status, 0, "{}\n{}", said.out, said.err);
    println!("{}", said.out);
    lab.run(&["verify"]).ends(0);
}
