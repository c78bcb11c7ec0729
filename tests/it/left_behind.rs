//! Searches every byte of a store for what can be derived from one person's number and profile, after an expunge and
//! after a change of the key, and lists what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use data_encoding::{BASE32, BASE32HEX, BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use reunite::ledger::ENCRYPTS;
use reunite::pseudonym::{KeySource, SecretKey};

use crate::common::rotation::{custodian, rotate};
use crate::common::{Lab, everything_in, reunite};

const CHILD: &str = "阿-C0004711";
const OTHER: &str = "C0004712";
const FAMILY: &str = "F0000815";
const MOTHER: &str = "M0000816";
const WHY: [&str; 2] = ["--reason", "consent was withdrawn"];

/// The digest of a file in the audit chain, which only the key and the store's present secret together give.
const RECORDED: &str = "digest of the file under the key and the secret";

/// Encodes bytes as they may occur within a longer encoded text: for each alignment, the digits that depend on these
/// bytes alone.
fn inner(encode: impl Fn(&[u8]) -> String, group: usize, digits: usize, bytes: &[u8]) -> Vec<Vec<u8>> {
    let aligned = |skip: usize| {
        let whole = (bytes.len() - skip) / group * group;
        encode(&bytes[skip..skip + whole]).as_bytes()[..whole / group * digits].to_vec()
    };
    (0..group).map(aligned).collect()
}

/// Returns every form in which a file may contain bytes.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![bytes.to_vec(), bytes.iter().rev().copied().collect()];
    all.extend([&HEXLOWER, &HEXUPPER].map(|hex| hex.encode(bytes).into_bytes()));
    all.extend([BASE64, BASE64URL].iter().flat_map(|base| inner(|bytes| base.encode(bytes), 3, 4, bytes)));
    all.extend([BASE32, BASE32HEX].iter().flat_map(|base| inner(|bytes| base.encode(bytes), 5, 8, bytes)));
    let lower: Vec<Vec<u8>> = all.iter().map(|text| text.to_ascii_lowercase()).collect();
    // Short forms occur by chance.
    all.into_iter().chain(lower).filter(|form| form.len() >= 8).collect()
}

/// A person: a number, the file that it came in, and a pseudonym.
struct Person<'a> {
    id: &'a str,
    file: &'a str,
    pseudonym: Vec<u8>,
    /// The alleles as the ledger holds them, without the checksum.
    alleles: Vec<u8>,
}

/// Returns all values that can be derived from a person's number and profile under the key of the pseudonym, each with
/// its kind.
fn derived(person: &Person<'_>, store_id: &[u8], secrets: &BTreeMap<String, Vec<u8>>) -> Vec<(&'static str, Vec<u8>)> {
    let Person { id, file, pseudonym, alleles } = person;
    let utf16: Vec<u8> = id.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let gb = encoding_rs::GB18030.encode(id).0.into_owned();
    let subject = blake3::derive_key("reunite 2026 audit subject v1", &[store_id, pseudonym].concat());
    let mut all: Vec<(&'static str, Vec<u8>)> = vec![
        ("number", id.as_bytes().to_vec()),
        ("number", utf16),
        ("number", gb),
        ("digest of the number", blake3::hash(id.as_bytes()).as_bytes().to_vec()),
        ("digest of the file", blake3::hash(file.as_bytes()).as_bytes().to_vec()),
        ("digest of the row", blake3::hash(file.lines().nth(1).unwrap().as_bytes()).as_bytes().to_vec()),
        ("pseudonym", pseudonym.clone()),
        ("digest of the pseudonym", blake3::hash(pseudonym).as_bytes().to_vec()),
        ("subject of audit records", subject[..16].to_vec()),
        ("profile", alleles.clone()),
        ("digest of the profile", blake3::hash(alleles).as_bytes().to_vec()),
        ("profile", file.lines().nth(1).unwrap().split_once(',').unwrap().1.as_bytes().to_vec()),
    ];
    for secret in secrets.values().filter_map(|secret| <&[u8; 32]>::try_from(&secret[..]).ok()) {
        all.push(("commitment", blake3::keyed_hash(secret, pseudonym).as_bytes().to_vec()));
        all.push(("keyed digest of the number", blake3::keyed_hash(secret, id.as_bytes()).as_bytes().to_vec()));
        let plain = blake3::hash(file.as_bytes());
        all.push(("keyed digest of the file", blake3::keyed_hash(secret, plain.as_bytes()).as_bytes().to_vec()));
    }
    all
}

