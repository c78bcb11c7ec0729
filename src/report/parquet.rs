//! Parquet: a table of CSV with a type for each column, for programs of analysis.

use std::sync::Arc;

use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::format::SCHEMA_VERSION;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// A text in UTF-8.
    Text,
    /// A whole number.
    Whole,
    /// A number, in double precision; minus infinity for the log10 of 0.
    Number,
    /// `true` or `false`.
    Flag,
}

/// The columns that are no text, in every table that has them. All columns may be empty.
pub const COLUMN_TYPES: [(&str, ColumnType); 42] = [
    ("agrees", ColumnType::Flag),
    ("assigned_lower", ColumnType::Number),
    ("assigned_upper", ColumnType::Number),
    ("chance_hits_bounded", ColumnType::Flag),
    ("compared", ColumnType::Flag),
    ("compatible", ColumnType::Flag),
    ("differing_alleles", ColumnType::Whole),
    ("differing_loci", ColumnType::Whole),
    ("events", ColumnType::Whole),
    ("expected_chance_hits", ColumnType::Number),
    ("expected_cousin_hits", ColumnType::Number),
    ("expected_half_sibling_hits", ColumnType::Number),
    ("few_loci", ColumnType::Flag),
    ("first_run", ColumnType::Whole),
    ("further_loci", ColumnType::Whole),
    ("hidden", ColumnType::Flag),
    ("incompatible_loci", ColumnType::Whole),
    ("loci_compared", ColumnType::Whole),
    ("log10_doubt", ColumnType::Number),
    ("log10_lr", ColumnType::Number),
    ("log10_lr_full_sibling", ColumnType::Number),
    ("log10_lr_min", ColumnType::Number),
    ("log10_lr_mixed", ColumnType::Number),
    ("log10_lr_nephew", ColumnType::Number),
    ("log10_lr_own_child", ColumnType::Number),
    ("log10_lr_rival", ColumnType::Number),
    ("log10_lr_stated", ColumnType::Number),
    ("margin_child", ColumnType::Number),
    ("margin_child_at_least", ColumnType::Flag),
    ("margin_family", ColumnType::Number),
    ("margin_family_at_least", ColumnType::Flag),
    ("new", ColumnType::Flag),
    ("number", ColumnType::Whole),
    ("observed_at_least", ColumnType::Whole),
    ("paternity_index", ColumnType::Number),
    ("posterior", ColumnType::Number),
    ("rechecks", ColumnType::Whole),
    ("run", ColumnType::Whole),
    ("running_log10_cpi", ColumnType::Number),
    ("running_log10_lr", ColumnType::Number),
    ("unlisted_alleles", ColumnType::Whole),
    ("value", ColumnType::Number),
];

impl ColumnType {
    /// Returns the type of a column by its name.
    #[must_use]
    pub fn of(column: &str) -> Self {
        COLUMN_TYPES.iter().find(|one| one.0 == column).map_or(Self::Text, |one| one.1)
    }

    /// Returns the word for the type: `text`, `whole`, `number` or `flag`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Whole => "whole",
            Self::Number => "number",
            Self::Flag => "flag",
        }
    }

    fn field(self, name: &str) -> Result<Type, ParquetError> {
        let (physical, converted) = match self {
            Self::Text => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
            Self::Whole => (Physical::INT64, ConvertedType::NONE),
            Self::Number => (Physical::DOUBLE, ConvertedType::NONE),
            Self::Flag => (Physical::BOOLEAN, ConvertedType::NONE),
        };
        let field = Type::primitive_type_builder(name, physical).with_converted_type(converted);
        field.with_repetition(Repetition::OPTIONAL).build()
    }
}

/// Returns a CSV table with a header as a Parquet file. Empty fields are null. The file says which table it is
/// (`reunite.table`), and of which schema (`reunite.schema_version`).
///
/// # Errors
/// If a field is not of the type of its column, which no table of this program has.
pub fn parquet(table: &str, csv: &str) -> Result<Vec<u8>, ParquetError> {
    let external = |error: csv::Error| ParquetError::External(Box::new(error));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().map_err(external)?.clone();
    let rows = reader.records().collect::<Result<Vec<csv::StringRecord>, csv::Error>>().map_err(external)?;
    let fields = header.iter().map(|name| ColumnType::of(name).field(name).map(Arc::new));
    let schema = Type::group_type_builder(table).with_fields(fields.collect::<Result<_, _>>()?).build()?;
    let about = vec![
        KeyValue::new("reunite.table".to_owned(), table.to_owned()),
        KeyValue::new("reunite.schema_version".to_owned(), SCHEMA_VERSION.to_string()),
    ];
    let properties = WriterProperties::builder().set_key_value_metadata(Some(about)).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for at in 0..header.len() {
        let cells = || rows.iter().map(move |row| row.get(at).unwrap_or_default());
        let levels: Vec<i16> = cells().map(|cell| i16::from(!cell.is_empty())).collect();
        let values = || cells().filter(|cell| !cell.is_empty());
        let Some(mut column) = group.next_column()? else { break };
        match column.untyped() {
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let values: Vec<ByteArray> = values().map(ByteArray::from).collect();
                writer.write_batch(&values, Some(&levels), None)?;
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                writer.write_batch(&typed::<i64>(values(), &header[at])?, Some(&levels), None)?;
            }
            ColumnWriter::DoubleColumnWriter(writer) => {
                writer.write_batch(&typed::<f64>(values(), &header[at])?, Some(&levels), None)?;
            }
            ColumnWriter::BoolColumnWriter(writer) => {
                writer.write_batch(&typed::<bool>(values(), &header[at])?, Some(&levels), None)?;
            }
            _ => return Err(ParquetError::General(format!("column {}: no such type", &header[at]))),
        }
        column.close()?;
    }
    group.close()?;
    writer.into_inner()
}

fn typed<'a, T: std::str::FromStr>(
    values: impl Iterator<Item = &'a str>,
    column: &str,
) -> Result<Vec<T>, ParquetError> {
    let read = |value: &str| {
        value.parse().map_err(|_| ParquetError::General(format!("column {column}: {value:?} is not of its type")))
    };
    values.map(read).collect()
}
