//! Opens and makes the files of a store, and keeps them to those whom it is for: the one place that decides what is opened.
//!
//! Whoever could once write into a store's folder may have left a link there, a pipe, or a second name of another file.
//! What is opened here is a regular file of one name, that the user of this process, the owner of its folder or root
//! owns; in the store of a group, also one of a member. No link is followed.

mod group;
mod guard;
mod open;

pub use group::{Group, give, is_for_the_same, make_folder, may_write, temporary};
pub use guard::{Found, Repaired, check, keep_private, protect};
pub use open::{Unfit, create_new, folder, open, open_or_create};
