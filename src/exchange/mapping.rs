//! Names the fields and codes of the content, in one table.

use crate::keeping::{LegalBasis, Purpose};
use crate::model::{Relation, Sex};

/// A field of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// What the line is; the values are [`Field::Loci`], [`Field::Child`], [`Field::Family`], [`Field::Gone`],
    /// [`Field::Basis`], [`Field::Hit`] and [`Field::HitGone`] by their names.
    Line,
    /// Names of the loci, in the order of every profile.
    Loci,
    /// A child of unknown origin.
    Child,
    /// A family.
    Family,
    /// A sample or family that is withdrawn.
    Gone,
    /// The name of a sample.
    Sample,
    /// The recorded sex.
    Sex,
    /// Genotypes in the order of the loci: `15/16`, `15` for a homozygote, null if untyped, a list if there are three or
    /// more alleles.
    Genotypes,
    /// The drop-out probability of the sample.
    DropOut,
    /// The legal basis on which the sender keeps the sample.
    LegalBasis,
    /// The purposes for which the sample may be used, as a list.
    Purposes,
    /// The last day on which the sample may be kept.
    KeepUntil,
    /// Coded facts about a found child, or about the missing child of a family.
    Facts,
    /// The relatives of a family.
    Relatives,
    /// The relation of a relative to the missing child.
    Relation,
    /// The persons of a pedigree: positions of father and mother, or null.
    Pedigree,
    /// The position of the missing child in the pedigree.
    MissingChild,
    /// The position of a relative in the pedigree.
    Position,
    /// On what hits are based.
    Basis,
    /// Digest of the run that found them.
    Run,
    /// The program.
    Program,
    /// Name of the frequency table.
    Frequencies,
    /// The least log10 LR that is sent.
    Threshold,
    /// The prior of the posterior.
    Prior,
    /// A hit.
    Hit,
    /// A hit that is withdrawn.
    HitGone,
    /// The name of a hit, the same for both agencies.
    Reference,
    /// Which of the two is of the recipient.
    Side,
    /// log10 of the likelihood ratio.
    Log10Lr,
    /// `true` if the ratio holds only with a statement of the papers in doubt.
    PapersDoubted,
    /// Number of loci compared.
    LociCompared,
    /// Number of loci at which a mutation is required.
    IncompatibleLoci,
    /// Expected number of chance hits.
    ChanceHits,
    /// Posterior probability.
    Posterior,
    /// The class.
    Class,
    /// The state of the review.
    Decision,
}

impl Field {
    #[cfg(test)]
    const ALL: [Self; 36] = [
        Self::Line,
        Self::Loci,
        Self::Child,
        Self::Family,
        Self::Gone,
        Self::Sample,
        Self::Sex,
        Self::Genotypes,
        Self::DropOut,
        Self::LegalBasis,
        Self::Purposes,
        Self::KeepUntil,
        Self::Facts,
        Self::Relatives,
        Self::Relation,
        Self::Pedigree,
        Self::MissingChild,
        Self::Position,
        Self::Basis,
        Self::Run,
        Self::Program,
        Self::Frequencies,
        Self::Threshold,
        Self::Prior,
        Self::Hit,
        Self::HitGone,
        Self::Reference,
        Self::Side,
        Self::Log10Lr,
        Self::PapersDoubted,
        Self::LociCompared,
        Self::IncompatibleLoci,
        Self::ChanceHits,
        Self::Posterior,
        Self::Class,
        Self::Decision,
    ];
}

/// Names of fields and codes of values. A manifest states the table's name.
#[derive(Debug)]
pub struct Mapping {
    /// The name of the table.
    pub name: &'static str,
    /// The name of each field.
    pub fields: &'static [(Field, &'static str)],
    /// The code of each sex.
    pub sexes: &'static [(Sex, &'static str)],
    /// The code of each relation.
    pub relations: &'static [(Relation, &'static str)],
    /// The code of each legal basis.
    pub bases: &'static [(LegalBasis, &'static str)],
    /// The code of each purpose.
    pub purposes: &'static [(Purpose, &'static str)],
}

