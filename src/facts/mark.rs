//! Reads body marks in a coded form: what it is, on which part of the body, and on which side.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::coded::{Coded, coded, folded};

coded! {
    /// What a mark is.
    MarkKind {
        /// A scar.
        Scar "scar" "疤痕" ["疤", "伤疤", "瘢痕", "伤痕"],
        /// A burn.
        Burn "burn" "烫伤" ["烧伤", "烫伤疤", "烧伤疤"],
        /// A birthmark.
        Birthmark "birthmark" "胎记" ["胎痣"],
        /// A mole.
        Mole "mole" "痣" ["黑痣"],
        /// A tattoo.
        Tattoo "tattoo" "纹身" ["文身", "刺青"],
        /// A missing part of the body.
        Missing "missing-part" "缺失" ["缺", "断", "残缺"],
        /// A deformity, also an additional part.
        Deformity "deformity" "畸形" ["多指", "并指", "唇裂", "兔唇"],
        /// A piercing.
        Piercing "piercing" "穿孔" ["耳洞"],
        /// Another mark.
        Other "other-mark" "其他特征" [],
    }
}

impl MarkKind {
    /// Reports whether a child that had it when it went missing still has it, unless it was removed.
    #[must_use]
    pub fn is_lasting(self) -> bool {
        matches!(self, Self::Birthmark | Self::Missing | Self::Deformity)
    }
}

coded! {
    /// A part of the body.
    BodyPart {
        /// The head.
        Head "head" "头部" ["头", "头皮"],
        /// The forehead.
        Forehead "forehead" "额头" ["额", "额部", "前额"],
        /// The face.
        Face "face" "面部" ["脸", "脸部", "脸颊", "面颊", "cheek"],
        /// An eye or its brow.
        Eye "eye" "眼部" ["眼", "眼睛", "眉", "眉毛", "眼角"],
        /// An ear.
        Ear "ear" "耳部" ["耳", "耳朵", "耳垂"],
        /// The nose.
        Nose "nose" "鼻部" ["鼻", "鼻子"],
        /// The mouth.
        Mouth "mouth" "口部" ["口", "嘴", "嘴唇", "唇", "嘴角", "lip"],
        /// The chin.
        Chin "chin" "下巴" ["颏"],
        /// The neck.
        Neck "neck" "颈部" ["颈", "脖子", "脖"],
        /// A shoulder.
        Shoulder "shoulder" "肩部" ["肩", "肩膀"],
        /// An arm.
        Arm "arm" "手臂" ["胳膊"],
        /// An upper arm.
        UpperArm "upper-arm" "上臂" [],
        /// An elbow.
        Elbow "elbow" "肘部" ["肘"],
        /// A forearm.
        Forearm "forearm" "前臂" ["小臂"],
        /// A wrist.
        Wrist "wrist" "手腕" ["腕", "腕部"],
        /// A hand.
        Hand "hand" "手部" ["手", "手背", "手掌"],
        /// A finger.
        Finger "finger" "手指" ["指", "拇指", "食指", "中指", "无名指", "小指", "thumb"],
        /// The chest.
        Chest "chest" "胸部" ["胸", "胸口"],
        /// The back.
        Back "back" "背部" ["背", "后背"],
        /// The belly.
        Belly "belly" "腹部" ["腹", "肚子", "abdomen"],
        /// The waist.
        Waist "waist" "腰部" ["腰"],
        /// The buttocks.
        Buttocks "buttocks" "臀部" ["臀", "屁股", "buttock"],
        /// A leg.
        Leg "leg" "腿部" ["腿"],
        /// A thigh.
        Thigh "thigh" "大腿" [],
        /// A knee.
        Knee "knee" "膝部" ["膝", "膝盖"],
        /// A lower leg.
        LowerLeg "lower-leg" "小腿" ["calf", "shin"],
        /// An ankle.
        Ankle "ankle" "脚踝" ["踝", "脚腕"],
        /// A foot.
        Foot "foot" "足部" ["足", "脚", "脚背", "脚底"],
        /// A toe.
        Toe "toe" "足趾" ["脚趾", "趾"],
    }
}

coded! {
    /// A side of the body.
    Side {
        /// The left.
        Left "left-side" "左侧" ["左", "左边", "left"],
        /// The right.
        Right "right-side" "右侧" ["右", "右边", "right"],
        /// Both sides.
        Both "both-sides" "双侧" ["双", "两侧", "both"],
        /// The middle.
        Middle "middle" "正中" ["中间", "正中央"],
    }
}

/// A mark on the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// What it is.
    pub kind: MarkKind,
    /// The part of the body; `None` if it is not stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<BodyPart>,
    /// The side; `None` if it is not stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
}

