//! Detects missing or swapped records that carry no checksum themselves: the relatives of a family, the names of the loci,
//! and how many children and families there are. Without it a changed bit makes another pedigree of one, hides a locus from
//! every comparison, or a child from every search.
//!
//! `family.sum`, `past.sum`, and `loci_sum` in `meta`: see `checksum`. `children` and `families` in `meta`: how many there are,
//! of families those that are not withdrawn. Whatever adds or removes some adds to these numbers; they are not counted anew,
//! or what is missing would be missed no more. For the same reason a family with a wrong checksum keeps that.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Rows, Statement, Transaction};

use super::LedgerError;
use super::checksum::{Checksum, Sum};
use super::column::pseudonym;
use super::generation::past_checksum;
use super::meta::{meta, set_meta};
use crate::model::{Layout, Pseudonym};

/// A relative of a family, as the family's checksum covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held<'a> {
    pub(super) sample: Pseudonym,
    /// The word of the relation.
    pub(super) relation: &'a str,
    /// The place in the family's pedigree, if it has one.
    pub(super) place: Option<i64>,
}

/// The checksum of a family with these relatives, in any order, and this pedigree.
pub(super) fn family_checksum(family: Pseudonym, relatives: &mut [Held<'_>], links: Option<&[u8]>) -> Sum {
    relatives.sort_unstable();
    let begun = Checksum::default().with(family.as_bytes()).with_optional(links);
    let all = relatives.iter().fold(begun, |values, held| {
        values.with(held.sample.as_bytes()).with(held.relation).with(held.place.unwrap_or(-1).to_le_bytes())
    });
    all.sum()
}

/// A family, and the checksum that it has beside the one that its relatives have.
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

/// Reads families by [`ALL_FAMILIES`], of which the rows of each are together.
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

/// The checksums of all families.
fn all_checksums(connection: &Connection) -> Result<Vec<FamilyChecksums>, LedgerError> {
    let mut statement = connection.prepare(&format!("{ALL_FAMILIES} ORDER BY family.id"))?;
    checksums(statement.query([])?)
}

/// The checksums of families, one by one.
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

    /// Whether a family is as it was written.
    pub(super) fn is_sound(&mut self, id: i64) -> Result<bool, LedgerError> {
        Ok(checksums(self.select.query([id])?)?.iter().all(FamilyChecksums::is_sound))
    }

    /// Gives a family, which was sound before it was changed, the checksum of what it is now.
    pub(super) fn renew(&mut self, id: i64) -> Result<(), LedgerError> {
        for one in checksums(self.select.query([id])?)? {
            self.update.execute((id, one.computed))?;
        }
        Ok(())
    }
}

/// The ids of the families that are as they were written, rising.
pub(super) fn sound_families(connection: &Connection) -> Result<Vec<i64>, LedgerError> {
    let all = all_checksums(connection)?;
    Ok(all.iter().filter(|one| one.is_sound()).map(|one| one.id).collect())
}

/// Gives families of these ids, rising, which were sound before they were changed, the checksums of what they are now.
pub(super) fn renew_families(tx: &Transaction<'_>, ids: &[i64]) -> Result<(), LedgerError> {
    let mut update = tx.prepare("UPDATE family SET sum = ?2 WHERE id = ?1")?;
    for one in all_checksums(tx)?.iter().filter(|one| ids.binary_search(&one.id).is_ok()) {
        update.execute((one.id, one.computed))?;
    }
    Ok(())
}

/// Ids and names of the loci, by id, and their checksum.
fn loci_and_sum(connection: &Connection) -> Result<(Vec<(u16, String)>, Sum), LedgerError> {
    // The index by name is another place, where other bits may have changed.
    let mut statement = connection.prepare("SELECT id, name FROM locus NOT INDEXED ORDER BY id")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let loci: Vec<(u16, String)> = statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
    let all = loci.iter().fold(Checksum::default(), |values, (id, name)| values.with(id.to_le_bytes()).with(name));
    let sum = all.sum();
    Ok((loci, sum))
}

/// Ids and names of the loci, by id, as they were written.
pub(super) fn loci(connection: &Connection) -> Result<Vec<(u16, String)>, LedgerError> {
    let (loci, sum) = loci_and_sum(connection)?;
    if meta(connection, "loci_sum")? == Some(sum) {
        return Ok(loci);
    }
    Err(LedgerError::Damaged { of: "the loci".to_owned(), what: "a name or number was changed" })
}

/// After loci were added to some that were sound.
pub(super) fn renew_loci(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    Ok(set_meta(tx, "loci_sum", loci_and_sum(tx)?.1)?)
}

fn count_name(layout: Layout) -> &'static str {
    match layout {
        Layout::Children => "children",
        Layout::Families => "families",
    }
}

/// Adds to the number of children, or of families that are not withdrawn.
pub(super) fn add_to_count(tx: &Transaction<'_>, layout: Layout, number: i64) -> rusqlite::Result<()> {
    tx.execute("UPDATE meta SET value = value + ?2 WHERE key = ?1", (count_name(layout), number)).map(drop)
}

/// How many children, or families that are not withdrawn, there should be.
pub(super) fn expected(connection: &Connection, layout: Layout) -> Result<u64, LedgerError> {
    Ok(meta(connection, count_name(layout))?.map_or(0, i64::unsigned_abs))
}

/// Refuses another number of children, or of families that are not withdrawn, than there should be.
pub(super) fn check_count(connection: &Connection, layout: Layout, found: u64) -> Result<(), LedgerError> {
    if expected(connection, layout)? == found {
        return Ok(());
    }
    let of = format!("the {}", count_name(layout));
    Err(LedgerError::Damaged { of, what: "there are more or fewer than were imported" })
}

/// How many families are not withdrawn, as they are.
pub(super) fn families_matched(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM family WHERE withdrawn IS NULL", [], |row| row.get(0))
}

/// How many children there are.
fn children(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sample WHERE role = 'child'", [], |row| row.get(0))
}

/// Takes everything for sound: in a ledger that has had no such checksums, or is new.
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

/// Everything of it that is wrong.
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

/// Refuses a family whose relatives or pedigree are not those that its checksum is of.
pub(super) fn check_family<'a>(
    family: Pseudonym,
    relatives: impl Iterator<Item = Held<'a>>,
    links: Option<&[u8]>,
    sum: Option<Sum>,
) -> Result<(), LedgerError> {
    let right = family_checksum(family, &mut relatives.collect::<Vec<_>>(), links);
    if sum == Some(right) { Ok(()) } else { Err(relatives_changed(format!("family {family}"))) }
}

/// A family with a wrong checksum.
pub(super) fn relatives_changed(of: String) -> LedgerError {
    LedgerError::Damaged { of, what: "its relatives were changed" }
}
