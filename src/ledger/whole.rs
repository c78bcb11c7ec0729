//! That nothing is missing or exchanged which carries no checksum itself: the relatives of a family, the names of the loci,
//! and how many children and families there are. Without it a changed bit makes another pedigree of one, hides a locus from
//! every comparison, or a child from every search.
//!
//! `family.sum`, `past.sum`, and `loci_sum` in `meta`: see `checksum`. `children` and `families` in `meta`: how many there are,
//! of families those that are not withdrawn. Whatever adds or removes some adds to these numbers; they are not counted anew,
//! or what is missing would be missed no more. For the same reason a family with a wrong checksum keeps that.

use rusqlite::{Connection, OptionalExtension, Row, Statement, Transaction};

use super::LedgerError;
use super::checksum::{Checksum, Sum};
use super::open::{meta, set_meta};
use super::read::pseudonym;
use crate::model::{Layout, Pseudonym};

/// A relative of a family: the sample, the word of the relation, and the place in the family's pedigree, if it has one.
pub(super) type Held<'a> = (Pseudonym, &'a str, Option<i64>);

/// The checksum of a family with these relatives, in any order, and this pedigree.
pub(super) fn of_family(family: Pseudonym, relatives: &mut [Held<'_>], links: Option<&[u8]>) -> Sum {
    relatives.sort_unstable();
    let begun = Checksum::default().with(family.as_bytes()).with_optional(links);
    let all = relatives.iter().fold(begun, |values, (sample, word, place)| {
        values.with(sample.as_bytes()).with(word).with(place.unwrap_or(-1).to_le_bytes())
    });
    all.sum()
}

/// The checksums of families, one by one.
pub(super) struct Families<'t> {
    family: Statement<'t>,
    relatives: Statement<'t>,
    update: Statement<'t>,
}

impl<'t> Families<'t> {
    pub(super) fn new(connection: &'t Connection) -> Result<Self, LedgerError> {
        Ok(Self {
            family: connection.prepare(
                "SELECT pseudonym, sum, links FROM family LEFT JOIN pedigree ON family_id = id WHERE id = ?1",
            )?,
            relatives: connection.prepare(
                "SELECT pseudonym, relation, place FROM member JOIN sample ON id = sample_id WHERE family_id = ?1",
            )?,
            update: connection.prepare("UPDATE family SET sum = ?2 WHERE id = ?1")?,
        })
    }

    /// The checksum that a family has, and the one that it should have.
    fn both(&mut self, id: i64) -> Result<(Option<Sum>, Sum), LedgerError> {
        let mut rows = self.relatives.query([id])?;
        let mut relatives: Vec<(Pseudonym, String, Option<i64>)> = Vec::new();
        while let Some(row) = rows.next()? {
            relatives.push((pseudonym(row, 0)?, row.get(1)?, row.get(2)?));
        }
        let mut relatives: Vec<Held<'_>> = relatives.iter().map(|held| (held.0, held.1.as_str(), held.2)).collect();
        self.family
            .query_row([id], |row| {
                let links: Option<Vec<u8>> = row.get(2)?;
                let sum = of_family(Pseudonym::from_bytes(row.get(0)?), &mut relatives, links.as_deref());
                Ok((row.get(1)?, sum))
            })
            .map_err(LedgerError::from)
    }

    /// Whether a family is as it was written.
    pub(super) fn is_sound(&mut self, id: i64) -> Result<bool, LedgerError> {
        self.both(id).map(|(stored, sum)| stored == Some(sum))
    }

    /// Gives a family, which was sound before it was changed, the checksum of what it is now.
    pub(super) fn renew(&mut self, id: i64) -> Result<(), LedgerError> {
        let (_, sum) = self.both(id)?;
        self.update.execute((id, sum))?;
        Ok(())
    }
}

/// The ids of all families.
fn families(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    connection.prepare("SELECT id FROM family")?.query_map([], |row| row.get(0))?.collect()
}

