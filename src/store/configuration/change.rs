//! Lists the settings of a store, changes one, and says what makes the next run differ from the last.

use std::io;

use data_encoding::HEXLOWER;
use toml::Table;

use crate::audit::Entry;
use crate::files;
use crate::report::{DifferenceRow, DifferencesReport, SCHEMA_VERSION, SettingRow, SettingsReport};

use super::bad_setting::BadSetting;
use super::changed::ChangedSetting;
use super::config::{CONFIG, Config};
use super::list::{Form, KNOWN, defaults, edited, known, shown};
use crate::store::error::{FileAction, StoreError};
use crate::store::folder::{Store, kept_table};
use crate::store::matching::manifest::table_used;
use crate::store::output::write::write_over;

/// The word that takes a setting out of the file.
const DEFAULT: &str = "default";

impl Store {
    /// Lists all settings: the value, where it is from, and what it means.
    ///
    /// ```no_run
    /// # use reunite::store::Store;
    /// let store = Store::open("reunite-store".as_ref(), None)?;
    /// for row in store.list_settings()?.settings {
    ///     println!("{} = {}", row.setting, row.value.unwrap_or_default());
    /// }
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Config`].
    pub fn list_settings(&self) -> Result<SettingsReport, StoreError> {
        let (_, file) = self.settings_file()?;
        let defaults = defaults()?;
        let rows = KNOWN.iter().map(|known| {
            let default = known.value(&defaults).map(shown);
            let value = known.value(&file).map(shown);
            let source = if value.is_some() { "store" } else { DEFAULT };
            let value = value.or_else(|| default.clone());
            SettingRow {
                setting: known.key,
                value,
                source,
                default,
                settable: known.form != Form::Fixed,
                meaning: known.meaning,
            }
        });
        Ok(SettingsReport { schema_version: SCHEMA_VERSION, settings: rows.collect() })
    }

    /// Changes a setting, and records the change. The value `default` takes it out of the file. Other lines of the file
    /// stay. Open the store again to use the new value. Returns the change; `None` if the setting has this value.
    ///
    /// ```no_run
    /// # use reunite::store::{self, Store};
    /// let store = Store::open("reunite-store".as_ref(), None)?;
    /// store.set_setting("match.min_log10_lr", "5", &store::entry("config set", Some("fewer chance hits")))?;
    /// # Ok::<(), reunite::store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Setting`]; [`StoreError::Settings`] and [`StoreError::Model`] if the settings would be invalid;
    /// [`StoreError::Locked`]. Nothing is changed then.
    pub fn set_setting(&self, key: &str, value: &str, entry: &Entry) -> Result<Option<ChangedSetting>, StoreError> {
        let known = known(key).ok_or(BadSetting::Unknown)?;
        let form = match known.form {
            Form::Number => "a number",
            Form::Count => "a whole number",
            Form::Word => "a word or a name",
            Form::List => "texts with commas between them",
            Form::Fixed => return Err(BadSetting::Fixed(known.key).into()),
        };
        let defaults = defaults()?;
        let _lock = self.lock()?;
        let mut ledger = self.ledger()?;
        let (text, file) = self.settings_file()?;
        let new = match value.trim() {
            // Without these the file cannot be read.
            DEFAULT if ["model.mutation", "model.untyped", "match.min_log10_lr"].contains(&known.key) => {
                known.value(&defaults).cloned()
            }
            DEFAULT => None,
            value => Some(known.parse(value).ok_or(BadSetting::Value { key: known.key, form })?),
        };
        let before = known.value(&file);
        if before == new.as_ref() {
            return Ok(None);
        }
        let place = known.place();
        let mut changed = file.clone();
        let section = changed.entry(place.0).or_insert_with(|| Table::new().into());
        if let Some(section) = section.as_table_mut() {
            match &new {
                Some(value) => drop(section.insert(place.1.to_owned(), value.clone())),
                None => drop(section.remove(place.1)),
            }
        }
        self.check_settings(&changed)?;
        let edited = edited(&text, place, new.as_ref());
        let edited = match edited.parse::<Table>() {
            Ok(same) if same == changed => edited,
            _ => toml::to_string(&changed)?,
        };
        let change = ChangedSetting {
            name: known.key.to_owned(),
            before: before.or_else(|| known.value(&defaults)).map(shown),
            now: new.as_ref().or_else(|| known.value(&defaults)).map(shown),
        };
        // The record comes first, so that no change is missing from the audit chain.
        let entry = entry.clone().with("setting", known.key).with("before", change.before.clone());
        ledger.append(&entry.with("now", change.now.clone()))?;
        write_over(&self.dir().join(CONFIG), edited.as_bytes())?;
        Ok(Some(change))
    }

