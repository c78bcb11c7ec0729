//! Defines the criterion of a run and its result.

use std::time::Duration;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kinship::Calculator;
use crate::model::{Candidate, InView, Pseudonym, Unscorable};
use crate::population::FrequencyTable;

use super::doubt::{DoubtWhom, Doubts};
use super::shared_loci::TypedLoci;

/// Criterion for a pair to become a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// The least log10 LR, inclusive, for the papers as they are stated; views need more: see `doubt`.
    pub min_log10_lr: f64,
    /// The most candidates of a family: its best, ties broken by the child's pseudonym. Identities do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_per_family: Option<u32>,
    /// The largest expected number of children in the index that reach a candidate's LR if all are unrelated to the
    /// family; above 0. Exact to 2 % and 0.1 in log10 LR, or bounded from above: see `chance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chance_hits: Option<f64>,
    /// The statements in which the papers may be wrong.
    pub doubts: Doubts,
}

impl Default for Criterion {
    /// Returns LR 10,000, from which on laboratories speak of support, and no doubts about the papers.
    fn default() -> Self {
        Self { min_log10_lr: 4.0, max_per_family: None, max_chance_hits: None, doubts: Doubts::none() }
    }
}

/// The candidates of a run, and how they were found.
#[derive(Clone, Debug, PartialEq, Default)]
#[non_exhaustive]
pub struct MatchResult {
    /// By family and child.
    pub candidates: Vec<Candidate>,
    /// The best pairs of each family that are not candidates, if they were requested: see
    /// [`Matcher::near_misses`](super::Matcher::near_misses). Best first: see [`Candidate::best_first`].
    pub near: Vec<Candidate>,
    /// Families that could not be scored, ordered by pseudonym.
    pub unscorable: Vec<Unscorable>,
    /// Children that were compared with nobody, because the model refuses alleles without a frequency.
    pub refused: Vec<Pseudonym>,
    /// Number of families matched.
    pub families: u64,
    /// Number of children in the index, without those that the matcher skips.
    pub children: u64,
    /// Number of families screened with the bit-sliced kernel, each counted once per view.
    pub families_screened: u64,
    /// Number of families screened by the weights of genotypes, because their relatives exclude too little to count;
    /// each counted once per view.
    pub families_weighed: u64,
    /// Number of families with which, as they are stated, no child typed at listed alleles only can reach the
    /// threshold.
    pub families_out_of_reach: u64,
    /// Number of pairs that passed the screen.
    pub survivors: u64,
    /// Number of pairs that were compared.
    pub pairs: u64,
    /// The families that were scored, each with the loci at which a relative is typed.
    pub informative: Vec<TypedLoci>,
}

/// Processor time by stage, added up over threads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Stages {
    /// Time for tables and plans.
    pub compile: Duration,
    /// Time of the kernels.
    pub screen: Duration,
    /// Time for the table sums of survivors.
    pub score: Duration,
    /// Time for compared and incompatible loci of candidates.
    pub describe: Duration,
}

impl std::ops::AddAssign for Stages {
    fn add_assign(&mut self, other: Self) {
        self.compile += other.compile;
        self.screen += other.screen;
        self.score += other.score;
        self.describe += other.describe;
    }
}

impl MatchResult {
    /// Adds the result of a part of the same run, whose families and children are counted already.
    pub fn add_part(&mut self, part: Self) {
        self.candidates.extend(part.candidates);
        self.near.extend(part.near);
        self.unscorable.extend(part.unscorable);
        self.refused.extend(part.refused);
        self.informative.extend(part.informative);
        self.families_screened += part.families_screened;
        self.families_weighed += part.families_weighed;
        self.families_out_of_reach += part.families_out_of_reach;
        self.survivors += part.survivors;
        self.pairs += part.pairs;
    }

