//! Reads the words and numbers for relations in case files.
//!
//! A word that leaves open the side of the family, or full or half, is refused with a question: each of its meanings
//! gives another likelihood ratio. The numbers are codes of the national system.

use std::fmt;

use crate::intake::text::characters::to_ascii;
use crate::model::{FindingCode, Relation, UnknownWord};

/// The reason why a text states no usable relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum NoRelation {
    /// The word is unknown.
    Unknown(UnknownWord),
    /// The word may mean any of these relations.
    Unclear(&'static [Relation]),
    /// The word means something else; the text says what to do.
    Other(&'static str),
}

impl NoRelation {
    /// Returns the kind of finding.
    pub(in crate::intake) fn code(self) -> FindingCode {
        match self {
            Self::Unknown(_) => FindingCode::Relation,
            Self::Unclear(_) => FindingCode::RelationUnclear,
            Self::Other(_) => FindingCode::RelationOther,
        }
    }
}

impl fmt::Display for NoRelation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(error) => error.fmt(f),
            Self::Other(what) => f.write_str(what),
            Self::Unclear(choices) => {
                f.write_str("is ambiguous; write one of ")?;
                for (at, relation) in choices.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { ", " })?;
                    write!(f, "{relation} ({})", chinese(*relation))?;
                }
                Ok(())
            }
        }
    }
}

