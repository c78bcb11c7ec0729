//! Every command that README and guide show is run, and its output compared.
//!
//! A fence of the kind `console` holds commands behind `$ `, continued behind `> `, each with what it says, on standard output or
//! standard error. In what is expected, a line `...` stands for any lines, and `[..]` for any text within a line. All fences of a
//! page run in one shell, in an empty folder. A comment `<!-- setup: ... -->` holds commands that the page does not show.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::rotation::custodian;
use crate::common::{Lab, PROGRAM, Said, plain, reunite};

/// Before each command in what the shell says.
const MARK: &str = "=== command ";

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README and every page of the guide.
fn pages() -> Vec<PathBuf> {
    let guide = fs::read_dir(project().join("src/guide")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = guide.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.push(project().join("README.md"));
    pages.sort();
    pages
}

/// A fence of a page: its kind, its first line, and its text.
struct Fence<'a> {
    kind: &'a str,
    line: usize,
    lines: Vec<&'a str>,
}

fn fences(page: &str) -> Vec<Fence<'_>> {
    let mut fences: Vec<Fence<'_>> = Vec::new();
    let mut open = false;
    for (number, line) in page.lines().enumerate() {
        if let Some(kind) = line.strip_prefix("```") {
            open = !open;
            if open {
                fences.push(Fence { kind, line: number + 2, lines: Vec::new() });
            }
        } else if open {
            fences.last_mut().unwrap().lines.push(line);
        } else if let Some(setup) = line.strip_prefix("<!-- setup: ") {
            let setup = setup.strip_suffix(" -->").unwrap();
            fences.push(Fence { kind: "setup", line: number + 1, lines: vec![setup] });
        }
    }
    assert!(!open, "a fence is not closed");
    fences
}

/// A command with what it should say; `None` for what the page does not show.
struct Shown<'a> {
    line: usize,
    command: String,
    says: Option<Vec<&'a str>>,
}

fn commands(page: &str) -> Vec<Shown<'_>> {
    let mut all: Vec<Shown<'_>> = Vec::new();
    for fence in fences(page) {
        match fence.kind {
            "setup" => all.push(Shown { line: fence.line, command: fence.lines[0].to_owned(), says: None }),
            "console" => {
                for (number, line) in fence.lines.iter().enumerate() {
                    if let Some(command) = line.strip_prefix("$ ") {
                        all.push(Shown {
                            line: fence.line + number,
                            command: command.to_owned(),
                            says: Some(Vec::new()),
                        });
                    } else if let (Some(more), Some(last)) = (line.strip_prefix("> "), all.last_mut()) {
                        last.command += "\n";
                        last.command += more;
                    } else {
                        let last = all.last_mut().unwrap_or_else(|| panic!("line {}: no command", fence.line + number));
                        last.says.as_mut().unwrap().push(line);
                    }
                }
            }
            _ => {}
        }
    }
    all
}

/// Compares what a command said with what a page shows.
fn is_as_shown(shown: &[&str], said: &[&str]) -> bool {
    match (shown.split_first(), said.split_first()) {
        (None, None) => true,
        (Some((&"...", rest)), _) => (0..=said.len()).any(|skipped| is_as_shown(rest, &said[skipped..])),
        (Some((line, rest)), Some((other, others))) => is_line(line, other) && is_as_shown(rest, others),
        _ => false,
    }
}

fn is_line(shown: &str, said: &str) -> bool {
    let Some((before, after)) = shown.split_once("[..]") else { return shown.trim_end() == said.trim_end() };
    // Blanks keep the columns of a table in their places.
    let after = if after.starts_with("  ") { after.trim_start() } else { after };
    said.strip_prefix(before).is_some_and(|rest| {
        (0..=rest.len()).filter(|&at| rest.is_char_boundary(at)).any(|at| is_line(after, &rest[at..]))
    })
}

/// A folder with a custodian's identity, where the program, and one that makes that identity, are found by their names.
fn folder() -> Lab {
    let lab = Lab::new();
    fs::create_dir_all(lab.path("bin")).unwrap();
    fs::create_dir_all(lab.path("home")).unwrap();
    std::os::unix::fs::symlink(PROGRAM, lab.path("bin/reunite")).unwrap();
    let (identity, recipient) = custodian(&lab, "identity");
    let script = format!("#!/bin/sh\n# age-keygen -o FILE\ncp '{identity}' \"$2\" && echo 'Public key: {recipient}'\n");
    lab.write("bin/age-keygen", script);
    fs::set_permissions(lab.path("bin/age-keygen"), Permissions::from_mode(0o755)).unwrap();
    lab
}

