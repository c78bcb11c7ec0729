//! Reads families and children in the form that matching needs.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, Rows, params_from_iter};

use super::checksum::Sum;
use super::column::{drop_out, pseudonym, pseudonym_list, relation};
use super::family_marks::checked_under;
use super::generation::{generation, samples_since};
use super::integrity::{self, Held};
use super::ledger::Ledger;
use super::searched::not_searched;
use super::{Generation, LedgerError, codec, pedigrees};
use crate::model::{Child, DropOut, Family, Genotype, Layout, Locus, Panel, Profile, Pseudonym, Relative};

/// Numbers of records in the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Children of unknown origin.
    pub children: u64,
    /// Families.
    pub families: u64,
    /// Relatives' samples; a sample in two families counts once.
    pub relatives: u64,
    /// Current candidates.
    pub candidates: u64,
}

/// Maps locus ids to positions of a panel.
pub(super) struct Positions {
    /// By id: `None` if there is no locus with that id, `Some(None)` if the locus is not in the panel.
    by_id: Vec<Option<Option<usize>>>,
    loci: usize,
    /// Samples that are read as untyped, because they may not be compared.
    untyped: BTreeSet<Pseudonym>,
}

impl Positions {
    /// Builds the map over a panel, to compare families with children: samples whose terms do not allow this are read as
    /// untyped.
    pub(super) fn new(connection: &Connection, panel: &Panel) -> Result<Self, LedgerError> {
        Ok(Self { untyped: not_searched(connection)?, ..Self::of_all(connection, panel)? })
    }

    /// Builds the map over a panel, to read every profile.
    pub(super) fn of_all(connection: &Connection, panel: &Panel) -> Result<Self, LedgerError> {
        Self::over(connection, panel.len(), |locus| panel.position(locus))
    }

    /// Builds the map over `loci` loci, each at its own position.
    pub(super) fn over(
        connection: &Connection,
        loci: usize,
        position: impl Fn(&Locus) -> Option<usize>,
    ) -> Result<Self, LedgerError> {
        let mut by_id = Vec::new();
        for (id, name) in integrity::loci(connection)? {
            let damaged = |_| LedgerError::Damaged { of: "the loci".to_owned(), what: "a name is invalid" };
            let locus = name.parse().map_err(damaged)?;
            if by_id.len() <= usize::from(id) {
                by_id.resize(usize::from(id) + 1, None);
            }
            by_id[usize::from(id)] = Some(position(&locus));
        }
        Ok(Self { by_id, loci, untyped: BTreeSet::new() })
    }

    /// Decodes the stored profile of a sample, in panel order.
    fn profile(&self, sample: Pseudonym, drop_out: Option<DropOut>, blob: &[u8]) -> Result<Profile, &'static str> {
        let mut genotypes: Vec<Option<Genotype>> = vec![None; self.loci];
        let mut unknown = false;
        codec::decode(sample, drop_out, blob, |id, genotype| {
            match self.by_id.get(usize::from(id)).copied().flatten() {
                Some(Some(position)) => genotypes[position] = Some(genotype),
                Some(None) => {}
                None => unknown = true,
            }
        })?;
        if unknown { Err("the profile names an unknown locus") } else { Ok(Profile::new(genotypes)) }
    }

    /// Reads the profile and the drop-out probability of a sample, from this column and the next.
    pub(super) fn read(
        &self,
        row: &Row<'_>,
        sample: Pseudonym,
        column: usize,
    ) -> Result<(Profile, Option<DropOut>), LedgerError> {
        let damaged = |what| LedgerError::Damaged { of: format!("sample {sample}"), what };
        let drop_out = drop_out(row, sample, column + 1)?;
        let blob = row.get_ref(column)?.as_blob().map_err(|_| damaged("the profile is missing"))?;
        let profile = self.profile(sample, drop_out, blob).map_err(damaged)?;
        let profile = if self.untyped.contains(&sample) { Profile::new(vec![None; self.loci]) } else { profile };
        Ok((profile, drop_out))
    }

    /// Reads children from rows of pseudonym, profile and drop-out probability, in the order of the rows.
    pub(super) fn read_children(&self, mut rows: Rows<'_>) -> Result<Vec<Child>, LedgerError> {
        let mut children = Vec::new();
        while let Some(row) = rows.next()? {
            let pseudonym = pseudonym(row, 0)?;
            let (profile, drop_out) = self.read(row, pseudonym, 1)?;
            children.push(Child { pseudonym, profile, drop_out });
        }
        Ok(children)
    }
}

/// A family while it is being read.
struct Draft {
    pseudonym: Pseudonym,
    /// The relatives, each with its place in the pedigree.
    relatives: Vec<(Relative, Option<i64>)>,
    links: Option<Vec<u8>>,
    sum: Option<Sum>,
}

