//! Writes the terms on which samples are kept, and what is due about them.

#[cfg(feature = "cli")]
use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::keeping::{Action, AsOf, Born, Due, DueCode, LegalBasis, Purpose, Terms};
use crate::model::Pseudonym;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, narrow_table, plain_table};
#[cfg(feature = "cli")]
use super::words::{more_rows, plural};

/// Something that is due about a sample, ready for output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeepingDueRow {
    /// The sample.
    pub sample: Pseudonym,
    /// `child` or `relative`.
    pub side: &'static str,
    /// `delete`, `renew` or `review`.
    #[serde(serialize_with = "action_word")]
    pub action: Action,
    /// Why.
    #[serde(serialize_with = "code_word")]
    pub code: DueCode,
    /// The first day on which it is due; `None` if that day is unknown.
    pub due_on: Option<String>,
    /// `false` if it is due only later, within the days asked for.
    pub is_due: bool,
    /// `true` if the day rests on an estimated day of birth.
    pub is_estimated: bool,
    /// The article that it rests on, such as `PIPL 47`; `None` for the laboratory's own rules.
    pub article: Option<String>,
    /// The reason, and what to do.
    pub what: &'static str,
}

fn action_word<S: Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(action.word())
}

fn code_word<S: Serializer>(code: &DueCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.word())
}

fn basis_word<S: Serializer>(basis: &LegalBasis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(basis.word())
}

/// Returns the word for the side of a sample.
#[must_use]
fn side(is_child: bool) -> &'static str {
    if is_child { "child" } else { "relative" }
}

/// Returns articles of the law with its name.
fn of_law(articles: &str) -> String {
    format!("PIPL {articles}")
}

impl KeepingDueRow {
    /// Returns what is due about a sample.
    #[must_use]
    pub fn new(sample: Pseudonym, is_child: bool, terms: &Terms, due: &Due, today: Date) -> Self {
        let of_age = matches!(due.code, DueCode::Turns14 | DueCode::Turns18 | DueCode::GuardianMissing);
        Self {
            sample,
            side: side(is_child),
            action: due.code.action(),
            code: due.code,
            due_on: due.on.map(|on| on.to_string()),
            is_due: due.is_due(today),
            is_estimated: of_age && terms.born.is_some_and(Born::is_estimated),
            article: due.code.article().map(of_law),
            what: due.code.text(),
        }
    }
}

/// What is due about the samples of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeepingDueReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The day.
    pub on: String,
    /// The number of days within which something becomes due to be listed.
    pub within: u16,
    /// The years after which a consent is renewed.
    pub consent_years: u16,
    /// Number of samples with terms.
    pub with_terms: u64,
    /// Number of samples without terms, about which nothing is due.
    pub without_terms: u64,
    /// What is due: what must be deleted first, then by day.
    pub due: Vec<KeepingDueRow>,
}

impl KeepingDueReport {
    /// Returns the report of these rows.
    #[must_use]
    pub fn new(as_of: &AsOf, with_terms: u64, without_terms: u64, mut due: Vec<KeepingDueRow>) -> Self {
        due.sort_by(|a, b| {
            let of = |row: &KeepingDueRow| (row.action, !row.is_due, row.code, row.due_on.clone(), row.sample);
            of(a).cmp(&of(b))
        });
        Self {
            schema_version: SCHEMA_VERSION,
            on: as_of.today.to_string(),
            within: as_of.within,
            consent_years: as_of.consent_years,
            with_terms,
            without_terms,
            due,
        }
    }

