//! Defines words of a fixed vocabulary, in English and Chinese, in one table for each kind.

/// A value of a fixed vocabulary.
pub trait Coded: Copy + PartialEq + Sized + 'static {
    /// All values, each with its English word, its Chinese one, and others in use.
    const TABLE: &'static [(Self, &'static str, &'static str, &'static [&'static str])];

    /// Returns the English word, which files and programs use.
    #[must_use]
    fn word(self) -> &'static str {
        Self::TABLE.iter().find(|known| known.0 == self).map_or("", |known| known.1)
    }

    /// Returns the Chinese word.
    #[must_use]
    fn chinese(self) -> &'static str {
        Self::TABLE.iter().find(|known| known.0 == self).map_or("", |known| known.2)
    }

    /// Returns the value with this word, in either language; case and blanks do not matter.
    ///
    /// ```
    /// use reunite::facts::{Coded, Dialect};
    ///
    /// assert_eq!(Dialect::named("吴语"), Some(Dialect::Wu));
    /// assert_eq!(Dialect::named("Southwestern Mandarin"), Some(Dialect::Southwestern));
    /// assert_eq!(Dialect::named("a cheerful one"), None);
    /// ```
    #[must_use]
    fn named(text: &str) -> Option<Self> {
        let text = folded(text);
        Self::TABLE.iter().find(|known| spellings(known).any(|word| word == text)).map(|known| known.0)
    }

    /// Returns the longest word at the beginning of a folded text, and its length in bytes.
    #[must_use]
    fn at_start(text: &str) -> Option<(Self, usize)> {
        let words = Self::TABLE.iter().flat_map(|known| spellings(known).map(|word| (known.0, word)));
        let longest = words.filter(|(_, word)| text.starts_with(word)).max_by_key(|(_, word)| word.len())?;
        Some((longest.0, longest.1.len()))
    }
}

type Row<T> = (T, &'static str, &'static str, &'static [&'static str]);

fn spellings<T>(row: &Row<T>) -> impl Iterator<Item = &'static str> {
    [row.1, row.2].into_iter().chain(row.3.iter().copied())
}

/// Returns a text in small letters, with hyphens for blanks and without them at its ends.
pub(super) fn folded(text: &str) -> String {
    let plain = text.trim().chars().map(|c| if c.is_whitespace() || c == '_' { '-' } else { c.to_ascii_lowercase() });
    plain.collect()
}

/// Defines an enum with its words.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $value:ident $word:literal $chinese:literal [$($other:literal),*],)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$of])* $value,)* }

        impl $crate::facts::coded::Coded for $name {
            const TABLE: &'static [(Self, &'static str, &'static str, &'static [&'static str])] =
                &[$((Self::$value, $word, $chinese, &[$($other),*]),)*];
        }

        impl serde::Serialize for $name {
            /// As its English word.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::facts::coded::Coded::word(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                let unknown = || serde::de::Error::custom("an unknown word");
                <Self as $crate::facts::coded::Coded>::named(&word).ok_or_else(unknown)
            }
        }
    };
}
pub(super) use coded;

