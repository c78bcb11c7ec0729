//! Kinds of findings: what is wrong with a file, a family or a sample, and what to do about each.

use std::fmt;

use serde::{Serialize, Serializer};

use super::UnknownWord;

/// How much a finding about a file matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The row, or the file, is refused.
    Error,
    /// It is imported, and should be checked.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// The word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// What a row of the table below holds about a code.
struct Facts {
    word: &'static str,
    severity: Severity,
    meaning: &'static str,
    remedy: &'static str,
}

/// Makes the enum and its table of rows `Variant, word, usual severity, meaning, remedy;`.
macro_rules! finding_codes {
    ($($variant:ident, $word:literal, $severity:ident, $meaning:literal, $remedy:literal;)+) => {
        /// The kind of a finding. Its word is stable: programs may depend on it.
        ///
        /// The codes are sorted by their words, and compare so.
        ///
        /// ```
        /// use reunite::model::FindingCode;
        ///
        /// let code = FindingCode::from_word("repeated-sample")?;
        /// assert_eq!(code, FindingCode::RepeatedSample);
        /// assert_eq!(code.meaning(), "a sample is entered twice");
        /// assert_eq!(code.remedy(), "remove one of the two rows");
        /// # Ok::<(), reunite::model::UnknownWord>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FindingCode {
            $(#[doc = concat!("`", $word, "`: ", $meaning, ".")] $variant,)+
        }

        impl FindingCode {
            /// Every code, sorted by word.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn facts(self) -> Facts {
                match self {
                    $(Self::$variant => Facts {
                        word: $word,
                        severity: Severity::$severity,
                        meaning: $meaning,
                        remedy: $remedy,
                    },)+
                }
            }
        }
    };
}

