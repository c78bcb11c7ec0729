//! Decodes the bytes of a file to text: UTF-8, UTF-16, GB18030, Latin-1.
//!
//! UTF-8 is read in place. Other text is decoded into a copy of at most three times its size, with the same lines.

use std::borrow::Cow;

use encoding_rs::{BIG5, Encoding, GB18030, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::intake::findings::Findings;
use crate::intake::text::lines::Lines;
use crate::model::FindingCode;

/// The maximum size of a file: 2 GiB.
pub const MOST_BYTES: u64 = 2 << 30;
/// The number of bytes that are examined if a file has no byte order mark.
const START: usize = 512;

/// Returns the text of a file, as UTF-8 without a byte order mark. Its lines keep their numbers.
///
/// Lines that are not UTF-8 may remain if no encoding fits; the reader of lines reports them. An encoding other than
/// UTF-8 is noted. Returns `None` if the file is not text; the findings then say what it is.
///
/// For a workbook, the sheet with this name, or the first, becomes CSV.
pub(in crate::intake) fn decode<'a>(
    bytes: &'a [u8],
    sheet: Option<&str>,
    findings: &mut Findings,
) -> Option<Cow<'a, [u8]>> {
    decode_as(bytes, sheet, None, findings)
}

/// The encoding of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// GB18030, with GBK and GB2312 in it.
    Gb18030,
    /// Big5, as in Taiwan and Hong Kong.
    Big5,
    /// Windows-1252, with Latin-1 in it.
    Windows1252,
    /// UTF-16, least significant byte first.
    Utf16Le,
    /// UTF-16, most significant byte first.
    Utf16Be,
}

impl TextEncoding {
    /// Every encoding.
    pub const ALL: [Self; 6] = [Self::Utf8, Self::Gb18030, Self::Big5, Self::Windows1252, Self::Utf16Le, Self::Utf16Be];

    /// Returns the word on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Gb18030 => "gb18030",
            Self::Big5 => "big5",
            Self::Windows1252 => "windows-1252",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
        }
    }
}

/// Decodes a file in this encoding; `None` detects it by the bytes.
pub(in crate::intake) fn decode_as<'a>(
    bytes: &'a [u8],
    sheet: Option<&str>,
    encoding: Option<TextEncoding>,
    findings: &mut Findings,
) -> Option<Cow<'a, [u8]>> {
    #[cfg(feature = "xlsx")]
    if super::workbook::is_workbook(bytes) {
        return super::workbook::text(bytes, sheet, findings).map(|text| Cow::Owned(text.into_bytes()));
    }
    if sheet.is_some() {
        findings.problem(0, None, FindingCode::Sheet, "is not a workbook with sheets; leave out --sheet");
        return None;
    }
    if let Some((code, what)) = not_text(bytes) {
        findings.problem(0, None, code, what);
        return None;
    }
    if let Some(line) = endless_line(bytes) {
        let what = "the line is longer than 1 MiB; check for a missing line end";
        findings.problem(line, None, FindingCode::LineLength, what);
        return None;
    }
    if let Some(encoding) = encoding {
        return decode_stated(bytes, encoding, findings);
    }
    if let Some((encoding, text)) = utf_16(bytes) {
        return decode_utf_16(encoding, text, findings).map(|text| with_line_feeds(Cow::Owned(text.into_bytes())));
    }
    let marked = bytes.strip_prefix(b"\xef\xbb\xbf");
    let text = marked.unwrap_or(bytes);
    let is_utf_8 = std::str::from_utf8(text).is_ok();
    if is_utf_8 && marked.is_none() && may_be_gb18030(text) {
        let what = "the file can be UTF-8 or GB18030; state which with --encoding, or save the file again, as CSV \
                    UTF-8 with a byte order mark";
        findings.problem(0, None, FindingCode::EncodingUnclear, what);
        return None;
    }
    if !is_utf_8 && is_latin_1(text) {
        note(WINDOWS_1252, findings);
        return Some(with_line_feeds(Cow::Owned(
            WINDOWS_1252.decode_without_bom_handling(text).0.into_owned().into_bytes(),
        )));
    }
    if is_utf_8 || !is_gb18030(text) {
        return Some(with_line_feeds(Cow::Borrowed(text)));
    }
    if let Some(what) = doubt_gb18030(text) {
        findings.problem(0, None, FindingCode::EncodingUnclear, what);
        return None;
    }
    note(GB18030, findings);
    Some(with_line_feeds(Cow::Owned(decode_lines(GB18030, text, true, findings).into_bytes())))
}

