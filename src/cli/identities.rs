//! One person under two numbers: said when samples come in, and told apart from candidates.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::intake::{FindingCode, Problem, Severity};
use crate::kinship::Calculator;
use crate::ledger::{Batch, Ledger, Sample, Samples};
use crate::matching::{Compiler, Double, Doubles, IdentityRule, Judge, Watch};
use crate::model::{Candidate, Child, Layout, Pseudonym};
use crate::report::SamePerson;

use super::output::{Output, count};
use super::progress::Bar;
use super::store::Store;

/// Samples of the store that are compared with new ones together.
const PAGE: usize = 16_384;

/// Pairs that are named one by one at import.
const NAMED: usize = 20;

/// Compares the samples that the last import brought or changed with all of the store, and gives findings about those
/// that have the profile of another one, with their texts. `batch` is what was imported, from `file`.
pub(super) fn check_new(
    batch: &Batch,
    ledger: &Ledger,
    store: &Store,
    rule: IdentityRule,
    output: &Output,
    file: &str,
) -> anyhow::Result<(Vec<Problem>, Vec<String>)> {
    let panel = store.table.panel();
    let mut new: Vec<Child> = Vec::new();
    ledger.samples(panel, Samples::LastImport, |one| {
        new.push(one.sample);
        anyhow::Ok(())
    })?;
    if new.is_empty() {
        return Ok(Default::default());
    }
    let calculator = store.calculator()?;
    let index = store.index_of(&new)?;
    let new: BTreeMap<Pseudonym, Child> = new.into_iter().map(|one| (one.pseudonym, one)).collect();
    let judge = Judge::new(Arc::new(Compiler::new(&calculator, false)));
    let search = Search { doubles: Doubles::new(&index, &calculator, rule), judge, rule, store, new };
    let watch = Arc::new(Watch::default());
    let bar = Bar::follow(&watch, output)?;
    let mut found = search.among_new(batch.layout == Layout::Children, &watch)?;
    let mut page: Vec<Sample> = Vec::with_capacity(PAGE);
    ledger.samples(panel, Samples::All, |one| {
        if !search.new.contains_key(&one.sample.pseudonym) {
            page.push(one);
        }
        if page.len() == PAGE {
            search.page(&mut page, &watch, &mut found)?;
        }
        anyhow::Ok(())
    })?;
    search.page(&mut page, &watch, &mut found)?;
    drop(bar);
    Ok(told(&found, batch, file))
}

/// A new sample and another one of the same profile.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    /// The new one; of two new ones, the first by pseudonym.
    new: Pseudonym,
    other: Pseudonym,
    other_is_child: bool,
    loci: u32,
    differing: u32,
}

/// New samples, ready to be looked for.
struct Search<'a> {
    doubles: Doubles<'a>,
    judge: Judge<'a>,
    rule: IdentityRule,
    store: &'a Store,
    new: BTreeMap<Pseudonym, Child>,
}

impl Search<'_> {
    /// Compares the new samples, of which all are children or none is, with each other.
    fn among_new(&self, are_children: bool, watch: &Watch) -> anyhow::Result<BTreeSet<Pair>> {
        let mut found = BTreeSet::new();
        for Double { one, other } in self.doubles.within(watch)? {
            let names = [one, other].map(|number| self.doubles.pseudonym(number));
            let (first, second) = (names[0].min(names[1]), names[0].max(names[1]));
            if let Some(other) = self.new.get(&second) {
                found.extend(self.pair(first, other, are_children)?);
            }
        }
        Ok(found)
    }

    /// Compares a page of samples that are not new with the new ones, and empties it.
    fn page(&self, page: &mut Vec<Sample>, watch: &Watch, found: &mut BTreeSet<Pair>) -> anyhow::Result<()> {
        let samples: Vec<Child> = page.iter().map(|one| one.sample.clone()).collect();
        let queries = self.store.index_of(&samples)?;
        let doubles = self.doubles.of(&queries, watch)?;
        if !doubles.is_empty() {
            let by_name: HashMap<Pseudonym, &Sample> = page.iter().map(|one| (one.sample.pseudonym, one)).collect();
            for Double { one, other } in doubles {
                if let Some(known) = by_name.get(&queries.pseudonym(one)) {
                    found.extend(self.pair(self.doubles.pseudonym(other), &known.sample, known.is_child)?);
                }
            }
        }
        page.clear();
        Ok(())
    }

    /// A new sample and another one, if they are one person's.
    fn pair(&self, new: Pseudonym, other: &Child, other_is_child: bool) -> anyhow::Result<Option<Pair>> {
        let Some(one) = self.new.get(&new) else { return Ok(None) };
        let identity = self.judge.identity(&self.rule, &one.profile, &other.profile)?;
        Ok(identity.map(|identity| Pair {
            new,
            other: other.pseudonym,
            other_is_child,
            loci: identity.likeness.loci_compared,
            differing: identity.likeness.differing_alleles,
        }))
    }
}

