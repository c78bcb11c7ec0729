//! Defines the reasons of comparisons, and of facts that have no factor.

/// Defines the reasons with their words.
macro_rules! reasons {
    ($($(#[$of:meta])* $name:ident $text:literal,)*) => {
        /// The reason of a verdict, or why a fact has no factor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$of])* $name,)* }

        impl Reason {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the words in reports.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reasons! {
    /// One of both says nothing.
    NotStated "not stated of both",
    /// The sexes agree.
    SameSex "the same sex",
    /// The sexes differ.
    OtherSex "the sexes differ; records of a sex can be wrong",
    /// The apparent age fits the days of birth.
    AgeFits "a day of birth that the family states gives the apparent age",
    /// The apparent age does not fit the days of birth.
    AgeDiffers "no day of birth that the family states gives the apparent age, which is an estimate",
    /// The found child is older than the missing one.
    BeforeBirth "found before the missing child was born",
    /// The missing child was at home on the day of finding.
    BeforeLoss "found before the child went missing",
    /// The days are in a possible order.
    Afterwards "found after the child was born or went missing",
    /// The children may have a mark in common.
    SameMark "a mark of both may be the same",
    /// A lasting mark is not among those of the found child.
    LacksMark "a lasting mark of the missing child is not among those of the found one",
    /// The children have no mark in common, which says little.
    OtherMarks "no mark in common; marks come, fade and are overlooked",
    /// The places of loss and finding are in one city.
    FoundThere "lost and found in the same city",
    /// The places of loss and finding are in two cities.
    FoundElsewhere "another city, which says nothing: children are taken far away",
    /// The dialects agree.
    SameDialect "the same dialect",
    /// One of them speaks Mandarin of no stated group.
    Mandarin "many speak Mandarin besides their dialect",
    /// The dialects differ.
    OtherDialect "the dialects differ; a child takes on the dialect of its surroundings",
    /// The native places are in one city.
    SameCity "the same city",
    /// The native places are in one province.
    SameProvince "the same province, another city",
    /// The native places are in two provinces.
    OtherProvince "another province; children remember places wrongly",
    /// The days of birth are outside the range of ages.
    BornOutside "no day of birth that the family states gives an age of the range",
    /// The apparent age is outside the range of ages.
    AgeOutside "the apparent age is outside the range",
}
