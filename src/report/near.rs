//! Describes pairs that are nearly candidates, and what they lack.

use serde::Serialize;

use crate::model::{Locus, Pseudonym};

#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
#[cfg(feature = "cli")]
use super::words::{more_rows, plural};

/// A locus at which a child is incompatible with a family.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AgainstRow {
    /// The locus.
    pub locus: Locus,
    /// The log10 LR of the locus, which lowers the sum.
    pub log10_lr: Option<f64>,
    /// The required mutations, if typed parents show them: `father 2 steps`.
    pub mutations: String,
}

/// A pair that is not quite a candidate.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NearRow {
    /// The family.
    pub family: Pseudonym,
    /// The child.
    pub child: Pseudonym,
    /// The view in which the pair comes nearest, in words.
    pub view: String,
    /// log10 of the likelihood ratio in that view.
    pub log10_lr: f64,
    /// The log10 LR that is missing in that view; 0 or less if a limit per family or on chance hits excluded the pair.
    pub short_by: f64,
    /// Number of loci at which the child and at least one relative of that view are typed.
    pub loci_compared: u32,
    /// Number of panel loci that could not be compared.
    pub loci_untyped: u32,
    /// The loci with the strongest evidence against the pair.
    pub against: Vec<AgainstRow>,
}

impl NearRow {
    /// Describes what the pair lacks to be a candidate.
    #[must_use]
    pub fn separates(&self) -> String {
        if self.short_by <= 0.0 {
            return "reaches the LR; left out by the limit per family or on chance hits".to_owned();
        }
        let mut all: Vec<String> = self
            .against
            .iter()
            .map(|one| match one.mutations.as_str() {
                "" => format!("{} contradicts", one.locus),
                mutations => format!("{}: {mutations}", one.locus),
            })
            .collect();
        if self.loci_untyped > 0 {
            all.push(format!("{} of {} loci not compared", self.loci_untyped, self.loci_untyped + self.loci_compared));
        }
        if all.is_empty() {
            all.push("no contradiction, but too little evidence".to_owned());
        }
        all.join("; ")
    }
}

/// Returns a table for people of the first `limit` pairs.
#[cfg(feature = "cli")]
#[must_use]
pub fn near_table(near: &[NearRow], limit: usize) -> Page {
    let rows = near.iter().take(limit).map(|row| {
        [
            row.family.to_string(),
            row.child.to_string(),
            format!("{:.2}", row.log10_lr),
            format!("{:.2}", row.short_by),
            row.view.clone(),
            row.separates(),
        ]
    });
    let table = plain_table(["family", "child", "log10 LR", "lacks", "view", "what separates them"], &[2, 3], rows);
    let what = plural(near.len() as u64, "pair");
    let title = format!("Near the threshold, but not candidates: {what}\n\n");
    [title.into(), table, more_rows(near.len(), limit).into()].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_separates_a_pair_is_said() {
        let pseudonym = Pseudonym::from_bytes([1; 16]);
        let against = |locus: &str, mutations: &str| AgainstRow {
            locus: locus.parse().unwrap(),
            log10_lr: Some(-4.5),
            mutations: mutations.to_owned(),
        };
        let row = NearRow {
            family: pseudonym,
            child: pseudonym,
            view: "as stated".to_owned(),
            log10_lr: 2.5,
            short_by: 1.5,
            loci_compared: 15,
            loci_untyped: 8,
            against: vec![against("vWA", "father 2 steps"), against("FGA", "")],
        };
        assert_eq!(row.separates(), "vWA: father 2 steps; FGA contradicts; 8 of 23 loci not compared");
        let limited = NearRow { short_by: -0.5, ..row.clone() };
        assert!(limited.separates().starts_with("reaches the LR; left out"));
        let whole = NearRow { loci_untyped: 0, against: Vec::new(), ..row };
        assert_eq!(whole.separates(), "no contradiction, but too little evidence");
    }
}
