//! Determines whether the collected cells are fractions, percentages or counts, and checks the sums.

use std::collections::BTreeMap;

use super::gather::{Gathered, LocusCells, Value};
use super::labels::Label;
use crate::intake::findings::Findings;
use crate::model::{Allele, FindingCode, Locus};
use crate::population::{FrequencyTable, LocusFrequencies, LocusFrequenciesError};

/// Range of the sum of percentages.
const PERCENT: std::ops::Range<f64> = 90.0..110.0;
/// Range of the sum of fractions.
const FRACTION: std::ops::Range<f64> = 0.9..1.1;

/// A sound locus.
pub(super) struct Settled {
    pub(super) locus: Locus,
    pub(super) written: String,
    pub(super) frequencies: LocusFrequencies,
    /// The table's frequency for alleles without a row.
    pub(super) floor: Option<f64>,
}

/// The kind of values in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Fraction,
    Percent,
    Count,
}

/// Settles every locus, in the order of the file. Loci with a problem are left out.
pub(super) fn settle(gathered: Gathered, findings: &mut Findings) -> Vec<Settled> {
    let mut loci = gathered.loci;
    let Some(unit) = unit(&loci, gathered.counts, findings) else { return Vec::new() };
    // A column without values is left out: its locus belongs to another kit.
    loci.retain(|cells| {
        let empty = cells.values.is_empty();
        if empty {
            let what = format!("{} has no frequency: left out of the table", cells.locus);
            findings.warn(cells.line, cells.column.clone(), FindingCode::EmptyLocus, what);
        }
        !empty
    });
    loci.retain(|cells| {
        let lengths = are_lengths(cells);
        if lengths {
            let what = format!("the alleles of {} are lengths in base pairs: left out of the table", cells.locus);
            findings.note(cells.line, cells.column.clone(), FindingCode::BasePairs, what);
        }
        !lengths
    });
    let rare_is_rest = rare_is_rest(&loci, unit);
    loci.into_iter().filter_map(|cells| one(cells, unit, rare_is_rest, findings)).collect()
}

/// Reports whether an allele's value belongs to the sum of its locus.
fn adds_up(label: Label) -> bool {
    matches!(label, Label::Allele(_) | Label::Length(_) | Label::NoAllele | Label::Rest)
}

/// Reports whether the alleles of a locus are named by their lengths: all are too large for a likely number of repeats.
fn are_lengths(cells: &LocusCells) -> bool {
    const LEAST_TENTHS: u16 = 600;
    let seen = || cells.values.iter().filter(|value| value.number.value > 0.0);
    seen().any(|value| matches!(value.label, Label::Length(_)))
        && seen().all(|value| match value.label {
            Label::Allele(allele) => allele.tenths() >= LEAST_TENTHS,
            _ => true,
        })
}

fn sum(cells: &LocusCells) -> f64 {
    cells.values.iter().filter(|value| adds_up(value.label)).map(|value| value.number.value).sum()
}

/// Determines the kind of values by the sum of each locus.
fn unit(loci: &[LocusCells], counts: bool, findings: &mut Findings) -> Option<Unit> {
    let values = || loci.iter().flat_map(|cells| &cells.values);
    let whole = || values().filter(|value| adds_up(value.label)).all(|value| value.number.value.fract() == 0.0);
    if values().any(|value| value.number.percent) {
        if let Some(plain) = values().find(|value| !value.number.percent && value.number.value > 0.0) {
            let what = "has no percent sign, and other frequencies of the table have one; write all alike";
            findings.problem(plain.line, plain.column.clone(), FindingCode::FrequencyUnits, what);
            return None;
        }
        return Some(Unit::Percent);
    }
    if counts {
        return Some(Unit::Count);
    }
    let sums = || loci.iter().filter(|cells| !cells.values.is_empty()).map(|cells| (cells, sum(cells)));
    let number = sums().count();
    let fractions = sums().filter(|(_, sum)| FRACTION.contains(sum)).count();
    let percentages = sums().filter(|(_, sum)| PERCENT.contains(sum)).count();
    if percentages == number && number > 0 {
        return Some(Unit::Percent);
    }
    if fractions == 0 && whole() && sums().all(|(_, sum)| sum > 1.0) {
        return Some(Unit::Count);
    }
    if fractions == 0 && percentages > 0 {
        return Some(Unit::Percent);
    }
    if percentages > 0 {
        if let Some((cells, sum)) = sums().find(|(_, sum)| PERCENT.contains(sum)) {
            let what = format!(
                "the frequencies of {} add up to {sum:.4}, those of other loci to about 1; write all in percent, or \
                 none",
                cells.locus
            );
            findings.problem(cells.line, cells.column.clone(), FindingCode::FrequencyUnits, what);
        }
        return None;
    }
    Some(Unit::Fraction)
}

/// Reports whether rows called `rare` hold what is missing from the sums, rather than a minimum frequency.
fn rare_is_rest(loci: &[LocusCells], unit: Unit) -> bool {
    let one = if unit == Unit::Percent { 100.0 } else { 1.0 };
    let nearer = |cells: &LocusCells| {
        let rare: f64 = cells.values.iter().filter(|v| v.label == Label::RestOrFloor).map(|v| v.number.value).sum();
        let sum = sum(cells);
        (rare > 0.0).then_some((sum + rare - one).abs() < (sum - one).abs())
    };
    let (mut rest, mut floor) = (0, 0);
    for is_rest in loci.iter().filter_map(nearer) {
        if is_rest { rest += 1 } else { floor += 1 }
    }
    unit == Unit::Count || rest > floor
}

