//! Agencies exchange records and hits: a child in one province finds its parents in another through the nation, a withdrawn
//! consent disappears on all sides, and no package is taken that is changed, replayed, passed on or from a stranger.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;

use data_encoding::HEXLOWER;
use reunite::exchange::{Card, ContentKind, Contents, ExchangeKey, Manifest, Mapping, open, seal};
use reunite::pseudonym::KeySource;
use serde_json::Value;

use crate::common::rotation::{custodian, rotate_on};
use crate::common::{Lab, Said, everything_in};

const LOCI: &str =
    "D3S1358,vWA,D16S539,CSF1PO,TPOX,D8S1179,D21S11,D18S51,TH01,FGA,D5S818,D13S317,D7S820,Penta D,Penta E";
const MOTHER: &str = "15/16,14/17,11/13,10/12,8/11,13/14,29/30,13/14,6/7,22/24,11/12,8/11,10/11,9/10,11/12";
const FATHER: &str = "17/18,16/18,9/12,11/13,9/12,10/15,31/32.2,15/16,8/9,20/23,10/13,9/12,8/12,11/13,14/16";
const CHILD: &str = "16/17,14/18,9/11,10/13,8/12,13/15,30/31,14/15,7/9,20/24,12/13,8/12,10/12,9/13,12/14";
const SIBLING: &str = "15/18,16/17,12/13,11/12,9/11,10/14,29/32.2,13/16,6/8,22/23,10/11,9/11,8/11,10/11,11/16";
const OTHER: &str = "14/14,19/20,10/10,9/9,10/10,11/11,28/28,18/19,9.3/10,25/26,7/9,10/10,9/13,12/14,5/18";

/// A laboratory with an exchange key.
struct Agency {
    lab: Lab,
    name: &'static str,
}

impl Agency {
    fn new(name: &'static str) -> Self {
        let lab = Lab::new();
        lab.run(&["exchange", "key", &lab.name("exchange")]).ends(0).says(&["by telephone"]);
        Self { lab, name }
    }

    fn exchange(&self, words: &[&str]) -> Said {
        let key = self.lab.name("exchange");
        self.lab.run(&[&["exchange"], words, &["--exchange-key", &key]].concat())
    }

    fn key(&self) -> ExchangeKey {
        ExchangeKey::load(&KeySource::File(self.lab.path("exchange"))).unwrap()
    }

    fn knows(&self, other: &Self) {
        let card = other.lab.name("exchange.pub");
        self.lab.run(&["exchange", "partner", "add", other.name, &card]).ends(0);
    }

    /// Writes a package; returns its path, or none if nothing is new.
    #[track_caller]
    fn send(&self, kind: &str, to: &Self, options: &[&str]) -> (String, Said) {
        let number = fs::read_dir(self.lab.path("")).unwrap().count();
        let file = self.lab.name(&format!("{kind}-{number}.package"));
        let said = self.exchange(&[&[kind, "--to", to.name, &file], options].concat()).ends(0);
        (file, said)
    }

    fn take(&self, file: &str) -> Said {
        self.exchange(&["import", file])
    }

    #[track_caller]
    fn hits(&self) -> Vec<Value> {
        let said = self.lab.run(&["exchange", "hits", "--format", "json"]).ends(0);
        said.json()["hits"].as_array().unwrap().clone()
    }

    #[track_caller]
    fn candidates(&self) -> usize {
        let said = self.lab.run(&["match", "--format", "json"]);
        assert!(said.status < 2, "{said:?}");
        said.json()["candidates"].as_array().unwrap().len()
    }

    fn sample(&self, number: &str) -> String {
        self.lab.pseudonyms("sample", [number])[number].clone()
    }

    fn family(&self, number: &str) -> String {
        self.lab.pseudonyms("family", [number])[number].clone()
    }

    fn import_children(&self, rows: &str, options: &[&str]) -> Said {
        let text = format!("sample_id,sex,region,{LOCI}\n{rows}");
        self.lab.import("children", "children.csv", text, &[&["--skip-identities"], options].concat())
    }

    fn import_families(&self, rows: &str, options: &[&str]) -> Said {
        let text = format!("family_id,sample_id,relation,sex,{LOCI}\n{rows}");
        self.lab.import("families", "families.csv", text, options)
    }

    /// What the store has of the exchange, to see that nothing changed.
    #[track_caller]
    fn state(&self) -> (String, Value) {
        let listed = self.lab.run(&["exchange", "partner", "list", "--format", "json"]).ends(0).json();
        (self.lab.counts(), listed)
    }
}

/// Two provinces and the nation: the child C1 is in the first, its parents in the second.
struct Three {
    first: Agency,
    second: Agency,
    nation: Agency,
}

impl Three {
    fn new() -> Self {
        let (first, second, nation) = (Agency::new("first"), Agency::new("second"), Agency::new("nation"));
        for province in [&first, &second] {
            province.knows(&nation);
            nation.knows(province);
        }
        let rows = format!("C1,m,Kanarienstadt,{CHILD}\nC2,f,Kanarienstadt,{OTHER}\n");
        first.import_children(&rows, &[]).ends(0);
        second.import_families(&format!("N1,M,mother,f,{MOTHER}\nN1,F,father,m,{FATHER}\n"), &[]).ends(0);
        Self { first, second, nation }
    }

    /// Sends everything to the nation, which matches.
    #[track_caller]
    fn gather(&self) {
        for province in [&self.first, &self.second] {
            let (file, _) = province.send("export", &self.nation, &[]);
            self.nation.take(&file).ends(0);
        }
        assert_eq!(self.nation.candidates(), 1);
    }

    /// Sends the nation's hits to both provinces.
    #[track_caller]
    fn tell(&self) {
        for province in [&self.first, &self.second] {
            let (file, _) = self.nation.send("results", province, &[]);
            province.take(&file).ends(0);
        }
    }
}

