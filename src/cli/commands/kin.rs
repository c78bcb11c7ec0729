//! `kin`.

use std::collections::BTreeMap;
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::kinship::Calculator;
use crate::ledger::{Ledger, Sample, Samples};
use crate::matching::{IdentityRule, KinCriterion, KinPair, KinRelation, KinResult, KinSearch};
use crate::model::{Child, Pseudonym};
use crate::population::{Model, Mutation, MutationRates};
use crate::report::{Format, KinReport, KinRow, KinSample};

use super::Outcome;
use super::init::checked;
use super::matching::TABLE_ROWS;
use super::options::{FormatOption, Global, calculator};
use super::output::{Output, count, hex};
use super::progress::{Bar, interruptible};
use super::store::Store;

/// How many pairs of unrelated samples may be expected on a list, unless asked for otherwise.
const CHANCE_HITS: f64 = 10.0;

#[derive(Args)]
pub(super) struct FindKin {
    /// Whom to compare with each other
    #[arg(long, value_enum, value_name = "SIDE")]
    within: Within,
    /// What to look for; pairs that reach the threshold as this, whatever they are likeliest to be
    #[arg(long, value_enum, value_name = "RELATION", default_value = "any")]
    relation: Wanted,
    /// The least log10 LR of a pair, for relations other than identity; alone, it puts no bound on chance hits [default:
    /// the store's, and --max-chance-hits 10]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    min_log10_lr: Option<f64>,
    /// Only pairs whose LR so many unrelated pairs of all, at most, may be expected to reach by chance
    #[arg(long, value_name = "X")]
    max_chance_hits: Option<f64>,
    #[command(flatten)]
    rule: RuleOption,
    #[command(flatten)]
    format: FormatOption,
}

/// When two profiles are one person's.
#[derive(Args)]
pub(super) struct RuleOption {
    /// At most so many alleles may differ in two samples of one person
    #[arg(long, value_name = "N", default_value_t = IdentityRule::default().max_differences,
          value_parser = clap::value_parser!(u8).range(..=i64::from(IdentityRule::MOST_DIFFERENCES)))]
    max_differences: u8,
    /// Two samples are called one person's only if so many loci are typed in both
    #[arg(long, value_name = "N", default_value_t = IdentityRule::default().min_loci,
          value_parser = clap::value_parser!(u32).range(1..))]
    min_common_loci: u32,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Within {
    /// The relatives of all families; those of one family are known kin
    Families,
    /// The children
    Children,
    /// Relatives and children
    All,
}

#[derive(Clone, Copy, ValueEnum)]
enum Wanted {
    /// One person under two numbers, or identical twins
    Identity,
    /// Parent and child
    ParentChild,
    /// Full siblings
    FullSibling,
    /// Half-siblings, or others of the second degree
    HalfSibling,
    /// All of these
    Any,
}

impl RuleOption {
    pub(super) fn rule(&self) -> IdentityRule {
        IdentityRule { max_differences: self.max_differences, min_loci: self.min_common_loci }
    }
}

impl Within {
    fn word(self) -> &'static str {
        match self {
            Self::Families => "families",
            Self::Children => "children",
            Self::All => "all",
        }
    }

    fn samples(self) -> Samples {
        match self {
            Self::Families => Samples::Relatives,
            Self::Children => Samples::Children,
            Self::All => Samples::All,
        }
    }
}

impl Wanted {
    fn relations(self) -> Vec<KinRelation> {
        match self {
            Self::Identity => vec![KinRelation::Identity],
            Self::ParentChild => vec![KinRelation::ParentChild],
            Self::FullSibling => vec![KinRelation::FullSibling],
            Self::HalfSibling => vec![KinRelation::HalfSibling],
            Self::Any => KinRelation::ALL.to_vec(),
        }
    }
}

