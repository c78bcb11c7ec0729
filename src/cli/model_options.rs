//! The model as options of the command line.

use std::str::FromStr;

use anyhow::bail;
use clap::Args;

use crate::population::{Convention, DropOuts, Floor, Model, Mutation, MutationRates};
use crate::store::{Link, ModelBase, REFUSE, Settings};

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
    /// F_ST of the population, for example 0.01 [default: 0]
    #[arg(long, value_name = "T")]
    theta: Option<f64>,
    /// What an untyped parent hands on: pruned or full [default: pruned]
    #[arg(long, value_name = "CONVENTION")]
    untyped: Option<Convention>,
    /// Frequency of alleles that the table does not list, or `refuse` [default: (n+1)/(2N+1) of the table's
    /// individuals]
    #[arg(long, value_name = "P|refuse")]
    rare_allele_frequency: Option<RareAlleles>,
    /// Frequency of silent (null) alleles at loci whose table has no line for them [default: 0]
    #[arg(long, value_name = "P")]
    silent_frequency: Option<f64>,
    /// Drop-out probability of an allele copy, in all profiles [default: 0]
    #[arg(long, value_name = "D")]
    drop_out: Option<f64>,
    /// Drop-out probability in profiles of relatives
    #[arg(long, value_name = "D", conflicts_with = "drop_out")]
    drop_out_relatives: Option<f64>,
    /// Drop-out probability in profiles of children
    #[arg(long, value_name = "D", conflicts_with = "drop_out")]
    drop_out_children: Option<f64>,
    /// Two linked loci with their recombination fraction or distance: vWA:D12S391=0.106 or vWA:D12S391=11.9cM; may be
    /// given several times [default: all loci independent]
    #[arg(long, value_name = "A:B=R")]
    linked: Vec<Link>,
}

/// What is done about alleles without a frequency.
#[derive(Clone, Copy)]
struct RareAlleles(Floor);

impl FromStr for RareAlleles {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == REFUSE {
            return Ok(Self(Floor::Refuse));
        }
        let frequency = text.parse().map_err(|_| format!("write a frequency above 0 and below 1, or {REFUSE}"))?;
        Ok(Self(Floor::Fixed(frequency)))
    }
}

