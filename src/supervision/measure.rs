//! Names what is counted, and by what.

use serde::{Serialize, Serializer};

use crate::meaning::Class;

/// What rows of a table are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grouping {
    /// The region of the family, or of the child where children are counted.
    Region,
    /// The agency of the family, or of the child where children are counted, within its region.
    Agency,
    /// The month, by UTC, in which what is counted happened.
    Month,
}

impl Grouping {
    /// All groupings.
    pub const ALL: [Self; 3] = [Self::Region, Self::Agency, Self::Month];

    /// Returns the word for the grouping.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Agency => "agency",
            Self::Month => "month",
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Families entered, in the month of their first sample.
    Families,
    /// Families of these whose missing child would more likely be missed than found if it is in the database.
    Unidentifiable,
    /// Families that have or had a candidate, in the month of the first one.
    FamiliesWithCandidate,
    /// Children entered.
    Children,
    /// Present candidates of this class, in the month of the run that found them.
    Strong,
    /// Likewise.
    Candidate,
    /// Likewise.
    MoreLoci,
    /// Likewise.
    Unlikely,
    /// Pairs on which reviewers have begun and do not agree yet, in the month of the last event.
    UnderReview,
    /// Pairs that two reviewers confirmed, in the month of the second decision.
    Confirmed,
    /// Pairs that two reviewers refuted, likewise.
    Refuted,
    /// Children handed over to their families.
    HandedOver,
}

impl Measure {
    /// All measures.
    pub const ALL: [Self; 12] = [
        Self::Families,
        Self::Unidentifiable,
        Self::FamiliesWithCandidate,
        Self::Children,
        Self::Strong,
        Self::Candidate,
        Self::MoreLoci,
        Self::Unlikely,
        Self::UnderReview,
        Self::Confirmed,
        Self::Refuted,
        Self::HandedOver,
    ];

    /// Returns the word for the measure, in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Families => "families",
            Self::Unidentifiable => "families-unidentifiable",
            Self::FamiliesWithCandidate => "families-with-candidate",
            Self::Children => "children",
            Self::Strong => "candidates-strong",
            Self::Candidate => "candidates-candidate",
            Self::MoreLoci => "candidates-more-loci",
            Self::Unlikely => "candidates-unlikely",
            Self::UnderReview => "under-review",
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::HandedOver => "handed-over",
        }
    }

    /// Returns the measure that counts candidates of a class.
    #[must_use]
    pub fn of(class: Class) -> Self {
        match class {
            Class::Strong => Self::Strong,
            Class::Candidate => Self::Candidate,
            Class::MoreLoci => Self::MoreLoci,
            Class::Unlikely => Self::Unlikely,
        }
    }

    /// Returns the measure of which this one counts a part, so that the rest can be computed.
    #[must_use]
    pub fn part_of(self) -> Option<Self> {
        matches!(self, Self::Unidentifiable | Self::FamiliesWithCandidate).then_some(Self::Families)
    }

    /// Reports whether the measure needs the weighing of every family or candidate.
    #[must_use]
    pub fn is_weighed(self) -> bool {
        matches!(self, Self::Unidentifiable | Self::Strong | Self::Candidate | Self::MoreLoci | Self::Unlikely)
    }
}

/// A time that passed since family and child were both in the database, in whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interval {
    /// Until the family's first candidate.
    FirstCandidate,
    /// Until two reviewers confirmed the pair.
    Confirmation,
    /// Until the child was handed over.
    HandOver,
}

impl Interval {
    /// All intervals.
    pub const ALL: [Self; 3] = [Self::FirstCandidate, Self::Confirmation, Self::HandOver];

    /// Returns the word for the median of the interval, in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::FirstCandidate => "days-to-first-candidate",
            Self::Confirmation => "days-to-confirmation",
            Self::HandOver => "days-to-hand-over",
        }
    }

    /// Returns the measure that counts what ends the interval.
    #[must_use]
    pub fn counted_by(self) -> Measure {
        match self {
            Self::FirstCandidate => Measure::FamiliesWithCandidate,
            Self::Confirmation => Measure::Confirmed,
            Self::HandOver => Measure::HandedOver,
        }
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}