/// Which samples are one person's, by their lines.
fn told(found: &BTreeSet<Pair>, batch: &Batch, file: &str) -> (Vec<Problem>, Vec<String>) {
    let lines: HashMap<Pseudonym, u64> = batch.rows.iter().map(|row| (row.sample, row.line)).collect();
    let problem = |line: Option<u64>, code, what: String| {
        let place = line.map_or(String::new(), |line| format!("line {line}: "));
        let text = format!("{file}: {place}{what}");
        let (line, severity) = (line.unwrap_or(0), Severity::Warning);
        (Problem { file: file.into(), line, column: None, severity, code, what: what.into() }, text)
    };
    let pairs = found.iter().take(NAMED).map(|Pair { new, other, other_is_child, loci, differing }| {
        let side = if *other_is_child { "child" } else { "relative" };
        let place = lines.get(other).map_or(String::new(), |line| format!(", line {line}"));
        let differ = match differing {
            0 => "no allele differs".to_owned(),
            1 => "1 allele differs".to_owned(),
            _ => format!("{differing} alleles differ"),
        };
        let what = format!(
            "sample {new} has the profile of {side} {other}{place} ({differ} at {loci} loci): one person under two numbers, \
             or identical twins"
        );
        problem(lines.get(new).copied(), FindingCode::SameProfile, what)
    });
    let more = (found.len() > NAMED).then(|| {
        let number = count((found.len() - NAMED) as u64);
        let what = format!("and {number} pairs more: `reunite kin --within all --relation identity` lists all");
        problem(None, FindingCode::SameProfileMore, what)
    });
    pairs.chain(more).unzip()
}

/// Says of identities what is known of them.
pub(super) struct Identities<'a> {
    ledger: &'a Ledger,
    store: &'a Store,
    judge: Judge<'a>,
}

impl<'a> Identities<'a> {
    /// By the calculator of a match.
    pub(super) fn new(ledger: &'a Ledger, store: &'a Store, calculator: &'a Calculator) -> Self {
        Self { ledger, store, judge: Judge::new(Arc::new(Compiler::new(calculator, false))) }
    }

    /// The relative whose profile the child has; `None` if the pair is a candidate.
    pub(super) fn of(&self, pair: &Candidate) -> anyhow::Result<Option<SamePerson>> {
        let Some(sample) = pair.same_as else { return Ok(None) };
        let panel = self.store.table.panel();
        let family = self.ledger.family(panel, pair.family)?;
        let relatives = family.map(|family| family.relatives).unwrap_or_default();
        let relative = relatives.into_iter().find(|relative| relative.sample == sample);
        let relation = relative.as_ref().map(|relative| relative.relation);
        let both = relative.zip(self.ledger.child(panel, pair.child)?);
        let identity = both.and_then(|(relative, child)| {
            self.judge.identity(&IdentityRule::default(), &relative.profile, &child.profile).ok().flatten()
        });
        Ok(Some(SamePerson { sample, relation, identity }))
    }
}
