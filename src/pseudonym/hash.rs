//! Computes the pseudonym of an identifier.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;

use super::SecretKey;
use super::fold::{folded, is_plain, plain};
use super::former::{FormerKeys, Recognise, Recognition};
use super::originals::{Kept, Originals};
use super::sub_keys::{Kind, MOST_BYTES, SubKeys};
use crate::model::{Pseudonym, is_deceptive};

/// Part of an identifier that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The identifier of the sample or family.
    Identifier,
    /// The agency that issued it.
    Agency,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identifier => "identifier",
            Self::Agency => "agency",
        })
    }
}

/// Reason why a text is not an identifier. The error never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// It has only white space.
    #[error("the identifier is empty: every sample and family needs one")]
    Empty,
    /// It is longer than [`Pseudonymizer::MOST_BYTES`].
    #[error("the {0} is longer than {most} bytes; check that the columns are in place", most = Pseudonymizer::MOST_BYTES)]
    TooLong(Part),
    /// It has a control character, an invisible character, or one without a meaning: two different identifiers could
    /// look alike.
    #[error("the {0} contains a control, invisible, private or replacement character; type it again")]
    Unprintable(Part),
    /// It is not a pseudonym, although only pseudonyms are accepted.
    #[error(
        "the identifier is not a pseudonym of 32 lower-case hexadecimal digits; import original identifiers with the \
         key"
    )]
    NoPseudonym,
}

/// Turns identifiers into pseudonyms under one secret key.
///
/// A pseudonym is the first 16 bytes of the BLAKE3 keyed hash of the identifier under the sub-key of its kind and
/// agency. This sub-key is derived (BLAKE3 `derive_key`) from the sub-key of the kind, followed by the agency; and the
/// sub-key of the kind is derived from the key. An agency's sub-key therefore reveals nothing about the identifiers of
/// another agency.
///
/// ```
/// use reunite::pseudonym::{Pseudonymizer, SecretKey};
///
/// // A laboratory's own key comes from `SecretKey::generate` or `SecretKey::load`.
/// let pseudonymizer = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
/// let sample = pseudonymizer.sample(None, "S-1")?;
/// assert_eq!(pseudonymizer.sample(None, " S-1 ")?, sample);
/// assert_ne!(pseudonymizer.sample(Some("Agency A"), "S-1")?, sample);
/// assert_ne!(pseudonymizer.family(None, "S-1")?, sample);
/// assert_eq!(sample.to_string().len(), 32, "hexadecimal digits");
/// # Ok::<(), reunite::pseudonym::IdentifierError>(())
/// ```
pub struct Pseudonymizer {
    /// The sub-keys; `None` if identifiers are already pseudonyms.
    keys: Option<Keys>,
    /// The identifiers that became pseudonyms; set if they are to be sealed.
    originals: Option<Originals>,
    /// Look-up under former keys; set if expunged identifiers must be recognised.
    recognition: Option<Recognition>,
}

struct Keys {
    sample: SubKeys,
    family: SubKeys,
}

impl fmt::Debug for Pseudonymizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonymizer(..)")
    }
}

impl Pseudonymizer {
    /// The most bytes of an identifier or agency, in UTF-8, without surrounding white space.
    pub const MOST_BYTES: usize = MOST_BYTES;

