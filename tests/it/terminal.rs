//! What the program shows on a terminal: tables in its width, pseudonyms by their first digits, colours where asked.

use std::fs::File;
use std::io::Read;
use std::process::Stdio;

use nix::pty::{Winsize, openpty};

use crate::common::Lab;

/// A lab with candidates.
fn matched() -> Lab {
    let lab = Lab::new();
    lab.synth("files", 60, 200, 1);
    for layout in ["families", "children"] {
        lab.run(&["import", "--as", layout, &lab.name(&format!("files/{layout}.csv"))]).ends(0);
    }
    lab.run(&["match"]).ends(0);
    lab
}

/// Runs a command with its standard output on a terminal of so many columns.
fn on_terminal(lab: &Lab, columns: u16, arguments: &[&str], set: &[(&str, &str)]) -> String {
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(Some(&size), None).unwrap();
    let mut command = lab.command(arguments);
    command.envs(set.iter().copied()).stdout(Stdio::from(terminal.slave)).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // Only the child keeps the other side open.
    drop(command);
    let mut said = Vec::new();
    // The end of a terminal is an error on Linux.
    let _ = File::from(terminal.master).read_to_end(&mut said);
    assert!(child.wait().unwrap().code().is_some_and(|code| code < 2), "{arguments:?}");
    String::from_utf8(said).unwrap().replace("\r\n", "\n")
}

#[test]
fn tables_fit_the_terminal_and_name_pairs_by_first_digits_that_are_accepted() {
    let lab = matched();
    let brief = ["candidates", "--brief", "--color", "never"];
    let full = lab.run(&brief).out;
    let family = full.lines().nth(2).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    assert_eq!(family.len(), 32, "{full}");
    for columns in [80, 100] {
        let shown = on_terminal(&lab, columns, &brief, &[]);
        assert!(shown.lines().all(|line| line.chars().count() <= columns.into()), "{columns}: {shown}");
        assert!(shown.contains(&family[..12]) && !shown.contains(&family), "{shown}");
        assert_eq!(shown.lines().filter(|line| line.contains(&family[..12])).count(), full.matches(&family).count());
    }
    // The digits are enough for a command.
    let one = lab.run(&["candidates", "--brief", "--family", &family[..12]]).ends(0);
    assert!(one.out.contains(&family), "{}", one.out);
    // In Chinese a character takes two columns.
    let chinese = on_terminal(&lab, 80, &["candidates", "--brief", "--lang", "zh"], &[]);
    let plain: String = chinese.replace("\x1b[1m", "").replace("\x1b[0m", "");
    assert!(plain.contains("家系") && plain.lines().all(|line| reunite::words::width_of(line) <= 80), "{plain}");
}

#[test]
fn headings_are_bold_on_a_terminal_unless_that_is_not_wanted() {
    let lab = matched();
    let bold = |columns, arguments: &[&str], set: &[(&str, &str)]| {
        on_terminal(&lab, columns, &[&["candidates", "--brief"], arguments].concat(), set).contains("\x1b[1m")
    };
    assert!(bold(80, &[], &[]));
    assert!(!bold(80, &[], &[("NO_COLOR", "1")]));
    assert!(bold(80, &[], &[("NO_COLOR", "")]));
    assert!(!bold(80, &["--color", "never"], &[]));
    let file = |arguments: &[&str]| lab.run(&[&["candidates", "--brief"], arguments].concat()).out.contains('\x1b');
    assert!(!file(&[]) && file(&["--color", "always"]));
    let failed = lab.run(&["explain", "x", "y", "--color", "always"]).ends(2);
    assert!(failed.shown.starts_with("\x1b[31merror:") && failed.shown.ends_with("\x1b[0m\n"), "{:?}", failed.shown);
}

#[test]
fn messages_go_out_as_json_for_programs() {
    let lab = matched();
    let said = lab.run(&["match", "--full", "--log-format", "json"]).ends(0);
    let lines: Vec<serde_json::Value> = said.shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() > 3 && lines.iter().all(|line| line["level"] == "info" && line["at"].is_string()), "{lines:?}");
    assert!(lines.iter().any(|line| line["text"].as_str().unwrap().starts_with("digest ")), "{lines:?}");
    let failed = lab.run(&["explain", "x", "y", "--log-format", "json"]).ends(2);
    let line: serde_json::Value = serde_json::from_str(&failed.shown).unwrap();
    assert_eq!(line["level"], "error");
    let chinese = lab.run(&["explain", "x", "y", "--lang", "zh"]).ends(2);
    assert!(chinese.shown.starts_with("错误："), "{}", chinese.shown);
}
