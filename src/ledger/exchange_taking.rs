//! Takes a package of another agency in one transaction, whole or not at all.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::Transaction;

use super::audit::append;
use super::column::{pseudonym, pseudonym_list};
use super::exchange::{HITS, RECEIVED, ReceivedRow, Stored, ToldRow, delete, partner};
use super::expunge::{expunge_in, families_of};
use super::import::import_in;
use super::keeping::TermsWriter;
use super::ledger::Ledger;
use super::{
    Batch, Exchanged, ImportReport, LastPackage, LedgerError, NewFacts, OnConflict, PackageKind, Partner, ReceivedHit,
    ReceivedRecord, Scope, ToldHit, expunged, facts, keeping, review_keeping,
};
use crate::audit::Entry;
use crate::keeping::Terms;
use crate::model::{FamilyPedigree, Pedigree, Pseudonym};

/// The records of a package, under pseudonyms of this store.
pub struct TakingRecords<'a> {
    /// The agency, by the number of its row.
    pub partner: i64,
    /// The package.
    pub package: LastPackage,
    /// `true` if these are all records of the agency: whatever else this store has from it is withdrawn.
    pub is_complete: bool,
    /// The children.
    pub children: Batch,
    /// The families.
    pub families: Batch,
    /// The terms of the samples that have some, as the agency states them.
    pub terms: Vec<(Pseudonym, Terms)>,
    /// What is stated about children and families.
    pub facts: Vec<NewFacts>,
    /// The agency's names of all samples and families of the package.
    pub names: &'a [ReceivedRecord],
    /// The agency's names of samples and families that are withdrawn.
    pub gone: &'a [Pseudonym],
}

/// What was taken from a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Taken {
    /// The children.
    pub children: ImportReport,
    /// The relatives of families.
    pub families: ImportReport,
    /// Number of samples that were withdrawn, and are deleted.
    pub samples_gone: u64,
    /// Number of families that were withdrawn, and are deleted.
    pub families_gone: u64,
    /// Number of samples and families that this store expunged itself: they were left out.
    pub left_out: u64,
    /// Number of hits that are new or changed.
    pub hits: u64,
    /// Number of hits that were withdrawn.
    pub hits_gone: u64,
}

