//! Writes the pairs of close relatives, and the samples of one person.

use serde::Serialize;

use crate::matching::{KinCriterion, KinPair, KinRatios, KinRelation, Likeness};
use crate::model::Pseudonym;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, plain_table};
#[cfg(feature = "cli")]
use super::words::more_rows;
use super::words::spaced;

/// One sample of a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KinSample {
    /// The sample.
    pub sample: Pseudonym,
    /// `child` or `relative`.
    pub side: &'static str,
    /// The families in which the sample is a relative.
    pub families: Vec<Pseudonym>,
}

/// A pair, ready for output.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KinRow {
    /// The two samples, in their order.
    pub samples: [KinSample; 2],
    /// The likeliest relation.
    pub likeliest: KinRelation,
    /// The similarity of the two profiles.
    #[serde(flatten)]
    pub likeness: Likeness,
    /// log10 LR of each relation against "unrelated"; null in JSON if the relation is impossible.
    pub log10_lr: KinRatios,
}

impl KinRow {
    /// Returns the pseudonyms of its samples and families.
    pub fn pseudonyms(&self) -> impl Iterator<Item = Pseudonym> {
        self.samples.iter().flat_map(|one| one.families.iter().copied().chain([one.sample]))
    }

    /// Returns a pair with the descriptions of its samples.
    #[must_use]
    pub fn new(pair: &KinPair, about: impl Fn(Pseudonym) -> KinSample) -> Self {
        let KinPair { samples, likeliest, likeness, log10_lr } = *pair;
        Self { samples: samples.map(about), likeliest, likeness, log10_lr }
    }
}

/// The pairs found by a search.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KinReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// `families`, `children` or `all`.
    pub within: &'static str,
    /// The relations searched for.
    pub relations: Vec<KinRelation>,
    /// The criterion for listed pairs.
    pub criterion: KinCriterion,
    /// The model, in one line.
    pub model: String,
    /// Digest of the frequency table, in hexadecimal.
    pub frequencies: String,
    /// Number of samples searched.
    pub samples: u64,
    /// Number of pairs of these samples.
    pub pairs_compared: u64,
    /// Wall time of the search.
    pub seconds: f64,
    /// Samples that were compared with nobody, because the terms on which they are kept do not allow it.
    pub left_out: Vec<Pseudonym>,
    /// The pairs, best first.
    pub pairs: Vec<KinRow>,
}

impl KinReport {
    /// The value for [`Self::schema_version`].
    pub const VERSION: u32 = SCHEMA_VERSION;

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header; several families of a sample are separated by spaces, and the last four columns are
    /// log10 LRs.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "sample",
            "side",
            "families",
            "other_sample",
            "other_side",
            "other_families",
            "likeliest",
            "loci_compared",
            "differing_alleles",
            "identity",
            "parent_child",
            "full_sibling",
            "half_sibling",
        ]);
        for row in &self.pairs {
            for KinSample { sample, side, families } in &row.samples {
                csv.field(sample).field(side).field(spaced(families));
            }
            let Likeness { loci_compared, differing_alleles } = row.likeness;
            csv.field(row.likeliest.word()).field(loci_compared).field(differing_alleles);
            csv.fields(KinRelation::ALL.iter().map(|&relation| row.log10_lr.of_relation(relation))).end_row();
        }
        csv.finish()
    }

    #[cfg(feature = "cli")]
    /// Returns a table for people of the first `limit` pairs.
    #[must_use]
    pub fn table(&self, limit: usize) -> Page {
        let rows = self.pairs.iter().take(limit).map(|row| {
            let of = |relation| format!("{:.2}", row.log10_lr.of_relation(relation));
            let [one, other] = row.samples.each_ref().map(|one| format!("{} {}", one.side, one.sample));
            [
                one,
                other,
                row.likeliest.word().to_owned(),
                of(KinRelation::Identity),
                of(KinRelation::ParentChild),
                of(KinRelation::FullSibling),
                of(KinRelation::HalfSibling),
                row.likeness.loci_compared.to_string(),
                row.likeness.differing_alleles.to_string(),
            ]
        });
        let header =
            ["sample", "other", "likeliest", "identity", "parent-child", "full sib.", "half sib.", "loci", "differing"];
        let table = plain_table(header, &[3, 4, 5, 6, 7, 8], rows);
        let title = "log10 LR of each relation against \"unrelated\"\n\n";
        [title.into(), table, more_rows(self.pairs.len(), limit).into()].into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::IdentityRule;

    #[test]
    fn a_pair_goes_out_in_every_form() {
        let sample = |byte, side, families| KinSample { sample: Pseudonym::from_bytes([byte; 16]), side, families };
        let row = KinRow {
            samples: [sample(1, "child", vec![]), sample(2, "relative", vec![Pseudonym::from_bytes([3; 16]); 2])],
            likeliest: KinRelation::ParentChild,
            likeness: Likeness { loci_compared: 22, differing_alleles: 19 },
            log10_lr: KinRatios {
                identity: f64::NEG_INFINITY,
                parent_child: 7.5,
                full_sibling: 6.25,
                half_sibling: 3.0,
            },
        };
        let report = KinReport {
            schema_version: KinReport::VERSION,
            within: "all",
            relations: vec![KinRelation::ParentChild],
            criterion: KinCriterion {
                min_log10_lr: 4.0,
                max_chance_hits: Some(10.0),
                identity: IdentityRule::default(),
            },
            model: "none".into(),
            frequencies: "00".into(),
            samples: 2,
            pairs_compared: 1,
            seconds: 0.5,
            left_out: vec![],
            pairs: vec![row],
        };
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!(json["relations"][0], "parent-child");
        assert_eq!(json["criterion"]["identity"]["max_differences"], 2);
        let pair = &json["pairs"][0];
        assert_eq!((&pair["loci_compared"], &pair["log10_lr"]["parent_child"]), (&22.into(), &7.5.into()));
        assert_eq!((&pair["log10_lr"]["identity"], &pair["samples"][0]["side"]), (&().into(), &"child".into()));
        let csv = report.csv();
        assert_eq!(csv.lines().next().unwrap().split(',').count(), csv.lines().nth(1).unwrap().split(',').count());
        assert!(csv.ends_with(",parent-child,22,19,-inf,7.5,6.25,3\n"), "{csv}");
        assert!(report.table(0).contains("... and 1 more"));
    }
}
