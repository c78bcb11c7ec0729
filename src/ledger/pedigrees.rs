//! Reads and writes the stored form of pedigrees: links by position, and with each sample its place. The form has no
//! names of persons.
//!
//! | bytes of `pedigree.links` | content |
//! |---|---|
//! | 0-1 | position of the missing child |
//! | then per person 2 | position of the father + 1; 0 if he is not in the pedigree |
//! | and 2 | position of the mother + 1; 0 if she is not in the pedigree |
//!
//! All numbers are little-endian. Parents precede their children, as in a [`Pedigree`], so equal pedigrees have equal
//! bytes.

use std::collections::BTreeMap;

use rusqlite::{Statement, Transaction};

use super::{Batch, LedgerError};
use crate::model::{FamilyPedigree, Member, Pedigree, Pseudonym, Relation};

/// Returns the batch's pedigrees by family. Checks that each member has a place in one of them, and that nobody else
/// has.
pub(super) fn by_family(batch: &Batch) -> Result<BTreeMap<Pseudonym, &FamilyPedigree>, LedgerError> {
    let pedigrees: BTreeMap<Pseudonym, &FamilyPedigree> =
        batch.pedigrees.iter().map(|pedigree| (pedigree.family, pedigree)).collect();
    if pedigrees.len() < batch.pedigrees.len() {
        return Err(LedgerError::Mixed("a family has two pedigrees"));
    }
    if pedigrees.values().any(|one| one.pedigree.members().len() >= usize::from(u16::MAX)) {
        return Err(LedgerError::Mixed("a pedigree has more persons than can be numbered"));
    }
    for row in &batch.rows {
        let Some((family, relation)) = row.family else { continue };
        let place = pedigrees.get(&family).map(|pedigree| pedigree.place(row.sample));
        if (relation == Relation::Member) != matches!(place, Some(Some(_))) || (place == Some(None)) {
            return Err(LedgerError::Mixed("a member needs a place in the family's pedigree, and nobody else has one"));
        }
    }
    Ok(pedigrees)
}

/// Returns the stored form.
pub(super) fn encode(pedigree: &Pedigree) -> Vec<u8> {
    let word = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
    let parent = |parent: Option<usize>| word(parent.map_or(0, |parent| parent + 1));
    let mut links = word(pedigree.child()).to_vec();
    for member in pedigree.members() {
        links.extend([parent(member.father), parent(member.mother)].as_flattened());
    }
    links
}

/// Returns the stored place of a sample in a family's pedigree.
pub(super) fn place(pedigree: &FamilyPedigree, sample: Pseudonym) -> Option<i64> {
    pedigree.place(sample).and_then(|place| i64::try_from(place).ok())
}

/// Decodes the pedigree of a stored family, whose relatives have these relations and places; `None` if it has no
/// pedigree.
///
/// # Errors
/// A description of the fault.
pub(super) fn decode(
    links: Option<&[u8]>,
    relatives: &[(Relation, Option<i64>)],
) -> Result<Option<Pedigree>, &'static str> {
    let Some(links) = links else {
        let placed = relatives.iter().any(|&(relation, place)| relation == Relation::Member || place.is_some());
        return if placed { Err("a relative has a place in a pedigree that is missing") } else { Ok(None) };
    };
    let cut = "the pedigree is cut short";
    let (words, rest) = links.as_chunks::<2>();
    let words: Vec<usize> = words.iter().map(|&word| usize::from(u16::from_le_bytes(word))).collect();
    let (&child, parents) = words.split_first().ok_or(cut)?;
    let (parents, odd) = parents.as_chunks::<2>();
    if !rest.is_empty() || !odd.is_empty() {
        return Err(cut);
    }
    let member =
        |&[father, mother]: &[usize; 2]| Member { father: father.checked_sub(1), mother: mother.checked_sub(1) };
    let members: Vec<Member> = parents.iter().map(member).collect();
    let in_order = |(i, member): (usize, &Member)| [member.father, member.mother].iter().flatten().all(|&p| p < i);
    if !members.iter().enumerate().all(in_order) {
        return Err("the pedigree is out of order");
    }
    let place = |&(relation, place): &(Relation, Option<i64>)| match (relation, place) {
        (Relation::Member, Some(place)) => usize::try_from(place).ok(),
        _ => None,
    };
    let places: Option<Vec<usize>> = relatives.iter().map(place).collect();
    let places = places.ok_or("a relative has no place in the pedigree")?;
    Pedigree::from_members(&members, child, &places).map(Some).map_err(|_| "the pedigree is invalid")
}

