//! Reads the source tree as modules: what each defines, imports and names, without the parts that only tests compile.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Attribute, ImplItem, Item, Meta, Token, UseTree, Visibility};

/// The names of the modules from the crate's root to a module.
pub(crate) type ModulePath = Vec<String>;

/// A module, in a file of its own or inline.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) children: BTreeSet<String>,
    /// The names of everything that it defines, in all namespaces.
    pub(crate) items: BTreeSet<String>,
    pub(crate) imports: Vec<Import>,
    /// Paths outside `use` items.
    pub(crate) paths: Vec<Named>,
}

/// One path of a `use` item.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    /// The name that it has here; `None` for a glob.
    pub(crate) name: Option<String>,
    /// `true` if other modules can import the name from here.
    pub(crate) public: bool,
}

/// A path in an item, an attribute or the tokens of a macro.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    /// `true` if it calls a macro.
    pub(crate) calls_macro: bool,
}

/// A crate, read from its root file along its `mod` declarations.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) modules: BTreeMap<ModulePath, Module>,
    /// All tokens of each file, tests included.
    pub(crate) tokens: BTreeMap<String, Vec<String>>,
    /// Declared modules without a file, and files that cannot be parsed.
    pub(crate) problems: Vec<String>,
}

impl Crate {
    /// Reads the crate with this root from files, given by path and text.
    pub(crate) fn read(root: &str, files: &BTreeMap<String, String>) -> Self {
        let mut read = Self::default();
        read.file(Vec::new(), root, files, false);
        read
    }

    fn file(&mut self, path: ModulePath, file: &str, files: &BTreeMap<String, String>, tests: bool) {
        let parsed = files[file].parse::<TokenStream>().map_err(|error| error.to_string()).and_then(|tokens| {
            self.tokens.insert(file.to_owned(), flat(tokens.clone()));
            syn::parse2::<syn::File>(tokens).map_err(|error| error.to_string())
        });
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return self.problems.push(format!("{file}: {error}")),
        };
        let (folder, name) = file.rsplit_once('/').map_or(("", file), |(folder, name)| (folder, name));
        let below = match name {
            "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
            _ => file.trim_end_matches(".rs").to_owned(),
        };
        let place = Place { file, folder, below, tests: tests || only_tests(&parsed.attrs) };
        let attributes = parsed.attrs.iter().map(ToTokens::to_token_stream).collect();
        self.module(path, &parsed.items, attributes, &place, files);
    }

    fn module(
        &mut self,
        path: ModulePath,
        items: &[Item],
        attributes: TokenStream,
        place: &Place<'_>,
        files: &BTreeMap<String, String>,
    ) {
        let mut module = Module { file: place.file.to_owned(), ..Module::default() };
        scan(attributes, &mut module.paths);
        for item in items {
            let tests = place.tests || only_tests(attributes_of(item));
            match item {
                Item::Mod(inner) => {
                    let name = inner.ident.unraw().to_string();
                    let inside: ModulePath = path.iter().cloned().chain([name.clone()]).collect();
                    if !tests {
                        module.children.insert(name.clone());
                    }
                    let below = join(&place.below, &name);
                    if let Some((_, items)) = &inner.content {
                        let attributes = inner.attrs.iter().map(ToTokens::to_token_stream).collect();
                        self.module(inside, items, attributes, &Place { below, tests, ..*place }, files);
                        continue;
                    }
                    let named = path_attribute(&inner.attrs).map(|name| join(place.folder, &name));
                    let mut places = named.into_iter().chain([format!("{below}.rs"), format!("{below}/mod.rs")]);
                    match places.find(|file| files.contains_key(file)) {
                        Some(file) => self.file(inside, &file, files, tests),
                        None => self.problems.push(format!("{}: the module {name} has no file", place.file)),
                    }
                }
                _ if tests => {}
                Item::Use(one) => {
                    let public = !matches!(one.vis, Visibility::Inherited);
                    imports(&one.tree, &[], public, &mut module.imports);
                }
                _ => {
                    module.items.extend(defined(item));
                    scan(without_tests(item), &mut module.paths);
                }
            }
        }
        if !place.tests {
            self.modules.insert(path, module);
        }
    }
}

