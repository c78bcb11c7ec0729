//! Finds files that depend on each other in a circle.
//!
//! A file depends on another if it names something that is defined there, by whatever re-exports. A `mod` declaration
//! and a `pub use` alone are no dependency: they only say where things are.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Crate, Module, ModulePath};

/// The target of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Module(ModulePath),
    /// Something defined in this module.
    Item(ModulePath),
}

/// The names that are being looked up, so that an import that leads back to itself ends.
type Asked = BTreeSet<(ModulePath, String)>;
/// By file, the files that it depends on, with the names that it uses from them.
pub(crate) type Ties = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Returns the targets of a path from a module; none if it leads out of the crate.
fn resolve(of: &Crate, from: &ModulePath, path: &[String], asked: &mut Asked) -> BTreeSet<Target> {
    let Some((first, mut rest)) = path.split_first() else { return BTreeSet::new() };
    let mut at = match first.as_str() {
        "crate" => BTreeSet::from([Target::Module(Vec::new())]),
        "self" => BTreeSet::from([Target::Module(from.clone())]),
        "super" => {
            let ups = path.iter().take_while(|name| *name == "super").count();
            rest = &path[ups..];
            BTreeSet::from([Target::Module(from[..from.len().saturating_sub(ups)].to_vec())])
        }
        name => look_up(of, from, name, asked),
    };
    for name in rest {
        // A function may have the name of a module; only the module leads on.
        let leads_on = at.iter().any(|target| matches!(target, Target::Module(_)));
        let mut next = BTreeSet::new();
        for target in at {
            match target {
                Target::Module(module) => {
                    let found = look_up(of, &module, name, asked);
                    if found.is_empty() && of.modules.contains_key(&module) {
                        // A macro defined it.
                        next.insert(Target::Item(module));
                    }
                    next.extend(found);
                }
                // A variant, or an associated item of a type.
                Target::Item(_) if leads_on => {}
                Target::Item(_) => drop(next.insert(target)),
            }
        }
        at = next;
    }
    at
}

/// Returns the meanings of a name in a module.
fn look_up(of: &Crate, at: &ModulePath, name: &str, asked: &mut Asked) -> BTreeSet<Target> {
    let Some(module) = of.modules.get(at) else { return BTreeSet::new() };
    let question = (at.clone(), name.to_owned());
    if !asked.insert(question.clone()) {
        return BTreeSet::new();
    }
    let mut found = BTreeSet::new();
    if module.children.contains(name) {
        found.insert(Target::Module(at.iter().cloned().chain([name.to_owned()]).collect()));
    }
    if module.items.contains(name) {
        found.insert(Target::Item(at.clone()));
    }
    for import in module.imports.iter().filter(|import| import.name.as_deref() == Some(name)) {
        found.extend(resolve(of, at, &import.path, asked));
    }
    if found.is_empty() {
        for import in module.imports.iter().filter(|import| import.name.is_none()) {
            for target in resolve(of, at, &import.path, asked) {
                if let Target::Module(module) = target {
                    found.extend(look_up(of, &module, name, asked));
                }
            }
        }
    }
    asked.remove(&question);
    found
}

/// Returns which names each file uses from which other file.
pub(crate) fn ties(of: &Crate) -> Ties {
    let mut ties = Ties::new();
    for (at, module) in &of.modules {
        for path in named(module) {
            for Target::Module(found) | Target::Item(found) in resolve(of, at, path, &mut Asked::new()) {
                let Some(definer) = of.modules.get(&found).filter(|definer| definer.file != module.file) else {
                    continue;
                };
                let names = ties.entry(module.file.clone()).or_default().entry(definer.file.clone()).or_default();
                names.extend(path.last().cloned());
            }
        }
    }
    ties
}

/// Returns the paths that make a module depend on others.
fn named(module: &Module) -> impl Iterator<Item = &[String]> {
    let private = module.imports.iter().filter(|import| !import.public).map(|import| &import.path[..]);
    private.chain(module.paths.iter().map(|path| &path.segments[..]))
}

/// Returns a line for each group of files that depend on each other, with the names that tie them.
pub(crate) fn circles(of: &Crate) -> Vec<String> {
    let ties = ties(of);
    let reached = |from: &String| {
        let (mut reached, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(file) = next.pop() {
            for to in ties.get(&file).into_iter().flat_map(BTreeMap::keys) {
                if reached.insert(to.clone()) {
                    next.push(to.clone());
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = ties.keys().map(|file| (file, reached(file))).collect();
    let group = |file: &String| -> BTreeSet<String> {
        let back = |to: &&String| reached.get(to).is_some_and(|back| back.contains(file));
        reached[file].iter().filter(back).cloned().collect()
    };
    let groups: BTreeSet<BTreeSet<String>> = ties.keys().map(group).filter(|group| !group.is_empty()).collect();
    let line = |group: &BTreeSet<String>| {
        let mut text = format!("{} files in a circle:", group.len());
        for file in group {
            for (to, names) in ties[file].iter().filter(|(to, _)| group.contains(*to)) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                text += &format!("\n    {file} -> {to}: {}", names.join(", "));
            }
        }
        text
    };
    groups.iter().map(line).collect()
}
