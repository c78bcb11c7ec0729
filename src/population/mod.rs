//! What is known of a population: allele frequencies, the floor for unlisted alleles, mutation.

mod frequencies;
mod locus_model;
mod model;
mod mutation;
mod table_text;

pub use frequencies::{Floor, FrequencyTable, FrequencyTableError, LocusFrequencies, LocusFrequenciesError};
pub use locus_model::LocusModel;
pub use model::{Convention, DropOuts, Model, ModelError};
pub use mutation::{Matrix, Mutation, MutationError, MutationRates};
pub use table_text::TableTextError;
