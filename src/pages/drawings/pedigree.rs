//! Pedigrees with the standard symbols (Bennett et al. 2008).

mod family;
mod measures;
mod order;
mod person;
mod place;
mod route;
#[cfg(test)]
mod tests;

use super::svg::{self, Anchor, Canvas, INK, MOST_WIDTH, PAPER};
use crate::model::Sex;
use family::Family;
use measures::Measures;
use order::{Graph, Kind};
pub use person::Person;
use place::Room;
use route::Routes;

/// The words of a pedigree.
#[derive(Clone, Copy, Debug)]
pub struct PedigreeWords<'a> {
    /// The accessible name of the drawing.
    pub title: &'a str,
    /// What the drawing shows, for people who cannot see it.
    pub description: &'a str,
    /// The legend of persons with a profile.
    pub typed: &'a str,
    /// The legend of persons without a profile.
    pub untyped: &'a str,
    /// The legend of the child who is searched for.
    pub missing: &'a str,
}

/// Tried in turn until the drawing is narrow enough.
const MEASURES: [Measures; 4] = [
    Measures::new(13.0, 11.0, 92.0, 2),
    Measures::new(13.0, 11.0, 64.0, 3),
    Measures::new(12.0, 10.0, 44.0, 3),
    Measures::new(10.5, 9.0, 28.0, 3),
];

/// The room of the generation numbers at the left.
const MARGIN: f64 = 34.0;
const BESIDE: f64 = 10.0;
/// Between parts of the pedigree that are not connected.
const BETWEEN_PARTS: f64 = 26.0;

/// Where a person is drawn.
#[derive(Clone, Debug)]
struct Spot {
    person: usize,
    x: f64,
    y: f64,
    lines: Vec<String>,
}

/// A line of a union.
#[derive(Clone, Debug)]
struct Wire {
    union: usize,
    points: Vec<(f64, f64)>,
    is_between_partners: bool,
}

/// Where everything is drawn, without the legend.
struct Sheet {
    measures: Measures,
    width: f64,
    height: f64,
    spots: Vec<Spot>,
    wires: Vec<Wire>,
    /// Generation numbers and their heights.
    numerals: Vec<(usize, f64)>,
}

/// One connected part with the places of its nodes.
struct Part {
    graph: Graph,
    x: Vec<f64>,
    width: f64,
    routes: Routes,
}

/// Draws a pedigree as one `<svg>` element whose ids begin with `prefix`.
///
/// A link to a person who does not come earlier is left out. Children of whom one parent is known each have a line of
/// their own from that parent, since their other parents may differ.
#[must_use]
pub fn pedigree(people: &[Person], words: &PedigreeWords<'_>, prefix: &str) -> String {
    let family = Family::new(people);
    let sheet = arranged(people, &family);
    let mut canvas = Canvas::new(prefix);
    draw_wires(&mut canvas, &family, &sheet.wires);
    for &(generation, y) in &sheet.numerals {
        canvas.text((BESIDE, y + 4.0), 12.0, Anchor::Start, &roman(generation + 1));
    }
    for spot in &sheet.spots {
        draw_person(&mut canvas, &people[spot.person], spot, &sheet.measures);
    }
    let (width, height) = draw_legend(&mut canvas, words, &sheet);
    canvas.finish(width, height, words.title, words.description)
}

fn arranged(people: &[Person], family: &Family) -> Sheet {
    let graphs: Vec<Graph> = family.components.iter().map(|component| order::ordered(family, component)).collect();
    let room = MOST_WIDTH - MARGIN - BESIDE;
    let mut tried: Vec<(Measures, bool)> =
        MEASURES.iter().flat_map(|&measures| [(measures, true), (measures, false)]).collect();
    let most_tries = tried.len() + 4;
    let mut next = 0;
    loop {
        let (measures, is_generous) = tried[next];
        let labels = labels_of(people, &graphs, &measures, is_generous);
        let rooms: Vec<Room> =
            people.iter().zip(&labels).map(|(person, lines)| room_of(person, lines, &measures)).collect();
        let placed: Vec<(Vec<f64>, f64)> =
            graphs.iter().map(|graph| place::placed(family, graph, &rooms, &measures)).collect();
        let widest = placed.iter().map(|(_, width)| *width).fold(0.0, f64::max);
        next += 1;
        // A few rounds of scaling are enough: only the breaks of labels do not scale.
        if widest > room && next < most_tries {
            if next >= tried.len() {
                tried.push((measures.scaled(room / widest * 0.995), false));
            }
            continue;
        }
        let parts = graphs
            .into_iter()
            .zip(placed)
            .map(|(graph, (x, width))| {
                let routes = route::routed(family, &graph, &x, &measures);
                Part { graph, x, width, routes }
            })
            .collect();
        return shelved(parts, &labels, measures);
    }
}

