//! The lines of a pedigree: which run between two generations, at which heights.

use super::family::Family;
use super::measures::Measures;
use super::order::{Graph, Kind};

/// An end of a line: its x and how far it is from the middle of its generation.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) x: f64,
    pub(super) dy: f64,
}

/// A horizontal line between two generations with the verticals that come from it.
#[derive(Clone, Debug)]
pub(super) struct Net {
    pub(super) union: usize,
    /// Between the partners, not to children.
    pub(super) is_between_partners: bool,
    /// Ends in the generation above.
    pub(super) tops: Vec<End>,
    /// Ends in the generation below.
    pub(super) bottoms: Vec<End>,
    /// The height: 0 is the lowest. `None` for a straight vertical line.
    pub(super) height: Option<usize>,
}

/// A horizontal line beside the symbols of a generation.
pub(super) struct Side {
    pub(super) union: usize,
    pub(super) level: usize,
    pub(super) dy: f64,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) is_between_partners: bool,
}

/// All lines of a component.
pub(super) struct Routes {
    /// Above each generation.
    pub(super) nets: Vec<Vec<Net>>,
    pub(super) sides: Vec<Side>,
}

/// What is routed.
struct Ground<'a> {
    family: &'a Family,
    graph: &'a Graph,
    x: &'a [f64],
    measures: &'a Measures,
    /// The place of each node in its row.
    place: Vec<usize>,
}

/// A line from a symbol to the point or stub of a union.
struct Joint {
    person: usize,
    point: usize,
    union: usize,
    /// Two partners with the point between them: the other partner.
    other: Option<usize>,
}

pub(super) fn routed(family: &Family, graph: &Graph, x: &[f64], measures: &Measures) -> Routes {
    let mut place = vec![0; graph.nodes.len()];
    for row in &graph.rows {
        for (index, &node) in row.iter().enumerate() {
            place[node] = index;
        }
    }
    let ground = Ground { family, graph, x, measures, place };
    let (joints, arches) = ground.joints();
    let mut start = vec![0.0; graph.nodes.len()];
    let sides = ground.sides(&joints, &mut start);
    let mut nets = ground.descents(&start);
    ground.arches(&arches, &start, &mut nets);
    for gap in &mut nets {
        arrange(gap);
    }
    Routes { nets, sides }
}

