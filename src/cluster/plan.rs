//! The plan of a run in tiles: its settings, what its tiles need, and where the files are.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;
use crate::kinship::{Calculator, LinkedLoci};
use crate::matching::{Criterion, DoubtWhom, Doubts, Whole, scoring_version};
use crate::population::{FrequencyTable, Model};

use super::codec::{self, FrameError, Kind};
use super::error::ClusterError;

/// The name of the plan's file in its folder.
const PLAN: &str = "plan";
/// The folders of the files of columns, of rows and of shards.
const COLUMNS: &str = "children";
const ROWS: &str = "families";
const SHARDS: &str = "shards";

/// Memory that a tile needs besides its files: the compiled tables that it keeps, and the program itself.
const TABLES: u64 = 1 << 30;

/// The arrangement of tiles in rows of families and columns of children. Tile `i` is row `i / columns`, column
/// `i % columns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    /// Number of rows, above 0.
    pub rows: u32,
    /// Number of columns, above 0.
    pub columns: u32,
}

impl Grid {
    /// The most children of a column, unless the columns are stated: some 500 MB of index.
    const CHILDREN: u64 = 4_000_000;
    /// The most tiles.
    const TILES: u32 = 100_000;

    /// Arranges `tiles` tiles for this many families and blocks of 512 children: in as few columns as possible, because
    /// every column compiles all families; but with at most four million children in each, and no more rows than
    /// families. `columns`, if stated, must divide the number of tiles.
    ///
    /// # Errors
    /// [`ClusterError::Grid`]
    pub fn new(
        tiles: NonZeroU32,
        columns: Option<NonZeroU32>,
        families: u64,
        children: u64,
    ) -> Result<Self, ClusterError> {
        let tiles = tiles.get();
        let wanted = columns.map(NonZeroU32::get);
        let bad = ClusterError::Grid { tiles, columns: wanted.unwrap_or(1) };
        if tiles > Self::TILES {
            return Err(bad);
        }
        let columns = match wanted {
            Some(columns) if !tiles.is_multiple_of(columns) => return Err(bad),
            Some(columns) => columns,
            None => {
                let fits = |columns: &u32| {
                    children.div_ceil(u64::from(*columns)) <= Self::CHILDREN
                        && u64::from(tiles / columns) <= families.max(1)
                };
                (1..=tiles).filter(|columns| tiles.is_multiple_of(*columns)).find(fits).unwrap_or(1)
            }
        };
        Ok(Self { rows: tiles / columns, columns })
    }

    /// Returns the number of tiles.
    #[must_use]
    pub fn tiles(self) -> u32 {
        self.rows.saturating_mul(self.columns)
    }

    /// Returns row and column of a tile.
    #[must_use]
    pub fn place(self, tile: u32) -> (u32, u32) {
        (tile / self.columns, tile % self.columns)
    }

    /// Returns the first and the number of `all` things that part number `part` of `parts` has.
    #[must_use]
    pub fn share(all: u64, part: u32, parts: u32) -> (u64, u64) {
        let at = |part: u32| (u128::from(all) * u128::from(part) / u128::from(parts.max(1))) as u64;
        (at(part), at(part + 1) - at(part))
    }
}

/// The length and the BLAKE3 digest of a file of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFile {
    /// Length in bytes.
    pub bytes: u64,
    /// BLAKE3 of the bytes.
    pub digest: [u8; 32],
}

impl PlanFile {
    /// Measures a file.
    ///
    /// # Errors
    /// [`ClusterError::Io`]
    pub fn of(path: &Path) -> Result<Self, ClusterError> {
        let file = files::open(path).map_err(ClusterError::io("cannot open", path))?;
        let bytes = file.metadata().map_err(ClusterError::io("cannot read", path))?.len();
        let mut hash = blake3::Hasher::new();
        hash.update_reader(file).map_err(ClusterError::io("cannot read", path))?;
        Ok(Self { bytes, digest: *hash.finalize().as_bytes() })
    }

