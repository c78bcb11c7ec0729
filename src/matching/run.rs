//! Runs a matcher over pages of families, cut into chunks that pass over all blocks of children in parallel.

use rayon::prelude::*;

use crate::model::Family;

use super::chunk::{Chunk, Part};
use super::matcher::Matcher;
use super::result::{MatchResult, Stages};
use super::watch::{Stopped, Watch};

/// Most families per chunk: their plans stay in the second-level cache while the blocks stream by.
const CHUNK: usize = 1024;

/// Number of chunks per thread into which few families are cut, so that no thread waits long for the others.
const SHARES: usize = 4;

/// Does long work on as many threads as rayon has here, but on others: short work of the same process then does not wait
/// for the pieces of the long one.
pub fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(rayon::current_num_threads()).build() {
        Ok(threads) => threads.install(work),
        // Without further threads, it shares those that there are.
        Err(_) => work(),
    }
}

/// Callback that receives the families' records.
pub type Keep<'k> = &'k mut dyn FnMut(&[u8]);

impl Matcher<'_> {
    /// Matches families against all children, in parallel on the current rayon pool.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn run(&self, families: &[Family], watch: &Watch) -> Result<(MatchResult, Stages), Stopped> {
        let mut result = self.empty_result();
        let mut stages = Stages::default();
        self.page(families, watch, &mut result, &mut stages, false)?;
        result.arrange();
        Ok((result, stages))
    }

    /// Matches families like [`Self::run`], but page by page, as `next` returns them; an empty page is the last. The
    /// next page is read while one is matched. `keep` receives the families' records, part by part, for a
    /// [`FamilyWriter`](crate::index::FamilyWriter).
    ///
    /// # Errors
    /// The error of `next`, or [`Stopped`].
    pub fn run_pages<E: Send + From<Stopped>>(
        &self,
        watch: &Watch,
        mut next: impl FnMut() -> Result<Vec<Family>, E> + Send,
        mut keep: Option<Keep<'_>>,
    ) -> Result<(MatchResult, Stages), E> {
        let mut result = self.empty_result();
        let mut stages = Stages::default();
        let mut page = next()?;
        while !page.is_empty() {
            let keeps = keep.is_some();
            let (records, read) = rayon::join(|| self.page(&page, watch, &mut result, &mut stages, keeps), &mut next);
            for records in records? {
                keep.iter_mut().for_each(|keep| keep(&records));
            }
            page = read?;
        }
        result.arrange();
        Ok((result, stages))
    }

    fn empty_result(&self) -> MatchResult {
        let children = (self.index.children() - self.without.len()) as u64;
        MatchResult { children, refused: self.refused.clone(), ..MatchResult::default() }
    }

    /// Matches one page, and returns the families' records in parts if `keeps` is set.
    fn page(
        &self,
        families: &[Family],
        watch: &Watch,
        result: &mut MatchResult,
        stages: &mut Stages,
        keeps: bool,
    ) -> Result<Vec<Vec<u8>>, Stopped> {
        let size = families.len().div_ceil(SHARES * rayon::current_num_threads()).clamp(1, CHUNK);
        let run = |chunk| Chunk::new(self, chunk, keeps).run(watch);
        let parts: Vec<Part> = families.par_chunks(size).map(run).collect::<Result<_, Stopped>>()?;
        result.families += families.len() as u64;
        result.pairs += families.len() as u64 * result.children;
        let mut records = Vec::new();
        for part in parts {
            result.add_part(part.result);
            *stages += part.stages;
            records.push(part.records);
        }
        Ok(records)
    }
}
