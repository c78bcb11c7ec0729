//! Compares the present settings with those of the last run. Only the record of the run keeps the earlier values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::ledger::Ledger;

use super::config::{MatchConfig, ModelConfig};
use crate::store::error::StoreError;
use crate::store::folder::Store;

/// A setting of `reunite.toml` that differs from its value at the last run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangedSetting {
    /// Section and name of the setting.
    pub name: String,
    /// The value at the last run; `None` if the setting did not exist.
    pub before: Option<String>,
    /// The present value; `None` if the setting does not exist.
    pub now: Option<String>,
}

impl fmt::Display for ChangedSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
        write!(f, "{} is {}, and was {} at the last match", self.name, value(&self.now), value(&self.before))
    }
}

/// Settings by section and name.
type Named = BTreeMap<String, Value>;

impl Store {
    /// Returns the settings that candidates depend on.
    pub(in crate::store) fn named_settings(&self) -> Result<Named, StoreError> {
        let mut matching = MatchConfig::new(&self.criterion());
        matching.min_loci = self.min_loci();
        let sections = [
            ("model", serde_json::to_value(ModelConfig::from_settings(self.settings()))?),
            ("match", serde_json::to_value(matching)?),
        ];
        let mut named = Named::new();
        for (section, values) in sections {
            let Value::Object(values) = values else { continue };
            named.extend(values.into_iter().map(|(name, value)| (format!("{section}.{name}"), value)));
        }
        Ok(named)
    }

    /// Finds the settings that differ from those of the last run. Returns none before the first run, and after a run
    /// that did not record its settings.
    pub(in crate::store) fn changed_settings(&self, ledger: &Ledger) -> Result<Vec<ChangedSetting>, StoreError> {
        let Some((_, run)) = ledger.last_run()? else { return Ok(Vec::new()) };
        let manifest: Value = serde_json::from_str(&run.manifest)?;
        let Ok(before) = serde_json::from_value::<Named>(manifest["settings"].clone()) else { return Ok(Vec::new()) };
        let now = self.named_settings()?;
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        let differing = names.into_iter().filter(|name| before.get(*name) != now.get(*name));
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Ok(differing
            .map(|name| ChangedSetting {
                name: name.clone(),
                before: before.get(name).map(text),
                now: now.get(name).map(text),
            })
            .collect())
    }
}