/// Runs the commands of a page, and gives what is other than shown.
fn differences(page: &str) -> String {
    let (lab, commands) = (folder(), commands(page));
    let mut script = String::from("exec 2>&1\n");
    for (number, shown) in commands.iter().enumerate() {
        let _ = writeln!(script, "echo '{MARK}{number}'\n{}", shown.command);
    }
    lab.write("script", script);
    let path = format!("{}:{}", lab.name("bin"), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.arg(lab.path("script")).current_dir(lab.path("home")).env("HOME", lab.path("home")).env("PATH", path);
    let said = Said::raw(plain(&mut bash).stdin(Stdio::null()).output().unwrap());
    let mut differences = String::new();
    let parts: Vec<&str> = said.split(MARK).skip(1).collect();
    assert_eq!(parts.len(), commands.len(), "{said}");
    for (shown, part) in commands.iter().zip(parts) {
        let said: Vec<&str> = part.lines().skip(1).collect();
        let Some(says) = &shown.says else {
            assert!(!part.contains("error"), "{}: {part}", shown.command);
            continue;
        };
        if !is_as_shown(says, &said) {
            let _ = writeln!(differences, "line {}: $ {}\n{}\n", shown.line, shown.command, said.join("\n"));
        }
    }
    differences
}

#[test]
fn commands_shown_in_readme_and_guide_say_what_is_shown() {
    let mut differences_of_all = String::new();
    let mut number = 0;
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        number += commands(&page).iter().filter(|shown| shown.says.is_some()).count();
        let found = differences(&page);
        if !found.is_empty() {
            let _ = writeln!(differences_of_all, "{}\n{found}", path.display());
        }
    }
    println!("{number} commands");
    assert!(differences_of_all.is_empty(), "other than shown:\n\n{differences_of_all}");
    assert!(number > 40, "{number}");
}

/// What translation may not change: headings and their levels, tables, and everything in fences.
fn shape(page: &str) -> Vec<String> {
    let mut is_fence = false;
    let lines = page.lines().filter_map(|line| {
        if line.starts_with("```") {
            is_fence = !is_fence;
            return Some(line.to_owned());
        }
        match line.chars().next() {
            _ if is_fence => Some(line.to_owned()),
            Some('#') => Some(line.split(' ').next().unwrap().to_owned()),
            Some('|') => Some(format!("| of {}", line.replace("\\|", "").matches('|').count())),
            Some('<') => Some(line.to_owned()),
            _ => None,
        }
    });
    lines.collect()
}

#[test]
fn the_chinese_guide_has_the_same_parts() {
    let folder = project().join("src/guide");
    for page in pages().into_iter().filter(|page| page.starts_with(&folder)) {
        let chinese = folder.join("zh").join(page.file_name().unwrap());
        let [english, chinese] = [&page, &chinese].map(|path| fs::read_to_string(path).unwrap());
        assert!(!chinese.lines().next().unwrap().is_ascii(), "{page:?} has no Chinese");
        let (expected, found) = (shape(&english), shape(&chinese));
        let differs = expected.iter().zip(&found).find(|(one, other)| one != other);
        assert_eq!(differs, None, "{page:?}");
        assert_eq!(expected.len(), found.len(), "{page:?}");
    }
}

#[test]
fn readme_is_short_and_no_command_of_the_program_is_shown_without_being_run() {
    let readme = fs::read_to_string(project().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 200, "{} lines", readme.lines().count());
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        for fence in fences(&page).iter().filter(|fence| !["console", "setup", "toml"].contains(&fence.kind)) {
            let shown = fence.lines.iter().find(|line| line.trim_start().starts_with("reunite "));
            assert_eq!(shown, None, "{}, line {}", path.display(), fence.line);
        }
        // An indented block would be run by nobody, and rustdoc would take it for a program.
        let mut in_fence = false;
        for (number, line) in page.lines().enumerate() {
            in_fence ^= line.starts_with("```");
            assert!(in_fence || !line.starts_with("    "), "{}:{}: {line}", path.display(), number + 1);
        }
    }
}

