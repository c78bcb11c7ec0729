//! Reads the part that every file has: persons, pedigrees and the frequency database.
//!
//! | lines | content |
//! |---|---|
//! | 3 | the program that wrote the file, a warning, the version |
//! | 1 | an empty text, which may be missing |
//! | 1 | number of persons, then for each: name, flag, year of birth, flag, flag for male, number of typed loci, and for each of those both alleles and the locus, all by position from 0 |
//! | 4 | `"Known relations"`, numbers of nameless women, men and relations, then for each relation parent and child by position |
//! | 1 | number of pedigrees, then for each: position, name, and numbers of further nameless women, men and relations, and these |
//! | 1 | flag for results, number of databases, theta |
//! | 1 | number of loci, then a flag for a name of the database, and the name; see [`RawLocus`] |

use super::values::{Values, flag_value, not_negative};
use crate::intake::findings::{Findings, value_named};
use crate::model::{FindingCode, Sex};

/// More nameless persons than any pedigree has.
const MOST_NAMELESS: usize = 1000;
/// The maximum of pedigrees times persons and relations: all of them are visited for each pedigree.
pub(super) const MOST_PLACES: usize = 1 << 28;

/// Everything before the part of the DVI module.
pub(super) struct Main<'a> {
    pub(super) persons: Vec<Person<'a>>,
    /// The line where the common part of all pedigrees begins.
    pub(super) known_line: u64,
    /// The common part of all pedigrees.
    pub(super) known: Links,
    pub(super) pedigrees: Vec<Drawn<'a>>,
    /// The line with the number of loci.
    pub(super) line: u64,
    pub(super) theta: Theta,
    pub(super) loci: Vec<RawLocus<'a>>,
}

pub(super) struct Person<'a> {
    pub(super) line: u64,
    pub(super) name: &'a str,
    pub(super) sex: Sex,
    /// `true` if alleles may have dropped out.
    pub(super) drop_out: bool,
    pub(super) typed: Vec<Typed>,
}

/// A person's alleles at a locus: alleles and locus by position in the database.
pub(super) struct Typed {
    pub(super) line: u64,
    pub(super) alleles: [usize; 2],
    pub(super) locus: usize,
}

/// A pedigree. Positions cover the persons, then the nameless women and men of all pedigrees, then the pedigree's own.
pub(super) struct Drawn<'a> {
    pub(super) line: u64,
    pub(super) name: &'a str,
    pub(super) own: Links,
}

/// Nameless persons, and the relations stated with them.
pub(super) struct Links {
    pub(super) women: usize,
    pub(super) men: usize,
    pub(super) relations: Vec<Descent>,
}

/// F_ST of the database.
#[derive(Clone, Copy)]
pub(super) struct Theta {
    pub(super) line: u64,
    pub(super) value: f64,
}

/// A parent and a child by position.
#[derive(Clone, Copy)]
pub(super) struct Descent {
    pub(super) line: u64,
    pub(super) parent: usize,
    pub(super) child: usize,
}

/// A locus of the database; mothers' values come before fathers'. The file states: name, mutation rates, models, number
/// of alleles including the silent one, ranges, second rates, flag for a silent allele, its frequency, number of
/// alleles without it and in brackets database size, drop-out and rare frequency; then name and frequency of each
/// allele.
pub(super) struct RawLocus<'a> {
    pub(super) line: u64,
    pub(super) name: &'a str,
    pub(super) rates: [f64; 2],
    pub(super) models: [usize; 2],
    pub(super) ranges: [f64; 2],
    pub(super) second_rates: [f64; 2],
    pub(super) silent: Option<f64>,
    /// Number of alleles counted.
    pub(super) counted: Option<f64>,
    pub(super) drop_out: f64,
    /// The frequency of rare alleles; 0 if none is set.
    pub(super) rare: f64,
    pub(super) alleles: Vec<RawAllele<'a>>,
}

/// An allele of a locus of the database.
pub(super) struct RawAllele<'a> {
    pub(super) line: u64,
    pub(super) name: &'a str,
    pub(super) frequency: f64,
}

