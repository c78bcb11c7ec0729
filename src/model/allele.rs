//! Alleles: repeat numbers with microvariants.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An STR allele, counted in tenths of a repeat unit's name: allele 9.3 is 93, allele 14 is 140.
///
/// The digit after the point is a number of bases beyond whole repeats, not a decimal fraction; only the
/// stepwise mutation model reads it as a number (`../kinship`). Range: 1.0 to 99.9, tenths 10 to 999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Allele(u16);

/// Why a text or number is no allele. The text itself is not repeated: a shifted row may hold a name there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlleleError {
    /// Not of the form `14` or `9.3`.
    #[error("is not an allele; write a repeat number such as 14 or 9.3")]
    Form,
    /// Outside 1.0 to 99.9.
    #[error("is not an allele: repeat numbers go from 1 to 99.9")]
    Range,
}

impl Allele {
    /// The allele with this many tenths of a repeat.
    ///
    /// # Errors
    /// [`AlleleError::Range`] outside 10 to 999.
    pub fn from_tenths(tenths: u16) -> Result<Self, AlleleError> {
        if (10..=999).contains(&tenths) { Ok(Self(tenths)) } else { Err(AlleleError::Range) }
    }

    /// Tenths of a repeat, 10 to 999.
    #[must_use]
    pub fn tenths(self) -> u16 {
        self.0
    }

    /// Bases beyond whole repeats, 0 to 9: the microvariant group of the stepwise model.
    #[must_use]
    pub fn microvariant(self) -> u16 {
        self.0 % 10
    }

    /// The allele's name read as a number (9.3 is 9.3), as the stepwise model measures distance.
    #[must_use]
    pub fn repeats(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl FromStr for Allele {
    type Err = AlleleError;

    /// Reads `14`, `9.3` and, as spreadsheets write whole numbers, `14.0`.
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