/// Every key of the program's JSON, and every column of its CSV.
/// Imports facts about a family's missing child and about a child, and returns their pseudonyms.
fn facts_of_pair(lab: &Lab) -> [String; 2] {
    let missing = "family_id,sex,birth_from,missing_on,missing_place,marks,dialect,native_place\n\
                   F000001,m,2010-01-01,2012-01-01,370102,scar left hand,wu,370102\n";
    let found = "sample_id,sex,found_on,found_place,found_by,apparent_age,marks,dialect,native_place,custody\n\
                 C0000001,m,2015-01-01,370102,police,4-5,scar left hand,wu,370102,institution\n";
    lab.run(&["import", "--as", "missing-children", &lab.write("missing.csv", missing)]).ends(0);
    lab.run(&["import", "--as", "found-children", &lab.write("found.csv", found)]).ends(0);
    let name = |kind: &str, id: &str| lab.pseudonyms(kind, [id]).remove(id).unwrap();
    [name("family", "F000001"), name("sample", "C0000001")]
}

#[test]
fn every_field_of_json_and_csv_is_in_the_guide() {
    fn keys(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    found.push(key.clone());
                    // What a record says of itself differs by command.
                    if key != "details" {
                        keys(value, found);
                    }
                }
            }
            serde_json::Value::Array(all) => all.iter().for_each(|value| keys(value, found)),
            _ => {}
        }
    }
    let page = fs::read_to_string(project().join("src/guide/output.md")).unwrap();
    let lab = Lab::new();
    reunite(&["synth", "--out", &lab.name("files"), "--families", "60", "--children", "600", "--wrong-father", "0.2"])
        .ends(0);
    let (families, children) = (lab.name("files/families.csv"), lab.name("files/children.csv"));
    let mut fields = Vec::new();
    keys(&lab.run(&["import", &families, &children, "--report-format", "json"]).ends(0).json(), &mut fields);
    keys(&lab.run(&["match", "--near", "1", "--format", "json"]).ends(0).json(), &mut fields);
    let listed = lab.run(&["candidates", "--format", "csv"]).ends(0).out;
    let pair: Vec<&str> = listed.lines().nth(1).unwrap().split(',').collect();
    let passphrase = lab.write("passphrase", "a passphrase of ours");
    fs::set_permissions(&passphrase, Permissions::from_mode(0o600)).unwrap();
    let with = ["--passphrase-file", &passphrase];
    reunite(&[&["review", "key", "--out", &lab.name("r1")], &with[..]].concat()).ends(0);
    lab.run(&["review", "enrol", "--staff", "R1", "--public-key", &lab.name("r1.pub")]).ends(0);
    let of_pair = ["review", "decide", pair[0], pair[1], "--decision", "confirm", "--code", "profiles-agree"];
    lab.run(&[&of_pair[..], &["--key", &lab.name("r1")], &with[..]].concat()).ends(0);
    lab.run(&["review", "found", pair[1], "--date", "2025-01-01"]).ends(0);
    let numbers = lab.name("files/truth.csv");
    // One run lost something.
    lab.run(&["match", "--min-log10-lr", "8"]).ends(0);
    let registry = lab.write("registry.csv", "certificate\nQ370123456\n");
    lab.run(&["import", "--as", "certificates", &registry]).ends(0);
    let of_pair = facts_of_pair(&lab);
    let sample = "sample_id,legal_basis,purposes,born_on,review_on\nC-1,consent,search,2020,2020-01-01\n";
    let typed = lab.write("typed.csv", "sample_id,sex,vWA\nC-1,f,14/15\n");
    lab.run(&["import", "--as", "children", &typed, "--min-loci", "1"]).ends(0);
    lab.run(&["import", "--as", "keeping", &lab.write("terms.csv", sample)]).ends(0);
    let kept = lab.pseudonyms("sample", ["C-1"]).remove("C-1").unwrap();
    let commands: &[&[&str]] = &[
        &["due"],
        &["keeping", "show", &kept],
        &["keeping", "record"],
        &["certificate", "check", "--number", "Q370123456"],
        &["exchange", "partner", "list"],
        &["exchange", "hits"],
        &["facts", "show", &of_pair[0]],
        &["facts", "show", &of_pair[1]],
        &["facts", "compare", &of_pair[0], &of_pair[1], "--factors"],
        &["facts", "calibrate", "--pairs", "100"],
        &["review", "show", pair[0], pair[1]],
        &["review", "list"],
        &["review", "due"],
        &["review", "reviewers"],
        &["candidates", "--alternatives", "--assign", "--numbers", &numbers],
        &["runs"],
        &["stats"],
        &["missed"],
        &["missed", pair[0]],
        &["explain", pair[0], pair[1]],
        &["power", pair[0]],
        &["comparable", "--min-loci", "20"],
        &["kin", "--within", "all", "--relation", "full-sibling"],
        &["families", "check"],
        &["families", "list"],
        &["verify"],
        &["doctor"],
        &["config", "show"],
        &["config", "check"],
        &["audit", "list"],
        &["frequencies", "list"],
        &["findings", "allele"],
    ];
    for command in commands {
        let json = lab.run(&[command, &["--format", "json"][..]].concat());
        keys(&json.json(), &mut fields);
        if command[0] != "frequencies" {
            let csv = lab.run(&[command, &["--format", "csv"][..]].concat()).out;
            fields.extend(csv.lines().next().unwrap().split(',').map(str::to_owned));
        }
    }
    fields.sort();
    fields.dedup();
    fields.retain(|field| !page.contains(&format!("`{field}`")));
    assert!(fields.is_empty(), "not in src/guide/output.md: {}", fields.join(", "));
}

