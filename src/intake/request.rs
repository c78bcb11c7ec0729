//! Defines the request for reading a file: its layout, and everything that decides how its cells are interpreted.

use crate::intake::columns::column_map::ColumnMap;
use crate::intake::columns::expected::Expected;
use crate::intake::columns::kits::KitUse;
use crate::intake::columns::number_kind::NumberKind;
use crate::intake::format::Format;
use crate::intake::pedigree::placed::FamilyPedigrees;
use crate::intake::rows::case_list::CaseList;
use crate::intake::rows::settle::SingleAllele;
use crate::intake::rows::variants::IdentifierForms;
use crate::intake::text::encoding::TextEncoding;
use crate::intake::text::identifiers::SpreadsheetNumbers;
use crate::model::{Layout, Panel};
use crate::pseudonym::Pseudonymizer;

/// What is asked of a file.
///
/// ```
/// use reunite::intake::{CaseList, Request, SingleAllele, read_bytes};
/// use reunite::model::{Layout, Relation};
/// use reunite::population::FrequencyTable;
/// use reunite::pseudonym::{Pseudonymizer, SecretKey};
///
/// let panel = FrequencyTable::chinese_han_23().panel();
/// let pseudonymizer = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
/// let request = Request::new(Layout::Families, panel, &pseudonymizer);
///
/// // A file of genotypes alone, and a case list that says whose they are.
/// let list = "sample_id,family_id,relation,sex\nS1,F1,father,m\n";
/// let cases = CaseList::read("cases.csv", list.as_bytes(), &request).map_err(|problems| format!("{problems:?}"))?;
/// let request = Request { cases: Some(&cases), single_allele: SingleAllele::Untyped, ..request };
/// let genotypes = "Sample Name\tMarker\tAllele 1\tAllele 2\nS1\tvWA\t14\t15\nS1\tFGA\t22\t\n";
/// let intake = read_bytes("genotypes.txt", genotypes.as_bytes(), &request);
///
/// let family = pseudonymizer.family(None, "F1")?;
/// assert_eq!(intake.rows[0].family, Some((family, Relation::Father)));
/// assert_eq!(intake.rows[0].profile.typed_loci(), 1, "one allele alone is left untyped, as asked");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The layout of the file.
    pub layout: Layout,
    /// The format; `None` to detect it by the content.
    pub format: Option<Format>,
    /// The panel: the loci that matching uses.
    pub panel: &'a Panel,
    /// Makes the pseudonyms of identifiers.
    pub pseudonymizer: &'a Pseudonymizer,
    /// Pedigrees of families that relations do not describe.
    pub pedigrees: Option<&'a FamilyPedigrees>,
    /// The description of the samples, if the file holds only genotypes.
    pub cases: Option<&'a CaseList>,
    /// The meaning of a single allele.
    pub single_allele: SingleAllele,
    /// The sheet of a workbook; `None` for the first.
    pub sheet: Option<&'a str>,
    /// `true` if the names of persons in a DVI project's families, such as `Father`, are unique only within their
    /// family: the sample is then named `FAMILY/PERSON`.
    pub names_within_family: bool,
    /// The laboratory's names for columns, and its words in them.
    pub map: Option<&'a ColumnMap>,
    /// `true` if columns that resemble no known one are ignored, with a note.
    pub ignore_unknown: bool,
    /// Names of missing persons in Familias projects, besides all names that begin with `Missing`.
    pub missing: &'a [String],
    /// `true` if fathers and mothers have the same mutation rates, so that the sex of an untyped parent does not
    /// matter.
    pub sexes_mutate_alike: bool,
    /// Settings about typing kits.
    pub kits: KitUse,
    /// What to do with identifiers that a spreadsheet may have rounded.
    pub spreadsheet_numbers: SpreadsheetNumbers,
    /// What to do with identifiers that differ only in letter case, spaces or brackets.
    pub identifier_forms: IdentifierForms,
    /// The encoding; `None` to detect it by the bytes.
    pub encoding: Option<TextEncoding>,
    /// The kind of personal numbers in `sample_id`, if it holds them; they are then checked.
    pub sample_id_kind: Option<NumberKind>,
}

impl<'a> Request<'a> {
    /// Returns a request for a file of this layout, of any format, without additional files.
    #[must_use]
    pub fn new(layout: Layout, panel: &'a Panel, pseudonymizer: &'a Pseudonymizer) -> Self {
        Self {
            layout,
            format: None,
            panel,
            pseudonymizer,
            pedigrees: None,
            cases: None,
            single_allele: SingleAllele::default(),
            sheet: None,
            names_within_family: false,
            map: None,
            ignore_unknown: false,
            missing: &[],
            sexes_mutate_alike: false,
            kits: KitUse::default(),
            spreadsheet_numbers: SpreadsheetNumbers::default(),
            identifier_forms: IdentifierForms::default(),
            encoding: None,
            sample_id_kind: None,
        }
    }

    /// Returns the conditions that decide which columns the file has.
    pub(in crate::intake) fn expected(&self) -> Expected<'a> {
        Expected {
            layout: self.layout,
            panel: self.panel,
            listed: self.cases.map(CaseList::fields),
            map: self.map,
            ignore_unknown: self.ignore_unknown,
        }
    }
}
