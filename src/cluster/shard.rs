//! The result of a tile.
//!
//! A shard is a frame with everything but the records of the families index, which follow as they are: their length and
//! digest are in the frame.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;
use crate::matching::{LocusSet, MatchResult, TypedLoci};
use crate::model::{Candidate, InView, Panel, ParentSide, Pseudonym, Relation, View, Views};

use super::codec::{self, Kind};
use super::error::ClusterError;
use super::plan::{Plan, PlanFile, failed};
use super::rows::{FamilyNames, number};

/// A view of a family; numbers stand for its relatives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum ViewRow {
    Stated,
    Without { sample: u16, relation: Relation },
    OtherParent { side: ParentSide },
    Exchanged { sample: u16, relation: Relation, with: u16, with_relation: Relation },
    Half { sample: u16, shared: ParentSide },
    Full { sample: u16 },
}

impl ViewRow {
    fn of(view: View) -> Option<Self> {
        let of = |name| u16::try_from(number(name)?).ok();
        Some(match view {
            View::Stated => Self::Stated,
            View::Without { sample, relation } => Self::Without { sample: of(sample)?, relation },
            View::OtherParent { side } => Self::OtherParent { side },
            View::Exchanged { sample, relation, with, with_relation } => {
                Self::Exchanged { sample: of(sample)?, relation, with: of(with)?, with_relation }
            }
            View::Half { sample, shared } => Self::Half { sample: of(sample)?, shared },
            View::Full { sample } => Self::Full { sample: of(sample)? },
        })
    }

    fn view(self, names: &FamilyNames) -> Option<View> {
        Some(match self {
            Self::Stated => View::Stated,
            Self::Without { sample, relation } => View::Without { sample: names.name(sample)?, relation },
            Self::OtherParent { side } => View::OtherParent { side },
            Self::Exchanged { sample, relation, with, with_relation } => {
                View::Exchanged { sample: names.name(sample)?, relation, with: names.name(with)?, with_relation }
            }
            Self::Half { sample, shared } => View::Half { sample: names.name(sample)?, shared },
            Self::Full { sample } => View::Full { sample: names.name(sample)? },
        })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ViewsRow {
    /// View, log10 doubt, log10 LR.
    all: Vec<(ViewRow, f64, f64)>,
    made_by: u32,
    log10_lr_mixed: Option<f64>,
    contradicting: Vec<u16>,
}

/// A candidate of a tile; numbers stand for family, child and relatives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardCandidate {
    family: u32,
    child: u32,
    log10_lr: f64,
    loci_compared: u32,
    incompatible_loci: u32,
    same_as: Option<u16>,
    views: Option<ViewsRow>,
}

impl ShardCandidate {
    fn of(candidate: &Candidate, panel: &Panel) -> Option<Self> {
        let position = |locus| u16::try_from(panel.position(locus)?).ok();
        let in_view = |one: &InView| Some((ViewRow::of(one.view)?, one.log10_doubt, one.log10_lr));
        let views = match &candidate.views {
            None => None,
            Some(views) => Some(ViewsRow {
                all: views.all.iter().map(in_view).collect::<Option<_>>()?,
                made_by: views.made_by as u32,
                log10_lr_mixed: views.log10_lr_mixed,
                contradicting: views.contradicting.iter().map(position).collect::<Option<_>>()?,
            }),
        };
        let same_as = match candidate.same_as {
            None => None,
            Some(sample) => Some(u16::try_from(number(sample)?).ok()?),
        };
        Some(Self {
            family: number(candidate.family)?,
            child: number(candidate.child)?,
            log10_lr: candidate.log10_lr,
            loci_compared: candidate.loci_compared,
            incompatible_loci: candidate.incompatible_loci,
            same_as,
            views,
        })
    }

    /// Returns the number of the family.
    #[must_use]
    pub fn family(&self) -> u32 {
        self.family
    }

    /// Returns the number of the child.
    #[must_use]
    pub fn child(&self) -> u32 {
        self.child
    }

