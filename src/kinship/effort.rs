//! Limits the work of one likelihood computation.
//!
//! Sums over the ways of descent grow as 2 to the power of the number of choices, and with theta also with the number
//! of ways to put draws into groups. A few more relatives can turn seconds into hours. The limit counts work instead of
//! time, so that every machine rejects the same families.
//!
//! The sums are recursions whose results cannot pass errors up, so each thread has its own counter. If the units are
//! used up, the recursions end early, and the code that started the count discards their result.

use std::cell::Cell;

use super::KinshipError;

/// Limit for the table of a family at a locus. One unit is about one multiplication; the limit takes some tenths of a
/// second.
pub(super) const TABLE: u64 = 1 << 28;

/// Limit for the likelihood ratio of one child. It is higher than [`TABLE`], so that a family whose table can be
/// computed is not rejected: the drop-out probability of the child's sample or an unlisted allele adds work.
pub(super) const RATIO: u64 = 1 << 29;

thread_local! {
    /// Units left; `None` if no count is active.
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Runs `work` with a limit of `units`. Within an active count, that count continues instead.
///
/// # Errors
/// Returns the errors of `work`; [`KinshipError::TooLarge`] if the units are not sufficient.
pub(super) fn within<T>(units: u64, work: impl FnOnce() -> Result<T, KinshipError>) -> Result<T, KinshipError> {
    /// Ends the count, even if the work panics.
    struct Count;
    impl Drop for Count {
        fn drop(&mut self) {
            LEFT.set(None);
        }
    }
    if LEFT.get().is_some() {
        return work();
    }
    LEFT.set(Some(units));
    let _count = Count;
    let done = work();
    if LEFT.get() == Some(0) { Err(KinshipError::TooLarge) } else { done }
}

/// Uses up units; returns `false` if the work must stop.
pub(super) fn spend(units: usize) -> bool {
    let Some(left) = LEFT.get() else { return true };
    let left = left.saturating_sub(units as u64);
    LEFT.set(Some(left));
    left > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_with_its_units() {
        let spent = |units: usize| within(100, || Ok::<_, KinshipError>(spend(units)));
        assert_eq!((spent(99), spent(100)), (Ok(true), Err(KinshipError::TooLarge)));
        // An inner count uses the outer one and has no limit of its own.
        let nested = within(100, || {
            let inner = within(1_000, || Ok::<_, KinshipError>(spend(200)));
            assert_eq!(inner, Ok(false));
            Ok(())
        });
        assert_eq!(nested, Err(KinshipError::TooLarge));
        // Without an active count there is no limit.
        assert!(spend(usize::MAX));
    }
}
