//! Column maps: what a laboratory's own columns and words are called here.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::intake::columns::fields::{FIELDS, field_named, plain_name, shown};
use crate::intake::columns::loci::{self, Named};
use crate::intake::columns::tall_table::{holds_alleles, is_tall_column};
use crate::model::{Genotype, Panel};

/// The most bytes of a map.
const MOST_MAP_BYTES: usize = 1 << 20;
/// The section of values that holds for every column of genotypes.
const LOCI: &str = "loci";

/// Says what the columns of a laboratory's files are called here, what their words mean, and which columns to leave aside.
///
/// ```
/// use reunite::intake::{ColumnMap, Request, read_bytes};
/// use reunite::model::Layout;
/// use reunite::population::FrequencyTable;
/// use reunite::pseudonym::{Pseudonymizer, SecretKey};
///
/// let panel = FrequencyTable::chinese_han_23().panel();
/// let map = ColumnMap::parse(
///     r#"
///     ignore = ["remarks"]
///     [columns]
///     "barcode" = "sample_id"
///     "M/F" = "sex"
///     [values.sex]
///     "boy" = "male"
///     [values.loci]
///     "failed" = ""
///     "#,
///     panel,
/// )?;
/// let pseudonymizer = Pseudonymizer::new(&SecretKey::from_bytes([1; 32]));
/// let request = Request { map: Some(&map), ..Request::new(Layout::Children, panel, &pseudonymizer) };
/// let text = "barcode,M/F,vWA,FGA,remarks\nC1,boy,14/15,failed,urgent\n";
/// let intake = read_bytes("children.csv", text.as_bytes(), &request);
/// assert_eq!((intake.rows.len(), intake.problems.len()), (1, 0));
/// # Ok::<(), reunite::intake::MapError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ColumnMap {
    /// Our names, by theirs as [`plain`] leaves them.
    columns: HashMap<String, String>,
    /// As [`plain`] leaves them.
    ignored: Vec<String>,
    /// Our words by theirs, by the name of the column.
    values: HashMap<String, HashMap<String, String>>,
}

/// Why a map cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// More than a MiB.
    #[error("the map is larger than 1 MiB")]
    TooLarge,
    /// Not UTF-8.
    #[error("the map is not UTF-8 text; save it as UTF-8")]
    NotUtf8,
    /// No TOML, or another table than `ignore`, `columns` and `values`.
    #[error("line {line}, column {column}: {message}")]
    Toml {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What the reader of TOML says.
        message: String,
    },
    /// A column is mapped to a name that is none here.
    #[error("[columns] maps {:?} to {:?}, which is not a column or locus", shown(theirs), shown(ours))]
    Target {
        /// The header in the laboratory's files.
        theirs: String,
        /// What it is mapped to.
        ours: String,
    },
    /// A column is named twice, in other spelling, or mapped and ignored.
    #[error("{:?} is in the map twice; remove one of the two entries", shown(.0))]
    Twice(String),
    /// A genotype is translated into another one.
    #[error(
        "[values.{}] translates a genotype, {:?}: a map can translate signs such as \"failed\", but not alleles; \
         correct the genotype in the file",
        shown(.0),
        shown(.1)
    )]
    Genotype(String, String),
    /// Values of a column that is none here.
    #[error("[values.{:?}] is for an unknown column; write this program's name of the column, or `loci` for all \
             genotypes", shown(.0))]
    Values(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
}

/// A header without case and blanks, all others kept: `样本 编号` is `样本编号`, but `D3-1` stays apart from `D31`.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// A value without case and outer blanks.
fn plain_value(value: &str) -> Cow<'_, str> {
    let value = value.trim();
    if value.chars().any(char::is_uppercase) { Cow::Owned(value.to_lowercase()) } else { Cow::Borrowed(value) }
}

impl ColumnMap {
    /// Reads a map, as TOML: `ignore`, a list of headers to leave aside; `[columns]`, our names by theirs; and
    /// `[values.NAME]` for a column of ours, or `[values.loci]` for all genotypes, our words by theirs. Case and blanks do
    /// not matter.
    ///
    /// # Errors
    /// [`MapError`]: no such TOML, or a column mapped to what is neither a column nor the name of a locus.
    pub fn parse(text: &str, panel: &Panel) -> Result<Self, MapError> {
        if text.len() > MOST_MAP_BYTES {
            return Err(MapError::TooLarge);
        }
        let file: File = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let last = before.rsplit('\n').next().unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            MapError::Toml { line, column: last.chars().count() + 1, message: error.message().to_owned() }
        })?;
        let mut map = Self { columns: HashMap::new(), ignored: Vec::new(), values: HashMap::new() };
        for (theirs, ours) in file.columns {
            if !is_column(&ours, panel) {
                return Err(MapError::Target { theirs, ours });
            }
            if map.columns.insert(plain(&theirs), ours).is_some() {
                return Err(MapError::Twice(theirs));
            }
        }
        for theirs in file.ignore {
            let written = plain(&theirs);
            if map.columns.contains_key(&written) || map.ignored.contains(&written) {
                return Err(MapError::Twice(theirs));
            }
            map.ignored.push(written);
        }
        for (column, words) in file.values {
            if column != LOCI && !is_column(&column, panel) {
                return Err(MapError::Values(column));
            }
            let words_of = map.values.entry(key(&column)).or_default();
            for (theirs, ours) in words {
                if (column == LOCI || is_genotype(&key(&column))) && theirs.trim().parse::<Genotype>().is_ok() {
                    return Err(MapError::Genotype(column, theirs));
                }
                if words_of.insert(plain_value(&theirs).into_owned(), ours).is_some() {
                    return Err(MapError::Twice(theirs));
                }
            }
        }
        Ok(map)
    }

    /// As [`ColumnMap::parse`], of the bytes of a file.
    ///
    /// # Errors
    /// As there, and [`MapError::NotUtf8`].
    pub fn read(bytes: &[u8], panel: &Panel) -> Result<Self, MapError> {
        let text = std::str::from_utf8(bytes).map_err(|_| MapError::NotUtf8)?;
        Self::parse(text.strip_prefix('\u{feff}').unwrap_or(text), panel)
    }

    /// What a header is called here; itself if the map does not have it.
    pub(in crate::intake) fn ours<'n>(&'n self, theirs: &'n str) -> &'n str {
        self.columns.get(&plain(theirs)).map_or(theirs, String::as_str)
    }

    /// Whether the map names a header, be it to leave it aside.
    pub(in crate::intake) fn names(&self, theirs: &str) -> bool {
        self.columns.contains_key(&plain(theirs)) || self.is_ignored(theirs)
    }

    /// Whether a column is to be left aside.
    pub(in crate::intake) fn is_ignored(&self, theirs: &str) -> bool {
        self.ignored.contains(&plain(theirs))
    }

    /// The words of each of these columns, which have our names.
    pub(in crate::intake) fn words<'m>(&'m self, ours: &[&str]) -> Words<'m> {
        let of = |name: &&str| {
            let stated = self.values.get(&key(name));
            let of_loci = || self.values.get(LOCI).filter(|_| is_genotype(name));
            stated.or_else(of_loci)
        };
        Words(if self.values.is_empty() { Vec::new() } else { ours.iter().map(of).collect() })
    }
}