finding_codes! {
    AgeRange, "age-range", Error, "an apparent age is not an age, or not a range in order", "write years such as 3, months such as 18m, or a range such as 3-5";
    Agency, "agency", Error, "an agency is too long, or contains characters that cannot be seen", "check that the columns are in place";
    Alias, "alias", Note, "a column or locus is known under another name", "nothing: the name was recognised";
    Alleged, "alleged", Note, "an alleged parent is read as the parent", "leave the specimen out if the parentage is doubtful";
    Allele, "allele", Error, "a cell is not an allele or a genotype", "write repeat numbers: 14/15, 14 or 9.3";
    AlleleClass, "allele-class", Note, "rows of a frequency table are not for a single allele", "nothing, if their frequency is small; else write the alleles";
    AlleleFar, "allele-far", Warning, "an allele is more than three repeats outside the range of the frequency table", "check the typing of this locus again";
    AlleleOrPair, "allele-or-pair", Error, "a cell is one allele with a mistyped point, or two alleles", "write the point, 9.3, or the smaller allele first, 3/9";
    AlleleUnlisted, "allele-unlisted", Note, "the frequency table does not list an allele", "nothing: these alleles get the floor frequency";
    AmbiguousLocus, "ambiguous-locus", Error, "the name of a locus means different markers in different kits", "name the kit, or empty the cell";
    Amelogenin, "amelogenin", Warning, "the sex marker has alleles other than X and Y", "check the typing of the sex marker";
    AmelogeninSex, "amelogenin-sex", Warning, "the sex marker shows the other sex than stated", "rule out exchanged samples, or correct the sex";
    Attribute, "attribute", Error, "an XML attribute is unknown, repeated or invalid", "correct or remove the attribute";
    BasePairs, "base-pairs", Note, "the alleles of a locus are lengths in base pairs", "nothing: the locus is left out; to use it, name its alleles by repeats";
    BirthCertificateForm, "birth-certificate-form", Warning, "a birth certificate number has an invalid form", "copy the number again";
    BirthCertificateProvince, "birth-certificate-province", Warning, "a birth certificate number does not begin with the digits of a province", "compare with the certificate";
    BothParents, "both-parents", Error, "one person is a father and a mother", "correct one of the two parents";
    Category, "category", Error, "a specimen category is unknown", "write one of the specimen categories";
    Child, "child", Error, "a case does not have exactly one child", "give each case one person of the relation child";
    CmfLine, "cmf-line", Error, "a line of a CMF 1.0 file is invalid at its place", "export the file again, as CMF 1.0, CMF 3.2 or a table";
    CodedWord, "coded-word", Error, "a cell is not a word of its column", "write one of the listed words, or leave the cell empty";
    Column, "column", Error, "a column is unknown in this file", "correct or remove the column";
    Columns, "columns", Error, "a file has more columns than a table can have", "remove the columns that do not belong to the table";
    Compressed, "compressed", Error, "a file is compressed", "unpack the file first";
    ConflictCertificate, "conflict-certificate", Error, "the store has the certificate, or the child's claim of it, with other details", "decide which version is right and give --on-conflict keep or replace";
    ConflictFewShared, "conflict-few-shared", Error, "a further typing shares too few loci with the store's to show one person", "compare the two by hand; if it is one person, give --on-conflict add";
    ConflictHalf, "conflict-half", Error, "a family is given by relations in the store and by a pedigree here, or the other way round", "import all its relatives in one file, in one of the two ways";
    ConflictItself, "conflict-itself", Error, "two rows of one file contradict each other", "keep the row that is right";
    ConflictMetadata, "conflict-metadata", Error, "the store has the sample with other details", "decide which version is right and give --on-conflict keep or replace";
    ConflictPedigree, "conflict-pedigree", Error, "the store has the family with another pedigree", "decide which pedigree is right, or withdraw the family";
    ConflictProfile, "conflict-profile", Error, "the store has the sample with other genotypes", "decide which version is right and give --on-conflict keep or replace; if both are right, give --on-conflict add";
    ConflictRelation, "conflict-relation", Error, "the store has the sample with another relation", "decide which version is right and give --on-conflict keep or replace";
    ConflictRole, "conflict-role", Error, "the store has a child's sample as a relative's, or the other way round", "correct the sample_id, or withdraw the sample";
    ConflictSecond, "conflict-second", Error, "the store's family has this relative already", "correct the relation, or withdraw the other relative";
    ConflictSex, "conflict-sex", Error, "the store has the sample with another sex", "decide which version is right and give --on-conflict keep or replace";
    ConflictUnplaced, "conflict-unplaced", Error, "the store's pedigree of the family does not have a relative", "enter the person in the pedigree file";
    Contradiction, "contradiction", Warning, "the genotypes of a family are impossible together", "see `families check`; type the samples again";
    Control, "control", Note, "a sample is a control or ladder", "nothing: it is skipped; if it is a person's, add it to a case list";
    ControlCharacter, "control-character", Error, "a line contains a control character", "save the file again as CSV UTF-8";
    Count, "count", Error, "a file has more or fewer parts than it states", "save the file again in the program that wrote it";
    CutOff, "cut-off", Error, "the file ends within a row", "copy or export the file again";
    Cycle, "cycle", Error, "a person is their own ancestor", "correct father and mother";
    Date, "date", Error, "a cell is not a day", "write YYYY-MM-DD";
    Delimiter, "delimiter", Error, "columns are separated by a character that is not supported", "save the file as CSV with commas";
    Depth, "depth", Error, "XML elements are nested too deeply", "export the file again";
    Digits, "digits", Error, "a number has more digits than a workbook keeps", "enter the number as text";
    Doctype, "doctype", Error, "an XML file has a document type", "remove the line with DOCTYPE";
    DropOut, "drop-out", Error, "a drop-out probability is invalid", "write a number from 0 and below 1";
    DyeChannel, "dye-channel", Note, "the numbers after the loci's names are read as dye channels", "nothing, unless they number the alleles of a locus";
    Element, "element", Error, "an XML element is unknown", "remove the element";
    Elsewhere, "elsewhere", Note, "a marker is not an autosomal STR locus", "nothing: these markers are skipped";
    Empty, "empty", Error, "a file is empty", "export the file again";
    EmptyElement, "empty-element", Error, "an XML element needs a text and has none", "write the text, or remove the element";
    EmptyLocus, "empty-locus", Warning, "a locus of a frequency table has no frequency", "remove the locus, or add its frequencies";
    Encoding, "encoding", Error, "the encoding of a text is not UTF-8, or is invalid", "save the file as UTF-8";
    EncodingUnclear, "encoding-unclear", Error, "the encoding of a text is ambiguous or unknown", "state it with --encoding, or save the file as UTF-8";
    End, "end", Error, "a file ends too early", "save the file again in the program that wrote it";
    Entity, "entity", Error, "an XML entity is unknown", "write the character itself, or &amp; for an ampersand";
    ExchangedSamples, "exchanged-samples", Warning, "the samples of two relatives may be exchanged", "see `families check`; exchange or type again";
    Expunged, "expunged", Error, "a sample or family was expunged from the store, and a file brings it back", "remove it from the file; or skip its rows with --on-conflict keep, or import them with --restore-expunged and --reason";
    FactDates, "fact-dates", Error, "two days about a missing child contradict each other", "correct one of the two days";
    FewLoci, "few-loci", Warning, "few of the loci matched on are typed", "type more loci; few say little";
    Fields, "fields", Error, "a row has more or fewer cells than the header", "put as many cells into the row as the header has";
    FilledDown, "filled-down", Note, "rows of a frequency table name no locus", "nothing, if the rows belong to the locus above";
    Flag, "flag", Error, "a value is neither #TRUE# nor #FALSE#", "save the file again in the program that wrote it";
    Format, "format", Error, "a file has another format than the one it is read as", "leave out --format, or state the right one";
    Frequencies, "frequencies", Warning, "the allele frequencies of a locus differ from the store's table", "check ladder, kit and columns of the locus, and the store's table";
    FrequenciesColumn, "frequencies-column", Warning, "the allele frequencies of a locus are those of another one", "check whether two columns are exchanged";
    FrequenciesShift, "frequencies-shift", Warning, "the allele frequencies of a locus fit once all alleles are shifted", "check the ladder; import again with right alleles";
    FrequencyUnits, "frequency-units", Error, "a frequency table mixes fractions and percentages", "write all frequencies alike";
    FrequencyValue, "frequency-value", Error, "a cell of a frequency table is not a frequency", "write a number such as 0.12 or 12 %";
    GivenUp, "given-up", Error, "a long part of a file has no valid row", "check whether it is the right file; the rest was not read";
    HalfLocus, "half-locus", Error, "one of the two columns of a locus is missing", "add the other column, or name this one like the locus";
    HalfTyped, "half-typed", Note, "one of two alleles has no result", "nothing: the locus is left untyped";
    Header, "header", Error, "the first line does not name columns", "name the columns in the first line";
    Homozygosity, "homozygosity", Warning, "a profile has unusually many homozygous loci", "type the sample again, or give it a drop_out";
    IdCheckDigit, "id-check-digit", Warning, "the check digit of a resident ID number is wrong", "copy the number again";
    IdDate, "id-date", Warning, "a resident ID number contains no valid day of birth", "compare with the card";
    IdForm, "id-form", Warning, "a resident ID number has an invalid form", "write all 18 digits";
    IdSex, "id-sex", Warning, "a resident ID number is that of the other sex than stated", "rule out exchanged rows or samples";
    IdSmallX, "id-small-x", Warning, "a number that names a sample ends with a small x", "write X in capitals";
    Identifier, "identifier", Error, "an identifier is empty, too long, or contains characters that cannot be seen", "give every sample and family its number";
    IdentifierFolded, "identifier-folded", Note, "an identifier has full-width characters or other spaces, and is read in plain ones", "nothing: the number is the same";
    IdentifierForm, "identifier-form", Error, "two identifiers differ only in letter case, spaces or brackets", "write both alike; if they are two: --identifier-forms distinct";
    IdentifierLookalike, "identifier-lookalike", Error, "an identifier contains a character that looks like another", "type it again in plain letters and digits";
    IdentifierPlaceholder, "identifier-placeholder", Error, "an identifier is a placeholder for a missing value", "give every sample and family its number";
    IdentifierSpreadsheet, "identifier-spreadsheet", Error, "a spreadsheet changed an identifier", "format the column as text and export the file again from its source";
    Identities, "identities", Warning, "the search for persons with two numbers failed", "run `reunite kin --relation identity`";
    IgnoredColumn, "ignored-column", Note, "a column is ignored", "nothing, unless matching requires the column";
    Index, "index", Error, "a position is outside its list", "save the file again in the program that wrote it";
    KeepingTerms, "keeping-terms", Error, "the terms on which a sample is kept are incomplete", "complete the consent: kind, day and reference";
    KeepingWord, "keeping-word", Error, "a legal basis, purpose or kind of consent is unknown", "write one of the words that the finding lists";
    KitLocus, "kit-locus", Note, "rows are typed at a locus that their kit does not have", "correct the kit's name, or look for a shifted column";
    LadderLine, "ladder-line", Error, "a line of a frequency list is neither a locus nor an allele", "write an allele and its frequency, with a tab between them";
    Layout, "layout", Error, "a file has the columns of the other layout", "import with the other --as";
    LayoutUnknown, "layout-unknown", Error, "the columns do not show whether a file holds families or children", "give --as families or --as children";
    Length, "length", Error, "a text is longer than it may be", "shorten the text";
    LineBreak, "line-break", Error, "a cell contains a line break", "write the cell in one line";
    LineEnd, "line-end", Error, "a line contains a carriage return alone", "save the file with Windows or Unix line ends";
    LineLength, "line-length", Error, "a line is longer than 64 KiB", "look for a missing line end";
    Loci, "loci", Error, "a frequency database has no loci, or too many", "save the file with fewer loci";
    Locus, "locus", Error, "a locus or column is unknown", "correct or remove it, or ignore it with --map or --ignore-unknown";
    LocusUntyped, "locus-untyped", Warning, "a locus has a column and no genotypes", "check whether the column is shifted or renamed";
    ManyAlleles, "many-alleles", Warning, "a locus has more than two alleles", "keep it in the case file; the locus does not count";
    ManyRows, "many-rows", Error, "a locus of a frequency table has too many alleles", "leave alleles out that were never seen";
    MappedLocus, "mapped-locus", Warning, "a map of columns reads the name of one locus as another locus", "correct the map, unless the file has the name wrong";
    Mark, "mark", Error, "a mark on the body has words that are not of the vocabulary", "write kind, side and part; move the rest to marks_text";
    MarkedAllele, "marked-allele", Note, "an allele is marked as uncertain", "nothing: the locus is left untyped";
    MessageType, "message-type", Error, "a CMF file is not an import message", "export a file for import";
    MissingChild, "missing-child", Error, "a family has no missing child", "mark the missing child of each family";
    MissingColumn, "missing-column", Error, "a required column is missing", "add the column";
    MissingElement, "missing-element", Error, "a required XML element is missing", "add the element";
    MissingMark, "missing-mark", Error, "a cell does not state clearly who is missing", "write yes for the missing child, and leave it empty for others";
    MissingName, "missing-name", Warning, "nobody in a Familias project has a name given with --missing", "correct the name given with --missing";
    MissingTwice, "missing-twice", Error, "a family has two missing children", "mark one of the two, and enter the family again under another family_id for the other";
    MissingTyped, "missing-typed", Error, "a missing child has a sample", "leave the sample_id empty; import the sample with --as children";
    MissingUnlinked, "missing-unlinked", Warning, "a person who is called missing has no parent or child in any pedigree: left out", "draw the person into the pedigree of the family";
    Mixture, "mixture", Warning, "several loci have more than two alleles", "type the sample again";
    More, "more", Note, "there are further findings that are not listed", "resolve these first, then import again";
    Mutation, "mutation", Note, "two relatives are impossible together without a mutation", "nothing: mutations happen";
    Names, "names", Error, "several persons have the same name", "import with --names-within-family";
    NewLocus, "new-locus", Note, "a marker of a frequency table is not known here", "nothing, if the name is right";
    NoAllele, "no-allele", Error, "a locus of a frequency table has no allele", "add its alleles, or remove the locus";
    NoCase, "no-case", Error, "a sample is not in the case list", "add the sample to the case list, or remove it here";
    NoDvi, "no-dvi", Error, "a Familias project has no DVI part", "save the file with unidentified persons, or import it as families";
    NoFirstAllele, "no-first-allele", Error, "a locus has a second allele and no first", "check that the columns are in place";
    NoGenotypes, "no-genotypes", Note, "a sample of the case list has no genotypes", "import the file with its genotypes, too";
    NoLoci, "no-loci", Error, "a file has no locus column", "add one column per locus";
    NoMissing, "no-missing", Note, "a pedigree or family of a Familias project has no missing person: left out", "nothing, if it is another hypothesis; else name the missing child Missing person, or with --missing";
    NoPlace, "no-place", Error, "the pedigree of the family does not have the sample", "enter the sample in the pedigree file";
    NoPopulations, "no-populations", Error, "a frequency table does not name the population asked for, or any", "leave out the population";
    NoRelatives, "no-relatives", Note, "nobody with DNA data is related to the missing person", "check the pedigree and its missing person";
    NoResult, "no-result", Note, "a sign is read as untyped", "nothing: the locus is left untyped";
    NoRows, "no-rows", Error, "a file has no row to import", "export the file again, with its rows";
    NoSex, "no-sex", Note, "a file does not state the sex", "add a column sex if the case file states it";
    NotCmf, "not-cmf", Error, "an XML file is not a CODIS CMF file", "export the file as CMF, or as CSV UTF-8";
    NotInPanel, "not-in-panel", Note, "a locus is not in the panel of the store", "nothing, unless the locus should be matched on";
    NotKept, "not-kept", Note, "a column holds names, addresses or remarks, which are never kept", "nothing: the column is ignored";
    NotRead, "not-read", Note, "a column is not used", "nothing: the column is ignored";
    NotRelated, "not-related", Note, "a person is not related to the missing person", "nothing: the person is left out of this family";
    Nul, "nul", Error, "a line contains a NUL byte", "save the file again as CSV UTF-8";
    Number, "number", Error, "a value is not a valid number", "save the file again in the program that wrote it";
    OffLadder, "off-ladder", Note, "an allele is outside the ladder", "type the locus again if it matters";
    OnlyControls, "only-controls", Error, "every row of a file is of a control or a ladder", "import the file with the persons' samples, or add a case list";
    Order, "order", Error, "XML elements are in the wrong order", "correct the order";
    OtherCategory, "other-category", Error, "the category of a row belongs in the other kind of file", "move the row to a file of its own: relatives with --as families, children with --as children";
    ParentBySex, "parent-by-sex", Note, "parents are read as father or mother by their sex", "nothing, unless a sex is wrong";
    ParentSex, "parent-sex", Error, "the sex of a parent is unknown, or contradicts the role", "correct the sex, or father and mother";
    ParentSide, "parent-side", Error, "the family needs to know whether a parent is the father or the mother", "write father or mother, or the sex";
    Parents, "parents", Error, "the parents of a case contradict its other relatives", "correct the relations of the parents";
    Partial, "partial", Note, "specimens are marked as partial profiles", "compare homozygous loci with the typing";
    Pedigree, "pedigree", Error, "a pedigree is not valid", "correct the pedigree";
    PedigreeSample, "pedigree-sample", Warning, "a pedigree names a sample of which the file has no row", "add the row, or import the file that has it; until then the person counts as untyped";
    Pedigrees, "pedigrees", Error, "a file that contains pedigrees is read with a pedigree file", "leave out --pedigrees";
    Person, "person", Error, "a person has no name, or is not the one that the pedigree says", "correct the name, or the pedigree";
    Persons, "persons", Error, "a family has more persons than can be computed", "leave out distant relatives";
    PlaceCode, "place-code", Error, "a place is not a code of six digits", "write the code of the place by GB/T 2260, such as 370102";
    Population, "population", Error, "a frequency table has several populations, or not the one asked for", "name one of the table's populations";
    Preamble, "preamble", Note, "lines before the header are skipped", "nothing, unless they hold samples";
    Quote, "quote", Error, "a double quote is not closed", "remove or close the quote";
    RareAllele, "rare-allele", Error, "the frequency of rare alleles is not below 1", "correct the frequency";
    Relation, "relation", Error, "a relation is unknown", "write one of the relations that the finding lists";
    RelationNumber, "relation-number", Note, "numbers are read as the national codes of relations", "nothing, unless the numbers are a laboratory's own codes; then write words";
    RelationOther, "relation-other", Error, "a relation cannot be computed without a pedigree", "enter the family in a pedigree file, or remove the row";
    RelationPedigree, "relation-pedigree", Error, "a relation contradicts the pedigree, or needs one", "write member for persons of a pedigree, and the relation for others";
    RelationUnclear, "relation-unclear", Error, "a relation is ambiguous", "write which of the relations it is";
    RepeatedAllele, "repeated-allele", Error, "a locus of the frequency database has an allele twice", "remove one of the two alleles";
    RepeatedColumn, "repeated-column", Error, "a column is repeated", "remove one of the two columns";
    RepeatedElement, "repeated-element", Error, "an XML element is repeated", "remove one of the two elements";
    RepeatedFamily, "repeated-family", Error, "two families have the same name", "rename one of the two";
    RepeatedLocus, "repeated-locus", Error, "a person has two genotypes at one locus", "keep the genotype that is right";
    RepeatedPerson, "repeated-person", Error, "a person is entered twice", "enter each person once";
    RepeatedSample, "repeated-sample", Error, "a sample is entered twice", "remove one of the two rows";
    RestAllele, "rest-allele", Note, "a locus of the frequency database has an allele that means all others", "nothing: it is counted as one allele that nobody has";
    SamePerson, "same-person", Warning, "two samples of a family are from one person", "see `families check`; one of the two samples is a duplicate";
    SameProfile, "same-profile", Warning, "two samples have the same profile", "find out whether it is one person under two numbers, or twins";
    SameProfileMore, "same-profile-more", Warning, "there are further samples with the same profile", "run `reunite kin --within all --relation identity`";
    SampleAlleles, "sample-alleles", Warning, "a number of persons in a frequency table looks like a number of alleles", "name the row or column 2N if it counts alleles";
    SampleDiffers, "sample-differs", Error, "a sample is entered twice with different data", "move a second typing to a file of its own; else correct the row or its sample_id";
    SampleOrRelation, "sample-or-relation", Warning, "a sample does not fit in its family", "see `families check`; check samples and relations";
    SampleSize, "sample-size", Error, "a number of persons in a frequency table is not a whole number", "write it in digits alone";
    SampleSizes, "sample-sizes", Error, "a locus of a frequency table has two numbers of persons", "give one number for all alleles of the locus";
    SampleTwoAgencies, "sample-two-agencies", Error, "a case list has a sample under two agencies", "give the genotypes in a file that has the column agency";
    SecondFather, "second-father", Error, "a child has two fathers", "correct one of the two relations";
    SecondMaternalGrandfather, "second-maternal-grandfather", Error, "a child has two maternal grandfathers", "correct one of the two relations";
    SecondMaternalGrandmother, "second-maternal-grandmother", Error, "a child has two maternal grandmothers", "correct one of the two relations";
    SecondMother, "second-mother", Error, "a child has two mothers", "correct one of the two relations";
    SecondParent, "second-parent", Error, "a case has two persons of a relation that only one can have", "correct one of the two relations";
    SecondPaternalGrandfather, "second-paternal-grandfather", Error, "a child has two paternal grandfathers", "correct one of the two relations";
    SecondPaternalGrandmother, "second-paternal-grandmother", Error, "a child has two paternal grandmothers", "correct one of the two relations";
    Section, "section", Error, "a section of a Familias project is damaged", "save the file again in the program that wrote it";
    SeveralMissing, "several-missing", Note, "a pedigree has several missing persons", "nothing: each is imported as a family of its own";
    Sex, "sex", Error, "a sex is unknown", "write male, female or unknown";
    SexContradiction, "sex-contradiction", Error, "a sex contradicts the relation or the pedigree", "correct the sex or the relation; rule out exchanged samples";
    SexNotStated, "sex-not-stated", Note, "the sex marker shows a sex where none is stated", "write the sex if the case file says it";
    SexNumber, "sex-number", Note, "numbers are read as sexes", "nothing, unless the numbers mean something else";
    SharedLines, "shared-lines", Note, "several specimens begin on one line", "export the file with line ends";
    Sheet, "sheet", Error, "a workbook does not have the sheet", "correct --sheet, or leave it out";
    Sheets, "sheets", Error, "several sheets of a workbook have cells", "name the sheets to read with --sheet, or give --all-sheets";
    ShortRow, "short-row", Note, "a row ends before the last columns", "nothing, if the last columns of the row are empty at the source";
    Silent, "silent", Error, "a locus has only silent alleles", "correct the frequency of the silent allele";
    SingleAllele, "single-allele", Note, "a locus has only one allele", "nothing, if --single-allele is right for this file";
    Size, "size", Error, "a file is larger than 2 GiB", "split the file";
    Skipped, "skipped", Note, "a file, or some of its specimens, are skipped", "import them by themselves if they are needed";
    SourceLab, "source-lab", Note, "the laboratory of a CMF file is not read as the agency of its samples", "nothing, unless laboratories assign the same numbers; then add a column agency to the case list";
    SpreadsheetDate, "spreadsheet-date", Error, "a spreadsheet changed a genotype into a date", "format the columns as text and export the file again from its source";
    SpreadsheetError, "spreadsheet-error", Error, "a cell holds the error value of a spreadsheet", "correct the formula, or empty the cell";
    SpreadsheetNumber, "spreadsheet-number", Error, "a spreadsheet changed a genotype into a number in scientific notation", "format the columns as text and export the file again from its source";
    Statistic, "statistic", Note, "a row or column of a frequency table is a statistic", "nothing: statistics are skipped";
    Sum, "sum", Error, "the frequencies of a locus do not add up to 1", "look for a missing or wrong frequency";
    SumOff, "sum-off", Warning, "the frequencies of a locus are off by more than 0.005 from adding up to 1", "compare the locus with its source";
    Superseded, "superseded", Note, "a file was imported before, and later files changed its samples: it is skipped", "nothing; to import it nevertheless, give --on-conflict replace";
    SwappedSample, "swapped-sample", Warning, "a sample is unrelated to its family", "see `families check`; type the sample again";
    TableColumn, "table-column", Error, "a column of a frequency table is unknown", "correct the name, or remove the column";
    TableForm, "table-form", Error, "a file is not a frequency table of a known form", "write the columns locus, allele and frequency";
    TableLabel, "table-label", Error, "a row of a frequency table is not that of an allele", "write a repeat number, or remove the row";
    TableLocus, "table-locus", Error, "a locus of a frequency table is unknown", "correct the name, or keep it with --keep-locus";
    TableSize, "table-size", Error, "a frequency table is larger than any that is published", "give the table alone";
    Text, "text", Error, "a text is too long, contains a control character, or is out of place", "check that the columns are in place";
    TextNotKept, "text-not-kept", Warning, "free text is not kept, because the store has no custodian to seal it for", "add a custodian with `reunite vault recipients add`, then import again";
    TextRow, "text-row", Note, "a row of a frequency table holds only text", "nothing: titles and footnotes are skipped";
    Theta, "theta", Error, "theta is not below 1", "correct theta";
    ThirdParent, "third-parent", Error, "a child has three parents", "correct one of the three relations";
    TooMany, "too-many", Error, "an XML element is repeated more often than allowed", "remove the surplus elements";
    Truncated, "truncated", Error, "an XML file ends within an element", "export or copy the file again";
    Twins, "twins", Error, "identical twins are entered as two persons", "enter identical twins once";
    TwoAgencies, "two-agencies", Note, "a family_id is used by two agencies", "make sure that they are two families";
    TwoNames, "two-names", Error, "two rows or columns of a frequency table are one locus", "remove one of the two";
    TwoParents, "two-parents", Error, "a child has two fathers or two mothers in a pedigree", "correct the pedigree, or the sex of a parent";
    TypingAdded, "typing-added", Note, "a row is a further typing of a known sample", "nothing: its loci join those of the store";
    TypingDiffers, "typing-differs", Warning, "typings of one sample disagree at loci: these are not matched on", "compare both typings; type these loci a third time";
    UnknownCategory, "unknown-category", Warning, "the category of a row is neither that of a child nor of a relative", "write a category such as 打拐儿童 or 打拐父母, or check by hand that the row is in the right file";
    UnknownChild, "unknown-child", Error, "a row names a child that the store does not have", "import the child first, or correct the sample_id";
    UnknownFamily, "unknown-family", Error, "a row names a family that the store does not have", "import the family first, or correct the family_id";
    UnknownKit, "unknown-kit", Note, "a typing kit is unknown", "correct the name if it is misspelled";
    UnknownParent, "unknown-parent", Error, "a parent is not a person of the family", "correct the name, or add the person";
    UnknownSample, "unknown-sample", Error, "a row names a sample that the store does not have", "import the sample first, or correct the sample_id";
    Unlinked, "unlinked", Error, "a typed person cannot change any likelihood ratio, because nothing links the person with the missing child", "correct father and mother, or leave the person out";
    UnlistedLocus, "unlisted-locus", Warning, "neither a known kit nor the panel of the store has a locus", "compare the name with the kit; correct it if it is misspelled; else nothing, the locus is kept and not matched on";
    Unreadable, "unreadable", Error, "a file cannot be read", "check that the file exists and may be read";
    Untyped, "untyped", Error, "a sample has no genotypes", "remove the row";
    UnverifiedKit, "unverified-kit", Note, "the loci of a typing kit were not verified", "add --unverified-kits to check against it nevertheless";
    Utf8, "utf-8", Error, "a line is not UTF-8", "save the file as CSV UTF-8";
    Version, "version", Error, "the version of a CMF file is not supported", "export the file as version 3.2 or 3.3";
    Workbook, "workbook", Error, "a workbook cannot be read", "save it as CSV UTF-8";
    WrongRelation, "wrong-relation", Warning, "a sample fits in its family with another relation", "see `families check`; correct the relation";
    Xml, "xml", Error, "a file is not valid XML", "export the file again";
}

