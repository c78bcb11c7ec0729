//! Reads the lines of a large file with several threads, with the same result as with one.
//!
//! Rows of a tidy table are independent until all are read, so the file is cut at line ends and its pieces are read in
//! parallel. Only a few pieces are read at a time, so that their memory is limited like that of the whole file after
//! joining.

use rayon::prelude::*;

use crate::intake::columns::column_map::Words;
use crate::intake::columns::header::Header;
use crate::intake::findings::Findings;
use crate::intake::request::Request;
use crate::intake::rows::reader::RowReader;
use crate::intake::text::lines::{Lines, is_blank};
use crate::intake::text::source::{Width, refuse_cut_off, row_fields};

/// Bytes per piece: some thousand rows, so that the threads finish together and the setup of each is negligible.
pub(in crate::intake) const PIECE: usize = 256 << 10;

/// Number of pieces per thread that are read before they are joined.
const AT_ONCE: usize = 4;

/// The way in which the rows below a header are read.
#[derive(Clone, Copy)]
pub(in crate::intake) struct Rows<'r, 'h> {
    pub(in crate::intake) delimiter: u8,
    pub(in crate::intake) header: &'h Header,
    pub(in crate::intake) words: &'r Words<'r>,
    pub(in crate::intake) request: &'r Request<'h>,
}

/// Reads the lines after a header in pieces of about this number of bytes; reports whether any line is not blank.
pub(in crate::intake) fn read_in_parallel<'h>(
    mut lines: Lines<'_>,
    rows: Rows<'_, 'h>,
    bytes: usize,
    findings: &mut Findings,
) -> (RowReader<'h>, bool) {
    let mut whole = RowReader::new(rows.header, rows.request);
    let mut any = false;
    let all = lines.bytes_left();
    loop {
        let pieces: Vec<Lines<'_>> =
            std::iter::from_fn(|| lines.take_piece(bytes)).take(AT_ONCE * rayon::current_num_threads()).collect();
        if pieces.is_empty() {
            return (whole, any);
        }
        let one = |lines| read_piece(lines, rows, findings.for_piece());
        let read: Vec<_> = pieces.into_par_iter().map(one).collect();
        for (reader, found, some) in read {
            whole.append(reader);
            findings.append(found);
            any |= some;
        }
        // Growing step by step would use more memory than the rows.
        let (left, rows) = (lines.bytes_left(), whole.rows.len());
        whole.rows.reserve((rows as f64 / (all - left) as f64 * left as f64) as usize);
    }
}

fn read_piece<'h>(
    mut lines: Lines<'_>,
    Rows { delimiter, header, words, request }: Rows<'_, 'h>,
    mut findings: Findings,
) -> (RowReader<'h>, Findings, bool) {
    let mut reader = RowReader::new(header, request);
    let mut cells = Vec::new();
    let mut any = false;
    let width = Width { columns: header.len(), may_end: |cells| header.may_end(cells) };
    let mut last = None;
    for (number, line) in lines.by_ref().filter(|(_, line)| !is_blank(line, delimiter)) {
        any = true;
        let name = |i| header.column(i);
        let row = row_fields(number, line, delimiter, &width, name, &mut cells, &mut findings);
        if row.is_some() {
            words.translate(&mut cells);
            reader.read(number, &cells, &mut findings);
        }
        last = row.map(|row| (number, row));
    }
    refuse_cut_off(&lines, last, &mut findings);
    (reader, findings, any)
}
