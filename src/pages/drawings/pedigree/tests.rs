//! Checks random pedigrees, and some in particular.

use super::*;
use crate::pages::drawings::svg::check::{Dice, assert_well_formed};

const WORDS: PedigreeWords<'_> = PedigreeWords {
    title: "A <family>",
    description: "d & d",
    typed: "typed",
    untyped: "not typed",
    missing: "missing child",
};

fn person(father: Option<usize>, mother: Option<usize>, sex: Sex) -> Person {
    Person { father, mother, sex, is_typed: false, is_missing_child: false, label: String::new() }
}

/// A random pedigree of families: founders, children of random couples, single parents, loops.
fn random(dice: &mut Dice, count: usize) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for number in 0..count {
        let sex = [Sex::Male, Sex::Female, Sex::Male, Sex::Female, Sex::Unknown][dice.below(5)];
        let mut new = person(None, None, sex);
        let near = |dice: &mut Dice| number - 1 - dice.below(number.min(7));
        match dice.below(10) {
            _ if number < 2 => {}
            0..3 => {}
            3..5 => {
                let siblings = &people[near(dice)];
                (new.father, new.mother) = (siblings.father, siblings.mother);
            }
            5 => new.mother = Some(near(dice)),
            _ => (new.father, new.mother) = (Some(near(dice)), Some(near(dice))),
        }
        if new.father == new.mother {
            new.father = None;
        }
        new.is_typed = dice.below(2) == 0;
        new.is_missing_child = dice.below(9) == 0;
        new.label = ["", "child", "外祖母", "maternal grandmother", "P<1>&", "一个很长的中文标签用于换行"]
            [dice.below(6)]
        .to_owned();
        people.push(new);
    }
    people
}

fn sheet_of(people: &[Person]) -> (Family, Sheet) {
    let family = Family::new(people);
    let sheet = arranged(people, &family);
    (family, sheet)
}

/// Left, top, right, bottom.
type Box4 = [f64; 4];

fn symbol_box(people: &[Person], spot: &Spot, measures: &Measures) -> Box4 {
    let half = half_width(people[spot.person].sex, measures.radius);
    [spot.x - half, spot.y - half, spot.x + half, spot.y + half]
}

fn label_box(spot: &Spot, measures: &Measures) -> Box4 {
    let half = spot.lines.iter().map(|line| svg::text_width(line, measures.font)).fold(0.0, f64::max) / 2.0;
    let top = spot.y + label_top(measures);
    [spot.x - half, top, spot.x + half, top + spot.lines.len() as f64 * measures.line_height()]
}

fn arrow_box(people: &[Person], spot: &Spot, measures: &Measures) -> Option<Box4> {
    let tip = spot.y + 0.3 * measures.radius;
    people[spot.person].is_missing_child.then_some([
        spot.x - measures.radius - arrow_length(measures),
        tip,
        spot.x - measures.radius - 1.0,
        spot.y + measures.radius,
    ])
}

fn overlap(one: Box4, other: Box4) -> bool {
    let slack = 0.01;
    one[0] < other[2] - slack && other[0] < one[2] - slack && one[1] < other[3] - slack && other[1] < one[3] - slack
}

fn segments(sheet: &Sheet) -> Vec<(usize, Box4)> {
    let mut segments = Vec::new();
    for wire in &sheet.wires {
        for pair in wire.points.windows(2) {
            let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
            segments.push((wire.union, [x1.min(x2), y1.min(y2), x1.max(x2), y1.max(y2)]));
        }
    }
    segments
}

/// Pairs of segments of different unions that lie on each other.
fn on_each_other(family: &Family, sheet: &Sheet) -> usize {
    let all = segments(sheet);
    let mut count = 0;
    for (index, (union, one)) in all.iter().enumerate() {
        for (other_union, other) in &all[index + 1..] {
            let is_flat = |part: &Box4| part[3] - part[1] < 0.01;
            // The lines of one parent alone may begin together.
            let is_comb = [*union, *other_union].map(|union| &family.unions[union].parents);
            let is_comb = is_comb[0] == is_comb[1] && is_comb[0].len() == 1;
            if union == other_union || is_comb || is_flat(one) != is_flat(other) {
                continue;
            }
            let (along, across) = if is_flat(one) { (0, 1) } else { (1, 0) };
            let shared = one[along + 2].min(other[along + 2]) - one[along].max(other[along]);
            count += usize::from(shared > 1.0 && (one[across] - other[across]).abs() < 1.5);
        }
    }
    count
}

