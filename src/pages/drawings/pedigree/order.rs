//! The order of the nodes of each generation: a depth-first start, barycentre sweeps, then moves that lower a cost.

use super::family::Family;

/// What stands at a place of a generation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Person(usize),
    /// Where the line of descent of a union leaves the line between the partners.
    Point(usize),
    /// Where the line of a union leaves a partner who stands in a higher generation than the other.
    Stub(usize),
    /// A line of a union on its way through a generation.
    Pass(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) level: usize,
    /// The node of the level above from which a line comes.
    pub(super) source: Option<usize>,
    /// The nodes of the level below to which lines go.
    pub(super) targets: Vec<usize>,
}

/// The nodes of one component and their order.
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// Of each level, its nodes from left to right.
    pub(super) rows: Vec<Vec<usize>>,
    /// The node of each person; persons of other components have none.
    pub(super) node_of: Vec<Option<usize>>,
    /// The point of each union.
    pub(super) point_of: Vec<Option<usize>>,
}

/// Work that a search may do: large pedigrees are ordered less well rather than slowly.
const MOST_WORK: usize = 60_000_000;

/// Orders the nodes of the component `persons`.
pub(super) fn ordered(family: &Family, persons: &[usize]) -> Graph {
    let mut graph = build(family, persons);
    let mut best: Option<(f64, Vec<Vec<usize>>)> = None;
    // The depth-first order depends on where it begins: a few beginnings, the best is kept.
    let founders = persons.iter().copied().filter(|&person| family.born_of[person].is_none());
    for root in founders.take(6) {
        let mut items = depth_first(family, &graph, root);
        for round in 0..8 {
            let found = cost(family, &graph, &items);
            if best.as_ref().is_none_or(|(least, _)| found < *least - 1e-9) {
                best = Some((found, items.clone()));
            }
            sweep(family, &graph, &mut items, round % 2 == 0);
        }
    }
    if let Some((least, mut items)) = best {
        improve(family, &graph, &mut items, least);
        graph.rows = rows(family, &graph, &items);
    }
    graph
}

fn build(family: &Family, persons: &[usize]) -> Graph {
    let people = family.born_of.len();
    let mut graph = Graph {
        nodes: Vec::new(),
        rows: Vec::new(),
        node_of: vec![None; people],
        point_of: vec![None; family.unions.len()],
    };
    let top = persons.iter().map(|&person| family.generation[person]).min().unwrap_or(0);
    for &person in persons {
        let node = graph.add(Kind::Person(person), family.generation[person] - top);
        graph.node_of[person] = Some(node);
    }
    for (number, union) in family.unions.iter().enumerate() {
        let parents: Vec<usize> = union.parents.iter().filter_map(|&parent| graph.node_of[parent]).collect();
        let Some(level) = parents.iter().map(|&parent| graph.nodes[parent].level).max() else { continue };
        let point = graph.add(Kind::Point(number), level);
        graph.point_of[number] = Some(point);
        for parent in parents {
            if graph.nodes[parent].level < level {
                let stub = graph.add(Kind::Stub(number), graph.nodes[parent].level);
                graph.link(number, stub, point);
            }
        }
        for &child in &union.children {
            if let Some(child) = graph.node_of[child] {
                graph.link(number, point, child);
            }
        }
    }
    graph
}

impl Graph {
    fn add(&mut self, kind: Kind, level: usize) -> usize {
        self.nodes.push(Node { kind, level, source: None, targets: Vec::new() });
        self.nodes.len() - 1
    }

    /// A line between two nodes, with a node in each level that it passes.
    fn link(&mut self, union: usize, from: usize, to: usize) {
        let mut above = from;
        for level in self.nodes[from].level + 1..self.nodes[to].level {
            let pass = self.add(Kind::Pass(union), level);
            self.nodes[above].targets.push(pass);
            self.nodes[pass].source = Some(above);
            above = pass;
        }
        self.nodes[above].targets.push(to);
        self.nodes[to].source = Some(above);
    }

    fn levels(&self) -> usize {
        self.nodes.iter().map(|node| node.level + 1).max().unwrap_or(0)
    }

    /// The nodes of the parents of a union.
    pub(super) fn parents_of(&self, family: &Family, union: usize) -> Vec<usize> {
        family.unions[union].parents.iter().filter_map(|&parent| self.node_of[parent]).collect()
    }
}

