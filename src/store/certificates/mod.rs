//! Birth certificates: imports registry extracts and claims, and checks claims by registry and by DNA.

pub(super) mod check;
pub(super) mod dna;
pub(super) mod import;
pub(super) mod list;
