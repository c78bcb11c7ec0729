//! Interprets loci and alleles of CMF files.

use std::collections::HashMap;

use super::grammar::Element;
use crate::intake::columns::header::ValueColumn;
use crate::intake::columns::loci::{self, Named};
use crate::intake::findings::{Findings, value_named};
use crate::model::{Allele, FindingCode, Panel};

/// The column of the sex marker.
const AMELOGENIN: ValueColumn = ValueColumn::SexMarker { name: "Amelogenin" };

/// The meaning of a locus name.
#[derive(Clone)]
pub(super) enum Meaning {
    /// A column, as a position from 0 among those of loci.
    Column(usize),
    /// A locus on a sex chromosome, which is inherited differently.
    SexChromosome,
    /// An unknown locus, with the text of the finding.
    Unknown(String),
}

/// The loci of a file, in the order of their first specimens.
pub(super) struct Loci<'a> {
    panel: &'a Panel,
    /// Their columns, each once, regardless of spelling.
    pub(super) columns: Vec<ValueColumn>,
    /// The meaning of each spelling.
    meanings: HashMap<String, Meaning>,
}

impl<'a> Loci<'a> {
    pub(super) fn new(panel: &'a Panel) -> Self {
        Self { panel, columns: Vec::new(), meanings: HashMap::new() }
    }

    /// Reports whether a column is that of the sex marker.
    pub(super) fn is_amelogenin(&self, column: usize) -> bool {
        self.columns[column] == AMELOGENIN
    }

    /// Returns the meaning of a name. Notes about a name are reported at its first place.
    pub(super) fn find(&mut self, line: u64, name: &str, findings: &mut Findings) -> Meaning {
        if let Some(meaning) = self.meanings.get(name) {
            return meaning.clone();
        }
        let meaning = self.meaning(line, name, findings);
        self.meanings.insert(name.to_owned(), meaning.clone());
        meaning
    }

    fn meaning(&mut self, line: u64, value: &str, findings: &mut Findings) -> Meaning {
        let name = Element::LocusName.name();
        let known = match loci::marker_named(value, self.panel, &[]) {
            Named::Locus { locus, alias, .. } => {
                if alias {
                    findings.note(line, value_named(name), FindingCode::Alias, format!("is read as {locus}"));
                }
                ValueColumn::Locus(locus)
            }
            Named::Amelogenin => AMELOGENIN,
            Named::Elsewhere => {
                let what = "is on a sex chromosome, or is a quality marker of the kit: skipped in all specimens";
                findings.note(line, value_named(name), FindingCode::Elsewhere, what);
                return Meaning::SexChromosome;
            }
            Named::Unknown { nearest } => {
                return Meaning::Unknown(match nearest {
                    Some(nearest) => {
                        format!("is an unknown locus; did you mean {nearest}? Correct it or remove the locus")
                    }
                    None => "is an unknown locus; correct it or remove the locus".to_owned(),
                });
            }
        };
        Meaning::Column(self.columns.iter().position(|column| *column == known).unwrap_or_else(|| {
            self.columns.push(known);
            self.columns.len() - 1
        }))
    }
}

/// Reports whether a value is `OL`, or beyond an end of the ladder, as `<9` and `>10`.
pub(super) fn is_off_ladder(value: &str) -> bool {
    value.eq_ignore_ascii_case("OL")
        || value.strip_prefix(['<', '>']).is_some_and(|end| end.trim_start().parse::<Allele>().is_ok())
}
