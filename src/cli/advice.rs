//! stub
pub(super) fn fix_of(_: &anyhow::Error) -> Option<String> { None }
pub(super) fn about_disk(_: &anyhow::Error, _: &std::path::Path) -> Option<String> { None }
