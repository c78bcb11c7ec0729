//! Decodes the bytes of an XML file to text.

use std::borrow::Cow;

use crate::model::FindingCode;
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The reason why bytes are not the text of an XML file.
#[derive(Debug)]
pub(super) struct Refused {
    /// The line, from 1.
    pub(super) line: u64,
    pub(super) code: FindingCode,
    pub(super) what: &'static str,
}

/// Encodings that may be declared; UTF-16 is detected by its bytes. The labels `us-ascii` and those of Latin-1 denote
/// the last one.
const DECLARED: [&Encoding; 4] = [UTF_8, GB18030, GBK, WINDOWS_1252];
/// Longer than any declaration.
const MOST_OF_DECLARATION: usize = 256;

/// Decodes a file by its byte order mark, or else by its declaration, or else as UTF-8. The text is at most three times
/// as long as the bytes; UTF-8 is borrowed.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Refused> {
    let (encoding, mark) = encoding(bytes)?;
    let bytes = &bytes[mark..];
    let text = if encoding == UTF_8 {
        std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| &bytes[..error.valid_up_to()])
    } else {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or(bytes)
    };
    let text = text.map_err(|start| Refused {
        line: if encoding == UTF_8 { line_of(start) } else { sound_lines(encoding, start) },
        code: FindingCode::Encoding,
        what: "the line is not in the encoding that the file declares (UTF-8 if it declares none); export it again as \
               UTF-8",
    })?;
    match text.bytes().position(|b| b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r')) {
        None => Ok(text),
        Some(at) => Err(Refused {
            line: line_of(&text.as_bytes()[..at]),
            code: FindingCode::ControlCharacter,
            what: "the line contains a control character, which XML does not allow; export the file again",
        }),
    }
}

/// Returns the encoding and the length of the byte order mark.
fn encoding(bytes: &[u8]) -> Result<(&'static Encoding, usize), Refused> {
    if let Some(found) = Encoding::for_bom(bytes) {
        return Ok(found);
    }
    if bytes.starts_with(b"<\0") {
        return Ok((UTF_16LE, 0));
    }
    if bytes.starts_with(b"\0<") {
        return Ok((UTF_16BE, 0));
    }
    match declared(bytes) {
        None => Ok((UTF_8, 0)),
        Some(label) => match Encoding::for_label(label).filter(|encoding| DECLARED.contains(encoding)) {
            Some(encoding) => Ok((encoding, 0)),
            None => Err(Refused {
                line: 1,
                code: FindingCode::Encoding,
                what: "the file declares an encoding that is not supported, or is in another one than it declares; \
                       export it again as UTF-8",
            }),
        },
    }
}

/// Returns the label in `<?xml version="1.0" encoding="UTF-8"?>`.
fn declared(bytes: &[u8]) -> Option<&[u8]> {
    let start = &bytes[..bytes.len().min(MOST_OF_DECLARATION)];
    let start = start.strip_prefix(b"<?xml")?;
    let end = start.windows(2).position(|two| two == b"?>")?;
    let name = b"encoding";
    let at = start[..end].windows(name.len()).position(|window| window == name)?;
    let value = start[at + name.len()..end].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    Some(&value[..value.iter().position(|b| b == quote)?])
}

/// Returns the line after these bytes of text.
fn line_of(start: &[u8]) -> u64 {
    1 + start.iter().filter(|&&b| b == b'\n').count() as u64
}

/// Returns the line of the first bytes that are invalid in the encoding.
fn sound_lines(encoding: &'static Encoding, bytes: &[u8]) -> u64 {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut sound = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(0));
    let _ = decoder.decode_to_string_without_replacement(bytes, &mut sound, true);
    line_of(sound.as_bytes())
}

/// Counts lines up to ascending positions.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    end: u8,
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        // Old files have carriage returns only.
        let end = if text.contains('\n') { b'\n' } else { b'\r' };
        Self { text: text.as_bytes(), end, at: 0, line: 1 }
    }

    /// Returns the line of a byte, from 1. A position before the last one requested gives the same line as that.
    pub(super) fn at(&mut self, place: u64) -> u64 {
        let place = usize::try_from(place).unwrap_or(usize::MAX).min(self.text.len());
        if place > self.at {
            self.line += self.text[self.at..place].iter().filter(|&&b| b == self.end).count() as u64;
            self.at = place;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn files_are_read_in_the_encodings_in_use() {
        let xml = "<?xml version='1.0' encoding = 'UTF-8' ?>\n<a>\u{6d4e}\u{5357}</a>";
        let gbk = "<?xml version=\"1.0\" encoding=\"GB2312\"?>\n<a>\u{6d4e}\u{5357}</a>";
        let (in_gbk, ..) = GBK.encode(gbk);
        for (bytes, text) in [
            (xml.as_bytes().to_vec(), xml),
            (["\u{feff}", xml].concat().into_bytes(), xml),
            (utf_16(&["\u{feff}", xml].concat(), u16::to_le_bytes), xml),
            (utf_16(&["\u{feff}", xml].concat(), u16::to_be_bytes), xml),
            (utf_16(xml, u16::to_le_bytes), xml),
            (utf_16(xml, u16::to_be_bytes), xml),
            (in_gbk.into_owned(), gbk),
            (
                b"<?xml version='1.0' encoding='iso-8859-1'?>\xe9".to_vec(),
                "<?xml version='1.0' encoding='iso-8859-1'?>\u{e9}",
            ),
        ] {
            assert_eq!(decode(&bytes).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_line() {
        let mut cut = utf_16("<a>\n\n<b/>", u16::to_le_bytes);
        cut.truncate(cut.len() - 1);
        for (bytes, line, code) in [
            (b"<a>\n\xff".to_vec(), 2, "encoding"),
            (cut, 3, "encoding"),
            (b"<?xml version='1.0' encoding='utf-7'?>".to_vec(), 1, "encoding"),
            (b"<?xml version='1.0' encoding='utf-16'?>".to_vec(), 1, "encoding"),
            (b"<a>\n\n\0".to_vec(), 3, "control-character"),
        ] {
            let refused = decode(&bytes).unwrap_err();
            assert_eq!((refused.line, refused.code.word()), (line, code), "{}", refused.what);
        }
    }

    #[test]
    fn lines_are_counted_once() {
        let mut lines = Lines::new("a\nb\r\nc");
        assert_eq!([0, 1, 2, 2, 5, 0, 99].map(|at| lines.at(at)), [1, 1, 2, 2, 3, 3, 3]);
        assert_eq!(Lines::new("a\rb\rc").at(4), 3);
    }
}
