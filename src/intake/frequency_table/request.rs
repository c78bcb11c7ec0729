//! What is asked of a frequency table.

/// What is asked of a frequency table.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableRequest<'a> {
    /// Whose frequencies, where the table has several populations.
    pub population: Option<&'a str>,
    /// The sheet of a workbook; the first if none is named.
    pub sheet: Option<&'a str>,
    /// Names of loci that are taken as they are, though no marker here has them.
    pub keep_loci: &'a [String],
}
