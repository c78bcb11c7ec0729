//! Writes the record of processing and the facts for an impact assessment, for auditors.

use serde::{Serialize, Serializer};

use crate::keeping::LegalBasis;

use super::csv_text::CsvText;
use super::format::SCHEMA_VERSION;
#[cfg(feature = "cli")]
use super::page::{Page, narrow_table, plain_table};
#[cfg(feature = "cli")]
use super::words::count;

/// The number of children's and relatives' samples in a group; each is `None` where it is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KeptRow {
    /// Samples of children.
    pub children: Option<u64>,
    /// Samples of relatives.
    pub relatives: Option<u64>,
}

/// The samples that are kept on the same legal basis for the same purposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeptGroup {
    /// The legal basis; `None` for samples without terms.
    #[serde(serialize_with = "basis_word")]
    pub legal_basis: Option<LegalBasis>,
    /// The articles about it.
    pub articles: Option<String>,
    /// The purposes, separated by spaces.
    pub purposes: String,
    /// The numbers.
    #[serde(flatten)]
    pub samples: KeptRow,
}

fn basis_word<S: Serializer>(basis: &Option<LegalBasis>, serializer: S) -> Result<S::Ok, S::Error> {
    basis.map(LegalBasis::word).serialize(serializer)
}

impl KeptGroup {
    /// Returns a group; `None` is that of samples without terms.
    #[must_use]
    pub fn new(of: Option<(LegalBasis, String)>, samples: KeptRow) -> Self {
        let (basis, purposes) = of.map_or((None, String::new()), |(basis, purposes)| (Some(basis), purposes));
        let articles = basis.and_then(LegalBasis::articles).map(|articles| format!("PIPL {articles}"));
        Self { legal_basis: basis, articles, purposes, samples }
    }
}

/// The samples of an age group on the day of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AgeRow {
    /// `under-14`, `14-to-17`, `adult` or `unknown`.
    pub age: &'static str,
    /// The numbers.
    #[serde(flatten)]
    pub samples: KeptRow,
}

impl AgeRow {
    /// Returns a row.
    #[must_use]
    pub fn new(age: &'static str, samples: KeptRow) -> Self {
        Self { age, samples }
    }
}

/// How long samples are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Retention {
    /// `stated`, `unstated` or `over`: whether there is a last day of keeping, or it is over.
    pub last_day: &'static str,
    /// The numbers.
    #[serde(flatten)]
    pub samples: KeptRow,
}

impl Retention {
    /// Returns a row.
    #[must_use]
    pub fn new(last_day: &'static str, samples: KeptRow) -> Self {
        Self { last_day, samples }
    }
}

/// How often a command was run in the period, by the audit chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Activity {
    /// The command.
    pub command: String,
    /// Number of its records.
    pub records: u64,
}

impl Activity {
    /// Returns the activity of a command.
    #[must_use]
    pub fn new(command: String, records: u64) -> Self {
        Self { command, records }
    }
}

/// Facts for an assessment of the impact on personal information: what is sensitive, and what protects it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Assessment {
    /// The ages, on the day of the record; persons whose birth is unknown are counted as unknown.
    pub ages: Vec<AgeRow>,
    /// The kinds of data that are sensitive.
    pub sensitive: Vec<&'static str>,
    /// `true` if the ledger is encrypted on the disk.
    pub ledger_encrypted: bool,
    /// Custodians, who alone can open sealed identifiers.
    pub custodians: u64,
    /// Records of sealed original identifiers.
    pub sealed_records: u64,
    /// Enrolled reviewers.
    pub reviewers: u64,
    /// The age of the last backup in days; `None` if there is no record of one.
    pub backup_days: Option<i64>,
    /// Records of the audit chain.
    pub audit_records: u64,
}

/// The record of processing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeepingRecord {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The day of the record.
    pub made_on: String,
    /// The first day of the period.
    pub from: String,
    /// The last day of the period.
    pub to: String,
    /// The least number of samples that is shown; smaller ones are hidden.
    pub least_shown: u64,
    /// The samples by legal basis and purposes.
    pub groups: Vec<KeptGroup>,
    /// All samples.
    pub total: KeptRow,
    /// The kinds of data that the store holds.
    pub kinds_of_data: Vec<&'static str>,
    /// The samples by their last day of keeping.
    pub retention: Vec<Retention>,
    /// Accounts that ran a recorded command in the period.
    pub accounts: u64,
    /// The commands that were run in the period.
    pub activity: Vec<Activity>,
    /// Samples that were expunged in the period.
    pub samples_expunged: u64,
    /// Families that were expunged in the period.
    pub families_expunged: u64,
    /// Facts for an impact assessment.
    pub assessment: Assessment,
}

impl KeepingRecord {
    /// Returns an empty record of a period.
    #[must_use]
    pub fn new(made_on: String, from: String, to: String, least_shown: u64) -> Self {
        Self { schema_version: SCHEMA_VERSION, made_on, from, to, least_shown, ..Self::default() }
    }