    /// Returns the candidate under its true names; `None` if it names a relative or a locus that there is not.
    #[must_use]
    pub fn named(
        &self,
        (family, names): (Pseudonym, &FamilyNames),
        child: Pseudonym,
        panel: &Panel,
    ) -> Option<Candidate> {
        let in_view = |&(view, log10_doubt, log10_lr): &(ViewRow, f64, f64)| {
            Some(InView { view: view.view(names)?, log10_doubt, log10_lr })
        };
        let locus = |&position: &u16| panel.loci().get(usize::from(position)).cloned();
        let views = match &self.views {
            None => None,
            Some(row) => {
                let views = Views {
                    all: row.all.iter().map(in_view).collect::<Option<_>>()?,
                    made_by: row.made_by as usize,
                    log10_lr_mixed: row.log10_lr_mixed,
                    contradicting: row.contradicting.iter().map(locus).collect::<Option<_>>()?,
                };
                Some(Box::new(Some(views).filter(|views| views.made_by < views.all.len())?))
            }
        };
        let same_as = match self.same_as {
            None => None,
            Some(number) => Some(names.name(number)?),
        };
        Some(Candidate {
            family,
            child,
            log10_lr: self.log10_lr,
            loci_compared: self.loci_compared,
            incompatible_loci: self.incompatible_loci,
            same_as,
            views,
        })
    }
}

/// The frame of a shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Body {
    plan: [u8; 32],
    tile: u32,
    candidates: Vec<ShardCandidate>,
    unscorable: Vec<u32>,
    informative: Vec<(u32, LocusSet)>,
    families_screened: u64,
    families_weighed: u64,
    families_out_of_reach: u64,
    survivors: u64,
    records: PlanFile,
}

/// The result of a tile, without names.
#[derive(Clone, Debug, PartialEq)]
pub struct Shard {
    body: Body,
    /// The file, and the place of the records in it.
    path: PathBuf,
    records_at: u64,
}

/// Why there is no usable shard of a tile.
#[derive(Debug)]
pub enum ShardFault {
    /// There is none.
    Missing,
    /// It is damaged, or of another plan or tile.
    Damaged,
    /// It cannot be read, for a reason that another look may not find.
    Io(ClusterError),
}

/// Prefix of the name of a shard while it is being written.
const UNFINISHED: &str = ".shard-";

/// Returns the file of a tile's shard in the folder of the shards.
pub(super) fn shard_file(shards: &Path, tile: u32) -> PathBuf {
    shards.join(format!("{tile}.shard"))
}

/// Writes the shard of a tile: at once, or not at all. Returns its length in bytes.
pub(super) fn write_shard(
    shards: &Path,
    plan: &Plan,
    tile: u32,
    (result, records): (&MatchResult, &[u8]),
) -> Result<u64, ClusterError> {
    let panel = plan.calculator().panel();
    let of_all = |names: &mut dyn Iterator<Item = Pseudonym>| names.map(number).collect::<Option<Vec<u32>>>();
    let informative = |one: &TypedLoci| Some((number(one.pseudonym)?, one.loci));
    let candidates = result.candidates.iter().map(|one| ShardCandidate::of(one, panel)).collect::<Option<_>>();
    let body = Body {
        plan: *plan.digest(),
        tile,
        candidates: candidates.ok_or(ClusterError::TooMuch)?,
        unscorable: of_all(&mut result.unscorable.iter().map(|one| one.family)).ok_or(ClusterError::TooMuch)?,
        informative: result.informative.iter().map(informative).collect::<Option<_>>().ok_or(ClusterError::TooMuch)?,
        families_screened: result.families_screened,
        families_weighed: result.families_weighed,
        families_out_of_reach: result.families_out_of_reach,
        survivors: result.survivors,
        records: PlanFile { bytes: records.len() as u64, digest: *blake3::hash(records).as_bytes() },
    };
    let path = shard_file(shards, tile);
    let mut bytes = Vec::new();
    codec::write(&mut bytes, Kind::Shard, &body).map_err(|error| failed(&path, error))?;
    let put = || {
        let mut file = files::temporary(UNFINISHED, shards)?;
        file.write_all(&bytes)?;
        file.write_all(records)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        File::open(shards)?.sync_all()
    };
    put().map_err(ClusterError::io("cannot write", &path))?;
    Ok((bytes.len() + records.len()) as u64)
}