impl FindKin {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store, global.key())?;
        let criterion = self.criterion(&store)?;
        let mut ledger = store.ledger()?;
        let calculator = kin_calculator(&store, self.within)?;
        let known = Known::of(&ledger)?;
        let mut samples: Vec<Child> = Vec::new();
        let mut is_child = BTreeMap::new();
        ledger.samples(store.table.panel(), self.within.samples(), |one: Sample| {
            if self.within == Within::All {
                is_child.insert(one.sample.pseudonym, one.is_child);
            }
            samples.push(one.sample);
            anyhow::Ok(())
        })?;
        let index = store.index_of(&samples)?;
        drop(samples);
        let watch = interruptible()?;
        let bar = Bar::follow(&watch, output)?;
        let started = Instant::now();
        let relations = self.relation.relations();
        let search = KinSearch::new(&index, &calculator, criterion);
        let found = search.run(&relations, |a, b| known.are_of_one_family(a, b), &watch)?;
        drop(bar);
        let seconds = started.elapsed().as_secs_f64();
        let about = |sample| KinSample {
            sample,
            side: match self.within {
                Within::Families => "relative",
                Within::Children => "child",
                Within::All if is_child.get(&sample).copied().unwrap_or_default() => "child",
                Within::All => "relative",
            },
            families: known.families(sample).collect(),
        };
        let number = index.children() as u64;
        let report = KinReport {
            schema_version: KinReport::VERSION,
            within: self.within.word(),
            relations,
            criterion,
            model: calculator.settings_line(),
            frequencies: hex(&store.table.digest()),
            samples: number,
            pairs_compared: number * number.saturating_sub(1) / 2,
            seconds,
            pairs: found.pairs.iter().map(|pair| KinRow::new(pair, about)).collect(),
        };
        let entry = global.entry("kin").with("within", self.within.word()).with("format", self.format.format.word());
        ledger.append(&entry.about(report.pairs.iter().flat_map(KinRow::pseudonyms)))?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.pairs.is_empty() => {}
            Format::Table => output.data(&report.table(TABLE_ROWS))?,
        }
        Ok(say(&report, &found, output))
    }

    fn criterion(&self, store: &Store) -> anyhow::Result<KinCriterion> {
        if let Some(most) = self.max_chance_hits {
            anyhow::ensure!(most.is_finite() && most > 0.0, "--max-chance-hits {most} is no number above 0");
        }
        let least = self.min_log10_lr.map(checked).transpose()?.unwrap_or(store.criterion).min_log10_lr;
        let chance = self.max_chance_hits.or(self.min_log10_lr.is_none().then_some(CHANCE_HITS));
        Ok(KinCriterion { min_log10_lr: least, max_chance_hits: chance, identity: self.rule.rule() })
    }
}

/// Says what came of a search.
fn say(report: &KinReport, found: &KinResult, output: &Output) -> Outcome {
    for one in &found.unscorable {
        let (sample, locus, reason) = (one.family, &one.locus, &one.reason);
        output.warn(&format!("sample {sample} could not be compared as a relative, at locus {locus}: {reason}"));
    }
    for sample in &found.refused {
        output.warn(&format!(
            "sample {sample} was compared for identity alone: it has an allele without a frequency, and the model \
             refuses those"
        ));
    }
    output.say(&format!(
        "{} samples, {} pairs compared in {:.2} s",
        count(report.samples),
        count(report.pairs_compared),
        report.seconds
    ));
    let of = |relation| found.pairs.iter().filter(|pair: &&KinPair| pair.likeliest == relation).count() as u64;
    let counts: Vec<String> = KinRelation::ALL
        .into_iter()
        .map(|relation| (relation, of(relation)))
        .filter(|one| one.1 > 0)
        .map(|(relation, number)| format!("{} {}", count(number), relation.word()))
        .collect();
    let kinds = if counts.is_empty() { String::new() } else { format!(": likeliest {}", counts.join(", ")) };
    output.say(&format!("{} pairs listed{kinds}", count(report.pairs.len() as u64)));
    match (found.unscorable.is_empty() && found.refused.is_empty(), report.pairs.is_empty()) {
        (false, _) => Outcome::Rejected,
        (true, true) => Outcome::Nothing,
        (true, false) => Outcome::Done,
    }
}

/// Who is a relative in which families.
struct Known(Vec<(Pseudonym, Pseudonym)>);

impl Known {
    fn of(ledger: &Ledger) -> anyhow::Result<Self> {
        Ok(Self(ledger.memberships()?))
    }

    fn families(&self, sample: Pseudonym) -> impl Iterator<Item = Pseudonym> + '_ {
        let from = self.0.partition_point(|one| one.0 < sample);
        self.0[from..].iter().take_while(move |one| one.0 == sample).map(|one| one.1)
    }

    fn are_of_one_family(&self, a: Pseudonym, b: Pseudonym) -> bool {
        self.families(a).any(|family| self.families(b).any(|other| other == family))
    }
}

/// The store's model as it is for two samples of whom nobody knows who is the elder, and whose sex is not asked for: both
/// sexes mutate at the mean of their rates, always at some, and both samples lose alleles alike: as those of their side,
/// or, if both sides are compared, as those that lose more.
fn kin_calculator(store: &Store, within: Within) -> anyhow::Result<Calculator> {
    let mut settings = store.settings.clone();
    let model = &mut settings.model;
    if model.mutation == Mutation::None {
        model.mutation = Model::default().mutation;
    }
    match &mut model.mutation {
        Mutation::None => {}
        Mutation::Equal(rates) | Mutation::Proportional(rates) | Mutation::Stepwise { rates, .. } => {
            let mean = f64::midpoint(rates.male, rates.female);
            *rates = MutationRates { male: mean, female: mean };
        }
    }
    let both = match within {
        Within::Families => model.drop_out.relatives,
        Within::Children => model.drop_out.children,
        Within::All => model.drop_out.relatives.max(model.drop_out.children),
    };
    (model.drop_out.relatives, model.drop_out.children) = (both, both);
    calculator(&store.table, &settings)
}