impl Mark {
    /// Reads one mark: its kind, and optionally part and side, in either language and any order. Returns `None` if
    /// anything else is in the text.
    fn parse(text: &str) -> Option<Self> {
        let text = folded(text);
        let (mut kind, mut part, mut side) = (None, None, None);
        let mut rest = text.trim_matches(is_between);
        while !rest.is_empty() {
            let found = [
                MarkKind::at_start(rest).map(|(value, length)| (length, Word::Kind(value))),
                BodyPart::at_start(rest).map(|(value, length)| (length, Word::Part(value))),
                Side::at_start(rest).map(|(value, length)| (length, Word::Side(value))),
            ];
            let (length, word) = found.into_iter().flatten().max_by_key(|found| found.0)?;
            match word {
                Word::Kind(value) if kind.is_none() => kind = Some(value),
                Word::Part(value) if part.is_none() => part = Some(value),
                Word::Side(value) if side.is_none() => side = Some(value),
                _ => return None,
            }
            let after = &rest[length..];
            // An English word must end here: `ear` is not the beginning of `earring`.
            if rest.is_char_boundary(length)
                && rest[..length].is_ascii()
                && after.starts_with(|c: char| c.is_ascii_alphanumeric())
            {
                return None;
            }
            rest = after.trim_start_matches(is_between);
        }
        Some(Self { kind: kind?, part, side })
    }

    /// Returns the Chinese words, as they are read: 左侧面部疤痕.
    #[must_use]
    pub fn chinese(&self) -> String {
        let side = self.side.map_or("", Side::chinese);
        side.to_owned() + self.part.map_or("", BodyPart::chinese) + self.kind.chinese()
    }

    /// Reports whether both may be the same mark: what both state is equal.
    #[must_use]
    pub fn fits(self, other: Self) -> bool {
        let part = self.part.zip(other.part).is_none_or(|(one, other)| one == other);
        let side = self.side.zip(other.side).is_none_or(|(one, other)| one == other);
        self.kind == other.kind && part && side
    }
}

enum Word {
    Kind(MarkKind),
    Part(BodyPart),
    Side(Side),
}

fn is_between(c: char) -> bool {
    matches!(c, '-' | '/' | '的' | '有' | '处')
}

impl fmt::Display for Mark {
    /// Writes the English words, as they are read: `scar left-side forearm`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        self.side.map_or(Ok(()), |side| write!(f, " {}", side.word()))?;
        self.part.map_or(Ok(()), |part| write!(f, " {}", part.word()))
    }
}

/// Reads marks with semicolons or the Chinese comma of lists between them. Returns `None` if one is not of the
/// vocabulary.
///
/// ```
/// use reunite::facts::{BodyPart, MarkKind, Side, read_marks};
///
/// let english = read_marks("scar left forearm; birthmark face").ok_or("marks")?;
/// assert_eq!(read_marks("左前臂疤痕；面部有胎记").as_ref(), Some(&english));
/// assert_eq!((english[0].kind, english[0].side), (MarkKind::Scar, Some(Side::Left)));
/// assert_eq!(english[1].part, Some(BodyPart::Face));
/// assert_eq!(read_marks("a scar like a star"), None);
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn read_marks(text: &str) -> Option<Vec<Mark>> {
    let parts = text.split([';', '；', '、', '|']).map(str::trim).filter(|part| !part.is_empty());
    let mut marks: Vec<Mark> = parts.map(Mark::parse).collect::<Option<_>>()?;
    let mut seen = Vec::new();
    marks.retain(|mark| {
        let is_new = !seen.contains(mark);
        seen.push(*mark);
        is_new
    });
    Some(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_in_two_languages_and_written_as_they_are_read() {
        let of = |text: &str| read_marks(text).map(|marks| marks.iter().map(Mark::to_string).collect::<Vec<_>>());
        for (text, read) in [
            ("Scar  left  upper-arm", "scar left-side upper-arm"),
            ("left-hand missing-part", "missing-part left-side hand"),
            ("右手小指缺失", ""),
            ("右小指缺失", "missing-part right-side finger"),
            ("左大腿烫伤", "burn left-side thigh"),
            ("胎记", "birthmark"),
            ("双侧 耳部 穿孔", "piercing both-sides ear"),
        ] {
            assert_eq!(of(text).map(|all| all.join(";")).unwrap_or_default(), read, "{text}");
        }
        for text in ["left forearm", "scar scar", "scar of Wang", "王某的疤", "earring piercing", "疤痕13800000000"]
        {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of("").map(|all| all.len()), Some(0));
        assert_eq!(of("痣；痣;mole").map(|all| all.len()), Some(1));
        for kind in MarkKind::TABLE {
            for part in BodyPart::TABLE {
                for side in Side::TABLE {
                    let mark = Mark { kind: kind.0, part: Some(part.0), side: Some(side.0) };
                    assert_eq!(read_marks(&mark.to_string()), Some(vec![mark]), "{mark}");
                    assert_eq!(read_marks(&mark.chinese()), Some(vec![mark]), "{}", mark.chinese());
                }
            }
        }
    }

    #[test]
    fn marks_fit_if_what_both_state_is_equal() {
        let mark = |text: &str| read_marks(text).unwrap()[0];
        assert!(mark("scar face").fits(mark("scar")) && mark("scar left face").fits(mark("scar face")));
        assert!(!mark("scar face").fits(mark("mole face")) && !mark("scar left hand").fits(mark("scar right hand")));
    }
}