    /// Checks that a file is the one that was planned.
    ///
    /// # Errors
    /// [`ClusterError::Damaged`], [`ClusterError::Io`]
    pub fn check(&self, path: &Path) -> Result<(), ClusterError> {
        if Self::of(path)? == *self { Ok(()) } else { Err(ClusterError::damaged(path, "it is not the planned file")) }
    }
}

/// A row: consecutive families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowPart {
    /// Number of the first family, in the order of the pseudonyms.
    pub first: u32,
    /// Number of families.
    pub families: u32,
    /// Its file.
    pub file: PlanFile,
}

/// A column: consecutive blocks of the index of children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Number of children.
    pub children: u32,
    /// Its file.
    pub file: PlanFile,
}

/// Everything that a run in tiles depends on, but samples and families.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// Name and version of the program.
    pub program: String,
    /// Version of the scoring.
    pub scoring: u32,
    /// Name of the population, if the frequency table is not the store's own.
    pub population: Option<String>,
    /// The frequency table, exact, as CSV.
    pub table: String,
    /// The model.
    pub model: Model,
    /// Pairs of linked loci: positions in the panel, and the recombination fraction.
    pub linked: Vec<([u16; 2], f64)>,
    /// The least log10 LR of a candidate.
    pub min_log10_lr: f64,
    /// The most candidates of a family.
    pub max_per_family: Option<u32>,
    /// The most chance hits of a family.
    pub max_chance_hits: Option<f64>,
    /// Doubts about the papers.
    pub doubts: Doubts,
    /// The least number of loci in common of a comparable pair.
    pub min_loci: u32,
    /// `true` to score every pair.
    pub exhaustive: bool,
    /// `true` if the tiles of the first column write the records of the families index.
    pub keeps_records: bool,
    /// Digest of everything that candidates depend on, apart from samples and families, as the store computes it.
    pub basis: [u8; 32],
    /// The ledger's stamp.
    pub stamp: [u8; 16],
    /// The ledger's generation.
    pub generation: u64,
    /// What every tile must know of all children.
    pub whole: Whole,
    /// The rows.
    pub rows: Vec<RowPart>,
    /// The columns.
    pub columns: Vec<Column>,
}

impl Planned {
    /// The program that makes plans and computes tiles.
    pub const PROGRAM: &'static str = concat!("reunite ", env!("CARGO_PKG_VERSION"));

    /// Returns the criterion of the run.
    #[must_use]
    pub fn criterion(&self) -> Criterion {
        Criterion {
            min_log10_lr: self.min_log10_lr,
            max_per_family: self.max_per_family,
            max_chance_hits: self.max_chance_hits,
            doubts: self.doubts,
        }
    }

    /// Returns the linked pairs of a calculator, as a plan has them.
    #[must_use]
    pub fn linked(calculator: &Calculator) -> Vec<([u16; 2], f64)> {
        calculator.linked().iter().map(|pair| (pair.loci.map(|locus| locus as u16), pair.recombination)).collect()
    }

    /// Returns the grid of tiles.
    #[must_use]
    pub fn grid(&self) -> Grid {
        Grid { rows: self.rows.len() as u32, columns: self.columns.len() as u32 }
    }

    /// Returns the number of families.
    #[must_use]
    pub fn families(&self) -> u64 {
        self.rows.iter().map(|row| u64::from(row.families)).sum()
    }

    /// Returns the number of children.
    #[must_use]
    pub fn children(&self) -> u64 {
        self.columns.iter().map(|column| u64::from(column.children)).sum()
    }