impl Draft {
    fn into_family(mut self) -> Result<Family, LedgerError> {
        self.relatives.sort_unstable_by_key(|(relative, _)| (relative.relation, relative.sample));
        let places: Vec<_> = self.relatives.iter().map(|(relative, place)| (relative.relation, *place)).collect();
        let damaged = |what| LedgerError::Damaged { of: format!("family {}", self.pseudonym), what };
        let held = self.relatives.iter().map(|(relative, place)| Held {
            sample: relative.sample,
            relation: relative.relation.word(),
            place: *place,
        });
        integrity::check_family(self.pseudonym, held, self.links.as_deref(), self.sum)?;
        let pedigree = pedigrees::decode(self.links.as_deref(), &places).map_err(damaged)?;
        let relatives = self.relatives.into_iter().map(|relative| relative.0).collect();
        Ok(Family { pseudonym: self.pseudonym, relatives, pedigree: pedigree.map(Arc::new) })
    }
}

impl Ledger {
    /// Calls `each` for every child, in the order of their import, and returns their generation.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read; `each` was called for the records before it.
    pub fn children(&self, panel: &Panel, mut each: impl FnMut(Child)) -> Result<Generation, LedgerError> {
        // The transaction shows one state of the data, even if another process imports meanwhile.
        let tx = self.connection.unchecked_transaction()?;
        let generation = generation(&tx)?;
        let positions = Positions::new(&tx, panel)?;
        // In the order of the rows: each row is next to the last one, and no page is read twice.
        let mut statement =
            tx.prepare("SELECT pseudonym, profile, drop_out FROM sample WHERE role = 'child' ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut number = 0;
        while let Some(row) = rows.next()? {
            let pseudonym = pseudonym(row, 0)?;
            let (profile, drop_out) = positions.read(row, pseudonym, 1)?;
            each(Child { pseudonym, profile, drop_out });
            number += 1;
        }
        integrity::check_count(&tx, Layout::Children, number)?;
        Ok(generation)
    }

    /// Returns every family that is not withdrawn, by pseudonym, its relatives by relation and sample; and their
    /// generation.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn families(&self, panel: &Panel) -> Result<(Vec<Family>, Generation), LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let generation = generation(&tx)?;
        let families = families(&tx, panel, Which::Matched)?;
        integrity::check_count(&tx, Layout::Families, families.len() as u64)?;
        Ok((families, generation))
    }

    /// Returns the families that are not withdrawn and that were not checked `under` these settings since their
    /// relatives last changed; in the form of [`Self::families`].
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn unchecked(&self, panel: &Panel, under: &str) -> Result<Vec<Family>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let which = if checked_under(&tx)?.as_deref() == Some(under) { Which::Unchecked } else { Which::Matched };
        families(&tx, panel, which)
    }

    /// Returns one family, withdrawn or not, its relatives by relation and sample; `None` if there is no family with
    /// this pseudonym.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] if a record of it cannot be read.
    pub fn family(&self, panel: &Panel, pseudonym: Pseudonym) -> Result<Option<Family>, LedgerError> {
        Ok(self.families_named(panel, &[pseudonym])?.pop())
    }

    /// Returns those of these families that exist, withdrawn or not, by pseudonym, without duplicates, their relatives
    /// by relation and sample. Reads all of them with one query.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn families_named(&self, panel: &Panel, named: &[Pseudonym]) -> Result<Vec<Family>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        families(&tx, panel, Which::Named(named))
    }

    /// Returns one child; `None` if there is no child with this pseudonym.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] if its record cannot be read.
    pub fn child(&self, panel: &Panel, pseudonym: Pseudonym) -> Result<Option<Child>, LedgerError> {
        Ok(self.children_named(panel, &[pseudonym])?.pop())
    }

    /// Returns those of these children that exist, by pseudonym, without duplicates. Reads all of them with one query.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] at the first record that cannot be read.
    pub fn children_named(&self, panel: &Panel, named: &[Pseudonym]) -> Result<Vec<Child>, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let positions = Positions::new(&tx, panel)?;
        let mut statement = tx.prepare(
            "SELECT pseudonym, profile, drop_out FROM sample
             WHERE role = 'child' AND pseudonym IN (SELECT unhex(value) FROM json_each(?1)) ORDER BY +pseudonym",
        )?;
        positions.read_children(statement.query([pseudonym_list(named)])?)
    }

    /// Reports whether a family is withdrawn.
    ///
    /// # Errors
    /// A database error.
    pub fn is_withdrawn(&self, family: Pseudonym) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM family WHERE pseudonym = ?1 AND withdrawn IS NOT NULL)";
        Ok(self.connection.query_row(sql, [family.as_bytes()], |row| row.get(0))?)
    }

    /// Counts the families that are not withdrawn.
    ///
    /// # Errors
    /// A database error, or [`LedgerError::Damaged`] if the stored number differs.
    pub fn families_matched(&self) -> Result<u64, LedgerError> {
        let tx = self.connection.unchecked_transaction()?;
        let number = integrity::families_matched(&tx)?.unsigned_abs();
        integrity::check_count(&tx, Layout::Families, number)?;
        Ok(number)
    }

    /// Returns the stored number of children.
    ///
    /// # Errors
    /// A database error.
    pub fn children_imported(&self) -> Result<u64, LedgerError> {
        integrity::expected(&self.connection, Layout::Children)
    }

    /// Counts the records in the ledger.
    ///
    /// # Errors
    /// A database error.
    pub fn counts(&self) -> Result<Counts, LedgerError> {
        let sql = "SELECT (SELECT count(*) FROM sample WHERE role = 'child'), (SELECT count(*) FROM family),
                   (SELECT count(*) FROM sample WHERE role = 'relative'), (SELECT count(*) FROM candidate)";
        Ok(self.connection.query_row(sql, [], |row| {
            Ok(Counts {
                children: row.get::<_, i64>(0)?.unsigned_abs(),
                families: row.get::<_, i64>(1)?.unsigned_abs(),
                relatives: row.get::<_, i64>(2)?.unsigned_abs(),
                candidates: row.get::<_, i64>(3)?.unsigned_abs(),
            })
        })?)
    }
}

