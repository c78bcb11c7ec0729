//! Keeps the agencies with which this store exchanges records, and what was sent to each and received from each.
//!
//! Every row has a checksum, and `meta` the number of rows of each table: a lost row of what was sent would keep an
//! expunging from the agency that has the sample.

use rusqlite::types::FromSql;
use rusqlite::{Connection, Row, ToSql, Transaction};

use super::LedgerError;
use super::audit::append;
use super::checksum::{Checksum, Sum};
use super::ledger::Ledger;
use super::meta::{add_to_count, meta, random};
use crate::audit::Attribution;
use crate::model::Pseudonym;

/// The last package of a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastPackage {
    /// Its number; 0 if there was none.
    pub number: u64,
    /// Digest of its manifest.
    pub digest: Option<[u8; 32]>,
}

/// An agency with which this store exchanges records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// The number of the row; 0 before it is written.
    pub id: i64,
    /// The name that this laboratory has for it.
    pub name: String,
    /// The text of its card.
    pub card: String,
    /// See `AgencySalt`.
    pub salt: [u8; 16],
    /// `true` if nothing is sent to it any more, and nothing taken.
    pub is_revoked: bool,
    /// The last packages to it.
    pub sent: LastPackages,
    /// The last packages from it.
    pub received: LastPackages,
}

impl Partner {
    /// Returns a new agency, with a salt of its own.
    ///
    /// # Errors
    /// [`LedgerError::Random`].
    pub fn new(name: String, card: String) -> Result<Self, LedgerError> {
        let (sent, received) = (LastPackages::default(), LastPackages::default());
        Ok(Self { id: 0, name, card, salt: random()?, is_revoked: false, sent, received })
    }
}

/// The last packages of a direction: records and hits are numbered apart, so that a complete package of the one does not
/// hide that one of the other was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastPackages {
    /// Of records.
    pub records: LastPackage,
    /// Of hits.
    pub hits: LastPackage,
}

impl LastPackages {
    /// Returns the last package of a kind.
    #[must_use]
    pub fn of(&self, kind: PackageKind) -> LastPackage {
        match kind {
            PackageKind::Records => self.records,
            PackageKind::Hits => self.hits,
        }
    }

    /// Returns the same with another last package of a kind.
    #[must_use]
    pub fn with(mut self, kind: PackageKind, last: LastPackage) -> Self {
        match kind {
            PackageKind::Records => self.records = last,
            PackageKind::Hits => self.hits = last,
        }
        self
    }
}

/// What a package holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageKind {
    /// Records.
    Records,
    /// Hits.
    Hits,
}

/// What a name passes between agencies for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exchanged {
    /// A child of unknown origin.
    Child,
    /// A relative.
    Relative,
    /// A family.
    Family,
}

impl Exchanged {
    fn word(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::Relative => "relative",
            Self::Family => "family",
        }
    }

    fn stored(word: &str) -> Result<Self, LedgerError> {
        let all = [Self::Child, Self::Relative, Self::Family];
        all.into_iter().find(|kind| kind.word() == word).ok_or_else(|| damaged("a record of the exchange"))
    }
}

/// A sample or family that an agency has from this store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentRecord {
    /// What it is.
    pub kind: Exchanged,
    /// The pseudonym here; `None` once it is expunged and the agency was not told yet.
    pub own: Option<Pseudonym>,
    /// The name under which it was sent.
    pub sent: Pseudonym,
    /// What tells a changed record from the one that was sent; zero for relatives, who are part of their families.
    pub content: [u8; 16],
}

/// A sample or family that this store has from an agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedRecord {
    /// What it is.
    pub kind: Exchanged,
    /// The agency's name for it.
    pub theirs: Pseudonym,
    /// The pseudonym here; `None` once this store expunged it itself, and does not take it again.
    pub own: Option<Pseudonym>,
}

/// A pair that an agency was told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldHit {
    /// The name of the hit.
    pub reference: Pseudonym,
    /// The family and the child; `None` once one of the two is expunged and the agency was not told yet.
    pub pair: Option<(Pseudonym, Pseudonym)>,
    /// What tells a changed hit from the one that was sent.
    pub content: [u8; 16],
}

