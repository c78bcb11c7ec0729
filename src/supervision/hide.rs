//! Hides small numbers of a column, and as many others as it takes so that nobody can compute them.

/// Returns which of the numbers of a column are hidden, and whether their total is.
///
/// Every number below `least` is hidden, zeros included. So is a total below it, and then everything. Otherwise the total
/// and the shown numbers give the sum of the hidden ones. Therefore larger numbers are hidden with the small ones, by
/// rising `order` and not by their size: at least one, and as many as it takes until the sum is above three times
/// `least - 1`, or all are hidden. Then a reader who knows this rule, but not the order, finds every value from 0 to
/// `least - 1` possible for each small number: this one could have that value, one hidden number the rest of the sum, and
/// the others could be 0.
///
/// # Panics
/// If the two slices differ in length.
#[must_use]
pub fn hidden(numbers: &[u64], order: &[u64], least: u64) -> (Vec<bool>, bool) {
    assert_eq!(numbers.len(), order.len());
    if numbers.iter().sum::<u64>() < least {
        return (vec![true; numbers.len()], true);
    }
    let mut hidden: Vec<bool> = numbers.iter().map(|number| *number < least).collect();
    if hidden.contains(&true) {
        let mut sum: u64 = numbers.iter().filter(|number| **number < least).sum();
        let mut larger: Vec<usize> = (0..numbers.len()).filter(|&at| !hidden[at]).collect();
        larger.sort_by_key(|&at| order[at]);
        for (hidden_before, at) in larger.into_iter().enumerate() {
            if hidden_before > 0 && sum > 3 * (least - 1) {
                break;
            }
            hidden[at] = true;
            sum += numbers[at];
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

    fn orders(length: u64) -> Vec<Vec<u64>> {
        let mut all = vec![vec![]];
        for _ in 0..length {
            let longer = |order: Vec<u64>| {
                (0..length)
                    .filter(|one| !order.contains(one))
                    .map(|one| [&order[..], &[one]].concat())
                    .collect::<Vec<_>>()
            };
            all = all.into_iter().flat_map(longer).collect();
        }
        all
    }

    #[test]
    fn a_reader_who_knows_the_rule_learns_nothing_of_a_small_number() {
        for (least, length, most) in
            [(1, 3, 6), (2, 2, 9), (2, 3, 9), (2, 4, 7), (3, 2, 16), (3, 3, 14), (3, 4, 10), (4, 3, 17)]
        {
            // All columns up to a total, under all orders.
            let mut columns: Vec<Vec<u64>> = vec![vec![]];
            for _ in 0..length {
                let longer = |column: Vec<u64>| {
                    let left = most - column.iter().sum::<u64>();
                    (0..=left).map(|one| [&column[..], &[one]].concat()).collect::<Vec<_>>()
                };
                columns = columns.into_iter().flat_map(longer).collect();
            }
            let mut possible: BTreeMap<Page, Vec<BTreeSet<u64>>> = BTreeMap::new();
            for numbers in &columns {
                for order in &orders(length) {
                    let of_page = possible
                        .entry(page(numbers, order, least))
                        .or_insert_with(|| vec![BTreeSet::new(); numbers.len()]);
                    of_page.iter_mut().zip(numbers).for_each(|(values, number)| {
                        values.insert(*number);
                    });
                }
            }
            for numbers in &columns {
                for order in &orders(length) {
                    let seen = page(numbers, order, least);
                    let total: u64 = numbers.iter().sum();
                    assert_eq!(seen.1.is_none(), total < least);
                    for (at, number) in numbers.iter().enumerate().filter(|one| *one.1 < least) {
                        let values = &possible[&seen][at];
                        let is_anything = (0..least).all(|value| values.contains(&value));
                        assert!(seen.0[at].is_none() && is_anything, "{least}: {numbers:?} {number} {values:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn small_numbers_are_hidden_with_larger_ones() {
        let order = [3, 1, 2, 0];
        assert_eq!(hidden(&[30, 40, 50, 60], &order, 10), (vec![false; 4], false));
        // 3 alone would be the difference to the total. With 12 the sum is 15, so 40 is hidden, too.
        assert_eq!(hidden(&[3, 40, 50, 12], &order, 10), (vec![true, true, false, true], false));
        assert_eq!(hidden(&[3, 12, 15, 60], &order, 10), (vec![true, false, false, true], false));
        // Four numbers of 9 with the sum 36 would give themselves away.
        assert_eq!(
            hidden(&[9, 9, 9, 9, 50, 60], &[0, 1, 2, 3, 5, 4], 10),
            (vec![true, true, true, true, false, true], false)
        );
        assert_eq!(hidden(&[3, 2, 0, 4], &order, 10), (vec![true; 4], true));
        assert_eq!(hidden(&[3, 0], &[0, 1], 0), (vec![false, false], false));
    }
}
