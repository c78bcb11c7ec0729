//! Groups children's genotypes into few classes, arranged for the weighing kernel.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::index::{Index, UNLISTED};
use crate::model::{GenotypeCode, genotype_code, genotype_count};

/// The most classes of genotypes per locus: the number of bytes of a vector register.
pub(super) const CLASSES: usize = 64;

/// The most classes of alleles per locus: `genotype_count(10)` classes of genotypes and the class of untyped children
/// are below 64.
const ALLELES: usize = 10;

/// Number of coarse classes of genotypes: see `coarse`.
pub(super) const COARSE: usize = 32;

/// The most coarse classes of alleles: `genotype_count(7)` classes of genotypes and the class of untyped children.
const COARSE_ALLELES: usize = 7;

/// Number of loci of a [`Packed`].
pub(super) const PACK: usize = 32;

/// Classes of genotypes of one child at 32 loci; loci that a panel does not have are 0.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable)]
#[repr(C, align(32))]
pub struct Packed(pub(super) [u8; PACK]);

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
    /// Coarse class of each class.
    coarse: [u8; CLASSES],
    /// Share of typed unrelated children by class.
    shares: [f32; CLASSES],
}

/// Returns the code of the coarse class of each class of a locus, of which `alleles` classes are of alleles.
fn coarse_classes(alleles: usize) -> [u8; CLASSES] {
    // The last one is the class of untyped children.
    let mut coarse = [coarse_code(COARSE - 1); CLASSES];
    for high in 0..alleles {
        for low in 0..=high {
            coarse[genotype_code(low, high)] =
                coarse_code(genotype_code(low.min(COARSE_ALLELES - 1), high.min(COARSE_ALLELES - 1)));
        }
    }
    coarse
}

/// Returns the code of a coarse class: its lowest four bits, and in the highest bit whether it is one of the second half.
/// A shuffle by a code with the highest bit gives 0.
fn coarse_code(coarse: usize) -> u8 {
    (coarse % HALF + coarse / HALF * 0x80) as u8
}

/// Returns the coarse class of a code.
pub(super) fn coarse_of_code(code: u8) -> usize {
    usize::from(code & 0x0f) + usize::from(code >> 7) * HALF
}

/// Number of coarse classes that a shuffle looks up.
const HALF: usize = COARSE / 2;

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
        let mut shares = [0.0; CLASSES];
        for high in 0..alleles {
            for low in 0..=high {
                let (a, b) = (of_allele[low], of_allele[high]);
                let class = genotype_code(a.min(b), a.max(b));
                of_code[genotype_code(low, high)] = class as u8;
                let orders = if low == high { 1.0 } else { 2.0 };
                shares[class] += (orders * frequencies[low] * frequencies[high]) as f32;
            }
        }
        of_code[genotype_count(alleles)] = genotype_count(alleles.min(ALLELES)) as u8;
        Self { of_code, coarse: coarse_classes(alleles.min(ALLELES)), shares }
    }

    /// Returns the share of unrelated children by class, given the share of typed children.
    pub(super) fn shares(&self, typed: f64) -> [f32; CLASSES] {
        let mut shares = self.shares.map(|share| share * typed as f32);
        shares[usize::from(self.untyped())] += 1.0 - typed as f32;
        shares
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

    /// Returns the number of loci of the panel.
    pub(super) fn len(&self) -> usize {
        self.loci.len()
    }

    /// Returns the coarse class of each class of a locus.
    pub(super) fn coarse(&self, locus: usize) -> &[u8; CLASSES] {
        &self.loci[locus].coarse
    }

    /// Returns the classes of each locus, in panel order.
    #[must_use]
    pub fn loci(&self) -> &[LocusClasses] {
        &self.loci
    }

    /// Returns the number of [`Packed`] of a child.
    #[must_use]
    pub fn packs(&self) -> usize {
        self.loci.len().div_ceil(PACK)
    }

    /// Arranges the children of an index with these numbers, child by child. Missing children, and genotypes with
    /// unlisted alleles, count as untyped.
    ///
    /// # Panics
    /// If the index does not have this panel, or if the length of `packed` is not that of the children.
    pub fn arrange(&self, index: &Index, first: usize, packed: &mut [Packed]) {
        let loci = self.loci.len();
        let last = index.children().min(first + packed.len() / self.packs());
        self.arrange_codes(&index.codes()[first * loci..last * loci], packed);
    }

    pub(super) fn arrange_codes(&self, codes: &[GenotypeCode], packed: &mut [Packed]) {
        let classes = |packed: &mut [Packed], mut codes: Option<&[GenotypeCode]>| {
            for (i, locus) in self.loci.iter().enumerate() {
                let code = codes.as_mut().map_or(UNLISTED, |codes| codes[i]);
                let class = if code == UNLISTED { locus.untyped() } else { locus.of_code[usize::from(code)] };
                packed[i / PACK].0[i % PACK] = class;
            }
        };
        let mut codes = codes.chunks_exact(self.loci.len());
        packed.chunks_exact_mut(self.packs()).for_each(|packed| classes(packed, codes.next()));
    }
}