impl ModelOptions {
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        self.settings_over(&ModelBase::default())
    }

    /// What is not given is that of the base.
    pub(super) fn settings_over(&self, base: &ModelBase) -> anyhow::Result<Settings> {
        Ok(Settings { model: self.model_over(base)?, linked: self.linked.clone() })
    }

    fn model_over(&self, base: &ModelBase) -> anyhow::Result<Model> {
        let Mutation::Stepwise { rates, range, microvariant_rate } = Model::default().mutation else {
            bail!("the default model is stepwise");
        };
        let (rates, range, microvariant_rate) = match base.mutation {
            Ok(Mutation::Stepwise { rates, range, microvariant_rate }) => (rates, range, microvariant_rate),
            Ok(Mutation::Equal(rates) | Mutation::Proportional(rates)) => (rates, range, microvariant_rate),
            Ok(Mutation::None) | Err(_) => (rates, range, microvariant_rate),
        };
        let rates = MutationRates {
            male: self.mutation_rate_male.or(self.mutation_rate).unwrap_or(rates.male),
            female: self.mutation_rate_female.or(self.mutation_rate).unwrap_or(rates.female),
        };
        let name = match (self.mutation.as_deref(), &base.mutation) {
            (Some(name), _) => name,
            (None, Ok(mutation)) => mutation.name(),
            (None, Err(why)) => bail!("{why}: choose a model with --mutation, and its rates"),
        };
        if name != "stepwise" && (self.mutation_range.is_some() || self.mutation_microvariant_rate.is_some()) {
            bail!("--mutation-range and --mutation-microvariant-rate require --mutation stepwise; the model is {name}");
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
        let floor = match (self.rare_allele_frequency, &base.floor) {
            (Some(rare), _) => rare.0,
            (None, Ok(floor)) => *floor,
            (None, Err(why)) => bail!("{why}: choose one with --rare-allele-frequency"),
        };
        let model = Model {
            mutation,
            convention: self.untyped.unwrap_or(Convention::Pruned),
            floor,
            theta: self.theta.unwrap_or(base.theta),
            silent: self.silent_frequency.unwrap_or(0.0),
            drop_out: DropOuts {
                relatives: self.drop_out_relatives.or(self.drop_out).unwrap_or(0.0),
                children: self.drop_out_children.or(self.drop_out).unwrap_or(0.0),
            },
        };
        model.check()?;
        Ok(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{UnknownFloor, UnknownMutation};

    #[test]
    fn options_go_before_what_a_file_says() {
        let equal = Mutation::Equal(MutationRates { male: 0.003, female: 0.001 });
        let base = ModelBase { mutation: Ok(equal), floor: Ok(Floor::Fixed(0.01)), theta: 0.02 };
        let model =
            |options: &ModelOptions, base: &ModelBase| options.settings_over(base).map(|settings| settings.model);
        let plain = model(&ModelOptions::default(), &base).unwrap();
        assert_eq!((plain.mutation, plain.floor, plain.theta), (equal, Floor::Fixed(0.01), 0.02));
        let given = ModelOptions { mutation_rate_male: Some(0.004), theta: Some(0.0), ..ModelOptions::default() };
        let mixed = model(&given, &base).unwrap();
        assert_eq!(mixed.mutation, Mutation::Equal(MutationRates { male: 0.004, female: 0.001 }));
        assert_eq!(mixed.theta, 0.0);
        let unknown = ModelBase { mutation: Err(UnknownMutation::Stationary), floor: Err(UnknownFloor), ..base };
        assert!(
            model(&ModelOptions::default(), &unknown)
                .unwrap_err()
                .to_string()
                .starts_with("the file has the stationary")
        );
        let chosen = ModelOptions { mutation: Some("none".to_owned()), ..ModelOptions::default() };
        assert!(model(&chosen, &unknown).unwrap_err().to_string().starts_with("the file has another minor"));
        let both = ModelOptions { rare_allele_frequency: Some(RareAlleles(Floor::Refuse)), ..chosen };
        assert_eq!(model(&both, &unknown).unwrap().floor, Floor::Refuse);
    }

    #[test]
    fn options_without_a_meaning_are_refused() {
        let with = |change: fn(&mut ModelOptions)| {
            let mut options = ModelOptions::default();
            change(&mut options);
            options.settings().map(|settings| settings.model)
        };
        assert_eq!(with(|_| ()).unwrap(), Model::default());
        assert!(with(|o| o.theta = Some(1.0)).is_err());
        assert!(with(|o| o.silent_frequency = Some(-0.1)).is_err());
        assert!(with(|o| o.drop_out = Some(f64::NAN)).is_err());
        assert!("often".parse::<RareAlleles>().is_err());
        for text in ["vWA", "vWA:D12S391", "vWA=0.1", "vWA:D12S391=0.6", "vWA:D12S391=-1cM", "vWA:D12S391=NaN", ":=0"] {
            assert!(text.parse::<Link>().is_err(), "{text}");
        }
        assert!(with(|o| o.mutation_rate = Some(2.0)).is_err());
        assert!(with(|o| (o.mutation, o.mutation_rate) = (Some("none".into()), Some(0.1))).is_err());
        assert!(with(|o| (o.mutation, o.mutation_range) = (Some("equal".into()), Some(0.1))).is_err());
        let both = with(|o| o.mutation_rate = Some(0.004)).unwrap().mutation;
        assert!(matches!(both, Mutation::Stepwise { rates: MutationRates { male: 0.004, female: 0.004 }, .. }));
    }
}
