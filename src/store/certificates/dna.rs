//! Compares children with the parents on their certificates, by the calculator that matching uses.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use crate::certificates::{Case, Code, dna_code};
use crate::kinship::Calculator;
use crate::ledger::Ledger;
use crate::matching::explain;
use crate::model::{Child, Family, Pseudonym, Relation, Relative, Unscorable};
use crate::report::CertificateDna;

use crate::store::error::StoreError;
use crate::store::folder::Store;

/// What DNA says about a claim.
pub(super) struct Dna {
    pub(super) code: Code,
    /// The numbers; `None` if nothing was compared.
    pub(super) numbers: Option<CertificateDna>,
}

/// Compares the child of each case with the typed parents of its certificate. Returns `None` for a case without a child
/// or certificate.
pub(super) fn compare(
    store: &Store,
    ledger: &Ledger,
    calculator: &Calculator,
    cases: &[Case],
) -> Result<Vec<Option<Dna>>, StoreError> {
    let panel = store.table().panel();
    let by_name = |people: Vec<Child>| people.into_iter().map(|one| (one.pseudonym, one)).collect::<HashMap<_, _>>();
    let named: BTreeSet<Pseudonym> = cases.iter().flat_map(parents).map(|parent| parent.1).collect();
    let parents_typed = match named.is_empty() {
        true => HashMap::new(),
        false => by_name(ledger.relatives_named(panel, &named.into_iter().collect::<Vec<_>>())?),
    };
    let is_typed = |case: &&Case| parents(case).any(|(_, parent)| parents_typed.contains_key(&parent));
    let wanted: BTreeSet<Pseudonym> = cases.iter().filter(is_typed).filter_map(|case| case.claim.child).collect();
    let children = match wanted.is_empty() {
        true => HashMap::new(),
        false => by_name(ledger.children_named(panel, &wanted.into_iter().collect::<Vec<_>>())?),
    };
    let of_case = |case: &Case| {
        case.certificate.as_ref()?;
        let child = case.claim.child?;
        let typed: Vec<Relative> = parents(case)
            .filter_map(|(relation, parent)| {
                let Child { profile, drop_out, .. } = parents_typed.get(&parent)?.clone();
                Some(Relative { sample: parent, relation, profile, drop_out })
            })
            .collect();
        let child = children.get(&child).filter(|_| !typed.is_empty());
        let Some(child) = child else { return Some(Dna { code: Code::NotTyped, numbers: None }) };
        Some(match numbers(calculator, &typed, child) {
            Ok(numbers) => Dna { code: dna_code(numbers.log10_lr), numbers: Some(numbers) },
            Err(_) => Dna { code: Code::DnaFailed, numbers: None },
        })
    };
    Ok(cases.par_iter().map(of_case).collect())
}

/// Returns the parents on a case's certificate. One person in both places counts once.
fn parents(case: &Case) -> impl Iterator<Item = (Relation, Pseudonym)> {
    let certificate = case.certificate.as_ref();
    let mother = certificate.and_then(|certificate| certificate.mother);
    let father = certificate.and_then(|certificate| certificate.father).filter(|father| mother != Some(*father));
    let mother = mother.map(|mother| (Relation::Mother, mother));
    mother.into_iter().chain(father.map(|father| (Relation::Father, father)))
}

/// Computes the likelihood ratio of the parents together, and of each alone, against unrelated persons.
fn numbers(calculator: &Calculator, typed: &[Relative], child: &Child) -> Result<CertificateDna, Unscorable> {
    let of = |relatives: Vec<Relative>| {
        explain(calculator, &Family { pseudonym: child.pseudonym, relatives, pedigree: None }, child, None)
    };
    let together = of(typed.to_vec())?;
    let alone = |relation: Relation| match typed.iter().find(|relative| relative.relation == relation) {
        Some(_) if typed.len() == 1 => Ok(Some(together.log10_lr)),
        Some(relative) => of(vec![relative.clone()]).map(|explained| Some(explained.log10_lr)),
        None => Ok(None),
    };
    Ok(CertificateDna {
        log10_lr: together.log10_lr,
        loci_compared: together.loci_compared,
        incompatible_loci: together.incompatible_loci,
        log10_lr_mother: alone(Relation::Mother)?,
        log10_lr_father: alone(Relation::Father)?,
    })
}
