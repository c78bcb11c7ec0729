//! Finds identifiers in a file that resemble each other but differ: `F1` and `f1`, `F 1` and `F1`.
//!
//! They have different pseudonyms, so a mother of one and a father of the other would become two families, each with
//! half of the evidence. In some laboratories identifiers that differ by case are different families, so nothing is
//! merged by guess.

use std::collections::HashMap;

use crate::intake::columns::fields::Field;
use crate::intake::columns::header::Header;
use crate::intake::findings::{Column, Findings};
use crate::model::{FindingCode, Pseudonym, SampleRecord};

/// What to do with identifiers that differ only in letter case, spaces or the width of brackets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IdentifierForms {
    /// They are errors: they may be one identifier, typed in two ways.
    #[default]
    Refuse,
    /// They are two identifiers, with a warning.
    Distinct,
}

/// An identifier of a file, and another one that may have been meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentifierVariant {
    /// The line of its first occurrence.
    pub line: u64,
    /// The column of its first occurrence.
    pub column: Column,
    /// `true` if it names a family, `false` if it names a sample.
    pub is_family: bool,
    /// Its pseudonym.
    pub own: Pseudonym,
    /// The pseudonym of the other form.
    pub other: Pseudonym,
    /// `true` if the other form is the common form of all identifiers that resemble it.
    pub is_plain: bool,
}

/// Finds identifiers of a file that resemble each other; each row of a form, except the first form, is a finding.
pub(in crate::intake) fn check_variants(
    header: &Header,
    rows: &[SampleRecord],
    variants: &[IdentifierVariant],
    forms: IdentifierForms,
    findings: &mut Findings,
) {
    for (is_family, field) in [(false, Field::SampleId), (true, Field::FamilyId)] {
        // Maps each form to the common form.
        let plain: HashMap<Pseudonym, Pseudonym> = variants
            .iter()
            .filter(|variant| variant.is_family == is_family && variant.is_plain)
            .map(|variant| (variant.own, variant.other))
            .collect();
        if plain.is_empty() {
            continue;
        }
        let mut first: HashMap<Pseudonym, (u64, Pseudonym)> = HashMap::new();
        for row in rows {
            let own = if is_family { row.family.map(|family| family.0) } else { Some(row.sample) };
            let Some(own) = own else { continue };
            let shared = plain.get(&own).copied().unwrap_or(own);
            let &mut (line, form) = first.entry(shared).or_insert((row.line, own));
            if form == own {
                continue;
            }
            let (what, column) = (differ(is_family, &format!("that of line {line}")), header.field_column(field));
            match forms {
                IdentifierForms::Refuse => findings.problem(row.line, column, FindingCode::IdentifierForm, what),
                IdentifierForms::Distinct => findings.warn(row.line, column, FindingCode::IdentifierForm, what),
            }
        }
    }
}

/// Returns the text of the finding about an identifier that resembles another one.
pub(crate) fn differ(is_family: bool, other: &str) -> String {
    let (one, two) = if is_family { ("family", "families") } else { ("sample", "samples") };
    format!(
        "the cell and {other} differ only in letter case, spaces or brackets, so they would become two {two}; write \
         both alike if they are one {one}; if not, import with --identifier-forms distinct"
    )
}
