//! Derives the codes by which a family and the laboratory know each other on the telephone, and reads a code that
//! somebody says.
//!
//! The family and the laboratory each have a half. Both are digits of the keyed hash of the family's pseudonym and of the
//! number of the issue, so that only someone with the key knows them, and neither half reveals the other. The family's
//! half is long enough to tell a million families apart; the laboratory's half is compared with one family's only.

use std::fmt;

use zeroize::Zeroizing;

use super::SecretKey;
use super::sub_keys::SubKey;
use crate::model::Pseudonym;

const CONTEXT: &str = "reunite 2026 codes of letters to families v1";

/// Digits of the halves without their check digits.
const FAMILY_DIGITS: usize = 11;
const LABORATORY_DIGITS: usize = 7;
/// Digits are said and written in groups of this many.
const GROUP: usize = 4;

/// The sub-key of all codes. It is wiped from memory when dropped.
pub struct CallCodes(SubKey);

/// What has to be added to the digits that a key derives, to get those that a letter bears. It is 0 until the key of the
/// store is changed, because a letter that a family has stays valid then. Without the key it reveals nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeShift {
    family: u64,
    laboratory: u64,
}

/// The two halves of the code of a letter. They are not in `Debug`.
///
/// ```
/// use reunite::model::Pseudonym;
/// use reunite::pseudonym::{CallCodes, CodeShift, SaidCode, SecretKey};
///
/// // A laboratory's own key comes from `SecretKey::generate` or `SecretKey::load`.
/// let codes = CallCodes::new(&SecretKey::from_bytes([1; 32]));
/// let code = codes.derive(Pseudonym::from_bytes([7; 16]), 1, CodeShift::default());
/// assert_eq!(code.family().len(), "1234 5678 9012".len());
/// assert_eq!(code.laboratory().len(), "1234 5678".len());
/// let said: SaidCode = code.family().parse()?;
/// assert!(said.is_family_of(&code));
/// # Ok::<(), reunite::pseudonym::Mistyped>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CallCode {
    family: u64,
    laboratory: u64,
}

/// A code that somebody said, with correct check digits: a half or both.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SaidCode {
    family: Option<u64>,
    laboratory: Option<u64>,
}

/// Why a text is not a code. The error does not contain the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistyped {
    /// It has other characters than digits, blanks and hyphens.
    #[error("a code has only digits")]
    NotDigits,
    /// It has not as many digits as a half or both halves.
    #[error("a code has 12 digits (the family's), 8 digits (the laboratory's) or all 20; this one has {0}")]
    Digits(usize),
    /// A digit is wrong, or two are exchanged.
    #[error("the check digit shows that a digit is wrong, or that two digits were exchanged")]
    CheckDigit,
}

impl CallCodes {
    /// Derives the sub-key of codes.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        Self(Box::new(Zeroizing::new(blake3::derive_key(CONTEXT, key.bytes()))))
    }

    /// Returns the code of a letter to a family.
    #[must_use]
    pub fn derive(&self, family: Pseudonym, issue: u32, shift: CodeShift) -> CallCode {
        let mut message = [0; Pseudonym::LEN + 4];
        message[..Pseudonym::LEN].copy_from_slice(family.as_bytes());
        message[Pseudonym::LEN..].copy_from_slice(&issue.to_le_bytes());
        let digest = blake3::keyed_hash(&self.0, &message);
        let number = |at: usize, modulus: u64| {
            // 2^64 is so much larger than the modulus that no number is likelier than another by a ten-millionth.
            u64::from_le_bytes(std::array::from_fn(|i| digest.as_bytes()[at + i])) % modulus
        };
        let [of_family, of_laboratory] = MODULI;
        CallCode {
            family: (number(0, of_family) + shift.family) % of_family,
            laboratory: (number(8, of_laboratory) + shift.laboratory) % of_laboratory,
        }
    }

    /// Returns the shift under which this key derives a code for a letter that was issued under another key.
    #[must_use]
    pub fn shift_to(&self, code: CallCode, family: Pseudonym, issue: u32) -> CodeShift {
        let plain = self.derive(family, issue, CodeShift::default());
        let [of_family, of_laboratory] = MODULI;
        CodeShift {
            family: (code.family + of_family - plain.family) % of_family,
            laboratory: (code.laboratory + of_laboratory - plain.laboratory) % of_laboratory,
        }
    }
}

const MODULI: [u64; 2] = [10u64.pow(FAMILY_DIGITS as u32), 10u64.pow(LABORATORY_DIGITS as u32)];

impl fmt::Debug for CallCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallCodes(..)")
    }
}

impl CodeShift {
    /// Length in bytes of the stored form.
    pub const LEN: usize = 16;

