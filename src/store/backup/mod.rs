//! Sealed copies of a store, and the way back.

pub(super) mod container;
pub(super) mod nameless;
pub(super) mod parts;
pub(super) mod restore;
pub(super) mod write;
