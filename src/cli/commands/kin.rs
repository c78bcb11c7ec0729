//! `kin`.

use clap::Args;

use crate::cli::notices::Notices;
use crate::cli::options::{FormatOption, Global};
use crate::cli::outcome::Outcome;
use crate::cli::output::{Output, TABLE_ROWS, count, plural};
use crate::keeping::Purpose;
use crate::matching::{IdentityRule, KinPair, KinRelation, KinResult};
use crate::report::{Format, KinReport, left_out_in_words};
use crate::store::{FoundKin, KinOptions, KinWithin, WantedKin};

#[derive(Args)]
pub(crate) struct FindKin {
    /// Which samples to compare
    #[arg(long, value_enum, value_name = "SIDE")]
    within: KinWithin,
    /// The relation to search for; lists pairs that reach the threshold under it
    #[arg(long, value_enum, value_name = "RELATION", default_value = "any")]
    relation: WantedKin,
    /// The least log10 LR of a pair, for relations other than identity; alone, it puts no bound on chance hits [default:
    /// the store's, and --max-chance-hits 10]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    min_log10_lr: Option<f64>,
    /// Only pairs whose LR at most X unrelated pairs are expected to reach by chance
    #[arg(long, value_name = "X")]
    max_chance_hits: Option<f64>,
    #[command(flatten)]
    rule: RuleOption,
    #[command(flatten)]
    format: FormatOption,
}

/// When two profiles are one person's.
#[derive(Args)]
pub(crate) struct RuleOption {
    /// The largest number of alleles that may differ in two samples of one person
    #[arg(long, value_name = "N", default_value_t = IdentityRule::default().max_differences,
          value_parser = clap::value_parser!(u8).range(..=i64::from(IdentityRule::MOST_DIFFERENCES)))]
    max_differences: u8,
    /// The least number of loci typed in both samples of one person
    #[arg(long, value_name = "N", default_value_t = IdentityRule::default().min_loci,
          value_parser = clap::value_parser!(u32).range(1..))]
    min_common_loci: u32,
}

impl RuleOption {
    pub(super) fn rule(&self) -> IdentityRule {
        IdentityRule { max_differences: self.max_differences, min_loci: self.min_common_loci }
    }
}

impl FindKin {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let options = KinOptions {
            within: self.within,
            relation: self.relation,
            min_log10_lr: self.min_log10_lr,
            max_chance_hits: self.max_chance_hits,
            identity: self.rule.rule(),
        };
        let entry = global.entry("kin").with("format", self.format.format.word());
        let FoundKin { report, result, other_mutation, .. } =
            global.open()?.find_kin(&options, &entry, &Notices::new(output))?;
        output.say(&format!("model: {}", report.model));
        if other_mutation {
            output.warn(
                "the store's mutation model is none, with which one mutation would hide a parent: kin takes the default \
                 mutation model instead",
            );
        }
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table if report.pairs.is_empty() => {}
            Format::Table => output.page(report.table(TABLE_ROWS))?,
        }
        Ok(say_found(&report, &result, output))
    }
}

/// Says what came of a search.
fn say_found(report: &KinReport, found: &KinResult, output: &Output) -> Outcome {
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
    if let Some(text) = left_out_in_words(report.left_out.len() as u64, Purpose::Kin) {
        output.warn(&format!("{text}; --format json names them"));
    }
    output.say(&format!(
        "{}, {} compared in {:.2} s",
        plural(report.samples, "sample"),
        plural(report.pairs_compared, "pair"),
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
    output.say(&format!("{} listed{kinds}", plural(report.pairs.len() as u64, "pair")));
    match (found.unscorable.is_empty() && found.refused.is_empty(), report.pairs.is_empty()) {
        (false, _) => Outcome::Rejected,
        (true, true) => Outcome::Nothing,
        (true, false) => Outcome::Done,
    }
}
