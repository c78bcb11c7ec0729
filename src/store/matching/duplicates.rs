//! Finds persons who are stored under two numbers: among new samples, and among candidates.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::index::Index;
use crate::intake::{FindingCode, Problem, Severity};
use crate::kinship::Calculator;
use crate::ledger::{Batch, Ledger, Sample, Samples};
use crate::matching::{Compiler, DuplicatePair, DuplicateSearch, IdentityRule, Judge, Watch};
use crate::model::{Candidate, Child, Panel, Pseudonym};
use crate::report::SamePerson;
use crate::report::words::count;

use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::matching::indices::EarlierSamples;
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
        let search = Search { index: &index, doubles, judge, rule, store, new: &self.samples };
        let watch = Arc::new(Watch::default());
        watch.begin("looking for known persons");
        let following = observer.follow(&watch);
        let mut found = search.among_new(&watch)?;
        match store.index_of_samples(ledger, self.samples.len())? {
            Some(known) => search.indexed(ledger, calculator, known, &watch, &mut found)?,
            None => {
                let mut page: Vec<Sample> = Vec::with_capacity(PAGE);
                ledger.samples(store.table().panel(), Samples::All, |one| {
                    page.push(one);
                    if page.len() == PAGE {
                        search.page(&mut page, &watch, &mut found)?;
                    }
                    Ok::<(), StoreError>(())
                })?;
                search.page(&mut page, &watch, &mut found)?;
            }
        }
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
    /// The new samples.
    index: &'a Index,
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

    /// Compares the stored samples with the new ones: those of an index of all samples, and those that are newer.
    fn indexed(
        &self,
        ledger: &Ledger,
        calculator: &Calculator,
        EarlierSamples { index, mut newer }: EarlierSamples,
        watch: &Watch,
        found: &mut BTreeSet<Pair>,
    ) -> Result<(), StoreError> {
        let newer_names: HashSet<Pseudonym> = newer.iter().map(|one| one.sample.pseudonym).collect();
        let doubles = DuplicateSearch::new(&index, calculator, self.rule).pairs_with(self.index, watch)?;
        let names = doubles.iter().map(|pair| (index.pseudonym(pair.other), self.index.pseudonym(pair.one)));
        let is_other = |name: &Pseudonym| !self.new.contains_key(name) && !newer_names.contains(name);
        let names: BTreeSet<(Pseudonym, Pseudonym)> = names.filter(|(known, _)| is_other(known)).collect();
        let mut known: Vec<Pseudonym> = names.iter().map(|pair| pair.0).collect();
        known.dedup();
        // The ledger decides: a sample of the index may be deleted by now, or its families withdrawn.
        ledger.samples_named(self.store.table().panel(), &known, |one| {
            let own = one.sample.pseudonym;
            let of_own = names.range((own, Pseudonym::from_bytes([0; 16]))..).take_while(|pair| pair.0 == own);
            for &(_, new) in of_own {
                found.extend(self.pair(new, &one.sample, one.is_child)?);
            }
            Ok::<(), StoreError>(())
        })?;
        self.page(&mut newer, watch, found)
    }

    /// Compares a page of stored samples with the new ones, and empties the page.
    fn page(&self, page: &mut Vec<Sample>, watch: &Watch, found: &mut BTreeSet<Pair>) -> Result<(), StoreError> {
        page.retain(|one| !self.new.contains_key(&one.sample.pseudonym));
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
        pairs: impl Iterator<Item = (Pseudonym, Pseudonym)>,
    ) -> Result<Self, StoreError> {
        let judge = Judge::new(Arc::new(Compiler::new(calculator, false)));
        Ok(Self { judge, people: People::read(ledger, store.table().panel(), pairs)? })
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::audit::Attribution;
    use crate::ledger::OnConflict;
    use crate::model::Layout;
    use crate::store::{Frequencies, ImportOptions, IndexCheck, NewStore, Settings, Silent, entry};

    struct Lab {
        folder: tempfile::TempDir,
        store: Store,
    }

    impl Lab {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let (frequencies, settings) = (Frequencies::built_in(), Settings::default());
            let new = NewStore::new(&frequencies, &settings).for_invented_people();
            let store = Store::create(&folder.path().join("store"), &new).unwrap();
            Self { folder, store }
        }

        /// Returns the genotypes of the person with this number, as cells of a row; different persons share few.
        fn cells(&self, person: u32) -> String {
            let genotype = |(locus, of): (usize, &crate::population::LocusFrequencies)| {
                let hash = blake3::hash(format!("{person} {locus}").as_bytes());
                let allele = |at: usize| of.alleles()[usize::from(hash.as_bytes()[at]) % of.alleles().len()];
                format!(",{}/{}", allele(0), allele(1))
            };
            self.store.table().loci().iter().enumerate().map(genotype).collect()
        }

        fn header(&self, first: &str) -> String {
            self.store.table().panel().loci().iter().fold(first.to_owned(), |text, locus| text + "," + locus.name())
                + "\n"
        }

        /// Imports children, each with the number of a person. Returns the pairs of samples found with one profile.
        fn import(&self, name: &str, children: &[(&str, u32)], options: ImportOptions) -> Vec<String> {
            let rows = children.iter().map(|(sample, person)| format!("{sample},unknown{}\n", self.cells(*person)));
            let text = rows.fold(self.header("sample_id,sex"), |text, row| text + &row);
            let path: PathBuf = self.folder.path().join(name);
            fs::write(&path, text).unwrap();
            let options = ImportOptions { layout: Some(Layout::Children), ..options };
            let done = self.store.import(&[path], &options, &entry("import", None), &Silent).unwrap();
            assert!(done.failed.is_none() && !done.has_errors(), "{:?}", done.log.findings);
            let same = done.log.findings.iter().filter(|finding| finding.code == FindingCode::SameProfile);
            let mut found: Vec<String> = same.map(|finding| finding.what.to_string()).collect();
            found.sort_unstable();
            found
        }

        fn pair(&self, new: &str, side: &str, other: &str) -> String {
            let mut ledger = self.store.ledger().unwrap();
            let names = self.store.pseudonymizer(&mut ledger).unwrap();
            let [new, other] = [new, other].map(|id| names.sample(None, id).unwrap());
            format!("sample {new} has the profile of {side} {other}")
        }

        /// Checks that these pairs were found, and no others.
        #[track_caller]
        fn expect(&self, found: &[String], expected: &[(&str, &str, &str)]) {
            let mut expected: Vec<String> =
                expected.iter().map(|&(new, side, other)| self.pair(new, side, other)).collect();
            expected.sort_unstable();
            assert_eq!(found.len(), expected.len(), "{found:?}");
            assert!(found.iter().zip(&expected).all(|(found, expected)| found.starts_with(expected)), "{found:?}");
        }
    }

    /// A store whose samples are in an index: 60 children, persons 0 to 59, and 60 mothers, persons 100 to 159.
    #[test]
    fn known_people_are_found_by_an_index_of_all_samples_and_what_changed_since() {
        let lab = Lab::new();
        let mothers = (0..60).map(|n| format!("F{n},M{n},mother,female{}\n", lab.cells(100 + n)));
        let text = mothers.fold(lab.header("family_id,sample_id,relation,sex"), |text, row| text + &row);
        let unrecorded = Attribution::Unrecorded("a test");
        lab.store.import_sound_text("families.csv", &text, Layout::Families, unrecorded).unwrap();
        let children: Vec<(String, u32)> = (0..60).map(|n| (format!("C{n}"), n)).collect();
        let children: Vec<(&str, u32)> = children.iter().map(|(sample, person)| (sample.as_str(), *person)).collect();
        let none = ImportOptions { identity: None, ..ImportOptions::default() };
        assert!(lab.import("children.csv", &children, none.clone()).is_empty());
        let index = lab.store.dir().join("index/samples.idx");
        assert!(!index.exists());
        assert!(matches!(lab.store.verify().unwrap().samples_index, Ok(IndexCheck::Missing)));

        let found = lab.import("a.csv", &[("A0", 5), ("A1", 107), ("A2", 500)], ImportOptions::default());
        lab.expect(&found, &[("A0", "child", "C5"), ("A1", "relative", "M7")]);
        let written = fs::read(&index).unwrap();

        // Samples that are newer than the index, and a family that was withdrawn since.
        lab.import("b.csv", &[("N0", 501)], none);
        let mut ledger = lab.store.ledger().unwrap();
        let withdrawn = lab.store.pseudonymizer(&mut ledger).unwrap().family(None, "F8").unwrap();
        ledger.withdraw(&[withdrawn], Some("other"), unrecorded).unwrap();
        drop(ledger);
        let some = [("D0", 501), ("D1", 108), ("D2", 500), ("D3", 5), ("D4", 600)];
        let found = lab.import("d.csv", &some, ImportOptions::default());
        let expected = [("D0", "child", "N0"), ("D2", "child", "A2"), ("D3", "child", "C5"), ("D3", "child", "A0")];
        lab.expect(&found, &expected);
        assert!(fs::read(&index).unwrap() == written, "the index is used as long as few samples are newer");

        // A profile that was replaced since: the former one counts no more.
        let replace = ImportOptions { on_conflict: OnConflict::Replace, ..ImportOptions::default() };
        assert!(lab.import("replaced.csv", &[("C9", 700)], replace).is_empty());
        let found = lab.import("e.csv", &[("E0", 700), ("E1", 9)], ImportOptions::default());
        lab.expect(&found, &[("E0", "child", "C9")]);

        // A damaged index is written again.
        let written = fs::read(&index).unwrap();
        let mut damaged = written.clone();
        damaged[written.len() / 2] ^= 1;
        assert!(matches!(lab.store.verify().unwrap().samples_index, Ok(IndexCheck::Sound(126..))));
        fs::remove_file(&index).unwrap();
        fs::write(&index, damaged).unwrap();
        let verified = lab.store.verify().unwrap();
        assert!(matches!(verified.samples_index, Ok(IndexCheck::Unsound(_))) && !verified.is_sound());
        let found = lab.import("f.csv", &[("G0", 109), ("G1", 6)], ImportOptions::default());
        lab.expect(&found, &[("G0", "relative", "M9"), ("G1", "child", "C6")]);
        assert!(fs::read(&index).unwrap() != written);
    }
}
