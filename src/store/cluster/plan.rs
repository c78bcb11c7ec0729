//! Makes the folder of a run in tiles: a snapshot of what the tiles need, without names.

use std::fs::{self, Permissions};
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::audit::{Entry, Subjects};
use crate::cluster::{ClusterError, Column, Grid, Plan, PlanFile, Planned, RowPart, RowWriter, column_of};
use crate::files::{self, folder};
use crate::index::{Binding, Index};
use crate::ledger::{Generation, Ledger};
use crate::matching::{Whole, scoring_version};
use crate::model::Pseudonym;

use crate::store::configuration::limits::{checked_chance_hits, checked_threshold};
use crate::store::error::{FileAction, Incomplete, StoreError};
use crate::store::folder::Store;
use crate::store::matching::compare::{basis, depends_on_all};
use crate::store::matching::digests::FileDigests;
use crate::store::matching::run::MatchOptions;
use crate::store::observer::Observer;
use crate::store::output::write::flush;

/// Families per page.
const PAGE: u32 = 16_384;

/// The options of a plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanOptions<'a> {
    /// The run. It is always a full one, and lists no pairs that fall short.
    pub matching: MatchOptions,
    /// Number of tiles.
    pub tiles: NonZeroU32,
    /// Number of columns, a divisor of the number of tiles; `None` for the best.
    pub columns: Option<NonZeroU32>,
    /// The folder to make; it must not exist, or be empty.
    pub out: &'a Path,
}

/// A plan that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanMade {
    /// The arrangement of the tiles.
    pub grid: Grid,
    /// Number of families.
    pub families: u64,
    /// Number of children.
    pub children: u64,
    /// Length of the files that tiles read, in bytes.
    pub bytes: u64,
    /// Memory of a tile in bytes.
    pub memory: u64,
    /// Digest of the plan.
    pub digest: [u8; 32],
}

/// The samples and families that a plan has, as far as the audit chain names them.
struct Named(Vec<Pseudonym>);

impl Named {
    fn add(&mut self, more: impl IntoIterator<Item = Pseudonym>) {
        self.0.extend(more.into_iter().take((Entry::MOST_SUBJECTS + 1).saturating_sub(self.0.len())));
    }
}

impl Store {
    /// Makes a folder with everything that the tiles of a full run need, and no names in it, but genotypes. The plan is
    /// recorded before the folder appears under its name.
    ///
    /// ```no_run
    /// # use reunite::store::{self, *};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store = Store::open("store".as_ref(), None)?;
    /// let matching = MatchOptions::full(&store);
    /// let options = PlanOptions { matching, tiles: 100.try_into()?, columns: None, out: "plan".as_ref() };
    /// let made = store.plan_cluster(&options, &store::entry("cluster plan", None), &Silent)?;
    /// println!("{} tiles, {} MB", made.grid.tiles(), made.bytes / 1_000_000);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`]; there is no folder then.
    pub fn plan_cluster(
        &self,
        options: &PlanOptions<'_>,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<PlanMade, StoreError> {
        let &PlanOptions { matching, tiles, columns, out } = options;
        let criterion = matching.criterion;
        checked_threshold(criterion.min_log10_lr)?;
        checked_chance_hits(criterion.max_chance_hits)?;
        if out.exists() && !fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none()) {
            return Err(ClusterError::FolderExists(out.to_owned()).into());
        }
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        self.finish_interrupted(&mut ledger, observer)?;
        let calculator = self.calculator()?;
        let basis = basis(self, &calculator, &criterion)?;
        let generation = ledger.generation()?;
        let index = self.current_index(&ledger, matching.access, observer)?;
        if index.binding().stamp != generation.stamp {
            return Err(StoreError::ChangedMeanwhile);
        }
        let families = ledger.families_matched()?;
        let children = index.children() as u64;
        if families > u64::from(u32::MAX) {
            return Err(ClusterError::TooMuch.into());
        }
        let grid = Grid::new(tiles, columns, families, children)?;
        let parent = folder(out);
        let building = tempfile::Builder::new()
            .prefix(".reunite-cluster-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(|source| StoreError::io(FileAction::MakeFolderIn, parent, source))?;
        let place = building.path();
        for folder in Plan::folders(place) {
            files::make_folder(&folder, place)
                .map_err(|source| StoreError::io(FileAction::MakeFolder, &folder, source))?;
        }
        let mut named = Named(Vec::new());
        let columns = self.write_columns(place, &index, grid, &mut named)?;
        let rows = self.write_rows(place, &mut ledger, (&generation, families), grid, &mut named)?;
        for folder in Plan::folders(place) {
            flush(&folder).map_err(|source| StoreError::io(FileAction::Flush, &folder, source))?;
        }
        let planned = Planned {
            program: Planned::PROGRAM.to_owned(),
            scoring: scoring_version(calculator.model()),
            population: self.population().map(str::to_owned),
            table: self.table().to_csv(),
            model: *calculator.model(),
            linked: Planned::linked(&calculator),
            min_log10_lr: criterion.min_log10_lr,
            max_per_family: criterion.max_per_family,
            max_chance_hits: criterion.max_chance_hits,
            doubts: criterion.doubts,
            min_loci: matching.min_loci,
            exhaustive: matching.exhaustive,
            keeps_records: !(matching.exhaustive || depends_on_all(&criterion)),
            basis,
            stamp: generation.stamp,
            generation: generation.number,
            whole: Whole::of(&index, &criterion),
            rows,
            columns,
        };
        let digest = Plan::write(place, &planned)?;
        let plan = Plan::read(place)?;
        // A table that came out otherwise would give other numbers, perhaps in the last bit only.
        if plan.calculator().settings_line() != calculator.settings_line()
            || plan.table_digest()? != self.table().digest()
        {
            return Err(ClusterError::SettingsChanged.into());
        }
        let digests = FileDigests::new(&ledger, None)?;
        let entry = self
            .name_table(entry)
            .with("tiles", grid.tiles())
            .with("families", families)
            .with("children", children)
            .with("genotypes", true)
            .with_digest("plan", &digests.recorded(&digest));
        // The plan must be recorded before anyone can have the folder.
        ledger.append(&match named.0.len() > Entry::MOST_SUBJECTS {
            true => Entry { subjects: Subjects::Many, ..entry },
            false => entry.about(named.0),
        })?;
        let place = building.keep();
        if let Err(source) = fs::rename(&place, out) {
            // A second error, if the folder cannot be removed either, would not help.
            let _ = fs::remove_dir_all(&place);
            return Err(StoreError::io(FileAction::MakeFolder, out, source));
        }
        flush(parent).map_err(|source| StoreError::io(FileAction::Flush, parent, source))?;
        Ok(PlanMade { grid, families, children, bytes: planned.bytes(), memory: planned.memory(), digest })
    }

