//! Reunite: kinship search for missing children.

pub mod intake;
pub mod model;
pub mod population;
pub mod pseudonym;
