//! What is done for each page: one operation of the store, and the values of the page.

mod asked;
pub(super) mod candidate;
pub(super) mod candidates;
pub(super) mod compare;
pub(super) mod counts;
pub(super) mod entrance;
pub(super) mod frame;
pub(super) mod import;
pub(super) mod power;
pub(super) mod reports;
pub(super) mod running;
pub(super) mod sessions;
pub(super) mod waiting;
