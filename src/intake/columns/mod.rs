//! What the columns of a file mean: fields, loci, kits, and the header as a whole.

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
