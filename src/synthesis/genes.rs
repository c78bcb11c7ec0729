//! Passes genes down a pedigree.

use std::borrow::Cow;

use crate::model::{Allele, Genotype, Pedigree, Profile};
use crate::population::{FrequencyTable, Matrix, Mutation, MutationError};

use super::random::{Alias, Stream, fixed};

/// A person's alleles, one pair per locus of the panel, as positions in the frequency table; the father's allele comes
/// first.
pub(super) type Genes = Vec<[u8; 2]>;

/// The parent who transmits an allele: the position in a [`Genes`] pair, and the parent whose mutation rate applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Paternal = 0,
    Maternal = 1,
}

/// The distribution of an allele's state in the child.
struct Transmission {
    /// For each parental allele: the probability that it stays unchanged ([`fixed`]), and the sampler of what it
    /// becomes otherwise.
    rows: Vec<(u64, Alias)>,
}

impl Transmission {
    fn new(matrix: &Matrix) -> Self {
        let row = |i: usize| {
            let mut leaves = matrix.row(i).to_vec();
            let stays = std::mem::take(&mut leaves[i]);
            (fixed(stays), Alias::new(&leaves))
        };
        Self { rows: (0..matrix.size()).map(row).collect() }
    }

    /// Draws one of a parent's two alleles as the child receives it. The last bit of the word chooses the allele; the
    /// other bits decide whether it stays unchanged.
    fn draw(&self, parent: [u8; 2], stream: &mut Stream) -> u8 {
        let word = stream.word();
        let allele = parent[(word & 1) as usize];
        let (stays, becomes) = &self.rows[usize::from(allele)];
        if word >> 1 < *stays { allele } else { becomes.draw(stream) }
    }
}

struct LocusGenes {
    alleles: Vec<Allele>,
    founders: Alias,
    /// By [`Side`].
    transmissions: [Transmission; 2],
}

/// Samplers for every locus of a frequency table; loci are independent of each other.
pub(super) struct GenePool {
    loci: Vec<LocusGenes>,
}

impl GenePool {
    pub(super) fn new(table: &FrequencyTable, mutation: &Mutation) -> Result<Self, MutationError> {
        let mut loci = Vec::with_capacity(table.loci().len());
        for locus in table.loci() {
            let matrices = mutation.matrices(locus.alleles(), locus.frequencies())?;
            loci.push(LocusGenes {
                alleles: locus.alleles().to_vec(),
                founders: Alias::new(locus.frequencies()),
                transmissions: matrices.each_ref().map(Transmission::new),
            });
        }
        Ok(Self { loci })
    }

    /// Returns the number of loci.
    pub(super) fn len(&self) -> usize {
        self.loci.len()
    }

    /// Returns the listed alleles of a locus, in ascending order.
    pub(super) fn alleles(&self, locus: usize) -> &[Allele] {
        &self.loci[locus].alleles
    }

    /// Draws a person whose parents are unknown: both alleles follow the table.
    pub(super) fn founder(&self, stream: &mut Stream) -> Genes {
        self.loci.iter().map(|locus| [locus.founders.draw(stream), locus.founders.draw(stream)]).collect()
    }

    /// Draws a child of these two parents.
    pub(super) fn child(&self, father: &[[u8; 2]], mother: &[[u8; 2]], stream: &mut Stream) -> Genes {
        let from = |locus: &LocusGenes, side: Side, parent: [u8; 2], stream: &mut Stream| {
            locus.transmissions[side as usize].draw(parent, stream)
        };
        let parents = father.iter().zip(mother);
        let pair = |(locus, (&father, &mother)): (&LocusGenes, (&[u8; 2], &[u8; 2]))| {
            [from(locus, Side::Paternal, father, stream), from(locus, Side::Maternal, mother, stream)]
        };
        self.loci.iter().zip(parents).map(pair).collect()
    }

    /// Draws a parent of this person. Only the transmitted allele is known, and it is assumed to be unchanged.
    fn parent_of(&self, person: &[[u8; 2]], side: Side, stream: &mut Stream) -> Genes {
        let pair = |(locus, pair): (&LocusGenes, &[u8; 2])| [pair[side as usize], locus.founders.draw(stream)];
        self.loci.iter().zip(person).map(pair).collect()
    }

    /// Draws everyone of a pedigree, in its order.
    pub(super) fn drop(&self, pedigree: &Pedigree, stream: &mut Stream) -> Vec<Genes> {
        let mut everyone: Vec<Genes> = Vec::with_capacity(pedigree.members().len());
        for member in pedigree.members() {
            let genes = match (member.father, member.mother) {
                (None, None) => self.founder(stream),
                (father, mother) => {
                    let [father, mother] = [father, mother].map(|parent| match parent {
                        Some(parent) => Cow::Borrowed(everyone[parent].as_slice()),
                        None => Cow::Owned(self.founder(stream)),
                    });
                    self.child(&father, &mother, stream)
                }
            };
            everyone.push(genes);
        }
        everyone
    }

