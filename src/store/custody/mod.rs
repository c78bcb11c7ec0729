//! Who may know whom: the vault, new keys, withdrawn consent.

pub(super) mod expunge;
pub(super) mod reidentify;
pub(super) mod rotate;
pub(super) mod sealing;
pub(super) mod traces;
pub(super) mod vault;
