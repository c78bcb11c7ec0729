//! Every text that people read has its Chinese in the catalogue `src/words/zh`, and the catalogue has no other text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use reunite::store::ListKind;
use syn::visit::{self, Visit};
use toml::Value;

use crate::common::Lab;

/// Files whose texts are for other programs, or have a catalogue of their own.
const OTHER: [&str; 15] = [
    "cli/commands/bench.rs",
    "cli/commands/completions.rs",
    "cli/commands/man.rs",
    "cli/language.rs",
    "cluster/script.rs",
    "intake/examples.rs",
    "ledger/migrate.rs",
    "ledger/schema.rs",
    "model/finding_code.rs",
    "pages",
    "report/fam.rs",
    "report/finding_words.rs",
    "report/parquet.rs",
    "synthesis",
    "words",
];

/// Macros whose texts only a programmer sees.
const NOT_SHOWN: [&str; 8] =
    ["assert", "assert_eq", "assert_ne", "debug_assert", "debug_assert_eq", "include_str", "panic", "unreachable"];

/// How a statement of SQL begins.
const SQL: [&str; 16] = [
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "COMMIT",
    "CREATE",
    "DELETE",
    "DROP",
    "INSERT",
    "PRAGMA",
    "REINDEX",
    "RELEASE",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "UPDATE",
];

#[derive(Default)]
struct Texts(BTreeSet<String>);

impl Texts {
    fn add(&mut self, text: &str) {
        let first = text.split_whitespace().next().unwrap_or_default();
        let is_sql = SQL.contains(&first)
            || ["WITH", "VACUUM"].contains(&first)
            || [" FROM ", " WHERE ", " JOIN ", " ORDER BY ", "= ?"].iter().any(|word| text.contains(word));
        // The second kind is part of a hash.
        if is_sql || text.starts_with("reunite 2026") {
            return;
        }
        self.0.extend(text.split('\n').filter_map(part));
    }

    fn tokens(&mut self, tokens: TokenStream) {
        // The documentation of what a macro defines is an attribute.
        let mut is_attribute = false;
        for one in tokens {
            let is_of_attribute = std::mem::replace(&mut is_attribute, is_sharp(&one));
            match one {
                TokenTree::Group(_) if is_of_attribute => {}
                TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        self.add(&text.value());
                    }
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

fn is_sharp(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(sign) if sign.as_char() == '#')
}

/// Returns a line of a text without the signs that join it to others; `None` if it has fewer than two English words.
fn part(line: &str) -> Option<String> {
    let line = line.trim();
    let line = if line.starts_with('(') { line } else { line.trim_start_matches([';', ':', ',', '.', '*', ')', ' ']) };
    let line = line.trim_end_matches([';', ':', ',', ' ']);
    let named = without_forms(line);
    let mut plain = String::new();
    let mut depth = 0;
    for c in named.chars() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                plain.push(' ');
            }
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let is_of_word = |c: char| c.is_ascii_alphabetic() || c == '\'' || c == '-';
    let is_word = |word: &&str| {
        word.len() > 1
            && word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| !c.is_ascii_uppercase())
    };
    (line.contains(' ') && plain.split(|c| !is_of_word(c)).filter(is_word).count() > 1).then_some(named)
}

/// Returns a template without the forms of its placeholders: `{sum:.4}` is `{sum}`.
fn without_forms(template: &str) -> String {
    let mut plain = String::new();
    let mut is_form = false;
    for c in template.chars() {
        match c {
            ':' if plain.rfind('{') > plain.rfind('}') => is_form = true,
            '}' => {
                is_form = false;
                plain.push(c);
            }
            c if !is_form => plain.push(c),
            _ => {}
        }
    }
    plain
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|one| match &one.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string().contains("test"),
        meta => meta.path().is_ident("test"),
    })
}

