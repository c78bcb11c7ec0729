//! Coordinates from left to right: least squares with least distances.

use super::family::Family;
use super::measures::Measures;
use super::order::{Graph, Kind, Node};

/// The room that a person takes to the left and to the right of the middle.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) left: f64,
    pub(super) right: f64,
}

/// The x of each node, from 0, and the width of all.
pub(super) fn placed(family: &Family, graph: &Graph, rooms: &[Room], measures: &Measures) -> (Vec<f64>, f64) {
    let room = |node: usize| match graph.nodes[node].kind {
        Kind::Person(person) => rooms[person],
        _ => Room { left: 0.0, right: 0.0 },
    };
    let is_person = |node: usize| matches!(graph.nodes[node].kind, Kind::Person(_));
    let apart = |one: usize, other: usize| {
        let gap = match (is_person(one), is_person(other)) {
            (true, true) => measures.between_persons,
            (false, false) => measures.between_lines,
            _ => measures.beside_line,
        };
        room(one).right + room(other).left + gap
    };
    let mut x = vec![0.0; graph.nodes.len()];
    for row in &graph.rows {
        for pair in row.windows(2) {
            x[pair[1]] = x[pair[0]] + apart(pair[0], pair[1]);
        }
    }
    // Near together first; then straight, which by itself has no reason to drift apart.
    for together in [0.04, 0.0005] {
        relax(&graph.rows, &terms(family, graph, together), &apart, &mut x);
    }
    straighten(family, graph, &apart, 0.4 * measures.beside_line, &mut x);
    untwist(graph, &apart, &mut x);
    let left = graph.nodes.iter().enumerate().map(|(node, _)| x[node] - room(node).left).fold(f64::MAX, f64::min);
    let right = graph.nodes.iter().enumerate().map(|(node, _)| x[node] + room(node).right).fold(f64::MIN, f64::max);
    for x in &mut x {
        *x -= left;
    }
    (x, right - left)
}

fn mean(x: &[f64], nodes: &[usize]) -> Option<f64> {
    let low = nodes.iter().map(|&node| x[node]).fold(f64::MAX, f64::min);
    let high = nodes.iter().map(|&node| x[node]).fold(f64::MIN, f64::max);
    (!nodes.is_empty()).then_some((low + high) / 2.0)
}

/// A wish: the weighted sum of some x should be 0.
struct Term {
    weight: f64,
    parts: Vec<(usize, f64)>,
}

/// What a good drawing has: points above the middle of the children and between the partners, straight long lines,
/// and, with little weight, everything near together.
fn terms(family: &Family, graph: &Graph, together: f64) -> Vec<Term> {
    let mut place = vec![0; graph.nodes.len()];
    for row in &graph.rows {
        for (index, &node) in row.iter().enumerate() {
            place[node] = index;
        }
    }
    let mut terms = Vec::new();
    let mut near = |weight: f64, one: usize, other: usize| {
        terms.push(Term { weight, parts: vec![(one, 1.0), (other, -1.0)] });
    };
    let mut middles = Vec::new();
    for (node, Node { kind, targets, .. }) in graph.nodes.iter().enumerate() {
        let mut sorted = targets.clone();
        sorted.sort_by_key(|&target| place[target]);
        match (kind, sorted.as_slice()) {
            (Kind::Pass(_), [target]) => near(6.0, node, *target),
            (_, [target]) => near(4.0, node, *target),
            (_, [first, .., last]) => middles.push((2.0, node, *first, *last)),
            (_, []) => {}
        }
        for pair in sorted.windows(2) {
            near(together, pair[0], pair[1]);
        }
        if let Kind::Point(union) | Kind::Stub(union) = *kind {
            let beside = graph.parents_of(family, union);
            for &parent in &beside {
                near(together, node, parent);
            }
            let level = graph.nodes[node].level;
            let next: Vec<usize> = beside
                .into_iter()
                .filter(|&parent| graph.nodes[parent].level == level && place[parent].abs_diff(place[node]) == 1)
                .collect();
            match next[..] {
                [one, other] => middles.push((0.5, node, one, other)),
                // The other partner is far away: this one stays at the line of descent.
                [one] if family.unions[union].parents.len() == 2 => near(0.03, node, one),
                _ => {}
            }
        }
    }
    for (weight, node, one, other) in middles {
        terms.push(Term { weight, parts: vec![(node, 1.0), (one, -0.5), (other, -0.5)] });
    }
    terms
}