    /// Returns its bytes, in the stored form.
    #[must_use]
    pub fn bytes(self) -> [u8; Self::LEN] {
        let (family, laboratory) = (self.family.to_le_bytes(), self.laboratory.to_le_bytes());
        std::array::from_fn(|i| if i < 8 { family[i] } else { laboratory[i - 8] })
    }

    /// Reads the stored form; `None` if it is out of range.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Option<Self> {
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let (family, laboratory) = (number(0), number(8));
        (family < MODULI[0] && laboratory < MODULI[1]).then_some(Self { family, laboratory })
    }
}

impl CallCode {
    /// The number of different halves of families: somebody who guesses meets one of N letters with the probability N
    /// over this.
    pub const FAMILY_CODES: u64 = MODULI[0];
    /// The number of different halves of the laboratory: whoever guesses meets that of a family with the probability 1
    /// over this.
    pub const LABORATORY_CODES: u64 = MODULI[1];

    /// Returns the family's half, in groups.
    #[must_use]
    pub fn family(&self) -> String {
        grouped(self.family, FAMILY_DIGITS)
    }

    /// Returns the laboratory's half, in groups.
    #[must_use]
    pub fn laboratory(&self) -> String {
        grouped(self.laboratory, LABORATORY_DIGITS)
    }

    /// Reports whether two letters have the same family's half.
    #[must_use]
    pub fn has_family_half_of(&self, other: &Self) -> bool {
        self.family == other.family
    }
}

impl fmt::Debug for CallCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallCode(..)")
    }
}

impl SaidCode {
    /// Reports whether the family's half was said.
    #[must_use]
    pub fn has_family(&self) -> bool {
        self.family.is_some()
    }

    /// Reports whether the laboratory's half was said.
    #[must_use]
    pub fn has_laboratory(&self) -> bool {
        self.laboratory.is_some()
    }

    /// Reports whether the family's half was said and is that of this code.
    #[must_use]
    pub fn is_family_of(&self, code: &CallCode) -> bool {
        self.family == Some(code.family)
    }

    /// Reports whether the laboratory's half was said and is that of this code.
    #[must_use]
    pub fn is_laboratory_of(&self, code: &CallCode) -> bool {
        self.laboratory == Some(code.laboratory)
    }
}

impl fmt::Debug for SaidCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaidCode(..)")
    }
}

impl std::str::FromStr for SaidCode {
    type Err = Mistyped;

    fn from_str(text: &str) -> Result<Self, Mistyped> {
        let mut digits = Vec::new();
        for c in text.chars() {
            match c {
                '0'..='9' => digits.push(c as u8 - b'0'),
                // Chinese keyboards have digits of the width of a character.
                '０'..='９' => digits.push(u8::try_from(c as u32 - '０' as u32).map_err(|_| Mistyped::NotDigits)?),
                c if c.is_whitespace() || "-－–—·.,，、".contains(c) => {}
                _ => return Err(Mistyped::NotDigits),
            }
        }
        let (family, laboratory) = match digits.len() {
            FAMILY_LENGTH => (Some(&digits[..]), None),
            LABORATORY_LENGTH => (None, Some(&digits[..])),
            BOTH => (Some(&digits[..FAMILY_LENGTH]), Some(&digits[FAMILY_LENGTH..])),
            number => return Err(Mistyped::Digits(number)),
        };
        Ok(Self { family: family.map(number).transpose()?, laboratory: laboratory.map(number).transpose()? })
    }
}

const FAMILY_LENGTH: usize = FAMILY_DIGITS + 1;
const LABORATORY_LENGTH: usize = LABORATORY_DIGITS + 1;
const BOTH: usize = FAMILY_LENGTH + LABORATORY_LENGTH;

/// Returns the number of digits whose last one is their check digit.
fn number(digits: &[u8]) -> Result<u64, Mistyped> {
    if check(digits) != 0 {
        return Err(Mistyped::CheckDigit);
    }
    Ok(digits[..digits.len() - 1].iter().fold(0, |number, &digit| 10 * number + u64::from(digit)))
}

/// Writes a number with this many digits and its check digit, in groups.
fn grouped(number: u64, digits: usize) -> String {
    let mut all: Vec<u8> = format!("{number:0digits$}").bytes().map(|digit| digit - b'0').collect();
    all.push(check(&all));
    let groups: Vec<String> =
        all.chunks(GROUP).map(|group| group.iter().map(|digit| char::from(b'0' + digit)).collect()).collect();
    groups.join(" ")
}

