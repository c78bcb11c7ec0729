//! Runs every command, successful and failing, on conspicuous identifiers: no command shows, logs or leaves one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use age::secrecy::ExposeSecret;
use reunite::ledger::ENCRYPTS;

use super::canaries::{CANARIES, LOCI, PROFILE, Search, children, families};
use crate::common::{Lab, Said, reunite};

/// The command that `--help` does not list.
const HIDDEN: &str = "challenge";
const WHY: [&str; 2] = ["--reason", "a test of ours"];

/// Makes a custodian's identity file; returns its name and the recipient.
pub(crate) fn custodian(lab: &Lab) -> (String, String) {
    let identity = age::x25519::Identity::generate();
    let file = lab.write("identity", identity.to_string().expose_secret());
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    (file, identity.to_public().to_string())
}

/// Lists the commands without subcommands below a command, as `--help` shows them.
fn commands_below(command: &[String]) -> BTreeSet<String> {
    let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let help = reunite(&words).ends(0).out;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<&str> =
        names.map(|line| line.split_whitespace().next().unwrap()).filter(|name| *name != "help").collect();
    // A command with others below it may do something by itself: it has a usage of its own.
    let usages = help.lines().skip_while(|line| !line.starts_with("Usage:")).take_while(|line| !line.is_empty());
    let does_something = !command.is_empty() && usages.filter(|line| line.contains(&command.join(" "))).count() > 1;
    let below = names.iter().flat_map(|name| commands_below(&[command, &[(*name).to_owned()]].concat()));
    let itself = (names.is_empty() || does_something).then(|| command.join(" "));
    itself.into_iter().chain(below).collect()
}

/// A lab that searches the output and the files of its commands.
struct Watched {
    lab: Lab,
    search: Search,
    /// For each command, whether a run of it succeeded, and whether one failed.
    seen: BTreeMap<String, [bool; 2]>,
}

impl Watched {
    fn new() -> Self {
        let lab = Lab::new();
        fs::create_dir(lab.path("tmp")).unwrap();
        // The keys are secret, too.
        let key = lab.read("key").trim().rsplit(' ').next().unwrap().to_owned();
        let (_, recipient) = custodian(&lab);
        let identity = lab.read("identity");
        let search = Search::new(CANARIES.into_iter().chain([key.as_str(), identity.trim()]));
        lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
        Self { lab, search, seen: BTreeMap::new() }
    }

    /// Runs a command, which is named by its first words, and searches its output and files.
    #[track_caller]
    fn run(&mut self, command: &str, arguments: &[&str], input: &str) -> Said {
        let said = self.run_showing(command, arguments, input);
        self.search.finds_nothing(&format!("{command}, standard output"), said.out.as_bytes());
        said
    }

    /// The same for a command that shows identifiers on standard output, and only there.
    #[track_caller]
    fn run_showing(&mut self, command: &str, arguments: &[&str], input: &str) -> Said {
        let lab = &self.lab;
        let words: Vec<&str> = command.split(' ').chain(arguments.iter().copied()).collect();
        let mut process = lab.command(&words);
        process.env("TMPDIR", lab.path("tmp")).env("RUST_BACKTRACE", "1").current_dir(lab.path("tmp"));
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = process.spawn().unwrap();
        // A command that does not read has closed its standard input.
        let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
        let said = Said::of(process.wait_with_output().unwrap());
        self.search.finds_nothing(&format!("{command}, standard error"), said.err.as_bytes());
        self.search.finds_nothing_below(&lab.path("store"));
        self.search.finds_nothing_below(&lab.path("tmp"));
        assert_eq!(
            fs::read_dir(lab.path("tmp")).unwrap().count(),
            0,
            "{command} left something in the temporary folder"
        );
        let seen = self.seen.entry(command.to_owned()).or_default();
        seen[usize::from(said.status == 2)] = true;
        said
    }

    fn done(&mut self, command: &str, arguments: &[&str]) -> Said {
        let said = self.run(command, arguments, "");
        assert!(said.status < 2, "{command} {arguments:?}: {}", said.err);
        said
    }

    fn fails(&mut self, command: &str, arguments: &[&str]) -> Said {
        self.run(command, arguments, "").ends(2)
    }

