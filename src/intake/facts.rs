//! Reads lists of found and of missing children: what people state about them.
//!
//! What is kept is coded: days, codes of places, words of a fixed vocabulary. Free text goes no further than to the
//! custodians, sealed; names, addresses and remarks are not read.

use crate::certificates::Claim;
use crate::facts::{AgeRange, Coded, Days, Facts, FoundFacts, Mark, MissingFacts, PlaceOn, Subject, read_marks};
use crate::intake::fact_columns::{FactColumn, columns_of};
use crate::intake::lists::{Cells, ListForm, ListIntake, ListRequest, is_missing, read_list};
use crate::intake::text::characters::to_ascii;
use crate::model::{FindingCode, Place, Pseudonym, Sex};
use crate::pseudonym::FactText;
use jiff::civil::Date;

type Row<'c, 'a, 'f> = &'c mut Cells<'a, 'f, FactColumn>;

/// What a row of a list states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRow {
    /// The sample of the found child, or the family of the missing one.
    pub subject: Pseudonym,
    /// The facts.
    pub facts: Facts,
    /// Free text, which may be kept only sealed.
    pub text: FactText,
    /// The claim of a birth certificate, if the row of a found child has a number.
    pub claim: Option<Claim>,
}

/// Reads a list of found children (`sample_id`) or of missing ones (`family_id`); all other columns are optional, and
/// known by Chinese names, too.
#[must_use]
pub fn read_facts(file_name: &str, bytes: &[u8], request: &ListRequest<'_>, subject: Subject) -> ListIntake<FactRow> {
    let key = match subject {
        Subject::Found => FactColumn::SampleId,
        Subject::Missing => FactColumn::FamilyId,
    };
    let form = ListForm {
        columns: columns_of(subject),
        required: &[key],
        key,
        again: |before| format!("line {before} is about the same child, with other facts; keep the row that is right"),
        no_rows: "the file has a header and no rows: no children",
    };
    let row = |cells: &mut Cells<'_, '_, FactColumn>| row(cells, subject);
    read_list(file_name, bytes, request, &form, row, |row| Some(row.subject))
}

fn row(cells: Row<'_, '_, '_>, of: Subject) -> Option<FactRow> {
    let before = cells.problems();
    let (key, subject) = match of {
        Subject::Found => (FactColumn::SampleId, cells.sample(FactColumn::SampleId)),
        Subject::Missing => (FactColumn::FamilyId, cells.family(FactColumn::FamilyId)),
    };
    if subject.is_none() && cells.is_sound_since(before) {
        cells.refuse(
            key,
            FindingCode::Identifier,
            "the identifier is missing: every row needs the child's or the family's",
        );
    }
    let sex = cells.sex(FactColumn::Sex);
    let marks = marks(cells);
    let dialect = coded(cells, FactColumn::Dialect);
    let valid_on = cells.date(FactColumn::PlaceValidOn);
    let native_place = place(cells, FactColumn::NativePlace, valid_on);
    let facts = match of {
        Subject::Found => found(cells, sex, marks, valid_on, |found| FoundFacts { dialect, native_place, ..found }),
        Subject::Missing => {
            missing(cells, sex, marks, valid_on, |missing| MissingFacts { dialect, native_place, ..missing })
        }
    };
    let claim = match of {
        Subject::Found => claim(cells, subject, sex),
        Subject::Missing => None,
    };
    let text = FactText::new(cells.cell(FactColumn::MarksText), cells.cell(FactColumn::Description));
    let subject = subject.filter(|_| cells.is_sound_since(before))?;
    Some(FactRow { subject, facts, text, claim })
}

fn found(
    cells: Row<'_, '_, '_>,
    sex: Sex,
    marks: Vec<Mark>,
    valid_on: Option<Date>,
    with: impl FnOnce(FoundFacts) -> FoundFacts,
) -> Facts {
    let found_on = cells.date(FactColumn::FoundOn);
    Facts::Found(with(FoundFacts {
        sex,
        found_on,
        // A code is one of its time, if nothing else is stated.
        place: place(cells, FactColumn::FoundPlace, valid_on.or(found_on)),
        found_by: coded(cells, FactColumn::FoundBy),
        age: apparent_age(cells),
        marks,
        dialect: None,
        native_place: None,
        custody: coded(cells, FactColumn::Custody),
    }))
}

