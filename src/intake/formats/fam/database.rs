//! Reads the frequency database of a project, with its settings.

use std::borrow::Cow;
use std::collections::HashMap;

use super::is_fam;
use super::lengths::Lengths;
use super::main_part::{RawAllele, RawLocus, Theta, read};
use super::values::Values;
use crate::intake::columns::loci;
use crate::intake::columns::loci::{KNOWN_LOCI, Named};
use crate::intake::findings::{Findings, Problem, value_named};
use crate::intake::text::encoding::decode;
use crate::model::{Allele, FindingCode, Locus, Panel};
use crate::population::FrequencyTable;

/// The allele frequencies of a file, and the settings for computing with them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FamDatabase {
    /// The coancestry coefficient F_ST.
    pub theta: f64,
    /// The loci, in file order, each once.
    pub loci: Vec<FamLocus>,
    /// Notes about what was left out.
    pub notes: Vec<Problem>,
}

/// One locus of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FamLocus {
    /// Its name, in this program's spelling if the locus is known.
    pub locus: Locus,
    /// Alleles with the frequencies in the file, in ascending order.
    pub alleles: Vec<(Allele, f64)>,
    /// Number of persons counted: half the size of the database, which counts alleles.
    pub individuals: Option<u32>,
    /// Frequency of the silent allele, if there is one; from 0 and below 1.
    pub silent: Option<f64>,
    /// Frequency of the "Rest allele": all alleles without a name, which mutation models count as one; 0 if there is
    /// none.
    pub rest: f64,
    /// Drop-out probability for persons for whom drop-out is considered.
    pub drop_out: f64,
    /// Frequency for rarer alleles, from 0 and below 1; 0 if none is set.
    pub rare: f64,
    /// `true` if there are alleles with a lower frequency than that.
    pub below_rare: bool,
    /// The mutation settings.
    pub mutation: FamMutation,
}

/// Mutation settings of a locus; mothers' values come before fathers'.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FamMutation {
    /// The models: 0 equal, 1 proportional, 2 stepwise along the list of alleles, 3 the same but stationary, 4 extended
    /// stepwise.
    pub models: [usize; 2],
    /// Mutation rates.
    pub rates: [f64; 2],
    /// Factor for each further step.
    pub ranges: [f64; 2],
    /// Rates of changes to other microvariant groups.
    pub second_rates: [f64; 2],
}

/// Familias' name for all alleles that a database does not list.
const REST_ALLELE: &str = "Rest allele";
/// The maximum total frequency of alleles of a locus without a repeat number.
const MOST_NAMELESS: f64 = 0.02;

/// The number of bytes that contain the first words of a file.
const START: usize = 256;

/// Reports whether a file is a project, in any encoding.
#[must_use]
pub fn is_fam_database(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(START)];
    decode(start, None, &mut Findings::new("")).is_some_and(|text| is_fam(&text))
}

/// Returns the text of a file. Only persons, pedigrees and remarks have names in other than Latin letters. They are not
/// used here, so invalid UTF-8 in them is ignored.
fn text<'a>(bytes: &'a [u8], findings: &mut Findings) -> Option<Cow<'a, [u8]>> {
    if std::str::from_utf8(bytes).is_ok() {
        return Some(Cow::Borrowed(bytes));
    }
    if bytes.contains(&0) {
        return decode(bytes, None, findings);
    }
    Some(Cow::Owned(String::from_utf8_lossy(bytes).into_owned().into_bytes()))
}

/// Reads the database of a file in UTF-8, UTF-16, GB18030 or Latin-1; persons and pedigrees are skipped.
///
/// # Errors
/// Every problem, in order of lines.
pub fn read_fam_database(file_name: &str, bytes: &[u8]) -> Result<FamDatabase, Vec<Problem>> {
    let mut findings = Findings::new(file_name);
    let text = text(bytes, &mut findings);
    let database = text
        .as_deref()
        .and_then(|text| Values::new(text, &mut findings))
        .and_then(|mut values| read(&mut values, &mut findings))
        .map(|main| (main.theta, all_loci(main.line, &main.loci, &mut findings)));
    if let Some((Theta { line, value: theta }, _)) = database
        && theta >= 1.0
    {
        findings.problem(line, value_named("theta"), FindingCode::Theta, format!("a theta of {theta} is not below 1"));
    }
    let (problems, notes) = findings.finish();
    match database {
        Some((Theta { value: theta, .. }, loci)) if problems.is_empty() => Ok(FamDatabase { theta, loci, notes }),
        _ => Err(problems),
    }
}

