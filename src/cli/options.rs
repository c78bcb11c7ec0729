//! Options that several commands share.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::kinship::Calculator;
use crate::population::{Convention, Floor, FrequencyTable, Model, Mutation, MutationRates};
use crate::report::Format;

/// Options of every command.
#[derive(Args)]
pub(super) struct Global {
    /// The store
    #[arg(long, global = true, value_name = "DIR", env = "REUNITE_STORE", default_value = "reunite-store")]
    pub(super) store: PathBuf,
    /// The file with the secret key; kept outside the store
    #[arg(long, global = true, value_name = "FILE", env = "REUNITE_KEY_FILE")]
    pub(super) key_file: Option<PathBuf>,
    /// Threads to use; all processors by default
    #[arg(long, global = true, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// Say only what must not be missed
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
}

impl Global {
    pub(super) fn use_threads(&self) -> anyhow::Result<()> {
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global().context("starting threads")?;
        }
        Ok(())
    }
}

/// How lists go out.
#[derive(Args)]
pub(super) struct FormatOption {
    /// table, csv or json
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: Format,
}

/// The model options, everywhere the same.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Model options")]
pub(super) struct ModelOptions {
    /// none, equal, proportional or stepwise [default: stepwise]
    #[arg(long, value_name = "MODEL", value_parser = ["none", "equal", "proportional", "stepwise"])]
    mutation: Option<String>,
    /// Mutation rate per meiosis and locus, for both sexes
    #[arg(long, value_name = "R")]
    mutation_rate: Option<f64>,
    /// Mutation rate of fathers [default: 0.002]
    #[arg(long, value_name = "R", conflicts_with = "mutation_rate")]
    mutation_rate_male: Option<f64>,
    /// Mutation rate of mothers [default: 0.00057]
    #[arg(long, value_name = "R", conflicts_with = "mutation_rate")]
    mutation_rate_female: Option<f64>,
    /// Stepwise: factor per further repeat [default: 0.1]
    #[arg(long, value_name = "G")]
    mutation_range: Option<f64>,
    /// Stepwise: rate of changes to another microvariant group [default: 1e-6]
    #[arg(long, value_name = "S")]
    mutation_microvariant_rate: Option<f64>,
    /// F_ST of the population; only 0 can be computed so far [default: 0]
    #[arg(long, value_name = "T")]
    theta: Option<f64>,
    /// What an untyped parent hands on: pruned or full [default: pruned]
    #[arg(long, value_name = "CONVENTION")]
    untyped: Option<Convention>,
    /// Frequency of alleles that the table does not list [default: (n+1)/(2N+1) of the table's individuals]
    #[arg(long, value_name = "P")]
    rare_allele_frequency: Option<f64>,
}

impl ModelOptions {
    pub(super) fn model(&self) -> anyhow::Result<Model> {
        if let Some(theta) = self.theta.filter(|&theta| theta != 0.0) {
            bail!("--theta {theta}: likelihood ratios with theta above 0 cannot be computed by this version");
        }
        let Mutation::Stepwise { rates, range, microvariant_rate } = Model::default().mutation else {
            bail!("the default model is stepwise");
        };
        let rates = MutationRates {
            male: self.mutation_rate_male.or(self.mutation_rate).unwrap_or(rates.male),
            female: self.mutation_rate_female.or(self.mutation_rate).unwrap_or(rates.female),
        };
        let name = self.mutation.as_deref().unwrap_or("stepwise");
        if name != "stepwise" && (self.mutation_range.is_some() || self.mutation_microvariant_rate.is_some()) {
            bail!("--mutation-range and --mutation-microvariant-rate go with --mutation stepwise, not with {name}");
        }
        let any_rate = [self.mutation_rate, self.mutation_rate_male, self.mutation_rate_female];
        if name == "none" && any_rate.iter().any(Option::is_some) {
            bail!("--mutation none has no mutation rate");
        }
        let mutation = match name {
            "none" => Mutation::None,
            "equal" => Mutation::Equal(rates),
            "proportional" => Mutation::Proportional(rates),
            _ => Mutation::Stepwise {
                rates,
                range: self.mutation_range.unwrap_or(range),
                microvariant_rate: self.mutation_microvariant_rate.unwrap_or(microvariant_rate),
            },
        };
        mutation.check()?;
        Ok(Model {
            mutation,
            convention: self.untyped.unwrap_or(Convention::Pruned),
            floor: self.rare_allele_frequency.map_or(Floor::Counted, Floor::Fixed),
        })
    }
}

/// The file of allele frequencies.
#[derive(Args, Clone, Default)]
pub(super) struct FrequencyOption {
    /// Allele frequencies: CSV with locus, allele, frequency and, optionally, individuals [default: the built-in
    /// table of 23 loci, Chinese Han]
    #[arg(long, value_name = "FILE")]
    pub(super) frequencies: Option<PathBuf>,
}

