//! Loci, and the panel of loci used for matching.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of an STR locus, as the panel spells it: `D3S1358`, `vWA`, `Penta_E`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Locus(String);

/// The error for a text that is not a locus name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a locus name: 1 to 32 letters, digits, `_`, `-`, `.` or spaces, beginning with a letter")]
pub struct LocusError;

impl Locus {
    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl FromStr for Locus {
    type Err = LocusError;

    fn from_str(text: &str) -> Result<Self, LocusError> {
        let body = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if begins && text.len() <= 32 && text.chars().all(body) && !text.ends_with(' ') {
            Ok(Self(text.to_owned()))
        } else {
            Err(LocusError)
        }
    }
}

impl TryFrom<String> for Locus {
    type Error = LocusError;
    fn try_from(text: String) -> Result<Self, LocusError> {
        text.parse()
    }
}

impl From<Locus> for String {
    fn from(locus: Locus) -> Self {
        locus.0
    }
}

impl fmt::Display for Locus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The loci used for matching, in the order in which their log likelihood ratios are added.
///
/// At most [`Panel::MOST_LOCI`] loci, each once.
///
/// ```
/// use reunite::model::Panel;
///
/// let panel = Panel::new(vec!["vWA".parse()?, "Penta_E".parse()?])?;
/// assert_eq!((panel.len(), panel.position(&"Penta_E".parse()?)), (2, Some(1)));
/// assert!(Panel::new(vec!["vWA".parse()?, "vWA".parse()?]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    loci: Vec<Locus>,
    position: HashMap<Locus, usize>,
}

/// The reason why loci do not form a panel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PanelError {
    /// There is no locus.
    #[error("a panel needs at least one locus")]
    Empty,
    /// There are more loci than [`Panel::MOST_LOCI`].
    #[error("a panel has at most {most} loci, this one has {0}", most = Panel::MOST_LOCI)]
    TooMany(usize),
    /// A locus is duplicate.
    #[error("locus {0} is in the panel twice")]
    Repeated(Locus),
}

impl Panel {
    /// The largest number of loci in a panel.
    pub const MOST_LOCI: usize = 64;

    /// Creates a panel of these loci in this order.
    ///
    /// # Errors
    /// Returns [`PanelError`] if there is no locus, there are too many, or one is duplicate.
    pub fn new(loci: Vec<Locus>) -> Result<Self, PanelError> {
        if loci.is_empty() {
            return Err(PanelError::Empty);
        }
        if loci.len() > Self::MOST_LOCI {
            return Err(PanelError::TooMany(loci.len()));
        }
        let mut position = HashMap::with_capacity(loci.len());
        for (i, locus) in loci.iter().enumerate() {
            if position.insert(locus.clone(), i).is_some() {
                return Err(PanelError::Repeated(locus.clone()));
            }
        }
        Ok(Self { loci, position })
    }

    /// Returns the loci in panel order.
    #[must_use]
    pub fn loci(&self) -> &[Locus] {
        &self.loci
    }

    /// Returns the number of loci, 1 to [`Self::MOST_LOCI`].
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a panel is never empty")]
    pub fn len(&self) -> usize {
        self.loci.len()
    }

    /// Returns the position of a locus in the panel; `None` if it is not in the panel.
    #[must_use]
    pub fn position(&self, locus: &Locus) -> Option<usize> {
        self.position.get(locus).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_holds_each_locus_once_and_in_order() {
        let locus = |name: &str| name.parse::<Locus>().unwrap();
        let panel = Panel::new(vec![locus("vWA"), locus("Penta_E")]).unwrap();
        assert_eq!(panel.position(&locus("Penta_E")), Some(1));
        assert_eq!(panel.position(&locus("FGA")), None);
        assert_eq!(Panel::new(vec![]), Err(PanelError::Empty));
        assert_eq!(Panel::new(vec![locus("vWA"), locus("vWA")]), Err(PanelError::Repeated(locus("vWA"))));
        let many = (0..65).map(|i| locus(&format!("L{i}"))).collect();
        assert_eq!(Panel::new(many), Err(PanelError::TooMany(65)));
        for bad in ["", "9", "a\u{e9}", "D3,S", "x ", &"x".repeat(33)] {
            assert!(bad.parse::<Locus>().is_err(), "{bad:?}");
        }
    }
}