#[test]
fn a_child_of_one_province_finds_its_parents_in_another_until_consent_is_withdrawn() {
    let Three { first, second, nation } = &Three::new();
    let (file, said) = first.send("export", nation, &[]);
    said.says(&["wrote package 1 for nation", "2 children and 0 families"]);
    nation.take(&file).ends(0).says(&["package 1 of first", "children: 2 new, 0 changed"]);
    let (file, _) = second.send("export", nation, &[]);
    nation.take(&file).ends(0).says(&["relatives: 2 new, 0 changed"]);
    assert_eq!(nation.candidates(), 1);

    // Both are told, and of nothing else.
    let (to_first, said) = nation.send("results", first, &[]);
    said.says(&["wrote package 1 for first", "new or changed: 1 hit"]);
    let (to_second, _) = nation.send("results", second, &[]);
    first.take(&to_first).ends(0).says(&["hits: 1 new or changed"]);
    second.take(&to_second).ends(0);
    let (of_first, of_second) = (first.hits(), second.hits());
    assert_eq!((of_first.len(), of_second.len()), (1, 1));
    let (child, family) = (&of_first[0], &of_second[0]);
    assert_eq!(child["reference"], family["reference"]);
    assert_eq!((&child["child"], &child["family"]), (&first.sample("C1").into(), &Value::Null));
    assert_eq!((&family["family"], &family["child"]), (&second.family("N1").into(), &Value::Null));
    let candidate = nation.lab.run(&["candidates", "--format", "json"]).ends(0).json()["candidates"][0].clone();
    for number in ["log10_lr", "loci_compared", "incompatible_loci"] {
        assert_eq!(child[number], candidate[number], "{number}");
    }
    assert_eq!((&child["decision"], &child["papers_doubted"]), (&"new".into(), &false.into()));
    assert!(child["posterior"].as_f64().unwrap() > 0.99);
    // The nation's own names are not known to the provinces, nor those of the other province.
    let names: BTreeSet<&str> = [&child["child"], &child["other"], &family["family"], &family["other"]]
        .into_iter()
        .chain([&candidate["family"], &candidate["child"]])
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 6);
    for agency in [first, second, nation] {
        agency.lab.run(&["exchange", "hits"]).ends(0);
        agency.lab.run(&["verify"]).ends(0);
    }
    // Nothing is new.
    first.send("export", nation, &[]).1.says(&["nothing is new for nation", "unchanged: 2"]);
    nation.send("results", first, &[]).1.says(&["nothing is new for first", "unchanged: 1"]);

    // Consent is withdrawn in the first province.
    let child = first.sample("C1");
    first.lab.run(&["expunge", "--yes", "--reason", "consent was withdrawn", &child]).ends(0);
    assert_eq!(first.hits(), Vec::<Value>::new());
    let (file, said) = first.send("export", nation, &[]);
    said.says(&["withdrawn: 1"]);
    nation.take(&file).ends(0).says(&["withdrawn by the agency, and deleted: 1 sample"]);
    assert_eq!(nation.lab.run(&["candidates", "--format", "json"]).json()["candidates"], Value::Array(Vec::new()));
    let (file, said) = nation.send("results", second, &[]);
    said.says(&["withdrawn: 1"]);
    second.take(&file).ends(0).says(&["1 withdrawn"]);
    assert_eq!(second.hits(), Vec::<Value>::new());
    for agency in [first, second, nation] {
        agency.lab.run(&["verify"]).ends(0);
    }
    first.send("export", nation, &[]).1.says(&["nothing is new"]);
}

#[test]
fn corrections_travel_and_are_carried_out() {
    let three = Three::new();
    three.gather();
    three.tell();
    let Three { first, second, nation } = &three;
    let log10_lr = |agency: &Agency| agency.hits()[0]["log10_lr"].as_f64().unwrap();
    let before = log10_lr(first);
    // A genotype was read wrongly, and a relative is new.
    let corrected = CHILD.replacen("16/17", "15/17", 1);
    let replace = ["--on-conflict", "replace"];
    first.import_children(&format!("C1,m,Kanarienstadt,{corrected}\n"), &replace).ends(0);
    second.import_families(&format!("N1,B,full-sibling,m,{SIBLING}\n"), &[]).ends(0);
    let (file, said) = first.send("export", nation, &[]);
    said.says(&["1 child and 0 families", "unchanged: 1"]);
    nation.take(&file).ends(0).says(&["children: 0 new, 1 changed"]);
    let (file, _) = second.send("export", nation, &[]);
    nation.take(&file).ends(0).says(&["relatives: 1 new, 0 changed"]);
    nation.candidates();
    three.tell();
    assert!((log10_lr(first) - before).abs() > 1e-6 && log10_lr(first) == log10_lr(second));
    // The sibling was not one.
    let sibling = second.sample("B");
    second.lab.run(&["expunge", "--yes", "--reason", "not of the family", &sibling]).ends(0);
    let (file, _) = second.send("export", nation, &[]);
    nation.take(&file).ends(0).says(&["deleted: 1 sample and 0 families"]);
    assert_eq!(nation.candidates(), 1);
    // A family that is set aside is not sent any more, and comes again when it is restored.
    let family = second.family("N1");
    second.lab.run(&["families", "withdraw", &family, "--cause", "other", "--reason", "found"]).ends(0);
    let (file, _) = second.send("export", nation, &[]);
    nation.take(&file).ends(0).says(&["deleted: 2 samples and 1 family"]);
    assert_eq!(nation.candidates(), 0);
    second.lab.run(&["families", "restore", &family]).ends(0);
    let (file, _) = second.send("export", nation, &[]);
    nation.take(&file).ends(0).says(&["relatives: 2 new"]);
    assert_eq!(nation.candidates(), 1);
    nation.lab.run(&["verify"]).ends(0);
}