/// A quasigroup of order 10 without a fixed exchange (H. M. Damm, 2004).
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// Returns the check digit of digits by Damm's method, which notices every wrong digit and every exchange of two
/// neighbours; 0 for digits with their check digit.
fn check(digits: &[u8]) -> u8 {
    digits.iter().fold(0, |interim, &digit| DAMM[usize::from(interim)][usize::from(digit)])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn p(n: u64) -> Pseudonym {
        Pseudonym::from_bytes(std::array::from_fn(|i| n.to_le_bytes()[i % 8]))
    }

    fn codes() -> CallCodes {
        CallCodes::new(&SecretKey::from_bytes([1; 32]))
    }

    fn plain(family: u64, issue: u32) -> CallCode {
        codes().derive(p(family), issue, CodeShift::default())
    }

    #[test]
    fn a_code_depends_on_key_family_and_issue_and_stays_the_same() {
        assert_eq!((plain(7, 1).family(), plain(7, 1).laboratory()), (FIXED.0.to_owned(), FIXED.1.to_owned()));
        assert!(plain(7, 1) != plain(7, 2) && plain(7, 1) != plain(8, 1));
        let other = CallCodes::new(&SecretKey::from_bytes([2; 32]));
        assert!(other.derive(p(7), 1, CodeShift::default()) != plain(7, 1));
        assert_eq!(format!("{:?} {:?}", codes(), plain(7, 1)), "CallCodes(..) CallCode(..)");
    }

    /// Families have these codes on paper, so no version may derive others.
    const FIXED: (&str, &str) = ("2658 3693 0578", "5069 5927");

    #[test]
    fn halves_are_spread_over_all_digits() {
        let all: Vec<CallCode> = (0..20_000).map(|family| plain(family, 1)).collect();
        let families: HashSet<u64> = all.iter().map(|code| code.family).collect();
        assert_eq!(families.len(), all.len());
        for digit in 0..LABORATORY_DIGITS {
            let mut seen = [0; 10];
            for code in &all {
                seen[(code.laboratory / 10u64.pow(digit as u32) % 10) as usize] += 1;
                assert!(code.laboratory < CallCode::LABORATORY_CODES && code.family < CallCode::FAMILY_CODES);
            }
            assert!(seen.iter().all(|&number| (1_800..2_200).contains(&number)), "{seen:?}");
        }
    }

    #[test]
    fn what_is_said_is_understood_with_blanks_hyphens_and_wide_digits() {
        let code = plain(7, 1);
        let (family, laboratory) = (code.family(), code.laboratory());
        let wide: String =
            family.chars().map(|c| c.to_digit(10).map_or('－', |d| char::from_u32(0xff10 + d).unwrap())).collect();
        for text in [family.clone(), family.replace(' ', ""), family.replace(' ', "-"), wide] {
            let said: SaidCode = text.parse().unwrap();
            assert!(said.is_family_of(&code) && !said.has_laboratory());
        }
        let said: SaidCode = laboratory.parse().unwrap();
        assert!(said.is_laboratory_of(&code) && !said.has_family() && !said.is_family_of(&code));
        let said: SaidCode = format!("{family} {laboratory}").parse().unwrap();
        assert!(said.is_family_of(&code) && said.is_laboratory_of(&code));
    }

    #[test]
    fn one_wrong_digit_and_two_exchanged_ones_are_noticed() {
        for family in 0..50 {
            for half in [plain(family, 1).family(), plain(family, 1).laboratory()] {
                let digits: Vec<char> = half.chars().filter(|c| *c != ' ').collect();
                let refused = |digits: &[char]| digits.iter().collect::<String>().parse::<SaidCode>().is_err();
                assert!(!refused(&digits));
                for at in 0..digits.len() {
                    for other in ('0'..='9').filter(|other| *other != digits[at]) {
                        let mut wrong = digits.clone();
                        wrong[at] = other;
                        assert!(refused(&wrong), "{half}");
                    }
                    let mut exchanged = digits.clone();
                    exchanged.swap(at, (at + 1) % digits.len());
                    // The first and the last are no neighbours.
                    assert!(at + 1 == digits.len() || exchanged == digits || refused(&exchanged), "{half}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_code_says_why() {
        let error = |text: &str| text.parse::<SaidCode>().unwrap_err();
        assert_eq!(error("12a4 5678"), Mistyped::NotDigits);
        assert_eq!(error(""), Mistyped::Digits(0));
        assert_eq!(error("123 4567"), Mistyped::Digits(7));
        assert!(!error("4711 4711 471").to_string().contains("4711"));
    }

    #[test]
    fn a_code_outlives_a_change_of_the_key() {
        let (old, new) = (codes(), CallCodes::new(&SecretKey::from_bytes([2; 32])));
        for family in 0..1_000 {
            let code = old.derive(p(family), 3, CodeShift::default());
            let shift = new.shift_to(code, p(family + 5_000), 3);
            let shift = CodeShift::from_bytes(shift.bytes()).unwrap();
            assert!(new.derive(p(family + 5_000), 3, shift) == code);
        }
        assert_eq!(CodeShift::from_bytes([0xff; 16]), None);
    }
}
