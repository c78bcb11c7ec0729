//! Writes a guide to the kinds of findings: the meaning of each, an example, and what to do.

use serde_json::{Value, json};

use crate::intake::{Example, FindingCode, example};
use crate::model::Language;

use super::csv_text::CsvText;
#[cfg(feature = "cli")]
use super::finding_words::{meaning, remedy, severity};
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, narrow_table};

/// The kinds of findings to describe.
#[derive(Clone, Debug)]
pub struct FindingCodesReport {
    /// The kinds, in the order to show them.
    pub codes: Vec<FindingCode>,
    /// The language of tables and pages for people.
    pub language: Language,
}

impl FindingCodesReport {
    /// Returns CSV with a header, one row per code.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv =
            CsvText::with_header(["code", "severity", "meaning", "remedy", "example_kind", "example", "sound"]);
        for &code in &self.codes {
            csv.field(code).field(code.severity().word()).field(code.meaning()).field(code.remedy());
            let example = example(code);
            csv.optional(example.map(Example::kind)).optional(example.map(Example::text));
            csv.optional(example.and_then(Example::sound)).end_row();
        }
        csv.finish()
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        let of_code = |&code: &FindingCode| {
            let example = example(code).map_or(
                Value::Null,
                |example| json!({ "kind": example.kind(), "text": example.text(), "sound": example.sound() }),
            );
            json!({
                "code": code, "severity": code.severity().word(), "meaning": code.meaning(),
                "remedy": code.remedy(), "example": example,
            })
        };
        let codes: Vec<Value> = self.codes.iter().map(of_code).collect();
        Ok(serde_json::to_string_pretty(&json!({ "schema_version": SCHEMA_VERSION, "codes": codes }))? + "\n")
    }

    /// Returns a table of the codes.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let row = |&code: &FindingCode| {
            let severity = severity(code.severity(), self.language);
            [code.to_string(), severity.to_owned(), meaning(code, self.language).to_owned()]
        };
        let header = match self.language {
            Language::English => ["code", "severity", "meaning"],
            Language::Chinese => ["代码", "程度", "含义"],
        };
        narrow_table(header, &[], self.codes.iter().map(row)).with_verbatim(|_, column| column == 0)
    }

    /// Returns a page on each code, with its example.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn pages(&self) -> Page {
        let (of_meaning, of_remedy, colon, [open, close]) = match self.language {
            Language::English => ("meaning", "what to do", ": ", [" (", ")"]),
            Language::Chinese => ("含义", "处理办法", "：", ["（", "）"]),
        };
        let page = |&code: &FindingCode| {
            let said = |title: &str, text: &str| format!("  {title}{colon}{text}\n");
            let mut page = said(of_meaning, meaning(code, self.language));
            match example(code) {
                None => {}
                Some(Example::Told(text)) => page += &format!("  example: {text}\n"),
                Some(example) => {
                    page += &format!("  example: {}\n", example.file());
                    page += &shown(example.text());
                    if let Some(sound) = example.sound() {
                        page += "  where a sound file has\n";
                        page += &shown(sound);
                    }
                }
            }
            page += &said(of_remedy, remedy(code, self.language));
            // The code is looked up, and is the same in every language.
            let severity = severity(code.severity(), self.language);
            let mut all = Page::verbatim(format!("{code}{open}{severity}{close}\n"));
            all += page;
            all
        };
        let mut all = Page::default();
        for (at, code) in self.codes.iter().enumerate() {
            if at > 0 {
                all += "\n";
            }
            all += page(code);
        }
        all
    }
}

/// Returns the lines of a file, indented, with escapes in place of invisible characters.
#[cfg(feature = "cli")]
fn shown(text: &str) -> String {
    let character = |c: char| {
        if c.is_control() || c == '\u{200b}' { c.escape_unicode().to_string() } else { c.to_string() }
    };
    let lines = text.split('\n').enumerate().filter(|(at, line)| *at == 0 || !line.is_empty());
    lines.map(|(_, line)| format!("    {}\n", line.chars().map(character).collect::<String>())).collect()
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_that_fits_a_screen() {
        let all = FindingCodesReport { codes: FindingCode::ALL.to_vec(), language: Language::English };
        let (pages, table) = (all.pages().to_string(), all.table().to_string());
        assert!(table.lines().all(|line| line.chars().count() <= super::super::page::SCREEN), "{table}");
        assert_eq!(pages.matches("  what to do: ").count(), FindingCode::ALL.len());
        assert!(!pages.chars().any(|c| c.is_control() && c != '\n'));
        assert_eq!(all.csv().lines().next().map(|line| line.split(',').count()), Some(7));
        let json: Value = serde_json::from_str(&all.json().unwrap()).unwrap();
        assert_eq!(json["codes"].as_array().unwrap().len(), FindingCode::ALL.len());
        let one = FindingCodesReport { codes: vec![FindingCode::Allele], language: Language::English };
        let expected = "allele (error)\n  meaning: a cell is not an allele or a genotype\n  example: a file of children\n    \
                        sample_id,sex,vWA\n    S1,f,14x\n  what to do: write repeat numbers: 14/15, 14 or 9.3\n";
        assert_eq!(one.pages().to_string(), expected);
        let one = FindingCodesReport { language: Language::Chinese, ..one };
        assert!(
            one.pages().contains("  含义：") && one.pages().contains("  处理办法：") && one.table().contains("错误")
        );
    }
}
