//! What is known of a population: allele frequencies, the floor for unlisted alleles, mutation.

mod frequencies;
mod frequency_file;
mod locus_model;
mod model;
mod mutation;

pub use frequencies::{Floor, FrequencyTable, FrequencyTableError, LocusFrequencies, LocusFrequenciesError};
pub use frequency_file::{FrequencyError, FrequencyErrors};
pub use locus_model::LocusModel;
pub use model::{Convention, DropOuts, Model, ModelError};
pub use mutation::{Matrix, Mutation, MutationError, MutationRates};
