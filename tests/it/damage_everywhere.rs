//! Damage at any place of a store's files, or a swap of files, leads to an error or to a rebuilt index, and never to
//! another result.
//!
//! The tests try a sample of the bytes of large sections and of the ledger's header; with `REUNITE_ALL_FAULTS=1` every
//! byte.

use std::fs;
use std::path::Path;

use crate::common::rotation::custodian;
use crate::common::{Lab, Said, copy};
use reunite::index::{FamilyIndex, Index};

/// Number of leading bytes of an index that are tried one by one: both headers and what follows them.
const FRONT: usize = 1024;

fn all() -> bool {
    std::env::var_os("REUNITE_ALL_FAULTS").is_some()
}

/// Reads everything in an index.
fn read_children(bytes: &[u8]) -> Option<String> {
    let index = Index::from_bytes(bytes).ok()?;
    let children = (0..index.children()).map(|child| index.pseudonym(child));
    let names: Vec<_> = children.map(|name| name.to_string()).collect();
    let (rows, codes) = (blake3::hash(zerocopy::IntoBytes::as_bytes(index.planes())), index.codes());
    Some(format!("{:?} {names:?} {rows} {codes:?} {:?} {:?}", index.loci(), index.unlisted(), index.drop_outs()))
}

fn read_families(bytes: &[u8]) -> Option<String> {
    let index = FamilyIndex::from_bytes(bytes).ok()?;
    let mut text = format!("{:?}", index.binding());
    for part in 0..index.parts() {
        let part = index.part(part).ok()?;
        part.records().for_each(|record| text += &format!("{:?} {:?}", record.head, blake3::hash(record.weights)));
    }
    Some(text)
}

/// Changes bytes and cuts the file off. Returns the numbers of changes and of cuts.
fn damage(name: &str, bytes: &[u8], read: fn(&[u8]) -> Option<String>) -> [usize; 2] {
    let sound = read(bytes).unwrap();
    let step = if all() { 1 } else { 97 };
    let places = (0..FRONT.min(bytes.len())).chain((FRONT..bytes.len()).step_by(step));
    let (mut flipped, mut cut) = (0, 0);
    for at in places {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 1 << (at % 8);
        // The padding between sections holds nothing, so damage there has no effect.
        assert!(read(&damaged).is_none_or(|found| found == sound), "{name}: byte {at}");
        flipped += 1;
    }
    // Sections begin at multiples of 64 bytes.
    for boundary in (0..=bytes.len()).step_by(64 * if all() { 1 } else { 13 }).chain([bytes.len()]) {
        for length in [boundary.saturating_sub(1), boundary, (boundary + 1).min(bytes.len())] {
            assert!(read(&bytes[..length]).is_none_or(|found| found == sound), "{name}: cut to {length}");
            cut += 1;
        }
    }
    [flipped, cut]
}

#[test]
fn indices_are_what_was_written_or_nothing() {
    let lab = Lab::with_population(60, 700);
    lab.digest(&[]);
    let file = |name: &str| fs::read(lab.path("store/index").join(name)).unwrap();
    for (name, read) in [("children.idx", read_children as fn(&[u8]) -> _), ("families.idx", read_families)] {
        let bytes = file(name);
        let [flipped, cut] = damage(name, &bytes, read);
        println!("{name}: {} bytes; {flipped} changed, {cut} cuts", bytes.len());
        assert!(flipped > FRONT && cut > 30);
    }
}

/// Returns the program's output about everyone in the store, and the results that it computes anew; `None` if it
/// reports that it cannot.
fn told(lab: &Lab, store: &str) -> Option<[String; 4]> {
    let export = |layout: &str| {
        let place = lab.path("exported.csv");
        drop(fs::remove_file(&place));
        let words = ["export", "--as", layout, "--show-genotypes", place.to_str().unwrap()];
        (ended(lab.run_on(store, &words)).status == 0).then(|| lab.read("exported.csv"))
    };
    let candidates = ended(lab.run_on(store, &["candidates", "--format", "csv"]));
    let candidates = (candidates.status < 2).then_some(candidates.out)?;
    let matched = ended(lab.run_on(store, &["match", "--full"]));
    let digest = matched.digest_if_any().filter(|_| matched.status < 2)?;
    Some([export("children")?, export("families")?, candidates, digest])
}

/// Checks that a command ended in order or with an error.
fn ended(said: Said) -> Said {
    assert!((0..=2).contains(&said.status), "a signal: {said:?}");
    said
}

