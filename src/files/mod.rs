//! Opens the files of a store, and keeps them to their owner: the one place that decides what is opened.
//!
//! Whoever could once write into a store's folder may have left a link there, a pipe, or a second name of another file.
//! What is opened here is a regular file of one name, that the user of this process, the owner of its folder or root
//! owns; no link is followed.

mod guard;
mod open;

pub use guard::{Loosened, check, protect};
pub use open::{Unfit, folder, open, open_or_create};