/// A pair that an agency told this store about.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedHit {
    /// The agency, by the number of its row.
    pub partner: i64,
    /// The name of the hit.
    pub reference: Pseudonym,
    /// The pseudonym here of the family, if it is of this store.
    pub family: Option<Pseudonym>,
    /// The pseudonym here of the child, if it is of this store.
    pub child: Option<Pseudonym>,
    /// The agency's name for the other side; `None` if both are of this store.
    pub other: Option<Pseudonym>,
    /// The numbers and the decision, as JSON.
    pub body: String,
    /// When it arrived, in seconds since 1970, UTC.
    pub received_at: i64,
}

/// What a package to an agency changes in the records of what it has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sending<'a> {
    /// Records that are new, or changed.
    pub put: &'a [SentRecord],
    /// Names that are withdrawn.
    pub gone: &'a [Pseudonym],
    /// Hits that are new, or changed.
    pub told: &'a [ToldHit],
    /// Hits that are withdrawn.
    pub hits_gone: &'a [Pseudonym],
}

/// A table with rows of the exchange: its name, and that of its count in `meta`.
pub(super) struct Table(pub(super) &'static str, &'static str);

pub(super) const PARTNERS: Table = Table("partner", "partners");
pub(super) const SENT: Table = Table("exchange_sent", "exchange_sent");
pub(super) const RECEIVED: Table = Table("exchange_received", "exchange_received");
pub(super) const TOLD: Table = Table("exchange_told", "exchange_told");
pub(super) const HITS: Table = Table("exchange_hit", "exchange_hits");

impl Table {
    pub(super) fn add(&self, tx: &Transaction<'_>, rows: usize) -> rusqlite::Result<()> {
        add_to_count(tx, self.1, i64::try_from(rows).unwrap_or(i64::MAX))
    }

    pub(super) fn remove(&self, tx: &Transaction<'_>, rows: usize) -> rusqlite::Result<()> {
        add_to_count(tx, self.1, -i64::try_from(rows).unwrap_or(i64::MAX))
    }

    /// Checks that no row was lost.
    pub(super) fn check(&self, connection: &Connection) -> Result<(), LedgerError> {
        let found: i64 = connection.query_row(&format!("SELECT count(*) FROM {}", self.0), [], |row| row.get(0))?;
        if meta::<i64>(connection, self.1)? == Some(found) {
            return Ok(());
        }
        Err(LedgerError::Damaged {
            of: "the records of the exchange".to_owned(),
            what: "there are more or fewer than were written",
        })
    }
}

pub(super) fn damaged(of: &str) -> LedgerError {
    LedgerError::Damaged { of: of.to_owned(), what: "it was changed" }
}

/// Reads a column of a row, or says that the row is damaged.
fn get<T: FromSql>(row: &Row<'_>, column: usize) -> Result<T, LedgerError> {
    row.get(column).map_err(|_| damaged("a record of the exchange"))
}

fn name(row: &Row<'_>, column: usize) -> Result<Pseudonym, LedgerError> {
    get(row, column).map(Pseudonym::from_bytes)
}

fn optional_name(row: &Row<'_>, column: usize) -> Result<Option<Pseudonym>, LedgerError> {
    Ok(get::<Option<[u8; 16]>>(row, column)?.map(Pseudonym::from_bytes))
}

fn bytes(name: Option<&Pseudonym>) -> Option<&[u8; 16]> {
    name.map(Pseudonym::as_bytes)
}

