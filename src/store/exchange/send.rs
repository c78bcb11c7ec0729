//! Sends profiles of children and families to another agency.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::audit::Entry;
use crate::exchange::{ContentKind, Contents, Mapping, SentFamily, SentPerson, SentTerms, digest_of_line};
use crate::facts::Facts;
use crate::keeping::Terms;
use crate::ledger::{Chosen, Exchanged, Ledger, Partner, Sending, SentRecord};
use crate::model::{Layout, Locus, Panel, Pedigree, Pseudonym, Relation, SampleRecord};
use crate::pseudonym::ExchangeNames;

use super::content::{PackageOptions, nothing_new, push_line, write_package};
use crate::store::error::{Incomplete, StoreError};
use crate::store::folder::Store;
use crate::store::keeping::enforce::withheld_of;
use crate::store::observer::Observer;

/// What was sent to an agency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordsSent {
    /// Number of the package; `None` if nothing changed since the last one, and none was written.
    pub package: Option<u64>,
    /// Number of the last package before.
    pub last: u64,
    /// Number of children that are new or changed.
    pub children: u64,
    /// Number of families that are new or changed.
    pub families: u64,
    /// Number of children and families that are withdrawn.
    pub gone: u64,
    /// Number of children and families that the agency has, and that did not change.
    pub unchanged: u64,
    /// Number of samples that may not leave, because the terms on which they are kept do not allow it.
    pub withheld: u64,
    /// Number of those withdrawn that are of other agencies, and that this package would have with `relayed`.
    pub no_longer_relayed: u64,
}

impl Store {
    /// Writes a package with the profiles that are new for an agency, or changed, and with the names of what is withdrawn:
    /// no more than sex, genotypes, drop-out, relations, pedigrees, coded facts, and the legal basis,
    /// purposes and last day of keeping. Samples whose terms do not allow it stay here. What other agencies sent is included if `relayed`
    /// is set, but never what the recipient sent.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// use reunite::exchange::ExchangeKey;
    /// use reunite::pseudonym::KeySource;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let key = ExchangeKey::load(&KeySource::File("lab.exchange".into()))?;
    /// let options =
    ///     PackageOptions { to: "nation", key: &key, file: "to-nation.pkg".as_ref(), complete: false, after: None };
    /// let sent = store.send_records(&options, false, &store::entry("exchange export", None), &Silent)?;
    /// println!("{} children", sent.children);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ExchangeError`](super::error::ExchangeError) in [`StoreError::Exchange`]; [`StoreError::KeyNeeded`], [`StoreError::Locked`],
    /// [`StoreError::Output`]; errors of the ledger.
    pub fn send_records(
        &self,
        options: &PackageOptions<'_>,
        relayed: bool,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<RecordsSent, StoreError> {
        let (_lock, mut ledger, partner, card) = self.open_to_send(options.to, observer)?;
        let mut packing = Packing::new(self, &ledger, &partner, (options.complete, relayed))?;
        packing.children(&ledger)?;
        packing.families(&ledger)?;
        packing.gone();
        let Packing { content, put, gone, done, .. } = packing;
        let done = RecordsSent { last: partner.sent.records.number, ..done };
        let has_changes = done.children + done.families + done.gone > 0;
        if !has_changes && !options.complete {
            nothing_new(&mut ledger, &partner, entry)?;
            return Ok(done);
        }
        let about: Vec<Pseudonym> = put.iter().filter_map(|record| record.own).collect();
        let entry = entry
            .clone()
            .with("children", done.children)
            .with("families", done.families)
            .with("gone", done.gone)
            .about(about);
        let changes = Sending { put: &put, gone: &gone, ..Sending::default() };
        let content = (ContentKind::Records, content.as_slice());
        let number = write_package(&mut ledger, options, (&partner, &card), content, &changes, &entry)?;
        Ok(RecordsSent { package: Some(number), ..done })
    }
}

/// The content of a package that is being written.
struct Packing<'a> {
    names: ExchangeNames,
    partner: &'a Partner,
    panel: &'a Panel,
    loci: Vec<Locus>,
    is_complete: bool,
    /// Samples and families that are not sent: the recipient's own, and those of others unless they are relayed.
    others: HashSet<Pseudonym>,
    /// The terms of samples that have some.
    terms: HashMap<Pseudonym, SentTerms>,
    /// The samples that may not leave.
    withheld: BTreeSet<Pseudonym>,
    /// What is stated about children and families.
    facts: HashMap<Pseudonym, Facts>,
    /// What the recipient has, by pseudonym.
    sent: HashMap<Pseudonym, SentRecord>,
    /// What the recipient has, by name, and was not found yet.
    not_found: BTreeMap<Pseudonym, SentRecord>,
    content: Vec<u8>,
    put: Vec<SentRecord>,
    gone: Vec<Pseudonym>,
    done: RecordsSent,
}

