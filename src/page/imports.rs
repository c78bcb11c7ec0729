//! What a person asks of an import, and what came of it.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::fields::Fields;
use crate::audit::Entry;
use crate::intake::{IdentifierForms, SingleAllele, SpreadsheetNumbers};
use crate::ledger::OnConflict;
use crate::matching::{IdentityRule, apart};
use crate::model::{Language, Layout};
use crate::report::{FileOutcome, FileReport, FoundLine, ImportLog, finding_remedy, found_lines};
use crate::store::{Identifiers, ImportOptions, Imported, ListKind, Notice, Observer, Sheets, Store, StoreError};
use crate::words::in_language;

/// What the store calls every file: the name that a browser sends may be one of a person.
const NAME: &str = "upload";

/// The words of each choice; the first one holds unless another one is chosen.
const HOLDS: [&str; 8] = [
    "auto",
    "families",
    "children",
    "certificates",
    "certificate-claims",
    "found-children",
    "missing-children",
    "keeping",
];
const CONFLICT: [&str; 4] = ["refuse", "keep", "replace", "add"];
const IDENTIFIERS: [&str; 2] = ["original", "pseudonyms"];
const FORMS: [&str; 2] = ["refuse", "distinct"];
const NUMBERS: [&str; 2] = ["refuse", "take"];
const ALLELE: [&str; 2] = ["homozygote", "untyped"];

/// How a file is to be imported: the options of `reunite import` that need no second file and no reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    holds: &'static str,
    conflict: &'static str,
    identifiers: &'static str,
    forms: &'static str,
    numbers: &'static str,
    allele: &'static str,
    /// The agency whose column map is used; empty for none.
    map: String,
    keep_going: bool,
    ignore_unknown: bool,
    all_sheets: bool,
    skip_identities: bool,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            holds: HOLDS[0],
            conflict: CONFLICT[0],
            identifiers: IDENTIFIERS[0],
            forms: FORMS[0],
            numbers: NUMBERS[0],
            allele: ALLELE[0],
            map: String::new(),
            keep_going: false,
            ignore_unknown: false,
            all_sheets: false,
            skip_identities: false,
        }
    }
}

/// Why a form cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// No form of this program has this value.
    Unknown,
    /// A choice has no meaning for lists without genotypes.
    NotForLists,
}

impl Asked {
    /// Reads the choices of a form.
    pub(super) fn read(form: &Fields) -> Result<Self, Unfit> {
        let word = |name: &str, words: &[&'static str]| {
            words.iter().copied().find(|word| *word == form.get(name)).ok_or(Unfit::Unknown)
        };
        let is_set = |name: &str| match form.get(name) {
            "" => Ok(false),
            "yes" => Ok(true),
            _ => Err(Unfit::Unknown),
        };
        let asked = Self {
            holds: word("holds", &HOLDS)?,
            conflict: word("conflict", &CONFLICT)?,
            identifiers: word("identifiers", &IDENTIFIERS)?,
            forms: word("forms", &FORMS)?,
            numbers: word("numbers", &NUMBERS)?,
            allele: word("allele", &ALLELE)?,
            map: form.get("map").to_owned(),
            keep_going: is_set("keep_going")?,
            ignore_unknown: is_set("ignore_unknown")?,
            all_sheets: is_set("all_sheets")?,
            skip_identities: is_set("skip_identities")?,
        };
        if let Some(list) = asked.list() {
            let has_conflicts = matches!(list, ListKind::Registry | ListKind::Claims);
            let conflicts: &[&str] = if has_conflicts { &CONFLICT[..3] } else { &CONFLICT[..1] };
            let is_plain = asked.identifiers == IDENTIFIERS[0] && asked.map.is_empty() && !asked.ignore_unknown;
            if !is_plain || !conflicts.contains(&asked.conflict) {
                return Err(Unfit::NotForLists);
            }
        }
        Ok(asked)
    }

    /// Returns the choices that were made, and those that there are, for the form.
    pub(super) fn values(&self) -> Value {
        let choice = |name: &str, of: &str, words: &[&str]| json!({ "name": name, "chosen": of, "words": words });
        let set = |name: &str, is_set: bool| json!({ "name": name, "is_set": is_set });
        json!({
            "choices": [
                choice("holds", self.holds, &HOLDS),
                choice("conflict", self.conflict, &CONFLICT),
                choice("identifiers", self.identifiers, &IDENTIFIERS),
                choice("allele", self.allele, &ALLELE),
                choice("forms", self.forms, &FORMS),
                choice("numbers", self.numbers, &NUMBERS),
            ],
            "switches": [
                set("keep_going", self.keep_going),
                set("ignore_unknown", self.ignore_unknown),
                set("all_sheets", self.all_sheets),
                set("skip_identities", self.skip_identities),
            ],
            "map": self.map,
        })
    }

    fn list(&self) -> Option<ListKind> {
        ListKind::ALL.into_iter().find(|list| list.word() == self.holds)
    }

    fn options(&self, dry_run: bool) -> ImportOptions {
        ImportOptions {
            layout: self.holds.parse::<Layout>().ok(),
            sheets: if self.all_sheets { Sheets::All } else { Sheets::Only },
            map_of: Some(self.map.clone()).filter(|agency| !agency.is_empty()),
            ignore_unknown: self.ignore_unknown,
            identifiers: match self.identifiers {
                "pseudonyms" => Identifiers::Pseudonyms,
                _ => Identifiers::Original,
            },
            dry_run,
            keep_going: self.keep_going,
            on_conflict: match self.conflict {
                "keep" => OnConflict::Keep,
                "replace" => OnConflict::Replace,
                "add" => OnConflict::Add,
                _ => OnConflict::Refuse,
            },
            identity: (!self.skip_identities).then(IdentityRule::default),
            single_allele: match self.allele {
                "untyped" => SingleAllele::Untyped,
                _ => SingleAllele::Homozygote,
            },
            spreadsheet_numbers: match self.numbers {
                "take" => SpreadsheetNumbers::Take,
                _ => SpreadsheetNumbers::Refuse,
            },
            identifier_forms: match self.forms {
                "distinct" => IdentifierForms::Distinct,
                _ => IdentifierForms::Refuse,
            },
            ..ImportOptions::default()
        }
    }

