//! Parquet: the same values as the CSV, in the types that the guide states.

use std::fs::File;
use std::process::Command;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use reunite::report::{COLUMN_TYPES, ColumnType};

use crate::common::Lab;

fn lab() -> (Lab, String, String) {
    let lab = Lab::new();
    lab.synth("files", 60, 200, 1);
    for layout in ["families", "children"] {
        lab.run(&["import", "--as", layout, &lab.name(&format!("files/{layout}.csv"))]).ends(0);
    }
    lab.run(&["match"]).ends(0);
    let csv = lab.run(&["candidates", "--brief", "--format", "csv"]).ends(0).out;
    let [family, child] = [0, 1].map(|at| csv.lines().nth(1).unwrap().split(',').nth(at).unwrap().to_owned());
    (lab, family, child)
}

/// The lists that are Parquet, too.
fn lists<'a>(family: &'a str, child: &'a str) -> Vec<(&'static str, Vec<&'a str>)> {
    vec![
        ("candidates", vec!["candidates", "--assign", "--alternatives"]),
        ("explanation", vec!["explain", family, child]),
        ("statistics", vec!["stats"]),
        ("reviews", vec!["review", "list"]),
    ]
}

fn of(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Long(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        Field::Bool(flag) => flag.to_string(),
        other => panic!("{other}"),
    }
}

#[test]
fn parquet_has_the_values_of_the_csv() {
    let (lab, family, child) = lab();
    for (name, list) in lists(&family, &child) {
        let output = lab.command(&[&list[..], &["--format", "parquet"]].concat()).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let csv = lab.run(&[&list[..], &["--format", "csv"]].concat()).ends(0).out;
        let file = lab.write("table", output.stdout);
        let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
        let about = reader.metadata().file_metadata().key_value_metadata().unwrap();
        assert!(about.iter().any(|one| one.key == "reunite.table" && one.value.as_deref() == Some(name)), "{about:?}");
        let mut expected = csv::Reader::from_reader(csv.as_bytes());
        let header = expected.headers().unwrap().clone();
        let mut records = expected.records();
        let mut rows = 0;
        for row in reader.get_row_iter(None).unwrap() {
            let (row, record) = (row.unwrap(), records.next().unwrap().unwrap());
            let cells: Vec<(&String, &Field)> = row.get_column_iter().collect();
            assert_eq!(cells.len(), header.len());
            for (at, (column, field)) in cells.into_iter().enumerate() {
                assert_eq!(column, &header[at]);
                match field {
                    Field::Double(number) => assert_eq!(record[at].parse(), Ok(*number), "{name}: {column}"),
                    _ => assert_eq!(record[at], of(field), "{name}: {column}"),
                }
            }
            rows += 1;
        }
        assert!(records.next().is_none() && (rows > 0 || name == "reviews"), "{name}: {rows}");
        // What is a number everywhere has a type.
        for (at, column) in header.iter().enumerate() {
            let mut again = csv::Reader::from_reader(csv.as_bytes());
            let cells: Vec<String> = again.records().map(|record| record.unwrap()[at].to_owned()).collect();
            let filled: Vec<&String> = cells.iter().filter(|cell| !cell.is_empty()).collect();
            let is_typed = ColumnType::of(column) != ColumnType::Text;
            let is_number = !filled.is_empty() && filled.iter().all(|cell| cell.parse::<f64>().is_ok());
            let is_flag = !filled.is_empty() && filled.iter().all(|cell| *cell == "true" || *cell == "false");
            assert!(is_typed || !is_number && !is_flag, "{name}: {column} is text");
        }
    }
}

#[test]
fn the_guide_states_the_types() {
    let guide = include_str!("../../src/guide/output.md");
    let chinese = include_str!("../../src/guide/zh/output.md");
    for text in [guide, chinese] {
        for (column, of) in COLUMN_TYPES {
            let row = text.lines().find(|line| line.starts_with(&format!("| `{}`", of.word()))).unwrap();
            assert!(row.contains(&format!("`{column}`")), "{column} in {row}");
        }
    }
}

/// DuckDB and pandas, which `.ci/run` installs, read the same: `REUNITE_TABLES` is the script that does.
#[test]
#[ignore = "requires DuckDB and pandas"]
fn other_programs_read_parquet_and_csv_alike() {
    let script = std::env::var_os("REUNITE_TABLES").expect("REUNITE_TABLES");
    let (lab, family, child) = lab();
    for (name, list) in lists(&family, &child) {
        for format in ["parquet", "csv"] {
            let output = lab.command(&[&list[..], &["--format", format]].concat()).output().unwrap();
            lab.write(&format!("{name}.{format}"), output.stdout);
        }
        let columns: String = COLUMN_TYPES.iter().map(|(column, of)| format!("{column}={} ", of.word())).collect();
        let read = Command::new("python3").arg(&script).arg(lab.path(name)).arg(columns).output().unwrap();
        assert!(read.status.success(), "{name}: {}", String::from_utf8_lossy(&read.stderr));
    }
}
