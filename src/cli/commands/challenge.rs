//! `challenge`: how well and how fast the parent or child of a sample is found among many people.

use std::collections::HashMap;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use crate::audit::Attribution;
use crate::cli::model_options::ModelOptions;
use crate::cli::notices::Notices;
use crate::cli::options::FrequencyOption;
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, count};
use crate::index::Access;
use crate::intake::{Kit, Layout};
use crate::matching::{Criterion, Matcher, Watch};
use crate::model::{Locus, Panel, Profile, Pseudonym, Relation, Sex};
use crate::population::DropOuts;
use crate::pseudonym::{Pseudonymizer, SecretKey};
use crate::report::CsvText;
use crate::store::{self, Listing, MatchOptions, NewStore, Store, checked_threshold};
use crate::synthesis::{Challenge, ChallengePlan};

/// Loci with nothing seen, and with one copy lost, unless asked for otherwise.
pub(super) const MISSING: f64 = 0.05;
pub(super) const SINGLE: f64 = 0.08;

/// Why the imports of a search leave no record.
const SYNTHETIC: Attribution<'_> = Attribution::Unrecorded("the store is synthetic");

#[derive(Args)]
pub(crate) struct Search {
    /// How many people are searched
    #[arg(long, value_name = "N", default_value_t = 500_000)]
    people: usize,
    /// How many samples are searched for a parent or child
    #[arg(long, value_name = "N", default_value_t = 40)]
    queries: usize,
    /// How many searches, with seeds from 1 on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Probability that nothing is seen of a locus
    #[arg(long, value_name = "P", default_value_t = MISSING)]
    untyped_loci: f64,
    /// Probability that one of the two copies at a locus is not seen
    #[arg(long, value_name = "P", default_value_t = SINGLE)]
    single_allele_loci: f64,
    /// The kit with which all are typed
    #[arg(long, value_name = "NAME", default_value = "AGCU EX22")]
    kit: String,
    /// The least log10 LR that is looked at
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    min_log10_lr: f64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    frequencies: FrequencyOption,
    #[command(flatten)]
    model: ModelOptions,
}

/// All searches together. Times are seconds.
#[derive(Serialize)]
struct Searched {
    model: String,
    people: usize,
    queries: usize,
    /// Share of the queries whose relative comes first.
    top_1: f64,
    /// The share that is to be expected of the best of all rankings: the mean probability, given all profiles, that the
    /// first is the relative.
    limit: f64,
    searches: Vec<One>,
}

/// One search.
#[derive(Clone, Copy, Serialize)]
struct One {
    seed: u64,
    /// Queries whose relative comes first.
    first: usize,
    /// Those that were to be expected.
    expected: f64,
    /// From the text of the two files to the ledger.
    import: f64,
    /// From the ledger to the best of each query, the index included.
    match_: f64,
}

impl Search {
    pub(super) fn run(&self, output: &Output) -> anyhow::Result<Outcome> {
        let searched = self.search(output)?;
        if self.json {
            output.data(&format!("{}\n", serde_json::to_string_pretty(&searched)?))?;
        } else {
            output.page(searched.text())?;
        }
        Ok(Outcome::Done)
    }

    fn search(&self, output: &Output) -> anyhow::Result<Searched> {
        let quiet = output.quietly();
        let frequencies = self.frequencies.read(output)?;
        let table = &frequencies.table;
        let panel = table.panel();
        let mut settings = self.model.settings()?;
        if settings.model.drop_out == DropOuts::default() {
            let drop_out = drop_out(self.single_allele_loci);
            settings.model.drop_out = DropOuts { relatives: drop_out, children: drop_out };
        }
        settings.model.check()?;
        let criterion = Criterion { min_log10_lr: checked_threshold(self.min_log10_lr)?, ..Criterion::default() };
        let best = Criterion { max_per_family: Some(1), ..criterion };
        let mut searches = Vec::new();
        let mut model = String::new();
        for seed in 1..=self.seeds {
            let plan = ChallengePlan {
                people: self.people,
                queries: self.queries,
                seed,
                loci: loci_of(&self.kit, panel)?,
                missing: self.untyped_loci,
                single: self.single_allele_loci,
            };
            let challenge = plan.generate(table, &settings.model)?;
            let folder = tempfile::tempdir()?;
            let new = NewStore { criterion, ..NewStore::new(&frequencies, &settings) }.for_invented_people();
            let store = Store::create(&folder.path().join("store"), &new)?;
            let pseudonymizer = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
            let (people, queries) = (people(&challenge, panel, '/'), queries(&challenge, panel, '/'));
            let started = Instant::now();
            store.import_sound_text("people.csv", &people, Layout::Children, SYNTHETIC)?;
            store.import_sound_text("queries.csv", &queries, Layout::Families, SYNTHETIC)?;
            let import = started.elapsed().as_secs_f64();
            drop((people, queries));
            let started = Instant::now();
            let options = MatchOptions { criterion: best, listing: Listing::New, ..MatchOptions::full(&store) };
            let matched = store.match_all(&options, &store::entry("challenge", None), &Notices::new(&quiet))?;
            let match_ = started.elapsed().as_secs_f64();
            let answers: HashMap<Pseudonym, Pseudonym> =
                matched.result.candidates.iter().map(|one| (one.family, one.child)).collect();
            let mut first = 0;
            for (query, answer) in challenge.truth.iter().enumerate() {
                let family = pseudonymizer.family(None, &query_id(query))?;
                first +=
                    usize::from(answers.get(&family) == Some(&pseudonymizer.sample(None, &person_id(answer.person))?));
            }
            let expected = expected(&store, criterion)?;
            searches.push(One { seed, first, expected, import, match_ });
            model = store.calculator()?.settings_line();
            output.say(&format!(
                "seed {seed}: {first} of {} first, {expected:.1} expected; import {import:.2} s, match {match_:.2} s",
                self.queries
            ));
        }
        let all = (self.queries as u64 * self.seeds).max(1) as f64;
        Ok(Searched {
            model,
            people: self.people,
            queries: self.queries,
            top_1: searches.iter().map(|one| one.first).sum::<usize>() as f64 / all,
            limit: searches.iter().map(|one| one.expected).sum::<f64>() / all,
            searches,
        })
    }
}

