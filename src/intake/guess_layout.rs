//! Reads files for which nobody states whether they hold families or children, and detects the layout by the column
//! names.

use crate::intake::columns::header::Header;
use crate::intake::findings::{Findings, Problem};
use crate::intake::format::Format;
use crate::intake::read::Content;
use crate::intake::request::Request;
use crate::intake::result::Intake;
use crate::intake::text::source::open_source;
use crate::model::{FindingCode, Layout};

/// Reads the bytes of a file whose layout is not stated. A families file has `family_id` or `relation`; a children file
/// has neither. `request.layout` is ignored.
///
/// If the columns do not show the layout, only the header is read, and that is the intake's only problem.
///
/// ```
/// use reunite::intake::{Request, read_guessing_layout};
/// use reunite::model::{FindingCode, Layout};
/// use reunite::population::FrequencyTable;
/// use reunite::pseudonym::{Pseudonymizer, SecretKey};
///
/// let pseudonymizer = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
/// let panel = FrequencyTable::chinese_han_23().panel();
/// // The layout of this request is ignored.
/// let request = Request::new(Layout::Families, panel, &pseudonymizer);
/// let intake = read_guessing_layout("f.csv", b"sample_id,sex,vWA\nC1,m,14/15\n", &request);
/// assert_eq!((intake.layout, intake.rows.len()), (Layout::Children, 1));
///
/// let intake = read_guessing_layout("f.csv", b"name,vWA\nx,14\n", &request);
/// assert_eq!(intake.problems[0].code, FindingCode::LayoutUnknown);
/// ```
#[must_use]
pub fn read_guessing_layout(file_name: &str, bytes: &[u8], request: &Request<'_>) -> Intake {
    let mut findings = Findings::new(file_name);
    let content = Content::open(bytes, request, &mut findings);
    let layout = match &content {
        Content::Messages
        | Content::Text { format: Format::GeneMapper | Format::Cmf | Format::Dat | Format::Fam, .. } => {
            Guess::OtherFormat
        }
        Content::NoText { format: Format::Csv } => Guess::Layout(Layout::Families),
        Content::NoText { .. } => Guess::OtherFormat,
        Content::Text { format: Format::Csv, text } => guess(text, request),
    };
    let what = match layout {
        Guess::Layout(layout) => return content.read(bytes, &Request { layout, ..*request }, findings),
        Guess::OtherFormat => {
            "files of this format do not show whether they hold families or children; give --as families or --as \
             children"
        }
        Guess::Unknown => {
            "the columns do not show whether the file holds families (family_id, relation, sample_id, sex) or children \
             (sample_id, sex); give --as families or --as children to see what is missing"
        }
    };
    let code = FindingCode::LayoutUnknown;
    let (file, severity) = (file_name.into(), code.severity());
    let problem = Problem { file, line: 0, column: None, severity, code, what: what.into() };
    Intake { problems: vec![problem], ..Intake::new(bytes, content.format(), Layout::Families) }
}

/// The layout that a file shows.
enum Guess {
    Layout(Layout),
    /// The columns fit neither layout, or both.
    Unknown,
    /// Files of this format never show the layout.
    OtherFormat,
}

/// Guesses the layout of a CSV file by its header.
fn guess(text: &[u8], request: &Request<'_>) -> Guess {
    let mut findings = Findings::new("");
    // For an unreadable header the findings are the same in both layouts.
    let Some(source) = open_source(text, &mut findings) else { return Guess::Layout(Layout::Families) };
    let header = |layout| {
        let mut findings = Findings::new("");
        let expected = Request { layout, ..*request }.expected();
        Header::read(source.line, source.text, &source.header, &expected, &mut findings);
        findings
    };
    let families = header(Layout::Families);
    if families.has_code(FindingCode::Layout) {
        return Guess::Layout(Layout::Children);
    }
    let lacks = [FindingCode::Header, FindingCode::MissingColumn, FindingCode::NoLoci];
    let is_families = !lacks.into_iter().any(|code| families.has_code(code));
    if is_families || header(Layout::Children).has_code(FindingCode::Layout) {
        return Guess::Layout(Layout::Families);
    }
    Guess::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::tests::{panel, pseudonymizer, request};

    fn told(text: &str) -> (Layout, Vec<&'static str>, usize) {
        let (panel, pseudonymizer) = (panel(), pseudonymizer());
        let intake = read_guessing_layout("f.csv", text.as_bytes(), &request(Layout::Children, &panel, &pseudonymizer));
        (intake.layout, intake.problems.iter().map(|problem| problem.code.word()).collect(), intake.rows.len())
    }

    #[test]
    fn columns_tell_the_layout() {
        let families = "family_id,sample_id,relation,sex,vWA\nF1,S1,father,m,14\n";
        assert_eq!(told(families), (Layout::Families, vec![], 1));
        assert_eq!(told("sample_id,sex,vWA\nS1,m,14\n"), (Layout::Children, vec![], 1));
        assert_eq!(told("sample_id;sex;vWA\nS1;m;14\n"), (Layout::Children, vec![], 1));
        assert_eq!(told("sample_id,sex,vWA\nS1,m,x\n"), (Layout::Children, vec!["allele"], 0));
        assert_eq!(told("family_id,sample_id,sex,vWA\n").1[0], "missing-column");
        assert_eq!(told("relation,sample_id,sex,vWA\n").0, Layout::Families);
    }

    #[test]
    fn what_does_not_tell_is_said() {
        for text in ["S1,m,14\n", "name,vWA\nx,14\n", "sex,vWA\nm,14\n"] {
            assert_eq!(told(text), (Layout::Families, vec!["layout-unknown"], 0), "{text}");
        }
        assert_eq!(told("sample_id|sex|vWA\nS1|m|14\n").1, ["delimiter"]);
        assert_eq!(told("").1, ["empty"]);
        assert_eq!(told("PK\u{3}\u{4}x").1, ["workbook"]);
    }
}