/// Phrases that .github/STYLE.md does not allow, in lower case.
const BANNED: [&str; 10] = [
    "is none",
    "so many",
    "goes with",
    "held against",
    " told",
    "as it is ",
    "comes in ",
    "stands in ",
    "no number above",
    "whom nobody",
];

/// The help of a command and of all below it.
fn help(command: &[&str], all: &mut Vec<(String, String)>) {
    let text = reunite(&[command, &["--help"][..]].concat()).ends(0).out;
    let lines = text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        help(&[command, &[name][..]].concat(), all);
    }
    all.push((format!("reunite {} --help", command.join(" ")), text));
}

#[test]
fn help_pages_and_findings_use_no_banned_phrase() {
    let mut texts: Vec<(String, String)> = Vec::new();
    help(&[], &mut texts);
    assert!(texts.len() > 40, "{}", texts.len());
    texts.push(("findings".to_owned(), reunite(&["findings", "--examples"]).ends(0).out));
    for path in pages() {
        texts.push((path.display().to_string(), fs::read_to_string(path).unwrap()));
    }
    let mut found = String::new();
    for (name, text) in &texts {
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        for phrase in BANNED {
            if let Some(at) = plain.find(phrase) {
                let near: String = plain[at..].chars().take(60).collect();
                let _ = writeln!(found, "{name}: {near}");
            }
        }
        for (at, _) in plain.match_indices(" such ") {
            if !plain[at..].starts_with(" such as ") {
                let _ = writeln!(found, "{name}: such: {}", plain[at..].chars().take(60).collect::<String>());
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

/// The picture of one pair that README and guide show.
#[test]
fn the_picture_of_an_explanation_is_what_the_program_prints() {
    let picture = fs::read_to_string(project().join("src/guide/explain.svg")).unwrap();
    let text = |line: &str| {
        let text = line.split_once('>')?.1.strip_suffix("</text>")?;
        Some(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    };
    let of_picture: Vec<String> = picture.lines().filter_map(text).collect();
    let lab = Lab::new();
    lab.synth("play", 200, 2_000, 1);
    lab.run(&["import", &lab.name("play/families.csv"), &lab.name("play/children.csv")]).ends(0);
    lab.run(&["match"]).ends(0);
    let listed = lab.run(&["candidates", "--format", "csv"]).ends(0).out;
    let pair: Vec<&str> = listed.lines().nth(1).unwrap().split(',').collect();
    let page = lab.run(&["explain", pair[0], pair[1]]).ends(0).out;
    let printed = page.lines().filter(|line| !line.is_empty()).take(of_picture.len());
    for (shown, printed) in of_picture.iter().zip(printed) {
        if !shown.starts_with("Family ") && !shown.starts_with("Child ") {
            assert_eq!(shown, printed);
        }
    }
    assert!(of_picture.len() > 30);
}

#[test]
fn what_is_shown_is_compared_line_by_line() {
    let compare =
        |shown: &str, said: &str| is_as_shown(&shown.lines().collect::<Vec<_>>(), &said.lines().collect::<Vec<_>>());
    assert!(compare("a\nb", "a\nb") && !compare("a\nb", "a\nc") && !compare("a", "a\nb") && !compare("a\nb", "a"));
    assert!(compare("a\n...\nz", "a\nb\nc\nz") && compare("...\nz", "z") && !compare("...\nz", "z\ny"));
    assert!(compare(" [..]    5  x", " abcdef  5  x") && !compare(" [..]    5  x", " abcdef  6  x"));
    assert!(compare("in [..] s ([..])", "in 0.1 s (x)") && !compare("in [..] s", "in 0.1 m"));
}
