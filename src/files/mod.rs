//! Opens and creates the files of a store, and restricts them to the accounts that the store is for. Only this module
//! decides which files may be opened.
//!
//! An account that could once write to a store's folder may have left a link there, a pipe, or a second name of another
//! file. This module therefore opens only regular files with one name that belong to the user of this process, to the
//! owner of the folder or to root; in the store of a group, also to a member. It follows no links.

mod group;
mod guard;
mod make;
mod open;

pub use group::{Group, is_for_the_same};
pub use guard::{Found, LOCK, Repaired, check, inspect, keep_private, protect};
pub use make::{create_new, folder, give, make_folder, temporary};
pub use open::{Unfit, may_write, open, open_or_create};
