//! Writes and reads the families of a row, with numbers in place of pseudonyms.
//!
//! The file is a series of frames, each a page of families. The number of a family is its place in the order of the
//! pseudonyms, that of a relative its place among the relatives of the family: matching breaks ties by this order, and
//! views name relatives.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::files;
use crate::model::{Allele, DropOut, Family, Genotype, Member, Pedigree, Profile, Pseudonym, Relation, Relative};

use super::codec::{self, Kind};
use super::error::ClusterError;
use super::plan::{PlanFile, RowPart, failed};

/// The number of a family, child or relative in the form of a pseudonym, so that numbers order as pseudonyms do.
#[must_use]
pub fn ordinal(number: u32) -> Pseudonym {
    Pseudonym::from_bytes(u128::from(number).to_be_bytes())
}

/// Returns the number that [`ordinal`] wrote; `None` for a pseudonym.
pub(super) fn number(ordinal: Pseudonym) -> Option<u32> {
    u32::try_from(u128::from_be_bytes(*ordinal.as_bytes())).ok()
}

/// A relative in a file: number, relation, drop-out probability, and per locus the two alleles in tenths of a repeat.
#[derive(Serialize, Deserialize)]
struct RelativeRow {
    number: u16,
    relation: Relation,
    drop_out: Option<f64>,
    genotypes: Vec<Option<(u16, u16)>>,
}

#[derive(Serialize, Deserialize)]
struct PedigreeRow {
    members: Vec<(Option<u16>, Option<u16>)>,
    child: u16,
    relatives: Vec<u16>,
}

#[derive(Serialize, Deserialize)]
struct FamilyRow {
    relatives: Vec<RelativeRow>,
    pedigree: Option<PedigreeRow>,
}

#[derive(Serialize, Deserialize)]
struct Page {
    /// Number of the first family.
    first: u32,
    families: Vec<FamilyRow>,
}

/// The pseudonyms of a family's relatives in rising order: the number of a relative is its place here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyNames(Vec<Pseudonym>);

impl FamilyNames {
    /// Returns the names of a family's relatives.
    #[must_use]
    pub fn of(family: &Family) -> Self {
        let mut names: Vec<Pseudonym> = family.relatives.iter().map(|relative| relative.sample).collect();
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    /// Returns the relative with a number.
    #[must_use]
    pub fn name(&self, number: u16) -> Option<Pseudonym> {
        self.0.get(usize::from(number)).copied()
    }

    fn number(&self, name: Pseudonym) -> Option<u16> {
        u16::try_from(self.0.binary_search(&name).ok()?).ok()
    }
}

impl FamilyRow {
    fn of(family: &Family) -> Option<Self> {
        let names = FamilyNames::of(family);
        let row = |relative: &Relative| {
            let genotype = |one: &Option<Genotype>| one.map(|one| (one.low().tenths(), one.high().tenths()));
            Some(RelativeRow {
                number: names.number(relative.sample)?,
                relation: relative.relation,
                drop_out: relative.drop_out.map(DropOut::get),
                genotypes: relative.profile.genotypes().iter().map(genotype).collect(),
            })
        };
        let place = |place: usize| u16::try_from(place).ok();
        let pedigree = match &family.pedigree {
            None => None,
            Some(pedigree) => {
                let of = |parent: Option<usize>| parent.map_or(Some(None), |parent| place(parent).map(Some));
                let member = |member: &Member| Some((of(member.father)?, of(member.mother)?));
                Some(PedigreeRow {
                    members: pedigree.members().iter().map(member).collect::<Option<_>>()?,
                    child: place(pedigree.child())?,
                    relatives: pedigree.relatives().iter().map(|&at| place(at)).collect::<Option<_>>()?,
                })
            }
        };
        Some(Self { relatives: family.relatives.iter().map(row).collect::<Option<_>>()?, pedigree })
    }

    /// Returns the family, with its number as its pseudonym; `None` if there is no family like this.
    fn into_family(self, number: u32, loci: usize) -> Option<Family> {
        let relative = |row: RelativeRow| {
            let allele = |tenths| Allele::from_tenths(tenths).ok();
            let genotype = |cell: Option<(u16, u16)>| match cell {
                None => Some(None),
                Some((low, high)) => Some(Some(Genotype::new(allele(low)?, allele(high)?))),
            };
            let drop_out = match row.drop_out {
                None => None,
                Some(probability) => Some(DropOut::new(probability)?),
            };
            let genotypes: Vec<Option<Genotype>> = row.genotypes.into_iter().map(genotype).collect::<Option<_>>()?;
            let profile = Some(Profile::new(genotypes)).filter(|profile| profile.genotypes().len() == loci)?;
            Some(Relative { sample: ordinal(row.number.into()), relation: row.relation, profile, drop_out })
        };
        let relatives: Vec<Relative> = self.relatives.into_iter().map(relative).collect::<Option<_>>()?;
        let pedigree = match self.pedigree {
            None => None,
            Some(PedigreeRow { members, child, relatives: places }) => {
                let place = |place: Option<u16>| place.map(usize::from);
                let member = |(father, mother)| Member { father: place(father), mother: place(mother) };
                let members: Vec<Member> = members.into_iter().map(member).collect();
                let places: Vec<usize> = places.into_iter().map(usize::from).collect();
                let pedigree = Pedigree::from_members(&members, child.into(), &places).ok()?;
                // Matching relies on the order of a pedigree as the ledger reads it.
                let is_same = pedigree.members() == members && pedigree.relatives() == places;
                Some(Arc::new(Some(pedigree).filter(|_| is_same && places.len() == relatives.len())?))
            }
        };
        if pedigree.is_some() != relatives.iter().any(|relative| relative.relation == Relation::Member) {
            return None;
        }
        Some(Family { pseudonym: ordinal(number), relatives, pedigree })
    }
}

/// Writes the families of a row.
pub struct RowWriter {
    path: PathBuf,
    out: BufWriter<File>,
    first: u32,
    families: u32,
}

impl RowWriter {
    /// Begins the file of a row whose first family has this number.
    ///
    /// # Errors
    /// [`ClusterError::Io`]
    pub fn create(path: &Path, first: u32) -> Result<Self, ClusterError> {
        let file = files::create_new(path).map_err(ClusterError::io("cannot write", path))?;
        Ok(Self { path: path.to_owned(), out: BufWriter::new(file), first, families: 0 })
    }

