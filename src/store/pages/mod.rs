//! What the pages to hand over need of the store.

pub(super) mod candidate;
pub(super) mod family;
pub(super) mod night;
pub(super) mod numbers;
pub(super) mod people;
