//! Reads tables without columns: files for Merlin and Mendel, and lines with a locus and its alleles, as `14=0.12`.

use super::form::TableForm;
use super::gather::{Gather, Gathered};
use super::grid::Row;
use super::labels::{Label, label};
use super::numbers::{number, whole};
use crate::model::FindingCode;

/// The line that names a locus in a Mendel file.
struct Heading<'a> {
    name: &'a str,
    is_autosomal: bool,
    alleles: u32,
    phenotypes: u32,
}

/// Returns the form if the rows are a file of this kind.
pub(super) fn form(rows: &[Row]) -> Option<TableForm> {
    let (first, next) = (rows.first()?, rows.get(1)?);
    if first.cell(0) == "M" && first.filled() == 2 && matches!(next.cell(0), "A" | "F") {
        return Some(TableForm::Merlin);
    }
    if curran_locus(next).is_some() && first.filled() == 1 && whole(first.cell(0)).is_some() {
        return Some(TableForm::Curran);
    }
    let pairs = |row: &Row| row.filled() > 1 && !row.cell(0).is_empty() && pair(row.cell(1)).is_some();
    if pairs(first) {
        return Some(TableForm::Pairs);
    }
    let allele = next.filled() == 2 && matches!(label(next.cell(0)), Some(Label::Allele(_) | Label::Length(_)));
    (heading(first).is_some() && allele).then_some(TableForm::Mendel)
}

/// Reads the rows; `None` if that is impossible, and the findings then say why.
pub(super) fn gather_list(rows: &[Row], form: TableForm, mut gather: Gather<'_, '_>) -> Option<Gathered> {
    let before = gather.findings.count();
    if gather.request.population.is_some() {
        let what = "the table does not say whose frequencies these are; leave out the population";
        gather.problem(0, None, FindingCode::NoPopulations, what);
    }
    let ranks = match form {
        TableForm::Merlin => merlin(rows, &mut gather),
        TableForm::Pairs => pairs(rows, &mut gather),
        TableForm::Curran => curran(rows, &mut gather),
        _ => mendel(rows, &mut gather),
    };
    if ranks.is_all() && gather.findings.count() == before {
        let what = "the alleles of all loci are 1, 2, 3 and so on, which are positions in a list; name them by repeats";
        gather.problem(0, None, FindingCode::TableLabel, what);
    }
    if gather.findings.count() == before { gather.finish() } else { None }
}

/// Detects whether the alleles of each locus are numbered 1, 2, 3 and so on.
#[derive(Default)]
struct Ranks {
    /// The last allele of this locus, if all were numbered so.
    last: Option<u16>,
    loci: u32,
    others: u32,
}

impl Ranks {
    fn locus(&mut self) {
        self.loci += 1;
        self.last = Some(0);
    }

    fn allele(&mut self, label: Label) {
        let Some(last) = self.last else { return };
        if matches!(label, Label::Allele(allele) if allele.tenths() == 10 * (last + 1)) {
            self.last = Some(last + 1);
        } else {
            self.last = None;
            self.others += 1;
        }
    }

    fn is_all(&self) -> bool {
        self.loci > 0 && self.others == 0
    }
}

/// Splits `14=0.12` or `14:0.12`.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (allele, value) = text.split_once(['=', ':'])?;
    let (allele, value) = (allele.trim(), value.trim());
    (label(allele).is_some() && number(value).is_some()).then_some((allele, value))
}

fn pairs(rows: &[Row], gather: &mut Gather<'_, '_>) -> Ranks {
    let mut ranks = Ranks::default();
    for row in rows {
        let pairs = || row.cells.iter().skip(1).filter(|cell| !cell.is_empty());
        if row.cell(0).is_empty() || pairs().next().is_none() {
            let what =
                "the line does not begin with the name of a locus and an allele such as 14=0.12; correct or remove it";
            gather.problem(row.line, None, FindingCode::LadderLine, what);
            continue;
        }
        let locus = gather.locus(row.cell(0), row.line, None);
        ranks.locus();
        for text in pairs() {
            match (pair(text), locus) {
                (Some((allele, value)), Some(locus)) => {
                    let Some(label) = label(allele) else { continue };
                    ranks.allele(label);
                    gather.value(locus, label, value, None, (row.line, None));
                }
                (Some(_), None) => {}
                (None, _) => {
                    let what = "a cell is not an allele with its frequency, such as 14=0.12; correct it";
                    gather.problem(row.line, None, FindingCode::LadderLine, what);
                }
            }
        }
    }
    ranks
}

/// Returns the name of a locus and its number of alleles in `D3S1358,8`.
fn curran_locus(row: &Row) -> Option<(&str, u32)> {
    let name = row.cell(0);
    (row.filled() == 2 && !name.is_empty() && number(name).is_none()).then(|| Some((name, whole(row.cell(1))?)))?
}

