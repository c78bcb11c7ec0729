//! Interprets the columns of a file: fields, loci, kits, and the whole header.

pub(super) mod column_map;
pub(super) mod controls;
pub(super) mod expected;
pub(super) mod fields;
pub(super) mod fixed;
pub(super) mod header;
pub(super) mod kits;
pub(super) mod loci;
pub(super) mod number_kind;
pub(super) mod pairing;
pub(super) mod tall_table;
