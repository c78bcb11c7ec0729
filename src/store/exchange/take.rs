//! Takes a package of another agency, whole or not at all.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use data_encoding::HEXLOWER;

use crate::audit::Entry;
use crate::exchange::{
    ContentKind, Contents, ExchangeKey, Hit, HitBody, HitLine, Hits, Manifest, Mapping, PackageFault, SentPerson,
    SentTerms, Side, open,
};
use crate::facts::Facts;
use crate::keeping::Terms;
use crate::ledger::{
    Batch, Exchanged, LastPackage, LedgerError, NewFacts, Partner, ReceivedHit, ReceivedRecord, Returning, Taken,
    TakingRecords,
};
use crate::matching::IdentityRule;
use crate::model::{FamilyPedigree, Layout, Locus, Pseudonym, Relation, SampleRecord};
use crate::pseudonym::ExchangeNames;

use super::content::kind_of;
use super::error::ExchangeError;
use super::partners::card;
use crate::store::actor::now;
use crate::store::error::{FileAction, StoreError};
use crate::store::folder::Store;
use crate::store::matching::digests::FileDigests;
use crate::store::matching::duplicates::NewSamples;
use crate::store::observer::{ImportFinding, Observer};

/// What was taken from an agency.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PackageTaken {
    /// The agency.
    pub agency: String,
    /// The number of the package.
    pub package: u64,
    /// What the package holds.
    pub content: ContentKind,
    /// `true` if it replaces everything that the agency sent before.
    pub complete: bool,
    /// The day on which it was made.
    pub made_on: String,
    /// What it changed; `None` in a dry run.
    pub taken: Option<Taken>,
    /// Number of children, or of hits, that the package holds.
    pub first: u64,
    /// Number of families that the package holds.
    pub families: u64,
    /// Number of samples, families or hits that the package withdraws.
    pub gone: u64,
    /// Number of hits that were left out, because this store does not have the record that they are about.
    pub unknown: u64,
    /// Persons who are in the store under another number, too.
    pub findings: Vec<ImportFinding>,
}

