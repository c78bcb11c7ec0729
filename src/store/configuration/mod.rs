//! The settings of a store: read, checked, listed and changed.

pub(super) mod bad_setting;
pub(super) mod change;
pub(super) mod changed;
pub(super) mod config;
pub(super) mod limits;
pub(super) mod list;
pub(super) mod settings;