    /// Creates a pseudonymizer with the sub-keys of this key.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        let keys = Keys { sample: SubKeys::new(Kind::Sample, key), family: SubKeys::new(Kind::Family, key) };
        Self { keys: Some(keys), originals: None, recognition: None }
    }

    /// Creates a pseudonymizer for files in which this program, or another with the same key, has replaced all
    /// identifiers by pseudonyms. It accepts pseudonyms unchanged, and nothing else. It ignores the agency, which the
    /// pseudonym already includes.
    #[must_use]
    pub fn given() -> Self {
        Self { keys: None, originals: None, recognition: None }
    }

    /// Reports whether files must have pseudonyms instead of identifiers: see [`Self::given`].
    #[must_use]
    pub fn takes_pseudonyms(&self) -> bool {
        self.keys.is_none()
    }

    /// Returns the pseudonym of a sample. White space around both texts is ignored; an empty agency counts as no
    /// agency. Full-width characters of identifiers are read as plain ones, and any space that has a width as a plain
    /// one.
    ///
    /// # Errors
    /// [`IdentifierError`] if the identifier is empty, if one of the two is too long or has an invisible character, or
    /// if the identifier should be a pseudonym and is not.
    pub fn sample(&self, agency: Option<&str>, id: &str) -> Result<Pseudonym, IdentifierError> {
        self.hash(Kind::Sample, agency, id)
    }

    /// Returns the pseudonym of a family, as [`Self::sample`] does.
    ///
    /// # Errors
    /// As [`Self::sample`].
    pub fn family(&self, agency: Option<&str>, id: &str) -> Result<Pseudonym, IdentifierError> {
        self.hash(Kind::Family, agency, id)
    }

    /// Returns the pseudonyms of other spellings of a family's identifier that are alike (see `fold`): the common form
    /// of all that are alike, and the identifier without spaces, also in small letters. The flag is `true` for the
    /// common form.
    #[must_use]
    pub fn families_alike(&self, agency: Option<&str>, id: &str) -> Vec<(bool, Pseudonym)> {
        let Some(keys) = &self.keys else { return Vec::new() };
        let (agency, id) = (agency.unwrap_or_default().trim(), folded(id));
        let bare: String = id.chars().filter(|c| !c.is_whitespace()).collect();
        let mut forms = vec![plain(&id)];
        for form in [bare.to_lowercase(), bare] {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        let is_hashed =
            |text: &str| !text.is_empty() && text.len() <= Self::MOST_BYTES && agency.len() <= Self::MOST_BYTES;
        let others = forms.iter().enumerate().filter(|(_, form)| **form != *id && is_hashed(form));
        others.map(|(at, form)| (at == 0, keys.family.hash(agency, form))).collect()
    }

    /// Returns the pseudonym of the common form of all sample identifiers that are alike to this one; `None` if the
    /// identifier has this form.
    #[must_use]
    pub fn sample_alike(&self, agency: Option<&str>, id: &str) -> Option<Pseudonym> {
        let keys = self.keys.as_ref()?;
        let (agency, id) = (agency.unwrap_or_default().trim(), folded(id));
        if is_plain(&id) || agency.len() > Self::MOST_BYTES {
            return None;
        }
        let form = plain(&id);
        (form != *id && !form.is_empty() && form.len() <= Self::MOST_BYTES).then(|| keys.sample.hash(agency, &form))
    }

    /// Keeps in memory, from now on, which identifier became which pseudonym, so that they can be sealed.
    #[must_use]
    pub fn remembering(mut self) -> Self {
        self.originals = Some(Originals::default());
        self
    }

    /// Reports whether it keeps identifiers.
    #[must_use]
    pub fn remembers(&self) -> bool {
        self.originals.is_some()
    }

    /// Wipes the identifiers kept so far.
    pub fn forget(&self) {
        if let Some(originals) = &self.originals {
            originals.clear();
        }
    }

    /// Recognises, from now on, identifiers by their pseudonyms under former keys.
    #[must_use]
    pub fn recognising(mut self, former: &FormerKeys, present: &SecretKey, recognise: Recognise) -> Self {
        self.recognition = Some(Recognition::new(former, present, recognise));
        self
    }

    /// Returns the commitments recognised so far, by present pseudonym.
    #[must_use]
    pub fn recognised(&self) -> HashMap<Pseudonym, [u8; 32]> {
        self.recognition.as_ref().map(Recognition::found).unwrap_or_default()
    }

    /// Returns the kept identifiers, by pseudonym.
    pub(super) fn originals(&self) -> Option<impl Deref<Target = Kept>> {
        self.originals.as_ref().map(Originals::all)
    }

    fn hash(&self, kind: Kind, agency: Option<&str>, id: &str) -> Result<Pseudonym, IdentifierError> {
        let agency = checked(Part::Agency, agency.unwrap_or_default())?;
        let id = &*folded(checked(Part::Identifier, id)?);
        if id.is_empty() {
            return Err(IdentifierError::Empty);
        }
        let Some(keys) = &self.keys else {
            // Pseudonyms are accepted in their written form only, with small letters.
            if id.bytes().any(|b| b.is_ascii_uppercase()) {
                return Err(IdentifierError::NoPseudonym);
            }
            return id.parse().map_err(|_| IdentifierError::NoPseudonym);
        };
        let keys = match kind {
            Kind::Sample => &keys.sample,
            Kind::Family => &keys.family,
        };
        let pseudonym = keys.hash(agency, id);
        if let Some(recognition) = &self.recognition {
            recognition.look(kind, agency, id, pseudonym);
        }
        if let Some(originals) = &self.originals {
            originals.keep(pseudonym, agency, id);
        }
        Ok(pseudonym)
    }
}

