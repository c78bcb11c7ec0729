//! Reads and writes `reunite.toml`, the configuration of a store: its identity, and how it compares.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::matching::{BadDoubt, Criterion, DoubtWhom, Doubts};
use crate::meaning::Prior;
use crate::population::{Convention, DropOuts, Floor, Model, ModelError, Mutation, MutationRates};

use super::settings::{LinkError, Settings};

/// The version of the folder layout that this program supports.
pub(in crate::store) const STORE_VERSION: u32 = 1;

/// The names of the files in every store.
pub(in crate::store) const CONFIG: &str = "reunite.toml";
pub(in crate::store) const LEDGER: &str = "ledger.db";

/// The word for a model that refuses alleles without a frequency.
pub(crate) const REFUSE: &str = "refuse";

/// The whole configuration file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct Config {
    /// The version of the store's layout.
    pub(in crate::store) store_version: u32,
    /// The identity of the ledger that belongs to this store.
    pub(in crate::store) store_id: String,
    /// The folder in which the store's indices have their folder; `None` if they are in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) index_dir: Option<PathBuf>,
    /// The accounts that may use the store besides its owner; `None` for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) access: Option<AccessConfig>,
    pub(in crate::store) frequencies: FrequencyConfig,
    pub(in crate::store) model: ModelConfig,
    #[serde(rename = "match")]
    pub(in crate::store) matching: MatchConfig,
    /// How candidates are weighed; `None` for the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) meaning: Option<MeaningConfig>,
    /// What letters to families say of the laboratory; `None` if nothing is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) letter: Option<LetterConfig>,
}

/// What letters to families say of the laboratory.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct LetterConfig {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) laboratory: Option<String>,
    /// The number that families call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::store) phone: Option<String>,
}

/// How candidates are weighed.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct MeaningConfig {
    /// The probability that a family's missing child is in the database.
    #[serde(default)]
    pub(in crate::store) prior: Prior,
}

/// The accounts that may use a store besides its owner.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct AccessConfig {
    /// The name or number of their group.
    pub(in crate::store) group: String,
    pub(in crate::store) members: Members,
}

/// What the members of a store's group may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Members {
    /// Everything that the owner may do, except giving access to others.
    Write,
    /// List and verify the contents.
    Read,
}

/// The frequency table that the store computes with.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct FrequencyConfig {
    pub(in crate::store) file: String,
    /// Digest of the table at the time it was stored.
    pub(in crate::store) digest: String,
    /// Tables of other populations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::store) populations: Vec<PopulationConfig>,
}

/// The table of another population.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct PopulationConfig {
    pub(in crate::store) name: String,
    pub(in crate::store) file: String,
    /// Digest of the table at the time it was stored.
    pub(in crate::store) digest: String,
}

/// The criterion for candidates.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct MatchConfig {
    pub(in crate::store) min_log10_lr: f64,
    /// Older stores do not have this setting.
    #[serde(default = "min_loci")]
    pub(in crate::store) min_loci: u32,
    /// The relatives whose stated relationship is in doubt, and the probability of that. Older stores do not have these
    /// settings.
    #[serde(default = "doubt_whom")]
    doubt_whom: String,
    #[serde(default = "doubt")]
    doubt: f64,
    #[serde(default = "doubt_exchanged")]
    doubt_exchanged: f64,
    #[serde(default = "doubt_half_sibling")]
    doubt_half_sibling: f64,
}

fn doubt_whom() -> String {
    Doubts::usual().whom.word().to_owned()
}

fn doubt() -> f64 {
    Doubts::usual().relative
}

fn doubt_exchanged() -> f64 {
    Doubts::usual().exchanged
}

fn doubt_half_sibling() -> f64 {
    Doubts::usual().half_sibling
}

impl MatchConfig {
    pub(in crate::store) fn new(criterion: &Criterion) -> Self {
        let Doubts { whom, relative, exchanged, half_sibling } = criterion.doubts;
        Self {
            min_log10_lr: criterion.min_log10_lr,
            min_loci: min_loci(),
            doubt_whom: whom.word().to_owned(),
            doubt: relative,
            doubt_exchanged: exchanged,
            doubt_half_sibling: half_sibling,
        }
    }

    /// Returns the criterion for candidates.
    pub(in crate::store) fn criterion(&self) -> Result<Criterion, SettingsError> {
        let whom = DoubtWhom::ALL.into_iter().find(|whom| whom.word() == self.doubt_whom);
        let doubts = Doubts {
            whom: whom.ok_or_else(|| SettingsError::DoubtWhom(self.doubt_whom.clone()))?,
            relative: self.doubt,
            exchanged: self.doubt_exchanged,
            half_sibling: self.doubt_half_sibling,
        };
        doubts.check()?;
        if !self.min_log10_lr.is_finite() {
            return Err(SettingsError::MinLog10Lr(self.min_log10_lr));
        }
        Ok(Criterion { min_log10_lr: self.min_log10_lr, doubts, ..Criterion::default() })
    }
}

/// Returns the default for the least number of loci in common: with fewer, hardly any true pair reaches a significant
/// likelihood ratio.
pub(in crate::store) fn min_loci() -> u32 {
    10
}