impl Ledger {
    /// Takes the records of a package: adds and changes samples and families, and deletes what is withdrawn. What this
    /// store expunged itself is left out.
    ///
    /// SQLite overwrites the deleted data in the pages that held it; the caller must run [`Self::compact`] afterwards.
    ///
    /// # Errors
    /// [`LedgerError::Conflicts`] if a record contradicts the ledger; a database error. Nothing is changed then.
    pub fn take_records(&mut self, taking: TakingRecords<'_>, entry: &Entry) -> Result<Taken, LedgerError> {
        let path = self.path.clone();
        let tx = self.begin()?;
        let TakingRecords { partner: id, package, is_complete, mut children, mut families, terms, facts, names, gone } =
            taking;
        let mut taken = Taken::default();
        let before = known(&tx, id)?;
        // What this store expunged itself is known by the agency's name, and under the present key also by its own.
        let is_expunged = |one: &&ReceivedRecord| before.get(&one.theirs).is_some_and(|known| known.own.is_none());
        let expunged: BTreeSet<Pseudonym> = names.iter().filter(is_expunged).filter_map(|one| one.own).collect();
        let mut left_out = expunged.clone();
        for batch in [&mut children, &mut families] {
            left_out.extend(leave_out_expunged(&tx, batch, &expunged)?);
        }
        taken.left_out = left_out.len() as u64;
        let present: HashMap<Pseudonym, Exchanged> = names.iter().map(|record| (record.theirs, record.kind)).collect();
        let gone: HashSet<Pseudonym> = gone.iter().copied().collect();
        let is_gone = |theirs| gone.contains(&theirs) || (is_complete && !present.contains_key(&theirs));
        // What the agency itself withdraws need not be known as expunged any more.
        let known_gone = before.values().filter(|one| one.own.is_none() && is_gone(one.theirs));
        delete(&tx, &RECEIVED, "theirs", known_gone.map(|one| (id, one.theirs)))?;
        // A child may also be a relative now, or the reverse.
        let is_other = |one: &ReceivedRecord| present.get(&one.theirs).is_some_and(|kind| *kind != one.kind);
        let leaving = before.values().filter(|one| is_gone(one.theirs) || is_other(one));
        let scope = withdrawn(&tx, &before, leaving, names, &families)?;
        if !scope.samples.is_empty() || !scope.families.is_empty() {
            // The agency decides whether it sends them again, so nothing has to be remembered.
            // Foreign keys are checked, so that what belongs to the deleted is deleted, too.
            let (done, record) = expunge_in(&tx, &scope, &[], Some(entry), false)?;
            // The reviews of the deleted are in this record.
            record.map(|record| append(&tx, &record.with("step", "withdrawn"))).transpose()?;
            (taken.samples_gone, taken.families_gone) = (done.samples, done.families);
        }
        if !children.rows.is_empty() {
            taken.children = import_in(&tx, &path, &children, OnConflict::Replace, None, Some(entry))?.report;
        }
        if !families.rows.is_empty() {
            taken.families = import_in(&tx, &path, &families, OnConflict::Replace, None, Some(entry))?.report;
        }
        let is_taken = |one: &Pseudonym| !left_out.contains(one);
        let mut writer = TermsWriter::new(&tx)?;
        for (sample, stated) in terms.iter().filter(|row| is_taken(&row.0)) {
            // What this store knows besides, such as a consent, stays.
            let known = keeping::terms_in(&tx, *sample)?;
            let Terms { basis, purposes, keep_until, .. } = *stated;
            let terms = known.map_or(*stated, |known| Terms { basis, purposes, keep_until, ..known });
            writer.put(*sample, &terms)?;
        }
        let changed = writer.finish()?.families;
        review_keeping::note_change(&tx, changed, entry)?;
        facts::import_in(&tx, facts.into_iter().filter(|row| is_taken(&row.subject)).collect())?;
        let known = known(&tx, id)?;
        let new =
            names.iter().filter(|one| one.own.as_ref().is_some_and(is_taken) && known.get(&one.theirs) != Some(one));
        ReceivedRow::put(&tx, new.map(|record| ReceivedRow(id, *record)))?;
        // The agency may have lost what it was told about the records that it sends again.
        let sent_again: HashSet<Pseudonym> = names.iter().filter_map(|record| record.own).collect();
        let mut told = ToldRow::select(&tx, "partner_id = ?1", [id])?;
        told.retain(|row| row.1.pair.is_some_and(|pair| sent_again.contains(&pair.0) || sent_again.contains(&pair.1)));
        ToldRow::put(&tx, told.into_iter().map(|row| ToldRow(row.0, ToldHit { content: [0; 16], ..row.1 })))?;
        note_taken(&tx, id, PackageKind::Records, package)?;
        let entry = entry
            .clone()
            .with("children", children.rows.len())
            .with("relatives", families.rows.len())
            .with("samples_gone", taken.samples_gone)
            .with("families_gone", taken.families_gone)
            .with("left_out", taken.left_out);
        let about = scope.samples.iter().chain(&scope.families).copied();
        append(&tx, &entry.about(about.chain(names.iter().filter_map(|record| record.own))))?;
        tx.commit()?;
        let _ = self.empty_journal();
        Ok(taken)
    }

    /// Takes the hits of a package. A hit about somebody whom this store no longer has is left out.
    ///
    /// # Errors
    /// A database error. Nothing is changed then.
    pub fn take_hits(
        &mut self,
        partner_id: i64,
        package: LastPackage,
        hits: &[ReceivedHit],
        gone: &[Pseudonym],
        is_complete: bool,
        entry: &Entry,
    ) -> Result<Taken, LedgerError> {
        let tx = self.begin()?;
        let mut taken = Taken::default();
        let mut withdrawn: BTreeSet<Pseudonym> = gone.iter().copied().collect();
        if is_complete {
            let all = ReceivedHit::select(&tx, "partner_id = ?1", [partner_id])?;
            withdrawn.extend(all.iter().map(|hit| hit.reference));
            for hit in hits {
                withdrawn.remove(&hit.reference);
            }
        }
        let withdrawn = withdrawn.into_iter().map(|reference| (partner_id, reference));
        taken.hits_gone = delete(&tx, &HITS, "reference", withdrawn)? as u64;
        ReceivedHit::put(&tx, hits.iter().cloned())?;
        taken.hits = hits.len() as u64;
        note_taken(&tx, partner_id, PackageKind::Hits, package)?;
        let entry = entry.clone().with("hits", taken.hits).with("hits_gone", taken.hits_gone);
        append(&tx, &entry.about(hits.iter().flat_map(|hit| [hit.family, hit.child]).flatten()))?;
        tx.commit()?;
        Ok(taken)
    }
}

/// Returns what this store has from an agency, by its names.
fn known(tx: &Transaction<'_>, id: i64) -> Result<BTreeMap<Pseudonym, ReceivedRecord>, LedgerError> {
    let rows = ReceivedRow::select(tx, "partner_id = ?1", [id])?;
    Ok(rows.into_iter().map(|row| (row.1.theirs, row.1)).collect())
}

/// Notes the last package that was taken.
fn note_taken(tx: &Transaction<'_>, id: i64, kind: PackageKind, package: LastPackage) -> Result<(), LedgerError> {
    let before = partner(tx, id)?;
    Partner::put(tx, [Partner { received: before.received.with(kind, package), ..before }])
}

