//! Computes the log10 LR of two genotypes at a locus for each relation, and keeps the tables for later pairs.

use std::sync::OnceLock;

use crate::kinship::{Calculator, Evidence, KinshipError, LocusTable, SamePerson, Shown};
use crate::model::{Allele, DropOut, Genotype, Relation, genotype_code, genotype_count};
use crate::population::Convention;

/// Tables by relation, locus and the relative's genotype. Each is computed at its first use.
pub(super) struct Tables<'a> {
    pub(super) calculator: &'a Calculator,
    /// For each locus, the alleles that the frequency table lists.
    listed: Vec<Vec<Allele>>,
    /// By relation, except [`Relation::Member`], then by locus, then by genotype code.
    tables: [OnceLock<Vec<Vec<OnceLock<LocusTable>>>>; Relation::Member as usize],
    same_person: SamePerson<'a>,
}

/// A genotype, with its code if both alleles are listed.
#[derive(Clone, Copy)]
pub(super) struct Coded {
    pub(super) genotype: Genotype,
    code: Option<usize>,
}

fn cells<T>(listed: &[Vec<Allele>]) -> Vec<Vec<OnceLock<T>>> {
    listed.iter().map(|alleles| (0..genotype_count(alleles.len())).map(|_| OnceLock::new()).collect()).collect()
}

impl<'a> Tables<'a> {
    pub(super) fn new(calculator: &'a Calculator) -> Self {
        let of_locus = |locus: &crate::population::LocusModel| {
            locus.listed().iter().map(|&position| locus.alleles()[position]).collect()
        };
        let listed: Vec<Vec<Allele>> = calculator.loci().iter().map(of_locus).collect();
        Self { calculator, tables: [const { OnceLock::new() }; _], same_person: SamePerson::new(calculator), listed }
    }

    pub(super) fn code(&self, locus: usize, genotype: Genotype) -> Coded {
        let position = |allele: Allele| self.listed[locus].binary_search(&allele).ok();
        let code = position(genotype.low()).zip(position(genotype.high())).map(|(i, j)| genotype_code(i, j));
        Coded { genotype, code }
    }

    /// Computes log10 LR of "the relative has this relation to the child" against "unrelated", at a locus. `drop_outs`
    /// are those of the two samples and replace the model's.
    pub(super) fn log10_lr(
        &self,
        locus: usize,
        relation: Relation,
        (relative, child): (Coded, Coded),
        drop_outs: [Option<DropOut>; 2],
    ) -> Result<f64, KinshipError> {
        let evidence = || {
            let shown = Shown { relation, genotype: Some(relative.genotype), drop_out: drop_outs[0] };
            Evidence::new([shown], Convention::Pruned)
        };
        let (Some(row), Some(column), [None, None]) = (relative.code, child.code, drop_outs) else {
            return self.calculator.log10_lr_with(locus, &evidence(), Some(child.genotype), drop_outs[1]);
        };
        let cell = &self.tables[relation as usize].get_or_init(|| cells(&self.listed))[locus][row];
        let table = match cell.get() {
            Some(table) => table,
            None => {
                let evidence = evidence();
                let table = self.calculator.table(locus, &self.calculator.structure(&evidence)?, &evidence)?;
                cell.get_or_init(|| table)
            }
        };
        Ok(table.values()[column])
    }

    /// Computes log10 LR of "both typings are of one person" against "unrelated", at a locus.
    pub(super) fn log10_lr_same_person(&self, locus: usize, a: Coded, b: Coded) -> Result<f64, KinshipError> {
        self.same_person.log10_lr(locus, a.genotype, b.genotype)
    }
}