    /// Writes the columns of children.
    fn write_columns(
        &self,
        place: &Path,
        index: &Index,
        grid: Grid,
        named: &mut Named,
    ) -> Result<Vec<Column>, StoreError> {
        let names = children_by_name(index);
        named.add(names.iter().map(|one| one.0));
        let mut ranks = vec![0; names.len()];
        for (rank, (_, child)) in names.iter().enumerate() {
            ranks[*child as usize] = rank as u32;
        }
        let column = |column: u32| {
            let path = Plan::column_file(place, column);
            let (first, blocks) = Grid::share(index.blocks() as u64, column, grid.columns);
            let part = column_of(index, &ranks, first as usize..(first + blocks) as usize);
            let children = part.children() as u32;
            let binding =
                Binding { alleles: self.table().alleles_digest(), stamp: [0; 16], generation: u64::from(column) };
            part.write(&path, &binding).map_err(|source| StoreError::IndexAt { path: path.clone(), source })?;
            Ok(Column { children, file: PlanFile::of(&path)? })
        };
        (0..grid.columns).map(column).collect()
    }

    /// Writes the rows of families.
    fn write_rows(
        &self,
        place: &Path,
        ledger: &mut Ledger,
        (generation, families): (&Generation, u64),
        grid: Grid,
        named: &mut Named,
    ) -> Result<Vec<RowPart>, StoreError> {
        let panel = self.table().panel();
        let mut rows = Vec::new();
        // Families that were read and not yet written, and the name of the last one.
        let (mut waiting, mut last, mut found) = (Vec::new(), None, 0_u64);
        for row in 0..grid.rows {
            let (first, mut left) = Grid::share(families, row, grid.rows);
            let mut writer = RowWriter::create(&Plan::row_file(place, row), first as u32)?;
            while left > 0 {
                if waiting.is_empty() {
                    waiting = ledger.families_after(panel, last, PAGE, generation)?;
                    let Some(end) = waiting.last() else {
                        return Err(Incomplete::Families { expected: families, found }.into());
                    };
                    last = Some(end.pseudonym);
                    found += waiting.len() as u64;
                    let relatives = waiting.iter().flat_map(|family| &family.relatives);
                    named.add(relatives.map(|relative| relative.sample));
                    named.add(waiting.iter().map(|family| family.pseudonym));
                }
                let rest = waiting.split_off(waiting.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
                writer.append(&waiting)?;
                left -= waiting.len() as u64;
                waiting = rest;
            }
            rows.push(writer.finish()?);
        }
        if !waiting.is_empty() || !ledger.families_after(panel, last, 1, generation)?.is_empty() {
            return Err(Incomplete::Families { expected: families, found: found + 1 }.into());
        }
        Ok(rows)
    }
}

/// Returns the children of an index in the order of their pseudonyms, each with its number in the index.
pub(super) fn children_by_name(index: &Index) -> Vec<(Pseudonym, u32)> {
    let mut names: Vec<(Pseudonym, u32)> =
        (0..index.children()).map(|child| (index.pseudonym(child), child as u32)).collect();
    names.sort_unstable();
    names
}