/// Writes the pedigrees of families whose members are written.
pub(super) struct Writer<'t> {
    pedigrees: BTreeMap<Pseudonym, &'t FamilyPedigree>,
    links: Statement<'t>,
    place: Statement<'t>,
    delete: Statement<'t>,
}

impl<'t> Writer<'t> {
    pub(super) fn new(tx: &'t Transaction<'_>, batch: &'t Batch) -> Result<Self, LedgerError> {
        Ok(Self {
            pedigrees: by_family(batch)?,
            links: tx.prepare(
                "INSERT INTO pedigree (family_id, links) VALUES (?1, ?2)
                 ON CONFLICT (family_id) DO UPDATE SET links = excluded.links",
            )?,
            place: tx.prepare(
                "UPDATE member SET place = ?3
                 WHERE family_id = ?1 AND sample_id = (SELECT id FROM sample WHERE pseudonym = ?2)",
            )?,
            delete: tx.prepare("DELETE FROM pedigree WHERE family_id = ?1")?,
        })
    }

    /// Returns a family's pedigree.
    pub(super) fn pedigree(&self, family: Pseudonym) -> Option<&'t FamilyPedigree> {
        self.pedigrees.get(&family).copied()
    }

    /// Writes a family's pedigree and the places of its members; if the batch has no pedigree of it, deletes the stored
    /// one.
    pub(super) fn write(&mut self, family: Pseudonym, id: i64) -> Result<(), LedgerError> {
        let Some(of_family) = self.pedigrees.get(&family) else {
            self.delete.execute([id])?;
            return Ok(());
        };
        self.links.execute((id, encode(&of_family.pedigree)))?;
        for (sample, &place) in of_family.samples.iter().zip(of_family.pedigree.relatives()) {
            self.place.execute((id, sample.as_bytes(), i64::try_from(place).unwrap_or(i64::MAX)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn couple(father: usize, mother: usize) -> Member {
        Member { father: Some(father), mother: Some(mother) }
    }

    #[test]
    fn links_come_back_and_damaged_ones_do_not() {
        let members = [Member::default(), Member::default(), couple(0, 1), Member { father: None, mother: Some(1) }];
        let pedigree = Pedigree::from_members(&members, 2, &[3, 0]).unwrap();
        let links = encode(&pedigree);
        assert_eq!(links, [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 2, 0]);
        let at = |place| (Relation::Member, Some(place));
        assert_eq!(decode(Some(&links), &[at(3), at(0)]), Ok(Some(pedigree)));
        assert_eq!(decode(None, &[(Relation::Father, None)]), Ok(None));
        for (cut, relatives) in [
            (18, &[at(2)][..]),
            (18, &[at(4)]),
            (18, &[at(-1)]),
            (18, &[at(1), at(1)]),
            (18, &[(Relation::Father, Some(1))]),
            (18, &[(Relation::Member, None)]),
            (17, &[at(1)]),
            (16, &[at(1)]),
            (10, &[]),
            (0, &[]),
        ] {
            assert!(decode(Some(&links[..cut]), relatives).is_err(), "{cut} {relatives:?}");
        }
        assert!(decode(Some(&[0, 0, 2, 0, 0, 0, 0, 0, 0, 0]), &[]).is_err(), "a child before the father");
        assert!(decode(None, &[at(0)]).is_err());
    }
}