impl Ground<'_> {
    /// Which symbols reach the points of their unions at the side, and which (person, point, union) need an arch over
    /// the persons between.
    fn joints(&self) -> (Vec<Joint>, Vec<(usize, usize, usize)>) {
        let mut joints = Vec::new();
        let mut arches = Vec::new();
        for (point, node) in self.graph.nodes.iter().enumerate() {
            let (Kind::Point(union) | Kind::Stub(union)) = node.kind else { continue };
            let mut beside = Vec::new();
            for parent in self.graph.parents_of(self.family, union) {
                if self.graph.nodes[parent].level != node.level {
                    continue;
                }
                let (from, to) = (self.place[parent].min(self.place[point]), self.place[parent].max(self.place[point]));
                let row = &self.graph.rows[node.level];
                let is_free = !row[from + 1..to].iter().any(|&between| self.is_person(between));
                if is_free { beside.push(parent) } else { arches.push((parent, point, union)) }
            }
            match beside[..] {
                [person, other] => joints.push(Joint { person, point, union, other: Some(other) }),
                [person] => joints.push(Joint { person, point, union, other: None }),
                _ => {}
            }
        }
        (joints, arches)
    }

    fn is_person(&self, node: usize) -> bool {
        matches!(self.graph.nodes[node].kind, Kind::Person(_))
    }

    /// The lines at the sides of symbols, each union at its own height; `start` becomes the height of each point.
    fn sides(&self, joints: &[Joint], start: &mut [f64]) -> Vec<Side> {
        let radius = self.measures.radius;
        let mut sides = Vec::new();
        for joint in joints {
            let is_left = self.x[joint.point] < self.x[joint.person];
            // The lines that leave the same side of the same symbol, or come to the same gap from the other symbol.
            let rivals = joints.iter().filter(|other| {
                other.person == joint.person && (self.x[other.point] < self.x[other.person]) == is_left
                    || other.other == Some(joint.person) && (self.x[other.point] < self.x[joint.person]) == is_left
            });
            let near = |other: &&Joint| (self.x[other.point] - self.x[joint.person]).abs();
            let own = (self.x[joint.point] - self.x[joint.person]).abs();
            let is_stub = |joint: &Joint| matches!(self.graph.nodes[joint.point].kind, Kind::Stub(_));
            let (mut nearer, mut couples) = (0_u8, 0_u8);
            for rival in rivals.filter(|rival| rival.point != joint.point && !self.is_single(rival)) {
                if rival.other.is_some() {
                    couples += 1;
                } else if is_stub(rival) == is_stub(joint) && near(&rival) < own {
                    nearer += 1;
                }
            }
            let dy = if joint.other.is_some() {
                0.0
            } else if self.is_single(joint) {
                // All such lines of a parent share one height: a comb.
                0.45 * radius
            } else if is_stub(joint) {
                // Below the middle; the farther line runs above the start of the nearer.
                radius * (0.75 - 0.15 * f64::from(nearer.min(3)))
            } else {
                // Above the middle where the line of a couple has the middle.
                -0.35 * radius * f64::from((nearer + couples).min(2))
            };
            start[joint.point] = dy;
            let ends = [joint.person, joint.point].into_iter().chain(joint.other).map(|node| self.x[node]);
            sides.push(Side {
                union: joint.union,
                level: self.graph.nodes[joint.point].level,
                dy,
                from: ends.clone().fold(f64::MAX, f64::min),
                to: ends.fold(f64::MIN, f64::max),
                is_between_partners: self.family.unions[joint.union].parents.len() == 2,
            });
        }
        sides
    }

    /// Whether a joint leads from the only known parent to a child.
    fn is_single(&self, joint: &Joint) -> bool {
        self.family.unions[joint.union].parents.len() < 2
    }

    /// The lines from each node to its targets in the next generation.
    fn descents(&self, start: &[f64]) -> Vec<Vec<Net>> {
        let mut nets = vec![Vec::new(); self.graph.rows.len()];
        for (number, node) in self.graph.nodes.iter().enumerate() {
            let (Kind::Point(union) | Kind::Stub(union) | Kind::Pass(union)) = node.kind else { continue };
            let mut end = number;
            while let Some(&target) = self.graph.nodes[end].targets.first() {
                end = target;
            }
            let bottoms: Vec<End> =
                node.targets.iter().map(|&target| End { x: self.x[target], dy: start[target] }).collect();
            if let Some(gap) = nets.get_mut(node.level + 1).filter(|_| !bottoms.is_empty()) {
                gap.push(Net {
                    union,
                    is_between_partners: self.leads_to_point(number),
                    tops: vec![End { x: self.x[number], dy: start[number] }],
                    bottoms,
                    height: None,
                });
            }
        }
        nets
    }

    /// Whether the line that begins here ends at the point of its union, not at a child.
    fn leads_to_point(&self, mut node: usize) -> bool {
        let is_point = |node: usize| matches!(self.graph.nodes[node].kind, Kind::Point(_));
        if is_point(node) {
            return false;
        }
        while let Some(&target) = self.graph.nodes[node].targets.first() {
            if is_point(target) {
                return true;
            }
            node = target;
        }
        false
    }

    /// Lines over the symbols between partners who are no neighbours.
    fn arches(&self, arches: &[(usize, usize, usize)], start: &[f64], nets: &mut [Vec<Net>]) {
        for &(person, point, union) in arches {
            let is_left = self.x[point] < self.x[person];
            let reach = |other: usize| (self.x[other] - self.x[person]).abs();
            let same =
                arches.iter().filter(|(other, end, _)| *other == person && (self.x[*end] < self.x[person]) == is_left);
            let count = same.clone().count();
            // The nearest leaves farthest from the middle, so that the arches nest.
            let rank = same.filter(|(_, end, _)| reach(*end) < reach(point)).count();
            let share = 0.75 - 0.45 * rank as f64 / (count.max(2) - 1) as f64;
            let dx = self.measures.radius * share * if is_left { -1.0 } else { 1.0 };
            let net = Net {
                union,
                is_between_partners: true,
                tops: Vec::new(),
                bottoms: vec![End { x: self.x[person] + dx, dy: 0.0 }, End { x: self.x[point], dy: start[point] }],
                height: None,
            };
            if let Some(gap) = nets.get_mut(self.graph.nodes[point].level) {
                gap.push(net);
            }
        }
    }
}