    /// Lists what makes the next run differ from the last one: settings, frequencies, samples and the program. Lists
    /// nothing before the first run.
    ///
    /// # Errors
    /// Errors of the ledger.
    pub fn differences_to_last_run(&self) -> Result<DifferencesReport, StoreError> {
        let ledger = self.ledger()?;
        let mut differences = Vec::new();
        let last = ledger.last_run()?;
        let mut add = |what, name: &str, before: Option<String>, now: Option<String>| {
            differences.push(DifferenceRow { what, name: name.to_owned(), before, now });
        };
        if let Some((_, run)) = &last {
            for ChangedSetting { name, before, now } in self.changed_settings(&ledger)? {
                add("setting", &name, before, now);
            }
            let (digest, used) = table_used(&run.manifest);
            let of_run = match &used.population {
                None => Some(self.main_digest().to_owned()),
                Some(name) => self.population_digest(name).map(|digest| HEXLOWER.encode(&digest)),
            };
            if digest.is_some() && digest != of_run {
                add("frequencies", used.population.as_deref().unwrap_or("frequencies.file"), digest, of_run);
            }
            let now = ledger.generation()?.number;
            if run.generation != now {
                add("samples", "generation", Some(run.generation.to_string()), Some(now.to_string()));
            }
            let manifest: serde_json::Value = serde_json::from_str(&run.manifest)?;
            let present = concat!("reunite ", env!("CARGO_PKG_VERSION"));
            if let Some(program) = manifest["program"].as_str().filter(|program| *program != present) {
                add("program", "program", Some(program.to_owned()), Some(present.to_owned()));
            }
        }
        let run = last.map(|(number, _)| number);
        Ok(DifferencesReport { schema_version: SCHEMA_VERSION, run, differences })
    }

    /// Reads the settings file: its text, and what it says.
    fn settings_file(&self) -> Result<(String, Table), StoreError> {
        let path = self.dir().join(CONFIG);
        let text = files::open(&path)
            .and_then(io::read_to_string)
            .map_err(|source| StoreError::io(FileAction::Read, &path, source))?;
        let file = text.parse().map_err(|source| StoreError::Config { path, source })?;
        Ok((text, file))
    }

    /// Checks that a store with these settings can be opened and computed with.
    fn check_settings(&self, file: &Table) -> Result<(), StoreError> {
        let path = self.dir().join(CONFIG);
        let config: Config =
            file.clone().try_into().map_err(|source| StoreError::Config { path: path.clone(), source })?;
        let bad = |section| {
            let path = path.clone();
            move |source| StoreError::Settings { path, section, source }
        };
        let settings = config.model.settings().map_err(bad("model"))?;
        config.matching.criterion().map_err(bad("match"))?;
        let frequencies = &config.frequencies;
        let table = kept_table(self.dir(), &frequencies.file, &frequencies.digest)?;
        settings.calculator(&table)?;
        for one in &frequencies.populations {
            // One that lacks loci is refused where it is used.
            if let Ok(other) = kept_table(self.dir(), &one.file, &one.digest)?.of_panel(table.panel()) {
                settings.calculator(&other)?;
            }
        }
        Ok(())
    }
}
