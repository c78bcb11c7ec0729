//! Simulates weeks of a laboratory: files are imported, every night new people are matched, families are withdrawn and
//! restored, consent is withdrawn, the key is changed; and every night all invariants of the store hold.
//!
//! `REUNITE_SOAK_DAYS` sets the number of days.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::common::rotation::{columns, custodian, files_with, rotate};
use crate::common::{Lab, Numbers, copy, reunite};

/// Days between two changes of the key.
const KEY_DAYS: usize = 5;

struct Laboratory {
    lab: Lab,
    numbers: Numbers,
    identity: String,
    /// Header and rows of the families' file and of the children's, and the number of imported rows.
    files: [(String, Vec<String>); 2],
    arrived: [usize; 2],
    /// Original numbers of the expunged children.
    gone: BTreeSet<String>,
    /// Withdrawn families, by original number.
    withdrawn: BTreeSet<String>,
}

impl Laboratory {
    fn new(days: usize) -> Self {
        let lab = Lab::in_memory();
        let (identity, recipient) = custodian(&lab, "identity");
        lab.run(&["vault", "recipients", "add", &recipient]).ends(0);
        lab.run(&["audit", "key", "new", &lab.name("audit.key")]).ends(0);
        lab.synth("files", 40 + 4 * days, 200 + 30 * days, 5);
        let mut numbers = Numbers(5);
        let mut file = |name: &str| {
            let text = numbers.shuffled(&lab.read(&format!("files/{name}.csv")));
            let mut lines = text.lines().map(str::to_owned);
            (lines.next().unwrap(), lines.collect::<Vec<_>>())
        };
        let files = [file("families"), file("children")];
        let (gone, withdrawn) = (BTreeSet::new(), BTreeSet::new());
        Self { lab, numbers, identity, files, arrived: [0; 2], gone, withdrawn }
    }

    /// Imports some rows.
    fn import(&mut self, of: usize, rows: usize) {
        let (header, all) = &self.files[of];
        let new = &all[self.arrived[of]..(self.arrived[of] + rows).min(all.len())];
        self.arrived[of] += new.len();
        let text = format!("{header}\n{}\n", new.join("\n"));
        self.lab.import(["families", "children"][of], "new.csv", text, &[]).ends(0);
    }

    /// Returns the original numbers of the imported samples or families, by the present pseudonym.
    fn names(&self, kind: &str) -> BTreeMap<String, String> {
        let mut ids = BTreeSet::new();
        for (of, (header, rows)) in self.files.iter().enumerate() {
            let text = format!("{header}\n{}", rows[..self.arrived[of]].join("\n"));
            if kind == "sample" {
                ids.extend(columns(&text, &["sample_id"]).concat());
            } else if of == 0 {
                ids.extend(columns(&text, &["family_id"]).concat());
            }
        }
        let names = self.lab.pseudonyms(kind, ids.iter().map(String::as_str));
        names.into_iter().map(|(id, name)| (name, id)).collect()
    }

    fn candidates(&self, store: &str, columns_of: &[&str]) -> Vec<Vec<String>> {
        columns(&self.lab.run_on(store, &["candidates", "--format", "csv"]).out, columns_of)
    }

    /// Withdraws a family with a candidate, or restores all families.
    fn decide(&mut self) {
        let families = self.names("family");
        if self.withdrawn.len() > 2 {
            let back: Vec<_> = families.iter().filter(|(_, id)| self.withdrawn.contains(*id)).collect();
            back.iter().for_each(|(name, _)| drop(self.lab.run(&["families", "restore", name]).ends(0)));
            self.withdrawn.clear();
            return;
        }
        let candidates = self.candidates("store", &["family"]);
        if let Some(row) = candidates.get(self.numbers.below(candidates.len().max(1))) {
            self.lab.run(&["families", "withdraw", &row[0], "--cause", "other"]).ends(0);
            self.withdrawn.insert(families[&row[0]].clone());
        }
    }

    /// Expunges a child: half of the time a candidate's.
    fn expunge(&mut self) {
        let samples = self.names("sample");
        let candidates = self.candidates("store", &["child"]).concat();
        let row = self.files[1].1[self.numbers.below(self.arrived[1])].clone();
        let some = row.split(',').next().unwrap().to_owned();
        let id = match candidates.first() {
            Some(child) if self.numbers.below(2) == 0 => samples[child].clone(),
            _ => some,
        };
        if self.gone.insert(id.clone()) {
            let name = samples.iter().find(|(_, known)| **known == id).unwrap().0;
            self.lab.run(&["expunge", name, "--reason", "consent was withdrawn"]).ends(0);
        }
    }

