//! What does not fit in a family, and why.

use std::fmt;

use serde::Serialize;

use crate::model::{FindingCode, Locus, Pseudonym, Relation};

use super::stated::Kin;

/// How much there is to a finding. A family is marked by the upper two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing, and to be expected now and then: a mutation.
    Note,
    /// At least 10^2 times as likely otherwise (10^3 for two who should be unrelated), or contradictions at more loci
    /// than mutation makes plausible.
    Doubtful,
    /// At least 10^6 times as likely otherwise, or impossible under the model.
    Contradicted,
}

impl Severity {
    /// Every degree, rising.
    pub const ALL: [Self; 3] = [Self::Note, Self::Doubtful, Self::Contradicted];

    /// The word used in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Doubtful => "doubtful",
            Self::Contradicted => "contradicted",
        }
    }

    /// Whether it marks the family.
    #[must_use]
    pub fn is_mark(self) -> bool {
        self > Self::Note
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The likely cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "cause", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// Two samples are of one person, or of identical twins.
    SamePerson,
    /// Exchanging the relations of the two makes every pair fit.
    #[serde(rename = "exchanged-samples")]
    Exchanged {
        /// By how much the log10 likelihood of the pairs' relations rises with it.
        gain_log10_lr: f64,
    },
    /// One sample fits none of its relatives as stated: a swapped sample.
    SwappedSample,
    /// One sample does not fit as stated, but would with another relation.
    WrongRelation {
        /// The relations to the missing child that fit the genotypes best, about equally well.
        fits_as: Vec<Relation>,
    },
    /// A swapped sample or a wrong relation, of one sample or of one of two: nothing tells which.
    SampleOrRelation {
        /// The relations to the missing child that fit the genotypes best; none if two samples are in question.
        fits_as: Vec<Relation>,
    },
    /// Genotypes that are impossible together at more loci than mutation makes plausible, each pair taken for itself
    /// being possible.
    Contradiction,
    /// An allele that mutated, or does not show.
    Mutation {
        /// By how many repeats; `None` if not by whole ones, or if more than two relatives are needed to see it.
        steps: Option<u16>,
    },
}

impl Cause {
    /// The code of its findings.
    #[must_use]
    pub fn code(&self) -> FindingCode {
        match self {
            Self::SamePerson => FindingCode::SamePerson,
            Self::Exchanged { .. } => FindingCode::ExchangedSamples,
            Self::SwappedSample => FindingCode::SwappedSample,
            Self::WrongRelation { .. } => FindingCode::WrongRelation,
            Self::SampleOrRelation { .. } => FindingCode::SampleOrRelation,
            Self::Contradiction => FindingCode::Contradiction,
            Self::Mutation { .. } => FindingCode::Mutation,
        }
    }
}

/// A relative that a finding speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Involved {
    /// The sample.
    pub sample: Pseudonym,
    /// The stated relation to the missing child.
    pub relation: Relation,
}

impl fmt::Display for Involved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.sample, self.relation)
    }
}

/// The numbers of a pair that does not fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PairNumbers {
    /// The two.
    pub samples: [Involved; 2],
    /// What they are to each other according to their relations.
    pub stated: Kin,
    /// What they rather are.
    pub likelier: Kin,
    /// Loci typed in both.
    pub loci: u32,
    /// Loci at which they share no allele.
    pub loci_without_common_allele: u32,
    /// What each kind is worth.
    pub log10_lr: LogRatios,
}

/// log10 LR of each kind against "unrelated", in the order of [`Kin::ALL`]; negative infinity if impossible. Serialized
/// as a map by kind, with null for what is impossible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRatios(pub [f64; Kin::ALL.len()]);

impl LogRatios {
    /// The log10 LR of a kind.
    #[must_use]
    pub fn of_kin(&self, kin: Kin) -> f64 {
        self.0[kin as usize]
    }
}

impl Serialize for LogRatios {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Kin::ALL.iter().map(|kin| (kin.word(), self.of_kin(*kin))))
    }
}

impl PairNumbers {
    /// log10 LR of what is stated against what is likelier: negative.
    #[must_use]
    pub fn support(&self) -> f64 {
        self.log10_lr.of_kin(self.stated) - self.log10_lr.of_kin(self.likelier)
    }
}

/// Something in a family that does not fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The likely cause.
    #[serde(flatten)]
    pub cause: Cause,
    /// How much there is to it.
    pub severity: Severity,
    /// Whom the cause concerns: the sample to blame, the two exchanged, everyone in a contradiction.
    pub samples: Vec<Involved>,
    /// The pairs that do not fit; none for a mutation or a contradiction.
    pub pairs: Vec<PairNumbers>,
    /// Loci at which the family is impossible without a mutation; of a mutation, its own.
    pub loci: Vec<Locus>,
}

impl fmt::Display for Finding {
    /// A sentence for people, with pseudonyms and without genotypes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |between: &str| {
            let names: Vec<String> = self.samples.iter().map(ToString::to_string).collect();
            names.join(between)
        };
        let words = |relations: &[Relation]| {
            let words: Vec<&str> = relations.iter().map(|relation| relation.word()).collect();
            words.join(", ")
        };
        match &self.cause {
            Cause::SamePerson => write!(f, "{} are one person twice, or identical twins", names(" and "))?,
            Cause::Exchanged { gain_log10_lr } => write!(
                f,
                "the samples of {} may be exchanged: with the relations exchanged everyone fits, by log10 LR {gain_log10_lr:.1}",
                names(" and ")
            )?,
            Cause::SwappedSample => write!(f, "{} is unrelated to the relatives: perhaps a swapped sample", names(""))?,
            Cause::WrongRelation { fits_as } => {
                write!(f, "{} perhaps has a wrong relation: would fit as {}", names(""), words(fits_as))?;
            }
            Cause::SampleOrRelation { fits_as } => {
                let fits = if self.samples.len() == 1 { "does not fit" } else { "do not fit" };
                write!(f, "{} {fits}: perhaps a swapped sample or a wrong relation", names(" and "))?;
                if !fits_as.is_empty() {
                    write!(f, " (would fit as {})", words(fits_as))?;
                }
            }
            Cause::Contradiction => write!(
                f,
                "{} are impossible together at {} loci: perhaps a swapped sample or a wrong relation",
                names(", "),
                self.loci.len()
            )?,
            Cause::Mutation { steps } => {
                let loci: Vec<&str> = self.loci.iter().map(Locus::name).collect();
                write!(f, "{} are impossible together at {}: probably a mutation", names(", "), loci.join(", "))?;
                match steps {
                    Some(1) => write!(f, " by 1 repeat")?,
                    Some(steps) => write!(f, " by {steps} repeats")?,
                    None => {}
                }
                if self.severity.is_mark() {
                    write!(f, ", which the model does not allow: the family cannot be scored")?;
                }
            }
        }
        for pair in &self.pairs {
            let [a, b] = pair.samples;
            let (support, loci) = (pair.support(), pair.loci);
            let (stated, likelier) = (pair.stated, pair.likelier);
            write!(
                f,
                "; {} and {}: {stated}, or rather {likelier} (log10 LR {support:.1}, {loci} loci",
                a.relation, b.relation
            )?;
            if pair.stated == Kin::ParentChild && pair.loci_without_common_allele > 0 {
                write!(f, ", no common allele at {}", pair.loci_without_common_allele)?;
            }
            write!(f, ")")?;
        }
        Ok(())
    }
}