/// Reads up to the end of the database.
pub(super) fn read<'a>(values: &mut Values<'a>, findings: &mut Findings) -> Option<Main<'a>> {
    for what in ["the first line", "the second line", "the version"] {
        values.text(what, findings)?;
    }
    if values.peek().is_some_and(|line| line.is_empty() || line.starts_with('"')) {
        values.skip();
    }
    let persons = read_many(values, "number of persons", 6, findings, read_person)?;
    let known_line = values.line();
    if values.text("Known relations", findings)? != "Known relations" {
        let what = "should be here: the persons before it are damaged; save the file again";
        findings.problem(known_line, value_named("Known relations"), FindingCode::Section, what);
        return None;
    }
    let (known, pedigrees) = read_pedigrees(values, &persons, findings)?;
    let theta = read_theta(values, findings)?;
    let line = values.line();
    let count = values.count("number of loci", 13, findings)?;
    if values.flag("whether the database has a name", findings)? {
        values.text("name of the database", findings)?;
    }
    let mut loci = Vec::with_capacity(count);
    for _ in 0..count {
        loci.push(read_locus(values, findings)?);
    }
    Some(Main { persons, known_line, known, pedigrees, line, theta, loci })
}

/// Reads the number of items in the next line, then the items.
fn read_many<'a, T>(
    values: &mut Values<'a>,
    what: &str,
    lines: usize,
    findings: &mut Findings,
    read: impl Fn(&mut Values<'a>, &mut Findings) -> Option<T>,
) -> Option<Vec<T>> {
    let count = values.count(what, lines, findings)?;
    (0..count).map(|_| read(values, findings)).collect()
}

fn read_person<'a>(values: &mut Values<'a>, findings: &mut Findings) -> Option<Person<'a>> {
    let line = values.line();
    let name = values.text("name of the person", findings)?;
    values.flag("a flag of the person", findings)?;
    let drop_out = values.next("year of birth", findings)?.contains("(Consider dropouts)");
    values.flag("a flag of the person", findings)?;
    let sex = if values.flag("whether the person is male", findings)? { Sex::Male } else { Sex::Female };
    let typed = read_many(values, "number of typed loci", 3, findings, |values, findings| {
        let line = values.line();
        let mut index = |what| values.index(what, usize::MAX, findings);
        let alleles = [index("first allele")?, index("second allele")?];
        Some(Typed { line, alleles, locus: index("locus")? })
    })?;
    Some(Person { line, name, sex, drop_out, typed })
}

fn read_pedigrees<'a>(
    values: &mut Values<'a>,
    persons: &[Person<'_>],
    findings: &mut Findings,
) -> Option<(Links, Vec<Drawn<'a>>)> {
    let known = read_links(values, persons.len(), findings)?;
    let others = persons.len() + known.women + known.men;
    let line = values.line();
    let count = values.count("number of pedigrees", 5, findings)?;
    if count.saturating_mul(others + known.relations.len()) > MOST_PLACES {
        let what = "times the number of persons is too large; split the file";
        findings.problem(line, value_named("number of pedigrees"), FindingCode::Count, what);
        return None;
    }
    let mut pedigrees = Vec::with_capacity(count);
    for _ in 0..count {
        let line = values.line();
        values.index("position of the pedigree", count, findings)?;
        let name = values.text("name of the pedigree", findings)?;
        pedigrees.push(Drawn { line, name, own: read_links(values, others, findings)? });
    }
    Some((known, pedigrees))
}

/// Reads nameless women, men, and the relations among them and this number of `others`.
fn read_links(values: &mut Values<'_>, others: usize, findings: &mut Findings) -> Option<Links> {
    let mut nameless = |what| {
        let line = values.line();
        let count = values.count(what, 1, findings)?;
        if count > MOST_NAMELESS {
            let what_to_do = format!("is above {MOST_NAMELESS}: the file was damaged; save it again");
            findings.problem(line, value_named(what), FindingCode::Count, what_to_do);
        }
        Some(count).filter(|&count| count <= MOST_NAMELESS)
    };
    let (women, men) = (nameless("number of nameless women")?, nameless("number of nameless men")?);
    let persons = others + women + men;
    let relations = read_many(values, "number of relations", 2, findings, |values, findings| {
        let line = values.line();
        if values.peek().is_some_and(|parent| parent.contains("Direct")) {
            let what = "are identical twins; enter them once, under one name";
            findings.problem(line, value_named("the two persons"), FindingCode::Twins, what);
            return None;
        }
        let parent = values.index("parent", persons, findings)?;
        Some(Descent { line, parent, child: values.index("child", persons, findings)? })
    })?;
    Some(Links { women, men, relations })
}

