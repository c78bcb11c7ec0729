//! Reunite: kinship search for missing children.

pub mod index;
pub mod kinship;
pub mod matching;
pub mod model;
pub mod population;
pub mod screen;