    fn import(&mut self, layout: &str, name: &str, text: &str, options: &[&str]) -> Said {
        let file = self.lab.write(name, text);
        self.run("import", &[&["--as", layout, &file], options].concat(), "")
    }
}

/// Makes a CMF file of one specimen.
fn cmf(lab: &str, id: &str, category: &str, case: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CODISImportFile xmlns=\"urn:CODISImportFile-schema\">\
         <HEADERVERSION>3.2</HEADERVERSION><MESSAGETYPE>Import</MESSAGETYPE><DESTINATIONORI>SD37</DESTINATIONORI>\
         <SOURCELAB>{lab}</SOURCELAB><SUBMITBYUSERID>{id}</SUBMITBYUSERID>\
         <SUBMITDATETIME>2024-03-05T08:00:00</SUBMITDATETIME><BATCHID>{id}</BATCHID><KIT>GlobalFiler</KIT>\n\
         <SPECIMEN CASEID='{case}'><SPECIMENID>{id}</SPECIMENID><SPECIMENCATEGORY>{category}</SPECIMENCATEGORY>\
         <LOCUS><LOCUSNAME>vWA</LOCUSNAME><READINGBY>{id}</READINGBY><READINGDATETIME>2024-03-05T08:00:00</READINGDATETIME>\
         <ALLELE><ALLELEVALUE>14</ALLELEVALUE></ALLELE><ALLELE><ALLELEVALUE>15</ALLELEVALUE></ALLELE></LOCUS>\
         </SPECIMEN></CODISImportFile>\n"
    )
}

/// Replaces each pseudonym by a canary.
fn named(text: &str) -> String {
    let mut names = BTreeMap::new();
    let is_name = |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| is_name(word)) {
        let number = names.len();
        names.entry(word).or_insert_with(|| format!("{} {number}", CANARIES[number % CANARIES.len()]));
    }
    assert!(!names.is_empty(), "{text}");
    names.iter().fold(text.to_owned(), |text, (word, name)| text.replace(word, name))
}

fn files_are_read(watched: &mut Watched) {
    let [mother, father, family, child, second, card, row, chinese] = CANARIES;
    // Every form of file, valid and invalid.
    watched.import("families", "f.csv", &families(), &["--manifest", &watched.lab.name("manifest.json")]).ends(0);
    watched.import("children", "c.csv", &children(), &["--report-format", "json"]).ends(0);
    watched.search.finds_nothing("the manifest", watched.lab.read("manifest.json").as_bytes());
    let tall = format!("Sample Name\tMarker\tAllele 1\tAllele 2\n{row}\tvWA\t14\t15\n{row}\tFGA\t22\t23\n");
    let cases = watched.lab.write("cases.csv", format!("sample_id,sex\n{row},m\n"));
    watched.import("children", "tall.txt", &tall, &["--cases", &cases]).ends(0);
    let wrong = watched.lab.write("wrong.csv", format!("sample_id,sex\n{card},{row}\n{row},{row}\n"));
    watched.import("children", "tall2.txt", &tall.replace("15", chinese), &["--cases", &wrong]).ends(2);
    watched.import("children", "p.xml", &cmf("LAB", card, "Unidentified Person", row), &[]).ends(0);
    watched.import("families", "r.xml", &cmf("LAB", chinese, "Biological Mother", family), &[]).ends(0);
    for (id, category, case) in
        [(card, child, row), (chinese, "Biological Sibling", family), (second, "Suspect", child)]
    {
        watched.import("families", "bad.xml", &cmf("LAB", id, category, case), &[]).ends(2);
    }
    watched.import("children", "cut.xml", &cmf("LAB", card, "Unidentified Person", row)[..500], &[]).ends(2);
    let people = format!(
        "family_id,person,father,mother,sex,missing,sample_id\n{chinese}9,{father},,,m,,{card}9\n{chinese}9,{mother},,,f,,\n\
         {chinese}9,{child},{father},{mother},m,yes,\n"
    );
    let pedigrees = watched.lab.write("pedigrees.csv", &people);
    let member = format!("family_id,sample_id,relation,sex,{LOCI}\n{chinese}9,{card}9,member,m,{PROFILE}\n");
    watched.import("families", "m.csv", &member, &["--pedigrees", &pedigrees]).ends(0);
    let looped =
        watched.lab.write("looped.csv", people.replace(&format!("{father},,,m"), &format!("{father},{child},,m")));
    watched.import("families", "m.csv", &member, &["--pedigrees", &looped]).ends(2);
    // A file whose name is a number: the message may name it, and the program stores it nowhere.
    fs::create_dir(watched.lab.path("in")).unwrap();
    watched.lab.write("in/a.csv", children());
    let folder = watched.lab.name("in");
    watched.done("import", &[&folder]);
}

