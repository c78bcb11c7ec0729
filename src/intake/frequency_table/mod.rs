//! Reads tables of allele frequencies as laboratories and journals publish them.
//!
//! | file | what it knows |
//! |---|---|
//! | `read` | the whole way, from bytes to a table |
//! | `form` | which form a table has, and what its columns mean |
//! | `headers` | which columns several headers name together |
//! | `headed` | the cells of those columns, locus by locus |
//! | `lists` | files for Merlin and Mendel, and lines such as `vWA 14=0.12 15=0.09` |
//! | `strider` | STRidER's XML |
//! | `gather` | the cells of each form, locus by locus |
//! | `settle` | fractions, percentages or counts; sums; what makes a table of it |
//! | `labels` | the words that rows and columns go by |
//! | `loci` | names of loci: aliases, well-formed names, others |
//! | `numbers` | frequencies, counts and alleles with a decimal point or comma |
//! | `workbook` | which sheet of a workbook is read |
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