fn checked(part: Part, text: &str) -> Result<&str, IdentifierError> {
    let text = text.trim();
    if text.len() > Pseudonymizer::MOST_BYTES {
        return Err(IdentifierError::TooLong(part));
    }
    let unprintable = match part {
        Part::Identifier => unprintable,
        Part::Agency => unprintable_in_agency,
    };
    let printable =
        if text.is_ascii() { !text.bytes().any(|b| b.is_ascii_control()) } else { !text.chars().any(unprintable) };
    if printable { Ok(text) } else { Err(IdentifierError::Unprintable(part)) }
}

/// Reports whether a character is invalid in an agency here. Stores have accepted others, and their pseudonyms depend
/// on them. The module `intake` accepts fewer.
fn unprintable_in_agency(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Reports whether a character is invisible or has no meaning, or replaces an unreadable one.
fn unprintable(c: char) -> bool {
    is_deceptive(c) || c == '\u{fffd}'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonym::sub_keys::AGENCY_CONTEXT;

    fn pseudonymizer() -> Pseudonymizer {
        Pseudonymizer::new(&SecretKey::from_bytes(std::array::from_fn(|i| u8::try_from(i).unwrap())))
    }

    #[test]
    fn golden_vectors() {
        // A change of these values breaks the link between every existing store and every future file.
        let p = pseudonymizer();
        assert_eq!(p.sample(None, "S-1").unwrap().to_string(), "1304025d70b46d8c6ceee3f9891e0286");
        assert_eq!(p.sample(Some("3701"), "S-1").unwrap().to_string(), "8c0de5346cb203bc4771b059b45a75fb");
        assert_eq!(p.family(Some("3701"), "S-1").unwrap().to_string(), "498c909ff0d0649206916d6ff1317dfe");
    }

    #[test]
    fn each_agency_has_a_sub_key_of_its_own() {
        let key = blake3::derive_key(Kind::Family.context(), &std::array::from_fn::<u8, 32, _>(|i| i as u8));
        for agency in ["ab", ""] {
            let key = blake3::derive_key(AGENCY_CONTEXT, &[&key[..], agency.as_bytes()].concat());
            let pseudonym = pseudonymizer().family(Some(agency), "c").unwrap();
            assert_eq!(pseudonym.as_bytes()[..], blake3::keyed_hash(&key, b"c").as_bytes()[..16]);
        }
    }

    #[test]
    fn kinds_agencies_and_keys_are_apart() {
        let p = pseudonymizer();
        let other = Pseudonymizer::new(&SecretKey::from_bytes([7; 32]));
        let all = [
            p.sample(None, "abc"),
            p.family(None, "abc"),
            p.sample(Some("ab"), "c"),
            p.sample(Some("a"), "bc"),
            p.sample(Some("abc"), "a"),
            other.sample(None, "abc"),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b), "{i}");
        }
    }

    #[test]
    fn white_space_around_and_an_empty_agency_do_not_count() {
        let p = pseudonymizer();
        assert_eq!(p.sample(Some(""), " 12\u{3000}"), p.sample(None, "12"));
        assert_eq!(p.sample(Some(" x "), "12"), p.sample(Some("x"), "12"));
        assert_ne!(p.sample(None, "1 2"), p.sample(None, "12"));
    }

    #[test]
    fn alike_identifiers_lead_to_one_form() {
        let p = pseudonymizer();
        let family = |id: &str| p.family(Some("A"), id).unwrap();
        let alike = |id: &str| p.families_alike(Some(" A "), id);
        assert_eq!(alike("F1"), [(false, family("f1"))]);
        assert_eq!(alike("f1"), [(true, family("F1"))]);
        assert_eq!(alike("Fa 1"), [(true, family("FA1")), (false, family("fa1")), (false, family("Fa1"))]);
        assert_eq!((alike("12"), alike("1 2")), (vec![], vec![(true, family("12"))]));
        assert_eq!(p.sample_alike(None, "S-1"), None);
        assert_eq!(p.sample_alike(None, "s 1"), Some(p.sample(None, "S1").unwrap()));
        assert_eq!(Pseudonymizer::given().families_alike(None, "ab"), []);
    }

    #[test]
    fn refuses_what_is_no_identifier() {
        let p = pseudonymizer();
        assert_eq!(p.sample(None, " \t"), Err(IdentifierError::Empty));
        assert!(p.sample(None, &"x".repeat(256)).is_ok());
        assert_eq!(p.sample(None, &"x".repeat(257)), Err(IdentifierError::TooLong(Part::Identifier)));
        assert_eq!(p.sample(Some(&"x".repeat(257)), "1"), Err(IdentifierError::TooLong(Part::Agency)));
        assert_eq!(p.sample(None, "S１\u{3000}x"), p.sample(None, "S1 x"));
        for bad in [
            "1\u{fffd}2",
            "1\u{e000}2",
            "1\u{fe0f}2",
            "1\u{2800}2",
            "1\u{3164}2",
            "1\u{0}2",
            "1\n2",
            "1\u{7f}2",
            "1\u{85}2",
            "1\u{200b}2",
            "1\u{feff}2",
        ] {
            assert_eq!(p.sample(None, bad), Err(IdentifierError::Unprintable(Part::Identifier)), "{bad:?}");
        }
        assert_eq!(p.sample(Some("a\u{1}b"), "1"), Err(IdentifierError::Unprintable(Part::Agency)));
        assert!(p.sample(None, "鲁-2031\u{e9}").is_ok());
    }

    #[test]
    fn pseudonyms_are_taken_as_they_are_and_nothing_else_is() {
        let given = Pseudonymizer::given();
        let known = pseudonymizer().sample(Some("3701"), "S-1").unwrap();
        assert_eq!(given.sample(None, &known.to_string()), Ok(known));
        assert_eq!(given.family(Some("3701"), &format!(" {known}")), Ok(known));
        let text = known.to_string();
        for bad in ["S-1", &text[1..], &text.to_uppercase(), &format!("{text}0"), &text.replace('b', "g")] {
            assert_eq!(given.sample(None, bad), Err(IdentifierError::NoPseudonym), "{bad}");
        }
        assert_eq!(given.sample(None, ""), Err(IdentifierError::Empty));
        assert_eq!(given.sample(Some("\u{1}"), &text), Err(IdentifierError::Unprintable(Part::Agency)));
    }

    #[test]
    fn errors_and_debug_repeat_nothing_secret() {
        let p = pseudonymizer();
        let error = p.sample(None, "secret\u{1}").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
        assert_eq!(format!("{p:?}"), "Pseudonymizer(..)");
    }
}
