//! Opens and makes the files of a store, and keeps them to those whom it is for: the one place that decides what is opened.
//!
//! Whoever could once write into a store's folder may have left a link there, a pipe, or a second name of another file.
//! What is opened here is a regular file of one name, that the user of this process, the owner of its folder or root
//! owns; in the store of a group, also one of a member. No link is followed.

mod group;
mod guard;
mod make;
mod open;

pub use group::{Group, is_for_the_same};
pub use guard::{Found, Repaired, check, keep_private, protect};
pub use make::{create_new, folder, give, make_folder, temporary};
pub use open::{Unfit, may_write, open, open_or_create};