    /// Returns one JSON object, indented.
    ///
    /// # Errors
    /// Never: this type can always be serialised.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Returns numbers of samples by group: section, group, purposes, numbers.
    fn numbers(&self, basis: fn(LegalBasis) -> &'static str) -> Vec<(&'static str, String, String, KeptRow)> {
        let mut all = Vec::new();
        for one in &self.groups {
            let basis = one.legal_basis.map_or("none", basis).to_owned();
            all.push(("samples", basis, one.purposes.clone(), one.samples));
        }
        all.push(("samples", "total".to_owned(), String::new(), self.total));
        for one in &self.retention {
            all.push(("last-day", one.last_day.to_owned(), String::new(), one.samples));
        }
        for one in &self.assessment.ages {
            all.push(("age", one.age.to_owned(), String::new(), one.samples));
        }
        all
    }

    /// Returns single facts: section, item, value.
    fn facts(&self) -> Vec<(&'static str, String, String)> {
        let of = &self.assessment;
        let mut all = vec![
            ("period", "from".to_owned(), self.from.clone()),
            ("period", "to".to_owned(), self.to.clone()),
            ("period", "made_on".to_owned(), self.made_on.clone()),
        ];
        all.extend(self.kinds_of_data.iter().map(|kind| ("data", (*kind).to_owned(), "kept".to_owned())));
        all.extend(of.sensitive.iter().map(|kind| ("data", (*kind).to_owned(), "sensitive".to_owned())));
        for (item, number) in [("accounts", self.accounts), ("custodians", of.custodians), ("reviewers", of.reviewers)]
        {
            all.push(("access", item.to_owned(), number.to_string()));
        }
        all.extend(self.activity.iter().map(|one| ("activity", one.command.clone(), one.records.to_string())));
        for (item, number) in
            [("samples_expunged", self.samples_expunged), ("families_expunged", self.families_expunged)]
        {
            all.push(("deletion", item.to_owned(), number.to_string()));
        }
        let yes = if of.ledger_encrypted { "yes" } else { "no" };
        all.push(("safeguard", "ledger_encrypted".to_owned(), yes.to_owned()));
        all.push(("safeguard", "sealed_records".to_owned(), of.sealed_records.to_string()));
        let backup = of.backup_days.map_or_else(|| "never".to_owned(), |days| days.to_string());
        all.push(("safeguard", "backup_days".to_owned(), backup));
        all.push(("safeguard", "audit_records".to_owned(), of.audit_records.to_string()));
        all
    }

    /// Returns CSV with a header and a row for each number and fact. Hidden numbers are empty.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut csv = CsvText::with_header(["section", "item", "purposes", "children", "relatives", "value"]);
        for (section, item, purposes, samples) in self.numbers(LegalBasis::word) {
            csv.field(section).field(item).field(purposes);
            csv.optional(samples.children).optional(samples.relatives).field("").end_row();
        }
        for (section, item, value) in self.facts() {
            csv.field(section).field(item).field("").field("").field("").field(value).end_row();
        }
        csv.finish()
    }

    /// Returns tables for people.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn table(&self) -> Page {
        let shown = |number: Option<u64>| number.map_or_else(|| "hidden".to_owned(), count);
        let rows = self.numbers(LegalBasis::text).into_iter().map(|(section, item, purposes, samples)| {
            [section.to_owned(), item, purposes, shown(samples.children), shown(samples.relatives)]
        });
        let mut page = plain_table(["section", "item", "purposes", "children", "relatives"], &[3, 4], rows);
        page += "\n";
        let facts = self.facts().into_iter().map(|(section, item, value)| [section.to_owned(), item, value]);
        let of_facts = narrow_table(["section", "item", "value"], &[], facts);
        // The names of commands stay.
        page += of_facts.with_verbatim(|row, column| column == 1 && row[0] == "activity");
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_goes_out_in_every_form() {
        let samples = KeptRow { children: Some(12), relatives: None };
        let mut record = KeepingRecord::new("2026-01-01".into(), "2023-01-01".into(), "2026-01-01".into(), 10);
        record.groups = vec![
            KeptGroup::new(Some((LegalBasis::Consent, "search kin".to_owned())), samples),
            KeptGroup::new(None, samples),
        ];
        record.activity = vec![Activity::new("match".to_owned(), 3)];
        record.assessment.ages = vec![AgeRow::new("under-14", samples)];
        let json: serde_json::Value = serde_json::from_str(&record.json().unwrap()).unwrap();
        assert_eq!(
            (&json["groups"][0]["articles"], &json["groups"][0]["children"]),
            (&"PIPL 28-31".into(), &12.into())
        );
        assert_eq!(json["groups"][1]["legal_basis"], serde_json::Value::Null);
        let csv = record.csv();
        assert!(csv.contains("\nsamples,consent,search kin,12,,\n"), "{csv}");
        assert!(csv.contains("\nactivity,match,,,,3\n") && csv.contains("\nsafeguard,backup_days,,,,never\n"), "{csv}");
        let table = record.table().to_string();
        assert!(table.contains("hidden") && table.contains("under-14"), "{table}");
    }
}