/// The lines of all labels. A generation of few persons may have wider labels than the widest generation.
fn labels_of(people: &[Person], graphs: &[Graph], measures: &Measures, is_generous: bool) -> Vec<Vec<String>> {
    let mut labels = vec![Vec::new(); people.len()];
    for row in graphs.iter().flat_map(|graph| graph.rows.iter().map(move |row| (graph, row))) {
        let (graph, row) = row;
        let persons: Vec<usize> = row
            .iter()
            .filter_map(|&node| if let Kind::Person(person) = graph.nodes[node].kind { Some(person) } else { None })
            .collect();
        let wider = MEASURES.iter().map(|wider| wider.label).filter(|&wider| is_generous && wider > measures.label);
        for width in wider.chain([measures.label]) {
            let mut used = 0.0;
            for &person in &persons {
                let label = &people[person].label;
                labels[person] = svg::wrapped(label, width, measures.font, measures.label_lines);
                let room = room_of(&people[person], &labels[person], measures);
                used += room.left + room.right + 2.0 * measures.beside_line;
            }
            if used < 0.5 * MOST_WIDTH {
                break;
            }
        }
    }
    labels
}

/// The room that a symbol with its label and arrow takes.
fn room_of(person: &Person, lines: &[String], measures: &Measures) -> Room {
    let label = lines.iter().map(|line| svg::text_width(line, measures.font)).fold(0.0, f64::max);
    let half = (label / 2.0).max(half_width(person.sex, measures.radius) + 2.0);
    let arrow = measures.radius + arrow_length(measures);
    Room { left: if person.is_missing_child { half.max(arrow) } else { half }, right: half }
}

/// Diamonds are drawn a little larger, to look as large as the others.
fn half_width(sex: Sex, radius: f64) -> f64 {
    if sex == Sex::Unknown { radius * 1.2 } else { radius }
}

fn arrow_length(measures: &Measures) -> f64 {
    measures.radius * 1.25
}

/// Puts the parts beside each other, in as many bands as the width asks for.
fn shelved(parts: Vec<Part>, labels: &[Vec<String>], measures: Measures) -> Sheet {
    let room = MOST_WIDTH - MARGIN - BESIDE;
    let mut shelves: Vec<(f64, Vec<(f64, Part)>)> = Vec::new();
    for part in parts {
        match shelves.last_mut() {
            Some((used, shelf)) if *used + BETWEEN_PARTS + part.width <= room => {
                let left = *used + BETWEEN_PARTS;
                *used = left + part.width;
                shelf.push((left, part));
            }
            _ => shelves.push((part.width, vec![(0.0, part)])),
        }
    }
    let width = shelves.iter().map(|(used, _)| *used).fold(0.0, f64::max) + MARGIN + BESIDE;
    let mut sheet = Sheet { measures, width, height: 6.0, spots: Vec::new(), wires: Vec::new(), numerals: Vec::new() };
    for (_, shelf) in &shelves {
        lay_shelf(&mut sheet, shelf, labels);
    }
    sheet.spots.sort_by_key(|spot| spot.person);
    sheet
}