/// Returns what has to be deleted before the records are taken: what is leaving, and relatives that the agency's families
/// no longer have.
fn withdrawn<'r>(
    tx: &Transaction<'_>,
    known: &BTreeMap<Pseudonym, ReceivedRecord>,
    leaving: impl Iterator<Item = &'r ReceivedRecord>,
    names: &[ReceivedRecord],
    families: &Batch,
) -> Result<Scope, LedgerError> {
    let mut scope = Scope::default();
    for record in leaving {
        let of_kind = match record.kind {
            Exchanged::Family => &mut scope.families,
            Exchanged::Child | Exchanged::Relative => &mut scope.samples,
        };
        of_kind.extend(record.own);
    }
    // The relatives that each family of the package has.
    let mut given: BTreeMap<Pseudonym, HashSet<Pseudonym>> = BTreeMap::new();
    for row in &families.rows {
        if let Some((family, _)) = row.family {
            given.entry(family).or_default().insert(row.sample);
        }
    }
    // A family none of whose relatives is taken, because this store expunged them all.
    let named = names.iter().filter(|record| record.kind == Exchanged::Family).filter_map(|record| record.own);
    let empty: Vec<Pseudonym> = named.filter(|family| !given.contains_key(family)).collect();
    scope.families.extend(members(tx, &empty)?.into_iter().map(|member| member.0));
    let of_agency: HashSet<Pseudonym> = known.values().filter_map(|record| record.own).collect();
    let touched: Vec<Pseudonym> = given.keys().chain(&scope.families).copied().collect();
    let mut dropped: BTreeMap<Pseudonym, Vec<Pseudonym>> = BTreeMap::new();
    for (family, sample) in members(tx, &touched)? {
        let is_withdrawn = scope.families.contains(&family);
        if (is_withdrawn || of_agency.contains(&sample))
            && !given.get(&family).is_some_and(|given| given.contains(&sample))
        {
            dropped.entry(sample).or_default().push(family);
        }
    }
    let kept: HashSet<Pseudonym> = given.values().flatten().copied().collect();
    for (sample, from) in dropped {
        let elsewhere = families_of(tx, sample)?.iter().any(|family| !touched.contains(family));
        if !kept.contains(&sample) && !elsewhere {
            scope.samples.insert(sample);
        } else {
            // The sample stays for another family: this one is written anew without it.
            scope.families.extend(from);
        }
    }
    Ok(scope)
}

/// Returns the families and samples of these families.
fn members(tx: &Transaction<'_>, families: &[Pseudonym]) -> Result<Vec<(Pseudonym, Pseudonym)>, LedgerError> {
    let mut statement = tx.prepare(
        "SELECT family.pseudonym, sample.pseudonym FROM family JOIN member ON family_id = family.id
         JOIN sample ON sample.id = sample_id WHERE +family.pseudonym IN (SELECT unhex(value) FROM json_each(?1))",
    )?;
    let mut rows = statement.query([pseudonym_list(families)])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((pseudonym(row, 0)?, pseudonym(row, 1)?));
    }
    Ok(all)
}

/// Removes the rows of what this store expunged itself. Returns whom they are of.
fn leave_out_expunged(
    tx: &Transaction<'_>,
    batch: &mut Batch,
    known: &BTreeSet<Pseudonym>,
) -> Result<BTreeSet<Pseudonym>, LedgerError> {
    let returning: BTreeSet<Pseudonym> =
        expunged::returning(tx, batch)?.into_keys().chain(known.iter().copied()).collect();
    if returning.is_empty() {
        return Ok(returning);
    }
    batch.rows.retain(|row| {
        !returning.contains(&row.sample) && row.family.is_none_or(|(family, _)| !returning.contains(&family))
    });
    let families: HashSet<Pseudonym> = batch.rows.iter().filter_map(|row| Some(row.family?.0)).collect();
    batch.pedigrees.retain(|pedigree| families.contains(&pedigree.family));
    for pedigree in &mut batch.pedigrees {
        *pedigree = without(pedigree, &returning);
    }
    Ok(returning)
}

/// Returns a pedigree in which these samples have no place; the persons stay.
fn without(pedigree: &FamilyPedigree, gone: &BTreeSet<Pseudonym>) -> FamilyPedigree {
    let stay = pedigree.samples.iter().zip(pedigree.pedigree.relatives()).filter(|(sample, _)| !gone.contains(sample));
    let (samples, places): (Vec<Pseudonym>, Vec<usize>) = stay.unzip();
    match Pedigree::from_members(pedigree.pedigree.members(), pedigree.pedigree.child(), &places) {
        Ok(fewer) => FamilyPedigree { family: pedigree.family, pedigree: fewer, samples },
        // The same persons with fewer samples are a pedigree.
        Err(_) => pedigree.clone(),
    }
}
