//! Computes what a decision about a pair is based on now.

use std::sync::Arc;

use data_encoding::HEXLOWER;

use crate::kinship::Calculator;
use crate::ledger::{CandidateFilter, Ledger, ReviewCase};
use crate::matching::{SCORING, explain};
use crate::model::{Child, Family, Locus, Observed, Pseudonym, SURE_LOCI, Typing};
use crate::review::{Basis, BasisPart, Case, Digest, Event, model_digest, profile_digest, relatives_digest};

use crate::store::error::StoreError;
use crate::store::folder::Store;

impl Store {
    /// Returns the digest of the model and the frequencies with which the store computes.
    pub(in crate::store) fn review_model(&self, calculator: &Calculator) -> Result<Digest, StoreError> {
        let doubts = serde_json::to_string(&self.criterion().doubts)?;
        let table = HEXLOWER.encode(&self.table().digest());
        Ok(model_digest(&[&SCORING.to_string(), &table, &calculator.settings_line(), &doubts]))
    }

    /// Returns the parts of the basis that later comparisons use, without the likelihood ratio and the run.
    pub(in crate::store) fn review_parts(&self, case: &Case, family: &Family, child: &Child, model: Digest) -> Basis {
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
    pub(in crate::store) fn review_basis(
        &self,
        ledger: &Ledger,
        case: &Case,
        family: &Family,
        child: &Child,
    ) -> Result<Basis, StoreError> {
        let calculator = self.calculator()?;
        let parts = self.review_parts(case, family, child, self.review_model(&calculator)?);
        let pair = CandidateFilter {
            family: Some(family.pseudonym),
            child: Some(child.pseudonym),
            ..CandidateFilter::default()
        };
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
pub(in crate::store) fn rechecks(
    ledger: &Ledger,
    child: Pseudonym,
    case: Option<&ReviewCase>,
) -> Result<u32, StoreError> {
    let typings = ledger.typings(Some(&[child]))?.remove(&child).unwrap_or_default();
    Ok(agreeing(&typings) + case.map_or(0, retests_that_agree))
}

/// Counts the further samples that a case records as agreeing with the child's present profile.
pub(in crate::store) fn retests_that_agree(case: &ReviewCase) -> u32 {
    let agrees = |event: &Event| matches!(event, Event::Retest { agrees: true, .. });
    let compared = &case.events[first_valid(case)..];
    compared.iter().filter(|content| agrees(&content.event)).count() as u32
}

/// Returns the position of the first event whose comparison still holds: the one after the last contradicting typing or
/// sample, or replaced profile.
pub(in crate::store) fn first_valid(case: &ReviewCase) -> usize {
    let ends = |event: &Event| match event {
        Event::Retest { agrees, .. } | Event::Typing { agrees, .. } => !agrees,
        // Without an operation, the change was noticed only at a decision, and may be an older one.
        Event::Changed { parts, by } => parts.contains(&BasisPart::Profiles) && !by.is_empty(),
        _ => false,
    };
    case.events.iter().rposition(|content| ends(&content.event)).map_or(0, |at| at + 1)
}

/// Number of loci at which two typings must disagree to be of two people: fewer may be drop-out.
const OTHER_PERSON: usize = 3;

/// Counts the typings after the first that share at least [`SURE_LOCI`] loci with the first, contradict no typing at any
/// locus, and are not a part of the first: they have another kit, agency or day, or a locus that the first does not have.
/// None counts if two of all typings seem to be of two people.
pub(in crate::store) fn agreeing(typings: &[Typing]) -> u32 {
    let Some((first, further)) = typings.split_first() else { return 0 };
    let disputed = |one: &Typing, other: &Typing| {
        let differs =
            |(locus, shown): &(&Locus, &Observed)| other.observed.get(*locus).is_some_and(|other| other != *shown);
        one.observed.iter().filter(differs).count()
    };
    if typings.iter().any(|one| typings.iter().any(|other| disputed(one, other) >= OTHER_PERSON)) {
        return 0;
    }
    let contradicts = |one: &Typing, other: &Typing| disputed(one, other) > 0;
    let differs = |one: &Option<Arc<str>>, other: &Option<Arc<str>>| one.is_some() && one != other;
    let is_new = |one: &Typing| {
        differs(&one.kit, &first.kit)
            || differs(&one.agency, &first.agency)
            || (one.collected_on.is_some() && one.collected_on != first.collected_on)
            || one.observed.keys().any(|locus| !first.observed.contains_key(locus))
    };
    let shared = |one: &Typing| one.observed.keys().filter(|locus| first.observed.contains_key(locus)).count();
    let agrees =
        |one: &&Typing| shared(one) >= SURE_LOCI && is_new(one) && !typings.iter().any(|other| contradicts(one, other));
    further.iter().filter(agrees).count() as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const LOCI: [&str; 8] = ["D3S1358", "vWA", "FGA", "D8S1179", "D21S11", "D18S51", "TH01", "TPOX"];

    /// Returns a typing of the first loci, each with the same genotype, and of one more with another.
    fn typing(loci: usize, other: Option<(&str, &str)>) -> Typing {
        let observed = |genotype: &str| Observed::Genotype(genotype.parse().unwrap());
        let locus = |name: &str| -> Locus { name.parse().unwrap() };
        let mut shown: BTreeMap<Locus, Observed> =
            LOCI[..loci].iter().map(|name| (locus(name), observed("14/15"))).collect();
        shown.extend(other.map(|(name, genotype)| (locus(name), observed(genotype))));
        Typing {
            import: 1,
            imported_at: 0,
            agency: None,
            kit: None,
            collected_on: None,
            drop_out: None,
            observed: shown,
        }
    }

    #[test]
    fn a_further_typing_counts_if_it_shares_six_loci_and_contradicts_none() {
        let first = typing(7, None);
        let part = typing(6, None);
        assert_eq!(agreeing(&[first.clone(), part.clone()]), 0, "a part of the first");
        assert_eq!(agreeing(&[first.clone(), Typing { kit: Some("A kit".into()), ..part }]), 1);
        let typing = |loci, other| Typing { kit: Some("Another kit".into()), ..typing(loci, other) };
        let mut stranger = typing(7, None);
        for observed in stranger.observed.values_mut().take(3) {
            *observed = Observed::Genotype("9".parse().unwrap());
        }
        assert_eq!(agreeing(&[first.clone(), typing(6, None), stranger]), 0, "of two people");
        for (further, counted) in [
            (vec![], 0),
            (vec![typing(6, None)], 1),
            (vec![typing(5, None)], 0),
            (vec![typing(5, Some(("TPOX", "8")))], 0),
            (vec![typing(8, None), typing(6, None)], 2),
            (vec![typing(6, Some(("vWA", "14")))], 0),
            // The third one contradicts the second, so neither of them counts.
            (vec![typing(8, None), typing(7, Some(("TPOX", "8")))], 0),
        ] {
            let all = [vec![first.clone()], further].concat();
            assert_eq!(agreeing(&all), counted, "{all:?}");
        }
        assert_eq!(agreeing(&[]), 0);
    }
}
