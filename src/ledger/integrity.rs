//! Detects missing or swapped records that carry no checksum themselves: the relatives of a family, the names of the
//! loci, and the numbers of children and families. Without this check, a changed bit could turn a pedigree into another
//! one, hide a locus from every comparison, or hide a child from every search.
//!
//! Checksums are in `family.sum`, `past.sum`, and `loci_sum` in `meta`: see `checksum`. `children` and `families` in
//! `meta` are the numbers of children and of families that are not withdrawn. Every change adds to these numbers and
//! never counts the rows again, because a new count would hide a missing row. For the same reason a family with a wrong
//! checksum keeps it.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Rows, Statement, Transaction};

use super::LedgerError;
use super::checksum::{Checksum, Sum};
use super::column::pseudonym;
use super::generation::past_checksum;
use super::meta::{meta, set_meta};
use crate::model::{Layout, Pseudonym};

/// A relative of a family, in the form that the family's checksum covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held<'a> {
    pub(super) sample: Pseudonym,
    /// The word of the relation.
    pub(super) relation: &'a str,
    /// The place in the family's pedigree, if it has one.
    pub(super) place: Option<i64>,
}

/// Computes the checksum of a family with these relatives, in any order, and this pedigree.
pub(super) fn family_checksum(family: Pseudonym, relatives: &mut [Held<'_>], links: Option<&[u8]>) -> Sum {
    relatives.sort_unstable();
    let begun = Checksum::default().with(family.as_bytes()).with_optional(links);
    let all = relatives.iter().fold(begun, |values, held| {
        values.with(held.sample.as_bytes()).with(held.relation).with(held.place.unwrap_or(-1).to_le_bytes())
    });
    all.sum()
}

/// A family with its stored checksum and the checksum computed from its relatives.
struct FamilyChecksums {
    id: i64,
    family: Pseudonym,
    stored: Option<Sum>,
    computed: Sum,
}

impl FamilyChecksums {
    fn is_sound(&self) -> bool {
        self.stored == Some(self.computed)
    }
}

const ALL_FAMILIES: &str =
    "SELECT family.id, family.pseudonym, family.sum, pedigree.links, sample.pseudonym, member.relation, member.place
     FROM family LEFT JOIN member ON member.family_id = family.id LEFT JOIN sample ON sample.id = member.sample_id
     LEFT JOIN pedigree ON pedigree.family_id = family.id";

/// Reads families by [`ALL_FAMILIES`], which has the rows of each family together.
fn checksums(mut rows: Rows<'_>) -> Result<Vec<FamilyChecksums>, LedgerError> {
    struct Draft {
        id: i64,
        family: Pseudonym,
        stored: Option<Sum>,
        links: Option<Vec<u8>>,
        relatives: Vec<(Pseudonym, String, Option<i64>)>,
    }
    let computed = |draft: Draft| {
        let held =
            draft.relatives.iter().map(|(sample, relation, place)| Held { sample: *sample, relation, place: *place });
        let computed = family_checksum(draft.family, &mut held.collect::<Vec<_>>(), draft.links.as_deref());
        FamilyChecksums { id: draft.id, family: draft.family, stored: draft.stored, computed }
    };
    let (mut all, mut last): (Vec<FamilyChecksums>, Option<Draft>) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        if last.as_ref().is_none_or(|last| last.id != id) {
            all.extend(last.take().map(computed));
        }
        let draft = match &mut last {
            Some(draft) => draft,
            None => last.insert(Draft {
                id,
                family: pseudonym(row, 1)?,
                stored: row.get(2)?,
                links: row.get(3)?,
                relatives: Vec::new(),
            }),
        };
        if row.get_ref(4)? != ValueRef::Null {
            draft.relatives.push((pseudonym(row, 4)?, row.get(5)?, row.get(6)?));
        }
    }
    all.extend(last.map(computed));
    Ok(all)
}

/// Returns the checksums of all families.
fn all_checksums(connection: &Connection) -> Result<Vec<FamilyChecksums>, LedgerError> {
    let mut statement = connection.prepare(&format!("{ALL_FAMILIES} ORDER BY family.id"))?;
    checksums(statement.query([])?)
}

/// Reads and renews the checksums of families, one by one.
pub(super) struct Families<'t> {
    select: Statement<'t>,
    update: Statement<'t>,
}

impl<'t> Families<'t> {
    pub(super) fn new(connection: &'t Connection) -> Result<Self, LedgerError> {
        Ok(Self {
            select: connection.prepare(&format!("{ALL_FAMILIES} WHERE family.id = ?1"))?,
            update: connection.prepare("UPDATE family SET sum = ?2 WHERE id = ?1")?,
        })
    }

    /// Reports whether a family is unchanged since it was written.
    pub(super) fn is_sound(&mut self, id: i64) -> Result<bool, LedgerError> {
        Ok(checksums(self.select.query([id])?)?.iter().all(FamilyChecksums::is_sound))
    }

    /// Stores the present checksum of a family that was sound before it was changed.
    pub(super) fn renew(&mut self, id: i64) -> Result<(), LedgerError> {
        for one in checksums(self.select.query([id])?)? {
            self.update.execute((id, one.computed))?;
        }
        Ok(())
    }
}

/// Returns the ids of the families that are unchanged since they were written, in rising order.
pub(super) fn sound_families(connection: &Connection) -> Result<Vec<i64>, LedgerError> {
    let all = all_checksums(connection)?;
    Ok(all.iter().filter(|one| one.is_sound()).map(|one| one.id).collect())
}

