//! Computes the genotypes of the missing child and of one more full sibling together, with theta.
//!
//! To plan for a sibling whose genotype is not known yet, one likelihood is needed for every genotype of the sibling and
//! of the child: some 40,000 at a locus of 20 alleles. One sum for each genotype of the sibling would repeat nearly all
//! of its work. Given the genotypes of both parents, however, their children are independent of each other and of
//! everyone else. One parent's genotypes are therefore taken one by one, as if that parent were typed; the other parent's
//! alleles are left open, like those of a missing child; and the children are factors. Under H2 the unrelated child's
//! genotypes are taken one by one, and the sibling is left open.

use crate::model::genotype_code;
use crate::population::LocusModel;

use super::KinshipError;
use super::effort::{TABLE, spend, within};
use super::hypotheses::joint;
use super::observation::{Observation, Pair, terms};
use super::shape::{Person, Shape};
use super::structure::Structure;
use super::urn::add_combination;

/// The probabilities of both genotypes with all observations, at [`genotype_code`] of the sibling's alleles x the number
/// of pairs + that of the child's.
pub(super) struct Sibship {
    /// The number of pairs of alleles.
    pub(super) pairs: usize,
    /// Under H1.
    pub(super) related: Vec<f64>,
    /// Under H2.
    pub(super) unrelated: Vec<f64>,
}

/// The parents of the missing child, and their children.
struct Parents {
    /// The parent whose genotypes are taken one by one, and the one whose alleles are left open.
    listed: usize,
    open: usize,
    /// `true` if the listed parent is the father.
    is_father: bool,
    children: Vec<usize>,
}

impl Sibship {
    /// Computes both tables; `None` if the pedigree has another form. `sibling` is the position of the further sibling
    /// among the relatives of `structure`. Its observation is not used.
    ///
    /// # Errors
    /// Returns [`KinshipError::TooLarge`].
    pub(super) fn new(
        structure: &Structure,
        model: &LocusModel,
        theta: f64,
        observations: &[Option<Observation>],
        sibling: usize,
    ) -> Result<Option<Self>, KinshipError> {
        let mut observations = observations.to_vec();
        observations[sibling] = None;
        let shape = &structure.with_child;
        let is_parent = |i: usize| shape.persons.iter().any(|one| one.father == Some(i) || one.mother == Some(i));
        let parents = Parents::of_child(shape, &observations).filter(|parents| {
            let has_sibling = parents.children.iter().any(|&i| shape.persons[i].relative == Some(sibling));
            has_sibling && !parents.children.iter().any(|&i| is_parent(i))
        });
        let Some(parents) = parents.filter(|_| structure.trees.is_some()) else { return Ok(None) };
        let pairs = model.pairs();
        Ok(Some(Self {
            pairs: pairs.len(),
            related: related(shape, &parents, model, theta, &observations)?,
            unrelated: unrelated(&structure.without_child, sibling, model, theta, &observations)?,
        }))
    }
}

impl Parents {
    /// Finds the parents of the shape's child; `None` if the sum cannot leave the alleles of either open: that parent
    /// must be untyped and have no other children.
    fn of_child(shape: &Shape, observations: &[Option<Observation>]) -> Option<Self> {
        let child = &shape.persons[shape.child?];
        let both = [child.father?, child.mother?];
        let is_child = |person: &Person| [person.father, person.mother] == both.map(Some);
        let children: Vec<usize> = (0..shape.persons.len()).filter(|&i| is_child(&shape.persons[i])).collect();
        let may_be_open = |i: usize| {
            let others =
                shape.persons.iter().any(|one| !is_child(one) && (one.father == Some(i) || one.mother == Some(i)));
            !others && shape.persons[i].relative.is_none_or(|relative| observations[relative].is_none())
        };
        // A typed founder takes the least work, so rather the parent who has parents is left open.
        let is_better = |i: &usize| !shape.persons[*i].is_founder();
        let open = both.into_iter().filter(|&i| may_be_open(i)).max_by_key(is_better)?;
        let is_father = open == both[1];
        Some(Self { listed: both[usize::from(!is_father)], open, is_father, children })
    }
}

