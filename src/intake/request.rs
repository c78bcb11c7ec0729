//! What is asked of a file: its layout, and everything that decides how its cells are understood.

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
    /// What it holds.
    pub layout: Layout,
    /// Its form; `None` if its content tells.
    pub format: Option<Format>,
    /// The loci matched on.
    pub panel: &'a Panel,
    /// Makes pseudonyms of its identifiers.
    pub pseudonymizer: &'a Pseudonymizer,
    /// Pedigrees of families that relations do not describe.
    pub pedigrees: Option<&'a FamilyPedigrees>,
    /// Who the samples are, where the file holds genotypes alone.
    pub cases: Option<&'a CaseList>,
    /// What one allele alone means.
    pub single_allele: SingleAllele,
    /// The sheet of a workbook; `None` for the first.
    pub sheet: Option<&'a str>,
    /// Whether the names of persons in the families of a DVI project, such as `Father`, are theirs within the family only:
    /// `FAMILY/PERSON` then names the sample.
    pub names_within_family: bool,
    /// What the laboratory calls its columns, and the words in them.
    pub map: Option<&'a ColumnMap>,
    /// Whether a column whose name is not like any known one is left aside, with a note.
    pub ignore_unknown: bool,
    /// Names of missing persons in projects of Familias, beside all that begin with `Missing`.
    pub missing: &'a [String],
    /// Whether fathers and mothers mutate at the same rates, so that the sex of an untyped parent does not matter.
    pub sexes_mutate_alike: bool,
    /// What is said of typing kits.
    pub kits: KitUse,
    /// What becomes of identifiers that a spreadsheet may have rounded.
    pub spreadsheet_numbers: SpreadsheetNumbers,
    /// What becomes of identifiers that differ in letter case, spaces or brackets only.
    pub identifier_forms: IdentifierForms,
    /// How its text is encoded; `None` if its bytes tell.
    pub encoding: Option<TextEncoding>,
    /// What its sample_id are, if they are such numbers: they are checked then.
    pub sample_id_kind: Option<NumberKind>,
}

impl<'a> Request<'a> {
    /// A file of this layout, of whatever form, by itself.
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

    /// What decides which columns the file has.
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
