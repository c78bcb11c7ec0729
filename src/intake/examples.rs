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
            Self::Cmf(..) => "cmf",
            Self::Told(_) => "words",
        }
    }

    /// The text; of CMF what stands in the file.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Families(text)
            | Self::Children(text)
            | Self::CaseList(text)
            | Self::Pedigrees(text)
            | Self::Cases(text)
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

use Example::{CaseList, Cases, Children, Cmf, Families, Pedigrees, Told};

/// One of each code, in the order of the codes.
const EXAMPLES: &[(FindingCode, Example)] = &[
    (FindingCode::Agency, Children("sample_id,sex,agency,vWA\nS1,f,A\u{200b},14\n")),
    (FindingCode::Alias, Children("Sample Name,Gender,vWA31\nS1,f,14/15\n")),
    (FindingCode::Alleged, Told("a CMF specimen of the category Alleged Father")),
    (FindingCode::Allele, Children("sample_id,sex,vWA\nS1,f,14x\n")),
    (FindingCode::AlleleFar, Told("vWA 45, where the table lists 10 to 22")),
    (FindingCode::AlleleUnlisted, Told("vWA 10.1, which the table does not list")),
    (FindingCode::AmbiguousLocus, Children("sample_id,sex,D5S2500\nS1,f,14/15\n")),
    (FindingCode::Amelogenin, Children("sample_id,sex,AMEL,vWA\nS1,f,Z,14\n")),
    (FindingCode::AmelogeninSex, Children("sample_id,sex,AMEL,vWA\nS1,m,X,14\n")),
    (FindingCode::Attribute, Cmf("<SPECIMEN>", "<SPECIMEN COLOUR=\"red\">")),
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
    (FindingCode::Column, Pedigrees("family_id,person,father,mother,sex,missing,sample_id,height\nF1,kid,,,,yes,,\n")),
    (FindingCode::Columns, Told("a line of 20,000 semicolons")),
    (FindingCode::Compressed, Told("children.csv.gz, or a .zip of files")),
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
    (FindingCode::Control, Children("sample_id,sex,vWA\nS1\u{7},f,14\n")),
    (FindingCode::Count, Told("nFamilies= 3 in a .fam file that has 2")),
    (
        FindingCode::Cycle,
        Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,a,,,yes,\nF1,a,b,,,,S1\nF1,b,a,,,,\n"),
    ),
    (FindingCode::Date, Children("sample_id,sex,collected_on,vWA\nS1,f,spring,14\n")),
    (FindingCode::Delimiter, Children("sample_id|sex|vWA\nS1|f|14\n")),
    (FindingCode::Depth, Told("more elements within each other than any CMF file has")),
    (FindingCode::Digits, Told("370102199003071234 as a number in a workbook, which keeps 15 digits")),
    (FindingCode::Doctype, Told("<!DOCTYPE ...> before the first element")),
    (FindingCode::DropOut, Children("sample_id,sex,drop_out,vWA\nS1,f,1.5,14\n")),
    (FindingCode::Element, Cmf("<SPECIMENCATEGORY>", "<COLOUR>red</COLOUR><SPECIMENCATEGORY>")),
    (FindingCode::Elsewhere, Children("sample_id,sex,DYS391,vWA\nS1,m,10,14\n")),
    (FindingCode::Empty, Children("")),
    (FindingCode::EmptyElement, Cmf("<SPECIMENID>S1</SPECIMENID>", "<SPECIMENID></SPECIMENID>")),
    (FindingCode::Encoding, Cmf("encoding=\"UTF-8\"", "encoding=\"Latin-7\"")),
    (FindingCode::End, Told("a .fam file whose last half was not copied")),
    (FindingCode::Entity, Cmf("<SPECIMENID>S1</SPECIMENID>", "<SPECIMENID>S&one;</SPECIMENID>")),
    (FindingCode::ExchangedSamples, Told("the mother's sample fits as the father's, and the other way round")),
    (FindingCode::FewLoci, Told("a profile with 5 typed loci")),
    (FindingCode::Fields, Children("sample_id,sex,vWA\nS1,f\n")),
    (FindingCode::Flag, Told("TRUE in a .fam file, where #TRUE# belongs")),
    (FindingCode::Format, Told("--format cmf with a CSV file")),
    (FindingCode::Frequencies, Told("500 profiles of another population than the store's table")),
    (FindingCode::FrequenciesColumn, Told("D3S1358 and vWA have exchanged their headers")),
    (FindingCode::FrequenciesShift, Told("every allele of vWA is one repeat too short")),
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
    (FindingCode::Identities, Told("the disk failed while persons with two numbers were looked for")),
    (FindingCode::Index, Told("person 7 in a .fam file with 5 persons")),
    (FindingCode::KitLocus, Told("a row of the kit GlobalFiler with a genotype at Penta E")),
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
    (FindingCode::MessageType, Cmf("<MESSAGETYPE>Import</MESSAGETYPE>", "<MESSAGETYPE>Reply</MESSAGETYPE>")),
    (FindingCode::MissingChild, Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,,,,,\n")),
    (FindingCode::MissingColumn, Families("sample_id,relation,sex,vWA\nS1,father,m,14\n")),
    (FindingCode::MissingElement, Cmf("<SPECIMENCATEGORY>Unidentified Person</SPECIMENCATEGORY>", "")),
    (FindingCode::Mixture, Children("sample_id,sex,vWA,FGA,TH01,TPOX\nS1,f,14/15/16,20/21/22,6/7/9,8/9/11\n")),
    (FindingCode::More, Told("more than 100,000 findings in one file")),
    (FindingCode::Mutation, Told("father 14/15 and full sibling 16/17 at one locus")),
    (FindingCode::Names, Told("Father is a person of two families of a .fam file")),
    (FindingCode::NoCase, Told("the file of genotypes has S9, and the case list has not")),
    (FindingCode::NoDvi, Told("a .fam project without unidentified persons, imported --as children")),
    (FindingCode::NoGenotypes, Told("the case list has S9, and no file of genotypes has it")),
    (FindingCode::NoLoci, Children("sample_id,sex\nS1,f\n")),
    (FindingCode::NoPlace, Told("a row of the relation member, whose sample the pedigree file does not name")),
    (FindingCode::NoRelatives, Told("a family of a .fam file in which nobody is typed")),
    (FindingCode::NoResult, Children("sample_id,sex,vWA,FGA\nS1,f,N/A,22\n")),
    (FindingCode::NoRows, Children("sample_id,sex,vWA\n")),
    (FindingCode::NoSex, Told("a GeneMapper table, which has no column for the sex")),
    (FindingCode::NotCmf, Told("an XML file that begins with <html>")),
    (FindingCode::NotInPanel, Children("sample_id,sex,vWA,SE33\nS1,f,14,20\n")),
    (FindingCode::NotRead, CaseList("sample_id,family_id,relation,sex,vWA\nS1,F1,father,m,14\n")),
    (FindingCode::NotRelated, Told("a step-parent in a .fam family")),
    (FindingCode::Nul, Children("sample_id,sex,vWA\nS\u{0}1,f,14\n")),
    (FindingCode::Number, Told("Allele1= x in a .fam file")),
    (FindingCode::OffLadder, Children("sample_id,sex,vWA,FGA\nS1,f,OL,22\n")),
    (
        FindingCode::Order,
        Cmf(
            "<SPECIMENID>S1</SPECIMENID><SPECIMENCATEGORY>Unidentified Person</SPECIMENCATEGORY>",
            "<SPECIMENCATEGORY>Unidentified Person</SPECIMENCATEGORY><SPECIMENID>S1</SPECIMENID>",
        ),
    ),
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
    (FindingCode::Pedigrees, Told("--pedigrees given beside a .fam file")),
    (FindingCode::Person, Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,,,,,yes,\n")),
    (FindingCode::Persons, Told("a family of 60 persons")),
    (FindingCode::Quote, Children("sample_id,sex,vWA\nS1,\"f,14\n")),
    (FindingCode::RareAllele, Told("Minor allele frequency = 1.5 in a .fam file")),
    (FindingCode::Relation, Families("family_id,sample_id,relation,sex,vWA\nF1,S1,brother,m,14\n")),
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
    (FindingCode::SamePerson, Told("the father's and the uncle's sample have one profile")),
    (FindingCode::SameProfile, Told("S1 and S9 agree at 20 loci")),
    (FindingCode::SameProfileMore, Told("more than 20 pairs of samples with the same profile")),
    (
        FindingCode::SampleDiffers,
        Families("family_id,sample_id,relation,sex,vWA\nF1,S1,father,m,14\nF2,S1,father,m,15\n"),
    ),
    (FindingCode::SampleOrRelation, Told("a full sibling who shares too few alleles with both parents")),
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
    (FindingCode::Sex, Children("sample_id,sex,vWA\nS1,x,14\n")),
    (FindingCode::SexNotStated, Children("sample_id,sex,AMEL,vWA\nS1,,X/Y,14\n")),
    (FindingCode::SharedLines, Told("a CMF file written as one line")),
    (FindingCode::Sheet, Told("--sheet Profiles, and the workbook has no such sheet")),
    (FindingCode::Silent, Told("a silent allele of frequency 1 in a .fam file")),
    (FindingCode::SingleAllele, Children("sample_id,sex,vWA_1,vWA_2\nS1,f,14,\n")),
    (FindingCode::Size, Told("a file of 3 GiB")),
    (FindingCode::Skipped, Told("notes.docx in a folder of CSV files")),
    (FindingCode::Sum, Told("the frequencies of vWA in a .fam file add up to 1.2")),
    (FindingCode::Superseded, Told("yesterday's file comes again, and today's has replaced S1 meanwhile")),
    (FindingCode::SwappedSample, Told("the mother's sample is related to nobody in the family")),
    (FindingCode::Text, Children("sample_id,sex,region,vWA\nS1,f,Ji\u{7f}nan,14\n")),
    (FindingCode::Theta, Told("Theta/Kinship/Fst: 1 in a .fam file")),
    (
        FindingCode::ThirdParent,
        Families("family_id,sample_id,relation,sex,vWA\nF1,S1,parent,,14\nF1,S2,father,m,15\nF1,S3,parent,,16\n"),
    ),
    (FindingCode::TooMany, Told("a ninth ALLELE of one LOCUS in a CMF file")),
    (FindingCode::Truncated, Cmf("</SPECIMEN>\n</CODISImportFile>", "")),
    (FindingCode::Twins, Told("two persons of a .fam file linked as identical twins")),
    (FindingCode::TwoAgencies, Told("F1 of Jinan and F1 of Zibo in one file")),
    (FindingCode::TwoParents, Told("two fathers of one person in a .fam file")),
    (FindingCode::TypingAdded, Told("the store has S1 at 15 loci; the file at 23, of which 15 are these and agree")),
    (FindingCode::TypingDiffers, Told("--on-conflict add; the store has S1 with vWA 14/15, the file with 14/14")),
    (FindingCode::UnknownKit, Children("sample_id,sex,kit,vWA\nS1,f,My kit,14\n")),
    (
        FindingCode::UnknownParent,
        Pedigrees("family_id,person,father,mother,sex,missing,sample_id\nF1,kid,dad,,,yes,\n"),
    ),
    (FindingCode::Unreadable, Told("a file that may not be read")),
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
    use crate::intake::{CaseList as List, FamilyPedigrees, Intake, Layout, Problem, read_bytes, read_cases};

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