/// Selection of families; all but [`Self::Named`] select only families that are not withdrawn.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// All.
    Matched,
    /// Families without a valid check.
    Unchecked,
    /// Families that changed since then.
    Changed { generation: i64, last_import: i64 },
    /// Families with a pseudonym greater than the first and at most the second.
    Between { after: &'a [u8], up_to: &'a [u8] },
    /// These.
    Among(&'a [Pseudonym]),
    /// These, withdrawn or not.
    Named(&'a [Pseudonym]),
}

/// Reads families, by pseudonym.
pub(super) fn families(connection: &Connection, panel: &Panel, which: Which<'_>) -> Result<Vec<Family>, LedgerError> {
    let positions = Positions::new(connection, panel)?;
    // Each case has a text of its own, so that each uses its index. If few families are selected, the sign keeps SQLite
    // from reading all families in the order of the result, and `ALL` keeps it from sorting both sides of a union,
    // which it would also do by reading all.
    let order = if matches!(which, Which::Changed { .. } | Which::Among(_) | Which::Named(_)) { "+" } else { "" };
    let (condition, values): (Cow<'_, str>, Vec<Value>) = match which {
        Which::Matched => ("family.withdrawn IS NULL".into(), vec![]),
        Which::Unchecked => ("family.withdrawn IS NULL AND family.checked = 0".into(), vec![]),
        Which::Changed { generation, last_import } => (
            format!(
                "family.withdrawn IS NULL AND family.id IN (SELECT id FROM family WHERE changed > ?1
                 UNION ALL SELECT family_id FROM member WHERE sample_id IN ({}))",
                samples_since("?2")
            )
            .into(),
            vec![generation.into(), last_import.into()],
        ),
        Which::Between { after, up_to } => (
            "family.withdrawn IS NULL AND family.pseudonym > ?1 AND family.pseudonym <= ?2".into(),
            vec![after.to_vec().into(), up_to.to_vec().into()],
        ),
        Which::Among(pseudonyms) => {
            let those = "family.withdrawn IS NULL
                         AND family.pseudonym IN (SELECT unhex(value) FROM json_each(?1))";
            (those.into(), vec![pseudonym_list(pseudonyms).into()])
        }
        Which::Named(pseudonyms) => (
            "family.pseudonym IN (SELECT unhex(value) FROM json_each(?1))".into(),
            vec![pseudonym_list(pseudonyms).into()],
        ),
    };
    let mut statement = connection.prepare(&format!(
        "SELECT family.pseudonym, member.relation, sample.pseudonym, sample.profile, sample.drop_out,
         member.place, pedigree.links, family.sum
         FROM family LEFT JOIN member ON member.family_id = family.id LEFT JOIN sample ON sample.id = member.sample_id
         LEFT JOIN pedigree ON pedigree.family_id = family.id
         WHERE {condition} ORDER BY {order}family.pseudonym"
    ))?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut families: Vec<Draft> = Vec::new();
    while let Some(row) = rows.next()? {
        let family = pseudonym(row, 0)?;
        if matches!(row.get_ref(2)?, ValueRef::Null) {
            return Err(integrity::relatives_changed(format!("family {family}")));
        }
        let sample = pseudonym(row, 2)?;
        let relation = relation(family, row.get_ref(1)?.as_str())?;
        let (profile, drop_out) = positions.read(row, sample, 3)?;
        let relative = (Relative { sample, relation, profile, drop_out }, row.get(5)?);
        match families.last_mut() {
            Some(last) if last.pseudonym == family => last.relatives.push(relative),
            _ => {
                let (links, sum) = (row.get(6)?, row.get(7)?);
                families.push(Draft { pseudonym: family, relatives: vec![relative], links, sum });
            }
        }
    }
    families.into_iter().map(Draft::into_family).collect()
}
