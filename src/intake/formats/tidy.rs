//! Tidy CSV: a row per person, a column per locus, or two.

use crate::intake::columns::header::Header;
use crate::intake::findings::Findings;
use crate::intake::formats::parallel;
use crate::intake::request::Request;
use crate::intake::rows::finish::{SoundRows, sound};
use crate::intake::text::source::{Source, open};

use crate::model::FindingCode;

/// Reads tidy CSV, in pieces of so many bytes.
pub(in crate::intake) fn tidy(text: &[u8], request: &Request<'_>, bytes: usize, findings: &mut Findings) -> SoundRows {
    let Some(source) = open(text, findings) else { return SoundRows::default() };
    let Source { line, text, delimiter, header, lines } = source;
    let header = Header::read(line, text, &header, &request.expected(), findings);
    let Some(header) = header else { return SoundRows::default() };
    let (reader, any) = parallel::read(lines, delimiter, &header, request, bytes, findings);
    if !any {
        findings.problem(0, None, FindingCode::NoRows, "there is a header and no row: nothing to import");
    }
    sound(reader, findings)
}
