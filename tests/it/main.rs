//! The integration tests, in one binary: the behaviour of the program from the outside, and laws of the library.
//!
//! `cargo test --test it delta::` runs the tests of one file. All tests share a process, so a test that needs another
//! environment, folder, umask or limit starts the program with it instead of changing its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod accounts;
mod at_home;
mod at_once;
mod audit;
mod backup;
mod bad_input;
mod bounded_work;
mod certificates;
mod close_kin;
mod cluster;
mod column_maps;
mod common;
mod config;
mod confirm;
mod consistency;
mod corpus;
mod crash;
mod damage;
mod damage_everywhere;
mod delta;
mod diagnostics;
mod doctor;
mod drop_out;
mod encrypt;
mod every_bit;
mod exchange;
mod explain;
mod export;
mod expunge;
mod expunged_come_back;
mod facts;
mod familias;
mod faults;
mod frequencies;
mod full_disk;
mod fuzzing;
mod guide;
mod hostile_files;
mod house;
mod identities;
mod import_folders;
mod index_dir;
mod keeping;
mod kin;
mod kinship_laws;
mod kinship_oracle;
mod kits;
mod left_behind;
mod letter;
mod linkage_oracle;
mod long_work;
mod lr;
mod lr_distribution;
mod meaning;
mod parent;
#[cfg(feature = "parquet")]
mod parquet;
mod pedigrees;
mod planning;
mod power;
mod privacy;
mod readers_never_panic;
mod reference;
mod report;
mod review;
mod rotate;
mod rotate_killed;
mod screen_is_lossless;
#[cfg(feature = "serve")]
mod serve;
mod soak;
mod sources;
mod stats;
mod terminal;
mod thresholds;
mod typings;
mod validate;
mod vault;
mod views;
mod words;
mod workflow;
