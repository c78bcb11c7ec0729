//! Tests that any bytes are read to the end, and that an invalid cell is found at its place.

use std::fmt::Write;

use proptest::prelude::*;

use super::findings::Findings;
use super::formats::tidy::read_tidy;
use super::rows::finish::SoundRows;
use super::tests::{panel, pseudonymizer, read, request};
use super::{Layout, Problem, Row};

/// Returns the cells of a valid file.
fn valid(layout: Layout, rows: usize) -> Vec<Vec<String>> {
    let header: &[&str] = match layout {
        Layout::Families => &["family_id", "sample_id", "relation", "sex"],
        Layout::Children => &["sample_id", "sex"],
    };
    let first = |i: usize| match layout {
        Layout::Families => {
            let (relation, sex) = [("father", "male"), ("mother", "f"), ("full-sibling", "")][i % 3];
            vec![format!("F{}", i / 3), format!("S{i}"), relation.to_owned(), sex.to_owned()]
        }
        Layout::Children => vec![format!("S{i}"), "m".to_owned()],
    };
    let loci = ["vWA", "FGA", "D3S1358", "collected_on"];
    let mut file = vec![header.iter().chain(&loci).map(|name| (*name).to_owned()).collect::<Vec<_>>()];
    for i in 0..rows {
        let mut row = first(i);
        row.extend([format!("{}/15", 10 + i % 9), "22.2".into(), String::new(), "2024-01-31".into()]);
        file.push(row);
    }
    file
}

fn text(file: &[Vec<String>]) -> String {
    let mut text = String::new();
    for row in file {
        writeln!(text, "{}", row.join(",")).unwrap();
    }
    text
}

fn layout() -> impl Strategy<Value = Layout> {
    prop_oneof![Just(Layout::Families), Just(Layout::Children)]
}

/// Returns everything that is read from a tidy file, in pieces of this number of bytes.
fn in_pieces(layout: Layout, text: &[u8], bytes: usize) -> (Vec<Row>, Vec<Problem>, Vec<Problem>, u64) {
    let (panel, pseudonymizer) = (panel(), pseudonymizer());
    let mut findings = Findings::new("f.csv");
    let SoundRows { rows, .. } = read_tidy(text, &request(layout, &panel, &pseudonymizer), bytes, &mut findings);
    let rejected = findings.rejected;
    let (problems, notes) = findings.finish();
    (rows, problems, notes, rejected)
}

proptest! {
    #[test]
    fn pieces_are_read_as_the_whole(
        layout in layout(),
        cells in prop::collection::vec((1usize..30, any::<prop::sample::Index>(), 0usize..9), 0..12),
        bytes in 1usize..900,
    ) {
        let mut file = valid(layout, 29);
        if layout == Layout::Families {
            file.iter_mut().for_each(|row| row.push(String::new()));
            file[0].last_mut().unwrap().push_str("agency");
        }
        for (row, column, what) in cells {
            let column = column.index(file[row].len());
            file[row][column] =
                ["NA", "0", "1", "2", "parent", "OL", "x", "14/15/16", "F0"].map(str::to_owned)[what].clone();
        }
        let text = text(&file);
        let whole = in_pieces(layout, text.as_bytes(), 1 << 20);
        prop_assert_eq!(in_pieces(layout, text.as_bytes(), bytes), whole);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300), layout in layout()) {
        let intake = read(layout, &bytes);
        prop_assert!(!intake.problems.is_empty());
    }

    #[test]
    fn any_mutation_of_a_valid_file_is_read(
        layout in layout(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..3, any::<u8>()), 1..6),
    ) {
        let mut bytes = text(&valid(layout, 7)).into_bytes();
        for (at, change, byte) in changes {
            let at = at.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        let intake = read(layout, &bytes);
        prop_assert!(intake.rows.len() <= 8);
        for problem in intake.problems.iter().chain(&intake.notes) {
            prop_assert!(problem.line <= 16 && !problem.to_string().is_empty());
        }
    }

    #[test]
    fn one_spoilt_cell_is_found_where_it_is(
        layout in layout(),
        row in 1usize..=7,
        column in any::<prop::sample::Index>(),
        bad in prop_oneof![Just("李"), Just("14/x"), Just("9,3"), Just("1,4"), Just("14/15/x6"), Just("#REF!"), Just("a\tb")],
    ) {
        let mut file = valid(layout, 7);
        let column = column.index(file[0].len());
        let identifier = file[0][column].ends_with("_id");
        let bad = if identifier { "a\tb" } else { bad };
        file[row][column] = format!("\"{bad}\"");
        let intake = read(layout, text(&file));
        prop_assert_eq!(intake.problems.len(), 1, "{:?}", intake.problems);
        prop_assert_eq!(intake.problems[0].line, row as u64 + 1);
        prop_assert_eq!(intake.problems[0].column.as_ref().and_then(|column| column.number), Some(column + 1));
        prop_assert_eq!(intake.rows.len(), 6);
    }
}