coded! {
    /// The dialect or language that a child speaks: groups of Chinese dialects, and other languages.
    Dialect {
        /// Mandarin, of no stated group.
        Mandarin "mandarin" "官话" ["普通话", "北方话", "putonghua"],
        /// Northeastern Mandarin.
        Northeastern "northeastern-mandarin" "东北官话" ["东北话"],
        /// Beijing Mandarin.
        Beijing "beijing-mandarin" "北京官话" ["北京话"],
        /// Jilu Mandarin.
        Jilu "jilu-mandarin" "冀鲁官话" [],
        /// Jiaoliao Mandarin.
        Jiaoliao "jiaoliao-mandarin" "胶辽官话" ["胶东话"],
        /// Central Plains Mandarin.
        CentralPlains "central-plains-mandarin" "中原官话" ["河南话"],
        /// Lanyin Mandarin.
        Lanyin "lanyin-mandarin" "兰银官话" [],
        /// Jianghuai Mandarin.
        Jianghuai "jianghuai-mandarin" "江淮官话" [],
        /// Southwestern Mandarin.
        Southwestern "southwestern-mandarin" "西南官话" ["四川话", "云南话", "贵州话", "重庆话"],
        /// Jin.
        Jin "jin" "晋语" ["山西话"],
        /// Wu.
        Wu "wu" "吴语" ["上海话", "温州话"],
        /// Huizhou.
        Hui "huizhou" "徽语" [],
        /// Gan.
        Gan "gan" "赣语" ["江西话"],
        /// Xiang.
        Xiang "xiang" "湘语" ["湖南话"],
        /// Min.
        Min "min" "闽语" ["闽南语", "闽南话", "福州话", "潮汕话"],
        /// Yue.
        Yue "yue" "粤语" ["广东话", "白话", "cantonese"],
        /// Pinghua.
        Pinghua "pinghua" "平话" [],
        /// Hakka.
        Hakka "hakka" "客家话" ["客家语"],
        /// Tibetan.
        Tibetan "tibetan" "藏语" [],
        /// Uyghur.
        Uyghur "uyghur" "维吾尔语" ["维语"],
        /// Mongolian.
        Mongolian "mongolian" "蒙古语" ["蒙语"],
        /// Zhuang.
        Zhuang "zhuang" "壮语" [],
        /// Yi.
        Yi "yi" "彝语" [],
        /// Miao.
        Miao "miao" "苗语" [],
        /// Korean.
        Korean "korean" "朝鲜语" [],
        /// Another one.
        Other "other-language" "其他语言" ["other", "其他"],
    }
}

impl Dialect {
    /// Reports whether it is a group of Mandarin, or Mandarin of no stated group.
    #[must_use]
    pub fn is_mandarin(self) -> bool {
        self <= Self::Southwestern
    }
}

coded! {
    /// Where a found child lives.
    Custody {
        /// A welfare institution.
        Institution "institution" "福利机构" ["福利院", "儿童福利院", "orphanage"],
        /// A station for people without help.
        Station "relief-station" "救助站" ["救助管理站"],
        /// A foster family.
        Foster "foster-family" "寄养家庭" ["寄养"],
        /// A family that adopted or bought the child.
        Family "raising-family" "收养家庭" ["收养", "养家", "抚养家庭"],
        /// A hospital.
        Hospital "hospital" "医院" [],
        /// The police.
        Police "police" "公安机关" ["派出所"],
        /// Grown up, and lives by themselves.
        Independent "independent" "独立生活" ["成年", "自立"],
        /// Something else.
        Other "other-custody" "其他安置" ["other", "其他"],
    }
}

coded! {
    /// The kind of agency by which a child was found. Names of agencies and people are not kept.
    FoundBy {
        /// The police.
        Police "police" "公安机关" ["公安", "派出所"],
        /// Civil affairs.
        CivilAffairs "civil-affairs" "民政部门" ["民政", "民政局"],
        /// A hospital.
        Hospital "hospital" "医院" [],
        /// A welfare institution.
        Institution "institution" "福利机构" ["福利院", "儿童福利院"],
        /// A person who is not of an agency.
        Person "person" "群众" ["个人", "市民"],
        /// Another agency.
        Other "other-agency" "其他部门" ["other", "其他"],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::facts::{BodyPart, MarkKind, Side};

    fn check<T: Coded + std::fmt::Debug>() {
        let mut seen = HashSet::new();
        for row in T::TABLE {
            for word in spellings(row) {
                assert!(seen.insert(word), "{word} is there twice");
                assert_eq!(T::named(word), Some(row.0));
                assert_eq!(folded(word), word);
            }
            assert!(row.1.is_ascii() && !row.2.is_ascii(), "{row:?}");
        }
    }

    #[test]
    fn every_word_is_of_one_value_and_has_both_languages() {
        check::<Dialect>();
        check::<Custody>();
        check::<FoundBy>();
        check::<MarkKind>();
        check::<BodyPart>();
        check::<Side>();
        assert!(Dialect::Southwestern.is_mandarin() && !Dialect::Jin.is_mandarin());
    }
}