fn missing(
    cells: Row<'_, '_, '_>,
    sex: Sex,
    marks: Vec<Mark>,
    valid_on: Option<Date>,
    with: impl FnOnce(MissingFacts) -> MissingFacts,
) -> Facts {
    let [from, to] = [FactColumn::BirthFrom, FactColumn::BirthTo].map(|column| cells.date(column));
    let born = from.or(to).zip(to.or(from)).map(|(from, to)| Days { from, to });
    if born.is_some_and(|born| born.to < born.from) {
        let what = "the last day of birth is before the first; exchange them, or correct one";
        cells.refuse(FactColumn::BirthTo, FindingCode::FactDates, what);
    }
    let missing_on = cells.date(FactColumn::MissingOn);
    if born.zip(missing_on).is_some_and(|(born, missing)| missing < born.from) {
        let what = "the child went missing before it was born; correct one of the days";
        cells.refuse(FactColumn::MissingOn, FindingCode::FactDates, what);
    }
    Facts::Missing(with(MissingFacts {
        sex,
        born,
        missing_on,
        place: place(cells, FactColumn::MissingPlace, valid_on.or(missing_on)),
        marks,
        dialect: None,
        native_place: None,
    }))
}

/// Returns the claim of the number of a certificate, if there is one.
fn claim(cells: Row<'_, '_, '_>, child: Option<Pseudonym>, sex: Sex) -> Option<Claim> {
    if is_missing(cells.cell(FactColumn::Certificate)) {
        return None;
    }
    let number = cells.claimed_number();
    let agency = cells.agency().map(str::to_owned);
    Some(Claim { child, number, sex, born: None, claimed_on: None, place: None, agency })
}

fn place(cells: Row<'_, '_, '_>, column: FactColumn, valid_on: Option<Date>) -> Option<PlaceOn> {
    let place: Option<Place> = cells.place(column);
    place.map(|place| PlaceOn { place, valid_on })
}

fn coded<T: Coded>(cells: Row<'_, '_, '_>, column: FactColumn) -> Option<T> {
    let text = cells.cell(column);
    let value = T::named(&to_ascii(text));
    if value.is_none() && !is_missing(text) {
        let words: Vec<&str> = T::TABLE.iter().map(|known| known.1).collect();
        let what =
            format!("the cell is not a word of this column; write one of {}, or leave it empty", words.join(" "));
        cells.refuse(column, FindingCode::CodedWord, what);
    }
    value
}

fn marks(cells: Row<'_, '_, '_>) -> Vec<Mark> {
    let text = cells.cell(FactColumn::Marks);
    if is_missing(text) {
        return Vec::new();
    }
    read_marks(&to_ascii(text)).unwrap_or_else(|| {
        let what = "the cell has words that are not of the vocabulary of marks; write kind, side and part, such as scar \
                    left forearm, with ; between marks, and move the rest to marks_text";
        cells.refuse(FactColumn::Marks, FindingCode::Mark, what);
        Vec::new()
    })
}

fn apparent_age(cells: Row<'_, '_, '_>) -> Option<AgeRange> {
    const AGE: &str = "the cell is not an age; write years, or years and months, such as 3, 3y6m or 18m, a range such as 3-5, or \
                       leave it empty";
    let mut of = |column: FactColumn| {
        let text = cells.cell(column);
        let age = read_age(text);
        if age.is_none() && !is_missing(text) {
            cells.refuse(column, FindingCode::AgeRange, AGE);
        }
        age
    };
    let [whole, from, to] = [FactColumn::ApparentAge, FactColumn::AgeFrom, FactColumn::AgeTo].map(&mut of);
    let (first, last) = match (whole, from.or(to).zip(to.or(from))) {
        (Some(whole), None) => (whole, whole),
        (None, Some(ends)) => ends,
        (None, None) => return None,
        (Some(_), Some(_)) => {
            let what = "the age is stated twice; give either apparent_age, or age_from and age_to";
            cells.refuse(FactColumn::ApparentAge, FindingCode::AgeRange, what);
            return None;
        }
    };
    let range = AgeRange::new(first.from, last.to);
    if range.is_none() {
        let what = "the greatest age is below the least; exchange them, or correct one";
        cells.refuse(FactColumn::AgeTo, FindingCode::AgeRange, what);
    }
    range
}

