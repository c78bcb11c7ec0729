//! Defines the formats of files.

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Tidy CSV: one row per person, and one or two columns per locus.
    Csv,
    /// A table of GeneMapper or a similar program: one row per sample and locus.
    GeneMapper,
    /// CODIS Common Message Format 3.2 or 3.3: XML.
    Cmf,
    /// CODIS Common Message Format 1.0: one value per line.
    Dat,
    /// A project of the program Familias.
    Fam,
}