fn decode_stated<'a>(bytes: &'a [u8], encoding: TextEncoding, findings: &mut Findings) -> Option<Cow<'a, [u8]>> {
    let unmarked = |mark: &[u8]| bytes.strip_prefix(mark).unwrap_or(bytes);
    let lines = |encoding, findings: &mut Findings| Some(decode_lines(encoding, bytes, false, findings));
    let text = match encoding {
        // The reader of lines reports those that are invalid.
        TextEncoding::Utf8 => return Some(with_line_feeds(Cow::Borrowed(unmarked(b"\xef\xbb\xbf")))),
        TextEncoding::Gb18030 => lines(GB18030, findings),
        TextEncoding::Big5 => lines(BIG5, findings),
        TextEncoding::Windows1252 => lines(WINDOWS_1252, findings),
        TextEncoding::Utf16Le => decode_utf_16(UTF_16LE, unmarked(b"\xff\xfe"), findings),
        TextEncoding::Utf16Be => decode_utf_16(UTF_16BE, unmarked(b"\xfe\xff"), findings),
    };
    text.map(|text| with_line_feeds(Cow::Owned(text.into_bytes())))
}

/// Returns the number of the first line that far exceeds the limit, because decoding the file would take long in vain.
/// XML may be on one line.
fn endless_line(bytes: &[u8]) -> Option<u64> {
    if bytes.len() <= MOST_UNBROKEN || bytes.trim_ascii_start().starts_with(b"<") {
        return None;
    }
    let mut start = 0;
    while start + MOST_UNBROKEN < bytes.len() {
        let ahead = &bytes[start..=start + MOST_UNBROKEN];
        match memchr::memrchr2(b'\n', b'\r', ahead) {
            Some(end) => start += end + 1,
            None => return Some(memchr::memchr_iter(b'\n', &bytes[..start]).count() as u64 + 1),
        }
    }
    None
}

/// The maximum number of bytes without a line end that are decoded.
const MOST_UNBROKEN: usize = 1 << 20;

/// Reports whether UTF-8 text may also be GB18030: each character that is not ASCII has two bytes that form a frequent
/// Chinese character there, and none is an accented letter within a Latin word.
fn may_be_gb18030(text: &[u8]) -> bool {
    let mut at = 0;
    let mut any = false;
    while let Some(next) = text[at..].iter().position(|byte| !byte.is_ascii()) {
        let start = at + next;
        let length = text[start..].iter().position(u8::is_ascii).unwrap_or(text.len() - start);
        let run = &text[start..start + length];
        let frequent = |pair: &[u8]| matches!(pair, [0xc2..=0xd7, 0xa1..=0xbf]);
        let is_letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic);
        let within_word = length == 2 && (is_letter(start.checked_sub(1)) || is_letter(Some(start + length)));
        if !run.chunks(2).all(frequent) || within_word {
            return false;
        }
        any = true;
        at = start + length;
    }
    any
}

/// Counts pairs of bytes that begin with a byte outside ASCII: all of them, those that are Chinese characters or signs
/// of GB2312, and those that are frequent characters of Big5.
fn pairs(text: &[u8]) -> [usize; 3] {
    let [mut all, mut of_gb2312, mut of_big5] = [0; 3];
    let mut rest = text;
    while let Some(start) = rest.iter().position(|byte| !byte.is_ascii()) {
        let (first, second) = (rest[start], rest.get(start + 1).copied().unwrap_or(0));
        rest = rest.get(start + 2..).unwrap_or_default();
        // Four bytes in GB18030 form a rare character, which no other encoding produces.
        if second.is_ascii_digit() {
            rest = rest.get(2..).unwrap_or_default();
            continue;
        }
        all += 1;
        of_gb2312 += usize::from(matches!((first, second), (0xa1..=0xa3 | 0xb0..=0xf7, 0xa1..=0xfe)));
        of_big5 += usize::from(matches!((first, second), (0xa1..=0xc6, 0x40..=0x7e | 0xa1..=0xfe)));
    }
    [all, of_gb2312, of_big5]
}

