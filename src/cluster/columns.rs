//! Cuts an index of children into columns, with numbers in place of pseudonyms.

use std::ops::Range;

use crate::index::{BLOCK, Builder, Index};
use crate::model::{Child, Profile};

use super::rows::ordinal;

/// Returns the index of some blocks of an index, not yet written. `ranks` has the place of every child in the order of
/// the pseudonyms, which becomes its pseudonym. The blocks are the same as in the whole index: children are sorted in the
/// same way.
#[must_use]
pub fn column_of(index: &Index, ranks: &[u32], blocks: Range<usize>) -> Builder {
    let mut builder = Builder::new(index.loci().to_vec());
    let children = blocks.start * BLOCK..index.children().min(blocks.end * BLOCK);
    for (child, &rank) in ranks.iter().enumerate().take(children.end).skip(children.start) {
        let genotypes = (0..index.loci().len()).map(|locus| index.genotype(child, locus)).collect();
        builder.push(Child {
            pseudonym: ordinal(rank),
            profile: Profile::new(genotypes),
            drop_out: index.drop_out(child),
        });
    }
    builder
}
