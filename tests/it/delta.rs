//! An incremental run leaves the same candidates and digest as a full run, whatever happened in between.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::common::rotation::{custodian, rotate};
use crate::common::{Lab, Numbers, copy, reunite};

const FAMILIES: &str = "store/index/families.idx";

/// A random history of a store: new and changed people of each night, drawn from files of more people than the store
/// has.
struct Nights {
    numbers: Numbers,
    families: Vec<String>,
    children: Vec<String>,
    headers: [String; 2],
    /// Number of rows of each file that are in the store.
    imported: [usize; 2],
    /// The custodian's identity file.
    identity: String,
    /// The command that runs a match.
    matching: [&'static str; 5],
    /// Number of commands that were killed before their end.
    killed: usize,
}

/// Returns the model of a history: each has an option that the others lack.
fn model(seed: u64) -> &'static [&'static str] {
    match seed % 5 {
        0 => &["--untyped", "full", "--linked", "vWA:D12S391=0"],
        1 => &[],
        2 => &["--silent-frequency", "0.01", "--linked", "vWA:D12S391=0.5"],
        3 => &["--drop-out", "0.05", "--linked", "vWA:D12S391=0"],
        _ => &["--theta", "0.02"],
    }
}

/// Gives some samples a drop-out probability of their own, an allele that the table does not list, or three alleles.
fn spoilt(header: &str, rows: Vec<String>, numbers: &mut Numbers) -> (String, Vec<String>) {
    let locus = header.split(',').position(|name| name == "D8S1179").unwrap();
    let spoil = |row: String| {
        let mut cells: Vec<String> = row.split(',').map(str::to_owned).collect();
        match numbers.below(30) {
            0 => "9/27".clone_into(&mut cells[locus]),
            1 => "12/13/14".clone_into(&mut cells[locus]),
            _ => {}
        }
        let drop_out = ["0.05", "0", "0.3"].get(numbers.below(30)).copied().unwrap_or_default();
        format!("{},{drop_out}", cells.join(","))
    };
    let rows = rows.into_iter().map(spoil).collect();
    (format!("{header},drop_out"), rows)
}

impl Nights {
    fn new(lab: &Lab, seed: u64, matching: [&'static str; 5]) -> Self {
        let (identity, recipient) = custodian(lab, "identity");
        lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
        let mut numbers = Numbers(seed);
        let mut rows = |name: &str| -> (String, Vec<String>) {
            let text = Numbers(seed).shuffled(&lab.read(&format!("files/{name}.csv")));
            let mut lines = text.lines().map(str::to_owned);
            let header = lines.next().unwrap();
            spoilt(&header, lines.collect(), &mut numbers)
        };
        let ((families_header, families), (children_header, children)) = (rows("families"), rows("children"));
        let headers = [families_header, children_header];
        Self { numbers: Numbers(seed), families, children, headers, imported: [0; 2], identity, matching, killed: 0 }
    }

    fn rows(&mut self, of: usize) -> &mut Vec<String> {
        if of == 0 { &mut self.families } else { &mut self.children }
    }

    fn import(&mut self, lab: &Lab, of: usize, rows: &[String]) {
        let (layout, name) = [("families", "families-part.csv"), ("children", "children-part.csv")][of];
        let text = format!("{}\n{}\n", self.headers[of], rows.join("\n"));
        let options = ["--on-conflict", "replace", "--restore-expunged", "--reason", "consent again"];
        if self.numbers.below(6) == 0 {
            let file = lab.write(name, &text);
            self.kill(lab, &[&["import", "--as", layout, &file], &options[..]].concat());
        }
        lab.import(layout, name, text, &options).ends(0);
    }

    /// Runs a command and kills it, perhaps only after its end.
    fn kill(&mut self, lab: &Lab, arguments: &[&str]) {
        let mut child = lab.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(self.numbers.below(60) as u64));
        child.kill().unwrap();
        self.killed += usize::from(child.wait().unwrap().code().is_none());
    }

    fn kill_a_match(&mut self, lab: &Lab) {
        let arguments = self.matching;
        let parts = 4 + self.numbers.below(2);
        self.kill(lab, &arguments[..parts]);
    }

    /// Imports relatives of new and of known families, or children.
    fn add(&mut self, lab: &Lab, of: usize, most: usize) {
        let from = self.imported[of];
        let to = (from + 1 + self.numbers.below(most)).min(self.rows(of).len());
        let rows = self.rows(of)[from..to].to_vec();
        if !rows.is_empty() {
            self.import(lab, of, &rows);
            self.imported[of] = to;
        }
    }

    /// Gives one person the genotypes of another of the same file.
    fn replace(&mut self, lab: &Lab, of: usize) {
        let imported = self.imported[of];
        let (one, other) = (self.numbers.below(imported), self.numbers.below(imported));
        let cells = |row: &str| row.split(',').map(str::to_owned).collect::<Vec<_>>();
        let first = self.headers[of].split(',').position(|name| name == "D3S1358").unwrap();
        let (mut row, source) = (cells(&self.rows(of)[one]), cells(&self.rows(of)[other]));
        row.splice(first.., source[first..].iter().cloned());
        self.rows(of)[one] = row.join(",");
        let rows = [self.rows(of)[one].clone()];
        self.import(lab, of, &rows);
    }

