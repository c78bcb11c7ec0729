//! The drop-out probability of a sample: how reliably it was typed.

/// The probability, at least 0 and below 1, that a given copy of an allele does not show in a sample's profile.
///
/// Stored as the bits of a non-negative number, so that values can be compared and hashed exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DropOut(u64);

impl DropOut {
    /// Creates a drop-out probability; `None` if the number is not at least 0 and below 1.
    #[must_use]
    pub fn new(probability: f64) -> Option<Self> {
        // Adding 0 makes a negative zero positive.
        (0.0..1.0).contains(&probability).then(|| Self((probability + 0.0).to_bits()))
    }

    /// Returns the probability.
    #[must_use]
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_numbers() {
        let of = |p| DropOut::new(p).unwrap();
        assert!(of(0.0) < of(1e-9) && of(0.1) < of(0.2));
        assert_eq!((of(-0.0), of(0.25).get()), (of(0.0), 0.25));
        assert!([1.0, -0.1, f64::NAN].into_iter().all(|p| DropOut::new(p).is_none()));
    }
}