impl FindingCode {
    /// The stable word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.facts().word
    }

    /// The code of this word.
    ///
    /// # Errors
    /// [`UnknownWord`] if there is none.
    pub fn from_word(word: &str) -> Result<Self, UnknownWord> {
        let at = Self::ALL.binary_search_by(|code| code.word().cmp(word));
        at.map(|at| Self::ALL[at]).map_err(|_| UnknownWord { choices: "the codes of findings" })
    }

    /// The severity that findings of this code usually have. A single finding may have another: a conflict with the store
    /// is a warning once it has been decided.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.facts().severity
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.facts().meaning
    }

    /// What to do about it, in a few words.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        self.facts().remedy
    }
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for FindingCode {
    /// As its word.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_code_has_a_word_a_meaning_and_a_remedy() {
        let is_sentence_part = |text: &str| !text.trim().is_empty() && text.trim() == text && !text.ends_with('.');
        for code in FindingCode::ALL {
            let word = code.word();
            assert!(word.split('-').all(|part| !part.is_empty()), "{word}");
            assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{word}");
            assert!(is_sentence_part(code.meaning()), "{word}");
            assert!(is_sentence_part(code.remedy()), "{word}");
            assert_ne!(code.meaning(), code.remedy(), "{word}");
            assert_eq!(code.to_string(), word);
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{word}\""));
        }
    }

    #[test]
    fn words_are_unique_sorted_and_lead_back_to_their_codes() {
        assert!(FindingCode::ALL.is_sorted_by(|a, b| a.word() < b.word() && a < b));
        for &code in FindingCode::ALL {
            assert_eq!(FindingCode::from_word(code.word()), Ok(code));
        }
        for none in ["", "none", "Allele", "allele "] {
            assert!(FindingCode::from_word(none).is_err(), "{none}");
        }
    }

    /// The type of [`crate::intake::Problem::code`] is the proof that findings have no other codes; this finds codes that
    /// are handed on as text before they become one.
    #[test]
    fn no_code_is_text() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    for textual in [
                        ["code: &", "'static str"].concat(),
                        ["code: &", "str"].concat(),
                        ["code: ", "String"].concat(),
                    ] {
                        assert!(!text.contains(&textual), "{}: {textual}", path.display());
                    }
                }
            }
        }
    }
}
