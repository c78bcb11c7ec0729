//! Alleles, written as repeat numbers with microvariants (14, 9.3).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An STR allele, stored as ten times its written name: allele 9.3 is 93, allele 14 is 140.
///
/// The digit after the point counts bases beyond whole repeats; it is not a decimal fraction. Only the stepwise
/// mutation model (`population`) reads the name as a number. Range: 1.0 to 99.9, that is 10 to 999 tenths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Allele(u16);

/// The reason why a text or number is not an allele. The error omits the text, because a shifted row may hold a
/// person's name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlleleError {
    /// The text is not of the form `14` or `9.3`.
    #[error("is not an allele; write a repeat number such as 14 or 9.3")]
    Form,
    /// The number is outside 1.0 to 99.9.
    #[error("is not an allele: repeat numbers go from 1 to 99.9")]
    Range,
}

impl Allele {
    /// Returns the allele with this number of tenths.
    ///
    /// # Errors
    /// [`AlleleError::Range`] outside 10 to 999.
    pub fn from_tenths(tenths: u16) -> Result<Self, AlleleError> {
        if (10..=999).contains(&tenths) { Ok(Self(tenths)) } else { Err(AlleleError::Range) }
    }

    /// Returns the allele in tenths of a repeat, 10 to 999.
    #[must_use]
    pub fn tenths(self) -> u16 {
        self.0
    }

    /// Returns the number of bases beyond whole repeats, 0 to 9: the microvariant group of the stepwise model.
    #[must_use]
    pub fn microvariant(self) -> u16 {
        self.0 % 10
    }

    /// Returns the allele's name as a number (9.3 for allele 9.3). The stepwise model measures distances with it.
    #[must_use]
    pub fn repeats(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl FromStr for Allele {
    type Err = AlleleError;

    /// Reads `14`, `9.3` and also `14.0`, because spreadsheets write whole numbers in this way.
    fn from_str(text: &str) -> Result<Self, AlleleError> {
        let digits = |part: &str, most: usize| -> Result<u16, AlleleError> {
            if part.is_empty() || part.len() > most || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(AlleleError::Form);
            }
            part.parse().map_err(|_| AlleleError::Form)
        };
        let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
        Self::from_tenths(digits(whole, 3)? * 10 + digits(tenth, 1)?)
    }
}

impl TryFrom<u16> for Allele {
    type Error = AlleleError;
    fn try_from(tenths: u16) -> Result<Self, AlleleError> {
        Self::from_tenths(tenths)
    }
}

impl From<Allele> for u16 {
    fn from(allele: Allele) -> Self {
        allele.0
    }
}

impl fmt::Display for Allele {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.microvariant() {
            0 => write!(f, "{}", self.0 / 10),
            bases => write!(f, "{}.{bases}", self.0 / 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_whole_repeats_and_microvariants() {
        for (text, tenths) in [("14", 140), ("9.3", 93), ("14.0", 140), ("2.2", 22), ("99.9", 999), ("1", 10)] {
            assert_eq!(text.parse(), Ok(Allele(tenths)), "{text}");
        }
        assert_eq!(Allele(93).to_string(), "9.3");
        assert_eq!(Allele(140).to_string(), "14");
    }

    #[test]
    fn refuses_what_is_no_allele() {
        for text in ["", ".", "9.", ".3", "9.33", "a", "-9", "+9", "9,3", " 9", "OL", "X", "1e1", "٩", "9999", "9.3.1"]
        {
            assert_eq!(text.parse::<Allele>(), Err(AlleleError::Form), "{text:?}");
        }
        for text in ["0", "0.9", "100", "999"] {
            assert_eq!(text.parse::<Allele>(), Err(AlleleError::Range), "{text:?}");
        }
    }
}