/// The meaning of a word.
#[derive(Clone, Copy)]
enum Meaning {
    Is(Relation),
    OneOf(&'static [Relation]),
    Other(&'static str),
}

use Meaning::{Is, OneOf, Other};
use Relation::{
    Father, FullSibling, MaternalAunt, MaternalGrandfather, MaternalGrandmother, MaternalHalfSibling, MaternalUncle,
    Mother, Parent, PaternalAunt, PaternalGrandfather, PaternalGrandmother, PaternalHalfSibling, PaternalUncle,
};

const SIBLINGS: &[Relation] = &[FullSibling, PaternalHalfSibling, MaternalHalfSibling];
const HALF_SIBLINGS: &[Relation] = &[PaternalHalfSibling, MaternalHalfSibling];
const OF_FATHER: &[Relation] =
    &[PaternalGrandfather, PaternalGrandmother, PaternalUncle, PaternalAunt, PaternalHalfSibling];
const OF_MOTHER: &[Relation] =
    &[MaternalGrandfather, MaternalGrandmother, MaternalUncle, MaternalAunt, MaternalHalfSibling];

const OWN_CHILD: &str = "names a child of the missing person, for whom there is no relation; enter the family in the \
                         file given with --pedigrees";
const SPOUSE: &str = "names a spouse, who is not related to the missing person; remove the row, or enter the family \
                      with its children in the file given with --pedigrees";
const OWN: &str = "says that the sample is the missing person's own, or may be; move the row to a file of children, \
                   and import that with --as children";
const KID: &str = "names a child; move the row of the missing child's own sample, or of a child of unknown origin, to \
                   a file of children, and import that with --as children; a child of the missing person needs a \
                   pedigree (--pedigrees)";
const DISTANT: &str =
    "names a relative for whom there is no relation; enter the family in the file given with --pedigrees";
const NO_BLOOD: &str = "names a person who is not related by blood; remove the row";
const TWIN: &str = "names a twin; write full-sibling unless the twins are identical; the sample of an identical twin \
                    stands for the missing child; import it with --as children";

/// The words in lower case, with hyphens between their parts, and the codes.
const WORDS: &[(Meaning, &[&str])] = &[
    (
        Is(Father),
        &["1", "父亲", "生父", "生物学父", "生物学父亲", "亲生父亲", "父", "爸爸", "父親", "biological-father"],
    ),
    (
        Is(Mother),
        &["2", "母亲", "生母", "生物学母", "生物学母亲", "亲生母亲", "母", "妈妈", "母親", "biological-mother"],
    ),
    (Is(Parent), &["父母", "生父母", "亲生父母", "双亲", "父或母", "父/母", "打拐父母", "biological-parent"]),
    (
        Is(FullSibling),
        &[
            "全同胞",
            "同父同母",
            "全同胞兄弟",
            "全同胞姐妹",
            "全同胞兄弟姐妹",
            "full-sib",
            "full-brother",
            "full-sister",
        ],
    ),
    (
        Is(PaternalHalfSibling),
        &[
            "同父异母",
            "同父半同胞",
            "父系半同胞",
            "同父异母兄弟",
            "同父异母姐妹",
            "paternal-half-brother",
            "paternal-half-sister",
        ],
    ),
    (
        Is(MaternalHalfSibling),
        &[
            "同母异父",
            "同母半同胞",
            "母系半同胞",
            "同母异父兄弟",
            "同母异父姐妹",
            "maternal-half-brother",
            "maternal-half-sister",
        ],
    ),
    (Is(PaternalGrandfather), &["祖父", "爷爷"]),
    (Is(PaternalGrandmother), &["祖母", "奶奶"]),
    (Is(MaternalGrandfather), &["外祖父", "外公", "姥爷"]),
    (Is(MaternalGrandmother), &["外祖母", "外婆", "姥姥"]),
    (Is(PaternalUncle), &["叔", "叔叔", "叔父", "伯", "伯伯", "伯父"]),
    (Is(PaternalAunt), &["姑", "姑姑", "姑母", "姑妈"]),
    (Is(MaternalUncle), &["舅", "舅舅", "舅父"]),
    (Is(MaternalAunt), &["姨", "姨妈", "姨母"]),
    (
        OneOf(SIBLINGS),
        &[
            "4",
            "兄",
            "弟",
            "姐",
            "妹",
            "哥",
            "哥哥",
            "弟弟",
            "姐姐",
            "妹妹",
            "兄弟",
            "姐妹",
            "姊妹",
            "兄妹",
            "姐弟",
            "兄弟姐妹",
            "同胞",
            "同胞兄弟",
            "同胞姐妹",
            "brother",
            "sister",
            "sibling",
            "siblings",
            "sib",
        ],
    ),
    (OneOf(HALF_SIBLINGS), &["半同胞", "half-sibling", "half-sib", "half-brother", "half-sister"]),
    (OneOf(&[PaternalGrandfather, MaternalGrandfather]), &["grandfather"]),
    (OneOf(&[PaternalGrandmother, MaternalGrandmother]), &["grandmother"]),
    (
        OneOf(&[PaternalGrandfather, PaternalGrandmother, MaternalGrandfather, MaternalGrandmother]),
        &["grandparent", "祖孙"],
    ),
    (OneOf(&[PaternalGrandfather, PaternalGrandmother]), &["祖父母", "paternal-grandparent"]),
    (OneOf(&[MaternalGrandfather, MaternalGrandmother]), &["外祖父母", "maternal-grandparent"]),
    (OneOf(&[PaternalUncle, MaternalUncle]), &["uncle"]),
    (OneOf(&[PaternalAunt, MaternalAunt]), &["aunt"]),
    (OneOf(&[PaternalUncle, PaternalAunt]), &["叔姑", "伯姑", "叔伯姑"]),
    (OneOf(&[MaternalUncle, MaternalAunt]), &["舅姨"]),
    (OneOf(OF_FATHER), &["5", "父系亲属", "父系亲缘", "父系", "paternal-relative"]),
    (OneOf(OF_MOTHER), &["6", "母系亲属", "母系亲缘", "母系", "maternal-relative"]),
    (Other(OWN_CHILD), &["3", "子女", "儿子", "女儿", "子", "女", "生物学子女", "child", "son", "daughter"]),
    (Other(SPOUSE), &["7", "8", "配偶", "丈夫", "妻子", "夫", "妻", "spouse", "husband", "wife"]),
    (Other(KID), &["孩子", "儿童", "小孩", "打拐儿童", "被拐儿童", "失踪儿童", "来历不明儿童", "missing-child"]),
    (Other(OWN), &["9", "10", "本人", "疑似本人", "可能本人", "self", "own"]),
    (
        Other(DISTANT),
        &[
            "堂兄弟",
            "堂姐妹",
            "堂兄",
            "堂弟",
            "堂姐",
            "堂妹",
            "表兄弟",
            "表姐妹",
            "表兄",
            "表哥",
            "表弟",
            "表姐",
            "表妹",
            "侄",
            "侄子",
            "侄女",
            "外甥",
            "外甥女",
            "曾祖父",
            "曾祖母",
            "孙子",
            "孙女",
            "cousin",
            "nephew",
            "niece",
            "great-grandfather",
            "great-grandmother",
            "grandson",
            "granddaughter",
            "grandchild",
        ],
    ),
    (
        Other(NO_BLOOD),
        &[
            "养父",
            "养母",
            "继父",
            "继母",
            "姑父",
            "姑丈",
            "姨父",
            "姨丈",
            "舅母",
            "舅妈",
            "婶",
            "婶婶",
            "伯母",
            "岳父",
            "岳母",
            "stepfather",
            "stepmother",
            "adoptive-father",
            "adoptive-mother",
        ],
    ),
    (Other(TWIN), &["双胞胎", "双生子", "同卵双胞胎", "twin", "identical-twin"]),
    (Is(FullSibling), &["异卵双胞胎", "龙凤胎", "fraternal-twin"]),
];

/// Returns the relation in a cell, including members of pedigrees.
///
/// # Errors
/// [`NoRelation`].
pub(in crate::intake) fn stated_relation(cell: &str) -> Result<Relation, NoRelation> {
    if cell.eq_ignore_ascii_case(Relation::Member.word()) {
        return Ok(Relation::Member);
    }
    cell.parse().or_else(|error| other_word(cell, error))
}

#[cold]
fn other_word(cell: &str, error: UnknownWord) -> Result<Relation, NoRelation> {
    // No word is this long.
    if cell.len() > 64 {
        return Err(NoRelation::Unknown(error));
    }
    let word = to_ascii(cell).to_lowercase().replace([' ', '_'], "-");
    if let Ok(relation) = word.parse() {
        return Ok(relation);
    }
    // Chinese words may contain spaces, and may number one of several uncles.
    let word = if word.is_ascii() { word } else { word.replace('-', "") };
    let unnumbered = word.strip_prefix(['大', '小', '二', '三', '四', '五']).filter(|word| is_of_several(word));
    let word = unnumbered.unwrap_or(&word);
    match WORDS.iter().find(|(_, words)| words.contains(&word)) {
        Some((Is(relation), _)) => Ok(*relation),
        Some((OneOf(choices), _)) => Err(NoRelation::Unclear(choices)),
        Some((Other(what), _)) => Err(NoRelation::Other(what)),
        None => Err(NoRelation::Unknown(error)),
    }
}

/// Reports whether a Chinese word denotes a relative of whom there may be several.
fn is_of_several(word: &str) -> bool {
    word.starts_with(['叔', '伯', '姑', '舅', '姨', '哥', '弟', '姐', '妹'])
}

/// Reports whether a cell is a number, which is a code of the national system.
pub(in crate::intake) fn is_code(cell: &str) -> bool {
    !cell.is_empty() && to_ascii(cell).bytes().all(|b| b.is_ascii_digit())
}

/// Returns the word in Chinese.
fn chinese(relation: Relation) -> &'static str {
    match relation {
        Father => "父亲",
        Mother => "母亲",
        FullSibling => "全同胞",
        PaternalHalfSibling => "同父异母",
        MaternalHalfSibling => "同母异父",
        PaternalGrandfather => "祖父",
        PaternalGrandmother => "祖母",
        MaternalGrandfather => "外祖父",
        MaternalGrandmother => "外祖母",
        PaternalUncle => "叔, 伯",
        PaternalAunt => "姑",
        MaternalUncle => "舅",
        MaternalAunt => "姨",
        Parent => "父母",
        Relation::Member => "成员",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_that_say_enough_are_relations() {
        for (cell, relation) in [
            ("father", Father),
            ("父亲", Father),
            ("１", Father),
            ("2", Mother),
            ("Full Sibling", FullSibling),
            ("paternal_grandmother", PaternalGrandmother),
            ("姥姥", MaternalGrandmother),
            ("同父异母", PaternalHalfSibling),
            ("舅舅", MaternalUncle),
            ("父母", Parent),
            ("打拐父母", Parent),
            ("父 亲", Father),
            ("母親", Mother),
            ("大伯", PaternalUncle),
            ("小姨", MaternalAunt),
            ("三叔", PaternalUncle),
            ("member", Relation::Member),
        ] {
            assert_eq!(stated_relation(cell), Ok(relation), "{cell}");
        }
    }

    #[test]
    fn words_that_say_too_little_are_asked_about() {
        for (cell, choices) in [
            ("兄", SIBLINGS),
            ("大哥", SIBLINGS),
            ("4", SIBLINGS),
            ("Brother", SIBLINGS),
            ("半同胞", HALF_SIBLINGS),
            ("5", OF_FATHER),
            ("母系亲属", OF_MOTHER),
        ] {
            assert_eq!(stated_relation(cell), Err(NoRelation::Unclear(choices)), "{cell}");
        }
        for cell in ["uncle", "grandmother", "祖父母"] {
            assert!(matches!(stated_relation(cell), Err(NoRelation::Unclear(choices)) if choices.len() == 2), "{cell}");
        }
        let what = stated_relation("妹").unwrap_err().to_string();
        assert!(
            what.contains("full-sibling (全同胞), paternal-half-sibling (同父异母), maternal-half-sibling (同母异父)")
        );
    }

    #[test]
    fn others_are_no_relations_to_compute_with() {
        for cell in ["3", "7", "本人", "孩子", "打拐儿童", "表哥", "养父", "双胞胎", "spouse"] {
            assert_eq!(stated_relation(cell).unwrap_err().code(), FindingCode::RelationOther, "{cell}");
        }
        for cell in ["", "朋友", "11", "fathe", "0", "大", "小父亲", "堂叔"] {
            assert_eq!(stated_relation(cell).unwrap_err().code(), FindingCode::Relation, "{cell}");
        }
        assert!(is_code("4") && is_code("１０") && !is_code("") && !is_code("兄"));
    }

    #[test]
    fn every_word_has_one_meaning() {
        let mut seen = HashSet::new();
        for word in WORDS.iter().flat_map(|(_, words)| *words) {
            assert!(seen.insert(word) && word.to_lowercase() == **word && word.parse::<Relation>().is_err(), "{word}");
        }
        let shown = Relation::ALL.into_iter().filter(|relation| chinese(*relation) != "叔, 伯");
        shown.for_each(|relation| assert_eq!(stated_relation(chinese(relation)), Ok(relation)));
    }
}
