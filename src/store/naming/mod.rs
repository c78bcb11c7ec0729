//! From what a user types to a pseudonym.

pub(super) mod first_digits;
pub(super) mod identifiers;
pub(super) mod not_digits;