fn lay_shelf(sheet: &mut Sheet, shelf: &[(f64, Part)], labels: &[Vec<String>]) {
    let Measures { radius, pitch, .. } = sheet.measures;
    let levels = shelf.iter().map(|(_, part)| part.graph.rows.len()).max().unwrap_or(0);
    let mut middles: Vec<f64> = Vec::with_capacity(levels);
    let mut below = sheet.height;
    for level in 0..levels {
        let heights = shelf.iter().filter_map(|(_, part)| part.routes.nets.get(level)).flatten();
        let heights = heights.filter_map(|net| net.height).max().map_or(0, |height| height + 1);
        let most_lines = shelf
            .iter()
            .filter_map(|(_, part)| part.graph.rows.get(level).map(|row| (part, row)))
            .flat_map(|(part, row)| row.iter().map(|&node| part.graph.nodes[node].kind))
            .filter_map(|kind| if let Kind::Person(person) = kind { Some(labels[person].len()) } else { None })
            .max()
            .unwrap_or(0);
        let tracks = if level == 0 && heights == 0 { 6.0 } else { 20.0 + heights.max(1) as f64 * pitch };
        let middle = below + tracks + radius * 1.2;
        middles.push(middle);
        sheet.numerals.push((level, middle));
        below = middle + radius * 1.2 + 4.0 + most_lines as f64 * sheet.measures.line_height();
    }
    sheet.height = below + 6.0;
    for (left, part) in shelf {
        let across = |x: f64| MARGIN + left + x;
        for (node, x) in part.graph.nodes.iter().zip(&part.x) {
            if let Kind::Person(person) = node.kind {
                let lines = labels[person].clone();
                sheet.spots.push(Spot { person, x: across(*x), y: middles[node.level], lines });
            }
        }
        for side in &part.routes.sides {
            let y = middles[side.level] + side.dy;
            let points = vec![(across(side.from), y), (across(side.to), y)];
            sheet.wires.push(Wire { union: side.union, points, is_between_partners: side.is_between_partners });
        }
        for (level, nets) in part.routes.nets.iter().enumerate() {
            for net in nets {
                let end_y = |end: &route::End, is_top: bool| {
                    let level = if is_top { level.saturating_sub(1) } else { level };
                    (across(end.x), middles[level] + end.dy)
                };
                let ends = net.tops.iter().map(|end| end_y(end, true));
                let ends: Vec<(f64, f64)> = ends.chain(net.bottoms.iter().map(|end| end_y(end, false))).collect();
                let mut put = |points: Vec<(f64, f64)>| {
                    let is_between_partners = net.is_between_partners;
                    sheet.wires.push(Wire { union: net.union, points, is_between_partners });
                };
                let Some(height) = net.height else {
                    put(ends);
                    continue;
                };
                let y = middles[level] - radius * 1.2 - 10.0 - height as f64 * pitch;
                if let [from, to] = ends[..] {
                    // One path, so that the corners meet.
                    put(vec![from, (from.0, y), (to.0, y), to]);
                } else {
                    put(vec![(across(net.low()), y), (across(net.high()), y)]);
                    for (x, end) in ends {
                        put(vec![(x, end), (x, y)]);
                    }
                }
            }
        }
    }
}

/// Draws the lines, union by union: where two unions cross, the later leaves a gap in the earlier.
fn draw_wires(canvas: &mut Canvas, family: &Family, wires: &[Wire]) {
    // The lines of one parent alone begin together, so they are drawn together.
    let group = |union: usize| match family.unions[union].parents[..] {
        [parent] => family.unions_of[parent].iter().copied().find(|&first| family.unions[first].parents.len() == 1),
        _ => Some(union),
    };
    for number in 0..family.unions.len() {
        let own = || wires.iter().filter(|wire| group(wire.union) == Some(number));
        let is_double = |wire: &Wire| wire.is_between_partners && family.unions[wire.union].is_consanguineous;
        let mut stroke = |points: &[(f64, f64)], colour: &str, width: f64, is_long: bool| {
            let tag = canvas.tag("path").through(points).word("fill", "none").word("stroke", colour);
            let tag = tag.number("stroke-width", width);
            if is_long { tag.word("stroke-linecap", "square") } else { tag }.end();
        };
        for wire in own() {
            stroke(&wire.points, PAPER, if is_double(wire) { 9.0 } else { 6.0 }, false);
        }
        for wire in own().filter(|wire| !is_double(wire)) {
            // Horizontal lines reach into the corners where verticals begin.
            let is_horizontal = matches!(wire.points[..], [from, to] if from.1 == to.1);
            stroke(&wire.points, INK, 1.3, is_horizontal);
        }
        for wire in own().filter(|wire| is_double(wire)) {
            stroke(&wire.points, INK, 4.6, true);
        }
        for wire in own().filter(|wire| is_double(wire)) {
            stroke(&wire.points, PAPER, 2.0, true);
        }
    }
}

fn draw_symbol(canvas: &mut Canvas, at: (f64, f64), radius: f64, sex: Sex, is_typed: bool) {
    let (x, y) = at;
    let tag = match sex {
        Sex::Male => canvas.tag("rect").at((x - radius, y - radius)).size(2.0 * radius, 2.0 * radius),
        Sex::Female => canvas.tag("circle").number("cx", x).number("cy", y).number("r", radius),
        Sex::Unknown => {
            let half = half_width(sex, radius);
            let corners = [(x, y - half), (x + half, y), (x, y + half), (x - half, y)];
            canvas.tag("path").word("d", &format!("{}Z", svg::path(&corners)))
        }
    };
    let (fill, width) = if is_typed { ("#d0d0d0", 2.8) } else { (PAPER, 1.0) };
    tag.word("fill", fill).word("stroke", INK).number("stroke-width", width).end();
}

