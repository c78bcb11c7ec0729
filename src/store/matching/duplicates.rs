//! Finds persons who are stored under two numbers: among new samples, and among candidates.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::intake::{FindingCode, Problem, Severity};
use crate::kinship::Calculator;
use crate::ledger::{Batch, Ledger, Sample, Samples};
use crate::matching::{Compiler, DuplicatePair, DuplicateSearch, IdentityRule, Judge, Watch};
use crate::model::{Candidate, Child, Panel, Pseudonym};
use crate::report::SamePerson;
use crate::report::words::count;

use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::observer::{ImportFinding, Observer};
use crate::store::pages::people::People;

/// The number of stored samples that are compared with new ones in one step.
const PAGE: usize = 16_384;

/// The number of pairs that an import lists individually.
const NAMED: usize = 20;

/// Samples that the files of an import added or changed. They are compared with all others after the last file.
#[derive(Default)]
pub(in crate::store) struct NewSamples {
    files: Vec<String>,
    samples: BTreeMap<Pseudonym, NewSample>,
}

/// A sample that an import added or changed.
struct NewSample {
    profile: Child,
    is_child: bool,
    /// Position of the last file that contained the sample.
    file: usize,
    line: Option<u64>,
}

impl NewSamples {
    /// Adds what the last import into the ledger changed; `batch` was imported from `file`.
    pub(in crate::store) fn add(
        &mut self,
        file: &str,
        batch: &Batch,
        ledger: &Ledger,
        panel: &Panel,
    ) -> Result<(), StoreError> {
        let lines: HashMap<Pseudonym, u64> = batch.rows.iter().map(|row| (row.sample, row.line)).collect();
        let number = self.files.len();
        self.files.push(file.to_owned());
        ledger.samples(panel, Samples::LastImport, |Sample { sample: profile, is_child, .. }| {
            let line = lines.get(&profile.pseudonym).copied();
            self.samples.insert(profile.pseudonym, NewSample { profile, is_child, file: number, line });
            Ok::<(), StoreError>(())
        })
    }

    /// Adds samples of the ledger, each with its line, from a file of this name.
    pub(in crate::store) fn add_named(
        &mut self,
        file: &str,
        lines: &HashMap<Pseudonym, u64>,
        ledger: &Ledger,
        panel: &Panel,
    ) -> Result<(), StoreError> {
        let number = self.files.len();
        self.files.push(file.to_owned());
        ledger.samples(panel, Samples::All, |Sample { sample: profile, is_child, .. }| {
            if let Some(&line) = lines.get(&profile.pseudonym) {
                let new = NewSample { is_child, file: number, line: Some(line), profile };
                self.samples.insert(new.profile.pseudonym, new);
            }
            Ok::<(), StoreError>(())
        })
    }

    /// Returns the name of the last file that added or changed a sample.
    pub(in crate::store) fn last_file(&self) -> Option<&str> {
        self.files.last().map(String::as_str)
    }

    /// Compares these samples with each other and with all others of the store. Returns the findings for each file that
    /// has any, in the order of the files.
    pub(in crate::store) fn find_duplicates(
        self,
        ledger: &Ledger,
        store: &Store,
        calculator: &Calculator,
        rule: IdentityRule,
        observer: &dyn Observer,
    ) -> Result<Vec<(String, Vec<ImportFinding>)>, StoreError> {
        if self.samples.is_empty() {
            return Ok(Vec::new());
        }
        let profiles: Vec<Child> = self.samples.values().map(|one| one.profile.clone()).collect();
        let index = store.index_of(&profiles)?;
        drop(profiles);
        let judge = Judge::new(Arc::new(Compiler::new(calculator, false)));
        let doubles = DuplicateSearch::new(&index, calculator, rule);
        let search = Search { doubles, judge, rule, store, new: &self.samples };
        let watch = Arc::new(Watch::default());
        watch.begin("looking for known persons");
        let following = observer.follow(&watch);
        let mut found = search.among_new(&watch)?;
        let mut page: Vec<Sample> = Vec::with_capacity(PAGE);
        ledger.samples(store.table().panel(), Samples::All, |one| {
            if !self.samples.contains_key(&one.sample.pseudonym) {
                page.push(one);
            }
            if page.len() == PAGE {
                search.page(&mut page, &watch, &mut found)?;
            }
            Ok::<(), StoreError>(())
        })?;
        search.page(&mut page, &watch, &mut found)?;
        drop(following);
        let found: Vec<Pair> = found.into_iter().collect();
        Ok(found.chunk_by(|a, b| a.file == b.file).map(|pairs| self.findings(pairs)).collect())
    }