/// Stores the present checksums of families with these ids, in rising order, which were sound before they were changed.
pub(super) fn renew_families(tx: &Transaction<'_>, ids: &[i64]) -> Result<(), LedgerError> {
    let mut update = tx.prepare("UPDATE family SET sum = ?2 WHERE id = ?1")?;
    for one in all_checksums(tx)?.iter().filter(|one| ids.binary_search(&one.id).is_ok()) {
        update.execute((one.id, one.computed))?;
    }
    Ok(())
}

/// Returns ids and names of the loci, by id, and their checksum.
fn loci_and_sum(connection: &Connection) -> Result<(Vec<(u16, String)>, Sum), LedgerError> {
    // The index by name is stored elsewhere in the file, where other bits may have changed.
    let mut statement = connection.prepare("SELECT id, name FROM locus NOT INDEXED ORDER BY id")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let loci: Vec<(u16, String)> = statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
    let all = loci.iter().fold(Checksum::default(), |values, (id, name)| values.with(id.to_le_bytes()).with(name));
    let sum = all.sum();
    Ok((loci, sum))
}

/// Returns ids and names of the loci, by id, after checking their checksum.
pub(super) fn loci(connection: &Connection) -> Result<Vec<(u16, String)>, LedgerError> {
    let (loci, sum) = loci_and_sum(connection)?;
    if meta(connection, "loci_sum")? == Some(sum) {
        return Ok(loci);
    }
    Err(LedgerError::Damaged { of: "the loci".to_owned(), what: "a name or number was changed" })
}

/// Stores the present checksum of the loci, after loci were added to sound ones.
pub(super) fn renew_loci(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    Ok(set_meta(tx, "loci_sum", loci_and_sum(tx)?.1)?)
}

fn count_name(layout: Layout) -> &'static str {
    match layout {
        Layout::Children => "children",
        Layout::Families => "families",
    }
}

/// Adds to the stored number of children, or of families that are not withdrawn.
pub(super) fn add_to_count(tx: &Transaction<'_>, layout: Layout, number: i64) -> rusqlite::Result<()> {
    super::meta::add_to_count(tx, count_name(layout), number)
}

/// Returns the stored number of children, or of families that are not withdrawn.
pub(super) fn expected(connection: &Connection, layout: Layout) -> Result<u64, LedgerError> {
    Ok(meta(connection, count_name(layout))?.map_or(0, i64::unsigned_abs))
}

/// Checks that the number found equals the stored number of children, or of families that are not withdrawn.
pub(super) fn check_count(connection: &Connection, layout: Layout, found: u64) -> Result<(), LedgerError> {
    if expected(connection, layout)? == found {
        return Ok(());
    }
    let of = format!("the {}", count_name(layout));
    Err(LedgerError::Damaged { of, what: "there are more or fewer than were imported" })
}

/// Counts the rows of families that are not withdrawn.
pub(super) fn families_matched(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM family WHERE withdrawn IS NULL", [], |row| row.get(0))
}

/// Counts the rows of children.
fn children(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sample WHERE role = 'child'", [], |row| row.get(0))
}

/// Accepts all present rows as sound: in a new ledger, or in one that had no checksums of this kind.
pub(super) fn accept_all(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let mut update = tx.prepare("UPDATE family SET sum = ?2 WHERE id = ?1")?;
    for one in all_checksums(tx)? {
        update.execute((one.id, one.computed))?;
    }
    renew_loci(tx)?;
    let mut select = tx.prepare("SELECT generation, stamp, last_import FROM past")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let pasts: Vec<(i64, [u8; 16], i64)> = select.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
    for (generation, stamp, last_import) in pasts {
        let sum = past_checksum(generation, &stamp, last_import);
        tx.execute("UPDATE past SET sum = ?2 WHERE generation = ?1", (generation, sum))?;
    }
    set_meta(tx, count_name(Layout::Children), children(tx)?)?;
    Ok(set_meta(tx, count_name(Layout::Families), families_matched(tx)?)?)
}

/// Appends every fault that these checksums show.
pub(super) fn verify(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    findings.extend(loci(connection).err().map(|error| error.to_string()));
    for (layout, found) in
        [(Layout::Children, children(connection)?), (Layout::Families, families_matched(connection)?)]
    {
        findings.extend(check_count(connection, layout, found.unsigned_abs()).err().map(|error| error.to_string()));
    }
    let all = all_checksums(connection)?;
    let changed = all.iter().filter(|one| !one.is_sound());
    findings.extend(changed.map(|one| relatives_changed(format!("family {}", one.family)).to_string()));
    Ok(())
}

/// Checks that the relatives and the pedigree of a family are those of its checksum.
pub(super) fn check_family<'a>(
    family: Pseudonym,
    relatives: impl Iterator<Item = Held<'a>>,
    links: Option<&[u8]>,
    sum: Option<Sum>,
) -> Result<(), LedgerError> {
    let right = family_checksum(family, &mut relatives.collect::<Vec<_>>(), links);
    if sum == Some(right) { Ok(()) } else { Err(relatives_changed(format!("family {family}"))) }
}

/// Returns the error for a family with a wrong checksum.
pub(super) fn relatives_changed(of: String) -> LedgerError {
    LedgerError::Damaged { of, what: "its relatives were changed" }
}
