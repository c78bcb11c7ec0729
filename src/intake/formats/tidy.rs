//! Reads tidy CSV: one row per person, and one or two columns per locus.

use crate::intake::columns::header::Header;
use crate::intake::findings::Findings;
use crate::intake::formats::parallel::{Rows, read_in_parallel};
use crate::intake::request::Request;
use crate::intake::rows::finish::{SoundRows, sound_rows};
use crate::intake::text::lines::Comma;
use crate::intake::text::source::{Source, open_source};

use crate::model::FindingCode;

/// Reads tidy CSV in pieces of this number of bytes.
pub(in crate::intake) fn read_tidy(
    text: &[u8],
    request: &Request<'_>,
    bytes: usize,
    findings: &mut Findings,
) -> SoundRows {
    let Some(source) = open_source(text, findings) else { return SoundRows::default() };
    let Source { line, text, delimiter, header, lines } = source;
    let expected = request.expected();
    let words = expected.words_under(&header);
    let header = Header::read(line, text, &header, &expected, findings);
    let Some(mut header) = header else { return SoundRows::default() };
    header.comma = Comma::beside(delimiter);
    let how = Rows { delimiter, header: &header, words: &words, request };
    let (reader, any) = read_in_parallel(lines, how, bytes, findings);
    if !any {
        findings.problem(0, None, FindingCode::NoRows, "the file has a header and no rows: nothing to import");
    } else if reader.rows.is_empty() && findings.count() == 0 {
        findings.problem(
            0,
            None,
            FindingCode::OnlyControls,
            "every row is of a control or a ladder: nothing to import",
        );
    }
    sound_rows(reader, findings)
}