impl Net {
    pub(super) fn low(&self) -> f64 {
        self.tops.iter().chain(&self.bottoms).map(|end| end.x).fold(f64::MAX, f64::min)
    }

    pub(super) fn high(&self) -> f64 {
        self.tops.iter().chain(&self.bottoms).map(|end| end.x).fold(f64::MIN, f64::max)
    }

    fn is_straight(&self) -> bool {
        self.high() - self.low() < 0.1
    }

    /// What it costs to draw this line above `below`: crossings, and lines that would lie on each other.
    fn cost_above(&self, below: &Self) -> f64 {
        let crosses = |ends: &[End], other: &Self| {
            let mut cost = 0.0;
            for end in ends {
                if end.x > other.low() - 3.0 && end.x < other.high() + 3.0 {
                    let is_corner = (end.x - other.low()).abs() <= 3.0 || (end.x - other.high()).abs() <= 3.0;
                    cost += if is_corner { 8.0 } else { 1.0 };
                }
            }
            cost
        };
        let mut cost = crosses(&self.bottoms, below) + crosses(&below.tops, self);
        // Arches stay near the symbols whom they join.
        if self.tops.is_empty() && !below.tops.is_empty() {
            cost += 0.1;
        }
        for bottom in &self.bottoms {
            for top in &below.tops {
                if (bottom.x - top.x).abs() <= 3.0 {
                    cost += 100.0;
                }
            }
        }
        cost
    }
}

/// Gives each horizontal line of a gap its height.
fn arrange(gap: &mut [Net]) {
    let mut order: Vec<usize> = (0..gap.len()).filter(|&net| !gap[net].is_straight()).collect();
    order.sort_by(|&one, &other| gap[one].low().total_cmp(&gap[other].low()));
    // The cost is a sum over pairs, so a move changes it only by the pairs that it passes.
    let mut rounds = 50;
    let mut has_improved = true;
    while has_improved && rounds > 0 {
        has_improved = false;
        rounds -= 1;
        for from in 0..order.len() {
            let mut best = (-1e-9, from);
            for is_up in [true, false] {
                let mut change = 0.0;
                let mut at = from;
                while let Some(next) =
                    if is_up { at.checked_sub(1) } else { Some(at + 1).filter(|&next| next < order.len()) }
                {
                    let (own, other) = (&gap[order[from]], &gap[order[next]]);
                    let step = own.cost_above(other) - other.cost_above(own);
                    change += if is_up { step } else { -step };
                    at = next;
                    if change < best.0 {
                        best = (change, at);
                    }
                }
            }
            if best.1 != from {
                let net = order.remove(from);
                order.insert(best.1, net);
                has_improved = true;
            }
        }
    }
    // From the lowest up: each as low as those allow that it must stay above.
    for index in (0..order.len()).rev() {
        let own = &gap[order[index]];
        let near = 14.0;
        let height = order[index + 1..]
            .iter()
            .map(|&other| &gap[other])
            .filter(|other| own.low() < other.high() + near && other.low() < own.high() + near)
            .filter_map(|other| other.height)
            .max()
            .map_or(0, |height| height + 1);
        gap[order[index]].height = Some(height);
    }
}