/// Lowers the weighted sum of squares of the terms by steps of a gradient with momentum; each step keeps the distances.
fn relax(rows: &[Vec<usize>], terms: &[Term], apart: &impl Fn(usize, usize) -> f64, x: &mut Vec<f64>) {
    const STEPS: u16 = 900;
    // A bound of the curvature in each direction: with it no step can overshoot.
    let mut curvature = vec![1e-3; x.len()];
    for term in terms {
        let sum: f64 = term.parts.iter().map(|part| part.1.abs()).sum();
        for &(node, factor) in &term.parts {
            curvature[node] += term.weight * factor.abs() * sum;
        }
    }
    let mut before = x.clone();
    for step in 0..STEPS {
        let momentum = f64::from(step % 300) / f64::from(step % 300 + 3);
        let mut wished: Vec<f64> = x.iter().zip(&before).map(|(now, then)| now + momentum * (now - then)).collect();
        let ahead = wished.clone();
        for term in terms {
            let value: f64 = term.parts.iter().map(|&(node, factor)| factor * ahead[node]).sum();
            for &(node, factor) in &term.parts {
                wished[node] -= term.weight * factor * value / curvature[node];
            }
        }
        before.clone_from(x);
        for row in rows {
            let wishes: Vec<(f64, f64)> = row.iter().map(|&node| (wished[node], curvature[node])).collect();
            settle(row, &wishes, apart, x);
        }
    }
}

/// The places nearest to the wishes (least squares) that keep the distances: pooled neighbours share their shift.
fn settle(row: &[usize], wishes: &[(f64, f64)], apart: &impl Fn(usize, usize) -> f64, x: &mut [f64]) {
    struct Pool {
        sum: f64,
        weight: f64,
        count: usize,
    }
    let mut offsets = Vec::with_capacity(row.len());
    let mut pools: Vec<Pool> = Vec::with_capacity(row.len());
    let mut offset = 0.0;
    for (index, &(target, weight)) in wishes.iter().enumerate() {
        if index > 0 {
            offset += apart(row[index - 1], row[index]);
        }
        offsets.push(offset);
        let mut pool = Pool { sum: (target - offset) * weight, weight, count: 1 };
        while let Some(last) = pools.pop_if(|last| last.sum / last.weight > pool.sum / pool.weight) {
            pool = Pool { sum: pool.sum + last.sum, weight: pool.weight + last.weight, count: pool.count + last.count };
        }
        pools.push(pool);
    }
    let mut index = 0;
    for pool in pools {
        for _ in 0..pool.count {
            x[row[index]] = offsets[index] + pool.sum / pool.weight;
            index += 1;
        }
    }
}

/// Moves points, passing lines and only children within their gaps so that lines which are nearly straight become
/// straight; a line may come nearer to its neighbours by `slack` for that.
fn straighten(family: &Family, graph: &Graph, apart: &impl Fn(usize, usize) -> f64, slack: f64, x: &mut [f64]) {
    for _ in 0..3 {
        for row in graph.rows.iter().rev() {
            for (index, &node) in row.iter().enumerate() {
                let Node { kind, source, targets, .. } = &graph.nodes[node];
                let wished = match (kind, targets.as_slice()) {
                    // Only children without children of their own come under their parents.
                    (Kind::Person(person), _) => match source {
                        Some(source)
                            if graph.nodes[*source].targets.len() == 1 && family.unions_of[*person].is_empty() =>
                        {
                            x[*source]
                        }
                        _ => continue,
                    },
                    (_, []) => continue,
                    (_, [target]) => x[*target],
                    (Kind::Point(union), _) => {
                        // Between the partners if that is above the children.
                        let low = targets.iter().map(|&target| x[target]).fold(f64::MAX, f64::min);
                        let high = targets.iter().map(|&target| x[target]).fold(f64::MIN, f64::max);
                        mean(x, &graph.parents_of(family, *union)).unwrap_or(x[node]).clamp(low, high)
                    }
                    _ => continue,
                };
                let least = index.checked_sub(1).map_or(f64::MIN, |left| x[row[left]] + apart(row[left], node));
                let most = row.get(index + 1).map_or(f64::MAX, |&right| x[right] - apart(node, right));
                let slack = if matches!(kind, Kind::Person(_)) { 0.0 } else { slack };
                if wished >= least - slack && wished <= most + slack {
                    x[node] = wished;
                } else if least <= most {
                    x[node] = wished.clamp(least, most);
                }
            }
        }
    }
}

/// Two lines that change places between generations would lie on each other if each ended where the other begins: one
/// of them begins a little aside.
fn untwist(graph: &Graph, apart: &impl Fn(usize, usize) -> f64, x: &mut [f64]) {
    let meets = |x: &[f64], one: usize, other: usize| {
        graph.nodes[other].targets.iter().any(|&target| (x[one] - x[target]).abs() < 4.0)
    };
    for row in &graph.rows {
        let tops: Vec<usize> = (0..row.len()).filter(|&index| !graph.nodes[row[index]].targets.is_empty()).collect();
        for (count, &one) in tops.iter().enumerate() {
            for &other in &tops[count + 1..] {
                if !(meets(x, row[one], row[other]) && meets(x, row[other], row[one])) {
                    continue;
                }
                for (index, by) in [(one, -6.0), (other, 6.0), (one, 6.0), (other, -6.0)] {
                    let node = row[index];
                    let least = index.checked_sub(1).map_or(f64::MIN, |left| x[row[left]] + apart(row[left], node));
                    let most = row.get(index + 1).map_or(f64::MAX, |&right| x[right] - apart(node, right));
                    let aside = x[node] + by;
                    if aside >= least && aside <= most {
                        x[node] = aside;
                        break;
                    }
                }
            }
        }
    }
}