fn check(people: &[Person]) -> usize {
    let (family, sheet) = sheet_of(people);
    // Every person once.
    let drawn: Vec<usize> = sheet.spots.iter().map(|spot| spot.person).collect();
    assert_eq!(drawn, (0..people.len()).collect::<Vec<_>>());
    assert!(sheet.width <= MOST_WIDTH + 0.01, "{}", sheet.width);
    for (index, one) in sheet.spots.iter().enumerate() {
        let own = [symbol_box(people, one, &sheet.measures), label_box(one, &sheet.measures)];
        assert!(own[0][0] >= MARGIN - 4.0 && own[1][0] >= MARGIN - 4.0);
        assert!(!overlap(own[0], own[1]));
        let arrow = arrow_box(people, one, &sheet.measures);
        for (_, [left, top, right, bottom]) in segments(&sheet) {
            assert!(arrow.is_none_or(|arrow| !overlap(arrow, [left - 0.7, top - 0.7, right + 0.7, bottom + 0.7])));
        }
        for other in &sheet.spots[index + 1..] {
            let others = symbol_box(people, other, &sheet.measures);
            assert!(arrow.is_none_or(|arrow| !overlap(arrow, others)));
            let others = label_box(other, &sheet.measures);
            assert!(arrow.is_none_or(|arrow| !overlap(arrow, others)));
            let others = [symbol_box(people, other, &sheet.measures), label_box(other, &sheet.measures)];
            for one in own {
                assert!(!others.iter().any(|&other| overlap(one, other)));
            }
        }
        // No line runs through a label, nor through the symbol of someone who is not of that union.
        for (union, segment) in segments(&sheet) {
            let grown = [segment[0] - 1.0, segment[1] - 1.0, segment[2] + 1.0, segment[3] + 1.0];
            let is_own = family.born_of[one.person] == Some(union) || family.unions_of[one.person].contains(&union);
            assert!(is_own || !overlap(own[0], grown), "line of {union} through {}", one.person);
            assert!(!overlap(own[1], grown), "line of {union} through the label of {}", one.person);
        }
    }
    // Children below their parents.
    for (child, union) in family.born_of.iter().enumerate() {
        for &parent in union.iter().flat_map(|&union| &family.unions[union].parents) {
            assert!(sheet.spots[child].y > sheet.spots[parent].y + 2.0 * sheet.measures.radius);
        }
    }
    let drawing = pedigree(people, &WORDS, "p1");
    assert_eq!(drawing, pedigree(people, &WORDS, "p1"));
    assert_well_formed(&drawing);
    on_each_other(&family, &sheet)
}

#[test]
fn random_pedigrees_are_legible() {
    for seed in 0..300 {
        let mut dice = Dice::new(seed);
        let count = 1 + dice.below(22);
        let people = random(&mut dice, count);
        // A few much inbred pedigrees beyond these seeds have one such place each.
        assert_eq!(check(&people), 0, "lines of different unions lie on each other: seed {seed}");
    }
}

#[test]
fn large_pedigrees_are_drawn() {
    for seed in 0..3 {
        let people = random(&mut Dice::new(1000 + seed), 90);
        check(&people);
    }
}

#[test]
fn senseless_links_are_left_out() {
    let mut people = vec![person(Some(0), Some(5), Sex::Male), person(Some(0), Some(0), Sex::Female)];
    people.push(person(Some(1), Some(9), Sex::Unknown));
    check(&people);
    check(&[]);
}

