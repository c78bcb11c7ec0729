//! Hides small numbers of a column, and as many others as it takes so that nobody can compute them.

/// Returns which of the numbers of a column are hidden, and whether their total is.
///
/// Every number below `least` is hidden, zeros included; so is the total, and then everything. The total and the shown
/// numbers give the sum of the hidden ones. If this sum says more of one of them than that it is below `least`, one
/// number of at least `2 * least - 1` is hidden, too, chosen by the lowest `order` and not by its size: a reader who knows
/// the rule, but not the order, finds every value from 0 to `least - 1` possible. A column without such a number is hidden
/// as a whole, and only its total shown.
///
/// # Panics
/// If the two slices differ in length.
#[must_use]
pub fn hidden(numbers: &[u64], order: &[u64], least: u64) -> (Vec<bool>, bool) {
    assert_eq!(numbers.len(), order.len());
    let total: u64 = numbers.iter().sum();
    if total < least {
        return (vec![true; numbers.len()], true);
    }
    let mut hidden: Vec<bool> = numbers.iter().map(|number| *number < least).collect();
    let small: Vec<u64> = numbers.iter().copied().filter(|number| *number < least).collect();
    let (count, sum, most) = (small.len() as u64, small.iter().sum::<u64>(), least.saturating_sub(1));
    // Then each of them may be anything from 0 to the greatest hidden number.
    let is_safe = count == 0 || (most <= sum && sum <= (count - 1) * most);
    if !is_safe {
        let large = (0..numbers.len()).filter(|&at| numbers[at] > 2 * most);
        match large.min_by_key(|&at| order[at]) {
            Some(at) => hidden[at] = true,
            None => hidden.fill(true),
        }
    }
    (hidden, false)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::hidden;

    /// What a reader sees: the numbers that are shown, and the total.
    type Page = (Vec<Option<u64>>, Option<u64>);

    fn page(numbers: &[u64], order: &[u64], least: u64) -> Page {
        let (hidden, total) = hidden(numbers, order, least);
        let shown = numbers.iter().zip(hidden).map(|(number, hidden)| (!hidden).then_some(*number)).collect();
        (shown, (!total).then_some(numbers.iter().sum()))
    }

    #[test]
    fn a_reader_who_knows_the_rule_learns_nothing_of_a_small_number() {
        for (least, length, most) in [(2, 2, 7), (2, 3, 7), (3, 2, 12), (3, 3, 11), (3, 4, 8), (4, 3, 12)] {
            // All columns, under all orders that matter: which of the large numbers comes first.
            let columns: Vec<Vec<u64>> = (0..(most + 1u64).pow(length as u32))
                .map(|code| (0..length).map(|at| code / (most + 1).pow(at as u32) % (most + 1)).collect())
                .collect();
            let orders: Vec<Vec<u64>> = (0..length as u64)
                .map(|first| (0..length as u64).map(|at| (at + length as u64 - first) % length as u64).collect())
                .collect();
            let mut possible: BTreeMap<Page, Vec<BTreeSet<u64>>> = BTreeMap::new();
            for numbers in &columns {
                for order in &orders {
                    let of_page =
                        possible.entry(page(numbers, order, least)).or_insert_with(|| vec![BTreeSet::new(); length]);
                    of_page.iter_mut().zip(numbers).for_each(|(values, number)| {
                        values.insert(*number);
                    });
                }
            }
            for numbers in &columns {
                let seen = page(numbers, &orders[0], least);
                let total: u64 = numbers.iter().sum();
                assert_eq!(seen.1.is_none(), total < least);
                for (at, number) in numbers.iter().enumerate() {
                    assert!(*number >= least || seen.0[at].is_none(), "{numbers:?}");
                    if seen.0[at].is_some() || total < least {
                        continue;
                    }
                    let values = &possible[&seen][at];
                    assert!(values.len() > 1, "{numbers:?} gives away {number}, least {least}");
                    if seen.0.iter().any(Option::is_some) && total <= most {
                        assert!((0..least).all(|value| values.contains(&value)), "{numbers:?} {values:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn small_numbers_are_hidden_with_a_larger_one() {
        let order = [3, 1, 2, 0];
        assert_eq!(hidden(&[30, 40, 50, 60], &order, 10), (vec![false; 4], false));
        // 3 alone would be the difference to the total; the second number has the lowest order among the large ones.
        assert_eq!(hidden(&[3, 40, 50, 12], &order, 10), (vec![true, true, false, false], false));
        // 9 and 9 would have the greatest possible sum; 2 and 7 may be anything from 0 to 9.
        assert_eq!(hidden(&[9, 9, 50, 12], &order, 10), (vec![true, true, true, false], false));
        assert_eq!(hidden(&[2, 7, 50, 12], &order, 10), (vec![true, true, false, false], false));
        // No number is large enough to hide 3 behind it.
        assert_eq!(hidden(&[3, 12, 15, 18], &order, 10), (vec![true; 4], false));
        assert_eq!(hidden(&[3, 2, 0, 4], &order, 10), (vec![true; 4], true));
        assert_eq!(hidden(&[3, 0], &[0, 1], 1), (vec![false, true], false).clone());
    }
}