impl Store {
    /// Takes a package: checks that it is sealed for this agency, from an agency of the list that is not revoked, unchanged,
    /// of a form that this program knows, and the next one; then takes all of it in one step, or nothing.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// use reunite::exchange::ExchangeKey;
    /// use reunite::pseudonym::KeySource;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let key = ExchangeKey::load(&KeySource::File("lab.exchange".into()))?;
    /// let entry = store::entry("exchange import", None);
    /// let taken = store.take_package("from-nation.pkg".as_ref(), &key, false, &entry, &Silent)?;
    /// println!("package {} of {}", taken.package, taken.agency);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ExchangeError`] in [`StoreError::Exchange`]; [`StoreError::Io`], [`StoreError::KeyNeeded`], [`StoreError::Locked`];
    /// errors of the ledger. A refusal is recorded.
    pub fn take_package(
        &self,
        file: &Path,
        key: &ExchangeKey,
        dry_run: bool,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<PackageTaken, StoreError> {
        let taken = self.take_sound_package(file, key, dry_run, entry, observer);
        if let Err(StoreError::Exchange(error)) = &taken {
            // Attempts to smuggle something in are of interest; the text names no person.
            let entry = entry.clone().with("outcome", "refused").with("why", cause(error));
            self.ledger()?.append_look(&entry)?;
        }
        taken
    }

    fn take_sound_package(
        &self,
        file: &Path,
        key: &ExchangeKey,
        dry_run: bool,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<PackageTaken, StoreError> {
        let refused = |source| ExchangeError::Package { path: file.to_owned(), source };
        let io = |source| StoreError::io(FileAction::Read, file, source);
        let input = File::open(file).map_err(io)?;
        if !input.metadata().map_err(io)?.is_file() {
            return Err(StoreError::NotAFile(file.to_owned()));
        }
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        self.pseudonymizer(&mut ledger)?;
        self.finish_interrupted(&mut ledger, observer)?;
        let unchecked = open(BufReader::new(input), key).map_err(refused)?;
        let mut found = None;
        for partner in ledger.partners()? {
            let card = card(&partner)?;
            if card.fingerprint() == unchecked.claimed_sender() {
                found = Some((partner, card));
            }
        }
        let Some((partner, card)) = found else {
            let claimed: String =
                unchecked.claimed_sender().chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(40).collect();
            return Err(ExchangeError::UnknownSender(claimed).into());
        };
        if partner.is_revoked {
            return Err(ExchangeError::Revoked(partner.name).into());
        }
        let opened = unchecked.check((&partner.name, &card), key.card()).map_err(refused)?;
        let manifest = opened.manifest;
        let mapping = Mapping::named(&manifest.mapping)
            .ok_or_else(|| refused(PackageFault::Mapping(manifest.mapping.chars().take(40).collect())))?;
        check_number(&partner, &manifest)?;
        let entry = entry
            .clone()
            .with("agency", partner.name.as_str())
            .with("package", manifest.number)
            .with("complete", manifest.complete)
            .with("manifest", HEXLOWER.encode(&opened.digest));
        let names = ExchangeNames::new(&*self.key()?);
        let package = LastPackage { number: manifest.number, digest: Some(opened.digest) };
        let mut done = PackageTaken {
            agency: partner.name.clone(),
            package: manifest.number,
            content: manifest.content,
            complete: manifest.complete,
            made_on: manifest.made_on.chars().filter(|c| c.is_ascii_digit() || *c == '-').take(10).collect(),
            taken: None,
            first: 0,
            families: 0,
            gone: 0,
            unknown: 0,
            findings: Vec::new(),
        };
        match manifest.content {
            ContentKind::Records => {
                let contents = Contents::read(mapping, &opened.content).map_err(refused)?;
                done.first = contents.children.len() as u64;
                done.families = contents.families.len() as u64;
                done.gone = contents.gone.len() as u64;
                if dry_run {
                    ledger.append_look(&entry.with("outcome", "dry run"))?;
                    return Ok(done);
                }
                let plain = *blake3::hash(&opened.content).as_bytes();
                let digest = FileDigests::new(&ledger, Some(&*self.key()?))?.known(&plain);
                let records = Records::new(&partner, &names, contents, digest)?;
                let taking = TakingRecords {
                    partner: partner.id,
                    package,
                    is_complete: manifest.complete,
                    children: records.children,
                    families: records.families,
                    terms: records.terms,
                    facts: records.facts,
                    names: &records.names,
                    gone: &records.gone,
                };
                let lines = lines(&taking);
                let taken = ledger.take_records(taking, &entry).map_err(|error| match error {
                    LedgerError::Conflicts(found) => {
                        let first = found.first().map(ToString::to_string).unwrap_or_default();
                        StoreError::from(ExchangeError::Conflicts { number: found.len(), first })
                    }
                    error => error.into(),
                })?;
                self.finish_interrupted(&mut ledger, observer)?;
                let changed =
                    taken.children.added + taken.children.replaced + taken.families.added + taken.families.replaced;
                if changed > 0 {
                    let mut new = NewSamples::default();
                    new.add_named(&partner.name, &lines, &ledger, self.table().panel())?;
                    let calculator = self.calculator()?;
                    let found = new.find_duplicates(&ledger, self, &calculator, IdentityRule::default(), observer)?;
                    done.findings = found.into_iter().flat_map(|one| one.1).collect();
                }
                done.taken = Some(taken);
            }
            ContentKind::Hits => {
                let hits = Hits::read(mapping, &opened.content).map_err(refused)?;
                let is_hit = |line: &&HitLine| matches!(line, HitLine::Hit(_));
                done.first = hits.lines.iter().filter(is_hit).count() as u64;
                done.gone = hits.lines.len() as u64 - done.first;
                if dry_run {
                    ledger.append_look(&entry.with("outcome", "dry run"))?;
                    return Ok(done);
                }
                let own: HashMap<Pseudonym, Pseudonym> =
                    ledger.sent_to(partner.id)?.into_iter().filter_map(|one| Some((one.sent, one.own?))).collect();
                let (received, gone) = received(&hits, (&partner, &manifest), &own)?;
                done.unknown = done.first - received.len() as u64;
                let taken = ledger.take_hits(partner.id, package, &received, &gone, manifest.complete, &entry)?;
                done.taken = Some(taken);
            }
        }
        Ok(done)
    }
}

/// Returns the word for the kind of a refusal in the audit chain.
fn cause(error: &ExchangeError) -> &'static str {
    match error {
        ExchangeError::Package { source, .. } => match source {
            PackageFault::Damaged => "damaged",
            PackageFault::OtherRecipient | PackageFault::NotForUs => "other recipient",
            PackageFault::OtherContent => "other content",
            PackageFault::Newer(_) | PackageFault::Mapping(_) => "newer",
            PackageFault::Signature(_) => "signature",
            PackageFault::Large => "too large",
            PackageFault::Content | PackageFault::Manifest(_) | PackageFault::Line { .. } => "content",
            PackageFault::Io(_) => "input",
        },
        ExchangeError::UnknownSender(_) => "unknown sender",
        ExchangeError::Revoked(_) => "revoked sender",
        ExchangeError::Replay { .. } => "replay",
        ExchangeError::Gap { .. } => "gap",
        ExchangeError::OtherHistory { .. } => "other history",
        _ => "contradiction",
    }
}

/// Checks that the package is the next one.
fn check_number(partner: &Partner, manifest: &Manifest) -> Result<(), ExchangeError> {
    let taken = partner.received.of(kind_of(manifest.content));
    let (agency, content) = (partner.name.clone(), manifest.content);
    let (number, last) = (manifest.number, taken.number);
    if number <= last {
        return Err(ExchangeError::Replay { agency, content, number, last });
    }
    if manifest.complete {
        return Ok(());
    }
    if number > last + 1 {
        return Err(ExchangeError::Gap { agency, content, number, last });
    }
    let before = taken.digest.map(|digest| HEXLOWER.encode(&digest));
    if before != manifest.previous {
        return Err(ExchangeError::OtherHistory { agency, content, number });
    }
    Ok(())
}

/// Returns the number of each sample of the package, for findings.
fn lines(taking: &TakingRecords<'_>) -> HashMap<Pseudonym, u64> {
    taking.children.rows.iter().chain(&taking.families.rows).map(|row| (row.sample, row.line)).collect()
}

/// The records of a package under pseudonyms of this store.
struct Records {
    children: Batch,
    families: Batch,
    terms: Vec<(Pseudonym, Terms)>,
    facts: Vec<NewFacts>,
    names: Vec<ReceivedRecord>,
    gone: Vec<Pseudonym>,
}

impl Records {
    fn new(
        partner: &Partner,
        names: &ExchangeNames,
        contents: Contents,
        digest: [u8; 32],
    ) -> Result<Self, ExchangeError> {
        let Contents { loci, children, families, gone } = contents;
        let own = |theirs: Pseudonym| names.received(&partner.salt, theirs);
        let agency: Arc<str> = partner.name.as_str().into();
        let mut records = Self {
            children: batch(Layout::Children, &loci, digest),
            families: batch(Layout::Families, &loci, digest),
            terms: Vec::new(),
            facts: Vec::new(),
            names: Vec::new(),
            gone,
        };
        let mut line = 1;
        let stated = |subject, facts| NewFacts { subject, facts, text: None, claim: None };
        for mut child in children {
            line += 1;
            let found = child.facts.take().map(Facts::Found);
            records.facts.extend(found.map(|facts| stated(own(child.sample), facts)));
            records.name(Exchanged::Child, &child, own(child.sample));
            records.children.rows.push(record(line, &agency, own(child.sample), None, child));
        }
        for family in families {
            line += 1;
            let pseudonym = own(family.family);
            records.names.push(ReceivedRecord { kind: Exchanged::Family, theirs: family.family, own: Some(pseudonym) });
            let missing = family.facts.map(Facts::Missing);
            records.facts.extend(missing.map(|facts| stated(pseudonym, facts)));
            if let Some(pedigree) = family.pedigree {
                // In the ledger, the relatives of a pedigree are in the order of their pseudonyms.
                let mut placed: Vec<(Pseudonym, usize)> = family
                    .relatives
                    .iter()
                    .map(|relative| own(relative.1.sample))
                    .zip(pedigree.relatives().iter().copied())
                    .collect();
                placed.sort_unstable();
                let (samples, places): (Vec<Pseudonym>, Vec<usize>) = placed.into_iter().unzip();
                let pedigree = crate::model::Pedigree::from_members(pedigree.members(), pedigree.child(), &places)
                    .map_err(|_| ExchangeError::Collision(family.family))?;
                records.families.pedigrees.push(FamilyPedigree { family: pseudonym, pedigree, samples });
            }
            for (relation, person) in family.relatives {
                records.name(Exchanged::Relative, &person, own(person.sample));
                let of = Some((pseudonym, relation));
                records.families.rows.push(record(line, &agency, own(person.sample), of, person));
            }
        }
        // A relative of two families has one name.
        records.names.sort_by_key(|one| (one.theirs, one.own));
        records.names.dedup();
        let owns: HashSet<Pseudonym> = records.names.iter().filter_map(|one| one.own).collect();
        match records.names.iter().find(|_| owns.len() < records.names.len()) {
            Some(first) => Err(ExchangeError::Collision(first.theirs)),
            None => Ok(records),
        }
    }