    /// Sorts candidates, families and children into their fixed order, and removes duplicates among the families and
    /// children that were not compared.
    pub fn arrange(&mut self) {
        self.unscorable.sort_by_key(|unscorable| unscorable.family);
        self.unscorable.dedup_by_key(|unscorable| unscorable.family);
        self.informative.par_sort_unstable();
        self.informative.dedup();
        self.refused.sort_unstable();
        self.refused.dedup();
        self.candidates.par_sort_unstable_by_key(Candidate::pair);
        self.near.sort_unstable_by(Candidate::best_first);
    }
}

/// Computes the BLAKE3 hash of a canonical result set: frequencies, settings, criterion, and the candidates by family
/// and child with the bits of their log10 LR, in every view. Equal digests mean equal results.
#[must_use]
pub fn run_digest(
    table: &FrequencyTable,
    calculator: &Calculator,
    criterion: &Criterion,
    candidates: &[Candidate],
) -> [u8; 32] {
    let mut hash = blake3::Hasher::new_derive_key("reunite 2026 run digest v2");
    hash.update(&table.digest());
    let settings = calculator.settings_line();
    hash.update(&(settings.len() as u64).to_le_bytes());
    hash.update(settings.as_bytes());
    hash.update(&criterion.min_log10_lr.to_bits().to_le_bytes());
    if let Some(most) = criterion.max_per_family {
        hash.update(b"per family");
        hash.update(&most.to_le_bytes());
    }
    if let Some(most) = criterion.max_chance_hits {
        hash.update(b"chance hits");
        hash.update(&most.to_bits().to_le_bytes());
    }
    let Doubts { whom, relative, exchanged, half_sibling } = criterion.doubts;
    hash.update(whom.word().as_bytes());
    if whom != DoubtWhom::None {
        [relative, exchanged, half_sibling].iter().for_each(|doubt| {
            hash.update(&doubt.to_bits().to_le_bytes());
        });
    }
    hash.update(&(candidates.len() as u64).to_le_bytes());
    let mut rows: Vec<&Candidate> = candidates.iter().collect();
    if !candidates.is_sorted_by_key(Candidate::pair) {
        rows.par_sort_unstable_by_key(|candidate| candidate.pair());
    }
    // The hash takes long pieces many times faster than short ones.
    for rows in rows.chunks(ROWS_TOGETHER) {
        let bytes: Vec<Vec<u8>> = rows.par_chunks(ROWS_TOGETHER.div_ceil(64)).map(canonical).collect();
        for bytes in bytes {
            hash.update(&bytes);
        }
    }
    *hash.finalize().as_bytes()
}

/// Number of rows that are put into bytes together.
const ROWS_TOGETHER: usize = 1 << 16;

/// Returns the bytes of candidates in a result set.
fn canonical(rows: &[&Candidate]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rows.len() * 64);
    for candidate in rows {
        bytes.extend_from_slice(candidate.family.as_bytes());
        bytes.extend_from_slice(candidate.child.as_bytes());
        bytes.extend_from_slice(&candidate.log10_lr.to_bits().to_le_bytes());
        bytes.extend_from_slice(&candidate.loci_compared.to_le_bytes());
        bytes.extend_from_slice(&candidate.incompatible_loci.to_le_bytes());
        if let Some(sample) = candidate.same_as {
            bytes.extend_from_slice(b"same as");
            bytes.extend_from_slice(sample.as_bytes());
        }
        if let Some(views) = &candidate.views {
            bytes.extend_from_slice(b"views");
            bytes.extend_from_slice(&(views.all.len() as u64).to_le_bytes());
            for InView { view, log10_doubt, log10_lr } in &views.all {
                bytes.extend_from_slice(&view.to_bytes());
                bytes.extend_from_slice(&log10_doubt.to_bits().to_le_bytes());
                bytes.extend_from_slice(&log10_lr.to_bits().to_le_bytes());
            }
            bytes.extend_from_slice(&(views.made_by as u64).to_le_bytes());
            bytes.extend_from_slice(&views.log10_lr_mixed.unwrap_or(f64::NAN).to_bits().to_le_bytes());
        }
    }
    bytes
}
