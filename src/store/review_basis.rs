//! Computes what a decision about a pair is based on now.

use data_encoding::HEXLOWER;

use crate::kinship::Calculator;
use crate::ledger::{CandidateFilter, Ledger, ReviewCase};
use crate::matching::explain;
use crate::model::{Child, Family, Pseudonym, SURE_LOCI, Typing};
use crate::review::{Basis, Case, Digest, Event, model_digest, profile_digest, relatives_digest};

use super::compare::SCORING;
use super::error::StoreError;
use super::folder::Store;

impl Store {
    /// Returns the digest of the model and the frequencies with which the store computes.
    pub(super) fn review_model(&self, calculator: &Calculator) -> Result<Digest, StoreError> {
        let doubts = serde_json::to_string(&self.criterion().doubts)?;
        let table = HEXLOWER.encode(&self.table().digest());
        Ok(model_digest(&[&SCORING.to_string(), &table, &calculator.settings_line(), &doubts]))
    }

    /// Returns the parts of the basis that later comparisons use, without the likelihood ratio and the run.
    pub(super) fn review_parts(&self, case: &Case, family: &Family, child: &Child, model: Digest) -> Basis {
        let panel = self.table().panel();
        Basis {
            profiles: profile_digest(case, panel, child),
            relatives: relatives_digest(case, panel, family),
            model,
            log10_lr: None,
            run: None,
            run_digest: None,
        }
    }

    /// Returns the whole basis: for a candidate with its likelihood ratio and run, for another pair with the likelihood
    /// ratio of the stated relationships.
    pub(super) fn review_basis(
        &self,
        ledger: &Ledger,
        case: &Case,
        family: &Family,
        child: &Child,
    ) -> Result<Basis, StoreError> {
        let calculator = self.calculator()?;
        let parts = self.review_parts(case, family, child, self.review_model(&calculator)?);
        let pair = CandidateFilter { family: Some(family.pseudonym), child: Some(child.pseudonym), limit: None };
        let candidate = ledger.candidates(&pair)?.into_iter().next();
        let last = ledger.last_run()?;
        Ok(match (candidate, last) {
            (Some(current), Some((number, run))) => Basis {
                log10_lr: Some(current.candidate.log10_lr).filter(|ratio| ratio.is_finite()),
                run: Some(number),
                run_digest: Some(Digest(run.digest)),
                ..parts
            },
            _ => {
                let explained = explain(&calculator, family, child, None)
                    .map_err(|error| StoreError::Unscorable { locus: error.locus, reason: error.reason })?;
                Basis { log10_lr: Some(explained.log10_lr).filter(|ratio| ratio.is_finite()), ..parts }
            }
        })
    }
}

/// Counts the further typings of a child that agree with the first, and the further samples that a case records as
/// agreeing.
pub(super) fn rechecks(ledger: &Ledger, child: Pseudonym, case: Option<&ReviewCase>) -> Result<u32, StoreError> {
    let typings = ledger.typings(Some(&[child]))?.remove(&child).unwrap_or_default();
    Ok(agreeing(&typings) + case.map_or(0, retests_that_agree))
}

/// Counts the further samples that a case records as agreeing.
pub(super) fn retests_that_agree(case: &ReviewCase) -> u32 {
    let agrees = |event: &Event| matches!(event, Event::Retest { agrees: true, .. });
    case.events.iter().filter(|content| agrees(&content.event)).count() as u32
}

/// Counts the typings after the first that share at least [`SURE_LOCI`] loci with the first, and contradict no typing
/// at any locus.
pub(super) fn agreeing(typings: &[Typing]) -> u32 {
    let Some((first, further)) = typings.split_first() else { return 0 };
    let contradicts = |one: &Typing, other: &Typing| {
        one.observed.iter().any(|(locus, shown)| other.observed.get(locus).is_some_and(|other| other != shown))
    };
    let shared = |one: &Typing| one.observed.keys().filter(|locus| first.observed.contains_key(locus)).count();
    let agrees = |one: &&Typing| shared(one) >= SURE_LOCI && !typings.iter().any(|other| contradicts(one, other));
    further.iter().filter(agrees).count() as u32
}