/// Returns why text that could be GB18030 may have another encoding: most of its characters would be rare.
fn doubt_gb18030(text: &[u8]) -> Option<&'static str> {
    let [all, of_gb2312, of_big5] = pairs(text);
    if of_gb2312 * 10 < all * 7 && of_big5 * 10 >= all * 9 {
        Some(
            "the file is not UTF-8, and could be Big5 or GB18030; state which with --encoding, or save it again, as \
             CSV UTF-8",
        )
    } else if all >= 4 && of_gb2312 * 2 < all {
        Some(
            "the file is not UTF-8, and unlikely to be GB18030; state its encoding with --encoding, or save it again, \
             as CSV UTF-8",
        )
    } else {
        None
    }
}

/// Replaces carriage returns as the only line ends, as old Macs and some spreadsheets write them, with line feeds.
fn with_line_feeds(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\n', &text).is_some() || memchr::memchr(b'\r', &text).is_none() {
        return text;
    }
    let mut text = text.into_owned();
    text.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
    Cow::Owned(text)
}

fn note(encoding: &'static Encoding, findings: &mut Findings) {
    let name = match encoding.name() {
        "gb18030" => "GB18030",
        "windows-1252" => "Windows-1252 (Latin-1)",
        name => name,
    };
    findings.note(0, None, FindingCode::Encoding, format!("the file is not UTF-8: read as {name}"));
}

/// Returns the encoding of UTF-16 text, and the bytes after its byte order mark.
fn utf_16(bytes: &[u8]) -> Option<(&'static Encoding, &[u8])> {
    if let Some(text) = bytes.strip_prefix(b"\xff\xfe") {
        return Some((UTF_16LE, text));
    }
    if let Some(text) = bytes.strip_prefix(b"\xfe\xff") {
        return Some((UTF_16BE, text));
    }
    // Without a mark: one half of each Latin letter, digit or delimiter is zero, always the same half. The header has
    // many of these.
    let start = &bytes[..bytes.len().min(START)];
    let start = start.split(|&byte| byte == b'\n').next().unwrap_or(start);
    let zeros = [0, 1].map(|half| start.iter().skip(half).step_by(2).filter(|&&byte| byte == 0).count());
    // The other half of other letters may be zero occasionally.
    let enough = |zeros: usize, others: usize| zeros >= 4 && zeros * 8 >= start.len() && others * 4 <= zeros;
    match zeros {
        [even, odd] if enough(odd, even) => Some((UTF_16LE, bytes)),
        [even, odd] if enough(even, odd) => Some((UTF_16BE, bytes)),
        _ => None,
    }
}

fn decode_utf_16(encoding: &'static Encoding, bytes: &[u8], findings: &mut Findings) -> Option<String> {
    if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        note(encoding, findings);
        return Some(text.into_owned());
    }
    let unit = |pair: &[u8]| match *pair {
        [a, b] if encoding == UTF_16LE => u16::from_le_bytes([a, b]),
        [a, b] => u16::from_be_bytes([a, b]),
        // Half a character at the end of the file.
        _ => 0xd800,
    };
    let sound = char::decode_utf16(bytes.chunks(2).map(unit)).map_while(Result::ok);
    let line = sound.filter(|&c| c == '\n').count() as u64 + 1;
    let what = format!("the line is not valid {} text; save the file again, as CSV UTF-8", encoding.name());
    findings.problem(line, None, FindingCode::Encoding, what);
    None
}

/// Reports whether text that is not UTF-8 is Latin-1, although much of it could be read as rare Chinese characters:
/// every byte that is not ASCII is a single accented letter beside a Latin one. Chinese text has pairs of these bytes.
fn is_latin_1(text: &[u8]) -> bool {
    let neighbour = |at: Option<usize>| at.and_then(|at| text.get(at)).copied().unwrap_or(b' ');
    let mut others = text.iter().enumerate().filter(|(_, byte)| !byte.is_ascii()).peekable();
    others.peek().is_some()
        && others.all(|(at, &byte)| {
            let (before, after) = (neighbour(at.checked_sub(1)), neighbour(Some(at + 1)));
            matches!(byte, 0xc0..=0xd6 | 0xd8..=0xf6 | 0xf8..=0xfe)
                && before.is_ascii()
                && after.is_ascii()
                && (before.is_ascii_alphabetic() || after.is_ascii_lowercase())
        })
}