impl FrequencyOption {
    /// The text of the table and the table read from it.
    pub(super) fn read(&self) -> anyhow::Result<(String, FrequencyTable)> {
        match &self.frequencies {
            None => Ok((FrequencyTable::chinese_han_23_text().to_owned(), FrequencyTable::chinese_han_23().clone())),
            Some(path) => read_frequencies(path),
        }
    }
}

pub(super) fn read_frequencies(path: &Path) -> anyhow::Result<(String, FrequencyTable)> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        anyhow::anyhow!("{}:{line}: is not UTF-8 text: save the file as UTF-8", path.display())
    })?;
    let table = FrequencyTable::read(&path.display().to_string(), &text)?;
    Ok((text, table))
}

/// Builds the calculator, naming the model in errors.
pub(super) fn calculator(table: &FrequencyTable, model: Model) -> anyhow::Result<Calculator> {
    Calculator::new(table, model).with_context(|| format!("the model ({model}) does not go with the frequencies"))
}

/// A model as the store's configuration holds it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelConfig {
    mutation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_male: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_female: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    microvariant_rate: Option<f64>,
    untyped: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rare_allele_frequency: Option<f64>,
}

impl ModelConfig {
    pub(super) fn of(model: &Model) -> Self {
        let (rates, stepwise) = match model.mutation {
            Mutation::None => (None, None),
            Mutation::Equal(rates) | Mutation::Proportional(rates) => (Some(rates), None),
            Mutation::Stepwise { rates, range, microvariant_rate } => (Some(rates), Some((range, microvariant_rate))),
        };
        Self {
            mutation: model.mutation.name().to_owned(),
            rate_male: rates.map(|rates| rates.male),
            rate_female: rates.map(|rates| rates.female),
            range: stepwise.map(|stepwise| stepwise.0),
            microvariant_rate: stepwise.map(|stepwise| stepwise.1),
            untyped: model.convention.word().to_owned(),
            rare_allele_frequency: match model.floor {
                Floor::Counted => None,
                Floor::Fixed(floor) => Some(floor),
            },
        }
    }

    pub(super) fn model(&self) -> anyhow::Result<Model> {
        let rates = || -> anyhow::Result<MutationRates> {
            let missing = "rate_male and rate_female are needed with this mutation model";
            Ok(MutationRates { male: self.rate_male.context(missing)?, female: self.rate_female.context(missing)? })
        };
        let mutation = match self.mutation.as_str() {
            "none" => Mutation::None,
            "equal" => Mutation::Equal(rates()?),
            "proportional" => Mutation::Proportional(rates()?),
            "stepwise" => Mutation::Stepwise {
                rates: rates()?,
                range: self.range.context("range is needed with stepwise mutation")?,
                microvariant_rate: self
                    .microvariant_rate
                    .context("microvariant_rate is needed with stepwise mutation")?,
            },
            other => bail!("mutation = \"{other}\" is none of none, equal, proportional, stepwise"),
        };
        mutation.check()?;
        let convention =
            self.untyped.parse().map_err(|error| anyhow::anyhow!("untyped = \"{}\" {error}", self.untyped))?;
        let floor = self.rare_allele_frequency.map_or(Floor::Counted, Floor::Fixed);
        Ok(Model { mutation, convention, floor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_survives_the_configuration() {
        let rates = MutationRates { male: 0.003, female: 0.001 };
        let mutations = [
            Mutation::None,
            Mutation::Equal(rates),
            Mutation::Proportional(rates),
            Mutation::Stepwise { rates, range: 0.2, microvariant_rate: 1e-7 },
        ];
        for mutation in mutations {
            for floor in [Floor::Counted, Floor::Fixed(0.001)] {
                let model = Model { mutation, convention: Convention::Full, floor };
                let text = toml::to_string(&ModelConfig::of(&model)).unwrap();
                let again: ModelConfig = toml::from_str(&text).unwrap();
                assert_eq!(again.model().unwrap(), model);
            }
        }
    }

    #[test]
    fn options_without_a_meaning_are_refused() {
        let with = |change: fn(&mut ModelOptions)| {
            let mut options = ModelOptions::default();
            change(&mut options);
            options.model()
        };
        assert_eq!(with(|_| ()).unwrap(), Model::default());
        assert!(with(|o| o.theta = Some(0.01)).is_err());
        assert!(with(|o| o.mutation_rate = Some(2.0)).is_err());
        assert!(with(|o| (o.mutation, o.mutation_rate) = (Some("none".into()), Some(0.1))).is_err());
        assert!(with(|o| (o.mutation, o.mutation_range) = (Some("equal".into()), Some(0.1))).is_err());
        let both = with(|o| o.mutation_rate = Some(0.004)).unwrap().mutation;
        assert!(matches!(both, Mutation::Stepwise { rates: MutationRates { male: 0.004, female: 0.004 }, .. }));
    }
}
