//! Checks the relatives of families for consistency and marks the families: on request, at import and before a match.

use data_encoding::HEXLOWER;
use rayon::prelude::*;

use crate::audit::Attribution;
use crate::consistency::{Checker, Finding};
use crate::kinship::{Calculator, KinshipError};
use crate::ledger::Ledger;
use crate::model::{Family, Pseudonym};
use crate::population::{Model, Mutation};
use crate::report::FindingRow;

use super::error::StoreError;
use super::folder::Store;
use super::observer::{Notice, Observer};

/// Raised whenever the same families would be marked otherwise.
const RULES: u32 = 1;

/// What families are checked with.
pub(super) struct Checking {
    calculator: Calculator,
    scoring: Calculator,
    under: String,
}

/// What came of a check: what does not fit, and families that could not be checked, both in the order of the families.
pub(super) struct Checked {
    pub(super) findings: Vec<FindingRow>,
    pub(super) failed: Vec<(Pseudonym, KinshipError)>,
}

impl Checking {
    /// By the model of the store, but always with mutation, and with the drop-out of relatives for everyone.
    pub(super) fn new(store: &Store) -> Result<Self, StoreError> {
        let mut settings = store.settings().clone();
        if settings.model.mutation == Mutation::None {
            settings.model.mutation = Model::default().mutation;
        }
        settings.model.drop_out.children = settings.model.drop_out.relatives;
        let calculator = settings.calculator(store.table())?;
        let scoring = store.calculator()?;
        let table = HEXLOWER.encode(&store.table().digest());
        let under = format!("{RULES}; {}; {}; {table}", calculator.settings_line(), scoring.settings_line());
        Ok(Self { calculator, scoring, under })
    }

    /// The model, in one line.
    pub(super) fn settings_line(&self) -> String {
        self.calculator.settings_line()
    }

    /// What does not fit in these families.
    pub(super) fn check(&self, families: &[Family]) -> Checked {
        let checker = Checker::new(&self.calculator, &self.scoring);
        let results: Vec<Result<Vec<Finding>, KinshipError>> =
            families.par_iter().map(|family| checker.check(family)).collect();
        let mut checked = Checked { findings: Vec::new(), failed: Vec::new() };
        for (Family { pseudonym: family, .. }, result) in families.iter().zip(results) {
            match result {
                Ok(findings) => {
                    checked
                        .findings
                        .extend(findings.into_iter().map(|finding| FindingRow { family: *family, finding }));
                }
                Err(error) => checked.failed.push((*family, error)),
            }
        }
        checked
    }

    /// As [`Self::check`], and marks the families accordingly; tells which could not be checked.
    pub(super) fn mark(
        &self,
        ledger: &mut Ledger,
        families: &[Family],
        attribution: Attribution<'_>,
        observer: &dyn Observer,
    ) -> Result<Vec<FindingRow>, StoreError> {
        let Checked { findings, failed } = self.check(families);
        for (family, error) in &failed {
            observer.notice(&Notice::FamilyNotChecked { family: *family, error });
        }
        let families: Vec<Pseudonym> = families.iter().map(|family| family.pseudonym).collect();
        ledger.set_marks(&self.under, &families, &marks(&findings), attribution).map_err(StoreError::Marking)?;
        Ok(findings)
    }

    /// The families whose marks are not those of their relatives as they are.
    pub(super) fn unchecked(&self, ledger: &Ledger, store: &Store) -> Result<Vec<Family>, StoreError> {
        Ok(ledger.unchecked(store.table().panel(), &self.under)?)
    }
}

/// Families and the causes for which they are marked.
pub(super) fn marks(findings: &[FindingRow]) -> Vec<(Pseudonym, &'static str)> {
    let marks = findings.iter().filter(|row| row.finding.severity.is_mark());
    marks.map(|row| (row.family, row.finding.cause.code().word())).collect()
}