    /// Draws a further full sibling of a pedigree member whose genes have been drawn.
    pub(super) fn sibling(&self, pedigree: &Pedigree, everyone: &[Genes], of: usize, stream: &mut Stream) -> Genes {
        let member = pedigree.members()[of];
        let mut parent = |known: Option<usize>, side| match known {
            Some(parent) => Cow::Borrowed(everyone[parent].as_slice()),
            None => Cow::Owned(self.parent_of(&everyone[of], side, stream)),
        };
        let father = parent(member.father, Side::Paternal);
        let mother = parent(member.mother, Side::Maternal);
        self.child(&father, &mother, stream)
    }

    /// Returns the genotypes that a laboratory sees at the loci whose bits are set.
    pub(super) fn profile(&self, genes: &[[u8; 2]], typed: u64) -> Profile {
        let seen = |(i, (locus, pair)): (usize, (&LocusGenes, &[u8; 2]))| {
            let [a, b] = pair.map(|allele| locus.alleles[usize::from(allele)]);
            (typed >> i & 1 == 1).then(|| Genotype::new(a, b))
        };
        Profile::new(self.loci.iter().zip(genes).enumerate().map(seen).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Relation;
    use crate::population::MutationRates;
    use crate::synthesis::random::{Purpose, Seed};

    fn pool(mutation: &Mutation) -> GenePool {
        GenePool::new(FrequencyTable::chinese_han_23(), mutation).unwrap()
    }

    fn near(seen: f64, n: f64, p: f64) -> bool {
        (seen - n * p).abs() <= 5.0 * (n * p * (1.0 - p)).sqrt() + 1e-9
    }

    #[test]
    fn transmissions_follow_the_matrices_of_either_parent() {
        let table = FrequencyTable::chinese_han_23();
        let rates = MutationRates { male: 0.05, female: 0.2 };
        let mutation = Mutation::Stepwise { rates, range: 0.3, microvariant_rate: 0.01 };
        let locus = 2;
        let frequencies = &table.loci()[locus];
        let matrices = mutation.matrices(frequencies.alleles(), frequencies.frequencies()).unwrap();
        let pool = pool(&mutation);
        let mut stream = Seed::new(3).stream(Purpose::Family, 0);
        let n = 50_000.0;
        for (transmission, matrix) in pool.loci[locus].transmissions.iter().zip(&matrices) {
            let pair = [1_u8, 5];
            let mut seen = vec![0.0; matrix.size()];
            for _ in 0..n as usize {
                seen[usize::from(transmission.draw(pair, &mut stream))] += 1.0;
            }
            for (j, &seen) in seen.iter().enumerate() {
                let p = f64::midpoint(matrix.at(1, j), matrix.at(5, j));
                assert!(near(seen, n, p), "{j}: {seen} of {n} for {p}");
            }
        }
    }

    #[test]
    fn without_mutation_every_allele_comes_from_the_parent_on_its_side() {
        let pool = pool(&Mutation::None);
        let pedigree = Pedigree::from_relations(&Relation::ALL).unwrap();
        for i in 0..200 {
            let everyone = pool.drop(&pedigree, &mut Seed::new(5).stream(Purpose::Family, i));
            for (member, genes) in pedigree.members().iter().zip(&everyone) {
                for (parent, side) in [(member.father, Side::Paternal), (member.mother, Side::Maternal)] {
                    let Some(parent) = parent else { continue };
                    for (pair, from) in genes.iter().zip(&everyone[parent]) {
                        assert!(from.contains(&pair[side as usize]));
                    }
                }
            }
        }
    }

    #[test]
    fn siblings_of_a_founder_share_as_siblings_do() {
        // Full siblings are identical by descent through each parent independently, with probability one half.
        let pool = pool(&Mutation::None);
        let pedigree = Pedigree::from_relations(&[Relation::Father]).unwrap();
        let father = pedigree.relatives()[0];
        let homozygosity: Vec<f64> = FrequencyTable::chinese_han_23()
            .loci()
            .iter()
            .map(|locus| locus.frequencies().iter().map(|p| p * p).sum())
            .collect();
        let mut stream = Seed::new(9).stream(Purpose::Nephew, 0);
        let n = 4000;
        let mut same = vec![0.0; pool.len()];
        for _ in 0..n {
            let everyone = pool.drop(&pedigree, &mut stream);
            let sibling = pool.sibling(&pedigree, &everyone, father, &mut stream);
            for (same, (a, b)) in same.iter_mut().zip(everyone[father].iter().zip(&sibling)) {
                *same += f64::from(u8::from(a[0] == b[0]));
            }
        }
        for (&same, h) in same.iter().zip(homozygosity) {
            assert!(near(same, f64::from(n), f64::midpoint(1.0, h)), "{same} of {n}, homozygosity {h}");
        }
    }
}
