//! Pseudonyms: the only identifiers that records keep after intake.

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};

/// A keyed hash that replaces the identifier of a sample or a family: 128 bits, written as 32 lower-case hexadecimal
/// digits.
///
/// Among 10^7 records, two pseudonyms collide by chance with a probability below 10^-24. The `pseudonym` module
/// computes them. Their byte order breaks every tie, so results never depend on the order of import.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pseudonym([u8; Self::LEN]);

/// The error for a text that is not a pseudonym. It omits the text, which may be an original identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pseudonym is 32 hexadecimal digits")]
pub struct PseudonymError;

impl Pseudonym {
    /// Length of a pseudonym in bytes.
    pub const LEN: usize = 16;

    /// Creates the pseudonym with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, as stored and hashed.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 2 * Self::LEN];
        HEXLOWER.encode_mut(&self.0, &mut text);
        // Writes all digits at once, because files hold many pseudonyms.
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Pseudonym {
    type Err = PseudonymError;

    fn from_str(text: &str) -> Result<Self, PseudonymError> {
        let mut bytes = [0; Self::LEN];
        let read =
            text.len() == 2 * Self::LEN && HEXLOWER_PERMISSIVE.decode_mut(text.as_bytes(), &mut bytes) == Ok(Self::LEN);
        if read { Ok(Self(bytes)) } else { Err(PseudonymError) }
    }
}

impl TryFrom<String> for Pseudonym {
    type Error = PseudonymError;
    fn try_from(text: String) -> Result<Self, PseudonymError> {
        text.parse()
    }
}

impl From<Pseudonym> for String {
    fn from(pseudonym: Pseudonym) -> Self {
        pseudonym.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_round_trip() {
        let pseudonym = Pseudonym([0, 1, 2, 3, 0xfe, 0xff, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(pseudonym.to_string(), "00010203feff060708090a0b0c0d0e0f");
        assert_eq!(pseudonym.to_string().parse(), Ok(pseudonym));
        for bad in ["", "00", "zz010203feff060708090a0b0c0d0e0f", "+0010203feff060708090a0b0c0d0e0f"] {
            assert!(bad.parse::<Pseudonym>().is_err(), "{bad}");
        }
    }
}