fn one(cells: LocusCells, unit: Unit, rare_is_rest: bool, findings: &mut Findings) -> Option<Settled> {
    let before = findings.count();
    let LocusCells { locus, written, line, column, values, persons, .. } = cells;
    let scale = match unit {
        Unit::Fraction => 1.0,
        Unit::Percent => 100.0,
        Unit::Count => values.iter().filter(|value| adds_up(value.label)).map(|value| value.number.value).sum(),
    };
    let mut alleles: BTreeMap<Allele, (u64, f64)> = BTreeMap::new();
    let (mut silent, mut floor, mut left_out): (Option<f64>, Option<f64>, Option<(u64, f64)>) = (None, None, None);
    for value in &values {
        let Value { line, column, label, number, .. } = value;
        // Among counts, a floor is still a frequency.
        let floors = matches!(label, Label::Floor | Label::RestOrFloor);
        let scale = if unit == Unit::Count && floors && number.value < 1.0 { 1.0 } else { scale };
        let share = number.value / scale;
        let is_whole = unit != Unit::Count || floors || number.value.fract() == 0.0;
        if !(0.0..=1.0).contains(&share) || !is_whole {
            let what = match unit {
                Unit::Fraction => "is not a frequency; write a number from 0 to 1",
                Unit::Percent => "is not a frequency; write a number from 0 to 100, because the others are percentages",
                Unit::Count => "is not a count; write a whole number",
            };
            findings.problem(*line, column.clone(), FindingCode::FrequencyValue, what);
            continue;
        }
        match label {
            Label::Allele(allele) => {
                if let Some((first, _)) = alleles.insert(*allele, (*line, share)) {
                    let what = format!("{locus} allele {allele} is given twice, first in line {first}");
                    findings.problem(*line, column.clone(), FindingCode::RepeatedAllele, what);
                }
            }
            Label::Length(_) if share > 0.0 => {
                let what = "is not an allele of this locus; write a repeat number such as 14 or 9.3, or remove the row";
                findings.problem(*line, column.clone(), FindingCode::TableLabel, what);
            }
            Label::Length(_) => {}
            Label::Silent => {
                if silent.replace(share).is_some() {
                    let what = format!("{locus} allele silent is given twice");
                    findings.problem(*line, column.clone(), FindingCode::RepeatedAllele, what);
                }
            }
            Label::Floor | Label::RestOrFloor if *label == Label::Floor || !rare_is_rest => {
                if floor.replace(share).is_some_and(|other| other != share) {
                    let what =
                        format!("{locus} has two frequencies for alleles without a row; remove one of the two rows");
                    findings.problem(*line, column.clone(), FindingCode::RepeatedAllele, what);
                }
            }
            _ => {
                let (_, sum) = left_out.get_or_insert((*line, 0.0));
                *sum += share;
            }
        }
    }
    let floor = floor.filter(|floor| (f64::MIN_POSITIVE..1.0).contains(floor));
    let shares = left_out.map_or(0.0, |(_, share)| share);
    if let Some((line, share)) = left_out {
        let what = format!(
            "rows of {locus} are not for a single allele (0, off the ladder, or all others): left out, with a \
             frequency of {share:.4}"
        );
        findings.note(line, None, FindingCode::AlleleClass, what);
    }
    if findings.count() > before {
        // The sum of the other values then has no meaning.
        return None;
    }
    let counted = counted(&values, unit);
    let stated = alleles.iter().map(|(allele, &(_, share))| (*allele, share));
    let frequencies = LocusFrequencies::new(stated, persons.or(counted), silent);
    let mut problem = |code, what: String| findings.problem(line, column.clone(), code, what);
    match &frequencies {
        Ok(_) => {}
        Err(LocusFrequenciesError::Sum(sum)) => {
            let left_out = if shares > 0.0 { format!(", and {shares:.4} is left out") } else { String::new() };
            problem(
                FindingCode::Sum,
                format!(
                    "the frequencies of {locus} add up to {sum:.4}{left_out}, not to 1; look for a missing or wrong row"
                ),
            );
        }
        Err(LocusFrequenciesError::Silent(_)) => {
            problem(FindingCode::Silent, format!("all alleles of {locus} are silent; write a frequency below 1"));
        }
        Err(LocusFrequenciesError::NoAllele) => {
            problem(
                FindingCode::NoAllele,
                format!("{locus} has no allele that can occur in a profile; add its alleles"),
            );
        }
        Err(LocusFrequenciesError::TooMany(alleles)) => {
            let most = FrequencyTable::MOST_ALLELES;
            problem(
                FindingCode::ManyRows,
                format!(
                    "{locus} has {alleles} alleles, and at most {most} are allowed; leave alleles out that were never \
                     seen"
                ),
            );
        }
        Err(error) => problem(FindingCode::FrequencyValue, format!("{locus}: {error}")),
    }
    Some(Settled { locus, written, frequencies: frequencies.ok()?, floor })
}

/// Returns the number of persons from the counts: those that are the values, or those beside frequencies, if they fit.
fn counted(values: &[Value], unit: Unit) -> Option<u32> {
    let alleles = || values.iter().filter(|value| adds_up(value.label));
    let total: f64 = if unit == Unit::Count {
        alleles().map(|value| value.number.value).sum()
    } else {
        let total: f64 = alleles().map(|value| value.count.map(f64::from)).sum::<Option<f64>>()?;
        let one = if unit == Unit::Percent { 100.0 } else { 1.0 };
        let fits = |value: &Value| {
            value.count.is_some_and(|count| (f64::from(count) / total - value.number.value / one).abs() < 0.005)
        };
        alleles().all(fits).then_some(total)?
    };
    // Two alleles were counted for each person.
    let persons = (total / 2.0).floor();
    (1.0..=f64::from(u32::MAX)).contains(&persons).then_some(persons as u32)
}
