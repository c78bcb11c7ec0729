//! Reunite: kinship search for missing children.

pub mod intake;
pub mod ledger;
pub mod model;
pub mod population;
pub mod pseudonym;
