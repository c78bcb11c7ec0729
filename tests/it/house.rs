//! The rooms import only what the table in `src/lib.rs` allows, and each keeps what is its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 400;

/// Crates that one room, or a few, have to themselves.
const OWNERS: [(&str, &[&str]); 9] = [
    ("memmap2", &["index"]),
    ("rusqlite", &["ledger"]),
    ("rayon", &["matching", "cli", "intake", "ledger", "quality"]),
    ("bincode", &["index"]),
    ("age", &["pseudonym"]),
    ("ed25519_dalek", &["audit"]),
    ("nix", &["pseudonym", "cli"]),
    ("quick_xml", &["intake"]),
    ("encoding_rs", &["intake"]),
];
const UNSAFE: [&str; 3] = ["index/map.rs", "screen/kernel.rs", "screen/weigh.rs"];
const PRINTS: [&str; 4] = ["println!", "print!", "eprintln!", "eprint!"];

/// What each room may import, as the documentation of the library says; `None` is everything.
fn table(lib: &str) -> BTreeMap<String, Option<BTreeSet<String>>> {
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let row = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        let room = cells[0].trim_end_matches('`').to_owned();
        let allowed = match cells[2] {
            "all" => None,
            "nothing" => Some(BTreeSet::new()),
            // A remark in brackets says which part.
            list => Some(list.split(',').map(|name| name.split('(').next().unwrap().trim().to_owned()).collect()),
        };
        (room, allowed)
    };
    rows.map(row).collect()
}

/// Rust text without comments, and without what stands in strings and character literals.
fn code(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |end| end + 5)
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            });
            end.map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("'\"'") || rest.starts_with("b'\"'") {
            4 - usize::from(first == '\'')
        } else {
            out.push(first);
            first.len_utf8()
        };
        out.extend(rest[..skip].chars().filter(|&c| c == '\n'));
        if first == '\n' {
            out.pop();
        }
        rest = &rest[skip..];
    }
    out
}

/// The code before the tests at a file's end; nothing of a file that is tests as a whole.
fn without_tests(path: &Path, code: &str) -> String {
    let tests = path.iter().any(|part| matches!(part.to_str(), Some("tests" | "tests.rs" | "proptests.rs")));
    let end = code.find("#[cfg(test)]\nmod tests {").unwrap_or(code.len());
    if tests { String::new() } else { code[..end].to_owned() }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where a word stands by itself.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> + 'a {
    code.match_indices(word).filter_map(move |(at, _)| {
        let (before, after) = (&code[..at], &code[at + word.len()..]);
        let open = |c: Option<char>| !c.is_some_and(is_word);
        (open(before.chars().next_back()) && (open(after.chars().next()) || word.ends_with('!'))).then_some(after)
    })
}

/// The rooms named by `crate::ROOM`, `crate::{ROOM, ROOM::x}`, `pub(in crate::ROOM)` and inline paths.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let first = |path: &str| path.trim_start().chars().take_while(|&c| is_word(c)).collect::<String>();
    let mut rooms = BTreeSet::new();
    for after in words(code, "crate") {
        let Some(path) = after.trim_start().strip_prefix("::") else { continue };
        match path.trim_start().strip_prefix('{') {
            None => rooms.extend([first(path)]),
            Some(group) => {
                let mut depth = 0;
                let mut start = 0;
                for (at, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        ',' | '}' if depth == 0 => {
                            rooms.extend([first(&group[start..at])]);
                            start = at + 1;
                            if c == '}' {
                                break;
                            }
                        }
                        '}' => depth -= 1,
                        _ => {}
                    }
                }
            }
        }
    }
    rooms.remove("");
    rooms
}