/// Reports whether text that is not UTF-8 is more likely GB18030: more of its lines are valid in it, and of the lines
/// with letters other than Latin ones, fewer are valid UTF-8 than are not. A damaged line of UTF-8 may well be valid
/// GB18030.
fn is_gb18030(text: &[u8]) -> bool {
    let (mut lines, mut not_utf_8, mut not_gb18030) = (0_u64, 0, 0);
    for (_, line) in Lines::new(text).filter(|(_, line)| !line.is_ascii()) {
        lines += 1;
        not_utf_8 += u64::from(std::str::from_utf8(line).is_err());
        not_gb18030 += u64::from(gb18030(line).is_none());
    }
    not_gb18030 < not_utf_8 && lines - not_utf_8 < not_utf_8
}

fn gb18030(line: &[u8]) -> Option<Cow<'_, str>> {
    GB18030.decode_without_bom_handling_and_without_replacement(line)
}

/// Decodes text in which no line end is part of a longer character. With `or_utf_8`, lines that are more likely UTF-8
/// are refused: the parts of the file have different encodings.
fn decode_lines(encoding: &'static Encoding, text: &[u8], or_utf_8: bool, findings: &mut Findings) -> String {
    let mut decoded = String::with_capacity(text.len() + text.len() / 8);
    // No byte of a longer character is a line end.
    for (number, line) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
        let is_utf_8 = || {
            let [all, of_gb2312, _] = pairs(line);
            !line.is_ascii() && of_gb2312 < all && std::str::from_utf8(line).is_ok()
        };
        let sound = encoding.decode_without_bom_handling_and_without_replacement(line);
        match sound.filter(|_| !or_utf_8 || !is_utf_8()) {
            Some(line) => decoded.push_str(&line),
            None => {
                let what = if or_utf_8 {
                    "the line is not GB18030, but other lines of the file are; save the file again, as CSV UTF-8"
                        .to_owned()
                } else {
                    format!("the line is not {}, as --encoding says; correct the option, or the line", encoding.name())
                };
                findings.problem(number, None, FindingCode::Encoding, what);
                // The line is not decoded, because it was refused.
                decoded.push('\n');
            }
        }
    }
    decoded
}

/// Recognises files that are not text.
fn not_text(bytes: &[u8]) -> Option<(FindingCode, &'static str)> {
    if bytes.len() as u64 > MOST_BYTES {
        Some((
            FindingCode::Size,
            "the file is larger than 2 GiB; split it into several files, each with the header line",
        ))
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        Some((
            FindingCode::Workbook,
            "the file is a workbook of a kind that is not supported; open it in Excel and save it as CSV UTF-8",
        ))
    } else if bytes.starts_with(b"\x1f\x8b") {
        Some((FindingCode::Compressed, "the file is compressed (gzip); unpack it first"))
    } else {
        None
    }
}

