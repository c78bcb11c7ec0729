//! An example of every kind of finding, for the guide. Those that are files are read by the tests, and give their code.

use crate::model::FindingCode;

/// An example of what gives a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// A file of families.
    Families(&'static str),
    /// A file of children.
    Children(&'static str),
    /// A case list of relatives, given beside a file of genotypes.
    CaseList(&'static str),
    /// A file of pedigrees for `import --pedigrees`.
    Pedigrees(&'static str),
    /// A file of cases for `lr`.
    Cases(&'static str),
    /// A table of allele frequencies.
    Frequencies(&'static str),
    /// What an element of a sound CMF file is, and what it is here.
    Cmf(&'static str, &'static str),
    /// What happened, in words: files alone do not show it.
    Told(&'static str),
}

impl Example {
    /// The word for its kind, for programs.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Families(_) => "families",
            Self::Children(_) => "children",
            Self::CaseList(_) => "case-list",
            Self::Pedigrees(_) => "pedigrees",
            Self::Cases(_) => "cases",
            Self::Frequencies(_) => "frequencies",
            Self::Cmf(..) => "cmf",
            Self::Told(_) => "words",
        }
    }

    /// The text; of CMF the changed part.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Families(text)
            | Self::Children(text)
            | Self::CaseList(text)
            | Self::Pedigrees(text)
            | Self::Cases(text)
            | Self::Frequencies(text)
            | Self::Cmf(_, text)
            | Self::Told(text) => text,
        }
    }
}

impl Example {
    /// What stands in a sound file instead, of CMF.
    #[must_use]
    pub fn sound(self) -> Option<&'static str> {
        if let Self::Cmf(sound, _) = self { Some(sound) } else { None }
    }

    /// What the file is, in words; empty if the example is none.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Families(_) => "a file of families",
            Self::Children(_) => "a file of children",
            Self::CaseList(_) => "a case list",
            Self::Pedigrees(_) => "a file of pedigrees",
            Self::Cases(_) => "a file of cases for `lr`",
            Self::Frequencies(_) => "a frequency table",
            Self::Cmf(..) => "a CMF file that has",
            Self::Told(_) => "",
        }
    }
}

/// The example of a code; `None` if there is none yet.
#[must_use]
pub fn example(code: FindingCode) -> Option<Example> {
    EXAMPLES.iter().find(|one| one.0 == code).map(|one| one.1)
}

use Example::{CaseList, Cases, Children, Cmf, Families, Frequencies, Pedigrees, Told};

