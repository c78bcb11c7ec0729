//! Lists the children whose bits are set.

use super::instructions::Instructions;
use crate::index::{BLOCK, Row};

/// Numbers of the children who passed the screens of some families, in several blocks.
#[derive(Debug, Default)]
pub struct Passed {
    /// The children of all families, one family after the other. Behind the last there is room for those of one more.
    children: Vec<u32>,
    /// Per family, the end of its children.
    ends: Vec<usize>,
}

impl Passed {
    /// Lists, family by family, the children whose bits are set in a block's row of the family and in its row of
    /// regular children. `rows` are the families' rows in the first block, then those in the next; `regular` has a row
    /// per block, and `first` is the number of the first child.
    ///
    /// # Panics
    /// If the rows are not as many in each block, or if the number of a child does not fit into 32 bits.
    pub fn list(&mut self, instructions: Instructions, rows: &[Row], regular: &[Row], first: usize) {
        assert!(rows.len().is_multiple_of(regular.len()), "as many rows in each block");
        assert!(u32::try_from(first + regular.len() * BLOCK).is_ok(), "numbers of 32 bits");
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512Vbmi | Instructions::Avx512 | Instructions::Avx2
                if is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("popcnt") =>
            {
                #[expect(unsafe_code, reason = "dispatch to a kernel compiled for more than the baseline")]
                // SAFETY: the machine has just been found to have BMI1 and POPCNT, all that the function asks for.
                unsafe {
                    list_bmi(self, rows, regular, first as u32);
                }
            }
            _ => list(self, rows, regular, first as u32),
        }
    }

    /// Returns the children of each family, in rising order.
    pub fn families(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.children[std::mem::replace(&mut start, end)..end])
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi1,popcnt")]
fn list_bmi(passed: &mut Passed, rows: &[Row], regular: &[Row], first: u32) {
    list(passed, rows, regular, first);
}

#[inline(always)]
fn list(passed: &mut Passed, rows: &[Row], regular: &[Row], first: u32) {
    let families = rows.len() / regular.len();
    passed.ends.clear();
    let mut end = 0;
    for family in 0..families {
        let room = end + regular.len() * BLOCK + EACH;
        if passed.children.len() < room {
            passed.children.resize(2 * room, 0);
        }
        let children = &mut passed.children[end..room];
        let mut count = 0;
        for (block, regular) in regular.iter().enumerate() {
            let row: &Row = &rows[block * families + family];
            let both = |word: usize| row[word] & regular[word];
            if (0..row.len()).fold(0, |any, word| any | both(word)) == 0 {
                continue;
            }
            for word in 0..row.len() {
                let mut bits = both(word);
                let first = first.wrapping_add((block * BLOCK + word * 64) as u32);
                let next = count + bits.count_ones() as usize;
                // Most words have at most two bits, so the processor predicts the end of this loop well. What is
                // written for a bit that is not set is overwritten.
                loop {
                    for child in &mut children[count..count + EACH] {
                        *child = first.wrapping_add(bits.trailing_zeros());
                        bits &= bits.wrapping_sub(1);
                    }
                    count += EACH;
                    if bits == 0 {
                        break;
                    }
                }
                count = next;
            }
        }
        end += count;
        passed.ends.push(end);
    }
}

/// Number of bits that are listed without a look at whether they are set.
const EACH: usize = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_bit_that_is_set_in_both_rows_is_listed(
            words in prop::collection::vec(prop_oneof![Just(0), Just(!0), any::<u64>(), 0..4_u64], 2 * 4 * 8),
            regular in prop::collection::vec(prop_oneof![Just(!0), any::<u64>()], 2 * 8),
        ) {
            let rows = |words: &[u64]| -> Vec<Row> { words.as_chunks().0.to_vec() };
            let (rows, regular) = (rows(&words), rows(&regular));
            for instructions in Instructions::available() {
                let mut passed = Passed::default();
                for _ in 0..2 {
                    passed.list(instructions, &rows, &regular, 1024);
                }
                let listed: Vec<&[u32]> = passed.families().collect();
                prop_assert_eq!(listed.len(), 4);
                for (family, children) in listed.into_iter().enumerate() {
                    let is_set = |&child: &usize| {
                        let (block, word, bit) = (child / BLOCK, child % BLOCK / 64, child % 64);
                        (rows[block * 4 + family][word] & regular[block][word]) >> bit & 1 == 1
                    };
                    let expected: Vec<u32> = (0..2 * BLOCK).filter(is_set).map(|child| 1024 + child as u32).collect();
                    prop_assert_eq!(children, &expected[..]);
                }
            }
        }
    }
}
