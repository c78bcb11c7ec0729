//! A bound on the work of one likelihood.
//!
//! Sums over the ways of descent grow with 2 to the power of the choices, and with theta by the ways to lay draws into
//! groups, so that a few relatives more can make hours of seconds. What is counted is the work, and not the time, so that the
//! same family is refused on every machine.
//!
//! The sums are recursions without results to hand errors up by, so the count is kept per thread. Where it is used up they
//! end early, and whoever began the count throws away what they give.

use std::cell::Cell;

use super::KinshipError;

/// What compiling a family at a locus may take; a unit is about a multiplication, and this some tenths of a second.
pub(super) const TABLE: u64 = 1 << 28;

/// What one child's likelihood ratio may take: more than its share of a table that could be compiled, as its sample's
/// drop-out or an unlisted allele adds to it.
pub(super) const RATIO: u64 = 1 << 29;

thread_local! {
    /// Units that are left, where they are counted.
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Does work with so many units; what is counted already goes on being counted.
///
/// # Errors
/// The work's; [`KinshipError::TooLarge`] if they did not suffice.
pub(super) fn within<T>(units: u64, work: impl FnOnce() -> Result<T, KinshipError>) -> Result<T, KinshipError> {
    /// Ends the count, also if the work panics.
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

/// Takes units. Whether to go on.
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
        // Counted once: within another count there is none of its own.
        let nested = within(100, || {
            let inner = within(1_000, || Ok::<_, KinshipError>(spend(200)));
            assert_eq!(inner, Ok(false));
            Ok(())
        });
        assert_eq!(nested, Err(KinshipError::TooLarge));
        // Not counted at all.
        assert!(spend(usize::MAX));
    }
}