/// The place of a module's items.
struct Place<'a> {
    file: &'a str,
    /// The folder of the file; `below` is the folder of its submodules.
    folder: &'a str,
    below: String,
    tests: bool,
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    let path = attributes.iter().find(|one| one.path().is_ident("path"))?;
    let syn::Expr::Lit(value) = &path.meta.require_name_value().ok()?.value else { return None };
    if let syn::Lit::Str(text) = &value.lit { Some(text.value()) } else { None }
}

/// Reports whether these attributes compile an item for tests only.
fn only_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|one| one.path().is_ident("cfg")).any(|one| {
        let condition: Result<Meta, _> = one.parse_args();
        condition.is_ok_and(|condition| requires_test(&condition))
    })
}

fn requires_test(condition: &Meta) -> bool {
    let Meta::List(list) = condition else { return condition.path().is_ident("test") };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
    match list.path.get_ident().map(ToString::to_string).as_deref() {
        Some("all") => parts.iter().any(requires_test),
        Some("any") => !parts.is_empty() && parts.iter().all(requires_test),
        _ => false,
    }
}

/// Returns the tokens of an item, without methods for tests.
fn without_tests(item: &Item) -> TokenStream {
    let Item::Impl(one) = item else { return item.to_token_stream() };
    let mut one = one.clone();
    one.items.retain(|part| match part {
        ImplItem::Const(part) => !only_tests(&part.attrs),
        ImplItem::Fn(part) => !only_tests(&part.attrs),
        _ => true,
    });
    one.to_token_stream()
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(one) => &one.attrs,
        Item::Enum(one) => &one.attrs,
        Item::ExternCrate(one) => &one.attrs,
        Item::Fn(one) => &one.attrs,
        Item::Impl(one) => &one.attrs,
        Item::Macro(one) => &one.attrs,
        Item::Mod(one) => &one.attrs,
        Item::Static(one) => &one.attrs,
        Item::Struct(one) => &one.attrs,
        Item::Trait(one) => &one.attrs,
        Item::Type(one) => &one.attrs,
        Item::Union(one) => &one.attrs,
        Item::Use(one) => &one.attrs,
        _ => &[],
    }
}

fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(one) => &one.ident,
        Item::Enum(one) => &one.ident,
        Item::Fn(one) => &one.sig.ident,
        Item::Macro(one) => one.ident.as_ref()?,
        Item::Static(one) => &one.ident,
        Item::Struct(one) => &one.ident,
        Item::Trait(one) => &one.ident,
        Item::Type(one) => &one.ident,
        Item::Union(one) => &one.ident,
        _ => return None,
    };
    Some(name.unraw().to_string())
}

fn imports(tree: &UseTree, before: &[String], public: bool, found: &mut Vec<Import>) {
    let with = |name: &syn::Ident| -> Vec<String> {
        let own = (name != "self" || before.is_empty()).then(|| name.unraw().to_string());
        before.iter().cloned().chain(own).collect()
    };
    match tree {
        UseTree::Path(path) => imports(&path.tree, &with(&path.ident), public, found),
        UseTree::Name(name) => {
            let path = with(&name.ident);
            found.push(Import { name: path.last().cloned(), path, public });
        }
        UseTree::Rename(rename) => {
            let name = Some(rename.rename.unraw().to_string());
            found.push(Import { path: with(&rename.ident), name, public });
        }
        UseTree::Glob(_) => found.push(Import { path: before.to_vec(), name: None, public }),
        UseTree::Group(group) => group.items.iter().for_each(|tree| imports(tree, before, public, found)),
    }
}

