//! Reads CODIS Common Message Format (CMF) 3.2 and 3.3: XML with one specimen after the other.
//!
//! | CMF | row |
//! |---|---|
//! | `SPECIMENID` | `sample_id` |
//! | `SOURCELAB` | `agency`: the laboratory issued the numbers, so they are unique only within it; with a case list, the list alone states the agency, if any |
//! | `SPECIMENCATEGORY`, `@CASEID` | relation and `family_id` of parents; the file holds no pedigree, so other relatives require a case list |
//! | `@KIT` of the loci, or `KIT` of the header | `kit` |
//! | `LOCUS` | a genotype; one `ALLELE` is a homozygote, and more than two are passed on |
//!
//! Files of version 1.0 have one value per line: see [`lines`].
//!
//! Children are the specimens of the category Unidentified Person. An off-ladder value (`<9`, `>10`, `OL`) is not an
//! allele: the locus is left untyped, with a note.
//!
//! Memory: UTF-8 text is read in place; other text is decoded to at most three times the length of the file. Rows use
//! at most ten times the size of the file, for specimens of one short locus each in a file with all loci; the rows of a
//! typical file, with twenty loci per specimen, use a third of its size.

mod category;
mod file;
mod grammar;
mod lines;
mod locus;
#[cfg(test)]
mod proptests;
#[cfg(test)]
mod tests;
mod text;
mod xml;

use file::File;
pub(in crate::intake) use lines::{is_lines, read_lines};

use crate::intake::findings::Findings;
use crate::intake::request::Request;
use crate::intake::rows::finish::{SoundRows, read_table};

/// Reports whether bytes begin like XML.
pub(in crate::intake) fn is_xml(bytes: &[u8]) -> bool {
    let mut start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    for mark in [b"\xff\xfe", b"\xfe\xff"] {
        start = start.strip_prefix(mark).unwrap_or(start);
    }
    let start = start.strip_prefix(b"\0").unwrap_or(start);
    start.first() == Some(&b'<')
}

/// Reads a file. A case list has priority over the categories, which must not contradict it.
pub(in crate::intake) fn read(bytes: &[u8], request: &Request<'_>, findings: &mut Findings) -> SoundRows {
    let text = match text::decode(bytes) {
        Ok(text) => text,
        Err(refused) => {
            findings.problem(refused.line, None, refused.code, refused.what);
            return SoundRows::default();
        }
    };
    let mut file = File::new(request);
    xml::walk(&text, &mut file, findings);
    file.finish(findings).and_then(|table| read_table(&table, request, findings)).unwrap_or_default()
}