    /// Types one person again, with another genotype at a locus.
    fn retype(&mut self, lab: &Lab) {
        let of = self.numbers.below(2);
        let imported = self.imported[of];
        let (one, other) = (self.numbers.below(imported), self.numbers.below(imported));
        let locus = self.headers[of].split(',').position(|name| name == "D8S1179").unwrap();
        let cells = |row: &str| row.split(',').map(str::to_owned).collect::<Vec<_>>();
        let (mut row, source) = (cells(&self.rows(of)[one]), cells(&self.rows(of)[other]));
        row[locus].clone_from(&source[locus]);
        let (layout, name) = [("families", "families-again.csv"), ("children", "children-again.csv")][of];
        let text = format!("{}\n{}\n", self.headers[of], row.join(","));
        // A person whose relation was changed meanwhile stays a conflict.
        lab.import(layout, name, text, &["--on-conflict", "add"]);
    }

    /// Changes a parent to that parent's sibling: the same sample in the same family.
    fn relate(&mut self, lab: &Lab) {
        let imported = self.imported[0];
        let one = self.numbers.below(imported);
        let row = &self.families[one];
        let row = row.replace(",father,", ",paternal-uncle,").replace(",mother,", ",maternal-aunt,");
        self.families[one].clone_from(&row);
        self.import(lab, 0, &[row]);
    }

    /// Withdraws a family that has candidates, or restores all withdrawn families.
    fn withdraw(&mut self, lab: &Lab) {
        let out = lab.run(&["families", "list", "--withdrawn", "--format", "json"]).json();
        let out: Vec<String> =
            out["families"].as_array().unwrap().iter().map(|row| row["family"].as_str().unwrap().to_owned()).collect();
        let listed = lab.run(&["candidates", "--format", "csv"]).out;
        let mut families: Vec<&str> = listed.lines().skip(1).map(|row| row.split(',').next().unwrap()).collect();
        families.retain(|family| !out.iter().any(|gone| gone == family));
        if out.len() < 3 && !families.is_empty() {
            let family = families[self.numbers.below(families.len())];
            lab.run(&["families", "withdraw", family, "--cause", "other"]).ends(0);
        } else {
            out.iter().for_each(|family| drop(lab.run(&["families", "restore", family]).ends(0)));
        }
    }

    /// Expunges a child or a relative. The same sample may be imported again.
    fn expunge(&mut self, lab: &Lab) {
        let of = self.numbers.below(2);
        let one = self.numbers.below(self.imported[of]);
        let id = self.rows(of)[one].split(',').nth(1 - of).unwrap().to_owned();
        let pseudonym = lab.pseudonyms("sample", [id.as_str()])[&id].clone();
        // The person may be expunged already, or have another pseudonym.
        lab.run(&["expunge", &pseudonym, "--reason", "consent withdrawn"]);
    }

    /// Gives the store another key.
    fn rotate(&mut self, lab: &Lab) {
        reunite(&["key", "new", &lab.name("new")]).ends(0);
        rotate(lab, &self.identity).ends(0);
        fs::rename(lab.path("new"), lab.path("key")).unwrap();
    }

    fn happen(&mut self, lab: &Lab) {
        let families = lab.path(FAMILIES);
        match self.numbers.below(16) {
            14 => self.kill_a_match(lab),
            15 => self.kill(lab, &["index"]),
            12 => self.expunge(lab),
            13 if self.numbers.below(4) == 0 => self.rotate(lab),
            0 | 1 => self.add(lab, 0, 25),
            2 | 3 => self.add(lab, 1, 40),
            4 => self.replace(lab, 0),
            5 => self.replace(lab, 1),
            6 => self.withdraw(lab),
            9 => self.relate(lab),
            7 => drop(lab.run(&["index"]).ends(0)),
            8 => self.retype(lab),
            10 => drop(fs::remove_file(families)),
            11 if families.exists() => {
                let mut bytes = fs::read(&families).unwrap();
                let at = self.numbers.below(bytes.len());
                bytes[at] ^= 1;
                // The file is read-only, so it is deleted first.
                fs::remove_file(&families).unwrap();
                fs::write(families, bytes).unwrap();
            }
            _ => drop(fs::remove_file(lab.path("store/index/children.idx"))),
        }
    }
}

/// Returns family, child and values of every candidate.
fn candidates(csv: &str) -> Vec<String> {
    let cells = |row: &str| -> Vec<String> { row.split(',').map(str::to_owned).collect() };
    let numbers = |row: &str| [&cells(row)[..5], &cells(row)[10..]].concat().join(",");
    csv.lines().skip(1).map(numbers).collect()
}