/// Persons and passing lines of each level; the other nodes follow from these, see [`rows`].
fn depth_first(family: &Family, graph: &Graph, root: usize) -> Vec<Vec<usize>> {
    let mut items = vec![Vec::new(); graph.levels()];
    let mut seen = vec![false; graph.nodes.len()];
    let mut open = vec![root];
    let mut put = |node: usize| {
        let is_new = !std::mem::replace(&mut seen[node], true);
        if is_new {
            items[graph.nodes[node].level].push(node);
        }
        is_new
    };
    while let Some(person) = open.pop() {
        let Some(node) = graph.node_of[person] else { continue };
        if !put(node) {
            continue;
        }
        let mut above = graph.nodes[node].source;
        while let Some(pass) = above.filter(|&above| matches!(graph.nodes[above].kind, Kind::Pass(_))) {
            put(pass);
            above = graph.nodes[pass].source;
        }
        // What is pushed last comes first: partners, then children, then parents.
        if let Some(union) = family.born_of[person] {
            open.extend(family.unions[union].parents.iter().rev());
        }
        for &union in family.unions_of[person].iter().rev() {
            open.extend(family.unions[union].children.iter().rev());
            for &target in &graph.nodes[graph.point_of[union].unwrap_or(node)].targets {
                if matches!(graph.nodes[target].kind, Kind::Pass(_)) {
                    put(target);
                }
            }
        }
        for &union in family.unions_of[person].iter().rev() {
            open.extend(family.unions[union].parents.iter().filter(|&&partner| partner != person));
        }
    }
    // Lines between partners of different generations.
    for (place, node) in graph.nodes.iter().enumerate() {
        if matches!(node.kind, Kind::Pass(_)) && !std::mem::replace(&mut seen[place], true) {
            items[node.level].push(place);
        }
    }
    items
}

/// All nodes of each level in order, given the order of persons and passing lines: the point of a union stands between
/// partners who are neighbours, else beside the partner who has fewer unions.
fn rows(family: &Family, graph: &Graph, items: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut place = vec![usize::MAX; graph.nodes.len()];
    for row in items {
        for (index, &node) in row.iter().enumerate() {
            place[node] = index;
        }
    }
    let mut gaps: Vec<Vec<Vec<(u8, f64, usize)>>> = items.iter().map(|row| vec![Vec::new(); row.len() + 1]).collect();
    for (node, Node { kind, level, targets, .. }) in graph.nodes.iter().enumerate() {
        let (Kind::Point(union) | Kind::Stub(union)) = *kind else { continue };
        let beside: Vec<usize> =
            graph.parents_of(family, union).into_iter().filter(|&parent| graph.nodes[parent].level == *level).collect();
        let (gap, rank) = match beside[..] {
            [one, other] => {
                let (left, right) = (place[one].min(place[other]), place[one].max(place[other]));
                let unions = |index: usize| match graph.nodes[items[*level][index]].kind {
                    Kind::Person(person) => family.unions_of[person].len(),
                    _ => 0,
                };
                if right == left + 1 {
                    (right, 2)
                } else if unions(left) < unions(right) {
                    (left + 1, 1)
                } else {
                    (right, 3)
                }
            }
            [parent] => {
                // On the side without a partner; on the right if both are free.
                let at = place[parent];
                let is_partner = |other: Option<&usize>| {
                    other.is_some_and(|&other| match (graph.nodes[parent].kind, graph.nodes[other].kind) {
                        (Kind::Person(one), Kind::Person(other)) => {
                            family.unions_of[one].iter().any(|union| family.unions_of[other].contains(union))
                        }
                        _ => false,
                    })
                };
                let row = &items[*level];
                let has_arrow = matches!(graph.nodes[parent].kind, Kind::Person(person) if family.has_arrow[person]);
                let left_is_free = !has_arrow && !is_partner(at.checked_sub(1).and_then(|left| row.get(left)));
                if is_partner(row.get(at + 1)) && left_is_free { (at, 4) } else { (at + 1, 0) }
            }
            _ => continue,
        };
        let below: Vec<usize> = targets.iter().map(|&target| place[target]).filter(|&at| at != usize::MAX).collect();
        let mean = below.iter().sum::<usize>() as f64 / below.len().max(1) as f64;
        gaps[*level][gap].push((rank, mean, node));
    }
    let mut rows = Vec::with_capacity(items.len());
    for (row, gaps) in items.iter().zip(&mut gaps) {
        let mut full = Vec::new();
        for (index, points) in gaps.iter_mut().enumerate() {
            points.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)).then(one.2.cmp(&other.2)));
            full.extend(points.iter().map(|point| point.2));
            full.extend(row.get(index));
        }
        rows.push(full);
    }
    rows
}

