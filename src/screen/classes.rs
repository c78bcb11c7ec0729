//! Groups children's genotypes into few classes, arranged for the weighing kernel.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::index::{BLOCK, Index, UNLISTED};
use crate::model::{GenotypeCode, genotype_code, genotype_count};

/// The most classes of genotypes per locus: the number of bytes of a vector register.
pub(super) const CLASSES: usize = 64;

/// The most classes of alleles per locus: `genotype_count(10)` classes of genotypes and the class of untyped children
/// are below 64.
const ALLELES: usize = 10;

/// Classes of genotypes of 64 children; its size is that of a cache line.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable)]
#[repr(C, align(64))]
pub struct Lane(pub(super) [u8; 64]);

/// Number of lanes of a block per locus.
pub(super) const LANES: usize = BLOCK / 64;

/// The classes of genotypes at the loci of a panel: common alleles are classes of their own, rare ones share one.
#[derive(Clone, Debug)]
pub struct Classes {
    loci: Vec<LocusClasses>,
}

/// The classes of one locus.
#[derive(Clone, Debug)]
pub struct LocusClasses {
    /// Class of each genotype code; the last one is that of an untyped child.
    pub(super) of_code: Vec<u8>,
}

impl LocusClasses {
    fn new(frequencies: &[f64]) -> Self {
        let alleles = frequencies.len();
        let mut common: Vec<usize> = (0..alleles).collect();
        common.sort_by(|&a, &b| frequencies[b].total_cmp(&frequencies[a]));
        let mut of_allele = vec![ALLELES - 1; alleles];
        for (class, &allele) in common.iter().take(ALLELES).enumerate() {
            of_allele[allele] = class;
        }
        let mut of_code = vec![0; genotype_count(alleles) + 1];
        for high in 0..alleles {
            for low in 0..=high {
                let (a, b) = (of_allele[low], of_allele[high]);
                of_code[genotype_code(low, high)] = genotype_code(a.min(b), a.max(b)) as u8;
            }
        }
        of_code[genotype_count(alleles)] = genotype_count(alleles.min(ALLELES)) as u8;
        Self { of_code }
    }

    /// Returns the class of an untyped child, which is the last one.
    pub(super) fn untyped(&self) -> u8 {
        self.of_code[self.of_code.len() - 1]
    }
}

impl Classes {
    /// Builds the classes of a panel, given the frequencies of each locus's listed alleles, which only improve the
    /// choice.
    #[must_use]
    pub fn new<'f>(frequencies: impl IntoIterator<Item = &'f [f64]>) -> Self {
        Self { loci: frequencies.into_iter().map(LocusClasses::new).collect() }
    }

    /// Returns the classes of each locus, in panel order.
    #[must_use]
    pub fn loci(&self) -> &[LocusClasses] {
        &self.loci
    }

    /// Returns empty lanes for this number of blocks of children.
    #[must_use]
    pub fn empty(&self, blocks: usize) -> Vec<Lane> {
        vec![Lane([0; 64]); blocks * self.lanes()]
    }

    /// Returns the number of lanes of a block of children.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.loci.len() * LANES
    }

    /// Arranges a block of an index's children. Missing children, and genotypes with unlisted alleles, count as
    /// untyped.
    ///
    /// # Panics
    /// If the index does not have this panel or this block, or if `lanes` has fewer than [`Self::lanes`].
    pub fn arrange(&self, index: &Index, block: usize, lanes: &mut [Lane]) {
        let loci = self.loci.len();
        let codes = &index.codes()[block * BLOCK * loci..index.children().min((block + 1) * BLOCK) * loci];
        self.arrange_codes(codes, lanes);
    }

    pub(super) fn arrange_codes(&self, codes: &[GenotypeCode], lanes: &mut [Lane]) {
        for (lanes, locus) in lanes.chunks_exact_mut(LANES).zip(&self.loci) {
            lanes.fill(Lane([locus.untyped(); 64]));
        }
        for (child, codes) in codes.chunks_exact(self.loci.len()).enumerate() {
            for ((lanes, locus), &code) in lanes.chunks_exact_mut(LANES).zip(&self.loci).zip(codes) {
                if code != UNLISTED {
                    lanes[child / 64].0[child % 64] = locus.of_code[usize::from(code)];
                }
            }
        }
    }
}