    /// Returns the samples that must be deleted now, each once.
    #[must_use]
    pub fn to_delete(&self) -> Vec<Pseudonym> {
        let mut all: Vec<Pseudonym> =
            self.due.iter().filter(|row| row.is_due && row.action == Action::Delete).map(|row| row.sample).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns the number of samples about which something is due now.
    #[must_use]
    pub fn samples_due(&self) -> u64 {
        let mut all: Vec<Pseudonym> = self.due.iter().filter(|row| row.is_due).map(|row| row.sample).collect();
        all.sort_unstable();
        all.dedup();
        all.len() as u64
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns CSV with a header.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header([
            "sample",
            "side",
            "action",
            "code",
            "due_on",
            "is_due",
            "is_estimated",
            "article",
            "what",
        ]);
        for row in &self.due {
            csv.field(row.sample).field(row.side).field(row.action.word()).field(row.code.word());
            csv.optional(row.due_on.as_deref()).field(row.is_due).field(row.is_estimated);
            csv.optional(row.article.as_deref()).field(row.what).end_row();
        }
        csv.finish()
    }

    /// Returns a table for people of at most `limit` rows, with each code explained once.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self, limit: usize) -> Page {
        let mut page = Page::default();
        if self.due.is_empty() {
            return page;
        }
        let rows = self.due.iter().take(limit).map(|row| {
            let day = row.due_on.clone().unwrap_or_else(|| "now".to_owned());
            let day = if row.is_estimated { format!("~{day}") } else { day };
            [row.sample.to_string(), row.side.to_owned(), row.action.word().to_owned(), row.code.word().to_owned(), day]
        });
        page += plain_table(["sample", "side", "action", "code", "due on"], &[], rows);
        page += more_rows(self.due.len(), limit);
        page += "\n";
        let codes: BTreeSet<DueCode> = self.due.iter().take(limit).map(|row| row.code).collect();
        for code in codes {
            let article = code.article().map_or_else(String::new, |article| format!("; {}", of_law(article)));
            page += format!("{}: {}{article}\n", code.word(), code.text());
        }
        page
    }
}

/// The terms of one sample, ready for output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TermsReport {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The sample.
    pub sample: Pseudonym,
    /// The legal basis.
    #[serde(serialize_with = "basis_word")]
    pub legal_basis: LegalBasis,
    /// The articles about it; `None` where another law is the basis.
    pub articles: Option<String>,
    /// The purposes.
    pub purposes: Vec<&'static str>,
    /// `own`, `guardian` or `withdrawn`.
    pub consent_kind: Option<&'static str>,
    /// The day of the consent or of its withdrawal.
    pub consent_on: Option<String>,
    /// `true` if a reference of the consent is recorded, which is kept as a keyed hash.
    pub has_consent_reference: bool,
    /// The day, month or year of birth.
    pub born_on: Option<String>,
    /// The last day of keeping.
    pub keep_until: Option<String>,
    /// The day of review.
    pub review_on: Option<String>,
    /// `true` if `match` compares the sample.
    pub is_searched: bool,
    /// `true` if `kin` compares the sample.
    pub is_in_kin: bool,
    /// What is due about it.
    pub due: Vec<KeepingDueRow>,
}

impl TermsReport {
    /// Returns the terms of a sample.
    #[must_use]
    pub fn new(sample: Pseudonym, terms: &Terms, due: Vec<KeepingDueRow>) -> Self {
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        Self {
            schema_version: SCHEMA_VERSION,
            sample,
            legal_basis: terms.basis,
            articles: LegalBasis::articles(terms.basis).map(of_law),
            purposes: terms.purposes.iter().map(Purpose::word).collect(),
            consent_kind: terms.consent.map(|consent| consent.kind.word()),
            consent_on: day(terms.consent.and_then(|consent| consent.on)),
            has_consent_reference: terms.consent.is_some_and(|consent| consent.reference.is_some()),
            born_on: terms.born.map(|born| born.to_string()),
            keep_until: day(terms.keep_until),
            review_on: day(terms.review_on),
            is_searched: terms.allows(Purpose::Search),
            is_in_kin: terms.allows(Purpose::Kin),
            due,
        }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns the fields and their values, in words.
    fn fields(&self, basis: &str) -> Vec<(&'static str, String)> {
        let of = |text: &Option<String>| text.clone().unwrap_or_default();
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        vec![
            ("legal_basis", basis.to_owned()),
            ("articles", of(&self.articles)),
            ("purposes", self.purposes.join(" ")),
            ("consent_kind", self.consent_kind.unwrap_or_default().to_owned()),
            ("consent_on", of(&self.consent_on)),
            ("consent_reference", yes(self.has_consent_reference)),
            ("born_on", of(&self.born_on)),
            ("keep_until", of(&self.keep_until)),
            ("review_on", of(&self.review_on)),
            ("compared by match", yes(self.is_searched)),
            ("compared by kin", yes(self.is_in_kin)),
        ]
    }

    /// Returns CSV with a header and a row for each field.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["field", "value"]);
        csv.field("sample").field(self.sample).end_row();
        for (field, value) in self.fields(self.legal_basis.word()) {
            csv.field(field.replace(' ', "_")).field(value).end_row();
        }
        for row in &self.due {
            csv.field("due").field(row.code.word()).end_row();
        }
        csv.finish()
    }