/// What the cells of each column mean, where they are translated.
#[derive(Clone, Default)]
pub(in crate::intake) struct Words<'m>(Vec<Option<&'m HashMap<String, String>>>);

impl Words<'_> {
    /// Puts our words into the cells of a row.
    pub(in crate::intake) fn translate(&self, cells: &mut [Cow<'_, str>]) {
        for (words, cell) in self.0.iter().zip(cells) {
            if let Some(ours) = words.and_then(|words| words.get(plain_value(cell).as_ref())) {
                *cell = Cow::Owned(ours.clone());
            }
        }
    }
}

/// The name under which the words of a column are found.
fn key(ours: &str) -> String {
    match field_named(ours) {
        Some(field) => FIELDS[field as usize].1.to_owned(),
        None => plain_name(ours),
    }
}

/// Whether a name is one that a column can have here.
fn is_column(name: &str, panel: &Panel) -> bool {
    let is_marker = |name: &str| !matches!(loci::marker_named(name, panel, &[]), Named::Unknown { .. });
    field_named(name).is_some()
        || is_tall_column(name)
        || is_marker(name)
        || loci::allele_column(name).is_some_and(|(base, _)| is_marker(base))
}

/// Whether the cells of a column are genotypes or alleles, by its name here.
fn is_genotype(ours: &str) -> bool {
    if is_tall_column(ours) { holds_alleles(ours) } else { field_named(ours).is_none() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::tests::panel;

    fn error(text: &str) -> String {
        ColumnMap::parse(text, &panel()).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn what_a_map_says_of_nothing_here_is_refused() {
        assert_eq!(
            error("[columns]\n\"D3\" = \"D3S135Q\""),
            r#"[columns] maps "D3" to "D3S135Q", which is not a column or locus"#
        );
        assert_eq!(
            error("[columns]\nB = 'sex'\nb = 'kit'"),
            r#""b" is in the map twice; remove one of the two entries"#
        );
        assert_eq!(
            error("ignore = ['B ']\n[columns]\nb = 'sex'"),
            r#""B " is in the map twice; remove one of the two entries"#
        );
        assert_eq!(
            error("[values.colour]\na = 'b'"),
            "[values.\"colour\"] is for an unknown column; write this program's name of the column, or `loci` for all genotypes"
        );
        assert!(error("\n[column]\nA = 'sex'").starts_with("line 2, column 2: unknown field `column`"));
        assert!(error("[columns]\nA = 3").starts_with("line 2, column 5: "));
        assert_eq!(error(&" ".repeat(MOST_MAP_BYTES + 1)), "the map is larger than 1 MiB");
        assert!(matches!(ColumnMap::read(b"\xff", &panel()), Err(MapError::NotUtf8)));
    }

    #[test]
    fn columns_and_words_are_translated() {
        let text = "ignore = ['备注']\n[columns]\n'样本 号' = 'sample_id'\n'D3' = 'D3S1358'\n'a1' = 'Allele 1'\n\
                    [values.sex]\n'Boy' = 'male'\n[values.loci]\n'缺失' = ''\n[values.vWA]\nx = '14'\n";
        let map = ColumnMap::parse(text, &panel()).unwrap();
        assert_eq!(map.ours("样本号"), "sample_id");
        assert_eq!(map.ours("d3"), "D3S1358");
        assert_eq!(map.ours("sex"), "sex");
        assert!(map.is_ignored("备注 ") && map.names("备注") && !map.names("sex"));
        // What the tables' own reader calls columns of alleles is a name here, too.
        for name in ["等位基因2", "Allele_3", "基因座"] {
            assert!(ColumnMap::parse(&format!("[columns]\nx = '{name}'"), &panel()).is_ok(), "{name}");
        }
        assert!(ColumnMap::parse("[columns]\nx = 'Allele 0'", &panel()).is_err());
        let words = map.words(&["sample_id", "sex", "D3S1358", "vWA", "Allele 1", "Marker"]);
        let mut cells = ["缺失", "BOY", "缺失", "x", "缺失", "缺失"].map(Cow::Borrowed);
        words.translate(&mut cells);
        assert_eq!(cells, ["缺失", "male", "", "14", "", "缺失"]);
    }
}
