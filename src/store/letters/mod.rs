//! Letters with a code that families get when they give samples, by which a call can be told from fraud.

pub(super) mod call;
pub(super) mod check;
pub(super) mod kept;
pub(super) mod list;
pub(super) mod write;
