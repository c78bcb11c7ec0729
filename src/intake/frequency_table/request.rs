//! Defines the request for reading a frequency table.

/// The request for reading a frequency table.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableRequest<'a> {
    /// The population to read, if the table has several.
    pub population: Option<&'a str>,
    /// The sheet of a workbook; the first if none is named.
    pub sheet: Option<&'a str>,
    /// Names of loci that are accepted unchanged, although no marker here has them.
    pub keep_loci: &'a [String],
}
