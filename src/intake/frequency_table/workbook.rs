//! Selects the sheet of a workbook with a sheet for each population.

use super::request::TableRequest;
use crate::intake::findings::Findings;
use crate::intake::text::workbook::sheets;
use crate::model::FindingCode;

/// The maximum number of sheets that a finding lists.
const MOST_SHEETS: usize = 40;
/// The maximum number of letters of a name that a finding repeats.
const MOST_LETTERS: usize = 40;

/// The sheet to read.
pub(super) struct Sheet {
    pub(super) name: String,
    /// `true` if its name is the requested population.
    pub(super) is_population: bool,
}

/// Selects the sheet of a workbook: the requested one, the one named like the requested population, or the only one
/// that has cells. Returns `Ok(None)` if the file is not a workbook, or one that cannot be read; `Err` if the sheet is
/// missing or must be named, as the findings say.
pub(super) fn sheet(bytes: &[u8], request: &TableRequest<'_>, findings: &mut Findings) -> Result<Option<Sheet>, ()> {
    let Some(names) = sheets(bytes) else { return Ok(None) };
    let found = |wanted: &str| {
        let same = names.iter().find(|name| *name == wanted);
        same.or_else(|| names.iter().find(|name| name.to_lowercase() == wanted.to_lowercase())).cloned()
    };
    let population = request.population.and_then(found);
    let (what, code) = match (request.sheet, names.as_slice()) {
        (_, []) => return Ok(None),
        (Some(wanted), _) => match found(wanted) {
            Some(name) => return Ok(Some(Sheet { name, is_population: false })),
            None => ("the workbook has no sheet of this name that has cells; choose one of", FindingCode::Sheet),
        },
        (None, [one]) => return Ok(Some(Sheet { name: one.clone(), is_population: false })),
        (None, _) => match population {
            Some(name) => return Ok(Some(Sheet { name, is_population: true })),
            None => (
                "several sheets of the workbook have cells; name one with --frequency-sheet NAME, of",
                FindingCode::Sheets,
            ),
        },
    };
    let short = |name: &String| name.chars().take(MOST_LETTERS).collect::<String>();
    let list = names.iter().take(MOST_SHEETS).map(short).collect::<Vec<_>>().join(", ");
    let more = if names.len() > MOST_SHEETS { " and more" } else { "" };
    findings.problem(0, None, code, format!("{what} {list}{more}"));
    Err(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::Problem;
    use crate::intake::frequency_table::{PublishedTable, TableForm, read_frequency_table};
    use crate::intake::text::workbook::tests::workbook;

    /// Returns a sheet with the cells of a tab-separated text; numbers are stored as numbers.
    fn rows(text: &str) -> String {
        let mut rows = String::new();
        for (line, number) in text.lines().zip(1..) {
            let cell = |(text, letter): (&str, char)| match text.parse::<f64>() {
                _ if text.is_empty() => String::new(),
                Ok(_) => format!("<c r=\"{letter}{number}\"><v>{text}</v></c>"),
                Err(_) => format!("<c r=\"{letter}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
            };
            let cells: String = line.split('\t').zip('A'..).map(cell).collect();
            rows += &format!("<row r=\"{number}\">{cells}</row>");
        }
        rows
    }

    fn read(bytes: &[u8], population: Option<&str>, sheet: Option<&str>) -> Result<PublishedTable, Vec<Problem>> {
        read_frequency_table("t.xlsx", bytes, &TableRequest { population, sheet, ..TableRequest::default() })
    }

    #[test]
    fn a_sheet_for_each_population_is_read_by_its_name() {
        let han = rows(
            "Han, invented\nAllele\tTH01\tD3S1358\n6\t0.3\n9.300000000000001\t0.7\n15\t\t0.6\n16\t\t0.4\nN\t100\t90",
        );
        let hui = rows("Allele\tTH01\n6\t0.2\n9.3\t0.8\nN\t50");
        let book = workbook(&[("Han", &han), ("Hui", &hui), ("Empty", "")]);
        let problems = read(&book, None, None).unwrap_err();
        assert_eq!((problems.len(), problems[0].code), (1, FindingCode::Sheets));
        assert!(problems[0].what.ends_with("--frequency-sheet NAME, of Han, Hui"), "{}", problems[0]);
        for (population, sheet) in [(None, Some("Han")), (Some("han"), None)] {
            let han = read(&book, population, sheet).unwrap();
            assert_eq!(
                han.table.to_csv(),
                "locus,allele,frequency,individuals\nTH01,6,0.3,100\nTH01,9.3,0.7,100\nD3S1358,15,0.6,90\nD3S1358,16,0.4,90\n"
            );
            assert_eq!((han.form, han.population.is_some()), (TableForm::Wide, population.is_some()));
        }
        assert_eq!(read(&book, None, Some("Hui")).unwrap().table.loci()[0].frequencies(), [0.2, 0.8]);
        let problems = read(&book, None, Some("Miao")).unwrap_err();
        assert_eq!(problems[0].code, FindingCode::Sheet);
        assert!(problems[0].what.ends_with("choose one of Han, Hui"), "{}", problems[0]);
        assert_eq!(read(&book, Some("Miao"), None).unwrap_err()[0].code, FindingCode::Sheets);
        assert_eq!(read(b"Allele,vWA\n14,1\n", None, Some("Han")).unwrap_err()[0].code, FindingCode::Sheet);
    }

    #[test]
    fn merged_headers_and_percentages_of_a_workbook_are_read() {
        let merged = rows(
            "\tTH01\t\tvWA\nAllele\tHan\tHui\tHan\tHui\n6\t30\t20\n9.3\t70\t80\n14\t\t\t100\t100\nN\t100\t50\t100\t50",
        );
        let book = workbook(&[("Sheet1", &merged)]);
        let hui = read(&book, Some("Hui"), None).unwrap();
        assert_eq!(hui.form, TableForm::Headers);
        assert_eq!(
            hui.table.to_csv(),
            "locus,allele,frequency,individuals\nTH01,6,0.2,50\nTH01,9.3,0.8,50\nvWA,14,1,50\n"
        );
        assert_eq!(read(&book, None, None).unwrap_err()[0].code, FindingCode::Population);
    }
}
