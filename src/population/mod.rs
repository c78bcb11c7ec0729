//! Population data and models: allele frequencies, the frequency of unlisted alleles, mutation, theta and drop-out.

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
