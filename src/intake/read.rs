//! Reads a file of any format to its end, with every finding; the entry point of this module.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use crate::intake::bytes::file_bytes;
use crate::intake::findings::Findings;
use crate::intake::format::Format;
use crate::intake::formats::parallel::PIECE;
use crate::intake::formats::tidy::read_tidy;
use crate::intake::formats::{cmf, fam, genemapper};
use crate::intake::pedigree::reach::linked_with_child;
use crate::intake::request::Request;
use crate::intake::result::Intake;
use crate::intake::result::IntakeError;
use crate::intake::rows::finish::SoundRows;
use crate::intake::text::encoding::decode_as;
#[cfg(feature = "xlsx")]
use crate::intake::text::workbook;
use crate::model::{FamilyPedigree, FindingCode, Pseudonym, SampleRecord, shown_path};

/// Reads a file as [`read_bytes`] does.
///
/// ```
/// use reunite::intake::{IntakeError, Request, read_file};
/// use reunite::model::Layout;
/// use reunite::population::FrequencyTable;
/// use reunite::pseudonym::{Pseudonymizer, SecretKey};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("children.csv");
/// std::fs::write(&path, "sample_id,sex,vWA,FGA\nC1,m,14/15,22\nC2,f,,21/24\n")?;
///
/// let panel = FrequencyTable::chinese_han_23().panel();
/// let pseudonymizer = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
/// let request = Request::new(Layout::Children, panel, &pseudonymizer);
/// let intake = read_file(&path, &request)?;
/// assert_eq!((intake.rows.len(), intake.problems.len()), (2, 0));
///
/// let missing = read_file(&folder.path().join("other.csv"), &request);
/// assert!(matches!(missing, Err(IntakeError::Io { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`IntakeError`] if the file cannot be read or is larger than [`MOST_BYTES`](crate::intake::MOST_BYTES). Problems
/// inside the file are not errors of this function; they are in [`Intake::problems`].
pub fn read_file(path: &Path, request: &Request<'_>) -> Result<Intake, IntakeError> {
    Ok(read_bytes(&shown_path(path), &file_bytes(path)?, request))
}

/// Returns the names of a workbook's sheets that have cells, in their order; `None` if the bytes are not a supported
/// workbook.
#[must_use]
pub fn workbook_sheets(bytes: &[u8]) -> Option<Vec<String>> {
    #[cfg(feature = "xlsx")]
    return workbook::sheets(bytes);
    #[cfg(not(feature = "xlsx"))]
    return None.filter(|_: &Vec<String>| bytes.is_empty());
}

/// Reads the bytes of a file to their end, whatever they are.
///
/// Text is UTF-8, UTF-16 or GB18030, with fields between commas, tabs or semicolons. Columns of tidy CSV are found by
/// name, in any order. Required are `sample_id` and, for families, `family_id`, `relation` and `sex`. Optional are the
/// `sex` of children, `agency`, `region`, `collected_on` (a day, its year first), `kit` and `drop_out` (from 0, below
/// 1). `AMEL` (X or X/Y), `resident_id` and `birth_certificate` are checked but not stored. Any other column is a locus
/// with cells such as `14/15`, `14` (see [`SingleAllele`](crate::intake::SingleAllele)), or empty if untyped; or one of
/// two columns of a locus, with an allele each. Three alleles or more are kept outside the profile. Names, relations,
/// sexes and signs for no result may be Chinese, with full-width characters. Blank lines, lines of delimiters only,
/// titles before the header, `sep=;`, all line ends, and rows without their last blank cells are accepted. Values that
/// a spreadsheet turned into dates or rounded are refused. Tables with a row per sample and locus are also read, see
/// [`Format::GeneMapper`].
///
/// With a case list, the file holds `sample_id` and loci; the list gives everything else about each sample. If neither
/// a column nor a list gives the sex, the sex marker does; otherwise the marker is checked against the sex.
///
/// Memory, in addition to `bytes`: at most three times their size for text that is not UTF-8, at most 128 times their
/// size for the rows, and the findings, of which no more than 100,000 of each kind are kept.
///
/// Rows of a family among the request's pedigrees have the relation `member`, and their place there by `sample_id`.
///
/// `file_name` is only used to name the file in findings.
///
/// ```
/// use reunite::intake::{Request, read_bytes};
/// use reunite::model::{FindingCode, Layout};
/// use reunite::population::FrequencyTable;
/// use reunite::pseudonym::{Pseudonymizer, SecretKey};
///
/// let panel = FrequencyTable::chinese_han_23().panel();
/// let pseudonymizer = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
/// let request = Request::new(Layout::Families, panel, &pseudonymizer);
/// let text = "family_id,sample_id,relation,sex,vWA\nF1,S1,mother,f,14/15\nF1,S2,friend,m,15\n";
/// let intake = read_bytes("families.csv", text.as_bytes(), &request);
///
/// assert_eq!(intake.rows[0].sample, pseudonymizer.sample(None, "S1")?);
/// let problem = &intake.problems[0];
/// assert_eq!((problem.line, problem.code), (3, FindingCode::Relation));
/// assert!(problem.to_string().starts_with("families.csv:3: column C (relation): the cell is not one of: father, mother"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn read_bytes(file_name: &str, bytes: &[u8], request: &Request<'_>) -> Intake {
    let mut findings = Findings::new(file_name);
    let content = Content::open(bytes, request, &mut findings);
    content.read(bytes, request, findings)
}