/// The next run compares everybody who is new since the last run, or says that it cannot.
#[test]
fn nobody_new_is_lost_in_a_damaged_ledger() {
    let lab = Lab::with_population(60, 400);
    lab.digest(&[]);
    lab.synth("more", 40, 300, 2);
    let renamed = |layout: &str, initial: &str| {
        lab.read(&format!("more/{layout}.csv")).replace("\nC", "\nD").replace("\nF", &format!("\n{initial}"))
    };
    lab.import("children", "more-children.csv", renamed("children", "G"), &[]).ends(0);
    lab.import("families", "more-families.csv", renamed("families", "G").replace(",R", ",S"), &[]).ends(0);
    copy(&lab.path("store"), &lab.path("sound"));
    let digest = lab.digest(&[]);
    for (damage, status, said) in [
        ("UPDATE past SET last_import = last_import + 64", 0, "the changes since the last run are unknown"),
        ("UPDATE import SET first_sample = first_sample + 64 WHERE id = 3", 2, "added since the last run are missing"),
        (
            "UPDATE sample SET import_id = 1 WHERE import_id = 3 AND id % 100 = 0",
            2,
            "added since the last run are missing",
        ),
        // The family's relatives are new, too.
        ("UPDATE family SET changed = 0 WHERE id = (SELECT max(id) FROM family)", 0, "since the last run: 40 families"),
    ] {
        let name = format!("damaged-{status}-{}", damage.len());
        copy(&lab.path("sound"), &lab.path(&name));
        assert!(lab.database(&name).execute(damage, []).unwrap() > 0, "{damage}");
        let found = lab.run_on(&name, &["match"]).ends(status).says(&[said]);
        if status == 0 {
            assert_eq!(found.digest(), digest);
        }
        assert_eq!(lab.run_on(&name, &["match", "--full"]).ends(0).digest(), digest, "{damage}");
    }
}

#[test]
fn an_incremental_run_gives_the_result_of_a_full_run() {
    let (mut deltas, mut quick, mut nights_in_all, mut killed) = (0, 0, 0, 0);
    // The first variable allows hundreds of histories, the second skips the earlier ones.
    let number = |name: &str| std::env::var(name).ok().map(|number| number.parse().unwrap());
    for seed in number("REUNITE_FIRST_HISTORY").unwrap_or(1)..=number("REUNITE_HISTORIES").unwrap_or(5) {
        // With nearly everyone a candidate, and with few candidates.
        let least = if seed % 2 == 0 { "-3" } else { "3" };
        let lab = Lab::with_model(model(seed));
        lab.synth("files", 80, 600, seed);
        let mut nights = Nights::new(&lab, seed, ["match", "--min-log10-lr", least, "--quiet", "--full"]);
        nights.add(&lab, 0, 1);
        nights.add(&lab, 1, 350);
        for night in 0..12 {
            nights_in_all += 1;
            for _ in 0..=nights.numbers.below(4) {
                nights.happen(&lab);
            }
            let match_all = ["match", "--min-log10-lr", least, "--format", "json"];
            let families = fs::read(lab.path(FAMILIES)).ok();
            let store = format!("full-{night}");
            copy(&lab.path("store"), &lab.path(&store));
            let full = lab.run_on(&store, &[&match_all[..], &["--full"]].concat());
            let delta = lab.run(&match_all);
            assert!(full.status < 2 && full.status == delta.status, "{} {}", full.err, delta.err);
            assert_eq!(full.digest(), delta.digest(), "seed {seed}, night {night}");
            let listed = |store: &str| candidates(&lab.run_on(store, &["candidates", "--format", "csv"]).out);
            assert_eq!(listed(&store), listed("store"));
            let (full, delta) = (full.json()["run"].clone(), delta.json()["run"].clone());
            assert_eq!((&full["families"], &full["children"]), (&delta["families"], &delta["children"]));
            assert_eq!(full["mode"], "full");
            if delta["mode"] == "delta" {
                deltas += 1;
                // If the index was not written again, the run did not compile the families again, although there were
                // new children.
                quick += usize::from(families.is_some() && fs::read(lab.path(FAMILIES)).ok() == families);
                assert!(delta["pairs"].as_u64() <= full["pairs"].as_u64());
            }
        }
        killed += nights.killed;
    }
    assert!(killed > 0, "nothing was killed in time");
    assert!(deltas * 4 >= nights_in_all * 3, "{deltas} of {nights_in_all}");
    assert!(quick * 3 >= deltas, "{quick} of {deltas}");
}

#[test]
fn a_change_that_affects_all_candidates_makes_a_full_run() {
    let lab = Lab::with_population(40, 200);
    let run = |options: &[&str]| lab.run(&[&["match", "--format", "json"], options].concat()).ends(0);
    let mode = |said: &crate::common::Said| said.json()["run"]["mode"].as_str().unwrap().to_owned();
    let first = run(&[]).says(&["everything is matched: nothing was matched before"]);
    let second = run(&[]);
    assert_eq!((mode(&first), mode(&second), first.digest()), ("full".into(), "delta".into(), second.digest()));
    let lower =
        run(&["--min-log10-lr", "2"]).says(&["everything is matched: the model, the frequencies or the criterion"]);
    assert_eq!(mode(&lower), "full");
    assert_ne!(lower.digest(), second.digest());
    run(&["--max-per-family", "1"]);
    let again = run(&["--max-per-family", "1"]).says(&["depends on all children"]);
    assert_eq!(mode(&again), "full");
}