/// A row of one of the tables.
pub(super) trait Stored: Sized {
    /// All columns, the checksum last.
    const COLUMNS: &'static [&'static str];
    const TABLE: Table;

    /// Reads the columns without the checksum, which has this place.
    fn read(row: &Row<'_>) -> Result<(Self, usize), LedgerError>;

    fn sum(&self) -> Sum;

    /// Passes all values in the order of the columns.
    fn write(&self, row: &mut dyn FnMut(&[&dyn ToSql]) -> rusqlite::Result<()>) -> rusqlite::Result<()>;

    /// Writes rows, each in place of the one with its key.
    fn put(tx: &Transaction<'_>, rows: impl IntoIterator<Item = Self>) -> Result<(), LedgerError> {
        let places: Vec<String> = (1..=Self::COLUMNS.len()).map(|at| format!("?{at}")).collect();
        let sql = |verb: &str| {
            format!("{verb} INTO {} ({}) VALUES ({})", Self::TABLE.0, Self::COLUMNS.join(", "), places.join(", "))
        };
        let mut insert = tx.prepare(&sql("INSERT OR IGNORE"))?;
        let mut replace = tx.prepare(&sql("INSERT OR REPLACE"))?;
        let mut new = 0;
        for row in rows {
            row.write(&mut |values| {
                if insert.execute(values)? > 0 {
                    new += 1;
                    return Ok(());
                }
                replace.execute(values).map(drop)
            })?;
        }
        Ok(Self::TABLE.add(tx, new)?)
    }

    /// Reads a row, and checks it.
    fn checked(row: &Row<'_>) -> Result<Self, LedgerError> {
        let (read, at) = Self::read(row)?;
        if get::<Option<Sum>>(row, at)? == Some(read.sum()) {
            Ok(read)
        } else {
            Err(damaged("a record of the exchange"))
        }
    }

    /// Reads the rows that a condition selects.
    fn select(
        connection: &Connection,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<Self>, LedgerError> {
        let sql = format!("SELECT {} FROM {} WHERE {condition}", Self::COLUMNS.join(", "), Self::TABLE.0);
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query(values)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(Self::checked(row)?);
        }
        Ok(all)
    }
}

impl Stored for Partner {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "name",
        "card",
        "salt",
        "revoked",
        "sent",
        "sent_digest",
        "hits_sent",
        "hits_sent_digest",
        "received",
        "received_digest",
        "hits_received",
        "hits_received_digest",
        "sum",
    ];
    const TABLE: Table = PARTNERS;

    fn read(row: &Row<'_>) -> Result<(Self, usize), LedgerError> {
        let last = |at: usize| -> Result<LastPackage, LedgerError> {
            Ok(LastPackage { number: get::<i64>(row, at)?.unsigned_abs(), digest: get(row, at + 1)? })
        };
        let partner = Self {
            id: get(row, 0)?,
            name: get(row, 1)?,
            card: get(row, 2)?,
            salt: get(row, 3)?,
            is_revoked: get(row, 4)?,
            sent: LastPackages { records: last(5)?, hits: last(7)? },
            received: LastPackages { records: last(9)?, hits: last(11)? },
        };
        Ok((partner, 13))
    }

    fn write(&self, row: &mut dyn FnMut(&[&dyn ToSql]) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let number = |last: &LastPackage| i64::try_from(last.number).unwrap_or(i64::MAX);
        row(&[
            &self.id,
            &self.name,
            &self.card,
            &self.salt,
            &self.is_revoked,
            &number(&self.sent.records),
            &self.sent.records.digest,
            &number(&self.sent.hits),
            &self.sent.hits.digest,
            &number(&self.received.records),
            &self.received.records.digest,
            &number(&self.received.hits),
            &self.received.hits.digest,
            &self.sum(),
        ])
    }

    fn sum(&self) -> Sum {
        let begun = Checksum::default()
            .with(self.id.to_le_bytes())
            .with(&self.name)
            .with(&self.card)
            .with(self.salt)
            .with([u8::from(self.is_revoked)]);
        let last = [self.sent.records, self.sent.hits, self.received.records, self.received.hits];
        let add = |sum: Checksum, last: LastPackage| sum.with(last.number.to_le_bytes()).with_optional(last.digest);
        last.into_iter().fold(begun, add).sum()
    }
}

/// A row of what was sent, with its agency.
pub(super) struct SentRow(pub(super) i64, pub(super) SentRecord);

impl Stored for SentRow {
    const COLUMNS: &'static [&'static str] = &["partner_id", "sent", "kind", "own", "content", "sum"];
    const TABLE: Table = SENT;

    fn read(row: &Row<'_>) -> Result<(Self, usize), LedgerError> {
        let kind = Exchanged::stored(&get::<String>(row, 2)?)?;
        let record = SentRecord { sent: name(row, 1)?, kind, own: optional_name(row, 3)?, content: get(row, 4)? };
        Ok((Self(get(row, 0)?, record), 5))
    }

    fn write(&self, row: &mut dyn FnMut(&[&dyn ToSql]) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let Self(partner, SentRecord { kind, own, sent, content }) = self;
        row(&[partner, sent.as_bytes(), &kind.word(), &bytes(own.as_ref()), content, &self.sum()])
    }

    fn sum(&self) -> Sum {
        let Self(partner, SentRecord { kind, own, sent, content }) = self;
        Checksum::default()
            .with(partner.to_le_bytes())
            .with(sent.as_bytes())
            .with(kind.word())
            .with_optional(bytes(own.as_ref()))
            .with(content)
            .sum()
    }
}