/// How many of the queries should have their relative first: with everyone as likely the relative beforehand, a person is it
/// with a probability in proportion to the LR, and no ranking finds more than the one that begins with the likeliest.
fn expected(store: &Store, criterion: Criterion) -> anyhow::Result<f64> {
    let ledger = store.ledger()?;
    let (families, _) = ledger.families(store.table().panel())?;
    let index = store.open_index(&ledger, Access::Usual)??;
    let calculator = store.calculator()?;
    let (result, _) = Matcher::new(&index, &calculator, criterion).run(&families, &Watch::default())?;
    let mut best_and_sum: HashMap<Pseudonym, (f64, f64)> = HashMap::new();
    for candidate in &result.candidates {
        let ratio = libm::pow(10.0, candidate.log10_lr);
        let (best, sum) = best_and_sum.entry(candidate.family).or_default();
        (*best, *sum) = (best.max(ratio), *sum + ratio);
    }
    let mut shares: Vec<f64> = best_and_sum.into_values().map(|(best, sum)| best / sum).collect();
    shares.sort_unstable_by(f64::total_cmp);
    Ok(shares.iter().sum())
}

/// The drop-out probability d under which, of heterozygotes of which anything is seen, this share shows one allele alone:
/// `2 d (1 - d) / (1 - d^2) = 2 d / (1 + d)`.
pub(super) fn drop_out(single: f64) -> f64 {
    single / (2.0 - single)
}

/// The loci of a kit in a panel.
pub(super) fn loci_of(kit: &str, panel: &Panel) -> anyhow::Result<u64> {
    let kit = super::kits::kit_use(Some(kit), true)?.stated;
    let has = |locus: &Locus| u64::from(kit.is_some_and(|kit: &Kit| kit.has(locus)));
    Ok(panel.loci().iter().enumerate().fold(0, |set, (place, locus)| set | has(locus) << place))
}

/// The number of a query, from 0, as its family is called.
fn query_id(query: usize) -> String {
    format!("Q{:04}", query + 1)
}

/// The number of a person, from 0.
fn person_id(place: usize) -> String {
    format!("P{:07}", place + 1)
}

/// Cells with the alleles separated by `between`.
fn cells(csv: &mut CsvText, profile: &Profile, between: char) {
    for genotype in profile.genotypes() {
        match genotype {
            None => csv.field(""),
            Some(genotype) if genotype.is_homozygous() => csv.field(genotype.low()),
            Some(genotype) => csv.field(format_args!("{}{between}{}", genotype.low(), genotype.high())),
        };
    }
    csv.end_row();
}

fn header(first: &[&str], panel: &Panel) -> CsvText {
    CsvText::with_header(first.iter().copied().chain(panel.loci().iter().map(Locus::name)))
}

/// The people as a file; with commas between alleles, as such files are handed round.
pub(super) fn people(challenge: &Challenge, panel: &Panel, between: char) -> String {
    let handed_round = between == ',';
    let mut csv = header(if handed_round { &["PersonID"] } else { &["sample_id", "sex"] }, panel);
    for (place, profile) in challenge.people.iter().enumerate() {
        csv.field(person_id(place));
        if !handed_round {
            csv.field("");
        }
        cells(&mut csv, profile, between);
    }
    csv.finish()
}

/// The queries as a file of families of one parent each.
pub(super) fn queries(challenge: &Challenge, panel: &Panel, between: char) -> String {
    let mut csv = header(&["family_id", "sample_id", "relation", "sex"], panel);
    for (query, profile) in challenge.queries.iter().enumerate() {
        let id = query_id(query);
        csv.field(&id).field(&id).field(Relation::Parent).field(Sex::Unknown);
        cells(&mut csv, profile, between);
    }
    csv.finish()
}

/// Who is to be found, and what that person is to the query.
pub(super) fn truth(challenge: &Challenge) -> String {
    let mut csv = CsvText::with_header(["family_id", "PersonID", "relation"]);
    for (query, answer) in challenge.truth.iter().enumerate() {
        csv.field(query_id(query)).field(person_id(answer.person)).field(challenge.relation(query)).end_row();
    }
    csv.finish()
}

impl Searched {
    fn text(&self) -> String {
        let (all, first) =
            (self.searches.len() * self.queries, self.searches.iter().map(|one| one.first).sum::<usize>());
        let mean = |of: fn(&One) -> f64| self.searches.iter().map(of).sum::<f64>() / self.searches.len().max(1) as f64;
        format!(
            "{} queries among {} people each: the relative of {} comes first ({:.1} %; the most that can be expected is \
             {:.1} %)\nimport {:.2} s, match {:.2} s, on average of {} searches\n{}\n",
            count(all as u64),
            count(self.people as u64),
            count(first as u64),
            100.0 * self.top_1,
            100.0 * self.limit,
            mean(|one| one.import),
            mean(|one| one.match_),
            self.searches.len(),
            self.model
        )
    }
}