/// The ids of the families that are as they were written.
pub(super) fn sound(connection: &Connection) -> Result<Vec<i64>, LedgerError> {
    let mut sums = Families::new(connection)?;
    let mut sound = Vec::new();
    for id in families(connection)? {
        if sums.is_sound(id)? {
            sound.push(id);
        }
    }
    Ok(sound)
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

fn key(layout: Layout) -> &'static str {
    match layout {
        Layout::Children => "children",
        Layout::Families => "families",
    }
}

/// Adds to the number of children, or of families that are not withdrawn.
pub(super) fn add(tx: &Transaction<'_>, layout: Layout, number: i64) -> rusqlite::Result<()> {
    tx.execute("UPDATE meta SET value = value + ?2 WHERE key = ?1", (key(layout), number)).map(drop)
}

/// How many children, or families that are not withdrawn, there should be.
pub(super) fn imported(connection: &Connection, layout: Layout) -> Result<u64, LedgerError> {
    Ok(meta(connection, key(layout))?.map_or(0, i64::unsigned_abs))
}

/// Refuses another number of children, or of families that are not withdrawn, than there should be.
pub(super) fn check(connection: &Connection, layout: Layout, found: u64) -> Result<(), LedgerError> {
    if imported(connection, layout)? == found {
        return Ok(());
    }
    let of = format!("the {}", key(layout));
    Err(LedgerError::Damaged { of, what: "there are more or fewer than were imported" })
}

/// How many families are not withdrawn, as they are.
pub(super) fn matched(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM family WHERE withdrawn IS NULL", [], |row| row.get(0))
}

/// How many children there are.
fn children(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sample WHERE role = 'child'", [], |row| row.get(0))
}

/// The checksum of what `past` says of a generation.
pub(super) fn of_past(generation: i64, stamp: &[u8; 16], last_import: i64) -> Sum {
    Checksum::default().with(generation.to_le_bytes()).with(stamp).with(last_import.to_le_bytes()).sum()
}

/// Takes everything for sound: in a ledger that has had no such checksums, or is new.
pub(super) fn begin(tx: &Transaction<'_>) -> Result<(), LedgerError> {
    let mut sums = Families::new(tx)?;
    families(tx)?.into_iter().try_for_each(|id| sums.renew(id))?;
    renew_loci(tx)?;
    let mut select = tx.prepare("SELECT generation, stamp, last_import FROM past")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let pasts: Vec<(i64, [u8; 16], i64)> = select.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
    for (generation, stamp, last_import) in pasts {
        let sum = of_past(generation, &stamp, last_import);
        tx.execute("UPDATE past SET sum = ?2 WHERE generation = ?1", (generation, sum))?;
    }
    set_meta(tx, key(Layout::Children), children(tx)?)?;
    Ok(set_meta(tx, key(Layout::Families), matched(tx)?)?)
}

/// Everything of it that is wrong.
pub(super) fn verify(connection: &Connection, findings: &mut Vec<String>) -> Result<(), LedgerError> {
    findings.extend(loci(connection).err().map(|error| error.to_string()));
    for (layout, found) in [(Layout::Children, children(connection)?), (Layout::Families, matched(connection)?)] {
        findings.extend(check(connection, layout, found.unsigned_abs()).err().map(|error| error.to_string()));
    }
    let mut sums = Families::new(connection)?;
    for id in families(connection)? {
        if !sums.is_sound(id)? {
            let sql = "SELECT pseudonym FROM family WHERE id = ?1";
            let family = connection.query_row(sql, [id], |row| row.get(0).map(Pseudonym::from_bytes)).optional()?;
            let of = family.map_or("a family".to_owned(), |family| format!("family {family}"));
            findings.push(changed(of).to_string());
        }
    }
    Ok(())
}

/// Refuses a family whose relatives or pedigree are not those that its checksum is of.
pub(super) fn check_family<'a>(
    family: Pseudonym,
    relatives: impl Iterator<Item = Held<'a>>,
    links: Option<&[u8]>,
    sum: Option<Sum>,
) -> Result<(), LedgerError> {
    let right = of_family(family, &mut relatives.collect::<Vec<_>>(), links);
    if sum == Some(right) { Ok(()) } else { Err(changed(format!("family {family}"))) }
}

/// A family with a wrong checksum.
pub(super) fn changed(of: String) -> LedgerError {
    LedgerError::Damaged { of, what: "its relatives were changed" }
}
