//! Checks the relatives of families for consistency and marks the families: on request, after an import and before a
//! match.

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

/// The version of the rules. Raise it whenever the same families would get other marks.
const RULES: u32 = 1;

/// The calculator and settings with which families are checked.
pub(super) struct Checking {
    calculator: Calculator,
    scoring: Calculator,
    under: String,
}

/// The result of a check: the findings, and the families that could not be checked, both in the order of the families.
pub(super) struct Checked {
    pub(super) findings: Vec<FindingRow>,
    pub(super) failed: Vec<(Pseudonym, KinshipError)>,
}

impl Checking {
    /// Prepares checks with the model of the store, but always with mutation, and with the relatives' drop-out for
    /// everyone.
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

    /// Returns the model, in one line.
    pub(super) fn settings_line(&self) -> String {
        self.calculator.settings_line()
    }

    /// Returns the findings in these families.
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

    /// Checks families as [`Self::check`] does, marks them accordingly, and reports those that could not be checked.
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

    /// Returns the families whose marks do not match their present relatives.
    pub(super) fn unchecked(&self, ledger: &Ledger, store: &Store) -> Result<Vec<Family>, StoreError> {
        Ok(ledger.unchecked(store.table().panel(), &self.under)?)
    }
}

/// Returns the families with findings, and the causes of their marks.
pub(super) fn marks(findings: &[FindingRow]) -> Vec<(Pseudonym, &'static str)> {
    let marks = findings.iter().filter(|row| row.finding.severity.is_mark());
    marks.map(|row| (row.family, row.finding.cause.code().word())).collect()
}
