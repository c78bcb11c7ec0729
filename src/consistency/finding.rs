//! Findings: what does not fit in a family, and the likely cause.

use std::fmt;

use serde::Serialize;

use crate::model::{FindingCode, Locus, Pseudonym, Relation};

use super::stated::Kin;

/// The severity of a finding. [`Self::Doubtful`] and [`Self::Contradicted`] flag the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A mutation, which is expected now and then.
    Note,
    /// Another relation is at least 10^2 times as likely (10^3 for two relatives stated to be unrelated), or there are
    /// contradictions at more loci than mutation makes plausible.
    Doubtful,
    /// Another relation is at least 10^6 times as likely, or the family is impossible under the model.
    Contradicted,
}

impl Severity {
    /// All severities, rising.
    pub const ALL: [Self; 3] = [Self::Note, Self::Doubtful, Self::Contradicted];

    /// Returns the word used in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Doubtful => "doubtful",
            Self::Contradicted => "contradicted",
        }
    }

    /// Reports whether a finding of this severity flags the family.
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

/// The likely cause of a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "cause", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// Two samples are of one person, or of identical twins.
    SamePerson,
    /// Every pair fits after an exchange of the relations of the two samples.
    #[serde(rename = "exchanged-samples")]
    Exchanged {
        /// The gain in the log10 likelihood of the pairs' relations by the exchange.
        gain_log10_lr: f64,
    },
    /// One sample does not fit any of its relatives as stated: probably a swapped sample.
    SwappedSample,
    /// One sample does not fit as stated, but would fit with another relation.
    WrongRelation {
        /// The relations to the missing child that fit the genotypes best, about equally well.
        fits_as: Vec<Relation>,
    },
    /// A swapped sample or a wrong relation, of one sample or of one of two samples. The genotypes do not decide which.
    SampleOrRelation {
        /// The relations to the missing child that fit the genotypes best; empty if two samples are in question.
        fits_as: Vec<Relation>,
    },
    /// Genotypes that are impossible together at more loci than mutation makes plausible, although each pair by itself
    /// is possible.
    Contradiction,
    /// An allele that mutated or does not show.
    Mutation {
        /// The number of repeats; `None` if it is not a whole number, or if the mutation is visible only with more than
        /// two relatives.
        steps: Option<u16>,
    },
}

impl Cause {
    /// Returns the code of findings with this cause.
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

/// A relative that a finding names.
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
    /// The two relatives.
    pub samples: [Involved; 2],
    /// Their relation to each other according to the stated relations.
    pub stated: Kin,
    /// The likelier relation.
    pub likelier: Kin,
    /// Number of loci typed in both.
    pub loci: u32,
    /// Number of loci at which the two share no allele.
    pub loci_without_common_allele: u32,
    /// log10 LR of each kind.
    pub log10_lr: LogRatios,
}

/// log10 LR of each kind against "unrelated", in the order of [`Kin::ALL`]; negative infinity if the kind is
/// impossible. Serialized as a map by kind, with null for an impossible kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogRatios(pub [f64; Kin::ALL.len()]);

impl LogRatios {
    /// Returns the log10 LR of a kind.
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
    /// Returns log10 LR of the stated kind against the likelier kind, a negative number.
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
    /// The severity.
    pub severity: Severity,
    /// The relatives that the cause concerns: the sample to blame, the two swapped samples, or everyone in a
    /// contradiction.
    pub samples: Vec<Involved>,
    /// The pairs that do not fit; empty for a mutation or a contradiction.
    pub pairs: Vec<PairNumbers>,
    /// Loci at which the family is impossible without a mutation; for a mutation, its own locus.
    pub loci: Vec<Locus>,
}

impl fmt::Display for Finding {
    /// Writes a sentence for people, with pseudonyms and without genotypes.
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
