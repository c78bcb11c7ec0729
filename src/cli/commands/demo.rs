//! `demo`: the whole job on the shipped files.

use std::collections::HashMap;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use clap::Args;

use crate::cli::notices::Notices;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, plural};
use crate::matching::Criterion;
use crate::model::{Layout, Locus, Pseudonym, shown_path};
use crate::pseudonym::{Pseudonymizer, SecretKey};
use crate::report::words::short_relation;
use crate::report::{CandidateRow, Page, narrow_table, ratio};
use crate::store::{self, Frequencies, MatchOptions, NewStore, Settings, Store, write_private};

use super::matching;

const FAMILIES: &str = include_str!("../../../fixtures/demo/families.csv");
const CHILDREN: &str = include_str!("../../../fixtures/demo/children.csv");
const TRUTH: &str = include_str!("../../../fixtures/demo/truth.csv");
const TRAPS: &str = include_str!("../../../fixtures/demo/traps.csv");

/// Candidates shown from either end; the store has them all.
const BEST: usize = 8;
const WEAKEST: usize = 4;

#[derive(Args)]
pub(crate) struct Demo {
    /// Keep store, key and files in this new folder; by default they are removed at the end
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// A row of truth.csv or traps.csv.
struct Planted {
    family: String,
    child: String,
    shape: String,
    log10_lr: f64,
    /// Contradicting loci, or the kind of trap.
    note: String,
    /// How the papers are false; `true` if they are not.
    papers: String,
}

/// What the demonstration knows of the people behind the pseudonyms, because they are invented.
struct Known {
    families: HashMap<Pseudonym, (String, String)>,
    children: HashMap<Pseudonym, String>,
    truth: HashMap<(String, String), Planted>,
    traps: HashMap<(String, String), Planted>,
}

impl Demo {
    pub(super) fn run(&self, output: &Output) -> anyhow::Result<Outcome> {
        match &self.dir {
            Some(dir) => {
                let made = DirBuilder::new().mode(0o700).create(dir);
                made.with_context(|| format!("cannot make the folder {}", shown_path(dir)))?;
                show(dir, output)?;
                let dir = shown_path(dir);
                output.say(&format!(
                    "\nkept in {dir}: families.csv, children.csv, demo.key and the store. Go on with\n\n  \
                     export REUNITE_STORE={dir}/store REUNITE_KEY_FILE={dir}/demo.key\n  \
                     reunite candidates --limit 10\n  \
                     reunite explain FAMILY CHILD      # two pseudonyms of that list\n  \
                     reunite verify"
                ));
            }
            None => {
                let dir = tempfile::Builder::new().prefix("reunite-demo-").tempdir()?;
                show(dir.path(), output)?;
                output.say(
                    "\nNothing was kept. Next: `reunite demo --dir DIR` keeps the store and the files, to list and explain \
                     candidates; the README's five minutes begin with files of your own",
                );
            }
        }
        Ok(Outcome::Done)
    }
}

fn show(dir: &Path, output: &Output) -> anyhow::Result<()> {
    let started = Instant::now();
    for (name, text) in [("families.csv", FAMILIES), ("children.csv", CHILDREN), ("truth.csv", TRUTH)] {
        write_private(&dir.join(name), text.as_bytes())?;
    }
    let key = Arc::new(SecretKey::generate(&dir.join("demo.key"))?);
    let frequencies = Frequencies::built_in();
    let table = &frequencies.table;
    let settings = Settings::default();
    let new = NewStore { key: Some(Arc::clone(&key)), ..NewStore::new(&frequencies, &settings) };
    let store = Store::create(&dir.join("store"), &new)?;
    let names = Pseudonymizer::new(&key);
    let entry = store::entry("demo", None);
    for (name, text, layout) in
        [("families.csv", FAMILIES, Layout::Families), ("children.csv", CHILDREN, Layout::Children)]
    {
        store.import_sound_text(name, text, layout, (&entry).into())?;
    }
    let counts = store.ledger()?.counts()?;
    output.say(&format!(
        "imported {} with {}, and {} (synthetic, {} loci)\n{}",
        plural(counts.families, "family"),
        plural(counts.relatives, "relative"),
        plural(counts.children, "child"),
        table.panel().len(),
        settings.model,
    ));
    let matched = store.match_all(&MatchOptions::full(&store), &entry, &Notices::new(output))?;
    matching::say_matched(&matched, output);
    let known = Known::new(&names)?;
    output.page(report(&matched.report.candidates, &known)?)?;
    output.say(&format!("\nall of it in {:.1} s", started.elapsed().as_secs_f64()));
    Ok(())
}

impl Known {
    fn new(names: &Pseudonymizer) -> anyhow::Result<Self> {
        let planted = |text: &str| -> anyhow::Result<HashMap<(String, String), Planted>> {
            let mut all = HashMap::new();
            for row in csv::Reader::from_reader(text.as_bytes()).records() {
                let row = row?;
                let cell = |i: usize| row.get(i).unwrap_or_default().to_owned();
                let log10_lr = cell(3).parse()?;
                let planted = Planted {
                    family: cell(0),
                    child: cell(1),
                    shape: cell(2),
                    log10_lr,
                    note: cell(4),
                    papers: cell(5),
                };
                all.insert((cell(0), cell(1)), planted);
            }
            Ok(all)
        };
        let mut families: HashMap<Pseudonym, (String, String)> = HashMap::new();
        for row in csv::Reader::from_reader(FAMILIES.as_bytes()).records() {
            let row = row?;
            let (id, relation) = (row.get(0).unwrap_or_default(), row.get(2).unwrap_or_default());
            let (_, shape) = families.entry(names.family(None, id)?).or_insert_with(|| (id.to_owned(), String::new()));
            *shape += if shape.is_empty() { "" } else { " + " };
            *shape += &short_relation(relation);
        }
        let mut children = HashMap::new();
        for row in csv::Reader::from_reader(CHILDREN.as_bytes()).records() {
            let id = row?.get(0).unwrap_or_default().to_owned();
            children.insert(names.sample(None, &id)?, id);
        }
        Ok(Self { families, children, truth: planted(TRUTH)?, traps: planted(TRAPS)? })
    }