#[cfg(test)]
pub(in crate::intake) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns UTF-16 as Windows writes it.
    pub(in crate::intake) fn utf_16_bytes(text: &str, little: bool, mark: bool) -> Vec<u8> {
        let text = if mark { format!("\u{feff}{text}") } else { text.to_owned() };
        let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    pub(in crate::intake) fn gb18030_bytes(text: &str) -> Vec<u8> {
        let (bytes, _, lossy) = GB18030.encode(text);
        assert!(!lossy);
        bytes.into_owned()
    }

    /// Text, places and codes of problems, and notes.
    type Decoded = (Option<Vec<u8>>, Vec<(u64, &'static str)>, Vec<String>);

    fn read(bytes: &[u8]) -> Decoded {
        let mut findings = Findings::new("f");
        let text = decode(bytes, None, &mut findings).map(Cow::into_owned);
        let (problems, notes) = findings.finish();
        let problems = problems.iter().map(|problem| (problem.line, problem.code.word())).collect();
        (text, problems, notes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn utf_8_is_not_copied() {
        let mut findings = Findings::new("f");
        for bytes in ["济南,14", "\u{feff}济南,14", ""] {
            let text = decode(bytes.as_bytes(), None, &mut findings).unwrap();
            assert!(matches!(text, Cow::Borrowed(_)));
            assert_eq!(text, bytes.trim_start_matches('\u{feff}').as_bytes());
        }
        assert_eq!(findings.finish().1, []);
    }

    #[test]
    fn other_encodings_are_noted() {
        let text = "sample_id,agency\nS1,济南市公安局\n";
        for (bytes, name) in [
            (utf_16_bytes(text, true, true), "UTF-16LE"),
            (utf_16_bytes(text, true, false), "UTF-16LE"),
            (utf_16_bytes(text, false, true), "UTF-16BE"),
            (utf_16_bytes(text, false, false), "UTF-16BE"),
            (gb18030_bytes(text), "GB18030"),
        ] {
            let (decoded, problems, notes) = read(&bytes);
            assert_eq!(decoded.as_deref(), Some(text.as_bytes()), "{name}");
            assert_eq!(problems, []);
            assert_eq!(notes, [format!("f: the file is not UTF-8: read as {name}")]);
        }
    }

    /// The bytes `\xfcl` in a name form a Chinese character in GB18030.
    #[test]
    fn names_with_accents_are_latin_1() {
        let (text, problems, notes) = read(b"sample_id,vWA\nM\xfcller,14\n\xd6zil,15\nAndr\xe9,16\n");
        assert_eq!(text.as_deref(), Some("sample_id,vWA\nMüller,14\nÖzil,15\nAndré,16\n".as_bytes()));
        assert_eq!(
            (problems, notes),
            (vec![], vec!["f: the file is not UTF-8: read as Windows-1252 (Latin-1)".to_owned()])
        );
        // Among Chinese characters they are one.
        assert!(!is_latin_1(&gb18030_bytes("sample_id,agency\nM\u{9ee3}ler,济南\n")));
        assert!(!is_latin_1(b"S1,\xff\n") && !is_latin_1(b"S1,m\n"));
    }

    #[test]
    fn what_no_encoding_fits_is_named_by_line() {
        // A lone half of a pair on the third line, and half a character at the end.
        let mut lone = utf_16_bytes("ab\ncd\nef\n", true, true);
        lone.splice(14..16, [0x00, 0xd8]);
        assert_eq!(read(&lone), (None, vec![(3, "encoding")], vec![]));
        let mut short = utf_16_bytes("ab\ncd\n", false, true);
        short.pop();
        assert_eq!(read(&short), (None, vec![(2, "encoding")], vec![]));
        // A damaged line affects only itself.
        let mut damaged = gb18030_bytes("济南,1\n青岛,2\n淄博,3\n");
        let second = damaged.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        damaged[second + 1] = 0xff;
        let (text, problems, notes) = read(&damaged);
        assert_eq!(text.as_deref(), Some("济南,1\n\n淄博,3\n".as_bytes()));
        assert_eq!((problems, notes.len()), (vec![(2, "encoding")], 1));
        // So does a damaged line of UTF-8, although it, or all lines, can be read as GB18030.
        let damaged = [&b"\xe6\xb5\x8e\xe5\n"[..], "济南\n青岛\n".as_bytes()].concat();
        assert_eq!(read(&damaged), (Some(damaged.clone()), vec![], vec![]));
        assert_eq!(read(b"S1,m\xff\n"), (Some(b"S1,m\xff\n".to_vec()), vec![], vec![]));
    }

    /// Returns the code of the problem, or the text.
    fn outcome(bytes: &[u8]) -> Result<String, &'static str> {
        let (text, problems, _) = read(bytes);
        match problems.first() {
            Some((_, code)) => Err(*code),
            None => Ok(String::from_utf8(text.unwrap()).unwrap()),
        }
    }

    #[test]
    fn what_could_be_two_encodings_is_asked() {
        let big5 = |text: &str| BIG5.encode(text).0.into_owned();
        let text = "sample_id,agency\nS1,臺北市警察局刑事警察大隊\nS2,高雄市政府警察局\n";
        assert_eq!(outcome(&big5(text)), Err("encoding-unclear"));
        // Four Chinese characters that are also letters in UTF-8.
        let both = b"sample_id,agency\nS1,\xc4\xb3\xca\xa1\n";
        assert!(std::str::from_utf8(both).is_ok() && gb18030(both).is_some());
        assert_eq!(outcome(both), Err("encoding-unclear"));
        // Evidence for an encoding: a mark, a Latin word, characters that only one encoding has, a Chinese text.
        for text in ["\u{feff}S1,\u{133}\n", "Müller,André\n", "Иванов\n", "济南市公安局\n", "S1,济南,\u{133}\n"]
        {
            assert_eq!(outcome(text.as_bytes()).unwrap(), text.trim_start_matches('\u{feff}'));
        }
        let text = "sample_id,agency\nS1,济南市公安局\nS2,镕喆\n";
        assert_eq!(outcome(&gb18030_bytes(text)).unwrap(), text);
    }

    #[test]
    fn the_encoding_that_is_stated_is_taken() {
        let read = |bytes: &[u8], encoding| {
            let mut findings = Findings::new("f");
            let text = decode_as(bytes, None, Some(encoding), &mut findings).map(Cow::into_owned);
            let problems = findings.finish().0;
            (text.map(|text| String::from_utf8_lossy(&text).into_owned()), problems.first().map(|one| one.line))
        };
        let both = b"S1,\xc4\xb3\n";
        let texts = TextEncoding::ALL.map(|encoding| read(both, encoding).0);
        let texts = texts.each_ref().map(|text| text.as_deref().unwrap_or_default());
        assert_eq!(texts[..4], ["S1,\u{133}\n", "S1,某\n", "S1,議\n", "S1,Ä³\n"]);
        assert_eq!(read(b"S1\n\xc4\n", TextEncoding::Big5), (Some("S1\n\n".to_owned()), Some(2)));
        let utf_16 = utf_16_bytes("济南\n", false, true);
        assert_eq!(read(&utf_16, TextEncoding::Utf16Be).0.as_deref(), Some("济南\n"));
    }

    #[test]
    fn a_file_in_two_encodings_is_refused_by_line() {
        let gb = gb18030_bytes("济南,1\n青岛,2\n淄博,3\n");
        let mixed = [&gb[..], "济南,4\n".as_bytes()].concat();
        let (_, problems, _) = read(&mixed);
        assert_eq!(problems, [(4, "encoding")]);
    }

    #[test]
    fn an_endless_line_is_not_decoded() {
        for unit in [&b"\xbc\xc3"[..], b"A", b"A\0"] {
            let mut bytes = b"sample_id,vWA\nS1,14\n".to_vec();
            bytes.extend(unit.repeat(2 << 20));
            let (text, problems, _) = read(&bytes);
            assert_eq!((text, problems), (None, vec![(3, "line-length")]));
        }
        assert_eq!(endless_line(&b"A\n".repeat(2 << 20)), None);
        assert_eq!(endless_line(&[&b"<a>"[..], &b"A".repeat(2 << 20)].concat()), None);
    }

    fn keep_their_numbers(lines: &[impl AsRef<str>]) {
        let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
        let text = format!("sample_id,vWA\r\n{}", lines.join("\n"));
        for little in [true, false] {
            for mark in [true, false] {
                let decoded = read(&utf_16_bytes(&text, little, mark)).0;
                assert_eq!(decoded.as_deref(), Some(text.as_bytes()));
            }
        }
        let bytes = gb18030_bytes(&text);
        // Text that is mostly valid UTF-8 counts as UTF-8.
        if is_gb18030(&bytes) {
            let decoded = read(&bytes).0;
            assert_eq!(decoded.as_deref(), Some(text.as_bytes()));
        }
    }

    /// Rare characters have four bytes in GB18030, two of which are digits.
    #[test]
    fn lines_of_rare_characters_keep_their_numbers() {
        keep_their_numbers(&["\u{20000}"]);
        keep_their_numbers(&["\u{20000}", "\u{20000}\u{20000}\u{20000}", "\u{20000}"]);
    }

    proptest! {
        #[test]
        fn lines_keep_their_numbers(lines in prop::collection::vec("[a-z,济南市\u{20000}€]{1,9}", 1..9)) {
            keep_their_numbers(&lines);
        }

        #[test]
        fn any_bytes_are_decoded_within_three_times_their_size(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let (text, problems, _) = read(&bytes);
            prop_assert!(text.map_or(!problems.is_empty(), |text| text.len() <= 3 * bytes.len()));
        }
    }
}