/// What is wrong with a file of a room.
fn findings(path: &str, text: &str, allowed: &BTreeMap<String, Option<BTreeSet<String>>>) -> Vec<String> {
    let mut found = Vec::new();
    let room = path.split('/').next().unwrap().trim_end_matches(".rs");
    let everything = code(text);
    let code = without_tests(Path::new(path), &everything);
    match allowed.get(room) {
        Some(Some(rooms)) => {
            for named in rooms_named(&code).iter().filter(|named| *named != room && !rooms.contains(*named)) {
                found.push(format!("{path}: {room} may not import {named}"));
            }
        }
        Some(None) => {}
        None if matches!(room, "lib" | "main") => {}
        None => found.push(format!("{path}: the room {room} is not in the table")),
    }
    // One step up is the room itself; two lead past the table.
    if room != "cli" && code.split_whitespace().collect::<String>().contains("super::super") {
        found.push(format!("{path}: leave the room by crate::"));
    }
    for (name, owners) in OWNERS {
        // Written in a path: other words may have the same name.
        let used = words(&code, name).any(|after| after.starts_with("::") || after.starts_with(';'));
        if used && !owners.contains(&room) {
            found.push(format!("{path}: only {owners:?} may name {name}"));
        }
    }
    // What is decoded may be hostile, and of any length: nothing makes a configuration without a limit.
    let limited =
        ["::config::standard().with_limit::<", "::serde::encode_to_vec(", "::serde::decode_from_slice(", "::error::"];
    if words(&everything, "bincode").any(|after| !limited.iter().any(|known| after.starts_with(known))) {
        found.push(format!("{path}: bincode without a limit"));
    }
    if words(&everything, "unsafe").next().is_some() && !UNSAFE.contains(&path) {
        found.push(format!("{path}: unsafe"));
    }
    if code.contains("std::net") {
        found.push(format!("{path}: the program opens no connection"));
    }
    if room != "cli" && PRINTS.iter().any(|print| words(&code, print).next().is_some()) {
        found.push(format!("{path}: only the command line prints"));
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        found.push(format!("{path}: {lines} lines are more than {MOST_LINES}"));
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn the_house_is_in_order() {
    let lib = fs::read_to_string(src().join("lib.rs")).unwrap();
    let allowed = table(&lib);
    let modules: BTreeSet<String> =
        lib.lines().filter_map(|line| Some(line.strip_prefix("pub mod ")?.trim_end_matches(';').to_owned())).collect();
    assert_eq!(allowed.keys().cloned().collect::<BTreeSet<_>>(), modules, "the table has every room");
    let known = |rooms: &BTreeSet<String>| rooms.is_subset(&modules);
    assert!(allowed.values().flatten().all(known), "the table names rooms only: {allowed:?}");
    let files = sources(&src());
    assert!(files.len() > 60, "{}", files.len());
    let mut found = Vec::new();
    for file in files {
        let path = file.strip_prefix(src()).unwrap().to_str().unwrap().to_owned();
        found.extend(findings(&path, &fs::read_to_string(&file).unwrap(), &allowed));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The tests that a row of a table names: files, each before the names of its tests, all in backticks.
fn tests_named(row: &str) -> Vec<(&str, &str)> {
    let mut file = "";
    let mut named = Vec::new();
    for word in row.split('`').skip(1).step_by(2) {
        if word.ends_with(".rs") {
            file = word;
        } else {
            named.push((file, word));
        }
    }
    named
}

#[test]
fn every_threat_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(".github/SECURITY.md")).unwrap();
    assert!(fs::read_to_string(root.join("README.md")).unwrap().contains("](.github/SECURITY.md)"));
    let threats = text.split("## Threats").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<&str> = threats.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 10, "{}", rows.len());
    for row in rows {
        let named = tests_named(row.trim_end_matches(" |").rsplit(" | ").next().unwrap());
        assert!(!named.is_empty(), "no test: {row}");
        for (file, name) in named {
            let code = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let test = code.find(&format!("\nfn {name}() {{")).unwrap_or_else(|| panic!("no test {name} in {file}"));
            assert!(code[..test].lines().rev().take(2).any(|line| line == "#[test]"), "{file}: {name} is no test");
        }
    }
}

#[test]
fn the_rules_can_be_broken() {
    let lib = "//! | room | owns | may import |\n//! |---|---|---|\n//! | `model` | x | nothing |\n\
               //! | `index` | x, y | model |\n//! | `screen` | x | model, index (tables only) |\n//! | `cli` | x | all |\n";
    let allowed = table(lib);
    assert_eq!(allowed.len(), 4);
    let count = |path: &str, text: &str| findings(path, text, &allowed).len();
    for (path, text) in [
        ("index/a.rs", "use crate::screen::Plan;"),
        ("index/a.rs", "use crate::{model::Locus, screen};"),
        ("index/a.rs", "use crate::{\n    model::{Locus, Panel},\n    screen::{self, Plan},\n};"),
        ("index/a.rs", "fn f() -> crate::screen::Plan {}"),
        ("index/a.rs", "type A = Vec<(crate :: screen::Plan, u8)>;"),
        ("index/a.rs", "const A: &str = \"\\\"//\"; use crate::screen;"),
        ("model/a.rs", "use crate::index::Index;"),
        ("cellar/a.rs", ""),
        ("screen/a.rs", "use memmap2::Mmap;"),
        ("cli/a.rs", "fn f() { rusqlite::Connection::open(); }"),
        ("index/a.rs", "use rayon::prelude::*;"),
        ("index/a.rs", "use super::super::screen::Plan;"),
        ("index/a.rs", "fn f() { println!(); }"),
        ("cli/a.rs", "use std::net::TcpStream;"),
        ("index/a.rs", "fn f() { bincode::serde::decode_from_slice(b, bincode::config::standard()) }"),
        ("index/a.rs", "use bincode::config;"),
        ("index/a.rs", "fn f() { eprint!(\"x\") }"),
        ("index/a.rs", "fn f() { unsafe { g() } }"),
        ("index/a.rs", "#[cfg(test)]\nmod tests { fn f() { unsafe { g() } } }"),
    ] {
        assert_eq!(count(path, text), 1, "{text}");
    }
    assert_eq!(count("index/a.rs", &"\n".repeat(MOST_LINES + 1)), 1);
    for (path, text) in [
        ("index/a.rs", "use crate::model::Locus;\npub(in crate::index) fn f() {}\npub(crate) fn g() {}"),
        (
            "index/a.rs",
            "// use crate::screen;\n/// [`crate::screen::Plan`]\nconst A: &str = \"crate::screen, unsafe\";",
        ),
        ("index/a.rs", "fn f() {}\n#[cfg(test)]\nmod tests { use crate::screen::Plan; fn f() { println!(); } }"),
        ("index/tests.rs", "use crate::screen::Plan;"),
        (
            "index/a.rs",
            "fn f() { bincode::serde::decode_from_slice(b, bincode::config::standard().with_limit::<9>()) }",
        ),
        ("index/map.rs", "use memmap2::Mmap; fn f() { unsafe { g() } }"),
        ("screen/a.rs", "use crate::{index::Row, model::{Locus}};"),
        ("cli/a.rs", "use crate::screen; fn f() { rayon::join(); eprintln!(); }"),
        ("index/a.rs", "#![deny(unsafe_code)] fn f(a: &'static str) -> char { '\"' }"),
        ("index/a.rs", &"\n".repeat(MOST_LINES)),
    ] {
        assert_eq!(findings(path, text, &allowed), Vec::<String>::new(), "{text}");
    }
}
