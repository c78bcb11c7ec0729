//! Exchanges records and hits with other agencies.

pub(super) mod content;
pub(super) mod error;
pub(super) mod hits;
pub(super) mod partners;
pub(super) mod received;
pub(super) mod results;
pub(super) mod send;
pub(super) mod take;
