//! Arranges the screens of several families, so that each set of alleles is computed once per block, even if several
//! families request it.

use std::collections::HashMap;

use super::locus::{AlleleSet, positions};
use super::plan::{Both, Counted, Screen};
use crate::index::BLOCK;

/// Number of sets per group of the kernel; a family's last group is filled up with sets that nobody misses.
pub(super) const GROUP: usize = 8;

/// Number of words of a set.
pub(super) const SET: usize = BLOCK / 64;

/// Number of words of all sets. Each set has the number of its first word: a number of 16 bits is always in range, so
/// the kernel needs neither a check nor a computation.
pub(super) const WORDS: usize = (1 << 16) + SET;

/// Number of sets that can have their own number, including the empty set.
const NUMBERS: usize = (1 << 16) / SET;

/// Families' screens in the kernel's form, with memory for its results.
#[derive(Debug)]
pub struct Screens<'s> {
    pub(super) units: Vec<Unit<'s>>,
    /// Number of rows that the kernel sets.
    asked_rows: usize,
    /// The results in a block, by number of set; the system does not allocate memory that is never used.
    pub(super) found: Vec<u64>,
    /// Number of rows of each set to compute in a block. The first is empty, and it is never computed.
    pub(super) sets: Vec<u16>,
    /// The rows of all sets, one after the other.
    pub(super) rows: Vec<u16>,
    /// Per counter and counted set of alleles, the set of children who miss it.
    pub(super) misses: Vec<u16>,
    /// Number of untyped loci of the children for whom the counters' starts are set.
    untyped: Option<usize>,
}

/// What the kernel is asked for.
#[derive(Clone, Debug)]
pub enum Asked<'s> {
    /// The children who pass a screen: one row.
    Alone(&'s Screen),
    /// The children who pass either of two screens, and those who pass the counters of both with other counts: a row for
    /// each of the two, then one for each of the others.
    Together([&'s Screen; 2], Vec<&'s Both>),
}

impl<'s> Asked<'s> {
    /// Returns the screens.
    fn screens(&self) -> impl Iterator<Item = &'s Screen> {
        let (first, second) = match *self {
            Asked::Alone(screen) => (screen, None),
            Asked::Together([first, second], _) => (first, Some(second)),
        };
        std::iter::once(first).chain(second)
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Asked::Alone(_) => 1,
            Asked::Together(_, both) => 2 + both.len(),
        }
    }
}

/// [`Asked`] in the kernel's form.
#[derive(Debug)]
pub(super) enum Unit<'s> {
    Alone(Counter<'s>),
    Together([Counter<'s>; 2], Vec<Joint<'s>>),
}

/// A counter of misses.
#[derive(Debug)]
pub(super) struct Counter<'s> {
    screen: &'s Screen,
    /// Its number of entries in `misses`.
    pub(super) misses: usize,
    /// First value, chosen so that the counter overflows with one miss too many; `None` if nobody passes.
    pub(super) start: Option<u8>,
    /// The smallest value of a child that does not pass the screen; 16 if all pass whose counter did not overflow.
    pub(super) too_many: u8,
}

/// A view that two counters screen together.
#[derive(Debug)]
pub(super) struct Joint<'s> {
    both: &'s Both,
    /// The smallest sum of both counters of a child that does not pass; at most 31.
    pub(super) too_many: u8,
}

impl Counter<'_> {
    fn start(&mut self, untyped: usize, most: Option<usize>) {
        self.start = most.map(|most| (Screen::MOST_MISSES - most) as u8);
        let own = self.start.zip(self.screen.misses_allowed(untyped));
        self.too_many = own.map_or(0, |(start, allowed)| start + allowed as u8 + 1);
    }
}

impl Unit<'_> {
    fn turn_to(&mut self, untyped: usize) {
        match self {
            Unit::Alone(counter) => counter.start(untyped, counter.screen.misses_allowed(untyped)),
            Unit::Together(counters, joint) => {
                // Either counter may have all of the misses that both may have together.
                let together = joint.iter().filter_map(|joint| joint.both.misses_allowed(untyped)).max();
                for counter in counters.iter_mut() {
                    counter.start(untyped, counter.screen.misses_allowed(untyped).max(together));
                }
                let starts = counters.each_ref().map(|counter| counter.start.unwrap_or(0));
                for joint in joint {
                    let allowed = joint.both.misses_allowed(untyped);
                    joint.too_many = allowed.map_or(0, |allowed| starts[0] + starts[1] + allowed as u8 + 1);
                }
            }
        }
    }
}

/// Number of the empty set.
const NOBODY: u16 = 0;

