//! What goes into a store: files, their columns, frequencies.

pub(super) mod column_maps;
pub(super) mod frequencies;
pub(super) mod import;
pub(super) mod lists;
pub(super) mod sources;
pub(super) mod tables;