    fn change_key(&self) {
        let lab = &self.lab;
        reunite(&["key", "new", &lab.name("new")]).ends(0);
        rotate(lab, &self.identity).ends(0);
        drop(fs::remove_file(lab.path("old")));
        fs::rename(lab.path("key"), lab.path("old")).unwrap();
        fs::rename(lab.path("new"), lab.path("key")).unwrap();
    }

    /// Matches new people, and compares the result with a match of everything in a copy.
    fn night(&self, day: usize) {
        let lab = &self.lab;
        copy(&lab.path("store"), &lab.path("copy"));
        let full = lab.run_on("copy", &["match", "--full"]);
        let delta = lab.run(&["match"]);
        assert!(delta.status < 2 && full.status == delta.status, "day {day}: {}\n{}", delta.err, full.err);
        assert_eq!(delta.digest(), full.digest(), "day {day}");
        let numbers =
            ["family", "child", "log10_lr", "loci_compared", "incompatible_loci", "family_marks", "same_person"];
        assert_eq!(self.candidates("store", &numbers), self.candidates("copy", &numbers), "day {day}");
        fs::remove_dir_all(lab.path("copy")).unwrap();
    }

    /// Checks what must hold at the end of every day.
    fn holds(&self, day: usize) {
        let lab = &self.lab;
        let verified = lab.run(&["verify"]).ends(0);
        let (families, samples) = (self.names("family"), self.names("sample"));
        // Exactly the withdrawn families are listed.
        let listed = lab.run(&["families", "list", "--withdrawn", "--format", "json"]).json();
        let listed = listed["families"].as_array().unwrap().iter();
        let listed: BTreeSet<String> = listed.map(|row| families[row["family"].as_str().unwrap()].clone()).collect();
        assert_eq!(listed, self.withdrawn, "day {day}");
        let pairs = self.candidates("store", &["family", "child"]);
        assert!(pairs.iter().all(|pair| !self.withdrawn.contains(&families[&pair[0]])), "day {day}");
        // The expunged are gone under their present pseudonyms, and all others are stored.
        let gone: Vec<&String> =
            samples.iter().filter(|(_, id)| self.gone.contains(*id)).map(|(name, _)| name).collect();
        assert_eq!(files_with(&lab.path("store"), gone), [""; 0], "day {day}");
        let children = self.arrived[1] - self.gone.len();
        verified.says(&[&format!("{} children, ", group(children)), "audit chain: sound", "vault: sound"]);
        // The chain continues from the last signed checkpoint.
        let (before, now) = (lab.name(&format!("checkpoint-{}", day - 1)), lab.name(&format!("checkpoint-{day}")));
        if day > 1 {
            let key = lab.name("audit.key.pub");
            lab.run(&["audit", "verify", "--checkpoint", &before, "--public-key", &key]).ends(0);
        }
        lab.run(&["audit", "checkpoint", "--out", &now, "--signing-key", &lab.name("audit.key")]).ends(0);
    }
}

/// Formats a number below a million with a comma at thousands.
fn group(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}

#[test]
fn all_invariants_hold_every_night_of_many_weeks() {
    let days = std::env::var("REUNITE_SOAK_DAYS").map_or(3, |days| days.parse().unwrap());
    let mut laboratory = Laboratory::new(days);
    laboratory.import(0, 60);
    laboratory.import(1, 200);
    let (mut expunges, mut keys) = (0, 0);
    for day in 1..=days {
        let (families, children) = (laboratory.numbers.below(8), laboratory.numbers.below(40));
        laboratory.import(0, families + 1);
        laboratory.import(1, children + 1);
        laboratory.night(day);
        laboratory.decide();
        if day % 2 == 0 {
            laboratory.expunge();
            expunges += 1;
        }
        if day % KEY_DAYS == 3 {
            laboratory.change_key();
            keys += 1;
        }
        laboratory.night(day);
        laboratory.holds(day);
    }
    println!(
        "{days} days, {} rows, {expunges} expunged, {keys} changes of the key",
        laboratory.arrived.iter().sum::<usize>()
    );
    assert!(days < 3 || !laboratory.gone.is_empty() && keys > 0);
}