fn candidates_are_shown(watched: &mut Watched) -> (String, String) {
    let [.., family, child, _, _, _, _] = CANARIES;
    for format in ["table", "csv", "json"] {
        watched.done("match", &["--full", "--min-log10-lr", "-30", "--format", format]);
        watched.done("candidates", &["--format", format]);
    }
    let pairs = watched.done("candidates", &["--format", "json"]).json();
    let pair = pairs["candidates"].as_array().unwrap().iter().chain(pairs["identities"].as_array().unwrap()).next();
    let name = |which: &str| pair.unwrap()[which].as_str().unwrap().to_owned();
    let (of_family, of_child) = (name("family"), name("child"));
    watched.fails("candidates", &["--family", family]);
    watched.fails("candidates", &["--child", child]);
    watched.done("explain", &[&of_family, &of_child, "--show-genotypes"]);
    watched.fails("explain", &[family, child]);
    let page = watched.lab.name("report.html");
    watched.done("report candidate", &[&of_family, &of_child, "--show-genotypes", "--out", &page]);
    watched.fails("report candidate", &[family, child, "--out", &page, "--force"]);
    watched.search.finds_nothing("the report", watched.lab.read("report.html").as_bytes());
    for (name, of, wrong) in [("night", None, "99"), ("family", Some(of_family.as_str()), family)] {
        let page = watched.lab.name(&format!("{name}.html"));
        let named: Vec<&str> = of.into_iter().chain(["--out", &page]).collect();
        watched.done(&format!("report {name}"), &named);
        watched.fails(&format!("report {name}"), &[wrong, "--out", &page, "--force"]);
        watched
            .search
            .finds_nothing(&format!("the report {name}"), watched.lab.read(&format!("{name}.html")).as_bytes());
    }
    let letter = watched.lab.name("letter.html");
    let ours = ["--laboratory", "L", "--phone", "110", "--out", &letter, "--force"];
    watched.done("letter", &[&[of_family.as_str()], &ours[..]].concat());
    watched.fails("letter", &[&[family], &ours[..]].concat());
    watched.search.finds_nothing("the letter", watched.lab.read("letter.html").as_bytes());
    watched.done("letter call", &[&of_family]);
    watched.fails("letter call", &[family]);
    for format in ["table", "csv", "json"] {
        watched.run("letter check", &[CANARIES[4], "--format", format], "").ends(1);
        watched.done("letter list", &["--format", format]);
    }
    let code = watched.run("letter call", &[&of_family], "").ends(0).out;
    watched.done("letter check", &[code.trim(), "--family", &of_family]);
    watched.fails("letter check", &["1", "--family", family]);
    watched.fails("letter list", &["--store", "nowhere"]);
    watched.done("power", &[&of_family]);
    watched.fails("power", &[family]);
    watched.done("missed", &[&of_family]);
    watched.fails("missed", &[family]);
    let validation = watched.lab.name("validation");
    watched.done("validate", &["--pairs", "100", "--out", &validation]);
    watched.fails("validate", &["--pairs", "100", "--out", &validation]);
    let page = watched.lab.name("validation.html");
    watched.done("report validation", &[&validation, "--out", &page]);
    watched.fails("report validation", &["nowhere", "--out", &page, "--force"]);
    watched.done("runs", &[]);
    watched.fails("runs", &["--store", "nowhere"]);
    watched.done("stats", &["--least", "1"]);
    watched.fails("stats", &["--store", "nowhere"]);
    watched.done("comparable", &[]);
    watched.fails("comparable", &["--store", "nowhere"]);
    let registry = format!("certificate,mother\nQ370123456,{}\n", CANARIES[0]);
    watched.import("certificates", "registry.csv", &registry, &[]).ends(0);
    let claims = format!("sample_id,certificate\n{},{}\n", CANARIES[3], CANARIES[7]);
    watched.import("certificate-claims", "claims.csv", &claims, &[]).ends(0);
    watched.done("certificate check", &["--format", "json"]);
    watched.fails("certificate check", &["--child", CANARIES[3]]);
    let facts = format!("sample_id,description,姓名\n{},{},{}\n", CANARIES[3], CANARIES[7], CANARIES[4]);
    watched.import("found-children", "found.csv", &facts, &[]).ends(0);
    watched.import("missing-children", "missing.csv", &format!("family_id\n{}\n", CANARIES[1]), &[]).ends(2);
    let of_found = watched.lab.pseudonyms("sample", [CANARIES[3]]).remove(CANARIES[3]).unwrap();
    watched.done("facts show", &[&of_found]);
    watched.fails("facts show", &[child]);
    watched.done("facts compare", &[&of_family, &of_found, "--factors"]);
    watched.fails("facts compare", &[family, &of_found]);
    watched.done("facts calibrate", &["--pairs", "100"]);
    watched.fails("facts calibrate", &["--pairs", "1"]);
    let row = |of: &str| format!("{of},consent,search kin,own,2025-01-01,{},{}\n", CANARIES[7], CANARIES[6]);
    let terms = "sample_id,legal_basis,purposes,consent_kind,consent_on,consent_reference,姓名\n".to_owned();
    let terms = terms + &row(CANARIES[3]);
    watched.import("keeping", "terms.csv", &terms, &[]).ends(0);
    watched.import("keeping", "bad-terms.csv", &terms.replace("consent,search", CANARIES[6]), &[]).ends(2);
    let kept = watched.lab.pseudonyms("sample", [CANARIES[3]]).remove(CANARIES[3]).unwrap();
    watched.done("keeping show", &[&kept]);
    watched.fails("keeping show", &[CANARIES[3]]);
    watched.done("keeping record", &["--least", "0"]);
    watched.fails("keeping record", &["--from", CANARIES[6]]);
    watched.done("due", &["--format", "csv"]);
    watched.fails("due", &["--on", CANARIES[6]]);
    watched.done("kin", &["--within", "all", "--relation", "identity"]);
    watched.fails("kin", &["--within", "all", "--min-log10-lr", "nan"]);
    watched.done("families check", &[]);
    watched.fails("families check", &[family]);
    watched.done("families list", &[]);
    watched.fails("families list", &["--store", "nowhere"]);
    watched.done("families withdraw", &[&of_family, "--cause", "consent"]);
    watched.fails("families withdraw", &[family, "--cause", "consent"]);
    watched.done("families restore", &[&of_family]);
    watched.fails("families restore", &[family]);
    (of_family, of_child)
}

