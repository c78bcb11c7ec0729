//! Where files come from: standard input, pipes, devices, and streams that never end.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::common::{Lab, Said};

const CHILDREN: &str = "sample_id,sex,TH01,vWA,FGA,D3S1358,TPOX,CSF1PO,D16S539,D8S1179\n\
                        C1,m,7/9,14/17,22,15/16,8/11,10/12,9/11,13/14\n";

/// Runs a command whose standard input is fed with these bytes, again and again if asked.
fn fed(lab: &Lab, arguments: &[&str], bytes: &[u8], without_end: bool) -> Said {
    let mut command = lab.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // It ends when nobody reads any more.
        scope.spawn(move || while input.write_all(bytes).is_ok() && without_end {});
        Said::of(child.wait_with_output().unwrap())
    })
}

#[test]
fn standard_input_is_a_file() {
    let lab = Lab::new();
    let import = ["import", "--as", "children", "-"];
    fed(&lab, &import, CHILDREN.as_bytes(), false).ends(0).says(&["standard input: 1 row of children: 1 added"]);
    let bad = CHILDREN.replace("7/9", "x");
    fed(&lab, &import, bad.as_bytes(), false).ends(2).says(&["standard input:2: "]);
}

#[test]
fn a_stream_without_end_is_given_up() {
    let lab = Lab::new();
    let block = |line: &str| line.repeat((64 << 10) / line.len());
    for bytes in [block("y\n").into_bytes(), vec![0; 64 << 10], block("x").into_bytes()] {
        let said = fed(&lab, &["import", "--as", "children", "-"], &bytes, true).ends(2);
        said.says(&["nothing sound stands in its first 1 MiB: the rest was not read"]);
    }
    // Sound at first, and worthless then.
    let mut command = lab.command(&["import", "--as", "children", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let said = std::thread::scope(|scope| {
        scope.spawn(move || {
            let rest = block("y\n");
            let _ = input.write_all(CHILDREN.as_bytes());
            while input.write_all(rest.as_bytes()).is_ok() {}
        });
        Said::of(child.wait_with_output().unwrap())
    });
    said.ends(2).says(&["the rest was not read"]);
}

#[test]
fn pipes_and_devices_are_refused_at_once() {
    let lab = Lab::new();
    let pipe = lab.name("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let file = lab.write("c.csv", CHILDREN);
    for special in [pipe.as_str(), "/dev/zero"] {
        for arguments in [
            vec!["import", "--as", "children", special],
            vec!["import", "--as", "children", "--cases", special, &file],
            vec!["import", "--as", "families", "--pedigrees", special, &file],
            vec!["import", "--as", "children", "--map", special, &file],
            vec!["maps", "set", "A", special],
            vec!["lr", special],
            vec!["lr", "--pedigree", special, &file],
            vec!["lr", "--frequencies", special, &file],
        ] {
            lab.run(&arguments).ends(2).says(&["is a pipe or a device, not a file"]);
        }
    }
}
