//! Birth certificates: checks claims by registry and by DNA.

pub(super) mod check;
pub(super) mod dna;