/// Reunite's own names.
const REUNITE_1: Mapping = Mapping {
    name: "reunite-1",
    fields: &[
        (Field::Line, "line"),
        (Field::Loci, "loci"),
        (Field::Child, "child"),
        (Field::Family, "family"),
        (Field::Gone, "gone"),
        (Field::Sample, "sample"),
        (Field::Sex, "sex"),
        (Field::Genotypes, "genotypes"),
        (Field::DropOut, "drop_out"),
        (Field::LegalBasis, "legal_basis"),
        (Field::Purposes, "purposes"),
        (Field::KeepUntil, "keep_until"),
        (Field::Facts, "facts"),
        (Field::Relatives, "relatives"),
        (Field::Relation, "relation"),
        (Field::Pedigree, "pedigree"),
        (Field::MissingChild, "missing_child"),
        (Field::Position, "position"),
        (Field::Basis, "basis"),
        (Field::Run, "run"),
        (Field::Program, "program"),
        (Field::Frequencies, "frequencies"),
        (Field::Threshold, "min_log10_lr"),
        (Field::Prior, "prior"),
        (Field::Hit, "hit"),
        (Field::HitGone, "hit_gone"),
        (Field::Reference, "reference"),
        (Field::Side, "side"),
        (Field::Log10Lr, "log10_lr"),
        (Field::PapersDoubted, "papers_doubted"),
        (Field::LociCompared, "loci_compared"),
        (Field::IncompatibleLoci, "incompatible_loci"),
        (Field::ChanceHits, "expected_chance_hits"),
        (Field::Posterior, "posterior"),
        (Field::Class, "class"),
        (Field::Decision, "decision"),
    ],
    sexes: &[(Sex::Female, "female"), (Sex::Male, "male"), (Sex::Unknown, "unknown")],
    relations: &[
        (Relation::Father, "father"),
        (Relation::Mother, "mother"),
        (Relation::FullSibling, "full-sibling"),
        (Relation::PaternalHalfSibling, "paternal-half-sibling"),
        (Relation::MaternalHalfSibling, "maternal-half-sibling"),
        (Relation::PaternalGrandfather, "paternal-grandfather"),
        (Relation::PaternalGrandmother, "paternal-grandmother"),
        (Relation::MaternalGrandfather, "maternal-grandfather"),
        (Relation::MaternalGrandmother, "maternal-grandmother"),
        (Relation::PaternalUncle, "paternal-uncle"),
        (Relation::PaternalAunt, "paternal-aunt"),
        (Relation::MaternalUncle, "maternal-uncle"),
        (Relation::MaternalAunt, "maternal-aunt"),
        (Relation::Parent, "parent"),
        (Relation::Member, "member"),
    ],
    bases: &[
        (LegalBasis::StatutoryDuty, "statutory-duty"),
        (LegalBasis::Consent, "consent"),
        (LegalBasis::CourtOrder, "court-order"),
        (LegalBasis::PublicInterest, "public-interest"),
    ],
    purposes: &[
        (Purpose::Search, "search"),
        (Purpose::Kin, "kin"),
        (Purpose::Exchange, "exchange"),
        (Purpose::Validation, "validation"),
    ],
};

/// All tables that this program reads.
const ALL: [&Mapping; 1] = [&REUNITE_1];

fn code<T: PartialEq>(table: &'static [(T, &'static str)], value: &T) -> &'static str {
    // A test holds that every value has a code.
    table.iter().find(|one| one.0 == *value).map_or("", |one| one.1)
}

fn value<T: Copy>(table: &[(T, &'static str)], word: &str) -> Option<T> {
    table.iter().find(|one| one.1 == word).map(|one| one.0)
}

impl Mapping {
    /// Returns the table by which this program writes.
    #[must_use]
    pub fn own() -> &'static Self {
        &REUNITE_1
    }

    /// Returns a table by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|table| table.name == name)
    }

    pub(super) fn field(&self, field: Field) -> &'static str {
        code(self.fields, &field)
    }

    pub(super) fn sex(&self, sex: Sex) -> &'static str {
        code(self.sexes, &sex)
    }

    pub(super) fn relation(&self, relation: Relation) -> &'static str {
        code(self.relations, &relation)
    }

    pub(super) fn basis(&self, basis: LegalBasis) -> &'static str {
        code(self.bases, &basis)
    }

    pub(super) fn purpose(&self, purpose: Purpose) -> &'static str {
        code(self.purposes, &purpose)
    }

    pub(super) fn read_basis(&self, word: &str) -> Option<LegalBasis> {
        value(self.bases, word)
    }

    pub(super) fn read_purpose(&self, word: &str) -> Option<Purpose> {
        value(self.purposes, word)
    }

    pub(super) fn read_sex(&self, word: &str) -> Option<Sex> {
        value(self.sexes, word)
    }

    pub(super) fn read_relation(&self, word: &str) -> Option<Relation> {
        value(self.relations, word)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_table_names_every_field_and_value_once() {
        for table in ALL {
            assert_eq!(table.fields.iter().map(|one| one.0).collect::<Vec<_>>(), Field::ALL);
            let names: BTreeSet<&str> = table.fields.iter().map(|one| one.1).collect();
            assert_eq!(names.len(), Field::ALL.len(), "{}", table.name);
            for sex in [Sex::Female, Sex::Male, Sex::Unknown] {
                assert_eq!(table.read_sex(table.sex(sex)), Some(sex));
            }
            for relation in Relation::ALL.into_iter().chain([Relation::Parent, Relation::Member]) {
                assert_eq!(table.read_relation(table.relation(relation)), Some(relation));
            }
            for basis in LegalBasis::ALL {
                assert_eq!(table.read_basis(table.basis(basis)), Some(basis));
            }
            for purpose in Purpose::ALL {
                assert_eq!(table.read_purpose(table.purpose(purpose)), Some(purpose));
            }
            assert_eq!(Mapping::named(table.name).unwrap().name, table.name);
        }
    }
}
