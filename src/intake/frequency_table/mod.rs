//! Reads tables of allele frequencies as laboratories and journals publish them.
//!
//! | module | contents |
//! |---|---|
//! | `read` | the complete process, from bytes to a table |
//! | `form` | the form of a table, and the meaning of its columns |
//! | `headers` | columns that several headers name together |
//! | `headed` | the cells of those columns, locus by locus |
//! | `lists` | files for Merlin and Mendel, and lines such as `vWA 14=0.12 15=0.09` |
//! | `strider` | STRidER's XML |
//! | `gather` | the cells of each form, locus by locus |
//! | `settle` | fractions, percentages or counts; sums; the finished table |
//! | `labels` | the words that name rows and columns |
//! | `loci` | names of loci: aliases, well-formed names, others |
//! | `numbers` | frequencies, counts and alleles with a decimal point or comma |
//! | `workbook` | the choice of a workbook's sheet |
//! | `grid` | encodings, delimiters, rows and cells |

mod form;
mod gather;
mod grid;
mod headed;
mod headers;
mod labels;
mod lists;
mod loci;
mod numbers;
mod read;
mod request;
mod settle;
mod strider;
#[cfg(test)]
mod tests;
#[cfg(feature = "xlsx")]
mod workbook;

pub use form::TableForm;
pub use read::{PublishedTable, read_frequency_table};
pub use request::TableRequest;