fn files_are_written(watched: &mut Watched, family: &str, child: &str) {
    for (layout, name) in [("families", "families-out.csv"), ("children", "children-out.csv")] {
        let file = watched.lab.name(name);
        let pedigrees = watched.lab.name("pedigrees-out.csv");
        let of_families = ["--pedigrees", &pedigrees, "--force"];
        let more = if layout == "families" { &of_families[..] } else { &[] };
        watched.done("export", &[&["--as", layout, "--show-genotypes", &file], more].concat());
        watched.fails("export", &["--as", layout, &file]);
        watched.search.finds_nothing(name, watched.lab.read(name).as_bytes());
        // The export is imported again.
        let options: &[&str] = if layout == "families" { &["--pedigrees", &pedigrees] } else { &[] };
        watched.done("import", &[&["--as", layout, "--identifiers", "pseudonyms", &file], options].concat());
    }
    let [one, whole] = ["case.fam", "whole.fam"].map(|name| watched.lab.name(name));
    watched.done("export", &["--to", "fam", "--show-genotypes", "--family", family, "--child", child, &one]);
    watched.done("export", &["--to", "fam", "--show-genotypes", &whole]);
    watched.search.finds_nothing("the case", watched.lab.read("case.fam").as_bytes());
    watched.search.finds_nothing("the project", watched.lab.read("whole.fam").as_bytes());
    let project = named(&watched.lab.read("whole.fam"));
    watched.import("families", "named.fam", &project, &[]).ends(0);
    watched.import("children", "children.fam", &project, &[]).ends(0);
    watched
        .import("families", "bad.fam", &project.replace("Allele1= ", &format!("Allele1= {}", CANARIES[6])), &[])
        .ends(2);
    watched.import("families", "case.fam", &named(&watched.lab.read("case.fam")), &[]);
    watched.import("families", "cut.fam", &project[..project.len() / 2], &[]).ends(2);
    let named = watched.lab.name("named.fam");
    let new = watched.lab.name("of-project");
    watched.done("init", &["--store", &new, "--frequencies", &named]);
}