impl<'a> Visit<'a> for Texts {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &'a syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta
            && list.path.is_ident("error")
        {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_macro(&mut self, one: &'a syn::Macro) {
        let name = one.path.segments.last().unwrap().ident.to_string();
        if !NOT_SHOWN.contains(&name.as_str()) {
            self.tokens(one.tokens.clone());
        }
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        if call.method == "expect" {
            return self.visit_expr(&call.receiver);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_lit_str(&mut self, text: &'a syn::LitStr) {
        self.add(&text.value());
    }
}

/// The texts of all files below a folder.
fn collect(root: &Path, folder: &Path, into: &mut Texts) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let is_other = OTHER.iter().any(|other| name == *other);
        if is_other || name.contains("tests") {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, into);
        } else if name.ends_with(".rs") {
            into.visit_file(&syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
}

fn source() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The catalogue by parts: the texts, and their Chinese.
fn catalogue() -> BTreeMap<String, BTreeMap<String, String>> {
    let parts = fs::read_dir(source().join("words/zh")).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let table: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let texts = table.into_iter().map(|(english, chinese)| match chinese {
            Value::String(chinese) => (english, chinese),
            other => panic!("{english}: {other}"),
        });
        (path.file_name().unwrap().to_str().unwrap().to_owned(), texts.collect())
    });
    parts.collect()
}

/// The placeholders of a template; those without a name have their numbers.
fn placeholders(template: &str) -> Vec<String> {
    let plain = template.replace("{{", "").replace("}}", "");
    let mut number = 0;
    let names = plain.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
    let mut all: Vec<String> = names
        .map(|name| {
            if name.is_empty() {
                number += 1;
                return (number - 1).to_string();
            }
            name.to_owned()
        })
        .collect();
    all.sort_unstable();
    all
}

#[test]
fn every_text_has_its_chinese() {
    let mut texts = Texts::default();
    collect(&source(), &source(), &mut texts);
    assert!(texts.0.len() > 1500, "{}", texts.0.len());
    let known: BTreeSet<String> = catalogue().into_values().flat_map(BTreeMap::into_keys).collect();
    let missing: Vec<String> =
        texts.0.difference(&known).map(|text| format!("{} = \"\"", Value::from(text.as_str()))).collect();
    assert!(missing.is_empty(), "src/words/zh lacks {} texts:\n{}", missing.len(), missing.join("\n"));
    // Words by themselves are in a part of their own, which no text of the source need match.
    let all = catalogue();
    let sentences = all.iter().filter(|part| part.0 != "words.toml").flat_map(|part| part.1.keys());
    let surplus: Vec<&String> = sentences.filter(|text| !texts.0.contains(*text)).collect();
    assert!(
        surplus.is_empty(),
        "no text of the program is\n{}",
        surplus.iter().map(|text| format!("{text:?}\n")).collect::<String>()
    );
}

#[test]
fn the_chinese_has_what_the_english_has() {
    let mut seen = BTreeSet::new();
    for (part, texts) in catalogue() {
        for (english, chinese) in texts {
            assert!(seen.insert(english.clone()), "{part}: {english:?} is in two parts");
            // A text that nobody reads: a part of SQL, of a file for another program, of a record.
            if chinese.is_empty() {
                continue;
            }
            assert!(!chinese.is_ascii(), "{part}: {english:?}");
            let (needed, given) = (placeholders(&english), placeholders(&chinese));
            let dropped = needed.iter().filter(|name| !given.contains(name)).count();
            // What only makes an English plural has nothing to say in Chinese.
            assert!(dropped <= 1 && given.iter().all(|name| needed.contains(name)), "{part}: {english:?}: {given:?}");
            for word in english.split('`').skip(1).step_by(2).filter(|word| !word.contains('{')) {
                assert!(chinese.contains(word), "{part}: {english:?}: {word}");
            }
            for option in english.split([' ', '(', '/', '`']).filter(|word| word.starts_with("--")) {
                let option = option.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
                assert!(chinese.contains(option), "{part}: {english:?}: {option}");
            }
        }
    }
}

#[test]
fn every_template_is_found_again() {
    for (part, texts) in catalogue() {
        for (english, chinese) in texts.into_iter().filter(|text| !text.1.is_empty()) {
            let mut filled = english.replace("{{", "{").replace("}}", "}");
            if !english.contains("{{") {
                for (number, name) in placeholders(&english).iter().enumerate() {
                    let written = if name.parse::<usize>().is_ok() && !filled.contains(&format!("{{{name}}}")) {
                        "{}".to_owned()
                    } else {
                        format!("{{{name}}}")
                    };
                    filled = filled.replacen(&written, &(711 + number).to_string(), 1);
                }
            }
            let shown = reunite::words::in_language(&filled, reunite::model::Language::Chinese);
            // Another template with the same words may be the one that is found; what may not be is the English.
            assert!(*shown != *filled, "{part}: {filled:?} stays English, not {chinese:?}");
        }
    }
}

/// Signs and names that are the same in both languages.
const SAME: [&str; 9] = ["#", "5 %", "25 %", "50 %", "75 %", "95 %", "log10 LR", "LR", "N"];

/// Every file of the source that people see tables and counts of, with its text.
fn files(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The string literals of a piece of source without escapes.
fn literals(source: &str) -> impl Iterator<Item = &str> {
    source.split('"').skip(1).step_by(2)
}

#[test]
fn counts_and_headings_have_their_chinese() {
    let mut all = Vec::new();
    files(&source(), &mut all);
    let catalogue = catalogue();
    let known: BTreeSet<&str> = catalogue.values().flat_map(BTreeMap::keys).map(String::as_str).collect();
    let (mut counted, mut headings, mut missing) = (0, 0, BTreeSet::new());
    for (file, text) in &all {
        // Tests and examples make up their own.
        let text = text.split("mod tests {").next().unwrap();
        for call in text.split("plural(").skip(1) {
            let argument = call.split([')', ';']).next().unwrap();
            let Some(noun) = literals(argument).last().filter(|noun| !noun.contains('{')) else { continue };
            counted += 1;
            for number in [1, 2] {
                let words = reunite::report::words::plural(number, noun).replacen(&number.to_string(), "{}", 1);
                if !known.contains(words.as_str()) {
                    missing.insert(format!("{words:?} of {file}"));
                }
            }
        }
        let is_shown = file.contains("/report/") || file.contains("/cli/");
        for table in ["plain_table(", "narrow_table(", "let header = "] {
            for call in text.split(table).skip(1).filter(|call| is_shown && call.trim_start().starts_with('[')) {
                let header = call.split(']').next().unwrap();
                // Fields of CSV are the same in every language.
                for heading in literals(header).filter(|_| !header.contains('_')) {
                    headings += 1;
                    if !heading.is_empty() && heading.is_ascii() && !SAME.contains(&heading) && !known.contains(heading)
                    {
                        missing.insert(format!("{heading:?} of {file}"));
                    }
                }
            }
        }
    }
    assert!(counted > 50 && headings > 50, "{counted} {headings}");
    assert!(
        missing.is_empty(),
        "src/words/zh/words.toml lacks\n{}",
        missing.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn imports_accept_the_headings_that_findings_name() {
    let words = catalogue().remove("words.toml").unwrap();
    let lab = Lab::new();
    let mut translated = 0;
    for kind in ListKind::ALL {
        let template = kind.template();
        let header: Vec<&str> = template.trim_end().split(',').collect();
        let chinese = header.iter().map(|name| {
            let heading = words.get(&format!("column {name}"));
            translated += usize::from(heading.is_some());
            heading.map_or(*name, String::as_str)
        });
        let chinese = chinese.collect::<Vec<_>>().join(",");
        // The row is empty, so nothing but the header can be wrong.
        let list = format!("{chinese}\n{}\n", ",".repeat(header.len() - 1));
        let said = lab.import(kind.word(), "list.csv", list, &[]);
        let (out, err) = (&said.out, &said.err);
        for code in ["column]", "missing-column]", "repeated-column]"] {
            assert!(!out.contains(code) && !err.contains(code), "{chinese}: {out}{err}");
        }
    }
    assert!(translated > 40, "{translated}");
}

#[test]
fn places_codes_and_counts_are_chinese_in_the_order_of_chinese() {
    let of = |text: &str| reunite::words::in_language(text, reunite::model::Language::Chinese).into_owned();
    for (english, chinese) in [
        (
            "a.csv: 3 rows of found-children: 1 added, 1 changed, with their history kept, 1 unchanged",
            "a.csv：被找到的儿童3行：新增1行，更改1行（历史保留），无变化1行",
        ),
        (
            "a.csv: 5 rows of keeping: 0 added, 4 unchanged, 1 replaced",
            "a.csv：保存条件5行：新增0行，无变化4行，替换1行",
        ),
        (
            "a.csv: 7 rows of certificates: 1 added, 4 unchanged, 2 left as the store has them",
            "a.csv：出生医学证明7行：新增1行，无变化4行，保留库中内容2行",
        ),
        ("line 3, column F (apparent_age)", "第3行F列（估计年龄）"),
        (
            "a.csv: column E (missing_on), 2 rows: 2-3: is repeated; remove one of the two",
            "a.csv：E列（失踪日期），2行：第2-3行：重复；删除两列之一",
        ),
        (
            "a.csv:1: column B (sex): is repeated; remove one of the two [error: locus]",
            "a.csv:1：B列（sex）：重复；删除两列之一 [错误: locus]",
        ),
        ("and 3 more of [error: locus]", "另有3项[错误: locus]"),
        ("6y-7y11m on 2015-06-01", "6岁至7岁11个月，2015-06-01"),
    ] {
        assert_eq!(of(english), chinese);
    }
    assert_eq!(of("type yes to continue:"), "输入 yes 继续：");
}
