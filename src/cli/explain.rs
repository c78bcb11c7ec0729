//! `explain`.

use std::collections::BTreeMap;

use anyhow::Context;
use clap::Args;

use crate::ledger::CandidateFilter;
use crate::matching::explain;
use crate::model::Relation;
use crate::report::{ExplainedWith, ExplanationReport, Format};

use super::Outcome;
use super::candidates::pseudonym;
use super::options::{FormatOption, Global};
use super::output::{Output, hex};
use super::store::Store;

#[derive(Args)]
pub(super) struct Explain {
    /// The family's pseudonym, as `candidates` shows it
    family: String,
    /// The child's pseudonym
    child: String,
    /// Show the genotypes, which identify a person
    #[arg(long)]
    show_genotypes: bool,
    /// For the CPI: this parent is known for certain, father or mother, and only the other one is questioned
    #[arg(long, value_name = "PARENT", value_parser = ["father", "mother"])]
    certain_parent: Option<String>,
    #[command(flatten)]
    format: FormatOption,
}

impl Explain {
    pub(super) fn run(&self, global: &Global, output: &Output) -> anyhow::Result<Outcome> {
        let store = Store::open(&global.store, global.key())?;
        let mut ledger = store.ledger()?;
        let calculator = store.calculator()?;
        let panel = store.table.panel();
        let (family, child) = (pseudonym("FAMILY", &self.family)?, pseudonym("CHILD", &self.child)?);
        let generation = ledger.generation()?.number;
        let family = ledger.family(panel, family)?.context(
            "there is no family of that pseudonym in the store: `reunite candidates` and `reunite pseudonym` give it",
        )?;
        let child = ledger.child(panel, child)?.context(
            "there is no child of that pseudonym in the store: `reunite candidates` and `reunite pseudonym` give it",
        )?;
        let certain = match self.certain_parent.as_deref() {
            None => None,
            Some("father") => Some(Relation::Father),
            Some(_) => Some(Relation::Mother),
        };
        let explanation = explain(&calculator, &family, &child, certain)
            .map_err(|error| anyhow::anyhow!("locus {}: {}", error.locus, error.reason))?;
        let pair = CandidateFilter {
            family: Some(family.pseudonym),
            child: Some(child.pseudonym),
            ..CandidateFilter::default()
        };
        let candidate = ledger.candidates(&pair)?.into_iter().next();
        if let Some(relative) = candidate.and_then(|candidate| candidate.candidate.same_as) {
            output.warn(&format!(
                "the child has the profile of relative {relative}: one person under two numbers, or identical twins; the LR \
                 shows how alike they are, not that the child is the missing one"
            ));
        }
        let mut left_out: BTreeMap<usize, Vec<&'static str>> = BTreeMap::new();
        let relatives = family.relatives.iter().map(|relative| (relative.sample, relative.relation.word()));
        for (sample, who) in relatives.chain([(child.pseudonym, "child")]) {
            for (position, _) in ledger.many_alleles(panel, sample)? {
                left_out.entry(position).or_default().push(who);
            }
        }
        let report = ExplanationReport {
            with: ExplainedWith {
                family: family.pseudonym,
                child: child.pseudonym,
                program: concat!("reunite ", env!("CARGO_PKG_VERSION")).to_owned(),
                model: calculator.settings_line(),
                frequencies: hex(&store.table.digest()),
                panel: panel.len(),
                min_log10_lr: store.criterion.min_log10_lr,
                generation,
                candidate_log10_lr: candidate.map(|candidate| candidate.candidate.log10_lr),
            },
            explanation,
            left_out,
            show_genotypes: self.show_genotypes,
        };
        if report.differs_from_candidate() {
            output.warn("the pair is a candidate with another LR: its data have changed since; run `reunite match`");
        }
        let entry = global.entry("explain").with("format", self.format.format.word());
        let people = family.relatives.iter().map(|relative| relative.sample);
        let entry = entry.with("genotypes", self.show_genotypes).about(people);
        ledger.append(&entry.about([family.pseudonym, child.pseudonym]))?;
        match self.format.format {
            Format::Json => output.data(&report.json()?)?,
            Format::Csv => output.data(&report.csv())?,
            Format::Table => output.data(&report.table())?,
        }
        Ok(Outcome::Done)
    }
}