impl<'a> Packing<'a> {
    fn new(
        store: &'a Store,
        ledger: &Ledger,
        partner: &'a Partner,
        (is_complete, relayed): (bool, bool),
    ) -> Result<Self, StoreError> {
        let received = ledger.received()?;
        let others = received.iter().filter(|(from, _)| *from == partner.id || !relayed);
        let others: HashSet<Pseudonym> = others.filter_map(|(_, record)| record.own).collect();
        let of_terms =
            |terms: Terms| SentTerms { basis: terms.basis, purposes: terms.purposes, keep_until: terms.keep_until };
        let kept = ledger.kept_samples(false)?;
        let terms = kept.iter().filter_map(|one| Some((one.sample, of_terms(one.terms?)))).collect();
        let sent = ledger.sent_to(partner.id)?;
        let loci = ledger.loci()?;
        let mut content = Vec::new();
        Contents::push_loci(&mut content, Mapping::own(), &loci);
        Ok(Self {
            names: ExchangeNames::new(&*store.key()?),
            partner,
            panel: store.table().panel(),
            loci,
            is_complete,
            others,
            terms,
            withheld: withheld_of(&kept, &received)?,
            facts: ledger.last_facts()?,
            sent: sent.iter().filter_map(|record| Some((record.own?, *record))).collect(),
            not_found: sent.into_iter().map(|record| (record.sent, record)).collect(),
            content,
            put: Vec::new(),
            gone: Vec::new(),
            done: RecordsSent::default(),
        })
    }

    /// Returns the name under which the recipient knows somebody: the one that was sent, whatever the key is now.
    fn name(&self, own: Pseudonym) -> Pseudonym {
        self.sent.get(&own).map_or_else(|| self.names.sent(&self.partner.salt, own), |record| record.sent)
    }

    fn person(&self, record: SampleRecord) -> SentPerson {
        let facts = match self.facts.get(&record.sample) {
            Some(Facts::Found(found)) if record.family.is_none() => Some(found.clone()),
            _ => None,
        };
        let mut many = record.many;
        many.sort_unstable_by_key(|one| one.0);
        SentPerson {
            sample: self.name(record.sample),
            sex: record.sex,
            drop_out: record.drop_out,
            profile: record.profile,
            many,
            terms: self.terms.get(&record.sample).copied(),
            facts,
        }
    }

    /// Appends a line if the recipient does not have it. Returns whether it was appended.
    fn line(&mut self, kind: Exchanged, own: Pseudonym, line: &str) -> bool {
        let record = SentRecord { kind, own: Some(own), sent: self.name(own), content: digest_of_line(line) };
        self.not_found.remove(&record.sent);
        if self.sent.get(&own) == Some(&record) {
            if !self.is_complete {
                self.done.unchanged += 1;
                return false;
            }
        } else {
            self.put.push(record);
        }
        push_line(&mut self.content, line);
        true
    }

    fn children(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        let loci = self.loci.clone();
        ledger.export(Layout::Children, Chosen::All, &loci, |record| {
            let own = record.sample;
            if self.withheld.contains(&own) {
                self.done.withheld += u64::from(!self.others.contains(&own));
            } else if !self.others.contains(&own) {
                let line = Contents::child_line(Mapping::own(), &self.person(record));
                self.done.children += u64::from(self.line(Exchanged::Child, own, &line));
            }
            Ok::<(), StoreError>(())
        })
    }

