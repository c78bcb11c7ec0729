//! Reunite: kinship search for missing children.
//!
//! Forensic laboratories type the relatives of missing children and children of unknown origin at some twenty STR
//! loci. Reunite says who may belong together: for every family and every child it gives the likelihood ratio of "this
//! is the family's missing child" against "this child is unrelated", exactly, and loses no pair that reaches the
//! threshold.
//!
//! Data flows one way, through rooms that import only what stands before them:
//!
//! files -> `intake` -> `ledger` -> `index` -> `screen` -> score -> rank (`matching`) -> `ledger` -> `report`
//!
//! | room | owns | may import |
//! |---|---|---|
//! | `model` | locus, allele, genotype, profile, panel, pedigree, relation, kinds of findings; no I/O | nothing |
//! | `population` | allele frequencies, the floor for unlisted alleles, mutation models | model |
//! | `kinship` | exact likelihoods; pure: no I/O, threads, clock | model, population |
//! | `consistency` | relatives of one family held against each other; pure | model, population, kinship |
//! | `pseudonym` | the secret key and keyed hashes; with intake, the only place that sees an original identifier | model |
//! | `intake` | one file per input format, diagnostics per row | model, pseudonym |
//! | `audit` | who did what and why: records in a hash chain, signed checkpoints | model, pseudonym (key files only) |
//! | `ledger` | SQLite, the one source of truth; the only user of rusqlite | model, audit |
//! | `index` | the children index in one piece of memory, always rebuildable; the only user of memmap2 | model |
//! | `screen` | bit-sliced kernel, and the plan that makes it lossless | model, index, kinship (tables only) |
//! | `matching` | compile, screen, score, rank, digest; rayon lives here, and in what large files pass through | model, population, kinship, index, screen |
//! | `planning` | what a family can show, and whom to sample next | model, population, kinship |
//! | `quality` | what is unusual in the profiles of a file: range, homozygosity, frequencies; pure | model, population |
//! | `report` | tables, CSV, JSON, files for other programs | model, population, consistency, intake (findings), kinship (result types), matching, planning |
//! | `synthesis` | synthetic populations with known truth | model, population |
//! | `cli` | one file per command; the only place that prints | all |
//!
//! `tests/house.rs` holds the code to this table.

pub mod audit;
pub mod cli;
pub mod consistency;
pub mod index;
pub mod intake;
pub mod kinship;
pub mod ledger;
pub mod matching;
pub mod model;
pub mod planning;
pub mod population;
pub mod pseudonym;
pub mod quality;
pub mod report;
pub mod screen;
pub mod synthesis;