/// Returns which of these values are in which file of a store.
fn left(lab: &Lab, derived: &[(&'static str, Vec<u8>)]) -> BTreeSet<String> {
    let store = lab.path("store");
    let mut found = BTreeSet::new();
    for path in everything_in(&store).into_iter().filter(|path| path.is_file()) {
        let bytes = fs::read(&path).unwrap();
        let name = path.strip_prefix(&store).unwrap().to_string_lossy().into_owned();
        let name = if name.ends_with(".sealed") { "vault".to_owned() } else { name };
        let name = name.split('/').next().unwrap().to_owned();
        for (what, value) in derived {
            let holds = |form: &Vec<u8>| memchr::memmem::find(&bytes, form).is_some();
            if forms(value).iter().any(holds) {
                found.insert(format!("{name}: {what}"));
            }
        }
    }
    found
}

/// Returns the store's secrets, which everybody with the store has.
fn secrets(lab: &Lab) -> BTreeMap<String, Vec<u8>> {
    let database = lab.database("store");
    let mut statement = database.prepare("SELECT key, value FROM meta WHERE typeof(value) = 'blob'").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Returns what the laboratory's key derives from a digest of a file.
fn digests_of(
    key: &str,
    store_id: &[u8],
    secrets: &BTreeMap<String, Vec<u8>>,
    file: &str,
) -> Vec<(&'static str, Vec<u8>)> {
    let key = SecretKey::load(&KeySource::File(key.into())).unwrap().digest_key();
    let plain = blake3::hash(file.as_bytes());
    let keyed = |context, of_ledger: &[u8]| {
        let mut material = [&key[..], of_ledger].concat();
        material.resize(64, 0);
        blake3::keyed_hash(&blake3::derive_key(context, &material), plain.as_bytes()).as_bytes().to_vec()
    };
    vec![
        ("digest of the file under the key", keyed("reunite 2026 digests of imported files v1", store_id)),
        (RECORDED, keyed("reunite 2026 digests of files in the audit chain v1", &secrets["digest_secret"])),
    ]
}

/// A matched store, which imported a child and a mother in files of their own.
struct Left {
    lab: Lab,
    identity: String,
    child_file: String,
    family_file: String,
}

impl Left {
    fn new() -> Self {
        let lab = Lab::new();
        let (identity, recipient) = custodian(&lab, "identity");
        lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
        lab.synth("files", 20, 60, 1);
        for layout in ["families", "children"] {
            lab.run(&["import", "--as", layout, &lab.name(&format!("files/{layout}.csv"))]).ends(0);
        }
        let loci = "D3S1358,vWA,FGA,D8S1179,D21S11,D18S51,D5S818,D13S317,D16S539,TH01";
        let child_file =
            format!("sample_id,sex,{loci}\n{CHILD},m,15/18,14/19,21/26,10/15,28/33.2,12/21,9/12,8/13,9/14,6/9.3\n");
        let family_file = format!(
            "family_id,sample_id,relation,sex,{loci}\n{FAMILY},{MOTHER},mother,f,15/17,14/20,21/27,10/16,28/32.2,12/22,9/13,8/14,9/13,7/9.3\n"
        );
        lab.import("children", "one.csv", &child_file, &[]).ends(0);
        lab.import("children", "again.csv", child_file.replace(",m,", ",u,"), &["--on-conflict", "keep"]).ends(0);
        lab.import("children", "bad.csv", child_file.replace("6/9.3", "six"), &[]).ends(2);
        lab.import("families", "family.csv", &family_file, &[]).ends(0);
        lab.run(&["match", "--min-log10-lr", "-2"]);
        reunite(&["key", "new", &lab.name("new")]).ends(0);
        let left = Self { lab, identity, child_file, family_file };
        let child = left.person(CHILD, &left.child_file);
        let child = HEXLOWER.encode(&child.pseudonym);
        left.lab
            .run(&["export", "--as", "children", "--child", &child, "--show-genotypes", &left.lab.name("out.csv")])
            .ends(0);
        left
    }

    fn person<'a>(&self, id: &'a str, file: &'a str) -> Person<'a> {
        let pseudonym = HEXLOWER.decode(self.lab.pseudonyms("sample", [id])[id].as_bytes()).unwrap();
        let sql = "SELECT profile FROM sample WHERE pseudonym = ?1";
        let profile: Vec<u8> = self.lab.database("store").query_row(sql, [&pseudonym], |row| row.get(0)).unwrap();
        // The order of the loci in the ledger does not matter.
        let alleles = profile[2 + usize::from(profile[0])..profile.len() - 8].to_vec();
        Person { id, file, pseudonym, alleles }
    }

    fn derived(&self, person: &Person<'_>, key: &str) -> Vec<(&'static str, Vec<u8>)> {
        let secrets = secrets(&self.lab);
        let store_id = secrets["store_id"].clone();
        let mut all = derived(person, &store_id, &secrets);
        all.extend(digests_of(&self.lab.name(key), &store_id, &secrets, person.file));
        let exported = self.lab.read("out.csv");
        all.push(("digest of the export", blake3::hash(exported.as_bytes()).as_bytes().to_vec()));
        all
    }
}

fn list(all: &[&str]) -> BTreeSet<String> {
    // An encrypted ledger hides its content; the files beside it do not.
    all.iter().filter(|one| !ENCRYPTS || !one.starts_with("ledger")).map(ToString::to_string).collect()
}

#[test]
fn expunging_leaves_only_what_recognises_the_expunged() {
    let left_behind = Left::new();
    let Left { lab, child_file, family_file, .. } = &left_behind;
    let child = left_behind.person(CHILD, child_file);
    let mother = left_behind.person(MOTHER, family_file);
    let before = left_behind.derived(&child, "key");
    let there = left(lab, &before);
    for what in ["pseudonym", "profile", "digest of the file under the key", RECORDED, "subject of audit records"] {
        assert!(ENCRYPTS || there.contains(&format!("ledger.db: {what}")), "the search finds what is there: {there:?}");
    }
    assert!(there.contains("vault: pseudonym") && there.contains("index: pseudonym"), "{there:?}");
    // No value that is left lets somebody without the key try numbers.
    for what in &there {
        let allowed =
            ["pseudonym", "profile", "digest of the file under the key", RECORDED, "subject of audit records"];
        assert!(allowed.iter().any(|one| what.ends_with(&format!(": {one}"))), "{what}");
    }
    let whom = HEXLOWER.encode(&child.pseudonym);
    let secret = secrets(lab)["digest_secret"].clone();
    lab.run(&[&["expunge", &whom], &WHY[..]].concat()).ends(0);
    let mut derived = before;
    without_the_secret(&mut derived, &secret);
    derived.extend(left_behind.derived(&child, "key"));
    // Only somebody who has the key and tries the number finds these.
    assert_eq!(left(lab, &derived), list(&["ledger.db: commitment", "ledger.db: subject of audit records"]));
    // A family is expunged by its number.
    let family = lab.pseudonyms("family", [FAMILY])[FAMILY].clone();
    let mut derived = left_behind.derived(&mother, "key");
    without_the_secret(&mut derived, &secrets(lab)["digest_secret"]);
    lab.run(&[&["expunge", &family], &WHY[..]].concat()).ends(0);
    derived.extend(left_behind.derived(&mother, "key"));
    assert_eq!(left(lab, &derived), list(&["ledger.db: commitment", "ledger.db: subject of audit records"]));
    lab.run(&["match", "--min-log10-lr", "-2"]);
    assert_eq!(left(lab, &derived), list(&["ledger.db: commitment", "ledger.db: subject of audit records"]));
    lab.run(&["verify"]).ends(0);
}

/// Nobody who has the store later has the secret that was renewed, so the search is for the secret itself in place of
/// what it derives.
fn without_the_secret(derived: &mut Vec<(&'static str, Vec<u8>)>, secret: &[u8]) {
    derived.retain(|(what, _)| *what != RECORDED);
    derived.push(("former secret", secret.to_vec()));
}

#[test]
fn after_a_change_of_the_key_the_old_key_finds_only_audit_records() {
    let left_behind = Left::new();
    let Left { lab, identity, child_file, family_file } = &left_behind;
    let child = left_behind.person(CHILD, child_file);
    let mother = left_behind.person(MOTHER, family_file);
    lab.run(&[&["expunge", &HEXLOWER.encode(&child.pseudonym)], &WHY[..]].concat()).ends(0);
    let of_both = || [left_behind.derived(&child, "key"), left_behind.derived(&mother, "key")].concat();
    let mut derived = of_both();
    without_the_secret(&mut derived, &secrets(lab)["digest_secret"]);
    rotate(lab, identity).ends(0);
    fs::rename(lab.path("key"), lab.path("old")).unwrap();
    fs::rename(lab.path("new"), lab.path("key")).unwrap();
    let old = |person: &Person<'_>| left_behind.derived(person, "old");
    derived.extend([old(&child), old(&mother)].concat());
    // The mother's profile stays; nothing leads to her number, or to the number of the expunged child.
    derived.retain(|(what, value)| *what != "profile" || *value != mother.alleles);
    derived
        .retain(|(what, value)| *what != "digest of the profile" || *value != blake3::hash(&mother.alleles).as_bytes());
    assert_eq!(left(lab, &derived), list(&["ledger.db: subject of audit records"]));
    // The order of rows is neither that of the old pseudonyms nor that of the file.
    let database = lab.database("store");
    for table in ["sample", "family"] {
        let mut statement = database.prepare(&format!("SELECT pseudonym FROM {table} ORDER BY id")).unwrap();
        let rows: Vec<Vec<u8>> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(rows.len() > 15 && rows.is_sorted(), "{table}");
    }
    drop(database);
    lab.run(&["verify"]).ends(0);
    // The program still recognises the expunged by their numbers.
    lab.import("children", "one.csv", child_file, &[]).ends(2).says(&["expunged", "--restore-expunged"]);
    lab.import("children", "two.csv", child_file.replace(CHILD, OTHER), &[]).ends(0);
}

#[test]
fn rows_and_sealed_records_are_in_no_order_of_the_file() {
    let lab = Lab::new();
    let (_, recipient) = custodian(&lab, "identity");
    lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    lab.synth("files", 30, 300, 1);
    for layout in ["families", "children"] {
        lab.run(&["import", "--as", layout, &lab.name(&format!("files/{layout}.csv"))]).ends(0);
    }
    let database = lab.database("store");
    for table in ["sample", "family"] {
        let sql = match table {
            "sample" => "SELECT pseudonym FROM sample WHERE role = 'child' ORDER BY id",
            _ => "SELECT pseudonym FROM family ORDER BY id",
        };
        let mut statement = database.prepare(sql).unwrap();
        let rows: Vec<Vec<u8>> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(rows.len() >= 30 && rows.is_sorted(), "{table}");
    }
    let mut files = 0;
    for path in everything_in(&lab.path("store/vault")).into_iter().filter(|path| path.is_file()) {
        let text = fs::read_to_string(&path).unwrap();
        let keys: Vec<&str> = text.lines().filter(|line| line.starts_with("sample ")).collect();
        let of = |line: &str| line.split(" record ").next().unwrap().to_owned();
        let number = |line: &str| -> usize {
            line.split(" record ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
        };
        assert!(keys.len() > 30 && keys.iter().map(|line| of(line)).is_sorted());
        assert!(keys.iter().map(|line| number(line)).eq(1..=keys.len()));
        files += 1;
    }
    assert_eq!(files, 2);
    assert!(!lab.run(&["verify"]).ends(0).out.contains("order of the imported file"));
}
