//! What goes out of a store as files.

pub(super) mod check;
pub(super) mod error;
pub(super) mod export;
pub(super) mod familias;
pub(super) mod write;