#[test]
fn a_damaged_ledger_changes_no_result() {
    let lab = Lab::in_memory();
    lab.synth("files", 12, 60, 1);
    lab.run(&["import", &lab.name("files/families.csv"), &lab.name("files/children.csv")]).ends(0);
    lab.run(&["match"]).ends(0);
    copy(&lab.path("store"), &lab.path("sound"));
    let sound = told(&lab, "sound").unwrap();
    let bytes = fs::read(lab.path("store/ledger.db")).unwrap();
    let (mut noticed, mut harmless) = (0, 0);
    // Damage to bytes that are 0 tests little.
    let written: Vec<usize> = (100..bytes.len()).filter(|&at| bytes[at] != 0).collect();
    let some = std::env::var("REUNITE_LEDGER_BYTES").ok().and_then(|some| some.parse().ok()).unwrap_or(80);
    let body = written.iter().copied().step_by(if all() { 1 } else { written.len() / some });
    let mut unseen = Vec::new();
    for at in (0..100).step_by(if all() { 1 } else { 4 }).chain(body) {
        let store = format!("store-{at}");
        copy(&lab.path("store"), &lab.path(&store));
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(lab.path(&store).join("ledger.db"), damaged).unwrap();
        // Users do not run `verify` before each command.
        match told(&lab, &store) {
            None => noticed += 1,
            Some(found) if found == sound => harmless += 1,
            Some(_) => unseen.push(at),
        }
        ended(lab.run_on(&store, &["verify"]));
        fs::remove_dir_all(lab.path(&store)).unwrap();
    }
    println!("the ledger: {noticed} noticed, {harmless} without effect");
    assert!(unseen.is_empty(), "bytes {unseen:?} of {}", bytes.len());
    assert!(noticed > 20);
}

#[test]
fn a_ledger_that_is_cut_off_is_an_error() {
    let lab = Lab::in_memory();
    lab.synth("files", 12, 60, 1);
    lab.run(&["import", &lab.name("files/families.csv"), &lab.name("files/children.csv")]).ends(0);
    let bytes = fs::read(lab.path("store/ledger.db")).unwrap();
    // Pages have 8192 bytes; an empty file is no ledger either.
    for page in (0..bytes.len() / 8192).step_by(if all() { 1 } else { 4 }) {
        for length in [(page * 8192).saturating_sub(1), page * 8192, page * 8192 + 1] {
            fs::write(lab.path("store/ledger.db"), &bytes[..length]).unwrap();
            for words in [&["verify"][..], &["match"]] {
                let said = ended(lab.run(words));
                assert!(said.status > 0 && !said.out.contains("ledger: sound"), "cut to {length}: {}", said.err);
            }
        }
    }
    fs::write(lab.path("store/ledger.db"), &bytes).unwrap();
    lab.run(&["verify"]).ends(0);
}

fn exchange(a: &Path, b: &Path) {
    let aside = a.with_extension("aside");
    for (from, to) in [(a, aside.as_path()), (b, a), (&aside, b)] {
        fs::rename(from, to).unwrap();
    }
}

#[test]
fn files_in_each_others_place_are_noticed() {
    let lab = Lab::new();
    let (_, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    lab.synth("files", 40, 300, 1);
    lab.run_on("third", &["init"]).ends(0);
    lab.run_on("third", &["vault", "recipients", "add", &recipient]).ends(0);
    for store in ["store", "third"] {
        lab.run_on(store, &["import", &lab.name("files/families.csv"), &lab.name("files/children.csv")]).ends(0);
    }
    let digest = lab.digest(&[]);
    lab.run_on("third", &["match"]).ends(0);
    // Two files of one store are swapped.
    let indices = ["children.idx", "families.idx"].map(|name| lab.path("store/index").join(name));
    exchange(&indices[0], &indices[1]);
    lab.run(&["verify"])
        .ends(1)
        .says(&["it does not begin as an index does", "it does not begin as a families index does"]);
    assert_eq!(lab.digest(&["--full"]), digest);
    lab.run(&["verify"]).ends(0);
    let sealed = |store: &str| {
        let mut files: Vec<_> =
            fs::read_dir(lab.path(store).join("vault")).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    };
    let files = sealed("store");
    exchange(&files[0], &files[1]);
    lab.run(&["verify"]).ends(1).says(&[files[0].to_str().unwrap(), files[1].to_str().unwrap(), "was changed"]);
    exchange(&files[0], &files[1]);
    // Files of two stores with the same people and key are swapped.
    exchange(&files[0], &sealed("third")[0]);
    lab.run(&["verify"]).ends(1).says(&[files[0].to_str().unwrap(), "was changed"]);
    exchange(&files[0], &sealed("third")[0]);
    for name in ["children.idx", "families.idx"] {
        exchange(&lab.path("store/index").join(name), &lab.path("third/index").join(name));
        for store in ["store", "third"] {
            assert_eq!(lab.run_on(store, &["match", "--full"]).ends(0).digest(), digest, "{name}");
            let verified = lab.run_on(store, &["verify"]).ends(0);
            assert!(verified.out.contains("index: sound; 300 children"), "{}", verified.out);
        }
    }
}