    /// Checks or imports content, exactly as `reunite import` does a file.
    pub(super) fn import(
        &self,
        store: &Store,
        content: &mut (dyn Read + Send),
        dry_run: bool,
        entry: &Entry,
    ) -> Result<Outcome, StoreError> {
        let (options, listener) = (self.options(dry_run), Listener::default());
        let import = || match self.list() {
            Some(list) => store.import_list_stream((NAME, content), list, &options, entry, &listener),
            None => store.import_stream(NAME, content, &options, entry, &listener),
        };
        let Imported { log, failed, .. } = apart(import)?;
        match failed {
            Some(error) => Err(error),
            None => Ok(Outcome::new(&log, listener.0.into_inner().unwrap_or_else(PoisonError::into_inner))),
        }
    }
}

/// What an import says besides its findings.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    no_custodian: bool,
    withdrawn: u64,
}

#[derive(Default)]
struct Listener(Mutex<Heard>);

impl Observer for Listener {
    fn notice(&self, notice: &Notice<'_>) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match notice {
            Notice::NoCustodian => heard.no_custodian = true,
            Notice::FileImported { done, .. } => heard.withdrawn += done.candidates_deleted,
            _ => {}
        }
    }
}

/// What came of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The file, or each sheet of a workbook that was read.
    sheets: Vec<(FileReport, Vec<FoundLine>)>,
    heard: Heard,
}

impl Outcome {
    fn new(log: &ImportLog, heard: Heard) -> Self {
        let lines = |report: &FileReport| {
            let findings: Vec<_> = log.findings.iter().filter(|one| *one.file == *report.file).cloned().collect();
            found_lines(&findings)
        };
        Self { sheets: log.files.iter().map(|report| (report.clone(), lines(report))).collect(), heard }
    }

    /// Reports whether the import would change anything.
    pub(super) fn has_news(&self) -> bool {
        self.sheets.iter().any(|(report, _)| report.outcome == FileOutcome::Imported)
    }

    /// Returns the values for the page.
    pub(super) fn values(&self, language: Language) -> Value {
        let line = |line: &FoundLine| {
            json!({
                "severity": line.severity.word(), "code": line.code, "lines": line.lines, "further": line.further,
                "column": line.column, "name": line.name, "what": in_language(&line.what, language),
                "remedy": finding_remedy(line.code, language),
            })
        };
        let sheet = |(report, lines): &(FileReport, Vec<FoundLine>)| {
            let name = report.file.strip_prefix(NAME).unwrap_or_default();
            json!({
                "name": name.trim_start_matches('[').trim_end_matches(']'),
                "outcome": report.outcome, "layout": report.layout, "format": report.format, "rows": report.rows,
                "lines": lines.iter().map(line).collect::<Vec<_>>(),
            })
        };
        json!({
            "sheets": self.sheets.iter().map(sheet).collect::<Vec<_>>(),
            "no_custodian": self.heard.no_custodian,
            "withdrawn": self.heard.withdrawn,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "holds=auto&conflict=refuse&identifiers=original&forms=refuse&numbers=refuse&allele=homozygote";

    fn read(text: &str) -> Result<Asked, Unfit> {
        Asked::read(&Fields::read(text).unwrap())
    }

    #[test]
    fn a_form_as_it_is_shown_asks_for_what_the_command_line_does_without_options() {
        let asked = read(PLAIN).unwrap();
        assert_eq!(asked, Asked::default());
        assert_eq!(format!("{:?}", asked.options(false)), format!("{:?}", ImportOptions::default()));
        let other = PLAIN.replace("refuse&i", "replace&i").replace("auto", "children") + "&keep_going=yes&map=Jinan";
        let options = read(&other).unwrap().options(true);
        assert!(options.dry_run && options.keep_going && options.on_conflict == OnConflict::Replace);
        assert_eq!((options.layout, options.map_of.as_deref()), (Some(Layout::Children), Some("Jinan")));
    }

    #[test]
    fn what_no_form_has_is_refused_and_so_is_what_lists_have_no_use_for() {
        for bad in
            ["", &PLAIN.replace("auto", "all"), &PLAIN.replace("homozygote", ""), &format!("{PLAIN}&keep_going=1")]
        {
            assert_eq!(read(bad), Err(Unfit::Unknown), "{bad}");
        }
        let list = |holds: &str, conflict: &str| {
            read(&PLAIN.replace("auto", holds).replace("refuse&i", &format!("{conflict}&i")))
        };
        assert!(list("certificates", "keep").is_ok() && list("keeping", "refuse").is_ok());
        for (holds, conflict) in [("certificates", "add"), ("keeping", "replace"), ("found-children", "keep")] {
            assert_eq!(list(holds, conflict), Err(Unfit::NotForLists), "{holds} {conflict}");
        }
        for (from, to) in
            [("original", "pseudonyms"), ("forms", "ignore_unknown=yes&forms"), ("forms", "map=Jinan&forms")]
        {
            let form = PLAIN.replace("auto", "certificates").replace(from, to);
            assert_eq!(read(&form), Err(Unfit::NotForLists), "{form}");
        }
    }
}