    fn pair(&self, row: &CandidateRow) -> (String, String) {
        let family = self.families.get(&row.family).map(|family| family.0.clone());
        let child = self.children.get(&row.child).cloned();
        (family.unwrap_or_default(), child.unwrap_or_default())
    }

    /// What the pair really is.
    fn verdict(&self, pair: &(String, String)) -> String {
        if let Some(truth) = self.truth.get(pair) {
            let papers = match truth.papers.as_str() {
                "wrong-father" | "wrong-mother" => "planted; a parent's sample is a stranger's",
                "exchanged" => "planted; two samples were exchanged",
                "half-as-full" => "planted; the sibling is a half-sibling",
                _ => "",
            };
            return match truth.note.as_str() {
                _ if !papers.is_empty() => papers.to_owned(),
                "0" => "planted".to_owned(),
                "1" => "planted, 1 mutation".to_owned(),
                loci => format!("planted, {loci} mutations"),
            };
        }
        match self.traps.get(pair).map(|trap| trap.note.as_str()) {
            Some("nephew") => "NOT true: nephew".to_owned(),
            Some(_) => "NOT true: 3/4-sibling".to_owned(),
            None => "NOT true: chance".to_owned(),
        }
    }
}

fn report(candidates: &[CandidateRow], known: &Known) -> anyhow::Result<Page> {
    let line = |i: usize, row: &CandidateRow| {
        let pair = known.pair(row);
        let shape = known.families.get(&row.family).map(|family| family.1.clone()).unwrap_or_default();
        let verdict = known.verdict(&pair);
        [
            (i + 1).to_string(),
            pair.0,
            pair.1,
            ratio(row.log10_lr),
            row.incompatible_loci.to_string(),
            shape,
            if row.views.log10_doubt < 0.0 { format!("{verdict} ({})", row.views.view) } else { verdict },
        ]
    };
    let header = ["#", "family", "child", "LR", "mismatches", "relatives typed", "in truth"];
    let right = [0, 3, 4];
    let is_true = |row: &CandidateRow| known.truth.contains_key(&known.pair(row));
    let numbered = || candidates.iter().enumerate();
    let tail = candidates.len().saturating_sub(WEAKEST).max(BEST);
    let mut text = Page::from(format!("\nThe {BEST} best candidates\n\n"));
    text += narrow_table(header, &right, numbered().take(BEST).map(|(i, row)| line(i, row)));
    text += format!("\nThe {} weakest\n\n", candidates.len().saturating_sub(tail));
    text += narrow_table(header, &right, numbered().skip(tail).map(|(i, row)| line(i, row)));
    let wrong: Vec<_> = numbered().filter(|(_, row)| !is_true(row)).collect();
    if !wrong.is_empty() {
        text += "\nCandidates that are not true: a high LR does not identify\n(nephew: a child of the parent's \
                 sibling; 3/4-sibling: of that\nsibling and the other parent)\n\n";
        text += narrow_table(header, &right, wrong.iter().take(WEAKEST).map(|(i, row)| line(*i, row)));
    }

    let found: HashMap<(String, String), &CandidateRow> = candidates.iter().map(|row| (known.pair(row), row)).collect();
    let reach = |planted: &&Planted| planted.log10_lr >= Criterion::default().min_log10_lr;
    let key = |planted: &Planted| (planted.family.clone(), planted.child.clone());
    let within: Vec<&Planted> = known.truth.values().filter(reach).collect();
    let lost: Vec<&&Planted> = within.iter().filter(|planted| !found.contains_key(&key(planted))).collect();
    let mutated = |all: &[&Planted]| all.iter().filter(|planted| planted.note != "0").count();
    let below: Vec<&Planted> = known.truth.values().filter(|planted| !reach(planted)).collect();
    let differing = within
        .iter()
        .filter(|planted| {
            let stated = found.get(&key(planted)).map(|row| row.views.log10_lr_stated.map(f64::to_bits));
            stated.is_some_and(|stated| stated != Some(planted.log10_lr.to_bits()))
        })
        .count();
    let has_false_papers = |planted: &&Planted| planted.papers != "true";
    let false_papers: Vec<&Planted> = known.truth.values().filter(has_false_papers).collect();
    let found_so: Vec<(&str, &CandidateRow)> = numbered()
        .map(|(_, row)| (known.pair(row), row))
        .filter_map(|(pair, row)| Some((known.truth.get(&pair)?.family.as_str(), row)))
        .filter(|(_, row)| row.views.log10_doubt < 0.0)
        .collect();
    text += "\nFound with one statement of the papers in doubt\n\n";
    let rows = found_so.iter().take(WEAKEST).map(|&(family, row)| {
        let lr = |log10_lr: Option<f64>| log10_lr.map_or("0".to_owned(), ratio);
        let loci: Vec<&str> = row.views.contradicting_loci.iter().map(Locus::name).collect();
        let pair = known.pair(row);
        let verdict = known.verdict(&pair).replace("planted; ", "");
        let stated = lr(row.views.log10_lr_stated);
        [
            family.to_owned(),
            pair.1,
            ratio(row.log10_lr),
            stated,
            loci.len().to_string(),
            row.views.view.clone(),
            verdict,
        ]
    });
    let header = ["family", "child", "LR", "as stated", "mismatches", "found as", "in truth"];
    text += narrow_table(header, &[2, 3, 4], rows);
    let still_below: Vec<&Planted> =
        below.iter().copied().filter(|planted| !found.contains_key(&key(planted))).collect();
    let mut traps: Vec<&Planted> = known.traps.values().collect();
    traps.sort_by(|a, b| b.log10_lr.total_cmp(&a.log10_lr).then_with(|| a.family.cmp(&b.family)));
    text += "\nClose relatives of the true parents, planted as traps: the highest LRs\n\n";
    let rows = traps.iter().take(WEAKEST).map(|trap| {
        let outcome = match found.get(&key(trap)) {
            Some(row) if row.views.log10_doubt < 0.0 => format!("a candidate {}", row.views.view),
            Some(_) => "a candidate".to_owned(),
            None => "below the threshold".to_owned(),
        };
        let what = known.verdict(&key(trap)).replace("NOT true: ", "");
        [trap.family.clone(), trap.child.clone(), ratio(trap.log10_lr), what, outcome]
    });
    text += narrow_table(["family", "child", "LR", "the child is really", "outcome"], &[2], rows);
    let trapped = known.traps.values().filter(|trap| found.contains_key(&key(trap))).count();
    text += format!(
        "\nPlanted and found\n\n\
         {:>6} true relations planted; {} of them mismatch a parent at some locus,\n       \
         {} families have false papers\n\
         {:>6} of them reach LR 10,000 by the exact calculation, papers as stated\n\
         {:>6} of these are among the candidates, {} with another LR; {} lost\n\
         {:>6} more are found with one statement of the papers in doubt\n\
         {:>6} stay below: too few relatives, or false papers{}\n\
         {:>6} of {} close-relative traps are candidates\n\
         {:>6} candidates in all, {} of them not true\n",
        known.truth.len(),
        mutated(&known.truth.values().collect::<Vec<_>>()),
        false_papers.len(),
        within.len(),
        within.len() - lost.len(),
        differing,
        lost.len(),
        below.len() - still_below.len(),
        still_below.len(),
        weakest(&still_below),
        trapped,
        known.traps.len(),
        candidates.len(),
        wrong.len(),
    );
    anyhow::ensure!(lost.is_empty() && differing == 0, "{text}\nthe result is not what the exact calculation gives");
    Ok(text)
}

/// The shape that most often says too little.
fn weakest(below: &[&Planted]) -> String {
    let mut shapes: HashMap<&str, usize> = HashMap::new();
    for planted in below {
        *shapes.entry(&planted.shape).or_default() += 1;
    }
    let most = shapes.into_iter().max_by_key(|&(shape, number)| (number, std::cmp::Reverse(shape)));
    most.map(|(shape, number)| format!(" (most often {shape}: {number})")).unwrap_or_default()
}
