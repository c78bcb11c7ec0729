//! Serves pages to real and to hostile clients, over real connections.

mod browser;
pub(crate) mod client;
mod hostile;
mod imports;
mod lists;
mod people;
mod proxy;
mod rotation;
mod work;