    /// Returns the bytes of all files that tiles read, without the plan itself.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let files = self.rows.iter().map(|row| row.file).chain(self.columns.iter().map(|column| column.file));
        files.fold(0, |sum: u64, file| sum.saturating_add(file.bytes))
    }

    /// Returns how many bytes of memory a tile needs at most: its column twice, for the rows of the screen and their
    /// arrangement for weighing; the families of a page as they are read and as they are compiled; and the tables.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let column = self.columns.iter().map(|column| column.file.bytes).max().unwrap_or(0);
        let row = self.rows.iter().map(|row| row.file.bytes).max().unwrap_or(0).min(64 << 20);
        TABLES.saturating_add(column.saturating_mul(2)).saturating_add(row.saturating_mul(8))
    }

    /// Builds the calculator and checks that the settings can be computed with by this program.
    fn calculator(&self, path: &Path) -> Result<Calculator, ClusterError> {
        let damaged = |what| ClusterError::damaged(path, what);
        let table = FrequencyTable::from_csv(&self.table).map_err(|_| damaged("frequencies"))?;
        let calculator = Calculator::new(&table, self.model).map_err(|_| damaged("model"))?;
        let panel = calculator.panel().loci();
        let name = |position: u16| panel.get(usize::from(position)).cloned();
        let pair = |&([one, other], recombination): &([u16; 2], f64)| {
            Some(LinkedLoci { loci: [name(one)?, name(other)?], recombination })
        };
        let linked: Vec<LinkedLoci> =
            self.linked.iter().map(pair).collect::<Option<_>>().ok_or(damaged("linked loci"))?;
        calculator.with_linked(&linked).map_err(|_| damaged("linked loci"))
    }

    /// Checks the numbers that do not depend on files.
    fn is_sound(&self, loci: usize) -> bool {
        let limit = self.max_chance_hits.is_none_or(|most| most.is_finite() && most > 0.0);
        let doubts = self.doubts.whom == DoubtWhom::None || self.doubts.check().is_ok();
        let mut next = 0_u64;
        let rows = self.rows.iter().all(|row| {
            let follows = u64::from(row.first) == next;
            next += u64::from(row.families);
            follows
        });
        let (rows, columns) = (rows && next <= u64::from(u32::MAX), self.columns.len());
        let tiles = self.rows.len().checked_mul(columns).filter(|&tiles| tiles > 0);
        tiles.is_some_and(|tiles| tiles <= Grid::TILES as usize)
            && rows
            && limit
            && doubts
            && self.min_log10_lr.is_finite()
            && self.children() <= u64::from(u32::MAX)
            && self.whole.is_sound(loci, self.children())
    }
}

/// A plan, read and checked.
pub struct Plan {
    folder: PathBuf,
    digest: [u8; 32],
    planned: Planned,
    calculator: Calculator,
}

impl Plan {
    /// Returns the file of a column of children in a folder.
    #[must_use]
    pub fn column_file(folder: &Path, column: u32) -> PathBuf {
        folder.join(COLUMNS).join(column.to_string())
    }

    /// Returns the file of a row of families in a folder.
    #[must_use]
    pub fn row_file(folder: &Path, row: u32) -> PathBuf {
        folder.join(ROWS).join(row.to_string())
    }

    /// Returns the folders that a new plan needs in its own.
    #[must_use]
    pub fn folders(folder: &Path) -> [PathBuf; 3] {
        [COLUMNS, ROWS, SHARDS].map(|name| folder.join(name))
    }

    /// Returns the folder of the shards, unless it is elsewhere.
    #[must_use]
    pub fn shards(folder: &Path) -> PathBuf {
        folder.join(SHARDS)
    }

    /// Returns the bytes of a plan's file.
    ///
    /// # Errors
    /// [`ClusterError::TooMuch`]
    pub fn to_bytes(planned: &Planned) -> Result<Vec<u8>, ClusterError> {
        let mut bytes = Vec::new();
        codec::write(&mut bytes, Kind::Plan, planned).map_err(|error| failed(Path::new(PLAN), error))?;
        Ok(bytes)
    }

