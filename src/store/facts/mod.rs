//! What people state about found and missing children: shows it, compares it, and weighs it on request.

pub(super) mod look;
pub(super) mod pair;
