//! Checks the rules of the source: a room (a top-level module) imports only what the table in `src/lib.rs` allows, only
//! named rooms use certain crates, and no files depend on each other in a circle.

mod circles;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use circles::circles;
use source::{Crate, ModulePath};

/// Crates that only these rooms may use.
const OWNERS: [(&str, &[&str]); 25] = [
    ("age", &["pseudonym"]),
    ("anyhow", &["cli", "main"]),
    ("axum", &["page"]),
    ("bincode", &["index", "cluster"]),
    ("clap", &["cli", "main"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    // The feature `cli` gates it there.
    ("comfy_table", &["report"]),
    ("ctrlc", &["cli", "main"]),
    ("ed25519_dalek", &["audit", "exchange"]),
    ("encoding_rs", &["intake"]),
    ("futures_util", &["page"]),
    ("hyper", &["page"]),
    ("hyper_util", &["page"]),
    ("indicatif", &["cli", "main"]),
    ("memmap2", &["index"]),
    ("mimalloc", &["cli", "main"]),
    ("multer", &["page"]),
    ("nix", &["files", "pseudonym", "store", "cli"]),
    ("percent_encoding", &["page"]),
    ("quick_xml", &["intake"]),
    ("rayon", &["matching", "store", "cli", "intake", "index", "ledger", "planning", "quality", "validation"]),
    ("rusqlite", &["ledger"]),
    ("tokio", &["page"]),
    ("unicode_normalization", &["pseudonym"]),
];
/// What opens a connection: the program only accepts them.
const CONNECTS: [&str; 3] = ["TcpStream", "TcpSocket", "UdpSocket"];
const UNSAFE: [&str; 6] =
    ["index/map.rs", "screen/coarse.rs", "screen/kernel.rs", "screen/lanes.rs", "screen/passed.rs", "screen/weigh.rs"];
const PRINTS: [&str; 4] = ["println", "print", "eprintln", "eprint"];
/// Decoded bytes may be hostile and of any length, so every decoder configuration must have a limit.
const LIMITED: [&str; 4] =
    ["::config::standard().with_limit::<", "::serde::encode_to_vec(", "::serde::decode_from_slice(", "::error::"];

/// The rooms that each room may import; `None` allows all.
type Allowed = BTreeMap<String, Option<BTreeSet<String>>>;

/// Reads the table of allowed imports from the documentation of the library.
fn table(lib: &str) -> Allowed {
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let row = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{row}");
        let room = cells[0].trim_end_matches('`').to_owned();
        let allowed = match cells[2] {
            "all" => None,
            "nothing" => Some(BTreeSet::new()),
            // A remark in brackets names the part that is used.
            list => Some(list.split(',').map(|name| name.split('(').next().unwrap().trim().to_owned()).collect()),
        };
        (room, allowed)
    };
    rows.map(row).collect()
}

/// Returns the room that a file belongs to.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Returns a path from the crate's root, if it leads into the crate by `crate` or `super`.
fn from_root(at: &ModulePath, path: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    match path.first().map(String::as_str) {
        Some("crate") => Some(path[1..].to_vec()),
        Some("super") => Some(at[..at.len().saturating_sub(ups)].iter().chain(&path[ups..]).cloned().collect()),
        _ => None,
    }
}

/// Returns every violation of the rules in the crate with this root.
fn findings(root: &str, files: &BTreeMap<String, String>, allowed: &Allowed) -> Vec<String> {
    let read = Crate::read(root, files);
    let mut found: BTreeSet<String> = read.problems.iter().cloned().collect();
    for (at, module) in &read.modules {
        let file = &module.file;
        let room = room(file);
        let rooms = allowed.get(room);
        if rooms.is_none() && file != root {
            found.insert(format!("{room}: the room is not in the table"));
        }
        let rooms = rooms.and_then(Option::as_ref);
        let imported = module.imports.iter().map(|import| &import.path);
        for path in imported.chain(module.paths.iter().map(|path| &path.segments)) {
            if let (Some(rooms), Some(inside)) = (rooms, from_root(at, path)) {
                let named = inside.first().map_or("", String::as_str);
                if named != room && !rooms.contains(named) {
                    found.insert(format!("{file}: {room} may not import {named}"));
                } else if named != room && path[0] == "super" {
                    found.insert(format!("{file}: leave the room by crate::"));
                }
            }
            if let Some((name, owners)) = OWNERS.iter().find(|(name, _)| *name == path[0])
                && !owners.contains(&room)
            {
                found.insert(format!("{file}: only {owners:?} may name {name}"));
            }
            if path[0] == "std" && path.get(1).is_some_and(|part| part == "net") && room != "page" {
                found.insert(format!("{file}: the program opens no connection"));
            }
            if path.iter().any(|part| CONNECTS.contains(&&part[..])) {
                found.insert(format!("{file}: the program opens no connection"));
            }
        }
        let prints = |path: &source::Named| path.calls_macro && PRINTS.contains(&&path.segments.last().unwrap()[..]);
        if room != "cli" && module.paths.iter().any(prints) {
            found.insert(format!("{file}: only the command line prints"));
        }
    }
    for (file, tokens) in &read.tokens {
        if tokens.iter().any(|token| token == "unsafe") && !UNSAFE.contains(&&file[..]) {
            found.insert(format!("{file}: unsafe"));
        }
        let mut decoders = tokens.iter().enumerate().filter(|(_, token)| *token == "bincode");
        if decoders.any(|(at, _)| {
            let after = tokens[at + 1..].iter().take(12).map(String::as_str).collect::<String>();
            !LIMITED.iter().any(|limited| after.starts_with(limited))
        }) {
            found.insert(format!("{file}: bincode without a limit"));
        }
    }
    found.into_iter().chain(circles(&read)).collect()
}

/// Reads the Rust files in a folder and below, by path from there.
fn sources(folder: &Path) -> BTreeMap<String, String> {
    fn below(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    below(folder, &mut files);
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the files that no `mod` declaration leads to from one of the roots, and that nothing compiles.
fn left_out(roots: &[&str], files: &BTreeMap<String, String>) -> Vec<String> {
    let reached: BTreeSet<String> = roots.iter().flat_map(|root| Crate::read(root, files).tokens.into_keys()).collect();
    files.keys().filter(|file| !reached.contains(*file)).cloned().collect()
}

#[test]
fn the_source_obeys_the_architecture_rules() {
    let files = sources(&root().join("src"));
    let allowed = table(&files["lib.rs"]);
    let library = Crate::read("lib.rs", &files);
    let rooms = &library.modules[&Vec::new()].children;
    assert_eq!(allowed.keys().cloned().collect::<BTreeSet<_>>(), *rooms, "the table has every room");
    let known = |allowed: &BTreeSet<String>| allowed.is_subset(rooms);
    assert!(allowed.values().flatten().all(known), "the table names rooms only: {allowed:?}");
    assert!(library.modules.len() > 60, "{}", library.modules.len());
    let mut found = findings("lib.rs", &files, &allowed);
    found.extend(findings("main.rs", &files, &allowed));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_file_is_compiled() {
    assert_eq!(left_out(&["lib.rs", "main.rs"], &sources(&root().join("src"))), Vec::<String>::new());
    let tests = sources(&root().join("tests"));
    // The fuzz targets are another package.
    let tests: BTreeMap<_, _> = tests.into_iter().filter(|(file, _)| !file.starts_with("fuzz/")).collect();
    assert_eq!(left_out(&["it/main.rs"], &tests), Vec::<String>::new());
}

/// Returns the tests that a row of a table names: files, each before the names of its tests, all in backticks.
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
fn every_threat_names_existing_tests() {
    let root = root();
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

/// Returns the violations in some files, under a table of four rooms. Missing `mod` declarations are added.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    const TABLE: &str = "//! | room | owns | may import |\n//! |---|---|---|\n//! | `model` | x | nothing |\n\
        //! | `index` | x, y | model |\n//! | `screen` | x | model, index (tables only) |\n//! | `cli` | x | all |\n";
    let allowed = table(TABLE);
    assert_eq!(allowed.len(), 4);
    let mut all: BTreeMap<String, String> = BTreeMap::from([("lib.rs".to_owned(), String::new())]);
    all.extend(files.iter().map(|&(file, text)| (file.to_owned(), text.to_owned())));
    for file in all.keys().cloned().collect::<Vec<_>>() {
        let mut inside = file.trim_end_matches(".rs").to_owned();
        while inside != "lib" {
            let (above, name) = inside.rsplit_once('/').unwrap_or(("", &inside));
            let above = if above.is_empty() { "lib.rs".to_owned() } else { format!("{above}/mod.rs") };
            let text = all.entry(above.clone()).or_default();
            let declaration = format!("mod {name};");
            if name != "mod" && !text.contains(&declaration) {
                *text += &format!("\n{declaration}");
            }
            inside = above.trim_end_matches("/mod.rs").trim_end_matches(".rs").to_owned();
        }
    }
    findings("lib.rs", &all, &allowed)
}

#[test]
fn each_violation_of_the_rules_is_found() {
    for (file, text) in [
        ("index/a.rs", "use crate::screen::Plan;"),
        ("index/a.rs", "use crate::{model::Locus, screen};"),
        ("index/a.rs", "use crate::{\n    model::{Locus, Panel},\n    screen::{self, Plan},\n};"),
        ("index/a.rs", "fn f() -> crate::screen::Plan {}"),
        ("index/a.rs", "type A = Vec<(crate :: screen::Plan, u8)>;"),
        ("index/a.rs", "const A: &str = \"\\\"//\"; use crate::screen;"),
        ("index/a.rs", "const A: &str = r##\"\"#\"##; use crate::screen;"),
        ("index/a.rs", "fn f() { vec![crate::screen::Plan] }"),
        ("index/a.rs", "fn f() { use crate::{model, screen::Plan}; }"),
        ("index/a.rs", "#[derive(crate::screen::Plan)] struct A;"),
        ("index/a.rs", "#[serde(with = \"crate::screen::plan\")] struct A;"),
        ("index/a.rs", "#[cfg(not(test))] use crate::screen::Plan;"),
        ("index/a.rs", "#[cfg(any(test, feature = \"x\"))] use crate::screen::Plan;"),
        ("index/a.rs", "mod b { fn f(a: super::super::super::screen::Plan) {} }"),
        ("model/a.rs", "use crate::index::Index;"),
        ("cellar/a.rs", ""),
        ("screen/a.rs", "use memmap2::Mmap;"),
        ("cli/a.rs", "fn f() { rusqlite::Connection::open(); }"),
        ("screen/a.rs", "use rayon::prelude::*;"),
        ("index/a.rs", "use clap;"),
        ("index/a.rs", "#[derive(clap::Args)] struct A;"),
        ("index/a.rs", "fn f() -> anyhow::Result<()> {}"),
        ("index/a.rs", "fn f() -> ::anyhow::Result<()> {}"),
        ("screen/a.rs", "use comfy_table::Table;"),
        ("screen/a.rs", "use indicatif::ProgressBar;"),
        ("screen/a.rs", "fn f() { ctrlc::set_handler(f); }"),
        ("screen/a.rs", "static A: mimalloc::MiMalloc = mimalloc::MiMalloc;"),
        ("index/a.rs", "use super::super::screen::Plan;"),
        ("screen/a.rs", "use super::super::index::Plan;"),
        ("index/a.rs", "fn f() { println!(); }"),
        ("index/a.rs", "fn f() { std::println!(); }"),
        ("cli/a.rs", "use std::net::TcpStream;"),
        ("cli/a.rs", "use std::{fs, net::TcpStream};"),
        ("index/a.rs", "fn f() { bincode::serde::decode_from_slice(b, bincode::config::standard()) }"),
        ("index/a.rs", "use bincode::config;"),
        ("index/a.rs", "fn f() { eprint!(\"x\") }"),
        ("index/a.rs", "fn f() { unsafe { g() } }"),
        ("index/a.rs", "#[cfg(test)]\nmod tests { fn f() { unsafe { g() } } }"),
        ("index/a.rs", "mod nowhere;"),
        ("index/a.rs", "fn f( {"),
    ] {
        assert_eq!(found(&[(file, text)]).len(), 1, "{text}: {:?}", found(&[(file, text)]));
    }
    for (file, text) in [
        ("index/a.rs", "use crate::model::Locus;\npub(in crate::index) fn f() {}\npub(crate) fn g() {}"),
        (
            "index/a.rs",
            "// use crate::screen;\n/// [`crate::screen::Plan`]\nconst A: &str = \"crate::screen, unsafe\";",
        ),
        ("index/a.rs", "fn f() {}\n#[cfg(test)]\nmod tests { use crate::screen::Plan; fn f() { println!(); } }"),
        ("index/a.rs", "#[cfg(test)] use crate::screen::Plan; #[cfg(all(unix, test))] fn f(a: crate::screen::Plan) {}"),
        ("index/a.rs", "struct A; impl A { #[cfg(test)] fn f(a: crate::screen::Plan) {} }"),
        ("index/mod.rs", "#[cfg(test)] mod tests { use super::super::screen; }"),
        (
            "index/a.rs",
            "fn f() { bincode::serde::decode_from_slice(b, bincode::config::standard().with_limit::<9>()) }",
        ),
        ("index/map.rs", "use memmap2::Mmap; fn f() { unsafe { g() } }"),
        ("screen/a.rs", "use crate::{index::Row, model::{Locus}};"),
        ("cli/a.rs", "use crate::screen; use super::super::index; fn f() { rayon::join(); eprintln!(); }"),
        ("cli/a.rs", "use clap::Args; fn f() -> anyhow::Result<()> {}"),
        ("index/a.rs", "#![deny(unsafe_code)] fn f(a: &'static str) -> char { '\"' }"),
        ("index/a/b.rs", "use super::super::Index; mod c { use super::super::super::Index; }"),
        ("index/a.rs", "fn f(a: A) { a.rayon(a.print); let println = 1; }"),
    ] {
        assert_eq!(found(&[(file, text)]), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_test_file_may_name_every_room_but_not_be_unsafe() {
    let files = [("index/mod.rs", "#[cfg(test)]\nmod tests;"), ("index/tests.rs", "use crate::screen::Plan;")];
    assert_eq!(found(&files), Vec::<String>::new());
    let files = [("index/mod.rs", "#[cfg(test)]\nmod tests;"), ("index/tests.rs", "fn f() { unsafe { g() } }")];
    assert_eq!(found(&files), ["index/tests.rs: unsafe"]);
}

#[test]
fn a_circle_of_files_is_found_with_the_names_that_tie_it() {
    let files = [
        ("index/mod.rs", "pub use b::B;"),
        ("index/a.rs", "use super::B; pub struct A;"),
        ("index/b.rs", "pub struct B(super::a::A);"),
    ];
    let told = "2 files in a circle:\n    index/a.rs -> index/b.rs: B\n    index/b.rs -> index/a.rs: A";
    assert_eq!(found(&files), [told]);
    let circles: [&[(&str, &str)]; 16] = [
        // Imports of each other.
        &[("index/a.rs", "use super::b::B; pub struct A;"), ("index/b.rs", "use super::a::A; pub struct B;")],
        // A re-export under another name.
        &[
            ("index/mod.rs", "pub(crate) use b::B as C;"),
            ("index/a.rs", "use super::C; pub struct A;"),
            ("index/b.rs", "use crate::index::a::A; pub struct B;"),
        ],
        // Re-exports of re-exports, through a glob.
        &[
            ("index/mod.rs", "mod c { pub use super::b::*; } pub use c::*;"),
            ("index/a.rs", "use super::B; pub struct A;"),
            ("index/b.rs", "use super::a::A; pub struct B;"),
        ],
        // A glob import.
        &[("index/a.rs", "use super::b::*; pub struct A;"), ("index/b.rs", "use super::a::A; pub struct B;")],
        // A glob of a module that re-exports.
        &[
            ("index/mod.rs", "pub use b::B;"),
            ("index/a.rs", "use super::*; pub struct A(B);"),
            ("index/b.rs", "use super::a::A; pub struct B;"),
        ],
        // Paths in a signature, an expression, a pattern and a macro.
        &[("index/a.rs", "fn f(b: &super::b::B) {}"), ("index/b.rs", "pub struct B; fn g() { super::a::f() }")],
        &[
            ("index/a.rs", "pub fn f() -> u8 { vec![super::b::g()][0] }"),
            ("index/b.rs", "pub fn g() -> u8 { match 1 { crate::index::a::F => 1 } }"),
        ],
        // A folder and a file in it: its own code, not its declaration.
        &[("index/mod.rs", "pub struct I(a::A);"), ("index/a.rs", "use super::I; pub struct A;")],
        // The file uses what it re-exports.
        &[("index/mod.rs", "pub use a::A; pub struct I(A);"), ("index/a.rs", "use super::I; pub struct A;")],
        // Private imports of a folder, seen from a file in it.
        &[
            ("index/mod.rs", "use b::B; pub struct I;"),
            ("index/a.rs", "use super::B; pub struct A;"),
            ("index/b.rs", "use super::a::A; pub struct B;"),
        ],
        // Three files.
        &[
            ("index/a.rs", "use super::b::B; pub struct A;"),
            ("index/b.rs", "use super::c::C; pub struct B;"),
            ("index/c.rs", "use super::a::A; pub struct C;"),
        ],
        // A variant, and an associated function.
        &[
            ("index/a.rs", "use super::b::B::*; pub struct A;"),
            ("index/b.rs", "pub enum B { C } fn f() { super::a::A::new() }"),
        ],
        // A module that is imported, and a macro.
        &[
            ("index/a.rs", "use super::b; pub fn f() { b::g(); }"),
            ("index/b.rs", "pub fn g() { crate::index::a::made!() }"),
        ],
        // A module inside a file.
        &[
            ("index/a.rs", "pub mod inner { use super::super::b::B; pub struct A; }"),
            ("index/b.rs", "use super::a::inner::A; pub struct B;"),
        ],
        // An attribute.
        &[
            ("index/a.rs", "pub fn write() {} fn f(b: super::b::B) {}"),
            ("index/b.rs", "pub struct B { #[serde(serialize_with = \"super::a::write\")] c: u8 }"),
        ],
        // An import in a function.
        &[("index/a.rs", "fn f() { use super::{b::B}; }"), ("index/b.rs", "use super::a::A; pub struct B;")],
    ];
    for files in circles {
        let told = found(files);
        assert!(told.len() == 1 && told[0].contains("files in a circle:"), "{files:?}: {told:?}");
    }
    let sound: [&[(&str, &str)]; 8] = [
        // A declaration and a re-export of an item of a submodule.
        &[("index/mod.rs", "pub use a::A; pub struct I;"), ("index/a.rs", "use super::I; pub struct A;")],
        &[("index/mod.rs", "pub use a::*; pub struct I;"), ("index/a.rs", "use super::I; pub struct A;")],
        // Tests.
        &[
            ("index/a.rs", "#[cfg(test)] mod tests { use super::super::b::B; } pub struct A;"),
            ("index/b.rs", "use super::a::A; pub struct B;"),
        ],
        &[
            ("index/a.rs", "#[cfg(test)] use super::b::B; pub struct A;"),
            ("index/b.rs", "use super::a::A; pub struct B;"),
        ],
        // Text and comments.
        &[
            ("index/a.rs", "/// [`super::b::B`]\npub struct A; const T: &str = \"super::b::B\";"),
            ("index/b.rs", "use super::a::A; pub struct B;"),
        ],
        // A visibility.
        &[("index/mod.rs", "use a::A;"), ("index/a.rs", "pub(in crate::index) struct A;")],
        // Other crates, fields and methods of the same names.
        &[
            ("index/a.rs", "use serde::b; pub struct A { b: u8 } fn f(x: X) { x.b; x.b(); std::b::c(); }"),
            ("index/b.rs", "use super::a::A; pub struct B;"),
        ],
        // An item that a folder re-exports from a third file.
        &[
            ("index/mod.rs", "pub use b::B;"),
            ("index/a.rs", "use crate::index::B; pub struct A;"),
            ("index/b.rs", "pub struct B;"),
        ],
    ];
    for files in sound {
        assert_eq!(found(files), Vec::<String>::new(), "{files:?}");
    }
}