/// Reads the shard of a tile and checks every byte of it.
///
/// # Errors
/// [`ShardFault`]
pub fn read_shard(shards: &Path, plan: &Plan, tile: u32) -> Result<Shard, ShardFault> {
    let path = shard_file(shards, tile);
    let io = |doing, source| ShardFault::Io(ClusterError::Io { doing, path: path.clone(), source });
    let file = match files::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(ShardFault::Missing),
        file => file.map_err(|error| io("cannot open", error))?,
    };
    let all = file.metadata().map_err(|error| io("cannot read", error))?.len();
    let mut input = BufReader::new(file);
    let (body, records_at) = match codec::read::<Body>(&mut input, all, Kind::Shard) {
        Err(codec::FrameError::Io(error)) => return Err(io("cannot read", error)),
        read => read.map_err(|_| ShardFault::Damaged)?,
    };
    let mut hash = blake3::Hasher::new();
    hash.update_reader(&mut input).map_err(|error| io("cannot read", error))?;
    let is_whole = records_at.checked_add(body.records.bytes) == Some(all);
    if !is_whole || *hash.finalize().as_bytes() != body.records.digest || !is_of(&body, plan, tile) {
        return Err(ShardFault::Damaged);
    }
    Ok(Shard { body, path, records_at })
}

/// Reports whether a shard belongs to a tile of a plan, and names only families and children of the plan.
fn is_of(body: &Body, plan: &Plan, tile: u32) -> bool {
    let Ok((row, column)) = plan.place(tile) else { return false };
    let planned = plan.planned();
    let row = planned.rows[row as usize];
    let end = u64::from(row.first) + u64::from(row.families);
    let family = |number: u32| number >= row.first && u64::from(number) < end;
    let children = planned.children();
    (&body.plan, body.tile) == (plan.digest(), tile)
        && body.candidates.iter().all(|one| family(one.family) && u64::from(one.child) < children)
        && body.unscorable.iter().all(|&number| family(number))
        && body.informative.iter().all(|one| family(one.0))
        && (column == 0 || body.informative.is_empty() && body.records.bytes == 0)
}

impl Shard {
    /// Reads the bytes of a shard of a plan, whatever its tile is: for tests of the reader.
    ///
    /// # Errors
    /// [`ShardFault::Damaged`]
    pub fn from_bytes(bytes: &[u8], plan: &Plan) -> Result<Self, ShardFault> {
        let (body, at) =
            codec::read::<Body>(&mut &*bytes, bytes.len() as u64, Kind::Shard).map_err(|_| ShardFault::Damaged)?;
        let records = &bytes[at as usize..];
        let is_whole =
            records.len() as u64 == body.records.bytes && *blake3::hash(records).as_bytes() == body.records.digest;
        if !is_whole || !is_of(&body, plan, body.tile) {
            return Err(ShardFault::Damaged);
        }
        Ok(Self { body, path: PathBuf::new(), records_at: at })
    }

    /// Returns the candidates, best first.
    #[must_use]
    pub fn candidates(&self) -> &[ShardCandidate] {
        &self.body.candidates
    }

    /// Takes the candidates out of the shard.
    pub fn take_candidates(&mut self) -> Vec<ShardCandidate> {
        std::mem::take(&mut self.body.candidates)
    }

    /// Returns the numbers of the families that could not be scored, in rising order.
    #[must_use]
    pub fn unscorable(&self) -> &[u32] {
        &self.body.unscorable
    }

    /// Returns the numbers of the families that were scored, each with the loci at which a relative is typed; only in
    /// the first column.
    #[must_use]
    pub fn informative(&self) -> &[(u32, LocusSet)] {
        &self.body.informative
    }

    /// Returns the counts of the tile in a result that has nothing else: every family once, if the tile is of the first
    /// column; and the survivors of the screen.
    #[must_use]
    pub fn counts(&self, is_first_column: bool) -> MatchResult {
        let once = |count: u64| if is_first_column { count } else { 0 };
        MatchResult {
            families_screened: once(self.body.families_screened),
            families_weighed: once(self.body.families_weighed),
            families_out_of_reach: once(self.body.families_out_of_reach),
            survivors: self.body.survivors,
            ..MatchResult::default()
        }
    }

    /// Reads the records of the families index again, and checks them again.
    ///
    /// # Errors
    /// [`ClusterError::Io`], [`ClusterError::Damaged`]
    pub fn records(&self) -> Result<Vec<u8>, ClusterError> {
        let read = || {
            let mut file = files::open(&self.path)?;
            std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(self.records_at))?;
            let mut records = Vec::new();
            file.take(self.body.records.bytes).read_to_end(&mut records)?;
            Ok(records)
        };
        let records = read().map_err(ClusterError::io("cannot read", &self.path))?;
        if *blake3::hash(&records).as_bytes() == self.body.records.digest {
            Ok(records)
        } else {
            Err(ClusterError::damaged(&self.path, "digest"))
        }
    }
}