    /// Returns the findings about these pairs, with the name of their file.
    fn findings(&self, pairs: &[Pair]) -> (String, Vec<ImportFinding>) {
        let number = pairs[0].file;
        let file = &self.files[number];
        let line =
            |sample: &Pseudonym| self.samples.get(sample).filter(|one| one.file == number).and_then(|one| one.line);
        let finding = |line: Option<u64>, code, what: String| {
            let place = line.map_or(String::new(), |line| format!("line {line}: "));
            let text = format!("{file}: {place}{what}");
            let (line, severity) = (line.unwrap_or(0), Severity::Warning);
            let problem = Problem { file: file.as_str().into(), line, column: None, severity, code, what: what.into() };
            ImportFinding { problem, text }
        };
        let named = pairs.iter().take(NAMED).map(|Pair { new, other, other_is_child, loci, differing, .. }| {
            let side = if *other_is_child { "child" } else { "relative" };
            let place = line(other).map_or(String::new(), |line| format!(", line {line}"));
            let differ = match differing {
                0 => "no allele differs".to_owned(),
                1 => "1 allele differs".to_owned(),
                _ => format!("{differing} alleles differ"),
            };
            let what = format!(
                "sample {new} has the profile of {side} {other}{place} ({differ} at {loci} loci): one person under two \
                 numbers, or identical twins"
            );
            finding(line(new), FindingCode::SameProfile, what)
        });
        let more = (pairs.len() > NAMED).then(|| {
            let number = count((pairs.len() - NAMED) as u64);
            let what = format!(
                "pairs that are not listed here: {number}; `reunite kin --within all --relation identity` lists all"
            );
            finding(None, FindingCode::SameProfileMore, what)
        });
        (file.clone(), named.chain(more).collect())
    }
}

/// A new sample, and another sample with the same profile.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    /// Position of the file that contained the new sample.
    file: usize,
    /// The new sample. If both are new: the one of the later file, or else the first by pseudonym.
    new: Pseudonym,
    other: Pseudonym,
    other_is_child: bool,
    loci: u32,
    differing: u32,
}

/// New samples, prepared for the search.
struct Search<'a> {
    doubles: DuplicateSearch<'a>,
    judge: Judge<'a>,
    rule: IdentityRule,
    store: &'a Store,
    new: &'a BTreeMap<Pseudonym, NewSample>,
}

impl Search<'_> {
    /// Compares the new samples with each other.
    fn among_new(&self, watch: &Watch) -> Result<BTreeSet<Pair>, StoreError> {
        let mut found = BTreeSet::new();
        for DuplicatePair { one, other } in self.doubles.pairs_within(watch)? {
            let mut names = [one, other].map(|number| self.doubles.pseudonym(number));
            names.sort_unstable_by_key(|name| (self.new.get(name).map(|one| Reverse(one.file)), *name));
            if let Some(other) = self.new.get(&names[1]) {
                found.extend(self.pair(names[0], &other.profile, other.is_child)?);
            }
        }
        Ok(found)
    }

    /// Compares a page of stored samples with the new ones, and empties the page.
    fn page(&self, page: &mut Vec<Sample>, watch: &Watch, found: &mut BTreeSet<Pair>) -> Result<(), StoreError> {
        let samples: Vec<Child> = page.iter().map(|one| one.sample.clone()).collect();
        let queries = self.store.index_of(&samples)?;
        let doubles = self.doubles.pairs_with(&queries, watch)?;
        if !doubles.is_empty() {
            let by_name: HashMap<Pseudonym, &Sample> = page.iter().map(|one| (one.sample.pseudonym, one)).collect();
            for DuplicatePair { one, other } in doubles {
                if let Some(known) = by_name.get(&queries.pseudonym(one)) {
                    found.extend(self.pair(self.doubles.pseudonym(other), &known.sample, known.is_child)?);
                }
            }
        }
        page.clear();
        Ok(())
    }

    /// Returns a new sample and another one as a pair, if both are one person's.
    fn pair(&self, new: Pseudonym, other: &Child, other_is_child: bool) -> Result<Option<Pair>, StoreError> {
        let Some(one) = self.new.get(&new) else { return Ok(None) };
        let identity = self.judge.identity(&self.rule, &one.profile.profile, &other.profile)?;
        Ok(identity.map(|identity| Pair {
            file: one.file,
            new,
            other: other.pseudonym,
            other_is_child,
            loci: identity.likeness.loci_compared,
            differing: identity.likeness.differing_alleles,
        }))
    }
}

/// Describes candidates in which the child and a relative may be one person.
pub(in crate::store) struct Identities<'a> {
    judge: Judge<'a>,
    people: People,
}

impl<'a> Identities<'a> {
    /// Reads the people of these pairs that may be identical, to judge them with the calculator of a match.
    pub(in crate::store) fn read(
        ledger: &Ledger,
        store: &Store,
        calculator: &'a Calculator,
        pairs: &[Candidate],
    ) -> Result<Self, StoreError> {
        let identities = pairs.iter().filter(|pair| pair.same_as.is_some());
        let judge = Judge::new(Arc::new(Compiler::new(calculator, false)));
        let named = identities.map(|pair| (pair.family, pair.child));
        Ok(Self { judge, people: People::read(ledger, store.table().panel(), named)? })
    }

    /// Returns the relative whose profile the child has; `None` if the pair is an ordinary candidate.
    pub(in crate::store) fn same_person(&self, pair: &Candidate) -> Option<SamePerson> {
        let sample = pair.same_as?;
        let relatives = self.people.family(pair.family).map(|family| &family.relatives[..]).unwrap_or_default();
        let relative = relatives.iter().find(|relative| relative.sample == sample);
        let relation = relative.map(|relative| relative.relation);
        let both = relative.zip(self.people.child(pair.child));
        let identity = both.and_then(|(relative, child)| {
            self.judge.identity(&IdentityRule::default(), &relative.profile, &child.profile).ok().flatten()
        });
        Some(SamePerson { sample, relation, identity })
    }
}
