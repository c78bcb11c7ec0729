//! Names the purposes for which a sample may be used.

/// What a sample may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Compared by `match`: families with children.
    Search,
    /// Compared by `kin` with any other sample, also beyond its own family.
    Kin,
    /// Handed to another agency.
    Exchange,
    /// Used for statistics and validation.
    Validation,
}

impl Purpose {
    /// All purposes, in their order.
    pub const ALL: [Self; 4] = [Self::Search, Self::Kin, Self::Exchange, Self::Validation];

    /// Returns the word in lists and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Kin => "kin",
            Self::Exchange => "exchange",
            Self::Validation => "validation",
        }
    }

    /// Returns the purpose of a word, also of a Chinese one.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "search" | "寻亲" | "查找" | "寻亲比对" | "家系比对" => Some(Self::Search),
            "kin" | "亲缘检索" | "亲缘比对" | "亲缘查找" => Some(Self::Kin),
            "exchange" | "交换" | "数据交换" | "跨机构交换" => Some(Self::Exchange),
            "validation" | "验证" | "统计" | "统计验证" => Some(Self::Validation),
            _ => None,
        }
    }
}

/// A set of purposes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purposes(u8);

impl Purposes {
    /// Reports whether a purpose is in the set.
    #[must_use]
    pub fn has(self, purpose: Purpose) -> bool {
        self.0 & (1 << purpose as u8) != 0
    }

    /// Returns the set with a further purpose.
    #[must_use]
    pub fn with(self, purpose: Purpose) -> Self {
        Self(self.0 | (1 << purpose as u8))
    }

    /// Returns the purposes of the set, in their order.
    pub fn iter(self) -> impl Iterator<Item = Purpose> {
        Purpose::ALL.into_iter().filter(move |purpose| self.has(*purpose))
    }

    /// Returns the words of the set, separated by spaces.
    #[must_use]
    pub fn words(self) -> String {
        self.iter().map(Purpose::word).collect::<Vec<_>>().join(" ")
    }

    /// Reads words that are separated by spaces, semicolons, slashes or plus signs, or by their Chinese counterparts;
    /// `None` if one of them is unknown.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let words = text.split([' ', ';', '/', '+', '|', ',', '；', '、', '，', '　']).filter(|word| !word.is_empty());
        words.map(Purpose::named).try_fold(Self::default(), |set, purpose| Some(set.with(purpose?)))
    }
}

impl FromIterator<Purpose> for Purposes {
    fn from_iter<I: IntoIterator<Item = Purpose>>(purposes: I) -> Self {
        purposes.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_and_written_by_their_words() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::named(purpose.word()), Some(purpose));
        }
        let set = Purposes::parse("Kin; 寻亲、kin").unwrap();
        assert_eq!((set.words().as_str(), set.has(Purpose::Exchange)), ("search kin", false));
        assert_eq!(Purposes::parse(&set.words()), Some(set));
        assert_eq!(Purposes::parse("search publish"), None);
        assert_eq!(Purposes::parse(" "), Some(Purposes::default()));
    }
}