    /// Returns a table for people.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let fields = self.fields(self.legal_basis.text()).into_iter().filter(|one| !one.1.is_empty());
        let rows = fields.map(|(field, value)| [field.to_owned(), value]);
        let mut page = narrow_table(["field", "value"], &[], rows);
        if !self.due.is_empty() {
            page += "\n";
        }
        for row in &self.due {
            page += format!("{}: {}\n", row.code.word(), row.what);
        }
        page
    }
}

/// Returns how many samples a purpose leaves out, in words; `None` if it leaves out nobody.
#[cfg(feature = "cli")]
#[must_use]
pub fn left_out_in_words(number: u64, purpose: Purpose) -> Option<String> {
    (number > 0).then(|| {
        format!(
            "not compared, because the terms on which they are kept do not allow {}: {}",
            purpose.word(),
            plural(number, "sample")
        )
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::keeping::{Consent, ConsentKind, Purposes, due};

    fn report() -> KeepingDueReport {
        let as_of = AsOf { within: 60, ..AsOf::day(date(2026, 2, 1)) };
        let consent = |kind| Some(Consent { kind, on: Some(date(2025, 1, 1)), reference: Some([1; 16]) });
        let child = Terms {
            consent: consent(ConsentKind::Guardian),
            born: Born::new(2012, Some(3), None, true),
            review_on: Some(date(2026, 1, 1)),
            ..Terms::new(LegalBasis::Consent, Purposes::default())
        };
        let over = Terms { consent: consent(ConsentKind::Withdrawn), keep_until: Some(date(2026, 1, 1)), ..child };
        let mut rows = Vec::new();
        for (byte, terms) in [(1, child), (2, over)] {
            let sample = Pseudonym::from_bytes([byte; 16]);
            let all = due(&terms, true, &as_of);
            rows.extend(all.iter().map(|one| KeepingDueRow::new(sample, true, &terms, one, as_of.today)));
        }
        KeepingDueReport::new(&as_of, 2, 5, rows)
    }

    #[test]
    fn what_is_due_goes_out_in_every_form() {
        let report = report();
        assert_eq!((report.to_delete().len(), report.samples_due()), (1, 2));
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        let first = &json["due"][0];
        assert_eq!((&first["action"], &first["code"]), (&"delete".into(), &"withdrawn".into()));
        assert_eq!((&first["article"], &json["without_terms"]), (&"PIPL 47".into(), &5.into()));
        let csv = report.csv();
        assert_eq!(csv.lines().count(), 1 + 5);
        assert!(csv.contains("child,renew,turns-14,2026-03-01,false,true,PIPL 31,"), "{csv}");
        let table = report.table(50).to_string();
        assert!(table.contains("~2026-03-01") && table.contains("; PIPL 47"), "{table}");
        assert!(report.table(1).to_string().contains("... and 4 more"));
    }

    #[test]
    fn terms_go_out_in_every_form() {
        let terms = Terms {
            keep_until: Some(date(2030, 1, 1)),
            ..Terms::new(LegalBasis::StatutoryDuty, Purposes::parse("search").unwrap())
        };
        let report = TermsReport::new(Pseudonym::from_bytes([1; 16]), &terms, Vec::new());
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!((&json["legal_basis"], &json["is_in_kin"]), (&"statutory-duty".into(), &false.into()));
        assert!(report.csv().contains("\nkeep_until,2030-01-01\n"), "{}", report.csv());
        assert!(report.table().contains("a statutory duty"));
    }
}