#[test]
fn partners_stand_on_one_level() {
    // A founder who marries the great-grandchild of others.
    let mut people = vec![person(None, None, Sex::Male), person(None, None, Sex::Female)];
    for _ in 0..3 {
        let at = people.len();
        people.push(person(Some(at - 2), Some(at - 1), Sex::Male));
        people.push(person(None, None, Sex::Female));
        let (_, sheet) = sheet_of(&people);
        assert!((sheet.spots[0].y - sheet.spots[1].y).abs() < 0.01);
    }
    people.push(person(Some(6), Some(7), Sex::Male));
    let (_, sheet) = sheet_of(&people);
    assert!((sheet.spots[6].y - sheet.spots[7].y).abs() < 0.01);
    check(&people);
}

#[test]
fn cousins_have_a_double_line() {
    let f = |father: usize, mother: usize, sex| person(Some(father), Some(mother), sex);
    let n = |sex| person(None, None, sex);
    let mut people = vec![n(Sex::Male), n(Sex::Female), f(0, 1, Sex::Male), f(0, 1, Sex::Female), n(Sex::Female)];
    people.extend([n(Sex::Male), f(2, 4, Sex::Male), f(5, 3, Sex::Female), f(6, 7, Sex::Female)]);
    let family = Family::new(&people);
    let related: Vec<bool> = family.unions.iter().map(|union| union.is_consanguineous).collect();
    assert_eq!(related, [false, false, false, true]);
    assert_eq!(check(&people), 0);
}

#[test]
fn twenty_siblings_fit() {
    let mut people = vec![person(None, None, Sex::Male), person(None, None, Sex::Female)];
    for number in 0..20 {
        let mut child = person(Some(0), Some(1), Sex::Female);
        child.label = format!("sibling {number}");
        people.push(child);
    }
    assert_eq!(check(&people), 0);
    let (_, sheet) = sheet_of(&people);
    assert!(sheet.measures.radius > 9.0);
}

#[test]
fn a_father_and_his_daughter_stand_on_two_levels() {
    let mut people = vec![person(None, None, Sex::Male), person(None, None, Sex::Female)];
    people.push(person(Some(0), Some(1), Sex::Female));
    people.push(person(Some(0), Some(2), Sex::Male));
    assert_eq!(check(&people), 0);
}

#[test]
fn roman_numerals() {
    assert_eq!([1, 4, 9, 14, 40].map(roman), ["I", "IV", "IX", "XIV", "XL"]);
}

#[test]
fn each_person_is_one_group_with_the_full_label() {
    let mut people = random(&mut Dice::new(3), 20);
    for (number, one) in people.iter_mut().enumerate() {
        one.label = format!("person number {number} with a very long label <&>");
    }
    let drawing = pedigree(&people, &WORDS, "1 odd/prefix");
    for number in 0..20 {
        let title = format!("<title>person number {number} with a very long label &lt;&amp;&gt;</title>");
        assert_eq!(drawing.matches(&title).count(), 1);
    }
    assert!(drawing.contains("aria-labelledby=\"drawing1oddprefix-title drawing1oddprefix-desc\""));
    assert!(!drawing.contains("<style") && !drawing.contains("<script") && !drawing.contains("href"));
}

#[test]
fn half_siblings_and_several_partners_have_lines_of_their_own() {
    let mut people = vec![person(None, None, Sex::Male)];
    people.extend((0..3).map(|_| person(None, None, Sex::Female)));
    people.extend((1..4).map(|mother| person(Some(0), Some(mother), Sex::Male)));
    people.extend((0..2).map(|_| person(Some(0), None, Sex::Female)));
    assert_eq!(check(&people), 0);
    let family = Family::new(&people);
    assert_eq!(family.unions.len(), 5);
}

#[test]
fn parts_that_do_not_fit_beside_each_other_go_below() {
    let mut people = random(&mut Dice::new(8), 12);
    for number in 0..20 {
        people.push(Person { label: format!("alone {number}"), ..person(None, None, Sex::Female) });
    }
    check(&people);
    let (_, sheet) = sheet_of(&people);
    assert!(sheet.measures.radius > 12.0);
}
