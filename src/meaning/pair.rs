//! The likelihood ratio of one pair, without the tables that serve many children.

use crate::kinship::{Calculator, Evidence, KinshipError};
use crate::matching::{CompiledFamily, Compiler};
use crate::model::{Child, Family, Unscorable};

/// Computes log10 LR of one child and one family, within 10^-12 of the value that matching computes. This takes less time
/// than compiling the family, which pays for many children.
///
/// # Errors
/// [`Unscorable`] with the first locus that fails.
pub fn pair_log10_lr(calculator: &Calculator, family: &Family, child: &Child) -> Result<f64, Unscorable> {
    let panel = calculator.panel();
    let at = |locus: usize| {
        move |reason: KinshipError| Unscorable {
            family: family.pseudonym,
            locus: panel.loci()[locus].clone(),
            reason: reason.to_string(),
        }
    };
    if !calculator.linked().is_empty() {
        let compiled = Compiler::new(calculator, false).family(family)?;
        return compiled_log10_lr(calculator, &compiled, child).map_err(at(0));
    }
    let mut sum = 0.0;
    for locus in 0..panel.len() {
        let evidence = Evidence::of_family(family, locus, calculator.model().convention);
        sum +=
            calculator.log10_lr_once(locus, &evidence, child.profile.at(locus), child.drop_out).map_err(at(locus))?;
    }
    Ok(sum + 0.0)
}

/// As [`pair_log10_lr`], of a family that is compiled.
pub(super) fn compiled_log10_lr(
    calculator: &Calculator,
    compiled: &CompiledFamily,
    child: &Child,
) -> Result<f64, KinshipError> {
    let mut linked = compiled.linkage.scorers(calculator)?;
    compiled.log10_lr(calculator, &mut linked, |locus| child.profile.at(locus), child.drop_out)
}
