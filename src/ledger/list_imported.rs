//! Counts what an import of a list changed.

/// The result of an import of a list without genotypes, such as certificates or claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListImported {
    /// Number of new rows.
    pub added: u64,
    /// Number of rows that the ledger had.
    pub unchanged: u64,
    /// Number of rows whose version replaced that of the ledger.
    pub replaced: u64,
    /// Number of rows for which the ledger's version was kept.
    pub kept: u64,
    /// Lines of rows that the ledger has with other details. If there are any, nothing was imported.
    pub conflicts: Vec<u64>,
    /// Number of parents that were left out, because their samples were expunged.
    pub expunged: u64,
    /// Number of candidates that were deleted, because a sample is compared otherwise from now on.
    pub candidates_deleted: u64,
}