fn without_a_store(watched: &mut Watched) {
    let [mother, father, .., card, row, chinese] = CANARIES;
    let cases = format!(
        "case,person,relation,sex,locus,allele1,allele2\nC,{father},father,m,vWA,14,15\nC,{mother},mother,f,vWA,14,16\n\
         C,{card},child,m,vWA,14,16\n"
    );
    let file = watched.lab.write("cases-of-lr.csv", &cases);
    watched.done("completions", &["bash"]);
    watched.fails("completions", &["cmd"]);
    let pages = watched.lab.name("man");
    watched.done("man", &[&pages]);
    watched.fails("man", &[&pages]);
    watched.done("lr", &[&file]);
    for (old, new) in
        [("14,15", format!("14,{row}")), ("father,m", format!("{row},m")), ("vWA,14,15", format!("{row},14,15"))]
    {
        let file = watched.lab.write("bad-cases.csv", cases.replacen(old, &new, 1));
        watched.fails("lr", &[&file]);
    }
    let input = CANARIES.join("\n") + "\n";
    watched.run("pseudonym", &["--kind", "sample"], &input).ends(0);
    watched.run("pseudonym", &["--kind", "family"], &format!("{row}\n\u{200b}{chinese}\n")).ends(2);
    watched.done("findings", &["--examples"]);
    watched.fails("findings", &["nothing-of-that-name"]);
    watched.done("kits", &[]);
    watched.fails("kits", &["--store", "nowhere", "--threads", "0"]);
    let (there, synthetic) = (watched.lab.name("store"), watched.lab.name("synthetic"));
    watched.done("synth", &["--families", "2", "--children", "5", "--out", &synthetic]);
    watched.fails("synth", &["--families", "2", "--children", "5", "--out", &synthetic]);
    watched.done("demo", &[]);
    watched.fails("demo", &["--dir", &there]);
    watched.done("bench", &["--families", "20", "--children", "200", "--new", "2", "--runs", "1"]);
    watched.fails("bench", &["--min-log10-lr", "nan"]);
    watched.done(HIDDEN, &["--people", "50", "--queries", "5", "--seeds", "1"]);
    watched.fails(HIDDEN, &["--min-log10-lr", "nan"]);
    let key = watched.lab.name("new");
    watched.done("key new", &[&key]);
    watched.fails("key new", &[&key]);
    let table = format!("locus,allele,frequency\nvWA,{row},0.5\n{card},14,0.5\n");
    let table = watched.lab.write("frequencies.csv", table);
    watched.fails("frequencies check", &[&table]);
    let other = watched.lab.name("other");
    watched.done("init", &["--store", &other]);
    let sound = watched.lab.write("sound.csv", include_str!("../../../fixtures/frequencies_chinese_han_23.csv"));
    watched.done("frequencies check", &[&sound]);
    let own = ["--store", &other, "--reason", "a test"];
    watched.done("frequencies add", &[&["han", &sound], &own[..]].concat());
    watched.fails("frequencies add", &[&["han", &table], &own[..]].concat());
    watched.done("frequencies list", &own);
    watched.fails("frequencies list", &["--store", "nowhere"]);
    watched.done("frequencies set", &[&[&*sound, "--without-loci"], &own[..]].concat());
    watched.fails("frequencies set", &[&[&*table], &own[..]].concat());
    let map = watched.lab.write("map.toml", "[columns]\nNr = 'sample_id'\n");
    let bad = watched.lab.write("bad.toml", format!("[columns]\nNr = '{card}'\n"));
    watched.done("maps set", &[&["Jinan", &map], &own[..]].concat());
    watched.fails("maps set", &[&["Jinan", &bad], &own[..]].concat());
    watched.done("maps list", &own);
    watched.fails("maps list", &["--store", "nowhere"]);
    watched.done("maps show", &[&["Jinan"], &own[..]].concat());
    watched.fails("maps show", &[&["Qingdao"], &own[..]].concat());
    watched.done("maps remove", &[&["Jinan"], &own[..]].concat());
    watched.fails("maps remove", &[&["Jinan"], &own[..]].concat());
    for options in [&["--frequencies", &table][..], &["--custodian", card], &["--store", &other]] {
        watched.fails("init", options);
    }
}