#[test]
fn a_pedigree_arrives_as_it_was_sent() {
    let (city, nation) = (Agency::new("city"), Agency::new("nation"));
    city.knows(&nation);
    nation.knows(&city);
    let pedigree = "family_id,person,father,mother,sex,missing,sample_id\nN1,G,,,m,,G\nN1,H,,,f,,\nN1,U,G,H,m,,U\n\
                    N1,P,G,H,m,,\nN1,X,,,f,,\nN1,K,U,X,f,,K\nN1,Y,,,f,,\nN1,Z,P,Y,m,yes,\n";
    let rows = format!("N1,G,member,m,{FATHER}\nN1,U,member,m,{SIBLING}\nN1,K,member,f,{MOTHER}\n");
    let beside = city.lab.write("pedigrees.csv", pedigree);
    city.import_families(&rows, &["--pedigrees", &beside]).ends(0);
    let (file, _) = city.send("export", &nation, &[]);
    nation.take(&file).ends(0);
    let child = format!("C1,m,,{CHILD}\n");
    for agency in [&city, &nation] {
        agency.import_children(&child, &[]).ends(0);
        agency.lab.run(&["match", "--min-log10-lr", "-40"]);
    }
    let ratio = |agency: &Agency| {
        let said = agency.lab.run(&["candidates", "--format", "json"]).ends(0).json();
        said["candidates"][0]["log10_lr"].as_f64().unwrap()
    };
    assert!((ratio(&city) - ratio(&nation)).abs() < 1e-12, "{} {}", ratio(&city), ratio(&nation));
    nation.lab.run(&["verify"]).ends(0);
}

/// Opens a package as its recipient does; returns its content.
fn content(file: &str, from: &Agency, to: &Agency) -> (Manifest, String) {
    let bytes = fs::read(file).unwrap();
    let unchecked = open(Cursor::new(bytes), &to.key()).unwrap();
    let opened = unchecked.check((from.name, from.key().card()), to.key().card()).unwrap();
    (opened.manifest, String::from_utf8(opened.content).unwrap())
}