/// Reads the line with a flag, the number of databases and theta.
fn read_theta(values: &mut Values<'_>, findings: &mut Findings) -> Option<Theta> {
    let line = values.line();
    let text = values.next("number of databases and theta", findings)?;
    let databases = number_after(text, "#Databases:");
    let what = match (flag_value(text), databases, number_after(text, "Theta/Kinship/Fst:")) {
        (Some(true), ..) => {
            "the file contains results, which this program cannot read; save it before computing results"
        }
        (None, ..) => "#TRUE# or #FALSE# should be here: the pedigrees before it are damaged; save the file again",
        (Some(false), After::NoWords | After::Number(1.0), After::Number(value)) => return Some(Theta { line, value }),
        (Some(false), After::NoWords | After::Number(1.0), After::NoWords) => return Some(Theta { line, value: 0.0 }),
        (Some(false), After::NoWords | After::Number(1.0), After::NoNumber) => {
            "theta is not a number: the file was damaged; save it again"
        }
        (Some(false), ..) => "the file holds several databases; save it with one",
    };
    findings.problem(line, value_named("number of databases and theta"), FindingCode::Section, what);
    None
}

fn read_locus<'a>(values: &mut Values<'a>, findings: &mut Findings) -> Option<RawLocus<'a>> {
    let line = values.line();
    let name = values.text("name of the locus", findings)?;
    let mut pair = |of: [&str; 2], findings: &mut Findings| {
        Some([values.number(of[0], findings)?, values.number(of[1], findings)?])
    };
    let rates = pair(["mutation rate of mothers", "mutation rate of fathers"], findings)?;
    let models = ["mutation model of mothers", "mutation model of fathers"];
    let models = [values.index(models[0], 5, findings)?, values.index(models[1], 5, findings)?];
    values.count("number of alleles with the silent one", 1, findings)?;
    let mut pair = |of: [&str; 2], findings: &mut Findings| {
        Some([values.number(of[0], findings)?, values.number(of[1], findings)?])
    };
    let ranges = pair(["mutation range of mothers", "mutation range of fathers"], findings)?;
    let second_rates = pair(["second mutation rate of mothers", "second mutation rate of fathers"], findings)?;
    let has_silent = values.flag("whether there is a silent allele", findings)?;
    let silent = values.number("frequency of the silent allele", findings)?;
    let (count, [counted, drop_out, rare]) = read_counts(values, findings)?;
    let mut alleles = Vec::with_capacity(count);
    for _ in 0..count {
        let line = values.line();
        let name = values.text("name of the allele", findings)?;
        alleles.push(RawAllele { line, name, frequency: values.number("frequency of the allele", findings)? });
    }
    Some(RawLocus {
        line,
        name,
        rates,
        models,
        ranges,
        second_rates,
        silent: has_silent.then_some(silent),
        counted: counted.filter(|&counted| counted > 0.0),
        drop_out: drop_out.unwrap_or(0.0),
        rare: rare.unwrap_or(0.0),
        alleles,
    })
}

/// Reads the number of alleles and, if present, database size, drop-out and rare frequency.
fn read_counts(values: &mut Values<'_>, findings: &mut Findings) -> Option<(usize, [Option<f64>; 3])> {
    let line = values.line();
    let text = values.peek().unwrap_or_default();
    let (count, beside) = text.split_once(['\t', ' ', '(']).unwrap_or((text, ""));
    let mut found = [None; 3];
    let names = ["DatabaseSize =", "Dropout probability =", "Minor allele frequency ="];
    for (value, name) in found.iter_mut().zip(names) {
        *value = match number_after(beside, name) {
            After::NoWords => None,
            After::Number(number) => Some(number),
            After::NoNumber => {
                let what = "is not a number from 0: the file was damaged; save it again";
                let name = name.trim_end_matches([' ', '=']);
                findings.problem(line, value_named(name), FindingCode::Number, what);
                return None;
            }
        };
    }
    Some((values.count_of("number of alleles", count, 2, findings)?, found))
}

/// The number after some words.
enum After {
    /// The words are missing.
    NoWords,
    Number(f64),
    NoNumber,
}

/// Returns the number after some words.
fn number_after(text: &str, words: &str) -> After {
    let Some((_, rest)) = text.split_once(words) else { return After::NoWords };
    let number = rest.trim_start().split([' ', ',', ';', ')']).next().unwrap_or_default();
    not_negative(number).map_or(After::NoNumber, After::Number)
}
