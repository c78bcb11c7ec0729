//! The formats of files, and how one is told from the others.

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Tidy CSV: a row per person, a column per locus, or two.
    Csv,
    /// A table as GeneMapper and its like write it: a row per sample and locus.
    GeneMapper,
    /// CODIS Common Message Format 3.2 or 3.3: XML.
    Cmf,
    /// CODIS Common Message Format 1.0: one value per line.
    Dat,
    /// A project of the program Familias.
    Fam,
}