#[test]
fn two_recipients_cannot_join_their_copies_and_get_no_more_than_they_need() {
    let Three { first, second, nation } = &Three::new();
    first.knows(second);
    second.knows(first);
    let (to_nation, _) = first.send("export", nation, &[]);
    let (to_second, _) = first.send("export", second, &[]);
    let (one, other) = (content(&to_nation, first, nation).1, content(&to_second, first, second).1);
    let names = |text: &str| -> BTreeSet<String> {
        let contents = Contents::read(Mapping::own(), text.as_bytes()).unwrap();
        contents.children.iter().map(|child| child.sample.to_string()).collect()
    };
    assert_eq!((names(&one).len(), names(&one).intersection(&names(&other)).count()), (2, 0));
    let own = [first.sample("C1"), first.sample("C2")];
    for text in [&one, &other] {
        for secret in own.iter().map(String::as_str).chain(["C1", "Kanarien"]) {
            assert!(!text.contains(secret), "{secret}");
        }
        let fields: BTreeSet<String> = text
            .lines()
            .filter(|line| line.contains("\"child\""))
            .flat_map(|line| {
                serde_json::from_str::<Value>(line).unwrap().as_object().unwrap().keys().cloned().collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(fields.into_iter().collect::<Vec<_>>(), ["genotypes", "line", "sample", "sex"]);
    }
    // Nor can anybody on the way read anything.
    let bytes = fs::read(&to_nation).unwrap();
    for secret in ["genotypes", "nation", "first", &names(&one).into_iter().next().unwrap()] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

/// Checks that a package is refused with this reason, and changes nothing.
#[track_caller]
fn refused(agency: &Agency, file: &str, reason: &[&str]) {
    let before = agency.state();
    agency.take(file).ends(2).says(reason);
    assert_eq!(agency.state(), before);
}

#[test]
fn a_changed_package_is_refused_whatever_byte_is_changed() {
    let Three { first, nation, .. } = &Three::new();
    let (file, _) = first.send("export", nation, &[]);
    let sound = fs::read(&file).unwrap();
    let (us, sender) = (nation.key(), first.key());
    let taken = |bytes: &[u8]| {
        let unchecked = open(Cursor::new(bytes), &us)?;
        unchecked.check((first.name, sender.card()), us.card()).map(|opened| opened.content)
    };
    assert!(taken(&sound).is_ok());
    for at in 0..sound.len() {
        let mut changed = sound.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(taken(&changed).is_err(), "byte {at}");
        assert!(taken(&sound[..at]).is_err(), "{at} bytes");
    }
    assert!(taken(&[&sound[..], b"x"].concat()).is_err());
    for (at, name) in [(0, "head"), (sound.len() / 2, "middle"), (sound.len() - 1, "end")] {
        let mut changed = sound.clone();
        changed[at] ^= 4;
        let file = nation.lab.write(name, changed);
        refused(nation, &file, &["not a package, or was changed or cut short"]);
    }
    for (name, bytes) in [("empty", &b""[..]), ("zip", b"PK\x03\x04zip"), ("text", b"sample_id,sex\n")] {
        let file = nation.lab.write(name, bytes);
        refused(nation, &file, &["not a package"]);
    }
    let records = nation.lab.run(&["audit", "list", "--last", "4", "--format", "json"]).ends(0).json();
    let refusals = records["records"].as_array().unwrap().iter().filter(|one| one["details"]["why"] == "damaged");
    assert!(refusals.count() > 0, "{records}");
    nation.take(&file).ends(0);
}

#[test]
fn packages_of_strangers_and_for_others_are_refused() {
    let Three { first, second, nation } = &Three::new();
    first.knows(second);
    let (to_second, _) = first.send("export", second, &[]);
    refused(nation, &to_second, &["sealed for another agency"]);
    // Somebody passes on what was for him, sealed again, as it was signed.
    let stranger = Agency::new("stranger");
    stranger.knows(nation);
    stranger.import_children(&format!("C9,m,,{CHILD}\n"), &[]).ends(0);
    let (file, _) = stranger.send("export", nation, &[]);
    refused(nation, &file, &["not among the agencies of this store", &stranger.key().card().fingerprint()]);
    nation.lab.run(&["exchange", "partner", "revoke", "first"]).ends(0);
    let (file, _) = first.send("export", nation, &[]);
    refused(nation, &file, &["the agency \"first\" is revoked"]);
    nation.exchange(&["export", "--to", "first", &nation.lab.name("x")]).ends(2).says(&["is revoked"]);
    let card = first.lab.name("exchange.pub");
    nation.lab.run(&["exchange", "partner", "add", "first", &card]).ends(2).says(&["already", "--replace"]);
    nation.lab.run(&["exchange", "partner", "add", "other", &card]).ends(2).says(&["has this card already"]);
    nation.lab.run(&["exchange", "partner", "add", "first", &card, "--replace"]).ends(0);
    nation.take(&file).ends(0);
    let secret = first.lab.name("exchange");
    nation.lab.run(&["exchange", "partner", "add", "third", &secret]).ends(2).says(&["secret exchange key"]);
    nation
        .exchange(&["export", "--to", "nobody", &nation.lab.name("x")])
        .ends(2)
        .says(&["no agency has the given name"]);
}

#[test]
fn packages_out_of_their_order_are_refused_until_a_complete_one() {
    let Three { first, nation, .. } = &Three::new();
    let (one, _) = first.send("export", nation, &[]);
    let with = |rows: &str| first.import_children(rows, &["--on-conflict", "replace"]).ends(0);
    with(&format!("C3,f,,{}\n", OTHER.replacen("14/14", "14/15", 1)));
    let (two, _) = first.send("export", nation, &[]);
    with(&format!("C4,f,,{}\n", OTHER.replacen("14/14", "14/16", 1)));
    let (three, _) = first.send("export", nation, &[]);
    refused(nation, &two, &["package 2 of first", "package 0 was the last one taken"]);
    nation.take(&one).ends(0);
    refused(nation, &one, &["package 1 was taken already"]);
    refused(nation, &three, &["package 3 of first", "those between them first"]);
    // The second one is lost, and a child was expunged meanwhile.
    let child = first.sample("C2");
    first.lab.run(&["expunge", "--yes", "--reason", "withdrawn", &child]).ends(0);
    let (all, said) = first.send("export", nation, &["--complete"]);
    said.says(&["wrote package 4", "3 children and 0 families"]);
    nation.take(&all).ends(0).says(&["complete", "children: 2 new, 0 changed", "deleted: 1 sample"]);
    refused(nation, &two, &["package 4 was taken already"]);
    with(&format!("C4,m,,{}\n", OTHER.replacen("14/14", "14/17", 1)));
    let (five, _) = first.send("export", nation, &[]);
    nation.take(&five).ends(0).says(&["0 new, 1 changed"]);

    // A lost package of records is not hidden by a complete one of hits.
    let second = Agency::new("third");
    second.knows(nation);
    nation.knows(&second);
    nation.import_families(&format!("N9,M,mother,f,{MOTHER}\nN9,F,father,m,{FATHER}\n"), &[]).ends(0);
    nation.candidates();
    let (lost, _) = nation.send("export", &second, &[]);
    let (hits, _) = nation.send("results", &second, &["--complete"]);
    second.take(&hits).ends(0).says(&["package 1 of nation", "complete: it replaces all hits taken before"]);
    nation.import_children(&format!("C9,m,,{OTHER}\n"), &["--on-conflict", "replace"]).ends(0);
    let (next, _) = nation.send("export", &second, &[]);
    refused(&second, &next, &["package 2 of nation (records)", "package 0 was the last one taken"]);
    second.take(&lost).ends(0);
    second.take(&next).ends(0);

    // The store of the sender is that of last week.
    let again = Agency::new("first");
    fs::copy(first.lab.path("exchange"), again.lab.path("exchange")).unwrap();
    again.knows(nation);
    again.import_children(&format!("C1,m,,{CHILD}\n"), &[]).ends(0);
    let (file, _) = again.send("export", nation, &[]);
    refused(nation, &file, &["--complete --after 5"]);
    let (file, _) = again.send("export", nation, &["--complete", "--after", "5"]);
    nation.take(&file).ends(0).says(&["package 6 of first", "children: 1 new", "deleted: 3 samples"]);
    again
        .exchange(&["export", "--to", "nation", "--complete", "--after", "2", &again.lab.name("x")])
        .ends(2)
        .says(&["below the last"]);
}

/// Signs and seals a content as a partner of the nation could who does not keep to the rules.
fn forged(from: &Agency, to: &Agency, content: &str, change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
    let (key, card): (ExchangeKey, Card) = (from.key(), to.key().card().clone());
    let mut manifest = Manifest {
        form: Manifest::FORM,
        mapping: Mapping::own().name.to_owned(),
        content: ContentKind::Records,
        sender: key.card().fingerprint(),
        recipient: card.fingerprint(),
        number: 1,
        previous: None,
        complete: false,
        made_on: "2026-11-30".to_owned(),
        program: "x".to_owned(),
        lines: 0,
        length: 0,
        digest: String::new(),
    };
    change(&mut manifest);
    let mut out = Vec::new();
    seal(manifest, content.as_bytes(), &key, &card, &mut out).unwrap();
    out
}

#[test]
fn what_a_partner_must_not_send_is_refused_with_its_line() {
    let Three { first, nation, .. } = &Three::new();
    let loci = "{\"line\":\"loci\",\"loci\":[\"vWA\",\"FGA\"]}\n";
    let child = |fields: &str| format!("{loci}{{\"line\":\"child\",\"sample\":\"{}\",{fields}}}\n", "1".repeat(32));
    let good = "\"sex\":\"male\",\"genotypes\":[\"14/15\",null]";
    let family = |fields: &str| format!("{loci}{{\"line\":\"family\",\"family\":\"{}\",{fields}}}\n", "2".repeat(32));
    let relative = |relation: &str, digit: &str| {
        format!("{{\"relation\":\"{relation}\",\"sample\":\"{}\",{good}}}", digit.repeat(32))
    };
    let contents = [
        (child("\"sex\":\"男\",\"genotypes\":[null,null]"), "line 2 of its content: its sex"),
        (child("\"sex\":\"male\",\"genotypes\":[null]"), "it has 1 genotypes, and the content 2 loci"),
        (child("\"sex\":\"male\",\"genotypes\":[null,\"14/15/16\"]"), "its genotype 2 is invalid"),
        (child(&format!("{good},\"name\":\"x\"")), "the unknown field \"name\""),
        (child(&format!("{good},\"drop_out\":1.5")), "its drop-out"),
        (child(&format!("{good},\"legal_basis\":\"consent\",\"purposes\":[],\"keep_until\":\"soon\"")), "its last day"),
        (child(&format!("{good},\"legal_basis\":\"because\"")), "its legal basis"),
        (child(&format!("{good},\"legal_basis\":\"consent\",\"purposes\":[\"fun\"]")), "a purpose is not"),
        (child(&format!("{good},\"keep_until\":\"2030-01-01\"")), "the unknown field \"keep_until\""),
        (child(&format!("{good},\"facts\":{{\"name\":\"x\"}}")), "its facts are not"),
        (child(good) + &child(good)[loci.len()..], "its name is that of another line"),
        (child(good)[loci.len()..].to_owned(), "line 1 of its content: the loci are named in the first line"),
        (format!("{loci}{loci}"), "line 2"),
        (format!("{loci}[]\n"), "it is not an object of JSON"),
        (format!("{loci}{{\"line\":\"adult\"}}\n"), "of an unknown kind"),
        (family("\"relatives\":[]"), "has no relatives"),
        (
            family(&format!("\"relatives\":[{},{}]", relative("father", "3"), relative("father", "4"))),
            "a child has one father only",
        ),
        (
            family(&format!("\"relatives\":[{},{}]", relative("mother", "3"), relative("father", "4"))),
            "not in their order",
        ),
        (
            family(&format!("\"relatives\":[{}]", relative("father", "3")))
                + &child(good).replace('1', "3")[loci.len()..],
            "contradicts",
        ),
        (family(&format!("\"relatives\":[{}]", relative("member", "3"))), "\"position\" is missing"),
    ];
    for (text, reason) in contents {
        let file = nation.lab.write("forged", forged(first, nation, &text, |_| {}));
        refused(nation, &file, &[reason]);
    }
    let sound = child(good);
    type Change = fn(&mut Manifest);
    let changes: [(Change, &str); 4] = [
        (|manifest| manifest.form = 2, "it has form 2"),
        (|manifest| manifest.mapping = "gbt-9".to_owned(), "the table \"gbt-9\""),
        (|manifest| manifest.recipient = "0".repeat(39), "names another recipient"),
        (|manifest| manifest.previous = Some("0".repeat(64)), "does not follow the package"),
    ];
    for (change, reason) in changes {
        let file = nation.lab.write("forged", forged(first, nation, &sound, change));
        refused(nation, &file, &[reason]);
    }
    // Signed by one partner in the name of another.
    let claimed = Agency::new("second").key().card().fingerprint();
    let file = nation.lab.write("forged", forged(first, nation, &sound, |manifest| manifest.sender = claimed));
    refused(nation, &file, &["not among the agencies"]);
    // A package that holds what no memory does: a gigabyte of nothing.
    let long = format!("{loci}{}\n", " ".repeat(2 << 20));
    let file = nation.lab.write("forged", forged(first, nation, &long, |_| {}));
    refused(nation, &file, &["line 2 of its content: it is too long"]);
    let file = nation.lab.write("forged", forged(first, nation, &sound, |_| {}));
    nation.take(&file).ends(0);
}

#[test]
fn what_a_recipient_expunged_itself_does_not_come_back() {
    let three = Three::new();
    three.gather();
    let Three { first, nation, .. } = &three;
    let candidate = nation.lab.run(&["candidates", "--format", "json"]).ends(0).json()["candidates"][0].clone();
    let child = candidate["child"].as_str().unwrap();
    nation.lab.run(&["expunge", "--yes", "--reason", "by order", child]).ends(0);
    let corrected = CHILD.replacen("16/17", "15/17", 1);
    let rows = format!("C1,m,Kanarienstadt,{corrected}\n");
    first.import_children(&rows, &["--on-conflict", "replace"]).ends(0);
    let (file, _) = first.send("export", nation, &[]);
    nation.take(&file).ends(0).says(&["1 record of the package left out, because this store expunged"]);
    assert_eq!(nation.candidates(), 0);
    nation.lab.run(&["verify"]).ends(0);
    // Not after a change of the key either, by which it gets another pseudonym.
    let (identity, recipient) = custodian(&nation.lab, "identity");
    nation.lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
    nation.lab.run(&["key", "new", &nation.lab.name("new")]).ends(0);
    rotate_on(&nation.lab, "store", &identity, &["--yes"]).ends(0);
    fs::rename(nation.lab.path("new"), nation.lab.path("key")).unwrap();
    let (file, _) = first.send("export", nation, &["--complete"]);
    nation.take(&file).ends(0).says(&["1 record of the package left out", "children: 0 new"]);
    assert_eq!(nation.candidates(), 0);
    // The agency withdraws it: then nothing of it is kept, not even the name.
    first.lab.run(&["expunge", "--yes", "--reason", "withdrawn", &first.sample("C1")]).ends(0);
    let (file, _) = first.send("export", nation, &[]);
    nation.take(&file).ends(0);
    let kept: i64 = nation
        .lab
        .database("store")
        .query_row("SELECT count(*) FROM exchange_received WHERE own IS NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 0);
    nation.lab.run(&["verify"]).ends(0);
}

#[test]
fn keys_are_rotated_and_the_exchange_goes_on() {
    let three = Three::new();
    let Three { first, second, nation } = &three;
    let mut rotations = Vec::new();
    for agency in [first, second, nation] {
        let (identity, recipient) = custodian(&agency.lab, "identity");
        agency.lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
        rotations.push(identity);
    }
    // Again, so that the identifiers are sealed.
    first.import_children(&format!("C1,m,Kanarienstadt,{CHILD}\nC2,f,Kanarienstadt,{OTHER}\n"), &[]).ends(0);
    second.import_families(&format!("N1,M,mother,f,{MOTHER}\nN1,F,father,m,{FATHER}\n"), &[]).ends(0);
    three.gather();
    three.tell();
    for (agency, identity) in [first, second, nation].into_iter().zip(&rotations) {
        agency.lab.run(&["key", "new", &agency.lab.name("new")]).ends(0);
        rotate_on(&agency.lab, "store", identity, &["--yes"]).ends(0);
        fs::rename(agency.lab.path("new"), agency.lab.path("key")).unwrap();
        agency.lab.run(&["verify"]).ends(0);
    }
    assert_eq!(first.hits()[0]["child"], Value::from(first.sample("C1")));
    assert_eq!(nation.candidates(), 1);
    first.send("export", nation, &[]).1.says(&["nothing is new"]);
    let corrected = CHILD.replacen("16/17", "15/17", 1);
    let rows = format!("C1,m,Kanarienstadt,{corrected}\n");
    first.import_children(&rows, &["--on-conflict", "replace"]).ends(0);
    let (file, _) = first.send("export", nation, &[]);
    nation.take(&file).ends(0).says(&["children: 0 new, 1 changed"]);
    nation.candidates();
    let reference = first.hits()[0]["reference"].clone();
    three.tell();
    assert_eq!(first.hits()[0]["reference"], reference, "the same hit");
}

#[test]
fn what_a_city_withdraws_the_nation_forgets() {
    let (city, province, nation) = (Agency::new("city"), Agency::new("province"), Agency::new("nation"));
    for (one, other) in [(&city, &province), (&province, &nation)] {
        one.knows(other);
        other.knows(one);
    }
    city.import_children(&format!("C1,m,,{CHILD}\n"), &[]).ends(0);
    province.import_children(&format!("C2,f,,{OTHER}\n"), &[]).ends(0);
    let (file, _) = city.send("export", &province, &[]);
    province.take(&file).ends(0);
    province.send("export", &city, &[]).1.says(&["1 child and 0 families"]);
    let (file, said) = province.send("export", &nation, &[]);
    said.says(&["1 child and 0 families"]);
    nation.take(&file).ends(0);
    let (file, said) = province.send("export", &nation, &["--relayed"]);
    said.says(&["1 child and 0 families", "unchanged: 1"]);
    nation.take(&file).ends(0).says(&["children: 1 new"]);
    city.lab.run(&["expunge", "--yes", "--reason", "withdrawn", &city.sample("C1")]).ends(0);
    let (file, _) = city.send("export", &province, &[]);
    province.take(&file).ends(0).says(&["deleted: 1 sample"]);
    let (file, _) = province.send("export", &nation, &["--relayed"]);
    nation.take(&file).ends(0).says(&["deleted: 1 sample"]);
    nation.lab.run(&["verify"]).ends(0);
    city.import_children(&format!("C3,m,,{CHILD}\n"), &[]).ends(0);
    let (file, _) = city.send("export", &province, &[]);
    province.take(&file).ends(0);
    province.send("export", &nation, &["--relayed"]);
    province.send("export", &nation, &[]).1.says(&["withdrawn: 1", "records of other agencies are withdrawn: 1"]);
}

#[test]
fn a_changed_record_of_the_exchange_is_found() {
    let three = Three::new();
    three.gather();
    three.tell();
    let changes = [
        "UPDATE partner SET received = 0 WHERE name = 'first'",
        "UPDATE exchange_received SET kind = 'relative' WHERE kind = 'child'",
        "DELETE FROM exchange_received WHERE kind = 'child'",
        "UPDATE exchange_told SET content = zeroblob(16)",
        "DELETE FROM exchange_told",
    ];
    for change in changes {
        let kept = three.nation.lab.path("kept");
        crate::common::copy(&three.nation.lab.path("store"), &kept);
        three.nation.lab.database("store").execute_batch(change).unwrap();
        let said = three.nation.lab.run(&["verify"]);
        assert!(said.status != 0 && said.out.contains("exchange"), "{change}: {said:?}");
        fs::remove_dir_all(three.nation.lab.path("store")).unwrap();
        fs::rename(kept, three.nation.lab.path("store")).unwrap();
    }
    three.nation.lab.run(&["verify"]).ends(0);
    let change = "DELETE FROM exchange_sent";
    three.first.lab.database("store").execute_batch(change).unwrap();
    three.first.exchange(&["export", "--to", "nation", &three.first.lab.name("x")]).ends(2).says(&["more or fewer"]);
}

#[test]
fn no_file_of_a_store_names_an_agency_s_own_numbers() {
    let three = Three::new();
    three.gather();
    three.tell();
    let own = three.first.sample("C1");
    let bytes = HEXLOWER.decode(own.as_bytes()).unwrap();
    for file in everything_in(&three.nation.lab.path("store")).into_iter().filter(|file| file.is_file()) {
        let content = fs::read(&file).unwrap();
        for secret in [&bytes[..], own.as_bytes(), b"Kanarien"] {
            assert!(!content.windows(secret.len()).any(|window| window == secret), "{}", file.display());
        }
    }
}

#[test]
fn terms_and_facts_travel_and_are_obeyed() {
    let three = Three::new();
    let Three { first, nation, .. } = &three;
    let terms = "sample_id,legal_basis,purposes,consent_kind,consent_on,consent_reference,keep_until\n";
    let keep = |agency: &Agency, rows: &str| agency.lab.import("keeping", "terms.csv", format!("{terms}{rows}"), &[]);
    let yes = "C1,consent,search exchange,guardian,2024-01-01,Kanarienbogen-7,2090-01-01\n";
    keep(first, &format!("{yes}C2,statutory-duty,search,,,,\n")).ends(0);
    let found = "sample_id,sex,found_on,apparent_age,description\nC1,m,2024-05-01,3岁,Kanarienvogel\n";
    first.lab.import("found-children", "found.csv", found, &[]).ends(0);
    let (file, said) = first.send("export", nation, &[]);
    said.says(&["1 child and 0 families", "do not allow exchange stay here: 1"]);
    let text = content(&file, first, nation).1;
    assert!(text.contains("2090-01-01") && text.contains("2024-05-01") && !text.contains("Kanarien"), "{text}");
    nation.take(&file).ends(0).says(&["children: 1 new"]);
    let (file, _) = three.second.send("export", nation, &[]);
    nation.take(&file).ends(0);
    assert_eq!(nation.candidates(), 1);
    let candidate = nation.lab.run(&["candidates", "--format", "json"]).ends(0).json()["candidates"][0].clone();
    let child = candidate["child"].as_str().unwrap();
    nation.lab.run(&["keeping", "show", child]).ends(0).says(&["consent", "search exchange", "2090-01-01"]);
    nation.lab.run(&["facts", "show", child]).ends(0).says(&["2024-05-01"]);
    let due = nation.lab.run(&["due", "--on", "2090-01-02", "--format", "json"]).ends(1).json();
    assert!(
        due["due"].as_array().unwrap().iter().any(|row| row["sample"] == *child && row["code"] == "keep-until"),
        "{due}"
    );
    // Without the purpose `kin`, the nation does not compare the child with others.
    nation.lab.run(&["kin", "--within", "children"]).ends(1).says(&["do not allow kin: 1 sample"]);

    // The last day is changed, and then the consent is withdrawn.
    keep(first, &yes.replace("2090", "2080")).ends(0);
    let (file, said) = first.send("export", nation, &[]);
    said.says(&["1 child and 0 families"]);
    nation.take(&file).ends(0);
    nation.lab.run(&["keeping", "show", child]).ends(0).says(&["2080-01-01"]);
    keep(first, "C1,consent,search exchange,withdrawn,,,\n").ends(0);
    let (file, said) = first.send("export", nation, &[]);
    said.says(&["withdrawn: 1"]);
    nation.take(&file).ends(0).says(&["deleted: 1 sample"]);
    nation.lab.run(&["keeping", "show", child]).ends(2);
    nation.lab.run(&["verify"]).ends(0);
    first.lab.run(&["verify"]).ends(0);
}

#[test]
fn what_must_stay_stays_and_what_a_recipient_cannot_do_is_not_asked_of_it() {
    let three = Three::new();
    let Three { first, nation, .. } = &three;
    let terms = "sample_id,legal_basis,purposes,consent_kind,consent_on\n";
    let rows = "C1,consent,search exchange,guardian,2024-01-01\nC2,consent,search exchange,,\n";
    first.lab.import("keeping", "terms.csv", format!("{terms}{rows}"), &[]).ends(0);
    let (file, said) = first.send("export", nation, &[]);
    said.says(&["1 child and 0 families", "do not allow exchange stay here: 1"]);
    nation.take(&file).ends(0);
    let due = nation.lab.run(&["due", "--on", "2050-01-01", "--format", "json"]).ends(0).json();
    assert_eq!(due["due"], Value::Array(Vec::new()), "the sender holds the consent");
    // Nor do they leave in a file for another laboratory.
    let labs = ["--source-lab", "LAB-1", "--destination-lab", "NATION", "--show-genotypes"];
    let cmf = first.lab.name("c.xml");
    let said = first.lab.run(&[&["export", "--as", "children", "--to", "cmf", &cmf], &labs[..]].concat()).ends(0);
    said.says(&["1 child", "do not allow exchange, and that are left out: 1"]);
    assert_eq!(first.lab.read("c.xml").matches("<SPECIMENID>").count(), 1);
    // Whoever expunges learns who has it.
    let child = first.sample("C1");
    let said = first.lab.run(&["expunge", "--yes", "--reason", "withdrawn", &child]).ends(0);
    said.says(&["nation has it: `reunite exchange export"]);
}

#[test]
fn a_hit_is_sent_again_only_if_it_says_something_else() {
    let three = Three::new();
    three.gather();
    three.tell();
    let Three { first, nation, .. } = &three;
    // Another child of the database changes the posterior and the chance hits a little.
    nation.import_children(&format!("C9,m,,{OTHER}\n"), &[]).ends(0);
    assert_eq!(nation.candidates(), 1);
    nation.send("results", first, &[]).1.says(&["nothing is new for first since package 1"]);
    let own = nation.lab.name("exchange.pub");
    nation.exchange(&["partner", "add", "ourselves", &own]).ends(2).says(&["this laboratory's own exchange key"]);
}

/// A family without any relation to the child of [`Three`].
fn other_family(relatives: &[(&str, &str, &str)]) -> String {
    relatives.iter().map(|(sample, relation, profile)| format!("N2,{sample},{relation},m,{profile}\n")).collect()
}

#[test]
fn nothing_of_a_withdrawn_record_is_left_for_the_next_one() {
    let (city, nation) = (Agency::new("city"), Agency::new("nation"));
    let town = Agency::new("town");
    for agency in [&city, &town] {
        agency.knows(&nation);
        nation.knows(agency);
    }
    // Three alleles, a pedigree, and a mark: each is in a table of its own.
    city.import_children(&format!("C1,m,,{}\n", CHILD.replacen("16/17", "15/16/17", 1)), &[]).ends(0);
    let pedigree = "family_id,person,father,mother,sex,missing,sample_id\nN1,G,,,m,,G\nN1,P,G,,m,,\nN1,Z,P,,m,yes,\n";
    let beside = city.lab.write("pedigrees.csv", pedigree);
    city.import_families(&format!("N1,G,member,m,{FATHER}\n"), &["--pedigrees", &beside]).ends(0);
    let (file, _) = city.send("export", &nation, &[]);
    nation.take(&file).ends(0);
    for gone in [city.sample("C1"), city.family("N1")] {
        city.lab.run(&["expunge", "--yes", "--reason", "withdrawn", &gone]).ends(0);
    }
    let (file, _) = city.send("export", &nation, &[]);
    nation.take(&file).ends(0).says(&["deleted: 2 samples and 1 family"]);
    {
        let ledger = nation.lab.database("store");
        for table in ["many_alleles", "typing", "pedigree", "mark", "member", "sample", "family"] {
            let rows: i64 = ledger.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
            assert_eq!(rows, 0, "{table}");
        }
    }
    // The next sample has the number of the withdrawn one, and nothing else of it.
    town.import_children(&format!("C2,f,,{}\n", OTHER.replacen("14/14", "", 1)), &[]).ends(0);
    let (file, _) = town.send("export", &nation, &[]);
    nation.take(&file).ends(0);
    let out = nation.lab.name("out.csv");
    nation.lab.run(&["export", "--as", "children", "--show-genotypes", &out]).ends(0);
    assert!(!nation.lab.read("out.csv").contains("15/16/17"));
    nation.lab.run(&["verify"]).ends(0);
}

#[test]
fn a_family_that_is_written_anew_stays_the_agency_s() {
    let three = Three::new();
    let Three { second, nation, .. } = &three;
    second.import_families(&other_family(&[("F2", "father", OTHER)]), &[]).ends(0);
    second.import_families(&format!("N1,U,paternal-uncle,m,{SIBLING}\n"), &[]).ends(0);
    three.gather();
    three.tell();
    // The uncle belongs to the other family.
    let uncle = second.sample("U");
    second.lab.run(&["expunge", "--yes", "--reason", "wrong family", &uncle]).ends(0);
    let text =
        format!("family_id,sample_id,relation,sex,{LOCI}\n{}", other_family(&[("U", "paternal-uncle", SIBLING)]));
    let again = ["--restore-expunged", "--reason", "the right family"];
    second.lab.import("families", "again.csv", text, &again).ends(0);
    let (file, _) = second.send("export", nation, &[]);
    nation.take(&file).ends(0);
    assert_eq!(nation.candidates(), 1);
    nation.send("results", second, &["--complete"]).1.says(&["new or changed: 1 hit", "withdrawn: 0"]);
    second.lab.run(&["expunge", "--yes", "--reason", "withdrawn", &second.family("N1")]).ends(0);
    let (file, _) = second.send("export", nation, &[]);
    nation.take(&file).ends(0).says(&["deleted: 2 samples and 1 family"]);
    assert_eq!(nation.candidates(), 0);
    nation.lab.run(&["verify"]).ends(0);
}

#[test]
fn a_family_that_both_sides_empty_is_gone() {
    let three = Three::new();
    three.gather();
    let Three { second, nation, .. } = &three;
    let candidate = nation.lab.run(&["candidates", "--format", "json"]).ends(0).json()["candidates"][0].clone();
    let listed = nation.lab.name("families.csv");
    nation.lab.run(&["export", "--as", "families", &listed]).ends(0);
    let text = nation.lab.read("families.csv");
    let father = text.lines().find(|line| line.contains("father")).unwrap().split(',');
    let father = father.map(str::to_owned).find(|cell| cell.len() == 32 && *cell != candidate["family"]).unwrap();
    nation.lab.run(&["expunge", "--yes", "--reason", "by order", &father]).ends(0);
    second.lab.run(&["expunge", "--yes", "--reason", "withdrawn", &second.sample("M")]).ends(0);
    let (file, _) = second.send("export", nation, &[]);
    nation.take(&file).ends(0);
    assert_eq!(nation.candidates(), 0);
    nation.lab.run(&["verify"]).ends(0);
}

#[test]
fn a_hit_that_its_owner_lost_is_sent_again_with_the_record() {
    let three = Three::new();
    three.gather();
    three.tell();
    let Three { first, nation, .. } = &three;
    let child = first.sample("C1");
    first.lab.run(&["expunge", "--yes", "--reason", "by mistake", &child]).ends(0);
    assert_eq!(first.hits(), Vec::<Value>::new());
    // A package of hits that comes meanwhile says that it is about somebody unknown.
    let (hits, _) = nation.send("results", first, &["--complete"]);
    first.take(&hits).ends(0).says(&["hits left out, because this store does not have their record: 1"]);
    let rows = format!("sample_id,sex,region,{LOCI}\nC1,m,Kanarienstadt,{CHILD}\n");
    let again = ["--skip-identities", "--restore-expunged", "--reason", "it was a mistake"];
    first.lab.import("children", "again.csv", rows, &again).ends(0);
    let (file, _) = first.send("export", nation, &[]);
    nation.take(&file).ends(0);
    nation.candidates();
    let (hits, _) = nation.send("results", first, &[]);
    first.take(&hits).ends(0);
    assert_eq!(first.hits().len(), 1);
}

#[test]
fn a_package_that_is_not_in_its_place_does_not_count_as_sent() {
    let Three { first, nation, .. } = &Three::new();
    let (file, _) = first.send("export", nation, &[]);
    nation.take(&file).ends(0);
    first.lab.run(&["expunge", "--yes", "--reason", "withdrawn", &first.sample("C1")]).ends(0);
    // The file cannot be written: its folder does not exist, or another file has its name.
    first.exchange(&["export", "--to", "nation", &first.lab.name("none/x")]).ends(2);
    first.exchange(&["export", "--to", "nation", &file]).ends(2);
    first.send("export", nation, &[]).1.says(&["wrote package 2", "withdrawn: 1"]);
    for after in ["9007199254740992", "18446744073709551615"] {
        let words = ["export", "--to", "nation", "--complete", "--after", after, &first.lab.name("y")];
        first.exchange(&words).ends(2).says(&["or too large"]);
    }
    first.lab.run(&["verify"]).ends(0);
}

#[test]
fn a_withdrawal_leaves_the_reviews_of_the_hub_sound() {
    let three = Three::new();
    three.gather();
    let Three { first, nation, .. } = &three;
    let candidate = nation.lab.run(&["candidates", "--format", "json"]).ends(0).json()["candidates"][0].clone();
    let (family, child) = (candidate["family"].as_str().unwrap(), candidate["child"].as_str().unwrap());
    let passphrase = nation.lab.write("passphrase", "a passphrase of ours");
    fs::set_permissions(&passphrase, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for staff in ["R1", "R2"] {
        let key = nation.lab.name(staff);
        let with = ["--passphrase-file", passphrase.as_str()];
        nation.lab.run(&[&["review", "key", "--out", &key], &with[..]].concat()).ends(0);
        let public = format!("{key}.pub");
        nation.lab.run(&["review", "enrol", "--staff", staff, "--public-key", &public]).ends(0);
        let decide =
            ["review", "decide", family, child, "--decision", "refute", "--code", "too-few-loci", "--key", &key];
        nation.lab.run(&[&decide[..], &with[..]].concat()).ends(0);
    }
    first.lab.run(&["expunge", "--yes", "--reason", "withdrawn", &first.sample("C1")]).ends(0);
    let (file, _) = first.send("export", nation, &[]);
    nation.take(&file).ends(0).says(&["deleted: 1 sample"]);
    let listed = nation.lab.run(&["review", "list", "--format", "json"]).ends(0).json();
    assert_eq!(listed["reviews"], Value::Array(Vec::new()), "{listed}");
    nation.lab.run(&["review", "reviewers"]).ends(0);
    nation.lab.run(&["verify"]).ends(0);
}
