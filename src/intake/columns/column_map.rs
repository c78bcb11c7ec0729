//! Reads column maps, which translate a laboratory's own columns and words into those of this program.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::intake::columns::fields::{FIELDS, field_named, plain_name, shown};
use crate::intake::columns::loci::{self, Named};
use crate::intake::columns::tall_table::{holds_alleles, is_tall_column};
use crate::model::{Genotype, Panel};

/// The maximum size of a map in bytes.
const MOST_MAP_BYTES: usize = 1 << 20;
/// The section of values that applies to every column of genotypes.
const LOCI: &str = "loci";

/// Translates the columns and words of a laboratory's files, and names the columns to ignore.
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
    /// This program's names, by the laboratory's names in the form of [`plain`].
    columns: HashMap<String, String>,
    /// The names of ignored columns, in the form of [`plain`].
    ignored: Vec<String>,
    /// This program's words, by the laboratory's words and the name of the column.
    values: HashMap<String, HashMap<String, String>>,
}

/// The reason why a map cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// The map is larger than 1 MiB.
    #[error("the map is larger than 1 MiB")]
    TooLarge,
    /// The map is not UTF-8.
    #[error("the map is not UTF-8 text; save it as UTF-8")]
    NotUtf8,
    /// The map is not TOML, or has another table than `ignore`, `columns` and `values`.
    #[error("line {line}, column {column}: {message}")]
    Toml {
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// The message of the TOML reader.
        message: String,
    },
    /// A column is mapped to an unknown name.
    #[error("[columns] maps {:?} to {:?}, which is not a column or locus", shown(theirs), shown(ours))]
    Target {
        /// The header in the laboratory's files.
        theirs: String,
        /// The name to which it is mapped.
        ours: String,
    },
    /// A column is named twice, possibly in different spellings, or both mapped and ignored.
    #[error("{:?} is in the map twice; remove one of the two entries", shown(.0))]
    Twice(String),
    /// The map translates a genotype into another one.
    #[error(
        "[values.{}] translates a genotype, {:?}: a map can translate signs such as \"failed\", but not alleles; \
         correct the genotype in the file",
        shown(.0),
        shown(.1)
    )]
    Genotype(String, String),
    /// The map has values for an unknown column.
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

/// Returns a header without case and blanks. All other characters stay: `样本 编号` becomes `样本编号`, but `D3-1` and `D31`
/// stay different.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Returns a value without case and surrounding blanks.
fn plain_value(value: &str) -> Cow<'_, str> {
    let value = value.trim();
    if value.chars().any(char::is_uppercase) { Cow::Owned(value.to_lowercase()) } else { Cow::Borrowed(value) }
}

impl ColumnMap {
    /// Reads a map in TOML. `ignore` is a list of headers to ignore. `[columns]` maps the laboratory's names to those
    /// of this program. `[values.NAME]` maps the words in one column of this program, and `[values.loci]` those in all
    /// genotypes. Case and blanks are ignored.
    ///
    /// # Errors
    /// [`MapError`] if the TOML is invalid, or a column is mapped to a name that is neither a column nor a valid locus
    /// name.
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

    /// Reads a map from the bytes of a file, as [`ColumnMap::parse`] does.
    ///
    /// # Errors
    /// Those of [`ColumnMap::parse`], and [`MapError::NotUtf8`].
    pub fn read(bytes: &[u8], panel: &Panel) -> Result<Self, MapError> {
        let text = std::str::from_utf8(bytes).map_err(|_| MapError::NotUtf8)?;
        Self::parse(text.strip_prefix('\u{feff}').unwrap_or(text), panel)
    }

    /// Returns this program's name for a header, or the header itself if the map does not contain it.
    pub(in crate::intake) fn ours<'n>(&'n self, theirs: &'n str) -> &'n str {
        self.columns.get(&plain(theirs)).map_or(theirs, String::as_str)
    }

    /// Reports whether the map contains a header, also if only to ignore it.
    pub(in crate::intake) fn names(&self, theirs: &str) -> bool {
        self.columns.contains_key(&plain(theirs)) || self.is_ignored(theirs)
    }

    /// Reports whether the map ignores a column.
    pub(in crate::intake) fn is_ignored(&self, theirs: &str) -> bool {
        self.ignored.contains(&plain(theirs))
    }

    /// Returns the words for each of these columns, which have this program's names.
    pub(in crate::intake) fn words<'m>(&'m self, ours: &[&str]) -> Words<'m> {
        let of = |name: &&str| {
            let stated = self.values.get(&key(name));
            let of_loci = || self.values.get(LOCI).filter(|_| is_genotype(name));
            stated.or_else(of_loci)
        };
        Words(if self.values.is_empty() { Vec::new() } else { ours.iter().map(of).collect() })
    }
}

/// The translations of cells, for each column that has translations.
#[derive(Clone, Default)]
pub(in crate::intake) struct Words<'m>(Vec<Option<&'m HashMap<String, String>>>);

impl Words<'_> {
    /// Translates the cells of a row.
    pub(in crate::intake) fn translate(&self, cells: &mut [Cow<'_, str>]) {
        for (words, cell) in self.0.iter().zip(cells) {
            if let Some(ours) = words.and_then(|words| words.get(plain_value(cell).as_ref())) {
                *cell = Cow::Owned(ours.clone());
            }
        }
    }
}

/// Returns the name under which the words of a column are stored.
fn key(ours: &str) -> String {
    match field_named(ours) {
        Some(field) => FIELDS[field as usize].1.to_owned(),
        None => plain_name(ours),
    }
}

/// Reports whether this program has a column of this name.
fn is_column(name: &str, panel: &Panel) -> bool {
    let is_marker = |name: &str| !matches!(loci::marker_named(name, panel, &[]), Named::Unknown { .. });
    field_named(name).is_some()
        || is_tall_column(name)
        || is_marker(name)
        || loci::allele_column(name).is_some_and(|(base, _)| is_marker(base))
}

/// Reports whether a column, under this program's name, holds genotypes or alleles.
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
        // Names for columns of alleles in the readers of tables are valid names, too.
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
