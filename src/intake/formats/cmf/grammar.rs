//! Defines the grammar of CMF files: their elements, with order, number and length.

/// An element of a CMF file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    File,
    HeaderVersion,
    MessageType,
    DestinationOri,
    SourceLab,
    SubmitByUserId,
    SubmitDateTime,
    BatchId,
    Kit,
    Specimen,
    SpecimenId,
    SpecimenCategory,
    SpecimenComment,
    Locus,
    LocusName,
    ReadingBy,
    ReadingDateTime,
    Allele,
    AlleleValue,
}

/// An element that another may contain, with its position and number.
pub(super) struct Rule {
    pub(super) element: Element,
    pub(super) required: bool,
    pub(super) most: u32,
}

const fn exactly_one(element: Element) -> Rule {
    Rule { element, required: true, most: 1 }
}

const fn at_most_one(element: Element) -> Rule {
    Rule { element, required: false, most: 1 }
}

const fn up_to(most: u32, element: Element) -> Rule {
    Rule { element, required: true, most }
}

const FILE: [Rule; 9] = [
    exactly_one(Element::HeaderVersion),
    exactly_one(Element::MessageType),
    exactly_one(Element::DestinationOri),
    exactly_one(Element::SourceLab),
    exactly_one(Element::SubmitByUserId),
    exactly_one(Element::SubmitDateTime),
    at_most_one(Element::BatchId),
    at_most_one(Element::Kit),
    up_to(u32::MAX, Element::Specimen),
];
const SPECIMEN: [Rule; 4] = [
    exactly_one(Element::SpecimenId),
    exactly_one(Element::SpecimenCategory),
    at_most_one(Element::SpecimenComment),
    up_to(32, Element::Locus),
];
// Who read a locus, and when, is not used here, so a file without it is accepted.
const LOCUS: [Rule; 4] = [
    exactly_one(Element::LocusName),
    at_most_one(Element::ReadingBy),
    at_most_one(Element::ReadingDateTime),
    up_to(8, Element::Allele),
];
const ALLELE: [Rule; 1] = [exactly_one(Element::AlleleValue)];

/// The maximum length of texts for which the format states no limit.
const LONG: usize = 255;

impl Element {
    /// Returns its name in the file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::File => "CODISImportFile",
            Self::HeaderVersion => "HEADERVERSION",
            Self::MessageType => "MESSAGETYPE",
            Self::DestinationOri => "DESTINATIONORI",
            Self::SourceLab => "SOURCELAB",
            Self::SubmitByUserId => "SUBMITBYUSERID",
            Self::SubmitDateTime => "SUBMITDATETIME",
            Self::BatchId => "BATCHID",
            Self::Kit => "KIT",
            Self::Specimen => "SPECIMEN",
            Self::SpecimenId => "SPECIMENID",
            Self::SpecimenCategory => "SPECIMENCATEGORY",
            Self::SpecimenComment => "SPECIMENCOMMENT",
            Self::Locus => "LOCUS",
            Self::LocusName => "LOCUSNAME",
            Self::ReadingBy => "READINGBY",
            Self::ReadingDateTime => "READINGDATETIME",
            Self::Allele => "ALLELE",
            Self::AlleleValue => "ALLELEVALUE",
        }
    }

    /// Returns the elements that it may contain, in this order; empty for elements that hold text.
    pub(super) fn rules(self) -> &'static [Rule] {
        match self {
            Self::File => &FILE,
            Self::Specimen => &SPECIMEN,
            Self::Locus => &LOCUS,
            Self::Allele => &ALLELE,
            _ => &[],
        }
    }

    /// Returns the maximum number of characters in its text; `None` if it holds elements.
    pub(super) fn longest(self) -> Option<usize> {
        match self {
            Self::File | Self::Specimen | Self::Locus | Self::Allele => None,
            Self::DestinationOri | Self::SourceLab | Self::AlleleValue => Some(10),
            Self::SubmitByUserId => Some(20),
            Self::SpecimenCategory => Some(21),
            Self::SpecimenId => Some(24),
            Self::BatchId | Self::Kit => Some(32),
            _ => Some(LONG),
        }
    }

    /// Reports whether its text must not be empty.
    pub(super) fn needs_text(self) -> bool {
        matches!(
            self,
            Self::SourceLab | Self::SpecimenId | Self::SpecimenCategory | Self::LocusName | Self::AlleleValue
        )
    }

    /// Returns its attributes with the maximum number of characters of each, in the order in which they are handed on.
    pub(super) fn attributes(self) -> &'static [(&'static str, usize)] {
        match self {
            Self::Specimen => &[("CASEID", 32), ("SOURCEID", LONG), ("PARTIAL", LONG)],
            Self::Locus => &[("KIT", 32), ("BATCHID", 32)],
            Self::Allele => &[("ALLELEREQUIRED", LONG)],
            _ => &[],
        }
    }
}

/// The maximum number of attributes of an element.
pub(super) const MOST_ATTRIBUTES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_hold_either_text_or_elements() {
        let mut open = vec![Element::File];
        let mut known = 0;
        while let Some(element) = open.pop() {
            known += 1;
            assert_eq!(element.rules().is_empty(), element.longest().is_some(), "{}", element.name());
            assert!(element.attributes().len() <= MOST_ATTRIBUTES);
            assert!(element.rules().iter().filter(|rule| rule.most > 1).count() <= 1, "one count per element is kept");
            open.extend(element.rules().iter().map(|rule| rule.element));
        }
        assert_eq!(known, 19);
    }
}