/// Returns all tokens in a row, brackets included, `::` as one token.
pub(crate) fn flat(tokens: TokenStream) -> Vec<String> {
    fn add(tokens: TokenStream, all: &mut Vec<String>) {
        let mut colon = false;
        for token in tokens {
            let is_colon = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
            match token {
                TokenTree::Group(group) => {
                    let [open, close] = match group.delimiter() {
                        Delimiter::Parenthesis => ["(", ")"],
                        Delimiter::Brace => ["{", "}"],
                        Delimiter::Bracket => ["[", "]"],
                        Delimiter::None => ["", ""],
                    };
                    all.push(open.to_owned());
                    add(group.stream(), all);
                    all.push(close.to_owned());
                }
                TokenTree::Punct(_) if is_colon && colon => {
                    all.pop();
                    all.push("::".to_owned());
                }
                token => all.push(token.to_string()),
            }
            colon = is_colon && !colon;
        }
    }
    let mut all = Vec::new();
    add(tokens, &mut all);
    all
}

/// Attributes whose text is a path.
const PATH_TEXTS: [&str; 5] = ["with", "default", "serialize_with", "deserialize_with", "skip_serializing_if"];

/// Collects the paths in tokens: of two names and more, and single names of types, functions and macros.
pub(crate) fn scan(tokens: TokenStream, found: &mut Vec<Named>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => scan(group.stream(), found),
            TokenTree::Literal(text) if at > 1 && is_punct(tokens.get(at - 1), '=') => {
                let key = ident(tokens.get(at - 2)).unwrap_or_default();
                if PATH_TEXTS.contains(&key.as_str()) {
                    let path = text.to_string().trim_matches('"').parse::<TokenStream>();
                    path.into_iter().for_each(|path| scan(path, found));
                }
            }
            TokenTree::Ident(_) if is_part_of_something_else(&tokens, at) => {}
            TokenTree::Ident(name) if name == "pub" => {
                // The brackets hold a visibility, or the type of a field.
                if let Some(TokenTree::Group(group)) = tokens.get(at + 1) {
                    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                    let limits = ident(inside.first()).is_some_and(|first| first == "in") || inside.len() == 1;
                    at += usize::from(group.delimiter() == Delimiter::Parenthesis && limits);
                }
            }
            TokenTree::Ident(_) => {
                at = path(&tokens, at, &[], found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// Reports whether the name at this place is a field, a method, a lifetime, a function's own name, or the rest of a
/// path.
fn is_part_of_something_else(tokens: &[TokenTree], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|place| tokens.get(place));
    let is_field = is_punct(before(1), '.') && !is_punct(before(2), '.');
    // After type arguments, and not after an arrow.
    let closes = is_punct(before(3), '>') && !is_punct(before(4), '-') && !is_punct(before(4), '=');
    let is_rest = is_punct(before(1), ':') && is_punct(before(2), ':') && closes;
    is_field || is_rest || is_punct(before(1), '\'') || ident(before(1)).is_some_and(|word| word == "fn")
}

fn is_punct(token: Option<&TokenTree>, which: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == which)
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    if let Some(TokenTree::Ident(name)) = token { Some(name.unraw().to_string()) } else { None }
}

/// Collects the path that begins at a place; a tree in braces gives each of its paths. Returns the place behind it.
fn path(tokens: &[TokenTree], mut at: usize, before: &[String], found: &mut Vec<Named>) -> usize {
    let mut segments = before.to_vec();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(name)) => segments.push(name.unraw().to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' && !segments.is_empty() => {
                at += 1;
                break;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && !segments.is_empty() => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inner.split(|token| is_punct(Some(token), ',')).filter(|part| !part.is_empty()) {
                    path(part, 0, &segments, found);
                }
                return at + 1;
            }
            // Type arguments.
            _ => break,
        }
        at += 1;
        if !(is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')) {
            break;
        }
        at += 2;
    }
    if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
        segments.pop();
    }
    let calls_macro = is_punct(tokens.get(at), '!') && !is_punct(tokens.get(at + 1), '=');
    let called = matches!(tokens.get(at), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    let is_type = segments.last().is_some_and(|last| last.starts_with(char::is_uppercase));
    if segments.len() > 1 || calls_macro || called || is_type {
        found.push(Named { segments, calls_macro });
    }
    at
}