/// How hard an order is to read: crossings, partners apart, siblings apart.
fn cost(family: &Family, graph: &Graph, items: &[Vec<usize>]) -> f64 {
    let rows = rows(family, graph, items);
    let mut place = vec![0_usize; graph.nodes.len()];
    for row in &rows {
        for (index, &node) in row.iter().enumerate() {
            place[node] = index;
        }
    }
    let mut total = 0.0;
    for row in &rows {
        let mut lines: Vec<(usize, usize)> = Vec::new();
        for &node in row {
            lines.extend(graph.nodes[node].targets.iter().map(|&target| (place[node], place[target])));
        }
        for (index, one) in lines.iter().enumerate() {
            let crossed = lines[index + 1..].iter().filter(|other| one.0 < other.0 && one.1 > other.1);
            total += 2.0 * crossed.count() as f64;
        }
    }
    for (number, union) in family.unions.iter().enumerate() {
        let parents = graph.parents_of(family, number);
        if let [one, other] = parents[..]
            && graph.nodes[one].level == graph.nodes[other].level
        {
            let row = &rows[graph.nodes[one].level];
            let (left, right) = (place[one].min(place[other]), place[one].max(place[other]));
            for &between in &row[left + 1..right] {
                total += match graph.nodes[between].kind {
                    Kind::Person(person) if family.born_of[person].is_some() => 4.0,
                    Kind::Person(_) => 3.0,
                    Kind::Pass(_) => 1.0,
                    _ => 0.2,
                };
            }
            // The father on the left, where nothing speaks against it.
            if place[one] > place[other] {
                total += 0.02;
            }
        }
        let children: Vec<usize> = union.children.iter().filter_map(|&child| graph.node_of[child]).collect();
        for level in 0..rows.len() {
            let mut places: Vec<usize> = Vec::new();
            for &child in children.iter().filter(|&&child| graph.nodes[child].level == level) {
                places.push(place[child]);
            }
            if let (Some(first), Some(last)) = (places.iter().min(), places.iter().max()) {
                total += 0.15 * (last - first + 1 - places.len()) as f64;
            }
            // Siblings in the order in which they are given.
            total += 0.01 * places.windows(2).filter(|pair| pair[0] > pair[1]).count() as f64;
        }
    }
    total
}

/// One barycentre pass over all levels, downwards or upwards.
fn sweep(family: &Family, graph: &Graph, items: &mut [Vec<usize>], is_downwards: bool) {
    let count = items.len();
    for step in 1..count {
        let level = if is_downwards { step } else { count - 1 - step };
        let rows = rows(family, graph, items);
        let fixed = if is_downwards { level - 1 } else { level + 1 };
        let mut place = vec![None; graph.nodes.len()];
        for (index, &node) in rows[fixed].iter().enumerate() {
            place[node] = Some(index as f64);
        }
        let toward = |node: usize| -> Option<f64> {
            let mut ends: Vec<usize> = Vec::new();
            if is_downwards {
                ends.extend(graph.nodes[node].source);
            } else if let Kind::Person(person) = graph.nodes[node].kind {
                for &union in &family.unions_of[person] {
                    ends.extend(graph.point_of[union].iter().flat_map(|&point| &graph.nodes[point].targets));
                }
            } else {
                ends.extend(&graph.nodes[node].targets);
            }
            let places: Vec<f64> = ends.into_iter().filter_map(|end| place[end]).collect();
            (!places.is_empty()).then(|| places.iter().sum::<f64>() / places.len() as f64)
        };
        let scale = rows[fixed].len() as f64 / items[level].len().max(1) as f64;
        let mut keyed: Vec<(f64, usize)> = Vec::new();
        for (index, &node) in items[level].iter().enumerate() {
            // Who has no line of their own follows a partner.
            let of_partner = || match graph.nodes[node].kind {
                Kind::Person(person) => family.unions_of[person]
                    .iter()
                    .flat_map(|&union| &family.unions[union].parents)
                    .filter(|&&partner| partner != person)
                    .filter_map(|&partner| graph.node_of[partner])
                    .filter(|&partner| graph.nodes[partner].level == level)
                    .find_map(&toward),
                _ => None,
            };
            keyed.push((toward(node).or_else(of_partner).unwrap_or(index as f64 * scale), node));
        }
        keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
        items[level] = keyed.into_iter().map(|(_, node)| node).collect();
    }
}

/// Moves and turns short runs of a level as long as that lowers the cost.
fn improve(family: &Family, graph: &Graph, items: &mut [Vec<usize>], mut least: f64) {
    let nodes = graph.nodes.len();
    let mut tries = MOST_WORK / (nodes * nodes + 200);
    let mut has_improved = true;
    while has_improved {
        has_improved = false;
        for level in 0..items.len() {
            let count = items[level].len();
            for length in 1..=count.min(6) {
                for from in 0..=count - length {
                    for to in 0..=count - length {
                        for is_turned in [false, true] {
                            if (to == from && !is_turned) || (length == 1 && is_turned) {
                                continue;
                            }
                            if tries == 0 {
                                return;
                            }
                            tries -= 1;
                            let before = items[level].clone();
                            let mut run: Vec<usize> = items[level].drain(from..from + length).collect();
                            if is_turned {
                                run.reverse();
                            }
                            items[level].splice(to..to, run);
                            let found = cost(family, graph, items);
                            if found < least - 1e-9 {
                                least = found;
                                has_improved = true;
                            } else {
                                items[level] = before;
                            }
                        }
                    }
                }
            }
        }
    }
}