/// The content of a file, opened as far as its format is known.
pub(in crate::intake) enum Content<'b> {
    /// CMF, which declares its own encoding.
    Messages,
    /// Text of another format, as UTF-8.
    Text { format: Format, text: Cow<'b, [u8]> },
    /// Content that is not text; the findings say what it is.
    NoText { format: Format },
}

impl<'b> Content<'b> {
    /// Opens a file in the requested format, or in the detected one.
    pub(in crate::intake) fn open(bytes: &'b [u8], request: &Request<'_>, findings: &mut Findings) -> Self {
        if request.format.map_or_else(|| cmf::is_xml(bytes), |format| format == Format::Cmf) {
            return Self::Messages;
        }
        match decode_as(bytes, request.sheet, request.encoding, findings) {
            Some(text) => {
                Self::Text { format: request.format.unwrap_or_else(|| Format::detect_under(&text, request.map)), text }
            }
            None => Self::NoText { format: request.format.unwrap_or(Format::Csv) },
        }
    }

    pub(in crate::intake) fn format(&self) -> Format {
        match self {
            Self::Messages => Format::Cmf,
            Self::Text { format, .. } | Self::NoText { format } => *format,
        }
    }

    /// Reads the content to the end. `bytes` are those of the file.
    pub(in crate::intake) fn read(&self, bytes: &[u8], request: &Request<'_>, mut findings: Findings) -> Intake {
        let stated = |sound: SoundRows| {
            let pedigrees = request.pedigrees.map_or_else(Vec::new, |pedigrees| pedigrees.of_rows(&sound.rows));
            (sound, pedigrees)
        };
        let has_own = matches!(self, Self::Text { format: Format::Fam, .. });
        let (SoundRows { loci, rows, variants }, pedigrees) = match self {
            Self::Messages => stated(cmf::read(bytes, request, &mut findings)),
            Self::Text { format, text } => match format {
                Format::Csv => stated(read_tidy(text, request, PIECE, &mut findings)),
                Format::GeneMapper => stated(genemapper::read(text, request, &mut findings)),
                Format::Dat => stated(cmf::read_lines(text, request, &mut findings)),
                // Projects contain their own pedigrees.
                Format::Fam => fam::read(text, request, &mut findings),
                // CMF is never opened as text: see `open`.
                Format::Cmf => Default::default(),
            },
            Self::NoText { .. } => Default::default(),
        };
        if !has_own {
            warn_of_silent_families(&rows, &pedigrees, &mut findings);
        }
        let (locus_columns, rejected) = (std::mem::take(&mut findings.locus_columns), findings.rejected);
        let (problems, notes) = findings.finish();
        let format = self.format();
        Intake {
            loci,
            locus_columns,
            rejected,
            rows,
            variants,
            pedigrees,
            problems,
            notes,
            ..Intake::new(bytes, format, request.layout)
        }
    }
}

/// Warns of families with a pedigree whose samples in the file give no evidence about the child by themselves.
fn warn_of_silent_families(rows: &[SampleRecord], pedigrees: &[FamilyPedigree], findings: &mut Findings) {
    if pedigrees.is_empty() {
        return;
    }
    let mut samples: HashMap<Pseudonym, (u64, Vec<Pseudonym>)> = HashMap::new();
    for row in rows {
        if let Some((family, _)) = row.family {
            samples.entry(family).or_insert_with(|| (row.line, Vec::new())).1.push(row.sample);
        }
    }
    for family in pedigrees {
        let Some((line, samples)) = samples.get(&family.family) else { continue };
        let typed: Vec<usize> = samples.iter().filter_map(|&sample| family.place(sample)).collect();
        if !linked_with_child(family.pedigree.members(), family.pedigree.child(), &typed).contains(&true) {
            let what = "the samples of this family in the file cannot identify the missing child by themselves; also \
                        import the samples of the relatives who link them with the child";
            findings.warn(*line, None, FindingCode::NoRelatives, what);
        }
    }
}