fn a_pair_is_reviewed(watched: &mut Watched, family: &str, child: &str) {
    let [mother, .., card, row, chinese] = CANARIES;
    let passphrase = watched.lab.write("passphrase", "a passphrase of ours");
    fs::set_permissions(&passphrase, Permissions::from_mode(0o600)).unwrap();
    let with = ["--passphrase-file", passphrase.as_str()];
    let (key, public) = (watched.lab.name("r1"), watched.lab.name("r1.pub"));
    watched.done("review key", &[&["--out", &key], &with[..]].concat());
    watched.fails("review key", &[&["--out", &key], &with[..]].concat());
    watched.done("review enrol", &["--staff", "R1", "--public-key", &public]);
    watched.fails("review enrol", &["--staff", chinese, "--public-key", &public]);
    watched.done("review reviewers", &[]);
    watched.fails("review reviewers", &["--store", "nowhere"]);
    let decide = |who, child| {
        let words = [who, child, "--decision", "refute", "--code", "too-few-loci", "--key", key.as_str()];
        [&words, &with[..]].concat()
    };
    watched.done("review decide", &decide(family, child));
    watched.fails("review decide", &decide(family, card));
    for format in ["table", "csv", "json"] {
        watched.done("review show", &[family, child, "--format", format]);
        watched.done("review list", &["--format", format]);
        watched.done("review due", &["--format", format]);
    }
    watched.fails("review show", &[mother, child]);
    watched.fails("review list", &["--store", "nowhere"]);
    watched.fails("review due", &["--on", row]);
    watched.done("review found", &[child, "--date", "2025-01-01"]);
    watched.fails("review found", &[card, "--date", "2025-01-01"]);
    watched.done("review done", &[child, "transfer", "--date", "2025-01-02"]);
    watched.fails("review done", &[child, "transfer", "--date", row]);
    watched.fails("review step", &[family, child, "informed", "--date", row]);
    watched.fails("review retest", &[family, child, "--sample", card]);
    watched.done("review role", &["R1", "analyst"]);
    watched.fails("review role", &[chinese, "analyst"]);
    watched.done("review withdraw-reviewer", &["R1"]);
    watched.fails("review withdraw-reviewer", &[chinese]);
}

