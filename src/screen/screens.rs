//! Arranges the screens of several families, so that each set of alleles is computed once per block, even if several
//! families request it.

use std::collections::HashMap;

use super::locus::{AlleleSet, Carries, positions};
use super::plan::{Counted, Screen};
use crate::index::BLOCK;

/// Number of loci per group of the kernel; a family's last group is filled up with loci that nobody misses.
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
    pub(super) families: Vec<Family<'s>>,
    /// The results in a block, by number of set; the system does not allocate memory that is never used.
    pub(super) found: Vec<u64>,
    /// The sets to compute in a block. The first is empty.
    pub(super) sets: Vec<Set>,
    /// The rows of all sets, one after the other.
    pub(super) rows: Vec<u16>,
    /// Per family and locus, the set of children who miss it; two sets in families with `pairs`, where a child misses
    /// the locus if it is in either.
    pub(super) misses: Vec<u16>,
    /// Number of untyped loci of the children for whom the counters' starts are set.
    untyped: Option<usize>,
}

/// A family of [`Screens`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Family<'s> {
    screen: &'s Screen,
    /// Its number of entries in `misses`.
    pub(super) misses: usize,
    /// Set if it has two entries per locus.
    pub(super) pairs: bool,
    /// First value of the counter, which overflows with one miss too many; `None` if nobody passes.
    pub(super) start: Option<u8>,
}

/// A set of children to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Set {
    /// Number of its rows.
    pub(super) rows: u16,
    /// Set if the set has the children in none of the rows.
    pub(super) without: bool,
}

/// Number of the empty set.
const NOBODY: u16 = 0;

impl<'s> Screens<'s> {
    /// Arranges screens over the rows of the same index: in one part, or in several if they request more sets than have
    /// numbers.
    #[must_use]
    pub fn new(screens: &[&'s Screen]) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = screens;
        while !rest.is_empty() {
            let mut sets = Sets::default();
            let asked = rest.iter().take_while(|screen| sets.try_add(screen)).count();
            parts.push(Self::arrange(&rest[..asked], sets));
            rest = &rest[asked..];
        }
        parts
    }

    fn arrange(screens: &[&'s Screen], mut sets: Sets) -> Self {
        sets.give_numbers();
        let (mut misses, mut families) = (Vec::new(), Vec::with_capacity(screens.len()));
        for &screen in screens {
            let before = misses.len();
            let pairs = screen.loci.iter().any(|locus| locus.tolerated.second != locus.tolerated.first);
            for locus in &screen.loci {
                let [first, second] = misses_of(locus).map(|asked| sets.number_of(&asked));
                misses.push(first);
                misses.extend(pairs.then_some(second));
            }
            let loci = screen.loci.len().next_multiple_of(GROUP);
            misses.resize(before + loci * if pairs { 2 } else { 1 }, NOBODY);
            families.push(Family { screen, misses: misses.len() - before, pairs, start: None });
        }
        let found = vec![0; WORDS];
        Self { families, found, sets: sets.sets, rows: sets.rows, misses, untyped: None }
    }

    /// Returns the number of families.
    #[must_use]
    pub fn len(&self) -> usize {
        self.families.len()
    }

    /// Reports whether there are no families.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.families.is_empty()
    }

    /// Sets the counters' starts for children with this number of untyped loci.
    pub(super) fn turn_to(&mut self, untyped: usize) {
        if self.untyped.replace(untyped) != Some(untyped) {
            for family in &mut self.families {
                family.start = family.screen.misses_allowed(untyped).map(|most| (Screen::MOST_MISSES - most) as u8);
            }
        }
    }
}

/// A set that a screen requests.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Asked {
    /// The first row of its locus.
    first_row: u16,
    alleles: AlleleSet,
    /// Set if the set has the children with none of the alleles.
    without: bool,
}

/// Reports whether a set is empty because it has no alleles.
fn is_empty(asked: &Asked) -> bool {
    asked.alleles == 0 && !asked.without
}

/// Returns two sets; the children in either of them miss the locus.
fn misses_of(locus: &Counted) -> [Asked; 2] {
    let Carries { first, second } = locus.tolerated;
    let first_row = locus.first_row;
    let second = if second == first {
        Asked { first_row, alleles: 0, without: false }
    } else {
        Asked { first_row, alleles: second, without: true }
    };
    [Asked { first_row, alleles: first, without: true }, second]
}

/// The sets requested so far.
#[derive(Default)]
struct Sets {
    known: HashMap<Asked, u16>,
    sets: Vec<Set>,
    rows: Vec<u16>,
}

impl Sets {
    /// Adds all sets that a screen requests, or none if there may not be enough numbers for them.
    fn try_add(&mut self, screen: &Screen) -> bool {
        if self.known.len() + 2 * screen.loci.len() + 1 > NUMBERS {
            return false;
        }
        let asked = screen.loci.iter().flat_map(misses_of);
        asked.filter(|asked| !is_empty(asked)).for_each(|asked| _ = self.known.insert(asked, NOBODY));
        true
    }

    /// Numbers the sets, those with equally many rows together, so that the kernel knows the length of the next one.
    /// The order also depends on locus and alleles, so that the order of the families has no effect.
    fn give_numbers(&mut self) {
        let mut order: Vec<Asked> = self.known.keys().copied().collect();
        order.sort_unstable_by_key(|&asked| (asked.without, asked.alleles.count_ones(), asked));
        self.sets.push(Set { rows: 0, without: false });
        for asked @ Asked { first_row, alleles, without } in order {
            let before = self.rows.len();
            // The first row of a locus is that of untyped children, whom every family tolerates.
            self.rows.extend(without.then_some(first_row));
            self.rows.extend(positions(alleles).map(|allele| first_row + 1 + allele as u16));
            self.known.insert(asked, (self.sets.len() * SET) as u16);
            self.sets.push(Set { rows: (self.rows.len() - before) as u16, without });
        }
    }

    fn number_of(&self, asked: &Asked) -> u16 {
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
            let set = |which: u128| 1 + (2 * number + which);
            let locus = Counted { first_row: 1, tolerated: Carries { first: set(0), second: set(1) } };
            Screen::of_parts(vec![locus], vec![0])
        };
        let screens: Vec<Screen> = (0..4200).map(screen).collect();
        let parts = Screens::new(&screens.iter().collect::<Vec<_>>());
        assert_eq!(parts.iter().map(Screens::len).sum::<usize>(), screens.len());
        assert!(parts.len() > 1);
        for part in &parts {
            let mut numbers = part.misses.clone();
            numbers.retain(|&number| number != NOBODY);
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), 2 * part.len());
        }
    }
}
