//! Makes conspicuous identifiers, and searches for them in every form.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::common::{Lab, Said, everything_in};

/// Texts in place of identifiers, long and odd enough never to occur by chance.
pub(crate) const CANARIES: [&str; 8] = [
    "KanarieMoeder-7381",
    "KanarieVader-2950",
    "KanarieFamilie-6417",
    "KanarieKind-11029",
    "KanarieTweede-40417",
    "370102199003077731",
    "Kanarie Rij 88231",
    "王金丝雀九四七",
];

pub(crate) const LOCI: &str = "D3S1358,vWA,D16S539,CSF1PO,TPOX,D8S1179,D21S11,D18S51,TH01,FGA";
pub(crate) const PROFILE: &str = "15/16,14/17,11/13,10/12,8/11,13/14,29/30,13/14,6/7,22/24";

pub(crate) fn families() -> String {
    let [mother, father, family, .., chinese] = CANARIES;
    format!(
        "family_id,sample_id,relation,sex,{LOCI}\n{family},{mother},mother,female,{PROFILE}\n\
         {family},{father},father,male,{PROFILE}\n{chinese},{},paternal-uncle,male,{PROFILE}\n",
        CANARIES[5]
    )
}

pub(crate) fn children() -> String {
    format!("sample_id,sex,{LOCI}\n{},m,{PROFILE}\n{},f,{PROFILE}\n", CANARIES[3], CANARIES[4])
}

/// Encodes a text in base 64 for each of the three places at which it can begin, and keeps the digits that depend on
/// the text alone.
pub(crate) fn base64(text: &[u8]) -> [Vec<u8>; 3] {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    [0, 1, 2].map(|before| {
        let bytes = [&[0, 0][..before], text].concat();
        let whole = bytes.len() / 3 * 3;
        let mut encoded = Vec::new();
        for group in bytes[..whole].chunks(3) {
            let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
            encoded.extend([18, 12, 6, 0].map(|shift| DIGITS[(bits >> shift) as usize & 63]));
        }
        // The first digits depend on bits of the text before.
        encoded.split_off([0, 2, 3][before])
    })
}

/// Returns every form in which an identifier could be hidden.
pub(crate) fn forms(text: &str) -> Vec<Vec<u8>> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let utf_16 = || text.encode_utf16();
    let mut forms = vec![
        text.as_bytes().to_vec(),
        text.to_lowercase().into_bytes(),
        text.to_uppercase().into_bytes(),
        text.bytes().rev().collect(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        utf_16().flat_map(u16::to_le_bytes).collect(),
        utf_16().flat_map(u16::to_be_bytes).collect(),
    ];
    forms.extend(base64(text.as_bytes()));
    forms.push(blake3::hash(text.as_bytes()).as_bytes()[..16].to_vec());
    forms
}

pub(crate) fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// A form of a text, and its number.
struct Form {
    text: String,
    number: usize,
    bytes: Vec<u8>,
}

/// All forms of some texts, by their first four bytes.
pub(crate) struct Search(HashMap<[u8; 4], Vec<Form>>);

impl Search {
    pub(crate) fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut by_start: HashMap<_, Vec<_>> = HashMap::new();
        for text in texts {
            for (number, bytes) in forms(text).into_iter().enumerate() {
                let start = bytes[..4].try_into().unwrap();
                by_start.entry(start).or_default().push(Form { text: text.to_owned(), number, bytes });
            }
        }
        Self(by_start)
    }

    /// Returns a text that the bytes contain, and the number of its form.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<(&str, usize)> {
        bytes.windows(4).enumerate().find_map(|(at, start)| {
            let those = self.0.get(start)?;
            let form = those.iter().find(|form| bytes[at..].starts_with(&form.bytes))?;
            Some((form.text.as_str(), form.number))
        })
    }

    #[track_caller]
    pub(crate) fn finds_nothing(&self, what: &str, bytes: &[u8]) {
        if let Some((text, form)) = self.find(bytes) {
            panic!("{what} gives {text} away, form {form}");
        }
    }

    /// Checks the names and the bytes of all files below a folder.
    #[track_caller]
    pub(crate) fn finds_nothing_below(&self, folder: &Path) {
        for path in everything_in(folder) {
            self.finds_nothing("a name", path.strip_prefix(folder).unwrap().as_os_str().as_encoded_bytes());
            if path.is_file() {
                self.finds_nothing(&path.display().to_string(), &fs::read(&path).unwrap());
            }
        }
    }
}

fn canaries() -> &'static Search {
    static SEARCH: OnceLock<Search> = OnceLock::new();
    SEARCH.get_or_init(|| Search::new(CANARIES))
}

#[track_caller]
pub(crate) fn without_canaries(what: &str, bytes: &[u8]) {
    canaries().finds_nothing(what, bytes);
}

#[track_caller]
pub(crate) fn silent(said: Said) -> Said {
    without_canaries("standard output", said.out.as_bytes());
    without_canaries("standard error", said.err.as_bytes());
    said
}

#[track_caller]
pub(crate) fn store_is_silent(lab: &Lab) {
    canaries().finds_nothing_below(&lab.path("store"));
}

#[test]
fn the_search_finds_what_it_looks_for() {
    assert_eq!(base64(b"Kanarie"), [&b"S2FuYXJp"[..], b"thbmFy", b"LYW5hcmll"]);
    for known in ["S2FuYXJpZUtpbmQtMTEwMjku", "eEthbmFyaWVLaW5kLTExMDI5Lg==", "eHhLYW5hcmllS2luZC0xMTAyOS4="] {
        assert!(forms(CANARIES[3]).iter().any(|form| holds(known.as_bytes(), form)), "{known}");
        assert_eq!(canaries().find(known.as_bytes()).unwrap().0, CANARIES[3]);
    }
    assert_eq!(forms("Ab")[5], b"4162");
    assert_eq!(forms("Ab")[6], b"A\0b\0");
    for canary in CANARIES {
        for (number, form) in forms(canary).iter().enumerate() {
            let found = canaries().find(&[b"\xffKan", &form[..], b"ari"].concat()).map(|found| found.0);
            assert_eq!(found, Some(canary), "form {number}");
            assert_eq!(canaries().find(&form[1..]), None, "form {number}");
        }
    }
}