/// A row of what was received, with its agency.
pub(super) struct ReceivedRow(pub(super) i64, pub(super) ReceivedRecord);

impl Stored for ReceivedRow {
    const COLUMNS: &'static [&'static str] = &["partner_id", "theirs", "kind", "own", "sum"];
    const TABLE: Table = RECEIVED;

    fn read(row: &Row<'_>) -> Result<(Self, usize), LedgerError> {
        let kind = Exchanged::stored(&get::<String>(row, 2)?)?;
        let record = ReceivedRecord { theirs: name(row, 1)?, kind, own: optional_name(row, 3)? };
        Ok((Self(get(row, 0)?, record), 4))
    }

    fn write(&self, row: &mut dyn FnMut(&[&dyn ToSql]) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let Self(partner, ReceivedRecord { kind, theirs, own }) = self;
        row(&[partner, theirs.as_bytes(), &kind.word(), &bytes(own.as_ref()), &self.sum()])
    }

    fn sum(&self) -> Sum {
        let Self(partner, ReceivedRecord { kind, theirs, own }) = self;
        Checksum::default()
            .with(partner.to_le_bytes())
            .with(theirs.as_bytes())
            .with(kind.word())
            .with_optional(bytes(own.as_ref()))
            .sum()
    }
}

/// A row of what was said about pairs, with its agency.
pub(super) struct ToldRow(pub(super) i64, pub(super) ToldHit);

impl Stored for ToldRow {
    const COLUMNS: &'static [&'static str] = &["partner_id", "reference", "family", "child", "content", "sum"];
    const TABLE: Table = TOLD;

    fn read(row: &Row<'_>) -> Result<(Self, usize), LedgerError> {
        let pair = optional_name(row, 2)?.zip(optional_name(row, 3)?);
        Ok((Self(get(row, 0)?, ToldHit { reference: name(row, 1)?, pair, content: get(row, 4)? }), 5))
    }

    fn write(&self, row: &mut dyn FnMut(&[&dyn ToSql]) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let Self(partner, ToldHit { reference, pair, content }) = self;
        let [family, child] = [pair.as_ref().map(|pair| &pair.0), pair.as_ref().map(|pair| &pair.1)];
        row(&[partner, reference.as_bytes(), &bytes(family), &bytes(child), content, &self.sum()])
    }

    fn sum(&self) -> Sum {
        let Self(partner, ToldHit { reference, pair, content }) = self;
        Checksum::default()
            .with(partner.to_le_bytes())
            .with(reference.as_bytes())
            .with_optional(bytes(pair.as_ref().map(|pair| &pair.0)))
            .with_optional(bytes(pair.as_ref().map(|pair| &pair.1)))
            .with(content)
            .sum()
    }
}

impl Stored for ReceivedHit {
    const COLUMNS: &'static [&'static str] =
        &["partner_id", "reference", "family", "child", "other", "body", "received_at", "sum"];
    const TABLE: Table = HITS;

    fn read(row: &Row<'_>) -> Result<(Self, usize), LedgerError> {
        let hit = Self {
            partner: get(row, 0)?,
            reference: name(row, 1)?,
            family: optional_name(row, 2)?,
            child: optional_name(row, 3)?,
            other: optional_name(row, 4)?,
            body: get(row, 5)?,
            received_at: get(row, 6)?,
        };
        Ok((hit, 7))
    }

    fn write(&self, row: &mut dyn FnMut(&[&dyn ToSql]) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        row(&[
            &self.partner,
            self.reference.as_bytes(),
            &bytes(self.family.as_ref()),
            &bytes(self.child.as_ref()),
            &bytes(self.other.as_ref()),
            &self.body,
            &self.received_at,
            &self.sum(),
        ])
    }

    fn sum(&self) -> Sum {
        Checksum::default()
            .with(self.partner.to_le_bytes())
            .with(self.reference.as_bytes())
            .with_optional(bytes(self.family.as_ref()))
            .with_optional(bytes(self.child.as_ref()))
            .with_optional(bytes(self.other.as_ref()))
            .with(&self.body)
            .with(self.received_at.to_le_bytes())
            .sum()
    }
}