/// A model in the form of the configuration file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct ModelConfig {
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
    /// `refuse`, or not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    rare_alleles: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rare_allele_frequency: Option<f64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    theta: f64,
    #[serde(default, skip_serializing_if = "is_zero")]
    silent_frequency: f64,
    #[serde(default, skip_serializing_if = "is_zero")]
    drop_out_relatives: f64,
    #[serde(default, skip_serializing_if = "is_zero")]
    drop_out_children: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    linked: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl ModelConfig {
    pub(in crate::store) fn from_settings(Settings { model, linked }: &Settings) -> Self {
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
            rare_alleles: (model.floor == Floor::Refuse).then(|| REFUSE.to_owned()),
            rare_allele_frequency: match model.floor {
                Floor::Counted | Floor::Refuse => None,
                Floor::Fixed(floor) => Some(floor),
            },
            theta: model.theta,
            silent_frequency: model.silent,
            drop_out_relatives: model.drop_out.relatives,
            drop_out_children: model.drop_out.children,
            linked: linked.iter().map(|link| link.text().to_owned()).collect(),
        }
    }

    pub(in crate::store) fn settings(&self) -> Result<Settings, SettingsError> {
        let link = |text: &String| text.parse().map_err(|source| SettingsError::Linked { text: text.clone(), source });
        Ok(Settings { model: self.model()?, linked: self.linked.iter().map(link).collect::<Result<_, _>>()? })
    }

    fn model(&self) -> Result<Model, SettingsError> {
        let rates = || -> Result<MutationRates, SettingsError> {
            let male = self.rate_male.ok_or(SettingsError::Missing("rate_male"))?;
            Ok(MutationRates { male, female: self.rate_female.ok_or(SettingsError::Missing("rate_female"))? })
        };
        let mutation = match self.mutation.as_str() {
            "none" => Mutation::None,
            "equal" => Mutation::Equal(rates()?),
            "proportional" => Mutation::Proportional(rates()?),
            "stepwise" => Mutation::Stepwise {
                rates: rates()?,
                range: self.range.ok_or(SettingsError::Missing("range"))?,
                microvariant_rate: self.microvariant_rate.ok_or(SettingsError::Missing("microvariant_rate"))?,
            },
            other => return Err(SettingsError::Mutation(other.to_owned())),
        };
        let convention: Convention = self.untyped.parse().map_err(|_| SettingsError::Untyped(self.untyped.clone()))?;
        let floor = match (self.rare_alleles.as_deref(), self.rare_allele_frequency) {
            (None, None) => Floor::Counted,
            (None, Some(frequency)) => Floor::Fixed(frequency),
            (Some(REFUSE), None) => Floor::Refuse,
            _ => return Err(SettingsError::RareAlleles),
        };
        let drop_out = DropOuts { relatives: self.drop_out_relatives, children: self.drop_out_children };
        let model = Model { mutation, convention, floor, theta: self.theta, silent: self.silent_frequency, drop_out };
        model.check()?;
        Ok(model)
    }
}

/// The reason why the settings of a model are invalid.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The model requires a value that is missing.
    #[error("this mutation model requires {0}")]
    Missing(&'static str),
    /// No mutation model has this name.
    #[error("mutation = \"{0}\" is unknown; write none, equal, proportional or stepwise")]
    Mutation(String),
    /// No convention for untyped persons has this name.
    #[error("untyped = \"{0}\" is unknown; write pruned or full")]
    Untyped(String),
    /// The setting for alleles without a frequency is unknown, or conflicts with another one.
    #[error(
        "rare_alleles can only be \"{REFUSE}\", and is incompatible with rare_allele_frequency; remove one of the two"
    )]
    RareAlleles,
    /// A pair of linked loci is not understood.
    #[error("linked = \"{text}\": {source}")]
    Linked {
        /// The text of the setting.
        text: String,
        /// The reason.
        source: LinkError,
    },
    /// A value is out of range.
    #[error("{0}")]
    Model(#[from] ModelError),
    /// The threshold is not finite.
    #[error("min_log10_lr = {0} must be a finite number")]
    MinLog10Lr(f64),
    /// The word for whom to doubt is unknown.
    #[error("doubt_whom = \"{0}\" is unknown; write none, parents or all")]
    DoubtWhom(String),
    /// A doubt is not a probability above 0 and below 1.
    #[error("{0}")]
    Doubt(#[from] BadDoubt),
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
            for floor in [Floor::Counted, Floor::Fixed(0.001), Floor::Refuse] {
                let drop_out = DropOuts { relatives: 0.01, children: 0.02 };
                let convention = Convention::Full;
                let model = Model { mutation, convention, floor, theta: 0.03, silent: 0.002, drop_out };
                let linked = vec!["vWA:D12S391=11.9cM".parse().unwrap(), "A:B=0.25".parse().unwrap()];
                let settings = Settings { model, linked };
                let text = toml::to_string(&ModelConfig::from_settings(&settings)).unwrap();
                let again: ModelConfig = toml::from_str(&text).unwrap();
                assert_eq!(again.settings().unwrap(), settings);
            }
        }
    }
}