/// The arrow and the question mark of the missing child.
fn draw_missing(canvas: &mut Canvas, at: (f64, f64), sex: Sex, measures: &Measures) {
    let radius = measures.radius;
    let (x, y) = at;
    canvas
        .tag("text")
        .at((x, y + radius * 0.45))
        .number("font-size", radius * 1.3)
        .word("font-weight", "bold")
        .anchor(Anchor::Middle)
        .content("?");
    // From the lower left, with the tip at the edge of the symbol.
    let drop = radius * 0.5;
    let edge = match sex {
        Sex::Male => radius,
        Sex::Female => (radius * radius - drop * drop).sqrt(),
        Sex::Unknown => half_width(sex, radius) - drop,
    };
    let tip = (x - edge - 2.0, y + drop);
    let length = (radius + arrow_length(measures) - edge - 2.0).max(6.0);
    let rise = length * 0.4;
    let tail = (tip.0 - length, tip.1 + rise);
    let head = (length * 0.5).min(8.0);
    let long = (length * length + rise * rise).sqrt();
    let (along, across) = ((length / long, -rise / long), (rise / long, length / long));
    let back = (tip.0 - along.0 * head, tip.1 - along.1 * head);
    canvas.line(tail, back, INK, 1.8);
    let wing = head * 0.45;
    let corners = [
        tip,
        (back.0 + across.0 * wing, back.1 + across.1 * wing),
        (back.0 - across.0 * wing, back.1 - across.1 * wing),
    ];
    canvas.tag("path").word("d", &format!("{}Z", svg::path(&corners))).word("fill", INK).end();
}

fn draw_person(canvas: &mut Canvas, person: &Person, spot: &Spot, measures: &Measures) {
    let at = (spot.x, spot.y);
    canvas.tag("g").open();
    if !person.label.is_empty() {
        canvas.hint(&person.label);
    }
    draw_symbol(canvas, at, measures.radius, person.sex, person.is_typed);
    if person.is_missing_child {
        draw_missing(canvas, at, person.sex, measures);
    }
    for (index, line) in spot.lines.iter().enumerate() {
        let y = spot.y + label_top(measures) + measures.line_height() * (index as f64 + 0.8);
        canvas.text((spot.x, y), measures.font, Anchor::Middle, line);
    }
    canvas.close("g");
}

/// From the middle of a symbol to the top of its label.
fn label_top(measures: &Measures) -> f64 {
    measures.radius * 1.2 + 2.0
}

/// Draws the legend below the sheet; returns the size of the whole drawing.
fn draw_legend(canvas: &mut Canvas, words: &PedigreeWords<'_>, sheet: &Sheet) -> (f64, f64) {
    let measures = Measures::new(7.0, 11.0, 0.0, 0);
    let entries = [(words.typed, true, false), (words.untyped, false, false), (words.missing, false, true)];
    let texts: Vec<String> =
        entries.iter().map(|(word, ..)| svg::shortened(word, MOST_WIDTH - 80.0, measures.font)).collect();
    let widths: Vec<f64> = texts.iter().map(|text| 46.0 + svg::text_width(text, measures.font)).collect();
    let all = widths.iter().sum::<f64>() + BESIDE;
    let width =
        sheet.width.max(all.min(440.0)).max(widths.iter().copied().fold(0.0, f64::max) + BESIDE).min(MOST_WIDTH);
    let mut x = BESIDE;
    let mut y = sheet.height + 14.0;
    for (((_, is_typed, is_missing), text), needed) in entries.into_iter().zip(texts).zip(widths) {
        if x > BESIDE && x + needed > width {
            x = BESIDE;
            y += 20.0;
        }
        let at = (x + 16.0, y);
        draw_symbol(canvas, at, measures.radius, Sex::Male, is_typed);
        if is_missing {
            draw_missing(canvas, at, Sex::Male, &measures);
        }
        canvas.text((x + 30.0, y + 4.0), measures.font, Anchor::Start, &text);
        x += needed;
    }
    (width, y + 16.0)
}

/// A roman numeral.
fn roman(mut number: usize) -> String {
    let mut text = String::new();
    for (value, sign) in
        [(100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    {
        while number >= value && text.len() < 20 {
            text.push_str(sign);
            number -= value;
        }
    }
    text
}