/// One of each code, in the order of the codes.
const EXAMPLES: &[(FindingCode, Example)] = &[
    (FindingCode::AgeRange, Told("the apparent age 5-3, or young")),
    (FindingCode::Agency, Children("sample_id,sex,agency,vWA\nS1,f,A\u{200b},14\n")),
    (FindingCode::Alias, Children("Sample Name,Gender,vWA31\nS1,f,14/15\n")),
    (FindingCode::Alleged, Told("a CMF specimen of the category Alleged Father")),
    (FindingCode::Allele, Children("sample_id,sex,vWA\nS1,f,14x\n")),
    (FindingCode::AlleleClass, Frequencies("Allele,vWA\n14,0.6\n15,0.399\nOL,0.001\n")),
    (FindingCode::AlleleFar, Told("vWA 45, where the table lists 10 to 22")),
    (FindingCode::AlleleOrPair, Children("sample_id,sex,TH01\nS1,f,9/3\n")),
    (FindingCode::AlleleUnlisted, Told("vWA 10.1, which the table does not list")),
    (FindingCode::AmbiguousLocus, Children("sample_id,sex,D5S2500\nS1,f,14/15\n")),
    (FindingCode::Amelogenin, Children("sample_id,sex,AMEL,vWA\nS1,f,Z,14\n")),
    (FindingCode::AmelogeninSex, Children("sample_id,sex,AMEL,vWA\nS1,m,X,14\n")),
    (FindingCode::Attribute, Cmf("<SPECIMEN>", "<SPECIMEN COLOUR=\"red\">")),
    (FindingCode::BasePairs, Told("a locus of a .fam file with the alleles 263 and 267")),
    (FindingCode::BirthCertificateForm, Children("sample_id,sex,birth_certificate,vWA\nS1,f,12,14\n")),
    (FindingCode::BirthCertificateProvince, Children("sample_id,sex,birth_certificate,vWA\nS1,f,M990123456,14\n")),
    (
        FindingCode::BothParents,
        Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,a,a,,yes,\nF1,a,,,,,S1\n"),
    ),
    (
        FindingCode::Category,
        Cmf(
            "<SPECIMENCATEGORY>Unidentified Person</SPECIMENCATEGORY>",
            "<SPECIMENCATEGORY>Somebody</SPECIMENCATEGORY>",
        ),
    ),
    (FindingCode::Child, Cases("case,person,relation,sex,locus,allele1,allele2\nc,dad,father,m,vWA,14,15\n")),
    (
        FindingCode::CmfLine,
        Children(
            "1.0\n1\nIMPORT\nLAB1\nLAB2\n2024/03/05 08:00:00\nAB\nOther program\n1\nDNA Analysis Result\n1.0\nPCR\nS1\n",
        ),
    ),
    (FindingCode::CodedWord, Told("the dialect \"like in the south\", which is not in the list")),
    (FindingCode::Column, Pedigrees("family_id,person,father,mother,sex,missing,sample_id,height\nF1,kid,,,,yes,,\n")),
    (FindingCode::Columns, Told("a line of 20,000 semicolons")),
    (FindingCode::Compressed, Told("children.csv.gz, or a .zip of files")),
    (
        FindingCode::ConflictCertificate,
        Told("the store has the certificate of a girl; the extract of May says it is of a boy"),
    ),
    (
        FindingCode::ConflictFewShared,
        Told("the store has S1 at 15 loci; the file has it at 8 loci, of which 3 are among these"),
    ),
    (
        FindingCode::ConflictHalf,
        Told("the store has the mother of F1 by relation; the file gives the father by pedigree"),
    ),
    (FindingCode::ConflictItself, Told("S1 is a father on line 2 and an uncle of the same family on line 9")),
    (FindingCode::ConflictMetadata, Told("the store has S1 of the region Jinan; the file says Zibo")),
    (FindingCode::ConflictPedigree, Told("the store has F1 with one brother in its pedigree; the file has two")),
    (FindingCode::ConflictProfile, Told("the store has S1 with vWA 14/15; the file has 14/16")),
    (FindingCode::ConflictRelation, Told("the store has S1 as the father of F1; the file as an uncle")),
    (FindingCode::ConflictRole, Told("the store has S1 as a child of unknown origin; the file as a mother")),
    (FindingCode::ConflictSecond, Told("the store has S1 as the father of F1; the file gives S9 as its father")),
    (FindingCode::ConflictSex, Told("the store has S1 as female; the file as male")),
    (
        FindingCode::ConflictUnplaced,
        Told("the store has S1 in F1; the pedigree in the file has no person with that sample"),
    ),
    (FindingCode::Contradiction, Told("father 14/14, mother 15/15, full sibling 16/17, at several loci")),
    (FindingCode::Control, Children("sample_id,sex,vWA\nS1,f,14\n9947A,f,17/18\n")),
    (FindingCode::ControlCharacter, Children("sample_id,sex,vWA\nS1\u{7},f,14\n")),
    (FindingCode::Count, Told("nFamilies= 3 in a .fam file that has 2")),
    (FindingCode::CutOff, Children("sample_id,sex,vWA,FGA\nS1,f,14,22\nS2,f,15")),
    (
        FindingCode::Cycle,
        Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,a,,,yes,\nF1,a,b,,,,S1\nF1,b,a,,,,\n"),
    ),
    (FindingCode::Date, Children("sample_id,sex,collected_on,vWA\nS1,f,spring,14\n")),
    (FindingCode::Delimiter, Children("sample_id|sex|vWA\nS1|f|14\n")),
    (FindingCode::Depth, Told("elements that are nested more deeply than in any CMF file")),
    (FindingCode::Digits, Told("370102199003071234 as a number in a workbook, which keeps 15 digits")),
    (FindingCode::Doctype, Told("<!DOCTYPE ...> before the first element")),
    (FindingCode::DropOut, Children("sample_id,sex,drop_out,vWA\nS1,f,1.5,14\n")),
    (FindingCode::DyeChannel, Children("sample_id,sex,vWA-1,FGA-2,D3S1358-1\nS1,f,14/15,22/23,15/16\n")),
    (FindingCode::Element, Cmf("<SPECIMENCATEGORY>", "<COLOUR>red</COLOUR><SPECIMENCATEGORY>")),
    (FindingCode::Elsewhere, Children("sample_id,sex,DYS391,vWA\nS1,m,10,14\n")),
    (FindingCode::Empty, Children("")),
    (FindingCode::EmptyElement, Cmf("<SPECIMENID>S1</SPECIMENID>", "<SPECIMENID></SPECIMENID>")),
    (FindingCode::EmptyLocus, Frequencies("Allele,vWA,FGA\n14,0.6,\n15,0.4,\n")),
    (FindingCode::Encoding, Cmf("encoding=\"UTF-8\"", "encoding=\"Latin-7\"")),
    (FindingCode::EncodingUnclear, Told("a Big5 file, most of whose characters would be rare ones in GB18030")),
    (FindingCode::End, Told("a .fam file whose last half was not copied")),
    (FindingCode::Entity, Cmf("<SPECIMENID>S1</SPECIMENID>", "<SPECIMENID>S&one;</SPECIMENID>")),
    (FindingCode::ExchangedSamples, Told("the mother's sample fits as the father's, and the other way round")),
    (FindingCode::Expunged, Told("S1 was expunged in March; the file of April has S1 again")),
    (FindingCode::FactDates, Told("born on 1 May 2010, and missing since April 2010")),
    (FindingCode::FewLoci, Told("a profile with 5 typed loci")),
    (FindingCode::Fields, Children("sample_id,sex,vWA\nS1,f\n")),
    (FindingCode::FilledDown, Frequencies("locus,allele,frequency\nvWA,14,0.6\n,15,0.4\n")),
    (FindingCode::Flag, Told("TRUE in a .fam file, where #TRUE# belongs")),
    (FindingCode::Format, Told("--format cmf with a CSV file")),
    (FindingCode::Frequencies, Told("500 profiles of another population than the store's table")),
    (FindingCode::FrequenciesColumn, Told("D3S1358 and vWA have exchanged their headers")),
    (FindingCode::FrequenciesShift, Told("every allele of vWA is one repeat too short")),
    (FindingCode::FrequencyUnits, Frequencies("Allele,vWA\n14,50%\n15,0.5\n")),
    (FindingCode::FrequencyValue, Frequencies("locus,allele,frequency\nvWA,14,0.5\nvWA,15,-0.5\n")),
    (FindingCode::GivenUp, Told("a file of 500 MiB without a valid row after the first 2 MiB")),
    (FindingCode::HalfLocus, Children("sample_id,sex,vWA_1\nS1,f,14\n")),
    (FindingCode::HalfTyped, Children("sample_id,sex,vWA,FGA\nS1,f,14/?,22\n")),
    (FindingCode::Header, Children("\nS1,f,14\n")),
    (FindingCode::Homozygosity, Told("15 of 20 loci are homozygous")),
    (FindingCode::IdCheckDigit, Children("sample_id,sex,resident_id,vWA\nS1,f,370102199003071234,14\n")),
    (FindingCode::IdDate, Children("sample_id,sex,resident_id,vWA\nS1,f,370102199013071223,14\n")),
    (FindingCode::IdForm, Children("sample_id,sex,resident_id,vWA\nS1,f,12345,14\n")),
    (FindingCode::IdSex, Told("a number whose 17th digit is odd, as a man's, for a woman")),
    (FindingCode::IdSmallX, Told("a sample named by a resident ID number that ends with x")),
    (FindingCode::Identifier, Children("sample_id,sex,vWA\n,f,14\n")),
    (FindingCode::IdentifierFolded, Children("sample_id,sex,vWA\nS\u{ff11},f,14\n")),
    (FindingCode::IdentifierForm, Children("sample_id,sex,vWA\nS1,f,14\ns1,f,15\n")),
    (FindingCode::IdentifierLookalike, Children("sample_id,sex,vWA\nS\u{2013}1,f,14\n")),
    (FindingCode::IdentifierPlaceholder, Children("sample_id,sex,vWA\nN/A,f,14\n")),
    (FindingCode::IdentifierSpreadsheet, Children("sample_id,sex,vWA\n3.70102E+17,f,14\n")),
    (FindingCode::Identities, Told("the disk failed during the search for persons with two numbers")),
    (FindingCode::IgnoredColumn, Told("a column colour, and --ignore-unknown")),
    (FindingCode::Index, Told("person 7 in a .fam file with 5 persons")),
    (FindingCode::KeepingTerms, Told("a consent with a reference and without its kind, in a list of terms")),
    (FindingCode::KeepingWord, Told("the purpose matching, where search belongs, in a list of terms")),
    (FindingCode::KitLocus, Told("a row of the kit GlobalFiler with a genotype at Penta E")),
    (FindingCode::LadderLine, Frequencies("vWA\n14\t0.6\n15\t0.4\t7\n")),
    (FindingCode::Layout, Children("family_id,sample_id,relation,sex,vWA\nF1,S1,father,m,14\n")),
    (FindingCode::LayoutUnknown, Told("a CMF file of families alone, without --as")),
    (
        FindingCode::Length,
        Cmf("<SPECIMENID>S1</SPECIMENID>", "<SPECIMENID>S12345678901234567890123456789</SPECIMENID>"),
    ),
    (FindingCode::LineBreak, Told("a cell of a workbook with two lines")),
    (FindingCode::LineEnd, Children("sample_id,sex,vWA\nS1,f\r,14\n")),
    (FindingCode::LineLength, Told("a line of 70,000 bytes")),
    (FindingCode::Loci, Told("0 systems in the database of a .fam file")),
    (FindingCode::Locus, Children("sample_id,sex,vWB\nS1,f,14\n")),
    (FindingCode::LocusUntyped, Told("a column FGA in which every cell is empty")),
    (FindingCode::ManyAlleles, Children("sample_id,sex,vWA,FGA\nS1,f,14/15/16,22\n")),
    (FindingCode::ManyRows, Told("a locus of a frequency table with 130 alleles")),
    (FindingCode::MappedLocus, Told("--map with \"vWA\" = \"FGA\" under [columns]")),
    (FindingCode::Mark, Told("the mark \"scar like a star\", where \"scar left forearm\" belongs")),
    (FindingCode::MarkedAllele, Children("sample_id,sex,vWA,FGA\nS1,f,14-NB,22\n")),
    (FindingCode::MessageType, Cmf("<MESSAGETYPE>Import</MESSAGETYPE>", "<MESSAGETYPE>Reply</MESSAGETYPE>")),
    (FindingCode::MissingChild, Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,,,,,\n")),
    (FindingCode::MissingColumn, Families("sample_id,relation,sex,vWA\nS1,father,m,14\n")),
    (FindingCode::MissingElement, Cmf("<SPECIMENCATEGORY>Unidentified Person</SPECIMENCATEGORY>", "")),
    (FindingCode::MissingMark, Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,,,,perhaps,\n")),
    (FindingCode::MissingName, Told("--missing Anna, and nobody in the .fam file has that name")),
    (
        FindingCode::MissingTwice,
        Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,,,,yes,\nF1,kid 2,,,,yes,\n"),
    ),
    (FindingCode::MissingTyped, Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,,,,yes,S1\n")),
    (FindingCode::MissingUnlinked, Told("Missing person of a .fam file, who is in no relation")),
    (FindingCode::Mixture, Children("sample_id,sex,vWA,FGA,TH01,TPOX\nS1,f,14/15/16,20/21/22,6/7/9,8/9/11\n")),
    (FindingCode::More, Told("more than 100,000 findings in one file")),
    (FindingCode::Mutation, Told("father 14/15 and full sibling 16/17 at one locus")),
    (FindingCode::Names, Told("Father is a person of two families of a .fam file")),
    (FindingCode::NewLocus, Frequencies("Allele,vWA,Penta_X\n10,,1\n14,1,\n")),
    (FindingCode::NoAllele, Frequencies("Allele,vWA\nOL,1\n")),
    (FindingCode::NoCase, Told("the file of genotypes has S9, and the case list has not")),
    (FindingCode::NoDvi, Told("a .fam project without unidentified persons, imported --as children")),
    (FindingCode::NoFirstAllele, Children("sample_id,sex,vWA_1,vWA_2\nS1,f,,15\n")),
    (FindingCode::NoGenotypes, Told("the case list has S9, and no file of genotypes has it")),
    (FindingCode::NoLoci, Children("sample_id,sex\nS1,f\n")),
    (FindingCode::NoMissing, Told("a .fam family in whose pedigree nobody is called Missing person")),
    (FindingCode::NoPlace, Told("a row of the relation member, whose sample the pedigree file does not name")),
    (
        FindingCode::NoPopulations,
        Told("--population Han with a table that has the columns locus, allele and frequency"),
    ),
    (FindingCode::NoRelatives, Told("a family of a .fam file in which nobody is typed")),
    (FindingCode::NoResult, Children("sample_id,sex,vWA,FGA\nS1,f,N/A,22\n")),
    (FindingCode::NoRows, Children("sample_id,sex,vWA\n")),
    (FindingCode::NoSex, Told("a GeneMapper table, which has no column for the sex")),
    (FindingCode::NotCmf, Told("an XML file that begins with <html>")),
    (FindingCode::NotInPanel, Children("sample_id,sex,vWA,SE33\nS1,f,14,20\n")),
    (FindingCode::NotKept, Children("sample_id,sex,address,vWA\nS1,f,x,14\n")),
    (FindingCode::NotRead, CaseList("sample_id,family_id,relation,sex,vWA\nS1,F1,father,m,14\n")),
    (FindingCode::NotRelated, Told("a step-parent in a .fam family")),
    (FindingCode::Nul, Children("sample_id,sex,vWA\nS\u{0}1,f,14\n")),
    (FindingCode::Number, Told("Allele1= x in a .fam file")),
    (FindingCode::OffLadder, Children("sample_id,sex,vWA,FGA\nS1,f,OL,22\n")),
    (FindingCode::OnlyControls, Children("sample_id,sex,vWA\nLadder,,14\nNC,,\n")),
    (
        FindingCode::Order,
        Cmf(
            "<SPECIMENID>S1</SPECIMENID><SPECIMENCATEGORY>Unidentified Person</SPECIMENCATEGORY>",
            "<SPECIMENCATEGORY>Unidentified Person</SPECIMENCATEGORY><SPECIMENID>S1</SPECIMENID>",
        ),
    ),
    (FindingCode::OtherCategory, Children("sample_id,sex,category,vWA\nS1,m,父亲,14\n")),
    (FindingCode::ParentBySex, Told("a CMF parent whose specimen states the sex")),
    (
        FindingCode::ParentSex,
        Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,a,,,yes,\nF1,a,,,f,,S1\n"),
    ),
    (
        FindingCode::ParentSide,
        Families("family_id,sample_id,relation,sex,vWA\nF1,S1,parent,,14\nF1,S2,paternal-uncle,m,14\n"),
    ),
    (
        FindingCode::Parents,
        Cases(
            "case,person,relation,sex,locus,allele1,allele2\nc,kid,child,,vWA,14,15\nc,a,parent,,vWA,14,15\nc,b,parent,,vWA,14,15\nc,d,father,,vWA,14,15\n",
        ),
    ),
    (FindingCode::Partial, Cmf("<SPECIMEN>", "<SPECIMEN PARTIAL=\"true\">")),
    (FindingCode::Pedigree, Told("a .fam family whose members are in two groups without a link")),
    (FindingCode::PedigreeSample, Told("the pedigree file names S1 and S2 in F1, and the file has a row of S1 alone")),
    (FindingCode::Pedigrees, Told("--pedigrees given beside a .fam file")),
    (FindingCode::Person, Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,,,,,yes,\n")),
    (FindingCode::Persons, Told("a family of 60 persons")),
    (FindingCode::PlaceCode, Told("the place of birth Jinan, where 370100 belongs")),
    (FindingCode::Population, Frequencies("locus,allele,Han,Hui\nvWA,14,1,\nvWA,15,,1\n")),
    (FindingCode::Preamble, Children("Laboratory export\nsample_id,sex,vWA\nS1,f,14\n")),
    (FindingCode::Quote, Children("sample_id,sex,vWA\nS1,\"f,14\n")),
    (FindingCode::RareAllele, Told("Minor allele frequency = 1.5 in a .fam file")),
    (FindingCode::Relation, Families("family_id,sample_id,relation,sex,vWA\nF1,S1,friend,m,14\n")),
    (FindingCode::RelationNumber, Families("family_id,sample_id,relation,sex,vWA\nF1,S1,1,m,14\n")),
    (FindingCode::RelationOther, Families("family_id,sample_id,relation,sex,vWA\nF1,S1,spouse,m,14\n")),
    (FindingCode::RelationPedigree, Families("family_id,sample_id,relation,sex,vWA\nF1,S1,member,m,14\n")),
    (FindingCode::RelationUnclear, Families("family_id,sample_id,relation,sex,vWA\nF1,S1,brother,m,14\n")),
    (FindingCode::RepeatedAllele, Told("14 twice at vWA in the database of a .fam file")),
    (FindingCode::RepeatedColumn, Children("sample_id,sex,sex,vWA\nS1,f,f,14\n")),
    (
        FindingCode::RepeatedElement,
        Cmf("<SPECIMENID>S1</SPECIMENID>", "<SPECIMENID>S1</SPECIMENID><SPECIMENID>S1</SPECIMENID>"),
    ),
    (FindingCode::RepeatedFamily, Told("two pedigrees called Case 7 in a .fam file")),
    (
        FindingCode::RepeatedLocus,
        Cases("case,person,relation,sex,locus,allele1,allele2\nc,kid,child,,vWA,14,15\nc,kid,child,,vWA,14,15\n"),
    ),
    (
        FindingCode::RepeatedPerson,
        Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,,,,yes,\nF1,kid,,,,,\n"),
    ),
    (FindingCode::RepeatedSample, Children("sample_id,sex,vWA\nS1,f,14\nS1,f,14\n")),
    (FindingCode::RestAllele, Told("Rest allele among the alleles of vWA in the database of a .fam file")),
    (FindingCode::SamePerson, Told("the father's and the uncle's sample have one profile")),
    (FindingCode::SameProfile, Told("S1 and S9 agree at 20 loci")),
    (FindingCode::SameProfileMore, Told("more than 20 pairs of samples with the same profile")),
    (
        FindingCode::SampleAlleles,
        Frequencies(
            "Allele,vWA,FGA\n10,0.0074,0.0074\n11,0.0124,0.0124\n12,0.1015,0.1015\n13,0.1906,0.1906\n14,0.2500,0.2500\n15,0.2252,0.2252\n16,0.1361,0.1361\n17,0.0520,0.0520\n18,0.0173,0.0173\n19,0.0074,0.0074\nN,404,404\n",
        ),
    ),
    (
        FindingCode::SampleDiffers,
        Families("family_id,sample_id,relation,sex,vWA\nF1,S1,father,m,14\nF2,S1,father,m,15\n"),
    ),
    (FindingCode::SampleOrRelation, Told("a full sibling who shares too few alleles with both parents")),
    (FindingCode::SampleSize, Frequencies("Allele;vWA\n14;1\nN;1,008\n")),
    (FindingCode::SampleSizes, Frequencies("Allele,vWA\n14,1\nN,100\n2N,300\n")),
    (
        FindingCode::SampleTwoAgencies,
        CaseList("sample_id,family_id,relation,sex,agency\nS1,F1,father,m,Jinan\nS1,F1,father,m,Zibo\n"),
    ),
    (
        FindingCode::SecondFather,
        Families("family_id,sample_id,relation,sex,vWA\nF1,S1,father,m,14\nF1,S2,father,m,15\n"),
    ),
    (
        FindingCode::SecondMaternalGrandfather,
        Families(
            "family_id,sample_id,relation,sex,vWA\nF1,S1,maternal-grandfather,m,14\nF1,S2,maternal-grandfather,m,15\n",
        ),
    ),
    (
        FindingCode::SecondMaternalGrandmother,
        Families(
            "family_id,sample_id,relation,sex,vWA\nF1,S1,maternal-grandmother,f,14\nF1,S2,maternal-grandmother,f,15\n",
        ),
    ),
    (
        FindingCode::SecondMother,
        Families("family_id,sample_id,relation,sex,vWA\nF1,S1,mother,f,14\nF1,S2,mother,f,15\n"),
    ),
    (
        FindingCode::SecondParent,
        Cases(
            "case,person,relation,sex,locus,allele1,allele2\nc,kid,child,,vWA,14,15\nc,a,father,,vWA,14,15\nc,b,father,,vWA,14,15\n",
        ),
    ),
    (
        FindingCode::SecondPaternalGrandfather,
        Families(
            "family_id,sample_id,relation,sex,vWA\nF1,S1,paternal-grandfather,m,14\nF1,S2,paternal-grandfather,m,15\n",
        ),
    ),
    (
        FindingCode::SecondPaternalGrandmother,
        Families(
            "family_id,sample_id,relation,sex,vWA\nF1,S1,paternal-grandmother,f,14\nF1,S2,paternal-grandmother,f,15\n",
        ),
    ),
    (FindingCode::Section, Told("[[Reference Families]] is missing in a .fam file with a DVI part")),
    (
        FindingCode::SeveralMissing,
        Told("Missing 1 and Missing 2 in one family of a .fam file, both with typed relatives"),
    ),
    (FindingCode::Sex, Children("sample_id,sex,vWA\nS1,x,14\n")),
    (FindingCode::SexContradiction, Families("family_id,sample_id,relation,sex,vWA\nF1,S1,father,f,14\n")),
    (FindingCode::SexNotStated, Children("sample_id,sex,AMEL,vWA\nS1,,X/Y,14\n")),
    (FindingCode::SexNumber, Children("sample_id,sex,vWA\nS1,2,14\n")),
    (FindingCode::SharedLines, Told("a CMF file written as one line")),
    (FindingCode::Sheet, Told("--sheet Profiles, and the workbook has no sheet of that name")),
    (FindingCode::Sheets, Told("a workbook with cells on the sheets Jinan and Zibo, and no --sheet")),
    (FindingCode::ShortRow, Children("sample_id,sex,vWA,FGA\nS1,f,14\nS2,f,15,22\n")),
    (FindingCode::Silent, Told("a silent allele of frequency 1 in a .fam file")),
    (FindingCode::SingleAllele, Children("sample_id,sex,vWA_1,vWA_2\nS1,f,14,\n")),
    (FindingCode::Size, Told("a file of 3 GiB")),
    (FindingCode::Skipped, Told("notes.docx in a folder of CSV files")),
    (FindingCode::SourceLab, Told("a CMF file of the laboratory LAB1, and a case list without the column agency")),
    (FindingCode::SpreadsheetDate, Children("sample_id,sex,vWA\nS1,f,Oct-11\n")),
    (FindingCode::SpreadsheetError, Children("sample_id,sex,vWA\nS1,f,#N/A\n")),
    (FindingCode::SpreadsheetNumber, Children("sample_id,sex,vWA\nS1,f,1.1E+01\n")),
    (FindingCode::Statistic, Frequencies("Allele,vWA\n14,0.6\n15,0.4\nHo,0.7\n")),
    (FindingCode::Sum, Told("the frequencies of vWA in a .fam file add up to 1.2")),
    (FindingCode::SumOff, Frequencies("locus,allele,frequency\nvWA,14,0.5\nvWA,15,0.48\n")),
    (FindingCode::Superseded, Told("yesterday's file is imported again, after today's file has replaced S1")),
    (FindingCode::SwappedSample, Told("the mother's sample is related to nobody in the family")),
    (FindingCode::TableColumn, Frequencies("locus,allele,frequency,region\nvWA,14,1,x\n")),
    (FindingCode::TableForm, Frequencies("sample_id,sex,vWA\nS1,m,14/15\n")),
    (FindingCode::TableLabel, Frequencies("Allele,vWA\n14,1\nmode,0.5\n")),
    (FindingCode::TableLocus, Frequencies("locus,allele,frequency\nL1,6,1\n")),
    (FindingCode::TableSize, Told("a frequency table of 100 MiB")),
    (FindingCode::Text, Children("sample_id,sex,region,vWA\nS1,f,Ji\u{7f}nan,14\n")),
    (FindingCode::TextNotKept, Told("the column marks_text has text, and `reunite vault recipients list` is empty")),
    (FindingCode::TextRow, Frequencies("Allele,vWA\n14,0.6\n15,0.4\nInvented numbers\n")),
    (FindingCode::Theta, Told("Theta/Kinship/Fst: 1 in a .fam file")),
    (
        FindingCode::ThirdParent,
        Families("family_id,sample_id,relation,sex,vWA\nF1,S1,parent,,14\nF1,S2,father,m,15\nF1,S3,parent,,16\n"),
    ),
    (FindingCode::TooMany, Told("a ninth ALLELE of one LOCUS in a CMF file")),
    (FindingCode::Truncated, Cmf("</SPECIMEN>\n</CODISImportFile>", "")),
    (FindingCode::Twins, Told("two persons of a .fam file linked as identical twins")),
    (FindingCode::TwoAgencies, Told("F1 of Jinan and F1 of Zibo in one file")),
    (FindingCode::TwoNames, Frequencies("Allele,TH01,THO1\n6,1,1\n")),
    (FindingCode::TwoParents, Told("two fathers of one person in a .fam file")),
    (FindingCode::TypingAdded, Told("the store has S1 at 15 loci; the file at 23, of which 15 are these and agree")),
    (FindingCode::TypingDiffers, Told("--on-conflict add; the store has S1 with vWA 14/15, the file with 14/14")),
    (FindingCode::UnknownCategory, Children("sample_id,sex,category,vWA\nS1,m,visitor,14\n")),
    (FindingCode::UnknownChild, Told("a claim of S1, and no file of children with S1 was imported")),
    (FindingCode::UnknownFamily, Told("a missing child of F1, and no file of families with F1 was imported")),
    (FindingCode::UnknownKit, Children("sample_id,sex,kit,vWA\nS1,f,My kit,14\n")),
    (
        FindingCode::UnknownParent,
        Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,dad,,,yes,\n"),
    ),
    (FindingCode::UnknownSample, Told("terms of a sample that was not imported")),
    (
        FindingCode::Unlinked,
        Pedigrees(
            "family_id,person,father,mother,sex,missing,sample_id\nF1,kid,dad,,,yes,\nF1,dad,,,m,,\nF1,grandfather,,,m,,S1\n",
        ),
    ),
    (FindingCode::UnlistedLocus, Children("sample_id,sex,vWA,D3S1385\nS1,f,14,15\n")),
    (FindingCode::Unreadable, Told("a file that the account has no permission to read")),
    (FindingCode::Untyped, Children("sample_id,sex,vWA\nS1,f,\n")),
    (FindingCode::UnverifiedKit, Told("a kit that `reunite kits` marks as not verified")),
    (FindingCode::Utf8, Told("a byte FF in a line of a UTF-8 file")),
    (FindingCode::Version, Cmf("<HEADERVERSION>3.2</HEADERVERSION>", "<HEADERVERSION>9.9</HEADERVERSION>")),
    (FindingCode::Workbook, Told("a workbook that was renamed, or is protected by a password")),
    (FindingCode::WrongRelation, Told("a maternal uncle whose profile fits as a paternal one's")),
    (FindingCode::Xml, Cmf("</SPECIMENID>", "</SPECIMEN-ID>")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::tests::{panel, pseudonymizer, request};
    use crate::intake::{
        CaseList as List, FamilyPedigrees, Intake, Layout, Problem, TableRequest, read_bytes, read_cases,
        read_frequency_table,
    };

    const CMF: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CODISImportFile xmlns=\"urn:CODISImportFile-schema\">\
        <HEADERVERSION>3.2</HEADERVERSION><MESSAGETYPE>Import</MESSAGETYPE><DESTINATIONORI>SD37</DESTINATIONORI>\
        <SOURCELAB>LAB1</SOURCELAB><SUBMITBYUSERID>u</SUBMITBYUSERID>\
        <SUBMITDATETIME>2024-03-05T08:00:00</SUBMITDATETIME><BATCHID>B</BATCHID><KIT>GlobalFiler</KIT>\n\
        <SPECIMEN>\n<SPECIMENID>S1</SPECIMENID><SPECIMENCATEGORY>Unidentified Person</SPECIMENCATEGORY>\n\
        <LOCUS><LOCUSNAME>vWA</LOCUSNAME><READINGBY>u</READINGBY><READINGDATETIME>2024-03-05T08:00:00</READINGDATETIME>\
        <ALLELE><ALLELEVALUE>14</ALLELEVALUE></ALLELE></LOCUS>\n</SPECIMEN>\n</CODISImportFile>\n";

    fn found(example: Example) -> Option<Vec<Problem>> {
        let (names, panel) = (pseudonymizer(), panel());
        let read = |layout, text: &str| {
            let Intake { problems, notes, .. } = read_bytes("f", text.as_bytes(), &request(layout, &panel, &names));
            [problems, notes].concat()
        };
        Some(match example {
            Families(text) => read(Layout::Families, text),
            Children(text) => read(Layout::Children, text),
            Cmf(from, to) => {
                assert!(CMF.contains(from), "{from}");
                read(Layout::Children, &CMF.replacen(from, to, 1))
            }
            CaseList(text) => List::read("f", text.as_bytes(), &request(Layout::Families, &panel, &names))
                .map_or_else(|problems| problems, |list| list.notes().to_vec()),
            Pedigrees(text) => {
                FamilyPedigrees::read("f", text.as_bytes(), &names, crate::intake::SpreadsheetNumbers::default())
                    .err()
                    .unwrap_or_default()
            }
            Cases(text) => read_cases("f", text.as_bytes(), &panel, None).err().unwrap_or_default(),
            Frequencies(text) => read_frequency_table("f", text.as_bytes(), &TableRequest::default())
                .map_or_else(|problems| problems, |read| read.notes),
            Told(_) => return None,
        })
    }

    #[test]
    fn the_sound_cmf_file_is_sound() {
        assert_eq!(found(Cmf("", "")).unwrap().iter().filter(|one| one.code == FindingCode::Xml).count(), 0);
    }

    #[test]
    fn every_code_has_an_example() {
        let missing: Vec<String> =
            FindingCode::ALL.iter().filter(|code| example(**code).is_none()).map(ToString::to_string).collect();
        assert!(
            missing.is_empty(),
            "no example for: {}; add each to EXAMPLES in src/intake/examples.rs",
            missing.join(", ")
        );
        assert!(EXAMPLES.is_sorted_by(|a, b| a.0 < b.0), "the examples are in the order of the codes, each once");
    }

    #[test]
    fn examples_that_are_files_give_their_code() {
        let mut wrong = Vec::new();
        for &(code, example) in EXAMPLES {
            if let Some(found) = found(example)
                && !found.iter().any(|problem| problem.code == code)
            {
                let codes: Vec<String> = found.iter().map(|problem| problem.code.to_string()).collect();
                wrong.push(format!("{code}: {}", codes.join(" ")));
            }
        }
        assert!(wrong.is_empty(), "examples that give other codes:\n{}", wrong.join("\n"));
    }
}