    /// Writes the file of a plan into its folder, where the files of columns and rows are, and flushes it. Returns the
    /// digest of the file.
    ///
    /// # Errors
    /// [`ClusterError::Io`], [`ClusterError::TooMuch`]
    pub fn write(folder: &Path, planned: &Planned) -> Result<[u8; 32], ClusterError> {
        let path = folder.join(PLAN);
        let bytes = Self::to_bytes(planned)?;
        let put = || {
            let mut file = files::create_new(&path)?;
            std::io::Write::write_all(&mut file, &bytes)?;
            file.sync_all()?;
            File::open(folder)?.sync_all()
        };
        put().map_err(ClusterError::io("cannot write", &path))?;
        Ok(*blake3::hash(&bytes).as_bytes())
    }

    /// Reads the plan of a folder and checks it, but not the files of columns and rows.
    ///
    /// # Errors
    /// [`ClusterError::NoPlan`]; [`ClusterError::Damaged`]; [`ClusterError::OtherProgram`] if this program may compute
    /// other numbers.
    pub fn read(folder: &Path) -> Result<Self, ClusterError> {
        let path = folder.join(PLAN);
        let mut file = match files::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ClusterError::NoPlan(folder.to_owned()));
            }
            file => file.map_err(ClusterError::io("cannot open", &path))?,
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(ClusterError::io("cannot read", &path))?;
        Self::from_bytes(folder, &bytes)
    }

    /// Reads the bytes of a plan's file that belongs into this folder.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_bytes(folder: &Path, bytes: &[u8]) -> Result<Self, ClusterError> {
        let path = folder.join(PLAN);
        let planned: Planned = codec::read_whole(bytes, Kind::Plan).map_err(|error| failed(&path, error))?;
        let words = |program: &str, scoring: u32| format!("{program} with scoring {scoring}");
        let scoring = scoring_version(&planned.model);
        if (planned.program.as_str(), planned.scoring) != (Planned::PROGRAM, scoring) {
            return Err(ClusterError::OtherProgram {
                planned: words(&planned.program, planned.scoring),
                here: words(Planned::PROGRAM, scoring),
            });
        }
        let calculator = planned.calculator(&path)?;
        if !planned.is_sound(calculator.panel().len()) {
            return Err(ClusterError::damaged(&path, "a number is out of its range"));
        }
        let digest = *blake3::hash(bytes).as_bytes();
        Ok(Self { folder: folder.to_owned(), digest, planned, calculator })
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the BLAKE3 digest of the plan's file, which every shard bears.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Returns what is planned.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        &self.planned
    }

    /// Returns the calculator of the plan's frequencies and model.
    #[must_use]
    pub fn calculator(&self) -> &Calculator {
        &self.calculator
    }

    /// Returns the digest of the frequency table.
    ///
    /// # Errors
    /// [`ClusterError::Damaged`], which [`Self::read`] would have found already.
    pub fn table_digest(&self) -> Result<[u8; 32], ClusterError> {
        let table = FrequencyTable::from_csv(&self.planned.table);
        Ok(table.map_err(|_| ClusterError::damaged(&self.folder.join(PLAN), "frequencies"))?.digest())
    }

    /// Returns row and column of a tile.
    ///
    /// # Errors
    /// [`ClusterError::NoTile`]
    pub fn place(&self, tile: u32) -> Result<(u32, u32), ClusterError> {
        let grid = self.planned.grid();
        if tile < grid.tiles() {
            Ok(grid.place(tile))
        } else {
            Err(ClusterError::NoTile { index: tile, tiles: grid.tiles() })
        }
    }
}

/// Names the file of an error.
pub(super) fn failed(path: &Path, error: FrameError) -> ClusterError {
    match error {
        FrameError::Io(source) => ClusterError::Io { doing: "cannot read", path: path.to_owned(), source },
        FrameError::Damaged(what) => ClusterError::damaged(path, what),
        FrameError::Version(version) => ClusterError::Version { path: path.to_owned(), version },
        FrameError::TooLong => ClusterError::TooMuch,
    }
}