fn all_loci(line: u64, raw: &[RawLocus<'_>], findings: &mut Findings) -> Vec<FamLocus> {
    if raw.is_empty() || raw.len() > Panel::MOST_LOCI {
        let what = format!("is not from 1 to {}", Panel::MOST_LOCI);
        findings.problem(line, value_named("number of loci"), FindingCode::Loci, what);
        return Vec::new();
    }
    // Names are looked up in the dictionary of known loci, which requires a panel of any one locus.
    let known: Option<Vec<Locus>> = KNOWN_LOCI.iter().take(1).map(|name| name.parse().ok()).collect();
    let known = known.and_then(|known| Panel::new(known).ok());
    let mut first: HashMap<Locus, u64> = HashMap::new();
    let mut loci = Vec::with_capacity(raw.len());
    for raw in raw {
        if Lengths::of(raw.alleles.iter().map(|allele| allele.name)).are_base_pairs() {
            let what = "its alleles are lengths in base pairs: left out of the frequencies";
            findings.note(raw.line, value_named("name of the locus"), FindingCode::BasePairs, what);
            continue;
        }
        // In this program's spelling.
        let name = match known.as_ref().map(|known| loci::marker_named(raw.name, known, &[])) {
            Some(Named::Amelogenin) => {
                let what = "is the sex marker, not an STR locus: left out of the frequencies";
                findings.note(raw.line, value_named("name of the locus"), FindingCode::Amelogenin, what);
                continue;
            }
            Some(Named::Locus { locus, .. }) => Some(locus),
            _ => raw.name.parse().ok(),
        };
        let Some(name) = name else {
            let what = "is not a valid name of a locus; write letters and digits, beginning with a letter";
            findings.problem(raw.line, value_named("name of the locus"), FindingCode::Locus, what);
            continue;
        };
        if let Some(first) = first.insert(name.clone(), raw.line) {
            let what = format!("is also the name of the locus on line {first}; remove one of the two");
            findings.problem(raw.line, value_named("name of the locus"), FindingCode::RepeatedLocus, what);
        }
        loci.extend(locus(name, raw, findings));
    }
    if loci.is_empty() && findings.count() == 0 {
        let what = "is stated, but none is an STR locus with repeat numbers: nothing to read";
        findings.problem(line, value_named("number of loci"), FindingCode::Loci, what);
    }
    loci
}

fn locus(name: Locus, raw: &RawLocus<'_>, findings: &mut Findings) -> Option<FamLocus> {
    let before = findings.count();
    let mut alleles: HashMap<Allele, (u64, f64)> = HashMap::new();
    let (mut sum, mut nameless, mut rest) = (0.0, 0.0, 0.0);
    for &RawAllele { line, name: text, frequency } in &raw.alleles {
        sum += frequency;
        if text.eq_ignore_ascii_case(REST_ALLELE) {
            rest += frequency;
            let what = "means all other alleles: it is counted as one allele that nobody has";
            findings.note(line, value_named("name of the allele"), FindingCode::RestAllele, what);
            continue;
        }
        let Ok(allele) = text.parse::<Allele>() else {
            nameless += frequency;
            let what = format!("is not a repeat number: the allele is left out, with its frequency of {frequency}");
            findings.note(line, value_named("name of the allele"), FindingCode::Allele, what);
            continue;
        };
        if let Some((first, _)) = alleles.insert(allele, (line, frequency)) {
            let what = format!("the locus has this allele on line {first}; remove one of the two");
            findings.problem(line, value_named("name of the allele"), FindingCode::RepeatedAllele, what);
        }
    }
    let silent = raw.silent;
    if silent.is_some_and(|silent| silent >= 1.0) {
        let what = "the locus has only silent alleles; give them a frequency below 1";
        findings.problem(raw.line, value_named("frequency of the silent allele"), FindingCode::Silent, what);
    }
    if raw.rare >= 1.0 {
        let what = format!("a frequency of rare alleles of {} is not below 1", raw.rare);
        findings.problem(raw.line, value_named("Minor allele frequency"), FindingCode::RareAllele, what);
    }
    // The sum may or may not include the silent allele.
    let near = |one: f64| (sum - one).abs() <= FrequencyTable::SUM_TOLERANCE;
    if !near(1.0) && !near(1.0 - silent.unwrap_or(0.0)) {
        let what =
            format!("the frequencies of the locus add up to {sum:.4}, not to 1; look for a missing or wrong one");
        findings.problem(raw.line, value_named("frequencies"), FindingCode::Sum, what);
    } else if nameless > MOST_NAMELESS {
        let what = format!(
            "alleles of the locus with a frequency of {nameless:.4} have names that are not repeat numbers; name them \
             by numbers such as 14 or 9.3, or leave the locus out"
        );
        findings.problem(raw.line, value_named("names of the alleles"), FindingCode::Allele, what);
    }
    let mut alleles: Vec<(Allele, f64)> =
        alleles.into_iter().map(|(allele, (_, frequency))| (allele, frequency)).collect();
    alleles.sort_unstable_by_key(|allele| allele.0);
    let (mutation, rare) = (raw.mutation(), raw.rare);
    let below_rare = alleles.iter().any(|allele| allele.1 < rare);
    // The cast truncates; it is exact below 2^32 and saturates there.
    let individuals = raw.counted.map(|counted| (counted / 2.0) as u32).filter(|&individuals| individuals > 0);
    let drop_out = raw.drop_out;
    (findings.count() == before).then_some(FamLocus {
        locus: name,
        alleles,
        individuals,
        silent,
        rest,
        drop_out,
        rare,
        below_rare,
        mutation,
    })
}

impl RawLocus<'_> {
    fn mutation(&self) -> FamMutation {
        FamMutation { models: self.models, rates: self.rates, ranges: self.ranges, second_rates: self.second_rates }
    }
}