/// Serves every page, and searches what a browser gets.
#[cfg(feature = "serve")]
fn pages_are_served(watched: &mut Watched, family: &str, child: &str) {
    use crate::serve::client::{Served, enrol};

    let [mother, .., card, _, chinese] = CANARIES;
    enrol(&watched.lab);
    let mut served = Served::new(&watched.lab, &[]);
    let pair = format!("/candidates/{family}/{child}");
    let of_family = format!("/families/{family}");
    let beside = format!("{pair}/compare?of=child");
    let own = ["/candidates?view=full", &pair, &beside, &of_family, "/night", "/waiting", "/waiting/samples", "/match"];
    for (staff, paths) in [("R1", &own[..]), ("S1", &["/statistics"]), ("M1", &["/accounts"])] {
        let mut browser = served.signed_in(staff);
        for path in paths {
            let answer = browser.get(path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            watched.search.finds_nothing(path, answer.body.as_bytes());
        }
        let answer = browser.get(&format!("/candidates?q={card}&after={card}"));
        watched.search.finds_nothing("a page that there is not", answer.body.as_bytes());
    }
    // A file with identifiers, in its name, too: what is found does not repeat them, and nothing of it is left.
    let mut browser = served.signed_in("R1");
    let file = format!("sample_id,sex,vWA\n{card},m,14/15\n{mother},f,{chinese}\n");
    for choices in [&[("holds", "children")][..], &[("holds", "children"), ("keep_going", "yes")]] {
        browser.get("/import");
        assert_eq!(browser.upload("file.csv", file.as_bytes(), choices).status, 303);
        let page = browser.get("/import");
        watched.search.finds_nothing("/import", page.body.as_bytes());
        watched.search.finds_nothing_below(&watched.lab.path("store"));
    }
    assert_eq!(browser.upload(chinese, file.as_bytes(), &[("map", card)]).status, 422);
    let number = browser.get("/import").field("number").unwrap();
    assert_eq!(browser.post("/import/confirm", &[("number", &number)]).status, 303);
    watched.search.finds_nothing("/import", browser.get("/import").body.as_bytes());
    assert_eq!(served.end(), Some(0));
    drop(served);
    watched.search.finds_nothing_below(&watched.lab.path("store"));
    watched.seen.entry("serve".to_owned()).or_default()[0] = true;
    let keys = watched.lab.name("keys");
    watched.fails("serve", &["--reviewer-keys", &keys, "--origin", card]);
}

fn records_are_exchanged(watched: &mut Watched) {
    let [mother, .., card, _, chinese] = CANARIES;
    let [own, other, package, hits] =
        ["own", "other.agency", "package", "hits.package"].map(|name| watched.lab.name(name));
    watched.done("exchange key", &[&own]);
    watched.fails("exchange key", &[&own]);
    watched.done("exchange key", &[&other]);
    let public = format!("{other}.pub");
    watched.done("exchange partner add", &["nation", &public]);
    watched.fails("exchange partner add", &[&format!("{card}/{chinese}"), &public]);
    let key = ["--exchange-key", own.as_str()];
    watched.done("exchange export", &[&["--to", "nation", &package], &key[..]].concat());
    watched.fails("exchange export", &[&["--to", mother, &package], &key[..]].concat());
    watched.done("exchange results", &[&["--to", "nation", &hits, "--complete"], &key[..]].concat());
    watched.fails("exchange results", &[&["--to", "nation", &hits, "--complete"], &key[..]].concat());
    for format in ["table", "csv", "json"] {
        watched.done("exchange partner list", &["--format", format]);
        watched.done("exchange hits", &["--format", format]);
    }
    watched.fails("exchange partner list", &["--store", "nowhere"]);
    watched.fails("exchange hits", &["--store", "nowhere"]);
    // The same laboratory on both sides: a package to itself.
    let mine = format!("{own}.pub");
    watched.done("exchange partner add", &["ourselves", &mine]);
    let round = watched.lab.name("round.package");
    watched.done("exchange export", &[&["--to", "ourselves", &round], &key[..]].concat());
    watched.done("exchange import", &[&[&*round, "--dry-run"], &key[..]].concat());
    watched.fails("exchange import", &[&[&*package], &key[..]].concat());
    watched.done("exchange partner revoke", &["nation"]);
    watched.fails("exchange partner revoke", &[mother]);
}

fn the_store_is_looked_after(watched: &mut Watched, child: &str) {
    let [mother, .., card, row, _] = CANARIES;
    let locked = |watched: &mut Watched, command: &str, arguments: &[&str]| {
        let lock = File::open(watched.lab.path("store/lock")).unwrap();
        lock.lock().unwrap();
        watched.fails(command, arguments);
        // Closing the file alone would keep the lock while another test starts a process.
        lock.unlock().unwrap();
    };
    watched.done("index", &[]);
    locked(watched, "index", &[]);
    locked(watched, "match", &[]);
    let tiles = watched.lab.name("tiles");
    let plan = ["--tiles", "2", "--out", &tiles];
    watched.done("cluster plan", &plan);
    watched.fails("cluster plan", &plan);
    watched.done("cluster script", &[&tiles, "--engine", "slurm"]);
    watched.fails("cluster script", &["nowhere", "--engine", "slurm"]);
    watched.fails("cluster tile", &[&tiles, "--index", "2"]);
    watched.done("cluster tile", &[&tiles, "--index", "0"]);
    watched.fails("cluster merge", &[&tiles]);
    watched.done("cluster tile", &[&tiles, "--index", "1"]);
    watched.done("cluster merge", &[&tiles]);
    watched.search.finds_nothing_below(&watched.lab.path("tiles"));
    watched.done("vault sweep", &[]);
    locked(watched, "vault sweep", &[]);
    let second = age::x25519::Identity::generate().to_public().to_string();
    watched.done("vault recipients add", &[&second]);
    watched.fails("vault recipients add", &[card]);
    watched.done("vault recipients list", &[]);
    watched.fails("vault recipients list", &["--store", "nowhere"]);
    watched.done("vault recipients remove", &[&second]);
    watched.fails("vault recipients remove", &[card]);
    let [signing, checkpoint] = ["signing", "checkpoint"].map(|name| watched.lab.name(name));
    watched.done("audit key new", &[&signing]);
    watched.fails("audit key new", &[&signing]);
    let sign = ["--out", &checkpoint, "--signing-key", &signing];
    watched.done("audit checkpoint", &sign);
    watched.fails("audit checkpoint", &sign);
    let public = format!("{signing}.pub");
    watched.done("audit verify", &["--checkpoint", &checkpoint, "--public-key", &public]);
    let bad = watched.lab.write("bad.pub", row);
    watched.fails("audit verify", &["--checkpoint", &checkpoint, "--public-key", &bad]);
    watched.done("audit list", &["--about", child, "--format", "json"]);
    watched.done("audit list", &[]);
    watched.fails("audit list", &["--about", mother]);
    watched.done("verify", &[]);
    watched.fails("verify", &["--store", "nowhere"]);
    watched.done("doctor", &[]);
    watched.fails("doctor", &["--store", "nowhere"]);
    watched.done("config show", &[]);
    watched.fails("config show", &["--store", "nowhere"]);
    watched.done("config set", &["meaning.prior", "0.4"]);
    watched.fails("config set", &[card, row]);
    watched.done("config check", &[]);
    watched.fails("config check", &["--store", "nowhere"]);
    let identity = watched.lab.name("identity");
    let [backup, restored] = ["store.backup", "restored"].map(|name| watched.lab.name(name));
    watched.done("backup", &[&backup]);
    watched.fails("backup", &[&backup]);
    watched.search.finds_nothing("the backup", &fs::read(&backup).unwrap());
    let restore = [&backup, "--identity", &identity, "--store", &restored];
    watched.done("restore", &restore);
    watched.fails("restore", &restore);
    watched.search.finds_nothing_below(&watched.lab.path("restored"));
    let reidentify = |who| [&[who, "--identity", &identity, "--case-number", "2026-17"][..], &WHY].concat();
    for format in ["table", "csv", "json"] {
        let arguments = [&reidentify(child)[..], &["--format", format]].concat();
        let shown = watched.run_showing("reidentify", &arguments, "").ends(0).out;
        assert!(watched.search.find(shown.as_bytes()).is_some(), "shown on standard output, and nowhere else");
    }
    watched.fails("reidentify", &reidentify(card));
    let new = watched.lab.name("new");
    let rotate = |identity| [&["--new-key-file", new.as_str(), "--identity", identity][..], &WHY].concat();
    watched.fails("key rotate", &rotate(&bad));
    let expunge = [&["--identifiers", "sample"][..], &WHY].concat();
    watched.run("expunge", &expunge, &format!("{row}9\n")).ends(2);
    watched.run("expunge", &expunge, &format!("{mother}\n")).ends(0);
    watched.fails("expunge", &[&[card][..], &WHY].concat());
    watched.done("key rotate", &rotate(&identity));
    if ENCRYPTS {
        watched.fails("key encrypt", &["--store", "nowhere"]);
        fs::copy(&new, watched.lab.path("key")).unwrap();
        watched.done("key encrypt", &[]);
    }
}

#[test]
fn no_command_reveals_an_identifier() {
    let mut watched = Watched::new();
    files_are_read(&mut watched);
    let (family, child) = candidates_are_shown(&mut watched);
    files_are_written(&mut watched, &family, &child);
    without_a_store(&mut watched);
    a_pair_is_reviewed(&mut watched, &family, &child);
    #[cfg(feature = "serve")]
    pages_are_served(&mut watched, &family, &child);
    records_are_exchanged(&mut watched);
    the_store_is_looked_after(&mut watched, &child);
    let mut all = commands_below(&[]);
    all.insert(HIDDEN.to_owned());
    let expected: BTreeMap<String, [bool; 2]> = all.into_iter().map(|command| (command, [true; 2])).collect();
    // `review.rs` follows a pair to its end, for which these people have too few loci.
    for command in ["review step", "review retest"] {
        watched.seen.entry(command.to_owned()).or_default()[0] = true;
    }
    assert_eq!(watched.seen, expected, "a new command is to be run here, once done and once failing");
}
