//! The words for what an operation tells while it works.

use std::any::Any;
use std::sync::Arc;

use crate::intake::Severity;
use crate::ledger::ImportReport;
use crate::matching::Watch;
use crate::model::{Layout, Unscorable};
use crate::report::words::{count, plural};
use crate::report::{ListingLine, list_findings};
use crate::store::{Notice, Observer};

use super::output::Output;
use super::progress::{Bar, interruptible};

/// Warns of families whose candidates have no class.
pub(super) fn warn_unweighed<'a>(output: &Output, unweighed: impl IntoIterator<Item = &'a Unscorable>) {
    for Unscorable { family, locus, reason } in unweighed {
        output.warn(&format!("family {family} was not weighed, at locus {locus}: {reason}"));
    }
}

/// Says what an operation tells, shows a bar, and stops it at Ctrl-C.
pub(super) struct Notices<'a> {
    output: &'a Output,
    /// Whether findings of an import are said; they go out otherwise if not.
    findings: bool,
}

impl<'a> Notices<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        Self { output, findings: true }
    }

    pub(super) fn without_findings(self) -> Self {
        Self { findings: false, ..self }
    }
}

impl Observer for Notices<'_> {
    fn notice(&self, notice: &Notice<'_>) {
        if let &Notice::Findings { file, findings } = notice {
            if self.findings {
                let listed = list_findings(findings.iter().map(|one| (&one.problem, one.text.as_str())));
                for listed in listed {
                    let line = match &listed {
                        ListingLine::Finding { .. } => listed.to_string(),
                        ListingLine::More { .. } => format!("{file}: {listed}; --report-format json lists all"),
                    };
                    match listed.severity() {
                        Severity::Note => self.output.say(&line),
                        Severity::Error | Severity::Warning => self.output.warn(&line),
                    }
                }
            }
        } else if is_warning(notice) {
            self.output.warn(&text(notice));
        } else {
            self.output.say(&text(notice));
        }
    }

    fn watch(&self) -> Arc<Watch> {
        interruptible(self.output)
    }

    fn follow(&self, watch: &Arc<Watch>) -> Box<dyn Any> {
        Box::new(Bar::follow(watch, self.output))
    }
}

/// What must not be missed.
fn is_warning(notice: &Notice<'_>) -> bool {
    matches!(
        notice,
        Notice::FileRefused { .. }
            | Notice::FileConflicts { .. }
            | Notice::Restored { .. }
            | Notice::ExpungedForgotten(_)
            | Notice::LettersVoid(_)
            | Notice::ConsentReferencesLost(_)
            | Notice::DueNotListed(_)
            | Notice::PedigreesWithoutRows { .. }
            | Notice::FamilyNotChecked { .. }
            | Notice::CertificatesNotChecked(_)
            | Notice::FamiliesIndexDamaged
            | Notice::FamiliesIndexNotWritten(_)
            | Notice::TracesStay
    )
}

/// A notice, with what to do about it.
fn text(notice: &Notice<'_>) -> String {
    match notice {
        Notice::NoCustodian => {
            "no custodian: original identifiers are not kept (`reunite vault recipients add` names one)".to_owned()
        }
        Notice::FileImported { file, layout, done, dry_run } => {
            format!("{file}: {}", imported(done, *layout, *dry_run))
        }
        Notice::FileConflicts { replaceable, expunged, .. } => {
            let advice = if *expunged {
                "leave the expunged out of the file, or with --on-conflict keep out of the import; if they consented again, take \
                 them in with --restore-expunged and --reason"
            } else if *replaceable {
                "decide which version is right: --on-conflict keep leaves the store's, --on-conflict replace takes the file's, \
                 and where both are right, --on-conflict add adds the file's genotypes"
            } else {
                "correct the file, or withdraw what is wrong from the store"
            };
            format!("{notice}; {advice}")
        }
        Notice::ConsentReferencesLost(_) => {
            format!("{notice}; `reunite import --as keeping` adds them again")
        }
        Notice::LettersVoid(_) => {
            format!(
                "{notice}; `reunite letter list --outdated` lists them, `reunite letter FAMILY --renew` replaces a letter"
            )
        }
        _ => notice.to_string(),
    }
}

/// What a file brought.
fn imported(done: &ImportReport, layout: Layout, dry_run: bool) -> String {
    let rows = done.added + done.unchanged + done.replaced + done.kept + done.typings;
    let before = match done.seen_before.map(jiff::Timestamp::from_second) {
        Some(Ok(time)) => {
            format!(" (this very file was imported before, on {})", time.strftime("%Y-%m-%d %H:%M UTC"))
        }
        _ => String::new(),
    };
    if rows == done.unchanged {
        return format!("{} of {layout}, all known and unchanged{before}: nothing changed", plural(rows, "row"));
    }
    let would = if dry_run { "would be " } else { "" };
    let mut text = format!("{} of {layout}: {} {would}added", plural(rows, "row"), count(done.added));
    for (number, what) in [
        (done.typings, if done.typings == 1 { "further typing" } else { "further typings" }),
        (done.unchanged, "unchanged"),
        (done.replaced, "replaced"),
        (done.kept, "left as the store has them"),
    ] {
        if number > 0 {
            text += &format!(", {} {what}", count(number));
        }
    }
    if done.candidates_deleted > 0 {
        text += &format!("; {} withdrawn until the next match", plural(done.candidates_deleted, "candidate"));
    }
    if dry_run {
        text += "; dry run, nothing changed";
    }
    text + &before
}