impl<'s> Screens<'s> {
    /// Arranges screens over the rows of the same index: in one part, or in several if they request more sets than have
    /// numbers.
    #[must_use]
    pub fn new(asked: &[Asked<'s>]) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = asked;
        while !rest.is_empty() {
            let mut sets = Sets::default();
            let fitting = rest.iter().take_while(|asked| sets.try_add(asked)).count();
            parts.push(Self::arrange(&rest[..fitting], sets));
            rest = &rest[fitting..];
        }
        parts
    }

    fn arrange(asked: &[Asked<'s>], mut sets: Sets) -> Self {
        sets.give_numbers();
        let mut misses = Vec::new();
        let mut counter = |screen: &'s Screen| {
            let before = misses.len();
            misses.extend(screen.sets.iter().map(|set| sets.number_of(&missing(set))));
            misses.resize(before + screen.sets.len().next_multiple_of(GROUP), NOBODY);
            Counter { screen, misses: misses.len() - before, start: None, too_many: 0 }
        };
        let units = asked.iter().map(|asked| match asked {
            Asked::Alone(screen) => Unit::Alone(counter(screen)),
            Asked::Together(screens, both) => {
                let joint = both.iter().map(|&both| Joint { both, too_many: 0 }).collect();
                Unit::Together(screens.map(&mut counter), joint)
            }
        });
        let units = units.collect();
        let asked_rows = asked.iter().map(Asked::rows).sum();
        let found = vec![0; WORDS];
        Self { units, asked_rows, found, sets: sets.sets, rows: sets.rows, misses, untyped: None }
    }

    /// Returns the number of rows that the kernel sets.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.asked_rows
    }

    /// Sets the counters' starts for children with this number of untyped loci.
    pub(super) fn turn_to(&mut self, untyped: usize) {
        if self.untyped.replace(untyped) != Some(untyped) {
            self.units.iter_mut().for_each(|unit| unit.turn_to(untyped));
        }
    }
}

/// A set that a screen requests: the typed children with none of the alleles.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct AskedSet {
    /// The first row of its locus.
    first_row: u16,
    alleles: AlleleSet,
}

/// Returns the set of the children who miss a set of alleles.
fn missing(counted: &Counted) -> AskedSet {
    AskedSet { first_row: counted.first_row, alleles: counted.alleles }
}

/// The sets requested so far.
#[derive(Default)]
struct Sets {
    known: HashMap<AskedSet, u16>,
    sets: Vec<u16>,
    rows: Vec<u16>,
}

impl Sets {
    /// Adds all sets that are requested, or none if there may not be enough numbers for them.
    fn try_add(&mut self, asked: &Asked<'_>) -> bool {
        let sets = || asked.screens().flat_map(|screen| &screen.sets);
        if self.known.len() + sets().count() + 1 > NUMBERS {
            return false;
        }
        sets().for_each(|set| _ = self.known.insert(missing(set), NOBODY));
        true
    }

    /// Numbers the sets, those with equally many rows together, so that the kernel knows the length of the next one.
    /// The order also depends on locus and alleles, so that the order of the families has no effect.
    fn give_numbers(&mut self) {
        let mut order: Vec<AskedSet> = self.known.keys().copied().collect();
        order.sort_unstable_by_key(|&asked| (asked.alleles.count_ones(), asked));
        self.sets.push(0);
        for asked @ AskedSet { first_row, alleles } in order {
            let before = self.rows.len();
            // The first row of a locus is that of untyped children, whom every family tolerates.
            self.rows.push(first_row);
            self.rows.extend(positions(alleles).map(|allele| first_row + 1 + allele as u16));
            self.known.insert(asked, (self.sets.len() * SET) as u16);
            self.sets.push((self.rows.len() - before) as u16);
        }
    }

    fn number_of(&self, asked: &AskedSet) -> u16 {
        self.known.get(asked).copied().unwrap_or(NOBODY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each screen requests two sets that no other requests. 4,096 screens request as many sets as there are numbers, and
    /// the empty set is one more.
    #[test]
    fn no_number_is_given_twice() {
        let screen = |number: u128| {
            let set = |which: u128| Counted { first_row: 1, alleles: 1 + (2 * number + which), misses: 0.0 };
            Screen::of_parts(vec![set(0), set(1)], vec![0])
        };
        let screens: Vec<Screen> = (0..4200).map(screen).collect();
        let parts = Screens::new(&screens.iter().map(Asked::Alone).collect::<Vec<_>>());
        assert_eq!(parts.iter().map(Screens::rows).sum::<usize>(), screens.len());
        assert!(parts.len() > 1);
        for part in &parts {
            let mut numbers = part.misses.clone();
            numbers.retain(|&number| number != NOBODY);
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), 2 * part.rows());
        }
    }
}