/// Deletes rows by the agency and a name. Returns how many there were.
pub(super) fn delete(
    tx: &Transaction<'_>,
    table: &Table,
    column: &str,
    names: impl IntoIterator<Item = (i64, Pseudonym)>,
) -> Result<usize, LedgerError> {
    let mut statement = tx.prepare(&format!("DELETE FROM {} WHERE partner_id = ?1 AND {column} = ?2", table.0))?;
    let mut deleted = 0;
    for (partner, name) in names {
        deleted += statement.execute((partner, name.as_bytes()))?;
    }
    table.remove(tx, deleted)?;
    Ok(deleted)
}

/// Returns an agency by the number of its row.
pub(super) fn partner(tx: &Transaction<'_>, id: i64) -> Result<Partner, LedgerError> {
    Partner::select(tx, "id = ?1", [id])?.pop().ok_or_else(|| damaged("an agency of the exchange"))
}

impl Ledger {
    /// Returns all agencies, by name.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn partners(&self) -> Result<Vec<Partner>, LedgerError> {
        PARTNERS.check(&self.connection)?;
        Partner::select(&self.connection, "1 ORDER BY name", [])
    }

    /// Adds an agency, whose `id` does not count, or changes the card of one and whether it is revoked.
    ///
    /// # Errors
    /// A database error.
    pub fn set_partner<'e>(
        &mut self,
        partner: &Partner,
        is_new: bool,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        let id = match is_new {
            true => tx.query_row("SELECT coalesce(max(id), 0) + 1 FROM partner", [], |row| row.get(0))?,
            false => partner.id,
        };
        Partner::put(&tx, [Partner { id, ..partner.clone() }])?;
        if let Some(entry) = entry.into().entry() {
            append(&tx, &entry)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// Returns everything that an agency has from this store, by name.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn sent_to(&self, partner: i64) -> Result<Vec<SentRecord>, LedgerError> {
        SENT.check(&self.connection)?;
        let rows = SentRow::select(&self.connection, "partner_id = ?1 ORDER BY sent", [partner])?;
        Ok(rows.into_iter().map(|row| row.1).collect())
    }

    /// Returns everything that this store has from agencies, each with the number of its agency.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn received(&self) -> Result<Vec<(i64, ReceivedRecord)>, LedgerError> {
        RECEIVED.check(&self.connection)?;
        let rows = ReceivedRow::select(&self.connection, "1 ORDER BY partner_id, theirs", [])?;
        Ok(rows.into_iter().map(|row| (row.0, row.1)).collect())
    }

    /// Returns the pairs that an agency was told about.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn told_to(&self, partner: i64) -> Result<Vec<ToldHit>, LedgerError> {
        TOLD.check(&self.connection)?;
        let rows = ToldRow::select(&self.connection, "partner_id = ?1 ORDER BY reference", [partner])?;
        Ok(rows.into_iter().map(|row| row.1).collect())
    }

    /// Returns the pairs that agencies told this store about.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`].
    pub fn received_hits(&self) -> Result<Vec<ReceivedHit>, LedgerError> {
        HITS.check(&self.connection)?;
        ReceivedHit::select(&self.connection, "1 ORDER BY partner_id, reference", [])
    }

    /// Records a package to an agency, whose file is in its place.
    ///
    /// # Errors
    /// A database error.
    pub fn record_sending<'e>(
        &mut self,
        partner_id: i64,
        (kind, package): (PackageKind, LastPackage),
        sending: &Sending<'_>,
        entry: impl Into<Attribution<'e>>,
    ) -> Result<(), LedgerError> {
        let tx = self.begin()?;
        SentRow::put(&tx, sending.put.iter().map(|record| SentRow(partner_id, *record)))?;
        ToldRow::put(&tx, sending.told.iter().map(|hit| ToldRow(partner_id, *hit)))?;
        delete(&tx, &SENT, "sent", sending.gone.iter().map(|&gone| (partner_id, gone)))?;
        delete(&tx, &TOLD, "reference", sending.hits_gone.iter().map(|&gone| (partner_id, gone)))?;
        let before = partner(&tx, partner_id)?;
        Partner::put(&tx, [Partner { sent: before.sent.with(kind, package), ..before }])?;
        if let Some(entry) = entry.into().entry() {
            append(&tx, &entry)?;
        }
        tx.commit()?;
        Ok(())
    }
}