/// Reads an age or a range of ages: `3`, `3岁`, `3岁6个月`, `3岁半`, `18个月`, `18m`, `3y6m`, `3-5岁`. Years alone are all
/// months of that year.
fn read_age(text: &str) -> Option<AgeRange> {
    let text: String = to_ascii(text).chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    let text = text.trim_start_matches(['约', '大']).trim_end_matches("左右");
    if text.len() > 40 {
        return None;
    }
    let Some((from, to)) = text.split_once(['-', '~', '至', '到', '–', '—']) else { return one_age(text) };
    let last = one_age(to)?;
    // `18-24个月` and `3-5岁`: the unit is that of the end.
    let is_number = from.bytes().all(|byte| byte.is_ascii_digit());
    let unit = to.trim_start_matches(|c: char| c.is_ascii_digit());
    let first = if is_number && !unit.is_empty() { one_age(&format!("{from}{unit}"))? } else { one_age(from)? };
    AgeRange::new(first.from, last.to)
}

fn one_age(text: &str) -> Option<AgeRange> {
    let number = |text: &str| -> Option<u16> {
        let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok())?
    };
    let months_of = |text: &str| -> Option<u16> {
        let unit = ["个月", "月龄", "个月龄", "月", "m"].into_iter().find_map(|unit| text.strip_suffix(unit))?;
        number(unit)
    };
    let year = |years: u16| Some((years.checked_mul(12)?, years.checked_mul(12)?.checked_add(11)?));
    let (from, to) = if let Some(months) = months_of(text).filter(|_| !text.contains(['岁', 'y'])) {
        (months, months)
    } else if let Some((years, rest)) = text.split_once("周岁").or_else(|| text.split_once(['岁', 'y'])) {
        let (first, last) = year(number(years)?)?;
        match rest {
            "" => (first, last),
            "半" => (first + 6, first + 6),
            months => {
                let months = months_of(months).filter(|months| *months < 12)?;
                (first + months, first + months)
            }
        }
    } else {
        year(number(text)?)?
    };
    AgeRange::new(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Custody, Dialect, FoundBy};
    use crate::intake::lists::testing::{places, with_request};

    fn read(text: &str, subject: Subject) -> ListIntake<FactRow> {
        with_request(|request| read_facts("f", text.as_bytes(), request, subject))
    }

    #[test]
    fn found_children_are_read_in_two_languages() {
        let english = "sample_id,sex,found_on,found_place,found_by,apparent_age,marks,marks_text,dialect,native_place,\
                       custody,certificate,description,full_name\nC1,f,2015-06-01,370102,police,3-5,scar left hand,like a star,\
                       wu,330100,orphanage,Q370123456,shy,Wang\nC2,,,,,,,,,,,,,\n";
        let chinese = "样本编号,性别,发现日期,发现地代码,发现单位类别,估计年龄,体表特征,体表特征描述,方言,籍贯代码,安置方式,\
                       出生证编号,体貌特征,姓名\nC1,女,2015年6月1日,370102,公安,3至5岁,左手疤痕,like a star,吴语,330100,\
                       福利院,Ｑ370123456,shy,王\nC2\n";
        let [one, other] = [english, chinese].map(|text| read(text, Subject::Found));
        assert_eq!((places(&one.problems), places(&other.problems)), (vec![], vec![]));
        assert_eq!((one.rows.len(), &one.rows), (2, &other.rows));
        let (_, FactRow { facts: Facts::Found(found), text, claim, .. }) = &one.rows[0] else { panic!() };
        assert_eq!((found.age, found.sex), (AgeRange::new(36, 71), Sex::Female));
        assert_eq!(found.place.and_then(|place| place.valid_on), found.found_on);
        assert_eq!((found.custody, found.dialect), (Some(Custody::Institution), Some(Dialect::Wu)));
        assert_eq!(found.found_by, Some(FoundBy::Police));
        assert!(!text.is_empty() && claim.as_ref().is_some_and(|claim| claim.number.issue.is_some()));
        assert!(one.rows[1].1.text.is_empty() && one.rows[1].1.claim.is_none());
        assert!(one.notes.iter().chain(&other.notes).all(|note| note.code == FindingCode::NotKept || note.line > 1));
        assert!(!format!("{:?}", one.rows).contains("star"));
    }

    #[test]
    fn missing_children_are_read_in_two_languages() {
        let english = "family_id,sex,birth_from,birth_to,missing_on,missing_place,marks\n\
                       F1,m,2010-01-01,2010-03-31,2012-05-01,371202,birthmark\nF2,,2011-01-01,,,,\n";
        let chinese = "家系编号,性别,出生日期起,出生日期止,失踪日期,失踪地代码,体表特征\n\
                       F1,男,20100101,20100331,2012.5.1,371202,胎记\nF2,,2011-01-01\n";
        let [one, other] = [english, chinese].map(|text| read(text, Subject::Missing));
        assert_eq!((places(&one.problems), places(&other.problems)), (vec![], vec![]));
        assert_eq!((one.rows.len(), &one.rows), (2, &other.rows));
        let Facts::Missing(second) = &one.rows[1].1.facts else { panic!() };
        let day = jiff::civil::date(2011, 1, 1);
        assert_eq!(second.born, Some(Days { from: day, to: day }));
    }

    #[test]
    fn bad_cells_are_named_by_line_and_column() {
        let found = "sample_id,sex,found_on,found_place,apparent_age,age_from,age_to,marks,dialect\n\
                     C1,x,spring,Jinan,old,,,star,a cheerful one\n,,,,,,,,\nC2,,,,3,2,4,,\nC3,,,,,5,3,,\nC4,f,,,,,,,\n\
                     C4,m,,,,,,,\n";
        let read_found = read(found, Subject::Found);
        let expected = [
            (2, 2, "sex"),
            (2, 3, "date"),
            (2, 4, "place-code"),
            (2, 5, "age-range"),
            (2, 8, "mark"),
            (2, 9, "coded-word"),
            (4, 5, "age-range"),
            (5, 7, "age-range"),
            (7, 1, "conflict-itself"),
        ];
        assert_eq!(places(&read_found.problems), expected);
        assert_eq!(read_found.rows.len(), 1);
        let missing = "family_id,birth_from,birth_to,missing_on\n,2010-01-01,,\nF1,2010-02-01,2010-01-01,\n\
                       F2,2010-01-01,2010-02-01,2009-01-01\n";
        let expected = [(2, 1, "identifier"), (3, 3, "fact-dates"), (4, 4, "fact-dates")];
        assert_eq!(places(&read(missing, Subject::Missing).problems), expected);
        let missing = read("sample_id,sex\nC1,f\n", Subject::Missing);
        assert_eq!(places(&missing.problems), [(1, 0, "missing-column"), (1, 1, "column")]);
    }

    #[test]
    fn ages_are_read_in_many_forms() {
        let of = |text: &str| read_age(text).map(|age| (age.from, age.to));
        for (text, expected) in [
            ("3", (36, 47)),
            ("约3岁", (36, 47)),
            ("3周岁", (36, 47)),
            ("3岁半", (42, 42)),
            ("3岁6个月", (42, 42)),
            ("3Y6M", (42, 42)),
            ("18个月", (18, 18)),
            ("18-24个月", (18, 24)),
            ("３－５岁左右", (36, 71)),
            ("0-1", (0, 23)),
            ("6个月至2岁", (6, 35)),
        ] {
            assert_eq!(of(text), Some(expected), "{text}");
        }
        for text in
            ["", "young", "3.5", "-3", "5-3", "3岁13个月", "200", "99999", "1990-01-01", "3岁王某", "13800000000"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
