//! Decides the genotype of a locus from its cells, with a note if the decision may be unexpected.

use crate::intake::findings::{Column, Findings};
use crate::intake::rows::cells::Reading;
use crate::intake::rows::no_result::NoResult;

use crate::model::{FindingCode, Genotype, ManyAlleles};

/// The meaning of a single allele: it is the usual notation of a homozygote, but the other allele may also have been
/// lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SingleAllele {
    /// Both alleles are the same.
    #[default]
    Homozygote,
    /// Nothing certain, so the locus is left untyped.
    Untyped,
}

/// The decided contents of a locus.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::intake) enum Settled {
    Untyped,
    Typed(Genotype),
    Many(ManyAlleles),
}

/// Decides the meaning of the cells in one file.
pub(in crate::intake) struct Settler {
    single_allele: SingleAllele,
    /// The signs for no result that were already noted; each is noted once.
    said_no_result: [bool; NoResult::COUNT],
    said_single_allele: bool,
}

impl Settler {
    pub(in crate::intake) fn new(single_allele: SingleAllele) -> Self {
        Self { single_allele, said_no_result: [false; NoResult::COUNT], said_single_allele: false }
    }

    /// Decides the meaning of a reading. `two_cells` means that the file has a cell for each allele. The meaning of a
    /// single allele is then not evident from the notation, and is noted.
    pub(in crate::intake) fn settle(
        &mut self,
        line: u64,
        column: impl FnOnce() -> Column,
        two_cells: bool,
        reading: Reading,
        findings: &mut Findings,
    ) -> Settled {
        let (code, what) = match reading {
            Reading::Typed(genotype) => return Settled::Typed(genotype),
            Reading::Many(many) => return Settled::Many(many),
            Reading::Empty => return Settled::Untyped,
            Reading::Single(allele) if self.single_allele == SingleAllele::Homozygote => {
                if two_cells && !std::mem::replace(&mut self.said_single_allele, true) {
                    let what = "one allele alone is read as a homozygote, here and below (--single-allele)";
                    findings.note_once(line, column(), FindingCode::SingleAllele, what);
                }
                return Settled::Typed(Genotype::new(allele, allele));
            }
            Reading::Single(_) => (FindingCode::SingleAllele, "has one allele alone: the locus is left untyped"),
            Reading::OffLadder => (FindingCode::OffLadder, "has an off-ladder allele: the locus is left untyped"),
            Reading::Half => {
                (FindingCode::HalfTyped, "has no result for one of two alleles: the locus is left untyped")
            }
            Reading::Marked => (
                FindingCode::MarkedAllele,
                "has an uncertain allele, marked with NB, ?, * or brackets: the locus is left untyped",
            ),
            Reading::NoResult(sign) => {
                if !std::mem::replace(&mut self.said_no_result[sign.number()], true) {
                    let what = format!("the sign {} is read as untyped, here and below", sign.sign());
                    findings.note_once(line, column(), FindingCode::NoResult, what);
                }
                return Settled::Untyped;
            }
        };
        findings.note(line, column(), code, what);
        Settled::Untyped
    }
}