    fn families(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        let loci = self.loci.clone();
        let mut of_family: Vec<SampleRecord> = Vec::new();
        let mut all: Vec<Vec<SampleRecord>> = Vec::new();
        let mut with_pedigree: BTreeSet<Pseudonym> = BTreeSet::new();
        ledger.export(Layout::Families, Chosen::All, &loci, |record| {
            let Some((family, relation)) = record.family else { return Ok(()) };
            if self.others.contains(&family) {
                return Ok(());
            }
            if relation == Relation::Member {
                with_pedigree.insert(family);
            }
            if of_family.first().is_some_and(|first| first.family.map(|of| of.0) != Some(family)) {
                all.push(std::mem::take(&mut of_family));
            }
            of_family.push(record);
            Ok::<(), StoreError>(())
        })?;
        if !of_family.is_empty() {
            all.push(of_family);
        }
        let with_pedigree: Vec<Pseudonym> = with_pedigree.into_iter().collect();
        let pedigrees: HashMap<Pseudonym, Pedigree> = if with_pedigree.is_empty() {
            HashMap::new()
        } else {
            let families = ledger.families_named(self.panel, &with_pedigree)?;
            families.into_iter().filter_map(|one| Some((one.pseudonym, (*one.pedigree?).clone()))).collect()
        };
        all.into_iter().try_for_each(|records| self.family(records, &pedigrees))
    }

    fn family(
        &mut self,
        records: Vec<SampleRecord>,
        pedigrees: &HashMap<Pseudonym, Pedigree>,
    ) -> Result<(), StoreError> {
        let Some((family, relation)) = records.first().and_then(|first| first.family) else { return Ok(()) };
        let mut relatives: Vec<(Relation, Option<usize>, Pseudonym, SentPerson)> = Vec::new();
        let pedigree = match relation {
            Relation::Member => Some(pedigrees.get(&family).ok_or(Incomplete::Pedigree(family))?),
            _ => None,
        };
        for (at, record) in records.into_iter().enumerate() {
            let place = pedigree.and_then(|pedigree| pedigree.relatives().get(at).copied());
            let (own, relation) = (record.sample, record.family.map_or(relation, |of| of.1));
            if self.withheld.contains(&own) {
                self.done.withheld += 1;
                continue;
            }
            relatives.push((relation, place, own, self.person(record)));
        }
        if relatives.is_empty() {
            return Ok(());
        }
        relatives.sort_by_key(|(relation, _, _, person)| (*relation, person.sample));
        let places: Vec<usize> = relatives.iter().filter_map(|one| one.1).collect();
        let reordered = |pedigree: &Pedigree| Pedigree::from_members(pedigree.members(), pedigree.child(), &places);
        let pedigree = pedigree.map(reordered).transpose().map_err(|_| Incomplete::Pedigree(family))?;
        let owns: Vec<(Pseudonym, Pseudonym)> = relatives.iter().map(|one| (one.2, one.3.sample)).collect();
        let relatives = relatives.into_iter().map(|(relation, _, _, person)| (relation, person)).collect();
        let facts = match self.facts.get(&family) {
            Some(Facts::Missing(missing)) => Some(missing.clone()),
            _ => None,
        };
        let sent = SentFamily { family: self.name(family), relatives, pedigree, facts };
        let line = Contents::family_line(Mapping::own(), &sent);
        self.done.families += u64::from(self.line(Exchanged::Family, family, &line));
        for (own, name) in owns {
            let record = SentRecord { kind: Exchanged::Relative, own: Some(own), sent: name, content: [0; 16] };
            self.not_found.remove(&name);
            if self.sent.insert(own, record) != Some(record) {
                self.put.push(record);
            }
        }
        Ok(())
    }

    /// Appends what the recipient has, and this store no longer sends.
    fn gone(&mut self) {
        for (name, record) in std::mem::take(&mut self.not_found) {
            self.gone.push(name);
            // A relative is deleted with its family, or is missing in the family's new line.
            if record.kind != Exchanged::Relative {
                Contents::push_gone(&mut self.content, Mapping::own(), name);
                self.done.gone += 1;
                self.done.no_longer_relayed += u64::from(record.own.is_some_and(|own| self.others.contains(&own)));
            }
        }
    }
}
