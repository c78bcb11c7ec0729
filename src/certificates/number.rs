//! Reads the numbers of birth certificates: a letter and nine digits, or digits alone.

/// The keyed hash of a number: see the module `pseudonym`.
pub type NumberHash = [u8; 16];

/// The most digits of a number without a letter: 15 and 18 digits are resident ID numbers.
const MOST_DIGITS: usize = 14;
/// The digits after a letter, and the fewest without one.
const DIGITS: usize = 9;

/// What a number says that identifies nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Issue {
    /// The letter, which stands for the printing version; version 1 has none.
    pub letter: Option<char>,
    /// The first two digits, which are usually those of a province.
    pub province: u8,
}

/// The number of a birth certificate, with its plain digits. It has no `Debug` and no `Display`, so that no message
/// shows it by accident.
///
/// ```
/// use reunite::certificates::Number;
///
/// let number = Number::parse(" ｑ37 0123456 ").ok_or("a number")?;
/// assert_eq!((number.text(), number.issue().letter, number.issue().province), ("Q370123456", Some('Q'), 37));
/// assert_eq!(number.following().next().as_deref(), Some("Q370123457"));
/// let old = Number::parse("370123456").ok_or("a number of version 1")?;
/// assert_eq!(old.issue().letter, None);
/// assert!(Number::parse("Q37012345").is_none());
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Number {
    text: String,
}

impl Number {
    /// How many following numbers count as consecutive.
    pub const WINDOW: usize = 3;

    /// Reads a number. Full-width characters are read as plain ones and small letters as capitals, and blanks are left
    /// out. Returns `None` if it is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = folded(text);
        let (letters, digits) = match text.as_bytes() {
            [letter, digits @ ..] if letter.is_ascii_uppercase() => (1, digits),
            digits => (0, digits),
        };
        let fits = if letters == 1 { digits.len() == DIGITS } else { (DIGITS..=MOST_DIGITS).contains(&digits.len()) };
        (fits && digits.iter().all(u8::is_ascii_digit)).then_some(Self { text })
    }

    /// Returns the number without blanks, in capitals.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns what the number says that identifies nobody.
    #[must_use]
    pub fn issue(&self) -> Issue {
        let letter = self.text.chars().next().filter(char::is_ascii_uppercase);
        let province = self.digits().get(..2).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        Issue { letter, province }
    }

    /// Returns the [`Self::WINDOW`] numbers after this one; fewer at the end of the digits.
    pub fn following(&self) -> impl Iterator<Item = String> {
        let digits = self.digits();
        let (letter, width) = (&self.text[..self.text.len() - digits.len()], digits.len());
        let value: u64 = digits.parse().unwrap_or(u64::MAX);
        let next = (1..=Self::WINDOW as u64).filter_map(move |step| value.checked_add(step));
        next.map(move |next| format!("{letter}{next:0width$}")).filter(|text| text.len() == self.text.len())
    }

    fn digits(&self) -> &str {
        self.text.trim_start_matches(|c: char| c.is_ascii_uppercase())
    }
}

/// Returns a text as numbers are compared: without blanks and invisible characters, full-width characters as plain
/// ones, small letters as capitals.
#[must_use]
pub fn folded(text: &str) -> String {
    let plain = |c: char| match c {
        // The block of full-width forms is in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    let seen = text.chars().filter(|c| !c.is_whitespace() && !crate::model::is_ignorable(*c));
    seen.map(|c| plain(c).to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_letter_and_nine_digits_or_digits_alone() {
        for (text, letter) in [
            ("Q370123456", Some('Q')),
            ("q370123456", Some('Q')),
            ("Ｑ３７０１２３４５６", Some('Q')),
            (" Q 370 123\u{3000}456\u{200b}", Some('Q')),
            ("370123456", None),
            ("3701234567", None),
            ("37012345678901", None),
        ] {
            let number = Number::parse(text).unwrap();
            assert_eq!(number.issue(), Issue { letter, province: 37 }, "{text}");
        }
        for text in [
            "",
            "Q",
            "37012345",
            "Q37012345",
            "Q3701234567",
            "QQ37012345",
            "Q37012345x",
            "Q-370123456",
            "出370123456",
            "370102900307773",
            "370102199003077736",
        ] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn following_numbers_keep_their_form() {
        let following = |text: &str| Number::parse(text).unwrap().following().collect::<Vec<_>>();
        assert_eq!(following("Q370123458"), ["Q370123459", "Q370123460", "Q370123461"]);
        assert_eq!(following("370123458"), ["370123459", "370123460", "370123461"]);
        assert_eq!(following("Q999999998"), ["Q999999999"]);
        assert_eq!(following("Q000000001"), ["Q000000002", "Q000000003", "Q000000004"]);
    }
}
