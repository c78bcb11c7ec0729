//! Whether a store is as it was written, and what its owner should do.

pub(super) mod condition;
pub(super) mod doctor;
pub(super) mod machine;
pub(super) mod verify;
