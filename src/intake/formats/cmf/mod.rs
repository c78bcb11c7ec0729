//! CODIS Common Message Format (CMF) 3.2 and 3.3: XML, one specimen after the other.
//!
//! | CMF | row |
//! |---|---|
//! | `SPECIMENID` | `sample_id` |
//! | `SOURCELAB` | `agency`: the laboratory gave out the numbers, so they are unique within it alone; with a case list, the list says the agency, or that there is none |
//! | `SPECIMENCATEGORY`, `@CASEID` | relation and `family_id` of parents; no pedigree is in the file, so other relatives need a case list |
//! | `@KIT` of the loci, or `KIT` of the header | `kit` |
//! | `LOCUS` | a genotype; one `ALLELE` is a homozygote, and more than two are handed on |
//!
//! Files of version 1.0 have one value per line: see [`lines`].
//!
//! Children are the specimens of category Unidentified Person. A value off the ladder (`<9`, `>10`, `OL`) is no allele: the
//! locus is left untyped, and a note says so.
//!
//! Memory: the text is read in place if it is UTF-8 and is at most three times as long as the file if it is not. Rows
//! are at most ten times the file, for specimens of one short locus each in a file of all loci; a usual file, of twenty
//! loci per specimen, has rows of a third of its length.

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

/// Whether bytes begin as XML does.
pub(in crate::intake) fn is_xml(bytes: &[u8]) -> bool {
    let mut start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    for mark in [b"\xff\xfe", b"\xfe\xff"] {
        start = start.strip_prefix(mark).unwrap_or(start);
    }
    let start = start.strip_prefix(b"\0").unwrap_or(start);
    start.first() == Some(&b'<')
}

/// Reads a file. A case list goes before the categories, which must not contradict it.
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