/// Computes [`Sibship::related`].
fn related(
    shape: &Shape,
    parents: &Parents,
    model: &LocusModel,
    theta: f64,
    observations: &[Option<Observation>],
) -> Result<Vec<f64>, KinshipError> {
    let (n, pairs) = (model.size(), model.pairs());
    let (mut others, places) = shape.without(|i| parents.children.contains(&i));
    let (listed, open) = (places[parents.listed], places[parents.open]);
    let known = others.persons[listed].relative.and_then(|relative| observations[relative].clone());
    let genotypes = known.unwrap_or_else(|| Observation { pairs: pairs.to_vec(), likelihoods: vec![1.0; pairs.len()] });
    others.child = Some(open);
    others.persons[listed].relative = Some(observations.len());
    let mut observations = observations.to_vec();
    let (from_listed, from_open) =
        if parents.is_father { (model.paternal(), model.maternal()) } else { (model.maternal(), model.paternal()) };
    // What each child's terms say of the allele of either parent.
    let lift = |gamete: &[f64], is_listed: bool| {
        let transition = if is_listed { from_listed } else { from_open };
        let arrives = |allele: usize| transition.row(allele).iter().zip(gamete).map(|(p, value)| p * value).sum();
        (0..n).map(arrives).collect::<Vec<f64>>()
    };
    let typed = parents.children.iter().filter_map(|&i| observations[shape.persons[i].relative?].as_ref());
    let children: Vec<Vec<[Vec<f64>; 2]>> = typed
        .map(|seen| {
            // The terms are symmetric: both parents may be either.
            let terms = terms(&seen.pairs, &seen.likelihoods, n);
            terms.iter().map(|term| [lift(&term.paternal, true), lift(&term.maternal, false)]).collect()
        })
        .collect();
    observations.push(None);
    // By the listed parent's genotype: the probabilities of the two gametes that it gives to both children, at
    // code(a, x), and the joint distribution of those that the open parent gives, at code(b, y).
    let mut given = Vec::with_capacity(genotypes.pairs.len() * pairs.len());
    let mut left = Vec::with_capacity(given.capacity());
    for (&(a, b), &likelihood) in genotypes.pairs.iter().zip(&genotypes.likelihoods) {
        if let Some(last) = observations.last_mut() {
            *last = Some(Observation { pairs: vec![(a, b)], likelihoods: vec![likelihood] });
        }
        let mut of_open = within(TABLE, || joint(&others, model, theta, &observations))?;
        for terms in &children {
            let factors: Vec<f64> = terms.iter().map(|[listed, _]| (listed[a] + listed[b]) / 2.0 * 0.5).collect();
            for (z, row) in of_open.chunks_exact_mut(n).enumerate() {
                for (w, cell) in row.iter_mut().enumerate() {
                    let of_child = |([_, open], factor): (&[Vec<f64>; 2], &f64)| factor * (open[z] + open[w]);
                    *cell *= terms.iter().zip(&factors).map(of_child).sum::<f64>();
                }
            }
        }
        let gamete: Vec<f64> =
            from_listed.row(a).iter().zip(from_listed.row(b)).map(|(p, q)| f64::midpoint(*p, *q)).collect();
        given.extend(pairs.iter().map(|&(x, y)| gamete[x] * gamete[y]));
        let gametes = two_gametes(&of_open, from_open.cells(), n);
        left.extend(pairs.iter().map(|&(x, y)| gametes[x * n + y]));
    }
    combine(&given, &left, pairs)
}

/// Computes the joint distribution of two gametes of one parent, at `b * n + y`, from the probabilities of its pair of
/// alleles: both gametes come from the same allele or from both.
fn two_gametes(of_pair: &[f64], transition: &[f64], n: usize) -> Vec<f64> {
    let mut either = vec![0.0; n * n];
    for z in 0..n {
        for w in 0..n {
            let half = f64::midpoint(of_pair[z * n + w], of_pair[w * n + z]) / 2.0;
            either[z * n + w] += half;
            either[z * n + z] += half;
        }
    }
    let (mut first, mut both) = (vec![0.0; n * n], vec![0.0; n * n]);
    for (row, factors) in first.chunks_exact_mut(n).zip(either.chunks_exact(n)) {
        add_combination(row, &factors.iter(), transition);
    }
    for (b, row) in both.chunks_exact_mut(n).enumerate() {
        add_combination(row, &transition[b..].iter().step_by(n), &first);
    }
    both
}

/// Adds up, over the listed parent's genotypes, the products of what both parents give, over the phases of the sibling
/// and of the child.
fn combine(given: &[f64], left: &[f64], pairs: &[Pair]) -> Result<Vec<f64>, KinshipError> {
    let size = pairs.len();
    let mut gametes = vec![0.0; size * size];
    for (place, row) in gametes.chunks_exact_mut(size).enumerate() {
        if !spend(left.len()) {
            return Err(KinshipError::TooLarge);
        }
        add_combination(row, &given[place..].iter().step_by(size), left);
    }
    // The listed parent gives a and x, the open one b and y.
    let at = |a: usize, x: usize, b: usize, y: usize| gametes[genotype_code(a, x) * size + genotype_code(b, y)];
    let mut related = Vec::with_capacity(size * size);
    for &(a, b) in pairs {
        related.extend(pairs.iter().map(|&(x, y)| {
            let phases = |x: usize, y: usize| at(a, x, b, y) + if a == b { 0.0 } else { at(b, x, a, y) };
            phases(x, y) + if x == y { 0.0 } else { phases(y, x) }
        }));
    }
    Ok(related)
}

/// Computes [`Sibship::unrelated`].
fn unrelated(
    shape: &Shape,
    sibling: usize,
    model: &LocusModel,
    theta: f64,
    observations: &[Option<Observation>],
) -> Result<Vec<f64>, KinshipError> {
    let (n, pairs) = (model.size(), model.pairs());
    let size = pairs.len();
    let mut shape = shape.with_stranger();
    if let Some(stranger) = shape.persons.last_mut() {
        stranger.relative = Some(observations.len());
    }
    shape.child = shape.persons.iter().position(|person| person.relative == Some(sibling));
    let mut observations = observations.to_vec();
    observations.push(None);
    let mut unrelated = vec![0.0; size * size];
    for (place, &pair) in pairs.iter().enumerate() {
        if let Some(last) = observations.last_mut() {
            *last = Some(Observation { pairs: vec![pair], likelihoods: vec![1.0] });
        }
        let of_sibling = within(TABLE, || joint(&shape, model, theta, &observations))?;
        for (cell, &(a, b)) in unrelated[place..].iter_mut().step_by(size).zip(pairs) {
            *cell = of_sibling[a * n + b] + if a == b { 0.0 } else { of_sibling[b * n + a] };
        }
    }
    Ok(unrelated)
}