/// Reads the number of loci; then for each its name and number of alleles, and lines such as `1,14,0.12`.
fn curran(rows: &[Row], gather: &mut Gather<'_, '_>) -> Ranks {
    let mut ranks = Ranks::default();
    let [first, rows @ ..] = rows else { return ranks };
    let mut loci = 0;
    let mut rows = rows.iter().peekable();
    while let Some(row) = rows.next() {
        let Some((name, alleles)) = curran_locus(row) else {
            let what = "the line is neither a locus with the number of its alleles nor an allele of it; correct the \
                        number, or remove the line";
            gather.problem(row.line, None, FindingCode::LadderLine, what);
            return ranks;
        };
        let locus = gather.locus(name, row.line, None);
        loci += 1;
        ranks.locus();
        for place in 1..=alleles {
            let Some(row) = rows.next_if(|row| row.filled() == 3 && whole(row.cell(0)) == Some(place)) else {
                let what = "the locus has fewer lines of alleles, numbered from 1, than it says; correct the number, \
                            or add the lines";
                gather.problem(row.line, None, FindingCode::LadderLine, what);
                return ranks;
            };
            match (label(row.cell(1)), locus) {
                (Some(label), Some(locus)) => {
                    ranks.allele(label);
                    gather.value(locus, label, row.cell(2), None, (row.line, None));
                }
                (_, None) => {}
                (None, _) => gather.not_an_allele_of(row.cell(2), row.line, None),
            }
        }
    }
    if whole(first.cell(0)) != Some(loci) {
        let what = "the first line is not the number of loci that follow; correct it, or add the loci";
        gather.problem(first.line, None, FindingCode::LadderLine, what);
    }
    ranks
}

fn merlin(rows: &[Row], gather: &mut Gather<'_, '_>) -> Ranks {
    let (mut locus, mut ranks) = (None, Ranks::default());
    for row in rows {
        match (row.cell(0), row.filled()) {
            ("M", 2) => {
                locus = gather.locus(row.cell(1), row.line, None);
                ranks.locus();
            }
            ("A", 3) => match label(row.cell(1)) {
                Some(label) => {
                    ranks.allele(label);
                    if let Some(locus) = locus {
                        gather.value(locus, label, row.cell(2), None, (row.line, None));
                    }
                }
                None => gather.not_an_allele(row.line, None),
            },
            ("F", 2..) => {
                let what = "the line gives frequencies without the names of their alleles; write a line such as A 14 \
                            0.12 for each allele";
                gather.problem(row.line, None, FindingCode::TableLabel, what);
            }
            _ => {
                let what = "the line is neither M with the name of a locus nor A with an allele and its frequency; \
                            correct or remove it";
                gather.problem(row.line, None, FindingCode::LadderLine, what);
            }
        }
    }
    ranks
}

/// Reads `NAME AUTOSOME 8 0`; the name may be joined with the word, because older files have fixed columns.
fn heading(row: &Row) -> Option<Heading<'_>> {
    let kind = |text: &str| match text.to_ascii_uppercase().as_str() {
        "AUTOSOME" => Some(true),
        "X-LINKED" | "Y-LINKED" | "X_LINKED" => Some(false),
        _ => None,
    };
    let (name, is_autosomal, rest) = match kind(row.cell(1)) {
        Some(is_autosomal) => (row.cell(0), is_autosomal, 2),
        None => {
            let first = row.cell(0);
            let (name, word) = first.split_at_checked(first.len().checked_sub("AUTOSOME".len())?)?;
            (name, kind(word)?, 1)
        }
    };
    let alleles = whole(row.cell(rest))?;
    let phenotypes = if row.cell(rest + 1).is_empty() { 0 } else { whole(row.cell(rest + 1))? };
    (!name.is_empty() && row.cells.len() <= rest + 2).then_some(Heading { name, is_autosomal, alleles, phenotypes })
}

fn mendel(rows: &[Row], gather: &mut Gather<'_, '_>) -> Ranks {
    let mut ranks = Ranks::default();
    let mut rows = rows.iter().peekable();
    while let Some(row) = rows.next() {
        let Some(Heading { name, is_autosomal, alleles, phenotypes }) = heading(row) else {
            let what = "the line is neither a locus with the number of its alleles nor an allele of it; correct the \
                        number, or remove the line";
            gather.problem(row.line, None, FindingCode::LadderLine, what);
            return ranks;
        };
        if phenotypes > 0 {
            let what = "the locus lists phenotypes; give its alleles alone, and 0 phenotypes";
            gather.problem(row.line, None, FindingCode::LadderLine, what);
            return ranks;
        }
        let locus = if is_autosomal { gather.locus(name, row.line, None) } else { None };
        if is_autosomal {
            ranks.locus();
        } else {
            let what = "is on a sex chromosome, or not an STR marker: left out of the table";
            gather.findings.note(row.line, None, FindingCode::Elsewhere, what);
        }
        for _ in 0..alleles {
            let Some(row) = rows.next_if(|row| heading(row).is_none()) else {
                let what = "the locus has fewer lines of alleles than it says; correct the number, or add the lines";
                gather.problem(row.line, None, FindingCode::LadderLine, what);
                return ranks;
            };
            match (label(row.cell(0)), locus, row.filled()) {
                (Some(label), Some(locus), 2) => {
                    ranks.allele(label);
                    gather.value(locus, label, row.cell(1), None, (row.line, None));
                }
                (_, None, _) => {}
                (None, ..) => gather.not_an_allele(row.line, None),
                _ => {
                    let what = "the line is not an allele with its frequency; correct it";
                    gather.problem(row.line, None, FindingCode::LadderLine, what);
                }
            }
        }
    }
    ranks
}