    /// Appends families, in the order of their pseudonyms.
    ///
    /// # Errors
    /// [`ClusterError::Io`]; [`ClusterError::TooMuch`] if a family has more than 65,536 persons.
    pub fn append(&mut self, families: &[Family]) -> Result<(), ClusterError> {
        if families.is_empty() {
            return Ok(());
        }
        let rows = families.iter().map(FamilyRow::of).collect::<Option<_>>().ok_or(ClusterError::TooMuch)?;
        let page = Page { first: self.first + self.families, families: rows };
        codec::write(&mut self.out, Kind::Families, &page).map_err(|error| failed(&self.path, error))?;
        self.families += families.len() as u32;
        Ok(())
    }

    /// Flushes the file and returns the row.
    ///
    /// # Errors
    /// [`ClusterError::Io`]
    pub fn finish(mut self) -> Result<RowPart, ClusterError> {
        let flushed = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        flushed.map_err(ClusterError::io("cannot write", &self.path))?;
        Ok(RowPart { first: self.first, families: self.families, file: PlanFile::of(&self.path)? })
    }
}

/// Reads the families of a row, page by page.
pub struct RowReader {
    path: PathBuf,
    input: BufReader<File>,
    /// Bytes that are left in the file.
    left: u64,
    loci: usize,
    /// Number of the next family.
    next: u32,
    /// Number after the last family.
    end: u64,
}

impl RowReader {
    /// Opens the file of a row, for a panel of this many loci, after checking that it is the planned file.
    ///
    /// # Errors
    /// [`ClusterError`]
    pub fn open(path: &Path, row: &RowPart, loci: usize) -> Result<Self, ClusterError> {
        row.file.check(path)?;
        let file = files::open(path).map_err(ClusterError::io("cannot open", path))?;
        let end = u64::from(row.first) + u64::from(row.families);
        Ok(Self {
            path: path.to_owned(),
            input: BufReader::new(file),
            left: row.file.bytes,
            loci,
            next: row.first,
            end,
        })
    }

    /// Returns the next page; empty after the last.
    ///
    /// # Errors
    /// [`ClusterError::Damaged`], also if families are missing; [`ClusterError::Io`].
    pub fn page(&mut self) -> Result<Vec<Family>, ClusterError> {
        let damaged = |what| ClusterError::damaged(&self.path, what);
        if self.left == 0 {
            return if u64::from(self.next) == self.end {
                Ok(Vec::new())
            } else {
                Err(damaged("families are missing"))
            };
        }
        let (page, length): (Page, u64) =
            codec::read(&mut self.input, self.left, Kind::Families).map_err(|error| failed(&self.path, error))?;
        self.left -= length;
        let families = families_of(page, self.next, self.loci).ok_or(damaged("a family"))?;
        let after = u64::from(self.next) + families.len() as u64;
        if families.is_empty() || after > self.end {
            return Err(damaged("number of families"));
        }
        self.next = after as u32;
        Ok(families)
    }

    /// Reads bytes that are one page, whatever the number of its first family is: for tests of the reader.
    ///
    /// # Errors
    /// As [`Self::page`].
    pub fn page_from_bytes(bytes: &[u8], loci: usize) -> Result<Vec<Family>, ClusterError> {
        let path = Path::new("page");
        let page: Page = codec::read_whole(bytes, Kind::Families).map_err(|error| failed(path, error))?;
        let first = page.first;
        families_of(page, first, loci).ok_or(ClusterError::damaged(path, "a family"))
    }
}

/// Returns the families of a page whose first one should have this number.
fn families_of(page: Page, first: u32, loci: usize) -> Option<Vec<Family>> {
    let last = u64::from(first) + page.families.len() as u64;
    if page.first != first || last > u64::from(u32::MAX) {
        return None;
    }
    let families = page.families.into_iter().zip(first..);
    families.map(|(row, number)| row.into_family(number, loci)).collect()
}
