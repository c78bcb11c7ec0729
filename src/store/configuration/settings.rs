//! Holds the settings on which a likelihood ratio depends, besides the frequencies.

use std::str::FromStr;

use crate::kinship::{Calculator, CalculatorError, LinkedError, LinkedLoci, haldane};
use crate::model::{Locus, LocusError};
use crate::population::{FrequencyTable, Model};

/// The model and the linked pairs of loci.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Mutation, theta, silent alleles and drop-out.
    pub model: Model,
    /// Pairs of loci that are not independent; each locus at most once.
    pub linked: Vec<Link>,
}

impl Settings {
    /// Builds the calculator of these settings for a frequency table.
    ///
    /// # Errors
    /// [`UnfitModel`] if the model or the linked pairs do not fit the frequencies.
    pub fn calculator(&self, table: &FrequencyTable) -> Result<Calculator, UnfitModel> {
        let model = self.model;
        let unfit = |source| UnfitModel::Model { model: Box::new(model), source: Box::new(source) };
        let calculator = Calculator::new(table, model).map_err(unfit)?;
        let pairs: Vec<_> = (self.linked.iter())
            .map(|link| LinkedLoci { loci: link.loci.clone(), recombination: link.recombination })
            .collect();
        Ok(calculator.with_linked(&pairs)?)
    }
}

/// The reason why a model cannot be used with a frequency table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitModel {
    /// The model is incompatible with the frequencies.
    #[error("the model ({model}) is incompatible with the frequencies")]
    Model {
        /// The model.
        model: Box<Model>,
        /// The reason.
        source: Box<CalculatorError>,
    },
    /// The linked pairs do not fit the panel.
    #[error("{0}")]
    Linked(#[from] LinkedError),
}

/// Two linked loci, written as `vWA:D12S391=11.9cM`, or with the recombination fraction in place of the distance.
///
/// ```
/// let link: reunite::store::Link = "vWA:D12S391=0.106".parse().unwrap();
/// assert_eq!(link.recombination(), 0.106);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    loci: [Locus; 2],
    recombination: f64,
    /// The text as written, for the store's settings.
    text: String,
}

impl Link {
    /// Returns the two loci.
    #[must_use]
    pub fn loci(&self) -> &[Locus; 2] {
        &self.loci
    }

    /// Returns the recombination fraction, from 0 to 0.5. Haldane's function converts a distance in cM.
    #[must_use]
    pub fn recombination(&self) -> f64 {
        self.recombination
    }

    pub(in crate::store) fn text(&self) -> &str {
        &self.text
    }
}

/// The reason why a text is not a valid pair of linked loci.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The text does not have the required form.
    #[error("write two loci and their recombination fraction or distance: vWA:D12S391=0.106 or =11.9cM")]
    Form,
    /// One of the names is not a valid locus name.
    #[error("{0}; write two loci and their recombination fraction or distance: vWA:D12S391=0.106 or =11.9cM")]
    Locus(LocusError),
    /// The recombination fraction is not in the range from 0 to 0.5.
    #[error("a recombination fraction is from 0 to 0.5, and a distance not negative")]
    Range,
}

impl FromStr for Link {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let (loci, distance) = text.split_once('=').ok_or(LinkError::Form)?;
        let (one, other) = loci.split_once(':').ok_or(LinkError::Form)?;
        let locus = |name: &str| name.trim().parse::<Locus>().map_err(LinkError::Locus);
        let number = |number: &str| number.trim().parse::<f64>().map_err(|_| LinkError::Form);
        let recombination = match distance.trim().strip_suffix("cM") {
            Some(centimorgan) => haldane(number(centimorgan)?),
            None => number(distance)?,
        };
        if !(0.0..=0.5).contains(&recombination) {
            return Err(LinkError::Range);
        }
        Ok(Self { loci: [locus(one)?, locus(other)?], recombination, text: text.to_owned() })
    }
}
