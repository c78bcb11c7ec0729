//! Computes the statistical power of a family: whether its child would be found, and whom to sample next.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use rayon::prelude::*;

use crate::audit::Entry;
use crate::model::{Pseudonym, Relation};
use crate::planning::{Planner, PlanningError};
use crate::report::{PowerReport, SCHEMA_VERSION};

use crate::store::configuration::limits::checked_threshold;
use crate::store::error::StoreError;
use crate::store::folder::Store;
use crate::store::observer::Observer;

/// Selects the further relatives to plan with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FurtherRelatives {
    /// Every relative whose sample may help.
    #[default]
    All,
    /// These relatives. Incompatible with a family that has a pedigree of its own.
    These(BTreeSet<Relation>),
    /// No further relatives: only the family in the store.
    None,
}

/// The options of a power calculation.
#[derive(Clone, Debug, PartialEq)]
pub struct PowerOptions {
    /// The family.
    pub family: Pseudonym,
    /// The least log10 LR of a candidate, finite; `None` for the store's threshold.
    pub min_log10_lr: Option<f64>,
    /// Relatives who might be sampled.
    pub further: FurtherRelatives,
}

/// The result of a power calculation.
#[derive(Debug)]
#[non_exhaustive]
pub struct Planned {
    /// The power of the family in the store, and with each further relative that could be included.
    pub report: PowerReport,
    /// Further relatives that could not be included, with the reasons.
    pub failed: Vec<(Relation, PlanningError)>,
    /// `true` if the store has linked loci, which a match scores together but this calculation treats as independent.
    pub has_linked_loci: bool,
}

impl Store {
    /// Computes the power of a family with its present relatives, and with each single further relative.
    ///
    /// ```no_run
    /// use std::path::Path;
    ///
    /// use reunite::store::{FurtherRelatives, PowerOptions, Silent, Store, entry};
    ///
    /// let store = Store::open(Path::new("reunite-store"), None)?;
    /// let family = "6f7d1c0b5a4e4d3c8b2a190817263544".parse()?;
    /// let options = PowerOptions { family, min_log10_lr: None, further: FurtherRelatives::All };
    /// println!("{}", store.power(&options, &entry("power", None), &Silent)?.report.csv());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Number`], [`StoreError::NoFamily`], [`StoreError::PlanInPedigree`], [`StoreError::Plan`],
    /// [`StoreError::Model`]; errors of the ledger.
    pub fn power(&self, options: &PowerOptions, entry: &Entry, observer: &dyn Observer) -> Result<Planned, StoreError> {
        self.recording_unknown(entry, self.power_of_known(options, entry, observer))
    }

    fn power_of_known(
        &self,
        options: &PowerOptions,
        entry: &Entry,
        observer: &dyn Observer,
    ) -> Result<Planned, StoreError> {
        let pseudonym = options.family;
        let min_log10_lr = checked_threshold(options.min_log10_lr.unwrap_or(self.criterion().min_log10_lr))?;
        let mut ledger = self.ledger()?;
        let family = self.family(&ledger, pseudonym)?;
        if matches!(&options.further, FurtherRelatives::These(some) if !some.is_empty()) && family.pedigree.is_some() {
            return Err(StoreError::PlanInPedigree(pseudonym));
        }
        let calculator = self.calculator()?;
        let failed = |source| StoreError::Plan { family: pseudonym, source };
        let planner = Planner::new(self.table(), *calculator.model(), &family).map_err(failed)?;
        let watch = observer.watch();
        watch.begin("planning");
        let following = observer.follow(&watch);
        let further: Vec<Relation> = match &options.further {
            FurtherRelatives::All => planner.options(),
            FurtherRelatives::These(relations) => relations.iter().copied().collect(),
            FurtherRelatives::None => Vec::new(),
        };
        watch.expect(further.len() as u64 + 1);
        let power = planner.power(min_log10_lr).map_err(failed)?;
        watch.did(1);
        let with_one_more = |&one: &Relation| {
            let power = planner.power_with(one, min_log10_lr);
            watch.did(1);
            (one, power)
        };
        let with: Vec<_> = further.par_iter().map(with_one_more).collect();
        drop(following);
        let (mut computed, mut failed) = (Vec::with_capacity(with.len()), Vec::new());
        for (relation, power) in with {
            match power {
                Ok(power) => computed.push((relation, power)),
                Err(error) => failed.push((relation, error)),
            }
        }
        let children = ledger.counts()?.children;
        let report = PowerReport {
            schema_version: SCHEMA_VERSION,
            family: pseudonym,
            relatives: family.relatives.iter().map(|relative| relative.relation).collect(),
            loci: self.table().panel().len(),
            informative_loci: planner.informative_loci(),
            min_log10_lr,
            children,
            settings: format!("{}; loci independent", calculator.model()),
            frequencies: HEXLOWER.encode(&self.table().digest()),
            power: PowerReport::rows(power, computed, children),
        };
        let samples = family.relatives.iter().map(|relative| relative.sample);
        ledger.append_look(&entry.clone().about(samples).about([pseudonym]))?;
        Ok(Planned { report, failed, has_linked_loci: !calculator.linked().is_empty() })
    }
}
