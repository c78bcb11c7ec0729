//! Reads the fields of forms and of addresses, strictly: what a page of this program does not send is refused.

use percent_encoding::percent_decode_str;
use zeroize::Zeroize;

/// The most fields of a form.
const MOST: usize = 64;

/// The fields of a form or of an address, each at most once.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Drop for Fields {
    /// Values may be passphrases.
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|field| field.1.zeroize());
    }
}

impl std::fmt::Debug for Fields {
    /// Values may be passphrases.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|field| &field.0)).finish()
    }
}

impl Fields {
    /// Reads `application/x-www-form-urlencoded`; `None` if it is malformed, names a field twice or has control
    /// characters.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut fields = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if !fields.add(name, value) {
                return None;
            }
        }
        Some(fields)
    }

    /// Adds a field. Returns `false` if it is one too many, is named already or has control characters.
    pub(super) fn add(&mut self, name: String, value: String) -> bool {
        let is_sound = |text: &str| !text.contains(char::is_control);
        let is_new = self.0.len() < MOST && self.0.iter().all(|field| field.0 != name);
        let may = is_new && is_sound(&name) && is_sound(&value);
        if may {
            self.0.push((name, value));
        }
        may
    }

    /// Returns fields that a path had, which are decoded already.
    pub(super) fn of_path<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Returns a field; empty if there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|field| field.0 == name).map_or("", |field| field.1.as_str())
    }
}

fn decoded(text: &str) -> Option<String> {
    // A lone % would decode to itself.
    let digits =
        |at: usize| text.as_bytes().get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    if text.match_indices('%').any(|(at, _)| !digits(at)) {
        return None;
    }
    let text = text.replace('+', " ");
    Some(percent_decode_str(&text).decode_utf8().ok()?.into_owned())
}

/// Encodes a value for an address.
pub(super) fn encoded(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_once() {
        let fields = Fields::read("a=1&b=%E6%9D%8E+x&c=%2541&d=&e").unwrap();
        let values = ["a", "b", "c", "d", "e", "f"].map(|name| fields.get(name).to_owned());
        assert_eq!(values, ["1", "李 x", "%41", "", "", ""]);
        assert_eq!(format!("{:?}", Fields::read("passphrase=secret").unwrap()), "[\"passphrase\"]");
        let back = Fields::read(&format!("a={}", encoded("1 &=%李/"))).unwrap();
        assert_eq!(back.get("a"), "1 &=%李/");
    }

    #[test]
    fn malformed_fields_are_refused() {
        let many = (0..65).map(|n| format!("f{n}=1&")).collect::<String>();
        for bad in ["a=1&a=2", "a=%", "a=%4", "a=%zz", "a=%ff", "a=%00", "a=x%0d%0ay", "a=%1b", many.as_str()] {
            assert!(Fields::read(bad).is_none(), "{bad}");
        }
    }
}