    fn name(&mut self, kind: Exchanged, person: &SentPerson, own: Pseudonym) {
        self.names.push(ReceivedRecord { kind, theirs: person.sample, own: Some(own) });
        self.terms.extend(person.terms.map(|terms| {
            let SentTerms { basis, purposes, keep_until } = terms;
            (own, Terms { keep_until, ..Terms::new(basis, purposes) })
        }));
    }
}

fn batch(layout: Layout, loci: &[Locus], digest: [u8; 32]) -> Batch {
    let file_digest = *blake3::keyed_hash(&digest, layout.word().as_bytes()).as_bytes();
    Batch {
        layout,
        file_digest,
        loci: loci.to_vec(),
        rows: Vec::new(),
        pedigrees: Vec::new(),
        returning: Returning::default(),
    }
}

fn record(
    line: u64,
    agency: &Arc<str>,
    sample: Pseudonym,
    family: Option<(Pseudonym, Relation)>,
    person: SentPerson,
) -> SampleRecord {
    SampleRecord {
        line,
        sample,
        family,
        sex: person.sex,
        agency: Some(Arc::clone(agency)),
        region: None,
        kit: None,
        collected_on: None,
        drop_out: person.drop_out,
        profile: person.profile,
        many: person.many,
    }
}

/// Returns the hits of a package under pseudonyms of this store, and the references of those that are withdrawn. A hit about
/// somebody whom this store has expunged is left out: the agency learns of it in the next package.
fn received(
    hits: &Hits,
    (partner, manifest): (&Partner, &Manifest),
    own: &HashMap<Pseudonym, Pseudonym>,
) -> Result<(Vec<ReceivedHit>, Vec<Pseudonym>), StoreError> {
    let received_at = now()?.as_second();
    let (mut received, mut gone) = (Vec::new(), Vec::new());
    for line in &hits.lines {
        match line {
            HitLine::Gone(reference) => gone.push(*reference),
            HitLine::Hit(hit) => {
                let Hit { side, family, child, .. } = &**hit;
                let (family, child, other) = match side {
                    Side::Both => (own.get(family), own.get(child), None),
                    Side::Family => (own.get(family), None, Some(*child)),
                    Side::Child => (None, own.get(child), Some(*family)),
                };
                let is_known = match side {
                    Side::Both => family.is_some() && child.is_some(),
                    Side::Family => family.is_some(),
                    Side::Child => child.is_some(),
                };
                if is_known {
                    received.push(ReceivedHit {
                        partner: partner.id,
                        reference: hit.reference,
                        family: family.copied(),
                        child: child.copied(),
                        other,
                        body: serde_json::to_string(&HitBody::new(hit, &hits.basis, &manifest.made_on))?,
                        received_at,
                    });
                }
            }
        }
    }
    Ok((received, gone))
}
